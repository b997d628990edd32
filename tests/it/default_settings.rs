//! The commented settings: what stands in them commented out is right, whole, and says what it needs; with nothing changed the watch starts.

use crate::cli::{command, jianwei, stderr};
use crate::sources::engine_files;
use jianwei::sources::{Settings, build};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What `init` writes, in a folder of its own.
fn init(lang: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let made = jianwei(dir.path(), &["init", "--lang", lang]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let text = std::fs::read_to_string(dir.path().join("jianwei.toml")).expect("written");
    (dir, text)
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
}

/// The sources that are commented out: the line of prose above, and the block without its marks.
fn blocks(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = lines.iter().enumerate().filter(|(_, l)| **l == "# [[source]]").map(|(n, _)| n);
    begins
        .map(|n| {
            let settings = lines[n + 1..].iter().map_while(|l| l.strip_prefix("# ").filter(|l| is_setting(l)));
            (lines[n - 1].to_owned(), settings.map(|l| format!("{l}\n")).collect())
        })
        .collect()
}

/// The whole file with every source on, and no way out of this machine.
fn all_on(text: &str) -> String {
    let mut inside = false;
    let on = text.lines().map(|line| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        inside = line == "# [[source]]" || (inside && is_setting(bare));
        format!("{}\n", if inside { bare } else { line })
    });
    on.collect::<String>().replace("[net]\n", "[net]\nresolvers = [\"127.0.0.1:9\"]\ntimeout_ms = 1000\n")
}

#[test]
fn each_source_that_is_commented_out_is_right_and_says_what_it_needs() {
    for lang in ["zh", "en"] {
        let (_dir, text) = init(lang);
        let (mut kinds, mut engines, files) = (BTreeSet::new(), BTreeSet::new(), engine_files());
        for (prose, block) in blocks(&text) {
            let settings: Settings = toml::from_str(&block).unwrap_or_else(|e| panic!("{block}: {e}"));
            if let Err(e) = build(&settings, &[], &files, &Vec::new) {
                panic!("{lang}: {e}\n{block}");
            }
            assert!(
                ["不需密钥", "密钥", "需要账号", "No key", "no key", "Key ", "Needs", "whether it needs"].iter().any(|w| prose.contains(w)),
                "{prose}"
            );
            if let Some(engine) = &settings.engine {
                let key = files.iter().any(|f| f.path == format!("engines/{engine}.toml") && f.text.contains("\n[key]\n"));
                let env = jianwei::sources::key_env(engine);
                assert_eq!(prose.contains(&env), key, "{prose}");
            }
            kinds.insert(format!("{} {}", settings.kind, settings.preset.as_deref().unwrap_or_default()));
            engines.extend(settings.engine);
        }
        let want: BTreeSet<String> =
            ["names whoisds", "names ", "ct ", "certstream ", "zone_diff ", "zone_diff czds", "search ", "assets "]
                .map(str::to_owned)
                .into();
        assert_eq!(kinds, want, "{lang}");
        let all = files.iter().filter_map(|f| Some(f.path.strip_prefix("engines/")?.strip_suffix(".toml")?.to_owned()));
        assert_eq!(engines, all.filter(|id| id != "lab").collect(), "{lang}: every engine that is shipped");
    }
}

/// What the watch says at its start, until it says how alerts go; then it is stopped.
fn start(dir: &Path, lang: &str) -> String {
    let log = dir.join("watch.log");
    let err = std::fs::File::create(&log).expect("a log");
    let mut child = command(dir, &["watch", "--lang", lang]).stdout(Stdio::null()).stderr(err).spawn().expect("starts");
    let (began, last) = (Instant::now(), if lang == "zh" { "告警只写入日志" } else { "alerts only go to the log" });
    let told = loop {
        let told = std::fs::read_to_string(&log).unwrap_or_default();
        if told.contains(last) || began.elapsed() > Duration::from_secs(240) || child.try_wait().expect("waited for").is_some() {
            break told;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    child.kill().expect("killed");
    child.wait().expect("reaped");
    assert!(told.contains(last), "{told}");
    told
}

#[test]
fn without_any_key_the_watch_says_of_each_source_whether_it_is_on_what_it_needs_and_where_that_is_had() {
    for (lang, on, off) in [("zh", "开  ", "关  "), ("en", "on  ", "off ")] {
        let (dir, text) = init(lang);
        let text = text.replace("[net]\n", "[net]\nresolvers = [\"127.0.0.1:9\"]\n");
        std::fs::write(dir.path().join("jianwei.toml"), text).expect("written");
        let told = start(dir.path(), lang);
        for id in ["permutations", "new-names"] {
            assert!(told.contains(&format!("{on}{id}")), "{told}");
        }
        let offer = |id: &str| {
            let named = [format!("（{id}）"), format!("({id})")];
            told.lines().find(|l| l.contains(off) && named.iter().any(|n| l.contains(n.as_str()))).unwrap_or_else(|| panic!("{id}: {told}"))
        };
        for id in ["whoisds", "ct", "certstream", "czds", "zone_diff"] {
            offer(id);
        }
        assert!(offer("czds").contains("JIANWEI_CZDS_KEY") && offer("czds").contains("https://czds.icann.org"), "{told}");
        for file in engine_files() {
            let id = file.path.trim_start_matches("engines/").trim_end_matches(".toml");
            match file.text.contains("\n[key]\n") {
                _ if id == "lab" => assert!(!told.contains("（lab）") && !told.contains("(lab)"), "{told}"),
                true => {
                    assert!(offer(id).contains(&jianwei::sources::key_env(id)) && offer(id).contains("https://"), "{}", offer(id));
                }
                false => assert!(offer(id).contains(if lang == "zh" { "不需密钥" } else { "no key" }), "{}", offer(id)),
            }
        }
    }
}

#[test]
fn with_every_source_on_and_no_key_the_watch_starts_and_names_each_key_that_is_missing() {
    let (dir, text) = init("zh");
    std::fs::write(dir.path().join("jianwei.toml"), all_on(&text)).expect("written");
    for file in ["czds-key", "qianfan-key"] {
        std::fs::write(dir.path().join(file), "\n").expect("written");
    }
    let told = start(dir.path(), "zh");
    for id in ["fofa", "quake", "hunter", "zoomeye", "shodan", "urlscan", "qianfan", "tencent-wsa", "bocha", "brave", "serper", "czds"] {
        let line = told.lines().find(|l| l.contains(&format!("缺  {id}（"))).unwrap_or_else(|| panic!("{id}: {told}"));
        assert!(line.contains(&jianwei::sources::key_env(id)) && line.contains("https://"), "{line}");
    }
    for id in ["ct", "certstream", "whoisds", "nrd", "zones", "baidu", "bing", "searxng", "permutations", "new-names"] {
        assert!(told.contains(&format!("开  {id}（")), "{id}: {told}");
    }
    assert!(!told.contains("关  "), "everything is on: {told}");
}
