//! Pictures of captured pages: whatever image a package's manifest lists, and nothing else of it. Held against the manifest's hash, type taken from the
//! bytes, served with a policy that lets it do nothing. Reads packages, never writes them.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::pages::lead::official_package;
use crate::console::pages::moves::refused;
use crate::model::digest::Sha256;
use crate::model::lead::{Lead, Move, PackageRef};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest manifest, in bytes.
const MAX_MANIFEST: u64 = 4 << 20;
/// Largest picture that is served, in bytes.
const MAX_PICTURE: u64 = 24 << 20;
/// The replay file of a package, and how large one is served, in bytes.
const REPLAY: &str = "capture.wacz";
const MAX_REPLAY: u64 = 128 << 20;
/// Pictures of a package that are shown.
const MAX_PICTURES: usize = 24;

/// One picture that a manifest lists.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Picture {
    /// Path in the package.
    pub(super) path: String,
    bytes: u64,
    sha256: Sha256,
    media_type: String,
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<Picture>,
}

/// A package's folder below `root`. `None`: the stored path is no plain path.
fn folder(root: &Path, package: &str) -> Option<PathBuf> {
    plain(package).then(|| root.join(package))
}

fn plain(path: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p != "." && p != ".." && !p.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'));
    path.len() <= 400 && path.split('/').all(part)
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let meta = std::fs::symlink_metadata(path).ok().filter(|m| m.is_file() && m.len() <= most)?;
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).ok()?);
    std::fs::File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The pictures that a package lists, in the manifest's order.
pub(super) fn of(root: &Path, package: &str) -> Vec<Picture> {
    let manifest = folder(root, package).and_then(|f| read(&f.join("manifest.json"), MAX_MANIFEST));
    let listing: Option<Listing> = manifest.and_then(|m| serde_json::from_slice(&m).ok());
    let pictures = listing.into_iter().flat_map(|l| l.files);
    let good = |p: &Picture| matches!(p.media_type.as_str(), "image/png" | "image/jpeg" | "image/webp") && plain(&p.path);
    // Those seen on the page (a seller's QR code) are the page's own files; ours are screenshots and views.
    pictures.filter(|p| good(p) && p.bytes <= MAX_PICTURE).take(MAX_PICTURES).collect()
}

/// Number of the picture for the queue: the first window where there is one, else the smallest.
pub(super) fn thumbnail(root: &Path, package: &str) -> Option<usize> {
    let all = of(root, package);
    let first = all.iter().position(|p| p.path == "view/viewport.png");
    first.or_else(|| all.iter().enumerate().min_by_key(|(_, p)| p.bytes).map(|(n, _)| n))
}

/// May a replay show files of this media type?
pub(super) fn is_shown(media: &str) -> bool {
    matches!(
        media,
        "image/png"
            | "image/jpeg"
            | "image/gif"
            | "image/webp"
            | "image/bmp"
            | "image/svg+xml"
            | "image/x-icon"
            | "image/vnd.microsoft.icon"
    )
}

/// Is there a replay file in the package?
pub(super) fn has_replay(root: &Path, package: &str) -> bool {
    folder(root, package).is_some_and(|f| f.join(REPLAY).is_file())
}

/// The type that the first bytes show. `None`: no picture that we serve.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// The package that the path's second value names: an id of a package of this lead, or `last`.
pub(super) fn package_of(lead: &Lead, call: &Call) -> Result<PackageRef, Refusal> {
    let wanted = call.path.get(1).map(String::as_str).unwrap_or_default();
    let package = if wanted == "last" { lead.packages.last() } else { lead.packages.iter().find(|p| p.id == wanted) };
    package.cloned().ok_or(Refusal::NotFound)
}

/// The `n`th picture of a package with its type, held against the manifest. `None`: there is none, or it is not what the manifest lists.
pub(super) fn bytes(desk: &Desk, package: &str, n: usize) -> Option<(&'static str, Vec<u8>)> {
    let picture = of(&desk.evidence, package).into_iter().nth(n)?;
    let bytes = read(&folder(&desk.evidence, package)?.join(&picture.path), MAX_PICTURE)?;
    let media = sniff(&bytes)?;
    if Sha256::of(&bytes) != picture.sha256 {
        tracing::error!("{}: {} is not the file that the manifest lists", package.escape_debug(), picture.path.escape_debug());
        return None;
    }
    Some((media, bytes))
}

/// `GET /leads/{id}/picture/{package}/{n}`: `package` is the id of a package of this lead, `last`, or `official` for the page it imitates.
pub(super) fn serve(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let official = call.path.get(1).is_some_and(|p| p == "official");
    let package = if official { official_package(desk, &lead).ok_or(Refusal::NotFound)? } else { package_of(&lead, call)? };
    let n: usize = call.path.get(2).and_then(|n| n.parse().ok()).ok_or(Refusal::NotFound)?;
    let (media, bytes) = bytes(desk, &package.path, n).ok_or(Refusal::NotFound)?;
    let lasts = !official && call.path.get(1).is_some_and(|p| p != "last");
    Ok(Reply::File(media, None, bytes, lasts))
}

/// `POST /leads/{id}/replay`: the package's WACZ as a file. It holds the page as it was, personal numbers too: journalled first.
pub(super) fn replay(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let wanted = call.form.text("package");
    let package = lead.packages.iter().find(|p| p.id == wanted).ok_or(Refusal::NotFound)?;
    let file = folder(&desk.evidence, &package.path).ok_or(Refusal::NotFound)?.join(REPLAY);
    let size = std::fs::symlink_metadata(&file).ok().filter(|m| m.is_file()).ok_or(Refusal::NotFound)?.len();
    if size > MAX_REPLAY {
        let why = call.t("文件过大，请直接从证据目录复制。", "Too large to download; copy it from the evidence folder.");
        return Err(Refusal::Told(413, why.into()));
    }
    let told = Move::Unmask { package: package.id.clone() };
    desk.records.decide_by(&lead.id, told, call.name(), call.now).map_err(|e| refused(call.lang, e))?;
    let bytes = read(&file, MAX_REPLAY).ok_or(Refusal::NotFound)?;
    let name: String = package.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    Ok(Reply::File("application/octet-stream", Some(format!("{name}.wacz")), bytes, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(files: &str) -> (tempfile::TempDir, &'static str) {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("p/view")).expect("made");
        std::fs::write(root.path().join("p/manifest.json"), format!("{{\"files\":[{files}]}}")).expect("written");
        (root, "p")
    }

    #[test]
    fn only_listed_pictures_with_plain_paths_are_seen() {
        let zeros = "0".repeat(64);
        let file = |path: &str, media: &str| {
            format!(r#"{{"path":"{path}","bytes":9,"sha256":"{zeros}","sm3":"x","media_type":"{media}","role":"r"}}"#)
        };
        let all = [
            file("view/a.png", "image/png"),
            file("../../etc/passwd", "image/png"),
            file("/etc/passwd", "image/png"),
            file("view/b.svg", "image/svg+xml"),
            file("view/text.txt", "text/plain"),
        ];
        let (root, p) = package(&all.join(","));
        assert_eq!(of(root.path(), p).iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["view/a.png"]);
        assert!(of(root.path(), "../p").is_empty() && of(root.path(), "none").is_empty());
    }

    #[test]
    fn the_type_is_what_the_bytes_are() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(sniff(b"<svg onload=alert(1)>"), None);
        assert_eq!(sniff(b"<html>"), None);
    }
}
