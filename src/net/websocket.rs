//! A WebSocket (RFC 6455) to a service that sends without being asked. In: a ws or wss URL. Out: text messages, one by one.
//! Behind the same guard and proxy as everything here; messages and frames are capped; certificates must verify.

use crate::model::capture::Outcome;
use crate::net::guard::Guard;
use crate::net::visit::dial::{self, Wire};
use crate::net::{FetchError, Inner, reach};
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
use url::Url;

/// Largest message read.
const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// An open WebSocket. Dropped: the connection ends.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Wire>>,
}

/// Connects and shakes hands.
pub(crate) async fn open(door: &Inner, url: &Url) -> Result<WebSocket, FetchError> {
    let after_ms = door.settings.timeout_ms;
    timeout(Duration::from_millis(after_ms), connect(door, url)).await.map_err(|_| FetchError::TimedOut { after_ms })?
}

async fn connect(door: &Inner, url: &Url) -> Result<WebSocket, FetchError> {
    let failed = |why: String| FetchError::Failed { why };
    let (secure, scheme) = match url.scheme() {
        "ws" => (false, "http"),
        "wss" => (true, "https"),
        other => return Err(failed(format!("`{other}` is no WebSocket; give ws or wss"))),
    };
    let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let as_http = Url::parse(&format!("{scheme}://{rest}")).map_err(|e| failed(e.to_string()))?;
    let guard: &Guard = &door.guard;
    let (host, port) = reach::target(&as_http, guard)?;
    let addresses = reach::addresses(&host, &door.dns, guard).await?;
    let tcp = match (&door.proxy, addresses.first()) {
        (Some(proxy), Some(ip)) => dial::tunnel(proxy, SocketAddr::new(*ip, port)).await,
        _ => dial::direct(&addresses, port).await.map(|(tcp, _)| tcp),
    };
    let tcp = tcp.map_err(|outcome| match outcome {
        Outcome::RefusedByGuard { address, why } => FetchError::Refused { address, why },
        other => failed(format!("{host}: {}", other.why())),
    })?;
    let wire: Box<dyn Wire> = if secure {
        let mut config = door.tls.strict();
        config.alpn_protocols.clear();
        let name =
            ServerName::try_from(host.as_str().to_owned()).map_err(|_| failed("TLS: the name cannot be sent as server name".into()))?;
        Box::new(TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|e| failed(format!("{host}: TLS: {e}")))?)
    } else {
        Box::new(tcp)
    };
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES)).max_frame_size(Some(MAX_MESSAGE_BYTES));
    let shaken = tokio_tungstenite::client_async_with_config(url.as_str(), wire, Some(config)).await;
    let (stream, _) = shaken.map_err(|e| failed(format!("{host}: {}", e.to_string().to_lowercase())))?;
    Ok(WebSocket { stream })
}

impl WebSocket {
    /// The next text message. `Ok(None)`: the server closed in good order. Pings are answered, other messages passed over.
    ///
    /// # Errors
    /// [`FetchError::Failed`]: the connection broke, or a message is over its cap.
    pub async fn next(&mut self) -> Result<Option<String>, FetchError> {
        loop {
            match self.stream.next().await {
                None | Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(Message::Text(text))) => return Ok(Some(text.as_str().to_owned())),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(FetchError::Failed { why: e.to_string().to_lowercase() }),
            }
        }
    }
    /// Tells the server that we are still here.
    ///
    /// # Errors
    /// [`FetchError::Failed`]: the connection broke.
    pub async fn ping(&mut self) -> Result<(), FetchError> {
        self.stream.send(Message::Ping(Vec::new().into())).await.map_err(|e| FetchError::Failed { why: e.to_string().to_lowercase() })
    }
}
