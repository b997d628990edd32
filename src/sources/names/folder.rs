//! Which files there are: one file, or all below a folder in order of path. Hidden ones and unfinished downloads are left out.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Files of one folder that are read.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 16;
/// Endings that a downloader gives to what it has not finished.
const UNFINISHED: [&str; 6] = [".part", ".state", ".tmp", ".crdownload", ".partial", "~"];

/// A file as the disk tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its name in cursors and sightings: the path below the folder, or the file name.
    pub(crate) name: String,
    /// Where a person finds it, for messages.
    pub(crate) shown: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Nanoseconds since 1970, or another number that changes when the content does.
    pub(crate) mark: i64,
}

/// Lists `root`.
///
/// # Errors
/// It is not there, cannot be read, or holds too many files.
pub(crate) fn list(root: &Path) -> Result<Vec<Found>, String> {
    let meta = std::fs::metadata(root).map_err(|e| format!("{}: {e}", root.display()))?;
    let mut files = Vec::new();
    if meta.is_dir() {
        below(root, "", 0, &mut files)?;
    } else {
        let name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        files.push(found(root.to_owned(), name, &meta));
    }
    Ok(files)
}

fn below(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<Found>) -> Result<(), String> {
    let read = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut entries: Vec<_> = read.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let base = entry.file_name().to_string_lossy().into_owned();
        if base.starts_with('.') || UNFINISHED.iter().any(|end| base.ends_with(end)) {
            continue;
        }
        let (path, name) = (entry.path(), format!("{prefix}{base}"));
        // A link to a folder is not followed (it may lead round in a circle); a link to a file is.
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            if depth < MAX_DEPTH {
                below(&path, &format!("{name}/"), depth + 1, files)?;
            }
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_file() => files.push(found(path, name, &meta)),
            Ok(_) => {}
            Err(_) => files.push(Found { shown: path.display().to_string(), path, name, size: 0, mark: 0 }),
        }
        if files.len() > MAX_FILES {
            return Err(format!("{}: over {MAX_FILES} files; keep fewer in one folder", folder.display()));
        }
    }
    Ok(())
}

fn found(path: PathBuf, name: String, meta: &std::fs::Metadata) -> Found {
    let since = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let mark = since.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0);
    Found { shown: path.display().to_string(), path, name, size: meta.len(), mark }
}
