//! Custody: who checked, exported or found changed which package, and when: `custody.jsonl` beside the packages, append-only, every line with the
//! SHA-256 of the line before. A sealed package cannot carry it: nothing may be added to it. Sealing itself stands in the package's own log.

use crate::evidence::EvidenceError;
use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The file, below the evidence folder.
pub(super) const FILE: &str = "custody.jsonl";
/// Longest line that is read.
const MAX_LINE: u64 = 64 << 10;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// Number of the line, from 0.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who: a person's name, or `jianwei` for what the program does by itself.
    pub who: String,
    /// `verified`, `changed`, `exported`, `round` (all packages checked).
    pub what: String,
    /// The package's path below the evidence folder; empty: all of them.
    pub package: String,
    /// What there is to say: hashes, to whom, why, counts.
    pub detail: Value,
    /// SHA-256 of the line before, without its end of line; empty in the first.
    pub before: String,
}

/// Appends one line, durably. Several processes may: the file is locked meanwhile.
///
/// # Errors
/// [`EvidenceError::Io`]; [`EvidenceError::Broken`]: the last line is none, so nothing can be linked to it.
pub(super) fn note(root: &Path, at: Timestamp, who: &str, what: &str, package: &str, detail: Value) -> Result<(), EvidenceError> {
    let path = root.join(FILE);
    std::fs::create_dir_all(root).map_err(EvidenceError::io(root))?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(EvidenceError::io(&path))?;
    file.lock().map_err(EvidenceError::io(&path))?;
    let end = file.seek(SeekFrom::End(0)).map_err(EvidenceError::io(&path))?;
    let last = last_line(&mut file, end).map_err(EvidenceError::io(&path))?;
    let (n, before) = match &last {
        None => (0, String::new()),
        Some(line) => {
            let deed: Deed = serde_json::from_slice(line).map_err(|e| EvidenceError::broken(&path, format!("its last line: {e}")))?;
            (deed.n + 1, Sha256::of(line).hex())
        }
    };
    let deed = Deed { n, at, who: who.to_owned(), what: what.to_owned(), package: package.to_owned(), detail, before };
    let mut line = serde_json::to_vec(&deed).map_err(|e| EvidenceError::broken(&path, e.to_string()))?;
    line.push(b'\n');
    let written = file.write_all(&line).and_then(|()| file.sync_all());
    // A full disk may have taken half a line: it must not stand before the next one.
    written.map_err(|e| {
        let _ = file.set_len(end);
        EvidenceError::io(&path)(e)
    })
}

/// The last whole line. `None`: the file is empty.
fn last_line(file: &mut File, end: u64) -> std::io::Result<Option<Vec<u8>>> {
    let from = end.saturating_sub(MAX_LINE);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(end - from).read_to_end(&mut tail)?;
    let text = tail.strip_suffix(b"\n").unwrap_or(&tail);
    Ok(text.rsplit(|b| *b == b'\n').next().filter(|l| !l.is_empty()).map(<[u8]>::to_vec))
}

/// All lines in order, the chain followed. No file: none.
///
/// # Errors
/// The first line that does not link or is none.
pub(super) fn read(root: &Path) -> Result<Vec<Deed>, Both> {
    let Ok(file) = File::open(root.join(FILE)) else { return Ok(Vec::new()) };
    let unreadable = |e: &dyn std::fmt::Display, n: usize| Both::new(format!("第 {n} 行读不出：{e}"), format!("line {n}: {e}"));
    let mut input = BufReader::new(file);
    let (mut all, mut before): (Vec<Deed>, String) = (Vec::new(), String::new());
    loop {
        let mut line = Vec::new();
        let n = all.len() + 1;
        if (&mut input).take(MAX_LINE).read_until(b'\n', &mut line).map_err(|e| unreadable(&e, n))? == 0 {
            return Ok(all);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let deed: Deed = serde_json::from_slice(line).map_err(|e| unreadable(&e, n))?;
        if deed.n != all.len() as u64 || deed.before != before {
            return Err(Both::new(format!("第 {n} 行与上一行对不上"), format!("line {n}: does not link to the line before it")));
        }
        before = Sha256::of(line).hex();
        all.push(deed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_link_and_a_cut_swapped_or_edited_one_shows() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(read(root.path()), Ok(Vec::new()));
        for n in 0..4 {
            note(root.path(), Timestamp::from_millis(n), "张三", "verified", "2026-01/EV-x", json!({"pass": true})).expect("noted");
        }
        assert_eq!(read(root.path()).map(|all| all.len()), Ok(4));
        let path = root.path().join(FILE);
        let text = std::fs::read_to_string(&path).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        for order in [&[0, 2, 3][..], &[1, 2, 3], &[0, 2, 1, 3]] {
            std::fs::write(&path, order.iter().map(|i| format!("{}\n", lines[*i])).collect::<String>()).expect("written");
            assert!(read(root.path()).is_err(), "{order:?}");
        }
        std::fs::write(&path, text.replacen("张三", "李四", 1)).expect("written");
        assert!(read(root.path()).is_err());
        std::fs::write(&path, &text[..text.len() - 9]).expect("written");
        assert!(
            note(root.path(), Timestamp::from_millis(9), "x", "verified", "", json!({})).is_err(),
            "half a line is told, not built upon"
        );
    }
}
