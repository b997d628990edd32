//! The hash tree of a log (RFC 6962, 2.1; tiles by c2sp.org/tlog-tiles): roots, proofs, and which tiles a root rests on. Pure.

use crate::sources::ct::tile::{Hash, WIDTH};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Tiles by level and number, each as wide as it was got.
pub(super) type Tiles = BTreeMap<(u32, u64), Vec<Hash>>;

/// The hash of two neighbours.
pub(super) fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root over these hashes, at most one tile of them (RFC 6962, 2.1).
pub(super) fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let left = many.len().next_power_of_two() / 2;
            node(&root_of(&many[..left]), &root_of(&many[left..]))
        }
    }
}

/// The right edge of a tree of `size`: for each level with hashes there, the tile and how many of its hashes belong to the tree.
pub(super) fn edge(size: u64) -> Vec<(u32, u64, u64)> {
    let mut edge = Vec::new();
    for level in 0..8 {
        let at = size >> (8 * level);
        if at == 0 {
            break;
        }
        if !at.is_multiple_of(WIDTH) {
            edge.push((level, at / WIDTH, at % WIDTH));
        }
    }
    edge
}

/// The root of the tree of `size` by the tiles of its edge. `None`: one is missing or too narrow.
pub(super) fn root(size: u64, tiles: &Tiles) -> Option<Hash> {
    let mut right: Option<Hash> = None;
    for (level, n, width) in edge(size) {
        let width = usize::try_from(width).ok()?;
        let mut hashes = tiles.get(&(level, n))?.get(..width)?.to_vec();
        // What stands to the right of this tile's hashes is a tree of its own, lower down.
        let mut found = right;
        while !hashes.is_empty() {
            let last = hashes.len();
            let whole = 1 << last.trailing_zeros();
            let left = root_of(&hashes[last - whole..]);
            found = Some(found.map_or(left, |r| node(&left, &r)));
            hashes.truncate(last - whole);
        }
        right = found;
    }
    right.or_else(|| (size == 0).then(|| root_of(&[])))
}

/// Does `proof` (RFC 6962, 2.1.2) join the tree of `first` entries to that of `second`?
pub(super) fn consistent(first: u64, first_root: &Hash, second: u64, second_root: &Hash, proof: &[Hash]) -> bool {
    if first == second {
        return first_root == second_root && proof.is_empty();
    }
    if first == 0 || first > second {
        return first == 0;
    }
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let mut proof = proof.iter();
    let start = if first.is_power_of_two() { Some(first_root) } else { proof.next() };
    let Some(start) = start else { return false };
    let (mut old, mut new) = (*start, *start);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (old, new) = (node(step, &old), node(step, &new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node(&new, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *first_root && new == *second_root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| Sha256::digest(i.to_be_bytes()).into()).collect()
    }
    fn whole(hashes: &[Hash]) -> Hash {
        root_of(hashes)
    }
    fn tiles(hashes: &[Hash]) -> Tiles {
        let mut tiles = Tiles::new();
        let (mut level, mut here) = (0, hashes.to_vec());
        while !here.is_empty() {
            for (n, tile) in here.chunks(256).enumerate() {
                tiles.insert((level, n as u64), tile.to_vec());
            }
            here = here.chunks_exact(256).map(root_of).collect();
            level += 1;
        }
        tiles
    }
    fn proof(first: usize, hashes: &[Hash], is_whole: bool) -> Vec<Hash> {
        if first == hashes.len() {
            return if is_whole { Vec::new() } else { vec![whole(hashes)] };
        }
        let split = hashes.len().next_power_of_two() / 2;
        if first <= split {
            let mut rest = proof(first, &hashes[..split], is_whole);
            rest.push(whole(&hashes[split..]));
            rest
        } else {
            let mut rest = proof(first - split, &hashes[split..], false);
            rest.push(whole(&hashes[..split]));
            rest
        }
    }

    #[test]
    fn the_edge_tiles_give_the_root_of_every_size() {
        let all = leaves(70_000);
        for size in [1, 2, 3, 7, 255, 256, 257, 511, 512, 1_000, 65_535, 65_536, 65_537, 65_792, 69_999] {
            let part = &all[..size];
            assert_eq!(root(size as u64, &tiles(part)), Some(whole(part)), "{size}");
            assert_eq!(root(size as u64, &tiles(&all)), Some(whole(part)), "{size} within a larger tree");
        }
        assert_eq!(root(300, &Tiles::new()), None);
    }

    #[test]
    fn a_proof_joins_only_the_trees_that_it_was_made_for() {
        let all = leaves(130);
        for first in 1..130 {
            for second in [first, first + 1, 64, 100, 128, 130] {
                if second < first || second > 130 {
                    continue;
                }
                let (old, new) = (whole(&all[..first]), whole(&all[..second]));
                let made = proof(first, &all[..second], true);
                assert!(consistent(first as u64, &old, second as u64, &new, &made), "{first} {second}");
                assert!(!consistent(first as u64, &[7; 32], second as u64, &new, &made), "{first} {second}");
                if second > first {
                    assert!(!consistent(first as u64, &old, second as u64, &[7; 32], &made), "{first} {second}");
                }
            }
        }
    }
}
