//! `jianwei tip add`: a report from the hot line becomes a candidate; the next scan visits it.

use crate::cli::Context;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{allow, say};
use crate::model::candidate::Reason;
use crate::model::sighting::{Context as Where, Sighting};
use crate::pipeline::intake;
use crate::records::Run;
use serde_json::json;

/// Source id of what people report.
const SOURCE: &str = "tip";

pub(super) fn add(context: &Context, url: &str, by: &str) -> Result<Exit, Failure> {
    let lang = context.lang;
    let now = context.net()?.now();
    let book = RuleBook::read(&context.settings, lang)?;
    let mut reasons = vec![Reason::Report { by: by.to_owned() }];
    reasons.extend(book.watchlist()?.screen(url.as_bytes()).map(Reason::Name));
    let seen = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let context_of = Where { reporter: Some(by.to_owned()), ..Where::default() };
    let sighting = Sighting { seen, source: SOURCE.into(), seen_at: now, context: context_of };
    let Some(candidate) = intake::candidate(sighting, reasons) else {
        return Err(Failure::usage(format!("“{url}” 不是可访问的网址"), format!("`{url}` is no address to visit"), lang));
    };
    if let Some(site) = book.sites.iter().find(|(_, s)| s.owns(&candidate.host)) {
        return Err(Failure::usage(
            format!("{} 是官方网站（{}），不登记", candidate.host, site.1.name),
            format!("{} is the official site itself; not added", candidate.host),
            lang,
        ));
    }
    let host = candidate.host.clone();
    let records = context.records()?;
    let allowed = records.allowed().map_err(|e| context.records_failure(&e))?;
    if let Some(entry) = allowed.iter().find(|a| a.covers(&host)) {
        let told = allow::told(entry, lang);
        return Err(Failure::usage(
            format!("{host} 在允许名单中，不登记：{told}"),
            format!("{host} is on the allow-list; not added: {told}"),
            lang,
        ));
    }
    let run = Run { at: now, outcome: "ok".into(), why: String::new(), seen: 1, screened_in: 1, new: 0 };
    let new = records.commit_batch(SOURCE, vec![candidate], "", &run).map_err(|e| context.records_failure(&e))?;
    if context.json {
        say::json(&json!({"schema": "tip/1", "host": host, "new": new == 1}))?;
    } else {
        let known = lang.pick(
            if new == 1 { "已登记" } else { "已登记（该主机此前已知）" },
            if new == 1 { "added" } else { "added (host known before)" },
        );
        say::line(&format!("{}：{known}", host.defanged()))?;
    }
    Ok(Exit::Done)
}
