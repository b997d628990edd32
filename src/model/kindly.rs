//! Reading rule files kindly: an error names the line, the field and the word that was probably meant.
//! Two steps everywhere: a file as written (serde), then the checked thing. The same for every room that reads rules.

use super::rulefile::{RuleError, RuleFile};
use serde::de::DeserializeOwned;

/// Parses a file; where a word is unknown the nearest known one is offered, where a value is wrong its field is named.
///
/// # Errors
/// As [`RuleFile::parse`].
pub fn parse<T: DeserializeOwned>(file: &RuleFile) -> Result<T, RuleError> {
    file.parse().map_err(|error| with_field(file, with_hint(error)))
}

/// `unknown field `x`, expected ...` or `unknown variant ...` with "did you mean" added.
fn with_hint(error: RuleError) -> RuleError {
    let why = error.why.clone();
    let mut quoted = why.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"].into_iter().find(|w| why.starts_with(w));
    let (Some(given), Some(unknown)) = (quoted.next(), unknown) else { return error };
    let known: Vec<&str> = quoted.collect();
    let (meant_zh, meant) = nearest(given, known.iter().copied())
        .map(|word| (format!("；是否想写“{word}”？"), format!(": did you mean `{word}`?")))
        .unwrap_or_default();
    let word = if unknown.ends_with("field") { "字段" } else { "取值" };
    RuleError {
        why: format!("{}{meant} (known: {})", why.split(',').next().unwrap_or(&why), known.join(", ")),
        why_zh: format!("不认识的{word}“{given}”{meant_zh}（可用：{}）", known.join("、")),
        ..error
    }
}

/// What serde says of a value does not name the field that it stands in; the line does.
fn with_field(file: &RuleFile, error: RuleError) -> RuleError {
    let of_a_value = ["unknown variant", "invalid"].iter().any(|w| error.why.starts_with(w));
    match field_at(file, error.line).filter(|_| of_a_value) {
        Some(field) => RuleError { why: format!("{field}: {}", error.why), why_zh: format!("{field}：{}", error.why_zh), ..error },
        None => error,
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

/// The known word nearest to `given`, where one is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Two letters changed places in a short word are nothing alike to the one measure, and near to the other.
    let slip = |word: &str| if given.chars().count() > 2 && strsim::osa_distance(given, word) <= 1 { 0.9 } else { 0.0 };
    known
        .map(|word| (strsim::jaro_winkler(given, word).max(slip(word)), word))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, word)| word)
}

/// `; did you mean ...?` in Chinese and in English, or nothing.
pub fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> (String, String) {
    nearest(given, known).map(|word| (format!("；是否想写“{word}”？"), format!("; did you mean `{word}`?"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn a_mistyped_field_is_named_with_its_line_and_the_word_that_was_meant() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Small {
            #[serde(rename = "severity")]
            _severity: String,
        }
        let file = RuleFile { path: "detect/x.toml".into(), shown: "rules/detect/x.toml".into(), text: "\nserverity = \"high\"\n".into() };
        let error = parse::<Small>(&file).expect_err("a mistyped field");
        assert_eq!(error.line, 2);
        assert!(error.to_string().starts_with("rules/detect/x.toml:2: unknown field `serverity`: did you mean `severity`?"), "{error}");
    }
}
