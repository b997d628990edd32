//! What every command that lets something out shares: the gate, the shared platforms, names of the sites, writing a file whole.

use crate::cli::Context;
use crate::cli::fail::Failure;
use crate::cli::rules::RuleBook;
use crate::model::lead::Lead;
use crate::model::rulefile::RuleFile;
use crate::model::site::Site;
use crate::records::Records;
use crate::referral::{Gate, OfficialTree, Platforms, Purpose, Reporter, monthly};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `[referral]` of the settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Unit as it signs; empty: `[evidence] organisation`.
    pub(crate) organisation: String,
    /// Whom to ask back.
    pub(crate) person: String,
    /// Telephone.
    pub(crate) phone: String,
    /// Mail address for answers.
    pub(crate) mail: String,
    /// The unit's own domain.
    pub(crate) domain: String,
    /// Receiving unit of letters.
    pub(crate) to: String,
    /// The unit's own letter template (DOCX), relative to the settings file.
    pub(crate) template: Option<PathBuf>,
    /// First month of 累计, `2026-01`; empty: January of the year that is reported.
    pub(crate) total_since: String,
    /// Lines of 附件2.
    pub(crate) contact: Vec<monthly::Contact>,
}

/// `rules/official.toml`, as far as the gate reads it.
#[derive(Deserialize)]
struct OfficialFile {
    #[serde(default)]
    official: Vec<OfficialEntry>,
}

#[derive(Deserialize)]
struct OfficialEntry {
    tree: String,
    who: String,
}

impl Context {
    /// Who reports, from `[referral]` and `[evidence]`.
    pub(super) fn reporter(&self) -> Reporter {
        let r = &self.settings.referral;
        let organisation = if r.organisation.is_empty() { &self.settings.evidence.organisation } else { &r.organisation };
        Reporter {
            organisation: organisation.clone(),
            person: r.person.clone(),
            phone: r.phone.clone(),
            mail: r.mail.clone(),
            domain: r.domain.clone(),
        }
    }

    /// The gate, from the rules in force (all protected sites, also those switched off) and the allow-list.
    pub(super) fn gate(&self, book: &RuleBook, records: &Records) -> Result<Gate, Failure> {
        let allowed = records.allowed().map_err(|e| self.records_failure(&e))?;
        let others = book.files.iter().filter(|f| f.path == "official.toml").map(|f| official(f).map_err(|e| self.wrong_rule(&e)));
        let others = others.collect::<Result<Vec<_>, _>>()?.concat();
        // The settings may narrow which sites are watched; an official host stays official all the same.
        let sites = book.files.iter().filter(|f| f.path.starts_with("sites/"));
        let sites = sites.map(|f| Site::read(f).map(|site| (f, site)).map_err(|e| self.wrong_rule(&e)));
        let sites = sites.collect::<Result<Vec<_>, _>>()?;
        Ok(Gate::new(sites.iter().map(|(f, site)| (f.shown.as_str(), site)), others, allowed))
    }

    /// Hosts that many share, which no block list may name.
    pub(super) fn platforms(&self, book: &RuleBook) -> Result<Platforms, Failure> {
        Platforms::load(&book.files).map_err(|e| self.wrong_rule(&e))
    }

    fn wrong_rule(&self, e: &crate::model::rulefile::RuleError) -> Failure {
        Failure::usage(e.told(crate::model::lang::Lang::Zh), e.to_string(), self.lang)
    }

    /// Refuses the whole selection where one lead of it may not leave: each by name and rule, nothing written.
    pub(super) fn pass(&self, gate: &Gate, leads: &[Lead], purpose: Purpose) -> Result<(), Failure> {
        const MOST: usize = 20;
        let refusals = gate.refusals(leads, purpose);
        if refusals.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = refusals.iter().take(MOST).map(|r| r.told(self.lang)).collect();
        let n = refusals.len();
        let more = n.saturating_sub(MOST);
        let (zh, en) = if more > 0 { (format!("；另有 {more} 条"), format!("; {more} more")) } else { Default::default() };
        Err(Failure::failed(
            format!("所选线索中有 {n} 条不得导出，未写出任何文件：{}{zh}", told.join("；")),
            format!("{n} of the selected leads may not leave, nothing was written: {}{en}", told.join("; ")),
            self.lang,
        ))
    }
}

fn official(file: &RuleFile) -> Result<Vec<OfficialTree>, crate::model::rulefile::RuleError> {
    let written: OfficialFile = file.parse()?;
    Ok(written.official.into_iter().map(|e| OfficialTree { tree: e.tree, who: e.who, rule: file.shown.clone() }).collect())
}

/// Names of the sites by id, agency first.
pub(super) fn site_names(book: &RuleBook) -> BTreeMap<String, String> {
    book.sites.iter().map(|(_, s)| (s.id.clone(), s.name.clone())).collect()
}

/// Written beside and renamed, so that a full disk leaves the old file whole.
/// A device, pipe or link is written into, never replaced.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::symlink_metadata(file).is_ok_and(|m| !m.is_file()) {
        return std::fs::OpenOptions::new().write(true).truncate(true).open(file)?.write_all(bytes);
    }
    let mut name = file.file_name().ok_or_else(|| std::io::Error::other("not a file name"))?.to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    let written = std::fs::File::create(&part).and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
    written.and_then(|()| std::fs::rename(&part, file)).inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

impl Context {
    /// [`write_whole`] with an error for a person.
    pub(super) fn write(&self, file: &Path, bytes: &[u8]) -> Result<(), Failure> {
        write_whole(file, bytes).map_err(|e| self.disk(file, &e))
    }
    /// A disk error in this person's language.
    pub(super) fn disk(&self, path: &Path, e: &std::io::Error) -> Failure {
        Failure::failed(format!("{}：{e}", path.display()), format!("{}: {e}", path.display()), self.lang)
    }
}
