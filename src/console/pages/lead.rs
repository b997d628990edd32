//! A lead in full: what to do, why, what speaks against, the way there, certificate, network, text beside the official text, likes, notes, history,
//! pictures. The captured page itself is never shown: pictures and sanitised text are.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{defang, has_numbers, inert, masked, plain};
use crate::console::layout::{class_word, hidden, host_mark, moment, page, score_mark, state_tag};
use crate::console::pages::queue::sheet;
use crate::console::{Desk, differ, pictures};
use crate::evidence;
use crate::model::assessment::{Class, Finding};
use crate::model::candidate::Reason;
use crate::model::capture::{Capture, Hop, TlsFacts};
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::lead::{Lead, Move, PackageRef, State, UNDO_MS};
use crate::model::resolution::Presence;
use crate::records::{QueueRow, Role, Shared};
use maud::{Markup, html};
use std::path::Path;

/// Characters of a page's text that are shown.
const MAX_TEXT: usize = 20_000;
/// Rows of lists that a hostile page could make long.
const MAX_ROWS: usize = 60;

/// All that the page is made of.
struct View<'a> {
    desk: &'a Desk,
    call: &'a Call,
    lead: Lead,
    /// The package looked at: `?package=ID`, else the latest.
    package: Option<PackageRef>,
    dossier: Result<Dossier, String>,
    bare: bool,
}

impl View<'_> {
    /// Captured text as this person may see it now.
    fn text(&self, text: &str, most: usize) -> Markup {
        if self.bare { inert(text, most) } else { inert(&masked(&text.chars().take(most + 1).collect::<String>()), most) }
    }
    fn t(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.call.t(zh, en)
    }
    fn capture(&self) -> Option<&Capture> {
        self.dossier.as_ref().ok().and_then(Dossier::main_capture)
    }
    fn reviews(&self) -> bool {
        matches!(self.call.role(), Role::Analyst | Role::Approver)
    }
}

/// `GET /leads/{id}`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let wanted = call.query.get("package");
    let package = lead.packages.iter().rev().find(|p| wanted.is_none_or(|w| w == p.id)).cloned();
    let dossier = match &package {
        Some(p) => evidence::read(&desk.evidence, Path::new(&p.path)).map(|s| s.dossier).map_err(|e| e.to_string()),
        None => Err(call.t("没有证据包", "no package").to_owned()),
    };
    let bare = call.session.as_ref().is_some_and(|s| desk.sessions.is_unmasked(&s.key, &lead.id, call.now));
    let alike = desk.records.alike(&lead, 12)?;
    let prior = desk.records.referred_before(&lead)?;
    let view = View { desk, call, lead, package, dossier, bare };
    let body = html! {
        (title(&view))
        div.lead-grid {
            div.lead-main { (shots(&view)) (tabs(&view)) }
            aside.lead-side aria-label=(view.t("处理", "Work")) { (actions(&view, &prior)) (why(&view)) (likes(&view, &alike)) (history(&view)) }
        }
        (sheet(call))
    };
    let name = view.lead.candidate.host.defanged();
    Ok(page(desk, call, "/queue", &name, &body))
}

fn title(v: &View<'_>) -> Markup {
    let (lead, lang) = (&v.lead, v.call.lang);
    let s = lead.assessment.scores;
    html! {
        header.lead-head #lead data-id=(lead.id.0) data-state=(lead.state.word()) {
            div.line { a.button.quiet href="/queue" { "← " (v.t("队列", "Queue")) } span.id { (lead.id) } (state_tag(lang, lead.state)) span class={"class " (lead.class().word())} { (class_word(lang, lead.class())) } }
            h1 { @if lead.title.trim().is_empty() { (v.t("（无标题）", "(no title)")) } @else { (v.text(&lead.title, 160)) } }
            p.url { (host_mark(&lead.candidate.host)) span.aside { (inert(&defang(&lead.url), 300)) } }
            dl.scores {
                @for class in Class::ALL { div { dt { (class_word(lang, class.into())) } dd { (score_mark(s.of(class))) } } }
                div { dt { (v.t("仿冒对象", "Imitates")) } dd { (inert(&lead.assessment.site, 80)) } }
                div { dt { (v.t("首次发现", "First seen")) } dd { (moment(lead.candidate.first_seen)) } }
                div { dt { (v.t("立案", "Opened")) } dd { (moment(lead.opened_at)) } }
            }
        }
    }
}

fn shots(v: &View<'_>) -> Markup {
    let Some(package) = &v.package else { return html! {} };
    let pictures = pictures::of(&v.desk.evidence, &package.path);
    let official = official_package(v);
    let theirs = official.as_ref().map(|p| pictures::of(&v.desk.evidence, &p.path)).unwrap_or_default();
    html! {
        section.card.shots aria-label=(v.t("截图", "Pictures")) {
            h2 { (v.t("截图", "Pictures")) }
            @if pictures.is_empty() {
                p.aside { (v.t("此证据包没有截图（未用浏览器渲染）；请看下面的文字。", "No picture in this package (not rendered by a browser); see the text below.")) }
            } @else {
                div.strip {
                    @for (n, picture) in pictures.iter().enumerate() {
                        @let src = format!("/leads/{}/picture/{}/{n}", v.lead.id, package.id);
                        figure { a href=(src) { img src=(src) alt={(v.t("被查网页截图 ", "picture of the page ")) (plain(&picture.path, 80))} loading="lazy"; } figcaption { (inert(&picture.path, 80)) } }
                    }
                }
                @if !theirs.is_empty() { p.aside { (v.t("官方网页截图见其证据包。", "Pictures of the official page stand in its own package.")) } }
            }
        }
    }
}

/// The latest package of the site that this lead imitates, where it was captured.
fn official_package(v: &View<'_>) -> Option<PackageRef> {
    let site = v.desk.sites.iter().find(|s| s.id == v.lead.assessment.site)?;
    let hosts = site.hosts.iter().chain([&site.id]).filter_map(|h| Host::parse(h).ok());
    hosts.filter_map(|h| v.desk.records.visit_of(&h).ok().flatten()).find(|f| f.outcome == "captured").map(|f| f.package)
}

fn tabs(v: &View<'_>) -> Markup {
    let read = match &v.dossier {
        Err(why) => {
            html! { section.card { div.said.bad role="alert" { (v.t("证据包无法读取：", "The package cannot be read: ")) (inert(why, 300)) } } }
        }
        Ok(_) => html! { (text(v)) (hops(v)) (certificate(v)) (forms(v)) },
    };
    html! { (read) (network(v)) (packages(v)) }
}

fn text(v: &View<'_>) -> Markup {
    let Some(page) = v.capture().and_then(|c| c.page.as_ref()) else {
        return html! { section.card { h2 { (v.t("网页文字", "Text")) } p.aside { (v.t("这次访问没有得到网页。", "This visit got no page.")) } } };
    };
    let numbers = has_numbers(&page.text) || has_numbers(&page.title);
    let official = official_package(v).and_then(|p| evidence::read(&v.desk.evidence, Path::new(&p.path)).ok());
    let theirs = official.as_ref().and_then(|s| s.dossier.main_capture()?.page.as_ref().map(|p| p.text.as_str()));
    html! {
        section.card #text {
            div.line { h2 { (v.t("网页文字", "Text")) } (unmask(v, numbers)) }
            pre.captured tabindex="0" { (v.text(&page.text, MAX_TEXT)) }
            @if !page.hidden_text.trim().is_empty() {
                h3 { (v.t("访客看不见的文字", "Text that a visitor cannot see")) }
                pre.captured.short tabindex="0" { (v.text(&page.hidden_text, 4000)) }
            }
        }
        section.card #differ {
            h2 { (v.t("与官方文字对照", "Beside the official text")) }
            @match theirs {
                Some(theirs) => (beside(v, theirs, &page.text)),
                None => (anchors(v, &page.text)),
            }
        }
    }
}

fn unmask(v: &View<'_>, numbers: bool) -> Markup {
    html! {
        @if numbers && v.bare { span.aside { (v.t("证号、手机号已显示（10 分钟内）", "numbers are shown (for 10 minutes)")) } }
        @else if numbers && v.reviews() {
            form method="post" action={"/leads/" (v.lead.id) "/unmask"} { (hidden(v.call)) button.quiet { (v.t("显示证号、手机号（写入日志）", "Show numbers (journalled)")) } }
        } @else if numbers { span.aside { (v.t("证号、手机号已脱敏", "numbers are masked")) } }
    }
}

fn beside(v: &View<'_>, official: &str, suspect: &str) -> Markup {
    let rows = differ::compare(official, suspect);
    let same = rows.iter().filter(|r| matches!(r, differ::Pair::Same(..))).count();
    html! {
        p.aside { (v.call.lang.pick(format!("相同 {same} 行，共 {} 行；各取前 {} 行。", rows.len(), differ::MAX_LINES), format!("{same} of {} lines are the same; the first {} of each are compared.", rows.len(), differ::MAX_LINES))) }
        div.scroll tabindex="0" { table.differ {
            thead { tr { th scope="col" { (v.t("官方", "Official")) } th scope="col" { (v.t("被查网页", "This page")) } } }
            tbody { @for row in &rows { @match row {
                differ::Pair::Same(a, b) => tr.same { td { (inert(a, 300)) } td { (v.text(b, 300)) } },
                differ::Pair::Official(a) => tr.theirs { td { (inert(a, 300)) } td {} },
                differ::Pair::Suspect(b) => tr.ours { td {} td { (v.text(b, 300)) } },
            } } }
        } }
    }
}

/// Without a captured official page: which of the official page's own phrases, as the site's file has them, stand on this page.
fn anchors(v: &View<'_>, text: &str) -> Markup {
    let mut phrases = Vec::new();
    if let Some(site) = v.desk.sites.iter().find(|s| s.id == v.lead.assessment.site) {
        phrases.push(site.name.clone());
        site.page.values().for_each(|value| gather(value, &mut phrases));
    }
    phrases.dedup();
    let (found, missing): (Vec<&String>, Vec<&String>) = phrases.iter().take(200).partition(|p| text.contains(p.as_str()));
    html! {
        p.aside { (v.t("官方网页尚未固定；以下为规则文件中官方网页的用语。", "The official page was not captured; these are its phrases from the site's rule file.")) }
        @if phrases.is_empty() { p.aside { (v.t("规则文件中没有用语。", "The rule file has none.")) } } @else {
            dl.pairs {
                div { dt { (v.t("此页也有", "Also here")) } dd { @for p in &found { span.chip.hit { (inert(p, 60)) } } @if found.is_empty() { "—" } } }
                div { dt { (v.t("此页没有", "Not here")) } dd { @for p in missing.iter().take(MAX_ROWS) { span.chip { (inert(p, 60)) } } } }
            }
        }
    }
}

fn gather(value: &toml::Value, into: &mut Vec<String>) {
    match value {
        toml::Value::String(s) if s.chars().count() >= 4 && !s.is_ascii() => into.push(s.clone()),
        toml::Value::Array(a) => a.iter().for_each(|v| gather(v, into)),
        toml::Value::Table(t) => t.values().for_each(|v| gather(v, into)),
        _ => {}
    }
}

fn hops(v: &View<'_>) -> Markup {
    let Some(capture) = v.capture() else { return html! {} };
    html! {
        section.card #hops {
            h2 { (v.t("访问与跳转", "Visit and redirects")) }
            ol.hops { @for hop in capture.hops.iter().take(MAX_ROWS) { li { (one_hop(v, hop)) } } }
            p { (v.t("结果：", "Outcome: ")) (inert(&v.call.lang.pick(capture.outcome.why_zh(), capture.outcome.why()), 300)) }
            @if let Ok(dossier) = &v.dossier { @if dossier.captures.len() > 1 {
                h3 { (v.t("不同身份的访问", "As other visitors")) }
                ul.plain { @for c in dossier.captures.iter().take(MAX_ROWS) { li {
                    b { (inert(&c.variant, 40)) } " " (inert(c.outcome.word(), 40)) " " span.aside { (inert(&defang(c.final_url.as_deref().unwrap_or(&c.requested_url)), 200)) }
                } } }
            } }
        }
    }
}

fn one_hop(v: &View<'_>, hop: &Hop) -> Markup {
    html! {
        div.line {
            span.status { @match hop.status { Some(s) => (s), None => "—" } }
            span.url { (inert(&defang(&hop.url), 300)) }
            @if let Some(a) = hop.address { span.aside { (a) } }
            span.aside { (hop.timing.total_ms) " ms" }
        }
        @if let Some(to) = &hop.redirect_to { div.aside { "→ " (inert(&defang(to), 300)) } }
        @if let Some(t) = &hop.trouble { div.aside { (inert(&v.call.lang.pick(t.why_zh(), t.why()), 300)) } }
        details { summary { (v.t("响应头", "Response headers")) " (" (hop.headers.len()) ")" }
            table.heads { @for (name, value) in hop.headers.iter().take(MAX_ROWS) { tr { th scope="row" { (inert(name, 80)) } td { (v.text(value, 400)) } } } }
        }
    }
}

fn certificate(v: &View<'_>) -> Markup {
    let tls: Option<&TlsFacts> = v.capture().and_then(|c| c.hops.iter().rev().find_map(|h| h.tls.as_ref()));
    html! {
        section.card #certificate {
            h2 { (v.t("证书", "Certificate")) }
            @match tls {
                None => p.aside { (v.t("未使用 HTTPS。", "No HTTPS.")) },
                Some(tls) => {
                    p { (inert(&tls.version, 20)) " · " (inert(&tls.cipher, 60)) " · "
                        @match &tls.verified { Ok(()) => (v.t("可验证", "verifies")), Err(why) => { (v.t("不可验证：", "does not verify: ")) (inert(why, 200)) } } }
                    @if let Some(leaf) = &tls.leaf {
                        dl.pairs {
                            div { dt { (v.t("主体", "Subject")) } dd { (inert(&leaf.subject, 300)) } }
                            div { dt { (v.t("签发者", "Issuer")) } dd { (inert(&leaf.issuer, 300)) } }
                            div { dt { (v.t("有效期", "Valid")) } dd { (moment(leaf.not_before)) " – " (moment(leaf.not_after)) } }
                            div { dt { (v.t("名称", "Names")) } dd { (inert(&defang(&leaf.names.iter().take(MAX_ROWS).cloned().collect::<Vec<_>>().join(", ")), 1500)) } }
                            div { dt { "SHA-256" } dd.hash { (inert(&leaf.sha256, 64)) } }
                        }
                    }
                }
            }
        }
    }
}

fn forms(v: &View<'_>) -> Markup {
    let Some(page) = v.capture().and_then(|c| c.page.as_ref()) else { return html! {} };
    html! {
        @if !page.forms.is_empty() || !page.identifiers.is_empty() || !page.contacts.is_empty() {
            section.card #page {
                h2 { (v.t("表单、标识、联系方式", "Forms, identifiers, contacts")) }
                dl.pairs {
                    @for form in page.forms.iter().take(10) { div { dt { (v.t("表单", "Form")) } dd {
                        (inert(&defang(&form.action), 200)) " · "
                        @for f in form.fields.iter().take(30) { span.chip { (inert(if f.label.is_empty() { &f.name } else { &f.label }, 40)) } }
                    } } }
                    @for i in page.identifiers.iter().take(MAX_ROWS) { div { dt { (inert(&i.kind, 30)) } dd { (inert(&i.value, 80)) } } }
                    @for c in page.contacts.iter().take(MAX_ROWS) { div { dt { (inert(&c.kind, 30)) } dd { (v.text(&c.value, 80)) } } }
                }
            }
        }
    }
}

fn network(v: &View<'_>) -> Markup {
    html! {
        section.card #network {
            h2 { (v.t("网络", "Network")) }
            @match &v.lead.resolution {
                None => p.aside { (v.t("没有解析记录。", "No DNS facts.")) },
                Some(r) => {
                    dl.pairs {
                        div { dt { "DNS" } dd { @match &r.presence {
                            Presence::Present => (v.t("可解析", "present")),
                            Presence::Absent { why } => { (v.t("不存在 ", "absent ")) (inert(why, 60)) },
                            Presence::Unknown { why } => { (v.t("未知 ", "unknown ")) (inert(why, 60)) },
                        } " · " (moment(r.at)) } }
                        div { dt { (v.t("地址", "Addresses")) } dd { @for a in r.addresses.iter().take(MAX_ROWS) { span.chip { (a) } } } }
                    }
                    details { summary { (v.t("全部应答", "All answers")) } table.heads {
                        @for record in r.answers.iter().flat_map(|a| &a.records).take(MAX_ROWS) { tr { th scope="row" { (inert(&record.rrtype, 12)) } td { (inert(&defang(&record.data), 300)) } td.aside { (record.ttl) " s" } } }
                    } }
                }
            }
            h3 { (v.t("发现经过", "How it was found")) }
            ul.plain {
                @for reason in v.lead.candidate.reasons.iter().take(16) { li { (found_by(v, reason)) } }
                @for s in v.lead.candidate.sightings.iter().take(16) { li.aside { (inert(&s.source, 60)) " · " (moment(s.seen_at)) " · " (inert(&defang(&s.seen), 200)) } }
            }
        }
    }
}

fn found_by(v: &View<'_>, reason: &Reason) -> Markup {
    html! { @match reason {
        Reason::Name(hit) => (inert(v.call.lang.pick(hit.why.as_str(), hit.why_en.as_str()), 300)),
        Reason::Search { engine, query, rank, .. } => { (v.t("搜索 ", "search ")) (inert(engine, 40)) "：" (inert(query, 120)) " #" (rank) },
        Reason::Report { by } => { (v.t("举报：", "reported: ")) (inert(by, 60)) },
        Reason::Check => (v.t("人工检查", "checked by hand")),
    } }
}

fn packages(v: &View<'_>) -> Markup {
    html! {
        section.card #packages {
            h2 { (v.t("证据包（时间线）", "Packages (timeline)")) }
            @if v.lead.packages.is_empty() { p.aside { (v.t("没有。", "None.")) } }
            ol.timeline { @for p in v.lead.packages.iter().rev().take(MAX_ROWS) { li aria-current=[(v.package.as_ref() == Some(p)).then_some("true")] {
                a href={"/leads/" (v.lead.id) "?package=" (p.id)} { (moment(p.captured_at)) } " " (inert(&p.outcome, 30))
                div.aside { (inert(&p.id, 60)) } div.hash { "SHA-256 " (p.manifest_sha256) }
            } } }
        }
    }
}

fn actions(v: &View<'_>, prior: &[(crate::model::lead::LeadId, Host, crate::model::lead::Step)]) -> Markup {
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

fn why(v: &View<'_>) -> Markup {
    let (for_it, against): (Vec<&Finding>, Vec<&Finding>) = v.lead.assessment.findings.iter().partition(|f| f.points >= 0);
    html! {
        section.card #why {
            h2 { (v.t("为什么", "Why")) }
            @if for_it.is_empty() { p.aside { (v.t("没有加分依据。", "Nothing speaks for it.")) } }
            ol.findings { @for f in for_it.iter().take(MAX_ROWS) { (finding(v, f)) } }
            h3 { (v.t("反证", "What speaks against")) }
            @if against.is_empty() { p.aside { (v.t("没有发现。", "Nothing found.")) } }
            ol.findings.against { @for f in against.iter().take(MAX_ROWS) { (finding(v, f)) } }
            @if !v.lead.assessment.not_looked_at.is_empty() {
                h3 { (v.t("尚未查看", "Not looked at")) }
                ul.plain { @for n in v.lead.assessment.not_looked_at.iter().take(12) { li.aside { (inert(n.get(v.call.lang), 200)) } } }
            }
        }
    }
}

fn finding(v: &View<'_>, f: &Finding) -> Markup {
    html! {
        li {
            span.points { (format!("{:+}", f.points)) }
            div {
                div { (v.text(f.why.get(v.call.lang), 240)) }
                @if let Some(span) = &f.span {
                    div.span { "“" (v.text(&span.raw, 160)) "”" }
                    @if span.normalised != span.raw && !span.normalised.is_empty() { div.aside { (v.t("规范化：", "normalised: ")) (v.text(&span.normalised, 160)) } }
                }
                div.aside { (class_word(v.call.lang, f.class.into())) " · " (inert(&f.evidence, 80)) @if let Some(s) = &f.span { " " (inert(&s.place, 60)) } }
            }
        }
    }
}

fn likes(v: &View<'_>, alike: &[(QueueRow, Vec<Shared>)]) -> Markup {
    let word = |s: &Shared| match s {
        Shared::Name => v.t("同一域名", "same name"),
        Shared::Address => v.t("同一地址", "same address"),
        Shared::Title => v.t("同一标题", "same title"),
    };
    html! {
        section.card #alike {
            h2 { (v.t("同类线索", "Alike")) }
            @if alike.is_empty() { p.aside { (v.t("没有共用域名、地址或标题的线索。", "No lead shares its name, address or title.")) } }
            ul.plain { @for (row, shared) in alike { li {
                (score_mark(row.score)) " " a href={"/leads/" (row.id)} { (host_mark(&row.host)) } " " (state_tag(v.call.lang, row.state))
                div.aside { @for s in shared { span.chip { (word(s)) } } }
            } } }
        }
    }
}

fn history(v: &View<'_>) -> Markup {
    html! {
        section.card #history {
            h2 { (v.t("经过", "History")) }
            @if v.lead.history.is_empty() { p.aside { (v.t("还没有人处理。", "Nobody has decided yet.")) } }
            ol.timeline { @for step in v.lead.history.iter().rev().take(200) { li {
                (moment(step.at)) " " b { (inert(&step.by, 32)) } " " (v.call.lang.pick(step.what.zh(), step.what.word()))
                @if let Some(said) = step.what.said() { div.quote { (inert(said, 2000)) } }
            } } }
        }
    }
}
