//! `jianwei check URL...`: visit and assess now; verdict, reasons, package. Does not touch the store, so it works beside a running scan.

use crate::cli::args::CheckArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, allow, leads, say};
use crate::evidence;
use crate::model::assessment::{Assessment, Class};
use crate::model::candidate::{Candidate, Reason};
use crate::model::capture::Outcome;
use crate::model::dossier::Dossier;
use crate::model::lang::Lang;
use crate::model::sighting::{Context as Where, Sighting};
use crate::net::Net;
use crate::pipeline::intake::locate;
use crate::pipeline::work;
use crate::records::Records;
use crate::resolve;
use serde_json::json;
use std::path::PathBuf;
use url::Url;

/// Source id of what `check` looked at.
pub(super) const SOURCE: &str = "check";

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Exit, Failure> {
    let urls = args.urls.iter().map(|u| parse(u, context.lang)).collect::<Result<Vec<_>, _>>()?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    let (watchlist, rules, net) = (book.watchlist()?, book.rules(), context.net()?);
    let allowed = Records::allowed_in(context.settings.data_dir()).map_err(|e| context.records_failure(&e))?;
    context.block_on(async {
        for (given, url) in urls {
            let mut candidate = candidate(&given, &url, &net);
            // A person asks: it is looked at all the same, and told what was decided before.
            if let Some(entry) = allowed.iter().find(|a| a.covers(&candidate.host)) {
                let told = allow::told(entry, context.lang);
                say::note(&context.lang.pick(format!("在允许名单中：{told}"), format!("on the allow-list: {told}")));
            }
            candidate.reasons.extend(watchlist.screen(given.as_bytes()).map(Reason::Name));
            let dossier = look(context, candidate, &url, given.contains("://"), &net).await;
            let assessment = rules.assess(&dossier, net.now());
            let root = context.settings.evidence_dir();
            let package = evidence::seal(&root, &dossier, &assessment, &context.settings.evidence)
                .map_err(|e| Failure::failed(format!("证据无法保存：{e}"), format!("evidence cannot be kept: {e}"), context.lang))?;
            let path = std::path::absolute(root.join(&package.path)).unwrap_or_else(|_| root.join(&package.path));
            show(context, &given, &dossier, &assessment, path)?;
        }
        Ok(Exit::Done)
    })
}

/// A URL as a person types it: without a scheme it is http. The text that is shown and screened keeps its tricks.
fn parse(text: &str, lang: Lang) -> Result<(String, Url), Failure> {
    let bad = |zh: &str, en: &str| {
        Failure::usage(format!("“{text}” 不是可访问的网址：{zh}"), format!("`{text}` is no address to visit: {en}"), lang)
    };
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&full).map_err(|e| bad(&format!("{e}"), &format!("{e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("只支持 http 和 https", "only http and https"));
    }
    let (_, located) = locate(&full).ok_or_else(|| bad("主机名无效", "its host is no host name"))?;
    let url = Url::parse(&located).map_err(|e| bad(&format!("{e}"), &format!("{e}")))?;
    Ok((if text.contains("://") { text.to_owned() } else { text.trim().to_owned() }, url))
}

fn candidate(given: &str, url: &Url, net: &Net) -> Candidate {
    let now = net.now();
    let (host, located) = locate(url.as_str()).expect("checked when it was parsed");
    let sighting = Sighting { seen: given.to_owned(), source: SOURCE.into(), seen_at: now, context: Where::default() };
    Candidate {
        host,
        url: located,
        site: String::new(),
        reasons: vec![Reason::Check],
        sightings: vec![sighting],
        first_seen: now,
        last_seen: now,
    }
}

async fn look(context: &Context, candidate: Candidate, url: &Url, exact: bool, net: &Net) -> Dossier {
    let resolution = resolve::resolve(&candidate.host, net, true).await;
    let captures = work::look(url, &context.settings.capture.variants, !exact, net).await;
    Dossier { candidate, resolution: Some(resolution), captures }
}

fn show(context: &Context, given: &str, dossier: &Dossier, assessment: &Assessment, package: PathBuf) -> Result<(), Failure> {
    let lang = context.lang;
    let main = dossier.main_capture();
    let outcome = main.map_or(Outcome::Failed { why: "no capture".into() }, |c| c.outcome.clone());
    let final_url = main.and_then(|c| c.final_url.clone());
    if context.json {
        let findings: Vec<_> = assessment
            .findings
            .iter()
            .map(|f| {
                let span = f.span.as_ref().map(|s| s.raw.as_str()).unwrap_or_default();
                json!({"signal": f.signal, "class": f.class, "points": f.points, "why": f.why.get(lang), "span": span})
            })
            .collect();
        return say::json(&json!({
            "schema": "check/1",
            "url": given,
            "final_url": final_url,
            "outcome": outcome.word(),
            "class": assessment.class.word(),
            "scores": assessment.scores,
            "findings": findings,
            "package": package,
        }));
    }
    say::line(&format!("{}  {}", leads::defang(given), lang.pick(outcome.why_zh(), outcome.why())))?;
    if let Some(last) = final_url.filter(|f| f != given) {
        say::line(&format!("→ {}", leads::defang(&last)))?;
    }
    say::line(&format!("{}：{}", lang.pick("结论", "verdict"), lang.pick(assessment.class.zh(), assessment.class.word())))?;
    for class in Class::ALL {
        let score = assessment.scores.of(class);
        say::line(&format!("  {:<10} {} {score:>3}", class.word(), bar(score)))?;
    }
    for (title, against) in [(lang.pick("依据", "what speaks for it"), false), (lang.pick("反证", "what speaks against"), true)] {
        let findings: Vec<_> = assessment.findings.iter().filter(|f| (f.points < 0) == against).collect();
        if !findings.is_empty() {
            say::line(&format!("{title}："))?;
        }
        for f in findings {
            let span =
                f.span.as_ref().map(|s| format!(" “{}”", s.raw.split_whitespace().collect::<Vec<_>>().join(" "))).unwrap_or_default();
            say::line(&format!("  {:>+4} [{}] {}{span}  ({}, {})", f.points, f.class.word(), f.why.get(lang), f.signal, f.evidence))?;
        }
    }
    for note in main.and_then(|c| c.page.as_ref()).map(|p| p.notes.as_slice()).unwrap_or_default() {
        say::line(&format!("{}：{note}", lang.pick("备注", "note")))?;
    }
    say::line(&format!(
        "{}：{}",
        lang.pick("未查看", "not looked at"),
        lang.pick(
            "脚本执行后的页面、截图、图片中的文字（尚无浏览器渲染）",
            "page after scripts, screenshot, text in pictures (no browser rendering yet)"
        )
    ))?;
    say::line(&format!("{}：{}\n", lang.pick("证据包", "package"), package.display()))
}

fn bar(score: u8) -> String {
    let full = usize::from(score) / 5;
    format!("{}{}", "█".repeat(full), "░".repeat(20 - full.min(20)))
}
