//! Asks the registers: RDAP first (bootstrap list, then the registrar that it links to), WHOIS where there is none or it gives nothing.
//! Every answer is kept as it came. Whatever goes wrong is a partial answer that says so; there is no error.

use crate::model::host::Host;
use crate::model::registration::{AskOutcome, RawAnswer, Registration};
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::time::Timestamp;
use crate::net::{FetchError, FetchRequest, Fetched, Net};
use crate::resolve::lanes::Lanes;
use crate::resolve::networks::Networks;
use crate::resolve::settings::{Server, Settings};
use crate::resolve::{rdap, whois};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Cap of one answer in bytes.
const CAP: usize = RawAnswer::MAX_BYTES;
/// Cap of the bootstrap list in bytes.
const BOOTSTRAP_CAP: u64 = 4 << 20;
/// How long the bootstrap list serves, and how long a failed one is not asked for again, in milliseconds.
pub(super) const BOOTSTRAP_MS: [i64; 2] = [86_400_000, 600_000];
/// A server that cannot be reached is left alone this long, in milliseconds.
const DOWN_MS: u64 = 600_000;
/// Registrations remembered in this process.
const MAX_RECENT: usize = 10_000;
const DAY_MS: i64 = 86_400_000;

/// Asks, paces, remembers.
pub(crate) struct Register {
    pub(super) settings: Settings,
    pub(super) shipped: Vec<Server>,
    lanes: Lanes,
    bootstrap: Mutex<Option<Listed>>,
    recent: Mutex<HashMap<String, Registration>>,
    pub(super) networks: Networks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryFile {
    registry: Vec<Server>,
}

/// When the list was fetched, and the RDAP base of each suffix.
type Listed = (Timestamp, Arc<HashMap<String, String>>);

#[derive(Deserialize)]
struct Bootstrap {
    services: Vec<(Vec<String>, Vec<String>)>,
}

impl Register {
    /// With the shipped servers from `attribution/registries.toml`.
    ///
    /// # Errors
    /// [`RuleError`]: that file does not parse.
    pub(crate) fn new(settings: &Settings, files: &[RuleFile]) -> Result<Self, RuleError> {
        let file = files.iter().find(|f| f.path == "attribution/registries.toml");
        let shipped = file.map(RuleFile::parse::<RegistryFile>).transpose()?.map(|f| f.registry).unwrap_or_default();
        let settings = settings.clone();
        Ok(Self {
            settings,
            shipped,
            lanes: Lanes::default(),
            bootstrap: Mutex::default(),
            recent: Mutex::default(),
            networks: Networks::default(),
        })
    }
    /// What the registers say of a registrable name. `known`: an earlier answer, used while it is fresh.
    pub(crate) async fn ask(&self, name: &Host, known: Option<Registration>, net: &Net) -> Registration {
        let fresh = |r: &Registration| {
            let days = if r.registered.is_some() { i64::from(self.settings.cache_days) * DAY_MS } else { DAY_MS / 24 };
            r.at.is_some_and(|at| at.plus_millis(days) > net.now())
        };
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner).get(name.as_str()).cloned();
        if let Some(known) = recent.or(known).filter(fresh) {
            return known;
        }
        let found = self.ask_anew(name, net).await;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= MAX_RECENT {
            recent.clear();
        }
        recent.insert(name.as_str().to_owned(), found.clone());
        found
    }
    async fn ask_anew(&self, name: &Host, net: &Net) -> Registration {
        let (base, server) = self.servers(name, net).await;
        let mut found = Registration { domain: name.as_str().to_owned(), at: Some(net.now()), ..Registration::default() };
        if let Some(base) = base {
            let (facts, related) = self.rdap(&rdap_url(&base, name), name, net).await;
            found.fill_from(facts);
            if let Some(related) = related.filter(|r| host_of(r).is_some() && host_of(r) != host_of(&base)) {
                let (more, _) = self.rdap(&related, name, net).await;
                found.fill_from(more);
            }
        }
        if found.registered.is_some() {
            return found;
        }
        let Some(server) = server else {
            if found.raw.is_empty() {
                let why = "no register is known for this suffix".to_owned();
                found.raw.push(raw("whois", "", name.as_str(), net.now(), AskOutcome::Failed { why }, String::new()));
            }
            return found;
        };
        let (facts, referral) = self.whois(&server, name, net).await;
        found.fill_from(facts);
        let thin = found.registered != Some(true) || (found.registrant.is_none() && found.registrant_email.is_none());
        if let Some(more) = referral.filter(|r| thin && !server.starts_with(r.as_str())) {
            let (facts, _) = self.whois(&more, name, net).await;
            found.fill_from(facts);
        }
        found
    }
    /// RDAP base and WHOIS server for a name: the settings' first, then the bootstrap list, then the shipped ones. Longest suffix wins.
    async fn servers(&self, name: &Host, net: &Net) -> (Option<String>, Option<String>) {
        let own = best(&self.settings.server, name);
        let shipped = best(&self.shipped, name);
        if let Some(own) = own {
            return (own.rdap.clone(), own.whois.clone());
        }
        let listed = self.bootstrap(net).await;
        let suffixes = || name.as_str().match_indices('.').map(|(i, _)| &name.as_str()[i + 1..]);
        let base = suffixes().find_map(|s| listed.get(s).cloned()).or_else(|| shipped.and_then(|s| s.rdap.clone()));
        (base, shipped.and_then(|s| s.whois.clone()))
    }
    /// The list of RDAP servers, fetched once a day. Empty where it cannot be had.
    async fn bootstrap(&self, net: &Net) -> Arc<HashMap<String, String>> {
        let now = net.now();
        let held = self.bootstrap.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let serves = |m: &HashMap<String, String>| BOOTSTRAP_MS[usize::from(m.is_empty())];
        if let Some((_, list)) = held.filter(|(at, list)| at.plus_millis(serves(list)) > now) {
            return list;
        }
        let list = Arc::new(self.fetch_bootstrap(net).await.unwrap_or_else(|why| {
            if !why.is_empty() {
                tracing::info!("{}: the list of RDAP servers cannot be had ({why}); the shipped ones are used", self.settings.bootstrap);
            }
            HashMap::new()
        }));
        *self.bootstrap.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, list.clone()));
        list
    }
    async fn fetch_bootstrap(&self, net: &Net) -> Result<HashMap<String, String>, String> {
        Ok(self.fetch_list(&self.settings.bootstrap, net).await?.into_iter().map(|(k, base)| (k.to_lowercase(), base)).collect())
    }
    /// A list of RDAP servers (RFC 9224): keys (suffixes, networks) and the base of each.
    pub(super) async fn fetch_list(&self, address: &str, net: &Net) -> Result<Vec<(String, String)>, String> {
        if address.is_empty() {
            return Err(String::new());
        }
        let url = Url::parse(address).map_err(|e| e.to_string())?;
        let fetched = net.fetch(&get(url, BOOTSTRAP_CAP)).await.map_err(|e| e.to_string())?;
        if fetched.status != 200 {
            return Err(format!("HTTP {}", fetched.status));
        }
        let list: Bootstrap = serde_json::from_slice(&fetched.body).map_err(|e| e.to_string())?;
        let best = |bases: &[String]| bases.iter().find(|b| b.starts_with("https:")).or(bases.first()).cloned();
        let pairs = list.services.into_iter().filter_map(|(keys, bases)| Some((keys, best(&bases)?)));
        Ok(pairs.flat_map(|(keys, base)| keys.into_iter().map(move |k| (k, base.clone()))).collect())
    }
    /// One RDAP question on a name.
    async fn rdap(&self, address: &str, name: &Host, net: &Net) -> (Registration, Option<String>) {
        let server = host_of(address).unwrap_or_default();
        let at = net.now();
        match self.get_rdap(address, net).await {
            Ok(fetched) => heard(&fetched, &server, address, name, at),
            Err(outcome) => {
                (Registration { raw: vec![raw("rdap", &server, address, at, outcome, String::new())], ..Registration::default() }, None)
            }
        }
    }
    /// Whatever an RDAP server answers, asked once more where it wants a wait that we can bear.
    pub(super) async fn get_rdap(&self, address: &str, net: &Net) -> Result<Fetched, AskOutcome> {
        let server = host_of(address).unwrap_or_default();
        let at = net.now();
        let url = Url::parse(address).map_err(|_| AskOutcome::Failed { why: "its address is no URL".into() })?;
        let mut last = AskOutcome::Limited { retry_after_s: None };
        for _ in 0..2 {
            let turn = self.lanes.turn(&server).await.map_err(|why| AskOutcome::Failed { why })?;
            let fetched = net.fetch(&get(url.clone(), CAP as u64)).await;
            turn.pause(self.settings.interval_ms);
            match fetched {
                Ok(fetched) if fetched.status == 429 || (fetched.status == 503 && retry_after(&fetched, at).is_some()) => {
                    let wait = retry_after(&fetched, net.now());
                    last = AskOutcome::Limited { retry_after_s: wait };
                    let wait_ms = wait.unwrap_or(60).saturating_mul(1_000);
                    if wait_ms > self.settings.max_wait_ms {
                        turn.shut(wait_ms.min(3_600_000), "it asked us to wait");
                        return Err(last);
                    }
                    turn.pause(wait_ms.max(self.settings.interval_ms));
                }
                Ok(fetched) => return Ok(fetched),
                Err(e) => {
                    let outcome = in_outcome(&e);
                    if matches!(e, FetchError::Failed { .. } | FetchError::TimedOut { .. }) {
                        turn.shut(DOWN_MS, &outcome.en());
                    }
                    return Err(outcome);
                }
            }
        }
        Err(last)
    }
    /// One WHOIS question.
    async fn whois(&self, server: &str, name: &Host, net: &Net) -> (Registration, Option<String>) {
        let at = net.now();
        let plain = server.trim_start_matches("whois://").trim_start_matches("http://").trim_end_matches('/');
        let (host, port) = match plain.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().unwrap_or(43)),
            _ => (plain, 43),
        };
        let told = format!("{host}:{port}");
        let one = |outcome, text: String| Registration {
            raw: vec![raw("whois", &told, name.as_str(), at, outcome, text)],
            ..Registration::default()
        };
        let Ok(host) = Host::parse(host) else {
            return (one(AskOutcome::Failed { why: format!("`{server}` is no server") }, String::new()), None);
        };
        let turn = match self.lanes.turn(&told).await {
            Ok(turn) => turn,
            Err(why) => return (one(AskOutcome::Failed { why }, String::new()), None),
        };
        let talked = net.talk(&host, port, name.as_str(), CAP).await;
        let talked = match talked {
            Ok(talked) => talked,
            Err(e) => {
                turn.shut(DOWN_MS, &in_outcome(&e).en());
                return (one(in_outcome(&e), String::new()), None);
            }
        };
        turn.pause(self.settings.interval_ms);
        let text = decoded(&talked.bytes);
        let whois::Answer { outcome, mut facts, referral } = whois::read(&text, name);
        if matches!(outcome, AskOutcome::Limited { .. }) {
            turn.pause(self.settings.interval_ms.saturating_mul(5).max(10_000).min(self.settings.interval_ms.saturating_mul(60)));
        }
        // Cut short: what can be read is read, but the register has not had its say.
        let outcome = match &talked.cut {
            Some(cut) if outcome == AskOutcome::Answered => in_outcome(cut),
            Some(cut) => return (one(in_outcome(cut), text), None),
            None => outcome,
        };
        facts.at = Some(at);
        if facts.registered == Some(true) {
            facts.source = format!("whois {told}");
        }
        facts.raw = one(outcome, text).raw;
        (facts, referral)
    }
}

/// What an HTTP answer of a register means.
fn heard(fetched: &Fetched, server: &str, address: &str, name: &Host, at: Timestamp) -> (Registration, Option<String>) {
    let text = decoded(&fetched.body);
    let (mut facts, mut related) = (Registration::default(), None);
    let outcome = match (fetched.status, rdap::read(&fetched.body)) {
        (404, _) => AskOutcome::NotRegistered,
        (200..=299, Ok(object)) => {
            let judged = rdap::judge(&object, name);
            if let (AskOutcome::Answered, rdap::Object::Domain { facts: told, related: link }) = (&judged, object) {
                (facts, related) = (*told, link);
                facts.source = format!("rdap {server}");
            }
            judged
        }
        (200..=299, Err(why)) => AskOutcome::Unreadable { why },
        (status, Ok(rdap::Object::Error { title, .. })) => AskOutcome::Failed { why: format!("HTTP {status} {title}").trim().to_owned() },
        (status, _) => AskOutcome::Failed { why: format!("HTTP {status}") },
    };
    facts.at = Some(at);
    if outcome == AskOutcome::NotRegistered {
        facts.registered = Some(false);
    }
    facts.raw = vec![raw("rdap", server, fetched.final_url.as_str(), at, outcome, text)];
    if fetched.final_url.as_str() != address {
        facts.raw[0].query = format!("{address} -> {}", fetched.final_url);
    }
    (facts, related)
}

pub(super) fn raw(protocol: &str, server: &str, query: &str, at: Timestamp, outcome: AskOutcome, text: String) -> RawAnswer {
    RawAnswer { protocol: protocol.into(), server: server.into(), query: query.into(), at, outcome, text }
}

fn get(url: Url, cap: u64) -> FetchRequest {
    let headers = vec![("accept".to_owned(), "application/rdap+json, application/json".to_owned())];
    FetchRequest { url, method: "GET".into(), headers, body: None, max_body_bytes: Some(cap) }
}

/// Base and name, whether the base ends in `domain/` or not.
fn rdap_url(base: &str, name: &Host) -> String {
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix("/domain").unwrap_or(base);
    format!("{base}/domain/{name}")
}

pub(super) fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let port = url.port().map_or(String::new(), |p| format!(":{p}"));
    Some(format!("{}{port}", url.host_str()?))
}

fn best<'a>(servers: &'a [Server], name: &Host) -> Option<&'a Server> {
    servers.iter().filter(|s| s.suffix.is_empty() || name.under(&s.suffix)).max_by_key(|s| s.suffix.len())
}

fn in_outcome(error: &FetchError) -> AskOutcome {
    match error {
        FetchError::Refused { address, why } => AskOutcome::RefusedByGuard { address: address.clone(), why: why.clone() },
        FetchError::TooLarge { limit_bytes } => AskOutcome::TooLarge { limit_bytes: *limit_bytes },
        FetchError::TimedOut { after_ms } => AskOutcome::TimedOut { after_ms: *after_ms },
        FetchError::Later { why, .. } | FetchError::Failed { why } => AskOutcome::Failed { why: why.clone() },
    }
}

/// Seconds that `Retry-After` asks for: a number or a date.
fn retry_after(fetched: &Fetched, now: Timestamp) -> Option<u64> {
    let value = fetched.headers.iter().find(|(n, _)| n == "retry-after").map(|(_, v)| v.trim())?;
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let until = chrono::DateTime::parse_from_rfc2822(value).ok()?.timestamp_millis();
    Some((until - now.millis()).max(0).unsigned_abs().div_ceil(1_000))
}

/// UTF-8, else GB 18030: some registrars of China still write it.
pub(super) fn decoded(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(CAP)];
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(e) if e.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(bytes).0.into_owned(),
    }
}
