//! One rule file: as written, and checked. A rule is data with its own examples beside it.

use crate::assess::fields::{FIELDS, field_number};
use crate::assess::kindly;
use crate::assess::lexicon::small_regex;
use crate::model::assessment::Class;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::text::fold::fold;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How far a rule is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Counts, under watch.
    Experimental,
    /// Counts; has an example that matches and one that does not.
    Stable,
    /// Kept so that old findings can be read; never runs.
    Retired,
}

/// Low, medium, high: of severity (how bad) and confidence (how sure).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// A rule file as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSpec {
    id: String,
    status: Status,
    class: Class,
    detects: String,
    detects_zh: String,
    false_alarms: String,
    #[serde(rename = "severity")]
    _severity: Level,
    #[serde(rename = "confidence")]
    _confidence: Level,
    points: i32,
    #[serde(default)]
    cap: Option<i32>,
    #[serde(default, rename = "references")]
    _references: Vec<String>,
    #[serde(rename = "match")]
    matching: Matching,
    #[serde(default)]
    example: Vec<Example>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Matching {
    all: Vec<Condition>,
    any: Vec<Condition>,
    none: Vec<Condition>,
    at_least: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    field: String,
    contains: Option<String>,
    contains_any: Option<Vec<String>>,
    contains_all: Option<Vec<String>>,
    is: Option<String>,
    is_not: Option<String>,
    starts: Option<String>,
    ends: Option<String>,
    regex: Option<String>,
    under: Option<String>,
    count_at_least: Option<usize>,
    near: Option<Near>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Near {
    a: Vec<String>,
    b: Vec<String>,
    within: usize,
}

/// An example inside a rule file: a small page as HTML, or fields as a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Example {
    pub(crate) name: String,
    pub(crate) expect: Expect,
    #[serde(default)]
    pub(crate) host: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) page: Option<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, OneOrMany>,
}

/// What an example must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expect {
    /// The rule fires.
    Match,
    /// It does not.
    NoMatch,
}

/// One value, or a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// One.
    One(String),
    /// Many.
    Many(Vec<String>),
}

impl OneOrMany {
    /// As a slice.
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What one condition asks of a field; literals and regexes by number in the compiled set.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// Any of these literals.
    Any(Vec<usize>),
    /// All of them (in the field, not in one value).
    All(Vec<usize>),
    /// Some value equals.
    Is(String),
    /// There are values, and none equals.
    IsNot(String),
    /// Some value begins so.
    Starts(String),
    /// Some value ends so.
    Ends(String),
    /// Regular expression.
    Regex(usize),
    /// Some value is a host under this tree; `official`: under any official one.
    Under(String),
    /// At least so many hits of these literals, or values where there are none.
    Count(Vec<usize>, usize),
    /// One of `a` within so many characters of one of `b`.
    Near(Vec<usize>, Vec<usize>, usize),
}

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) field: usize,
    pub(crate) test: Test,
}

/// A rule, checked and compiled.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) file: RuleFile,
    pub(crate) status: Status,
    pub(crate) class: Class,
    pub(crate) detects: String,
    pub(crate) detects_zh: String,
    pub(crate) points: i32,
    pub(crate) cap: i32,
    pub(crate) all: Vec<Check>,
    pub(crate) any: Vec<Check>,
    pub(crate) none: Vec<Check>,
    pub(crate) at_least: usize,
    pub(crate) examples: Vec<Example>,
}

/// Literals and regexes of all rules, each once.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) literals: Vec<String>,
    pub(crate) regexes: Vec<String>,
    known: std::collections::HashMap<String, usize>,
}

impl Pool {
    fn literal(&mut self, text: &str, folded: bool) -> Option<usize> {
        let text = if folded { fold(text).text } else { text.to_lowercase() };
        if text.is_empty() {
            return None;
        }
        let next = self.literals.len();
        let n = *self.known.entry(text.clone()).or_insert(next);
        if n == next {
            self.literals.push(text);
        }
        Some(n)
    }
}

/// Reads one file of `rules/detect/`. On an error nothing of it stays but unused literals in the pool.
pub(crate) fn read(file: &RuleFile, pool: &mut Pool) -> Result<Rule, RuleError> {
    let spec: RuleSpec = kindly::parse(file)?;
    let stem = file.path.rsplit('/').next().unwrap_or(&file.path).trim_end_matches(".toml");
    if spec.id != stem {
        return Err(file.error_near("id", format!("id: `{}` must be the file's name, `{stem}`", spec.id)));
    }
    for (field, text) in [("detects", &spec.detects), ("detects_zh", &spec.detects_zh), ("false_alarms", &spec.false_alarms)] {
        if text.trim().is_empty() {
            return Err(file.error_near(field, format!("{field}: say it in one sentence")));
        }
    }
    if !(-100..=100).contains(&spec.points) || spec.points == 0 {
        return Err(file.error_near("points", "points: from 1 to 100, or below 0 for what speaks against"));
    }
    if spec.matching.all.is_empty() && spec.matching.any.is_empty() {
        return Err(file.error_near("[match]", "match: give at least one condition in `all` or `any`"));
    }
    let at_least = spec.matching.at_least.unwrap_or(usize::from(!spec.matching.any.is_empty()));
    if at_least > spec.matching.any.len() {
        return Err(
            file.error_near("at_least", format!("at_least: {at_least} of {} conditions in `any` can never hold", spec.matching.any.len()))
        );
    }
    let mut compile = |list: &[Condition]| list.iter().map(|c| check(file, c, pool)).collect::<Result<Vec<_>, _>>();
    let (all, any, none) = (compile(&spec.matching.all)?, compile(&spec.matching.any)?, compile(&spec.matching.none)?);
    Ok(Rule {
        id: spec.id,
        file: file.clone(),
        status: spec.status,
        class: spec.class,
        detects: spec.detects,
        detects_zh: spec.detects_zh,
        points: spec.points,
        cap: spec.cap.unwrap_or(spec.points),
        all,
        any,
        none,
        at_least,
        examples: spec.example,
    })
}

fn check(file: &RuleFile, condition: &Condition, pool: &mut Pool) -> Result<Check, RuleError> {
    let name = condition.field.as_str();
    let Some(field) = field_number(name) else {
        let hint = kindly::hint(name, FIELDS.iter().map(|(n, _)| *n));
        return Err(file.error_near(&format!("\"{name}\""), format!("field: there is no field `{name}`{hint}")));
    };
    let folded = FIELDS[field].1;
    let wrong = |why: String| file.error_near(&format!("\"{name}\""), why);
    let mut literals = |list: &[String]| -> Result<Vec<usize>, RuleError> {
        if list.is_empty() {
            return Err(wrong(format!("{name}: an empty list never holds")));
        }
        list.iter()
            .map(|t| pool.literal(t, folded).ok_or_else(|| file.error_near(t, format!("{name}: `{t}` is empty after normalisation"))))
            .collect()
    };
    let plain = |text: &String| if folded { fold(text).text } else { text.to_lowercase() };
    let mut tests = Vec::new();
    let mut any = condition.contains_any.as_deref().map(&mut literals).transpose()?;
    if let Some(one) = &condition.contains {
        any = Some(literals(std::slice::from_ref(one))?);
    }
    match (any, condition.count_at_least) {
        (literals, Some(count)) => tests.push(Test::Count(literals.unwrap_or_default(), count)),
        (Some(literals), None) => tests.push(Test::Any(literals)),
        (None, None) => {}
    }
    if let Some(list) = &condition.contains_all {
        tests.push(Test::All(literals(list)?));
    }
    if let Some(near) = &condition.near {
        tests.push(Test::Near(literals(&near.a)?, literals(&near.b)?, near.within));
    }
    tests.extend(condition.is.as_ref().map(|t| Test::Is(plain(t))));
    tests.extend(condition.is_not.as_ref().map(|t| Test::IsNot(plain(t))));
    tests.extend(condition.starts.as_ref().map(|t| Test::Starts(plain(t))));
    tests.extend(condition.ends.as_ref().map(|t| Test::Ends(plain(t))));
    tests.extend(condition.under.as_ref().map(|t| Test::Under(t.to_lowercase())));
    if let Some(pattern) = &condition.regex {
        small_regex(pattern).map_err(|e| wrong(format!("{name}: regex: {e}")))?;
        pool.regexes.push(pattern.clone());
        tests.push(Test::Regex(pool.regexes.len() - 1));
    }
    match <[Test; 1]>::try_from(tests) {
        Ok([test]) => Ok(Check { field, test }),
        Err(tests) if tests.is_empty() => Err(wrong(format!(
            "{name}: say what it must hold (contains, contains_any, contains_all, is, is_not, starts, ends, regex, under, count_at_least, near)"
        ))),
        Err(_) => Err(wrong(format!("{name}: one test in each condition; write a second condition for the second test"))),
    }
}
