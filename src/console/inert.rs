//! Inert text: what came from a captured page, a name or a person, shown so that it can do nothing. Escaped, bidi and invisible characters as
//! visible marks, length capped, personal numbers masked. Every value that is not our own goes through here.

use crate::console::numbers;
use maud::{Markup, PreEscaped};
use std::fmt::Write;

pub(super) use numbers::{has_numbers, masked};

/// A character that shows nothing, or turns what stands around it.
fn is_sly(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// At most `most` characters as HTML text.
pub(super) fn inert(text: &str, most: usize) -> Markup {
    let mut out = String::with_capacity(text.len().min(most * 2));
    let mut left = text.chars();
    for c in left.by_ref().take(most) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_sly(c) => {
                let _ = write!(out, "<b class=\"sly\">U+{:04X}</b>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    if left.next().is_some() {
        out.push_str("<b class=\"sly\">…</b>");
    }
    PreEscaped(out)
}

/// The same for an attribute or a file: no marks, the sly ones replaced. Not escaped: maud does that.
pub(super) fn plain(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if is_sly(c) || c == '\n' { '\u{fffd}' } else { c }).collect()
}

/// An address that nothing turns into a live link.
pub(super) fn defang(url: &str) -> String {
    let colon = url.find(':').unwrap_or(0);
    let (scheme, rest) = url.split_at(colon);
    format!("{}{}", scheme.replace("tt", "xx"), rest.replace('.', "[.]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_bidi_marks_become_text() {
        assert_eq!(
            inert("<script>a('x')&\"</script>\u{202e}\0\u{200b}", 99).into_string(),
            "&lt;script&gt;a(&#39;x&#39;)&amp;&quot;&lt;/script&gt;<b class=\"sly\">U+202E</b><b class=\"sly\">U+0000</b><b class=\"sly\">U+200B</b>"
        );
        assert_eq!(inert(&"x".repeat(1_000_000), 5).into_string(), "xxxxx<b class=\"sly\">…</b>");
        assert_eq!(plain("a\u{202e}b\nc", 9), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn addresses_are_defanged() {
        assert_eq!(defang("https://cx.mem.gov.cn.a.top/x.html"), "hxxps://cx[.]mem[.]gov[.]cn[.]a[.]top/x[.]html");
        assert_eq!(defang("javascript:alert(1)"), "javascript:alert(1)");
    }
}
