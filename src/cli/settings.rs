//! The settings file: found, read, checked. The only reader of `jianwei.toml` and of the environment (with `cli::main`).
//! Each room owns the shape of its own section; here they are put together and paths are made absolute.

use crate::cli::fail::Failure;
use crate::cli::outgoing;
use crate::model::lang::Lang;
use crate::model::rulefile::toml_in_chinese;
use crate::pipeline::watch;
use crate::{capture, console, evidence, net, resolve, sources};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the settings file is looked for when `--config` and `JIANWEI_CONFIG` are silent.
pub(crate) const DEFAULT_FILE: &str = "jianwei.toml";

/// The whole settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) data: Data,
    pub(crate) rules: Rules,
    pub(crate) net: net::Settings,
    pub(crate) capture: capture::Settings,
    pub(crate) evidence: evidence::Settings,
    pub(crate) attribution: resolve::Settings,
    pub(crate) console: console::Settings,
    pub(crate) watch: watch::Settings,
    pub(crate) alert: Vec<AlertSettings>,
    pub(crate) referral: outgoing::Settings,
    pub(crate) source: Vec<sources::Settings>,
    /// The file it was read from; empty where there was none.
    #[serde(skip)]
    pub(crate) file: PathBuf,
}

/// `[data]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Data {
    /// The data folder, relative to the settings file.
    pub(crate) dir: PathBuf,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: "jianwei-data".into() }
    }
}

/// `[rules]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rules {
    /// A folder laid out like `rules/`: its files are added to the shipped ones and replace those of the same path.
    pub(crate) dir: Option<PathBuf>,
    /// Ids of the protected sites that are in use. Empty: all whose file says `status = "on"`, or nothing about it.
    pub(crate) sites: Vec<String>,
}

/// One `[[alert]]`: a way to tell people. Keys come from the environment or a file, never from here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AlertSettings {
    /// Unique among the alerts.
    pub(crate) id: String,
    /// `webhook`, `wecom`, `dingtalk`, `mail`.
    pub(crate) kind: String,
    /// `zh` or `en`.
    pub(crate) lang: Lang,
    /// webhook, wecom, dingtalk: the address, where it holds no key.
    pub(crate) url: Option<String>,
    /// ... else the environment variable that holds it,
    pub(crate) url_env: Option<String>,
    /// ... or the file that holds it alone.
    pub(crate) url_file: Option<PathBuf>,
    /// dingtalk: variable that holds the secret it signs with. mail: the password.
    pub(crate) secret_env: Option<String>,
    /// ... or the file that holds it alone.
    pub(crate) secret_file: Option<PathBuf>,
    /// mail: server and port.
    pub(crate) server: Option<String>,
    /// mail: default 465, with `starttls` 587, with `none` 25.
    pub(crate) port: Option<u16>,
    /// mail: `wrapped` (default), `starttls`, `none` (this machine only).
    pub(crate) tls: net::MailTls,
    /// mail: PEM file of a root besides the public ones.
    pub(crate) ca: Option<PathBuf>,
    /// mail: who logs in; nobody where it is absent.
    pub(crate) user: Option<String>,
    /// mail: sender.
    pub(crate) from: Option<String>,
    /// mail: receivers.
    pub(crate) to: Vec<String>,
}

impl Settings {
    /// Reads the file given, else the environment's, else `./jianwei.toml`, else the defaults.
    pub(crate) fn find(given: Option<&Path>, from_env: Option<PathBuf>, lang: Lang) -> Result<Self, Failure> {
        let named = given.map(Path::to_path_buf).or(from_env);
        match named {
            Some(file) => Self::read(&file, lang),
            None if Path::new(DEFAULT_FILE).exists() => Self::read(Path::new(DEFAULT_FILE), lang),
            None => {
                let mut settings = Self::default();
                settings.make_absolute(Path::new("."));
                Ok(settings)
            }
        }
    }

    /// The data folder.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data.dir
    }
    /// Where packages are kept.
    pub(crate) fn evidence_dir(&self) -> PathBuf {
        self.data.dir.join("evidence")
    }

    /// Where the address tables are.
    pub(crate) fn tables_dir(&self) -> PathBuf {
        self.attribution.tables.clone().unwrap_or_else(|| self.data.dir.join("tables"))
    }

    fn read(file: &Path, lang: Lang) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file).map_err(|e| {
            Failure::usage(
                format!("{}：无法读取设置文件（{e}）；请检查路径，或运行 jianwei init 生成一份", file.display()),
                format!("{}: cannot read the settings file ({e}); check the path, or make one with `jianwei init`", file.display()),
                lang,
            )
        })?;
        let mut settings: Self = toml::from_str(&text).map_err(|e| explain(file, &text, &e, lang))?;
        settings.check_sources(file, &text, lang)?;
        let base = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        settings.make_absolute(base);
        settings.take_keys(lang)?;
        settings.file = file.to_path_buf();
        Ok(settings)
    }

    fn check_sources(&self, file: &Path, text: &str, lang: Lang) -> Result<(), Failure> {
        for (i, source) in self.source.iter().enumerate() {
            if let Some(first) = self.source[..i].iter().position(|s| s.id == source.id) {
                let line = line_of(text, text.match_indices("[[source]]").nth(i).map_or(0, |(at, _)| at));
                return Err(Failure::usage(
                    format!(
                        "{}:{line}：[[source]] id “{}” 与第 {} 个来源重名；每个来源请用不同的 id",
                        file.display(),
                        source.id,
                        first + 1
                    ),
                    format!(
                        "{}:{line}: [[source]] id `{}` is also that of source {}; give each its own",
                        file.display(),
                        source.id,
                        first + 1
                    ),
                    lang,
                ));
            }
        }
        Ok(())
    }

    /// Keys of the sources, from the file that each names, else from the environment. They are nowhere else.
    fn take_keys(&mut self, lang: Lang) -> Result<(), Failure> {
        for source in &mut self.source {
            let name = source.key_env.clone().or_else(|| Some(sources::key_env(source.engine.as_deref().or(source.preset.as_deref())?)));
            let text = match &source.key_file {
                Some(file) => Some(std::fs::read_to_string(file).map_err(|e| {
                    let id = &source.id;
                    let file = file.display();
                    Failure::usage(
                        format!("来源 {id}：无法读取密钥文件 {file}（{e}）"),
                        format!("source {id}: cannot read the key file {file} ({e})"),
                        lang,
                    )
                })?),
                None => name.and_then(|name| std::env::var(name).ok()),
            };
            source.key = text.as_deref().and_then(sources::Secret::new);
        }
        Ok(())
    }

    fn make_absolute(&mut self, base: &Path) {
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf());
        let fix = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = base.join(&path);
            }
        };
        fix(&mut self.data.dir);
        self.rules.dir.as_mut().map(fix);
        self.attribution.tables.as_mut().map(fix);
        self.attribution.filings.as_mut().map(fix);
        self.source.iter_mut().flat_map(|s| [&mut s.path, &mut s.keep, &mut s.key_file]).filter_map(Option::as_mut).for_each(fix);
        self.referral.template.as_mut().map(fix);
        self.console.tls_cert.as_mut().map(fix);
        self.console.tls_key.as_mut().map(fix);
        self.evidence.tsa.iter_mut().for_each(|t| fix(&mut t.ca));
        self.evidence.key.as_mut().map(fix);
        self.evidence.proxy = self.net.proxy.as_deref().map(without_password);
        let names = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        self.evidence.proxy_variables = names.into_iter().filter(|n| std::env::var_os(n).is_some()).map(str::to_owned).collect();
        for alert in &mut self.alert {
            [&mut alert.url_file, &mut alert.secret_file, &mut alert.ca].into_iter().filter_map(Option::as_mut).for_each(fix);
        }
    }
}

/// A proxy's address without what it is logged in with: for a report that leaves the unit.
fn without_password(proxy: &str) -> String {
    match proxy.rsplit_once('@') {
        Some((_, place)) => format!("***@{place}"),
        None => proxy.to_owned(),
    }
}

/// One clear line from a TOML error: file, line, what is wrong, the word that was probably meant.
fn explain(file: &Path, text: &str, error: &toml::de::Error, lang: Lang) -> Failure {
    let line = line_of(text, error.span().map_or(0, |s| s.start));
    let message = error.message().replace('\n', " ");
    let at = format!("{}:{line}", file.display());
    let Some((field, expected)) = unknown_field(&message) else {
        return Failure::usage(format!("{at}：设置有误：{}", toml_in_chinese(&message)), format!("{at}: {message}"), lang);
    };
    let best = nearest(&field, &expected);
    let (hint_zh, hint_en) = match best {
        Some(word) => (format!("是否想写 “{word}”？"), format!("did you mean `{word}`?")),
        None => (format!("可用的键：{}", expected.join("、")), format!("known keys: {}", expected.join(", "))),
    };
    Failure::usage(format!("{at}：未知的键 “{field}”；{hint_zh}"), format!("{at}: unknown key `{field}`; {hint_en}"), lang)
}

/// Takes serde's "unknown field `x`, expected one of `a`, `b`" apart.
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (field, rest) = rest.split_once('`')?;
    let expected = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((field.to_owned(), expected))
}

/// The word that was probably meant: one within two edits (one for short words), or none.
pub(crate) fn nearest<'a>(word: &str, known: &'a [String]) -> Option<&'a str> {
    let allowed = if word.chars().count() <= 4 { 1 } else { 2 };
    known.iter().map(|k| (strsim::osa_distance(word, k), k)).filter(|(d, _)| *d <= allowed).min().map(|(_, k)| k.as_str())
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count()
}

/// What `jianwei init` writes: every key with its default, working as it stands without any key to any service.
pub(crate) fn commented(lang: Lang) -> &'static str {
    lang.pick(include_str!("jianwei.zh.toml"), include_str!("jianwei.en.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("jianwei.toml");
        std::fs::write(&file, text).expect("written");
        Settings::read(&file, Lang::En).map_err(|f| f.to_string().replace(&format!("{}/", dir.path().display()), ""))
    }

    #[test]
    fn the_commented_settings_are_the_defaults() {
        for lang in [Lang::Zh, Lang::En] {
            let settings = read(commented(lang)).expect("the shipped settings parse");
            assert_eq!(settings.net.timeout_ms, net::Settings::default().timeout_ms);
            assert_eq!(settings.net.max_body_bytes, net::Settings::default().max_body_bytes);
            assert_eq!(settings.net.per_host_interval_ms, net::Settings::default().per_host_interval_ms);
            assert_eq!(settings.capture.variants, capture::Settings::default().variants);
            assert!(settings.net.allow_private.is_empty());
        }
    }

    #[test]
    fn an_unknown_key_names_file_line_and_the_likely_word() {
        let told = read("[data]\ndir = \"d\"\n\n[net]\nresolver = []\n").expect_err("refused");
        assert_eq!(told, "jianwei.toml:5: unknown key `resolver`; did you mean `resolvers`?");
        let told = read("[nett]\n").expect_err("refused");
        assert_eq!(told, "jianwei.toml:1: unknown key `nett`; did you mean `net`?");
    }

    #[test]
    fn bad_toml_and_wrong_types_name_the_line() {
        assert!(read("[net]\nresolvers = [\n").expect_err("refused").starts_with("jianwei.toml:"));
        let told = read("[net]\n\ntimeout_ms = \"soon\"\n").expect_err("refused");
        assert!(told.starts_with("jianwei.toml:3: ") && told.contains("timeout_ms") || told.contains("soon"), "{told}");
    }

    #[test]
    fn two_sources_of_one_id_are_refused() {
        let told = read("[[source]]\nid='a'\nkind='names'\npath='x'\n[[source]]\nid='a'\nkind='permutations'\n").expect_err("refused");
        assert!(told.starts_with("jianwei.toml:5: [[source]] id `a`"), "{told}");
    }

    #[test]
    fn paths_are_relative_to_the_settings_file() {
        let settings = read("[data]\ndir='d'\n[[source]]\nid='a'\nkind='names'\npath='names'\n").expect("fine");
        assert!(settings.data.dir.is_absolute());
        assert!(settings.source[0].path.as_ref().is_some_and(|p| p.is_absolute() && p.ends_with("names")));
    }
}
