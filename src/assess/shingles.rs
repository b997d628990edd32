//! Containment by three-character shingles: how much of a template stands inside a stretch of a page.
//! Measured (normalised text): copies 0.72 and more, other text on the same subject 0.08 and less.
//! A window slides over the page, so that a paste inside other text counts and scattered words of a law do not add up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Shingles of a template, each with a dense number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    numbers: HashMap<u64, usize, BuildHasherDefault<Mixed>>,
    /// Says at once that most shingles of a page are none of the template's.
    sieve: Sieve,
    window: usize,
}

/// Three characters as one number, spread over all bits.
fn key(three: &[char]) -> u64 {
    let packed = three.iter().fold(0u64, |all, c| (all << 21) | u64::from(u32::from(*c)));
    packed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Keys are spread already; the table needs no more. (They come from rule files, so nobody outside chooses them.)
#[derive(Clone, Debug, Default)]
pub(crate) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = self.0.rotate_left(8) ^ u64::from(*b));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// 8,192 bits, one for each of the highest 13 bits that a key may have.
#[derive(Clone, Debug)]
struct Sieve(Box<[u64; 128]>);

impl Default for Sieve {
    fn default() -> Self {
        Self(Box::new([0; 128]))
    }
}

impl Sieve {
    fn add(&mut self, key: u64) {
        self.0[(key >> 57) as usize] |= 1 << ((key >> 51) & 63);
    }
    fn may_hold(&self, key: u64) -> bool {
        self.0[(key >> 57) as usize] & (1 << ((key >> 51) & 63)) != 0
    }
}

/// The best window of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contained {
    /// Share of the template's shingles in the window, `0.0..=1.0`.
    pub(crate) share: f64,
    /// First character of the window that belongs to the template.
    pub(crate) from: usize,
    /// One past the last such character.
    pub(crate) to: usize,
}

impl Template {
    /// From folded texts; shingles never run over the border of two texts.
    pub(crate) fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut template = Self::default();
        let (mut chars, mut count) = (0, 0);
        for text in texts {
            let text: Vec<char> = text.chars().collect();
            chars += text.len();
            count += 1;
            for three in text.windows(3) {
                let next = template.numbers.len();
                template.numbers.entry(key(three)).or_insert(next);
                template.sieve.add(key(three));
            }
        }
        // One text stands in one piece; the texts of a form or a list may have others between them.
        template.window = if count == 1 { chars + chars / 2 } else { 3 * chars + 60 };
        template
    }
    /// How many distinct shingles it has.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
    /// The window of `page` that holds the largest share. Linear in the page.
    pub(crate) fn best(&self, page: &[char]) -> Contained {
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for (at, three) in page.windows(3).enumerate() {
            let key = key(three);
            if self.sieve.may_hold(key)
                && let Some(number) = self.numbers.get(&key)
            {
                hits.push((at, *number));
            }
        }
        if hits.is_empty() {
            return Contained { share: 0.0, from: 0, to: 0 };
        }
        let mut counts = vec![0u32; self.numbers.len()];
        let (mut distinct, mut first) = (0usize, 0usize);
        let mut best = Contained { share: 0.0, from: 0, to: 0 };
        for last in 0..hits.len() {
            let (at, number) = hits[last];
            distinct += usize::from(counts[number] == 0);
            counts[number] += 1;
            while at - hits[first].0 > self.window {
                counts[hits[first].1] -= 1;
                distinct -= usize::from(counts[hits[first].1] == 0);
                first += 1;
            }
            let share = distinct as f64 / self.numbers.len() as f64;
            if share > best.share {
                best = Contained { share, from: hits[first].0, to: at + 3 };
            }
        }
        best
    }
}

/// `share` on the slope from 0 at `from` to 1 at `full`.
pub(crate) fn slope(share: f64, from: f64, full: f64) -> f64 {
    ((share - from) / (full - from).max(f64::EPSILON)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn a_paste_inside_other_text_is_wholly_contained_and_scattered_words_are_not() {
        let template = Template::new(["特种作业操作证查询进入查询"].into_iter());
        let filler = "天地玄黄宇宙洪荒日月盈昃辰宿列张".repeat(40);
        let pasted = template.best(&chars(&format!("{filler}特种作业操作证查询进入查询{filler}")));
        assert!((pasted.share - 1.0).abs() < 1e-9, "{pasted:?}");
        assert_eq!(pasted.from, filler.chars().count());
        let scattered = template.best(&chars(&format!("特种作业{filler}操作证查询{filler}进入查询")));
        assert!(scattered.share < 0.5, "{scattered:?}");
        assert_eq!(template.best(&chars("短")).share, 0.0);
    }
}
