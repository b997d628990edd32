//! Reading a rule file of this room: an error names the line, the field and the word that was probably meant.

use crate::model::rulefile::{RuleError, RuleFile};
use serde::de::DeserializeOwned;

/// Parses the whole file.
pub(super) fn parse<T: DeserializeOwned>(file: &RuleFile) -> Result<T, RuleError> {
    file.parse().map_err(|error: RuleError| RuleError { why: told(file, &error), ..error })
}

/// The word among `known` that `given` was meant for: few edits away, or much alike from the front.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likely = |word: &str| strsim::jaro_winkler(given, word);
    known.map(|word| (likely(word), word)).filter(|(n, _)| *n >= 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

fn told(file: &RuleFile, error: &RuleError) -> String {
    let why = error.why.as_str();
    let mut quoted = why.split('`').skip(1).step_by(2);
    if why.starts_with("unknown field") || why.starts_with("unknown variant") {
        let Some(given) = quoted.next() else { return why.to_owned() };
        let known: Vec<&str> = quoted.collect();
        let meant = nearest(given, known.iter().copied()).map(|word| format!(": did you mean `{word}`?")).unwrap_or_default();
        let what = if why.starts_with("unknown variant") { field_at(file, error.line) } else { None };
        let field = what.map(|f| format!("{f}: ")).unwrap_or_default();
        return format!("{field}{}{meant} (known: {})", why.split(',').next().unwrap_or(why), known.join(", "));
    }
    match field_at(file, error.line) {
        Some(field) if why.starts_with("invalid") => format!("{field}: {why}"),
        _ => why.to_owned(),
    }
}

/// The key that the line sets, or the key whose list it stands in.
fn field_at(file: &RuleFile, line: usize) -> Option<&str> {
    let lines: Vec<&str> = file.text.lines().take(line).collect();
    lines.iter().rev().find_map(|l| {
        let key = l.split_once('=')?.0.trim();
        (!key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')).then_some(key)
    })
}
