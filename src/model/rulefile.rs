//! A rule or site file as it was read: its name for messages, its text. Rooms parse it; cli finds it.

/// One file from `rules/`: the shipped ones are inside the binary, a unit's own come from `[rules] dir` and replace by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Path below `rules/`, with forward slashes: `sites/cx.mem.gov.cn.toml`.
    pub path: String,
    /// For messages: where the person finds it (`rules/sites/x.toml`, or the full path in the unit's own folder).
    pub shown: String,
    /// The whole text.
    pub text: String,
}

/// What is wrong with a rule, site or engine file: one line that names file, line, field and remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {why}")]
pub struct RuleError {
    /// As in [`RuleFile::shown`].
    pub file: String,
    /// 1-based; 1 where the whole file is meant.
    pub line: usize,
    /// What is wrong and what would be right.
    pub why: String,
}

impl RuleFile {
    /// Parses the text as TOML into `T`; an error names the line, and the field that serde could not place.
    ///
    /// # Errors
    /// [`RuleError`] for bad TOML, unknown or missing keys, wrong types.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, RuleError> {
        toml::from_str(&self.text).map_err(|e| self.error_at(e.span().map_or(0, |s| s.start), e.message().replace('\n', " ")))
    }
    /// An error that points at the line of byte offset `at`.
    pub fn error_at(&self, at: usize, why: impl Into<String>) -> RuleError {
        let upto = &self.text.as_bytes()[..at.min(self.text.len())];
        RuleError { file: self.shown.clone(), line: 1 + upto.iter().filter(|b| **b == b'\n').count(), why: why.into() }
    }
    /// An error that points at the first line which holds `needle` (the first line where none does).
    pub fn error_near(&self, needle: &str, why: impl Into<String>) -> RuleError {
        self.error_at(self.text.find(needle).unwrap_or(0), why)
    }
}
