//! Re-verification: every package checked again, one after the other, at a rate that leaves the machine to its work. What changed since it was
//! sealed is named; each package once. How far it came stands in `.verified.json` beside the packages, so that a restart goes on there.

use crate::evidence::{Check, EvidenceError, custody, disk, manifest, verify};
use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The state, below the evidence folder.
const FILE: &str = ".verified.json";
const SCHEMA: &str = "verified/1";
/// Largest state that is read.
const MAX_BYTES: u64 = 4 << 20;
/// Packages that are named; more are counted.
const MAX_NAMED: usize = 1_000;
/// The state is written after so many packages.
const SAVE_EVERY: u64 = 16;

/// Who stands in the custody record for it.
const WHO: &str = "jianwei";

/// One round over all packages, under way or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// `verified/1`.
    pub schema: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended. `None`: it is under way, or was cut off and goes on at the next start.
    pub ended: Option<Timestamp>,
    /// Name of the last package that was checked; empty: none yet.
    pub after: String,
    /// Packages checked in this round.
    pub checked: u64,
    /// Packages that do not pass, whichever round found them, oldest first; those that pass again are gone from here.
    pub bad: Vec<Bad>,
    /// When the last whole round ended. `None`: there was none yet.
    pub whole: Option<Timestamp>,
}

/// A package that does not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    /// Its path below the evidence folder.
    pub package: String,
    /// When it was found.
    pub since: Timestamp,
    /// The first line that did not pass.
    pub why: Both,
}

/// What one step checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// The package's path below the evidence folder.
    pub package: String,
    /// Bytes of its files, by the manifest.
    pub bytes: u64,
    /// It does not pass, and did before: named now, for the first time.
    pub newly_bad: Option<Both>,
}

/// The round as it stands on disk. `None`: there was none, or its file is not whole; then the next one begins anew.
pub(super) fn round(root: &Path) -> Option<Round> {
    let bytes = crate::evidence::read::capped(&root.join(FILE), MAX_BYTES).ok()?;
    serde_json::from_slice::<Round>(&bytes).ok().filter(|r| r.schema == SCHEMA)
}

/// A round at work: what is left to check is listed once, when it begins.
#[derive(Debug)]
pub struct Reverification {
    root: PathBuf,
    round: Round,
    /// The next one last.
    left: Vec<PathBuf>,
}

impl Reverification {
    /// Goes on with a round that was cut off, else begins a new one, which still knows the bad packages of the last.
    ///
    /// # Errors
    /// [`EvidenceError::Io`].
    pub fn begin(root: &Path, now: Timestamp) -> Result<Self, EvidenceError> {
        let round = match round(root) {
            Some(last) if last.ended.is_none() => last,
            last => {
                let (bad, whole) = last.map(|l| (l.bad, l.whole)).unwrap_or_default();
                Round { schema: SCHEMA.into(), began: now, ended: None, after: String::new(), checked: 0, bad, whole }
            }
        };
        let mut left = disk::packages(root)?;
        left.retain(|path| name(path) > round.after);
        left.reverse();
        Ok(Self { root: root.to_owned(), round, left })
    }
    /// The round so far.
    pub fn round(&self) -> &Round {
        &self.round
    }
    /// Checks the next package. `None`: there was none left, and the round has ended. Blocks.
    ///
    /// # Errors
    /// [`EvidenceError`]: the state or the custody record cannot be written. The package is checked again then.
    pub fn step(&mut self, now: Timestamp) -> Result<Option<Stepped>, EvidenceError> {
        let Some(folder) = self.left.last().cloned() else {
            self.end(now)?;
            return Ok(None);
        };
        let (root, round) = (&self.root, &mut self.round);
        let package = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy().replace('\\', "/");
        let why = verify::all(&folder).iter().find(|c| is_change(c)).map(told);
        let known = round.bad.iter().position(|b| b.package == package);
        let mut newly_bad = None;
        match (why, known) {
            (None, Some(at)) => drop(round.bad.remove(at)),
            (Some(why), None) => {
                custody::note(root, now, WHO, "changed", &package, json!({"why": why, "manifest_sha256": hash(&folder)}))?;
                if round.bad.len() < MAX_NAMED {
                    round.bad.push(Bad { package: package.clone(), since: now, why: why.clone() });
                }
                newly_bad = Some(why);
            }
            _ => {}
        }
        round.after = name(&folder);
        round.checked += 1;
        if newly_bad.is_some() || round.checked.is_multiple_of(SAVE_EVERY) {
            self.save()?;
        }
        self.left.pop();
        Ok(Some(Stepped { package, bytes: bytes(&folder), newly_bad }))
    }
    fn end(&mut self, now: Timestamp) -> Result<(), EvidenceError> {
        // Those that were removed meanwhile (retention) are no longer bad: there is nothing left to be.
        self.round.bad.retain(|b| self.root.join(&b.package).is_dir());
        (self.round.ended, self.round.whole) = (Some(now), Some(now));
        let detail = json!({"checked": self.round.checked, "bad": self.round.bad.len(), "began": self.round.began});
        custody::note(&self.root, now, WHO, "round", "", detail)?;
        self.save()
    }
    /// Writes down how far it came: for a stop, so that nothing is checked twice.
    ///
    /// # Errors
    /// [`EvidenceError::Io`].
    pub fn save(&self) -> Result<(), EvidenceError> {
        let path = self.root.join(FILE);
        let text = serde_json::to_vec(&self.round).map_err(|e| EvidenceError::broken(&path, e.to_string()))?;
        disk::place(&self.root, &path, &text, false)
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A line that did not pass and says more than that a stamp is missing or came late: those have an alert of their own and change nothing.
fn is_change(check: &Check) -> bool {
    !check.pass && !check.detail.zh.starts_with("待加盖时间戳") && check.what.zh != "固定到盖章的间隔"
}

fn told(check: &Check) -> Both {
    let line =
        |what: &str, detail: &str| [check.file.as_str(), what, detail].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
    Both::new(line(&check.what.zh, &check.detail.zh), line(&check.what.en, &check.detail.en))
}

fn hash(folder: &Path) -> Option<Sha256> {
    crate::evidence::read::capped(&folder.join(manifest::NAME), manifest::MAX_BYTES).ok().map(|bytes| Sha256::of(&bytes))
}

fn bytes(folder: &Path) -> u64 {
    let read = crate::evidence::read::capped(&folder.join(manifest::NAME), manifest::MAX_BYTES).ok();
    let manifest = read.and_then(|bytes| manifest::Manifest::parse(bytes).ok());
    manifest.map_or(0, |m| m.files.iter().map(|f| f.bytes).sum())
}
