//! Evidence: seals one visit as a package of plain files that stands without us, and verifies packages.
//! In: a dossier and its assessment. Out: a folder with WARC, views, manifest (SHA-256 and SM3 of every file).
//! Only ever adds. A package appears under its final name whole or not at all. It proves "unchanged since capture", nothing more.
//! A room of its own because what it writes must be readable, and must be doubted, by people who do not have this program.

mod agree;
mod contents;
mod disk;
mod explain;
mod log;
mod manifest;
mod read;
mod verify;
mod warc;
mod warc_check;

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

impl EvidenceError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }
    fn broken(path: &Path, why: impl Into<String>) -> Self {
        Self::Broken { path: path.to_owned(), why: why.into() }
    }
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
/// The same dossier, assessment and settings give the same package: sealing them twice returns the first one.
///
/// # Errors
/// [`EvidenceError::Io`]; nothing is left under a final name. [`EvidenceError::Broken`]: the dossier holds no capture, a file
/// would be larger than verify reads, or another package stands under this name.
pub fn seal(root: &Path, dossier: &Dossier, assessment: &Assessment, settings: &Settings) -> Result<PackageRef, EvidenceError> {
    let Some(capture) = dossier.main_capture() else {
        return Err(EvidenceError::broken(root, format!("the dossier of {} holds no capture: nothing to seal", dossier.candidate.host)));
    };
    let files = contents::files(dossier, capture, assessment, settings)
        .map_err(|e| EvidenceError::broken(root, format!("cannot write the dossier of {} as JSON: {e}", dossier.candidate.host)))?;
    let manifest = manifest::Manifest::of(&files, dossier, capture, assessment);
    disk::keep(root, &files, &manifest, capture)
}

/// Every check of one package folder, or of every package below a folder that holds packages (then each `file` starts with the package's path).
/// What is there is taken as hostile: sizes, depth and counts are capped, links are not followed.
pub fn verify(package: &Path) -> Vec<Check> {
    verify::all(package)
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

/// Reads one package back: `package` is a path of [`packages`], or [`PackageRef::path`] below `root`. The decoded source of every page is
/// filled in again, so that the assessment can be made anew; the bodies stay in the WARC. What is read is held against the manifest first.
///
/// # Errors
/// [`EvidenceError`].
pub fn read(root: &Path, package: &Path) -> Result<Stored, EvidenceError> {
    read::package(root, package)
}

/// All package folders below `root`, oldest first. Half-written ones (`.tmp-*`) are not packages.
///
/// # Errors
/// [`EvidenceError::Io`].
pub fn packages(root: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    disk::packages(root)
}

/// Removes what a killed process left half-written (`.tmp-*`). Returns how many.
///
/// # Errors
/// [`EvidenceError::Io`].
pub fn sweep(root: &Path) -> Result<usize, EvidenceError> {
    disk::sweep(root)
}
