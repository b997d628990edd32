//! A capture: one polite visit, every hop kept. What the world did is an [`Outcome`], never an error.

use super::page::Page;
use super::rendered::{Browsing, KeptFile};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// How a visit ended. The names are the `outcome` of the `check/1` contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A page was read and kept (whatever its status).
    Captured,
    /// No connection, or it broke before a head was read.
    Unreachable {
        /// `connection refused`, `reset`, `TLS alert`, ...
        why: String,
    },
    /// DNS says that the name does not exist.
    NoSuchHost,
    /// The time cap was reached; what came until then is kept.
    TimedOut {
        /// Milliseconds until we gave up.
        after_ms: u64,
    },
    /// The guard refused the address, on this or a later hop. Nothing was sent to it.
    RefusedByGuard {
        /// The address or literal that was refused.
        address: String,
        /// `loopback`, `private`, `link_local`, ...
        why: String,
    },
    /// Body, head or decompressed body went over its cap; the first part is kept.
    TooLarge {
        /// The cap in bytes.
        limit_bytes: u64,
    },
    /// The answer is no page (an image, a download, an empty body).
    NotHtml {
        /// Media type as declared or sniffed.
        media_type: String,
    },
    /// Something else on their side: too many redirects, malformed HTTP, bad encoding.
    Failed {
        /// What.
        why: String,
    },
}

impl Outcome {
    /// The contract's word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Unreachable { .. } => "unreachable",
            Self::NoSuchHost => "no_such_host",
            Self::TimedOut { .. } => "timed_out",
            Self::RefusedByGuard { .. } => "refused_by_guard",
            Self::TooLarge { .. } => "too_large",
            Self::NotHtml { .. } => "not_html",
            Self::Failed { .. } => "failed",
        }
    }
    /// One sentence in English on what happened.
    pub fn why(&self) -> String {
        match self {
            Self::Captured => "page captured".into(),
            Self::Unreachable { why } => format!("no answer: {why}"),
            Self::NoSuchHost => "the name does not exist".into(),
            Self::TimedOut { after_ms } => format!("gave up after {after_ms} ms"),
            Self::RefusedByGuard { address, why } => format!("{address} is {why}: refused, nothing was sent"),
            Self::TooLarge { limit_bytes } => format!("larger than {limit_bytes} bytes"),
            Self::NotHtml { media_type } => format!("not a page: {media_type}"),
            Self::Failed { why } => why.clone(),
        }
    }
    /// The same in Chinese.
    pub fn why_zh(&self) -> String {
        match self {
            Self::Captured => "已固定页面".into(),
            Self::Unreachable { why } => format!("无法连接：{why}"),
            Self::NoSuchHost => "域名不存在".into(),
            Self::TimedOut { after_ms } => format!("超时，{after_ms} 毫秒后放弃"),
            Self::RefusedByGuard { address, why } => format!("地址 {address}（{why}）被安全守卫拒绝，未发出任何请求"),
            Self::TooLarge { limit_bytes } => format!("超过 {limit_bytes} 字节上限"),
            Self::NotHtml { media_type } => format!("不是网页：{media_type}"),
            Self::Failed { why } => format!("失败：{why}"),
        }
    }
}

/// Milliseconds spent in each part of one hop. `None`: that part did not happen or did not end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// DNS look-up.
    pub dns_ms: Option<u64>,
    /// TCP connect.
    pub connect_ms: Option<u64>,
    /// TLS handshake.
    pub tls_ms: Option<u64>,
    /// From request sent to first byte of the head.
    pub first_byte_ms: Option<u64>,
    /// The whole hop.
    pub total_ms: u64,
}

/// TLS facts of one hop, from the very connection that carried the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1_2` or `TLSv1_3`.
    pub version: String,
    /// IANA cipher suite name.
    pub cipher: String,
    /// The chain as sent, leaf first, each certificate DER in base64, at most 16.
    pub chain: Vec<String>,
    /// Leaf facts in words.
    pub leaf: Option<CertificateFacts>,
    /// Does the chain verify against the Mozilla roots for this name now? The reason where it does not. A visit goes on either way.
    pub verified: Result<(), String>,
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject, RFC 4514 form.
    pub subject: String,
    /// Issuer, RFC 4514 form.
    pub issuer: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// DNS and IP names, at most 256.
    pub names: Vec<String>,
    /// SHA-256 of the DER, hexadecimal.
    pub sha256: String,
}

/// One request and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// 0 for the first.
    pub n: u32,
    /// The URL asked.
    pub url: String,
    /// When the hop began.
    pub at: Timestamp,
    /// The pinned address that was connected to. `None`: never connected.
    pub address: Option<SocketAddr>,
    /// Every byte of the request head as sent, ending in an empty line.
    #[serde(with = "bytes_text")]
    pub request_head: Vec<u8>,
    /// Every byte of the response head as received, ending in an empty line. Empty: none came.
    #[serde(with = "bytes_text")]
    pub response_head: Vec<u8>,
    /// Status code. `None`: no head came.
    pub status: Option<u16>,
    /// Response headers in order, names as sent.
    pub headers: Vec<(String, String)>,
    /// Body bytes as on the wire (still chunked and compressed), cut at the cap. Not in JSON: the WARC has them.
    #[serde(skip)]
    pub wire_body: Vec<u8>,
    /// Body after transfer and content decoding, cut at the cap. Not in JSON.
    #[serde(skip)]
    pub body: Vec<u8>,
    /// Bytes of the body as on the wire.
    pub wire_bytes: u64,
    /// Was anything cut?
    pub truncated: bool,
    /// Where the time went.
    pub timing: Timing,
    /// TLS facts; `None` for http.
    pub tls: Option<TlsFacts>,
    /// Where it sent us, resolved against its own URL. `None`: no redirect.
    pub redirect_to: Option<String>,
    /// How this hop itself ended, where it did not end well.
    pub trouble: Option<Outcome>,
}

impl Hop {
    /// A hop about to be made: nothing is sent yet, nothing known.
    pub fn begun(n: u32, url: String, at: Timestamp) -> Self {
        Self {
            n,
            url,
            at,
            address: None,
            request_head: Vec::new(),
            response_head: Vec::new(),
            status: None,
            headers: Vec::new(),
            wire_body: Vec::new(),
            body: Vec::new(),
            wire_bytes: 0,
            truncated: false,
            timing: Timing::default(),
            tls: None,
            redirect_to: None,
            trouble: None,
        }
    }
    /// The first value of a response header, name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// One polite visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// What was asked for.
    pub requested_url: String,
    /// Where it ended. `None`: nowhere.
    pub final_url: Option<String>,
    /// As whom we came: `desktop`, later also `wechat`, `baidu_referer`, `spider`.
    pub variant: String,
    /// Start of the visit.
    pub started_at: Timestamp,
    /// End of the visit.
    pub ended_at: Timestamp,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// All hops in order.
    pub hops: Vec<Hop>,
    /// What was read from the last body, or from what the browser showed. `None` unless a page came.
    pub page: Option<Page>,
    /// Files that the visit keeps for the package's view folder, besides what is read from the page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptFile>,
    /// What the browser did. `None`: this visit was plain HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Browsing>,
}

mod bytes_text {
    //! Heads are nearly always ASCII; other bytes survive as U+0000..U+00FF (Latin-1), one character a byte.
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&bytes.iter().map(|b| char::from(*b)).collect::<String>())
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        text.chars().map(|c| u8::try_from(u32::from(c)).map_err(|_| serde::de::Error::custom("a head holds bytes, not text"))).collect()
    }
}
