//! Tests of referral, from outside: the files are opened by the programs that the receivers use.

use calamine::{Data, Reader as _, Xlsx};
use jianwei::model::assessment::{Assessment, Class, Finding, Scores, Span, Verdict};
use jianwei::model::candidate::{Candidate, NameHit, Reason};
use jianwei::model::digest::{Sha256, Sm3};
use jianwei::model::host::Host;
use jianwei::model::lang::{Both, Lang};
use jianwei::model::lead::{Lead, LeadId, Move, PackageRef, State, Step};
use jianwei::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use jianwei::model::sighting::{Context, Sighting};
use jianwei::model::time::Timestamp;
use jianwei::referral::{Export, FORMATS, lead_json};
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

/// The columns that the unit's lead list has, in their order.
const HEADINGS: [&str; 56] = [
    "线索编号",
    "状态",
    "线索来源",
    "发现时间",
    "首次/末次抓取时间",
    "网址",
    "域名",
    "主域名",
    "Punycode",
    "网站标题",
    "仿冒对象",
    "仿冒类型",
    "相似度",
    "判定要点(前三项)",
    "评分规则版本",
    "收集的信息(姓名/身份证号/证号)",
    "虚假查询结果证据",
    "二维码/联系方式(QQ/微信/电话)",
    "收款方式",
    "IP",
    "端口",
    "ASN",
    "服务器归属地",
    "CDN(是/否)",
    "注册商",
    "注册时间",
    "注册人/邮箱哈希",
    "ICP备案号",
    "备案主体",
    "备案主体区划码",
    "NS",
    "证书序列号",
    "证书SHA256",
    "证书签发时间",
    "集群编号",
    "集群网站数",
    "是否≥3个(法释〔2019〕15号10(二))",
    "建议罪名线索",
    "管辖建议",
    "理由",
    "快照编号",
    "快照SHA256",
    "快照SM3",
    "时间戳时间",
    "初审人/时间",
    "复审人/时间",
    "移送单位",
    "移送文号",
    "移送时间",
    "接收回执号",
    "反馈时限",
    "反馈结果",
    "封堵状态",
    "最近复查时间",
    "封堵确认时间",
    "备注",
];

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::parse("2026-01-03T02:14:55.120Z").expect("a time").plus_millis(ms)
}

pub(crate) fn lead(host: &str, title: &str) -> Lead {
    let host = Host::parse(host).expect("a host");
    let sighting = |source: &str, context: Context| Sighting { seen: host.to_string(), source: source.into(), seen_at: at(0), context };
    let searched = Context { query: Some("电工证查询".into()), rank: Some(3), ..Context::default() };
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
    let finding = |signal: &str, points: i32, raw: &str| Finding {
        signal: signal.into(),
        class: Class::FakeQuery,
        points,
        why: Both::new(format!("依据 {signal} http://{host}/x"), format!("finding {signal} http://{host}/x")),
        span: Some(Span { raw: raw.into(), normalised: raw.into(), part: "text".into(), ..Span::default() }),
        evidence: "view/text.txt".into(),
    };
    let package = |n: i64| PackageRef {
        id: format!("EV-20260103T02145{n}Z-7f3a9c01"),
        path: format!("2026-01/EV-20260103T02145{n}Z-7f3a9c01"),
        manifest_sha256: Sha256::of(&n.to_le_bytes()),
        manifest_sm3: Sm3::of(&n.to_le_bytes()),
        captured_at: at(n * 1000),
        outcome: "captured".into(),
    };
    let resolution = Resolution {
        host: host.clone(),
        at: at(0),
        resolvers: vec!["system".into()],
        presence: Presence::Present,
        addresses: vec!["203.0.113.9".parse().expect("an address"), "2001:db8::1".parse().expect("an address")],
        answers: vec![DnsAnswer {
            question: "NS".into(),
            rcode: "NOERROR".into(),
            records: vec![DnsRecord { name: host.to_string(), rrtype: "NS".into(), ttl: 60, data: "ns1.dns.example.".into() }],
        }],
    };
    Lead {
        id: LeadId::of(&host, "cx.mem.gov.cn"),
        candidate: Candidate {
            host: host.clone(),
            url: format!("http://{host}/"),
            site: "cx.mem.gov.cn".into(),
            reasons: vec![
                Reason::Name(name),
                Reason::Search { site: "cx.mem.gov.cn".into(), engine: "search-lab".into(), query: "电工证查询".into(), rank: 3 },
            ],
            sightings: vec![sighting("names", Context::default()), sighting("search-lab", searched)],
            first_seen: at(-3_600_000),
            last_seen: at(0),
        },
        url: format!("https://{host}:8443/query?id=1"),
        title: title.into(),
        assessment: Assessment {
            not_looked_at: Vec::new(),
            class: Verdict::FakeQuery,
            site: "cx.mem.gov.cn".into(),
            scores: Scores { fake_query: 88, seller: 5, mirror: 40 },
            review: true,
            findings: vec![
                finding("official_title", 30, "t"),
                finding("form_fields", 15, "姓名、证件号码"),
                finding("contact_wechat", 5, "=wx12345"),
                finding("more", 1, "x"),
                finding("news", -9, "y"),
            ],
            rules: "00000000000000e1".into(),
            at: at(5),
        },
        resolution: Some(resolution),
        state: State::New,
        holder: None,
        history: Vec::new(),
        packages: vec![package(5), package(6)],
        opened_at: at(10),
    }
}

/// One lead through the whole life.
pub(crate) fn referred() -> Lead {
    let mut lead = lead("cx-mem-gov.example.top", "特种作业操作证查询");
    let letter = "渝应急函〔2026〕0012号".to_owned();
    let moves = [("甲", Move::Claim), ("甲", Move::Confirm), ("乙", Move::Approve), ("乙", Move::Refer { letter }), ("丙", Move::Block)];
    for (i, (by, what)) in (1..).zip(moves) {
        lead.apply(Step { at: at(i * 60_000), by: by.into(), what }).expect("a legal move");
    }
    lead
}

const HOSTILE: [&str; 9] = [
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(A1:A2)",
    "\t=1",
    "\r\n=cmd|' /C calc'!A0",
    "a\u{202E}b\0c\u{7}",
    "_x0041_ \"q\", 逗号\n换行",
    "＝1＋1",
];

#[test]
fn an_approval_taken_back_stands_in_no_list() {
    let mut lead = lead("cx-mem-gov.example.top", "特种作业操作证查询");
    let moves = [("甲", Move::Claim), ("甲", Move::Confirm), ("乙", Move::Approve), ("乙", Move::Undo)];
    for (i, (by, what)) in (1..).zip(moves) {
        lead.apply(Step { at: at(i * 1_000), by: by.into(), what }).expect("a legal move");
    }
    let rows = csv_rows(&export("csv", &[lead], Lang::Zh));
    assert!(rows[1][column("初审人/时间")].starts_with("甲 "), "{rows:?}");
    assert_eq!(rows[1][column("复审人/时间")], "");
}

fn hostile() -> Vec<Lead> {
    HOSTILE.iter().enumerate().map(|(i, title)| lead(&format!("h{i}.example.top"), title)).collect()
}

fn export(format: &str, leads: &[Lead], lang: Lang) -> Vec<u8> {
    let format = FORMATS.iter().find(|f| f.name == format).expect("a format");
    (format.write)(&Export { leads, lang, now: at(99), organisation: "某市网安支队" }).expect("written")
}

fn column(heading: &str) -> usize {
    HEADINGS.iter().position(|h| *h == heading).expect("a heading")
}

pub(crate) fn csv_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(bytes).expect("UTF-8").strip_prefix('\u{FEFF}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|r| r.expect("a record").iter().map(str::to_owned).collect()).collect()
}

pub(crate) fn sheets(bytes: &[u8]) -> Vec<(String, Vec<Vec<Data>>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.to_vec())).expect("a workbook");
    book.worksheets().into_iter().map(|(name, range)| (name, range.rows().map(<[Data]>::to_vec).collect())).collect()
}

pub(crate) fn text(cell: &Data) -> &str {
    match cell {
        Data::String(s) => s,
        Data::Empty => "",
        other => panic!("not text: {other:?}"),
    }
}

#[test]
fn the_csv_has_the_lists_columns_and_facts() {
    let rows = csv_rows(&export("csv", &[referred()], Lang::Zh));
    assert_eq!(rows[0], HEADINGS);
    let cell = |heading: &str| rows[1][column(heading)].as_str();
    for (heading, want) in [
        ("状态", "04已移送"),
        ("线索来源", "01搜索结果；02新注册域名"),
        ("发现时间", "2026-01-03T09:14:55+08:00"),
        ("网址", "hxxps://cx-mem-gov[.]example[.]top:8443/query?id=1"),
        ("域名", "cx-mem-gov[.]example[.]top"),
        ("主域名", "example[.]top"),
        ("仿冒对象", "cx.mem.gov.cn"),
        ("仿冒类型", "01查询页克隆"),
        ("相似度", "88"),
        ("评分规则版本", "00000000000000e1"),
        ("收集的信息(姓名/身份证号/证号)", "姓名、证件号码"),
        ("二维码/联系方式(QQ/微信/电话)", "'=wx12345"),
        ("IP", "203.0.113.9；2001:db8::1"),
        ("端口", "8443"),
        ("NS", "ns1[.]dns[.]example"),
        ("快照编号", "EV-20260103T021456Z-7f3a9c01"),
        ("首次/末次抓取时间", "2026-01-03T10:15:00+08:00 / 2026-01-03T10:15:01+08:00"),
        ("初审人/时间", "甲 2026-01-03T10:16:55+08:00"),
        ("复审人/时间", "乙 2026-01-03T10:17:55+08:00"),
        ("移送文号", "渝应急函〔2026〕0012号"),
        ("移送时间", "2026-01-03T10:18:55+08:00"),
        ("封堵状态", "2确认下线"),
        ("封堵确认时间", "2026-01-03T10:19:55+08:00"),
        ("ASN", "未查"),
        ("证书SHA256", "未查"),
        ("管辖建议", "未查"),
        ("集群网站数", "未查"),
    ] {
        assert_eq!(cell(heading), want, "{heading}");
    }
    let why = cell("判定要点(前三项)");
    assert!(
        why.starts_with("1. 依据 official_title hxxp://") && why.contains("3. ") && !why.contains("more") && !why.contains("http://"),
        "{why}"
    );
}

#[test]
fn the_csv_is_for_office_programs_and_runs_nothing() {
    let bytes = export("csv", &hostile(), Lang::Zh);
    let raw = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert_eq!(raw.matches('\n').count(), raw.matches("\r\n").count());
    assert_eq!(raw.matches("\r\n").count(), HOSTILE.len() + 1, "one line a lead, so that line tools work too");
    let rows = csv_rows(&bytes);
    assert_eq!(rows.len(), HOSTILE.len() + 1);
    for row in &rows {
        assert_eq!(row.len(), HEADINGS.len());
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell:?}");
            assert!(!cell.contains("http://") && !cell.chars().any(char::is_control), "{cell:?}");
        }
    }
    assert_eq!(rows[3][column("网站标题")], "'-2+3");
}

#[test]
fn the_workbook_has_list_dictionary_and_hashes_as_text_and_numbers() {
    let leads = [referred(), lead("证书查询.example", "标题")];
    let sheets = sheets(&export("xlsx", &leads, Lang::Zh));
    let names: Vec<&str> = sheets.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["线索台账", "集群", "校验值", "服务商", "数据字典"]);
    let (list, dictionary, hashes) = (&sheets[0].1, &sheets[4].1, &sheets[2].1);
    assert_eq!(text(&sheets[1].1[1][0]), "未查");
    assert_eq!(sheets[3].1[1].iter().map(ToString::to_string).collect::<Vec<_>>()[..4], ["02DNS托管", "dns[.]example", "", ""]);
    assert_eq!((text(&sheets[3].1[1][4]), &sheets[3].1[1][5]), ("抓取时的 DNS 应答", &Data::Float(2.0)));
    assert_eq!(list[0].iter().map(text).collect::<Vec<_>>(), HEADINGS);
    assert_eq!(list.len(), 3);
    assert_eq!(list[1][column("相似度")], Data::Float(88.0));
    assert_eq!(text(&list[1][column("评分规则版本")]), "00000000000000e1");
    assert_eq!(text(&list[2][column("域名")]), "证书查询[.]example");
    assert!(text(&list[2][column("Punycode")]).starts_with("xn--"));
    let explained = |sheet: &str| dictionary[1..].iter().filter(|r| text(&r[0]) == sheet).map(|r| text(&r[1])).collect::<Vec<_>>();
    assert_eq!(explained("线索台账"), HEADINGS);
    for (name, rows) in &sheets[1..4] {
        assert_eq!(explained(name), rows[0].iter().map(text).collect::<Vec<_>>(), "every column of every sheet is explained");
    }
    assert!(dictionary[1..].iter().all(|r| !text(&r[2]).is_empty() && !text(&r[3]).is_empty()));
    assert_eq!(hashes.len(), 5, "two packages a lead");
    assert_eq!(text(&hashes[1][3]), leads[0].packages[0].manifest_sha256.hex());
    assert_eq!(text(&hashes[1][4]), leads[0].packages[0].manifest_sm3.hex());
}

#[test]
fn hostile_titles_stay_text_in_the_workbook() {
    let sheets = sheets(&export("xlsx", &hostile(), Lang::Zh));
    let titles: Vec<&str> = sheets[0].1[1..].iter().map(|r| text(&r[column("网站标题")])).collect();
    assert_eq!(titles[0], "=HYPERLINK(\"hxxp://evil[.]example\",\"x\")");
    assert_eq!(titles[1], "+1+1");
    assert_eq!(titles[6], "abc");
    assert_eq!(titles[7], "_x0041_ \"q\", 逗号 换行");
}

#[test]
fn headings_codes_and_sheets_have_english_for_english_readers() {
    let sheets = sheets(&export("xlsx", &[referred()], Lang::En));
    assert_eq!(sheets.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["Leads", "Clusters", "Hashes", "Providers", "Data dictionary"]);
    assert!(sheets.iter().all(|(_, rows)| rows[0].iter().all(|h| text(h).is_ascii())));
    assert!(text(&sheets[0].1[1][column("判定要点(前三项)")]).starts_with("1. finding official_title"));
}

#[test]
fn the_same_leads_give_the_same_bytes() {
    for format in FORMATS {
        assert_eq!(export(format.name, &hostile(), Lang::Zh), export(format.name, &hostile(), Lang::Zh), "{}", format.name);
    }
}

#[test]
fn no_leads_and_an_endless_title_are_both_written() {
    assert_eq!(csv_rows(&export("csv", &[], Lang::Zh)).len(), 1);
    assert_eq!(sheets(&export("xlsx", &[], Lang::Zh))[0].1.len(), 1);
    assert!(export("json", &[], Lang::Zh).is_empty());
    let long = [lead("a.example.top", &"证".repeat(100_000))];
    let title = sheets(&export("xlsx", &long, Lang::Zh))[0].1[1][column("网站标题")].clone();
    assert_eq!(text(&title).chars().count(), 32_767);
}

#[test]
fn json_is_one_lead_a_line_with_names_as_they_are() {
    let leads = [referred(), lead("h.example.top", "a\nb \"c\"")];
    let bytes = export("json", &leads, Lang::Zh);
    let lines: Vec<serde_json::Value> =
        std::str::from_utf8(&bytes).expect("UTF-8").lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], lead_json(&leads[1], Lang::Zh));
    let first = &lines[0];
    assert_eq!(first["schema"], "lead/1");
    assert_eq!(first["state"], "blocked");
    assert_eq!(first["host"], "cx-mem-gov.example.top");
    assert_eq!(first["class"], "fake_query");
    assert_eq!(first["scores"]["fake_query"], 88);
    assert_eq!(first["findings"][0]["points"], 30);
    assert_eq!(first["findings"][1]["span"], "姓名、证件号码");
    assert_eq!(first["packages"][1]["manifest_sm3"], leads[0].packages[1].manifest_sm3.hex());
    assert_eq!(first["sources"][1]["query"], "电工证查询");
    assert_eq!(first["history"].as_array().expect("a list").len(), 5);
    let english = lead_json(&leads[0], Lang::En);
    assert_eq!(english["reasons"][0]["why"], "dots became hyphens");
    let keys = |v: &serde_json::Value| v.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&english), keys(first), "field names do not change with the language");
}

#[test]
fn where_a_name_came_from_is_told_by_its_source_and_reporter() {
    let code = |source: &str, reporter: Option<&str>| {
        let mut lead = lead("a.example.top", "t");
        lead.candidate.reasons.clear();
        lead.candidate.sightings.truncate(1);
        lead.candidate.sightings[0].source = source.into();
        lead.candidate.sightings[0].context.reporter = reporter.map(str::to_owned);
        csv_rows(&export("csv", &[lead], Lang::Zh))[1][column("线索来源")].clone()
    };
    for (source, reporter, want) in [
        ("zone-top", None, "02新注册域名"),
        ("permutations", None, "02新注册域名"),
        ("ct:oak", None, "03证书透明"),
        ("sector", None, "02新注册域名"),
        ("tip", Some("12350 热线"), "04举报12350"),
        ("tip", Some("110"), "05举报110"),
        ("tip", Some("市局交办"), "07上级交办"),
        ("tip", Some("群众"), "09其他举报"),
    ] {
        assert_eq!(code(source, reporter), want, "{source} {reporter:?}");
    }
}

#[test]
fn who_reported_a_site_never_leaves_the_unit() {
    let mut reported = lead("a.example.top", "t");
    reported.candidate.sightings[0].context.reporter = Some("群众王某".into());
    reported.candidate.reasons.push(Reason::Report { by: "群众王某".into() });
    for format in FORMATS.iter().filter(|f| f.text) {
        let bytes = export(format.name, std::slice::from_ref(&reported), Lang::Zh);
        assert!(!String::from_utf8(bytes).expect("UTF-8").contains("王某"), "{}", format.name);
    }
    let book = sheets(&export("xlsx", &[reported], Lang::Zh));
    assert!(book.iter().flat_map(|(_, rows)| rows.iter().flatten()).all(|c| !c.to_string().contains("王某")));
}

fn saved(bytes: &[u8], name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

#[test]
fn openpyxl_reads_text_and_numbers_a_frozen_header_and_no_links() {
    let there = Command::new("python3").args(["-c", "import openpyxl"]).output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: python3 has no openpyxl");
        return;
    }
    let (_folder, path) = saved(&export("xlsx", &hostile(), Lang::Zh), "leads.xlsx");
    crate::referral_paper::keep_to_look_at("leads.xlsx", &std::fs::read(&path).expect("read"));
    let script = r#"
import openpyxl, sys, json
book = openpyxl.load_workbook(sys.argv[1])
out = {"sheets": book.sheetnames, "types": sorted({c.data_type for s in book for r in s.iter_rows() for c in r}),
       "links": sum(len(s._hyperlinks) for s in book), "created": book.properties.created.isoformat(), "sheet": []}
for s in book:
    widths = [s.column_dimensions[openpyxl.utils.get_column_letter(i + 1)].width for i in range(s.max_column)]
    out["sheet"].append({"freeze": s.freeze_panes, "filter": s.auto_filter.ref, "landscape": s.page_setup.orientation, "paper": s.page_setup.paperSize,
        "fit": [bool(s.sheet_properties.pageSetUpPr and s.sheet_properties.pageSetUpPr.fitToPage), s.page_setup.fitToHeight], "repeat": s.print_title_rows, "name": s.title, "scale": s.page_setup.scale, "columns": s.print_title_cols, "breaks": len(s.col_breaks.brk), "narrow": min(widths), "rows": s.max_row})
out["titles"] = [r[9].value for r in book.worksheets[0].iter_rows(min_row=2)]
print(json.dumps(out))
"#;
    let ran = Command::new("python3").args(["-c", script]).arg(&path).output().expect("python runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(said["types"], serde_json::json!(["n", "s"]), "no formula, no error, no date");
    assert_eq!(said["links"], 0);
    assert_eq!(said["created"], "2026-01-03T02:14:55");
    for sheet in said["sheet"].as_array().expect("sheets") {
        let wide = sheet["breaks"].as_u64().is_some_and(|n| n > 0);
        assert_eq!(sheet["freeze"], if wide { "B2" } else { "A2" });
        assert!(sheet["filter"].as_str().is_some_and(|f| f.starts_with("A1:")), "{sheet}");
        assert_eq!((&sheet["landscape"], &sheet["paper"]), (&"landscape".into(), &9.into()));
        if wide {
            assert_eq!((&sheet["scale"], &sheet["columns"]), (&75.into(), &"$A:$A".into()), "a size that can be read, over several pages");
            assert!(sheet["breaks"].as_u64().is_some_and(|n| n <= 14), "{sheet}");
        } else {
            assert_eq!(sheet["fit"], serde_json::json!([true, 0]));
        }
        assert_eq!(sheet["repeat"], "$1:$1");
        assert!(sheet["narrow"].as_f64().is_some_and(|w| w >= 8.0), "{sheet}");
    }
    assert_eq!(said["titles"][1], "+1+1");
    assert_eq!(said["titles"][7], "_x0041_ \"q\", 逗号 换行");
}

#[test]
fn libreoffice_opens_workbook_and_csv_and_runs_nothing() {
    let convert = |path: &Path, to: &str, out: &Path| {
        let profile = format!("-env:UserInstallation=file://{}", out.join("profile").display());
        Command::new("soffice").args(["--headless", &profile, "--convert-to", to, "--outdir"]).arg(out).arg(path).output()
    };
    let (folder, path) = saved(&export("xlsx", &hostile(), Lang::Zh), "leads.xlsx");
    let ran = match convert(&path, "csv:Text - txt - csv (StarCalc):44,34,76,1", folder.path()) {
        Ok(ran) if ran.status.success() => ran,
        _ => return eprintln!("skipped: soffice is not here"),
    };
    let Ok(text) = std::fs::read_to_string(folder.path().join("leads.csv")) else {
        return eprintln!("skipped: soffice wrote nothing: {}", String::from_utf8_lossy(&ran.stderr));
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a record")).collect();
    assert_eq!(rows.len(), HOSTILE.len() + 1);
    assert_eq!(rows[0].iter().collect::<Vec<_>>(), HEADINGS);
    assert_eq!(&rows[1][column("网站标题")], "=HYPERLINK(\"hxxp://evil[.]example\",\"x\")");
    assert_eq!(&rows[2][column("网站标题")], "+1+1");
    assert_eq!(&rows[1][column("相似度")], "88");
    let (folder, path) = saved(&export("csv", &hostile(), Lang::Zh), "plain.csv");
    convert(&path, "xlsx", folder.path()).expect("soffice runs");
    let book = sheets(&std::fs::read(folder.path().join("plain.xlsx")).expect("a workbook"));
    let titles: Vec<String> = book[0].1[1..].iter().map(|r| r[column("网站标题")].to_string()).collect();
    assert_eq!(titles[1], "'+1+1");
    assert!(titles[0].starts_with("'=HYPERLINK"), "{titles:?}");
}
