//! The servers these tests talk to: a DNS server that says what a closure says, and an HTTP server that acts as a closure wants.

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use jianwei::model::capture::Hop;
use jianwei::net::{Net, Settings};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use url::Url;

/// What the DNS server says to one question.
pub(crate) enum Say {
    Addresses(Vec<IpAddr>),
    Alias(&'static str),
    NxDomain,
    NoData,
    Rcode(ResponseCode),
    Silence,
    /// Truncated over UDP, these over TCP.
    OverTcp(Vec<IpAddr>),
    /// A forged reply (wrong id), then a forged one (wrong question), then the true one.
    AfterForgeries(Vec<IpAddr>),
    Garbage,
}

pub(crate) fn at(ip: &str) -> Say {
    Say::Addresses(vec![ip.parse().expect("an address")])
}

/// Starts a DNS server on UDP and TCP; the closure gets name, type, and how often that was asked before.
pub(crate) async fn dns(say: impl Fn(&str, &str, usize) -> Say + Send + Sync + 'static) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a UDP port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().expect("bound");
    let (say, asked) = (Arc::new(say), Arc::new(Mutex::new(HashMap::<(String, String), usize>::new())));
    let (tcp_say, tcp_asked) = (say.clone(), asked.clone());
    tokio::spawn(async move {
        let mut datagram = [0; 4_096];
        while let Ok((n, from)) = udp.recv_from(&mut datagram).await {
            for reply in replies(&datagram[..n], &*say, &asked, false) {
                let _ = udp.send_to(&reply, from).await;
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let Ok(n) = stream.read_u16().await else { continue };
            let mut message = vec![0; usize::from(n)];
            if stream.read_exact(&mut message).await.is_err() {
                continue;
            }
            for reply in replies(&message, &*tcp_say, &tcp_asked, true) {
                let _ = stream.write_u16(u16::try_from(reply.len()).expect("short")).await;
                let _ = stream.write_all(&reply).await;
            }
        }
    });
    address
}

fn replies(
    datagram: &[u8],
    say: &(impl Fn(&str, &str, usize) -> Say + ?Sized),
    asked: &Mutex<HashMap<(String, String), usize>>,
    tcp: bool,
) -> Vec<Vec<u8>> {
    let question = Message::from_vec(datagram).expect("our client sends DNS");
    let query = question.queries[0].clone();
    let name = query.name().to_ascii().trim_end_matches('.').replace('\\', "").to_ascii_lowercase();
    let rrtype = query.query_type().to_string();
    let count = {
        let mut asked = asked.lock().expect("no test thread panicked");
        let count = asked.entry((name.clone(), rrtype.clone())).or_default();
        *count += 1;
        *count - 1
    };
    let mut reply = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    reply.add_query(query.clone());
    reply.metadata.recursion_available = true;
    let add = |reply: &mut Message, addresses: Vec<IpAddr>| {
        for ip in addresses {
            let (data, of) = match ip {
                IpAddr::V4(v4) => (RData::A(A(v4)), RecordType::A),
                IpAddr::V6(v6) => (RData::AAAA(AAAA(v6)), RecordType::AAAA),
            };
            if of == query.query_type() {
                reply.add_answer(Record::from_rdata(query.name().clone(), 0, data));
            }
        }
    };
    match say(&name, &rrtype, count) {
        Say::Addresses(addresses) => add(&mut reply, addresses),
        Say::Alias(target) => {
            let target = RData::CNAME(CNAME(Name::from_ascii(format!("{target}.")).expect("a name")));
            reply.add_answer(Record::from_rdata(query.name().clone(), 60, target));
        }
        Say::NxDomain => reply.metadata.response_code = ResponseCode::NXDomain,
        Say::NoData => {}
        Say::Rcode(code) => reply.metadata.response_code = code,
        Say::Silence => return Vec::new(),
        Say::OverTcp(addresses) if tcp => add(&mut reply, addresses),
        Say::OverTcp(_) => reply.metadata.truncation = true,
        Say::AfterForgeries(addresses) => {
            let mut forged = reply.clone();
            add(&mut forged, vec!["127.0.0.66".parse().expect("an address")]);
            forged.metadata.id = reply.metadata.id.wrapping_add(1);
            let mut other = forged.clone();
            other.metadata.id = reply.metadata.id;
            other.queries[0].set_name(Name::from_ascii("other.test.").expect("a name"));
            add(&mut reply, addresses);
            return [forged, other, reply].iter().map(|m| m.to_vec().expect("a message")).collect();
        }
        Say::Garbage => {
            let mut bytes = reply.to_vec().expect("a message");
            bytes.truncate(13);
            bytes[2] |= 0x80;
            return vec![bytes];
        }
    }
    vec![reply.to_vec().expect("a message")]
}

/// What the HTTP server does once it has read a request head.
pub(crate) enum Act {
    /// Sends and hangs up.
    Send(Vec<u8>),
    /// Sends, then keeps the connection open in silence.
    Hold(Vec<u8>),
    /// Sends the first, then the second again and again.
    Forever(Vec<u8>, Vec<u8>),
    /// One byte every so many milliseconds.
    Drip(Vec<u8>, u64),
}

pub(crate) fn send(text: &str) -> Act {
    Act::Send(text.as_bytes().to_vec())
}
pub(crate) fn page(body: &str) -> Act {
    send(&format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}
pub(crate) fn to(location: &str) -> Act {
    send(&format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

/// A running HTTP server and what it was asked.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Served {
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
    pub(crate) fn asked(&self) -> Vec<String> {
        self.heads.lock().expect("no test thread panicked").clone()
    }
}

/// Starts an HTTP server on 127.0.0.1; the closure gets the request head.
pub(crate) async fn http(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let (act, log) = (Arc::new(act), heads.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, act.clone(), log.clone()));
        }
    });
    Served { address, heads }
}

async fn serve(mut stream: TcpStream, act: Arc<impl Fn(&str) -> Act>, log: Arc<Mutex<Vec<String>>>) {
    let head = read_head(&mut stream).await;
    log.lock().expect("no test thread panicked").push(head.clone());
    perform(&mut stream, act(&head)).await;
}

pub(crate) async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

pub(crate) async fn perform(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), act: Act) {
    match act {
        Act::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Hold(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            let mut rest = [0; 64];
            while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {}
        }
        Act::Forever(first, again) => {
            let mut next = stream.write_all(&first).await;
            while next.is_ok() {
                next = stream.write_all(&again).await;
            }
        }
        Act::Drip(bytes, every_ms) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                let _ = stream.flush().await;
                tokio::time::sleep(Duration::from_millis(every_ms)).await;
            }
        }
    }
}

/// Settings for tests: loopback allowed, no waiting, short times.
pub(crate) fn settings(dns: SocketAddr) -> Settings {
    Settings {
        resolvers: vec![dns.to_string()],
        allow_private: vec!["127.0.0.0/8".into()],
        per_host_interval_ms: 0,
        timeout_ms: 3_000,
        ..Settings::default()
    }
}

/// A door to servers on loopback: every name is at 127.0.0.1.
pub(crate) async fn door(change: impl FnOnce(&mut Settings)) -> Net {
    let mut settings = settings(dns(|_, _, _| at("127.0.0.1")).await);
    change(&mut settings);
    Net::new(&settings).expect("good settings")
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

pub(crate) async fn visit(net: &Net, text: &str) -> Vec<Hop> {
    let headers = [("User-Agent", "visitor"), ("accept", "*/*"), ("Accept-Encoding", "gzip, deflate")];
    let headers: Vec<(String, String)> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    net.visit(&url(text), &headers).await
}

/// How a visit went, in one line: the trouble of its last hop, or status and body.
pub(crate) fn ended(hops: &[Hop]) -> String {
    let last = hops.last().expect("a visit has at least one hop");
    match &last.trouble {
        Some(trouble) => format!("{}: {}", trouble.word(), trouble.why()),
        None => format!("{} {}", last.status.unwrap_or_default(), String::from_utf8_lossy(&last.body)),
    }
}
