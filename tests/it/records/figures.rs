//! What it costs; run by hand: `cargo test --release --test it records::figures -- --ignored --nocapture`.

use super::*;
use std::time::Instant;

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or("VmHWM: 0");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn timed<T>(what: &str, count: u64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    let took = start.elapsed();
    eprintln!("{what}: {count} in {took:.2?}, {:.0}/s, peak {} MiB", count as f64 / took.as_secs_f64(), peak_mib());
    value
}

#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_hosts() {
    let (dir, records) = fresh();
    for chunk in 0..100u64 {
        let batch: Vec<_> = (0..1000).map(|i| candidate(&format!("h{chunk}-{i}.example.top"), "names", t(0))).collect();
        let fold = || records.commit_batch("names", batch, "x", &run(t(0))).expect("kept");
        if chunk % 25 == 0 {
            timed("new hosts", 1000, fold)
        } else {
            fold()
        };
    }
    let batch: Vec<_> = (0..100_000).map(|i| candidate(&format!("h{}-{}.example.top", i / 1000, i % 1000), "search", t(0))).collect();
    timed("known hosts in one batch", 100_000, || records.commit_batch("search", batch, "x", &run(t(0))).expect("kept"));
    let due = timed("due", 100_000, || records.due(t(0), usize::MAX).expect("due"));
    assert_eq!(due.len(), 100_000);
    timed("resolves one by one", 500, || {
        for i in 0..500 {
            records.finish_resolve(&resolution(&format!("h0-{i}.example.top"), t(1), Presence::Present), later(t(2))).expect("kept");
        }
    });
    timed("resolves from 16 threads", 1600, || {
        std::thread::scope(|scope| {
            for n in 1..17u64 {
                let records = &records;
                scope.spawn(move || {
                    for i in 0..100 {
                        let found = resolution(&format!("h{n}-{i}.example.top"), t(1), Presence::Present);
                        records.finish_resolve(&found, later(t(2))).expect("kept");
                    }
                });
            }
        });
    });
    let many: Vec<_> = (0..10_000)
        .map(|i| (resolution(&format!("h{}-{}.example.top", 20 + i / 1000, i % 1000), t(1), Presence::Present), later(t(2))))
        .collect();
    timed("resolves in one transaction", 10_000, || records.finish_resolves(&many).expect("kept"));
    timed("visits one by one", 500, || {
        for i in 0..500 {
            records.finish_visit(&visit(&format!("h0-{i}.example.top"), t(2), 80), later(t(2))).expect("kept");
        }
    });
    timed("close", 1, || drop(records));
    let records = timed("open and check", 1, || open_whole(dir.path()));
    assert_eq!(records.totals().expect("totals").hosts, 100_000);
    let size = std::fs::metadata(dir.path().join("records/db")).expect("there").len() >> 20;
    eprintln!("db file {size} MiB");
}

#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_leads() {
    let dir = tempfile::tempdir().expect("a folder");
    let visits: Vec<_> = (0..100_000).map(|i| visit(&format!("h{i}.example.top"), t(i), 60 + (i % 40) as u8)).collect();
    let records = timed("rebuild", 100_000, || Records::rebuild(dir.path(), visits).expect("rebuilt"));
    timed("list all", 100_000, || assert_eq!(all(&records).len(), 100_000));
    timed("list by score 99", 100_000, || {
        let few = records.leads(&Filter { min_score: Some(99), ..Filter::default() }).expect("leads");
        assert_eq!(few.len(), 2500);
    });
    drop(records);
    timed("open and check", 1, || open_whole(dir.path()));
    let size = std::fs::metadata(dir.path().join("records/db")).expect("there").len() >> 20;
    eprintln!("db file {size} MiB");
}

#[test]
#[ignore = "a measurement"]
fn the_same_hosts_over_and_over() {
    let (dir, records) = fresh();
    let file = dir.path().join("records/db");
    let batch: Vec<_> = (0..2000).map(|i| candidate(&format!("h{i}.example.top"), "names", t(0))).collect();
    records.commit_batch("names", batch, "x", &run(t(0))).expect("kept");
    for round in 0..10 {
        timed("changes", 20_000, || {
            for n in 0..20u64 {
                let many: Vec<_> = (0..1000)
                    .map(|i| (resolution(&format!("h{}.example.top", (i * 7 + n) % 2000), t(round), Presence::Present), later(t(round))))
                    .collect();
                records.finish_resolves(&many).expect("kept");
            }
        });
        eprintln!("db file {} MiB", std::fs::metadata(&file).expect("there").len() >> 20);
    }
}
