//! Pages made to hang or to fill up whoever reads them, through reading and assessment together: bounded CPU time and memory, and a clear
//! outcome. Each page is read in a process of its own, so that its memory can be measured.

use crate::assess::RULES;
use jianwei::assess::dossier_of;
use jianwei::capture::extract;
use jianwei::model::host::Host;
use jianwei::model::time::Timestamp;
use std::io::Write as _;
use std::process::Command;
use url::Url;

const PAGE: &str = "JIANWEI_TEST_HOSTILE_PAGE";

/// What must be said of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// A note that names what was left out.
    Cut,
    /// Nothing needs to be left out.
    Whole,
    /// Read whole, and it alerts for what it offers.
    Seller,
}

const OFFER: &str = "<p>电工证免考包过，国网可查，微信：abc12345，先出证后付款</p>";

/// Name, what must be said, and how it is made.
type Hostile = (&'static str, Want, fn() -> String);

fn pages() -> Vec<Hostile> {
    vec![
        ("100 MB of nested tags", Want::Cut, || "<div>".repeat(20_000_000)),
        ("100 MB of one letter", Want::Cut, || "a".repeat(100_000_000)),
        ("nested tags of every kind", Want::Cut, || "<div><b><table><tr><td><font><p><a href=x>".repeat(100_000)),
        ("1e6 attributes", Want::Cut, || {
            format!("<p {}>{OFFER}", (0..1_000_000).map(|i| format!("a{i} ")).collect::<String>().split_at(3_900_000).0)
        }),
        ("one 10 MB attribute", Want::Cut, || format!("{OFFER}<p title=\"{}\">x</p>", "权".repeat(3_400_000))),
        ("50,000 forms", Want::Cut, || {
            "<form action=/q><input name=a><input name=b placeholder=姓名><button>查询</button></form>".repeat(50_000)
        }),
        ("forms in forms", Want::Cut, || "<form><label>证件号码<input>".repeat(100_000)),
        ("frames in frames", Want::Whole, || format!("{OFFER}{}", "<iframe src=/x><frameset><frame src=/y>".repeat(50_000))),
        ("a million entities", Want::Whole, || "&amp;&#x8bc1;&#35777;&nosuch;".repeat(120_000)),
        ("entities without end", Want::Whole, || "&#x".repeat(1_000_000) + &"&".repeat(900_000)),
        ("an unclosed comment", Want::Seller, || format!("{OFFER}<!-- {}", "<p>x".repeat(500_000))),
        ("comments that end the other way", Want::Seller, || format!("{OFFER}{}", "<!--a--!>".repeat(400_000))),
        ("comments of dashes", Want::Seller, || format!("{OFFER}<!--{}", "-".repeat(3_000_000))),
        ("an unclosed script", Want::Seller, || format!("{OFFER}<script>{}", "</scrip".repeat(400_000))),
        ("unclosed raw elements", Want::Whole, || "<title><textarea><style><script>".repeat(100_000)),
        ("NUL bytes", Want::Seller, || format!("{OFFER}{}", "\0<\0p\0>\0".repeat(400_000))),
        ("100,000 tables", Want::Seller, || format!("{OFFER}{}", "<table><tr><td>姓名<td><input></table>".repeat(90_000))),
        ("quotes that never close", Want::Whole, || "<a href=\"x><a title='".repeat(180_000)),
        ("style rules by the thousand", Want::Whole, || {
            format!("<style>{}</style>{}", ".a .b{display:none}".repeat(60_000), "<p class='a b'>x".repeat(100_000))
        }),
        ("lines of one letter", Want::Whole, || "<br>证".repeat(550_000)),
        ("digits", Want::Whole, || "1 3 8 0 ".repeat(500_000)),
        ("digits with words between", Want::Whole, || "1电3微8信0".repeat(300_000)),
        ("contact words", Want::Whole, || "微信号码加是为vx".repeat(160_000)),
        ("offers without end", Want::Seller, || OFFER.repeat(25_000)),
        ("offers in one line", Want::Seller, || format!("<p>{}", "免考包过电工证微信abc12345“".repeat(60_000))),
        ("quoted offers", Want::Whole, || "“免考包过”电工证，警方提醒不要轻信代办；".repeat(40_000)),
        ("half of every pattern", Want::Whole, || "安全生产一二三四五六七八九十资格办理一张全国各种培训学校代办两天就".repeat(30_000)),
        ("names of operators", Want::Whole, || "某某某某某某某某某某某某培训学校有限责任公司".repeat(45_000)),
        ("official text over and over", Want::Whole, || "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台<br>".repeat(30_000)),
        ("query forms in words", Want::Whole, || {
            "<label>证件类型</label><input><label>证件号码</label><input><label>姓名</label><input><label>验证码</label><input><button>查询</button>".repeat(15_000)
        }),
        ("escapes", Want::Whole, || format!("<script>document.write('{}')</script>", "\\u8bc1%E8%AF%81".repeat(180_000))),
        ("style content", Want::Whole, || format!("<style>{}</style>", "a:before{content:'证'}".repeat(160_000))),
        ("readings in brackets", Want::Whole, || "統(tǒng".repeat(350_000)),
        ("marks on marks", Want::Whole, || format!("证{}", "\u{301}".repeat(1_500_000))),
        ("addresses", Want::Cut, || "<a href='http://a.b.c.d.e.f.example.com/x?cx.mem.gov.cn'>官方</a>".repeat(60_000)),
        ("rare marks", Want::Whole, || "<i class=tz-query>/prod-api/certsearch ".repeat(90_000)),
        ("filing numbers", Want::Whole, || "京ICP备05070218号 京公网安备11010102001234号 ".repeat(70_000)),
    ]
}

/// CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

/// Memory of this process in MiB: `VmRSS:` now, `VmHWM:` the most so far.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(what)).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) >> 10
}

/// Not a test of its own: the process that reads one page.
#[test]
#[ignore = "run by every_hostile_page_is_read_and_assessed_in_bounded_time_and_memory"]
fn reads_one_page() {
    let Ok(name) = std::env::var(PAGE) else { return };
    let pages = pages();
    let (_, _, page) = pages.iter().find(|(n, ..)| *n == name).expect("a page of this name");
    let html = page();
    let _ = RULES.count();
    let base = Url::parse("http://hostile.example.com/").expect("an address");
    let host = Host::parse("hostile.example.com").expect("a host");
    let (cpu_before, memory_before) = (cpu_seconds(), memory("VmRSS:"));
    let page = extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base);
    let notes = page.notes.join(" / ");
    let cpu_read = cpu_seconds();
    let assessment = RULES.assess(&dossier_of(host, base.into(), page), Timestamp::from_millis(0));
    let (cpu, most) = (cpu_seconds(), memory("VmHWM:"));
    let told = serde_json::to_string(&assessment).expect("json").len();
    let done = writeln!(
        std::io::stdout(),
        "MEASURED {:.2} {:.2} {} {} {told} {notes}",
        cpu_read - cpu_before,
        cpu - cpu_read,
        most.saturating_sub(memory_before),
        assessment.class.word()
    );
    done.expect("written");
}

#[test]
fn every_hostile_page_is_read_and_assessed_in_bounded_time_and_memory() {
    let mut wrong = Vec::new();
    for (name, want, _) in pages() {
        let run = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "hostile::reads_one_page", "--ignored", "--nocapture"])
            .env(PAGE, name)
            .output()
            .expect("it runs");
        let out = String::from_utf8_lossy(&run.stdout).into_owned();
        let Some((_, told)) = out.split_once("MEASURED ") else {
            wrong.push(format!("{name}: no outcome ({:?})", run.status));
            continue;
        };
        let told = told.lines().next().unwrap_or_default();
        let words: Vec<&str> = told.splitn(6, ' ').collect();
        let [read, assess, memory, class, bytes, notes] = words[..] else { panic!("{told}") };
        eprintln!("{name}: read {read} s, assess {assess} s, {memory} MiB, {class}; {notes}");
        let number = |text: &str| text.parse::<f64>().expect("a number");
        if number(read) > 2.0 || number(assess) > 2.0 {
            wrong.push(format!("{name}: {read} s to read, {assess} s to assess"));
        }
        if number(memory) > 300.0 || number(bytes) > 100_000.0 {
            wrong.push(format!("{name}: {memory} MiB, an assessment of {bytes} bytes"));
        }
        let clear = match want {
            Want::Cut => !notes.trim().is_empty(),
            Want::Whole => true,
            Want::Seller => class == "seller",
        };
        if !clear {
            wrong.push(format!("{name}: wanted {want:?}, is {class} with notes `{notes}`"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
