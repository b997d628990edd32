//! All rules over one page: one Aho-Corasick over every literal, one RegexSet over every pattern, each field read once.
//! Linear in the page; the number of rules hardly matters.

use crate::assess::fields::{FIELDS, Value, values};
use crate::assess::official::Official;
use crate::assess::reading::Reading;
use crate::assess::rule::{Check, Pool, Rule, Status, Test};
use crate::model::assessment::Span;
use crate::model::host::Host;
use aho_corasick::{AhoCorasick, MatchKind};
use regex::{Regex, RegexSet, RegexSetBuilder};
use std::collections::HashMap;
use std::ops::Range;

/// Places kept of one literal in one field.
const MAX_PLACES: usize = 128;

/// Compiled literals and patterns.
#[derive(Debug)]
pub(crate) struct Matcher {
    literals: AhoCorasick,
    /// For each field, the patterns asked of it: one set, and their numbers in `each`.
    sets: HashMap<usize, (RegexSet, Vec<usize>)>,
    each: Vec<Regex>,
    /// Fields that any rule asks for.
    asked: Vec<usize>,
}

/// A literal's places in a field: value number and bytes.
#[derive(Debug, Default)]
struct Places {
    count: usize,
    at: Vec<(usize, Range<usize>)>,
}

/// One field as read for this page.
struct Field<'a> {
    values: Vec<Value<'a>>,
    literals: HashMap<usize, Places>,
    regexes: HashMap<usize, (usize, Range<usize>)>,
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
    pub(crate) fn new(pool: &Pool, rules: &[Rule]) -> Result<Self, String> {
        let error = |e: &dyn std::fmt::Display| format!("the rules together are too large: {e}");
        let mut asked: Vec<usize> = rules.iter().flat_map(|r| r.all.iter().chain(&r.any).chain(&r.none)).map(|c| c.field).collect();
        asked.sort_unstable();
        asked.dedup();
        Ok(Self {
            literals: AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .ascii_case_insensitive(true)
                .build(&pool.literals)
                .map_err(|e| error(&e))?,
            sets: sets(pool, rules).map_err(|e| error(&e))?,
            each: pool.regexes.iter().map(|p| Regex::new(p)).collect::<Result<_, _>>().map_err(|e| error(&e))?,
            asked,
        })
    }
    /// Which of `rules` fire on this page, in their order.
    pub(crate) fn run<'r>(&self, rules: &'r [Rule], reading: &Reading, official: &Official) -> Vec<(&'r Rule, Fired)> {
        let fields: HashMap<usize, Field> = self.asked.iter().map(|n| (*n, self.read(*n, reading))).collect();
        let page = OnPage { fields: &fields, host: &reading.host, official };
        rules.iter().filter(|r| r.status != Status::Retired).filter_map(|rule| page.fires(rule).map(|fired| (rule, fired))).collect()
    }
    fn read<'a>(&self, field: usize, reading: &'a Reading<'a>) -> Field<'a> {
        let values = values(field, reading);
        let mut literals: HashMap<usize, Places> = HashMap::new();
        let mut regexes = HashMap::new();
        for (n, value) in values.iter().enumerate() {
            for found in self.literals.find_overlapping_iter(value.text()) {
                let places = literals.entry(found.pattern().as_usize()).or_default();
                places.count += 1;
                if places.at.len() < MAX_PLACES {
                    places.at.push((n, found.range()));
                }
            }
            let Some((set, numbers)) = self.sets.get(&field) else { continue };
            for pattern in set.matches(value.text()).iter().map(|n| numbers[n]) {
                if let Some(found) = self.each[pattern].find(value.text()) {
                    regexes.entry(pattern).or_insert((n, found.range()));
                }
            }
        }
        Field { values, literals, regexes }
    }
}

/// Room for the lazy automaton of one set: with the default, some hundreds of Han patterns thrash it.
const AUTOMATON_BYTES: usize = 32 << 20;

/// One set of patterns for each field that has any.
fn sets(pool: &Pool, rules: &[Rule]) -> Result<HashMap<usize, (RegexSet, Vec<usize>)>, regex::Error> {
    let mut asked: HashMap<usize, Vec<usize>> = HashMap::new();
    for check in rules.iter().flat_map(|r| r.all.iter().chain(&r.any).chain(&r.none)) {
        if let Test::Regex(n) = check.test {
            asked.entry(check.field).or_default().push(n);
        }
    }
    let build = |numbers: &[usize]| {
        let sources = numbers.iter().map(|n| pool.regexes[*n].as_str());
        RegexSetBuilder::new(sources).size_limit(AUTOMATON_BYTES).dfa_size_limit(AUTOMATON_BYTES).build()
    };
    asked.into_iter().map(|(field, numbers)| Ok((field, (build(&numbers)?, numbers)))).collect()
}

struct OnPage<'p, 'a> {
    fields: &'p HashMap<usize, Field<'a>>,
    host: &'p Host,
    official: &'p Official,
}

impl OnPage<'_, '_> {
    fn fires(&self, rule: &Rule) -> Option<Fired> {
        let all: Vec<Option<Span>> = rule.all.iter().map(|c| self.holds(c)).collect::<Option<_>>()?;
        if rule.none.iter().any(|c| self.holds(c).is_some()) {
            return None;
        }
        let any: Vec<Option<Span>> = rule.any.iter().filter_map(|c| self.holds(c)).collect();
        if any.len() < rule.at_least {
            return None;
        }
        let count = any.len();
        Some(Fired { any: count, span: all.into_iter().chain(any).flatten().next() })
    }
    /// `None`: does not hold. `Some(None)`: holds, with nothing to show.
    fn holds(&self, check: &Check) -> Option<Option<Span>> {
        let field = self.fields.get(&check.field)?;
        let name = FIELDS[check.field].0;
        let show = |n: usize, range: Range<usize>| field.values.get(n).map(|v| v.span(name, range));
        let place = |literal: &usize| field.literals.get(literal).and_then(|p| p.at.first().cloned());
        let whole = |holds: &dyn Fn(&str) -> bool| {
            let n = field.values.iter().position(|v| holds(&v.text().to_lowercase()))?;
            Some(show(n, 0..field.values[n].text().len()))
        };
        match &check.test {
            Test::Any(literals) => literals.iter().filter_map(place).min_by_key(|(n, at)| (*n, at.start)).map(|(n, at)| show(n, at)),
            Test::All(literals) => {
                let places: Vec<_> = literals.iter().map(place).collect::<Option<_>>()?;
                places.into_iter().min_by_key(|(n, at)| (*n, at.start)).map(|(n, at)| show(n, at))
            }
            Test::Is(text) if text == "self" => whole(&|v| v == self.host.as_str()),
            Test::Is(text) => whole(&|v| v == text),
            Test::IsNot(text) => {
                let text = if text == "self" { self.host.as_str() } else { text };
                let held = field.values.iter().any(|v| v.text().eq_ignore_ascii_case(text));
                (!field.values.is_empty() && !held).then(|| show(0, 0..field.values[0].text().len()))
            }
            Test::Starts(text) => whole(&|v| v.starts_with(text.as_str())),
            Test::Ends(text) => whole(&|v| v.ends_with(text.as_str())),
            Test::Regex(n) => field.regexes.get(n).map(|(value, at)| show(*value, at.clone())),
            Test::Under(tree) => whole(&|v| {
                Host::parse(v).is_ok_and(|host| match tree.as_str() {
                    "official" | "site.own_domains" => self.official.owner(&host).is_some(),
                    "self" => host.under(self.host.as_str()),
                    tree => host.under(tree),
                })
            }),
            Test::Count(literals, least) => {
                let count = if literals.is_empty() {
                    field.values.len()
                } else {
                    literals.iter().filter_map(|l| field.literals.get(l)).map(|p| p.count).sum()
                };
                (count >= *least).then(|| literals.iter().filter_map(place).next().and_then(|(n, at)| show(n, at)))
            }
            Test::Near(a, b, within) => near(field, a, b, *within).map(|(n, at)| show(n, at)),
        }
    }
}

/// The first place where one of `a` stands within so many characters of one of `b`, as one stretch.
fn near(field: &Field, a: &[usize], b: &[usize], within: usize) -> Option<(usize, Range<usize>)> {
    let places = |list: &[usize]| list.iter().filter_map(|l| field.literals.get(l)).flat_map(|p| p.at.iter().cloned()).collect::<Vec<_>>();
    let (mut first, second) = (places(a), places(b));
    first.sort_by_key(|(n, at)| (*n, at.start));
    first.into_iter().find_map(|(n, x)| {
        let text = field.values.get(n)?.text();
        second.iter().filter(|(m, _)| *m == n).find_map(|(_, y)| {
            let (from, to) = (x.end.min(y.end), x.start.max(y.start));
            let gap = if from >= to { 0 } else { text.get(from..to)?.chars().count() };
            (gap <= within).then(|| (n, x.start.min(y.start)..x.end.max(y.end)))
        })
    })
}
