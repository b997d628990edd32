//! Reading rule files kindly: an error names the line, the field and the word that was probably meant.
//! Two steps everywhere: a file as written (serde), then the checked thing.

use crate::model::rulefile::{RuleError, RuleFile};
use serde::de::DeserializeOwned;

/// Parses a file; where a word is unknown the nearest known one is offered.
pub(crate) fn parse<T: DeserializeOwned>(file: &RuleFile) -> Result<T, RuleError> {
    file.parse().map_err(|error: RuleError| RuleError { why: with_hint(&error.why), ..error })
}

/// `unknown field `x`, expected ...` or `unknown variant ...` with "did you mean" added.
fn with_hint(why: &str) -> String {
    let mut quoted = why.split('`').skip(1).step_by(2);
    let unknown = why.starts_with("unknown field") || why.starts_with("unknown variant");
    let Some(given) = quoted.next().filter(|_| unknown) else { return why.to_owned() };
    let known: Vec<&str> = quoted.collect();
    match nearest(given, known.iter().copied()) {
        Some(meant) => format!("{}: did you mean `{meant}`? (known: {})", why.split(',').next().unwrap_or(why), known.join(", ")),
        None => why.to_owned(),
    }
}

/// The known word nearest to `given`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|word| (strsim::jaro_winkler(given, word), word))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, word)| word)
}

/// `; did you mean ...?`, or nothing.
pub(crate) fn hint<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(given, known).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
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
