//! Sources: where names come from. Each gives batches of names or sightings and says where it stopped.
//! In: a cursor and the network. Out: a `Batch` with one of four outcomes: ok, empty, blocked, failed.
//! Never screens, never visits a candidate, never moves a cursor past what it gave.

mod certstream;
mod check;
mod ct;
mod names;
mod permutations;
pub mod reports;
mod search;
mod secret;
mod settings;
pub mod tips;
pub mod words;
mod zones;

pub use search::engine::{Engine, check_engines};
pub use search::parse::{Parsed, Row, parse_results};
pub use search::queries::{check_queries, key_env};
pub use secret::Secret;
pub use settings::Settings;

use crate::model::rulefile::RuleFile;
use crate::model::sighting::Sighting;
use crate::model::site::Site;
use crate::net::Net;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

/// Where a source stopped: opaque JSON, stored by records in the same transaction as what the batch gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub String);

/// How a poll went. `Blocked` is never "no results".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RunOutcome {
    /// Something came.
    Ok,
    /// It answered, and there was nothing (new).
    Empty,
    /// It refused us: captcha, challenge page, decoy results, 429.
    Blocked {
        /// What showed it.
        why: String,
    },
    /// It did not work: unreadable file, no answer, not the format.
    Failed {
        /// What, where.
        why: String,
    },
}

/// What one poll gave.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Names, one a line (`\n`), as bytes: the bulk form, at most about 4 MiB.
    pub names: Vec<u8>,
    /// File and member where `names` stood.
    pub names_from: String,
    /// Sightings with context.
    pub sightings: Vec<Sighting>,
    /// Where to go on. Stored only together with this batch.
    pub cursor: Cursor,
    /// Is there more to poll now? Also after a failure: one bad file does not end the run of a folder.
    pub more: bool,
    /// How it went.
    pub outcome: RunOutcome,
    /// Share done of this run, `0.0..=1.0`, where known (for the progress bar).
    pub done: Option<f64>,
}

/// Where names come from.
pub trait Source: Send {
    /// Settings id.
    fn id(&self) -> &str;
    /// The next batch after `cursor` (`None`: from the start).
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>>;
}

/// What is wrong with a `[[source]]`: one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[[source]] {id}: {why}")]
pub struct BadSource {
    /// Its id.
    pub id: String,
    /// What is wrong and what would be right.
    pub why: String,
}

impl BadSource {
    /// The line for this reader.
    pub fn told(&self, lang: crate::model::lang::Lang) -> String {
        lang.pick(format!("[[source]] {}：{}", self.id, words::told(&self.why, lang)), self.to_string())
    }
}

impl Batch {
    /// Nothing to give: the cursor stays, the run is over.
    fn nothing(cursor: Cursor, outcome: RunOutcome) -> Self {
        Self { names: Vec::new(), names_from: String::new(), sightings: Vec::new(), cursor, more: false, outcome, done: Some(1.0) }
    }
}

/// What is known of confirmed copies: what they show is searched for too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Hosts of confirmed copies, newest first; the first 50 are used.
    pub hosts: Vec<(String, String)>,
    /// What they show that other copies of the same hand may show too (a phone or QQ number, a statistics id), with the protected site.
    pub marks: Vec<(String, String)>,
    /// The same in an engine's own words: id of the engine, query, protected site.
    pub asked: Vec<(String, String, String)>,
}

/// As [`build_knowing`], with nothing known.
///
/// # Errors
/// The same.
pub fn build(
    settings: &Settings,
    sites: &[Site],
    files: &[RuleFile],
    permutations: &dyn Fn() -> Vec<String>,
) -> Result<Box<dyn Source>, BadSource> {
    build_knowing(settings, sites, files, permutations, &Known::default())
}

/// Builds one source. `permutations` gives the names for the kind of that name; `files` holds the engines.
///
/// # Errors
/// [`BadSource`]: unknown kind or engine, missing or superfluous key.
pub fn build_knowing(
    settings: &Settings,
    sites: &[Site],
    files: &[RuleFile],
    permutations: &dyn Fn() -> Vec<String>,
    known: &Known,
) -> Result<Box<dyn Source>, BadSource> {
    check::keys(settings)?;
    let id = settings.id.clone();
    match settings.kind.as_str() {
        "names" => Ok(Box::new(names::Names::new(id, check::from(settings)?))),
        "zone_diff" => {
            let (from, keep) = check::zones(settings)?;
            Ok(Box::new(zones::Zones::new(id, from, keep)))
        }
        "ct" => Ok(Box::new(ct::Ct::new(check::ct(settings)?))),
        "certstream" => Ok(Box::new(certstream::Certstream::new(id, check::websocket(settings)?))),
        "permutations" => Ok(Box::new(permutations::Permutations::new(id, permutations()))),
        _ => {
            let engine = check::engine(settings, files)?;
            let lists = search::queries::read(files).map_err(|e| BadSource { id, why: e.to_string() })?;
            Ok(Box::new(search::Search::new(settings, sites, engine, &lists, known)))
        }
    }
}

/// Reading, unpacking and parsing take whole milliseconds: away from the threads that drive the network.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}
