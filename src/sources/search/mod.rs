//! The source `search`: asks one search engine each query, page after page, and gives the results as sightings.
//! In: an engine (data) and queries. Out: sightings with query, rank, title and snippet.
//! Stops the engine for the run at the first challenge and rests it; never opens a result, never follows an engine's redirect to one.

mod depth;
pub(super) mod engine;
mod html;
mod json;
pub(super) mod parse;
pub(super) mod queries;
mod relevance;
mod request;

use crate::model::digest::Sha256;
use crate::model::sighting::{Context, Sighting};
use crate::model::site::Site;
use crate::model::time::Timestamp;
use crate::net::Net;
use crate::sources::{Batch, Cursor, Known, RunOutcome, Secret, Settings, Source, off_thread};
use engine::Engine;
use parse::{Parsed, parse_for};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A complete round of the same queries is not repeated for this long, however often a scan is started.
const ROUND_RESTS_MS: i64 = 6 * 3_600_000;
/// So many failures in a row end the run: the engine is down, or its pages have changed.
const MAX_FAILURES: u32 = 3;

/// One engine and what to ask it.
pub(super) struct Search {
    id: String,
    engine: Arc<Engine>,
    queries: Vec<Query>,
    pages: u32,
    set: String,
    failures: u32,
    asked: u32,
    key: Option<Secret>,
}

/// A query and the protected site for whose sake it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Query {
    text: String,
    site: Option<String>,
}

/// How far a round came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Which queries and pages.
    set: String,
    /// The next query, by number.
    query: usize,
    /// Its next page, from 0.
    page: u32,
    /// Results given for this query before this page.
    #[serde(default)]
    rank: u32,
    /// When the round was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed: Option<Timestamp>,
    /// When the engine refused us, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked: Option<(Timestamp, String)>,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Ask(Place),
    Rest(RunOutcome),
}

impl Search {
    /// Asks nothing yet. Queries: the settings' own, as a person asked for them and a run has an end; then each site's; none twice.
    pub(super) fn new(settings: &Settings, sites: &[Site], engine: Engine, lists: &[queries::List], known: &Known) -> Self {
        let of_sites = queries::expand(&engine, sites, lists, known);
        let mut queries: Vec<Query> = Vec::new();
        for (text, site) in settings.queries.iter().map(|q| (q.clone(), nearest(q, sites))).chain(of_sites) {
            if !queries.iter().any(|q| q.text == text.trim()) {
                queries.push(Query { text: text.trim().to_owned(), site });
            }
        }
        let pages = settings.pages.unwrap_or(1);
        let whole: Vec<&str> = queries.iter().map(|q| q.text.as_str()).collect();
        let set = Sha256::of(format!("{}\n{pages}\n{}", engine.id, whole.join("\n")).as_bytes()).hex()[..16].to_owned();
        Self { id: settings.id.clone(), engine: Arc::new(engine), queries, pages, set, failures: 0, asked: 0, key: settings.key.clone() }
    }
    fn due(&self, cursor: Option<&Cursor>, now: Timestamp) -> Due {
        let start = Place { set: self.set.clone(), ..Place::default() };
        let Some(place) = cursor.and_then(|c| serde_json::from_str::<Place>(&c.0).ok()) else { return Due::Ask(start) };
        let since = |then: Timestamp| (now.millis() - then.millis()).max(0);
        if let Some((at, why)) = &place.blocked {
            let rest = i64::from(self.engine.cool_down_minutes) * 60_000 - since(*at);
            if rest > 0 {
                return Due::Rest(RunOutcome::Blocked { why: format!("{why}; rests for {} more minutes", rest / 60_000 + 1) });
            }
        }
        if place.set != self.set {
            return Due::Ask(start);
        }
        match place.completed {
            Some(at) if since(at) < ROUND_RESTS_MS => Due::Rest(RunOutcome::Empty),
            Some(_) => Due::Ask(start),
            None => Due::Ask(Place { blocked: None, ..place }),
        }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let unmoved = cursor.cloned().unwrap_or_default();
        let place = match self.due(cursor, net.now()) {
            Due::Ask(place) => place,
            Due::Rest(outcome) => return self.over(unmoved, outcome),
        };
        if let (Some(wanted), None) = (&self.engine.key, &self.key) {
            let why = format!(
                "engine `{}` needs a key: {}; set {} or `key_file`",
                self.engine.id,
                wanted.from,
                queries::key_env(&self.engine.id)
            );
            return self.over(unmoved, RunOutcome::Failed { why });
        }
        let Some(query) = self.queries.get(place.query).cloned() else {
            return self.over(unmoved, RunOutcome::Failed { why: "no queries: give `queries` here or in the site's file".into() });
        };
        if self.asked > 0 && self.engine.pause_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.engine.pause_ms)).await;
        }
        self.asked += 1;
        let parsed = self.ask(&query.text, place.page, net).await;
        self.batch(place, &query, parsed, net.now())
    }
    async fn ask(&self, query: &str, page: u32, net: &Net) -> Parsed {
        let request = match request::of(&self.engine, self.key.as_ref(), query, page, net.now()) {
            Ok(request) => request,
            Err(why) => return Parsed::failed(why),
        };
        match net.fetch(&request).await {
            Ok(got) => {
                let engine = Arc::clone(&self.engine);
                let queries: Vec<String> =
                    std::iter::once(query).chain(self.queries.iter().map(|q| q.text.as_str())).map(str::to_owned).collect();
                off_thread(move || parse_for(&engine, got.status, &got.final_url, &got.body, &queries)).await
            }
            Err(e) => Parsed::failed(e.to_string()),
        }
    }
    fn batch(&mut self, place: Place, query: &Query, parsed: Parsed, now: Timestamp) -> Batch {
        let hidden = |why: &String| self.key.as_ref().map_or_else(|| why.clone(), |key| key.hide(why));
        let blocked = if let RunOutcome::Blocked { why } = &parsed.outcome { Some(hidden(why)) } else { None };
        let failed = matches!(parsed.outcome, RunOutcome::Failed { .. });
        self.failures = if failed { self.failures + 1 } else { 0 };
        if let Some(why) = &parsed.partial {
            tracing::warn!(source = %self.id, "{}: part of the engine refused: {why}", self.id);
        }
        let next = match blocked {
            Some(why) => Place { blocked: Some((now, why)), ..place.clone() },
            None => self.after(&place, &parsed, now),
        };
        let more =
            next.completed.is_none() && next.blocked.is_none() && self.failures < MAX_FAILURES && self.asked < self.engine.max_requests;
        let sightings = parsed.rows.into_iter().zip(place.rank + 1..).map(|(row, rank)| Sighting {
            seen: row.url,
            source: self.id.clone(),
            seen_at: now,
            context: Context {
                query: Some(query.text.clone()),
                site: query.site.clone(),
                rank: Some(rank),
                title: Some(row.title),
                snippet: Some(row.snippet).filter(|s| !s.is_empty()),
                ..Context::default()
            },
        });
        let sightings = sightings.collect();
        let outcome = self.told(parsed.outcome, &query.text);
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let done = Some(if more { next.query as f64 / self.queries.len().max(1) as f64 } else { 1.0 });
        let cursor = Cursor(serde_json::to_string(&next).expect("strings and numbers serialise"));
        if !more {
            (self.asked, self.failures) = (0, 0);
        }
        Batch { names: Vec::new(), names_from: String::new(), sightings, cursor, more, outcome, done }
    }
    /// The place behind a page: its next page, the next query, or the end of the round.
    fn after(&self, place: &Place, parsed: &Parsed, now: Timestamp) -> Place {
        let given = u32::try_from(parsed.rows.len()).expect("at most 100 rows");
        if parsed.next && place.page + 1 < self.pages {
            return Place { page: place.page + 1, rank: place.rank + given, ..place.clone() };
        }
        let next = Place { query: place.query + 1, page: 0, rank: 0, ..place.clone() };
        let completed = (next.query >= self.queries.len()).then_some(now);
        Place { completed, ..next }
    }
    fn told(&self, outcome: RunOutcome, query: &str) -> RunOutcome {
        let hidden = |why: String| self.key.as_ref().map_or_else(|| why.clone(), |key| key.hide(&why));
        let outcome = match outcome {
            RunOutcome::Failed { why } => RunOutcome::Failed { why: hidden(why) },
            RunOutcome::Blocked { why } => RunOutcome::Blocked { why: hidden(why) },
            other => other,
        };
        match outcome {
            RunOutcome::Failed { why } => RunOutcome::Failed { why: format!("{} on `{query}`: {why}", self.engine.id) },
            RunOutcome::Blocked { why } => RunOutcome::Blocked { why: format!("{} on `{query}`: {why}", self.engine.id) },
            other => other,
        }
    }
    fn over(&mut self, cursor: Cursor, outcome: RunOutcome) -> Batch {
        (self.asked, self.failures) = (0, 0);
        Batch::nothing(cursor, outcome)
    }
}

/// The protected site whose words a query of the settings shares most; the first where none does.
fn nearest(query: &str, sites: &[Site]) -> Option<String> {
    let words = |site: &Site| format!("{} {} {}", site.name, site.agency, site.queries.join(" "));
    let best = sites.iter().rev().max_by_key(|site| relevance::shared(query, &words(site)));
    best.map(|site| site.id.clone())
}

impl Source for Search {
    fn id(&self) -> &str {
        &self.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}
