//! The back of the flow: resolve -> capture -> assess -> seal -> lead, for every host that is due, a few at a time.
//! Each step ends in one transaction of records; a step that was cut off by a crash is simply due again.

use crate::evidence;
use crate::model::candidate::Candidate;
use crate::model::capture::Outcome;
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::resolution::{Presence, Resolution};
use crate::pipeline::look::Looker;
use crate::pipeline::{Event, Pass, PassError, Progress, schedule};
use crate::records::{Due, Visit};
use crate::resolve;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet, VecDeque};
use url::Url;

/// Hosts worked on at once. Bounds memory: each visit holds at most a few bodies of `max_body_bytes`.
const AT_ONCE: usize = 8;
/// Due items taken from records at a time.
const TAKE: usize = 512;
/// Different addresses of one host that one visit looks at: its root or first address, and what searches and tips named.
const MAX_URLS: usize = 3;
/// Visits of one host that may begin without one that ends: a page that takes the process down must not do so for ever.
const MAX_STARTS: u32 = 5;

/// What the due work gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WorkSummary {
    /// Hosts present in DNS.
    pub present: u64,
    /// Hosts that do not exist.
    pub absent: u64,
    /// Hosts that no resolver could answer for.
    pub unknown: u64,
    /// Visits by outcome word.
    pub visits: BTreeMap<String, u64>,
    /// Leads opened in this pass.
    pub new_leads: u64,
    /// Leads seen again in this pass.
    pub renewed_leads: u64,
}

enum Done {
    Resolved(Resolution),
    Visited(Vec<Visit>),
    /// The process died in every try so far.
    GivenUp(Host),
}

impl Pass {
    /// Works until nothing is due.
    pub(super) async fn work(&self, progress: Progress<'_>) -> Result<WorkSummary, PassError> {
        let mut summary = WorkSummary::default();
        let mut done = 0;
        let mut waiting: VecDeque<Due> = VecDeque::new();
        let mut busy = HashSet::new();
        let mut running = FuturesUnordered::new();
        loop {
            if waiting.is_empty() && running.len() < AT_ONCE {
                let due = tokio::task::block_in_place(|| self.records.due(self.net.now(), TAKE))?;
                waiting = due.into_iter().filter(|d| !busy.contains(&candidate_of(d).host)).collect();
            }
            while running.len() < AT_ONCE
                && let Some(due) = waiting.pop_front()
            {
                let host = candidate_of(&due).host.clone();
                busy.insert(host.clone());
                running.push(async move { (host, self.one(due).await) });
            }
            let Some((host, result)) = running.next().await else { break };
            busy.remove(&host);
            self.keep(result?, &mut summary, progress)?;
            done += 1;
            progress(Event::Worked { done, left: (waiting.len() + running.len()) as u64 });
        }
        Ok(summary)
    }

    /// One step for one host.
    async fn one(&self, due: Due) -> Result<Done, PassError> {
        match due {
            Due::Resolve(candidate) => Ok(Done::Resolved(resolve::resolve(&candidate.host, &self.net, true).await)),
            Due::Visit(candidate, _) if tokio::task::block_in_place(|| self.records.started(&candidate.host))? > MAX_STARTS => {
                Ok(Done::GivenUp(candidate.host))
            }
            Due::Visit(candidate, resolution) => Ok(Done::Visited(self.visit(candidate, resolution).await?)),
        }
    }

    /// Visits every address of the host that is worth it, assesses and seals each. The lead rests on the strongest one that says review.
    pub async fn visit(&self, candidate: Candidate, resolution: Option<Resolution>) -> Result<Vec<Visit>, PassError> {
        let mut visits = Vec::new();
        for (n, url) in addresses(&candidate).into_iter().enumerate() {
            let rules = self.rules.get();
            let looker = Looker { settings: &self.capture, browser: self.browser.as_ref(), rules: &rules, net: &self.net };
            let dossier = looker.look(candidate.clone(), resolution.clone(), &url, n == 0).await;
            visits.push(tokio::task::block_in_place(|| self.conclude(&dossier))?);
        }
        Ok(visits)
    }

    /// Assess, then seal: the package holds the scores that were made at capture time.
    fn conclude(&self, dossier: &Dossier) -> Result<Visit, PassError> {
        let assessment = self.rules.get().assess(dossier, self.net.now());
        let package = evidence::seal(&self.evidence_dir, dossier, &assessment, &self.evidence)?;
        let stored = evidence::Stored { package, dossier: dossier.clone(), assessment };
        Ok(visit_of(stored))
    }

    fn keep(&self, done: Done, summary: &mut WorkSummary, progress: Progress<'_>) -> Result<(), PassError> {
        let now = self.net.now();
        match done {
            Done::Resolved(resolution) => {
                match resolution.presence {
                    Presence::Present => summary.present += 1,
                    Presence::Absent { .. } => summary.absent += 1,
                    Presence::Unknown { .. } => summary.unknown += 1,
                }
                let next = schedule::after_resolve(&resolution.presence, now);
                tokio::task::block_in_place(|| self.records.finish_resolve(&resolution, next))?;
            }
            Done::GivenUp(host) => {
                tracing::error!(%host, "{host}: the program ended {MAX_STARTS} times during its visit; left alone for a day");
                *summary.visits.entry("failed".to_owned()).or_default() += 1;
                let next = schedule::after_visit("failed", true, now);
                tokio::task::block_in_place(|| self.records.put_off(&host, next))?;
            }
            Done::Visited(visits) => {
                for visit in visits {
                    *summary.visits.entry(visit.outcome.clone()).or_default() += 1;
                    let next = schedule::after_visit(&visit.outcome, visit.assessment.review, now);
                    match tokio::task::block_in_place(|| self.records.finish_visit(&visit, next))? {
                        Some((lead, true)) => {
                            summary.new_leads += 1;
                            let host = lead.candidate.host.to_string();
                            let (class, score) = (lead.class().word(), lead.assessment.scores.max());
                            tracing::info!(lead = %lead.id, %host, class, score, "opened lead {} for {host}: {class} {score}", lead.id);
                            progress(Event::Lead { host, class, score });
                        }
                        Some((_, false)) => summary.renewed_leads += 1,
                        None => {}
                    }
                }
            }
        }
        Ok(())
    }
}

/// What records keep of a stored package: the same after a visit and after a rebuild.
pub fn visit_of(stored: evidence::Stored) -> Visit {
    let evidence::Stored { package, dossier, assessment } = stored;
    let main = dossier.main_capture();
    let outcome = main.map_or_else(|| Outcome::Failed { why: "no capture".into() }, |c| c.outcome.clone());
    let url = main.map_or_else(|| dossier.candidate.url.clone(), |c| c.final_url.clone().unwrap_or_else(|| c.requested_url.clone()));
    let title = main.and_then(|c| c.page.as_ref()).map(|p| p.title.clone()).unwrap_or_default();
    Visit {
        outcome: outcome.word().to_owned(),
        outcome_why: outcome.why(),
        url,
        title,
        candidate: dossier.candidate,
        resolution: dossier.resolution,
        assessment,
        package,
    }
}

fn candidate_of(due: &Due) -> &Candidate {
    match due {
        Due::Resolve(candidate) | Due::Visit(candidate, _) => candidate,
    }
}

/// The addresses to look at: the candidate's own, then those that sightings named on the same host.
fn addresses(candidate: &Candidate) -> Vec<Url> {
    let mut urls: Vec<Url> = Vec::new();
    let named = candidate.sightings.iter().filter(|s| s.seen.contains("://")).map(|s| s.seen.as_str());
    for text in std::iter::once(candidate.url.as_str()).chain(named) {
        let Some((host, located)) = crate::pipeline::intake::locate(text) else { continue };
        if let Ok(url) = Url::parse(&located)
            && host == candidate.host
            && !urls.contains(&url)
            && urls.len() < MAX_URLS
        {
            urls.push(url);
        }
    }
    urls
}
