//! The corpus itself: the same for the same seed, large enough, and not one page with other numbers.

use super::{SEED, families, split};
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[test]
fn the_same_seed_gives_the_same_pages_and_another_seed_others() {
    let bytes = |seed| split("unseen", seed, 0.02).expect("the families read").into_iter().map(|m| m.html).collect::<Vec<_>>();
    assert_eq!(bytes(SEED), bytes(SEED));
    assert_ne!(bytes(SEED), bytes(SEED + 1));
}

#[test]
fn every_family_says_its_class_and_the_two_splits_share_no_family() {
    let names = |folder| families(folder).expect("the families read").into_iter().map(|f| f.name).collect::<BTreeSet<_>>();
    let (train, unseen) = (names("train"), names("unseen"));
    assert!(train.is_disjoint(&unseen), "in both: {:?}", train.intersection(&unseen).collect::<Vec<_>>());
    for folder in ["train", "unseen"] {
        for family in families(folder).expect("the families read") {
            assert!(["fake_query", "seller", "mirror", "benign"].contains(&family.class.as_str()), "{}: {}", family.name, family.class);
        }
    }
}

#[test]
fn the_benign_pages_are_many_and_are_not_one_page_with_other_numbers() {
    for (folder, pages, kinds) in [("train", 1_000, 12), ("unseen", 3_000, 25)] {
        let made = split(folder, SEED, 1.0).expect("the families read");
        // What stands in pictures only has hardly any text to compare.
        let benign: Vec<_> = made.iter().filter(|m| m.class == "benign" && m.pictures.is_empty()).collect();
        assert!(benign.len() >= pages, "{folder}: {} benign pages", benign.len());
        let mut by_family: BTreeMap<&str, Vec<HashSet<u64>>> = BTreeMap::new();
        for page in &benign {
            let sets = by_family.entry(&page.family).or_default();
            if sets.len() < 25 {
                sets.push(shingles(&page.html));
            }
        }
        assert!(by_family.len() >= kinds, "{folder}: {} benign families", by_family.len());
        let pairs: Vec<f64> = by_family
            .values()
            .flat_map(|sets| (0..sets.len()).flat_map(move |a| (0..a).map(move |b| jaccard(&sets[a], &sets[b]))))
            .collect();
        let near = pairs.iter().filter(|j| **j >= 0.9).count();
        assert!(near * 50 < pairs.len(), "{folder}: {near} of {} pairs within families are near duplicates", pairs.len());
    }
}

/// Hashes of five bytes' worth of characters, tags and digits left out.
fn shingles(html: &[u8]) -> HashSet<u64> {
    let text = String::from_utf8_lossy(html);
    let mut inside = false;
    let mut chars: Vec<char> = Vec::new();
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside && !c.is_whitespace() && !c.is_ascii_digit() => chars.push(c),
            _ => {}
        }
    }
    chars.windows(5).map(|w| w.iter().fold(7_u64, |h, c| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*c))).collect()
}

fn jaccard(a: &HashSet<u64>, b: &HashSet<u64>) -> f64 {
    let both = a.intersection(b).count();
    both as f64 / (a.len() + b.len() - both).max(1) as f64
}
