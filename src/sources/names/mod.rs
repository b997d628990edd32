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

use crate::net::Net;
use crate::sources::{Batch, Cursor, RunOutcome, Source, off_thread};
use place::Places;
use run::Run;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use url::Url;

/// Where the lists are.
pub(super) enum From {
    /// A file, or a folder with all below it.
    Path(PathBuf),
    /// Fetched anew at every scan, unless it says that nothing changed.
    Url(Url),
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
            From::Url(url) => feed::fetch(url, &places, net).await.map(|feed| Run::new(feed.files(), places, Some(feed))),
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
