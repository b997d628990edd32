//! People: accounts, their roles, tokens and saved filters, in `<dir>/people.json` (readable by the owner alone), and each change as a journal line.
//! Beside the store and not in it: a store that is made anew must not lock everybody out, and a password hash has no place in a journal that
//! goes to court. Hashes come ready made: this room knows no password.

use crate::model::time::Timestamp;
use crate::records::error::{RecordsError, at};
use crate::records::journal::{Said, sync_folder};
use crate::records::{Records, held};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Wrong passwords in a row that lock an account.
pub const MAX_FAILURES: u32 = 5;
/// How long it stays locked, in milliseconds.
pub const LOCK_MS: i64 = 15 * 60 * 1000;
/// Accounts that are kept at most.
const MAX_PEOPLE: usize = 500;
/// Tokens, and saved filters, of one account at most.
const MAX_KEPT: usize = 40;
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;

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

/// The accounts of one data folder.
pub(super) struct Book {
    path: PathBuf,
    people: Vec<Person>,
}

impl Book {
    /// Reads `<dir>/people.json`; none is an empty book.
    pub(super) fn open(dir: &Path) -> Result<Self, RecordsError> {
        let path = dir.join("people.json");
        if !path.exists() {
            return Ok(Self { path, people: Vec::new() });
        }
        let fault = |why: String| RecordsError::Store { path: path.clone(), why };
        if std::fs::metadata(&path).map_err(at(&path))?.len() > MAX_BYTES {
            return Err(fault(format!("larger than {MAX_BYTES} bytes; put a copy from a backup in its place")));
        }
        let text = std::fs::read(&path).map_err(at(&path))?;
        let people = serde_json::from_slice(&text);
        let people =
            people.map_err(|e| fault(format!("cannot be read ({e}); put a copy from a backup in its place, or add people anew")))?;
        Ok(Self { path, people })
    }
    fn keep(&self) -> Result<(), RecordsError> {
        let text = serde_json::to_vec_pretty(&self.people);
        let text = text.map_err(|e| RecordsError::Store { path: self.path.clone(), why: e.to_string() })?;
        let part = self.path.with_extension("json.part");
        let write = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&part);
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&part)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&part, &self.path)
        };
        write().map_err(at(&self.path))?;
        sync_folder(self.path.parent().unwrap_or(Path::new(".")))
    }
}

/// Is it a log-in name?
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (2..=32).contains(&name.len())
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'))
        && name != super::PROGRAM
}

impl Records {
    /// All accounts, by name.
    pub fn people(&self) -> Vec<Person> {
        held(&self.people).people.clone()
    }
    /// One account.
    pub fn person(&self, name: &str) -> Option<Person> {
        held(&self.people).people.iter().find(|p| p.name == name).cloned()
    }
    /// The account that a token belongs to, by the token's SHA-256 in hexadecimal. `None` also where the account is disabled.
    pub fn person_of_token(&self, hash: &str) -> Option<Person> {
        let book = held(&self.people);
        book.people.iter().find(|p| !p.disabled && !p.must_change && p.tokens.iter().any(|t| t.hash == hash)).cloned()
    }
    /// Makes an account whose password must be changed at the first log-in.
    ///
    /// # Errors
    /// [`RecordsError::Person`]: a bad name, or one that was used before. [`RecordsError::Store`].
    pub fn add_person(&self, name: &str, full_name: &str, role: Role, hash: &str, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        if !is_name(name) {
            return Err(RecordsError::person(
                name,
                "a name is 2 to 32 of a-z, 0-9, dot, hyphen, underscore, and begins with a letter or digit",
            ));
        }
        let person = Person {
            name: name.into(),
            full_name: full_name.chars().take(60).collect(),
            role,
            hash: hash.into(),
            disabled: false,
            must_change: true,
            failures: 0,
            locked_until: None,
            totp: None,
            totp_step: 0,
            tokens: Vec::new(),
            filters: Vec::new(),
            last_look: None,
            made_at: now,
            epoch: 0,
        };
        self.write_people(name, by, now, Some(Deed::PersonAdded { role }), |people| {
            if people.iter().any(|p| p.name == name) {
                return Err("exists already; names are never given twice, as the journal holds them");
            }
            if people.len() >= MAX_PEOPLE {
                return Err("there are too many accounts");
            }
            people.push(person);
            people.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(())
        })
    }
    /// Closes an account, or opens it again; an open one is unlocked too.
    ///
    /// # Errors
    /// [`RecordsError::Person`]: no such account, or the last admin would be shut out. [`RecordsError::Store`].
    pub fn set_disabled(&self, name: &str, disabled: bool, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        let deed = if disabled { Deed::PersonDisabled } else { Deed::PersonEnabled };
        self.write_people(name, by, now, Some(deed), |people| {
            if disabled && is_last_admin(people, name) {
                return Err("is the last admin; make another one first");
            }
            let person = of(people, name)?;
            (person.disabled, person.failures, person.locked_until) = (disabled, 0, None);
            person.epoch += 1;
            Ok(())
        })
    }
    /// Gives an account another role.
    ///
    /// # Errors
    /// As [`Records::set_disabled`].
    pub fn set_role(&self, name: &str, role: Role, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, by, now, Some(Deed::RoleChanged { role }), |people| {
            if role != Role::Admin && is_last_admin(people, name) {
                return Err("is the last admin; make another one first");
            }
            let person = of(people, name)?;
            person.role = role;
            person.epoch += 1;
            Ok(())
        })
    }
    /// A new first password, to be changed at the next log-in; unlocks, takes the second factor off.
    ///
    /// # Errors
    /// [`RecordsError::Person`]: no such account. [`RecordsError::Store`].
    pub fn reset_password(&self, name: &str, hash: &str, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, by, now, Some(Deed::PasswordReset), |people| {
            let person = of(people, name)?;
            person.hash = hash.into();
            (person.must_change, person.failures, person.locked_until, person.totp) = (true, 0, None, None);
            person.epoch += 1;
            Ok(())
        })
    }
    /// The person's own new password. Ends their other sessions.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn change_password(&self, name: &str, hash: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, name, now, Some(Deed::PasswordChanged), |people| {
            let person = of(people, name)?;
            person.hash = hash.into();
            person.must_change = false;
            person.epoch += 1;
            Ok(())
        })
    }
    /// Switches the second factor on (base-32 secret) or off.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn set_totp(&self, name: &str, secret: Option<String>, now: Timestamp) -> Result<(), RecordsError> {
        let deed = if secret.is_some() { Deed::TotpOn } else { Deed::TotpOff };
        self.write_people(name, name, now, Some(deed), |people| {
            let person = of(people, name)?;
            person.totp = secret;
            Ok(())
        })
    }
    /// Counts a wrong password; the fifth in a row locks the account. Returns whether it is locked now.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn failed_login(&self, name: &str, now: Timestamp) -> Result<bool, RecordsError> {
        let mut locked = false;
        self.write_people(name, name, now, None, |people| {
            let person = of(people, name)?;
            person.failures += 1;
            if person.failures >= MAX_FAILURES {
                person.locked_until = Some(now.plus_millis(LOCK_MS));
                person.failures = 0;
                locked = true;
            }
            Ok(())
        })?;
        if locked {
            self.say_of(name, name, now, Deed::LockedOut)?;
        }
        Ok(locked)
    }
    /// A log-in that succeeded. `totp_step`: the time step whose code was given. False, and nothing is kept: that code was used before.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn good_login(&self, name: &str, totp_step: Option<u64>, now: Timestamp) -> Result<bool, RecordsError> {
        let mut fresh = true;
        let done = self.write_people(name, name, now, Some(Deed::SignedIn), |people| {
            let person = of(people, name)?;
            if totp_step.is_some_and(|step| step <= person.totp_step) {
                fresh = false;
                return Err("this code was used before");
            }
            person.totp_step = totp_step.unwrap_or(person.totp_step);
            (person.failures, person.locked_until) = (0, None);
            Ok(())
        });
        if fresh { done.map(|()| true) } else { Ok(false) }
    }
    /// Keeps a filter under a name, in the place of one of that name.
    ///
    /// # Errors
    /// As [`Records::reset_password`]; also where there are too many.
    pub fn save_filter(&self, name: &str, filter: SavedFilter, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, name, now, None, |people| {
            let person = of(people, name)?;
            person.filters.retain(|f| f.name != filter.name);
            if person.filters.len() >= MAX_KEPT {
                return Err("keeps too many filters; remove one first");
            }
            person.filters.push(filter);
            Ok(())
        })
    }
    /// Forgets a saved filter.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn drop_filter(&self, name: &str, filter: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, name, now, None, |people| {
            of(people, name)?.filters.retain(|f| f.name != filter);
            Ok(())
        })
    }
    /// The queue was looked through.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn looked(&self, name: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, name, now, None, |people| {
            of(people, name)?.last_look = Some(now);
            Ok(())
        })
    }
    /// Adds a token, by its hash.
    ///
    /// # Errors
    /// As [`Records::reset_password`]; also where there are too many or the label is taken.
    pub fn add_token(&self, name: &str, label: &str, hash: &str, now: Timestamp) -> Result<(), RecordsError> {
        let label: String = label.trim().chars().take(60).collect();
        self.write_people(name, name, now, Some(Deed::TokenMade { label: label.clone() }), |people| {
            let person = of(people, name)?;
            if person.tokens.len() >= MAX_KEPT || label.is_empty() || person.tokens.iter().any(|t| t.label == label) {
                return Err("a token needs a name of its own, and there are at most 40");
            }
            person.tokens.push(Token { label, hash: hash.into(), made_at: now });
            Ok(())
        })
    }
    /// Takes a token back.
    ///
    /// # Errors
    /// As [`Records::reset_password`].
    pub fn revoke_token(&self, name: &str, label: &str, now: Timestamp) -> Result<(), RecordsError> {
        self.write_people(name, name, now, Some(Deed::TokenRevoked { label: label.into() }), |people| {
            let person = of(people, name)?;
            let before = person.tokens.len();
            person.tokens.retain(|t| t.label != label);
            if person.tokens.len() == before { Err("has no such token") } else { Ok(()) }
        })
    }
    /// Writes down that leads left as a file.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn exported(&self, by: &str, format: &str, leads: u64, now: Timestamp) -> Result<(), RecordsError> {
        self.say_of(by, by, now, Deed::Exported { format: format.into(), leads })
    }
    /// Checks a change, journals it (fsync), keeps it. A crash between the two leaves a line about something that did not happen, never the reverse.
    fn write_people(
        &self,
        name: &str,
        by: &str,
        now: Timestamp,
        deed: Option<Deed>,
        change: impl FnOnce(&mut Vec<Person>) -> Result<(), &'static str>,
    ) -> Result<(), RecordsError> {
        let mut book = held(&self.people);
        let mut people = book.people.clone();
        change(&mut people).map_err(|why| RecordsError::person(name, why))?;
        if let Some(deed) = deed {
            self.say_of(name, by, now, deed)?;
        }
        let before = std::mem::replace(&mut book.people, people);
        book.keep().inspect_err(|_| book.people = before)
    }
    fn say_of(&self, name: &str, by: &str, now: Timestamp, what: Deed) -> Result<(), RecordsError> {
        let mut draft = self.shelf.draft();
        draft.meta.journal = held(&self.journal).append(now, by, Said::Person { person: name.into(), what })?;
        self.told(draft.commit())?;
        self.flush()
    }
}

fn of<'a>(people: &'a mut [Person], name: &str) -> Result<&'a mut Person, &'static str> {
    people.iter_mut().find(|p| p.name == name).ok_or("there is no such account")
}

fn is_last_admin(people: &[Person], name: &str) -> bool {
    let admin = |p: &&Person| p.role == Role::Admin && !p.disabled;
    people.iter().filter(admin).all(|p| p.name == name) && people.iter().any(|p| admin(&p) && p.name == name)
}
