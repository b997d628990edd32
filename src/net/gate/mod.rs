//! Gate: the browser's way out, a forward proxy on loopback for one visit. Interception inside a browser is no guard (a WebSocket slips by),
//! so the browser may only speak to this: it resolves, asks the guard, connects to the very address that was judged, and notes it.
//! In: CONNECT and plain http. Out: bytes, capped together, and a log with every refusal. Dropped: every connection of the visit ends.

mod pass;

use crate::model::capture::Outcome;
use crate::model::rendered::Passage;
use crate::model::time::Timestamp;
use crate::net::visit::dial;
use crate::net::{Inner, Net, reach};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// Connections noted in one visit; what comes after is refused unread.
pub(crate) const MAX_PASSAGES: usize = 2_000;

/// Header of the gate's own answers.
pub(crate) const MARK: &str = "Jianwei-Gate";

/// What one visit may use.
#[derive(Clone, Copy, Debug)]
pub struct GateLimits {
    /// Bytes in both directions together.
    pub bytes: u64,
    /// Connections begun in the visit; never more than 2,000.
    pub connections: usize,
    /// Connections open at once.
    pub at_once: usize,
    /// Longest life of one connection.
    pub connection_ms: u64,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self { bytes: 24 << 20, connections: 400, at_once: 64, connection_ms: 45_000 }
    }
}

/// The open gate of one visit.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    log: Arc<Log>,
    task: JoinHandle<()>,
    mark: String,
}

impl Gate {
    /// The loopback port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
    /// Is this the gate's own answer (a refusal), not a server's? Only the gate knows its mark.
    pub fn said(&self, headers: &[(String, String)]) -> bool {
        headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(MARK) && *v == self.mark)
    }
    /// Every connection asked for until now, in order.
    pub fn passages(&self) -> Vec<Passage> {
        self.log.all()
    }
    /// The address that carried the last connection to this host and port. `None`: none went through.
    pub fn address_of(&self, url: &Url) -> Option<SocketAddr> {
        self.last_to(url, |p| p.address.is_some())?.0.address
    }
    /// How the last connection to this host and port was refused or came to nothing. `None`: it went through, or there was none.
    pub fn trouble_of(&self, url: &Url) -> Option<Outcome> {
        self.last_to(url, |_| true)?.1
    }
    fn last_to(&self, url: &Url, which: impl Fn(&Passage) -> bool) -> Option<(Passage, Option<Outcome>)> {
        let wanted = (url.host_str()?, url.port_or_known_default()?);
        let same = |p: &Passage| {
            let target = if p.method == "CONNECT" { format!("https://{}/", p.target) } else { p.target.clone() };
            Url::parse(&target).is_ok_and(|u| u.host_str() == Some(wanted.0) && u.port_or_known_default() == Some(wanted.1))
        };
        let all = self.log.passages.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().find(|(p, _)| which(p) && same(p)).cloned()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What has passed.
#[derive(Debug, Default)]
pub(crate) struct Log {
    passages: Mutex<Vec<(Passage, Option<Outcome>)>>,
    bytes: AtomicU64,
}

impl Log {
    fn all(&self) -> Vec<Passage> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(p, _)| p.clone()).collect()
    }
    /// Notes a new connection; its number, or `None` where the visit has had its share.
    pub(crate) fn begin(&self, at: Timestamp, method: &str, target: &str, most: usize) -> Option<usize> {
        let mut all = self.passages.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= most.min(MAX_PASSAGES) {
            return None;
        }
        let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
        let passage = Passage {
            at,
            method: cut(method, 16),
            target: cut(target, 2_000),
            address: None,
            refused: String::new(),
            by_guard: false,
            bytes_up: 0,
            bytes_down: 0,
        };
        all.push((passage, None));
        Some(all.len() - 1)
    }
    pub(crate) fn change(&self, n: usize, change: impl FnOnce(&mut Passage)) {
        if let Some((passage, _)) = self.passages.lock().unwrap_or_else(PoisonError::into_inner).get_mut(n) {
            change(passage);
        }
    }
    pub(crate) fn refuse(&self, n: usize, outcome: &Outcome) {
        self.change(n, |p| {
            p.refused = outcome.why();
            p.by_guard = matches!(outcome, Outcome::RefusedByGuard { .. });
        });
        if let Some((_, trouble)) = self.passages.lock().unwrap_or_else(PoisonError::into_inner).get_mut(n) {
            *trouble = Some(outcome.clone());
        }
    }
    /// Counts bytes; are they still within the visit's share?
    pub(crate) fn count(&self, bytes: usize, most: u64) -> bool {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 <= most
    }
}

/// All that a connection needs.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) door: Arc<Inner>,
    pub(crate) log: Arc<Log>,
    pub(crate) limits: GateLimits,
    /// See [`MARK`].
    pub(crate) mark: String,
}

impl Net {
    /// Opens a gate for one visit of the browser.
    ///
    /// # Errors
    /// What the system says where no loopback port can be had.
    pub async fn gate(&self, limits: GateLimits) -> std::io::Result<Gate> {
        let listener = TcpListener::bind((IpAddr::from([127, 0, 0, 1]), 0)).await?;
        let port = listener.local_addr()?.port();
        let log = Arc::new(Log::default());
        let mark = format!("{:016x}", RandomState::new().build_hasher().finish());
        let way = Way { door: self.inner.clone(), log: log.clone(), limits, mark: mark.clone() };
        Ok(Gate { port, log, task: tokio::spawn(listen(listener, way)), mark })
    }
    /// Waits for the polite moment of the host that a URL names; at once for a URL without a host.
    pub async fn turn(&self, url: &Url) {
        if let Ok((host, _)) = reach::target(url, &self.inner.guard) {
            self.inner.pace.turn(&host).await;
        }
    }
}

/// Owns the connections: when it is dropped, they are.
async fn listen(listener: TcpListener, way: Way) {
    let mut open = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                while open.len() >= way.limits.at_once {
                    open.join_next().await;
                }
                let way = way.clone();
                let longest = Duration::from_millis(way.limits.connection_ms);
                open.spawn(async move {
                    let _ = tokio::time::timeout(longest, pass::pass(stream, &way)).await;
                });
            }
            Some(_) = open.join_next() => {}
        }
    }
}

impl Way {
    /// Resolves, judges, connects: the connection and the address that it really has.
    pub(crate) async fn reach(&self, url: &Url) -> Result<(TcpStream, SocketAddr), Outcome> {
        let (host, port) = reach::target(url, &self.door.guard).map_err(reach::NoWay::outcome)?;
        let addresses = reach::addresses(&host, &self.door.dns, &self.door.guard).await.map_err(reach::NoWay::outcome)?;
        match (&self.door.proxy, addresses.first()) {
            (Some(proxy), Some(ip)) => {
                let pin = SocketAddr::new(*ip, port);
                Ok((dial::tunnel(proxy, pin).await?, pin))
            }
            _ => dial::direct(&addresses, port).await,
        }
    }
}
