//! Host names, parsed once at the door. Lower case, ASCII (xn-- form), no trailing dot; or an IP literal.
//! Labels that IDNA would refuse are kept: a deceiver can put any bytes into a zone of his own.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// A host as every room names it: lower-case ASCII DNS name without trailing dot, or an IP address (IPv6 without brackets).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// Why a text is not a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a host name: {why}")]
pub struct BadHost {
    /// What was given, cut to 120 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Host {
    /// Longest name that DNS can carry, in bytes of its text form.
    pub const MAX_BYTES: usize = 253;

    /// Parses a host: any case, U-labels or A-labels, ideographic full stops, a trailing dot, IP literals (IPv6 with or without brackets).
    ///
    /// # Errors
    /// [`BadHost`] when it is empty, too long, or has a character that no DNS client would send.
    pub fn parse(text: &str) -> Result<Self, BadHost> {
        let bad = |why| BadHost { text: text.chars().take(120).collect(), why };
        let trimmed = text.trim().trim_matches(['[', ']']);
        if let Ok(ip) = trimmed.parse::<IpAddr>() {
            return Ok(Self(ip.to_string()));
        }
        let dotted: String = trimmed.chars().map(|c| if matches!(c, '。' | '．' | '｡') { '.' } else { c }).collect();
        let lower = dotted.trim_end_matches('.').to_lowercase();
        let ascii = if lower.is_ascii() {
            lower
        } else {
            idna::domain_to_ascii(&lower).map_err(|_| bad("its non-ASCII labels have no xn-- form"))?
        };
        if ascii.is_empty() {
            return Err(bad("empty"));
        }
        if ascii.len() > Self::MAX_BYTES {
            return Err(bad("longer than 253 bytes"));
        }
        for label in ascii.split('.') {
            if label.is_empty() || label.len() > 63 {
                return Err(bad("a label is empty or longer than 63 bytes"));
            }
            if !label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err(bad("a character that is not a letter, digit, hyphen or underscore"));
            }
        }
        if ascii.rsplit('.').next().is_some_and(|tld| tld.bytes().all(|b| b.is_ascii_digit())) {
            return Err(bad("ends in a number but is no IP address"));
        }
        Ok(Self(ascii))
    }
    /// The ASCII form, as DNS and certificates carry it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The address, where the host is an IP literal.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
    /// As it stands in a URL (IPv6 in brackets).
    pub fn for_url(&self) -> String {
        match self.ip() {
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.0.clone(),
        }
    }
    /// As a person reads it: xn-- labels decoded where they decode.
    pub fn unicode(&self) -> String {
        let (text, _) = idna::domain_to_unicode(&self.0);
        text
    }
    /// Is this host `tree` itself or below it, at a DNS label boundary? `cx.mem.gov.cn` is under `gov.cn`; `x-gov.cn` is not.
    pub fn under(&self, tree: &str) -> bool {
        self.0 == tree || (self.0.len() > tree.len() && self.0.ends_with(tree) && self.0.as_bytes()[self.0.len() - tree.len() - 1] == b'.')
    }
    /// The registrable name by the public suffix list (`cx.mem.gov.cn` -> `mem.gov.cn`). `None`: an IP or itself a suffix.
    pub fn registrable(&self) -> Option<&str> {
        if self.ip().is_some() {
            return None;
        }
        psl::domain_str(&self.0)
    }
    /// For text that leaves the unit: `cx[.]example[.]com`, so that nothing turns it into a live link.
    pub fn defanged(&self) -> String {
        self.0.replace('.', "[.]").replace(':', "[:]")
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl Serialize for Host {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}
impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_folded_to_one_form() {
        for (given, want) in [
            ("CX.Mem.Gov.CN.", "cx.mem.gov.cn"),
            ("应急管理部.com", "xn--extu8ah31brfhgw1a.com"),
            ("证书查询。中国", "xn--1jq843d2lz3da.xn--fiqs8s"),
            ("[::1]", "::1"),
            ("203.0.113.9", "203.0.113.9"),
            ("xn--zzzzzz--.top", "xn--zzzzzz--.top"),
            ("_dmarc.a.com", "_dmarc.a.com"),
        ] {
            assert_eq!(Host::parse(given).map(|h| h.to_string()), Ok(want.to_owned()), "{given}");
        }
        for bad in ["", ".", "a..b", "a b.com", "1.2.3", "http://a.com", &"a".repeat(64)] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tree_is_matched_at_label_boundaries_only() {
        let host = |t| Host::parse(t).expect("a host");
        assert!(host("cx.mem.gov.cn").under("mem.gov.cn"));
        assert!(host("mem.gov.cn").under("mem.gov.cn"));
        assert!(!host("xmem.gov.cn").under("mem.gov.cn"));
        assert!(!host("mem.gov.cn.evil.top").under("mem.gov.cn"));
        assert_eq!(host("cx.mem.gov.cn").registrable(), Some("mem.gov.cn"));
        assert_eq!(host("a.b.bj.cn").registrable(), Some("b.bj.cn"));
    }
}
