//! Duties: what a person with an account may decide, and the journal as a table for whoever audits it.
//! The role is looked up here and not believed: a page that forgot to hide a button decides nothing.

use crate::model::cluster::ClusterMove;
use crate::model::lead::{Lead, LeadId, Move, State};
use crate::model::time::Timestamp;
use crate::records::account::Role;
use crate::records::journal::{Entry, Said};
use crate::records::{JournalCheck, Records, RecordsError, held};

/// Longest detail of an audit line, in characters.
const DETAIL_CHARS: usize = 300;

/// One journal line as a table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Number of the line's decision.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Lead, host or account.
    pub on: String,
    /// The move's word.
    pub word: String,
    /// The same in Chinese.
    pub zh: &'static str,
    /// Reason, letter, note, role; cut to 300 characters.
    pub detail: String,
    /// SHA-256 of the line.
    pub hash: String,
}

/// Which lines. Empty parts do not filter.
#[derive(Clone, Debug, Default)]
pub struct AuditAsk {
    /// By this person.
    pub by: Option<String>,
    /// On this lead, host or account.
    pub on: Option<String>,
    /// Of this move.
    pub word: Option<String>,
    /// At or after.
    pub since: Option<Timestamp>,
}

/// May this role make this move?
pub fn may(role: Role, what: &Move) -> bool {
    match what {
        Move::Approve | Move::Refer { .. } | Move::Block | Move::StillUp | Move::MovedTo { .. } => role == Role::Approver,
        _ => matches!(role, Role::Analyst | Role::Approver),
    }
}

impl Records {
    /// As [`Records::decide`], for a person with an account: refused where the account is closed or its role does not allow the move.
    /// A confirmation of a lead that nobody holds claims it first: two journal lines.
    ///
    /// # Errors
    /// [`RecordsError::Person`], and those of [`Records::decide`].
    pub fn decide_by(&self, id: &LeadId, what: Move, person: &str, now: Timestamp) -> Result<Lead, RecordsError> {
        let account = self.person(person).filter(|p| !p.disabled);
        let account = account.ok_or_else(|| RecordsError::person(person, "there is no open account of this name"))?;
        if !may(account.role, &what) {
            return Err(RecordsError::person(person, "the account's role does not allow this move"));
        }
        if what == Move::Confirm {
            let lead = self.lead(id)?.ok_or_else(|| RecordsError::NoLead(id.clone()))?;
            let free = matches!(lead.state, State::New | State::Reopened);
            let lapsed = lead.state == State::InReview && lead.held_until().is_none_or(|until| until <= now);
            if free || (lapsed && lead.holder.as_deref() != Some(person)) {
                self.decide(id, Move::Claim, person, now)?;
            }
        }
        self.decide(id, what, person, now)
    }
    /// As [`Records::arrange`], for a person with an account: refused where the account is closed or does not review leads.
    ///
    /// # Errors
    /// [`RecordsError::Person`], and those of [`Records::arrange`].
    pub fn arrange_by(&self, what: &ClusterMove, person: &str, now: Timestamp) -> Result<(), RecordsError> {
        let account = self.person(person).filter(|p| !p.disabled);
        let account = account.ok_or_else(|| RecordsError::person(person, "there is no open account of this name"))?;
        if !matches!(account.role, Role::Analyst | Role::Approver) {
            return Err(RecordsError::person(person, "the account's role does not allow this move"));
        }
        self.arrange(what, person, now)
    }
    /// The journal's lines that pass, newest first, and the state of its chain. Reads the file.
    ///
    /// # Errors
    /// [`RecordsError::Store`] where the file cannot be read.
    pub fn audit(&self, ask: &AuditAsk) -> Result<(Vec<AuditLine>, JournalCheck), RecordsError> {
        let reading = held(&self.journal).read()?;
        let check = self.judge(&reading);
        let lines = reading.entries.iter().rev().map(|(entry, hash)| line(entry, hash.hex()));
        let eq = |want: &Option<String>, is: &str| want.as_ref().is_none_or(|w| w == is);
        let lines = lines.filter(|l| eq(&ask.by, &l.by) && eq(&ask.on, &l.on) && eq(&ask.word, &l.word));
        Ok((lines.filter(|l| ask.since.is_none_or(|at| l.at >= at)).collect(), check))
    }
}

fn line(entry: &Entry, hash: String) -> AuditLine {
    let (on, zh) = match &entry.what {
        Said::Clusters(what) => (what.host().to_string(), what.zh()),
        Said::Paper(what) => (what.on().to_owned(), what.zh()),
        Said::Lead { lead, what } => (lead.to_string(), what.zh()),
        Said::Host(crate::model::allow::AllowMove::Allow { host, .. }) => (host.to_string(), "列入允许名单"),
        Said::Host(what) => (what.host().to_string(), "移出允许名单"),
        Said::Person { person, what } => (person.clone(), what.zh()),
    };
    // The words of a line stand in its own JSON: one place fewer that a new move can forget.
    let value = serde_json::to_value(entry).unwrap_or_default();
    let word = value["move"].as_str().or(value["paper"].as_str()).unwrap_or_default().to_owned();
    let outer = ["seq", "at", "by", "prev", "lead", "person", "move", "paper", "host"];
    let told =
        value.as_object().into_iter().flatten().filter(|(k, _)| !outer.contains(&k.as_str()) || (*k == "host" && word == "moved_to"));
    let told: Vec<String> = told.map(|(_, v)| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    let detail = told.join(" · ").chars().take(DETAIL_CHARS).collect();
    AuditLine { seq: entry.seq, at: entry.at, by: entry.by.clone(), on, word, zh, detail, hash }
}
