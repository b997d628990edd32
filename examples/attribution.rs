//! Figures of attribution: address look-ups on the real tables, clusters of many leads. `attribution [TABLES] [LEADS]`. Times are CPU time of this process.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use jianwei::model::cluster::{Graph, Standing};
use jianwei::model::host::Host;
use jianwei::model::indicator::{Found, Indicator, Marks};
use jianwei::resolve::tables::Tables;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let tables = PathBuf::from(arguments.next().unwrap_or_else(|| "jianwei-data/tables".into()));
    let leads = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    addresses(&tables);
    clusters(leads);
}

const GOLDEN: [&str; 21] = [
    "114.114.114.114",
    "36.112.18.1",
    "123.125.114.144",
    "47.95.1.1",
    "119.29.29.29",
    "120.232.145.144",
    "61.135.169.121",
    "8.8.8.8",
    "104.21.5.5",
    "103.235.46.39",
    "27.221.0.1",
    "1.180.0.1",
    "43.128.0.1",
    "139.9.0.1",
    "121.36.0.1",
    "221.194.0.1",
    "218.75.111.1",
    "154.210.1.1",
    "156.240.1.1",
    "103.210.238.1",
    "45.207.0.1",
];

fn addresses(dir: &std::path::Path) {
    let began = Instant::now();
    let tables = Tables::open(dir);
    let opened = began.elapsed();
    println!("tables: {}", tables.names().join(", "));
    println!("opening: {:.2} ms, {} KiB read", opened.as_secs_f64() * 1e3, tables.bytes_read() >> 10);
    let ips: Vec<IpAddr> = GOLDEN.iter().filter_map(|t| t.parse().ok()).collect();
    let began = Instant::now();
    let said: usize = ips.iter().map(|ip| tables.place(*ip).said.len()).sum();
    println!(
        "golden table, first time: {:.1} us an address, {said} answers, {} KiB read",
        began.elapsed().as_secs_f64() * 1e6 / 21.0,
        tables.bytes_read() >> 10
    );
    let rounds = 2_000;
    let began = cpu_ms();
    let said: usize = (0..rounds).flat_map(|_| &ips).map(|ip| tables.place(*ip).said.len()).sum();
    println!("golden table, again: {:.2} us an address ({said} answers)", (cpu_ms() - began) * 1e3 / f64::from(rounds * 21));
    let mut x = 88_172_645_463_325_252_u64;
    let n = 200_000_u32;
    let began = cpu_ms();
    for _ in 0..n {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        tables.place(IpAddr::V4(Ipv4Addr::from((x >> 20) as u32)));
    }
    println!("{n} random addresses: {:.2} us an address, {} MiB read", (cpu_ms() - began) * 1e3 / f64::from(n), tables.bytes_read() >> 20);
}

/// A lead: one of many kits, some indicators of its own, and what thousands share.
fn marks(n: u64, kits: u64) -> Marks {
    let kit = n % kits;
    let one = |kind: &str, value: String| Found { what: Indicator { kind: kind.into(), value }, at: "bench".into() };
    let mut found = vec![
        one("ip", format!("104.21.{}.{}", n % 7, n % 11)),
        one("library", format!("lib{}.js", n % 5)),
        one("inline_script", format!("snippet{}", n % 3)),
        one("name_server", format!("dns{}.com", n % 4)),
        one("kit_file", format!("/static/js/app.{kit:08x}.js")),
        one("phone", format!("138{n:08}")),
    ];
    if !n.is_multiple_of(3) {
        found.push(one("baidu_tongji", format!("{kit:032x}")));
    }
    if n.is_multiple_of(4) {
        found.push(one("wechat", format!("account{kit}")));
    }
    let sketch = (0..32_u64).map(|i| if (n + i).is_multiple_of(23) { n as u32 } else { (kit * 1_000_003 + i * 7_919) as u32 }).collect();
    Marks { found, sketch }
}

fn clusters(leads: u64) {
    let kits = leads / 60 + 1;
    let began = cpu_ms();
    let mut graph = Graph::default();
    for n in 0..leads {
        let Ok(host) = Host::parse(&format!("h{n}.top")) else { continue };
        graph.put(&host, Standing::Lead, &marks(n, kits));
    }
    let built = cpu_ms() - began;
    let all = graph.clusters();
    println!("{leads} leads: put in {built:.0} ms, {} clusters, {:.0} ms in all, peak {} MiB", all.len(), cpu_ms() - began, peak_mib());
    let late = Host::parse("late.top").ok();
    let began = cpu_ms();
    let size = late.map(|late| {
        graph.put(&late, Standing::Lead, &marks(3, kits));
        graph.cluster_of(&late).map_or(0, |c| c.hosts.len())
    });
    println!("one more host: {:.1} ms, its cluster has {} hosts", cpu_ms() - began, size.unwrap_or(0));
}

/// User and system time of this process, in milliseconds.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1e6
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) >> 10
}
