//! The meter: how much one service may be asked, by host and by source, a second and a (Beijing) day; and how long it asked to be left alone.
//! In: who asks which host. Out: a wait, or a refusal that says until when. Daily counts are handed to whoever keeps them before the request
//! goes out, so that a restart never asks more than was allowed.

use crate::model::host::Host;
use crate::model::time::Timestamp;
use crate::net::FetchError;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest `Retry-After` that is believed, in milliseconds: one day.
const LONGEST_MS: i64 = 86_400_000;
/// After a 429 that does not say how long, in milliseconds.
const UNSAID_MS: i64 = 60_000;
/// Hosts that asked to be left alone; beyond this many the stale ones are swept out.
const SWEEP_AT: usize = 1_024;

/// One limit of `[net] limits`: for a host (and everything below it), a source, or both.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// The host that is asked, and every host below it. `None`: any.
    pub host: Option<String>,
    /// Settings id of the source that asks, which is to say: its key. `None`: any.
    pub source: Option<String>,
    /// Requests a second, fractions allowed (0.2: one every five seconds). `None`: as `per_host_interval_ms` says.
    pub per_s: Option<f64>,
    /// Requests a calendar day in Beijing. `None`: no bound.
    pub per_day: Option<u32>,
}

/// What was used of one daily limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Names the limit: `host=... source=...`.
    pub limit: String,
    /// Beijing day, `2026-11-24`.
    pub day: String,
    /// Requests on that day.
    pub used: u32,
}

/// Hears of every daily count before the request that it counts. Blocks until the count is kept.
pub type Keeper = Arc<dyn Fn(&Usage) + Send + Sync>;

/// Who asks, and the latest moment before which it was told not to ask again.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) name: String,
    later: Mutex<Option<Timestamp>>,
}

impl Account {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), later: Mutex::default() }
    }
    pub(crate) fn later(&self) -> Option<Timestamp> {
        *held(&self.later)
    }
    fn put_off(&self, until: Timestamp) {
        let mut later = held(&self.later);
        *later = (*later).max(Some(until));
    }
}

/// All limits and what was used of them.
pub(crate) struct Meter {
    limits: Vec<Limit>,
    state: Mutex<State>,
    keeper: Mutex<Option<Keeper>>,
}

#[derive(Default)]
struct State {
    used: HashMap<String, Usage>,
    next: HashMap<String, Instant>,
    closed: HashMap<String, Timestamp>,
}

impl Limit {
    /// What is wrong with it. `None`: nothing.
    pub(crate) fn fault(&self) -> Option<String> {
        let host_is_bad = self.host.as_ref().is_some_and(|h| Host::parse(h).is_err());
        match self {
            _ if host_is_bad => Some(format!("`{}` is no host", self.host.as_deref().unwrap_or_default())),
            Self { host: None, source: None, .. } => Some("a limit names a `host`, a `source`, or both".into()),
            Self { per_s: None, per_day: None, .. } => Some("a limit gives `per_s`, `per_day`, or both".into()),
            Self { per_s: Some(n), .. } if !(0.001..=1_000.0).contains(n) => Some(format!("per_s = {n}: give 0.001 to 1000")),
            _ => None,
        }
    }
    fn name(&self) -> String {
        let part = |key: &str, value: &Option<String>| value.as_ref().map(|v| format!("{key}={v}"));
        [part("host", &self.host), part("source", &self.source)].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
    fn is_for(&self, source: Option<&str>, host: &Host) -> bool {
        let below = |above: &str| host.as_str() == above || host.as_str().strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
        self.host.as_ref().is_none_or(|h| below(&h.to_ascii_lowercase())) && self.source.as_ref().is_none_or(|s| Some(s.as_str()) == source)
    }
}

impl Meter {
    pub(crate) fn new(limits: Vec<Limit>) -> Self {
        Self { limits, state: Mutex::default(), keeper: Mutex::default() }
    }
    /// Takes over what was used before this process began, and whom to tell from now on.
    pub(crate) fn restore(&self, used: Vec<Usage>, keeper: Keeper) {
        held(&self.state).used = used.into_iter().map(|u| (u.limit.clone(), u)).collect();
        *held(&self.keeper) = Some(keeper);
    }
    /// Waits for a turn and counts it; or refuses, with the moment before which there is no use in asking again.
    pub(crate) async fn admit(&self, account: Option<&Account>, host: &Host, now: Timestamp) -> Result<(), FetchError> {
        let booked = self.book(account.map(|a| a.name.as_str()), host, now, Instant::now());
        match booked {
            Ok((at, counted)) => {
                let keeper = held(&self.keeper).clone();
                if let Some(keep) = keeper {
                    counted.iter().for_each(|usage| keep(usage));
                }
                tokio::time::sleep_until(at).await;
                Ok(())
            }
            Err((until, why)) => {
                if let Some(account) = account {
                    account.put_off(until);
                }
                Err(FetchError::Later { until, why })
            }
        }
    }
    fn book(
        &self,
        source: Option<&str>,
        host: &Host,
        now: Timestamp,
        instant: Instant,
    ) -> Result<(Instant, Vec<Usage>), (Timestamp, String)> {
        let mut state = held(&self.state);
        if let Some(until) = state.closed.get(host.as_str()).copied().filter(|until| *until > now) {
            return Err((until, format!("{host} asked to be left alone")));
        }
        let mine: Vec<&Limit> = self.limits.iter().filter(|l| l.is_for(source, host)).collect();
        let day = now.beijing()[..10].to_owned();
        let mut counted = Vec::new();
        for limit in &mine {
            let Some(most) = limit.per_day else { continue };
            let name = limit.name();
            let used = state.used.get(&name).filter(|u| u.day == day).map_or(0, |u| u.used);
            if used >= most {
                return Err((midnight_after(now), format!("the daily limit of {most} for {name} is used up")));
            }
            counted.push(Usage { limit: name, day: day.clone(), used: used + 1 });
        }
        let mut at = instant;
        for limit in &mine {
            let Some(per_s) = limit.per_s else { continue };
            let turn = state.next.get(&limit.name()).copied().unwrap_or(instant).max(at);
            state.next.insert(limit.name(), turn + Duration::from_secs_f64(1.0 / per_s));
            at = turn;
        }
        for usage in &counted {
            state.used.insert(usage.limit.clone(), usage.clone());
        }
        Ok((at, counted))
    }
    /// Hears the status and `Retry-After` of an answer: 429 and 503 may close a host for a while.
    pub(crate) fn heard(&self, account: Option<&Account>, host: &Host, status: u16, retry_after: Option<&str>, now: Timestamp) {
        let said = retry_after.and_then(|text| wait_ms(text, now));
        let wait = match (status, said) {
            (429 | 503, Some(ms)) => ms.clamp(1_000, LONGEST_MS),
            (429, None) => UNSAID_MS,
            _ => return,
        };
        let until = now.plus_millis(wait);
        if let Some(account) = account {
            account.put_off(until);
        }
        let mut state = held(&self.state);
        if state.closed.len() >= SWEEP_AT {
            state.closed.retain(|_, until| *until > now);
        }
        state.closed.insert(host.as_str().to_owned(), until);
    }
}

/// `Retry-After` in its two forms (RFC 9110, 10.2.3): seconds, or an HTTP date. Milliseconds from now; never negative.
fn wait_ms(text: &str, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * 1_000);
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.timestamp_millis() - now.millis()).max(0))
}

/// The next midnight in Beijing.
fn midnight_after(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400_000;
    const EAST: i64 = 8 * 3_600_000;
    Timestamp::from_millis(((now.millis() + EAST).div_euclid(DAY) + 1) * DAY - EAST)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text).expect("a host")
    }
    fn noon() -> Timestamp {
        Timestamp::parse("2026-11-24T04:00:00Z").expect("a time")
    }
    fn meter(limits: &str) -> Meter {
        #[derive(Deserialize)]
        struct Written {
            limits: Vec<Limit>,
        }
        let written: Written = toml::from_str(limits).expect("test limits");
        assert!(written.limits.iter().all(|l| l.fault().is_none()));
        Meter::new(written.limits)
    }

    #[tokio::test]
    async fn a_daily_limit_counts_by_beijing_days_and_says_until_when() {
        let meter = meter("limits = [{ host = 'api.test', source = 'a', per_day = 2 }]");
        let account = Account::new("a");
        for _ in 0..2 {
            meter.admit(Some(&account), &host("x.api.test"), noon()).await.expect("within the limit");
        }
        let refused = meter.admit(Some(&account), &host("api.test"), noon()).await.expect_err("used up");
        let midnight = Timestamp::parse("2026-11-24T16:00:00Z").expect("a time");
        assert!(matches!(refused, FetchError::Later { until, .. } if until == midnight), "{refused}");
        assert_eq!(account.later(), Some(midnight));
        meter.admit(Some(&Account::new("b")), &host("api.test"), noon()).await.expect("another source's key");
        meter.admit(Some(&account), &host("notapi.test"), noon()).await.expect("another host");
        meter.admit(Some(&account), &host("api.test"), midnight).await.expect("a new day");
    }

    #[tokio::test]
    async fn a_count_is_kept_before_its_request_and_taken_over_by_the_next_process() {
        let limits = "limits = [{ source = 'a', per_day = 3 }]";
        let kept: Arc<Mutex<Vec<Usage>>> = Arc::default();
        let first = meter(limits);
        let into = kept.clone();
        first.restore(Vec::new(), Arc::new(move |u: &Usage| held(&into).push(u.clone())));
        let account = Account::new("a");
        first.admit(Some(&account), &host("api.test"), noon()).await.expect("first");
        first.admit(Some(&account), &host("api.test"), noon()).await.expect("second");
        let last = held(&kept).last().cloned().expect("told");
        assert_eq!(last.used, 2);
        let second = meter(limits);
        second.restore(vec![last], Arc::new(|_: &Usage| ()));
        second.admit(Some(&account), &host("api.test"), noon()).await.expect("third");
        assert!(second.admit(Some(&account), &host("api.test"), noon()).await.is_err(), "a restart gives nothing anew");
    }

    #[tokio::test]
    async fn a_host_that_asks_for_time_is_left_alone_until_then() {
        let meter = meter("limits = []");
        let account = Account::new("a");
        meter.heard(Some(&account), &host("api.test"), 429, Some("120"), noon());
        assert_eq!(account.later(), Some(noon().plus_millis(120_000)));
        assert!(meter.admit(None, &host("api.test"), noon().plus_millis(119_000)).await.is_err());
        assert!(meter.admit(None, &host("other.test"), noon()).await.is_ok());
        assert!(meter.admit(None, &host("api.test"), noon().plus_millis(120_000)).await.is_ok());
        for (status, said, closed_ms) in [
            (503, Some("Tue, 24 Nov 2026 04:05:00 GMT"), 300_000),
            (429, None, UNSAID_MS),
            (429, Some("99999999"), LONGEST_MS),
            (429, Some("soon"), UNSAID_MS),
            (503, None, 0),
            (200, Some("50"), 0),
        ] {
            let account = Account::new("x");
            meter.heard(Some(&account), &host("h.test"), status, said, noon());
            let until = account.later().map_or(0, |at| at.millis() - noon().millis());
            assert_eq!(until, closed_ms, "{status} {said:?}");
        }
    }

    #[test]
    fn turns_of_one_limit_are_spaced_and_others_do_not_wait() {
        let meter = meter("limits = [{ source = 'a', per_s = 0.5 }]");
        let now = Instant::now();
        let at = |source: &str| meter.book(Some(source), &host("api.test"), noon(), now).expect("admitted").0 - now;
        assert_eq!([at("a"), at("a"), at("a")].map(|d| d.as_secs()), [0, 2, 4]);
        assert_eq!(at("b").as_secs(), 0);
    }

    #[test]
    fn a_wrong_limit_says_what_is_wrong() {
        for (text, part) in [
            ("per_day = 3", "names a `host`"),
            ("source = 'a'", "gives `per_s`"),
            ("source = 'a'\nper_s = 0.0", "0.001"),
            ("host = 'a b'\nper_day = 1", "no host"),
        ] {
            let limit: Limit = toml::from_str(text).expect("parses");
            assert!(limit.fault().is_some_and(|f| f.contains(part)), "{text}: {:?}", limit.fault());
        }
    }
}
