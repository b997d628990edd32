//! Does a token stand here, with an edit or two? Starts at a fixed place and branches only where the texts differ, so that
//! an exact or hopeless place costs a few comparisons.

use std::sync::LazyLock;

/// A letter of a name or token: a character, or a byte where all is ASCII.
pub(super) trait Letter: Copy + PartialEq + Into<char> {}
impl Letter for char {}
impl Letter for u8 {}

/// What was done to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edit {
    Omission,
    Repetition,
    Insertion,
    Transposition,
    Replacement,
    Keyboard,
    Bitsquat,
    /// Letters that look alike: `rn` for `m`.
    Glyph,
    /// A digit for a letter.
    Digit,
    /// n/ng, z/zh, c/ch, s/sh.
    Sound,
    /// A separator where none belongs.
    Hyphen,
}

/// A place where a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// How many characters of the name it takes.
    pub(super) length: usize,
    /// Half edits spent.
    pub(super) spent: u8,
    pub(super) edits: [Option<Edit>; 4],
}

const KEYS: &[(char, &str)] = &[
    ('q', "wa12"),
    ('w', "qeas23"),
    ('e', "wrsd34"),
    ('r', "etdf45"),
    ('t', "ryfg56"),
    ('y', "tugh67"),
    ('u', "yihj78"),
    ('i', "uojk89"),
    ('o', "ipkl90"),
    ('p', "ol0"),
    ('a', "qwsz"),
    ('s', "awedxz"),
    ('d', "serfcx"),
    ('f', "drtgvc"),
    ('g', "ftyhbv"),
    ('h', "gyujnb"),
    ('j', "huikmn"),
    ('k', "jiolm"),
    ('l', "kop"),
    ('z', "asx"),
    ('x', "zsdc"),
    ('c', "xdfv"),
    ('v', "cfgb"),
    ('b', "vghn"),
    ('n', "bhjm"),
    ('m', "njk"),
];

/// Are two keys side by side on a QWERTY keyboard?
pub(super) fn are_neighbours(a: char, b: char) -> bool {
    KEYS.iter().any(|(key, near)| (*key == a && near.contains(b)) || (*key == b && near.contains(a)))
}

/// Letters of a like shape, either way round.
const LOOKS: &[(char, char)] =
    &[('u', 'v'), ('c', 'e'), ('n', 'r'), ('g', 'q'), ('i', 'l'), ('i', 'j'), ('v', 'y'), ('h', 'b'), ('n', 'h'), ('a', 'o'), ('f', 't')];
/// Digits for letters.
const DIGITS: &[(char, &str)] =
    &[('0', "o"), ('1', "li"), ('2', "z"), ('3', "e"), ('4', "a"), ('5', "s"), ('6', "bg"), ('7', "t"), ('8', "b"), ('9', "gq")];
/// One letter for two.
const PAIRS: &[(char, [char; 2])] =
    &[('m', ['r', 'n']), ('m', ['n', 'n']), ('w', ['v', 'v']), ('d', ['c', 'l']), ('d', ['c', 'i']), ('b', ['l', 'o']), ('h', ['l', 'n'])];

/// The letter that a digit stands in for, first choice.
pub(super) fn letter_of(digit: char) -> char {
    DIGITS.iter().find(|(d, _)| *d == digit).and_then(|(_, letters)| letters.chars().next()).unwrap_or(digit)
}
/// Letters that are read as one another for half an edit, digits included.
pub(super) fn likenesses() -> impl Iterator<Item = (char, char)> {
    let digits = DIGITS.iter().flat_map(|(digit, letters)| letters.chars().map(|letter| (*digit, letter)));
    LOOKS.iter().copied().chain(digits)
}
/// Each letter that two others look like, with the two.
pub(super) fn pairs() -> impl Iterator<Item = (char, [char; 2])> {
    PAIRS.iter().copied()
}
/// Pairs that look like one letter.
pub(super) fn pairs_for(letter: char) -> impl Iterator<Item = [char; 2]> {
    PAIRS.iter().filter(move |(one, _)| *one == letter).map(|(_, two)| *two)
}

fn substitution(token: char, name: char) -> (Edit, u8) {
    if DIGITS.iter().any(|(digit, letters)| *digit == name && letters.contains(token)) {
        return (Edit::Digit, 1);
    }
    if LOOKS.contains(&(token, name)) || LOOKS.contains(&(name, token)) {
        return (Edit::Glyph, 1);
    }
    if are_neighbours(token, name) {
        return (Edit::Keyboard, 2);
    }
    let one_bit = token.is_ascii() && name.is_ascii() && (token as u32 ^ name as u32).is_power_of_two();
    (if one_bit { Edit::Bitsquat } else { Edit::Replacement }, 2)
}

/// [`substitution`] of every two ASCII letters.
struct Substitutions(Vec<(Edit, u8)>);
static SUBSTITUTIONS: LazyLock<Substitutions> = LazyLock::new(|| {
    let ascii = || (0..128_u8).map(char::from);
    Substitutions(ascii().flat_map(|token| ascii().map(move |name| substitution(token, name))).collect())
});
impl Substitutions {
    fn of(&self, token: char, name: char) -> (Edit, u8) {
        if token.is_ascii() && name.is_ascii() { self.0[(token as usize) << 7 | name as usize] } else { substitution(token, name) }
    }
}

fn is_sound(before: Option<char>, letter: char) -> bool {
    matches!((before, letter), (Some('n'), 'g') | (Some('z' | 'c' | 's'), 'h'))
}

/// So many fits are enough; further ones may not be looked for.
pub(super) const MAX_FITS: usize = 32;

/// All fits of `token` at the start of `name` within `budget` half edits, appended to `out`.
pub(super) fn fits<L: Letter>(name: &[L], token: &[L], budget: u8, out: &mut Vec<Fit>) {
    go(name, token, Fit { length: 0, spent: 0, edits: [None; 4] }, 0, budget, out);
}

fn go<L: Letter>(name: &[L], token: &[L], fit: Fit, mut at: usize, budget: u8, out: &mut Vec<Fit>) {
    let mut length = fit.length;
    while at < token.len() && length < name.len() && token[at] == name[length] {
        at += 1;
        length += 1;
    }
    if at == token.len() {
        return out.push(Fit { length, ..fit });
    }
    let left = budget - fit.spent;
    if left == 0 || out.len() >= MAX_FITS {
        return;
    }
    let mut branch = |edit: Edit, cost: u8, taken: usize, used: usize| {
        if cost <= left && length + taken <= name.len() {
            let mut next = Fit { length: length + taken, spent: fit.spent + cost, ..fit };
            if let Some(slot) = next.edits.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(edit);
                go(name, token, next, at + used, budget, out);
            }
        }
    };
    let here = name.get(length).copied();
    let after = name.get(length + 1).copied();
    let before = at.checked_sub(1).map(|i| token[i].into());
    let missing = if is_sound(before, token[at].into()) { (Edit::Sound, 1) } else { (Edit::Omission, 2) };
    branch(missing.0, missing.1, 0, 1);
    let Some(here) = here else { return };
    let (edit, cost) = SUBSTITUTIONS.of(token[at].into(), here.into());
    branch(edit, cost, 1, 1);
    if let (Some(next), Some(after)) = (token.get(at + 1), after)
        && *next == here
        && token[at] == after
    {
        branch(Edit::Transposition, 2, 2, 2);
    }
    for (one, two) in PAIRS {
        if *one == token[at].into() && two[0] == here.into() && after.map(Into::into) == Some(two[1]) {
            branch(Edit::Glyph, 1, 2, 1);
        }
        if *one == here.into() && two[0] == token[at].into() && token.get(at + 1).map(|c| (*c).into()) == Some(two[1]) {
            branch(Edit::Glyph, 1, 1, 2);
        }
    }
    // An extra letter before the first is no part of the token: the fit that begins one later says the same for less.
    if length > 0 {
        let previous = name[length - 1];
        if is_sound(Some(previous.into()), here.into()) {
            branch(Edit::Sound, 1, 1, 0);
        } else {
            branch(if previous == here { Edit::Repetition } else { Edit::Insertion }, 2, 1, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(name: &str, token: &str, budget: u8) -> Option<(usize, u8, Vec<Edit>)> {
        let (name, token): (Vec<char>, Vec<char>) = (name.chars().collect(), token.chars().collect());
        let mut out = Vec::new();
        fits(&name, &token, budget, &mut out);
        out.into_iter().min_by_key(|f| f.spent).map(|f| (f.length, f.spent, f.edits.iter().flatten().copied().collect()))
    }

    #[test]
    fn one_edit_of_each_kind_is_recognised_and_named() {
        for (name, edit, spent) in [
            ("mmgov", Edit::Omission, 2),
            ("memmgov", Edit::Repetition, 2),
            ("mmegov", Edit::Transposition, 2),
            ("mexmgov", Edit::Insertion, 2),
            ("mwmgov", Edit::Keyboard, 2),
            ("m3mgov", Edit::Digit, 1),
            ("memgou", Edit::Glyph, 1),
            ("rnemgov", Edit::Glyph, 1),
        ] {
            assert_eq!(best(name, "memgov", 2), Some((name.len(), spent, vec![edit])), "{name}");
        }
        assert_eq!(best("zhenshu", "zhengshu", 2), Some((7, 1, vec![Edit::Sound])));
        assert_eq!(best("mxxgov", "memgov", 2), None);
    }
}
