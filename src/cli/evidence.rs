//! `jianwei evidence verify`: every check of every package, one line each; exit 4 where one does not pass.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, evidence_custody, say};
use crate::evidence::{self, Check, EvidenceError, Stamped};
use crate::model::lang::{Both, Lang};
use crate::net::Net;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) fn verify(context: &Context, paths: &[PathBuf], stamped: bool) -> Result<Exit, Failure> {
    let lang = context.lang;
    let mut packages = Vec::new();
    for path in paths {
        packages.extend(find(context, path)?);
    }
    let mut failed = 0u64;
    for package in &packages {
        let mut checks = evidence::verify(package);
        if stamped {
            checks.extend(unstamped(&checks));
        }
        let bad = checks.iter().any(|c| !c.pass) || checks.is_empty();
        failed += u64::from(bad);
        let first = checks.iter().find(|c| !c.pass).map(|c| format!("{} {}", c.file, c.what.get(lang)));
        evidence_custody::note(context, &evidence_custody::operator(), "verified", package, json!({"pass": !bad, "first_fault": first}));
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

/// A failing line where no time-stamp passed.
fn unstamped(checks: &[Check]) -> Option<Check> {
    let any = checks.iter().any(|c| c.pass && c.file.ends_with(".tsr"));
    (!any).then(|| Check {
        what: Both::new("可信时间戳", "time-stamps"),
        pass: false,
        file: String::new(),
        detail: Both::new("本包没有有效的时间戳", "the package has no time-stamp that holds"),
    })
}

/// Evidence that was not kept, in words.
pub(super) fn not_kept(error: &EvidenceError, lang: Lang) -> Failure {
    Failure::failed(format!("证据无法保存：{error}"), format!("evidence cannot be kept: {error}"), lang)
}

/// Stamps a package that was just sealed; a package that has to wait is told on stderr.
pub(super) async fn stamp_now(context: &Context, root: &Path, package: &str, net: &Net) -> Result<Stamped, Failure> {
    let settings = &context.settings.evidence;
    if settings.tsa.is_empty() {
        return Ok(Stamped::NotAsked);
    }
    let stamped = evidence::stamp(root, package, settings, net).await.map_err(|e| not_kept(&e, context.lang))?;
    if let Stamped::Waiting(why) = &stamped {
        let why = why.iter().map(|w| w.get(context.lang)).collect::<Vec<_>>().join(context.lang.pick("；", "; "));
        say::note(&context.lang.pick(
            format!("待加盖时间戳：{package}（{why}）；用 jianwei evidence stamp 或下次 scan 补盖"),
            format!("waits for its time-stamp: {package} ({why}); `jianwei evidence stamp` or the next scan tries again"),
        ));
    }
    Ok(stamped)
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
