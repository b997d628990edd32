//! Whose it is: registration, hosting, providers and a suggestion of who might handle it, each fact with its source; and the cluster it belongs to.

use crate::console::inert::{inert, plain};
use crate::console::layout::{hidden, host_mark, moment};
use crate::console::pages::lead::{MAX_ROWS, View};
use crate::model::attribution::Attribution;
use crate::model::cluster::{Cluster, Tie, TieReason};
use crate::model::indicator::kind_of;
use crate::model::jurisdiction;
use crate::model::lang::Lang;
use maud::{Markup, html};

/// Hosts of a cluster that are named.
const MAX_HOSTS: usize = 40;

/// Facts, those who serve it, jurisdiction.
pub(super) fn whose(v: &View<'_>, attribution: Option<&Attribution>) -> Markup {
    let lang = v.call.lang;
    let month = v.lead.opened_at.beijing_month();
    let told_above = v.lead.candidate.sightings.iter().any(|s| s.context.is_handed_down());
    // As `leads show --victim --ordered`: what a person asks, for this answer alone.
    let victim = v.call.query.get("victim").map(str::trim).filter(|p| !p.is_empty());
    let ordered = told_above || v.call.query.get("ordered").is_some();
    let suggestion = jurisdiction::suggest(attribution, &v.desk.home, &month, victim, ordered);
    html! {
        section.card #whose {
            h2 { (v.t("归属", "Whose it is")) }
            @match attribution {
                None => p.aside { (v.t("尚未查询注册与归属。", "Registration and hosting were not looked up yet.")) },
                Some(a) => {
                    dl.pairs { @for f in a.facts().iter().take(MAX_ROWS) { div {
                        dt { (inert(f.label.get(lang), 30)) }
                        dd { (v.text(f.value.get(lang), 300)) @if !f.source.is_empty() { div.aside { (v.t("来源 ", "source ")) (inert(&f.source, 80)) " · " (moment(f.at)) } } }
                    } } }
                    @let providers = a.providers();
                    @if !providers.is_empty() {
                        h3 { (v.t("技术服务方（须人工确认）", "Service providers (a person confirms)")) }
                        ul.plain { @for p in providers.iter().take(12) { li {
                            (lang.pick(p.role_zh().to_owned(), p.role.clone())) "：" b { (inert(&p.name, 80)) } " " (inert(&p.place, 40))
                            div.aside { (inert(&p.abuse, 120)) " " (inert(&p.source, 80)) }
                        } } }
                    }
                }
            }
            h3 { (v.t("管辖建议（须人工确认）", "Jurisdiction, a suggestion (a person confirms)")) }
            p { b { (inert(suggestion.to.get(lang), 120)) } }
            p.aside { (inert(suggestion.why.get(lang), 200)) }
            ul.plain { @for place in &suggestion.places { li.aside {
                (match place.of.as_str() {
                    "server" => v.t("服务器所在地：", "server: "),
                    "filing" => v.t("注册或备案地：", "registrant or filing: "),
                    _ => v.t("受害地：", "victim: "),
                })
                (inert(place.told.get(lang), 160)) @if !place.source.is_empty() { " · " (inert(&place.source, 60)) }
            } } }
            form #jurisdiction method="get" action={"/leads/" (v.lead.id)} {
                @if let Some(p) = v.call.query.get("package") { input type="hidden" name="package" value=(plain(p, 60)); }
                label { (v.t("受害人或损失所在地", "Where the victim or the loss is")) input name="victim" maxlength="60" value=(plain(victim.unwrap_or_default(), 60)); }
                label.check { input type="checkbox" name="ordered" value="1" checked[ordered] disabled[told_above]; (v.t("上级交办", "Ordered from above")) }
                button { (v.t("重新建议", "Suggest anew")) }
                p.aside { (v.t("只用于此处的建议，不保存；需要留存请写备注。", "For this suggestion alone; it is not kept. What should be kept goes into a note.")) }
            }
        }
    }
}

/// The cluster, with the ties that make it one.
pub(super) fn cluster(v: &View<'_>, cluster: Option<&Cluster>) -> Markup {
    let lang = v.call.lang;
    html! {
        section.card #cluster {
            h2 { (v.t("集群", "Cluster")) }
            @match cluster {
                None => p.aside { (v.t("没有强关联的其他线索。", "Nothing strong ties it to another lead.")) },
                Some(c) => {
                    p { a href={"/queue?tab=all&cluster=" (c.id)} { (inert(&c.id, 20)) } " · " (lang.pick(format!("{} 个主机", c.hosts.len()), format!("{} hosts", c.hosts.len()))) }
                    ul.plain { @for tie in c.ties.iter().take(8) { li {
                        @for (i, reason) in tie.reasons.iter().enumerate() { @if i > 0 { " + " } (told(v, reason)) }
                        div.aside { (lang.pick(format!("{} 个主机", tie.hosts.len()), format!("{} hosts", tie.hosts.len()))) }
                        (taken_back(v, tie))
                    } } }
                    details { summary { (v.t("全部主机", "All hosts")) }
                        ul.plain { @for host in c.hosts.iter().take(MAX_HOSTS) { li { (host_mark(host)) } } }
                        @if c.hosts.len() > MAX_HOSTS { p.aside { (lang.pick(format!("另有 {} 个", c.hosts.len() - MAX_HOSTS), format!("{} more", c.hosts.len() - MAX_HOSTS))) } }
                    }
                }
            }
            @if v.reviews() { details.worded #merge { summary { (v.t("g 归入集群", "g Tie to another")) }
                form method="post" action={"/leads/" (v.lead.id) "/merge"} {
                    (hidden(v.call))
                    label { (v.t("另一条线索的主机", "Host of the other lead")) input name="host" required maxlength="260"; }
                    label { (v.t("理由（必填）", "Why (needed)")) input name="reason" required maxlength="400"; }
                    button { (v.t("确定", "OK")) }
                }
            } }
        }
    }
}

/// A merge by hand with this lead's host can be taken back here; one of two others, on their pages.
fn taken_back(v: &View<'_>, tie: &Tie) -> Markup {
    let own = &v.lead.candidate.host;
    let by_hand = tie.reasons.iter().any(|r| r.kind == "by_hand") && tie.hosts.contains(own) && v.reviews();
    let Some(other) = tie.hosts.iter().find(|h| *h != own).filter(|_| by_hand) else { return html! {} };
    html! { details.worded { summary { (v.t("撤销与 ", "Take back the tie to ")) (host_mark(other)) @if v.call.lang == Lang::Zh { " 的合并" } }
        form.unmerge method="post" action={"/leads/" (v.lead.id) "/unmerge"} {
            (hidden(v.call)) input type="hidden" name="host" value=(other.as_str());
            label { (v.t("理由（必填）", "Why (needed)")) input name="reason" required maxlength="400"; }
            button { (v.t("撤销合并", "Take back")) }
        }
    } }
}

fn told(v: &View<'_>, reason: &TieReason) -> Markup {
    let kind = kind_of(&reason.kind).map_or(reason.kind.as_str(), |k| k.zh);
    let word = if reason.kind == "by_hand" { v.t("人工合并", "merged by hand") } else { v.call.lang.pick(kind, reason.kind.as_str()) };
    html! { span.chip { (inert(word, 30)) " " (v.text(&reason.value, 60)) } span.aside { (reason.weight.points) } }
}
