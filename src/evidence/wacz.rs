//! The WACZ 1.1.1 around the WARC of a visit: index, page list, package description and its hash, everything stored uncompressed.
//! Made so that replay tools open it; read back as hostile: a closed list of names, no compression, every hash and the index held against the WARC.

use crate::evidence::contents::one_line;
use crate::evidence::warc_check::{self, Entry, Report};
use crate::evidence::{EvidenceError, cdxj};
use crate::model::capture::Hop;
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Name of the WARC as the index gives it.
pub(super) const WARC_NAME: &str = "data.warc.gz";
const WARC: &str = "archive/data.warc.gz";
const INDEX: &str = "indexes/index.cdxj";
const PAGES: &str = "pages/pages.jsonl";
const PACKAGE: &str = "datapackage.json";
const DIGEST: &str = "datapackage-digest.json";
/// What a WACZ of ours holds, in this order.
const NAMES: [&str; 5] = [WARC, INDEX, PAGES, PACKAGE, DIGEST];
/// Largest part but the WARC that is read.
const MAX_PART_BYTES: u64 = 64 << 20;

/// Puts a WACZ around the WARC of `dossier`.
pub(super) fn build(warc: &[u8], dossier: &Dossier, created: Timestamp) -> Result<Vec<u8>, String> {
    let report = warc_check::check(warc);
    if let Some(first) = report.problems.first() {
        return Err(format!("the WARC that was just written is not in order: {}", first.en));
    }
    let index = cdxj::index(&report.entries);
    let pages = pages(dossier, &report.entries);
    let parts: [(&str, &[u8]); 3] = [(WARC, warc), (INDEX, index.as_bytes()), (PAGES, pages.as_bytes())];
    let package = pretty(&description(&parts, dossier, created));
    let digest = pretty(&json!({"path": PACKAGE, "hash": sha256(package.as_bytes())}));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time, so that the same visit gives the same bytes.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).last_modified_time(zip::DateTime::default());
    for (name, bytes) in parts.into_iter().chain([(PACKAGE, package.as_bytes()), (DIGEST, digest.as_bytes())]) {
        zip.start_file(name, stored).and_then(|()| Ok(zip.write_all(bytes)?)).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(zip.finish().map_err(|e| e.to_string())?.into_inner())
}

fn description(parts: &[(&str, &[u8])], dossier: &Dossier, created: Timestamp) -> Value {
    let resources: Vec<Value> = parts
        .iter()
        .map(|(path, bytes)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            json!({"name": name, "path": path, "hash": sha256(bytes), "bytes": bytes.len()})
        })
        .collect();
    let mut package = json!({
        "profile": "data-package",
        "resources": resources,
        "wacz_version": "1.1.1",
        "software": concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")),
        "created": created.rfc3339_seconds(),
        "title": format!("{} {}", dossier.candidate.host, created.beijing()),
    });
    if let Some(hop) = dossier.main_capture().and_then(|c| shown(&c.hops)) {
        package["mainPageUrl"] = one_line(&hop.url).into();
        package["mainPageDate"] = hop.at.rfc3339_seconds().into();
    }
    package
}

/// The hop whose answer a visitor was left with. `None`: none answered in HTTP.
fn shown(hops: &[Hop]) -> Option<&Hop> {
    hops.last().filter(|h| crate::evidence::warc::is_http(&h.response_head))
}

/// One line a page that the index can find; address and time are those of its record.
fn pages(dossier: &Dossier, entries: &[Entry]) -> String {
    let mut text = json!({"format": "json-pages-1.0", "id": "pages", "title": "All Pages", "hasText": true}).to_string() + "\n";
    for (i, capture) in dossier.captures.iter().enumerate() {
        let Some(hop) = shown(&capture.hops) else { continue };
        let (url, ts) = (one_line(&hop.url), hop.at.rfc3339_seconds());
        if !entries.iter().any(|e| e.kind == "response" && e.uri == url && e.date == ts) {
            continue;
        }
        let id = Sha256::of(format!("{i}\n{url}\n{ts}").as_bytes()).hex()[..22].to_owned();
        let page = capture.page.as_ref();
        let title = page.map(|p| p.title.as_str()).filter(|t| !t.is_empty()).unwrap_or(&url);
        let line = json!({"id": id, "url": url, "ts": ts, "title": title, "variant": capture.variant, "text": page.map_or("", |p| p.text.as_str())});
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::of(bytes))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// What a WACZ on disk holds: the WARC's own report, and what is wrong around it.
pub(super) struct Opened {
    /// Of the WARC inside.
    pub(super) records: Report,
    /// Index, pages and description against the WARC.
    pub(super) wrapping: Result<(), Both>,
}

/// Opens and checks a WACZ of ours.
///
/// # Errors
/// What keeps it from being read at all, in one line.
pub(super) fn open(path: &Path, max_bytes: u64) -> Result<Opened, Both> {
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut zip = ZipArchive::new(file).map_err(|e| Both::new(format!("不是 WACZ：{e}"), format!("is no WACZ: {e}")))?;
    let mut names: Vec<String> = zip.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
    names.sort_unstable();
    let mut wanted = NAMES.map(str::to_owned);
    wanted.sort_unstable();
    if names != wanted {
        let found = names.join(" ").escape_debug().to_string();
        return Err(Both::new(
            format!("应只含 {}，实含 {found}", wanted.join(" ")),
            format!("should hold {}, holds {found}", wanted.join(" ")),
        ));
    }
    let (start, length) = {
        let warc = zip.by_name(WARC).map_err(unreadable)?;
        let stored = warc.compression() == CompressionMethod::Stored && warc.size() == warc.compressed_size() && warc.size() <= size;
        if !stored || warc.size() > max_bytes {
            return Err(Both::new("WARC 未按原样存放或过大", "the WARC is not stored as it is, or is too large"));
        }
        (warc.data_start(), warc.size())
    };
    let parts = [INDEX, PAGES, PACKAGE, DIGEST].map(|name| part(&mut zip, name));
    let start = start.ok_or_else(|| Both::new("找不到 WARC", "the WARC cannot be found"))?;
    let mut file = zip.into_inner();
    file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
    let mut hashed = Hashed { inner: file.take(length), hash: sha2::Digest::new(), bytes: 0 };
    let records = warc_check::check(&mut hashed);
    let _ = std::io::copy(&mut hashed, &mut std::io::sink());
    let warc_hash = format!("sha256:{}", Sha256::from_bytes(sha2::Digest::finalize(hashed.hash).into()));
    let [index, pages, package, digest] = parts;
    let wrapping = wrapped(&records, (warc_hash, hashed.bytes), &index?, &pages?, &package?, &digest?);
    Ok(Opened { records, wrapping })
}

fn part(zip: &mut ZipArchive<File>, name: &str) -> Result<Vec<u8>, Both> {
    let file = zip.by_name(name).map_err(unreadable)?;
    if file.compression() != CompressionMethod::Stored || file.size() > MAX_PART_BYTES {
        return Err(Both::new(format!("{name} 未按原样存放或过大"), format!("{name} is not stored as it is, or is too large")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_PART_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Does everything around the WARC agree with it?
fn wrapped(records: &Report, warc: (String, u64), index: &[u8], pages: &[u8], package: &[u8], digest: &[u8]) -> Result<(), Both> {
    let differs = |what: &str| Both::new(format!("{what} 与内容不符"), format!("{what} does not agree with the contents"));
    let digest: Value = serde_json::from_slice(digest).map_err(|_| differs(DIGEST))?;
    if digest["path"] != PACKAGE || digest["hash"] != sha256(package).as_str() {
        return Err(differs(DIGEST));
    }
    let package: Value = serde_json::from_slice(package).map_err(|_| differs(PACKAGE))?;
    let listed: Vec<(String, String, u64)> = package["resources"]
        .as_array()
        .map(|r| r.iter().map(|r| (text(&r["path"]), text(&r["hash"]), r["bytes"].as_u64().unwrap_or(u64::MAX))).collect())
        .unwrap_or_default();
    let is = [(WARC, warc.0, warc.1), (INDEX, sha256(index), index.len() as u64), (PAGES, sha256(pages), pages.len() as u64)];
    if listed != is.map(|(path, hash, bytes)| (path.to_owned(), hash, bytes)) || package["wacz_version"] != "1.1.1" {
        return Err(differs(PACKAGE));
    }
    if index != cdxj::index(&records.entries).as_bytes() {
        return Err(differs(INDEX));
    }
    let pages = std::str::from_utf8(pages).map_err(|_| differs(PAGES))?;
    for line in pages.lines().skip(1) {
        let page: Value = serde_json::from_str(line).map_err(|_| differs(PAGES))?;
        let (url, ts) = (text(&page["url"]), text(&page["ts"]));
        if !records.entries.iter().any(|e| e.kind == "response" && e.uri == url && e.date == ts) {
            return Err(Both::new(
                format!("{PAGES} 中的网页不在 WARC 中：{}", url.escape_debug()),
                format!("a page of {PAGES} is not in the WARC: {}", url.escape_debug()),
            ));
        }
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn unreadable(e: impl std::fmt::Display) -> Both {
    Both::new(format!("无法读取：{e}"), format!("cannot be read: {e}"))
}

/// Reads and hashes in one go.
struct Hashed<R> {
    inner: R,
    hash: sha2::Sha256,
    bytes: u64,
}

impl<R: std::io::Read> std::io::Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(into)?;
        sha2::Digest::update(&mut self.hash, &into[..got]);
        self.bytes += got as u64;
        Ok(got)
    }
}

/// [`build`] in the words of the room.
pub(super) fn built(root: &Path, warc: &[u8], dossier: &Dossier, created: Timestamp) -> Result<Vec<u8>, EvidenceError> {
    build(warc, dossier, created).map_err(|why| EvidenceError::broken(root, format!("{}: {why}", dossier.candidate.host)))
}
