//! How long a resolver takes, as a histogram that forgets. Out: how long to wait for a reply before asking again.
//! The slowest replies decide, not the mean: a recursor answers most names from its cache and a few after seconds.

/// Steps of a quarter of an octave, from 1 us to over an hour.
const STEPS: usize = 128;
/// Samples before they are believed.
const ENOUGH: u32 = 48;
/// Samples at which the old ones are halved.
const MEMORY: u32 = 4_096;
/// What the first questions wait.
const UNKNOWN_US: u64 = 1_000_000;
const MOST_US: u64 = 2_000_000;

#[derive(Clone, Debug)]
pub(crate) struct Rtt {
    counts: [u32; STEPS],
    total: u32,
    least_us: u64,
    wait_us: u64,
}

impl Rtt {
    /// Never waits less than `least_us`.
    pub(crate) fn new(least_us: u64) -> Self {
        Self { counts: [0; STEPS], total: 0, least_us, wait_us: UNKNOWN_US }
    }
    /// A reply came `us` after its question.
    pub(crate) fn sample(&mut self, us: u64) {
        self.counts[step(us)] += 1;
        self.total += 1;
        if self.total >= ENOUGH && (self.total.is_multiple_of(32) || self.total == ENOUGH) {
            self.wait_us = (2 * self.slow_us()).clamp(self.least_us, MOST_US);
        }
        if self.total >= MEMORY {
            self.counts.iter_mut().for_each(|c| *c /= 2);
            self.total = self.counts.iter().sum();
        }
    }
    /// What all but one in two hundred stay under.
    fn slow_us(&self) -> u64 {
        let mut above = self.total / 200;
        let slow = (0..STEPS).rev().find(|s| {
            let found = self.counts[*s] > above;
            above = above.saturating_sub(self.counts[*s]);
            found
        });
        slow.map_or(UNKNOWN_US, edge_us)
    }
    /// What a first try waits.
    pub(crate) fn wait_us(&self) -> u64 {
        self.wait_us
    }
}

fn step(us: u64) -> usize {
    let us = us.max(4);
    let octave = us.ilog2();
    let quarter = (us >> (octave - 2)) & 3;
    usize::try_from(u64::from(octave) * 4 + quarter).unwrap_or(STEPS).min(STEPS - 1)
}

/// The upper edge of a step.
fn edge_us(step: usize) -> u64 {
    let (octave, quarter) = (step / 4, step as u64 % 4);
    (4 + quarter + 1) << octave >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_ms(samples: impl IntoIterator<Item = u64>) -> u64 {
        let mut rtt = Rtt::new(25_000);
        samples.into_iter().for_each(|ms| rtt.sample(ms * 1_000));
        rtt.wait_us() / 1_000
    }

    #[test]
    fn the_wait_follows_the_slowest_replies_and_has_bounds() {
        assert_eq!(wait_ms([]), 1_000);
        assert_eq!(wait_ms([1; 40]), 1_000, "too few to believe");
        assert_eq!(wait_ms([1; 200]), 25);
        let slow_tail = (0..2_000).map(|n| if n % 50 == 0 { 300 } else { 5 });
        assert!((600..=800).contains(&wait_ms(slow_tail.clone())), "{}", wait_ms(slow_tail));
        assert_eq!(wait_ms([1_900; 200]), 2_000);
    }

    #[test]
    fn old_samples_fade() {
        let changed = std::iter::repeat_n(400, 3_000).chain(std::iter::repeat_n(2, 60_000));
        assert_eq!(wait_ms(changed), 25);
        let rtt = &mut Rtt::new(1);
        [0, 1, 3, u64::MAX].into_iter().for_each(|us| rtt.sample(us));
        assert!((4..10_000_000).step_by(997).all(|us| edge_us(step(us)) >= us && edge_us(step(us)) <= us + us / 4 + 4));
    }
}
