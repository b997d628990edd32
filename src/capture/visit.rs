//! One visit: the first page, then where it leads by itself (refresh, plain script), then its frames; all through net's guard.
//! What the world did is an outcome. A place that a page leads to and that does not answer is a note, not the end of the capture.

use crate::capture::extract::extracted;
use crate::capture::media::{Media, media};
use crate::capture::read::{Read, THIN_TEXT, refresh};
use crate::capture::variant::{headers, headers_from};
use crate::model::capture::{Capture, Hop, Outcome};
use crate::model::page::Page;
use crate::model::time::Timestamp;
use crate::net::Net;
use std::time::Duration;
use url::Url;

/// Most refreshes and script redirects followed.
const MAX_FOLLOWED: usize = 3;
/// Most frames fetched.
const MAX_FRAMES: usize = 4;
/// A refresh later than this is left to the reader.
const MAX_DELAY_MS: u64 = 10_000;
/// After so long nothing more is begun; one visit of net has its own cap.
const BEGIN_WITHIN_MS: i64 = 12_000;
/// The whole visit ends here, whatever is under way.
const WHOLE_VISIT_MS: i64 = 28_000;

/// Visits `url` as `variant`. When `fall_back` and http does not answer, tries https on the same host.
pub async fn visit(url: &Url, variant: &str, fall_back: bool, net: &Net) -> Capture {
    let mut trip = Trip { net, variant, started_at: net.now(), hops: Vec::new() };
    let mut stop = trip.go(url, &headers(variant)).await;
    if fall_back && let Some(https) = https_instead(url, &trip.hops) {
        stop = trip.go(&https, &headers(variant)).await.or(stop);
    }
    let mut arrival = arrive(stop.and_then(|n| trip.hops.get(n)));
    let mut here = stop;
    for _ in 0..MAX_FOLLOWED {
        let Some(next) = next_address(&arrival, here.and_then(|n| trip.hops.get(n)), &trip.hops) else { break };
        let Some(there) = trip.go_on(&next, &arrival.url).await else { break };
        let further = arrive(trip.hops.get(there));
        if further.read.is_none() {
            arrival.note(format!("leads to {next}: {}", further.outcome.why()));
            break;
        }
        arrival = further;
        here = Some(there);
    }
    let frames = trip.frames(&arrival).await;
    conclude(url, variant, (trip.started_at, net.now()), trip.hops, arrival, frames)
}

/// A visit under way.
struct Trip<'a> {
    net: &'a Net,
    variant: &'a str,
    started_at: Timestamp,
    hops: Vec<Hop>,
}

impl Trip<'_> {
    /// Appends the hops of one visit; the index of its last hop. `None`: nothing came in the time that was left.
    async fn go(&mut self, url: &Url, headers: &[(String, String)]) -> Option<usize> {
        let spent = self.net.now().millis() - self.started_at.millis();
        let left = Duration::from_millis((WHOLE_VISIT_MS - spent).max(1).unsigned_abs());
        let hops = tokio::time::timeout(left, self.net.visit(url, headers)).await.unwrap_or_default();
        append(&mut self.hops, hops)
    }
    async fn go_on(&mut self, url: &Url, from: &str) -> Option<usize> {
        if self.net.now().millis() - self.started_at.millis() > BEGIN_WITHIN_MS {
            return None;
        }
        self.go(url, &headers_from(self.variant, from)).await
    }
    /// Frames of a page that has nearly no text of its own.
    async fn frames(&mut self, arrival: &Arrival) -> Vec<(String, Arrival)> {
        let mut frames = Vec::new();
        for address in frames_to_fetch(arrival, &self.hops) {
            let Some(n) = self.go_on(&address, &arrival.url).await else { break };
            frames.push((address.to_string(), arrive(self.hops.get(n))));
        }
        frames
    }
}

fn append(all: &mut Vec<Hop>, more: Vec<Hop>) -> Option<usize> {
    for mut hop in more {
        hop.n = u32::try_from(all.len()).unwrap_or(u32::MAX);
        all.push(hop);
    }
    all.len().checked_sub(1)
}

/// https on the same host, where the first connection over http came to nothing.
fn https_instead(url: &Url, hops: &[Hop]) -> Option<Url> {
    let [only] = hops else { return None };
    let nothing = matches!(only.trouble, Some(Outcome::Unreachable { .. } | Outcome::TimedOut { .. })) && only.status.is_none();
    if url.scheme() != "http" || url.port().is_some() || !nothing {
        return None;
    }
    let mut https = url.clone();
    https.set_scheme("https").ok()?;
    Some(https)
}

/// Where one visit of net came to.
struct Arrival {
    /// Address of the last hop; empty where no head came.
    url: String,
    outcome: Outcome,
    read: Option<Read>,
}

impl Arrival {
    fn note(&mut self, text: String) {
        if let Some(read) = &mut self.read {
            read.page.notes.push(text);
        }
    }
}

/// Judges the last hop and reads its body.
fn arrive(hop: Option<&Hop>) -> Arrival {
    let Some(hop) = hop else {
        return Arrival { url: String::new(), outcome: Outcome::Failed { why: "no request was made".into() }, read: None };
    };
    let content_type = hop.header("content-type");
    let readable = || -> Option<Read> {
        let base = Url::parse(&hop.url).ok()?;
        Some(extracted(&hop.body, content_type, &base))
    };
    let media = media(&hop.body, content_type);
    let (outcome, read) = match (&hop.trouble, media) {
        (Some(trouble), Media::Other(_)) => (trouble.clone(), None),
        (Some(trouble), _) => (trouble.clone(), readable().filter(|r| !r.page.text.is_empty() || !r.page.title.is_empty())),
        (None, _) if hop.status.is_none() => (Outcome::Failed { why: "no response head came".into() }, None),
        (None, Media::Other(media_type)) => (Outcome::NotHtml { media_type }, None),
        (None, _) => (Outcome::Captured, readable()),
    };
    Arrival { url: hop.status.map(|_| hop.url.clone()).unwrap_or_default(), outcome, read }
}

/// Where the page leads by itself within [`MAX_DELAY_MS`]: `Refresh` header, meta refresh, a plain script. Never a place already seen.
fn next_address(arrival: &Arrival, hop: Option<&Hop>, hops: &[Hop]) -> Option<Url> {
    let read = arrival.read.as_ref().filter(|_| arrival.outcome == Outcome::Captured)?;
    let base = Url::parse(&arrival.url).ok()?;
    let header = hop.and_then(|h| h.header("refresh")).and_then(|r| refresh(r, &base));
    let thin = is_thin(&read.page) && read.page.forms.iter().all(|f| f.fields.is_empty());
    let new = |url: &Url| !hops.iter().any(|h| h.url == url.as_str());
    header
        .iter()
        .chain(&read.leads)
        .find(|lead| (lead.by_itself || thin) && lead.after_ms <= MAX_DELAY_MS && new(&lead.url))
        .map(|lead| lead.url.clone())
}

fn is_thin(page: &Page) -> bool {
    page.text.chars().filter(|c| !c.is_whitespace()).count() < THIN_TEXT
}

/// Frames of a page without text of its own, not yet visited, http or https.
fn frames_to_fetch(arrival: &Arrival, hops: &[Hop]) -> Vec<Url> {
    let Some(read) = arrival.read.as_ref().filter(|r| arrival.outcome == Outcome::Captured && is_thin(&r.page)) else { return Vec::new() };
    let mut urls: Vec<Url> = Vec::new();
    for url in read.page.frames.iter().filter_map(|f| Url::parse(f).ok()) {
        let new = !hops.iter().any(|h| h.url == url.as_str()) && !urls.contains(&url);
        if urls.len() < MAX_FRAMES && new && matches!(url.scheme(), "http" | "https") {
            urls.push(url);
        }
    }
    urls
}

/// Puts the capture together. Pure.
fn conclude(
    url: &Url,
    variant: &str,
    (started_at, ended_at): (Timestamp, Timestamp),
    hops: Vec<Hop>,
    arrival: Arrival,
    frames: Vec<(String, Arrival)>,
) -> Capture {
    let final_url = Some(arrival.url).filter(|u| !u.is_empty());
    let mut page = arrival.read.map(|r| r.page);
    if let Some(page) = &mut page {
        for (address, frame) in frames {
            match frame.read {
                Some(read) => take_in(page, &address, read.page),
                None => page.notes.push(format!("frame {address}: {}", frame.outcome.why())),
            }
        }
    }
    Capture {
        requested_url: url.to_string(),
        final_url,
        variant: variant.to_owned(),
        started_at,
        ended_at,
        outcome: arrival.outcome,
        hops,
        page,
    }
}

/// Adds what a frame shows to the page that holds it: a visitor sees one page.
fn take_in(page: &mut Page, address: &str, frame: Page) {
    page.notes.push(format!("text and forms of frame {address} are taken in"));
    for (text, more) in [(&mut page.text, &frame.text), (&mut page.hidden_text, &frame.hidden_text), (&mut page.html, &frame.html)] {
        if !more.is_empty() && text.len() + more.len() <= crate::capture::read::MAX_HTML_BYTES {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(more);
        }
    }
    if page.title.is_empty() {
        page.title = frame.title;
    }
    add(&mut page.forms, frame.forms, crate::capture::forms::MAX_FORMS);
    add(&mut page.links, frame.links, 2_000);
    add(&mut page.scripts, frame.scripts, 500);
    add(&mut page.styles, frame.styles, 500);
    add(&mut page.images, frame.images, 1_000);
    add(&mut page.marks, frame.marks, 2_000);
    add(&mut page.comments, frame.comments, 200);
    add(&mut page.identifiers, frame.identifiers, 64);
    add(&mut page.contacts, frame.contacts, 64);
    add(&mut page.notes, frame.notes, 64);
}
fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>, most: usize) {
    for item in more {
        if all.len() < most && !all.contains(&item) {
            all.push(item);
        }
    }
}
