//! `[net]` as written, and as checked. Every value is judged here, once; the rest of the room reads parsed types only.

use crate::net::cidr::Cidr;
use crate::net::meter::Limit;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// `[net]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// DNS servers, `ip:port` or `ip`. Empty: the system's.
    pub resolvers: Vec<String>,
    /// Questions a second to each resolver in bulk look-ups, retries included. `None`: 2,000, and no bound for a resolver on this machine.
    pub dns_per_s: Option<u32>,
    /// Networks (CIDR) that may be visited although they are not public. Empty by default; tests use `127.0.0.0/8`.
    pub allow_private: Vec<String>,
    /// Proxy for all HTTP (`http://host:port`); visits ask it for a tunnel (CONNECT) to the address that the guard saw. `None`: direct.
    pub proxy: Option<String>,
    /// Least time between the starts of two requests to one host.
    pub per_host_interval_ms: u64,
    /// Cap of one body, on the wire and again after decompression.
    pub max_body_bytes: u64,
    /// Redirects followed in one visit.
    pub max_redirects: u32,
    /// Cap of one whole visit with all its hops; waiting for a polite moment is not counted.
    pub timeout_ms: u64,
    /// How much a service may be asked, by host or by source, a second and a day. Empty: only `per_host_interval_ms` holds.
    pub limits: Vec<Limit>,
    /// How we name ourselves to services and feeds; a page visit names a common browser instead.
    pub user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            dns_per_s: None,
            allow_private: Vec::new(),
            proxy: None,
            per_host_interval_ms: 1_000,
            max_body_bytes: 8 << 20,
            max_redirects: 10,
            timeout_ms: 15_000,
            limits: Vec::new(),
            user_agent: concat!("jianwei/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// What is wrong with a setting: one line, names section, key and remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{section}] {key}: {why}")]
pub struct BadSetting {
    /// The section of the settings file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub why: String,
}

/// Host and port of the forward proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The settings, parsed and bounded.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) resolvers: Vec<SocketAddr>,
    pub(crate) allow: Vec<Cidr>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) max_body_bytes: usize,
}

/// Largest accepted `max_body_bytes`: bodies are held in memory.
const MAX_BODY_BYTES: u64 = 256 << 20;
/// Largest accepted `timeout_ms` and `per_host_interval_ms`: one hour.
const MAX_MS: u64 = 3_600_000;
/// Largest accepted `max_redirects`.
const MAX_REDIRECTS: u32 = 50;
/// Largest accepted `dns_per_s`.
const MAX_DNS_PER_S: u32 = 1_000_000;

impl Settings {
    /// Judges every value.
    pub(crate) fn check(&self) -> Result<Checked, BadSetting> {
        in_range("timeout_ms", self.timeout_ms, 1, MAX_MS)?;
        in_range("per_host_interval_ms", self.per_host_interval_ms, 0, MAX_MS)?;
        in_range("max_body_bytes", self.max_body_bytes, 1, MAX_BODY_BYTES)?;
        in_range("dns_per_s", u64::from(self.dns_per_s.unwrap_or(1)), 1, u64::from(MAX_DNS_PER_S))?;
        in_range("max_redirects", u64::from(self.max_redirects), 0, u64::from(MAX_REDIRECTS))?;
        if self.user_agent.trim().is_empty() || !self.user_agent.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(BadSetting { section: "net", key: "user_agent", why: "must be printable ASCII and not empty".into() });
        }
        if let Some(why) = self.limits.iter().find_map(Limit::fault) {
            return Err(BadSetting { section: "net", key: "limits", why });
        }
        Ok(Checked {
            resolvers: self.resolvers.iter().map(|text| resolver(text)).collect::<Result<_, _>>()?,
            allow: self.allow_private.iter().map(|text| network(text)).collect::<Result<_, _>>()?,
            proxy: self.proxy.as_deref().map(proxy).transpose()?,
            max_body_bytes: usize::try_from(self.max_body_bytes).unwrap_or(usize::MAX),
        })
    }
}

fn in_range(key: &'static str, value: u64, least: u64, most: u64) -> Result<(), BadSetting> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(BadSetting { section: "net", key, why: format!("{value} is out of range; give a number from {least} to {most}") })
}

fn resolver(text: &str) -> Result<SocketAddr, BadSetting> {
    let bare = text.trim();
    let address = bare.parse::<SocketAddr>().or_else(|_| bare.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53)));
    address.ok().filter(|a| a.port() != 0 && !a.ip().is_unspecified()).ok_or_else(|| BadSetting {
        section: "net",
        key: "resolvers",
        why: format!("`{text}` is no address of a DNS server; write it as \"192.0.2.1\", \"192.0.2.1:53\" or \"[2001:db8::1]:53\""),
    })
}

fn network(text: &str) -> Result<Cidr, BadSetting> {
    Cidr::parse(text).ok_or_else(|| BadSetting {
        section: "net",
        key: "allow_private",
        why: format!("`{text}` is no network; write it as \"127.0.0.0/8\" or \"fd00::/8\", with all bits after the prefix zero"),
    })
}

pub(crate) fn proxy(text: &str) -> Result<Proxy, BadSetting> {
    let bad =
        |why: &str| BadSetting { section: "net", key: "proxy", why: format!("`{text}` {why}; write it as \"http://192.0.2.1:3128\"") };
    let url = Url::parse(text).map_err(|e| bad(&format!("is no URL ({e})")))?;
    if url.scheme() != "http" {
        return Err(bad("is not an http proxy"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("carries a user or password, which is not supported"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(bad("has a path"));
    }
    let host = url.host_str().ok_or_else(|| bad("has no host"))?;
    Ok(Proxy { host: host.trim_matches(['[', ']']).to_owned(), port: url.port_or_known_default().unwrap_or(80) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_defaults_are_good() {
        assert_eq!(complaint(|_| ()), "");
    }

    #[test]
    fn every_bad_value_is_named_with_its_key_and_the_remedy_on_one_line() {
        let lines = [
            ("resolvers", complaint(|s| s.resolvers = vec!["dns.example".into()])),
            ("resolvers", complaint(|s| s.resolvers = vec!["127.0.0.1:0".into()])),
            ("resolvers", complaint(|s| s.resolvers = vec!["127.0.0.1:70000".into()])),
            ("allow_private", complaint(|s| s.allow_private = vec!["127.0.0.0/33".into()])),
            ("allow_private", complaint(|s| s.allow_private = vec!["127.0.0.1/8".into()])),
            ("allow_private", complaint(|s| s.allow_private = vec!["localhost".into()])),
            ("proxy", complaint(|s| s.proxy = Some("socks5://127.0.0.1:1".into()))),
            ("proxy", complaint(|s| s.proxy = Some("127.0.0.1:3128".into()))),
            ("proxy", complaint(|s| s.proxy = Some("http://u:p@127.0.0.1:3128".into()))),
            ("proxy", complaint(|s| s.proxy = Some("http://127.0.0.1:3128/x".into()))),
            ("timeout_ms", complaint(|s| s.timeout_ms = 0)),
            ("timeout_ms", complaint(|s| s.timeout_ms = u64::MAX)),
            ("per_host_interval_ms", complaint(|s| s.per_host_interval_ms = u64::MAX)),
            ("max_body_bytes", complaint(|s| s.max_body_bytes = 0)),
            ("max_body_bytes", complaint(|s| s.max_body_bytes = 1 << 40)),
            ("max_redirects", complaint(|s| s.max_redirects = 51)),
            ("dns_per_s", complaint(|s| s.dns_per_s = Some(0))),
            ("dns_per_s", complaint(|s| s.dns_per_s = Some(1_000_001))),
            ("user_agent", complaint(|s| s.user_agent = "a\r\nb".into())),
            ("user_agent", complaint(|s| s.user_agent = " ".into())),
        ];
        for (key, line) in lines {
            assert!(line.starts_with(&format!("[net] {key}: ")), "{key}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn resolvers_may_leave_the_port_out() {
        let good = Settings { resolvers: vec!["9.9.9.9".into(), "[2620:fe::fe]:5353".into(), "2620:fe::fe".into()], ..Settings::default() };
        let parsed = good.check().expect("good settings").resolvers;
        let text: Vec<String> = parsed.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["9.9.9.9:53", "[2620:fe::fe]:5353", "[2620:fe::fe]:53"]);
    }
}
