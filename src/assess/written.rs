//! A rule file as written: what serde reads, before anything is checked or compiled. One level of all / any / none, one test a condition.

use crate::model::assessment::Class;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

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

/// A rule file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSpec {
    /// The file's name without `.toml`; stable for ever.
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) class: Class,
    /// One sentence in English.
    pub(crate) detects: String,
    /// The same for the analyst.
    pub(crate) detects_zh: String,
    /// On what honest pages it may fire.
    pub(crate) false_alarms: String,
    /// How bad. For the reader of the rule; moves no score.
    #[serde(rename = "severity")]
    _severity: Level,
    /// How sure. The same.
    #[serde(rename = "confidence")]
    _confidence: Level,
    /// For each condition of `any` that holds (once where there is none); below 0: speaks against.
    pub(crate) points: i32,
    /// Most points together. `None`: the same as `points`.
    #[serde(default)]
    pub(crate) cap: Option<i32>,
    /// Where the knowledge comes from.
    #[serde(default, rename = "references")]
    _references: Vec<String>,
    #[serde(rename = "match")]
    pub(crate) matching: Matching,
    #[serde(default)]
    pub(crate) example: Vec<Example>,
}

/// `[match]`: all of `all`, `at_least` of `any` (one where it is not said), nothing of `none`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Matching {
    pub(crate) all: Vec<Spanned<Condition>>,
    pub(crate) any: Vec<Spanned<Condition>>,
    pub(crate) none: Vec<Spanned<Condition>>,
    pub(crate) at_least: Option<usize>,
}

/// One field and one test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) field: String,
    /// A phrase.
    pub(crate) contains: Option<String>,
    /// One of these phrases; with `at_least`, so many different ones.
    pub(crate) contains_any: Option<Vec<String>>,
    /// All of these phrases.
    pub(crate) contains_all: Option<Vec<String>>,
    /// How many different phrases of `contains_any`.
    pub(crate) at_least: Option<usize>,
    /// Some value is one of these.
    pub(crate) is: Option<Texts>,
    /// There are values, and none is one of these.
    pub(crate) is_not: Option<Texts>,
    /// Some value begins with one of these.
    pub(crate) starts: Option<Texts>,
    /// Some value ends with one of these.
    pub(crate) ends: Option<Texts>,
    /// A regular expression; linear in the page whatever it is.
    pub(crate) regex: Option<String>,
    /// Some value is a host under one of these trees; `official`: any official one; `self`: the page's own.
    pub(crate) under: Option<Texts>,
    /// So many places of the phrases (of values, where no phrase is given) or more.
    pub(crate) count_at_least: Option<usize>,
    /// So many or fewer.
    pub(crate) count_at_most: Option<usize>,
    /// Two phrases near each other in one value.
    pub(crate) near: Option<Near>,
}

/// A phrase of `a` and one of `b` with at most `within` characters of the field between them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Near {
    pub(crate) a: Texts,
    pub(crate) b: Texts,
    pub(crate) within: usize,
    /// Only where `a` comes first.
    #[serde(default)]
    pub(crate) in_order: bool,
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
    pub(crate) fields: BTreeMap<String, Texts>,
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

/// One text, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut all = Vec::new();
                while let Some(text) = list.next_element()? {
                    all.push(text);
                }
                Ok(Texts(all))
            }
        }
        from.deserialize_any(OneOrMany)
    }
}
