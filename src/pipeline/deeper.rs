//! Deeper: behind a front page that is near a protected site, the addresses that its links, its QR codes and the official paths name, tried once each
//! over plain HTTP as the first visitor, slowly and few. What shows something new is then looked at in full; the rest leaves no package.
//! QR codes that lead to other hosts become candidates of their own.

use crate::capture;
use crate::model::candidate::{Candidate, Reason};
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::{Dossier, Facts};
use crate::model::host::Host;
use crate::model::lead::Lead;
use crate::model::sighting::{Context, Sighting};
use crate::pipeline::look::IN_REACH;
use crate::pipeline::{Pass, PassError, intake};
use crate::records::Run;
use url::Url;

/// Links of the page itself that are tried; official paths fill up the rest.
const MAX_LINKS: usize = 3;
/// Codes of one round that become candidates.
const MAX_CODES: usize = 3;
/// Source id of hosts that a code names.
const CODE_SOURCE: &str = "qr";

/// What the visits of a round met so far.
#[derive(Default)]
pub(super) struct Met {
    /// Every visit to the addresses that were named.
    pub(super) captures: Vec<Capture>,
    /// Highest score of them.
    pub(super) score: u8,
    /// Did one of them say review?
    pub(super) review: bool,
}

impl Pass {
    /// Addresses of the host that show something that was not seen yet, each with its first visit.
    pub(super) async fn deeper(&self, candidate: &Candidate, leads: &[Lead], met: &Met) -> Vec<(Url, Capture)> {
        let mut found: Vec<(Url, Capture)> = Vec::new();
        let Some(variant) = self.capture.variants.first() else { return found };
        let Ok(net) = self.capture.exit(variant, &self.net) else { return found };
        let mut alike = 0;
        for url in self.worth_trying(candidate, leads, met) {
            // Twice its turn: half the usual pace.
            net.turn(&url).await;
            let capture = capture::visit(&url, variant, false, &net).await;
            // A server that gives trouble once is not asked for more.
            if !matches!(capture.outcome, Outcome::Captured | Outcome::NotHtml { .. }) {
                break;
            }
            let known = |c: &Capture| same(c, &capture);
            if met.captures.iter().any(known) || found.iter().any(|(_, c)| known(c)) {
                alike += 1;
                // A host that shows one page at every address has no other.
                if alike >= 2 {
                    break;
                }
            } else if self.says_something(candidate, &capture) {
                found.push((url, capture));
            }
        }
        found
    }
    fn worth_trying(&self, candidate: &Candidate, leads: &[Lead], met: &Met) -> Vec<Url> {
        let answered: Vec<&Capture> = met.captures.iter().filter(|c| c.outcome == Outcome::Captured).collect();
        let rules = self.rules.get();
        let away = |c: &&Capture| c.final_url.as_deref().and_then(host_of).is_some_and(|h| h != candidate.host && rules.is_official(&h));
        let near = !leads.is_empty() || candidate.name_hit().is_some() || met.score >= IN_REACH || answered.iter().any(away);
        if !near || rules.is_official(&candidate.host) {
            return Vec::new();
        }
        let pages = answered.iter().filter_map(|c| Some((c.page.as_ref()?, host_of(c.final_url.as_deref()?)?)));
        let own = pages.filter(|(_, host)| *host == candidate.host).flat_map(|(page, _)| self.paths.links(page, &candidate.host));
        let before = leads.iter().filter_map(|l| Url::parse(&l.url).ok()).filter(|u| host_of(u.as_str()).as_ref() == Some(&candidate.host));
        let before = before.filter(|u| !capture::names_a_person(u));
        let base = answered
            .iter()
            .flat_map(|c| &c.hops)
            .filter_map(|h| Url::parse(&h.url).ok())
            .rfind(|u| host_of(u.as_str()).as_ref() == Some(&candidate.host));
        // Where the front page already is a copy, its links may lead to records; guesses add nothing.
        let known = base.filter(|_| !met.review).map(|base| self.paths.known(&candidate.site, &base));
        let mut wanted: Vec<Url> = Vec::new();
        let new = |url: &Url, wanted: &[Url]| {
            !wanted.contains(url)
                && !met.captures.iter().any(|c| c.requested_url == url.as_str() || c.final_url.as_deref() == Some(url.as_str()))
        };
        for url in before.chain(own) {
            if wanted.len() < MAX_LINKS && new(&url, &wanted) {
                wanted.push(url);
            }
        }
        for url in known.into_iter().flatten() {
            if new(&url, &wanted) {
                wanted.push(url);
            }
        }
        wanted.truncate(self.capture.deep_links);
        wanted
    }
    /// A page whose reading is within reach, or that only a browser can show.
    fn says_something(&self, candidate: &Candidate, capture: &Capture) -> bool {
        let good = capture.hops.last().and_then(|h| h.status).is_some_and(|s| s < 400);
        let here = capture.final_url.as_deref().and_then(host_of).is_some_and(|h| h == candidate.host);
        let (true, true, Some(page)) = (good, here && capture.outcome == Outcome::Captured, &capture.page) else { return false };
        if self.browser.is_some() && capture::pays(page) {
            return true;
        }
        let dossier = Dossier { candidate: candidate.clone(), resolution: None, captures: vec![capture.clone()], facts: Facts::default() };
        let scores = tokio::task::block_in_place(|| self.rules.get().assess(&dossier, self.net.now())).scores;
        scores.max() >= IN_REACH
    }
    /// Hosts that QR codes of a suspect's pages name: candidates, visited in their turn.
    pub(super) fn keep_codes(&self, candidate: &Candidate, captures: &[Capture]) -> Result<(), PassError> {
        let mut urls: Vec<Url> = Vec::new();
        for url in captures.iter().filter_map(|c| c.page.as_ref()).flat_map(|p| self.paths.codes(p, &candidate.host)) {
            if !urls.contains(&url) && urls.len() < MAX_CODES {
                urls.push(url);
            }
        }
        if urls.is_empty() {
            return Ok(());
        }
        let (now, by) = (self.net.now(), format!("jianwei: 二维码 {}", candidate.host));
        let allowed = self.records.allowed()?;
        let rules = self.rules.get();
        let found: Vec<Candidate> = urls
            .into_iter()
            .filter_map(|url| {
                let context = Context { reporter: Some(by.clone()), ..Context::default() };
                let sighting = Sighting { seen: url.into(), source: CODE_SOURCE.into(), seen_at: now, context };
                intake::candidate(sighting, vec![Reason::Report { by: by.clone() }])
            })
            .filter(|c| {
                !rules.is_official(&c.host) && !self.sites.iter().any(|s| s.owns(&c.host)) && !allowed.iter().any(|a| a.covers(&c.host))
            })
            .collect();
        let count = found.len() as u64;
        let run = Run { at: now, outcome: "ok".into(), why: String::new(), seen: count, screened_in: count, new: 0 };
        self.records.commit_batch(CODE_SOURCE, found, "", &run)?;
        Ok(())
    }
}

fn host_of(url: &str) -> Option<Host> {
    Url::parse(url).ok().and_then(|u| Host::parse(u.host_str()?).ok())
}

/// Did both visits end at one place, or see the same words?
fn same(a: &Capture, b: &Capture) -> bool {
    let words = |c: &Capture| c.page.as_ref().map(|p| p.text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    let (left, right) = (words(a), words(b));
    a.browser.is_none() && b.final_url.is_some() && a.final_url == b.final_url
        || right.as_ref().is_some_and(|t| !t.is_empty()) && left == right
}
