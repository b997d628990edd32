//! How fast a page is read and assessed, and whether memory stays flat: `cargo run --release --example assess [PAGES] [RULES]`.
//! Pages of about 60 KB are made from `tests/pages`, no two alike. One thread; times are the CPU time of that thread, so that a
//! busy machine does not change them. Beside it, on the same bytes: html5ever's parse alone (through `scraper`).
//! With RULES more rules are added to the shipped ones (each with literals and a pattern of its own).

use jianwei::assess::{Rules, dossier_of};
use jianwei::capture::extract;
use jianwei::model::host::Host;
use jianwei::model::rulefile::RuleFile;
use jianwei::model::site::Site;
use jianwei::model::time::Timestamp;
use std::io::Write as _;
use std::path::Path;
use url::Url;

/// Bytes of one page.
const PAGE_BYTES: usize = 60 << 10;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|a| a.parse::<usize>().ok());
    let (pages, more) = (numbers.next().unwrap_or(2_000), numbers.next().unwrap_or(0));
    let stock = stock()?;
    let rules = rules(more)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "rules {}  pages {pages} of {} KB", rules.count().0, PAGE_BYTES >> 10)?;
    let warm = pages.div_ceil(20).max(20);
    // Room for all times is taken and touched before memory is looked at: what grows after that is not the measure's own.
    let mut times = Times::of(pages.max(warm));
    for n in 0..warm {
        times.put(n, one(&rules, &stock, n));
    }
    let start = resident_kib();
    let mut highest = start;
    for n in 0..pages {
        times.put(n, one(&rules, &stock, n));
        if n % 64 == 0 {
            highest = highest.max(resident_kib());
        }
    }
    let end = resident_kib();
    times.cut(pages);
    times.show(&mut out)?;
    writeln!(out, "resident KiB (times included from the start): after warming {start}, at the end {end}, highest {highest}")?;
    let mut parse = Vec::new();
    for n in 0..pages.min(1_000) {
        let html = page(&stock, n);
        let begun = cpu_ns();
        let document = scraper::Html::parse_document(&html);
        let text: usize = document.root_element().text().map(str::len).sum();
        assert!(text > 0, "a page without text");
        parse.push(cpu_ns() - begun);
    }
    line(&mut out, "html5ever", &mut parse)
}

/// Nanoseconds of CPU for each page.
struct Times {
    extract: Vec<u64>,
    assess: Vec<u64>,
    both: Vec<u64>,
}

impl Times {
    fn of(pages: usize) -> Self {
        // Ones, not zeros: zeros would take no memory until they are written over.
        Self { extract: vec![1; pages], assess: vec![1; pages], both: vec![1; pages] }
    }
    fn put(&mut self, n: usize, (extract, assess): (u64, u64)) {
        (self.extract[n], self.assess[n], self.both[n]) = (extract, assess, extract + assess);
    }
    fn cut(&mut self, pages: usize) {
        [&mut self.extract, &mut self.assess, &mut self.both].into_iter().for_each(|t| t.truncate(pages));
    }
    fn show(&mut self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        line(out, "extract", &mut self.extract)?;
        line(out, "assess", &mut self.assess)?;
        line(out, "both", &mut self.both)
    }
}

fn line(out: &mut impl std::io::Write, what: &str, times: &mut [u64]) -> std::io::Result<()> {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] as f64 / 1e6;
    writeln!(out, "{what:<10} median {:6.2} ms  p99 {:6.2} ms  most {:6.2} ms", at(0.5), at(0.99), at(1.0))
}

/// Time of reading and of assessing page `n`.
fn one(rules: &Rules, stock: &[String], n: usize) -> (u64, u64) {
    let html = page(stock, n);
    let host = Host::parse(&format!("p{n}.example.com")).expect("a host");
    let base = Url::parse(&format!("http://{}/", host.as_str())).expect("an address");
    let begun = cpu_ns();
    let page = extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base);
    let read = cpu_ns();
    let assessment = rules.assess(&dossier_of(host, base.into(), page), Timestamp::from_millis(0));
    let done = cpu_ns();
    assert!(assessment.rules.len() == 16, "an assessment");
    (read - begun, done - read)
}

/// Page `n`: one of ours, with the bodies of others after it until it is long enough.
fn page(stock: &[String], n: usize) -> String {
    let mut html = stock[n % stock.len()].clone();
    let mut k = n;
    while html.len() < PAGE_BYTES {
        k = k.wrapping_mul(31).wrapping_add(17 + html.len());
        html.push_str(&format!("<div id=\"m{k}\">"));
        html.push_str(body(&stock[k % stock.len()]));
        html.push_str("</div>");
    }
    let mut end = PAGE_BYTES;
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html.truncate(end);
    html
}

fn body(html: &str) -> &str {
    let from = html.find("<body").and_then(|at| html[at..].find('>').map(|n| at + n + 1)).unwrap_or(0);
    let to = html.rfind("</body").unwrap_or(html.len()).max(from);
    &html[from..to]
}

/// Our own pages: official, copies, sellers, and most of all harmless ones.
fn stock() -> std::io::Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut files = Vec::new();
    for folder in ["benign", "benign", "benign", "official", "clone", "seller"] {
        for entry in std::fs::read_dir(root.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.sort();
    let pages = files.iter().map(|f| std::fs::read(f).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    pages.collect()
}

/// The shipped rules and `more` made-up ones.
fn rules(more: usize) -> std::io::Result<Rules> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), "", &mut files)?;
    let sites: Vec<(RuleFile, Site)> =
        files.iter().filter(|f| f.path.starts_with("sites/")).filter_map(|f| Site::read(f).ok().map(|s| (f.clone(), s))).collect();
    files.extend((0..more).map(made_up));
    let (rules, errors) = Rules::load(&sites, &files);
    assert!(errors.is_empty(), "{errors:?}");
    Ok(rules)
}

/// A rule in the manner of ours: phrases, a count, two phrases near each other, a pattern, over the usual fields.
fn made_up(n: usize) -> RuleFile {
    let word =
        |k: usize| -> String { (0..4).filter_map(|i| char::from_u32(0x4e00 + ((n * 7 + k * 131 + i * 977) % 5_000) as u32)).collect() };
    let pattern = format!("{}.{{0,5}}{}", word(4), word(5));
    let (a, b, c) = (word(1), word(2), word(3));
    let matching = match n % 4 {
        0 => format!("all = [{{ field = \"text\", contains_any = [\"{a}\", \"{b}\", \"{c}\"] }}]"),
        1 => format!("any = [{{ field = \"text\", contains_any = [\"{a}\"] }}, {{ field = \"html\", regex = \"{pattern}\" }}]"),
        2 => format!("all = [{{ field = \"text\", near = {{ a = [\"{a}\"], b = [\"{b}\", \"查询\"], within = 20 }} }}]"),
        _ => format!("all = [{{ field = \"title\", contains = \"{a}\" }}, {{ field = \"link.text\", contains = \"{b}\" }}]"),
    };
    let text = format!(
        "id = \"made-up-{n}\"\nstatus = \"experimental\"\nclass = \"seller\"\ndetects = \"d\"\ndetects_zh = \"中\"\nfalse_alarms = \"f\"\n\
         severity = \"low\"\nconfidence = \"low\"\npoints = 5\n[match]\n{matching}\n"
    );
    let path = format!("detect/made-up-{n}.toml");
    RuleFile { shown: format!("rules/{path}"), path, text }
}

fn collect(folder: &Path, below: &str, files: &mut Vec<RuleFile>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if path.ends_with(".toml") {
            files.push(RuleFile { shown: format!("rules/{path}"), text: std::fs::read_to_string(entry.path())?, path });
        }
    }
    Ok(())
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
}

/// Memory that this process holds. 0 where the system does not say.
fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0)
}
