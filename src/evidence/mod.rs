//! Evidence: seals one visit as a package of plain files that stands without us, and verifies packages.
//! In: a dossier and its assessment. Out: a folder with WACZ, views, manifest (SHA-256 and SM3 of every file), and proofs over the manifest.
//! Only ever adds. A package appears under its final name whole or not at all. Alone it proves "unchanged since capture"; with an outside
//! time-stamp, "existed then"; never that the site sent it. Proofs come after the manifest and stand outside it, each bound to it byte for byte.
//! A room of its own because what it writes must be readable, and must be doubted, by people who do not have this program.

mod agree;
mod cdxj;
mod contents;
mod custody;
mod disk;
mod docx;
mod explain;
mod glance;
mod har;
mod inventory;
mod log;
mod manifest;
mod minutes;
mod proof;
mod read;
mod reverify;
mod surroundings;
mod verify;
mod wacz;
mod warc;
mod warc_check;

pub use custody::Deed;
pub use glance::{Glance, StampFile};
pub use proof::stamp::Met;
pub use proof::waiting::Waiting;
pub use reverify::{Bad, Reverification, Round, Stepped};

use crate::model::assessment::Assessment;
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::lead::PackageRef;
use crate::model::time::Timestamp;
use crate::net::Net;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `[evidence]` of the settings file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time-stamp authorities (RFC 3161); every package is stamped by each of them. Empty: packages say that their time is not proven.
    pub tsa: Vec<Tsa>,
    /// The unit's private key (Ed25519 or SM2, PEM PKCS#8) that signs every manifest. `None`: nobody signs.
    pub key: Option<PathBuf>,
    /// The unit's name, written into every package.
    pub organisation: String,
    /// Officers' names, written into every package.
    pub officers: Vec<String>,
    /// `[net] proxy` as the cleanliness report tells it, without a password. `None`: none is set.
    #[serde(skip)]
    pub proxy: Option<String>,
    /// Names of this process's environment variables that name a proxy to other programs; visits do not use them.
    #[serde(skip)]
    pub proxy_variables: Vec<String>,
    /// What this process knows of its authorities; clones share it.
    #[serde(skip)]
    pub met: Met,
}

/// What was special about one capture. The default: the program looked by itself.
#[derive(Clone, Debug, Default)]
pub struct Occasion {
    /// Officers sat before it. `None`: 发现快照.
    pub attended: Option<Attended>,
    /// What others made of the visit: screenshots, the DOM after scripts, a screencast.
    pub attachments: Vec<Attachment>,
}

/// A capture before officers (现场固定).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Their names; the law asks for two.
    pub officers: Vec<String>,
    /// 案由; may be empty, then the draft has a blank.
    pub reason: String,
    /// 提取地点; may be empty, then the draft has a blank.
    pub place: String,
    /// 见证人; may be empty, then the draft has a blank for the reason.
    pub witness: String,
    /// What was done before the visit, in order.
    pub steps: Vec<Step>,
}

/// One step of an attended capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What, in Chinese.
    pub what: String,
}

/// A file that another room made of the visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Path inside the package: `view/full.png`, `video/screencast.avi`. A plain relative path that no other file has.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Media type.
    pub media_type: &'static str,
    /// What it is, in Chinese, for the lists.
    pub role: &'static str,
    /// When it was made.
    pub at: Timestamp,
    /// Address of its record in the WARC (`urn:screenshot:URL`, `urn:dom:URL`). `None`: only a file.
    pub uri: Option<String>,
}

/// How the stamping of one package ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamped {
    /// No authority was configured when it was sealed.
    NotAsked,
    /// Every stamp is there.
    Done,
    /// 待加盖时间戳: what each missing authority said or did. It stays in the queue.
    Waiting(Vec<Both>),
}

/// What a round over the queue gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StampSummary {
    /// Packages that got their stamps.
    pub stamped: u64,
    /// Packages that wait still.
    pub waiting: u64,
    /// Why, for the last one that waits.
    pub why: Vec<Both>,
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
/// would be larger than verify reads, the unit's key is none, or another package stands under this name.
pub fn seal(root: &Path, dossier: &Dossier, assessment: &Assessment, settings: &Settings) -> Result<PackageRef, EvidenceError> {
    seal_on(root, dossier, assessment, settings, &Occasion::default())
}

/// The same on an occasion: before officers, or with what other rooms made of the visit.
///
/// # Errors
/// As [`seal`]; also for an attachment whose path is taken or leaves the package.
pub fn seal_on(
    root: &Path,
    dossier: &Dossier,
    assessment: &Assessment,
    settings: &Settings,
    occasion: &Occasion,
) -> Result<PackageRef, EvidenceError> {
    let Some(capture) = dossier.main_capture() else {
        return Err(EvidenceError::broken(root, format!("the dossier of {} holds no capture: nothing to seal", dossier.candidate.host)));
    };
    let key = settings.key.as_deref().map(proof::key::UnitKey::read).transpose()?;
    let files = contents::files(root, dossier, capture, assessment, settings, occasion)?;
    for (i, file) in files.iter().enumerate() {
        if !manifest::safe(&file.path) || files[..i].iter().any(|f| f.path == file.path) {
            return Err(EvidenceError::broken(root, format!("`{}` is no path for a file of a package, or stands twice", file.path)));
        }
    }
    let unfit = |why: String| EvidenceError::broken(settings.key.as_deref().unwrap_or(root), why);
    let signer = key.as_ref().map(proof::key::UnitKey::fingerprint).transpose().map_err(unfit)?;
    let manifest = manifest::Manifest::of(&files, dossier, capture, assessment, expected(settings)?, signer);
    let mut proofs = Vec::new();
    if let Some(key) = key {
        let (sign, pem) = (key.sign(&manifest.bytes).map_err(unfit)?, key.public_pem().map_err(unfit)?.into_bytes());
        for (path, bytes, media_type) in
            [(key.kind().file(), sign, "application/octet-stream"), (proof::SIGNER, pem, "application/x-pem-file")]
        {
            proofs.push(contents::File { path: path.into(), bytes, media_type: media_type.into(), role: "单位签名".into() });
        }
    }
    disk::keep(root, &files, &manifest, &proofs, capture)
}

/// The authorities of the settings as a manifest names them.
fn expected(settings: &Settings) -> Result<Vec<proof::Expected>, EvidenceError> {
    let mut all: Vec<proof::Expected> = Vec::new();
    for tsa in settings.tsa.iter().take(manifest::MAX_STAMPS) {
        let tag = proof::tag(&tsa.url);
        if all.iter().all(|e| e.tag != tag) {
            let pem = read::capped(&tsa.ca, 1 << 20)?;
            all.push(proof::Expected { tag, url: tsa.url.clone(), ca_sha256: Sha256::of(&pem) });
        }
    }
    Ok(all)
}

/// Gets the time-stamps that a sealed package lacks, from every authority of the settings. `package` is [`PackageRef::path`].
/// An authority that does not answer is no error: the package waits, and [`stamp_waiting`] tries again.
///
/// # Errors
/// [`EvidenceError`]: the package cannot be read, or a response cannot be kept.
pub async fn stamp(root: &Path, package: &str, settings: &Settings, net: &Net) -> Result<Stamped, EvidenceError> {
    proof::stamp::stamp(root, package, settings, net).await
}

/// Works the queue off: every package that waits is tried once, the oldest first. An authority that is silent is asked once a minute at most.
///
/// # Errors
/// [`EvidenceError::Io`]: the disk. A package that is gone or broken is told and passed over.
pub async fn stamp_waiting(root: &Path, settings: &Settings, net: &Net) -> Result<StampSummary, EvidenceError> {
    let mut summary = StampSummary::default();
    for one in proof::waiting::all(root)? {
        if !root.join(&one.package).is_dir() {
            // Sealing writes the mark first; after an hour nobody is sealing it any more.
            if one.captured_at.plus_millis(3_600_000) < net.now() {
                proof::waiting::forget(root, &one.package)?;
            }
            continue;
        }
        match stamp(root, &one.package, settings, net).await {
            Ok(Stamped::Waiting(why)) => (summary.waiting, summary.why) = (summary.waiting + 1, why),
            Ok(Stamped::Done | Stamped::NotAsked) => summary.stamped += 1,
            Err(e @ EvidenceError::Io { .. }) => return Err(e),
            Err(e) => {
                summary.waiting += 1;
                tracing::error!("a package that waits for its time-stamp is broken: {e}");
            }
        }
    }
    Ok(summary)
}

/// Every package that waits for a time-stamp (待加盖时间戳), oldest first. A mark whose package has no name yet (being sealed, or killed while
/// it was) does not count: there is nothing to stamp.
///
/// # Errors
/// [`EvidenceError::Io`].
pub fn waiting(root: &Path) -> Result<Vec<Waiting>, EvidenceError> {
    let mut all = proof::waiting::all(root)?;
    all.retain(|one| root.join(&one.package).is_dir());
    Ok(all)
}

/// Makes a private key (Ed25519) for `[evidence] key` in a new file that only its owner can read. Gives the fingerprint of its public half.
///
/// # Errors
/// [`EvidenceError::Io`], also where the file is there already.
pub fn make_key(file: &Path) -> Result<Sha256, EvidenceError> {
    proof::key::make(file, proof::key::Kind::Ed25519)
}

/// The same for a key of the national suite: SM2, which signs with SM3.
///
/// # Errors
/// As [`make_key`].
pub fn make_sm2_key(file: &Path) -> Result<Sha256, EvidenceError> {
    proof::key::make(file, proof::key::Kind::Sm2)
}

/// The script that checks a package without this program: the same text for every package.
pub fn verify_script() -> &'static str {
    explain::SCRIPT
}

/// Every check of one package folder, or of every package below a folder that holds packages (then each `file` starts with the package's path).
/// What is there is taken as hostile: sizes, depth and counts are capped, links are not followed.
pub fn verify(package: &Path) -> Vec<Check> {
    verify::all(package)
}

/// The last or present round of re-verification below `root`. `None`: there was none yet.
pub fn round(root: &Path) -> Option<Round> {
    reverify::round(root)
}

/// The custody record below `root` in order, its chain followed. Empty: nothing was noted yet.
///
/// # Errors
/// The first line that does not link to the one before, in both languages.
pub fn custody(root: &Path) -> Result<Vec<Deed>, Both> {
    custody::read(root)
}

/// Adds a line to the custody record below `root`: what a person did with a package (`verified`, `exported`).
///
/// # Errors
/// [`EvidenceError`]: the disk, or a record whose end is damaged.
pub fn note_custody(
    root: &Path,
    at: Timestamp,
    who: &str,
    what: &str,
    package: &str,
    detail: serde_json::Value,
) -> Result<(), EvidenceError> {
    custody::note(root, at, who, what, package, detail)
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

/// One file of a package as it was kept: `path` as the manifest lists it, at most `most` bytes. Held against the manifest first.
///
/// # Errors
/// [`EvidenceError`]: not listed, larger, or changed since capture.
pub fn file(root: &Path, package: &Path, path: &str, most: u64) -> Result<Vec<u8>, EvidenceError> {
    read::one(root, package, path, most)
}

/// What a list needs of a package, without its dossier: certificate and time-stamps. `package` as for [`read`].
///
/// # Errors
/// [`EvidenceError`].
pub fn glance(root: &Path, package: &Path) -> Result<Glance, EvidenceError> {
    glance::of(&root.join(package))
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
