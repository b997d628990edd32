//! What is known of leads beside their records, brought together for files that leave: attribution and clusters from the store, the connection and
//! the time-stamps from the latest package, a suggestion whom to ask.

use crate::cli::Context;
use crate::cli::fail::Failure;
use crate::cli::rules::RuleBook;
use crate::evidence::{self, Glance};
use crate::model::attribution::Attribution;
use crate::model::cluster;
use crate::model::division::Divisions;
use crate::model::filing::province_name;
use crate::model::host::Host;
use crate::model::jurisdiction::{self, Suggestion};
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId, State};
use crate::records::{Records, RecordsError};
use crate::referral::{Cluster, LeadFacts, Member, Stamp};
use base64::Engine as _;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Facts by lead, and the clusters among the leads.
pub(super) struct Known {
    pub(super) facts: BTreeMap<LeadId, LeadFacts>,
    pub(super) clusters: Vec<Cluster>,
}

impl Context {
    /// Everything that is known of these leads. `whole`: with the time-stamp responses themselves, which of thousands of leads fill the memory.
    pub(super) fn known(&self, leads: &[Lead], records: &Records, book: &RuleBook, whole: bool) -> Result<Known, Failure> {
        let fail = |e| self.records_failure(&e);
        let home = self.home(book)?;
        let mut facts = BTreeMap::new();
        for lead in leads {
            let attribution = records.attribution(&lead.candidate.host).map_err(fail)?;
            let mut one = LeadFacts::default();
            if let Some(glance) = self.glance(lead) {
                look(&mut one, glance, whole);
            }
            if let Some(found) = &attribution {
                one.learn(found);
            }
            one.jurisdiction = Some(suggestion(lead, attribution.as_ref(), &home, None, false));
            facts.insert(lead.id.clone(), one);
        }
        let clusters = clusters(leads, records).map_err(fail)?;
        for lead in leads {
            if let Some(one) = facts.get_mut(&lead.id) {
                one.cluster = Some(String::new());
            }
        }
        for cluster in &clusters {
            for id in &cluster.leads {
                if let Some(one) = facts.get_mut(id) {
                    one.cluster = Some(cluster.id.clone());
                }
            }
        }
        Ok(Known { facts, clusters })
    }

    /// The divisions of the unit's own province or city, with what the settings add.
    pub(super) fn home(&self, book: &RuleBook) -> Result<Divisions, Failure> {
        let settings = &self.settings.attribution;
        let tables = Divisions::load(&book.files).map_err(|e| Failure::usage(e.told(Lang::Zh), e.told(Lang::En), self.lang))?;
        let bare = || {
            let name = settings.home.get(..2).and_then(|c| c.parse().ok()).and_then(province_name).unwrap_or_default();
            Divisions { code: settings.home.clone(), name: name.to_owned(), division: Vec::new() }
        };
        let shipped = tables.into_iter().find(|d| d.code == settings.home).unwrap_or_else(bare);
        shipped.with(&settings.division).map_err(|why| {
            let file = self.settings.file.display();
            Failure::usage(
                format!("{file}：[[attribution.division]] {}", why.zh),
                format!("{file}: [[attribution.division]]: {}", why.en),
                self.lang,
            )
        })
    }

    /// The latest package with a page, else the latest. `None`: there is none, or it cannot be read.
    fn glance(&self, lead: &Lead) -> Option<Glance> {
        let package = lead.packages.iter().rev().find(|p| p.outcome == "captured").or_else(|| lead.packages.last())?;
        evidence::glance(&self.settings.evidence_dir(), Path::new(&package.path)).ok()
    }
}

fn look(facts: &mut LeadFacts, glance: Glance, whole: bool) {
    facts.certificate = glance.certificate;
    facts.plain_http = glance.plain_http;
    let stamp = |s: evidence::StampFile| Stamp {
        file: s.file,
        response: if whole { base64::engine::general_purpose::STANDARD.encode(s.response) } else { String::new() },
        at: s.at,
    };
    facts.stamps = Some(glance.stamps.into_iter().map(stamp).collect());
}

/// Whom a lead might go to. One that came from above goes to the city's group. `victim`, `ordered`: what the analyst says, for this suggestion alone.
pub(super) fn suggestion(
    lead: &Lead,
    attribution: Option<&Attribution>,
    home: &Divisions,
    victim: Option<&str>,
    ordered: bool,
) -> Suggestion {
    let ordered = ordered || lead.candidate.sightings.iter().any(|s| s.context.is_handed_down());
    jurisdiction::suggest(attribution, home, &lead.opened_at.beijing_month(), victim, ordered)
}

/// The clusters of these leads, each walked once, largest first.
fn clusters(leads: &[Lead], records: &Records) -> Result<Vec<Cluster>, RecordsError> {
    let found: Vec<cluster::Cluster> = records.with_graph(|graph| {
        let mut seen: HashSet<Host> = HashSet::new();
        let mut all = Vec::new();
        for lead in leads {
            let host = &lead.candidate.host;
            if !seen.contains(host)
                && let Some(cluster) = graph.cluster_of(host)
            {
                seen.extend(cluster.hosts.iter().cloned());
                all.push(cluster);
            }
        }
        all
    })?;
    let mut here: HashMap<&Host, Member> = HashMap::new();
    for lead in leads {
        let member = here.entry(&lead.candidate.host).or_default();
        member.leads.push(lead.id.clone());
        member.approved |= is_approved(lead);
    }
    let mut failed = None;
    let mut all: Vec<Cluster> = found
        .iter()
        .map(|c| {
            Cluster::of(c, &mut |host| {
                here.get(host).cloned().unwrap_or_else(|| {
                    let lead = records.lead_of(host).unwrap_or_else(|e| {
                        failed = Some(e);
                        None
                    });
                    Member { leads: Vec::new(), approved: lead.as_ref().is_some_and(is_approved) }
                })
            })
        })
        .collect();
    if let Some(e) = failed {
        return Err(e);
    }
    all.sort_by(|a, b| b.leads.len().cmp(&a.leads.len()).then_with(|| a.id.cmp(&b.id)));
    Ok(all)
}

/// Does the lead stand approved by two persons?
pub(super) fn is_approved(lead: &Lead) -> bool {
    matches!(lead.state, State::Approved | State::Referred | State::Blocked | State::StillUp | State::Moved)
}
