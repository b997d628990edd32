//! People: accounts, their roles, tokens and saved filters, in `<dir>/people.json` (readable by the owner alone), and each change as a journal line.
//! Beside the store and not in it: a store that is made anew must not lock everybody out, and a password hash has no place in a journal that
//! goes to court. Hashes come ready made: this room knows no password.

use crate::model::time::Timestamp;
use crate::records::account::{Deed, Person, Role, SavedFilter, Token};
use crate::records::error::{RecordsError, at};
use crate::records::journal::{Said, sync_folder};
use crate::records::{Records, held};
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
