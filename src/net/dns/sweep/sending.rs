//! What a sweep sends: which question goes to which resolver next, and what is noted of it.

use crate::net::dns::job::State;
use crate::net::dns::name::Wire;
use crate::net::dns::sweep::{Found, MOST_WAIT_US, REST_US, Sweep, Want};
use crate::net::dns::upstream::Sending;
use hickory_proto::rr::RecordType;

/// Questions looked through for one that this resolver has not failed to answer.
const LOOK_AHEAD: usize = 64;
/// Names that cannot be asked, refused in one turn.
const MAX_REFUSED: usize = 4_096;

impl<N: AsRef<[u8]>, I: Iterator<Item = N>, F: FnMut(usize, Found)> Sweep<'_, I, F> {
    pub(super) fn send(&mut self) {
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
}
