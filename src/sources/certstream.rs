//! The source `certstream`: certificate names as a WebSocket sends them (certstream-server-go: lite, full, domains-only).
//! In: messages. Out: names, as blocks. A stream has no past: what was sent while nobody listened is lost, so every gap is told,
//! with its length, as a failure of the run and in the cursor. What comes between two polls is kept up to a cap, and a gap beyond it.

use crate::model::time::Timestamp;
use crate::net::{Net, WebSocket};
use crate::sources::{Batch, Cursor, RunOutcome, Source};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

/// Names kept between two polls.
const MAX_KEPT_BYTES: usize = 64 << 20;
/// A block is given when it is as large as this, or when so long was listened.
const BLOCK_BYTES: usize = 1 << 20;
const LISTEN: Duration = Duration::from_secs(10);
/// The server sends no pings, and hangs up on who is silent for a minute.
const PING_EVERY: Duration = Duration::from_secs(30);
/// A shorter gap is none: the messages of a second are on their way in the same second.
const GAP_MS: i64 = 5_000;
const MAX_GAPS: usize = 16;
/// Without a message for so long the connection is taken for dead.
const SILENT: Duration = Duration::from_secs(90);

/// Names as they are sent.
pub(super) struct Certstream {
    id: String,
    url: Url,
    listening: Option<Listening>,
}

/// What is known of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Until when everything that was sent was read.
    #[serde(default)]
    heard: Option<Timestamp>,
    /// Certificates so far.
    #[serde(default)]
    certificates: u64,
    /// Messages that could not be read.
    #[serde(default)]
    unreadable: u64,
    /// The last gaps.
    #[serde(default)]
    gaps: Vec<Gap>,
}

/// A time in which nobody listened, or more came than could be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Gap {
    from: Timestamp,
    to: Timestamp,
    why: String,
}

/// A connection and the task that reads it.
struct Listening {
    heap: Arc<Mutex<Heap>>,
    task: JoinHandle<()>,
    since: Timestamp,
    told: bool,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What was heard and not yet given.
#[derive(Default)]
struct Heap {
    names: Vec<u8>,
    certificates: u64,
    unreadable: u64,
    /// Messages dropped for want of room.
    dropped: u64,
    ended: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message_type: String,
    #[serde(default)]
    data: serde_json::Value,
}

/// Writes the names of one message. `None`: it is none of the known shapes.
fn names_of(text: &str, out: &mut Vec<u8>) -> Option<u64> {
    let message: Message = serde_json::from_str(text).ok()?;
    let list = match message.message_type.as_str() {
        "certificate_update" => message.data.get("leaf_cert")?.get("all_domains")?.as_array()?.clone(),
        "dns_entries" => message.data.as_array()?.clone(),
        "heartbeat" => return Some(0),
        _ => return None,
    };
    for name in list.iter().filter_map(serde_json::Value::as_str).filter(|n| !n.trim().is_empty()) {
        out.extend(name.bytes().take(1_024).map(|b| if b < 0x20 { b'?' } else { b }));
        out.push(b'\n');
    }
    Some(1)
}

async fn listen(mut socket: WebSocket, heap: Arc<Mutex<Heap>>) {
    let mut ping_at = Instant::now() + PING_EVERY;
    let mut heard_at = Instant::now();
    let why = loop {
        tokio::select! {
            message = socket.next() => match message {
                Ok(Some(text)) => {
                    heard_at = Instant::now();
                    lock(&heap).hear(&text);
                }
                Ok(None) => break "the server closed the stream".to_owned(),
                Err(e) => break e.to_string(),
            },
            () = tokio::time::sleep_until(ping_at) => {
                ping_at = Instant::now() + PING_EVERY;
                if heard_at.elapsed() > SILENT {
                    break "no message for 90 seconds".to_owned();
                }
                if let Err(e) = socket.ping().await {
                    break e.to_string();
                }
            }
        }
    };
    lock(&heap).ended = Some(why);
}

fn lock(heap: &Mutex<Heap>) -> std::sync::MutexGuard<'_, Heap> {
    heap.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Heap {
    fn hear(&mut self, text: &str) {
        if self.names.len() >= MAX_KEPT_BYTES {
            self.dropped += 1;
            return;
        }
        match names_of(text, &mut self.names) {
            Some(n) => self.certificates += n,
            None => self.unreadable += 1,
        }
    }
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self { ended: self.ended.clone(), ..Self::default() })
    }
}

impl Certstream {
    /// Connects at the first poll.
    pub(super) fn new(id: String, url: Url) -> Self {
        Self { id, url, listening: None }
    }
    async fn next(&mut self, cursor: Option<&Cursor>, net: &Net) -> Batch {
        let unmoved = cursor.cloned().unwrap_or_default();
        let mut place: Place = cursor.and_then(|c| serde_json::from_str(&c.0).ok()).unwrap_or_default();
        let mut listening = match self.listening.take() {
            Some(listening) => listening,
            None => match net.websocket(&self.url).await {
                Ok(socket) => {
                    let heap: Arc<Mutex<Heap>> = Arc::default();
                    let task = tokio::spawn(listen(socket, Arc::clone(&heap)));
                    Listening { heap, task, since: net.now(), told: false }
                }
                Err(e) => return Batch::nothing(unmoved, RunOutcome::Failed { why: format!("{}: {e}", shown(&self.url)) }),
            },
        };
        let until = Instant::now() + LISTEN;
        let (heard, now) = loop {
            let full = {
                let heap = lock(&listening.heap);
                heap.names.len() >= BLOCK_BYTES || heap.ended.is_some()
            };
            if full || Instant::now() >= until {
                break (lock(&listening.heap).take(), net.now());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let gap = place.absorb(&heard, &mut listening, now);
        let ended = heard.ended.is_some();
        if !ended {
            self.listening = Some(listening);
        }
        let outcome = match (&gap, heard.names.is_empty()) {
            (Some(gap), _) => {
                let seconds = (gap.to.millis() - gap.from.millis()) / 1_000;
                RunOutcome::Failed { why: format!("{}: a gap of {seconds} s before {}: {}", shown(&self.url), gap.to, gap.why) }
            }
            (None, true) => RunOutcome::Empty,
            (None, false) => RunOutcome::Ok,
        };
        if let Some(why) = &heard.ended {
            tracing::warn!(source = %self.id, "{}: the stream ended: {why}", self.id);
        }
        let cursor = Cursor(serde_json::to_string(&place).expect("strings and numbers serialise"));
        Batch { names: heard.names, names_from: shown(&self.url), sightings: Vec::new(), cursor, more: false, outcome, done: Some(1.0) }
    }
}

impl Place {
    /// Takes in what was heard; the gap that this shows, once.
    fn absorb(&mut self, heard: &Heap, listening: &mut Listening, now: Timestamp) -> Option<Gap> {
        self.certificates += heard.certificates;
        self.unreadable += heard.unreadable;
        let missed = self.heard.filter(|h| !listening.told && listening.since.millis() - h.millis() > GAP_MS);
        let gap = match (missed, heard.dropped) {
            (Some(from), _) => Some(Gap { from, to: listening.since, why: "nobody listened".into() }),
            (None, 0) => None,
            (None, n) => {
                let from = self.heard.unwrap_or(listening.since);
                Some(Gap { from, to: now, why: format!("{n} messages came faster than they were taken away") })
            }
        };
        listening.told = true;
        self.heard = Some(now);
        if let Some(gap) = &gap {
            self.gaps.push(gap.clone());
            let over = self.gaps.len().saturating_sub(MAX_GAPS);
            self.gaps.drain(..over);
        }
        gap
    }
}

fn shown(url: &Url) -> String {
    format!("{}{}", url.host_str().unwrap_or_default(), url.path())
}

impl Source for Certstream {
    fn id(&self) -> &str {
        &self.id
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        Box::pin(self.next(cursor, net))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_of_message_gives_its_names() {
        let mut out = Vec::new();
        let update = r#"{"message_type":"certificate_update","data":{"leaf_cert":{"all_domains":["a.top","*.b.cn"," "]},"seen":1.0}}"#;
        assert_eq!(names_of(update, &mut out), Some(1));
        assert_eq!(names_of(r#"{"message_type":"dns_entries","data":["c.top","d\u0000.cn"]}"#, &mut out), Some(1));
        assert_eq!(names_of(r#"{"message_type":"heartbeat","timestamp":1}"#, &mut out), Some(0));
        for bad in ["", "[]", "{}", r#"{"message_type":"certificate_update","data":{"leaf_cert":5}}"#, r#"{"message_type":"x","data":[]}"#]
        {
            assert_eq!(names_of(bad, &mut out), None, "{bad}");
        }
        assert_eq!(String::from_utf8_lossy(&out), "a.top\n*.b.cn\nc.top\nd?.cn\n");
    }

    #[test]
    fn what_comes_too_fast_is_dropped_and_counted() {
        let mut heap = Heap { names: vec![b'x'; MAX_KEPT_BYTES], ..Heap::default() };
        heap.hear(r#"{"message_type":"dns_entries","data":["c.top"]}"#);
        assert_eq!((heap.dropped, heap.names.len()), (1, MAX_KEPT_BYTES));
    }
}
