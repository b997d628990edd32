//! Any sequence of operations: the store equals the store rebuilt from its packages and journal.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    See(u8, u8),
    Resolve(u8, bool),
    Visit(u8, u8, bool),
    Again,
    Decide(u8, u8, u8),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..5u8, 0..4u8).prop_map(|(h, s)| Op::See(h, s)),
        2 => (0..5u8, any::<bool>()).prop_map(|(h, p)| Op::Resolve(h, p)),
        5 => (0..5u8, 0..100u8, any::<bool>()).prop_map(|(h, s, up)| Op::Visit(h, s, up)),
        1 => Just(Op::Again),
        5 => (0..5u8, 0..9u8, 0..3u8).prop_map(|(h, m, by)| Op::Decide(h, m, by)),
        1 => Just(Op::Reopen),
    ]
}

fn name(n: u8) -> String {
    format!("h{n}.top")
}

fn a_move(n: u8) -> Move {
    let reason = || "seen".to_owned();
    match n {
        0 => Move::Claim,
        1 => Move::Confirm,
        2 => Move::Approve,
        3 => Move::Refer { letter: reason() },
        4 => Move::Block,
        5 => Move::StillUp,
        6 => Move::MovedTo { host: reason() },
        7 => Move::Dismiss { reason: reason() },
        _ => Move::Reopen { reason: reason() },
    }
}

/// Runs `ops`; visits are captured at the `clock`'s times. Returns the folder, its packages and its leads.
fn live(ops: &[Op], clock: impl Fn(usize) -> i64) -> (TempDir, Vec<Visit>, Vec<Lead>) {
    let (dir, mut records) = fresh();
    let mut packages: Vec<Visit> = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        let now = t(clock(i));
        match op {
            Op::See(h, s) => {
                let source = format!("source{s}");
                records.commit_batch(&source, vec![candidate(&name(*h), &source, now)], &i.to_string(), &run(now)).expect("kept");
            }
            Op::Resolve(h, present) => {
                let presence = if *present { Presence::Present } else { Presence::Absent { why: "NXDOMAIN".into() } };
                let _ = records.finish_resolve(&resolution(&name(*h), now, presence), later(now.plus_millis(HOUR)));
            }
            Op::Visit(h, score, up) => {
                let mut seen = if *up { visit(&name(*h), now, *score) } else { unreachable(&name(*h), now) };
                let due = records.due(t(9999), 99).expect("due");
                let known = due.iter().map(|d| match d {
                    Due::Resolve(c) | Due::Visit(c, _) => c,
                });
                if let Some(known) = known.into_iter().find(|c| c.host == seen.candidate.host) {
                    seen.candidate = known.clone();
                }
                records.finish_visit(&seen, later(now.plus_millis(48 * HOUR))).expect("kept");
                packages.push(seen);
            }
            Op::Again => {
                if let Some(seen) = packages.last() {
                    records.finish_visit(seen, later(now)).expect("kept");
                }
            }
            Op::Decide(h, m, by) => {
                let id = LeadId::of(&host(&name(*h)), SITE);
                match records.decide(&id, a_move(*m), &format!("person{by}"), now) {
                    Ok(_) | Err(RecordsError::NoLead(_) | RecordsError::Illegal(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            Op::Reopen => {
                drop(records);
                records = open_whole(dir.path());
            }
        }
    }
    let leads = all(&records);
    let totals = records.totals().expect("totals");
    assert_eq!((totals.leads, totals.visits), (leads.len() as u64, packages.len() as u64));
    (dir, packages, leads)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_store_equals_the_one_rebuilt_from_its_packages_and_journal(ops in prop::collection::vec(op(), 1..40)) {
        let (dir, packages, leads) = live(&ops, |i| i as i64);
        let bare = tempfile::tempdir().expect("a folder");
        std::fs::copy(dir.path().join("journal.jsonl"), bare.path().join("journal.jsonl")).expect("copied");
        let rebuilt = Records::rebuild(bare.path(), packages.iter().rev().cloned().collect()).expect("rebuilt");
        prop_assert_eq!(&all(&rebuilt), &leads, "from packages and journal alone");
        prop_assert_eq!(rebuilt.verify_journal().expect("read").faults, Vec::<String>::new());
        let rebuilt = Records::rebuild(dir.path(), packages).expect("rebuilt");
        prop_assert_eq!(&all(&rebuilt), &leads, "over the old store");
    }

    #[test]
    fn visits_that_arrive_out_of_order_make_the_same_leads(ops in prop::collection::vec(op(), 1..40), seed in 1..1000i64) {
        // A clock that jumps, but never shows the same hour twice.
        let ops: Vec<Op> = ops.into_iter().filter(|o| !matches!(o, Op::See(..))).collect();
        let (dir, packages, leads) = live(&ops, |i| (i as i64 * seed) % 1009);
        let bare = tempfile::tempdir().expect("a folder");
        std::fs::copy(dir.path().join("journal.jsonl"), bare.path().join("journal.jsonl")).expect("copied");
        let rebuilt = Records::rebuild(bare.path(), packages).expect("rebuilt");
        prop_assert_eq!(all(&rebuilt), leads);
    }
}
