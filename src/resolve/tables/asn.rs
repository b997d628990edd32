//! The ASN table: CSV lines `first,last,number,holder`, sorted, IPv4 or IPv6. Searched by halves in the file itself: no index, no memory.

use crate::model::hosting::Said;
use crate::resolve::tables::paged::{Look, Paged};
use std::io;
use std::net::IpAddr;
use std::path::Path;

/// Longest line looked at, in bytes.
const MAX_LINE: usize = 512;
/// Longest text of an address, its comma included.
const MAX_ADDRESS: usize = 48;

pub(crate) struct Asn {
    file: Paged,
    as_of: String,
}

impl Asn {
    pub(crate) fn open(path: &Path, as_of: String) -> io::Result<Self> {
        let file = Paged::open(path)?;
        if line_in(&file.look().some(0, MAX_LINE)?).and_then(parts).is_none() {
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
        let mut look = self.file.look();
        let (mut low, mut high) = (0, self.file.len());
        while low + 1 < high {
            let middle = u64::midpoint(low, high);
            match start_at(&mut look, middle)? {
                Some((_, end, first)) if first <= ip => low = end.clamp(middle, high - 1),
                Some((start, ..)) => high = start.clamp(low + 1, middle),
                None => high = middle,
            }
        }
        let Some((first, last, number, holder)) = line_at(&mut look, low)? else { return Ok(None) };
        Ok((first <= ip && ip <= last).then(|| Said {
            source: "asn".into(),
            as_of: self.as_of.clone(),
            asn: Some(number),
            organisation: Some(holder),
            ..Said::default()
        }))
    }
}

/// Of the line that holds the byte `at`: where it begins, where its last known byte is, and its first address. Looks in the page first.
fn start_at(look: &mut Look<'_>, at: u64) -> io::Result<Option<(u64, u64, IpAddr)>> {
    let (page, here) = look.around(at)?;
    if let Some(found) = start_in(page, here, at == here as u64) {
        return Ok(Some(placed(found, at, here)));
    }
    // The line begins in the page before, or its first field ends in the next.
    let from = at.saturating_sub(MAX_LINE as u64);
    let here = usize::try_from(at - from).unwrap_or(0);
    let window = look.some(from, 2 * MAX_LINE)?;
    Ok(start_in(&window, here.min(window.len()), from == 0).map(|found| placed(found, at, here)))
}

/// From places in a window to places in the file, where `here` in the window is `at` in the file.
fn placed((start, end, first): (usize, usize, IpAddr), at: u64, here: usize) -> (u64, u64, IpAddr) {
    let base = at - here as u64;
    (base + start as u64, base + end as u64, first)
}

/// [`start_at`] within a window. `whole`: the window begins where the file does.
fn start_in(window: &[u8], here: usize, whole: bool) -> Option<(usize, usize, IpAddr)> {
    let before = memchr::memrchr(b'\n', &window[here.saturating_sub(MAX_LINE)..here]).map(|i| here.saturating_sub(MAX_LINE) + i + 1);
    let start = before.or((whole && here <= MAX_LINE).then_some(0))?;
    let comma = memchr::memchr(b',', window[start..].get(..MAX_ADDRESS.min(window.len() - start))?)?;
    let first = std::str::from_utf8(&window[start..start + comma]).ok()?.parse().ok()?;
    let end = memchr::memchr(b'\n', &window[here..(here + MAX_LINE).min(window.len())]).map_or(here, |i| here + i);
    Some((start, end, first))
}

/// The line that holds the byte `at`.
fn line_at(look: &mut Look<'_>, at: u64) -> io::Result<Option<(IpAddr, IpAddr, u32, String)>> {
    let from = at.saturating_sub(MAX_LINE as u64);
    let window = look.some(from, 2 * MAX_LINE)?;
    let here = usize::try_from(at - from).unwrap_or(0).min(window.len());
    let start = window[..here].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    Ok(line_in(&window[start..]).and_then(parts))
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
