//! Resolve: what DNS says of a host, at one time, with every answer kept; and at the desk, whose the host is: registers, address tables, fronts, filings.
//! In: a `Host`. Out: a `Resolution` in three states. Never decides whether the host is visited; that is the guard's word.
//! Where all addresses are those that the resolver gives for names nobody made, the name is absent: the answers are kept, the addresses are not believed.

mod desk;
pub mod filings;
pub mod fronts;
mod lanes;
mod networks;
pub mod pdns;
pub mod rdap;
mod register;
mod settings;
pub mod tables;
pub mod whois;

pub use desk::{Desk, FRONTS_LIST};
pub use settings::{Server, Settings};

use crate::model::host::Host;
use crate::model::resolution::{DnsAnswer, Presence, Resolution};
use crate::net::{HIJACKED, Net};
use futures_util::future;
use std::net::IpAddr;

/// Looks up A and AAAA (CNAMEs come along); NS, MX and SOA too when `full`. An IP literal is present, and nobody is asked.
pub async fn resolve(host: &Host, net: &Net, full: bool) -> Resolution {
    let (at, resolvers) = (net.now(), net.resolvers());
    if let Some(ip) = host.ip() {
        return Resolution { host: host.clone(), at, resolvers, presence: Presence::Present, addresses: vec![ip], answers: Vec::new() };
    }
    let questions: &[&str] = if full { &["A", "AAAA", "NS", "MX", "SOA"] } else { &["A", "AAAA"] };
    let answers = future::join_all(questions.iter().map(|rrtype| net.dns(host, rrtype))).await;
    let mut addresses = addresses(&answers);
    let mut presence = presence(&answers, &addresses);
    if !addresses.is_empty() && is_hijacked(&addresses, net).await {
        presence = Presence::Absent { why: HIJACKED.into() };
        addresses.clear();
    }
    Resolution { host: host.clone(), at, resolvers, presence, addresses, answers }
}

/// Whether the resolver gives no other addresses for names that cannot exist.
async fn is_hijacked(addresses: &[IpAddr], net: &Net) -> bool {
    let given = net.hijack_addresses().await;
    addresses.iter().all(|ip| given.contains(ip))
}

fn addresses(answers: &[DnsAnswer]) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for record in answers.iter().flat_map(|a| &a.records).filter(|r| matches!(r.rrtype.as_str(), "A" | "AAAA")) {
        if let Some(ip) = record.data.parse().ok().filter(|ip| !found.contains(ip)) {
            found.push(ip);
        }
    }
    found
}

/// Present by an address; absent only when the answers say so; else unknown, with the rcode.
fn presence(answers: &[DnsAnswer], addresses: &[IpAddr]) -> Presence {
    if !addresses.is_empty() {
        return Presence::Present;
    }
    let of_addresses = || answers.iter().filter(|a| matches!(a.question.as_str(), "A" | "AAAA"));
    if of_addresses().any(|a| a.rcode == "NXDOMAIN") {
        return Presence::Absent { why: "NXDOMAIN".into() };
    }
    match of_addresses().find(|a| a.rcode != "NOERROR") {
        Some(answer) => Presence::Unknown { why: answer.rcode.clone() },
        None => Presence::Absent { why: "NODATA".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resolution::DnsRecord;

    fn told(a: &str, aaaa: &str, address: bool) -> Presence {
        let record = DnsRecord { name: "a.com".into(), rrtype: "A".into(), ttl: 1, data: "8.8.8.8".into() };
        let answers = [
            DnsAnswer { question: "A".into(), rcode: a.into(), records: address.then_some(record).into_iter().collect() },
            DnsAnswer { question: "AAAA".into(), rcode: aaaa.into(), records: Vec::new() },
        ];
        presence(&answers, &addresses(&answers))
    }

    #[test]
    fn a_name_is_absent_only_when_dns_says_so() {
        assert_eq!(told("NOERROR", "TIMEOUT", true), Presence::Present);
        assert_eq!(told("NXDOMAIN", "SERVFAIL", false), Presence::Absent { why: "NXDOMAIN".into() });
        assert_eq!(told("NOERROR", "NOERROR", false), Presence::Absent { why: "NODATA".into() });
        assert_eq!(told("NOERROR", "TIMEOUT", false), Presence::Unknown { why: "TIMEOUT".into() });
        assert_eq!(told("SERVFAIL", "NOERROR", false), Presence::Unknown { why: "SERVFAIL".into() });
    }
}
