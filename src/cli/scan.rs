//! `jianwei scan`: one pass over all that is due, with progress, then a summary table.

use crate::capture;
use crate::cli::args::ScanArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::progress::{self, Shown};
use crate::cli::rules::RuleBook;
use crate::cli::rules_live::Follower;
use crate::cli::{Context, asked, leads, say};
use crate::evidence;
use crate::lookalike;
use crate::model::lang::Lang;
use crate::model::site::Site;
use crate::pipeline::tray::Tray;
use crate::pipeline::{Pass, PassError, Summary, watch};
use crate::records::Filter;
use crate::sources::{self, Known, Source, words};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;
use std::sync::Arc;

/// Names of one protected host that are asked of DNS in one pass; they come most likely first.
const PERMUTATIONS_A_HOST: usize = 30_000;

pub(super) fn run(context: &Context, args: &ScanArgs) -> Result<Exit, Failure> {
    let mut book = RuleBook::read(&context.settings, context.lang)?;
    keep_sites(context, &mut book, &args.site)?;
    // Built once before anything is opened, so that a wrong setting is told first.
    let mut sources = build_sources(context, &book, &args.source, &Known::default())?;
    let net = context.net()?;
    let watchlist = book.watchlist()?;
    let follower = Follower::new(&context.settings, context.lang, &book, &args.site);
    let records = context.records()?;
    if context.settings.source.iter().any(|s| asked::is_asked(&s.kind)) {
        sources = build_sources(context, &book, &args.source, &asked::confirmed(&records))?;
    }
    let evidence_dir = context.settings.evidence_dir();
    evidence::sweep(&evidence_dir).map_err(|e| Failure::from(anyhow::Error::new(e)))?;
    capture::sweep_profiles(&std::env::temp_dir());
    let pass = Arc::new(Pass {
        sites: book.plain_sites(),
        watchlist,
        rules: follower.current(),
        net,
        records: Arc::new(records),
        evidence_dir,
        browser: context.settings.capture.browser(),
        capture: context.settings.capture.clone(),
        evidence: context.settings.evidence.clone(),
        desk: context.desk(&book)?,
        paths: book.paths()?,
    });
    // Reports that were left while another program had the store.
    Tray::of(context.settings.data_dir()).take_in(&pass.records, pass.net.now()).map_err(|e| context.records_failure(&e))?;
    let _following = follower.follow()?;
    let shown = Shown::new(context.lang, context.quiet);
    let summary = context.block_on(async {
        watch::keep_limits(&pass).map_err(|e| explain(context, &e))?;
        let scan = pass.scan(sources, &|event| shown.event(event)).await;
        shown.finish();
        scan.map_err(|e| explain(context, &e))
    })?;
    report(context, &pass, &summary)?;
    Ok(if summary.partly() { Exit::Partly } else { Exit::Done })
}

pub(super) fn explain(context: &Context, error: &PassError) -> Failure {
    match error {
        PassError::Records(e) => context.records_failure(e),
        PassError::Evidence(e) => Failure::failed(format!("证据无法保存：{e}"), error.to_string(), context.lang),
    }
}

fn keep_sites(context: &Context, book: &mut RuleBook, asked: &[String]) -> Result<(), Failure> {
    let known: Vec<String> = book.sites.iter().map(|(_, s)| s.id.clone()).collect();
    if let Some(wrong) = asked.iter().find(|a| !known.contains(a)) {
        return Err(Failure::usage(
            format!("没有受保护网站 “{wrong}”；现有：{}", known.join("、")),
            format!("no protected site `{wrong}`; there are: {}", known.join(", ")),
            context.lang,
        ));
    }
    if !asked.is_empty() {
        book.sites.retain(|(_, s)| asked.contains(&s.id));
    }
    Ok(())
}

/// The sources asked for (all where none was named), checked before anything is opened.
fn build_sources(context: &Context, book: &RuleBook, asked: &[String], known: &Known) -> Result<Vec<Box<dyn Source>>, Failure> {
    let ids: Vec<String> = context.settings.source.iter().map(|s| s.id.clone()).collect();
    if let Some(wrong) = asked.iter().find(|a| !ids.contains(a)) {
        return Err(Failure::usage(
            format!("没有来源 “{wrong}”；设置中有：{}", ids.join("、")),
            format!("no source `{wrong}`; the settings have: {}", ids.join(", ")),
            context.lang,
        ));
    }
    let (sites, suffixes) = (book.plain_sites(), book.suffixes()?);
    let wanted = context.settings.source.iter().filter(|s| asked.is_empty() || asked.contains(&s.id));
    let file = context.settings.file.display();
    wanted
        .map(|s| sources::build_knowing(s, &sites, &book.files, &|| permutations(&sites, &suffixes), known))
        .collect::<Result<_, _>>()
        .map_err(|e| Failure::usage(format!("{file}：{}", e.told(Lang::Zh)), format!("{file}: {e}"), context.lang))
}

pub(super) fn permutations(sites: &[Site], suffixes: &lookalike::Suffixes) -> Vec<String> {
    let mut names = Vec::new();
    for site in sites {
        for host in &site.hosts {
            names.extend(lookalike::permute_under(host, Some(site), suffixes).take(PERMUTATIONS_A_HOST).map(|p| p.name));
        }
    }
    names
}

fn report(context: &Context, pass: &Pass, summary: &Summary) -> Result<(), Failure> {
    let lang = context.lang;
    let totals = pass.records.totals().map_err(|e| context.records_failure(&e))?;
    let work = &summary.work;
    if context.json {
        return say::json(&json!({
            "schema": "scan/1",
            "sources": summary.sources,
            "resolved": {"present": work.present, "absent": work.absent, "unknown": work.unknown},
            "visits": work.visits,
            "leads": {"new": work.new_leads, "renewed": work.renewed_leads, "total": totals.leads},
            "stamps": {"made_up_for": summary.stamps.stamped, "waiting": summary.stamps.waiting},
            "evidence": pass.evidence_dir,
        }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(
        lang.pick(["来源", "结果", "见到", "入选", "新主机", "说明"], ["source", "outcome", "seen", "screened in", "new hosts", "remark"]),
    );
    for s in &summary.sources {
        let outcome = progress::outcome(&s.outcome, lang).to_owned();
        table.add_row([
            s.source.clone(),
            outcome,
            s.seen.to_string(),
            s.screened_in.to_string(),
            s.new.to_string(),
            words::told(&s.why, lang),
        ]);
    }
    say::line(&table.to_string())?;
    say::line(&lang.pick(
        format!("解析：存在 {}，不存在 {}，未知 {}", work.present, work.absent, work.unknown),
        format!("resolved: {} present, {} absent, {} unknown", work.present, work.absent, work.unknown),
    ))?;
    let visits: Vec<String> = work.visits.iter().map(|(outcome, n)| format!("{outcome} {n}")).collect();
    let made = work.visits.values().sum::<u64>();
    let detail = if visits.is_empty() {
        String::new()
    } else {
        lang.pick(format!("（{}）", visits.join("，")), format!(" ({})", visits.join(", ")))
    };
    say::line(&lang.pick(format!("访问：{made}{detail}"), format!("visits: {made}{detail}")))?;
    say::line(&lang.pick(
        format!("线索：新增 {}，再次见到 {}，共 {}", work.new_leads, work.renewed_leads, totals.leads),
        format!("leads: {} new, {} seen again, {} in all", work.new_leads, work.renewed_leads, totals.leads),
    ))?;
    let leads = pass.records.leads(&Filter::default()).map_err(|e| context.records_failure(&e))?;
    if !leads.is_empty() {
        say::line(&leads::table(&leads, lang, 30))?;
    }
    if !context.settings.evidence.tsa.is_empty() || summary.stamps.waiting > 0 {
        let (made, left) = (summary.stamps.stamped, summary.stamps.waiting);
        let why = summary.stamps.why.iter().map(|w| w.get(lang)).collect::<Vec<_>>().join(lang.pick("；", "; "));
        let why = if why.is_empty() { why } else { lang.pick(format!("（{why}）"), format!(" ({why})")) };
        say::line(&lang.pick(
            format!("时间戳：补盖 {made}，待加盖时间戳 {left}{why}"),
            format!("time-stamps: {made} made up for, {left} packages wait{why}"),
        ))?;
    }
    say::line(&lang.pick(format!("证据包：{}", pass.evidence_dir.display()), format!("packages: {}", pass.evidence_dir.display())))
}
