//! What a person settled stays settled: the allow-list, dismissed leads, and names that come a thousand at a time.

use super::*;
use jianwei::model::allow::AllowMove;
use jianwei::model::candidate::Reason;

const DAY: i64 = 24;

fn allow(name: &str, tree: bool) -> AllowMove {
    AllowMove::Allow { host: host(name), tree, reason: "our own test server".into() }
}

fn disallow(name: &str) -> AllowMove {
    AllowMove::Disallow { host: host(name), reason: "sold".into() }
}

fn see(records: &Records, name: &str, source: &str, at: Timestamp) -> u64 {
    records.commit_batch(source, vec![candidate(name, source, at)], "", &run(at)).expect("kept")
}

#[test]
fn an_allowed_host_is_due_for_nothing_and_no_source_brings_it_back() {
    let (dir, records) = fresh();
    see(&records, "ours.top", "names", t(0));
    see(&records, "www.ours.top", "names", t(0));
    records.allow(&allow("ours.top", false), "li", t(1)).expect("allowed");
    assert_eq!(names(&records.due(t(999), 9).expect("due")), ["resolve www.ours.top"], "the host alone");
    records.allow(&allow("ours.top", true), "li", t(2)).expect("allowed");
    assert!(records.due(t(999), 9).expect("due").is_empty(), "and all below it");
    assert_eq!(see(&records, "new.ours.top", "ct", t(3)), 0);
    assert_eq!(see(&records, "ours.top", "search", t(3)), 0);
    assert!(records.due(t(999), 9).expect("due").is_empty());
    assert_eq!(see(&records, "notours.top", "ct", t(3)), 1, "a label boundary");
    let listed = records.allowed().expect("read");
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].by.as_str(), listed[0].tree, listed[0].reason.as_str()), ("li", true, "our own test server"));
    assert_eq!(Records::allowed_in(dir.path()).expect("read beside it"), listed);
}

#[test]
fn a_host_taken_off_the_list_is_looked_at_again() {
    let (_dir, records) = fresh();
    see(&records, "ours.top", "names", t(0));
    records.allow(&allow("ours.top", false), "li", t(1)).expect("allowed");
    records.allow(&disallow("ours.top"), "li", t(5)).expect("taken off");
    assert_eq!(names(&records.due(t(5), 9).expect("due")), ["resolve ours.top"]);
    assert!(records.allowed().expect("read").is_empty());
    assert!(matches!(records.allow(&disallow("ours.top"), "li", t(6)), Err(RecordsError::NotAllowed { .. })));
    let mute = AllowMove::Allow { host: host("a.top"), tree: false, reason: "  ".into() };
    assert!(matches!(records.allow(&mute, "li", t(6)), Err(RecordsError::NoReason { .. })));
    let journal = records.verify_journal().expect("read");
    assert_eq!((journal.lines, journal.faults.len()), (2, 0), "what was refused is not written");
}

#[test]
fn the_allow_list_outlives_a_rebuild_and_an_allowed_host_that_was_visited_stays_quiet() {
    let (dir, records) = fresh();
    let seen = visit("ours.top", t(1), 80);
    records.finish_visit(&seen, later(t(2))).expect("kept");
    records.allow(&allow("ours.top", true), "li", t(3)).expect("allowed");
    records.finish_visit(&visit("ours.top", t(4), 90), later(t(5))).expect("a visit that was under way");
    assert!(records.due(t(9999), 9).expect("due").is_empty());
    let listed = records.allowed().expect("read");
    drop(records);
    let records = Records::rebuild(dir.path(), vec![seen]).expect("rebuilt");
    assert_eq!(records.allowed().expect("read"), listed);
    assert!(records.due(t(9999), 9).expect("due").is_empty());
    assert_eq!(all(&records).len(), 1, "the lead is a person's to decide");
    assert!(records.verify_journal().expect("read").faults.is_empty());
}

#[test]
fn a_dismissed_host_from_another_source_costs_no_visit_until_its_own_recheck() {
    let (_dir, records) = fresh();
    records.finish_visit(&visit("a.top", t(1), 50), later(t(25))).expect("kept");
    let id = LeadId::of(&host("a.top"), SITE);
    records.decide(&id, Move::Dismiss { reason: "a school".into() }, "li", t(2)).expect("dismissed");
    records.finish_visit(&visit("a.top", t(25), 50), later(t(49))).expect("kept");
    assert!(records.due(t(25 + 29 * DAY), 9).expect("due").is_empty(), "it rests for a month");
    see(&records, "a.top", "ct", t(25 + 3 * DAY));
    assert!(records.due(t(25 + 29 * DAY), 9).expect("due").is_empty(), "another feed is no news");
    assert_eq!(records.due(t(25 + 30 * DAY), 9).expect("due").len(), 1, "its own re-check comes");
    assert_eq!(all(&records).len(), 1);
    let mut reported = candidate("a.top", "tip", t(25 + 4 * DAY));
    reported.reasons = vec![Reason::Report { by: "12350".into() }];
    records.commit_batch("tip", vec![reported], "", &run(t(25 + 4 * DAY))).expect("kept");
    assert_eq!(records.due(t(25 + 4 * DAY), 9).expect("due").len(), 1, "a person who calls is heard");
}

#[test]
fn a_dismissed_page_that_changed_is_reopened_by_the_journal_and_one_that_did_not_is_not() {
    let (dir, records) = fresh();
    let mut packages = vec![visit("a.top", t(1), 50)];
    records.finish_visit(&packages[0], later(t(2))).expect("kept");
    let id = LeadId::of(&host("a.top"), SITE);
    records.decide(&id, Move::Dismiss { reason: "a school".into() }, "li", t(2)).expect("dismissed");
    for (hours, score, state) in [(30, 52, State::Dismissed), (31, 0, State::Dismissed), (32, 85, State::Reopened)] {
        packages.push(visit("a.top", t(hours), score));
        records.finish_visit(packages.last().expect("just put"), later(t(hours + 1))).expect("kept");
        assert_eq!(records.lead(&id).expect("read").expect("there").state, state, "{score}");
    }
    let lead = records.lead(&id).expect("read").expect("there");
    let last = lead.history.last().expect("a step");
    assert_eq!(last.by, "jianwei");
    assert!(matches!(&last.what, Move::Reopen { reason } if reason.contains("none 52 -> fake_query 85")), "{last:?}");
    drop(records);
    let again = Records::rebuild(dir.path(), packages).expect("rebuilt");
    assert_eq!(again.lead(&id).expect("read").expect("there"), lead);
}

#[test]
fn a_name_with_a_thousand_hosts_costs_no_thousand_visits() {
    let (_dir, records) = fresh();
    let batch = (0..1_000).map(|n| candidate(&format!("a{n}.wild.top"), "ct", t(0))).collect();
    let new = records.commit_batch("ct", batch, "", &run(t(0))).expect("kept");
    assert_eq!(new, 64);
    assert_eq!(records.due(t(1), 5_000).expect("due").len(), 64);
    assert_eq!(see(&records, "other.top", "ct", t(0)), 1);
    assert_eq!(see(&records, "b1.pages.dev", "ct", t(0)) + see(&records, "b2.pages.dev", "ct", t(0)), 2, "each is a name of its own");
    let mut reported = candidate("z.wild.top", "tip", t(0));
    reported.reasons = vec![Reason::Report { by: "110".into() }];
    assert_eq!(records.commit_batch("tip", vec![reported], "", &run(t(0))).expect("kept"), 1, "a report is looked at in any case");
}
