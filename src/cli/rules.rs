//! Finds the rule files: those inside the binary, and a unit's own folder that adds to them or replaces by path.

use crate::assess;
use crate::capture::Paths;
use crate::cli::fail::Failure;
use crate::cli::settings::Settings;
use crate::lookalike::{Suffixes, Watchlist};
use crate::model::lang::Lang;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::{Site, Status};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Cap of one rule file; a larger one is not a rule.
const MAX_RULE_BYTES: u64 = 4 << 20;

/// All rule files and the sites among them, read once at start.
pub(crate) struct RuleBook {
    pub(crate) files: Vec<RuleFile>,
    pub(crate) sites: Vec<(RuleFile, Site)>,
    /// Site files that did not parse.
    pub(crate) errors: Vec<RuleError>,
    lang: Lang,
}

impl RuleBook {
    /// Reads the shipped rules and the unit's own.
    pub(crate) fn read(settings: &Settings, lang: Lang) -> Result<Self, Failure> {
        let mut files = BTreeMap::new();
        shipped(&SHIPPED, &mut files);
        if let Some(dir) = &settings.rules.dir {
            own(dir, dir, &mut files).map_err(|(path, e)| {
                Failure::usage(
                    format!("[rules] dir：无法读取 {}（{e}）", path.display()),
                    format!("[rules] dir: cannot read {} ({e})", path.display()),
                    lang,
                )
            })?;
        }
        let files: Vec<RuleFile> = files.into_values().collect();
        let (mut sites, mut errors) = (Vec::new(), Vec::new());
        for file in files.iter().filter(|f| f.path.starts_with("sites/")) {
            match Site::read(file) {
                Ok(site) => sites.push((file.clone(), site)),
                Err(e) => errors.push(e),
            }
        }
        in_use(&mut sites, &settings.rules.sites, lang)?;
        Ok(Self { files, sites, errors, lang })
    }

    /// The closed suffixes, for permutations. A wrong file stops the command: a closed suffix taken for an open one would be asked of DNS.
    pub(crate) fn suffixes(&self) -> Result<Suffixes, Failure> {
        Suffixes::read(&self.files).map_err(wrong_rules)
    }

    /// Where to look behind a front page. A wrong file stops the command: what is not tried is not found, and nobody would know.
    pub(crate) fn paths(&self) -> Result<Paths, Failure> {
        Paths::load(&self.files).map_err(|errors| self.first_of(&errors))
    }

    /// The sites alone.
    pub(crate) fn plain_sites(&self) -> Vec<Site> {
        self.sites.iter().map(|(_, s)| s.clone()).collect()
    }

    /// The name screen. Wrong name rules stop the command: a screen with a hole in it would be silent.
    pub(crate) fn watchlist(&self) -> Result<Watchlist, Failure> {
        if !self.errors.is_empty() {
            return Err(self.first_of(&self.errors));
        }
        Watchlist::load(&self.sites, &self.files).map_err(|errors| self.first_of(&errors))
    }
    /// The first mistake and how many more there are, in one line.
    fn first_of(&self, errors: &[RuleError]) -> Failure {
        let told = |lang| errors.first().map(|e| e.told(lang)).unwrap_or_default();
        let more = errors.len().saturating_sub(1);
        let (zh, en) = match more {
            0 => (String::new(), String::new()),
            n => (format!("；另有 {n} 处错误，见 jianwei rules check"), format!("; {n} more, see `jianwei rules check`")),
        };
        Failure::usage(format!("{}{zh}", told(Lang::Zh)), format!("{}{en}", told(Lang::En)), self.lang)
    }

    /// The detection rules; wrong files are warned of and left out.
    pub(crate) fn rules(&self) -> assess::Rules {
        let (rules, errors) = assess::Rules::load(&self.sites, &self.files);
        for error in errors {
            let line = error.told(self.lang);
            tracing::warn!("{}", self.lang.pick(format!("规则未载入：{line}"), format!("rule left out: {line}")));
        }
        rules
    }
}

fn wrong_rules(errors: Vec<RuleError>) -> Failure {
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Failure::usage(text.join("\n"), text.join("\n"), Lang::Zh)
}

/// Keeps the sites that the settings name, or, where they name none, those that are on.
fn in_use(sites: &mut Vec<(RuleFile, Site)>, wanted: &[String], lang: Lang) -> Result<(), Failure> {
    let known: Vec<String> = sites.iter().map(|(_, s)| s.id.clone()).collect();
    if let Some(wrong) = wanted.iter().find(|w| !known.contains(w)) {
        return Err(Failure::usage(
            format!("[rules] sites：没有受保护网站 “{wrong}”；现有：{}", known.join("、")),
            format!("[rules] sites: no protected site `{wrong}`; there are: {}", known.join(", ")),
            lang,
        ));
    }
    sites.retain(|(_, s)| if wanted.is_empty() { s.status == Status::On } else { wanted.contains(&s.id) });
    Ok(())
}

fn shipped(dir: &Dir<'_>, into: &mut BTreeMap<String, RuleFile>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let (true, Some(text)) = (path.ends_with(".toml"), file.contents_utf8()) {
            into.insert(path.clone(), RuleFile { shown: format!("rules/{path}"), path, text: text.to_owned() });
        }
    }
    for sub in dir.dirs() {
        shipped(sub, into);
    }
}

fn own(root: &Path, dir: &Path, into: &mut BTreeMap<String, RuleFile>) -> Result<(), (std::path::PathBuf, std::io::Error)> {
    let at = |p: &Path| {
        let p = p.to_path_buf();
        move |e| (p, e)
    };
    for entry in std::fs::read_dir(dir).map_err(at(dir))? {
        let path = entry.map_err(at(dir))?.path();
        if path.is_dir() {
            own(root, &path, into)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let size = std::fs::metadata(&path).map_err(at(&path))?.len();
            if size > MAX_RULE_BYTES {
                return Err((path, std::io::Error::other("larger than 4 MiB: not a rule file")));
            }
            let text = std::fs::read_to_string(&path).map_err(at(&path))?;
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            into.insert(below.clone(), RuleFile { path: below, shown: path.display().to_string(), text });
        }
    }
    Ok(())
}
