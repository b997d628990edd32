//! X-ARF v4 content/phishing reports, one JSON object a line.

use crate::referral::ExportError;
use crate::referral::exchange::uuid;
use crate::referral::outgoing::{Outgoing, Row};
use base64::Engine as _;
use serde_json::{Value, json};

/// Writes one report a lead.
pub(super) fn write(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let r = out.reporter;
    if !r.mail.contains('@') || r.domain.is_empty() || r.organisation.is_empty() {
        let why = "needs [referral] organisation, mail and domain of the unit in the settings".to_owned();
        return Err(ExportError { format: "xarf", why });
    }
    Ok(out.rows().map(|row| report(&row).to_string() + "\n").collect::<String>().into_bytes())
}

fn report(row: &Row<'_>) -> Value {
    let (lead, r) = (row.lead, row.out.reporter);
    let contact = json!({"org": r.organisation.chars().take(200).collect::<String>(), "contact": r.mail, "domain": r.domain});
    let seen = lead.packages.last().map_or(lead.opened_at, |p| p.captured_at);
    let address =
        lead.resolution.iter().flat_map(|x| &x.addresses).next().map_or_else(|| lead.candidate.host.to_string(), ToString::to_string);
    let proof = lead.packages.last().map_or_else(String::new, |p| {
        format!(
            "url {}\ncaptured {}\npackage {}\nmanifest sha256 {}\nmanifest sm3 {}\n",
            row.url(),
            p.captured_at,
            p.id,
            p.manifest_sha256,
            p.manifest_sm3
        )
    });
    let hash = crate::model::digest::Sha256::of(proof.as_bytes());
    let why = lead.assessment.findings.iter().filter(|f| f.points > 0).take(3).map(|f| row.out.audience.shows(&f.why.en));
    let mut value = json!({
        "xarf_version": "4.2.0",
        "report_id": uuid::v4_like(&format!("xarf {} {seen}", lead.id)),
        "timestamp": seen.rfc3339(),
        "reporter": contact, "sender": contact,
        "source_identifier": address,
        "category": "content", "type": "phishing",
        "evidence_source": "crawler",
        "url": row.url(),
        "target_brand": row.out.site_name(row.target()),
        "cloned_site": format!("https://{}/", row.target()),
        "verified_at": seen.rfc3339(),
        "verification_method": "manual",
        "confidence": f64::from(lead.assessment.scores.max()) / 100.0,
        "description": format!("suspected copy: {}", why.collect::<Vec<_>>().join("; ")).chars().take(1000).collect::<String>(),
        "evidence": [{
            "content_type": "text/plain", "description": "evidence package kept by the reporter, available on request",
            "payload": base64::engine::general_purpose::STANDARD.encode(&proof), "hash": format!("sha256:{hash}"), "size": proof.len(),
        }],
        "tags": [format!("tlp:{}", row.out.tlp.word())],
    });
    // The schema knows no label with two hyphens, so an xn-- name stands in the address alone.
    if lead.candidate.host.ip().is_none() && !lead.candidate.host.as_str().contains("--") {
        value["domain"] = json!(lead.candidate.host);
    }
    if let Some(registrar) = row.facts.and_then(|f| f.registrar.as_ref()) {
        value["registrar"] = json!(registrar);
    }
    value
}
