//! The skeleton of a page's markup: its tags in order, one a line, with id and classes. For comparing two pages' build, not for reading them.
//! One linear walk over hostile source; nothing is parsed as markup and nothing of it is ever served as such.

/// Lines that are made.
const MAX_LINES: usize = 300;
/// Bytes of a tag that are looked at.
const MAX_TAG: usize = 600;
/// Characters of a line.
const MAX_LINE: usize = 120;

/// The skeleton of `html`.
pub(super) fn of(html: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if lines.len() >= MAX_LINES {
            break;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.bytes().take(MAX_TAG).position(|b| b == b'>').unwrap_or_else(|| rest.len().min(MAX_TAG));
        let tag = rest.get(..end).unwrap_or_else(|| rest.split(|c: char| !c.is_ascii()).next().unwrap_or_default());
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).take(20).collect::<String>().to_lowercase();
        if matches!(name.as_str(), "br" | "wbr") {
            continue;
        }
        let mut line = name;
        for (attribute, sign) in [("id", '#'), ("class", '.'), ("name", '@'), ("type", ':')] {
            for word in value(tag, attribute).split_ascii_whitespace().take(6) {
                line.push(sign);
                line.push_str(word);
            }
        }
        lines.push(line.chars().take(MAX_LINE).collect());
    }
    lines.join("\n")
}

/// Value of an attribute, quoted or not; empty where it is not there.
fn value<'a>(tag: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(found) = tag[from..].find(name) {
        let at = from + found;
        from = at + name.len();
        let begins = tag[..at].ends_with(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '/'));
        let Some(rest) = tag[from..].trim_start().strip_prefix('=').filter(|_| begins) else { continue };
        let rest = rest.trim_start();
        return match rest.chars().next() {
            Some(q @ ('"' | '\'')) => rest[1..].split(q).next().unwrap_or_default(),
            _ => rest.split_ascii_whitespace().next().unwrap_or_default(),
        };
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_in_order_with_their_marks() {
        let html =
            "<!doctype html><html><body class='a  b'><p>x<br>y</p><input type=text name=\"zjhm\" data-id=7><!-- c --><div id=q></body>";
        assert_eq!(of(html), "html\nbody.a.b\np\ninput@zjhm:text\ndiv#q");
    }

    #[test]
    fn hostile_source_costs_no_more_than_its_length() {
        assert_eq!(of(&"<a ".repeat(500_000)).lines().count(), MAX_LINES);
        assert_eq!(of(&"<".repeat(1_000_000)), "");
        assert!(of("<div class='中文中文'><p id=\"é").contains("div.中文中文"));
        of(&format!("<p {}中>", "x".repeat(MAX_TAG - 4)));
    }
}
