//! Listening: the one way in, for the analyst's console. Plain, or TLS from two PEM files.
//! In: an address. Out: connections, at most so many at once, each closed when it stays silent; a slow handshake holds nobody up.
//! Never decides what is served: that is the console's.

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections at once.
const MAX_CONNECTIONS: usize = 512;
/// A handshake is given up after this long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection that brings nothing for so long is closed.
const SILENCE: Duration = Duration::from_secs(60);

/// An open way in.
pub struct Door {
    ready: mpsc::Receiver<(Line, SocketAddr)>,
    address: SocketAddr,
    keeper: tokio::task::JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// Reads a certificate chain and its key.
///
/// # Errors
/// One line that names the file.
fn tls(cert: &Path, key: &Path) -> io::Result<TlsAcceptor> {
    let bad = |path: &Path, why: String| io::Error::other(format!("{}: {why}", path.display()));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain = chain.map_err(|e| bad(cert, format!("no certificates in PEM form ({e})")))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| bad(key, format!("no private key in PEM form ({e})")))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, private);
    let mut config = config.map_err(|e| bad(cert, format!("certificate and key do not go together ({e})")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Door {
    /// Listens at `address`; with certificate and key files, for TLS only.
    ///
    /// # Errors
    /// The address is taken, or a file cannot be used: one line that names it.
    pub async fn open(address: SocketAddr, files: Option<(&Path, &Path)>) -> io::Result<Self> {
        let acceptor = files.map(|(cert, key)| tls(cert, key)).transpose()?;
        let listener = TcpListener::bind(address).await.map_err(|e| io::Error::new(e.kind(), format!("{address}: {e}")))?;
        let address = listener.local_addr()?;
        let (give, ready) = mpsc::channel(16);
        let keeper = tokio::spawn(keep(listener, acceptor, give));
        Ok(Self { ready, address, keeper })
    }
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn keep(listener: TcpListener, acceptor: Option<TlsAcceptor>, give: mpsc::Sender<(Line, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(place) = places.clone().acquire_owned().await {
        let (stream, from) = match listener.accept().await {
            Ok(pair) => pair,
            Err(e) => {
                tracing::warn!("a connection could not be taken: {e}");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (acceptor, give) = (acceptor.clone(), give.clone());
        // Ends by itself: the handshake has its time, the channel its reader.
        tokio::spawn(async move {
            let wire = match acceptor {
                None => Wire::Plain(stream),
                Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => Wire::Tls(Box::new(stream)),
                    _ => return,
                },
            };
            let silence = Box::pin(tokio::time::sleep(SILENCE));
            let _ = give.send((Line { wire, silence, _place: place }, from)).await;
        });
    }
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// One connection.
pub struct Line {
    wire: Wire,
    silence: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Listener for Door {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        match self.ready.recv().await {
            Some(pair) => pair,
            None => std::future::pending().await,
        }
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let line = &mut *self;
        let read = match &mut line.wire {
            Wire::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Wire::Tls(s) => Pin::new(s).poll_read(cx, buf),
        };
        match read {
            Poll::Ready(done) => {
                line.silence.as_mut().reset(tokio::time::Instant::now() + SILENCE);
                Poll::Ready(done)
            }
            Poll::Pending if line.silence.as_mut().poll(cx).is_ready() => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.wire {
            Wire::Plain(s) => Pin::new(s).poll_write(cx, bytes),
            Wire::Tls(s) => Pin::new(s).poll_write(cx, bytes),
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(s) => Pin::new(s).poll_flush(cx),
            Wire::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Wire::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
