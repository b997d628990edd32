//! The one integration binary. One module a subject; `world` finds shared data and starts the lab.

mod assess;
mod capture;
mod capture_browser;
mod cli;
mod eval;
mod evidence;
mod fresh;
mod held;
mod held_second;
mod hostile;
mod house;
#[path = "../lab/mod.rs"]
mod lab;
mod lookalike;
mod net;
mod permute;
mod protected_sites;
mod records;
mod referral;
mod replay;
mod scan;
mod sources;
mod world;
