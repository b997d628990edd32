//! A small listener for the health page and the metrics: loopback only, GET only, a handful of connections, everything timed and capped.
//! In: an address and a function from path to page. Out: a server that ends when its handle is dropped.
//! Here because only this room opens sockets; what the pages say is not known here.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Connections at once; more are turned away.
const AT_ONCE: usize = 32;
/// A whole connection may take so long.
const CONNECTION: Duration = Duration::from_secs(15);
/// A request head may take so long.
const HEAD: Duration = Duration::from_secs(5);
/// Largest request head.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedPage {
    /// Status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// What stands under a path. `None`: nothing.
pub type Pages = Arc<dyn Fn(&str) -> Option<ServedPage> + Send + Sync>;

/// Why nothing listens.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Reachable from outside: these pages are for this machine.
    #[error("{0} is no loopback address; listen on 127.0.0.1 and put a reverse proxy before it for others")]
    NotLoopback(SocketAddr),
    /// Taken, or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Taken {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A listener at work; dropped, it ends.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens at `at` (port 0: any free one) and answers with `pages`.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(at: SocketAddr, pages: Pages) -> Result<Serving, ServeError> {
    if !at.ip().is_loopback() {
        return Err(ServeError::NotLoopback(at));
    }
    let taken = |source| ServeError::Taken { address: at, source };
    let listener = TcpListener::bind(at).await.map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    Ok(Serving { address, task: tokio::spawn(accept(listener, pages)) })
}

async fn accept(listener: TcpListener, pages: Pages) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    // Its connections end with it.
    let mut talks = tokio::task::JoinSet::new();
    loop {
        while talks.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let Ok(seat) = room.clone().try_acquire_owned() else { continue };
                let pages = pages.clone();
                talks.spawn(async move {
                    let _seat = seat;
                    let _ = tokio::time::timeout(CONNECTION, converse(stream, pages)).await;
                });
            }
            // Out of descriptors, mostly: it passes.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: TcpStream, pages: Pages) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = answer(&request, &pages);
        async move { Ok::<_, Infallible>(response) }
    });
    let talk = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(e) = talk.await {
        tracing::debug!("health page: {e}");
    }
}

fn answer(request: &Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
    let plain = |status, body: &str| ServedPage { status, content_type: "text/plain; charset=utf-8", body: body.to_owned() };
    let page = if !is_ours(request.headers().get(HOST)) {
        // A page elsewhere whose name was made to point here must not read what stands here.
        plain(421, "this is no host of that name\n")
    } else if request.method() != Method::GET {
        plain(405, "only GET\n")
    } else {
        pages(request.uri().path()).unwrap_or_else(|| plain(404, "no such page\n"))
    };
    let mut response = Response::new(Full::new(Bytes::from(page.body)));
    *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// Was the server asked for by a loopback address or `localhost`?
fn is_ours(host: Option<&HeaderValue>) -> bool {
    let Some(text) = host.and_then(|h| h.to_str().ok()) else { return false };
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => text,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
