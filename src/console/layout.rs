//! The frame around every page, the pieces that pages share, and the two assets.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{inert, plain};
use crate::model::assessment::Verdict;
use crate::model::digest::Sha256;
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::model::lead::State;
use crate::model::time::Timestamp;
use crate::records::Role;
use maud::{DOCTYPE, Markup, html};
use std::sync::LazyLock;

const SHEET: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");
/// Changes with the assets, so that browsers keep them for ever.
static EDITION: LazyLock<String> = LazyLock::new(|| Sha256::of(format!("{SHEET}{SCRIPT}{ICON}").as_bytes()).hex()[..12].to_owned());

/// `GET /assets/{name}`.
pub(super) fn asset(_: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let (media, text) = match call.path.first().map(String::as_str) {
        Some("console.css") => ("text/css; charset=utf-8", SHEET),
        Some("console.js") => ("text/javascript; charset=utf-8", SCRIPT),
        Some("icon.svg") => ("image/svg+xml", ICON),
        _ => return Err(Refusal::NotFound),
    };
    Ok(Reply::File(media, None, text.as_bytes().to_vec(), true))
}

fn head(lang: Lang, title: &str) -> Markup {
    let edition = EDITION.as_str();
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (plain(title, 80)) " · " (lang.pick("鉴伪", "jianwei")) }
            link rel="icon" href={"/assets/icon.svg?" (edition)};
            link rel="stylesheet" href={"/assets/console.css?" (edition)};
            script defer src={"/assets/console.js?" (edition)} {}
        }
    }
}

/// A page of a person who is logged in. `here`: which entry of the menu it belongs to.
pub(super) fn page(desk: &Desk, call: &Call, here: &str, title: &str, body: &Markup) -> Reply {
    let said = call.session.as_ref().and_then(|s| desk.sessions.said(&s.key));
    let role = call.role();
    let entry = |path: &str, zh: &'static str, en: &'static str| {
        html! { a href=(path) aria-current=[(here == path).then_some("page")] { (call.t(zh, en)) } }
    };
    Reply::Page(html! {
        (DOCTYPE)
        html lang=(call.lang.pick("zh-CN", "en")) {
            (head(call.lang, title))
            body data-csrf=(call.csrf()) data-role=(role.word()) {
                a.skip href="#main" { (call.t("跳到正文", "Skip to content")) }
                header.top {
                    a.brand href="/queue" { span.seal aria-hidden="true" { "鉴" } span { (call.t("鉴伪", "jianwei")) } }
                    nav aria-label=(call.t("主菜单", "Main")) {
                        (entry("/queue", "线索", "Leads"))
                        (entry("/overview", "概览", "Overview"))
                        (entry("/sources", "来源", "Sources"))
                        @if matches!(role, Role::Approver | Role::Admin | Role::Auditor) { (entry("/audit", "审计", "Audit")) }
                        @if role == Role::Admin { (entry("/people", "人员", "People")) }
                    }
                    div.me {
                        form method="post" action="/language" {
                            (hidden(call))
                            button.quiet name="lang" value=(call.lang.pick("en", "zh")) lang=(call.lang.pick("en", "zh-CN")) { (call.lang.pick("English", "中文")) }
                        }
                        a href="/account" aria-current=[(here == "/account").then_some("page")] {
                            (plain(call.name(), 32)) span.role { (call.lang.pick(role.zh(), role.word())) }
                        }
                        form method="post" action="/logout" { (hidden(call)) button.quiet { (call.t("退出", "Log out")) } }
                    }
                }
                main #main tabindex="-1" {
                    @if let Some((good, text)) = said {
                        div.said.bad[!good] role=(if good { "status" } else { "alert" }) { (inert(&text, 500)) }
                    }
                    (body)
                }
            }
        }
    })
}

/// A page without a person: log-in, refusals.
pub(super) fn alone(lang: Lang, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(lang.pick("zh-CN", "en")) { (head(lang, title)) body.alone { main #main { (body) } } }
    }
}

/// A refusal.
pub(super) fn bare(lang: Lang, status: u16, text: &str) -> Markup {
    let body = html! {
        section.card.refusal role="alert" {
            p.number { (status) }
            h1 { (inert(text, 300)) }
            p { a.button href="/queue" { (lang.pick("回到线索队列", "Back to the leads")) } }
        }
    };
    alone(lang, &status.to_string(), &body)
}

/// The fields that every form carries.
pub(super) fn hidden(call: &Call) -> Markup {
    html! { input type="hidden" name="csrf" value=(call.csrf()); input type="hidden" name="back" value=(plain(&call.here, 2000)); }
}

/// A state as a small label.
pub(super) fn state_tag(lang: Lang, state: State) -> Markup {
    html! { span class={"state " (state.word())} { (lang.pick(state.zh(), words(state))) } }
}

/// A state in English as people read it.
pub(super) fn words(state: State) -> &'static str {
    match state {
        State::InReview => "in review",
        State::StillUp => "still up",
        other => other.word(),
    }
}

/// A class.
pub(super) fn class_word(lang: Lang, class: Verdict) -> &'static str {
    let english = match class {
        Verdict::FakeQuery => "fake query",
        Verdict::Seller => "seller",
        Verdict::Mirror => "mirror",
        Verdict::Official => "official",
        Verdict::None => "below the line",
    };
    lang.pick(class.zh(), english)
}

/// A score with its weight in colour and in words for those who do not see it.
pub(super) fn score_mark(score: u8) -> Markup {
    let weight = match score {
        85.. => "high",
        60.. => "alert",
        40.. => "review",
        _ => "low",
    };
    html! { span class={"score " (weight)} { (score) } }
}

/// A host that nothing turns into a link, in the letters of its owner, with the registered form beside it where they differ.
pub(super) fn host_mark(host: &Host) -> Markup {
    let (shown, ascii) = (host.unicode(), host.as_str());
    html! {
        span.host { (inert(&shown.replace('.', "[.]"), 253)) }
        @if shown != ascii { span.ascii { (inert(&ascii.replace('.', "[.]"), 253)) } }
    }
}

/// A moment, Beijing time.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.rfc3339()) { (at.beijing()) } }
}

/// The same to the minute, without the year where it is this one.
pub(super) fn short_moment(at: Timestamp, now: Timestamp) -> Markup {
    let (text, year) = (at.beijing(), now.beijing());
    let cut = if text[..4] == year[..4] { &text[5..16] } else { &text[..16] };
    html! { time datetime=(at.rfc3339()) title=(text) { (cut) } }
}

/// Nothing here, and what to do about it.
pub(super) fn empty(title: &str, hint: &str) -> Markup {
    html! { div.empty { p.title { (title) } p { (hint) } } }
}
