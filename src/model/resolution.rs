//! A resolution: what DNS (later: registration, hosting, filing) said of a host at one time.

use super::host::Host;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Does the name exist? Three states, never two: a resolver that did not answer says nothing about the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// At least one address record.
    Present,
    /// NXDOMAIN, or no address record.
    Absent {
        /// `NXDOMAIN` or `NODATA`.
        why: String,
    },
    /// No usable answer.
    Unknown {
        /// Timeout, SERVFAIL, refused, malformed.
        why: String,
    },
}

/// One record of an answer, as received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Owner name, lower case, no trailing dot.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, `NS`, ...
    pub rrtype: String,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Presentation form.
    pub data: String,
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswer {
    /// Record type asked.
    pub question: String,
    /// `NOERROR`, `NXDOMAIN`, `SERVFAIL`, ... or `TIMEOUT`.
    pub rcode: String,
    /// Records in order of receipt, at most 64.
    pub records: Vec<DnsRecord>,
}

/// DNS facts of one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The host asked for.
    pub host: Host,
    /// When.
    pub at: Timestamp,
    /// Which resolvers were configured, `ip:port`, or `system`.
    pub resolvers: Vec<String>,
    /// Present, absent, unknown.
    pub presence: Presence,
    /// Addresses in order of receipt; for an IP literal, itself.
    pub addresses: Vec<IpAddr>,
    /// All questions with their answers.
    pub answers: Vec<DnsAnswer>,
}

impl Resolution {
    /// Names that the CNAME chain leads through, in order.
    pub fn cname_chain(&self) -> Vec<&str> {
        let mut chain: Vec<&str> = Vec::new();
        for record in self.answers.iter().flat_map(|a| &a.records).filter(|r| r.rrtype == "CNAME") {
            if !chain.contains(&record.data.as_str()) {
                chain.push(&record.data);
            }
        }
        chain
    }
}
