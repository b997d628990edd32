//! Standing: how each source is doing, what it gave day by day, what was used of daily limits, which alerts were sent, and re-checks of leads.
//! The rows: `ws/SOURCE` standing, `wt/DAY SOURCE` one day's counts, `wq/LIMIT` use of a daily limit, `wa/KEY` an alert, `wr/LEAD TIME` a re-check.
//! None of it stands in packages or journal: where the store is made anew it is carried over, else it begins again, which asks twice and loses nothing.

use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use crate::records::{Run, row};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Days of counts that are kept: the seven that are shown, today among them, and one more.
const DAYS_KEPT: i64 = 8;
/// All kinds of rows of this file, for whoever carries them over.
pub(super) const KINDS: [&[u8]; 5] = [b"ws/", b"wt/", b"wq/", b"wa/", b"wr/"];

/// How a source is doing, across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The moment of its schedule that the last complete run served. `None`: no run was ever completed.
    pub served: Option<Timestamp>,
    /// When the run under way began. `Some` at start-up: it was cut off, and goes on at once.
    pub begun: Option<Timestamp>,
    /// When it is tried again after a bad run, whatever the schedule says. `None`: the last run was good.
    pub retry_at: Option<Timestamp>,
    /// Bad runs (blocked or failed) since the last good one.
    pub bad_in_a_row: u32,
    /// When the first of these ended.
    pub bad_since: Option<Timestamp>,
    /// When the last good run (ok or empty) ended.
    pub last_good: Option<Timestamp>,
}

/// What a source gave on one Beijing day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// `2026-11-24`.
    pub day: String,
    /// Settings id of the source.
    pub source: String,
    /// Runs that ended ok or empty.
    pub good: u64,
    /// Runs that were refused.
    pub blocked: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Names and URLs seen. Counted with the cursor, so that each range is in it once.
    pub seen: u64,
    /// Of these, worth a visit.
    pub screened_in: u64,
    /// Of these, hosts not known before.
    pub new: u64,
}

/// What was used of one daily limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Names the limit.
    pub limit: String,
    /// Beijing day.
    pub day: String,
    /// Requests on that day.
    pub used: u32,
}

/// An alert: a condition that people were told of, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Names the condition: `blocked:baidu`, `disk_low`.
    pub key: String,
    /// When it began.
    pub since: Timestamp,
    /// When it ended. `None`: it lasts.
    pub over: Option<Timestamp>,
    /// When each channel was last told, by the channel's id.
    pub told: BTreeMap<String, Timestamp>,
    /// Tries that did not reach a channel since the last that did.
    #[serde(default)]
    pub missed: BTreeMap<String, u32>,
}

/// What one look at a referred lead's host showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// Some visitor was shown the page, or one that still asks for review.
    Up,
    /// No visitor was shown any page: no such name, no answer, an error status.
    Down,
    /// A page, but none that asks for review: replaced, emptied, or not shown to us.
    Changed,
}

/// One re-check of a lead after its referral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The lead.
    pub lead: LeadId,
    /// When.
    pub at: Timestamp,
    /// What it showed.
    pub sight: Sight,
    /// Each visitor (variant) and what it met, in words of the contract and the status where one came.
    pub visitors: Vec<(String, String)>,
    /// Where the page stood, if on another host than before.
    pub moved_to: Option<String>,
    /// Ids of the packages that prove it.
    pub packages: Vec<String>,
}

fn tally_key(day: &str, source: &str) -> Vec<u8> {
    row(b"wt/", &format!("{day} {source}"))
}

fn day_of(at: Timestamp) -> String {
    at.beijing()[..10].to_owned()
}

/// Adds to the day's counts what one batch gave. `before`: the run's row as it stood.
pub(super) fn count_batch(draft: &mut Draft<'_>, source: &str, before: Option<&Run>, run: &Run, new: u64) -> Result<(), Fault> {
    let same = before.filter(|b| b.at == run.at);
    let grown = |now: u64, then: fn(&Run) -> u64| now.saturating_sub(same.map_or(0, then));
    let (seen, screened_in) = (grown(run.seen, |r| r.seen), grown(run.screened_in, |r| r.screened_in));
    let mut tally = tally(draft, source, run.at)?;
    tally.seen += seen;
    tally.screened_in += screened_in;
    tally.new += new;
    draft.put(tally_key(&tally.day, source), &tally)
}

fn tally(draft: &Draft<'_>, source: &str, at: Timestamp) -> Result<Tally, Fault> {
    let day = day_of(at);
    let fresh = || Tally { day: day.clone(), source: source.to_owned(), ..Tally::default() };
    Ok(draft.get(&tally_key(&day, source))?.unwrap_or_else(fresh))
}

/// Notes that a run ended with this outcome word, and forgets the days that are too old.
pub(super) fn end_run(draft: &mut Draft<'_>, source: &str, standing: &Standing, outcome: &str, at: Timestamp) -> Result<(), Fault> {
    draft.put(row(b"ws/", source), standing)?;
    let mut tally = tally(draft, source, at)?;
    match outcome {
        "blocked" => tally.blocked += 1,
        "failed" => tally.failed += 1,
        _ => tally.good += 1,
    }
    draft.put(tally_key(&tally.day, source), &tally)?;
    let oldest = day_of(at.plus_millis(-(DAYS_KEPT - 1) * 86_400_000));
    let all: Vec<Tally> = draft.all(b"wt/")?;
    for old in all.iter().filter(|t| t.day < oldest) {
        draft.remove(tally_key(&old.day, &old.source));
    }
    Ok(())
}

pub(super) fn recheck_key(recheck: &Recheck) -> Vec<u8> {
    row(b"wr/", &format!("{} {:020}", recheck.lead, recheck.at.millis().max(0)))
}

/// Every row of one kind in key order.
pub(super) fn rows<T: serde::de::DeserializeOwned>(view: &View<'_>, prefix: &[u8]) -> Result<Vec<(String, T)>, Fault> {
    let mut rows = Vec::new();
    view.each(prefix, |id, value| {
        rows.push((String::from_utf8_lossy(id).into_owned(), value));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}
