//! What hosts carry, and what the registers said: rows `i/HOST` (marks of the latest visit with a page), `b/HOST` (attribution without the answers' text),
//! `g/NAME` (registration of a registrable name), `p/HOST NUL TYPE DATA` (passive DNS), `k/SEQ` (a person's word on clusters, from the journal).
//! All but passive DNS come from packages and journal, so a rebuilt store has the same.

use crate::model::assessment::{Class, Verdict};
use crate::model::attribution::Attribution;
use crate::model::cluster::{ClusterMove, Graph, Standing};
use crate::model::host::Host;
use crate::model::indicator::{Found, Indicator, Marks};
use crate::model::lead::State;
use crate::model::registration::Registration;
use crate::model::time::Timestamp;
use crate::records::hosts::{Known, host_key};
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use crate::records::{Visit, leads};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// One host's row.
#[derive(Serialize, Deserialize)]
struct Row {
    at: Timestamp,
    class: Verdict,
    marks: Marks,
}

/// A journalled word on clusters.
#[derive(Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) what: ClusterMove,
}

/// The part of a lead that says what its host is.
#[derive(Deserialize)]
struct LeadPart {
    candidate: HostPart,
    state: State,
    assessment: ClassPart,
}
#[derive(Deserialize)]
struct HostPart {
    host: Host,
}
#[derive(Deserialize)]
struct ClassPart {
    class: Verdict,
}

fn key(prefix: &[u8], name: &str) -> Vec<u8> {
    [prefix, name.as_bytes()].concat()
}

/// Takes in what a visit found. The latest visit with a page counts; what a later one without a page lacks is kept.
pub(super) fn take_in(draft: &mut Draft<'_>, visit: &Visit) -> Result<(), Fault> {
    let (host, at) = (&visit.candidate.host, visit.package.captured_at);
    let old: Option<Row> = draft.get(&key(b"i/", host.as_str()))?;
    let newer = old.as_ref().is_none_or(|o| o.at <= at);
    let rich = !visit.marks.found.is_empty() || !visit.marks.sketch.is_empty();
    if newer && rich && (visit.outcome == "captured" || old.is_none()) {
        draft.put(key(b"i/", host.as_str()), &Row { at, class: visit.assessment.class, marks: visit.marks.clone() })?;
    }
    let Some(found) = &visit.attribution else { return Ok(()) };
    let before: Option<Attribution> = draft.get(&key(b"b/", host.as_str()))?;
    if before.as_ref().is_none_or(|b| b.at <= found.at) {
        let mut thin = (**found).clone();
        let of_networks = thin.hosting.networks.iter_mut().filter_map(|n| n.raw.as_mut());
        for answer in thin.registration.iter_mut().flat_map(|r| &mut r.raw).chain(of_networks) {
            answer.text.clear();
        }
        // A later visit that did not ask keeps the earlier answer; one that asked in vain says so beside it.
        let earlier = before.and_then(|b| b.registration);
        thin.registration = match (thin.registration, earlier) {
            (Some(new), Some(old)) if new.registered.is_none() && old.registered.is_some() => Some(Registration { raw: new.raw, ..old }),
            (new, old) => new.or(old),
        };
        draft.put(key(b"b/", host.as_str()), &thin)?;
    }
    if let Some(r) = found.registration.as_ref().filter(|r| r.registered.is_some()) {
        let row = key(b"g/", &r.domain);
        let before: Option<Registration> = draft.get(&row)?;
        if before.is_none_or(|b| b.at <= r.at) {
            draft.put(row, r)?;
        }
    }
    Ok(())
}

/// Where the attribution of a host stands, without raw answers.
pub(super) fn attribution_key(host: &Host) -> Vec<u8> {
    key(b"b/", host.as_str())
}

/// What the registers said of a registrable name, with raw answers.
pub(super) fn registration(view: &View<'_>, name: &str) -> Result<Option<Registration>, Fault> {
    view.get(&key(b"g/", name))
}

/// Where each indicator of a host was seen, and when.
pub(super) fn of(view: &View<'_>, host: &Host) -> Result<Option<(Vec<Found>, Timestamp)>, Fault> {
    Ok(view.get::<Row>(&key(b"i/", host.as_str()))?.map(|r| (r.marks.found, r.at)))
}

/// Keeps a person's word, in order.
pub(super) fn apply(draft: &mut Draft<'_>, at: Timestamp, by: &str, what: &ClusterMove, seq: u64) -> Result<(), Fault> {
    draft.put([b"k/".as_slice(), &seq.to_be_bytes()].concat(), &Said { at, by: by.to_owned(), what: what.clone() })
}

/// What a lead makes of its host.
fn standing(lead: &LeadPart) -> Standing {
    match (lead.state, lead.assessment.class) {
        (State::Dismissed, _) => Standing::Benign,
        (State::New | State::InReview | State::Reopened, _) => Standing::Lead,
        (_, class) if class == Class::Seller.into() => Standing::ConfirmedSeller,
        _ => Standing::ConfirmedFake,
    }
}

/// Of several leads on one host, the one that says most.
fn more(a: Standing, b: Standing) -> Standing {
    let rank = |s: Standing| (s.is_lead(), s != Standing::Lead);
    if rank(b) > rank(a) { b } else { a }
}

/// Who said it and when, as a tie shows it.
pub(super) fn told(by: &str, at: Timestamp) -> String {
    format!("{by} {}", at.beijing())
}

/// A host as the graph should have it. `None`: nothing is known of it.
pub(super) fn now(view: &View<'_>, host: &Host) -> Result<Option<(Standing, Marks)>, Fault> {
    let row = view.get::<Row>(&key(b"i/", host.as_str()))?;
    let known: Option<Known> = view.get(&host_key(host))?;
    let mut best = None;
    for id in known.map(|k| k.leads).unwrap_or_default() {
        if let Some(lead) = view.get::<LeadPart>(&leads::lead_key(&id))? {
            best = Some(best.map_or(standing(&lead), |b| more(b, standing(&lead))));
        }
    }
    // A lead that carries nothing is still one that people tie by hand.
    let Some(mut row) = row else { return Ok(best.map(|standing| (standing, Marks::default()))) };
    view.each(&[b"p/", host.as_str().as_bytes(), b"\0"].concat(), |_, seen: (Host, String)| {
        row.marks.found.push(old_ip(seen.1));
        ControlFlow::Continue(())
    })?;
    Ok(Some((best.unwrap_or_else(|| without_lead(&row)), row.marks)))
}

fn without_lead(row: &Row) -> Standing {
    if row.class == Verdict::Official { Standing::Official } else { Standing::Benign }
}

fn old_ip(value: String) -> Found {
    Found { what: Indicator { kind: "old_ip".into(), value }, at: "passive_dns".into() }
}

/// The whole graph.
pub(super) fn graph(view: &View<'_>) -> Result<Graph, Fault> {
    let mut standings: HashMap<Host, Standing> = HashMap::new();
    view.each(b"l/", |_, lead: LeadPart| {
        let is = standing(&lead);
        standings.entry(lead.candidate.host).and_modify(|best| *best = more(*best, is)).or_insert(is);
        ControlFlow::Continue(())
    })?;
    let mut graph = Graph::default();
    let mut old: HashMap<Host, Vec<String>> = HashMap::new();
    view.each(b"p/", |_, seen: (Host, String)| {
        old.entry(seen.0).or_default().push(seen.1);
        ControlFlow::Continue(())
    })?;
    view.each(b"i/", |name, mut row: Row| {
        if let Some(host) = std::str::from_utf8(name).ok().and_then(|n| Host::parse(n).ok()) {
            let is = standings.remove(&host).unwrap_or_else(|| without_lead(&row));
            row.marks.found.extend(old.remove(&host).unwrap_or_default().into_iter().map(old_ip));
            graph.put(&host, is, &row.marks);
        }
        ControlFlow::Continue(())
    })?;
    // A lead that carries nothing is still one that people tie by hand.
    standings.iter().for_each(|(host, standing)| graph.put(host, *standing, &Marks::default()));
    view.each(b"k/", |_, said: Said| {
        graph.apply(&said.what, &told(&said.by, said.at));
        ControlFlow::Continue(())
    })?;
    Ok(graph)
}

/// Keeps one address that passive DNS saw for a host.
pub(super) fn put_old(draft: &mut Draft<'_>, host: &Host, data: &str) -> Result<bool, Fault> {
    let row = [b"p/".as_slice(), host.as_str().as_bytes(), b"\0", data.as_bytes()].concat();
    let new = draft.get::<(Host, String)>(&row)?.is_none();
    draft.put(row, &(host, data))?;
    Ok(new)
}

/// Every attribution, with its host.
pub(super) fn attributions(view: &View<'_>) -> Result<Vec<Attribution>, Fault> {
    let mut all = Vec::new();
    view.each(b"b/", |_, one| {
        all.push(one);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}
