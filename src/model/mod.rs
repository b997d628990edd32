//! The words of the trade as plain types: sighting, candidate, resolution, capture, dossier, finding, assessment, lead.
//! Every other room speaks in these. Nothing here does I/O, reads a clock, or knows where a value is stored.
//! A room of its own so that any score can be recomputed from stored evidence without the program that made it.

pub mod allow;
pub mod assessment;
pub mod candidate;
pub mod capture;
pub mod digest;
pub mod dossier;
pub mod host;
pub mod kindly;
pub mod lang;
pub mod lead;
pub mod page;
pub mod resolution;
pub mod rulefile;
pub mod sighting;
pub mod site;
pub mod text;
pub mod time;
