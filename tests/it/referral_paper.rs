//! Letters and packages as they leave: made by the real program from real evidence, opened by the programs of those who receive them.

use crate::cli::{jianwei, stderr, stdout};
use crate::referral::{at, lead};
use crate::referral_exchange::outside;
use jianwei::evidence;
use jianwei::model::capture::{Capture, Hop, Outcome};
use jianwei::model::dossier::{Dossier, Facts};
use jianwei::model::lead::{Lead, LeadId, Move, State};
use jianwei::model::page::Page;
use jianwei::records::{Filter, Records};
use jianwei::referral::{self, LETTER_FIELDS};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with settings, evidence of these hosts, and leads made from it.
fn unit(hosts: &[&str]) -> (tempfile::TempDir, Vec<LeadId>) {
    unit_with(hosts, &|_, _| {})
}

/// The same, each dossier changed before it is sealed.
pub(crate) fn unit_with(hosts: &[&str], change: &dyn Fn(usize, &mut Dossier)) -> (tempfile::TempDir, Vec<LeadId>) {
    unit_sealed(hosts, change, &evidence::Settings::default())
}

/// The same, sealed under these settings.
pub(crate) fn unit_sealed(
    hosts: &[&str],
    change: &dyn Fn(usize, &mut Dossier),
    sealing: &evidence::Settings,
) -> (tempfile::TempDir, Vec<LeadId>) {
    let dir = tempfile::tempdir().expect("a folder");
    let settings = "[data]\ndir = \"data\"\n[evidence]\norganisation = \"某市应急管理局\"\nofficers = [\"张三\", \"李四\"]\n[referral]\nperson = \"王五\"\nphone = \"023-12345678\"\nto = \"某市公安局网络安全保卫支队\"\n";
    std::fs::write(dir.path().join("jianwei.toml"), settings).expect("written");
    for (i, host) in (0..).zip(hosts) {
        let made = lead(host, "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台（国家安全生产考试）");
        let url = format!("http://{host}/");
        let html = format!("<html><title>{}</title><body>姓名 证件号码</body></html>", made.title);
        let mut hop = Hop::begun(0, url.clone(), at(i * 1000));
        hop.request_head = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        hop.response_head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        hop.status = Some(200);
        hop.wire_body = html.clone().into_bytes();
        hop.body = html.clone().into_bytes();
        hop.wire_bytes = html.len() as u64;
        let page = Page { title: made.title.clone(), html, ..Page::default() };
        let capture = Capture {
            requested_url: url.clone(),
            final_url: Some(url),
            variant: "desktop".into(),
            started_at: at(i * 1000),
            ended_at: at(i * 1000 + 500),
            outcome: Outcome::Captured,
            hops: vec![hop],
            page: Some(page),
            kept: vec![],
            browser: None,
        };
        let mut dossier =
            Dossier { candidate: made.candidate, resolution: made.resolution, captures: vec![capture], facts: Facts::default() };
        change(usize::try_from(i).expect("few hosts"), &mut dossier);
        evidence::seal(&dir.path().join("data/evidence"), &dossier, &made.assessment, sealing).expect("sealed");
    }
    let listed = jianwei(dir.path(), &["leads", "list", "--json"]);
    assert_eq!(listed.status.code(), Some(0), "{}", stderr(&listed));
    let ids = hosts.iter().map(|h| lead(h, "").id).collect();
    (dir, ids)
}

pub(crate) fn decide(dir: &Path, id: &LeadId, moves: &[(&str, Move)]) {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("opens");
    for (by, what) in moves {
        records.decide(id, what.clone(), by, at(100_000)).expect("legal");
    }
}

pub(crate) fn approve(dir: &Path, id: &LeadId) {
    decide(dir, id, &[("甲", Move::Claim), ("甲", Move::Confirm), ("乙", Move::Approve)]);
}

fn states(dir: &Path) -> Vec<State> {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("opens");
    records.leads(&Filter::default()).expect("read").into_iter().map(|l: Lead| l.state).collect()
}

pub(crate) fn soffice() -> bool {
    Command::new("soffice").arg("--version").output().is_ok_and(|o| o.status.success())
}

pub(crate) fn file_ending(dir: &Path, end: &str) -> PathBuf {
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir).expect("readable").flatten().map(|e| e.path()).collect();
    all.retain(|p| p.to_string_lossy().ends_with(end));
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// Keeps a file for a person who wants to look at the pages: only where the folder `target/paper` was made for it.
pub(crate) fn keep_to_look_at(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/paper");
    if folder.is_dir() {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
}

/// The programs of a receiver's machine: a shell, coreutils, unzip, openssl, and nothing else.
fn bare_machine() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let coreutils =
        ["basename", "cat", "comm", "cut", "dirname", "echo", "head", "mkdir", "mktemp", "rm", "sha256sum", "sort", "tail", "wc"];
    for name in coreutils.into_iter().chain(["sh", "unzip", "openssl"]) {
        let found = ["/usr/bin", "/bin"].map(|d| Path::new(d).join(name)).into_iter().find(|p| p.exists());
        std::os::unix::fs::symlink(found.unwrap_or_else(|| panic!("{name} is not here")), dir.path().join(name)).expect("linked");
    }
    dir
}

const LETTER: &str = "渝应急函[2026]12号";

#[test]
fn a_letter_goes_out_with_its_package_which_verifies_without_us_and_is_the_same_when_made_again() {
    let (dir, ids) = unit(&["cx-mem-gov.example.top", "证书查询.example"]);
    ids.iter().for_each(|id| approve(dir.path(), id));
    let out = dir.path().join("out");
    let ran = jianwei(dir.path(), &["refer", "make", "--letter", LETTER, "-o", "out", "--by", "丙"]);
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", stderr(&ran));
    assert!(states(dir.path()).iter().all(|s| *s == State::Referred));
    let zip = file_ending(&out, ".zip");
    let sum = jianwei::model::digest::Sha256::of(&std::fs::read(&zip).expect("read")).hex();
    assert!(stdout(&ran).contains(&sum));
    let custody = jianwei(dir.path(), &["evidence", "custody", "--json"]);
    let exported: Vec<serde_json::Value> = stdout(&custody).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert!(exported.len() >= ids.len(), "{exported:?}");
    for line in exported {
        assert!(line["what"] == "exported" && line["who"] == "丙" && line["detail"]["zip_sha256"] == sum.as_str(), "{line}");
    }
    let name = zip.file_stem().expect("a name").to_string_lossy().into_owned();

    // The command of the letter, on a machine that has only common tools.
    let command = referral::verify_command(&name, &jianwei::model::digest::Sha256::parse(&sum).expect("a hash"));
    if let Some(python) = outside("docx") {
        let script = "import docx,sys; d=docx.Document(sys.argv[1]); print('\\n'.join(p.text for p in d.paragraphs)); print('\\n'.join(c.text for t in d.tables for r in t.rows for c in r.cells))";
        let read = Command::new(python).args(["-c", script]).arg(file_ending(&out, "-letter.docx")).output().expect("runs");
        let text = stdout(&read);
        for want in [
            "渝应急函〔2026〕12号",
            "某市公安局网络安全保卫支队：",
            &sum,
            &command,
            "cx-mem-gov[.]example[.]top",
            "王五",
            "张三",
            "2026年",
            "未查",
            "移　送　回　执",
        ] {
            assert!(text.contains(want), "{want} in {text} {}", stderr(&read));
        }
        assert!(!text.contains("{{") && !text.contains("http://"), "{text}");
    }
    let tools = bare_machine();
    let shell = |dir: &Path| {
        Command::new("/bin/sh").args(["-c", &command]).current_dir(dir).env_clear().env("PATH", tools.path()).output().expect("runs")
    };
    let verified = shell(&out);
    assert_eq!(verified.status.code(), Some(0), "{} {}", stdout(&verified), stderr(&verified));
    assert!(!stdout(&verified).contains("略过") && stderr(&verified).is_empty(), "{} {}", stdout(&verified), stderr(&verified));
    assert!(stdout(&verified).contains("全部通过") && stdout(&verified).matches("证据包 EV-").count() == 2, "{}", stdout(&verified));

    let ran = jianwei(dir.path(), &["refer", "again", LETTER, "-o", "second"]);
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", stderr(&ran));
    let second = dir.path().join("second");
    for end in [".zip", ".docx"] {
        let same = std::fs::read(file_ending(&out, end)).expect("read") == std::fs::read(file_ending(&second, end)).expect("read");
        assert!(same, "{end} is not the same when made again");
    }

    // One byte changed: the hash, and the program inside, both say no.
    let mut bytes = std::fs::read(&zip).expect("read");
    let at = bytes.windows(12).position(|w| w == "WARC/1.1\r\nWA".as_bytes()).unwrap_or(bytes.len() / 2);
    bytes[at] ^= 1;
    std::fs::write(&zip, bytes).expect("written");
    assert_ne!(shell(&out).status.code(), Some(0));
    let alone = Command::new("sh")
        .args(["-c", &format!("unzip -p {name}.zip verify.sh | sh -s {name}.zip")])
        .env("PATH", tools.path())
        .current_dir(&out)
        .output()
        .expect("runs");
    assert_eq!(alone.status.code(), Some(1), "{}", stdout(&alone));
    assert!(stdout(&alone).contains("不通过"));

    // Receipt and feedback are entered and counted; the list tells them.
    for arguments in [
        &["refer", "receipt", LETTER, "--number", "受案1号", "--unit", "网安支队", "--answer-by", "2026-02-01"][..],
        &["refer", "feedback", LETTER, "--told", "case_opened", "--note", "已立案", "--on", "2026-01-20"],
        &["refer", "feedback", LETTER, "--told", "persons", "--count", "3", "--lead", &ids[0].0],
    ] {
        let ran = jianwei(dir.path(), arguments);
        assert_eq!(ran.status.code(), Some(0), "{arguments:?} {}", stderr(&ran));
    }
    assert_eq!(jianwei(dir.path(), &["refer", "feedback", "别的函", "--told", "persons"]).status.code(), Some(1));
    let listed: serde_json::Value = serde_json::from_str(&stdout(&jianwei(dir.path(), &["refer", "list", "--json"]))).expect("JSON");
    assert_eq!(listed["counts"], serde_json::json!([["case_opened", 1], ["persons", 3]]));
    let csv = stdout(&jianwei(dir.path(), &["leads", "export", "--format", "csv"]));
    assert!(csv.contains("06已立案") && csv.contains("受案1号") && csv.contains("2026-01-20 立案1（已立案）"), "{csv}");

    // All of it is in the journal: a rebuilt store has the same.
    let before = stdout(&jianwei(dir.path(), &["refer", "list", "--json"]));
    assert_eq!(jianwei(dir.path(), &["records", "rebuild"]).status.code(), Some(0));
    assert_eq!(stdout(&jianwei(dir.path(), &["refer", "list", "--json"])), before);
    assert!(states(dir.path()).iter().all(|s| *s == State::Referred));
}

#[test]
fn an_unapproved_dismissed_official_or_allowed_lead_stops_the_whole_selection() {
    let hosts = ["a.example.top", "b.example.top", "c.example.top", "cx.mem.gov.cn", "d.example.top"];
    let (dir, ids) = unit(&hosts);
    for i in [0, 1, 3, 4] {
        approve(dir.path(), &ids[i]);
    }
    decide(dir.path(), &ids[1], &[("丙", Move::Dismiss { reason: "误报".into() })]);
    assert_eq!(jianwei(dir.path(), &["allow", "add", hosts[4], "--reason", "培训学校"]).status.code(), Some(0));
    let journal = || std::fs::read(dir.path().join("data/journal.jsonl")).expect("read");
    let before = journal();
    for (i, rule) in [(1, "dismissed"), (2, "not_approved"), (3, "official_host"), (4, "allow_list")] {
        for arguments in [
            &["refer", "make", "--letter", "一号", "-o", "out", "--lead", hosts[0], "--lead", hosts[i]][..],
            &["leads", "export", "--format", "stix", "-o", "out.json", "--lead", hosts[0], "--lead", hosts[i]],
            &["leads", "export", "--format", "hosts", "-o", "out.txt", "--lead", hosts[i]],
        ] {
            let ran = jianwei(dir.path(), arguments);
            assert_eq!(ran.status.code(), Some(1), "{arguments:?} {}", stderr(&ran));
            assert!(stderr(&ran).contains(rule) && stderr(&ran).contains(&hosts[i].replace('.', "[.]")), "{}", stderr(&ran));
            assert!(!stderr(&ran).contains(&hosts[0].replace('.', "[.]")), "{}", stderr(&ran));
        }
    }
    for written in ["out", "out.json", "out.txt", "data/referrals"] {
        assert!(!dir.path().join(written).exists(), "{written} was written");
    }
    assert_eq!(journal(), before);
    let list = jianwei(dir.path(), &["leads", "export", "--format", "csv", "-o", "list.csv"]);
    assert_eq!(list.status.code(), Some(1), "an official host is no suspect in a plain list either");
    assert!(stderr(&list).contains("official_host") && !dir.path().join("list.csv").exists());
}

#[test]
fn a_units_own_template_is_used_and_a_wrong_one_is_told_by_field() {
    let (dir, ids) = unit(&["a.example.top"]);
    approve(dir.path(), &ids[0]);
    let listed = jianwei(dir.path(), &["refer", "template", "-o", "own.docx"]);
    assert_eq!(stdout(&listed).lines().count(), LETTER_FIELDS.len());
    assert_eq!(jianwei(dir.path(), &["refer", "check", "own.docx"]).status.code(), Some(0));
    let Some(python) = outside("docx") else { return };
    let change = |from: &str, to: &str, name: &str| {
        let script = "import docx,sys\nd=docx.Document(sys.argv[1])\nfor p in d.paragraphs:\n  if sys.argv[2] in p.text:\n    t=p.text.replace(sys.argv[2],sys.argv[3]); [setattr(r,'text','') for r in p.runs]; p.runs[0].text=t[:4]; p.add_run(t[4:])\nd.save(sys.argv[4])";
        let ran = Command::new(&python).args(["-c", script, "own.docx", from, to, name]).current_dir(dir.path()).output().expect("runs");
        assert!(ran.status.success(), "{}", stderr(&ran));
    };
    change("{{文号}}", "{{文好}}", "wrong.docx");
    let wrong = jianwei(dir.path(), &["refer", "check", "wrong.docx"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("不认识的字段：文好") && stderr(&wrong).contains("缺少的字段：文号"), "{}", stderr(&wrong));
    let refused = jianwei(dir.path(), &["refer", "make", "--letter", "一号", "--template", "wrong.docx", "-o", "out"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert_eq!(states(dir.path()), [State::Approved]);
    change("现将我单位发现的", "本单位模板：{{发文单位}}发现", "mine.docx");
    let made = jianwei(dir.path(), &["refer", "make", "--letter", "一号", "--template", "mine.docx", "-o", "out", "--draft"]);
    assert!(matches!(made.status.code(), Some(0 | 3)), "{}", stderr(&made));
    assert_eq!(states(dir.path()), [State::Approved], "a draft records nothing");
    let script = "import docx,sys; print('\\n'.join(p.text for p in docx.Document(sys.argv[1]).paragraphs))";
    let read = Command::new(&python).args(["-c", script]).arg(file_ending(&dir.path().join("out"), ".docx")).output().expect("runs");
    assert!(stdout(&read).contains("本单位模板：某市应急管理局发现"), "{}", stdout(&read));
}

#[test]
fn the_pdf_is_a4_with_embedded_fonts_and_neither_poppler_nor_qpdf_complains() {
    if !soffice() {
        return eprintln!("skipped: soffice is not here");
    }
    let (dir, ids) = unit(&["cx-mem-gov-cn-tezhongzuoye-chaxun.example.top", "证书查询.example"]);
    ids.iter().for_each(|id| approve(dir.path(), id));
    let made = jianwei(dir.path(), &["refer", "make", "--letter", LETTER, "-o", "out", "--draft"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let pdf = file_ending(&dir.path().join("out"), ".pdf");
    let inventory = std::fs::read_dir(dir.path().join("data/evidence")).expect("months").flatten().map(|m| m.path());
    let inventory = inventory.filter(|m| m.is_dir()).flat_map(|m| std::fs::read_dir(m).expect("packages").flatten()).next();
    if let Some(package) = inventory {
        keep_to_look_at("inventory.xlsx", &std::fs::read(package.path().join("doc/电子数据提取固定清单.xlsx")).expect("read"));
    }
    keep_to_look_at("letter.pdf", &std::fs::read(&pdf).expect("read"));
    let tool = |name: &str, arguments: &[&str]| match Command::new(name).args(arguments).arg(&pdf).output() {
        Ok(ran) => {
            assert!(ran.status.success() && ran.stderr.is_empty(), "{name}: {}", stderr(&ran));
            Some(stdout(&ran))
        }
        Err(_) => {
            eprintln!("skipped: {name} is not here");
            None
        }
    };
    if let Some(said) = tool("qpdf", &["--check"]) {
        assert!(said.contains("No syntax or stream encoding errors") && !said.to_lowercase().contains("warning"), "{said}");
    }
    if let Some(said) = tool("pdfinfo", &[]) {
        assert!(said.contains("(A4)"), "{said}");
    }
    if let Some(said) = tool("pdffonts", &[]) {
        for font in said.lines().skip(2) {
            let columns: Vec<&str> = font.split_whitespace().collect();
            let embedded = columns[columns.len() - 5];
            assert_eq!(embedded, "yes", "{said}");
        }
        assert!(said.lines().count() > 2, "{said}");
    }
}
