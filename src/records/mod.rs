//! Records: everything that outlives the process, except packages. An index over the journal and the packages, which are the truth.
//! In and out: the product's own operations (fold candidates, due work, finish a visit, leads by filter, decide). No type of the store leaves this room.
//! Never keeps evidence, never calls a clock: `now` is given.

use crate::model::assessment::{Assessment, Verdict};
use crate::model::candidate::Candidate;
use crate::model::host::Host;
use crate::model::lead::{IllegalMove, Lead, LeadId, Move, PackageRef, State};
use crate::model::resolution::Resolution;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Why records could not do it.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// Another process has the folder.
    #[error("{dir}: in use by another jianwei (process {pid}); stop it first, or use another [data] dir")]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Who holds the lock, as the lock file says.
        pid: String,
    },
    /// Written by a newer jianwei.
    #[error("{dir}: written by a newer jianwei (schema {found}, this one knows {known}); use that version")]
    Newer {
        /// The data folder.
        dir: PathBuf,
        /// Schema found.
        found: u32,
        /// Schema known.
        known: u32,
    },
    /// The disk or the store said no.
    #[error("{path}: {why}")]
    Store {
        /// Where.
        path: PathBuf,
        /// What.
        why: String,
    },
    /// No such lead.
    #[error("no lead {0}")]
    NoLead(LeadId),
    /// The move is not allowed.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// What a source's run leaves behind, for `sources` and health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When the run began.
    pub at: Timestamp,
    /// `ok`, `empty`, `blocked`, `failed`.
    pub outcome: String,
    /// Why, where blocked or failed.
    pub why: String,
    /// Names seen.
    pub seen: u64,
    /// Names screened in.
    pub screened_in: u64,
    /// Hosts not known before.
    pub new: u64,
}

/// The result of one visit, ready to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Why we came.
    pub candidate: Candidate,
    /// DNS facts.
    pub resolution: Option<Resolution>,
    /// The outcome's word.
    pub outcome: String,
    /// The outcome in a sentence.
    pub outcome_why: String,
    /// Final URL, or the requested one.
    pub url: String,
    /// Title, where a page came.
    pub title: String,
    /// Scores and findings.
    pub assessment: Assessment,
    /// The sealed package.
    pub package: PackageRef,
}

/// Which leads. Empty parts do not filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these states.
    pub states: Vec<State>,
    /// Any of these classes.
    pub classes: Vec<Verdict>,
    /// This protected site.
    pub site: Option<String>,
    /// Highest score at least this.
    pub min_score: Option<u8>,
    /// Seen by this source.
    pub source: Option<String>,
    /// Opened at or after.
    pub since: Option<Timestamp>,
    /// Part of host, title or URL, any case.
    pub text: Option<String>,
}

/// What is due for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask DNS.
    Resolve(Candidate),
    /// Go and see.
    Visit(Candidate, Option<Resolution>),
}

/// When a host is looked at next. `None` in `at`: only when something new is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The next stage is a visit (else a resolution).
    pub visit: bool,
    /// When.
    pub at: Option<Timestamp>,
}

/// Totals of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Hosts known.
    pub hosts: u64,
    /// Of these, present in DNS at the last look.
    pub present: u64,
    /// Visits made.
    pub visits: u64,
    /// Leads.
    pub leads: u64,
}

/// The open store of one data folder.
pub struct Records {}

impl Records {
    /// Opens (creates, repairs, migrates) the store below `dir`. Holds the folder's lock until dropped.
    /// `rebuild` gives all visits from the packages; it is called only when the store cannot be opened and must be made anew.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn open(_dir: &Path, _rebuild: &dyn Fn() -> Vec<Visit>) -> Result<Self, RecordsError> {
        Ok(Self {})
    }
    /// Makes the store anew from the visits of all packages and the journal.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn rebuild(_dir: &Path, _visits: Vec<Visit>) -> Result<Self, RecordsError> {
        Ok(Self {})
    }
    /// Where a source stopped.
    pub fn cursor(&self, _source: &str) -> Result<Option<String>, RecordsError> {
        Ok(None)
    }
    /// Folds candidates in by host, and stores the cursor and the run, in one transaction. Returns hosts that are new.
    pub fn commit_batch(&self, _source: &str, _candidates: Vec<Candidate>, _cursor: &str, _run: &Run) -> Result<u64, RecordsError> {
        Ok(0)
    }
    /// The last run of every source, by id.
    pub fn runs(&self) -> Result<Vec<(String, Run)>, RecordsError> {
        Ok(Vec::new())
    }
    /// What is due at `now`, oldest first, at most `limit`.
    pub fn due(&self, _now: Timestamp, _limit: usize) -> Result<Vec<Due>, RecordsError> {
        Ok(Vec::new())
    }
    /// Keeps DNS facts and what is due next, in one transaction.
    pub fn finish_resolve(&self, _resolution: &Resolution, _next: Next) -> Result<(), RecordsError> {
        Ok(())
    }
    /// Keeps a visit, opens or renews the lead where the assessment says review, and what is due next, in one transaction.
    /// Returns the lead and whether it is new.
    pub fn finish_visit(&self, _visit: &Visit, _next: Next) -> Result<Option<(Lead, bool)>, RecordsError> {
        Ok(None)
    }
    /// One lead.
    pub fn lead(&self, _id: &LeadId) -> Result<Option<Lead>, RecordsError> {
        Ok(None)
    }
    /// The lead on a host, if any.
    pub fn lead_of(&self, _host: &Host) -> Result<Option<Lead>, RecordsError> {
        Ok(None)
    }
    /// Leads by filter, highest score first, then host.
    pub fn leads(&self, _filter: &Filter) -> Result<Vec<Lead>, RecordsError> {
        Ok(Vec::new())
    }
    /// One person's decision: checked, journalled (fsync), then kept.
    pub fn decide(&self, id: &LeadId, _what: Move, _by: &str, _now: Timestamp) -> Result<Lead, RecordsError> {
        Err(RecordsError::NoLead(id.clone()))
    }
    /// Totals.
    pub fn totals(&self) -> Result<Totals, RecordsError> {
        Ok(Totals::default())
    }
    /// Everything acknowledged so far is on disk when this returns.
    pub fn flush(&self) -> Result<(), RecordsError> {
        Ok(())
    }
}
