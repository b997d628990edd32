//! Answers remembered for a moment, so that resolve, the visit and its hops do not ask the same thing four times.
//! Never longer than the answer's own TTL, never longer than half a minute, and only answers that gave records.

use crate::net::dns::wire::Answer;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Answers kept at most.
const MAX_ANSWERS: usize = 4_096;
/// Seconds an answer is kept at most: a deceiver's DNS changes, and evidence wants the answer of now.
const MAX_AGE_S: u32 = 30;

/// Name in lower case, and type.
pub(crate) type Key = (String, String);

#[derive(Default)]
pub(crate) struct Cache {
    answers: Mutex<HashMap<Key, (Instant, Answer)>>,
}

impl Cache {
    pub(crate) fn get(&self, key: &Key, now: Instant) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(key).filter(|(until, _)| *until > now).map(|(_, answer)| answer.clone())
    }
    pub(crate) fn put(&self, key: Key, answer: &Answer, now: Instant) {
        let Some(ttl) = answer.records.iter().map(|r| r.ttl).min() else { return };
        if answer.rcode != "NOERROR" || ttl == 0 {
            return;
        }
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MAX_ANSWERS {
            answers.retain(|_, (until, _)| *until > now);
        }
        if answers.len() < MAX_ANSWERS {
            answers.insert(key, (now + Duration::from_secs(u64::from(ttl.min(MAX_AGE_S))), answer.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resolution::DnsRecord;

    fn answer(rcode: &str, ttls: &[u32]) -> Answer {
        let record = |ttl| DnsRecord { name: "a.com".into(), rrtype: "A".into(), ttl, data: "8.8.8.8".into() };
        Answer { rcode: rcode.into(), records: ttls.iter().map(|ttl| record(*ttl)).collect(), addresses: Vec::new() }
    }
    fn kept_seconds(answer: &Answer) -> u64 {
        let (cache, now, key) = (Cache::default(), Instant::now(), ("a.com".to_owned(), "A".to_owned()));
        cache.put(key.clone(), answer, now);
        (0..100).find(|s| cache.get(&key, now + Duration::from_secs(*s)).is_none()).expect("it is forgotten")
    }

    #[test]
    fn an_answer_is_kept_for_its_shortest_ttl_and_half_a_minute_at_most() {
        assert_eq!(kept_seconds(&answer("NOERROR", &[300, 7])), 7);
        assert_eq!(kept_seconds(&answer("NOERROR", &[86_400])), 30);
        assert_eq!(kept_seconds(&answer("NOERROR", &[60, 0])), 0);
        assert_eq!(kept_seconds(&answer("NOERROR", &[])), 0);
        assert_eq!(kept_seconds(&answer("NXDOMAIN", &[60])), 0);
    }

    #[test]
    fn the_cache_does_not_grow_past_its_cap() {
        let (cache, now) = (Cache::default(), Instant::now());
        for n in 0..3 * MAX_ANSWERS {
            cache.put((n.to_string(), "A".into()), &answer("NOERROR", &[60]), now);
        }
        assert_eq!(cache.answers.lock().expect("no thread panicked").len(), MAX_ANSWERS);
    }
}
