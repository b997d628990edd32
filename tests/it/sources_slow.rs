//! Answers that come drop by drop, and logs that retire: nothing waits for ever, nothing is lost.

use crate::lab::ctlog::CtLog;
use crate::sources::{engine_files, failures, http, many, names, run_through, server};
use jianwei::net::{Net, Settings as NetSettings};
use jianwei::sources::{Batch, Cursor, Settings, Source, build};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const TIMEOUT_MS: u64 = 600;

fn net() -> Net {
    let settings = NetSettings {
        allow_private: vec!["127.0.0.0/8".into()],
        per_host_interval_ms: 0,
        timeout_ms: TIMEOUT_MS,
        ..NetSettings::default()
    };
    Net::new(&settings).expect("right settings")
}

/// Gives `answer(path)`; while `drips` holds, the last 64 bytes of a long one come one at a time.
async fn dripping(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (String, Arc<AtomicBool>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let drips = Arc::new(AtomicBool::new(false));
    let (slow, answer) = (Arc::clone(&drips), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (slow, answer) = (Arc::clone(&slow), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                let whole = answer(String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default());
                let at_once = if slow.load(Ordering::SeqCst) && whole.len() > 500 { whole.len() - 64 } else { whole.len() };
                let _ = stream.write_all(&whole[..at_once]).await;
                for byte in &whole[at_once..] {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    (base, drips)
}

fn built(toml: &str) -> Box<dyn Source> {
    build(&toml::from_str::<Settings>(toml).expect("settings"), &[], &engine_files(), &Vec::new).expect("right settings")
}

async fn run(source: &mut dyn Source, from: Option<Cursor>) -> (Vec<Batch>, Cursor) {
    run_through(&net(), source, from).await
}

#[tokio::test]
async fn a_slow_tail_is_given_up_and_costs_no_entry_no_query_and_no_list() {
    let mut log = CtLog::new("lab.example/slow");
    log.grow("first", 768);
    let size = Arc::new(AtomicU64::new(512));
    let (log, shown) = (Arc::new(log), Arc::clone(&size));
    let served = Arc::clone(&log);
    let (base, drips) = dripping(move |path| match served.answer(path, shown.load(Ordering::SeqCst), false) {
        Some(body) => http(200, "", &body),
        None => http(404, "", b""),
    })
    .await;
    let folder = TempDir::new().expect("temp");
    fs::write(folder.path().join("list.json"), log.list(true, &base)).expect("written");
    let ct = format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0", folder.path().join("list.json").display());
    let (_, cursor) = run(built(&ct).as_mut(), None).await;
    size.store(768, Ordering::SeqCst);
    drips.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let (batches, cursor) = run(built(&ct).as_mut(), Some(cursor)).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(failures(&batches)[0].contains("no answer within 600 ms") && names(&batches).is_empty(), "{batches:?}");
    drips.store(false, Ordering::SeqCst);
    let mut rested: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
    for (_, place) in rested["logs"].as_object_mut().expect("logs") {
        place.as_object_mut().expect("a place").remove("rest");
    }
    let (batches, _) = run(built(&ct).as_mut(), Some(Cursor(rested.to_string()))).await;
    assert_eq!((failures(&batches), names(&batches).len()), (Vec::new(), 256));

    // A list, into a file: what comes earns time, and a drop is not enough.
    let list = many(1_000);
    let (base, drips) = dripping(move |_| http(200, "", &list)).await;
    let feed = format!("id = 'n'\nkind = 'names'\nurl = '{base}/new.txt'");
    drips.store(true, Ordering::SeqCst);
    let began = Instant::now();
    let (batches, cursor) = run(built(&feed).as_mut(), None).await;
    assert!(failures(&batches)[0].contains("no answer within") && names(&batches).is_empty(), "{batches:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drips.store(false, Ordering::SeqCst);
    let (batches, _) = run(built(&feed).as_mut(), Some(cursor)).await;
    assert_eq!((failures(&batches), names(&batches).len()), (Vec::new(), 1_000));

    let row = "<div class=result mu='http://copy.example/q'><h3>特种作业操作证查询</h3><p>x</p></div>".repeat(8);
    let page = format!("<title>x</title><div id=content_left>{row}</div>");
    let (base, drips) = dripping(move |_| http(200, "", page.as_bytes())).await;
    let search = format!("id = 's'\nkind = 'search'\nengine = 'lab'\nbase_url = '{base}'\nqueries = ['特种作业操作证查询']");
    drips.store(true, Ordering::SeqCst);
    let (batches, _) = run(built(&search).as_mut(), None).await;
    assert!(failures(&batches)[0].contains("no answer within") && batches.iter().all(|b| b.sightings.is_empty()), "{batches:?}");
}

#[tokio::test]
async fn a_log_that_retires_is_left_alone_with_its_place_kept_and_read_on_if_it_returns() {
    let size = Arc::new(AtomicU64::new(512));
    let mut log = CtLog::new("lab.example/old");
    log.grow("first", 1_024);
    let (log, shown) = (Arc::new(log), Arc::clone(&size));
    let served = Arc::clone(&log);
    let (base, asked) = server(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match served.answer(path, shown.load(Ordering::SeqCst), false) {
            Some(body) => http(200, "", &body),
            None => http(404, "", b""),
        }
    })
    .await;
    let folder = TempDir::new().expect("temp");
    let ours: serde_json::Value = serde_json::from_str(&log.list(true, &base)).expect("JSON");
    let put = |state: &str| {
        let mut list = ours.clone();
        list["operators"][0]["tiled_logs"][0]["state"] = serde_json::json!({state: {"timestamp": "2026-11-01T00:00:00Z"}});
        fs::write(folder.path().join("list.json"), list.to_string()).expect("written");
    };
    let ct = format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0", folder.path().join("list.json").display());
    let count = || asked.lock().expect("no poison").len();
    for (state, grown, want) in [("usable", 512, 0), ("readonly", 768, 256)] {
        put(state);
        size.store(grown, Ordering::SeqCst);
        let cursor = fs::read_to_string(folder.path().join("cursor")).ok().map(Cursor);
        let (batches, cursor) = run(built(&ct).as_mut(), cursor).await;
        assert_eq!((failures(&batches), names(&batches).len()), (Vec::new(), want), "{state}");
        fs::write(folder.path().join("cursor"), cursor.0).expect("written");
    }
    put("retired");
    size.store(1_024, Ordering::SeqCst);
    let before = (count(), fs::read_to_string(folder.path().join("cursor")).expect("written"));
    let (batches, cursor) = run(built(&ct).as_mut(), Some(Cursor(before.1.clone()))).await;
    assert!(failures(&batches)[0].contains("no log of this list is in use and wanted"), "{batches:?}");
    assert!(names(&batches).is_empty() && count() == before.0, "a retired log is not asked");
    let places = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON")["logs"].clone();
    assert_eq!(places(&cursor.0), places(&before.1), "its place is kept");
    put("usable");
    let (batches, _) = run(built(&ct).as_mut(), Some(cursor)).await;
    assert_eq!((failures(&batches), names(&batches).len()), (Vec::new(), 256), "nothing was lost meanwhile");
}

#[tokio::test]
async fn when_shards_rotate_the_old_one_is_read_to_its_end_and_the_new_one_from_its_own() {
    let mut kept = Vec::new();
    let mut logs = Vec::new();
    for part in ["old", "new"] {
        let (mut log, size) = (CtLog::new(&format!("lab.example/{part}")), Arc::new(AtomicU64::new(512)));
        log.grow(part, 1_500);
        let (log, shown) = (Arc::new(log), Arc::clone(&size));
        let served = Arc::clone(&log);
        let (base, asked) = server(move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            served.answer(path, shown.load(Ordering::SeqCst), false).map_or_else(|| http(404, "", b""), |body| http(200, "", &body))
        })
        .await;
        let entry: serde_json::Value = serde_json::from_str(&log.list(true, &base)).expect("JSON");
        logs.push(entry["operators"][0]["tiled_logs"][0].clone());
        kept.push((size, asked));
    }
    let folder = TempDir::new().expect("temp");
    let ct =
        format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0\npartial_after_s = 0", folder.path().join("list.json").display());
    let put = |states: &[&str]| {
        let with = |(log, state): (&serde_json::Value, &&str)| {
            let mut log = log.clone();
            log["state"] = serde_json::json!({*state: {}});
            log
        };
        let logs: Vec<_> = logs.iter().zip(states).map(with).collect();
        let list = serde_json::json!({"log_list_timestamp": "2026-11-20T00:00:00Z", "operators": [{"name": "x", "tiled_logs": logs}]});
        fs::write(folder.path().join("list.json"), list.to_string()).expect("written");
    };
    let range = |part: &str, from: u64, to: u64| (from..to).map(|n| format!("n{n}.{part}.example")).collect::<Vec<_>>();
    let mut cursor = None;
    // (states, sizes, what is given, is the old one asked?)
    for (states, sizes, want, old_asked) in [
        (&["usable"][..], [512, 300], Vec::new(), true),
        (&["readonly", "usable"], [700, 300], [range("new", 256, 300), range("old", 512, 700)].concat(), true),
        (&["readonly", "usable"], [700, 900], range("new", 300, 900), true),
        (&["retired", "usable"], [700, 1_500], range("new", 900, 1_500), false),
    ] {
        put(states);
        for ((size, _), now) in kept.iter().zip(sizes) {
            size.store(now, Ordering::SeqCst);
        }
        let before = kept[0].1.lock().expect("no poison").len();
        let (batches, next) = run(built(&ct).as_mut(), cursor).await;
        let mut got = names(&batches);
        got.sort();
        let mut want = want;
        want.sort();
        assert_eq!((failures(&batches), got == want), (Vec::new(), true), "{states:?}: {} of {}", names(&batches).len(), want.len());
        assert_eq!(kept[0].1.lock().expect("no poison").len() > before, old_asked, "{states:?}");
        cursor = Some(next);
    }
}
