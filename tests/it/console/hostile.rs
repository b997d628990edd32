//! Whatever a page carries is text on every page of the console: all GET routes of the table and every link that they lead to are read and held
//! to what our own markup may contain.

use crate::console::chrome::Chrome;
use crate::console::lot::{Carried, at, keep};
use crate::console::{PASSWORD, Person, Served};
use jianwei::console::ROUTES;
use jianwei::model::lead::{LeadId, Move};
use jianwei::records::{Role, Run, SavedFilter};
use std::collections::{BTreeSet, VecDeque};

/// Script, markup, ends of attributes and comments, bidi controls, null, and a formula.
const EVIL: &str = "\"'><script>hostile()</script><img src=x onerror=hostile()><svg onload=hostile()>javascript:hostile()<!--&lt;--></title></textarea></style>\
                    \u{202e}gnp.exe\u{202d}\u{2066}\u{2069}\u{200b}\u{feff}\u{0}\u{8}{{7*7}}=cmd|'/c calc'!A1";
/// Largest page, in bytes, however large what it shows is.
const MOST: usize = 1_500_000;
/// Elements that our own pages are made of.
const ELEMENTS: &[&str] = &[
    "html",
    "head",
    "meta",
    "title",
    "link",
    "script",
    "body",
    "a",
    "header",
    "span",
    "nav",
    "div",
    "form",
    "input",
    "button",
    "main",
    "section",
    "p",
    "h1",
    "h2",
    "h3",
    "label",
    "select",
    "option",
    "details",
    "summary",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "img",
    "time",
    "b",
    "dl",
    "dt",
    "dd",
    "ul",
    "ol",
    "li",
    "pre",
    "figure",
    "figcaption",
    "svg",
    "text",
    "rect",
    "line",
    "dialog",
    "kbd",
    "textarea",
    "aside",
    "output",
    "code",
];

fn carried(host: &str) -> Carried {
    let large = |unit: &str| unit.repeat(1_000_000 / unit.len());
    Carried {
        host: host.into(),
        title: format!("{EVIL}{}", large("标题<b>")),
        url_tail: format!("?q={}{}", EVIL.replace(['\u{0}', '\u{8}'], ""), "y".repeat(20_000)),
        text: format!("{EVIL}\n{}", large("长文<script>hostile()</script>\n")),
        word: format!("{EVIL}{}", "z".repeat(3_000)),
    }
}

/// All tags of a page, each with its attributes, read as a browser would read well-formed text: quotes hold.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut all = Vec::new();
    let mut rest = html;
    while let Some(begin) = rest.find('<') {
        rest = &rest[begin + 1..];
        if rest.starts_with(['/', '!']) {
            continue;
        }
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            let key: String = rest.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '=' | '>' | '/')).collect();
            if key.is_empty() {
                break;
            }
            rest = &rest[key.len()..];
            let mut value = String::new();
            if let Some(quoted) = rest.strip_prefix("=\"") {
                value = quoted.split('"').next().unwrap_or_default().to_owned();
                rest = &quoted[value.len() + 1..];
            }
            attributes.push((key, value));
        }
        all.push((name, attributes));
    }
    all
}

/// Holds a page to what ours may contain; gives its links.
fn inert(path: &str, html: &str) -> Vec<String> {
    assert!(html.len() < MOST, "{path}: {} bytes", html.len());
    let sly = html.chars().find(|c| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    });
    assert_eq!(sly, None, "{path}: a control character stands raw in the page");
    let mut links = Vec::new();
    for (name, attributes) in tags(html) {
        assert!(ELEMENTS.contains(&name.as_str()), "{path}: <{name}> is none of our elements");
        for (key, value) in attributes {
            assert!(!key.starts_with("on") && key != "style" && key != "srcdoc", "{path}: <{name} {key}>");
            if matches!(key.as_str(), "href" | "src" | "action" | "formaction" | "data-src") {
                assert!(value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'), "{path}: <{name} {key}={value:?}>");
                // A form is no link: its address is asked by POST alone.
                if !key.ends_with("action") || name == "form" && value == "/queue" {
                    links.push(value.replace("&amp;", "&"));
                }
            }
            if name == "script" && key == "src" {
                assert!(value.starts_with("/assets/console.js?"), "{path}: {value}");
            }
        }
    }
    assert!(!html.contains("<script>"), "{path}: inline script");
    links
}

/// Every GET route with values that name something, and whatever they link to.
fn walk(person: &Person<'_>, id: &LeadId, package: &str) -> BTreeSet<String> {
    let mut todo: VecDeque<String> = VecDeque::new();
    for route in ROUTES.iter().filter(|r| r.method == "GET" && !r.path.starts_with("/api/")) {
        for (p, n) in [(package, "0"), (package, "1"), ("last", "0"), ("official", "0")] {
            todo.push_back(route.path.replace("{id}", &id.0).replace("{package}", p).replace("{n}", n).replace("{name}", "console.css"));
        }
    }
    let encoded = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    for name in [
        "q", "site", "source", "province", "provider", "cluster", "since", "min", "tab", "sort", "class", "page", "age", "by", "on",
        "word", "package", "victim", "ordered",
    ] {
        for path in ["/queue", "/audit", &format!("/leads/{id}")] {
            todo.push_back(format!("{path}?tab=all&{name}={encoded}"));
        }
    }
    let mut seen = BTreeSet::new();
    let mut pages = BTreeSet::new();
    while let Some(path) = todo.pop_front() {
        let path = path.split('#').next().unwrap_or_default().to_owned();
        if path.is_empty() || path == "/logout" || !seen.insert(path.clone()) || seen.len() > 400 {
            continue;
        }
        let answer = person.get(&path);
        assert!(answer.status < 500, "{path}: {}", answer.status);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let media = answer.header("content-type").unwrap_or_default().to_owned();
        if media.starts_with("text/html") {
            let html = String::from_utf8(answer.body).expect("UTF-8");
            todo.extend(inert(&path, &html).into_iter().filter(|l| l.starts_with('/')));
            pages.insert(path);
        } else {
            assert!(
                ["image/png", "text/css", "text/javascript", "image/svg+xml", "text/csv", "application/json", "text/plain"]
                    .iter()
                    .any(|m| media.starts_with(m)),
                "{path}: {media}"
            );
            if media.starts_with("text/csv") {
                let text = String::from_utf8(answer.body).expect("UTF-8");
                assert!(
                    !text.contains('\u{202e}') && !text.contains('\0') && !text.lines().any(|l| l.split(',').any(|c| c.starts_with('='))),
                    "{path}"
                );
            }
        }
    }
    pages
}

#[test]
fn what_a_page_carries_is_text_on_every_page_of_the_console() {
    let mut made = None;
    let served = Served::with(|records, root| {
        let id = keep(records, root, &carried("cx-evil.example.top"), at(0));
        keep(records, root, &carried("cx-evil2.example.top"), at(1));
        let run = Run { at: at(2), outcome: EVIL.into(), why: EVIL.repeat(50), seen: 1, screened_in: 1, new: 0 };
        records.commit_batch(EVIL, Vec::new(), "", &run).expect("kept");
        let said = format!("{EVIL}{}", "n".repeat(2_000));
        records.decide_by(&id, Move::Note { text: said.clone() }, "analyst", at(3)).expect("noted");
        records.decide_by(&id, Move::Dismiss { reason: said }, "analyst", at(4)).expect("dismissed");
        let query = format!("tab=all&q={}", url::form_urlencoded::byte_serialize(b"\"><script>").collect::<String>());
        for name in Role::ALL.map(Role::word) {
            records.save_filter(name, SavedFilter { name: EVIL.chars().take(40).collect(), query: query.clone() }, at(5)).expect("kept");
        }
        records.add_person("evilname", EVIL, Role::Analyst, "x", "admin", at(6)).expect("added");
        let package = records.lead(&id).expect("read").expect("there").packages.last().expect("a package").id.clone();
        made = Some((id, package));
    });
    let (id, package) = made.expect("filled");
    for role in Role::ALL {
        let person = served.login(role.word());
        let pages = walk(&person, &id, &package);
        assert!(pages.len() > 15, "{}: {} pages", role.word(), pages.len());
        let lead = person.get(&format!("/leads/{id}")).text();
        assert!(
            lead.contains("&lt;script&gt;hostile()&lt;/script&gt;") && lead.contains("U+202E") && lead.contains("U+0000"),
            "it is shown, as text"
        );
    }
    // A refusal repeats nothing that was asked.
    let refused = served.login("approver").post(&format!("/leads/{id}/outcome"), &[("what", EVIL), ("host", EVIL)]);
    inert("a refusal", &refused.text());
    in_a_browser(&served, &id);
}

fn in_a_browser(served: &Served, id: &LeadId) {
    let Some(mut chrome) = Chrome::start() else { return };
    chrome.open(&format!("{}/login", served.origin()));
    chrome.write("approver");
    chrome.key("Tab");
    chrome.write(PASSWORD);
    chrome.turn(|c| c.key("Enter"));
    for path in [
        "/queue?tab=all".to_owned(),
        format!("/leads/{id}"),
        "/audit".into(),
        format!("/leads/{id}#dom"),
        "/sources".into(),
        "/overview".into(),
    ] {
        chrome.open(&format!("{}{path}", served.origin()));
        assert_eq!(chrome.eval("typeof hostile"), "undefined");
        let loaded = chrome.eval("performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin))");
        assert_eq!(loaded, serde_json::json!([]), "{path}: asked somebody else");
        let wide = chrome.eval("document.documentElement.scrollWidth - innerWidth").as_i64().expect("a number");
        assert!(wide <= 0, "{path}: {wide} px too wide");
    }
    chrome.open(&format!("{}/leads/{id}", served.origin()));
    chrome.shot("30-hostile-lead");
    assert_eq!(chrome.complaints, Vec::<String>::new(), "the browser complained");
}
