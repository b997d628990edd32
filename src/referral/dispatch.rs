//! A referral as it is made: everything that its letter and sealed package are made from, kept as `referral.json`, so that both can be made
//! again years later with the same bytes.

use crate::model::digest::{Sha256, Sm3};
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId};
use crate::model::time::Timestamp;
use crate::referral::Export;
use crate::referral::facts::{Cluster, LeadFacts};
use crate::referral::mask::Audience;
use crate::referral::outgoing::{Outgoing, Reporter, Tlp};
use crate::referral::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One evidence package that goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Whose.
    pub lead: LeadId,
    /// `EV-…`; its folder below `evidence/` of the sealed package.
    pub id: String,
    /// Folder below the evidence folder.
    pub path: String,
    /// Files of the folder, relative, sorted.
    pub files: Vec<String>,
    /// Bytes of all of them.
    pub bytes: u64,
    /// SHA-256 of its manifest.
    pub manifest_sha256: Sha256,
    /// SM3 of its manifest.
    pub manifest_sm3: Sm3,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// Time-stamps among its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stamps: Vec<ExhibitStamp>,
}

/// A time-stamp of an evidence package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExhibitStamp {
    /// File of the package.
    pub file: String,
    /// The authority's time; `None`: not readable, or not over this package.
    pub at: Option<Timestamp>,
}

/// All input of a letter and its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// `referral/1`.
    pub schema: String,
    /// Number of the letter.
    pub number: String,
    /// Receiving unit.
    pub to: String,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub by: String,
    /// The sending unit and whom to ask back.
    pub reporter: Reporter,
    /// Officers who sign, at most two are printed; blanks where there are fewer.
    pub officers: Vec<String>,
    /// Secrecy and urgency, empty by default.
    pub marking: String,
    /// How the leads were found, beyond what is known; empty: the sentence made from the sources.
    pub found: String,
    /// What was done so far; empty: the plain truth that evidence was kept.
    pub measures: String,
    /// Suggested jurisdiction; empty: the sentence made from the facts.
    pub jurisdiction: String,
    /// SHA-256 of the unit's own template; `None`: the shipped one.
    pub template_sha256: Option<Sha256>,
    /// The leads as they stood.
    pub leads: Vec<Lead>,
    /// What was known besides.
    pub facts: BTreeMap<LeadId, LeadFacts>,
    /// Clusters among them.
    pub clusters: Vec<Cluster>,
    /// Names of the protected sites.
    pub sites: BTreeMap<String, String>,
    /// Evidence that goes along.
    pub exhibits: Vec<Exhibit>,
}

impl Dispatch {
    /// Name of the package: day and six digits from letter number and leads, ASCII, so that no system mangles it.
    pub fn package(&self) -> String {
        let ids: Vec<&str> = self.leads.iter().map(|l| l.id.0.as_str()).collect();
        let hash = Sha256::of(format!("{}\n{}", self.number, ids.join("\n")).as_bytes()).hex();
        format!("YS-{}-{}", self.at.beijing()[..10].replace('-', ""), hash[..6].to_uppercase())
    }
    /// Number of the letter as printed.
    pub fn printed_number(&self) -> String {
        words::letter_number(&self.number)
    }
    /// The list inside the package: for the police, whole.
    pub(super) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            list: Export { leads: &self.leads, lang: Lang::Zh, now: self.at, organisation: &self.reporter.organisation },
            audience: Audience::Police,
            letters: &[],
            facts: &self.facts,
            clusters: &self.clusters,
            reporter: &self.reporter,
            sites: &self.sites,
            platforms: None,
            tlp: Tlp::Red,
        }
    }
    /// As it is kept.
    pub fn json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data becomes JSON");
        bytes.push(b'\n');
        bytes
    }
    /// Reads it back. `None`: not a referral of this program.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|d| d.schema == SCHEMA)
    }
}

/// Schema of `referral.json`.
pub const SCHEMA: &str = "referral/1";
