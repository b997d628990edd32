//! Tests of lookalike on names that no data file holds: built from the site's own words by rules of combination that the shared
//! mutations do not use, then edited, with a fixed seed. The alert rate that makes recall mean something is held in `lookalike.rs`.

use crate::lookalike::{Dice, mutate, recall, rule_files, sites, watchlist};
use std::collections::BTreeSet;

/// A word as a deceiver could write it: pinyin joined, initials, and what it speaks of.
struct Word {
    kind: String,
    full: String,
    initials: String,
    syllables: usize,
}

fn words() -> Vec<Word> {
    let files = rule_files();
    let site = sites(&files).into_iter().find(|(_, s)| s.id == "cx.mem.gov.cn").expect("the site").1;
    let words = site.names["words"].as_array().expect("a list").iter();
    words
        .filter_map(|word| {
            let pinyin: Vec<&str> = word.get("pinyin")?.as_str()?.split_whitespace().collect();
            Some(Word {
                kind: word["kind"].as_str()?.to_owned(),
                full: pinyin.concat(),
                initials: pinyin.iter().map(|s| &s[..1]).collect(),
                syllables: pinyin.len(),
            })
        })
        .collect()
}

/// One base by one of eight rules. Which words suit a rule is decided by kind and length alone, never by what the screen makes of them.
fn base(rule: usize, words: &[Word], dice: &mut Dice) -> String {
    let mut one_of = |fits: &dyn Fn(&Word) -> bool| {
        let fitting: Vec<&Word> = words.iter().filter(|w| fits(w)).collect();
        fitting[dice.roll(fitting.len())]
    };
    let licence = |w: &Word| w.kind == "licence" && w.syllables >= 3;
    let short_licence = |w: &Word| w.kind == "licence" && w.syllables >= 4;
    let agency = |w: &Word| matches!(w.kind.as_str(), "agency" | "neighbour") && w.syllables >= 3;
    let query = |w: &Word| w.kind == "service" && w.full.ends_with("chaxun");
    let paper = |w: &Word| w.kind == "service" && w.full.contains("zheng");
    match rule {
        // What it is, then that one can look it up, in one piece or two.
        0 => format!("{}{}", one_of(&licence).full, one_of(&query).full),
        1 => format!("{}-{}", one_of(&licence).full, one_of(&paper).full),
        // The office in full before the licence in full.
        2 => format!("{}{}", one_of(&agency).full, one_of(&licence).full),
        // The official labels in other places than the official order, beside a word.
        3 => format!("gov-mem-{}", one_of(&paper).full),
        4 => format!("{}-memgov", one_of(&licence).full),
        // The official host's end glued to initials.
        5 => format!("{}-cxmemgovcn", one_of(&short_licence).initials),
        // Half in initials, half in full.
        6 => format!("{}{}", one_of(&short_licence).initials, one_of(&query).full),
        // The whole host as one label, a word behind it.
        _ => format!("cx-mem-gov-cn-{}", one_of(&licence).initials),
    }
}

const RULES: usize = 8;
const CLASSES: [&str; 10] =
    ["none", "omission", "repetition", "insertion", "transposition", "keyboard", "hyphen", "homoglyph", "idn", "affix"];

/// `per_class` names of each class of edit, and each base that was drawn.
fn fresh(seed: u64, per_class: usize) -> (Vec<(&'static str, String)>, BTreeSet<String>) {
    let endings = ["com", "cn", "com.cn", "ltd", "club", "info", "work", "bj.cn", "gd.cn", "asia", "fun", "github.io", "netlify.app"];
    let (words, mut dice) = (words(), Dice(seed));
    let (mut rows, mut bases) = (Vec::new(), BTreeSet::new());
    for class in CLASSES {
        let mut made = 0;
        while made < per_class {
            let base = base(dice.roll(RULES), &words, &mut dice);
            if let Some(name) = mutate(&base, class, &mut dice) {
                rows.push((class, format!("{name}.{}", dice.pick(&endings))));
                bases.insert(base);
                made += 1;
            }
        }
    }
    (rows, bases)
}

#[test]
fn fresh_mutations_of_the_sites_words_in_new_combinations_are_recalled_in_every_class_of_edit() {
    let (rows, bases) = fresh(0x6a69_616e_7765_6921, 500);
    eprintln!("{} bases, such as {:?}", bases.len(), bases.iter().step_by(bases.len() / 12 + 1).collect::<Vec<_>>());
    assert!(bases.len() > 500, "the rules combine too little: {} bases", bases.len());
    recall(&watchlist(), rows.iter().map(|(class, name)| (*class, name.as_str())), 92, 82);
}

#[test]
fn none_of_the_fresh_bases_stands_in_the_shared_mutations() {
    let Some(path) = crate::world::shared("data/mutated-names.tsv") else { return };
    let known = std::fs::read_to_string(path).expect("UTF-8");
    let known: BTreeSet<&str> = known.lines().filter_map(|row| row.split('\t').nth(1)?.split('.').next()).collect();
    let (_, bases) = fresh(0x6a69_616e_7765_6921, 500);
    let shared: Vec<_> = bases.iter().filter(|b| known.contains(b.as_str())).collect();
    assert!(shared.is_empty(), "{shared:?}");
}
