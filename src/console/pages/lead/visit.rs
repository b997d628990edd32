//! What the visit met: the way there, as other visitors, certificate, network, forms, every request of the browser.

use crate::console::inert::{defang, inert};
use crate::console::layout::moment;
use crate::console::pages::lead::{MAX_ROWS, View};
use crate::model::candidate::Reason;
use crate::model::capture::{Hop, TlsFacts};
use crate::model::resolution::Presence;
use maud::{Markup, html};

pub(super) fn hops(v: &View<'_>) -> Markup {
    let Some(capture) = v.capture() else { return html! {} };
    html! {
        section.card #hops {
            h2 { (v.t("访问与跳转", "Visit and redirects")) }
            ol.hops { @for hop in capture.hops.iter().take(MAX_ROWS) { li { (one_hop(v, hop)) } } }
            p { (v.t("结果：", "Outcome: ")) (inert(&v.call.lang.pick(capture.outcome.why_zh(), capture.outcome.why()), 300)) }
        }
    }
}

/// The same address as other visitors met it.
pub(super) fn variants(v: &View<'_>) -> Markup {
    let Ok(dossier) = &v.dossier else { return html! {} };
    html! {
        section.card #variants {
            h2 { (v.t("不同身份的访问", "As other visitors")) }
            div.scroll tabindex="0" role="region" aria-label=(v.t("不同身份的访问", "As other visitors")) { table.list {
                thead { tr { th scope="col" { (v.t("身份", "Visitor")) } th scope="col" { (v.t("结果", "Outcome")) } th scope="col" { (v.t("标题", "Title")) } th scope="col" { (v.t("到达", "Ended at")) } th.num scope="col" { (v.t("字数", "Characters")) } } }
                tbody { @for c in dossier.captures.iter().take(MAX_ROWS) { tr {
                    td { (inert(&c.variant, 40)) @if c.browser.is_some() { span.aside { " " (v.t("浏览器", "browser")) } } }
                    td { (inert(c.outcome.word(), 40)) @if let Some(s) = c.hops.last().and_then(|h| h.status) { " " (s) } }
                    td { (v.text(c.page.as_ref().map_or("", |p| p.title.as_str()), 80)) }
                    td.aside { (v.text(&defang(c.final_url.as_deref().unwrap_or(&c.requested_url)), 160)) }
                    td.num { @if let Some(p) = &c.page { (p.text.chars().count()) } @else { "—" } }
                } } }
            } }
        }
    }
}

fn one_hop(v: &View<'_>, hop: &Hop) -> Markup {
    html! {
        div.line {
            span.status { @match hop.status { Some(s) => (s), None => "—" } }
            span.url { (v.text(&defang(&hop.url), 300)) }
            @if let Some(a) = hop.address { span.aside { (a) } }
            span.aside { (hop.timing.total_ms) " ms" }
        }
        @if let Some(to) = &hop.redirect_to { div.aside { "→ " (v.text(&defang(to), 300)) } }
        @if let Some(t) = &hop.trouble { div.aside { (inert(&v.call.lang.pick(t.why_zh(), t.why()), 300)) } }
        details { summary { (v.t("响应头", "Response headers")) " (" (hop.headers.len()) ")" }
            table.heads { @for (name, value) in hop.headers.iter().take(MAX_ROWS) { tr { th scope="row" { (inert(name, 80)) } td { (v.text(value, 400)) } } } }
        }
    }
}

pub(super) fn certificate(v: &View<'_>) -> Markup {
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
                            div { dt { (v.t("名称", "Names")) } dd { (v.text(&defang(&leaf.names.iter().take(MAX_ROWS).cloned().collect::<Vec<_>>().join(", ")), 1500)) } }
                            div { dt { "SHA-256" } dd.hash { (inert(&leaf.sha256, 64)) } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn forms(v: &View<'_>) -> Markup {
    let Some(page) = v.capture().and_then(|c| c.page.as_ref()) else { return html! {} };
    html! {
        @if !page.forms.is_empty() || !page.identifiers.is_empty() || !page.contacts.is_empty() {
            section.card #page {
                h2 { (v.t("表单、标识、联系方式", "Forms, identifiers, contacts")) }
                dl.pairs {
                    @for form in page.forms.iter().take(10) { div { dt { (v.t("表单", "Form")) } dd {
                        (v.text(&defang(&form.action), 200)) " · "
                        @for f in form.fields.iter().take(30) { span.chip { (inert(if f.label.is_empty() { &f.name } else { &f.label }, 40)) } }
                    } } }
                    @for i in page.identifiers.iter().take(MAX_ROWS) { div { dt { (inert(&i.kind, 30)) } dd { (inert(&i.value, 80)) } } }
                    @for c in page.contacts.iter().take(MAX_ROWS) { div { dt { (inert(&c.kind, 30)) } dd { (v.text(&c.value, 80)) } } }
                }
            }
        }
    }
}

pub(super) fn network(v: &View<'_>) -> Markup {
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
                        @for record in r.answers.iter().flat_map(|a| &a.records).take(MAX_ROWS) { tr { th scope="row" { (inert(&record.rrtype, 12)) } td { (v.text(&defang(&record.data), 300)) } td.aside { (record.ttl) " s" } } }
                    } }
                }
            }
            h3 { (v.t("发现经过", "How it was found")) }
            ul.plain {
                @for reason in v.lead.candidate.reasons.iter().take(16) { li { (found_by(v, reason)) } }
                @for s in v.lead.candidate.sightings.iter().take(16) { li.aside { (inert(&s.source, 60)) " · " (moment(s.seen_at)) " · " (v.text(&defang(&s.seen), 200)) } }
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
        Reason::Official { .. } => (v.t("受保护网站本身", "the protected site itself")),
    } }
}

/// Every request that the page made in the browser, and the files that are kept of it.
pub(super) fn resources(v: &View<'_>) -> Markup {
    let Some(capture) = v.browsed() else {
        return html! { section.card #resources { h2 { (v.t("资源", "Resources")) } p.aside { (v.t("这次访问没有用浏览器，没有资源清单。", "This visit used no browser: there is no list.")) } } };
    };
    let browser = capture.browser.clone().unwrap_or_default();
    html! {
        section.card #resources {
            h2 { (v.t("资源", "Resources")) }
            p.aside { (inert(&browser.product, 80)) " · " (v.call.lang.pick(format!("请求 {} 个，保存 {} 个文件", browser.requests.len(), capture.kept.len()), format!("{} requests, {} files kept", browser.requests.len(), capture.kept.len()))) }
            div.scroll tabindex="0" role="region" aria-label=(v.t("请求", "Requests")) { table.heads {
                @for r in browser.requests.iter().take(MAX_ROWS) { tr {
                    th scope="row" { (inert(&r.kind, 20)) } td { @match r.status { Some(s) => (s), None => "—" } }
                    td { (v.text(&defang(&r.url), 200)) @if !r.failed.is_empty() { div.aside { (inert(&r.failed, 120)) } } } td.aside { (inert(&r.media_type, 60)) }
                } }
            } }
            @if browser.requests.len() > MAX_ROWS { p.aside { (v.t("其余见证据包。", "The rest stands in the package.")) } }
            @let refused: Vec<_> = browser.passages.iter().filter(|p| !p.refused.is_empty()).collect();
            @if !refused.is_empty() { h3 { (v.t("被守卫或上限拒绝", "Refused by the guard or a cap")) }
                ul.plain { @for p in refused.iter().take(MAX_ROWS) { li { (v.text(&defang(&p.target), 200)) div.aside { (inert(&p.refused, 200)) } } } } }
            @if !browser.denied.is_empty() { h3 { (v.t("网页企图而未获准", "Tried and not let")) } ul.plain { @for d in browser.denied.iter().take(20) { li.aside { (v.text(d, 200)) } } } }
            @if !browser.console.is_empty() { h3 { (v.t("网页控制台", "The page's own console")) } ul.plain { @for c in browser.console.iter().take(20) { li.aside { (v.text(c, 200)) } } } }
        }
    }
}
