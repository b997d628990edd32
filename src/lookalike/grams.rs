//! The first look at a single line: three letters in a row stand for each word or piece, and each weighs what its words may. Where
//! the weights that stand in a line come to no site's level together, the line is no hit. One table look-up a letter, all sites at once.

use super::glance::{self, MAX_SITES};
use super::letters::{HAN, SEPARATOR};
use super::prefilter;
use super::sieve::Target;
use std::collections::BTreeMap;

/// Bits of a code.
const BITS: usize = 5;
/// Threes of codes.
const THREES: usize = 1 << (3 * BITS);
/// Bits of a Han code, and pairs of them.
const HAN_BITS: usize = 7;
const PAIRS: usize = 1 << (2 * HAN_BITS);
/// Each site sums in four bits of its own: so many units make its level, and the uppermost bit says that it is reached.
const UNITS: i32 = 8;
const REACHED: u32 = 0x8888_8888;

/// What three letters, or two Han characters, can weigh to each site.
pub(super) struct Grams {
    threes: Box<[u32]>,
    pairs: Box<[u32]>,
    /// Where the sums of a line with foreign letters begin: less is enough there.
    ahead: u32,
}

/// Where a gram's weight is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Three(usize),
    Pair(usize),
}

/// Collects what stands for what, before it is weighed.
#[derive(Default)]
pub(super) struct Collected {
    /// By gram and site: letters of the piece before the gram's end, and the token.
    tokens: BTreeMap<(Place, usize), Vec<(usize, Target)>>,
    always: Vec<Place>,
}

impl Collected {
    /// A text that stands in every name that the token is read in, or one of several of which one does.
    pub(super) fn add(&mut self, site: usize, codes: &[u8], target: Target) {
        let (end, places) = gram(codes);
        for place in places {
            self.tokens.entry((place, glance::place_of(site) as usize)).or_default().push((end, target));
        }
    }
    /// A text that may make a hit whatever it weighs.
    pub(super) fn always(&mut self, codes: &[u8]) {
        self.always.extend(gram(codes).1);
    }
}

impl Grams {
    /// `levels`: what the words of each site must weigh, by place; `less`: by how much less is enough in a line with foreign letters.
    pub(super) fn new(collected: &Collected, levels: &[i32; MAX_SITES], less: i32) -> Self {
        let mut grams = Self { threes: vec![0; THREES].into(), pairs: vec![0; PAIRS].into(), ahead: 0 };
        for ((place, site), targets) in &collected.tokens {
            let units = units(most(targets), levels[*site]);
            let lanes = grams.at(*place);
            let shift = 4 * *site;
            let known = *lanes >> shift & 0xf;
            *lanes = *lanes & !(0xf << shift) | known.max(units) << shift;
        }
        for place in &collected.always {
            *grams.at(*place) = REACHED;
        }
        for (site, level) in levels.iter().enumerate() {
            let enough = units(level.saturating_sub(less), *level).max(1);
            grams.ahead |= (UNITS as u32 - enough) << (4 * site);
        }
        grams
    }
    fn at(&mut self, place: Place) -> &mut u32 {
        match place {
            Place::Three(index) => &mut self.threes[index],
            Place::Pair(index) => &mut self.pairs[index],
        }
    }
    /// Adds what the last three codes weigh. Lanes of `sums` that come to a level are marked in what is given back.
    #[inline]
    pub(super) fn weigh(&self, last: usize, code: u8, sums: &mut u32) -> u32 {
        let weight = if code == SEPARATOR { 0 } else { self.threes[last & (THREES - 1)] };
        *sums += weight;
        let reached = *sums & REACHED;
        *sums &= !REACHED;
        reached
    }
    /// Can these codes come to a site's level?
    pub(super) fn reach(&self, text: &[u8], foreign: bool) -> bool {
        let (mut sums, mut reached) = (if foreign { self.ahead } else { 0 }, 0);
        let (mut last, mut han) = (0, 0);
        for code in text {
            let weight = if *code < HAN {
                (last, han) = (last << BITS | usize::from(*code), 0);
                self.threes[last & (THREES - 1)]
            } else {
                (last, han) = (last << BITS | OTHER, han << HAN_BITS | usize::from(*code & 0x7f));
                self.pairs[han & (PAIRS - 1)]
            };
            sums += weight;
            reached |= sums & REACHED;
            sums &= !REACHED;
        }
        reached != 0
    }
}

/// As no letter is: Han characters keep letters apart.
const OTHER: usize = super::letters::OTHER as usize;

/// The lanes that are marked, as bits of sites.
pub(super) fn sites(reached: u32) -> u32 {
    (0..MAX_SITES as u32).fold(0, |sites, site| sites | (reached >> (4 * site + 3) & 1) << site)
}

/// So many of [`UNITS`] for a level, rounded up.
fn units(weight: i32, level: i32) -> u32 {
    if level <= 0 {
        return UNITS as u32;
    }
    let units = (i64::from(weight.max(0)) * i64::from(UNITS) + i64::from(level) - 1) / i64::from(level);
    u32::try_from(units.min(i64::from(UNITS))).unwrap_or(UNITS as u32)
}

/// The most that tokens can weigh together that rest on one and the same gram: as many as do not overlap.
fn most(targets: &[(usize, Target)]) -> i32 {
    let heaviest = targets.iter().map(|(_, t)| t.points()).max().unwrap_or(0);
    let reach = targets.iter().map(|(end, t)| end + t.before()).max().unwrap_or(0);
    let apart = (0..=reach).map(|at| {
        let standing = targets.iter().filter(|(end, _)| *end <= at);
        glance::apart(&mut standing.map(|(end, t)| t.core(at - end)).collect::<Vec<_>>())
    });
    heaviest.max(0) * apart.max().unwrap_or(1).max(1)
}

/// The gram by which a text is known, in all forms, and how many letters of the text stand before the gram's end.
fn gram(codes: &[u8]) -> (usize, Vec<Place>) {
    let plain = |codes: &[u8]| codes.iter().all(|c| *c < HAN);
    let index = |codes: &[u8]| codes.iter().fold(0, |index, code| index << BITS | usize::from(code & 31));
    let threes = codes.windows(3).enumerate().filter(|(_, three)| plain(three));
    if let Some((at, three)) = threes.max_by_key(|(_, three)| prefilter::rarity(three.iter())) {
        return (at + 3, vec![Place::Three(index(three))]);
    }
    let han = |code: &u8| usize::from(code & 0x7f);
    if let Some(at) = codes.windows(2).position(|two| two.iter().all(|c| *c >= HAN)) {
        return (at + 2, vec![Place::Pair(han(&codes[at]) << HAN_BITS | han(&codes[at + 1]))]);
    }
    if let Some(at) = codes.iter().position(|c| *c >= HAN) {
        return (at + 1, (0..1 << HAN_BITS).map(|before| Place::Pair(before << HAN_BITS | han(&codes[at]))).collect());
    }
    (
        codes.len(),
        (0..1 << (BITS * (3 - codes.len().min(3)))).map(|before| Place::Three(before << (BITS * codes.len()) | index(codes))).collect(),
    )
}
