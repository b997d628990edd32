//! Page: one visit in a context of its own, from the open gate to the closed tab. Reads as the flow of a visit, top to bottom.
//! Never a form, never a download, a dialog, a popup; documents are asked for by GET only.

use crate::capture::browser::ask::{body, certificates, frames};
use crate::capture::browser::process::Process;
use crate::capture::browser::shots;
use crate::capture::browser::tell::{self, Told};
use crate::capture::browser::watch::{Watch, text};
use crate::capture::browser::wire::{Event, WireError};
use crate::capture::browser::{hops, keep, nothing, scene};
use crate::capture::film::Reel;
use crate::capture::variant::Visitor;
use crate::model::capture::{Capture, Outcome};
use crate::model::rendered::Browsing;
use crate::net::{Gate, GateLimits, Net};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Duration, Instant};
use url::Url;

/// Longest wait for one answer of the page: it may be busy, but not for ever.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// Longest time until the page has loaded and is quiet; then what there is is taken.
const SETTLE: Duration = Duration::from_secs(20);
/// No movement for this long is quiet.
const STILL: Duration = Duration::from_millis(400);
/// After loading, a page that never falls quiet (polling, streams) is waited for no longer than this.
const RESTLESS: Duration = Duration::from_secs(6);
/// How long after loading a page that is thin or holds timers may still lead elsewhere.
const LATE: Duration = Duration::from_millis(3_200);
/// Pages that one visit may lead through.
const MAX_NAVIGATIONS: usize = 8;
/// A page with fewer visible characters may be about to become another.
const THIN: usize = 200;

/// One visit to make.
pub(super) struct Job<'a> {
    pub(super) url: &'a Url,
    pub(super) variant: &'a str,
    pub(super) net: &'a Net,
    pub(super) repeated: u32,
    /// Where the window's pictures go. `None`: nobody films.
    pub(super) reel: Option<&'a Reel>,
}

/// A tab with its session.
pub(super) struct Tab<'a> {
    pub(super) process: &'a Process,
    pub(super) session: String,
}

impl Tab<'_> {
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, WireError> {
        self.process.wire.call(&self.session, method, params, ANSWER).await
    }
}

/// The whole visit. `Err`: the browser is of no more use.
pub(super) async fn visit(process: &Process, job: &Job<'_>) -> Result<Capture, WireError> {
    let gate = match job.net.gate(GateLimits::default()).await {
        Ok(gate) => gate,
        Err(e) => return Ok(nothing(job, Outcome::Failed { why: format!("no loopback port for the browser: {e}") })),
    };
    let context = json!({
        "disposeOnDetach": true, "proxyServer": format!("http://127.0.0.1:{}", gate.port()), "proxyBypassList": "<-loopback>",
    });
    let context = text(&process.call("Target.createBrowserContext", context).await?["browserContextId"], 100);
    let seen = in_context(process, job, &gate, &context).await;
    let closed = process.call("Target.disposeBrowserContext", json!({"browserContextId": context})).await;
    match (seen, closed) {
        (Ok(capture), Ok(_)) => Ok(capture),
        (Ok(capture), Err(_)) => {
            process.wear_out();
            Ok(capture)
        }
        (Err(trouble), _) => Err(trouble),
    }
}

async fn in_context(process: &Process, job: &Job<'_>, gate: &Gate, context: &str) -> Result<Capture, WireError> {
    let visitor = Visitor::of(job.variant);
    let started_at = job.net.now();
    process.call("Browser.setDownloadBehavior", json!({"behavior": "deny", "browserContextId": context, "eventsEnabled": true})).await?;
    let target = json!({"url": "about:blank", "browserContextId": context, "width": visitor.width, "height": visitor.height});
    let target = process.call("Target.createTarget", target).await?["targetId"].clone();
    let session = process.call("Target.attachToTarget", json!({"targetId": target, "flatten": true})).await?;
    let tab = Tab { process, session: text(&session["sessionId"], 100) };
    let mut events = process.wire.listen(&tab.session);
    let mut watch = Watch::of(text(&target, 100));
    let seen = look(&tab, job, gate, &visitor, &mut events, &mut watch).await;
    process.wire.forget(&tab.session);
    let (frames, kept, outcome, final_url) = seen?;
    for hop in &mut watch.hops {
        hop.address = Url::parse(&hop.url).ok().and_then(|u| gate.address_of(&u));
        if hop.response_head.is_empty() {
            hops::with_body(hop, Vec::new());
        }
    }
    let mut page = tell::page(&frames).filter(|_| outcome == Outcome::Captured);
    if let Some(page) = &mut page {
        page.notes.push("heads of the browser's hops are as it tells them, bodies are decoded".into());
    }
    if process.wire.lost() > 0 {
        watch.console.push(format!("jianwei: {} events of this browser were lost", process.wire.lost()));
    }
    let browser = Browsing {
        product: process.product.clone(),
        requests: watch.requests,
        passages: gate.passages(),
        console: watch.console,
        denied: watch.denied,
        certificates: watch.certificates,
        repeated: job.repeated,
    };
    Ok(Capture {
        requested_url: job.url.to_string(),
        final_url,
        variant: job.variant.to_owned(),
        started_at,
        ended_at: job.net.now(),
        outcome,
        hops: watch.hops,
        page,
        kept,
        browser: Some(browser),
    })
}

type Seen = (Vec<Told>, Vec<crate::model::rendered::KeptFile>, Outcome, Option<String>);

async fn look(
    tab: &Tab<'_>,
    job: &Job<'_>,
    gate: &Gate,
    visitor: &Visitor,
    events: &mut Receiver<Event>,
    watch: &mut Watch,
) -> Result<Seen, WireError> {
    dress(tab, visitor).await?;
    scene::begin(tab, job).await?;
    let mut go = json!({"url": job.url.as_str()});
    if let Some(referer) = visitor.referer {
        go["referrer"] = referer.into();
        // From https to http a browser names nobody; those who come from the search engine's app do.
        go["referrerPolicy"] = "unsafeUrl".into();
    }
    // Its answer waits for the head of the page, and requests may pause meanwhile: it is not waited for.
    let _going = tab.process.wire.send(&tab.session, "Page.navigate", go).await?;
    let hung = match scene::played(tab, job, events, watch).await {
        Ok(()) => false,
        Err(trouble) => page_only(tab, trouble).await?,
    };
    let _ = tab.process.wire.send(&tab.session, "Page.stopLoading", json!({})).await;
    drain(tab, job, events, watch).await?;
    let outcome = ending(job, gate, watch, hung);
    let final_url = watch.hops.last().filter(|h| h.status.is_some()).map(|h| h.url.clone());
    if outcome != Outcome::Captured {
        return Ok((Vec::new(), Vec::new(), outcome, final_url));
    }
    let frames = match frames(tab).await {
        Ok(frames) => frames,
        Err(trouble) => {
            page_only(tab, trouble).await?;
            Vec::new()
        }
    };
    let final_url = frames.first().map(|f| f.url.clone()).filter(|u| u.starts_with("http")).or(final_url);
    if let Some(url) = &final_url {
        watch.certificates = certificates(tab, url).await;
    }
    let mut kept = shots::shots(tab, visitor, frames.first()).await;
    if let Some(main) = frames.first() {
        kept.push(crate::model::rendered::KeptFile::made("dom.html", "脚本执行后的 DOM", "text/html", main.html.clone().into_bytes()));
    }
    kept.extend(keep::resources(tab, watch).await);
    drain(tab, job, events, watch).await?;
    let outcome = if frames.is_empty() { Outcome::TimedOut { after_ms: millis(SETTLE) } } else { outcome };
    Ok((frames, kept, outcome, final_url))
}

/// A page that does not answer is the page's doing as long as the browser itself still does. Gives true, or the browser's end.
async fn page_only(tab: &Tab<'_>, trouble: WireError) -> Result<bool, WireError> {
    match trouble {
        WireError::Gone => Err(WireError::Gone),
        _ => tab.process.call("Browser.getVersion", json!({})).await.map(|_| true),
    }
}

/// Everything switched on and off before the first request.
async fn dress(tab: &Tab<'_>, visitor: &Visitor) -> Result<(), WireError> {
    let steps = [
        ("Page.enable", json!({})),
        ("Runtime.enable", json!({})),
        ("Log.enable", json!({})),
        ("Inspector.enable", json!({})),
        ("Network.enable", json!({"maxTotalBufferSize": 48 << 20, "maxResourceBufferSize": 8 << 20, "maxPostDataSize": 0})),
        ("Network.setBypassServiceWorker", json!({"bypass": true})),
        ("Network.setCacheDisabled", json!({"cacheDisabled": false})),
        ("Fetch.enable", json!({"patterns": [{"urlPattern": "*", "resourceType": "Document"}]})),
        ("Target.setAutoAttach", json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true})),
        ("Page.addScriptToEvaluateOnNewDocument", json!({"source": NO_WORKERS})),
        ("Emulation.setTimezoneOverride", json!({"timezoneId": "Asia/Shanghai"})),
        ("Emulation.setUserAgentOverride", visitor.agent()),
        ("Emulation.setDeviceMetricsOverride", visitor.metrics()),
        ("Emulation.setTouchEmulationEnabled", json!({"enabled": visitor.mobile, "maxTouchPoints": if visitor.mobile { 5 } else { 1 }})),
    ];
    // All on their way before the first answer is waited for: they are taken in order, and each wait would cost a turn of a busy browser.
    for answered in futures_util::future::join_all(steps.map(|(method, params)| tab.call(method, params))).await {
        match answered {
            // An older or newer browser may not know a step; none of them is what keeps us safe (the gate is).
            Err(WireError::Said { method, why }) => tracing::debug!("{method}: {why}"),
            other => drop(other?),
        }
    }
    Ok(())
}

/// Service workers outlive a page; here they are refused as a private window of a phone refuses them.
const NO_WORKERS: &str = "if (navigator.serviceWorker) { Object.defineProperty(Navigator.prototype, 'serviceWorker', { get() { return undefined; }, configurable: true }); }";

/// Waits until the page has loaded, is quiet and does not seem about to become another.
pub(super) async fn settle(tab: &Tab<'_>, job: &Job<'_>, events: &mut Receiver<Event>, watch: &mut Watch) -> Result<(), WireError> {
    let begun = Instant::now();
    let mut loaded_at: Option<Instant> = None;
    let mut wait_until: Option<Instant> = None;
    let mut of_navigation = 0;
    loop {
        let now = Instant::now();
        if watch.navigations != of_navigation {
            (of_navigation, loaded_at, wait_until) = (watch.navigations, None, None);
        }
        if watch.loaded && loaded_at.is_none() {
            loaded_at = Some(now);
        }
        let restless = loaded_at.is_some_and(|at| now - at > RESTLESS);
        let quiet = watch.loaded && watch.is_quiet(now, STILL) && watch.due.is_none_or(|due| now > due + STILL);
        if watch.crashed || now - begun > SETTLE || watch.navigations > MAX_NAVIGATIONS {
            return Ok(());
        }
        if quiet || (restless && watch.loaded) {
            let until = match wait_until {
                Some(until) => until,
                None => {
                    let late = may_move(tab).await?;
                    *wait_until.insert(late.map_or(now, |late| loaded_at.unwrap_or(now) + late.min(LATE)))
                }
            };
            if now >= until {
                return Ok(());
            }
        }
        match tokio::time::timeout(Duration::from_millis(50), events.recv()).await {
            Ok(Some(event)) => hear(tab, job, &event, watch).await?,
            Ok(None) => return Err(WireError::Gone),
            Err(_) => {}
        }
    }
}

/// Could it still lead elsewhere: hardly any text, or timers that know of addresses? Then how long after loading to wait: as long as its longest timer
/// says where it says so in plain numbers.
async fn may_move(tab: &Tab<'_>) -> Result<Option<Duration>, WireError> {
    let ask = r#"(() => { const h = document.documentElement ? document.documentElement.outerHTML : ''; const t = document.body ? document.body.innerText.replace(/\s/g, '').length : 0;
        const timers = (h.match(/setTimeout|setInterval/g) || []).length, timed = (timers > 0 && /location/.test(h)) || /http-equiv=.?refresh/i.test(h);
        const told = [...h.matchAll(/set(?:Timeout|Interval)\s*\((?:(?!setTimeout|setInterval)[^]){0,600}?,\s*(\d{1,5})\s*\)/g)].map(m => +m[1]);
        const plain = timers > 0 && told.length >= timers && !/http-equiv=.?refresh/i.test(h);
        return [t, timed, /<script[^>]+src=|eval\(|atob\(|fromCharCode/i.test(h), plain ? Math.max(...told) + 400 : 10000]; })()"#;
    let answer = tab.call("Runtime.evaluate", json!({"expression": ask, "returnByValue": true, "timeout": 3_000})).await;
    match answer {
        Ok(value) => {
            let said = &value["result"]["value"];
            let thin = said[0].as_u64().unwrap_or(0) < THIN as u64;
            let hides = thin && said[2].as_bool().unwrap_or(true);
            let timed = said[1].as_bool().unwrap_or(true).then(|| Duration::from_millis(said[3].as_u64().unwrap_or(10_000)));
            Ok(if hides { Some(LATE) } else { timed })
        }
        // It is just becoming another page.
        Err(WireError::Said { .. }) => Ok(Some(LATE)),
        Err(other) => Err(other),
    }
}

/// Takes events that are there already.
async fn drain(tab: &Tab<'_>, job: &Job<'_>, events: &mut Receiver<Event>, watch: &mut Watch) -> Result<(), WireError> {
    for _ in 0..5_000 {
        match events.try_recv() {
            Ok(event) => hear(tab, job, &event, watch).await?,
            Err(_) => break,
        }
    }
    Ok(())
}

/// Notes an event, and answers those that wait for us.
pub(super) async fn hear(tab: &Tab<'_>, job: &Job<'_>, event: &Event, watch: &mut Watch) -> Result<(), WireError> {
    watch.take(event, job.net.now());
    let wire = &tab.process.wire;
    let p = &event.params;
    match event.method.as_str() {
        "Fetch.requestPaused" => {
            let (method, url) = (text(&p["request"]["method"], 16), text(&p["request"]["url"], 300));
            if method == "GET" || method == "HEAD" {
                wire.send(&tab.session, "Fetch.continueRequest", json!({"requestId": p["requestId"]})).await?;
            } else {
                watch.deny(format!("a page asked for by {method}: {url}"));
                wire.send(&tab.session, "Fetch.failRequest", json!({"requestId": p["requestId"], "errorReason": "BlockedByClient"}))
                    .await?;
            }
        }
        "Page.screencastFrame" => scene::take(tab, job, p, &watch.location).await?,
        "Page.javascriptDialogOpening" => {
            let accept = p["type"] == "beforeunload";
            wire.send(&tab.session, "Page.handleJavaScriptDialog", json!({"accept": accept})).await?;
        }
        "Target.attachedToTarget" => {
            let kind = text(&p["targetInfo"]["type"], 40);
            if kind == "page" || kind.contains("service") {
                watch.deny(format!("{kind}: {}", text(&p["targetInfo"]["url"], 300)));
                wire.send("", "Target.closeTarget", json!({"targetId": p["targetInfo"]["targetId"]})).await?;
            } else {
                wire.send(&text(&p["sessionId"], 100), "Runtime.runIfWaitingForDebugger", json!({})).await?;
            }
        }
        "Network.loadingFinished" => {
            let id = text(&p["requestId"], 100);
            let document = watch.finished.last().filter(|f| f.document && f.id == id).map(|f| f.id.clone());
            if let Some(id) = document {
                let body = body(tab, &id).await;
                if let (Ok(body), Some(hop)) = (body, watch.hop_of(&id)) {
                    hops::with_body(hop, body);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// How the visit ended.
fn ending(job: &Job<'_>, gate: &Gate, watch: &Watch, hung: bool) -> Outcome {
    let last = watch.hops.last();
    let asked = watch.requests.iter().rev().find(|r| r.kind == "Document").map_or(job.url.as_str(), |r| r.url.as_str());
    let trouble = Url::parse(asked).ok().and_then(|u| gate.trouble_of(&u));
    if let Some(hop) = last.filter(|_| watch.denied.iter().any(|d| d.starts_with("download"))) {
        return Outcome::NotHtml { media_type: hop.header("content-type").unwrap_or("application/octet-stream").to_owned() };
    }
    if watch.crashed {
        return Outcome::Failed { why: "the page crashed its tab".into() };
    }
    let came = last.is_some_and(|hop| hop.status.is_some() && hop.url == asked && !gate.said(&hop.headers));
    match (came, trouble) {
        (false, Some(trouble)) => return trouble,
        _ if hung => return Outcome::TimedOut { after_ms: millis(SETTLE) },
        _ => {}
    }
    match last {
        Some(hop) if hop.status.is_some() => Outcome::Captured,
        _ if watch.denied.iter().any(|d| d.starts_with("download")) => Outcome::NotHtml { media_type: "application/octet-stream".into() },
        _ => match watch.requests.iter().rev().find(|r| r.kind == "Document" && !r.failed.is_empty()) {
            Some(request) => Outcome::Unreachable { why: request.failed.clone() },
            None => Outcome::TimedOut { after_ms: millis(SETTLE) },
        },
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
