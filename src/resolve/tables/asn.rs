//! The ASN table: CSV lines `first,last,number,holder`, sorted, IPv4 or IPv6. Searched by halves in the file itself: no index, no memory.

use crate::model::hosting::Said;
use crate::resolve::tables::paged::Paged;
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// Longest line looked at, in bytes.
const MAX_LINE: usize = 512;
/// Bytes on either side that hold a whole line nearly always.
const NEAR: usize = 96;

pub(crate) struct Asn {
    file: Paged,
    as_of: String,
}

impl Asn {
    pub(crate) fn open(path: &Path, as_of: String) -> io::Result<Self> {
        let file = Paged::open(path)?;
        let first = file.some(0, MAX_LINE)?;
        if line_in(&first).and_then(parts).is_none() {
            return Err(io::Error::other("its first line is not `first,last,number,holder`"));
        }
        Ok(Self { file, as_of })
    }
    pub(crate) fn as_of(&self) -> &str {
        &self.as_of
    }
    pub(crate) fn file(&self) -> &Paged {
        &self.file
    }
    pub(crate) fn said(&self, ip: IpAddr) -> io::Result<Option<Said>> {
        // Invariant: the line at `low` starts at or below `ip`; every line from `high` on starts above it. Whole lines are left out at each step.
        let (mut low, mut high) = (0, self.file.len());
        while low + 1 < high {
            let middle = u64::midpoint(low, high);
            match self.start_at(middle)? {
                Some((_, end, first)) if first <= ip => low = end.clamp(middle, high - 1),
                Some((start, ..)) => high = start.clamp(low + 1, middle),
                None => high = middle,
            }
        }
        let Some((first, last, number, holder)) = self.line_at(low)? else { return Ok(None) };
        Ok((first <= ip && ip <= last).then(|| Said {
            source: "asn".into(),
            as_of: self.as_of.clone(),
            asn: Some(number),
            organisation: Some(holder),
            ..Said::default()
        }))
    }
    /// Of the line that holds the byte `at`: where it begins, where its last known byte is, and its first address. Looks near first.
    fn start_at(&self, at: u64) -> io::Result<Option<(u64, u64, IpAddr)>> {
        let mut buffer = [0; 2 * MAX_LINE];
        for reach in [NEAR, MAX_LINE] {
            let from = at.saturating_sub(reach as u64);
            let size = usize::try_from(self.file.len() - from).unwrap_or(usize::MAX).min(2 * reach);
            let window = &mut buffer[..size];
            self.file.read(from, window)?;
            let here = usize::try_from(at - from).unwrap_or(0).min(size);
            let before = window[..here].iter().rposition(|b| *b == b'\n').map(|i| i + 1);
            let Some(start) = before.or((from == 0).then_some(0)) else { continue };
            let Some(comma) = window[start..].iter().position(|b| *b == b',') else { continue };
            let first = std::str::from_utf8(&window[start..start + comma]).ok().and_then(|t| t.parse().ok());
            let end = window[here..].iter().position(|b| *b == b'\n').map_or(here, |i| here + i);
            return Ok(first.map(|first| (from + start as u64, from + end as u64, first)));
        }
        Ok(None)
    }
    /// The line that holds the byte `at`.
    fn line_at(&self, at: u64) -> io::Result<Option<(IpAddr, IpAddr, u32, String)>> {
        let from = at.saturating_sub(MAX_LINE as u64);
        let window = self.file.some(from, 2 * MAX_LINE)?;
        let here = usize::try_from(at - from).unwrap_or(0).min(window.len());
        let start = window[..here].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        Ok(line_in(&window[start..]).and_then(parts))
    }
}

fn line_in(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    std::str::from_utf8(&bytes[..end]).ok()
}

fn parts(line: &str) -> Option<(IpAddr, IpAddr, u32, String)> {
    let mut fields = line.trim_end().splitn(4, ',');
    let (first, last) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let number = fields.next()?.parse().ok()?;
    Some((first, last, number, fields.next()?.trim_matches('"').replace("\"\"", "\"")))
}
