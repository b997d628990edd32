//! HTTP/1.1 as a visitor speaks it, with every byte kept. In: request parts, and bytes as they come. Out: heads and bodies, verbatim and read.
//! Own code rather than hyper: hyper sends header names in one case of its own choosing, and evidence wants the heads as they were.
//! Reads what browsers read (bare LF, folded lines, lines without a colon skipped), caps everything, pure: sockets are the caller's.

/// Cap of all heads of one hop, 1xx included.
pub(crate) const MAX_HEAD_BYTES: usize = 64 << 10;
/// Header lines of one head.
pub(crate) const MAX_HEADERS: usize = 200;
/// Longest line that gives the size of a chunk, extensions included.
const MAX_CHUNK_LINE: usize = 4_096;

/// A response head, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// When the server hangs up.
    UntilClose,
}

/// The request head: `Host` first, then the caller's headers in order and in their case, then ours.
/// A header with a line break, or one that is ours to set, is left out: nobody can smuggle a second request through a setting.
pub(crate) fn request_head(target: &str, host: &str, headers: &[(String, String)], cookie: Option<&str>) -> Vec<u8> {
    let mut head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers.iter().filter(|(name, value)| may_send(name, value)) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(cookie) = cookie {
        head.push_str(&format!("Cookie: {cookie}\r\n"));
    }
    head.push_str("Connection: close\r\n\r\n");
    head.into_bytes()
}

fn may_send(name: &str, value: &str) -> bool {
    const OURS: [&str; 6] = ["host", "connection", "cookie", "content-length", "transfer-encoding", "proxy-connection"];
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty()
        && name.bytes().all(token)
        && !value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0))
        && !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// Can these first bytes still become a head? `false` as soon as they cannot: a mail or SSH banner is not waited out.
pub(crate) fn may_be_head(bytes: &[u8]) -> bool {
    let start = b"HTTP/";
    let n = bytes.len().min(start.len());
    bytes[..n].eq_ignore_ascii_case(&start[..n])
}

/// Where the first head in `bytes` ends (after its empty line). `from`: bytes already searched.
pub(crate) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(3);
    memchr::memchr_iter(b'\n', &bytes[start..]).map(|n| start + n).find_map(|n| match bytes[n + 1..] {
        [b'\n', ..] => Some(n + 2),
        [b'\r', b'\n', ..] => Some(n + 3),
        _ => None,
    })
}

/// Reads a whole head.
///
/// # Errors
/// What makes it malformed, in a few words.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Head, String> {
    let mut lines = bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status = status_of(lines.next().unwrap_or_default())?;
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        if line[0] == b' ' || line[0] == b'\t' {
            // Folded (RFC 9112, 5.2): one space joins it to the line before.
            if let Some((_, value)) = headers.last_mut() {
                value.push(b' ');
                value.extend(line.trim_ascii());
            }
        } else if let Some(colon) = memchr::memchr(b':', line) {
            if headers.len() == MAX_HEADERS {
                return Err(format!("more than {MAX_HEADERS} header lines"));
            }
            headers.push((text(line[..colon].trim_ascii()), line[colon + 1..].trim_ascii().to_vec()));
        }
    }
    Ok(Head { status, headers })
}

fn status_of(line: &[u8]) -> Result<u16, String> {
    let malformed = || format!("malformed HTTP: it starts `{}`", excerpt(line));
    let rest = line.get(5..).filter(|_| line[..5].eq_ignore_ascii_case(b"HTTP/")).ok_or_else(malformed)?;
    let mut words = rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let version = words.next().unwrap_or_default();
    if !matches!(version, b"1.0" | b"1.1") {
        return Err(malformed());
    }
    let code = words.next().unwrap_or_default();
    let code = std::str::from_utf8(code).ok().filter(|c| c.len() == 3).and_then(|c| c.parse::<u16>().ok());
    code.filter(|c| (100..=999).contains(c)).ok_or_else(malformed)
}

/// The first printable characters of what should have been a head.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    bytes.iter().take(40).map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect()
}

/// Header bytes as text: UTF-8 where they are UTF-8, else one character a byte (Latin-1), so that none is lost.
pub(crate) fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect(), str::to_owned)
}

impl Head {
    /// All values of a header.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_slice())
    }
    /// The elements of a comma-separated header, lower case.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let whole: Vec<String> = self.values(name).map(text).collect();
        whole.iter().flat_map(|v| v.split(',')).map(|v| v.trim().to_ascii_lowercase()).filter(|v| !v.is_empty()).collect()
    }
    /// How its body ends (RFC 9112, 6.3).
    ///
    /// # Errors
    /// Two lengths that differ, or one that is no number: nobody can say where the body ends.
    pub(crate) fn framing(&self) -> Result<Framing, String> {
        if matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::None);
        }
        if let Some(last) = self.list("transfer-encoding").last() {
            return Ok(if last == "chunked" { Framing::Chunked } else { Framing::UntilClose });
        }
        let lengths = self.list("content-length");
        match lengths.first() {
            None => Ok(Framing::UntilClose),
            Some(first) if lengths.iter().all(|l| l == first) && first.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Framing::Length(first.parse().unwrap_or(u64::MAX)))
            }
            Some(_) => Err(format!("malformed HTTP: content-length `{}`", excerpt(lengths.join(", ").as_bytes()))),
        }
    }
}

/// What a body is told as its bytes come.
#[derive(Debug)]
pub(crate) struct Body {
    state: State,
    line: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Plain(u64),
    UntilClose,
    ChunkLine,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Done,
    Broken,
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(n) => State::Plain(n),
            Framing::Chunked => State::ChunkLine,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, line: Vec::new() }
    }
    /// Is the body whole (or its framing beyond repair), so that reading stops?
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Broken)
    }
    /// Did it end as its framing says? A body until close is whole whenever it ends.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.state, State::Done | State::UntilClose)
    }
    /// Takes wire bytes and says how many belonged to the body. What chunks carry is added to `payload`;
    /// an unchunked body is its own payload and is not copied.
    pub(crate) fn take(&mut self, bytes: &[u8], payload: &mut Vec<u8>) -> usize {
        let mut used = 0;
        while used < bytes.len() && !self.is_over() {
            used += self.step(&bytes[used..], payload);
        }
        used
    }
    fn step(&mut self, bytes: &[u8], payload: &mut Vec<u8>) -> usize {
        match self.state {
            State::UntilClose => bytes.len(),
            State::Plain(left) => {
                let (n, left) = take_of(left, bytes);
                self.state = if left == 0 { State::Done } else { State::Plain(left) };
                n
            }
            State::Chunk(left) => {
                let (n, left) = take_of(left, bytes);
                payload.extend_from_slice(&bytes[..n]);
                self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                n
            }
            _ => self.line_step(bytes),
        }
    }
    /// Gathers one line and acts on it.
    fn line_step(&mut self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', bytes);
        let n = end.map_or(bytes.len(), |end| end + 1);
        if self.line.len() + n > MAX_CHUNK_LINE {
            self.state = State::Broken;
            return n;
        }
        self.line.extend_from_slice(&bytes[..n]);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            self.state = after_line(&self.state, line.trim_ascii());
        }
        n
    }
}

/// How many of `bytes` are among the `left` that are due, and how many are due after them.
fn take_of(left: u64, bytes: &[u8]) -> (usize, u64) {
    let n = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    (n, left - n as u64)
}

fn after_line(state: &State, line: &[u8]) -> State {
    match state {
        State::ChunkEnd if line.is_empty() => State::ChunkLine,
        State::Trailer if line.is_empty() => State::Done,
        State::Trailer => State::Trailer,
        State::ChunkLine => match chunk_size(line) {
            Some(0) => State::Trailer,
            Some(n) => State::Chunk(n),
            None => State::Broken,
        },
        _ => State::Broken,
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b';').next()?.trim_ascii();
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, String> {
        read_head(text.as_bytes())
    }

    #[test]
    fn a_request_keeps_order_and_case_and_lets_nobody_smuggle_lines() {
        let header = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let headers = [
            header("User-Agent", "x"),
            header("sec-ch-UA", "\"y\""),
            header("DNT", "1"),
            header("Host", "other"),
            header("X", "a\r\nEvil: 1"),
            header("a b", "c"),
        ];
        let sent = request_head("/p?q", "a.com:81", &headers, Some("k=v"));
        let want = "GET /p?q HTTP/1.1\r\nHost: a.com:81\r\nUser-Agent: x\r\nsec-ch-UA: \"y\"\r\nDNT: 1\r\nCookie: k=v\r\nConnection: close\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&sent), want);
    }

    #[test]
    fn a_head_ends_at_its_empty_line_however_lines_end_and_however_it_arrives() {
        for bytes in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\nbody\n\n", "HTTP/1.1 200 OK\nA: b\n\r\nbody"]
        {
            let want = bytes.find("body").expect("it has a body");
            let mut seen = 0;
            let found = (1..=bytes.len()).find_map(|n| {
                let end = head_end(&bytes.as_bytes()[..n], seen);
                seen = n;
                end
            });
            assert_eq!(found, Some(want), "{bytes:?}");
        }
        assert_eq!(head_end(b"HTTP/1.1 200 OK\r\nA: b\r\n", 0), None);
    }

    #[test]
    fn heads_that_browsers_read_are_read() {
        let read = head("HTTP/1.1 200\r\nServer : nginx\r\nno colon here\r\nX-Long: a\r\n  b\r\nEmpty:\r\n\r\n").expect("a head");
        let lines: Vec<String> = read.headers.iter().map(|(n, v)| format!("{n}={}", text(v))).collect();
        assert_eq!((read.status, lines.join("|").as_str()), (200, "Server=nginx|X-Long=a b|Empty="));
        assert_eq!(head("http/1.0 404 没有\r\n\r\n").expect("a head").status, 404);
    }

    #[test]
    fn what_is_no_http_is_called_malformed() {
        for bytes in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
            "\r\n",
            "<html>",
        ] {
            let why = head(bytes).expect_err("it is no HTTP/1");
            assert!(why.starts_with("malformed HTTP"), "{why}");
        }
        assert!(may_be_head(b"HT") && may_be_head(b"HTTP/1.1 2") && may_be_head(b""));
        assert!(!may_be_head(b"S") && !may_be_head(b"HTML>"));
    }

    #[test]
    fn a_flood_of_header_lines_is_refused() {
        let flood = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADERS + 1));
        assert_eq!(head(&flood), Err("more than 200 header lines".into()));
        assert!(head(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MAX_HEADERS))).is_ok());
    }

    #[test]
    fn framing_follows_the_standard() {
        let framing = |headers: &str| head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).expect("a head").framing();
        assert_eq!(framing(""), Ok(Framing::UntilClose));
        assert_eq!(framing("Content-Length: 5\r\n"), Ok(Framing::Length(5)));
        assert_eq!(framing("Content-Length: 5, 5\r\n"), Ok(Framing::Length(5)));
        assert_eq!(framing("content-length: 5\r\nTransfer-Encoding: Chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing("Content-Length: 99999999999999999999999\r\n"), Ok(Framing::Length(u64::MAX)));
        assert!(framing("Content-Length: 5\r\nContent-Length: 6\r\n").is_err());
        assert!(framing("Content-Length: -1\r\n").is_err());
        assert_eq!(head("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n").expect("a head").framing(), Ok(Framing::None));
    }

    #[test]
    fn chunks_are_joined_wherever_the_network_cuts_them() {
        let wire = b"5;x=y\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\nTrailer: z\r\n\r\nEXTRA";
        for cut in 1..wire.len() {
            let (mut body, mut payload) = (Body::new(Framing::Chunked), Vec::new());
            let used: usize = wire.chunks(cut).map(|part| body.take(part, &mut payload)).sum();
            assert_eq!((payload.as_slice(), used, body.is_whole()), (&b"hello world"[..], wire.len() - 5, true), "cut at {cut}");
        }
    }

    #[test]
    fn broken_chunks_end_the_body_and_keep_what_came() {
        for wire in ["5\r\nhello\r\nzz\r\n", "5\r\nhelloXX\r\n0\r\n\r\n", "5\r\nhello\r\nffffffffffffffffffff\r\n", "5\r\nhello\r\n-1\r\n"]
        {
            let (mut body, mut payload) = (Body::new(Framing::Chunked), Vec::new());
            body.take(wire.as_bytes(), &mut payload);
            assert!(body.is_over() && !body.is_whole(), "{wire:?}");
            assert_eq!(payload, b"hello", "{wire:?}");
        }
        let (mut body, mut payload) = (Body::new(Framing::Chunked), Vec::new());
        body.take(&[b'1'; 2 * MAX_CHUNK_LINE], &mut payload);
        assert!(body.is_over());
    }
}
