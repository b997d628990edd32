//! The `[names]` section of a protected site, as written, then checked. Words are data: a unit adds one with no code.

use super::suffixes::Suffixes;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile, toml_in_chinese};
use crate::model::site::Site;
use serde::Deserialize;

/// What a word says about a name that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Labels of the official host; derived, never written in a file.
    #[serde(skip)]
    Official,
    /// The agency whose site it is.
    Agency,
    /// An older or neighbouring agency that people still look for.
    Neighbour,
    /// The licence or the trade it is for.
    Licence,
    /// What the site does: certificate, query.
    Service,
    /// An English word of any of these.
    English,
    /// A word that adds nothing but disturbs nothing: `zg`, `app`, a province.
    Filler,
}

/// One word in the forms in which names carry it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    /// Simplified Chinese. Empty: the word has no Chinese form that names carry.
    #[serde(default)]
    pub(super) zh: String,
    /// Syllables with spaces between: `ying ji guan li`. The full form, its initials and its mixed forms follow from it.
    #[serde(default)]
    pub(super) pinyin: String,
    /// Latin text that is no pinyin.
    #[serde(default)]
    pub(super) text: String,
    /// What `text` stands for, in Chinese, for the sentence of why. Empty: it stands for itself.
    #[serde(default)]
    pub(super) means: String,
    /// What it speaks of.
    pub(super) kind: Kind,
    /// What the full form weighs, `0..=100`; at the alert level it suffices alone.
    pub(super) points: i32,
    /// What the initials weigh. 0: they are not looked for.
    #[serde(default)]
    pub(super) initials: i32,
    /// What the Chinese form weighs. `None`: as `points`.
    #[serde(default)]
    pub(super) han: Option<i32>,
    /// May one letter be wrong? `None`: from 8 letters on.
    #[serde(default)]
    pub(super) fuzzy: Option<bool>,
}

/// The whole section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    /// Hits below this score are not reported.
    #[serde(default = "default_alert")]
    pub(super) alert: u8,
    /// Words that are looked for.
    #[serde(default)]
    pub(super) words: Vec<Word>,
    /// Latin or Chinese fragments that may stand beside a word without weakening it.
    #[serde(default)]
    pub(super) fillers: Vec<String>,
    /// Paths of the official site that make an address without a name suspicious.
    #[serde(default)]
    pub(super) paths: Vec<String>,
    /// Endings for permutations, most likely first. Empty: a built-in list.
    #[serde(default)]
    pub(super) suffixes: Vec<String>,
}

fn default_alert() -> u8 {
    60
}

impl Default for Names {
    fn default() -> Self {
        Self { alert: default_alert(), words: Vec::new(), fillers: Vec::new(), paths: Vec::new(), suffixes: Vec::new() }
    }
}

const KINDS: &[&str] = &["agency", "neighbour", "licence", "service", "english", "filler"];
const KEYS: &[&str] =
    &["alert", "words", "fillers", "paths", "suffixes", "zh", "pinyin", "text", "means", "kind", "points", "initials", "han", "fuzzy"];

impl Names {
    /// Reads the section without checking it, for permutations of a site that was loaded before.
    pub(super) fn of(site: &Site) -> Option<Self> {
        toml::Value::Table(site.names.clone()).try_into().ok()
    }
    /// Reads and checks the section; every mistake names a line.
    pub(super) fn read(file: &RuleFile, site: &Site, suffixes: &Suffixes) -> Result<Self, Vec<RuleError>> {
        let names: Self =
            toml::Value::Table(site.names.clone()).try_into().map_err(|e: toml::de::Error| vec![mistake(file, e.message())])?;
        let mut errors = Vec::new();
        if names.alert == 0 || names.alert > 100 {
            errors.push(file.error_near(
                "alert",
                Both::new(format!("alert = {} 须在 1 与 100 之间", names.alert), format!("alert = {} must be 1..=100", names.alert)),
            ));
        }
        for word in &names.words {
            word.check(file, &mut errors);
        }
        for filler in names.fillers.iter().filter(|f| f.is_empty() || f.chars().any(|c| !c.is_alphanumeric())) {
            errors.push(file.error_near(
                &format!("\"{filler}\""),
                Both::new(
                    format!("fillers：“{filler}”只能是字母、数字或汉字，不含空格"),
                    format!("filler `{filler}` must be letters, digits or Chinese without spaces"),
                ),
            ));
        }
        for path in names.paths.iter().filter(|p| !p.starts_with('/') || p.len() < 4) {
            errors.push(file.error_near(
                path,
                Both::new(
                    format!("paths：“{path}”须以“/”开头，其后至少 3 个字符"),
                    format!("path `{path}` must begin with `/` and have at least 3 characters after it"),
                ),
            ));
        }
        for suffix in names.suffixes.iter().filter(|s| s.is_empty() || s.starts_with('.') || suffixes.is_closed(s)) {
            errors.push(file.error_near(
                &format!("\"{suffix}\""),
                Both::new(
                    format!("suffixes：“{suffix}”请写“top”而不是“.top”，也不要写不对公众开放的后缀"),
                    format!("suffix `{suffix}`: write `top`, not `.top`, and none that is closed to the public"),
                ),
            ));
        }
        if errors.is_empty() { Ok(names) } else { Err(errors) }
    }
}

impl Word {
    /// What to show: the Chinese form, else the Latin one.
    pub(super) fn shown(&self) -> &str {
        [&self.means, &self.zh, &self.text, &self.pinyin].into_iter().find(|t| !t.is_empty()).map_or("", String::as_str)
    }
    fn needle(&self) -> String {
        let text = [&self.pinyin, &self.text, &self.zh].into_iter().find(|t| !t.is_empty());
        text.map_or_else(|| "words".to_owned(), |t| format!("\"{t}\""))
    }
    fn check(&self, file: &RuleFile, errors: &mut Vec<RuleError>) {
        let mut bad = |zh: String, en: String| errors.push(file.error_near(&self.needle(), Both::new(zh, en)));
        if self.zh.is_empty() && self.pinyin.is_empty() && self.text.is_empty() {
            bad("一个词至少要写 zh、pinyin、text 之一".to_owned(), "a word needs zh, pinyin or text".to_owned());
        }
        if !self.zh.chars().all(super::han::is_han) {
            bad(
                format!("zh：“{}”只能是汉字；拉丁字母写进 text", self.zh),
                format!("zh = `{}` must be Chinese characters only; put Latin into text", self.zh),
            );
        }
        if self.zh.chars().any(|c| super::han::simplified(c) != c) {
            bad(
                format!("zh：“{}”须写简体；繁体和异体字由程序推出", self.zh),
                format!("zh = `{}` must be simplified; traditional and variant forms are found from it", self.zh),
            );
        }
        if self.zh.chars().count() == 1 {
            bad(
                format!("zh：“{}”只有一个字，太短，无法与巧合区分", self.zh),
                format!("zh = `{}` is one character: too short to be told from chance", self.zh),
            );
        }
        if !self.text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            bad(
                format!("text：“{}”只能是小写字母和数字，不含连字符", self.text),
                format!("text = `{}` must be lower-case letters and digits, without hyphens", self.text),
            );
        }
        for syllable in self.pinyin.split_whitespace() {
            if !syllable.bytes().all(|b| b.is_ascii_lowercase()) || syllable.len() > 6 {
                bad(
                    format!("pinyin：“{syllable}”不是音节；请写小写音节，以空格分开，不带声调"),
                    format!("pinyin `{syllable}` is no syllable: write syllables in lower case with spaces between, without tones"),
                );
            }
        }
        if !(0..=100).contains(&self.points) || !(0..=100).contains(&self.initials) || self.han.is_some_and(|h| !(0..=100).contains(&h)) {
            bad("points、initials、han 须在 0 与 100 之间".to_owned(), "points, initials and han must be 0..=100".to_owned());
        }
        let letters = if self.text.is_empty() { self.pinyin.split_whitespace().map(str::len).sum() } else { self.text.len() };
        if letters > 0 && letters < 4 && self.points >= 60 {
            bad(
                format!("“{}”只有 {letters} 个字母，太短，不能单独报警；请给 60 分以下", self.shown()),
                format!("`{}` has {letters} letters: too short to alert alone, give it under 60 points", self.shown()),
            );
        }
        if self.fuzzy == Some(true) && letters < 6 {
            bad(
                format!("“{}”只有 {letters} 个字母；fuzzy 至少要 6 个", self.shown()),
                format!("`{}` has {letters} letters: fuzzy needs at least 6", self.shown()),
            );
        }
        let initials = self.pinyin.split_whitespace().count();
        if self.initials >= 60 && initials < 4 {
            bad(
                format!("“{}”的首字母只有 {initials} 个，太短，不能单独报警；请给 60 分以下", self.pinyin),
                format!("the initials of `{}` are {initials} letters: too short to alert alone, give them under 60 points", self.pinyin),
            );
        }
    }
}

fn mistake(file: &RuleFile, message: &str) -> RuleError {
    let message = message.replace('\n', " ");
    let quoted = message.split('`').nth(1).unwrap_or_default().to_owned();
    let known = if message.contains("variant") { KINDS } else { KEYS };
    let meant = if message.contains("unknown") { kindly::nearest(&quoted, known.iter().copied()) } else { None };
    let (zh, en) = meant.map(|key| (format!("；是否想写“{key}”？"), format!(" (did you mean `{key}`?)"))).unwrap_or_default();
    let section = file.text.find("[names]").unwrap_or(0);
    let at = if quoted.is_empty() { None } else { file.text[section..].find(&quoted) };
    let why = Both::new(format!("[names]：{}{zh}", toml_in_chinese(&message)), format!("[names]: {message}{en}"));
    file.error_at(section + at.unwrap_or(0), why)
}
