//! An attended capture with a real browser: the film that other people's players open, the draft of the minutes with its blanks, the whole package.

use super::{failing, files};
use crate::cli::{jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::world;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn has(program: &str, argument: &str) -> bool {
    let there = Command::new(program).arg(argument).output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: no {program}");
    }
    there
}

/// `ffprobe` on the film: what its words say.
fn probed(film: &Path) -> serde_json::Value {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json"])
        .arg(film)
        .output()
        .expect("ffprobe runs");
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("JSON")
}

#[test]
fn officers_get_a_film_that_any_player_opens_and_minutes_with_the_blanks_that_are_theirs() {
    if !Path::new("/usr/lib/chromium/chromium").exists() {
        eprintln!("skipped: no chromium");
        return;
    }
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 8_000);
    let file = dir.path().join("jianwei.toml");
    let text = fs::read_to_string(&file).expect("settings");
    let variants = "browser = \"auto\"\nvariants = [\"desktop\", \"wechat\"]";
    fs::write(&file, text.replacen("browser = \"never\"", variants, 1)).expect("written");
    let fix =
        ["evidence", "fix", "mem-cx.com", "--officer", "张三", "--officer", "李四", "--reason", "涉嫌仿冒查询网站", "--place", "某室"];
    let run = jianwei(dir.path(), &fix);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let told = stderr(&run);
    assert!(told.contains("开始对浏览器窗口同步录像") && told.contains("录像结束"), "{told}");
    let folder = jianwei::evidence::packages(&dir.path().join("data/evidence")).expect("listed").remove(0);
    if let Some(keep) = std::env::var_os("JIANWEI_TEST_KEEPS") {
        let _ = Command::new("cp").arg("-r").arg(&folder).arg(keep).status();
    }
    assert_eq!(failing(&jianwei::evidence::verify(&folder)), Vec::<String>::new());
    let all = files(&folder);
    for wanted in ["video/screencast.avi", "view/full.png", "net/har.json", "doc/网络在线提取笔录（草稿）.docx"] {
        assert!(all.iter().any(|f| f == wanted), "{wanted}: {all:?}");
    }
    har(&folder);
    film(&folder.join("video/screencast.avi"));
    minutes(&folder);
}

/// One entry an exchange, with times; the form of HAR 1.2.
fn har(folder: &Path) {
    let har: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("net/har.json")).expect("there")).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries");
    assert!(har["log"]["version"] == "1.2" && entries.len() >= 4, "{}", entries.len());
    let pages: Vec<&str> = har["log"]["pages"].as_array().expect("pages").iter().filter_map(|p| p["id"].as_str()).collect();
    for entry in entries {
        assert!(pages.contains(&entry["pageref"].as_str().expect("a page")), "{entry}");
        let at = entry["startedDateTime"].as_str().and_then(jianwei::model::time::Timestamp::parse);
        assert!(at.is_some() && entry["request"]["url"].as_str().is_some_and(|u| u.starts_with("http")), "{entry}");
        for part in ["cookies", "headers", "queryString"] {
            assert!(entry["request"][part].is_array(), "{entry}");
        }
        assert!(entry["response"]["status"].is_u64() && entry["timings"]["wait"].is_u64() && entry["cache"].is_object(), "{entry}");
    }
}

fn film(film: &Path) {
    if !has("ffprobe", "-version") {
        return;
    }
    let said = probed(film);
    let stream = &said["streams"][0];
    assert_eq!((&stream["codec_name"], &stream["width"], &stream["height"]), (&"mjpeg".into(), &1366.into(), &800.into()), "{said}");
    assert_eq!((&stream["r_frame_rate"], &said["format"]["format_name"]), (&"2/1".into(), &"avi".into()), "{said}");
    let frames: u32 = stream["nb_read_frames"].as_str().and_then(|n| n.parse().ok()).expect("a number");
    assert!(frames >= 6, "{frames} frames");
    // Every frame decodes without a word, and they are not all alike.
    let out = Command::new("ffmpeg").args(["-v", "error", "-i"]).arg(film).args(["-f", "framemd5", "-"]).output().expect("ffmpeg runs");
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    let sums = String::from_utf8_lossy(&out.stdout).into_owned();
    let sums: Vec<&str> = sums.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.rsplit(',').next()).collect();
    let different: std::collections::BTreeSet<&str> = sums.iter().copied().collect();
    assert!(sums.len() as u32 == frames && different.len() >= 3, "{} of {frames} frames differ", different.len());
}

/// What the law asks for stands in it (research: 2.2), what a person must say or sign is blank.
fn minutes(folder: &Path) {
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/outside/bin/python3");
    let python = if python.exists() { python } else { PathBuf::from("python3") };
    let program = "import sys, docx; d = docx.Document(sys.argv[1]); print('\\n'.join(p.text for p in d.paragraphs)); print('\\n'.join('|'.join(c.text for c in r.cells) for t in d.tables for r in t.rows))";
    let out = Command::new(python).args(["-c", program]).arg(folder.join("doc/网络在线提取笔录（草稿）.docx")).output();
    let Some(out) = out.ok().filter(|o| o.status.success()) else {
        eprintln!("skipped: no python-docx");
        return;
    };
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    for filled in [
        "案由：涉嫌仿冒查询网站",
        "提取对象：网站 mem-cx.com",
        "提取内容：",
        "来源网络地址：http://mem-cx.com/",
        "进入步骤：",
        "提取地点：某室",
        "办案人员1：张三",
        "办案人员2：李四",
        "程序文件 SHA-256",
        "浏览器：Chrome/",
        "同步录像：video/screencast.avi，SHA-256",
        "不能扣押原始存储介质的原因：",
        "无法签名，原因：",
        "不能证明",
        "capture.wacz|网络原始数据",
    ] {
        assert!(text.contains(filled), "{filled}: {text}");
    }
    let blank = |label: &str| text.lines().any(|l| l.contains(&format!("{label}：＿＿")));
    for open in ["警号（执法证号）", "见证人", "案件编号", "方法所依据的技术标准", "办案人员（签名）", "日期", "备份校验值"]
    {
        assert!(blank(open), "{open} is for a person to fill in: {text}");
    }
}
