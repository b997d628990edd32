//! A sweep: many names asked at once, over few sockets, in one task. In: names one after another. Out: how each came out, in the
//! order in which they did, each exactly once. Memory does not grow with the number of names; dropped, everything stops.

use crate::model::resolution::DnsRecord;
use crate::net::dns::Dns;
use crate::net::dns::job::{Jobs, State, TRIES};
use crate::net::dns::name::Wire;
use crate::net::dns::packet::Heard;
use crate::net::dns::upstream::{Manners, Sending, Upstream, would_block};
use crate::net::dns::wheel::{TICK_US, Wheel};
use crate::net::dns::wire::{Answer, MAX_RECORDS, Question, rcode};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_proto::op::{Message, ResponseCode};
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
/// Questions looked through for one that this resolver has not failed to answer.
const LOOK_AHEAD: usize = 64;
/// Names that cannot be asked, refused in one turn.
const MAX_REFUSED: usize = 4_096;
/// Questions asked on their own at once.
const ALONE_AT_ONCE: usize = 32;
/// Datagrams heard in one turn of one socket: a flood does not keep us from the rest.
const MAX_HEARD: usize = 2_048;
/// With so many in flight replies are let gather for a moment: one at a time costs three times the CPU.
const BUSY: usize = 64;
const GATHER_US: u64 = 1_000;
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

    // Hearing.

    fn hear(&mut self) {
        let mut datagram = std::mem::take(&mut self.datagram);
        for u in 0..self.upstreams.len() {
            for line in 0..self.upstreams[u].lines() {
                for _ in 0..MAX_HEARD {
                    match self.upstreams[u].receive(line, &mut datagram) {
                        Ok(length) => self.take(u, line, &datagram[..length]),
                        Err(e) if would_block(&e) => break,
                        Err(_) => self.upstreams[u].is_closed(self.now_us),
                    }
                }
            }
            self.upstreams[u].pace(self.now_us);
        }
        self.datagram = datagram;
    }
    fn take(&mut self, u: usize, line: usize, datagram: &[u8]) {
        let Some(id) = datagram.first_chunk().map(|id| u16::from_be_bytes(*id)) else { return };
        let others = self.others_are_up(u);
        let upstream = &mut self.upstreams[u];
        let Some(slot) = upstream.job(line, id) else { return };
        let Some(job) = self.jobs.get(slot) else { return };
        let (server, line) = (u8::try_from(u).unwrap_or_default(), u8::try_from(line).unwrap_or_default());
        let Some(attempt) = job.try_of(server, line, id) else { return };
        let heard = job.packet.read(datagram, upstream.manners.keeps_case);
        let us = self.now_us.saturating_sub(job.sent[attempt].at_us);
        let why = match heard {
            Heard::NotOurs => return,
            Heard::OtherCase => return job.other_case = true,
            Heard::Malformed => Cow::Borrowed("malformed reply"),
            Heard::Refusal(code) => {
                // It may be the EDNS record that it does not understand.
                if matches!(code, ResponseCode::FormErr | ResponseCode::NotImp) && std::mem::take(&mut upstream.manners.edns) {
                    self.heard_us = self.now_us;
                    return self.again(slot, attempt);
                }
                rcode(code)
            }
            good => {
                self.heard_us = self.now_us;
                upstream.answered(us, self.now_us);
                return self.good(slot, good);
            }
        };
        self.heard_us = self.now_us;
        upstream.said_no(us, &why, others, self.now_us);
        self.bad(slot, attempt, why);
    }
    fn others_are_up(&self, u: usize) -> bool {
        self.upstreams.iter().enumerate().any(|(n, other)| n != u && other.is_up())
    }
    fn good(&mut self, slot: u16, heard: Heard) {
        let Some(job) = self.jobs.get(slot) else { return };
        match heard {
            Heard::NoName => self.settle(slot, Found::Absent("NXDOMAIN")),
            Heard::Answer(message) => match found(&message, self.want, job.second) {
                Some(Found::Absent("NODATA")) if self.want == Want::Address && !job.second => self.ask_second(slot),
                Some(found) => self.settle(slot, found),
                None => self.set_alone(slot),
            },
            _ => self.set_alone(slot),
        }
    }
    /// No address of the first kind: the other is asked for.
    fn ask_second(&mut self, slot: u16) {
        self.close(slot);
        let Some(job) = self.jobs.get(slot) else { return };
        job.packet.retype(RecordType::AAAA);
        job.start_over(true);
        self.ready.push_front((slot, job.turn));
    }
    /// The same question at once, without holding this reply against anybody.
    fn again(&mut self, slot: u16, attempt: usize) {
        let Some(job) = self.jobs.get(slot) else { return };
        let (sent, present) = (job.sent[attempt], job.is_present(attempt));
        job.sent[attempt].open = false;
        self.upstreams[usize::from(sent.server)].forget(sent);
        if present {
            self.upstreams[usize::from(sent.server)].flying -= 1;
            self.put_ready(slot);
        }
        if self.jobs.get(slot).is_some_and(|job| job.tries >= TRIES) {
            self.settle(slot, Found::Unknown("FORMERR".into()));
        }
    }
    /// An error instead of an answer: another resolver is asked, or the same one after a rest.
    fn bad(&mut self, slot: u16, attempt: usize, why: Cow<'static, str>) {
        let Some(job) = self.jobs.get(slot) else { return };
        let (sent, present) = (job.sent[attempt], job.is_present(attempt));
        job.sent[attempt].open = false;
        job.bad += 1;
        job.why = why;
        let (bad, waited_us) = (job.bad, job.waited_us);
        let server = &mut self.upstreams[usize::from(sent.server)];
        server.forget(sent);
        job.failed |= server.bit();
        let failed = job.failed;
        if present {
            server.flying -= 1;
            job.becomes(State::Ready);
        }
        if bad >= MAX_BAD || (present && (job.tries >= TRIES || waited_us >= PATIENCE_US)) {
            let why = std::mem::take(&mut job.why);
            return self.settle(slot, Found::Unknown(why));
        }
        if !present {
            return;
        }
        if self.upstreams.iter().any(|u| u.is_up() && failed & u.bit() == 0) {
            return self.put_ready(slot);
        }
        let Some(job) = self.jobs.get(slot) else { return };
        job.becomes(State::Resting);
        self.wheel.put(self.now_us + REST_US * u64::from(bad), (slot, job.turn));
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

    // Sending.

    fn send(&mut self) {
        let mut full = 0_u64;
        loop {
            let before = full;
            let mut sent = false;
            for u in 0..self.upstreams.len() {
                let bit = self.upstreams[u].bit();
                if full & bit != 0 || !self.upstreams[u].has_room(self.now_us) {
                    continue;
                }
                match self.next(u) {
                    Some(slot) => match self.send_one(u, slot) {
                        true => sent = true,
                        false => full |= bit,
                    },
                    None => full |= bit,
                }
            }
            if !sent && full == before {
                return;
            }
        }
    }
    /// The next question for this resolver: one that it did not fail to answer, or that all have failed at.
    fn next(&mut self, u: usize) -> Option<u16> {
        let bit = self.upstreams[u].bit();
        let up = self.upstreams.iter().filter(|u| u.is_up()).fold(0, |up, u| up | u.bit());
        let mut n = 0;
        while n < self.ready.len().min(LOOK_AHEAD) {
            let (slot, turn) = self.ready[n];
            match self.jobs.at(slot, turn) {
                Some(job) if job.failed & bit == 0 || up & !job.failed == 0 => {
                    self.ready.remove(n);
                    return Some(slot);
                }
                Some(_) => n += 1,
                None => {
                    self.ready.remove(n);
                }
            }
        }
        self.next_name()
    }
    fn next_name(&mut self) -> Option<u16> {
        for _ in 0..MAX_REFUSED {
            if self.jobs.is_full() {
                return None;
            }
            let Some((index, name)) = self.names.as_mut()?.next() else {
                self.names = None;
                return None;
            };
            let rrtype = if let Want::Records(rrtype) = self.want { rrtype } else { RecordType::A };
            match Wire::parse(name.as_ref()) {
                Ok(wire) => {
                    let (slot, job) = self.jobs.begin(index);
                    job.packet.fill(&wire, rrtype, u64::from_ne_bytes(self.dns.random.bytes()));
                    return Some(slot);
                }
                Err(why) => (self.told)(index, Found::Unknown(format!("cannot be asked: {why}").into())),
            }
        }
        None
    }
    /// `false`: this resolver takes no more now.
    fn send_one(&mut self, u: usize, slot: u16) -> bool {
        let Some(job) = self.jobs.get(slot) else { return true };
        match self.upstreams[u].send(slot, &mut job.packet, &self.dns.random, self.now_us) {
            Sending::Sent(sent) => {
                let first_us = self.upstreams[u].manners.rtt.wait_us();
                // From what is known now, not from the wait before: the first questions wait long, as nothing is known yet.
                job.wait_us = (0..job.tries).fold(first_us, |us, _| us * 3 / 2).min(MOST_WAIT_US);
                job.sent[job.tries] = sent;
                job.tries += 1;
                job.becomes(State::Flying);
                self.wheel.put(self.now_us + self.dns.random.jittered(job.wait_us), (slot, job.turn));
                true
            }
            Sending::Full => {
                job.becomes(State::Ready);
                self.ready.push_front((slot, job.turn));
                false
            }
            Sending::NoWay(e) => {
                tracing::debug!("sending to resolver {}: {e}", self.upstreams[u].address);
                self.upstreams[u].is_closed(self.now_us);
                job.becomes(State::Resting);
                self.wheel.put(self.now_us + REST_US, (slot, job.turn));
                false
            }
        }
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
            return self.now_us + GATHER_US;
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
