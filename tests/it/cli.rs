//! The command line as a script or a person meets it: exit codes, one-line errors, JSON contracts.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the real program in `dir` with nothing of this machine's settings.
pub(crate) fn jianwei(dir: &Path, arguments: &[&str]) -> Output {
    command(dir, arguments).output().expect("the program starts")
}

pub(crate) fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jianwei"));
    command.args(arguments).current_dir(dir).env_remove("JIANWEI_CONFIG").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fed(dir: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(dir, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(input).expect("fed");
    child.wait_with_output().expect("ends")
}

#[test]
fn init_writes_settings_that_work_and_never_overwrites() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = jianwei(dir.path(), &["init"]);
    assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
    assert!(dir.path().join("jianwei.toml").is_file() && dir.path().join("jianwei-data/evidence").is_dir());
    let list = jianwei(dir.path(), &["leads", "list", "--json"]);
    assert_eq!((list.status.code(), stdout(&list).as_str()), (Some(0), ""), "{}", stderr(&list));
    std::fs::write(dir.path().join("jianwei.toml"), "# mine\n").expect("written");
    let second = jianwei(dir.path(), &["init"]);
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(dir.path().join("jianwei.toml")).expect("there"), "# mine\n");
}

#[test]
fn wrong_settings_are_one_line_with_file_line_and_remedy_and_exit_2() {
    let dir = tempfile::tempdir().expect("a folder");
    for (text, en, zh) in [
        ("[net]\nresolver = []\n", "jianwei.toml:2: unknown key `resolver`; did you mean `resolvers`?", "是否想写 “resolvers”？"),
        ("[net\n", "jianwei.toml:1: ", "jianwei.toml:1"),
        ("[net]\nallow_private = [\"127.0.0.0/99\"]\n", "allow_private", "allow_private"),
        ("[net]\nresolvers = [\"not an address\"]\n", "resolvers", "resolvers"),
        ("[capture]\nbrowser = \"allways\"\n", "[capture] browser: `allways`; write auto, always or never", "[capture] browser"),
        ("[capture]\nvariants = [\"phone\"]\n", "[capture] variants: no variant `phone`", "[capture] variants"),
        ("[capture]\nproxies = { wechat = \"socks5://127.0.0.1:1\" }\n", "[capture] proxies: wechat: ", "[capture] proxies"),
        ("[capture]\nproxies = { ipad = \"http://127.0.0.1:1\" }\n", "[capture] proxies: no variant `ipad`", "[capture] proxies"),
        ("[capture]\ndeep_links = 1000\n", "[capture] deep_links: 1000 is out of range", "[capture] deep_links"),
        ("[[source]]\nid = \"a\"\nkind = \"nmaes\"\npath = \"x\"\n", "names", "names"),
        ("[[source]]\nid = \"a\"\nkind = \"search\"\nengine = \"nowhere\"\n", "nowhere", "nowhere"),
    ] {
        std::fs::write(dir.path().join("jianwei.toml"), text).expect("written");
        for (lang, want) in [("en", en), ("zh", zh)] {
            let run = jianwei(dir.path(), &["scan", "--lang", lang]);
            assert_eq!(run.status.code(), Some(2), "{text}: {}", stderr(&run));
            assert!(stderr(&run).contains(want), "{text}: {}", stderr(&run));
            assert_eq!(stderr(&run).trim_end().lines().count(), 1, "one line: {}", stderr(&run));
        }
    }
}

#[test]
fn bad_arguments_urls_and_files_exit_2_with_one_line() {
    let dir = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["check", "ftp://a.top/"][..],
        &["check", "http://"],
        &["check", "http://a b/"],
        &["match", "no-such-file.txt"],
        &["--config", "no-such.toml", "scan"],
        &["evidence", "verify", "no-such-folder"],
        &["leads", "list", "--state", "nwe"],
        &["leads", "list", "--since", "yesterday"],
        &["leads", "export", "--format", "pdf"],
        &["scan", "--source", "nope"],
        &["scan", "--site", "nope.gov.cn"],
        &["permute", "not a host"],
        &["frobnicate"],
        &["scan", "--frobnicate"],
    ] {
        let run = jianwei(dir.path(), arguments);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {}", stderr(&run));
        assert_eq!(stderr(&run).trim_end().lines().count(), 1, "{arguments:?}: {}", stderr(&run));
        assert!(stderr(&run).starts_with("错误："), "{arguments:?}: {}", stderr(&run));
        assert_eq!(stdout(&run), "", "{arguments:?}");
    }
}

#[test]
fn help_is_chinese_unless_english_is_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(stdout(&jianwei(dir.path(), &["--help"])).contains("发现仿冒"));
    assert!(stdout(&jianwei(dir.path(), &["scan", "--help", "--lang", "en"])).contains("One pass over all that is due"));
}

#[test]
fn match_json_is_the_contract() {
    let dir = tempfile::tempdir().expect("a folder");
    let input = b"example.org\ncx.mem.gov.cn\nCX.MEM.GOV.CN.abc-query.top\n\xff\xfe\nwww.baidu.com\n";
    let run = fed(dir.path(), &["match", "--json", "-"], input);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let lines: Vec<Value> = stdout(&run).lines().map(|l| serde_json::from_str(l).expect("JSON a line")).collect();
    assert_eq!(lines.len(), 1, "{}", stdout(&run));
    let hit = lines[0].as_object().expect("an object");
    let keys: Vec<&str> = hit.keys().map(String::as_str).collect();
    assert_eq!(keys, ["schema", "name", "unicode", "site", "score", "techniques", "why", "matched", "token", "transform"]);
    assert_eq!(hit["schema"], "match/1");
    assert_eq!(hit["site"], "cx.mem.gov.cn");
    assert_eq!(hit["techniques"][0], "embedded_official_host");
    assert!(hit["score"].as_u64().is_some_and(|s| (1..=100).contains(&s)));
}

#[test]
fn match_reads_the_first_name_behind_a_byte_order_mark() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = fed(dir.path(), &["match", "--json", "-"], b"\xef\xbb\xbfcx-mem-gov-cn.top\nexample.org\n");
    let hits: Vec<Value> = stdout(&run).lines().map(|l| serde_json::from_str(l).expect("JSON a line")).collect();
    assert_eq!(hits.len(), 1, "{}", stdout(&run));
    assert_eq!(hits[0]["name"], "cx-mem-gov-cn.top");
}

#[test]
fn match_reads_gzip_and_a_last_line_without_an_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(b"example.org\ncx-mem-gov-cn.lookup.top").expect("memory");
    std::fs::write(dir.path().join("names.gz"), zipped.finish().expect("memory")).expect("written");
    let run = jianwei(dir.path(), &["match", "names.gz", "--lang", "en"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stdout(&run).contains("cx-mem-gov-cn.lookup.top"), "{}", stdout(&run));
    assert!(stderr(&run).contains("2 names, 1 near"), "{}", stderr(&run));
}

#[test]
fn permute_gives_only_names_that_can_be_registered() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = jianwei(dir.path(), &["permute", "cx.mem.gov.cn", "--json", "--limit", "5000"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let names: Vec<String> = stdout(&run)
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("JSON a line")["name"].as_str().expect("a name").to_owned())
        .collect();
    assert!(names.len() > 1_000, "{}", names.len());
    let distinct: std::collections::HashSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "no name twice");
    assert!(names.iter().all(|n| !n.ends_with(".gov.cn")), "gov.cn is closed");
}

#[test]
fn two_commands_on_one_data_folder_take_turns_or_say_who_holds_it() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(jianwei(dir.path(), &["init"]).status.code(), Some(0));
    let lock = dir.path().join("jianwei-data/lock");
    let held = std::fs::File::options().create(true).truncate(false).write(true).open(&lock).expect("opened");
    held.lock().expect("ours");
    let run = jianwei(dir.path(), &["leads", "list"]);
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stderr(&run).contains("jianwei-data"), "{}", stderr(&run));
}

#[test]
fn doctor_names_what_is_missing_and_how_to_install_it() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("jianwei.toml"), "[net]\nresolvers = [\"127.0.0.1:9\"]\ntimeout_ms = 500\n").expect("written");
    let run = command(dir.path(), &["doctor", "--lang", "en"]).env("PATH", "/nonexistent").output().expect("starts");
    assert_eq!(run.status.code(), Some(0), "only optional things are missing: {}{}", stdout(&run), stderr(&run));
    assert!(stdout(&run).contains("apt-get install -y chromium"), "{}", stdout(&run));
}

#[test]
fn the_allow_list_is_kept_told_and_honoured() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| jianwei(dir.path(), &[arguments, &["--lang", "en"]].concat());
    assert_eq!(run(&["init"]).status.code(), Some(0));
    assert_eq!(run(&["allow", "add", "cx-mem.top"]).status.code(), Some(2), "a reason is needed");
    assert_eq!(run(&["allow", "add", "cx-mem.top", "--reason", " "]).status.code(), Some(2), "and says something");
    assert_eq!(run(&["allow", "add", "com.cn", "--tree", "--reason", "x"]).status.code(), Some(2), "a suffix is nobody's");
    let added = run(&["allow", "add", "CX-Mem.top.", "--tree", "--reason", "our exercise", "--by", "li"]);
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let list = stdout(&run(&["allow", "list"]));
    assert!(list.starts_with("cx-mem.top (and all below it)") && list.contains("li  our exercise"), "{list}");
    let names = b"www.cx-mem.top\ncx-mem.vip\n";
    let near = |arguments: &[&str]| stdout(&fed(dir.path(), arguments, names)).lines().count();
    assert_eq!((near(&["match", "-"]), near(&["match", "--known", "-"])), (2, 1));
    let tip = run(&["tip", "add", "http://www.cx-mem.top/q"]);
    assert_eq!(tip.status.code(), Some(2));
    assert!(stderr(&tip).contains("our exercise"), "{}", stderr(&tip));
    assert_eq!(run(&["allow", "remove", "cx-mem.top", "--reason", "over"]).status.code(), Some(0));
    assert_eq!(run(&["allow", "remove", "cx-mem.top", "--reason", "over"]).status.code(), Some(2), "it is gone");
    assert_eq!(run(&["tip", "add", "http://www.cx-mem.top/q"]).status.code(), Some(0));
    let journal = std::fs::read_to_string(dir.path().join("jianwei-data/journal.jsonl")).expect("the journal");
    assert!(
        journal.lines().count() == 2 && journal.contains("\"move\":\"allow\"") && journal.contains("\"move\":\"disallow\""),
        "{journal}"
    );
}

#[test]
fn rules_check_tells_what_words_cost_on_a_sample_and_when_the_sample_is_too_small() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut names: String = (0..2_000).map(|n| format!("plain-name-{n}.com\n")).collect();
    names.push_str("zhengshuchaxun-a.com\nchaxun1.com\nchaxun2.com\nmyshoes.top\n");
    std::fs::write(dir.path().join("names.txt"), names).expect("written");
    let run = jianwei(dir.path(), &["rules", "check", "--sample", "names.txt", "--word", "shoes", "--lang", "en"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let told = stdout(&run);
    for wanted in [
        "2004 names, 1 alerts: 499.0 a million",
        "the sample is too small",
        "at most 1497",
        "zhengshuchaxun-a.com",
        "tried: “shoes”: held by 1 names",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let zh = jianwei(dir.path(), &["rules", "check", "--sample", "names.txt"]);
    assert!(stdout(&zh).contains("样本太小"), "{}", stdout(&zh));
    let json = jianwei(dir.path(), &["rules", "check", "--sample", "names.txt", "--json"]);
    let words: Vec<Value> = stdout(&json).lines().map(|l| serde_json::from_str(l).expect("JSON a line")).collect();
    let of = |word: &str, field: &str| {
        words
            .iter()
            .find(|w| w["site"] == "cx.mem.gov.cn" && w["word"] == word)
            .map(|w| w[field].as_u64().expect("a count"))
            .expect("a word")
    };
    assert_eq!((of("证书查询", "alerts"), of("证书查询", "holds"), of("查询", "alerts"), of("查询", "holds")), (1, 1, 0, 3));
    std::fs::write(dir.path().join("empty.txt"), "\n\n").expect("written");
    assert_eq!(jianwei(dir.path(), &["rules", "check", "--sample", "empty.txt"]).status.code(), Some(2));
}

#[test]
fn the_settings_name_the_protected_sites_in_use() {
    let dir = tempfile::tempdir().expect("a folder");
    let hits = || stdout(&fed(dir.path(), &["match", "-"], b"chsi-com-cn.top\ncx-mem-gov-cn.top\n")).lines().count();
    assert_eq!(hits(), 2, "all are on");
    std::fs::write(dir.path().join("jianwei.toml"), "[rules]\nsites = [\"cx.mem.gov.cn\"]\n").expect("written");
    assert_eq!(hits(), 1);
    std::fs::write(dir.path().join("jianwei.toml"), "[rules]\nsites = [\"cx.mem.gov\"]\n").expect("written");
    let run = jianwei(dir.path(), &["match", "-", "--lang", "en"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("there are: cnse.samr.gov.cn, cx.mem.gov.cn"), "{}", stderr(&run));
}
