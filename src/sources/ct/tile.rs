//! Tiles of a static log (c2sp.org/static-ct-api, c2sp.org/tlog-tiles): their paths, their entries, their hashes.
//! In: bytes of a tile. Out: leaves with their names and leaf hashes. Pure; any bytes are fine.

use crate::sources::ct::cert;
use sha2::{Digest as _, Sha256};

/// Entries of a full tile; hashes of a full hash tile.
pub(super) const WIDTH: u64 = 256;

/// A hash of the tree (RFC 6962, 2.1).
pub(super) type Hash = [u8; 32];

/// One entry of a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf<'a> {
    /// The TimestampedEntry, as it is hashed.
    pub(super) bytes: &'a [u8],
    /// The certificate, or the TBSCertificate of a pre-certificate.
    der: &'a [u8],
    precertificate: bool,
}

impl Leaf<'_> {
    /// Its hash in the tree: SHA-256 over 00, version 0, leaf type 0, and the entry.
    pub(super) fn hash(&self) -> Hash {
        Sha256::new_with_prefix([0, 0, 0]).chain_update(self.bytes).finalize().into()
    }
    /// Writes its names. `false`: the certificate is malformed.
    pub(super) fn names(&self, out: &mut Vec<u8>) -> bool {
        cert::names_of(self.der, self.precertificate, out)
    }
}

/// The path of tile `n`, its digits in groups of three: 1234067 is `x001/x234/067`; a partial tile says how wide it is.
pub(super) fn path(kind: &str, n: u64, width: u64) -> String {
    let mut text = format!("{:03}", n % 1_000);
    let mut rest = n / 1_000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1_000);
        rest /= 1_000;
    }
    let part = if width < WIDTH { format!(".p/{width}") } else { String::new() };
    format!("tile/{kind}/{text}{part}")
}

/// The entries of a data tile.
///
/// # Errors
/// What is wrong with its framing: then nothing after it can be told apart.
pub(super) fn leaves(tile: &[u8]) -> Result<Vec<Leaf<'_>>, String> {
    let mut rest = tile;
    let mut leaves = Vec::with_capacity(256);
    while !rest.is_empty() {
        let n = leaves.len();
        if n as u64 == WIDTH {
            return Err("a data tile with over 256 entries".into());
        }
        leaves.push(leaf(&mut rest, true).ok_or_else(|| format!("entry {n} of a data tile is cut short or of no known kind"))?);
    }
    Ok(leaves)
}

/// The entry of a `leaf_input` of get-entries: a MerkleTreeLeaf. `None`: of no known kind.
pub(super) fn of_leaf_input(bytes: &[u8]) -> Option<Leaf<'_>> {
    let mut rest = bytes.strip_prefix(&[0, 0])?;
    leaf(&mut rest, false)
}

/// One TimestampedEntry; in a tile with what stands behind it (the pre-certificate, the chain's fingerprints).
fn leaf<'a>(rest: &mut &'a [u8], in_tile: bool) -> Option<Leaf<'a>> {
    let begin = *rest;
    take(rest, 8)?;
    let precertificate = match *take(rest, 2)? {
        [0, 0] => false,
        [0, 1] => true,
        _ => return None,
    };
    if precertificate {
        take(rest, 32)?;
    }
    let der = sized(rest, 3)?;
    sized(rest, 2)?;
    let bytes = &begin[..begin.len() - rest.len()];
    if in_tile {
        if precertificate {
            sized(rest, 3)?;
        }
        sized(rest, 2)?;
    }
    Some(Leaf { bytes, der, precertificate })
}

fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(bytes)?;
    *rest = tail;
    Some(head)
}

fn sized<'a>(rest: &mut &'a [u8], digits: usize) -> Option<&'a [u8]> {
    let length = take(rest, digits)?.iter().fold(0, |n, d| n << 8 | usize::from(*d));
    take(rest, length)
}

/// The hashes of a hash tile, which must be `width` of them.
pub(super) fn hashes(tile: &[u8], width: u64) -> Option<Vec<Hash>> {
    let (hashes, rest) = tile.as_chunks::<32>();
    (rest.is_empty() && hashes.len() as u64 == width).then(|| hashes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_the_path_that_the_specification_gives() {
        assert_eq!(path("data", 1_234_067, 256), "tile/data/x001/x234/067");
        assert_eq!(path("0", 0, 256), "tile/0/000");
        assert_eq!(path("names", 999, 256), "tile/names/999");
        assert_eq!(path("data", 1_000, 7), "tile/data/x001/000.p/7");
    }

    #[test]
    fn entries_that_are_cut_are_refused_and_never_panic() {
        let entry = [&[0; 8][..], &[0, 0], &[0, 0, 2, 9, 9], &[0, 0], &[0, 0]].concat();
        assert_eq!(leaves(&entry.repeat(3)).expect("whole").len(), 3);
        for n in 1..entry.len() {
            assert!(leaves(&entry[..n]).is_err());
        }
        assert!(leaves(&entry.repeat(257)).is_err());
        assert!(hashes(&[0; 64], 2).is_some() && hashes(&[0; 65], 2).is_none() && hashes(&[0; 64], 3).is_none());
    }
}
