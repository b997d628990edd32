//! Other people's tools on our packages: warcio, py-wacz, openpyxl, LibreOffice, ReplayWeb.page in a browser. Each says `skipped` where it is not installed.

use super::lot::{assessment_of, at, later, page_visit, rich, settings};
use super::{dossier, failing, records, sealed, sealed_on, warc_of};
use jianwei::evidence::{self, Attachment, Attended, Occasion, Step};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

fn has_module(name: &str) -> bool {
    let there = Command::new("python3").args(["-c", &format!("import {name}")]).output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: python3 has no {name}");
    }
    there
}

#[test]
fn warcio_passes_every_record_with_both_digests_present() {
    if !has_module("warcio") {
        return;
    }
    let (_root, folder, _) = sealed(&rich());
    let warc = warc_of(&folder);
    let path = folder.join("data.warc.gz");
    fs::write(&path, &warc).expect("written");
    let count = records(&warc).len();
    let cli = |args: &[&str]| Command::new("python3").args(["-m", "warcio.cli"]).args(args).arg(&path).output().expect("python runs");
    let checked = cli(&["check", "-v"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    assert_eq!(said.matches("digest pass").count(), count, "{said}");
    assert!(!said.contains("no digest") && !said.contains("not checked"), "{said}");
    let index = cli(&["index", "-f", "warc-type,warc-target-uri,http:status"]);
    let said = String::from_utf8_lossy(&index.stdout).into_owned();
    assert!(index.status.success(), "{}", String::from_utf8_lossy(&index.stderr));
    assert_eq!(said.lines().count(), count, "{said}");
    assert!(said.contains("dns:cx-mem-gov.example") && said.contains("urn:tls:cx-mem-gov.example") && said.contains("\"302\""), "{said}");
}

#[test]
fn py_wacz_calls_every_package_valid() {
    if !has_module("wacz") {
        return;
    }
    for dossier in
        [rich(), dossier(vec![page_visit()]), dossier(vec![super::visit(Vec::new(), jianwei::model::capture::Outcome::NoSuchHost)])]
    {
        let (_root, folder, _) = sealed(&dossier);
        let wacz = |path: &Path| {
            let program = "import sys; from wacz.main import main; sys.exit(main(['validate', '-f', sys.argv[1]]))";
            let out = Command::new("python3").args(["-c", program]).arg(path).output().expect("python runs");
            (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
        };
        let (good, said) = wacz(&folder.join("capture.wacz"));
        assert!(good && said.contains("valid"), "{said}");
        let mut parts = super::parts(&fs::read(folder.join("capture.wacz")).expect("a WACZ"));
        *parts[0].1.last_mut().expect("bytes") ^= 1;
        let hurt = folder.with_file_name("hurt.wacz");
        fs::write(&hurt, super::zipped(&parts)).expect("written");
        assert!(!wacz(&hurt).0, "it does look");
    }
}

/// A capture before two officers, with a film and a screenshot that other rooms would bring.
fn attended() -> (tempfile::TempDir, PathBuf) {
    let dossier = later(rich(), 0);
    let attach = |path: &str, media_type, role, uri: Option<&str>| Attachment {
        path: path.into(),
        bytes: path.as_bytes().to_vec(),
        media_type,
        role,
        at: at(2_000),
        uri: uri.map(str::to_owned),
    };
    let occasion = Occasion {
        attended: Some(Attended {
            officers: vec!["张三<甲>".into(), "李四".into()],
            reason: "涉嫌假冒 & 仿冒".into(),
            place: String::new(),
            witness: String::new(),
            steps: vec![Step { at: at(-100), what: "打开网址".into() }],
        }),
        attachments: vec![
            attach("view/full.png", "image/png", "整页截图", Some("urn:screenshot:https://cx-mem-gov.example/q")),
            attach("video/screencast.avi", "video/x-msvideo", "同步录像", None),
        ],
    };
    let (root, folder, _) = sealed_on(&dossier, &assessment_of(&dossier), &settings(), &occasion);
    assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new());
    (root, folder)
}

#[test]
fn what_other_rooms_bring_is_listed_hashed_and_in_the_warc() {
    let (_root, folder) = attended();
    assert_eq!(fs::read(folder.join("view/full.png")).expect("there"), b"view/full.png");
    let all = records(&warc_of(&folder));
    let shot = all.iter().find(|r| String::from_utf8_lossy(r).contains("urn:screenshot:https://cx-mem-gov.example/q")).expect("a record");
    assert!(shot.ends_with(b"view/full.png\r\n\r\n"));
    let log = fs::read_to_string(folder.join("log/operation.jsonl")).expect("a log");
    assert!(log.contains("张三") && log.contains("screencast.avi") && log.contains("打开网址"), "{log}");
    for bad in ["../x", "view/text.txt", "proof/x", "manifest.json"] {
        let dossier = rich();
        let attachments = vec![Attachment { path: bad.into(), bytes: Vec::new(), media_type: "x/y", role: "", at: at(0), uri: None }];
        let root = tempfile::tempdir().expect("a folder");
        let sealed =
            evidence::seal_on(root.path(), &dossier, &assessment_of(&dossier), &settings(), &Occasion { attended: None, attachments });
        assert!(sealed.is_err(), "{bad}");
        assert_eq!(evidence::packages(root.path()).expect("listed"), Vec::<PathBuf>::new());
    }
}

#[test]
fn what_a_browser_kept_stands_in_the_warc_under_its_own_address() {
    use jianwei::model::rendered::KeptFile;
    let mut visit = page_visit();
    let mut script = KeptFile::made("res/001-ab.js", "资源", "text/javascript; charset=utf-8", b"let a = 1".to_vec());
    (script.url, script.status) = (Some("https://cx-mem-gov.example/a.js".into()), Some(200));
    visit.kept = vec![KeptFile::made("full.png", "整页截图", "image/png", b"png".to_vec()), script];
    let (_root, folder, _) = sealed(&dossier(vec![visit]));
    assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new());
    let all: Vec<String> = records(&warc_of(&folder)).iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect();
    let has = |uri: &str, body: &str| {
        all.iter().any(|r| r.contains(&format!("WARC-Target-URI: {uri}\r\n")) && r.ends_with(&format!("{body}\r\n\r\n")))
    };
    assert!(
        has("urn:screenshot:full.png:https://cx-mem-gov.example/q", "png") && has("https://cx-mem-gov.example/a.js", "let a = 1"),
        "{all:?}"
    );
}

#[test]
fn the_cleanliness_report_tells_the_machine_and_no_password() {
    let asked =
        jianwei::evidence::Settings { proxy: Some("***@192.0.2.1:3128".into()), proxy_variables: vec!["https_proxy".into()], ..settings() };
    let dossier = rich();
    let (root, folder, package) = sealed_on(&dossier, &assessment_of(&dossier), &asked, &Occasion::default());
    let report: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("env/cleanliness.json")).expect("there")).expect("JSON");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux");
    assert_eq!(report["system"]["kernel"], kernel.trim());
    assert_eq!(report["proxy"]["of_the_settings"], "***@192.0.2.1:3128");
    assert_eq!(report["proxy"]["environment_variables_set"][0], "https_proxy");
    for part in ["hosts_file", "resolvers", "system_resolvers", "program_sha256", "clock", "browser", "system"] {
        assert!(!report[part].is_null(), "{part}: {report}");
    }
    let hash = Command::new("sha256sum").arg(std::env::current_exe().expect("this binary")).output().expect("sha256sum runs");
    assert_eq!(report["program_sha256"], String::from_utf8_lossy(&hash.stdout)[..64], "the program that ran");
    assert_eq!(
        evidence::seal(root.path(), &dossier, &assessment_of(&dossier), &asked).expect("sealed"),
        package,
        "nothing in it moves by itself"
    );
}

#[test]
fn the_list_of_what_was_kept_names_every_file_with_its_hashes_as_text() {
    use calamine::{Data, Reader as _, Xlsx, open_workbook};
    let (_root, folder) = attended();
    let mut book: Xlsx<_> = open_workbook(folder.join("doc/电子数据提取固定清单.xlsx")).expect("a workbook");
    let sheet = book.worksheet_range("固定清单").expect("the sheet");
    let rows: Vec<Vec<String>> =
        sheet.rows().map(|r| r.iter().map(|c| if let Data::String(s) = c { s.clone() } else { c.to_string() }).collect()).collect();
    for path in super::files(&folder) {
        let listed = rows.iter().find(|r| r[1] == path);
        if path.starts_with("doc/") || path == "manifest.json" {
            assert!(listed.is_none(), "{path}");
            continue;
        }
        let listed = listed.expect(&path);
        let out = Command::new("md5sum").arg(folder.join(&path)).output().expect("md5sum runs");
        assert_eq!(listed[9], String::from_utf8_lossy(&out.stdout)[..32], "{path}");
        assert_eq!(listed[7], jianwei::model::digest::Sha256::of(&fs::read(folder.join(&path)).expect("there")).hex(), "{path}");
    }
}

#[test]
fn the_draft_of_the_minutes_opens_in_a_word_processor_with_names_and_blanks() {
    if !Command::new("soffice").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: no soffice");
        return;
    }
    let (_root, folder) = attended();
    let out = tempfile::tempdir().expect("a folder");
    let draft = out.path().join("draft.docx");
    fs::copy(folder.join("doc/网络在线提取笔录（草稿）.docx"), &draft).expect("copied");
    let profile = format!("-env:UserInstallation=file://{}/profile", out.path().display());
    let run = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir"])
        .arg(out.path())
        .arg(&draft)
        .output()
        .expect("soffice runs");
    let Ok(text) = fs::read_to_string(out.path().join("draft.txt")) else {
        // The spreadsheet part alone is installed by `make`; the word processor may be absent.
        eprintln!("skipped: soffice reads no docx here: {}", String::from_utf8_lossy(&run.stderr));
        return;
    };
    for word in [
        "网络在线提取笔录（草稿）",
        "张三<甲>",
        "李四",
        "涉嫌假冒 & 仿冒",
        "见证人",
        "＿＿＿",
        "screencast.avi",
        "capture.wacz",
        "不能证明",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

const VIEWER: &str = r#"<!doctype html><script src="/ui.js"></script>
<replay-web-page source="/capture.wacz" url="URL" replayBase="/replay/" embed="replayonly" noSandbox></replay-web-page>
<script>
function text(root) {
  let out = root.body ? root.body.innerText : "";
  for (const e of root.querySelectorAll("*")) {
    if (e.shadowRoot) out += text(e.shadowRoot);
    if (e.tagName === "IFRAME") { try { out += text(e.contentDocument); } catch (_) {} }
  }
  return out;
}
setInterval(() => fetch("/seen?" + encodeURIComponent(text(document))), 500);
</script>"#;

/// Serves the viewer, the package and ReplayWeb.page's two scripts; tells what the viewer sees.
fn serve(mut stream: TcpStream, files: &[(&str, &str, Vec<u8>)], seen: &mpsc::Sender<String>) -> std::io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    reader.read_line(&mut line)?;
    let (mut range, mut header) = (None, String::new());
    while reader.read_line(&mut header)? > 2 {
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("range: bytes=") {
            range = value.trim().split_once('-').map(|(a, b)| (a.parse::<usize>().unwrap_or(0), b.parse::<usize>().ok()));
        }
        header.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    if let Some(text) = path.strip_prefix("/seen?") {
        let text = url::form_urlencoded::parse(format!("t={text}").as_bytes()).next().map(|(_, v)| v.into_owned()).unwrap_or_default();
        let _ = seen.send(text);
    }
    let found = files.iter().find(|(name, _, _)| *name == path.split('?').next().unwrap_or_default());
    let Some((_, media, bytes)) = found else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let (from, to) = range.map_or((0, bytes.len()), |(a, b)| (a.min(bytes.len()), b.map_or(bytes.len(), |b| (b + 1).min(bytes.len()))));
    let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\nContent-Range: bytes {from}-{}/{}\r\nConnection: close\r\n\r\n",
        to - from,
        to.saturating_sub(1),
        bytes.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&bytes[from..to])
}

#[test]
fn replayweb_page_shows_the_page_again_in_a_browser() {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/replaywebpage");
    let (Ok(ui), Ok(worker)) = (fs::read(scripts.join("ui.js")), fs::read(scripts.join("sw.js"))) else {
        eprintln!("skipped: replaywebpage is not in target/outside (scripts/outside.sh fetches it where npm is)");
        return;
    };
    let browser = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = browser.iter().find(|b| Command::new(b).arg("--version").output().is_ok_and(|o| o.status.success())) else {
        eprintln!("skipped: no chromium");
        return;
    };
    let (_root, folder, _) = sealed(&dossier(vec![page_visit()]));
    let wacz = fs::read(folder.join("capture.wacz")).expect("a WACZ");
    let files: Vec<(&str, &str, Vec<u8>)> = vec![
        ("/", "text/html; charset=utf-8", VIEWER.replace("URL", "https://cx-mem-gov.example/q").into_bytes()),
        ("/ui.js", "text/javascript", ui),
        ("/replay/sw.js", "text/javascript", worker),
        ("/capture.wacz", "application/octet-stream", wacz),
    ];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let (told, seen) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = serve(stream, &files, &told);
        }
    });
    let profile = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--remote-debugging-port=0")
        .arg(format!("http://{address}/"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the browser starts");
    let (began, mut last) = (Instant::now(), String::new());
    while began.elapsed() < Duration::from_secs(60) && !last.contains("特种作业操作证查询") {
        last = seen.recv_timeout(Duration::from_secs(5)).unwrap_or(last);
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(last.contains("特种作业操作证查询"), "the viewer shows: {last}");
}
