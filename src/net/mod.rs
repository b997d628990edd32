//! Net: the only door to the network. Every address is resolved, checked and pinned here, on every hop.
//! In: a host, a URL or a request. Out: answers, hops, bodies, all capped. Two ways through one guard:
//! `visit` opens a fresh connection per hop and keeps every byte (evidence); `fetch` is a pooled reqwest client for feeds and APIs.
//! Never sends to an address that the guard refuses, never follows a redirect unseen, never reads past a cap.
//! A room of its own because a program that reads hostile pages must have exactly one way out.

use crate::model::capture::Hop;
use crate::model::host::Host;
use crate::model::resolution::DnsAnswer;
use crate::model::time::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use url::Url;

/// `[net]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// DNS servers, `ip:port` or `ip`. Empty: the system's.
    pub resolvers: Vec<String>,
    /// Networks (CIDR) that may be visited although they are not public. Empty by default; tests use `127.0.0.0/8`.
    pub allow_private: Vec<String>,
    /// Proxy for all HTTP (`http://host:port`). `None`: direct.
    pub proxy: Option<String>,
    /// Least time between the starts of two requests to one host.
    pub per_host_interval_ms: u64,
    /// Cap of one body, on the wire and again after decompression.
    pub max_body_bytes: u64,
    /// Redirects followed in one visit.
    pub max_redirects: u32,
    /// Cap of one whole visit with all its hops.
    pub timeout_ms: u64,
    /// How we name ourselves to services and feeds; a page visit names a common browser instead.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            allow_private: Vec::new(),
            proxy: None,
            per_host_interval_ms: 1_000,
            max_body_bytes: 8 << 20,
            max_redirects: 10,
            timeout_ms: 15_000,
            user_agent: concat!("jianwei/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What is wrong with the `[net]` settings: one line, names the key and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[net] {key}: {why}")]
pub struct BadSetting {
    /// The key.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

/// The door. Cheap to clone; clones share pace, caches and connections.
#[derive(Clone)]
pub struct Net {
    inner: Arc<Inner>,
}

struct Inner {}

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
    /// [`BadSetting`] for an address, network or proxy that does not parse.
    pub fn new(_settings: &Settings) -> Result<Self, BadSetting> {
        Ok(Self { inner: Arc::new(Inner {}) })
    }
    /// Now, by the system clock.
    pub fn now(&self) -> Timestamp {
        let _ = &self.inner;
        Timestamp::from_millis(0)
    }
    /// Which resolvers answer: `ip:port`, or `system`.
    pub fn resolvers(&self) -> Vec<String> {
        Vec::new()
    }
    /// One DNS question (`A`, `AAAA`, `CNAME`, `NS`, `MX`, `TXT`, `SOA`). Never an error: the rcode says what happened.
    pub async fn dns(&self, _host: &Host, rrtype: &str) -> DnsAnswer {
        DnsAnswer { question: rrtype.to_owned(), rcode: "SERVFAIL".into(), records: Vec::new() }
    }
    /// Visits a page as a visitor would: GET, redirects followed by hand, each hop guarded, pinned, capped and kept. The last hop says how it ended.
    /// `headers` are sent on every hop in this order, after `Host`.
    pub async fn visit(&self, _url: &Url, _headers: &[(String, String)]) -> Vec<Hop> {
        Vec::new()
    }
    /// x
    pub async fn exists(&self, _n: Vec<String>, _p: impl Fn(usize)) -> Vec<(String, crate::model::resolution::Presence)> {
        Vec::new()
    }
    /// One request of the pooled client, for feeds, searches and APIs.
    ///
    /// # Errors
    /// [`FetchError`]; a status of 400 or more is no error.
    pub async fn fetch(&self, _request: &FetchRequest) -> Result<Fetched, FetchError> {
        Err(FetchError::Failed { why: "not built".into() })
    }
}
