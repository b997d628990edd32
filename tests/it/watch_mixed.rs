//! Feeds, a certificate log, a search engine and permutations at once, and a watch that is killed again and again in the middle of them.

use crate::lab::Lab;
use crate::lab::ctlog::CtLog;
use crate::lab::nginx::{Nginx, Server};
use crate::watch::{all_done, begin, end, leads, log, mixed_settings, search_pages, start, tallies, wait};
use crate::world::{self, Random};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TILES: u64 = 48;
/// Tiles that one batch of the source reads.
const BATCH: usize = 8;
const KILLS: usize = 20;

/// A log behind nginx in which the lab's hosts stand among ordinary names, one a certificate.
fn certificates(lab: &Lab, nginx: &Nginx) -> (Server, TempDir, String) {
    let mut log = CtLog::new("lab.example/2027h1");
    let hosts: Vec<String> = lab.sites().filter(|s| s.later.is_none()).map(|s| s.host.clone()).collect();
    for n in 0..TILES * 256 {
        let one = usize::try_from(n / 61).ok().filter(|_| n % 61 == 60).and_then(|k| hosts.get(k));
        match one {
            Some(host) => log.push(&[host]),
            None => log.push(&[&format!("ordinary-{n}.shop-{}.com", n % 977)]),
        }
    }
    let root = TempDir::new().expect("temp");
    log.write(root.path());
    let server = nginx.serve(root.path(), "");
    let list = log.list(true, &server.base);
    (server, root, list)
}

fn add_log(lab: &Lab, dir: &Path, list: &str) {
    std::fs::write(dir.join("log_list.json"), list).expect("written");
    let file = dir.join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let (network, here) = (format!("\"{}\"", lab.network()), format!("\"{}\", \"127.0.0.1/32\"", lab.network()));
    let source =
        format!("[[source]]\nid = \"ct\"\nkind = \"ct\"\npath = \"log_list.json\"\ninterval_ms = 60\nbackfill_entries = {}\n", TILES * 256);
    std::fs::write(file, format!("{}{source}", text.replacen(&network, &here, 1))).expect("written");
}

/// How often each tile of entries was given.
fn tiles(server: &Server) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in server.told().iter().filter(|l| l.contains("/tile/data/") && l.contains(" 200 ")) {
        *counts.entry(line.split(' ').nth(1).unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn a_watch_over_mixed_sources_killed_at_twenty_moments_loses_no_candidate_and_reads_no_range_twice() {
    let Some(nginx) = Nginx::program() else { return };
    let lab = Lab::start(None);
    let (server, _root, list) = certificates(&lab, &nginx);
    let whole = world::lab_settings(&lab, 8_000);
    let names = mixed_settings(&lab, whole.path());
    add_log(&lab, whole.path(), &list);
    let child = begin(whole.path());
    wait(Duration::from_secs(240), "the undisturbed end", whole.path(), || all_done(whole.path()));
    assert_eq!(end(child).1, Some(0), "{}", log(whole.path()));
    let (want, want_counts) = (leads(whole.path()), tallies(whole.path()));
    assert!(want.len() > 10, "{want:?}");
    assert_eq!((want_counts["names"].seen, want_counts["ct"].seen), (names, TILES * 256), "every name once");
    assert!(want_counts["ct"].screened_in > 3, "{want_counts:?}");
    let (pages, once) = (search_pages(&lab).len(), tiles(&server));
    assert!(pages > 3 && once.len() as u64 == TILES && once.values().all(|n| *n == 1), "{pages} {once:?}");

    let dir = world::lab_settings(&lab, 8_000);
    mixed_settings(&lab, dir.path());
    let (server, _root, list) = certificates(&lab, &nginx);
    add_log(&lab, dir.path(), &list);
    lab.forget();
    let mut random = Random::new(20_261_125);
    for _ in 0..KILLS {
        let mut child = start(dir.path());
        // However slow the machine is, the kill falls into the work: so many requests after the start, and a little later.
        let (before, more, began) = (server.told().len() + lab.requests().len(), 1 + random.below(14) as usize, Instant::now());
        while server.told().len() + lab.requests().len() < before + more && began.elapsed() < Duration::from_secs(12) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(random.below(300)));
        child.kill().expect("killed");
        child.wait().expect("reaped");
    }
    let child = begin(dir.path());
    wait(Duration::from_secs(240), "the end after twenty kills", dir.path(), || all_done(dir.path()));
    assert_eq!(end(child).1, Some(0), "{}", log(dir.path()));
    assert_eq!(leads(dir.path()), want, "leads differ after twenty kills");
    let counts = tallies(dir.path());
    for (source, want) in &want_counts {
        let got = &counts[source];
        assert_eq!((got.seen, got.screened_in), (want.seen, want.screened_in), "{source}: a range was lost or counted twice");
    }
    let again = search_pages(&lab).len();
    assert!(again >= pages && again <= pages + KILLS, "{again} result pages, {pages} undisturbed: at most one more a kill");
    let (read, most) = (tiles(&server), TILES as usize + KILLS * BATCH);
    let sum: usize = read.values().sum();
    eprintln!("{sum} tiles read in {} runs, {TILES} undisturbed; {again} result pages, {pages} undisturbed", KILLS + 1);
    assert!(read.len() as u64 == TILES && sum <= most, "{sum} tiles, at most one batch more a kill: {read:?}");
}
