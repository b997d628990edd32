//! `jianwei evidence stamp`, `key`, `script`: time-stamps that are still missing, the unit's key, the script for those without this program.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, evidence as packages, say};
use crate::evidence::{self, Stamped};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Exit 3 where a package still waits.
pub(super) fn run(context: &Context, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let net = context.net()?;
    let lang = context.lang;
    let mut all: Vec<(PathBuf, String)> = Vec::new();
    for path in paths {
        for package in packages::find(context, path)? {
            let package = crate::cli::check::absolute(&package);
            // A package stands in the folder of its month, and that in the evidence folder.
            let root = package.parent().and_then(Path::parent).unwrap_or(&package).to_owned();
            let below = package.strip_prefix(&root).unwrap_or(&package).to_string_lossy().replace('\\', "/");
            all.push((root, below));
        }
    }
    if paths.is_empty() {
        let root = context.settings.evidence_dir();
        let waiting = evidence::waiting(&root).map_err(|e| packages::not_kept(&e, lang))?;
        all = waiting.into_iter().map(|w| (root.clone(), w.package)).collect();
    }
    let mut left = 0u64;
    context.block_on(async {
        for (root, package) in &all {
            let stamped =
                evidence::stamp(root, package, &context.settings.evidence, &net).await.map_err(|e| packages::not_kept(&e, lang))?;
            left += u64::from(matches!(stamped, Stamped::Waiting(_)));
            show(context, package, &stamped)?;
        }
        Ok(())
    })?;
    if !context.json {
        let n = all.len() as u64;
        say::line(&lang.pick(format!("共 {n} 个证据包，待加盖时间戳 {left}"), format!("{n} packages, {left} wait for a time-stamp")))?;
    }
    Ok(if left == 0 { Exit::Done } else { Exit::Partly })
}

fn show(context: &Context, package: &str, stamped: &Stamped) -> Result<(), Failure> {
    let lang = context.lang;
    let (word, told, why) = match stamped {
        Stamped::Done => ("stamped", lang.pick("已加盖", "stamped"), String::new()),
        Stamped::NotAsked => ("not_asked", lang.pick("固定时未配置机构", "no authority was configured at sealing"), String::new()),
        Stamped::Waiting(why) => {
            let why = why.iter().map(|w| w.get(lang)).collect::<Vec<_>>().join(lang.pick("；", "; "));
            ("waiting", lang.pick("待加盖时间戳", "waits"), why)
        }
    };
    if context.json {
        return say::json(&json!({"schema": "stamp/1", "package": package, "state": word, "why": why}));
    }
    say::line(format!("{told}  {package}  {why}").trim_end())
}

pub(super) fn key(context: &Context, file: &Path, sm2: bool) -> Result<Exit, Failure> {
    let make = if sm2 { evidence::make_sm2_key } else { evidence::make_key };
    let print = make(file).map_err(|e| Failure::failed(format!("密钥未生成：{e}"), format!("no key was made: {e}"), context.lang))?;
    if context.json {
        say::json(&json!({"schema": "key/1", "file": file, "algorithm": if sm2 { "SM2" } else { "Ed25519" }, "public_sha256": print}))?;
        return Ok(Exit::Done);
    }
    say::line(&context.lang.pick(
        format!("已生成 {}；公钥指纹 SHA-256 {print}（印在移送函上）。请备份私钥，只交给本程序使用。", file.display()),
        format!(
            "made {}; fingerprint of its public half: SHA-256 {print} (print it on letters). Back the file up; keep it to this program.",
            file.display()
        ),
    ))?;
    Ok(Exit::Done)
}

pub(super) fn script() -> Result<Exit, Failure> {
    say::raw(evidence::verify_script().as_bytes())?;
    Ok(Exit::Done)
}
