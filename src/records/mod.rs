//! Records: everything that outlives the process, except packages. An index over the journal and the packages, which are the truth.
//! In and out: the product's own operations (fold candidates, due work, finish a visit, leads by filter, decide). No type of the store leaves this room.
//! Never keeps evidence, never calls a clock: `now` is given.
//! A store that cannot be trusted is set aside and made anew. Cursors, run results, due times and hosts never visited stand in neither
//! package nor journal: they are carried over where the old store can be read, else sources start over, which repeats work and loses nothing.

mod allow;
mod board;
mod duties;
mod embedded;
mod error;
mod hosts;
mod journal;
mod leads;
mod lock;
mod mark;
mod marks;
mod opening;
mod people;
mod queue;
mod referrals;
mod shelf;
mod standing;
mod store;
mod visits;
mod watching;

pub use board::{Milestones, QueueRow};
pub use duties::{AuditAsk, AuditLine, may};
pub use error::RecordsError;
pub use hosts::VisitFacts;
pub use journal::JournalCheck;
pub use people::{Deed, LOCK_MS, MAX_FAILURES, Person, Role, SavedFilter, Token, is_name};
pub use queue::{Answer, Ask, Shared, Sort};
pub use standing::{Alert, Quota, Recheck, Sight, Standing, Tally};

use crate::model::allow::{AllowMove, Allowed};
use crate::model::assessment::{Assessment, Verdict};
use crate::model::attribution::Attribution;
use crate::model::candidate::Candidate;
use crate::model::cluster::{ClusterMove, Graph};
use crate::model::dossier::Tie;
use crate::model::host::Host;
use crate::model::indicator::{Found, Indicator, Marks, kind_of};
use crate::model::lead::{Lead, LeadId, Move, PackageRef, State, Step};
use crate::model::registration::Registration;
use crate::model::resolution::Resolution;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who stands in the journal for what the program does by itself.
pub const PROGRAM: &str = "jianwei";

/// What a source's run leaves behind, for `sources` and health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When the run began.
    pub at: Timestamp,
    /// `ok`, `empty`, `blocked`, `failed`.
    pub outcome: String,
    /// Why, where blocked or failed.
    pub why: String,
    /// Names seen.
    pub seen: u64,
    /// Names screened in.
    pub screened_in: u64,
    /// Hosts not known before.
    pub new: u64,
}

/// The result of one visit, ready to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Why we came.
    pub candidate: Candidate,
    /// DNS facts.
    pub resolution: Option<Resolution>,
    /// The outcome's word.
    pub outcome: String,
    /// The outcome in a sentence.
    pub outcome_why: String,
    /// Final URL, or the requested one.
    pub url: String,
    /// Title, where a page came.
    pub title: String,
    /// Scores and findings.
    pub assessment: Assessment,
    /// The sealed package.
    pub package: PackageRef,
    /// What the page carries that ties it to others.
    #[serde(default)]
    pub marks: Marks,
    /// Whose the host is. `None`: not looked at.
    #[serde(default)]
    pub attribution: Option<Box<Attribution>>,
}

/// Which leads. Empty parts do not filter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these states.
    pub states: Vec<State>,
    /// Any of these classes.
    pub classes: Vec<Verdict>,
    /// This protected site.
    pub site: Option<String>,
    /// Highest score at least this.
    pub min_score: Option<u8>,
    /// Seen by this source.
    pub source: Option<String>,
    /// Opened at or after.
    pub since: Option<Timestamp>,
    /// Part of host, title or URL, any case.
    pub text: Option<String>,
}

/// What is due for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask DNS.
    Resolve(Candidate),
    /// Go and see.
    Visit(Candidate, Option<Resolution>),
}

/// When a host is looked at next. `None` in `at`: only when something new is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The next stage is a visit (else a resolution).
    pub visit: bool,
    /// When.
    pub at: Option<Timestamp>,
}

/// Totals of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Hosts known.
    pub hosts: u64,
    /// Of these, present in DNS at the last look.
    pub present: u64,
    /// Visits made.
    pub visits: u64,
    /// Leads.
    pub leads: u64,
}

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
    /// A person's word on which hosts belong together: journalled (fsync), then kept. Each can be taken back by its opposite.
    ///
    /// # Errors
    /// [`RecordsError::NoReason`]: nothing is written. [`RecordsError::Store`]: if the line reached the journal, the next open applies it.
    pub fn arrange(&self, what: &ClusterMove, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        if what.reason().trim().is_empty() {
            let (ClusterMove::Merge { host, .. }
            | ClusterMove::Unmerge { host, .. }
            | ClusterMove::Split { host, .. }
            | ClusterMove::Unsplit { host, .. }) = what;
            return Err(RecordsError::NoReason { host: host.clone() });
        }
        let mut draft = self.shelf.draft();
        let head = held(&self.journal).append(now, by, journal::Said::Clusters(what.clone()))?;
        draft.meta.journal = head;
        self.told(marks::apply(&mut draft, now, by, what, head.seq).and_then(|()| draft.commit()))?;
        if let Some(graph) = held(&self.graph).as_mut() {
            graph.apply(what, &marks::told(by, now));
        }
        self.flush()
    }
    /// Reads who carries what, of all hosts visited, with the leads' states and what people said. Held in memory from the first call on
    /// (some KiB a host), and kept in step with every visit and decision.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn with_graph<T>(&self, read: impl FnOnce(&mut Graph) -> T) -> Result<T, RecordsError> {
        let mut held = held(&self.graph);
        let behind = std::mem::take(&mut *self::held(&self.behind));
        let mut graph = match held.take() {
            Some(mut graph) => {
                for host in &behind {
                    if let Some((standing, marks)) = self.told(marks::now(&self.shelf.view(), host))? {
                        graph.put(host, standing, &marks);
                    }
                }
                graph
            }
            None => self.told(marks::graph(&self.shelf.view()))?,
        };
        let answer = read(&mut graph);
        *held = Some(graph);
        Ok(answer)
    }
    /// Notes that the held graph is behind on one host.
    fn follow(&self, host: &Host) {
        // A graph that nobody has asked for yet is made from the rows as they then are.
        let unmade = self.graph.try_lock().is_ok_and(|graph| graph.is_none());
        if !unmade {
            held(&self.behind).insert(host.clone());
        }
    }
    /// What these marks share with confirmed leads on other hosts: the heaviest of each kind, at most 16. Light and official ones tell nothing.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn ties(&self, host: &Host, marks: &Marks) -> Result<Vec<Tie>, RecordsError> {
        self.with_graph(|graph| graph.ties(host, marks, |i: &Indicator| kind_of(&i.kind).map_or("", |k| k.tie)))
    }
    /// Whose a host is, as of the latest visit, without the raw answers (they are in the package).
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn attribution(&self, host: &Host) -> Result<Option<Attribution>, RecordsError> {
        self.told(self.shelf.peek(&marks::attribution_key(host)))
    }
    /// Every attribution.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn attributions(&self) -> Result<Vec<Attribution>, RecordsError> {
        self.told(marks::attributions(&self.shelf.view()))
    }
    /// The latest answer of the registers on a host's registrable name. `None`: never asked, or nobody answered.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn registration(&self, host: &Host) -> Result<Option<Registration>, RecordsError> {
        let Some(name) = host.registrable() else { return Ok(None) };
        self.told(marks::registration(&self.shelf.view(), name))
    }
    /// What a host carries, where each was seen, and when. `None`: no visit with a page.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn marks(&self, host: &Host) -> Result<Option<(Vec<Found>, Timestamp)>, RecordsError> {
        self.told(marks::of(&self.shelf.view(), host))
    }
    /// Keeps what passive DNS saw: hosts with an address or alias of theirs. Returns how many are new.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn keep_passive_dns(&self, seen: &[(Host, String)]) -> Result<u64, RecordsError> {
        *held(&self.graph) = None;
        let mut new = 0;
        for chunk in seen.chunks(1_000) {
            new +=
                self.change(|draft| chunk.iter().try_fold(0, |n, (host, data)| Ok(n + u64::from(marks::put_old(draft, host, data)?))))?;
        }
        Ok(new)
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
