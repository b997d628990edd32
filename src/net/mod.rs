//! Net: the only door to the network. Every address is resolved, checked and pinned here, on every hop.
//! In: a host, a URL or a request. Out: answers, hops, bodies, all capped. Two ways through one guard:
//! `visit` opens a fresh connection per hop and keeps every byte (evidence); `fetch` is a pooled reqwest client for feeds and APIs.
//! Never sends to an address that the guard refuses, never follows a redirect unseen, never reads past a cap.
//! A room of its own because a program that reads hostile pages must have exactly one way out.

mod cidr;
mod clock;
mod dns;
mod fetch;
mod gate;
mod guard;
mod line;
mod listen;
mod meter;
mod notice;
mod pace;
mod reach;
mod resume;
mod serve;
mod settings;
mod tls;
mod visit;
mod websocket;

pub use crate::net::clock::Clock;
pub use crate::net::gate::{Gate, GateLimits};
pub use crate::net::listen::{Door, Line};
pub use crate::net::meter::{Keeper, Limit, Usage};
pub use crate::net::notice::{Mail, MailTls};
pub use crate::net::serve::{Pages, ServeError, ServedPage, Serving, serve};
pub use crate::net::settings::{BadSetting, Settings};
pub use crate::net::websocket::WebSocket;

use crate::model::capture::Hop;
use crate::model::host::Host;
use crate::model::resolution::{DnsAnswer, DnsRecord, Presence};
use crate::model::time::Timestamp;
use crate::net::dns::Dns;
use crate::net::guard::Guard;
use crate::net::meter::{Account, Meter};
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
    /// Whose requests these are, for limits by source.
    account: Option<Arc<Account>>,
}

struct Inner {
    settings: Settings,
    max_body_bytes: usize,
    proxy: Option<Proxy>,
    guard: Guard,
    dns: Arc<Dns>,
    pace: Arc<Pace>,
    meter: Arc<Meter>,
    clock: Clock,
    tls: Tls,
    client: reqwest::Client,
}

/// One request of the pooled client: a feed, a search page, an API.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// http or https.
    pub url: Url,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// Sent as they stand; `user-agent` defaults to the settings'.
    pub headers: Vec<(String, String)>,
    /// For POST.
    pub body: Option<Vec<u8>>,
    /// Cap of the decoded body; `None`: `max_body_bytes`.
    pub max_body_bytes: Option<u64>,
}

/// Would `[net] proxy` take this?
///
/// # Errors
/// [`BadSetting`]: why not.
pub fn check_proxy(proxy: &str) -> Result<(), BadSetting> {
    settings::proxy(proxy).map(|_| ())
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

/// What a server of a line protocol (WHOIS) sent back.
#[derive(Clone, Debug)]
pub struct Talked {
    /// Its bytes, at most the cap.
    pub bytes: Vec<u8>,
    /// Why it was cut short; `None`: the server closed.
    pub cut: Option<FetchError>,
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
    /// Not now: the service asked for time, or its daily limit is used up. Nothing was sent.
    #[error("{why}, until {} (Beijing time)", .until.beijing())]
    Later {
        /// Before this there is no use in asking again.
        until: Timestamp,
        /// Why.
        why: String,
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
        Self::new_at(settings, Clock::system())
    }
    /// The same with another clock.
    ///
    /// # Errors
    /// As [`Net::new`].
    pub fn new_at(settings: &Settings, clock: Clock) -> Result<Self, BadSetting> {
        let checked = settings.check()?;
        // Whoever came first chose the provider; ours is named in every configuration that this room builds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (dns, guard, tls) = (Arc::new(Dns::new(checked.resolvers, settings.dns_per_s)), Guard::new(checked.allow), Tls::new());
        let client = fetch::client(dns.clone(), guard.clone(), tls.strict(), settings).map_err(|e| BadSetting {
            section: "net",
            key: "proxy",
            why: format!("no HTTP client can be built with these settings: {e}"),
        })?;
        let (pace, meter) = (Arc::new(Pace::new(settings.per_host_interval_ms)), Arc::new(Meter::new(settings.limits.clone())));
        let (settings, max_body_bytes, proxy) = (settings.clone(), checked.max_body_bytes, checked.proxy);
        let inner = Inner { settings, max_body_bytes, proxy, guard, dns, pace, meter, clock, tls, client };
        Ok(Self { inner: Arc::new(inner), account: None })
    }
    /// Now, by this door's clock.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
    /// The clock itself.
    pub fn clock(&self) -> Clock {
        self.inner.clock.clone()
    }
    /// The same door for the requests of one source: its limits count, and what it was told to wait for is remembered apart.
    pub fn for_source(&self, id: &str) -> Self {
        Self { inner: self.inner.clone(), account: Some(Arc::new(Account::new(id))) }
    }
    /// The same door with another way out for page visits, plain and by browser: this proxy instead of `[net] proxy`. Pace, caches and guard are shared.
    ///
    /// # Errors
    /// [`BadSetting`] where it is no proxy that `[net] proxy` would take.
    pub fn through(&self, proxy: &str) -> Result<Self, BadSetting> {
        let (old, proxy) = (&self.inner, Some(settings::proxy(proxy)?));
        let inner = Inner {
            settings: old.settings.clone(),
            max_body_bytes: old.max_body_bytes,
            proxy,
            guard: old.guard.clone(),
            dns: old.dns.clone(),
            pace: old.pace.clone(),
            meter: old.meter.clone(),
            clock: old.clock.clone(),
            tls: old.tls.clone(),
            client: old.client.clone(),
        };
        Ok(Self { inner: Arc::new(inner), account: self.account.clone() })
    }
    /// The latest moment before which an answer (`Retry-After`), or a daily limit, told this source's requests not to come again.
    pub fn told_to_wait(&self) -> Option<Timestamp> {
        self.account.as_ref().and_then(|a| a.later())
    }
    /// Takes over what was used of the daily limits before this process began; `keeper` hears every count before its request goes out.
    pub fn keep_usage(&self, used: Vec<Usage>, keeper: Keeper) {
        self.inner.meter.restore(used, keeper);
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
        fetch::fetch(&self.inner, self.terms(None), request).await
    }
    /// The same for a service made to be read by programs (a certificate log): at least `interval_ms` between two requests to this host,
    /// instead of the settings' pace.
    ///
    /// # Errors
    /// As [`Net::fetch`].
    pub async fn fetch_paced(&self, request: &FetchRequest, interval_ms: u64) -> Result<Fetched, FetchError> {
        fetch::fetch(&self.inner, self.terms(Some(interval_ms)), request).await
    }
    /// As [`Net::fetch_to_file`], but what a broken download left is kept beside `path` and gone on with next time, if the server still has
    /// the same state of it (`If-Range`). The file appears under `path` whole or not at all.
    ///
    /// # Errors
    /// As [`Net::fetch_to_file`].
    pub async fn fetch_resuming(&self, request: &FetchRequest, path: &Path, cap: u64) -> Result<FetchedFile, FetchError> {
        resume::fetch(&self.inner, self.terms(None), request, path, cap).await
    }
    /// Opens a WebSocket (RFC 6455) behind the same guard, as a client that reads.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn websocket(&self, url: &Url) -> Result<WebSocket, FetchError> {
        websocket::open(&self.inner, url).await
    }
    fn terms(&self, interval_ms: Option<u64>) -> fetch::Terms<'_> {
        fetch::Terms { account: self.account.as_deref(), interval_ms }
    }
    /// One line to a server, and all that it says until it closes (WHOIS, RFC 3912). Guarded and pinned as every hop; what came before a cap
    /// or the time limit is given with the reason.
    ///
    /// # Errors
    /// [`FetchError`]: nothing was sent.
    pub async fn talk(&self, host: &Host, port: u16, line: &str, cap: usize) -> Result<Talked, FetchError> {
        line::talk(&self.inner, host, port, line, cap).await
    }
    /// The same into a file of at most `cap` bytes, for feeds too large for memory. The file appears under `path` whole or not at all.
    ///
    /// # Errors
    /// [`FetchError`]; a status outside 200..=299 is no error, but leaves no file.
    pub async fn fetch_to_file(&self, request: &FetchRequest, path: &Path, cap: u64) -> Result<FetchedFile, FetchError> {
        fetch::fetch_to_file(&self.inner, self.terms(None), request, path, cap).await
    }
    /// Posts to a webhook that the settings name (never to an address from a page): no guard, no redirect. Gives status and answer.
    ///
    /// # Errors
    /// One line without the address's path, which may hold a key.
    pub async fn post_notice(&self, url: &Url, content_type: &str, body: Vec<u8>) -> Result<(u16, Vec<u8>), String> {
        notice::post(&self.inner, url, content_type, body).await
    }
    /// Hands a mail to a server that the settings name.
    ///
    /// # Errors
    /// One line.
    pub async fn mail_notice(&self, mail: &Mail) -> Result<(), String> {
        notice::mail(&self.inner, mail).await
    }
}
