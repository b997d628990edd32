//! Lanes: one question at a time to each server, a pause after it, and none at all to one that is down or has asked us to wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Servers remembered; beyond it those that nobody waits for are forgotten.
const MAX_SERVERS: usize = 1_024;

/// All lanes.
#[derive(Default)]
pub(crate) struct Lanes(Mutex<HashMap<String, Arc<Lane>>>);

struct Lane {
    turn: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    next: Instant,
    shut: Option<(Instant, String)>,
}

/// The right to ask one server now.
pub(crate) struct Turn {
    lane: Arc<Lane>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lanes {
    fn lane(&self, server: &str) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= MAX_SERVERS {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        let new = || Arc::new(Lane { turn: Arc::new(Semaphore::new(1)), state: Mutex::new(State { next: Instant::now(), shut: None }) });
        lanes.entry(server.to_owned()).or_insert_with(new).clone()
    }
    /// Waits for this server's turn.
    ///
    /// # Errors
    /// Why it is not to be asked now.
    pub(crate) async fn turn(&self, server: &str) -> Result<Turn, String> {
        let lane = self.lane(server);
        let permit = lane.turn.clone().acquire_owned().await.ok();
        let state = lane.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((until, why)) = state.shut.filter(|(until, _)| *until > Instant::now()) {
            return Err(format!("{why}; left alone for another {} s", (until - Instant::now()).as_secs().max(1)));
        }
        tokio::time::sleep_until(state.next).await;
        Ok(Turn { lane, _permit: permit })
    }
}

impl Turn {
    /// The next question waits this long.
    pub(crate) fn pause(&self, ms: u64) {
        self.state().next = Instant::now() + Duration::from_millis(ms);
    }
    /// No question for this long.
    pub(crate) fn shut(&self, ms: u64, why: &str) {
        self.state().shut = Some((Instant::now() + Duration::from_millis(ms), why.to_owned()));
    }
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.lane.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
