//! When a source runs: a cron expression read in Beijing time, a little jitter of its own, one catch-up run after any downtime.
//! In: text, moments. Out: moments. No clock in here.

use crate::model::digest::Sha256;
use crate::model::time::Timestamp;
use chrono::{DateTime, FixedOffset};
use croner::Cron;
use croner::parser::{CronParser, Seconds};

/// Largest jitter, in milliseconds.
const MAX_JITTER_MS: i64 = 5 * 60_000;
/// Jitter is at most this part of the time between two runs.
const JITTER_PART: i64 = 10;

/// A schedule, checked.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

impl Schedule {
    /// Reads five fields: minute, hour, day of month, month, day of week; Asia/Shanghai.
    ///
    /// # Errors
    /// One line: what is wrong, or that no such moment ever comes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
        let cron = parser.parse(text).map_err(|e| format!("`{text}` is no cron expression ({e}); write it like `30 6 * * *`"))?;
        let schedule = Self { text: text.to_owned(), cron };
        if schedule.after(Timestamp::from_millis(1_700_000_000_000)).is_none() {
            return Err(format!("`{text}` never comes"));
        }
        Ok(schedule)
    }
    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// The first moment of the schedule after `now`. `None`: never.
    pub fn after(&self, now: Timestamp) -> Option<Timestamp> {
        self.cron.find_next_occurrence(&beijing(now)?, false).ok().map(|t| Timestamp::from_millis(t.timestamp_millis()))
    }
    /// The last moment of the schedule at or before `now`. `None`: there was none in living memory.
    pub fn at_or_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.cron.find_previous_occurrence(&beijing(now)?, true).ok().map(|t| Timestamp::from_millis(t.timestamp_millis()))
    }
    /// The time between the two moments around `now`, in milliseconds: how often it runs hereabouts.
    pub fn interval_ms(&self, now: Timestamp) -> i64 {
        let next = self.after(now);
        let before = next.and_then(|n| self.at_or_before(n.plus_millis(-1)));
        next.zip(before).map_or(86_400_000, |(n, b)| n.millis() - b.millis())
    }
    /// When the source `id` starts next, having served the moment `served`: at once where a moment passed unserved (one run, however many passed),
    /// else at the next one. Some seconds later than the schedule says, so that a hundred installations do not ask at the same second.
    pub fn start(&self, id: &str, served: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let missed = self.at_or_before(now).filter(|slot| served.is_none_or(|s| s < *slot));
        match (missed, served) {
            // Never run: nothing to be late for, and somebody is waiting for the first results.
            (Some(_), None) => now,
            (Some(slot), Some(_)) => self.jittered(id, slot, now).max(now),
            (None, _) => self.after(now).map_or(now.plus_millis(86_400_000), |slot| self.jittered(id, slot, now)),
        }
    }
    /// The same source and moment always give the same jitter.
    fn jittered(&self, id: &str, slot: Timestamp, now: Timestamp) -> Timestamp {
        let most = (self.interval_ms(now) / JITTER_PART).clamp(1, MAX_JITTER_MS);
        slot.plus_millis(part_of(most, &format!("{id} {}", slot.millis())))
    }
}

/// A number in `0..most` that looks random and is always the same for `seed`.
pub(super) fn part_of(most: i64, seed: &str) -> i64 {
    let hash = Sha256::of(seed.as_bytes());
    let bits = hash.as_bytes().iter().take(7).fold(0i64, |acc, b| (acc << 8) | i64::from(*b));
    bits % most.max(1)
}

fn beijing(at: Timestamp) -> Option<DateTime<FixedOffset>> {
    Some(DateTime::from_timestamp_millis(at.millis())?.with_timezone(&FixedOffset::east_opt(8 * 3600)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }
    fn daily() -> Schedule {
        Schedule::parse("30 6 * * *").expect("a schedule")
    }

    #[test]
    fn a_schedule_is_read_in_beijing_time() {
        let now = at("2026-11-24T04:00:00Z");
        assert_eq!(daily().after(now), Some(at("2026-11-24T22:30:00Z")));
        assert_eq!(daily().at_or_before(now), Some(at("2026-11-23T22:30:00Z")));
        assert_eq!(daily().at_or_before(at("2026-11-23T22:30:00Z")), Some(at("2026-11-23T22:30:00Z")));
        assert_eq!(daily().interval_ms(now), 86_400_000);
        assert_eq!(Schedule::parse("*/10 * * * *").expect("one").interval_ms(now), 600_000);
        assert_eq!(Schedule::parse("0 9 * * 1").expect("one").after(now), Some(at("2026-11-30T01:00:00Z")), "a Monday");
    }

    #[test]
    fn after_three_days_of_downtime_there_is_one_run_not_three() {
        let (schedule, now) = (daily(), at("2026-11-24T04:00:00Z"));
        let served = at("2026-11-20T22:30:00Z");
        assert_eq!(schedule.start("a", Some(served), now), now, "missed: at once");
        let served = schedule.at_or_before(now);
        let next = schedule.start("a", served, now);
        assert!(next >= at("2026-11-24T22:30:00Z") && next < at("2026-11-24T22:36:00Z"), "{next}");
    }

    #[test]
    fn a_source_that_never_ran_starts_at_once() {
        let now = at("2026-11-24T04:00:00Z");
        assert_eq!(daily().start("a", None, now), now);
    }

    #[test]
    fn jitter_differs_by_source_and_is_small_beside_the_interval() {
        let (minutely, now) = (Schedule::parse("* * * * *").expect("one"), at("2026-11-24T04:00:10Z"));
        let served = minutely.at_or_before(now);
        let starts: Vec<i64> = (0..50).map(|n| minutely.start(&format!("s{n}"), served, now).millis() - now.millis()).collect();
        assert!(starts.iter().all(|ms| (50_000..56_000).contains(ms)), "{starts:?}");
        assert!(starts.iter().collect::<std::collections::BTreeSet<_>>().len() > 25);
        assert_eq!(minutely.start("a", served, now), minutely.start("a", served, now));
    }

    #[test]
    fn what_never_comes_and_what_is_no_cron_is_refused() {
        for text in ["0 0 30 2 *", "daily", "61 * * * *", "* * * *", "0 0 0 * * *", ""] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
    }
}
