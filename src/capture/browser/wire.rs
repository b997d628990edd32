//! Wire: the DevTools protocol over the browser's own pipe (file descriptors 3 and 4), so that no port is open to pages or other users.
//! In: a method and its parameters. Out: its answer, or the events of one session. Messages are JSON ended by a zero byte, capped.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Largest message that is read: a full-page picture in base64 fits.
const MAX_MESSAGE: u64 = 96 << 20;
/// Events of one session that may wait; what comes beyond is lost and counted.
const MAX_WAITING: usize = 4_096;
/// Commands that may wait to be written.
const MAX_COMMANDS: usize = 256;

/// Why a command came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// The pipe is closed: the browser is gone.
    #[error("the browser is gone")]
    Gone,
    /// No answer in time.
    #[error("{method}: no answer within {after_ms} ms")]
    Silent {
        /// Which command.
        method: String,
        /// How long we waited.
        after_ms: u64,
    },
    /// The browser said no.
    #[error("{method}: {why}")]
    Said {
        /// Which command.
        method: String,
        /// Its words.
        why: String,
    },
}

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) method: String,
    pub(super) params: Value,
}

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>;
type Ears = Mutex<HashMap<String, mpsc::Sender<Event>>>;

struct Shared {
    waiting: Waiting,
    ears: Ears,
    gone: AtomicBool,
    lost: AtomicU64,
}

/// The connection to one browser process.
pub(super) struct Wire {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Vec<u8>>,
    next: AtomicU64,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts `program` with its DevTools pipe on our side. The shell moves stdin and stdout to the descriptors that Chromium reads, then becomes it.
pub(super) fn start(program: &std::path::Path, arguments: &[String]) -> std::io::Result<(Child, Wire)> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("no pipes to the browser"));
    };
    Ok((child, Wire::new(stdin, stdout)))
}

impl Wire {
    fn new(to: ChildStdin, from: ChildStdout) -> Self {
        let shared =
            Arc::new(Shared { waiting: Mutex::default(), ears: Mutex::default(), gone: AtomicBool::new(false), lost: AtomicU64::new(0) });
        let (commands, queue) = mpsc::channel(MAX_COMMANDS);
        let tasks = [tokio::spawn(write(to, queue, shared.clone())), tokio::spawn(read(from, shared.clone()))];
        Self { shared, commands, next: AtomicU64::new(1), tasks }
    }
    /// Has the browser hung up?
    pub(super) fn is_gone(&self) -> bool {
        self.shared.gone.load(Ordering::Relaxed)
    }
    /// Events lost so far because nobody took them in time.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
    /// Sends one command and waits for its answer. `session` empty: to the browser itself.
    pub(super) async fn call(&self, session: &str, method: &str, params: Value, wait: Duration) -> Result<Value, WireError> {
        let answer = self.send(session, method, params).await?;
        match tokio::time::timeout(wait, answer).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(why))) => Err(WireError::Said { method: method.into(), why }),
            Ok(Err(_)) => Err(WireError::Gone),
            Err(_) => Err(WireError::Silent { method: method.into(), after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }),
        }
    }
    /// Sends one command and leaves its answer to come.
    pub(super) async fn send(
        &self,
        session: &str,
        method: &str,
        params: Value,
    ) -> Result<oneshot::Receiver<Result<Value, String>>, WireError> {
        if self.is_gone() {
            return Err(WireError::Gone);
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut command = json!({"id": id, "method": method, "params": params});
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        let (tell, answer) = oneshot::channel();
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, tell);
        self.commands.send(bytes).await.map_err(|_| WireError::Gone)?;
        Ok(answer)
    }
    /// From now on the events of this session come here. The ear hears until it is dropped or [`Wire::forget`].
    pub(super) fn listen(&self, session: &str) -> mpsc::Receiver<Event> {
        let (ear, events) = mpsc::channel(MAX_WAITING);
        self.shared.ears.lock().unwrap_or_else(PoisonError::into_inner).insert(session.to_owned(), ear);
        events
    }
    /// The events of this session go nowhere from now on.
    pub(super) fn forget(&self, session: &str) {
        self.shared.ears.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
    }
}

async fn write(mut to: ChildStdin, mut queue: mpsc::Receiver<Vec<u8>>, shared: Arc<Shared>) {
    while let Some(bytes) = queue.recv().await {
        if to.write_all(&bytes).await.is_err() {
            break;
        }
    }
    hang_up(&shared);
}

async fn read(from: ChildStdout, shared: Arc<Shared>) {
    let mut from = BufReader::with_capacity(256 << 10, from);
    let mut message = Vec::new();
    loop {
        message.clear();
        let mut capped = (&mut from).take(MAX_MESSAGE);
        match capped.read_until(0, &mut message).await {
            Ok(n) if n > 0 && message.last() == Some(&0) => message.pop(),
            _ => break,
        };
        if let Ok(value) = serde_json::from_slice::<Value>(&message) {
            take(value, &shared);
        }
        if message.capacity() > 8 << 20 {
            message = Vec::new();
        }
    }
    hang_up(&shared);
}

fn take(mut value: Value, shared: &Shared) {
    if let Some(id) = value["id"].as_u64() {
        let asker = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(asker) = asker {
            let answer = match value.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or("an error without words").to_owned()),
                None => Ok(value["result"].take()),
            };
            let _ = asker.send(answer);
        }
        return;
    }
    let session = value["sessionId"].as_str().unwrap_or_default().to_owned();
    let method = value["method"].as_str().unwrap_or_default().to_owned();
    let ear = shared.ears.lock().unwrap_or_else(PoisonError::into_inner).get(&session).cloned();
    if let Some(ear) = ear
        && ear.try_send(Event { method, params: value["params"].take() }).is_err()
    {
        shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

fn hang_up(shared: &Shared) {
    shared.gone.store(true, Ordering::Relaxed);
    shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    shared.ears.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
