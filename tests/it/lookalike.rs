//! Tests of lookalike, from outside.

use crate::world;
use jianwei::lookalike::Watchlist;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

fn rule_files() -> Vec<RuleFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    for folder in ["sites", "techniques"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let mut paths: Vec<_> = entries.map(|e| e.expect("readable").path()).collect();
        paths.sort();
        for path in paths {
            let name = format!("{folder}/{}", path.file_name().expect("a file").to_string_lossy());
            files.push(RuleFile { shown: format!("rules/{name}"), path: name, text: std::fs::read_to_string(&path).expect("UTF-8") });
        }
    }
    files
}

fn sites(files: &[RuleFile]) -> Vec<(RuleFile, Site)> {
    files.iter().filter(|f| f.path.starts_with("sites/")).map(|f| (f.clone(), Site::read(f).expect("a good site"))).collect()
}

fn watchlist() -> Watchlist {
    let files = rule_files();
    match Watchlist::load(&sites(&files), &files) {
        Ok(list) => list,
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

fn text(path: &Path) -> Vec<u8> {
    let raw = std::fs::read(path).expect("readable");
    if path.extension().is_some_and(|e| e == "gz") {
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut out).expect("gzip");
        return out;
    }
    raw
}

#[test]
fn catalogue() {
    let Some(path) = world::shared("data/deception-catalogue.tsv") else { return };
    let list = watchlist();
    let mut hit = 0;
    for row in String::from_utf8(text(&path)).expect("UTF-8").lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        for name in &cells[2..4] {
            match list.screen(name.as_bytes()) {
                Some(found) => {
                    hit += 1;
                    eprintln!("{} {name}: {} {:?} [{}]", cells[0], found.score, found.techniques, found.matched);
                }
                None => eprintln!("MISS {} {} {name}", cells[0], cells[1]),
            }
        }
    }
    eprintln!("catalogue {hit}");
}

#[test]
fn mutated() {
    let Some(path) = world::shared("data/mutated-names.tsv") else { return };
    let list = watchlist();
    let mut by: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for row in String::from_utf8(text(&path)).expect("UTF-8").lines().skip(1) {
        let (edit, name) = row.split_once('\t').expect("two cells");
        let entry = by.entry(edit.to_owned()).or_default();
        entry.1 += 1;
        if list.screen(name.as_bytes()).is_some() {
            entry.0 += 1;
        } else {
            eprintln!("MISS {edit} {name}");
        }
    }
    eprintln!("{by:?} {:?}", by.values().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)));
}

#[test]
fn real() {
    let list = watchlist();
    for file in ["data/new-names-1m.txt.gz", "data/established-cn-names.txt.gz"] {
        let Some(path) = world::shared(file) else { return };
        let block = text(&path);
        let started = std::time::Instant::now();
        let mut hits = Vec::new();
        let n = list.screen_block(&block, &mut |name, hit| hits.push((String::from_utf8_lossy(name).into_owned(), hit)));
        eprintln!("{file}: {n} names in {:?}", started.elapsed());
        for (name, hit) in &hits {
            eprintln!("ALERT {name} {} {:?} {}", hit.score, hit.techniques, hit.token);
        }
        let mut slow = Vec::new();
        for line in block.split(|b| *b == b'\n') {
            if list.screen(line).is_some() {
                slow.push(String::from_utf8_lossy(line).into_owned());
            }
        }
        eprintln!("per line: {}", slow.len());
        for name in slow.iter().filter(|s| !hits.iter().any(|(h, _)| h == *s)) {
            eprintln!("PREFILTER MISSED {name}");
        }
    }
}

#[test]
fn every_example_in_the_technique_files_does_what_it_says() {
    let wrong = watchlist().check_examples();
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|(f, e, w)| format!("{f}: {e}: {w}")).collect::<Vec<_>>().join("\n"));
}

/// A site of another shape: longer labels, an open suffix.
#[test]
fn probe() {
    let list = watchlist();
    for name in include_str!("/tmp/probe.txt").lines().filter(|l| !l.is_empty()) {
        match list.screen(name.as_bytes()) {
            Some(h) => eprintln!("hit  {name} {} {:?} {}", h.score, h.techniques, h.token),
            None => eprintln!("none {name}"),
        }
    }
}
