//! The lab through a scan with the browser on: what only it can show, and what stands behind front pages, becomes leads; the rest does not.

use crate::cli::{jianwei, stderr, stdout};
use crate::lab::{Found, Lab};
use crate::world;
use jianwei::capture::names_a_person;
use jianwei::model::lead::Lead;
use jianwei::records::{Filter, Records};
use std::collections::BTreeMap;

#[test]
fn a_scan_with_the_browser_finds_what_hides_from_plain_visits_and_behind_front_pages() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 8_000);
    let file = dir.path().join("jianwei.toml");
    let settings = std::fs::read_to_string(&file).expect("there").replace("browser = \"never\"", "browser = \"auto\"");
    std::fs::write(&file, settings).expect("written");
    let hidden: Vec<_> = lab.sites().filter(|s| matches!(s.later.as_deref(), Some("rendering" | "variants"))).collect();
    let behind = ["cx-memgov-deep.com", "cx-memgov-old.com", "mem-zscx-link.com", "bz-qr-card.com"];
    let quiet: Vec<&str> = lab
        .sites()
        .filter(|s| s.class() == "none" && s.found.contains(&Found::Names) && s.raw.is_none())
        .map(|s| s.host.as_str())
        .take(4)
        .collect();
    assert!(hidden.len() >= 3 && quiet.len() == 4, "{} {}", hidden.len(), quiet.len());
    let names: Vec<&str> =
        hidden.iter().filter(|s| s.found.contains(&Found::Names)).map(|s| s.host.as_str()).chain(behind).chain(quiet.clone()).collect();
    std::fs::write(dir.path().join("names.txt"), names.join("\n")).expect("written");
    let tip = jianwei(dir.path(), &["tip", "add", "http://bz-qr-card.com/", "--by", "12350"]);
    assert_eq!(tip.status.code(), Some(0), "{}", stderr(&tip));
    let run = jianwei(dir.path(), &["scan", "--lang", "en", "--source", "names"]);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}{}", stdout(&run), stderr(&run));

    let records = Records::open(&dir.path().join("data"), &Vec::new).expect("the store opens");
    let leads: BTreeMap<String, Lead> =
        records.leads(&Filter::default()).expect("leads are read").into_iter().map(|l| (l.candidate.host.to_string(), l)).collect();
    let wanted = hidden
        .iter()
        .map(|s| (s.host.as_str(), s.class()))
        .chain(behind.iter().map(|h| (*h, if *h == "bz-qr-card.com" { "seller" } else { "fake_query" })));
    let mut wrong = Vec::new();
    for (host, class) in wanted {
        match leads.get(host) {
            None => wrong.push(format!("{host} is no lead")),
            Some(lead) if lead.class().word() != class => wrong.push(format!("{host} is {}, not {class}", lead.class())),
            Some(_) => {}
        }
    }
    wrong.extend(quiet.iter().filter(|h| leads.contains_key(**h)).map(|h| format!("{h} became a lead")));
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), stdout(&run));
    let at = |host: &str| leads.get(host).map(|l| l.url.clone()).unwrap_or_default();
    assert_eq!(at("cx-memgov-deep.com"), "http://cx-memgov-deep.com/special?index=0");
    assert!(at("cx-memgov-old.com").contains("/cms/html/certQuery/certQuery.do"), "{}", at("cx-memgov-old.com"));
    assert_eq!(at("mem-zscx-link.com"), "http://mem-zscx-link.com/zs/show?id=77");
    assert_eq!(at("qr5h8.top"), "http://qr5h8.top/c?id=5d20e7");

    // Polite: only GET, nobody looked up, no door that asks for a name, and few addresses a host.
    let requests = lab.requests();
    assert!(requests.iter().all(|r| r.method == "GET"), "{:?}", requests.iter().find(|r| r.method != "GET"));
    let mut tried: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
    for r in &requests {
        let url = url::Url::parse(&format!("http://{}{}", r.host, r.path)).expect("a URL");
        assert!(!names_a_person(&url) && !r.path.contains("login"), "{url}");
        tried.entry(&r.host).or_default().insert(&r.path);
    }
    for host in quiet {
        assert!(tried.get(host).is_none_or(|t| t.len() <= 12), "{host}: {:?}", tried.get(host));
    }
}
