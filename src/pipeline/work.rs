//! The back of the flow: resolve -> capture -> assess -> seal -> lead, for every host that is due, a few at a time.
//! Each step ends in one transaction of records; a step that was cut off by a crash is simply due again.

use crate::evidence::{self, Stamped};
use crate::model::assessment::Assessment;
use crate::model::candidate::{Candidate, Reason};
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::indicator;
use crate::model::lead::{Lead, Move, PackageRef};
use crate::model::resolution::{Presence, Resolution};
use crate::model::sighting::{Context, Sighting};
use crate::model::time::Timestamp;
use crate::pipeline::deeper::Met;
use crate::pipeline::look::{Looker, Start};
use crate::pipeline::stop::Stop;
use crate::pipeline::turns::{MAX_STARTS, Turns};
use crate::pipeline::{Event, Pass, PassError, Progress, intake, recheck, schedule};
use crate::records::{Due, Next, PROGRAM, Recheck, Run, Sight, Visit};
use crate::resolve;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// Due items taken from records at a time.
const TAKE: usize = 512;
/// Different addresses of one host that one visit looks at: its root or first address, and what searches and tips named.
const MAX_URLS: usize = 3;

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

/// Source id of hosts that a re-check found.
const RECHECK_SOURCE: &str = "recheck";

enum Done {
    Resolved(Resolution),
    Visited(Vec<(Visit, Look)>),
    /// The process died in every try so far.
    GivenUp(Host),
}

/// What the visitors of one address met, for re-checks.
struct Look {
    sight: Sight,
    visitors: Vec<(String, String)>,
    host: Option<Host>,
}

impl Pass {
    /// Works until nothing is due, or until `stop`: then what is under way may end, and what does not is due again.
    pub(super) async fn work(self: &Arc<Self>, stop: &Stop, progress: Progress<'_>) -> Result<WorkSummary, PassError> {
        let mut summary = WorkSummary::default();
        let mut done = 0;
        let mut turns = Turns::default();
        loop {
            if stop.is_set() {
                turns.forget();
            } else if turns.wants_more() {
                let due = tokio::task::block_in_place(|| self.records.due(self.net.now(), TAKE))?;
                tokio::task::block_in_place(|| turns.queue(due, |host| self.records.starts(host)))?;
            }
            while let Some(due) = turns.next() {
                let pass = self.clone();
                turns.begin(due, move |due| async move { pass.one(due).await });
            }
            let ended = tokio::select! {
                biased;
                ended = turns.ended() => ended,
                () = stop.overdue() => None,
            };
            match ended {
                None => break,
                Some((_, Ok(result))) => self.keep(result?, &mut summary, progress)?,
                // It is due still, and its start stays counted.
                Some((host, Err(why))) => tracing::error!(%host, "{host}: {why}"),
            }
            done += 1;
            progress(Event::Worked { done, left: turns.left() });
        }
        for host in turns.give_up().await {
            // Given up by a clean stop: not one of the starts that took the process down.
            tokio::task::block_in_place(|| self.records.unstarted(&host))?;
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
    /// A lead that was referred is looked at as every visitor, whatever the first one met: down means down for all.
    async fn visit(&self, candidate: Candidate, resolution: Option<Resolution>) -> Result<Vec<(Visit, Look)>, PassError> {
        let leads = tokio::task::block_in_place(|| self.records.leads_on(&candidate.host))?;
        let every = leads.iter().any(|l| recheck::referred_at(l).is_some());
        let mut visits = Vec::new();
        let mut met = Met::default();
        for (n, url) in addresses(&candidate).into_iter().enumerate() {
            let start = Start { first: None, fall_back: n == 0, every };
            visits.push(self.look_at(&candidate, &resolution, &url, start, &mut met).await?);
            if candidate.is_official() && visits.last().is_some_and(|(visit, _)| visit.outcome == "captured") {
                break;
            }
        }
        for (url, first) in self.deeper(&candidate, &leads, &met).await {
            let start = Start { first: Some(first), fall_back: false, every };
            visits.push(self.look_at(&candidate, &resolution, &url, start, &mut met).await?);
        }
        if met.review {
            tokio::task::block_in_place(|| self.keep_codes(&candidate, &met.captures))?;
        }
        Ok(visits)
    }
    /// One address: looked at, assessed, sealed, stamped.
    async fn look_at(
        &self,
        candidate: &Candidate,
        resolution: &Option<Resolution>,
        url: &Url,
        start: Start,
        met: &mut Met,
    ) -> Result<(Visit, Look), PassError> {
        let rules = self.rules.get();
        let looker = Looker { settings: &self.capture, browser: self.browser.as_ref(), rules: &rules, net: &self.net };
        let mut dossier = looker.look_on(candidate.clone(), resolution.clone(), url, start).await;
        let assessment = self.attribute(&mut dossier).await?;
        let captures = dossier.captures.clone();
        let visit = tokio::task::block_in_place(|| self.conclude(dossier, assessment))?;
        self.stamp(&visit.package).await?;
        let seen: Vec<&Capture> = captures.iter().collect();
        let at = Url::parse(&visit.url).ok().and_then(|u| Host::parse(u.host_str()?).ok());
        let review = visit.assessment.review && visit.outcome == "captured";
        let look = Look { sight: recheck::sight(&seen, review), visitors: recheck::visitors(&seen), host: at };
        (met.score, met.review) = (met.score.max(visit.assessment.scores.max()), met.review || review);
        met.captures.extend(captures.into_iter().map(words_only));
        Ok((visit, look))
    }

    /// Seals: the package holds the scores that were made at capture time.
    fn conclude(&self, dossier: Dossier, assessment: Assessment) -> Result<Visit, PassError> {
        let package = evidence::seal(&self.evidence_dir, &dossier, &assessment, &self.evidence)?;
        let stored = evidence::Stored { package, dossier, assessment };
        Ok(visit_of(stored))
    }

    /// Has a package time-stamped at once. Where that fails the package waits, marked on disk, for the next pass: the visit is kept all the same.
    async fn stamp(&self, package: &PackageRef) -> Result<(), PassError> {
        if self.evidence.tsa.is_empty() {
            return Ok(());
        }
        if let Stamped::Waiting(why) = evidence::stamp(&self.evidence_dir, &package.path, &self.evidence, &self.net).await? {
            let why = why.iter().map(|w| w.en.as_str()).collect::<Vec<_>>().join("; ");
            tracing::info!(package = %package.id, "{} waits for its time-stamp: {why}", package.id);
        }
        Ok(())
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
                let mut next = schedule::after_resolve(&resolution.presence, now);
                tokio::task::block_in_place(|| {
                    if self.records.leads_on(&resolution.host)?.iter().any(|l| recheck::referred_at(l).is_some()) {
                        // Whether DNS knows it or not, a re-check is a visit: its package is the proof.
                        next = Next { visit: true, at: Some(now) };
                    }
                    self.records.finish_resolve(&resolution, next)
                })?;
            }
            Done::GivenUp(host) => {
                tracing::error!(%host, "{host}: the program ended {MAX_STARTS} times during its visit; left alone for a day");
                *summary.visits.entry("failed".to_owned()).or_default() += 1;
                let next = schedule::after_visit("failed", true, now);
                tokio::task::block_in_place(|| self.records.put_off(&host, next))?;
            }
            Done::Visited(visits) => tokio::task::block_in_place(|| self.keep_visits(visits, now, summary, progress))?,
        }
        Ok(())
    }

    fn keep_visits(
        &self,
        visits: Vec<(Visit, Look)>,
        now: Timestamp,
        summary: &mut WorkSummary,
        progress: Progress<'_>,
    ) -> Result<(), PassError> {
        let Some(host) = visits.first().map(|(v, _)| v.candidate.host.clone()) else { return Ok(()) };
        let referred: Vec<(Lead, Timestamp)> =
            self.records.leads_on(&host)?.into_iter().filter_map(|l| recheck::referred_at(&l).map(|at| (l, at))).collect();
        let rechecks: Vec<Recheck> = referred.iter().map(|(lead, _)| recheck_of(lead, &visits, now)).collect();
        let ladder = referred.iter().map(|(_, at)| recheck::next_look(*at, now)).min();
        let last = visits.len() - 1;
        for (n, (visit, _)) in visits.iter().enumerate() {
            *summary.visits.entry(visit.outcome.clone()).or_default() += 1;
            let usual = if visit.candidate.is_official() {
                schedule::after_official(&visit.outcome, now)
            } else {
                schedule::after_visit(&visit.outcome, visit.assessment.review, now)
            };
            let next = ladder.map_or(usual, |at| Next { visit: true, at: Some(at) });
            let with = if n == last { rechecks.as_slice() } else { &[] };
            let kept = self.records.finish_recheck(visit, next, with)?;
            if let Some((lead, _)) = &kept {
                self.want_official(&lead.assessment.site)?;
            }
            match kept {
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
        for (lead, at) in referred {
            self.follow_up(&lead, at, now, progress)?;
        }
        Ok(())
    }

    /// Moves a referred lead where its re-checks say so.
    fn follow_up(&self, lead: &Lead, referred: Timestamp, now: Timestamp, progress: Progress<'_>) -> Result<(), PassError> {
        let rechecks = self.records.rechecks(&lead.id)?;
        let Some(what) = recheck::follows(lead, referred, &rechecks) else { return Ok(()) };
        if let Move::MovedTo { host } = &what {
            let by = format!("jianwei: {} -> {host}", lead.id);
            let context = Context { reporter: Some(by.clone()), ..Context::default() };
            let sighting = Sighting { seen: format!("http://{host}/"), source: RECHECK_SOURCE.into(), seen_at: now, context };
            let found = intake::candidate(sighting, vec![Reason::Report { by }]);
            let run = Run { at: now, outcome: "ok".into(), why: String::new(), seen: 1, screened_in: 1, new: 0 };
            self.records.commit_batch(RECHECK_SOURCE, found.into_iter().collect(), "", &run)?;
        }
        let word = what.word();
        let host = lead.candidate.host.to_string();
        tracing::info!(lead = %lead.id, %host, "re-checks move lead {} on {host}: {word}", lead.id);
        self.records.decide(&lead.id, what, PROGRAM, now)?;
        progress(Event::Moved { host, what: word });
        Ok(())
    }
}

/// All addresses of one round together: up if any is, down if all are.
fn recheck_of(lead: &Lead, visits: &[(Visit, Look)], now: Timestamp) -> Recheck {
    let up = visits.iter().find(|(_, look)| look.sight == Sight::Up);
    let down = visits.iter().all(|(_, look)| look.sight == Sight::Down);
    let before = Url::parse(&lead.url).ok().and_then(|u| Host::parse(u.host_str()?).ok());
    let elsewhere = |host: &&Host| **host != lead.candidate.host && Some(*host) != before.as_ref();
    Recheck {
        lead: lead.id.clone(),
        at: now,
        sight: if up.is_some() {
            Sight::Up
        } else if down {
            Sight::Down
        } else {
            Sight::Changed
        },
        visitors: visits.iter().flat_map(|(_, look)| look.visitors.clone()).collect(),
        moved_to: up.and_then(|(_, look)| look.host.as_ref()).filter(elsewhere).map(ToString::to_string),
        packages: visits.iter().map(|(visit, _)| visit.package.id.clone()).collect(),
    }
}

/// What records keep of a stored package: the same after a visit and after a rebuild.
pub fn visit_of(stored: evidence::Stored) -> Visit {
    let evidence::Stored { package, dossier, assessment } = stored;
    let main = dossier.main_capture();
    let outcome = main.map_or_else(|| Outcome::Failed { why: "no capture".into() }, |c| c.outcome.clone());
    let url = main.map_or_else(|| dossier.candidate.url.clone(), |c| c.final_url.clone().unwrap_or_else(|| c.requested_url.clone()));
    let title = main.and_then(|c| c.page.as_ref()).map(|p| p.title.clone()).unwrap_or_default();
    let marks = indicator::marks(&dossier);
    Visit {
        marks,
        attribution: dossier.facts.attribution,
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

/// A capture without its bytes, which the package has: a round holds several.
fn words_only(mut capture: Capture) -> Capture {
    capture.kept.clear();
    for hop in &mut capture.hops {
        (hop.body, hop.wire_body) = (Vec::new(), Vec::new());
    }
    capture
}

/// The addresses to look at: the candidate's own, then those that sightings named on the same host.
fn addresses(candidate: &Candidate) -> Vec<Url> {
    let mut urls: Vec<Url> = Vec::new();
    let named = candidate.sightings.iter().filter(|s| s.seen.contains("://")).map(|s| s.seen.as_str());
    for text in std::iter::once(candidate.url.as_str()).chain(named) {
        let Some((host, located)) = intake::locate(text) else { continue };
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
