//! Hops: the way of the main document as the browser tells it, in the form that plain visits have. Heads are those that it sent and got where
//! it tells them raw (HTTP/1), else put together; the body is decoded, so what framed and coded it is taken out of the kept head.

use crate::model::capture::{Hop, TlsFacts};
use crate::model::time::Timestamp;
use serde_json::Value;
use url::Url;

/// Most headers kept of one head.
const MAX_HEADERS: usize = 200;
/// What no longer fits a decoded body.
const FRAMING: [&str; 4] = ["content-encoding", "transfer-encoding", "content-length", "connection"];

/// A hop from the events of one exchange. `asked` and `came` are the extra events with the raw heads, where they came.
pub(super) fn hop(n: usize, url: &str, at: Timestamp, response: &Value, asked: Option<&Value>, came: Option<&Value>) -> Hop {
    let mut hop = Hop::begun(u32::try_from(n).unwrap_or(u32::MAX), url.to_owned(), at);
    hop.status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).filter(|s| *s >= 100);
    hop.headers = raw_headers(came).unwrap_or_else(|| headers(&response["headers"]));
    hop.request_head = request_head(url, asked.map_or(&response["requestHeaders"], |a| &a["headers"]));
    hop.redirect_to = location(&hop);
    hop.tls = tls(response);
    hop
}

/// Completes a hop with its body and the head that goes with it.
pub(super) fn with_body(hop: &mut Hop, body: Vec<u8>) {
    let mut head = format!("HTTP/1.1 {} {}\r\n", hop.status.unwrap_or(0), "");
    for (name, value) in hop.headers.iter().filter(|(name, _)| !FRAMING.contains(&name.to_ascii_lowercase().as_str())) {
        head.push_str(&format!("{}: {}\r\n", one_line(name), one_line(value)));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    hop.response_head = head.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    hop.wire_bytes = body.len() as u64;
    hop.wire_body = body.clone();
    hop.body = body;
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn headers(map: &Value) -> Vec<(String, String)> {
    let pairs = map.as_object().into_iter().flatten().take(MAX_HEADERS);
    // Several values of one name come joined by line feeds.
    pairs.flat_map(|(n, v)| v.as_str().unwrap_or_default().split('\n').map(move |v| (n.clone(), v.to_owned()))).collect()
}

/// From `headersText`, which HTTP/1 answers have.
fn raw_headers(came: Option<&Value>) -> Option<Vec<(String, String)>> {
    let came = came?;
    let Some(text) = came["headersText"].as_str() else { return Some(headers(&came["headers"])) };
    let lines = text.lines().skip(1).filter_map(|l| l.split_once(':')).take(MAX_HEADERS);
    Some(lines.map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect())
}

fn request_head(url: &str, map: &Value) -> Vec<u8> {
    let Ok(url) = Url::parse(url) else { return Vec::new() };
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut head = format!("GET {} HTTP/1.1\r\n", one_line(target));
    let all = headers(map);
    if !all.iter().any(|(n, _)| n.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {}\r\n", &url[url::Position::BeforeHost..url::Position::AfterPort]));
    }
    for (name, value) in all.iter().filter(|(n, _)| !n.starts_with(':') && !n.to_ascii_lowercase().starts_with("proxy-")) {
        head.push_str(&format!("{}: {}\r\n", one_line(name), one_line(value)));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn location(hop: &Hop) -> Option<String> {
    let moved = hop.status.is_some_and(|s| matches!(s, 301 | 302 | 303 | 307 | 308));
    let to = hop.header("location").filter(|_| moved)?;
    Url::parse(&hop.url).ok()?.join(to).ok().map(|u| u.to_string())
}

/// What the browser says of the connection. It does not tell its certificates; see the plain visit, whose chain is that of its connection.
fn tls(response: &Value) -> Option<TlsFacts> {
    let details = response["securityDetails"].as_object()?;
    let word = |key: &str| details.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(TlsFacts {
        version: word("protocol").replace("TLS ", "TLSv").replace('.', "_"),
        cipher: word("cipher"),
        chain: Vec::new(),
        leaf: None,
        verified: Err("the browser was told to go on whatever the chain; see the plain visit".into()),
    })
}
