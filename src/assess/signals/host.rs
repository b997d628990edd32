//! The host itself: its name as the screen saw it, where its front door leads, whether an organ's registry gave it.

use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::tally::Tally;
use crate::assess::weights::Weights;
use crate::model::assessment::{Class, Finding};
use crate::model::candidate::NameHit;
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::lang::Both;

/// Points of the name screen's score; less where only a sub-label is near. Never more than the cap of names.
fn points(hit: &NameHit, host: &Host, view: &View) -> i32 {
    let full = view.weights.fake_query.host_lexical * i32::from(hit.score.min(100)) / 100;
    let registrable = host.registrable().unwrap_or(host.as_str());
    let strong = hit.techniques.iter().any(|t| t.contains("official_host"));
    let matched = hit.matched.to_lowercase();
    let only_sub = !matched.is_empty()
        && !strong
        && !registrable.contains(&matched)
        && !matched.contains(registrable)
        && host.as_str().contains(&matched);
    if only_sub { full.min(view.weights.fake_query.host_sub_label) } else { full }
}

/// `host_lexical`: the name is near a protected one.
pub(crate) fn host_lexical(view: &View, tally: &mut Tally) {
    let host = &view.reading.dossier.candidate.host;
    let Some(hit) = view.reading.dossier.candidate.name_hit() else { return };
    if hit.site == view.site.site || hit.site.is_empty() {
        let span = plain_span("host", host.as_str());
        tally.add(Class::FakeQuery, "host_lexical", points(hit, host, view), Both::new(hit.why.clone(), hit.why_en.clone()), Some(span));
    }
}

/// The name finding of a page that was never read: said, but worth nothing.
pub(crate) fn name_only(dossier: &Dossier) -> Option<Finding> {
    let hit = dossier.candidate.name_hit()?;
    Some(Finding {
        signal: "host_lexical".into(),
        class: Class::FakeQuery,
        points: 0,
        why: Both::new(hit.why.clone(), hit.why_en.clone()),
        span: Some(plain_span("host", dossier.candidate.host.as_str())),
        evidence: "net/dns.json".into(),
    })
}

/// `redirect_to_official`: a visit to this host ended at the official site, while another page of it did not.
pub(crate) fn redirect_to_official(view: &View, tally: &mut Tally) {
    let elsewhere = |url: &&str| view.official.owns_url(url);
    let hops = view
        .reading
        .dossier
        .captures
        .iter()
        .flat_map(|c| c.hops.iter().filter_map(|h| h.redirect_to.as_deref()).chain(c.final_url.as_deref()));
    let scripts =
        view.reading.dossier.captures.iter().filter_map(|c| c.page.as_ref()).flat_map(|p| p.script_redirects.iter().map(String::as_str));
    if let Some(url) = hops.chain(scripts).find(elsewhere) {
        let why = Both::new(
            "该站另有入口跳转到官方网站，此页却不是官方页面",
            "another way into this host leads to the official site, this page does not belong to it",
        );
        tally.add(
            Class::FakeQuery,
            "redirect_to_official",
            view.weights.fake_query.redirect_to_official,
            why,
            Some(plain_span("redirect", url)),
        );
    }
}

/// `cloaking`: one kind of visitor is shown what another is not. Counts for the class that leads.
pub(crate) fn cloaking(shown_to: &str, hidden_from: &str, weights: &Weights, tally: &mut Tally) {
    let scores = tally.scores();
    let class = Class::ALL.into_iter().rev().max_by_key(|c| scores.of(*c)).unwrap_or(Class::FakeQuery);
    let why = Both::new(
        format!("同一主机对 {shown_to} 访客显示此页，对 {hidden_from} 访客不显示"),
        format!("the host shows this page to {shown_to} visitors and hides it from {hidden_from} visitors"),
    );
    tally.add(class, "cloaking", weights.fake_query.cloaking, why, Some(plain_span("header", shown_to)));
}

/// `government_host`: names under gov.cn are given to organs only. Not an allow: taken-over ones still score.
pub(crate) fn government_host(view: &View, tally: &mut Tally) {
    let host = &view.reading.host;
    if host.under("gov.cn") && tally.sum(Class::FakeQuery) > 0 {
        let why = Both::new(
            "域名在 gov.cn 之下，只发给国家机关；若被劫持另行研判",
            "the host is under gov.cn, which is given to organs only; a taken-over one must be judged by a person",
        );
        tally.add(
            Class::FakeQuery,
            "government_host",
            view.weights.fake_query.government_host,
            why,
            Some(plain_span("host", host.as_str())),
        );
    }
}
