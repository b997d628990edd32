//! Readings in brackets: content farms write 統(tǒng)一 or 消防(xiāofáng) so that copies do not look alike.
//! Finds such a bracket group; never judges one that is not made of syllables ("(APP)", "(3)", "(见附件)").

use crate::model::text::spell::Unit;

/// Longest group looked at, in characters between the brackets. Six long syllables with blanks fit.
const MAX_GROUP: usize = 48;
/// Vowels with a tone mark, and the letter under each.
const TONED: &str = "āaáaǎaàaēeéeěeèeīiíiǐiìiōoóoǒoòoūuúuǔuùuǖvǘvǚvǜvüvêeńnňnǹnḿm";
const INITIALS: [&str; 23] =
    ["zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w"];
const FINALS: [&str; 36] = [
    "iang", "iong", "uang", "ueng", "ang", "eng", "ing", "ong", "iao", "ian", "uai", "uan", "ai", "ei", "ao", "ou", "an", "en", "er", "ia",
    "ie", "iu", "in", "ua", "uo", "ui", "un", "ue", "ve", "a", "o", "e", "i", "u", "v", "ue",
];
/// Syllables without an initial.
const BARE: [&str; 12] = ["ang", "ai", "ei", "ao", "ou", "an", "en", "er", "eng", "a", "o", "e"];

/// If a reading in brackets starts at `at` (blanks before the bracket allowed), the index after its closing bracket.
pub(super) fn group_end(units: &[Unit], at: usize) -> Option<usize> {
    let mut i = at;
    while i < units.len() && i < at + 2 && units[i].ch == ' ' {
        i += 1;
    }
    let close = closing(units.get(i)?.ch)?;
    let inside = &units[i + 1..units.len().min(i + 2 + MAX_GROUP)];
    let len = inside.iter().position(|u| u.ch == close)?;
    is_reading(&inside[..len]).then_some(i + 2 + len)
}

fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '[' => Some(']'),
        '〔' => Some('〕'),
        '【' => Some('】'),
        '〖' => Some('〗'),
        _ => None,
    }
}

/// Letters, tone marks, blanks and apostrophes that split into syllables. Without any tone mark or tone number it must be
/// all lower case, so that a name or an abbreviation stays.
fn is_reading(inside: &[Unit]) -> bool {
    let mut toned = false;
    let mut word = String::new();
    for unit in inside {
        match unit.ch {
            ' ' | '\'' | '’' | '·' | '-' => {
                if !splits(&word) {
                    return false;
                }
                word.clear();
            }
            '1'..='5' if !word.is_empty() => {
                if !splits(&word) {
                    return false;
                }
                word.clear();
                toned = true;
            }
            c => {
                let lower = c.to_lowercase().next().unwrap_or(c);
                let plain = toneless(lower);
                if !plain.is_ascii_lowercase() || (c != lower && !toned && !word.is_empty()) {
                    return false;
                }
                toned |= plain != lower;
                word.push(plain);
            }
        }
    }
    let any = inside.iter().any(|u| u.ch.is_alphabetic());
    let upper = inside.iter().any(|u| u.ch.is_uppercase());
    any && splits(&word) && (toned || !upper)
}

/// The letter under a toned vowel; any other character as it is.
pub(super) fn toneless(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let mut chars = TONED.chars();
    while let (Some(written), Some(plain)) = (chars.next(), chars.next()) {
        if written == c {
            return plain;
        }
    }
    c
}

/// Can a word be cut into syllables from end to end? Linear: at most six letters are looked at from each place.
fn splits(word: &str) -> bool {
    let mut reached = vec![false; word.len() + 1];
    reached[0] = true;
    for at in 0..word.len() {
        if !reached[at] {
            continue;
        }
        let rest = &word[at..];
        for bare in BARE.iter().filter(|b| rest.starts_with(**b)) {
            reached[at + bare.len()] = true;
        }
        for initial in INITIALS.iter().filter(|i| rest.starts_with(**i)) {
            let tail = &rest[initial.len()..];
            for end in FINALS.iter().filter(|f| tail.starts_with(**f)) {
                reached[at + initial.len() + end.len()] = true;
            }
        }
    }
    reached[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::spell::spelled;

    fn reading(text: &str) -> bool {
        let units = spelled(text);
        group_end(&units, 0) == Some(units.len())
    }

    #[test]
    fn readings_in_brackets_are_known_with_tones_blanks_and_wide_brackets() {
        for yes in [
            "(tǒng)",
            "(luò )",
            "(xiāofáng)",
            "（jì）",
            "(yè)",
            "(xiao fang)",
            "(Xiāofáng)",
            "(tong3)",
            "(lǜ)",
            "[wǎng]",
            " (huì)",
            "(xi'an)",
        ] {
            assert!(reading(yes), "{yes}");
        }
    }

    #[test]
    fn brackets_that_say_something_are_no_reading() {
        for no in [
            "(APP)",
            "(abc)",
            "(3)",
            "(见附件)",
            "()",
            "(vip)",
            "(Wang)",
            "(http)",
            "(电)",
            "(2024年)",
            "(xiāofáng brigade)",
            "(  )",
            "(tǒng",
        ] {
            assert!(!reading(no), "{no}");
        }
    }
}
