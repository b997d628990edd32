//! Lookalike: is this name near a protected one, and by which technique.
//! In: names as bytes, or URLs, and the protected sites' words. Out: a `NameHit` with reasons, or nothing.
//! Pure: no network, no clock, no disk. A room of its own because it must read millions of names a day.

mod compiled;
mod cover;
mod fuzzy;
mod han;
mod layout;
mod name;
mod naming;
mod prefilter;
mod screen;
mod skeleton;
mod technique;
mod tokens;
mod words;

use crate::model::site::Site;

pub use screen::Watchlist;

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
