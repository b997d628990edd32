//! What people's hands add: clusters in bulk and their undoing, captures out of turn, and the questions of jurisdiction.

use crate::console::lot::served;
use crate::console::{Served, browser::log_in, chrome::Chrome};
use jianwei::model::lead::LeadId;
use jianwei::records::{AuditAsk, Due, Records};
use std::time::Duration;

/// The records of a console that has ended.
fn after(mut served: Served) -> (tempfile::TempDir, Records) {
    let dir = served.kept.take().expect("its folder");
    drop(served);
    std::thread::sleep(Duration::from_millis(50));
    let records = Records::open(&dir.path().join("data"), &Vec::new).expect("opened");
    (dir, records)
}

fn ids(all: &[LeadId]) -> Vec<(&str, &str)> {
    all.iter().map(|id| ("id", id.0.as_str())).collect()
}

#[test]
fn several_leads_become_one_cluster_by_hand_and_each_tie_can_be_taken_back() {
    let (served, all) = served(4);
    let analyst = served.login("analyst");
    let chosen = ids(&all[..3]);
    let cluster = |more: &[(&str, &str)]| analyst.post("/queue/bulk/cluster", &[chosen.as_slice(), more].concat());
    assert_eq!(cluster(&[]).status, 409, "a reason is needed");
    assert_eq!(analyst.post("/queue/bulk/cluster", &[("id", all[0].0.as_str()), ("reason", "一")]).status, 409, "one lead is no cluster");
    assert_eq!(served.login("auditor").post("/queue/bulk/cluster", &[("reason", "一")]).status, 403);
    assert_eq!(cluster(&[("reason", "同一套页面，同一微信号")]).status, 303);
    let hosts = |id: &LeadId| {
        let page = analyst.get(&format!("/leads/{id}")).text();
        page.split("id=\"cluster\"").nth(1).and_then(|t| t.split("</section>").next()).unwrap_or_default().to_owned()
    };
    for id in &all[..3] {
        let card = hosts(id);
        assert!(card.contains("3 hosts") && card.contains("同一套页面，同一微信号"), "{card}");
    }
    assert!(!hosts(&all[3]).contains("merged by hand"), "nobody named that one");
    // The queue counts it at once: a chip with the size.
    assert_eq!(analyst.get("/queue?tab=all").text().matches("title=\"JQ-").count(), 3);
    // On the first one's page both ties can be taken back; each needs a reason.
    let path = format!("/leads/{}/unmerge", all[0]);
    assert_eq!(analyst.post(&path, &[("host", "cx-2.example.top")]).status, 409);
    assert_eq!(analyst.post(&path, &[("host", "cx-2[.]example[.]top"), ("reason", "看错了")]).status, 303);
    assert!(hosts(&all[0]).contains("2 hosts") && !hosts(&all[2]).contains("merged by hand"), "{}", hosts(&all[2]));
    // One by one, as from the lead page; never with what is no lead.
    let merge = |host: &str| analyst.post(&format!("/leads/{}/merge", all[3]), &[("host", host), ("reason", "同一备案号")]).status;
    assert_eq!((merge("nobody.example"), merge("cx-3.example.top"), merge("cx-0.example.top")), (409, 400, 303));
    assert!(hosts(&all[3]).contains("3 hosts"));
    drop(analyst);
    let (_dir, records) = after(served);
    let (lines, check) = records.audit(&AuditAsk::default()).expect("read");
    assert_eq!(check.faults, Vec::<String>::new());
    let by = |word: &str| lines.iter().filter(|l| l.word == word && l.by == "analyst").count();
    assert_eq!((by("merge"), by("unmerge")), (3, 1), "each is a line of the journal");
    let cluster = records.with_graph(|g| g.clusters()).expect("read");
    assert_eq!(cluster.iter().map(|c| c.hosts.len()).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_capture_out_of_turn_makes_the_host_due_now_and_is_a_line_of_the_journal() {
    let (served, all) = served(2);
    let analyst = served.login("analyst");
    assert_eq!(analyst.post(&format!("/leads/{}/recapture", all[0]), &[]).status, 303);
    assert_eq!(served.login("admin").post(&format!("/leads/{}/recapture", all[1]), &[]).status, 403);
    drop(analyst);
    let (_dir, records) = after(served);
    let (lines, _) = records.audit(&AuditAsk { word: Some("recapture".into()), ..AuditAsk::default() }).expect("read");
    assert_eq!(lines.iter().map(|l| (l.by.as_str(), l.on.as_str())).collect::<Vec<_>>(), [("analyst", all[0].0.as_str())]);
    let due = records.due(lines[0].at, 10).expect("read");
    assert!(matches!(due.as_slice(), [Due::Visit(c, _)] if c.host.as_str() == "cx-0.example.top"), "{due:?}");
    assert_eq!(records.lead(&all[0]).expect("read").expect("there").state.word(), "new", "it moves nothing");
}

#[test]
fn the_jurisdiction_is_suggested_anew_for_a_victims_place_and_for_an_order_from_above() {
    let (served, all) = served(1);
    let person = served.login("auditor");
    let card = |query: &str| {
        let page = person.get(&format!("/leads/{}{query}", all[0])).text();
        page.split("id=\"whose\"").nth(1).and_then(|t| t.split("</section>").next()).unwrap_or_default().to_owned()
    };
    let plain = card("");
    assert!(plain.contains("name=\"victim\"") && plain.contains("name=\"ordered\"") && !plain.contains("checked"), "{plain}");
    let elsewhere = card("?victim=%E5%9B%9B%E5%B7%9D%E7%9C%81%E6%88%90%E9%83%BD%E5%B8%82");
    assert!(elsewhere.contains("value=\"四川省成都市\"") && elsewhere.contains("to the ministry"), "{elsewhere}");
    assert_ne!(elsewhere, plain);
    let ordered = card("?ordered=1");
    assert!(ordered.contains("checked") && ordered.contains("as a person says"), "{ordered}");
}

#[test]
fn keys_select_cluster_and_capture_again() {
    let Some(mut chrome) = Chrome::start() else { return };
    let (served, all) = served(3);
    log_in(&mut chrome, &served, "analyst");
    chrome.key("g");
    chrome.wait("document.querySelector('#toast').className === 'on bad'");
    for _ in 0..2 {
        chrome.key("x");
        chrome.key("j");
    }
    assert_eq!(chrome.eval("document.querySelector('#picked').textContent"), "2");
    chrome.key("g");
    chrome.wait("document.querySelector('#words').open");
    chrome.write("same kit");
    chrome.shot("32-cluster");
    chrome.turn(|c| c.key("Enter"));
    assert_eq!(chrome.eval("document.querySelectorAll('td.kin a.chip').length"), 2);
    chrome.eval("document.querySelector('#toast').textContent = ''; 1");
    chrome.key("r");
    chrome.wait("document.querySelector('#toast').className === 'on' && document.querySelector('#toast').textContent !== ''");
    chrome.turn(|c| c.key("Enter"));
    chrome.key("g");
    assert_eq!(chrome.eval("document.activeElement.name"), "host");
    chrome.shot("33-merge");
    // The sheet names every key that works.
    chrome.eval("document.activeElement.blur(); 1");
    chrome.key("?");
    chrome.wait("document.querySelector('#keys').open");
    let sheet = chrome.eval("[...document.querySelectorAll('#keys kbd')].map(k => k.textContent).join(' ')");
    let sheet = sheet.as_str().expect("text").to_owned();
    for key in ["j", "k", "1", "2", "3", "c", "g", "r", "d", "n", "u", "/", "?", "x", "s", "b"] {
        assert!(sheet.split(' ').any(|k| k == key), "{key} stands not in {sheet}");
    }
    chrome.shot("34-keys");
    assert_eq!(chrome.complaints, Vec::<String>::new(), "the browser complained");
    drop(chrome);
    let (_dir, records) = after(served);
    let words: Vec<String> = records.audit(&AuditAsk::default()).expect("read").0.into_iter().map(|l| l.word).collect();
    assert!(["merge", "recapture"].iter().all(|w| words.iter().any(|x| x == w)) && all.len() == 3, "{words:?}");
}
