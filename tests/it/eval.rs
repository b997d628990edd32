//! Tests of `jianwei eval`: the figures over the corpus, what may be claimed, and the bars that the assessment has to clear
//! on template families that nobody fitted to.

use crate::lab::corpus;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn eval(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianwei"));
    command.current_dir(dir).env_remove("JIANWEI_CONFIG").arg("eval").arg(dir).args(arguments);
    command.output().expect("the binary runs")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("utf-8");
    text.lines().map(|l| serde_json::from_str(l).expect("one JSON object a line")).collect()
}

/// A folder with this share of a split.
fn folder(split: &str, share: f64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let made = corpus::split(split, corpus::SEED, share).expect("the families read");
    corpus::write(dir.path(), &made.into_iter().filter(|m| m.pictures.is_empty()).collect::<Vec<_>>()).expect("written");
    dir
}

/// A folder with this share of the pages that are pictures only.
fn painted(split: &str, share: f64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let made = corpus::split(split, corpus::SEED, share).expect("the families read");
    corpus::write(dir.path(), &made.into_iter().filter(|m| !m.pictures.is_empty()).collect::<Vec<_>>()).expect("written");
    dir
}

#[test]
fn on_unseen_families_copies_and_sellers_are_found_and_honest_pages_are_left_alone() {
    let dir = folder("unseen", 1.0);
    let output = eval(dir.path(), &["--json", "--split", "unseen"]);
    let all = lines(&output);
    let report = &all[0];
    assert_eq!(report["schema"], "eval/1");
    assert!(report["pages"]["benign"].as_u64().expect("a count") >= 3_000);
    let mut below = Vec::new();
    for (class, bar) in [("fake_query", 0.95), ("seller", 0.85)] {
        let figures = report["classes"].as_array().expect("classes").iter().find(|c| c["class"] == class).expect("the class");
        let share = |rate: &Value| rate["hit"].as_f64().expect("hit") / rate["of"].as_f64().expect("of");
        let (recall, alarms) = (share(&figures["recall"]), share(&figures["false_alarms"]));
        if recall < bar || alarms > 0.001 {
            below.push(format!("{class}: recall {recall:.3} (bar {bar}), false positives {alarms:.4} (bar 0.001)"));
        }
    }
    assert!(below.is_empty(), "{}\n{}", below.join("\n"), String::from_utf8_lossy(&eval(dir.path(), &["--split", "unseen"]).stdout));
}

#[test]
fn few_benign_pages_do_not_support_a_low_rate_and_the_report_says_so() {
    let dir = folder("unseen", 0.03);
    let all = lines(&eval(dir.path(), &["--json", "--split", "unseen"]));
    let benign = all[0]["pages"]["benign"].as_u64().expect("a count");
    assert!(benign < 1_000);
    for class in all[0]["classes"].as_array().expect("classes") {
        assert_eq!(class["at"][0]["supported"], false, "{benign} pages cannot show 0.1%");
        assert!(class["false_alarms"]["at_most_95"].as_f64().expect("a bound") >= 2.9 / benign as f64);
        let (seen, worst) = (class["precision_at_base"].as_f64().expect("one"), class["precision_at_base_worst"].as_f64().expect("one"));
        assert!(worst <= seen);
    }
    let text = String::from_utf8(eval(dir.path(), &["--split", "unseen", "--lang", "zh"]).stdout).expect("utf-8");
    assert!(text.contains("不足以证明该误报率"), "{text}");
    let text = String::from_utf8(eval(dir.path(), &["--split", "unseen", "--lang", "en"]).stdout).expect("utf-8");
    assert!(text.contains("cannot show that rate"), "{text}");
}

#[test]
fn pages_of_pictures_alone_are_read_and_counted_apart() {
    let dir = painted("unseen", 0.2);
    let all = lines(&eval(dir.path(), &["--json"]));
    let report = &all[0];
    assert_eq!(report["split"], "pictures");
    let told = || String::from_utf8_lossy(&eval(dir.path(), &[]).stdout).into_owned();
    for class in ["fake_query", "seller"] {
        let figures = report["classes"].as_array().expect("classes").iter().find(|c| c["class"] == class).expect("the class");
        let rate = |name: &str| (figures[name]["hit"].as_u64().expect("hit"), figures[name]["of"].as_u64().expect("of"));
        let ((hit, of), (alarms, _)) = (rate("recall"), rate("false_alarms"));
        assert!(hit * 10 >= of * 7 && alarms == 0, "{class}: {hit} of {of}, {alarms} false alarms\n{}", told());
    }
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let dir = folder("unseen", 0.02);
    assert_eq!(eval(dir.path(), &["--json"]).stdout, eval(dir.path(), &["--json"]).stdout);
}

#[test]
fn a_fit_is_written_for_review_and_never_over_a_file() {
    let dir = folder("train", 0.1);
    let new = dir.path().join("weights.new.toml");
    let shown = new.to_str().expect("a plain path");
    let output = eval(dir.path(), &["--fit", shown]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let written: toml::Table = std::fs::read_to_string(&new).expect("written").parse().expect("it reads");
    let shipped: toml::Table = include_str!("../../rules/weights.toml").parse().expect("it reads");
    for class in ["fake_query", "seller"] {
        for (key, old) in shipped[class].as_table().expect("a table") {
            let (old, new) = (old.as_integer().expect("a number"), written[class][key].as_integer().expect("a number"));
            assert!(old.signum() == new.signum() || new == 0, "{key}: {old} became {new}");
        }
    }
    assert_eq!(eval(dir.path(), &["--fit", shown]).status.code(), Some(2), "it is not written over");
}

#[test]
fn a_bar_that_is_not_cleared_ends_with_4() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("a.html"), "<title>天气</title><p>晴").expect("written");
    let head = "file\turl\tclass\tfamily\tsplit\n";
    std::fs::write(dir.path().join("manifest.tsv"), format!("{head}a.html\thttp://a.example.com/\tfake_query\tx\tunseen\n"))
        .expect("written");
    assert_eq!(eval(dir.path(), &["--bar", "fake_query=0.5"]).status.code(), Some(4));
    assert_eq!(eval(dir.path(), &["--bar", "fake_query=0"]).status.code(), Some(0));
    assert_eq!(eval(dir.path(), &["--bar", "fake=0.5"]).status.code(), Some(2));
}

#[test]
fn a_manifest_that_leaves_its_folder_or_names_no_class_is_refused_with_its_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let head = "file\turl\tclass\tfamily\tsplit\n";
    for (row, want) in [
        ("../a.html\thttp://a.com/\tbenign\tx\ty", "../a.html"),
        ("/etc/passwd\thttp://a.com/\tbenign\tx\ty", "/etc/passwd"),
        ("a.html\thttp://a.com/\tgood\tx\ty", "good"),
        ("a.html\tnot an address\tbenign\tx\ty", "not an address"),
    ] {
        std::fs::write(dir.path().join("manifest.tsv"), format!("{head}{row}\n")).expect("written");
        let output = eval(dir.path(), &["--lang", "en"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(want) && told.contains("1:"), "{told}");
    }
}
