//! A list at a URL: fetched to a file of its own, asked for only when it changed, then read like any other.

use crate::net::Net;
use crate::sources::RunOutcome;
use crate::sources::names::folder::Found;
use crate::sources::names::place::Places;
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use url::Url;

/// A fetched list. Its file is removed with it.
pub(super) struct Feed {
    folder: PathBuf,
    file: Found,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Feed {
    /// The file, as a folder of one.
    pub(super) fn files(&self) -> Vec<Found> {
        vec![self.file.clone()]
    }
    /// What the server said of its state: `ETag` and `Last-Modified`.
    pub(super) fn state(&self) -> (Option<String>, Option<String>) {
        (self.etag.clone(), self.last_modified.clone())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // Best effort: what is left lies in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Fetches `url`, unless it says that nothing changed since `places`.
///
/// # Errors
/// The outcome of the run: empty (unchanged), blocked, failed.
pub(super) async fn fetch(url: &Url, _places: &Places, _net: &Net) -> Result<Feed, RunOutcome> {
    let folder = private_folder().map_err(|e| RunOutcome::Failed { why: format!("no folder for temporary files: {e}") })?;
    let _ = std::fs::remove_dir_all(&folder);
    Err(RunOutcome::Failed { why: format!("{url}: lists are not fetched by this version; fetch it to a file and give `path`") })
}

/// A new folder that only we can enter.
fn private_folder() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let path = std::env::temp_dir().join(format!("jianwei-feed-{}-{nanos}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

/// A number that changes when the content does.
fn content_mark(path: &Path) -> std::io::Result<i64> {
    let mut file = std::fs::File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    Ok(i64::from_be_bytes(hash[..8].try_into().expect("eight of thirty-two bytes")))
}
