//! What `jianwei eval` prints: figures for a person in Chinese or English, or one JSON object a split and a wrong page.

use crate::assess::eval::fit::ClassFit;
use crate::assess::eval::measure::Rate;
use crate::assess::eval::{AtRate, ClassFigures, Report, Wrong};
use crate::cli::args::EvalArgs;
use crate::cli::fail::Failure;
use crate::cli::{Context, say};
use crate::model::lang::Lang;
use serde_json::{Value, json};
use std::path::Path;

/// Wrong pages shown to a person for each split; `--all` and JSON give every one.
const SHOWN: usize = 20;

pub(super) fn reports(context: &Context, reports: &[Report], args: &EvalArgs) -> Result<(), Failure> {
    for report in reports {
        if context.json {
            say::json(&as_json(report, args.base_rate))?;
            for wrong in &report.wrong {
                say::json(&wrong_json(wrong, &report.split, context.lang))?;
            }
        } else {
            told(report, args, context.lang)?;
        }
    }
    Ok(())
}

fn told(report: &Report, args: &EvalArgs, lang: Lang) -> Result<(), Failure> {
    let counts: Vec<String> = report.pages.iter().map(|(class, n)| format!("{class} {n}")).collect();
    let (benign, families) = report.benign;
    let name = if report.split.is_empty() { "-" } else { &report.split };
    say::line(&lang.pick(
        format!("== {name}：{}；正常网页分属 {families} 个模板族", counts.join("，")),
        format!("== {name}: {}; the benign pages are of {families} template families", counts.join(", ")),
    ))?;
    for figures in &report.classes {
        class(figures, args.base_rate, benign, lang)?;
    }
    say::line(&lang.pick(
        format!("正常网页达到任一预警线：{}；达到任一复核线：{}", rate(report.alerts, lang), rate(report.reviewed, lang)),
        format!(
            "benign pages that alert in any class: {}; that reach a review line: {}",
            rate(report.alerts, lang),
            rate(report.reviewed, lang)
        ),
    ))?;
    let confusion: Vec<String> = report.confusion.iter().map(|((truth, verdict), n)| format!("{truth}→{verdict} {n}")).collect();
    say::line(&format!("{}：{}", lang.pick("混淆（标注→结论）", "confusion (label→verdict)"), confusion.join("，")))?;
    let weak: Vec<String> = report
        .families
        .iter()
        .filter(|f| f.right.hit < f.right.of)
        .map(|f| format!("{} {}/{}", f.family, f.right.hit, f.right.of))
        .collect();
    if !weak.is_empty() {
        say::line(&format!("{}：{}", lang.pick("判对不全的模板族", "families not judged rightly throughout"), weak.join("，")))?;
    }
    let most = if args.all { usize::MAX } else { SHOWN };
    for wrong in report.wrong.iter().take(most) {
        wrong_line(wrong, lang)?;
    }
    if report.wrong.len() > most {
        say::line(&lang.pick(
            format!("……共 {} 个判错的网页，--all 全部列出", report.wrong.len()),
            format!("... {} pages judged wrongly; --all lists them", report.wrong.len()),
        ))?;
    }
    say::line("")
}

fn class(f: &ClassFigures, base: f64, benign: usize, lang: Lang) -> Result<(), Failure> {
    say::line(&format!("{}（{}）", lang.pick(f.class.zh(), f.class.word()), f.class.word()))?;
    say::line(&lang.pick(
        format!(
            "  预警线 {}：召回 {}，误报 {}，本集准确率 {}；达到复核线 {}",
            f.line,
            percent(f.recall),
            rate(f.false_alarms, lang),
            percent(f.precision),
            percent(f.review)
        ),
        format!(
            "  alert line {}: recall {}, false alarms {}, precision here {}; at the review line {}",
            f.line,
            percent(f.recall),
            rate(f.false_alarms, lang),
            percent(f.precision),
            percent(f.review)
        ),
    ))?;
    for at in &f.at {
        say::line(&at_line(at, benign, lang))?;
    }
    let (seen, worst) = f.precision_at_base;
    say::line(&lang.pick(
        format!("  基准率 {base} 时的准确率：按实测误报率 {:.1}%，按 95% 上限 {:.1}%", seen * 100.0, worst * 100.0),
        format!("  precision at base rate {base}: {:.1}% by the observed rate, {:.1}% by the 95% bound", seen * 100.0, worst * 100.0),
    ))?;
    let without: Vec<String> = f
        .without
        .iter()
        .map(|(w, recall, alarms)| format!("{} {}（{}/{}）", lang.pick(w.zh(), w.word()), percent(*recall), alarms.hit, alarms.of))
        .collect();
    say::line(&format!("  {}：{}", lang.pick("去掉某类依据后的召回（误报）", "recall (false alarms) without"), without.join("，")))
}

fn at_line(at: &AtRate, benign: usize, lang: Lang) -> String {
    let asked = at.asked * 100.0;
    let support = if at.supported {
        String::new()
    } else {
        let bound = at.false_alarms.at_most() * 100.0;
        lang.pick(
            format!("；{benign} 个正常网页不足以证明该误报率，只能说至多 {bound:.2}%（95%）"),
            format!("; {benign} benign pages cannot show that rate: at most {bound:.2}% by 95%"),
        )
    };
    lang.pick(
        format!("  误报率 {asked}% 时（分数线 {}）：召回 {}{support}", at.threshold, percent(at.recall)),
        format!("  at {asked}% false positives (score {}): recall {}{support}", at.threshold, percent(at.recall)),
    )
}

fn percent(rate: Rate) -> String {
    if rate.of == 0 { "-".into() } else { format!("{:.1}%（{}/{}）", rate.value() * 100.0, rate.hit, rate.of) }
}

/// Seen, and what can be claimed.
fn rate(rate: Rate, lang: Lang) -> String {
    let bound = rate.at_most() * 100.0;
    lang.pick(
        format!("{}/{}（95% 把握至多 {bound:.2}%）", rate.hit, rate.of),
        format!("{}/{} (at most {bound:.2}% by 95%)", rate.hit, rate.of),
    )
}

fn wrong_line(wrong: &Wrong, lang: Lang) -> Result<(), Failure> {
    let (page, a) = (wrong.page, &wrong.page.assessment);
    let what = if wrong.false_alarm { lang.pick("误报", "false alarm") } else { lang.pick("漏报", "miss") };
    let findings: Vec<String> = a.findings.iter().map(|f| format!("{:+} {}", f.points, f.signal)).collect();
    let scores = format!("{}/{}/{}", a.scores.fake_query, a.scores.seller, a.scores.mirror);
    say::line(&format!("{what} {} [{}→{}] {scores}：{}", page.name, page.truth.word(), a.class.word(), findings.join("，")))
}

fn rate_json(rate: Rate) -> Value {
    json!({"hit": rate.hit, "of": rate.of, "at_most_95": rate.at_most()})
}

fn as_json(report: &Report, base_rate: f64) -> Value {
    let class = |f: &ClassFigures| {
        let at: Vec<Value> = f
            .at
            .iter()
            .map(|a| json!({"rate": a.asked, "threshold": a.threshold, "recall": rate_json(a.recall), "false_alarms": rate_json(a.false_alarms), "supported": a.supported}))
            .collect();
        let without: Vec<Value> = f
            .without
            .iter()
            .map(|(w, recall, alarms)| json!({"without": w.word(), "recall": rate_json(*recall), "false_alarms": rate_json(*alarms)}))
            .collect();
        json!({
            "class": f.class.word(), "line": f.line, "recall": rate_json(f.recall), "false_alarms": rate_json(f.false_alarms),
            "precision": rate_json(f.precision), "review": rate_json(f.review), "at": at, "base_rate": base_rate,
            "precision_at_base": f.precision_at_base.0, "precision_at_base_worst": f.precision_at_base.1, "ablation": without,
        })
    };
    let confusion: Vec<Value> =
        report.confusion.iter().map(|((truth, verdict), n)| json!({"label": truth, "verdict": verdict, "pages": n})).collect();
    let families: Vec<Value> = report
        .families
        .iter()
        .map(|f| json!({"family": f.family, "label": f.truth.word(), "right": f.right.hit, "pages": f.right.of}))
        .collect();
    json!({
        "schema": "eval/1", "split": report.split, "pages": report.pages, "benign_families": report.benign.1,
        "alerts": rate_json(report.alerts), "reviewed": rate_json(report.reviewed),
        "classes": report.classes.iter().map(class).collect::<Vec<_>>(), "confusion": confusion, "families": families,
    })
}

fn wrong_json(wrong: &Wrong, split: &str, lang: Lang) -> Value {
    let a = &wrong.page.assessment;
    let findings: Vec<Value> =
        a.findings.iter().map(|f| json!({"signal": f.signal, "class": f.class, "points": f.points, "why": f.why.get(lang)})).collect();
    json!({
        "schema": "eval-page/1", "split": split, "file": wrong.page.name, "family": wrong.page.family, "label": wrong.page.truth.word(),
        "class": a.class.word(), "false_alarm": wrong.false_alarm, "scores": a.scores, "findings": findings,
    })
}

pub(super) fn fits(context: &Context, fits: &[ClassFit], without: &[String], path: &Path) -> Result<(), Failure> {
    let lang = context.lang;
    for fit in fits {
        let (old, new) = fit.held_out;
        if context.json {
            let signals: Vec<Value> = fit
                .signals
                .iter()
                .map(|s| json!({"signal": s.signal, "points": s.points, "fitted": (s.fitted * 10.0).round() / 10.0, "pages": s.pages}))
                .collect();
            say::json(&json!({
                "schema": "eval-fit/1", "class": fit.class.word(), "held_out_recall_now": rate_json(old), "held_out_recall_fitted": rate_json(new),
                "signals": signals, "written": path,
            }))?;
            continue;
        }
        say::line(&lang.pick(
            format!("{} 拟合（留出整族与同域名，误报率 0.1%）：召回由 {} 到 {}", fit.class.zh(), percent(old), percent(new)),
            format!(
                "{} fit (families and domains held out, 0.1% false positives): recall {} to {}",
                fit.class.word(),
                percent(old),
                percent(new)
            ),
        ))?;
        for s in &fit.signals {
            say::line(&format!("  {:<26} {:>4} → {:>6.1}  ({})", s.signal, s.points, s.fitted, s.pages))?;
        }
    }
    if context.json {
        return Ok(());
    }
    if !without.is_empty() {
        say::line(&format!(
            "{}：{}",
            lang.pick("权重文件中没有的信号（规则自带分值）", "not in the weights file (rules bring their own points)"),
            without.join("，")
        ))?;
    }
    say::line(&format!("{}：{}", lang.pick("新权重已写出，请人工审核后使用", "new weights written, for review"), path.display()))
}
