//! What is known of a lead besides its record: from the dossier of its latest package, and from whoever looks up registration, hosting and clusters.
//! `None` everywhere means that nobody looked, and the list says so.

use crate::model::attribution::{Attribution, Provider};
use crate::model::capture::CertificateFacts;
use crate::model::digest::Sha256;
use crate::model::dossier::{Dossier, Tie};
use crate::model::hosting::Said;
use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Filing number that the page shows, as the register has it.
    pub icp: Option<String>,
    /// Holder of that number.
    pub icp_holder: Option<String>,
    /// Division code of the holder.
    pub icp_division: Option<String>,
    /// Certificate of the connection that carried the page.
    pub certificate: Option<CertificateFacts>,
    /// The page came by plain http: there is no certificate.
    pub plain_http: bool,
    /// Name of the cluster.
    pub cluster: Option<String>,
    /// What it shares with confirmed leads.
    pub ties: Option<Vec<Tie>>,
    /// Time-stamps of its latest package.
    pub stamps: Option<Vec<Stamp>>,
    /// Who serves it, each to be confirmed by a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<Provider>,
}

/// A time-stamp response beside a manifest (RFC 3161).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// File of the package.
    pub file: String,
    /// The whole TimeStampResp, base64.
    pub response: String,
    /// Time that the authority says; `None`: not read.
    pub at: Option<Timestamp>,
}

/// Leads that share an operator or kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub id: String,
    /// `kit`, `host`, `contact`.
    pub kind: String,
    /// What ties it together, in words.
    pub ties: Vec<String>,
    /// Its leads.
    pub leads: Vec<LeadId>,
}

impl LeadFacts {
    /// What the dossier of a package tells.
    pub fn of(dossier: &Dossier) -> Self {
        let facts = &dossier.facts;
        let filing = facts.filings.iter().flatten().find(|f| f.kind == "icp");
        let hop = dossier.plain_capture().and_then(|c| c.hops.last());
        let looked = facts.attribution.as_deref().map(Self::attributed).unwrap_or_default();
        Self {
            server_place: facts.hosted_in.clone().or(looked.server_place),
            registered: facts.registered,
            icp: filing.map(|f| f.value.clone()),
            icp_holder: filing.map(|f| f.owner.clone()),
            certificate: hop.and_then(|h| h.tls.as_ref()).and_then(|t| t.leaf.clone()),
            plain_http: hop.is_some_and(|h| h.tls.is_none()),
            ties: facts.ties.clone(),
            ..looked
        }
    }
    /// What attribution found. A part that nobody answered stays `None`; one that was answered with nothing is empty.
    fn attributed(found: &Attribution) -> Self {
        let hosting = &found.hosting;
        let hidden = hosting.hidden_by().map(|f| f.vendor.clone());
        let networks: Vec<&Said> = hosting.placed.iter().flat_map(|p| &p.said).filter(|s| s.asn.is_some()).collect();
        let providers = found.providers();
        let one = |role: &str| providers.iter().find(|p| p.role == role).map(|p| p.name.clone());
        let answered = found.registration.as_ref().filter(|r| r.registered == Some(true));
        // A person's mail address does not leave as it stands; its hash still shows who registered several.
        let hashed = |mail: &String| format!("SHA-256 {}", &Sha256::of(mail.as_bytes()).hex()[..16]);
        Self {
            asn: networks.first().and_then(|s| s.asn).map(|n| format!("AS{n}")),
            server_place: hosting
                .placed
                .iter()
                .filter(|_| hidden.is_none())
                .find_map(|p| p.mainland())
                .map(|(p, c)| format!("{p}{}", c.unwrap_or_default())),
            hosting: one("hosting"),
            cdn: (!hosting.placed.is_empty()).then(|| hidden.unwrap_or_default()),
            registrar: answered.map(|r| r.registrar.clone().unwrap_or_default()),
            registrant: answered.map(|r| r.registrant.clone().or_else(|| r.registrant_email.as_ref().map(hashed)).unwrap_or_default()),
            providers,
            ..Self::default()
        }
    }
}
