//! `records backup` and `restore` from outside: beside a working scan and a running watch, and the way back into an empty folder.

use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::world;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn leads(dir: &Path) -> Vec<String> {
    let run = jianwei(dir, &["leads", "list", "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let mut lines: Vec<String> = stdout(&run).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// A folder with settings of its own data folder, and the packages of another.
fn empty_like(lab: &Lab, other: &Path) -> tempfile::TempDir {
    let dir = world::lab_settings(lab, 4_000);
    std::fs::create_dir_all(dir.path().join("data")).expect("made");
    let copied = Command::new("cp").arg("-r").arg(other.join("data/evidence")).arg(dir.path().join("data")).status();
    assert!(copied.is_ok_and(|s| s.success()));
    dir
}

#[test]
fn backups_beside_a_working_scan_each_hold_and_one_restored_has_the_same_leads() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let added = jianwei(dir.path(), &["users", "add", "zhang", "--role", "analyst"]);
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let mut scan = command(dir.path(), &["scan", "--source", "names", "--quiet"]).stdout(Stdio::null()).spawn().expect("starts");
    let (mut made, began) = (0, Instant::now());
    while scan.try_wait().expect("asked").is_none() && began.elapsed() < Duration::from_secs(300) {
        let name = format!("backup-{made}");
        let run = jianwei(dir.path(), &["records", "backup", &name]);
        if stderr(&run).contains("holds no store") || stderr(&run).contains("没有可备份的存储") {
            continue; // The scan has not laid it out yet.
        }
        assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
        made += 1;
    }
    assert!(scan.wait().expect("ended").success());
    assert!(made >= 2, "{made} backups during the scan");
    // Each of them can be brought back: what was acknowledged by then is in it.
    let half = empty_like(&lab, dir.path());
    let from = dir.path().join("backup-1");
    let run = jianwei(half.path(), &["records", "restore", from.to_str().expect("UTF-8")]);
    assert!(matches!(run.status.code(), Some(0 | 3)), "{}{}", stdout(&run), stderr(&run));

    let last = dir.path().join("backup-last");
    let run = jianwei(dir.path(), &["records", "backup", "backup-last"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let again = jianwei(dir.path(), &["records", "backup", "backup-last"]);
    assert!(again.status.code() == Some(2) && stderr(&again).contains("已存在"), "{}", stderr(&again));
    let new = empty_like(&lab, dir.path());
    let run = jianwei(new.path(), &["records", "restore", last.to_str().expect("UTF-8")]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    let known = leads(dir.path());
    assert!(known.len() > 3 && leads(new.path()) == known, "{known:?}");
    let people = jianwei(new.path(), &["users", "list"]);
    assert!(stdout(&people).contains("zhang"), "{}", stdout(&people));
    let refused = jianwei(new.path(), &["records", "restore", last.to_str().expect("UTF-8")]);
    assert!(refused.status.code() == Some(2) && stderr(&refused).contains("不覆盖"), "{}", stderr(&refused));
    assert_eq!(leads(new.path()), known, "nothing was touched");
}

#[test]
fn a_backup_that_was_changed_or_lacks_packages_is_told() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    std::fs::write(dir.path().join("names.txt"), "cx-mem-gov.cn\nmem-cx.com\n").expect("written");
    assert_eq!(jianwei(dir.path(), &["scan", "--source", "names", "--quiet"]).status.code(), Some(0));
    assert_eq!(jianwei(dir.path(), &["records", "backup", "b"]).status.code(), Some(0));
    let from = dir.path().join("b");
    let from = from.to_str().expect("UTF-8");
    // Without the packages: restored, and the gap is counted.
    let bare = world::lab_settings(&lab, 4_000);
    let run = jianwei(bare.path(), &["records", "restore", from]);
    assert!(run.status.code() == Some(3) && stderr(&run).contains("缺少或已不同的证据包"), "{}{}", stdout(&run), stderr(&run));
    // Changed: nothing is written.
    let journal = dir.path().join("b/journal.jsonl");
    let store = std::fs::read_dir(dir.path().join("b/records")).expect("there").next().expect("a file").expect("an entry").path();
    for file in [journal, store] {
        let whole = std::fs::read(&file).expect("read");
        std::fs::write(&file, [whole.as_slice(), b"x"].concat()).expect("written");
        let new = world::lab_settings(&lab, 4_000);
        let run = jianwei(new.path(), &["records", "restore", from]);
        assert!(run.status.code() == Some(1) && stderr(&run).contains("backup.json"), "{}{}", stdout(&run), stderr(&run));
        assert!(!new.path().join("data/records").exists() && !new.path().join("data/journal.jsonl").exists());
        std::fs::write(&file, whole).expect("written");
    }
    let none = jianwei(dir.path(), &["records", "backup", "/proc/none/b"]);
    assert_eq!(none.status.code(), Some(1), "{}", stderr(&none));
}
