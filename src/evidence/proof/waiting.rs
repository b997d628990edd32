//! Packages that wait for a time-stamp: one small file each in `.waiting/` beside them, written before the package gets its name.
//! The package itself says whether it lacks a stamp; this is only how a later run finds it without reading them all.

use crate::evidence::EvidenceError;
use crate::evidence::disk;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder of the marks, below the evidence folder.
const FOLDER: &str = ".waiting";
const SCHEMA: &str = "waiting/1";
/// Largest mark that is read.
const MAX_BYTES: u64 = 64 << 10;

/// A package that waits, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// `waiting/1`.
    pub schema: String,
    /// Folder below the evidence folder, forward slashes.
    pub package: String,
    /// End of its capture.
    pub captured_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it was tried last. `None`: not yet.
    pub last_try: Option<Timestamp>,
    /// What each authority said or did, at the last try.
    pub why: Vec<Both>,
}

impl Waiting {
    /// Not tried yet.
    pub(in crate::evidence) fn new(package: &str, captured_at: Timestamp) -> Self {
        Self { schema: SCHEMA.into(), package: package.to_owned(), captured_at, tries: 0, last_try: None, why: Vec::new() }
    }
}

fn file_of(root: &Path, package: &str) -> PathBuf {
    let id = package.rsplit('/').next().unwrap_or(package);
    root.join(FOLDER).join(format!("{id}.json"))
}

/// Writes the mark, durably.
pub(in crate::evidence) fn mark(root: &Path, waiting: &Waiting) -> Result<(), EvidenceError> {
    let file = file_of(root, &waiting.package);
    let bytes = serde_json::to_vec(waiting).map_err(|e| EvidenceError::broken(&file, e.to_string()))?;
    disk::place(root, &file, &bytes, false)
}

/// Removes the mark; none is no error.
pub(in crate::evidence) fn forget(root: &Path, package: &str) -> Result<(), EvidenceError> {
    let file = file_of(root, package);
    match fs::remove_file(&file) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(EvidenceError::io(&file)(e)),
        _ => Ok(()),
    }
}

/// The mark of one package. `None`: it does not wait.
pub(in crate::evidence) fn of(root: &Path, package: &str) -> Option<Waiting> {
    read(&file_of(root, package))
}

fn read(file: &Path) -> Option<Waiting> {
    let bytes = crate::evidence::read::capped(file, MAX_BYTES).ok()?;
    serde_json::from_slice::<Waiting>(&bytes).ok().filter(|w| w.schema == SCHEMA)
}

/// All marks, oldest capture first. A damaged one is told and passed over: `evidence stamp PATH` finds its package again.
pub(in crate::evidence) fn all(root: &Path) -> Result<Vec<Waiting>, EvidenceError> {
    let folder = root.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(EvidenceError::io(&folder))?,
    };
    let mut found = Vec::new();
    for path in entries.flatten().map(|e| e.path()) {
        match read(&path) {
            Some(waiting) if file_of(root, &waiting.package) == path => found.push(waiting),
            _ => tracing::warn!("{}: is no mark of a package that waits for a time-stamp; passed over", path.display()),
        }
    }
    found.sort_by(|a, b| (a.captured_at, &a.package).cmp(&(b.captured_at, &b.package)));
    Ok(found)
}
