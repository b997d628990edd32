//! When a host is looked at next. A table, not code paths: outcome in, time out.

use crate::model::resolution::Presence;
use crate::model::time::Timestamp;
use crate::records::Next;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// After a DNS look-up: present hosts are visited now; absent ones are asked again daily, as a registered name may come alive any day.
pub fn after_resolve(presence: &Presence, now: Timestamp) -> Next {
    match presence {
        Presence::Present => Next { visit: true, at: Some(now) },
        Presence::Absent { .. } => Next { visit: false, at: Some(now.plus_millis(DAY_MS)) },
        Presence::Unknown { .. } => Next { visit: false, at: Some(now.plus_millis(HOUR_MS)) },
    }
}

/// After a visit: leads daily; pages that were nothing weekly; servers that did not answer after six hours, by way of DNS.
pub fn after_visit(outcome: &str, review: bool, now: Timestamp) -> Next {
    let (visit, wait_ms) = match outcome {
        _ if review => (true, DAY_MS),
        "captured" | "not_html" | "too_large" | "refused_by_guard" => (true, 7 * DAY_MS),
        "no_such_host" => (false, DAY_MS),
        _ => (false, 6 * HOUR_MS),
    };
    Next { visit, at: Some(now.plus_millis(wait_ms)) }
}

/// After a visit to a protected site itself: weekly, and daily where it showed no page.
pub fn after_official(outcome: &str, now: Timestamp) -> Next {
    let days = if outcome == "captured" { 7 } else { 1 };
    Next { visit: true, at: Some(now.plus_millis(days * DAY_MS)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_looked_at_again_and_never_at_once() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        for outcome in
            ["captured", "unreachable", "no_such_host", "timed_out", "refused_by_guard", "too_large", "not_html", "failed", "brand_new"]
        {
            for review in [true, false] {
                let next = after_visit(outcome, review, now);
                assert!(next.at.is_some_and(|at| at >= now.plus_millis(HOUR_MS)), "{outcome}: a pass must end");
            }
        }
        assert_eq!(after_resolve(&Presence::Present, now), Next { visit: true, at: Some(now) });
        assert!(after_resolve(&Presence::Unknown { why: "timeout".into() }, now).at > Some(now));
    }
}
