//! What a sweep hears: each datagram to its question, and what becomes of the question then.

use crate::net::dns::job::{State, TRIES};
use crate::net::dns::packet::Heard;
use crate::net::dns::sweep::{Found, MAX_BAD, PATIENCE_US, REST_US, Sweep, Want, found};
use crate::net::dns::upstream::would_block;
use crate::net::dns::wire::rcode;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::borrow::Cow;

/// Datagrams heard in one turn of one socket: a flood does not keep us from the rest.
const MAX_HEARD: usize = 2_048;

impl<N: AsRef<[u8]>, I: Iterator<Item = N>, F: FnMut(usize, Found)> Sweep<'_, I, F> {
    pub(super) fn hear(&mut self) {
        let mut datagram = std::mem::take(&mut self.datagram);
        for u in 0..self.upstreams.len() {
            for line in 0..self.upstreams[u].lines() {
                for _ in 0..MAX_HEARD {
                    match self.upstreams[u].receive(line, &mut datagram) {
                        Ok(length) => {
                            self.heard += 1;
                            self.take(u, line, &datagram[..length]);
                        }
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
}
