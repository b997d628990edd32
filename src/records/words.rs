//! What goes into records and comes out: a source's run, a visit, a filter, what is due, totals.

use crate::model::assessment::{Assessment, Verdict};
use crate::model::attribution::Attribution;
use crate::model::candidate::Candidate;
use crate::model::host::Host;
use crate::model::indicator::Marks;
use crate::model::lead::{PackageRef, State};
use crate::model::resolution::Resolution;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// What the page carries that ties it to others.
    #[serde(default)]
    pub marks: Marks,
    /// Whose the host is. `None`: not looked at.
    #[serde(default)]
    pub attribution: Option<Box<Attribution>>,
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

impl Due {
    /// The host it is about.
    pub fn host(&self) -> &Host {
        match self {
            Self::Resolve(candidate) | Self::Visit(candidate, _) => &candidate.host,
        }
    }
}

/// When a host is looked at next. `None` in `at`: only when something new is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The next stage is a visit (else a resolution).
    pub visit: bool,
    /// When.
    pub at: Option<Timestamp>,
}

/// Totals of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
