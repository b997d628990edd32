//! Pipeline: hall 1, the order of the stages. Takes what is due from records, calls one stage, writes the result and what is due next.
//! In: sources, the screen, the rules, the door to the network, the open records. Out: a summary of the pass.
//! No stage calls another; all calls stand here, top to bottom as the flow. Nothing is acknowledged before it is on disk.

mod adopt;
pub mod intake;
pub mod look;
pub mod schedule;
pub mod work;

use crate::assess::Current;
use crate::capture;
use crate::evidence;
use crate::lookalike::Watchlist;
use crate::model::site::Site;
use crate::net::Net;
use crate::records::{Records, RecordsError};
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
    pub records: Records,
    /// Where packages go.
    pub evidence_dir: PathBuf,
    /// `[capture]`.
    pub capture: capture::Settings,
    /// The browser. `None`: none is wanted, or none is installed.
    pub browser: Option<capture::Browser>,
    /// `[evidence]`.
    pub evidence: evidence::Settings,
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
}

impl Summary {
    /// Did a source or a stage fail in part?
    pub fn partly(&self) -> bool {
        self.sources.iter().any(|s| matches!(s.outcome.as_str(), "failed" | "blocked"))
    }
}

impl Pass {
    /// One pass over all that is due: every source to its end, then every host that is due, until nothing is.
    ///
    /// # Errors
    /// [`PassError`]: the store or the disk. Everything acknowledged before stays.
    pub async fn scan(&self, sources: Vec<Box<dyn crate::sources::Source>>, progress: Progress<'_>) -> Result<Summary, PassError> {
        let mut summary = Summary::default();
        tokio::task::block_in_place(|| self.adopt())?;
        for mut source in sources {
            let row = self.take_in(source.as_mut(), progress).await?;
            progress(Event::SourceDone(row.clone()));
            summary.sources.push(row);
        }
        let worked = self.work(progress).await;
        if let Some(browser) = &self.browser {
            browser.close().await;
        }
        summary.work = worked?;
        Ok(summary)
    }
}
