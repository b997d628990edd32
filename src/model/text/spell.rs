//! Spelling: raw text to plain characters, each with the raw bytes it came from, separators still in place.
//! The first half of folding; contacts are searched here too, because where something was left out matters to them.

use crate::model::text::{pinyin, tables};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{compose, is_combining_mark};

/// One character and the raw bytes that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// The character.
    pub(super) ch: char,
    /// First raw byte.
    pub(super) start: u32,
    /// After the last raw byte.
    pub(super) end: u32,
}

/// Most raw bytes that are looked at; offsets are kept in 32 bits.
const MAX_RAW_BYTES: usize = u32::MAX as usize;

/// NFKC with the radicals supplement, filled circles, foreign digits and Latin look-alikes; invisible characters dropped; case and tones kept.
pub(super) fn spelled(raw: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::with_capacity(raw.len() / 2);
    for (at, c) in raw.char_indices() {
        let end = at + c.len_utf8();
        if end > MAX_RAW_BYTES {
            break;
        }
        let (start, end) = (at as u32, end as u32);
        let mut push = |ch| units.push(Unit { ch, start, end });
        if c.is_ascii() || matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}') {
            push(c);
        } else if tables::is_invisible(c) {
        } else if let Some(han) = tables::radical(c) {
            push(han);
        } else if let Some((tens, ones)) = tables::digits(c) {
            tens.into_iter().for_each(&mut push);
            push(ones);
        } else if let Some(letter) = tables::boxed_letter(c) {
            push(letter);
        } else if c == '\u{1F427}' {
            push('q');
            push('q');
        } else {
            std::iter::once(c).nfkc().for_each(|plain| join(&mut units, Unit { ch: plain, start, end }));
        }
    }
    units
}

/// Appends one NFKC character; a combining mark is joined to the letter before it, or dropped.
fn join(units: &mut Vec<Unit>, unit: Unit) {
    if !is_combining_mark(unit.ch) {
        units.push(unit);
    } else if let Some(last) = units.last_mut()
        && let Some(joined) = compose(last.ch, unit.ch)
    {
        *last = Unit { ch: joined, start: last.start, end: unit.end };
    }
}

/// Drops readings in brackets after an ideograph.
pub(super) fn without_readings(units: Vec<Unit>) -> Vec<Unit> {
    if !units.iter().any(|u| matches!(u.ch, '(' | '[' | '〔' | '【' | '〖')) {
        return units;
    }
    let mut kept = Vec::with_capacity(units.len());
    let mut i = 0;
    while i < units.len() {
        kept.push(units[i]);
        i += 1;
        if tables::is_han(units[i - 1].ch)
            && let Some(end) = pinyin::group_end(&units, i)
        {
            i = end;
        }
    }
    kept
}

/// Simplified, lower case, without accents. One character stays one character.
pub(super) fn plain(units: &mut [Unit]) {
    for unit in units {
        unit.ch = plain_char(unit.ch);
    }
}

/// See [`plain`].
pub(super) fn plain_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if tables::is_han(c) {
        return tables::simplified(c);
    }
    if let Some(latin) = tables::latin_lookalike(c) {
        return latin;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    if matches!(lower, '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}') {
        return std::iter::once(lower).nfd().next().unwrap_or(lower);
    }
    lower
}
