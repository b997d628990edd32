//! A lead's life as records keep it: claims, undoing, many at once, and a process that is killed amid decisions.

use crate::console::lot::{at, keep, plain, served};
use crate::console::{FORM, Served, encode, enrol};
use jianwei::model::lead::{IllegalMove, LeadId, Move, State};
use jianwei::model::time::Timestamp;
use jianwei::records::{AuditAsk, Records, RecordsError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn dismiss() -> Move {
    Move::Dismiss { reason: "学校自己的网页".into() }
}

/// Records with `n` leads and all accounts.
fn records(n: usize) -> (tempfile::TempDir, Records, Vec<LeadId>) {
    let dir = tempfile::tempdir().expect("a folder");
    let records = Records::open(dir.path(), &Vec::new).expect("opened");
    enrol(&records);
    let ids = (0..n).map(|i| keep(&records, &dir.path().join("evidence"), &plain(i), at(0))).collect();
    (dir, records, ids)
}

fn seconds(n: i64) -> Timestamp {
    at(60).plus_millis(n * 1000)
}

#[test]
fn a_claim_keeps_others_away_for_fifteen_minutes_and_no_longer() {
    let (_dir, records, ids) = records(1);
    let by = |who: &str, what: Move, s: i64| records.decide_by(&ids[0], what, who, seconds(s));
    by("analyst", Move::Claim, 0).expect("claimed");
    for what in [Move::Claim, Move::Confirm, dismiss()] {
        let refused = by("second", what, 15 * 60 - 1).expect_err("held");
        assert!(
            matches!(&refused, RecordsError::Illegal(IllegalMove::Held { who, until }) if who == "analyst" && *until == seconds(15 * 60)),
            "{refused}"
        );
    }
    by("second", Move::Note { text: "看过".into() }, 60).expect("a remark takes nothing from the holder");
    let taken = by("second", Move::Claim, 15 * 60).expect("lapsed");
    assert_eq!((taken.state, taken.holder.as_deref()), (State::InReview, Some("second")));
    assert!(by("analyst", Move::Confirm, 16 * 60).is_err(), "now the other one holds it");
    // A new claim by the holder begins the time again.
    by("second", Move::Claim, 29 * 60).expect("renewed");
    assert!(by("analyst", Move::Claim, 43 * 60).is_err());
    by("analyst", Move::Confirm, 44 * 60).expect("lapsed again: confirming claims it");
}

#[test]
fn ones_own_last_decision_can_be_taken_back_for_thirty_seconds() {
    let (_dir, records, ids) = records(3);
    let by = |n: usize, who: &str, what: Move, s: i64| records.decide_by(&ids[n], what, who, seconds(s));
    by(0, "analyst", dismiss(), 0).expect("dismissed");
    assert!(by(0, "second", Move::Undo, 5).is_err(), "another person's");
    assert_eq!(by(0, "analyst", Move::Undo, 30).expect("in time").state, State::New);
    by(1, "analyst", dismiss(), 0).expect("dismissed");
    assert!(matches!(by(1, "analyst", Move::Undo, 31), Err(RecordsError::Illegal(IllegalMove::NothingToUndo))), "a second too late");
    // Confirmed: back to review, and what another did since is not undone.
    by(2, "analyst", Move::Confirm, 0).expect("confirmed");
    assert_eq!(by(2, "analyst", Move::Undo, 10).expect("in time").state, State::InReview);
    by(2, "analyst", Move::Confirm, 20).expect("confirmed");
    by(2, "second", Move::Approve, 25).expect("approved");
    assert!(by(2, "analyst", Move::Undo, 26).is_err(), "it is not the last decision any more");
}

#[test]
fn a_thousand_decisions_at_once_leave_a_whole_chain_and_each_lead_one_answer() {
    let (dir, records, ids) = records(100);
    let records = Arc::new(records);
    let next = Arc::new(AtomicUsize::new(0));
    let taken: Arc<Mutex<BTreeMap<(String, String), usize>>> = Arc::default();
    let people = ["analyst", "approver", "second"];
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (records, next, taken, ids) = (records.clone(), next.clone(), taken.clone(), ids.clone());
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= 1000 {
                        return;
                    }
                    let who = people[(n + thread) % 3];
                    // Notes are always legal, so that a thousand decisions are also a thousand lines; every fifth fights over a lead.
                    let what = if n % 5 == 0 { Move::Confirm } else { Move::Note { text: format!("{n}") } };
                    let word = what.word().to_owned();
                    if records.decide_by(&ids[n % 100], what, who, seconds(n as i64 / 100)).is_ok() {
                        *taken.lock().expect("whole").entry((ids[n % 100].0.clone(), word)).or_default() += 1;
                    }
                }
            });
        }
    });
    drop(Arc::into_inner(records).expect("all threads are done"));
    let records = Records::open(dir.path(), &|| panic!("the store was made anew")).expect("opened");
    let (lines, check) = records.audit(&AuditAsk::default()).expect("read");
    assert_eq!(check.faults, Vec::<String>::new());
    let taken = taken.lock().expect("whole").clone();
    assert!(taken.values().sum::<usize>() >= 800, "the notes at least");
    for ((id, word), n) in &taken {
        assert_eq!(lines.iter().filter(|l| l.on == *id && l.word == *word).count(), *n, "{id} {word}");
    }
    for id in &ids {
        let lead = records.lead(id).expect("read").expect("there");
        assert!(lead.history.iter().filter(|s| s.what == Move::Confirm).count() <= 1, "{id} was confirmed twice");
    }
}

#[test]
fn a_server_killed_amid_decisions_has_kept_every_one_it_acknowledged() {
    let (mut served, ids) = served(40);
    let dir = served.kept.take().expect("its folder");
    let taken: Mutex<Vec<(String, &str)>> = Mutex::default();
    let people = ["analyst", "approver", "second"].map(|who| (who, served.login(who)));
    let parts: Vec<(&str, String, String)> = people.iter().map(|(who, p)| (*who, p.cookie.clone(), p.csrf.clone())).collect();
    drop(people);
    let (address, origin) = (served.address.clone(), served.origin());
    std::thread::scope(|scope| {
        for (t, (who, cookie, csrf)) in parts.iter().enumerate() {
            let (ids, taken, address, origin) = (&ids, &taken, &address, &origin);
            scope.spawn(move || {
                for n in 0..10_000 {
                    let id = &ids[(n * 7 + t * 13) % ids.len()];
                    let body = encode(&[("csrf", csrf), ("text", &format!("{who} {n}"))]);
                    let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str()), FORM, ("x-jianwei", "1")];
                    match crate::console::try_ask(address, "POST", &format!("/leads/{id}/note"), &headers, body.as_bytes()) {
                        Some(answer) => {
                            assert_eq!(answer.status, 200, "{}", answer.text());
                            taken.lock().expect("whole").push((format!("{who} {n}"), who));
                        }
                        None => return,
                    }
                }
            });
        }
        while taken.lock().expect("whole").len() < 60 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        // SIGKILL, as by `kill -9`.
        served.child.kill().expect("killed");
    });
    let records = Records::open(&dir.path().join("data"), &|| panic!("the store was made anew")).expect("opened");
    let (lines, check) = records.audit(&AuditAsk::default()).expect("read");
    assert_eq!(check.faults, Vec::<String>::new());
    let taken = taken.into_inner().expect("whole");
    assert!(taken.len() >= 60);
    for (text, who) in &taken {
        let count = lines.iter().filter(|l| l.word == "note" && l.by == *who && l.detail == *text).count();
        assert_eq!(count, 1, "{text} was acknowledged");
    }
}

/// Changes the reason in one line of the journal, as somebody with a text editor would.
fn edit(dir: &Path, from: &str, to: &str) -> usize {
    let path = dir.join("journal.jsonl");
    let text = std::fs::read_to_string(&path).expect("there");
    let line = text.lines().position(|l| l.contains(from)).expect("the line") + 1;
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    line
}

#[test]
fn one_edited_line_of_the_journal_is_named_at_start_by_doctor_and_on_screen() {
    // The second of three, and the very last, which no line after it vouches for.
    for (which, reason) in [(1, "理由一"), (2, "理由二")] {
        let (mut served, ids) = served(3);
        for (n, id) in ids.iter().enumerate() {
            let answer =
                served.login("analyst").post(&format!("/leads/{id}/dismiss"), &[("text", &format!("理由{}", ["零", "一", "二"][n]))]);
            assert_eq!(answer.status, 303, "{which}");
        }
        let dir = served.kept.take().expect("its folder");
        drop(served);
        let good = crate::cli::jianwei(dir.path(), &["doctor", "--lang", "en"]);
        assert!(crate::cli::stdout(&good).contains("ok    journal of decisions is whole"), "{}", crate::cli::stdout(&good));
        let line = edit(&dir.path().join("data"), reason, "改过的理由");
        let named = |text: &str| {
            text.contains(&format!("journal line {line}:"))
                || text.contains(&format!("journal line {}:", line + 1))
                || text.contains(&format!("number {line} is not the line"))
        };
        let doctor = crate::cli::jianwei(dir.path(), &["doctor", "--lang", "en"]);
        assert_eq!(doctor.status.code(), Some(4));
        assert!(
            crate::cli::stdout(&doctor).lines().any(|l| l.starts_with("MISSING") && l.contains("journal of decisions") && named(l)),
            "{}",
            crate::cli::stdout(&doctor)
        );
        let start = crate::cli::jianwei(dir.path(), &["leads", "list"]);
        assert!(named(&crate::cli::stderr(&start)), "{}", crate::cli::stderr(&start));
        let served = Served::start(dir.path(), "en");
        let audit = served.login("auditor").get("/audit").text();
        assert!(named(&audit), "the screen names it");
        // While it runs the folder is taken: the chain alone is looked at, and says so where it can say nothing.
        let beside = crate::cli::jianwei(dir.path(), &["doctor", "--lang", "en"]);
        assert!(crate::cli::stdout(&beside).contains("journal of decisions"), "{}", crate::cli::stdout(&beside));
    }
}
