//! What the store and the packages know reaches every file that leaves: clusters, service providers, jurisdiction, time-stamp times. All through
//! the command line, from sealed packages.

use crate::cli::{jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::lab::stamp::Authority;
use crate::referral::{at, csv_rows, sheets, text};
use crate::referral_exchange::outside;
use crate::referral_paper::{approve, file_ending, keep_to_look_at, unit_sealed, unit_with};
use jianwei::model::attribution::Attribution;
use jianwei::model::dossier::Dossier;
use jianwei::model::hosting::{Front, FrontKind, Hosting, Placed, Said};
use jianwei::model::page::Contact;
use jianwei::model::registration::Registration;
use std::path::Path;
use std::process::Command;

const HOSTS: [&str; 5] = ["cx-mem-gov.example.top", "mem-cx.example.net", "aqsc-cx.example.org", "alone.example.cc", "new.example.info"];

/// Three with one telephone number, one behind a CDN that has nothing in common with them, one more of the three that nobody approves.
fn change(i: usize, dossier: &mut Dossier) {
    let host = dossier.candidate.host.clone();
    let said = Said {
        source: "ip2region".into(),
        as_of: "2024-02-28".into(),
        country: Some("CN".into()),
        province: Some("重庆".into()),
        city: Some("重庆市".into()),
        asn: Some(4134),
        organisation: Some("CHINANET".into()),
        ..Said::default()
    };
    let placed = Placed { ip: "203.0.113.9".parse().expect("an address"), said: vec![said.clone(), Said { source: "asn".into(), ..said }] };
    let front = Front {
        vendor: "某CDN".into(),
        kind: FrontKind::Cdn,
        by: "cname".into(),
        matched: "x.cdn.example".into(),
        contact: Some("abuse@cdn.example".into()),
    };
    let registration = Registration {
        domain: host.registrable().unwrap_or_default().to_owned(),
        registered: Some(true),
        registrar: Some("=某注册商有限公司".into()),
        abuse_email: Some("abuse@registrar.example".into()),
        registrant: Some(format!("重庆第{i}科技有限公司")),
        registrant_email: Some(format!("someone{i}@example.org")),
        created: Some(at(-86_400_000)),
        source: "whois whois.example:43".into(),
        at: Some(at(0)),
        ..Registration::default()
    };
    let fronts = if i == 3 { vec![front] } else { vec![] };
    dossier.facts.attribution = Some(Box::new(Attribution {
        host,
        at: at(0),
        registration: Some(registration),
        hosting: Hosting { at: Some(at(0)), placed: vec![placed], networks: vec![], fronts, tables: vec!["ip2region 2024-02-28".into()] },
        filings: vec![],
        remarks: vec![],
        issuer: None,
    }));
    if i != 3
        && let Some(page) = dossier.captures[0].page.as_mut()
    {
        page.contacts.push(Contact { kind: "phone".into(), value: "13912345678".into(), raw: "13912345678".into() });
    }
}

fn run(dir: &Path, arguments: &[&str]) -> String {
    let ran = jianwei(dir, arguments);
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{arguments:?} {}", stderr(&ran));
    stdout(&ran)
}

fn json(dir: &Path, format: &str) -> serde_json::Value {
    serde_json::from_str(&run(dir, &["leads", "export", "--format", format])).expect("JSON")
}

#[test]
fn clusters_providers_and_jurisdiction_stand_in_list_letter_and_sharing_files() {
    let (dir, ids) = unit_with(&HOSTS, &change);
    let dir = dir.path();
    ids[..4].iter().for_each(|id| approve(dir, id));

    run(dir, &["leads", "export", "--audience", "police", "-o", "list.xlsx"]);
    let sheets = sheets(&std::fs::read(dir.join("list.xlsx")).expect("read"));
    let rows = |name: &str| sheets.iter().find(|(n, _)| n == name).map(|(_, rows)| rows.clone()).expect("a sheet");
    let clusters = rows("集群");
    assert_eq!(clusters.len(), 5, "one row a lead of the one cluster: {clusters:?}");
    for row in &clusters[1..] {
        assert!(text(&row[0]).starts_with("JQ-") && text(&row[1]).starts_with("operator"), "{row:?}");
        assert_eq!((row[2].to_string(), row[3].to_string()), ("4".to_owned(), "3".to_owned()));
        assert!(text(&row[6]).contains("手机号 13912345678（4个网站）"), "{row:?}");
    }
    let providers = rows("服务商");
    let of = |name: &str| providers.iter().find(|r| text(&r[1]) == name).unwrap_or_else(|| panic!("{name} in {providers:?}"));
    assert_eq!((text(&of("=某注册商有限公司")[0]), text(&of("=某注册商有限公司")[3])), ("01域名注册商", "abuse@registrar[.]example"));
    assert_eq!(of("=某注册商有限公司")[5].to_string(), "5");
    assert_eq!((text(&of("某CDN")[0]), of("某CDN")[5].to_string()), ("03CDN/防护", "1".to_owned()));
    assert_eq!(of("CHINANET")[5].to_string(), "4", "the network of a CDN's address is not the host's");

    let csv = csv_rows(run(dir, &["leads", "export", "--format", "csv"]).as_bytes());
    let column = |heading: &str| csv[0].iter().position(|h| h == heading).unwrap_or_else(|| panic!("{heading}"));
    let cell = |host: &str, heading: &str| {
        let row = csv.iter().find(|r| r[column("Punycode")] == host.replace('.', "[.]")).expect("a row");
        row[column(heading)].clone()
    };
    for (host, heading, want) in [
        (HOSTS[0], "集群网站数", "4"),
        (HOSTS[0], "是否≥3个(法释〔2019〕15号10(二))", "是"),
        (HOSTS[3], "集群编号", "无"),
        (HOSTS[3], "是否≥3个(法释〔2019〕15号10(二))", "否"),
        (HOSTS[0], "ASN", "AS4134"),
        (HOSTS[0], "服务器归属地", "500000 重庆重庆市"),
        (HOSTS[3], "服务器归属地", "未知（在 某CDN 之后）"),
        (HOSTS[3], "CDN(是/否)", "是：某CDN"),
        (HOSTS[0], "CDN(是/否)", "否"),
        (HOSTS[0], "注册商", "'=某注册商有限公司"),
        (HOSTS[0], "ICP备案号", "无"),
        (HOSTS[0], "时间戳时间", "无"),
        (HOSTS[0], "证书序列号", "无"),
    ] {
        assert_eq!(cell(host, heading), want, "{host} {heading}");
    }
    assert!(cell(HOSTS[0], "管辖建议").starts_with("2 重庆市") && cell(HOSTS[0], "理由").contains("服务器在本市"));
    assert!(cell(HOSTS[0], "注册人/邮箱哈希").contains("邮箱SHA256:") && !cell(HOSTS[0], "注册人/邮箱哈希").contains("someone0@"));

    let stix = json(dir, "stix");
    let objects = stix["objects"].as_array().expect("objects");
    let infrastructure = objects.iter().find(|o| o["type"] == "infrastructure").expect("the cluster");
    let pointing = objects.iter().filter(|o| o["target_ref"] == infrastructure["id"] && o["relationship_type"] == "indicates").count();
    assert_eq!(pointing, 3);
    assert!(!stix.to_string().contains(HOSTS[4]), "a lead that nobody approved is counted, never named");
    assert!(!stix.to_string().contains("13912345678"));
    let misp = json(dir, "misp");
    let objects = misp["Event"]["Object"].as_array().expect("objects");
    let kit = objects.iter().find(|o| o["name"] == "phishing-kit").expect("the cluster");
    let links =
        objects.iter().flat_map(|o| o["ObjectReference"].as_array().expect("links")).filter(|r| r["referenced_uuid"] == kit["uuid"]);
    assert_eq!(links.count(), 3);
    let drafts = run(dir, &["leads", "export", "--format", "abuse"]);
    assert!(drafts.contains("某CDN <abuse@cdn.example>") && drafts.contains("CHINANET"), "{drafts}");

    run(dir, &["report", "monthly", "2026-01", "-o", "form.xlsx"]);
    let form = crate::referral::sheets(&std::fs::read(dir.join("form.xlsx")).expect("read"));
    let waiting = form.iter().find(|(n, _)| n == "待确认服务商").map(|(_, rows)| rows.clone()).expect("a sheet");
    assert!(waiting.iter().any(|r| text(&r[0]) == "=某注册商有限公司" && r[2] == calamine::Data::Float(4.0)), "{waiting:?}");

    let made = run(dir, &["refer", "make", "--letter", "一号", "-o", "out"]);
    assert!(made.contains("SHA-256"));
    if let Some(python) = outside("docx") {
        let script = "import docx,sys; print('\\n'.join(p.text for p in docx.Document(sys.argv[1]).paragraphs))";
        let read = Command::new(python).args(["-c", script]).arg(file_ending(&dir.join("out"), "-letter.docx")).output().expect("runs");
        let letter = stdout(&read);
        for want in [
            "关联网站4个，其中复审通过3个，复审通过的已达三个以上",
            "手机号 13912345678（4个网站）",
            "建议，须人工确认",
            "服务器所在地：重庆重庆市（来源：ip2region 2024-02-28",
            "在 某CDN 之后，需向其调取源站地址",
        ] {
            assert!(letter.contains(want), "{want} in {letter}");
        }
        assert!(!letter.contains("new[.]example[.]info"), "{letter}");
    }
    for (file, end) in [("known-letter.pdf", ".pdf"), ("known-letter.docx", "-letter.docx")] {
        if let Ok(bytes) = std::fs::read_dir(dir.join("out")).map(|_| dir.join("out")).and_then(|out| {
            let found = std::fs::read_dir(out)?.flatten().map(|e| e.path()).find(|p| p.to_string_lossy().ends_with(end));
            std::fs::read(found.unwrap_or_default())
        }) {
            keep_to_look_at(file, &bytes);
        }
    }
    keep_to_look_at("known-list.xlsx", &std::fs::read(dir.join("list.xlsx")).expect("read"));
    keep_to_look_at("known-form.xlsx", &std::fs::read(dir.join("form.xlsx")).expect("read"));
    let again = run(dir, &["refer", "again", "一号", "-o", "second"]);
    assert!(again.contains("SHA-256"));
    let bytes = |folder: &str| std::fs::read(file_ending(&dir.join(folder), ".zip")).expect("read");
    assert!(bytes("out") == bytes("second"), "the same bytes with all that is known");
}

#[test]
fn a_changed_input_hands_out_the_package_that_was_kept() {
    let (dir, ids) = unit_with(&HOSTS[..1], &change);
    let dir = dir.path();
    approve(dir, &ids[0]);
    run(dir, &["refer", "make", "--letter", "一号", "-o", "out"]);
    let kept = std::fs::read_dir(dir.join("data/referrals")).expect("readable").flatten().next().expect("a folder").path();
    let input = std::fs::read_to_string(kept.join("referral.json")).expect("read");
    std::fs::write(kept.join("referral.json"), input.replace("某市应急管理局", "某县应急管理局")).expect("written");
    let ran = jianwei(dir, &["refer", "again", "一号", "-o", "second"]);
    assert!(matches!(ran.status.code(), Some(0 | 3)) && stderr(&ran).contains("原包"), "{}", stderr(&ran));
    let bytes = |folder: &str| std::fs::read(file_ending(&dir.join(folder), ".zip")).expect("read");
    assert!(bytes("out") == bytes("second"));
    std::fs::remove_file(file_ending(&kept, ".zip")).expect("removed");
    let ran = jianwei(dir, &["refer", "again", "一号", "-o", "third"]);
    assert_eq!(ran.status.code(), Some(1), "{}", stderr(&ran));
    assert!(std::fs::read_dir(dir.join("third")).expect("readable").flatten().next().is_none(), "nothing is written");
}

#[test]
fn the_authoritys_time_stands_in_list_and_letter() {
    let lab = Lab::start(None);
    let tsa = Authority::start(lab.address(250).into(), None);
    let sealing = jianwei::evidence::Settings {
        tsa: vec![jianwei::evidence::Tsa { url: tsa.url(), ca: tsa.root() }],
        ..jianwei::evidence::Settings::default()
    };
    let (dir, ids) = unit_sealed(&HOSTS[..1], &change, &sealing);
    let dir = dir.path();
    approve(dir, &ids[0]);
    let settings = std::fs::read_to_string(dir.join("jianwei.toml")).expect("read");
    let net = "[net]\nallow_private = [\"127.0.0.0/8\"]\n";
    let with = settings
        .replace("[evidence]\n", &format!("{net}[evidence]\ntsa = [{{ url = \"{}\", ca = \"{}\" }}]\n", tsa.url(), tsa.root().display()));
    std::fs::write(dir.join("jianwei.toml"), with).expect("written");
    let stamped = jianwei(dir, &["evidence", "stamp", "data/evidence"]);
    assert_eq!(stamped.status.code(), Some(0), "{}{}", stdout(&stamped), stderr(&stamped));
    let csv = csv_rows(run(dir, &["leads", "export", "--format", "csv"]).as_bytes());
    let at = csv[0].iter().position(|h| h == "时间戳时间").expect("a column");
    let time = csv[1][at].clone();
    assert!(time.len() >= 25 && time.ends_with("+08:00") && time.starts_with("20"), "{time}");
    run(dir, &["refer", "make", "--letter", "一号", "-o", "out"]);
    let Some(python) = outside("docx") else { return };
    let script = "import docx,sys; print('\\n'.join(c.text for t in docx.Document(sys.argv[1]).tables for r in t.rows for c in r.cells))";
    let read = Command::new(python).args(["-c", script]).arg(file_ending(&dir.join("out"), "-letter.docx")).output().expect("runs");
    let shown = time[..25].replace('T', " ").replace("+08:00", "");
    assert!(stdout(&read).contains(&shown) && stdout(&read).contains(".sha256.tsr"), "{shown} in {}", stdout(&read));
}

#[test]
fn a_month_is_typed_frozen_corrected_and_handed_in_on_the_command_line() {
    let (dir, ids) = unit_with(&HOSTS[..2], &change);
    let dir = dir.path();
    approve(dir, &ids[0]);
    // Approved on the third of January, whenever this test runs.
    let approved = "2026-01";
    let report = |arguments: &[&str]| jianwei(dir, &[&["report", "monthly", approved], arguments].concat());

    for (wrong, told) in [
        (["--set", "fake_sites=3"], "不能填写"),
        (["--set", "seller_fine=三千"], "不是以元为单位的数"),
        (["--opening", "notice=1"], "没有可累计的数"),
        (["--set", "nothing=1"], "report rows"),
        (["--set", "companies"], "行=值"),
    ] {
        let ran = report(&wrong);
        assert!(ran.status.code() == Some(2) && stderr(&ran).contains(told), "{wrong:?} {}", stderr(&ran));
    }
    let typed = report(&["--set", "companies=40", "--set", "seller_fine=2万元", "--opening", "fake_sites=7", "--freeze"]);
    assert_eq!(typed.status.code(), Some(0), "{}", stderr(&typed));
    let shown = stdout(&typed);
    assert!(shown.contains("发现假冒网站（家）：本月 1　累计 8") && shown.contains(&ids[0].0), "{shown}");
    assert!(shown.contains("行政罚款（元）：本月 20000　累计 20000") && shown.contains("第 1 版") && shown.contains("未报送"), "{shown}");
    let same = report(&["--freeze"]);
    assert!(stderr(&same).contains("与上一版本相同") && !stdout(&same).contains("第 2 版"), "{}", stderr(&same));
    let silent = report(&["--set", "companies=41", "--freeze"]);
    assert!(silent.status.code() == Some(2) && stderr(&silent).contains("--reason"), "{}", stderr(&silent));
    // The row was typed before the missing reason was seen; it waits for the version.
    let second = report(&["--freeze", "--reason", "漏报一家", "--handed-in", "-o", "form.json"]);
    assert_eq!(second.status.code(), Some(0), "{}", stderr(&second));
    let lines = stdout(&second);
    let corrections: Vec<&str> = lines.lines().filter(|l| l.starts_with("本版更正")).collect();
    assert_eq!(corrections.len(), 2, "this month and the total of one row: {lines}");
    assert!(corrections.iter().all(|l| l.contains("辖区内生产经营单位数量") && l.contains("40 → 41")), "{lines}");
    assert!(lines.contains("第 2 版") && lines.contains("已报送") && lines.contains("漏报一家"), "{lines}");
    let kept = std::fs::read(dir.join(format!("data/reports/{approved}-v2.json"))).expect("kept");
    assert_eq!(kept, std::fs::read(dir.join("form.json")).expect("written"), "the frozen file is the form");
    assert!(lines.contains(&jianwei::model::digest::Sha256::of(&kept).hex()), "{lines}");
}
