//! All that a file which leaves the unit is made from, and one lead of it with everything that belongs to it.

use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId, Move};
use crate::model::referral::LetterFile;
use crate::referral::Export;
use crate::referral::cell::{Cell, defang};
use crate::referral::facts::{Cluster, LeadFacts};
use crate::referral::mask::Audience;
use crate::referral::platforms::Platforms;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The unit as it signs reports: what desks outside ask for. Empty parts stand as blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reporter {
    /// The unit.
    pub organisation: String,
    /// Who is asked back.
    pub person: String,
    /// Telephone.
    pub phone: String,
    /// Mail address for answers; X-ARF needs one.
    pub mail: String,
    /// The unit's own domain; X-ARF needs one.
    pub domain: String,
}

/// Traffic light of a shared file (FIRST TLP 2.0; `white` is TLP 1's word for clear).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tlp {
    /// Anybody.
    Clear,
    /// The community.
    Green,
    /// The receiver's organisation and those it must tell.
    #[default]
    Amber,
    /// The named receivers alone.
    Red,
}

impl Tlp {
    /// `clear`, `green`, `amber`, `red`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

/// Everything that an outgoing file is made from.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// Leads, language, time, unit.
    pub list: Export<'a>,
    /// Who will read it.
    pub audience: Audience,
    /// Letters with receipts and feedback.
    pub letters: &'a [LetterFile],
    /// Attribution and certificate facts, where somebody brought them.
    pub facts: &'a BTreeMap<LeadId, LeadFacts>,
    /// Clusters, where somebody brought them.
    pub clusters: &'a [Cluster],
    /// Who reports.
    pub reporter: &'a Reporter,
    /// Full names of the protected sites by id.
    pub sites: &'a BTreeMap<String, String>,
    /// Hosts that many share; without them no block list is written.
    pub platforms: Option<&'a Platforms>,
    /// How far it may go.
    pub tlp: Tlp,
}

static NO_FACTS: BTreeMap<LeadId, LeadFacts> = BTreeMap::new();
static NO_SITES: BTreeMap<String, String> = BTreeMap::new();
static NO_REPORTER: Reporter =
    Reporter { organisation: String::new(), person: String::new(), phone: String::new(), mail: String::new(), domain: String::new() };

impl<'a> Outgoing<'a> {
    /// The leads alone, for readers outside the police.
    pub fn bare(list: Export<'a>) -> Self {
        Self {
            list,
            audience: Audience::Partner,
            letters: &[],
            facts: &NO_FACTS,
            clusters: &[],
            reporter: &NO_REPORTER,
            sites: &NO_SITES,
            platforms: None,
            tlp: Tlp::Amber,
        }
    }
    /// All leads with what belongs to them.
    pub(super) fn rows(&'a self) -> impl Iterator<Item = Row<'a>> + 'a {
        let letters: HashMap<&str, &LetterFile> = self.letters.iter().map(|l| (l.letter.number.as_str(), l)).collect();
        let clusters: HashMap<&LeadId, &Cluster> = self.clusters.iter().flat_map(|c| c.leads.iter().map(move |l| (l, c))).collect();
        self.list.leads.iter().map(move |lead| {
            let sent = |m: &'a Move| if let Move::Refer { letter } = m { Some(letter.as_str()) } else { None };
            let number = lead.standing().into_iter().rev().find_map(|s| sent(&s.what));
            Row {
                out: self,
                lead,
                facts: self.facts.get(&lead.id),
                letter: number.and_then(|n| letters.get(n).copied()),
                cluster: clusters.get(&lead.id).copied(),
            }
        })
    }
    /// Full name of a protected site, else its id.
    pub(super) fn site_name<'b>(&'b self, id: &'b str) -> &'b str {
        self.sites.get(id).map_or(id, String::as_str)
    }
}

/// One lead of an outgoing file.
pub(super) struct Row<'a> {
    pub(super) out: &'a Outgoing<'a>,
    pub(super) lead: &'a Lead,
    pub(super) facts: Option<&'a LeadFacts>,
    pub(super) letter: Option<&'a LetterFile>,
    pub(super) cluster: Option<&'a Cluster>,
}

impl<'a> Row<'a> {
    /// Id of the protected site.
    pub(super) fn target(&self) -> &str {
        self.site()
    }
    /// The same, for as long as the lead lives.
    pub(super) fn site(&self) -> &'a str {
        if self.lead.assessment.site.is_empty() { &self.lead.candidate.site } else { &self.lead.assessment.site }
    }
    /// Text for people: masked as the audience asks, nothing live.
    pub(super) fn plain(&self, text: &str) -> String {
        defang(&self.out.audience.shows(text))
    }
    /// The same as a cell.
    pub(super) fn say(&self, text: &str) -> Cell {
        Cell::text(self.plain(text))
    }
    /// An address for people.
    pub(super) fn address(&self, url: &str) -> Cell {
        Cell::text(defang(&self.out.audience.address(url)))
    }
    /// The address for programs.
    pub(super) fn url(&self) -> String {
        let url = self.out.audience.address(&self.lead.url);
        url::Url::parse(&url).map_or(url, String::from)
    }
    /// A looked-up fact: its text, `无` where it was looked up and there is none, `未查` where nobody looked.
    pub(super) fn looked(&self, fact: Option<String>) -> Cell {
        let lang = self.out.list.lang;
        match fact {
            None => Cell::text(not_looked(lang)),
            Some(text) if text.is_empty() => Cell::text(lang.pick("无", "none")),
            Some(text) => self.say(&text),
        }
    }
}

/// What stands where nobody looked.
pub(super) fn not_looked(lang: Lang) -> &'static str {
    lang.pick("未查", "not looked up")
}
