//! Over time: every capture of the host with its picture, and the re-checks after a referral.

use crate::console::inert::inert;
use crate::console::layout::{hidden, moment};
use crate::console::pages::lead::{MAX_ROWS, View};
use crate::console::pictures;
use crate::records::{Recheck, Sight};
use maud::{Markup, html};

/// Captures whose picture is shown.
const MAX_SHOTS: usize = 12;

/// All captures, newest first.
pub(super) fn packages(v: &View<'_>) -> Markup {
    let lead = &v.lead;
    html! {
        section.card #packages {
            h2 { (v.t("固定记录（时间线）", "Captures over time")) }
            @if lead.packages.is_empty() { p.aside { (v.t("没有。", "None.")) } }
            ol.timeline.shots { @for (i, p) in lead.packages.iter().rev().take(MAX_ROWS).enumerate() { li aria-current=[(v.package.as_ref() == Some(p)).then_some("true")] {
                @if let Some(n) = (i < MAX_SHOTS).then(|| v.desk.thumbnail(&p.path)).flatten() {
                    img src={"/leads/" (lead.id) "/picture/" (p.id) "/" (n)} alt="" loading="lazy" width="96" height="60";
                }
                div {
                    a href={"/leads/" (lead.id) "?package=" (p.id)} { (moment(p.captured_at)) } " " (inert(met(v, &p.outcome), 30))
                    div.aside { (inert(&p.id, 60)) } div.hash { "SHA-256 " (p.manifest_sha256) }
                }
            } } }
            @if let (Some(p), true) = (&v.package, v.reviews()) { @if pictures::has_replay(&v.desk.evidence, &p.path) {
                h3 { (v.t("重放", "Replay")) }
                p.aside { (v.t(
                    "重放在另一个源的框内静态显示固定时的网页：不运行脚本，不访问网络。WACZ 可在断网的机器上用 ReplayWeb.page 打开。两者均未脱敏，写入日志。",
                    "The page as it was kept, as a still in a frame of another origin: no script runs, nothing is fetched. The WACZ opens in ReplayWeb.page on a machine \
                     without network. Numbers are masked in neither; both are journalled.",
                )) }
                div.line {
                    @if v.desk.replays() { form method="post" action={"/leads/" (lead.id) "/replay/open"} { (hidden(v.call)) input type="hidden" name="package" value=(p.id); button { (v.t("重放", "Replay")) } } }
                    form method="post" action={"/leads/" (lead.id) "/replay"} { (hidden(v.call)) input type="hidden" name="package" value=(p.id); button.quiet { (v.t("下载 WACZ", "Download the WACZ")) } }
                }
            } }
        }
    }
}

/// How a visit ended, in the reader's language.
fn met<'a>(v: &View<'_>, outcome: &'a str) -> &'a str {
    match outcome {
        "captured" => v.t("已固定", "captured"),
        "unreachable" => v.t("没有应答", "no answer"),
        "no_such_host" => v.t("域名不存在", "no such host"),
        "timed_out" => v.t("超时", "timed out"),
        "refused_by_guard" => v.t("被守卫拒绝", "refused by the guard"),
        "too_large" => v.t("过大", "too large"),
        "not_html" => v.t("不是网页", "no page"),
        "failed" => v.t("失败", "failed"),
        other => other,
    }
}

/// What each look after the referral showed, with its picture.
pub(super) fn rechecks(v: &View<'_>, rechecks: &[Recheck]) -> Markup {
    if rechecks.is_empty() {
        return html! {};
    }
    let word = |s: Sight| match s {
        Sight::Up => v.t("仍在线", "up"),
        Sight::Down => v.t("打不开", "down"),
        Sight::Changed => v.t("内容已变", "changed"),
    };
    html! {
        section.card #rechecks {
            h2 { (v.t("移送后复查", "Re-checks after the referral")) }
            ol.timeline.shots { @for r in rechecks.iter().rev().take(MAX_ROWS) { li {
                @let package = r.packages.iter().find_map(|id| v.lead.packages.iter().find(|p| p.id == *id));
                @if let Some((p, n)) = package.and_then(|p| Some((p, v.desk.thumbnail(&p.path)?))) {
                    a href={"/leads/" (v.lead.id) "?package=" (p.id)} { img src={"/leads/" (v.lead.id) "/picture/" (p.id) "/" (n)} alt=(v.t("复查截图", "picture of the re-check")) loading="lazy" width="96" height="60"; }
                }
                div {
                    (moment(r.at)) " " b { (word(r.sight)) }
                    @if let Some(to) = &r.moved_to { " → " (inert(&to.replace('.', "[.]"), 120)) }
                    div.aside { @for (who, met) in r.visitors.iter().take(8) { (inert(who, 30)) "：" (inert(met, 40)) "  " } }
                }
            } } }
        }
    }
}
