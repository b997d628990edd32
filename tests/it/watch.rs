//! The watch from outside: the real program against the lab. Kills, a clean stop, keys, alerts, limits, the health page, one writer.

use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::{Lab, Options};
use crate::world;
use jianwei::model::time::Timestamp;
use jianwei::records::{Filter, Records, Tally};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(crate) fn start(dir: &Path) -> Child {
    let err = std::fs::File::options().create(true).append(true).open(dir.join("watch.log")).expect("a log");
    command(dir, &["watch", "--lang", "en"]).stdout(Stdio::null()).stderr(err).spawn().expect("starts")
}

/// Starts a watch and waits until it has the store: a question about sources that came first would have it, and the watch would wait.
pub(crate) fn begin(dir: &Path) -> Child {
    let begun = || log(dir).matches("the watch begins").count();
    let before = begun();
    let child = start(dir);
    wait(Duration::from_secs(120), "the start", dir, || begun() > before);
    child
}

pub(crate) fn log(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("watch.log")).unwrap_or_default()
}

/// SIGTERM, then how long it took and how it ended.
pub(crate) fn end(mut child: Child) -> (Duration, Option<i32>) {
    let began = Instant::now();
    let told = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs");
    assert!(told.success());
    while began.elapsed() < Duration::from_secs(30) {
        if let Some(status) = child.try_wait().expect("waited for") {
            return (began.elapsed(), status.code());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("reaped");
    (began.elapsed(), None)
}

/// Waits until `holds`, at most `limit`.
pub(crate) fn wait(limit: Duration, what: &str, dir: &Path, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "{what} did not come within {limit:?}\n{}", log(dir));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// `jianwei sources --json`, by id.
fn sources(dir: &Path) -> BTreeMap<String, Value> {
    let run = jianwei(dir, &["sources", "--json"]);
    let lines: Vec<Value> = stdout(&run).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    lines.into_iter().map(|v| (v["id"].as_str().expect("an id").to_owned(), v)).collect()
}

/// Every source had a good run, and nothing is due.
pub(crate) fn all_done(dir: &Path) -> bool {
    let told = sources(dir);
    let health: Value = std::fs::read(dir.join("data/health.json")).ok().and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default();
    !told.is_empty() && told.values().all(|s| s["last_good"].is_string() && s["state"] == "waiting") && health["hosts_due"] == 0
}

/// A names folder of many files, so that a run has many batches; the lab's own hosts stand in it once each.
fn many_files(lab: &Lab, dir: &Path) -> u64 {
    let folder = dir.join("feed");
    std::fs::create_dir_all(&folder).expect("a folder");
    let ours: Vec<String> = lab
        .names()
        .lines()
        .map(|l| l.trim().trim_end_matches('.').to_ascii_lowercase())
        .filter(|l| !l.is_empty())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut total = 0;
    for (n, part) in ours.chunks(ours.len().div_ceil(24)).enumerate() {
        let mut text: String = part.iter().map(|l| format!("{l}\n")).collect();
        for k in 0..400 {
            text.push_str(&format!("ordinary-{n}-{k}.com\n"));
        }
        total += part.len() as u64 + 400;
        std::fs::write(folder.join(format!("{n:02}.txt")), text).expect("written");
    }
    total
}

pub(crate) fn mixed_settings(lab: &Lab, dir: &Path) -> u64 {
    let file = dir.join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let text =
        text.replace(&format!("path = \"{}\"", dir.join("names.txt").display()), &format!("path = \"{}\"", dir.join("feed").display()));
    let text = text.replace("[capture]\n", "[capture]\nvariants = [\"desktop\"]\n");
    let text = format!("{text}\n[rules]\nsites = [\"cx.mem.gov.cn\"]\n[watch]\nlook_every_s = 1\n");
    std::fs::write(file, text).expect("written");
    many_files(lab, dir)
}

pub(crate) fn tallies(dir: &Path) -> BTreeMap<String, Tally> {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("the store opens");
    let mut sums: BTreeMap<String, Tally> = BTreeMap::new();
    for tally in records.tallies(Timestamp::from_millis(0)).expect("tallies") {
        let sum = sums.entry(tally.source.clone()).or_default();
        sum.seen += tally.seen;
        sum.screened_in += tally.screened_in;
        sum.new += tally.new;
    }
    sums
}

pub(crate) fn leads(dir: &Path) -> BTreeSet<String> {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("the store opens");
    records.leads(&Filter::default()).expect("leads").iter().map(|l| format!("{} {}", l.candidate.host, l.class())).collect()
}

pub(crate) fn search_pages(lab: &Lab) -> Vec<String> {
    lab.requests().into_iter().filter(|r| r.host.contains("search") && r.path.starts_with("/s")).map(|r| r.path).collect()
}

#[test]
fn sigterm_in_the_middle_of_work_ends_in_order_within_ten_seconds() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 15_000);
    mixed_settings(&lab, dir.path());
    for moment in [500, 2_500, 6_000] {
        let child = start(dir.path());
        std::thread::sleep(Duration::from_millis(moment));
        let (took, code) = end(child);
        eprintln!("SIGTERM after {moment} ms: ended after {took:?}");
        assert_eq!(code, Some(0), "{}", log(dir.path()));
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    let records = Records::open(&dir.path().join("data"), &|| panic!("the store was not whole")).expect("opens");
    assert!(records.totals().expect("totals").hosts > 0);
}

#[test]
fn init_and_watch_start_without_any_key_and_say_what_is_on_and_what_needs_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let made = jianwei(dir.path(), &["init", "--lang", "en"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    // Nothing of a test leaves this machine: a resolver that is not there stands for the system's.
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there").replace("[net]\n", "[net]\nresolvers = [\"127.0.0.1:9\"]\n");
    std::fs::write(&file, text).expect("written");
    let child = start(dir.path());
    wait(Duration::from_secs(60), "the start", dir.path(), || log(dir.path()).contains("alerts only go to the log"));
    let told = log(dir.path());
    assert!(told.contains("on  permutations") && told.contains("on  new-names") && told.contains("off 百度"), "{told}");
    assert!(!told.contains("error"), "{told}");
    let (took, code) = end(child);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// Takes connections one after another and hands over what `talk` makes of each.
fn listener<T: Send + 'static>(talk: impl Fn(TcpStream) -> Option<T> + Send + 'static) -> (SocketAddr, Receiver<T>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let (give, take) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
            if let Some(got) = talk(stream)
                && give.send(got).is_err()
            {
                return;
            }
        }
    });
    (address, take)
}

/// A webhook: the request line and the body of each POST.
fn hook(answer: &'static str) -> (SocketAddr, Receiver<(String, Value)>) {
    listener(move |stream| {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut stream = stream;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}", answer.len()).ok()?;
        Some((first.trim().to_owned(), serde_json::from_slice(&body).ok()?))
    })
}

/// A mail server that says yes to everything: the letters.
fn post_office() -> (SocketAddr, Receiver<String>) {
    listener(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        stream.write_all(b"220 lab ESMTP\r\n").ok()?;
        let mut letter = String::new();
        let mut inside = false;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "." if inside => {
                    stream.write_all(b"250 taken\r\n").ok()?;
                    return Some(letter);
                }
                text if inside => letter.push_str(&format!("{text}\n")),
                text if text.starts_with("EHLO") => stream.write_all(b"250-lab\r\n250 8BITMIME\r\n").ok()?,
                "DATA" => {
                    inside = true;
                    stream.write_all(b"354 go on\r\n").ok()?;
                }
                text => {
                    letter.push_str(&format!("{text}\n"));
                    stream.write_all(b"250 ok\r\n").ok()?;
                }
            }
        }
    })
}

#[test]
fn alerts_reach_webhook_robot_and_mail_once_each() {
    let lab = Lab::open(Options { search_limit: Some(1), ..Options::default() }).expect("a lab");
    let dir = world::lab_settings(&lab, 1_500);
    let (own, own_got) = hook("{}");
    let (wecom, wecom_got) = hook("{\"errcode\":0,\"errmsg\":\"ok\"}");
    let (dingtalk, dingtalk_got) = hook("{\"errcode\":0,\"errmsg\":\"ok\"}");
    let (mail, mail_got) = post_office();
    std::fs::write(dir.path().join("secret"), "SEC-of-the-lab\n").expect("written");
    std::fs::write(dir.path().join("robot"), format!("http://{wecom}/cgi-bin/webhook/send?key=KEY-of-the-lab\n")).expect("written");
    world::add_source(
        dir.path(),
        &format!(
            "[watch]\nlook_every_s = 1\n[rules]\nsites = [\"cx.mem.gov.cn\"]\n[evidence]\norganisation = \"某市局\"\n\
             [[alert]]\nid = \"own\"\nkind = \"webhook\"\nurl = \"http://{own}/hook\"\n\
             [[alert]]\nid = \"wecom\"\nkind = \"wecom\"\nurl_file = \"robot\"\n\
             [[alert]]\nid = \"dingtalk\"\nkind = \"dingtalk\"\nurl = \"http://{dingtalk}/robot/send?access_token=T\"\nsecret_file = \"secret\"\n\
             [[alert]]\nid = \"mail\"\nkind = \"mail\"\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"jianwei@unit.example\"\nto = [\"duty@unit.example\"]\n",
            mail.port()
        ),
    );
    let child = start(dir.path());
    let soon = Duration::from_secs(60);
    let (line, alert) = own_got.recv_timeout(soon).unwrap_or_else(|e| panic!("{e}: {}", log(dir.path())));
    assert!(line.starts_with("POST /hook "), "{line}");
    assert_eq!(
        (alert["schema"].as_str(), alert["key"].as_str(), alert["over"].as_bool()),
        (Some("alert/1"), Some("blocked:search-lab"), Some(false))
    );
    assert!(alert["text"]["zh"].as_str().is_some_and(|t| t.contains("不等于没有结果")) && alert["unit"] == "某市局", "{alert}");
    let (line, robot) = wecom_got.recv_timeout(soon).expect("the robot heard");
    assert!(line.contains("key=KEY-of-the-lab") && robot["msgtype"] == "text", "{line} {robot}");
    assert!(robot["text"]["content"].as_str().is_some_and(|t| t.starts_with("【鉴伪】来源被拦截 search-lab")), "{robot}");
    let (line, _) = dingtalk_got.recv_timeout(soon).expect("the other robot heard");
    assert!(line.contains("access_token=T&timestamp=") && line.contains("&sign="), "{line}");
    let letter = mail_got.recv_timeout(soon).expect("the letter came");
    assert!(letter.contains("MAIL FROM:<jianwei@unit.example>") && letter.contains("RCPT TO:<duty@unit.example>"), "{letter}");
    assert!(letter.contains("Subject: =?utf-8?"), "{letter}");
    std::thread::sleep(Duration::from_secs(4));
    for more in [own_got.try_recv(), wecom_got.try_recv(), dingtalk_got.try_recv()] {
        assert!(
            more.is_err()
                || more.as_ref().is_ok_and(|(_, v)| v["key"] != "blocked:search-lab" && !v.to_string().contains("来源被拦截 search-lab")),
            "told twice: {more:?}"
        );
    }
    assert_eq!(end(child).1, Some(0));
    let told = log(dir.path());
    assert!(!told.contains("KEY-of-the-lab") && !told.contains("SEC-of-the-lab"), "a key stands in the log");
    // Another process goes on where this one stood: nobody is told again.
    let child = start(dir.path());
    std::thread::sleep(Duration::from_secs(4));
    assert!(own_got.try_iter().all(|(_, v)| v["key"] != "blocked:search-lab"), "told again after a restart");
    end(child);
}

#[test]
fn a_daily_limit_holds_across_processes() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 1_500);
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    std::fs::write(&file, text.replace("[net]\n", "[net]\nlimits = [{ source = \"search-lab\", per_day = 3 }]\n")).expect("written");
    for _ in 0..3 {
        let run = jianwei(dir.path(), &["scan", "--lang", "en", "--source", "search-lab"]);
        assert_eq!(run.status.code(), Some(3), "{}{}", stdout(&run), stderr(&run));
        assert!(stdout(&run).contains("blocked") && stdout(&run).contains("limit"), "{}", stdout(&run));
    }
    assert_eq!(search_pages(&lab).len(), 3, "three requests a day, however often the program starts");
}

fn get(address: SocketAddr, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    answer
}

#[test]
fn health_and_metrics_stand_on_loopback_and_one_process_has_the_folder() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 1_500);
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a port");
    world::add_source(dir.path(), &format!("[watch]\nlook_every_s = 1\nmetrics = \"{free}\"\n[rules]\nsites = [\"cx.mem.gov.cn\"]\n"));
    let child = start(dir.path());
    wait(Duration::from_secs(30), "the health page", dir.path(), || TcpStream::connect(free).is_ok());
    wait(Duration::from_secs(30), "a run", dir.path(), || {
        get(free, "/metrics", "localhost").contains("jianwei_source_seen_total{source=\"names\"}")
    });
    assert!(get(free, "/healthz", "127.0.0.1:9470").starts_with("HTTP/1.1 200"));
    let page = get(free, "/", "localhost");
    assert!(page.contains("鉴伪 · 运行状况") && page.contains("search-lab"), "{page}");
    assert!(get(free, "/", "cx.mem.gov.cn").starts_with("HTTP/1.1 421"), "a name that was made to point here");
    assert!(get(free, "/../etc/passwd", "localhost").starts_with("HTTP/1.1 404"));
    let second = jianwei(dir.path(), &["watch", "--lang", "en"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("in use by another jianwei"), "{}", stderr(&second));
    assert!(sources(dir.path()).contains_key("names"), "`sources` answers beside a running watch");
    assert_eq!(end(child).1, Some(0));
    std::fs::write(dir.path().join("open.toml"), "[watch]\nmetrics = \"0.0.0.0:9470\"\n").expect("written");
    let open = jianwei(dir.path(), &["--config", "open.toml", "watch", "--lang", "en"]);
    assert_eq!(open.status.code(), Some(2), "{}", stderr(&open));
    assert!(stderr(&open).contains("no loopback address"), "{}", stderr(&open));
}

#[test]
fn a_changed_settings_file_is_taken_over_and_a_wrong_one_is_told_and_left() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 1_500);
    world::add_source(dir.path(), "[watch]\nlook_every_s = 1\n[rules]\nsites = [\"cx.mem.gov.cn\"]\n");
    let child = start(dir.path());
    wait(Duration::from_secs(30), "the start", dir.path(), || log(dir.path()).contains("on  names"));
    world::add_source(dir.path(), "[[source]]\nid = \"more\"\nkind = \"names\"\npath = \"names.txt\"\nschedule = \"99 * * * *\"\n");
    wait(Duration::from_secs(30), "the complaint", dir.path(), || log(dir.path()).contains("everything stays as it was"));
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    std::fs::write(&file, text.replace("99 * * * *", "9 * * * *")).expect("written");
    wait(Duration::from_secs(30), "the new source", dir.path(), || {
        sources(dir.path()).get("more").is_some_and(|s| s["last_good"].is_string())
    });
    assert_eq!(end(child).1, Some(0), "{}", log(dir.path()));
}
