//! A glance at a line of plain ASCII: which words or pieces stand in it, whether the line has the letters that their words want,
//! and whether the words of any one site can weigh enough together. One table look-up a byte, whatever the number of sites.
//! Coarser than the [`super::sieve`] that follows, never finer: what goes no further here could not pass there.

use super::letters::{self, Near};
use super::sieve::Structure;

/// Symbols of a row; codes of ASCII bytes are below.
const ROW: usize = 32;
/// Set in a transition into a state with words.
const TOLD: u32 = 1 << 31;
/// Most words of a line that are weighed; a line with more goes further.
const MAX_FOUND: usize = 32;
/// Sites that are weighed apart; further ones share the last place.
const MAX_SITES: usize = 8;
/// Longest line; a longer one goes further.
const MAX_LINE: usize = 256;

/// The compiled pass.
#[derive(Default)]
pub(super) struct Glance {
    /// A row for each state: the row of the next one, and [`TOLD`].
    rows: Vec<u32>,
    /// For each state where its words begin in `words`; one more for the end.
    told: Vec<u32>,
    words: Vec<u32>,
    patterns: Vec<Word>,
    /// What each site's words must weigh.
    levels: [i32; MAX_SITES],
}

/// A text, and what it may be a piece of.
#[derive(Default)]
struct Word {
    length: usize,
    /// A hit wherever it stands.
    always: bool,
    structure: Structure,
    /// Sites in order, of each the heaviest first.
    worths: Vec<Worth>,
}

/// What a text can be worth to a site where a line has some letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    /// Index of the site.
    pub(super) site: usize,
    /// Points, of all tokens together that may stand about one place without overlapping.
    pub(super) weight: i32,
    /// Letters wanted near it, none for a whole token.
    pub(super) letters: u32,
    /// Half edits that may be spent.
    pub(super) budget: u8,
    /// Can a name with no heavier word than this one speak at all?
    pub(super) speaks: bool,
}

impl Worth {
    /// Is it worth as much wherever the other is worth anything?
    fn covers(&self, other: &Self) -> bool {
        self.site == other.site
            && self.weight >= other.weight
            && self.letters & !other.letters == 0
            && self.budget >= other.budget
            && self.speaks >= other.speaks
    }
}

/// A text of the automaton before it is built.
pub(super) struct Text<'a> {
    /// Codes, all those of ASCII letters or of other ASCII bytes.
    pub(super) codes: &'a [u8],
    /// A hit wherever it stands.
    pub(super) always: bool,
    pub(super) structure: Structure,
    pub(super) worths: Vec<Worth>,
}

impl Glance {
    /// Builds the automaton. `levels`: what the words of each site must weigh at least.
    pub(super) fn new<'a>(texts: impl Iterator<Item = Text<'a>>, levels: impl Iterator<Item = i32>) -> Self {
        let mut glance = Self { levels: [i32::MAX; MAX_SITES], ..Self::default() };
        for (site, level) in levels.enumerate() {
            let place = &mut glance.levels[site.min(MAX_SITES - 1)];
            *place = level.min(*place);
        }
        let mut trie = Trie::default();
        for text in texts {
            trie.add(text.codes, u32::try_from(glance.patterns.len()).unwrap_or(u32::MAX));
            glance.patterns.push(Word {
                length: text.codes.len(),
                always: text.always,
                structure: text.structure,
                worths: least(text.worths),
            });
        }
        trie.build(&mut glance);
        glance
    }
    /// May the line come to a hit? `None`: not known, it is no plain line.
    pub(super) fn may_hit(&self, line: &[u8]) -> Option<bool> {
        if line.len() > MAX_LINE {
            return None;
        }
        let (mut state, mut seen, mut coded, mut before) = (0_usize, 0_u32, false, letters::OTHER);
        let mut found = [(0_u32, 0_u16); MAX_FOUND];
        let mut count = 0;
        for (at, byte) in line.iter().enumerate() {
            let code = letters::CODES[usize::from(*byte)];
            seen |= 1 << (code & 31);
            coded |= code | before == letters::SEPARATOR;
            before = code;
            let next = self.rows[state + usize::from(code & 31)];
            state = (next & !TOLD) as usize;
            if next & TOLD != 0 && code != letters::SEPARATOR {
                if count == MAX_FOUND {
                    return Some(true);
                }
                found[count] = (next & !TOLD, u16::try_from(at).unwrap_or(u16::MAX));
                count += 1;
            }
        }
        if seen >> letters::SLOW & 1 == 1 || coded && letters::is_coded(line) {
            return None;
        }
        Some(count > 0 && self.weigh(line, seen, &found[..count]))
    }
    fn weigh(&self, line: &[u8], seen: u32, found: &[(u32, u16)]) -> bool {
        let near = Near::of((1..=26).filter(|code| seen >> code & 1 == 1));
        let (mut sums, mut speaks) = ([0_i32; MAX_SITES], [false; MAX_SITES]);
        for (row, at) in found {
            let state = *row as usize / ROW;
            for word in &self.words[self.told[state] as usize..self.told[state + 1] as usize] {
                let word = &self.patterns[*word as usize];
                if word.always || word.structure != Structure::No && stands(word, line, usize::from(*at)) {
                    return true;
                }
                // Of each site the heaviest; whether any speaks is asked of all.
                let mut weighed = usize::MAX;
                for worth in word.worths.iter().filter(|w| near.holds(w.letters, w.budget)) {
                    if worth.site != weighed {
                        weighed = worth.site;
                        sums[weighed] += worth.weight;
                    }
                    speaks[weighed] |= worth.speaks;
                }
            }
        }
        (0..MAX_SITES).any(|site| speaks[site] && sums[site] >= self.levels[site])
    }
}

/// Does a whole token that ends at byte `at` stand where its place alone may make a hit?
fn stands(word: &Word, line: &[u8], at: usize) -> bool {
    let code = |byte: &u8| letters::CODES[usize::from(*byte)];
    let mut left = word.length;
    let start = line[..=at].iter().rposition(|byte| {
        left -= usize::from(code(byte) != letters::SEPARATOR);
        left == 0
    });
    let begins = match start {
        Some(start) if start > 0 => matches!(code(&line[start - 1]), letters::SEPARATOR | letters::OTHER),
        _ => true,
    };
    let after = &line[at + 1..];
    let gap = after.iter().position(|byte| code(byte) != letters::SEPARATOR).unwrap_or(after.len());
    let dots = || line.iter().filter(|b| **b == b'.').count();
    begins && (after[..gap].contains(&b'.') || word.structure == Structure::Label && dots() >= 2)
}

/// Without those that another one covers.
fn least(mut worths: Vec<Worth>) -> Vec<Worth> {
    for worth in &mut worths {
        worth.site = worth.site.min(MAX_SITES - 1);
    }
    worths.sort_by(|a, b| a.site.cmp(&b.site).then(b.weight.cmp(&a.weight)).then(a.cmp(b)));
    worths.dedup();
    let mut kept: Vec<Worth> = Vec::new();
    for worth in worths {
        if !kept.iter().any(|k| k.covers(&worth)) {
            kept.push(worth);
        }
    }
    kept
}

/// Texts by their first letters.
struct Trie {
    next: Vec<[u32; ROW]>,
    words: Vec<Vec<u32>>,
}

impl Default for Trie {
    fn default() -> Self {
        Self { next: vec![[0; ROW]], words: vec![Vec::new()] }
    }
}

impl Trie {
    fn add(&mut self, codes: &[u8], word: u32) {
        let mut state = 0;
        for code in codes {
            let code = usize::from(*code) % ROW;
            if self.next[state][code] == 0 {
                self.next[state][code] = u32::try_from(self.next.len()).unwrap_or(0);
                self.next.push([0; ROW]);
                self.words.push(Vec::new());
            }
            state = self.next[state][code] as usize;
        }
        self.words[state].push(word);
    }
    /// Breadth first, so that the states met most lie together: each state's missing steps are those of its longest tail.
    fn build(mut self, glance: &mut Glance) {
        let mut order = vec![0_usize];
        let mut tails = vec![0_usize; self.next.len()];
        let mut at = 0;
        while let Some(&state) = order.get(at) {
            at += 1;
            let tail = self.next[tails[state]];
            for (code, &behind) in tail.iter().enumerate().skip(1) {
                let next = self.next[state][code] as usize;
                if next == 0 {
                    self.next[state][code] = if state == 0 { 0 } else { behind };
                    continue;
                }
                tails[next] = if state == 0 { 0 } else { behind as usize };
                let more = self.words[tails[next]].clone();
                self.words[next].extend(more);
                order.push(next);
            }
        }
        let mut place = vec![0_u32; self.next.len()];
        for (index, state) in order.iter().enumerate() {
            place[*state] = u32::try_from(index * ROW).unwrap_or(0);
        }
        let mark = |state: usize| place[state] | if self.words[state].is_empty() { 0 } else { TOLD };
        for state in &order {
            // A separator leaves everything as it was.
            glance.rows.push(mark(*state));
            glance.rows.extend(self.next[*state][1..].iter().map(|next| mark(*next as usize)));
            glance.told.push(u32::try_from(glance.words.len()).unwrap_or(u32::MAX));
            glance.words.extend(&self.words[*state]);
        }
        glance.told.push(u32::try_from(glance.words.len()).unwrap_or(u32::MAX));
    }
}

/// The most of these stretches that do not overlap.
pub(super) fn apart(stretches: &mut [(usize, usize)]) -> i32 {
    stretches.sort_unstable_by_key(|s| (s.1, s.0));
    let (mut count, mut end) = (0, 0);
    for (from, to) in stretches.iter() {
        if *from >= end {
            (count, end) = (count + 1, *to);
        }
    }
    count
}
