//! A MISP event: one `phishing` object a lead, with `domain-ip`, `x509` and `trusted-timestamp` where the facts are there. Distribution 0: the
//! receiver decides whom to tell.

use crate::model::lead::{LeadId, Move, State};
use crate::model::time::Timestamp;
use crate::referral::ExportError;
use crate::referral::exchange::uuid;
use crate::referral::facts::Cluster;
use crate::referral::gate::approved_at;
use crate::referral::outgoing::{Outgoing, Row};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Object template: name, uuid, version, meta category.
struct Template(&'static str, &'static str, &'static str, &'static str);

const PHISHING: Template = Template("phishing", "2dad6f9d-d425-4217-8fda-0b0a2d815307", "7", "network");
const DOMAIN_IP: Template = Template("domain-ip", "43b3b146-77eb-4931-b4cc-b66c60f28734", "11", "network");
const X509: Template = Template("x509", "d1ab756a-26b5-4349-9f43-765630f0911c", "14", "network");
const ASN: Template = Template("asn", "4ec55cc6-9e49-4c64-b794-03c25c1a6587", "6", "network");
const KIT: Template = Template("phishing-kit", "f452c16b-12fa-4f87-84a2-15a9e8ca6e7c", "3", "network");
const STAMP: Template = Template("trusted-timestamp", "cb84ff28-a488-432e-8ba4-f0d54cc91172", "1", "file");

/// (relation, type, category, value, for detection).
type Attribute = (&'static str, &'static str, &'static str, String, bool);

/// Writes the event.
pub(super) fn write(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let now = out.list.now;
    let ids: Vec<&str> = out.list.leads.iter().map(|l| l.id.0.as_str()).collect();
    let mut objects: Vec<Value> = out.rows().flat_map(|row| objects(&row)).collect();
    let sites: HashMap<&LeadId, &str> = out.rows().map(|r| (&r.lead.id, r.site())).collect();
    objects.extend(out.clusters.iter().map(|c| kit(c, out, &sites)));
    let event = json!({"Event": {
        "uuid": uuid::v5(uuid::OURS, &format!("event {now} {}", ids.join(" "))),
        "info": format!("疑似仿冒国家机关证书查询网站线索 {} 条", ids.len()),
        "date": &now.beijing()[..10],
        "threat_level_id": "2", "analysis": "1", "distribution": "0", "published": false,
        "timestamp": seconds(now),
        "Tag": [{"name": format!("tlp:{}", out.tlp.word())}],
        "Attribute": [], "Object": objects,
    }});
    let mut bytes = serde_json::to_vec_pretty(&event).map_err(|e| ExportError { format: "misp", why: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn seconds(at: Timestamp) -> String {
    at.millis().div_euclid(1000).to_string()
}

fn objects(row: &Row<'_>) -> Vec<Value> {
    let (lead, now) = (row.lead, row.out.list.now);
    let comment = format!("{} {}", lead.id, lead.packages.last().map_or_else(String::new, |p| format!("{} SM3 {}", p.id, p.manifest_sm3)));
    let addresses: Vec<String> = lead.resolution.iter().flat_map(|r| &r.addresses).map(ToString::to_string).collect();
    let named = lead.candidate.host.ip().is_none();
    let net = "Network activity";
    let mut phishing: Vec<Attribute> = vec![("url", "url", net, row.url(), true)];
    if named {
        phishing.push(("hostname", "hostname", net, lead.candidate.host.to_string(), true));
    }
    phishing.extend(addresses.iter().map(|a| ("ip", "ip-dst", net, a.clone(), false)));
    phishing.push(("target", "text", "Other", row.target().to_owned(), false));
    phishing.push(("verified", "text", "Other", "Yes".into(), false));
    if let Some(at) = approved_at(lead) {
        phishing.push(("verification-time", "datetime", "Other", at.rfc3339(), false));
    }
    let online = match lead.state {
        State::Blocked => Some("No"),
        State::StillUp => Some("Yes"),
        _ => None,
    };
    phishing.extend(online.map(|o| ("online", "text", "Other", o.to_owned(), false)));
    let blocked = lead.standing().into_iter().find(|s| s.what == Move::Block);
    phishing.extend(blocked.map(|s| ("takedown-time", "datetime", "Other", s.at.rfc3339(), false)));
    let mut all = vec![object(row, &PHISHING, "", &comment, &phishing)];
    let mut refer = |to: &Value, kind: &str, why: &str| {
        let from = all[0]["uuid"].clone();
        let reference = reference(&from, to, kind, why, now);
        if let Some(list) = all[0]["ObjectReference"].as_array_mut() {
            list.push(reference);
        }
    };
    if let Some(cluster) = row.cluster {
        refer(&json!(kit_uuid(cluster)), "related-to", "同一集群：同一运营者或同一套程序");
    }
    let asn = row.facts.and_then(|f| f.asn.as_ref()).and_then(|a| a.strip_prefix("AS")).filter(|a| a.parse::<u32>().is_ok());
    if let Some(number) = asn {
        let made = object(row, &ASN, "", &comment, &[("asn", "AS", net, number.to_owned(), false)]);
        refer(&made["uuid"], "hosted-by", "");
        all.push(made);
    }
    if named && !addresses.is_empty() {
        let mut pair: Vec<Attribute> = vec![("hostname", "hostname", net, lead.candidate.host.to_string(), true)];
        pair.extend(addresses.into_iter().map(|a| ("ip", "ip-dst", net, a, false)));
        all.push(object(row, &DOMAIN_IP, "", &comment, &pair));
    }
    if let Some(leaf) = row.facts.and_then(|f| f.certificate.as_ref()) {
        let attributes: Vec<Attribute> = vec![
            ("x509-fingerprint-sha256", "x509-fingerprint-sha256", net, leaf.sha256.clone(), true),
            ("serial-number", "text", "Other", leaf.serial.clone(), false),
            ("issuer", "text", "Other", leaf.issuer.clone(), false),
            ("subject", "text", "Other", leaf.subject.clone(), false),
            ("validity-not-before", "datetime", "Other", leaf.not_before.rfc3339(), false),
            ("validity-not-after", "datetime", "Other", leaf.not_after.rfc3339(), false),
        ];
        all.push(object(row, &X509, "", &comment, &attributes));
    }
    if let Some(package) = lead.packages.last() {
        for stamp in row.facts.iter().flat_map(|f| f.stamps.iter().flatten()) {
            let name = stamp.file.rsplit('/').next().unwrap_or("manifest.tsr").to_owned();
            let mut attributes: Vec<Attribute> = vec![
                ("trusted-timestamp-response", "attachment", "External analysis", name, false),
                ("hash-sha256", "sha256", "External analysis", package.manifest_sha256.hex(), false),
                ("format", "text", "Other", "RFC 3161".into(), false),
            ];
            attributes.extend(stamp.at.map(|at| ("timestamp", "datetime", "External analysis", at.rfc3339(), false)));
            let mut made = object(row, &STAMP, &stamp.file, &comment, &attributes);
            made["Attribute"][0]["data"] = json!(stamp.response);
            all.push(made);
        }
    }
    all
}

/// One link between two objects.
fn reference(from: &Value, to: &Value, kind: &str, why: &str, now: Timestamp) -> Value {
    json!({
        "uuid": uuid::v5(uuid::OURS, &format!("reference {from} {kind} {to}")), "object_uuid": from, "referenced_uuid": to,
        "relationship_type": kind, "comment": why, "timestamp": seconds(now),
    })
}

fn kit_uuid(cluster: &Cluster) -> String {
    uuid::v5(uuid::OURS, &kit_key(cluster))
}

fn kit_key(cluster: &Cluster) -> String {
    format!("{} phishing-kit", cluster.id)
}

/// A cluster: what its leads have in common.
fn kit(cluster: &Cluster, out: &Outgoing<'_>, sites: &HashMap<&LeadId, &str>) -> Value {
    let ties = cluster.ties.iter().take(10).map(|t| out.audience.shows(&t.why.zh)).collect::<Vec<_>>().join("；");
    let comment = format!("{}：{}个网站，其中复审通过{}个；关联依据：{ties}", cluster.kind, cluster.sites, cluster.approved);
    let targets: BTreeSet<&str> = cluster.leads.iter().filter_map(|l| sites.get(l).copied()).collect();
    let mut attributes: Vec<Attribute> = vec![("kit-name", "text", "Other", cluster.id.clone(), false)];
    attributes.extend(targets.into_iter().map(|t| ("target", "text", "Other", t.to_owned(), false)));
    made(&kit_key(cluster), &KIT, &comment, &attributes, out.list.now)
}

fn object(row: &Row<'_>, template: &Template, which: &str, comment: &str, attributes: &[Attribute]) -> Value {
    made(&format!("{} {} {which}", row.lead.id, template.0), template, comment, attributes, row.out.list.now)
}

fn made(key: &str, template: &Template, comment: &str, attributes: &[Attribute], now: Timestamp) -> Value {
    let Template(name, template_uuid, version, category) = template;
    let stamp = seconds(now);
    let made: Vec<Value> = attributes
        .iter()
        .map(|(relation, kind, category, value, detects)| {
            json!({
                "uuid": uuid::v5(uuid::OURS, &format!("{key} {relation} {value}")),
                "object_relation": relation, "type": kind, "category": category, "value": value, "to_ids": detects,
                "disable_correlation": false, "distribution": "5", "comment": "", "timestamp": stamp,
            })
        })
        .collect();
    json!({
        "uuid": uuid::v5(uuid::OURS, key), "name": name, "meta-category": category, "template_uuid": template_uuid, "template_version": version,
        "description": "", "comment": comment, "distribution": "5", "timestamp": stamp, "Attribute": made, "ObjectReference": [],
    })
}
