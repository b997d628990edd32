//! The lab's DNS: authoritative for every lab name, NXDOMAIN for all others. UDP and TCP on one port.

use super::World;
use super::log::{Question, now_ms};
use super::sites::{Dns, Site};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, MX, NS, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

const TTL_SECONDS: u32 = 60;
const ALIASES: usize = 8;

/// Answers over UDP until the socket breaks.
pub(crate) async fn udp(socket: UdpSocket, world: Arc<World>) {
    let mut packet = vec![0_u8; 4096];
    while let Ok((n, from)) = socket.recv_from(&mut packet).await {
        if let Some(answer) = answer(&packet[..n], &world, true) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// Answers over TCP, each connection in a task of its own.
pub(crate) async fn tcp(listener: TcpListener, world: Arc<World>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let world = world.clone();
        tokio::spawn(async move {
            let _ = tokio::time::timeout(Duration::from_secs(60), converse(stream, &world)).await;
        });
    }
}

async fn converse(mut stream: TcpStream, world: &World) -> std::io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut packet = vec![0_u8; usize::from(length)];
        stream.read_exact(&mut packet).await?;
        let Some(answer) = answer(&packet, world, false) else { continue };
        let length = u16::try_from(answer.len()).map_err(std::io::Error::other)?;
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(&answer).await?;
    }
}

/// One packet in, one out. `None`: silence.
fn answer(packet: &[u8], world: &World, over_udp: bool) -> Option<Vec<u8>> {
    let asked = Message::from_vec(packet).ok()?;
    let query = asked.queries.first()?.clone();
    let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    world.log.question(Question { at_ms: now_ms(), name: name.clone(), rrtype: query.query_type().to_string() });
    let mut reply = Message::response(asked.metadata.id, asked.metadata.op_code);
    reply.metadata.authoritative = true;
    reply.metadata.recursion_desired = asked.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.add_query(query.clone());
    fill(&mut reply, &name, query.query_type(), world, over_udp)?;
    reply.to_vec().ok()
}

fn fill(reply: &mut Message, name: &str, asked: RecordType, world: &World, over_udp: bool) -> Option<()> {
    let Some(site) = world.sites.by_host(name) else {
        let apex = psl::domain_str(name).is_some_and(|d| d == name) && world.sites.is_above(name);
        if apex {
            reply.add_answers(apex_records(name, asked));
        } else if !world.sites.is_above(name) {
            reply.metadata.response_code = ResponseCode::NXDomain;
        }
        if reply.answers.is_empty() {
            reply.add_authority(soa(name));
        }
        return Some(());
    };
    match &site.dns {
        Dns::Silent => return None,
        Dns::Servfail => reply.metadata.response_code = ResponseCode::ServFail,
        Dns::Refused => reply.metadata.response_code = ResponseCode::Refused,
        Dns::Truncated if over_udp => reply.metadata.truncation = true,
        Dns::CnameLoop => {
            reply.add_answer(record(name, RData::CNAME(CNAME(to_name(&format!("again.{name}"))))));
            reply.add_answer(record(&format!("again.{name}"), RData::CNAME(CNAME(to_name(name)))));
        }
        _ => {
            reply.add_answers(records(name, site, asked, world, ALIASES));
        }
    }
    if reply.answers.is_empty() && reply.metadata.response_code == ResponseCode::NoError {
        reply.add_authority(soa(name));
    }
    Some(())
}

fn records(name: &str, site: &Site, asked: RecordType, world: &World, aliases: usize) -> Vec<Record> {
    let own = world.address(site.last_byte());
    match (&site.dns, asked) {
        (Dns::Cname(to), _) => {
            let mut all = vec![record(name, RData::CNAME(CNAME(to_name(to))))];
            if let (Some(next), true) = (world.sites.by_host(to), aliases > 0 && asked != RecordType::CNAME) {
                all.extend(records(to, next, asked, world, aliases - 1));
            }
            all
        }
        (Dns::Nodata, _) => Vec::new(),
        (Dns::Addresses(list), RecordType::A) => {
            list.iter().filter_map(|a| if a == "self" { Some(own) } else { a.parse().ok() }).map(|a| address(name, a)).collect()
        }
        (_, RecordType::A) => vec![address(name, own)],
        _ if psl::domain_str(name) == Some(name) => apex_records(name, asked),
        _ => Vec::new(),
    }
}

fn apex_records(name: &str, asked: RecordType) -> Vec<Record> {
    match asked {
        RecordType::NS => (1..=2).map(|n| record(name, RData::NS(NS(to_name(&format!("ns{n}.dns.lab.example")))))).collect(),
        RecordType::SOA => vec![soa(name)],
        RecordType::MX => vec![record(name, RData::MX(MX::new(10, to_name(&format!("mail.{name}")))))],
        RecordType::TXT => vec![record(name, RData::TXT(TXT::new(vec!["v=spf1 -all".into()])))],
        _ => Vec::new(),
    }
}

fn soa(name: &str) -> Record {
    let apex = psl::domain_str(name).unwrap_or(name);
    let data = SOA::new(to_name("ns1.dns.lab.example"), to_name("hostmaster.lab.example"), 2_026_010_100, 3600, 600, 86_400, 60);
    record(apex, RData::SOA(data))
}

fn address(name: &str, address: Ipv4Addr) -> Record {
    record(name, RData::A(A(address)))
}

fn record(name: &str, data: RData) -> Record {
    Record::from_rdata(to_name(name), TTL_SECONDS, data)
}

fn to_name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap_or_default();
    name.set_fqdn(true);
    name
}
