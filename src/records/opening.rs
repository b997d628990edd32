//! Opening and making anew: from a data folder as a crash, a full disk or a bad block left it, to a store that can be trusted.
//! Order: finish an interrupted swap, open under the fence, check the fingerprint, and where that fails once more without snapshots;
//! then the directory is set aside as `records.broken-N` and a new one made from packages and journal.

use crate::model::lead::Step;
use crate::records::embedded::Embedded;
use crate::records::error::{RecordsError, at};
use crate::records::hosts::{Known, VisitFacts, host_key};
use crate::records::journal::{Head, Reading, Said, sync_folder};
use crate::records::mark::Marked;
use crate::records::shelf::{Draft, Found, SCHEMA, Shelf};
use crate::records::store::Fault;
use crate::records::{Next, Run, Visit, allow, hosts, leads, marks, referrals, standing, visits};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// After a rebuild that could not carry over what was due, a visited host is looked up this long after its last visit, in milliseconds.
const AGAIN_MS: i64 = 24 * 3600 * 1000;
/// Directories set aside that are kept for whoever wants to know why; the oldest go first.
const BROKEN_KEPT: usize = 3;
/// Rows of one transaction while a store is made anew.
const CHUNK: usize = 200;

/// Where things are below a data folder.
pub(super) struct Places {
    /// The data folder.
    pub(super) dir: PathBuf,
    /// The store.
    pub(super) records: PathBuf,
    new: PathBuf,
    old: PathBuf,
    distrust: PathBuf,
}

impl Places {
    /// Names them.
    pub(super) fn of(dir: &Path) -> Self {
        let below = |name| dir.join(name);
        let (new, old, distrust) = (below("records.new"), below("records.old"), below("records.distrust"));
        Self { dir: dir.to_owned(), records: below("records"), new, old, distrust }
    }
    /// A back end's fault in words that name the store.
    pub(super) fn fault(&self, fault: &Fault) -> RecordsError {
        RecordsError::Store { path: self.records.clone(), why: fault.to_string() }
    }
    /// The same for a fault of a store that passed its checks at open. Damage seen only now (a block gone bad since, a row that this
    /// program cannot read) is noted, so that the next open makes the store anew instead of passing it again.
    pub(super) fn fault_at_work(&self, fault: &Fault) -> RecordsError {
        if let Fault::Damaged(why) = fault {
            let _ = std::fs::write(&self.distrust, why);
            return RecordsError::Store { path: self.records.clone(), why: format!("{why}; start again, it will be made anew") };
        }
        self.fault(fault)
    }
    /// Ends a swap that a crash cut short: a new store is complete exactly when the old one was moved out of its way.
    fn settle(&self) -> Result<(), RecordsError> {
        if self.new.exists() {
            if !self.records.exists() && self.old.exists() {
                std::fs::rename(&self.new, &self.records).map_err(at(&self.new))?;
            } else {
                std::fs::remove_dir_all(&self.new).map_err(at(&self.new))?;
            }
        } else if !self.records.exists() && self.old.exists() {
            std::fs::rename(&self.old, &self.records).map_err(at(&self.old))?;
        }
        if self.old.exists() {
            std::fs::remove_dir_all(&self.old).map_err(at(&self.old))?;
        }
        sync_folder(&self.dir)
    }
    /// Puts the complete new store where the old one is.
    fn swap(&self) -> Result<(), RecordsError> {
        if self.records.exists() {
            std::fs::rename(&self.records, &self.old).map_err(at(&self.records))?;
        } else {
            std::fs::create_dir_all(&self.old).map_err(at(&self.old))?;
        }
        sync_folder(&self.dir)?;
        std::fs::rename(&self.new, &self.records).map_err(at(&self.new))?;
        sync_folder(&self.dir)?;
        std::fs::remove_dir_all(&self.old).map_err(at(&self.old))
    }
    /// Moves the store to `records.broken-N` and gives that name.
    fn set_aside(&self) -> Result<PathBuf, RecordsError> {
        let mut numbers: Vec<u64> = std::fs::read_dir(&self.dir)
            .map_err(at(&self.dir))?
            .flatten()
            .filter_map(|e| e.file_name().to_str()?.strip_prefix("records.broken-")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let name = |n: u64| self.dir.join(format!("records.broken-{n}"));
        let aside = name(numbers.last().map_or(1, |n| n + 1));
        std::fs::rename(&self.records, &aside).map_err(at(&self.records))?;
        for n in numbers.iter().rev().skip(BROKEN_KEPT - 1) {
            let _ = std::fs::remove_dir_all(name(*n));
        }
        sync_folder(&self.dir)?;
        Ok(aside)
    }
}

/// What packages and journal do not hold, taken over from a store that can still be read.
#[derive(Default)]
pub(super) struct Carried {
    rows: Vec<Row>,
    /// The last journal line that the old store knew of. Kept though the file lacks it, so that the loss is told for ever.
    journal: Head,
}

enum Row {
    Cursor(Vec<u8>, String),
    Run(Vec<u8>, Run),
    Host(Box<Known>),
    /// A row of standing, as it is.
    Other(Vec<u8>, serde_json::Value),
    PassiveDns(Vec<u8>, (crate::model::host::Host, String)),
}

impl Carried {
    fn from(shelf: &Shelf) -> Result<Self, Fault> {
        let view = shelf.view();
        let mut rows = Vec::new();
        let on = ControlFlow::Continue(());
        view.each(b"c/", |id, cursor| {
            rows.push(Row::Cursor([b"c/", id].concat(), cursor));
            on
        })?;
        view.each(b"r/", |id, run| {
            rows.push(Row::Run([b"r/", id].concat(), run));
            on
        })?;
        view.each(b"h/", |_, known| {
            rows.push(Row::Host(Box::new(known)));
            on
        })?;
        for kind in standing::KINDS {
            view.each(kind, |id, value| {
                rows.push(Row::Other([kind, id].concat(), value));
                on
            })?;
        }
        view.each(b"p/", |id, seen| {
            rows.push(Row::PassiveDns([b"p/", id].concat(), seen));
            on
        })?;
        Ok(Self { rows, journal: view.meta.journal })
    }
}

/// Opens the store as it is, or makes it anew where it is missing or not whole.
pub(super) fn open(places: &Places, marked: Marked, reading: &Reading, again: &dyn Fn() -> Vec<Visit>) -> Result<Shelf, RecordsError> {
    let newer = |found| RecordsError::Newer { dir: places.dir.clone(), found, known: SCHEMA };
    if marked.schema > SCHEMA {
        return Err(newer(marked.schema));
    }
    places.settle()?;
    let distrusted = std::fs::read_to_string(&places.distrust).ok();
    let why = match look(&places.records, marked) {
        Ok(Found::Whole(_)) if distrusted.is_some() => distrusted,
        Ok(Found::Whole(shelf)) => return Ok(*shelf),
        Ok(Found::Newer(found)) => return Err(newer(found)),
        Ok(Found::Fresh) => None,
        Err(Fault::Machine(why)) => return Err(places.fault(&Fault::Machine(why))),
        Err(Fault::Damaged(first)) => match without_snapshots(&places.records, marked) {
            Ok(Found::Whole(shelf)) if distrusted.is_none() => {
                tracing::warn!("{}: a snapshot was damaged ({first}); read again from its log, nothing is lost", places.records.display());
                return Ok(*shelf);
            }
            Ok(Found::Newer(found)) => return Err(newer(found)),
            Err(Fault::Machine(why)) => return Err(places.fault(&Fault::Machine(why))),
            Ok(Found::Fresh | Found::Whole(_)) | Err(Fault::Damaged(_)) => Some(first),
        },
    };
    let visits = again();
    // Where nothing was ever acknowledged the store is as new as the folder (packages brought from elsewhere): nothing to set aside.
    if why.is_some() || marked.seq > 0 {
        let why = why.unwrap_or_else(|| "missing or empty".into());
        let aside = places.set_aside()?;
        tracing::warn!(
            "{}: could not be used ({why}); moved to {} and made anew from {} packages and {} decisions; sources start over",
            places.records.display(),
            aside.display(),
            visits.len(),
            reading.entries.len()
        );
    }
    anew(places, marked, reading, visits, Carried::default())
}

/// Makes the store anew though it may be whole; takes over cursors, unvisited hosts and due times where it is.
pub(super) fn rebuild(places: &Places, marked: Marked, reading: &Reading, visits: Vec<Visit>) -> Result<Shelf, RecordsError> {
    places.settle()?;
    let carried = match look(&places.records, marked) {
        Ok(Found::Newer(found)) => return Err(RecordsError::Newer { dir: places.dir.clone(), found, known: SCHEMA }),
        Ok(Found::Fresh) => Carried::default(),
        Ok(Found::Whole(shelf)) => Carried::from(&shelf).map_err(|f| places.fault(&f))?,
        Err(Fault::Machine(why)) => return Err(places.fault(&Fault::Machine(why))),
        Err(Fault::Damaged(why)) => {
            tracing::warn!("{}: {why}; cursors and unvisited hosts are not carried over, sources start over", places.records.display());
            Carried::default()
        }
    };
    anew(places, marked, reading, visits, carried)
}

fn look(records: &Path, marked: Marked) -> Result<Found, Fault> {
    let found = Shelf::read(Box::new(Embedded::open(records)?))?;
    if let Found::Whole(shelf) = &found {
        let seq = shelf.view().meta.seq;
        if seq < marked.seq {
            return Err(Fault::Damaged(format!("it ends at change {seq}, but {} was acknowledged", marked.seq)));
        }
    }
    Ok(found)
}

fn without_snapshots(records: &Path, marked: Marked) -> Result<Found, Fault> {
    Embedded::forget_snapshots(records)?;
    look(records, marked)
}

/// Writes a whole store beside the old one, puts it in its place, opens it.
fn anew(places: &Places, marked: Marked, reading: &Reading, visits: Vec<Visit>, carried: Carried) -> Result<Shelf, RecordsError> {
    fill(&places.new, marked, reading, visits, carried).map_err(|f| places.fault(&f))?;
    places.swap()?;
    let _ = std::fs::remove_file(&places.distrust);
    match look(&places.records, Marked::default()).map_err(|f| places.fault(&f))? {
        Found::Whole(shelf) => Ok(*shelf),
        _ => Err(places.fault(&Fault::Damaged("the store just made cannot be read; check the disk".into()))),
    }
}

fn fill(new: &Path, marked: Marked, reading: &Reading, mut visits: Vec<Visit>, carried: Carried) -> Result<(), Fault> {
    let shelf = Shelf::lay_out(Box::new(Embedded::open(new)?), marked.seq)?;
    visits.sort_by(|a, b| (a.package.captured_at, &a.package.id).cmp(&(b.package.captured_at, &b.package.id)));
    for chunk in visits.chunks(CHUNK) {
        let mut draft = shelf.draft();
        for visit in chunk {
            let next = Next { visit: false, at: Some(visit.package.captured_at.plus_millis(AGAIN_MS)) };
            visits::take_in(&mut draft, visit, next)?;
        }
        draft.commit()?;
    }
    for chunk in carried.rows.chunks(CHUNK) {
        let mut draft = shelf.draft();
        for row in chunk {
            match row {
                Row::Cursor(key, cursor) => draft.put(key.clone(), cursor)?,
                Row::Run(key, run) => draft.put(key.clone(), run)?,
                Row::PassiveDns(key, seen) => draft.put(key.clone(), seen)?,
                Row::Host(known) => carry_host(&mut draft, known)?,
                Row::Other(key, value) => draft.put(key.clone(), value)?,
            }
        }
        draft.commit()?;
    }
    apply_journal(&shelf, reading)?;
    if carried.journal.seq > reading.head.seq {
        let mut draft = shelf.draft();
        draft.meta.journal = carried.journal;
        draft.commit()?;
    }
    shelf.flush().map(|_| ())
}

/// A host that was never visited is taken over; of a visited one, its sightings, DNS facts and due time.
fn carry_host(draft: &mut Draft<'_>, old: &Known) -> Result<(), Fault> {
    let before: Option<Known> = draft.get(&host_key(&old.candidate.host))?;
    let after = match before.clone() {
        Some(now) => {
            let resolution = if old.resolution.is_some() { old.resolution.clone() } else { now.resolution };
            Known { candidate: old.candidate.clone(), resolution, next: old.next, attempts: old.attempts, ..now }
        }
        None => Known { last: None::<VisitFacts>, leads: Vec::new(), ..old.clone() },
    };
    hosts::keep(draft, before.as_ref(), &after)
}

/// Applies the decisions that the store does not have yet: all after a rebuild, else those of a crash between journal and store.
pub(super) fn apply_journal(shelf: &Shelf, reading: &Reading) -> Result<u64, Fault> {
    let known = shelf.view().meta.journal.seq;
    let missing: Vec<_> = reading.entries.iter().filter(|(entry, _)| entry.seq > known).collect();
    for chunk in missing.chunks(CHUNK) {
        let mut draft = shelf.draft();
        for (entry, hash) in chunk {
            if entry.seq <= draft.meta.journal.seq {
                continue; // Repeated or out of order: told as a fault of the chain, and not applied at every open.
            }
            match &entry.what {
                Said::Lead { lead, what } => {
                    let step = Step { at: entry.at, by: entry.by.clone(), what: what.clone() };
                    leads::replay(&mut draft, lead, step)?;
                }
                Said::Host(what) => allow::apply(&mut draft, entry.at, &entry.by, what)?,
                Said::Paper(what) => referrals::apply(&mut draft, entry.at, &entry.by, what)?,
                // Accounts stand in their own file; the line is for whoever reads the journal.
                Said::Person { .. } => {}
                Said::Clusters(what) => marks::apply(&mut draft, entry.at, &entry.by, what, entry.seq)?,
            }
            draft.meta.journal = Head { seq: entry.seq, hash: *hash };
        }
        draft.commit()?;
    }
    Ok(missing.len() as u64)
}
