//! Bad blocks, half-written snapshots, full disks: the store opens again, with the same leads.

use super::*;
use std::fs;
use std::path::PathBuf;

/// A folder with leads, decisions and unvisited hosts, closed; and what its packages would give.
fn lived_in() -> (TempDir, Vec<Visit>, Vec<Lead>) {
    let (dir, records) = fresh();
    let mut visits = Vec::new();
    for n in 0..40 {
        let (name, at) = (format!("h{n}.top"), t(n));
        records.commit_batch("names", vec![candidate(&name, "names", t(0))], &n.to_string(), &run(at)).expect("kept");
        if n % 2 == 0 {
            let seen = visit(&name, at, 30 + n as u8);
            records.finish_visit(&seen, later(t(99))).expect("kept");
            visits.push(seen);
        }
    }
    for (i, lead) in all(&records).iter().enumerate() {
        if i % 2 == 0 {
            records.decide(&lead.id, Move::Claim, "wang", t(50)).expect("claimed");
        }
    }
    let leads = all(&records);
    assert!(leads.len() > 10);
    (dir, visits, leads)
}

fn records_file(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join("records").join(name)
}

fn snapshots(dir: &TempDir) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.path().join("records")).expect("listed").flatten().map(|e| e.path());
    files.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("snap."))).collect()
}

fn aside(dir: &TempDir) -> bool {
    dir.path().join("records.broken-1").exists()
}

#[test]
fn a_snapshot_that_sled_had_not_finished_is_no_obstacle() {
    let (dir, _, leads) = lived_in();
    open_whole(dir.path());
    let snapshot = snapshots(&dir).into_iter().next().expect("sled writes one at open");
    let half = fs::read(&snapshot).expect("read");
    fs::write(records_file(&dir, "snap.00000000FFFFFFFF.generating"), &half[..half.len() / 2]).expect("written");
    let records = open_whole(dir.path());
    assert_eq!(all(&records), leads);
    assert!(!aside(&dir));
}

#[test]
fn a_truncated_snapshot_is_read_again_from_the_log_and_not_even_a_cursor_is_lost() {
    let (dir, visits, leads) = lived_in();
    open_whole(dir.path());
    for snapshot in snapshots(&dir) {
        let half = fs::read(&snapshot).expect("read");
        fs::write(&snapshot, &half[..half.len() / 2]).expect("written");
    }
    let records = Records::open(dir.path(), &|| visits.clone()).expect("opens");
    assert_eq!(all(&records), leads);
    assert_eq!(records.cursor("names").expect("read").as_deref(), Some("39"));
    assert!(!aside(&dir));
}

#[test]
fn a_missing_settings_file_of_the_store_is_no_obstacle() {
    let (dir, visits, leads) = lived_in();
    fs::remove_file(records_file(&dir, "conf")).expect("removed");
    assert_eq!(all(&Records::open(dir.path(), &|| visits.clone()).expect("opens")), leads);
}

#[test]
fn bytes_overwritten_anywhere_in_the_database_never_lose_a_lead() {
    let (dir, visits, leads) = lived_in();
    let whole = tempfile::tempdir().expect("a folder");
    super::journal::copy(dir.path(), whole.path());
    let length = fs::metadata(whole.path().join("records/db")).expect("there").len() as usize;
    let mut made_anew = 0;
    for step in 0..24 {
        let dir = tempfile::tempdir().expect("a folder");
        super::journal::copy(whole.path(), dir.path());
        let mut bytes = fs::read(records_file(&dir, "db")).expect("read");
        let at = length * step / 24;
        let end = (at + 300).min(length);
        bytes[at..end].fill(0xA5);
        fs::write(records_file(&dir, "db"), bytes).expect("written");
        let records = Records::open(dir.path(), &|| visits.clone()).expect("opens");
        assert_eq!(all(&records), leads, "300 bytes at {at} of {length}");
        let cursor = records.cursor("names").expect("read");
        assert_eq!(cursor.is_none(), aside(&dir), "at {at}: either the whole store or a new one, nothing between");
        made_anew += usize::from(aside(&dir));
        drop(records);
        open_whole(dir.path());
    }
    assert!(made_anew > 0, "the damage did nothing");
}

#[test]
fn a_lost_segment_of_a_larger_store_never_goes_unnoticed() {
    const SEGMENT: usize = 512 << 10;
    let (dir, visits, leads) = lived_in();
    let records = open_whole(dir.path());
    for n in 0..12 {
        let batch = (0..400).map(|i| candidate(&format!("more{n}-{i}.top"), "feed", t(0))).collect();
        records.commit_batch("feed", batch, &n.to_string(), &run(t(0))).expect("kept");
    }
    let totals = records.totals().expect("totals");
    drop(records);
    let segments = fs::metadata(records_file(&dir, "db")).expect("there").len() as usize / SEGMENT;
    assert!(segments > 6, "{segments}");
    for n in 0..segments {
        let hurt = tempfile::tempdir().expect("a folder");
        super::journal::copy(dir.path(), hurt.path());
        let mut bytes = fs::read(records_file(&hurt, "db")).expect("read");
        bytes[n * SEGMENT..(n + 1) * SEGMENT].fill(0);
        fs::write(records_file(&hurt, "db"), bytes).expect("written");
        let records = Records::open(hurt.path(), &|| visits.clone()).expect("opens");
        assert_eq!(all(&records), leads, "segment {n}");
        let whole = records.totals().expect("totals") == totals;
        assert_ne!(whole, aside(&hurt), "segment {n}: whole, or made anew");
    }
}

#[test]
fn a_garbage_database_an_empty_folder_and_no_folder_are_made_anew() {
    for what in ["garbage", "cut to nothing", "short", "empty folder", "no folder", "a file"] {
        let (dir, visits, leads) = lived_in();
        let records = dir.path().join("records");
        match what {
            "garbage" => fs::write(records.join("db"), vec![0x5A; 700_000]).expect("written"),
            "cut to nothing" => fs::write(records.join("db"), b"").expect("written"),
            "short" => {
                let bytes = fs::read(records.join("db")).expect("read");
                fs::write(records.join("db"), &bytes[..bytes.len() / 3]).expect("written");
            }
            "empty folder" => {
                fs::remove_dir_all(&records).expect("removed");
                fs::create_dir(&records).expect("made");
            }
            "no folder" => fs::remove_dir_all(&records).expect("removed"),
            _ => {
                fs::remove_dir_all(&records).expect("removed");
                fs::write(&records, b"not a folder").expect("written");
            }
        }
        let opened = Records::open(dir.path(), &|| visits.clone());
        if what == "a file" {
            assert!(matches!(opened, Err(RecordsError::Store { .. })), "{what}");
            continue;
        }
        let opened = opened.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(all(&opened), leads, "{what}");
        drop(opened);
        open_whole(dir.path());
    }
}

#[test]
fn a_store_that_fell_behind_what_was_acknowledged_is_not_believed() {
    let (dir, visits, leads) = lived_in();
    let early = tempfile::tempdir().expect("a folder");
    super::journal::copy(&dir.path().join("records"), early.path());
    let records = open_whole(dir.path());
    let seen = visit("late.top", t(60), 90);
    records.finish_visit(&seen, later(t(99))).expect("kept");
    drop(records);
    fs::remove_dir_all(dir.path().join("records")).expect("removed");
    super::journal::copy(early.path(), &dir.path().join("records"));
    let visits = [visits, vec![seen]].concat();
    let records = Records::open(dir.path(), &|| visits.clone()).expect("opens");
    assert_eq!(all(&records).len(), leads.len() + 1);
    assert!(aside(&dir));
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_alone() {
    let (dir, _, _) = lived_in();
    let mark = dir.path().join("records.mark");
    let newer = fs::read_to_string(&mark).expect("read").replace("\"schema\":1", "\"schema\":2");
    fs::write(&mark, newer).expect("written");
    let before = fs::read(records_file(&dir, "db")).expect("read");
    match Records::open(dir.path(), &never).err().expect("refused") {
        RecordsError::Newer { found: 2, known: 1, .. } => {}
        other => panic!("{other}"),
    }
    assert_eq!(fs::read(records_file(&dir, "db")).expect("read"), before);
}

#[test]
fn an_interrupted_rebuild_is_finished_or_undone_at_the_next_open() {
    let (dir, _, leads) = lived_in();
    let path = |name: &str| dir.path().join(name);
    super::journal::copy(&path("records"), &path("records.new"));
    fs::write(path("records.new/db"), b"half").expect("written");
    assert_eq!(all(&open_whole(dir.path())), leads, "a new store that was not complete is dropped");
    fs::rename(path("records"), path("records.new")).expect("renamed");
    fs::create_dir(path("records.old")).expect("made");
    assert_eq!(all(&open_whole(dir.path())), leads, "a complete one takes its place");
    fs::create_dir(path("records.old")).expect("made");
    assert_eq!(all(&open_whole(dir.path())), leads, "what is left of the old one goes");
    fs::rename(path("records"), path("records.old")).expect("renamed");
    assert_eq!(all(&open_whole(dir.path())), leads, "the old one comes back where there is no new one");
    assert!(!path("records.old").exists() && !path("records.new").exists());
}

#[test]
fn a_rebuild_of_a_whole_store_keeps_leads_cursors_and_what_is_due() {
    let (dir, visits, leads) = lived_in();
    let records = open_whole(dir.path());
    let due = names(&records.due(t(200), 999).expect("due"));
    let totals = records.totals().expect("totals");
    drop(records);
    let records = Records::rebuild(dir.path(), visits).expect("rebuilt");
    assert_eq!(all(&records), leads);
    assert_eq!(records.cursor("names").expect("read").as_deref(), Some("39"));
    assert_eq!(records.runs().expect("read"), [("names".to_owned(), Run { new: 1, ..run(t(39)) })]);
    assert_eq!(names(&records.due(t(200), 999).expect("due")), due);
    assert_eq!(records.totals().expect("totals"), totals);
    drop(records);
    open_whole(dir.path());
}

#[test]
fn a_store_that_was_found_damaged_while_at_work_is_made_anew_at_the_next_open() {
    let (dir, visits, leads) = lived_in();
    fs::write(dir.path().join("records.distrust"), "a row cannot be read").expect("written");
    let records = Records::open(dir.path(), &|| visits.clone()).expect("opens");
    assert_eq!(all(&records), leads);
    assert!(aside(&dir));
    drop(records);
    open_whole(dir.path());
}
