//! One question of a bulk look-up as bytes: made once, sent as often as needed, each time with a new id, without an allocation.
//! The letters of its name are cased at random (the "0x20" of draft-vixie-dnsext-dns0x20): few shared ports make forging cheaper,
//! and this makes it dearer again. Replies are read by hickory; here they are only held against the question.

use crate::net::dns::name::{MAX_WIRE, Wire};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;

const HEADER: usize = 12;
/// Type and class behind the name.
const TAIL: usize = 4;
/// OPT record: root, type 41, our payload size (DNS flag day 2020: 1,232), no flags, no options.
const OPT: [u8; 11] = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0];
/// Recursion desired, one question, one additional record.
const HEAD: [u8; HEADER] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
const CLASS_IN: [u8; 2] = [0, 1];

#[derive(Clone, Debug)]
pub(crate) struct Packet {
    bytes: [u8; HEADER + MAX_WIRE + TAIL + OPT.len()],
    /// Where the question ends and the OPT record begins.
    end: usize,
}

impl Default for Packet {
    fn default() -> Self {
        Self { bytes: [0; HEADER + MAX_WIRE + TAIL + OPT.len()], end: HEADER + TAIL }
    }
}

/// What a datagram says to a question.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Another question's, or forged: keep waiting.
    NotOurs,
    /// Ours but for the case of its letters: forged, or from a server that does not keep case.
    OtherCase,
    /// Its id is ours, the rest cannot be read.
    Malformed,
    /// Ask again over TCP.
    Truncated,
    /// NXDOMAIN.
    NoName,
    /// An error.
    Refusal(ResponseCode),
    /// NOERROR.
    Answer(Message),
}

impl Packet {
    /// `case`: random bits, one a letter.
    pub(crate) fn fill(&mut self, name: &Wire, rrtype: RecordType, case: u64) {
        let (mut bits, end) = (case, HEADER + name.bytes().len() + TAIL);
        self.end = end;
        self.bytes[..HEADER].copy_from_slice(&HEAD);
        // A length is never taken for a letter: it is 63 at most.
        for (to, from) in self.bytes[HEADER..].iter_mut().zip(name.bytes()) {
            *to = *from;
            if from.is_ascii_alphabetic() {
                *to = if bits & 1 == 1 { from.to_ascii_uppercase() } else { from.to_ascii_lowercase() };
                bits = bits.rotate_right(1);
            }
        }
        self.bytes[end - 2..end].copy_from_slice(&CLASS_IN);
        self.bytes[end..end + OPT.len()].copy_from_slice(&OPT);
        self.retype(rrtype);
    }
    /// The same name, another type.
    pub(crate) fn retype(&mut self, rrtype: RecordType) {
        self.bytes[self.end - TAIL..self.end - 2].copy_from_slice(&u16::from(rrtype).to_be_bytes());
    }
    /// What to send. `edns` off for servers that do not know it.
    pub(crate) fn seal(&mut self, id: u16, edns: bool) -> &[u8] {
        self.bytes[..2].copy_from_slice(&id.to_be_bytes());
        self.bytes[HEADER - 1] = u8::from(edns);
        &self.bytes[..self.end + if edns { OPT.len() } else { 0 }]
    }
    /// The name, as cased.
    pub(crate) fn name(&self) -> Wire {
        Wire::of(&self.bytes[HEADER..self.end - TAIL])
    }
    /// Reads a datagram whose id is one that this question was sent with. `strict`: the case of the letters must be ours.
    pub(crate) fn read(&self, datagram: &[u8], strict: bool) -> Heard {
        let Some((head, rest)) = datagram.split_first_chunk::<HEADER>() else { return Heard::NotOurs };
        // The top bit of the third byte says that it is a response; the operation must be a query.
        if head[2] & 0xf8 != 0x80 {
            return Heard::NotOurs;
        }
        match u16::from_be_bytes([head[4], head[5]]) {
            1 => self.read_echoed(head, rest, datagram, strict),
            // Some servers send an error without the question.
            0 if !matches!(head[3] & 0xf, 0 | 3) && head[6..8] == [0, 0] => Heard::Refusal(ResponseCode::from(0, head[3] & 0xf)),
            _ => Heard::Malformed,
        }
    }
    fn read_echoed(&self, head: &[u8; HEADER], rest: &[u8], datagram: &[u8], strict: bool) -> Heard {
        let ours = &self.bytes[HEADER..self.end];
        let Some(echo) = rest.get(..ours.len()) else { return Heard::Malformed };
        if echo != ours {
            let (name, tail) = (ours.len() - TAIL, &ours[ours.len() - TAIL..]);
            if &echo[name..] != tail || !echo[..name].eq_ignore_ascii_case(&ours[..name]) {
                return Heard::NotOurs;
            }
            if strict {
                return Heard::OtherCase;
            }
        }
        if head[2] & 2 != 0 {
            return Heard::Truncated;
        }
        let Ok(message) = Message::from_vec(datagram) else { return Heard::Malformed };
        match message.metadata.response_code {
            ResponseCode::NoError => Heard::Answer(message),
            ResponseCode::NXDomain => Heard::NoName,
            other => Heard::Refusal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{MessageType, OpCode, Query};
    use hickory_proto::rr::rdata::{A, SOA};
    use hickory_proto::rr::{Name, RData, Record};
    use proptest::prelude::*;
    use std::net::Ipv4Addr;
    use std::time::Instant;

    fn packet(name: &[u8], case: u64) -> Packet {
        let mut packet = Packet::default();
        packet.fill(&Wire::parse(name).expect("a name"), RecordType::A, case);
        packet
    }
    /// What an honest server replies to this packet.
    fn reply(packet: &mut Packet, change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let question = Message::from_vec(packet.seal(7, true)).expect("hickory reads it");
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        message.add_query(question.queries[0].clone());
        change(&mut message);
        message.to_vec().expect("a message")
    }

    #[test]
    fn hickory_reads_what_we_send() {
        for name in [&b"www.a-b.test"[..], b"\xff\x00.\x80.cn", &[b'a'; 63], br"a\.b.c"] {
            for edns in [true, false] {
                let wire = Wire::parse(name).expect("a name");
                let sent = Message::from_vec(packet(name, 0x5a5a).seal(513, edns)).expect("a message");
                assert_eq!((sent.metadata.id, sent.metadata.message_type, sent.metadata.op_code), (513, MessageType::Query, OpCode::Query));
                assert!(sent.metadata.recursion_desired && sent.edns.is_some() == edns);
                assert_eq!(sent.queries.len(), 1);
                assert_eq!(sent.queries[0].query_type(), RecordType::A);
                let labels: Vec<Vec<u8>> = wire.labels().map(<[u8]>::to_ascii_lowercase).collect();
                assert_eq!(sent.queries[0].name().iter().map(<[u8]>::to_ascii_lowercase).collect::<Vec<_>>(), labels);
            }
        }
    }

    #[test]
    fn letters_are_cased_by_the_bits_and_nothing_else_changes() {
        assert_eq!(packet(b"ab1.cd", 0b0101).name().bytes(), b"\x03Ab1\x02Cd\0");
        assert_eq!(packet(b"AB1.CD", 0).name().bytes(), b"\x03ab1\x02cd\0");
        assert_eq!(packet("AÉ".as_bytes(), u64::MAX).name().bytes(), "\x03AÉ\0".as_bytes());
    }

    #[test]
    fn replies_are_told_apart() {
        let mut ours = packet(b"a.test", 0b1);
        let honest = reply(&mut ours, |m| m.metadata.response_code = ResponseCode::NXDomain);
        assert!(matches!(ours.read(&honest, true), Heard::NoName));
        let other = reply(&mut packet(b"b.test", 0b1), |_| ());
        assert!(matches!(ours.read(&other, true), Heard::NotOurs));
        let lower = reply(&mut packet(b"a.test", 0), |_| ());
        assert!(matches!(ours.read(&lower, true), Heard::OtherCase));
        assert!(matches!(ours.read(&lower, false), Heard::Answer(_)));
        let mut aaaa = packet(b"a.test", 0b1);
        aaaa.retype(RecordType::AAAA);
        assert!(matches!(ours.read(&reply(&mut aaaa, |_| ()), false), Heard::NotOurs));
        let cut = reply(&mut ours, |m| m.metadata.truncation = true);
        assert!(matches!(ours.read(&cut, true), Heard::Truncated));
        let sent = ours.seal(7, true).to_vec();
        assert!(matches!(ours.read(&sent, true), Heard::NotOurs), "a question is no reply");
        assert!(matches!(ours.read(b"\0\x07\x80", true), Heard::NotOurs));
        let mut bare = [0, 7, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(ours.read(&bare, true), Heard::Refusal(ResponseCode::Refused)));
        bare[3] = 3;
        assert!(matches!(ours.read(&bare, true), Heard::Malformed), "NXDOMAIN of what?");
    }

    #[test]
    fn compression_that_never_ends_is_malformed_and_quick() {
        let mut ours = packet(b"a.test", 0);
        let answer = |m: &mut Message| {
            let soa = SOA::new(Name::root(), Name::root(), 1, 1, 1, 1, 1);
            m.add_answer(Record::from_rdata(Name::from_ascii("a.test.").expect("a name"), 1, RData::A(A(Ipv4Addr::LOCALHOST))));
            m.add_authority(Record::from_rdata(Name::from_ascii("x.test.").expect("a name"), 1, RData::SOA(soa)));
        };
        let good = reply(&mut ours, answer);
        assert!(matches!(ours.read(&good, true), Heard::Answer(_)));
        let question = ours.end;
        let started = Instant::now();
        for target in [question, question + 1, 0x3fff] {
            let mut bad = good.clone();
            // The owner of the answer becomes a pointer to itself, into itself, past the end.
            let pointer = u16::try_from(0xc000 | target).expect("14 bits").to_be_bytes();
            bad.splice(question..question + 2, pointer);
            assert!(matches!(ours.read(&bad, true), Heard::Malformed), "{target}");
        }
        let mut pointers = good[..question].to_vec();
        pointers[6..8].copy_from_slice(&[0xff, 0xff]);
        for n in 0..30_000_u16 {
            pointers.extend((0xc000 | (u16::try_from(question).expect("short") + 2 * n).saturating_sub(2).min(0x3fff)).to_be_bytes());
        }
        assert!(matches!(ours.read(&pointers, true), Heard::Malformed));
        assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn no_cut_or_bent_reply_makes_it_panic(cut in 0..200_usize, at in 0..200_usize, byte: u8) {
            let mut ours = packet(b"a.test", 0b11);
            let mut bytes = reply(&mut ours, |m| {
                for n in 0..4 {
                    m.add_answer(Record::from_rdata(Name::from_ascii("a.test.").expect("a name"), 1, RData::A(A(Ipv4Addr::from(n)))));
                }
            });
            if let Some(b) = bytes.get_mut(at) {
                *b = byte;
            }
            bytes.truncate(cut);
            let _ = ours.read(&bytes, true);
        }
    }

    #[test]
    fn the_echo_holds_against_a_reply_that_asks_twice() {
        let mut ours = packet(b"a.test", 0);
        let twice = reply(&mut ours, |m| {
            m.add_query(Query::query(Name::from_ascii("a.test.").expect("a name"), RecordType::A));
        });
        assert!(matches!(ours.read(&twice, true), Heard::Malformed));
    }
}
