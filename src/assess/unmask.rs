//! Text that a visitor sees but the markup hides: written by script from escapes, put there by style sheets, turned round.
//! A cheap reading without a browser: escapes are decoded, never run.

/// Most bytes of source that are looked through.
const MAX_SOURCE: usize = 1 << 20;
/// Most characters that are given back.
const MAX_TEXT: usize = 20_000;

/// What the source shows by detours, one piece a line; empty where it has none.
pub(crate) fn revealed(html: &str, visible: &str) -> String {
    let mut end = html.len().min(MAX_SOURCE);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let source = &html[..end];
    let mut out = String::new();
    escapes(source, &mut out);
    style_content(source, &mut out);
    if visible.chars().filter(|c| !c.is_whitespace()).count() < THIN_TEXT {
        script_words(source, &mut out);
    }
    if source.contains("bidi-override") {
        let lines = visible.lines().filter(|l| l.chars().count() <= 120).take(400);
        lines.for_each(|line| out.extend(line.chars().rev().chain(['\n'])));
    }
    out.chars().take(MAX_TEXT).collect()
}

/// Fewer visible characters than this, and the words in scripts are what the visitor will see.
const THIN_TEXT: usize = 300;

/// Quoted texts with Han in inline scripts: what a page that scripts fill will say. Tags inside them end a line.
fn script_words(source: &str, out: &mut String) {
    let lower = source.to_ascii_lowercase();
    let mut from = 0;
    while let Some(open) = lower[from..].find("<script").map(|n| from + n) {
        let Some(body) = lower[open..].find('>').map(|n| open + n + 1) else { return };
        let end = lower[body..].find("</script").map_or(source.len(), |n| body + n);
        literals(&source[body..end], out);
        from = end;
        if out.len() > 4 * MAX_TEXT {
            return;
        }
    }
}

/// The quoted texts of one script, in order; a quotation mark after a backslash does not end one.
fn literals(script: &str, out: &mut String) {
    let mut quote: Option<(char, usize)> = None;
    let mut escaped = false;
    for (at, c) in script.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            _ if c == '\\' => escaped = true,
            None if matches!(c, '"' | '\'' | '`') => quote = Some((c, at + 1)),
            Some((mark, _)) if c == '\n' && mark != '`' => quote = None,
            Some((mark, start)) if c == mark => {
                quote = None;
                let text = &script[start..at];
                if text.len() <= 4_000 && (text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) || is_value(text)) {
                    without_tags(text, out);
                }
            }
            _ => {}
        }
    }
}

/// A date or a number of a record: short, four digits or more, nothing of program code.
fn is_value(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '/' | '*' | 'T' | 'X' | 'x' | ':' | ' ');
    (8..=24).contains(&text.len()) && text.bytes().filter(u8::is_ascii_digit).count() >= 4 && text.chars().all(plain)
}

fn without_tags(text: &str, out: &mut String) {
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                out.push('\n');
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out.push('\n');
}

/// Runs of `\uXXXX`, `%uXXXX` and `%XX` (UTF-8) that give Han; what stands between two runs ends a line.
fn escapes(source: &str, out: &mut String) {
    let bytes = source.as_bytes();
    let (mut at, mut run) = (0, Vec::new());
    while at < bytes.len() {
        let unit = match bytes[at] {
            b'\\' | b'%' if bytes.get(at + 1) == Some(&b'u') => {
                hex(bytes, at + 2, 4).and_then(char::from_u32).map(|c| (c.to_string().into_bytes(), 6))
            }
            b'%' => hex(bytes, at + 1, 2).and_then(|n| u8::try_from(n).ok()).map(|b| (vec![b], 3)),
            _ => None,
        };
        match unit {
            Some((more, step)) => {
                run.extend(more);
                at += step;
            }
            None => {
                keep(&mut run, out);
                at += 1;
            }
        }
        if out.len() > 4 * MAX_TEXT {
            return;
        }
    }
    keep(&mut run, out);
}

/// Adds a run that is text with Han in it.
fn keep(run: &mut Vec<u8>, out: &mut String) {
    if run.is_empty() {
        return;
    }
    if let Ok(text) = std::str::from_utf8(run)
        && text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    {
        out.push_str(text);
        out.push('\n');
    }
    run.clear();
}

fn hex(bytes: &[u8], at: usize, digits: usize) -> Option<u32> {
    let text = std::str::from_utf8(bytes.get(at..at + digits)?).ok()?;
    u32::from_str_radix(text, 16).ok()
}

/// `content: "..."` of style rules, where it holds more than an icon.
fn style_content(source: &str, out: &mut String) {
    for (at, _) in source.match_indices("content:").take(2_000) {
        let rest = source[at + 8..].trim_start();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let text: String = rest.chars().skip(1).take(200).take_while(|c| *c != quote).collect();
        if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
            out.push_str(&text);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_style_texts_and_turned_lines_are_read() {
        assert_eq!(revealed(r#"document.write("\u8bc1\u4ef6 %E8%AF%81")"#, ""), "证件\n证\n");
        assert_eq!(revealed("<style>.a::before{content:\"姓名\"} .b::after{content:'\\e601'}</style>", ""), "姓名\n");
        assert_eq!(revealed("<p style='unicode-bidi:bidi-override'>", "部理管"), "管理部\n");
        let script = "<script>var a={t:'<b>证书</b>详情',d:\"2024-03-11\",u:'/api/v1/list'}</script>";
        assert_eq!(revealed(script, ""), "\n证书\n详情\n2024-03-11\n");
        assert_eq!(revealed(script, &"字".repeat(400)), "");
        assert_eq!(revealed("%zz \\u12 100% \\ud800", "x"), "");
    }
}
