//! The unit's own allow-list: hosts that a person called ours or known good, with reason, who and when. It comes before anything else.

use super::host::Host;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One entry of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The host.
    pub host: Host,
    /// Everything below it as well, at label boundaries?
    pub tree: bool,
    /// Why it is known good. Never empty.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Allowed {
    /// Does the entry speak of `host`?
    pub fn covers(&self, host: &Host) -> bool {
        if self.tree { host.under(self.host.as_str()) } else { *host == self.host }
    }
}

/// A person's word on a host, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum AllowMove {
    /// Ours, or known good.
    Allow {
        /// The host.
        host: Host,
        /// Everything below it as well?
        tree: bool,
        /// Needed.
        reason: String,
    },
    /// No longer.
    Disallow {
        /// The host.
        host: Host,
        /// Needed.
        reason: String,
    },
}

impl AllowMove {
    /// Which host it speaks of.
    pub fn host(&self) -> &Host {
        match self {
            Self::Allow { host, .. } | Self::Disallow { host, .. } => host,
        }
    }
    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow { reason, .. } | Self::Disallow { reason, .. } => reason,
        }
    }
}
