//! Tests of records, from outside: what is due, what becomes a lead, what stays after a crash.

mod crash;
mod damage;
mod figures;
mod full_disk;
mod journal;
mod model;
mod settled;

use jianwei::model::assessment::{Assessment, Scores, Verdict};
use jianwei::model::candidate::{Candidate, Reason};
use jianwei::model::digest::{Sha256, Sm3};
use jianwei::model::host::Host;
use jianwei::model::indicator::Marks;
use jianwei::model::lead::{Lead, LeadId, Move, PackageRef, State};
use jianwei::model::resolution::{Presence, Resolution};
use jianwei::model::sighting::Sighting;
use jianwei::model::time::Timestamp;
use jianwei::records::{Due, Filter, Next, Records, RecordsError, Run, Visit};
use std::path::Path;
use tempfile::TempDir;

const SITE: &str = "cx.mem.gov.cn";
const HOUR: i64 = 3_600_000;

/// `hours` after a fixed morning.
fn t(hours: i64) -> Timestamp {
    Timestamp::parse("2026-01-03T02:00:00Z").expect("a time").plus_millis(hours * HOUR)
}

fn host(text: &str) -> Host {
    Host::parse(text).expect("a host")
}

fn candidate(name: &str, source: &str, seen_at: Timestamp) -> Candidate {
    Candidate {
        host: host(name),
        url: format!("http://{name}/"),
        site: SITE.into(),
        reasons: vec![Reason::Search { site: SITE.into(), engine: source.into(), query: "q".into(), rank: 1 }],
        sightings: vec![Sighting { seen: name.into(), source: source.into(), seen_at, context: Default::default() }],
        first_seen: seen_at,
        last_seen: seen_at,
    }
}

fn run(at: Timestamp) -> Run {
    Run { at, outcome: "ok".into(), why: String::new(), seen: 10, screened_in: 1, new: 0 }
}

fn resolution(name: &str, at: Timestamp, presence: Presence) -> Resolution {
    Resolution { host: host(name), at, resolvers: vec!["system".into()], presence, addresses: Vec::new(), answers: Vec::new() }
}

/// A visit that captured a page of this score; from 40 on it asks for review.
fn visit(name: &str, at: Timestamp, score: u8) -> Visit {
    let id = format!("EV-{}-{score:08x}", at.compact());
    Visit {
        candidate: candidate(name, "names", t(0)),
        resolution: Some(resolution(name, at, Presence::Present)),
        marks: Marks::default(),
        attribution: None,
        outcome: "captured".into(),
        outcome_why: "page captured".into(),
        url: format!("http://{name}/index.html"),
        title: format!("特种作业操作证查询 {score}"),
        assessment: Assessment {
            not_looked_at: Vec::new(),
            class: if score >= 60 { Verdict::FakeQuery } else { Verdict::None },
            site: SITE.into(),
            scores: Scores { fake_query: score, seller: 0, mirror: 0 },
            review: score >= 40,
            findings: Vec::new(),
            rules: "0123456789abcdef".into(),
            at,
        },
        package: PackageRef {
            path: format!("2026/{id}"),
            manifest_sha256: Sha256::of(id.as_bytes()),
            manifest_sm3: Sm3::of(id.as_bytes()),
            id,
            captured_at: at,
            outcome: "captured".into(),
        },
    }
}

/// A visit that found nobody.
fn unreachable(name: &str, at: Timestamp) -> Visit {
    let mut visit = visit(name, at, 0);
    visit.outcome = "unreachable".into();
    visit.package.outcome = "unreachable".into();
    visit
}

fn never() -> Vec<Visit> {
    panic!("the store was made anew, though nothing was wrong with it")
}

fn open(dir: &Path) -> Records {
    Records::open(dir, &Vec::new).expect("opens")
}

fn open_whole(dir: &Path) -> Records {
    Records::open(dir, &never).expect("opens")
}

fn fresh() -> (TempDir, Records) {
    let dir = tempfile::tempdir().expect("a folder");
    let records = open(dir.path());
    (dir, records)
}

fn later(at: Timestamp) -> Next {
    Next { visit: false, at: Some(at) }
}

fn all(records: &Records) -> Vec<Lead> {
    records.leads(&Filter::default()).expect("leads")
}

fn names(due: &[Due]) -> Vec<String> {
    due.iter()
        .map(|d| match d {
            Due::Resolve(c) => format!("resolve {}", c.host),
            Due::Visit(c, r) => format!("visit {}{}", c.host, if r.is_some() { " with facts" } else { "" }),
        })
        .collect()
}

#[test]
fn a_batch_leaves_cursor_run_and_hosts_due_at_once() {
    let (dir, records) = fresh();
    let batch = vec![candidate("a.top", "names", t(0)), candidate("203.0.113.9", "names", t(0)), candidate("a.top", "names", t(0))];
    assert_eq!(records.commit_batch("names", batch, "line 3", &run(t(1))).expect("kept"), 2);
    drop(records);
    let records = open_whole(dir.path());
    assert_eq!(records.cursor("names").expect("read").as_deref(), Some("line 3"));
    assert_eq!(records.cursor("other").expect("read"), None);
    assert_eq!(records.runs().expect("read"), [("names".to_owned(), Run { new: 2, ..run(t(1)) })]);
    assert!(records.due(t(0), 10).expect("due").is_empty(), "not before the run");
    assert_eq!(names(&records.due(t(1), 10).expect("due")), ["visit 203.0.113.9", "resolve a.top"]);
    assert_eq!(records.totals().expect("totals").hosts, 2);
}

#[test]
fn due_work_comes_oldest_first_and_stays_until_it_is_finished() {
    let (_dir, records) = fresh();
    for (name, hour) in [("late.top", 3), ("early.top", 1), ("mid.top", 2)] {
        records.commit_batch(name, vec![candidate(name, name, t(hour))], "x", &run(t(hour))).expect("kept");
    }
    let due = |hour, limit| names(&records.due(t(hour), limit).expect("due"));
    assert_eq!(due(9, 9), ["resolve early.top", "resolve mid.top", "resolve late.top"]);
    assert_eq!(due(9, 2), ["resolve early.top", "resolve mid.top"]);
    assert_eq!(due(9, 0), Vec::<String>::new());
    assert_eq!(due(2, 9), ["resolve early.top", "resolve mid.top"]);
    let found = resolution("early.top", t(4), Presence::Present);
    records.finish_resolve(&found, Next { visit: true, at: Some(t(5)) }).expect("kept");
    assert_eq!(due(9, 9), ["resolve mid.top", "resolve late.top", "visit early.top with facts"]);
    records
        .finish_resolve(&resolution("mid.top", t(4), Presence::Absent { why: "NXDOMAIN".into() }), Next { visit: false, at: None })
        .expect("kept");
    assert_eq!(due(9, 9), ["resolve late.top", "visit early.top with facts"]);
    assert_eq!(records.totals().expect("totals").present, 1);
    assert!(matches!(
        records.finish_resolve(&resolution("stranger.top", t(4), Presence::Present), later(t(5))),
        Err(RecordsError::Store { .. })
    ));
}

#[test]
fn starts_are_counted_across_a_crash_until_a_step_ends() {
    let (dir, records) = fresh();
    records.commit_batch("names", vec![candidate("a.top", "names", t(0))], "1", &run(t(0))).expect("kept");
    assert_eq!(records.started(&host("a.top")).expect("counted"), 1);
    drop(records);
    let records = open_whole(dir.path());
    assert_eq!(records.started(&host("a.top")).expect("counted"), 2);
    assert_eq!(names(&records.due(t(2), 9).expect("due")), ["resolve a.top"]);
    records.finish_resolve(&resolution("a.top", t(2), Presence::Present), later(t(3))).expect("kept");
    assert_eq!(records.started(&host("a.top")).expect("counted"), 1);
    assert_eq!(records.started(&host("stranger.top")).expect("counted"), 0);
}

#[test]
fn a_known_host_is_hastened_by_news_only_and_not_within_a_day_of_a_visit() {
    let (_dir, records) = fresh();
    let see =
        |source: &str, hour| records.commit_batch(source, vec![candidate("a.top", source, t(hour))], "x", &run(t(hour))).expect("kept");
    see("names", 0);
    records
        .finish_resolve(&resolution("a.top", t(1), Presence::Absent { why: "NXDOMAIN".into() }), Next { visit: false, at: None })
        .expect("kept");
    see("names", 2);
    assert!(records.due(t(99), 9).expect("due").is_empty(), "the same source brings no news");
    see("search", 3);
    assert_eq!(names(&records.due(t(3), 9).expect("due")), ["resolve a.top"]);
    records.finish_visit(&visit("a.top", t(4), 10), later(t(900))).expect("kept");
    see("tips", 5);
    assert!(records.due(t(99), 9).expect("due").is_empty(), "visited an hour ago");
    let mut reported = candidate("a.top", "12350", t(6));
    reported.reasons = vec![Reason::Report { by: "12350".into() }];
    records.commit_batch("12350", vec![reported], "x", &run(t(6))).expect("kept");
    assert_eq!(names(&records.due(t(6), 9).expect("due")), ["resolve a.top"], "a person's call does not wait");
    records.finish_visit(&visit("a.top", t(7), 10), later(t(900))).expect("kept");
    see("assets", 40);
    assert_eq!(names(&records.due(t(40), 9).expect("due")), ["resolve a.top"]);
    records.finish_visit(&visit("a.top", t(41), 10), later(t(900))).expect("kept");
    records.finish_resolve(&resolution("a.top", t(42), Presence::Absent { why: "NXDOMAIN".into() }), later(t(900))).expect("kept");
    see("another", 43);
    assert_eq!(names(&records.due(t(43), 9).expect("due")), ["resolve a.top"], "visited two hours ago, but gone since");
}

#[test]
fn a_review_opens_a_lead_and_later_visits_renew_it_without_losing_it() {
    let (_dir, records) = fresh();
    let finish = |v: &Visit| records.finish_visit(v, later(t(900))).expect("kept");
    assert_eq!(finish(&visit("a.top", t(1), 20)), None);
    let (lead, new) = finish(&visit("a.top", t(2), 70)).expect("a lead");
    assert!(new);
    assert_eq!((lead.id.clone(), lead.opened_at, lead.packages.len()), (LeadId::of(&host("a.top"), SITE), t(2), 1));
    records.decide(&lead.id, Move::Claim, "wang", t(3)).expect("claimed");
    let (lead, new) = finish(&unreachable("a.top", t(4))).expect("the lead");
    assert!(!new);
    assert_eq!((lead.state, lead.assessment.scores.fake_query, lead.packages.len()), (State::InReview, 70, 2));
    let (lead, _) = finish(&visit("a.top", t(5), 10)).expect("the lead");
    assert_eq!((lead.assessment.scores.fake_query, lead.packages.len()), (70, 3), "a page turned harmless does not end a lead");
    let (lead, _) = finish(&visit("a.top", t(6), 90)).expect("the lead");
    assert_eq!((lead.assessment.scores.fake_query, lead.title.as_str(), lead.opened_at), (90, "特种作业操作证查询 90", t(2)));
    let again = finish(&visit("a.top", t(6), 90)).expect("the lead");
    assert_eq!(again, (lead.clone(), false), "the same visit again changes nothing");
    assert_eq!(records.lead_of(&host("a.top")).expect("read"), Some(lead));
    let totals = records.totals().expect("totals");
    assert_eq!((totals.visits, totals.leads, totals.present), (5, 1, 1));
}

#[test]
fn a_lead_rests_on_the_strongest_visit_of_its_last_round_in_whatever_order_they_come() {
    let soon = |minutes: i64| t(10).plus_millis(minutes * 60_000);
    let visits = [visit("a.top", t(1), 95), visit("a.top", soon(0), 60), visit("a.top", soon(5), 90), visit("a.top", soon(9), 70)];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let (_dir, records) = fresh();
        for i in order {
            records.finish_visit(&visits[i], later(t(900))).expect("kept");
        }
        let lead = records.lead_of(&host("a.top")).expect("read").expect("a lead");
        assert_eq!(
            (lead.assessment.scores.fake_query, lead.title.as_str(), lead.packages.len()),
            (90, "特种作业操作证查询 90", 4),
            "{order:?}"
        );
    }
}

#[test]
fn a_sealed_visit_that_was_not_recorded_is_adopted_once_and_its_host_stays_due() {
    let (_dir, records) = fresh();
    records.commit_batch("names", vec![candidate("a.top", "names", t(0))], "1", &run(t(0))).expect("kept");
    records.finish_resolve(&resolution("a.top", t(1), Presence::Present), later(t(2))).expect("kept");
    let due = records.due(t(3), 9).expect("due");
    let orphan = visit("a.top", t(2), 80);
    assert!(records.adopt(&orphan).expect("adopted"));
    assert!(!records.adopt(&orphan).expect("known"));
    assert_eq!(records.newest_visit().expect("read"), Some(t(2)));
    assert_eq!(names(&records.due(t(3), 9).expect("due")), names(&due), "the step that was cut off is made again");
    let lead = records.lead_of(&host("a.top")).expect("read").expect("a lead");
    assert_eq!((lead.packages.len(), records.totals().expect("totals").visits), (1, 1));
}

#[test]
fn the_last_visit_and_the_outcomes_are_at_hand() {
    let (_dir, records) = fresh();
    for v in [visit("a.top", t(1), 70), unreachable("b.top", t(1)), unreachable("a.top", t(2)), visit("c.top", t(2), 0)] {
        records.finish_visit(&v, later(t(9))).expect("kept");
    }
    let facts = records.visit_of(&host("a.top")).expect("read").expect("visited");
    assert_eq!((facts.outcome.as_str(), facts.at, facts.score), ("unreachable", t(2), 0));
    assert_eq!(records.visit_of(&host("x.top")).expect("read"), None);
    let outcomes: Vec<_> = records.hosts_by_outcome().expect("read").into_iter().collect();
    assert_eq!(outcomes, [("captured".to_owned(), 1), ("unreachable".to_owned(), 2)]);
}

#[test]
fn leads_are_filtered_by_every_part_and_come_highest_first() {
    let (_dir, records) = fresh();
    let mut seller = visit("seller.top", t(2), 55);
    seller.candidate.sightings[0].source = "search".into();
    seller.title = "代办 Certificates".into();
    for v in [&visit("b.top", t(1), 70), &visit("a.top", t(3), 70), &seller, &visit("high.top", t(4), 95)] {
        records.finish_visit(v, later(t(9))).expect("kept");
    }
    records.decide(&LeadId::of(&host("b.top"), SITE), Move::Claim, "wang", t(5)).expect("claimed");
    let found = |filter: Filter| records.leads(&filter).expect("leads").iter().map(|l| l.candidate.host.to_string()).collect::<Vec<_>>();
    assert_eq!(found(Filter::default()), ["high.top", "a.top", "b.top", "seller.top"]);
    assert_eq!(found(Filter { states: vec![State::InReview], ..Default::default() }), ["b.top"]);
    assert_eq!(found(Filter { classes: vec![Verdict::None], ..Default::default() }), ["seller.top"]);
    assert_eq!(found(Filter { min_score: Some(71), ..Default::default() }), ["high.top"]);
    assert_eq!(found(Filter { source: Some("search".into()), ..Default::default() }), ["seller.top"]);
    assert_eq!(found(Filter { since: Some(t(3)), ..Default::default() }), ["high.top", "a.top"]);
    assert_eq!(found(Filter { text: Some("CERTIFICATES".into()), ..Default::default() }), ["seller.top"]);
    assert_eq!(found(Filter { site: Some("other.gov.cn".into()), ..Default::default() }), Vec::<String>::new());
}

#[test]
fn a_second_process_is_told_who_has_the_folder() {
    let (dir, records) = fresh();
    match Records::open(dir.path(), &Vec::new) {
        Err(RecordsError::InUse { pid, .. }) => assert_eq!(pid, std::process::id().to_string()),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two writers"),
    }
    drop(records);
    open_whole(dir.path());
}

#[test]
fn many_threads_change_things_at_once_and_every_change_is_kept() {
    let (dir, records) = fresh();
    std::thread::scope(|scope| {
        for n in 0..8i64 {
            let records = &records;
            scope.spawn(move || {
                for i in 0..12i64 {
                    let name = format!("h{n}-{i}.top");
                    let source = format!("source{n}");
                    records.commit_batch(&source, vec![candidate(&name, &source, t(0))], &i.to_string(), &run(t(0))).expect("kept");
                    records.started(&host(&name)).expect("counted");
                    records.finish_resolve(&resolution(&name, t(1), Presence::Present), later(t(2))).expect("kept");
                    records.finish_visit(&visit(&name, t(n * 100 + i), 80), later(t(9))).expect("kept");
                    records.decide(&LeadId::of(&host(&name), SITE), Move::Claim, "wang", t(3)).expect("claimed");
                    assert!(all(records).len() as i64 > i);
                }
            });
        }
    });
    drop(records);
    let records = open_whole(dir.path());
    let leads = all(&records);
    assert!(leads.len() == 96 && leads.iter().all(|l| l.state == State::InReview));
    assert_eq!(records.runs().expect("runs").len(), 8);
    assert_eq!(records.verify_journal().expect("read"), jianwei::records::JournalCheck { lines: 96, faults: Vec::new() });
}
