//! An account and its words: roles, tokens, saved filters, and what the journal says of it. Plain types; `people` keeps them.

use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 审核员: claims, confirms, dismisses.
    Analyst,
    /// 复核员: the same, and approves what others confirmed, and refers.
    Approver,
    /// 管理员: accounts; looks at everything, decides nothing.
    Admin,
    /// 审计员: looks at everything and at the journal; changes nothing.
    Auditor,
}

impl Role {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Analyst, Self::Approver, Self::Admin, Self::Auditor];
    /// The word on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Approver => "approver",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }
    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Analyst => "审核员",
            Self::Approver => "复核员",
            Self::Admin => "管理员",
            Self::Auditor => "审计员",
        }
    }
    /// By its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

/// A filter kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFilter {
    /// Its name.
    pub name: String,
    /// The queue's query string.
    pub query: String,
}

/// A token for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What it is for.
    pub label: String,
    /// SHA-256 of the token, hexadecimal. The token itself is shown once and kept nowhere.
    pub hash: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// One account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Log-in name: `[a-z0-9][a-z0-9._-]{1,31}`. Stands in the journal, so it is never used again for another person.
    pub name: String,
    /// The person's own name; may be empty.
    pub full_name: String,
    /// What they may do.
    pub role: Role,
    /// Argon2id hash in PHC form.
    pub hash: String,
    /// No log-in.
    pub disabled: bool,
    /// The password must be changed at the next log-in.
    pub must_change: bool,
    /// Wrong passwords in a row.
    #[serde(default)]
    pub failures: u32,
    /// Locked until then. `None`: not locked.
    #[serde(default)]
    pub locked_until: Option<Timestamp>,
    /// Secret of the second factor (RFC 6238), base-32. `None`: not switched on.
    #[serde(default)]
    pub totp: Option<String>,
    /// Last time step whose code was taken: no code opens twice.
    #[serde(default)]
    pub totp_step: u64,
    /// Tokens for programs.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Saved filters.
    #[serde(default)]
    pub filters: Vec<SavedFilter>,
    /// When the queue was marked as looked through. `None`: never.
    #[serde(default)]
    pub last_look: Option<Timestamp>,
    /// When the account was made.
    pub made_at: Timestamp,
    /// Counts up at each change of password, role or standing: sessions begun before it end.
    #[serde(default)]
    pub epoch: u64,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({} {})", self.name, self.role.word())
    }
}

impl Person {
    /// Is it locked after too many wrong passwords?
    pub fn locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }
}

/// What the journal says of an account, and of what its person did besides leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum Deed {
    /// Made.
    PersonAdded {
        /// With this role.
        role: Role,
    },
    /// No log-in any more.
    PersonDisabled,
    /// Log-in again.
    PersonEnabled,
    /// Another role.
    RoleChanged {
        /// Which.
        role: Role,
    },
    /// A new first password, given by an admin.
    PasswordReset,
    /// By the person.
    PasswordChanged,
    /// Too many wrong passwords.
    LockedOut,
    /// Second factor on.
    TotpOn,
    /// Second factor off.
    TotpOff,
    /// A token for programs was made.
    TokenMade {
        /// What for.
        label: String,
    },
    /// One was taken back.
    TokenRevoked {
        /// Which.
        label: String,
    },
    /// Logged in.
    SignedIn,
    /// Leads left as a file.
    Exported {
        /// Format.
        format: String,
        /// How many.
        leads: u64,
    },
}

impl Deed {
    /// The analyst's word.
    pub fn zh(&self) -> &'static str {
        match self {
            Self::PersonAdded { .. } => "新增账号",
            Self::PersonDisabled => "停用账号",
            Self::PersonEnabled => "启用账号",
            Self::RoleChanged { .. } => "变更角色",
            Self::PasswordReset => "重置口令",
            Self::PasswordChanged => "修改口令",
            Self::LockedOut => "口令错误过多，已锁定",
            Self::TotpOn => "启用动态口令",
            Self::TotpOff => "停用动态口令",
            Self::TokenMade { .. } => "签发接口令牌",
            Self::TokenRevoked { .. } => "吊销接口令牌",
            Self::SignedIn => "登录",
            Self::Exported { .. } => "导出线索",
        }
    }
}
