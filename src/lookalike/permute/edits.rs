//! One class of edit each: a label in, labels out. The classes are those of dnstwist and ail-typo-squatting, and a few more.

use super::glyphs;
use std::sync::LazyLock;

/// A class and the technique that the screen would call it.
pub(super) struct Class {
    /// Technique id.
    pub(super) technique: &'static str,
    /// The labels of this class.
    pub(super) make: fn(&[char]) -> Vec<String>,
}

/// Single edits, likeliest first.
pub(super) const CLASSES: &[Class] = &[
    Class { technique: "omission", make: omission },
    Class { technique: "transposition", make: transposition },
    Class { technique: "repetition", make: repetition },
    Class { technique: "homoglyph", make: homoglyph_ascii },
    Class { technique: "keyboard_neighbour", make: keyboard },
    Class { technique: "hyphenation", make: hyphenation },
    Class { technique: "vowel_swap", make: vowel_swap },
    Class { technique: "plural", make: plural },
    Class { technique: "bitsquat", make: bitsquat },
    Class { technique: "insertion", make: insertion_keyboard },
    Class { technique: "addition", make: addition },
];

/// Classes that only ail-typo-squatting has, and all single letters put in or replaced.
pub(super) const WIDE: &[Class] = &[
    Class { technique: "insertion", make: insertion_any },
    Class { technique: "replacement", make: replacement_any },
    Class { technique: "transposition", make: moved },
    Class { technique: "vowel_swap", make: vowels_everywhere },
    Class { technique: "digit_homoglyph", make: numerals },
    Class { technique: "replacement", make: double_replacement },
    Class { technique: "homoglyph", make: homoglyph_everywhere },
    Class { technique: "omission", make: hyphens_lost },
    Class { technique: "plural", make: english_plural },
];

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// `chars` with `from..to` replaced.
fn spliced(chars: &[char], from: usize, to: usize, with: &str) -> String {
    let mut out = String::with_capacity(chars.len() + with.len());
    out.extend(&chars[..from]);
    out.push_str(with);
    out.extend(&chars[to..]);
    out
}

fn one(c: char) -> String {
    c.to_string()
}

fn omission(label: &[char]) -> Vec<String> {
    (0..label.len()).map(|i| spliced(label, i, i + 1, "")).collect()
}

fn transposition(label: &[char]) -> Vec<String> {
    (0..label.len().saturating_sub(1)).map(|i| spliced(label, i, i + 2, &[label[i + 1], label[i]].iter().collect::<String>())).collect()
}

fn repetition(label: &[char]) -> Vec<String> {
    (0..label.len()).map(|i| spliced(label, i, i, &one(label[i]))).collect()
}

fn keys(c: char) -> impl Iterator<Item = char> {
    glyphs::KEYS.iter().filter(move |(key, _)| *key == c).flat_map(|(_, near)| near.chars())
}

fn keyboard(label: &[char]) -> Vec<String> {
    (0..label.len()).flat_map(|i| keys(label[i]).map(move |k| spliced(label, i, i + 1, &one(k)))).collect()
}

fn insertion_keyboard(label: &[char]) -> Vec<String> {
    let both = |i: usize, k: char| [spliced(label, i, i, &one(k)), spliced(label, i + 1, i + 1, &one(k))];
    (0..label.len()).flat_map(|i| keys(label[i]).flat_map(move |k| both(i, k))).collect()
}

fn hyphenation(label: &[char]) -> Vec<String> {
    (1..label.len()).map(|i| spliced(label, i, i, "-")).collect()
}

const VOWELS: &str = "aeiou";

fn vowel_swap(label: &[char]) -> Vec<String> {
    let at = (0..label.len()).filter(|i| VOWELS.contains(label[*i]));
    at.flat_map(|i| VOWELS.chars().filter(move |v| *v != label[i]).map(move |v| spliced(label, i, i + 1, &one(v)))).collect()
}

fn plural(label: &[char]) -> Vec<String> {
    let ending = |c: char| if matches!(c, 's' | 'x' | 'z') { "es" } else { "s" };
    (2..label.len()).map(|i| spliced(label, i + 1, i + 1, ending(label[i]))).collect()
}

fn bitsquat(label: &[char]) -> Vec<String> {
    let flipped = |c: char| {
        (0..8)
            .filter_map(move |bit| char::from_u32(c as u32 ^ 1 << bit))
            .filter(|f| f.is_ascii_lowercase() || f.is_ascii_digit() || *f == '-')
    };
    (0..label.len())
        .filter(|i| label[*i].is_ascii())
        .flat_map(|i| flipped(label[i]).map(move |f| spliced(label, i, i + 1, &one(f))))
        .collect()
}

fn addition(label: &[char]) -> Vec<String> {
    let n = label.len();
    let ends = (0..n).filter(|i| label[*i] == '-').chain([n]);
    ends.flat_map(|i| ALPHABET.chars().map(move |c| spliced(label, i, i, &one(c))))
        .chain(ALPHABET.chars().map(|c| spliced(label, 0, 0, &one(c))))
        .collect()
}

fn insertion_any(label: &[char]) -> Vec<String> {
    (0..=label.len()).flat_map(|i| ALPHABET.chars().map(move |c| spliced(label, i, i, &one(c)))).collect()
}

fn replacement_any(label: &[char]) -> Vec<String> {
    (0..label.len())
        .flat_map(|i| ALPHABET.chars().filter(move |c| *c != label[i]).map(move |c| spliced(label, i, i + 1, &one(c))))
        .collect()
}

/// One letter moved to anywhere.
fn moved(label: &[char]) -> Vec<String> {
    let mut out = Vec::new();
    for i in 0..label.len() {
        let mut rest = label.to_vec();
        let letter = rest.remove(i);
        out.extend((0..=rest.len()).map(|j| spliced(&rest, j, j, &one(letter))));
    }
    out
}

fn vowels_everywhere(label: &[char]) -> Vec<String> {
    let text: String = label.iter().collect();
    let all = "aeiouy";
    all.chars()
        .filter(|from| text.contains(*from))
        .flat_map(|from| all.chars().filter(move |to| *to != from).map(|to| text.replace(from, &one(to))).collect::<Vec<_>>())
        .collect()
}

/// Number words and digits for each other.
fn numerals(label: &[char]) -> Vec<String> {
    const NUMBERS: &[&[&str]] = &[
        &["0", "zero"],
        &["1", "one", "first"],
        &["2", "two", "second", "to"],
        &["3", "three", "third"],
        &["4", "four", "fourth", "for"],
        &["5", "five", "fifth"],
        &["6", "six", "sixth"],
        &["7", "seven", "seventh"],
        &["8", "eight", "eighth"],
        &["9", "nine", "ninth"],
    ];
    let text: String = label.iter().collect();
    let alike = |from: &&'static str, all: &'static [&'static str]| all.iter().copied().filter(|to| to != from).collect::<Vec<_>>();
    NUMBERS
        .iter()
        .flat_map(|all| all.iter().filter(|from| text.contains(**from)).map(move |from| (*from, alike(from, all))))
        .flat_map(|(from, looks)| looks.into_iter().map(|to| text.replace(from, to)).collect::<Vec<_>>())
        .collect()
}

/// The label without its first or last hyphens, one more each time.
fn hyphens_lost(label: &[char]) -> Vec<String> {
    let text: String = label.iter().collect();
    let many = text.matches('-').count();
    let first = (1..=many).map(|n| text.replacen('-', "", n));
    let last = (1..=many).map(|n| {
        text.split('-').enumerate().fold(String::new(), |all, (i, part)| if i == 0 || i > many - n { all + part } else { all + "-" + part })
    });
    first.chain(last).collect()
}

/// The English plural of the label, where it is more than an `s`.
fn english_plural(label: &[char]) -> Vec<String> {
    let text: String = label.iter().collect();
    let stem = |ending: &str| text.strip_suffix(ending);
    let vowel_before_y = stem("y").is_some_and(|s| s.ends_with(['a', 'e', 'i', 'o', 'u']));
    let mut plurals = vec![format!("{text}s"), format!("{text}es")];
    plurals.extend(stem("y").filter(|_| !vowel_before_y).map(|s| format!("{s}ies")));
    plurals.extend(stem("fe").or_else(|| stem("f")).map(|s| format!("{s}ves")));
    plurals.extend(stem("man").map(|s| format!("{s}men")));
    plurals.extend(stem("is").map(|s| format!("{s}es")));
    plurals
}

/// Two letters side by side, or the last one, replaced by a doubled one.
fn double_replacement(label: &[char]) -> Vec<String> {
    let n = label.len();
    (0..n).flat_map(|i| ALPHABET.chars().map(move |c| spliced(label, i, n.min(i + 2), &format!("{c}{c}")))).collect()
}

fn homoglyph_ascii(label: &[char]) -> Vec<String> {
    mixed(label, &ASCII_ONLY)
}

/// Neighbouring occurrences of a letter replaced at once: two of three, or all.
fn homoglyph_everywhere(label: &[char]) -> Vec<String> {
    let mut out = Vec::new();
    for (from, looks) in ALL.iter() {
        let mut letters = from.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else { continue };
        let at: Vec<usize> = (0..label.len()).filter(|i| label[*i] == letter).collect();
        for (a, first) in at.iter().enumerate() {
            for last in &at[a + 1..] {
                let middle: String = label[*first..=*last].iter().collect();
                out.extend(looks.iter().map(|to| spliced(label, *first, last + 1, &middle.replace(letter, to))));
            }
        }
    }
    out
}

type Table = Vec<(String, Vec<String>)>;

static ASCII_ONLY: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::new();
    for (from, to) in glyphs::ASCII {
        match table.iter_mut().find(|(known, _)| known == from) {
            Some((_, looks)) => looks.push((*to).to_owned()),
            None => table.push(((*from).to_owned(), vec![(*to).to_owned()])),
        }
    }
    table
});

static ALL: LazyLock<Table> = LazyLock::new(|| {
    let mut table = ASCII_ONLY.clone();
    let borrowed = glyphs::CYRILLIC.iter().chain(glyphs::GREEK).map(|(from, to)| (from.to_string(), vec![to.to_string()]));
    let lines = glyphs::GLYPHS
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(from, looks)| (from.to_owned(), looks.chars().map(one).collect()));
    for (from, looks) in lines.chain(borrowed) {
        let sold = looks.into_iter().filter(|l: &String| is_sold(l));
        match table.iter_mut().find(|(known, _)| *known == from) {
            Some((_, known)) => known.extend(sold.collect::<Vec<_>>()),
            None => table.push((from, sold.collect())),
        }
    }
    table
});

/// Does IDNA keep the character as it is? What it maps to another cannot be registered.
fn is_sold(glyph: &str) -> bool {
    let coded = idna::punycode::encode_str(glyph).map(|coded| format!("xn--{coded}"));
    idna::domain_to_ascii(glyph).ok() == coded
}

/// Every single replacement by the table, two letters taken together where the table says so.
fn mixed(label: &[char], table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    let mut key = String::new();
    for i in 0..label.len() {
        for width in 1..=2.min(label.len() - i) {
            key.clear();
            key.extend(&label[i..i + width]);
            if let Some((_, looks)) = table.iter().find(|(from, _)| *from == key) {
                out.extend(looks.iter().map(|look| spliced(label, i, i + width, look)));
            }
        }
        if i + 1 < label.len() && label[i] == label[i + 1] {
            key.clear();
            key.push(label[i]);
            if let Some((_, looks)) = table.iter().find(|(from, _)| *from == key) {
                out.extend(looks.iter().map(|look| spliced(label, i, i + 2, &look.repeat(2))));
            }
        }
    }
    out
}

/// All homoglyphs at one place.
pub(super) fn homoglyphs(label: &[char]) -> Vec<String> {
    mixed(label, &ALL)
}

/// All homoglyphs at two places, streamed: each single one mixed again.
pub(super) fn double_homoglyphs(label: Vec<char>) -> impl Iterator<Item = String> + Send {
    homoglyphs(&label).into_iter().flat_map(|once| mixed(&once.chars().collect::<Vec<_>>(), &ALL))
}

/// The whole label in Cyrillic, where every letter has a twin; and every twin of the label replaced, where only some have.
pub(super) fn cyrillic(label: &[char]) -> Vec<String> {
    let twin = |c: char| glyphs::CYRILLIC.iter().find(|(latin, _)| *latin == c).map(|(_, twin)| *twin);
    let all: String = label.iter().map(|c| twin(*c).unwrap_or(*c)).collect();
    if label.iter().any(|c| twin(*c).is_some()) { vec![all] } else { Vec::new() }
}

/// Which technique a label shows: by its characters.
pub(super) fn script_technique(label: &str) -> &'static str {
    match label.chars().find(|c| !c.is_ascii()) {
        None => "homoglyph",
        Some('\u{400}'..='\u{52f}') => "idn_cyrillic",
        Some('\u{370}'..='\u{3ff}') => "idn_greek",
        Some(_) => "idn_accent",
    }
}
