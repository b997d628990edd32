//! kill -9 at any moment: all that was acknowledged is there again, and no transaction is half there.

use super::*;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const FOLDER: &str = "JIANWEI_TEST_RECORDS_DIR";
/// Candidates in one batch of the child.
const BATCH: u64 = 50;

/// This binary again, running only the helper named.
fn child(helper: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", &format!("records::crash::{helper}")])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

fn number(text: &str) -> u64 {
    text.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

/// Commits batches, finishes visits and decides for ever, telling on stdout what was acknowledged.
#[test]
#[ignore = "the child of the kill test"]
fn child_that_commits() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    let records = open(Path::new(&dir));
    let from = records.cursor("names").expect("read").map_or(0, |c| c.parse::<u64>().expect("a number"));
    for n in from + 1.. {
        let batch = (0..BATCH).map(|i| candidate(&format!("h{n}-{i}.top"), "names", t(0))).collect();
        records.commit_batch("names", batch, &n.to_string(), &run(t(0))).expect("kept");
        say(&format!("batch {n}"));
        let name = format!("lead{n}.top");
        records.finish_visit(&visit(&name, t(1), 80), later(t(99))).expect("kept");
        say(&format!("visit {n}"));
        records.decide(&LeadId::of(&host(&name), SITE), Move::Claim, "wang", t(2)).expect("claimed");
        say(&format!("claim {n}"));
    }
}

fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    writeln!(out, "ACK {line}").and_then(|()| out.flush()).expect("the parent reads");
}

#[test]
fn after_kill_9_at_twenty_moments_all_that_was_acknowledged_is_there_and_nothing_by_halves() {
    let (dir, records) = fresh();
    drop(records);
    let mut told: [Vec<u64>; 3] = Default::default();
    let mut pause = 7u64;
    for round in 0..20 {
        let mut process = child("child_that_commits", dir.path());
        let out = process.stdout.take().expect("piped");
        let (tell, at_work) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok).filter(|l| l.contains("ACK "));
            lines.inspect(|_| tell.send(()).unwrap_or_default()).collect::<Vec<_>>()
        });
        // Every other round the child is surely at work; else it may still be opening.
        if round % 2 == 0 {
            at_work.recv_timeout(std::time::Duration::from_secs(60)).expect("the child works");
        }
        pause = (pause * 389 + 131) % 397;
        std::thread::sleep(std::time::Duration::from_millis(10 + pause));
        process.kill().expect("killed");
        process.wait().expect("gone");
        for line in reader.join().expect("read") {
            for (list, word) in told.iter_mut().zip(["batch", "visit", "claim"]) {
                if line.contains(&format!("ACK {word} ")) {
                    list.push(number(&line));
                }
            }
        }
        let records = open_whole(dir.path());
        let cursor = records.cursor("names").expect("read").map_or(0, |c| c.parse::<u64>().expect("a number"));
        let batch = told[0].last().copied().unwrap_or(0);
        assert!(cursor >= batch, "round {round}: batch {batch} was acknowledged, the cursor is {cursor}");
        let due = records.due(t(0), usize::MAX).expect("due").len() as u64;
        assert_eq!(due, cursor * BATCH, "round {round}: cursor and candidates disagree");
        let leads = all(&records);
        let totals = records.totals().expect("totals");
        assert_eq!((totals.leads, totals.hosts), (leads.len() as u64, due + leads.len() as u64), "round {round}");
        let states: std::collections::HashMap<_, _> = leads.iter().map(|l| (l.candidate.host.to_string(), l.state)).collect();
        let state = |n: &u64| states.get(&format!("lead{n}.top")).copied();
        assert!(told[1].iter().all(|n| state(n).is_some()), "round {round}: an acknowledged lead is gone");
        assert!(told[2].iter().all(|n| state(n) == Some(State::InReview)), "round {round}: an acknowledged decision is gone");
        assert_eq!(records.verify_journal().expect("read").faults, Vec::<String>::new(), "round {round}");
    }
    let [batches, visits, decisions] = told.map(|list| list.len());
    assert!(decisions > 0, "the child hardly ran");
    eprintln!("acknowledged and found again: {batches} batches of {BATCH}, {visits} visits, {decisions} decisions");
}

/// Holds the folder until it is killed.
#[test]
#[ignore = "the child of the lock test"]
fn child_that_holds() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    let _records = open(Path::new(&dir));
    say("holding 1");
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn the_lock_names_the_other_process_and_falls_with_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut process = child("child_that_holds", dir.path());
    let mut out = BufReader::new(process.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("ACK") {
        line.clear();
        assert_ne!(out.read_line(&mut line).expect("read"), 0, "the child ended");
    }
    let refused = Records::open(dir.path(), &Vec::new).err().expect("refused");
    assert!(matches!(&refused, RecordsError::InUse { pid, .. } if *pid == process.id().to_string()), "{refused}");
    process.kill().expect("killed");
    process.wait().expect("gone");
    let _ = out.read_to_string(&mut line);
    open_whole(dir.path());
}

/// Makes the store anew and opens it, for ever.
#[test]
#[ignore = "the child of the rebuild test"]
fn child_that_rebuilds() {
    let Some(dir) = std::env::var_os(FOLDER) else { return };
    loop {
        Records::rebuild(Path::new(&dir), forty_visits()).expect("rebuilt");
        open(Path::new(&dir));
    }
}

fn forty_visits() -> Vec<Visit> {
    (0..40).map(|n| visit(&format!("h{n}.top"), t(n), 50 + n as u8)).collect()
}

#[test]
fn kill_9_during_open_and_rebuild_leaves_a_whole_store_each_time() {
    let (dir, records) = fresh();
    for seen in forty_visits() {
        records.finish_visit(&seen, later(t(99))).expect("kept");
    }
    records.commit_batch("names", vec![candidate("unvisited.top", "names", t(0))], "7", &run(t(0))).expect("kept");
    let leads = all(&records);
    drop(records);
    for round in 0..20u64 {
        let mut process = child("child_that_rebuilds", dir.path());
        std::thread::sleep(std::time::Duration::from_millis(15 + round * 13));
        process.kill().expect("killed");
        process.wait().expect("gone");
        let records = open_whole(dir.path());
        assert_eq!(all(&records), leads, "round {round}");
        assert_eq!(records.cursor("names").expect("read").as_deref(), Some("7"), "round {round}");
        assert_eq!(records.totals().expect("totals").hosts, 41, "round {round}");
    }
}
