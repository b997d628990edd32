//! One writer a data folder: an exclusive lock on `<dir>/lock`, with our process id inside for the message to whoever comes second.
//! The system lets go of it when the process ends, however it ends.

use crate::records::error::{RecordsError, at};
use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// How often the lock is asked for, 25 ms apart: a process that was just forked holds a copy of it until it runs its own program.
const TRIES: u32 = 20;

/// Held for as long as it lives.
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of `dir`, creating the folder.
    pub(super) fn take(dir: &Path) -> Result<Self, RecordsError> {
        std::fs::create_dir_all(dir).map_err(at(dir))?;
        let path = dir.join("lock");
        let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(at(&path))?;
        let mut left = TRIES;
        while let Err(refused) = file.try_lock() {
            left -= 1;
            match refused {
                TryLockError::Error(e) => return Err(at(&path)(e)),
                TryLockError::WouldBlock if left == 0 => return Err(RecordsError::InUse { dir: dir.to_owned(), pid: holder(&mut file) }),
                TryLockError::WouldBlock => std::thread::sleep(Duration::from_millis(25)),
            }
        }
        file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes())).map_err(at(&path))?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.take(20).read_to_string(&mut text);
    match text.trim() {
        pid if !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()) => pid.to_owned(),
        _ => "unknown".into(),
    }
}
