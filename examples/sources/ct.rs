//! A certificate log of several hundred thousand entries behind nginx, read by the source `ct` and screened by the shipped words: fetching, holding
//! every leaf hash against the signed tree, parsing and screening, all of it counted. The entries are those of real tiles where they are here.

use crate::cost::{Cost, load, verdict};
use crate::ctlog::{CtLog, Hash, real_entries, root};
use crate::nginx::Nginx;
use jianwei::lookalike::Watchlist;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use jianwei::net::{Net, Settings as NetSettings};
use jianwei::pipeline::intake::screen_on_both_cores;
use jianwei::sources::{RunOutcome, Settings, build};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Data tiles of the log, each of 256 entries: six full hash tiles of the next level.
const TILES: usize = 6 * 256;
/// Kinds of tile of which the log is made.
const KINDS: usize = 2;
/// How often each form is read.
const ROUNDS: usize = 3;

pub(crate) fn bench(dir: &Path) -> Option<()> {
    let Some(nginx) = Nginx::program() else { return Some(()) };
    fs::create_dir_all(dir).ok()?;
    let dir = &dir.canonicalize().ok()?;
    let root = dir.join("log");
    let list = dir.join("log_list.json");
    fs::create_dir_all(&root).ok()?;
    let (log, real) = lay_out(&root)?;
    let watchlist = watchlist()?;
    println!("certificate entries, {} of {}; {}", TILES * 256, if real { "real tiles repeated" } else { "made certificates" }, load());
    for (what, extra, names, bar) in [
        ("data tiles", "gzip off;", false, Some(100_000.0)),
        ("data tiles, sent gzipped", "", false, None),
        ("names tiles", "gzip off;", true, Some(500_000.0)),
        ("names tiles, sent gzipped", "", true, None),
    ] {
        let offered = root.join("tile/names");
        let hidden = dir.join("names");
        if names && hidden.exists() {
            fs::rename(&hidden, &offered).ok()?;
        }
        let server = nginx.serve(&root, extra);
        fs::write(&list, log.list(true, &server.base)).ok()?;
        let rounds: Vec<Round> = (0..ROUNDS).filter_map(|_| read(&list, &watchlist)).collect();
        let mut by_cost: Vec<&Round> = rounds.iter().collect();
        by_cost.sort_by(|a, b| a.cpu_s().total_cmp(&b.cpu_s()));
        let median = by_cost.get(ROUNDS / 2)?;
        let rate = |seconds: f64| f64::from(u32::try_from(TILES * 256).unwrap_or(0)) / seconds;
        let told = bar.map(|bar| format!("  bar {bar}: {}", verdict(rate(median.cpu_s()) >= bar))).unwrap_or_default();
        println!(
            "{what:<26} {:>8.0} entries/CPU-s in all (source {:.2} s, screen {:.2} s, wall {:.2} s, median of {ROUNDS}; best {:.0}, worst {:.0}); {} names, {} near{told}",
            rate(median.cpu_s()),
            median.source_s,
            median.screen_s,
            median.wall_s,
            rate(by_cost.first()?.cpu_s()),
            rate(by_cost.last()?.cpu_s()),
            median.names,
            median.near,
        );
    }
    Some(())
}

/// Reading the whole log once.
struct Round {
    source_s: f64,
    screen_s: f64,
    wall_s: f64,
    names: u64,
    near: usize,
}

impl Round {
    fn cpu_s(&self) -> f64 {
        self.source_s + self.screen_s
    }
}

fn read(list: &Path, watchlist: &Watchlist) -> Option<Round> {
    let runtime = Runtime::new().ok()?;
    let net = NetSettings { allow_private: vec!["127.0.0.0/8".into()], per_host_interval_ms: 0, ..NetSettings::default() };
    let net = Net::new(&net).ok()?;
    let text = format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0\nbackfill_entries = {}", list.display(), TILES * 256);
    let mut source = build(&toml::from_str::<Settings>(&text).ok()?, &[], &[], &Vec::new).ok()?;
    let mut round = Round { source_s: 0.0, screen_s: 0.0, wall_s: 0.0, names: 0, near: 0 };
    let (whole, mut cursor) = (Cost::begin(), None);
    loop {
        let cost = Cost::begin();
        let batch = runtime.block_on(source.poll(cursor.as_ref(), &net));
        round.source_s += cost.cpu_s();
        if let RunOutcome::Blocked { why } | RunOutcome::Failed { why } = &batch.outcome {
            println!("  {why}");
            return None;
        }
        let cost = Cost::begin();
        let (seen, hits) = screen_on_both_cores(watchlist, &batch.names);
        round.screen_s += cost.cpu_s();
        round.names += seen;
        round.near += hits.len();
        cursor = Some(batch.cursor);
        if !batch.more {
            break;
        }
    }
    round.wall_s = whole.wall_s();
    let read_to_its_end = cursor.is_some_and(|c| c.0.contains("\"back\":null") || !c.0.contains("\"back\""));
    read_to_its_end.then_some(round)
}

/// Writes the log as a file server has it, its names tiles apart. Is it made of real tiles?
fn lay_out(folder: &Path) -> Option<(CtLog, bool)> {
    let mut log = CtLog::new("bench.example/2027h1");
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/ct/navigli2025h2/tile");
    let real: Vec<(Vec<u8>, Vec<u8>)> = ["000", "003"]
        .iter()
        .filter_map(|n| Some((fs::read(shared.join("data").join(n)).ok()?, fs::read(shared.join("names").join(n)).ok()?)))
        .collect();
    let is_real = real.len() == KINDS;
    if is_real {
        for (timestamped, whole) in real.iter().flat_map(|(data, _)| real_entries(data)) {
            log.push_raw(&timestamped, &whole);
        }
    } else {
        certificates(&mut log)?;
    }
    let size = (KINDS * 256) as u64;
    let mut roots: Vec<Hash> = Vec::new();
    for kind in 0..KINDS {
        let hashes = log.answer(&format!("tile/0/00{kind}"), size, true)?;
        roots.push(root(hashes.as_chunks::<32>().0));
        put(&kind_of(folder, "0", kind), &hashes)?;
        put(&kind_of(folder, "data", kind), &log.answer(&format!("tile/data/00{kind}"), size, true)?)?;
        let of_real = real.get(kind).filter(|_| is_real).map(|(_, names)| names.clone());
        let names = of_real.or_else(|| log.answer(&format!("tile/names/00{kind}"), size, true))?;
        put(&kind_of(folder, "names", kind), &names)?;
    }
    for n in 0..TILES {
        for (form, below) in [("0", folder.join("tile/0")), ("data", folder.join("tile/data")), ("names", folder.parent()?.join("names"))] {
            link(&kind_of(folder, form, n % KINDS), &below.join(number(n)))?;
        }
    }
    let level_1: Vec<Hash> = (0..TILES).map(|n| roots[n % KINDS]).collect();
    for (n, tile) in level_1.chunks(256).enumerate() {
        put(&folder.join("tile/1").join(number(n)), &tile.concat())?;
    }
    let level_2: Vec<Hash> = level_1.chunks(256).map(root).collect();
    put(&folder.join(format!("tile/2/000.p/{}", level_2.len())), &level_2.concat())?;
    put(&folder.join("checkpoint"), log.checkpoint_over((TILES * 256) as u64, &root(&level_1)).as_bytes())?;
    Some((log, is_real))
}

/// Certificates of a public kind: a key, two or three names.
fn certificates(log: &mut CtLog) -> Option<()> {
    for n in 0..KINDS * 256 {
        let names: Vec<String> = (0..2 + n % 2).map(|k| format!("{}w{n}.shop-{}.com", ["", "www.", "*."][k], n % 97)).collect();
        let key = rcgen::KeyPair::generate().ok()?;
        let certificate = rcgen::CertificateParams::new(names.clone()).ok()?.self_signed(&key).ok()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        log.push_der(certificate.der(), false, &names);
    }
    Some(())
}

fn kind_of(folder: &Path, form: &str, kind: usize) -> PathBuf {
    folder.join("kinds").join(format!("{form}-{kind}"))
}

fn number(n: usize) -> String {
    if n < 1_000 { format!("{n:03}") } else { format!("x{:03}/{:03}", n / 1_000, n % 1_000) }
}

fn put(path: &Path, body: &[u8]) -> Option<()> {
    fs::create_dir_all(path.parent()?).ok()?;
    fs::write(path, body).ok()
}

fn link(from: &Path, to: &Path) -> Option<()> {
    fs::create_dir_all(to.parent()?).ok()?;
    fs::hard_link(from, to).ok()
}

/// All protected sites that are shipped, with the shipped words.
fn watchlist() -> Option<Watchlist> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    below(&root, &root, &mut files)?;
    let sites: Vec<(RuleFile, Site)> = files
        .iter()
        .filter(|f| f.path.starts_with("sites/"))
        .map(|f| Site::read(f).ok().map(|site| (f.clone(), site)))
        .collect::<Option<_>>()?;
    println!("protected sites: {}", sites.iter().map(|(_, s)| s.id.as_str()).collect::<Vec<_>>().join(", "));
    Watchlist::load(&sites, &files).ok()
}

fn below(root: &Path, dir: &Path, into: &mut Vec<RuleFile>) -> Option<()> {
    for entry in fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(root, &path, into)?;
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.strip_prefix(root).ok()?.to_string_lossy().into_owned();
            into.push(RuleFile { shown: name.clone(), path: name, text: fs::read_to_string(&path).ok()? });
        }
    }
    Some(())
}
