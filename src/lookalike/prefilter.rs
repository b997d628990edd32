//! The first pass over a block: which lines could carry a token at all. One look per two bytes, whatever the number of
//! tokens and sites: four characters, each read as one of 32 codes, are an index into a bitmap of 128 KB. Where it says yes, the
//! character behind them is asked for as well.

use super::letters::{CODES, LINE_END, SEPARATOR, SLOW};
use std::collections::HashMap;

/// Bits of one code.
const BITS: u32 = 5;
/// Letters in a window.
const WINDOW: usize = 4;
/// Words of the bitmap.
const WORDS: usize = 1 << (BITS as usize * WINDOW - 6);
/// Letters of a piece that are looked for; its rarest ones.
const PIECE: usize = 5;
/// Bytes per step.
const STEP: usize = 16;

/// Windows that make a line worth a closer look.
pub(super) struct Prefilter {
    bits: Box<[u64; WORDS]>,
    /// For each window that is marked which codes may follow, as an index into `follow`; beyond 256 such sets, any.
    follows: Box<[u8]>,
    follow: Vec<u32>,
}

/// Any code may follow.
const ANY: u32 = u32::MAX;

impl Prefilter {
    /// From pieces in codes, one of which stands in every name that can be hit, separators aside.
    pub(super) fn new<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut filter = Self { bits: Box::new([0; WORDS]), follows: Box::default(), follow: vec![ANY] };
        let mut marked = vec![0_u32; 1 << (BITS as usize * WINDOW)];
        for at in 0..WINDOW {
            mark(&mut marked, &place(at, SLOW), None);
        }
        // Two separators side by side: an xn-- label, or letters kept apart by more than one.
        for at in 0..WINDOW - 1 {
            let mut window = place(at, SEPARATOR);
            window[at + 1] = Some(SEPARATOR);
            mark(&mut marked, &window, None);
        }
        for piece in pieces {
            let rarest = piece.windows(PIECE).max_by_key(|window| rarity(window.iter()));
            add(&mut marked, rarest.unwrap_or(piece));
        }
        let mut sets = HashMap::from([(ANY, 0_u8)]);
        filter.follows = vec![0; marked.len()].into();
        for (index, codes) in marked.into_iter().enumerate().filter(|(_, codes)| *codes != 0) {
            filter.bits[index >> 6] |= 1 << (index & 63);
            filter.follows[index] = match u8::try_from(sets.len()) {
                Ok(next) => *sets.entry(codes).or_insert_with(|| {
                    filter.follow.push(codes);
                    next
                }),
                Err(_) => sets.get(&codes).copied().unwrap_or(0),
            };
        }
        filter
    }
    /// Calls `line` with every line of `block` that holds a window, in order, and with its last line.
    pub(super) fn lines<'a>(&self, block: &'a [u8], line: &mut dyn FnMut(&'a [u8])) {
        let mut from = 0;
        while let Some(at) = self.find(&block[from..]).map(|at| from + at) {
            let start = match block[at] {
                b'\n' => at + 1,
                _ => memchr::memrchr(b'\n', &block[from..at]).map_or(from, |end| from + end + 1),
            };
            let end = memchr::memchr(b'\n', &block[start.max(at)..]).map_or(block.len(), |end| start.max(at) + end);
            if start < end {
                line(&block[start..end]);
            }
            if end == block.len() {
                return;
            }
            from = end + 1;
        }
        // A window may want letters behind the last line.
        let last = block[from..].strip_suffix(b"\n").unwrap_or(&block[from..]);
        let start = memchr::memrchr(b'\n', last).map_or(0, |end| end + 1);
        if start < last.len() {
            line(&last[start..]);
        }
    }
    /// Offset of the first byte of the first window that is marked, and followed as it must be.
    fn find(&self, block: &[u8]) -> Option<usize> {
        let pair = |bytes: &[u8]| usize::from(CODES[usize::from(bytes[0])]) << BITS | usize::from(CODES[usize::from(bytes[1])]);
        let mut before = usize::from(LINE_END) << BITS | usize::from(LINE_END);
        let steps = block.chunks_exact(STEP);
        let tail = steps.remainder();
        for (i, step) in steps.enumerate() {
            let start = before;
            let mut any = 0;
            for two in step.chunks_exact(2) {
                let here = pair(two);
                any |= self.marked(before << (2 * BITS) | here);
                before = here;
            }
            if any & 1 == 1 {
                let mut earlier = start;
                for (j, two) in step.chunks_exact(2).enumerate() {
                    let here = pair(two);
                    let at = i * STEP + 2 * j;
                    if self.holds(earlier << (2 * BITS) | here, block.get(at + 2)) {
                        return Some(at.saturating_sub(2));
                    }
                    earlier = here;
                }
            }
        }
        let read = block.len() - tail.len();
        for (j, two) in tail.chunks_exact(2).enumerate() {
            let here = pair(two);
            let at = read + 2 * j;
            if self.holds(before << (2 * BITS) | here, block.get(at + 2)) {
                return Some(at.saturating_sub(2));
            }
            before = here;
        }
        None
    }
    /// Bit 0: is it?
    fn marked(&self, index: usize) -> u64 {
        self.bits[(index >> 6) & (WORDS - 1)] >> (index & 63)
    }
    /// Is the window marked, and may this byte follow it?
    fn holds(&self, index: usize, next: Option<&u8>) -> bool {
        let follow = || self.follow[usize::from(self.follows[index & (self.follows.len() - 1)])];
        self.marked(index) & 1 == 1 && next.is_none_or(|byte| follow() >> CODES[usize::from(*byte)] & 1 == 1)
    }
}

/// Marks a piece in each form that it may be written in, a separator or none before each letter, at even and odd places.
fn add(marked: &mut [u32], piece: &[u8]) {
    for gaps in 0..1_u32 << piece.len().saturating_sub(1) {
        let mut written = vec![];
        for (i, code) in piece.iter().enumerate() {
            if i > 0 && gaps >> (i - 1) & 1 == 1 {
                written.push(SEPARATOR);
            }
            written.push(*code);
        }
        for odd in 0..2 {
            let windows = (0..written.len() + WINDOW - 1).filter(|start| start % 2 == odd).map(|start| -> [Option<u8>; WINDOW + 1] {
                std::array::from_fn(|i| (start + i + 1).checked_sub(WINDOW).and_then(|at| written.get(at)).copied())
            });
            if let Some([a, b, c, d, next]) = windows.max_by_key(|window| rarity(window.iter().flatten())) {
                mark(marked, &[a, b, c, d], next);
            }
        }
    }
}

/// Marks all windows of this shape, and what follows them; `None` is any code.
fn mark(marked: &mut [u32], window: &[Option<u8>; WINDOW], next: Option<u8>) {
    let mut indices = vec![0_usize];
    for code in window {
        let codes = code.map_or(0..1 << BITS, |c| usize::from(c)..usize::from(c) + 1);
        indices = indices.iter().flat_map(|index| codes.clone().map(move |c| index << BITS | c)).collect();
    }
    for index in indices {
        marked[index] |= next.map_or(ANY, |code| 1 << code);
    }
}

fn place(at: usize, code: u8) -> [Option<u8>; WINDOW] {
    std::array::from_fn(|i| (i == at).then_some(code))
}

/// How rarely these codes stand together in names, in quarter bits.
pub(super) fn rarity<'a>(codes: impl Iterator<Item = &'a u8>) -> u32 {
    let mut before = None;
    let quarters = |row: &[u8; 28], code: usize| u32::from(row[code].saturating_sub(b'#'));
    codes.fold(0, |sum, code| {
        let code = usize::from(*code).min(27);
        if code > 26 {
            // Any byte that is no letter, but for a line's end: hardly ever.
            before = None;
            return sum + 40;
        }
        let row = before.replace(code).map_or(ALONE, |b: usize| FOLLOWS[b]);
        sum + quarters(row, code)
    })
}

/// How rarely a code follows another in lists of new and of established names: a character each, `#` for always, one further for
/// each quarter of a bit. Rows and columns: separator, a to z, a line's end.
#[rustfmt::skip]
const FOLLOWS: [&[u8; 28]; 28] = [
    b"Y;<'@5@BC;IG9?27?NB.8G@A:MG[",
    b"2:666;;7<4?:16.77B133::>@:<D",
    b"001:;0<6<3;=3<=1=>6475=BC:9A",
    b"84?;?6DA3:D98B>&BB;=9=FFH?CA",
    b"00899.;9;/<>8;72<A64:5<>B:<@",
    b"158773>;?;A=492<<C120@<=<?>.",
    b"408:;05:=0<>4<=.=?4843>@A:<K",
    b".25:91<575;=5;93<>4577??::85",
    b"2.9;</>;=0==:<:.>?:972??B:<@",
    b"42:376:6???947,48@832=8B>>;G",
    b"216883;89.897::2:<;453=>::8[",
    b"108;=0<;;3;;6<;2<@9566>?D8>.",
    b"106:80=:>/>=2;>0<A?655=AD9::",
    b"82<@C3C@D6ED@>C7;GC<@=EHH=C&",
    b"03;64-9/=5=:7>:6?B@32:?AB<>@",
    b"5<9;:><;A?B=5(275F3887<=CA>=",
    b"10;<>1?<73A?4=?23B1778@CD>?/",
    b"164786:6809969:797956.:<=;7[",
    b"10:98.>4?1B899:0<D;537:CG9AB",
    b".588<->;34?37;>58B?508??D=:B",
    b"018:>/>;51@@9=>0=C4567=?D9=0",
    b"335755=9=6=;46085A112>@A<;:8",
    b"4/8;=+>:>,?=9=;3<?;89<<DE>=<",
    b"0.;;=->=60>?9=80>A=5:8C8;:<G",
    b".897:8<:8.:>8:=;5@>765A;8-9L",
    b",38696;8;5==79939A:373A<<91:",
    b"023:;3<6279<5;<3<><57:>>;930",
    b"[2225574588844786<814=:8;:7[",
];
/// The same for a code by itself.
const ALONE: &[u8; 28] = b"238392<894>;64419A6448=??;<3";
