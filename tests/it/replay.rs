//! Stored packages assessed once more: without any network, byte for byte what was said at capture, every finding where it says it is.

use crate::assess::RULES;
use crate::cli::{jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::world;
use jianwei::evidence::{self, Stored};
use jianwei::model::assessment::{Finding, Span};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every package below `dir`, read back.
fn stored(dir: &Path) -> Vec<(PathBuf, Stored)> {
    let root = dir.join("data/evidence");
    let packages = evidence::packages(&root).expect("packages");
    packages.into_iter().map(|p| (p.clone(), evidence::read(&root, &p).expect("reads back"))).collect()
}

fn assessed(stored: &[(PathBuf, Stored)]) -> Vec<String> {
    stored.iter().map(|(_, s)| serde_json::to_string(&RULES.assess(&s.dossier, s.assessment.at)).expect("json")).collect()
}

#[test]
fn stored_packages_are_assessed_again_without_network_byte_for_byte() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let scanned = jianwei(dir.path(), &["scan"]);
    assert!(matches!(scanned.status.code(), Some(0 | 3)), "{}", stderr(&scanned));
    let urls: Vec<String> = lab.expected().iter().map(|s| s.url.clone()).collect();
    let arguments: Vec<&str> = ["check", "--json"].into_iter().chain(urls.iter().map(String::as_str)).collect();
    let checked = jianwei(dir.path(), &arguments);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let before = stdout(&checked);
    assert_eq!(before.lines().count(), urls.len());

    lab.forget();
    let packages: Vec<String> = before
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("json")["package"].as_str().expect("a path").to_owned())
        .collect();
    let arguments: Vec<&str> = ["check", "--json"].into_iter().chain(packages.iter().flat_map(|p| ["--package", p.as_str()])).collect();
    let again = jianwei(dir.path(), &arguments);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    for (was, is) in before.lines().zip(stdout(&again).lines()) {
        assert_eq!(was, is);
    }
    assert!(!stderr(&again).contains("不同"), "{}", stderr(&again));
    assert!(lab.requests().is_empty() && lab.questions().is_empty(), "the network was asked");
    drop(lab);

    let all = stored(dir.path());
    let from_scan = all.iter().filter(|(_, s)| s.dossier.candidate.sightings.iter().any(|x| x.source != "check")).count();
    assert!(from_scan >= 30 && all.len() > from_scan, "{from_scan} of {}", all.len());
    let told: Vec<String> = all.iter().map(|(_, s)| serde_json::to_string(&s.assessment).expect("json")).collect();
    for threads in [1, 2, 8] {
        let parts: Vec<Vec<String>> = std::thread::scope(|scope| {
            let runs: Vec<_> = all.chunks(all.len().div_ceil(threads)).map(|part| scope.spawn(move || assessed(part))).collect();
            runs.into_iter().map(|r| r.join().expect("no panic")).collect()
        });
        assert_eq!(parts.concat(), told, "{threads} threads");
    }
    let mut seen = BTreeSet::new();
    for (package, s) in &all {
        for finding in &s.assessment.findings {
            stands(package, finding);
            seen.insert(finding.signal.as_str());
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
}

/// The file is in the package, and the place in it holds the span.
fn stands(package: &Path, finding: &Finding) {
    let at = format!("{}: {} {:?}", package.display(), finding.signal, finding);
    let bytes = std::fs::read(package.join(&finding.evidence)).unwrap_or_else(|e| panic!("{at}: {e}"));
    let Some(span) = finding.span.as_ref().filter(|s| !s.place.is_empty()) else { return };
    let text = String::from_utf8(bytes).unwrap_or_else(|e| panic!("{at}: {e}"));
    match span.place.strip_prefix("char=") {
        Some(range) => {
            let (from, to) = range.split_once(',').expect("a range");
            let (from, to): (usize, usize) = (from.parse().expect("a number"), to.parse().expect("a number"));
            let found: String = text.chars().skip(from).take(to - from).collect();
            assert_eq!(found, span.raw, "{at}");
        }
        None => {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{at}: {e}"));
            let found = json.pointer(&span.place).unwrap_or_else(|| panic!("{at}: nothing there"));
            assert!(holds(found, span), "{at}: {found}");
        }
    }
}

/// Does what stands there hold the span? A form or a visit as a whole holds it in pieces.
fn holds(found: &serde_json::Value, span: &Span) -> bool {
    let whole = found.to_string().to_lowercase();
    let pieces = span.raw.split([' ', '|', '\n', '=', ':']).filter(|p| !p.is_empty());
    pieces.clone().count() == 0 || pieces.into_iter().any(|piece| whole.contains(&piece.to_lowercase()))
}

#[test]
fn findings_with_a_place_are_the_rule_and_a_person_is_told_it() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let url = lab.expected().into_iter().find(|s| s.class == "fake_query").expect("a copy").url;
    let zh = stdout(&jianwei(dir.path(), &["check", &url]));
    for part in ["结论：疑似仿冒查询", "预警", "依据：", "view/", "未查看：", "证据包：", "█"] {
        assert!(zh.contains(part), "{part}: {zh}");
    }
    let en = stdout(&jianwei(dir.path(), &["check", "--lang", "en", &url]));
    for part in ["verdict: suspected fake_query", "what speaks for it:", "not looked at:", "package: "] {
        assert!(en.contains(part), "{part}: {en}");
    }
    let all = stored(dir.path());
    let findings: Vec<&Finding> = all.iter().flat_map(|(_, s)| &s.assessment.findings).collect();
    let placed = findings.iter().filter(|f| f.span.as_ref().is_some_and(|s| !s.place.is_empty())).count();
    assert!(placed * 10 >= findings.len() * 9, "{placed} of {}", findings.len());
    let text = stdout(&jianwei(dir.path(), &["check", "--package", "data/evidence"]));
    assert_eq!(text.matches("结论：").count(), all.len(), "{text}");
}

#[test]
fn a_package_that_is_none_or_was_changed_is_refused_in_one_line() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let none = jianwei(dir.path(), &["check", "--package", "nowhere"]);
    assert_eq!((none.status.code(), stderr(&none).trim_end().lines().count()), (Some(2), 1), "{}", stderr(&none));
    let both = jianwei(dir.path(), &["check", "http://a.top/", "--package", "data"]);
    assert_eq!(both.status.code(), Some(2), "{}", stderr(&both));
    let url = lab.expected().into_iter().find(|s| s.class == "seller").expect("a seller").url;
    jianwei(dir.path(), &["check", &url]);
    let (package, _) = stored(dir.path()).remove(0);
    let text = std::fs::read_to_string(package.join("dossier.json")).expect("there");
    std::fs::write(package.join("dossier.json"), text.replace("desktop", "desktup")).expect("written");
    let changed = jianwei(dir.path(), &["check", "--package", &package.display().to_string()]);
    assert_eq!((changed.status.code(), stderr(&changed).trim_end().lines().count()), (Some(1), 1), "{}", stderr(&changed));
}

#[test]
fn a_store_made_beside_packages_that_were_there_first_sets_nothing_aside() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let aside = |dir: &Path| dir.join("data/records.broken-1").exists();
    let url = lab.expected().into_iter().find(|s| s.class == "seller").expect("a seller").url;
    jianwei(dir.path(), &["check", &url]);
    let listed = jianwei(dir.path(), &["leads", "list", "--json"]);
    assert_eq!((listed.status.code(), stdout(&listed).as_str(), aside(dir.path())), (Some(0), "", false), "{}", stderr(&listed));

    jianwei(dir.path(), &["tip", "add", &url]);
    jianwei(dir.path(), &["scan"]);
    let leads = stdout(&jianwei(dir.path(), &["leads", "list", "--json"]));
    assert!(leads.lines().count() > 5, "{leads}");
    let other = world::lab_settings(&lab, 4_000);
    std::fs::create_dir_all(other.path().join("data")).expect("a folder");
    std::fs::rename(dir.path().join("data/evidence"), other.path().join("data/evidence")).expect("moved");
    let moved = stdout(&jianwei(other.path(), &["leads", "list", "--json"]));
    assert_eq!(moved.lines().count(), leads.lines().count());
    assert!(!aside(other.path()));
}
