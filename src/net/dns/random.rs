//! Random numbers nobody can guess, for query ids and probe labels. One system call gives thousands.

use rustls::crypto::SecureRandom;
use std::sync::{Mutex, PoisonError};

/// Bytes drawn at once.
const POOL_BYTES: usize = 4_096;

pub(crate) struct Random {
    source: &'static dyn SecureRandom,
    pool: Mutex<Vec<u8>>,
}

impl Default for Random {
    fn default() -> Self {
        Self { source: rustls::crypto::ring::default_provider().secure_random, pool: Mutex::default() }
    }
}

impl Random {
    /// `N` bytes, at most [`POOL_BYTES`].
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < N {
            pool.resize(POOL_BYTES, 0);
            self.source.fill(&mut pool).expect("the system gives random bytes, or nothing on this machine is safe");
        }
        let rest = pool.len() - N;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&pool[rest..]);
        pool.truncate(rest);
        bytes
    }
    /// A query id.
    pub(crate) fn id(&self) -> u16 {
        u16::from_be_bytes(self.bytes())
    }
    /// A label that nobody registered: 20 letters and digits.
    pub(crate) fn label(&self) -> String {
        self.bytes::<20>().iter().map(|b| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(b % 32)])).collect()
    }
    /// 0.8 to 1.2 times `ms`.
    pub(crate) fn jittered(&self, ms: u64) -> u64 {
        ms * (800 + u64::from(self.id()) * 400 / 65_535) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_repeat_and_jitter_stays_in_its_range() {
        let random = Random::default();
        let labels: std::collections::HashSet<String> = (0..2_000).map(|_| random.label()).collect();
        assert_eq!(labels.len(), 2_000);
        assert!((0..2_000).map(|_| random.jittered(1_000)).all(|ms| (800..=1_200).contains(&ms)));
    }
}
