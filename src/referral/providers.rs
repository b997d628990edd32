//! Who serves the leads: DNS hosting and aliases from the answers at capture, registrar, host, CDN and certificate issuer where they were looked up.
//! Parties to ask, to be confirmed by a person; never an accusation.

use crate::model::host::Host;
use crate::model::lead::LeadId;
use crate::referral::cell::defang;
use crate::referral::outgoing::Outgoing;
use std::collections::BTreeMap;

/// One provider with its leads.
#[derive(Clone, Debug, Default)]
pub(super) struct Provider<'a> {
    pub(super) service: &'static str,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) abuse: String,
    pub(super) known_from: String,
    pub(super) leads: Vec<&'a LeadId>,
}

/// 服务类型 of a role, code before the word.
pub(super) fn service(role: &str) -> &'static str {
    match role {
        "registrar" => "01域名注册商",
        "dns" => "02DNS托管",
        "cdn" => "03CDN/防护",
        "hosting" => "04接入/托管",
        "issuer" => "05证书签发",
        _ => "06别名指向",
    }
}

/// All providers, most leads first.
pub(super) fn of<'a>(out: &'a Outgoing<'_>) -> Vec<Provider<'a>> {
    let mut found: BTreeMap<(&'static str, String), Provider<'a>> = BTreeMap::new();
    for row in out.rows() {
        let id = &row.lead.id;
        let mut add = |role: &str, name: &str, from: &str, place: &str, abuse: &str| {
            let (service, name) = (service(role), defang(name));
            let one = found.entry((service, name.clone())).or_insert_with(|| Provider { service, name, ..Provider::default() });
            for (kept, new) in [(&mut one.place, place), (&mut one.abuse, abuse)] {
                if kept.is_empty() {
                    *kept = defang(new);
                }
            }
            if one.known_from.is_empty() {
                one.known_from = defang(from);
            }
            if one.leads.last() != Some(&id) {
                one.leads.push(id);
            }
        };
        for record in row.lead.resolution.iter().flat_map(|r| &r.answers).flat_map(|a| &a.records) {
            let role = match record.rrtype.as_str() {
                "NS" => "dns",
                "CNAME" => "alias",
                _ => continue,
            };
            if let Some(name) = Host::parse(&record.data).ok().and_then(|h| h.registrable().map(str::to_owned)) {
                add(role, &name, "抓取时的 DNS 应答", "", "");
            }
        }
        let Some(facts) = row.facts else { continue };
        for p in &facts.providers {
            add(&p.role, &p.name, &format!("{} {}", p.source, &p.at.beijing()[..10]), &p.place, &p.abuse);
        }
    }
    let mut all: Vec<Provider<'a>> = found.into_values().collect();
    all.sort_by(|a, b| b.leads.len().cmp(&a.leads.len()).then_with(|| (a.service, &a.name).cmp(&(b.service, &b.name))));
    all
}
