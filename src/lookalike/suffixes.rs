//! Which public suffixes nobody can buy under: data of `rules/suffixes.toml`, with its own examples.

use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Where the file lies below `rules/`.
const PATH: &str = "suffixes.toml";
/// The shipped file, used where no other is given.
const SHIPPED: &str = include_str!("../../rules/suffixes.toml");

/// Closed suffixes, and second levels beside the official ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suffixes {
    closed: Closed,
    state: Labels,
    beside: Labels,
    examples: Examples,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    last: Vec<String>,
    second: Vec<String>,
    whole: Vec<String>,
    second_in: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    labels: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    closed: Vec<String>,
    open: Vec<String>,
}

impl Default for Suffixes {
    /// The shipped ones.
    fn default() -> Self {
        let file = RuleFile { path: PATH.to_owned(), shown: format!("rules/{PATH}"), text: SHIPPED.to_owned() };
        kindly::parse(&file).expect("the shipped file is read by a test")
    }
}

impl Suffixes {
    /// Reads `suffixes.toml` among `files`; the shipped one where there is none.
    ///
    /// # Errors
    /// What is wrong with the file, and every example of it that does not hold.
    pub fn read(files: &[RuleFile]) -> Result<Self, Vec<RuleError>> {
        let Some(file) = files.iter().find(|f| f.path == PATH) else { return Ok(Self::default()) };
        let read: Self = kindly::parse(file).map_err(|e| vec![e])?;
        let wrong = |suffix: &String, zh: &str, en: &str| {
            let why = Both::new(format!("examples：“{suffix}”{zh}"), format!("examples: `{suffix}` is not {en}"));
            file.error_near(&format!("\"{suffix}\""), why)
        };
        let mut errors: Vec<RuleError> =
            read.examples.closed.iter().filter(|s| !read.is_closed(s)).map(|s| wrong(s, "并未关闭", "closed")).collect();
        errors.extend(read.examples.open.iter().filter(|s| read.is_closed(s)).map(|s| wrong(s, "并未开放", "open")));
        if errors.is_empty() { Ok(read) } else { Err(errors) }
    }
    /// Does the registry give names under `suffix` to states, schools or armed forces only?
    pub fn is_closed(&self, suffix: &str) -> bool {
        let has = |list: &[String], label: &str| list.iter().any(|l| l == label);
        let mut labels = suffix.rsplit('.');
        let last = labels.next().unwrap_or_default();
        if has(&self.closed.last, last) || has(&self.closed.whole, suffix) {
            return true;
        }
        let Some(second) = labels.next() else { return false };
        has(&self.closed.second, second) || self.closed.second_in.get(second).is_some_and(|countries| has(countries, last))
    }
    /// Does `label` in front of a country mean its state?
    pub(super) fn is_state(&self, label: &str) -> bool {
        self.state.labels.iter().any(|l| l == label)
    }
    /// May somebody register under `label` beside the official second level?
    pub(super) fn is_beside(&self, label: &str) -> bool {
        self.beside.labels.iter().any(|l| l == label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> RuleFile {
        RuleFile { path: PATH.into(), shown: "rules/suffixes.toml".into(), text: text.into() }
    }

    #[test]
    fn the_shipped_suffixes_do_what_their_examples_say() {
        assert!(Suffixes::read(&[file(SHIPPED)]).is_ok());
        assert!(Suffixes::default().is_closed("gov.cn") && !Suffixes::default().is_closed("com.cn"));
    }

    #[test]
    fn a_suffix_that_a_unit_adds_is_closed_and_an_example_that_fails_is_named() {
        let own = SHIPPED.replace("\"gc.ca\", \"fed.us\"", "\"gc.ca\", \"police.uk\"");
        assert!(Suffixes::read(&[file(&own)]).expect("good").is_closed("police.uk"));
        assert!(!Suffixes::default().is_closed("police.uk"));
        let broken = SHIPPED.replace("second = [\"gov\", ", "second = [");
        let errors = Suffixes::read(&[file(&broken)]).expect_err("gov.cn would be sold");
        assert!(errors.iter().any(|e| e.to_string().ends_with("examples: `gov.cn` is not closed")), "{errors:?}");
        let typo = Suffixes::read(&[file(&SHIPPED.replace("whole =", "hwole ="))]).expect_err("a typo");
        assert!(typo[0].why.contains("unknown field `hwole`: did you mean `whole`?"), "{typo:?}");
    }
}
