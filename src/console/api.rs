//! The API below `/api/v1`: leads, decisions, packages, tips, for programs with a token. The same rules as the pages: records decides.

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::masked;
use crate::console::pages::moves::refused;
use crate::console::pages::queue::ask_of;
use crate::model::candidate::{Candidate, Reason};
use crate::model::host::Host;
use crate::model::lang::Lang;
use crate::model::lead::{Lead, Move};
use crate::model::sighting::{Context, Sighting};
use crate::records::{Ask, Run};
use crate::referral::lead_json;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Leads of one answer.
const MAX_LEADS: usize = 200;
/// Longest address of a tip, in bytes.
const MAX_URL: usize = 2000;

/// What stands in an answer as it is: names, hashes, times.
const AS_IT_STANDS: [&str; 14] = [
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
    "at",
    "by",
];

/// The lead for a program: personal numbers of its texts are masked, as on the pages.
fn told(lead: &Lead, lang: Lang) -> Value {
    fn cover(value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(masked(&text)),
            Value::Array(items) => items.into_iter().map(cover).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(k, v)| {
                    if AS_IT_STANDS.contains(&k.as_str()) {
                        (k, v)
                    } else {
                        let v = cover(v);
                        (k, v)
                    }
                })
                .collect::<Map<_, _>>()
                .into(),
            other => other,
        }
    }
    cover(lead_json(lead, lang))
}

fn body<T: for<'a> Deserialize<'a>>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_str(call.form.get("").unwrap_or_default()).map_err(|e| Refusal::Told(400, format!("body: {e}")))
}

/// `GET /api/v1/leads`: the queue's filters, `offset` and `limit`.
pub(super) fn leads(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let number = |name: &str| call.query.get(name).and_then(|n| n.parse::<usize>().ok());
    let ask = ask_of(desk, &call.query, call.name(), None, call.now);
    let states = if call.query.get("tab").is_none() && call.query.get("state").is_none() { Vec::new() } else { ask.states.clone() };
    let ask = Ask { states, offset: number("offset").unwrap_or(0), limit: number("limit").unwrap_or(50).min(MAX_LEADS), ..ask };
    let answer = desk.records.queue(&ask)?;
    let mut leads = Vec::new();
    for row in &answer.rows {
        leads.extend(desk.records.lead(&row.id)?.map(|l| told(&l, call.lang)));
    }
    Ok(Reply::Json(200, json!({ "schema": "leads/1", "total": answer.total, "leads": leads })))
}

/// `GET /api/v1/leads/{id}`.
pub(super) fn lead(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    Ok(Reply::Json(200, told(&call.lead(desk)?, call.lang)))
}

/// `GET /api/v1/leads/{id}/packages`.
pub(super) fn packages(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    Ok(Reply::Json(200, json!({ "schema": "packages/1", "lead": lead.id, "packages": lead.packages })))
}

/// `POST /api/v1/leads/{id}/decisions`: a move as it stands in the journal, `{"move":"dismiss","reason":"..."}`.
pub(super) fn decide(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let what: Move = body(call)?;
    let lead = call.lead(desk)?;
    if matches!(what, Move::Refer { .. }) && !desk.records.referred_before(&lead)?.is_empty() {
        return Err(Refusal::Told(
            409,
            "referred before; a repeated referral is made in the console, where the earlier letter is shown".into(),
        ));
    }
    let lead = desk.records.decide_by(&lead.id, what, call.name(), call.now).map_err(|e| refused(call.lang, e))?;
    Ok(Reply::Json(200, told(&lead, call.lang)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tip {
    url: String,
    #[serde(default)]
    by: String,
}

/// `POST /api/v1/tips`: a reported address, `{"url":"...","by":"12350"}`; the next scan visits it.
pub(super) fn tip(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let tip: Tip = body(call)?;
    let bad = |why: &str| Refusal::Told(400, why.to_owned());
    if tip.url.len() > MAX_URL {
        return Err(bad("url: too long"));
    }
    let seen = if tip.url.contains("://") { tip.url.clone() } else { format!("http://{}", tip.url) };
    let url = url::Url::parse(&seen).ok().filter(|u| matches!(u.scheme(), "http" | "https")).ok_or_else(|| bad("url: no http address"))?;
    let host = url.host_str().and_then(|h| Host::parse(h).ok()).ok_or_else(|| bad("url: no host"))?;
    if let Some(site) = desk.sites.iter().find(|s| s.owns(&host)) {
        return Err(bad(&format!("{host} is the official site of {}", site.id)));
    }
    if desk.records.allowed()?.iter().any(|a| a.covers(&host)) {
        return Err(bad(&format!("{host} is on the allow-list")));
    }
    let by: String = if tip.by.trim().is_empty() { call.name().to_owned() } else { tip.by.chars().take(60).collect() };
    let context = Context { reporter: Some(by.clone()), ..Context::default() };
    let candidate = Candidate {
        host: host.clone(),
        url: url.to_string(),
        site: desk.sites.first().map(|s| s.id.clone()).unwrap_or_default(),
        reasons: vec![Reason::Report { by }],
        sightings: vec![Sighting { seen, source: "tip".into(), seen_at: call.now, context }],
        first_seen: call.now,
        last_seen: call.now,
    };
    let run = Run { at: call.now, outcome: "ok".into(), why: String::new(), seen: 1, screened_in: 1, new: 0 };
    let new = desk.records.commit_batch("tip", vec![candidate], "", &run)?;
    Ok(Reply::Json(200, json!({ "schema": "tip/1", "host": host, "new": new == 1 })))
}
