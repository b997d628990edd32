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
    /// Given back unreviewed, to the state before it was claimed.
    Release,
    /// One's own last decision taken back, within [`UNDO_MS`]. The step taken back stays in the history.
    Undo,
    /// A remark; moves nothing.
    Note {
        /// Needed.
        text: String,
    },
    /// Personal numbers on the captured page were looked at unmasked; moves nothing.
    Unmask {
        /// Which package.
        package: String,
    },
    /// To be visited and kept again now, out of its turn; moves nothing.
    Recapture,
}

/// How long a claim keeps others away, in milliseconds. A new claim by the same person begins it again.
pub const CLAIM_MS: i64 = 15 * 60 * 1000;
/// How long one may take one's own decision back, in milliseconds.
pub const UNDO_MS: i64 = 30 * 1000;
/// Longest reason, note or letter number, in characters.
pub const MAX_WORDS: usize = 4000;

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
    /// Too much was said.
    #[error("the words of the move {what} are too long; {MAX_WORDS} characters are kept")]
    TooLong {
        /// The move's word.
        what: &'static str,
    },
    /// Somebody else has it.
    #[error("{who} holds this lead until {until}; ask them, or wait")]
    Held {
        /// Who.
        who: String,
        /// When the claim lapses.
        until: Timestamp,
    },
    /// Not one's own last decision, too long ago, or one that has left the house.
    #[error("there is nothing to take back: only one's own last decision, within 30 seconds")]
    NothingToUndo,
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
            Self::Release => "release",
            Self::Undo => "undo",
            Self::Note { .. } => "note",
            Self::Unmask { .. } => "unmask",
            Self::Recapture => "recapture",
        }
    }
    /// The analyst's word.
    pub fn zh(&self) -> &'static str {
        match self {
            Self::Claim => "认领",
            Self::Confirm => "初审通过",
            Self::Approve => "复审通过",
            Self::Refer { .. } => "移送",
            Self::Block => "登记已封堵",
            Self::StillUp => "登记仍在线",
            Self::MovedTo { .. } => "登记已转移",
            Self::Dismiss { .. } => "判为误报",
            Self::Reopen { .. } => "重新打开",
            Self::Release => "放弃认领",
            Self::Undo => "撤销",
            Self::Note { .. } => "备注",
            Self::Unmask { .. } => "查看未脱敏内容",
            Self::Recapture => "要求重新固定",
        }
    }
    /// What was said with it: reason, letter number, host, note, package.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Refer { letter: said }
            | Self::MovedTo { host: said }
            | Self::Dismiss { reason: said }
            | Self::Reopen { reason: said }
            | Self::Note { text: said }
            | Self::Unmask { package: said } => Some(said),
            _ => None,
        }
    }
    /// Does it leave the state as it is?
    fn is_remark(&self) -> bool {
        matches!(self, Self::Note { .. } | Self::Unmask { .. } | Self::Recapture)
    }
    /// May it be taken back? What left the house, and what the network showed, may not.
    fn is_undoable(&self) -> bool {
        matches!(self, Self::Claim | Self::Confirm | Self::Approve | Self::Dismiss { .. } | Self::Reopen { .. } | Self::Release)
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
    /// Applies one decision, or says why not. Changes nothing when refused. The step's own time is the clock: nothing else is asked.
    ///
    /// # Errors
    /// [`IllegalMove`]: wrong state, somebody else's claim, the confirming person approving, or a missing reason.
    pub fn apply(&mut self, step: Step) -> Result<(), IllegalMove> {
        let (state, holder) = self.after(&step)?;
        self.state = state;
        self.holder = holder;
        self.history.push(step);
        Ok(())
    }
    /// Where the lead would stand after `step`, and who would hold it.
    ///
    /// # Errors
    /// As [`Lead::apply`].
    pub fn after(&self, step: &Step) -> Result<(State, Option<String>), IllegalMove> {
        let what = step.what.word();
        if step.what.is_remark() {
            well_said(&step.what)?;
            return Ok((self.state, self.holder.clone()));
        }
        let stood = self.stood();
        if step.what == Move::Undo {
            let last = stood.last().filter(|s| s.step.by == step.by && s.step.what.is_undoable()).ok_or(IllegalMove::NothingToUndo)?;
            let since = step.at.millis().saturating_sub(last.step.at.millis());
            let before = stood.len().checked_sub(2).map(|i| (stood[i].state, stood[i].holder.map(str::to_owned)));
            return if since > UNDO_MS { Err(IllegalMove::NothingToUndo) } else { Ok(before.unwrap_or((State::New, None))) };
        }
        let next = next(self.state, &step.what, &stood).ok_or(IllegalMove::NotFrom { from: self.state, what })?;
        well_said(&step.what)?;
        self.free_for(step)?;
        let confirmed = stood.iter().rev().find(|s| s.step.what == Move::Confirm);
        if step.what == Move::Approve && confirmed.is_some_and(|s| s.step.by == step.by) {
            return Err(IllegalMove::SamePerson { who: step.by.clone() });
        }
        Ok((next, (next == State::InReview).then(|| step.by.clone())))
    }
    /// Until when the present claim keeps others away. `None`: nobody holds it.
    pub fn held_until(&self) -> Option<Timestamp> {
        let holder = self.holder.as_ref()?;
        let claim = self.history.iter().rev().find(|s| s.what == Move::Claim && s.by == *holder)?;
        Some(claim.at.plus_millis(CLAIM_MS))
    }
    /// The decisions that stand: those taken back, takings-back and remarks are left out.
    pub fn standing(&self) -> Vec<&Step> {
        self.stood().into_iter().map(|s| s.step).collect()
    }
    /// Is nobody else's claim in the way of `step`?
    fn free_for(&self, step: &Step) -> Result<(), IllegalMove> {
        match (&self.holder, self.held_until()) {
            (Some(who), Some(until)) if *who != step.by && step.at < until => Err(IllegalMove::Held { who: who.clone(), until }),
            _ => Ok(()),
        }
    }
    /// The history as states: one entry for each decision that stands.
    fn stood(&self) -> Vec<Stood<'_>> {
        let mut stood: Vec<Stood<'_>> = Vec::new();
        for step in &self.history {
            if step.what == Move::Undo {
                stood.pop();
            } else if !step.what.is_remark() {
                let from = stood.last().map_or(State::New, |s| s.state);
                let state = next(from, &step.what, &stood).unwrap_or(from);
                let holder = (state == State::InReview).then_some(step.by.as_str());
                stood.push(Stood { step, state, holder });
            }
        }
        stood
    }
}

/// A decision that stands, and where it brought the lead.
struct Stood<'a> {
    step: &'a Step,
    state: State,
    holder: Option<&'a str>,
}

/// The table of moves. `None`: not from that state.
fn next(from: State, what: &Move, stood: &[Stood<'_>]) -> Option<State> {
    use State as S;
    Some(match (what, from) {
        (Move::Claim, S::New | S::Reopened | S::InReview) => S::InReview,
        (Move::Release, S::InReview) => stood.iter().rev().map(|s| s.state).find(|s| *s != S::InReview).unwrap_or(S::New),
        (Move::Confirm, S::InReview) => S::Confirmed,
        (Move::Approve, S::Confirmed) => S::Approved,
        (Move::Refer { .. }, S::Approved) => S::Referred,
        (Move::Block, S::Referred | S::StillUp | S::Moved) => S::Blocked,
        (Move::StillUp, S::Referred | S::Blocked | S::Moved) => S::StillUp,
        (Move::MovedTo { .. }, S::Referred | S::StillUp | S::Blocked) => S::Moved,
        (Move::Dismiss { .. }, from) if from != S::Dismissed => S::Dismissed,
        (Move::Reopen { .. }, S::Dismissed | S::Blocked) => S::Reopened,
        _ => return None,
    })
}

/// What needs words has some, and not too many.
fn well_said(what: &Move) -> Result<(), IllegalMove> {
    match what.said() {
        Some(said) if said.trim().is_empty() && !matches!(what, Move::MovedTo { .. }) => Err(IllegalMove::NoReason { what: what.word() }),
        Some(said) if said.chars().count() > MAX_WORDS => Err(IllegalMove::TooLong { what: what.word() }),
        _ => Ok(()),
    }
}
