//! Health: how everything is doing at one moment, as plain values. Written to `health.json`, shown on the health page, in the metrics and by
//! `jianwei sources`, and read for alerts.

use crate::evidence::Round;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use crate::pipeline::cron::Schedule;
use crate::pipeline::retry;
use crate::records::{Records, RecordsError, Run, Standing, Tally};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Six days back and today: seven.
const WEEK_MS: i64 = 6 * 86_400_000;

/// How everything is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `health/1`.
    pub schema: String,
    /// When this was so. `None`: nobody has looked yet.
    pub at: Option<Timestamp>,
    /// When the watch started. `None`: no watch runs; the store was read.
    pub started: Option<Timestamp>,
    /// One a source, in settings order.
    pub sources: Vec<SourceHealth>,
    /// Hosts due now, counted up to the bound at which sources wait.
    pub hosts_due: u64,
    /// Hosts known.
    pub hosts: u64,
    /// Visits made.
    pub visits: u64,
    /// Leads.
    pub leads: u64,
    /// Free space on the disk of the data folder, in bytes. `None`: the system does not say.
    pub disk_free: Option<u64>,
    /// Memory of this process, in bytes. `None`: the system does not say.
    pub memory: Option<u64>,
    /// Packages without a time-stamp. `None`: nobody counts them.
    pub unstamped: Option<u64>,
    /// What people owe others: the monthly form, where it is not handed in. `None`: nothing, or nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Both>,
    /// The last or present re-verification of all packages. `None`: there was none yet.
    #[serde(default)]
    pub verified: Option<Verified>,
    /// Keys of the alerts that last.
    pub alerts: Vec<String>,
}

/// How the packages stood when they were last verified again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When the last whole round ended. `None`: none has yet.
    pub whole: Option<Timestamp>,
    /// When the round that is under way began. `None`: none is.
    pub running_since: Option<Timestamp>,
    /// Packages checked in the last or present round.
    pub checked: u64,
    /// Packages that do not pass, by their path below the evidence folder, with the first line that says so.
    pub bad: Vec<(String, Both)>,
}

impl Verified {
    /// From the state that stands beside the packages.
    pub fn of(round: Round) -> Self {
        Self {
            whole: round.whole,
            running_since: round.ended.is_none().then_some(round.began),
            checked: round.checked,
            bad: round.bad.into_iter().map(|b| (b.package, b.why)).collect(),
        }
    }
}

/// How one source is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// Settings id.
    pub id: String,
    /// Settings kind.
    pub kind: String,
    /// Its cron expression, Beijing time.
    pub schedule: String,
    /// Time between two runs hereabouts, in milliseconds.
    pub interval_ms: i64,
    /// `running`, `waiting`, `retrying` (after a bad run), `open` (bad so often that it is asked once an hour), `never_run`.
    pub state: String,
    /// The last run, or the one under way. `None`: it never ran.
    pub last: Option<Run>,
    /// Across restarts.
    pub standing: Standing,
    /// When it starts next. `None`: it runs now.
    pub next: Option<Timestamp>,
    /// How long ago the last good run ended, in seconds. `None`: there was none.
    pub lag_s: Option<i64>,
    /// Seven days added up, today among them.
    pub week: Tally,
    /// Of these, the last three: seen at all?
    pub seen_in_three_days: u64,
}

/// What is known of a source from the settings.
pub struct Plan<'a> {
    /// Settings id.
    pub id: &'a str,
    /// Settings kind.
    pub kind: &'a str,
    /// When.
    pub schedule: &'a Schedule,
    /// Does it run at this moment?
    pub running: bool,
}

/// How sources are doing, by the store.
///
/// # Errors
/// [`RecordsError::Store`].
pub fn sources(records: &Records, plans: &[Plan<'_>], now: Timestamp) -> Result<Vec<SourceHealth>, RecordsError> {
    let runs = records.runs()?;
    let tallies = records.tallies(now.plus_millis(-WEEK_MS))?;
    let one = |plan: &Plan<'_>| {
        let standing = records.standing(plan.id)?;
        let last = runs.iter().find(|(id, _)| id == plan.id).map(|(_, run)| run.clone());
        let mine: Vec<&Tally> = tallies.iter().filter(|t| t.source == plan.id).collect();
        let three = now.plus_millis(-2 * 86_400_000).beijing()[..10].to_owned();
        Ok(SourceHealth {
            id: plan.id.to_owned(),
            kind: plan.kind.to_owned(),
            schedule: plan.schedule.text().to_owned(),
            interval_ms: plan.schedule.interval_ms(now),
            state: state(plan, &standing, last.as_ref()).to_owned(),
            last,
            next: (!plan.running).then(|| next_start(plan.id, plan.schedule, &standing, now)),
            lag_s: standing.last_good.map(|at| (now.millis() - at.millis()).max(0) / 1_000),
            week: added(plan.id, &mine),
            seen_in_three_days: mine.iter().filter(|t| t.day >= three).map(|t| t.seen).sum(),
            standing,
        })
    };
    plans.iter().map(one).collect()
}

/// When a source starts: a retry before its schedule, a run that was cut off before both.
pub fn next_start(id: &str, schedule: &Schedule, standing: &Standing, now: Timestamp) -> Timestamp {
    match (standing.begun, standing.retry_at) {
        (Some(_), None) => now,
        // The last run was good, but somebody said when to come again at the earliest.
        (_, Some(at)) if standing.bad_in_a_row == 0 => schedule.start(id, standing.served, now).max(at),
        (_, Some(at)) => at.max(now),
        (None, None) => schedule.start(id, standing.served, now),
    }
}

fn state(plan: &Plan<'_>, standing: &Standing, last: Option<&Run>) -> &'static str {
    match last {
        _ if plan.running => "running",
        _ if retry::is_open(standing) => "open",
        _ if standing.bad_in_a_row > 0 => "retrying",
        None => "never_run",
        Some(_) => "waiting",
    }
}

fn added(id: &str, days: &[&Tally]) -> Tally {
    let mut sum = Tally { source: id.to_owned(), day: days.first().map(|t| t.day.clone()).unwrap_or_default(), ..Tally::default() };
    for day in days {
        sum.good += day.good;
        sum.blocked += day.blocked;
        sum.failed += day.failed;
        sum.seen += day.seen;
        sum.screened_in += day.screened_in;
        sum.new += day.new;
    }
    sum
}

/// Free bytes for us on the disk that holds `dir`.
pub fn disk_free(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Resident memory of this process in bytes, where the system tells it.
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1_024)
}

/// The file in the data folder that a running watch keeps, for others to read beside it.
pub const FILE: &str = "health.json";

/// Writes it: whole, or not at all.
///
/// # Errors
/// What the system said.
pub fn write(dir: &Path, health: &Health) -> std::io::Result<()> {
    let text = serde_json::to_vec(health).map_err(std::io::Error::other)?;
    let part = dir.join(".health.json.part");
    std::fs::write(&part, text)?;
    std::fs::rename(part, dir.join(FILE))
}

/// Reads it. `None`: there is none, or it is not whole.
pub fn read(dir: &Path) -> Option<Health> {
    let text = std::fs::read(dir.join(FILE)).ok()?;
    serde_json::from_slice::<Health>(&text).ok().filter(|h| h.schema == "health/1")
}
