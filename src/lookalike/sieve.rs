//! The second pass, over single lines: an upper bound of what the words in a line can weigh together. A line below the alert
//! level even so is no hit, and nearly every line is; the full reading is for the rest. Never says no where the full reading
//! would say yes.

use super::compiled::{self, Compiled};
use super::fuzzy;
use super::glance::{self, Found, Glance, Glanced, Text, Worth};
use super::grams::Collected;
use super::letters::{self, Letters, Near};
use super::prefilter::Prefilter;
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
    glance: Glance,
}

/// What a line is weighed with; kept from line to line.
#[derive(Default)]
pub(super) struct Scratch {
    letters: Letters,
    cores: Vec<Core>,
    fits: Vec<fuzzy::Fit>,
    found: Found,
    /// Pattern, its target, and the letter where the pattern stands.
    wanted: Vec<(usize, usize, usize)>,
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
    /// The same by the place of their site.
    own: Vec<(u32, Target)>,
    worths: Vec<Worth>,
}

/// May a token make a hit by where it stands, whatever the points?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Structure {
    #[default]
    No,
    /// As the first label or labels.
    First,
    /// As any label above the registrable one.
    Label,
}

/// A token that the pattern is a piece of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    weight: i32,
    /// Of the token itself.
    points: i32,
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
        let (mut anchors, mut collected): (Vec<Vec<u8>>, Collected) = Default::default();
        let (mut texts, mut numbers) = (Vec::new(), HashMap::new());
        let codes = |text: &str| text.chars().map(letters::code).collect::<Vec<u8>>();
        for (site, compiled) in sites.iter().enumerate() {
            let mut own: BTreeMap<Vec<u8>, Vec<Target>> = BTreeMap::new();
            for token in compiled.tokens.iter().filter(|t| t.kind != Kind::Filler) {
                let structure = structure_of(token);
                let text = *numbers.entry(token.chars.iter().collect::<String>()).or_insert_with_key(|text| {
                    texts.push(text.clone().into_bytes());
                    texts.len() - 1
                });
                let anchor = speaks(token) || structure != Structure::No;
                let pieces = compiled::pieces(token, &compiled.hosts);
                // Where a piece stands, of which it is made, the whole need not be looked for.
                let parts =
                    pieces.split_first().is_some_and(|(whole, parts)| parts.iter().any(|(piece, ..)| whole.0.contains(piece.as_str())));
                for (index, (piece, offset, slack)) in pieces.into_iter().enumerate() {
                    let piece = codes(&piece);
                    if anchor && piece.iter().all(|c| *c < 0x80) {
                        anchors.push(piece.clone());
                    }
                    let whole = index == 0;
                    let target = Target::of(token, text, usize::from(offset), usize::from(slack), whole);
                    if !whole || !parts {
                        collected.add(site, &piece, target);
                    }
                    if whole && structure != Structure::No {
                        collected.always(&piece);
                    }
                    own.entry(piece.clone()).or_default().push(target);
                    let pattern = patterns.entry(piece).or_default();
                    pattern.targets.push(target);
                    if whole {
                        pattern.structure = pattern.structure.max(structure);
                    }
                }
            }
            for (piece, targets) in own {
                let pattern = patterns.entry(piece).or_default();
                pattern.worths.extend(worths(site, &targets));
                pattern.own.extend(targets.iter().map(|t| (glance::place_of(site), *t)));
            }
            let plain = |text: &String| codes(&text.to_lowercase().replace(['.', '-', '_'], ""));
            let (hosts, trees) = (compiled.site.hosts.iter(), compiled.site.trees.iter());
            for text in hosts.chain(trees).chain(&compiled.names.paths).map(plain).filter(|t| t.len() >= 2) {
                anchors.push(text.clone());
                collected.always(&text);
                patterns.entry(text).or_default().always = true;
            }
        }
        for (text, pattern) in &mut patterns {
            pattern.settle(text.len());
        }
        // Walked for the few lines that a glance cannot read; a denser one would take longer to build than it saves.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(patterns.keys())
            .map_err(|e| e.to_string())?;
        let levels = || sites.iter().map(|s| i32::from(s.names.alert) - MOST_ADDED);
        let plain = patterns.iter().enumerate().filter(|(_, (text, _))| text.iter().all(|c| *c < letters::HAN));
        let plain = plain.map(|(id, (codes, pattern))| Text {
            id,
            codes,
            always: pattern.always,
            structure: pattern.structure,
            worths: pattern.worths.clone(),
        });
        let pieces = shortest(anchors);
        let glance = Glance::new(&collected, plain, levels(), super::screen::MIXED_POINTS);
        let prefilter = Prefilter::new(pieces.iter().map(Vec::as_slice));
        let level = levels().min().unwrap_or(0);
        Ok((Self { automaton, patterns: patterns.into_values().collect(), texts, level, glance }, prefilter))
    }
    /// Can the full reading of this line come to a hit?
    pub(super) fn lets_through(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        let glanced = self.glance.at(line, &mut scratch.found);
        if glanced == Glanced::Nothing {
            return false;
        }
        if scratch.letters.read(line).is_none() {
            return true;
        }
        if let Glanced::Words(sites) = glanced {
            return self.fitted_can_weigh_enough(sites, scratch);
        }
        if !self.glance.in_sight(scratch.letters.text(), scratch.letters.foreign) {
            return false;
        }
        // Foreign characters are only coarsely known, so that no token can be fitted to them.
        self.can_weigh_enough(scratch, false) && (scratch.letters.foreign || self.can_weigh_enough(scratch, true))
    }
    /// Can words that a glance found, fitted to the letters as written, come to the level of one of these sites?
    fn fitted_can_weigh_enough(&self, sites: u32, scratch: &mut Scratch) -> bool {
        (0..u32::BITS).filter(|place| sites >> place & 1 == 1).any(|place| self.site_can_weigh_enough(place, scratch))
    }
    fn site_can_weigh_enough(&self, place: u32, scratch: &mut Scratch) -> bool {
        let Scratch { letters, cores, fits, found, wanted } = scratch;
        let level = self.glance.levels[place as usize];
        wanted.clear();
        cores.clear();
        let all = letters.near(0..letters.text().len());
        let stands = |t: &Target, at| all.holds(t.letters, t.budget) && letters.near(t.around(at)).holds(t.letters, t.budget);
        let (mut sum, mut speaks) = (0, false);
        for (id, end) in self.glance.words(found) {
            let pattern = &self.patterns[id];
            let at = end - pattern.length;
            for (index, (_, target)) in pattern.own.iter().enumerate().filter(|(_, (own, _))| *own == place) {
                if target.whole || stands(target, at) {
                    wanted.push((id, index, at));
                    (sum, speaks) = (sum + target.weight.max(0), speaks || target.speaks);
                }
            }
        }
        if !speaks || sum < level {
            return false;
        }
        // Tokens that share letters cannot all count: known without fitting any.
        if wanted.len() <= MAX_CORES {
            cores.extend(wanted.iter().map(|(id, index, at)| {
                let target = &self.patterns[*id].own[*index].1;
                let (from, to) = target.core(*at);
                Core { from, to, weight: target.weight }
            }));
            if heaviest(cores) < level {
                return false;
            }
            cores.clear();
        }
        speaks = false;
        for (id, index, at) in wanted.iter() {
            let target = &self.patterns[*id].own[*index].1;
            let worth =
                self.spent(target, letters, *at, fits).map_or(0, |spent| target.points - super::cover::HALF_EDIT * i32::from(spent));
            sum -= target.weight.max(0) - worth.max(0).min(target.weight.max(0));
            if sum < level {
                return false;
            }
            if worth <= 0 {
                continue;
            }
            if cores.len() == MAX_CORES {
                return true;
            }
            let (from, to) = target.core(*at);
            cores.push(Core { from, to, weight: worth.min(target.weight) });
            speaks |= target.speaks;
        }
        speaks && heaviest(cores) >= level
    }
    /// Can the words of the line come to the level? `fitted`: with tokens fitted to the letters as written, and not only to their set.
    fn can_weigh_enough(&self, scratch: &mut Scratch, fitted: bool) -> bool {
        let Scratch { letters, cores, fits, .. } = scratch;
        let text = letters.text();
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
                let mut stands = || near.holds(target.letters, target.budget) && (!fitted || self.fits(target, letters, at, fits));
                if !target.whole && !stands() {
                    continue;
                }
                let (from, to) = target.core(at);
                let core = Core { from, to, weight: target.weight };
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
    /// The fewest half edits with which the token stands around the pattern. `None`: it does not.
    fn spent(&self, target: &Target, letters: &Letters, at: usize, fits: &mut Vec<fuzzy::Fit>) -> Option<u8> {
        let start = at.saturating_sub(target.offset);
        let starts = start.saturating_sub(target.slack)..=(start + target.slack).min(letters.shown().len() - 1);
        let mut fewest = None;
        for from in starts {
            fits.clear();
            fuzzy::fits(&letters.shown()[from..], &self.texts[target.text], target.budget, fits);
            if fits.len() >= fuzzy::MAX_FITS {
                // There may be better ones.
                return Some(0);
            }
            fewest = fits.iter().map(|f| f.spent).chain(fewest).min();
        }
        fewest
    }
    /// Does the token stand anywhere around the pattern?
    fn fits(&self, target: &Target, letters: &Letters, at: usize, fits: &mut Vec<fuzzy::Fit>) -> bool {
        let start = at.saturating_sub(target.offset);
        let starts = start.saturating_sub(target.slack)..=(start + target.slack).min(letters.shown().len() - 1);
        starts.into_iter().any(|from| {
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
        self.own.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        self.own.dedup();
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
            points: token.points,
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
    /// What the token weighs.
    pub(super) fn points(&self) -> i32 {
        self.points
    }
    /// Letters before the pattern that the token may take.
    pub(super) fn before(&self) -> usize {
        self.offset + self.slack
    }
    /// What the token takes at least where the pattern stands at letter `at`.
    pub(super) fn core(&self, at: usize) -> (usize, usize) {
        let start = at.saturating_sub(self.offset);
        let from = start + self.slack;
        (from, (start.saturating_sub(self.slack) + self.shortest).max(from))
    }
    /// Letters that the token may take where the pattern stands at letter `at`; may end behind the line.
    fn around(&self, at: usize) -> std::ops::Range<usize> {
        let start = at.saturating_sub(self.offset);
        start.saturating_sub(self.slack)..start + self.slack + self.shortest + 2 * usize::from(self.budget)
    }
    /// Letters from the pattern's start that the token may take.
    fn reach(&self) -> usize {
        self.shortest + 2 * usize::from(self.budget) + self.slack
    }
}

/// What a pattern with these targets can be worth to a site. Two tokens may stand beside each other by the same piece.
fn worths(site: usize, targets: &[Target]) -> impl Iterator<Item = Worth> {
    let reach = targets.iter().map(|t| t.offset + t.slack).max().unwrap_or(0);
    let apart = (0..=reach).map(|at| glance::apart(&mut targets.iter().map(|t| t.core(at)).collect::<Vec<_>>()));
    let apart = apart.max().unwrap_or(1);
    targets.iter().map(move |target| Worth {
        site,
        weight: apart * target.weight.max(0),
        letters: if target.whole { 0 } else { target.letters },
        budget: target.budget,
        speaks: target.speaks,
    })
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

#[cfg(test)]
mod tests {
    use crate::lookalike::Watchlist;
    use crate::lookalike::sieve::Scratch;
    use crate::model::rulefile::RuleFile;
    use crate::model::site::Site;

    struct Dice(u64);
    impl Dice {
        fn roll(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 11).expect("64 bits") % below
        }
        fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.roll(of.len())]
        }
    }

    fn watchlist() -> Watchlist {
        let file = |path: &str, text: &str| RuleFile { shown: path.to_owned(), path: path.to_owned(), text: text.to_owned() };
        let mem = file("sites/cx.mem.gov.cn.toml", include_str!("../../rules/sites/cx.mem.gov.cn.toml"));
        let osta = file(
            "sites/zscx.osta.org.cn.toml",
            "id = \"zscx.osta.org.cn\"\nname = \"n\"\nagency = \"a\"\nhosts = [\"zscx.osta.org.cn\"]\ntrees = [\"osta.org.cn\"]\n[names]\nwords = [\n\
             { zh = \"职业技能\", pinyin = \"zhi ye ji neng\", kind = \"licence\", points = 50, initials = 30 },\n]\n",
        );
        let sites = [mem, osta].map(|f| (f.clone(), Site::read(&f).expect("a good site")));
        Watchlist::load(&sites, &[]).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    /// A line that looks like trouble: words put together, then edited.
    fn line(words: &[String], dice: &mut Dice) -> String {
        let seams = ["", "", "", "-", ".", "--", "_", "-.-"];
        let mut text = String::new();
        for _ in 0..=dice.roll(3) {
            text.push_str(&words[dice.roll(words.len())]);
            text.push_str(dice.pick(&seams));
        }
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..dice.roll(4) {
            let at = dice.roll(chars.len().max(1)).min(chars.len().saturating_sub(1));
            let letter = char::from(b'a' + u8::try_from(dice.roll(26)).expect("below 26"));
            match dice.roll(9) {
                _ if chars.is_empty() => {}
                0 => drop(chars.remove(at)),
                1 => chars.insert(at, letter),
                2 => chars[at] = letter,
                3 if at > 0 => chars.swap(at, at - 1),
                4 => chars.insert(at, dice.pick(&["-", "_", ".", "\u{200b}", "·"]).chars().next().expect("one")),
                5 => chars[at] = chars[at].to_ascii_uppercase(),
                6 => chars[at] = dice.pick(&["0", "1", "3", "4", "6", "9", "5", "2"]).chars().next().expect("one"),
                7 => chars[at] = dice.pick(&["е", "а", "о", "é", "ü", "ı", "證", "ｍ", "Σ", "µ"]).chars().next().expect("one"),
                _ => drop(chars.splice(at..=at, dice.pick(&["rn", "vv", "cl", "nn", "ln"]).chars())),
            }
        }
        let text: String = chars.into_iter().collect();
        let text = if dice.roll(2) == 0 { text } else { idna::domain_to_ascii(&text).unwrap_or(text) };
        let ends = ["com", "cn", "com.cn", "top", "gov.cn", "gov.ci", "pages.dev", "duckdns.org", "org.cn", "zz", "xn--fiqs8s", "co"];
        match dice.roll(12) {
            0 => format!("http://{text}.{}/special?index=0", dice.pick(&ends)),
            1 => format!("http://203.0.113.9/{text}/special?index="),
            2 => format!("{text}@a.top"),
            3 => format!("*.{text}.x.{}", dice.pick(&ends)),
            4 => format!("{}%2e{}", text, dice.pick(&ends)),
            _ => format!("{text}.{}", dice.pick(&ends)),
        }
    }

    #[test]
    fn no_pass_drops_a_line_that_the_full_reading_hits() {
        let list = watchlist();
        let tokens = list.sites.iter().flat_map(|s| &s.tokens).map(|t| t.chars.iter().collect::<String>());
        let hosts = ["cx.mem.gov.cn", "mem.gov.cn", "zscx.osta.org.cn", "mem", "gov", "cn"].map(str::to_owned);
        let words: Vec<String> = tokens.chain(hosts).collect();
        let mut dice = Dice(0x5eed_0009);
        let (mut hits, mut block, mut wanted) = (0, Vec::new(), Vec::new());
        let mut scratch = Scratch::default();
        for _ in 0..12_000 {
            let line = line(&words, &mut dice);
            let hit = list.read(line.as_bytes());
            let passes = list.sieve.lets_through(line.as_bytes(), &mut scratch);
            assert!(hit.is_none() || passes, "{line}: {hit:?}");
            hits += usize::from(hit.is_some());
            block.extend_from_slice(line.as_bytes());
            block.push(b'\n');
            wanted.extend(hit.map(|_| line.trim().to_owned()));
        }
        let mut found = Vec::new();
        list.screen_block(&block, &mut |name, _| found.push(String::from_utf8_lossy(name).into_owned()));
        assert_eq!(found, wanted);
        assert!(hits > 2_000, "{hits} lines were hit");
    }

    #[test]
    fn hostile_bytes_are_read_in_a_block_as_they_are_alone() {
        let list = watchlist();
        let words: [&[u8]; 12] = [
            b"cx-mem-gov-cn.top",
            b"cx.mem.gov.cn.a.top",
            b"zhengshuchaxun",
            b"\xff\xfe",
            b"\0",
            b"%63x.mem.gov.cn",
            b"%",
            b"xn--",
            b"xn--fiqs8s",
            b"\xe8\xaf\x81\xe4\xb9",
            b"\r",
            b"--.--",
        ];
        let mut dice = Dice(0x5eed_0010);
        let (mut block, mut wanted) = (Vec::new(), Vec::new());
        for round in 0..3_000 {
            let mut line = Vec::new();
            for _ in 0..=dice.roll(if round % 500 == 0 { 60 } else { 3 }) {
                line.extend_from_slice(words[dice.roll(words.len())]);
                let stray = u8::try_from(dice.roll(256)).expect("a byte");
                line.extend((dice.roll(4) == 0 && stray != b'\n').then_some(stray));
            }
            wanted.extend(list.read(&line).map(|hit| (line.trim_ascii().to_vec(), hit)));
            block.extend_from_slice(&line);
            block.push(b'\n');
        }
        let mut found = Vec::new();
        list.screen_block(&block, &mut |name, hit| found.push((name.to_vec(), hit)));
        assert_eq!(found, wanted);
        assert!(wanted.len() > 500, "{} lines were hit", wanted.len());
    }
}
