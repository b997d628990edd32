//! Bulk: which of tens of thousands of names exist. In: names. Out: each with present, absent or unknown, never two states.
//! The asking itself is [`Sweep`]'s; here is what it means, against the answers that lie: resolvers that give an address for names that
//! do not exist, and suffixes that hold every name.

use crate::model::host::Host;
use crate::model::resolution::Presence;
use crate::net::dns::Dns;
use crate::net::dns::sweep::{Found, Sweep, Want};
use crate::net::dns::wire::record_type;
use crate::net::{BulkAnswer, HIJACKED};
use futures_util::future;
use hickory_proto::rr::RecordType;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Parents probed for wildcards in one call, and probes each: one probe misses zones that answer unevenly.
const MAX_PARENTS: usize = 2_000;
const WILDCARD_PROBES: usize = 3;
/// Names that nobody made, each below a label of its own: some resolvers lie only about `www`, some only about suffixes that exist.
const HIJACK_PROBES: [(&str, &str); 4] = [("", "com"), ("www.", "com"), ("", "cn"), ("", "invalid")];
/// How long the resolvers' lies are remembered.
const HIJACK_AGE: Duration = Duration::from_secs(600);
/// Between two words about progress.
const PROGRESS_EVERY: usize = 64;

/// What the resolvers gave for names that nobody made, and when.
#[derive(Default)]
pub(crate) struct Hijack {
    known: Mutex<Option<(Instant, Vec<IpAddr>)>>,
}

/// What a parent answers to names that nobody made. `None` inside: not a wildcard.
pub(crate) type Wildcard = Option<Vec<IpAddr>>;

impl Dns {
    /// The presence of every name, in the order given. `progress` hears how many are done.
    pub(crate) async fn exists(&self, names: Vec<String>, progress: impl Fn(usize)) -> Vec<(String, Presence)> {
        if names.is_empty() {
            return Vec::new();
        }
        let hijack = self.hijack_addresses().await;
        let found = self.found(&names, Want::Address, &progress).await;
        let wild = self.wild_suffixes(&names, &found).await;
        let verdict = |(name, found): (String, Found)| {
            let presence = presence(&name, found, &hijack, &wild);
            (name, presence)
        };
        names.into_iter().zip(found).map(verdict).collect()
    }
    /// The records of one type of every name.
    pub(crate) async fn ask_many<N: AsRef<[u8]>>(&self, names: impl Iterator<Item = N>, rrtype: &str, mut told: impl FnMut(BulkAnswer)) {
        let rrtype = match record_type(rrtype) {
            Ok(rrtype) => rrtype,
            Err(why) => {
                let unknown = |index| BulkAnswer { index, presence: unknown(&format!("cannot be asked: {why}")), records: Vec::new() };
                return names.enumerate().for_each(|(index, _)| told(unknown(index)));
            }
        };
        let hijack = if matches!(rrtype, RecordType::A | RecordType::AAAA) { self.hijack_addresses().await } else { Vec::new() };
        Sweep::new(self, names, Want::Records(rrtype), |index, found| told(answer(index, found, &hijack))).run().await;
    }
    /// What this parent answers to three names that nobody made.
    pub(crate) async fn wildcard(&self, parent: &str) -> Wildcard {
        let probes: Vec<String> = (0..WILDCARD_PROBES).map(|_| format!("{}.{parent}", self.random.label())).collect();
        addresses(self.found(&probes, Want::Address, &|_| ()).await)
    }
    /// Addresses that the resolver gives for names that cannot exist; empty from an honest one. Remembered for a while, unless nobody answered.
    pub(crate) async fn hijack_addresses(&self) -> Vec<IpAddr> {
        if let Some((at, given)) = &*self.hijack.known.lock().unwrap_or_else(PoisonError::into_inner)
            && at.elapsed() < HIJACK_AGE
        {
            return given.clone();
        }
        let probes: Vec<String> = HIJACK_PROBES.iter().map(|(host, tld)| format!("{host}{}.{tld}", self.random.label())).collect();
        let of = async |rrtype| self.found(&probes, Want::Records(rrtype), &|_| ()).await;
        let (a, aaaa) = future::join(of(RecordType::A), of(RecordType::AAAA)).await;
        let heard = a.iter().chain(&aaaa).any(|f| !matches!(f, Found::Unknown(_)));
        let given = addresses(a.into_iter().chain(aaaa).collect()).unwrap_or_default();
        if !given.is_empty() {
            tracing::warn!(?given, "the resolver answers names that do not exist with {given:?}: such answers count as absent");
        }
        if heard {
            *self.hijack.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), given.clone()));
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
        let answers = self.found(&probes, Want::Address, &|_| ()).await;
        let per_parent = answers.chunks(WILDCARD_PROBES).zip(parents);
        per_parent.filter_map(|(answers, parent)| Some((parent.to_owned(), addresses(answers.to_vec())?))).collect()
    }
    async fn found(&self, names: &[String], want: Want, progress: &impl Fn(usize)) -> Vec<Found> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<Option<Found>> = vec![None; names.len()];
        let mut done = 0;
        let told = |index: usize, found: Found| {
            debug_assert!(all[index].is_none(), "{} came out twice", names[index]);
            all[index] = Some(found);
            done += 1;
            if done % PROGRESS_EVERY == 0 {
                progress(done);
            }
        };
        Sweep::new(self, names.iter(), want, told).run().await;
        progress(names.len());
        all.into_iter().map(|found| found.unwrap_or(Found::Unknown("not asked".into()))).collect()
    }
}

/// The public suffix that this name is directly below. `None`: the name is deeper, or no name.
fn suffix_above(name: &str) -> Option<&str> {
    let host = Host::parse(name).ok()?;
    let (_, parent) = name.split_once('.')?;
    (host.registrable() == Some(host.as_str())).then_some(parent)
}

fn addresses(found: Vec<Found>) -> Wildcard {
    let of = |found| match found {
        Found::Addresses(addresses) => addresses,
        Found::Records(records) => records.iter().filter_map(|r| r.data.parse().ok()).collect(),
        Found::Absent(_) | Found::Unknown(_) => Vec::new(),
    };
    let given: BTreeSet<IpAddr> = found.into_iter().flat_map(of).collect();
    (!given.is_empty()).then(|| given.into_iter().collect())
}

fn presence(name: &str, found: Found, hijack: &[IpAddr], wild: &HashMap<String, Vec<IpAddr>>) -> Presence {
    match found {
        Found::Addresses(addresses) if addresses.iter().all(|a| hijack.contains(a)) => absent(HIJACKED),
        Found::Addresses(addresses) => match suffix_above(name).and_then(|suffix| wild.get(suffix)) {
            Some(every) if addresses.iter().all(|a| every.contains(a)) => absent("NODATA (its suffix answers every name so)"),
            _ => Presence::Present,
        },
        Found::Records(_) => Presence::Present,
        Found::Absent(why) => absent(why),
        Found::Unknown(why) => unknown(&why),
    }
}

fn answer(index: usize, found: Found, hijack: &[IpAddr]) -> BulkAnswer {
    let Found::Records(records) = found else {
        return BulkAnswer { index, presence: presence("", found, hijack, &HashMap::new()), records: Vec::new() };
    };
    let lies = !hijack.is_empty() && {
        let mut given = records.iter().filter_map(|r| r.data.parse::<IpAddr>().ok()).peekable();
        given.peek().is_some() && given.all(|ip| hijack.contains(&ip))
    };
    match lies {
        true => BulkAnswer { index, presence: absent(HIJACKED), records: Vec::new() },
        false => BulkAnswer { index, presence: Presence::Present, records },
    }
}

fn absent(why: &str) -> Presence {
    Presence::Absent { why: why.to_owned() }
}

fn unknown(why: &str) -> Presence {
    Presence::Unknown { why: why.to_owned() }
}
