//! A week of watch in the time that its work takes: the clock is moved. Sites appear, die and return, feeds break, files rotate,
//! leads are referred and re-checked. What was planted is found once, and memory stays flat.

use crate::lab::{Expected, Found, Lab};
use jianwei::assess::{Current, Rules};
use jianwei::lookalike::Watchlist;
use jianwei::model::lead::{Lead, Move, State};
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use jianwei::model::time::Timestamp;
use jianwei::net::{self, Clock, Net};
use jianwei::pipeline::cron::Schedule;
use jianwei::pipeline::stop::Stopper;
use jianwei::pipeline::watch::{Planned, Settings, Watch, health};
use jianwei::pipeline::{Event, Pass};
use jianwei::records::{Filter, Records};
use jianwei::sources::{self, Batch, Cursor, RunOutcome, Source};
use jianwei::{capture, evidence, resolve};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

const DAY_MS: i64 = 86_400_000;

/// How long it lasts: a week, or `WEEK_DAYS` where somebody wants to see more of its memory.
fn days() -> i64 {
    std::env::var("WEEK_DAYS").ok().and_then(|n| n.parse().ok()).unwrap_or(7).max(7)
}

/// Bytes of all files directly in a folder.
fn bytes_in(dir: &Path) -> u64 {
    std::fs::read_dir(dir).into_iter().flatten().flatten().filter_map(|e| e.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
}

/// Monday, 16 November 2026, midnight in Beijing.
fn monday() -> Timestamp {
    Timestamp::parse("2026-11-15T16:00:00Z").expect("a time")
}

/// The shipped rules, read from the folder beside the tests.
fn rule_files() -> Vec<RuleFile> {
    fn below(root: &Path, dir: &Path, into: &mut Vec<RuleFile>) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).expect("rules").map(|e| e.expect("an entry").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                below(root, &path, into);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let text = std::fs::read_to_string(&path).expect("read");
                let path = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                into.push(RuleFile { shown: path.clone(), path, text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    below(&root, &root, &mut files);
    files
}

/// A pass over this lab, by a clock of its own.
pub(crate) fn pass(lab: &Lab, dir: &Path, clock: Clock) -> (Arc<Pass>, Vec<RuleFile>) {
    let files = rule_files();
    let one = files.iter().find(|f| f.path == "sites/cx.mem.gov.cn.toml").expect("the first site");
    let sites = vec![(one.clone(), Site::read(one).expect("parses"))];
    let settings = net::Settings {
        resolvers: vec![lab.dns().to_string()],
        allow_private: vec![lab.network()],
        per_host_interval_ms: 1,
        timeout_ms: 1_500,
        ..net::Settings::default()
    };
    let attribution = resolve::Settings { bootstrap: String::new(), ..resolve::Settings::default() };
    let pass = Pass {
        watchlist: Watchlist::load(&sites, &files).expect("words"),
        rules: Arc::new(Current::new(Rules::load(&sites, &files).0)),
        sites: sites.into_iter().map(|(_, site)| site).collect(),
        net: Net::new_at(&settings, clock).expect("a door"),
        records: Arc::new(Records::open(dir, &Vec::new).expect("opens")),
        evidence_dir: dir.join("evidence"),
        capture: capture::Settings {
            variants: vec!["desktop".into(), "wechat".into()],
            official_pages: false,
            ..capture::Settings::default()
        },
        evidence: evidence::Settings::default(),
        browser: None,
        desk: resolve::Desk::open(&attribution, &files, &dir.join("tables")).expect("a desk"),
        paths: capture::Paths::load(&files).expect("good paths"),
    };
    (Arc::new(pass), files)
}

/// Plays the world: once a (moved) day it is asked, and something happens.
struct StageHand {
    stage: Arc<dyn Fn(i64, Timestamp) + Send + Sync>,
}

impl Source for StageHand {
    fn id(&self) -> &str {
        "stage-hand"
    }
    fn poll<'a>(&'a mut self, cursor: Option<&'a Cursor>, net: &'a Net) -> Pin<Box<dyn Future<Output = Batch> + Send + 'a>> {
        let now = net.now();
        let day = (now.millis() - monday().millis()) / DAY_MS;
        tokio::task::block_in_place(|| (self.stage)(day, now));
        let cursor = cursor.cloned().unwrap_or_default();
        Box::pin(async move {
            Batch {
                names: Vec::new(),
                names_from: String::new(),
                sightings: Vec::new(),
                cursor,
                more: false,
                outcome: RunOutcome::Empty,
                done: None,
            }
        })
    }
}

fn decide(records: &Records, lead: &Lead, at: Timestamp) {
    for (what, by) in
        [(Move::Claim, "甲"), (Move::Confirm, "甲"), (Move::Approve, "乙"), (Move::Refer { letter: "渝安办函〔2026〕1号".into() }, "乙")]
    {
        records.decide(&lead.id, what, by, at).expect("a legal move");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_of_watch_finds_every_planted_fake_once_in_flat_memory() {
    let lab = Arc::new(Lab::start(None));
    let dir = tempfile::tempdir().expect("a folder");
    let inbox = dir.path().join("inbox");
    std::fs::create_dir_all(&inbox).expect("a folder");
    let clock = Clock::moved(monday());
    let (pass, files) = pass(&lab, dir.path(), clock.clone());
    let fakes: Vec<Expected> = lab.expected().into_iter().filter(|s| s.is_lead() && s.found.contains(&Found::Names)).collect();
    assert!(fakes.len() > 10, "{}", fakes.len());
    let (stopper, stop) = Stopper::new();
    let memory: Arc<Mutex<Vec<u64>>> = Arc::default();
    let broken: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let (dies, stays, returns) = (fakes[0].host.clone(), fakes[1].host.clone(), fakes[2].host.clone());

    let stage = {
        let (lab, records, inbox, memory, broken) = (lab.clone(), pass.records.clone(), inbox.clone(), memory.clone(), broken.clone());
        let (fakes, data) = (fakes.clone(), dir.path().to_path_buf());
        let (dies, stays, returns) = (dies.clone(), stays.clone(), returns.clone());
        move |day: i64, now: Timestamp| {
            memory.lock().expect("whole").push(health::memory().unwrap_or(0));
            eprintln!(
                "day {day}: {} MiB resident, store {} KiB",
                health::memory().unwrap_or(0) >> 20,
                bytes_in(&data.join("records")) >> 10
            );
            // A seventh of the fakes appears each day, and each is seen again on the next; the newest file rotates.
            let share = fakes.len().div_ceil(6);
            let ours = |d: i64| fakes.iter().skip(usize::try_from(d).unwrap_or(0) * share).take(if d < 0 { 0 } else { share });
            let mut text: String = ours(day).chain(ours(day - 1)).map(|s| format!("{}\n", s.host)).collect();
            (0..300).for_each(|n| text.push_str(&format!("ordinary-{day}-{n}.com\n")));
            let current = inbox.join("current.txt");
            if day > 0 {
                let _ = std::fs::rename(&current, inbox.join(format!("old-{day}.txt")));
            }
            std::fs::write(&current, text).expect("written");
            match day {
                1 => {
                    for host in [&dies, &stays, &returns] {
                        let lead =
                            records.leads(&Filter::default()).expect("leads").into_iter().find(|l| l.candidate.host.as_str() == host);
                        decide(&records, &lead.unwrap_or_else(|| panic!("{host} is no lead on the first day")), now);
                    }
                    lab.set_down(&dies, true);
                    lab.set_down(&returns, true);
                }
                // A feed breaks: an error page where an archive should be. Two days later it is whole again.
                3 => {
                    std::fs::write(inbox.join("feed.zip"), "<html><title>502</title></html>").expect("written");
                    lab.set_down(&returns, false);
                }
                4 => {
                    let health = health::read(&data).expect("a health file");
                    broken.lock().expect("whole").extend(health.sources.iter().filter(|s| s.week.failed > 0).map(|s| s.id.clone()));
                }
                5 => std::fs::remove_file(inbox.join("feed.zip")).expect("removed"),
                day if day >= days() => stopper.stop(),
                _ => {}
            }
        }
    };
    let stage: Arc<dyn Fn(i64, Timestamp) + Send + Sync> = Arc::new(stage);
    let made: Arc<[AtomicU32; 2]> = Arc::default();
    let planned = plans(&pass, &files, &inbox, stage, &made);
    let opened: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    let moved: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = {
        let (opened, moved) = (opened.clone(), moved.clone());
        Arc::new(move |event: Event| match event {
            Event::Lead { host, .. } => *opened.lock().expect("whole").entry(host).or_default() += 1,
            Event::Moved { host, what } => moved.lock().expect("whole").push(format!("{host} {what}")),
            _ => {}
        })
    };
    let watch = Watch {
        pass: pass.clone(),
        sources: planned,
        settings: Settings { look_every_s: 3_600, reverify: String::new(), ..Settings::default() },
        channels: Vec::new(),
        data_dir: dir.path().to_path_buf(),
        organisation: String::new(),
        unstamped: None,
        owed: None,
    };
    let began = std::time::Instant::now();
    watch.run(None, stop, told).await.expect("a week without a fault");
    let passed = clock.now().millis() - monday().millis();
    let visits = pass.records.totals().expect("totals").visits;
    eprintln!("a week of {} hours in {:?}: {visits} visits", passed / 3_600_000, began.elapsed());
    assert!(passed >= days() * DAY_MS);
    let made = [0, 1].map(|n| made[n].load(Relaxed));
    assert!(made[0] >= 8 && made[1] == 1, "what asks by what people decided is made anew for each run, a reader of files once: {made:?}");

    // Every planted fake is a lead; none was opened twice.
    let leads = pass.records.leads(&Filter::default()).expect("leads");
    let hosts: BTreeSet<&str> = leads.iter().map(|l| l.candidate.host.as_str()).collect();
    let missing: Vec<&str> = fakes.iter().map(|f| f.host.as_str()).filter(|h| !hosts.contains(h)).collect();
    assert!(missing.is_empty(), "not found: {missing:?}");
    assert_eq!(hosts.len(), leads.len(), "a host with two leads");
    let twice: Vec<_> = opened.lock().expect("whole").iter().filter(|(_, n)| **n > 1).map(|(h, _)| h.clone()).collect();
    assert!(twice.is_empty(), "opened twice: {twice:?}");

    // Re-checks: gone for days is blocked, back is reopened, up is still up; each step rests on packages that are there.
    let state = |host: &str| leads.iter().find(|l| l.candidate.host.as_str() == host).map(|l| l.state).expect("a lead");
    let told = moved.lock().expect("whole").clone();
    assert_eq!(state(&dies), State::Blocked, "{told:?}");
    assert_eq!(state(&stays), State::StillUp, "{told:?}");
    assert_eq!(state(&returns), State::Reopened, "{told:?}");
    let lead = leads.iter().find(|l| l.candidate.host.as_str() == dies).expect("a lead");
    let rechecks = pass.records.rechecks(&lead.id).expect("re-checks");
    assert!(rechecks.len() >= 4, "1 h, 6 h, 24 h, 3 d: {rechecks:?}");
    let known: BTreeSet<&str> = lead.packages.iter().map(|p| p.id.as_str()).collect();
    for recheck in rechecks {
        assert_eq!(recheck.visitors.len(), 2, "as each visitor: {recheck:?}");
        assert!(recheck.packages.iter().all(|p| known.contains(p.as_str())), "{recheck:?}");
    }

    // The broken feed was told as failed, and recovered.
    assert!(broken.lock().expect("whole").contains("names"), "the broken feed");
    let last = health::read(dir.path()).expect("a health file");
    assert!(last.sources.iter().all(|s| s.standing.bad_in_a_row == 0), "{:?}", last.sources);

    // Memory: nothing piles up with what a day brings. What grows is the store's page cache, which fills with the rows that are written and
    // is capped at 256 MiB, by a few MiB a day here, and the allocator's arenas. A leak of the feeds, the visits or the runs would go beyond.
    let memory = memory.lock().expect("whole").clone();
    eprintln!("memory by day, MiB: {:?}", memory.iter().map(|m| m >> 20).collect::<Vec<_>>());
    let (second, most) = (memory[2], memory[2..].iter().copied().max().unwrap_or(0));
    assert!(most < second + (64 << 20), "{memory:?}");
}

fn plans(
    pass: &Arc<Pass>,
    files: &[RuleFile],
    inbox: &Path,
    stage: Arc<dyn Fn(i64, Timestamp) + Send + Sync>,
    made: &Arc<[AtomicU32; 2]>,
) -> Vec<Planned> {
    let settings: sources::Settings =
        toml::from_str(&format!("id = \"names\"\nkind = \"names\"\npath = \"{}\"\n", inbox.display())).expect("settings");
    let (sites, files) = (pass.sites.clone(), files.to_vec());
    let counted = |n: usize| {
        let made = made.clone();
        move || made[n].fetch_add(1, Relaxed)
    };
    let (first, second) = (counted(0), counted(1));
    let names = move || {
        second();
        sources::build(&settings, &sites, &files, &Vec::new).ok()
    };
    let stage_hand = move || {
        first();
        Some(Box::new(StageHand { stage: stage.clone() }) as Box<dyn Source>)
    };
    let planned = |id: &str, schedule: &str, anew: bool, make: jianwei::pipeline::watch::Maker| Planned {
        id: id.into(),
        kind: id.into(),
        schedule: Schedule::parse(schedule).expect("a schedule"),
        make,
        anew,
    };
    vec![planned("stage-hand", "0 0 * * *", true, Box::new(stage_hand)), planned("names", "20 * * * *", false, Box::new(names))]
}
