//! A sighting: a name or URL that a source saw, when, where, with what context.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing a source saw. Sightings that are screened out are counted, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The host name or URL as the source wrote it (trimmed, at most 4,096 bytes).
    pub seen: String,
    /// Settings id of the source: `names`, `search-lab`, ...
    pub source: String,
    /// When our source read it (UTC).
    pub seen_at: Timestamp,
    /// What surrounded it.
    #[serde(default)]
    pub context: Context,
}

/// Where exactly a sighting stood. Every part may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The search query that returned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The protected site whose words were searched for (its id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// 1-based rank in the result list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// Title shown beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Snippet shown beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    /// File and member where it stood (`2026-11-23.zip/domain-names.txt`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Who reported it, for tips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<String>,
}

impl Context {
    /// Did an authority above the unit hand it down (交办)?
    pub fn is_handed_down(&self) -> bool {
        self.reporter.as_deref().is_some_and(|r| r.contains("交办") || r.contains("上级"))
    }
}
