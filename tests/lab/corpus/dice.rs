//! Chance that is the same at every run (splitmix64), seeded by corpus, family and page.

/// One page's chance.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, family: &str, n: u32) -> Self {
        let named = family.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let mut dice = Self(seed ^ named ^ (u64::from(n) << 40));
        dice.next();
        dice
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// `0..n`; 0 for `n == 0`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(1).max(1);
        usize::try_from(self.next() % n).unwrap_or(0)
    }
    /// `from..=to`.
    pub(crate) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to.saturating_sub(from) + 1)
    }
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
    /// `wanted` of `0..len` in random order; repeats only where there are too few.
    pub(crate) fn some(&mut self, len: usize, wanted: usize) -> Vec<usize> {
        let mut left: Vec<usize> = Vec::new();
        let mut out = Vec::with_capacity(wanted);
        while out.len() < wanted && len > 0 {
            if left.is_empty() {
                left = (0..len).collect();
            }
            let at = self.below(left.len());
            out.push(left.swap_remove(at));
        }
        out
    }
}
