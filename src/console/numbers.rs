//! Personal numbers in captured text: identity numbers and mobile numbers, also where their digits are disguised (full width, circled, a letter O
//! for nought, a letter l for one) or kept apart by spaces. What is found is covered in the middle; the text keeps its length in characters.

use regex::Regex;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Mainland identity numbers, also behind the T of certificate numbers; on text whose digits are plain.
static IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]").expect("a fixed pattern"));
/// Identity numbers of fifteen digits, as issued until 1999. Longer runs of digits are something else.
static OLD_IDENTITY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}").expect("a fixed pattern"));
/// Mobile numbers.
static MOBILE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"1[3-9]\d{9}").expect("a fixed pattern"));

/// Letters among the digits of one number at most: more make it a word.
const MAX_LETTERS: usize = 5;

/// The digits of a text and where they stand.
struct Digits {
    /// One ASCII byte each: a digit, `X`, or `.` for anything that ends a number.
    plain: String,
    /// Place of each in the text, in characters.
    at: Vec<usize>,
    /// Was it a digit in the text, whatever its width?
    true_digit: Vec<bool>,
}

/// The digit that a character is, or passes for: `(digit, is it really one)`.
fn digit(c: char) -> Option<(char, bool)> {
    if c.is_ascii_digit() {
        return Some((c, true));
    }
    if matches!(c, 'O' | 'o' | 'О' | 'о' | 'Ο' | 'ο' | '〇' | '○' | 'Ｏ' | 'ｏ') {
        return Some(('0', false));
    }
    if matches!(c, 'l' | 'I' | '|' | 'ｌ' | 'Ｉ' | 'І' | 'і') {
        return Some(('1', false));
    }
    if c.is_ascii() {
        return None;
    }
    let mut folded = std::iter::once(c).nfkc();
    match (folded.next(), folded.next()) {
        (Some(d), None) if d.is_ascii_digit() => Some((d, true)),
        _ => None,
    }
}

/// What people put between the digits of one number: a space of any width, a hyphen, a dot, or what shows nothing.
fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{2002}'..='\u{200f}' | '\u{202a}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{3000}' | '\u{feff}' | '\u{ad}')
        || matches!(c, '-' | '‐' | '‑' | '–' | '—' | '－' | '·' | '•')
}

fn digits(text: &str) -> Digits {
    let mut found = Digits { plain: String::with_capacity(text.len()), at: Vec::new(), true_digit: Vec::new() };
    let mut gap = 0;
    for (i, c) in text.chars().enumerate() {
        let (as_, is) = match digit(c) {
            Some(d) => d,
            None if matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ' | 'Х' | 'х') => ('X', false),
            None if is_gap(c) && gap < 2 => {
                gap += 1;
                continue;
            }
            None => ('.', false),
        };
        gap = 0;
        found.plain.push(as_);
        found.at.push(i);
        found.true_digit.push(is);
    }
    found
}

/// Places of characters that are covered, in order.
fn covered(text: &str) -> Vec<usize> {
    if text.chars().filter(|c| digit(*c).is_some()).count() < 11 {
        return Vec::new();
    }
    let found = digits(text);
    let mut all = Vec::new();
    let mut take = |pattern: &Regex, head: usize, tail: usize, alone: bool| {
        let bytes = found.plain.as_bytes();
        let mut from = 0;
        while let Some(m) = pattern.find_at(&found.plain, from) {
            let span = m.start()..m.end();
            let letters = found.true_digit[span.clone()].iter().filter(|is| !**is).count();
            let next_to = |i: Option<&u8>| i.is_some_and(u8::is_ascii_digit);
            let neighbours = next_to(m.start().checked_sub(1).and_then(|i| bytes.get(i))) || next_to(bytes.get(m.end()));
            if letters > MAX_LETTERS || (alone && neighbours) {
                from = m.start() + 1;
                continue;
            }
            all.extend(found.at[span.start + head..span.end - tail].iter().copied());
            from = m.end();
        }
    };
    take(&IDENTITY, 4, 2, false);
    take(&OLD_IDENTITY, 4, 2, true);
    take(&MOBILE, 3, 2, false);
    all.sort_unstable();
    all
}

/// Personal numbers with their middle covered.
pub(super) fn masked(text: &str) -> String {
    let places = covered(text);
    if places.is_empty() {
        return text.to_owned();
    }
    let mut places = places.into_iter().peekable();
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        let mut hit = false;
        while places.next_if_eq(&i).is_some() {
            hit = true;
        }
        out.push(if hit { '*' } else { c });
    }
    out
}

/// Does the text hold a personal number?
pub(super) fn has_numbers(text: &str) -> bool {
    !covered(text).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_numbers_are_covered_and_other_numbers_are_not() {
        assert_eq!(masked("证号 T510212199003071234，电话 138 1234 5678"), "证号 T5102************34，电话 138 **** **78");
        assert!(!masked("51021219900307123X").contains("19900307"));
        assert_eq!(masked("京ICP备05070218号 11010102001234 20260131"), "京ICP备05070218号 11010102001234 20260131");
        assert!(has_numbers("13812345678") && !has_numbers("12350"));
        assert_eq!(masked("旧号 510212900307123 号"), "旧号 5102*********23 号");
    }

    #[test]
    fn disguised_digits_are_digits() {
        for text in [
            "５１０２１２１９９００３０７１２３４",
            "51O2121990O3O71234",
            "5102l2l9900307l234",
            "５１０２１２ 19900307 1234",
            "510212-19900307-1234",
            "5\u{200b}1\u{200b}0\u{200b}2\u{200b}1\u{200b}2\u{200b}1\u{200b}9\u{200b}9\u{200b}0\u{200b}0\u{200b}3\u{200b}0\u{200b}7\u{200b}1\u{200b}2\u{200b}3\u{200b}4",
            "51021219900307123Ｘ",
            "T5102121990о307123Х",
            "①③⑧①②③④⑤⑥⑦⑧",
            "１３８１２３４５６７８",
            "I38l2345678",
            "138Ｏ2345678",
            "138\u{3000}1234\u{3000}5678",
        ] {
            let shown = masked(text);
            assert!(has_numbers(text) && shown.matches('*').count() >= 5, "{text} -> {shown}");
            assert_eq!(shown.chars().count(), text.chars().count(), "{text}");
        }
    }

    #[test]
    fn words_and_long_numbers_stand() {
        for text in
            ["llOOllOOllO Illinois ooooooooooooooooo", "EV-20260103T021455Z-7f3a9c01", "lO lO lO lO lO lO lO lO lO", "2026-01-31 12:00"]
        {
            assert_eq!(masked(text), text);
        }
    }
}
