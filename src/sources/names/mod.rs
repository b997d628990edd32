//! The source `names`: every file of a folder, one file, or one URL, as blocks of names.
//! In: plain, CSV, adblock, hosts or zone text, in gzip, zip or as it is. Out: blocks of at most about 4 MiB, and where each stood.
//! A file read once is not read again until it changes; a run killed inside a file goes on behind the last block that was stored.
//! One bad file fails alone: the others of its folder are still read.

mod csv;
mod feed;
mod folder;
mod form;
mod lines;
mod open;
mod place;
mod run;
mod stream;
mod zone;

use crate::model::time::Timestamp;
use crate::net::Net;
use crate::sources::{Batch, Cursor, RunOutcome, Source, off_thread};
use base64::Engine as _;
pub(super) use folder::{Found, list};
use open::Container;
use place::{Place, Places};
use run::Run;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use stream::Stream;
use url::Url;

/// Where the lists are.
pub(super) enum From {
    /// A file, or a folder with all below it.
    Path(PathBuf),
    /// Fetched anew at every scan, unless it says that nothing changed.
    Url(Url),
    /// The daily list of WhoisDS, below this address: yesterday's, as today's is not there yet.
    Whoisds(Url),
}

/// Lists of so many days are caught up with; older ones are not to be had.
const DAYS: i64 = 7;
const DAY_MS: i64 = 24 * 3_600_000;

/// The address of the list of one day: its file's name stands in it in base64.
fn whoisds(base: &Url, day: &str) -> Option<Url> {
    let name = base64::engine::general_purpose::STANDARD.encode(format!("{day}.zip"));
    base.join(&format!("whois-database/newly-registered-domains/{name}/nrd")).ok()
}

/// `2026-11-23`, `days` before `now`.
fn day_before(now: Timestamp, days: i64) -> String {
    now.plus_millis(-days * DAY_MS).rfc3339()[..10].to_owned()
}

/// The day whose list is read next: the one after the last, if it is over. `None`: all are read.
fn next_day(last: Option<&str>, now: Timestamp) -> Option<String> {
    let Some(last) = last else { return Some(day_before(now, 1)) };
    (1..=DAYS).rev().map(|days| day_before(now, days)).find(|day| day.as_str() > last)
}

/// Gives every name of a file to `take`, until that fails.
///
/// # Errors
/// What is wrong with the file, or what `take` said.
pub(super) fn each(path: &Path, take: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
    let container = Container::of(path)?;
    let (mut any, mut no_list) = (false, None);
    for n in 0..container.streams() {
        let mut place = Place { stream: n, ..Place::default() };
        let mut stream = match Stream::open(&container, path, &place, &Arc::default()) {
            Ok(stream) => stream,
            Err(trouble) => {
                no_list = Some(trouble.why().to_owned());
                continue;
            }
        };
        any = true;
        loop {
            let mut names = Vec::new();
            let ended = stream.block(&mut names, &mut place).map_err(|t| t.why().to_owned())?;
            let mut rest = names.as_slice();
            while let Some(end) = memchr::memchr(b'\n', rest) {
                take(&rest[..end])?;
                rest = &rest[end + 1..];
            }
            if ended {
                break;
            }
        }
    }
    match no_list {
        Some(why) if !any => Err(why),
        _ => Ok(()),
    }
}

/// Names out of files.
pub(super) struct Names {
    id: String,
    from: From,
    run: Option<Run>,
}

impl Names {
    /// Reads nothing yet.
    pub(super) fn new(id: String, from: From) -> Self {
        Self { id, from, run: None }
    }
    /// The run that gave `cursor`, or a new one that starts there; else what there is to say instead.
    async fn run_at(&mut self, cursor: Option<&Cursor>, net: &Net) -> Result<Run, Batch> {
        let unmoved = cursor.cloned().unwrap_or_default();
        let nothing = |outcome| Batch::nothing(unmoved.clone(), outcome);
        if let Some(run) = self.run.take().filter(|run| run.stands_at(&unmoved.0)) {
            return Ok(run);
        }
        let places = Places::read(&unmoved.0).unwrap_or_else(|| {
            tracing::warn!(source = %self.id, "the cursor of {} cannot be read; all its files are read again", self.id);
            Places::default()
        });
        match &self.from {
            From::Path(path) => {
                let path = path.clone();
                let files = off_thread(move || folder::list(&path)).await.map_err(failed).map_err(nothing)?;
                Ok(Run::new(files, places, None))
            }
            From::Whoisds(base) => daily(base, places, net).await.map_err(|(outcome, cursor)| match cursor {
                Some(cursor) => Batch { more: true, ..Batch::nothing(cursor, outcome) },
                None => nothing(outcome),
            }),
            From::Url(url) => {
                let feed = feed::fetch(url, None, &places, net).await.map_err(nothing)?;
                Ok(Run::new(feed.files(), places, Some(feed)))
            }
        }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let run = match self.run_at(cursor, net).await {
            Ok(run) => run,
            Err(batch) => return batch,
        };
        let (mut run, mut batch) = off_thread(move || {
            let mut run = run;
            let batch = run.step();
            (run, batch)
        })
        .await;
        if !batch.more && matches!(self.from, From::Whoisds(_)) {
            // The list of a day that is past will not get better, and the next day's is there.
            if run.day().is_some_and(|day| day < day_before(net.now(), 1).as_str()) {
                batch.cursor = run.pass_over();
            }
            // A list of yesterday that cannot be read may be right an hour later: it is not passed over.
            batch.more = run.day().is_none() && run.last_day().is_some_and(|last| next_day(Some(last), net.now()).is_some());
            return batch;
        }
        self.run = batch.more.then_some(run);
        batch
    }
}

/// The next day's list. Else the outcome, with a cursor behind that day where its list is not to be had any more.
async fn daily(base: &Url, mut places: Places, net: &Net) -> Result<Run, (RunOutcome, Option<Cursor>)> {
    let day = next_day(places.day.as_deref(), net.now()).ok_or((RunOutcome::Empty, None))?;
    let url = whoisds(base, &day).ok_or_else(|| (failed("the address of WhoisDS is none".into()), None))?;
    // What the server said of another day's list says nothing of this one's.
    (places.etag, places.last_modified) = (None, None);
    match feed::fetch(&url, Some("whoisds.zip"), &places, net).await {
        Ok(feed) => {
            let files = feed.files().into_iter().map(|f| Found { shown: format!("whoisds {day}.zip"), ..f }).collect();
            Ok(Run::new(files, places, Some(feed)).of_day(day))
        }
        Err(RunOutcome::Failed { why }) if why.ends_with("status 404") && day < day_before(net.now(), 1) => {
            let why = format!("{why}: the list of {day} is not to be had any more");
            places.day = Some(day);
            Err((failed(why), Some(Cursor(places.text()))))
        }
        Err(outcome) => Err((outcome, None)),
    }
}

fn failed(why: String) -> RunOutcome {
    RunOutcome::Failed { why }
}

impl Source for Names {
    fn id(&self) -> &str {
        &self.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}
