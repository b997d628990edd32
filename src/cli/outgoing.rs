//! What every command that lets something out shares: the gate, facts from the packages, names of the sites, writing a file whole.

use crate::cli::fail::Failure;
use crate::cli::rules::RuleBook;
use crate::cli::{Context, attribution};
use crate::evidence;
use crate::model::host::Host;
use crate::model::indicator::{Level, kind_of};
use crate::model::lead::{Lead, LeadId};
use crate::model::rulefile::RuleFile;
use crate::records::{Records, RecordsError};
use crate::referral::{Cluster, Gate, LeadFacts, OfficialTree, Purpose, Reporter, Stamp, monthly};
use base64::Engine as _;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Largest time-stamp response that is taken along.
const MAX_STAMP_BYTES: u64 = 1 << 20;

/// Ties told of one cluster.
const MAX_TIES: usize = 8;

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
        let sites = book.sites.iter().map(|(file, site)| (file.shown.as_str(), site));
        Ok(Gate::new(sites, others, allowed))
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

    /// What the latest readable package of each lead tells besides its record.
    pub(super) fn facts(&self, leads: &[Lead]) -> BTreeMap<LeadId, LeadFacts> {
        let root = self.settings.evidence_dir();
        let of = |lead: &Lead| {
            let package = lead.packages.iter().rev().find(|p| p.outcome == "captured").or_else(|| lead.packages.last())?;
            let stored = evidence::read(&root, Path::new(&package.path)).ok()?;
            let mut facts = LeadFacts::of(&stored.dossier);
            facts.stamps = Some(stamps(&root.join(&package.path)));
            Some((lead.id.clone(), facts))
        };
        leads.iter().filter_map(of).collect()
    }
}

/// The clusters that these leads stand in, each with all its leads.
pub(super) fn clusters(records: &Records, leads: &[Lead]) -> Result<Vec<Cluster>, RecordsError> {
    let mut all: Vec<Cluster> = Vec::new();
    let mut seen: BTreeSet<Host> = BTreeSet::new();
    for lead in leads {
        if seen.contains(&lead.candidate.host) {
            continue;
        }
        let Some(found) = records.with_graph(|g| g.cluster_of(&lead.candidate.host))? else { continue };
        seen.extend(found.hosts.iter().cloned());
        let mut ids = Vec::new();
        for host in &found.hosts {
            ids.extend(records.lead_of(host)?.map(|l| l.id));
        }
        let reasons = || found.ties.iter().flat_map(|t| &t.reasons);
        let mut ties: Vec<String> = reasons().map(|r| format!("{} {}", attribution::kind_name(&r.kind), r.value)).collect();
        ties.dedup();
        let operator = reasons().any(|r| kind_of(&r.kind).is_some_and(|k| k.level == Level::Operator));
        let kind = if operator { "contact" } else { "kit" };
        all.push(Cluster { id: found.id, kind: kind.into(), ties: ties.into_iter().take(MAX_TIES).collect(), leads: ids });
    }
    Ok(all)
}

fn official(file: &RuleFile) -> Result<Vec<OfficialTree>, crate::model::rulefile::RuleError> {
    let written: OfficialFile = file.parse()?;
    Ok(written.official.into_iter().map(|e| OfficialTree { tree: e.tree, who: e.who, rule: file.shown.clone() }).collect())
}

/// Time-stamp responses beside a manifest.
fn stamps(package: &Path) -> Vec<Stamp> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(package.join("proof")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let small = entry.metadata().is_ok_and(|m| m.is_file() && m.len() <= MAX_STAMP_BYTES);
        if name.ends_with(".tsr")
            && small
            && let Ok(bytes) = std::fs::read(entry.path())
        {
            found.push(Stamp {
                file: format!("proof/{name}"),
                response: base64::engine::general_purpose::STANDARD.encode(bytes),
                at: None,
            });
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found
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
