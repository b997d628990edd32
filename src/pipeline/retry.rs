//! When a source is tried again after a bad run. A table, not code paths: outcome and count in, wait out.
//! A failure waits a minute, doubling to fifteen; after eight in a row the circuit is open and it is asked once an hour until it answers.
//! A refusal (captcha, decoy, 429) waits an hour, doubling to six: asking sooner only prolongs it. Both wait at least as long as they were told to.

use crate::model::time::Timestamp;
use crate::pipeline::cron::part_of;
use crate::records::Standing;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Longest wait after a failure while the circuit is closed.
const MOST_MS: i64 = 15 * MINUTE_MS;
/// Bad runs in a row that open the circuit.
pub const BREAKER: u32 = 8;

/// The standing after a run that ended at `now`. `outcome` is the run's word; `served` the moment of the schedule that it was for;
/// `told`: the moment before which an answer or a limit said not to come again.
pub fn after_run(
    before: &Standing,
    outcome: &str,
    served: Option<Timestamp>,
    told: Option<Timestamp>,
    id: &str,
    now: Timestamp,
) -> Standing {
    if matches!(outcome, "ok" | "empty") {
        let retry_at = told.filter(|at| *at > now);
        return Standing { served, begun: None, retry_at, bad_in_a_row: 0, bad_since: None, last_good: Some(now) };
    }
    let bad_in_a_row = before.bad_in_a_row.saturating_add(1);
    let wait = match outcome {
        "blocked" => doubled(HOUR_MS, bad_in_a_row, 6 * HOUR_MS),
        _ if bad_in_a_row >= BREAKER => HOUR_MS,
        _ => doubled(MINUTE_MS, bad_in_a_row, MOST_MS),
    };
    // A fifth more or less, so that sources that failed together do not come back together. Never above the bound.
    let wait = wait - part_of(wait / 5, &format!("{id} {}", now.millis()));
    let retry_at = now.plus_millis(wait).max(told.unwrap_or(now));
    Standing {
        served: before.served,
        begun: None,
        retry_at: Some(retry_at),
        bad_in_a_row,
        bad_since: before.bad_since.or(Some(now)),
        last_good: before.last_good,
    }
}

/// Is the circuit open: so many failures that it is only asked now and then?
pub fn is_open(standing: &Standing) -> bool {
    standing.bad_in_a_row >= BREAKER
}

fn doubled(first: i64, times: u32, most: i64) -> i64 {
    first.saturating_mul(1_i64.checked_shl(times.saturating_sub(1).min(30)).unwrap_or(i64::MAX)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_764_000_000_000)
    }
    fn waits(outcome: &str, times: usize) -> Vec<i64> {
        let mut standing = Standing::default();
        let mut waits = Vec::new();
        for _ in 0..times {
            standing = after_run(&standing, outcome, None, None, "a", now());
            waits.push((standing.retry_at.expect("tried again").millis() - now().millis()) / 1_000);
        }
        waits
    }

    #[test]
    fn failures_wait_longer_and_longer_up_to_a_quarter_of_an_hour_then_the_circuit_opens() {
        let waits = waits("failed", 10);
        for (n, bounds) in [
            (0, 48..=60),
            (1, 96..=120),
            (2, 192..=240),
            (3, 384..=480),
            (4, 720..=900),
            (6, 720..=900),
            (7, 2_880..=3_600),
            (9, 2_880..=3_600),
        ] {
            assert!(bounds.contains(&waits[n]), "{n}: {waits:?}");
        }
    }

    #[test]
    fn a_refusal_is_not_asked_again_within_the_hour() {
        let waits = waits("blocked", 5);
        assert!(waits[0] >= 2_880 && waits[1] >= 5_760 && waits[4] <= 6 * 3_600, "{waits:?}");
    }

    #[test]
    fn what_the_service_said_is_waited_for() {
        let told = now().plus_millis(5 * HOUR_MS);
        let bad = after_run(&Standing::default(), "failed", None, Some(told), "a", now());
        assert_eq!(bad.retry_at, Some(told));
        let good = after_run(&bad, "ok", Some(now()), Some(told), "a", now());
        assert_eq!((good.retry_at, good.bad_in_a_row, good.served), (Some(told), 0, Some(now())));
    }

    #[test]
    fn a_bad_run_serves_no_moment_and_keeps_when_it_began() {
        let first =
            after_run(&Standing { served: Some(now()), ..Standing::default() }, "failed", Some(now().plus_millis(9)), None, "a", now());
        assert_eq!(first.served, Some(now()));
        let second = after_run(&first, "blocked", None, None, "a", now().plus_millis(1_000));
        assert_eq!((second.bad_since, second.bad_in_a_row), (Some(now()), 2));
    }
}
