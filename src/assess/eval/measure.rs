//! Counts as rates, with what they can support.

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub hit: usize,
    /// Of how many. 0: there were none, and nothing can be said.
    pub of: usize,
}

impl Rate {
    /// `hit / of`; 0 where there were none.
    pub fn value(self) -> f64 {
        self.hit as f64 / self.of.max(1) as f64
    }
    /// The highest true rate that is still plausible (95%, one-sided).
    pub fn at_most(self) -> f64 {
        bound(self.hit, self.of)
    }
}

/// How many of these are so.
pub(crate) fn share<T: Copy>(all: &[T], is: impl Fn(T) -> bool) -> Rate {
    Rate { hit: all.iter().filter(|p| is(**p)).count(), of: all.len() }
}

/// The exact (Clopper-Pearson) upper bound: with a higher rate, so few in `n` would be seen in less than 5 of 100 trials.
/// For 0 seen it is about 3/n, the rule of three. 1 where `n` is 0.
pub fn bound(seen: usize, n: usize) -> f64 {
    if n == 0 || seen >= n {
        return 1.0;
    }
    let (mut low, mut high) = (seen as f64 / n as f64, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most_seen(seen, n, middle) > 0.05 { low = middle } else { high = middle }
    }
    high
}

/// Chance to see `seen` or fewer in `n` at rate `p`: the sum of binomial terms, each from the one before, in logarithms.
fn at_most_seen(seen: usize, n: usize, p: f64) -> f64 {
    if p >= 1.0 {
        return 0.0;
    }
    let odds = (p / (1.0 - p)).ln();
    let mut term = n as f64 * (1.0 - p).ln();
    let mut sum = term.exp();
    for k in 1..=seen {
        term += odds + ((n - k + 1) as f64 / k as f64).ln();
        sum += term.exp();
    }
    sum
}

/// Share of alerts that are right where `base` of all pages are of the class. 0 where nothing alerts.
pub fn precision(base: f64, recall: f64, false_positive_rate: f64) -> f64 {
    let right = base * recall;
    let all = right + (1.0 - base) * false_positive_rate;
    if all > 0.0 { right / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_in_3000_supports_a_tenth_of_a_percent_and_no_less() {
        assert!(bound(0, 3_000) <= 0.001 && bound(0, 2_900) > 0.001);
        assert!((bound(0, 134) - 0.022).abs() < 0.001, "134 pages: about 2.2%");
    }

    #[test]
    fn the_bound_agrees_with_published_values() {
        // One-sided 95% Clopper-Pearson: the 0.95 quantile of Beta(seen + 1, n - seen).
        for (seen, n, want) in [(1, 10, 0.3942), (2, 20, 0.2826), (5, 100, 0.1023), (3, 3_000, 0.002_583)] {
            assert!((bound(seen, n) - want).abs() < 0.0006, "{seen} of {n}: {}", bound(seen, n));
        }
        assert!((bound(10, 10) - 1.0).abs() < 1e-12 && (bound(0, 0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn precision_falls_with_the_base_rate() {
        assert!((precision(0.5, 1.0, 0.0) - 1.0).abs() < 1e-12);
        assert!((precision(0.001, 0.95, 0.001) - 0.4874).abs() < 0.001);
        assert!(precision(0.001, 0.0, 0.0).abs() < 1e-12);
    }
}
