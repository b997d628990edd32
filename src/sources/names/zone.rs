//! Owner names out of zone file text (RFC 1035, section 5, as CZDS gives it): each name once for a run of records.
//! In: lines. Out: names without the last dot. Signatures, denial records and the apex's own records give none.

use crate::sources::names::form::{is_comment, push};
use serde::{Deserialize, Serialize};

/// What earlier lines said that later ones rest on. Part of the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Zone {
    /// From `$ORIGIN`, without the last dot. Empty: none yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    origin: String,
    /// The name given last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    last: String,
}

/// Types whose owner is a name somebody registered or runs.
const GIVES: [&[u8]; 8] = [b"ns", b"a", b"aaaa", b"cname", b"mx", b"ds", b"txt", b"dname"];
const OTHERS: [&[u8]; 9] = [b"soa", b"rrsig", b"nsec", b"nsec3", b"nsec3param", b"dnskey", b"srv", b"caa", b"ptr"];

impl Zone {
    /// Is this line a resource record: owner, time to live and class in any order, a known type, data?
    pub(super) fn is_record(line: &[u8]) -> bool {
        let kind = kind_of(line);
        kind.is_some_and(|(kind, marked)| marked && (is_one(kind, &GIVES) || is_one(kind, &OTHERS)))
    }
    /// Writes the owner of this line, unless it is the one written last.
    pub(super) fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let line = line.trim_ascii_end();
        if let Some(rest) = line.strip_prefix(b"$ORIGIN") {
            self.origin = String::from_utf8_lossy(rest.trim_ascii()).trim_end_matches('.').chars().take(253).collect();
            return;
        }
        if is_comment(line) || line[0].is_ascii_whitespace() || matches!(line[0], b'$' | b'@' | b'(' | b')') {
            return;
        }
        let owner = &line[..line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len())];
        if self.is_last(owner) || !kind_of(line).is_some_and(|(kind, _)| is_one(kind, &GIVES)) {
            return;
        }
        self.last.clear();
        let absolute = owner.strip_suffix(b".");
        self.last.push_str(&String::from_utf8_lossy(absolute.unwrap_or(owner)));
        if absolute.is_none() && !self.origin.is_empty() {
            self.last.push('.');
            self.last.push_str(&self.origin);
        }
        push(self.last.as_bytes(), out);
    }
    fn is_last(&self, owner: &[u8]) -> bool {
        match owner.strip_suffix(b".") {
            Some(name) => name == self.last.as_bytes(),
            None => self.last.as_bytes().strip_prefix(owner).is_some_and(|rest| {
                if self.origin.is_empty() { rest.is_empty() } else { rest.strip_prefix(b".") == Some(self.origin.as_bytes()) }
            }),
        }
    }
}

/// The type field, and whether a time to live or a class stood before it.
fn kind_of(line: &[u8]) -> Option<(&[u8], bool)> {
    let mut tokens = line.split(u8::is_ascii_whitespace).filter(|t| !t.is_empty()).skip(1);
    let mut marked = false;
    for _ in 0..3 {
        let token = tokens.next()?;
        if token[0].is_ascii_digit() || token.eq_ignore_ascii_case(b"in") {
            marked = true;
        } else {
            return tokens.next().map(|_| (token, marked));
        }
    }
    None
}

fn is_one(kind: &[u8], of: &[&[u8]]) -> bool {
    of.iter().any(|k| k.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(text: &str) -> String {
        let (mut zone, mut out) = (Zone::default(), Vec::new());
        text.lines().for_each(|l| zone.line(l.as_bytes(), &mut out));
        String::from_utf8(out).expect("the tests write UTF-8")
    }

    #[test]
    fn each_owner_comes_once_and_signatures_give_none() {
        let text = "top.\t3600\tin\tsoa\ta.b. c.d. 1 2 3 4 5\na.top.\t3600\tin\tns\tx.net.\na.top.\t3600\tin\tns\ty.net.\n\
            a.top.\t3600\tin\trrsig\tds 8 2\n0abc.top.\t3600\tin\tnsec3\t1 1 0 -\nb.top.\t3600\tin\tds\t1 8 2 FF\nB.TOP. 60 IN NS z.\n";
        assert_eq!(owners(text), "a.top\nb.top\nB.TOP\n");
    }

    #[test]
    fn relative_owners_stand_under_the_origin() {
        let text =
            "$ORIGIN top.\n$TTL 60\n@ IN SOA a b (\n 1 2 )\na IN NS x.net.\na IN NS y.net.\n  IN NS z.net.\nb 60 NS x.net.\nc.top. NS q.\n";
        assert_eq!(owners(text), "a.top\nb.top\nc.top\n");
    }
}
