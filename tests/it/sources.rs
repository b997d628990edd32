//! Tests of sources, from outside.

use crate::world::shared;
use flate2::write::GzEncoder;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use jianwei::net::{Net, Settings as NetSettings};
use jianwei::sources::{Batch, Cursor, Engine, Parsed, RunOutcome, Settings, Source, build, check_engines, parse_results};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

pub(crate) fn net() -> Net {
    let settings =
        NetSettings { allow_private: vec!["127.0.0.0/8".into()], per_host_interval_ms: 0, timeout_ms: 5_000, ..NetSettings::default() };
    Net::new(&settings).expect("right settings")
}

/// A server on the loopback that answers each request by `answer(request line and head)`; it counts what it was asked.
pub(crate) async fn server(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            seen.lock().expect("no poison").push(head.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(&answer(&head)).await;
            let _ = stream.shutdown().await;
        }
    });
    (base, log)
}

pub(crate) fn http(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(crate) fn asked(log: &Mutex<Vec<String>>) -> usize {
    log.lock().expect("no poison").len()
}

fn names_source(path: &Path) -> Box<dyn Source> {
    let mut settings: Settings = toml::from_str("id = 'n'\nkind = 'names'").expect("settings");
    settings.path = Some(path.to_owned());
    build(&settings, &[], &[], &Vec::new).expect("right settings")
}

/// Polls until there is no more; the batches and the last cursor.
pub(crate) async fn run(source: &mut dyn Source, from: Option<Cursor>) -> (Vec<Batch>, Cursor) {
    run_through(&net(), source, from).await
}

/// The same through a door of the test's own.
pub(crate) async fn run_through(net: &Net, source: &mut dyn Source, from: Option<Cursor>) -> (Vec<Batch>, Cursor) {
    let (mut cursor, mut batches) = (from, Vec::new());
    for _ in 0..10_000 {
        let batch = source.poll(cursor.as_ref(), net).await;
        cursor = Some(batch.cursor.clone());
        let more = batch.more;
        batches.push(batch);
        if !more {
            return (batches, cursor.expect("set above"));
        }
    }
    panic!("a run that does not end");
}

/// The same with a new source for each batch, as if the process had been killed after each.
pub(crate) async fn run_killed(source: impl Fn() -> Box<dyn Source>, from: Option<Cursor>) -> Vec<Batch> {
    let (net, mut cursor, mut batches) = (net(), from, Vec::new());
    for _ in 0..10_000 {
        let batch = source().poll(cursor.as_ref(), &net).await;
        cursor = Some(batch.cursor.clone());
        let more = batch.more;
        batches.push(batch);
        if !more {
            return batches;
        }
    }
    panic!("a run that does not end");
}

async fn scan(path: &Path, from: Option<Cursor>) -> (Vec<Batch>, Cursor) {
    run(names_source(path).as_mut(), from).await
}

pub(crate) fn names(batches: &[Batch]) -> Vec<String> {
    let lines = batches.iter().flat_map(|b| b.names.split(|c| *c == b'\n')).filter(|l| !l.is_empty());
    lines.map(|l| String::from_utf8_lossy(l).into_owned()).collect()
}

pub(crate) fn failures(batches: &[Batch]) -> Vec<String> {
    batches.iter().filter_map(|b| if let RunOutcome::Failed { why } = &b.outcome { Some(why.clone()) } else { None }).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    packed(bytes, flate2::Compression::fast())
}

fn packed(bytes: &[u8], how: flate2::Compression) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), how);
    gz.write_all(bytes).expect("memory");
    gz.finish().expect("memory")
}

pub(crate) fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("memory");
        zip.write_all(bytes).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

pub(crate) fn many(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| format!("name-{i:07}.top\n").into_bytes()).collect()
}

#[tokio::test]
async fn the_same_names_come_out_of_every_form_whatever_the_file_is_called() {
    let plain = b"\xef\xbb\xbf# list\r\na.com\r\nb.top\r\n\r\n! end".as_slice();
    let utf16: Vec<u8> = "\u{feff}a.com\r\nb.top\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let forms: [(&str, Vec<u8>); 10] = [
        ("plain", plain.to_vec()),
        ("gzip of two members", [gzip(b"a.com\n"), gzip(b"b.top\n")].concat()),
        ("zip", zip_of(&[("domain-names.txt", b"a.com\r\nb.top\r\n")])),
        ("zip with a read-me", zip_of(&[("README.txt", b"what this is\nand why\n"), ("x", b"a.com\nb.top\n")])),
        ("zip of a gzip", zip_of(&[("n.gz", &gzip(b"a.com\nb.top\n"))])),
        ("csv", b"id,\"domain\",note\n1,a.com,\"x\ny\"\n2,\"b.top\",z\n".to_vec()),
        ("adblock", b"[Adblock Plus 2.0]\n||a.com^\n||b.top^\n".to_vec()),
        ("hosts", b"127.0.0.1 localhost\n0.0.0.0 a.com\n0.0.0.0 b.top\n".to_vec()),
        ("zone", b"a.com.\t60\tin\tns\tx.net.\na.com.\t60\tin\tns\ty.net.\nb.top.\t60\tin\tns\tx.net.\n".to_vec()),
        ("utf-16", utf16),
    ];
    for (form, bytes) in forms {
        let folder = TempDir::new().expect("temp");
        let file = folder.path().join("list.xyz");
        fs::write(&file, bytes).expect("write");
        let (batches, _) = scan(&file, None).await;
        assert_eq!(failures(&batches), Vec::<String>::new(), "{form}");
        assert_eq!(names(&batches), ["a.com", "b.top"], "{form}");
    }
}

#[tokio::test]
async fn a_folder_is_read_in_order_and_one_bad_file_fails_alone() {
    let folder = TempDir::new().expect("temp");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("sub")).expect("dir");
    fs::write(at("1.txt"), "a.com\n").expect("write");
    fs::write(at("2.html"), "<!DOCTYPE html><title>log in</title>").expect("write");
    fs::write(at("3.zip"), b"PK\x03\x04 cut").expect("write");
    fs::write(at("4.gz"), &gzip(&many(50_000))[..60_000]).expect("write");
    fs::write(at(".hidden"), "hidden.com\n").expect("write");
    fs::write(at("5.part"), "unfinished.com\n").expect("write");
    fs::write(at("sub/6.txt"), "b.top\n").expect("write");
    let (batches, cursor) = scan(folder.path(), None).await;
    let froms: Vec<&str> = batches.iter().filter(|b| b.outcome == RunOutcome::Ok).map(|b| b.names_from.as_str()).collect();
    assert_eq!(froms, ["1.txt", "sub/6.txt"]);
    let why = failures(&batches);
    assert_eq!(why.len(), 3, "{why:?}");
    assert!(why[0].starts_with(&format!("{}: HTML, not a list", at("2.html").display())), "{why:?}");
    assert!(why[1].contains("3.zip: not a whole zip") && why[2].contains("4.gz: it is cut short"), "{why:?}");
    let got = names(&batches);
    assert!(got.contains(&"name-0000000.top".to_owned()), "what came before the cut is given");
    assert!(!got.iter().any(|n| n.starts_with("hidden") || n.starts_with("unfinished")));

    let (again, _) = scan(folder.path(), Some(cursor)).await;
    assert_eq!(names(&again), Vec::<String>::new(), "what was read is not read again");
    assert_eq!(failures(&again).len(), 3, "and what failed is still said");
}

#[tokio::test]
async fn only_new_and_changed_files_are_read_again() {
    let folder = TempDir::new().expect("temp");
    fs::write(folder.path().join("a"), "a.com\n").expect("write");
    fs::write(folder.path().join("b"), "b.com\n").expect("write");
    let (_, cursor) = scan(folder.path(), None).await;
    let (batches, cursor) = scan(folder.path(), Some(cursor)).await;
    assert_eq!(batches.iter().map(|b| b.outcome.clone()).collect::<Vec<_>>(), [RunOutcome::Empty]);
    fs::write(folder.path().join("b"), "b.com\nb2.com\n").expect("write");
    fs::write(folder.path().join("c"), "c.com\n").expect("write");
    let (batches, _) = scan(folder.path(), Some(cursor)).await;
    assert_eq!(names(&batches), ["b.com", "b2.com", "c.com"]);
}

#[tokio::test]
async fn a_run_killed_anywhere_goes_on_behind_the_last_stored_block() {
    let folder = TempDir::new().expect("temp");
    let whole = many(700_000);
    fs::write(folder.path().join("1.gz"), gzip(&whole)).expect("write");
    fs::write(folder.path().join("2.zip"), zip_of(&[("m1", &whole), ("m2", b"last.com\n")])).expect("write");
    fs::write(folder.path().join("3.txt"), &whole).expect("write");
    let (undisturbed, _) = scan(folder.path(), None).await;
    assert!(undisturbed.len() > 6, "several blocks a file");
    assert!(undisturbed.iter().all(|b| b.names.len() <= (4 << 20) + (64 << 10)));

    let batches = run_killed(|| names_source(folder.path()), None).await;
    assert!(names(&batches) == names(&undisturbed), "a new source for each block gives the same names");
    assert_eq!(names(&batches).len(), 2_100_001);
}

#[tokio::test]
async fn a_feed_that_collapses_is_not_read_and_not_forgotten() {
    let folder = TempDir::new().expect("temp");
    let file = folder.path().join("feed.txt");
    fs::write(&file, many(10_000)).expect("write");
    let (_, good) = scan(&file, None).await;
    for broken in [many(6_000), many(60_000), Vec::new()] {
        fs::write(&file, broken).expect("write");
        let (batches, cursor) = scan(&file, Some(good.clone())).await;
        assert_eq!(names(&batches), Vec::<String>::new());
        let why = failures(&batches);
        assert!(why.len() == 1 && why[0].contains("taken for a broken feed"), "{why:?}");
        assert_eq!(cursor, good, "the cursor is not moved");
    }
    fs::write(&file, many(12_000)).expect("write");
    let (batches, _) = scan(&file, Some(good)).await;
    assert_eq!(names(&batches).len(), 12_000);
}

#[tokio::test]
async fn hostile_files_fail_in_words_and_cost_no_memory() {
    let folder = TempDir::new().expect("temp");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("1-bomb.gz"), packed(&b"a.com\n".repeat(12 << 20), flate2::Compression::best())).expect("write");
    fs::write(at("2-long-line"), [b"a.com\n".as_slice(), &vec![b'x'; 3 << 20], b"\nb.com\n"].concat()).expect("write");
    fs::write(at("3-binary"), [0u8, 1, 2, 3]).expect("write");
    fs::write(at("4-empty"), "").expect("write");
    let mut damaged = zip_of(&[("n", &many(1_000))]);
    damaged[200] ^= 0xff;
    fs::write(at("5-damaged.zip"), damaged).expect("write");
    fs::write(at("6-xz"), b"\xfd7zXZ\0rest").expect("write");
    let (batches, cursor) = scan(folder.path(), None).await;
    let why = failures(&batches).join("\n");
    for part in ["1-bomb.gz: it unpacks to over 200 times", "3-binary: binary", "5-damaged.zip/n: ", "6-xz: xz is not read"] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert_eq!(failures(&batches).len(), 4, "{why}");
    assert!(cursor.0.contains("\"skipped_lines\":1"), "{}", cursor.0);
    let (batches, _) = scan(&at("7-not-there"), None).await;
    assert!(failures(&batches)[0].contains("7-not-there"), "says which path");
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_starts_over() {
    let folder = TempDir::new().expect("temp");
    fs::write(folder.path().join("a"), "a.com\n").expect("write");
    let (batches, _) = scan(folder.path(), Some(Cursor("not json".into()))).await;
    assert_eq!(names(&batches), ["a.com"]);
}

#[tokio::test]
async fn real_feeds_give_their_names() {
    for (file, first, count) in [
        ("fixtures/nrd/shreshta-nrd-1w.head500.csv", "longline.se", 500),
        ("fixtures/nrd/whoisds-2026-08-22.derived.zip", "00050474.xyz", 1_500),
        ("fixtures/nrd/xruffkez-nrd-phishing-14day.domains.txt", "028office.cn", 3_159),
        ("fixtures/nrd/xruffkez-nrd-phishing-14day.adblock.head400.txt", "028office.cn", 391),
        ("fixtures/dns/top.zone-2026-08-22.derived.txt.gz", "002ylxx301.top", 800),
    ] {
        let Some(path) = shared(file) else { return };
        let (batches, _) = scan(&path, None).await;
        let names = names(&batches);
        assert_eq!((names[0].as_str(), names.len()), (first, count), "{file}");
    }
}

#[tokio::test]
async fn a_million_real_names_come_in_a_blink() {
    let Some(path) = shared("data/new-names-1m.txt.gz") else { return };
    let begun = std::time::Instant::now();
    let (batches, _) = scan(&path, None).await;
    let took = begun.elapsed();
    let count: usize = batches.iter().map(|b| b.names.iter().filter(|c| **c == b'\n').count()).sum();
    assert_eq!(count, 1_000_000);
    eprintln!("{count} names in {took:?}: {:.1} million names/s", 1.0 / took.as_secs_f64());
    assert!(took.as_secs() < 10, "{took:?}");
}

pub(crate) fn engine_files() -> Vec<RuleFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/engines");
    let mut files: Vec<RuleFile> = fs::read_dir(folder)
        .expect("rules/engines is in the repository")
        .map(|entry| {
            let path = entry.expect("readable").path();
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            RuleFile {
                path: format!("engines/{name}"),
                shown: format!("rules/engines/{name}"),
                text: fs::read_to_string(path).expect("text"),
            }
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

pub(crate) fn engine(id: &str) -> Engine {
    let files = engine_files();
    let file = files.iter().find(|f| f.path == format!("engines/{id}.toml")).expect("shipped");
    Engine::read(file).expect("right")
}

/// `None`: the shared data is not here.
fn parse_saved(id: &str, file: &str, query: &str) -> Option<Parsed> {
    let body = fs::read(shared(&format!("fixtures/serp/{file}"))?).expect("readable");
    let url = url::Url::parse("https://engine.example/s").expect("a URL");
    Some(parse_results(&engine(id), 200, &url, &body, query))
}

#[test]
fn every_shipped_engine_passes_its_own_examples() {
    let files = engine_files();
    assert!(files.len() >= 7, "{}", files.len());
    assert_eq!(check_engines(&files), []);
}

#[test]
fn a_wrong_engine_file_is_named_with_its_line() {
    let good = engine_files().into_iter().find(|f| f.path == "engines/lab.toml").expect("shipped");
    for (from, to, part) in [
        ("row = \"#content_left div.result\"", "row = \"##\"", "no CSS selector"),
        ("id = \"lab\"", "id = \"labb\"", "must be the file's name"),
        ("page_size = 10", "page_sise = 10", "page_sise"),
        ("wd={query}", "wd=x", "`{query}`"),
        ("outcome = \"failed\"", "outcome = \"ok\"", "example 5: the outcome is failed"),
    ] {
        let text = good.text.replacen(from, to, 1);
        assert_ne!(text, good.text, "{from}");
        let errors = check_engines(&[RuleFile { text: text.clone(), ..good.clone() }]);
        assert_eq!(errors.len(), 1, "{errors:?}");
        let shown = errors[0].to_string();
        assert!(shown.starts_with("rules/engines/lab.toml:") && shown.contains(part) && !shown.contains('\n'), "{shown}");
    }
}

#[test]
fn saved_pages_of_baidu_are_read() {
    let Some(results) = parse_saved("baidu", "openserp-baidu-search_results.html", "what is megadeath") else { return };
    assert_eq!(results.outcome, RunOutcome::Ok, "{results:?}");
    // The capture had every address rewritten to one and the same; ours folds equal ones.
    assert_eq!(results.rows.iter().map(|r| r.url.as_str()).collect::<Vec<_>>(), ["http://test.test/"]);
    let captcha = parse_saved("baidu", "openserp-baidu-search_captcha.html", "q").expect("beside the first");
    assert!(matches!(captcha.outcome, RunOutcome::Blocked { .. }), "{captcha:?}");
    let none = parse_saved("baidu", "openserp-baidu-search_no_results.html", "123222222222222222").expect("beside the first");
    assert_eq!((none.outcome, none.rows.len()), (RunOutcome::Empty, 0));
    let old = parse_saved("baidu", "baiduspider-test_web_normal.html", "Python").expect("beside the first");
    assert!(old.rows.iter().any(|r| r.url == "https://baike.baidu.com/item/Python/407313"), "{old:?}");
    assert!(old.unresolved >= 8, "organic rows of 2020 carry no address: {old:?}");
    let invalid = parse_saved("baidu", "baiduspider-test_web_invalid.html", "Python").expect("beside the first");
    assert!(matches!(invalid.outcome, RunOutcome::Failed { .. }), "{invalid:?}");
}

#[test]
fn saved_pages_of_the_other_engines_are_read() {
    let Some(sogou) = parse_saved("sogou", "sogou-2026-10-excerpt.html", "model context protocol") else { return };
    let urls: Vec<&str> = sogou.rows.iter().map(|r| r.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://www.ithome.com/0/813/441.htm",
            "http://mp.weixin.qq.com/count/oIWsFt1DQ336WKSm7n0omu3nEVwU/2247484101/1&scene=6",
            "https://download.csdn.net/blog/column/12220857/146982802",
        ]
    );
    assert!(sogou.rows[0].title.starts_with("Anthropic 公布 Model Context Protocol"), "{}", sogou.rows[0].title);
    assert!(sogou.rows[1].snippet.contains("溯源摘要"), "{}", sogou.rows[1].snippet);

    let so360 = parse_saved("so360", "so360-structure.html", "真实结果 新版样式").expect("beside the first");
    let urls: Vec<&str> = so360.rows.iter().map(|r| r.url.as_str()).collect();
    assert_eq!(urls, ["http://uml.org.cn/ai/202507144.asp", "https://one.example/a?x=1&y=2"]);
    assert_eq!(so360.rows[1].snippet, "新版摘要");

    let bing = parse_saved("bing", "openserp-bing-search_results.html", "how to read file in JS").expect("beside the first");
    assert_eq!((bing.outcome, bing.rows.len()), (RunOutcome::Ok, 1), "all addresses were rewritten to one");
    let decoy = parse_saved("bing", "openserp-bing-search_results.html", "特种作业操作证查询").expect("beside the first");
    assert!(matches!(decoy.outcome, RunOutcome::Blocked { .. }), "{decoy:?}");

    let searxng = parse_saved("searxng", "searxng-local-bing.json", "read local file").expect("beside the first");
    assert_eq!(searxng.rows.iter().map(|r| r.url.as_str()).collect::<Vec<_>>(), ["http://test.test/"]);
}

#[test]
fn hostile_result_pages_are_capped_and_never_panic() {
    let url = url::Url::parse("https://engine.example/s").expect("a URL");
    let long = "证".repeat(100_000);
    let row = |n: usize| format!("<div class=\"result\" mu=\"http://a{n}.example/\"><h3>特种作业{long}</h3><p>{long}</p></div>");
    let many: String = (0..3).map(row).collect::<String>() + &"<div class=result mu='http://x.example/'><h3>y</h3></div>".repeat(5_000);
    let bodies: Vec<Vec<u8>> = vec![
        format!("<div id=content_left>{many}</div>").into_bytes(),
        "<div>".repeat(400_000).into_bytes(),
        "<div></x><b id=1>".repeat(100_000).into_bytes(),
        vec![0xff; 10_000],
        format!("<div id=content_left><div class=result mu='javascript:alert(1)'><h3>a</h3></div><div class=result mu='http://x/{long}'><h3>b</h3></div></div>").into_bytes(),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(),
        b"{\"results\":[1,null,{\"url\":5,\"title\":[]},{\"url\":\"ftp://x\",\"title\":\"t\"}]}".to_vec(),
    ];
    for id in ["lab", "baidu", "sogou", "searxng", "baidu-json"] {
        let engine = engine(id);
        for (n, body) in bodies.iter().enumerate() {
            let begun = std::time::Instant::now();
            let parsed = parse_results(&engine, 200, &url, body, "特种作业");
            assert!(begun.elapsed().as_secs() < 10, "{id} on body {n}: {:?}", begun.elapsed());
            assert!(parsed.rows.len() <= 100);
            for row in &parsed.rows {
                assert!(row.url.starts_with("http") && row.url.len() <= 4_096);
                assert!(row.title.chars().count() <= 300 && row.snippet.chars().count() <= 500);
            }
        }
    }
    let parsed = parse_results(&engine("lab"), 200, &url, &bodies[0], "特种作业");
    assert_eq!((parsed.outcome, parsed.rows.len()), (RunOutcome::Ok, 4));
}

#[test]
fn a_refusal_is_never_an_empty_answer() {
    let at = |u: &str| url::Url::parse(u).expect("a URL");
    let lab = engine("lab");
    let read = |status, u: &str, body: &str| parse_results(&lab, status, &at(u), body.as_bytes(), "q").outcome;
    assert!(matches!(read(429, "http://search.lab.example/s", ""), RunOutcome::Blocked { .. }));
    assert!(matches!(read(500, "http://search.lab.example/s", "oops"), RunOutcome::Failed { .. }));
    assert!(matches!(read(200, "http://search.lab.example/s", " \n"), RunOutcome::Failed { .. }));
    let baidu = parse_results(&engine("baidu"), 200, &at("https://wappass.baidu.com/static/captcha/x"), b"<p>", "q");
    assert!(matches!(baidu.outcome, RunOutcome::Blocked { .. }));
}

#[test]
fn a_source_of_the_wrong_shape_is_refused_with_the_likely_word() {
    let files = engine_files();
    for (toml, part) in [
        ("id = 's'\nkind = 'search'\nengine = 'bidu'", "did you mean `baidu`?"),
        ("id = 's'\nkind = 'search'", "needs `engine`"),
        ("id = 's'\nkind = 'serch'\nengine = 'lab'", "did you mean `search`?"),
        ("id = 's'\nkind = 'search'\nengine = 'lab'\nbase_url = 'localhost:80'", "base_url"),
        ("id = 'p'\nkind = 'permutations'\npath = 'x'", "`path` belongs to kind `names`"),
    ] {
        let settings: Settings = toml::from_str(toml).expect("settings");
        let why = build(&settings, &[], &files, &Vec::new).err().expect(toml).to_string();
        assert!(why.contains(part) && !why.contains('\n'), "{why}");
    }
}

pub(crate) fn site() -> Site {
    toml::from_str(
        "id = 'cx.mem.gov.cn'\nname = '特种作业操作证及安全生产知识和管理能力考核合格信息查询平台'\nagency = '应急管理部'\n\
         hosts = ['cx.mem.gov.cn']\nqueries = ['特种作业操作证查询', '电工证查询 全国']",
    )
    .expect("a site")
}

fn search_source(base: &str, pages: u32) -> Box<dyn Source> {
    let toml = format!("id = 's'\nkind = 'search'\nengine = 'lab'\nbase_url = '{base}'\npages = {pages}\nqueries = ['高处作业证查询官网']");
    build(&toml::from_str(&toml).expect("settings"), &[site()], &engine_files(), &Vec::new).expect("right settings")
}

fn result_page(rows: &[&str], next: bool) -> Vec<u8> {
    let row = |u: &&str| format!("<div class=result mu='{u}'><h3>特种作业操作证查询</h3><div class=abstract>全国 <b>统一</b></div></div>");
    let next = if next { "<a href='/s?pn=10'>下一页 &gt;</a>" } else { "" };
    let page = format!("<title>x</title><div id=content_left>{}</div>{next}", rows.iter().map(row).collect::<String>());
    http(200, "content-type: text/html\r\n", page.as_bytes())
}

#[tokio::test]
async fn a_search_gives_each_result_with_what_led_to_it_and_is_not_repeated_at_once() {
    let (base, log) = server(|head| match () {
        () if head.contains("pn=0") => result_page(&["http://a.example/", "http://b.example/"], true),
        () => result_page(&["http://c.example/"], true),
    })
    .await;
    let (batches, cursor) = run(search_source(&base, 2).as_mut(), None).await;
    assert!(batches.iter().all(|b| b.outcome == RunOutcome::Ok), "{batches:?}");
    let seen: Vec<(String, u32)> =
        batches[..2].iter().flat_map(|b| &b.sightings).map(|s| (s.seen.clone(), s.context.rank.expect("ranked"))).collect();
    assert_eq!(seen, [("http://a.example/".into(), 1), ("http://b.example/".into(), 2), ("http://c.example/".into(), 3)]);
    let context = &batches[0].sightings[0].context;
    assert_eq!(context.query.as_deref(), Some("高处作业证查询官网"), "what a person asked for comes first");
    assert_eq!(context.site.as_deref(), Some("cx.mem.gov.cn"));
    assert_eq!((context.title.as_deref(), context.snippet.as_deref()), (Some("特种作业操作证查询"), Some("全国 统一")));
    let queries: Vec<_> = batches.iter().map(|b| b.sightings[0].context.query.clone().expect("asked")).collect();
    assert_eq!(queries[4..], ["电工证查询 全国", "电工证查询 全国"]);
    assert_eq!(asked(&log), 6, "three queries, two pages each");

    let (again, _) = run(search_source(&base, 2).as_mut(), Some(cursor)).await;
    assert_eq!(again.iter().map(|b| b.outcome.clone()).collect::<Vec<_>>(), [RunOutcome::Empty]);
    assert_eq!(asked(&log), 6, "a second scan asks nothing");
}

#[tokio::test]
async fn a_challenge_stops_the_engine_and_rests_it_and_the_place_is_kept() {
    let n = AtomicUsize::new(0);
    let (base, log) = server(move |_| match n.fetch_add(1, Ordering::SeqCst) {
        0 => result_page(&["http://a.example/"], false),
        _ => http(200, "", "<title>安全验证</title>".as_bytes()),
    })
    .await;
    let (batches, cursor) = run(search_source(&base, 1).as_mut(), None).await;
    assert_eq!(batches[0].outcome, RunOutcome::Ok);
    assert!(matches!(&batches[1].outcome, RunOutcome::Blocked { why } if why.contains("安全验证")), "{batches:?}");
    assert_eq!((batches.len(), asked(&log)), (2, 2));
    let (rested, kept) = run(search_source(&base, 1).as_mut(), Some(cursor.clone())).await;
    assert!(matches!(&rested[0].outcome, RunOutcome::Blocked { why } if why.contains("rests for")), "{rested:?}");
    assert_eq!((asked(&log), &kept), (2, &cursor), "while it rests nothing is asked and nothing is lost");
    let later: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
    assert_eq!(later["query"], 1, "the refused query is the next one");
}

#[tokio::test]
async fn an_engine_that_is_down_is_a_failure_and_gets_three_tries() {
    let (base, log) = server(|_| http(502, "", b"bad gateway")).await;
    let (batches, _) = run(search_source(&base, 1).as_mut(), None).await;
    assert_eq!(failures(&batches).len(), 3);
    assert!(failures(&batches)[0].contains("lab on `高处作业证查询官网`: status 502"), "{batches:?}");
    assert_eq!(asked(&log), 3);
}

#[tokio::test]
async fn a_list_at_a_url_is_fetched_when_it_changed() {
    let list = gzip(&many(3_000));
    let (base, log) = server(move |head| {
        let known = head.to_ascii_lowercase().contains("if-none-match: \"v1\"");
        if known { http(304, "", b"") } else { http(200, "etag: \"v1\"\r\n", &list) }
    })
    .await;
    let source = || {
        let toml = format!("id = 'n'\nkind = 'names'\nurl = '{base}/lists/new.txt.gz?key=secret'");
        build(&toml::from_str(&toml).expect("settings"), &[], &[], &Vec::new).expect("right settings")
    };
    let (batches, cursor) = run(source().as_mut(), None).await;
    assert_eq!((names(&batches).len(), failures(&batches)), (3_000, Vec::new()));
    assert!(batches[0].names_from.ends_with("/lists/new.txt.gz") && !cursor.0.contains("secret"), "keys are not stored");
    let (batches, unmoved) = run(source().as_mut(), Some(cursor.clone())).await;
    assert_eq!(batches.iter().map(|b| b.outcome.clone()).collect::<Vec<_>>(), [RunOutcome::Empty]);
    assert_eq!((unmoved, asked(&log)), (cursor, 2));
}

#[tokio::test]
async fn a_feed_that_serves_a_page_or_a_refusal_keeps_its_place() {
    let n = AtomicUsize::new(0);
    let list = many(3_000);
    let (base, _) = server(move |_| match n.fetch_add(1, Ordering::SeqCst) {
        0 | 4 => http(200, "", &list),
        1 => http(200, "", format!("<!DOCTYPE html>{}", "<p>come back later</p>".repeat(2_000)).as_bytes()),
        2 => http(429, "", b"slow down"),
        3 => http(200, "", b"a.com\n"),
        _ => http(500, "", b""),
    })
    .await;
    let toml = format!("id = 'n'\nkind = 'names'\nurl = '{base}/new.txt'");
    let mut source = build(&toml::from_str(&toml).expect("settings"), &[], &[], &Vec::new).expect("right settings");
    let mut cursor = None;
    let mut outcomes = Vec::new();
    for _ in 0..6 {
        let (batches, next) = run(source.as_mut(), cursor).await;
        outcomes.push(batches.last().expect("at least one").outcome.clone());
        cursor = Some(next);
    }
    assert_eq!(outcomes[0], RunOutcome::Ok);
    assert!(matches!(&outcomes[1], RunOutcome::Failed { why } if why.contains("HTML, not a list")), "{outcomes:?}");
    assert!(matches!(&outcomes[2], RunOutcome::Blocked { why } if why.contains("429")), "{outcomes:?}");
    assert!(matches!(&outcomes[3], RunOutcome::Failed { why } if why.contains("broken feed")), "{outcomes:?}");
    assert!(matches!(&outcomes[5], RunOutcome::Failed { why } if why.contains("status 500")), "{outcomes:?}");
}

/// Starts the lab and a door whose only resolver is the lab's.
fn lab_and_door() -> (crate::lab::Lab, Net) {
    let lab = crate::lab::Lab::start(None);
    let settings = NetSettings {
        resolvers: vec![lab.dns().to_string()],
        allow_private: vec![lab.network()],
        per_host_interval_ms: 0,
        ..NetSettings::default()
    };
    (lab, Net::new(&settings).expect("right settings"))
}

#[tokio::test]
async fn the_lab_engine_answers_every_query_of_the_shipped_site() {
    let text = include_str!("../../rules/sites/cx.mem.gov.cn.toml");
    let file = RuleFile { path: "sites/cx.mem.gov.cn.toml".into(), shown: String::new(), text: text.into() };
    let site = Site::read(&file).expect("shipped");
    let queries = site.queries.len();
    let (_lab, net) = lab_and_door();
    let settings: Settings = toml::from_str("id = 's'\nkind = 'search'\nengine = 'lab'\npages = 5").expect("settings");
    let mut source = build(&settings, &[site], &engine_files(), &Vec::new).expect("right settings");
    let batches = run_through(&net, source.as_mut(), None).await.0;
    let bad: Vec<&RunOutcome> = batches.iter().map(|b| &b.outcome).filter(|o| **o != RunOutcome::Ok).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let asked: std::collections::BTreeSet<_> = batches.iter().flat_map(|b| &b.sightings).map(|s| s.context.query.clone()).collect();
    assert_eq!(asked.len(), queries);
    assert!(!batches.iter().flat_map(|b| &b.sightings).any(|s| s.seen.contains("nourl") || s.seen.contains("ad.lab.example")));
}

#[tokio::test]
async fn the_lab_engine_shows_each_of_the_other_outcomes() {
    for (word, want) in [("blocktest", "Blocked"), ("decoytest 特种作业", "Blocked"), ("emptytest", "Empty")] {
        let (_lab, net) = lab_and_door();
        let settings: Settings =
            toml::from_str(&format!("id = 's'\nkind = 'search'\nengine = 'lab'\nqueries = ['{word}']")).expect("settings");
        let mut source = build(&settings, &[], &engine_files(), &Vec::new).expect("right settings");
        let batches = run_through(&net, source.as_mut(), None).await.0;
        let last = format!("{:?}", batches[0].outcome);
        assert!(last.starts_with(want), "{word}: {last}");
        assert!(batches[0].sightings.is_empty(), "{word}");
    }
}

#[tokio::test]
async fn of_the_permutations_those_that_exist_are_given_once_a_day() {
    let (_lab, net) = lab_and_door();
    let names = || ["nobody-has-this.example", "search.lab.example", "not a host", "nor-this.top"].map(str::to_owned).to_vec();
    let settings: Settings = toml::from_str("id = 'p'\nkind = 'permutations'").expect("settings");
    let source = || build(&settings, &[], &[], &names).expect("right settings");
    let batches = run_through(&net, source().as_mut(), None).await.0;
    let seen: Vec<&str> = batches.iter().flat_map(|b| &b.sightings).map(|s| s.seen.as_str()).collect();
    assert_eq!(seen, ["search.lab.example"], "{batches:?}");
    let again = source().poll(Some(&batches[0].cursor), &net).await;
    assert_eq!((again.outcome, again.more), (RunOutcome::Empty, false));

    let nobody = NetSettings { resolvers: vec!["127.0.0.1:9".into()], ..NetSettings::default() };
    let batch = source().poll(None, &Net::new(&nobody).expect("right settings")).await;
    assert!(matches!(&batch.outcome, RunOutcome::Failed { why } if why.contains("no usable answer")), "{batch:?}");
    assert_eq!(batch.cursor, Cursor::default(), "a silent resolver moves nothing");
}
