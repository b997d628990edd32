//! The tray: reports left on disk while another process has the store, below `tips/waiting` of the data folder, one file for each command.
//! In: candidates that cli has judged. Out: candidates in records; a file is removed once they are on disk there, so that a crash between
//! the two takes them in again, which changes nothing. A file that cannot be read is put aside under another name and told.

use crate::model::candidate::Candidate;
use crate::model::time::Timestamp;
use crate::net::Clock;
use crate::records::{Records, RecordsError, Run};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Source id of what people report.
pub const TIP: &str = "tip";
/// How often a running watch looks into the tray.
const LOOK: Duration = Duration::from_secs(5);
/// Candidates of one transaction.
const CHUNK: usize = 5_000;
/// Of one file: a whole table of a hot line, some KiB a row.
const MAX_BYTES: u64 = 512 << 20;

/// What one command left.
#[derive(Serialize, Deserialize)]
struct Left {
    /// `tips/1`.
    schema: String,
    at: Timestamp,
    candidates: Vec<Candidate>,
}

/// The tray of one data folder.
#[derive(Debug)]
pub struct Tray {
    dir: PathBuf,
    /// Taken in, but the disk would not remove them: not again by this process.
    stuck: BTreeSet<PathBuf>,
}

impl Tray {
    /// The tray of this data folder. Nothing is read or made yet.
    pub fn of(data_dir: &Path) -> Self {
        Self { dir: data_dir.join("tips/waiting"), stuck: BTreeSet::new() }
    }

    /// Leaves candidates for whoever has the store. When this returns they outlive a power cut.
    ///
    /// # Errors
    /// The disk.
    pub fn leave(&self, candidates: Vec<Candidate>, at: Timestamp) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let text = serde_json::to_vec(&Left { schema: "tips/1".into(), at, candidates })?;
        let name = format!("{:013}-{}", at.millis(), std::process::id());
        let part = self.dir.join(format!("{name}.part"));
        let mut file = File::create(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&part, self.free(&name))?;
        // The folders' entries, too: both may be new.
        [Some(self.dir.as_path()), self.dir.parent(), self.dir.parent().and_then(Path::parent)]
            .into_iter()
            .flatten()
            .try_for_each(|dir| File::open(dir)?.sync_all())
    }
    /// A name that no file has: one process may leave two in the same millisecond.
    fn free(&self, name: &str) -> PathBuf {
        let path = |n: u32| self.dir.join(format!("{name}-{n}.json"));
        (0..u32::MAX).map(path).find(|p| !p.exists()).unwrap_or_else(|| path(u32::MAX))
    }

    /// Takes in what was left, oldest first; how many addresses. What was allowed meanwhile is left out.
    ///
    /// # Errors
    /// The store. What is wrong with a file is logged and stops no other.
    pub fn take_in(&mut self, records: &Records, now: Timestamp) -> Result<u64, RecordsError> {
        let mut taken = 0;
        for path in self.files() {
            let left = match read(&path) {
                Ok(left) => left,
                Err(why) => {
                    tracing::error!("{}: {why}; put aside as {}", path.display(), broken(&path).display());
                    if std::fs::rename(&path, broken(&path)).is_err() {
                        self.stuck.insert(path);
                    }
                    continue;
                }
            };
            let allowed = records.allowed()?;
            let wanted: Vec<Candidate> =
                left.candidates.into_iter().filter(|c| !allowed.iter().any(|entry| entry.covers(&c.host))).collect();
            for chunk in wanted.chunks(CHUNK) {
                let count = chunk.len() as u64;
                let run = Run { at: now, outcome: "ok".into(), why: String::new(), seen: count, screened_in: count, new: 0 };
                let new = records.commit_batch(TIP, chunk.to_vec(), "", &run)?;
                tracing::info!("reports of {}: {count} addresses taken in, {new} new hosts", left.at);
                taken += count;
            }
            if let Err(e) = std::fs::remove_file(&path) {
                tracing::error!("{}: taken in, but it cannot be removed ({e})", path.display());
                self.stuck.insert(path);
            }
        }
        Ok(taken)
    }
    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|e| e.path());
        let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "json") && !self.stuck.contains(p)).collect();
        files.sort();
        files
    }
    /// The same again and again beside a watch; `fresh` is told when something came. Ends only with a fault of the store.
    pub(super) async fn keep_taking_in(mut self, records: Arc<Records>, clock: Clock, fresh: Arc<Notify>) -> RecordsError {
        loop {
            match tokio::task::block_in_place(|| self.take_in(&records, clock.now())) {
                Ok(0) => {}
                Ok(_) => fresh.notify_one(),
                Err(e) => return e,
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn broken(path: &Path) -> PathBuf {
    path.with_extension("broken")
}

fn read(path: &Path) -> Result<Left, String> {
    let bytes = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if bytes > MAX_BYTES {
        return Err(format!("{bytes} bytes are more than any command leaves"));
    }
    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    let left: Left = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    if left.schema == "tips/1" { Ok(left) } else { Err(format!("schema `{}` is not known", left.schema)) }
}
