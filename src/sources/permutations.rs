//! The source `permutations`: which of the names a deceiver might register are there, by asking DNS for each, once a day.
//! In: the names. Out: a sighting for each that has an address.
//! Wildcard parents and resolvers that invent answers are the business of `Net::exists`; a silent resolver moves no cursor.

use crate::model::digest::Sha256;
use crate::model::host::Host;
use crate::model::resolution::Presence;
use crate::model::sighting::{Context, Sighting};
use crate::model::time::Timestamp;
use crate::net::Net;
use crate::sources::{Batch, Cursor, RunOutcome, Source};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

/// Names asked for one batch: what a kill repeats.
const BATCH_NAMES: usize = 5_000;

/// Names tried against DNS.
pub(super) struct Permutations {
    id: String,
    names: Vec<String>,
    set: String,
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

impl Permutations {
    /// Asks nothing yet. Names that are no host names are left out.
    pub(super) fn new(id: String, mut names: Vec<String>) -> Self {
        names.retain(|n| Host::parse(n).is_ok());
        let set = Sha256::of(names.join("\n").as_bytes()).hex()[..16].to_owned();
        Self { id, names, set }
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
        let Some(place) = self.place(cursor, &now.beijing()[..10]) else {
            return Batch::nothing(unmoved, RunOutcome::Empty);
        };
        let names: Vec<String> = self.names[place.at..].iter().take(BATCH_NAMES).cloned().collect();
        let asked = net.exists(names, |_| ()).await;
        match silence(&asked) {
            Some(why) => Batch::nothing(unmoved, RunOutcome::Failed { why }),
            None => self.batch(place, asked, now),
        }
    }
    fn batch(&self, place: Place, asked: Vec<(String, Presence)>, now: Timestamp) -> Batch {
        let unknown = asked.iter().filter(|(_, p)| matches!(p, Presence::Unknown { .. })).count();
        let (at, unknown) = (place.at + asked.len(), place.unknown + unknown);
        let place = Place { at, unknown, done: at >= self.names.len(), ..place };
        if place.done && unknown > 0 {
            tracing::warn!(source = %self.id, unknown, "{}: {unknown} names gave no usable answer today", self.id);
        }
        let there = asked.into_iter().filter(|(_, p)| *p == Presence::Present);
        let sighting = |(seen, _)| Sighting { seen, source: self.id.clone(), seen_at: now, context: Context::default() };
        let sightings: Vec<Sighting> = there.map(sighting).collect();
        let outcome = if sightings.is_empty() { RunOutcome::Empty } else { RunOutcome::Ok };
        let cursor = Cursor(serde_json::to_string(&place).expect("strings and numbers serialise"));
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let done = Some(if place.done { 1.0 } else { at as f64 / self.names.len() as f64 });
        Batch { names: Vec::new(), names_from: String::new(), sightings, cursor, more: !place.done, outcome, done }
    }
}

/// Why these answers say nothing: most names got none. `None`: they speak.
fn silence(asked: &[(String, Presence)]) -> Option<String> {
    let whys: Vec<&str> =
        asked.iter().filter_map(|(_, p)| if let Presence::Unknown { why } = p { Some(why.as_str()) } else { None }).collect();
    let first = whys.first().filter(|_| 2 * whys.len() > asked.len())?;
    Some(format!(
        "the resolver gave no usable answer for {} of {} names ({first}); they are asked again at the next scan",
        whys.len(),
        asked.len()
    ))
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
    fn a_resolver_that_is_silent_moves_nothing() {
        let answers = |unknown: usize, absent: usize| {
            let none = || Presence::Unknown { why: "TIMEOUT".into() };
            let no = || Presence::Absent { why: "NXDOMAIN".into() };
            let all = (0..unknown).map(|_| none()).chain((0..absent).map(|_| no()));
            all.map(|p| ("a.com".to_owned(), p)).collect::<Vec<_>>()
        };
        assert!(silence(&answers(6, 4)).is_some_and(|why| why.contains("6 of 10") && why.contains("TIMEOUT")));
        assert_eq!(silence(&answers(5, 5)), None);
        assert_eq!(silence(&[]), None);
    }
}
