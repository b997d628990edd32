//! A list at a URL: fetched to a file of its own, asked for only when it changed, then read like any other.

use crate::net::{FetchRequest, Net};
use crate::sources::names::folder::Found;
use crate::sources::names::place::Places;
use crate::sources::{RunOutcome, off_thread};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use url::Url;

/// A fetched list. Its file is removed with it.
pub(super) struct Feed {
    file: Found,
    etag: Option<String>,
    last_modified: Option<String>,
    _folder: Folder,
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

/// Cap of one fetched list; the largest zones are fetched by other means.
const MAX_LIST_BYTES: u64 = 2 << 30;

/// Fetches `url`, unless (`called`: its name, where another stands in the URL every day) it says that nothing changed since `places`.
///
/// # Errors
/// The outcome of the run: empty (unchanged), blocked, failed.
pub(super) async fn fetch(url: &Url, called: Option<&str>, places: &Places, net: &Net) -> Result<Feed, RunOutcome> {
    // Without what stands behind `?`: keys stand there, and this name is shown and stored.
    let name = called.map_or_else(|| format!("{}{}", url.host_str().unwrap_or_default(), url.path()), str::to_owned);
    let failed = |why: String| RunOutcome::Failed { why: format!("{name}: {why}") };
    let folder = Folder::new().map_err(|e| failed(format!("no folder for temporary files: {e}")))?;
    let path = folder.0.join("list");
    let request =
        FetchRequest { url: url.clone(), method: "GET".into(), headers: only_if_changed(places), body: None, max_body_bytes: None };
    let got = net.fetch_to_file(&request, &path, MAX_LIST_BYTES).await.map_err(|e| failed(e.to_string()))?;
    match got.status {
        200..300 => {}
        304 => return Err(RunOutcome::Empty),
        403 | 429 => return Err(RunOutcome::Blocked { why: format!("{name}: status {}", got.status) }),
        401 => return Err(failed("status 401: it wants a log-in; fetch it to a file and give `path`".into())),
        status => return Err(failed(format!("status {status}"))),
    }
    let hashed = path.clone();
    let mark = off_thread(move || content_mark(&hashed)).await.map_err(|e| failed(e.to_string()))?;
    let header = |wanted: &str| got.headers.iter().find(|(n, _)| n == wanted).map(|(_, v)| v.chars().take(200).collect());
    let (etag, last_modified) = (header("etag"), header("last-modified"));
    Ok(Feed { file: Found { path, shown: name.clone(), name, size: got.bytes, mark }, etag, last_modified, _folder: folder })
}

fn only_if_changed(places: &Places) -> Vec<(String, String)> {
    let etag = places.etag.iter().map(|v| ("if-none-match".to_owned(), v.clone()));
    etag.chain(places.last_modified.iter().map(|v| ("if-modified-since".to_owned(), v.clone()))).collect()
}

/// A new folder that only we can enter, removed with what is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = std::env::temp_dir().join(format!("jianwei-feed-{}-{nanos}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: what is left lies in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
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
