//! The mark beside the store, `<dir>/records.mark`: schema and number of the last acknowledged transaction, as one short JSON line.
//! Outside the store so that a store which silently lost its tail, or vanished, or was written by a newer program, is known for what it is.
//! Never ahead of the store: it is written after the flush, and need not be synced, since an older mark does no harm.

use crate::records::error::{RecordsError, at};
use crate::records::shelf::SCHEMA;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What the file says. A missing or unreadable file says nothing was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marked {
    /// Schema of the store.
    pub(super) schema: u32,
    /// Number of the last acknowledged transaction.
    pub(super) seq: u64,
}

/// The open mark file.
pub(super) struct Mark {
    file: File,
    seq: u64,
}

impl Mark {
    /// Opens (creates) the mark of `dir` and reads it.
    pub(super) fn open(dir: &Path) -> Result<(Self, Marked), RecordsError> {
        let path = dir.join("records.mark");
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(at(&path))?;
        let mut text = String::new();
        let _ = (&mut file).take(200).read_to_string(&mut text);
        let marked: Marked = serde_json::from_str(&text).unwrap_or_default();
        Ok((Self { file, seq: marked.seq }, marked))
    }
    /// Notes that transaction `seq` was acknowledged. A failure is only told: the mark then stays behind, which is safe.
    pub(super) fn note(&mut self, seq: u64) {
        if seq <= self.seq {
            return;
        }
        let line = serde_json::to_string(&Marked { schema: SCHEMA, seq }).unwrap_or_default();
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(format!("{line:<62}\n").as_bytes()));
        match written {
            Ok(()) => self.seq = seq,
            Err(e) => tracing::warn!("records.mark could not be written ({e}); the store itself is on disk"),
        }
    }
}
