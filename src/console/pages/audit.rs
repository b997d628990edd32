//! Audit: the journal as a table, by person, subject and move, with the state of its chain, and as CSV. Nothing here can be changed.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{inert, plain};
use crate::console::layout::{empty, moment, page};
use crate::model::time::Timestamp;
use crate::records::{AuditAsk, AuditLine, JournalCheck};
use maud::{Markup, html};

const ROWS: usize = 100;

fn ask_of(call: &Call) -> AuditAsk {
    let cut = |name: &str| call.query.get(name).map(|v| v.trim().chars().take(260).collect::<String>()).filter(|v| !v.is_empty());
    AuditAsk {
        by: cut("by"),
        on: cut("on").map(|on| on.replace("[.]", ".")),
        word: cut("move"),
        since: cut("since").and_then(|d| Timestamp::parse(&format!("{d}T00:00:00+08:00"))),
    }
}

/// `GET /audit`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (lines, check) = desk.records.audit(&ask_of(call))?;
    let number: usize = call.query.get("page").and_then(|p| p.parse().ok()).unwrap_or(1).clamp(1, 100_000);
    let last = lines.len().div_ceil(ROWS).max(1);
    let to = |n: usize| format!("/audit?{}", call.query.with("page", Some(&n.to_string())));
    let body = html! {
        h1 { (call.t("审计", "Audit")) }
        (chain(call, &check))
        (filters(call))
        @if lines.is_empty() {
            (empty(call.t("没有符合条件的记录", "No line passes"), call.t("每次决定、登录、账号变更和导出都会写入日志。", "Every decision, log-in, account change and export is a line.")))
        } @else {
            (table(call, lines.iter().skip((number - 1) * ROWS).take(ROWS)))
            nav.pages aria-label=(call.t("翻页", "Pages")) {
                span { (call.lang.pick(format!("共 {} 行，第 {number} / {last} 页", lines.len()), format!("{} lines, page {number} of {last}", lines.len()))) }
                @if number > 1 { a.button.quiet href=(to(number - 1)) { (call.t("上一页", "Previous")) } }
                @if number < last { a.button.quiet href=(to(number + 1)) { (call.t("下一页", "Next")) } }
                a.button.quiet href={"/audit.csv?" (call.query.with("page", None))} { "CSV" }
            }
        }
    };
    Ok(page(desk, call, "/audit", call.t("审计", "Audit"), &body))
}

fn chain(call: &Call, check: &JournalCheck) -> Markup {
    html! {
        @if check.faults.is_empty() {
            div.said role="status" { (call.lang.pick(
                format!("哈希链完整：{} 行逐行核对，每行都接着上一行。", check.lines),
                format!("The chain is whole: {} lines checked, each follows the one before.", check.lines),
            )) }
        } @else {
            div.said.bad role="alert" {
                b { (call.t("哈希链已断：日志被改动过。请保留副本并查明原因。", "The chain is broken: the journal was changed. Keep a copy and find out why.")) }
                ul { @for fault in check.faults.iter().take(20) { li { (inert(fault, 300)) } } }
            }
        }
    }
}

fn filters(call: &Call) -> Markup {
    let value = |name: &str| plain(&call.query.text(name), 260);
    html! {
        form.filters method="get" action="/audit" role="search" {
            label { span { (call.t("何人", "Who")) } input name="by" value=(value("by")) maxlength="32"; }
            label { span { (call.t("线索、主机或账号", "Lead, host or account")) } input name="on" value=(value("on")) maxlength="253"; }
            label { span { (call.t("动作", "Move")) } input name="move" value=(value("move")) maxlength="32" placeholder="confirm"; }
            label { span { (call.t("自", "From")) } input type="date" name="since" value=(value("since")); }
            button { (call.t("筛选", "Filter")) }
            a.button.quiet href="/audit" { (call.t("清除", "Clear")) }
        }
    }
}

fn table<'a>(call: &Call, lines: impl Iterator<Item = &'a AuditLine>) -> Markup {
    html! {
        div.scroll tabindex="0" { table.list.audit {
            thead { tr {
                th.num scope="col" { "#" } th scope="col" { (call.t("时间", "When")) } th scope="col" { (call.t("何人", "Who")) }
                th scope="col" { (call.t("动作", "Move")) } th scope="col" { (call.t("对象", "On")) } th scope="col" { (call.t("说明", "Details")) } th scope="col" { "SHA-256" }
            } }
            tbody { @for l in lines { tr {
                td.num { (l.seq) } td { (moment(l.at)) } td { (inert(&l.by, 40)) }
                td { (call.lang.pick(l.zh.to_owned(), plain(&l.word.replace('_', " "), 40))) }
                td { @if l.on.starts_with("XS-") { a href={"/leads/" (plain(&l.on, 20))} { (inert(&l.on, 20)) } } @else { (inert(&l.on.replace('.', "[.]"), 120)) } }
                td.aside { (inert(&l.detail, 200)) }
                td.hash { (&l.hash[..12]) }
            } } }
        } }
    }
}

/// `GET /audit.csv`.
pub(in crate::console) fn csv(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (lines, _) = desk.records.audit(&ask_of(call))?;
    let broken = |e: std::io::Error| Refusal::Broken(e.to_string());
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(["seq", "at", "by", "on", "move", "details", "sha256"]).map_err(|e| broken(e.into()))?;
    for l in &lines {
        let row = [l.seq.to_string(), l.at.rfc3339(), cell(&l.by), cell(&l.on), cell(&l.word), cell(&l.detail), l.hash.clone()];
        out.write_record(row).map_err(|e| broken(e.into()))?;
    }
    let bytes = out.into_inner().map_err(|e| broken(e.into_error()))?;
    Ok(Reply::File("text/csv; charset=utf-8", Some(format!("jianwei-audit-{}.csv", call.now.compact())), bytes, false))
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    let text = plain(text, 2000);
    if text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) { format!("'{text}") } else { text }
}
