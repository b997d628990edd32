//! Hosts: what is known of each, what is due, and the visits made. The rows:
//! `n/NAME` how many hosts of one registrable name,
//! `h/HOST` the host, `d/TIME HOST` what is due when, `v/HOST NUL TIME PACKAGE` one fact line a visit, `c/SOURCE` cursor, `r/SOURCE` last run.

use crate::model::assessment::{Assessment, Verdict};
use crate::model::candidate::{Candidate, Reason};
use crate::model::host::Host;
use crate::model::lead::{Lead, LeadId, Move, PackageRef};
use crate::model::resolution::{Presence, Resolution};
use crate::model::time::Timestamp;
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use crate::records::{Due, Next, Visit, allow, leads};
use serde::{Deserialize, Serialize};

/// A host that was visited less than this ago is not visited again for a new reason alone, in milliseconds.
const QUIET_MS: i64 = 24 * 3600 * 1000;
/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// Hosts of one registrable name that are looked at; the rest are counted.
pub(super) const MAX_HOSTS_A_NAME: u64 = 64;

/// What was found at one visit, for tables. The whole of it is in the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitFacts {
    /// The outcome's word.
    pub outcome: String,
    /// When it was captured.
    pub at: Timestamp,
    /// Final URL, or the requested one.
    pub url: String,
    /// Class of the page.
    pub class: Verdict,
    /// Highest of the three scores, `0..=100`.
    pub score: u8,
    /// Its package.
    pub package: PackageRef,
    /// Protected site it was held against.
    pub site: String,
    /// Did the assessment of a captured page ask for review?
    pub review: bool,
}

impl VisitFacts {
    /// The facts of `visit`.
    pub(super) fn of(visit: &Visit) -> Self {
        let assessment = &visit.assessment;
        Self {
            outcome: visit.outcome.clone(),
            at: visit.package.captured_at,
            url: visit.url.clone(),
            class: assessment.class,
            score: assessment.scores.max(),
            package: visit.package.clone(),
            site: site_of(visit).to_owned(),
            review: assessment.review && visit.outcome == "captured",
        }
    }
    /// What visits of a host are ordered by: capture time, then package.
    pub(super) fn order(&self) -> (Timestamp, &str) {
        (self.at, &self.package.id)
    }
}

/// One visit's row: what a lead needs of it, should the visit that opens the lead come in later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Its facts.
    #[serde(flatten)]
    pub(super) facts: VisitFacts,
    /// DNS facts at that time.
    pub(super) resolution: Option<Resolution>,
    /// Title and assessment, where the visit asks for review: a lead may come to rest on it.
    #[serde(default)]
    pub(super) basis: Option<Basis>,
}

/// What a lead shows of the visit that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Basis {
    /// Title of the page.
    pub(super) title: String,
    /// Scores and findings.
    pub(super) assessment: Assessment,
}

impl Seen {
    /// What is kept of `visit`.
    pub(super) fn of(visit: &Visit) -> Self {
        let facts = VisitFacts::of(visit);
        let basis = facts.review.then(|| Basis { title: visit.title.clone(), assessment: visit.assessment.clone() });
        Self { facts, resolution: visit.resolution.clone(), basis }
    }
}

/// The protected site of a visit: the assessment's, else the candidate's.
pub(super) fn site_of(visit: &Visit) -> &str {
    if visit.assessment.site.is_empty() { &visit.candidate.site } else { &visit.assessment.site }
}

/// One host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Folded from all sightings.
    pub(super) candidate: Candidate,
    /// Latest DNS facts.
    pub(super) resolution: Option<Resolution>,
    /// When it is looked at next.
    pub(super) next: Next,
    /// Starts since a step last ended.
    pub(super) attempts: u32,
    /// Latest visit.
    pub(super) last: Option<VisitFacts>,
    /// Leads on it, one a protected site.
    pub(super) leads: Vec<LeadId>,
}

pub(super) fn host_key(host: &Host) -> Vec<u8> {
    [b"h/", host.as_str().as_bytes()].concat()
}

pub(super) fn visits_prefix(host: &Host) -> Vec<u8> {
    [b"v/", host.as_str().as_bytes(), b"\0"].concat()
}

pub(super) fn visit_key(host: &Host, facts: &VisitFacts) -> Vec<u8> {
    [visits_prefix(host).as_slice(), &sortable(facts.at), facts.package.id.as_bytes()].concat()
}

fn due_key(at: Timestamp, host: &Host) -> Vec<u8> {
    [b"d/".as_slice(), &sortable(at), host.as_str().as_bytes()].concat()
}

/// Bytes that sort as the times do, before 1970 too.
fn sortable(at: Timestamp) -> [u8; 8] {
    (at.millis().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

impl Known {
    /// A host seen for the first time: due at once for DNS, or for a visit where it is an address.
    pub(super) fn new(candidate: Candidate, now: Timestamp) -> Self {
        let next = Next { visit: candidate.host.ip().is_some(), at: Some(now) };
        Self { candidate, resolution: None, next, attempts: 0, last: None, leads: Vec::new() }
    }
    /// Is the host in DNS, by the last look?
    pub(super) fn present(&self) -> bool {
        self.resolution.as_ref().is_some_and(|r| r.presence == Presence::Present)
    }
    /// A new reason or source is news: the host is looked at again now, unless it was visited in the last day and is still in DNS.
    fn hasten(&mut self, now: Timestamp, reported: bool) {
        let waiting = self.next.at.is_none_or(|at| at > now);
        let gone = matches!(self.resolution, Some(Resolution { presence: Presence::Absent { .. }, .. }));
        let quiet = !gone && !reported && self.last.as_ref().is_some_and(|v| v.at > now.plus_millis(-QUIET_MS));
        if waiting && !quiet {
            self.next = Next { visit: self.candidate.host.ip().is_some(), at: Some(now) };
        }
    }
}

/// Hosts of one registrable name, and what more was seen of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Crowd {
    /// Hosts known.
    hosts: u64,
    /// Sightings of further hosts, folded into the name.
    more: u64,
}

fn crowd_key(host: &Host) -> Option<Vec<u8>> {
    Some([b"n/", host.registrable()?.as_bytes()].concat())
}

/// Is the host one too many of its registrable name? A zone with a wildcard gives a thousand names a day that are all one server.
/// What a person reported is looked at in any case.
fn is_crowded(draft: &mut Draft<'_>, candidate: &Candidate) -> Result<bool, Fault> {
    let reported = candidate.reasons.iter().any(|r| matches!(r, Reason::Report { .. } | Reason::Official { .. }));
    let Some(key) = crowd_key(&candidate.host).filter(|_| !reported) else { return Ok(false) };
    let mut crowd: Crowd = draft.get(&key)?.unwrap_or_default();
    if crowd.hosts < MAX_HOSTS_A_NAME {
        return Ok(false);
    }
    crowd.more += 1;
    if crowd.more == 1 {
        tracing::info!(host = %candidate.host, "{}: {MAX_HOSTS_A_NAME} hosts of this name are known; further ones are counted", candidate.host);
    }
    draft.put(key, &crowd)?;
    Ok(true)
}

/// Folds one candidate in. Returns whether its host is new.
pub(super) fn fold(draft: &mut Draft<'_>, candidate: Candidate, now: Timestamp) -> Result<bool, Fault> {
    let before: Option<Known> = draft.get(&host_key(&candidate.host))?;
    let after = match before.clone() {
        // The protected site itself is known good by trade: that is no reason not to look at it.
        None if !candidate.is_official() && allow::covering(draft, &candidate.host)?.is_some() => return Ok(false),
        None if is_crowded(draft, &candidate)? => return Ok(false),
        None => Known::new(candidate, now),
        Some(mut known) => {
            // A person who calls is not told to wait for the next week's look.
            let reported = candidate.reasons.iter().any(|r| matches!(r, Reason::Report { .. }));
            let allowed = !candidate.is_official() && allow::covering(draft, &known.candidate.host)?.is_some();
            let settled = !reported && leads::all_dismissed(draft, &known.leads)?;
            if known.candidate.absorb(candidate) && !allowed && !settled {
                known.hasten(now, reported);
            }
            known
        }
    };
    let new = before.is_none();
    keep(draft, before.as_ref(), &after)?;
    Ok(new)
}

/// Writes a host with its due row and its part of the counters. `before` is the row as it stands.
pub(super) fn keep(draft: &mut Draft<'_>, before: Option<&Known>, after: &Known) -> Result<(), Fault> {
    let host = &after.candidate.host;
    let due_before = before.and_then(|k| k.next.at);
    if due_before != after.next.at {
        if let Some(at) = due_before {
            draft.remove(due_key(at, host));
        }
        if let Some(at) = after.next.at {
            draft.put(due_key(at, host), &())?;
        }
    }
    if let (None, Some(key)) = (before, crowd_key(host)) {
        let crowd: Crowd = draft.get(&key)?.unwrap_or_default();
        draft.put(key, &Crowd { hosts: crowd.hosts + 1, ..crowd })?;
    }
    let totals = &mut draft.meta.totals;
    totals.hosts += u64::from(before.is_none());
    totals.present = totals.present + u64::from(after.present()) - u64::from(before.is_some_and(Known::present));
    let outcome = |k: &Known| k.last.as_ref().map(|v| v.outcome.clone());
    let (old, new) = (before.and_then(outcome), outcome(after));
    if old != new {
        if let Some(count) = old.and_then(|word| draft.meta.outcomes.get_mut(&word)) {
            *count -= 1;
        }
        if let Some(word) = new {
            *draft.meta.outcomes.entry(word).or_default() += 1;
        }
        draft.meta.outcomes.retain(|_, count| *count > 0);
    }
    if before == Some(after) {
        return Ok(());
    }
    draft.put(host_key(host), after)
}

/// A referred lead is looked at again within the hour: the first step of its re-checks. One that a person wants captured again, now;
/// but nothing that was allowed, which nobody visits.
pub(super) fn after_move(draft: &mut Draft<'_>, lead: &Lead, what: &Move, now: Timestamp) -> Result<(), Fault> {
    let soon = match what {
        Move::Refer { .. } => now.plus_millis(HOUR_MS),
        Move::Recapture if allow::covering(draft, &lead.candidate.host)?.is_none() => now,
        _ => return Ok(()),
    };
    let before: Option<Known> = draft.get(&host_key(&lead.candidate.host))?;
    let Some(before) = before else { return Ok(()) };
    let at = before.next.at.map_or(soon, |at| at.min(soon));
    let after = Known { next: Next { visit: true, at: Some(at) }, ..before.clone() };
    keep(draft, Some(&before), &after)
}

/// How many are due at `now`, up to `limit`.
pub(super) fn backlog(view: &View<'_>, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let end = [b"d/".as_slice(), &sortable(now.plus_millis(1))].concat();
    Ok(view.keys(b"d/", &end, limit)?.len())
}

/// When the first is due.
pub(super) fn next_due(view: &View<'_>) -> Result<Option<Timestamp>, Fault> {
    let first = view.keys(b"d/", b"d0", 1)?;
    let time = first.first().and_then(|key| key.get(2..10)?.try_into().ok());
    Ok(time.map(|bytes| Timestamp::from_millis((u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed())))
}

/// What is due at `now`, oldest first.
pub(super) fn due(view: &View<'_>, now: Timestamp, limit: usize) -> Result<Vec<Due>, Fault> {
    let end = [b"d/".as_slice(), &sortable(now.plus_millis(1))].concat();
    let mut due = Vec::new();
    for key in view.keys(b"d/", &end, limit)? {
        let known: Option<Known> = view.get(&[b"h/", &key[10..]].concat())?;
        let known = known.ok_or_else(|| Fault::Damaged("a due row names no host".into()))?;
        due.push(if known.next.visit { Due::Visit(known.candidate, known.resolution) } else { Due::Resolve(known.candidate) });
    }
    Ok(due)
}
