//! What can be said of this machine at the time of a capture: the cleanliness report. Facts only; a person judges them.

use crate::evidence::Settings;
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Largest hosts file that is read.
const MAX_HOSTS_BYTES: u64 = 4 << 20;
/// Largest program that is hashed.
const MAX_PROGRAM_BYTES: u64 = 1 << 30;

/// SHA-256 of the running program. `None`: it cannot be read.
pub(super) fn program() -> Option<Sha256> {
    static HASH: OnceLock<Option<Sha256>> = OnceLock::new();
    *HASH.get_or_init(|| {
        use std::io::Read as _;
        let file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
        let mut hash: sha2::Sha256 = sha2::Digest::new();
        let mut input = file.take(MAX_PROGRAM_BYTES);
        let mut piece = vec![0u8; 1 << 16];
        loop {
            match input.read(&mut piece).ok()? {
                0 => return Some(Sha256::from_bytes(sha2::Digest::finalize(hash).into())),
                got => sha2::Digest::update(&mut hash, &piece[..got]),
            }
        }
    })
}

/// A small system file as one line. `None`: it is not there.
fn text_of(path: &str) -> Option<String> {
    let bytes = crate::evidence::read::capped(std::path::Path::new(path), MAX_HOSTS_BYTES);
    // Files of /proc say that they are empty; their first kilobyte is read all the same.
    let text = match bytes {
        Ok(bytes) if !bytes.is_empty() => String::from_utf8_lossy(&bytes).into_owned(),
        _ => proc(path)?,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(4_096).collect())
}

fn proc(path: &str) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(1_024).read_to_string(&mut text).ok()?;
    Some(text)
}

fn line_of(path: &str, key: &str) -> Option<String> {
    text_of(path)?.lines().find_map(|l| Some(l.strip_prefix(key)?.trim_matches('"').to_owned()))
}

/// What the system itself would ask: the servers of `/etc/resolv.conf`.
fn resolvers() -> Vec<String> {
    let text = text_of("/etc/resolv.conf").unwrap_or_default();
    text.lines().filter_map(|l| l.trim().strip_prefix("nameserver")).map(|s| s.trim().to_owned()).collect()
}

fn browsers(dossier: &Dossier) -> Vec<&str> {
    let mut names: Vec<&str> = dossier.captures.iter().filter_map(|c| c.browser.as_ref()).map(|b| b.product.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `env/cleanliness.json`.
pub(super) fn report(dossier: &Dossier, settings: &Settings) -> Value {
    let hosts = crate::evidence::read::capped(std::path::Path::new("/etc/hosts"), MAX_HOSTS_BYTES).ok();
    let text = hosts.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let entries: Vec<Vec<&str>> = text
        .lines()
        .map(|l| l.split('#').next().unwrap_or_default().split_whitespace().collect())
        .filter(|w: &Vec<&str>| w.len() > 1)
        .collect();
    let host = dossier.candidate.host.as_str();
    let named: Vec<&str> = entries.iter().filter(|w| w[1..].iter().any(|n| n.eq_ignore_ascii_case(host))).map(|w| w[0]).collect();
    let clocks: Vec<Value> =
        settings.met.clocks().into_iter().map(|(url, at, ms)| json!({"compared_with": url, "at": at, "offset_ms": ms})).collect();
    json!({
        "schema": "cleanliness/1",
        "hosts_file": {
            "sha256": hosts.as_deref().map(Sha256::of),
            "entries": entries.len(),
            "addresses_for_this_host": named,
            "used_for_the_visit": false,
        },
        "resolvers": dossier.resolution.as_ref().map(|r| &r.resolvers),
        "system_resolvers": resolvers(),
        "proxy": {
            "of_the_settings": settings.proxy,
            "environment_variables_set": settings.proxy_variables,
            "environment_used_for_the_visit": false,
        },
        "system": {
            "name": line_of("/etc/os-release", "PRETTY_NAME="),
            "kernel": text_of("/proc/sys/kernel/osrelease"),
            "time_zone": text_of("/etc/timezone"),
            "clock_synchronised_by_the_system": std::path::Path::new("/run/systemd/timesync/synchronized").exists(),
        },
        "browser": {
            "products": browsers(dossier),
            "profile": "a folder made for this run and removed after it; a context of its own, without cookies, cache or history, for every visit",
            "way_out": "a filtering proxy of this program only; its connections are in view/*/browser.json",
        },
        "program_sha256": program(),
        "cookies_cache_and_profile_before_the_visit": "none: every visit starts empty",
        "tls_session_resumption": false,
        "clock": {
            "compared": clocks,
            "note": "与时间戳机构时钟之差（机构时间减本机时间，毫秒）。为空表示本次运行尚未比对；每个时间戳的比对另见 proof/*.json",
        },
    })
}
