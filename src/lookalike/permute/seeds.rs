//! What a deceiver would register where the official suffix is closed to him: the official labels joined in every way, and
//! the site's own words, alone and beside those labels.

use crate::lookalike::tokens::Labels;
use crate::lookalike::words::{Kind, Names, Word};

/// A label to register and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seed {
    pub(super) label: String,
    pub(super) technique: &'static str,
}

fn seed(label: impl Into<String>, technique: &'static str) -> Seed {
    Seed { label: label.into(), technique }
}

/// The official labels as one label, likeliest first. For an open suffix: the registrable label, then its joins with what is below it.
pub(super) fn joined(cut: &Labels<'_>) -> Vec<Seed> {
    let root = cut.root.to_owned();
    let sub = cut.sub.join("-");
    let mut seeds = Vec::new();
    let mut both = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
        if parts.len() >= 2 {
            seeds.push(seed(parts.join("-"), "dots_to_dashes"));
            seeds.push(seed(parts.concat().replace('-', ""), "dots_removed"));
        }
    };
    if cut.closed {
        let whole = cut.suffix.join("-");
        let first = cut.suffix[0];
        both(&[&sub, &root, &whole]);
        both(&[&root, &whole]);
        both(&[&sub, &root, first]);
        both(&[&root, first]);
        both(&[&sub, &root]);
        both(&[&root, &sub]);
        both(&[first, &root]);
        both(&["www", &sub, &root, &whole]);
        both(&["www", &sub, &root, first]);
        both(&["www", &root, &whole]);
        both(&[&sub, &root, cut.suffix[cut.suffix.len() - 1]]);
        both(&[&sub, &whole]);
        both(&[&root, &sub, first]);
        both(&[first, &sub, &root]);
        seeds.push(seed(format!("{}{}-{}", sub, root, whole), "dots_to_dashes"));
        seeds.push(seed(format!("{}-{}{}", sub, root, cut.suffix.concat()), "dots_to_dashes"));
        seeds.push(seed(format!("{}-{}{}", sub, root, first), "dots_to_dashes"));
        seeds.push(seed(format!("{}{}-{}", sub, root, first), "dots_to_dashes"));
    } else {
        let suffix = cut.suffix.join("-");
        both(&[&sub, &root]);
        both(&["www", &root]);
        both(&[&root, &suffix]);
        both(&[&sub, &root, &suffix]);
        both(&["www", &root, &suffix]);
    }
    seeds.retain(|s| s.label != root && !s.label.starts_with('-'));
    let mut seen = std::collections::HashSet::new();
    seeds.retain(|s| seen.insert(s.label.clone()));
    seeds
}

/// A site's word as it is written in Latin letters, with its weight.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    pub(super) text: String,
    pub(super) points: i32,
    pub(super) kind: Kind,
    pub(super) initials: bool,
}

/// All Latin spellings of a site's words, heaviest first.
pub(super) fn spelled(names: &Names) -> Vec<Spelled> {
    let mut all = Vec::new();
    for word in &names.words {
        let mut push = |text: String, points: i32, initials: bool| {
            if text.len() >= 2 && points > 0 {
                all.push(Spelled { text, points, kind: word.kind, initials });
            }
        };
        let syllables: Vec<&str> = word.pinyin.split_whitespace().collect();
        push(syllables.concat(), word.points, false);
        push(word.text.clone(), word.points, word.text.len() <= 6);
        if word.initials > 0 {
            push(syllables.iter().map(|s| &s[..1]).collect(), word.initials, true);
        }
    }
    all.sort_by(|a, b| b.points.cmp(&a.points).then(a.text.cmp(&b.text)));
    all.dedup_by(|a, b| a.text == b.text);
    all
}

/// The technique of a lone word.
pub(super) fn technique(word: &Spelled) -> &'static str {
    match (word.kind, word.initials) {
        (Kind::Agency, true) => "agency_initials",
        (Kind::Agency, false) => "agency_pinyin",
        (Kind::Licence, true) => "licence_initials",
        (Kind::Licence, false) => "licence_pinyin",
        (Kind::Service, true) => "service_initials",
        (Kind::Neighbour, _) => "neighbour_agency",
        (Kind::English, _) => "combosquat_english",
        _ => "service_pinyin",
    }
}

/// Words beside the official labels and beside each other, likeliest first.
pub(super) fn combined(cut: &Labels<'_>, words: &[Spelled]) -> Vec<Seed> {
    let sub = cut.sub.concat();
    let mut brands = vec![cut.root.to_owned(), format!("{sub}{}", cut.root), format!("{}{}", cut.root, cut.suffix[0])];
    if !cut.closed {
        brands.truncate(1);
    }
    brands.dedup();
    let mut seeds = Vec::new();
    for word in words.iter().filter(|w| w.kind != Kind::Filler) {
        let technique = if word.kind == Kind::English { "combosquat_english" } else { "combosquat_pinyin" };
        for brand in &brands {
            seeds.extend(
                [
                    format!("{brand}-{}", word.text),
                    format!("{brand}{}", word.text),
                    format!("{}-{brand}", word.text),
                    format!("{}{brand}", word.text),
                ]
                .map(|l| seed(l, technique)),
            );
        }
    }
    seeds
}

/// The site's words joined in pairs: agency or licence first, then what the site does.
pub(super) fn pairs(words: &[Spelled]) -> Vec<Seed> {
    let firsts = words.iter().filter(|w| matches!(w.kind, Kind::Agency | Kind::Licence | Kind::Neighbour) && w.points >= 28);
    let (short, long): (Vec<_>, Vec<_>) = firsts.partition(|w| w.initials && w.text.len() >= 3);
    short
        .into_iter()
        .chain(long)
        .flat_map(|first| {
            let seconds = words.iter().filter(|w| w.kind == Kind::Service && w.points >= 20 && !first.text.contains(&w.text));
            seconds.flat_map(move |second| {
                let technique = technique(first);
                [format!("{}{}", first.text, second.text), format!("{}-{}", first.text, second.text)].map(|l| seed(l, technique))
            })
        })
        .collect()
}

/// Chinese labels: the words themselves, in pairs, and in their traditional and variant forms.
pub(super) fn chinese(words: &[Word]) -> Vec<Seed> {
    let alone: Vec<&Word> = words.iter().filter(|w| !w.zh.is_empty() && w.han.unwrap_or(w.points) >= 20).collect();
    let mut seeds: Vec<Seed> = alone.iter().filter(|w| w.han.unwrap_or(w.points) >= 40).map(|w| seed(w.zh.clone(), "han_name")).collect();
    for first in alone.iter().filter(|w| matches!(w.kind, Kind::Agency | Kind::Licence)) {
        for second in alone.iter().filter(|w| w.kind == Kind::Service) {
            seeds.push(seed(format!("{}{}", first.zh, second.zh), "han_name"));
        }
    }
    let variants: Vec<Seed> = seeds.iter().flat_map(|s| variants(&s.label)).map(|label| seed(label, "han_variant")).collect();
    seeds.extend(variants);
    seeds
}

/// All characters traditional at once, then one at a time.
fn variants(label: &str) -> Vec<String> {
    use crate::lookalike::han;
    let chars: Vec<char> = label.chars().collect();
    let mut out = vec![chars.iter().map(|c| han::forms(*c).next().unwrap_or(*c)).collect::<String>()];
    for (i, c) in chars.iter().enumerate() {
        for form in han::forms(*c) {
            out.push(chars[..i].iter().chain([&form]).chain(&chars[i + 1..]).collect());
        }
    }
    out.retain(|v| v != label);
    out
}
