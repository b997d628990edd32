//! The main job, end to end: the real program against the lab. Leads, hostile servers, crashes, rebuild, a million real names.

use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::{Found, Kind, Lab};
use crate::world;
use jianwei::evidence;
use jianwei::model::assessment::Verdict;
use jianwei::model::lead::Lead;
use jianwei::records::{Filter, Records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What identifies a lead's content, whatever happened on the way there.
type Essence = BTreeMap<String, (String, u8, u8, u8, String)>;

fn leads(dir: &Path) -> Vec<Lead> {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("the store opens");
    records.leads(&Filter::default()).expect("leads are read")
}

fn essence(leads: &[Lead]) -> Essence {
    let one = |l: &Lead| {
        let s = l.assessment.scores;
        (l.candidate.host.to_string(), (l.class().word().to_owned(), s.fake_query, s.seller, s.mirror, l.state.word().to_owned()))
    };
    leads.iter().map(one).collect()
}

fn packages(leads: &[Lead]) -> Vec<&str> {
    let mut ids: Vec<&str> = leads.iter().flat_map(|l| &l.packages).map(|p| p.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

fn scan(dir: &Path, arguments: &[&str]) -> String {
    let run = jianwei(dir, &[&["scan", "--lang", "en"], arguments].concat());
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}{}", stdout(&run), stderr(&run));
    stdout(&run)
}

/// Peak resident memory of a process, in MiB, polled until it ends; and whether it ended by itself within `limit`.
fn watched(mut child: Child, limit: Duration) -> (u64, Option<i32>, Duration) {
    let began = Instant::now();
    let mut peak = 0;
    loop {
        if let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
            let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
            let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
            peak = peak.max(kib / 1024);
        }
        if let Some(status) = child.try_wait().expect("waited for") {
            return (peak, status.code(), began.elapsed());
        }
        if began.elapsed() > limit {
            child.kill().expect("killed");
            child.wait().expect("reaped");
            return (peak, None, began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_scan_of_the_lab_makes_leads_of_clones_and_sellers_and_of_nothing_else() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    report_what_only_people_know(&lab, dir.path());
    let told = scan(dir.path(), &[]);
    let found = leads(dir.path());
    let mut wrong = Vec::new();
    for site in lab.sites().filter(|s| s.later.is_none()) {
        let name = format!("{} ({:?}: {})", site.host, site.kind, site.what);
        let want = site.expected();
        match found.iter().find(|l| l.candidate.host.as_str() == site.host) {
            None if want.is_lead() => wrong.push(format!("{name} is no lead")),
            Some(lead) if want.is_lead() => {
                let scores = lead.assessment.scores;
                if lead.class().word() != want.class {
                    wrong.push(format!("{name} is {} {scores:?}, not {}", lead.class(), want.class));
                }
                if lead.assessment.findings.iter().filter(|f| f.points > 0).count() < 2 {
                    wrong.push(format!("{name} has fewer than two findings"));
                }
            }
            Some(lead) => {
                let why: Vec<String> = lead.assessment.findings.iter().map(|f| format!("{:+} {}", f.points, f.signal)).collect();
                wrong.push(format!("{name} became a lead: {:?} {}", lead.assessment.scores, why.join(", ")));
            }
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{}\n{told}", wrong.join("\n"));
    assert!(found.iter().all(|l| l.class() != Verdict::Official));

    // Polite: only GET, never a form.
    let requests = lab.requests();
    assert!(requests.len() > 50, "{}", requests.len());
    let rude: Vec<_> = requests.iter().filter(|r| r.method != "GET").collect();
    assert!(rude.is_empty(), "{rude:?}");

    // The guard's refusals and what hostile servers did are outcomes on record.
    let outcomes = outcomes(dir.path());
    let visited = lab.expected().into_iter().filter(|s| s.kind == Kind::Hostile && outcomes.contains_key(&s.host));
    let mut refused = 0;
    for site in visited {
        let got = &outcomes[&site.host];
        assert!(got.iter().all(|o| site.allows(o)), "{}: {got:?}, not {}", site.host, site.outcome);
        refused += u32::from(got.contains("refused_by_guard"));
    }
    assert!(refused >= 3, "{refused} refusals on record");

    // A second scan opens nothing twice; a rebuilt store says the same.
    let before = essence(&found);
    scan(dir.path(), &[]);
    assert_eq!(essence(&leads(dir.path())), before, "a second scan changed the leads");
    let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));
    assert_eq!(essence(&leads(dir.path())), before, "the rebuilt store differs");

    // Every package verifies, and what leaves the unit can be made.
    let verified = jianwei(dir.path(), &["evidence", "verify", "data/evidence"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified).lines().filter(|l| l.starts_with("不通过")).collect::<String>());
    for file in ["leads.xlsx", "leads.csv", "leads.json"] {
        let run = jianwei(dir.path(), &["leads", "export", "-o", file]);
        assert_eq!(run.status.code(), Some(0), "{file}: {}", stderr(&run));
        assert!(std::fs::metadata(dir.path().join(file)).expect("written").len() > 500, "{file}");
    }
}

/// Sites that no source of the lab shows: somebody calls the hot line.
fn report_what_only_people_know(lab: &Lab, dir: &Path) {
    for site in lab.expected().iter().filter(|s| s.found == [Found::Tip]) {
        let run = jianwei(dir, &["tip", "add", &site.url, "--by", "12350"]);
        assert_eq!(run.status.code(), Some(0), "{}: {}", site.url, stderr(&run));
    }
}

/// Outcome words of all packages, by host asked for.
fn outcomes(dir: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let root = dir.join("data/evidence");
    let mut outcomes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in evidence::packages(&root).expect("packages") {
        let stored = evidence::read(&root, &package).expect("a package reads back");
        let words = stored.dossier.captures.iter().map(|c| c.outcome.word().to_owned());
        outcomes.entry(stored.dossier.candidate.host.to_string()).or_default().extend(words);
    }
    outcomes
}

#[test]
fn a_hostile_server_costs_neither_half_a_minute_nor_100_mib() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 15_000);
    let parked = lab.expected().into_iter().find(|s| s.kind == Kind::Parked || s.kind == Kind::Benign).expect("a harmless site");
    let check = |url: &str| {
        let child = command(dir.path(), &["check", "--json", url]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        watched(child, Duration::from_secs(60))
    };
    let (usual, code, _) = check(&parked.url);
    assert_eq!(code, Some(0));
    let hostile: Vec<_> = lab.expected().into_iter().filter(|s| s.kind == Kind::Hostile).collect();
    assert!(hostile.len() >= 6, "{}", hostile.len());
    let results: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = hostile.iter().map(|s| (s, scope.spawn(|| check(&s.url)))).collect();
        runs.into_iter().map(|(s, run)| (s.url.clone(), run.join().expect("no panic"))).collect()
    });
    for (url, (peak, code, took)) in results {
        assert_eq!(code, Some(0), "{url}: ended with {code:?} after {took:?}");
        assert!(took < Duration::from_secs(30), "{url}: {took:?}");
        assert!(peak < usual + 100, "{url}: {peak} MiB, a harmless page {usual} MiB");
    }
}

#[test]
fn a_scan_killed_at_twenty_moments_ends_with_the_same_leads() {
    let lab = Lab::start(None);
    let undisturbed = world::lab_settings(&lab, 8_000);
    let began = Instant::now();
    let sources = ["--source", "names", "--source", "search-lab"];
    scan(undisturbed.path(), &sources);
    let whole = began.elapsed();
    let want = essence(&leads(undisturbed.path()));
    assert!(want.len() > 10, "{}", want.len());
    let mut random = world::Random::new(20_261_124);
    for _ in 0..5 {
        let dir = world::lab_settings(&lab, 8_000);
        for _ in 0..4 {
            let arguments = [&["scan", "--quiet"][..], &sources].concat();
            let child = command(dir.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
            let moment = Duration::from_millis(random.below(whole.as_millis() as u64 * 2 / 3).max(1));
            watched(child, moment);
            whole_packages_only(dir.path());
        }
        scan(dir.path(), &sources);
        let recorded = leads(dir.path());
        assert_eq!(essence(&recorded), want);
        let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
        assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));
        let again = leads(dir.path());
        assert_eq!(essence(&again), want, "the rebuilt store differs");
        assert_eq!(packages(&again), packages(&recorded), "a package was sealed and left out of its lead");
    }
}

/// Whatever stands under a final name after a kill is whole.
fn whole_packages_only(dir: &Path) {
    let root = dir.join("data/evidence");
    if !root.exists() {
        return;
    }
    for package in evidence::packages(&root).expect("packages are listed") {
        let bad: Vec<_> = evidence::verify(&package).into_iter().filter(|c| !c.pass).collect();
        assert!(bad.is_empty(), "{}: {bad:?}", package.display());
    }
}

#[test]
fn a_million_real_names_are_scanned_in_little_memory() {
    let Some(names) = world::shared("data/new-names-1m.txt.gz") else { return };
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 2_000);
    world::add_source(dir.path(), &format!("[[source]]\nid = \"million\"\nkind = \"names\"\npath = \"{}\"\n", names.display()));
    let arguments = ["scan", "--json", "--source", "million"];
    let out = std::fs::File::create(dir.path().join("out.json")).expect("made");
    let child = command(dir.path(), &arguments).stdout(out).stderr(Stdio::null()).spawn().expect("starts");
    let (peak, code, took) = watched(child, Duration::from_secs(300));
    assert_eq!(code, Some(0));
    let text = std::fs::read_to_string(dir.path().join("out.json")).expect("read");
    let told: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    eprintln!("1,000,000 names: {took:?}, peak {peak} MiB, {}", told["sources"][0]);
    assert!(told["sources"][0]["seen"].as_u64().is_some_and(|n| n > 900_000), "{told}");
    assert!(peak < 500, "{peak} MiB");
}
