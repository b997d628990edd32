//! What happens to leads on paper: letters that went out, the receiver's receipt and feedback, the typed rows of the monthly form, its
//! frozen versions. Each is a journal line; nothing here is ever changed, a correction is a new line.

use super::digest::Sha256;
use super::lead::LeadId;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Most leads of one letter. More would not fit a journal line, and nobody would read the letter.
pub const MAX_LEADS_A_LETTER: usize = 1_000;

/// A letter as it went out, with the sealed package it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Number of the letter (移送文号).
    pub number: String,
    /// Receiving unit.
    pub to: String,
    /// Which leads, in the order of the letter.
    pub leads: Vec<LeadId>,
    /// Name of the package, `YS-20260131-7F3A9C`: folder below `referrals/` of the data folder, and file name.
    pub package: String,
    /// SHA-256 of the sealed package, as printed on the letter.
    pub sha256: Sha256,
    /// Its size.
    pub bytes: u64,
}

/// The receiver's receipt (回执).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Number that the receiver gave (受案号, 接收回执号).
    pub number: String,
    /// Who received it: the unit.
    pub unit: String,
    /// Who signed; empty where nobody is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signed_by: String,
    /// Day until which an answer was promised, `2026-02-15`; empty where none was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer_by: String,
    /// When it was received.
    pub on: Timestamp,
}

/// What the receiver tells of a letter, or of one lead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// 受理.
    Accepted,
    /// 立案.
    CaseOpened,
    /// 不予立案.
    NoCase,
    /// 查处非法违法窝点, in places.
    Den,
    /// 移送（处理）人数, in persons.
    Persons,
    /// 封堵: taken down by the receiver or at its word.
    Blocked,
    /// A company that gave illegal technical service, after notice; named in the note.
    Service,
}

impl Told {
    /// All, in the order above.
    pub const ALL: [Self; 7] = [Self::Accepted, Self::CaseOpened, Self::NoCase, Self::Den, Self::Persons, Self::Blocked, Self::Service];
    /// The word on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::CaseOpened => "case_opened",
            Self::NoCase => "no_case",
            Self::Den => "den",
            Self::Persons => "persons",
            Self::Blocked => "blocked",
            Self::Service => "service",
        }
    }
    /// The word of the trade.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Accepted => "受理",
            Self::CaseOpened => "立案",
            Self::NoCase => "不予立案",
            Self::Den => "查处窝点",
            Self::Persons => "移送人数",
            Self::Blocked => "封堵",
            Self::Service => "非法提供技术服务",
        }
    }
}

/// One piece of feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// What.
    pub told: Told,
    /// How many (cases, places, persons, sites); 1 where only the fact is told.
    pub count: u32,
    /// Which lead of the letter; `None`: the letter as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<LeadId>,
    /// In the receiver's words: case number, place, company.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The day it happened, which is what the monthly form counts by.
    pub on: Timestamp,
}

/// One figure of a frozen form, as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Id of the row.
    pub row: String,
    /// 本月.
    pub month: String,
    /// 累计; empty for text rows.
    pub total: String,
}

/// A version of the monthly form that was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// `2026-01`.
    pub month: String,
    /// 1 for the first.
    pub version: u32,
    /// All rows, in their order.
    pub figures: Vec<Figure>,
    /// SHA-256 of the version's JSON file, which also names the leads behind each figure.
    pub sha256: Sha256,
    /// Why there is another version; empty for the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// One line of the journal that is about paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "paper", rename_all = "snake_case")]
pub enum PaperMove {
    /// The letter went out; every lead of it takes the move `refer`.
    Sent(Letter),
    /// The receiver's receipt.
    Receipt {
        /// Letter number.
        letter: String,
        /// The receipt.
        receipt: Receipt,
    },
    /// The receiver's feedback.
    Feedback {
        /// Letter number.
        letter: String,
        /// What was told.
        feedback: Feedback,
    },
    /// A row of the monthly form that a person typed. Empty takes it back.
    Typed {
        /// `2026-01`.
        month: String,
        /// Id of the row.
        row: String,
        /// As it will stand.
        value: String,
    },
    /// A version of the monthly form was frozen.
    Frozen(Frozen),
    /// A frozen version was handed in.
    HandedIn {
        /// `2026-01`.
        month: String,
        /// Which version.
        version: u32,
    },
}

impl PaperMove {
    /// Letter number, or month, that it is about.
    pub fn on(&self) -> &str {
        match self {
            Self::Sent(letter) => &letter.number,
            Self::Receipt { letter, .. } | Self::Feedback { letter, .. } => letter,
            Self::Typed { month, .. } | Self::HandedIn { month, .. } => month,
            Self::Frozen(frozen) => &frozen.month,
        }
    }
    /// The reader's word.
    pub fn zh(&self) -> &'static str {
        match self {
            Self::Sent(_) => "移送函发出",
            Self::Receipt { .. } => "收到回执",
            Self::Feedback { .. } => "收到反馈",
            Self::Typed { .. } => "填报月报项",
            Self::Frozen(_) => "月报定稿",
            Self::HandedIn { .. } => "月报报送",
        }
    }
}

/// A letter with all that came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterFile {
    /// As it went out.
    pub letter: Letter,
    /// When.
    pub at: Timestamp,
    /// Who sent it.
    pub by: String,
    /// Receipts, oldest first.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
    /// Feedback, oldest first.
    #[serde(default)]
    pub feedback: Vec<Feedback>,
}

/// A frozen version as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenFile {
    /// The version.
    pub frozen: Frozen,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// When it was handed in. `None`: not yet.
    pub handed_in: Option<Timestamp>,
}
