//! A candidate: a sighting worth a visit, with the reasons. Folded by host, so that ten sources make one candidate.

use super::host::Host;
use super::sighting::Sighting;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a name is near a protected one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameHit {
    /// Id of the protected site it is near.
    pub site: String,
    /// How near, `0..=100`. A name alone never alerts; this orders visits and gives a few points of the assessment.
    pub score: u8,
    /// Ids from `rules/techniques/`, strongest first: `embedded_official_host`, `homoglyph`, ...
    pub techniques: Vec<String>,
    /// The token or official name that was found.
    pub token: String,
    /// What the deceiver did to it, in a few words (`dots became hyphens`).
    pub transform: String,
    /// The part of the name that matched, as written.
    pub matched: String,
    /// One sentence in Chinese for the analyst.
    pub why: String,
    /// The same in English.
    pub why_en: String,
}

/// Why this host is worth a visit. At least one per candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// Its name is near a protected name.
    Name(NameHit),
    /// A search for the protected site's words returned it.
    Search {
        /// Protected site whose words were searched.
        site: String,
        /// Source id of the engine.
        engine: String,
        /// The query.
        query: String,
        /// 1-based rank; 0 where unknown.
        rank: u32,
    },
    /// A person reported it.
    Report {
        /// Who, or which hot line.
        by: String,
    },
    /// `jianwei check` named it.
    Check,
    /// It is the protected site itself, looked at so that copies can be held against it.
    Official {
        /// The site.
        site: String,
    },
}

/// A host to visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The host; the key of everything that follows.
    pub host: Host,
    /// What to visit first. Defaults to `http://HOST/` where only a name was seen; then https is tried when http does not answer.
    pub url: String,
    /// Id of the protected site it seems to imitate (the best reason's).
    pub site: String,
    /// Best first, at most 16 kept.
    pub reasons: Vec<Reason>,
    /// First sightings of each source, at most 16 kept.
    pub sightings: Vec<Sighting>,
    /// When any source saw it first.
    pub first_seen: Timestamp,
    /// When any source saw it last.
    pub last_seen: Timestamp,
}

impl Candidate {
    /// Upper bound of [`Candidate::reasons`] and of [`Candidate::sightings`].
    pub const MAX_KEPT: usize = 16;

    /// The strongest name hit, where a name was the reason.
    pub fn name_hit(&self) -> Option<&NameHit> {
        self.reasons.iter().filter_map(|r| if let Reason::Name(hit) = r { Some(hit) } else { None }).max_by_key(|h| h.score)
    }
    /// Is it the protected site itself?
    pub fn is_official(&self) -> bool {
        self.reasons.iter().any(|r| matches!(r, Reason::Official { .. }))
    }
    /// Folds a later candidate of the same host into this one: new reasons, new sources, wider time span. Returns whether a reason or source is new.
    pub fn absorb(&mut self, later: Self) -> bool {
        let mut news = false;
        for reason in later.reasons {
            if !self.reasons.contains(&reason) && self.reasons.len() < Self::MAX_KEPT {
                self.reasons.push(reason);
                news = true;
            }
        }
        for sighting in later.sightings {
            let known = self.sightings.iter().any(|s| s.source == sighting.source && s.seen == sighting.seen);
            if !known && self.sightings.len() < Self::MAX_KEPT {
                self.sightings.push(sighting);
                news = true;
            }
        }
        self.first_seen = self.first_seen.min(later.first_seen);
        self.last_seen = self.last_seen.max(later.last_seen);
        news
    }
}
