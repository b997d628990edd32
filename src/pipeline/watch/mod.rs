//! Watch: the daemon. Starts each source when its schedule says, works off what is due, looks after health, tells people when something is wrong.
//! In: a pass, planned sources, channels, a wish to stop. Out: it returns when the wish comes, with everything acknowledged on disk.
//! One driver owns every task and joins it. It reads no other clock than the door's, so that a week can pass in the time its work takes.

pub mod alarm;
pub mod channel;
mod desk;
pub mod health;
mod page;
mod reverify;

use crate::model::lang::Both;
use crate::model::time::Timestamp;
use crate::net::{ServeError, Usage};
use crate::pipeline::cron::Schedule;
use crate::pipeline::stop::Stop;
use crate::pipeline::tray::Tray;
use crate::pipeline::{Event, Pass, PassError};
use crate::records::Quota;
use crate::sources::Source;
use channel::Channel;
use serde::Deserialize;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// `[watch]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where the health page (`/`, `/healthz`) and the Prometheus metrics (`/metrics`) stand; loopback only. `None`: nowhere.
    pub metrics: Option<SocketAddr>,
    /// Sources that run at once, 1 to 64.
    pub sources_at_once: usize,
    /// Hosts due at which sources wait until some are done. Nothing is dropped: what waits is asked for later.
    pub most_due: usize,
    /// Free space on the disk of the data folder below which people are told, in MiB.
    pub disk_low_mib: u64,
    /// An alert that lasts is told again after so many hours.
    pub repeat_alert_hours: u32,
    /// Seconds between two looks at health, 1 to 3,600.
    pub look_every_s: u32,
    /// When all packages are verified again: five cron fields, Asia/Shanghai. Empty: never.
    pub reverify: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            metrics: None,
            sources_at_once: 4,
            most_due: 20_000,
            disk_low_mib: 2_048,
            repeat_alert_hours: 24,
            look_every_s: 60,
            reverify: "30 2 * * *".into(),
        }
    }
}

impl Settings {
    /// What is out of range: one line. `None`: nothing.
    pub fn fault(&self) -> Option<String> {
        let within = |key: &str, value: u64, least: u64, most: u64| {
            (!(least..=most).contains(&value)).then(|| format!("[watch] {key} = {value}: give {least} to {most}"))
        };
        let outside = self.metrics.filter(|at| !at.ip().is_loopback());
        within("sources_at_once", self.sources_at_once as u64, 1, 64)
            .or_else(|| within("most_due", self.most_due as u64, 1, 10_000_000))
            .or_else(|| within("repeat_alert_hours", self.repeat_alert_hours.into(), 1, 8_760))
            .or_else(|| within("look_every_s", self.look_every_s.into(), 1, 3_600))
            .or_else(|| self.reverification().err().map(|why| format!("[watch] reverify: {why}")))
            .or_else(|| outside.map(|at| format!("[watch] metrics: {}", ServeError::NotLoopback(at))))
    }
    /// When all packages are verified again. `None`: never.
    fn reverification(&self) -> Result<Option<Schedule>, String> {
        if self.reverify.trim().is_empty() { Ok(None) } else { Schedule::parse(self.reverify.trim()).map(Some) }
    }
}

/// Makes a source: at the start, after one that fell over its own input, and for every run where it is planned so. May block on the store.
pub type Maker = Box<dyn Fn() -> Option<Box<dyn Source>> + Send + Sync>;

/// A source and when it runs.
pub struct Planned {
    /// Settings id.
    pub id: String,
    /// Settings kind.
    pub kind: String,
    /// When.
    pub schedule: Schedule,
    /// How to make it.
    pub make: Maker,
    /// Is it made anew for every run? True of searches: what they ask follows what people have confirmed.
    pub anew: bool,
}

/// What runs beside the watch in the same process and shares its records: the console. It sees the same wish to stop.
pub type Beside = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Hears of events, from several tasks.
pub type Told = Arc<dyn Fn(Event) + Send + Sync>;

/// Says how many packages still lack a time-stamp. Called at every look.
pub type Unstamped = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Says what people owe others at this time, the monthly form for one. Called at every look.
pub type Owed = Arc<dyn Fn(Timestamp) -> Option<Both> + Send + Sync>;

/// Everything a watch needs.
pub struct Watch {
    /// The order of the stages, with the door and the records.
    pub pass: Arc<Pass>,
    /// Sources and when they run.
    pub sources: Vec<Planned>,
    /// `[watch]`.
    pub settings: Settings,
    /// Who is told of alerts.
    pub channels: Vec<Channel>,
    /// The data folder: `health.json` is written there, and its disk is watched.
    pub data_dir: PathBuf,
    /// The unit's name, for alerts; may be empty.
    pub organisation: String,
    /// Packages without a time-stamp. `None`: nobody counts them.
    pub unstamped: Option<Unstamped>,
    /// The monthly form that is due. `None`: nobody looks.
    pub owed: Option<Owed>,
}

/// Why a watch ends other than by a wish.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The store or the disk.
    #[error(transparent)]
    Pass(#[from] PassError),
    /// The health page cannot listen.
    #[error("[watch] metrics: {0}")]
    Serve(#[from] ServeError),
    /// What runs beside it ended.
    #[error("{0}")]
    Beside(String),
}

impl Watch {
    /// Runs until `stop`. Returns within some five seconds of it.
    ///
    /// # Errors
    /// [`WatchError`]. Everything acknowledged before stays.
    pub async fn run(self, beside: Option<Beside>, stop: Stop, told: Told) -> Result<(), WatchError> {
        tokio::task::block_in_place(|| self.pass.adopt())?;
        keep_limits(&self.pass)?;
        let beside = beside.unwrap_or_else(|| Box::pin(std::future::pending()));
        let (tray, records, clock) = (Tray::of(&self.data_dir), self.pass.records.clone(), self.pass.net.clock());
        let mut desk = desk::Desk::open(self, stop.clone(), told).await?;
        let fresh = desk.fresh();
        let ended = tokio::select! {
            ended = desk.drive() => ended.map_err(WatchError::from),
            ended = beside => ended.map_err(WatchError::Beside),
            fault = tray.keep_taking_in(records, clock, fresh) => Err(PassError::from(fault).into()),
        };
        let closed = desk.close().await;
        ended.and(closed.map_err(WatchError::from))
    }
}

/// Daily limits go on where the last process stood, and every count is on disk before its request goes out.
/// Public for `scan`, which keeps the same limits.
///
/// # Errors
/// [`PassError`]: the store.
pub fn keep_limits(pass: &Pass) -> Result<(), PassError> {
    let quotas = tokio::task::block_in_place(|| pass.records.quotas())?;
    let used = quotas.into_iter().map(|q| Usage { limit: q.limit, day: q.day, used: q.used }).collect();
    let records = Arc::downgrade(&pass.records);
    let keeper = move |usage: &Usage| {
        let Some(records) = records.upgrade() else { return };
        let quota = Quota { limit: usage.limit.clone(), day: usage.day.clone(), used: usage.used };
        if let Err(e) = tokio::task::block_in_place(|| records.keep_quota(&quota)) {
            tracing::error!("the use of a daily limit could not be kept: {e}");
        }
    };
    pass.net.keep_usage(used, Arc::new(keeper));
    Ok(())
}
