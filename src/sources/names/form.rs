//! What a list of names looks like inside, found out from its first 64 KiB, and how a line of each form gives its names.
//! In: lines. Out: names, one a line, as bytes. Comments (`#`, `!`, `;`, `//`), CR and white space around are dropped.
//! A name is never judged here, only cut out of its line.

use crate::sources::names::csv;
use crate::sources::names::zone::Zone;

/// How names stand in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One name a line.
    Plain,
    /// One URL a line; the host is the name.
    Urls,
    /// `||name^`.
    Adblock,
    /// `0.0.0.0 name name`.
    Hosts,
    /// Master file text (RFC 1035, section 5): the owner names.
    Zone,
    /// Fields; the names stand in one column.
    Csv(csv::Layout),
}

/// Lines of the head that vote.
const VOTERS: usize = 500;

/// Finds out the form from the first bytes of the text.
///
/// # Errors
/// What it is instead of a list, in a few words.
pub(super) fn detect(head: &[u8]) -> Result<Form, String> {
    if let Some(what) = no_list(head) {
        return Err(format!("{what}, not a list of names"));
    }
    let lines = voters(head);
    if lines.is_empty() {
        return Ok(Form::Plain);
    }
    let most = |test: fn(&[u8]) -> bool| 2 * lines.iter().filter(|l| test(l)).count() > lines.len();
    if head.starts_with(b"[Adblock") || most(|l| l.starts_with(b"||") || l.starts_with(b"@@||")) {
        return Ok(Form::Adblock);
    }
    if head.starts_with(b"$ORIGIN") || head.starts_with(b"$TTL") || most(Zone::is_record) {
        return Ok(Form::Zone);
    }
    if most(|l| hosts_names(l).is_some()) {
        return Ok(Form::Hosts);
    }
    if most(|l| looks_like_name(bare(l))) {
        return Ok(Form::Plain);
    }
    if most(|l| host_of_url(l).is_some_and(looks_like_name) && !l.contains(&b',')) {
        return Ok(Form::Urls);
    }
    if let Some(layout) = csv::detect(&lines) {
        return Ok(Form::Csv(layout));
    }
    if lines.iter().any(|l| looks_like_name(bare(l))) {
        return Ok(Form::Plain);
    }
    Err(format!("no line looks like a name (first line: `{}`)", shown(lines[0])))
}

/// Writes the names of one line of a form that needs no memory of earlier lines.
pub(super) fn names_of(form: &Form, line: &[u8], out: &mut Vec<u8>) {
    let line = line.trim_ascii();
    if is_comment(line) {
        return;
    }
    match form {
        Form::Plain | Form::Zone => push(bare(line), out),
        Form::Urls => push(host_of_url(line).unwrap_or(line), out),
        Form::Adblock => push(adblock_name(line).unwrap_or_default(), out),
        Form::Hosts => hosts_names(line).unwrap_or_default().into_iter().for_each(|name| push(name, out)),
        Form::Csv(layout) => layout.name_of(line, out),
    }
}

/// Appends one name and its newline; nothing for an empty one.
pub(super) fn push(name: &[u8], out: &mut Vec<u8>) {
    if !name.is_empty() {
        out.extend_from_slice(name);
        out.push(b'\n');
    }
}

/// Empty, or a comment in any of the dialects.
pub(super) fn is_comment(line: &[u8]) -> bool {
    matches!(line.first(), None | Some(b'#' | b'!' | b';')) || line.starts_with(b"//")
}

/// A dot inside, no white space or punctuation that no name has, and no number at the end (so no IPv4 address, date or price).
pub(super) fn looks_like_name(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    let Some(dot) = memchr::memrchr(b'.', text) else { return !text.is_ascii() && has_ideographic_dot(text) };
    let tld = &text[dot + 1..];
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*') || b >= 0x80;
    (1..=1_024).contains(&dot) && tld.len() >= 2 && !tld[0].is_ascii_digit() && text.iter().all(|b| fits(*b))
}

fn has_ideographic_dot(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|t| t.contains(['。', '．', '｡']) && !t.contains(char::is_whitespace))
}

fn no_list(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    if head.contains(&0) {
        return Some("binary");
    }
    match text.first()? {
        b'<' if text.len() > 1 && text[1..].iter().take(1).all(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?')) => Some("HTML"),
        b'{' => Some("JSON"),
        b'[' if matches!(text[1..].trim_ascii_start().first(), Some(b'{' | b'"' | b'[')) => Some("JSON"),
        b'%' if text.starts_with(b"%PDF") => Some("PDF"),
        _ => None,
    }
}

/// The complete lines of the head, without comments. A head of one unfinished line counts as that line.
fn voters(head: &[u8]) -> Vec<&[u8]> {
    let whole = memchr::memrchr(b'\n', head).map_or(head, |end| &head[..end]);
    whole.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !is_comment(l)).take(VOTERS).collect()
}

/// Without a wildcard mark in front and a remark behind.
fn bare(line: &[u8]) -> &[u8] {
    let line = match memchr::memchr(b'#', line) {
        Some(at) if at > 0 && line[at - 1].is_ascii_whitespace() => line[..at].trim_ascii_end(),
        _ => line,
    };
    line.strip_prefix(b"*.").or_else(|| line.strip_prefix(b".")).unwrap_or(line)
}

fn host_of_url(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, b"://").filter(|at| (3..=6).contains(at))?;
    let rest = &line[at + 3..];
    let authority = &rest[..rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#' | b' ' | b'\t' | b'\\')).unwrap_or(rest.len())];
    let host = &authority[memchr::memrchr(b'@', authority).map_or(0, |at| at + 1)..];
    Some(&host[..memchr::memchr(b':', host).unwrap_or(host.len())])
}

/// A name, or the host of a URL, out of one field.
pub(super) fn name_in_field(field: &[u8]) -> Option<&[u8]> {
    let field = field.trim_ascii();
    let name = host_of_url(field).unwrap_or_else(|| bare(field));
    looks_like_name(name).then_some(name)
}

fn adblock_name(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"||")?;
    let end = rest.iter().position(|b| matches!(b, b'^' | b'/' | b'$' | b'|')).unwrap_or(rest.len());
    let name = bare(&rest[..end]);
    looks_like_name(name).then_some(name)
}

fn hosts_names(line: &[u8]) -> Option<Vec<&[u8]>> {
    let line = &line[..memchr::memchr(b'#', line).unwrap_or(line.len())];
    let mut tokens = line.split(u8::is_ascii_whitespace).filter(|t| !t.is_empty());
    let address = std::str::from_utf8(tokens.next()?).ok()?;
    address.parse::<std::net::IpAddr>().ok()?;
    let names: Vec<&[u8]> = tokens.collect();
    (!names.is_empty()).then(|| names.into_iter().filter(|n| looks_like_name(n)).collect())
}

fn shown(line: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(line).chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Form, String), String> {
        let form = detect(text.as_bytes())?;
        let mut out = Vec::new();
        for line in text.as_bytes().split(|b| *b == b'\n') {
            names_of(&form, line, &mut out);
        }
        Ok((form, String::from_utf8(out).expect("the tests write UTF-8")))
    }

    #[test]
    fn each_form_is_known_by_its_content() {
        for (text, want, names) in [
            ("a.com\r\n# x\n! y\n; z\n*.b.top  # seen twice\n\n中文.cn\n", Form::Plain, "a.com\nb.top\n中文.cn\n"),
            ("[Adblock Plus 2.0]\n! t\n||a.com^\n@@||ok.com^\n||b.top^$third-party\n", Form::Adblock, "a.com\nb.top\n"),
            ("127.0.0.1 localhost\n0.0.0.0 a.com b.top # both\n:: c.cn\n", Form::Hosts, "a.com\nb.top\nc.cn\n"),
            ("https://a.com/x?y=1\nhttp://u:p@b.top:8080\n", Form::Urls, "a.com\nb.top\n"),
        ] {
            assert_eq!(read(text), Ok((want, names.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_says_what_it_is() {
        for (text, what) in [
            ("\n <!DOCTYPE html><html>", "HTML"),
            ("<?xml version='1.0'?><a/>", "HTML"),
            ("{\"error\":1}", "JSON"),
            ("[ {\"a\":1} ]", "JSON"),
            ("a\0b", "binary"),
            ("please log in first\nthank you\n", "no line looks like a name"),
        ] {
            let why = read(text).expect_err(text);
            assert!(why.starts_with(what), "{why}");
        }
    }

    #[test]
    fn addresses_dates_and_mail_boxes_are_no_names() {
        for text in ["1.2.3.4", "2026.08.22", "12.50", "a@b.com", "a b.com", "com", ".com", "a.c", ""] {
            assert!(!looks_like_name(text.as_bytes()), "{text}");
        }
        for text in ["a.com", "xn--a.xn--fiqs8s", "证书.中国", "证书。中国", "a_b.co", "a.com."] {
            assert!(looks_like_name(text.as_bytes()), "{text}");
        }
    }
}
