//! A rule, checked: from a file as written to tests on numbered phrases, patterns and pairs, shared by all rules in one pool.

use crate::assess::fields::{FIELDS, field_number};
use crate::assess::lexicon::small_regex;
use crate::assess::official::Official;
use crate::assess::written::{Condition, Example, Near, RuleSpec, Status, Texts};
use crate::model::assessment::Class;
use crate::model::host::Host;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::text::fold::fold;
use std::collections::HashMap;
use std::ops::Range;
use toml::Spanned;

/// What one condition asks of a field; phrases, patterns and pairs by number in the [`Pool`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    /// At least so many different ones of these phrases.
    Any(Vec<usize>, usize),
    /// All of them (in the field, not in one value).
    All(Vec<usize>),
    /// Some value equals one of these.
    Is(Vec<String>),
    /// There are values, and none equals one of these.
    IsNot(Vec<String>),
    /// Some value begins so.
    Starts(Vec<String>),
    /// Some value ends so.
    Ends(Vec<String>),
    /// Regular expression.
    Regex(usize),
    /// Some value is a host under one of these.
    Under(Vec<Tree>),
    /// Places of these phrases, or values where there are none: from so many to so many.
    Count(Vec<usize>, usize, usize),
    /// A pair.
    Near(usize),
}

/// A part of the name space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Any listed official one.
    Official,
    /// The page's own host.
    Own,
    /// This one.
    Named(String),
}

impl Tree {
    fn read(text: &str) -> Self {
        match text.to_lowercase().as_str() {
            "official" => Self::Official,
            "self" => Self::Own,
            tree => Self::Named(tree.to_owned()),
        }
    }
    /// Does it hold `host`, asked on a page of `own`?
    pub(crate) fn holds(&self, host: &Host, own: &Host, official: &Official) -> bool {
        match self {
            Self::Official => official.owner(host).is_some(),
            Self::Own => host.under(own.as_str()),
            Self::Named(tree) => host.under(tree),
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) field: usize,
    pub(crate) test: Test,
}

/// A rule, checked and compiled.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Where the person finds its file.
    pub(crate) shown: String,
    pub(crate) status: Status,
    pub(crate) class: Class,
    pub(crate) detects: Both,
    pub(crate) points: i32,
    pub(crate) cap: i32,
    pub(crate) all: Vec<Check>,
    pub(crate) any: Vec<Check>,
    pub(crate) none: Vec<Check>,
    pub(crate) at_least: usize,
    pub(crate) examples: Vec<Example>,
}

impl Rule {
    /// Points where so many conditions of `any` hold.
    pub(crate) fn points_for(&self, held: usize) -> i32 {
        let times = i32::try_from(held.max(1)).unwrap_or(1);
        let sum = self.points.saturating_mul(times);
        if self.points > 0 { sum.min(self.cap) } else { sum.max(self.cap) }
    }
}

/// Two lists of phrases that must stand near each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) a: Vec<usize>,
    pub(crate) b: Vec<usize>,
    pub(crate) within: usize,
    pub(crate) in_order: bool,
}

/// Phrases, patterns and pairs of all rules. A phrase or pattern that two rules ask of one field is there once.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Field and normalised text.
    pub(crate) literals: Vec<(usize, String)>,
    /// Field and source.
    pub(crate) regexes: Vec<(usize, String)>,
    pub(crate) pairs: Vec<Pair>,
    known: HashMap<(usize, String), usize>,
}

impl Pool {
    /// `None`: nothing is left of the text after normalisation.
    fn literal(&mut self, field: usize, text: &str) -> Option<usize> {
        let text = normal(field, text);
        if text.is_empty() {
            return None;
        }
        let next = self.literals.len();
        let n = *self.known.entry((field, text.clone())).or_insert(next);
        if n == next {
            self.literals.push((field, text));
        }
        Some(n)
    }
    fn regex(&mut self, field: usize, source: &str) -> usize {
        let wanted = (field, source.to_owned());
        self.regexes.iter().position(|r| *r == wanted).unwrap_or_else(|| {
            self.regexes.push(wanted);
            self.regexes.len() - 1
        })
    }
}

/// A text as conditions on this field compare it.
fn normal(field: usize, text: &str) -> String {
    if FIELDS[field].1 { fold(text).text } else { text.to_lowercase() }
}

/// Reads one file of `rules/detect/`. On an error nothing of it stays but unused phrases in the pool.
pub(crate) fn read(file: &RuleFile, pool: &mut Pool) -> Result<Rule, RuleError> {
    let spec: RuleSpec = kindly::parse(file)?;
    let stem = file.path.rsplit('/').next().unwrap_or(&file.path).trim_end_matches(".toml");
    let bad = |near: &str, zh: String, en: String| Err(file.error_near(near, Both::new(zh, en)));
    if spec.id != stem {
        return bad(
            "id",
            format!("id：“{}”须与文件名“{stem}”相同", spec.id),
            format!("id: `{}` must be the file's name, `{stem}`", spec.id),
        );
    }
    for (field, text) in [("detects", &spec.detects), ("detects_zh", &spec.detects_zh), ("false_alarms", &spec.false_alarms)] {
        if text.trim().is_empty() {
            return bad(field, format!("{field}：请写一句话"), format!("{field}: say it in one sentence"));
        }
    }
    if !(-100..=100).contains(&spec.points) || spec.points == 0 {
        return bad("points", "points：1 到 100；反证写负数".into(), "points: from 1 to 100, or below 0 for what speaks against".into());
    }
    let cap = spec.cap.unwrap_or(spec.points);
    if !(-100..=100).contains(&cap) || (cap < 0) != (spec.points < 0) || cap.abs() < spec.points.abs() {
        return bad(
            "cap",
            format!("cap：{cap} 须与 points 同号，且不小于它（{}）", spec.points),
            format!("cap: {cap} must have the sign of points and be no less than it ({})", spec.points),
        );
    }
    let matching = &spec.matching;
    if matching.all.is_empty() && matching.any.is_empty() {
        return bad(
            "[match]",
            "match：all 或 any 中至少要有一个条件".into(),
            "match: give at least one condition in `all` or `any`".into(),
        );
    }
    let at_least = matching.at_least.unwrap_or(usize::from(!matching.any.is_empty()));
    if at_least > matching.any.len() {
        let n = matching.any.len();
        return bad(
            "at_least",
            format!("at_least：any 只有 {n} 个条件，{at_least} 个永远不会成立"),
            format!("at_least: {at_least} of {n} conditions in `any` can never hold"),
        );
    }
    let mut compile = |list: &[Spanned<Condition>]| list.iter().map(|c| check(file, c, pool)).collect::<Result<Vec<_>, _>>();
    let (all, any, none) = (compile(&matching.all)?, compile(&matching.any)?, compile(&matching.none)?);
    Ok(Rule {
        id: spec.id,
        shown: file.shown.clone(),
        status: spec.status,
        class: spec.class,
        detects: Both::new(spec.detects_zh, spec.detects),
        points: spec.points,
        cap,
        all,
        any,
        none,
        at_least,
        examples: spec.example,
    })
}

/// The words that a condition may test with, for messages.
const TESTS: &str = "contains, contains_any, contains_all, is, is_not, starts, ends, regex, under, count_at_least, count_at_most, near";

/// One condition in its file: where errors of it point.
struct Place<'f> {
    file: &'f RuleFile,
    span: Range<usize>,
    field: &'f str,
}

impl Place<'_> {
    /// An error at `near` inside the condition, else at its beginning.
    fn error(&self, near: &str, zh: impl std::fmt::Display, en: impl std::fmt::Display) -> RuleError {
        let inside = self.file.text.get(self.span.clone()).and_then(|text| text.find(near)).unwrap_or(0);
        let why = Both::new(format!("{}：{zh}", self.field), format!("{}: {en}", self.field));
        self.file.error_at(self.span.start + inside, why)
    }
}

fn check(file: &RuleFile, condition: &Spanned<Condition>, pool: &mut Pool) -> Result<Check, RuleError> {
    let place = Place { file, span: condition.span(), field: &condition.get_ref().field };
    let Some(field) = field_number(place.field) else {
        let (zh, en) = kindly::hint(place.field, FIELDS.iter().map(|(n, _)| *n));
        let place = Place { field: "field", ..Place { file, span: condition.span(), field: place.field } };
        let name = &condition.get_ref().field;
        return Err(place.error(name, format!("没有字段“{name}”{zh}"), format!("there is no field `{name}`{en}")));
    };
    let mut tests = tests(&place, condition.get_ref(), field, pool)?;
    match (tests.pop(), tests.is_empty()) {
        (Some(test), true) => Ok(Check { field, test }),
        (None, _) => Err(place.error("", format!("没有写判断（{TESTS}）"), format!("say what it must hold ({TESTS})"))),
        (Some(_), false) => Err(place.error(
            "",
            "一个条件只写一个判断；第二个判断请另写一个条件",
            "one test in each condition; write a second condition for the second test",
        )),
    }
}

/// Every test that the condition names.
fn tests(place: &Place<'_>, condition: &Condition, field: usize, pool: &mut Pool) -> Result<Vec<Test>, RuleError> {
    let mut tests = Vec::new();
    let any = match (&condition.contains, &condition.contains_any) {
        (Some(one), None) => Some(literals(place, std::slice::from_ref(one), field, pool)?),
        (None, Some(many)) => Some(literals(place, many, field, pool)?),
        (Some(_), Some(_)) => {
            return Err(place.error("contains_any", "contains 与 contains_any 只写一个", "write one of contains and contains_any"));
        }
        (None, None) => None,
    };
    let distinct = condition.at_least.unwrap_or(1);
    if condition.at_least.is_some() && any.as_ref().is_none_or(|list| distinct == 0 || distinct > list.len()) {
        return Err(place.error(
            "at_least",
            format!("at_least：须在 1 与 contains_any 的词数之间，写的是 {distinct}"),
            format!("at_least: between 1 and the number of phrases in contains_any, not {distinct}"),
        ));
    }
    match (any, condition.count_at_least, condition.count_at_most) {
        (Some(list), None, None) => tests.push(Test::Any(list, distinct)),
        (None, None, None) => {}
        (list, least, most) => tests.push(count(place, list.unwrap_or_default(), least, most)?),
    }
    if let Some(list) = &condition.contains_all {
        tests.push(Test::All(literals(place, list, field, pool)?));
    }
    if let Some(near) = &condition.near {
        tests.push(Test::Near(pair(place, near, field, pool)?));
    }
    let plain = |texts: &Texts| texts.0.iter().map(|t| if t == "self" { t.clone() } else { normal(field, t) }).collect::<Vec<_>>();
    tests.extend(condition.is.as_ref().map(|t| Test::Is(plain(t))));
    tests.extend(condition.is_not.as_ref().map(|t| Test::IsNot(plain(t))));
    tests.extend(condition.starts.as_ref().map(|t| Test::Starts(plain(t))));
    tests.extend(condition.ends.as_ref().map(|t| Test::Ends(plain(t))));
    tests.extend(condition.under.as_ref().map(|t| Test::Under(t.0.iter().map(|t| Tree::read(t)).collect())));
    if let Some(pattern) = &condition.regex {
        small_regex(pattern).map_err(|e| place.error("regex", format!("regex：正则表达式写错了或太大（{e}）"), format!("regex: {e}")))?;
        tests.push(Test::Regex(pool.regex(field, pattern)));
    }
    Ok(tests)
}

fn literals(place: &Place<'_>, list: &[String], field: usize, pool: &mut Pool) -> Result<Vec<usize>, RuleError> {
    if list.is_empty() {
        return Err(place.error("[]", "空列表永远不会成立", "an empty list never holds"));
    }
    let mut numbers = Vec::with_capacity(list.len());
    for text in list {
        let empty = || place.error(text, format!("“{text}”归一化后为空"), format!("`{text}` is empty after normalisation"));
        let n = pool.literal(field, text).ok_or_else(empty)?;
        if !numbers.contains(&n) {
            numbers.push(n);
        }
    }
    Ok(numbers)
}

fn count(place: &Place<'_>, list: Vec<usize>, least: Option<usize>, most: Option<usize>) -> Result<Test, RuleError> {
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(usize::MAX));
    if least > most || (least == 0 && most == usize::MAX) {
        return Err(place.error(
            "count_at",
            "count_at_least 与 count_at_most：范围为空或无所限制",
            "count_at_least and count_at_most: the range is empty or says nothing",
        ));
    }
    Ok(Test::Count(list, least, most))
}

fn pair(place: &Place<'_>, near: &Near, field: usize, pool: &mut Pool) -> Result<usize, RuleError> {
    let (a, b) = (literals(place, &near.a.0, field, pool)?, literals(place, &near.b.0, field, pool)?);
    let pair = Pair { a, b, within: near.within, in_order: near.in_order };
    Ok(pool.pairs.iter().position(|p| *p == pair).unwrap_or_else(|| {
        pool.pairs.push(pair);
        pool.pairs.len() - 1
    }))
}
