//! A rule or site file as it was read: its name for messages, its text. Rooms parse it; cli finds it.

use super::lang::{Both, Lang};

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
    /// What is wrong and what would be right, in English.
    pub why: String,
    /// The same in Chinese; the English words where the room that found it has no Chinese ones.
    pub why_zh: String,
}

impl RuleError {
    /// An error of a whole file or folder.
    pub fn whole(file: impl Into<String>, why: impl Into<Why>) -> Self {
        let Why(Both { zh, en }) = why.into();
        Self { file: file.into(), line: 1, why: en, why_zh: zh }
    }
    /// The whole line for a person: file, line, what is wrong.
    pub fn told(&self, lang: Lang) -> String {
        lang.pick(format!("{}:{}：{}", self.file, self.line, self.why_zh), self.to_string())
    }
}

/// The words of an error: in both languages, or in one that serves for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why(Both);

impl From<Both> for Why {
    fn from(both: Both) -> Self {
        Self(both)
    }
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self(Both::new(text.clone(), text))
    }
}

impl From<&str> for Why {
    fn from(text: &str) -> Self {
        Self(Both::new(text, text))
    }
}

impl RuleFile {
    /// Parses the text as TOML into `T`; an error names the line, and the field that serde could not place.
    ///
    /// # Errors
    /// [`RuleError`] for bad TOML, unknown or missing keys, wrong types.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, RuleError> {
        toml::from_str(&self.text).map_err(|e| {
            let en = e.message().replace('\n', " ");
            self.error_at(e.span().map_or(0, |s| s.start), Both::new(toml_in_chinese(&en), en))
        })
    }
    /// An error that points at the line of byte offset `at`.
    pub fn error_at(&self, at: usize, why: impl Into<Why>) -> RuleError {
        let upto = &self.text.as_bytes()[..at.min(self.text.len())];
        let Why(Both { zh, en }) = why.into();
        RuleError { file: self.shown.clone(), line: 1 + upto.iter().filter(|b| **b == b'\n').count(), why: en, why_zh: zh }
    }
    /// An error that points at the first line which holds `needle` (the first line where none does).
    pub fn error_near(&self, needle: &str, why: impl Into<Why>) -> RuleError {
        self.error_at(self.text.find(needle).unwrap_or(0), why)
    }
}

/// What the TOML reader or serde said, in Chinese. What we do not know keeps its own words, in brackets.
pub fn toml_in_chinese(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (first, rest) = (quoted.first().copied().unwrap_or_default(), quoted.get(1..).unwrap_or_default().join("、"));
    let known = if rest.is_empty() { String::new() } else { format!("；可用：{rest}") };
    match message {
        m if m.starts_with("unknown field") => format!("不认识的字段“{first}”{known}"),
        m if m.starts_with("unknown variant") => format!("不认识的取值“{first}”{known}"),
        m if m.starts_with("missing field") => format!("缺少字段“{first}”"),
        m if m.starts_with("duplicate field") || m.starts_with("duplicate key") => {
            format!("同一字段写了两次{}", if first.is_empty() { String::new() } else { format!("：“{first}”") })
        }
        m => match m.strip_prefix("invalid type: ").or_else(|| m.strip_prefix("invalid value: ")).and_then(|r| r.split_once(", expected "))
        {
            Some((found, wanted)) => format!("类型不对：应为{}，写的是{}", kind_in_chinese(wanted), kind_in_chinese(found)),
            None => format!("不合 TOML 的写法（{m}）"),
        },
    }
}

/// A type as serde names it, in Chinese; the value itself is kept.
fn kind_in_chinese(kind: &str) -> String {
    const KINDS: [(&str, &str); 16] = [
        ("a text or a list of texts", "文字或文字列表"),
        ("string", "文字"),
        ("a string", "文字"),
        ("borrowed string", "文字"),
        ("integer", "整数"),
        ("floating point", "小数"),
        ("boolean", "真假值"),
        ("a boolean", "真假值"),
        ("a sequence", "列表"),
        ("sequence", "列表"),
        ("map", "表"),
        ("a map", "表"),
        ("datetime", "日期"),
        ("usize", "非负整数"),
        ("f64", "数"),
        ("unit", "空"),
    ];
    let (word, value) = kind.split_once(' ').filter(|(_, v)| v.starts_with(['"', '`'])).unwrap_or((kind, ""));
    let zh = KINDS.iter().find(|(en, _)| *en == word).map(|(_, zh)| (*zh).to_owned()).unwrap_or_else(|| match word {
        w if w.starts_with(['u', 'i']) && w[1..].parse::<u32>().is_ok() => "整数".into(),
        w if w.starts_with("struct ") || w.starts_with("a table") => "表".into(),
        w => w.to_owned(),
    });
    if value.is_empty() { zh } else { format!("{zh} {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Small {
        name: String,
        #[serde(default)]
        count: u32,
    }

    #[test]
    fn what_the_toml_reader_says_is_said_in_chinese_with_the_line() {
        for (text, line, zh) in [
            ("name = 'a'\nnmae = 'b'\n", 2, "不认识的字段“nmae”；可用：name、count"),
            ("count = 1\n", 1, "缺少字段“name”"),
            ("name = 'a'\ncount = 'x'\n", 2, "类型不对：应为整数，写的是文字 \"x\""),
            ("name = 7\n", 1, "类型不对：应为文字，写的是整数 `7`"),
            ("name = 'a'\nname = 'b'\n", 2, "同一字段写了两次"),
            ("name = \n", 1, "不合 TOML 的写法（"),
        ] {
            let file = RuleFile { path: "x.toml".into(), shown: "rules/x.toml".into(), text: text.into() };
            let told = file.parse::<Small>().expect_err(text).told(Lang::Zh);
            assert!(told.starts_with(&format!("rules/x.toml:{line}：{zh}")), "{told}");
        }
    }
}
