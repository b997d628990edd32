//! Names that a deceiver might register, likeliest first: for each technique of the screen its names, streamed.
//! Only names that the public can register; no name twice; memory bounded by the longest list that is given.

mod edits;
mod endings;
mod glyphs;
mod seeds;
mod stages;

use crate::lookalike::name;
use crate::lookalike::suffixes::Suffixes;
use crate::lookalike::tokens;
use crate::lookalike::words::Names;
use crate::model::site::Site;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// A name that a deceiver might register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permutation {
    /// ASCII form.
    pub name: String,
    /// Technique id.
    pub technique: &'static str,
}

/// Most names that one host is given.
pub const MAX_PERMUTATIONS: usize = 4_000_000;

/// Names near `host` that anyone could register, most likely first, no name twice, at most [`MAX_PERMUTATIONS`].
/// With a site, its own words and endings are used. Empty for what is no host name in ASCII,
/// an address or itself a suffix.
pub fn permute(host: &str, site: Option<&Site>) -> Box<dyn Iterator<Item = Permutation> + Send> {
    permute_under(host, site, &Suffixes::default())
}

/// The same, with the closed suffixes of a unit's own rules.
pub fn permute_under(host: &str, site: Option<&Site>, suffixes: &Suffixes) -> Box<dyn Iterator<Item = Permutation> + Send> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let names = site.and_then(Names::of).unwrap_or_default();
    let mut owned: Vec<String> = site.map(|s| s.hosts.iter().chain(&s.trees).cloned().collect()).unwrap_or_default();
    let is_label = |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let fits = host.len() <= 253 && host.split('.').all(is_label) && !name::is_ip(&host);
    let Some(mut cut) = tokens::labels(&host, suffixes).filter(|_| fits) else { return Box::new(std::iter::empty()) };
    // Letters are edited as people read them, and coded at the end.
    let ending = format!("{}.{}", cut.root, cut.suffix.join("."));
    let read = idna::domain_to_unicode(cut.root).0;
    let shown = format!("{}{read}{}", &host[..host.len() - ending.len()], &ending[cut.root.len()..]);
    cut.root = &read;
    owned.push(ending.clone());
    let stages = stages::stages(&shown, &cut, &names, suffixes);
    let suffixes = suffixes.clone();
    let mut seen: HashSet<u64, BuildHasherDefault<Identity>> = HashSet::default();
    let names = stages.into_iter().flat_map(|stage| stage()).filter_map(move |(label, suffix, technique)| {
        let name = written(&label, &suffix, &suffixes)?;
        let new = seen.len() < MAX_PERMUTATIONS && seen.insert(hash(&name));
        (new && !owned.iter().any(|tree| name::under(&name, tree))).then_some(Permutation { name, technique })
    });
    Box::new(names.take(MAX_PERMUTATIONS))
}

/// The ASCII name, where the label can be registered at all.
fn written(label: &str, suffix: &str, suffixes: &Suffixes) -> Option<String> {
    let mut name = String::with_capacity(label.len() + suffix.len() + 8);
    for part in label.split('.') {
        let start = name.len();
        if part.is_ascii() {
            let bytes = part.as_bytes();
            if bytes.is_empty() || bytes[0] == b'-' || bytes[bytes.len() - 1] == b'-' {
                return None;
            }
            name.push_str(part);
        } else {
            name.push_str("xn--");
            name.push_str(&idna::punycode::encode_str(part)?);
        }
        if name.len() - start > 63 {
            return None;
        }
        name.push('.');
    }
    name.push_str(suffix);
    // The label may have made a suffix of its own (`gov` + `cn`): ask the list again.
    let sold = name.len() <= 253 && name::suffix_at(&name).is_some_and(|(at, _)| !suffixes.is_closed(&name[at..]));
    sold.then_some(name)
}

/// FNV-like hash of a name; two of four million names colliding would lose one name in five million runs.
fn hash(name: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for chunk in name.as_bytes().chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state ^= state >> 29;
    }
    state
}

#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}
