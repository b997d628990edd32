//! A lead: one host under review, with its state and history. The moves are those of the design's section 8.

use super::assessment::{Assessment, Verdict};
use super::candidate::Candidate;
use super::digest::Sha256;
use super::host::Host;
use super::resolution::Resolution;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Names a lead for ever: `XS-` and ten base-32 digits made from host and site, so that a rebuilt store gives the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LeadId(pub String);

impl LeadId {
    /// The id of the lead on `host` against `site`.
    pub fn of(host: &Host, site: &str) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let hash = Sha256::of(format!("{site}\n{host}").as_bytes());
        let bits = hash.as_bytes().iter().take(7).fold(0u64, |acc, b| (acc << 8) | u64::from(*b));
        let text: String = (0..10).map(|i| char::from(DIGITS[((bits >> (51 - 5 * i)) & 31) as usize])).collect();
        Self(format!("XS-{text}"))
    }
}

impl std::fmt::Display for LeadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a lead stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 待审.
    New,
    /// 审核中.
    InReview,
    /// 初审通过.
    Confirmed,
    /// 复审通过.
    Approved,
    /// 已移送.
    Referred,
    /// 已封堵.
    Blocked,
    /// 仍在线.
    StillUp,
    /// 已转移.
    Moved,
    /// 误报.
    Dismissed,
    /// 重新打开.
    Reopened,
}

impl State {
    /// All, in the order of a lead's life.
    pub const ALL: [Self; 10] = [
        Self::New,
        Self::InReview,
        Self::Confirmed,
        Self::Approved,
        Self::Referred,
        Self::Blocked,
        Self::StillUp,
        Self::Moved,
        Self::Dismissed,
        Self::Reopened,
    ];
    /// The word in JSON and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InReview => "in_review",
            Self::Confirmed => "confirmed",
            Self::Approved => "approved",
            Self::Referred => "referred",
            Self::Blocked => "blocked",
            Self::StillUp => "still_up",
            Self::Moved => "moved",
            Self::Dismissed => "dismissed",
            Self::Reopened => "reopened",
        }
    }
    /// The analyst's word.
    pub fn zh(self) -> &'static str {
        match self {
            Self::New => "待审",
            Self::InReview => "审核中",
            Self::Confirmed => "初审通过",
            Self::Approved => "复审通过",
            Self::Referred => "已移送",
            Self::Blocked => "已封堵",
            Self::StillUp => "仍在线",
            Self::Moved => "已转移",
            Self::Dismissed => "误报",
            Self::Reopened => "重新打开",
        }
    }
}

/// A person's decision on a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum Move {
    /// Take it for review.
    Claim,
    /// First person says: this is one.
    Confirm,
    /// Second person agrees. Refused for the person who confirmed.
    Approve,
    /// Handed over.
    Refer {
        /// Letter number (移送文号).
        letter: String,
    },
    /// Seen down, over several re-checks.
    Block,
    /// Seen up after referral.
    StillUp,
    /// Seen on another host.
    MovedTo {
        /// The other host.
        host: String,
    },
    /// Not one.
    Dismiss {
        /// Needed.
        reason: String,
    },
    /// Back for review.
    Reopen {
        /// Needed: what changed.
        reason: String,
    },
}

/// Why a move is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// Not from that state.
    #[error("a lead that is {from} cannot take the move {what}", from = .from.word())]
    NotFrom {
        /// Where it stands.
        from: State,
        /// The move's word.
        what: &'static str,
    },
    /// The same person twice.
    #[error("{who} confirmed this lead; a second person must approve it")]
    SamePerson {
        /// Who tried.
        who: String,
    },
    /// Nothing was said.
    #[error("the move {what} needs a reason")]
    NoReason {
        /// The move's word.
        what: &'static str,
    },
}

impl Move {
    /// The word in the journal.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Confirm => "confirm",
            Self::Approve => "approve",
            Self::Refer { .. } => "refer",
            Self::Block => "block",
            Self::StillUp => "still_up",
            Self::MovedTo { .. } => "moved_to",
            Self::Dismiss { .. } => "dismiss",
            Self::Reopen { .. } => "reopen",
        }
    }
}

/// One line of a lead's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub what: Move,
}

/// A package that belongs to a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageRef {
    /// `EV-20260103T021455Z-7f3a9c01`.
    pub id: String,
    /// Folder below the evidence folder, forward slashes.
    pub path: String,
    /// SHA-256 of its `manifest.json`.
    pub manifest_sha256: Sha256,
    /// SM3 of its `manifest.json`.
    pub manifest_sm3: super::digest::Sm3,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// The visit's outcome word.
    pub outcome: String,
}

/// One host under review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Its name.
    pub id: LeadId,
    /// Why we came, and the sources that saw it.
    pub candidate: Candidate,
    /// Final address of the visit that made it a lead.
    pub url: String,
    /// Title of that page.
    pub title: String,
    /// The latest assessment of a captured page.
    pub assessment: Assessment,
    /// Latest DNS facts.
    pub resolution: Option<Resolution>,
    /// Where it stands.
    pub state: State,
    /// Who holds it in review.
    pub holder: Option<String>,
    /// All decisions, oldest first.
    pub history: Vec<Step>,
    /// Packages, oldest first.
    pub packages: Vec<PackageRef>,
    /// When it became a lead.
    pub opened_at: Timestamp,
}

impl Lead {
    /// Class of the latest assessment.
    pub fn class(&self) -> Verdict {
        self.assessment.class
    }
    /// Applies one decision, or says why not. Changes nothing when refused.
    ///
    /// # Errors
    /// [`IllegalMove`]: wrong state, the confirming person approving, or a missing reason.
    pub fn apply(&mut self, step: Step) -> Result<(), IllegalMove> {
        use State as S;
        let what = step.what.word();
        let refused = Err(IllegalMove::NotFrom { from: self.state, what });
        let next = match (&step.what, self.state) {
            (Move::Claim, S::New | S::Reopened | S::InReview) => S::InReview,
            (Move::Confirm, S::InReview) => S::Confirmed,
            (Move::Approve, S::Confirmed) => S::Approved,
            (Move::Refer { .. }, S::Approved) => S::Referred,
            (Move::Block, S::Referred | S::StillUp | S::Moved) => S::Blocked,
            (Move::StillUp, S::Referred | S::Blocked | S::Moved) => S::StillUp,
            (Move::MovedTo { .. }, S::Referred | S::StillUp | S::Blocked) => S::Moved,
            (Move::Dismiss { .. }, from) if from != S::Dismissed => S::Dismissed,
            (Move::Reopen { .. }, S::Dismissed | S::Blocked) => S::Reopened,
            _ => return refused,
        };
        match &step.what {
            Move::Dismiss { reason } | Move::Reopen { reason } if reason.trim().is_empty() => return Err(IllegalMove::NoReason { what }),
            Move::Refer { letter } if letter.trim().is_empty() => return Err(IllegalMove::NoReason { what }),
            Move::Approve => {
                let confirmed = self.history.iter().rev().find(|s| s.what == Move::Confirm);
                if confirmed.is_some_and(|s| s.by == step.by) {
                    return Err(IllegalMove::SamePerson { who: step.by });
                }
            }
            _ => {}
        }
        self.holder = (next == S::InReview).then(|| step.by.clone());
        self.state = next;
        self.history.push(step);
        Ok(())
    }
}
