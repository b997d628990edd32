//! The wish to end: one hand raises it, everything that runs sees it. Work under way is given some seconds to end, then it is dropped.
//! Nothing is lost by dropping: what was not acknowledged is due again.

use std::time::Duration;
use tokio::sync::watch;

/// What is under way when the wish comes may end within this time.
const GRACE: Duration = Duration::from_secs(4);

/// Raises the wish. Dropped, it is raised too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Sees the wish. Clones see the same.
#[derive(Clone, Debug)]
pub struct Stop(Option<watch::Receiver<bool>>);

impl Stopper {
    /// A hand and the eyes for it.
    pub fn new() -> (Self, Stop) {
        let (raise, see) = watch::channel(false);
        (Self(raise), Stop(Some(see)))
    }
    /// Raises it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// One that is never raised.
    pub fn never() -> Self {
        Self(None)
    }
    /// Is it raised?
    pub fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|see| *see.borrow() || see.has_changed().is_err())
    }
    /// Waits until it is raised.
    pub async fn raised(&self) {
        match self.0.clone() {
            Some(mut see) => {
                let _ = see.wait_for(|raised| *raised).await;
            }
            None => std::future::pending().await,
        }
    }
    /// Waits until it is raised and the time to end in order is over.
    pub async fn overdue(&self) {
        self.raised().await;
        tokio::time::sleep(GRACE).await;
    }
}
