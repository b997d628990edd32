//! The journal: every human decision, one JSON line each, append-only, fsynced, each line carrying the hash of the line before.
//! It is the truth; the store is an index over it. A line torn by a crash was never acknowledged and is set aside in `journal.jsonl.torn`.
//! A broken chain is told, never mended: whoever reads the journal in court must see it.

use crate::model::allow::AllowMove;
use crate::model::cluster::ClusterMove;
use crate::model::digest::Sha256;
use crate::model::lead::{LeadId, Move};
use crate::model::referral::PaperMove;
use crate::model::time::Timestamp;
use crate::records::account::Deed;
use crate::records::error::{RecordsError, at};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Longest line that is read as a decision, in bytes; a longer one is a fault.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// One decision as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// 1 for the first line.
    pub(super) seq: u64,
    /// When.
    pub(super) at: Timestamp,
    /// Who.
    pub(super) by: String,
    /// On what, and what.
    #[serde(flatten)]
    pub(super) what: Said,
    /// SHA-256 of the bytes of the line before, without its line feed; 64 zeros in the first.
    pub(super) prev: Sha256,
}

/// What a line says: of a lead, of a host, or of which hosts belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// A decision on a lead.
    Lead {
        /// Which.
        lead: LeadId,
        /// What.
        #[serde(flatten)]
        what: Move,
    },
    /// The allow-list.
    Host(AllowMove),
    /// A letter, what came back, or the monthly form.
    Paper(PaperMove),
    /// An account, or what its person did besides leads.
    Person {
        /// Whose account.
        person: String,
        /// What.
        #[serde(flatten)]
        what: Deed,
    },
    /// Clusters.
    Clusters(ClusterMove),
}

/// The last line: its number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// 0: no line yet.
    pub(super) seq: u64,
    /// SHA-256 of that line's bytes; zeros where there is none.
    pub(super) hash: Sha256,
}

impl Default for Head {
    fn default() -> Self {
        Self { seq: 0, hash: Sha256::from_bytes([0; 32]) }
    }
}

/// What a reading of the journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JournalCheck {
    /// Lines read.
    pub lines: u64,
    /// What is wrong, one sentence each with the 1-based line; empty: the chain is whole. At most 100 are kept.
    pub faults: Vec<String>,
}

/// Everything that a reading gives.
pub(super) struct Reading {
    /// Lines that could be read, with their hashes, in order.
    pub(super) entries: Vec<(Entry, Sha256)>,
    /// The chain's state.
    pub(super) check: JournalCheck,
    /// Last line.
    pub(super) head: Head,
}

/// The open journal of one data folder.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    head: Head,
    broken: bool,
}

impl Journal {
    /// Opens (creates) `<dir>/journal.jsonl`, sets a torn tail aside, and reads it all.
    pub(super) fn open(dir: &Path) -> Result<(Self, Reading), RecordsError> {
        let path = dir.join("journal.jsonl");
        let fresh = !path.exists();
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(at(&path))?;
        if fresh {
            sync_folder(dir)?;
        }
        mend_tail(&path, &mut file).map_err(at(&path))?;
        let reading = read(&path)?;
        let head = reading.head;
        Ok((Self { path, file, head, broken: false }, reading))
    }
    /// Reads the file again from disk and checks the chain.
    pub(super) fn read(&self) -> Result<Reading, RecordsError> {
        read(&self.path)
    }
    /// Goes on from the line that the store remembers where the file does not end in it: were the changed or shortened file simply
    /// continued, the next line would vouch for it.
    pub(super) fn continue_from(&mut self, known: Head) {
        if known.seq >= self.head.seq {
            self.head = known;
        }
    }
    /// Appends one decision; on disk when this returns. On failure the file is as before, or closed to further lines.
    pub(super) fn append(&mut self, at_: Timestamp, by: &str, what: Said) -> Result<Head, RecordsError> {
        let store = |why: String| RecordsError::Store { path: self.path.clone(), why };
        if self.broken {
            return Err(store("closed after an earlier write error; start again".into()));
        }
        let entry = Entry { seq: self.head.seq + 1, at: at_, by: by.to_owned(), what, prev: self.head.hash };
        let mut line = serde_json::to_vec(&entry).map_err(|e| store(e.to_string()))?;
        if line.len() as u64 >= MAX_LINE_BYTES {
            return Err(store(format!("a decision of {} bytes is too long (limit {MAX_LINE_BYTES}); shorten the reason", line.len())));
        }
        let head = Head { seq: entry.seq, hash: Sha256::of(&line) };
        line.push(b'\n');
        let before = self.file.seek(SeekFrom::End(0)).map_err(at(&self.path))?;
        if let Err(e) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            self.broken = self.file.set_len(before).and_then(|()| self.file.sync_data()).is_err();
            return Err(at(&self.path)(e));
        }
        self.head = head;
        Ok(head)
    }
}

/// Makes a new or renamed entry of a folder outlive a power cut.
pub(super) fn sync_folder(dir: &Path) -> Result<(), RecordsError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(at(dir))
}

/// A last line without line feed: completed where it is whole, else moved to `.torn` and cut off.
fn mend_tail(path: &Path, file: &mut File) -> std::io::Result<()> {
    let len = file.seek(SeekFrom::End(0))?;
    let window = len.min(MAX_LINE_BYTES);
    file.seek(SeekFrom::Start(len - window))?;
    let mut tail = Vec::new();
    file.take(window).read_to_end(&mut tail)?;
    let torn_from = tail.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let torn = &tail[torn_from..];
    if torn.is_empty() {
        return Ok(());
    }
    if serde_json::from_slice::<Entry>(torn).is_ok() {
        file.seek(SeekFrom::End(0))?;
        file.write_all(b"\n")?;
        return file.sync_data();
    }
    let aside = path.with_extension("jsonl.torn");
    let mut kept = File::options().create(true).append(true).open(&aside)?;
    kept.write_all(torn)?;
    kept.write_all(b"\n")?;
    kept.sync_data()?;
    file.set_len(len - torn.len() as u64)?;
    file.sync_data()?;
    tracing::warn!("{}: its last line was torn by a crash and never acknowledged; moved to {}", path.display(), aside.display());
    Ok(())
}

pub(super) fn read(path: &Path) -> Result<Reading, RecordsError> {
    read_lines(path, true)
}

/// Reads the file of a program that may be writing: a last line without its line feed is not there yet.
pub(super) fn read_beside(path: &Path) -> Result<Reading, RecordsError> {
    read_lines(path, false)
}

fn read_lines(path: &Path, tail: bool) -> Result<Reading, RecordsError> {
    let mut lines = BufReader::new(File::open(path).map_err(at(path))?);
    let mut reading = Reading { entries: Vec::new(), check: JournalCheck::default(), head: Head::default() };
    loop {
        let mut line = Vec::new();
        let got = lines.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(at(path))?;
        if got == 0 {
            return Ok(reading);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if !tail && (got as u64) < MAX_LINE_BYTES {
            return Ok(reading);
        }
        follow(&mut reading, &line);
    }
}

/// Checks one line against the chain so far and takes it in.
fn follow(reading: &mut Reading, line: &[u8]) {
    reading.check.lines += 1;
    let n = reading.check.lines;
    let hash = Sha256::of(line);
    let mut fault = |text: String| {
        if reading.check.faults.len() < 100 {
            reading.check.faults.push(format!("journal line {n}: {text}"));
        }
    };
    match serde_json::from_slice::<Entry>(line) {
        Ok(entry) => {
            if entry.prev != reading.head.hash {
                fault("does not follow the line before it; one of the two was changed, added or removed".into());
            }
            if entry.seq != reading.head.seq + 1 {
                fault(format!("is number {}, expected {}", entry.seq, reading.head.seq + 1));
            }
            reading.head = Head { seq: entry.seq.max(reading.head.seq), hash };
            reading.entries.push((entry, hash));
        }
        Err(e) => {
            fault(format!("cannot be read: {e}"));
            reading.head = Head { seq: reading.head.seq + 1, hash };
        }
    }
}
