//! The pages, one file each. Each is given the desk and a call that has passed the gate, and answers with a reply.

pub(super) mod account;
pub(super) mod audit;
pub(super) mod cluster;
pub(super) mod lead;
pub(super) mod login;
pub(super) mod moves;
pub(super) mod overview;
pub(super) mod people;
pub(super) mod queue;
