//! Pipeline: hall 1, the order of the stages. Takes what is due from records, calls one stage, writes the result and what is due next.
//! In: sources, the screen, the rules, the door to the network, the open records. Out: a summary of the pass.
//! No stage calls another; all calls stand here, top to bottom as the flow. Nothing is acknowledged before it is on disk.

mod adopt;
mod attribute;
pub mod cron;
mod deeper;
pub mod intake;
pub mod look;
mod official;
pub mod recheck;
pub mod retry;
pub mod schedule;
pub mod stop;
pub mod tray;
mod turns;
pub mod watch;
pub mod work;

use crate::assess::Current;
use crate::capture;
use crate::evidence;
use crate::lookalike::Watchlist;
use crate::model::site::Site;
use crate::net::Net;
use crate::pipeline::intake::Gate;
use crate::pipeline::stop::Stop;
use crate::records::{Records, RecordsError};
use crate::resolve;
use std::path::PathBuf;
use std::sync::Arc;

/// All that one pass needs. Built once by cli.
pub struct Pass {
    /// Protected sites.
    pub sites: Vec<Site>,
    /// The name screen.
    pub watchlist: Watchlist,
    /// The detection rules in use; they may be replaced while the pass runs.
    pub rules: Arc<Current>,
    /// The door.
    pub net: Net,
    /// The store.
    pub records: Arc<Records>,
    /// Where packages go.
    pub evidence_dir: PathBuf,
    /// `[capture]`.
    pub capture: capture::Settings,
    /// The browser. `None`: none is wanted, or none is installed.
    pub browser: Option<capture::Browser>,
    /// `[evidence]`.
    pub evidence: evidence::Settings,
    /// Registers, address tables, fronts, filings.
    pub desk: resolve::Desk,
    /// Where to look behind a front page.
    pub paths: capture::Paths,
}

/// Why a pass stops. What the world did never stops one; a full disk or a broken store does.
#[derive(Debug, thiserror::Error)]
pub enum PassError {
    /// The store said no.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A package could not be written.
    #[error("evidence cannot be kept: {0}")]
    Evidence(#[from] evidence::EvidenceError),
}

/// What happens during a pass, for a progress bar or plain lines.
#[derive(Clone, Debug)]
pub enum Event {
    /// A source gave a batch: its id, names seen so far, share done where known.
    Read {
        /// Source id.
        source: String,
        /// Names seen in this pass.
        seen: u64,
        /// `0.0..=1.0`.
        done: Option<f64>,
    },
    /// A source's run ended.
    SourceDone(intake::SourceSummary),
    /// One host was looked up or visited: how many are done, how many are known to be due.
    Worked {
        /// Done in this pass.
        done: u64,
        /// Known to be due still.
        left: u64,
    },
    /// A lead was opened.
    Lead {
        /// Its host.
        host: String,
        /// Its class.
        class: &'static str,
        /// Its highest score.
        score: u8,
    },
    /// A re-check moved a referred lead.
    Moved {
        /// Its host.
        host: String,
        /// The move's word: `block`, `still_up`, `moved_to`, `reopen`.
        what: &'static str,
    },
}

/// Where events go. Called from several tasks.
pub type Progress<'a> = &'a (dyn Fn(Event) + Sync);

/// What a pass did.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// One row a source, in settings order.
    pub sources: Vec<intake::SourceSummary>,
    /// What the due work gave.
    pub work: work::WorkSummary,
    /// Time-stamps that were made up for, and packages that wait for theirs at the end of the pass.
    pub stamps: evidence::StampSummary,
}

impl Summary {
    /// Did a source or a stage fail in part?
    pub fn partly(&self) -> bool {
        self.stamps.waiting > 0 || self.sources.iter().any(|s| matches!(s.outcome.as_str(), "failed" | "blocked"))
    }
}

impl Pass {
    /// One pass over all that is due: every source to its end, then every host that is due, until nothing is.
    ///
    /// # Errors
    /// [`PassError`]: the store or the disk. Everything acknowledged before stays.
    pub async fn scan(
        self: &Arc<Self>,
        sources: Vec<Box<dyn crate::sources::Source>>,
        progress: Progress<'_>,
    ) -> Result<Summary, PassError> {
        let mut summary = Summary::default();
        tokio::task::block_in_place(|| self.adopt())?;
        summary.stamps.stamped = self.stamp_waiting().await?.stamped;
        for mut source in sources {
            let row = self.take_in(source.as_mut(), self.net.now(), &Gate::open(), progress).await?;
            progress(Event::SourceDone(row.clone()));
            summary.sources.push(row);
        }
        let worked = self.work(&Stop::never(), progress).await;
        if let Some(browser) = &self.browser {
            browser.close().await;
        }
        summary.work = worked?;
        let again = self.stamp_waiting().await?;
        summary.stamps = evidence::StampSummary { stamped: summary.stamps.stamped + again.stamped, ..again };
        Ok(summary)
    }

    /// Tries once more to have every package stamped that waits for it. For the start and end of a pass, and for a daemon every few minutes.
    ///
    /// # Errors
    /// [`PassError::Evidence`]: the disk.
    pub async fn stamp_waiting(&self) -> Result<evidence::StampSummary, PassError> {
        Ok(evidence::stamp_waiting(&self.evidence_dir, &self.evidence, &self.net).await?)
    }
}
