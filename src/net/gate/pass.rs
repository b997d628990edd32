//! One connection of the browser: its head is read, its target judged, then bytes go both ways under the visit's caps.
//! A plain http connection carries one exchange and is closed: the browser would otherwise send the next host's request down the same pipe.

use crate::model::capture::Outcome;
use crate::net::gate::{MARK, Way};
use crate::net::visit::dial::in_words;
use crate::net::visit::http1;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// Longest head, of a request or an answer.
const MAX_HEAD: usize = 256 << 10;
/// Bytes moved at once.
const STEP: usize = 32 << 10;
/// Headers between two neighbours, not for the one behind.
const HOP_BY_HOP: [&str; 6] = ["connection", "proxy-connection", "keep-alive", "proxy-authorization", "te", "trailer"];

/// Serves one connection to its end.
pub(crate) async fn pass(mut browser: TcpStream, way: &Way) {
    let mut head = Vec::new();
    let Ok(rest) = read_head(&mut browser, &mut head).await else { return };
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut first = text.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default().to_owned(), first.next().unwrap_or_default().to_owned());
    let Some(n) = way.log.begin(way.door.clock.now(), &method, &target, way.limits.connections) else {
        return say(&mut browser, way, 429, "this visit has had its share of connections").await;
    };
    let tunnel = method == "CONNECT";
    let Some(url) = url_of(&target, tunnel) else {
        way.log.refuse(n, &Outcome::Failed { why: "neither a host with a port nor an http address".into() });
        return say(&mut browser, way, 400, "no target").await;
    };
    match way.reach(&url).await {
        Err(no) => {
            way.log.refuse(n, &no);
            let status = if matches!(no, Outcome::RefusedByGuard { .. }) { 403 } else { 502 };
            say(&mut browser, way, status, &no.why()).await;
        }
        Ok((mut server, address)) => {
            way.log.change(n, |p| p.address = Some(address));
            let done = if tunnel {
                through(&mut browser, &mut server, rest, n, way).await
            } else {
                exchange(&mut browser, &mut server, (&head, rest), &url, n, way).await
            };
            if let Err(why) = done {
                way.log.change(n, |p| p.refused = why);
            }
        }
    }
}

fn url_of(target: &str, tunnel: bool) -> Option<Url> {
    if tunnel {
        // The scheme only fills in a port, which CONNECT always names.
        return Url::parse(&format!("https://{target}/")).ok().filter(|u| u.path() == "/" && u.username().is_empty());
    }
    Url::parse(target).ok().filter(|u| u.scheme() == "http")
}

async fn read_head(stream: &mut TcpStream, head: &mut Vec<u8>) -> Result<Vec<u8>, String> {
    loop {
        let searched = head.len().saturating_sub(4);
        if let Some(end) = http1::head_end(head, searched) {
            return Ok(head.split_off(end));
        }
        if head.len() > MAX_HEAD {
            return Err("the head is too long".into());
        }
        if stream.read_buf(head).await.map_err(|e| in_words(&e))? == 0 {
            return Err("hung up before the head was whole".into());
        }
    }
}

async fn say(stream: &mut TcpStream, way: &Way, status: u16, why: &str) {
    let body: String = why.chars().filter(|c| !c.is_control()).take(300).collect();
    let answer = format!(
        "HTTP/1.1 {status} Refused\r\n{MARK}: {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        way.mark,
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// CONNECT: bytes both ways until one side has ended and the other too.
async fn through(browser: &mut TcpStream, server: &mut TcpStream, first: Vec<u8>, n: usize, way: &Way) -> Result<(), String> {
    browser.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.map_err(|e| in_words(&e))?;
    let (mut from_browser, mut to_browser) = browser.split();
    let (mut from_server, mut to_server) = server.split();
    to_server.write_all(&first).await.map_err(|e| in_words(&e))?;
    let up = copy(&mut from_browser, &mut to_server, n, true, way);
    let down = copy(&mut from_server, &mut to_browser, n, false, way);
    tokio::try_join!(up, down).map(|_| ())
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    n: usize,
    up: bool,
    way: &Way,
) -> Result<(), String> {
    let mut step = vec![0; STEP];
    loop {
        let read = match from.read(&mut step).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        if !way.log.count(read, way.limits.bytes) {
            return Err(Outcome::TooLarge { limit_bytes: way.limits.bytes }.why());
        }
        way.log.change(n, |p| if up { p.bytes_up += read as u64 } else { p.bytes_down += read as u64 });
        if to.write_all(&step[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

/// Plain http: one request on, one answer back, each told to close afterwards.
async fn exchange(
    browser: &mut TcpStream,
    server: &mut TcpStream,
    (head, rest): (&[u8], Vec<u8>),
    url: &Url,
    n: usize,
    way: &Way,
) -> Result<(), String> {
    let onward = rewritten(head, Some(&url[url::Position::BeforePath..url::Position::AfterQuery]));
    server.write_all(&onward).await.map_err(|e| in_words(&e))?;
    let (mut from_browser, mut to_browser) = browser.split();
    let (mut from_server, mut to_server) = server.split();
    to_server.write_all(&rest).await.map_err(|e| in_words(&e))?;
    way.log.change(n, |p| p.bytes_up += (onward.len() + rest.len()) as u64);
    let up = async {
        // Only what belongs to this request could follow, as the browser was told nothing of a second one; the side stays open for the answer.
        let mut step = vec![0; STEP];
        while let Ok(read @ 1..) = from_browser.read(&mut step).await {
            if !way.log.count(read, way.limits.bytes) || to_server.write_all(&step[..read]).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        let first = answer_head(&mut from_server).await?;
        way.log.count(first.len(), way.limits.bytes);
        way.log.change(n, |p| p.bytes_down += first.len() as u64);
        to_browser.write_all(&first).await.map_err(|e| in_words(&e))?;
        copy(&mut from_server, &mut to_browser, n, false, way).await
    };
    tokio::select! {
        done = down => done,
        () = async { up.await; std::future::pending::<()>().await } => Ok(()),
    }
}

/// The answer's head told to close, with whatever came after it. Interim answers (1xx) are swallowed.
async fn answer_head(server: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, String> {
    let mut raw = Vec::new();
    loop {
        if let Some(end) = http1::head_end(&raw, 0) {
            let rest = raw.split_off(end);
            let interim = raw.get(9..12).is_some_and(|s| s[0] == b'1' && s != b"101");
            if interim {
                raw = rest;
                continue;
            }
            let mut head = rewritten(&raw, None);
            head.extend_from_slice(&rest);
            return Ok(head);
        }
        if raw.len() > MAX_HEAD || !http1::may_be_head(&raw) {
            return Err("the answer is no HTTP".into());
        }
        if server.read_buf(&mut raw).await.map_err(|e| in_words(&e))? == 0 {
            return Err("the server hung up before its head was whole".into());
        }
    }
}

/// The head without what concerns the neighbour only, and with `Connection: close`; a request gets its target in origin form.
fn rewritten(head: &[u8], target: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len() + 32);
    for (i, line) in head.split(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let name = line.split(|b| *b == b':').next().unwrap_or_default().to_ascii_lowercase();
        match (i, target) {
            (0, Some(target)) => {
                let method = line.split(|b| *b == b' ').next().unwrap_or_default();
                out.extend_from_slice(method);
                out.extend_from_slice(format!(" {target} HTTP/1.1").as_bytes());
            }
            _ if i > 0 && HOP_BY_HOP.iter().any(|h| h.as_bytes() == name) => continue,
            _ => out.extend_from_slice(line),
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"Connection: close\r\n\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_its_path_and_loses_what_is_for_the_proxy() {
        let head = b"GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n";
        let told = String::from_utf8(rewritten(head, Some("/x?y"))).expect("ASCII");
        assert_eq!(told, "GET /x?y HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn targets_are_hosts_with_ports_or_http_addresses() {
        let named = |target: &str, tunnel| url_of(target, tunnel).map(|u| u.to_string());
        assert_eq!(named("a.test:443", true).as_deref(), Some("https://a.test/"));
        assert_eq!(named("[::ffff:10.0.0.1]:80", true).as_deref(), Some("https://[::ffff:a00:1]:80/"));
        for (bad, tunnel) in
            [("a.test:443/x", true), ("u@a.test:443", true), ("/x", false), ("https://a.test/", false), ("ftp://a/", false)]
        {
            assert_eq!(named(bad, tunnel), None, "{bad}");
        }
    }
}
