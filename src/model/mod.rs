//! The words of the trade as plain types: sighting, candidate, resolution, capture, dossier, finding, assessment, lead.
//! Every other room speaks in these. Nothing here does I/O, reads a clock, or knows where a value is stored.
//! A room of its own so that any score can be recomputed from stored evidence without the program that made it.

pub mod allow;
pub mod assessment;
pub mod attribution;
pub mod candidate;
pub mod capture;
pub mod cluster;
pub mod digest;
pub mod division;
pub mod dossier;
pub mod filing;
pub mod host;
pub mod hosting;
pub mod indicator;
pub mod jurisdiction;
pub mod kindly;
pub mod lang;
pub mod lead;
pub mod page;
pub mod picture;
pub mod referral;
pub mod registration;
pub mod rendered;
pub mod resolution;
pub mod rulefile;
pub mod sighting;
pub mod site;
pub mod text;
pub mod time;
