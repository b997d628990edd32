//! The nightly re-verification and the custody record: a changed package is named once, by its path, and everybody who looks is told.

use super::lot::{assessment_of, later, rich, settings};
use super::replace;
use crate::lab::Lab;
use crate::lab::stamp::Manner;
use crate::watch_week::pass;
use jianwei::evidence::{self, Reverification};
use jianwei::model::time::Timestamp;
use jianwei::net::Clock;
use jianwei::pipeline::stop::Stopper;
use jianwei::pipeline::watch::{Settings, Watch, health};
use jianwei::sources::{Batch, Cursor, RunOutcome, Source};
use serde_json::json;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

/// Packages of three visits.
fn three(root: &Path) -> Vec<PathBuf> {
    for shift in [0i64, 3_600_000, 40 * 86_400_000] {
        let dossier = later(rich(), shift);
        evidence::seal(root, &dossier, &assessment_of(&dossier), &settings()).expect("sealed");
    }
    evidence::packages(root).expect("listed")
}

fn hurt(package: &Path) {
    let path = package.join("view/text.txt");
    let mut bytes = fs::read(&path).expect("readable");
    bytes[0] ^= 1;
    replace(&path, &bytes);
}

fn round(root: &Path, at: i64) -> Vec<String> {
    let now = Timestamp::from_millis(at);
    let mut work = Reverification::begin(root, now).expect("begun");
    let mut found = Vec::new();
    while let Some(stepped) = work.step(now).expect("checked") {
        found.extend(stepped.newly_bad.map(|_| stepped.package));
    }
    found
}

#[test]
fn a_changed_package_is_named_in_the_round_that_finds_it_and_not_again() {
    let root = tempfile::tempdir().expect("a folder");
    let all = three(root.path());
    assert_eq!(round(root.path(), 1_000), Vec::<String>::new());
    assert_eq!(evidence::round(root.path()).map(|r| (r.checked, r.bad.len(), r.ended.is_some())), Some((3, 0, true)));
    hurt(&all[1]);
    let below = all[1].strip_prefix(root.path()).expect("below").to_str().expect("UTF-8").to_owned();
    assert_eq!(round(root.path(), 2_000).join(","), below);
    assert_eq!(round(root.path(), 3_000), Vec::<String>::new(), "it is known");
    let state = evidence::round(root.path()).expect("a state");
    assert!(state.bad.len() == 1 && state.bad[0].package == below && state.bad[0].since == Timestamp::from_millis(2_000), "{state:?}");
    assert!(state.bad[0].why.zh.contains("view/text.txt") && state.bad[0].why.zh.contains("已被改动"), "{state:?}");
    let record = evidence::custody(root.path()).expect("its chain holds");
    let named: Vec<(&str, &str)> = record.iter().map(|d| (d.what.as_str(), d.package.as_str())).collect();
    assert_eq!(named, [("round", ""), ("changed", below.as_str()), ("round", ""), ("round", "")]);
    // Brought back from the backup: good again, and a second change is named anew.
    let whole = fs::read(all[0].join("view/text.txt")).expect("readable");
    replace(&all[1].join("view/text.txt"), &whole);
    assert_eq!(round(root.path(), 4_000), Vec::<String>::new());
    assert_eq!(evidence::round(root.path()).map(|r| r.bad.len()), Some(0));
    hurt(&all[1]);
    assert_eq!(round(root.path(), 5_000), [below]);
}

#[test]
fn a_round_that_was_cut_off_goes_on_where_it_was() {
    let root = tempfile::tempdir().expect("a folder");
    let all = three(root.path());
    let now = Timestamp::from_millis(1_000);
    let mut work = Reverification::begin(root.path(), now).expect("begun");
    work.step(now).expect("checked");
    work.save().expect("written");
    let mut work = Reverification::begin(root.path(), Timestamp::from_millis(9_000)).expect("begun");
    let second = work.step(now).expect("checked").expect("one is left");
    assert!(all[1].ends_with(&second.package) && work.round().began == now && work.round().checked == 2);
}

#[test]
fn a_package_that_only_waits_for_its_stamp_is_not_called_changed() {
    let tsa = super::proofs::authority(None);
    tsa.be(Manner::Down);
    let asked = evidence::Settings { tsa: vec![evidence::Tsa { url: tsa.url(), ca: tsa.root() }], ..settings() };
    let root = tempfile::tempdir().expect("a folder");
    let dossier = rich();
    evidence::seal(root.path(), &dossier, &assessment_of(&dossier), &asked).expect("sealed");
    assert!(!super::failing(&evidence::verify(root.path())).is_empty(), "it does wait");
    assert_eq!(round(root.path(), 1_000), Vec::<String>::new());
}

#[test]
fn a_custody_record_with_a_line_taken_out_is_told() {
    let root = tempfile::tempdir().expect("a folder");
    for n in 0..3 {
        evidence::note_custody(root.path(), Timestamp::from_millis(n), "张三", "exported", "2026-01/EV-x", json!({"to": "某支队"}))
            .expect("noted");
    }
    let path = root.path().join("custody.jsonl");
    let text = fs::read_to_string(&path).expect("a record");
    let kept: String = text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, l)| format!("{l}\n")).collect();
    fs::write(&path, kept).expect("written");
    assert!(evidence::custody(root.path()).is_err_and(|why| why.en.starts_with("line 2:")));
}

#[test]
fn a_person_who_verifies_a_package_stands_in_the_custody_record_of_its_folder_and_of_no_other() {
    let lab = Lab::start(None);
    let dir = crate::world::lab_settings(&lab, 4_000);
    let run = |arguments: &[&str]| {
        crate::cli::command(dir.path(), arguments).env_remove("SUDO_USER").env("USER", "wang").output().expect("the program starts")
    };
    let root = dir.path().join("data/evidence");
    let all = three(&root);
    let elsewhere = tempfile::tempdir().expect("a folder");
    three(elsewhere.path());
    hurt(&all[2]);
    assert_eq!(run(&["evidence", "verify", "data/evidence"]).status.code(), Some(4));
    assert_eq!(run(&["evidence", "verify", elsewhere.path().to_str().expect("UTF-8")]).status.code(), Some(0));
    let shown = run(&["evidence", "custody", "--json"]);
    let lines: Vec<serde_json::Value> = crate::cli::stdout(&shown).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let told: Vec<(bool, &str)> = lines.iter().map(|l| (l["detail"]["pass"] == true, l["who"].as_str().expect("a name"))).collect();
    assert_eq!(told, [(true, "wang"), (true, "wang"), (false, "wang")], "{lines:?}");
    assert!(lines[2]["package"].as_str().is_some_and(|p| all[2].ends_with(p)), "{lines:?}");
    let text = fs::read_to_string(root.join("custody.jsonl")).expect("a record");
    fs::write(root.join("custody.jsonl"), text.replacen("wang", "zhao", 1)).expect("written");
    assert_eq!(run(&["evidence", "custody"]).status.code(), Some(4));
}

/// Changes a package on the second day and stops on the fourth.
struct Vandal {
    package: PathBuf,
    stopper: Arc<Stopper>,
    from: Timestamp,
}

impl Source for Vandal {
    fn id(&self) -> &str {
        "vandal"
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a jianwei::net::Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        match (net.now().millis() - self.from.millis()) / 86_400_000 {
            1 => hurt(&self.package),
            4.. => self.stopper.stop(),
            _ => {}
        }
        let (cursor, outcome) = (cursor.cloned().unwrap_or_default(), RunOutcome::Empty);
        Box::pin(async move {
            Batch { names: Vec::new(), names_from: String::new(), sightings: Vec::new(), cursor, more: false, outcome, done: None }
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_verifies_all_packages_every_night_and_raises_one_alert_for_the_changed_one() {
    let lab = Lab::start(None);
    let dir = tempfile::tempdir().expect("a folder");
    let monday = Timestamp::parse("2026-11-15T16:00:00Z").expect("a time");
    let clock = Clock::moved(monday);
    let all = three(&dir.path().join("evidence"));
    let (pass, _) = pass(&lab, dir.path(), clock);
    let (stopper, stop) = Stopper::new();
    let stopper = Arc::new(stopper);
    let make = {
        let (package, stopper) = (all[1].clone(), stopper.clone());
        move || Some(Box::new(Vandal { package: package.clone(), stopper: stopper.clone(), from: monday }) as Box<dyn Source>)
    };
    let planned = jianwei::pipeline::watch::Planned {
        id: "vandal".into(),
        kind: "vandal".into(),
        schedule: jianwei::pipeline::cron::Schedule::parse("0 12 * * *").expect("a schedule"),
        make: Box::new(make),
        anew: false,
    };
    let watch = Watch {
        pass: pass.clone(),
        sources: vec![planned],
        settings: Settings { look_every_s: 3_600, ..Settings::default() },
        channels: Vec::new(),
        data_dir: dir.path().to_path_buf(),
        organisation: String::new(),
        unstamped: None,
        owed: None,
    };
    watch.run(None, stop, Arc::new(|_| {})).await.expect("without a fault");
    let below = all[1].strip_prefix(dir.path().join("evidence")).expect("below").to_str().expect("UTF-8").to_owned();
    let record = evidence::custody(&dir.path().join("evidence")).expect("its chain holds");
    let rounds = record.iter().filter(|d| d.what == "round").count();
    let changed: Vec<&str> = record.iter().filter(|d| d.what == "changed").map(|d| d.package.as_str()).collect();
    assert!(rounds >= 3 && changed == [below.as_str()], "{rounds} rounds: {record:?}");
    let hours: Vec<String> = record.iter().filter(|d| d.what == "round").map(|d| d.at.beijing()[11..16].to_owned()).collect();
    assert!(hours.iter().all(|h| h.starts_with("02:3")), "{hours:?}");
    let told = health::read(dir.path()).expect("a health file");
    let verified = told.verified.expect("verified");
    assert!(verified.checked == 3 && verified.bad.len() == 1 && verified.bad[0].0 == below, "{verified:?}");
    let alerts = pass.records.alerts().expect("alerts");
    let mine: Vec<&str> =
        alerts.iter().filter(|a| a.over.is_none()).map(|a| a.key.as_str()).filter(|k| k.starts_with("evidence")).collect();
    assert_eq!(mine, [format!("evidence:{below}")]);
}
