//! Why it is a lead and what speaks against, which leads are like it, and what was decided so far.

use crate::console::inert::inert;
use crate::console::layout::{class_word, host_mark, moment, score_mark, state_tag};
use crate::console::pages::lead::{MAX_ROWS, View};
use crate::model::assessment::Finding;
use crate::records::{QueueRow, Shared};
use maud::{Markup, html};

pub(super) fn why(v: &View<'_>) -> Markup {
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

pub(super) fn likes(v: &View<'_>, alike: &[(QueueRow, Vec<Shared>)]) -> Markup {
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

pub(super) fn history(v: &View<'_>) -> Markup {
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
