//! `jianwei evidence verify`: every check of every package, one line each; exit 4 where one does not pass.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, say};
use crate::evidence::{self, Check};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) fn verify(context: &Context, paths: &[PathBuf]) -> Result<Exit, Failure> {
    let lang = context.lang;
    let mut packages = Vec::new();
    for path in paths {
        packages.extend(find(context, path)?);
    }
    let mut failed = 0u64;
    for package in &packages {
        let checks = evidence::verify(package);
        let bad = checks.iter().any(|c| !c.pass) || checks.is_empty();
        failed += u64::from(bad);
        for check in &checks {
            show(context, package, check)?;
        }
    }
    let total = packages.len() as u64;
    if !context.json {
        say::line(&lang.pick(
            format!("共 {total} 个证据包：通过 {}，不通过 {failed}。通过只说明自固定以来未被改动。", total - failed),
            format!("{total} packages: {} pass, {failed} do not. A pass says only: unchanged since capture.", total - failed),
        ))?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::CheckFailed })
}

/// The package itself, or all packages below a folder that is none.
pub(super) fn find(context: &Context, path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let missing =
        |zh: &str, en: &str| Failure::usage(format!("{}：{zh}", path.display()), format!("{}: {en}", path.display()), context.lang);
    if !path.is_dir() {
        return Err(missing("不是证据包目录；请检查路径", "is no package folder; check the path"));
    }
    let is_package = path.join("manifest.json").exists() || path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("EV-"));
    if is_package {
        return Ok(vec![path.to_path_buf()]);
    }
    let below = evidence::packages(path).map_err(|e| missing(&format!("无法读取（{e}）"), &format!("cannot read ({e})")))?;
    if below.is_empty() {
        return Err(missing("其中没有证据包", "holds no packages"));
    }
    Ok(below)
}

fn show(context: &Context, package: &Path, check: &Check) -> Result<(), Failure> {
    let lang = context.lang;
    let name = package.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if context.json {
        return say::json(&json!({
            "schema": "verify/1",
            "package": package,
            "check": check.what.get(lang),
            "file": check.file,
            "pass": check.pass,
            "detail": check.detail.get(lang),
        }));
    }
    let word = match check.pass {
        true => lang.pick("通过", "pass"),
        false => lang.pick("不通过", "FAIL"),
    };
    let detail = check.detail.get(lang);
    let parts = [check.file.as_str(), detail].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("  ");
    say::line(format!("{word}  {name}  {}  {parts}", check.what.get(lang)).trim_end())
}
