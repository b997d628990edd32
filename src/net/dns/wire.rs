//! DNS messages as bytes. In: a name and a type. Out: a question; and from a reply, what it says to that question.
//! Names go out as they are: labels that IDNA would refuse are asked like any other, as a deceiver can put any label into his zone.

use crate::model::resolution::DnsRecord;
use crate::net::dns::name::Wire;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;

/// Records kept of one answer.
pub(crate) const MAX_RECORDS: usize = 64;
/// Largest UDP reply that we ask for (DNS flag day 2020: never fragmented).
const UDP_PAYLOAD: u16 = 1_232;
/// Longest presentation form kept of one record's data, in bytes; a TXT can hold 64 KiB.
const MAX_DATA_BYTES: usize = 4_096;

/// One question. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    name: Name,
    rrtype: RecordType,
}

/// What a datagram is to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The answer.
    Answer(Answer),
    /// Ask again over TCP.
    Truncated,
    /// Its id is ours, the rest cannot be read.
    Malformed,
    /// Another question's, or forged: keep waiting.
    NotOurs,
}

/// An answer as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) rcode: String,
    pub(crate) records: Vec<DnsRecord>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Question {
    /// `Err`: why the name cannot be put on the wire.
    pub(crate) fn new(name: &str, rrtype: &str) -> Result<Self, &'static str> {
        Self::of(&Wire::parse(name.as_bytes())?, record_type(rrtype)?)
    }
    pub(crate) fn of(name: &Wire, rrtype: RecordType) -> Result<Self, &'static str> {
        let name = Name::from_labels(name.labels()).map_err(|_| "not a DNS name")?;
        Ok(Self { name, rrtype })
    }
    /// The question as sent, recursion desired. `edns` off for servers that answer FORMERR to it.
    pub(crate) fn encode(&self, id: u16, edns: bool) -> Vec<u8> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.name.clone(), self.rrtype));
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(UDP_PAYLOAD);
            message.edns = Some(options);
        }
        message.to_vec().unwrap_or_default()
    }
    /// Reads a datagram as the reply to this question sent with `id`.
    pub(crate) fn read(&self, id: u16, datagram: &[u8]) -> Reply {
        // A header of 12 bytes; the top bit of the third says that it is a response.
        if datagram.len() < 12 || datagram[..2] != id.to_be_bytes() || datagram[2] & 0x80 == 0 {
            return Reply::NotOurs;
        }
        let Ok(message) = Message::from_vec(datagram) else { return Reply::Malformed };
        if !self.is_asked_by(&message) {
            return Reply::NotOurs;
        }
        if message.metadata.truncation {
            return Reply::Truncated;
        }
        Reply::Answer(Answer::of(&message))
    }
    fn is_asked_by(&self, message: &Message) -> bool {
        match message.queries.as_slice() {
            [query] => query.query_type() == self.rrtype && query.name() == &self.name,
            // Some servers send an error without the question.
            [] => message.metadata.response_code != ResponseCode::NoError && message.answers.is_empty(),
            _ => false,
        }
    }
    /// Where the CNAMEs of an answer end without what was asked for; `None`: nowhere, or the answer is whole.
    pub(crate) fn dangling(&self, answer: &Answer) -> Option<Self> {
        if answer.rcode != "NOERROR" || matches!(self.rrtype, RecordType::CNAME | RecordType::ANY) || self.is_answered_by(answer) {
            return None;
        }
        let last = answer.records.iter().rev().find(|r| r.rrtype == "CNAME")?;
        Self::of(&Wire::parse(last.data.as_bytes()).ok()?, self.rrtype).ok()
    }
    /// Whether there is a record of the type asked for.
    pub(crate) fn is_answered_by(&self, answer: &Answer) -> bool {
        let wanted = self.rrtype.to_string();
        answer.records.iter().any(|r| r.rrtype == wanted || self.rrtype == RecordType::ANY)
    }
    /// The name asked, lower case, no trailing dot.
    pub(crate) fn name(&self) -> String {
        bare(&self.name)
    }
}

/// `A`, `MX`, ..., or `TYPE257` (RFC 3597).
pub(crate) fn record_type(name: &str) -> Result<RecordType, &'static str> {
    let known = RecordType::from_str(name).ok().filter(|t| !matches!(t, RecordType::Unknown(_) | RecordType::ZERO));
    let numbered = || name.strip_prefix("TYPE").and_then(|n| n.parse::<u16>().ok()).map(RecordType::from);
    known.or_else(numbered).ok_or("unknown record type")
}

impl Answer {
    pub(crate) fn of(message: &Message) -> Self {
        let records: Vec<&Record> = message.answers.iter().take(MAX_RECORDS).collect();
        Self {
            rcode: rcode(message.metadata.response_code).into_owned(),
            addresses: records.iter().filter_map(|r| r.data.ip_addr()).collect(),
            records: records.into_iter().map(kept).collect(),
        }
    }
}

fn kept(record: &Record) -> DnsRecord {
    let data = match &record.data {
        RData::CNAME(name) => bare(name),
        RData::NS(name) => bare(name),
        RData::PTR(name) => bare(name),
        other => shown(other),
    };
    DnsRecord { name: bare(&record.name), rrtype: record.record_type().to_string(), ttl: record.ttl, data }
}

/// Presentation form, cut at its cap; control characters (also those that a terminal obeys) written as `\u{..}`.
fn shown(data: &RData) -> String {
    use std::fmt::Write as _;
    let mut raw = String::new();
    // Some kinds have no presentation form and say so with an error: then what there is must do.
    let _ = write!(raw, "{data}");
    let mut text = String::with_capacity(raw.len().min(MAX_DATA_BYTES));
    for c in raw.chars() {
        if text.len() >= MAX_DATA_BYTES {
            break;
        }
        if c.is_control() { text.extend(c.escape_unicode()) } else { text.push(c) }
    }
    text
}

/// Lower case, no trailing dot; bytes that no host name has are written `\DDD` (RFC 1035, 5.1).
fn bare(name: &Name) -> String {
    let mut text = String::new();
    for label in name.iter() {
        if !text.is_empty() {
            text.push('.');
        }
        for byte in label.to_ascii_lowercase() {
            match byte {
                b'.' | b'\\' | b'"' => text.extend(['\\', char::from(byte)]),
                0x21..=0x7e => text.push(char::from(byte)),
                _ => text.push_str(&format!("\\{byte:03}")),
            }
        }
    }
    if text.is_empty() { ".".into() } else { text }
}

/// An rcode by its name.
pub(crate) fn rcode(code: ResponseCode) -> Cow<'static, str> {
    match code {
        ResponseCode::NoError => "NOERROR".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::NXDomain => "NXDOMAIN".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        ResponseCode::Refused => "REFUSED".into(),
        other => format!("RCODE{}", u16::from(other)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::rr::rdata::{A, CNAME, TXT};
    use std::net::Ipv4Addr;

    fn reply(id: u16, name: &str, change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(id, MessageType::Response, OpCode::Query);
        message.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
        change(&mut message);
        message.to_vec().expect("a message")
    }
    fn a(name: &str, ip: [u8; 4]) -> Record {
        Record::from_rdata(Name::from_ascii(name).expect("a name"), 77, RData::A(A(Ipv4Addr::from(ip))))
    }

    #[test]
    fn labels_that_idna_refuses_are_put_on_the_wire() {
        for name in ["xn--zzzzzz--.top", "xn--.com", "-a-.b--c.cn", "_x.y_z.com", "ab--cd.com"] {
            let question = Question::new(name, "A").expect("it can be asked");
            let sent = Message::from_vec(&question.encode(7, true)).expect("a message");
            assert_eq!(bare(sent.queries[0].name()), name);
            assert!(sent.metadata.recursion_desired && sent.edns.is_some());
        }
        for name in ["", ".", "a..b", &"a".repeat(64), &"a.".repeat(128)] {
            assert!(Question::new(name, "A").is_err(), "{name}");
        }
    }

    #[test]
    fn an_answer_keeps_records_and_ttls() {
        let question = Question::new("www.a.com", "A").expect("a question");
        let bytes = reply(7, "WWW.a.com.", |m| {
            let cname = RData::CNAME(CNAME(Name::from_ascii("Edge.b.net.").expect("a name")));
            m.add_answer(Record::from_rdata(Name::from_ascii("www.a.com.").expect("a name"), 5, cname));
            m.add_answer(a("edge.b.net.", [203, 0, 113, 9]));
        });
        let Reply::Answer(answer) = question.read(7, &bytes) else { panic!("no answer") };
        let lines: Vec<String> = answer.records.iter().map(|r| format!("{} {} {} {}", r.name, r.ttl, r.rrtype, r.data)).collect();
        assert_eq!(lines, ["www.a.com 5 CNAME edge.b.net", "edge.b.net 77 A 203.0.113.9"]);
        assert_eq!(answer.addresses, [IpAddr::from([203, 0, 113, 9])]);
        assert_eq!(answer.rcode, "NOERROR");
    }

    #[test]
    fn replies_to_other_questions_and_garbage_are_told_apart() {
        let question = Question::new("a.com", "A").expect("a question");
        assert_eq!(question.read(8, &reply(7, "a.com.", |_| ())), Reply::NotOurs);
        assert_eq!(question.read(7, &reply(7, "b.com.", |_| ())), Reply::NotOurs);
        assert_eq!(question.read(7, &question.encode(7, true)), Reply::NotOurs);
        assert_eq!(question.read(7, b"\0\x07"), Reply::NotOurs);
        assert_eq!(question.read(7, &[0, 7, 0x80, 0, 0, 9, 0, 9, 0, 0, 0, 0]), Reply::Malformed);
        assert_eq!(question.read(7, &reply(7, "a.com.", |m| m.metadata.truncation = true)), Reply::Truncated);
    }

    #[test]
    fn no_reply_gives_more_than_its_cap() {
        let question = Question::new("a.com", "A").expect("a question");
        let many = reply(7, "a.com.", |m| {
            for n in 0..200 {
                m.add_answer(a("a.com.", [8, 8, 8, n]));
            }
        });
        let Reply::Answer(answer) = question.read(7, &many) else { panic!("no answer") };
        assert_eq!((answer.records.len(), answer.addresses.len()), (MAX_RECORDS, MAX_RECORDS));
        let text = RData::TXT(TXT::new(vec!["\u{1b}[31m".repeat(40); 200]));
        assert!(shown(&text).len() < MAX_DATA_BYTES + 16);
        assert!(!shown(&text).contains('\u{1b}'));
    }
}
