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
//!
//! # Where this house differs from its plan, and why
//! - Page visits speak HTTP/1.1 by code of our own in [`net`]: evidence wants every head byte as sent and received, and the client libraries
//!   keep neither case nor order. Feeds, searches and APIs go through reqwest. One guard stands before both.
//! - DNS questions use hickory-proto's wire format on our own sockets (hickory-resolver reads the system's settings): its resolver hides
//!   response codes and refuses malformed xn-- labels, which a deceiver may well use.
//! - [`capture`] reads pages in one linear walk of its own: html5ever is quadratic on nested tags, and a page must not hang the scorer.
//!   Search results, which are not hostile by trade, are read with scraper behind a depth check.
//! - [`records`] syncs the store's files itself before it acknowledges: sled's own flush does not reach the disk on Linux.
//! - Leads are named by a hash of host and site, so that a rebuilt store gives the same names.
//! - The name screen is four passes, each only for what the one before left: windows of letters, a glance at what the words can weigh, fitting,
//!   the full reading. The first three never say no where the last says yes; tests hold them to it.
//! - Four more sites beside the first are protected by their files alone and are on by default; `[rules] sites` narrows that.
//! - Clusters are worked out by pure code in [`model::cluster`], as both records (which keeps who carries what) and cli ask it: the graph is
//!   held in memory from the first question on, and a cluster is walked from the host asked for. [`records`] stores no cluster, only marks
//!   and people's words, so a rebuilt store gives the same ones.
//! - Registries are asked (through [`net`], which has a line protocol for WHOIS) only of hosts whose page alone scores; tables of addresses are
//!   read by `pread` with a small page cache, as a memory map would need unsafe code. No table is needed: without it the answer is "unknown".
//! - A lead rests on the strongest visit of its last round, as a host's front page may show less than the record behind it.
//! - Through a proxy plain http is tunnelled as https is: a proxy that looks names up could be led to another address than the guard saw.
//! - The browser is driven over its own pipe, not a port: no page and no other user of the machine can reach it. What it fetches is kept beside the
//!   plain visit, whose bytes alone are exact.
//! - The whole certificate chain in a package is that of the plain visit's own connection. TLS 1.3 hides it from the gate, and a browser tells the
//!   certificates of an origin, not of a connection: they are kept apart, and a difference is a finding without points.
//! - Packages that wait for a time-stamp are marked by files beside the packages, not in the store: `check` stamps without the store's lock.
//! - Clusters are a pure graph in model, kept in step by [`records`]; accounts stand in a file of their own beside the store.
//! - Pictures are read by an outside recogniser when all visits of an address are over, and never again: the dossier keeps what it read, so that
//!   a package gives the same score on a machine without it, or with another version of it.
//! - A protected site's own front page comes to records as any visit does, by the pipeline, from its first lead on: packages alone give it again.
//! - A replay is a still, made of the kept markup with lol_html on an origin of its own, not the page run again: what a package proves is what was
//!   kept, and no script of a deceiver runs beside an analyst's session.
//! - A name seen without a scheme is visited by http first, https where http does not answer: many of these hosts show the copy on http alone.

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
