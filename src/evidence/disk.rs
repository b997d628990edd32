//! Packages on disk: built aside, made durable, then given their name in one step. Never overwrites, never leaves half a package under a final name.

use crate::evidence::EvidenceError;
use crate::evidence::contents::File;
use crate::evidence::manifest::{self, Manifest};
use crate::evidence::proof::waiting::{self, Waiting};
use crate::evidence::verify::MAX_FILE_BYTES;
use crate::model::capture::Capture;
use crate::model::digest::{Sha256, Sm3};
use crate::model::lead::PackageRef;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const TMP: &str = ".tmp-";
/// Threads that wait for the disk at once.
const SYNC_THREADS: usize = 8;

/// Writes the package, or returns the one that stands there with the same content.
///
/// `proofs` stand outside the manifest. Where the package is to be stamped, its mark is written before it gets its name.
pub(super) fn keep(
    root: &Path,
    files: &[File],
    manifest: &Manifest,
    proofs: &[File],
    capture: &Capture,
) -> Result<PackageRef, EvidenceError> {
    let id = &manifest.package;
    let path = format!("{}/{id}", &capture.started_at.rfc3339()[..7]);
    let last = root.join(&path);
    if let Some(large) = files.iter().find(|f| f.bytes.len() as u64 > MAX_FILE_BYTES) {
        return Err(EvidenceError::broken(
            &last,
            format!("{} would have {} bytes; at most {MAX_FILE_BYTES}", large.path, large.bytes.len()),
        ));
    }
    if last.symlink_metadata().is_ok() {
        same(&last, files, manifest)?;
        // The process that wrote it may have died before these two were durable.
        sync_folder(last.parent().unwrap_or(root))?;
        sync_folder(root)?;
    } else {
        if let Some(captured_at) = manifest.captured_at.filter(|_| !manifest.stamps.is_empty()) {
            fs::create_dir_all(root).map_err(EvidenceError::io(root))?;
            waiting::mark(root, &Waiting::new(&path, captured_at))?;
        }
        let aside = root.join(format!("{TMP}{id}"));
        let written = write(root, &aside, &last, files, manifest, proofs);
        if let Err(e) = written {
            let _ = fs::remove_dir_all(&aside);
            let _ = waiting::forget(root, &path);
            return Err(e);
        }
    }
    Ok(PackageRef {
        id: id.clone(),
        path,
        manifest_sha256: Sha256::of(&manifest.bytes),
        manifest_sm3: Sm3::of(&manifest.bytes),
        captured_at: capture.started_at,
        outcome: manifest.outcome.clone(),
    })
}

fn same(last: &Path, files: &[File], manifest: &Manifest) -> Result<(), EvidenceError> {
    let ours = files.iter().map(|f| (f.path.as_str(), f.bytes.as_slice())).chain([(manifest::NAME, manifest.bytes.as_slice())]);
    for (path, bytes) in ours {
        let full = last.join(path);
        if fs::read(&full).map_err(EvidenceError::io(&full))? != bytes {
            return Err(EvidenceError::broken(
                last,
                format!("another package stands under this name ({path} differs): it is left as it is"),
            ));
        }
    }
    Ok(())
}

fn write(root: &Path, aside: &Path, last: &Path, files: &[File], manifest: &Manifest, proofs: &[File]) -> Result<(), EvidenceError> {
    let month = last.parent().unwrap_or(root);
    for folder in [root, month] {
        fs::create_dir_all(folder).map_err(EvidenceError::io(folder))?;
    }
    if aside.exists() {
        fs::remove_dir_all(aside).map_err(EvidenceError::io(aside))?;
    }
    fs::create_dir(aside).map_err(EvidenceError::io(aside))?;
    let mut folders = BTreeSet::new();
    let mut written = Vec::new();
    for file in files.iter().chain(proofs) {
        let full = aside.join(&file.path);
        let folder = full.parent().unwrap_or(aside).to_owned();
        if folders.insert(folder.clone()) {
            fs::create_dir_all(&folder).map_err(EvidenceError::io(&folder))?;
        }
        written.push(write_file(full, &file.bytes)?);
    }
    written.push(write_file(aside.join(manifest::NAME), &manifest.bytes)?);
    folders.insert(aside.to_owned());
    if cfg!(unix) {
        for folder in folders {
            let open = fs::File::open(&folder).map_err(EvidenceError::io(&folder))?;
            written.push((folder, open));
        }
    }
    // All of it before the new name; the order among them does not matter, because nothing counts until then.
    sync_all(&written)?;
    fs::rename(aside, last).map_err(EvidenceError::io(last))?;
    sync_folder(month)?;
    sync_folder(root)
}

/// Writes a read-only file; it is not durable yet.
fn write_file(path: PathBuf, bytes: &[u8]) -> Result<(PathBuf, fs::File), EvidenceError> {
    let done = || -> std::io::Result<fs::File> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        file.write_all(bytes)?;
        let mut mode = file.metadata()?.permissions();
        mode.set_readonly(true);
        file.set_permissions(mode)?;
        Ok(file)
    };
    let file = done().map_err(EvidenceError::io(&path))?;
    Ok((path, file))
}

/// Makes files and folders durable, several at once: the disk then answers many with one flush.
fn sync_all(files: &[(PathBuf, fs::File)]) -> Result<(), EvidenceError> {
    let share = files.len().div_ceil(SYNC_THREADS).max(1);
    let sync = |part: &[(PathBuf, fs::File)]| part.iter().try_for_each(|(path, file)| file.sync_all().map_err(EvidenceError::io(path)));
    std::thread::scope(|scope| {
        let mut parts = Vec::new();
        for part in files.chunks(share) {
            let started = std::thread::Builder::new().spawn_scoped(scope, move || sync(part));
            parts.push(started.map_err(EvidenceError::io(&part[0].0))?);
        }
        parts.into_iter().try_for_each(|part| part.join().expect("syncing does not panic"))
    })
}

/// Makes the entries of a folder durable. Only Unix lets a folder be opened and synced.
fn sync_folder(path: &Path) -> Result<(), EvidenceError> {
    if cfg!(unix) {
        fs::File::open(path).and_then(|f| f.sync_all()).map_err(EvidenceError::io(path))?;
    }
    Ok(())
}

/// Is it the name of a package: `EV-20260103T021455Z-7f3a9c01`?
pub(super) fn is_package_name(name: &str) -> bool {
    let b = name.as_bytes();
    b.len() == 28
        && name.starts_with("EV-")
        && b[3..19].iter().enumerate().all(|(i, c)| match i {
            8 => *c == b'T',
            15 => *c == b'Z',
            _ => c.is_ascii_digit(),
        })
        && b[19] == b'-'
        && b[20..].iter().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_month(name: &str) -> bool {
    let b = name.as_bytes();
    b.len() == 7 && b[4] == b'-' && b.iter().enumerate().all(|(i, c)| i == 4 || c.is_ascii_digit())
}

/// Package folders directly below `root` or below its month folders, oldest first. No `root`: none.
pub(super) fn packages(root: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    let mut found = Vec::new();
    for (name, path) in folders(root)? {
        if is_package_name(&name) {
            found.push((name, path));
        } else if is_month(&name) {
            found.extend(folders(&path)?.into_iter().filter(|(n, _)| is_package_name(n)));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Writes one file beside a package or into its `proof/`: aside, durable, then under its name in one step.
pub(super) fn place(root: &Path, path: &Path, bytes: &[u8], read_only: bool) -> Result<(), EvidenceError> {
    static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let folder = path.parent().unwrap_or(root);
    if !folder.is_dir() {
        fs::create_dir_all(folder).map_err(EvidenceError::io(folder))?;
        sync_folder(folder.parent().unwrap_or(root))?;
    }
    let n = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let aside = root.join(format!("{TMP}file-{}-{n}", std::process::id()));
    let done = || -> std::io::Result<()> {
        let mut file = fs::File::create(&aside)?;
        file.write_all(bytes)?;
        if read_only {
            let mut mode = file.metadata()?.permissions();
            mode.set_readonly(true);
            file.set_permissions(mode)?;
        }
        file.sync_all()?;
        fs::rename(&aside, path)
    };
    done().map_err(EvidenceError::io(path)).inspect_err(|_| drop(fs::remove_file(&aside)))?;
    sync_folder(folder)
}

/// Removes half-written packages and files.
pub(super) fn sweep(root: &Path) -> Result<usize, EvidenceError> {
    let mut swept = 0;
    for (_, path) in folders(root)?.into_iter().filter(|(name, _)| name.starts_with(TMP)) {
        fs::remove_dir_all(&path).map_err(EvidenceError::io(&path))?;
        swept += 1;
    }
    // Read again: most folders hold no such file, and then this is one call.
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(&format!("{TMP}file-"));
        if ours && entry.file_type().is_ok_and(|t| t.is_file()) {
            fs::remove_file(entry.path()).map_err(EvidenceError::io(&entry.path()))?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// Real folders (no links) in `root` with their names; empty where `root` is absent.
fn folders(root: &Path) -> Result<Vec<(String, PathBuf)>, EvidenceError> {
    let entries = match fs::read_dir(root) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(EvidenceError::io(root))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(EvidenceError::io(root))?;
        if entry.file_type().map_err(EvidenceError::io(root))?.is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    Ok(found)
}
