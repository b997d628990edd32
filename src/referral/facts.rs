//! What is known of a lead besides its record: attribution, the connection of its latest package, time-stamps, its cluster, a suggestion whom to ask.
//! `None` everywhere means that nobody looked, and the list says so; empty text means that somebody looked and there is none.

use crate::model::attribution::{Attribution, Provider};
use crate::model::capture::CertificateFacts;
use crate::model::cluster::{self, TieReason};
use crate::model::digest::Sha256;
use crate::model::filing::{province_in, province_name};
use crate::model::host::Host;
use crate::model::indicator::{Level, kind_of};
use crate::model::jurisdiction::Suggestion;
use crate::model::lang::Both;
use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most ties that are told of one cluster.
const MAX_TIES: usize = 40;

/// Attribution, certificate and time-stamps of one lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFacts {
    /// Autonomous system, `AS64500`.
    pub asn: Option<String>,
    /// Division code or country of the server.
    pub server_place: Option<String>,
    /// Company that hosts it.
    pub hosting: Option<String>,
    /// Content network in front of it; empty: none.
    pub cdn: Option<String>,
    /// Registrar.
    pub registrar: Option<String>,
    /// When the domain was registered.
    pub registered: Option<Timestamp>,
    /// Registrant, or a hash of the mail address.
    pub registrant: Option<String>,
    /// Filing number that the page shows.
    pub icp: Option<String>,
    /// Holder of that number, as the unit's own list has it.
    pub icp_holder: Option<String>,
    /// Division code of the holder.
    pub icp_division: Option<String>,
    /// Certificate of the connection that carried the page.
    pub certificate: Option<CertificateFacts>,
    /// The page came by plain http: there is no certificate.
    pub plain_http: bool,
    /// Name of the cluster; empty: nothing ties it to another lead.
    pub cluster: Option<String>,
    /// Time-stamps of its latest package.
    pub stamps: Option<Vec<Stamp>>,
    /// Which authority it might go to, with reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<Suggestion>,
    /// Parties that serve it, each to be confirmed by a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Provider>,
}

/// A time-stamp response beside a manifest (RFC 3161).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// File of the package.
    pub file: String,
    /// The whole TimeStampResp, base64; empty where a file has no use for it.
    pub response: String,
    /// Time that the authority says; `None`: not readable, or not over this package.
    pub at: Option<Timestamp>,
}

/// Leads that share an operator or kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub id: String,
    /// `operator`, `kit`, `by_hand`: the strongest that ties it.
    pub kind: String,
    /// All its sites, also those that are not part of this file.
    pub sites: usize,
    /// Of these, approved by two persons.
    pub approved: usize,
    /// Why.
    pub ties: Vec<ClusterTie>,
    /// Its leads in this file.
    pub leads: Vec<LeadId>,
}

/// What ties some sites of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterTie {
    /// In words.
    pub why: Both,
    /// How many sites it ties.
    pub sites: usize,
    /// Those of them in this file.
    pub leads: Vec<LeadId>,
}

/// What a cluster needs to know of one of its hosts.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Its leads in this file.
    pub leads: Vec<LeadId>,
    /// Does a lead on it stand approved by two persons?
    pub approved: bool,
}

impl Cluster {
    /// A cluster as a file may tell it: hosts that are not in the file are counted, never named.
    pub fn of(found: &cluster::Cluster, member: &mut dyn FnMut(&Host) -> Member) -> Self {
        let members: Vec<(&Host, Member)> = found.hosts.iter().map(|h| (h, member(h))).collect();
        let leads_of = |hosts: &[Host]| -> Vec<LeadId> {
            let of = |h: &Host| members.binary_search_by(|(m, _)| (*m).cmp(h)).ok().map(|i| members[i].1.leads.clone());
            hosts.iter().filter_map(of).flatten().collect()
        };
        let reasons = || found.ties.iter().flat_map(|t| &t.reasons);
        let level = |wanted| reasons().any(|r| kind_of(&r.kind).is_some_and(|k| k.level == wanted));
        let kind = if level(Level::Operator) {
            "operator"
        } else if reasons().any(|r| r.kind == "by_hand") && !level(Level::Kit) {
            "by_hand"
        } else {
            "kit"
        };
        let tie = |t: &cluster::Tie| {
            let told: Vec<Both> = t.reasons.iter().map(told).collect();
            let joined = |pick: fn(&Both) -> &str| told.iter().map(pick).collect::<Vec<_>>().join(" + ");
            ClusterTie { why: Both::new(joined(|b| &b.zh), joined(|b| &b.en)), sites: t.hosts.len(), leads: leads_of(&t.hosts) }
        };
        Self {
            id: found.id.clone(),
            kind: kind.to_owned(),
            sites: found.hosts.len(),
            approved: members.iter().filter(|(_, m)| m.approved).count(),
            ties: found.ties.iter().take(MAX_TIES).map(tie).collect(),
            leads: leads_of(&found.hosts),
        }
    }
}

/// One reason, without the weights that only an analyst needs. Who of the unit merged by hand stays inside.
fn told(reason: &TieReason) -> Both {
    let value = reason.value.as_str();
    if reason.kind == "by_hand" {
        let why = value.split_once('：').map_or(value, |(_, why)| why);
        return Both::new(format!("人工合并（{why}）"), format!("merged by hand ({why})"));
    }
    let zh = kind_of(&reason.kind).map_or(reason.kind.as_str(), |k| k.zh);
    Both::new(format!("{zh} {value}"), format!("{} {value}", reason.kind))
}

/// Each text once, in order.
fn each<T: AsRef<str>>(texts: impl Iterator<Item = T>) -> String {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        let text = text.as_ref().trim();
        if !text.is_empty() && !all.iter().any(|t| t == text) {
            all.push(text.to_owned());
        }
    }
    all.join("、")
}

impl LeadFacts {
    /// Takes in what was found out about the host.
    pub fn learn(&mut self, found: &Attribution) {
        self.providers = found.providers();
        let hosting = &found.hosting;
        let said = || hosting.placed.iter().flat_map(|p| &p.said);
        if hosting.at.is_some() {
            self.cdn = Some(hosting.hidden_by().map(|f| f.vendor.clone()).unwrap_or_default());
        }
        if said().next().is_some() {
            self.asn = Some(each(said().filter_map(|s| s.asn).map(|n| format!("AS{n}"))));
            self.hosting = Some(each(self.providers.iter().filter(|p| p.role == "hosting").map(|p| p.name.as_str())));
        }
        self.server_place = place(found);
        if let Some(r) = found.registration.as_ref().filter(|r| r.registered == Some(true)) {
            self.registrar = Some(r.registrar.clone().unwrap_or_default());
            self.registered = r.created;
            let mail = r.registrant_email.as_ref().map(|m| {
                let hash = Sha256::of(m.trim().to_lowercase().as_bytes()).hex();
                format!("邮箱SHA256:{}", &hash[..16])
            });
            let hidden = (r.redacted && r.registrant.is_none()).then(|| "未公开".to_owned());
            self.registrant = Some(each([r.registrant.clone(), mail, hidden].into_iter().flatten()));
        }
        self.filings(found);
    }

    fn filings(&mut self, found: &Attribution) {
        let icp = || found.filings.iter().filter(|f| f.kind == "icp");
        let shown = icp().map(|f| if f.well_formed { f.value.clone() } else { format!("{}（格式不符）", f.value) });
        self.icp = Some(each(shown));
        let owned = || found.filings.iter().filter_map(|f| Some((f, f.owner.as_ref()?)));
        if owned().next().is_some() {
            self.icp_holder = Some(each(owned().map(|(_, (domain, owner))| format!("{owner}（{domain}）"))));
            let code = |f: &crate::model::filing::FilingCheck| {
                f.division.clone().or_else(|| Some(format!("{:02}0000 {}", f.province?, province_name(f.province?)?)))
            };
            self.icp_division = Some(each(owned().filter_map(|(f, _)| code(f))));
        } else if found.filings.is_empty() {
            (self.icp_holder, self.icp_division) = (Some(String::new()), Some(String::new()));
        }
    }
}

/// Division code and name, country, or why neither can be said. `None`: no table was asked.
fn place(found: &Attribution) -> Option<String> {
    let hosting = &found.hosting;
    if let Some(front) = hosting.hidden_by() {
        return Some(format!("未知（在 {} 之后）", front.vendor));
    }
    if let Some((province, city)) = hosting.placed.iter().find_map(|p| p.mainland()) {
        let code = province_in(province).map(|c| format!("{c:02}0000 ")).unwrap_or_default();
        return Some(format!("{code}{province}{}", city.unwrap_or_default()));
    }
    if let Some(country) = hosting.country() {
        return Some(country);
    }
    if let Some(differs) = hosting.placed.iter().find_map(|p| p.disagreement()) {
        return Some(differs.zh);
    }
    None
}
