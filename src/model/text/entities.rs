//! Character references in plain strings (`&#20813;`, `&amp;`): attribute text and comments that no HTML parser has read.
//! Numeric ones all, named ones those that Chinese pages use; anything else stays as written.

use std::borrow::Cow;

/// Longest reference looked at, in bytes after the `&`.
const MAX_BYTES: usize = 12;

const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{A0}"),
    ("ensp", "\u{2002}"),
    ("emsp", "\u{2003}"),
    ("thinsp", "\u{2009}"),
    ("zwnj", "\u{200C}"),
    ("zwj", "\u{200D}"),
    ("shy", "\u{AD}"),
    ("middot", "·"),
    ("bull", "•"),
    ("hellip", "…"),
    ("mdash", "—"),
    ("ndash", "–"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("times", "×"),
    ("yen", "¥"),
    ("deg", "°"),
    ("sect", "§"),
    ("para", "¶"),
    ("plus", "+"),
    ("num", "#"),
    ("colon", ":"),
    ("period", "."),
    ("comma", ","),
    ("lpar", "("),
    ("rpar", ")"),
    ("commat", "@"),
    ("sol", "/"),
    ("equals", "="),
    ("quest", "?"),
    ("lowbar", "_"),
    ("hyphen", "-"),
];

/// Decodes character references. A `&` that starts none stays. References are decoded once, not again in what they gave.
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(&rest[1..]) {
            Some((meant, len)) => {
                out.push_str(&meant);
                rest = &rest[1 + len..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What the reference after a `&` means, and its length in bytes with its semicolon, if it has one.
fn reference(after: &str) -> Option<(String, usize)> {
    let window = &after.as_bytes()[..after.len().min(MAX_BYTES)];
    if let [b'#', rest @ ..] = window {
        let hex = matches!(rest.first(), Some(b'x' | b'X'));
        let start = 1 + usize::from(hex);
        let len = window[start..].iter().take_while(|b| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() }).count();
        let code = u32::from_str_radix(after.get(start..start + len)?, if hex { 16 } else { 10 }).ok()?;
        let c = char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{FFFD}');
        let end = start + len;
        return Some((c.to_string(), end + usize::from(window.get(end) == Some(&b';'))));
    }
    let len = window.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    if window.get(len) != Some(&b';') {
        return None;
    }
    let name = after.get(..len)?;
    NAMED.iter().find(|(n, _)| *n == name).map(|(_, meant)| ((*meant).to_owned(), len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_and_common_named_references_are_decoded_once() {
        assert_eq!(decode_entities("&#20813;&#x8003;&nbsp;a&amp;lt;b"), "免考\u{A0}a&lt;b");
        assert_eq!(decode_entities("&#20813 &#8003"), "免 \u{1F43}");
        assert_eq!(decode_entities("a & b &unknown; &# &#x; &"), "a & b &unknown; &# &#x; &");
        assert_eq!(decode_entities("&#0;&#1114112;&#99999999999;"), "\u{FFFD}\u{FFFD}&#99999999999;");
    }
}
