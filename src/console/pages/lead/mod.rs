//! A lead in full: what to do, why, what speaks against, the official page beside it, the way there, certificate, network, texts, likes, whose it is,
//! notes, history, re-checks. The captured page itself is never shown: pictures and sanitised text are.

mod beside;
mod text;
mod time;
mod visit;
mod whose;
mod why;
mod work;

pub(in crate::console) use beside::boxes;

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::{defang, inert, masked};
use crate::console::layout::{class_word, host_mark, moment, page, score_mark, state_tag};
use crate::console::pages::queue::sheet;
use crate::evidence::{self, Stored};
use crate::model::assessment::{Class, Verdict};
use crate::model::capture::Capture;
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::lead::{Lead, PackageRef};
use crate::model::page::Page;
use crate::records::Role;
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
    /// The latest package of the official page, and what is in it.
    official: Option<(PackageRef, Option<Stored>)>,
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
    fn page(&self) -> Option<&Page> {
        self.capture().and_then(|c| c.page.as_ref())
    }
    /// The visit by browser, where there was one.
    fn browsed(&self) -> Option<&Capture> {
        self.dossier.as_ref().ok()?.captures.iter().find(|c| c.browser.is_some())
    }
    fn official_page(&self) -> Option<&Page> {
        self.official.as_ref()?.1.as_ref()?.dossier.main_capture()?.page.as_ref()
    }
    fn reviews(&self) -> bool {
        matches!(self.call.role(), Role::Analyst | Role::Approver)
    }
}

/// The latest package of the site that a lead imitates: of its main host, else of another one. Only what the site itself served counts.
pub(in crate::console) fn official_package(desk: &Desk, lead: &Lead) -> Option<PackageRef> {
    let site = desk.sites.iter().find(|s| s.id == lead.assessment.site)?;
    let hosts = [&site.id].into_iter().chain(&site.hosts).filter_map(|h| Host::parse(h).ok());
    let mut visits = hosts.filter_map(|h| desk.records.last_captured(&h).ok().flatten());
    visits.find(|f| f.class == Verdict::Official).map(|f| f.package)
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
    let official = official_package(desk, &lead).map(|p| {
        let stored = evidence::read(&desk.evidence, Path::new(&p.path)).ok();
        (p, stored)
    });
    let bare = call.session.as_ref().is_some_and(|s| desk.sessions.is_unmasked(&s.key, &lead.id, call.now));
    let alike = desk.records.alike(&lead, 12)?;
    let prior = desk.records.referred_before(&lead)?;
    let rechecks = desk.records.rechecks(&lead.id)?;
    let attribution = desk.records.attribution(&lead.candidate.host)?;
    let cluster = desk.kin().cluster_of(&desk.records, &lead.candidate.host)?;
    let view = View { desk, call, lead, package, dossier, official, bare };
    let body = html! {
        (title(&view))
        div.lead-grid {
            div.lead-main { (beside::pictures(&view)) (tabs(&view)) }
            aside.lead-side aria-label=(view.t("处理", "Work")) {
                (work::actions(&view, &prior)) (why::why(&view)) (whose::whose(&view, attribution.as_ref())) (whose::cluster(&view, cluster.as_ref()))
                (why::likes(&view, &alike)) (time::rechecks(&view, &rechecks)) (why::history(&view))
            }
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
            p.url { (host_mark(&lead.candidate.host)) span.aside { (v.text(&defang(&lead.url), 300)) } }
            dl.scores {
                @for class in Class::ALL { div { dt { (class_word(lang, class.into())) } dd { (score_mark(s.of(class))) } } }
                div { dt { (v.t("仿冒对象", "Imitates")) } dd { (inert(&lead.assessment.site, 80)) } }
                div { dt { (v.t("首次发现", "First seen")) } dd { (moment(lead.candidate.first_seen)) } }
                div { dt { (v.t("立案", "Opened")) } dd { (moment(lead.opened_at)) } }
            }
        }
    }
}

/// The parts of the captured page. Without script they stand one under the other; the script makes tabs of them.
fn tabs(v: &View<'_>) -> Markup {
    let names = [
        ("differ", "文字差异", "Text difference"),
        ("dom", "DOM", "DOM"),
        ("resources", "资源", "Resources"),
        ("hops", "跳转链", "Redirects"),
        ("variants", "不同身份", "Variants"),
        ("certificate", "证书", "Certificate"),
        ("network", "网络", "Network"),
        ("page", "表单与联系方式", "Forms, contacts"),
        ("text", "全文", "Whole text"),
        ("packages", "固定记录", "Captures"),
    ];
    let read = match &v.dossier {
        Err(why) => {
            html! { section.card { div.said.bad role="alert" { (v.t("证据包无法读取：", "The package cannot be read: ")) (inert(why, 300)) } } }
        }
        Ok(_) => html! {
            (text::difference(v)) (text::dom(v)) (visit::resources(v)) (visit::hops(v)) (visit::variants(v)) (visit::certificate(v)) (visit::forms(v)) (text::text(v))
        },
    };
    html! {
        nav.tabs.parts #parts aria-label=(v.t("网页的各个方面", "Parts of the page")) {
            @for (id, zh, en) in names { a href={"#" (id)} { (v.t(zh, en)) } }
        }
        div #panels { (read) (visit::network(v)) (time::packages(v)) }
    }
}
