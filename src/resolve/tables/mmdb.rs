//! MaxMind DB files (format 2.0), read where they lie: a binary tree over address bits, then a data section. Takes DB-IP's flat records
//! (`city`, `state1`, `country_code`) and MaxMind's nested ones. Every size is the file's own claim and is bounded here.

use crate::model::hosting::Said;
use crate::resolve::tables::paged::Paged;
use serde_json::{Map, Value};
use std::io;
use std::net::IpAddr;
use std::path::Path;

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Metadata stands in the last 128 KiB.
const TAIL: u64 = 128 << 10;
const MAX_DEPTH: u32 = 16;
const MAX_ITEMS: usize = 256;

pub(crate) struct Mmdb {
    file: Paged,
    nodes: u64,
    record_bits: u64,
    v6: bool,
    as_of: String,
}

fn bad(why: &str) -> io::Error {
    io::Error::other(why)
}

impl Mmdb {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = Paged::open(path)?;
        let from = file.len().saturating_sub(TAIL);
        let tail = file.some(from, TAIL as usize)?;
        let at = tail.windows(MARKER.len()).rposition(|w| w == MARKER).ok_or_else(|| bad("is no MaxMind DB"))?;
        let base = from + (at + MARKER.len()) as u64;
        let (meta, _) = decode(&file, base, base, 0)?;
        let number = |key: &str| meta[key].as_u64().ok_or_else(|| bad("its metadata lacks a number"));
        let (nodes, record_bits) = (number("node_count")?, number("record_size")?);
        if !matches!(record_bits, 24 | 28 | 32) || nodes.saturating_mul(record_bits / 4) > file.len() {
            return Err(bad("its tree does not fit the file"));
        }
        let made = i64::try_from(number("build_epoch")?).unwrap_or(0);
        let as_of = chrono::DateTime::from_timestamp(made, 0).map(|t| t.format("%Y-%m-%d").to_string()).unwrap_or_default();
        Ok(Self { v6: number("ip_version")? == 6, file, nodes, record_bits, as_of })
    }
    pub(crate) fn as_of(&self) -> &str {
        &self.as_of
    }
    pub(crate) fn file(&self) -> &Paged {
        &self.file
    }
    fn child(&self, node: u64, right: bool) -> io::Result<u64> {
        let at = node * self.record_bits / 4;
        let b: [u8; 8] = match self.record_bits {
            24 => {
                let six: [u8; 6] = self.file.bytes(at)?;
                [0, six[0], six[1], six[2], 0, six[3], six[4], six[5]]
            }
            28 => {
                let s: [u8; 7] = self.file.bytes(at)?;
                [s[3] >> 4, s[0], s[1], s[2], s[3] & 15, s[4], s[5], s[6]]
            }
            _ => self.file.bytes(at)?,
        };
        let i = if right { 4 } else { 0 };
        Ok(u64::from(u32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]])))
    }
    fn record(&self, ip: IpAddr) -> io::Result<Option<Value>> {
        let (bits, width) = match (ip, self.v6) {
            (IpAddr::V4(v4), false) => (u128::from(u32::from(v4)) << 96, 32),
            (IpAddr::V4(v4), true) => (u128::from(u32::from(v4)), 128),
            (IpAddr::V6(v6), true) => (u128::from(v6), 128),
            (IpAddr::V6(_), false) => return Ok(None),
        };
        let mut node = 0;
        for i in 0..width {
            if node >= self.nodes {
                break;
            }
            node = self.child(node, (bits >> (127 - i)) & 1 == 1)?;
        }
        if node <= self.nodes {
            return Ok(None);
        }
        let base = self.nodes * self.record_bits / 4 + 16;
        let (value, _) = decode(&self.file, base, base + node - self.nodes - 16, 0)?;
        Ok(Some(value))
    }
    pub(crate) fn said(&self, ip: IpAddr) -> io::Result<Option<Said>> {
        let Some(value) = self.record(ip)? else { return Ok(None) };
        let text = |v: &Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
        let named = |v: &Value| text(v).or_else(|| text(&v["names"]["en"]));
        Ok(Some(Said {
            source: "dbip".into(),
            as_of: self.as_of.clone(),
            country: text(&value["country_code"]).or_else(|| text(&value["country"]["iso_code"])),
            province: text(&value["state1"]).or_else(|| named(&value["subdivisions"][0])),
            city: named(&value["city"]),
            ..Said::default()
        }))
    }
}

/// One value of a data section that begins at `base`; gives where it ends. Pointers lead anywhere in the section, but only so deep.
fn decode(file: &Paged, base: u64, at: u64, depth: u32) -> io::Result<(Value, u64)> {
    if depth > MAX_DEPTH {
        return Err(bad("its data is nested too deeply"));
    }
    let [control] = file.bytes(at)?;
    let mut at = at + 1;
    let mut kind = control >> 5;
    if kind == 1 {
        let size = u64::from((control >> 3) & 3);
        let low = file.some(at, size as usize + 1)?;
        let value = low.iter().fold(if size < 3 { u64::from(control & 7) } else { 0 }, |v, b| (v << 8) | u64::from(*b));
        let target = base + value + [0, 2048, 526_336, 0][size as usize];
        return Ok((decode(file, base, target, depth + 1)?.0, at + size + 1));
    }
    if kind == 0 {
        let [more] = file.bytes(at)?;
        kind = more.saturating_add(7);
        at += 1;
    }
    let mut size = u64::from(control & 31);
    if size >= 29 {
        let n = (size - 28) as usize;
        let more = file.some(at, n)?.iter().fold(0_u64, |v, b| (v << 8) | u64::from(*b));
        size = more + [0, 29, 285, 65_821][n];
        at += n as u64;
    }
    let count = usize::try_from(size).unwrap_or(usize::MAX);
    match kind {
        7 => {
            let mut map = Map::new();
            for _ in 0..count.min(MAX_ITEMS) {
                let (key, next) = decode(file, base, at, depth + 1)?;
                let (value, next) = decode(file, base, next, depth + 1)?;
                map.insert(key.as_str().unwrap_or_default().to_owned(), value);
                at = next;
            }
            Ok((Value::Object(map), at))
        }
        11 => {
            let mut list = Vec::new();
            for _ in 0..count.min(MAX_ITEMS) {
                let (value, next) = decode(file, base, at, depth + 1)?;
                list.push(value);
                at = next;
            }
            Ok((Value::Array(list), at))
        }
        14 => Ok((Value::Bool(size != 0), at)),
        2 => Ok((Value::String(String::from_utf8_lossy(&file.some(at, count.min(4096))?).into_owned()), at + size)),
        5 | 6 | 8 | 9 if count <= 8 => {
            let number = file.some(at, count)?.iter().fold(0_u64, |v, b| (v << 8) | u64::from(*b));
            Ok((Value::from(number), at + size))
        }
        3 | 4 | 10 | 15 => Ok((Value::Null, at + size)),
        _ => Err(bad("a value of an unknown kind")),
    }
}
