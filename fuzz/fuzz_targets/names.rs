//! Arbitrary bytes as names: one by one and as a block, as a line of a megabyte, and as a host to permute. No panic, both passes agree,
//! every permutation can be registered, and no input takes long (libFuzzer's `-timeout`).
#![no_main]
#![allow(dead_code, unreachable_pub, unused_imports, missing_docs, reason = "two rooms of the program, built from their sources")]

#[path = "../../src/lookalike/mod.rs"]
mod lookalike;
#[path = "../../src/model/mod.rs"]
mod model;

use libfuzzer_sys::fuzz_target;
use lookalike::{Watchlist, permute};
use model::rulefile::RuleFile;
use model::site::Site;
use std::path::Path;
use std::sync::LazyLock;

static RULES: LazyLock<(Watchlist, Vec<Site>)> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = Vec::new();
    for folder in ["sites", "techniques"] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder)).expect("rules").map(|e| e.expect("readable").path()).collect();
        paths.sort();
        for path in paths {
            let name = format!("{folder}/{}", path.file_name().expect("a file").to_string_lossy());
            files.push(RuleFile { shown: format!("rules/{name}"), path: name, text: std::fs::read_to_string(&path).expect("UTF-8") });
        }
    }
    let sites: Vec<(RuleFile, Site)> =
        files.iter().filter(|f| f.path.starts_with("sites/")).map(|f| (f.clone(), Site::read(f).expect("a site"))).collect();
    let list = Watchlist::load(&sites, &files).unwrap_or_else(|e| panic!("{e:?}"));
    (list, sites.into_iter().map(|(_, site)| site).collect())
});

/// One look in so many is at a line of a megabyte and at permutations: they cost more than the rest together.
const SELDOM: usize = 16;

fuzz_target!(|data: &[u8]| {
    let (list, sites) = &*RULES;
    let alone: Vec<&[u8]> = data.split(|b| *b == b'\n').filter(|line| list.screen(line).is_some()).map(<[u8]>::trim_ascii).collect();
    let mut together: Vec<Vec<u8>> = Vec::new();
    list.screen_block(data, &mut |name, hit| {
        assert!((1..=99).contains(&hit.score) && !hit.why.is_empty() && !hit.why_en.is_empty() && !hit.techniques.is_empty(), "{hit:?}");
        together.push(name.to_vec());
    });
    assert_eq!(alone, together, "the block pass and the screen disagree");
    if data.is_empty() || !data.iter().map(|b| usize::from(*b)).sum::<usize>().is_multiple_of(SELDOM) {
        return;
    }
    let line: Vec<u8> = data.iter().copied().filter(|b| *b != b'\n').cycle().take(1 << 20).collect();
    let _ = list.screen(&line);
    list.screen_block(&line, &mut |_, _| {});
    let host = String::from_utf8_lossy(data.split(|b| *b == b'\n').next().unwrap_or_default());
    let site = sites.iter().find(|site| site.hosts.iter().any(|h| *h == host)).or(sites.first().filter(|_| data.len() % 2 == 0));
    for made in permute(&host, site).step_by(97).take(200) {
        assert!(made.name.is_ascii() && made.name.len() <= 253 && psl::domain_str(&made.name).is_some(), "{host:?} makes {made:?}");
    }
});
