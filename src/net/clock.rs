//! The clock: what `now` is, and how long to wait for a moment. The only clock below the halls.
//! The system's, or one that a simulation moves: a week of watch then passes in the time that its work takes.

use crate::model::time::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Longest single sleep: the system's clock may be set, or the machine may sleep, while we wait.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Says what time it is. Clones tell the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds; `None`: the system's clock.
    moved: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }
    /// A clock that stands at `at` until somebody waits for a later moment with nothing else to do.
    pub fn moved(at: Timestamp) -> Self {
        Self { moved: Some(Arc::new(AtomicI64::new(at.millis()))) }
    }
    /// Now.
    pub fn now(&self) -> Timestamp {
        let millis = self.moved.as_ref().map_or_else(|| chrono::Utc::now().timestamp_millis(), |m| m.load(Ordering::SeqCst));
        Timestamp::from_millis(millis)
    }
    /// Waits until `at`, or for some 20 seconds, whichever is first. A moved clock jumps to `at` at once where the one who waits is `idle`
    /// (nothing that it started is still running), and else waits for ever: what is running must end first.
    pub async fn reach(&self, at: Timestamp, idle: bool) {
        match &self.moved {
            None => {
                let left = u64::try_from(at.millis() - self.now().millis()).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
            }
            Some(moved) if idle => {
                moved.fetch_max(at.millis(), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            Some(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_moved_clock_stands_until_its_owner_is_idle_and_then_jumps() {
        let start = Timestamp::from_millis(1_000);
        let clock = Clock::moved(start);
        let other = clock.clone();
        assert_eq!(clock.now(), start);
        let week = start.plus_millis(7 * 86_400_000);
        let busy = tokio::time::timeout(Duration::from_millis(20), clock.reach(week, false)).await;
        assert!(busy.is_err() && other.now() == start, "something is running: time stands");
        clock.reach(week, true).await;
        assert_eq!(other.now(), week);
        clock.reach(start, true).await;
        assert_eq!(other.now(), week, "time does not go back");
    }
}
