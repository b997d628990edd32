//! The letters of a line for the two fast passes: one small code a character, digits read as the letters they stand for,
//! separators left out. Coarser than [`super::layout`], never finer: what a token's letters match there, their codes match here.

use super::coded::{self, Comes};
use super::{fuzzy, han, layout, skeleton};
use std::sync::LazyLock;

/// Hyphen, underscore, dot: they stand between letters.
pub(super) const SEPARATOR: u8 = 0;
/// Any other ASCII byte.
pub(super) const OTHER: u8 = 27;
/// A character that is neither ASCII nor Han.
pub(super) const FOREIGN: u8 = 28;
/// The end of a line.
pub(super) const LINE_END: u8 = 29;
/// A byte that wants the slow way: `%`, and everything that is not ASCII.
pub(super) const SLOW: u8 = 30;
/// All of these are below.
pub(super) const ROW: u8 = 32;
/// Han characters share the upper half, by a hash.
pub(super) const HAN: u8 = 0x80;

/// Codes of bytes: letters 1..=26.
pub(super) static CODES: [u8; 256] = codes();

const fn codes() -> [u8; 256] {
    let mut codes = [OTHER; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        codes[b] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => byte & 0x1f,
            b'-' | b'_' | b'.' => SEPARATOR,
            b'\n' => LINE_END,
            b'%' | 0x80.. => SLOW,
            _ => OTHER,
        };
        b += 1;
    }
    let letters = *b"olzeasbtbg";
    let mut digit = 0;
    while digit < 10 {
        codes[b'0' as usize + digit] = letters[digit] & 0x1f;
        digit += 1;
    }
    codes
}

/// The code of a letter of a token, or of a name as it looks.
pub(super) fn code(letter: char) -> u8 {
    match u8::try_from(letter) {
        Ok(byte) if byte.is_ascii() => match CODES[usize::from(byte)] {
            code @ 1..=26 => code,
            _ => OTHER,
        },
        _ if han::is_han(letter) => HAN | u8::try_from((u32::from(letter) ^ u32::from(letter) >> 7) & 0x7f).unwrap_or(0),
        _ => FOREIGN,
    }
}

/// Most letters; a longer line goes the slow way.
const MAX: usize = 256;

/// A line's letters.
pub(super) struct Letters {
    text: [u8; MAX],
    shown: [u8; MAX],
    len: usize,
    separated: [u64; MAX / 64 + 1],
    dotted: [u64; MAX / 64 + 1],
    /// Dots in the line.
    pub(super) dots: usize,
    /// Has it characters beyond ASCII, as decoded?
    pub(super) foreign: bool,
}

impl Default for Letters {
    fn default() -> Self {
        let marks = [0; MAX / 64 + 1];
        Self { text: [0; MAX], shown: [0; MAX], len: 0, separated: marks, dotted: marks, dots: 0, foreign: false }
    }
}

impl Letters {
    /// Reads a line of any bytes. `None`: it is to be looked at the slow way.
    pub(super) fn read(&mut self, line: &[u8]) -> Option<()> {
        self.clear();
        if line.len() > MAX {
            return None;
        }
        let (mut coded, mut separators) = (false, 0);
        for byte in line {
            match CODES[usize::from(*byte)] {
                SEPARATOR => {
                    coded |= separators > 0 && *byte == b'-';
                    separators += 1;
                    self.separate(*byte == b'.');
                }
                SLOW => return self.decode(std::str::from_utf8(line).ok()?),
                code => {
                    separators = 0;
                    *self.shown.get_mut(self.len)? = byte.to_ascii_lowercase();
                    self.push(code)?;
                }
            }
        }
        if coded && is_coded(line) {
            if self.decode_plain(line).is_some() {
                return Some(());
            }
            return self.decode(std::str::from_utf8(line).ok()?);
        }
        Some(())
    }
    fn clear(&mut self) {
        (self.len, self.dots, self.foreign) = (0, 0, false);
        (self.separated, self.dotted) = Default::default();
    }
    /// The letters.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.len]
    }
    /// The same as written, lower case. Of no use where the line has foreign characters.
    pub(super) fn shown(&self) -> &[u8] {
        &self.shown[..self.len]
    }
    /// The letters of a stretch, as far as it is one.
    pub(super) fn near(&self, stretch: std::ops::Range<usize>) -> Near {
        Near::of(self.text[stretch.start..stretch.end.min(self.len)].iter().copied())
    }
    /// Does letter `at` follow a separator, or nothing that belongs to a name?
    pub(super) fn begins(&self, at: usize) -> bool {
        at == 0 || self.separated[at >> 6] >> (at & 63) & 1 == 1 || self.text[at - 1] == OTHER
    }
    /// Does letter `at` follow a dot?
    pub(super) fn follows_dot(&self, at: usize) -> bool {
        self.dotted[at >> 6] >> (at & 63) & 1 == 1
    }
    fn separate(&mut self, dot: bool) {
        self.separated[self.len >> 6] |= 1 << (self.len & 63);
        self.dotted[self.len >> 6] |= u64::from(dot) << (self.len & 63);
        self.dots += usize::from(dot);
    }
    fn push(&mut self, code: u8) -> Option<()> {
        *self.text.get_mut(self.len)? = code;
        self.len += 1;
        Some(())
    }
    /// [`Letters::decode`] of a line of ASCII, where every character of its xn-- labels comes to one code. `None`: it is not, or they do not.
    fn decode_plain(&mut self, line: &[u8]) -> Option<()> {
        self.clear();
        self.foreign = true;
        let mut lower = [0; MAX];
        let line = line.trim_ascii();
        let lower = &mut lower[..line.len()];
        lower.copy_from_slice(line);
        lower.make_ascii_lowercase();
        for (index, label) in lower.split(|b| *b == b'.').enumerate() {
            if index > 0 {
                self.separate(true);
            }
            match label.strip_prefix(b"xn--") {
                Some(coded) => {
                    for c in coded::Label::decode(coded)?.chars() {
                        self.push_as(*c)?;
                    }
                }
                None => {
                    for byte in label {
                        if matches!(byte, b'/' | b'?' | b'#' | b'\\' | b'@' | b'%' | b':' | 0..=b' ' | 0x7f..) {
                            return None;
                        }
                        self.push_as(char::from(*byte))?;
                    }
                }
            }
        }
        Some(())
    }
    fn push_as(&mut self, c: char) -> Option<()> {
        match coded::comes_to(c)? {
            Comes::Letter(code) => self.push(code),
            Comes::Separator => {
                self.separate(false);
                Some(())
            }
            Comes::Nothing => Some(()),
        }
    }
    /// The same from characters, with xn-- labels decoded and every character as it looks. `None`: an address or a capital
    /// sigma, whose small form hangs on its place.
    fn decode(&mut self, line: &str) -> Option<()> {
        if line.contains(['/', '?', '#', '\\', '@', '%', ':', 'Σ']) {
            return None;
        }
        self.clear();
        self.foreign = true;
        let lower = line.trim().to_lowercase();
        let mut seen = Vec::with_capacity(4);
        for (index, label) in lower.split(['.', '。', '．', '｡']).enumerate() {
            if index > 0 {
                self.separate(true);
            }
            let coded = label.strip_prefix("xn--").filter(|coded| coded.len() <= 63);
            let decoded = coded.and_then(idna::punycode::decode_to_string).filter(|text| !text.is_empty());
            if decoded.as_ref().is_some_and(|text| text.contains('Σ')) {
                return None;
            }
            let lowered = decoded.as_deref().unwrap_or_default().chars().flat_map(char::to_lowercase).filter(|c| *c != '.');
            let written = if decoded.is_some() { "" } else { label };
            for c in lowered.chain(written.chars()) {
                if layout::is_separator(c) {
                    self.separate(false);
                } else if !layout::is_unseen(c) {
                    seen.clear();
                    skeleton::push(c, &mut seen);
                    for c in &seen {
                        self.push(code(*c))?;
                    }
                }
            }
        }
        Some(())
    }
}

/// Has the line a label that is to be decoded?
pub(super) fn is_coded(line: &[u8]) -> bool {
    line.windows(4).any(|four| four[2..] == *b"--" && four[..2].eq_ignore_ascii_case(b"xn"))
}

/// Bit of a letter's code; none for what is no letter.
pub(super) fn bit(code: u8) -> u32 {
    if (1..=26).contains(&code) { 1 << code } else { 0 }
}

/// For each code what it may be read as: itself, letters that stand in its place at no further cost once it is there, and those for
/// half an edit.
struct Kin {
    of: [Near; 32],
}

static KIN: LazyLock<Kin> = LazyLock::new(Kin::new);

/// The letters of a stretch, as far as a token's letters may be found in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Near {
    near: u32,
    half: u32,
}

impl Near {
    /// A `g` after `n` and an `h` after `z`, `c`, `s` are left out for half an edit.
    fn start() -> Self {
        Self { near: 0, half: bit(7) | bit(8) }
    }
    fn or(self, other: Self) -> Self {
        Self { near: self.near | other.near, half: self.half | other.half }
    }
    /// Of codes.
    pub(super) fn of(codes: impl Iterator<Item = u8>) -> Self {
        let kin = &*KIN;
        codes.fold(Self::start(), |sum, code| match code {
            0..32 => sum.or(kin.of[usize::from(code)]),
            _ => sum,
        })
    }
    /// Of the codes whose bits are set.
    pub(super) fn of_set(codes: u32) -> Self {
        let mut left = codes & 0x07ff_fffe;
        Self::of(std::iter::from_fn(move || {
            let code = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            u8::try_from(code).ok()
        }))
    }
    /// Can a token of these letters stand here for so many half edits? Each letter that is not there costs two, or one where a
    /// letter like it is.
    pub(super) fn holds(self, letters: u32, half_edits: u8) -> bool {
        let missing = letters & !self.near;
        // A token lets few letters be missing, so that counting one by one is quicker than counting bits without an instruction for it.
        let (mut half, mut whole, mut left) = (missing & self.half, missing & !self.half, half_edits);
        while whole != 0 {
            let Some(rest) = left.checked_sub(2) else { return false };
            (left, whole) = (rest, whole & (whole - 1));
        }
        while half != 0 {
            let Some(rest) = left.checked_sub(1) else { return false };
            (left, half) = (rest, half & (half - 1));
        }
        true
    }
}

impl Kin {
    fn new() -> Self {
        let mut kin = Self { of: [Near::default(); 32] };
        (0..32).for_each(|own| kin.of[usize::from(own)].near = bit(own));
        let place = |letter: char| usize::from(code(letter) & 31);
        for (a, b) in fuzzy::likenesses() {
            kin.of[place(a)].half |= bit(code(b));
            kin.of[place(b)].half |= bit(code(a));
        }
        for (one, two) in fuzzy::pairs() {
            kin.of[place(one)].near |= bit(code(two[0]));
            kin.of[place(one)].half |= bit(code(two[1]));
            for letter in two {
                kin.of[place(letter)].half |= bit(code(one));
            }
        }
        kin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_coded_line_is_read_alike_both_ways(labels in proptest::collection::vec("[a-zé证书查İß\u{200b}мα·ж-]{0,9}|[a-z0-9-]{0,9}", 1..4)) {
            let coded = |label: &String| if label.is_ascii() { label.clone() } else { format!("xn--{}", idna::punycode::encode_str(label).expect("short")) };
            let line = labels.iter().map(coded).collect::<Vec<_>>().join(".");
            let (mut quick, mut slow) = (Letters::default(), Letters::default());
            let said = |l: &Letters| (l.text().to_vec(), l.separated, l.dotted, l.dots, l.foreign);
            if quick.decode_plain(line.as_bytes()).is_some() {
                prop_assert!(slow.decode(&line).is_some());
                prop_assert_eq!(said(&quick), said(&slow), "{}", line);
            }
        }
    }
}
