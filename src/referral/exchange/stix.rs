//! A STIX 2.1 bundle: for each lead an indicator, its address, host and IP, what was observed, and a note with the reasons; one report over all.

use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use crate::referral::ExportError;
use crate::referral::exchange::uuid;
use crate::referral::gate::approved_at;
use crate::referral::outgoing::{Outgoing, Row, Tlp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// The marking definitions that the standard fixes.
fn marking(tlp: Tlp) -> Value {
    let (id, word) = match tlp {
        Tlp::Clear => ("613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
        Tlp::Green => ("34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
        Tlp::Amber => ("f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
        Tlp::Red => ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
    };
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": format!("marking-definition--{id}"), "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp", "name": format!("TLP:{}", word.to_uppercase()), "definition": {"tlp": word},
    })
}

/// Objects in order, each id once.
struct Bundle {
    objects: BTreeMap<String, Value>,
    order: Vec<String>,
    marking: String,
    author: String,
    /// When each lead was opened.
    opened: HashMap<LeadId, Timestamp>,
}

impl Bundle {
    fn add(&mut self, mut object: Value) -> String {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        if object["type"] != "marking-definition" {
            object["object_marking_refs"] = json!([self.marking]);
        }
        if self.objects.insert(id.clone(), object).is_none() {
            self.order.push(id.clone());
        }
        id
    }
    /// An observable, whose id is made of what names it.
    fn observable(&mut self, kind: &str, value: &str) -> String {
        let id = format!("{kind}--{}", uuid::v5(uuid::STIX, &format!("{{\"value\":{}}}", json!(value))));
        self.add(json!({"type": kind, "spec_version": "2.1", "id": id, "value": value}))
    }
    /// A domain object, whose id is made of a key of ours.
    fn domain(&mut self, kind: &str, key: &str, at: Timestamp, mut fields: Value) -> String {
        fields["type"] = json!(kind);
        fields["spec_version"] = json!("2.1");
        fields["id"] = json!(format!("{kind}--{}", uuid::v4_like(&format!("{kind} {key}"))));
        fields["created"] = json!(at.rfc3339());
        fields["modified"] = json!(at.rfc3339());
        if kind != "identity" {
            fields["created_by_ref"] = json!(self.author);
        }
        self.add(fields)
    }
}

/// Writes the bundle.
pub(super) fn write(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let now = out.list.now;
    let marking = marking(out.tlp);
    let mut bundle = Bundle {
        objects: BTreeMap::new(),
        order: Vec::new(),
        marking: marking["id"].as_str().unwrap_or_default().to_owned(),
        author: String::new(),
        opened: out.list.leads.iter().map(|l| (l.id.clone(), l.opened_at)).collect(),
    };
    bundle.add(marking);
    let unit = if out.list.organisation.is_empty() { "jianwei" } else { out.list.organisation };
    bundle.author = bundle.domain(
        "identity",
        unit,
        out.list.leads.iter().map(|l| l.opened_at).min().unwrap_or(now),
        json!({"name": unit, "identity_class": "organization"}),
    );
    let mut refs: Vec<String> = Vec::new();
    let mut named: HashSet<String> = HashSet::new();
    for row in out.rows() {
        refs.extend(lead(&mut bundle, &row).into_iter().filter(|id| named.insert(id.clone())));
    }
    if !refs.is_empty() {
        let name = format!("疑似仿冒国家机关证书查询网站线索 {} 条", out.list.leads.len());
        let key = refs.join(" ");
        bundle.domain(
            "report",
            &key,
            now,
            json!({
                "name": name, "description": "Suspected copies of government certificate query sites, confirmed by two persons.",
                "report_types": ["indicator"], "published": now.rfc3339(), "object_refs": refs,
            }),
        );
    }
    let objects: Vec<&Value> = bundle.order.iter().filter_map(|id| bundle.objects.get(id)).collect();
    let ids = bundle.order.join(" ");
    let whole = json!({"type": "bundle", "id": format!("bundle--{}", uuid::v4_like(&format!("bundle {now} {ids}"))), "objects": objects});
    let mut bytes = serde_json::to_vec_pretty(&whole).map_err(|e| ExportError { format: "stix", why: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// All objects of one lead. Returns what the report names.
fn lead(bundle: &mut Bundle, row: &Row<'_>) -> Vec<String> {
    let lead = row.lead;
    let at = approved_at(lead).unwrap_or(lead.opened_at);
    let url = row.url();
    let seen: Vec<Timestamp> = lead.packages.iter().map(|p| p.captured_at).collect();
    let (first, last) = (seen.iter().min().copied().unwrap_or(lead.opened_at), seen.iter().max().copied().unwrap_or(lead.opened_at));
    let mut observed = vec![bundle.observable("url", &url)];
    let system = autonomous_system(bundle, row);
    let mut resolved = Vec::new();
    for address in lead.resolution.iter().flat_map(|r| &r.addresses) {
        let kind = if matches!(address, IpAddr::V4(_)) { "ipv4-addr" } else { "ipv6-addr" };
        resolved.push(bundle.observable(kind, &address.to_string()));
    }
    // Which address of several is whose is not told by the facts: only a single one is tied to its network.
    if let (Some(system), [only]) = (&system, resolved.as_slice())
        && let Some(address) = bundle.objects.get_mut(only)
    {
        address["belongs_to_refs"] = json!([system]);
    }
    if lead.candidate.host.ip().is_none() {
        observed.push(bundle.observable("domain-name", lead.candidate.host.as_str()));
    }
    observed.extend(resolved);
    observed.extend(system);
    observed.extend(certificate(bundle, row));
    let target = row.target();
    let indicator = bundle.domain("indicator", &lead.id.0, at, json!({
        "name": format!("{} {}", lead.id, lead.candidate.host), "description": format!("Suspected copy of {target}; class {}, score {} of 100.", lead.class().word(), lead.assessment.scores.max()),
        "indicator_types": ["malicious-activity"], "pattern": format!("[url:value = '{}']", url.replace('\\', "\\\\").replace('\'', "\\'")),
        "pattern_type": "stix", "pattern_version": "2.1", "valid_from": first.rfc3339(), "confidence": lead.assessment.scores.max(),
    }));
    let data = bundle.domain("observed-data", &lead.id.0, last.max(first), json!({
        "first_observed": first.rfc3339(), "last_observed": last.rfc3339(), "number_observed": seen.len().max(1), "object_refs": observed,
    }));
    let based = bundle.domain(
        "relationship",
        &format!("{} based-on", lead.id),
        at,
        json!({
            "relationship_type": "based-on", "source_ref": indicator, "target_ref": data,
        }),
    );
    let why = lead.assessment.findings.iter().filter(|f| f.points > 0).take(3).map(|f| row.out.audience.shows(&f.why.zh));
    let proof =
        lead.packages.last().map_or_else(String::new, |p| format!(" 证据包 {} SHA-256 {} SM3 {}", p.id, p.manifest_sha256, p.manifest_sm3));
    let note = bundle.domain(
        "note",
        &lead.id.0,
        at,
        json!({
            "abstract": "研判依据", "content": format!("{}{proof}", why.collect::<Vec<_>>().join("；")), "object_refs": [indicator],
        }),
    );
    let indicates = infrastructure(bundle, row, &indicator, at);
    let mut all = vec![indicator, data, based, note];
    all.extend(indicates);
    all.extend(observed);
    all
}

/// The network that the address belongs to, where one is known.
fn autonomous_system(bundle: &mut Bundle, row: &Row<'_>) -> Option<String> {
    let number: u32 = row.facts?.asn.as_ref()?.strip_prefix("AS")?.parse().ok()?;
    let id = format!("autonomous-system--{}", uuid::v5(uuid::STIX, &format!("{{\"number\":{number}}}")));
    Some(bundle.add(json!({"type": "autonomous-system", "spec_version": "2.1", "id": id, "number": number})))
}

/// The certificate of the connection that carried the page.
fn certificate(bundle: &mut Bundle, row: &Row<'_>) -> Option<String> {
    let leaf = row.facts?.certificate.as_ref()?;
    let id = format!(
        "x509-certificate--{}",
        uuid::v5(uuid::STIX, &format!("{{\"hashes\":{{\"SHA-256\":{}}},\"serial_number\":{}}}", json!(leaf.sha256), json!(leaf.serial)))
    );
    Some(bundle.add(json!({
        "type": "x509-certificate", "spec_version": "2.1", "id": id, "hashes": {"SHA-256": leaf.sha256}, "serial_number": leaf.serial,
        "issuer": leaf.issuer, "subject": leaf.subject,
        "validity_not_before": leaf.not_before.rfc3339(), "validity_not_after": leaf.not_after.rfc3339(),
    })))
}

/// The cluster of the lead as infrastructure, and that the indicator points to it. Only leads of this file are named.
fn infrastructure(bundle: &mut Bundle, row: &Row<'_>, indicator: &str, at: Timestamp) -> Vec<String> {
    let Some(cluster) = row.cluster else { return Vec::new() };
    let ties = cluster.ties.iter().take(10).map(|t| row.out.audience.shows(&t.why.en)).collect::<Vec<_>>().join("; ");
    let first = cluster.leads.iter().filter_map(|l| bundle.opened.get(l)).min().copied().unwrap_or(at);
    let made = bundle.domain(
        "infrastructure",
        &format!("{} {}", cluster.id, cluster.leads.len()),
        first,
        json!({
            "name": format!("{} ({})", cluster.id, cluster.kind), "infrastructure_types": ["phishing"],
            "description": format!("{} suspected sites that share an operator or a kit, {} of them approved; ties: {ties}", cluster.sites, cluster.approved),
        }),
    );
    let indicates = bundle.domain(
        "relationship",
        &format!("{} indicates {}", row.lead.id, cluster.id),
        at,
        json!({"relationship_type": "indicates", "source_ref": indicator, "target_ref": made}),
    );
    vec![made, indicates]
}
