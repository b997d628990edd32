//! Many phrases looked for at once. A look at the first two characters of each place says that nearly every place begins no phrase,
//! from bitmaps small enough to stay close to the processor; only the rest is compared. An automaton with a row for each state was
//! three times as slow on Chinese text: its table is many megabytes, and every third byte waited for memory.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::assess::shingles::Mixed;

/// Bytes of a phrase that its place is known by: two Han characters, one, or a single byte of a shorter phrase.
const KEYS: [u32; 3] = [6, 3, 1];
/// Bits of a bitmap, as a power of two.
const BITS: u32 = 15;
/// Places kept before they are given on in order.
const MAX_KEPT: usize = 1_024;

/// A place of a phrase: its end, its start, its number. In this order places are given on.
type Place = (usize, usize, u32);

/// The compiled list.
#[derive(Debug)]
pub(crate) struct Phrases {
    texts: Vec<Box<[u8]>>,
    any_case: bool,
    /// By the entries of [`KEYS`].
    by_key: [Beginnings; 3],
}

/// Phrases that share the length of their key.
#[derive(Debug)]
struct Beginnings {
    mask: u64,
    seen: Box<[u64; 1 << (BITS - 6)]>,
    phrases: HashMap<u64, Vec<u32>, BuildHasherDefault<Mixed>>,
}

impl Beginnings {
    fn new(bytes: u32) -> Self {
        Self { mask: u64::MAX >> (64 - 8 * bytes), seen: Box::new([0; 1 << (BITS - 6)]), phrases: HashMap::default() }
    }
    fn add(&mut self, key: u64, number: u32) {
        let bit = place(key);
        self.seen[bit >> 6] |= 1 << (bit & 63);
        self.phrases.entry(spread(key)).or_default().push(number);
    }
    fn may_begin(&self, key: u64) -> bool {
        let bit = place(key);
        self.seen[bit >> 6] >> (bit & 63) & 1 == 1
    }
}

fn spread(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn place(key: u64) -> usize {
    (spread(key) >> (64 - BITS)) as usize
}

impl Phrases {
    /// Compiles them; empty ones are nowhere. `any_case`: ASCII letters in any case.
    pub(crate) fn new<P: AsRef<[u8]>>(phrases: &[P], any_case: bool) -> Self {
        let mut made = Self { texts: Vec::with_capacity(phrases.len()), any_case, by_key: KEYS.map(Beginnings::new) };
        for phrase in phrases {
            let mut text: Box<[u8]> = phrase.as_ref().into();
            if any_case {
                text.make_ascii_lowercase();
            }
            let number = u32::try_from(made.texts.len()).unwrap_or(u32::MAX);
            if let Some(n) = KEYS.iter().position(|bytes| text.len() >= *bytes as usize) {
                let list = &mut made.by_key[n];
                let key = first_eight(&text) & list.mask;
                list.add(key, number);
            }
            made.texts.push(text);
        }
        made
    }
    /// Calls `found` with the number and the bytes of every place of every phrase, overlapping ones too: by their ends, at the same end
    /// the longest first. The text and the phrases are UTF-8, so that places lie on character borders.
    pub(crate) fn each(&self, text: &str, mut found: impl FnMut(usize, std::ops::Range<usize>)) {
        let mut kept: Vec<Place> = Vec::new();
        let mut give = |kept: &mut Vec<Place>, before: usize| {
            kept.sort_unstable();
            let ready = kept.partition_point(|(end, ..)| *end <= before);
            kept.drain(..ready).for_each(|(end, start, number)| found(number as usize, start..end));
        };
        let mut most = MAX_KEPT;
        self.places(text.as_bytes(), |start, number| {
            if kept.len() >= most {
                // A place found from here on ends later than this.
                give(&mut kept, start);
                most = MAX_KEPT.max(2 * kept.len());
            }
            kept.push((start + self.texts[number as usize].len(), start, number));
            true
        });
        give(&mut kept, usize::MAX);
    }
    /// Does one of the phrases for which `wanted` holds stand there?
    pub(crate) fn any(&self, text: &str, wanted: impl Fn(usize) -> bool) -> bool {
        let mut there = false;
        self.places(text.as_bytes(), |_, number| {
            there |= wanted(number as usize);
            !there
        });
        there
    }
    /// Start and number of every place, by their starts, as long as `more` says so.
    fn places(&self, text: &[u8], mut more: impl FnMut(usize, u32) -> bool) {
        let whole = text.len().saturating_sub(7);
        let used: Vec<&Beginnings> = self.by_key.iter().filter(|list| !list.phrases.is_empty()).collect();
        let mut at = 0;
        while at < text.len() {
            let first = text[at];
            let mut eight = match text.get(at..at + 8) {
                Some(eight) if at < whole => u64::from_le_bytes(eight.try_into().unwrap_or_default()),
                _ => first_eight(&text[at..]),
            };
            if self.any_case {
                eight = lower(eight);
            }
            for list in &used {
                let key = eight & list.mask;
                if list.may_begin(key)
                    && let Some(numbers) = list.phrases.get(&spread(key))
                {
                    for number in numbers {
                        if self.stands(text, at, *number) && !more(at, *number) {
                            return;
                        }
                    }
                }
            }
            at += match first {
                0..0xc0 => 1,
                0xc0..0xe0 => 2,
                0xe0..0xf0 => 3,
                _ => 4,
            };
        }
    }
    fn stands(&self, text: &[u8], at: usize, number: u32) -> bool {
        let phrase = &self.texts[number as usize];
        let Some(here) = text.get(at..at + phrase.len()) else { return false };
        if self.any_case { here.eq_ignore_ascii_case(phrase) } else { here == &phrase[..] }
    }
}

/// The first eight bytes as a number, zeros after the end.
fn first_eight(text: &[u8]) -> u64 {
    text.iter().take(8).enumerate().fold(0, |all, (n, byte)| all | u64::from(*byte) << (8 * n))
}

/// ASCII capitals among the eight bytes made small.
fn lower(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = eight & (ONES * 0x7f);
    let from_a = low + ONES * (0x80 - 0x41);
    let past_z = low + ONES * (0x80 - 0x5b);
    let capital = from_a & !past_z & !eight & (ONES * 0x80);
    eight | capital >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use aho_corasick::AhoCorasick;
    use proptest::prelude::*;

    const PHRASES: [&str; 16] = [
        "证",
        "证书",
        "证书查询",
        "查询",
        "书查",
        "a",
        "ab",
        "Abc",
        "abcdefgh",
        "1",
        "查询证书查询",
        "é",
        "éa",
        "z证",
        "甲乙",
        "\u{20000}",
    ];

    #[test]
    fn capitals_alone_are_made_small() {
        for byte in 0..=u8::MAX {
            let eight = u64::from_le_bytes([byte; 8]);
            assert_eq!(lower(eight), u64::from_le_bytes([byte.to_ascii_lowercase(); 8]), "{byte}");
        }
    }

    #[test]
    fn places_come_in_order_however_many_there_are() {
        let text = "证书查询".repeat(5_000);
        let phrases = Phrases::new(&PHRASES, false);
        let mut ends = Vec::new();
        phrases.each(&text, |_, range| ends.push((range.end, range.start)));
        assert!(ends.len() > 20_000 && ends.is_sorted(), "{} places", ends.len());
    }

    proptest! {
        #[test]
        fn it_finds_what_an_automaton_finds_in_the_same_order(text in "[证书查询甲乙abcABCdefghé1z\u{20000} ]{0,80}", any_case: bool) {
            let automaton = AhoCorasick::builder().ascii_case_insensitive(any_case).build(PHRASES).expect("an automaton");
            let wanted: Vec<_> = automaton.find_overlapping_iter(&text).map(|m| (m.pattern().as_usize(), m.range())).collect();
            let phrases = Phrases::new(&PHRASES, any_case);
            let mut found = Vec::new();
            phrases.each(&text, |number, range| found.push((number, range)));
            for number in 0..PHRASES.len() {
                prop_assert_eq!(phrases.any(&text, |n| n == number), wanted.iter().any(|(n, _)| *n == number));
            }
            prop_assert_eq!(found, wanted);
        }
    }
}
