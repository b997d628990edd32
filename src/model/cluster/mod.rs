//! Clusters: hosts that share an operator or a kit, with the ties that say so. Pure: a graph in memory of who carries what.
//!
//! An indicator's points fall with how many *unrelated* hosts carry it: hosts that are no copies, and groups of copies that have nothing else
//! in common. At [`TIE`] points it ties alone; two lesser ones may tie together; weak ones never without a stronger one. What the official
//! site carries ties nothing. People merge and split by hand; both can be taken back.

mod graph;
mod moves;

pub use graph::{Cluster, Graph, Standing, Tie, TieReason, Weight};
pub use moves::ClusterMove;

/// Points from which hosts are tied, `0..=100`.
pub const TIE: u32 = 60;
/// Points below which an indicator counts for nothing in company.
pub const LEAST: u32 = 15;
/// Weak indicators together count for at most this.
pub const WEAK_CAP: u32 = 25;
/// Places of a sketch that must agree for near-equal pages, of [`crate::model::indicator::SKETCH`].
pub const NEAR: usize = 25;
