//! Overview and sources: what was found, confirmed, referred and blocked this month against the last, how old the queue is, how the sources fare.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::chart::{Bar, bars, columns};
use crate::console::inert::{inert, plain};
use crate::console::layout::{class_word, empty, moment, page, words};
use crate::model::assessment::Verdict;
use crate::model::lead::State;
use crate::model::time::Timestamp;
use maud::{Markup, html};
use std::collections::BTreeMap;

const DAY_MS: i64 = 24 * 3600 * 1000;
const WEEKS: usize = 12;

#[derive(Default)]
struct Sums {
    month: [Counts; 2],
    classes: BTreeMap<&'static str, (u64, Option<Verdict>)>,
    states: BTreeMap<&'static str, u64>,
    weeks: [u64; WEEKS],
    ages: [u64; 4],
    /// By name; empty: unknown.
    provinces: BTreeMap<String, u64>,
    providers: BTreeMap<String, u64>,
    total: u64,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    found: u64,
    confirmed: u64,
    referred: u64,
    blocked: u64,
    dismissed: u64,
}

/// Begin and end of a calendar month in Beijing time, from any moment of it.
fn month_of(within: Timestamp) -> (Timestamp, Timestamp) {
    let first = |at: Timestamp| Timestamp::parse(&format!("{}-01T00:00:00+08:00", at.beijing_month())).unwrap_or(at);
    let begin = first(within);
    (begin, first(begin.plus_millis(32 * DAY_MS)))
}

fn sums(desk: &Desk, now: Timestamp) -> Result<Sums, Refusal> {
    let this = month_of(now);
    let months = [this, month_of(this.0.plus_millis(-1))];
    let mut sums = Sums::default();
    desk.records.each_row(&mut |row| {
        sums.total += 1;
        let class = sums.classes.entry(row.class.word()).or_insert((0, Some(row.class)));
        class.0 += 1;
        *sums.states.entry(row.state.word()).or_default() += 1;
        for (sum, name) in [(&mut sums.provinces, row.province.as_ref()), (&mut sums.providers, row.providers.first())] {
            let name = name.map_or("", |n| &**n);
            if sum.len() < 2_000 || sum.contains_key(name) {
                *sum.entry(name.to_owned()).or_default() += 1;
            }
        }
        let weeks = (now.millis() - row.opened_at.millis()).div_euclid(7 * DAY_MS);
        if let Some(week) = usize::try_from(weeks).ok().filter(|w| *w < WEEKS) {
            sums.weeks[WEEKS - 1 - week] += 1;
        }
        if matches!(row.state, State::New | State::InReview | State::Reopened) {
            let days = (now.millis() - row.opened_at.millis()) / DAY_MS;
            sums.ages[match days {
                ..1 => 0,
                1..3 => 1,
                3..7 => 2,
                _ => 3,
            }] += 1;
        }
        for (month, counts) in months.iter().zip(&mut sums.month) {
            let within = |at: Option<Timestamp>| u64::from(at.is_some_and(|t| month.0 <= t && t < month.1));
            counts.found += within(Some(row.opened_at));
            counts.confirmed += within(row.marks.confirmed);
            counts.referred += within(row.marks.referred);
            counts.blocked += within(row.marks.blocked);
            counts.dismissed += within(row.marks.dismissed);
        }
    })?;
    Ok(sums)
}

/// `GET /overview`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let sums = sums(desk, call.now)?;
    let totals = desk.records.totals()?;
    let body = html! {
        h1 { (call.t("概览", "Overview")) }
        @if sums.total == 0 {
            (empty(call.t("还没有线索", "No leads yet"), call.t("运行 jianwei scan 之后，这里显示统计。", "After `jianwei scan` the figures stand here.")))
        } @else {
            (months(call, &sums))
            div.charts {
                (columns(call.t("每周新增线索（近 12 周）", "New leads a week (12 weeks)"), &weeks(call, &sums)))
                (bars(call.t("待审核线索的等待时间", "How long leads have waited for review"), &ages(call, &sums)))
                (bars(call.t("类别", "Class"), &classes(call, &sums)))
                (bars(call.t("状态", "State"), &states(call, &sums)))
                (bars(call.t("服务器所在省份", "Province of the server"), &most(call, &sums.provinces)))
                (bars(call.t("服务商（托管、CDN、注册商）", "Provider (hosting, CDN, registrar)"), &most(call, &sums.providers)))
            }
        }
        p.aside { (call.lang.pick(
            format!("已知主机 {}，其中可解析 {}；访问 {} 次；线索 {}。", totals.hosts, totals.present, totals.visits, totals.leads),
            format!("{} hosts known, {} of them in DNS; {} visits; {} leads.", totals.hosts, totals.present, totals.visits, totals.leads),
        )) }
    };
    Ok(page(desk, call, "/overview", call.t("概览", "Overview"), &body))
}

fn months(call: &Call, sums: &Sums) -> Markup {
    let [this, last] = sums.month;
    let figures = [
        (call.t("发现", "Found"), this.found, last.found),
        (call.t("初审通过", "Confirmed"), this.confirmed, last.confirmed),
        (call.t("移送", "Referred"), this.referred, last.referred),
        (call.t("封堵", "Blocked"), this.blocked, last.blocked),
        (call.t("误报", "Dismissed"), this.dismissed, last.dismissed),
    ];
    html! {
        div.figures role="list" aria-label=(call.t("本月与上月", "This month and the last")) {
            @for (name, now, before) in figures {
                div.figure role="listitem" { span.name { (name) } span.big { (now) } span.aside { (call.t("上月 ", "last month ")) (before) } }
            }
        }
    }
}

fn weeks(call: &Call, sums: &Sums) -> Vec<Bar> {
    let label = |i: usize| {
        let back = i64::try_from(WEEKS - 1 - i).unwrap_or(0);
        call.now.plus_millis(-back * 7 * DAY_MS).beijing()[5..10].replace('-', "/")
    };
    sums.weeks.iter().enumerate().map(|(i, n)| Bar { label: label(i), value: *n, tone: "plain" }).collect()
}

fn ages(call: &Call, sums: &Sums) -> Vec<Bar> {
    let names =
        [call.t("不到 1 天", "under 1 day"), call.t("1–3 天", "1-3 days"), call.t("3–7 天", "3-7 days"), call.t("7 天以上", "over 7 days")];
    let tones = ["calm", "plain", "warm", "hot"];
    (0..4).map(|i| Bar { label: names[i].into(), value: sums.ages[i], tone: tones[i] }).collect()
}

fn classes(call: &Call, sums: &Sums) -> Vec<Bar> {
    let bar = |(n, class): &(u64, Option<Verdict>)| Bar {
        label: class.map_or("", |c| class_word(call.lang, c)).to_owned(),
        value: *n,
        tone: match class {
            Some(Verdict::FakeQuery) => "hot",
            Some(Verdict::Seller) => "warm",
            _ => "plain",
        },
    };
    sums.classes.values().map(bar).collect()
}

fn states(call: &Call, sums: &Sums) -> Vec<Bar> {
    let bar = |s: &State| Bar {
        label: call.lang.pick(s.zh(), words(*s)).to_owned(),
        value: sums.states.get(s.word()).copied().unwrap_or(0),
        tone: "plain",
    };
    State::ALL.iter().map(bar).filter(|b| b.value > 0).collect()
}

/// The largest ten, and the rest; what is not known last.
fn most(call: &Call, sums: &BTreeMap<String, u64>) -> Vec<Bar> {
    let mut named: Vec<(&String, u64)> = sums.iter().filter(|(n, _)| !n.is_empty()).map(|(n, c)| (n, *c)).collect();
    named.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
    let rest: u64 = named.iter().skip(10).map(|(_, n)| n).sum();
    let bar = |label: String, value: u64, tone: &'static str| Bar { label, value, tone };
    let mut bars: Vec<Bar> = named.into_iter().take(10).map(|(name, n)| bar(plain(name, 12), n, "plain")).collect();
    bars.push(bar(call.t("其他", "others").into(), rest, "plain"));
    bars.push(bar(call.t("未知", "unknown").into(), sums.get("").copied().unwrap_or(0), "plain"));
    bars.into_iter().filter(|b| b.value > 0).collect()
}

/// `GET /sources`.
pub(in crate::console) fn sources(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let runs = desk.records.runs()?;
    let outcomes = desk.records.hosts_by_outcome()?;
    let body = html! {
        h1 { (call.t("来源与访问", "Sources and visits")) }
        @if runs.is_empty() {
            (empty(call.t("还没有来源运行过", "No source has run yet"), call.t("在 jianwei.toml 中启用来源，然后运行 jianwei scan。", "Switch one on in jianwei.toml, then run `jianwei scan`.")))
        } @else {
            div.scroll tabindex="0" { table.list {
                thead { tr {
                    th scope="col" { (call.t("来源", "Source")) } th scope="col" { (call.t("结果", "Outcome")) } th scope="col" { (call.t("上次运行", "Last run")) }
                    th.num scope="col" { (call.t("看到", "Seen")) } th.num scope="col" { (call.t("入选", "Screened in")) } th.num scope="col" { (call.t("新主机", "New hosts")) }
                    th scope="col" { (call.t("说明", "Why")) }
                } }
                tbody { @for (id, run) in &runs { tr {
                    td { b { (inert(id, 60)) } }
                    td { span class={"health " (health(&run.outcome))} { (outcome(call, &run.outcome)) } }
                    td { (moment(run.at)) }
                    td.num { (run.seen) } td.num { (run.screened_in) } td.num { (run.new) }
                    td.aside { (inert(&run.why, 300)) }
                } } }
            } }
        }
        @if !outcomes.is_empty() {
            div.charts { (bars(call.t("各主机最近一次访问的结果", "Hosts by the outcome of their last visit"), &visits(call, &outcomes))) }
        }
    };
    Ok(page(desk, call, "/sources", call.t("来源", "Sources"), &body))
}

fn visits(call: &Call, outcomes: &BTreeMap<String, u64>) -> Vec<Bar> {
    let zh = |word: &str| match word {
        "captured" => "已固定",
        "unreachable" => "无法连接",
        "no_such_host" => "域名不存在",
        "timed_out" => "超时",
        "refused_by_guard" => "守卫拒绝",
        "too_large" => "过大",
        "not_html" => "不是网页",
        _ => "其他失败",
    };
    let label = |w: &str| call.lang.pick(zh(w).to_owned(), plain(&w.replace('_', " "), 20));
    outcomes.iter().map(|(w, n)| Bar { label: label(w), value: *n, tone: "plain" }).collect()
}

/// Worth a look, or not.
fn health(outcome: &str) -> &'static str {
    match outcome {
        "ok" => "good",
        "empty" => "so-so",
        _ => "bad",
    }
}

fn outcome(call: &Call, word: &str) -> String {
    let zh = match word {
        "ok" => "正常",
        "empty" => "无结果",
        "blocked" => "被拦截",
        "failed" => "失败",
        other => return plain(other, 40),
    };
    call.lang.pick(zh.to_owned(), plain(word, 40))
}
