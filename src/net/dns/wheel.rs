//! A coarse timer wheel: what is due when, to a few milliseconds. In: things with a time. Out: those whose time has come.
//! Nothing is taken off before its time; whoever put it there knows whether it still matters.

/// Width of one slot.
pub(crate) const TICK_US: u64 = 4_000;
/// Slots. What is due later than all of them, in some four seconds, comes at the last one instead.
const SLOTS: u64 = 1_024;

pub(crate) struct Wheel<T> {
    slots: Vec<Vec<T>>,
    tick: u64,
}

impl<T> Wheel<T> {
    pub(crate) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), tick: 0 }
    }
    /// `due_us` counts from the same zero as `now_us` of [`Wheel::turn`]; never early, late by a tick at most.
    pub(crate) fn put(&mut self, due_us: u64, thing: T) {
        let tick = (due_us / TICK_US + 1).clamp(self.tick + 1, self.tick + SLOTS - 1);
        self.slots[Self::slot(tick)].push(thing);
    }
    /// Moves everything that is due at `now_us` to `due`.
    pub(crate) fn turn(&mut self, now_us: u64, due: &mut Vec<T>) {
        let now = now_us / TICK_US;
        let end = now.min(self.tick + SLOTS);
        while self.tick < end {
            self.tick += 1;
            due.append(&mut self.slots[Self::slot(self.tick)]);
        }
        self.tick = self.tick.max(now);
    }
    fn slot(tick: u64) -> usize {
        usize::try_from(tick % SLOTS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(due_us: u64, step_us: u64) -> u64 {
        let (mut wheel, mut due, mut now) = (Wheel::new(), Vec::new(), 0);
        wheel.put(due_us, ());
        while due.is_empty() {
            now += step_us;
            wheel.turn(now, &mut due);
            assert!(now < 100_000_000, "it never came");
        }
        assert_eq!(due.len(), 1);
        now
    }

    #[test]
    fn nothing_comes_early_and_nothing_later_than_a_tick() {
        for due in [0, 1, 3_999, 4_000, 4_001, 25_000, 2_400_000, 4_000_000] {
            let at = came(due, 100);
            assert!((due..=due + TICK_US).contains(&at), "{due} came at {at}");
        }
    }

    #[test]
    fn a_long_sleep_loses_nothing_and_the_far_future_comes_at_the_horizon() {
        assert_eq!(came(5_000, 60_000_000), 60_000_000);
        assert!(came(u64::MAX / 2, 1_000) <= SLOTS * TICK_US);
    }
}
