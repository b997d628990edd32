//! Fetch: the pooled client for feeds, searches and APIs, behind the same guard. Redirects are off in the client and followed here by hand.
//! In: a request. Out: a capped body, or a file. Certificates must verify here: nobody learns from a feed that anybody could have written.

use crate::model::host::Host;
use crate::net::dns::Dns;
use crate::net::guard::Guard;
use crate::net::meter::Account;
use crate::net::reach::{self, NoWay};
use crate::net::settings::Settings;
use crate::net::{FetchError, FetchRequest, Fetched, FetchedFile, Inner};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, Method, RequestBuilder, Response};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};
use url::Url;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// A download to a file may take as long as this many bytes a second need for what came of it. A body that drips is given up, however large its cap.
const SLOWEST_BYTES_PER_S: u64 = 8 << 10;
/// A download may be slower than that at its start, for so many times the time that one answer may take.
const PATIENCE: u32 = 4;

/// Headers that any host may see.
const FOR_ALL: [&str; 9] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "range",
    "user-agent",
];

/// The resolver that reqwest asks: ours, through the guard.
struct Guarded {
    dns: Arc<Dns>,
    guard: Guard,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, guard) = (self.dns.clone(), self.guard.clone());
        Box::pin(async move {
            let host = Host::parse(name.as_str())?;
            let addresses = reach::addresses(&host, &dns, &guard).await?;
            let addresses: Vec<SocketAddr> = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Builds the pooled client. Through a proxy, the only name it looks up is the proxy's own, by the system.
pub(crate) fn client(dns: Arc<Dns>, guard: Guard, tls: rustls::ClientConfig, settings: &Settings) -> reqwest::Result<Client> {
    let builder =
        Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).tls_backend_preconfigured(tls).connect_timeout(CONNECT);
    match &settings.proxy {
        Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy.as_str())?).build(),
        None => builder.dns_resolver(Arc::new(Guarded { dns, guard })).build(),
    }
}

/// On whose account a request is made, and at which pace.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// Whose quota it counts on. `None`: nobody's.
    pub(crate) account: Option<&'a Account>,
    /// The host's own pace, where it allows another than the settings'.
    pub(crate) interval_ms: Option<u64>,
}

/// One request, its body in memory.
pub(crate) async fn fetch(door: &Inner, terms: Terms<'_>, request: &FetchRequest) -> Result<Fetched, FetchError> {
    let limit_bytes = request.max_body_bytes.unwrap_or(door.settings.max_body_bytes);
    let mut time = Time::new(door.settings.timeout_ms);
    let (final_url, mut response) = follow(door, terms, request, &mut time).await?;
    let mut body = Vec::new();
    while let Some(part) = time.spend(response.chunk()).await? {
        if (body.len() + part.len()) as u64 > limit_bytes {
            return Err(FetchError::TooLarge { limit_bytes });
        }
        body.extend_from_slice(&part);
    }
    Ok(Fetched { final_url, status: response.status().as_u16(), headers: headers_of(&response), body })
}

/// What is left of the time for one fetch. Waiting for a host's turn is not spent from it.
pub(crate) struct Time {
    whole_ms: u64,
    left: Duration,
    /// Longest that nothing may come.
    idle: Duration,
    /// Most that can be left.
    most: Duration,
}

impl Time {
    pub(crate) fn new(whole_ms: u64) -> Self {
        let whole = Duration::from_millis(whole_ms);
        Self { whole_ms, left: whole, idle: whole, most: whole }
    }
    /// For a body of any length: what comes earns time for what follows, and nothing may come for `idle_ms` at most.
    pub(crate) fn earned(idle_ms: u64) -> Self {
        let idle = Duration::from_millis(idle_ms);
        Self { whole_ms: idle_ms, left: idle * PATIENCE, idle, most: idle * PATIENCE }
    }
    pub(crate) fn earn(&mut self, bytes: usize) {
        let more = Duration::from_micros(bytes as u64 * 1_000_000 / SLOWEST_BYTES_PER_S);
        self.left = (self.left + more).min(self.most);
    }
    pub(crate) async fn spend<T>(&mut self, doing: impl Future<Output = reqwest::Result<T>>) -> Result<T, FetchError> {
        let started = Instant::now();
        let done = timeout(self.left.min(self.idle), doing).await;
        self.left = self.left.saturating_sub(started.elapsed());
        done.map_err(|_| FetchError::TimedOut { after_ms: self.whole_ms })?.map_err(|e| failure(&e, self.whole_ms))
    }
}

/// One request, its body in a file.
pub(crate) async fn fetch_to_file(
    door: &Inner,
    terms: Terms<'_>,
    request: &FetchRequest,
    path: &Path,
    cap: u64,
) -> Result<FetchedFile, FetchError> {
    let part = part_of(path);
    let done = match download(door, terms, request, &part, cap).await {
        Ok(file) if (200..300).contains(&file.status) => match tokio::fs::rename(&part, path).await {
            Ok(()) => return Ok(file),
            Err(e) => Err(disk(path, &e)),
        },
        other => other,
    };
    // What is not whole must not be taken for the file; if it cannot be removed, the next download overwrites it.
    let _ = tokio::fs::remove_file(&part).await;
    done
}

async fn download(door: &Inner, terms: Terms<'_>, request: &FetchRequest, part: &Path, cap: u64) -> Result<FetchedFile, FetchError> {
    let idle_ms = door.settings.timeout_ms;
    let (final_url, mut response) = follow(door, terms, request, &mut Time::new(idle_ms)).await?;
    let mut time = Time::earned(idle_ms);
    let mut file = tokio::fs::File::create(part).await.map_err(|e| disk(part, &e))?;
    let mut bytes = 0_u64;
    while let Some(chunk) = time.spend(response.chunk()).await? {
        time.earn(chunk.len());
        bytes += chunk.len() as u64;
        if bytes > cap {
            return Err(FetchError::TooLarge { limit_bytes: cap });
        }
        file.write_all(&chunk).await.map_err(|e| disk(part, &e))?;
    }
    file.sync_all().await.map_err(|e| disk(part, &e))?;
    Ok(FetchedFile { final_url, status: response.status().as_u16(), headers: headers_of(&response), bytes })
}

pub(crate) fn part_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

pub(crate) fn disk(path: &Path, e: &std::io::Error) -> FetchError {
    FetchError::Failed { why: format!("{}: {e}", path.display()) }
}

/// Sends, and follows redirects through the guard, until an answer is none.
pub(crate) async fn follow(door: &Inner, terms: Terms<'_>, request: &FetchRequest, time: &mut Time) -> Result<(Url, Response), FetchError> {
    let mut url = request.url.clone();
    let mut headers = header_map(request, &door.settings.user_agent)?;
    let mut method = method_of(request)?;
    let mut body = request.body.clone();
    for _ in 0..=door.settings.max_redirects {
        let mut sending = door.client.request(method.clone(), url.clone()).headers(headers.clone());
        if let Some(body) = &body {
            sending = sending.body(body.clone());
        }
        let response = send(door, terms, sending, &url, time).await?;
        let Some(next) = redirect_of(&url, &response)? else { return Ok((url, response)) };
        if matches!(response.status().as_u16(), 301..=303) && method == Method::POST {
            (method, body) = (Method::GET, None);
            headers.remove(reqwest::header::CONTENT_TYPE);
        }
        if next.origin() != url.origin() {
            // What was meant for one host is not told to another: keys stand in headers of any name.
            let meant: Vec<HeaderName> = headers.keys().filter(|n| !FOR_ALL.contains(&n.as_str())).cloned().collect();
            for name in meant {
                headers.remove(name);
            }
        }
        url = next;
    }
    Err(FetchError::Failed { why: format!("more than {} redirects from {}", door.settings.max_redirects, request.url) })
}

async fn send(door: &Inner, terms: Terms<'_>, sending: RequestBuilder, url: &Url, time: &mut Time) -> Result<Response, FetchError> {
    let (host, _) = reach::target(url, &door.guard)?;
    if door.proxy.is_some() {
        reach::addresses(&host, &door.dns, &door.guard).await?;
    }
    door.meter.admit(terms.account, &host, door.clock.now()).await?;
    match terms.interval_ms {
        Some(interval_ms) => door.pace.turn_every(&host, interval_ms).await,
        None => door.pace.turn(&host).await,
    }
    let response = time.spend(sending.send()).await?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok());
    door.meter.heard(terms.account, &host, response.status().as_u16(), retry_after, door.clock.now());
    if door.proxy.is_none() {
        let peer = response.remote_addr().ok_or_else(|| FetchError::Failed { why: format!("{url}: no peer address is known") })?;
        if let Some(why) = door.guard.refusal(peer.ip()) {
            return Err(FetchError::Refused { address: peer.to_string(), why });
        }
    }
    Ok(response)
}

fn redirect_of(url: &Url, response: &Response) -> Result<Option<Url>, FetchError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let location = String::from_utf8_lossy(location.as_bytes());
    url.join(&location).map(Some).map_err(|e| FetchError::Failed { why: format!("{url} redirects to what is no URL: {e}") })
}

fn method_of(request: &FetchRequest) -> Result<Method, FetchError> {
    match request.method.as_str() {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "HEAD" => Ok(Method::HEAD),
        other => Err(FetchError::Failed { why: format!("method `{other}` is none of GET, HEAD and POST") }),
    }
}

fn header_map(request: &FetchRequest, user_agent: &str) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::new();
    for (name, value) in &request.headers {
        let bad = || FetchError::Failed { why: format!("header `{name}` cannot be sent: it has characters that HTTP does not carry") };
        map.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, HeaderValue::from_str(value).map_err(|_| bad())?);
    }
    if !map.contains_key(USER_AGENT) {
        let value = HeaderValue::from_str(user_agent).map_err(|_| FetchError::Failed { why: "user_agent cannot be sent".into() })?;
        map.insert(USER_AGENT, value);
    }
    Ok(map)
}

pub(crate) fn headers_of(response: &Response) -> Vec<(String, String)> {
    response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// The innermost cause in words; the guard's refusal comes through as what it is.
fn failure(error: &reqwest::Error, after_ms: u64) -> FetchError {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        if let Some(no) = source.downcast_ref::<NoWay>() {
            return no.clone().into();
        }
        cause = source;
    }
    if error.is_timeout() {
        return FetchError::TimedOut { after_ms };
    }
    let at = error.url().map_or_else(String::new, |url| format!("{}: ", url.host_str().unwrap_or_default()));
    FetchError::Failed { why: format!("{at}{cause}").to_lowercase() }
}

impl From<NoWay> for FetchError {
    fn from(no: NoWay) -> Self {
        match no {
            NoWay::Refused { address, why } => Self::Refused { address, why },
            other => Self::Failed { why: other.to_string() },
        }
    }
}
