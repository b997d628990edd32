//! One line as the screen sees it: where the host is, what its labels are, where its public suffix begins.
//! Takes any bytes. A line that is no URL is taken as a host name; nothing here judges.

/// Longest host that is looked at whole; DNS carries 253 bytes, Unicode forms are longer.
const MAX_HOST_BYTES: usize = 512;
/// Of a URL, no more than this is read.
const MAX_URL_BYTES: usize = 8192;

/// The parts of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Lower-case host as written, `*.` and trailing dots removed; ideographic full stops are dots.
    pub(super) host: String,
    /// What stands before `@`, percent-decoded, lower case. Empty for none.
    pub(super) userinfo: String,
    /// Path, query and fragment, percent-decoded, lower case. Empty for a bare name.
    pub(super) rest: String,
}

/// Splits a line; invalid UTF-8 becomes U+FFFD, so that one bad byte hides nothing else.
pub(super) fn split(line: &[u8]) -> Parts {
    let line = line.trim_ascii();
    let line = &line[..line.len().min(MAX_URL_BYTES)];
    let text = String::from_utf8_lossy(line);
    let (scheme, after) = match text.find("://") {
        Some(at) if at <= 16 => (true, &text[at + 3..]),
        _ if text.starts_with("//") => (true, &text[2..]),
        _ => (false, text.as_ref()),
    };
    let authority_end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(authority_end);
    let (userinfo, host) = match authority.rfind('@') {
        Some(at) => (&authority[..at], &authority[at + 1..]),
        None => ("", authority),
    };
    let is_url = scheme || !rest.is_empty() || !userinfo.is_empty();
    Parts {
        host: host_of(&percent_decoded(host)),
        userinfo: percent_decoded(userinfo).to_lowercase(),
        rest: if is_url { percent_decoded(rest).to_lowercase() } else { String::new() },
    }
}

fn host_of(text: &str) -> String {
    let mut host: String = text.chars().map(|c| if matches!(c, '。' | '．' | '｡') { '.' } else { c }).collect();
    if !host.starts_with('[')
        && let Some(colon) = host.find(':')
    {
        host.truncate(colon);
    }
    let trimmed = host.trim_end_matches('.').trim_start_matches("*.").trim_start_matches('.');
    let mut end = trimmed.len().min(MAX_HOST_BYTES);
    while !trimmed.is_char_boundary(end) {
        end -= 1;
    }
    trimmed[..end].to_lowercase()
}

/// `%2e` -> `.`, once and then once again, as double encoding is a known disguise.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let once = |bytes: &[u8]| -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut i = 0;
        while i < bytes.len() {
            let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
            match (bytes[i], hex(bytes.get(i + 1)), hex(bytes.get(i + 2))) {
                (b'%', Some(high), Some(low)) => {
                    out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    i += 3;
                }
                (byte, ..) => {
                    out.push(byte);
                    i += 1;
                }
            }
        }
        out
    };
    String::from_utf8_lossy(&once(&once(text.as_bytes()))).into_owned()
}

/// Is the host an address and no name?
pub(super) fn is_ip(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

/// Where the public suffix of a dotted name begins (byte offset), and whether the list's private part knows it
/// (`pages.dev`: anyone may take a name below it). `None`: no dot, or the name is itself a suffix.
pub(super) fn suffix_at(ascii: &str) -> Option<(usize, bool)> {
    let suffix = psl::suffix(ascii.as_bytes())?;
    let bytes = suffix.as_bytes().len();
    let private = suffix.typ() == Some(psl::Type::Private);
    (bytes < ascii.len()).then(|| (ascii.len() - bytes, private))
}

/// `under("a.b.c", "b.c")`: the tree itself or below it, at a label boundary.
pub(super) fn under(host: &str, tree: &str) -> bool {
    host.strip_suffix(tree).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_urls_are_split_the_way_a_browser_does() {
        let host = |line: &str| split(line.as_bytes()).host;
        assert_eq!(host("*.CX.Mem.Gov.CN."), "cx.mem.gov.cn");
        assert_eq!(host("https://a.top:8443/x?y"), "a.top");
        assert_eq!(host("http://cx.mem.gov.cn@203.0.113.9/"), "203.0.113.9");
        assert_eq!(host("http://cx.mem.gov.cn\\@evil.top/"), "cx.mem.gov.cn");
        assert_eq!(host("证书查询。中国"), "证书查询.中国");
        assert_eq!(split(b"http://cx.mem.gov.cn%2Ephp@a.top/").userinfo, "cx.mem.gov.cn.php");
        assert_eq!(split(b"a.top/?u=cx%252Emem.gov.cn").rest, "/?u=cx.mem.gov.cn");
        assert_eq!(split(b"\xff\xfe.top").host, "\u{fffd}\u{fffd}.top");
    }
}
