//! A token bucket: how many questions a resolver may be sent. Exact over time: what was late is caught up, what was idle is not saved.

/// What may be caught up after a pause, in microseconds of the rate.
const CATCH_UP_US: u64 = 250_000;

/// Counts from the first question. `per_s` `None`: no bound.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    per_s: Option<u64>,
    since_us: Option<u64>,
    spent: u64,
}

impl Bucket {
    pub(crate) fn new(per_s: Option<u64>) -> Self {
        Self { per_s, since_us: None, spent: 0 }
    }
    /// Whether one more may go now.
    pub(crate) fn has(&mut self, now_us: u64) -> bool {
        let Some(per_s) = self.per_s else { return true };
        let since_us = *self.since_us.get_or_insert(now_us);
        let earned = now_us.saturating_sub(since_us).saturating_mul(per_s) / 1_000_000;
        let saved = (per_s * CATCH_UP_US / 1_000_000).max(1);
        self.spent = self.spent.max(earned.saturating_sub(saved));
        self.spent <= earned
    }
    /// One has gone.
    pub(crate) fn spend(&mut self) {
        self.spent += u64::from(self.per_s.is_some());
    }
    /// When the next one may go. `None`: at any time.
    pub(crate) fn next_us(&self) -> Option<u64> {
        let (per_s, since_us) = (self.per_s?, self.since_us?);
        Some(since_us + (self.spent * 1_000_000).div_ceil(per_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Questions sent over `for_us` by a sender that looks every `step_us`.
    fn sent(per_s: u64, for_us: u64, step_us: u64) -> u64 {
        let (mut bucket, mut sent, mut now) = (Bucket::new(Some(per_s)), 0, 0);
        while now <= for_us {
            while bucket.has(now) {
                bucket.spend();
                sent += 1;
            }
            now += step_us;
        }
        sent
    }

    #[test]
    fn the_rate_is_exact_however_rarely_the_sender_looks() {
        for per_s in [1, 7, 1_000, 33_333, 200_000] {
            for step_us in [50, 1_700, 40_000, 200_000] {
                let (want, got) = (per_s * 10, sent(per_s, 10_000_000, step_us));
                assert!(got.abs_diff(want) <= 1 + want / 50, "{per_s}/s, looking every {step_us} us: {got} in 10 s");
            }
        }
    }

    #[test]
    fn idle_time_is_not_saved_up_and_nothing_goes_early() {
        let mut bucket = Bucket::new(Some(1_000));
        assert!(bucket.has(5));
        bucket.spend();
        assert!(!bucket.has(6));
        assert_eq!(bucket.next_us(), Some(1_005));
        let burst = (0..10_000)
            .take_while(|_| {
                bucket.has(60_000_000) && {
                    bucket.spend();
                    true
                }
            })
            .count();
        assert_eq!(burst, 251);
        let mut free = Bucket::new(None);
        assert!((0..100_000).all(|_| free.has(0) && {
            free.spend();
            true
        }));
        assert_eq!(free.next_us(), None);
    }
}
