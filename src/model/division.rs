//! Divisions: who is where, by month. GB/T 2260 codes for those that have one, local keys for 功能区; a lead keeps the division valid in its month.
//! From `rules/attribution/divisions*.toml`. A code that is not known is left empty, never invented.

use super::lang::Both;
use super::rulefile::{RuleError, RuleFile};
use serde::Deserialize;

/// One division.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Division {
    /// GB/T 2260 code. Empty: it has none, or it is not published.
    #[serde(default)]
    pub code: String,
    /// Local key, where there is no code (`L-GXQ`).
    #[serde(default)]
    pub key: String,
    /// Full name.
    pub name: String,
    /// Is it a 功能区, not a statutory division?
    #[serde(default)]
    pub functional: bool,
    /// First month in which it is valid, `2025-11`. Empty: before the table begins.
    #[serde(default)]
    pub valid_from: String,
    /// First month in which it is no longer valid. Empty: it still is.
    #[serde(default)]
    pub valid_to: String,
    /// Key or code of what followed it.
    #[serde(default)]
    pub successor: String,
}

impl Division {
    /// What names it: the code, else the local key.
    pub fn id(&self) -> &str {
        if self.code.is_empty() { &self.key } else { &self.code }
    }
    /// Is it valid in a month (`2025-11`)?
    pub fn valid_in(&self, month: &str) -> bool {
        (self.valid_from.is_empty() || self.valid_from.as_str() <= month) && (self.valid_to.is_empty() || month < self.valid_to.as_str())
    }
}

/// The divisions of one province or city.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divisions {
    /// Its code (`500000`).
    pub code: String,
    /// Its name (`重庆市`).
    pub name: String,
    /// All that ever were, of the time that the table covers.
    pub division: Vec<Division>,
}

impl Divisions {
    /// Every table among the rule files.
    ///
    /// # Errors
    /// [`RuleError`] of the first that does not parse.
    pub fn load(files: &[RuleFile]) -> Result<Vec<Self>, RuleError> {
        files.iter().filter(|f| f.path.starts_with("attribution/divisions")).map(RuleFile::parse).collect()
    }
    /// With a unit's own entries: each stands for the shipped ones of its code or key whose time had not ended.
    ///
    /// # Errors
    /// What is wrong with an entry, in a sentence.
    pub fn with(mut self, own: &[Division]) -> Result<Self, Both> {
        for d in own {
            let month = |m: &str| m.is_empty() || (m.len() == 7 && m.as_bytes()[4] == b'-' && m[..4].parse::<u16>().is_ok());
            if d.id().is_empty() || d.name.is_empty() {
                return Err(Both::new("须有 key（或 code）和 name", "needs a key (or code) and a name"));
            }
            if let Some(wrong) = [&d.valid_from, &d.valid_to].into_iter().find(|m| !month(m)) {
                return Err(Both::new(format!("“{wrong}”应写成 2025-11"), format!("`{wrong}`: write 2025-11")));
            }
        }
        let same = |a: &str, b: &str| !a.is_empty() && a == b;
        let ended = |shipped: &Division, d: &Division| !shipped.valid_to.is_empty() && shipped.valid_to <= d.valid_from;
        let replaces =
            |d: &Division, shipped: &Division| (same(&d.code, &shipped.code) || same(&d.key, &shipped.key)) && !ended(shipped, d);
        self.division.retain(|shipped| !own.iter().any(|d| replaces(d, shipped)));
        self.division.extend(own.iter().cloned());
        Ok(self)
    }
    /// Those valid in a month.
    pub fn in_month<'a>(&'a self, month: &'a str) -> impl Iterator<Item = &'a Division> {
        self.division.iter().filter(move |d| d.valid_in(month))
    }
    /// The division that a text names, as valid in a month; an abolished one leads to its successor. Longest name wins.
    pub fn named_in(&self, text: &str, month: &str) -> Option<&Division> {
        let short = |d: &Division| {
            let cut = d.name.trim_end_matches("自治县").trim_end_matches(['区', '县', '市']);
            if cut.chars().count() >= 2 { cut.to_owned() } else { d.name.clone() }
        };
        let named = self.division.iter().filter(|d| text.contains(&d.name) || (text.contains(&self.name) && text.contains(&short(d))));
        let best = named.max_by_key(|d| (d.valid_in(month), d.name.chars().count()))?;
        self.current(best, month)
    }
    /// The division of a code, as valid in a month.
    pub fn of_code(&self, code: &str, month: &str) -> Option<&Division> {
        let mut of = self.division.iter().filter(|d| d.code == code || d.key == code);
        let first = of.clone().next()?;
        self.current(of.find(|d| d.valid_in(month)).unwrap_or(first), month)
    }
    fn current<'a>(&'a self, mut division: &'a Division, month: &str) -> Option<&'a Division> {
        for _ in 0..4 {
            if division.valid_in(month) {
                return Some(division);
            }
            let next = division.successor.as_str();
            division = self.division.iter().filter(|d| d.id() == next || d.key == next).max_by_key(|d| d.valid_in(month))?;
        }
        None
    }
}
