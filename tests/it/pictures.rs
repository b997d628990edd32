//! Pages whose words stand in pictures: the real program, a real browser, the real recogniser. What it read stands in the package, and the
//! package alone gives the same score again.

use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::corpus::{self, paint};
use crate::net::servers::{Act, Served, at, dns, http, page};
use jianwei::capture::{PictureReader, picture_file};
use jianwei::model::digest::Sha256;
use jianwei::model::dossier::Dossier;
use jianwei::model::host::Host;
use jianwei::model::page::Page;
use jianwei::model::picture::Picture;
use jianwei::model::rendered::KeptFile;
use std::path::Path;

const COPY: &str = "page 1000 eef5fb
band 0d5ab5 ffffff 26 bold left | 中华人民共和国应急管理部
line 0d3f80 26 bold centre | 特种作业操作证及安全生产知识和管理能力考核合格信息查询平台
gap 30
field 333333 17 | 证件类型 | 请选择证件类型
field 333333 17 | 证件号码 | 请输入证件号码
field 333333 17 | 姓名 | 请输入姓名
field 333333 17 | 验证码 | 请输入验证码
buttons 1c7cd6 17 | 重置 | 查询";
const POSTER: &str = "page 700 fffbe6
line 0958d9 36 heavy centre | 江北安全技术培训学校
line 222222 26 bold centre | 电工作业培训招生
line 222222 22 sans left | 须本人参加考试，成绩合格方可领证";
const CODE: &str = "http://code.test/v?id=20261124";

fn drawn(lines: &str, format: &str) -> Vec<u8> {
    paint::paint(lines, format, &mut corpus::dice::Dice::new(1, "pictures", 0)).expect("drawn")
}
fn typed(kind: &str, body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Act::Send(bytes)
}
/// A script that draws a QR code on a canvas: no picture file holds it.
fn canvas_code() -> String {
    let code = qrcode::QrCode::new(CODE.as_bytes()).expect("a code");
    let dark: Vec<usize> = code.to_colors().iter().enumerate().filter(|(_, c)| **c == qrcode::Color::Dark).map(|(n, _)| n).collect();
    format!(
        "<canvas id=c width=300 height=300></canvas><script>const x=document.getElementById('c').getContext('2d');x.fillStyle='#fff';x.fillRect(0,0,300,300);x.fillStyle='#000';for(const n of {dark:?})x.fillRect(30+6*(n%{w}),30+6*Math.floor(n/{w}),6,6)</script>",
        w = code.width()
    )
}
/// The head of a PNG that says how large it is, and nothing else.
fn huge_png(side: u32) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend(side.to_be_bytes());
    png.extend(side.to_be_bytes());
    png.extend(b"\x08\x06\0\0\0");
    let crc = {
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..]);
        crc.sum()
    };
    png.extend(crc.to_be_bytes());
    png.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xaeB`\x82");
    png.extend([0; 200]);
    png
}

fn answer(head: &str) -> Act {
    let path = head.split(' ').nth(1).unwrap_or_default();
    match path {
        "/copy" => page("<title></title><body style=margin:0><img src=/copy.jpg width=100%>"),
        "/copy.jpg" => typed("image/jpeg", &drawn(COPY, "jpg")),
        "/poster" => page("<title></title><body style=margin:0><img src=/poster.png>"),
        "/poster.png" => typed("image/png", &drawn(POSTER, "png")),
        "/code" => page("<title>x</title><img src=/code.png>"),
        "/code.png" => typed("image/png", &drawn(&format!("page 500 ffffff\ngap 40\ncode 260 | {CODE}\ngap 40"), "png")),
        "/canvas" => page(&canvas_code()),
        "/bombs" => page("<img src=/bomb.png><img src=/torn.jpg><img src=/none.png><img src=/poster.png>"),
        "/bomb.png" => typed("image/png", &huge_png(50_000)),
        "/torn.jpg" => typed("image/jpeg", &drawn(COPY, "jpg")[..2_000]),
        "/none.png" => {
            typed("image/png", b"this is no picture at all, whatever the server says of it; it only goes on for more than a hundred bytes.")
        }
        _ => Act::Send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()),
    }
}

/// A server, and a folder with settings that lead to it.
async fn world(browser: &str) -> (Served, tempfile::TempDir) {
    let server = http(answer).await;
    let resolver = dns(|_, _, _| at("127.0.0.1")).await;
    let dir = tempfile::tempdir().expect("a folder");
    let settings = format!(
        "[data]\ndir = \"data\"\n[net]\nresolvers = [\"{resolver}\"]\nallow_private = [\"127.0.0.0/8\"]\nper_host_interval_ms = 0\ntimeout_ms = 20000\n[capture]\nbrowser = \"{browser}\"\nvariants = [\"desktop\"]\n"
    );
    std::fs::write(dir.path().join("jianwei.toml"), settings).expect("written");
    (server, dir)
}

/// Checks a path of the server; gives the JSON line and the package's dossier.
async fn check(server: &Served, dir: &Path, path: &str) -> (String, serde_json::Value, Dossier) {
    let mut run = command(dir, &["check", "--json", &format!("http://a.test:{}{path}", server.port())]);
    let output = tokio::task::spawn_blocking(move || run.output().expect("runs")).await.expect("ends");
    let line = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: serde_json::Value = serde_json::from_str(&line).expect("one JSON line");
    let package = Path::new(told["package"].as_str().expect("a package")).to_owned();
    let stored = jianwei::evidence::read(package.parent().expect("a folder"), &package).expect("reads back");
    (line, told, stored.dossier)
}

fn pictures(dossier: &Dossier) -> &[Picture] {
    dossier.facts.pictures.as_deref().expect("somebody looked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_a_picture_is_read_scored_kept_and_scored_again_from_its_package() {
    for browser in ["auto", "never"] {
        let (server, dir) = world(browser).await;
        let (line, told, dossier) = check(&server, dir.path(), "/copy").await;
        assert_eq!(told["class"], "fake_query", "{browser}: {line}");
        let text: String = pictures(&dossier).iter().filter_map(|p| p.text.clone()).collect();
        assert!(text.contains("特种作业操作证") && text.contains("证件号码"), "{browser}: {text}");
        let package = told["package"].as_str().expect("a path");
        let mut seen = 0;
        for finding in
            told["findings"].as_array().expect("findings").iter().filter(|f| f["why"].as_str().is_some_and(|w| w.contains("文字识别")))
        {
            let file =
                std::fs::read_to_string(Path::new(package).join(finding["evidence"].as_str().expect("a file"))).expect("it is there");
            let place = finding["place"].as_str().expect("a place");
            let (from, to) = place.strip_prefix("char=").and_then(|p| p.split_once(',')).unwrap_or_else(|| panic!("`{place}`: {finding}"));
            let (from, to): (usize, usize) = (from.parse().expect("a number"), to.parse().expect("a number"));
            let there: String = file.chars().skip(from).take(to - from).collect();
            assert_eq!(finding["span"], there.as_str(), "{finding}");
            seen += 1;
        }
        assert!(seen >= 3, "{browser}: {line}");
        let arguments = ["check", "--json", "--package", package];
        let again = jianwei(dir.path(), &arguments);
        assert_eq!(stdout(&again), line, "{browser}: {}", stderr(&again));
        let verified = jianwei(dir.path(), &["evidence", "verify", package]);
        assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
        let (line, told, _) = check(&server, dir.path(), "/poster").await;
        assert_eq!(told["class"], "none", "{browser}: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_in_a_picture_and_in_a_screenshot_become_links_and_bombs_are_left_alone() {
    let (server, dir) = world("always").await;
    for path in ["/code", "/canvas"] {
        let (line, _, dossier) = check(&server, dir.path(), path).await;
        let page = dossier.captures[0].page.as_ref().expect("a page");
        assert!(page.links.iter().any(|l| l.url == CODE && l.text == jianwei::capture::QR_LINK), "{path}: {line} {:?}", page.notes);
        let from = pictures(&dossier).iter().find(|p| p.codes == [CODE]).expect("a picture with the code");
        assert!(
            Path::new(serde_json::from_str::<serde_json::Value>(&line).expect("json")["package"].as_str().expect("a path"))
                .join(&from.path)
                .is_file()
        );
        assert!(page.notes.iter().any(|n| n.contains(&from.path)), "{:?}", page.notes);
    }
    let (line, told, dossier) = check(&server, dir.path(), "/bombs").await;
    assert_eq!(told["outcome"], "captured", "{line}");
    assert!(pictures(&dossier).iter().all(|p| p.width < 50_000), "{:?}", pictures(&dossier));
    assert!(
        pictures(&dossier).iter().any(|p| p.text.as_ref().is_some_and(|t| t.contains("培训"))),
        "the good one is read: {:?}",
        pictures(&dossier)
    );
}

#[tokio::test]
async fn pictures_made_to_hang_or_to_fill_memory_are_told_and_left_out() {
    let bomb = |side: u32| {
        let mut png = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_luma8(side, side).write_to(&mut png, image::ImageFormat::Png).expect("a picture");
        png.into_inner()
    };
    let gif =
        [b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;".to_vec(), vec![0; 100]].concat();
    let all: Vec<(&str, Vec<u8>)> = vec![
        ("a head that claims 50,000 x 50,000", huge_png(50_000)),
        ("a head that claims 4 billion", huge_png(u32::MAX)),
        ("many pixels in few bytes", bomb(9_000)),
        ("a torn head", drawn(COPY, "png")[..140].to_vec()),
        ("a GIF of 65,535 x 65,535", gif),
    ];
    let page = Page { images: Vec::new(), ..Page::default() };
    let mut dossier = jianwei::assess::dossier_of(Host::parse("a.test").expect("a host"), "http://a.test/".into(), page);
    for (n, (_, bytes)) in all.iter().enumerate() {
        let file =
            picture_file(n, bytes.clone()).unwrap_or_else(|| KeptFile::made(format!("res/{n:03}.bin"), "x", "image/png", bytes.clone()));
        dossier.captures[0].kept.push(file);
    }
    // Of a torn picture what came may be looked at.
    dossier.captures[0].kept.push(picture_file(99, drawn(COPY, "jpg")[..1_500].to_vec()).expect("a picture's head"));
    // More of the same, and more than are looked at.
    for n in 0..200 {
        dossier.captures[0].kept.push(picture_file(100 + n, drawn("page 80 ffffff\ngap 60", "png")).expect("a picture"));
    }
    PictureReader::default().read(&mut dossier).await;
    let read = dossier.facts.pictures.as_deref().expect("looked");
    assert_eq!(read.len(), 12, "bounded in number");
    for ((name, bytes), picture) in all.iter().zip(read) {
        assert!(
            !picture.skipped.is_empty() && picture.text.is_none() && picture.look.is_none(),
            "{name} ({}): {picture:?}",
            Sha256::of(bytes)
        );
    }
}
