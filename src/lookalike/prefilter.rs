//! The first pass over a block: which lines could carry a token at all. One look per two bytes, whatever the number of
//! tokens: a window of four bytes is looked up in a bitmap, then in an exact table.

use std::collections::HashSet;

/// Bits of the bitmap's index: 2^18 bits are 32 KB, which stays in the first-level cache.
const BITS: u32 = 18;
/// Folds ASCII letters to lower case; digits, dots and hyphens already have the bit.
const FOLD: u32 = 0x2020_2020;

/// Windows that make a line worth a closer look.
pub(super) struct Prefilter {
    bits: Box<[u64; 1 << (BITS - 6)]>,
    exact: HashSet<u32, std::hash::BuildHasherDefault<Mixer>>,
}

/// Multiplicative hashing of one `u32`.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl std::hash::Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
    fn write_u32(&mut self, n: u32) {
        self.0 = u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

fn slot(window: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}

impl Prefilter {
    /// From pieces of at least three ASCII bytes, one of which stands unbroken in every name that can be hit.
    pub(super) fn new<'a>(pieces: impl Iterator<Item = &'a str>) -> Self {
        let mut filter = Self { bits: Box::new([0; 1 << (BITS - 6)]), exact: HashSet::default() };
        for piece in pieces {
            filter.add(piece.as_bytes());
        }
        filter
    }
    fn add(&mut self, piece: &[u8]) {
        match piece {
            [a, b, c] => {
                for any in (0x20..0x40).chain(0x60..0x80) {
                    self.insert([any, *a, *b, *c]);
                    self.insert([*a, *b, *c, any]);
                }
            }
            [a, b, c, d] => {
                self.insert([*a, *b, *c, *d]);
                for any in (0x20..0x40).chain(0x60..0x80) {
                    self.insert([*b, *c, *d, any]);
                }
            }
            [..] if piece.len() >= 5 => {
                let best = piece.windows(5).min_by_key(|w| w.iter().map(|b| commonness(*b)).sum::<u32>()).unwrap_or(piece);
                self.insert([best[0], best[1], best[2], best[3]]);
                self.insert([best[1], best[2], best[3], best[4]]);
            }
            _ => {}
        }
    }
    fn insert(&mut self, window: [u8; 4]) {
        let window = u32::from_be_bytes(window) | FOLD;
        let slot = slot(window);
        self.bits[slot >> 6] |= 1 << (slot & 63);
        self.exact.insert(window);
    }
    /// Calls `line` with every line of ASCII `block` that holds a window. The last line is always given, complete or not.
    pub(super) fn lines<'a>(&self, block: &'a [u8], line: &mut dyn FnMut(&'a [u8])) {
        let mut from = 0;
        while let Some(at) = self.find(&block[from..]).map(|at| from + at) {
            let start = memchr::memrchr(b'\n', &block[from..at]).map_or(from, |nl| from + nl + 1);
            let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |nl| at + nl);
            if end == block.len() {
                return line(&block[start..end]);
            }
            line(&block[start..end]);
            from = end + 1;
        }
        let start = memchr::memrchr(b'\n', &block[from..]).map_or(from, |nl| from + nl + 1);
        if start < block.len() {
            line(&block[start..]);
        }
    }
    /// Offset of a byte inside the first piece.
    fn find(&self, block: &[u8]) -> Option<usize> {
        let mut window = 0x2a2a_2a2a_u32;
        for (i, pair) in block.chunks_exact(2).enumerate() {
            window = window << 16 | u32::from(pair[0]) << 8 | u32::from(pair[1]);
            let folded = window | FOLD;
            let slot = slot(folded);
            if self.bits[slot >> 6] >> (slot & 63) & 1 == 1 && self.exact.contains(&folded) {
                // The third letter of a window belongs to the piece, whichever way they are aligned.
                return Some(2 * i);
            }
        }
        None
    }
}

/// How common a letter is in names, roughly, in thousandths.
fn commonness(b: u8) -> u32 {
    match b {
        b'a' | b'e' | b'i' | b'o' => 80,
        b'n' | b'r' | b's' | b't' | b'l' => 60,
        b'u' | b'c' | b'd' | b'm' | b'p' | b'h' | b'g' => 30,
        b'b' | b'y' | b'f' | b'k' | b'v' | b'w' => 15,
        _ => 5,
    }
}
