//! The cursor of the source `ct`: for each log, how far it was read, what its tree was then, and whether it wants to be left alone.

use crate::model::time::Timestamp;
use crate::sources::ct::list::Log;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every log's place, by log id (base64).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Places {
    #[serde(default)]
    pub(super) logs: BTreeMap<String, Place>,
}

/// How far one log was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The log itself: it is read on when the list cannot be had.
    pub(super) log: Log,
    /// The next entry of the live end.
    pub(super) next: u64,
    /// Size of the largest tree seen.
    pub(super) size: u64,
    /// Its root, base64.
    pub(super) root: String,
    /// When the log signed it, milliseconds since 1970.
    #[serde(default)]
    pub(super) signed_ms: u64,
    /// Older entries still to be read. Apart from the live end, which it never moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) back: Option<Back>,
    /// Does it offer names tiles? `None`: not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) names_tiles: Option<bool>,
    /// Since when the entries of the unfinished last tile wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting_since: Option<Timestamp>,
    /// Malformed certificates so far.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub(super) malformed: u64,
    /// What does not fit what the log said before: a fork, a smaller tree. Nothing is read from it meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alarm: Option<String>,
    /// It is left alone until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rest: Option<Rest>,
}

/// A stretch of older entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Back {
    /// The next to be read.
    pub(super) next: u64,
    /// The first that belongs to the live end.
    pub(super) end: u64,
}

/// Why a log is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    /// Until when.
    pub(super) until: Timestamp,
    /// Failures in a row.
    pub(super) tries: u32,
    /// It refused us (429), rather than failed.
    pub(super) refused: bool,
    /// What happened.
    pub(super) why: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_nought(n: &u64) -> bool {
    *n == 0
}

const FIRST_REST_MS: i64 = 15_000;
const LONGEST_REST_MS: i64 = 15 * 60_000;
/// What a log may ask for by Retry-After.
const LONGEST_ASKED_MS: i64 = 24 * 3_600_000;

impl Places {
    /// Reads a cursor; the empty text is the start. `None`: not ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(Self::default()) } else { serde_json::from_str(text).ok() }
    }
    /// As it is stored.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers serialise")
    }
}

impl Rest {
    /// The rest after one more failure: what the log asked for, else twice the last one up to 15 minutes, spread by `id` so that
    /// many logs do not come back at one moment.
    pub(super) fn after(before: Option<&Self>, now: Timestamp, asked_ms: Option<i64>, refused: bool, why: String, id: &str) -> Self {
        let tries = before.map_or(0, |r| r.tries).saturating_add(1);
        let doubled = (FIRST_REST_MS << tries.min(10).saturating_sub(1)).min(LONGEST_REST_MS);
        let spread = id.bytes().fold(i64::from(tries), |n, b| (n * 31 + i64::from(b)) % 1_000);
        let jittered = doubled / 2 + doubled / 2 * spread / 1_000;
        let wait = asked_ms.map_or(jittered, |asked| asked.clamp(jittered.min(1_000), LONGEST_ASKED_MS));
        Self { until: now.plus_millis(wait), tries, refused, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_fails_again_and_again_is_left_alone_for_longer_up_to_a_quarter_of_an_hour() {
        let now = Timestamp::from_millis(0);
        let mut rest: Option<Rest> = None;
        let mut waits = Vec::new();
        for _ in 0..40 {
            rest = Some(Rest::after(rest.as_ref(), now, None, false, "x".into(), "log"));
            waits.push(rest.as_ref().expect("set").until.millis());
        }
        assert!(waits[0] >= 7_500 && waits[0] <= 15_000, "{waits:?}");
        assert!(waits[4] > 4 * waits[0], "{waits:?}");
        assert!(waits.iter().all(|w| (7_500..=LONGEST_REST_MS).contains(w)), "{waits:?}");
        let asked = Rest::after(None, now, Some(120_000), true, "429".into(), "log");
        assert_eq!(asked.until.millis(), 120_000);
        assert!(Rest::after(None, now, Some(i64::MAX), true, "429".into(), "log").until.millis() <= LONGEST_ASKED_MS);
    }
}
