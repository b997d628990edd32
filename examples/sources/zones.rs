//! Two states of a made zone of many names, compared by the source `zone_diff`: the files are zone text, one record a name, first in the order of a
//! registry, then in no order at all. One name in a hundred is gone on the second day, and one in a hundred is new.

use crate::cost::{Cost, load, peak_mib, verdict};
use jianwei::net::{Net, Settings as NetSettings};
use jianwei::sources::{Cursor, RunOutcome, Settings, build};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use tokio::runtime::Runtime;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Leading letters of a name, which keep names apart and in order.
const LEAD: usize = 7;

/// The `n`-th of `all` names, in byte order, 10 to 17 bytes with its suffix.
fn name(n: u64, all: u64, into: &mut Vec<u8>) {
    let step = 36_u64.pow(7) / all.max(1);
    let mut rest = n * step;
    let mut lead = [0; LEAD];
    for place in lead.iter_mut().rev() {
        *place = DIGITS[usize::try_from(rest % 36).unwrap_or(0)];
        rest /= 36;
    }
    into.extend_from_slice(&lead);
    let mut more = mixed(n);
    for _ in 0..more % 8 {
        more /= 26;
        into.push(b'a' + u8::try_from(more % 26).unwrap_or(0));
    }
    into.extend_from_slice(b".top");
}

fn mixed(n: u64) -> u64 {
    let n = (n ^ n >> 31).wrapping_mul(0x7fb5_d329_728e_a185);
    (n ^ n >> 27).wrapping_mul(0x81da_def4_bc2d_d44d) >> 8
}

/// On which of the two days is it there?
fn there(n: u64, day: u64) -> bool {
    mixed(n) % 100 != 1 - day
}

/// Writes one day's zone, and its names alone. How many there are.
fn write(dir: &Path, day: u64, all: u64, in_order: bool) -> Option<u64> {
    let file = |name: String| Some(BufWriter::with_capacity(1 << 20, File::create(dir.join(name)).ok()?));
    let mut zone = file("zone.next".into())?;
    let mut list = if in_order { Some(file(format!("names-{day}"))?) } else { None };
    let (mut line, mut count) = (Vec::new(), 0);
    for n in 0..all {
        // 2,654,435,761 is prime and shares no factor with any count of names that is asked for.
        let n = if in_order { n } else { n.wrapping_mul(2_654_435_761) % all };
        if !there(n, day) {
            continue;
        }
        line.clear();
        name(n, all, &mut line);
        zone.write_all(&line).ok()?;
        if let Some(list) = &mut list {
            line.push(b'\n');
            list.write_all(&line).ok()?;
        }
        writeln!(zone, ".\t3600\tin\tns\tns{}.dns{}.com.", n % 2 + 1, n % 3_001).ok()?;
        count += 1;
    }
    zone.flush().ok()?;
    if let Some(mut list) = list {
        list.flush().ok()?;
    }
    Some(count)
}

pub(crate) fn bench(dir: &Path, names: u64) -> Option<()> {
    // So many that each day has `names` of them.
    let all = names + names / 99;
    for in_order in [true, false] {
        let zones = dir.join("zones");
        let keep = dir.join("keep");
        for folder in [&zones, &keep] {
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder).ok()?;
        }
        println!("zone pair, {} order; {}", if in_order { "a registry's" } else { "no" }, load());
        let toml = format!("id = 'z'\nkind = 'zone_diff'\npath = '{}'\nkeep = '{}'", zones.display(), keep.display());
        let mut cursor = None;
        for day in 0..2 {
            let count = write(dir, day, all, in_order)?;
            let zone = zones.join("top.zone");
            fs::rename(dir.join("zone.next"), &zone).ok()?;
            let bytes = fs::metadata(&zone).ok()?.len();
            let want = if day == 0 { 0 } else { (0..all).filter(|n| there(*n, 1) && !there(*n, 0)).count() };
            let round = run(&toml, cursor)?;
            let cost = format!("{:.1} CPU-s, {:.1} s wall, peak so far {} MiB", round.cpu_s, round.wall_s, peak_mib());
            let told = if day == 0 {
                "first state kept".to_owned()
            } else {
                let held = round.cpu_s < 60.0 && peak_mib() < 200;
                format!("differenced: {} new names; bar 60 s and 200 MB: {}", round.names, verdict(held && round.names == want))
            };
            println!("  day {day}: {count} names, {} MiB of zone text: {cost}; {told}", bytes >> 20);
            cursor = Some(round.cursor);
        }
    }
    Some(())
}

struct Round {
    cpu_s: f64,
    wall_s: f64,
    names: usize,
    cursor: Cursor,
}

fn run(toml: &str, mut cursor: Option<Cursor>) -> Option<Round> {
    let runtime = Runtime::new().ok()?;
    let net = Net::new(&NetSettings::default()).ok()?;
    let mut source = build(&toml::from_str::<Settings>(toml).ok()?, &[], &[], &Vec::new).ok()?;
    let (cost, mut names) = (Cost::begin(), 0);
    loop {
        let batch = runtime.block_on(source.poll(cursor.as_ref(), &net));
        if let RunOutcome::Blocked { why } | RunOutcome::Failed { why } = &batch.outcome {
            println!("  {why}");
            return None;
        }
        names += batch.names.iter().filter(|b| **b == b'\n').count();
        cursor = Some(batch.cursor);
        if !batch.more {
            break;
        }
    }
    Some(Round { cpu_s: cost.cpu_s(), wall_s: cost.wall_s(), names, cursor: cursor? })
}
