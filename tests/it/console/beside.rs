//! The official page beside the suspect, in a real browser, from a scan to the pixels: how it comes to be there, each way of looking, and after a rebuild.

use crate::cli::{jianwei, stderr};
use crate::console::browser::{accessible, log_in};
use crate::console::chrome::Chrome;
use crate::console::{Served, enrol};
use crate::lab::Lab;
use crate::world;
use jianwei::records::{Filter, Records};
use serde_json::json;
use std::path::Path;

/// A copy of the official page with its words disguised: near it and not the same.
const COPY: &str = "cx.mem.gov.cn.pinyin-cx.cc";

/// Settings that scan these names alone, with the official page, and with a browser where `browser` says so.
pub(super) fn settings(lab: &Lab, names: &str, browser: &str) -> tempfile::TempDir {
    let dir = world::lab_settings(lab, 8_000);
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let text = text.split("[[source]]").next().unwrap_or_default();
    let text = text.replace("official_pages = false", "variants = [\"desktop\", \"wechat\"]");
    let text = text.replace("browser = \"never\"", &format!("browser = \"{browser}\""));
    let text = format!("{text}[console]\nlisten = \"127.0.0.1:0\"\n\n[[source]]\nid = \"names\"\nkind = \"names\"\npath = \"few.txt\"\n");
    std::fs::write(file, text).expect("written");
    std::fs::write(dir.path().join("few.txt"), names).expect("written");
    dir
}

pub(super) fn scan(dir: &Path) {
    let run = jianwei(dir, &["scan", "--lang", "en"]);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}", stderr(&run));
}

fn open(dir: &Path) -> Records {
    Records::open(&dir.join("data"), &|| panic!("the store is there")).expect("opened")
}

/// Requests that the official host got, and the visitors they came from.
fn asked(lab: &Lab) -> Vec<String> {
    lab.requests().into_iter().filter(|r| r.host == "cx.mem.gov.cn").map(|r| r.path).collect()
}

#[test]
fn the_official_page_is_asked_for_once_a_week_by_one_visitor_and_never_without_a_lead() {
    let lab = Lab::start(None);
    let dir = settings(&lab, "bd8f3k.vip\n", "never");
    scan(dir.path());
    assert_eq!(asked(&lab), Vec::<String>::new(), "there is no lead");
    // Somebody knows the official tree to be good: it is looked at all the same.
    let allowed = jianwei(dir.path(), &["allow", "add", "mem.gov.cn", "--tree", "--reason", "官方"]);
    assert_eq!(allowed.status.code(), Some(0), "{}", stderr(&allowed));
    std::fs::write(dir.path().join("few.txt"), format!("{COPY}\nzscx-memgov.com\n")).expect("written");
    scan(dir.path());
    assert_eq!(asked(&lab), ["/"], "one page, one visitor, once");
    scan(dir.path());
    assert_eq!(asked(&lab), ["/"], "not again within the week");
    let records = open(dir.path());
    let host = jianwei::model::host::Host::parse("cx.mem.gov.cn").expect("a host");
    let seen = records.last_captured(&host).expect("read").expect("kept");
    assert_eq!(seen.class.word(), "official");
    let leads = records.leads(&Filter::default()).expect("read");
    assert!(leads.len() >= 2 && leads.iter().all(|l| l.candidate.host != host), "it is no lead");
    drop(records);
    // Packages and journal alone give it again.
    let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));
    assert_eq!(open(dir.path()).last_captured(&host).expect("read").map(|f| f.package), Some(seen.package));
}

#[test]
fn the_official_page_stands_beside_the_suspect() {
    let Some(mut chrome) = Chrome::start() else { return };
    let lab = Lab::start(None);
    let dir = settings(&lab, &format!("{COPY}\n"), "auto");
    scan(dir.path());
    let records = open(dir.path());
    enrol(&records);
    let id = records.leads(&Filter::default()).expect("read").first().expect("a lead").id.clone();
    drop(records);
    let served = Served::start(dir.path(), "zh");
    log_in(&mut chrome, &served, "approver");
    chrome.open(&format!("{}/leads/{id}", served.origin()));
    let pictures = "[...document.querySelectorAll('#pair .frame > img:not(.boxes)')]";
    chrome.wait(&format!("{pictures}.length === 2 && {pictures}.every(i => i.complete && i.naturalWidth > 100)"));
    let said = chrome.eval("document.querySelector('#provenance').textContent");
    // The lab's own authority is none of the world's.
    let whole = ["固定于", "hxxps://cx[.]mem[.]gov[.]cn/", "TLS 证书未通过验证"];
    assert!(said.as_str().is_some_and(|t| whole.iter().all(|w| t.contains(w))), "{said}");
    chrome.doc("3-lead");
    chrome.shot("24-side-by-side");
    accessible(&mut chrome, "side by side");
    boxed(&mut chrome);
    swiped(&mut chrome);
    blinked(&mut chrome);
    tabs(&mut chrome);
    for (dark, width, name) in [(true, 1440, "dark"), (false, 390, "phone")] {
        chrome.dark(dark);
        chrome.size(width, 900);
        chrome.open(&format!("{}/leads/{id}", served.origin()));
        chrome.wait(&format!("{pictures}.length === 2 && {pictures}.every(i => i.complete && i.naturalWidth > 100)"));
        chrome.eval("document.querySelector('#beside').scrollIntoView(); 1");
        chrome.shot(&format!("28-side-by-side-{name}"));
        let wide = chrome.eval("document.documentElement.scrollWidth - innerWidth").as_i64().expect("a number");
        assert!(wide <= 0, "{name}: {wide} px too wide");
    }
    assert_eq!(chrome.complaints, Vec::<String>::new(), "the browser complained");
    chrome.dark(false);
    chrome.size(1440, 900);
    chrome.open(&format!("{}/leads/{id}", served.origin()));
    chrome.turn(|c| {
        c.eval("document.querySelector('form[action$=\"/replay/open\"] button').click()");
    });
    chrome.wait("document.querySelector('iframe.replay')");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    chrome.shot("29-replay");
    accessible(&mut chrome, "replay");
}

fn boxed(chrome: &mut Chrome) {
    chrome.key("b");
    chrome.wait("(b => !b.hidden && b.complete && b.naturalWidth === 640)(document.querySelector('#pair .boxes'))");
    chrome.shot("25-boxes");
    let painted = "(b => { const c = document.createElement('canvas'); c.width = b.naturalWidth; c.height = b.naturalHeight; const x = c.getContext('2d'); \
                   x.drawImage(b, 0, 0); const d = x.getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 0; \
                   return n / (c.width * c.height); })(document.querySelector('#pair .boxes'))";
    let share = chrome.eval(painted).as_f64().expect("a share");
    assert!(share > 0.005 && share < 0.9, "some blocks differ and some do not: {share}");
    assert_eq!(chrome.eval("document.querySelector('[data-boxes]').getAttribute('aria-pressed')"), "true");
    accessible(chrome, "boxes");
    click(chrome, "[data-boxes]");
    assert_eq!(chrome.eval("document.querySelector('#pair .boxes').hidden"), true, "the mouse takes them away again");
}

/// Where the cut is, as the browser paints it, in percent of the picture's width.
fn cut(chrome: &mut Chrome) -> f64 {
    let clip = chrome.eval("getComputedStyle(document.querySelector('#pair .ours .frame')).clipPath");
    let clip = clip.as_str().expect("a clip").to_owned();
    let percent = clip.strip_prefix("inset(0px 0px 0px ").and_then(|c| c.strip_suffix("%)"));
    percent.and_then(|p| p.parse().ok()).unwrap_or_else(|| panic!("{clip}"))
}

fn swiped(chrome: &mut Chrome) {
    // By keyboard: `s`, then the arrows.
    chrome.key("s");
    assert_eq!(
        chrome.eval("[document.querySelector('#pair').dataset.mode, document.querySelector('#swipe').closest('label').hidden]"),
        json!(["swipe", false])
    );
    assert!((cut(chrome) - 50.0).abs() < 0.01);
    chrome.key("ArrowRight");
    chrome.key("ArrowRight");
    assert!((cut(chrome) - 54.0).abs() < 0.01, "{}", cut(chrome));
    // By mouse: held down on the pictures, the cut follows.
    let at = chrome.eval(
        "(b => [b.left + b.width * .25, b.top + 60, b.left + b.width * .8])(document.querySelector('#pair').getBoundingClientRect())",
    );
    let (left, top, right) = (at[0].as_f64().expect("x"), at[1].as_f64().expect("y"), at[2].as_f64().expect("x"));
    mouse(chrome, "mousePressed", left, top);
    assert!((cut(chrome) - 25.0).abs() <= 1.0, "{}", cut(chrome));
    chrome.shot("26-swipe");
    mouse(chrome, "mouseMoved", right, top);
    assert!((cut(chrome) - 80.0).abs() <= 1.0, "{}", cut(chrome));
    mouse(chrome, "mouseReleased", right, top);
}

fn mouse(chrome: &mut Chrome, what: &str, x: f64, y: f64) {
    let held = if what == "mouseReleased" { 0 } else { 1 };
    chrome.call("Input.dispatchMouseEvent", json!({"type": what, "x": x, "y": y, "button": "left", "buttons": held, "clickCount": 1}));
}

fn click(chrome: &mut Chrome, selector: &str) {
    let at = chrome.eval(&format!("(e => {{ e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; }})(document.querySelector('{selector}'))"));
    let (x, y) = (at[0].as_f64().expect("x"), at[1].as_f64().expect("y"));
    mouse(chrome, "mousePressed", x, y);
    mouse(chrome, "mouseReleased", x, y);
}

fn blinked(chrome: &mut Chrome) {
    let turned = "document.querySelector('#pair').classList.contains('other')";
    // By mouse, then by keyboard.
    click(chrome, "[data-mode=blink]");
    assert_eq!(chrome.eval("document.querySelector('#pair').dataset.mode"), "blink");
    chrome.wait(turned);
    assert_eq!(chrome.eval("getComputedStyle(document.querySelector('#pair .ours')).visibility"), "hidden");
    chrome.wait(&format!("!({turned})"));
    assert_eq!(chrome.eval("getComputedStyle(document.querySelector('#pair .theirs')).visibility"), "hidden");
    chrome.eval("document.activeElement.blur(); 1");
    chrome.key("s");
    assert_eq!(chrome.eval("document.querySelector('#pair').dataset.mode"), "side");
    chrome.key("s");
    chrome.key("s");
    assert_eq!(chrome.eval("document.querySelector('#pair').dataset.mode"), "blink");
    chrome.wait(turned);
    chrome.key("s");
}

/// One tab is in the order of the Tab key, arrows go through all, each shows its part and nothing else.
fn tabs(chrome: &mut Chrome) {
    chrome.eval("document.querySelector('#parts a').focus(); 1");
    let n = chrome.eval("document.querySelectorAll('#parts [role=tab]').length").as_u64().expect("a number");
    assert!(n >= 9, "{n} tabs");
    for i in 0..n {
        assert_eq!(chrome.eval("document.activeElement.getAttribute('aria-selected')"), "true");
        let seen = "[...document.querySelectorAll('#panels > section:not([hidden])')].map(s => s.id)";
        assert_eq!(chrome.eval(seen), chrome.eval("[document.activeElement.hash.slice(1)]"));
        let name = chrome.eval("document.activeElement.hash.slice(1)");
        chrome.shot(&format!("27-tab-{i}-{}", name.as_str().expect("a name")));
        accessible(chrome, name.as_str().expect("a name"));
        chrome.key("ArrowRight");
    }
}
