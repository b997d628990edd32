//! A call and its reply, without any HTTP library: what a page is given, and what it may answer.

use crate::console::Desk;
use crate::console::forms::Pairs;
use crate::console::session::Session;
use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId};
use crate::model::time::Timestamp;
use crate::records::{Person, RecordsError, Role};
use maud::Markup;
use serde_json::Value;

/// One request that has passed the gate.
pub(super) struct Call {
    /// Who, where somebody is logged in or gave a token.
    pub(super) person: Option<Person>,
    /// Their session; `None` for tokens.
    pub(super) session: Option<Session>,
    /// Language of the answer.
    pub(super) lang: Lang,
    /// Values in the path, in order.
    pub(super) path: Vec<String>,
    /// Path as asked, for links that come back.
    pub(super) here: String,
    /// Host and port by which we were addressed, as the gate let them pass.
    pub(super) host: String,
    /// After the question mark.
    pub(super) query: Pairs,
    /// The body: a form, or `("", text)` for JSON.
    pub(super) form: Pairs,
    /// Wants a short JSON answer instead of a page: our own script asks.
    pub(super) script: bool,
    /// Cookie of a log-in form.
    pub(super) pre: String,
    /// When.
    pub(super) now: Timestamp,
}

/// What a page answers.
pub(super) enum Reply {
    /// A page.
    Page(Markup),
    /// A page with another status.
    Status(u16, Markup),
    /// Go and look there (303).
    See(String),
    /// The same with cookies to set.
    SeeWith(String, Vec<String>),
    /// A page that may frame this origin.
    Framing(Markup, String),
    /// A page with a cookie.
    PageWith(Markup, String),
    /// A file: media type, name where it is to be saved, bytes, may it be kept by the browser.
    File(&'static str, Option<String>, Vec<u8>, bool),
    /// JSON.
    Json(u16, Value),
}

impl Call {
    /// The person's name.
    pub(super) fn name(&self) -> &str {
        self.person.as_ref().map_or("", |p| p.name.as_str())
    }
    /// The person's role. Nobody is an auditor: may change nothing.
    pub(super) fn role(&self) -> Role {
        self.person.as_ref().map_or(Role::Auditor, |p| p.role)
    }
    /// Text in the caller's language.
    pub(super) fn t(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.lang.pick(zh, en)
    }
    /// The token that forms carry.
    pub(super) fn csrf(&self) -> &str {
        self.session.as_ref().map_or(self.pre.as_str(), |s| s.csrf.as_str())
    }
    /// The lead that the path's first value names.
    pub(super) fn lead(&self, desk: &Desk) -> Result<Lead, Refusal> {
        let id = self.path.first().map(String::as_str).unwrap_or_default();
        let plain = id.len() == 13 && id.starts_with("XS-") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !plain {
            return Err(Refusal::NotFound);
        }
        desk.records.lead(&LeadId(id.to_owned()))?.ok_or(Refusal::NotFound)
    }
    /// Back to where the form stood, if that is a path of ours.
    pub(super) fn back(&self, otherwise: &str) -> String {
        let back = self.form.get("back").unwrap_or_default();
        let ours = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') && back.bytes().all(|b| b.is_ascii_graphic());
        if ours { back.to_owned() } else { otherwise.to_owned() }
    }
}

/// Why a page answers with less than was asked.
pub(super) enum Refusal {
    /// No such thing, or none that this person may see.
    NotFound,
    /// A sentence for the person: nothing was changed.
    Told(u16, String),
    /// Our fault.
    Broken(String),
}

impl From<RecordsError> for Refusal {
    fn from(error: RecordsError) -> Self {
        match error {
            RecordsError::NoLead(_) => Self::NotFound,
            RecordsError::Illegal(why) => Self::Told(409, why.to_string()),
            RecordsError::Person { .. } | RecordsError::NoReason { .. } | RecordsError::NotAllowed { .. } => {
                Self::Told(409, error.to_string())
            }
            other => Self::Broken(other.to_string()),
        }
    }
}

/// A page's function.
pub(super) type Run = fn(&Desk, &Call) -> Result<Reply, Refusal>;
