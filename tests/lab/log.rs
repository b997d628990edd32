//! Who came and who asked: the lab's visitor book, so that tests can prove politeness.

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

const KEPT: usize = 200_000;

/// One HTTP request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// Which of our addresses was spoken to.
    pub(crate) address: Ipv4Addr,
    /// Over TLS?
    pub(crate) tls: bool,
    /// `GET`, ...
    pub(crate) method: String,
    /// `Host` header, lower case, without port. Empty: none was sent.
    pub(crate) host: String,
    /// Path with query, as sent.
    pub(crate) path: String,
    /// `User-Agent`, empty where none was sent.
    pub(crate) user_agent: String,
    /// All headers as sent.
    pub(crate) headers: Vec<(String, String)>,
}

/// One DNS question.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// Lower case, no trailing dot.
    pub(crate) name: String,
    /// `A`, `AAAA`, ...
    pub(crate) rrtype: String,
}

/// The visitor book.
#[derive(Default)]
pub(crate) struct Log {
    requests: Mutex<Vec<Seen>>,
    questions: Mutex<Vec<Question>>,
}

impl Log {
    /// An empty book.
    pub(crate) fn new() -> Self {
        Self::default()
    }
    /// Writes a request down.
    pub(crate) fn request(&self, seen: Seen) {
        push(&self.requests, seen);
    }
    /// Writes a question down.
    pub(crate) fn question(&self, question: Question) {
        push(&self.questions, question);
    }
    /// All requests.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.requests.lock().expect("no writer panics").clone()
    }
    /// All questions.
    pub(crate) fn questions(&self) -> Vec<Question> {
        self.questions.lock().expect("no writer panics").clone()
    }
    /// An empty book again.
    pub(crate) fn clear(&self) {
        self.requests.lock().expect("no writer panics").clear();
        self.questions.lock().expect("no writer panics").clear();
    }
}

fn push<T>(book: &Mutex<Vec<T>>, line: T) {
    let mut book = book.lock().expect("no writer panics");
    if book.len() < KEPT {
        book.push(line);
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
