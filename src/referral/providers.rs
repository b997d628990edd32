//! Who serves the leads, as far as the facts go: DNS hosting and aliases from the answers at capture, registrar, host and CDN where they were looked up.

use crate::model::host::Host;
use crate::referral::outgoing::Outgoing;
use std::collections::BTreeMap;

/// One provider with its leads.
pub(super) struct Provider {
    pub(super) service: &'static str,
    pub(super) name: String,
    /// Where it is; empty: nobody says.
    pub(super) place: String,
    /// Whom to write to; empty: nobody says.
    pub(super) abuse: String,
    pub(super) known_from: &'static str,
    pub(super) leads: Vec<String>,
}

#[derive(Default)]
struct Known {
    place: String,
    abuse: String,
    leads: Vec<String>,
}

/// All providers, most leads first.
pub(super) fn of(out: &Outgoing<'_>) -> Vec<Provider> {
    let mut found: BTreeMap<(&'static str, String, &'static str), Known> = BTreeMap::new();
    for row in out.rows() {
        let mut add = |service, name: &str, from, place: &str, abuse: &str| {
            let known = found.entry((service, name.to_owned(), from)).or_default();
            for (slot, told) in [(&mut known.place, place), (&mut known.abuse, abuse)] {
                if slot.is_empty() {
                    told.clone_into(slot);
                }
            }
            if known.leads.last() != Some(&row.lead.id.0) {
                known.leads.push(row.lead.id.0.clone());
            }
        };
        for record in row.lead.resolution.iter().flat_map(|r| &r.answers).flat_map(|a| &a.records) {
            let service = match record.rrtype.as_str() {
                "NS" => "DNS托管",
                "CNAME" => "别名指向",
                _ => continue,
            };
            if let Some(name) = Host::parse(&record.data).ok().and_then(|h| h.registrable().map(str::to_owned)) {
                add(service, &name.replace('.', "[.]"), "抓取时的 DNS 应答", "", "");
            }
        }
        let Some(facts) = row.facts else { continue };
        for p in &facts.providers {
            let service = match p.role.as_str() {
                "registrar" => "注册商",
                "dns" => "DNS托管",
                "cdn" => "CDN",
                "hosting" => "主机商",
                _ => "证书签发",
            };
            let name = if p.role == "dns" { p.name.replace('.', "[.]") } else { p.name.clone() };
            add(service, &name, "归属查询", &p.place, &p.abuse);
        }
        // Facts that came by another way than our own look-up.
        let known = [("注册商", &facts.registrar), ("主机商", &facts.hosting), ("CDN", &facts.cdn)];
        for (service, name) in known.into_iter().filter_map(|(s, n)| Some((s, n.as_deref()?))).filter(|(_, n)| !n.is_empty()) {
            add(service, name, "归属查询", "", "");
        }
    }
    let mut all: Vec<Provider> = found
        .into_iter()
        .map(|((service, name, known_from), known)| Provider {
            service,
            name,
            place: known.place,
            abuse: known.abuse,
            known_from,
            leads: known.leads,
        })
        .collect();
    all.sort_by(|a, b| b.leads.len().cmp(&a.leads.len()).then_with(|| (a.service, &a.name).cmp(&(b.service, &b.name))));
    all
}
