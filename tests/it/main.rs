//! The one integration binary. One module a subject; `world` finds shared data and starts the lab.

mod assess;
mod capture;
mod cli;
mod evidence;
mod house;
#[path = "../lab/mod.rs"]
mod lab;
mod lookalike;
mod net;
mod protected_sites;
mod records;
mod referral;
mod scan;
mod sources;
mod world;
