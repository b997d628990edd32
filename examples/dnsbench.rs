//! Bulk DNS measured: asks one server for every name of a file, one a line, and says what came of it.
//! `dnsbench IP:PORT FILE TYPE`: answers a second, answers per CPU-second of this process, how many were present, absent, unknown, and lost.
//! TYPE `exists` asks as `permute --resolve` does. Run by `scripts/bench/dns.sh`.

use jianwei::model::resolution::Presence;
use jianwei::net::{Net, Settings};
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

/// Clock ticks a second in /proc on Linux, whatever the kernel's own.
const TICKS_PER_S: f64 = 100.0;

#[derive(Default)]
struct Tally {
    present: usize,
    absent: usize,
    unknown: usize,
    whys: std::collections::BTreeMap<String, usize>,
}

impl Tally {
    fn count(&mut self, presence: &Presence) {
        match presence {
            Presence::Present => self.present += 1,
            Presence::Absent { .. } => self.absent += 1,
            Presence::Unknown { why } => {
                self.unknown += 1;
                *self.whys.entry(why.clone()).or_default() += 1;
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, file, rrtype] = arguments.as_slice() else { return usage() };
    let Ok(text) = std::fs::read(file) else { return usage() };
    let names: Vec<&[u8]> = text.split(|b| *b == b'\n').filter(|n| !n.is_empty()).collect();
    let Ok(net) = Net::new(&Settings { resolvers: vec![server.clone()], ..Settings::default() }) else { return usage() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return ExitCode::FAILURE };
    let strings = (rrtype == "exists").then(|| names.iter().map(|n| String::from_utf8_lossy(n).into_owned()).collect::<Vec<_>>());
    let (mut tally, mut heard) = (Tally::default(), vec![0_u8; names.len()]);
    let (started, cpu) = (Instant::now(), cpu_s());
    runtime.block_on(async {
        match strings {
            Some(strings) => {
                for (index, (_, presence)) in net.exists(strings, |_| ()).await.iter().enumerate() {
                    tally.count(presence);
                    heard[index] += 1;
                }
            }
            None => {
                let told = |answer: jianwei::net::BulkAnswer| {
                    tally.count(&answer.presence);
                    heard[answer.index] = heard[answer.index].saturating_add(1);
                };
                net.ask_many(names.iter(), rrtype, told).await;
            }
        }
    });
    let (wall_s, cpu_s) = (started.elapsed().as_secs_f64(), cpu_s() - cpu);
    let lost = heard.iter().filter(|n| **n != 1).count();
    #[expect(clippy::cast_precision_loss, reason = "names of a bench are few enough")]
    let (answers, known) = (names.len() as f64, (tally.present + tally.absent) as f64);
    let mut out = io::stdout().lock();
    let Tally { present, absent, unknown, whys } = tally;
    let _ = writeln!(
        out,
        "answers {:.0}/s  {:.0} per CPU-s  wall {wall_s:.2} s  cpu {cpu_s:.2} s  names {answers}  present {present}  absent {absent}  unknown {unknown}  lost {lost}  peak {} MiB",
        known / wall_s,
        known / cpu_s,
        peak_mib()
    );
    for (why, times) in whys.iter().take(8) {
        let _ = writeln!(out, "  unknown: {why}: {times}");
    }
    if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    let _ = writeln!(io::stderr(), "usage: dnsbench IP:PORT FILE TYPE   (FILE: names, one a line; TYPE: A, MX, ..., or exists)");
    ExitCode::from(2)
}

/// User and system time of this process.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The command in brackets may hold blanks; utime and stime are the 12th and 13th after it.
    let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_S
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1_024
}
