//! Pace: the least time between the starts of two requests to one host, whoever asks.
//! In: a host. Out: a wait. Never holds more hosts than were asked within one interval, give or take a sweep.

use crate::model::host::Host;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Hosts remembered before those whose turn has passed are swept out.
const SWEEP_AT: usize = 1_024;

/// When each host may next be asked.
pub(crate) struct Pace {
    interval: Duration,
    next: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    pub(crate) fn new(interval_ms: u64) -> Self {
        Self { interval: Duration::from_millis(interval_ms), next: Mutex::default() }
    }
    /// Waits for this host's turn and takes it. One turn a registrable name: a deceiver's hundred subdomains are one machine.
    pub(crate) async fn turn(&self, host: &Host) {
        let at = self.book(host.registrable().unwrap_or(host.as_str()), Instant::now());
        tokio::time::sleep_until(at).await;
    }
    /// The same at another interval, for a service that says it may be asked more often. Turns are by host: what it allows, it allows for itself.
    pub(crate) async fn turn_every(&self, host: &Host, interval_ms: u64) {
        let at = self.book_every(host.as_str(), Instant::now(), Duration::from_millis(interval_ms));
        tokio::time::sleep_until(at).await;
    }
    fn book(&self, key: &str, now: Instant) -> Instant {
        self.book_every(key, now, self.interval)
    }
    fn book_every(&self, key: &str, now: Instant, interval: Duration) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if next.len() >= SWEEP_AT {
            next.retain(|_, at| *at > now);
        }
        let at = next.get(key).copied().filter(|at| *at > now).unwrap_or(now);
        next.insert(key.to_owned(), at + interval);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_of_one_host_are_an_interval_apart_and_others_do_not_wait() {
        let pace = Pace::new(100);
        let now = Instant::now();
        assert_eq!(pace.book("a.com", now), now);
        assert_eq!(pace.book("a.com", now), now + Duration::from_millis(100));
        assert_eq!(pace.book("a.com", now), now + Duration::from_millis(200));
        assert_eq!(pace.book("b.com", now), now);
        let later = now + Duration::from_secs(5);
        assert_eq!(pace.book("a.com", later), later);
    }

    #[test]
    fn thousands_of_hosts_do_not_pile_up() {
        let pace = Pace::new(1);
        let now = Instant::now();
        for n in 0..100_000_u64 {
            pace.book(&format!("h{n}.com"), now + Duration::from_millis(n));
        }
        assert!(pace.next.lock().expect("no thread panicked").len() <= SWEEP_AT);
    }
}
