//! Sessions: who is logged in, in memory only: a restart logs everybody out, and nothing that opens the console lies on the disk.
//! The cookie is a random token; what is kept is its SHA-256.

use crate::console::secrets::{print_of, token};
use crate::model::lang::Lang;
use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A session that is not used for so long ends, in milliseconds.
const IDLE_MS: i64 = 2 * 3600 * 1000;
/// A session ends after this long in any case, in milliseconds.
const WHOLE_MS: i64 = 12 * 3600 * 1000;
/// How long unmasked numbers stay so, in milliseconds.
const UNMASK_MS: i64 = 10 * 60 * 1000;
/// Sessions at once; the least used goes first.
const MAX_SESSIONS: usize = 2000;

/// One person's session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Hash of its token: its key.
    pub(super) key: String,
    /// Whose.
    pub(super) name: String,
    /// The account's epoch when it began.
    pub(super) epoch: u64,
    /// What every form must carry.
    pub(super) csrf: String,
    /// Language of the pages.
    pub(super) lang: Lang,
    began: Timestamp,
    used: Timestamp,
    said: Option<(bool, String)>,
    unmasked: Option<(LeadId, Timestamp)>,
}

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Begins one; gives the token for the cookie.
    pub(super) fn begin(&self, name: &str, epoch: u64, lang: Lang, now: Timestamp) -> String {
        let secret = token();
        let key = print_of(&secret);
        let session =
            Session { key: key.clone(), name: name.into(), epoch, csrf: token(), lang, began: now, used: now, said: None, unmasked: None };
        let mut all = self.all();
        if all.len() >= MAX_SESSIONS
            && let Some(oldest) = all.values().min_by_key(|s| s.used).map(|s| s.key.clone())
        {
            all.remove(&oldest);
        }
        all.insert(key, session);
        secret
    }
    /// The session of a cookie, where it still runs.
    pub(super) fn of(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let mut all = self.all();
        let session = all.get_mut(&print_of(secret))?;
        let alive = now < session.used.plus_millis(IDLE_MS) && now < session.began.plus_millis(WHOLE_MS);
        if alive {
            session.used = now;
            return Some(session.clone());
        }
        let key = session.key.clone();
        all.remove(&key);
        None
    }
    /// Ends one.
    pub(super) fn end(&self, key: &str) {
        self.all().remove(key);
    }
    /// Keeps a sentence for the next page: `good`, or a refusal.
    pub(super) fn say(&self, key: &str, good: bool, text: String) {
        if let Some(session) = self.all().get_mut(key) {
            session.said = Some((good, text));
        }
    }
    /// Takes that sentence.
    pub(super) fn said(&self, key: &str) -> Option<(bool, String)> {
        self.all().get_mut(key)?.said.take()
    }
    /// Changes the language.
    pub(super) fn speak(&self, key: &str, lang: Lang) {
        if let Some(session) = self.all().get_mut(key) {
            session.lang = lang;
        }
    }
    /// Shows a lead's personal numbers for a while.
    pub(super) fn unmask(&self, key: &str, lead: LeadId, now: Timestamp) {
        if let Some(session) = self.all().get_mut(key) {
            session.unmasked = Some((lead, now.plus_millis(UNMASK_MS)));
        }
    }
    /// Are a lead's personal numbers shown now?
    pub(super) fn is_unmasked(&self, key: &str, lead: &LeadId, now: Timestamp) -> bool {
        self.all().get(key).and_then(|s| s.unmasked.as_ref()).is_some_and(|(id, until)| id == lead && now < *until)
    }
}
