//! The rows of a page, and what may be done with several at once.

use crate::console::Desk;
use crate::console::call::Call;
use crate::console::inert::{inert, masked, plain};
use crate::console::kin::Kin;
use crate::console::layout::{class_word, hidden, host_mark, score_mark, short_moment, state_tag};
use crate::console::pages::queue::{DAY_MS, YOUNG_DAYS};
use crate::records::{Answer, QueueRow};
use maud::{Markup, html};

/// The rows of a page.
pub(super) fn table(desk: &Desk, call: &Call, answer: &Answer, review: bool) -> Markup {
    let kin = desk.kin();
    html! {
        @if review {
            form.bulk #bulk method="post" action="/queue/bulk/claim" aria-label=(call.t("批量", "Bulk")) {
                (hidden(call))
                span { (call.t("已选", "Selected")) " " output #picked { "0" } }
                button { (call.t("认领所选", "Claim")) }
                input name="reason" maxlength="400" placeholder=(call.t("理由（误报、归集群必填）", "Why (for dismissal and cluster)")) aria-label=(call.t("理由", "Reason"));
                button formaction="/queue/bulk/dismiss" { (call.t("所选判为误报", "Dismiss")) }
                button formaction="/queue/bulk/cluster" { (call.t("所选归入集群", "Cluster")) }
            }
        }
        table.list.queue #queue {
            thead { tr {
                @if review { th.pick scope="col" { input type="checkbox" #pickall aria-label=(call.t("全选", "Select all")); } }
                th.num scope="col" { (call.t("分数", "Score")) }
                th.shot scope="col" { (call.t("截图", "Picture")) }
                th scope="col" { (call.t("标题 / 主机", "Title / host")) }
                th scope="col" { (call.t("类别", "Class")) }
                th scope="col" { (call.t("状态", "State")) }
                th scope="col" { (call.t("域名注册", "Registered")) }
                th scope="col" { (call.t("集群", "Cluster")) }
                th.wide scope="col" { (call.t("服务器 / 服务商", "Server / provider")) }
                th.wide scope="col" { (call.t("来源", "Sources")) }
                th.wide scope="col" { (call.t("仿冒对象", "Imitates")) }
                th scope="col" { (call.t("立案", "Opened")) }
            } }
            tbody { @for row in &answer.rows { (line(desk, call, row, &kin, review)) } }
        }
    }
}

fn line(desk: &Desk, call: &Call, row: &QueueRow, kin: &Kin, review: bool) -> Markup {
    let id = &row.id.0;
    let held = row.holder.as_ref().filter(|(_, until)| call.now < *until);
    html! {
        tr data-id=(id) data-state=(row.state.word()) {
            @if review { td.pick { input type="checkbox" name="id" value=(id) form="bulk" aria-label={(call.t("选择", "Select")) " " (id)}; } }
            td.num { (score_mark(row.score)) }
            td.shot { @if let Some(n) = row.package.as_ref().and_then(|p| desk.thumbnail(p)) {
                img src={"/leads/" (id) "/picture/last/" (n)} alt="" loading="lazy" width="96" height="60";
            } @else { span.noshot role="img" aria-label=(call.t("无截图", "no picture")) {} } }
            td.what {
                a.title href={"/leads/" (id)} { @if row.title.trim().is_empty() { span.aside { (call.t("（无标题）", "(no title)")) } } @else { (inert(&masked(&row.title), 90)) } }
                div.sub { (host_mark(&row.host)) }
            }
            td { span class={"class " (row.class.word())} { (class_word(call.lang, row.class)) } }
            td.where { (state_tag(call.lang, row.state)) @if let Some((who, _)) = held { span.holder { (plain(who, 32)) } } }
            td.age { (age(call, row)) }
            td.kin { @if let Some((id, size)) = kin.of(&row.host) { a.chip href={"/queue?tab=all&cluster=" (id)} title=(id) { (size) } } @else { span.aside { "—" } } }
            td.wide.aside { (inert(row.province.as_deref().unwrap_or_default(), 12)) div { (inert(row.providers.first().map_or("", |p| &**p), 24)) } }
            td.wide.aside { (inert(&row.sources.join(", "), 40)) }
            td.wide.aside { (inert(&row.site, 40)) }
            td.aside { (short_moment(row.opened_at, call.now)) }
        }
    }
}

/// How old the domain is: young ones are told apart, as copies mostly are.
fn age(call: &Call, row: &QueueRow) -> Markup {
    let Some(at) = row.registered else { return html! { span.aside title=(call.t("未知", "unknown")) { "—" } } };
    let days = (call.now.millis() - at.millis()).max(0) / DAY_MS;
    let told = match days {
        ..60 => call.lang.pick(format!("{days} 天"), format!("{days} d")),
        60..730 => call.lang.pick(format!("{} 个月", days / 30), format!("{} mo", days / 30)),
        _ => call.lang.pick(format!("{} 年", days / 365), format!("{} y", days / 365)),
    };
    html! { time.young[days < YOUNG_DAYS] datetime=(at.rfc3339()) title=(at.beijing()) { (told) } }
}
