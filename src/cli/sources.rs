//! `jianwei sources`: how the sources are doing. Reads the store, or, beside a running watch, the health file that it keeps.

use crate::cli::fail::{Exit, Failure};
use crate::cli::watch::schedule_of;
use crate::cli::{Context, progress, say};
use crate::model::lang::Lang;
use crate::model::time::Timestamp;
use crate::pipeline::cron::Schedule;
use crate::pipeline::watch::health::{self, Plan, SourceHealth};
use crate::records::{Records, RecordsError};
use crate::sources::words;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let lang = context.lang;
    let (sources, as_of) = read(context)?;
    let now = as_of.unwrap_or(context.net()?.now());
    if context.json {
        for s in &sources {
            say::json(&line(s, now))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(at) = as_of {
        say::line(&lang.pick(
            format!("监测正在运行；截至 {}（北京时间）", at.beijing()),
            format!("a watch is running; as of {} (Beijing time)", at.beijing()),
        ))?;
    }
    if sources.is_empty() {
        return say::line(lang.pick("设置中没有来源", "the settings have no sources")).map(|()| Exit::Done);
    }
    say::line(&table(&sources, now, lang))?;
    Ok(Exit::Done)
}

/// All sources of the settings, and the moment that it was so where a watch told it.
fn read(context: &Context) -> Result<(Vec<SourceHealth>, Option<Timestamp>), Failure> {
    let dir = context.settings.data_dir();
    let records = match Records::open(dir, &|| crate::cli::open::stored_visits(&context.settings.evidence_dir())) {
        Ok(records) => records,
        Err(e @ RecordsError::InUse { .. }) => {
            let health = health::read(dir).filter(|h| h.at.is_some()).ok_or_else(|| context.records_failure(&e))?;
            return Ok((health.sources, health.at));
        }
        Err(e) => return Err(context.records_failure(&e)),
    };
    let now = context.net()?.now();
    let schedules: Vec<Schedule> = context.settings.source.iter().map(|s| schedule_of(context, s)).collect::<Result<_, Failure>>()?;
    let settings = context.settings.source.iter().zip(&schedules);
    let plans: Vec<Plan<'_>> = settings.map(|(s, schedule)| Plan { id: &s.id, kind: &s.kind, schedule, running: false }).collect();
    let sources = health::sources(&records, &plans, now).map_err(|e| context.records_failure(&e))?;
    Ok((sources, None))
}

fn line(s: &SourceHealth, now: Timestamp) -> serde_json::Value {
    let last = s.last.as_ref();
    json!({
        "schema": "sources/1",
        "id": s.id,
        "kind": s.kind,
        "schedule": s.schedule,
        "state": s.state,
        "last_run": last.map(|r| r.at),
        "outcome": last.map(|r| r.outcome.as_str()),
        "why": last.map(|r| r.why.as_str()),
        "last_good": s.standing.last_good,
        "lag_s": s.lag_s,
        "next_run": s.next.map(|at| at.max(now)),
        "bad_in_a_row": s.standing.bad_in_a_row,
        "week": {"seen": s.week.seen, "screened_in": s.week.screened_in, "new": s.week.new,
                 "good": s.week.good, "blocked": s.week.blocked, "failed": s.week.failed},
    })
}

fn table(sources: &[SourceHealth], now: Timestamp, lang: Lang) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(lang.pick(
        ["来源", "计划", "状态", "上次运行", "结果", "滞后", "下次", "七天见到", "入选", "新增", "错误", "说明"],
        ["source", "schedule", "state", "last run", "outcome", "lag", "next", "seen (7 d)", "in", "new", "errors", "remark"],
    ));
    for s in sources {
        let last = s.last.as_ref();
        let short = |at: Timestamp| at.beijing()[5..16].to_owned();
        table.add_row([
            s.id.clone(),
            s.schedule.clone(),
            state(&s.state, lang).to_owned(),
            last.map(|r| short(r.at)).unwrap_or_default(),
            last.map(|r| progress::outcome(&r.outcome, lang).to_owned()).unwrap_or_default(),
            s.lag_s.map(|n| lag(n, lang)).unwrap_or_default(),
            s.next.map(|at| short(at.max(now))).unwrap_or_default(),
            s.week.seen.to_string(),
            s.week.screened_in.to_string(),
            s.week.new.to_string(),
            (s.week.blocked + s.week.failed).to_string(),
            last.map(|r| words::told(&r.why, lang)).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn state(word: &str, lang: Lang) -> &'static str {
    match word {
        "running" => lang.pick("运行中", "running"),
        "waiting" => lang.pick("等待", "waiting"),
        "retrying" => lang.pick("稍后重试", "retrying"),
        "open" => lang.pick("熔断", "circuit open"),
        _ => lang.pick("尚未运行", "never run"),
    }
}

/// How long ago, in the largest unit that gives at least one.
fn lag(seconds: i64, lang: Lang) -> String {
    let (n, zh, en) = match seconds {
        s if s >= 86_400 => (s / 86_400, "天", "d"),
        s if s >= 3_600 => (s / 3_600, "小时", "h"),
        s if s >= 60 => (s / 60, "分钟", "min"),
        s => (s, "秒", "s"),
    };
    format!("{n} {}", lang.pick(zh, en))
}
