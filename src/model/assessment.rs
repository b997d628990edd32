//! An assessment: three scores, never one mixed number, each with the findings that made it.

use super::lang::Both;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a page may be accused of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 仿冒查询: imitates the official query site.
    FakeQuery,
    /// 售假: offers certificates without examination.
    Seller,
    /// 镜像: copies official text, purpose unknown.
    Mirror,
}

impl Class {
    /// All three, in the order of the contract.
    pub const ALL: [Self; 3] = [Self::FakeQuery, Self::Seller, Self::Mirror];
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::FakeQuery => "fake_query",
            Self::Seller => "seller",
            Self::Mirror => "mirror",
        }
    }
    /// The analyst's word.
    pub fn zh(self) -> &'static str {
        match self {
            Self::FakeQuery => "仿冒查询",
            Self::Seller => "售假",
            Self::Mirror => "镜像",
        }
    }
}

/// The class of the whole page: the highest score at or over its alert line, else `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// See [`Class::FakeQuery`].
    FakeQuery,
    /// See [`Class::Seller`].
    Seller,
    /// See [`Class::Mirror`].
    Mirror,
    /// On the allow-list: an official host at a label boundary. Ends the matter.
    Official,
    /// No score reached its alert line.
    None,
}

impl Verdict {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::None => "none",
            Self::FakeQuery => Class::FakeQuery.word(),
            Self::Seller => Class::Seller.word(),
            Self::Mirror => Class::Mirror.word(),
        }
    }
    /// The analyst's word.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Official => "官方",
            Self::None => "未达预警线",
            Self::FakeQuery => Class::FakeQuery.zh(),
            Self::Seller => Class::Seller.zh(),
            Self::Mirror => Class::Mirror.zh(),
        }
    }
}

impl From<Class> for Verdict {
    fn from(class: Class) -> Self {
        match class {
            Class::FakeQuery => Self::FakeQuery,
            Class::Seller => Self::Seller,
            Class::Mirror => Self::Mirror,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The three scores, each `0..=100`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
    /// 仿冒查询.
    pub fake_query: u8,
    /// 售假.
    pub seller: u8,
    /// 镜像.
    pub mirror: u8,
}

impl Scores {
    /// The score of one class.
    pub fn of(&self, class: Class) -> u8 {
        match class {
            Class::FakeQuery => self.fake_query,
            Class::Seller => self.seller,
            Class::Mirror => self.mirror,
        }
    }
    /// The highest of the three.
    pub fn max(&self) -> u8 {
        self.fake_query.max(self.seller).max(self.mirror)
    }
}

/// Where in the evidence a finding rests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// As it stands on the page, cut to 200 characters.
    pub raw: String,
    /// After normalisation, cut to 200 characters.
    pub normalised: String,
    /// Which part: `text`, `title`, `html`, `form[0]`, `host`, `header`, ...
    pub part: String,
    /// Character offset in that part, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Where in the finding's file of the package: `char=FROM,TO` (RFC 5147) in a text file, a JSON pointer (RFC 6901) in a JSON file.
    /// Empty: nowhere as written (the page shows it by a detour), or the package is older than this.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// One signal that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable id: a code signal (`form_fields`) or a rule's id.
    pub signal: String,
    /// Which score it moves.
    pub class: Class,
    /// Points after caps; negative where it speaks against.
    pub points: i32,
    /// One sentence, both languages.
    pub why: Both,
    /// What it rests on. `None`: on the absence of something.
    pub span: Option<Span>,
    /// File of the package that shows it (`view/text.txt`).
    pub evidence: String,
}

/// Scores and the findings behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Class of the page.
    pub class: Verdict,
    /// Protected site it is held against (its id); empty for none.
    pub site: String,
    /// The three scores.
    pub scores: Scores,
    /// Is any score at or over its review line? Then the host becomes a lead; `class` says whether it also alerts.
    pub review: bool,
    /// Most points first.
    pub findings: Vec<Finding>,
    /// What would have been looked at, had somebody brought it: pictures, registration, ties to confirmed fakes. One sentence each.
    #[serde(default)]
    pub not_looked_at: Vec<Both>,
    /// SHA-256 of all rule texts that were loaded, first 16 hexadecimal digits: which rules said so.
    pub rules: String,
    /// When it was made.
    pub at: Timestamp,
}
