//! Whose is it, end to end: the real program scans the lab while registers on the loopback answer, refuse, limit, lie and dawdle.
//! What they did stands in the lead's block and, as it came, in its package.

use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::lab::registers::{Registers, cnnic};
use crate::world;
use jianwei::evidence;
use jianwei::model::attribution::Attribution;
use jianwei::model::host::Host;
use jianwei::model::lead::Move;
use jianwei::model::registration::{AskOutcome, RawAnswer};
use jianwei::model::time::Timestamp;
use jianwei::records::Records;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Lab copies, and what their register does when it is asked.
const PARTS: [(&str, &str); 13] = [
    ("memcx-gov.top", "plain"),
    ("mem-zhengshu.com", "linked"),
    ("zscx-memgov.com", "moved"),
    ("zhengshu-memcx.com", "soon"),
    ("gov-memcx.com", "html"),
    ("yingjiguanlibu-cx.com", "private"),
    ("mem-gov-hk.com", "inside"),
    ("mem-cx-gov.com", "stranger"),
    ("cx-memgovcn.top", "badlink"),
    ("tezhongzuoye-memcx.cn", "good"),
    ("aqsc-memchaxun.cn", "often"),
    ("memcx-gov.net", "later"),
    ("cxmem-gov.net", "slow"),
];
/// Its RDAP server refuses every connection; WHOIS answers.
const REFUSED: &str = "memgov-cert.xyz";

fn run(dir: &Path, arguments: &[&str]) -> String {
    let run = jianwei(dir, arguments);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{arguments:?}: {}{}", stdout(&run), stderr(&run));
    stdout(&run)
}

/// A settings file whose registers are these. Servers that shut their door for a while have one of their own.
fn settings(lab: &Lab, all: &Registers, later: &Registers, slow: &Registers) -> tempfile::TempDir {
    let dir = world::lab_settings(lab, 1_500);
    let names: String = PARTS.iter().map(|(name, _)| *name).chain([REFUSED]).map(|name| format!("{name}\n")).collect();
    std::fs::write(dir.path().join("names.txt"), names).expect("written");
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there").replace("pages = 10", "pages = 1");
    let server = |suffix: &str, rdap: &str, whois: &str| {
        let rdap = if rdap.is_empty() { String::new() } else { format!("rdap = \"http://{rdap}/rdap/\"\n") };
        let whois = if whois.is_empty() { String::new() } else { format!("whois = \"{whois}\"\n") };
        format!("[[attribution.server]]\nsuffix = \"{suffix}\"\n{rdap}{whois}")
    };
    let (rdap, whois) = (all.rdap.to_string(), all.whois.to_string());
    // A port where nobody listens any more.
    let closed = std::net::TcpListener::bind((lab.address(200), 0)).and_then(|l| l.local_addr()).expect("a port").to_string();
    let servers = [
        server("ip", &rdap, ""),
        server("cn", "", &whois),
        server("memcx-gov.net", &later.rdap.to_string(), ""),
        server("cxmem-gov.net", &slow.rdap.to_string(), ""),
        server(REFUSED, &closed, &whois),
    ];
    let text = format!("{text}\n[attribution]\nbootstrap = \"http://{rdap}/dns.json\"\ninterval_ms = 20\n{}", servers.concat());
    std::fs::write(file, text).expect("written");
    dir
}

/// What the package of a host's last visit holds.
fn sealed(dir: &Path, name: &str) -> Attribution {
    let root = dir.join("data/evidence");
    let stored =
        evidence::packages(&root).expect("packages").iter().map(|p| evidence::read(&root, p).expect("reads back")).collect::<Vec<_>>();
    let of_host = stored.into_iter().rfind(|s| s.dossier.candidate.host.as_str() == name);
    *of_host.unwrap_or_else(|| panic!("{name} has no package")).dossier.facts.attribution.expect("looked at")
}

fn raw(dir: &Path, name: &str) -> Vec<RawAnswer> {
    sealed(dir, name).registration.expect("asked").raw
}

#[test]
fn registers_are_asked_in_a_scan_and_whatever_they_do_stands_in_the_lead_and_in_its_package() {
    let lab = Lab::start(None);
    let all = Registers::start_at(lab.address(201), &PARTS);
    let (later, slow) = (Registers::start_at(lab.address(202), &PARTS), Registers::start_at(lab.address(203), &PARTS));
    let dir = settings(&lab, &all, &later, &slow);
    let dir = dir.path();
    run(dir, &["scan", "--lang", "en", "--source", "names"]);
    let show = |name: &str| run(dir, &["leads", "show", name, "--lang", "zh"]);

    for (name, parts) in [
        (
            "memcx-gov.top",
            &["域名：memcx-gov.top", "注册商：Lab Registrar", "投诉联系：abuse@registrar.example", "注册时间：2026-03-01 08:00:00"][..],
        ),
        ("mem-zhengshu.com", &["注册人：重庆某某网络科技有限公司", "注册邮箱：boss@example.cn", "注册商：Lab Registrar"]),
        ("zscx-memgov.com", &["注册人：重庆某某网络科技有限公司"]),
        ("zhengshu-memcx.com", &["注册商：Lab Registrar"]),
        ("gov-memcx.com", &["域名注册：未知（", "应答无法识别：不是 JSON"]),
        ("yingjiguanlibu-cx.com", &["域名注册：未知（", "地址 10.0.0.7（内网地址）被安全守卫拒绝"]),
        ("mem-gov-hk.com", &["域名注册：未知（", "地址 127.0.0.2（本机地址）被安全守卫拒绝"]),
        ("mem-cx-gov.com", &["域名注册：未知（", "应答无法识别：说的是 other.top"]),
        ("cx-memgovcn.top", &["注册商：Lab Registrar", "查询未果：地址 192.168.1.1（内网地址）被安全守卫拒绝"]),
        ("tezhongzuoye-memcx.cn", &["注册人：李某", "注册邮箱：li@example.cn", "注册商：某某注册商有限公司", "[来源 whois "]),
        ("aqsc-memchaxun.cn", &["域名注册：未知（", "对方限制查询频率"]),
        ("memcx-gov.net", &["域名注册：未知（", "对方限制查询频率，要求 3600 秒后再查"]),
        ("cxmem-gov.net", &["域名注册：未知（", "超时，1500 毫秒后放弃"]),
        (REFUSED, &["注册人：李某", "查询未果：查询失败：连接被拒绝", "[来源 rdap "]),
    ] {
        let told = show(name);
        for part in parts {
            assert!(told.contains(part), "{name}: {part}\n{told}");
        }
        // Each line of the block names source and time, and every server has its network's abuse contact.
        let block: Vec<&str> = told.lines().skip_while(|l| !l.contains("归属 ——")).skip(1).take_while(|l| !l.starts_with("——")).collect();
        assert!(block.len() > 2, "{name}\n{told}");
        for line in &block {
            let at = line.rsplit_once('　').map(|(_, at)| at).unwrap_or_default();
            let time = at.trim_end_matches(']').rsplit('，').next().unwrap_or_default().trim_start_matches('[');
            assert!(at.starts_with('[') && chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").is_ok(), "{name}: {line}");
        }
        assert!(told.contains("接入/托管：某某数据中心有限公司；地点 CN；投诉联系 abuse@hoster.example +86.2300000000"), "{name}\n{told}");
    }

    // As it came, with server, time and query.
    let good = raw(dir, "tezhongzuoye-memcx.cn").remove(0);
    assert_eq!(
        (good.server.as_str(), good.query.as_str(), good.text.as_str()),
        (all.whois.to_string().as_str(), "tezhongzuoye-memcx.cn", cnnic("tezhongzuoye-memcx.cn").as_str())
    );
    assert!(good.at > Timestamp::from_millis(0) && good.protocol == "whois");
    let linked = raw(dir, "mem-zhengshu.com");
    assert_eq!(linked.iter().map(|r| r.server.clone()).collect::<Vec<_>>(), [all.rdap.to_string(), all.registrar.to_string()]);
    assert!(linked.iter().all(|r| r.query.ends_with("/domain/mem-zhengshu.com") && r.text.contains("ldhName")), "{linked:?}");
    let html = raw(dir, "gov-memcx.com").remove(0);
    assert!(matches!(html.outcome, AskOutcome::Unreadable { .. }) && html.text.contains("maintenance"), "{html:?}");
    let networks = sealed(dir, "memcx-gov.top").hosting.networks;
    let network = networks.first().and_then(|n| n.raw.as_ref()).expect("the address was asked for, too");
    assert!(network.query.contains("/rdap/ip/127.") && network.text.contains("LAB-HOSTING"), "{network:?}");

    // Polite: 429 was heard once, the wait of a second was kept, nobody was asked twice for the same.
    let asked = all.asked();
    let times = |part: &str| asked.iter().filter(|a| a.ends_with(part)).count();
    assert_eq!(
        (times("/domain/zhengshu-memcx.com"), times("whois tezhongzuoye-memcx.cn"), later.asked().len(), slow.asked().len()),
        (2, 1, 1, 1),
        "{asked:?}"
    );

    // Two copies of one registrant are tied by it; who serves the month's leads is one table.
    assert!(show("mem-zhengshu.com").contains("注册人邮箱 boss@example.cn"), "{}", show("mem-zhengshu.com"));
    let month = Timestamp::parse(&format!("{}Z", chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S"))).expect("now").beijing_month();
    let table = run(dir, &["leads", "providers", "--month", &month, "--lang", "zh"]);
    assert!(table.contains("14 条线索　接入/托管：某某数据中心有限公司"), "{table}");

    eprintln!("{}", show("mem-zhengshu.com"));
    the_analyst_says_where_the_victim_is(dir);
    what_a_person_confirms_is_searched_for(&lab, dir);
}

fn the_analyst_says_where_the_victim_is(dir: &Path) {
    let show = |more: &[&str]| run(dir, &[&["leads", "show", "mem-zhengshu.com", "--lang", "zh"], more].concat());
    assert!(show(&[]).contains("受害地：未知：待人工填写"));
    let victim = show(&["--victim", "广东省广州市"]);
    assert!(
        victim.contains("由市专班上报应急管理部领导小组")
            && victim.contains("受害地：广东省广州市　[人工填写]")
            && victim.contains("理由：线索涉及广东"),
        "{victim}"
    );
    let ordered = show(&["--victim", "渝中区", "--ordered"]);
    assert!(ordered.contains("重庆市专项行动工作组") && ordered.contains("理由：上级交办"), "{ordered}");
}

/// A confirmed copy's host and contacts become queries of the next search.
fn what_a_person_confirms_is_searched_for(lab: &Lab, dir: &Path) {
    let searches = || lab.requests().into_iter().filter(|r| r.host == "search.lab.example").map(|r| r.path).collect::<Vec<_>>().join("\n");
    run(dir, &["scan", "--lang", "en", "--source", "search-lab"]);
    assert!(!searches().contains("mem-zhengshu.com") && !searches().contains("boss%40example.cn"), "{}", searches());
    confirm(dir, "mem-zhengshu.com");
    run(dir, &["scan", "--lang", "en", "--source", "search-lab"]);
    assert!(searches().contains("site%3Amem-zhengshu.com"), "{}", searches());

    // The watch asks, too: it learns what is confirmed at each run.
    confirm(dir, "memcx-gov.top");
    let file = dir.join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there").replace("[[source]]\nid = \"permutations\"\nkind = \"permutations\"\n", "");
    std::fs::write(&file, text).expect("written");
    let mut watch = command(dir, &["watch", "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let began = Instant::now();
    while !searches().contains("site%3Amemcx-gov.top") && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(200));
    }
    watch.kill().expect("killed");
    watch.wait().expect("reaped");
    assert!(searches().contains("site%3Amemcx-gov.top"), "{}", searches());
}

fn confirm(dir: &Path, name: &str) {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("the store opens");
    let lead = records.lead_of(&Host::parse(name).expect("a host")).expect("read").expect("a lead");
    for what in [Move::Claim, Move::Confirm] {
        records.decide(&lead.id, what, "李某", lead.opened_at).expect("decided");
    }
}
