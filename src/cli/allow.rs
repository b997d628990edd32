//! `jianwei allow`: hosts that are ours or known good, with reason, who and when. Journalled like every other decision.

use crate::cli::args::AllowCommand;
use crate::cli::fail::{Exit, Failure};
use crate::cli::{Context, say};
use crate::model::allow::{AllowMove, Allowed};
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::records::{Records, RecordsError};
use serde_json::json;

pub(super) fn run(context: &Context, command: &AllowCommand) -> Result<Exit, Failure> {
    match command {
        AllowCommand::Add { host, reason, tree, by } => {
            let host = parse(host, context.lang)?;
            // A suffix is nobody's: `com.cn` with --tree would blind the program.
            if *tree && host.ip().is_none() && host.registrable().is_none() {
                return Err(Failure::usage(
                    format!("{host} 是公共后缀，不能整体列入允许名单"),
                    format!("{host} is a public suffix; it cannot be allowed as a tree"),
                    context.lang,
                ));
            }
            change(context, &AllowMove::Allow { host, tree: *tree, reason: reason.clone() }, by)
        }
        AllowCommand::Remove { host, reason, by } => {
            change(context, &AllowMove::Disallow { host: parse(host, context.lang)?, reason: reason.clone() }, by)
        }
        AllowCommand::List => list(context),
    }
}

fn parse(text: &str, lang: Lang) -> Result<Host, Failure> {
    Host::parse(text).map_err(|e| Failure::usage(format!("“{text}” 不是主机名：{}", e.why), e.to_string(), lang))
}

fn change(context: &Context, what: &AllowMove, by: &str) -> Result<Exit, Failure> {
    let now = context.net()?.now();
    let records = context.records()?;
    let lang = context.lang;
    records.allow(what, by, now).map_err(|e| match e {
        RecordsError::NoReason { .. } => Failure::usage("请用 --reason 写明理由".into(), e.to_string(), lang),
        RecordsError::NotAllowed { ref host } => Failure::usage(format!("{host} 不在允许名单中"), e.to_string(), lang),
        other => context.records_failure(&other),
    })?;
    let lead = records.lead_of(what.host()).map_err(|e| context.records_failure(&e))?;
    let added = matches!(what, AllowMove::Allow { .. });
    if context.json {
        return say::json(&json!({"schema": "allow/1", "host": what.host(), "allowed": added, "by": by, "reason": what.reason()}))
            .map(|()| Exit::Done);
    }
    let done = if added { lang.pick("已列入允许名单", "allowed") } else { lang.pick("已移出允许名单", "no longer allowed") };
    say::line(&format!("{}：{done}", what.host().defanged()))?;
    if let Some(lead) = lead.filter(|_| added) {
        say::note(&lang.pick(
            format!("此主机已有线索 {}（{}），状态不变，请另行处理", lead.id, lead.state.zh()),
            format!("the host has lead {} ({}); it stays as it is, decide on it apart", lead.id, lead.state.word()),
        ));
    }
    Ok(Exit::Done)
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let entries = Records::allowed_in(context.settings.data_dir()).map_err(|e| context.records_failure(&e))?;
    for entry in &entries {
        if context.json {
            say::json(
                &json!({"schema": "allow/1", "host": entry.host, "tree": entry.tree, "by": entry.by, "at": entry.at, "reason": entry.reason}),
            )?;
        } else {
            say::line(&told(entry, context.lang))?;
        }
    }
    if entries.is_empty() && !context.json {
        say::line(context.lang.pick("允许名单是空的", "the allow-list is empty"))?;
    }
    Ok(Exit::Done)
}

/// One entry in one line.
pub(super) fn told(entry: &Allowed, lang: Lang) -> String {
    let tree = if entry.tree { lang.pick("（含其下所有主机）", " (and all below it)") } else { "" };
    format!("{}{tree}  {}  {}  {}", entry.host, entry.at, entry.by, entry.reason)
}
