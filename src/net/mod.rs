//! Net: the only door to the network. Every address is resolved, checked and pinned here, on every hop.
//! In: a host, a URL or a request. Out: answers, hops, bodies, all capped. Two ways through one guard:
//! `visit` opens a fresh connection per hop and keeps every byte (evidence); `fetch` is a pooled reqwest client for feeds and APIs.
//! Never sends to an address that the guard refuses, never follows a redirect unseen, never reads past a cap.
//! A room of its own because a program that reads hostile pages must have exactly one way out.

mod cidr;
mod dns;
mod fetch;
mod gate;
mod guard;
mod pace;
mod reach;
mod settings;
mod tls;
mod visit;

pub use crate::net::gate::{Gate, GateLimits};
pub use crate::net::settings::{BadSetting, Settings};

use crate::model::capture::Hop;
use crate::model::host::Host;
use crate::model::resolution::{DnsAnswer, DnsRecord, Presence};
use crate::model::time::Timestamp;
use crate::net::dns::Dns;
use crate::net::guard::Guard;
use crate::net::pace::Pace;
use crate::net::settings::Proxy;
use crate::net::tls::Tls;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// Why a name is absent although the resolver gave addresses for it: it gives the same ones for names that nobody made.
pub const HIJACKED: &str = "NXDOMAIN (the resolver gives its own address instead)";

/// The door. Cheap to clone; clones share pace, caches and connections.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    max_body_bytes: usize,
    proxy: Option<Proxy>,
    guard: Guard,
    dns: Arc<Dns>,
    pace: Pace,
    tls: Tls,
    client: reqwest::Client,
}

/// One request of the pooled client: a feed, a search page, an API.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// http or https.
    pub url: Url,
    /// `GET` or `POST`.
    pub method: String,
    /// Sent as they stand; `user-agent` defaults to the settings'.
    pub headers: Vec<(String, String)>,
    /// For POST.
    pub body: Option<Vec<u8>>,
    /// Cap of the decoded body; `None`: `max_body_bytes`.
    pub max_body_bytes: Option<u64>,
}

/// What came back, redirects followed through the guard.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where it ended.
    pub final_url: Url,
    /// Status code.
    pub status: u16,
    /// Response headers, lower-case names.
    pub headers: Vec<(String, String)>,
    /// Decoded body.
    pub body: Vec<u8>,
}

/// How one name of a bulk look-up came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkAnswer {
    /// Which name: its place among those given, from 0.
    pub index: usize,
    /// Present: there is a record of the type asked for.
    pub presence: Presence,
    /// Records of a present name as received, at most 64, aliases on the way included.
    pub records: Vec<DnsRecord>,
}

/// A body that went into a file.
#[derive(Clone, Debug)]
pub struct FetchedFile {
    /// Where it ended.
    pub final_url: Url,
    /// Status code. Outside 200..=299 nothing was left at the path.
    pub status: u16,
    /// Response headers, lower-case names.
    pub headers: Vec<(String, String)>,
    /// Size of the file.
    pub bytes: u64,
}

/// Why a fetch gave nothing. `Outcome`-like, for sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The guard said no.
    #[error("{address} is {why}: refused")]
    Refused {
        /// The address.
        address: String,
        /// Why.
        why: String,
    },
    /// The body is over its cap.
    #[error("larger than {limit_bytes} bytes")]
    TooLarge {
        /// The cap.
        limit_bytes: u64,
    },
    /// Out of time.
    #[error("no answer within {after_ms} ms")]
    TimedOut {
        /// Milliseconds.
        after_ms: u64,
    },
    /// DNS, connect, TLS, HTTP.
    #[error("{why}")]
    Failed {
        /// What.
        why: String,
    },
}

impl Net {
    /// Builds the door from settings.
    ///
    /// # Errors
    /// [`BadSetting`] for the first value that does not parse or is out of range.
    pub fn new(settings: &Settings) -> Result<Self, BadSetting> {
        let checked = settings.check()?;
        // Whoever came first chose the provider; ours is named in every configuration that this room builds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (dns, guard, tls) = (Arc::new(Dns::new(checked.resolvers, settings.dns_per_s)), Guard::new(checked.allow), Tls::new());
        let client = fetch::client(dns.clone(), guard.clone(), tls.strict(), settings)
            .map_err(|e| BadSetting { key: "proxy", why: format!("no HTTP client can be built with these settings: {e}") })?;
        let pace = Pace::new(settings.per_host_interval_ms);
        let (settings, max_body_bytes, proxy) = (settings.clone(), checked.max_body_bytes, checked.proxy);
        Ok(Self { inner: Arc::new(Inner { settings, max_body_bytes, proxy, guard, dns, pace, tls, client }) })
    }
    /// Now, by the system clock.
    pub fn now(&self) -> Timestamp {
        now()
    }
    /// Which resolvers answer: `ip:port`, or `system`.
    pub fn resolvers(&self) -> Vec<String> {
        self.inner.dns.names()
    }
    /// One DNS question (`A`, `AAAA`, `CNAME`, `NS`, `MX`, `TXT`, `SOA`). Never an error: the rcode says what happened, `TIMEOUT` that nobody answered.
    /// Answers may be up to half a minute old, never older than their TTL.
    pub async fn dns(&self, host: &Host, rrtype: &str) -> DnsAnswer {
        self.inner.dns.ask(host.as_str(), rrtype).await
    }
    /// Which of these names exist (have an address), in the order given. Made for tens of thousands in one call; `progress` hears how many are done.
    /// Names need not be hosts: any labels are asked. An answer that the resolver gives for every absent name, or a public suffix for every name below it, is absent.
    pub async fn exists(&self, names: Vec<String>, progress: impl Fn(usize) + Send + Sync) -> Vec<(String, Presence)> {
        self.inner.dns.exists(names, progress).await
    }
    /// Asks for records of one type (`A`, `MX`, `TYPE257`, ...) of every name, in any number: names are drawn as they are needed, and `told` hears of
    /// each exactly once, as it comes out. Names are bytes: labels need not be UTF-8; `\DDD` and `\X` are escapes; a dot at the end may be missing.
    pub async fn ask_many<N: AsRef<[u8]>>(&self, names: impl Iterator<Item = N> + Send, rrtype: &str, told: impl FnMut(BulkAnswer) + Send) {
        self.inner.dns.ask_many(names, rrtype, told).await;
    }
    /// The addresses that this parent gives for three names nobody made. `None`: it is no wildcard.
    pub async fn wildcard(&self, parent: &str) -> Option<Vec<IpAddr>> {
        self.inner.dns.wildcard(parent).await
    }
    /// The addresses that the resolver gives for names that cannot exist. Empty: an honest resolver (or none that answers).
    /// Remembered for ten minutes.
    pub async fn hijack_addresses(&self) -> Vec<IpAddr> {
        self.inner.dns.hijack_addresses().await
    }
    /// Why the guard refuses an address; `None`: it may be spoken to.
    pub fn refusal(&self, ip: IpAddr) -> Option<String> {
        self.inner.guard.refusal(ip)
    }
    /// Visits a page as a visitor would: GET, redirects followed by hand, each hop guarded, pinned, capped and kept. The last hop says how it ended.
    /// `headers` are sent on every hop in this order, after `Host`.
    pub async fn visit(&self, url: &Url, headers: &[(String, String)]) -> Vec<Hop> {
        visit::visit(&self.inner, url, headers).await
    }
    /// One request of the pooled client, for feeds, searches and APIs.
    ///
    /// # Errors
    /// [`FetchError`]; a status of 400 or more is no error.
    pub async fn fetch(&self, request: &FetchRequest) -> Result<Fetched, FetchError> {
        fetch::fetch(&self.inner, request).await
    }
    /// The same into a file of at most `cap` bytes, for feeds too large for memory. The file appears under `path` whole or not at all.
    ///
    /// # Errors
    /// [`FetchError`]; a status outside 200..=299 is no error, but leaves no file.
    pub async fn fetch_to_file(&self, request: &FetchRequest, path: &Path, cap: u64) -> Result<FetchedFile, FetchError> {
        fetch::fetch_to_file(&self.inner, request, path, cap).await
    }
}

/// The system clock, the only one below the halls.
fn now() -> Timestamp {
    Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
}
