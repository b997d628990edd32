//! One resolver as a bulk look-up sees it: its few shared sockets, how much it may be sent, how long it takes, whether it is of any use.
//! A window widens while replies come and narrows when most are lost. A resolver that is silent, or says nothing but errors, is set
//! aside and tried again later with a few questions: it costs little while it is sick, and is not forgotten.

use crate::net::dns::bucket::Bucket;
use crate::net::dns::packet::Packet;
use crate::net::dns::random::Random;
use crate::net::dns::rtt::Rtt;
use crate::net::dns::udp_socket;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::net::UdpSocket;

/// Sockets a resolver.
const LINES: usize = 4;
/// Asked of the kernel for each; it gives what its own limit allows.
const RECEIVE_BYTES: usize = 1 << 20;
/// Questions in flight: at the start, at most, at least. More gains nothing on loopback and overruns the buffers of both sides.
const WINDOW: (usize, usize, usize) = (64, 384, 4);
/// The same while it is on trial.
const TRIAL_WINDOW: usize = 4;
/// How often the window is thought over, and with how many replies and losses at least.
const PERIOD_US: u64 = 20_000;
const PERIOD_LEAST: usize = 32;
/// No first try waits less: a resolver on this machine, and one elsewhere.
const LEAST_WAIT_US: (u64, u64) = (25_000, 250_000);
/// Questions lost in a row, and silence, after which it is set aside; on trial, the first alone decides.
const LOST_IN_A_ROW: (u32, u32) = (8, 2);
const SILENCE_US: u64 = 500_000;
/// Errors in a row after which it is set aside where another resolver is in order; the second, on trial.
const BAD_IN_A_ROW: (u32, u32) = (32, 4);
/// How long it is set aside: first, at most.
const ASIDE_US: (u64, u64) = (1_000_000, 30_000_000);
/// Questions whose only reply had other letter case, in a row, after which it is believed not to keep case.
const CASE_MISSES: u32 = 8;
/// Questions a second to a resolver elsewhere, where the settings say nothing. One on this machine is ours and has no such limit.
const RATE_PER_S: u64 = 2_000;
/// No question.
const NONE: u16 = u16::MAX;

struct Line {
    socket: UdpSocket,
    /// By id: which job was sent with it.
    jobs: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Up,
    Aside { until_us: u64 },
    Trial,
}

/// Where one question went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) at_us: u64,
    pub(crate) server: u8,
    pub(crate) line: u8,
    pub(crate) id: u16,
    /// A reply with this id is still heard.
    pub(crate) open: bool,
}

/// What came of sending.
pub(crate) enum Sending {
    Sent(Sent),
    /// The socket takes no more now.
    Full,
    /// The system says that this resolver cannot be reached.
    NoWay(io::Error),
}

/// What outlives one look-up.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) rtt: Rtt,
    pub(crate) edns: bool,
    pub(crate) keeps_case: bool,
    window: usize,
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) manners: Manners,
    pub(crate) standing: Standing,
    pub(crate) flying: usize,
    number: u8,
    lines: Vec<Line>,
    turn: usize,
    bucket: Bucket,
    answered: usize,
    lost: usize,
    period_end_us: u64,
    losses_seen: bool,
    lost_in_a_row: u32,
    bad_in_a_row: u32,
    case_misses: u32,
    heard_us: u64,
    aside_us: u64,
}

impl Manners {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let least = if server.ip().is_loopback() { LEAST_WAIT_US.0 } else { LEAST_WAIT_US.1 };
        Self { rtt: Rtt::new(least), edns: true, keeps_case: true, window: WINDOW.0 }
    }
}

impl Upstream {
    /// Opens its sockets. `per_s` `None`: the default rate.
    pub(crate) async fn open(number: usize, address: SocketAddr, per_s: Option<u64>, manners: Manners, now_us: u64) -> io::Result<Self> {
        let mut lines = Vec::with_capacity(LINES);
        for _ in 0..LINES {
            let socket = udp_socket(address).await?;
            // Where the kernel gives less, the window finds out.
            let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BYTES);
            lines.push(Line { socket, jobs: vec![NONE; 1 << 16] });
        }
        Ok(Self {
            address,
            manners,
            standing: Standing::Up,
            flying: 0,
            number: u8::try_from(number).unwrap_or(u8::MAX),
            lines,
            turn: 0,
            bucket: Bucket::new(per_s.or((!address.ip().is_loopback()).then_some(RATE_PER_S))),
            answered: 0,
            lost: 0,
            period_end_us: 0,
            losses_seen: false,
            lost_in_a_row: 0,
            bad_in_a_row: 0,
            case_misses: 0,
            heard_us: now_us,
            aside_us: ASIDE_US.0,
        })
    }
    pub(crate) fn bit(&self) -> u64 {
        1 << self.number.min(63)
    }
    pub(crate) fn is_up(&self) -> bool {
        self.standing == Standing::Up
    }
    /// Whether it may be sent one more question now.
    pub(crate) fn has_room(&mut self, now_us: u64) -> bool {
        if let Standing::Aside { until_us } = self.standing
            && now_us >= until_us
        {
            self.standing = Standing::Trial;
            (self.lost_in_a_row, self.bad_in_a_row) = (0, 0);
        }
        let window = match self.standing {
            Standing::Up => self.manners.window,
            Standing::Trial => TRIAL_WINDOW,
            Standing::Aside { .. } => 0,
        };
        self.flying < window && self.bucket.has(now_us)
    }
    /// When the rate lets the next one go.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.bucket.next_us()
    }
    pub(crate) fn send(&mut self, job: u16, packet: &mut Packet, random: &Random, now_us: u64) -> Sending {
        self.turn = (self.turn + 1) % self.lines.len();
        let line = &mut self.lines[self.turn];
        let id = std::iter::repeat_with(|| random.id()).find(|id| line.jobs[usize::from(*id)] == NONE).unwrap_or_default();
        let bytes = packet.seal(id, self.manners.edns);
        // An error can be an earlier datagram's (port closed): the second try tells.
        match line.socket.try_send(bytes).or_else(|e| if would_block(&e) { Err(e) } else { line.socket.try_send(bytes) }) {
            Err(e) if would_block(&e) => return Sending::Full,
            Err(e) => return Sending::NoWay(e),
            Ok(_) => {}
        }
        line.jobs[usize::from(id)] = job;
        self.flying += 1;
        self.bucket.spend();
        let line = u8::try_from(self.turn).unwrap_or_default();
        Sending::Sent(Sent { at_us: now_us, server: self.number, line, id, open: true })
    }
    /// Replies with this id are heard no more.
    pub(crate) fn forget(&mut self, sent: Sent) {
        self.lines[usize::from(sent.line)].jobs[usize::from(sent.id)] = NONE;
    }
    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }
    /// The next datagram of a line; an error that is not "none now" says that the resolver's port is closed.
    pub(crate) fn receive(&self, line: usize, datagram: &mut [u8]) -> io::Result<usize> {
        self.lines[line].socket.try_recv(datagram)
    }
    /// Whose id this is.
    pub(crate) fn job(&self, line: usize, id: u16) -> Option<u16> {
        Some(self.lines[line].jobs[usize::from(id)]).filter(|job| *job != NONE)
    }
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.lines.iter().any(|line| line.socket.poll_recv_ready(cx).is_ready()) { Poll::Ready(()) } else { Poll::Pending }
    }
    /// A usable reply, `us` after its question.
    pub(crate) fn answered(&mut self, us: u64, now_us: u64) {
        self.manners.rtt.sample(us);
        self.answered += 1;
        self.heard_us = now_us;
        (self.lost_in_a_row, self.bad_in_a_row, self.case_misses) = (0, 0, 0);
        if !self.is_up() {
            tracing::info!("resolver {} answers again", self.address);
            self.standing = Standing::Up;
            self.manners.window = WINDOW.0;
        }
        self.aside_us = ASIDE_US.0;
    }
    /// An error instead of an answer. `others`: another resolver is in order.
    pub(crate) fn said_no(&mut self, us: u64, why: &str, others: bool, now_us: u64) {
        self.manners.rtt.sample(us);
        self.answered += 1;
        self.heard_us = now_us;
        self.lost_in_a_row = 0;
        self.bad_in_a_row += 1;
        match self.standing {
            Standing::Up if others && self.bad_in_a_row >= BAD_IN_A_ROW.0 => self.set_aside(why, now_us),
            Standing::Trial if self.bad_in_a_row >= BAD_IN_A_ROW.1 => self.set_aside(why, now_us),
            _ => {}
        }
    }
    /// A question got no reply in its time.
    pub(crate) fn lost(&mut self, now_us: u64) {
        self.lost += 1;
        self.lost_in_a_row += 1;
        let silent = now_us.saturating_sub(self.heard_us) >= SILENCE_US.max(self.manners.rtt.wait_us());
        match self.standing {
            Standing::Up if silent && self.lost_in_a_row >= LOST_IN_A_ROW.0 => self.set_aside("no reply", now_us),
            Standing::Trial if self.lost_in_a_row >= LOST_IN_A_ROW.1 => self.set_aside("no reply", now_us),
            _ => {}
        }
    }
    /// The system says that nobody listens there.
    pub(crate) fn is_closed(&mut self, now_us: u64) {
        let silent = now_us.saturating_sub(self.heard_us) >= SILENCE_US / 5;
        if silent && !matches!(self.standing, Standing::Aside { .. }) {
            self.set_aside("its port is closed", now_us);
        }
    }
    fn set_aside(&mut self, why: &str, now_us: u64) {
        tracing::warn!("resolver {} is set aside for {} s: {why}", self.address, self.aside_us / 1_000_000);
        self.standing = Standing::Aside { until_us: now_us + self.aside_us };
        self.aside_us = (2 * self.aside_us).min(ASIDE_US.1);
    }
    /// The only reply to a question was its own but for the case of its letters.
    pub(crate) fn changed_case(&mut self) {
        self.case_misses += 1;
        if self.case_misses == CASE_MISSES {
            tracing::info!("resolver {} does not keep the case of letters: it is no longer held against its replies", self.address);
            self.manners.keeps_case = false;
        }
    }
    /// Thinks the window over.
    pub(crate) fn pace(&mut self, now_us: u64) {
        let all = self.answered + self.lost;
        if now_us < self.period_end_us || all < PERIOD_LEAST {
            return;
        }
        let (lost_percent, window) = (100 * self.lost / all, self.manners.window);
        self.losses_seen |= lost_percent > 1;
        self.manners.window = match lost_percent {
            0..=1 if !self.losses_seen => 2 * window,
            // A bad line loses as much whatever we do.
            0..=30 => window + window.div_ceil(8),
            _ => window / 2,
        }
        .clamp(WINDOW.2, WINDOW.1);
        (self.answered, self.lost, self.period_end_us) = (0, 0, now_us + PERIOD_US);
    }
}

pub(crate) fn would_block(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::WouldBlock
}
