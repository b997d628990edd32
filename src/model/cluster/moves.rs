//! A person's word on clusters, as the journal keeps it. Each can be taken back by its opposite.

use crate::model::host::Host;
use serde::{Deserialize, Serialize};

/// Merge or split by hand, or take either back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "move", rename_all = "snake_case")]
pub enum ClusterMove {
    /// These two belong together.
    Merge {
        /// One.
        host: Host,
        /// The other.
        with: Host,
        /// Needed.
        reason: String,
    },
    /// No longer.
    Unmerge {
        /// One.
        host: Host,
        /// The other.
        with: Host,
        /// Needed.
        reason: String,
    },
    /// What ties this host to others is chance: only a person's merge counts for it.
    Split {
        /// Which.
        host: Host,
        /// Needed.
        reason: String,
    },
    /// No longer.
    Unsplit {
        /// Which.
        host: Host,
        /// Needed.
        reason: String,
    },
}

impl ClusterMove {
    /// The host that it is about; of two, the first.
    pub fn host(&self) -> &Host {
        match self {
            Self::Merge { host, .. } | Self::Unmerge { host, .. } | Self::Split { host, .. } | Self::Unsplit { host, .. } => host,
        }
    }
    /// The reader's word.
    pub fn zh(&self) -> &'static str {
        match self {
            Self::Merge { .. } => "并入集群",
            Self::Unmerge { .. } => "撤销并入",
            Self::Split { .. } => "移出集群",
            Self::Unsplit { .. } => "撤销移出",
        }
    }
    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Merge { reason, .. } | Self::Unmerge { reason, .. } | Self::Split { reason, .. } | Self::Unsplit { reason, .. } => reason,
        }
    }
}
