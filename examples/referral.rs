//! A store with many realistic leads, for measuring what their list costs: `referral DIR [LEADS]`. Then run `jianwei leads export` in DIR.
//! Every lead has sightings, findings, DNS answers, attribution, what ties it to others, and a sealed package; packages are shared by twenty leads each,
//! as sealing thousands would measure the disk.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use jianwei::evidence;
use jianwei::model::assessment::{Assessment, Class, Finding, Scores, Span, Verdict};
use jianwei::model::attribution::Attribution;
use jianwei::model::candidate::{Candidate, NameHit, Reason};
use jianwei::model::capture::{Capture, Hop, Outcome};
use jianwei::model::dossier::{Dossier, Facts};
use jianwei::model::host::Host;
use jianwei::model::hosting::{Hosting, Placed, Said};
use jianwei::model::indicator::{Found, Indicator, Marks};
use jianwei::model::lang::Both;
use jianwei::model::lead::PackageRef;
use jianwei::model::page::Page;
use jianwei::model::registration::Registration;
use jianwei::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use jianwei::model::sighting::{Context, Sighting};
use jianwei::model::time::Timestamp;
use jianwei::records::{Records, Visit};
use std::path::{Path, PathBuf};

/// Leads that share one sealed package.
const SHARED: u64 = 20;
const SUFFIXES: [&str; 6] = ["top", "com", "cn", "org.cn", "xyz", "net"];
const WHY: [&str; 8] = [
    "网页标题与官方查询平台相同：特种作业操作证及安全生产知识和管理能力考核合格信息查询平台",
    "查询表单索取姓名、证件类型、证件号码，与官方查询页字段和顺序相同",
    "页脚照搬官方网站的备案号和标识码，登记机关记录的主体不是本站",
    "主机名含官方主机名 cx.mem.gov.cn 的各段，点号换成连字符",
    "页面出现“先出证后付款”“国网可查”等兜售话术",
    "与已确认仿冒网站 cx-mem-gov.example.top 共用统计编号和页面结构",
    "证书为三日前签发的免费证书，域名注册不满三十日",
    "查询结果页不经查询即给出持证信息，二维码直接落地到结果",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("usage: referral DIR [LEADS]")?);
    let leads: u64 = arguments.next().map_or(Ok(10_000), |n| n.parse())?;
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("jianwei.toml"), "[data]\ndir = \"data\"\n[evidence]\norganisation = \"某市应急管理局\"\n")?;
    let packages = sealed(&dir.join("data/evidence"), leads.div_ceil(SHARED))?;
    let visits: Vec<Visit> = (0..leads).map(|n| visit(n, leads, &packages)).collect::<Result<_, _>>()?;
    let records = Records::rebuild(&dir.join("data"), visits)?;
    println!("{} leads over {} sealed packages in {}", records.totals()?.leads, packages.len(), dir.display());
    Ok(())
}

fn at(n: u64) -> Timestamp {
    Timestamp::from_millis(1_767_400_000_000 + i64::try_from(n).unwrap_or(0) * 61_000)
}

fn host(n: u64) -> Result<Host, Box<dyn std::error::Error>> {
    let name = ["cx-mem-gov", "tezhongzuoye-chaxun", "aqsc-memchaxun", "证书查询"][(n % 4) as usize];
    Ok(Host::parse(&format!("{name}{n}.{}", SUFFIXES[(n % 6) as usize])).map_err(|e| e.to_string())?)
}

fn candidate(n: u64) -> Result<Candidate, Box<dyn std::error::Error>> {
    let host = host(n)?;
    let url = format!("http://{host}/");
    let sighting = |source: &str, context: Context| Sighting { seen: host.to_string(), source: source.into(), seen_at: at(n), context };
    let searched = Context { query: Some(format!("电工证查询 {}", n % 50)), rank: Some(3), ..Context::default() };
    let name = NameHit {
        site: "cx.mem.gov.cn".into(),
        score: 92,
        techniques: vec!["hyphenation".into()],
        token: "cx.mem.gov.cn".into(),
        transform: "dots became hyphens".into(),
        matched: "cx-mem-gov".into(),
        why: "点号换成连字符".into(),
        why_en: "dots became hyphens".into(),
    };
    Ok(Candidate {
        url,
        site: "cx.mem.gov.cn".into(),
        reasons: vec![Reason::Name(name)],
        sightings: vec![sighting("names", Context::default()), sighting("ct:oak", Context::default()), sighting("search-engine", searched)],
        first_seen: at(n),
        last_seen: at(n + 1),
        host,
    })
}

fn assessment(n: u64) -> Assessment {
    let finding = |(i, why): (usize, &&str)| Finding {
        signal: ["official_title", "form_fields", "footer", "name", "seller_pitch", "tie", "certificate", "qr_result"][i].into(),
        class: Class::FakeQuery,
        points: 30 - i32::try_from(i).unwrap_or(0) * 3,
        why: Both::new(format!("{why}（{n}）"), format!("finding {i} of {n}")),
        span: Some(Span { raw: format!("姓名、证件类型、证件号码 微信zj{n}"), part: "text".into(), ..Span::default() }),
        evidence: "view/text.txt".into(),
    };
    Assessment {
        not_looked_at: Vec::new(),
        class: Verdict::FakeQuery,
        site: "cx.mem.gov.cn".into(),
        scores: Scores { fake_query: 60 + (n % 40) as u8, seller: 5, mirror: 40 },
        review: true,
        findings: WHY.iter().enumerate().map(finding).collect(),
        rules: "00000000000000e1".into(),
        at: at(n),
    }
}

fn resolution(n: u64) -> Result<Resolution, Box<dyn std::error::Error>> {
    let host = host(n)?;
    let record = |rrtype: &str, data: String| DnsRecord { name: host.to_string(), rrtype: rrtype.into(), ttl: 60, data };
    let answer = |question: &str, records| DnsAnswer { question: question.into(), rcode: "NOERROR".into(), records };
    let address = format!("104.21.{}.{}", n % 97, n % 251);
    Ok(Resolution {
        at: at(n),
        resolvers: vec!["system".into()],
        presence: Presence::Present,
        addresses: vec![address.parse()?],
        answers: vec![
            answer("A", vec![record("A", address)]),
            answer("NS", (1..3).map(|i| record("NS", format!("ns{i}.dns{}.com.", n % 40))).collect()),
        ],
        host,
    })
}

fn attribution(n: u64) -> Result<Attribution, Box<dyn std::error::Error>> {
    let host = host(n)?;
    let said = |source: &str| Said {
        source: source.into(),
        as_of: "2026-01-01".into(),
        country: Some(["CN", "US", "HK"][(n % 3) as usize].into()),
        province: Some("四川省".into()),
        city: Some("成都市".into()),
        asn: Some(4134),
        organisation: Some(format!("Hosting Company {} Ltd", n % 60)),
        ..Said::default()
    };
    let placed = Placed { ip: format!("104.21.{}.{}", n % 97, n % 251).parse()?, said: vec![said("ip2region"), said("asn"), said("dbip")] };
    let registration = Registration {
        domain: host.registrable().unwrap_or_default().to_owned(),
        registered: Some(true),
        registrar: Some(format!("某网络科技有限公司{}", n % 30)),
        abuse_email: Some(format!("abuse@registrar{}.example", n % 30)),
        registrant_email: Some(format!("user{}@example.org", n % 500)),
        created: Some(at(0)),
        name_servers: vec![format!("ns1.dns{}.com", n % 40)],
        source: "whois whois.example:43".into(),
        at: Some(at(n)),
        ..Registration::default()
    };
    Ok(Attribution {
        at: at(n),
        registration: Some(registration),
        hosting: Hosting {
            at: Some(at(n)),
            placed: vec![placed],
            networks: vec![],
            fronts: vec![],
            tables: vec!["ip2region 2026-01-01".into()],
        },
        filings: vec![],
        remarks: vec![],
        issuer: Some("Some CA".into()),
        host,
    })
}

/// One of many kits, some indicators of its own, and what thousands share.
fn marks(n: u64, leads: u64) -> Marks {
    let kit = n % (leads / 25 + 1);
    let one = |kind: &str, value: String| Found { what: Indicator { kind: kind.into(), value }, at: "bench".into() };
    let mut found = vec![
        one("ip", format!("104.21.{}.{}", n % 97, n % 251)),
        one("kit_file", format!("/static/js/app.{kit:08x}.js")),
        one("phone", format!("138{n:08}")),
        one("name_server", format!("dns{}.com", n % 40)),
    ];
    if !n.is_multiple_of(3) {
        found.push(one("baidu_tongji", format!("{kit:032x}")));
    }
    Marks { found, sketch: (0..32_u64).map(|i| (kit * 1_000_003 + i * 7_919) as u32).collect() }
}

fn visit(n: u64, leads: u64, packages: &[PackageRef]) -> Result<Visit, Box<dyn std::error::Error>> {
    let candidate = candidate(n)?;
    let mut package = packages[usize::try_from(n / SHARED)?].clone();
    package.id = format!("{}{n}", package.id);
    package.captured_at = at(n);
    Ok(Visit {
        url: format!("http://{}/cx/query?type=1&id={n}", candidate.host),
        title: format!("特种作业操作证及安全生产知识和管理能力考核合格信息查询平台{n}"),
        resolution: Some(resolution(n)?),
        outcome: "captured".into(),
        outcome_why: String::new(),
        assessment: assessment(n),
        package,
        marks: marks(n, leads),
        attribution: Some(Box::new(attribution(n)?)),
        candidate,
    })
}

fn sealed(root: &Path, packages: u64) -> Result<Vec<PackageRef>, Box<dyn std::error::Error>> {
    (0..packages)
        .map(|n| {
            let candidate = candidate(n)?;
            let html = format!("<html><title>证书查询 {n}</title><body>{}</body></html>", "姓名 证件号码 查询 ".repeat(2_000));
            let mut hop = Hop::begun(0, candidate.url.clone(), at(n));
            hop.request_head = b"GET / HTTP/1.1\r\n\r\n".to_vec();
            hop.response_head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
            hop.status = Some(200);
            hop.wire_bytes = html.len() as u64;
            hop.wire_body = html.clone().into_bytes();
            hop.body = html.clone().into_bytes();
            let capture = Capture {
                requested_url: candidate.url.clone(),
                final_url: Some(candidate.url.clone()),
                variant: "desktop".into(),
                started_at: at(n),
                ended_at: at(n).plus_millis(500),
                outcome: Outcome::Captured,
                hops: vec![hop],
                page: Some(Page { title: "证书查询".into(), text: "姓名 证件号码 查询 ".repeat(500), html, ..Page::default() }),
                kept: vec![],
                browser: None,
            };
            let dossier = Dossier { candidate, resolution: Some(resolution(n)?), captures: vec![capture], facts: Facts::default() };
            Ok(evidence::seal(root, &dossier, &assessment(n), &evidence::Settings::default())?)
        })
        .collect()
}
