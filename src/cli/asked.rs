//! What people have confirmed, as searches ask for it: the copies' hosts, and what they carry that other copies of the same hand may carry too.
//! In: the records. Out: a `Known` for the sources. What the official site carries, and what strangers share, is not asked for.

use crate::model::cluster::TIE;
use crate::model::host::Host;
use crate::model::indicator::{self, Indicator, Level, kind_of};
use crate::model::lead::{Lead, State};
use crate::records::{Filter, Records, RecordsError};
use crate::sources::Known;

/// Confirmed leads that are asked for, the newest.
const MAX_LEADS: usize = 50;
/// States in which a person has said that it is a copy.
const CONFIRMED: [State; 6] = [State::Confirmed, State::Approved, State::Referred, State::Blocked, State::StillUp, State::Moved];

/// Does a source of this kind ask questions that follow from what is known?
pub(super) fn is_asked(kind: &str) -> bool {
    matches!(kind, "search" | "assets")
}

/// What is known now. A store that cannot be read is warned of, and nothing is known.
pub(super) fn confirmed(records: &Records) -> Known {
    read(records).unwrap_or_else(|e| {
        tracing::warn!("searches do not know the confirmed copies: {e}");
        Known::default()
    })
}

fn read(records: &Records) -> Result<Known, RecordsError> {
    let mut leads = records.leads(&Filter { states: CONFIRMED.to_vec(), ..Filter::default() })?;
    leads.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then_with(|| a.id.0.cmp(&b.id.0)));
    let mut known = Known::default();
    for lead in leads.iter().take(MAX_LEADS) {
        let host = &lead.candidate.host;
        let site = site_of(lead);
        push(&mut known.hosts, (host.as_str().to_owned(), site.to_owned()));
        for what in telling(records, host)? {
            for (engine, query) in indicator::queries(&what) {
                match engine {
                    "search" => push(&mut known.marks, (what.value.clone(), site.to_owned())),
                    _ => push(&mut known.asked, (engine.to_owned(), query, site.to_owned())),
                }
            }
        }
    }
    Ok(known)
}

/// What a host carries that tells who is behind it: nothing weak, nothing of the official site's, nothing that strangers share.
fn telling(records: &Records, host: &Host) -> Result<Vec<Indicator>, RecordsError> {
    let Some((found, _)) = records.marks(host)? else { return Ok(Vec::new()) };
    let strong = found.into_iter().map(|f| f.what).filter(|i| kind_of(&i.kind).is_some_and(|k| k.level != Level::Weak));
    records.with_graph(|graph| {
        strong.filter(|i| graph.weight(&i.kind, &i.value).is_some_and(|w| !w.official && w.points * 2 >= TIE)).collect()
    })
}

fn site_of(lead: &Lead) -> &str {
    if lead.assessment.site.is_empty() { &lead.candidate.site } else { &lead.assessment.site }
}

fn push<T: PartialEq>(into: &mut Vec<T>, one: T) {
    if !into.contains(&one) {
        into.push(one);
    }
}
