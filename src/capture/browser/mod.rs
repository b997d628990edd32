//! Browser: one long-lived Chromium, fetched up when first needed, a fresh context a visit, few tabs at once, replaced when it grows, dies or hangs.
//! In: a URL, as whom to come, the door. Out: what a visitor saw, or why there is no browser. Its only way out is net's gate.
//! Its profile is a folder of its own that goes with it; what a killed process of ours left is swept by the next one.

mod ask;
mod find;
mod hops;
mod keep;
mod page;
mod process;
mod scene;
mod shots;
mod tell;
mod watch;
mod wire;

pub use find::find;
pub use process::sweep;

use crate::capture::browser::page::Job;
use crate::capture::browser::process::Process;
use crate::capture::browser::wire::WireError;
use crate::capture::film::Reel;
use crate::model::capture::{Capture, Outcome};
use crate::net::Net;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

/// Visits after which a browser is replaced by a fresh one.
const MAX_VISITS: u64 = 100;
/// Tabs at once: what loads keeps two processors busy with two; of those that wait for a late script two more may stand.
const TABS: usize = 4;
/// Longest whole visit, everything included; then the browser counts as hung.
const LONGEST: Duration = Duration::from_secs(60);

/// How a browser is to be.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// The program.
    pub program: PathBuf,
    /// Folder in which the profile is made and removed.
    pub temp: PathBuf,
    /// Memory of all its processes together from which it is replaced after the running visits.
    pub max_memory_bytes: u64,
}

impl BrowserSettings {
    /// The browser of this machine with its profile in the system's folder for such things. `None`: none is installed.
    pub fn of_this_machine() -> Option<Self> {
        find().map(|program| Self { program, temp: std::env::temp_dir(), max_memory_bytes: 1_536 << 20 })
    }
}

/// Why nothing was rendered. The visit over plain HTTP stands all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrowserError {
    /// It does not start: which program, and what the system or it said.
    #[error("the browser {program} does not start: {why}; see `jianwei doctor`")]
    NoStart {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
    /// It died or hung, and so did the fresh one that repeated the visit.
    #[error("the browser died or hung twice at this page: {why}")]
    Twice {
        /// The last trouble.
        why: String,
    },
}

/// The browser, shared by all visits. Cheap to clone.
#[derive(Clone)]
pub struct Browser {
    inner: Arc<Inner>,
}

struct Inner {
    settings: BrowserSettings,
    tabs: Semaphore,
    running: Mutex<Option<Arc<Process>>>,
    started: AtomicU64,
    reel: std::sync::Mutex<Option<Reel>>,
}

impl Browser {
    /// Nothing is started before the first visit.
    pub fn new(settings: BrowserSettings) -> Self {
        let inner =
            Inner { settings, tabs: Semaphore::new(TABS), running: Mutex::new(None), started: AtomicU64::new(0), reel: Default::default() };
        Self { inner: Arc::new(inner) }
    }
    /// From now on every visit is filmed: its window's pictures go to the reel that is returned, and the page is scrolled through once.
    pub fn film(&self, net: &Net) -> Reel {
        let reel = Reel::begun(net.now());
        *self.inner.reel.lock().unwrap_or_else(PoisonError::into_inner) = Some(reel.clone());
        reel
    }
    /// How often a browser was started.
    pub fn started(&self) -> u64 {
        self.inner.started.load(Ordering::Relaxed)
    }
    /// Process id of the running browser. `None`: none runs.
    pub async fn process_id(&self) -> Option<u32> {
        self.inner.running.lock().await.as_ref().and_then(|p| p.id())
    }
    /// Memory of all processes of the running browser, in bytes (proportional set size where the system tells it). 0: none runs.
    pub async fn memory_bytes(&self) -> u64 {
        self.inner.running.lock().await.as_ref().map_or(0, |p| p.memory_bytes())
    }
    /// Visits `url` as `variant` and gives what was seen. A browser that dies or hangs is replaced, and the visit repeated once.
    ///
    /// # Errors
    /// [`BrowserError`]: there is no browser to be had. What the world did is the capture's outcome.
    pub async fn visit(&self, url: &Url, variant: &str, net: &Net) -> Result<Capture, BrowserError> {
        let _tab = self.inner.tabs.acquire().await;
        net.turn(url).await;
        let mut last = String::new();
        let reel = self.inner.reel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for repeated in 0..2 {
            let process = self.process().await?;
            let job = Job { url, variant, net, repeated, reel: reel.as_ref() };
            match tokio::time::timeout(LONGEST, page::visit(&process, &job)).await {
                Ok(Ok(capture)) => return Ok(capture),
                Ok(Err(WireError::Said { method, why })) => last = format!("{method}: {why}"),
                Ok(Err(trouble)) => last = trouble.to_string(),
                Err(_) => last = format!("no end after {} s", LONGEST.as_secs()),
            }
            tracing::warn!(%url, variant, "the browser is replaced: {last}");
            self.replace(&process).await;
        }
        Err(BrowserError::Twice { why: last })
    }
    /// Ends the browser, if one runs, and removes its profile.
    pub async fn close(&self) {
        let running = self.inner.running.lock().await.take();
        if let Some(process) = running {
            process.end().await;
        }
    }
    async fn process(&self) -> Result<Arc<Process>, BrowserError> {
        let mut running = self.inner.running.lock().await;
        if let Some(process) = running.as_ref() {
            let spent = process.visits() >= MAX_VISITS || process.memory_bytes() > self.inner.settings.max_memory_bytes;
            if !process.is_gone() && !spent {
                process.count();
                return Ok(process.clone());
            }
        }
        // Visits that still run in the old one end there; it goes with the last of them.
        let old = running.take();
        let process = Arc::new(self.start().await?);
        process.count();
        *running = Some(process.clone());
        drop(running);
        if let Some(old) = old.and_then(Arc::into_inner) {
            old.end().await;
        }
        Ok(process)
    }
    async fn start(&self) -> Result<Process, BrowserError> {
        self.inner.started.fetch_add(1, Ordering::Relaxed);
        let program = self.inner.settings.program.display().to_string();
        let settings = &self.inner.settings;
        Process::start(&settings.program, &settings.temp).await.map_err(|why| BrowserError::NoStart { program, why })
    }
    /// Kills a browser that cannot be used any more, unless somebody did already.
    async fn replace(&self, bad: &Arc<Process>) {
        let mut running = self.inner.running.lock().await;
        if running.as_ref().is_some_and(|p| Arc::ptr_eq(p, bad)) {
            *running = None;
        }
        drop(running);
        bad.end().await;
    }
}

/// A capture of a visit that saw nothing.
fn nothing(job: &Job<'_>, outcome: Outcome) -> Capture {
    let now = job.net.now();
    Capture {
        requested_url: job.url.to_string(),
        final_url: None,
        variant: job.variant.to_owned(),
        started_at: now,
        ended_at: now,
        outcome,
        hops: Vec::new(),
        page: None,
        kept: Vec::new(),
        browser: None,
    }
}
