//! Leads as JSON, one a line, schema `lead/1`: the contract for programs. Names and addresses stand as they are; field names do not change.
//! Who reported a site never leaves the unit: only the code of the way it came.

use crate::model::assessment::Finding;
use crate::model::candidate::Reason;
use crate::model::lang::Lang;
use crate::model::lead::Lead;
use crate::referral::codes;
use crate::referral::mask::Audience;
use crate::referral::outgoing::Outgoing;
use crate::referral::{Export, ExportError};
use serde_json::{Value, json};

/// Writes one lead a line, for readers outside the police.
pub(super) fn write(export: &Export<'_>) -> Result<Vec<u8>, ExportError> {
    full(&Outgoing::bare(*export))
}

/// Writes one lead a line. Personal numbers inside any text are as the audience may read them.
pub(super) fn full(outgoing: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let line = |l| told(lead_json(l, outgoing.list.lang), outgoing.audience).to_string() + "\n";
    Ok(outgoing.list.leads.iter().map(line).collect::<String>().into_bytes())
}

/// Every text of `value` but names, hashes and times as `audience` may read it.
fn told(value: Value, audience: Audience) -> Value {
    const AS_IT_STANDS: [&str; 12] = [
        "id",
        "host",
        "unicode",
        "registrable",
        "packages",
        "addresses",
        "rules",
        "assessed_at",
        "first_seen",
        "last_seen",
        "opened_at",
        "schema",
    ];
    match value {
        Value::String(text) if text.contains("://") => Value::String(audience.address(&text)),
        Value::String(text) => Value::String(audience.shows(&text)),
        Value::Array(items) => items.into_iter().map(|v| told(v, audience)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(k, v)| {
                if AS_IT_STANDS.contains(&k.as_str()) {
                    (k, v)
                } else {
                    let v = told(v, audience);
                    (k, v)
                }
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// One lead as `lead/1`. `lang` chooses the language of `why` and `state_text` only.
pub fn lead_json(lead: &Lead, lang: Lang) -> Value {
    let (candidate, assessment) = (&lead.candidate, &lead.assessment);
    json!({
        "schema": "lead/1",
        "id": lead.id,
        "state": lead.state.word(),
        "state_text": lang.pick(lead.state.zh(), lead.state.word()),
        "class": assessment.class.word(),
        "class_text": lang.pick(assessment.class.zh(), assessment.class.word()),
        "scores": assessment.scores,
        "site": if assessment.site.is_empty() { &candidate.site } else { &assessment.site },
        "host": candidate.host,
        "unicode": candidate.host.unicode(),
        "registrable": candidate.host.registrable(),
        "url": lead.url,
        "title": lead.title,
        "reasons": candidate.reasons.iter().map(|r| reason(r, lang)).collect::<Vec<_>>(),
        "findings": assessment.findings.iter().map(|f| finding(f, lang)).collect::<Vec<_>>(),
        "sources": candidate.sightings.iter().map(|s| json!({
            "source": s.source, "code": &codes::source(s)[..2], "seen": s.seen, "seen_at": s.seen_at, "query": s.context.query, "rank": s.context.rank,
            "file": s.context.file,
        })).collect::<Vec<_>>(),
        "addresses": lead.resolution.as_ref().map(|r| &r.addresses),
        "packages": lead.packages,
        "holder": lead.holder,
        "history": lead.history,
        "rules": assessment.rules,
        "assessed_at": assessment.at,
        "first_seen": candidate.first_seen,
        "last_seen": candidate.last_seen,
        "opened_at": lead.opened_at,
    })
}

/// `span` is the matched text as it stands, as in `check/1`; `null` where the finding rests on an absence.
fn finding(f: &Finding, lang: Lang) -> Value {
    json!({
        "signal": f.signal, "class": f.class, "points": f.points, "why": f.why.get(lang), "span": f.span.as_ref().map(|s| &s.raw),
        "part": f.span.as_ref().map(|s| &s.part), "evidence": f.evidence,
    })
}

fn reason(reason: &Reason, lang: Lang) -> Value {
    match reason {
        Reason::Name(hit) => json!({
            "kind": "name", "site": hit.site, "score": hit.score, "techniques": hit.techniques, "matched": hit.matched, "why": lang.pick(&hit.why, &hit.why_en),
        }),
        Reason::Search { site, engine, query, rank } => {
            let why = lang.pick(format!("搜索“{query}”时出现"), format!("a search for \"{query}\" returned it"));
            json!({"kind": "search", "site": site, "engine": engine, "query": query, "rank": rank, "why": why})
        }
        Reason::Report { .. } => json!({"kind": "report", "why": lang.pick("有人举报", "a person reported it")}),
        Reason::Check => json!({"kind": "check", "why": lang.pick("人工核查", "checked by hand")}),
        Reason::Official { site } => {
            json!({"kind": "official", "site": site, "why": lang.pick("受保护网站本身", "the protected site itself")})
        }
    }
}
