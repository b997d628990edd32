//! The gate: which leads may leave, and under which rule the others may not. Asked before a single byte is written.
//! Official hosts and names of the allow-list are never named as suspects, whatever a lead says; who is not approved by two is not referred.

use crate::model::allow::Allowed;
use crate::model::assessment::Verdict;
use crate::model::host::Host;
use crate::model::lang::{Both, Lang};
use crate::model::lead::{Lead, LeadId, State};
use crate::model::site::Site;
use crate::model::time::Timestamp;

/// A tree that is somebody's official site, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficialTree {
    /// The tree, at DNS label boundaries.
    pub tree: String,
    /// Whose.
    pub who: String,
    /// Where it is written: `rules/official.toml`, `rules/sites/x.toml`.
    pub rule: String,
}

/// What the leads are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The unit's own list: any state, as the list says it. Dismissed leads stand as such.
    List,
    /// A letter with its package: approved and not yet sent.
    Letter,
    /// Sharing: approved by two persons, sent or not.
    Share,
}

/// Why one lead may not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub lead: LeadId,
    /// On which host.
    pub host: Host,
    /// Name of the rule: `official_host`, `official_address`, `official_verdict`, `allow_list`, `dismissed`, `not_approved`, `already_referred`.
    pub rule: &'static str,
    /// In words.
    pub why: Both,
}

impl Refusal {
    /// One line for a person.
    pub fn told(&self, lang: Lang) -> String {
        let host = self.host.defanged();
        lang.pick(
            format!("{} {host}：{}（规则 {}）", self.lead, self.why.zh, self.rule),
            format!("{} {host}: {} (rule {})", self.lead, self.why.en, self.rule),
        )
    }
}

/// All that the gate knows.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    trees: Vec<OfficialTree>,
    allowed: Vec<Allowed>,
}

impl Gate {
    /// From the protected sites, each with the file it is written in, other official trees, and the unit's allow-list.
    pub fn new<'a>(sites: impl IntoIterator<Item = (&'a str, &'a Site)>, others: Vec<OfficialTree>, allowed: Vec<Allowed>) -> Self {
        let mut trees: Vec<OfficialTree> = sites
            .into_iter()
            .flat_map(|(rule, site)| {
                let of = move |tree: &String| OfficialTree { tree: tree.clone(), who: site.agency.clone(), rule: rule.to_owned() };
                site.hosts.iter().chain(&site.trees).map(of)
            })
            .collect();
        trees.extend(others);
        Self { trees, allowed }
    }
    /// Everything that speaks against letting `leads` out for `purpose`; empty: they may.
    pub fn refusals(&self, leads: &[Lead], purpose: Purpose) -> Vec<Refusal> {
        leads.iter().filter_map(|lead| self.refusal(lead, purpose)).collect()
    }
    /// Why this one may not leave. `None`: it may.
    pub fn refusal(&self, lead: &Lead, purpose: Purpose) -> Option<Refusal> {
        let named_a_suspect = purpose != Purpose::List || lead.state != State::Dismissed;
        let found = if named_a_suspect { self.known_good(lead).or_else(|| by_state(lead, purpose)) } else { None };
        found.map(|(rule, why)| Refusal { lead: lead.id.clone(), host: lead.candidate.host.clone(), rule, why })
    }
    /// Official or allowed: the host itself, or the address where the visit ended.
    fn known_good(&self, lead: &Lead) -> Option<(&'static str, Both)> {
        let host = &lead.candidate.host;
        let end = url::Url::parse(&lead.url).ok().and_then(|u| Host::parse(u.host_str()?).ok());
        let official = |h: &Host| self.trees.iter().find(|t| h.under(&t.tree));
        let allowed = |h: &Host| self.allowed.iter().find(|a| a.covers(h));
        let tells = |t: &OfficialTree| {
            Both::new(
                format!("属官方网站 {}（{}），见 {}", t.tree, t.who, t.rule),
                format!("belongs to the official {} ({}), see {}", t.tree, t.who, t.rule),
            )
        };
        if let Some(tree) = official(host) {
            return Some(("official_host", tells(tree)));
        }
        if let Some(tree) = end.as_ref().and_then(official) {
            return Some(("official_address", tells(tree)));
        }
        if lead.class() == Verdict::Official {
            return Some(("official_verdict", Both::new("研判为官方网站", "assessed as an official site")));
        }
        let entry = allowed(host).or_else(|| end.as_ref().and_then(allowed))?;
        let (name, at) = (&entry.host, entry.at.beijing());
        Some((
            "allow_list",
            Both::new(
                format!("在允许名单中：{name}，{}（{} {at}）", entry.reason, entry.by),
                format!("is on the allow-list: {name}, {} ({} {at})", entry.reason, entry.by),
            ),
        ))
    }
}

fn by_state(lead: &Lead, purpose: Purpose) -> Option<(&'static str, Both)> {
    use State as S;
    let tells = |zh: &str, en: &str| Both::new(format!("{zh}：{}", lead.state.zh()), format!("{en}: {}", lead.state.word()));
    match (purpose, lead.state) {
        (Purpose::List, _) | (Purpose::Letter, S::Approved) => None,
        (_, S::Dismissed) => Some(("dismissed", tells("已判为误报", "was dismissed"))),
        (_, S::New | S::InReview | S::Confirmed | S::Reopened) => Some(("not_approved", tells("尚未复审通过", "is not approved"))),
        (Purpose::Letter, _) => Some(("already_referred", tells("此前已移送", "was referred before"))),
        (Purpose::Share, _) => None,
    }
}

/// When a lead last passed the second person, and was not taken back since. `None`: it does not stand approved.
pub(super) fn approved_at(lead: &Lead) -> Option<Timestamp> {
    use crate::model::lead::Move;
    lead.standing().into_iter().fold(None, |at, step| match step.what {
        Move::Approve => at.or(Some(step.at)),
        Move::Dismiss { .. } => None,
        _ => at,
    })
}
