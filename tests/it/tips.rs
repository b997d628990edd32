//! Reports from people, by the real program: a photo with QR codes and text beside them, and the table of a hot line.

use crate::cli::{jianwei, stderr, stdout};
use crate::lab::{Expected, Lab};
use crate::{watch, world};
use image::{DynamicImage, GenericImage as _, Luma, Rgba, RgbaImage};
use jianwei::model::candidate::Candidate;
use jianwei::model::time::Timestamp;
use jianwei::records::{Due, Records};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn unit() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("jianwei.toml"), "[data]\ndir = \"data\"\n[net]\nresolvers = [\"127.0.0.1:9\"]\n").expect("written");
    dir
}

/// Every candidate that waits for its look-up, by host.
fn waiting(dir: &Path) -> Vec<Candidate> {
    let records = Records::open(&dir.join("data"), &Vec::new).expect("the store opens");
    let candidate = |due: Due| match due {
        Due::Resolve(candidate) | Due::Visit(candidate, _) => candidate,
    };
    let mut due: Vec<Candidate> =
        records.due(Timestamp::from_millis(4_000_000_000_000), 100_000).expect("read").into_iter().map(candidate).collect();
    due.sort_by(|a, b| a.host.as_str().cmp(b.host.as_str()));
    due
}

fn hosts(candidates: &[Candidate]) -> Vec<&str> {
    candidates.iter().map(|c| c.host.as_str()).collect()
}

fn qr(text: &str) -> DynamicImage {
    DynamicImage::ImageLuma8(qrcode::QrCode::new(text).expect("short enough").render::<Luma<u8>>().min_dimensions(260, 260).build())
}

/// A photo of several codes on a grey wall.
fn wall(texts: &[&str]) -> RgbaImage {
    let mut wall = RgbaImage::from_pixel(60 + 420 * u32::try_from(texts.len()).expect("few"), 460, Rgba([188, 184, 176, 255]));
    for (n, text) in (0_u32..).zip(texts) {
        wall.copy_from(&qr(text).to_rgba8(), 60 + n * 420, 60).expect("it fits");
    }
    wall
}

fn save(image: &DynamicImage, dir: &Path, name: &str) -> PathBuf {
    let path = dir.join(name);
    image.save(&path).expect("written");
    path
}

#[test]
fn the_addresses_in_the_codes_of_a_photo_are_added_the_official_one_is_not_and_the_photo_is_kept() {
    let dir = unit();
    let texts = ["http://cx-mem-gov.top/q?id=1", "https://cx.mem.gov.cn/special?index=0", "证书编号 T500101199001011234"];
    // Held sideways, as people hold their phones.
    let photo = DynamicImage::ImageRgba8(wall(&texts)).rotate90();
    let path = save(&photo, dir.path(), "tip.png");
    let run = jianwei(dir.path(), &["tip", "add", "--image", "tip.png", "--json"]);
    assert_eq!(run.status.code(), Some(3), "{} {}", stdout(&run), stderr(&run));
    let told: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
    let codes = told["codes"].as_array().expect("codes");
    assert_eq!((told["schema"].as_str(), codes.len()), (Some("tip-image/1"), 3), "{told}");
    let of = |part: &str| codes.iter().find(|c| c["text"].as_str().is_some_and(|t| t.contains(part))).expect("read").clone();
    assert_eq!((of("cx-mem-gov")["host"].as_str(), of("cx-mem-gov")["new"].as_bool()), (Some("cx-mem-gov.top"), Some(true)));
    assert!(of("special")["why"].as_str().is_some_and(|w| w.contains("官方网站")), "{told}");
    assert!(of("T5001")["why"].as_str().is_some_and(|w| w.contains("不是可访问的网址")), "{told}");
    let kept = told["kept"].as_str().expect("a name");
    assert_eq!(std::fs::read(dir.path().join("data").join(kept)).expect("kept"), std::fs::read(path).expect("there"));
    let candidates = waiting(dir.path());
    assert_eq!(hosts(&candidates), ["cx-mem-gov.top"]);
    let context = &candidates[0].sightings[0].context;
    assert_eq!((context.file.as_deref(), context.reporter.as_deref()), (Some(kept), Some("12350")));
    assert_eq!(candidates[0].url, "http://cx-mem-gov.top/q?id=1", "the page that the code leads to");

    let again = jianwei(dir.path(), &["tip", "add", "--image", "tip.png", "--by", "群众"]);
    let words = stdout(&again);
    assert!(words.contains("二维码 cx-mem-gov[.]top：已登记（该主机此前已知）") && words.contains("未登记"), "{words}");
}

#[test]
fn the_text_beside_a_code_is_kept_with_the_report() {
    let Some(chromium) = jianwei::capture::find_browser() else {
        eprintln!("skipped: no Chromium is here (make test installs it)");
        return;
    };
    if Command::new("tesseract").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: tesseract is not here (make test installs it)");
        return;
    }
    let dir = unit();
    save(&qr("http://zhengshu-chaxun.top/c?n=7"), dir.path(), "code.png");
    let page = "<!DOCTYPE html><meta charset=utf-8><body style='font:36px \"Noto Sans CJK SC\";background:#eee;padding:40px'>\
                <p>特种作业操作证</p><p>扫描二维码查询证书真伪</p><img src=code.png>";
    std::fs::write(dir.path().join("card.html"), page).expect("written");
    let shot = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=900,900", "--screenshot=card.png"])
        .arg(format!("--user-data-dir={}", dir.path().join("profile").display()))
        .arg(format!("file://{}", dir.path().join("card.html").display()))
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(shot.is_ok_and(|s| s.success()), "no picture of the card");
    let run = jianwei(dir.path(), &["tip", "add", "--image", "card.png"]);
    let words = stdout(&run);
    assert_eq!(run.status.code(), Some(0), "{words} {}", stderr(&run));
    assert!(
        words.contains("二维码 zhengshu-chaxun[.]top：已登记") && words.contains("图中文字：") && words.contains("特种作业操作证"),
        "{words}"
    );
    let candidates = waiting(dir.path());
    let beside = candidates[0].sightings[0].context.snippet.clone().unwrap_or_default();
    assert!(beside.contains("特种作业操作证") && beside.contains("证书真伪"), "{beside}");
}

#[test]
fn what_is_no_photo_or_has_no_code_is_told_and_nothing_is_stored() {
    let dir = unit();
    std::fs::write(dir.path().join("a.png"), b"\x89PNG\r\n\x1a\nnot really").expect("written");
    save(&DynamicImage::ImageRgba8(RgbaImage::from_pixel(300, 300, Rgba([200, 200, 200, 255]))), dir.path(), "grey.png");
    for (file, code, part) in [("a.png", 2, "不是可读的图片"), ("nowhere.png", 2, "无法读取"), ("grey.png", 1, "没有读出二维码")]
    {
        let run = jianwei(dir.path(), &["tip", "add", "--image", file]);
        let told = stderr(&run);
        assert_eq!(run.status.code(), Some(code), "{told}");
        assert!(told.contains(part) && told.contains(file) && told.trim().lines().count() == 1, "{told}");
    }
    let both = jianwei(dir.path(), &["tip", "add", "http://a.top/", "--image", "grey.png"]);
    assert_eq!(both.status.code(), Some(2));
    assert_eq!(jianwei(dir.path(), &["tip", "add"]).status.code(), Some(2));
    assert!(!dir.path().join("data/tips").exists());
}

const TABLE: &str = "12350举报台账,,,,\n\
    工单号,举报渠道,举报人,网址,举报内容\n\
    20261101,电话,张三,http://cx-mem-gov.top/q,\"扫码进去的，\n显示证书有效\"\n\
    20261102,微信,李四,,朋友圈看到 zhengshu-chaxun.top/a 办证\n\
    20261103,电话,王五,不清楚,记不得网址了\n\
    20261104,电话,赵六,https://cx.mem.gov.cn/,问官网是不是真的\n\
    20261105,网站,钱七,cx-mem-gov.top 和 tezhongzuoye-cx.cn,两个都是假的\n";

#[test]
fn a_table_of_the_hot_line_is_taken_in_row_by_row_and_no_row_is_lost() {
    for (name, bytes) in [
        ("utf8.csv", TABLE.as_bytes().to_vec()),
        ("excel.csv", format!("\u{feff}{}", TABLE.replace('\n', "\r\n")).into_bytes()),
        ("gb.csv", encoding_rs::GB18030.encode(TABLE).0.into_owned()),
    ] {
        let dir = unit();
        std::fs::write(dir.path().join(name), bytes).expect("written");
        let run = jianwei(dir.path(), &["tip", "import", name, "--json"]);
        assert_eq!(run.status.code(), Some(3), "{name}: {} {}", stdout(&run), stderr(&run));
        let told: Value = serde_json::from_str(&stdout(&run)).expect("JSON");
        let numbers = |key: &str| told[key].as_u64();
        assert_eq!(
            (told["schema"].as_str(), numbers("rows"), numbers("added"), numbers("new")),
            (Some("tip-import/1"), Some(5), Some(4), Some(3))
        );
        let refused = told["refused"].as_array().expect("a list");
        let lines: Vec<u64> = refused.iter().filter_map(|r| r["line"].as_u64()).collect();
        assert_eq!(lines, [6, 7], "{name}: {told}");
        assert!(refused[0]["why"].as_str().is_some_and(|w| w.contains("没有网址") && w.contains("20261103")), "{told}");
        assert!(refused[1]["why"].as_str().is_some_and(|w| w.contains("官方网站")), "{told}");
        let candidates = waiting(dir.path());
        assert_eq!(hosts(&candidates), ["cx-mem-gov.top", "tezhongzuoye-cx.cn", "zhengshu-chaxun.top"], "{name}");
        let first = &candidates[0].sightings[0].context;
        assert_eq!(first.reporter.as_deref(), Some("12350 电话"));
        assert_eq!(first.file.as_deref(), Some(format!("{name}:3 #20261101").as_str()));
        assert!(first.snippet.as_deref().is_some_and(|s| s.contains("显示证书有效")), "{first:?}");
        let everything = format!("{candidates:?}");
        assert!(!["张三", "李四", "钱七"].iter().any(|n| everything.contains(n)), "who reported stays with the hot line");

        let again = jianwei(dir.path(), &["tip", "import", name, "--by", "市局交办"]);
        let words = stdout(&again);
        assert!(words.contains("第 6 行：没有网址") && words.contains("共 5 行：登记网址 4 个（新主机 0 个），未登记 2 处"), "{words}");
    }
}

#[test]
fn a_file_that_is_no_table_of_reports_is_one_clear_line_and_nothing_is_stored() {
    let dir = unit();
    for (name, bytes, part) in [
        ("book.xlsx", b"PK\x03\x04....".as_slice(), "另存为 CSV"),
        ("heads.csv", "姓名,电话\n张三,13800001111\n".as_bytes(), "没有“网址”列"),
        ("empty.csv", b"", "没有“网址”列"),
    ] {
        std::fs::write(dir.path().join(name), bytes).expect("written");
        let run = jianwei(dir.path(), &["tip", "import", name]);
        let told = stderr(&run);
        assert_eq!((run.status.code(), told.trim().lines().count()), (Some(2), 1), "{told}");
        assert!(told.contains(name) && told.contains(part), "{told}");
    }
    assert_eq!(jianwei(dir.path(), &["tip", "import", "nowhere.csv"]).status.code(), Some(2));
    std::fs::write(dir.path().join("all.csv"), "网址\nhttp://a-cx-mem.top/\nb-cx-mem.top\n").expect("written");
    let good = jianwei(dir.path(), &["tip", "import", "all.csv", "--lang", "en"]);
    assert_eq!((good.status.code(), stdout(&good).trim()), (Some(0), "2 rows: 2 addresses added (2 new hosts), 0 not added"));
}

/// A lab whose only source gives nothing, so that every lead comes from a report; and its fakes.
fn quiet(lab: &Lab) -> (tempfile::TempDir, Vec<Expected>) {
    let dir = world::lab_settings(lab, 4_000);
    let file = dir.path().join("jianwei.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let text = text.split("[[source]]").next().unwrap_or_default().replace("[capture]\n", "[capture]\nvariants = [\"desktop\"]\n");
    let source = "[[source]]\nid = \"names\"\nkind = \"names\"\npath = \"names.txt\"\n[rules]\nsites = [\"cx.mem.gov.cn\"]\n[watch]\nlook_every_s = 1\n";
    std::fs::write(file, format!("{text}{source}")).expect("written");
    std::fs::write(dir.path().join("names.txt"), "ordinary.com\n").expect("written");
    (dir, lab.expected().into_iter().filter(Expected::is_lead).collect())
}

fn leads_of(dir: &Path) -> Vec<String> {
    let mut hosts: Vec<String> = watch::leads(dir).iter().filter_map(|l| Some(l.split(' ').next()?.to_owned())).collect();
    hosts.sort();
    hosts
}

#[test]
fn reports_left_beside_a_running_watch_are_taken_in_within_a_minute_and_outlive_a_kill() {
    let lab = Lab::start(None);
    let (dir, fakes) = quiet(&lab);
    let child = watch::begin(dir.path());
    let table = format!("网址,内容\n{},假的\nhttps://cx.mem.gov.cn/,真的\n{},也是\n", fakes[1].url, fakes[2].url);
    std::fs::write(dir.path().join("table.csv"), table).expect("written");
    let one = jianwei(dir.path(), &["tip", "add", &fakes[0].url, "--json"]);
    assert_eq!(one.status.code(), Some(0), "{} {}", stdout(&one), stderr(&one));
    let told: Value = serde_json::from_str(&stdout(&one)).expect("JSON");
    assert_eq!((told["host"].as_str(), &told["new"]), (Some(fakes[0].host.as_str()), &Value::Null), "what is new, only the store knows");
    let many = jianwei(dir.path(), &["tip", "import", "table.csv"]);
    assert_eq!(many.status.code(), Some(3), "{} {}", stdout(&many), stderr(&many));
    assert!(stdout(&many).contains("登记网址 2 个（已登记，由正在运行的监测") && stdout(&many).contains("官方网站"), "{}", stdout(&many));
    let waiting = dir.path().join("data/tips/waiting");
    let left = || std::fs::read_dir(&waiting).expect("a tray").count();
    let is_lead = |fake: &Expected| watch::log(dir.path()).contains(&format!("new lead {}:", fake.host));
    watch::wait(Duration::from_secs(60), "the reports", dir.path(), || left() == 0 && fakes[..3].iter().all(is_lead));
    assert_eq!(watch::end(child).1, Some(0), "{}", watch::log(dir.path()));
    let mut want: Vec<String> = fakes[..3].iter().map(|f| f.host.clone()).collect();
    want.sort();
    assert_eq!(leads_of(dir.path()), want, "{}", watch::log(dir.path()));

    // A watch that is killed before it looked, a file that is none, a host that was allowed meanwhile: the next one takes in what is right.
    let mut child = watch::begin(dir.path());
    let before = left();
    let known = jianwei(dir.path(), &["tip", "add", &fakes[3].url]);
    assert!(stdout(&known).contains("由正在运行的监测"), "{}", stdout(&known));
    child.kill().expect("killed");
    child.wait().expect("reaped");
    std::fs::write(waiting.join("0000000000001-9-0.json"), "{\"schema\":\"tips/1\",").expect("written");
    let child = watch::begin(dir.path());
    watch::wait(Duration::from_secs(60), "the report", dir.path(), || left() == before + 1 && is_lead(&fakes[3]));
    assert_eq!(watch::end(child).1, Some(0), "{}", watch::log(dir.path()));
    assert!(
        waiting.join("0000000000001-9-0.broken").exists() && watch::log(dir.path()).contains("put aside"),
        "{}",
        watch::log(dir.path())
    );
    want.push(fakes[3].host.clone());
    want.sort();
    assert_eq!(leads_of(dir.path()), want);
}

#[test]
fn reports_that_wait_are_taken_in_by_the_next_command_that_has_the_store_but_not_what_was_allowed_meanwhile() {
    let dir = unit();
    let held = Records::open(&dir.path().join("data"), &Vec::new).expect("opens");
    for host in ["a-cx-mem.top", "b-cx-mem.top"] {
        let run = jianwei(dir.path(), &["tip", "add", host, "--lang", "en"]);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        assert!(stdout(&run).contains("(or the next scan) takes it in"), "{}", stdout(&run));
    }
    drop(held);
    let allow = jianwei(dir.path(), &["allow", "add", "b-cx-mem.top", "--reason", "ours", "--by", "甲"]);
    assert_eq!(allow.status.code(), Some(0), "{} {}", stdout(&allow), stderr(&allow));
    let run = jianwei(dir.path(), &["tip", "add", "c-cx-mem.top", "--lang", "en"]);
    assert!(stdout(&run).ends_with("added\n"), "{}", stdout(&run));
    assert_eq!(hosts(&waiting(dir.path())), ["a-cx-mem.top", "c-cx-mem.top"]);
    assert_eq!(std::fs::read_dir(dir.path().join("data/tips/waiting")).expect("a tray").count(), 0);
}

#[test]
fn a_watch_waits_for_a_command_that_has_the_store_for_a_moment() {
    let dir = unit();
    let held = Records::open(&dir.path().join("data"), &Vec::new).expect("opens");
    let child = watch::start(dir.path());
    std::thread::sleep(Duration::from_secs(2));
    drop(held);
    watch::wait(Duration::from_secs(60), "the start", dir.path(), || watch::log(dir.path()).contains("the watch begins"));
    assert_eq!(watch::end(child).1, Some(0), "{}", watch::log(dir.path()));
}
