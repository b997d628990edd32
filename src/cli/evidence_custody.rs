//! `jianwei evidence custody`: who checked, exported or found changed which package, and when; and the notes that other commands leave there.
//! A note that cannot be written is told and ends nothing: what was done was done.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, say};
use crate::evidence::{self, Deed};
use serde_json::{Value, json};
use std::path::Path;

/// Prints the record, oldest first; `only`: the lines of packages whose path holds this text. Exit 4 where a line does not link.
pub(super) fn run(context: &Context, only: Option<&str>) -> Result<Exit, Failure> {
    let lang = context.lang;
    let root = context.settings.evidence_dir();
    let all = match evidence::custody(&root) {
        Ok(all) => all,
        Err(why) => {
            say::note(&lang.pick(format!("保管记录不完好：{}", why.zh), format!("the custody record is damaged: {}", why.en)));
            return Ok(Exit::CheckFailed);
        }
    };
    for deed in all.iter().filter(|d| only.is_none_or(|text| d.package.contains(text) || d.package.is_empty() && d.what == "round")) {
        show(context, deed)?;
    }
    if !context.json {
        let n = all.len() as u64;
        say::line(&lang.pick(format!("保管记录共 {n} 行，哈希链完好"), format!("{n} lines in the custody record; its chain holds")))?;
    }
    Ok(Exit::Done)
}

fn show(context: &Context, deed: &Deed) -> Result<(), Failure> {
    if context.json {
        return say::json(&json!({"schema": "custody/1", "n": deed.n, "at": deed.at, "who": deed.who, "what": deed.what,
            "package": deed.package, "detail": deed.detail}));
    }
    let (zh, en) = match deed.what.as_str() {
        "verified" => ("校验", "verified"),
        "changed" => ("发现不通过", "found not to pass"),
        "exported" => ("移送导出", "exported"),
        "round" => ("全部复核", "all verified"),
        other => (other, other),
    };
    let word = context.lang.pick(zh, en);
    say::line(format!("{}  {}  {word}  {}  {}", deed.at.beijing(), deed.who, deed.package, deed.detail).trim_end())
}

/// Notes what was done with a package of this unit's evidence folder; others are none of its business.
pub(super) fn note(context: &Context, who: &str, what: &str, package: &Path, detail: Value) {
    let root = super::check::absolute(&context.settings.evidence_dir());
    let absolute = super::check::absolute(package);
    let Ok(below) = absolute.strip_prefix(&root) else { return };
    let below = below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    let noted = context
        .net()
        .map(|net| net.now())
        .map_err(|e| e.to_string())
        .and_then(|now| evidence::note_custody(&root, now, who, what, &below, detail).map_err(|e| e.to_string()));
    if let Err(why) = noted {
        say::note(&context.lang.pick(format!("保管记录未能写入：{why}"), format!("the custody record could not be written: {why}")));
    }
}

/// Who runs this command, as the system knows it.
pub(super) fn operator() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|n| !n.trim().is_empty());
    named.map_or_else(|| "?".to_owned(), |name| name.chars().filter(|c| !c.is_control()).take(60).collect())
}
