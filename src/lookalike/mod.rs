//! Lookalike: is this name near a protected one, and by which technique.
//! In: names as bytes, or URLs, and the protected sites' words. Out: a `NameHit` with reasons, or nothing.
//! Pure: no network, no clock, no disk. A room of its own because it must read millions of names a day.

mod coded;
mod compiled;
mod cost;
mod cover;
mod fuzzy;
mod glance;
mod grams;
mod han;
mod layout;
mod letters;
mod name;
mod naming;
mod permute;
mod prefilter;
mod screen;
mod sieve;
mod skeleton;
mod suffixes;
mod technique;
mod tokens;
mod words;

pub use cost::{WordCost, WordCosts};
pub use permute::{MAX_PERMUTATIONS, Permutation, permute, permute_under};
pub use screen::Watchlist;
pub use suffixes::Suffixes;
