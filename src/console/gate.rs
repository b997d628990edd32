//! The gate: what every request passes before a page sees it. Host, size, session or token, role, form token, origin; and the headers of every answer.
//! A page's own code runs only when all of it holds. Refusals say little to strangers.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::forms::Pairs;
use crate::console::routes::{ROUTES, Route, Who};
use crate::console::secrets::{print_of, same};
use crate::console::{Desk, layout};
use crate::model::lang::Lang;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::{MethodFilter, on};
use std::sync::Arc;

/// Largest body, in bytes.
pub(super) const MAX_BODY: usize = 64 << 10;
/// Longest query string, in bytes.
const MAX_QUERY: usize = 4 << 10;
/// What a page may load and do: nothing but our own sheet, script and pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'none'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'";
/// What a captured picture may do: nothing.
const PICTURE_POLICY: &str = "default-src 'none'; sandbox";

/// All of the table as a router.
pub(super) fn router(desk: &Arc<Desk>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let desk = desk.clone();
        let filter = if route.method == "POST" { MethodFilter::POST } else { MethodFilter::GET };
        router = router.route(route.path, on(filter, move |path: RawPathParams, request: Request| answer(desk, route, path, request)));
    }
    let (none, other) = (desk.clone(), desk.clone());
    // Another method on a known path does not exist either, and its answer is dressed like all.
    router
        .fallback(move |request: Request| stranger(none.clone(), request))
        .method_not_allowed_fallback(move |request: Request| stranger(other.clone(), request))
}

async fn stranger(desk: Arc<Desk>, request: Request) -> Response<Body> {
    let lang = desk.lang;
    dress(&desk, refuse(Refusal::NotFound, lang, false, request.uri().path().starts_with("/api/")))
}

async fn answer(desk: Arc<Desk>, route: &'static Route, path: RawPathParams, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let json = route.path.starts_with("/api/");
    let script = head.headers.get("x-jianwei").is_some();
    let refused = |refusal| refuse(refusal, desk.lang, script, json);
    let path: Vec<String> = path.iter().map(|(_, v)| v.to_owned()).collect();
    let bytes = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(_) => return dress(&desk, refused(Refusal::Told(413, "body too large".into()))),
    };
    let work = desk.clone();
    let asked = Asked { route, path, uri: head.uri, method: head.method, headers: head.headers, body: bytes, script };
    let done = tokio::task::spawn_blocking(move || asked.serve(&work)).await;
    let reply = done.unwrap_or_else(|_| refused(Refusal::Broken("a page's code ended early".into())));
    dress(&desk, reply)
}

/// One request, taken apart.
struct Asked {
    route: &'static Route,
    path: Vec<String>,
    uri: axum::http::Uri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    script: bool,
}

impl Asked {
    fn serve(self, desk: &Desk) -> Response<Body> {
        let json = self.route.path.starts_with("/api/");
        let mut lang = desk.lang;
        let done = self.admit(desk).and_then(|call| {
            lang = call.lang;
            (self.route.run)(desk, &call)
        });
        match done {
            Ok(reply) => make(reply),
            Err(refusal) => refuse(refusal, lang, self.script, json),
        }
    }
    /// Everything that is asked of a request before its page runs.
    fn admit(&self, desk: &Desk) -> Result<Call, Refusal> {
        self.addressed_to_us(desk)?;
        let query = self.uri.query().unwrap_or_default();
        if query.len() > MAX_QUERY {
            return Err(Refusal::Told(414, "query too long".into()));
        }
        let now = desk.now();
        let cookie = |name: &str| self.cookie(name);
        let session = cookie(cookie_name(desk)).and_then(|secret| desk.sessions.of(&secret, now));
        let person = session.as_ref().and_then(|s| desk.records.person(&s.name).filter(|p| !p.disabled && p.epoch == s.epoch));
        let session = session.filter(|_| person.is_some());
        let mut call = Call {
            lang: session.as_ref().map_or(desk.lang, |s| s.lang),
            person,
            session,
            path: self.path.clone(),
            here: self.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            host: self.host(),
            query: Pairs::parse(query.as_bytes()),
            form: Pairs::default(),
            script: self.script,
            pre: cookie("jw_pre").filter(|p| p.len() == 64).unwrap_or_default(),
            now,
        };
        match self.route.who {
            Who::Anyone => {}
            Who::Token(roles) => return self.by_token(desk, call, roles),
            Who::Signed | Who::Roles(_) => {
                let Some(person) = &call.person else { return Err(self.must_sign_in(&call)) };
                if person.must_change && !matches!(self.route.path, "/account" | "/account/password" | "/logout" | "/language") {
                    return Err(Refusal::Told(303, "/account".into()));
                }
                if let Who::Roles(roles) = self.route.who
                    && !roles.contains(&person.role)
                {
                    return Err(Refusal::Told(403, call.t("您的角色不能这样做。", "Your role does not allow this.").into()));
                }
            }
        }
        if self.method == Method::POST {
            self.meant_by_a_person(&mut call)?;
        }
        Ok(call)
    }
    fn must_sign_in(&self, call: &Call) -> Refusal {
        if self.method == Method::GET && !self.script {
            return Refusal::Told(303, "/login".into());
        }
        Refusal::Told(401, call.t("请先登录。", "Log in first.").into())
    }
    /// A name that is not ours in `Host` is a browser led here by somebody else's DNS.
    fn addressed_to_us(&self, desk: &Desk) -> Result<(), Refusal> {
        let host = self.host();
        let name = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
        if host.is_empty() || !(desk.hosts.is_empty() || desk.hosts.iter().any(|h| Some(h.as_str()) == name)) {
            return Err(Refusal::Told(421, "this is not the server of that name".into()));
        }
        Ok(())
    }
    fn host(&self) -> String {
        self.header("host").to_lowercase()
    }
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
    fn cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        all.flat_map(|v| v.split(';')).filter_map(|c| c.trim().split_once('=')).find(|(k, _)| *k == name).map(|(_, v)| v.to_owned())
    }
    /// A change comes from a form of ours: same origin, and the session's token.
    fn meant_by_a_person(&self, call: &mut Call) -> Result<(), Refusal> {
        let origin = self.header("origin").to_lowercase();
        let from = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
        if from.is_empty() || from != self.host() {
            return Err(Refusal::Told(403, "foreign origin".into()));
        }
        if !self.header("content-type").starts_with("application/x-www-form-urlencoded") {
            return Err(Refusal::Told(415, "a form is needed".into()));
        }
        call.form = Pairs::parse(&self.body);
        let given = call.form.get("csrf").unwrap_or_else(|| self.header("x-csrf")).to_owned();
        if call.csrf().is_empty() || !same(&given, call.csrf()) {
            return Err(Refusal::Told(403, call.t("表单已失效，请刷新页面后重试。", "This form has expired; reload the page.").into()));
        }
        Ok(())
    }
    fn by_token(&self, desk: &Desk, mut call: Call, roles: &[crate::records::Role]) -> Result<Call, Refusal> {
        // A browser's cookies open nothing here: what has no token cannot be forged by a foreign page.
        (call.session, call.person) = (None, None);
        let token = self.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let person = desk.records.person_of_token(&print_of(token)).ok_or(Refusal::Told(401, "a bearer token is needed".into()))?;
        if !roles.contains(&person.role) {
            return Err(Refusal::Told(403, "the token's role does not allow this".into()));
        }
        call.person = Some(person);
        call.lang = if call.query.get("lang") == Some("en") { Lang::En } else { desk.lang };
        if self.method == Method::POST {
            if !self.header("content-type").starts_with("application/json") {
                return Err(Refusal::Told(415, "application/json is needed".into()));
            }
            let text = std::str::from_utf8(&self.body).map_err(|_| Refusal::Told(400, "not UTF-8".into()))?;
            call.form = Pairs::raw(text.to_owned());
        }
        Ok(call)
    }
}

/// Name of the session's cookie.
pub(super) fn cookie_name(desk: &Desk) -> &'static str {
    if desk.secure { "__Host-jw" } else { "jw" }
}

/// A cookie that scripts cannot read and other sites' forms do not send. An empty value removes it.
pub(super) fn cookie(desk: &Desk, name: &str, value: &str) -> String {
    let secure = if desk.secure { "; Secure" } else { "" };
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
}

fn make(reply: Reply) -> Response<Body> {
    let page = |status: u16, html: String| build(status, "text/html; charset=utf-8", html.into_bytes());
    match reply {
        Reply::Page(html) => page(200, html.into_string()),
        Reply::Status(status, html) => page(status, html.into_string()),
        Reply::Framing(html, origin) => {
            with(page(200, html.into_string()), header::CONTENT_SECURITY_POLICY, &format!("{POLICY}; frame-src {origin}"))
        }
        Reply::PageWith(html, cookie) => with(page(200, html.into_string()), header::SET_COOKIE, &cookie),
        Reply::See(to) => with(build(303, "text/plain", Vec::new()), header::LOCATION, &to),
        Reply::SeeWith(to, cookies) => {
            let seen = with(build(303, "text/plain", Vec::new()), header::LOCATION, &to);
            cookies.iter().fold(seen, |r, c| with(r, header::SET_COOKIE, c))
        }
        Reply::File(media, name, bytes, keep) => {
            let mut response = build(200, media, bytes);
            if let Some(name) = name {
                response = with(response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
            }
            if keep {
                response = with(response, header::CACHE_CONTROL, "private, max-age=31536000, immutable");
            }
            if media.starts_with("image/") {
                response = with(response, header::CONTENT_SECURITY_POLICY, PICTURE_POLICY);
            }
            response
        }
        Reply::Json(status, value) => build(status, "application/json", value.to_string().into_bytes()),
    }
}

fn refuse(refusal: Refusal, lang: Lang, script: bool, json: bool) -> Response<Body> {
    let (status, text) = match refusal {
        Refusal::NotFound => (404, lang.pick("没有这个页面或线索。", "There is no such page or lead.").to_owned()),
        Refusal::Told(303, to) => return make(Reply::See(to)),
        Refusal::Told(status, text) => (status, text),
        Refusal::Broken(why) => {
            tracing::error!("console: {why}");
            (500, lang.pick("程序出错，请告知管理员查看日志。", "Something broke; tell an administrator to look at the log.").to_owned())
        }
    };
    if script || json {
        return make(Reply::Json(status, serde_json::json!({ "ok": false, "error": text })));
    }
    make(Reply::Status(status, layout::bare(lang, status, &text)))
}

fn build(status: u16, media: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with(response, header::CONTENT_TYPE, media)
}

fn with(mut response: Response<Body>, name: header::HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
    response
}

/// The headers that no answer lacks.
fn dress(desk: &Desk, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", POLICY);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), microphone=(), geolocation=()");
    set("x-frame-options", "DENY");
    set("cache-control", "no-store");
    if desk.secure {
        set("strict-transport-security", "max-age=31536000");
    }
    response
}
