//! A search engine as data: how to ask, where the results stand, what a refusal looks like. One file each in `rules/engines/`.
//! In: a rule file. Out: an `Engine` whose selectors are compiled. Two steps: as written, then checked.
//! An engine of the known shapes needs no code.

use crate::model::rulefile::{RuleError, RuleFile};
use crate::sources::RunOutcome;
use crate::sources::search::parse::parse_results;
use crate::sources::words::both;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use scraper::Selector;
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

/// The file, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    id: String,
    name: String,
    #[expect(dead_code, reason = "for people: stable, experimental or broken, and why")]
    status: String,
    url: String,
    format: Format,
    #[serde(default)]
    kind: Kind,
    /// For POST: the body, with the same places as the url; inside JSON strings.
    #[serde(default)]
    body: Option<String>,
    /// JSON stands in the scripts that this selector finds; they become the members of `scripts`.
    #[serde(default)]
    embedded: Option<String>,
    #[serde(default)]
    key: Option<KeyFile>,
    /// Asset engines: what is asked for each protected site; `{name}`, `{agency}`, `{host}` and `{tree}` are its own.
    #[serde(default)]
    queries: Vec<String>,
    #[serde(default)]
    ok: Option<Verdict>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "one")]
    first_page: u32,
    #[serde(default)]
    first_offset: u32,
    #[serde(default = "ten")]
    page_size: u32,
    #[serde(default = "sixty")]
    max_requests: u32,
    #[serde(default)]
    pause_ms: u64,
    #[serde(default = "sixty")]
    cool_down_minutes: u32,
    #[serde(default = "yes")]
    relevance_gate: bool,
    results: ResultsFile,
    #[serde(default)]
    skip: SkipFile,
    #[serde(default)]
    block: MarksFile,
    #[serde(default)]
    none: MarksFile,
    #[serde(default)]
    next: MarksFile,
    #[serde(default)]
    example: Vec<Example>,
}

fn one() -> u32 {
    1
}
fn ten() -> u32 {
    10
}
fn sixty() -> u32 {
    60
}
fn yes() -> bool {
    true
}

/// What an engine searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Pages, by words.
    #[default]
    Search,
    /// Hosts, by what they show: a language of its own.
    Assets,
}

/// The key that an engine wants. It comes from the settings, never from here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    /// Where a person gets one.
    pub(super) from: String,
    /// Sent in this header, as `value` (`Bearer {key}`). None: it stands in the url.
    #[serde(default)]
    pub(super) header: Option<String>,
    #[serde(default)]
    pub(super) value: Option<String>,
    /// `tc3`: the request is signed (Tencent Cloud API 3.0); the key is `SecretId:SecretKey`.
    #[serde(default)]
    pub(super) sign: Option<String>,
}

/// What says that an answer is one: engines send errors with status 200.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    /// Path of the value.
    pub(super) path: String,
    /// The good values, as text. A missing value is good where `missing` is.
    pub(super) is: Vec<String>,
    /// Values that mean a refusal: quota, too fast.
    #[serde(default)]
    pub(super) refused: Vec<String>,
    #[serde(default)]
    pub(super) missing: bool,
    /// Path of the words.
    #[serde(default)]
    pub(super) say: String,
}

/// Of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// Places are CSS selectors.
    Html,
    /// Places are dotted paths (`data.webPages.value`); a list on the way means each of its members.
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultsFile {
    row: String,
    /// Each row is a text that holds JSON.
    #[serde(default)]
    rows_are_text: bool,
    title: Vec<String>,
    #[serde(default)]
    snippet: Vec<String>,
    url: Vec<PlaceFile>,
}

/// Where the real URL may stand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceFile {
    of: Option<String>,
    attr: String,
    param: Option<String>,
    strip: Option<String>,
    #[serde(default)]
    base64: bool,
    #[serde(default)]
    without: Vec<String>,
    /// Put before a value without a scheme: a bare host.
    prefix: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SkipFile {
    selector: Vec<String>,
    url_prefix: Vec<String>,
    host: Vec<String>,
    title: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MarksFile {
    status: Vec<u16>,
    host: Vec<String>,
    title: Vec<String>,
    text: Vec<String>,
    selector: Vec<String>,
    json: Vec<String>,
}

/// A small answer and what must be read from it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    #[serde(default = "ok_status")]
    status: u16,
    #[serde(default)]
    final_url: Option<String>,
    #[serde(default)]
    query: String,
    body: String,
    outcome: String,
    #[serde(default)]
    urls: Vec<String>,
}

fn ok_status() -> u16 {
    200
}

/// An engine, checked and ready.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Id: the file's name.
    pub id: String,
    /// For people.
    pub name: String,
    /// With `{query}`, and `{page}` or `{offset}`.
    pub(super) template: String,
    pub(crate) kind: Kind,
    pub(super) body: Option<String>,
    pub(super) embedded: Option<Selector>,
    pub(super) key: Option<KeyFile>,
    pub(super) queries: Vec<String>,
    pub(super) ok: Option<Verdict>,
    pub(super) rows_are_text: bool,
    pub(super) format: Format,
    pub(super) headers: Vec<(String, String)>,
    pub(super) first_page: u32,
    pub(super) first_offset: u32,
    pub(super) page_size: u32,
    pub(super) max_requests: u32,
    pub(super) pause_ms: u64,
    pub(super) cool_down_minutes: u32,
    pub(super) relevance_gate: bool,
    pub(super) row: Spot,
    pub(super) title: Vec<Spot>,
    pub(super) snippet: Vec<Spot>,
    pub(super) url: Vec<Place>,
    pub(super) skip: Skip,
    pub(super) block: Marks,
    pub(super) none: Marks,
    pub(super) next: Marks,
}

/// A selector or a path.
#[derive(Clone, Debug)]
pub(super) enum Spot {
    /// For HTML.
    Css(Selector),
    /// For JSON.
    Path(Vec<String>),
}

/// Where the real URL may stand, ready.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// An element or value inside the row; `None`: the row itself.
    pub(super) of: Option<Spot>,
    /// Its attribute (HTML) or member path (JSON).
    pub(super) attr: String,
    /// The URL stands in this query parameter of it.
    pub(super) param: Option<String>,
    /// ... behind this prefix.
    pub(super) strip: Option<String>,
    /// ... in base64url.
    pub(super) base64: bool,
    /// A value with one of these in it is the engine's own redirect, not the real URL.
    pub(super) without: Vec<String>,
    /// Put before a value that has no scheme.
    pub(super) prefix: Option<String>,
}

/// Rows that are no results.
#[derive(Clone, Debug, Default)]
pub(super) struct Skip {
    pub(super) selector: Vec<Selector>,
    pub(super) url_prefix: Vec<String>,
    pub(super) host: Vec<String>,
    pub(super) title: Vec<String>,
}

/// What shows that a page is of some kind; any one is enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    pub(super) status: Vec<u16>,
    pub(super) host: Vec<String>,
    pub(super) title: Vec<String>,
    pub(super) text: Vec<String>,
    pub(super) selector: Vec<(String, Selector)>,
    pub(super) json: Vec<Vec<String>>,
}

impl Engine {
    /// Reads one file of `rules/engines/`.
    ///
    /// # Errors
    /// [`RuleError`] with file and line: bad TOML, unknown key, a selector that does not parse, a template without `{query}`.
    pub fn read(file: &RuleFile) -> Result<Self, RuleError> {
        let written: EngineFile = file.parse()?;
        checked(file, written)
    }
    /// Asks at another scheme, host and port (and below another path) from now on.
    pub(crate) fn move_to(&mut self, base: &Url) {
        let rest = self.template.find("://").and_then(|at| self.template[at + 3..].find('/').map(|slash| at + 3 + slash));
        let path = rest.map_or("/", |at| &self.template[at..]).to_owned();
        let authority = &base[..url::Position::BeforePath];
        self.template = format!("{authority}{}{path}", base.path().trim_end_matches('/'));
    }
    /// The URL of one result page; `page` counts from 0.
    pub(super) fn page_url(&self, query: &str, page: u32) -> Option<Url> {
        self.keyed_url(query, page, "")
    }
    /// The same with the key where the url has a place for it.
    pub(super) fn keyed_url(&self, query: &str, page: u32, key: &str) -> Option<Url> {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        Url::parse(&self.filled(&self.template, query, page, key, encoded)).ok()
    }
    /// The body of one request. `None`: it is a GET.
    pub(super) fn page_body(&self, query: &str, page: u32, key: &str) -> Option<String> {
        let in_json = |text: &str| {
            let quoted = serde_json::Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        self.body.as_ref().map(|body| self.filled(body, query, page, key, in_json))
    }
    fn filled(&self, template: &str, query: &str, page: u32, key: &str, encoded: impl Fn(&str) -> String) -> String {
        let offset = self.first_offset + page * self.page_size;
        let (plain, safe) = (STANDARD.encode(query), URL_SAFE.encode(query));
        // The key and the query last: what they hold is no place to be filled.
        template
            .replace("{page}", &(self.first_page + page).to_string())
            .replace("{offset}", &offset.to_string())
            .replace("{query64}", &encoded(&plain))
            .replace("{query64url}", &encoded(&safe))
            .replace("{key}", &encoded(key))
            .replace("{query}", &encoded(query))
    }
}

fn checked(file: &RuleFile, written: EngineFile) -> Result<Engine, RuleError> {
    if file.path != format!("engines/{}.toml", written.id) {
        return Err(file.error_near("id", both(format!("the id `{}` must be the file's name without `.toml`", written.id))));
    }
    let asks = |text: &str| ["{query}", "{query64}", "{query64url}"].iter().any(|q| text.contains(q));
    if !(asks(&written.url) || written.body.as_deref().is_some_and(asks)) || !written.url.starts_with("http") {
        return Err(file.error_near("url", both("the url needs http or https and `{query}` (or the body has it)")));
    }
    if Url::parse(&written.url.replace(['{', '}'], "")).is_err() {
        return Err(file.error_near("url", both(format!("`{}` is no URL", written.url))));
    }
    if written.results.url.is_empty() || written.results.title.is_empty() {
        return Err(file.error_near("[results]", both("a result needs at least one place of its url and of its title")));
    }
    if !(1..=1_000).contains(&written.max_requests) || written.page_size > 100 || written.pause_ms > 600_000 {
        return Err(file.error_near("max_requests", both("max_requests is 1 to 1000, page_size at most 100, pause_ms at most 600000")));
    }
    if written.key.as_ref().is_some_and(|k| k.sign.as_deref().is_some_and(|s| s != "tc3")) {
        return Err(file.error_near("sign", both("the only way to sign that is known is `tc3`")));
    }
    let format = written.format;
    let embedded = written.embedded.as_deref().map(|text| css(file, text)).transpose()?;
    let spots = |texts: &[String]| texts.iter().map(|t| spot(file, format, t)).collect::<Result<Vec<_>, _>>();
    let marks = |m: MarksFile| marks(file, m);
    Ok(Engine {
        row: spot(file, format, &written.results.row)?,
        title: spots(&written.results.title)?,
        snippet: spots(&written.results.snippet)?,
        url: written.results.url.into_iter().map(|p| place(file, format, p)).collect::<Result<_, _>>()?,
        skip: Skip {
            selector: written.skip.selector.iter().map(|s| css(file, s)).collect::<Result<_, _>>()?,
            url_prefix: written.skip.url_prefix,
            host: written.skip.host,
            title: written.skip.title,
        },
        block: marks(written.block)?,
        none: marks(written.none)?,
        next: marks(written.next)?,
        id: written.id,
        name: written.name,
        kind: written.kind,
        body: written.body,
        embedded,
        key: written.key,
        queries: written.queries,
        ok: written.ok,
        rows_are_text: written.results.rows_are_text,
        template: written.url,
        format,
        headers: written.headers.into_iter().collect(),
        first_page: written.first_page,
        first_offset: written.first_offset,
        page_size: written.page_size,
        max_requests: written.max_requests,
        pause_ms: written.pause_ms,
        cool_down_minutes: written.cool_down_minutes,
        relevance_gate: written.relevance_gate,
    })
}

fn css(file: &RuleFile, text: &str) -> Result<Selector, RuleError> {
    Selector::parse(text).map_err(|e| {
        let why = e.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        file.error_near(text, both(format!("`{text}` is no CSS selector: {why}")))
    })
}

fn spot(file: &RuleFile, format: Format, text: &str) -> Result<Spot, RuleError> {
    match format {
        Format::Html => css(file, text).map(Spot::Css),
        Format::Json => Ok(Spot::Path(path(text))),
    }
}

fn path(text: &str) -> Vec<String> {
    text.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

fn place(file: &RuleFile, format: Format, written: PlaceFile) -> Result<Place, RuleError> {
    let of = written.of.as_deref().map(|t| spot(file, format, t)).transpose()?;
    let PlaceFile { attr, param, strip, base64, without, prefix, .. } = written;
    Ok(Place { of, attr, param, strip, base64, without, prefix })
}

fn marks(file: &RuleFile, written: MarksFile) -> Result<Marks, RuleError> {
    let selector = written.selector.into_iter().map(|s| css(file, &s).map(|c| (s, c))).collect::<Result<_, _>>()?;
    let json = written.json.iter().map(|p| path(p)).collect();
    Ok(Marks { status: written.status, host: written.host, title: written.title, text: written.text, selector, json })
}

/// Reads every engine among `files` and holds each against its own examples.
pub fn check_engines(files: &[RuleFile]) -> Vec<RuleError> {
    files.iter().filter(|f| f.path.starts_with("engines/") && f.path.ends_with(".toml")).flat_map(check_one).collect()
}

fn check_one(file: &RuleFile) -> Vec<RuleError> {
    let examples = match file.parse::<EngineFile>() {
        Ok(written) => written.example,
        Err(e) => return vec![e],
    };
    let engine = match Engine::read(file) {
        Ok(engine) => engine,
        Err(e) => return vec![e],
    };
    if examples.is_empty() {
        return vec![file.error_at(0, both("an engine needs at least one [[example]] with `body` and `outcome`"))];
    }
    examples
        .iter()
        .enumerate()
        .filter_map(|(n, example)| Some(file.error_at(nth_example(&file.text, n), both(wrong(&engine, n, example)?))))
        .collect()
}

fn nth_example(text: &str, n: usize) -> usize {
    text.match_indices("[[example]]").nth(n).map_or(0, |(at, _)| at)
}

fn wrong(engine: &Engine, n: usize, example: &Example) -> Option<String> {
    let page = engine.page_url(&example.query, 0);
    let Some(url) = example.final_url.as_deref().map_or(page, |u| Url::parse(u).ok()) else {
        return Some(format!("example {}: `final_url` is no URL", n + 1));
    };
    let parsed = parse_results(engine, example.status, &url, example.body.as_bytes(), &example.query);
    let (got, why) = match &parsed.outcome {
        RunOutcome::Ok => ("ok", ""),
        RunOutcome::Empty => ("empty", ""),
        RunOutcome::Blocked { why } => ("blocked", why.as_str()),
        RunOutcome::Failed { why } => ("failed", why.as_str()),
    };
    if got != example.outcome {
        return Some(format!("example {}: the outcome is {got} ({why}), not {}", n + 1, example.outcome));
    }
    let urls: Vec<&str> = parsed.rows.iter().map(|r| r.url.as_str()).collect();
    (urls != example.urls).then(|| format!("example {}: the results are {urls:?}, not {:?}", n + 1, example.urls))
}
