//! The source `permutations`: which of the names a deceiver might register are there, by asking DNS for each, once a day.
//! In: the names. Out: a sighting for each that has an address of its own.
//! A parent that answers for every name, and a resolver that answers for names that do not exist, are found out by asking for a name
//! nobody has; what only shares that answer is no sighting.

use crate::model::digest::Sha256;
use crate::model::host::Host;
use crate::model::resolution::{DnsAnswer, Presence};
use crate::model::sighting::{Context, Sighting};
use crate::net::Net;
use crate::sources::{Batch, Cursor, RunOutcome, Source};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

/// Names asked for one batch: what a kill repeats.
const BATCH_NAMES: usize = 2_000;
/// Questions under way at once.
const CONCURRENCY: usize = 64;
/// Questions for names nobody has, per parent.
const PROBES: usize = 2;

/// Names tried against DNS.
pub(super) struct Permutations {
    id: String,
    names: Vec<String>,
    set: String,
    wildcards: BTreeMap<String, BTreeSet<String>>,
}

/// How far a day's pass came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Beijing date on which the pass began.
    day: String,
    /// Which set of names.
    set: String,
    /// Names asked.
    at: usize,
    /// Names that gave no usable answer, in this pass.
    #[serde(default)]
    unknown: usize,
    /// The pass is complete.
    #[serde(default)]
    done: bool,
}

/// Is a name there, and with which addresses?
struct Asked {
    name: String,
    presence: Presence,
    addresses: BTreeSet<String>,
}

impl Permutations {
    /// Asks nothing yet. Names that are no host names are left out.
    pub(super) fn new(id: String, mut names: Vec<String>) -> Self {
        names.retain(|n| Host::parse(n).is_ok());
        let set = Sha256::of(names.join("\n").as_bytes()).hex()[..16].to_owned();
        Self { id, names, set, wildcards: BTreeMap::new() }
    }
    /// Where to go on: in the pass under way, or at the start of today's. `None`: today's is complete.
    fn place(&self, cursor: Option<&Cursor>, today: &str) -> Option<Place> {
        let fresh = Place { day: today.to_owned(), set: self.set.clone(), ..Place::default() };
        let Some(place) = cursor.and_then(|c| serde_json::from_str::<Place>(&c.0).ok()) else { return Some(fresh) };
        if place.set != self.set || place.at > self.names.len() {
            return Some(fresh);
        }
        match place.done {
            true if place.day == today => None,
            true => Some(fresh),
            false => Some(place),
        }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let unmoved = cursor.cloned().unwrap_or_default();
        let now = net.now();
        let Some(mut place) = self.place(cursor, &now.beijing()[..10]) else {
            return Batch::nothing(unmoved, RunOutcome::Empty);
        };
        let names: Vec<String> = self.names[place.at..].iter().take(BATCH_NAMES).cloned().collect();
        let asked = ask(net, &names).await;
        let unknown: Vec<&Presence> = asked.iter().map(|a| &a.presence).filter(|p| matches!(p, Presence::Unknown { .. })).collect();
        if let Some(Presence::Unknown { why }) = unknown.first().filter(|_| 2 * unknown.len() > names.len()) {
            let why = format!(
                "the resolver gave no usable answer for {} of {} names ({why}); asked again at the next scan",
                unknown.len(),
                names.len()
            );
            return Batch::nothing(unmoved, RunOutcome::Failed { why });
        }
        let unknown = unknown.len();
        let sightings = self.real(net, asked).await.into_iter().map(|seen| Sighting {
            seen,
            source: self.id.clone(),
            seen_at: now,
            context: Context::default(),
        });
        let sightings: Vec<Sighting> = sightings.collect();
        place.at += names.len();
        place.unknown += unknown;
        place.done = place.at >= self.names.len();
        if place.done && place.unknown > 0 {
            let (n, id) = (place.unknown, &self.id);
            tracing::warn!(source = %id, unknown = n, "{id}: {n} names gave no usable answer today");
        }
        let outcome = if sightings.is_empty() { RunOutcome::Empty } else { RunOutcome::Ok };
        let cursor = Cursor(serde_json::to_string(&place).expect("strings and numbers serialise"));
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let done = Some(if self.names.is_empty() { 1.0 } else { place.at as f64 / self.names.len() as f64 });
        Batch { names: Vec::new(), names_from: String::new(), sightings, cursor, more: !place.done, outcome, done }
    }
    /// The names that are there and have an address that not every name under their parent has.
    async fn real(&mut self, net: &Net, asked: Vec<Asked>) -> Vec<String> {
        let there: Vec<Asked> = asked.into_iter().filter(|a| a.presence == Presence::Present).collect();
        let parents: BTreeSet<String> = there.iter().filter_map(|a| Some(a.name.split_once('.')?.1.to_owned())).collect();
        let new: Vec<String> = parents.into_iter().filter(|p| !self.wildcards.contains_key(p)).collect();
        let found = futures_util::stream::iter(new).map(|parent| {
            let net = net.clone();
            async move { (wildcard(&net, &parent).await, parent) }
        });
        let found: Vec<(BTreeSet<String>, String)> = found.buffer_unordered(CONCURRENCY).collect().await;
        for (addresses, parent) in &found {
            if !addresses.is_empty() {
                let id = &self.id;
                tracing::info!(source = %id, %parent, "{id}: every name under {parent} is answered (wildcard, or a resolver that invents answers)");
            }
        }
        self.wildcards.extend(found.into_iter().map(|(addresses, parent)| (parent, addresses)));
        there.into_iter().filter(|a| self.has_own_address(a)).map(|a| a.name).collect()
    }
    fn has_own_address(&self, asked: &Asked) -> bool {
        let parent = asked.name.split_once('.').map_or("", |(_, parent)| parent);
        let shared = self.wildcards.get(parent);
        shared.is_none_or(|shared| shared.is_empty() || !asked.addresses.is_subset(shared))
    }
}

/// The addresses that names nobody has get under `parent`. Empty: none, as it should be.
async fn wildcard(net: &Net, parent: &str) -> BTreeSet<String> {
    let label = |n: usize| format!("jw{}", &Sha256::of(format!("{parent} {n} {}", net.now().millis()).as_bytes()).hex()[..22]);
    let probes: Vec<String> = (0..PROBES).map(|n| format!("{}.{parent}", label(n))).collect();
    let asked = ask(net, &probes).await;
    asked.into_iter().filter(|a| a.presence == Presence::Present).flat_map(|a| a.addresses).collect()
}

/// Asks for the A records of each name; a name with no usable answer is asked once more.
async fn ask(net: &Net, names: &[String]) -> Vec<Asked> {
    let first = ask_once(net, names.to_vec()).await;
    let (unknown, mut known): (Vec<_>, Vec<_>) = first.into_iter().partition(|a| matches!(a.presence, Presence::Unknown { .. }));
    // When most failed, the resolver is down: a second round of time-outs would say no more.
    if unknown.is_empty() || unknown.len() * 2 > names.len() {
        known.extend(unknown);
        return known;
    }
    known.extend(ask_once(net, unknown.into_iter().map(|a| a.name).collect()).await);
    known
}

async fn ask_once(net: &Net, names: Vec<String>) -> Vec<Asked> {
    let questions = names.into_iter().filter_map(|name| Some((Host::parse(&name).ok()?, name)));
    let answers = futures_util::stream::iter(questions).map(|(host, name)| {
        let net = net.clone();
        async move { asked(name, &net.dns(&host, "A").await) }
    });
    answers.buffer_unordered(CONCURRENCY).collect().await
}

fn asked(name: String, answer: &DnsAnswer) -> Asked {
    let addresses: BTreeSet<String> = answer.records.iter().filter(|r| r.rrtype == "A").map(|r| r.data.clone()).collect();
    let presence = match answer.rcode.as_str() {
        "NOERROR" if !addresses.is_empty() => Presence::Present,
        "NOERROR" => Presence::Absent { why: "NODATA".into() },
        "NXDOMAIN" => Presence::Absent { why: "NXDOMAIN".into() },
        other => Presence::Unknown { why: other.to_owned() },
    };
    Asked { name, presence, addresses }
}

impl Source for Permutations {
    fn id(&self) -> &str {
        &self.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Permutations {
        Permutations::new("p".into(), vec!["cxmem.com".into(), "not a host".into(), "cx-mem.top".into()])
    }

    #[test]
    fn a_pass_is_made_once_a_day_and_goes_on_where_it_stopped() {
        let source = source();
        assert_eq!(source.names.len(), 2);
        let cursor = |day: &str, at, done| {
            let place = Place { day: day.into(), set: source.set.clone(), at, unknown: 0, done };
            Cursor(serde_json::to_string(&place).expect("serialises"))
        };
        let at = |c: Option<&Cursor>| source.place(c, "2026-11-24").map(|p| (p.day, p.at));
        assert_eq!(at(None), Some(("2026-11-24".into(), 0)));
        assert_eq!(at(Some(&cursor("2026-11-24", 2, true))), None);
        assert_eq!(at(Some(&cursor("2026-11-23", 2, true))), Some(("2026-11-24".into(), 0)));
        assert_eq!(at(Some(&cursor("2026-11-23", 1, false))), Some(("2026-11-23".into(), 1)));
        assert_eq!(at(Some(&Cursor("{".into()))), Some(("2026-11-24".into(), 0)));
        let other = Permutations::new("p".into(), vec!["x.com".into()]);
        assert_eq!(other.place(Some(&cursor("2026-11-24", 2, true)), "2026-11-24").map(|p| p.at), Some(0));
    }

    #[test]
    fn a_name_that_only_shares_the_wildcard_answer_is_not_real() {
        let mut source = source();
        source.wildcards.insert("top".into(), BTreeSet::from(["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]));
        source.wildcards.insert("com".into(), BTreeSet::new());
        let asked = |name: &str, addresses: &[&str]| Asked {
            name: name.into(),
            presence: Presence::Present,
            addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        };
        assert!(!source.has_own_address(&asked("a.top", &["192.0.2.2"])));
        assert!(source.has_own_address(&asked("a.top", &["192.0.2.2", "198.51.100.7"])));
        assert!(source.has_own_address(&asked("a.com", &["192.0.2.1"])));
    }
}
