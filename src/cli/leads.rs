//! `jianwei leads list|show|export`. The same filters for all three.

use crate::cli::args::{AudienceArg, FilterArgs, LeadsCommand, TlpArg};
use crate::cli::attribution::{self, Whose};
use crate::cli::fail::{Exit, Failure};
use crate::cli::outgoing::site_names;
use crate::cli::rules::RuleBook;
use crate::cli::{Context, open, report, say, settings};
use crate::model::assessment::{Class, Verdict};
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId, State};
use crate::model::time::Timestamp;
use crate::records::{Filter, Records};
use crate::referral::{self, Audience, EXCHANGES, Export, FORMATS, Outgoing, Purpose, Tlp};
use comfy_table::{ContentArrangement, Table, presets};
use std::io::IsTerminal;
use std::path::Path;

pub(super) fn run(context: &Context, command: &LeadsCommand) -> Result<Exit, Failure> {
    match command {
        LeadsCommand::List { filter } => list(context, filter),
        LeadsCommand::Show { lead } => show(context, lead),
        LeadsCommand::Export { format, output, lead, audience, tlp, filter } => {
            let (format, output) = (format.as_deref(), output.as_deref());
            export(context, &Wanted { format, output, lead, audience: *audience, tlp: *tlp, filter })
        }
        command => attribution::run(context, command),
    }
}

fn list(context: &Context, filter: &FilterArgs) -> Result<Exit, Failure> {
    let filter = parse(context, filter)?;
    let leads = find(context, &context.records()?, &filter)?;
    if context.json {
        for lead in &leads {
            say::json(&referral::lead_json(lead, context.lang))?;
        }
        return Ok(Exit::Done);
    }
    if leads.is_empty() {
        say::note(context.lang.pick("没有符合条件的线索；运行 jianwei scan 可发现新线索", "no such leads; `jianwei scan` finds new ones"));
        return Ok(Exit::Done);
    }
    say::line(&table(&leads, context.lang, usize::MAX))?;
    Ok(Exit::Done)
}

fn show(context: &Context, wanted: &str) -> Result<Exit, Failure> {
    let records = context.records()?;
    let lead = one(context, &records, wanted)?;
    let whose = attribution::whose(context, &records, &lead)?;
    if context.json {
        let mut json = referral::lead_json(&lead, context.lang);
        if let (Some(json), serde_json::Value::Object(more)) = (json.as_object_mut(), whose.json(context.lang)) {
            json.extend(more);
        }
        say::json(&json)?;
    } else {
        say::line(&in_full(&lead, &whose, context))?;
    }
    Ok(Exit::Done)
}

fn export(context: &Context, wanted: &Wanted<'_>) -> Result<Exit, Failure> {
    let lang = context.lang;
    let (name, text, shares) = pick_format(wanted.format, wanted.output, lang)?;
    if wanted.output.is_none() && !text && std::io::stdout().is_terminal() {
        return Err(Failure::usage(
            format!("{name} 不能直接显示在终端；请用 -o 文件名"),
            format!("{name} does not go to a terminal; use -o FILE"),
            lang,
        ));
    }
    let records = context.records()?;
    let shared = ["approved", "referred", "blocked", "still_up", "moved"];
    let leads = chosen(context, &records, wanted.lead, wanted.filter, if shares { &shared } else { &[] })?;
    let book = RuleBook::read(&context.settings, lang)?;
    let purpose = if shares { Purpose::Share } else { Purpose::List };
    context.pass(&context.gate(&book, &records)?, &leads, purpose)?;
    let (known, reporter, sites) = (context.known(&leads, &records, &book, name == "misp")?, context.reporter(), site_names(&book));
    let platforms = context.platforms(&book)?;
    let letters = records.letters().map_err(|e| context.records_failure(&e))?;
    let list = Export { leads: &leads, lang, now: context.net()?.now(), organisation: &reporter.organisation };
    let out = Outgoing {
        list,
        audience: if wanted.audience == AudienceArg::Police { Audience::Police } else { Audience::Partner },
        letters: &letters,
        facts: &known.facts,
        clusters: &known.clusters,
        reporter: &reporter,
        sites: &sites,
        platforms: Some(&platforms),
        tlp: match wanted.tlp {
            TlpArg::Clear => Tlp::Clear,
            TlpArg::Green => Tlp::Green,
            TlpArg::Amber => Tlp::Amber,
            TlpArg::Red => Tlp::Red,
        },
    };
    let made = referral::list(&name, &out).or_else(|| EXCHANGES.iter().find(|x| x.name == name).map(|x| (x.write)(&out)));
    let bytes = made.expect("the format was picked from the tables").map_err(|e| Failure::from(anyhow::Error::new(e)))?;
    match wanted.output {
        None => say::raw(&bytes)?,
        Some(file) => {
            context.write(file, &bytes)?;
            let n = open::counted(leads.len() as u64, "条线索", "leads", lang);
            say::note(&lang.pick(format!("{n} → {}", file.display()), format!("{n} -> {}", file.display())));
        }
    }
    report::reminder(context, &records, list.now);
    Ok(Exit::Done)
}

/// What an export is asked for.
struct Wanted<'a> {
    format: Option<&'a str>,
    output: Option<&'a Path>,
    lead: &'a [String],
    audience: AudienceArg,
    tlp: TlpArg,
    filter: &'a FilterArgs,
}

/// Leads that are named, each once, in the order given; where none is named, those of the filter, by default of the states `usual`.
pub(super) fn chosen(
    context: &Context,
    records: &Records,
    named: &[String],
    args: &FilterArgs,
    usual: &[&str],
) -> Result<Vec<Lead>, Failure> {
    let mut filter = parse(context, args)?;
    if named.is_empty() {
        if filter.states.is_empty() {
            filter.states = State::ALL.into_iter().filter(|s| usual.contains(&s.word())).collect();
        }
        return find(context, records, &filter);
    }
    let mut leads: Vec<Lead> = Vec::new();
    for name in named {
        let lead = one(context, records, name)?;
        if !leads.iter().any(|l| l.id == lead.id) {
            leads.push(lead);
        }
    }
    Ok(leads)
}

/// A lead by id or host.
fn one(context: &Context, records: &Records, wanted: &str) -> Result<Lead, Failure> {
    let fail = |e| context.records_failure(&e);
    let mut lead = records.lead(&LeadId(wanted.trim().to_uppercase())).map_err(fail)?;
    if lead.is_none()
        && let Ok(host) = Host::parse(wanted)
    {
        lead = records.lead_of(&host).map_err(fail)?;
    }
    lead.ok_or_else(|| {
        Failure::failed(
            format!("没有线索 “{wanted}”；用 jianwei leads list 查看编号"),
            format!("no lead `{wanted}`; `jianwei leads list` shows their ids"),
            context.lang,
        )
    })
}

/// Name of the format, is it text, and does it share leads with others?
fn pick_format(asked: Option<&str>, output: Option<&Path>, lang: Lang) -> Result<(String, bool, bool), Failure> {
    let extension = output.and_then(|o| o.extension()).map(|e| e.to_string_lossy().to_lowercase());
    let name = asked.map(str::to_lowercase).or(extension).unwrap_or_else(|| "csv".to_owned());
    if let Some(format) = FORMATS.iter().find(|f| f.name == name || (asked.is_none() && f.extension == name)) {
        return Ok((format.name.to_owned(), format.text, false));
    }
    if let Some(exchange) = EXCHANGES.iter().find(|x| x.name == name) {
        return Ok((exchange.name.to_owned(), true, true));
    }
    let known: Vec<&str> = FORMATS.iter().map(|f| f.name).chain(EXCHANGES.iter().map(|x| x.name)).collect();
    Err(Failure::usage(
        format!("没有导出格式 “{name}”；可用：{}", known.join("、")),
        format!("no export format `{name}`; there are: {}", known.join(", ")),
        lang,
    ))
}

fn find(context: &Context, records: &Records, filter: &Filter) -> Result<Vec<Lead>, Failure> {
    records.leads(filter).map_err(|e| context.records_failure(&e))
}

fn parse(context: &Context, args: &FilterArgs) -> Result<Filter, Failure> {
    let verdicts = Class::ALL.map(Verdict::from).into_iter().chain([Verdict::None]);
    let states = word_list(&args.state, "--state", State::ALL.iter().map(|s| (s.word(), *s)).collect(), context.lang)?;
    let classes = word_list(&args.class, "--class", verdicts.map(|v| (v.word(), v)).collect(), context.lang)?;
    let since = args.since.as_deref().map(|day| day_start(day, context.lang)).transpose()?;
    Ok(Filter {
        states,
        classes,
        site: args.site.clone(),
        min_score: args.min_score,
        source: args.source.clone(),
        since,
        text: args.text.clone(),
    })
}

fn word_list<T: Copy>(given: &[String], option: &str, known: Vec<(&'static str, T)>, lang: Lang) -> Result<Vec<T>, Failure> {
    let words: Vec<String> = known.iter().map(|(w, _)| (*w).to_owned()).collect();
    given
        .iter()
        .map(|g| {
            known.iter().find(|(w, _)| w == g).map(|(_, v)| *v).ok_or_else(|| {
                let hint = settings::nearest(g, &words).map_or_else(|| words.join(", "), str::to_owned);
                Failure::usage(format!("{option} 的值 “{g}” 无效；可用：{hint}"), format!("{option}: no `{g}`; try {hint}"), lang)
            })
        })
        .collect()
}

fn day_start(day: &str, lang: Lang) -> Result<Timestamp, Failure> {
    Timestamp::parse(&format!("{day}T00:00:00+08:00")).ok_or_else(|| {
        Failure::usage(
            format!("--since 的值 “{day}” 不是日期；写成 2026-01-31"),
            format!("--since: `{day}` is no date; write 2026-01-31"),
            lang,
        )
    })
}

/// A table for the terminal: the strongest reasons of each lead in a few words.
pub(super) fn table(leads: &[Lead], lang: Lang, most: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_width(160);
    }
    table.set_header(
        lang.pick(["编号", "状态", "类别", "分", "主机", "标题", "依据"], ["lead", "state", "class", "score", "host", "title", "reasons"]),
    );
    for lead in leads.iter().take(most) {
        let reasons: Vec<String> = lead
            .assessment
            .findings
            .iter()
            .filter(|f| f.points > 0)
            .take(3)
            .map(|f| format!("+{}\u{a0}{}", f.points, short(f.why.get(lang), lang.pick(24, 48))))
            .collect();
        table.add_row([
            lead.id.to_string(),
            lang.pick(lead.state.zh(), lead.state.word()).to_owned(),
            lang.pick(lead.class().zh(), lead.class().word()).to_owned(),
            lead.assessment.scores.max().to_string(),
            lead.candidate.host.unicode().replace('.', "[.]"),
            lead.title.chars().take(40).collect(),
            reasons.join("\n"),
        ]);
    }
    let more = leads.len().saturating_sub(most);
    let tail = if more > 0 { lang.pick(format!("\n……另有 {more} 条"), format!("\n... and {more} more")) } else { String::new() };
    format!("{table}{tail}")
}

/// The first `most` characters, with a mark where something was cut.
fn short(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

fn in_full(lead: &Lead, whose: &Whose, context: &Context) -> String {
    let lang = context.lang;
    let mut out = Vec::new();
    let mut field = |zh: &str, en: &str, value: String| out.push(format!("{}：{value}", lang.pick(zh, en)));
    let s = lead.assessment.scores;
    field("编号", "lead", lead.id.to_string());
    field("状态", "state", lang.pick(lead.state.zh(), lead.state.word()).to_owned());
    field("类别", "class", lang.pick(lead.class().zh(), lead.class().word()).to_owned());
    field("分数", "scores", format!("fake_query {} / seller {} / mirror {}", s.fake_query, s.seller, s.mirror));
    field("主机", "host", lead.candidate.host.unicode().replace('.', "[.]"));
    field("网址", "url", defang(&lead.url));
    field("标题", "title", lead.title.clone());
    field("仿冒对象", "imitates", lead.assessment.site.clone());
    field("首次发现", "first seen", lead.candidate.first_seen.beijing());
    field("立案时间", "opened", lead.opened_at.beijing());
    if let Some(r) = &lead.resolution {
        field("IP", "addresses", r.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    for sighting in &lead.candidate.sightings {
        field("来源", "source", format!("{} {} {}", sighting.source, sighting.seen_at.beijing(), defang(&sighting.seen)));
    }
    for finding in &lead.assessment.findings {
        let span = finding.span.as_ref().map(|s| format!("　“{}” [{}]", s.raw, s.part)).unwrap_or_default();
        field(
            "依据",
            "finding",
            format!("{:+} {} {}{span} ({})", finding.points, finding.class.word(), finding.why.get(lang), finding.evidence),
        );
    }
    for step in &lead.history {
        field("经过", "history", format!("{} {} {}", step.at.beijing(), step.by, step.what.word()));
    }
    for package in &lead.packages {
        let path = context.settings.evidence_dir().join(&package.path);
        field("证据包", "package", format!("{} {} SHA-256 {}", package.captured_at.beijing(), path.display(), package.manifest_sha256));
    }
    out.extend(whose.lines(lang));
    out.join("\n")
}

/// An address that nothing turns into a live link.
pub(super) fn defang(url: &str) -> String {
    url.replacen("http", "hxxp", 1).replace('.', "[.]")
}
