//! The source `zone_diff`: names that stand in a zone (or any full list) today and did not when it was read last.
//! In: a zone file, a folder of them, a URL, or CZDS. Out: the new names, as blocks. The first state of a zone is its baseline and gives none.
//! Both states are sorted lists on disk, compared in one pass; the old one is given up only after the cursor says that every new name was stored.

mod czds;
mod sorted;

use crate::net::Net;
use crate::sources::names::{self, Found};
use crate::sources::secret::Secret;
use crate::sources::{Batch, Cursor, RunOutcome, Source, off_thread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use url::Url;

const BLOCK_BYTES: u64 = 4 << 20;
/// What cannot be read and is smaller than this is a page that stood in a zone's place: it is fetched anew, whatever the server says of its state.
const PAGE_BYTES: u64 = 1 << 20;
/// Zones smaller than this may change as they like.
const GUARDED_NAMES: u64 = 200;

/// Where the zones are.
pub(super) enum From {
    /// A file or a folder.
    Path(PathBuf),
    /// One list.
    Url(Url),
    /// ICANN's service: which zones (none: all allowed), and its address where it is another.
    Czds { zones: Vec<String>, base: Option<Url>, key: Option<Secret> },
}

/// Differences of zones.
pub(super) struct Zones {
    id: String,
    from: From,
    keep: PathBuf,
    run: Option<Run>,
}

struct Run {
    given: String,
    files: Vec<Found>,
    at: usize,
    places: Places,
    /// Troubles of the downloads, still to be said.
    troubles: Vec<RunOutcome>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Places {
    #[serde(default)]
    zones: BTreeMap<String, Place>,
    /// For downloads: what the server said of each zone's state.
    #[serde(default)]
    states: BTreeMap<String, String>,
}

/// How far one state of one zone was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    size: u64,
    mark: i64,
    /// Bytes of the list of new names that were given.
    offset: u64,
    done: bool,
    /// Names of this state.
    names: u64,
    /// Of them, new ones.
    added: u64,
}

impl Zones {
    /// Reads nothing yet.
    pub(super) fn new(id: String, from: From, keep: PathBuf) -> Self {
        Self { id, from, keep, run: None }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let text = cursor.map(|c| c.0.clone()).unwrap_or_default();
        let run = match self.run.take().filter(|r| r.given == text) {
            Some(run) => run,
            None => match self.begin(&text, net).await {
                Ok(run) => run,
                Err(why) => return Batch::nothing(Cursor(text), RunOutcome::Failed { why }),
            },
        };
        let keep = self.keep.clone();
        let (run, batch) = off_thread(move || {
            let mut run = run;
            let batch = run.step(&keep);
            (run, batch)
        })
        .await;
        self.run = batch.more.then_some(run);
        batch
    }
    async fn begin(&self, text: &str, net: &Net) -> Result<Run, String> {
        let mut places: Places = if text.is_empty() { Places::default() } else { serde_json::from_str(text).unwrap_or_default() };
        std::fs::create_dir_all(&self.keep).map_err(|e| format!("{}: {e}", self.keep.display()))?;
        let downloads = self.keep.join("downloads");
        let mut troubles = Vec::new();
        let path = match &self.from {
            From::Path(path) => path.clone(),
            From::Url(url) => {
                let got = czds::download(net, url, None, &downloads, &mut places.states).await;
                troubles.extend(got.err());
                downloads
            }
            From::Czds { zones, base, key } => {
                troubles.extend(czds::fetch(net, zones, base.as_ref(), key.as_ref(), &downloads, &mut places.states).await);
                downloads
            }
        };
        let files = off_thread(move || if path.exists() { names::list(&path) } else { Ok(Vec::new()) }).await?;
        tracing::debug!(source = %self.id, zones = files.len(), "{}: {} zone files", self.id, files.len());
        Ok(Run { given: text.to_owned(), files, at: 0, places, troubles })
    }
}

impl Run {
    fn step(&mut self, keep: &Path) -> Batch {
        if let Some(outcome) = self.troubles.pop() {
            return self.batch(Vec::new(), String::new(), outcome);
        }
        while let Some(file) = self.files.get(self.at).cloned() {
            match self.zone(&file, keep) {
                Ok(names) if names.is_empty() => self.at += 1,
                Ok(names) => return self.batch(names, file.name, RunOutcome::Ok),
                Err(why) => {
                    self.at += 1;
                    return self.batch(Vec::new(), file.name, RunOutcome::Failed { why: format!("{}: {why}", file.shown) });
                }
            }
        }
        self.batch(Vec::new(), String::new(), RunOutcome::Empty)
    }
    /// The next block of new names of one zone; empty: there is none.
    fn zone(&mut self, file: &Found, keep: &Path) -> Result<Vec<u8>, String> {
        let at = |place: &Place, what: &str| keep.join(format!("{}.{}-{}.{what}", safe(&file.name), place.mark, place.size));
        let owners = keep.join(format!("{}.owners", safe(&file.name)));
        let told = |e: std::io::Error| e.to_string();
        let before = self.places.zones.get(&file.name).cloned().unwrap_or_default();
        if before.done && at(&before, "next").exists() {
            std::fs::rename(at(&before, "next"), &owners).map_err(told)?;
            let _ = std::fs::remove_file(at(&before, "added"));
        }
        let same = (before.size, before.mark) == (file.size, file.mark);
        if same && before.done {
            return Ok(Vec::new());
        }
        let mut place = Place { size: file.size, mark: file.mark, ..Place::default() };
        if same && at(&before, "added").exists() && at(&before, "next").exists() {
            place = before;
        } else {
            place.offset = if same { before.offset } else { 0 };
            sweep(keep, &safe(&file.name));
            place.names = match prepare(file, &at(&place, "next")) {
                Ok(names) => names,
                Err(why) => {
                    sweep(keep, &safe(&file.name));
                    if file.size < PAGE_BYTES {
                        self.places.states.remove(&file.name);
                    }
                    return Err(why);
                }
            };
            let known = if same { 0 } else { before.names };
            if let Some(why) = collapse(known, place.names) {
                let _ = std::fs::remove_file(at(&place, "next"));
                return Err(why);
            }
            place.added = match owners.exists() {
                true => sorted::difference(&owners, &at(&place, "next"), &at(&place, "added")).map_err(told)?,
                false => std::fs::write(at(&place, "added"), "").map(|()| 0).map_err(told)?,
            };
        }
        let block = block(&at(&place, "added"), place.offset).map_err(told)?;
        place.offset += block.len() as u64;
        let whole = std::fs::metadata(at(&place, "added")).map_err(told)?.len();
        place.done = place.offset >= whole;
        self.places.zones.insert(file.name.clone(), place);
        Ok(block)
    }
    fn batch(&mut self, names: Vec<u8>, names_from: String, outcome: RunOutcome) -> Batch {
        self.given = serde_json::to_string(&self.places).expect("strings and numbers serialise");
        let more = self.at < self.files.len() || !self.troubles.is_empty();
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let done = Some(if more { self.at as f64 / self.files.len().max(1) as f64 } else { 1.0 });
        Batch { names, names_from, sightings: Vec::new(), cursor: Cursor(self.given.clone()), more, outcome, done }
    }
}

/// A file name of our own for a zone's: what stands in it came from outside.
fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).take(120).collect()
}

/// Removes what a state that was given up, or a process that died, left of a zone: all but its owners.
fn sweep(keep: &Path, zone: &str) {
    let of_state = |name: &str| {
        let rest = name.strip_prefix(zone)?.strip_prefix('.')?;
        let (state, _) = rest.split_once('.')?;
        (!state.is_empty() && state.bytes().all(|b| b.is_ascii_digit() || b == b'-')).then_some(())
    };
    for entry in std::fs::read_dir(keep).into_iter().flatten().flatten() {
        if entry.file_name().to_str().and_then(of_state).is_some() {
            // What cannot be removed takes room and does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn prepare(file: &Found, next: &Path) -> Result<u64, String> {
    let mut sorter = sorted::Sorter::new(next);
    names::each(&file.path, &mut |name| sorter.add(name).map_err(|e| e.to_string()))?;
    sorter.finish().map_err(|e| e.to_string())
}

fn collapse(before: u64, now: u64) -> Option<String> {
    let what = match () {
        () if before < GUARDED_NAMES => return None,
        () if now < before / 10 * 7 => "shrank by over 30%",
        () if now / 5 > before => "grew to over 5 times",
        () => return None,
    };
    Some(format!(
        "{what} ({before} to {now} names) since it was last read: taken for a broken feed and not read; if it is right, give the source a new `id` and an empty `keep`"
    ))
}

/// Whole lines from `offset` on, about [`BLOCK_BYTES`] of them.
fn block(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut block = Vec::new();
    file.take(BLOCK_BYTES).read_to_end(&mut block)?;
    let end = memchr::memrchr(b'\n', &block).map_or(0, |at| at + 1);
    block.truncate(end);
    Ok(block)
}

impl Source for Zones {
    fn id(&self) -> &str {
        &self.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}
