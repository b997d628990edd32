//! `cargo run --release --example capturebench [--visits N] [--python FILE --script FILE]`: N visits with the browser to lab pages of every kind, as every
//! variant; then the same visits by a plain Playwright script, where one is given. Prints visits a minute and memory of all processes.
//! Ends with 1 where a browser or a profile is left, memory grew by more than 20 % since the 20th visit, or the script made more visits a minute.
#![expect(clippy::print_stdout, reason = "an example speaks to the person who runs it")]

#[path = "../tests/lab/mod.rs"]
mod lab;

use clap::Parser;
use jianwei::capture::{Browser, BrowserSettings, VARIANTS, headers};
use jianwei::net::{Net, Settings};
use lab::{Lab, Options};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use url::Url;

/// Visits after which memory counts as the usual.
const USUAL_AFTER: usize = 20;
/// Visits that the script makes at once: as many as there are processors where this was made. Ours come as the pipeline sends them, and the browser bounds
/// its tabs itself.
const AT_ONCE: usize = 2;
/// How much more memory may be in use at the end, in percent.
const MAX_GROWTH: u64 = 20;
/// Lab pages by host: plain, script-rendered, framed, frameset in GB2312, phone-only, refresh, script redirect, style sheets, record, seller, notice.
const HOSTS: [&str; 14] = [
    "cxmemgov.com",
    "cx-mem-gov.cn",
    "memgov-spa.com",
    "cx-memgov-js.com",
    "memcx-gov.top",
    "yingjiguanlibu-cx.com",
    "mem-gov-wx.cn",
    "cx-memgovcn.top",
    "mem-cx-gov.com",
    "memgov-css.com",
    "aqsc-memchaxun.cn",
    "qr7k2.top",
    "bzkz-quanguo.com",
    "gonggao-ft.cc",
];

/// Visits with the browser: how many a minute, in how much memory.
#[derive(Parser)]
struct Args {
    /// How many visits.
    #[arg(long, default_value_t = 200)]
    visits: usize,
    /// Python with Playwright in it.
    #[arg(long, value_name = "FILE", requires = "script")]
    python: Option<PathBuf>,
    /// The Playwright script.
    #[arg(long, value_name = "FILE", requires = "python")]
    script: Option<PathBuf>,
}

type Trouble = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(wrong) if wrong.is_empty() => ExitCode::SUCCESS,
        Ok(wrong) => {
            wrong.iter().for_each(|w| println!("NOT HELD: {w}"));
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("capturebench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<Vec<String>, Trouble> {
    let lab = Lab::open(Options::default())?;
    let jobs = jobs(&lab, args.visits)?;
    let mut wrong = Vec::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ours = runtime.block_on(ours(&lab, &jobs, &mut wrong))?;
    drop(runtime);
    let (Some(python), Some(script)) = (&args.python, &args.script) else { return Ok(wrong) };
    let theirs = theirs(&lab, &jobs, python, script)?;
    println!("playwright: {} visits, {theirs:.1} a minute; jianwei {ours:.1}, {:.2} times as many", jobs.len(), ours / theirs);
    if ours < theirs {
        wrong.push(format!("{ours:.1} visits a minute, the script {theirs:.1}"));
    }
    Ok(wrong)
}

/// One visit: where, as whom.
struct Job {
    url: Url,
    variant: &'static str,
}

fn jobs(lab: &Lab, visits: usize) -> Result<Vec<Job>, Trouble> {
    let mut urls = Vec::new();
    for host in HOSTS {
        let site = lab.sites().find(|s| s.host == host).ok_or_else(|| format!("the lab has no {host}"))?;
        urls.push(Url::parse(&site.url())?);
    }
    let all = VARIANTS.iter().flat_map(|variant| urls.iter().map(move |url| Job { url: url.clone(), variant })).collect::<Vec<_>>();
    let turn = |n: usize| Job { url: all[n % all.len()].url.clone(), variant: all[n % all.len()].variant };
    Ok((0..visits).map(turn).collect())
}

async fn ours(lab: &Lab, jobs: &[Job], wrong: &mut Vec<String>) -> Result<f64, Trouble> {
    let temp = tempfile::tempdir()?;
    let settings = BrowserSettings::of_this_machine().ok_or("no Chromium on this machine: `make deps`")?;
    let browser = Browser::new(BrowserSettings { temp: temp.path().to_owned(), ..settings });
    let net = Settings {
        resolvers: vec![lab.dns().to_string()],
        allow_private: vec![lab.network()],
        per_host_interval_ms: 0,
        ..Settings::default()
    };
    let net = Net::new(&net)?;
    let (mut usual, mut most, mut seconds) = (0, 0, 0.0);
    let mut processes = Vec::new();
    let pages = AtomicUsize::new(0);
    for (n, part) in jobs.chunks(USUAL_AFTER).enumerate() {
        let began = Instant::now();
        let next = AtomicUsize::new(0);
        let one = async || {
            while let Some(job) = part.get(next.fetch_add(1, Ordering::Relaxed)) {
                match browser.visit(&job.url, job.variant, &net).await {
                    Ok(capture) if capture.page.is_some() => pages.fetch_add(1, Ordering::Relaxed),
                    Ok(capture) => {
                        println!("no page: {} as {}: {}", job.url, job.variant, capture.outcome.why());
                        0
                    }
                    Err(e) => return Err(format!("{} as {}: {e}", job.url, job.variant)),
                };
            }
            Ok(())
        };
        let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
        a.and(b).and(c).and(d)?;
        seconds += began.elapsed().as_secs_f64();
        processes.extend(browser.process_id().await.filter(|id| !processes.contains(id)));
        let now = browser.memory_bytes().await + own_memory();
        most = most.max(now);
        if n == 0 {
            usual = now;
        }
    }
    let last = browser.memory_bytes().await + own_memory();
    browser.close().await;
    let rate = jobs.len() as f64 * 60.0 / seconds;
    let mib = |bytes: u64| bytes >> 20;
    println!(
        "jianwei: {} visits, {} pages, {} browsers, {rate:.1} a minute; memory {} MiB after {USUAL_AFTER}, {} at the end, {} at most",
        jobs.len(),
        pages.load(Ordering::Relaxed),
        browser.started(),
        mib(usual),
        mib(last),
        mib(most)
    );
    if pages.load(Ordering::Relaxed) * 10 < jobs.len() * 9 {
        wrong.push(format!("only {} of {} visits saw a page", pages.load(Ordering::Relaxed), jobs.len()));
    }
    if last * 100 > usual * (100 + MAX_GROWTH) {
        wrong.push(format!("memory grew from {} MiB to {} MiB", mib(usual), mib(last)));
    }
    let left = std::fs::read_dir(temp.path())?.count();
    if left > 0 {
        wrong.push(format!("{left} profiles are left"));
    }
    let alive: Vec<_> = processes.iter().filter(|id| group_lives(**id)).collect();
    if !alive.is_empty() {
        wrong.push(format!("browsers are left: {alive:?}"));
    }
    Ok(rate)
}

fn theirs(lab: &Lab, jobs: &[Job], python: &Path, script: &Path) -> Result<f64, Trouble> {
    let hosts: Vec<Value> =
        lab.sites().filter(|s| s.host.parse::<std::net::IpAddr>().is_err()).map(|s| json!([s.host, lab.address(s.last_byte())])).collect();
    let job = |j: &Job| {
        let header = |name: &str| headers(j.variant).into_iter().find(|(n, _)| n == name).map(|(_, v)| v);
        let phone = matches!(j.variant, "wechat" | "baidu_referer");
        json!({"url": j.url, "agent": header("User-Agent"), "referer": header("Referer"), "phone": phone})
    };
    let plan = json!({"hosts": hosts, "jobs": jobs.iter().map(job).collect::<Vec<_>>(), "at_once": AT_ONCE});
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, plan.to_string().as_bytes())?;
    let run = Command::new(python).arg(script).arg(file.path()).stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let told: Value =
        serde_json::from_str(text.lines().last().unwrap_or_default()).map_err(|e| format!("{}: {e}: {text}", script.display()))?;
    let (visits, seconds) = (told["visits"].as_f64().unwrap_or(0.0), told["seconds"].as_f64().unwrap_or(f64::INFINITY));
    println!("playwright: {}", told);
    Ok(visits * 60.0 / seconds)
}

/// This process, in bytes (proportional set size).
fn own_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let kib = text.lines().find_map(|l| l.strip_prefix("Pss:")?.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Is any process of this group there still (zombies not counted)?
fn group_lives(group: u32) -> bool {
    let Ok(all) = std::fs::read_dir("/proc") else { return false };
    all.flatten().filter_map(|e| std::fs::read_to_string(e.path().join("stat")).ok()).any(|stat| {
        let mut after = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
        after.next().is_some_and(|state| state != "Z" && state != "X") && after.nth(1).and_then(|g| g.parse().ok()) == Some(group)
    })
}
