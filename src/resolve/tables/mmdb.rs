//! MaxMind DB files (format 2.0), read where they lie: a binary tree over address bits, then a data section. Takes DB-IP's flat records
//! (`city`, `state1`, `country_code`) and MaxMind's nested ones. Every size is the file's own claim and is bounded here.

use crate::model::hosting::Said;
use crate::resolve::tables::paged::{Look, Paged};
use std::io;
use std::net::IpAddr;
use std::path::Path;

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Metadata stands in the last 128 KiB.
const TAIL: u64 = 128 << 10;
const MAX_DEPTH: u32 = 16;
const MAX_ITEMS: u64 = 256;
/// Longest key told apart, and longest text taken, in bytes.
const MAX_KEY: usize = 32;
const MAX_TEXT: usize = 4096;

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
        let tail = file.look().some(from, TAIL as usize)?.into_owned();
        let at = tail.windows(MARKER.len()).rposition(|w| w == MARKER).ok_or_else(|| bad("is no MaxMind DB"))?;
        let base = from + (at + MARKER.len()) as u64;
        let [nodes, record_bits, made, version] = {
            let mut meta = Section { look: file.look(), base };
            let mut number = |key: &[u8]| meta.number(base, key)?.ok_or_else(|| bad("its metadata lacks a number"));
            [number(b"node_count")?, number(b"record_size")?, number(b"build_epoch")?, number(b"ip_version")?]
        };
        if !matches!(record_bits, 24 | 28 | 32) || nodes.saturating_mul(record_bits / 4) > file.len() {
            return Err(bad("its tree does not fit the file"));
        }
        let made = chrono::DateTime::from_timestamp(i64::try_from(made).unwrap_or(0), 0);
        let as_of = made.map(|t| t.format("%Y-%m-%d").to_string()).unwrap_or_default();
        Ok(Self { v6: version == 6, file, nodes, record_bits, as_of })
    }
    pub(crate) fn as_of(&self) -> &str {
        &self.as_of
    }
    pub(crate) fn file(&self) -> &Paged {
        &self.file
    }
    fn child(&self, look: &mut Look<'_>, node: u64, right: bool) -> io::Result<u64> {
        let at = node * self.record_bits / 4;
        let b: [u8; 8] = match self.record_bits {
            24 => {
                let six: [u8; 6] = look.bytes(at)?;
                [0, six[0], six[1], six[2], 0, six[3], six[4], six[5]]
            }
            28 => {
                let s: [u8; 7] = look.bytes(at)?;
                [s[3] >> 4, s[0], s[1], s[2], s[3] & 15, s[4], s[5], s[6]]
            }
            _ => look.bytes(at)?,
        };
        let i = if right { 4 } else { 0 };
        Ok(u64::from(u32::from_be_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]])))
    }
    /// Where the record of an address begins, and the section it is in.
    fn record(&self, ip: IpAddr) -> io::Result<Option<(Section<'_>, u64)>> {
        let (bits, width) = match (ip, self.v6) {
            (IpAddr::V4(v4), false) => (u128::from(u32::from(v4)) << 96, 32),
            (IpAddr::V4(v4), true) => (u128::from(u32::from(v4)), 128),
            (IpAddr::V6(v6), true) => (u128::from(v6), 128),
            (IpAddr::V6(_), false) => return Ok(None),
        };
        let mut look = self.file.look();
        let mut node = 0;
        for i in 0..width {
            if node >= self.nodes {
                break;
            }
            node = self.child(&mut look, node, (bits >> (127 - i)) & 1 == 1)?;
        }
        if node <= self.nodes {
            return Ok(None);
        }
        let base = self.nodes * self.record_bits / 4 + 16;
        let at = (base + node - self.nodes).checked_sub(16).filter(|at| *at >= base).ok_or_else(|| bad("a record before its section"))?;
        Ok(Some((Section { look, base }, at)))
    }
    pub(crate) fn said(&self, ip: IpAddr) -> io::Result<Option<Said>> {
        let Some((mut section, at)) = self.record(ip)? else { return Ok(None) };
        let mut said = Said { source: "dbip".into(), as_of: self.as_of.clone(), ..Said::default() };
        let mut code = None;
        section.members(at, |section, key, at| {
            match key {
                b"country_code" => said.country = section.text(at)?,
                b"country" => code = section.deep(at, b"iso_code")?,
                b"state1" => said.province = section.text(at)?,
                b"subdivisions" if said.province.is_none() => {
                    said.province = section.first(at)?.map(|at| section.name(at)).transpose()?.flatten();
                }
                b"city" => said.city = section.name(at)?,
                _ => {}
            }
            Ok(())
        })?;
        said.country = said.country.or(code);
        Ok(Some(said))
    }
}

/// A data section that begins at `base`. Only what is asked for is read; the rest is stepped over.
struct Section<'a> {
    look: Look<'a>,
    base: u64,
}

/// A value's kind, its size (bytes or items), and where its content begins; pointers are followed.
#[derive(Clone, Copy)]
struct Head {
    kind: u8,
    size: u64,
    at: u64,
}

const STRING: u8 = 2;
const MAP: u8 = 7;
const ARRAY: u8 = 11;
const BOOLEAN: u8 = 14;

impl Section<'_> {
    /// The head at `at`, or the place that a pointer there names; and where what follows a pointer begins.
    fn raw(&mut self, at: u64) -> io::Result<Result<Head, (u64, u64)>> {
        let [control] = self.look.bytes(at)?;
        let mut at = at + 1;
        let mut kind = control >> 5;
        if kind == 1 {
            let size = u64::from((control >> 3) & 3);
            let low = self.look.some(at, size as usize + 1)?;
            let value = low.iter().fold(if size < 3 { u64::from(control & 7) } else { 0 }, |v, b| (v << 8) | u64::from(*b));
            return Ok(Err((self.base + value + [0, 2048, 526_336, 0][size as usize], at + size + 1)));
        }
        if kind == 0 {
            let [more] = self.look.bytes(at)?;
            kind = more.saturating_add(7);
            at += 1;
        }
        let mut size = u64::from(control & 31);
        if size >= 29 {
            let n = (size - 28) as usize;
            let more = self.look.some(at, n)?.iter().fold(0_u64, |v, b| (v << 8) | u64::from(*b));
            size = more + [0, 29, 285, 65_821][n];
            at += n as u64;
        }
        Ok(Ok(Head { kind, size, at }))
    }
    /// A value's head. A pointer never leads to a pointer.
    fn head(&mut self, at: u64) -> io::Result<Head> {
        match self.raw(at)? {
            Ok(head) => Ok(head),
            Err((target, _)) => self.raw(target)?.map_err(|_| bad("a pointer to a pointer")),
        }
    }
    /// Where the value at `at` ends.
    fn skip(&mut self, at: u64, depth: u32) -> io::Result<u64> {
        if depth > MAX_DEPTH {
            return Err(bad("its data is nested too deeply"));
        }
        let head = match self.raw(at)? {
            Ok(head) => head,
            Err((_, next)) => return Ok(next),
        };
        let items = match head.kind {
            MAP => head.size.saturating_mul(2),
            ARRAY => head.size,
            BOOLEAN => 0,
            2..=6 | 8..=10 | 15 => return Ok(head.at.saturating_add(head.size)),
            _ => return Err(bad("a value of an unknown kind")),
        };
        if items > 2 * MAX_ITEMS {
            return Err(bad("a value with too many members"));
        }
        let mut at = head.at;
        for _ in 0..items {
            at = self.skip(at, depth + 1)?;
        }
        Ok(at)
    }
    /// Gives every member of the map at `at`: its key and where its value begins.
    fn members(&mut self, at: u64, mut take: impl FnMut(&mut Self, &[u8], u64) -> io::Result<()>) -> io::Result<()> {
        let head = self.head(at)?;
        if head.kind != MAP {
            return Ok(());
        }
        let mut at = head.at;
        for _ in 0..head.size.min(MAX_ITEMS) {
            let mut key = [0; MAX_KEY];
            let name = self.head(at)?;
            let n = usize::try_from(name.size).unwrap_or(MAX_KEY).min(MAX_KEY);
            if name.kind == STRING {
                self.look.read(name.at, &mut key[..n])?;
            }
            let value = self.skip(at, 0)?;
            take(self, &key[..n], value)?;
            at = self.skip(value, 0)?;
        }
        Ok(())
    }
    /// Where the member `key` of the map at `at` begins.
    fn member(&mut self, at: u64, key: &[u8]) -> io::Result<Option<u64>> {
        let mut found = None;
        self.members(at, |_, name, value| {
            if name == key {
                found = Some(value);
            }
            Ok(())
        })?;
        Ok(found)
    }
    /// The text that a member is.
    fn deep(&mut self, at: u64, key: &[u8]) -> io::Result<Option<String>> {
        self.member(at, key)?.map(|at| self.text(at)).transpose().map(Option::flatten)
    }
    /// The first item of the array at `at`.
    fn first(&mut self, at: u64) -> io::Result<Option<u64>> {
        let head = self.head(at)?;
        Ok((head.kind == ARRAY && head.size > 0).then_some(head.at))
    }
    /// A text, or `names.en` below it.
    fn name(&mut self, at: u64) -> io::Result<Option<String>> {
        match self.text(at)? {
            Some(text) => Ok(Some(text)),
            None => self.member(at, b"names")?.map(|at| self.deep(at, b"en")).transpose().map(Option::flatten),
        }
    }
    /// A text that is not empty.
    fn text(&mut self, at: u64) -> io::Result<Option<String>> {
        let head = self.head(at)?;
        if head.kind != STRING || head.size == 0 {
            return Ok(None);
        }
        let n = usize::try_from(head.size).unwrap_or(MAX_TEXT).min(MAX_TEXT);
        let bytes = self.look.some(head.at, n)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
    /// The whole number that a member is.
    fn number(&mut self, at: u64, key: &[u8]) -> io::Result<Option<u64>> {
        let Some(at) = self.member(at, key)? else { return Ok(None) };
        let head = self.head(at)?;
        if !matches!(head.kind, 5 | 6 | 8 | 9) || head.size > 8 {
            return Ok(None);
        }
        let bytes = self.look.some(head.at, head.size as usize)?;
        Ok(Some(bytes.iter().fold(0, |v, b| (v << 8) | u64::from(*b))))
    }
}
