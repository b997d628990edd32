//! The console under load: `load [JIANWEI] [LEADS] [ANALYSTS] [SECONDS] [THINK_MS]`. Makes a data folder of so many leads, serves it with the real
//! program on loopback, and lets analysts work at once: queue, search, lead page, decisions, often on the same leads. Afterwards the journal is read:
//! every decision that was acknowledged must stand in it exactly once. Prints what it measured; exit code 1 where a bar is missed.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use jianwei::console::hash_password;
use jianwei::evidence;
use jianwei::model::assessment::{Assessment, Class, Finding, Scores, Verdict};
use jianwei::model::candidate::{Candidate, Reason};
use jianwei::model::capture::{Capture, Outcome};
use jianwei::model::digest::Sha256;
use jianwei::model::dossier::Dossier;
use jianwei::model::host::Host;
use jianwei::model::indicator::{Found, Indicator, Marks};
use jianwei::model::lang::Both;
use jianwei::model::lead::{LeadId, PackageRef};
use jianwei::model::page::Page;
use jianwei::model::resolution::{Presence, Resolution};
use jianwei::model::sighting::Sighting;
use jianwei::model::time::Timestamp;
use jianwei::records::{AuditAsk, Records, Role, Visit};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a long sentence opens it";
const SITE: &str = "cx.mem.gov.cn";

type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Done<()> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap_or_else(|| "target/release/jianwei".into());
    let mut number = |usual: u64| arguments.next().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (leads, analysts, seconds, think) = (number(100_000), number(20), number(60), number(500));
    let dir = std::env::temp_dir().join(format!("jianwei-load-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let outcome = measured(&program, &dir, leads, analysts, Duration::from_secs(seconds), Duration::from_millis(think));
    std::fs::remove_dir_all(&dir)?;
    if !outcome? {
        std::process::exit(1);
    }
    Ok(())
}

fn measured(program: &str, dir: &Path, leads: u64, analysts: u64, time: Duration, think: Duration) -> Done<bool> {
    let began = Instant::now();
    fill(&dir.join("data"), leads, analysts)?;
    println!("{leads} leads made in {:.0} s", began.elapsed().as_secs_f64());
    std::fs::write(dir.join("jianwei.toml"), "[data]\ndir = \"data\"\n[console]\nlisten = \"127.0.0.1:0\"\n")?;
    let began = Instant::now();
    let server = Server::start(program, dir)?;
    println!("served after {:.1} s", began.elapsed().as_secs_f64());
    let first = first_page(&server)?;
    let people: Vec<Analyst> = (0..analysts).map(|n| Analyst::log_in(&server.address, n)).collect::<Done<_>>()?;
    let before = server.cpu();
    let began = Instant::now();
    let workers: Vec<_> = people.into_iter().map(|p| std::thread::spawn(move || p.work(Instant::now() + time, think))).collect();
    let mut told: Vec<Told> = Vec::new();
    for worker in workers {
        told.push(worker.join().map_err(|_| "an analyst's thread ended early")??);
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu() - before);
    let memory = server.peak_mib();
    drop(server);
    let mut times: Vec<(&'static str, Duration)> = told.iter().flat_map(|t| t.times.iter().copied()).collect();
    println!(
        "{} requests by {analysts} analysts in {seconds:.0} s, {:.0} a second, server CPU {:.0} %",
        times.len(),
        times.len() as f64 / seconds,
        cpu / seconds * 100.0
    );
    for kind in ["queue", "search", "lead", "decision", "refused"] {
        let mut own: Vec<Duration> = times.iter().filter(|(k, _)| *k == kind).map(|(_, t)| *t).collect();
        line(kind, &mut own);
    }
    let mut all: Vec<Duration> = times.drain(..).map(|(_, t)| t).collect();
    let p99 = line("all", &mut all);
    let (lost, twice) = agree(&dir.join("data"), &told)?;
    println!("memory: {memory} MiB at most (bar 600)");
    println!("first page of the queue: {first:.1} ms (bar 100)");
    Ok(lost == 0 && twice == 0 && p99 < Duration::from_millis(300) && memory < 600 && first < 100.0)
}

fn line(kind: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |part: f64| times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    println!(
        "{kind:9} {:6}  p50 {:6.1} ms  p95 {:6.1} ms  p99 {:6.1} ms  most {:6.1} ms",
        times.len(),
        ms(at(0.5)),
        ms(at(0.95)),
        ms(at(0.99)),
        ms(at(1.0))
    );
    at(0.99)
}

// ---- the data

fn fill(data: &Path, leads: u64, analysts: u64) -> Done<()> {
    let now = Timestamp::parse("2026-11-20T02:00:00Z").ok_or("a fixed time")?;
    let sample = visit(0, now, None)?;
    let dossier = Dossier {
        resolution: sample.resolution.clone(),
        captures: vec![capture(&sample, now)],
        candidate: sample.candidate.clone(),
        facts: Default::default(),
    };
    let package = evidence::seal(&data.join("evidence"), &dossier, &sample.assessment, &evidence::Settings::default())?;
    let visits = (0..leads).map(|n| visit(n, now.plus_millis(-(n as i64) * 60_000), Some(&package))).collect::<Done<Vec<_>>>()?;
    let records = Records::rebuild(data, visits)?;
    let hash = hash_password(PASSWORD).map_err(|e| format!("{e:?}"))?;
    for n in 0..analysts {
        // One in four may approve.
        let role = if n % 4 == 3 { Role::Approver } else { Role::Analyst };
        records.add_person(&name(n), "", role, &hash, "load", now)?;
        records.change_password(&name(n), &hash, now)?;
    }
    Ok(())
}

fn name(n: u64) -> String {
    format!("analyst{n:02}")
}

fn capture(visit: &Visit, at: Timestamp) -> Capture {
    let page = Page {
        title: visit.title.clone(),
        text: "特种作业操作证查询\n姓名\n证件号码\n查询\n".repeat(120),
        html: "<html><body><div class=q><form><input name=zjhm></form></div></body></html>".repeat(60),
        ..Page::default()
    };
    Capture {
        requested_url: visit.url.clone(),
        final_url: Some(visit.url.clone()),
        variant: "desktop".into(),
        started_at: at,
        ended_at: at,
        outcome: Outcome::Captured,
        hops: Vec::new(),
        page: Some(page),
        kept: Vec::new(),
        browser: None,
    }
}

/// A lead as scans make them: ten findings, three sightings, indicators of a kit.
fn visit(n: u64, at: Timestamp, package: Option<&PackageRef>) -> Done<Visit> {
    let domain = format!("cx-mem-{n:06}.{}", ["top", "cn", "com", "vip"][(n % 4) as usize]);
    let host = Host::parse(&format!("www.{domain}"))?;
    let sighting = |source: &str| Sighting { seen: domain.clone(), source: source.into(), seen_at: at, context: Default::default() };
    let score = (40 + n * 7 % 60) as u8;
    let finding = |i: i32| Finding {
        signal: format!("signal_{i}"),
        class: Class::FakeQuery,
        points: 5 + i,
        why: Both::new(
            format!("页面含有查询表单的第 {i} 个特征字段，与官方网站一致"),
            format!("field {i} of the query form is the official one's"),
        ),
        span: None,
        evidence: "view/page.json".into(),
    };
    let one = |kind: &str, value: String| Found { what: Indicator { kind: kind.into(), value }, at: "load".into() };
    let kit = n % (1 + 100_000 / 60);
    let id = format!("EV-{}-{n:08x}", at.compact());
    let candidate = Candidate {
        host: host.clone(),
        url: format!("http://www.{domain}/"),
        site: SITE.into(),
        reasons: vec![Reason::Search { site: SITE.into(), engine: "baidu".into(), query: "特种作业操作证查询".into(), rank: 3 }],
        sightings: vec![sighting("names"), sighting("baidu"), sighting("ct")],
        first_seen: at,
        last_seen: at,
    };
    Ok(Visit {
        resolution: Some(Resolution {
            host,
            at,
            resolvers: vec!["system".into()],
            presence: Presence::Present,
            addresses: vec![std::net::Ipv4Addr::new(203, 0, (n % 200) as u8, (n / 200 % 250) as u8).into()],
            answers: Vec::new(),
        }),
        candidate,
        marks: Marks {
            found: vec![
                one("kit_file", format!("/static/js/app.{kit:08x}.js")),
                one("baidu_tongji", format!("{kit:032x}")),
                one("phone", format!("138{n:08}")),
            ],
            sketch: Vec::new(),
        },
        attribution: None,
        outcome: "captured".into(),
        outcome_why: "page captured".into(),
        url: format!("http://www.{domain}/cx/index.html"),
        title: format!("特种作业操作证及安全生产知识和管理能力考核合格信息查询平台 {n}"),
        assessment: Assessment {
            not_looked_at: Vec::new(),
            class: if score >= 60 { Verdict::FakeQuery } else { Verdict::None },
            site: SITE.into(),
            scores: Scores { fake_query: score, seller: 0, mirror: 0 },
            review: true,
            findings: (0..10).map(finding).collect(),
            rules: "0123456789abcdef".into(),
            at,
        },
        package: match package {
            Some(one) => PackageRef { id, captured_at: at, ..one.clone() },
            None => PackageRef {
                path: String::new(),
                manifest_sha256: Sha256::of(b""),
                manifest_sm3: jianwei::model::digest::Sm3::of(b""),
                id,
                captured_at: at,
                outcome: "captured".into(),
            },
        },
    })
}

// ---- the server

struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &str, dir: &Path) -> Done<Self> {
        let program = std::fs::canonicalize(program)?;
        let mut child =
            Command::new(program).args(["console", "--json", "--lang", "zh"]).current_dir(dir).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut said)?;
        let told: serde_json::Value = serde_json::from_str(&said)?;
        let address = told["address"].as_str().ok_or("no address")?.trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }
    /// User and system time, in seconds.
    fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after: Vec<f64> = text.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|n| n.parse().ok()).collect();
        // Fields 14 and 15 of proc(5), in ticks of 10 ms; the second field is cut off and the third is no number.
        after.get(10).zip(after.get(11)).map_or(0.0, |(user, system)| (user + system) / 100.0)
    }
    fn peak_mib(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) >> 10
    }
}

/// Milliseconds of the first page that anybody sees, and of the twenty after it; the first is given.
fn first_page(server: &Server) -> Done<f64> {
    let mut person = Analyst::log_in(&server.address, 0)?;
    let before = server.cpu();
    let first = person.ask("GET", "/queue", "")?.took.as_secs_f64() * 1e3;
    let mut more: Vec<f64> = (0..20).map(|_| Ok(person.ask("GET", "/queue", "")?.took.as_secs_f64() * 1e3)).collect::<Done<_>>()?;
    more.sort_by(f64::total_cmp);
    println!(
        "queue page, nobody else there: first {first:.1} ms, then median {:.1} ms, server CPU {:.1} ms a page",
        more[10],
        (server.cpu() - before) / 21.0 * 1e3
    );
    Ok(first)
}

// ---- the analysts

struct Analyst {
    name: String,
    n: u64,
    wire: BufReader<TcpStream>,
    address: String,
    cookie: String,
    csrf: String,
}

struct Answer {
    status: u16,
    cookie: String,
    body: String,
    took: Duration,
}

/// What one analyst did.
struct Told {
    name: String,
    times: Vec<(&'static str, Duration)>,
    /// Decisions that were acknowledged: lead, move.
    decided: Vec<(String, &'static str)>,
}

impl Analyst {
    fn log_in(address: &str, n: u64) -> Done<Self> {
        let wire = BufReader::new(TcpStream::connect(address)?);
        wire.get_ref().set_read_timeout(Some(Duration::from_secs(60)))?;
        wire.get_ref().set_nodelay(true)?;
        let mut person = Self { name: name(n), n, wire, address: address.into(), cookie: String::new(), csrf: String::new() };
        let pre = person.ask("GET", "/login", "")?.cookie;
        let token = pre.split('=').nth(1).ok_or("no cookie for the form")?.to_owned();
        person.cookie = pre;
        let form = format!("csrf={token}&name={}&password={}", person.name, PASSWORD.replace(' ', "+"));
        let answer = person.ask("POST", "/login", &form)?;
        if answer.status != 303 {
            return Err(format!("{} cannot log in: {}", person.name, answer.status).into());
        }
        person.cookie = answer.cookie;
        let page = person.ask("GET", "/account", "")?.body;
        person.csrf = page.split("data-csrf=\"").nth(1).and_then(|t| t.split('"').next()).ok_or("no form token")?.to_owned();
        Ok(person)
    }
    fn ask(&mut self, method: &str, path: &str, body: &str) -> Done<Answer> {
        let began = Instant::now();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n", self.address, self.cookie);
        if method == "POST" {
            head += &format!(
                "origin: http://{}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nx-csrf: {}\r\n",
                self.address,
                body.len(),
                self.csrf
            );
            head += if path == "/login" { "" } else { "x-jianwei: 1\r\n" };
        }
        self.wire.get_mut().write_all(format!("{head}\r\n{body}").as_bytes())?;
        let (mut status, mut length, mut cookie) = (0, 0, String::new());
        loop {
            let mut line = String::new();
            if self.wire.read_line(&mut line)? == 0 {
                return Err("the server closed the connection".into());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse()?;
            }
            if let Some((key, value)) = line.split_once(": ") {
                match key.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse()?,
                    "set-cookie" if !value.contains("Max-Age=0") => cookie = value.split(';').next().unwrap_or_default().to_owned(),
                    _ => {}
                }
            }
        }
        let mut bytes = vec![0; length];
        self.wire.read_exact(&mut bytes)?;
        Ok(Answer { status, cookie, body: String::from_utf8_lossy(&bytes).into_owned(), took: began.elapsed() })
    }
    fn work(mut self, until: Instant, think: Duration) -> Done<Told> {
        let mut told = Told { name: self.name.clone(), times: Vec::new(), decided: Vec::new() };
        let mut random = self.n * 7_919 + 17;
        let mut draw = |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        while Instant::now() < until {
            let second = self.n % 4 == 3 && draw(2) == 0;
            let (kind, path) = match (second, draw(4)) {
                (true, _) => ("queue", "/queue?tab=second".to_owned()),
                (_, 0) => ("search", format!("/queue?q=cx-mem-{:03}", draw(1000))),
                // Everybody looks at the same first pages: that is where two meet on one lead.
                (_, n) => ("queue", format!("/queue?page={n}")),
            };
            let page = self.ask("GET", &path, "")?;
            expect(&page, 200)?;
            told.times.push((kind, page.took));
            let ids: Vec<String> = page.body.split("data-id=\"").skip(1).filter_map(|t| t.get(..13).map(str::to_owned)).collect();
            std::thread::sleep(think);
            if ids.is_empty() {
                continue;
            }
            let id = &ids[draw(ids.len() as u64) as usize];
            let lead = self.ask("GET", &format!("/leads/{id}"), "")?;
            expect(&lead, 200)?;
            told.times.push(("lead", lead.took));
            std::thread::sleep(think);
            let (what, form) = match (second, draw(3)) {
                (true, _) => ("approve", ""),
                (_, 0) => ("dismiss", "text=load"),
                _ => ("confirm", ""),
            };
            let answer = self.ask("POST", &format!("/leads/{id}/{what}"), form)?;
            if answer.status == 200 {
                told.decided.push((id.clone(), what));
                told.times.push(("decision", answer.took));
            } else {
                expect(&answer, 409)?;
                told.times.push(("refused", answer.took));
            }
            std::thread::sleep(think);
        }
        Ok(told)
    }
}

fn expect(answer: &Answer, status: u16) -> Done<()> {
    if answer.status == status {
        Ok(())
    } else {
        Err(format!("answered {}, expected {status}: {:.300}", answer.status, answer.body).into())
    }
}

/// Holds what was acknowledged against the journal: how many are lost, how many stand there more often than they were made.
fn agree(data: &Path, told: &[Told]) -> Done<(u64, u64)> {
    let records = Records::open(data, &|| -> Vec<Visit> { Vec::new() })?;
    let (lines, check) = records.audit(&AuditAsk::default())?;
    if let Some(fault) = check.faults.first() {
        return Err(format!("the journal's chain is broken: {fault}").into());
    }
    let mut there: HashMap<(String, String, String), i64> = HashMap::new();
    for line in lines.iter().filter(|l| matches!(l.word.as_str(), "confirm" | "dismiss" | "approve")) {
        *there.entry((line.on.clone(), line.by.clone(), line.word.clone())).or_default() += 1;
    }
    for t in told {
        for (id, what) in &t.decided {
            *there.entry((id.clone(), t.name.clone(), (*what).to_owned())).or_default() -= 1;
        }
    }
    let lost: i64 = there.values().filter(|n| **n < 0).map(|n| -n).sum();
    let twice: i64 = there.values().filter(|n| **n > 0).sum();
    // No lead was confirmed, or dismissed, by two people at once.
    let mut double = 0;
    let ids: std::collections::BTreeSet<&String> = told.iter().flat_map(|t| t.decided.iter().map(|(id, _)| id)).collect();
    for id in &ids {
        let lead = records.lead(&LeadId((*id).clone()))?.ok_or("a lead is gone")?;
        let count = |word: &str| lead.history.iter().filter(|s| s.what.word() == word).count();
        double += u64::from(count("confirm") > 1 || count("dismiss") > 1 || count("approve") > 1);
    }
    let decisions: usize = told.iter().map(|t| t.decided.len()).sum();
    println!(
        "{decisions} decisions on {} leads: {lost} lost, {twice} not acknowledged but kept, {double} leads decided twice; {} journal lines, chain whole",
        ids.len(),
        check.lines
    );
    Ok((lost as u64, twice as u64 + double))
}
