//! The one integration binary. One module a subject; `world` finds shared data and starts the lab.

mod assess;
mod capture;
mod capture_browser;
mod cli;
mod clusters;
mod console;
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
mod referral_exchange;
mod referral_monthly;
mod referral_paper;
mod replay;
mod resolve;
mod scan;
mod sources;
mod sources_ct;
mod sources_engines;
mod sources_served;
mod sources_zones;
mod watch;
mod watch_week;
mod world;
