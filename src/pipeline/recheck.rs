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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::assessment::{Assessment, Scores, Verdict};
    use crate::model::candidate::Candidate;
    use crate::model::host::Host;
    use crate::model::lead::{LeadId, Step};

    fn t(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_764_000_000_000 + hours * HOUR_MS)
    }
    fn lead(state: State) -> Lead {
        let host = Host::parse("cx-mem.top").expect("a host");
        let candidate = Candidate {
            url: format!("http://{host}/"),
            host: host.clone(),
            site: "s".into(),
            reasons: Vec::new(),
            sightings: Vec::new(),
            first_seen: t(-9),
            last_seen: t(-9),
        };
        let assessment = Assessment {
            class: Verdict::FakeQuery,
            site: "s".into(),
            scores: Scores::default(),
            review: true,
            findings: Vec::new(),
            not_looked_at: Vec::new(),
            rules: String::new(),
            at: t(-9),
        };
        Lead {
            id: LeadId::of(&host, "s"),
            url: candidate.url.clone(),
            candidate,
            title: String::new(),
            assessment,
            resolution: None,
            state,
            holder: None,
            history: vec![Step { at: t(0), by: "乙".into(), what: Move::Refer { letter: "1".into() } }],
            packages: Vec::new(),
            opened_at: t(-9),
        }
    }
    fn looks(all: &[(i64, Sight)]) -> Vec<Recheck> {
        let one = |(hours, sight): &(i64, Sight)| Recheck {
            lead: LeadId("XS-1".into()),
            at: t(*hours),
            sight: *sight,
            visitors: Vec::new(),
            moved_to: None,
            packages: Vec::new(),
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn the_ladder_is_climbed_rung_by_rung_and_then_monthly() {
        let mut at = t(0);
        let mut hours = Vec::new();
        for _ in 0..8 {
            at = next_look(t(0), at);
            hours.push((at.millis() - t(0).millis()) / HOUR_MS);
        }
        assert_eq!(hours, [1, 6, 24, 72, 168, 720, 1_440, 2_160]);
        assert_eq!(next_look(t(0), t(50)), t(72), "a look that came late leads to the rung ahead");
    }

    #[test]
    fn one_outage_blocks_nothing_and_three_within_hours_do_not_either() {
        use Sight::{Changed, Down, Up};
        let after = |all: &[(i64, Sight)]| follows(&lead(State::Referred), t(0), &looks(all));
        assert_eq!(after(&[(1, Down)]), None);
        assert_eq!(after(&[(1, Down), (2, Down), (3, Down), (6, Down)]), None, "down for five hours");
        assert_eq!(after(&[(1, Down), (6, Up), (24, Down)]), None, "up in between");
        assert_eq!(after(&[(1, Down), (6, Changed), (24, Down)]), None, "a page in between");
        assert_eq!(after(&[(1, Down), (6, Down), (24, Down)]), Some(Move::Block));
        assert_eq!(after(&[(1, Up), (6, Up), (24, Up)]), Some(Move::StillUp));
        assert_eq!(after(&[(1, Up), (6, Up)]), None, "nobody could have acted yet");
        assert_eq!(after(&[(1, Changed), (6, Changed), (24, Changed), (72, Changed)]), None, "a replaced page is a person's to judge");
    }

    #[test]
    fn what_was_blocked_and_comes_back_is_reopened_and_looks_before_the_referral_do_not_count() {
        let back = follows(&lead(State::Blocked), t(0), &looks(&[(24, Sight::Down), (72, Sight::Up)]));
        assert!(matches!(back, Some(Move::Reopen { .. })), "{back:?}");
        let old = looks(&[(-30, Sight::Down), (-6, Sight::Down), (1, Sight::Down)]);
        assert_eq!(follows(&lead(State::Referred), t(0), &old), None);
        assert_eq!(follows(&lead(State::Blocked), t(0), &looks(&[(720, Sight::Down)])), None);
    }

    #[test]
    fn a_page_that_is_up_at_another_host_has_moved() {
        let mut all = looks(&[(1, Sight::Up)]);
        all[0].moved_to = Some("other.top".into());
        assert_eq!(follows(&lead(State::Referred), t(0), &all), Some(Move::MovedTo { host: "other.top".into() }));
        assert_eq!(follows(&lead(State::Moved), t(0), &all), None, "told once");
    }

    #[test]
    fn only_referred_leads_stand_on_the_ladder() {
        for state in State::ALL {
            let on = matches!(state, State::Referred | State::Blocked | State::StillUp | State::Moved);
            assert_eq!(referred_at(&lead(state)).is_some(), on, "{state:?}");
        }
    }
}
