//! The lab's web server: HTTP/1.1 by hand, so that every byte of an answer is ours. Sites are told apart by `Host`.

use super::World;
use super::log::{Seen, now_ms};
use super::sites::{Kind, Route, Site};
use super::{hostile, pages, search};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HEAD_CAP: usize = 64 << 10;
const IDLE: Duration = Duration::from_secs(30);
const CHUNK: usize = 1400;

/// One request as read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// `GET`, ...
    pub(crate) method: String,
    /// Path with query.
    pub(crate) target: String,
    /// Lower case, without port.
    pub(crate) host: String,
    /// As sent.
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    /// The first value of a header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v)
    }
}

/// One answer before it is framed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Status code.
    pub(crate) status: u16,
    /// In order.
    pub(crate) headers: Vec<(String, String)>,
    /// Not yet chunked or compressed.
    pub(crate) body: Vec<u8>,
    /// Send in chunks.
    pub(crate) chunked: bool,
    /// Compress.
    pub(crate) gzip: bool,
}

impl Answer {
    /// A page in UTF-8.
    pub(crate) fn page(status: u16, html: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".into(), "text/html; charset=utf-8".into())], body: html.into(), ..Self::default() }
    }
}

/// Accepts on one address, port 80.
pub(crate) async fn listen(listener: TcpListener, last: u8, world: Arc<World>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let world = world.clone();
        tokio::spawn(async move {
            match world.sites.alone_at(last).and_then(|s| s.raw.clone()) {
                Some(raw) => hostile::raw(&raw, stream, last, &world).await,
                None => converse(stream, last, false, &world).await,
            }
        });
    }
}

/// Accepts on one address, port 443.
pub(crate) async fn listen_tls(listener: TcpListener, last: u8, acceptor: TlsAcceptor, world: Arc<World>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (world, acceptor) = (world.clone(), acceptor.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = tokio::time::timeout(IDLE, acceptor.accept(stream)).await {
                converse(stream, last, true, &world).await;
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, last: u8, tls: bool, world: &World) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = tokio::time::timeout(IDLE, read_head(&mut stream, &mut buffer)).await {
        note(&request, last, tls, world);
        if world.down.lock().expect("nobody panicked with it").contains(&request.host) {
            return;
        }
        let answer = answer(&request, world);
        let close = request.method != "GET" || request.header("connection").eq_ignore_ascii_case("close");
        if stream.write_all(&frame(&answer, &request, close)).await.is_err() || stream.flush().await.is_err() || close {
            break;
        }
    }
    let _ = stream.shutdown().await;
}

/// Reads one request head; what follows it stays in `buffer`. `None`: nothing more comes, or no HTTP.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            buffer.drain(..end + 4);
            return parse(&head);
        }
        if buffer.len() > HEAD_CAP || stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.trim().to_owned(), v.trim().to_owned())).collect();
    let mut request = Request { method, target, host: String::new(), headers };
    let host = request.header("host").to_ascii_lowercase();
    request.host =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host.as_str(), |(h, _)| h).to_owned();
    Some(request)
}

/// Writes a request into the visitor book.
pub(crate) fn note(request: &Request, last: u8, tls: bool, world: &World) {
    world.log.request(Seen {
        at_ms: now_ms(),
        address: world.address(last),
        tls,
        method: request.method.clone(),
        host: request.host.clone(),
        path: request.target.clone(),
        user_agent: request.header("user-agent").to_owned(),
        headers: request.headers.clone(),
    });
}

fn answer(request: &Request, world: &World) -> Answer {
    if request.method != "GET" && request.method != "HEAD" {
        return Answer::page(405, "<title>405</title>");
    }
    let Some(site) = world.sites.by_host(&request.host) else {
        return Answer::page(
            404,
            "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr></body></html>",
        );
    };
    if site.kind == Kind::Search {
        return search::answer(request, world);
    }
    let matching = site.routes.iter().find(|r| r.answers(&request.target) && fits(r, request));
    matching.map_or_else(|| not_found(site), |route| from_route(route, site, request, world))
}

fn fits(route: &Route, request: &Request) -> bool {
    route.only_with.as_ref().is_none_or(|(name, part)| request.header(name).contains(part.as_str()))
}

fn not_found(site: &Site) -> Answer {
    Answer::page(404, format!("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>{}</p></body></html>", site.host))
}

fn from_route(route: &Route, site: &Site, request: &Request, world: &World) -> Answer {
    if let Some(special) = &route.special {
        return hostile::special(special, request);
    }
    let body = match pages::build(route, site, world) {
        Ok(body) => body,
        Err(why) => return Answer::page(500, why),
    };
    let mut headers = Vec::new();
    match &route.content_type {
        Some(kind) if kind.is_empty() => {}
        Some(kind) => headers.push(("Content-Type".into(), kind.clone())),
        None => headers.push(("Content-Type".into(), format!("text/html; charset={}", route.charset.as_deref().unwrap_or("utf-8")))),
    }
    if let Some(location) = &route.location {
        headers.push(("Location".into(), location.clone()));
    }
    headers.extend(route.headers.iter().cloned());
    let status = route.status.unwrap_or(if route.location.is_some() { 302 } else { 200 });
    Answer { status, headers, body, chunked: route.chunked, gzip: route.gzip }
}

/// The bytes of an answer on the wire.
pub(crate) fn frame(answer: &Answer, request: &Request, close: bool) -> Vec<u8> {
    let gzip = answer.gzip && request.header("accept-encoding").contains("gzip");
    let body = if gzip { compress(&answer.body) } else { answer.body.clone() };
    let mut out = format!("HTTP/1.1 {} {}\r\nServer: nginx/1.20.1\r\n", answer.status, reason(answer.status)).into_bytes();
    for (name, value) in &answer.headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if gzip {
        out.extend_from_slice(b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
    }
    if close {
        out.extend_from_slice(b"Connection: close\r\n");
    }
    if answer.chunked {
        out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        if request.method != "HEAD" {
            out.extend_from_slice(&in_chunks(&body));
        }
    } else {
        out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        if request.method != "HEAD" {
            out.extend_from_slice(&body);
        }
    }
    out
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    for part in body.chunks(CHUNK) {
        out.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

fn compress(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
