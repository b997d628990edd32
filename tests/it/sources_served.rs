//! Every saved page, feed, log and answer of the shared research data, served by nginx and read through the sources over real sockets.

use crate::lab::ctlog::{CtLog, real_entries};
use crate::lab::nginx::{Nginx, Server};
use crate::sources::{engine_files, failures, names, net, run, run_through};
use crate::world::shared;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jianwei::model::rulefile::RuleFile;
use jianwei::sources::{Batch, RunOutcome, Secret, Settings, Source, build};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn built(toml: &str, files: &[RuleFile]) -> Box<dyn Source> {
    let mut settings: Settings = toml::from_str(toml).expect("settings");
    settings.key = Secret::new("k3y:of-the-lab");
    build(&settings, &[], files, &Vec::new).expect("right settings")
}

fn put(path: &Path, body: &[u8]) {
    fs::create_dir_all(path.parent().expect("below a folder")).expect("writable");
    fs::write(path, body).expect("writable");
}

/// Everything below a folder of the shared data, as a web server has it.
fn served(folder: &str) -> Option<(Server, PathBuf)> {
    let root = shared(folder)?;
    Some((Nginx::program()?.serve(&root, ""), root))
}

#[tokio::test]
async fn every_saved_feed_gives_its_names() {
    let Some((server, _)) = served("fixtures") else { return };
    for (file, count, one) in [
        ("nrd/shreshta-nrd-1w.head500.csv", 500, None),
        ("nrd/whoisds-2026-08-22.derived.zip", 1_500, None),
        ("nrd/xruffkez-nrd-phishing-14day.domains.txt", 3_159, None),
        ("nrd/xruffkez-nrd-phishing-14day.adblock.head400.txt", 391, None),
        ("dns/top.zone-2026-08-22.derived.txt.gz", 800, Some(".top")),
    ] {
        let (batches, _) = run(built(&format!("id = 'n'\nkind = 'names'\nurl = '{}/{file}'", server.base), &[]).as_mut(), None).await;
        let got: BTreeSet<String> = names(&batches).into_iter().collect();
        assert_eq!((failures(&batches), got.len()), (Vec::new(), count), "{file}");
        assert!(got.iter().all(|n| n.contains('.') && !n.contains(['|', '^', '#', '\r', ' ', ','])), "{file}");
        assert!(one.is_none_or(|end| got.iter().all(|n| n.ends_with(end))), "{file}");
    }
}

/// Data tiles that are here: which of the real log's, under which number ours has them.
const TILES: [(&str, &str); 3] = [("000", "000"), ("003", "001"), ("003.p/10", "002.p/10")];

#[tokio::test]
async fn the_real_tiles_of_a_log_give_the_same_names_as_data_and_as_names_and_all_leaf_hashes_verify() {
    let (Some(tiles), Some(nginx)) = (shared("fixtures/ct/navigli2025h2/tile"), Nginx::program()) else { return };
    let read = |path: &str| fs::read(tiles.join(path)).expect("there");
    let mut log = CtLog::new("navigli.example");
    for (real, _) in TILES {
        for (stamped, whole) in real_entries(&read(&format!("data/{real}"))) {
            log.push_raw(&stamped, &whole);
        }
    }
    assert_eq!(log.size(), 522);
    let root = TempDir::new().expect("temp");
    log.write(root.path());
    for (real, ours) in TILES {
        assert!(read(&format!("data/{real}")) == fs::read(root.path().join("tile/data").join(ours)).expect("written"), "{real}");
    }
    // The hash tiles that are here are those of the real log; the source holds every entry it reads against them and the signed root.
    for (real, ours) in [("000", "000"), ("003.p/10", "002.p/10")] {
        assert!(read(&format!("0/{real}")) == fs::read(root.path().join("tile/0").join(ours)).expect("written"), "{real}");
    }
    let server = nginx.serve(root.path(), "");
    let list = root.path().join("list.json");
    put(&list, log.list(true, &server.base).as_bytes());
    let toml =
        format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0\npartial_after_s = 0\nbackfill_entries = 1000", list.display());
    let by_data = run(built(&toml, &[]).as_mut(), None).await.0;
    assert_eq!(failures(&by_data), Vec::<String>::new());
    let (data, hashes) = (server.told().iter().filter(|l| l.contains("tile/data/00")).count(), "tile/0/00");
    assert!(data == 3 && server.told().iter().filter(|l| l.contains(hashes)).count() >= 3, "{:?}", server.told());
    for (real, ours) in TILES {
        put(&root.path().join("tile/names").join(ours), &read(&format!("names/{real}")));
    }
    let by_names = run(built(&toml, &[]).as_mut(), None).await.0;
    assert_eq!(failures(&by_names), Vec::<String>::new());
    let told = server.told();
    assert!(
        told.iter().filter(|l| l.contains("tile/data/00") && l.contains(" 200 ")).count() <= data + 1,
        "names tiles were read: {told:?}"
    );
    let set = |batches: &[Batch]| names(batches).into_iter().collect::<BTreeSet<_>>();
    assert!(set(&by_data).len() > 450 && set(&by_data) == set(&by_names), "{} and {}", set(&by_data).len(), set(&by_names).len());
    // The whole of the names tiles that are here, those of the data tiles that are not, too.
    for tile in ["000", "001", "002", "003"] {
        let lines = read(&format!("names/{tile}"));
        assert_eq!(lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count(), 256, "{tile}");
    }
}

/// A log of RFC 6962 behind nginx: the head and the entries as files.
fn old_log(root: &Path, server: &Server, sth: &[u8], key: &str, id: &str) -> String {
    put(&root.join("ct/v1/get-sth"), sth);
    let list = root.join("list.json");
    let log =
        serde_json::json!({"description": "old", "log_id": id, "key": key, "url": format!("{}/", server.base), "state": {"readonly": {}}});
    let all = serde_json::json!({"log_list_timestamp": "2026-11-20T00:00:00Z", "operators": [{"name": "x", "logs": [log]}]});
    put(&list, all.to_string().as_bytes());
    format!("id = 'ct'\nkind = 'ct'\npath = '{}'\ninterval_ms = 0", list.display())
}

#[tokio::test]
async fn real_get_entries_bodies_give_the_names_of_their_certificates() {
    let Some(nginx) = Nginx::program() else { return };
    for (file, count, name) in [("rfc6962-get-entries-4-x509.json", 4, "mail.google.com"), ("rfc6962-get-entries-precert+x509.json", 2, "")]
    {
        let Some(body) = shared(&format!("fixtures/ct/{file}")).map(|p| fs::read(p).expect("there")) else { return };
        let all: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let mut log = CtLog::new("old.example");
        for entry in all["entries"].as_array().expect("entries") {
            let leaf = STANDARD.decode(entry["leaf_input"].as_str().expect("text")).expect("base64");
            log.push_raw(&leaf[2..], &[]);
        }
        assert_eq!(log.size(), count, "{file}");
        let root = TempDir::new().expect("temp");
        let server = nginx.serve(root.path(), "");
        put(&root.path().join("ct/v1/get-entries"), &body);
        put(&root.path().join("ct/v1/get-sth"), &log.answer("ct/v1/get-sth", count, false).expect("a head"));
        let list = root.path().join("list.json");
        put(&list, log.list(false, &server.base).as_bytes());
        let (batches, cursor) = run(built(&format!("id = 'ct'\nkind = 'ct'\npath = '{}'", list.display()), &[]).as_mut(), None).await;
        assert_eq!(failures(&batches), Vec::<String>::new(), "{file}");
        assert!(cursor.0.contains(&format!("\"next\":{count}")) && !cursor.0.contains("malformed"), "{file}: {cursor:?}");
        assert!(name.is_empty() || names(&batches).iter().any(|n| n == name), "{file}: {:?}", names(&batches));
    }
}

#[tokio::test]
async fn the_real_head_of_a_log_verifies_by_its_key_and_a_placeholder_does_not() {
    // Google's Pilot, as every list of its time gave it.
    let key =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfahLEimAoz2t01p3uMziiLOl/fHTDM0YDOhBRuiBARsV4UvxG2LdNgoIGLrtCzWE0J5APC2em4JlvR8EEEFMoA==";
    let id = "pLkJkLQYWBSHuxOizGdwCjw1mAT5G9+443fNDsgN3BA=";
    let Some(nginx) = Nginx::program() else { return };
    for (file, words) in
        [("rfc6962-get-sth-pilot.json", "get-entries: status 404"), ("rfc6962-get-sth-4.json", "not signed by the log's key")]
    {
        let Some(sth) = shared(&format!("fixtures/ct/{file}")).map(|p| fs::read(p).expect("there")) else { return };
        let root = TempDir::new().expect("temp");
        let server = nginx.serve(root.path(), "");
        let toml = old_log(root.path(), &server, &sth, key, id);
        let (batches, _) = run(built(&toml, &[]).as_mut(), None).await;
        assert!(failures(&batches)[0].contains(words), "{file}: {batches:?}");
    }
}

#[tokio::test]
async fn of_a_real_log_list_the_logs_in_use_are_read_and_the_key_file_is_that_of_its_ids() {
    let Some((server, root)) = served("fixtures/ct") else { return };
    // Nothing is asked of the logs themselves: the resolver is not there.
    let settings = jianwei::net::Settings {
        allow_private: vec!["127.0.0.0/8".into()],
        resolvers: vec!["127.0.0.1:9".into()],
        per_host_interval_ms: 0,
        timeout_ms: 1_000,
        ..jianwei::net::Settings::default()
    };
    let net = jianwei::net::Net::new(&settings).expect("right settings");
    let mut source = built(&format!("id = 'ct'\nkind = 'ct'\nurl = '{}/loglist3-2022-test.json'", server.base), &[]);
    let (batches, _) = run_through(&net, source.as_mut(), None).await;
    let mut tried: Vec<String> = failures(&batches).iter().filter_map(|f| f.split('\'').nth(1).map(str::to_owned)).collect();
    tried.sort();
    assert_eq!(tried, ["Aviator", "Icarus", "Rocketeer"], "not the one without a state and key, not the past shard, not the retired one");
    let logs: serde_json::Value =
        serde_json::from_slice(&fs::read(root.join("chrome156-ct-logs-2026-11.json")).expect("there")).expect("JSON");
    let logs = logs["logs"].as_array().expect("a list");
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for log in logs {
        let (id, key) = (log["log_id"].as_str().expect("text"), STANDARD.decode(log["key"].as_str().expect("text")).expect("base64"));
        assert_eq!(id, STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(key)), "{log}");
        *kinds.entry(log["log_type"].as_str().expect("text")).or_default() += 1;
    }
    assert_eq!(logs.len(), 66, "{kinds:?}");
}

/// One query of one engine at `base`: the outcome and the addresses.
async fn search(engine: &str, files: &[RuleFile], base: &str, query: &str) -> (RunOutcome, Vec<String>) {
    let assets = files.iter().any(|f| f.path == format!("engines/{engine}.toml") && f.text.contains("kind = \"assets\""));
    let kind = if assets { "assets" } else { "search" };
    let toml = format!("id = 's'\nkind = '{kind}'\nengine = '{engine}'\nbase_url = '{base}'\nqueries = ['''{query}''']");
    let batch = built(&toml, files).poll(None, &net()).await;
    (batch.outcome, batch.sightings.into_iter().map(|s| s.seen).collect())
}

#[tokio::test]
async fn every_saved_result_page_gives_what_it_holds() {
    let (Some(pages), Some(nginx)) = (shared("fixtures/serp"), Nginx::program()) else { return };
    let (root, files) = (TempDir::new().expect("temp"), engine_files());
    let server = nginx.serve(root.path(), "");
    let card = ["https://baike.baidu.com/item/Python/407313", "http://3108.lightapp.baidu.com/Python"].as_slice();
    let rewritten = ["http://test.test/"].as_slice();
    let sogou = [
        "https://www.ithome.com/0/813/441.htm",
        "http://mp.weixin.qq.com/count/oIWsFt1DQ336WKSm7n0omu3nEVwU/2247484101/1&scene=6",
        "https://download.csdn.net/blog/column/12220857/146982802",
    ];
    let so360 = ["http://uml.org.cn/ai/202507144.asp", "https://one.example/a?x=1&y=2"];
    type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a [&'a str]);
    let table: [Row<'_>; 17] = [
        ("baidu", "s", "baiduspider-test_web_normal.html", "Python", "Ok", card),
        ("baidu", "s", "baiduspider-test_web_total.html", "Python", "Ok", card),
        ("baidu", "s", "baiduspider-test_web_pages-single.html", "trdewersdtrewrsfdxgcrtd", "none with its real address", &[]),
        ("baidu", "s", "baiduspider-test_web_invalid.html", "Python", "Failed", &[]),
        ("baidu", "s", "openserp-baidu-search_results.html", "what is megadeath", "Ok", rewritten),
        ("baidu", "s", "openserp-baidu-search_captcha.html", "what is megadeath", "Blocked", &[]),
        ("baidu", "s", "openserp-baidu-search_no_results.html", "123222222222222222", "Empty", &[]),
        ("bing", "search", "openserp-bing-search_results.html", "how to read file in JS", "Ok", rewritten),
        ("bing", "search", "openserp-bing-search_results.html", "特种作业操作证查询", "decoys", &[]),
        ("google", "search", "openserp-google-search_results.html", "how to fetch in JS", "Ok", rewritten),
        ("google", "search", "openserp-google-search_captcha.html", "weather", "Blocked", &[]),
        ("google", "search", "openserp-google-search_captcha_new.html", "weather", "Blocked", &[]),
        ("google", "search", "openserp-google-search_soft_block.html", "weather", "Blocked", &[]),
        ("google", "search", "openserp-google-search_no_results.html", "123123123123", "Empty", &[]),
        ("sogou", "web", "sogou-2026-10-excerpt.html", "model context protocol", "Ok", &sogou),
        ("so360", "s", "so360-structure.html", "真实结果 新版样式", "Ok", &so360),
        ("searxng", "search", "searxng-local-bing.json", "read local file", "Ok", rewritten),
    ];
    let all: BTreeSet<String> =
        fs::read_dir(&pages).expect("there").map(|f| f.expect("readable").file_name().to_string_lossy().into()).collect();
    assert_eq!(all, table.iter().map(|row| row.2.to_owned()).collect(), "every page that is here");
    for (engine, path, file, query, outcome, urls) in table {
        put(&root.path().join(path), &fs::read(pages.join(file)).expect("there"));
        let (got, rows) = search(engine, &files, &server.base, query).await;
        assert!(format!("{got:?}").contains(outcome), "{engine} {file} `{query}`: {got:?}");
        assert_eq!(rows, urls, "{engine} {file}");
    }
}

/// nginx lets nobody POST to a file; these are answers to POST.
const POST_TOO: &str = "error_page 405 =200 $uri;";

#[tokio::test]
async fn the_sample_answer_of_every_engine_is_read_over_sockets_and_each_was_asked_with_its_key() {
    let Some(nginx) = Nginx::program() else { return };
    let (root, files) = (TempDir::new().expect("temp"), engine_files());
    let server = nginx.serve(root.path(), POST_TOO);
    for file in &files {
        let table: toml::Table = file.text.parse().expect("TOML");
        let id = table["id"].as_str().expect("an id");
        let url = url::Url::parse(&table["url"].as_str().expect("a URL").replace(['{', '}'], "")).expect("a URL");
        let path = if url.path() == "/" { "index.html" } else { url.path().trim_matches('/') };
        // A path with a slash at its end is a folder to nginx: then the answer is its index.
        let path = if url.path().len() > 1 && url.path().ends_with('/') { format!("{path}/index.html") } else { path.to_owned() };
        let example =
            table["example"].as_array().expect("examples").iter().find(|e| e["outcome"].as_str() == Some("ok")).expect("a good one");
        put(&root.path().join(id).join(path), example["body"].as_str().expect("text").as_bytes());
        let base = format!("{}/{id}", server.base);
        let (outcome, rows) = search(id, &files, &base, example["query"].as_str().expect("a query")).await;
        let want: Vec<&str> = example["urls"].as_array().expect("URLs").iter().filter_map(toml::Value::as_str).collect();
        assert_eq!((outcome, rows), (RunOutcome::Ok, want.into_iter().map(str::to_owned).collect()), "{id}");
        let told = server.told().into_iter().find(|l| l.contains(&format!(" /{id}/"))).expect("asked");
        assert_eq!(told.starts_with("POST "), table.contains_key("body"), "{told}");
    }
    assert!(files.len() >= 20, "{}", files.len());
}

/// Engines of older shapes, as a unit may write them for itself: no code is needed.
const OLD_SHAPES: [(&str, &str); 2] = [
    (
        "zoomeye-v1",
        "id = 'zoomeye-v1'\nname = 'ZoomEye v1'\nstatus = 'old'\nurl = 'https://api.zoomeye.org/host/search?query={query}&page={page}'\nformat = 'json'\n\
         kind = \"assets\"\nrelevance_gate = false\n[results]\nrow = 'matches'\ntitle = ['portinfo.title', 'ip']\nurl = [{ attr = 'site', prefix = 'http://' }, { attr = 'ip', prefix = 'http://' }]\n",
    ),
    (
        "google-cse",
        "id = 'google-cse'\nname = 'CSE'\nstatus = 'ends 2027'\nurl = 'https://www.googleapis.com/customsearch/v1?key={key}&cx=x&q={query}&start={offset}'\nformat = 'json'\n\
         first_offset = 1\n[key]\nfrom = 'x'\n[results]\nrow = 'items'\ntitle = ['title']\nsnippet = ['snippet']\nurl = [{ attr = 'link' }]\n",
    ),
];

#[tokio::test]
async fn the_saved_answers_of_asset_engines_are_read_those_of_older_shapes_by_files_of_a_units_own() {
    let (Some(answers), Some(nginx)) = (shared("fixtures/cse"), Nginx::program()) else { return };
    let root = TempDir::new().expect("temp");
    let server = nginx.serve(root.path(), "");
    let mut files = engine_files();
    files.extend(OLD_SHAPES.map(|(id, text)| RuleFile { path: format!("engines/{id}.toml"), shown: id.into(), text: text.into() }));
    let mut read = BTreeSet::new();
    for (engine, path, file, query, least) in [
        ("hunter", "openApi/search", "uncover-hunter-example.json", "web.title=\"x\"", 1),
        ("shodan", "shodan/host/search", "uncover-shodan-example.json", "http.title:x", 1),
        ("zoomeye-v1", "host/search", "uncover-zoomeye-example.json", "title:x", 1),
        ("google-cse", "customsearch/v1", "uncover-google-example.json", "site:hackerone.com", 10),
    ] {
        put(&root.path().join(path), &fs::read(answers.join(file)).expect("there"));
        let (outcome, rows) = search(engine, &files, &server.base, query).await;
        assert_eq!(outcome, RunOutcome::Ok, "{engine}");
        assert!(rows.len() >= least && rows.iter().all(|u| u.starts_with("http")), "{engine}: {rows:?}");
        read.insert(file.to_owned());
    }
    let all: BTreeSet<String> =
        fs::read_dir(&answers).expect("there").map(|f| f.expect("readable").file_name().to_string_lossy().into()).collect();
    assert_eq!(all, read, "every answer that is here");
}
