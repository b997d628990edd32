//! What sources say to people: rule files of engines and queries checked with one clear line each, outcomes in the reader's language.

use crate::cli::{jianwei, stderr, stdout};
use crate::lab::{Lab, Options};
use crate::world;
use serde_json::Value;

fn with_rules(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = dir.path().join("my-rules").join(path);
        std::fs::create_dir_all(path.parent().expect("below a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }
    std::fs::write(dir.path().join("jianwei.toml"), "[rules]\ndir = \"my-rules\"\n").expect("written");
    dir
}

#[test]
fn rules_check_reads_engines_and_query_lists_and_says_one_clear_line_for_each_mistake() {
    let lab = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/engines/lab.toml")).expect("shipped");
    let engine = lab.replacen("id = \"lab\"", "id = \"mine\"", 1);
    let wrong = engine.replacen("row = \"#content_left div.result\"", "row = \"##\"", 1);
    assert_ne!(wrong, engine);
    let dir = with_rules(&[
        ("engines/mine.toml", &wrong),
        (
            "engines/bare.toml",
            "id = \"bare\"\nname = \"x\"\nstatus = \"x\"\nurl = \"https://a.example/\"\nformat = \"json\"\n[results]\nrow = \"r\"\ntitle = [\"t\"]\nurl = [{ attr = \"u\" }]\n",
        ),
        ("queries/mine.toml", "id = \"mine\"\nabout = \"x\"\nqueries = [\"{nane} 官网\"]\n"),
        ("queries/other.toml", "id = \"othr\"\nabout = \"x\"\nqueries = [\"a\"]\n"),
        ("queries/none.toml", "id = \"none\"\nabout = \"x\"\nqueries = []\n"),
        ("queries/field.toml", "id = \"field\"\nabout = \"x\"\nquerys = []\n"),
    ]);
    for (lang, words) in [
        ("zh", ["不是 CSS 选择器", "`{query}`", "检索词中只能用", "须与文件名", "至少要有一个检索词", "不认识的字段"]),
        ("en", ["no CSS selector", "`{query}`", "no other places than", "must be the file's name", "at least one query", "unknown field"]),
    ] {
        let run = jianwei(dir.path(), &["rules", "check", "--lang", lang]);
        let told = stdout(&run);
        assert_eq!(run.status.code(), Some(4), "{told} {}", stderr(&run));
        let files = ["engines/mine", "engines/bare", "queries/mine", "queries/other", "queries/none", "queries/field"];
        for (file, word) in files.iter().zip(words) {
            let lines: Vec<&str> = told.lines().filter(|l| l.contains(&format!("{file}.toml:"))).collect();
            assert!(lines.len() == 1 && lines[0].contains(word), "{file} `{word}`: {told}");
        }
    }
    let shipped = with_rules(&[]);
    std::fs::write(shipped.path().join("jianwei.toml"), "").expect("written");
    let run = jianwei(shipped.path(), &["rules", "check"]);
    assert_eq!(run.status.code(), Some(0), "{}", stdout(&run));
}

#[test]
fn a_wrong_source_in_the_settings_is_told_in_chinese_and_in_english() {
    let dir = tempfile::tempdir().expect("a folder");
    for (text, zh, en) in [
        ("kind = 'zone_diff'\npath = 'x'", "需要 `keep`：一个专用目录", "needs `keep`, a folder of its own"),
        ("kind = 'search'\nengine = 'baidu'\nschedule = 'daily'", "cron 须有 5 段", "cron has 5"),
        ("kind = 'search'\nengine = 'bidu'", "没有引擎 `bidu`（是否想写 `baidu`？）；现有：", "no engine `bidu` (did you mean `baidu`?)"),
        ("kind = 'ct'\npages = 3", "`pages` 属于种类 `search`；种类 `ct` 可用的键：", "`pages` belongs to kind `search`"),
        ("kind = 'names'\nurl = 'ftp://a.example/x'", "请给出 http 或 https", "give http or https"),
    ] {
        std::fs::write(dir.path().join("jianwei.toml"), format!("[[source]]\nid = 'a'\n{text}\n")).expect("written");
        for (lang, want) in [("zh", zh), ("en", en)] {
            let run = jianwei(dir.path(), &["scan", "--lang", lang]);
            let told = stderr(&run);
            assert!(run.status.code() == Some(2) && told.contains(want) && told.trim().lines().count() == 1, "{lang}: {told}");
        }
    }
}

#[test]
fn what_stopped_a_source_is_told_in_the_readers_language_and_stored_once() {
    let lab = Lab::open(Options { search_limit: Some(1), ..Options::default() }).expect("a lab");
    let dir = world::lab_settings(&lab, 1_500);
    let scanned = jianwei(dir.path(), &["scan", "--source", "search-lab"]);
    assert_eq!(scanned.status.code(), Some(3), "{}", stderr(&scanned));
    let (zh, en) = ("（检索 `", " on `");
    assert!(stderr(&scanned).contains("被拦截（lab（检索 `"), "{}", stderr(&scanned));
    for (lang, want, other) in [("zh", zh, en), ("en", en, zh)] {
        // Tables break their cells into lines.
        let table: String = stdout(&jianwei(dir.path(), &["sources", "--lang", lang])).split_whitespace().collect();
        let (want, other): (String, String) = (want.split_whitespace().collect(), other.split_whitespace().collect());
        assert!(table.contains(&want) && !table.contains(&other), "{lang}: {table}");
    }
    let lines = stdout(&jianwei(dir.path(), &["sources", "--json"]));
    let search: Value =
        lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).find(|v: &Value| v["id"] == "search-lab").expect("there");
    assert!(search["why"].as_str().is_some_and(|w| w.contains(" on `")), "JSON is a contract: {search}");
}
