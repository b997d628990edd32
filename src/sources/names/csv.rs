//! Names out of delimited text: which delimiter, which column, quoted or not, with or without a header.
//! In: records (a record whose quoted field holds line breaks comes joined). Out: the name of that column.

use crate::sources::names::form::{name_in_field, push};

/// Which column holds the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    delimiter: u8,
    column: usize,
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const MAX_COLUMNS: usize = 256;
const HEADINGS: [&str; 8] = ["domain", "domain_name", "domainname", "domain name", "name", "host", "fqdn", "域名"];

/// The delimiter and column under which most lines have a name; a heading that says so, then the leftmost, decides a tie. `None`: no such column.
pub(super) fn detect(lines: &[&[u8]]) -> Option<Layout> {
    let mut best: Option<(usize, bool, Layout)> = None;
    for delimiter in DELIMITERS {
        let records: Vec<Vec<Vec<u8>>> = lines.iter().map(|l| fields(l, delimiter)).collect();
        let width = records.iter().map(Vec::len).max().unwrap_or(0);
        for column in 0..width {
            let votes = records.iter().filter(|r| r.get(column).is_some_and(|f| name_in_field(f).is_some())).count();
            let headed = records[0].get(column).is_some_and(|f| is_heading(f));
            let better = best.as_ref().is_none_or(|(v, h, _)| (votes, headed) > (*v, *h));
            if votes > 0 && better {
                best = Some((votes, headed, Layout { delimiter, column }));
            }
        }
    }
    let (votes, _, layout) = best?;
    (2 * votes + 2 > lines.len()).then_some(layout)
}

impl Layout {
    /// Writes the name of one record, where its column holds one.
    pub(super) fn name_of(&self, record: &[u8], out: &mut Vec<u8>) {
        if memchr::memchr(b'"', record).is_none() {
            let field = record.split(|b| *b == self.delimiter).nth(self.column).unwrap_or_default();
            push(name_in_field(field).unwrap_or_default(), out);
        } else if let Some(field) = fields(record, self.delimiter).get(self.column) {
            push(name_in_field(field).unwrap_or_default(), out);
        }
    }
    /// Writes the names of a record whose quoted field runs over these lines. A stray quote is not believed: where the whole has no name, each line is a record.
    pub(super) fn names_of_joined(&self, lines: &[Vec<u8>], out: &mut Vec<u8>) {
        let before = out.len();
        if lines.len() > 1 && open_quote(&lines[lines.len() - 1]) {
            self.name_of(&lines.join(&b'\n'), out);
        }
        if out.len() == before {
            lines.iter().for_each(|l| self.name_of(l, out));
        }
    }
}

fn is_heading(field: &[u8]) -> bool {
    let text = String::from_utf8_lossy(field).trim().to_lowercase();
    HEADINGS.contains(&text.as_str())
}

/// The fields of one record (RFC 4180: `""` inside quotes is one quote).
fn fields(record: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    let mut quoted = false;
    let mut bytes = record.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        let field = fields.last_mut().expect("starts with one");
        match b {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                field.push(b'"');
                bytes.next();
            }
            b'"' if quoted || field.iter().all(u8::is_ascii_whitespace) => quoted = !quoted,
            b if b == delimiter && !quoted => {
                if fields.len() == MAX_COLUMNS {
                    break;
                }
                fields.push(Vec::new());
            }
            b => field.push(b),
        }
    }
    fields
}

/// Does this text leave a quoted field open?
pub(super) fn open_quote(text: &[u8]) -> bool {
    memchr::memchr_iter(b'"', text).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Layout, String)> {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        let layout = detect(&lines)?;
        let mut out = Vec::new();
        lines.iter().for_each(|l| layout.name_of(l, &mut out));
        Some((layout, String::from_utf8(out).expect("the tests write UTF-8")))
    }

    #[test]
    fn the_column_of_names_is_found_with_and_without_a_header() {
        let at = |delimiter, column| Layout { delimiter, column };
        for (text, layout, names) in [
            ("num,domain_name,registrar\n1,a.com,\"X, Inc.\"\n2,\"b.top\",Y\n", at(b',', 1), "a.com\nb.top\n"),
            ("2026-11-23;a.com;1.2.3.4\n2026-11-23;b.top;1.2.3.5\n", at(b';', 1), "a.com\nb.top\n"),
            ("ns1.x.net\ta.com\nns2.x.net\tb.top\n", at(b'\t', 0), "ns1.x.net\nns2.x.net\n"),
            ("nameserver,domain\nns1.x.net,a.com\nns2.x.net,b.top\n", at(b',', 1), "a.com\nb.top\n"),
            ("域名,注册商\n证书.中国,甲\nb.top,乙\n", at(b',', 0), "证书.中国\nb.top\n"),
            ("id,url\n1,https://a.com/login\n2,http://b.top\n", at(b',', 1), "a.com\nb.top\n"),
            ("\"a \"\"q\"\"\",\"a.com\"\n\"b\",\"b.top\"\n", at(b',', 1), "a.com\nb.top\n"),
        ] {
            assert_eq!(read(text), Some((layout, names.to_owned())), "{text}");
        }
        assert_eq!(read("1,2,3\n4,5,6\n"), None);
    }
}
