//! Leads: opened and renewed by visits, moved by decisions, found by filter. Row `l/ID`; decisions on a lead that has no package yet wait in `o/ID`.
//! A lead is a function of its host's visits and the journal, whatever the order in which they arrive: that is why a rebuilt store gives the same.

use crate::model::lead::{Lead, LeadId, State, Step};
use crate::records::hosts::{Basis, Seen, VisitFacts, site_of};
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use crate::records::{Filter, Visit};
use std::ops::ControlFlow;

/// Visits of one host within this time are one round, in milliseconds.
const ROUND_MS: i64 = 3_600_000;

pub(super) fn lead_key(id: &LeadId) -> Vec<u8> {
    [b"l/", id.0.as_bytes()].concat()
}

fn waiting_key(id: &LeadId) -> Vec<u8> {
    [b"o/", id.0.as_bytes()].concat()
}

/// Takes `visit` into the lead `id` on its host, where it opens or belongs to one. `visits`: all visits of the host, this one too.
/// Returns the lead and whether it is new.
pub(super) fn renew(draft: &mut Draft<'_>, id: &LeadId, visit: &Visit, visits: &[Seen]) -> Result<Option<(Lead, bool)>, Fault> {
    let this = VisitFacts::of(visit);
    let before: Option<Lead> = draft.get(&lead_key(id))?;
    let new = before.is_none();
    let mut lead = match before {
        Some(lead) => lead,
        None if this.review => opened(draft, id, visit)?,
        None => return Ok(None),
    };
    let host = &visit.candidate.host;
    let makers: Vec<&Seen> = visits.iter().filter(|v| v.facts.review && LeadId::of(host, &v.facts.site) == *id).collect();
    let first = makers.first().map(|v| v.facts.order());
    lead.opened_at = first.map_or(lead.opened_at, |(at, _)| at);
    let since: Vec<&Seen> = visits.iter().filter(|v| v.facts.at >= lead.opened_at).collect();
    lead.packages = since.iter().map(|v| v.facts.package.clone()).collect();
    lead.resolution = since.iter().rev().find_map(|v| v.resolution.clone());
    if makers.iter().any(|v| v.facts == this) {
        let mut other = visit.candidate.clone();
        if first == Some(this.order()) {
            std::mem::swap(&mut lead.candidate, &mut other);
        }
        lead.candidate.absorb(other);
    }
    if let Some((facts, basis)) = strongest(&makers) {
        lead.assessment = basis.assessment.clone();
        lead.url.clone_from(&facts.url);
        lead.title.clone_from(&basis.title);
    }
    draft.put(lead_key(id), &lead)?;
    draft.meta.totals.leads += u64::from(new);
    Ok(Some((lead, new)))
}

/// The visit a lead rests on: of the last round, the one with the highest score. Several addresses of a host are looked at in one round,
/// and the front page may show less than the record behind it.
fn strongest<'a>(makers: &[&'a Seen]) -> Option<(&'a VisitFacts, &'a Basis)> {
    let since = makers.last()?.facts.at.plus_millis(-ROUND_MS);
    let round = makers.iter().filter(|v| v.facts.at >= since);
    let based = round.filter_map(|v| Some((&v.facts, v.basis.as_ref()?)));
    based.max_by_key(|(facts, _)| (facts.score, facts.order()))
}

/// A new lead, with the decisions that waited for it.
fn opened(draft: &mut Draft<'_>, id: &LeadId, visit: &Visit) -> Result<Lead, Fault> {
    let mut lead = Lead {
        id: id.clone(),
        candidate: visit.candidate.clone(),
        url: visit.url.clone(),
        title: visit.title.clone(),
        assessment: visit.assessment.clone(),
        resolution: visit.resolution.clone(),
        state: State::New,
        holder: None,
        history: Vec::new(),
        packages: Vec::new(),
        opened_at: visit.package.captured_at,
    };
    debug_assert_eq!(*id, LeadId::of(&visit.candidate.host, site_of(visit)), "a lead is named after its host and site");
    let waiting: Vec<Step> = draft.get(&waiting_key(id))?.unwrap_or_default();
    for step in waiting {
        if let Err(why) = lead.apply(step) {
            tracing::warn!(lead = %id, "a journalled decision on {id} is passed over: {why}");
        }
    }
    draft.remove(waiting_key(id));
    Ok(lead)
}

/// Applies a journalled decision. One on a lead that is not there (its packages were removed) waits for it; an illegal one is passed over, loudly.
pub(super) fn replay(draft: &mut Draft<'_>, id: &LeadId, step: Step) -> Result<(), Fault> {
    let lead: Option<Lead> = draft.get(&lead_key(id))?;
    let Some(mut lead) = lead else {
        let mut waiting: Vec<Step> = draft.get(&waiting_key(id))?.unwrap_or_default();
        tracing::warn!(lead = %id, "the journal decides on {id}, which has no package here; the decision waits for it");
        waiting.push(step);
        return draft.put(waiting_key(id), &waiting);
    };
    match lead.apply(step) {
        Ok(()) => draft.put(lead_key(id), &lead),
        Err(why) => {
            tracing::warn!(lead = %id, "a journalled decision on {id} is passed over: {why}");
            Ok(())
        }
    }
}

/// Are there leads, and did a person dismiss every one?
pub(super) fn all_dismissed(draft: &Draft<'_>, ids: &[LeadId]) -> Result<bool, Fault> {
    for id in ids {
        let lead: Option<Lead> = draft.get(&lead_key(id))?;
        if lead.is_none_or(|l| l.state != State::Dismissed) {
            return Ok(false);
        }
    }
    Ok(!ids.is_empty())
}

/// All that pass, highest score first, then host, then id.
pub(super) fn list(view: &View<'_>, filter: &Filter) -> Result<Vec<Lead>, Fault> {
    let text = filter.text.as_ref().map(|t| t.to_lowercase());
    let mut leads: Vec<Lead> = Vec::new();
    view.each(b"l/", |_, lead: Lead| {
        if passes(&lead, filter, text.as_deref()) {
            leads.push(lead);
        }
        ControlFlow::Continue(())
    })?;
    sort(&mut leads);
    Ok(leads)
}

/// Highest score first, then host, then id.
pub(super) fn sort(leads: &mut [Lead]) {
    leads.sort_by(|a, b| {
        let key = |l: &Lead| std::cmp::Reverse(l.assessment.scores.max());
        key(a).cmp(&key(b)).then_with(|| a.candidate.host.cmp(&b.candidate.host)).then_with(|| a.id.cmp(&b.id))
    });
}

fn passes(lead: &Lead, filter: &Filter, text: Option<&str>) -> bool {
    let any = |part: &str| text.is_none_or(|t| part.to_lowercase().contains(t));
    (filter.states.is_empty() || filter.states.contains(&lead.state))
        && (filter.classes.is_empty() || filter.classes.contains(&lead.class()))
        && filter.site.as_ref().is_none_or(|s| lead.id == LeadId::of(&lead.candidate.host, s))
        && filter.min_score.is_none_or(|s| lead.assessment.scores.max() >= s)
        && filter.source.as_ref().is_none_or(|s| lead.candidate.sightings.iter().any(|seen| seen.source == *s))
        && filter.since.is_none_or(|at| lead.opened_at >= at)
        && (any(lead.candidate.host.as_str()) || any(&lead.candidate.host.unicode()) || any(&lead.title) || any(&lead.url))
}
