//! A sweep: many names asked at once, over few sockets, in one task. In: names one after another. Out: how each came out, in the
//! order in which they did, each exactly once. Memory does not grow with the number of names; dropped, everything stops.

mod hearing;
mod sending;

use crate::model::resolution::DnsRecord;
use crate::net::dns::Dns;
use crate::net::dns::job::{Jobs, State, TRIES};
use crate::net::dns::name::Wire;
use crate::net::dns::upstream::{Manners, Upstream};
use crate::net::dns::wheel::{TICK_US, Wheel};
use crate::net::dns::wire::{Answer, MAX_RECORDS, Question};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Errors instead of an answer that settle a question.
const MAX_BAD: u8 = 3;
/// What the tries of one question wait for replies in all.
const PATIENCE_US: u64 = 12_000_000;
/// A further try waits longer than the one before, by half, up to this.
const MOST_WAIT_US: u64 = 2_000_000;
/// Before a resolver that said no is asked the same again: once, twice this.
const REST_US: u64 = 250_000;
/// With no reply at all for so long, nobody answers and the rest is unknown.
const SILENCE_US: u64 = 8_000_000;
/// The same where the last sweep already ended so.
const SECOND_SILENCE_US: u64 = 3_000_000;
/// Questions asked on their own at once.
const ALONE_AT_ONCE: usize = 32;
/// With so many in flight replies are let gather for a moment: one at a time costs three times the CPU.
const BUSY: usize = 64;
/// For how long: while few have come by then, twice that.
const GATHER_US: (u64, u64) = (1_000, 4_000);
const MAX_DATAGRAM: usize = 4_096;

/// What is asked of each name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// An address: A, and AAAA where A gives none.
    Address,
    /// The records of one type.
    Records(RecordType),
}

/// How one name came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Addresses(Vec<IpAddr>),
    Records(Vec<DnsRecord>),
    /// `NXDOMAIN` or `NODATA`.
    Absent(&'static str),
    Unknown(Cow<'static, str>),
}

type Asked<'a> = Pin<Box<dyn Future<Output = (u16, Found)> + Send + 'a>>;

pub(crate) struct Sweep<'a, I, F> {
    dns: &'a Dns,
    want: Want,
    names: Option<std::iter::Enumerate<I>>,
    told: F,
    upstreams: Vec<Upstream>,
    jobs: Jobs,
    ready: VecDeque<(u16, u32)>,
    wheel: Wheel<(u16, u32)>,
    due: Vec<(u16, u32)>,
    alone: FuturesUnordered<Asked<'a>>,
    waiting_alone: VecDeque<u16>,
    datagram: Vec<u8>,
    start: Instant,
    heard_us: u64,
    now_us: u64,
    /// Datagrams heard in this turn, and how long the next are let gather.
    heard: usize,
    gather_us: u64,
}

impl<'a, N: AsRef<[u8]>, I: Iterator<Item = N>, F: FnMut(usize, Found)> Sweep<'a, I, F> {
    pub(crate) fn new(dns: &'a Dns, names: I, want: Want, told: F) -> Self {
        Self {
            dns,
            want,
            names: Some(names.enumerate()),
            told,
            upstreams: Vec::new(),
            jobs: Jobs::default(),
            ready: VecDeque::new(),
            wheel: Wheel::new(),
            due: Vec::new(),
            alone: FuturesUnordered::new(),
            waiting_alone: VecDeque::new(),
            datagram: vec![0; MAX_DATAGRAM],
            start: Instant::now(),
            heard_us: 0,
            now_us: 0,
            heard: 0,
            gather_us: GATHER_US.0,
        }
    }
    /// Asks until every name came out.
    pub(crate) async fn run(mut self) {
        self.open().await;
        let mut sleep = Box::pin(sleep_until(self.start));
        loop {
            self.now_us = self.clock();
            self.hear();
            self.turn();
            self.send();
            self.ask_alone();
            if self.jobs.live() == 0 && self.names.is_none() {
                break;
            }
            if self.is_silent() {
                return self.give_up();
            }
            self.rest(&mut sleep).await;
        }
        let manners = self.upstreams.iter().map(|u| (u.address, u.manners.clone()));
        self.dns.remember(manners, self.heard_us == 0 && self.dns.is_silent());
    }
    async fn open(&mut self) {
        for (n, address) in self.dns.servers.iter().enumerate().take(64) {
            let manners = self.dns.manners(*address).unwrap_or_else(|| Manners::new(*address));
            match Upstream::open(self.upstreams.len(), *address, self.dns.per_s, manners, self.now_us).await {
                Ok(upstream) => self.upstreams.push(upstream),
                Err(e) => tracing::warn!("no socket to resolver {} ({n}): {e}", address),
            }
        }
    }
    fn clock(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
    /// Nobody answers, or nobody can be asked. What is asked on its own has its own patience.
    fn is_silent(&self) -> bool {
        let limit_us = if self.heard_us == 0 && self.dns.is_silent() { SECOND_SILENCE_US } else { SILENCE_US };
        self.upstreams.is_empty() || (self.alone.is_empty() && self.now_us.saturating_sub(self.heard_us) > limit_us)
    }
    fn give_up(mut self) {
        self.dns.remember(std::iter::empty(), true);
        for job in self.jobs.drain() {
            (self.told)(job.index, Found::Unknown(job.why));
        }
        for (index, _) in self.names.take().into_iter().flatten() {
            (self.told)(index, Found::Unknown(Cow::Borrowed("no resolver answers")));
        }
    }

    fn put_ready(&mut self, slot: u16) {
        if let Some(job) = self.jobs.get(slot) {
            job.becomes(State::Ready);
            self.ready.push_back((slot, job.turn));
        }
    }
    fn settle(&mut self, slot: u16, found: Found) {
        self.close(slot);
        if let Some(index) = self.jobs.end(slot) {
            (self.told)(index, found);
        }
    }
    /// Nothing more is heard about this question as it was sent.
    fn close(&mut self, slot: u16) {
        let Some(job) = self.jobs.get(slot) else { return };
        if job.state == State::Flying {
            self.upstreams[usize::from(job.sent[job.tries - 1].server)].flying -= 1;
            job.becomes(State::Ready);
        }
        for sent in &mut job.sent[..job.tries] {
            if std::mem::take(&mut sent.open) {
                self.upstreams[usize::from(sent.server)].forget(*sent);
            }
        }
    }

    // What is overdue.

    fn turn(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.turn(self.now_us, &mut due);
        for (slot, turn) in due.drain(..) {
            match self.jobs.at(slot, turn).map(|job| job.state) {
                Some(State::Flying) => self.overdue(slot),
                Some(State::Resting) => self.put_ready(slot),
                _ => {}
            }
        }
        self.due = due;
    }
    fn overdue(&mut self, slot: u16) {
        let Some(job) = self.jobs.get(slot) else { return };
        let server = &mut self.upstreams[usize::from(job.sent[job.tries - 1].server)];
        server.flying -= 1;
        server.lost(self.now_us);
        if std::mem::take(&mut job.other_case) {
            server.changed_case();
        }
        job.failed |= server.bit();
        job.waited_us += job.wait_us;
        if job.bad == 0 {
            job.why = Cow::Borrowed("no reply");
        }
        if job.tries >= TRIES || job.waited_us >= PATIENCE_US {
            let why = std::mem::take(&mut job.why);
            job.becomes(State::Ready);
            return self.settle(slot, Found::Unknown(why));
        }
        self.put_ready(slot);
    }

    // Asked on their own.

    fn set_alone(&mut self, slot: u16) {
        self.close(slot);
        if let Some(job) = self.jobs.get(slot) {
            job.becomes(State::Alone);
            self.waiting_alone.push_back(slot);
        }
    }
    fn ask_alone(&mut self) {
        while self.alone.len() < ALONE_AT_ONCE {
            let Some(slot) = self.waiting_alone.pop_front() else { return };
            let Some(job) = self.jobs.get(slot) else { continue };
            let (dns, want, name) = (self.dns, self.want, job.packet.name());
            self.alone.push(Box::pin(async move { (slot, dns.whole(&name, want).await) }));
        }
    }

    // Waiting.

    async fn rest(&mut self, sleep: &mut Pin<Box<Sleep>>) {
        let flying: usize = self.upstreams.iter().map(|u| u.flying).sum();
        let busy = flying >= BUSY;
        // A turn costs some system calls whatever it hears. Far fewer than are in flight keep the resolver busy meanwhile.
        self.gather_us = match std::mem::take(&mut self.heard) {
            few if few < flying / 8 => (2 * self.gather_us).min(GATHER_US.1),
            many if many > flying / 4 => (self.gather_us / 2).max(GATHER_US.0),
            _ => self.gather_us,
        };
        self.now_us = self.clock();
        sleep.as_mut().reset(self.start + Duration::from_micros(self.wake_us(busy)));
        let mut done = Vec::new();
        poll_fn(|cx| self.poll_rest(cx, sleep, busy, &mut done)).await;
        for (slot, found) in done {
            self.heard_us = self.now_us;
            self.settle(slot, found);
        }
    }
    fn wake_us(&self, busy: bool) -> u64 {
        if busy {
            return self.now_us + self.gather_us;
        }
        let next = self.upstreams.iter().filter_map(Upstream::next_us).filter(|us| *us > self.now_us).min();
        next.unwrap_or(u64::MAX).min(self.now_us + TICK_US)
    }
    fn poll_rest(&mut self, cx: &mut Context<'_>, sleep: &mut Pin<Box<Sleep>>, busy: bool, done: &mut Vec<(u16, Found)>) -> Poll<()> {
        while let Poll::Ready(Some(found)) = self.alone.poll_next_unpin(cx) {
            done.push(found);
        }
        let readable = !busy && self.upstreams.iter().any(|u| u.poll_readable(cx).is_ready());
        if readable || !done.is_empty() { Poll::Ready(()) } else { sleep.as_mut().poll(cx) }
    }
}

/// What a reply without an error says. `None`: it is not whole.
fn found(message: &Message, want: Want, second: bool) -> Option<Found> {
    let rrtype = match want {
        Want::Records(rrtype) => rrtype,
        Want::Address if second => RecordType::AAAA,
        Want::Address => RecordType::A,
    };
    let records = || message.answers.iter().take(MAX_RECORDS);
    let whole = records().any(|r| r.record_type() == rrtype);
    if !whole && rrtype != RecordType::ANY && records().any(|r| r.record_type() == RecordType::CNAME) {
        return None;
    }
    match want {
        Want::Address if whole => Some(Found::Addresses(records().filter_map(|r| r.data.ip_addr()).collect())),
        Want::Records(_) if whole => Some(Found::Records(Answer::of(message).records)),
        Want::Records(RecordType::ANY) if !message.answers.is_empty() => Some(Found::Records(Answer::of(message).records)),
        _ => Some(Found::Absent("NODATA")),
    }
}

impl Dns {
    /// One name with all that it takes: TCP, aliases followed by hand.
    async fn whole(&self, name: &Wire, want: Want) -> Found {
        let rrtypes: &[RecordType] = match &want {
            Want::Address => &[RecordType::A, RecordType::AAAA],
            Want::Records(rrtype) => std::slice::from_ref(rrtype),
        };
        for rrtype in rrtypes {
            let question = match Question::of(name, *rrtype) {
                Ok(question) => question,
                Err(why) => return Found::Unknown(why.into()),
            };
            let answer = self.chase(&question).await;
            match answer.rcode.as_str() {
                "NXDOMAIN" => return Found::Absent("NXDOMAIN"),
                "NOERROR" if want == Want::Address && !answer.addresses.is_empty() => return Found::Addresses(answer.addresses),
                "NOERROR" if want != Want::Address && question.is_answered_by(&answer) => return Found::Records(answer.records),
                "NOERROR" => {}
                _ => return Found::Unknown(answer.rcode.into()),
            }
        }
        Found::Absent("NODATA")
    }
}
