//! Health as pages: a table for people, lines for Prometheus, a word for a load balancer. Pure text from values; everything is escaped.

use crate::model::lang::Lang;
use crate::model::time::Timestamp;
use crate::net::ServedPage;
use crate::pipeline::watch::alarm;
use crate::pipeline::watch::health::Health;
use crate::sources::words;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What this process has counted so far, by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) runs: BTreeMap<String, u64>,
    pub(super) seen: u64,
    pub(super) screened_in: u64,
    pub(super) new: u64,
}

/// By source.
pub(super) type Counts = BTreeMap<String, Counted>;

/// After so many milliseconds without a look the driver hangs.
const HUNG_MS: i64 = 10 * 60_000;

/// What stands under a path. `None`: nothing.
pub(super) fn at(path: &str, health: &Health, counts: &Counts, now: Timestamp) -> Option<ServedPage> {
    let page = |status, content_type, body| Some(ServedPage { status, content_type, body });
    match path {
        "/" => page(200, "text/html; charset=utf-8", html(health)),
        "/healthz" => {
            let hung = health.at.is_none_or(|at| now.millis() - at.millis() > HUNG_MS);
            let word = if hung { "hung\n" } else { "ok\n" };
            page(if hung { 503 } else { 200 }, "text/plain; charset=utf-8", word.to_owned())
        }
        "/health.json" => page(200, "application/json", serde_json::to_string(health).unwrap_or_default()),
        "/metrics" => page(200, "text/plain; version=0.0.4; charset=utf-8", metrics(health, counts)),
        _ => None,
    }
}

/// One family of metrics: name, kind, help, and how it is read.
type Gauge = (&'static str, &'static str, fn(&Health) -> Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "Prometheus values are 64-bit floats")]
const GAUGES: &[Gauge] = &[
    ("jianwei_start_time_seconds", "when the watch started", |h| h.started.map(|t| t.millis() as f64 / 1e3)),
    ("jianwei_last_look_timestamp_seconds", "when health was last looked at", |h| h.at.map(|t| t.millis() as f64 / 1e3)),
    ("jianwei_hosts_due", "hosts due now, counted up to the bound at which sources wait", |h| Some(h.hosts_due as f64)),
    ("jianwei_hosts", "hosts known", |h| Some(h.hosts as f64)),
    ("jianwei_visits", "visits made", |h| Some(h.visits as f64)),
    ("jianwei_leads", "leads", |h| Some(h.leads as f64)),
    ("jianwei_disk_free_bytes", "free space on the disk of the data folder", |h| h.disk_free.map(|n| n as f64)),
    ("jianwei_packages_unstamped", "packages without a time-stamp", |h| h.unstamped.map(|n| n as f64)),
    ("jianwei_packages_verified_timestamp_seconds", "when all packages were last verified again", |h| {
        h.verified.as_ref()?.whole.map(|t| t.millis() as f64 / 1e3)
    }),
    ("jianwei_packages_bad", "packages that no longer pass their verification", |h| h.verified.as_ref().map(|v| v.bad.len() as f64)),
    ("process_resident_memory_bytes", "resident memory", |h| h.memory.map(|n| n as f64)),
];

#[expect(clippy::cast_precision_loss, reason = "Prometheus values are 64-bit floats")]
fn metrics(health: &Health, counts: &Counts) -> String {
    let mut out = String::new();
    for (name, help, value) in GAUGES {
        if let Some(value) = value(health) {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        }
    }
    let mut family = |name: &str, kind: &str, help: &str, lines: Vec<(String, f64)>| {
        if !lines.is_empty() {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
        for (labels, value) in lines {
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
    };
    let of = |id: &str| format!("source=\"{}\"", label(id));
    let sources = || health.sources.iter();
    family(
        "jianwei_source_last_good_timestamp_seconds",
        "gauge",
        "when the last good run ended",
        sources().filter_map(|s| Some((of(&s.id), s.standing.last_good?.millis() as f64 / 1e3))).collect(),
    );
    family(
        "jianwei_source_bad_in_a_row",
        "gauge",
        "bad runs since the last good one",
        sources().map(|s| (of(&s.id), f64::from(s.standing.bad_in_a_row))).collect(),
    );
    let outcomes = counts.iter().flat_map(|(id, c)| c.runs.iter().map(move |(word, n)| (id, word, n)));
    family(
        "jianwei_source_runs_total",
        "counter",
        "runs by outcome since the start",
        outcomes.map(|(id, word, n)| (format!("{},outcome=\"{}\"", of(id), label(word)), *n as f64)).collect(),
    );
    for (name, help, value) in [
        ("jianwei_source_seen_total", "names and URLs seen since the start", (|c| c.seen) as fn(&Counted) -> u64),
        ("jianwei_source_screened_in_total", "of these, worth a visit", |c| c.screened_in),
        ("jianwei_source_new_total", "of these, hosts not known before", |c| c.new),
    ] {
        family(name, "counter", help, counts.iter().map(|(id, c)| (of(id), value(c) as f64)).collect());
    }
    family(
        "jianwei_alert",
        "gauge",
        "alerts that last",
        health.alerts.iter().map(|key| (format!("key=\"{}\"", label(key)), 1.0)).collect(),
    );
    out
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn html(health: &Health) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>鉴伪 · 运行状况</title><style>body{font:15px/1.6 sans-serif;margin:2em;max-width:80em}\
         table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}.bad{color:#a00}</style><h1>鉴伪 · 运行状况</h1>",
    );
    let time = |at: Option<Timestamp>| at.map_or_else(|| "—".to_owned(), Timestamp::beijing);
    let _ = write!(out, "<p>截至 {}（北京时间），启动于 {}。", time(health.at), time(health.started));
    let mib = |n: Option<u64>| n.map_or_else(|| "—".to_owned(), |n| format!("{} MiB", n >> 20));
    let _ = write!(
        out,
        "主机 {}，待查 {}，访问 {}，线索 {}；磁盘剩余 {}，内存 {}。</p>",
        health.hosts,
        health.hosts_due,
        health.visits,
        health.leads,
        mib(health.disk_free),
        mib(health.memory)
    );
    if let Some(verified) = &health.verified {
        let since = verified.running_since.map(|at| format!("，本轮自 {} 起进行中", at.beijing())).unwrap_or_default();
        let (whole, checked, bad) = (time(verified.whole), verified.checked, verified.bad.len());
        let _ = write!(out, "<p>证据包复核：上次全部完成于 {whole}{since}，已核 {checked} 个，不通过 {bad} 个。</p>");
        for (package, why) in verified.bad.iter().take(100) {
            let _ = write!(out, "<p class=\"bad\">{}：{}</p>", escape(package), escape(&why.zh));
        }
    }
    for key in &health.alerts {
        let _ = write!(out, "<p class=\"bad\">{}</p>", escape(&alarm::title(key).zh));
    }
    out.push_str(
        "<table><tr><th>来源<th>类型<th>计划<th>状态<th>上次<th>结果<th>下次<th>七天：见到<th>入选<th>新增<th>被拦截<th>失败<th>说明</tr>",
    );
    for s in &health.sources {
        let (at, outcome, why) = s.last.as_ref().map_or((None, "", ""), |r| (Some(r.at), r.outcome.as_str(), r.why.as_str()));
        let class = if s.standing.bad_in_a_row > 0 { " class=\"bad\"" } else { "" };
        let _ = write!(out, "<tr{class}>");
        for cell in [
            s.id.clone(),
            s.kind.clone(),
            s.schedule.clone(),
            s.state.clone(),
            time(at),
            outcome.to_owned(),
            time(s.next),
            s.week.seen.to_string(),
            s.week.screened_in.to_string(),
            s.week.new.to_string(),
            s.week.blocked.to_string(),
            s.week.failed.to_string(),
            words::told(why, Lang::Zh),
        ] {
            let _ = write!(out, "<td>{}</td>", escape(&cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></html>");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::watch::health::SourceHealth;
    use crate::records::{Run, Standing, Tally};

    fn health() -> Health {
        let at = Timestamp::from_millis(1_764_000_000_000);
        let last = Run { at, outcome: "blocked".into(), why: "<script>alert(1)</script>".into(), seen: 5, screened_in: 1, new: 0 };
        let source = SourceHealth {
            id: "a\"b".into(),
            kind: "search".into(),
            schedule: "0 * * * *".into(),
            interval_ms: 3_600_000,
            state: "retrying".into(),
            last: Some(last),
            standing: Standing { bad_in_a_row: 2, last_good: Some(at), ..Standing::default() },
            next: None,
            lag_s: Some(1),
            week: Tally { seen: 7, ..Tally::default() },
            seen_in_three_days: 7,
        };
        Health { schema: "health/1".into(), at: Some(at), sources: vec![source], alerts: vec!["blocked:a\"b".into()], ..Health::default() }
    }

    #[test]
    fn what_a_service_said_cannot_become_markup() {
        let page = html(&health());
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
    }

    #[test]
    fn metrics_are_lines_that_prometheus_reads() {
        let counts: Counts = [("a\"b".to_owned(), Counted { seen: 9, ..Counted::default() })].into_iter().collect();
        let text = metrics(&health(), &counts);
        assert!(text.contains("jianwei_source_bad_in_a_row{source=\"a\\\"b\"} 2\n"), "{text}");
        assert!(
            text.contains("jianwei_source_seen_total{source=\"a\\\"b\"} 9\n") && text.contains("jianwei_alert{key=\"blocked:a\\\"b\"} 1\n")
        );
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            assert!(line.rsplit_once(' ').is_some_and(|(_, v)| v.parse::<f64>().is_ok()), "{line}");
        }
    }

    #[test]
    fn a_driver_that_no_longer_looks_is_told_as_hung() {
        let health = health();
        let seen = health.at.expect("looked");
        let status = |now| at("/healthz", &health, &Counts::new(), now).map(|p| p.status);
        assert_eq!(status(seen.plus_millis(60_000)), Some(200));
        assert_eq!(status(seen.plus_millis(HUNG_MS + 1)), Some(503));
        assert_eq!(at("/nothing", &health, &Counts::new(), seen), None);
    }
}
