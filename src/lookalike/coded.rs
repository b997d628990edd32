//! Labels in xn-- form, read without making strings of them: code points into one buffer on the stack, the small code of each from
//! a table that fills as it is asked. Where a character needs more than one code, or anything is unusual, it says so and the slow way
//! is gone. Does what [`super::letters`] does with the same label, or nothing.

use super::letters::{self, code};
use super::{layout, skeleton};
use std::sync::atomic::{AtomicU8, Ordering};

/// Longest part behind `xn--`; a longer one is no label.
pub(super) const MAX_CODED: usize = 63;

/// What a character comes to, as far as it is known: a code, or one of these.
static KNOWN: [AtomicU8; 1 << 16] = [const { AtomicU8::new(UNKNOWN) }; 1 << 16];
const UNKNOWN: u8 = 0xff;
/// It stands between letters.
const SEPARATES: u8 = 0x60;
/// It is not seen.
const NOTHING: u8 = 0x61;
/// It comes to several codes, or its small form hangs on its place.
const UNUSUAL: u8 = 0x62;

/// What a character of a label comes to.
pub(super) enum Comes {
    /// One letter.
    Letter(u8),
    /// A separator within a label.
    Separator,
    /// Nothing.
    Nothing,
}

/// `None`: it is to be looked at the slow way.
pub(super) fn comes_to(c: char) -> Option<Comes> {
    let known = KNOWN.get(c as usize)?;
    let mut kind = known.load(Ordering::Relaxed);
    if kind == UNKNOWN {
        kind = read(c);
        known.store(kind, Ordering::Relaxed);
    }
    match kind {
        SEPARATES => Some(Comes::Separator),
        NOTHING => Some(Comes::Nothing),
        UNUSUAL => None,
        code => Some(Comes::Letter(code)),
    }
}

fn read(c: char) -> u8 {
    if c == 'Σ' {
        return UNUSUAL;
    }
    let mut lower = c.to_lowercase().filter(|c| *c != '.');
    let kind = match lower.next() {
        None => NOTHING,
        Some(c) if layout::is_separator(c) => SEPARATES,
        Some(c) if layout::is_unseen(c) => NOTHING,
        Some(c) => {
            let mut seen = Vec::with_capacity(4);
            skeleton::push(c, &mut seen);
            match seen[..] {
                [] => NOTHING,
                [one] => code(one),
                _ => UNUSUAL,
            }
        }
    };
    let plain = kind < letters::ROW || (letters::HAN..UNKNOWN).contains(&kind) || matches!(kind, SEPARATES | NOTHING);
    if lower.next().is_some() || !plain { UNUSUAL } else { kind }
}

/// Characters of one label.
pub(super) struct Label {
    chars: [char; MAX_CODED],
    len: usize,
}

impl Label {
    /// Decodes what stands behind `xn--`, small letters only (RFC 3492). `None`: it is wrong, too long or empty.
    pub(super) fn decode(coded: &[u8]) -> Option<Self> {
        let mut label = Self { chars: ['\0'; MAX_CODED], len: 0 };
        if coded.len() > MAX_CODED {
            return None;
        }
        let mut rest = coded;
        if let Some(end) = memchr::memrchr(b'-', coded).filter(|end| *end > 0) {
            for byte in &coded[..end] {
                label.insert(label.len, char::from(*byte))?;
            }
            rest = &coded[end + 1..];
        }
        let (mut point, mut bias, mut at, mut first) = (128_u32, 72_u32, 0_u32, true);
        let mut digits = rest.iter();
        while digits.len() > 0 {
            let (before, mut weight, mut k) = (at, 1_u32, 36_u32);
            loop {
                let digit = match *digits.next()? {
                    byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                    byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                    _ => return None,
                };
                at = at.checked_add(digit.checked_mul(weight)?)?;
                let threshold = k.saturating_sub(bias).clamp(1, 26);
                if digit < threshold {
                    break;
                }
                weight = weight.checked_mul(36 - threshold)?;
                k += 36;
            }
            let length = u32::try_from(label.len).ok()? + 1;
            bias = adapted(at - before, length, first);
            first = false;
            point = point.checked_add(at / length)?;
            at %= length;
            label.insert(at as usize, char::from_u32(point)?)?;
            at += 1;
        }
        (label.len > 0).then_some(label)
    }
    fn insert(&mut self, at: usize, c: char) -> Option<()> {
        if self.len == MAX_CODED {
            return None;
        }
        self.chars.copy_within(at..self.len, at + 1);
        self.chars[at] = c;
        self.len += 1;
        Some(())
    }
    /// The characters, in order.
    pub(super) fn chars(&self) -> &[char] {
        &self.chars[..self.len]
    }
}

fn adapted(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_character_comes_to_what_its_skeleton_does() {
        let letter = |c| match comes_to(c) {
            Some(Comes::Letter(code)) => Some(code),
            _ => None,
        };
        assert_eq!(letter('a'), Some(1));
        assert_eq!(letter('а'), Some(1));
        assert_eq!(letter('é'), letter('e'));
        assert_eq!(letter('证'), Some(code('证')));
        assert!(matches!(comes_to('\u{200b}'), Some(Comes::Nothing)));
        assert!(matches!(comes_to('-'), Some(Comes::Separator)));
        assert!(comes_to('Σ').is_none());
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_what_the_library_decodes(text in "[a-z0-9é证书查询мα\u{20000}-]{1,24}", spoiled in "[a-z0-9-]{0,20}") {
            let decoded = |coded: &str| Label::decode(coded.as_bytes()).map(|label| label.chars().iter().collect::<String>());
            let coded = idna::punycode::encode_str(&text).expect("a short text");
            prop_assert!(coded.len() > MAX_CODED || decoded(&coded) == Some(text));
            if let Some(ours) = decoded(&spoiled) {
                prop_assert_eq!(Some(ours), idna::punycode::decode_to_string(&spoiled));
            }
        }
    }
}
