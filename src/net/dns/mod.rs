//! DNS: one question and its answer as received, from the configured resolvers.
//! In: a host and a record type. Out: rcode, records, TTLs; never an error. No search domains, no hosts file.
//! Built on hickory's message format with sockets of our own: its resolver refuses names that IDNA refuses, hides the rcode behind
//! errors, and (measured) costs six times the CPU. A fresh socket a question keeps the source port hard to guess.

mod bucket;
pub(crate) mod bulk;
mod cache;
mod job;
mod name;
mod packet;
mod random;
mod rtt;
mod sweep;
mod upstream;
mod wheel;
mod wire;

use crate::model::resolution::DnsAnswer;
use crate::net::dns::bulk::Hijack;
use crate::net::dns::cache::Cache;
use crate::net::dns::random::Random;
use crate::net::dns::upstream::Manners;
use crate::net::dns::wire::{Answer, MAX_RECORDS, Question, Reply};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

/// How long each try waits for its reply.
const TRIES_MS: [u64; 3] = [1_000, 1_500, 2_500];
/// How long a question over TCP may take, connect included.
const TCP_MS: u64 = 3_000;
/// CNAMEs followed by hand where the resolver does not.
const MAX_CNAMES: usize = 8;

/// The resolvers with what they said lately.
pub(crate) struct Dns {
    servers: Vec<SocketAddr>,
    system: bool,
    random: Random,
    cache: Cache,
    /// Questions a second and resolver in bulk. `None`: the defaults.
    per_s: Option<u64>,
    /// What bulk look-ups learned of each resolver.
    manners: Mutex<HashMap<SocketAddr, Manners>>,
    hijack: Hijack,
    /// The last bulk look-up ended because nobody answered.
    silent: AtomicBool,
}

impl Dns {
    /// `servers` empty: the system's; where the system names none, the one on this machine, as the C library does.
    pub(crate) fn new(mut servers: Vec<SocketAddr>, per_s: Option<u32>) -> Self {
        let system = servers.is_empty();
        if system {
            servers = system_servers();
        }
        let (manners, hijack, per_s) = (Mutex::default(), Hijack::default(), per_s.map(u64::from));
        Self { servers, system, random: Random::default(), cache: Cache::default(), per_s, manners, hijack, silent: AtomicBool::new(false) }
    }
    fn manners(&self, server: SocketAddr) -> Option<Manners> {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner).get(&server).cloned()
    }
    fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }
    fn remember(&self, manners: impl Iterator<Item = (SocketAddr, Manners)>, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
        self.manners.lock().unwrap_or_else(PoisonError::into_inner).extend(manners);
    }
    /// `ip:port` of each, or `system`.
    pub(crate) fn names(&self) -> Vec<String> {
        if self.system { vec!["system".into()] } else { self.servers.iter().map(ToString::to_string).collect() }
    }
    /// One question. The rcode `TIMEOUT` says that nobody answered, `MALFORMED` that nothing readable came.
    pub(crate) async fn ask(&self, name: &str, rrtype: &str) -> DnsAnswer {
        let answer = match Question::new(name, rrtype) {
            Ok(question) => self.cached(name, rrtype, &question).await,
            Err(why) => Answer { rcode: format!("NOT ASKED: {why}"), records: Vec::new(), addresses: Vec::new() },
        };
        DnsAnswer { question: rrtype.to_owned(), rcode: answer.rcode, records: answer.records }
    }
    async fn cached(&self, name: &str, rrtype: &str, question: &Question) -> Answer {
        let key = (name.to_ascii_lowercase(), rrtype.to_owned());
        if let Some(answer) = self.cache.get(&key, Instant::now()) {
            return answer;
        }
        let answer = self.chase(question).await;
        self.cache.put(key, &answer, Instant::now());
        answer
    }
    async fn chase(&self, question: &Question) -> Answer {
        let mut whole = self.put(question).await;
        let mut asked = vec![question.name()];
        let mut next = question.dangling(&whole);
        while let Some(question) = next.take().filter(|q| asked.len() <= MAX_CNAMES && !asked.contains(&q.name())) {
            asked.push(question.name());
            let answer = self.put(&question).await;
            next = question.dangling(&answer);
            whole.rcode = answer.rcode;
            whole.records.extend(answer.records);
            whole.addresses.extend(answer.addresses);
        }
        whole.records.truncate(MAX_RECORDS);
        whole
    }
    /// Asks the resolvers in turn until one gives a final answer; else the best of what came.
    async fn put(&self, question: &Question) -> Answer {
        let mut last = unanswered("TIMEOUT");
        let mut edns = true;
        for (n, wait_ms) in TRIES_MS.iter().enumerate() {
            let server = self.servers[n % self.servers.len()];
            match self.try_one(question, server, edns, Duration::from_millis(*wait_ms)).await {
                Ok(answer) if is_final(&answer.rcode) => return answer,
                Ok(answer) => {
                    edns &= !matches!(answer.rcode.as_str(), "FORMERR" | "NOTIMP");
                    last = answer;
                }
                Err(e) => tracing::debug!(%server, name = question.name(), "no reply from resolver: {e}"),
            }
        }
        last
    }
    async fn try_one(&self, question: &Question, server: SocketAddr, edns: bool, wait: Duration) -> io::Result<Answer> {
        match self.over_udp(question, server, edns, wait).await? {
            Reply::Answer(answer) => Ok(answer),
            Reply::Truncated => self.over_tcp(question, server).await,
            Reply::Malformed | Reply::NotOurs => Ok(unanswered("MALFORMED")),
        }
    }
    async fn over_udp(&self, question: &Question, server: SocketAddr, edns: bool, wait: Duration) -> io::Result<Reply> {
        let socket = udp_socket(server).await?;
        let id = self.random.id();
        socket.send(&question.encode(id, edns)).await?;
        let until = Instant::now() + wait;
        let mut datagram = [0_u8; 4_096];
        let mut malformed = false;
        loop {
            match timeout_at(until, socket.recv(&mut datagram)).await {
                Err(_) if malformed => return Ok(Reply::Malformed),
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(got) => match question.read(id, &datagram[..got?]) {
                    Reply::NotOurs => {}
                    Reply::Malformed => malformed = true,
                    reply => return Ok(reply),
                },
            }
        }
    }
    async fn over_tcp(&self, question: &Question, server: SocketAddr) -> io::Result<Answer> {
        let id = self.random.id();
        let bytes = timeout(Duration::from_millis(TCP_MS), exchange(&question.encode(id, true), server)).await??;
        match question.read(id, &bytes) {
            Reply::Answer(answer) => Ok(answer),
            _ => Ok(unanswered("MALFORMED")),
        }
    }
}

async fn exchange(message: &[u8], server: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
    let mut bytes = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A socket that hears this server alone, on a port that the system picks at random.
async fn udp_socket(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(socket)
}

fn is_final(rcode: &str) -> bool {
    matches!(rcode, "NOERROR" | "NXDOMAIN")
}

fn unanswered(rcode: &str) -> Answer {
    Answer { rcode: rcode.into(), records: Vec::new(), addresses: Vec::new() }
}

fn system_servers() -> Vec<SocketAddr> {
    let mut servers: Vec<SocketAddr> = Vec::new();
    match hickory_resolver::system_conf::read_system_conf() {
        Ok((config, _)) => {
            for server in config.name_servers() {
                let address = SocketAddr::new(server.ip, server.connections.first().map_or(53, |c| c.port));
                if !servers.contains(&address) {
                    servers.push(address);
                }
            }
        }
        Err(e) => tracing::warn!("cannot read the system's DNS settings: {e}; set [net] resolvers"),
    }
    if servers.is_empty() {
        servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
    }
    servers
}
