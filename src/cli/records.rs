//! `jianwei records rebuild|backup|restore`: the store made anew from packages and journal, with the same leads and states; a copy of store,
//! journal and accounts beside a running watch, and the way back. Packages are plain files: a backup holds their list, not them.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, open, say};
use crate::evidence;
use crate::model::digest::Sha256;
use crate::records::{self, Records, RecordsError};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn rebuild(context: &Context) -> Result<Exit, Failure> {
    let dir = context.settings.data_dir();
    if !dir.is_dir() {
        return Err(Failure::usage(
            format!("{}：没有这个数据目录；请检查 [data] dir，或运行 jianwei init", dir.display()),
            format!("{}: no such data folder; check [data] dir, or run `jianwei init`", dir.display()),
            context.lang,
        ));
    }
    let visits = open::stored_visits(&context.settings.evidence_dir());
    let packages = visits.len();
    let records = Records::rebuild(dir, visits).map_err(|e| context.records_failure(&e))?;
    let totals = records.totals().map_err(|e| context.records_failure(&e))?;
    if context.json {
        say::json(&json!({"schema": "rebuild/1", "packages": packages, "hosts": totals.hosts, "leads": totals.leads}))?;
    } else {
        say::line(&context.lang.pick(
            format!("已由 {packages} 个证据包和日志重建：主机 {}，线索 {}", totals.hosts, totals.leads),
            format!("rebuilt from {packages} packages and the journal: {} hosts, {} leads", totals.hosts, totals.leads),
        ))?;
    }
    Ok(Exit::Done)
}

/// A refusal of something that is there already is a matter of usage.
fn refused(context: &Context, error: &RecordsError) -> Failure {
    let told = error.to_string();
    if told.contains("is there already") || told.contains("holds no store") || told.contains("is no list of a backup") {
        return Failure::usage(in_chinese(&told), told, context.lang);
    }
    context.records_failure(error)
}

fn in_chinese(told: &str) -> String {
    let pairs = [
        ("is there already; give a new folder, a backup overwrites nothing", "已存在；请给一个新目录，备份不覆盖任何内容"),
        ("is there already: a restore overwrites nothing; give an empty [data] dir", "已存在：恢复不覆盖任何内容；请改用空的 [data] dir"),
        ("holds no store to back up; check [data] dir", "其中没有可备份的存储；请检查 [data] dir"),
        ("is no list of a backup", "不是备份的清单"),
    ];
    pairs.iter().fold(told.to_owned(), |told, (en, zh)| told.replace(en, zh))
}

/// Every package with the hash of its manifest; one that cannot be read is told and left out of the list.
fn packages(root: &Path) -> Result<Vec<(String, Sha256)>, evidence::EvidenceError> {
    let mut all = Vec::new();
    for folder in evidence::packages(root)? {
        let below = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy().replace('\\', "/");
        match std::fs::read(folder.join("manifest.json")) {
            Ok(bytes) => all.push((below, Sha256::of(&bytes))),
            Err(e) => tracing::error!("{}: its manifest cannot be read ({e}); it is not in the list", folder.display()),
        }
    }
    Ok(all)
}

pub(super) fn back_up(context: &Context, to: &Path) -> Result<Exit, Failure> {
    let listed = packages(&context.settings.evidence_dir()).map_err(|e| super::evidence::not_kept(&e, context.lang))?;
    let backup = records::back_up(context.settings.data_dir(), to, listed).map_err(|e| refused(context, &e))?;
    let (files, packages) = (backup.files.len() as u64, backup.packages.len() as u64);
    if context.json {
        say::json(&json!({"schema": "backup/1", "folder": to, "files": files, "seq": backup.seq, "packages": packages}))?;
    } else {
        say::line(&context.lang.pick(
            format!("已备份到 {}：{files} 个文件，并列出 {packages} 个证据包。证据包本身是普通文件，请另行复制 evidence 目录。", to.display()),
            format!(
                "backed up to {}: {files} files, and the list of {packages} packages. Packages are plain files: copy the evidence folder besides.",
                to.display()
            ),
        ))?;
    }
    Ok(Exit::Done)
}

/// Exit 3 where a package of the list is not there, or is another.
pub(super) fn restore(context: &Context, from: &Path) -> Result<Exit, Failure> {
    let dir = context.settings.data_dir();
    let backup = records::restore(from, dir).map_err(|e| refused(context, &e))?;
    let there = packages(&context.settings.evidence_dir()).map_err(|e| super::evidence::not_kept(&e, context.lang))?;
    let there: BTreeMap<String, Sha256> = there.into_iter().collect();
    let missing: Vec<&String> = backup.packages.iter().filter(|(path, hash)| there.get(path) != Some(hash)).map(|(path, _)| path).collect();
    let totals = context.records()?.totals().map_err(|e| context.records_failure(&e))?;
    for path in missing.iter().take(20) {
        say::note(&context.lang.pick(format!("缺少或已不同的证据包：{path}"), format!("package missing or changed: {path}")));
    }
    let n = missing.len() as u64;
    if context.json {
        say::json(
            &json!({"schema": "restore/1", "hosts": totals.hosts, "leads": totals.leads, "packages": backup.packages.len(), "missing": n}),
        )?;
    } else {
        say::line(&context.lang.pick(
            format!("已恢复：主机 {}，线索 {}；清单中的证据包 {} 个，缺少或不同 {n} 个", totals.hosts, totals.leads, backup.packages.len()),
            format!(
                "restored: {} hosts, {} leads; {} packages in the list, {n} of them missing or changed",
                totals.hosts,
                totals.leads,
                backup.packages.len()
            ),
        ))?;
    }
    Ok(if n == 0 { Exit::Done } else { Exit::Partly })
}
