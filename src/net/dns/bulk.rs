//! Bulk: which of tens of thousands of names exist. In: names. Out: each with present, absent or unknown, never two states.
//! A few shared sockets a resolver, each with a window that widens while answers come and narrows when they do not; three tries a name.
//! Against the answers that lie: resolvers that give an address for names that do not exist, and suffixes that hold every name.

use crate::model::host::Host;
use crate::model::resolution::Presence;
use crate::net::dns::wire::{Answer, Question, Reply};
use crate::net::dns::{Dns, udp_socket};
use futures_util::{StreamExt, future, stream};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

/// Sockets a resolver.
const LANES: usize = 3;
/// Questions in flight a socket: at the start, at most, at least.
const WINDOW: (usize, usize, usize) = (32, 128, 4);
/// Tries a question, and what the first waits; each further one waits half as long again.
const TRIES: u8 = 3;
/// Questions looked through for one that this resolver has not failed to answer.
const LOOK_AHEAD: usize = 1_024;
const FIRST_WAIT_MS: u64 = 1_500;
/// With no reply at all for so long, nobody answers and the rest is unknown.
const SILENCE: Duration = Duration::from_secs(12);
/// How often overdue questions are looked for.
const TICK: Duration = Duration::from_millis(20);
/// Questions a second and resolver. A resolver on this machine is ours and has no such limit.
const RATE_PER_S: u64 = 2_000;
/// Names asked on their own at once.
const ALONE_AT_ONCE: usize = 16;
/// Parents probed for wildcards in one call, and probes each: one probe misses zones that answer unevenly.
const MAX_PARENTS: usize = 2_000;
const WILDCARD_PROBES: usize = 3;

/// What a parent answers to names that nobody made. `None` inside: not a wildcard.
pub(crate) type Wildcard = Option<Vec<IpAddr>>;

struct Job {
    index: usize,
    question: Question,
    tries: u8,
    /// Asked for AAAA, as A gave nothing.
    second: bool,
    /// Resolvers that gave no usable reply, one bit each.
    failed: u64,
    /// What went wrong at the last try.
    why: Option<String>,
}

struct Flight {
    job: Job,
    due: Instant,
}

/// How one name came out.
#[derive(Clone, Debug)]
enum Found {
    Addresses(Vec<IpAddr>),
    Absent(&'static str),
    Unknown(String),
    /// Truncated, or an alias that the resolver did not follow: asked again on its own.
    Alone,
}

struct Work<'a> {
    queue: VecDeque<Job>,
    names: &'a [String],
    found: Vec<Option<Found>>,
    left: usize,
    last_reply: Instant,
    /// Resolvers, one bit each; and those that no socket reaches.
    all: u64,
    gone: u64,
}

impl Work<'_> {
    /// The next question for this resolver: one that it did not fail to answer before.
    fn next(&mut self, server: u64) -> Option<Job> {
        let n = self.queue.iter().take(LOOK_AHEAD).position(|job| job.failed & server == 0)?;
        self.queue.remove(n)
    }
    /// How every name came out; unknown where nobody answered until the end.
    fn finish(&mut self) -> Vec<Found> {
        while let Some(job) = self.queue.pop_front() {
            self.settle(job.index, Found::Unknown(job.why.unwrap_or_else(|| "no resolver answers".into())));
        }
        let lost = || Found::Unknown("not asked".into());
        self.found.drain(..).map(|found| found.unwrap_or_else(lost)).collect()
    }
    fn settle(&mut self, index: usize, found: Found) {
        if self.found[index].replace(found).is_none() {
            self.left -= 1;
        }
    }
    /// Another try, with another resolver where there is one; or the end of them.
    fn again(&mut self, mut job: Job, server: u64, why: &str) {
        job.tries += 1;
        job.failed |= server;
        if (job.failed | self.gone) == self.all {
            job.failed = 0;
        }
        if job.tries >= TRIES {
            self.settle(job.index, Found::Unknown(why.to_owned()));
        } else {
            // At the end: a resolver that is slow to say no must not stand before names nobody asked yet.
            job.why = Some(why.to_owned());
            self.queue.push_back(job);
        }
    }
    fn take(&mut self, mut job: Job, server: u64, reply: Reply) {
        match reply {
            Reply::Answer(answer) => match answer.rcode.as_str() {
                "NXDOMAIN" => self.settle(job.index, Found::Absent("NXDOMAIN")),
                "NOERROR" if !answer.addresses.is_empty() => self.settle(job.index, Found::Addresses(answer.addresses)),
                "NOERROR" if job.question.dangling(&answer).is_some() => self.settle(job.index, Found::Alone),
                "NOERROR" if job.second => self.settle(job.index, Found::Absent("NODATA")),
                "NOERROR" => match Question::new(&self.names[job.index], "AAAA") {
                    Ok(question) => {
                        job = Job { question, second: true, tries: 0, failed: 0, ..job };
                        self.queue.push_front(job);
                    }
                    Err(why) => self.settle(job.index, Found::Unknown(why.into())),
                },
                rcode => self.again(job, server, rcode),
            },
            Reply::Truncated => self.settle(job.index, Found::Alone),
            Reply::Malformed | Reply::NotOurs => self.again(job, server, "malformed reply"),
        }
    }
}

impl Dns {
    /// The presence of every name, in the order given. `progress` hears how many are done.
    pub(crate) async fn exists(&self, names: Vec<String>, progress: impl Fn(usize)) -> Vec<(String, Presence)> {
        if names.is_empty() {
            return Vec::new();
        }
        let hijack = self.hijack_addresses().await;
        let found = self.sweep(&names, &progress).await;
        let wild = self.wild_suffixes(&names, &found).await;
        let verdict = |(name, found): (String, Found)| {
            let presence = presence(&name, found, &hijack, &wild);
            (name, presence)
        };
        names.into_iter().zip(found).map(verdict).collect()
    }
    /// What this parent answers to three names that nobody made.
    pub(crate) async fn wildcard(&self, parent: &str) -> Wildcard {
        let probes: Vec<String> = (0..WILDCARD_PROBES).map(|_| format!("{}.{parent}", self.random.label())).collect();
        addresses(self.sweep(&probes, &|_| ()).await)
    }
    /// Addresses that the resolver gives for names that cannot exist; empty from an honest one.
    pub(crate) async fn hijack_addresses(&self) -> Vec<IpAddr> {
        let probes: Vec<String> = ["com", "invalid", "com"].iter().map(|tld| format!("{}.{tld}", self.random.label())).collect();
        let given = addresses(self.sweep(&probes, &|_| ()).await).unwrap_or_default();
        if !given.is_empty() {
            tracing::warn!(?given, "the resolver answers names that do not exist with {given:?}: such answers count as absent");
        }
        given
    }
    /// Suffixes among the parents of present names under which every name answers. Below a name that someone registered a wildcard is his doing and stands.
    async fn wild_suffixes(&self, names: &[String], found: &[Found]) -> HashMap<String, Vec<IpAddr>> {
        let present = names.iter().zip(found).filter(|(_, found)| matches!(found, Found::Addresses(_)));
        let parents: BTreeSet<&str> = present.filter_map(|(name, _)| suffix_above(name)).take(MAX_PARENTS).collect();
        let parents: Vec<&str> = parents.into_iter().collect();
        let probes: Vec<String> =
            parents.iter().flat_map(|p| (0..WILDCARD_PROBES).map(move |_| format!("{}.{p}", self.random.label()))).collect();
        let answers = self.sweep(&probes, &|_| ()).await;
        let per_parent = answers.chunks(WILDCARD_PROBES).zip(parents);
        per_parent.filter_map(|(answers, parent)| Some((parent.to_owned(), addresses(answers.to_vec())?))).collect()
    }
    async fn sweep(&self, names: &[String], progress: &impl Fn(usize)) -> Vec<Found> {
        if names.is_empty() {
            return Vec::new();
        }
        let work = Mutex::new(self.queued(names));
        // Its lanes live and die with this call: dropped, everything stops.
        let lanes = (0..self.servers.len()).flat_map(|n| (0..LANES).map(move |_| n)).map(|n| self.lane(n, &work, progress));
        future::join_all(lanes).await;
        let found = lock(&work).finish();
        let found = self.alone(names, found).await;
        progress(names.len());
        found
    }
    fn queued<'a>(&self, names: &'a [String]) -> Work<'a> {
        let all = (0..self.servers.len()).fold(0, |all, n| all | bit(n));
        let mut found = vec![None; names.len()];
        let mut queue = VecDeque::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            match Question::new(name, "A") {
                Ok(question) => queue.push_back(Job { index, question, tries: 0, second: false, failed: 0, why: None }),
                Err(why) => found[index] = Some(Found::Unknown(format!("cannot be asked: {why}"))),
            }
        }
        Work { left: queue.len(), queue, names, found, last_reply: Instant::now(), all, gone: 0 }
    }
    async fn alone(&self, names: &[String], mut found: Vec<Found>) -> Vec<Found> {
        let cut: Vec<usize> = (0..found.len()).filter(|n| matches!(found[*n], Found::Alone)).collect();
        let answers = stream::iter(cut).map(|n| async move { (n, self.whole(&names[n]).await) }).buffer_unordered(ALONE_AT_ONCE);
        for (n, answer) in answers.collect::<Vec<_>>().await {
            found[n] = answer;
        }
        found
    }
    async fn whole(&self, name: &str) -> Found {
        for rrtype in ["A", "AAAA"] {
            let answer = match Question::new(name, rrtype) {
                Ok(question) => self.chase(&question).await,
                Err(why) => return Found::Unknown(why.into()),
            };
            match answer {
                Answer { rcode, .. } if rcode == "NXDOMAIN" => return Found::Absent("NXDOMAIN"),
                Answer { rcode, .. } if rcode != "NOERROR" => return Found::Unknown(rcode),
                Answer { addresses, .. } if !addresses.is_empty() => return Found::Addresses(addresses),
                Answer { .. } => {}
            }
        }
        Found::Absent("NODATA")
    }
    async fn lane(&self, n: usize, work: &Mutex<Work<'_>>, progress: &impl Fn(usize)) {
        let server = self.servers[n];
        let socket = match udp_socket(server).await {
            Ok(socket) => socket,
            Err(e) => {
                tracing::warn!(%server, "no socket to resolver {server}: {e}");
                lock(work).gone |= bit(n);
                return;
            }
        };
        let mut lane = Lane::new(self, n, socket);
        while lane.step(work).await {
            let work = lock(work);
            progress(work.names.len() - work.left);
        }
        let unanswered = lane.flying.drain().map(|(_, flight)| flight.job);
        lock(work).queue.extend(unanswered);
    }
}

/// The bit of a resolver; the last one stands for all beyond sixty-four.
fn bit(n: usize) -> u64 {
    1 << n.min(63)
}

/// One socket with its questions in flight.
struct Lane<'a> {
    dns: &'a Dns,
    server: u64,
    socket: UdpSocket,
    flying: HashMap<u16, Flight>,
    window: usize,
    swept: Instant,
    budget: Budget,
    datagram: Vec<u8>,
}

impl<'a> Lane<'a> {
    fn new(dns: &'a Dns, n: usize, socket: UdpSocket) -> Self {
        let now = Instant::now();
        let budget = Budget::new(dns.servers[n], now);
        Self { dns, server: bit(n), socket, flying: HashMap::new(), window: WINDOW.0, swept: now, budget, datagram: vec![0; 4_096] }
    }
    /// Sends what fits, hears what came, gives up on what is overdue. `false`: there is nothing left to do.
    async fn step(&mut self, work: &Mutex<Work<'_>>) -> bool {
        {
            let work = lock(work);
            if work.left == 0 || work.last_reply.elapsed() > SILENCE {
                return false;
            }
        }
        self.send(work).await;
        if let Ok(Ok(length)) = timeout(TICK, self.socket.recv(&mut self.datagram)).await {
            self.hear(length, work);
            while let Ok(length) = self.socket.try_recv(&mut self.datagram) {
                self.hear(length, work);
            }
        }
        if self.swept.elapsed() >= TICK {
            self.give_up_overdue(work);
        }
        true
    }
    async fn send(&mut self, work: &Mutex<Work<'_>>) {
        while self.flying.len() < self.window && self.budget.spend() {
            let Some(job) = lock(work).next(self.server) else { return };
            let id = self.free_id();
            let wait_ms = FIRST_WAIT_MS * (2 + u64::from(job.tries)) / 2;
            let bytes = job.question.encode(id, true);
            let due = Instant::now() + Duration::from_millis(self.dns.random.jittered(wait_ms));
            self.flying.insert(id, Flight { job, due });
            // An error here is an earlier datagram's (port closed): the question stays in flight and is tried again when overdue.
            if let Err(e) = self.socket.send(&bytes).await {
                tracing::debug!("sending to a resolver: {e}");
            }
        }
    }
    fn free_id(&self) -> u16 {
        loop {
            let id = self.dns.random.id();
            if !self.flying.contains_key(&id) {
                return id;
            }
        }
    }
    fn hear(&mut self, length: usize, work: &Mutex<Work<'_>>) {
        let datagram = &self.datagram[..length];
        let Some(id) = datagram.first_chunk().map(|id| u16::from_be_bytes(*id)) else { return };
        let Some(flight) = self.flying.get(&id) else { return };
        let reply = flight.job.question.read(id, datagram);
        if matches!(reply, Reply::NotOurs) {
            return;
        }
        if let Some(flight) = self.flying.remove(&id) {
            self.window = (self.window + 1).min(WINDOW.1);
            let mut work = lock(work);
            work.last_reply = Instant::now();
            work.take(flight.job, self.server, reply);
        }
    }
    fn give_up_overdue(&mut self, work: &Mutex<Work<'_>>) {
        self.swept = Instant::now();
        let overdue: Vec<u16> = self.flying.iter().filter(|(_, f)| f.due <= self.swept).map(|(id, _)| *id).collect();
        if !overdue.is_empty() {
            self.window = (self.window * 3 / 4).max(WINDOW.2);
        }
        for flight in overdue.iter().filter_map(|id| self.flying.remove(id)) {
            lock(work).again(flight.job, self.server, "no reply");
        }
    }
}

/// Questions that a lane may still send this second.
struct Budget {
    per_s: Option<u64>,
    since: Instant,
    spent: u64,
}

impl Budget {
    fn new(server: SocketAddr, now: Instant) -> Self {
        let per_s = (!server.ip().is_loopback()).then_some(RATE_PER_S / LANES as u64);
        Self { per_s, since: now, spent: 0 }
    }
    fn spend(&mut self) -> bool {
        let Some(per_s) = self.per_s else { return true };
        let elapsed_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A quarter of a second may be sent at once; more is not saved up.
        let earned = elapsed_ms.saturating_mul(per_s) / 1_000;
        self.spent = self.spent.max(earned.saturating_sub(per_s / 4));
        let may = self.spent <= earned;
        self.spent += u64::from(may);
        may
    }
}

/// The public suffix that this name is directly below. `None`: the name is deeper, or no name.
fn suffix_above(name: &str) -> Option<&str> {
    let host = Host::parse(name).ok()?;
    let (_, parent) = name.split_once('.')?;
    (host.registrable() == Some(host.as_str())).then_some(parent)
}

fn addresses(found: Vec<Found>) -> Wildcard {
    let given: HashSet<IpAddr> = found.into_iter().flat_map(|f| if let Found::Addresses(a) = f { a } else { Vec::new() }).collect();
    let mut given: Vec<IpAddr> = given.into_iter().collect();
    given.sort();
    (!given.is_empty()).then_some(given)
}

fn presence(name: &str, found: Found, hijack: &[IpAddr], wild: &HashMap<String, Vec<IpAddr>>) -> Presence {
    match found {
        Found::Addresses(addresses) if addresses.iter().all(|a| hijack.contains(a)) => {
            Presence::Absent { why: "NXDOMAIN (the resolver gives its own address instead)".into() }
        }
        Found::Addresses(addresses) => match suffix_above(name).and_then(|suffix| wild.get(suffix)) {
            Some(every) if addresses.iter().all(|a| every.contains(a)) => {
                Presence::Absent { why: "NODATA (its suffix answers every name so)".into() }
            }
            _ => Presence::Present,
        },
        Found::Absent(why) => Presence::Absent { why: why.into() },
        Found::Unknown(why) => Presence::Unknown { why },
        Found::Alone => Presence::Unknown { why: "no whole answer".into() },
    }
}

fn lock<'a, 'b>(work: &'a Mutex<Work<'b>>) -> MutexGuard<'a, Work<'b>> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}
