//! The house as drawn: who may import whom, who may touch the network, the store, the clock, the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Room, and the rooms it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("net", &["model"]),
    ("sources", &["model", "net"]),
    ("resolve", &["model", "net"]),
    ("capture", &["model", "net"]),
    ("evidence", &["model", "net"]),
    ("lookalike", &["model"]),
    ("assess", &["model"]),
    ("records", &["model"]),
    ("referral", &["model"]),
    ("pipeline", &["model", "net", "sources", "lookalike", "resolve", "capture", "assess", "evidence", "records"]),
    ("console", &["model", "records", "referral", "evidence"]),
];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every source file with its room (the first folder below `src/`; none for main.rs and lib.rs), its text without comments, doc examples and unit tests.
fn rooms() -> Vec<(String, String, String)> {
    let mut files = Vec::new();
    rust_files(&src(), &mut files);
    files
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(src()).expect("below src").to_string_lossy().into_owned();
            let room = below.split_once('/').map(|(room, _)| room.to_owned()).unwrap_or_default();
            let text = std::fs::read_to_string(&path).expect("readable");
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            let code = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (room, below, code)
        })
        .collect()
}

/// Rooms of ours that a text names by `crate::room`, also inside `use crate::{a, b::c}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.push(word);
        } else {
            found.push(rest.to_owned());
        }
    }
    found.iter().map(|w| w.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn every_room_imports_only_what_the_design_allows() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, file, code) in rooms() {
        let Some(allowed) = table.get(room.as_str()) else { continue };
        for other in imports(&code) {
            let is_room = table.contains_key(other.as_str()) || other == "cli";
            if is_room && other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("src/{file} imports {other}"));
            }
        }
        if code.contains("super::super") {
            wrong.push(format!("src/{file} says super::super: import by room"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_below_src_is_a_room_of_the_table() {
    for entry in std::fs::read_dir(src()).expect("src is readable").flatten().filter(|e| e.path().is_dir()) {
        let room = entry.file_name().to_string_lossy().into_owned();
        assert!(room == "cli" || MAY_IMPORT.iter().any(|(r, _)| *r == room), "src/{room} is no room of the design");
    }
}

#[test]
fn only_net_opens_sockets_and_only_records_names_the_store() {
    let owned: &[(&str, &[&str])] = &[
        ("net", &["reqwest", "hickory_resolver", "hickory_proto", "hyper::", "tokio::net", "TcpStream", "UdpSocket", "std::net::Tcp"]),
        ("records", &["sled::"]),
    ];
    for (room, file, code) in rooms() {
        for (owner, words) in owned.iter().filter(|(owner, _)| *owner != room) {
            for word in *words {
                assert!(!code.contains(word), "src/{file} names {word}; that belongs to {owner}");
            }
        }
    }
}

#[test]
fn the_pure_rooms_have_no_clock_no_environment_no_disk_no_async() {
    let impure = ["std::fs", "std::env", "Utc::now", "SystemTime", "Instant::now", "tokio", "async fn", "std::process", "File::open"];
    for (room, file, code) in
        rooms().into_iter().filter(|(room, _, _)| matches!(room.as_str(), "model" | "lookalike" | "assess" | "referral"))
    {
        for word in impure {
            assert!(!code.contains(word), "src/{file} ({room} is pure) names {word}");
        }
    }
}

#[test]
fn only_cli_reads_the_environment() {
    for (room, file, code) in rooms().into_iter().filter(|(room, _, _)| room != "cli") {
        for word in ["std::env::var", "env::var(", "env::args"] {
            assert!(!code.contains(word), "src/{file} ({room}) reads the environment; only cli may");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(&src(), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.starts_with("//!"), "{} has no module doc", path.display());
    }
}
