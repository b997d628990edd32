//! The embedded back end: sled 0.34, under the rules that its crash behaviour asks for.
//! One tree, because a sled batch is atomic across a crash within one log reservation, and one tree keeps every row of a transaction in it.
//! Stale `snap.*.generating` files go before open; every call is fenced against panics; a fault stops the store until the next start.

use crate::records::backup::GATE;
use crate::records::store::{Changes, Fault, Row, Store};
use std::any::Any;
use std::cell::Cell;
use std::fs::File;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};
use std::time::Duration;

/// sled's page cache in bytes for a store that is smaller: above the data of a city, below the memory promise of a scan.
const CACHE_BYTES: u64 = 256 << 20;
/// Its upper bound. With less cache than data sled 0.34 slows a hundredfold and its memory grows all the same.
const MAX_CACHE_BYTES: u64 = 2 << 30;
/// Bytes that must be free before sled is let near the disk: its snapshot, two segments, and some.
const HEADROOM_BYTES: usize = 4 << 20;
/// How often, 100 ms apart, a lock that a dying store still holds is asked for again.
const LOCK_TRIES: u32 = 50;

/// An open sled database.
pub(super) struct Embedded {
    db: Option<sled::Db>,
    /// sled's log once more, to sync it ourselves.
    log: File,
    blobs: PathBuf,
    /// Held with other writers while something is written: whoever copies the store has it alone.
    gate: PathBuf,
    stopped: OnceLock<Fault>,
}

impl Embedded {
    /// Opens or creates the database in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, Fault> {
        std::fs::create_dir_all(dir).map_err(|e| of_io(&e))?;
        sweep(dir, |name| name.starts_with("snap.") && name.ends_with(".generating"))?;
        ask_for_room(dir)?;
        let config = sled::Config::new().path(dir).cache_capacity(cache_for(dir)).flush_every_ms(None);
        for left in (0..LOCK_TRIES).rev() {
            match fenced(|| config.open()) {
                Err(Fault::Machine(why)) if why.contains("could not acquire lock") && left > 0 => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(fault) => return Err(fault),
                Ok(db) => return Self::around(db, dir),
            }
        }
        Err(Fault::Machine("the store is still held by a thread that is ending; try again".into()))
    }
    fn around(db: sled::Db, dir: &Path) -> Result<Self, Fault> {
        let log = File::open(dir.join("db")).map_err(|e| of_io(&e))?;
        File::open(dir).and_then(|d| d.sync_all()).map_err(|e| of_io(&e))?;
        let gate = dir.parent().unwrap_or(dir).join(GATE);
        Ok(Self { db: Some(db), log, blobs: dir.join("blobs"), gate, stopped: OnceLock::new() })
    }
    /// Removes all snapshots: sled then reads its whole log again. Helps where only a snapshot is damaged.
    pub(super) fn forget_snapshots(dir: &Path) -> Result<(), Fault> {
        sweep(dir, |name| name.starts_with("snap."))
    }
    /// Waits while the store is copied. The file lets others in when it is dropped.
    fn pass(&self) -> Result<File, Fault> {
        let gate = File::options().create(true).truncate(false).write(true).open(&self.gate).map_err(|e| of_io(&e))?;
        gate.lock_shared().map_err(|e| of_io(&e))?;
        Ok(gate)
    }
    fn on<T>(&self, what: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Fault> {
        if let Some(fault) = self.stopped.get() {
            return Err(fault.clone());
        }
        let db = self.db.as_ref().expect("only drop takes it");
        fenced(|| what(db)).inspect_err(|fault| {
            let _ = self.stopped.set(Fault::Machine(format!("stopped after an earlier fault, start again: {fault}")));
        })
    }
}

impl Store for Embedded {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.on(|db| Ok(db.get(key)?.map(|v| v.to_vec())))
    }
    fn scan(&self, from: &[u8], to: &[u8], row: Row<'_>) -> Result<(), Fault> {
        self.on(|db| {
            for pair in db.range(from..to) {
                let (key, value) = pair?;
                if row(&key, &value).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
    fn apply(&self, changes: &Changes) -> Result<(), Fault> {
        let _gate = self.pass()?;
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        self.on(|db| db.apply_batch(batch))
    }
    /// sled's own flush ends in `sync_file_range` on Linux, which leaves a grown file's length and the disk's cache behind, and it never
    /// syncs the blob files that hold rows near its segment size; its timer would, but an acknowledgement cannot wait for a timer.
    fn flush(&self) -> Result<(), Fault> {
        let _gate = self.pass()?;
        self.on(|db| {
            db.flush()?;
            for blob in std::fs::read_dir(&self.blobs)?.flatten() {
                match File::open(blob.path()) {
                    Ok(file) => file.sync_data()?,
                    // Collected by sled since it was listed.
                    Err(e) if e.kind() == ErrorKind::NotFound => {}
                    Err(e) => return Err(e.into()),
                }
            }
            Ok(self.log.sync_data()?)
        })
    }
}

impl Drop for Embedded {
    /// sled flushes once more as it goes and panics where that fails; all that was acknowledged is on disk already.
    fn drop(&mut self) {
        let db = self.db.take();
        if let Err(fault) = fenced(move || {
            drop(db);
            Ok(())
        }) {
            tracing::warn!("the store did not close cleanly ({fault}); what was acknowledged is on disk");
        }
    }
}

/// The cache that the store in `dir` needs: never less than its file, up to the bound.
fn cache_for(dir: &Path) -> u64 {
    let data = std::fs::metadata(dir.join("db")).map_or(0, |m| m.len());
    if data > MAX_CACHE_BYTES {
        tracing::warn!("{}: {} MiB have outgrown the embedded store; expect it to be slow and large in memory", dir.display(), data >> 20);
    }
    data.clamp(CACHE_BYTES, MAX_CACHE_BYTES)
}

/// Fails, before sled does so in its own threads, when the disk has no room.
fn ask_for_room(dir: &Path) -> Result<(), Fault> {
    let probe = dir.join("room.probe");
    let asked = std::fs::write(&probe, vec![1u8; HEADROOM_BYTES]);
    let _ = std::fs::remove_file(&probe);
    asked.map_err(|e| of_io(&e))
}

fn sweep(dir: &Path, gone: impl Fn(&str) -> bool) -> Result<(), Fault> {
    for entry in std::fs::read_dir(dir).map_err(|e| of_io(&e))?.flatten() {
        if entry.file_name().to_str().is_some_and(&gone) {
            std::fs::remove_file(entry.path()).map_err(|e| of_io(&e))?;
        }
    }
    Ok(())
}

/// Calls into sled; an error or a panic comes back as a [`Fault`].
fn fenced<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Fault> {
    hush_fenced_panics();
    FENCED.set(FENCED.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(call));
    FENCED.set(FENCED.get() - 1);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(of_sled(&error)),
        Err(panic) => Err(of_panic(panic.as_ref())),
    }
}

thread_local! {
    static FENCED: Cell<u32> = const { Cell::new(0) };
}

/// A panic that the fence catches is told once, as a fault, not also as a back trace on stderr.
fn hush_fenced_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if FENCED.get() == 0 {
                before(info);
            }
        }));
    });
}

fn of_sled(error: &sled::Error) -> Fault {
    match error {
        sled::Error::Io(e) => of_io(e),
        sled::Error::Corruption { at, .. } => Fault::Damaged(format!("damaged at {at:?}")),
        other => Fault::Damaged(other.to_string().replace('\n', " ")),
    }
}

fn of_io(error: &std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Fault::Damaged(error.to_string()),
        _ => Fault::Machine(in_words(&error.to_string())),
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> Fault {
    let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    let line: String = text.unwrap_or_else(|| "panicked".into()).replace('\n', " ").chars().take(200).collect();
    let machine = ["StorageFull", "No space left", "PermissionDenied", "ReadOnlyFilesystem", "could not acquire lock"];
    if machine.iter().any(|m| line.contains(m)) { Fault::Machine(in_words(&line)) } else { Fault::Damaged(line) }
}

fn in_words(text: &str) -> String {
    if text.contains("No space left") || text.contains("StorageFull") {
        return "no space left on the disk; make room and start again".into();
    }
    text.replace('\n', " ")
}
