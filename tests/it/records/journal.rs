//! Decisions: which are allowed, how they are written down, and what happens when somebody changes what was written.

use super::*;

/// A store with one lead that took `moves`, by turns of three people.
fn lead_after(moves: &[(Move, &str)]) -> (TempDir, Records, LeadId) {
    let (dir, records) = fresh();
    records.finish_visit(&visit("a.top", t(1), 80), later(t(9))).expect("kept");
    let id = LeadId::of(&host("a.top"), SITE);
    for (what, by) in moves {
        records.decide(&id, what.clone(), by, t(2)).expect("a legal move");
    }
    (dir, records, id)
}

fn road_to(state: State) -> Vec<(Move, &'static str)> {
    let road =
        [(Move::Claim, "a"), (Move::Confirm, "a"), (Move::Approve, "b"), (Move::Refer { letter: "公网安移〔2026〕1号".into() }, "b")];
    let reason = || "page changed".to_owned();
    let steps = |n: usize, last: Option<Move>| road[..n].iter().cloned().chain(last.map(|m| (m, "c"))).collect();
    match state {
        State::New => steps(0, None),
        State::InReview => steps(1, None),
        State::Confirmed => steps(2, None),
        State::Approved => steps(3, None),
        State::Referred => steps(4, None),
        State::Blocked => steps(4, Some(Move::Block)),
        State::StillUp => steps(4, Some(Move::StillUp)),
        State::Moved => steps(4, Some(Move::MovedTo { host: "b.top".into() })),
        State::Dismissed => steps(0, Some(Move::Dismiss { reason: reason() })),
        State::Reopened => vec![(Move::Dismiss { reason: reason() }, "c"), (Move::Reopen { reason: reason() }, "c")],
    }
}

/// Where a move leads, as the design's section 8 has it; `None`: refused.
fn design(from: State, what: &Move) -> Option<State> {
    use State as S;
    match (what.word(), from) {
        ("claim", S::New | S::Reopened | S::InReview) => Some(S::InReview),
        ("confirm", S::InReview) => Some(S::Confirmed),
        ("approve", S::Confirmed) => Some(S::Approved),
        ("refer", S::Approved) => Some(S::Referred),
        ("block", S::Referred | S::StillUp | S::Moved) => Some(S::Blocked),
        ("still_up", S::Referred | S::Blocked | S::Moved) => Some(S::StillUp),
        ("moved_to", S::Referred | S::StillUp | S::Blocked) => Some(S::Moved),
        ("dismiss", from) if from != S::Dismissed => Some(S::Dismissed),
        ("reopen", S::Dismissed | S::Blocked) => Some(S::Reopened),
        _ => None,
    }
}

#[test]
fn every_move_from_every_state_is_taken_or_refused_as_designed_and_refusals_leave_no_trace() {
    let moves = [
        Move::Claim,
        Move::Confirm,
        Move::Approve,
        Move::Refer { letter: "2号".into() },
        Move::Block,
        Move::StillUp,
        Move::MovedTo { host: "c.top".into() },
        Move::Dismiss { reason: "a school".into() },
        Move::Reopen { reason: "it is back".into() },
    ];
    for from in State::ALL {
        for what in &moves {
            let (dir, records, id) = lead_after(&road_to(from));
            let before = records.lead(&id).expect("read").expect("there");
            assert_eq!(before.state, from);
            let journal = std::fs::read(dir.path().join("journal.jsonl")).expect("read");
            match (records.decide(&id, what.clone(), "z", t(3)), design(from, what)) {
                (Ok(lead), Some(to)) => assert_eq!(lead.state, to, "{} from {}", what.word(), from.word()),
                (Err(RecordsError::Illegal(_)), None) => {
                    assert_eq!(records.lead(&id).expect("read"), Some(before));
                    assert_eq!(std::fs::read(dir.path().join("journal.jsonl")).expect("read"), journal);
                }
                (got, want) => panic!("{} from {}: got {got:?}, want {want:?}", what.word(), from.word()),
            }
        }
    }
}

#[test]
fn the_confirming_person_cannot_approve_and_a_reason_is_needed() {
    let (_dir, records, id) = lead_after(&road_to(State::Confirmed));
    for (what, by) in [(Move::Approve, "a"), (Move::Dismiss { reason: "  ".into() }, "b")] {
        assert!(matches!(records.decide(&id, what, by, t(3)), Err(RecordsError::Illegal(_))));
    }
    let nobody = LeadId("XS-0000000000".into());
    assert!(matches!(records.decide(&nobody, Move::Claim, "a", t(3)), Err(RecordsError::NoLead(_))));
    assert_eq!(records.verify_journal().expect("read").lines, 2);
}

#[test]
fn each_journal_line_carries_the_hash_of_the_line_before() {
    let (dir, records, id) = lead_after(&road_to(State::Referred));
    let text = std::fs::read_to_string(dir.path().join("journal.jsonl")).expect("read");
    let mut prev = "0".repeat(64);
    for (n, line) in text.lines().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!((value["seq"].as_u64(), value["prev"].as_str()), (Some(n as u64 + 1), Some(prev.as_str())));
        assert_eq!(value["lead"].as_str(), Some(id.0.as_str()));
        prev = Sha256::of(line.as_bytes()).hex();
    }
    assert!(text.contains(r#""move":"refer","letter":"公网安移〔2026〕1号""#));
    assert_eq!(records.verify_journal().expect("read"), jianwei::records::JournalCheck { lines: 4, faults: Vec::new() });
}

#[test]
fn a_changed_removed_added_or_cut_line_is_found_and_the_store_still_opens() {
    type Forge = fn(Vec<String>) -> Vec<String>;
    let forgeries: [(&str, Forge); 6] = [
        ("changed", |mut l| {
            l[1] = l[1].replace("\"by\":\"a\"", "\"by\":\"x\"");
            l
        }),
        ("last changed", |mut l| {
            l[3] = l[3].replace("\"by\":\"b\"", "\"by\":\"x\"");
            l
        }),
        ("removed", |mut l| {
            l.remove(1);
            l
        }),
        ("added", |mut l| {
            let copy = l[1].clone();
            l.insert(2, copy);
            l
        }),
        ("cut", |mut l| {
            l.truncate(2);
            l
        }),
        ("garbage", |mut l| {
            l[2] = "not a line".into();
            l
        }),
    ];
    for (what, forge) in forgeries {
        let (dir, records, id) = lead_after(&road_to(State::Referred));
        let path = dir.path().join("journal.jsonl");
        let lines: Vec<String> = std::fs::read_to_string(&path).expect("read").lines().map(str::to_owned).collect();
        let forged = forge(lines.clone());
        assert_ne!(forged, lines, "{what}");
        std::fs::write(&path, forged.join("\n") + "\n").expect("written");
        assert!(!records.verify_journal().expect("read").faults.is_empty(), "{what}: not found while open");
        drop(records);
        let records = open_whole(dir.path());
        assert!(!records.verify_journal().expect("read").faults.is_empty(), "{what}: not found after a restart");
        assert_eq!(records.lead(&id).expect("read").expect("there").state, State::Referred, "{what}");
        records.decide(&id, Move::Block, "c", t(8)).expect("work goes on");
        assert!(!records.verify_journal().expect("read").faults.is_empty(), "{what}: healed by a later line");
    }
}

#[test]
fn a_line_torn_by_a_crash_is_set_aside_and_the_chain_stays_whole() {
    let (dir, records, id) = lead_after(&road_to(State::InReview));
    drop(records);
    let path = dir.path().join("journal.jsonl");
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(&path, [whole.as_slice(), b"{\"seq\":2,\"at\":\"2026-01"].concat()).expect("written");
    let records = open_whole(dir.path());
    assert_eq!(std::fs::read(&path).expect("read"), whole);
    assert_eq!(std::fs::read(dir.path().join("journal.jsonl.torn")).expect("read"), b"{\"seq\":2,\"at\":\"2026-01\n");
    records.decide(&id, Move::Confirm, "a", t(3)).expect("work goes on");
    assert_eq!(records.verify_journal().expect("read"), jianwei::records::JournalCheck { lines: 2, faults: Vec::new() });
}

#[test]
fn a_whole_last_line_without_its_line_feed_is_kept() {
    let (dir, records, id) = lead_after(&road_to(State::Confirmed));
    drop(records);
    let path = dir.path().join("journal.jsonl");
    let whole = std::fs::read(&path).expect("read");
    std::fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    let records = open_whole(dir.path());
    assert_eq!(std::fs::read(&path).expect("read"), whole);
    assert_eq!(records.lead(&id).expect("read").expect("there").history.len(), 2);
}

#[test]
fn a_decision_that_reached_the_journal_but_not_the_store_is_applied_at_the_next_open() {
    let (dir, records, id) = lead_after(&road_to(State::InReview));
    let early = tempfile::tempdir().expect("a folder");
    drop(records);
    copy(dir.path(), early.path());
    let records = open_whole(dir.path());
    records.decide(&id, Move::Confirm, "a", t(3)).expect("confirmed");
    drop(records);
    std::fs::copy(dir.path().join("journal.jsonl"), early.path().join("journal.jsonl")).expect("copied");
    let records = open_whole(early.path());
    assert_eq!(records.lead(&id).expect("read").expect("there").state, State::Confirmed);
    assert_eq!(records.verify_journal().expect("read").faults, Vec::<String>::new());
}

#[test]
fn a_journal_that_was_cut_is_told_even_after_a_rebuild() {
    let (dir, records, _) = lead_after(&road_to(State::Referred));
    drop(records);
    for left in [2, 0] {
        let path = dir.path().join("journal.jsonl");
        let text = std::fs::read_to_string(&path).expect("read");
        let cut: String = text.lines().take(left).map(|l| format!("{l}\n")).collect();
        std::fs::write(&path, cut).expect("written");
        let records = Records::rebuild(dir.path(), vec![visit("a.top", t(1), 80)]).expect("rebuilt");
        let faults = records.verify_journal().expect("read").faults;
        assert!(faults.iter().any(|f| f.contains("cut off")), "{left}: {faults:?}");
    }
}

#[test]
fn a_decision_waits_for_a_lead_whose_packages_are_not_here() {
    let (dir, records, id) = lead_after(&road_to(State::InReview));
    drop(records);
    let records = Records::rebuild(dir.path(), Vec::new()).expect("rebuilt");
    assert_eq!(records.lead(&id).expect("read"), None);
    records.finish_visit(&visit("a.top", t(1), 80), later(t(9))).expect("kept");
    assert_eq!(records.lead(&id).expect("read").expect("there").state, State::InReview);
}

pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("listed").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}
