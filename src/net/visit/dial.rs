//! Dial: a connection to the pinned address, or through the proxy, and TLS on top where the scheme wants it.
//! Plain words for what goes wrong: they stand in the dossier.

use crate::model::capture::Outcome;
use crate::net::settings::Proxy;
use crate::net::visit::http1;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one address may take to accept.
const CONNECT_MS: u64 = 5_000;
/// Longest answer of a proxy to CONNECT.
const MAX_PROXY_HEAD: usize = 16 << 10;

/// A byte stream to a server.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Connects to the first of these addresses that accepts. The peer is compared with the pin: a socket that ends elsewhere is closed.
pub(crate) async fn direct(addresses: &[IpAddr], port: u16) -> Result<(TcpStream, SocketAddr), Outcome> {
    let mut last = Outcome::Unreachable { why: "no address".into() };
    for ip in addresses {
        let pin = SocketAddr::new(*ip, port);
        match timeout(Duration::from_millis(CONNECT_MS), TcpStream::connect(pin)).await {
            Ok(Ok(stream)) if stream.peer_addr().is_ok_and(|peer| peer == pin) => return Ok((stream, pin)),
            Ok(Ok(_)) => last = Outcome::RefusedByGuard { address: pin.to_string(), why: "not_the_pinned_peer".into() },
            Ok(Err(e)) => last = Outcome::Unreachable { why: format!("{pin}: {}", in_words(&e)) },
            Err(_) => last = Outcome::Unreachable { why: format!("{pin}: does not accept within {CONNECT_MS} ms") },
        }
    }
    Err(last)
}

/// A tunnel through the proxy to a pinned address (CONNECT).
pub(crate) async fn tunnel(proxy: &Proxy, pin: SocketAddr) -> Result<TcpStream, Outcome> {
    let mut stream = to_proxy(proxy).await?;
    let bad = |why: String| Outcome::Unreachable { why: format!("proxy {}:{}: {why}", proxy.host, proxy.port) };
    let ask = format!("CONNECT {pin} HTTP/1.1\r\nHost: {pin}\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.map_err(|e| bad(in_words(&e)))?;
    let mut head = Vec::new();
    // One byte at a time, as what follows the head belongs to the tunnel.
    while http1::head_end(&head, head.len().saturating_sub(4)).is_none() {
        if head.len() >= MAX_PROXY_HEAD || !http1::may_be_head(&head) {
            return Err(bad("its answer is no HTTP".into()));
        }
        head.push(stream.read_u8().await.map_err(|e| bad(in_words(&e)))?);
    }
    match http1::read_head(&head).map_err(bad)?.status {
        200..=299 => Ok(stream),
        status => Err(bad(format!("answered {status} to CONNECT {pin}; let it tunnel to ports 80 and 443 (squid: SSL_ports)"))),
    }
}

/// A connection to the proxy itself. It is named in the settings, so no guard asks where it is.
async fn to_proxy(proxy: &Proxy) -> Result<TcpStream, Outcome> {
    let bad = |why: String| Outcome::Unreachable { why: format!("proxy {}:{}: {why}", proxy.host, proxy.port) };
    let connecting = TcpStream::connect((proxy.host.as_str(), proxy.port));
    let connected = timeout(Duration::from_millis(CONNECT_MS), connecting).await;
    connected.map_err(|_| bad(format!("does not accept within {CONNECT_MS} ms")))?.map_err(|e| bad(in_words(&e)))
}

/// What the system says of a connection, in a few lower-case words.
pub(crate) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::ConnectionAborted => "connection aborted".into(),
        io::ErrorKind::HostUnreachable => "no route to host".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        io::ErrorKind::TimedOut => "timed out".into(),
        io::ErrorKind::UnexpectedEof => "the server hung up".into(),
        io::ErrorKind::BrokenPipe => "the server hung up while we wrote".into(),
        _ => error.to_string().to_lowercase(),
    }
}
