//! `site learn`: the official site's own pages become one more epoch of its file, and only its own.

use crate::cli::{jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::world;
use serde_json::Value;

#[test]
fn the_official_pages_are_learnt_into_the_sites_file_and_rules_check_takes_it() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 5_000);
    world::add_source(dir.path(), "[rules]\ndir = \"my-rules\"\n");
    std::fs::create_dir(dir.path().join("my-rules")).expect("writable");
    let run = jianwei(
        dir.path(),
        &["site", "learn", "http://cx.mem.gov.cn/special", "http://cx.mem.gov.cn/safety", "--epoch", "2026 冬", "--json"],
    );
    assert_eq!(run.status.code(), Some(0), "{} {}", stdout(&run), stderr(&run));
    let pages: Vec<Value> = stdout(&run).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(pages.len(), 2);
    for page in &pages {
        assert_eq!((page["schema"].as_str(), page["site"].as_str()), (Some("site-learn/1"), Some("cx.mem.gov.cn")));
        assert!(std::path::Path::new(page["package"].as_str().expect("a path")).is_dir(), "the visit is kept: {page}");
        assert!(page["texts"].as_array().is_some_and(|t| t.len() >= 3), "{page}");
    }
    let text = std::fs::read_to_string(dir.path().join("my-rules/sites/cx.mem.gov.cn.toml")).expect("written");
    let shipped = include_str!("../../rules/sites/cx.mem.gov.cn.toml");
    assert!(text.starts_with(shipped.trim_end()), "what stood there stays");
    let table: toml::Table = text.parse().expect("TOML");
    let templates = table["page"]["template"].as_array().expect("templates");
    let learnt: Vec<&toml::Value> = templates.iter().filter(|t| t["epoch"].as_str() == Some("2026 冬")).collect();
    assert_eq!(learnt.len(), 2);
    assert_eq!(learnt[0]["texts"].as_array().map(Vec::len), pages[0]["texts"].as_array().map(Vec::len));
    let checked = jianwei(dir.path(), &["rules", "check"]);
    assert!(!stdout(&checked).contains("cx.mem.gov.cn.toml:"), "{}", stdout(&checked));
    // Once more: the file that was written is the one that grows.
    let again = jianwei(dir.path(), &["site", "learn", "http://cx.mem.gov.cn/", "-o", "next.toml"]);
    assert!(again.status.code() == Some(0) && stdout(&again).contains("请人工删去"), "{} {}", stdout(&again), stderr(&again));
    let next = std::fs::read_to_string(dir.path().join("next.toml")).expect("written");
    assert!(next.starts_with(text.trim_end()) && next.len() > text.len());
}

#[test]
fn no_other_site_is_learnt_from_and_nothing_is_written_where_there_is_nothing_to_learn() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 2_000);
    world::add_source(dir.path(), "[rules]\ndir = \"my-rules\"\n");
    std::fs::create_dir(dir.path().join("my-rules")).expect("writable");
    let before = lab.requests().len();
    for (urls, part) in [
        (vec!["http://cx-mem-gov.top/"], "不属于任何受保护网站"),
        (vec!["http://cx.mem.gov.cn/", "http://www.chsi.com.cn/"], "一次只能学习一个受保护网站"),
        (vec!["ftp://cx.mem.gov.cn/"], "不是可访问的网址"),
    ] {
        let run = jianwei(dir.path(), &[vec!["site", "learn"], urls].concat());
        let told = stderr(&run);
        assert!(run.status.code() == Some(2) && told.contains(part) && told.trim().lines().count() == 1, "{told}");
    }
    assert_eq!(lab.requests().len(), before, "nobody was visited");
    let run = jianwei(dir.path(), &["site", "learn", "http://nowhere.mem.gov.cn/"]);
    assert!(run.status.code() == Some(1) && stderr(&run).contains("没有可学习的文字"), "{}", stderr(&run));
    assert!(!dir.path().join("my-rules/sites").exists());
}
