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

/// The address of the list of one day: its file's name stands in it in base64.
fn whoisds(base: &Url, now: Timestamp) -> Option<Url> {
    let day = now.plus_millis(-24 * 3_600_000).rfc3339()[..10].to_owned();
    let name = base64::engine::general_purpose::STANDARD.encode(format!("{day}.zip"));
    base.join(&format!("whois-database/newly-registered-domains/{name}/nrd")).ok()
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
    /// The run that gave `cursor`, or a new one that starts there.
    async fn run_at(&mut self, cursor: Option<&Cursor>, net: &Net) -> Result<Run, RunOutcome> {
        let text = cursor.map(|c| c.0.as_str()).unwrap_or_default();
        if let Some(run) = self.run.take().filter(|run| run.stands_at(text)) {
            return Ok(run);
        }
        let places = Places::read(text).unwrap_or_else(|| {
            tracing::warn!(source = %self.id, "the cursor of {} cannot be read; all its files are read again", self.id);
            Places::default()
        });
        match &self.from {
            From::Path(path) => {
                let path = path.clone();
                off_thread(move || folder::list(&path)).await.map(|files| Run::new(files, places, None)).map_err(failed)
            }
            From::Whoisds(base) => {
                let url = whoisds(base, net.now()).ok_or_else(|| failed("the address of WhoisDS is none".into()))?;
                let feed = feed::fetch(&url, Some("whoisds.zip"), &places, net).await?;
                Ok(Run::new(feed.files(), places, Some(feed)))
            }
            From::Url(url) => feed::fetch(url, None, &places, net).await.map(|feed| Run::new(feed.files(), places, Some(feed))),
        }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let unmoved = cursor.cloned().unwrap_or_default();
        let mut run = match self.run_at(cursor, net).await {
            Ok(run) => run,
            Err(outcome) => return Batch::nothing(unmoved, outcome),
        };
        let (run, batch) = off_thread(move || {
            let batch = run.step();
            (run, batch)
        })
        .await;
        self.run = batch.more.then_some(run);
        batch
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
