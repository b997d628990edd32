//! `jianwei records rebuild`: the store made anew from packages and journal, with the same leads and states.

use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, open, say};
use crate::records::Records;
use serde_json::json;

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
