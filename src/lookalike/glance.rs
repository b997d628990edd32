//! A glance at a line of plain ASCII: whether a piece that it must have stands in it, then which words or pieces stand in it, whether the line has the letters that their words want,
//! and whether the words of any one site can weigh enough together. One table look-up a byte, whatever the number of sites.
//! Coarser than the [`super::sieve`] that follows, never finer: what goes no further here could not pass there.

use super::grams::{self, Collected, Grams};
use super::letters::{self, Near};
use super::sieve::Structure;

/// Symbols of a row; codes of ASCII bytes are below.
const ROW: usize = 32;
/// Set in a transition into a state with words; the rest is its number.
trait Step: Copy {
    const TOLD: u32;
    fn read(self) -> u32;
}

impl Step for u16 {
    const TOLD: u32 = 1 << 15;
    fn read(self) -> u32 {
        u32::from(self)
    }
}

impl Step for u32 {
    const TOLD: u32 = 1 << 31;
    fn read(self) -> u32 {
        self
    }
}

/// A row of [`ROW`] steps for each state; short ones where they are enough, as half the memory is met twice as often nearby.
enum Rows {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

/// Most words of a line that are weighed; a line with more goes further.
const MAX_FOUND: usize = 32;
/// Worths whose letters are asked for together.
const GROUP: usize = 8;
/// Sites that are weighed apart; further ones share the last place.
pub(super) const MAX_SITES: usize = 8;
/// Longest line; a longer one goes further.
const MAX_LINE: usize = 256;

/// The compiled pass.
pub(super) struct Glance {
    grams: Grams,
    rows: Rows,
    /// For each state where its words begin in `words`; one more for the end.
    told: Vec<u32>,
    words: Vec<u32>,
    /// For each state the most that its words can weigh.
    bounds: Vec<Bound>,
    patterns: Vec<Word>,
    /// What each site's words must weigh, by place.
    pub(super) levels: [i32; MAX_SITES],
}

/// A text, and what it may be a piece of.
struct Word {
    id: usize,
    length: usize,
    /// A hit wherever it stands.
    always: bool,
    structure: Structure,
    worths: Vec<Group>,
}

/// Worths to one site of tokens that are alike.
struct Group {
    site: usize,
    /// Letters that all of them want, and the most half edits that one may spend.
    letters: u32,
    budget: u8,
    worths: Vec<Worth>,
}

/// The most that the words of a state can weigh to each site, whatever letters stand near them.
#[derive(Clone, Copy, Default)]
struct Bound {
    most: [i32; MAX_SITES],
    /// Bits of the sites to which one of them speaks.
    speaks: u32,
    /// Is one a hit by its place alone?
    by_place: bool,
}

/// Words of one line, in the order of their ends.
pub(super) struct Found {
    words: [(u32, u16, u16); MAX_FOUND],
    len: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self { words: [(0, 0, 0); MAX_FOUND], len: 0 }
    }
}

/// What a glance came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glanced {
    /// No words that could make a hit.
    Nothing,
    /// Words that may weigh enough for one of the sites whose bits are set.
    Words(u32),
    /// It is not plain, too long, or needs no weighing.
    Unknown,
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
    /// What the caller knows it by.
    pub(super) id: usize,
    /// Codes, all those of ASCII letters or of other ASCII bytes.
    pub(super) codes: &'a [u8],
    /// A hit wherever it stands.
    pub(super) always: bool,
    pub(super) structure: Structure,
    pub(super) worths: Vec<Worth>,
}

impl Glance {
    /// Builds the automaton. `collected`: what every name that can be hit holds; `levels`: what the words of each site must weigh, and
    /// `less` by how much less is enough in a line with foreign letters.
    pub(super) fn new<'a>(
        collected: &Collected,
        texts: impl Iterator<Item = Text<'a>>,
        levels: impl Iterator<Item = i32>,
        less: i32,
    ) -> Self {
        let mut by_place = [i32::MAX; MAX_SITES];
        for (site, level) in levels.enumerate() {
            let place = &mut by_place[place_of(site) as usize];
            *place = level.min(*place);
        }
        let (told, words, bounds, patterns) = Default::default();
        let mut glance = Self {
            grams: Grams::new(collected, &by_place, less),
            rows: Rows::Long(Vec::new()),
            told,
            words,
            bounds,
            patterns,
            levels: by_place,
        };
        let mut trie = Trie::default();
        for text in texts {
            trie.add(text.codes, u32::try_from(glance.patterns.len()).unwrap_or(u32::MAX));
            glance.patterns.push(Word {
                id: text.id,
                length: text.codes.len(),
                always: text.always,
                structure: text.structure,
                worths: grouped(least(text.worths)),
            });
        }
        trie.build(&mut glance);
        glance.bounds = glance.told.windows(2).map(|w| glance.bound(&glance.words[w[0] as usize..w[1] as usize])).collect();
        glance
    }
    fn bound(&self, words: &[u32]) -> Bound {
        let mut bound = Bound::default();
        for word in words.iter().map(|id| &self.patterns[*id as usize]) {
            let mut best = [0; MAX_SITES];
            for (site, worth) in word.worths.iter().flat_map(|g| g.worths.iter().map(|w| (g.site, w))) {
                best[site] = worth.weight.max(best[site]);
                bound.speaks |= u32::from(worth.speaks) << site;
            }
            bound.most.iter_mut().zip(best).for_each(|(most, best)| *most += best);
            bound.by_place |= word.always || word.structure != Structure::No;
        }
        bound
    }
    /// The sites to which these words could weigh enough if all letters stood where they are wanted; all, where a place may decide.
    fn in_reach(&self, found: &Found) -> u32 {
        let (mut sums, mut speaks) = ([0_i32; MAX_SITES], 0);
        for (row, ..) in &found.words[..found.len] {
            let bound = &self.bounds[*row as usize];
            if bound.by_place {
                return u32::MAX;
            }
            speaks |= bound.speaks;
            sums.iter_mut().zip(bound.most).for_each(|(sum, most)| *sum += most);
        }
        speaks & self.enough(&sums)
    }
    fn enough(&self, sums: &[i32; MAX_SITES]) -> u32 {
        (0..MAX_SITES).fold(0, |sites, site| sites | u32::from(sums[site] >= self.levels[site]) << site)
    }
    /// May the line come to a hit? `found` is left with its words.
    pub(super) fn at(&self, line: &[u8], found: &mut Found) -> Glanced {
        if line.len() > MAX_LINE {
            return Glanced::Unknown;
        }
        let (mut seen, mut coded, mut before, mut last) = (0_u32, false, letters::OTHER, 0_usize);
        let (mut sums, mut reached) = (0, 0);
        for byte in line {
            let code = letters::CODES[usize::from(*byte)] & 31;
            seen |= 1 << code;
            coded |= code | before == letters::SEPARATOR;
            before = code;
            last = if code == letters::SEPARATOR { last } else { last << 5 | usize::from(code) };
            reached |= self.grams.weigh(last, code, &mut sums);
        }
        if seen >> letters::SLOW & 1 == 1 || coded && letters::is_coded(line) {
            return Glanced::Unknown;
        }
        let sites = grams::sites(reached);
        if sites == 0 {
            return Glanced::Nothing;
        }
        match self.find(line, seen, found) {
            Glanced::Words(words) if words & sites == 0 => Glanced::Nothing,
            Glanced::Words(words) => Glanced::Words(words & sites),
            other => other,
        }
    }
    /// Can these codes come to a site's level?
    pub(super) fn in_sight(&self, text: &[u8], foreign: bool) -> bool {
        self.grams.reach(text, foreign)
    }
    fn find(&self, line: &[u8], seen: u32, found: &mut Found) -> Glanced {
        match &self.rows {
            Rows::Short(rows) => self.find_in(rows, line, seen, found),
            Rows::Long(rows) => self.find_in(rows, line, seen, found),
        }
    }
    fn find_in<S: Step>(&self, rows: &[S], line: &[u8], seen: u32, found: &mut Found) -> Glanced {
        let (mut state, mut read) = (0_usize, 0_u16);
        found.len = 0;
        for (at, byte) in line.iter().enumerate() {
            let code = letters::CODES[usize::from(*byte)] & 31;
            read += u16::from(code != letters::SEPARATOR);
            let next = rows[state * ROW + usize::from(code)].read();
            state = (next & !S::TOLD) as usize;
            if next & S::TOLD != 0 && code != letters::SEPARATOR {
                if found.len == MAX_FOUND {
                    return Glanced::Unknown;
                }
                found.words[found.len] = (next & !S::TOLD, u16::try_from(at).unwrap_or(u16::MAX), read);
                found.len += 1;
            }
        }
        if found.len == 0 || self.in_reach(found) == 0 { Glanced::Nothing } else { self.weigh(line, seen, found) }
    }
    /// Patterns that were found, each with the letters of the line up to its end.
    pub(super) fn words<'a>(&'a self, found: &'a Found) -> impl Iterator<Item = (usize, usize)> {
        let ids = |row: u32| &self.words[self.told[row as usize] as usize..self.told[row as usize + 1] as usize];
        found.words[..found.len]
            .iter()
            .flat_map(move |(row, _, read)| ids(*row).iter().map(|id| (self.patterns[*id as usize].id, usize::from(*read))))
    }
    fn weigh(&self, line: &[u8], seen: u32, found: &Found) -> Glanced {
        let near = Near::of_set(seen);
        let (mut sums, mut speaks) = ([0_i32; MAX_SITES], 0_u32);
        for (row, at, _) in &found.words[..found.len] {
            let state = *row as usize;
            for word in &self.words[self.told[state] as usize..self.told[state + 1] as usize] {
                let word = &self.patterns[*word as usize];
                if word.always || word.structure != Structure::No && stands(word, line, usize::from(*at)) {
                    return Glanced::Unknown;
                }
                let mut best = [0_i32; MAX_SITES];
                for group in word.worths.iter().filter(|g| near.holds(g.letters, g.budget)) {
                    for worth in group.worths.iter().filter(|w| near.holds(w.letters, w.budget)) {
                        best[group.site] = best[group.site].max(worth.weight);
                        speaks |= u32::from(worth.speaks) << group.site;
                    }
                }
                for (sum, best) in sums.iter_mut().zip(best) {
                    *sum += best;
                }
            }
        }
        let enough = self.enough(&sums) & speaks;
        if enough == 0 { Glanced::Nothing } else { Glanced::Words(enough) }
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
        worth.site = place_of(worth.site) as usize;
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

fn grouped(mut worths: Vec<Worth>) -> Vec<Group> {
    worths.sort_by_key(|w| (w.site, w.letters.reverse_bits()));
    let sites = worths.chunk_by(|a, b| a.site == b.site);
    let group = |worths: &[Worth]| Group {
        site: worths[0].site,
        letters: worths.iter().fold(u32::MAX, |all, w| all & w.letters),
        budget: worths.iter().map(|w| w.budget).max().unwrap_or(0),
        worths: worths.to_vec(),
    };
    sites.flat_map(|own| own.chunks(GROUP)).map(group).collect()
}

/// The place that a site's weights are summed at.
pub(super) fn place_of(site: usize) -> u32 {
    u32::try_from(site).unwrap_or(u32::MAX).min(MAX_SITES as u32 - 1)
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
            place[*state] = u32::try_from(index).unwrap_or(0);
        }
        let short = order.len() <= <u16 as Step>::TOLD as usize;
        let told = if short { <u16 as Step>::TOLD } else { <u32 as Step>::TOLD };
        let mark = |state: usize| place[state] | if self.words[state].is_empty() { 0 } else { told };
        let mut rows = Vec::with_capacity(order.len() * ROW);
        for state in &order {
            // A separator leaves everything as it was.
            rows.push(mark(*state));
            rows.extend(self.next[*state][1..].iter().map(|next| mark(*next as usize)));
            glance.told.push(u32::try_from(glance.words.len()).unwrap_or(u32::MAX));
            glance.words.extend(&self.words[*state]);
        }
        glance.told.push(u32::try_from(glance.words.len()).unwrap_or(u32::MAX));
        glance.rows = if short { Rows::Short(rows.iter().map(|step| *step as u16).collect()) } else { Rows::Long(rows) };
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
