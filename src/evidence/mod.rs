//! Evidence: seals one visit as a package of plain files that stands without us, and verifies packages.
//! In: a dossier and its assessment. Out: a folder with WARC, views, manifest (SHA-256 and SM3 of every file).
//! Only ever adds. A package appears under its final name whole or not at all. It proves "unchanged since capture", nothing more.

use crate::model::assessment::Assessment;
use crate::model::dossier::Dossier;
use crate::model::lead::PackageRef;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `[evidence]` of the settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time-stamp authorities (RFC 3161). Not used yet.
    pub tsa: Vec<Tsa>,
    /// The unit's name, written into every package.
    pub organisation: String,
    /// Officers' names, written into every package.
    pub officers: Vec<String>,
}

/// One time-stamp authority.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tsa {
    /// Where to send requests.
    pub url: String,
    /// PEM file of its root.
    pub ca: PathBuf,
}

/// Why evidence could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The disk said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A package that cannot be read back.
    #[error("{path}: {why}")]
    Broken {
        /// Which package.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// One line of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was checked, in Chinese and English.
    pub what: crate::model::lang::Both,
    /// Did it pass?
    pub pass: bool,
    /// The file it is about, relative to the package; empty for the whole.
    pub file: String,
    /// Details: expected and found.
    pub detail: crate::model::lang::Both,
}

/// Writes a package below `root` (the data folder's `evidence/`) and gives its reference. Durable when it returns.
///
/// # Errors
/// [`EvidenceError::Io`]; nothing is left under a final name.
pub fn seal(_root: &Path, _dossier: &Dossier, _assessment: &Assessment, _settings: &Settings) -> Result<PackageRef, EvidenceError> {
    unimplemented!()
}
/// Every check of one package folder.
pub fn verify(_package: &Path) -> Vec<Check> {
    Vec::new()
}
/// A package read back: what a rebuild of the records needs.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its reference.
    pub package: PackageRef,
    /// The dossier without bodies.
    pub dossier: Dossier,
    /// The assessment made at capture time.
    pub assessment: Assessment,
}
/// Reads one package back.
///
/// # Errors
/// [`EvidenceError`].
pub fn read(_root: &Path, _package: &Path) -> Result<Stored, EvidenceError> {
    unimplemented!()
}
/// All package folders below `root`, oldest first. Half-written ones (`.tmp-*`) are not packages.
///
/// # Errors
/// [`EvidenceError::Io`].
pub fn packages(_root: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    Ok(Vec::new())
}
/// Removes what a killed process left half-written (`.tmp-*`). Returns how many.
///
/// # Errors
/// [`EvidenceError::Io`].
pub fn sweep(_root: &Path) -> Result<usize, EvidenceError> {
    Ok(0)
}
