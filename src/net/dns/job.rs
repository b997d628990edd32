//! The questions under way in a bulk look-up, in a slab of fixed size: names wait outside until one is free.

use crate::net::dns::packet::Packet;
use crate::net::dns::upstream::Sent;
use std::borrow::Cow;

/// Times one question is sent at most: one line in ten that loses a tenth of its packets each way still leaves none of half a million unknown.
pub(crate) const TRIES: usize = 10;
/// Questions under way at most, some 600 bytes each.
pub(crate) const MAX_JOBS: usize = 8_192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Sent; `due_us` says until when it is waited for.
    Flying,
    /// To be sent.
    Ready,
    /// To be sent after a rest.
    Resting,
    /// Truncated, or an alias that the resolver did not follow: asked on its own.
    Alone,
}

pub(crate) struct Job {
    /// Which name.
    pub(crate) index: usize,
    pub(crate) packet: Packet,
    /// Asked for AAAA, as A gave nothing.
    pub(crate) second: bool,
    pub(crate) state: State,
    /// Changes with every state: what the wheel or the queue holds of an older one is void.
    pub(crate) turn: u32,
    pub(crate) sent: [Sent; TRIES],
    pub(crate) tries: usize,
    /// Replies that were errors.
    pub(crate) bad: u8,
    /// Resolvers that gave no usable reply, one bit each.
    pub(crate) failed: u64,
    /// What all its tries waited, and what the present one does.
    pub(crate) waited_us: u64,
    pub(crate) wait_us: u64,
    /// What went wrong at the last try.
    pub(crate) why: Cow<'static, str>,
}

impl Job {
    pub(crate) fn new(index: usize, packet: Packet) -> Self {
        Self {
            index,
            packet,
            second: false,
            state: State::Ready,
            turn: 0,
            sent: [Sent::default(); TRIES],
            tries: 0,
            bad: 0,
            failed: 0,
            waited_us: 0,
            wait_us: 0,
            why: Cow::Borrowed("no resolver answers"),
        }
    }
    pub(crate) fn becomes(&mut self, state: State) {
        self.state = state;
        self.turn = self.turn.wrapping_add(1);
    }
    /// Which try a reply belongs to.
    pub(crate) fn try_of(&self, server: u8, line: u8, id: u16) -> Option<usize> {
        self.sent[..self.tries].iter().rposition(|s| s.open && (s.server, s.line, s.id) == (server, line, id))
    }
    /// Whether the try is the one that is waited for.
    pub(crate) fn is_present(&self, attempt: usize) -> bool {
        self.state == State::Flying && attempt + 1 == self.tries
    }
}

/// Jobs by slot.
pub(crate) struct Jobs {
    slots: Vec<Option<Job>>,
    free: Vec<u16>,
    /// Survives the jobs of a slot, so that nothing old is taken for the present one.
    turns: Vec<u32>,
}

impl Jobs {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), turns: Vec::new() }
    }
    pub(crate) fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }
    pub(crate) fn is_full(&self) -> bool {
        self.live() >= MAX_JOBS
    }
    /// Call only while not full.
    pub(crate) fn put(&mut self, mut job: Job) -> u16 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.turns.push(0);
            u16::try_from(self.slots.len() - 1).expect("no more jobs than MAX_JOBS")
        });
        job.turn = self.turns[usize::from(slot)].wrapping_add(1);
        self.slots[usize::from(slot)] = Some(job);
        slot
    }
    pub(crate) fn get(&mut self, slot: u16) -> Option<&mut Job> {
        self.slots.get_mut(usize::from(slot))?.as_mut()
    }
    /// The job, if it is still in the state in which its turn was noted.
    pub(crate) fn at(&mut self, slot: u16, turn: u32) -> Option<&mut Job> {
        self.get(slot).filter(|job| job.turn == turn)
    }
    pub(crate) fn take(&mut self, slot: u16) -> Option<Job> {
        let job = self.slots.get_mut(usize::from(slot))?.take()?;
        self.turns[usize::from(slot)] = job.turn;
        self.free.push(slot);
        Some(job)
    }
    /// All that are left, whatever their state.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Job> {
        let jobs = std::mem::take(self);
        jobs.slots.into_iter().flatten()
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::dns::name::Wire;
    use hickory_proto::rr::RecordType;

    fn job(index: usize) -> Job {
        Job::new(index, Packet::new(&Wire::parse(b"a.test").expect("a name"), RecordType::A, 0))
    }

    #[test]
    fn a_slot_used_again_does_not_answer_to_its_old_turn() {
        let mut jobs = Jobs::new();
        let slot = jobs.put(job(1));
        let turn = jobs.get(slot).expect("there").turn;
        assert!(jobs.at(slot, turn).is_some());
        jobs.get(slot).expect("there").becomes(State::Flying);
        assert!(jobs.at(slot, turn).is_none());
        let flying = jobs.get(slot).expect("there").turn;
        assert_eq!(jobs.take(slot).map(|j| j.index), Some(1));
        assert_eq!((jobs.put(job(2)), jobs.live()), (slot, 1));
        assert!(jobs.at(slot, turn).is_none() && jobs.at(slot, flying).is_none());
    }

    #[test]
    fn the_slab_has_a_cap() {
        let mut jobs = Jobs::new();
        while !jobs.is_full() {
            jobs.put(job(0));
        }
        assert_eq!((jobs.live(), jobs.drain().count(), jobs.live()), (MAX_JOBS, MAX_JOBS, 0));
        assert!(size_of::<Job>() <= 640, "{}", size_of::<Job>());
    }
}
