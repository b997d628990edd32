//! Watch: what the browser tells while a page loads, kept as far as the package wants it. Events in, facts out; it asks for nothing itself.

use crate::capture::browser::hops;
use crate::capture::browser::wire::Event;
use crate::model::capture::Hop;
use crate::model::rendered::Request;
use crate::model::time::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use tokio::time::{Duration, Instant};

const MAX_REQUESTS: usize = 2_000;
const MAX_LINES: usize = 200;
const MAX_HOPS: usize = 24;
/// A request that lasts longer does not keep the page from being called quiet: long polls, streams.
const LONG_REQUEST: Duration = Duration::from_secs(5);

/// A finished request whose body may be asked for.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) media_type: String,
    pub(super) status: Option<u16>,
    pub(super) document: bool,
}

/// One exchange under way.
#[derive(Clone, Debug, Default)]
struct Exchange {
    url: String,
    document: bool,
    row: Option<usize>,
    hop: Option<usize>,
    response: Value,
    /// Raw heads; a redirect uses up the first of each.
    asked: Vec<Value>,
    came: Vec<Value>,
    since: Option<Instant>,
}

/// All that was told so far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) main_frame: String,
    /// Where the main frame is, cut.
    pub(super) location: String,
    pub(super) requests: Vec<Request>,
    pub(super) console: Vec<String>,
    pub(super) denied: Vec<String>,
    /// What the browser told of the page's certificates.
    pub(super) certificates: Vec<String>,
    pub(super) hops: Vec<Hop>,
    pub(super) finished: Vec<Finished>,
    pub(super) loaded: bool,
    pub(super) crashed: bool,
    pub(super) navigations: usize,
    /// A refresh that the page has announced, and when it is due.
    pub(super) due: Option<Instant>,
    /// When anything of the network or the main frame last moved.
    pub(super) moved: Option<Instant>,
    exchanges: HashMap<String, Exchange>,
    open: HashSet<String>,
}

impl Watch {
    /// Nothing told yet of the page in this main frame.
    pub(super) fn of(main_frame: String) -> Self {
        Self { main_frame, ..Self::default() }
    }
    /// Is nothing under way that the page seems to wait for?
    pub(super) fn is_quiet(&self, now: Instant, still: Duration) -> bool {
        let waits = |id: &String| self.exchanges.get(id).and_then(|e| e.since).is_some_and(|since| now - since < LONG_REQUEST);
        !self.open.iter().any(waits) && self.moved.is_none_or(|at| now - at >= still)
    }
    pub(super) fn deny(&mut self, what: String) {
        push(&mut self.denied, what);
    }
    /// Takes one event of the page.
    pub(super) fn take(&mut self, event: &Event, at: Timestamp) {
        let p = &event.params;
        match event.method.as_str() {
            "Network.requestWillBeSent" => self.asked(p, at),
            "Network.requestWillBeSentExtraInfo" => self.exchange(p).asked.push(p.clone()),
            "Network.responseReceivedExtraInfo" => self.exchange(p).came.push(p.clone()),
            "Network.responseReceived" => self.answered(p, at),
            "Network.loadingFinished" => self.ended(p, None, at),
            "Network.loadingFailed" => self.ended(p, Some(text(&p["errorText"], 200)), at),
            "Network.webSocketCreated" => self.row("GET", &text(&p["url"], 2_000), "WebSocket", at),
            "Page.loadEventFired" => self.loaded = true,
            "Page.frameNavigated" if p["frame"]["parentId"].is_null() => {
                self.navigations += 1;
                self.location = text(&p["frame"]["url"], 300);
                self.due = None;
            }
            "Page.frameStartedLoading" if p["frameId"] == self.main_frame.as_str() => self.loaded = false,
            "Page.frameStoppedLoading" if p["frameId"] == self.main_frame.as_str() => self.loaded = true,
            "Page.frameScheduledNavigation" if p["frameId"] == self.main_frame.as_str() => {
                let delay = p["delay"].as_f64().unwrap_or(0.0).clamp(0.0, 10.0);
                self.due = Some(Instant::now() + Duration::from_secs_f64(delay));
            }
            "Inspector.targetCrashed" => self.crashed = true,
            "Page.javascriptDialogOpening" => self.deny(format!("dialog ({}): {}", text(&p["type"], 20), text(&p["message"], 200))),
            "Page.downloadWillBegin" | "Browser.downloadWillBegin" => self.deny(format!("download: {}", text(&p["url"], 300))),
            "Page.windowOpen" => self.deny(format!("popup: {}", text(&p["url"], 300))),
            "Runtime.consoleAPICalled" => {
                let words: Vec<String> = p["args"].as_array().into_iter().flatten().take(8).map(spoken).collect();
                push(&mut self.console, format!("{}: {}", text(&p["type"], 20), words.join(" ")));
            }
            "Runtime.exceptionThrown" => {
                let d = &p["exceptionDetails"];
                let what = d["exception"]["description"].as_str().or(d["text"].as_str()).unwrap_or_default();
                push(&mut self.console, format!("exception: {what}"));
            }
            "Log.entryAdded" => {
                push(&mut self.console, format!("{}: {}", text(&p["entry"]["level"], 20), text(&p["entry"]["text"], 400)));
            }
            _ => return,
        }
        if event.method.starts_with("Network.") || event.method.starts_with("Page.frame") {
            self.moved = Some(Instant::now());
        }
    }
    /// The hop that a finished document belongs to.
    pub(super) fn hop_of(&mut self, id: &str) -> Option<&mut Hop> {
        let n = self.exchanges.get(id)?.hop?;
        self.hops.get_mut(n)
    }
    fn exchange(&mut self, p: &Value) -> &mut Exchange {
        if self.exchanges.len() >= 2 * MAX_REQUESTS {
            self.exchanges.clear();
            self.open.clear();
        }
        self.exchanges.entry(text(&p["requestId"], 100)).or_default()
    }
    fn row(&mut self, method: &str, url: &str, kind: &str, at: Timestamp) {
        if self.requests.len() < MAX_REQUESTS {
            self.requests.push(Request { method: method.into(), url: url.into(), kind: kind.into(), at: Some(at), ..Request::default() });
        }
    }
    fn asked(&mut self, p: &Value, at: Timestamp) {
        let url = text(&p["request"]["url"], 2_000);
        if url.starts_with("data:") || url.starts_with("blob:") {
            return;
        }
        let main = p["type"] == "Document" && p["frameId"] == self.main_frame.as_str();
        if !p["redirectResponse"].is_null() {
            let response = p["redirectResponse"].clone();
            self.close_row(p, &response);
            if main {
                self.push_hop(p, &response, at);
                if let Some(hop) = self.hops.last_mut() {
                    hops::with_body(hop, Vec::new());
                }
            }
        }
        let row = self.requests.len();
        self.row(&text(&p["request"]["method"], 16), &url, &text(&p["type"], 20), at);
        let kept = (row < self.requests.len()).then_some(row);
        let id = text(&p["requestId"], 100);
        let exchange = self.exchange(p);
        (exchange.url, exchange.document, exchange.row, exchange.hop) = (url, main, kept, None);
        exchange.since = Some(Instant::now());
        self.open.insert(id);
    }
    fn answered(&mut self, p: &Value, at: Timestamp) {
        let response = p["response"].clone();
        self.close_row(p, &response);
        let exchange = self.exchange(p);
        exchange.response = response.clone();
        if exchange.document {
            self.push_hop(p, &response, at);
        }
    }
    fn push_hop(&mut self, p: &Value, response: &Value, at: Timestamp) {
        if self.hops.len() >= MAX_HOPS {
            return;
        }
        let n = self.hops.len();
        let exchange = self.exchange(p);
        let take = |all: &mut Vec<Value>| (!all.is_empty()).then(|| all.remove(0));
        let (asked, came) = (take(&mut exchange.asked), take(&mut exchange.came));
        let url = exchange.url.clone();
        exchange.hop = Some(n);
        self.hops.push(hops::hop(n, &url, at, response, asked.as_ref(), came.as_ref()));
    }
    fn close_row(&mut self, p: &Value, response: &Value) {
        let row = self.exchange(p).row;
        if let Some(request) = row.and_then(|n| self.requests.get_mut(n)) {
            request.status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok());
            request.media_type = text(&response["mimeType"], 100);
        }
    }
    fn ended(&mut self, p: &Value, failed: Option<String>, at: Timestamp) {
        let id = text(&p["requestId"], 100);
        self.open.remove(&id);
        let Some(exchange) = self.exchanges.get(&id) else { return };
        if let Some(request) = exchange.row.and_then(|n| self.requests.get_mut(n)) {
            request.took_ms = request.at.and_then(|from| u64::try_from(at.millis() - from.millis()).ok());
            if let Some(why) = &failed {
                let blocked = text(&p["blockedReason"], 60);
                request.failed = if blocked.is_empty() { why.clone() } else { format!("{why} ({blocked})") };
            }
        }
        if failed.is_none() && self.finished.len() < MAX_REQUESTS {
            let response = &exchange.response;
            self.finished.push(Finished {
                id,
                url: exchange.url.clone(),
                media_type: text(&response["mimeType"], 100),
                status: response["status"].as_u64().and_then(|s| u16::try_from(s).ok()),
                document: exchange.document,
            });
        }
    }
}

/// A console argument in words.
fn spoken(argument: &Value) -> String {
    let value = &argument["value"];
    let said = value.as_str().map(str::to_owned).or_else(|| argument["description"].as_str().map(str::to_owned));
    said.unwrap_or_else(|| value.to_string()).chars().take(300).collect()
}

fn push(lines: &mut Vec<String>, line: String) {
    if lines.len() < MAX_LINES {
        lines.push(line.chars().filter(|c| !c.is_control()).take(500).collect());
    }
}

/// A text of an event, cut.
pub(super) fn text(value: &Value, most: usize) -> String {
    value.as_str().unwrap_or_default().chars().take(most).collect()
}
