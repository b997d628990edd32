//! Bulk: which of tens of thousands of names exist. In: names. Out: each with present, absent or unknown, never two states.
//! A few shared sockets a resolver, each with a window that widens while answers come and narrows when they do not; three tries a name.
//! Against the answers that lie: resolvers that give an address for names that do not exist, and suffixes that hold every name.

use crate::model::host::Host;
use crate::model::resolution::Presence;
use crate::net::dns::Dns;
use crate::net::dns::lane::{Found, Job, Lane, Work, bit, lock};
use crate::net::dns::wire::{Answer, Question};
use futures_util::{StreamExt, future, stream};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;
use tokio::time::Instant;

/// Sockets a resolver.
pub(crate) const LANES: usize = 3;
/// Names asked on their own at once.
const ALONE_AT_ONCE: usize = 16;
/// Parents probed for wildcards in one call, and probes each: one probe misses zones that answer unevenly.
const MAX_PARENTS: usize = 2_000;
const WILDCARD_PROBES: usize = 3;

/// What a parent answers to names that nobody made. `None` inside: not a wildcard.
pub(crate) type Wildcard = Option<Vec<IpAddr>>;

impl Dns {
    /// The presence of every name, in the order given. `progress` hears how many are done.
    pub(crate) async fn exists(&self, names: Vec<String>, progress: impl Fn(usize)) -> Vec<(String, Presence)> {
        if names.is_empty() {
            return Vec::new();
        }
        let hijack = self.hijack_addresses().await;
        let found = self.sweep(&names, &progress).await;
        let wild = self.wild_suffixes(&names, &found).await;
        let verdict = |(name, found): (String, Found)| {
            let presence = presence(&name, found, &hijack, &wild);
            (name, presence)
        };
        names.into_iter().zip(found).map(verdict).collect()
    }
    /// What this parent answers to three names that nobody made.
    pub(crate) async fn wildcard(&self, parent: &str) -> Wildcard {
        let probes: Vec<String> = (0..WILDCARD_PROBES).map(|_| format!("{}.{parent}", self.random.label())).collect();
        addresses(self.sweep(&probes, &|_| ()).await)
    }
    /// Addresses that the resolver gives for names that cannot exist; empty from an honest one.
    pub(crate) async fn hijack_addresses(&self) -> Vec<IpAddr> {
        let probes: Vec<String> = ["com", "invalid", "com"].iter().map(|tld| format!("{}.{tld}", self.random.label())).collect();
        let given = addresses(self.sweep(&probes, &|_| ()).await).unwrap_or_default();
        if !given.is_empty() {
            tracing::warn!(?given, "the resolver answers names that do not exist with {given:?}: such answers count as absent");
        }
        given
    }
    /// Suffixes among the parents of present names under which every name answers. Below a name that someone registered a wildcard is his doing and stands.
    async fn wild_suffixes(&self, names: &[String], found: &[Found]) -> HashMap<String, Vec<IpAddr>> {
        let present = names.iter().zip(found).filter(|(_, found)| matches!(found, Found::Addresses(_)));
        let parents: BTreeSet<&str> = present.filter_map(|(name, _)| suffix_above(name)).take(MAX_PARENTS).collect();
        let parents: Vec<&str> = parents.into_iter().collect();
        let probes: Vec<String> =
            parents.iter().flat_map(|p| (0..WILDCARD_PROBES).map(move |_| format!("{}.{p}", self.random.label()))).collect();
        let answers = self.sweep(&probes, &|_| ()).await;
        let per_parent = answers.chunks(WILDCARD_PROBES).zip(parents);
        per_parent.filter_map(|(answers, parent)| Some((parent.to_owned(), addresses(answers.to_vec())?))).collect()
    }
    async fn sweep(&self, names: &[String], progress: &impl Fn(usize)) -> Vec<Found> {
        if names.is_empty() {
            return Vec::new();
        }
        let work = Mutex::new(self.queued(names));
        // Its lanes live and die with this call: dropped, everything stops.
        let lanes = (0..self.servers.len()).flat_map(|n| (0..LANES).map(move |_| n)).map(|n| self.lane(n, &work, progress));
        future::join_all(lanes).await;
        let found = lock(&work).finish();
        let found = self.alone(names, found).await;
        progress(names.len());
        found
    }
    fn queued<'a>(&self, names: &'a [String]) -> Work<'a> {
        let all = (0..self.servers.len()).fold(0, |all, n| all | bit(n));
        let mut found = vec![None; names.len()];
        let mut queue = VecDeque::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            match Question::new(name, "A") {
                Ok(question) => queue.push_back(Job { index, question, tries: 0, second: false, failed: 0, why: None }),
                Err(why) => found[index] = Some(Found::Unknown(format!("cannot be asked: {why}"))),
            }
        }
        Work { left: queue.len(), queue, names, found, last_reply: Instant::now(), all, gone: 0 }
    }
    async fn alone(&self, names: &[String], mut found: Vec<Found>) -> Vec<Found> {
        let cut: Vec<usize> = (0..found.len()).filter(|n| matches!(found[*n], Found::Alone)).collect();
        let answers = stream::iter(cut).map(|n| async move { (n, self.whole(&names[n]).await) }).buffer_unordered(ALONE_AT_ONCE);
        for (n, answer) in answers.collect::<Vec<_>>().await {
            found[n] = answer;
        }
        found
    }
    async fn whole(&self, name: &str) -> Found {
        for rrtype in ["A", "AAAA"] {
            let answer = match Question::new(name, rrtype) {
                Ok(question) => self.chase(&question).await,
                Err(why) => return Found::Unknown(why.into()),
            };
            match answer {
                Answer { rcode, .. } if rcode == "NXDOMAIN" => return Found::Absent("NXDOMAIN"),
                Answer { rcode, .. } if rcode != "NOERROR" => return Found::Unknown(rcode),
                Answer { addresses, .. } if !addresses.is_empty() => return Found::Addresses(addresses),
                Answer { .. } => {}
            }
        }
        Found::Absent("NODATA")
    }
    async fn lane(&self, n: usize, work: &Mutex<Work<'_>>, progress: &impl Fn(usize)) {
        let mut lane = match Lane::open(self, n).await {
            Ok(lane) => lane,
            Err(e) => {
                tracing::warn!("no socket to resolver {}: {e}", self.servers[n]);
                lock(work).gone |= bit(n);
                return;
            }
        };
        while lane.step(work).await {
            let work = lock(work);
            progress(work.names.len() - work.left);
        }
        lock(work).queue.extend(lane.unanswered());
    }
}

/// The public suffix that this name is directly below. `None`: the name is deeper, or no name.
fn suffix_above(name: &str) -> Option<&str> {
    let host = Host::parse(name).ok()?;
    let (_, parent) = name.split_once('.')?;
    (host.registrable() == Some(host.as_str())).then_some(parent)
}

fn addresses(found: Vec<Found>) -> Wildcard {
    let given: HashSet<IpAddr> = found.into_iter().flat_map(|f| if let Found::Addresses(a) = f { a } else { Vec::new() }).collect();
    let mut given: Vec<IpAddr> = given.into_iter().collect();
    given.sort();
    (!given.is_empty()).then_some(given)
}

fn presence(name: &str, found: Found, hijack: &[IpAddr], wild: &HashMap<String, Vec<IpAddr>>) -> Presence {
    match found {
        Found::Addresses(addresses) if addresses.iter().all(|a| hijack.contains(a)) => {
            Presence::Absent { why: "NXDOMAIN (the resolver gives its own address instead)".into() }
        }
        Found::Addresses(addresses) => match suffix_above(name).and_then(|suffix| wild.get(suffix)) {
            Some(every) if addresses.iter().all(|a| every.contains(a)) => {
                Presence::Absent { why: "NODATA (its suffix answers every name so)".into() }
            }
            _ => Presence::Present,
        },
        Found::Absent(why) => Presence::Absent { why: why.into() },
        Found::Unknown(why) => Presence::Unknown { why },
        Found::Alone => Presence::Unknown { why: "no whole answer".into() },
    }
}
