//! Reach: from a host and a port to addresses that may be connected to, or the reason why there are none.
//! Literals and answers go through the same guard; what is returned here is what is connected to, so no second look-up can change it.

use crate::model::capture::Outcome;
use crate::model::host::Host;
use crate::net::dns::Dns;
use crate::net::guard::{Guard, port_refusal};
use std::net::IpAddr;
use url::Url;

/// Addresses tried of one host.
pub(crate) const MAX_ADDRESSES: usize = 3;

/// Why a host cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoWay {
    #[error("{address} is {why}: refused")]
    Refused { address: String, why: String },
    #[error("the name does not exist")]
    NoSuchHost,
    #[error("DNS gave no usable answer: {0}")]
    Dns(String),
    #[error("{0}")]
    BadUrl(String),
}

impl NoWay {
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Refused { address, why } => Outcome::RefusedByGuard { address, why },
            Self::NoSuchHost => Outcome::NoSuchHost,
            Self::Dns(_) => Outcome::Unreachable { why: self.to_string() },
            Self::BadUrl(why) => Outcome::Failed { why },
        }
    }
}

/// Scheme, host, port and literal of a URL, before anything is asked of the network.
pub(crate) fn target(url: &Url, guard: &Guard) -> Result<(Host, u16), NoWay> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NoWay::BadUrl(format!("`{}` is no scheme of web pages", url.scheme())));
    }
    let text = url.host_str().unwrap_or_default();
    let host = Host::parse(text).map_err(|e| NoWay::BadUrl(e.to_string()))?;
    let port = url.port_or_known_default().unwrap_or_default();
    if let Some(ip) = host.ip() {
        checked(ip, guard)?;
    }
    if let Some(why) = port_refusal(port) {
        return Err(NoWay::Refused { address: format!("{}:{port}", host.for_url()), why: why.into() });
    }
    Ok((host, port))
}

/// The addresses of a host that the guard lets through, at most [`MAX_ADDRESSES`], IPv4 before IPv6.
/// IPv6 is asked only when IPv4 gives no way: many servers of cheap hosters leave AAAA questions without an answer.
pub(crate) async fn addresses(host: &Host, dns: &Dns, guard: &Guard) -> Result<Vec<IpAddr>, NoWay> {
    if let Some(ip) = host.ip() {
        return checked(ip, guard).map(|()| vec![ip]);
    }
    let mut refused = None;
    let mut trouble = None;
    for rrtype in ["A", "AAAA"] {
        let answer = dns.ask(host.as_str(), rrtype).await;
        let records = answer.records.iter().filter(|r| r.rrtype == rrtype);
        let (mut open, mut shut) = (Vec::new(), None);
        for ip in records.filter_map(|r| r.data.parse::<IpAddr>().ok()) {
            match checked(ip, guard) {
                Ok(()) => open.push(ip),
                Err(no) => shut = shut.or(Some(no)),
            }
        }
        if !open.is_empty() {
            open.truncate(MAX_ADDRESSES);
            return Ok(open);
        }
        refused = refused.or(shut);
        match answer.rcode.as_str() {
            "NXDOMAIN" => return Err(refused.unwrap_or(NoWay::NoSuchHost)),
            "NOERROR" => {}
            rcode => trouble = trouble.or(Some(NoWay::Dns(rcode.to_owned()))),
        }
    }
    Err(refused.or(trouble).unwrap_or(NoWay::NoSuchHost))
}

fn checked(ip: IpAddr, guard: &Guard) -> Result<(), NoWay> {
    match guard.refusal(ip) {
        None => Ok(()),
        Some(why) => Err(NoWay::Refused { address: ip.to_string(), why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::cidr::Cidr;

    fn why(url: &str, allow: &[&str]) -> String {
        let guard = Guard::new(allow.iter().map(|net| Cidr::parse(net).expect("a network")).collect());
        match target(&Url::parse(url).expect("a URL"), &guard) {
            Ok((host, port)) => format!("{host} {port}"),
            Err(NoWay::Refused { address, why }) => format!("refused {address} {why}"),
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn literals_are_judged_in_every_spelling() {
        for (url, want) in [
            ("http://127.0.0.1/", "refused 127.0.0.1 loopback"),
            ("http://2130706433/", "refused 127.0.0.1 loopback"),
            ("http://0x7f000001/", "refused 127.0.0.1 loopback"),
            ("http://0177.0.0.1/", "refused 127.0.0.1 loopback"),
            ("http://127.1/", "refused 127.0.0.1 loopback"),
            ("http://１２７.0.0.1/", "refused 127.0.0.1 loopback"),
            ("http://[::ffff:10.0.0.1]/", "refused ::ffff:10.0.0.1 ipv4_mapped_private"),
            ("http://[::1]:8080/", "refused ::1 loopback"),
            ("http://169.254.169.254/latest/", "refused 169.254.169.254 link_local"),
            ("https://8.8.8.8/", "8.8.8.8 443"),
            ("http://8.8.8.8:22/", "refused 8.8.8.8:22 bad_port"),
            ("http://a.com:25/", "refused a.com:25 bad_port"),
            ("http://A.com.:8000/", "a.com 8000"),
        ] {
            assert_eq!(why(url, &[]), want, "{url}");
        }
        assert_eq!(why("http://127.0.0.1:80/", &["127.0.0.0/8"]), "127.0.0.1 80");
        assert_eq!(why("http://127.0.0.1:22/", &["127.0.0.0/8"]), "refused 127.0.0.1:22 bad_port");
        assert!(why("ftp://a.com/", &[]).contains("no scheme of web pages"));
    }
}
