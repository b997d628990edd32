//! Cells that are safe to open: text or number, never a formula, a link or a control character; hosts written so that nothing turns them live.

/// Most UTF-16 units that Excel keeps in a cell.
pub(super) const MAX_UNITS: usize = 32_767;

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing known.
    Empty,
    /// Text, made safe by [`Cell::text`].
    Text(String),
    /// A plain number.
    Number(f64),
}

impl Cell {
    /// A text cell; empty text is an empty cell.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        let clean = clean(text.as_ref());
        if clean.is_empty() { Self::Empty } else { Self::Text(clean) }
    }
    /// The first that is known, else an empty cell.
    pub(super) fn maybe<T: AsRef<str>>(text: Option<T>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }
    /// As text, for formats that have nothing else.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(n) => n.to_string(),
        }
    }
}

/// One line without control characters, direction marks (they can make `gpj.exe` read `exe.jpg`) and non-characters, cut to what a cell holds.
pub(super) fn clean(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => None,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => None,
        c => Some(c),
    });
    let mut units = 0;
    let mut out = String::new();
    for c in kept {
        units += c.len_utf16();
        if units > MAX_UNITS {
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

/// Lines that a text takes where it wraps at `width` characters, rather one too many than too few: office programs do not all work it out, and a
/// row that is too low cuts its cells. Wide characters break anywhere, the rest after spaces and hyphens.
pub(super) fn lines(text: &str, width: f64) -> f64 {
    const ROOM: f64 = 1.15;
    let (mut lines, mut line, mut word) = (1.0, 0.0, 0.0);
    let mut flush = |word: &mut f64| {
        if line + *word > width && line > 0.0 {
            lines += 1.0;
            line = 0.0;
        }
        line += *word;
        if line > width {
            // Longer than a line: it is cut where the line ends.
            lines += (line / width).ceil() - 1.0;
            line = width;
        }
        *word = 0.0;
    };
    for c in text.chars() {
        if c >= '\u{2E80}' {
            flush(&mut word);
            word = 2.0 * ROOM;
            flush(&mut word);
        } else {
            word += ROOM;
            if matches!(c, ' ' | '-') {
                flush(&mut word);
            }
        }
    }
    flush(&mut word);
    lines
}

/// Writes every address and host name inside a text so that nothing makes it a live link: `hxxp://`, `a[.]com`.
pub(super) fn defang(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
            word.push(c);
        } else {
            flush(&mut out, &mut word, c == ':');
            out.push(c);
        }
    }
    flush(&mut out, &mut word, false);
    out
}

/// Appends one word: a scheme before `:` or a dotted name is defanged.
fn flush(out: &mut String, word: &mut String, before_colon: bool) {
    let scheme = ["http", "https", "ftp"].iter().find(|s| before_colon && word.eq_ignore_ascii_case(s));
    match scheme {
        Some(&"http") => out.push_str("hxxp"),
        Some(&"https") => out.push_str("hxxps"),
        Some(_) => out.push_str("fxp"),
        None if is_name(word) => out.push_str(&word.replace('.', "[.]")),
        None => out.push_str(word),
    }
    word.clear();
}

/// Would a mail program or an office suite make a link of it: dotted, ending in a label of letters, or an IPv4 address?
fn is_name(word: &str) -> bool {
    let Some((front, last)) = word.trim_end_matches('.').rsplit_once('.') else { return false };
    let named = last.chars().count() >= 2 && last.chars().any(char::is_alphabetic);
    front.chars().any(char::is_alphanumeric) && (named || word.parse::<std::net::Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_any_text_are_written_so_that_nothing_makes_them_live() {
        for (given, want) in [
            ("http://cx-mem.example.top:8080/a?b=c.html", "hxxp://cx-mem[.]example[.]top:8080/a?b=c[.]html"),
            ("见HTTPS://证书.中国/查", "见HTTPS://证书[.]中国/查"),
            ("版本 1.2.3，得分 88.5", "版本 1.2.3，得分 88.5"),
            ("203.0.113.9 上", "203[.]0[.]113[.]9 上"),
            ("结束。www.a.com.", "结束。www[.]a[.]com[.]"),
            ("ftp://x", "fxp://x"),
            ("no names here", "no names here"),
        ] {
            assert_eq!(defang(given), want, "{given}");
        }
    }

    #[test]
    fn lines_are_counted_as_they_wrap() {
        for (text, width, want) in [
            ("", 10.0, 1.0),
            ("短", 10.0, 1.0),
            ("一二三四五六七八", 10.0, 2.0),
            ("XS-P3JFGE9ZY4；XS-02F74GCG43；", 22.0, 2.0),
            ("abcdefghijklmnopqrstuvwxyz", 10.0, 3.0),
            ("2026-01-03T09:14:55+08:00", 30.0, 1.0),
        ] {
            assert_eq!(lines(text, width), want, "{text}");
        }
    }

    #[test]
    fn a_cell_holds_one_clean_line_of_bounded_length() {
        assert_eq!(clean(" a\r\nb\tc\0d\u{202E}e\u{200B} "), "a  b cde");
        let long = "𝒜".repeat(20_000);
        let cut = clean(&long);
        assert!(cut.encode_utf16().count() <= MAX_UNITS);
        assert_eq!(cut.chars().count(), MAX_UNITS / 2);
        assert_eq!(Cell::text("\u{200B}\r\n"), Cell::Empty);
    }
}
