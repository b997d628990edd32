//! The desk: the one driver of a watch. It starts what is due, hears what ended, looks after health and alerts, and waits for the next moment.
//! Every task is in one set that it owns and joins. While none runs, a moved clock jumps to the next moment.

use crate::evidence;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use crate::net::{Clock, Serving, serve};
use crate::pipeline::intake::{Gate, SourceSummary};
use crate::pipeline::stop::Stop;
use crate::pipeline::watch::alarm::{self, Condition};
use crate::pipeline::watch::channel::Message;
use crate::pipeline::watch::health::{self, Health, Plan, Verified, next_start};
use crate::pipeline::watch::page::{self, Counts};
use crate::pipeline::watch::reverify::{self, Night};
use crate::pipeline::watch::{Told, Watch, WatchError};
use crate::pipeline::work::WorkSummary;
use crate::pipeline::{Event, PassError, retry};
use crate::records::{Alert, Run, Standing};
use crate::sources::Source;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

/// An alert is over when its condition has been away for so long, in milliseconds: what flickers is not told twice.
const AWAY_MS: i64 = 30 * 60_000;
/// First and longest wait before a channel that did not take a message is tried again, in milliseconds.
const AGAIN_MS: (i64, i64) = (60_000, 15 * 60_000);
/// At close, what still runs after its own grace is dropped after so long.
const CLOSE: Duration = Duration::from_secs(6);

/// What the pages show: written by the driver, read by the listener.
#[derive(Default)]
struct Board {
    health: Health,
    counts: Counts,
}

/// What a task brings back.
enum Ended {
    Source(usize, Box<dyn Source>, Result<SourceSummary, PassError>),
    Work(Result<WorkSummary, PassError>),
    Verified(Result<evidence::Round, evidence::EvidenceError>),
    Told { key: String, channel: String, over: bool, result: Result<(), String> },
}

/// What a task was for, should it fall over and bring nothing back.
#[derive(Clone)]
enum Job {
    Source(usize),
    Work,
    Verify,
    Tell { key: String, channel: String, over: bool },
}

/// One source at the desk.
struct Seat {
    /// `None`: it is at work, or could not be made.
    source: Option<Box<dyn Source>>,
    running: bool,
    standing: Standing,
}

pub(super) struct Desk {
    watch: Watch,
    clock: Clock,
    stop: Stop,
    told: Told,
    seats: Vec<Seat>,
    jobs: JoinSet<Ended>,
    names: HashMap<Id, Job>,
    working: bool,
    night: Night,
    gate: Arc<Gate>,
    started: Timestamp,
    look_at: Timestamp,
    board: Arc<RwLock<Board>>,
    telling: HashMap<(String, String), (u32, Timestamp)>,
    on_the_way: Vec<(String, String)>,
    _serving: Option<Serving>,
}

impl Desk {
    /// Sits down: makes the sources, reads how they stand, opens the health page.
    pub(super) async fn open(watch: Watch, stop: Stop, told: Told) -> Result<Self, WatchError> {
        let clock = watch.pass.net.clock();
        let now = clock.now();
        let board: Arc<RwLock<Board>> = Arc::default();
        let serving = match watch.settings.metrics {
            None => None,
            Some(at) => {
                let (shown, time) = (board.clone(), clock.clone());
                let pages = Arc::new(move |path: &str| {
                    let board = shown.read().unwrap_or_else(PoisonError::into_inner);
                    page::at(path, &board.health, &board.counts, time.now())
                });
                Some(serve(at, pages).await?)
            }
        };
        let seats = watch.sources.iter().map(|planned| {
            let standing = tokio::task::block_in_place(|| watch.pass.records.standing(&planned.id)).map_err(PassError::from)?;
            Ok(Seat { source: (planned.make)(), running: false, standing })
        });
        let seats = seats.collect::<Result<Vec<_>, PassError>>()?;
        let night = Night::of(watch.settings.reverification().ok().flatten(), &watch.pass.evidence_dir, now);
        let gate = Arc::new(Gate { stop: stop.clone(), most_due: Some(watch.settings.most_due), fresh: Arc::new(Notify::new()) });
        Ok(Self {
            watch,
            clock,
            stop,
            told,
            seats,
            jobs: JoinSet::new(),
            names: HashMap::new(),
            working: false,
            night,
            gate,
            started: now,
            look_at: now,
            board,
            telling: HashMap::new(),
            on_the_way: Vec::new(),
            _serving: serving,
        })
    }

    /// Told when candidates came by another way than a source.
    pub(super) fn fresh(&self) -> Arc<Notify> {
        self.gate.fresh.clone()
    }
    /// Works until the wish to stop.
    pub(super) async fn drive(&mut self) -> Result<(), PassError> {
        while !self.stop.is_set() {
            let now = self.clock.now();
            self.start_sources(now)?;
            self.start_work(now)?;
            self.start_reverification(now);
            if self.look_at <= now {
                self.look(now)?;
            }
            let next = self.next_moment(now)?;
            let (idle, fresh) = (self.jobs.is_empty(), self.gate.fresh.clone());
            tokio::select! {
                biased;
                () = self.stop.raised() => break,
                Some(ended) = self.jobs.join_next_with_id(), if !idle => self.hear(ended)?,
                () = fresh.notified() => {}
                () = self.clock.reach(next, idle) => {}
            }
        }
        Ok(())
    }

    /// Lets what runs end in its own time, then drops it, and writes down how everything is.
    pub(super) async fn close(&mut self) -> Result<(), PassError> {
        let ended = tokio::time::timeout(CLOSE, async {
            while let Some(ended) = self.jobs.join_next_with_id().await {
                self.hear(ended)?;
            }
            Ok(())
        });
        let result: Result<(), PassError> = ended.await.unwrap_or(Ok(()));
        self.jobs.shutdown().await;
        result?;
        let health = self.health(self.clock.now())?;
        self.post(health);
        Ok(())
    }

    fn start_sources(&mut self, now: Timestamp) -> Result<(), PassError> {
        for n in 0..self.seats.len() {
            let running = self.seats.iter().filter(|s| s.running).count();
            if running >= self.watch.settings.sources_at_once {
                return Ok(());
            }
            if !self.seats[n].running && self.start_of(n, now) <= now {
                self.start(n, now)?;
            }
        }
        Ok(())
    }

    fn start_of(&self, n: usize, now: Timestamp) -> Timestamp {
        let planned = &self.watch.sources[n];
        next_start(&planned.id, &planned.schedule, &self.seats[n].standing, now)
    }

    fn start(&mut self, n: usize, now: Timestamp) -> Result<(), PassError> {
        let planned = &self.watch.sources[n];
        let seat = &mut self.seats[n];
        let Some(mut source) = seat.source.take().or_else(|| tokio::task::block_in_place(|| (planned.make)())) else {
            let why = "the source cannot be made from its settings".to_owned();
            return self.ended(n, "failed", why, None, now);
        };
        seat.running = true;
        seat.standing.begun = Some(now);
        tokio::task::block_in_place(|| self.watch.pass.records.begin_run(&planned.id, &seat.standing))?;
        let (pass, gate, told) = (self.watch.pass.clone(), self.gate.clone(), self.told.clone());
        let task = self.jobs.spawn(async move {
            let result = pass.take_in(source.as_mut(), now, &gate, &|event| told(event)).await;
            Ended::Source(n, source, result)
        });
        self.names.insert(task.id(), Job::Source(n));
        Ok(())
    }

    fn start_work(&mut self, now: Timestamp) -> Result<(), PassError> {
        if self.working || tokio::task::block_in_place(|| self.watch.pass.records.backlog(now, 1))? == 0 {
            return Ok(());
        }
        self.working = true;
        let (pass, stop, told) = (self.watch.pass.clone(), self.stop.clone(), self.told.clone());
        let task = self.jobs.spawn(async move { Ended::Work(pass.work(&stop, &|event| told(event)).await) });
        self.names.insert(task.id(), Job::Work);
        Ok(())
    }

    /// Starts a round over all packages where one is due.
    fn start_reverification(&mut self, now: Timestamp) {
        if !self.night.falls(now) {
            return;
        }
        let (root, clock, stop) = (self.watch.pass.evidence_dir.clone(), self.clock.clone(), self.stop.clone());
        let task = self.jobs.spawn(async move { Ended::Verified(reverify::round(&root, &clock, &stop).await) });
        self.names.insert(task.id(), Job::Verify);
    }

    /// A round ended: what it found is told at once.
    fn was_verified(&mut self, result: Result<evidence::Round, evidence::EvidenceError>, now: Timestamp) {
        self.night.ends();
        self.look_at = now;
        match result {
            Ok(round) => tracing::info!("re-verification: {} packages, {} do not pass", round.checked, round.bad.len()),
            // The disk: the next hour of the schedule tries again.
            Err(e) => tracing::error!("re-verification: {e}"),
        }
    }

    /// The next moment at which there is something to start or to look at.
    fn next_moment(&self, now: Timestamp) -> Result<Timestamp, PassError> {
        let mut next = self.look_at;
        let full = self.seats.iter().filter(|s| s.running).count() >= self.watch.settings.sources_at_once;
        for n in (0..self.seats.len()).filter(|n| !full && !self.seats[*n].running) {
            next = next.min(self.start_of(n, now));
        }
        next = next.min(self.night.next(now).unwrap_or(next));
        if !self.working
            && let Some(at) = tokio::task::block_in_place(|| self.watch.pass.records.next_due())?
        {
            next = next.min(at);
        }
        Ok(next.max(now))
    }

    fn hear(&mut self, ended: Result<(Id, Ended), tokio::task::JoinError>) -> Result<(), PassError> {
        let now = self.clock.now();
        match ended {
            Ok((id, Ended::Source(n, source, result))) => {
                self.names.remove(&id);
                self.seats[n].source = (!self.watch.sources[n].anew).then_some(source);
                self.seats[n].running = false;
                let row = result?;
                if row.cut_off {
                    return Ok(());
                }
                self.count(&row);
                (self.told)(Event::SourceDone(row.clone()));
                self.settle(n, &row.outcome, row.told_to_wait, now)
            }
            Ok((id, Ended::Work(result))) => {
                self.names.remove(&id);
                self.working = false;
                result.map(|_| ())
            }
            Ok((id, Ended::Verified(result))) => {
                self.names.remove(&id);
                self.was_verified(result, now);
                Ok(())
            }
            Ok((id, Ended::Told { key, channel, over, result })) => {
                self.names.remove(&id);
                self.was_told(&key, &channel, over, result, now)
            }
            Err(error) => match self.names.remove(&error.id()) {
                Some(Job::Source(n)) => {
                    // A source that fell over its input is made anew for the next try; its cursor stands where it was.
                    self.seats[n].running = false;
                    self.ended(n, "failed", "the source fell over its own input; this is a fault of the program".into(), None, now)
                }
                Some(Job::Tell { key, channel, over }) => self.was_told(&key, &channel, over, Err("the channel fell over".into()), now),
                Some(Job::Verify) => {
                    self.night.ends();
                    tracing::error!("re-verification fell over a package; this is a fault of the program");
                    Ok(())
                }
                Some(Job::Work) => match error.try_into_panic() {
                    // A visit took the driver of all visits down: the start was counted, and the process begins anew.
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => {
                        self.working = false;
                        Ok(())
                    }
                },
                None => Ok(()),
            },
        }
    }

    /// A run that brought nothing back.
    fn ended(&mut self, n: usize, outcome: &str, why: String, told: Option<Timestamp>, now: Timestamp) -> Result<(), PassError> {
        let id = self.watch.sources[n].id.clone();
        tracing::error!(source = %id, "source {id}: {why}");
        let records = &self.watch.pass.records;
        tokio::task::block_in_place(|| {
            let cursor = records.cursor(&id)?.unwrap_or_default();
            let at = self.seats[n].standing.begun.unwrap_or(now);
            let run = Run { at, outcome: outcome.to_owned(), why, seen: 0, screened_in: 0, new: 0 };
            records.commit_batch(&id, Vec::new(), &cursor, &run)
        })?;
        self.settle(n, outcome, told, now)
    }

    /// Writes down how a run ended and when the source comes again.
    fn settle(&mut self, n: usize, outcome: &str, told: Option<Timestamp>, now: Timestamp) -> Result<(), PassError> {
        let planned = &self.watch.sources[n];
        let seat = &mut self.seats[n];
        let served = planned.schedule.at_or_before(seat.standing.begun.unwrap_or(now));
        seat.standing = retry::after_run(&seat.standing, outcome, served, told, &planned.id, now);
        tokio::task::block_in_place(|| self.watch.pass.records.end_run(&planned.id, &seat.standing, outcome, now))?;
        // An alert should not wait for the next round.
        if outcome == "blocked" || outcome == "failed" {
            self.look_at = now;
        }
        Ok(())
    }

    fn count(&self, row: &SourceSummary) {
        let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
        let counted = board.counts.entry(row.source.clone()).or_default();
        *counted.runs.entry(row.outcome.clone()).or_default() += 1;
        counted.seen += row.seen;
        counted.screened_in += row.screened_in;
        counted.new += row.new;
    }

    /// Looks after health: what people must hear of, the health file, the pages.
    fn look(&mut self, now: Timestamp) -> Result<(), PassError> {
        self.look_at = now.plus_millis(i64::from(self.watch.settings.look_every_s) * 1_000);
        let mut health = self.health(now)?;
        let holds = alarm::conditions(&health, &self.watch.settings, now);
        health.alerts = holds.iter().map(|c| c.key.clone()).collect();
        self.post(health);
        self.raise(&holds, now)
    }

    fn health(&self, now: Timestamp) -> Result<Health, PassError> {
        let planned = self.watch.sources.iter().zip(&self.seats);
        let plans: Vec<Plan<'_>> =
            planned.map(|(p, seat)| Plan { id: &p.id, kind: &p.kind, schedule: &p.schedule, running: seat.running }).collect();
        let records = &self.watch.pass.records;
        let alerts = self.board.read().unwrap_or_else(PoisonError::into_inner).health.alerts.clone();
        tokio::task::block_in_place(|| {
            let totals = records.totals()?;
            Ok(Health {
                schema: "health/1".into(),
                at: Some(now),
                started: Some(self.started),
                sources: health::sources(records, &plans, now)?,
                hosts_due: records.backlog(now, self.watch.settings.most_due)? as u64,
                hosts: totals.hosts,
                visits: totals.visits,
                leads: totals.leads,
                disk_free: health::disk_free(&self.watch.data_dir),
                memory: health::memory(),
                unstamped: self.watch.unstamped.as_ref().map(|count| count()),
                owed: self.watch.owed.as_ref().and_then(|look| look(now)),
                verified: evidence::round(&self.watch.pass.evidence_dir).map(Verified::of),
                alerts,
            })
        })
    }

    fn post(&self, health: Health) {
        if let Err(e) = tokio::task::block_in_place(|| health::write(&self.watch.data_dir, &health)) {
            tracing::warn!("{}: {e}", self.watch.data_dir.join(health::FILE).display());
        }
        self.board.write().unwrap_or_else(PoisonError::into_inner).health = health;
    }

    /// Holds the conditions against the alerts on record, and tells whoever has not heard.
    fn raise(&mut self, holds: &[Condition], now: Timestamp) -> Result<(), PassError> {
        let known: BTreeMap<String, Alert> =
            tokio::task::block_in_place(|| self.watch.pass.records.alerts())?.into_iter().map(|a| (a.key.clone(), a)).collect();
        for condition in holds {
            let alert = match known.get(&condition.key).cloned() {
                Some(alert) if alert.over.is_none() => alert,
                Some(alert) => self.kept(Alert { over: None, ..alert })?,
                None => {
                    let (key, since) = (condition.key.clone(), now);
                    tracing::warn!(key, "{}", condition.text.en);
                    self.kept(Alert { key, since, over: None, told: BTreeMap::new() })?
                }
            };
            self.tell(&alert, &condition.text, now);
        }
        for alert in known.into_values().filter(|a| !holds.iter().any(|c| c.key == a.key)) {
            match alert.over {
                None => {
                    self.kept(Alert { over: Some(now), ..alert })?;
                }
                Some(at) if now.millis() - at.millis() < AWAY_MS => {}
                Some(_) if alert.told.is_empty() || self.watch.channels.is_empty() => {
                    tokio::task::block_in_place(|| self.watch.pass.records.keep_alert(&alert, true))?;
                    self.telling.retain(|(key, _), _| *key != alert.key);
                }
                Some(_) => self.tell(&alert, &Both::default(), now),
            }
        }
        Ok(())
    }

    fn kept(&self, alert: Alert) -> Result<Alert, PassError> {
        tokio::task::block_in_place(|| self.watch.pass.records.keep_alert(&alert, false))?;
        Ok(alert)
    }

    /// Sends an alert to the channels that should hear of it now.
    fn tell(&mut self, alert: &Alert, text: &Both, now: Timestamp) {
        let over = alert.over.is_some();
        let repeat_ms = i64::from(self.watch.settings.repeat_alert_hours) * 3_600_000;
        for channel in self.watch.channels.clone() {
            let heard = alert.told.get(&channel.id);
            let wanted =
                if over { heard.is_some() } else { heard.is_none_or(|at| alarm::repeats(&alert.key) && at.plus_millis(repeat_ms) <= now) };
            let pair = (alert.key.clone(), channel.id.clone());
            let waits = self.telling.get(&pair).is_some_and(|(_, at)| *at > now) || self.on_the_way.contains(&pair);
            if !wanted || waits {
                continue;
            }
            let message = Message {
                key: alert.key.clone(),
                over,
                title: alarm::title(&alert.key),
                text: text.clone(),
                since: alert.since,
                at: now,
                unit: self.watch.organisation.clone(),
            };
            self.on_the_way.push(pair);
            let net = self.watch.pass.net.clone();
            let job = Job::Tell { key: alert.key.clone(), channel: channel.id.clone(), over };
            let task = self.jobs.spawn(async move {
                let result = channel.tell(&message, &net).await;
                Ended::Told { key: message.key, channel: channel.id, over, result }
            });
            self.names.insert(task.id(), job);
        }
    }

    fn was_told(&mut self, key: &str, channel: &str, over: bool, result: Result<(), String>, now: Timestamp) -> Result<(), PassError> {
        let pair = (key.to_owned(), channel.to_owned());
        self.on_the_way.retain(|p| *p != pair);
        if let Err(why) = result {
            let times = self.telling.get(&pair).map_or(1, |(n, _)| n + 1);
            let wait = AGAIN_MS.0.saturating_mul(1 << times.saturating_sub(1).min(10)).min(AGAIN_MS.1);
            tracing::warn!(key, channel, "alert {key} did not reach channel {channel}: {why}");
            self.telling.insert(pair, (times, now.plus_millis(wait)));
            return Ok(());
        }
        self.telling.remove(&pair);
        let records = &self.watch.pass.records;
        tokio::task::block_in_place(|| {
            let Some(mut alert) = records.alerts()?.into_iter().find(|a| a.key == key) else { return Ok(()) };
            if over {
                alert.told.remove(channel);
            } else {
                alert.told.insert(channel.to_owned(), now);
            }
            let done = over && alert.told.is_empty();
            records.keep_alert(&alert, done).map_err(PassError::from)
        })
    }
}
