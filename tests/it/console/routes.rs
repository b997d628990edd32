//! Every route with every role, and every way to ask without right. The table here is written by hand: a route that is new in the program and not here fails.

use crate::console::{FORM, Person, Served};
use jianwei::console::ROUTES;

const REVIEW: &[&str] = &["analyst", "approver"];
const APPROVE: &[&str] = &["approver"];
const ADMIN: &[&str] = &["admin"];
const AUDIT: &[&str] = &["approver", "admin", "auditor"];
const ALL: &[&str] = &["analyst", "approver", "admin", "auditor"];
const EXPORT: &[&str] = &["analyst", "approver", "auditor"];
/// Anyone may ask, without an account.
const OPEN: &[&str] = &["open"];
/// Programs with a token: another test.
const TOKEN: &[&str] = &["token"];

/// Method, path, who.
const RULES: &[(&str, &str, &[&str])] = &[
    ("GET", "/", ALL),
    ("GET", "/assets/{name}", OPEN),
    ("GET", "/login", OPEN),
    ("POST", "/login", OPEN),
    ("POST", "/logout", ALL),
    ("POST", "/language", ALL),
    ("GET", "/queue", ALL),
    ("POST", "/queue/looked", ALL),
    ("POST", "/queue/filters", ALL),
    ("POST", "/queue/filters/drop", ALL),
    ("POST", "/queue/bulk/claim", REVIEW),
    ("POST", "/queue/bulk/dismiss", REVIEW),
    ("POST", "/queue/bulk/cluster", REVIEW),
    ("POST", "/export", EXPORT),
    ("GET", "/leads/{id}", ALL),
    ("GET", "/leads/{id}/picture/{package}/{n}", ALL),
    ("GET", "/leads/{id}/boxes/{package}/{n}", ALL),
    ("POST", "/leads/{id}/replay", REVIEW),
    ("POST", "/leads/{id}/replay/open", REVIEW),
    ("GET", "/leads/{id}/replay/{ticket}", REVIEW),
    ("POST", "/leads/{id}/claim", REVIEW),
    ("POST", "/leads/{id}/release", REVIEW),
    ("POST", "/leads/{id}/confirm", REVIEW),
    ("POST", "/leads/{id}/dismiss", REVIEW),
    ("POST", "/leads/{id}/reopen", REVIEW),
    ("POST", "/leads/{id}/undo", REVIEW),
    ("POST", "/leads/{id}/note", REVIEW),
    ("POST", "/leads/{id}/recapture", REVIEW),
    ("POST", "/leads/{id}/merge", REVIEW),
    ("POST", "/leads/{id}/unmerge", REVIEW),
    ("POST", "/leads/{id}/unmask", REVIEW),
    ("POST", "/leads/{id}/approve", APPROVE),
    ("POST", "/leads/{id}/refer", APPROVE),
    ("POST", "/leads/{id}/outcome", APPROVE),
    ("GET", "/overview", ALL),
    ("GET", "/sources", ALL),
    ("GET", "/audit", AUDIT),
    ("GET", "/audit.csv", AUDIT),
    ("GET", "/people", ADMIN),
    ("POST", "/people/add", ADMIN),
    ("POST", "/people/{name}/disable", ADMIN),
    ("POST", "/people/{name}/enable", ADMIN),
    ("POST", "/people/{name}/reset", ADMIN),
    ("POST", "/people/{name}/role", ADMIN),
    ("GET", "/account", ALL),
    ("POST", "/account/password", ALL),
    ("POST", "/account/totp", ALL),
    ("POST", "/account/totp/off", ALL),
    ("POST", "/account/tokens", ALL),
    ("POST", "/account/tokens/revoke", ALL),
    ("GET", "/api/v1/openapi.json", OPEN),
    ("GET", "/api/v1/leads", TOKEN),
    ("GET", "/api/v1/leads/{id}", TOKEN),
    ("GET", "/api/v1/leads/{id}/packages", TOKEN),
    ("POST", "/api/v1/leads/{id}/decisions", TOKEN),
    ("POST", "/api/v1/tips", TOKEN),
];

/// A path with values that name nothing.
fn filled(path: &str) -> String {
    path.replace("{id}", "XS-0000000000")
        .replace("{package}", "last")
        .replace("{n}", "0")
        .replace("{name}", "nobody.css")
        .replace("{ticket}", &"0".repeat(64))
}

fn ask(person: &Person<'_>, method: &str, path: &str) -> u16 {
    if method == "GET" { person.get(path).status } else { person.post(path, &[]).status }
}

#[test]
fn every_route_has_a_rule_here_and_keeps_it_for_every_role() {
    let known: Vec<(&str, &str)> = RULES.iter().map(|(m, p, _)| (*m, *p)).collect();
    let there: Vec<(&str, &str)> = ROUTES.iter().map(|r| (r.method, r.path)).collect();
    assert_eq!(there, known, "the program's routes are those with a rule here");
    let served = Served::with(|_, _| {});
    for role in ALL {
        for (method, path, who) in RULES.iter().filter(|(_, p, _)| !matches!(*p, "/logout" | "/login")) {
            // Logged in anew where a page may have ended the session (three wrong passwords do not lock).
            let person = served.login(role);
            let status = ask(&person, method, &filled(path));
            match *who {
                who if who == OPEN => assert!(matches!(status, 200 | 404), "{method} {path} for {role}: {status}"),
                who if who == TOKEN => assert_eq!(status, 401, "{method} {path} for {role}: a cookie opens no API"),
                who if who.contains(role) => assert!(!matches!(status, 401 | 403), "{method} {path} for {role}: {status}"),
                _ => assert_eq!(status, 403, "{method} {path} for {role}"),
            }
        }
    }
}

#[test]
fn nobody_no_token_a_foreign_origin_and_a_foreign_name_are_refused_on_every_route() {
    let served = Served::with(|_, _| {});
    let person = served.login("approver");
    let origin = served.origin();
    for (method, path, who) in RULES {
        let path = filled(path);
        let plain = served.request(method, &path, &[("origin", &origin), FORM], b"");
        if *who != OPEN {
            let to_login = *method == "GET" && plain.status == 303 && plain.header("location") == Some("/login");
            assert!(plain.status == 401 || to_login, "{method} {path} without a session: {}", plain.status);
        }
        let rebound = served.request(method, &path, &[("host", "evil.example"), ("cookie", &person.cookie)], b"");
        assert_eq!(rebound.status, 421, "{method} {path} under a foreign name");
        if *method == "POST" && *who != TOKEN {
            let with = format!("csrf={}", person.csrf);
            for (from, body, what) in [
                ("http://evil.example", with.as_str(), "foreign origin"),
                ("null", &with, "null origin"),
                (origin.as_str(), "", "no form token"),
                (&origin, "csrf=0000", "wrong form token"),
            ] {
                let answer = served.request("POST", &path, &[("cookie", &person.cookie), ("origin", from), FORM], body.as_bytes());
                assert_eq!(answer.status, 403, "{path}: {what}");
            }
            let silent = served.request("POST", &path, &[("cookie", &person.cookie), FORM], with.as_bytes());
            assert_eq!(silent.status, 403, "{path}: no origin");
            let large = vec![b'x'; (64 << 10) + 1];
            let answer = served.request("POST", &path, &[("cookie", &person.cookie), ("origin", &origin), FORM], &large);
            assert_eq!(answer.status, 413, "{path}: an oversized body");
        }
    }
}

#[test]
fn guessed_ids_and_path_tricks_find_nothing_and_every_answer_is_armoured() {
    let served = Served::with(|_, _| {});
    let person = served.login("approver");
    for path in [
        "/leads/XS-0000000000",
        "/leads/..%2f..%2fpeople.json",
        "/leads/XS-0000000000/picture/..%2f..%2f/0",
        "/leads/XS-0000000000/picture/last/-1",
        "/assets/..%2f..%2fpeople.json",
        "/../../etc/passwd",
        "/%00",
        "//evil.example/",
        "/leads/%ff%fe",
        "/queue/../people",
    ] {
        let answer = person.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("argon2"), "{path}");
        for (header, holds) in
            [("content-security-policy", "default-src 'none'"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")]
        {
            // What is no HTTP at all is answered before any page.
            assert!(answer.status == 400 || answer.header(header).is_some_and(|v| v.contains(holds)), "{path}: {header}");
        }
    }
    let document = served.request("GET", "/api/v1/openapi.json", &[], b"").json();
    assert_eq!(document["openapi"], "3.1.0");
    let page = person.get("/queue");
    let text = page.text();
    assert!(!text.contains("<script>") && !text.contains("style=\"") && !text.contains("onclick"), "nothing inline");
}
