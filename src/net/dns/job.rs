//! The questions under way in a bulk look-up, in a slab of fixed size: names wait outside until one is free.

use crate::net::dns::packet::Packet;
use crate::net::dns::upstream::Sent;
use std::borrow::Cow;

/// Times one question is sent at most: one line in ten that loses a tenth of its packets each way still leaves none of half a million unknown.
pub(crate) const TRIES: usize = 10;
/// Questions under way at most, some 600 bytes each.
pub(crate) const MAX_JOBS: usize = 8_192;
const NOT_ASKED: Cow<'static, str> = Cow::Borrowed("no resolver answers");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The slot is free.
    Over,
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
    /// A reply came that was its own but for the case of its letters.
    pub(crate) other_case: bool,
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
    fn new() -> Self {
        Self {
            index: 0,
            packet: Packet::default(),
            second: false,
            state: State::Over,
            turn: 0,
            sent: [Sent::default(); TRIES],
            tries: 0,
            other_case: false,
            bad: 0,
            failed: 0,
            waited_us: 0,
            wait_us: 0,
            why: NOT_ASKED,
        }
    }
    /// A slot used again keeps its turn: nothing old is taken for the present job.
    fn begin(&mut self, index: usize) {
        (self.index, self.why) = (index, NOT_ASKED);
        self.start_over(false);
    }
    /// As if it had never been sent.
    pub(crate) fn start_over(&mut self, second: bool) {
        (self.second, self.tries, self.bad, self.failed, self.waited_us, self.wait_us) = (second, 0, 0, 0, 0, 0);
        self.other_case = false;
        self.becomes(State::Ready);
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

/// Jobs by slot. A slot is made once and used again in place: a job is too large to be moved about for every name.
#[derive(Default)]
pub(crate) struct Jobs {
    slots: Vec<Job>,
    free: Vec<u16>,
}

impl Jobs {
    pub(crate) fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }
    pub(crate) fn is_full(&self) -> bool {
        self.live() >= MAX_JOBS
    }
    /// A job to be sent, whose packet is still to be filled. Call only while not full.
    pub(crate) fn begin(&mut self, index: usize) -> (u16, &mut Job) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Job::new());
            u16::try_from(self.slots.len() - 1).expect("no more jobs than MAX_JOBS")
        });
        let job = &mut self.slots[usize::from(slot)];
        job.begin(index);
        (slot, job)
    }
    pub(crate) fn get(&mut self, slot: u16) -> Option<&mut Job> {
        self.slots.get_mut(usize::from(slot)).filter(|job| job.state != State::Over)
    }
    /// The job, if it is still in the state in which its turn was noted.
    pub(crate) fn at(&mut self, slot: u16, turn: u32) -> Option<&mut Job> {
        self.get(slot).filter(|job| job.turn == turn)
    }
    /// Its slot is free again. Out: which name it was.
    pub(crate) fn end(&mut self, slot: u16) -> Option<usize> {
        let job = self.get(slot)?;
        job.becomes(State::Over);
        let index = job.index;
        self.free.push(slot);
        Some(index)
    }
    /// All that are left, whatever their state.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Job> {
        std::mem::take(self).slots.into_iter().filter(|job| job.state != State::Over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_used_again_does_not_answer_to_its_old_turn() {
        let mut jobs = Jobs::default();
        let (slot, job) = jobs.begin(1);
        let turn = job.turn;
        job.becomes(State::Flying);
        let flying = job.turn;
        assert!(jobs.at(slot, turn).is_none() && jobs.at(slot, flying).is_some());
        assert_eq!((jobs.end(slot), jobs.end(slot), jobs.live()), (Some(1), None, 0));
        assert!(jobs.get(slot).is_none());
        assert_eq!((jobs.begin(2).0, jobs.live()), (slot, 1));
        assert!(jobs.at(slot, turn).is_none() && jobs.at(slot, flying).is_none());
    }

    #[test]
    fn the_slab_has_a_cap() {
        let mut jobs = Jobs::default();
        while !jobs.is_full() {
            jobs.begin(0);
        }
        assert_eq!((jobs.live(), jobs.drain().count(), jobs.live()), (MAX_JOBS, MAX_JOBS, 0));
        assert!(size_of::<Job>() <= 640, "{}", size_of::<Job>());
    }
}
