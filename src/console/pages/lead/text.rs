//! The page in words: its text, its text beside the official one, and the skeleton of its markup beside the official one. Never the page itself.

use crate::console::inert::{has_numbers, inert};
use crate::console::layout::hidden;
use crate::console::pages::lead::{MAX_ROWS, MAX_TEXT, View};
use crate::console::{differ, skeleton};
use maud::{Markup, html};

/// Characters of a page's source that are shown.
const MAX_SOURCE: usize = 30_000;

pub(super) fn text(v: &View<'_>) -> Markup {
    let Some(page) = v.capture().and_then(|c| c.page.as_ref()) else {
        return html! { section.card { h2 { (v.t("网页文字", "Text")) } p.aside { (v.t("这次访问没有得到网页。", "This visit got no page.")) } } };
    };
    let numbers = has_numbers(&page.text) || has_numbers(&page.title);
    html! {
        section.card #text {
            div.line { h2 { (v.t("网页文字", "Text")) } (unmask(v, numbers)) }
            pre.captured tabindex="0" { (v.text(&page.text, MAX_TEXT)) }
            @if !page.hidden_text.trim().is_empty() {
                h3 { (v.t("访客看不见的文字", "Text that a visitor cannot see")) }
                pre.captured.short tabindex="0" { (v.text(&page.hidden_text, 4000)) }
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

/// Two texts line by line.
pub(super) fn beside(v: &View<'_>, official: &str, suspect: &str) -> Markup {
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

/// Text beside text, or beside the rule file's phrases where the official page was never captured.
pub(super) fn difference(v: &View<'_>) -> Markup {
    let Some(page) = v.page() else { return html! {} };
    html! {
        section.card #differ {
            h2 { (v.t("与官方文字对照", "Beside the official text")) }
            @match v.official_page() {
                Some(theirs) => (beside(v, &theirs.text, &page.text)),
                None => (anchors(v, &page.text)),
            }
        }
    }
}

/// The markup's skeleton beside the official one, and the source as text.
pub(super) fn dom(v: &View<'_>) -> Markup {
    let Some(page) = v.page() else { return html! {} };
    let own = skeleton::of(&page.html);
    html! {
        section.card #dom {
            h2 { (v.t("DOM 结构", "DOM")) }
            @match v.official_page() {
                Some(theirs) => (beside(v, &skeleton::of(&theirs.html), &own)),
                None => {
                    p.aside { (v.t("官方网页尚未固定，只列出被查网页的结构。", "The official page was not captured: this page's skeleton alone.")) }
                    pre.captured.short tabindex="0" aria-label=(v.t("结构", "Skeleton")) { (v.text(&own, MAX_TEXT)) }
                }
            }
            details { summary { (v.t("网页源码（作为文字）", "Source, as text")) }
                pre.captured tabindex="0" aria-label=(v.t("源码", "Source")) { (v.text(&page.html, MAX_SOURCE)) }
            }
        }
    }
}
