//! Lanes: the sockets of a bulk look-up. Each sends questions from the shared work, hears replies, and gives up on what is overdue.
//! A window widens while answers come and narrows when they do not, so that a slow resolver is not flooded and a dead one holds little.

use crate::net::dns::bulk::LANES;
use crate::net::dns::wire::{Question, Reply};
use crate::net::dns::{Dns, udp_socket};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

/// Questions in flight a socket: at the start, at most, at least. Wider gains nothing on loopback (a default receive buffer
/// drops a few in a burst already: measured 47 of 100,000, each costing its retry) and floods a resolver that is far away.
const WINDOW: (usize, usize, usize) = (32, 80, 4);
/// Tries a question.
const TRIES: u8 = 3;
/// What the first try waits; each further one waits half as long again.
const FIRST_WAIT_MS: u64 = 1_500;
/// Questions looked through for one that this resolver has not failed to answer.
const LOOK_AHEAD: usize = 1_024;
/// With no reply at all for so long, nobody answers and the rest is unknown.
const SILENCE: Duration = Duration::from_secs(12);
/// How often overdue questions are looked for.
const TICK: Duration = Duration::from_millis(20);
/// Questions a second and resolver. A resolver on this machine is ours and has no such limit.
const RATE_PER_S: u64 = 2_000;

/// One question about one name.
pub(crate) struct Job {
    pub(crate) index: usize,
    pub(crate) question: Question,
    pub(crate) tries: u8,
    /// Asked for AAAA, as A gave nothing.
    pub(crate) second: bool,
    /// Resolvers that gave no usable reply, one bit each.
    pub(crate) failed: u64,
    /// What went wrong at the last try.
    pub(crate) why: Option<String>,
}

struct Flight {
    job: Job,
    due: Instant,
}

/// How one name came out.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Addresses(Vec<IpAddr>),
    Absent(&'static str),
    Unknown(String),
    /// Truncated, or an alias that the resolver did not follow: asked again on its own.
    Alone,
}

/// What is still to be asked, shared by all lanes of one call.
pub(crate) struct Work<'a> {
    pub(crate) queue: VecDeque<Job>,
    pub(crate) names: &'a [String],
    pub(crate) found: Vec<Option<Found>>,
    pub(crate) left: usize,
    pub(crate) last_reply: Instant,
    /// Resolvers, one bit each; and those that no socket reaches.
    pub(crate) all: u64,
    pub(crate) gone: u64,
}

impl Work<'_> {
    /// The next question for this resolver: one that it did not fail to answer before.
    fn next(&mut self, server: u64) -> Option<Job> {
        let n = self.queue.iter().take(LOOK_AHEAD).position(|job| job.failed & server == 0)?;
        self.queue.remove(n)
    }
    /// How every name came out; unknown where nobody answered until the end.
    pub(crate) fn finish(&mut self) -> Vec<Found> {
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

/// One socket with its questions in flight.
pub(crate) struct Lane<'a> {
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
    /// A socket of its own to the `n`th resolver.
    pub(crate) async fn open(dns: &'a Dns, n: usize) -> io::Result<Self> {
        let (now, socket) = (Instant::now(), udp_socket(dns.servers[n]).await?);
        let budget = Budget::new(dns.servers[n], now);
        let (flying, datagram) = (HashMap::new(), vec![0; 4_096]);
        Ok(Self { dns, server: bit(n), socket, flying, window: WINDOW.0, swept: now, budget, datagram })
    }
    /// The questions still in flight.
    pub(crate) fn unanswered(self) -> impl Iterator<Item = Job> {
        self.flying.into_values().map(|flight| flight.job)
    }
    /// Sends what fits, hears what came, gives up on what is overdue. `false`: there is nothing left to do.
    pub(crate) async fn step(&mut self, work: &Mutex<Work<'_>>) -> bool {
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
        while self.flying.len() < self.window && self.budget.spend(Instant::now()) {
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
    fn spend(&mut self, now: Instant) -> bool {
        let Some(per_s) = self.per_s else { return true };
        let elapsed_ms = u64::try_from(now.saturating_duration_since(self.since).as_millis()).unwrap_or(u64::MAX);
        // A quarter of a second may be sent at once; more is not saved up.
        let earned = elapsed_ms.saturating_mul(per_s) / 1_000;
        self.spent = self.spent.max(earned.saturating_sub(per_s / 4));
        let may = self.spent <= earned;
        self.spent += u64::from(may);
        may
    }
}

/// The bit of a resolver; the last one stands for all beyond sixty-four.
pub(crate) fn bit(n: usize) -> u64 {
    1 << n.min(63)
}

pub(crate) fn lock<'a, 'b>(work: &'a Mutex<Work<'b>>) -> MutexGuard<'a, Work<'b>> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(server: &str, after_ms: u64) -> usize {
        let now = Instant::now();
        let mut budget = Budget::new(server.parse().expect("an address"), now);
        let then = now + Duration::from_millis(after_ms);
        (0..100_000).take_while(|_| budget.spend(then)).count()
    }

    #[test]
    fn a_foreign_resolver_is_asked_at_a_bounded_rate_and_our_own_is_not() {
        let per_lane = usize::try_from(RATE_PER_S).expect("small") / LANES;
        assert_eq!(sent("192.0.2.1:53", 0), 1);
        assert_eq!(sent("192.0.2.1:53", 100), per_lane / 10 + 1);
        assert_eq!(sent("192.0.2.1:53", 60_000), per_lane / 4 + 1, "idle time is not saved up");
        assert_eq!(sent("127.0.0.1:53", 0), 100_000);
    }
}
