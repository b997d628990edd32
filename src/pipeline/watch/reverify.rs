//! The nightly re-verification: every package checked again when its schedule says, slowly, beside the daily work.
//! In: the evidence folder, a wish to stop. Out: how the round stands. Never more than half of one processor, never more than a quiet rate of bytes.

use crate::evidence::{self, EvidenceError, Reverification, Round};
use crate::model::time::Timestamp;
use crate::net::Clock;
use crate::pipeline::cron::Schedule;
use crate::pipeline::stop::Stop;
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes that are read in a second at most, over a whole round.
const RATE: u64 = 32 << 20;

/// When rounds begin.
pub(super) struct Night {
    /// `None`: never.
    schedule: Option<Schedule>,
    /// The moment of the schedule that was served last.
    served: Timestamp,
    running: bool,
}

impl Night {
    /// A round that was cut off goes on at once; where there was none yet, the first one waits for its hour.
    pub(super) fn of(schedule: Option<Schedule>, root: &Path, now: Timestamp) -> Self {
        let served = match evidence::round(root) {
            Some(round) if round.ended.is_none() => Timestamp::from_millis(0),
            Some(round) => round.began,
            None => now,
        };
        Self { schedule, served, running: false }
    }
    /// Is a round due? Then it counts as running until [`Night::ends`].
    pub(super) fn falls(&mut self, now: Timestamp) -> bool {
        let due = self.schedule.as_ref().and_then(|s| s.at_or_before(now)).filter(|slot| self.served < *slot);
        let Some(slot) = due.filter(|_| !self.running) else { return false };
        (self.served, self.running) = (slot, true);
        true
    }
    /// The round is over, or was dropped.
    pub(super) fn ends(&mut self) {
        self.running = false;
    }
    /// When the next one begins. `None`: never, or one is running.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.schedule.as_ref().filter(|_| !self.running)?.after(now)
    }
}

/// Works a round off, from where the last one was cut. Ends early at the wish, with its place written down.
pub(super) async fn round(root: &Path, clock: &Clock, stop: &Stop) -> Result<Round, EvidenceError> {
    let begun = clock.now();
    let folder = root.to_owned();
    let mut work = blocking(move || Reverification::begin(&folder, begun)).await?;
    while !stop.is_set() {
        let (from, now) = (Instant::now(), clock.now());
        let (back, stepped) = blocking(move || work.step(now).map(|stepped| (work, stepped))).await?;
        work = back;
        let Some(stepped) = stepped else { return Ok(work.round().clone()) };
        if let Some(why) = &stepped.newly_bad {
            tracing::error!(package = %stepped.package, "package {} does not pass any more: {}", stepped.package, why.en);
        }
        let rest = from.elapsed().max(Duration::from_millis(stepped.bytes.saturating_mul(1_000) / RATE));
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = stop.raised() => {}
        }
    }
    blocking(move || work.save().map(|()| work.round().clone())).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, EvidenceError> + Send + 'static) -> Result<T, EvidenceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(fell) => std::panic::resume_unwind(fell.into_panic()),
    }
}
