//! Whose network an address stands in: RDAP of the address registers, for their abuse contacts. In: an address. Out: a `Network`, or why not.
//! The register is found by IANA's lists of networks, else by the server that the settings or the shipped file name for `ip`.

use crate::model::hosting::Network;
use crate::model::registration::AskOutcome;
use crate::model::time::Timestamp;
use crate::net::Net;
use crate::resolve::fronts::network as block;
use crate::resolve::rdap::{self, Object};
use crate::resolve::register::{BOOTSTRAP_MS, Register, decoded, host_of, raw};
use crate::resolve::settings::Server;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Networks remembered in this process.
const MAX_KNOWN: usize = 2_000;
const DAY_MS: i64 = 86_400_000;
/// The suffix under which settings and shipped file name the server for addresses.
const IP: &str = "ip";

/// First and last address as 128-bit numbers, and the RDAP base.
type Blocks = Vec<(u128, u128, String)>;
/// A list, and when it was fetched. `None`: not yet.
type Fetched = Option<(Timestamp, Arc<Blocks>)>;

/// What is remembered: the lists of IPv4 and IPv6, and answers.
#[derive(Default)]
pub(super) struct Networks {
    lists: [Mutex<Fetched>; 2],
    known: Mutex<Vec<Network>>,
}

impl Register {
    /// The network of an address, asked once while the answer is fresh.
    pub(crate) async fn network(&self, ip: IpAddr, net: &Net) -> Network {
        let ip = ip.to_canonical();
        let days = i64::from(self.settings.cache_days) * DAY_MS;
        let fresh = |n: &Network| n.at.is_some_and(|at| at.plus_millis(if n.range.is_some() { days } else { DAY_MS / 24 }) > net.now());
        let known = self.networks.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.into_iter().rev().find(|n| (n.holds(ip) || n.ip == Some(ip)) && fresh(n)) {
            return Network { ip: Some(ip), ..known };
        }
        let found = self.network_anew(ip, net).await;
        let mut known = self.networks.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.push(found.clone());
        found
    }
    async fn network_anew(&self, ip: IpAddr, net: &Net) -> Network {
        let at = net.now();
        let told = |server: &str, query: &str, outcome, text| Network {
            ip: Some(ip),
            at: Some(at),
            raw: Some(raw("rdap", server, query, at, outcome, text)),
            ..Network::default()
        };
        let Some(base) = self.base_of(ip, net).await else {
            return told("", &ip.to_string(), AskOutcome::Failed { why: "no register is known for this address".into() }, String::new());
        };
        let base = base.trim_end_matches('/');
        let address = format!("{}/ip/{ip}", base.strip_suffix("/ip").unwrap_or(base));
        let server = host_of(&address).unwrap_or_default();
        let fetched = match self.get_rdap(&address, net).await {
            Ok(fetched) => fetched,
            Err(outcome) => return told(&server, &address, outcome, String::new()),
        };
        let query = match fetched.final_url.as_str() {
            end if end == address => address,
            end => format!("{address} -> {end}"),
        };
        let text = decoded(&fetched.body);
        let object = rdap::read(&fetched.body);
        let outcome = match (fetched.status, &object) {
            (404, _) => AskOutcome::NotRegistered,
            (200..=299, Ok(object)) => rdap::judge_address(object, ip),
            (200..=299, Err(why)) => AskOutcome::Unreadable { why: why.clone() },
            (status, _) => AskOutcome::Failed { why: format!("HTTP {status}") },
        };
        let answered = outcome == AskOutcome::Answered;
        let plain = told(&server, &query, outcome, text);
        match object {
            Ok(Object::Other { name, country, abuse_email, abuse_phone, holder, range, .. }) if answered => Network {
                range,
                name: Some(name).filter(|n| !n.is_empty()),
                holder,
                country,
                abuse_email,
                abuse_phone,
                source: format!("rdap {server}"),
                ..plain
            },
            _ => plain,
        }
    }
    /// The settings' own server for addresses, else the list's, else the shipped one.
    async fn base_of(&self, ip: IpAddr, net: &Net) -> Option<String> {
        let named = |servers: &[Server]| servers.iter().find(|s| s.suffix == IP).and_then(|s| s.rdap.clone());
        if let Some(own) = named(&self.settings.server) {
            return Some(own);
        }
        let n = match ip {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let list = self.list(ip.is_ipv6(), net).await;
        let narrowest = list.iter().filter(|(first, last, _)| (*first..=*last).contains(&n)).min_by_key(|(first, last, _)| last - first);
        narrowest.map(|(.., base)| base.clone()).or_else(|| named(&self.shipped))
    }
    /// IANA's list for a family, beside the list of suffixes (`dns.json` -> `ipv4.json`). Empty where it cannot be had.
    async fn list(&self, v6: bool, net: &Net) -> Arc<Blocks> {
        let (slot, now) = (&self.networks.lists[usize::from(v6)], net.now());
        let held = slot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, list)) = held.filter(|(at, list)| at.plus_millis(BOOTSTRAP_MS[usize::from(list.is_empty())]) > now) {
            return list;
        }
        let name = if v6 { "ipv6.json" } else { "ipv4.json" };
        let address = self.settings.bootstrap.strip_suffix("dns.json").map(|dir| format!("{dir}{name}")).unwrap_or_default();
        let list = self.fetch_list(&address, net).await.unwrap_or_else(|why| {
            if !why.is_empty() {
                tracing::info!("{address}: the list of address registers cannot be had ({why}); the shipped server is used");
            }
            Vec::new()
        });
        let list = Arc::new(list.into_iter().filter_map(|(key, base)| block(&key).map(|(first, last)| (first, last, base))).collect());
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&list)));
        list
    }
}
