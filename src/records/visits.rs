//! Taking one visit in: the host's row, the visit's fact line, the leads it opens or renews, and what is due next.
//! The same visit twice changes nothing; visits may come in any order.

use crate::model::assessment::{Assessment, Verdict};
use crate::model::lead::{Lead, LeadId, State};
use crate::records::hosts::{Known, Seen, host_key, keep, site_of, visit_key, visits_prefix};
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use crate::records::{Next, Visit, allow, leads, marks};

/// A host whose leads were all dismissed is looked at again after this long, in milliseconds.
const REST_MS: i64 = 30 * 24 * 3600 * 1000;
/// Points by which a dismissed page must rise to be a changed one.
const MUCH_MORE: u8 = 10;

/// Writes all of `visit` into `draft`. Returns the lead it belongs to and whether that is new.
pub(super) fn take_in(draft: &mut Draft<'_>, visit: &Visit, next: Next) -> Result<Option<(Lead, bool)>, Fault> {
    let this = Seen::of(visit);
    let host = &visit.candidate.host;
    let mut visits: Vec<Seen> = draft.all(&visits_prefix(host))?;
    match visits.binary_search_by(|v| v.facts.order().cmp(&this.facts.order())) {
        Ok(i) => visits[i] = this.clone(),
        Err(i) => {
            visits.insert(i, this.clone());
            draft.meta.totals.visits += 1;
        }
    }
    draft.put(visit_key(host, &this.facts), &this)?;
    draft.meta.newest_visit = draft.meta.newest_visit.max(Some(this.facts.at));
    let before: Option<Known> = draft.get(&host_key(host))?;
    let mut known = before.clone().unwrap_or_else(|| Known::new(visit.candidate.clone(), this.facts.at));
    known.candidate.absorb(visit.candidate.clone());
    if known.resolution.as_ref().map(|r| r.at) <= visit.resolution.as_ref().map(|r| r.at) {
        known.resolution.clone_from(&visit.resolution);
    }
    known.last = visits.last().map(|v| v.facts.clone());
    known.next = next;
    known.attempts = 0;
    marks::take_in(draft, visit)?;
    let lead = renew_all(draft, &mut known, visit, &visits)?;
    if !known.candidate.is_official() && allow::covering(draft, host)?.is_some() {
        known.next.at = None;
    } else if leads::all_dismissed(draft, &known.leads)? {
        let rested = this.facts.at.plus_millis(REST_MS);
        known.next.at = known.next.at.map(|at| at.max(rested));
    }
    keep(draft, before.as_ref(), &known)?;
    Ok(lead)
}

/// The dismissed lead that this visit brings back, and why: the page says something else now, or much more of the same.
pub(super) fn reopens(view: &View<'_>, visit: &Visit) -> Result<Option<(LeadId, String)>, Fault> {
    let id = LeadId::of(&visit.candidate.host, site_of(visit));
    let Some(lead) = view.get::<Lead>(&leads::lead_key(&id))? else { return Ok(None) };
    let newest = lead.packages.last().is_none_or(|p| p.captured_at < visit.package.captured_at);
    let (old, new) = (&lead.assessment, &visit.assessment);
    let asks = new.review && visit.outcome == "captured";
    let another = new.class != old.class && new.class != Verdict::None;
    let more = new.scores.max() >= old.scores.max().saturating_add(MUCH_MORE);
    if lead.state != State::Dismissed || !newest || !asks || !(another || more) {
        return Ok(None);
    }
    let word = |a: &Assessment| format!("{} {}", a.class.word(), a.scores.max());
    Ok(Some((id, format!("页面有变化（page changed）：{} -> {}", word(old), word(new)))))
}

/// Renews every lead on the host and opens the one this visit asks for. Gives that of the visit's own site, else the first.
fn renew_all(draft: &mut Draft<'_>, known: &mut Known, visit: &Visit, visits: &[Seen]) -> Result<Option<(Lead, bool)>, Fault> {
    let own = LeadId::of(&visit.candidate.host, site_of(visit));
    if !known.leads.contains(&own) {
        known.leads.insert(0, own.clone());
    }
    let mut given: Option<(Lead, bool)> = None;
    let mut there = Vec::new();
    for id in &known.leads {
        let Some((lead, new)) = leads::renew(draft, id, visit, visits)? else { continue };
        there.push(id.clone());
        if given.is_none() || *id == own {
            given = Some((lead, new));
        }
    }
    there.sort();
    known.leads = there;
    Ok(given)
}
