//! The source `ct`: certificate logs, read at their live end, and backwards where a stretch of older entries is asked for.
//! In: a log list and which logs of it. Out: the names of every certificate, as blocks; one cursor for each log, all in one text.
//! A log that refuses or fails is left alone for a while and stops no other. A tree that shrinks or forks raises an alarm and moves nothing.

mod ask;
mod cert;
mod der;
mod entries;
mod head;
mod key;
mod lines;
mod list;
mod place;
mod statics;
mod tile;
mod tree;

use crate::model::time::Timestamp;
use crate::net::{FetchRequest, Net};
use crate::sources::{Batch, Cursor, RunOutcome, Source, off_thread};
use ask::{Asker, Trouble};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use head::Head;
use key::Key;
use list::{Api, Listed, Log};
use place::{Back, Place, Places, Rest};
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use tile::WIDTH;
use url::Url;

/// A fetched list serves for so long.
const LIST_SERVES_MS: i64 = 24 * 3_600_000;
const MAX_LIST_BYTES: u64 = 16 << 20;
/// Entries of one log in one run, so that a log far behind does not keep the others waiting for ever.
const MAX_ENTRIES_A_RUN: u64 = 4_000_000;
/// Entries of older stretches of one log in one run.
const MAX_OLDER_A_RUN: u64 = 500_000;

/// Where the log list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListAt {
    /// A file.
    Path(PathBuf),
    /// Fetched once a day.
    Url(Url),
}

impl ListAt {
    /// For people.
    fn shown(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Url(url) => url.to_string(),
        }
    }
}

/// What the settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wishes {
    /// Settings id.
    pub(super) id: String,
    /// The list.
    pub(super) list: ListAt,
    /// Parts of names, operators or URLs; empty: all.
    pub(super) logs: Vec<String>,
    /// Between two requests to one log.
    pub(super) interval_ms: u64,
    /// How long an unfinished tile is waited for.
    pub(super) partial_after_ms: i64,
    /// Older entries to read of a log that is new to us.
    pub(super) backfill_entries: u64,
}

/// Certificate logs.
pub(super) struct Ct {
    wishes: Wishes,
    listed: Option<(Timestamp, Listed)>,
    run: Option<Run>,
}

/// One pass over the logs.
struct Run {
    given: String,
    places: Places,
    work: Vec<Work>,
    at: usize,
    /// What is wrong with the list, still to be said.
    list_trouble: Option<String>,
}

/// One log in this pass.
struct Work {
    id: String,
    log: Log,
    key: Key,
    seen: Option<Seen>,
    read: u64,
    older: u64,
    over: bool,
}

/// What the log said at the start of the pass: how far it is read in this one.
enum Seen {
    Static(Box<statics::Tree>),
    Rfc6962(Head),
}

/// Entries read at one go.
#[derive(Default)]
struct Chunk {
    names: Vec<u8>,
    /// The entry behind the last one read.
    next: u64,
    malformed: u64,
    trouble: Option<Trouble>,
}

impl Chunk {
    fn add(&mut self, names: &[u8], malformed: u64, next: u64) {
        self.names.extend_from_slice(names);
        self.malformed += malformed;
        self.next = next;
    }
}

impl Seen {
    fn head(&self) -> &Head {
        match self {
            Self::Static(tree) => &tree.head,
            Self::Rfc6962(head) => head,
        }
    }
}

impl Ct {
    /// Asks nothing yet.
    pub(super) fn new(wishes: Wishes) -> Self {
        Self { wishes, listed: None, run: None }
    }

    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let text = cursor.map(|c| c.0.as_str()).unwrap_or_default();
        let mut run = match self.run.take().filter(|run| run.given == text) {
            Some(run) => run,
            None => self.begin(text, net).await,
        };
        let batch = run.step(&self.wishes, net).await;
        self.run = batch.more.then_some(run);
        batch
    }

    async fn begin(&mut self, text: &str, net: &Net) -> Run {
        let id = &self.wishes.id;
        let places = Places::read(text).unwrap_or_else(|| {
            tracing::warn!(source = %id, "the cursor of {id} cannot be read; every log is read from its end");
            Places::default()
        });
        let (logs, list_trouble) = match self.list(net).await {
            // All that we read have retired: that is no reason to go on asking them.
            Ok(listed) if listed.logs.is_empty() => {
                (Vec::new(), Some(format!("{}: no log of this list is in use and wanted", self.wishes.list.shown())))
            }
            Ok(listed) => (listed.logs, None),
            Err(why) => {
                let known = places.logs.iter().map(|(id, place)| (id.clone(), place.log.clone())).collect();
                (known, Some(why))
            }
        };
        let work = logs.into_iter().filter_map(|(id, log)| {
            let key = log.public_key()?;
            Some(Work { id, log, key, seen: None, read: 0, older: 0, over: false })
        });
        Run { given: text.to_owned(), places, work: work.collect(), at: 0, list_trouble }
    }

    /// The list, at most a day old if it is fetched.
    async fn list(&mut self, net: &Net) -> Result<Listed, String> {
        let now = net.now();
        let is_url = matches!(self.wishes.list, ListAt::Url(_));
        if let Some((at, listed)) = self.listed.as_ref().filter(|(at, _)| is_url && now.millis() - at.millis() < LIST_SERVES_MS) {
            tracing::debug!("the log list of {at} still serves");
            return Ok(listed.clone());
        }
        let shown = self.wishes.list.shown();
        let text = match &self.wishes.list {
            ListAt::Path(path) => {
                let path = path.clone();
                off_thread(move || std::fs::read(path)).await.map_err(|e| format!("{shown}: {e}"))?
            }
            ListAt::Url(url) => fetch_list(url, net).await?,
        };
        let listed = list::read(&text, &self.wishes.logs, now).map_err(|why| format!("{shown}: {why}"))?;
        for why in listed.broken.iter().take(10).chain(&listed.old) {
            tracing::warn!(source = %self.wishes.id, "{shown}: {why}");
        }
        self.listed = Some((now, listed.clone()));
        Ok(listed)
    }
}

async fn fetch_list(url: &Url, net: &Net) -> Result<Vec<u8>, String> {
    let request =
        FetchRequest { url: url.clone(), method: "GET".into(), headers: Vec::new(), body: None, max_body_bytes: Some(MAX_LIST_BYTES) };
    match net.fetch(&request).await {
        Ok(got) if (200..300).contains(&got.status) => Ok(got.body),
        Ok(got) => Err(format!("{url}: status {}", got.status)),
        Err(e) => Err(format!("{url}: {e}")),
    }
}

impl Run {
    /// One chunk of one log, in turn.
    async fn step(&mut self, wishes: &Wishes, net: &Net) -> Batch {
        if let Some(why) = self.list_trouble.take() {
            return self.batch(Vec::new(), String::new(), RunOutcome::Failed { why: format!("log list {why}") });
        }
        let waiting = (0..self.work.len()).map(|n| (self.at + n) % self.work.len()).find(|n| !self.work[*n].over);
        let Some(n) = waiting else { return self.batch(Vec::new(), String::new(), RunOutcome::Empty) };
        self.at = n + 1;
        let work = &mut self.work[n];
        let before = self.places.logs.get(&work.id).cloned();
        let (place, chunk) = work.advance(before, wishes, net).await;
        if let Some(place) = place {
            self.places.logs.insert(work.id.clone(), place);
        }
        let name = work.log.name.clone();
        let from = format!("{name} {}", chunk.next);
        let outcome = match chunk.trouble {
            None if chunk.names.is_empty() => RunOutcome::Empty,
            None => RunOutcome::Ok,
            Some(Trouble::Refused { why, .. }) => RunOutcome::Blocked { why: format!("{name}: {why}") },
            Some(Trouble::Absent(why) | Trouble::Failed(why)) => RunOutcome::Failed { why: format!("{name}: {why}") },
            Some(Trouble::Alarm(why)) => {
                RunOutcome::Failed { why: format!("alarm: {name}: {why}; nothing is read from it until that is explained") }
            }
        };
        self.batch(chunk.names, from, outcome)
    }
    fn batch(&mut self, names: Vec<u8>, names_from: String, outcome: RunOutcome) -> Batch {
        self.given = self.places.text();
        let more = self.work.iter().any(|w| !w.over);
        let (mut done, mut all) = (0, 0);
        for work in &self.work {
            let end = work.seen.as_ref().map_or(0, |s| s.head().size);
            let next = self.places.logs.get(&work.id).map_or(0, |p| p.next);
            done += work.read;
            all += work.read + end.saturating_sub(next);
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let share = if more { (all > 0).then(|| done as f64 / all as f64) } else { Some(1.0) };
        Batch { names, names_from, sightings: Vec::new(), cursor: Cursor(self.given.clone()), more, outcome, done: share }
    }
}

impl Work {
    /// One chunk of this log.
    async fn advance(&mut self, before: Option<Place>, wishes: &Wishes, net: &Net) -> (Option<Place>, Chunk) {
        let now = net.now();
        if let Some(rest) = before.as_ref().and_then(|p| p.rest.clone()).filter(|r| r.until > now) {
            self.over = true;
            let seconds = (rest.until.millis() - now.millis()) / 1_000 + 1;
            let why = format!("{}; left alone for {seconds} more seconds", rest.why);
            let trouble = if rest.refused { Trouble::Refused { why, after_ms: None } } else { Trouble::Failed(why) };
            return (before, Chunk { trouble: Some(trouble), ..Chunk::default() });
        }
        let url = self.log.url.clone();
        let asker = Asker { net, url: &url, interval_ms: wishes.interval_ms };
        let mut place = match self.look(before.clone(), &asker, wishes).await {
            Ok(place) => place,
            Err(trouble) => return (Some(self.rest(before, &trouble, now)), Chunk { trouble: Some(trouble), ..Chunk::default() }),
        };
        let chunk = self.read(&mut place, &asker, wishes, now).await;
        place.malformed += chunk.malformed;
        match &chunk.trouble {
            Some(trouble) => (Some(self.rest(Some(place), trouble, now)), chunk),
            None => {
                place.rest = None;
                (Some(place), chunk)
            }
        }
    }
    /// Leaves the log alone for a while.
    fn rest(&mut self, place: Option<Place>, trouble: &Trouble, now: Timestamp) -> Place {
        self.over = true;
        // A log that has never answered is remembered too: it must not be asked at every scan.
        let mut place = place.unwrap_or_else(|| fresh(&self.log, 0, 0));
        let (why, asked, refused) = match trouble {
            Trouble::Refused { why, after_ms } => (why, *after_ms, true),
            Trouble::Absent(why) | Trouble::Failed(why) => (why, None, false),
            Trouble::Alarm(why) => {
                place.alarm = Some(why.clone());
                (why, None, false)
            }
        };
        place.rest = Some(Rest::after(place.rest.as_ref(), now, asked, refused, why.clone(), &self.id));
        place
    }
    /// What the log says of its tree, once a pass.
    async fn look(&mut self, before: Option<Place>, asker: &Asker<'_>, wishes: &Wishes) -> Result<Place, Trouble> {
        if let (Some(_), Some(place)) = (&self.seen, &before) {
            return Ok(place.clone());
        }
        let (before, rest) = match before {
            Some(place) if place.root.is_empty() => (None, place.rest),
            Some(place) => (Some(place.clone()), place.rest),
            None => (None, None),
        };
        let known = before.as_ref().and_then(|p| Some((p.size, STANDARD.decode(&p.root).ok()?.try_into().ok()?)));
        let seen = match self.log.api {
            Api::Static => Seen::Static(Box::new(statics::look(asker, &self.log.origin, &self.key, known).await?)),
            Api::Rfc6962 => Seen::Rfc6962(entries::look(asker, &self.key, known).await?),
        };
        let head = seen.head();
        let mut place = before.unwrap_or_else(|| fresh(&self.log, head.size, wishes.backfill_entries));
        (place.size, place.root, place.signed_ms) = (head.size, STANDARD.encode(head.root), head.timestamp_ms);
        (place.alarm, place.log, place.rest) = (None, self.log.clone(), rest);
        self.seen = Some(seen);
        Ok(place)
    }
    /// The live end first; older entries when nothing of it is due.
    async fn read(&mut self, place: &mut Place, asker: &Asker<'_>, wishes: &Wishes, now: Timestamp) -> Chunk {
        let Some(seen) = &mut self.seen else { return Chunk::default() };
        let size = seen.head().size;
        let whole = if self.log.api == Api::Static { place.next.max(size - size % WIDTH) } else { size };
        let (end, partial) = match place.waited(size, whole, wishes.partial_after_ms, now) {
            true => (size, true),
            false => (whole, false),
        };
        let mut chunk = Chunk { next: place.next, ..Chunk::default() };
        if end > place.next && self.read < MAX_ENTRIES_A_RUN {
            chunk = match seen {
                Seen::Static(tree) => tree.read(asker, place.next, end, partial, &mut place.names_tiles).await,
                Seen::Rfc6962(_) => entries::read(asker, place.next, end).await,
            };
            self.read += chunk.next - place.next;
            place.next = chunk.next;
        } else if let Some(back) = place.back.as_mut().filter(|b| b.next < b.end && self.older < MAX_OLDER_A_RUN) {
            chunk = match seen {
                Seen::Static(tree) => tree.read(asker, back.next, back.end, true, &mut place.names_tiles).await,
                Seen::Rfc6962(_) => entries::read(asker, back.next, back.end).await,
            };
            self.older += chunk.next - back.next;
            back.next = chunk.next;
        }
        place.back = place.back.take().filter(|b| b.next < b.end);
        let due = place.next < whole || place.waited(size, whole, wishes.partial_after_ms, now);
        let live = due && self.read < MAX_ENTRIES_A_RUN;
        self.over = !live && (place.back.is_none() || self.older >= MAX_OLDER_A_RUN);
        chunk
    }
}

impl Place {
    /// Are only entries of the unfinished last tile left, and have they waited long enough?
    fn waited(&mut self, size: u64, whole: u64, partial_after_ms: i64, now: Timestamp) -> bool {
        if whole > self.next || size <= self.next {
            self.waiting_since = None;
            return false;
        }
        let since = *self.waiting_since.get_or_insert(now);
        now.millis() - since.millis() >= partial_after_ms
    }
}

/// A log seen for the first time: its live end begins at its last tile, and as many older entries are to be read as was asked for.
fn fresh(log: &Log, size: u64, backfill: u64) -> Place {
    let next = size - size % WIDTH;
    let begin = next.saturating_sub(backfill) / WIDTH * WIDTH;
    Place {
        log: log.clone(),
        next,
        size,
        root: String::new(),
        signed_ms: 0,
        back: (begin < next).then_some(Back { next: begin, end: next }),
        names_tiles: None,
        waiting_since: None,
        malformed: 0,
        alarm: None,
        rest: None,
    }
}

impl Source for Ct {
    fn id(&self) -> &str {
        &self.wishes.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}
