//! Backup: a consistent copy of store, journal and accounts beside a running watch, and the way back.
//! While the store's files are copied its writers wait, as [`GATE`] is locked: writers share it, the copier has it alone, and the system lets go of it
//! should either die. The copy is opened and held against its own fingerprint before it counts. Packages are plain files: only their list is here.

use crate::model::digest::Sha256;
use crate::records::embedded::Embedded;
use crate::records::error::{RecordsError, at};
use crate::records::journal::sync_folder;
use crate::records::mark::{Mark, Marked};
use crate::records::shelf::{Found, Shelf};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Beside the store: who writes holds it with others, who copies holds it alone.
pub(super) const GATE: &str = "records.gate";
/// Files of the data folder that go along, besides the store. The journal comes after the store: it may be ahead of it, never behind.
const FILES: [&str; 2] = ["journal.jsonl", "people.json"];
const STORE: &str = "records";
const MARK: &str = "records.mark";
/// What says that a backup is whole.
const LIST: &str = "backup.json";
const SCHEMA: &str = "backup/1";
/// How often the copy is made again where the first does not hold.
const TRIES: u32 = 3;
/// Largest list that is read.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Below the backup's folder.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: Sha256,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// `backup/1`.
    pub schema: String,
    /// Number of the last transaction of the store that is in it.
    pub seq: u64,
    /// Its files.
    pub files: Vec<Copied>,
    /// The packages that were there: path below the evidence folder, and the SHA-256 of each manifest.
    pub packages: Vec<(String, Sha256)>,
}

/// Copies store, journal and accounts of the data folder `dir` to the new folder `to`, which appears whole or not at all.
/// Takes no lock of the folder: a running watch waits for some moments, and goes on.
///
/// # Errors
/// [`RecordsError`]: `to` is there already, the disk, or a store whose copy does not hold after several tries.
pub fn back_up(dir: &Path, to: &Path, packages: Vec<(String, Sha256)>) -> Result<Backup, RecordsError> {
    let refused = |path: &Path, why: &str| RecordsError::Store { path: path.to_owned(), why: why.to_owned() };
    if to.symlink_metadata().is_ok() {
        return Err(refused(to, "is there already; give a new folder, a backup overwrites nothing"));
    }
    if !dir.join(STORE).is_dir() {
        return Err(refused(dir, "holds no store to back up; check [data] dir"));
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let made = fill(dir, &part, packages);
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&part);
    }
    let backup = made?;
    std::fs::rename(&part, to).map_err(at(to))?;
    sync_folder(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    Ok(backup)
}

fn fill(dir: &Path, part: &Path, packages: Vec<(String, Sha256)>) -> Result<Backup, RecordsError> {
    if part.exists() {
        std::fs::remove_dir_all(part).map_err(at(part))?;
    }
    std::fs::create_dir_all(part).map_err(at(part))?;
    let mut files = Vec::new();
    let seq = {
        let gate_path = dir.join(GATE);
        let gate = File::options().create(true).truncate(false).write(true).open(&gate_path).map_err(at(&gate_path))?;
        gate.lock().map_err(at(&gate_path))?;
        store(dir, part, &mut files)?
    };
    for name in FILES {
        let from = dir.join(name);
        if from.exists() {
            files.push(copy(&from, &part.join(name), name, name.ends_with(".jsonl"))?);
        }
    }
    let backup = Backup { schema: SCHEMA.into(), seq, files, packages };
    let list = part.join(LIST);
    let text = serde_json::to_vec_pretty(&backup).map_err(|e| RecordsError::Store { path: list.clone(), why: e.to_string() })?;
    std::fs::write(&list, text).and_then(|()| File::open(&list)?.sync_all()).map_err(at(&list))?;
    sync_folder(part)?;
    Ok(backup)
}

/// Copies the store's files until the copy holds by its own fingerprint. Gives its last transaction's number.
fn store(dir: &Path, part: &Path, files: &mut Vec<Copied>) -> Result<u64, RecordsError> {
    let (from, to) = (dir.join(STORE), part.join(STORE));
    let mut why = String::new();
    for left in (0..TRIES).rev() {
        // What was acknowledged before the copy began must be in it.
        let marked = Mark::open(dir)?.1;
        if to.exists() {
            std::fs::remove_dir_all(&to).map_err(at(&to))?;
        }
        let copied = copy_folder(&from, &to, STORE)?;
        match held(&to, part, marked) {
            Ok(seq) => {
                files.extend(copied);
                let mark =
                    serde_json::to_vec(&Marked { seq, ..marked }).map_err(|e| RecordsError::Store { path: to, why: e.to_string() })?;
                let path = part.join(MARK);
                std::fs::write(&path, &mark).and_then(|()| File::open(&path)?.sync_all()).map_err(at(&path))?;
                files.push(Copied { path: MARK.into(), bytes: mark.len() as u64, sha256: Sha256::of(&mark) });
                return Ok(seq);
            }
            Err(fault) => why = fault,
        }
        if left > 0 {
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    Err(RecordsError::Store { path: from, why: format!("its copy does not hold ({why}); try again, or stop the watch for the backup") })
}

/// Opens a copy of the copy, so that opening changes nothing of what was copied and hashed.
fn held(copied: &Path, part: &Path, marked: Marked) -> Result<u64, String> {
    let trial = part.join("trial");
    let tried = copy_folder(copied, &trial, STORE).map_err(|e| e.to_string()).and_then(|_| {
        let store = Embedded::open(&trial).map_err(|f| f.to_string())?;
        match Shelf::read(Box::new(store)).map_err(|f| f.to_string())? {
            Found::Whole(shelf) if shelf.view().meta.seq >= marked.seq => Ok(shelf.view().meta.seq),
            Found::Whole(shelf) => Err(format!("it ends at change {}, but {} was acknowledged", shelf.view().meta.seq, marked.seq)),
            Found::Fresh if marked.seq == 0 => Ok(0),
            Found::Fresh => Err("it is empty".into()),
            Found::Newer(schema) => Err(format!("it was written by a newer jianwei (schema {schema})")),
        }
    });
    let removed = std::fs::remove_dir_all(&trial);
    tried.and_then(|seq| removed.map(|()| seq).map_err(|e| e.to_string()))
}

fn copy_folder(from: &Path, to: &Path, name: &str) -> Result<Vec<Copied>, RecordsError> {
    std::fs::create_dir_all(to).map_err(at(to))?;
    let mut all = Vec::new();
    for entry in std::fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (path, file) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let below = format!("{name}/{file}");
        if path.is_dir() {
            all.extend(copy_folder(&path, &to.join(&file), &below)?);
        } else if !(file.starts_with("snap.") && file.ends_with(".generating")) {
            all.push(copy(&path, &to.join(&file), &below, false)?);
        }
    }
    sync_folder(to)?;
    Ok(all)
}

/// Copies one file, durably, and hashes what was written. `lines`: only whole lines; the last one may be just being written.
fn copy(from: &Path, to: &Path, name: &str, lines: bool) -> Result<Copied, RecordsError> {
    use std::io::Write as _;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(to).map_err(at(to))?;
    let mut input = File::open(from).map_err(at(from))?;
    let (mut hash, mut total, mut piece): (sha2::Sha256, u64, Vec<u8>) = (sha2::Digest::new(), 0, vec![0; 1 << 20]);
    let mut half: Vec<u8> = Vec::new();
    loop {
        let got = input.read(&mut piece).map_err(at(from))?;
        if got == 0 {
            break;
        }
        let mut bytes = piece[..got].to_vec();
        if lines {
            let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
            let rest = bytes.split_off(whole);
            if whole == 0 {
                half.extend(rest);
                continue;
            }
            bytes = [std::mem::replace(&mut half, rest), bytes].concat();
        }
        file.write_all(&bytes).map_err(at(to))?;
        sha2::Digest::update(&mut hash, &bytes);
        total += bytes.len() as u64;
    }
    file.sync_all().map_err(at(to))?;
    Ok(Copied { path: name.to_owned(), bytes: total, sha256: Sha256::from_bytes(sha2::Digest::finalize(hash).into()) })
}

/// Puts a backup into the data folder `dir`, which must hold neither store nor journal nor accounts: nothing is overwritten.
/// Every file is held against the backup's list first.
///
/// # Errors
/// [`RecordsError`]: the folder holds something already, the backup is not whole, or the disk.
pub fn restore(from: &Path, dir: &Path) -> Result<Backup, RecordsError> {
    let refused = |path: &Path, why: String| RecordsError::Store { path: path.to_owned(), why };
    for name in FILES.into_iter().chain([STORE, MARK]) {
        let there = dir.join(name);
        // An empty journal holds nothing that could be lost.
        if there.symlink_metadata().is_ok_and(|m| m.is_dir() || m.len() > 0) {
            return Err(refused(&there, "is there already: a restore overwrites nothing; give an empty [data] dir".into()));
        }
    }
    let list = from.join(LIST);
    let mut text = Vec::new();
    File::open(&list).and_then(|f| f.take(MAX_LIST_BYTES).read_to_end(&mut text)).map_err(at(&list))?;
    let backup: Backup = serde_json::from_slice(&text).map_err(|e| refused(&list, format!("is no list of a backup: {e}")))?;
    if backup.schema != SCHEMA {
        return Err(refused(&list, format!("schema `{}` is not `{SCHEMA}`", backup.schema.escape_debug())));
    }
    let known = |path: &str| FILES.contains(&path) || path == MARK || path.strip_prefix("records/").is_some_and(plain);
    for file in &backup.files {
        let path = from.join(&file.path);
        if !known(&file.path) {
            return Err(refused(&list, format!("names `{}`, which is no file of a backup", file.path.escape_debug())));
        }
        if hash_of(&path)? != file.sha256 {
            return Err(refused(&path, "changed since the backup was made (SHA-256 differs from backup.json)".into()));
        }
    }
    std::fs::create_dir_all(dir).map_err(at(dir))?;
    // The journal and the mark last: until they are there, an interrupted restore is a folder without decisions, and is told as such.
    let order = |file: &&Copied| usize::from(!file.path.starts_with("records/"));
    let mut files: Vec<&Copied> = backup.files.iter().collect();
    files.sort_by_key(order);
    for file in files {
        let to = dir.join(&file.path);
        let folder = to.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).map_err(at(folder))?;
        let _ = std::fs::remove_file(&to);
        copy(&from.join(&file.path), &to, &file.path, false)?;
    }
    sync_folder(dir)?;
    Ok(backup)
}

fn hash_of(path: &Path) -> Result<Sha256, RecordsError> {
    let mut hash: sha2::Sha256 = sha2::Digest::new();
    let mut input = File::open(path).map_err(at(path))?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match input.read(&mut piece).map_err(at(path))? {
            0 => return Ok(Sha256::from_bytes(sha2::Digest::finalize(hash).into())),
            got => sha2::Digest::update(&mut hash, &piece[..got]),
        }
    }
}

/// A path below the store's folder that stays in it.
fn plain(path: &str) -> bool {
    path.len() <= 200 && path.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']))
}
