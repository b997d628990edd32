//! One hop: guard, wait for a polite moment, connect to the pin, ask, read, decode.
//! Everything is written into the hop as it happens, so that a hop cut short by the clock keeps what came.

use crate::model::capture::{Hop, Outcome};
use crate::model::host::Host;
use crate::net::visit::decode::decode;
use crate::net::visit::dial::{self, Wire};
use crate::net::visit::http1::{self, Body, Framing, Head, MAX_HEAD_BYTES};
use crate::net::{Inner, reach};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use url::Url;

/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;
/// A visitor's browser does not wait for the body of a redirect; we keep what comes within this time.
const REDIRECT_BODY: Duration = Duration::from_secs(2);
/// Interim (1xx) answers skipped.
const MAX_INTERIM: usize = 8;

/// A hop under way.
pub(crate) struct Leg<'a> {
    door: &'a Inner,
    url: Url,
    headers: &'a [(String, String)],
    cookie: Option<String>,
    hop: Hop,
    head: Option<Head>,
    /// What the chunks carried; empty for bodies without chunks.
    payload: Vec<u8>,
    chunked: bool,
}

impl<'a> Leg<'a> {
    pub(crate) fn new(door: &'a Inner, n: u32, url: Url, headers: &'a [(String, String)], cookie: Option<String>) -> Self {
        let hop = Hop::begun(n, url.to_string(), door.clock.now());
        Self { door, url, headers, cookie, hop, head: None, payload: Vec::new(), chunked: false }
    }
    /// Goes, and says how much of `left` it took. Waiting for the host's turn is not counted.
    pub(crate) async fn run(&mut self, left: Duration) -> Duration {
        let (host, port) = match reach::target(&self.url, &self.door.guard) {
            Ok(target) => target,
            Err(no) => {
                self.hop.trouble = Some(no.outcome());
                return Duration::ZERO;
            }
        };
        self.door.pace.turn(&host).await;
        self.hop.at = self.door.clock.now();
        let started = Instant::now();
        let ended = timeout(left, self.ask(&host, port)).await;
        let timed_out = Outcome::TimedOut { after_ms: self.door.settings.timeout_ms };
        self.hop.trouble = ended.unwrap_or(Err(timed_out)).err();
        self.hop.timing.total_ms = millis(started);
        started.elapsed()
    }
    async fn ask(&mut self, host: &Host, port: u16) -> Result<(), Outcome> {
        let mut wire = self.connect(host, port).await?;
        let target = &self.url[url::Position::BeforePath..];
        let authority = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        self.hop.request_head = http1::request_head(target, authority, self.headers, self.cookie.as_deref());
        let sent = Instant::now();
        let written = async { wire.write_all(&self.hop.request_head).await.and(wire.flush().await) };
        // A server may answer and close before it has read the request: then what it said still stands.
        if let Err(e) = written.await {
            tracing::debug!(url = %self.url, "while sending: {e}");
        }
        let rest = self.read_head(&mut *wire, sent).await?;
        if self.is_redirect() {
            match timeout(REDIRECT_BODY, self.read_body(&mut *wire, rest)).await {
                Ok(read) => read,
                Err(_) => {
                    self.hop.truncated = true;
                    Ok(())
                }
            }
        } else {
            self.read_body(&mut *wire, rest).await
        }
    }
    async fn connect(&mut self, host: &Host, port: u16) -> Result<Box<dyn Wire>, Outcome> {
        let started = Instant::now();
        let addresses = reach::addresses(host, &self.door.dns, &self.door.guard).await;
        self.hop.timing.dns_ms = host.ip().is_none().then(|| millis(started));
        let addresses = addresses.map_err(reach::NoWay::outcome)?;
        let https = self.url.scheme() == "https";
        let started = Instant::now();
        // Plain http is tunnelled too: a proxy that looked the name up again could be led to another address than the guard saw.
        let (stream, address) = match (&self.door.proxy, addresses.first()) {
            (Some(proxy), Some(ip)) => {
                let pin = SocketAddr::new(*ip, port);
                (dial::tunnel(proxy, pin).await?, pin)
            }
            _ => dial::direct(&addresses, port).await?,
        };
        self.hop.timing.connect_ms = Some(millis(started));
        self.hop.address = Some(address);
        if !https {
            return Ok(Box::new(stream));
        }
        let started = Instant::now();
        let (stream, facts) = self.door.tls.handshake(stream, host).await.map_err(|why| Outcome::Unreachable { why })?;
        self.hop.timing.tls_ms = Some(millis(started));
        self.hop.tls = Some(facts);
        Ok(Box::new(stream))
    }
    /// Reads up to the end of the head and gives what came after it.
    async fn read_head(&mut self, wire: &mut dyn Wire, sent: Instant) -> Result<Vec<u8>, Outcome> {
        let failed = |why: String| Outcome::Failed { why };
        let too_large = Outcome::TooLarge { limit_bytes: MAX_HEAD_BYTES as u64 };
        let (mut raw, mut searched, mut skipped, mut interim) = (Vec::new(), 0, 0, 0);
        loop {
            if !http1::may_be_head(&raw) {
                return Err(failed(format!("malformed HTTP: it starts `{}`", http1::excerpt(&raw))));
            }
            let end = http1::head_end(&raw, searched);
            if skipped + end.unwrap_or(raw.len()) > MAX_HEAD_BYTES {
                return Err(too_large);
            }
            if let Some(end) = end {
                let rest = raw.split_off(end);
                let head = http1::read_head(&raw).map_err(failed)?;
                if matches!(head.status, 100 | 102..=199) && interim < MAX_INTERIM {
                    (skipped, searched, interim, raw) = (skipped + end, 0, interim + 1, rest);
                    continue;
                }
                if matches!(head.status, 100..=199) {
                    return Err(failed(format!("malformed HTTP: status {} where an answer was due", head.status)));
                }
                self.keep_head(raw, head);
                return Ok(rest);
            }
            searched = raw.len();
            let mut step = [0; READ_BYTES];
            match wire.read(&mut step).await {
                Ok(0) if raw.is_empty() => return Err(Outcome::Unreachable { why: "the server hung up without a word".into() }),
                Ok(0) => return Err(failed(format!("malformed HTTP: the head breaks off after {} bytes", raw.len()))),
                Err(e) => return Err(Outcome::Unreachable { why: dial::in_words(&e) }),
                Ok(n) => {
                    self.hop.timing.first_byte_ms = self.hop.timing.first_byte_ms.or(Some(millis(sent)));
                    raw.extend_from_slice(&step[..n]);
                }
            }
        }
    }
    fn keep_head(&mut self, raw: Vec<u8>, head: Head) {
        self.hop.response_head = raw;
        self.hop.status = Some(head.status);
        self.hop.headers = head.headers.iter().map(|(name, value)| (name.clone(), http1::text(value))).collect();
        self.head = Some(head);
    }
    async fn read_body(&mut self, wire: &mut dyn Wire, first: Vec<u8>) -> Result<(), Outcome> {
        let framing = self.head.as_ref().map_or(Ok(Framing::None), Head::framing).map_err(|why| Outcome::Failed { why })?;
        self.chunked = framing == Framing::Chunked;
        let cap = self.door.max_body_bytes;
        let mut body = Body::new(framing);
        let mut step = first;
        loop {
            let room = cap - self.hop.wire_body.len();
            let used = body.take(&step[..step.len().min(room)], &mut self.payload);
            self.hop.wire_body.extend_from_slice(&step[..used]);
            if body.is_over() {
                break;
            }
            if step.len() > room {
                return Err(Outcome::TooLarge { limit_bytes: cap as u64 });
            }
            step.resize(READ_BYTES, 0);
            match wire.read(&mut step).await {
                Ok(0) => break,
                Ok(n) => step.truncate(n),
                // Many servers close TLS without saying so; a body that lasts until then is whole.
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(e) => {
                    tracing::debug!(url = %self.url, "the body broke off: {e}");
                    self.hop.truncated = true;
                    break;
                }
            }
        }
        self.hop.truncated |= !body.is_whole();
        Ok(())
    }
    fn is_redirect(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| matches!(head.status, 301 | 302 | 303 | 307 | 308) && head.values("location").any(|v| !v.is_empty()))
    }
    /// Where it sends us, resolved against its own URL. `None`: nowhere, or we ran out of time. `Err`: somewhere that is no URL.
    pub(crate) fn redirect(&self) -> Option<Result<Url, String>> {
        if !self.is_redirect() || matches!(self.hop.trouble, Some(Outcome::TimedOut { .. })) {
            return None;
        }
        let location = location_text(self.head.as_ref()?.values("location").find(|v| !v.is_empty())?);
        let joined = self.url.join(&location).map(crate::net::visit::bare);
        Some(joined.map_err(|e| format!("redirects to `{}`, which is no URL: {e}", http1::excerpt(location.as_bytes()))))
    }
    /// The `Set-Cookie` lines of the answer.
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        self.head.as_ref().map(|head| head.values("set-cookie").map(http1::text).collect()).unwrap_or_default()
    }
    /// The hop with its body decoded.
    pub(crate) fn into_hop(self) -> Hop {
        let Self { mut hop, head, payload, chunked, door, .. } = self;
        hop.wire_bytes = hop.wire_body.len() as u64;
        if let Some(head) = head {
            // Undone last to first: the transfer was coded after the content.
            let codings = [head.list("content-encoding"), head.list("transfer-encoding")].concat();
            let decoded = decode(if chunked { &payload } else { &hop.wire_body }, &codings, door.max_body_bytes);
            hop.body = decoded.bytes;
            hop.truncated |= decoded.over || decoded.broken;
            if decoded.over && hop.trouble.is_none() {
                hop.trouble = Some(Outcome::TooLarge { limit_bytes: door.max_body_bytes as u64 });
            }
        }
        hop.truncated |= matches!(hop.trouble, Some(Outcome::TooLarge { .. } | Outcome::TimedOut { .. }));
        hop
    }
}

/// A `Location` as a URL reference: UTF-8 where it is UTF-8, else its bytes percent-encoded, which is what a GBK site expects back.
fn location_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| if b.is_ascii() { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect(),
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
