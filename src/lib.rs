//! jianwei (鉴伪): finds copies of an official site, says why a page is a copy, keeps evidence, hands leads over.
//!
//! # The flow
//! ```text
//! sources -sighting-> lookalike -candidate-> resolve -resolution-> capture -dossier-> assess -assessment-> lead
//!                                                                  sealed by evidence at capture time
//! lead -> analyst decides, a second person approves -> referral
//! ```
//! No stage calls another. [`pipeline`] takes what is due from [`records`], calls one stage, and writes the result and what
//! is due next in one transaction. Kill the process anywhere and start it again: nothing is lost, at most one step is repeated.
//!
//! # The rooms, and whom each may import (held by `tests/it/house.rs`)
//! | room | may import |
//! | --- | --- |
//! | [`model`] | nothing of ours |
//! | [`net`] | model |
//! | [`sources`], [`resolve`], [`capture`], [`evidence`] | model, net |
//! | [`lookalike`], [`assess`], [`records`], [`referral`] | model |
//! | [`pipeline`] | model, net, sources, lookalike, resolve, capture, assess, evidence, records |
//! | [`console`] | model, records, referral, evidence (read and verify only) |
//! | [`cli`] | any; nobody imports cli |

#![warn(rustdoc::broken_intra_doc_links)]

pub mod assess;
pub mod capture;
pub mod cli;
pub mod console;
pub mod evidence;
pub mod lookalike;
pub mod model;
pub mod net;
pub mod pipeline;
pub mod records;
pub mod referral;
pub mod resolve;
pub mod sources;
