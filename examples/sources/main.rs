//! Sources measured: `sources ct DIR`, `sources zones DIR [NAMES]`, `sources photos DIR [COUNT]`. DIR holds what is made meanwhile.
//! Certificate entries a second through the very source and the very screen; two states of a large zone compared; QR codes of photos read.
//! Times are CPU time of this process. Run by `scripts/bench/sources.sh`.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "../../tests/lab/ctlog.rs"]
#[allow(dead_code, reason = "tests need more of it")]
mod ctlog;
#[path = "../../tests/lab/nginx.rs"]
#[allow(dead_code, reason = "tests need more of it")]
mod nginx;

mod cost;
mod ct;
mod paint;
mod photos;
mod zones;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, usual: u64| arguments.get(n).map_or(Some(usual), |t| t.replace('_', "").parse().ok());
    let folder = arguments.get(1).map(Path::new);
    let done = match (arguments.first().map(String::as_str), folder) {
        (Some("ct"), Some(dir)) => ct::bench(dir),
        (Some("zones"), Some(dir)) => number(2, 50_000_000).and_then(|names| zones::bench(dir, names)),
        (Some("photos"), Some(dir)) => number(2, 200).and_then(|count| photos::bench(dir, count)),
        _ => None,
    };
    match done {
        Some(()) => ExitCode::SUCCESS,
        None => {
            println!("usage: sources ct|zones|photos DIR [COUNT]");
            ExitCode::from(2)
        }
    }
}
