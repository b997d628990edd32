//! Zone differences, CZDS and WhoisDS over real sockets: nginx is the service, and a line between that can break.

use crate::lab::nginx::{Nginx, Server};
use crate::sources::{failures, gzip, names, net, run, zip_of};
use crate::world::{Random, shared};
use base64::Engine as _;
use jianwei::sources::{Batch, Cursor, RunOutcome, Secret, Settings, Source, build};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PASSWORD: &str = "zone-file-pass";

/// A service like ICANN's: log-in by POST, then everything with the token it gave.
const CZDS: &str = r#"
    location = /api/authenticate { if ($request_method != POST) { return 405; } default_type application/json; return 200 '{"accessToken":"T0KEN","message":"Authentication Successful"}'; }
    location = /czds/downloads/links { if ($http_authorization != "Bearer T0KEN") { return 401; } default_type application/json;
        return 200 '["https://czds-api.icann.org/czds/downloads/top.zone","https://czds-api.icann.org/czds/downloads/xyz.zone"]'; }
    location /czds/downloads/ { if ($http_authorization != "Bearer T0KEN") { return 401; } }
"#;

/// A line to a server. It keeps what was sent, and breaks after so many bytes of a long answer where it is told to.
struct Line {
    base: String,
    sent: Arc<Mutex<Vec<u8>>>,
    breaks_after: Arc<Mutex<Option<usize>>>,
}

impl Line {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let target = server.base.trim_start_matches("http://").to_owned();
        let (sent, breaks_after) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Option<usize>>>::default());
        let (kept, limit) = (Arc::clone(&sent), Arc::clone(&breaks_after));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.expect("nginx is there");
                tokio::spawn(carry(client, server, Arc::clone(&kept), Arc::clone(&limit)));
            }
        });
        Self { base, sent, breaks_after }
    }
    fn break_after(&self, bytes: Option<usize>) {
        *self.breaks_after.lock().expect("no poison") = bytes;
    }
}

async fn carry(client: TcpStream, server: TcpStream, kept: Arc<Mutex<Vec<u8>>>, limit: Arc<Mutex<Option<usize>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = tokio::spawn(async move {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(n @ 1..) = from_client.read(&mut buffer).await {
            kept.lock().expect("no poison").extend_from_slice(&buffer[..n]);
            if to_server.write_all(&buffer[..n]).await.is_err() {
                break;
            }
        }
    });
    let (mut buffer, mut come) = (vec![0; 4 << 10], 0);
    while let Ok(n @ 1..) = from_server.read(&mut buffer).await {
        let most = limit.lock().expect("no poison").map_or(n, |most| n.min(most.saturating_sub(come)));
        come += most;
        if to_client.write_all(&buffer[..most]).await.is_err() || most < n {
            break;
        }
    }
    drop(to_client);
    up.abort();
}

/// What the service has, and where the source keeps its own.
struct Zones {
    root: TempDir,
    keep: TempDir,
    server: Server,
    line: Line,
}

impl Zones {
    async fn start(locations: &str) -> Option<Self> {
        let nginx = Nginx::program()?;
        let (root, keep) = (TempDir::new().expect("temp"), TempDir::new().expect("temp"));
        fs::create_dir_all(root.path().join("czds/downloads")).expect("writable");
        let server = nginx.serve_as(root.path(), "", locations);
        let line = Line::to(&server).await;
        Some(Self { root, keep, server, line })
    }
    /// A new state of a zone, as the service keeps it. Each has its own time of change.
    fn put(&self, zone: &str, body: &[u8], day: u64) {
        let path = self.root.path().join("czds/downloads").join(zone);
        fs::write(&path, body).expect("writable");
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000 + day * 86_400);
        fs::File::options().write(true).open(&path).expect("there").set_modified(at).expect("a time");
    }
    fn source(&self, more: &str) -> Box<dyn Source> {
        let toml = format!("kind = 'zone_diff'\npreset = 'czds'\nbase_url = '{}'\n{more}", self.line.base);
        source(&toml, self.keep.path(), Some(&format!("duty@unit.example:{PASSWORD}")))
    }
    fn told(&self, part: &str) -> Vec<String> {
        self.server.told().into_iter().filter(|l| l.contains(part)).collect()
    }
}

fn source(toml: &str, keep: &Path, key: Option<&str>) -> Box<dyn Source> {
    let keep = if toml.contains("zone_diff") { format!("keep = '{}'", keep.display()) } else { String::new() };
    let mut settings: Settings = toml::from_str(&format!("id = 'z'\n{keep}\n{toml}")).expect("settings");
    settings.key = key.and_then(Secret::new);
    build(&settings, &[], &[], &Vec::new).expect("right settings")
}

/// A zone in the form of CZDS: each name with two servers, packed.
fn zone(names: impl IntoIterator<Item = String>, tld: &str) -> Vec<u8> {
    let mut text = format!("{tld}.\t86400\tin\tsoa\tns.nic.{tld}. host.nic.{tld}. 1 2 3 4 5\n");
    for name in names {
        text.push_str(&format!("{name}.\t3600\tin\tns\tns1.host.example.\n{name}.\t3600\tin\tns\tns2.host.example.\n"));
    }
    gzip(text.as_bytes())
}

fn numbered(from: u64, to: u64) -> impl Iterator<Item = String> {
    (from..to).map(|n| format!("{:08x}-{n:06}.top", n.wrapping_mul(2_654_435_761) as u32))
}

fn sorted(batches: &[Batch]) -> Vec<String> {
    let mut all = names(batches);
    all.sort();
    all
}

fn owners(from: u64, to: u64) -> Vec<String> {
    let mut all: Vec<String> = numbered(from, to).collect();
    all.sort();
    all
}

fn places(cursor: &Cursor) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&cursor.0).expect("JSON")["zones"].clone()
}

#[tokio::test]
async fn czds_logs_in_once_fetches_what_changed_and_gives_the_new_names_alone() {
    let Some(service) = Zones::start(CZDS).await else { return };
    service.put("top.zone", &zone(numbered(0, 2_000), "top"), 1);
    service.put("xyz.zone", &zone(["a.xyz", "b.xyz"].map(str::to_owned), "xyz"), 1);
    let (batches, cursor) = run(service.source("").as_mut(), None).await;
    assert_eq!((names(&batches), failures(&batches)), (Vec::new(), Vec::new()), "the first state is where differences begin");
    let sent = String::from_utf8_lossy(&service.line.sent.lock().expect("no poison")).into_owned();
    assert!(sent.contains(&format!("\"password\":\"{PASSWORD}\"")) && sent.contains("\"username\":\"duty@unit.example\""), "{sent}");
    assert_eq!((service.told("POST /api/authenticate").len(), service.told("GET /czds/downloads/links").len()), (1, 1));
    assert_eq!((service.told("HEAD /czds/downloads/").len(), service.told("GET /czds/downloads/top.zone 200").len()), (2, 1));

    let (batches, cursor) = run(service.source("").as_mut(), Some(cursor)).await;
    assert_eq!(batches.iter().map(|b| b.outcome.clone()).collect::<Vec<_>>(), [RunOutcome::Empty]);
    assert_eq!(service.told("GET /czds/downloads/top.zone").len(), 1, "an unchanged zone is asked for by HEAD alone");

    service.put("top.zone", &zone(numbered(10, 2_100).chain(["cx-mem-gov-cn.top".to_owned()]), "top"), 2);
    let (batches, cursor) = run(service.source("").as_mut(), Some(cursor)).await;
    let mut want = owners(2_000, 2_100);
    want.push("cx-mem-gov-cn.top".into());
    want.sort();
    assert_eq!((sorted(&batches), failures(&batches)), (want, Vec::new()));
    assert_eq!(batches[0].names_from, "top.zone");
    assert_eq!(service.told("GET /czds/downloads/xyz.zone").len(), 1);
    assert!(!cursor.0.contains("T0KEN") && !cursor.0.contains(PASSWORD), "{cursor:?}");

    let one = Zones { keep: TempDir::new().expect("temp"), ..service };
    let before = one.told("xyz.zone").len();
    let (batches, _) = run(one.source("zones = ['.TOP']").as_mut(), None).await;
    assert_eq!((failures(&batches), one.told("xyz.zone").len()), (Vec::new(), before), "only the zones that were asked for");
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_broke_and_never_joins_two_states() {
    let Some(service) = Zones::start(CZDS).await else { return };
    service.put("top.zone", &zone(numbered(0, 20_000), "top"), 1);
    let (_, cursor) = run(service.source("zones = ['top']").as_mut(), None).await;
    let second = zone(numbered(0, 30_000), "top");
    assert!(second.len() > 200_000, "{}", second.len());
    service.put("top.zone", &second, 2);
    service.line.break_after(Some(100_000));
    let (batches, same) = run(service.source("zones = ['top']").as_mut(), Some(cursor.clone())).await;
    assert_eq!(names(&batches), Vec::<String>::new());
    assert!(failures(&batches)[0].contains("/czds/downloads/top.zone"), "{batches:?}");
    assert_eq!(same, cursor, "nothing moved");
    service.line.break_after(None);
    let (batches, cursor) = run(service.source("zones = ['top']").as_mut(), Some(same)).await;
    assert_eq!((failures(&batches), sorted(&batches) == owners(20_000, 30_000)), (Vec::new(), true));
    let on = service.told(" 206 range=bytes=");
    assert_eq!(on.len(), 1, "{:?}", service.server.told());
    let from: usize = on[0].split("bytes=").nth(1).and_then(|r| r.split('-').next()).expect("a range").parse().expect("a number");
    assert!((60_000..=100_000).contains(&from), "it went on from byte {from}");

    // The zone changes while it is half here: what is there of the old state is thrown away.
    service.put("top.zone", &zone(numbered(0, 31_000), "top"), 3);
    service.line.break_after(Some(100_000));
    let (_, cursor) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
    service.put("top.zone", &zone(numbered(5, 31_010), "top"), 4);
    service.line.break_after(None);
    let (batches, _) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
    assert_eq!((failures(&batches), sorted(&batches)), (Vec::new(), owners(30_000, 31_010)));
    assert_eq!(service.told(" 200 range=bytes=").len(), 1, "asked for the rest, given the whole");
}

#[tokio::test]
async fn a_zone_that_breaks_moves_no_cursor_and_the_next_right_one_is_compared_with_the_last_right_one() {
    let Some(service) = Zones::start(CZDS).await else { return };
    service.put("top.zone", &zone(numbered(0, 2_000), "top"), 1);
    let (_, good) = run(service.source("zones = ['top']").as_mut(), None).await;
    let page = format!("<!DOCTYPE html><title>502</title>{}", "<p>come back later</p>".repeat(900));
    let broken: [(&[u8], &str); 4] = [
        (page.as_bytes(), "HTML"),
        (&zone(numbered(0, 1_300), "top"), "shrank by over 30%"),
        (&zone(numbered(0, 10_500), "top"), "grew to over 5 times"),
        (&zone(numbered(0, 2_000), "top")[..9_000], ""),
    ];
    let mut cursor = good.clone();
    for (day, (body, words)) in broken.into_iter().enumerate() {
        service.put("top.zone", body, 10 + day as u64);
        let (batches, next) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
        let why = failures(&batches).join("; ");
        assert!(why.contains("top.zone: ") && why.contains(words), "{why}");
        assert_eq!((names(&batches), places(&next)), (Vec::new(), places(&good)), "{words}");
        cursor = next;
    }
    service.put("top.zone", &zone(numbered(0, 2_050), "top"), 20);
    let (batches, _) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
    assert_eq!((sorted(&batches), failures(&batches)), (owners(2_000, 2_050), Vec::new()));
}

#[tokio::test]
async fn a_page_where_the_zone_should_be_is_not_taken_for_the_state_that_head_told() {
    let Some(service) = Zones::start(CZDS).await else { return };
    service.put("top.zone", &zone(numbered(0, 500), "top"), 1);
    let (_, cursor) = run(service.source("zones = ['top']").as_mut(), None).await;
    service.put("top.zone", b"<!DOCTYPE html><p>just a moment</p>", 2);
    let (batches, cursor) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
    assert!(failures(&batches)[0].contains("HTML"), "{batches:?}");
    let gets = service.told("GET /czds/downloads/top.zone").len();
    let (batches, _) = run(service.source("zones = ['top']").as_mut(), Some(cursor)).await;
    assert_eq!(failures(&batches).len(), 1, "it is still no zone");
    assert_eq!(service.told("GET /czds/downloads/top.zone").len(), gets + 1, "and it is fetched anew, as it was never one");
}

#[tokio::test]
async fn what_the_service_refuses_is_told_without_the_password_and_nothing_more_is_asked() {
    for (locations, blocked, words) in [
        ("location = /api/authenticate { return 401; }", false, "user or password is wrong"),
        ("location = /api/authenticate { return 429; }", true, "429"),
        ("location = /api/authenticate { default_type text/html; return 200 '<html>maintenance'; }", false, "no accessToken"),
        (
            "location = /api/authenticate { return 200 '{\"accessToken\":\"x\"}'; } location = /czds/downloads/links { return 200 '<html>'; }",
            false,
            "no list of links",
        ),
        (
            "location = /api/authenticate { return 200 '{\"accessToken\":\"x\"}'; } location = /czds/downloads/links { return 200 '[]'; }",
            false,
            "may have no zone",
        ),
    ] {
        let Some(service) = Zones::start(locations).await else { return };
        let (batches, cursor) = run(service.source("").as_mut(), None).await;
        let told = format!("{:?}", batches.iter().map(|b| &b.outcome).collect::<Vec<_>>());
        assert!(told.contains(words) && !told.contains(PASSWORD) && !cursor.0.contains(PASSWORD), "{told}");
        assert_eq!(told.contains("Blocked"), blocked, "{told}");
        assert!(service.server.told().len() <= 2, "{:?}", service.server.told());
    }
    let Some(service) = Zones::start(CZDS).await else { return };
    let toml = format!("kind = 'zone_diff'\npreset = 'czds'\nbase_url = '{}'", service.line.base);
    let (batches, _) = run(source(&toml, service.keep.path(), None).as_mut(), None).await;
    assert!(failures(&batches)[0].contains("JIANWEI_CZDS_KEY") && failures(&batches)[0].contains("https://czds.icann.org"), "{batches:?}");
    assert_eq!(service.server.told(), Vec::<String>::new());
}

#[tokio::test]
async fn a_difference_killed_after_any_batch_goes_on_behind_it_each_name_once() {
    let (zones, keep) = (TempDir::new().expect("temp"), TempDir::new().expect("temp"));
    let list = |from, to| numbered(from, to).map(|n| format!("{n}\n")).collect::<String>();
    fs::write(zones.path().join("top.txt"), list(0, 200_000)).expect("writable");
    let toml = format!("kind = 'zone_diff'\npath = '{}'", zones.path().display());
    let (_, mut cursor) = run(source(&toml, keep.path(), None).as_mut(), None).await;
    fs::write(zones.path().join("top.txt"), list(0, 600_000)).expect("writable");
    let (net, mut batches, mut random) = (net(), Vec::new(), Random::new(7));
    for _ in 0..100 {
        let batch = source(&toml, keep.path(), None).poll(Some(&cursor), &net).await;
        // A third of the batches is never stored: the process died before.
        if random.below(3) == 0 {
            continue;
        }
        cursor = batch.cursor.clone();
        let more = batch.more;
        batches.push(batch);
        if !more {
            break;
        }
    }
    assert!(batches.len() >= 3, "{}", batches.len());
    assert!(failures(&batches).is_empty() && sorted(&batches) == owners(200_000, 600_000), "each new name once, none missing");
    let left: Vec<_> = fs::read_dir(keep.path()).expect("there").map(|e| e.expect("readable").file_name()).collect();
    let (again, _) = run(source(&toml, keep.path(), None).as_mut(), Some(cursor)).await;
    assert_eq!(names(&again), Vec::<String>::new(), "{left:?}");
}

#[tokio::test]
async fn the_real_zone_is_compared_with_its_next_day_from_a_url() {
    let Some(fixture) = shared("fixtures/dns/top.zone-2026-08-22.derived.txt.gz") else { return };
    let Some(nginx) = Nginx::program() else { return };
    let (root, keep) = (TempDir::new().expect("temp"), TempDir::new().expect("temp"));
    let server = nginx.serve(root.path(), "");
    let packed = fs::read(fixture).expect("there");
    fs::write(root.path().join("top.zone.gz"), &packed).expect("writable");
    let toml = format!("kind = 'zone_diff'\nurl = '{}/top.zone.gz'", server.base);
    let (batches, cursor) = run(source(&toml, keep.path(), None).as_mut(), None).await;
    assert_eq!((names(&batches), failures(&batches)), (Vec::new(), Vec::new()));
    assert_eq!(places(&cursor)["top.zone.gz"]["names"].as_u64(), Some(800), "as many owners as the file has: {cursor:?}");
    // A second member of the same packed file: what gzip allows, and nginx sends as it is.
    let next = [packed, gzip(b"cx-mem-gov.top.\t3600\tin\tns\tns1.host.example.\n")].concat();
    fs::write(root.path().join("top.zone.gz"), next).expect("writable");
    let (batches, _) = run(source(&toml, keep.path(), None).as_mut(), Some(cursor)).await;
    assert_eq!((names(&batches), failures(&batches)), (vec!["cx-mem-gov.top".to_owned()], Vec::new()));
}

/// Where WhoisDS keeps the list of a day, `days` ago.
fn whoisds_path(days: i64) -> String {
    let day = net().now().plus_millis(-days * 86_400_000).rfc3339()[..10].to_owned();
    let name = base64::engine::general_purpose::STANDARD.encode(format!("{day}.zip"));
    format!("whois-database/newly-registered-domains/{name}")
}

fn put_day(root: &Path, days: i64, body: &[u8]) {
    let folder = root.join(whoisds_path(days));
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join("nrd"), body).expect("writable");
}

fn day_list(day: &str, n: usize) -> Vec<u8> {
    let text: String = (0..n).map(|k| format!("{day}-{k:05}.com\r\n")).collect();
    zip_of(&[("domain-names.txt", text.as_bytes())])
}

#[tokio::test]
async fn the_daily_list_of_whoisds_is_read_and_a_page_in_its_place_is_not() {
    let Some(nginx) = Nginx::program() else { return };
    let root = TempDir::new().expect("temp");
    let server = nginx.serve(root.path(), "");
    let whoisds = || source(&format!("kind = 'names'\npreset = 'whoisds'\nbase_url = '{}/'", server.base), root.path(), None);
    let real = shared("fixtures/nrd/whoisds-2026-08-22.derived.zip").map(|p| fs::read(p).expect("there"));
    put_day(root.path(), 1, b"<!DOCTYPE html><title>Whois DS</title><p>no list today</p>");
    let (batches, cursor) = run(whoisds().as_mut(), None).await;
    assert!(failures(&batches)[0].contains("HTML, not a list"), "{batches:?}");
    assert_eq!(server.told().len(), 1, "{:?}", server.told());
    put_day(root.path(), 1, real.as_deref().unwrap_or(&day_list("real", 1_500)));
    let (batches, cursor) = run(whoisds().as_mut(), Some(cursor)).await;
    assert_eq!((names(&batches).len(), failures(&batches)), (1_500, Vec::new()));
    assert!(names(&batches).iter().all(|n| !n.ends_with('\r') && n.contains('.')));
    let (batches, _) = run(whoisds().as_mut(), Some(cursor)).await;
    assert_eq!(batches.iter().map(|b| b.outcome.clone()).collect::<Vec<_>>(), [RunOutcome::Empty], "a day is read once");
}

#[tokio::test]
async fn after_days_without_the_watch_the_list_of_each_day_is_still_read_once() {
    let Some(nginx) = Nginx::program() else { return };
    let root = TempDir::new().expect("temp");
    let server = nginx.serve(root.path(), "");
    let whoisds = || source(&format!("kind = 'names'\npreset = 'whoisds'\nbase_url = '{}/'", server.base), root.path(), None);
    for (days, body) in [(5, day_list("e", 900)), (4, day_list("d", 900)), (2, b"<html>none</html>".to_vec()), (1, day_list("a", 900))] {
        put_day(root.path(), days, &body);
    }
    let day = |days: i64| net().now().plus_millis(-days * 86_400_000).rfc3339()[..10].to_owned();
    // Read last: the day before those. Day 3 is not there, and in place of day 2 stands a page.
    let old = Cursor(serde_json::json!({"files": {}, "day": day(6)}).to_string());
    let (batches, cursor) = run(whoisds().as_mut(), Some(old)).await;
    let got = names(&batches);
    assert_eq!((got.len(), got.iter().filter(|n| n.starts_with("d-")).count()), (2_700, 900), "{:?}", failures(&batches));
    let why = failures(&batches);
    assert!(why.len() == 2 && why[0].contains(&format!("the list of {} is not to be had", day(3))) && why[1].contains("HTML"), "{why:?}");
    assert!(cursor.0.contains(&format!("\"day\":\"{}\"", day(1))), "{cursor:?}");
    let before = server.told().len();
    let (batches, same) = run(whoisds().as_mut(), Some(cursor.clone())).await;
    assert_eq!((batches.len(), batches[0].outcome.clone(), same), (1, RunOutcome::Empty, cursor));
    assert_eq!(server.told().len(), before, "nothing is asked until there is a new day");
}
