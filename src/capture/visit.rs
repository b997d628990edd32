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
use url::Url;

/// Most refreshes and script redirects followed.
const MAX_FOLLOWED: usize = 3;
/// Most frames fetched.
const MAX_FRAMES: usize = 4;
/// A refresh later than this is left to the reader.
const MAX_DELAY_MS: u64 = 10_000;
/// When the hops took so long together, nothing more is begun. Each request has net's own cap (`[net] timeout_ms`), so a visit ends
/// this and one such cap after it began; waiting for the host's turn is ours and is not counted.
const BEGIN_WITHIN_MS: u64 = 12_000;

/// Visits `url` as `variant`. When `fall_back` and http does not answer, tries https on the same host.
pub async fn visit(url: &Url, variant: &str, fall_back: bool, net: &Net) -> Capture {
    let mut trip = Trip::new(url, variant, fall_back, net.now());
    while let Some(step) = trip.next() {
        trip.take(net.visit(&step.url, &step.headers).await);
    }
    trip.conclude(net.now())
}

/// What to ask net for next.
#[derive(Debug)]
struct Step {
    url: Url,
    headers: Vec<(String, String)>,
}

/// How far a visit has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    First,
    Https,
    Following(usize),
    Frames,
    Done,
}

/// A visit under way, without the network: says what to ask for, takes what came.
struct Trip {
    url: Url,
    variant: String,
    fall_back: bool,
    started_at: Timestamp,
    stage: Stage,
    hops: Vec<Hop>,
    arrival: Arrival,
    /// The page's last hop.
    at: Option<usize>,
    /// What was asked for last.
    asked: Option<Url>,
    frames_left: Vec<Url>,
    frames: Vec<(Url, Arrival)>,
}

impl Trip {
    fn new(url: &Url, variant: &str, fall_back: bool, started_at: Timestamp) -> Self {
        Self {
            url: url.clone(),
            variant: variant.to_owned(),
            fall_back,
            started_at,
            stage: Stage::First,
            hops: Vec::new(),
            arrival: arrive(None),
            at: None,
            asked: None,
            frames_left: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// The next request of this visit. `None`: it is over.
    fn next(&mut self) -> Option<Step> {
        let in_time = self.hops.iter().map(|h| h.timing.total_ms).sum::<u64>() <= BEGIN_WITHIN_MS;
        let url = match self.stage {
            Stage::First => return Some(self.step(self.url.clone(), headers(&self.variant))),
            Stage::Https => {
                let https = https_instead(&self.url, &self.hops).filter(|_| in_time)?;
                return Some(self.step(https, headers(&self.variant)));
            }
            Stage::Following(_) | Stage::Frames if !in_time => {
                self.arrival.note("out of time: what the page leads to and holds in frames was not fetched".into());
                None
            }
            Stage::Following(n) => match next_address(&self.arrival, self.at.and_then(|n| self.hops.get(n)), &self.hops) {
                Some(url) if n < MAX_FOLLOWED => Some(url),
                more => {
                    if let Some(url) = more {
                        self.arrival.note(format!("leads on to {url}: {MAX_FOLLOWED} were followed, no more"));
                    }
                    self.stage = Stage::Frames;
                    self.frames_left = frames_to_fetch(&self.arrival, &self.hops);
                    self.frames_left.pop()
                }
            },
            Stage::Frames => self.frames_left.pop(),
            Stage::Done => None,
        }?;
        let headers = headers_from(&self.variant, &self.arrival.url);
        Some(self.step(url, headers))
    }
    fn step(&mut self, url: Url, headers: Vec<(String, String)>) -> Step {
        self.asked = Some(url.clone());
        Step { url, headers }
    }

    /// Takes the hops that the last request gave; none where it was given up.
    fn take(&mut self, hops: Vec<Hop>) {
        let before = self.hops.len();
        for mut hop in hops {
            hop.n = u32::try_from(self.hops.len()).unwrap_or(u32::MAX);
            self.hops.push(hop);
        }
        let last = (self.hops.len() > before).then(|| self.hops.len() - 1);
        let there = arrive(last.and_then(|n| self.hops.get(n)));
        match self.stage {
            Stage::First | Stage::Https => {
                // https that came to nothing either does not explain more than http did.
                if self.stage == Stage::First || there.read.is_some() || !there.url.is_empty() {
                    (self.arrival, self.at) = (there, last);
                }
                let fall_back = self.stage == Stage::First && self.fall_back && https_instead(&self.url, &self.hops).is_some();
                self.stage = if fall_back { Stage::Https } else { Stage::Following(0) };
            }
            Stage::Following(n) if there.read.is_some() => {
                (self.arrival, self.at) = (there, last);
                self.stage = Stage::Following(n + 1);
            }
            Stage::Following(_) => {
                let address = self.asked.as_ref().map(Url::to_string).unwrap_or_default();
                self.arrival.note(format!("leads to {address}: {}", there.outcome.why()));
                self.stage = Stage::Frames;
                self.frames_left = frames_to_fetch(&self.arrival, &self.hops);
            }
            Stage::Frames => self.frames.extend(self.asked.clone().map(|url| (url, there))),
            Stage::Done => {}
        }
    }

    /// Puts the capture together.
    fn conclude(mut self, ended_at: Timestamp) -> Capture {
        self.stage = Stage::Done;
        let final_url = Some(self.arrival.url).filter(|u| !u.is_empty());
        let mut page = self.arrival.read.map(|r| r.page);
        if let Some(page) = &mut page {
            for (address, frame) in self.frames {
                match frame.read {
                    Some(read) => take_in(page, address.as_str(), read.page),
                    None => page.notes.push(format!("frame {address}: {}", frame.outcome.why())),
                }
            }
        }
        Capture {
            requested_url: self.url.to_string(),
            final_url,
            variant: self.variant,
            started_at: self.started_at,
            ended_at,
            outcome: self.arrival.outcome,
            hops: self.hops,
            page,
            kept: Vec::new(),
            browser: None,
        }
    }
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

/// Frames of a page without text of its own, not yet visited, http or https; the first one last.
fn frames_to_fetch(arrival: &Arrival, hops: &[Hop]) -> Vec<Url> {
    let Some(read) = arrival.read.as_ref().filter(|r| arrival.outcome == Outcome::Captured && is_thin(&r.page)) else { return Vec::new() };
    let mut urls: Vec<Url> = Vec::new();
    for url in read.page.frames.iter().filter_map(|f| Url::parse(f).ok()) {
        let new = !hops.iter().any(|h| h.url == url.as_str()) && !urls.contains(&url);
        if urls.len() < MAX_FRAMES && new && matches!(url.scheme(), "http" | "https") {
            urls.push(url);
        }
    }
    urls.reverse();
    urls
}

/// Adds what a frame shows to the page that holds it: a visitor sees one page.
pub(super) fn take_in(page: &mut Page, address: &str, frame: Page) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台，请输入证件类型、证件号码、姓名和验证码后点击查询按钮查看结果，证书信息以查询结果为准，如有疑问请联系发证机关。";

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }
    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }
    fn hop(address: &str) -> Hop {
        Hop::begun(0, address.to_owned(), at(0))
    }
    fn page(address: &str, body: &str) -> Vec<Hop> {
        let headers = vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())];
        vec![Hop { status: Some(200), headers, body: body.as_bytes().to_vec(), ..hop(address) }]
    }
    fn trouble(address: &str, outcome: Outcome) -> Vec<Hop> {
        vec![Hop { trouble: Some(outcome), ..hop(address) }]
    }
    /// Runs a visit against answers by URL; whatever is not there refuses the connection. Returns the URLs asked for, too.
    fn run(start: &str, answers: &[(&str, Vec<Hop>)]) -> (Capture, Vec<String>) {
        let mut trip = Trip::new(&url(start), "desktop", true, at(0));
        let mut asked = Vec::new();
        while let Some(step) = trip.next() {
            let address = step.url.to_string();
            let found = answers.iter().find(|(a, _)| *a == address).map(|(_, hops)| hops.clone());
            trip.take(found.unwrap_or_else(|| trouble(&address, Outcome::Unreachable { why: "connection refused".into() })));
            asked.push(address);
            assert!(asked.len() < 20, "{asked:?}");
        }
        (trip.conclude(at(1)), asked)
    }
    fn notes(capture: &Capture) -> String {
        capture.page.as_ref().map(|p| p.notes.join("\n")).unwrap_or_default()
    }

    #[test]
    fn a_page_is_captured_whatever_its_status() {
        let mut hops = page("http://a.example/", LONG);
        hops[0].status = Some(404);
        let (capture, asked) = run("http://a.example/", &[("http://a.example/", hops)]);
        assert_eq!((capture.outcome.clone(), capture.final_url.as_deref()), (Outcome::Captured, Some("http://a.example/")));
        assert_eq!(capture.page.map(|p| p.text).as_deref(), Some(LONG));
        assert_eq!(asked.len(), 1);
    }

    #[test]
    fn https_is_tried_where_http_does_not_answer_and_both_hops_are_kept() {
        let (capture, asked) = run("http://a.example/", &[("https://a.example/", page("https://a.example/", LONG))]);
        assert_eq!(asked, ["http://a.example/", "https://a.example/"]);
        assert_eq!(capture.outcome, Outcome::Captured);
        assert_eq!(
            capture.hops.iter().map(|h| (h.n, h.url.as_str())).collect::<Vec<_>>(),
            [(0, "http://a.example/"), (1, "https://a.example/")]
        );
        let (dead, asked) = run("http://b.example/", &[]);
        assert_eq!(asked.len(), 2);
        assert_eq!((dead.outcome, dead.final_url), (Outcome::Unreachable { why: "connection refused".into() }, None));
    }

    #[test]
    fn a_refusal_by_the_guard_is_final() {
        let refused = Outcome::RefusedByGuard { address: "10.0.0.1".into(), why: "private".into() };
        let (capture, asked) = run("http://a.example/", &[("http://a.example/", trouble("http://a.example/", refused.clone()))]);
        assert_eq!((capture.outcome, capture.page, asked.len()), (refused, None, 1));
    }

    #[test]
    fn refreshes_headers_and_scripts_are_followed_in_turn() {
        let mut by_header = page("http://a.example/3", "跳转");
        by_header[0].headers.push(("Refresh".into(), "0; url=/4".into()));
        let (capture, asked) = run(
            "http://a.example/",
            &[
                ("http://a.example/", page("http://a.example/", "<meta http-equiv=refresh content='0;url=/2'>")),
                (
                    "http://a.example/2",
                    page("http://a.example/2", "<script>setTimeout(\"go()\",2000);function go(){location.href='/3'}</script>"),
                ),
                ("http://a.example/3", by_header),
                ("http://a.example/4", page("http://a.example/4", LONG)),
            ],
        );
        assert_eq!(asked.len(), 4, "{asked:?}");
        assert_eq!(capture.final_url.as_deref(), Some("http://a.example/4"));
        assert_eq!(capture.hops.len(), 4);
    }

    #[test]
    fn a_circle_ends_and_a_long_chain_is_cut_with_a_note() {
        let link = |n: usize| {
            (format!("http://a.example/{n}"), page(&format!("http://a.example/{n}"), &format!("<script>location='/{}'</script>", n + 1)))
        };
        let chain: Vec<(String, Vec<Hop>)> = (0..9).map(link).collect();
        let answers: Vec<(&str, Vec<Hop>)> = chain.iter().map(|(a, h)| (a.as_str(), h.clone())).collect();
        let (capture, asked) = run("http://a.example/0", &answers);
        assert_eq!(asked.len(), 1 + MAX_FOLLOWED);
        assert!(notes(&capture).contains("leads on to http://a.example/4"), "{}", notes(&capture));
        let (_, asked) = run(
            "http://a.example/0",
            &[("http://a.example/0", page("http://a.example/0", "<meta http-equiv=refresh content='1;url=/0'>"))],
        );
        assert_eq!(asked.len(), 1);
    }

    #[test]
    fn a_page_that_leads_to_a_dead_place_is_kept_with_a_note() {
        let start = page("http://a.example/", &format!("{LONG}<script>location.replace('http://dead.example/')</script>"));
        let (capture, _) = run("http://a.example/", &[("http://a.example/", start)]);
        assert_eq!(capture.outcome, Outcome::Captured);
        assert!(notes(&capture).contains("http://dead.example/: no answer: connection refused"), "{}", notes(&capture));
    }

    #[test]
    fn what_waits_for_a_click_or_for_a_minute_is_not_followed() {
        let body =
            format!("{LONG}<meta http-equiv=refresh content='60;url=/later'><script>function go(){{location.href='/click'}}</script>");
        let (_, asked) = run("http://a.example/", &[("http://a.example/", page("http://a.example/", &body))]);
        assert_eq!(asked, ["http://a.example/"]);
    }

    #[test]
    fn the_frames_of_a_frameset_are_taken_in() {
        let (capture, asked) = run(
            "http://a.example/",
            &[
                (
                    "http://a.example/",
                    page(
                        "http://a.example/",
                        "<title>查询</title><frameset><frame src=/top><frame src=/main><frame src='javascript:0'></frameset>",
                    ),
                ),
                ("http://a.example/main", page("http://a.example/main", &format!("{LONG}<form><input placeholder=请输入姓名></form>"))),
            ],
        );
        assert_eq!(asked, ["http://a.example/", "http://a.example/top", "http://a.example/main"]);
        let page = capture.page.as_ref().expect("a page");
        assert!(page.text.contains(LONG) && page.forms.len() == 1 && page.title == "查询");
        assert!(notes(&capture).contains("frame http://a.example/top: no answer"), "{}", notes(&capture));
        assert_eq!(capture.final_url.as_deref(), Some("http://a.example/"));
    }

    #[test]
    fn a_body_cut_at_its_cap_is_read_all_the_same() {
        let mut hops = page("http://a.example/", LONG);
        hops[0].trouble = Some(Outcome::TooLarge { limit_bytes: 100 });
        let (capture, _) = run("http://a.example/", &[("http://a.example/", hops)]);
        assert_eq!(capture.outcome, Outcome::TooLarge { limit_bytes: 100 });
        assert!(capture.page.is_some_and(|p| p.text == LONG));
    }

    #[test]
    fn a_download_is_no_page() {
        let (capture, _) = run("http://a.example/", &[("http://a.example/", page("http://a.example/", "%PDF-1.4"))]);
        assert_eq!((capture.outcome, capture.page), (Outcome::NotHtml { media_type: "application/pdf".into() }, None));
        let (empty, _) = run("http://a.example/", &[("http://a.example/", page("http://a.example/", ""))]);
        assert_eq!(empty.outcome.word(), "not_html");
    }

    #[test]
    fn nothing_new_is_begun_when_time_is_up() {
        let mut trip = Trip::new(&url("http://a.example/"), "desktop", true, at(0));
        assert!(trip.next().is_some());
        let mut slow = page("http://a.example/", "<meta http-equiv=refresh content='0;url=/2'>");
        slow[0].timing.total_ms = 12_001;
        trip.take(slow);
        assert!(trip.next().is_none());
        assert!(notes(&trip.conclude(at(20_000))).contains("out of time"));
    }

    #[test]
    fn https_is_not_tried_where_http_took_all_the_time() {
        for (took, tried) in [(5_000, true), (15_000, false)] {
            let mut trip = Trip::new(&url("http://a.example/"), "desktop", true, at(0));
            assert!(trip.next().is_some());
            let mut silent = trouble("http://a.example/", Outcome::TimedOut { after_ms: took });
            silent[0].timing.total_ms = took;
            trip.take(silent);
            assert_eq!(trip.next().is_some(), tried, "after {took} ms");
        }
    }

    #[test]
    fn a_step_within_a_visit_names_the_page_that_it_comes_from() {
        let mut trip = Trip::new(&url("http://a.example/"), "wechat", true, at(0));
        let first = trip.next().expect("a first step");
        assert!(first.headers.iter().all(|(n, _)| n != "Referer"));
        trip.take(page("http://a.example/", "<meta http-equiv=refresh content='0;url=/2'>"));
        let second = trip.next().expect("a second step");
        assert!(second.headers.contains(&("Referer".to_owned(), "http://a.example/".to_owned())));
    }
}
