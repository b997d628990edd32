//! A working day in a real browser: the lab's leads, by keyboard only; a second person; accessibility. Pictures in `target/console-shots`.

use crate::console::chrome::Chrome;
use crate::console::{PASSWORD, Served, enrol};
use crate::lab::Lab;
use crate::world;
use jianwei::records::{Filter, Records};
use serde_json::Value;
use std::path::Path;

/// The lab scanned, its leads and accounts, and a console over them.
fn scanned() -> (tempfile::TempDir, Served) {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let text = if text.contains("[console]") { text } else { format!("{text}\n[console]\nlisten = \"127.0.0.1:0\"\n") };
    std::fs::write(&file, text).expect("written");
    let run = crate::cli::jianwei(dir.path(), &["scan", "--lang", "en"]);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}", crate::cli::stderr(&run));
    let records = Records::open(&dir.path().join("data"), &Vec::new).expect("opened");
    enrol(&records);
    drop(records);
    let served = Served::start(dir.path(), "zh");
    (dir, served)
}

pub(super) fn log_in(chrome: &mut Chrome, served: &Served, name: &str) {
    chrome.open(&format!("{}/login", served.origin()));
    chrome.write(name);
    chrome.key("Tab");
    chrome.write(PASSWORD);
    chrome.turn(|c| c.key("Enter"));
    assert_eq!(chrome.eval("location.pathname"), "/queue", "{}", chrome.eval("document.body.innerText"));
}

fn log_out(chrome: &mut Chrome) {
    chrome.turn(|c| {
        c.eval("document.querySelector('form[action=\"/logout\"] button').click()");
    });
}

/// Presses a key that decides the selected lead, and waits until the server has said so.
fn decide(chrome: &mut Chrome, key: &str) {
    chrome.eval("document.querySelector('#toast').textContent = ''");
    chrome.key(key);
    chrome.wait("document.querySelector('#toast').textContent !== ''");
    assert_eq!(
        chrome.eval("document.querySelector('#toast').className"),
        "on",
        "{}",
        chrome.eval("document.querySelector('#toast').textContent")
    );
}

fn dismiss(chrome: &mut Chrome, reason: &str) {
    chrome.key("2");
    chrome.wait("document.querySelector('#words').open");
    chrome.write(reason);
    decide(chrome, "Enter");
}

/// No serious or critical fault of axe-core, where that is installed.
pub(super) fn accessible(chrome: &mut Chrome, what: &str) {
    let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/axe.min.js");
    let Ok(source) = std::fs::read_to_string(&axe) else {
        eprintln!("skipped: axe-core is not here ({what})");
        return;
    };
    chrome.eval(&format!("{source}; true"));
    let run = "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => ['serious', 'critical'].includes(v.impact)) \
               .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + n.failureSummary).join(' | ')))";
    let faults = chrome.eval(run);
    assert_eq!(faults, Value::Array(Vec::new()), "{what}");
}

#[test]
fn a_day_at_the_queue_by_keyboard_alone() {
    let Some(mut chrome) = Chrome::start() else { return };
    let (dir, served) = scanned();
    chrome.open(&format!("{}/login", served.origin()));
    chrome.doc("1-login");
    chrome.shot("01-login");
    accessible(&mut chrome, "login");
    log_in(&mut chrome, &served, "approver");
    chrome.doc("2-queue");
    chrome.shot("02-queue");
    accessible(&mut chrome, "queue");
    let open = chrome.eval("document.querySelectorAll('#queue tbody tr').length").as_u64().expect("a number");
    assert!(open >= 30, "the lab gives {open} leads");
    chrome.key("?");
    chrome.wait("document.querySelector('#keys').open");
    chrome.shot("03-keys");
    chrome.key("Escape");

    // Thirty leads: two of three confirmed, one of three dismissed; the selection moves on by itself.
    for n in 0..30 {
        if n == 0 {
            decide(&mut chrome, "c");
            assert_eq!(chrome.eval("document.querySelector('tr.at').dataset.state"), "in_review");
        }
        let before = chrome.eval("document.querySelector('tr.at').dataset.id");
        if n % 3 == 2 {
            dismiss(&mut chrome, "测试：是学校自己的网页");
        } else {
            decide(&mut chrome, "1");
        }
        if n + 1 < open {
            chrome.wait(&format!("document.querySelector('tr.at').dataset.id !== {before}"));
        }
    }
    chrome.shot("04-queue-worked");
    // The last one taken back.
    chrome.eval("document.querySelector('#toast').textContent = ''");
    chrome.key("u");
    chrome.wait("document.querySelector('#toast').className === 'on' && document.querySelector('#toast').textContent !== ''");
    chrome.shot("05-undone");

    // The first is one that this person confirmed: no button to approve it, and a direct post is refused.
    chrome.open(&format!("{}/queue?tab=second", served.origin()));
    chrome.shot("06-second");
    let id = chrome.eval("document.querySelector('#queue tbody tr').dataset.id").as_str().expect("an id").to_owned();
    chrome.turn(|c| c.key("Enter"));
    chrome.shot("07-lead-confirmed-by-me");
    accessible(&mut chrome, "lead");
    assert_eq!(chrome.eval("document.querySelectorAll('form[action$=\"/approve\"]').length"), 0);
    assert!(chrome.eval("document.querySelector('#second').textContent").as_str().is_some_and(|t| t.contains("另一人")));
    let direct = served.login("approver").post(&format!("/leads/{id}/approve"), &[]);
    assert_eq!(direct.status, 409, "{}", direct.text());
    log_out(&mut chrome);

    // A second person approves, refers, and gives the first dismissed lead back.
    log_in(&mut chrome, &served, "second");
    chrome.open(&format!("{}/queue?tab=second", served.origin()));
    chrome.doc("4-second-person");
    decide(&mut chrome, "1");
    chrome.doc("5-approved");
    chrome.open(&format!("{}/queue?tab=approved", served.origin()));
    assert_eq!(chrome.eval("document.querySelector('#queue tbody tr').dataset.id"), id);
    chrome.turn(|c| c.key("Enter"));
    chrome.eval("document.querySelector('input[name=letter]').focus()");
    chrome.write("公网安移〔2026〕1号");
    chrome.shot("08-refer");
    chrome.turn(|c| c.key("Enter"));
    chrome.shot("09-referred");
    chrome.open(&format!("{}/queue?tab=dismissed", served.origin()));
    chrome.shot("10-dismissed");
    chrome.turn(|c| c.key("Enter"));
    chrome.eval("const d = document.querySelector('form[action$=\"/reopen\"]').closest('details'); d.open = true; d.querySelector('textarea').focus()");
    chrome.write("页面换成了查询系统");
    chrome.turn(|c| {
        c.eval("document.querySelector('form[action$=\"/reopen\"] button').click()");
    });
    assert_eq!(chrome.eval("document.querySelector('#lead').dataset.state"), "reopened");
    chrome.shot("11-reopened");
    for (path, name) in [("/overview", "12-overview"), ("/sources", "13-sources"), ("/audit", "14-audit"), ("/account", "15-account")] {
        chrome.open(&format!("{}{path}", served.origin()));
        chrome.shot(name);
        accessible(&mut chrome, path);
    }
    // Export, as the form sends it.
    let export = served.login("second").post("/export", &[("query", "tab=all"), ("format", "csv")]);
    assert_eq!((export.status, export.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    assert!(export.text().contains("公网安移〔2026〕1号"), "the letter is in the list");
    log_out(&mut chrome);
    other_looks(&mut chrome, &served, &id);
    assert_eq!(chrome.complaints, Vec::<String>::new(), "the browser complained");
    drop(served);
    the_books_agree(dir.path(), open);
}

/// Other sizes, dark, English, an empty queue, a refusal.
fn other_looks(chrome: &mut Chrome, served: &Served, id: &str) {
    log_in(chrome, served, "admin");
    for (path, name) in [("/people", "16-people"), ("/queue?q=no-such-thing", "17-nothing")] {
        chrome.open(&format!("{}{path}", served.origin()));
        chrome.shot(name);
        accessible(chrome, path);
    }
    chrome.dark(true);
    for (path, name) in
        [("/queue?tab=all".to_owned(), "18-dark-queue"), (format!("/leads/{id}"), "19-dark-lead"), ("/overview".into(), "20-dark-overview")]
    {
        chrome.open(&format!("{}{path}", served.origin()));
        chrome.shot(name);
        accessible(chrome, name);
    }
    chrome.dark(false);
    for (width, height, name) in [(1280, 800, "1280"), (2560, 1440, "2560"), (390, 844, "phone")] {
        chrome.size(width, height);
        for (path, page) in [("/queue?tab=all".to_owned(), "queue"), (format!("/leads/{id}"), "lead")] {
            chrome.open(&format!("{}{path}", served.origin()));
            chrome.shot(&format!("21-{name}-{page}"));
            let wide = chrome.eval("document.documentElement.scrollWidth - innerWidth").as_i64().expect("a number");
            assert!(wide <= 0, "{page} at {width} px is {wide} px too wide");
        }
    }
    chrome.size(1440, 900);
    chrome.turn(|c| {
        c.eval("document.querySelector('form[action=\"/language\"] button').click()");
    });
    chrome.shot("22-english-lead");
    chrome.open(&format!("{}/queue?tab=all", served.origin()));
    chrome.shot("23-english-queue");
    let chinese = chrome.eval("[...document.querySelectorAll('th, button, summary, .tabs a, label > span')].map(e => e.innerText).filter(t => /[\\u4e00-\\u9fff]/.test(t) && t !== '中文')");
    assert_eq!(chinese, Value::Array(Vec::new()), "English pages speak English");
}

/// What the browser did is what the journal and the store say.
fn the_books_agree(dir: &Path, open: u64) {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("opened");
    assert_eq!(records.verify_journal().expect("read").faults, Vec::<String>::new());
    let leads = records.leads(&Filter::default()).expect("read");
    assert!(leads.len() as u64 >= open, "a page of them was shown");
    let count = |word: &str| leads.iter().flat_map(|l| &l.history).filter(|s| s.what.word() == word).count();
    assert_eq!(
        (count("confirm"), count("dismiss"), count("undo"), count("approve"), count("refer"), count("reopen")),
        (20, 10, 1, 1, 1, 1)
    );
}
