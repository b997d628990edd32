//! Names tiles (a Sunlight extension): one JSON object a line, with the names of one entry. A twentieth of a data tile's bytes.
//! In: the text of a tile. Out: names, one a line. Lines of the usual shape are cut, others parsed; one that is neither is counted and searched.

use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    #[serde(default, rename = "Subject")]
    subject: Subject,
    #[serde(default, rename = "DNS")]
    dns: Vec<String>,
    #[serde(default, rename = "IP")]
    ip: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Subject {
    #[serde(default, rename = "CommonName")]
    common_name: String,
}

/// Writes the names of the lines from `skip` on. How many lines there are in all, and how many could not be read.
pub(super) fn names_of(tile: &[u8], skip: u64, out: &mut Vec<u8>) -> (u64, u64) {
    let (mut lines, mut broken) = (0, 0);
    let mut rest = tile;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.trim_ascii().is_empty() {
            continue;
        }
        lines += 1;
        if lines > skip && !cut(line, out) && !parse(line, out) {
            broken += 1;
            search(line, out);
        }
    }
    (lines, broken)
}

/// The usual shape: no escapes, the common name among the DNS names or no host.
fn cut(line: &[u8], out: &mut Vec<u8>) -> bool {
    if memchr::memchr(b'\\', line).is_some() || !line.starts_with(b"{\"Timestamp\":") || !line.ends_with(b"}") {
        return false;
    }
    let Some(at) = memchr::memmem::find(line, b"\"DNS\":[\"") else { return false };
    let list = &line[at + 8..];
    let Some(end) = memchr::memchr(b']', list) else { return false };
    let (names, rest) = (&list[..end], &list[end + 1..]);
    if rest != b"}" || names.last() != Some(&b'"') {
        return false;
    }
    let begin = out.len();
    let mut rest = &names[..names.len() - 1];
    loop {
        let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        match rest.get(end..end + 3) {
            Some(b"\",\"") => rest = &rest[end + 3..],
            _ if end == rest.len() => break,
            _ => {
                out.truncate(begin);
                return false;
            }
        }
    }
    let common = memchr::memmem::find(&line[..at], b"\"CommonName\":\"").map_or(&b""[..], |c| {
        let value = &line[c + 14..at];
        &value[..memchr::memchr(b'"', value).unwrap_or(0)]
    });
    add_common(common, begin, out);
    true
}

fn add_common(common: &[u8], begin: usize, out: &mut Vec<u8>) {
    let host_like = common.contains(&b'.') && !common.iter().any(u8::is_ascii_whitespace);
    if host_like && !out[begin..].split(|b| *b == b'\n').any(|n| n == common) {
        out.extend_from_slice(common);
        out.push(b'\n');
    }
}

fn parse(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(line) = serde_json::from_slice::<Line>(line) else { return false };
    let begin = out.len();
    for name in line.dns.iter().chain(&line.ip).filter(|n| !n.trim().is_empty()) {
        out.extend(name.bytes().take(1_024).map(|b| if b < 0x20 { b'?' } else { b }));
        out.push(b'\n');
    }
    let common: Vec<u8> = line.subject.common_name.bytes().take(1_024).filter(|b| *b >= 0x20).collect();
    add_common(&common, begin, out);
    true
}

/// Every quoted text with a dot in what is no JSON.
fn search(line: &[u8], out: &mut Vec<u8>) {
    for text in line.split(|b| *b == b'"').filter(|t| t.contains(&b'.') && t.len() <= 1_024 && !t.iter().any(|b| *b <= 0x20)) {
        out.extend_from_slice(text);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, skip: u64) -> (u64, u64, String) {
        let mut out = Vec::new();
        let (lines, broken) = names_of(text.as_bytes(), skip, &mut out);
        (lines, broken, String::from_utf8(out).expect("the tests write UTF-8"))
    }

    #[test]
    fn usual_and_unusual_lines_give_the_same_names() {
        let usual = "{\"Timestamp\":1,\"Subject\":{\"CommonName\":\"a.top\"},\"DNS\":[\"a.top\",\"*.b.cn\"]}\n";
        assert_eq!(read(usual, 0), (1, 0, "a.top\n*.b.cn\n".into()));
        let spaced = usual.replace(':', ": ").replace(",\"*", ", \"*");
        assert_eq!(read(&spaced, 0), (1, 0, "a.top\n*.b.cn\n".into()));
        let other = "{\"Timestamp\":1,\"Subject\":{\"CommonName\":\"cn.top\",\"Organization\":[\"X \\\"Y\\\"\"]},\"DNS\":[\"a\\u002etop\"],\"IP\":[\"1.2.3.4\"]}\n{}\n";
        assert_eq!(read(other, 0), (2, 0, "a.top\n1.2.3.4\ncn.top\n".into()));
        assert_eq!(read("{\"Timestamp\":1,\"Subject\":{\"CommonName\":\"cn.top\"},\"DNS\":[\"a.top\"]}", 0).2, "a.top\ncn.top\n");
    }

    #[test]
    fn a_line_that_is_no_json_is_counted_and_searched() {
        assert_eq!(read("{\"DNS\":[\"cx-mem.top\",\"x\n{\"DNS\":[\"b.cn\"]}", 0), (2, 1, "cx-mem.top\nb.cn\n".into()));
        assert_eq!(read("{\"DNS\":[\"a.cn\"]}\n{\"DNS\":[\"b.cn\"]}\n", 1), (2, 0, "b.cn\n".into()));
    }
}
