//! `jianwei rules check --sample FILE`: what each word of the name screen costs, in alerts a million, on real names that the unit gives.
//! The sample is the unit's own (yesterday's new names); what it is too small to show is said plainly.

use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, matching, say};
use crate::lookalike::{WordCost, WordCosts};
use serde_json::json;
use std::path::Path;

/// A sample below this cannot tell a word that costs 30 alerts a million from one that costs none.
const SMALL: u64 = 100_000;
/// Words without alerts that are shown: those which most names hold.
const SHOWN_QUIET: usize = 10;

pub(super) fn run(context: &Context, sample: &Path, tried: &[String]) -> Result<Exit, Failure> {
    let list = RuleBook::read(&context.settings, context.lang)?.watchlist()?;
    let mut costs = WordCosts::new(&list, tried);
    matching::each_block(context, Some(sample), &mut |block| {
        costs.count(block);
        Ok(())
    })?;
    if costs.names == 0 {
        return Err(Failure::usage(
            format!("{}：样本中没有名称；请给每行一个域名的文件（纯文本或 gzip）", sample.display()),
            format!("{}: no names in the sample; give a file with one name a line (plain or gzip)", sample.display()),
            context.lang,
        ));
    }
    if context.json {
        costs.words().iter().try_for_each(|w| one_json(&costs, w))?;
    } else {
        table(context, &costs)?;
    }
    Ok(Exit::Done)
}

fn per_million(costs: &WordCosts<'_>, count: u64) -> f64 {
    count as f64 * 1e6 / costs.names as f64
}

fn one_json(costs: &WordCosts<'_>, w: &WordCost) -> Result<(), Failure> {
    say::json(&json!({
        "schema": "rules-cost/1",
        "site": w.site,
        "word": w.word,
        "points": w.points,
        "names": costs.names,
        "holds": w.holds,
        "alerts": w.alerts,
        "alerts_per_million": per_million(costs, w.alerts),
        "at_most_per_million": costs.at_most(if w.site.is_empty() { w.holds } else { w.alerts }),
        "examples": w.examples,
    }))
}

fn table(context: &Context, costs: &WordCosts<'_>) -> Result<(), Failure> {
    let lang = context.lang;
    let (all, none) = (costs.at_most(costs.alerts).unwrap_or(0.0), costs.at_most(0).unwrap_or(0.0));
    say::line(&lang.pick(
        format!(
            "样本 {} 个名称，告警 {} 个：每百万 {:.1} 个，至多 {all:.1} 个（95% 置信）",
            costs.names,
            costs.alerts,
            per_million(costs, costs.alerts)
        ),
        format!(
            "{} names, {} alerts: {:.1} a million, at most {all:.1} (95 % confidence)",
            costs.names,
            costs.alerts,
            per_million(costs, costs.alerts)
        ),
    ))?;
    if costs.names < SMALL {
        say::line(&lang.pick(
            format!("样本太小：一个告警都没有的词，也只能说每百万至多 {none:.0} 个（三的法则）；请给 {SMALL} 个以上的真实名称，例如昨天的新注册域名"),
            format!("the sample is too small: even of a word without alerts no more can be said than at most {none:.0} a million (rule of three); give {SMALL} real names or more, such as yesterday's new ones"),
        ))?;
    }
    let mut words: Vec<&WordCost> = costs.words().iter().collect();
    words.sort_by_key(|w| std::cmp::Reverse((w.alerts, w.holds)));
    for w in words.iter().filter(|w| w.alerts > 0 && !w.site.is_empty()) {
        say::line(&alerting(context, costs, w))?;
    }
    let quiet: Vec<&&WordCost> = words.iter().filter(|w| w.alerts == 0 && !w.site.is_empty()).collect();
    say::line(&lang.pick(
        format!("其余 {} 个词在样本中没有告警：每个每百万至多 {none:.1} 个。其中出现最多的：", quiet.len()),
        format!("the other {} words gave no alert: at most {none:.1} a million each. Those that most names hold:", quiet.len()),
    ))?;
    for w in quiet.iter().filter(|w| w.holds > 0).take(SHOWN_QUIET) {
        say::line(&holding(context, costs, w))?;
    }
    for w in costs.words().iter().filter(|w| w.site.is_empty()) {
        say::line(&format!("{}{}", lang.pick("试用词：", "tried: "), holding(context, costs, w)))?;
    }
    Ok(())
}

fn label(context: &Context, w: &WordCost) -> String {
    let word = if w.word == "*" { context.lang.pick("官方域名标签", "official labels") } else { w.word.as_str() };
    if w.site.is_empty() { format!("“{word}”") } else { format!("{} “{word}”", w.site) }
}

fn alerting(context: &Context, costs: &WordCosts<'_>, w: &WordCost) -> String {
    let (rate, most) = (per_million(costs, w.alerts), costs.at_most(w.alerts).unwrap_or(0.0));
    let (what, examples) = (label(context, w), w.examples.join(" "));
    context.lang.pick(
        format!("{what}：参与告警 {} 个，每百万 {rate:.1} 个，至多 {most:.1} 个（出现 {} 次）  {examples}", w.alerts, w.holds),
        format!("{what}: in {} alerts, {rate:.1} a million, at most {most:.1} (held by {} names)  {examples}", w.alerts, w.holds),
    )
}

fn holding(context: &Context, costs: &WordCosts<'_>, w: &WordCost) -> String {
    let (rate, most) = (per_million(costs, w.holds), costs.at_most(w.holds).unwrap_or(0.0));
    let what = label(context, w);
    context.lang.pick(
        format!("{what}：{} 个名称含有；若单凭它就告警，每百万 {rate:.1} 个，至多 {most:.1} 个", w.holds),
        format!("{what}: held by {} names; if it sufficed alone, {rate:.1} a million, at most {most:.1}", w.holds),
    )
}
