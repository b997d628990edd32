//! The second pass, over single lines: an upper bound of what the words in a line can weigh together. A line below the alert
//! level even so is no hit, and nearly every line is; the full reading is for the rest. Never says no where the full reading
//! would say yes.

use super::compiled::{self, Compiled};
use super::fuzzy;
use super::letters::{self, Letters, Near};
use super::prefilter::{self, Prefilter};
use super::tokens::{Form, Token};
use super::words::Kind;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::collections::{BTreeMap, HashMap};

/// What a place for nothing and fillers can add to a name of plain ASCII.
const MOST_ADDED: i32 = super::screen::FREE_HOST_POINTS + super::cover::MAX_FILLER_POINTS;
/// Most places that are weighed; more go the slow way.
const MAX_CORES: usize = 64;

/// The compiled pass.
pub(super) struct Sieve {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    /// The tokens' texts.
    texts: Vec<Vec<u8>>,
    /// Weights below this are no hit, in a name of plain ASCII.
    level: i32,
    anchors: Anchors,
}

/// What a line is weighed with; kept from line to line.
#[derive(Default)]
pub(super) struct Scratch {
    letters: Letters,
    cores: Vec<Core>,
    fits: Vec<fuzzy::Fit>,
}

/// Three letters in a row of each piece that a name must have one of.
struct Anchors(Box<[u64; 1 << 9]>);

impl Anchors {
    fn new(pieces: &[Vec<u8>]) -> Self {
        let mut anchors = Self(Box::new([0; 1 << 9]));
        let mut mark = |three: &[u8]| {
            let index = three.iter().fold(0, |index, code| index << 5 | usize::from(code & 31));
            anchors.0[index >> 6] |= 1 << (index & 63);
        };
        for piece in pieces {
            match piece.windows(3).max_by_key(|three| prefilter::rarity(three.iter())) {
                Some(three) => mark(three),
                None => (0..32).for_each(|any| {
                    mark(&[&[any], piece.as_slice()].concat());
                    mark(&[piece.as_slice(), &[any]].concat());
                }),
            }
        }
        anchors
    }
    fn stand_in(&self, text: &[u8]) -> bool {
        let mut index = 0;
        let mut any = 0;
        // A piece of two letters may stand last.
        for code in text.iter().chain(&[letters::LINE_END]) {
            index = (index << 5 | usize::from(code & 31)) & 0x7fff;
            any |= self.0[index >> 6] >> (index & 63);
        }
        any & 1 == 1
    }
}

/// A text, and what it may be a piece of.
#[derive(Default)]
struct Pattern {
    length: usize,
    /// Letters before its start and behind it that a token it belongs to may take.
    left: usize,
    right: usize,
    /// Is it a piece of anything but itself?
    parts: bool,
    /// A hit wherever it stands: the official host in an address.
    always: bool,
    /// Enough by itself where it begins a label and the suffix says so.
    structure: Structure,
    /// Heaviest first.
    targets: Vec<Target>,
}

/// May a token make a hit by where it stands, whatever the points?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Structure {
    #[default]
    No,
    /// As the first label or labels.
    First,
    /// As any label above the registrable one.
    Label,
}

/// A token that the pattern is a piece of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    weight: i32,
    offset: usize,
    slack: usize,
    shortest: usize,
    budget: u8,
    /// Is the pattern the whole token?
    whole: bool,
    /// Can a name with no heavier word than this one speak at all?
    speaks: bool,
    letters: u32,
    /// Index of its text.
    text: usize,
}

/// A stretch that a token takes at least, and what it weighs.
#[derive(Clone, Copy)]
struct Core {
    from: usize,
    to: usize,
    weight: i32,
}

impl Sieve {
    /// Compiles all sites' tokens, and the block pass before it.
    pub(super) fn new(sites: &[Compiled]) -> Result<(Self, Prefilter), String> {
        let mut patterns: BTreeMap<Vec<u8>, Pattern> = BTreeMap::new();
        let mut anchors: Vec<Vec<u8>> = Vec::new();
        let (mut texts, mut numbers) = (Vec::new(), HashMap::new());
        let codes = |text: &str| text.chars().map(letters::code).collect::<Vec<u8>>();
        for compiled in sites {
            for token in compiled.tokens.iter().filter(|t| t.kind != Kind::Filler) {
                let structure = structure_of(token);
                let text = *numbers.entry(token.chars.iter().collect::<String>()).or_insert_with_key(|text| {
                    texts.push(text.clone().into_bytes());
                    texts.len() - 1
                });
                let anchor = speaks(token) || structure != Structure::No;
                for (index, (piece, offset, slack)) in compiled::pieces(token, &compiled.hosts).into_iter().enumerate() {
                    let piece = codes(&piece);
                    if anchor && piece.iter().all(|c| *c < 0x80) {
                        anchors.push(piece.clone());
                    }
                    let pattern = patterns.entry(piece).or_default();
                    let whole = index == 0;
                    pattern.targets.push(Target::of(token, text, usize::from(offset), usize::from(slack), whole));
                    if whole {
                        pattern.structure = pattern.structure.max(structure);
                    }
                }
            }
            let plain = |text: &String| codes(&text.to_lowercase().replace(['.', '-', '_'], ""));
            let (hosts, trees) = (compiled.site.hosts.iter(), compiled.site.trees.iter());
            for text in hosts.chain(trees).chain(&compiled.names.paths).map(plain).filter(|t| t.len() >= 2) {
                anchors.push(text.clone());
                patterns.entry(text).or_default().always = true;
            }
        }
        for (text, pattern) in &mut patterns {
            pattern.settle(text.len());
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(patterns.keys())
            .map_err(|e| e.to_string())?;
        let level = sites.iter().map(|s| i32::from(s.names.alert)).min().unwrap_or(0) - MOST_ADDED;
        let pieces = shortest(anchors);
        let prefilter = Prefilter::new(pieces.iter().map(Vec::as_slice));
        let anchors = Anchors::new(&pieces);
        Ok((Self { automaton, patterns: patterns.into_values().collect(), texts, level, anchors }, prefilter))
    }
    /// Can the full reading of this line come to a hit?
    pub(super) fn lets_through(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        let Scratch { letters, cores, fits } = scratch;
        if letters.read(line).is_none() {
            return true;
        }
        let text = letters.text();
        if !letters.foreign && !self.anchors.stand_in(text) {
            return false;
        }
        let level = if letters.foreign { self.level - super::screen::MIXED_POINTS } else { self.level };
        cores.clear();
        let (mut sum, mut speaks) = (0, false);
        for hit in self.automaton.find_overlapping_iter(text) {
            let pattern = &self.patterns[hit.pattern().as_usize()];
            if pattern.always || self.stands(pattern, letters, hit.start()) {
                return true;
            }
            let at = hit.start();
            let near = match pattern.parts {
                true => Near::of(text[at.saturating_sub(pattern.left)..(at + pattern.right).min(text.len())].iter().copied()),
                false => Near::default(),
            };
            for target in &pattern.targets {
                if !target.whole && !(near.holds(target.letters, target.budget) && self.fits(target, letters, at, fits)) {
                    continue;
                }
                let start = at.saturating_sub(target.offset);
                let core = Core {
                    from: start + target.slack,
                    to: (start.saturating_sub(target.slack) + target.shortest).max(start + target.slack),
                    weight: target.weight,
                };
                if cores.len() == MAX_CORES {
                    return true;
                }
                cores.push(core);
                (sum, speaks) = (sum + core.weight, speaks || target.speaks);
                if speaks && core.weight >= level {
                    return true;
                }
            }
        }
        speaks && sum >= level && heaviest(cores) >= level
    }
    /// Does the token stand anywhere around the pattern? Not asked of lines with foreign characters.
    fn fits(&self, target: &Target, letters: &Letters, at: usize, fits: &mut Vec<fuzzy::Fit>) -> bool {
        let start = at.saturating_sub(target.offset);
        let starts = start.saturating_sub(target.slack)..=(start + target.slack).min(letters.shown().len() - 1);
        letters.foreign
            || starts.into_iter().any(|from| {
                fits.clear();
                fuzzy::fits(&letters.shown()[from..], &self.texts[target.text], target.budget, fits);
                !fits.is_empty()
            })
    }
    /// Does a whole token stand where its place alone may make a hit?
    fn stands(&self, pattern: &Pattern, letters: &Letters, at: usize) -> bool {
        pattern.structure != Structure::No
            && letters.begins(at)
            && (letters.follows_dot(at + pattern.length) || pattern.structure == Structure::Label && letters.dots >= 2)
    }
}

impl Pattern {
    fn settle(&mut self, length: usize) {
        self.length = length;
        let mut best: BTreeMap<(usize, usize, u8, bool, usize), Target> = BTreeMap::new();
        for target in self.targets.drain(..) {
            let key = (target.offset, target.slack, target.budget, target.whole, target.text);
            let known = best.entry(key).or_insert(target);
            known.weight = known.weight.max(target.weight);
            known.speaks |= target.speaks;
        }
        self.targets = best.into_values().collect();
        self.targets.sort_by(|a, b| b.cmp(a));
        self.parts = self.targets.iter().any(|t| !t.whole);
        self.left = self.targets.iter().map(|t| t.offset + t.slack).max().unwrap_or(0);
        self.right = self.targets.iter().map(Target::reach).max().unwrap_or(0);
    }
}

impl Target {
    fn of(token: &Token, text: usize, offset: usize, slack: usize, whole: bool) -> Self {
        let length = token.chars.len();
        Self {
            // A piece stands for the whole with at least half an edit, else the whole is found as well.
            weight: token.points - if whole { 0 } else { super::cover::HALF_EDIT },
            offset,
            slack,
            shortest: length.saturating_sub(usize::from(token.budget)),
            budget: token.budget,
            whole,
            speaks: speaks(token),
            letters: token.letters,
            text,
        }
    }
    /// Letters from the pattern's start that the token may take.
    fn reach(&self) -> usize {
        self.shortest + 2 * usize::from(self.budget) + self.slack
    }
}

/// The most that places which do not overlap weigh together.
fn heaviest(cores: &mut [Core]) -> i32 {
    cores.sort_unstable_by_key(|c| c.to);
    let mut best = [0_i32; MAX_CORES + 1];
    for i in 0..cores.len() {
        let before = cores[..i].partition_point(|c| c.to <= cores[i].from);
        best[i + 1] = best[i].max(best[before] + cores[i].weight);
    }
    best[cores.len()]
}

/// As [`super::cover`] asks of a reading: one token at least that is the site's own, and no English or filler.
fn speaks(token: &Token) -> bool {
    super::cover::speaks_for_itself(token)
}

fn structure_of(token: &Token) -> Structure {
    let initials = token.form == Form::Initials && token.chars.len() >= 4;
    match token.kind {
        Kind::Official if token.points >= 30 => Structure::Label,
        Kind::Service | Kind::Licence if initials || token.points >= 55 => Structure::First,
        _ => Structure::No,
    }
}

/// Without those that hold another one.
fn shortest(mut pieces: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    pieces.sort_by_key(|p| (p.len(), p.clone()));
    pieces.dedup();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for piece in pieces {
        if !kept.iter().any(|k| memchr::memmem::find(&piece, k).is_some()) {
            kept.push(piece);
        }
    }
    kept
}
