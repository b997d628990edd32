//! A result page read by an engine's data: the rows with their real URLs, and which of the four outcomes the page is.
//! In: status, final URL, body, query. Out: `Parsed`. Pure; any bytes are fine, everything kept is capped.
//! A page with neither results nor the engine's own "no results" is a failure, never an empty answer.

use crate::sources::RunOutcome;
use crate::sources::search::depth::too_deep;
use crate::sources::search::engine::{Engine, Format, Marks, Place};
use crate::sources::search::relevance;
use crate::sources::search::{html, json};
use base64::Engine as _;
use url::Url;

/// Rows kept of one page.
pub(super) const MAX_ROWS: usize = 100;
const MAX_URL_BYTES: usize = 4_096;
const MAX_TITLE_CHARS: usize = 300;
const MAX_SNIPPET_CHARS: usize = 500;

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// http or https, at most 4,096 bytes; never the engine's own redirect.
    pub url: String,
    /// White space folded, at most 300 characters.
    pub title: String,
    /// The same, at most 500; empty where there is none.
    pub snippet: String,
}

/// What a result page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Ok: at least one row. Empty: the engine says that it has nothing (or only rows to skip).
    pub outcome: RunOutcome,
    /// In order, no URL twice, at most 100.
    pub rows: Vec<Row>,
    /// Rows whose real URL the page does not give.
    pub unresolved: usize,
    /// Is there a next page?
    pub next: bool,
    /// A refusal of part of the engine, beside rows that came (SearXNG names the engines that did not answer).
    pub partial: Option<String>,
}

/// A page as either format gives it.
pub(super) struct Seen {
    /// Title of the page; empty for JSON.
    pub(super) title: String,
    /// The rows, before any is skipped.
    pub(super) rows: Vec<RawRow>,
    /// A mark of the kind of [`Marks`] that shows in the structure: what it was.
    pub(super) blocked: Option<String>,
    /// The same for no results.
    pub(super) none: bool,
    /// The same for a next page. `None`: the engine has no such mark.
    pub(super) next: Option<bool>,
}

/// A row, before it is judged.
pub(super) struct RawRow {
    /// Is it to be skipped by its structure?
    pub(super) skip: bool,
    /// Text of the first title place that has any.
    pub(super) title: String,
    /// The same of the snippet.
    pub(super) snippet: String,
    /// For each place of the URL, in order, what stands there.
    pub(super) urls: Vec<Option<String>>,
}

/// Reads one result page, the answer to `query`.
pub fn parse_results(engine: &Engine, status: u16, final_url: &Url, body: &[u8], query: &str) -> Parsed {
    parse_for(engine, status, final_url, body, &[query.to_owned()])
}

/// The same for one of several queries of one purpose: a result that fits any of them is no decoy.
pub(super) fn parse_for(engine: &Engine, status: u16, final_url: &Url, body: &[u8], queries: &[String]) -> Parsed {
    if let Some(why) = refused(&engine.block, status, final_url) {
        return Parsed::only(RunOutcome::Blocked { why });
    }
    if !(200..300).contains(&status) {
        return Parsed::failed(format!("status {status}"));
    }
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Parsed::failed("an empty answer".into());
    }
    let seen = match engine.format {
        Format::Html if too_deep(text.as_bytes()) => return Parsed::failed("its elements nest beyond measure: not read".into()),
        Format::Html => html::read(engine, &text),
        Format::Json => match json::read(engine, &text) {
            Ok(seen) => seen,
            Err(why) => return Parsed::failed(why),
        },
    };
    judge(engine, seen, final_url, &text, queries)
}

impl Parsed {
    /// A page that gave nothing.
    pub(super) fn failed(why: String) -> Self {
        Self::only(RunOutcome::Failed { why })
    }
    fn only(outcome: RunOutcome) -> Self {
        Self { outcome, rows: Vec::new(), unresolved: 0, next: false, partial: None }
    }
}

fn refused(marks: &Marks, status: u16, final_url: &Url) -> Option<String> {
    if status == 429 || marks.status.contains(&status) {
        return Some(format!("status {status}"));
    }
    let host = final_url.host_str().unwrap_or_default();
    let place = format!("{host}{}", final_url.path());
    let mark = marks.host.iter().find(|mark| host == mark.as_str() || place.starts_with(mark.as_str()))?;
    Some(format!("sent to {mark}"))
}

fn judge(engine: &Engine, seen: Seen, final_url: &Url, text: &str, queries: &[String]) -> Parsed {
    let total = seen.rows.len();
    let Results { rows, unresolved, texts } = results(engine, seen.rows, final_url);
    let challenge = engine.block.title.iter().find(|m| seen.title.contains(m.as_str())).map(|m| format!("the page is titled {m}"));
    let in_text = |marks: &Marks| marks.text.iter().find(|m| text.contains(m.as_str())).cloned();
    // A result may quote any words: the words of a page speak only where there is no result, its structure always (JSON: beside results, in part).
    let structure = seen.blocked.map(|mark| format!("the answer has {mark}"));
    let partial = if engine.format == Format::Json && !rows.is_empty() { structure.clone() } else { None };
    if let Some(why) = challenge.or(structure.filter(|_| partial.is_none())) {
        return Parsed::only(RunOutcome::Blocked { why });
    }
    let outcome = if !rows.is_empty() {
        if engine.relevance_gate && relevance::decoys(queries, texts.iter().map(String::as_str)) {
            let why = format!("{} results and none has to do with the query: decoys", texts.len());
            return Parsed::only(RunOutcome::Blocked { why });
        }
        RunOutcome::Ok
    } else if let Some(mark) = in_text(&engine.block) {
        RunOutcome::Blocked { why: format!("the page says {mark}") }
    } else if unresolved > 0 {
        RunOutcome::Failed { why: format!("{unresolved} results, none with its real address: the engine's page has changed") }
    } else if total > 0 || seen.none || in_text(&engine.none).is_some() {
        RunOutcome::Empty
    } else {
        RunOutcome::Failed {
            why: "neither results nor the engine's words for no results: its page has changed, or this is no result page".into(),
        }
    };
    let next = seen.next.unwrap_or(!rows.is_empty()) && outcome == RunOutcome::Ok;
    Parsed { outcome, rows, unresolved, next, partial }
}

/// The rows that are results.
#[derive(Default)]
struct Results {
    rows: Vec<Row>,
    /// Rows with no address that we can read.
    unresolved: usize,
    /// What each of them says, those folded into another included.
    texts: Vec<String>,
}

fn results(engine: &Engine, raw: Vec<RawRow>, final_url: &Url) -> Results {
    let mut results = Results::default();
    for row in raw {
        if row.skip || row.title.is_empty() || engine.skip.title.iter().any(|t| row.title.contains(t.as_str())) {
            continue;
        }
        let Some(url) = engine.url.iter().zip(&row.urls).find_map(|(place, value)| real_url(place, value.as_deref()?, final_url)) else {
            results.unresolved += 1;
            continue;
        };
        if skipped(engine, &url) {
            continue;
        }
        results.texts.push(format!("{} {} {url}", row.title, row.snippet));
        if !results.rows.iter().any(|r| r.url == url.as_str()) {
            results.rows.push(Row { url: url.into(), title: row.title, snippet: row.snippet });
        }
    }
    results
}

fn skipped(engine: &Engine, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let below = |h: &String| host == h || host.strip_suffix(h.as_str()).is_some_and(|rest| rest.ends_with('.'));
    engine.skip.url_prefix.iter().any(|p| url.as_str().starts_with(p.as_str())) || engine.skip.host.iter().any(below)
}

/// Decodes what stands at a place. `None`: nothing, the engine's own redirect, or no web address.
fn real_url(place: &Place, value: &str, base: &Url) -> Option<Url> {
    let mut value = value.trim().to_owned();
    if place.without.iter().any(|w| value.contains(w.as_str())) {
        return None;
    }
    if let Some(param) = &place.param {
        value = base.join(&value).ok()?.query_pairs().find(|(name, _)| name == param)?.1.into_owned();
    }
    if let Some(strip) = &place.strip {
        value = value.strip_prefix(strip.as_str())?.to_owned();
    }
    if place.base64 {
        let plain = value.trim_end_matches('=').replace('+', "-").replace('/', "_");
        value = String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(plain).ok()?).ok()?;
    }
    if value.len() > MAX_URL_BYTES || value.is_empty() {
        return None;
    }
    if let Some(prefix) = place.prefix.as_ref().filter(|_| !value.contains("://")) {
        value.insert_str(0, prefix);
    }
    let url = if value.starts_with("//") { base.join(&value) } else { Url::parse(&value) }.ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host() && url.as_str().len() <= MAX_URL_BYTES).then_some(url)
}

/// A title, folded and cut.
pub(super) fn title_text(parts: &[&str]) -> String {
    folded(parts, MAX_TITLE_CHARS)
}

/// A snippet, folded and cut.
pub(super) fn snippet_text(parts: &[&str]) -> String {
    folded(parts, MAX_SNIPPET_CHARS)
}

/// White space folded; control and private-use characters (engines mark hits by them) dropped.
fn folded(parts: &[&str], max: usize) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut gap = false;
    for c in parts.iter().flat_map(|p| p.chars()) {
        if c.is_whitespace() {
            gap = chars > 0;
        } else if !c.is_control() && !('\u{e000}'..='\u{f8ff}').contains(&c) && c != '\u{200b}' {
            if gap {
                out.push(' ');
                chars += 1;
            }
            if chars >= max {
                break;
            }
            out.push(c);
            chars += 1;
            gap = false;
        }
    }
    out
}
