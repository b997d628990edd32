//! What records can refuse, by what the caller can do about it.

use crate::model::host::Host;
use crate::model::lang::Both;
use crate::model::lead::{IllegalMove, LeadId};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why records could not do it.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// Another process has the folder.
    #[error("{dir}: in use by another jianwei (process {pid}); stop it first, or use another [data] dir")]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Who holds the lock, as the lock file says.
        pid: String,
    },
    /// Written by a newer jianwei.
    #[error("{dir}: written by a newer jianwei (schema {found}, this one knows {known}); use that version")]
    Newer {
        /// The data folder.
        dir: PathBuf,
        /// Schema found.
        found: u32,
        /// Schema known.
        known: u32,
    },
    /// The disk or the store said no.
    #[error("{path}: {why}")]
    Store {
        /// Where.
        path: PathBuf,
        /// What.
        why: String,
    },
    /// No such lead.
    #[error("no lead {0}")]
    NoLead(LeadId),
    /// Nothing was said.
    #[error("{host}: an entry of the allow-list needs a reason")]
    NoReason {
        /// On which host.
        host: Host,
    },
    /// Not on the list.
    #[error("{host} is not on the allow-list")]
    NotAllowed {
        /// Which host.
        host: Host,
    },
    /// A letter, receipt, feedback or monthly form that does not fit what is there.
    #[error("{}", .0.en)]
    Paper(Both),
    /// An account cannot do that.
    #[error("{name}: {why}")]
    Person {
        /// Which account.
        name: String,
        /// What is in the way.
        why: &'static str,
    },
    /// The move is not allowed.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

impl RecordsError {
    /// An account's refusal.
    pub(super) fn person(name: &str, why: &'static str) -> Self {
        Self::Person { name: name.chars().take(64).collect(), why }
    }
}

/// A failed disk operation on `path`, in words.
pub(super) fn at(path: &Path) -> impl Fn(std::io::Error) -> RecordsError + '_ {
    move |e| {
        let full = matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let why = if full { "no space left on the disk; make room and start again".into() } else { e.to_string() };
        RecordsError::Store { path: path.to_owned(), why }
    }
}
