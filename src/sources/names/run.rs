//! One pass over the files that are due: opens one after the other and gives a block at a time.
//! After each block the places say how far it got, so that the batch and its cursor can be stored together.

use crate::sources::names::feed::Feed;
use crate::sources::names::folder::Found;
use crate::sources::names::open::Container;
use crate::sources::names::place::{Due, Place, Places};
use crate::sources::names::stream::{Stream, Trouble};
use crate::sources::{Batch, Cursor, RunOutcome};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pass under way.
pub(super) struct Run {
    files: Vec<Found>,
    at: usize,
    open: Option<Open>,
    places: Places,
    given: String,
    read_bytes: Arc<AtomicU64>,
    feed: Option<Feed>,
    /// Whose list this is, where there is one each day.
    day: Option<String>,
}

/// The file at hand.
struct Open {
    container: Container,
    place: Place,
    stream: Option<Stream>,
}

impl Run {
    /// Nothing is opened yet.
    pub(super) fn new(files: Vec<Found>, places: Places, feed: Option<Feed>) -> Self {
        let given = places.text();
        Self { files, at: 0, open: None, places, given, read_bytes: Arc::default(), feed, day: None }
    }
    /// The same for the list of one day.
    pub(super) fn of_day(self, day: String) -> Self {
        Self { day: Some(day), ..self }
    }
    /// The day whose list is not read to its end yet.
    pub(super) fn day(&self) -> Option<&str> {
        self.day.as_deref()
    }
    /// The last day whose list was.
    pub(super) fn last_day(&self) -> Option<&str> {
        self.places.day.as_deref()
    }
    /// Passes over the day's list, however it was: the cursor behind it.
    pub(super) fn pass_over(&mut self) -> Cursor {
        self.places.day = self.day.take().or(self.places.day.take());
        self.given = self.places.text();
        Cursor(self.given.clone())
    }
    /// Is this the run whose last batch carried the cursor `text`?
    pub(super) fn stands_at(&self, text: &str) -> bool {
        self.given == text
    }
    /// The next block, the next failure, or the end.
    pub(super) fn step(&mut self) -> Batch {
        while let Some(file) = self.files.get(self.at) {
            let mut open = match self.open.take().map_or_else(|| begin(&self.places, file), |open| Ok(Some(open))) {
                Ok(Some(open)) => open,
                Ok(None) => {
                    self.at += 1;
                    continue;
                }
                Err(why) => {
                    let (name, why) = (file.name.clone(), format!("{}: {why}", file.shown));
                    self.at += 1;
                    return self.batch(Vec::new(), name, RunOutcome::Failed { why });
                }
            };
            let from = open.named(&file.name);
            let shown = open.named(&file.shown);
            let mut names = Vec::new();
            let result = open.block(file, &mut names, &self.read_bytes);
            self.places.files.insert(file.name.clone(), open.place.clone());
            let leave = open.place.done || matches!(result, Err(Trouble::Passing(_)));
            if leave {
                self.at += 1;
            } else {
                self.open = Some(open);
            }
            match result {
                Ok(()) if names.is_empty() => {}
                Ok(()) => return self.batch(names, from, RunOutcome::Ok),
                Err(trouble) => {
                    let why = format!("{shown}: {}", trouble.why());
                    return self.batch(names, from, RunOutcome::Failed { why });
                }
            }
        }
        self.batch(Vec::new(), String::new(), RunOutcome::Empty)
    }
    fn batch(&mut self, names: Vec<u8>, names_from: String, outcome: RunOutcome) -> Batch {
        let more = self.open.is_some() || self.go_to_due();
        if !more {
            self.close();
        }
        self.given = self.places.text();
        let done = if more { self.share() } else { Some(1.0) };
        Batch { names, names_from, sightings: Vec::new(), cursor: Cursor(self.given.clone()), more, outcome, done }
    }
    /// Passes over files with nothing to do; `false` at the end.
    fn go_to_due(&mut self) -> bool {
        while self.files.get(self.at).is_some_and(|f| self.places.due(f) == Due::Nothing) {
            self.at += 1;
        }
        self.at < self.files.len()
    }
    /// At the end: forgets files that are no longer there, and keeps what the feed said of its state if all of it was read.
    fn close(&mut self) {
        let names: std::collections::BTreeSet<&str> = self.files.iter().map(|f| f.name.as_str()).collect();
        self.places.files.retain(|name, _| names.contains(name.as_str()));
        if let Some(feed) = &self.feed {
            let read = self.files.iter().all(|f| self.places.due(f) == Due::Nothing);
            (self.places.etag, self.places.last_modified) = if read { feed.state() } else { (None, None) };
            if let Some(day) = self.day.take_if(|_| read) {
                self.places.day = Some(day);
            }
        }
    }
    fn share(&self) -> Option<f64> {
        let size = |files: &[Found]| files.iter().map(|f| f.size).sum::<u64>();
        let (all, behind) = (size(&self.files), size(&self.files[..self.at.min(self.files.len())]));
        let here = if self.open.is_some() { self.read_bytes.load(Ordering::Relaxed) } else { 0 };
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        (all > 0).then(|| ((behind + here) as f64 / all as f64).min(1.0))
    }
}

/// What is to be done with a file: nothing, or read it from its place.
fn begin(places: &Places, file: &Found) -> Result<Option<Open>, String> {
    match places.due(file) {
        Due::Nothing => Ok(None),
        Due::Still(why) | Due::Broken(why) => Err(why),
        Due::From(place) => Ok(Some(Open { container: Container::of(&file.path)?, place, stream: None })),
    }
}

impl Open {
    fn named(&self, file: &str) -> String {
        match self.container.name(self.place.stream) {
            Some(member) => format!("{file}/{member}"),
            None => file.to_owned(),
        }
    }
    /// Reads one block of the stream at hand and moves the place behind it.
    fn block(&mut self, file: &Found, names: &mut Vec<u8>, read_bytes: &Arc<AtomicU64>) -> Result<(), Trouble> {
        let result = self.block_of_stream(file, names, read_bytes);
        self.place.gave |= !names.is_empty();
        let ended = match &result {
            Ok(ended) => *ended,
            Err(Trouble::Passing(_)) => false,
            Err(trouble) => {
                if !(matches!(trouble, Trouble::NoList(_)) && self.container.streams() > 1) {
                    self.place.failed.get_or_insert(trouble.why().to_owned());
                }
                true
            }
        };
        if ended {
            self.end_stream();
        }
        match result {
            // A read-me beside the list of an archive is no trouble, as long as there is a list.
            Err(Trouble::NoList(_)) if self.container.streams() > 1 && (!self.place.done || self.place.gave) => Ok(()),
            Err(trouble) => {
                if self.place.done && !matches!(trouble, Trouble::Passing(_)) {
                    self.place.failed.get_or_insert(trouble.why().to_owned());
                }
                Err(trouble)
            }
            Ok(_) => Ok(()),
        }
    }
    /// `true`: the stream is read.
    fn block_of_stream(&mut self, file: &Found, names: &mut Vec<u8>, read_bytes: &Arc<AtomicU64>) -> Result<bool, Trouble> {
        if self.place.stream >= self.container.streams() {
            return Ok(true);
        }
        if self.stream.is_none() {
            self.stream = Some(Stream::open(&self.container, &file.path, &self.place, read_bytes)?);
        }
        self.stream.as_mut().expect("opened above").block(names, &mut self.place)
    }
    fn end_stream(&mut self) {
        self.stream = None;
        self.place.stream += 1;
        (self.place.offset, self.place.zone) = (0, None);
        if self.place.stream >= self.container.streams() {
            self.place.done = true;
            self.place.stream = 0;
            if self.place.failed.is_none() {
                self.place.good_size = self.place.size;
            }
        }
    }
}
