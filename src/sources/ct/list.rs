//! The log list, v3 (the form of Chrome's and Apple's lists): which logs there are, of which kind, with which key, for which certificates.
//! In: its JSON. Out: the logs worth reading now, and how old the list is. An entry that cannot be read never spoils the others.

use crate::model::time::Timestamp;
use crate::sources::ct::key::Key;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::Url;

/// Certificates are valid for at most so long: shards that end before, or begin after, are not filled now.
const LONGEST_VALIDITY_MS: i64 = 398 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600_000;
/// An older list misses new shards.
const OLD_DAYS: i64 = 60;

/// How a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Api {
    /// Tiles (c2sp.org/static-ct-api).
    Static,
    /// get-entries (RFC 6962).
    Rfc6962,
}

/// One log, as much of it as reading it takes. Kept in the cursor too, so that a list that cannot be had stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Log {
    /// As the list calls it.
    pub(super) name: String,
    /// How it is read.
    pub(super) api: Api,
    /// Where, with a slash at the end.
    pub(super) url: String,
    /// What it calls itself in a checkpoint: the submission URL without scheme and last slash. Empty for RFC 6962.
    #[serde(default)]
    pub(super) origin: String,
    /// SPKI, base64.
    pub(super) key: String,
}

impl Log {
    /// Its key; checked when the list was read.
    pub(super) fn public_key(&self) -> Option<Key> {
        Key::read(&STANDARD.decode(&self.key).ok()?)
    }
}

/// What a list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Logs to read now, by id (base64).
    pub(super) logs: Vec<(String, Log)>,
    /// Why it should be renewed. `None`: it is young enough.
    pub(super) old: Option<String>,
    /// Entries that could not be read.
    pub(super) broken: Vec<String>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    log_list_timestamp: String,
    operators: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    #[serde(default)]
    name: String,
    #[serde(default)]
    logs: Vec<serde_json::Value>,
    #[serde(default)]
    tiled_logs: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    description: String,
    log_id: String,
    key: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    submission_url: String,
    #[serde(default)]
    monitoring_url: String,
    #[serde(default)]
    state: serde_json::Map<String, serde_json::Value>,
    temporal_interval: Option<Interval>,
}

#[derive(Deserialize)]
struct Interval {
    start_inclusive: String,
    end_exclusive: String,
}

/// Reads a list and picks: logs in use whose certificates may be issued now, and of these the `wanted` (parts of names, operators or
/// URLs, any case; none: all).
///
/// # Errors
/// It is no log list.
pub(super) fn read(text: &[u8], wanted: &[String], now: Timestamp) -> Result<Listed, String> {
    let list: List = serde_json::from_slice(text).map_err(|_| match text.trim_ascii().first() {
        Some(b'<') => "HTML, not a log list".to_owned(),
        _ => "not a log list (v3 JSON with `operators`)".to_owned(),
    })?;
    let mut listed = Listed { old: age(&list.log_list_timestamp, now), ..Listed::default() };
    for operator in &list.operators {
        for (entries, api) in [(&operator.logs, Api::Rfc6962), (&operator.tiled_logs, Api::Static)] {
            for value in entries {
                match entry(value, api) {
                    Ok((id, log, entry)) => {
                        if in_use(&entry) && in_season(&entry, now) && is_wanted(&log, &operator.name, wanted) {
                            listed.logs.push((id, log));
                        }
                    }
                    Err(why) => listed.broken.push(why),
                }
            }
        }
    }
    Ok(listed)
}

fn age(stamp: &str, now: Timestamp) -> Option<String> {
    let Some(at) = Timestamp::parse(stamp) else { return Some("the log list does not say when it was made".into()) };
    let days = (now.millis() - at.millis()) / DAY_MS;
    (days > OLD_DAYS).then(|| format!("the log list is {days} days old: new logs are missing from it; fetch a newer one"))
}

fn entry(value: &serde_json::Value, api: Api) -> Result<(String, Log, Entry), String> {
    let entry: Entry = serde_json::from_value(value.clone()).map_err(|e| format!("a log of the list cannot be read: {e}"))?;
    let name: String = entry.description.chars().filter(|c| !c.is_control()).take(100).collect();
    let bad = |why: &str| format!("log `{name}` of the list: {why}");
    let key = STANDARD.decode(&entry.key).ok().and_then(|k| Key::read(&k)).ok_or_else(|| bad("its key is of no known kind"))?;
    if STANDARD.decode(&entry.log_id).ok().as_deref() != Some(&key.id[..]) {
        return Err(bad("its id is not the hash of its key"));
    }
    let text = if api == Api::Static { &entry.monitoring_url } else { &entry.url };
    let url = Url::parse(text).ok().filter(|u| matches!(u.scheme(), "http" | "https")).ok_or_else(|| bad("its URL is none"))?;
    let url = if url.as_str().ends_with('/') { url.to_string() } else { format!("{url}/") };
    let origin = entry.submission_url.split_once("://").map_or("", |(_, rest)| rest).trim_end_matches('/').to_owned();
    if api == Api::Static && origin.is_empty() {
        return Err(bad("it has no submission_url"));
    }
    let log = Log { name, api, url, origin, key: entry.key.clone() };
    Ok((entry.log_id.clone(), log, entry))
}

/// Without a state a log is only proposed. Read-only logs are read to their end.
fn in_use(entry: &Entry) -> bool {
    ["qualified", "usable", "readonly"].iter().any(|s| entry.state.contains_key(*s))
}

fn in_season(entry: &Entry, now: Timestamp) -> bool {
    let Some(interval) = &entry.temporal_interval else { return true };
    let (begin, end) = (Timestamp::parse(&interval.start_inclusive), Timestamp::parse(&interval.end_exclusive));
    let last = now.plus_millis(LONGEST_VALIDITY_MS);
    end.is_none_or(|end| end > now) && begin.is_none_or(|begin| begin < last)
}

fn is_wanted(log: &Log, operator: &str, wanted: &[String]) -> bool {
    let texts = [log.name.to_lowercase(), operator.to_lowercase(), log.url.to_lowercase()];
    wanted.is_empty() || wanted.iter().map(|w| w.to_lowercase()).any(|w| texts.iter().any(|t| t.contains(&w)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPIcer7RB32jt4bTEbhgUKLKvOctFD+I2hoDItFxUBlJiGFvftBuRk3fO7e1T7gC2ekyfL7XoO2oN/ObcZyc4EA==";
    const ID: &str = "CKIDXIl+znJaHUyhzhNVaSxIUov59RCXLh3fJXJExnk=";

    fn log(name: &str, state: &str, interval: &str) -> String {
        format!(
            "{{\"description\":\"{name}\",\"log_id\":\"{ID}\",\"key\":\"{KEY}\",\"submission_url\":\"https://sub.example/2027/\",\
             \"monitoring_url\":\"https://mon.example/2027\",\"mmd\":60,\"state\":{{{state}}}{interval}}}"
        )
    }

    #[test]
    fn the_logs_that_are_filled_now_are_picked_and_a_bad_entry_fails_alone() {
        let until = |from: &str, to: &str| {
            format!(",\"temporal_interval\":{{\"start_inclusive\":\"{from}T00:00:00Z\",\"end_exclusive\":\"{to}T00:00:00Z\"}}")
        };
        let usable = "\"usable\":{\"timestamp\":\"2026-01-01T00:00:00Z\"}";
        let logs = [
            log("Now 2027h1", usable, &until("2027-01-01", "2027-07-01")),
            log("Past 2026h1", usable, &until("2026-01-01", "2026-07-01")),
            log("Far 2028h1", usable, &until("2028-01-01", "2028-07-01")),
            log("Retired", "\"retired\":{}", ""),
            log("No state", "", ""),
            log("Read-only", "\"readonly\":{}", ""),
            "{\"description\":\"x\"}".into(),
            log("Wrong id", usable, "").replace(ID, "AAAA"),
        ];
        let text = format!(
            "{{\"log_list_timestamp\":\"2026-09-01T00:00:00Z\",\"operators\":[{{\"name\":\"Op\",\"tiled_logs\":[{}],\"logs\":[5]}}]}}",
            logs.join(",")
        );
        let now = Timestamp::parse("2026-11-24T00:00:00Z").expect("a time");
        let listed = read(text.as_bytes(), &[], now).expect("a list");
        assert_eq!(listed.logs.iter().map(|(_, l)| l.name.as_str()).collect::<Vec<_>>(), ["Now 2027h1", "Read-only"]);
        let first = &listed.logs[0].1;
        assert_eq!((first.url.as_str(), first.origin.as_str(), first.api), ("https://mon.example/2027/", "sub.example/2027", Api::Static));
        assert_eq!(listed.broken.len(), 3, "{:?}", listed.broken);
        assert!(listed.old.expect("84 days").contains("84 days"));
        assert_eq!(read(text.as_bytes(), &["READ".into()], now).expect("a list").logs.len(), 1);
        assert_eq!(read(text.as_bytes(), &["op".into()], now).expect("a list").logs.len(), 2);
        assert!(read(b"<html>", &[], now).expect_err("no list").contains("HTML"));
    }
}
