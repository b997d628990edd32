//! A disk that fills up: a clear error, nothing acknowledged is lost, and work goes on once there is room.
//! Needs a file system of its own; where mounting is not allowed the tests say `skipped`.

use super::*;
use std::process::Command;

/// A small tmpfs, unmounted when dropped.
struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    fn mount(mebibytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let size = format!("size={mebibytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "jianwei-test"]).arg(dir.path()).output();
        if done.is_ok_and(|o| o.status.success()) {
            return Some(Self { dir });
        }
        eprintln!("skipped: no small disk can be mounted here");
        None
    }
    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }
    fn filler(&self) -> std::path::PathBuf {
        self.dir.path().join("filler")
    }
    /// Leaves no room at all.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filler()).expect("made");
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![7u8; size]).is_ok() {}
        }
    }
    fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.dir.path()).status();
    }
}

fn no_room(error: &RecordsError) -> bool {
    matches!(error, RecordsError::Store { why, .. } if why.contains("no space left"))
}

#[test]
fn a_store_that_fills_its_disk_says_so_and_keeps_every_acknowledged_batch() {
    let Some(disk) = SmallDisk::mount(40) else { return };
    let records = open(&disk.folder());
    let batch = |n: u64| (0..500).map(|i| candidate(&format!("h{n}-{i}.top"), "names", t(0))).collect::<Vec<_>>();
    let mut kept = 0;
    let error = loop {
        match records.commit_batch("names", batch(kept + 1), &(kept + 1).to_string(), &run(t(0))) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the disk never filled");
    };
    assert!(no_room(&error), "{error}");
    assert!(kept > 5, "only {kept} batches fitted");
    let again = records.commit_batch("names", batch(1), "x", &run(t(0))).expect_err("it stays stopped");
    assert!(no_room(&again), "{again}");
    drop(records);
    std::fs::write(disk.folder().join("x"), b"").expect("the folder is writable");
    let remounted = Command::new("mount").args(["-o", "remount,size=120m"]).arg(disk.dir.path()).status();
    assert!(remounted.is_ok_and(|s| s.success()));
    let records = open_whole(&disk.folder());
    let cursor = records.cursor("names").expect("read").map_or(0, |c| c.parse::<u64>().expect("a number"));
    assert!(cursor >= kept, "batch {kept} was acknowledged, the cursor is {cursor}");
    assert_eq!(records.totals().expect("totals").hosts, cursor * 500);
    records.commit_batch("names", batch(cursor + 1), "on", &run(t(0))).expect("work goes on");
}

#[test]
fn a_full_disk_refuses_an_open_a_visit_and_a_decision_without_setting_anything_aside() {
    let Some(disk) = SmallDisk::mount(40) else { return };
    let records = open(&disk.folder());
    records.finish_visit(&visit("a.top", t(1), 80), later(t(9))).expect("kept");
    let id = LeadId::of(&host("a.top"), SITE);
    let lead = records.lead(&id).expect("read").expect("there");
    drop(records);
    disk.fill();
    let refused = Records::open(&disk.folder(), &never).err().expect("no room to open");
    assert!(no_room(&refused), "{refused}");
    disk.make_room();
    let records = open_whole(&disk.folder());
    assert_eq!(records.lead(&id).expect("read"), Some(lead));
    disk.fill();
    let mut refused = None;
    for n in 0..2000u32 {
        let what = if n % 2 == 0 { Move::Claim } else { Move::Dismiss { reason: "x".repeat(2000) } };
        let what = if n > 1 && n % 2 == 0 { Move::Reopen { reason: "y".repeat(2000) } } else { what };
        if let Err(error) = records.decide(&id, what, "wang", t(2)) {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("no room to decide");
    assert!(no_room(&refused), "{refused}");
    drop(records);
    disk.make_room();
    let records = open_whole(&disk.folder());
    assert_eq!(records.verify_journal().expect("read").faults, Vec::<String>::new());
    let lead = records.lead(&id).expect("read").expect("there");
    assert_eq!(lead.history.len() as u64, records.verify_journal().expect("read").lines);
    assert!(!disk.folder().join("records.broken-1").exists());
}
