//! What may be done with the lead now, by this person.

use crate::console::inert::inert;
use crate::console::layout::{hidden, moment};
use crate::console::pages::lead::View;
use crate::model::host::Host;
use crate::model::lead::{LeadId, Move, State, Step, UNDO_MS};
use crate::records::Role;
use maud::{Markup, html};

pub(super) fn actions(v: &View<'_>, prior: &[(LeadId, Host, Step)]) -> Markup {
    let (lead, me) = (&v.lead, v.call.name());
    let post = |action: &str| format!("/leads/{}/{action}", lead.id);
    let button = |action: &str, zh: &'static str, en: &'static str, class: &str| {
        html! { form method="post" action=(post(action)) data-move=(action) { (hidden(v.call)) button class=(class) { (v.t(zh, en)) } } }
    };
    let worded = |action: &str, zh: &'static str, en: &'static str, ask: (&'static str, &'static str)| {
        html! { details.worded { summary { (v.t(zh, en)) } form method="post" action=(post(action)) data-move=(action) {
            (hidden(v.call)) label { (v.t(ask.0, ask.1)) textarea name="text" rows="2" required maxlength="2000" {} } button { (v.t("确定", "OK")) }
        } } }
    };
    let stands = lead.standing();
    let confirmed_by = stands.iter().rev().find(|s| s.what == Move::Confirm).map(|s| s.by.as_str());
    let undoable = stands.last().filter(|s| s.by == me && v.call.now.millis() - s.at.millis() <= UNDO_MS);
    let held_by_other = lead.holder.as_deref().filter(|h| *h != me && lead.held_until().is_some_and(|u| v.call.now < u));
    html! {
        section.card.actions #actions {
            h2 { (v.t("处理", "Decide")) }
            @if let Some(who) = held_by_other {
                div.said.bad { (inert(who, 32)) (v.t(" 已认领，到 ", " holds it until ")) @if let Some(u) = lead.held_until() { (moment(u)) } }
            } @else if let (Some(who), Some(until)) = (&lead.holder, lead.held_until()) {
                p.aside { (inert(who, 32)) (v.t(" 认领，到 ", " holds it until ")) (moment(until)) }
            }
            @for (id, host, step) in prior.iter().take(3) {
                div.said.bad { (v.t("曾经移送：", "Referred before: ")) a href={"/leads/" (id)} { (inert(&host.defanged(), 120)) } " · " (moment(step.at)) " · " (inert(step.what.said().unwrap_or_default(), 80)) }
            }
            @if !v.reviews() { p.aside { (v.t("您的角色只能查看。", "Your role looks and does not decide.")) } }
            @else if held_by_other.is_none() {
                @match lead.state {
                    State::New | State::Reopened => { (button("confirm", "1 初审通过", "1 Confirm", "primary")) (button("claim", "c 认领", "c Claim", "")) }
                    State::InReview => { (button("confirm", "1 初审通过", "1 Confirm", "primary")) (button("release", "放弃认领", "Give back", "")) }
                    State::Confirmed => (second(v, confirmed_by, &button)),
                    State::Approved => (refer(v, !prior.is_empty())),
                    State::Referred | State::StillUp | State::Moved => (outcome(v)),
                    State::Blocked => { (outcome(v)) (worded("reopen", "重新打开", "Reopen", ("发生了什么变化", "What changed"))) }
                    State::Dismissed => (worded("reopen", "重新打开", "Reopen", ("发生了什么变化", "What changed"))),
                }
                @if lead.state != State::Dismissed { (worded("dismiss", "2 判为误报", "2 Dismiss", ("为什么不是仿冒（必填）", "Why it is no copy (needed)"))) }
            }
            @if v.reviews() {
                (worded("note", "n 写备注", "n Note", ("备注", "Note")))
                (button("recapture", "r 重新固定", "r Capture again", "quiet"))
                @if undoable.is_some() { (button("undo", "u 撤销刚才的决定", "u Take back", "quiet")) }
            }
        }
    }
}

fn second(v: &View<'_>, confirmed_by: Option<&str>, button: &dyn Fn(&str, &'static str, &'static str, &str) -> Markup) -> Markup {
    let who = confirmed_by.unwrap_or_default();
    html! {
        p { (v.t("初审：", "Confirmed by ")) b { (inert(who, 32)) } }
        @if who == v.call.name() { p.aside #second { (v.t("复审必须由另一人进行；您是初审人。", "Another person must approve: you confirmed it.")) } }
        @else if v.call.role() != Role::Approver { p.aside { (v.t("等待复核员复审。", "Waits for an approver.")) } }
        @else { (button("approve", "1 复审通过", "1 Approve", "primary")) }
    }
}

fn refer(v: &View<'_>, again: bool) -> Markup {
    html! {
        @if v.call.role() == Role::Approver {
            form method="post" action={"/leads/" (v.lead.id) "/refer"} {
                (hidden(v.call))
                label { (v.t("移送文号", "Letter number")) input name="letter" required maxlength="100"; }
                @if again { label.check { input type="checkbox" name="again" value="1" required; (v.t("仍要移送", "refer all the same")) } }
                button.primary { (v.t("登记移送", "Record the referral")) }
            }
        } @else { p.aside { (v.t("复审已通过，等待复核员移送。", "Approved; waits for an approver to refer it.")) } }
    }
}

fn outcome(v: &View<'_>) -> Markup {
    html! {
        @if v.call.role() == Role::Approver {
            form method="post" action={"/leads/" (v.lead.id) "/outcome"} {
                (hidden(v.call))
                label { (v.t("复查结果", "Outcome")) select name="what" {
                    option value="block" { (v.t("已封堵", "down")) } option value="still_up" { (v.t("仍在线", "still up")) } option value="moved_to" { (v.t("已转移到", "moved to")) }
                } }
                label { (v.t("转移后的主机（如有）", "Host it moved to")) input name="host" maxlength="253"; }
                button { (v.t("登记", "Record")) }
            }
        }
    }
}
