//! Turns: which hosts are worked on at once. Each step is a task of its own, so that a page which takes long to read does not use up the time limits of
//! the others. A host whose steps began and did not end, because the process did, is suspected of having taken it down: it is worked on after all
//! others, with nothing beside it, so that neither does it take others with it nor is it blamed for what another did.

use crate::model::host::Host;
use crate::records::Due;
use std::collections::{HashMap, VecDeque};
use tokio::task::{Id, JoinError, JoinSet};

/// Hosts worked on at once. Bounds memory: each visit holds at most a few bodies of `max_body_bytes`.
const AT_ONCE: usize = 8;
/// Visits of one host that may begin beside others without one that ends.
const SHARED_STARTS: u32 = 3;
/// Visits of one host that may begin without one that ends: a page that takes the process down must not do so for ever.
pub(super) const MAX_STARTS: u32 = 6;

/// Steps under way, and those that wait for their turn.
pub(super) struct Turns<T> {
    waiting: VecDeque<Due>,
    /// With their starts so far.
    suspects: Vec<(u32, Due)>,
    /// Host, and whether it is visited.
    busy: HashMap<Id, (Host, bool)>,
    running: JoinSet<T>,
    /// A suspect is under way.
    alone: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), suspects: Vec::new(), busy: HashMap::new(), running: JoinSet::new(), alone: false }
    }
}

impl<T: Send + 'static> Turns<T> {
    /// Nothing waits, and there is room.
    pub(super) fn wants_more(&self) -> bool {
        self.waiting.is_empty() && self.running.len() < AT_ONCE && !self.alone
    }

    /// Takes in what is due, without what is under way. `starts`: how often a host's step began since one ended.
    pub(super) fn queue<E>(&mut self, due: Vec<Due>, starts: impl Fn(&Host) -> Result<u32, E>) -> Result<(), E> {
        self.suspects.clear();
        for due in due {
            let host = due.host();
            if self.busy.values().any(|(b, _)| b == host) {
                continue;
            }
            match &due {
                Due::Visit(..) => match starts(host)? {
                    n if n >= SHARED_STARTS => self.suspects.push((n, due)),
                    _ => self.waiting.push_back(due),
                },
                Due::Resolve(_) => self.waiting.push_back(due),
            }
        }
        // The least suspected is taken first, from the end.
        self.suspects.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        Ok(())
    }

    /// What may begin now.
    pub(super) fn next(&mut self) -> Option<Due> {
        if self.alone || self.running.len() >= AT_ONCE {
            return None;
        }
        if let Some(due) = self.waiting.pop_front() {
            return Some(due);
        }
        if !self.running.is_empty() {
            return None;
        }
        let (_, due) = self.suspects.pop()?;
        self.alone = true;
        Some(due)
    }

    /// Begins a step.
    pub(super) fn begin<F: Future<Output = T> + Send + 'static>(&mut self, due: Due, step: impl FnOnce(Due) -> F) {
        let about = (due.host().clone(), matches!(due, Due::Visit(..)));
        let task = self.running.spawn(step(due));
        self.busy.insert(task.id(), about);
    }

    /// The next step that ends, with its host; why, where it broke off. `None`: nothing is under way.
    pub(super) async fn ended(&mut self) -> Option<(Host, Result<T, JoinError>)> {
        let ended = self.running.join_next_with_id().await?;
        let (id, result) = match ended {
            Ok((id, value)) => (id, Ok(value)),
            Err(e) => (e.id(), Err(e)),
        };
        self.alone = false;
        self.busy.remove(&id).map(|(host, _)| (host, result))
    }

    /// Steps under way and waiting.
    pub(super) fn left(&self) -> u64 {
        (self.waiting.len() + self.suspects.len() + self.running.len()) as u64
    }

    /// Nothing more begins.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.suspects.clear();
    }

    /// Drops what is under way; the hosts whose visits that cut off.
    pub(super) async fn give_up(&mut self) -> Vec<Host> {
        self.running.shutdown().await;
        self.busy.drain().filter(|(_, (_, visit))| *visit).map(|(_, (host, _))| host).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::candidate::Candidate;
    use crate::model::time::Timestamp;
    use std::convert::Infallible;

    fn due(name: &str) -> Due {
        let host = Host::parse(name).expect("a host");
        let at = Timestamp::from_millis(0);
        let url = format!("http://{name}/");
        Due::Visit(
            Candidate { url, host, site: String::new(), reasons: Vec::new(), sightings: Vec::new(), first_seen: at, last_seen: at },
            None,
        )
    }

    async fn order(names: &[(&str, u32)]) -> Vec<Vec<String>> {
        let mut turns = Turns::<()>::default();
        let starts = |host: &Host| Ok::<_, Infallible>(names.iter().find(|(n, _)| *n == host.as_str()).map_or(0, |(_, s)| *s));
        turns.queue(names.iter().map(|(n, _)| due(n)).collect(), starts).expect("never fails");
        let mut rounds = Vec::new();
        loop {
            let mut round = Vec::new();
            while let Some(due) = turns.next() {
                round.push(due.host().to_string());
                turns.begin(due, |_| std::future::ready(()));
            }
            rounds.push(round);
            while turns.running.len() > 1 {
                turns.ended().await;
                assert!(turns.suspects.is_empty() || !turns.alone);
            }
            if turns.ended().await.is_none() {
                rounds.pop();
                return rounds;
            }
        }
    }

    #[tokio::test]
    async fn a_suspect_has_its_turn_after_all_others_and_alone() {
        let rounds = order(&[("bad.top", 5), ("a.top", 0), ("worse.top", 6), ("b.top", 2), ("odd.top", 3)]).await;
        assert_eq!(rounds, vec![vec!["a.top", "b.top"], vec!["odd.top"], vec!["bad.top"], vec!["worse.top"]]);
    }

    #[tokio::test]
    async fn a_step_that_panics_ends_alone_and_one_given_up_is_named() {
        let mut turns = Turns::<()>::default();
        turns.begin(due("panic.top"), |_| async { panic!("on purpose") });
        let (host, why) = turns.ended().await.expect("it ended");
        assert_eq!((host.as_str(), why.is_err_and(|e| e.is_panic())), ("panic.top", true));
        turns.begin(due("slow.top"), |_| std::future::pending());
        let given_up = turns.give_up().await;
        assert_eq!(given_up.iter().map(Host::as_str).collect::<Vec<_>>(), vec!["slow.top"]);
        assert!(turns.ended().await.is_none());
    }
}
