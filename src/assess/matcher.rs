//! All rules over one page. For each field one pass over every phrase that any rule asks of it, and all patterns together;
//! a field is read once, when the first rule asks, and nothing is copied for a rule. Linear in the page; the number of rules hardly matters.

use crate::assess::fields::{FIELDS, Value, values};
use crate::assess::official::Official;
use crate::assess::patterns::Patterns;
use crate::assess::phrases::Phrases;
use crate::assess::reading::Reading;
use crate::assess::rule::{Check, Pair, Pool, Rule, Test};
use crate::assess::written::Status;
use crate::model::assessment::Span;
use crate::model::host::Host;
use std::cell::OnceCell;
use std::ops::Range;

/// Compiled phrases and patterns.
#[derive(Debug)]
pub(crate) struct Matcher {
    /// One for each entry of [`FIELDS`]; empty where no rule asks.
    asked: Vec<Asked>,
    /// For each phrase of the pool, its number within its field.
    phrase: Vec<usize>,
    /// For each pattern, the same.
    pattern: Vec<usize>,
    /// For each pair, the same.
    pair: Vec<usize>,
}

/// What all rules together ask of one field.
#[derive(Debug, Default)]
struct Asked {
    phrases: Option<Phrases>,
    /// For each phrase, the pairs that it belongs to.
    sides: Vec<Vec<Side>>,
    pairs: Vec<Pair>,
    patterns: Option<Patterns>,
    pattern_count: usize,
}

/// A phrase's part in a pair.
#[derive(Clone, Copy, Debug)]
struct Side {
    pair: usize,
    a: bool,
}

/// A place: which value, which bytes of it.
type Place = (usize, Range<usize>);

/// What was found of a phrase.
#[derive(Clone, Debug, Default)]
struct Found {
    count: usize,
    first: Option<Place>,
}

/// One field as read for this page.
struct Field<'a> {
    values: Vec<Value<'a>>,
    phrases: Vec<Found>,
    patterns: Vec<Option<Place>>,
    pairs: Vec<Option<Place>>,
    hosts: OnceCell<Vec<Option<Host>>>,
}

/// Why a rule fired.
#[derive(Debug)]
pub(crate) struct Fired {
    /// Conditions of `any` that held (0 where the rule has none).
    pub(crate) any: usize,
    pub(crate) span: Option<Span>,
}

impl Matcher {
    /// Compiles the pool of the rules that loaded.
    pub(crate) fn new(pool: &Pool) -> Result<Self, String> {
        let mut asked: Vec<Asked> = FIELDS.iter().map(|_| Asked::default()).collect();
        let mut texts: Vec<Vec<&str>> = vec![Vec::new(); FIELDS.len()];
        let mut sources: Vec<Vec<&str>> = vec![Vec::new(); FIELDS.len()];
        let mut phrase = Vec::with_capacity(pool.literals.len());
        for (field, text) in &pool.literals {
            phrase.push(texts[*field].len());
            texts[*field].push(text);
            asked[*field].sides.push(Vec::new());
        }
        let mut pattern = Vec::with_capacity(pool.regexes.len());
        for (field, source) in &pool.regexes {
            pattern.push(sources[*field].len());
            sources[*field].push(source);
        }
        let mut pair = Vec::with_capacity(pool.pairs.len());
        for wanted in &pool.pairs {
            let field = wanted.a.first().map_or(0, |n| pool.literals[*n].0);
            pair.push(asked[field].add_pair(wanted, &phrase));
        }
        for ((asked, texts), sources) in asked.iter_mut().zip(&texts).zip(&sources) {
            asked.compile(texts, sources).map_err(|e| format!("the rules together are too large: {e}"))?;
        }
        Ok(Self { asked, phrase, pattern, pair })
    }
    /// Which of `rules` fire on this page, in their order.
    pub(crate) fn run<'r>(&self, rules: &'r [Rule], reading: &Reading, official: &Official) -> Vec<(&'r Rule, Fired)> {
        let page = self.on(reading, official);
        rules.iter().filter(|r| r.status != Status::Retired).filter_map(|rule| page.fires(rule).map(|fired| (rule, fired))).collect()
    }
    /// Which of these conditions hold.
    pub(crate) fn held(&self, checks: &[Check], reading: &Reading, official: &Official) -> Vec<bool> {
        let page = self.on(reading, official);
        checks.iter().map(|c| page.holds(c).is_some()).collect()
    }
    fn on<'p, 'a>(&'p self, reading: &'a Reading<'a>, official: &'p Official) -> OnPage<'p, 'a> {
        OnPage { matcher: self, reading, official, fields: FIELDS.iter().map(|_| OnceCell::new()).collect() }
    }
}

impl Asked {
    fn add_pair(&mut self, pair: &Pair, phrase: &[usize]) -> usize {
        let n = self.pairs.len();
        self.pairs.push(pair.clone());
        for (list, a) in [(&pair.a, true), (&pair.b, false)] {
            list.iter().for_each(|literal| self.sides[phrase[*literal]].push(Side { pair: n, a }));
        }
        n
    }
    fn compile(&mut self, texts: &[&str], sources: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
        if !texts.is_empty() {
            self.phrases = Some(Phrases::new(texts, true));
        }
        if !sources.is_empty() {
            self.patterns = Some(Patterns::new(sources)?);
            self.pattern_count = sources.len();
        }
        Ok(())
    }
    /// Reads the field once, for all rules.
    fn read<'a>(&self, field: usize, reading: &'a Reading<'a>) -> Field<'a> {
        let values = values(field, reading);
        let mut phrases = vec![Found::default(); self.sides.len()];
        let mut patterns = vec![None; self.pattern_count];
        let mut pairs = vec![None; self.pairs.len()];
        for (n, value) in values.iter().enumerate() {
            if let Some(automaton) = &self.phrases {
                self.find(automaton, n, value.text(), &mut phrases, &mut pairs);
            }
            if let Some(all) = &self.patterns {
                all.find(value.text(), 1, |pattern, range| {
                    patterns[pattern].get_or_insert((n, range));
                });
            }
        }
        Field { values, phrases, patterns, pairs, hosts: OnceCell::new() }
    }
    /// Counts phrases and closes pairs in one value. Places come by their end, so of each side of a pair only the last is remembered.
    fn find(&self, all: &Phrases, n: usize, text: &str, phrases: &mut [Found], pairs: &mut [Option<Place>]) {
        let mut last: Vec<[Option<Range<usize>>; 2]> = vec![[None, None]; self.pairs.len()];
        all.each(text, |number, range| {
            let phrase = &mut phrases[number];
            phrase.count += 1;
            phrase.first.get_or_insert_with(|| (n, range.clone()));
            for side in &self.sides[number] {
                let pair = &self.pairs[side.pair];
                let other = last[side.pair][usize::from(side.a)].as_ref().filter(|_| !(pair.in_order && side.a));
                if pairs[side.pair].is_none()
                    && let Some(other) = other.filter(|other| near(text, other, &range, pair.within))
                {
                    pairs[side.pair] = Some((n, other.start.min(range.start)..range.end));
                }
            }
            // Only now: a phrase on both sides is not near itself.
            for side in &self.sides[number] {
                last[side.pair][usize::from(!side.a)] = Some(range.clone());
            }
        });
    }
}

/// Are there at most `within` characters between two places, the first of which ends first?
fn near(text: &str, first: &Range<usize>, second: &Range<usize>, within: usize) -> bool {
    if second.start <= first.end {
        return true;
    }
    let bytes = second.start - first.end;
    bytes <= within || (bytes / 4 <= within && text[first.end..second.start].chars().count() <= within)
}

/// The rules' view of one page.
struct OnPage<'p, 'a> {
    matcher: &'p Matcher,
    reading: &'a Reading<'a>,
    official: &'p Official,
    fields: Vec<OnceCell<Field<'a>>>,
}

impl<'a> OnPage<'_, 'a> {
    fn field(&self, n: usize) -> &Field<'a> {
        self.fields[n].get_or_init(|| self.matcher.asked[n].read(n, self.reading))
    }
    fn fires(&self, rule: &Rule) -> Option<Fired> {
        let mut span: Option<Shown> = None;
        for check in &rule.all {
            let held = self.holds(check)?;
            span = span.or(held);
        }
        if rule.none.iter().any(|c| self.holds(c).is_some()) {
            return None;
        }
        let any: Vec<Option<Shown>> = rule.any.iter().filter_map(|c| self.holds(c)).collect();
        if any.len() < rule.at_least {
            return None;
        }
        let count = any.len();
        let shown = span.or_else(|| any.into_iter().flatten().next());
        Some(Fired { any: count, span: shown.and_then(|s| self.span(s)) })
    }
    fn span(&self, (field, (n, range)): Shown) -> Option<Span> {
        self.field(field).values.get(n).map(|value| value.span(FIELDS[field].0, range))
    }
    /// `None`: does not hold. `Some(None)`: holds, with nothing to show.
    fn holds(&self, check: &Check) -> Option<Option<Shown>> {
        let field = self.field(check.field);
        let found = |literal: &usize| &field.phrases[self.matcher.phrase[*literal]];
        let shown = |place: Option<Place>| place.map(|place| (check.field, place));
        let earliest = |list: &[usize]| list.iter().filter_map(|l| found(l).first.clone()).min_by_key(|(n, at)| (*n, at.start));
        let whole = |n: usize| Some(shown(Some((n, 0..field.values[n].text().len()))));
        let own = self.reading.host.as_str();
        match &check.test {
            Test::Any(list, least) => {
                let held = list.iter().filter(|l| found(l).count > 0).count();
                (held >= *least).then(|| shown(earliest(list)))
            }
            Test::All(list) => list.iter().all(|l| found(l).count > 0).then(|| shown(earliest(list))),
            Test::Is(texts) => whole(field.position(|v| texts.iter().any(|t| equal(v, named(t, own))))?),
            Test::IsNot(texts) => {
                let held = field.position(|v| texts.iter().any(|t| equal(v, named(t, own))));
                if field.values.is_empty() || held.is_some() { None } else { whole(0) }
            }
            Test::Starts(texts) => whole(field.position(|v| texts.iter().any(|t| starts(v, t)))?),
            Test::Ends(texts) => whole(field.position(|v| texts.iter().any(|t| ends(v, t)))?),
            Test::Regex(n) => field.patterns[self.matcher.pattern[*n]].clone().map(|place| shown(Some(place))),
            Test::Under(trees) => {
                let holds = |host: &Host| trees.iter().any(|t| t.holds(host, &self.reading.host, self.official));
                whole(field.hosts().iter().position(|h| h.as_ref().is_some_and(holds))?)
            }
            Test::Count(list, least, most) => {
                let count = if list.is_empty() { field.values.len() } else { list.iter().map(|l| found(l).count).sum() };
                (*least..=*most).contains(&count).then(|| shown(earliest(list)))
            }
            Test::Near(n) => field.pairs[self.matcher.pair[*n]].clone().map(|place| shown(Some(place))),
        }
    }
}

/// A field and a place in it.
type Shown = (usize, Place);

impl Field<'_> {
    fn position(&self, holds: impl Fn(&str) -> bool) -> Option<usize> {
        self.values.iter().position(|v| holds(v.text()))
    }
    /// Each value read as a host, once for all rules.
    fn hosts(&self) -> &[Option<Host>] {
        self.hosts.get_or_init(|| self.values.iter().map(|v| Host::parse(v.text()).ok()).collect())
    }
}

fn named<'t>(text: &'t str, own: &'t str) -> &'t str {
    if text == "self" { own } else { text }
}

/// The three compare in lower case without a copy; `text` is lower case already.
fn equal(value: &str, text: &str) -> bool {
    value.chars().flat_map(char::to_lowercase).eq(text.chars())
}
fn starts(value: &str, text: &str) -> bool {
    let mut lower = value.chars().flat_map(char::to_lowercase);
    text.chars().all(|c| lower.next() == Some(c))
}
fn ends(value: &str, text: &str) -> bool {
    let mut lower = value.chars().rev().flat_map(|c| c.to_lowercase().rev());
    text.chars().rev().all(|c| lower.next() == Some(c))
}
