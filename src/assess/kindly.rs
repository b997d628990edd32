//! Reading rule files kindly: an error names the line, the field and the word that was probably meant.
//! Two steps everywhere: a file as written (serde), then the checked thing.

use crate::model::rulefile::{RuleError, RuleFile};
use serde::de::DeserializeOwned;

/// Parses a file; where a word is unknown the nearest known one is offered.
pub(crate) fn parse<T: DeserializeOwned>(file: &RuleFile) -> Result<T, RuleError> {
    file.parse().map_err(with_hint)
}

/// `unknown field `x`, expected ...` or `unknown variant ...` with "did you mean" added.
pub(crate) fn with_hint(error: RuleError) -> RuleError {
    let why = error.why.clone();
    let mut quoted = why.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"].into_iter().find(|w| why.contains(w));
    let (Some(given), Some(unknown)) = (quoted.next(), unknown) else { return error };
    let known: Vec<&str> = quoted.collect();
    let Some(meant) = nearest(given, known.iter().copied()) else { return error };
    let word = if unknown.ends_with("field") { "字段" } else { "取值" };
    RuleError {
        why: format!("{}: did you mean `{meant}`? (known: {})", why.split(',').next().unwrap_or(&why), known.join(", ")),
        why_zh: format!("不认识的{word}“{given}”；是否想写“{meant}”？（可用：{}）", known.join("、")),
        ..error
    }
}

/// The known word nearest to `given`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Two letters changed places in a short word are nothing alike to the one measure, and near to the other.
    let slip = |word: &str| if given.chars().count() > 2 && strsim::osa_distance(given, word) <= 1 { 0.9 } else { 0.0 };
    known
        .map(|word| (strsim::jaro_winkler(given, word).max(slip(word)), word))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, word)| word)
}

/// `; did you mean ...?` in Chinese and in English, or nothing.
pub(crate) fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> (String, String) {
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
