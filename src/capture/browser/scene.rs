//! Scene: an attended visit as a film needs it. The window's pictures go to the reel, and the page is scrolled through once, slowly.
//! Where nobody films, nothing here is done: an ordinary visit never scrolls.

use crate::capture::browser::page::{Job, Tab, hear, settle};
use crate::capture::browser::watch::Watch;
use crate::capture::browser::wire::{Event, WireError};
use crate::capture::film::Still;
use crate::model::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Duration, Instant};

/// Windows that a page is scrolled down at most.
const MAX_STEPS: usize = 12;
/// How long each of them stays in the picture.
const STAY: Duration = Duration::from_millis(600);
/// Largest picture taken.
const MAX_BYTES: usize = 4 << 20;
/// A picture's own time is believed when it is no older than this, in milliseconds.
const BELIEVED_MS: i64 = 120_000;

/// Asks the browser for pictures of its window from now on.
pub(super) async fn begin(tab: &Tab<'_>, job: &Job<'_>) -> Result<(), WireError> {
    if job.reel.is_none() {
        return Ok(());
    }
    let how = json!({"format": "jpeg", "quality": 80, "maxWidth": 1_366, "maxHeight": 1_366, "everyNthFrame": 1});
    match tab.call("Page.startScreencast", how).await {
        // Without pictures the visit stands all the same, and the film says that nothing was shown.
        Err(WireError::Said { method, why }) => tracing::warn!("{method}: {why}"),
        other => drop(other?),
    }
    Ok(())
}

/// Takes one picture and asks for the next.
pub(super) async fn take(tab: &Tab<'_>, job: &Job<'_>, frame: &Value, location: &str) -> Result<(), WireError> {
    tab.process.wire.send(&tab.session, "Page.screencastFrameAck", json!({"sessionId": frame["sessionId"]})).await?;
    let Some(reel) = job.reel else { return Ok(()) };
    let Ok(jpeg) = STANDARD.decode(frame["data"].as_str().unwrap_or_default()) else { return Ok(()) };
    if jpeg.is_empty() || jpeg.len() > MAX_BYTES {
        return Ok(());
    }
    let now = job.net.now();
    // The browser's time of the picture, in seconds: an event may have waited for us.
    let told = frame["metadata"]["timestamp"].as_f64().filter(|s| s.is_finite()).map(|s| Timestamp::from_millis((s * 1_000.0) as i64));
    let at = told.filter(|at| *at <= now && now.millis() - at.millis() < BELIEVED_MS).unwrap_or(now);
    let address = if location.is_empty() { job.url.to_string() } else { location.to_owned() };
    reel.add(Still { at, jpeg, variant: job.variant.to_owned(), address });
    Ok(())
}

/// Waits until the page has settled; then, where it is filmed, walks through it.
pub(super) async fn played(tab: &Tab<'_>, job: &Job<'_>, events: &mut Receiver<Event>, watch: &mut Watch) -> Result<(), WireError> {
    settle(tab, job, events, watch).await?;
    walk(tab, job, events, watch).await?;
    if job.reel.is_some() {
        // The screenshots that follow dress the window as a phone's; that is no part of what was seen.
        let _stopping = tab.process.wire.send(&tab.session, "Page.stopScreencast", json!({})).await?;
    }
    Ok(())
}

/// Scrolls from the top to the end, a window at a time, and back, so that the film shows what a reader would see.
async fn walk(tab: &Tab<'_>, job: &Job<'_>, events: &mut Receiver<Event>, watch: &mut Watch) -> Result<(), WireError> {
    if job.reel.is_none() {
        return Ok(());
    }
    stay(tab, job, events, watch).await?;
    for _ in 0..MAX_STEPS {
        let down = "(() => { const e = document.scrollingElement || document.documentElement; if (!e) return false; const from = e.scrollTop; e.scrollTop = from + Math.max(200, innerHeight * 0.9); return e.scrollTop > from; })()";
        if !scrolled(tab, down).await? {
            break;
        }
        stay(tab, job, events, watch).await?;
    }
    scrolled(tab, "(() => { const e = document.scrollingElement || document.documentElement; if (e) e.scrollTop = 0; return true; })()")
        .await?;
    stay(tab, job, events, watch).await
}

async fn scrolled(tab: &Tab<'_>, how: &str) -> Result<bool, WireError> {
    let answer = tab.call("Runtime.evaluate", json!({"expression": how, "returnByValue": true, "timeout": 2_000})).await;
    match answer {
        Ok(value) => Ok(value["result"]["value"].as_bool() == Some(true)),
        Err(WireError::Said { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Hears events for a moment.
async fn stay(tab: &Tab<'_>, job: &Job<'_>, events: &mut Receiver<Event>, watch: &mut Watch) -> Result<(), WireError> {
    let until = Instant::now() + STAY;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        match tokio::time::timeout(left, events.recv()).await {
            Ok(Some(event)) => hear(tab, job, &event, watch).await?,
            Ok(None) => return Err(WireError::Gone),
            Err(_) => break,
        }
    }
    Ok(())
}
