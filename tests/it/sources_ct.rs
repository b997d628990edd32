//! Certificate logs over real sockets: what they give, how they fail, and that no cursor moves past what was read.

use crate::lab::ctlog::{CtLog, real_entries};
use crate::sources::{asked, failures, http, names, net, run, run_killed, run_through, server};
use crate::world::shared;
use jianwei::sources::{Batch, Cursor, RunOutcome, Settings, Source, build};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// How a log answers a path: `None` as it should, else these bytes.
type Mood = Arc<dyn Fn(&str, u64) -> Option<Vec<u8>> + Send + Sync>;

/// A log behind a socket.
struct Served {
    log: Arc<Mutex<CtLog>>,
    size: Arc<AtomicU64>,
    mood: Arc<Mutex<Option<Mood>>>,
    asked: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl Served {
    async fn start(log: CtLog, tiled: bool, names_tiles: bool) -> Self {
        let size = Arc::new(AtomicU64::new(log.size()));
        let (log, mood): (_, Arc<Mutex<Option<Mood>>>) = (Arc::new(Mutex::new(log)), Arc::default());
        let (l, s, m) = (Arc::clone(&log), Arc::clone(&size), Arc::clone(&mood));
        let (base, asked) = server(move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let size = s.load(Ordering::SeqCst);
            let mood = m.lock().expect("no poison").clone();
            if let Some(answer) = mood.and_then(|mood| mood(path, size)) {
                return answer;
            }
            match l.lock().expect("no poison").answer(path, size, names_tiles) {
                Some(body) => http(200, "", &body),
                None => http(404, "", b"not found"),
            }
        })
        .await;
        let folder = TempDir::new().expect("temp");
        let text = log.lock().expect("no poison").list(tiled, &base);
        fs::write(folder.path().join("list.json"), text).expect("written");
        Self { log, size, mood, asked, folder }
    }
    fn source(&self, more: &str) -> Box<dyn Source> {
        source(&self.folder.path().join("list.json"), more)
    }
    fn grow(&self, to: u64) {
        self.log.lock().expect("no poison").grow("grown", to);
        self.size.store(to, Ordering::SeqCst);
    }
    fn behave(&self, mood: impl Fn(&str, u64) -> Option<Vec<u8>> + Send + Sync + 'static) {
        *self.mood.lock().expect("no poison") = Some(Arc::new(mood));
    }
    fn well(&self) {
        *self.mood.lock().expect("no poison") = None;
    }
    fn paths(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.asked.lock().expect("no poison"));
        lines.iter().filter_map(|l| l.split(' ').nth(1).map(str::to_owned)).collect()
    }
}

fn source(list: &Path, more: &str) -> Box<dyn Source> {
    let toml = format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0\n{more}", list.display());
    build(&toml::from_str::<Settings>(&toml).expect("settings"), &[], &[], &Vec::new).expect("right settings")
}

fn log_of(size: u64) -> CtLog {
    let mut log = CtLog::new("lab.example/2027h1");
    log.grow("first", size);
    log
}

fn place(cursor: &Cursor) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
    all["logs"].as_object().expect("logs").values().next().expect("one log").clone()
}

/// The cursor as it is when the rest that a failure brought is over.
fn rested(cursor: &Cursor) -> Cursor {
    let mut all: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
    for (_, place) in all["logs"].as_object_mut().expect("logs") {
        place.as_object_mut().expect("a place").remove("rest");
    }
    Cursor(all.to_string())
}

fn expected(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("n{n}.grown.example")).collect()
}

fn outcomes(batches: &[Batch]) -> String {
    batches.iter().map(|b| format!("{:?}; ", b.outcome)).collect()
}

const AT_ONCE: &str = "partial_after_s = 0";

#[tokio::test]
async fn a_new_log_is_read_from_its_end_and_then_on_by_both_apis_and_with_names_tiles() {
    for (tiled, names_tiles) in [(true, false), (true, true), (false, false)] {
        let served = Served::start(log_of(1_000), tiled, names_tiles).await;
        let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), None).await;
        assert_eq!(failures(&batches), Vec::<String>::new());
        assert_eq!(names(&batches).len(), 1_000 - 768, "its last, unfinished tile; not the whole log");
        served.grow(3_210);
        let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
        assert_eq!(failures(&batches), Vec::<String>::new());
        assert_eq!(names(&batches), expected(1_000, 3_210), "tiled {tiled}, names tiles {names_tiles}");
        assert_eq!((place(&cursor)["next"].as_u64(), place(&cursor)["size"].as_u64()), (Some(3_210), Some(3_210)));
        let by_names = served.paths().iter().filter(|p| p.contains("tile/names")).count();
        assert_eq!(by_names > 5, names_tiles, "names tiles are used where they are offered");

        let (batches, same) = run(served.source(AT_ONCE).as_mut(), Some(cursor.clone())).await;
        assert_eq!(outcomes(&batches), "Empty; ");
        assert_eq!(same, cursor);
        let paths = served.paths();
        assert!(
            !paths.iter().any(|p| p.contains("tile/data") || p.contains("get-entries")),
            "a log that did not grow is not read again: {paths:?}"
        );
    }
}

#[tokio::test]
async fn a_run_killed_after_any_batch_goes_on_behind_it() {
    for tiled in [true, false] {
        let served = Served::start(log_of(256), tiled, false).await;
        let (_, cursor) = run(served.source(AT_ONCE).as_mut(), None).await;
        served.grow(12_345);
        let batches = run_killed(|| served.source(AT_ONCE), Some(cursor)).await;
        assert!(batches.len() >= 3, "{}", outcomes(&batches));
        assert!(names(&batches) == expected(256, 12_345), "each name once, none missing (tiled: {tiled})");
    }
}

#[tokio::test]
async fn older_entries_are_read_apart_from_the_live_end() {
    let served = Served::start(log_of(2_000), true, false).await;
    let (batches, cursor) = run(served.source("partial_after_s = 0\nbackfill_entries = 900").as_mut(), None).await;
    let got = names(&batches);
    assert_eq!(got[..208], (1_792..2_000).map(|n| format!("n{n}.first.example")).collect::<Vec<_>>(), "the live end first");
    assert_eq!(got[208..], (768..1_792).map(|n| format!("n{n}.first.example")).collect::<Vec<_>>(), "then what is older");
    assert_eq!((place(&cursor)["next"].as_u64(), place(&cursor).get("back")), (Some(2_000), None));
}

#[tokio::test]
async fn an_unfinished_tile_is_waited_for_and_then_taken_once() {
    let served = Served::start(log_of(512), true, false).await;
    let (_, cursor) = run(served.source("partial_after_s = 3600").as_mut(), None).await;
    served.grow(600);
    let (batches, cursor) = run(served.source("partial_after_s = 3600").as_mut(), Some(cursor)).await;
    assert_eq!((names(&batches).len(), place(&cursor)["next"].as_u64()), (0, Some(512)), "it may still fill");
    assert!(place(&cursor)["waiting_since"].is_string());
    let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
    assert_eq!(names(&batches), expected(512, 600), "it has waited long enough");
    served.paths();
    served.grow(780);
    let (batches, _) = run(served.source("partial_after_s = 3600").as_mut(), Some(cursor)).await;
    assert_eq!(names(&batches), expected(600, 768), "the full tile, without what was taken before");
}

#[tokio::test]
async fn a_partial_tile_that_vanishes_is_taken_from_the_full_one_up_to_what_was_signed() {
    let served = Served::start(log_of(512), true, false).await;
    let (_, cursor) = run(served.source(AT_ONCE).as_mut(), None).await;
    served.log.lock().expect("no poison").grow("grown", 1_024);
    let old = served.log.lock().expect("no poison").checkpoint(600).into_bytes();
    served.size.store(1_024, Ordering::SeqCst);
    served.behave(move |path, _| (path == "/checkpoint").then(|| http(200, "", &old)));
    let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
    assert_eq!(failures(&batches), Vec::<String>::new());
    assert!(served.paths().iter().any(|p| p.contains("data/002.p/88")), "the partial tile was asked for and is gone");
    assert_eq!((names(&batches), place(&cursor)["next"].as_u64()), (expected(512, 600), Some(600)));
}

#[tokio::test]
async fn short_answers_are_not_taken_for_the_end() {
    let served = Served::start(log_of(100), false, false).await;
    let (_, cursor) = run(served.source("").as_mut(), None).await;
    served.grow(1_100);
    let log = Arc::clone(&served.log);
    served.behave(move |path, size| {
        let start: u64 = path.split("get-entries?start=").nth(1)?.split('&').next()?.parse().ok()?;
        let end = (start + 31).min(size - 1);
        Some(http(200, "", &log.lock().expect("no poison").answer(&format!("/ct/v1/get-entries?start={start}&end={end}"), size, false)?))
    });
    let (batches, cursor) = run(served.source("").as_mut(), Some(cursor)).await;
    assert_eq!(names(&batches), expected(100, 1_100));
    assert_eq!(place(&cursor)["next"].as_u64(), Some(1_100));
    assert_eq!(served.paths().iter().filter(|p| p.contains("get-entries?start=1060")).count(), 1, "nothing is asked twice");
}

/// What a broken answer does: the path that breaks, the answer, the words.
fn broken_answers() -> Vec<(bool, &'static str, Vec<u8>, &'static str)> {
    let page = b"<!DOCTYPE html><title>Just a moment...</title>".as_slice();
    vec![
        (true, "checkpoint", http(200, "", page), "HTML where"),
        (true, "tile/data", http(200, "", page), "HTML where"),
        (true, "tile/data", http(520, "", page), "status 520"),
        (true, "tile/data", http(200, "", b""), "an empty answer"),
        (true, "tile/data", http(200, "", &[0; 40]), "cut short"),
        (true, "tile/0/", http(200, "", &[1; 8_192]), "hash"),
        (true, "checkpoint", http(200, "", b"lab.example/2027h1\n5\nAAAA\n\n"), "none"),
        (false, "get-sth", http(200, "", page), "HTML where"),
        (false, "get-entries", http(200, "", page), "HTML where"),
        (false, "get-entries", http(200, "", b"{\"entries\":[{\"leaf_input\":\"AAA"), "cut short"),
        (false, "get-entries", http(200, "", b"{\"entries\":[]}"), "no entry"),
        (false, "get-entries", http(408, "", b""), "status 408"),
        (false, "get-sth-consistency", http(200, "", b"{\"consistency\":5}"), "cut short"),
        // The length promises more than comes: a connection that breaks in mid body.
        (false, "get-entries", b"HTTP/1.1 200 X\r\ncontent-length: 5000\r\nconnection: close\r\n\r\n{\"entr".to_vec(), "get-entries: "),
    ]
}

#[tokio::test]
async fn whatever_a_log_answers_instead_its_place_is_kept_and_it_is_left_alone_for_a_while() {
    for (tiled, broken, answer, words) in broken_answers() {
        let served = Served::start(log_of(512), tiled, false).await;
        let (_, before) = run(served.source(AT_ONCE).as_mut(), None).await;
        served.grow(1_024);
        served.behave(move |path, _| path.contains(broken).then(|| answer.clone()));
        let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(before.clone())).await;
        let why = failures(&batches).join("\n");
        assert!(why.contains(words), "{broken}: {why}");
        assert_eq!((names(&batches).len(), place(&cursor)["next"].as_u64()), (0, Some(512)), "{broken} {words}");
        served.paths();
        let (batches, _) = run(served.source(AT_ONCE).as_mut(), Some(cursor.clone())).await;
        assert!(failures(&batches)[0].contains("left alone for"), "{batches:?}");
        assert_eq!(served.paths(), Vec::<String>::new(), "it is not asked while it rests");
        served.well();
        let (batches, _) = run(served.source(AT_ONCE).as_mut(), Some(rested(&cursor))).await;
        assert_eq!(names(&batches), expected(512, 1_024), "{broken} {words}: nothing is lost");
    }
}

#[tokio::test]
async fn a_storm_of_429_is_a_refusal_heeds_retry_after_and_loses_nothing() {
    for tiled in [true, false] {
        let served = Served::start(log_of(512), tiled, false).await;
        let (_, mut cursor) = run(served.source(AT_ONCE).as_mut(), None).await;
        served.grow(12_000);
        let n = Arc::new(AtomicU64::new(0));
        served.behave(move |_, _| (n.fetch_add(1, Ordering::SeqCst) % 12 == 11).then(|| http(429, "retry-after: 77\r\n", b"slow down")));
        let mut got = Vec::new();
        for _ in 0..60 {
            let (batches, next) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
            got.extend(names(&batches));
            if let Some(blocked) = batches.iter().find(|b| matches!(b.outcome, RunOutcome::Blocked { .. })) {
                assert!(outcomes(std::slice::from_ref(blocked)).contains("429"));
                let rest = place(&blocked.cursor)["rest"].clone();
                let until = jianwei::model::time::Timestamp::parse(rest["until"].as_str().expect("a time")).expect("a time");
                let seconds = (until.millis() - net().now().millis()) / 1_000;
                assert!((70..=77).contains(&seconds), "{rest}");
            }
            cursor = rested(&next);
            if got.len() == 11_488 {
                break;
            }
        }
        assert!(got == expected(512, 12_000), "tiled {tiled}: {} names", got.len());
    }
}

#[tokio::test]
async fn a_tree_that_shrinks_or_forks_raises_an_alarm_and_moves_nothing() {
    for tiled in [true, false] {
        let served = Served::start(log_of(1_000), tiled, false).await;
        let (_, before) = run(served.source(AT_ONCE).as_mut(), None).await;
        served.size.store(700, Ordering::SeqCst);
        let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(before.clone())).await;
        assert!(failures(&batches)[0].contains("shrank from 1000 to 700"), "{batches:?}");
        assert_eq!((place(&cursor)["next"].as_u64(), place(&cursor)["size"].as_u64()), (Some(1_000), Some(1_000)));
        assert!(place(&cursor)["alarm"].is_string(), "{cursor:?}");

        // Another history under the same key: the same size, then a larger one.
        for to in [1_000, 1_500] {
            {
                let mut log = served.log.lock().expect("no poison");
                let key = std::mem::replace(&mut *log, CtLog::new("x"));
                *log = key.emptied();
                log.grow("forged", to);
            }
            served.size.store(to, Ordering::SeqCst);
            let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(before.clone())).await;
            let why = failures(&batches).join("");
            assert!(why.starts_with("alarm: ") && why.contains("forked"), "{to}: {why}");
            assert_eq!((names(&batches).len(), place(&cursor)["next"].as_u64()), (0, Some(1_000)));
        }
    }
}

#[tokio::test]
async fn a_log_that_hangs_stops_no_other() {
    let good = Served::start(log_of(512), true, false).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("bound"));
    let read = |p: PathBuf| serde_json::from_str::<serde_json::Value>(&fs::read_to_string(p).expect("there")).expect("JSON");
    let mut list = read(good.folder.path().join("list.json"));
    let mut hung: serde_json::Value = serde_json::from_str(&CtLog::new("hung.example").list(true, &silent)).expect("JSON");
    let one = hung["operators"][0]["tiled_logs"][0].take();
    list["operators"][0]["tiled_logs"].as_array_mut().expect("a list").insert(0, one);
    fs::write(good.folder.path().join("list.json"), list.to_string()).expect("written");
    let settings = jianwei::net::Settings {
        allow_private: vec!["127.0.0.0/8".into()],
        per_host_interval_ms: 0,
        timeout_ms: 700,
        ..jianwei::net::Settings::default()
    };
    let net = jianwei::net::Net::new(&settings).expect("right settings");
    let (mut source, mut cursor, mut batches) = (good.source(AT_ONCE), None::<Cursor>, Vec::new());
    for round in 0..2 {
        let (more, at) = run_through(&net, source.as_mut(), cursor).await;
        batches.extend(more);
        cursor = Some(at);
        if round == 0 {
            good.grow(2_000);
        }
    }
    assert_eq!(names(&batches), expected(512, 2_000));
    let why = failures(&batches);
    assert!(why.len() == 2 && why[0].contains("no answer within 700 ms"), "{why:?}");
}

#[tokio::test]
async fn malformed_certificates_stop_no_tile_and_are_counted() {
    let mut log = log_of(256);
    let lying = crate::lab::ctlog::tbs(&[b"cx-mem-gov.top", b"b\nc.top", "证书.中国".as_bytes()]);
    log.push_der(&lying[..lying.len() - 6], true, &[]);
    log.push_der(b"\x30\x80\x00\x00", false, &[]);
    log.push_der(b"", false, &[]);
    log.push(&["*.wild.top", "u_label.top", "x"]);
    log.grow("grown", 512);
    for tiled in [true, false] {
        let served = Served::start(std::mem::replace(&mut log, log_of(1)), tiled, false).await;
        let (_, cursor) = {
            served.size.store(256, Ordering::SeqCst);
            run(served.source(AT_ONCE).as_mut(), None).await
        };
        served.size.store(512, Ordering::SeqCst);
        let (batches, cursor) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
        assert_eq!(failures(&batches), Vec::<String>::new());
        let got = names(&batches);
        assert_eq!(got[..2], ["cx-mem-gov.top", "b\u{fffd}c.top"], "what can be read of a broken one is kept");
        assert!(got.contains(&"*.wild.top".to_owned()) && got.contains(&"n511.grown.example".to_owned()));
        assert_eq!(place(&cursor)["malformed"].as_u64(), Some(3));
        log = std::mem::replace(&mut *served.log.lock().expect("no poison"), log_of(1));
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_told_and_the_known_logs_are_read_on() {
    let served = Served::start(log_of(512), true, false).await;
    let (_, cursor) = run(served.source(AT_ONCE).as_mut(), None).await;
    served.grow(1_024);
    fs::write(served.folder.path().join("list.json"), "<html>captive portal</html>").expect("written");
    let (batches, _) = run(served.source(AT_ONCE).as_mut(), Some(cursor)).await;
    assert!(failures(&batches)[0].contains("HTML, not a log list"), "{batches:?}");
    assert_eq!(names(&batches), expected(512, 1_024));
    let (batches, _) = run(served.source(AT_ONCE).as_mut(), None).await;
    assert_eq!((batches.len(), failures(&batches).len()), (1, 1), "without a list and without a past there is nothing to read");
}

#[tokio::test]
async fn a_signature_by_another_key_is_refused_and_ed25519_is_read() {
    let mut log = CtLog::ed25519("lab.example/ed");
    log.grow("grown", 300);
    let served = Served::start(log, true, true).await;
    let (batches, _) = run(served.source(AT_ONCE).as_mut(), None).await;
    assert_eq!(names(&batches), expected(256, 300));
    let mut other = CtLog::ed25519("lab.example/ed");
    other.grow("grown", 600);
    *served.log.lock().expect("no poison") = other;
    let (batches, _) = run(served.source(AT_ONCE).as_mut(), None).await;
    assert!(failures(&batches)[0].contains("not signed by the log's key"), "{batches:?}");
}

#[tokio::test]
async fn the_real_checkpoint_verifies_and_a_bent_one_does_not() {
    let Some(folder) = shared("fixtures/ct/skylight-tree") else { return };
    let meta: serde_json::Value = serde_json::from_str(&fs::read_to_string(folder.join("log.v3.json")).expect("there")).expect("JSON");
    let checkpoint = fs::read(folder.join("checkpoint")).expect("there");
    for (bend, words) in [(None, "hash tile"), (Some((b"300", b"301")), "not signed by the log's key")] {
        let mut text = checkpoint.clone();
        if let Some((from, to)) = bend {
            let at = text.windows(3).position(|w| w == from).expect("its size");
            text[at..at + 3].copy_from_slice(to);
        }
        let (base, _) = server(move |head| if head.contains("/checkpoint ") { http(200, "", &text) } else { http(200, "", b"0") }).await;
        let mut entry = meta.clone();
        entry["monitoring_url"] = format!("{base}/").into();
        entry["state"] = serde_json::json!({"readonly": {}});
        entry["temporal_interval"].take();
        let list = serde_json::json!({"log_list_timestamp": "2026-11-20T00:00:00Z", "operators": [{"name": "x", "tiled_logs": [entry]}]});
        let temp = TempDir::new().expect("temp");
        fs::write(temp.path().join("list.json"), list.to_string()).expect("written");
        let (batches, _) = run(source(&temp.path().join("list.json"), "").as_mut(), None).await;
        assert!(failures(&batches)[0].contains(words), "{batches:?}");
    }
}

#[tokio::test]
async fn real_tiles_give_the_same_names_by_data_and_by_names_tiles_and_every_leaf_hash_verifies() {
    let Some(tiles) = shared("fixtures/ct/navigli2025h2/tile") else { return };
    let mut log = CtLog::new("navigli.example");
    for file in ["data/000", "data/003", "data/003.p/10"] {
        for (stamped, whole) in real_entries(&fs::read(tiles.join(file)).expect("there")) {
            log.push_raw(&stamped, &whole);
        }
    }
    let real: Vec<u8> = [fs::read(tiles.join("0/000")).expect("there"), fs::read(tiles.join("0/003.p/10")).expect("there")].concat();
    let ours = [log.answer("tile/0/000", 522, false).expect("full"), log.answer("tile/0/002.p/10", 522, false).expect("edge")].concat();
    assert!(real == ours, "256 and 10 leaf hashes of the real log are those of its entries");
    let read = |with: Vec<Vec<u8>>| async move {
        let mut log = CtLog::new("navigli.example");
        for file in ["data/000", "data/003"] {
            for (stamped, whole) in
                real_entries(&fs::read(shared("fixtures/ct/navigli2025h2/tile").expect("seen above").join(file)).expect("there"))
            {
                log.push_raw(&stamped, &whole);
            }
        }
        let served = Served::start(log, true, false).await;
        served.behave(move |path, _| {
            let n: usize = path.strip_prefix("/tile/names/")?.parse().ok()?;
            Some(http(200, "content-type: application/jsonl\r\n", with.get(n)?))
        });
        let (batches, cursor) = run(served.source("backfill_entries = 1000").as_mut(), None).await;
        assert_eq!(failures(&batches), Vec::<String>::new());
        assert_eq!(place(&cursor).get("malformed"), None, "every real certificate is read");
        let mut lines = names(&batches);
        lines.sort();
        lines.dedup();
        (lines, served.paths().iter().filter(|p| p.contains("tile/data")).count())
    };
    let (by_data, data_tiles) = read(Vec::new()).await;
    assert_eq!(data_tiles, 2);
    let names_tiles = ["names/000", "names/003"].map(|f| fs::read(tiles.join(f)).expect("there")).to_vec();
    let (by_names, data_tiles) = read(names_tiles.clone()).await;
    assert_eq!(data_tiles, 0);
    assert!(by_data.len() > 450 && by_data == by_names, "{} and {} names", by_data.len(), by_names.len());
    // A names tile that is cut is not believed: the data tile is read instead.
    let mut cut = names_tiles;
    cut[1].truncate(20_000);
    let (by_both, data_tiles) = read(cut).await;
    assert!(by_both == by_data && data_tiles == 1);
}

#[tokio::test]
async fn real_get_entries_bodies_are_read() {
    for (file, count, name) in [("rfc6962-get-entries-4-x509.json", 4, "mail.google.com"), ("rfc6962-get-entries-precert+x509.json", 2, "")]
    {
        let Some(path) = shared(&format!("fixtures/ct/{file}")) else { return };
        let body = fs::read(path).expect("there");
        let served = Served::start(log_of(100), false, false).await;
        let (_, cursor) = run(served.source("").as_mut(), None).await;
        served.grow(100 + count);
        served.behave(move |path, _| path.contains("get-entries").then(|| http(200, "", &body)));
        let (batches, cursor) = run(served.source("").as_mut(), Some(cursor)).await;
        assert_eq!(failures(&batches), Vec::<String>::new());
        assert_eq!(place(&cursor)["next"].as_u64(), Some(100 + count));
        assert_eq!(place(&cursor).get("malformed"), None, "{file}");
        assert!(name.is_empty() || names(&batches).iter().any(|n| n == name), "{:?}", names(&batches));
    }
}

#[tokio::test]
async fn a_log_served_by_nginx_is_read_compressed_and_a_limit_there_is_a_refusal() {
    let Some(nginx) = crate::lab::nginx::Nginx::program() else { return };
    let mut log = log_of(700);
    log.push(&["cx-mem.gov-cn.top"]);
    let folder = TempDir::new().expect("temp");
    log.write(folder.path());
    let server = nginx.serve(folder.path(), "");
    fs::write(folder.path().join("list.json"), log.list(true, &server.base)).expect("written");
    let (batches, _) = run(source(&folder.path().join("list.json"), "partial_after_s = 0\nbackfill_entries = 2000").as_mut(), None).await;
    assert_eq!((failures(&batches), names(&batches).len()), (Vec::new(), 701));

    let limited = nginx.serve(folder.path(), "limit_req zone=few nodelay;");
    fs::write(folder.path().join("list.json"), log.list(true, &limited.base)).expect("written");
    let (batches, cursor) =
        run(source(&folder.path().join("list.json"), "partial_after_s = 0\nbackfill_entries = 2000").as_mut(), None).await;
    assert!(matches!(&batches[0].outcome, RunOutcome::Blocked { why } if why.contains("429")), "{batches:?}");
    assert!(place(&cursor)["rest"]["refused"].as_bool().expect("told"));
}

#[tokio::test]
async fn a_stream_of_names_is_read_and_every_gap_is_told() {
    use futures_util::SinkExt as _;
    use tokio_tungstenite::tungstenite::Message;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}/domains-only", listener.local_addr().expect("bound"));
    let real = shared("fixtures/certstream/certstream-full-example.json").map(|p| fs::read_to_string(p).expect("there"));
    let texts = [
        r#"{"message_type":"dns_entries","data":["cx-mem.top","a.cn"]}"#.to_owned(),
        "not json".to_owned(),
        real.clone().unwrap_or_else(|| {
            r#"{"message_type":"certificate_update","data":{"leaf_cert":{"all_domains":["cmslieferhit.e06.k-k.de"]}}}"#.to_owned()
        }),
    ];
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
            for text in &texts {
                socket.send(Message::Text(text.into())).await.expect("sent");
            }
            let _ = socket.close(None).await;
        }
    });
    let toml = format!("id = 'stream'\nkind = 'certstream'\nurl = '{url}'");
    let source = || build(&toml::from_str::<Settings>(&toml).expect("settings"), &[], &[], &Vec::new).expect("right settings");
    let (batches, cursor) = run(source().as_mut(), None).await;
    assert_eq!(outcomes(&batches), "Ok; ");
    assert_eq!(names(&batches), ["cx-mem.top", "a.cn", "cmslieferhit.e06.k-k.de"]);
    let state: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
    assert_eq!((state["certificates"].as_u64(), state["unreadable"].as_u64()), (Some(2), Some(1)));

    let earlier = net().now().plus_millis(-600_000).rfc3339();
    let old = Cursor(serde_json::json!({"heard": earlier}).to_string());
    let (batches, cursor) = run(source().as_mut(), Some(old)).await;
    let why = failures(&batches).join("");
    assert!(why.contains("a gap of 600 s") || why.contains("a gap of 601 s"), "{why}");
    assert_eq!(names(&batches).len(), 3, "what came is given all the same");
    assert!(cursor.0.contains("nobody listened"), "{cursor:?}");
}

#[tokio::test]
async fn nothing_is_asked_of_a_log_that_the_guard_refuses() {
    let served = Served::start(log_of(300), true, false).await;
    let strict =
        jianwei::net::Net::new(&jianwei::net::Settings { timeout_ms: 1_000, ..jianwei::net::Settings::default() }).expect("settings");
    let batch = served.source(AT_ONCE).poll(None, &strict).await;
    assert!(matches!(&batch.outcome, RunOutcome::Failed { why } if why.contains("loopback")), "{batch:?}");
    assert_eq!(asked(&served.asked), 0);
}
