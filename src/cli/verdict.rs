//! What `check` prints: for a program one JSON object, for a person the verdict, the three scores as bars, what speaks for and against by
//! points with the place in the package, and what was not looked at.

use crate::cli::fail::Failure;
use crate::cli::notes::{self, Kind};
use crate::cli::{Context, leads, say};
use crate::model::assessment::{Assessment, Class, Finding, Scores, Verdict};
use crate::model::capture::Outcome;
use crate::model::dossier::Dossier;
use crate::model::lang::Lang;
use serde_json::json;
use std::path::PathBuf;

/// Characters of a span that are printed; the package has the rest.
const SPAN_CHARS: usize = 80;

/// One page and what was said of it.
pub(super) struct Shown<'a> {
    /// As it was asked for.
    pub(super) given: &'a str,
    pub(super) dossier: &'a Dossier,
    pub(super) assessment: &'a Assessment,
    /// Alert line and review line.
    pub(super) lines: (u8, u8),
    /// Absolute path of the package.
    pub(super) package: PathBuf,
}

/// Prints it.
pub(super) fn show(context: &Context, shown: &Shown<'_>) -> Result<(), Failure> {
    if context.json { as_json(context.lang, shown) } else { for_a_person(context.lang, shown) }
}

/// The three scores in one line.
pub(super) fn in_words(scores: Scores, lang: Lang) -> String {
    let each = Class::ALL.map(|class| format!("{} {}", lang.pick(class.zh(), class.word()), scores.of(class)));
    each.join(lang.pick("、", ", "))
}

fn outcome(dossier: &Dossier) -> Outcome {
    dossier.main_capture().map_or(Outcome::Failed { why: "no capture".into() }, |c| c.outcome.clone())
}

fn as_json(lang: Lang, shown: &Shown<'_>) -> Result<(), Failure> {
    let findings: Vec<_> = shown
        .assessment
        .findings
        .iter()
        .map(|f| {
            let span = f.span.clone().unwrap_or_default();
            json!({"signal": f.signal, "class": f.class, "points": f.points, "why": f.why.get(lang), "span": span.raw,
                   "evidence": f.evidence, "place": span.place})
        })
        .collect();
    say::json(&json!({
        "schema": "check/1",
        "url": shown.given,
        "final_url": shown.dossier.main_capture().and_then(|c| c.final_url.clone()),
        "outcome": outcome(shown.dossier).word(),
        "class": shown.assessment.class.word(),
        "scores": shown.assessment.scores,
        "findings": findings,
        "package": shown.package,
    }))
}

fn for_a_person(lang: Lang, shown: &Shown<'_>) -> Result<(), Failure> {
    let (assessment, outcome) = (shown.assessment, outcome(shown.dossier));
    say::line(&format!("{}  {}", leads::defang(shown.given), lang.pick(outcome.why_zh(), outcome.why())))?;
    let last = shown.dossier.main_capture().and_then(|c| c.final_url.as_deref());
    if let Some(last) = last.filter(|f| *f != shown.given) {
        say::line(&format!("→ {}", leads::defang(last)))?;
    }
    say::line(&lang.pick(format!("结论：{}", verdict_zh(shown)), format!("verdict: {}", verdict_en(shown))))?;
    for class in Class::ALL {
        say::line(&score_line(class, assessment.scores.of(class), shown.lines, lang))?;
    }
    let against = |f: &&Finding| f.points < 0;
    part(lang.pick("依据", "what speaks for it"), assessment.findings.iter().filter(|f| !against(f)), lang)?;
    part(lang.pick("反证", "what speaks against"), assessment.findings.iter().filter(against), lang)?;
    let told = notes::of(shown.dossier, lang);
    for (kind, title) in [(Kind::Odd, lang.pick("备注", "note")), (Kind::NotLooked, lang.pick("未查看", "not looked at"))] {
        for (_, note) in told.iter().filter(|(k, _)| *k == kind) {
            say::line(&lang.pick(format!("{title}：{note}"), format!("{title}: {note}")))?;
        }
    }
    say::line(&format!("{}{}\n", lang.pick("证据包：", "package: "), shown.package.display()))
}

fn verdict_zh(shown: &Shown<'_>) -> String {
    let a = shown.assessment;
    let against = if a.site.is_empty() { String::new() } else { format!("（对照 {}）", a.site) };
    match a.class {
        Verdict::Official => "官方网站，不再研判".into(),
        Verdict::None if a.review => format!("未达预警线 {}，但已达复核线 {}，请人工复核{against}", shown.lines.0, shown.lines.1),
        Verdict::None => format!("未达复核线 {}", shown.lines.1),
        class => format!("疑似{}{against}，达到预警线 {}", class.zh(), shown.lines.0),
    }
}

fn verdict_en(shown: &Shown<'_>) -> String {
    let a = shown.assessment;
    let against = if a.site.is_empty() { String::new() } else { format!(" (held against {})", a.site) };
    match a.class {
        Verdict::Official => "official; the matter ends here".into(),
        Verdict::None if a.review => {
            format!("none: under the alert line {}, over the review line {}: a person should look{against}", shown.lines.0, shown.lines.1)
        }
        Verdict::None => format!("none: under the review line {}", shown.lines.1),
        class => format!("suspected {}{against}: at or over the alert line {}", class.word(), shown.lines.0),
    }
}

/// Name, a bar of twenty, the number. Han are two columns wide, so names are padded by columns.
fn score_line(class: Class, score: u8, (alert, review): (u8, u8), lang: Lang) -> String {
    let name = lang.pick(class.zh(), class.word());
    let columns: usize = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let full = usize::from(score).div_ceil(5).min(20);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(20 - full));
    let mark = match score {
        s if s >= alert => lang.pick("  预警", "  alert"),
        s if s >= review => lang.pick("  复核", "  review"),
        _ => "",
    };
    format!("  {name}{} {bar} {score:>3}{mark}", " ".repeat(10usize.saturating_sub(columns)))
}

fn part<'a>(title: &str, findings: impl Iterator<Item = &'a Finding>, lang: Lang) -> Result<(), Failure> {
    let mut findings: Vec<&Finding> = findings.collect();
    if findings.is_empty() {
        return Ok(());
    }
    findings.sort_by_key(|f| std::cmp::Reverse(f.points.abs()));
    say::line(&lang.pick(format!("{title}："), format!("{title}:")))?;
    for f in findings {
        let class = lang.pick(f.class.zh(), f.class.word());
        say::line(&lang.pick(format!("  {:>+4} 〔{class}〕{}", f.points, f.why.zh), format!("  {:>+4} [{class}] {}", f.points, f.why.en)))?;
        say::line(&format!("       {}{}  ·  {}", span(f), place(f, lang), f.signal))?;
    }
    Ok(())
}

/// The span as it stands on the page; where normalisation changed it, also what it reads as.
fn span(f: &Finding) -> String {
    let Some(span) = &f.span else { return String::new() };
    let short = |text: &str| {
        let one_line: Vec<&str> = text.split_whitespace().collect();
        let one_line = one_line.join(" ");
        let cut: String = one_line.chars().take(SPAN_CHARS).collect();
        if cut.len() < one_line.len() { format!("{cut}…") } else { cut }
    };
    let (raw, read) = (short(&span.raw), short(&span.normalised));
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let changed = !read.is_empty() && span.raw.chars().count() <= SPAN_CHARS && plain(&raw) != plain(&read);
    let reads = if changed { format!(" → “{read}”") } else { String::new() };
    format!("“{raw}”{reads}  ")
}

/// File of the package and the place in it.
fn place(f: &Finding, lang: Lang) -> String {
    let place = f.span.as_ref().map(|s| s.place.as_str()).unwrap_or_default();
    match place.strip_prefix("char=").and_then(|p| p.split_once(',')) {
        Some((from, to)) => {
            let first = from.parse::<u64>().map_or(0, |n| n + 1);
            lang.pick(format!("{} 第 {first}–{to} 字", f.evidence), format!("{} characters {first}-{to}", f.evidence))
        }
        None if place.is_empty() => f.evidence.clone(),
        None => format!("{} {place}", f.evidence),
    }
}
