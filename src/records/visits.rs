//! Taking one visit in: the host's row, the visit's fact line, the leads it opens or renews, and what is due next.
//! The same visit twice changes nothing; visits may come in any order.

use crate::model::lead::{Lead, LeadId};
use crate::records::hosts::{Known, Seen, host_key, keep, site_of, visit_key, visits_prefix};
use crate::records::shelf::Draft;
use crate::records::store::Fault;
use crate::records::{Next, Visit, leads};

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
    let lead = renew_all(draft, &mut known, visit, &visits)?;
    keep(draft, before.as_ref(), &known)?;
    Ok(lead)
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
