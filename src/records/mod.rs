//! Records: everything that outlives the process, except packages. An index over the journal and the packages, which are the truth.
//! In and out: the product's own operations (fold candidates, due work, finish a visit, leads by filter, decide). No type of the store leaves this room.
//! Never keeps evidence, never calls a clock: `now` is given.
//! A store that cannot be trusted is set aside and made anew. Cursors, run results, due times and hosts never visited stand in neither
//! package nor journal: they are carried over where the old store can be read, else sources start over, which repeats work and loses nothing.

mod account;
mod allow;
mod backup;
mod board;
mod duties;
mod embedded;
mod error;
mod hosts;
mod journal;
mod kinship;
mod leads;
mod lock;
mod mark;
mod marks;
mod official;
mod opening;
mod people;
mod queue;
mod referrals;
mod shelf;
mod standing;
mod store;
mod visits;
mod watching;
mod words;

pub use account::{Deed, Person, Role, SavedFilter, Token};
pub use backup::{Backup, Copied, back_up, restore};
pub use board::{Milestones, QueueRow};
pub use duties::{AuditAsk, AuditLine, may};
pub use error::RecordsError;
pub use hosts::VisitFacts;
pub use journal::JournalCheck;
pub use people::{LOCK_MS, MAX_FAILURES, is_name};
pub use queue::{Answer, Ask, Shared, Sort};
pub use standing::{Alert, Quota, Recheck, Sight, Standing, Tally};
pub use words::{Due, Filter, Next, Run, Totals, Visit};

use crate::model::allow::{AllowMove, Allowed};
use crate::model::candidate::Candidate;
use crate::model::cluster::Graph;
use crate::model::host::Host;
use crate::model::indicator::Marks;
use crate::model::lead::{Lead, LeadId, Move, Step};
use crate::model::resolution::Resolution;
use crate::model::time::Timestamp;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who stands in the journal for what the program does by itself.
pub const PROGRAM: &str = "jianwei";

/// The open store of one data folder. All methods block on the disk: call them from a blocking thread.
/// Every change is on disk when its method returns; several threads that change things at once share one flush.
pub struct Records {
    shelf: shelf::Shelf,
    journal: Mutex<journal::Journal>,
    mark: Mutex<mark::Mark>,
    people: Mutex<people::Book>,
    board: queue::Board,
    /// Made when first asked for, then kept in step.
    graph: Mutex<Option<Graph>>,
    /// What the official sites carry; goes into every graph.
    official: Mutex<Vec<Marks>>,
    /// Hosts on which the held graph is behind: a decision does not wait for whoever reads the graph.
    behind: Mutex<std::collections::BTreeSet<Host>>,
    places: opening::Places,
    // Last, so that the folder is let go only after the store has closed.
    _lock: lock::FolderLock,
}

impl Records {
    /// Opens (creates, repairs, migrates) the store below `dir`. Holds the folder's lock until dropped.
    /// `rebuild` gives all visits from the packages; it is called only when the store is missing or cannot be trusted and must be made anew.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn open(dir: &Path, rebuild: &dyn Fn() -> Vec<Visit>) -> Result<Self, RecordsError> {
        Self::begin(dir, |places, marked, reading| opening::open(places, marked, reading, rebuild))
    }
    /// Makes the store anew from the visits of all packages and the journal. Leads and states come out as they were; cursors, due times and
    /// unvisited hosts are carried over where the old store is whole. The old store is removed once the new one is complete.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn rebuild(dir: &Path, visits: Vec<Visit>) -> Result<Self, RecordsError> {
        Self::begin(dir, |places, marked, reading| opening::rebuild(places, marked, reading, visits))
    }
    fn begin(
        dir: &Path,
        make: impl FnOnce(&opening::Places, mark::Marked, &journal::Reading) -> Result<shelf::Shelf, RecordsError>,
    ) -> Result<Self, RecordsError> {
        let lock = lock::FolderLock::take(dir)?;
        let places = opening::Places::of(dir);
        let (mark, marked) = mark::Mark::open(dir)?;
        let (mut journal, reading) = journal::Journal::open(dir)?;
        let shelf = make(&places, marked, &reading)?;
        let missed = opening::apply_journal(&shelf, &reading).map_err(|f| places.fault(&f))?;
        if missed > 0 {
            tracing::info!("{missed} journalled decisions had not reached the store; applied");
        }
        journal.continue_from(shelf.view().meta.journal);
        let people = Mutex::new(people::Book::open(dir)?);
        let board = queue::Board::default();
        let graph = Mutex::new(None);
        let records = Self {
            shelf,
            journal: Mutex::new(journal),
            mark: Mutex::new(mark),
            people,
            board,
            graph,
            official: Mutex::default(),
            behind: Mutex::default(),
            places,
            _lock: lock,
        };
        records.flush()?;
        let check = records.judge(&reading);
        if let Some(first) = check.faults.first() {
            tracing::error!(
                "{}: the journal's chain is broken ({} faults; first: {first}); keep a copy and find out who changed it",
                records.places.dir.join("journal.jsonl").display(),
                check.faults.len()
            );
        }
        Ok(records)
    }
    /// Where a source stopped.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn cursor(&self, source: &str) -> Result<Option<String>, RecordsError> {
        self.told(self.shelf.view().get(&row(b"c/", source)))
    }
    /// Folds candidates in by host, and stores the cursor and the run, in one transaction. Returns hosts that are new;
    /// the kept run counts them beside those of the batches before.
    /// New hosts are due at `run.at`; known ones with a new reason or source too, unless they were visited in the day before and are still in DNS.
    /// Give at most some 10,000 candidates at a time: a batch is held in memory whole, about 5 KiB each.
    ///
    /// # Errors
    /// [`RecordsError::Store`]; then nothing of the batch is kept.
    pub fn commit_batch(&self, source: &str, candidates: Vec<Candidate>, cursor: &str, run: &Run) -> Result<u64, RecordsError> {
        self.change(|draft| {
            let mut new = 0;
            for candidate in candidates {
                new += u64::from(hosts::fold(draft, candidate, run.at)?);
            }
            let before: Option<Run> = draft.get(&row(b"r/", source))?;
            standing::count_batch(draft, source, before.as_ref(), run, new)?;
            draft.put(row(b"c/", source), &cursor)?;
            draft.put(row(b"r/", source), &Run { new: run.new + new, ..run.clone() })?;
            Ok(new)
        })
    }
    /// The last run of every source, by id.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn runs(&self) -> Result<Vec<(String, Run)>, RecordsError> {
        let mut runs = Vec::new();
        self.told(self.shelf.view().each(b"r/", |id, run| {
            runs.push((String::from_utf8_lossy(id).into_owned(), run));
            ControlFlow::Continue(())
        }))?;
        Ok(runs)
    }
    /// What is due at `now`, oldest first, at most `limit`. An item stays due until its `finish_` moves it.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, RecordsError> {
        self.told(hosts::due(&self.shelf.view(), now, limit))
    }
    /// Counts a start on `host`, before the step itself, so that a step which takes the process down is counted too.
    /// Returns the starts since a step last ended, this one included; 0 for a host that is not known.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn started(&self, host: &Host) -> Result<u32, RecordsError> {
        self.change(|draft| {
            let before: Option<hosts::Known> = draft.get(&hosts::host_key(host))?;
            let Some(before) = before else { return Ok(0) };
            let after = hosts::Known { attempts: before.attempts.saturating_add(1), ..before.clone() };
            hosts::keep(draft, Some(&before), &after)?;
            Ok(after.attempts)
        })
    }
    /// Starts on `host` since a step last ended; 0 for a host that is not known.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn starts(&self, host: &Host) -> Result<u32, RecordsError> {
        let known: Option<hosts::Known> = self.told(self.shelf.peek(&hosts::host_key(host)))?;
        Ok(known.map_or(0, |k| k.attempts))
    }
    /// Keeps DNS facts and what is due next, in one transaction.
    ///
    /// # Errors
    /// [`RecordsError::Store`], also for a host that no batch has brought.
    pub fn finish_resolve(&self, resolution: &Resolution, next: Next) -> Result<(), RecordsError> {
        self.finish_resolves(&[(resolution.clone(), next)])
    }
    /// The same for many hosts in one transaction and one flush.
    ///
    /// # Errors
    /// As [`Records::finish_resolve`].
    pub fn finish_resolves(&self, done: &[(Resolution, Next)]) -> Result<(), RecordsError> {
        self.change(|draft| {
            for (resolution, next) in done {
                let before: Option<hosts::Known> = draft.get(&hosts::host_key(&resolution.host))?;
                let before = before.ok_or_else(|| {
                    store::Fault::Machine(format!("{} is not known; commit it as a candidate before its DNS facts", resolution.host))
                })?;
                let after = hosts::Known { resolution: Some(resolution.clone()), next: *next, attempts: 0, ..before.clone() };
                hosts::keep(draft, Some(&before), &after)?;
            }
            Ok(())
        })
    }
    /// Keeps a visit, opens or renews the lead where the assessment says review, and what is due next, in one transaction.
    /// Returns the lead and whether it is new. The same visit again changes nothing.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn finish_visit(&self, visit: &Visit, next: Next) -> Result<Option<(Lead, bool)>, RecordsError> {
        self.reopen_changed(visit)?;
        let lead = self.change(|draft| visits::take_in(draft, visit, next))?;
        self.follow(&visit.candidate.host);
        Ok(lead)
    }
    /// Takes in a visit whose package was sealed just before the process died. What is due stays due, so the step that was cut off is
    /// made again. Returns false, and changes nothing, for a visit that is known.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn adopt(&self, visit: &Visit) -> Result<bool, RecordsError> {
        *held(&self.graph) = None;
        self.change(|draft| {
            let host = &visit.candidate.host;
            let facts = VisitFacts::of(visit);
            if draft.get::<hosts::Seen>(&hosts::visit_key(host, &facts))?.is_some() {
                return Ok(false);
            }
            let known: Option<hosts::Known> = draft.get(&hosts::host_key(host))?;
            let next = known.map_or(Next { visit: false, at: Some(facts.at) }, |k| k.next);
            visits::take_in(draft, visit, next)?;
            Ok(true)
        })
    }
    /// Capture time of the latest visit that is kept. `None`: no visit yet.
    ///
    /// # Errors
    /// None today; a shared store may have some.
    pub fn newest_visit(&self) -> Result<Option<Timestamp>, RecordsError> {
        Ok(self.shelf.view().meta.newest_visit)
    }
    /// Leaves `host` alone until `next`, without a visit: the step could not be ended. Its starts are counted from zero again.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn put_off(&self, host: &Host, next: Next) -> Result<(), RecordsError> {
        self.change(|draft| {
            let before: Option<hosts::Known> = draft.get(&hosts::host_key(host))?;
            let Some(before) = before else { return Ok(()) };
            let after = hosts::Known { next, attempts: 0, ..before.clone() };
            hosts::keep(draft, Some(&before), &after)
        })
    }
    /// One lead.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn lead(&self, id: &LeadId) -> Result<Option<Lead>, RecordsError> {
        self.told(self.shelf.peek(&leads::lead_key(id)))
    }
    /// The lead on a host, if any; with several protected sites, that of the highest score.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn lead_of(&self, host: &Host) -> Result<Option<Lead>, RecordsError> {
        Ok(self.leads_on(host)?.into_iter().next())
    }
    /// Leads by filter, highest score first, then host.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn leads(&self, filter: &Filter) -> Result<Vec<Lead>, RecordsError> {
        self.told(leads::list(&self.shelf.view(), filter))
    }
    /// One person's decision: checked, journalled (fsync), then kept.
    ///
    /// # Errors
    /// [`RecordsError::NoLead`], [`RecordsError::Illegal`]: nothing is written. [`RecordsError::Store`]: if the line reached the journal,
    /// the next open applies it.
    pub fn decide(&self, id: &LeadId, what: Move, by: &str, now: Timestamp) -> Result<Lead, RecordsError> {
        let mut draft = self.shelf.draft();
        let lead: Option<Lead> = self.told(draft.get(&leads::lead_key(id)))?;
        let mut lead = lead.ok_or_else(|| RecordsError::NoLead(id.clone()))?;
        lead.apply(Step { at: now, by: by.to_owned(), what: what.clone() })?;
        draft.meta.journal = held(&self.journal).append(now, by, journal::Said::Lead { lead: id.clone(), what: what.clone() })?;
        self.told(draft.put(leads::lead_key(id), &lead).and_then(|()| hosts::after_move(&mut draft, &lead, &what, now)))?;
        self.told(draft.commit())?;
        self.flush()?;
        self.follow(&lead.candidate.host);
        Ok(lead)
    }
    /// A person's word that a host is ours or known good, or is so no longer: journalled (fsync), then kept. An allowed host is due for nothing.
    ///
    /// # Errors
    /// [`RecordsError::NoReason`], and [`RecordsError::NotAllowed`] for a host that is not on the list: nothing is written.
    /// [`RecordsError::Store`]: if the line reached the journal, the next open applies it.
    pub fn allow(&self, what: &AllowMove, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        if what.reason().trim().is_empty() {
            return Err(RecordsError::NoReason { host: what.host().clone() });
        }
        let listed = self.allowed()?.iter().any(|e| e.host == *what.host());
        if matches!(what, AllowMove::Disallow { .. }) && !listed {
            return Err(RecordsError::NotAllowed { host: what.host().clone() });
        }
        let mut draft = self.shelf.draft();
        draft.meta.journal = held(&self.journal).append(now, by, journal::Said::Host(what.clone()))?;
        self.told(allow::apply(&mut draft, now, by, what).and_then(|()| draft.commit()))?;
        self.flush()
    }
    /// The allow-list, by host.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn allowed(&self) -> Result<Vec<Allowed>, RecordsError> {
        self.told(allow::list(&self.shelf.view()))
    }
    /// The allow-list of a data folder, read from its journal: takes no lock, so that it works beside a running scan.
    ///
    /// # Errors
    /// [`RecordsError::Store`] where the journal cannot be read.
    pub fn allowed_in(dir: &Path) -> Result<Vec<Allowed>, RecordsError> {
        allow::in_journal(dir)
    }
    /// Totals.
    ///
    /// # Errors
    /// None today; a shared store may have some.
    pub fn totals(&self) -> Result<Totals, RecordsError> {
        Ok(self.shelf.view().meta.totals)
    }
    /// Hosts by the outcome word of their last visit.
    ///
    /// # Errors
    /// None today; a shared store may have some.
    pub fn hosts_by_outcome(&self) -> Result<BTreeMap<String, u64>, RecordsError> {
        Ok(self.shelf.view().meta.outcomes.clone())
    }
    /// The last visit to a host. `None`: never visited.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn visit_of(&self, host: &Host) -> Result<Option<VisitFacts>, RecordsError> {
        Ok(self.known(host)?.and_then(|k| k.last))
    }
    /// Reads the journal again from disk and checks number and hash of every line, and that it reaches as far as the store knows.
    ///
    /// # Errors
    /// [`RecordsError::Store`] where the file cannot be read. A broken chain is no error here but a fault in the answer.
    pub fn verify_journal(&self) -> Result<JournalCheck, RecordsError> {
        let reading = held(&self.journal).read()?;
        Ok(self.judge(&reading))
    }
    /// The same of a data folder without opening it: takes no lock, so that it works beside a running program, which may be writing the last
    /// line at this moment. The chain alone is checked; that the last line is the one that was written, only the store knows.
    ///
    /// # Errors
    /// [`RecordsError::Store`] where the file cannot be read. No journal yet is a whole one.
    pub fn verify_journal_in(dir: &Path) -> Result<JournalCheck, RecordsError> {
        let path = dir.join("journal.jsonl");
        if !path.exists() {
            return Ok(JournalCheck::default());
        }
        Ok(journal::read_beside(&path)?.check)
    }
    /// Everything acknowledged so far is on disk when this returns.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn flush(&self) -> Result<(), RecordsError> {
        let seq = self.told(self.shelf.flush())?;
        held(&self.mark).note(seq);
        Ok(())
    }
    /// Brings back the dismissed lead whose page changed.
    fn reopen_changed(&self, visit: &Visit) -> Result<(), RecordsError> {
        let changed = self.told(visits::reopens(&self.shelf.view(), visit))?;
        if let Some((id, reason)) = changed {
            // Before the visit is taken in: if we crash between the two, the visit is due again and finds the lead open.
            self.decide(&id, Move::Reopen { reason }, PROGRAM, visit.package.captured_at)?;
        }
        Ok(())
    }
    fn change<T>(&self, write: impl FnOnce(&mut shelf::Draft<'_>) -> Result<T, store::Fault>) -> Result<T, RecordsError> {
        let mut draft = self.shelf.draft();
        let value = self.told(write(&mut draft))?;
        self.told(draft.commit())?;
        self.flush()?;
        Ok(value)
    }
    fn known(&self, host: &Host) -> Result<Option<hosts::Known>, RecordsError> {
        self.told(self.shelf.view().get(&hosts::host_key(host)))
    }
    fn told<T>(&self, result: Result<T, store::Fault>) -> Result<T, RecordsError> {
        result.map_err(|fault| self.places.fault_at_work(&fault))
    }
    /// The chain's own faults, and what the store remembers of the journal against what the file now holds.
    fn judge(&self, reading: &journal::Reading) -> JournalCheck {
        let known = self.shelf.view().meta.journal;
        let mut check = reading.check.clone();
        if known.seq > reading.head.seq {
            check
                .faults
                .push(format!("the journal ends at number {}, but {} was written; its end was cut off", reading.head.seq, known.seq));
        } else if known.seq > 0 && !reading.entries.iter().any(|(e, hash)| e.seq == known.seq && *hash == known.hash) {
            check.faults.push(format!("number {} is not the line that was written; the journal was replaced", known.seq));
        }
        check
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn row(kind: &[u8], id: &str) -> Vec<u8> {
    [kind, id.as_bytes()].concat()
}
