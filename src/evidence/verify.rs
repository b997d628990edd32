//! Verifies packages: one line a check, in both languages, naming the file. Trusts nothing in the folder: no link is followed, no size believed.

use crate::evidence::Check;
use crate::evidence::contents::{DOSSIER, LOG, OLD_REQUIRED, OLD_WARC, REQUIRED, SCORE, WACZ};
use crate::evidence::manifest::{self, Entry, Manifest};
use crate::evidence::{Stored, agree, disk, log, proof, read, wacz, warc_check};
use crate::model::digest;
use crate::model::lang::Both;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Largest file that seal writes and verify reads.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 30;
/// Most files and folders looked at in one package.
const MAX_ENTRIES: usize = 10_000;
/// Deepest folder looked into.
const MAX_DEPTH: usize = 8;

/// Collects the lines.
#[derive(Default)]
struct Lines(Vec<Check>);

impl Lines {
    fn add(&mut self, file: &str, zh: &str, en: &str, result: Result<Both, Both>) {
        let pass = result.is_ok();
        let detail = result.unwrap_or_else(|e| e);
        self.0.push(Check { what: Both::new(zh, en), pass, file: file.to_owned(), detail });
    }
}

fn none() -> Both {
    Both::default()
}

/// One package, or all below a folder.
pub(super) fn all(path: &Path) -> Vec<Check> {
    // `.` and `x/..` have no name of their own; where the path does not exist, one() says so.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = real.as_path();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let looks_like_one = disk::is_package_name(&name) || path.join(manifest::NAME).symlink_metadata().is_ok();
    let below = if looks_like_one { Vec::new() } else { disk::packages(path).unwrap_or_default() };
    if below.is_empty() {
        return one(path);
    }
    let mut checks = Vec::new();
    for package in below {
        let prefix = package.strip_prefix(path).unwrap_or(&package).to_string_lossy().replace('\\', "/");
        checks.extend(
            one(&package).into_iter().map(|c| Check { file: format!("{prefix}/{}", c.file).trim_end_matches('/').to_owned(), ..c }),
        );
    }
    checks
}

fn one(folder: &Path) -> Vec<Check> {
    let mut lines = Lines::default();
    if !folder.is_dir() {
        let why = Both::new("不是文件夹，或不存在", "is no folder, or does not exist");
        lines.add("", "证据包文件夹", "package folder", Err(why));
        return lines.0;
    }
    let found = walk(folder, &mut lines);
    let manifest = manifest_of(folder, &mut lines);
    let old = manifest.as_ref().map_or_else(|| found.contains_key(OLD_WARC), Manifest::is_old);
    if let Some(manifest) = &manifest {
        let files: BTreeSet<String> = found.iter().filter(|(_, k)| **k == Kind::File).map(|(p, _)| p.clone()).collect();
        let proofs = if old { proof::check::Proofs::default() } else { proof::check::all(folder, manifest, &files) };
        listed(folder, manifest, &found, &proofs.known, &mut lines);
        for (file, what, result) in proofs.lines {
            lines.add(&file, &what.zh, &what.en, result);
        }
    }
    let required = if old { &OLD_REQUIRED[..] } else { &REQUIRED };
    for path in required.iter().filter(|p| !matches!(found.get(**p), Some(Kind::File))) {
        lines.add(path, "必备文件", "required file", Err(Both::new("缺少", "missing")));
    }
    let has = |path: &str| matches!(found.get(path), Some(Kind::File));
    let wire = if old { OLD_WARC } else { WACZ };
    let records = has(wire).then(|| if old { warc(&folder.join(wire)) } else { opened(&folder.join(wire), &mut lines) });
    if let Some(records) = &records {
        lines.add(wire, "WARC 记录：成员、摘要、长度、配对", "WARC records: members, digests, lengths, pairs", told(records));
    }
    if has(LOG) {
        lines.add(LOG, "操作日志哈希链", "operation log chain", operations(folder, !old));
    }
    if has(DOSSIER) && has(SCORE) && manifest.is_some() {
        let stored = read::package(folder.parent().unwrap_or(folder), folder);
        let result = stored.as_ref().map(|_| none()).map_err(|e| Both::new(format!("读不回来：{e}"), e.to_string()));
        lines.add(DOSSIER, "卷宗与研判可读回并与清单一致", "dossier and assessment read back and agree with the manifest", result);
        if let (Ok(stored), Some(Ok(report))) = (stored, records) {
            let result = one_story(folder, &stored, &report).map(|()| none());
            lines.add(DOSSIER, "卷宗与 WARC、网页文字一致", "dossier agrees with WARC and views", result);
        }
    }
    lines.0
}

/// The records of a WACZ; what is wrong around them is a line of its own.
fn opened(path: &Path, lines: &mut Lines) -> Result<warc_check::Report, Both> {
    let opened = wacz::open(path, MAX_FILE_BYTES)?;
    let result = opened.wrapping.map(|()| none());
    lines.add(WACZ, "WACZ：索引、页面表、描述与 WARC 一致", "WACZ: index, pages and description agree with the WARC", result);
    Ok(opened.records)
}

fn one_story(folder: &Path, stored: &Stored, report: &warc_check::Report) -> Result<(), Both> {
    agree::heads(&stored.dossier, report)?;
    agree::views(&stored.dossier, |path| read::capped(&folder.join(path), read::MAX_TEXT_BYTES).ok())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// All plain files and folders, forward slashes, no link followed. Anything else is a failing line.
fn walk(folder: &Path, lines: &mut Lines) -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    let mut todo = vec![(String::new(), 0)];
    let wrong = |lines: &mut Lines, file: &str, why: Both| lines.add(file, "文件类型", "kind of file", Err(why));
    while let Some((prefix, depth)) = todo.pop() {
        let entries = match fs::read_dir(folder.join(&prefix)) {
            Ok(entries) => entries,
            Err(e) => {
                wrong(lines, &prefix, unreadable(e));
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            if found.len() >= MAX_ENTRIES || depth >= MAX_DEPTH {
                wrong(lines, &path, Both::new("文件过多或层级过深，停止检查", "too many files or too deep: stopped"));
                return found;
            }
            match entry.file_type() {
                Ok(t) if t.is_file() => drop(found.insert(path, Kind::File)),
                Ok(t) if t.is_dir() => {
                    found.insert(path.clone(), Kind::Folder);
                    todo.push((path, depth + 1));
                }
                Ok(t) if t.is_symlink() => wrong(lines, &path, Both::new("是符号链接", "is a symbolic link")),
                _ => wrong(lines, &path, Both::new("不是普通文件", "is no plain file")),
            }
        }
    }
    found
}

fn manifest_of(folder: &Path, lines: &mut Lines) -> Option<Manifest> {
    let parsed = read::capped(&folder.join(manifest::NAME), manifest::MAX_BYTES).map_err(unreadable).and_then(Manifest::parse);
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    match parsed {
        Ok(manifest) => {
            let facts = format!(
                "{} · SHA-256 {} · SM3 {}",
                manifest.files.len(),
                digest::Sha256::of(&manifest.bytes),
                digest::Sm3::of(&manifest.bytes)
            );
            lines.add(manifest::NAME, "清单完好（自校验）", "manifest intact (self-check)", Ok(Both::new(facts.clone(), facts)));
            let named = if manifest.package == name {
                Ok(none())
            } else {
                let (id, name) = (manifest.package.escape_debug(), name.escape_debug());
                Err(Both::new(format!("清单写 {id}，文件夹名为 {name}"), format!("manifest says {id}, the folder is {name}")))
            };
            lines.add(manifest::NAME, "清单编号与文件夹名一致", "manifest id is the folder's name", named);
            Some(manifest)
        }
        Err(why) => {
            lines.add(manifest::NAME, "清单完好（自校验）", "manifest intact (self-check)", Err(why));
            None
        }
    }
}

/// Every listed file as the manifest says, nothing besides.
fn listed(folder: &Path, manifest: &Manifest, found: &BTreeMap<String, Kind>, proofs: &BTreeSet<String>, lines: &mut Lines) {
    for entry in &manifest.files {
        let there = matches!(found.get(&entry.path), Some(Kind::File));
        let result = if there { hashes(&folder.join(&entry.path), entry) } else { Err(Both::new("缺少", "missing")) };
        lines.add(&entry.path, "大小、SHA-256、SM3", "size, SHA-256, SM3", result);
    }
    let mut extra = 0;
    for (path, kind) in found {
        let known = match kind {
            Kind::File => path == manifest::NAME || manifest.entry(path).is_some() || proofs.contains(path),
            Kind::Folder if path == proof::FOLDER => !manifest.is_old(),
            Kind::Folder => manifest.files.iter().any(|e| e.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))),
        };
        if !known {
            extra += 1;
            lines.add(path, "清单之外无多余文件", "nothing outside the manifest", Err(Both::new("不在清单中", "is not in the manifest")));
        }
    }
    if extra == 0 {
        lines.add("", "清单之外无多余文件", "nothing outside the manifest", Ok(none()));
    }
}

fn unreadable(e: impl std::fmt::Display) -> Both {
    Both::new(format!("无法读取：{e}"), format!("cannot be read: {e}"))
}

fn hashes(path: &Path, entry: &Entry) -> Result<Both, Both> {
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size != entry.bytes || size > MAX_FILE_BYTES {
        return Err(Both::new(
            format!("大小应为 {} 字节，实为 {size}", entry.bytes),
            format!("should have {} bytes, has {size}", entry.bytes),
        ));
    }
    let (mut sha256, mut sm3) = (sha2::Sha256::new(), sm3::Sm3::new());
    let mut piece = vec![0u8; 1 << 16];
    let mut left = size;
    while left > 0 {
        let got = file.read(&mut piece).map_err(unreadable)?;
        if got == 0 {
            break;
        }
        sha256.update(&piece[..got]);
        sm3.update(&piece[..got]);
        left = left.saturating_sub(got as u64);
    }
    let sha256 = digest::Sha256::from_bytes(sha256.finalize().into());
    let sm3 = digest::Sm3::from_bytes(sm3.finalize().into());
    let differs = |name: &str, should: String, is: String| {
        Err(Both::new(format!("已被改动：{name} 应为 {should}，实为 {is}"), format!("changed: {name} should be {should}, is {is}")))
    };
    if sha256 != entry.sha256 {
        return differs("SHA-256", entry.sha256.hex(), sha256.hex());
    }
    if sm3 != entry.sm3 {
        return differs("SM3", entry.sm3.hex(), sm3.hex());
    }
    let facts = format!("{size} B · SHA-256 {sha256} · SM3 {sm3}");
    Ok(Both::new(facts.clone(), facts))
}

fn warc(path: &Path) -> Result<warc_check::Report, Both> {
    let file = fs::File::open(path).map_err(unreadable)?;
    Ok(warc_check::check(file.take(MAX_FILE_BYTES)))
}

fn told(records: &Result<warc_check::Report, Both>) -> Result<Both, Both> {
    let report = records.as_ref().map_err(Clone::clone)?;
    if report.problems.is_empty() {
        return Ok(Both::new(format!("{} 条记录", report.records), format!("{} records", report.records)));
    }
    let all = |pick: fn(&Both) -> &str, between: &str| report.problems.iter().map(pick).collect::<Vec<_>>().join(between);
    Err(Both::new(all(|p| &p.zh, "；"), all(|p| &p.en, "; ")))
}

fn operations(folder: &Path, ordered: bool) -> Result<Both, Both> {
    let bytes = read::capped(&folder.join(LOG), 64 << 20).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| Both::new("不是 UTF-8", "is not UTF-8"))?;
    log::check(&text, ordered).map(|n| Both::new(format!("{n} 行"), format!("{n} lines")))
}
