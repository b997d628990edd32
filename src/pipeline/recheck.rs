//! Re-checks of referred leads: is it still up, gone, moved, or back? On a ladder of 1 h, 6 h, 24 h, 3 d, 7 d, 30 d after the referral, then monthly.
//! In: what each visitor met at every re-check. Out: the move that follows, if any, and when to look next. Pure.
//! Down means down from every variant, over several re-checks: one outage blocks nothing.

use crate::model::capture::{Capture, Outcome};
use crate::model::lead::{Lead, Move, State};
use crate::model::time::Timestamp;
use crate::records::{Recheck, Sight};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Moments after the referral.
const LADDER_MS: [i64; 6] = [HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS, 30 * DAY_MS];
/// After the ladder.
const MONTHLY_MS: i64 = 30 * DAY_MS;
/// Re-checks in a row that must all be down before a lead is blocked.
const DOWN_IN_A_ROW: usize = 3;
/// ... and the least time between the first and the last of them.
const DOWN_FOR_MS: i64 = 20 * HOUR_MS;
/// A lead that is up so long after its referral is still up; before that, nobody could have acted.
const STILL_UP_MS: i64 = DAY_MS - HOUR_MS;

/// When the lead was last referred. `None`: it is not on the ladder (not referred, dismissed, or back in review).
pub fn referred_at(lead: &Lead) -> Option<Timestamp> {
    let on = matches!(lead.state, State::Referred | State::Blocked | State::StillUp | State::Moved);
    let referral = lead.history.iter().rev().find(|s| matches!(s.what, Move::Refer { .. }));
    referral.filter(|_| on).map(|s| s.at)
}

/// When a lead referred at `referred` is looked at next, after a look at `now`.
pub fn next_look(referred: Timestamp, now: Timestamp) -> Timestamp {
    let rung = LADDER_MS.iter().map(|ms| referred.plus_millis(*ms)).find(|at| *at > now);
    rung.unwrap_or_else(|| now.plus_millis(MONTHLY_MS))
}

/// What the visitors of one round met. `review`: does the round's assessment still ask for review?
pub fn sight(captures: &[&Capture], review: bool) -> Sight {
    if review {
        return Sight::Up;
    }
    if captures.iter().all(|c| is_down(c)) { Sight::Down } else { Sight::Changed }
}

/// Each visitor and what it met: `desktop`: `captured 404`.
pub fn visitors(captures: &[&Capture]) -> Vec<(String, String)> {
    captures.iter().map(|c| (c.variant.clone(), met(c))).collect()
}

fn met(capture: &Capture) -> String {
    match status(capture) {
        Some(status) => format!("{} {status}", capture.outcome.word()),
        None => capture.outcome.word().to_owned(),
    }
}

fn status(capture: &Capture) -> Option<u16> {
    capture.hops.last().and_then(|h| h.status)
}

/// No page for this visitor: nobody there, or an error status.
fn is_down(capture: &Capture) -> bool {
    match capture.outcome {
        Outcome::Captured | Outcome::NotHtml { .. } | Outcome::TooLarge { .. } => status(capture).is_some_and(|s| s >= 400),
        _ => true,
    }
}

/// The move that follows from all re-checks since the referral (oldest first, the newest last). `None`: nothing has changed, or it is too early to say.
pub fn follows(lead: &Lead, referred: Timestamp, rechecks: &[Recheck]) -> Option<Move> {
    let mine: Vec<&Recheck> = rechecks.iter().filter(|r| r.at >= referred).collect();
    let last = mine.last()?;
    if let (Some(host), Sight::Up) = (&last.moved_to, last.sight) {
        return (lead.state != State::Moved && lead.state != State::Blocked).then(|| Move::MovedTo { host: host.clone() });
    }
    match (last.sight, lead.state) {
        (Sight::Up, State::Blocked) => Some(Move::Reopen { reason: "恢复上线（back online）".into() }),
        (Sight::Up, State::Referred) if last.at >= referred.plus_millis(STILL_UP_MS) => Some(Move::StillUp),
        (Sight::Down, State::Referred | State::StillUp | State::Moved) => is_gone(&mine).then_some(Move::Block),
        _ => None,
    }
}

/// Down at each of the last looks, for long enough.
fn is_gone(rechecks: &[&Recheck]) -> bool {
    let down: Vec<&&Recheck> = rechecks.iter().rev().take_while(|r| r.sight == Sight::Down).collect();
    let span = down.first().zip(down.last()).map_or(0, |(last, first)| last.at.millis() - first.at.millis());
    down.len() >= DOWN_IN_A_ROW && span >= DOWN_FOR_MS
}
