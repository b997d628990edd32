//! Replay: what a package holds of a page, shown again as a still on an origin of its own, inside a frame of the console's page, without scripts and
//! without any network but that origin. Who opens one is journalled; a ticket opens that one package, for that session, for ten minutes.
//! The browser is told the same thing four times: a sandbox on the frame, a sandbox in the answer, a policy that lets only this ticket's own files load,
//! and a policy on the console's page that lets the frame go nowhere else. Where a browser does not say that it asks for a frame, nothing is shown.

mod still;

use crate::console::call::{Call, Refusal, Reply};
use crate::console::inert::inert;
use crate::console::layout::{hidden, host_mark, moment, page};
use crate::console::pages::moves::refused;
use crate::console::secrets::{print_of, token};
use crate::console::{Desk, pictures};
use crate::evidence;
use crate::model::lead::{LeadId, Move};
use crate::model::time::Timestamp;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path as Segments, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::get;
use maud::html;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// How long a ticket opens its package, in milliseconds.
const VALID_MS: i64 = 10 * 60 * 1000;
/// Tickets at once; the oldest goes first.
const MAX_TICKETS: usize = 500;
/// Largest file of a page that is shown, in bytes.
const MAX_FILE: u64 = 16 << 20;
/// What the origin says to whoever has no ticket, or asks for no frame.
const NOTHING: &str = "nothing here; a replay is opened from a lead's page\n";

/// Where replays stand.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Port beside the console's own.
    port: u16,
    /// The address under which people reach it, where a proxy stands before it.
    url: Option<String>,
}

/// What one ticket opens.
#[derive(Clone)]
struct Shown {
    session: String,
    lead: LeadId,
    package: PathBuf,
    /// The markup's path in the package, and the address it stood at.
    markup: String,
    base: Url,
    /// Address, path and media type of every file that may be shown.
    files: Vec<(String, String, String)>,
    /// Whose page may frame it, and where it stands itself.
    framed_by: String,
    origin: String,
    until: Timestamp,
}

/// All tickets, by their hash.
#[derive(Default)]
pub(super) struct Tickets(Mutex<HashMap<String, Shown>>);

impl Tickets {
    fn give(&self, shown: Shown) -> String {
        let secret = token();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_TICKETS
            && let Some(oldest) = all.iter().min_by_key(|(_, s)| s.until).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        all.insert(print_of(&secret), shown);
        secret
    }
    fn of(&self, secret: &str, now: Timestamp) -> Option<Shown> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, shown| now < shown.until);
        all.get(&print_of(secret)).cloned()
    }
}

impl Desk {
    /// Replays are served at this port of the same machine; `url`: how people reach it, where a proxy stands before it.
    pub fn replay_at(&mut self, port: u16, url: Option<String>) {
        self.replay = Some(Place { port, url });
    }
    /// Are replays served?
    pub(super) fn replays(&self) -> bool {
        self.replay.is_some()
    }
}

/// What a session that was asked for at `host` sees as the console's origin and as the replays'.
fn origins(desk: &Desk, host: &str) -> Option<(String, String)> {
    let place = desk.replay.as_ref()?;
    let scheme = if desk.secure { "https" } else { "http" };
    let own = desk.public.clone().unwrap_or_else(|| format!("{scheme}://{host}"));
    let name = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() }?;
    Some((own, place.url.clone().unwrap_or_else(|| format!("{scheme}://{name}:{}", place.port))))
}

/// `POST /leads/{id}/replay/open`: journalled first, as the page stands there with whatever numbers it shows.
pub(super) fn open(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let wanted = call.form.text("package");
    let package = lead.packages.iter().find(|p| p.id == wanted).ok_or(Refusal::NotFound)?;
    let (framed_by, origin) = origins(desk, &call.host).ok_or(Refusal::NotFound)?;
    let path = PathBuf::from(&package.path);
    let unreadable = |why: &str| Refusal::Told(409, format!("{}{why}", call.t("证据包无法重放：", "the package cannot be replayed: ")));
    let dossier = evidence::read(&desk.evidence, &path).map_err(|e| unreadable(&e.to_string()))?.dossier;
    let shown = dossier.captures.iter().position(|c| c.page.is_some()).ok_or_else(|| unreadable(call.t("没有网页", "it holds no page")))?;
    let (capture, folder) = (&dossier.captures[shown], dossier.view_folder(shown));
    let address = capture.final_url.as_deref().unwrap_or(&capture.requested_url);
    let base = Url::parse(address).map_err(|e| unreadable(&e.to_string()))?;
    // After its scripts, where a browser was there; else as it came.
    let rendered = capture.kept.iter().any(|k| k.path == "dom.html");
    let markup = format!("{folder}{}", if rendered { "dom.html" } else { "source.txt" });
    let fit = |media: &str| media == "text/css" || pictures::is_shown(media);
    let kept = capture.kept.iter().filter(|k| fit(&k.media_type));
    let files = kept.filter_map(|k| Some((k.url.clone()?, format!("{folder}{}", k.path), k.media_type.clone()))).collect();
    let session = call.session.as_ref().map(|s| s.key.clone()).ok_or(Refusal::NotFound)?;
    let told = Move::Unmask { package: package.id.clone() };
    desk.records.decide_by(&lead.id, told, call.name(), call.now).map_err(|e| refused(call.lang, e))?;
    let until = call.now.plus_millis(VALID_MS);
    let shown = Shown { session, lead: lead.id.clone(), package: path, markup, base, files, framed_by, origin, until };
    let ticket = desk.tickets.give(shown);
    Ok(Reply::See(format!("/leads/{}/replay/{ticket}", lead.id)))
}

/// `GET /leads/{id}/replay/{ticket}`: the frame, for the session that opened it.
pub(super) fn frame(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let lead = call.lead(desk)?;
    let ticket = call.path.get(1).map(String::as_str).unwrap_or_default();
    let shown = desk.tickets.of(ticket, call.now).ok_or(Refusal::NotFound)?;
    if shown.lead != lead.id || call.session.as_ref().is_none_or(|s| s.key != shown.session) {
        return Err(Refusal::NotFound);
    }
    let package = shown.package.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let at = lead.packages.iter().find(|p| p.id == package).map(|p| p.captured_at);
    let body = html! {
        header.lead-head {
            div.line { a.button.quiet href={"/leads/" (lead.id)} { "← " (lead.id) } }
            h1 { (call.t("重放", "Replay")) " · " (host_mark(&lead.candidate.host)) }
            p.aside {
                (call.t(
                    "以下是固定时保存的网页的静态重放，不是网站本身：不运行脚本，不访问网络，链接和表单不起作用；证据包中没有的图片不显示。",
                    "A still of the page as it was kept, not the site itself: no script runs, nothing is fetched, links and forms do nothing; pictures that the package lacks are not shown.",
                ))
                " " (inert(&package, 60)) @if let Some(at) = at { " · " (moment(at)) }
            }
        }
        iframe.replay sandbox="" referrerpolicy="no-referrer" title=(call.t("网页重放", "the page, replayed")) src={(shown.origin) "/" (ticket) "/"} {}
        form method="post" action={"/leads/" (lead.id) "/replay"} {
            (hidden(call)) input type="hidden" name="package" value=(package); button { (call.t("下载 WACZ", "Download the WACZ")) }
        }
    };
    match page(desk, call, "/queue", call.t("重放", "Replay"), &body) {
        Reply::Page(html) => Ok(Reply::Framing(html, shown.origin)),
        other => Ok(other),
    }
}

/// The origin of replays.
pub(super) fn router(desk: &Arc<Desk>) -> Router {
    let router = Router::new().route("/{ticket}/", get(document)).route("/{ticket}/{n}", get(file));
    router.fallback(|| async { refusal() }).method_not_allowed_fallback(|| async { refusal() }).with_state(desk.clone())
}

async fn document(State(desk): State<Arc<Desk>>, Segments(ticket): Segments<String>, headers: HeaderMap) -> Response<Body> {
    // Alone in a tab it would not stand inside the walls of the console's page.
    let framed = headers.get("sec-fetch-dest").is_some_and(|d| d.as_bytes() == b"iframe");
    answered(move || {
        let shown = desk.tickets.of(&ticket, desk.now()).filter(|_| framed)?;
        let bytes = evidence::file(&desk.evidence, &shown.package, &shown.markup, still::MAX_BYTES as u64).ok()?;
        let find = |url: &str| shown.files.iter().position(|(known, ..)| known == url);
        let made = still::page(&String::from_utf8_lossy(&bytes), &shown.base, &find);
        // Said in both languages: the frame knows no session.
        let text = made.unwrap_or_else(|| {
            "<!doctype html><p>网页结构无法可靠解析，不能重放；请看截图。<p>The markup cannot be read without doubt: see the picture."
                .into()
        });
        Some(dressed(&shown, &ticket, "text/html; charset=utf-8", text.into_bytes()))
    })
    .await
}

async fn file(State(desk): State<Arc<Desk>>, Segments((ticket, n)): Segments<(String, usize)>) -> Response<Body> {
    answered(move || {
        let shown = desk.tickets.of(&ticket, desk.now())?;
        let (url, path, media) = shown.files.get(n)?;
        let mut bytes = evidence::file(&desk.evidence, &shown.package, path, MAX_FILE).ok()?;
        if media == "text/css" {
            let base = Url::parse(url).ok()?;
            let find = |url: &str| shown.files.iter().position(|(known, ..)| known == url);
            bytes = still::sheet(&String::from_utf8_lossy(&bytes), &base, &find).into_bytes();
        }
        Some(dressed(&shown, &ticket, media, bytes))
    })
    .await
}

async fn answered(make: impl FnOnce() -> Option<Response<Body>> + Send + 'static) -> Response<Body> {
    tokio::task::spawn_blocking(make).await.ok().flatten().unwrap_or_else(refusal)
}

/// What every answer carries: nothing but this ticket's own pictures and sheets, nothing that acts.
fn dressed(shown: &Shown, ticket: &str, media: &str, bytes: Vec<u8>) -> Response<Body> {
    let own = format!("{}/{ticket}/", shown.origin);
    let policy = format!(
        "sandbox; default-src 'none'; img-src {own} data:; style-src {own} 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        shown.framed_by
    );
    let mut response = Response::new(Body::from(bytes));
    for (name, value) in [(header::CONTENT_TYPE, media), (header::CONTENT_SECURITY_POLICY, policy.as_str())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    harmless(response)
}

fn refusal() -> Response<Body> {
    let mut response = Response::new(Body::from(NOTHING));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"));
    harmless(response)
}

fn harmless(mut response: Response<Body>) -> Response<Body> {
    let all = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-dns-prefetch-control", "off"),
        ("cache-control", "no-store"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in all {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
