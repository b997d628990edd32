//! Lookalike: is this name near a protected one, and by which technique.
//! In: names as bytes, or URLs, and the protected sites' words. Out: a `NameHit` with reasons, or nothing.
//! Pure: no network, no clock, no disk. A room of its own because it must read millions of names a day.

use crate::model::candidate::NameHit;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;

/// The compiled screen over all protected sites.
pub struct Watchlist {}

impl Watchlist {
    /// Compiles sites and techniques. `files` are all rule files; those under `techniques/` are read.
    ///
    /// # Errors
    /// Every mistake found, each with file and line.
    pub fn load(_sites: &[(RuleFile, Site)], _files: &[RuleFile]) -> Result<Self, Vec<RuleError>> {
        Ok(Self {})
    }
    /// Screens one name (any bytes) or URL. `None`: not near, or official.
    pub fn screen(&self, _name: &[u8]) -> Option<NameHit> {
        None
    }
    /// Screens a block of names, one a line, in one pass; calls `hit` with each near line. Returns how many names there were.
    pub fn screen_block(&self, _block: &[u8], _hit: &mut dyn FnMut(&[u8], NameHit)) -> u64 {
        0
    }
}

/// A name that a deceiver might register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    /// ASCII form.
    pub name: String,
    /// Technique id.
    pub technique: &'static str,
}

/// Registrable names near `host`, most likely first, no name twice.
pub fn permute(_host: &str, _site: Option<&Site>) -> Box<dyn Iterator<Item = Permutation> + Send> {
    Box::new(std::iter::empty())
}
