//! The steps by which names are made, likeliest first; each is computed only when it is reached.

use super::endings::{self, CHINESE_SUFFIXES, SUFFIXES};
use super::seeds::{self, Seed};
use super::{edits, glyphs};
use crate::lookalike::han;
use crate::lookalike::suffixes::Suffixes;
use crate::lookalike::tokens::Labels;
use crate::lookalike::words::Names;
use std::sync::Arc;

/// Words that are glued to any name, in the way of dnstwist's dictionaries.
const COMMON_WORDS: &[&str] = &[
    "login", "secure", "account", "online", "service", "support", "verify", "official", "help", "my", "app", "web", "www", "mail", "pay",
    "info", "cn", "china", "portal", "update", "vip", "88", "365", "1", "2", "e", "m", "i", "cs", "cx", "home", "site", "center", "group",
    "security", "auth", "signin",
];

/// A label and an ending, before it is a name. A label may hold dots: they are below the registrable name.
pub(super) type Draft = (String, Arc<str>, &'static str);
pub(super) type Stage = Box<dyn FnOnce() -> Box<dyn Iterator<Item = Draft> + Send> + Send>;

/// The list of steps, each computed only when it is reached.
pub(super) fn stages(host: &str, cut: &Labels<'_>, names: &Names, suffixes: &Suffixes) -> Vec<Stage> {
    let own: Arc<str> = cut.suffix.join(".").into();
    let wanted: Vec<Arc<str>> = if names.suffixes.is_empty() {
        SUFFIXES.iter().map(|s| (*s).into()).collect()
    } else {
        names.suffixes.iter().map(|s| s.as_str().into()).collect()
    };
    let open: Vec<Arc<str>> = wanted.into_iter().filter(|s| endings::is_open(s, suffixes)).collect();
    let mut first: Vec<Arc<str>> = open.iter().take(12).cloned().collect();
    if !cut.closed {
        first.retain(|s| *s != own);
        first.insert(0, own.clone());
    }
    let joined = seeds::joined(cut);
    let words = seeds::spelled(names);
    let mut stages: Vec<Stage> = Vec::new();
    // Typos of what the public can register: the registrable label itself, or where its suffix is closed, the joined ones.
    let bases: Vec<String> = if cut.closed { joined.iter().take(10).map(|s| s.label.clone()).collect() } else { vec![cut.root.to_owned()] };
    let near: Vec<Arc<str>> = if cut.closed { first.iter().take(8).cloned().collect() } else { vec![own.clone()] };
    if !cut.closed {
        stages.push(various(host, cut, own.clone()));
        stages.extend(typos(&bases, &near, edits::CLASSES));
        // All single letters put in or replaced, under the very suffix: a few hundred names, and what imitators of short names take.
        stages.extend(typos(&bases, &near, &edits::WIDE[..2]));
        stages.push(subdomains(cut.root.to_owned(), own.clone()));
    }
    stages.push(level_squats(cut, open.clone()));
    stages.push(times(joined.clone(), open.clone()));
    if !cut.closed {
        stages.push(times(vec![Seed { label: cut.root.to_owned(), technique: "suffix_changed" }], open.clone()));
    }
    stages.push(hosted(host, joined.iter().take(8).cloned().collect(), endings::FREE.len()));
    let alone = words.iter().filter(|w| w.points >= 50).map(|w| Seed { label: w.text.clone(), technique: seeds::technique(w) }).collect();
    stages.push(times(alone, open.iter().take(24).cloned().collect()));
    stages.push(times(seeds::combined(cut, &words), first.iter().take(4).cloned().collect()));
    let pairs = seeds::pairs(&words);
    stages.push(times(pairs.iter().take(2500).cloned().collect(), first.iter().take(2).cloned().collect()));
    let chinese = seeds::chinese(&names.words);
    stages.push(times(chinese.iter().take(400).cloned().collect(), CHINESE_SUFFIXES.iter().take(6).map(|s| (*s).into()).collect()));
    if cut.closed {
        stages.extend(typos(&bases, &near, edits::CLASSES));
    }
    stages.push(times(affixed(&bases, names), near.clone()));
    stages.push(glyph_stage(bases.clone(), near.clone()));
    stages.push(times(pairs, first.clone()));
    stages.push(times(chinese, CHINESE_SUFFIXES.iter().map(|s| (*s).into()).collect()));
    stages.extend(typos(&bases, &near, edits::WIDE));
    stages.push(everywhere(host, cut, suffixes.clone()));
    stages.push(times(joined.iter().take(6).cloned().collect(), endings::top_levels(suffixes)));
    stages.push(dots_lost(host));
    stages.push(second_levels(host, cut, suffixes.clone()));
    stages.push(hosted(host, joined.iter().take(8).cloned().collect(), usize::MAX));
    stages.push(double_stage(bases.clone(), near.iter().take(3).cloned().collect()));
    stages.extend(typos(&bases, &open, edits::CLASSES));
    stages.extend(below(host, cut, own));
    stages
}

/// A label under each ending whose registry sells its letters; the endings turn fastest, so that every label's best names come early.
fn each(label: String, endings: &Arc<[Arc<str>]>, technique: &'static str) -> impl Iterator<Item = Draft> + Send + use<> {
    let endings = endings.clone();
    let latin_only = !label.is_ascii() && !label.chars().any(han::is_han);
    (0..endings.len()).filter_map(move |i| {
        let ending = &endings[i];
        let sold = !latin_only || !glyphs::PLAIN_ONLY.contains(&&**ending);
        sold.then(|| (label.clone(), ending.clone(), technique))
    })
}

fn times(seeds: Vec<Seed>, endings: Vec<Arc<str>>) -> Stage {
    let endings: Arc<[Arc<str>]> = endings.into();
    Box::new(move || Box::new(seeds.into_iter().flat_map(move |seed| each(seed.label, &endings, seed.technique))))
}

fn typos(bases: &[String], endings: &[Arc<str>], classes: &'static [edits::Class]) -> Vec<Stage> {
    let stage = |class: &'static edits::Class| -> Stage {
        let (bases, endings) = (bases.to_vec(), Arc::from(endings));
        Box::new(move || {
            Box::new(bases.into_iter().flat_map(move |base| {
                let endings = Arc::clone(&endings);
                (class.make)(&base.chars().collect::<Vec<_>>()).into_iter().flat_map(move |label| each(label, &endings, class.technique))
            }))
        })
    };
    classes.iter().map(stage).collect()
}

/// The label cut in two by a dot: the second part is what would be registered.
fn subdomains(root: String, own: Arc<str>) -> Stage {
    Box::new(move || {
        let split =
            (1..root.len()).filter(|i| root.is_char_boundary(*i)).map(|i| format!("{}.{}", &root[..i], &root[i..])).collect::<Vec<_>>();
        Box::new(split.into_iter().map(move |label| (label, own.clone(), "subdomain_split")))
    })
}

/// dnstwist's `various` and ail's dot classes: the suffix's dot lost or made a hyphen, the suffix doubled or cut, labels glued.
fn various(host: &str, cut: &Labels<'_>, own: Arc<str>) -> Stage {
    let (root, sub) = (cut.root.to_owned(), cut.sub.join("."));
    let whole = host.to_owned();
    let last: Arc<str> = cut.suffix[cut.suffix.len() - 1].into();
    Box::new(move || {
        let com: Arc<str> = "com".into();
        let flat = own.replace('.', "");
        let mut drafts = vec![
            (format!("{root}{flat}"), last.clone(), "missing_dot"),
            (format!("{root}{flat}"), own.clone(), "missing_dot"),
            (format!("{root}{flat}"), com.clone(), "missing_dot"),
            (format!("www{root}{flat}"), com.clone(), "missing_dot"),
            (format!("{root}-{flat}"), com.clone(), "dots_to_dashes"),
            (format!("{root}-{}", own.replace('.', "-")), com, "dots_to_dashes"),
            (root.clone(), last, "suffix_changed"),
            (format!("www{root}"), own.clone(), "www_glued"),
            (format!("www-{root}"), own.clone(), "www_glued"),
        ];
        if let Some((first, rest)) = own.split_once('.') {
            drafts.push((format!("{root}{first}"), rest.into(), "missing_dot"));
        }
        if !sub.is_empty() || whole.starts_with("www.") {
            let below = if sub.is_empty() { "www".to_owned() } else { sub };
            for glued in [
                format!("{below}{root}"),
                format!("{}{root}", below.replace('.', "")),
                format!("{below}-{root}"),
                format!("{}-{root}", below.replace('.', "-")),
            ] {
                drafts.push((glued, own.clone(), "dots_removed"));
            }
        }
        Box::new(drafts.into_iter())
    })
}

/// The official labels in front of another ending: `mem.gov.top`, `cx.mem.gov-cn.top`, `mem.org.cn`.
fn level_squats(cut: &Labels<'_>, suffixes: Vec<Arc<str>>) -> Stage {
    let (root, sub) = (cut.root.to_owned(), cut.sub.join("."));
    let (first, dashed) = (cut.suffix[0].to_owned(), cut.suffix.join("-"));
    let country: Arc<str> = cut.suffix[cut.suffix.len() - 1].into();
    let closed = cut.closed;
    Box::new(move || {
        let whole = if sub.is_empty() { root.clone() } else { format!("{sub}.{root}") };
        if !closed {
            return Box::new(suffixes.into_iter().map(move |suffix| (format!("{whole}.{dashed}"), suffix, "embedded_official_part")));
        }
        let flat = dashed.replace('-', "");
        let near = [
            (format!("{whole}{first}"), country.clone(), "missing_dot"),
            (format!("{root}{first}"), country.clone(), "missing_dot"),
            (format!("{}{root}", sub.replace('.', "")), country.clone(), "gov_label_missing"),
            (whole.clone(), country.clone(), "gov_label_missing"),
            (root.clone(), country.clone(), "gov_label_missing"),
        ];
        let seconds = ["com", "net", "org"].map(|second| Arc::<str>::from(format!("{second}.{country}")));
        let seconds = seconds.into_iter().flat_map({
            let (root, whole) = (root.clone(), whole.clone());
            move |s| [(root.clone(), s.clone(), "wrong_second_level"), (whole.clone(), s, "wrong_second_level")]
        });
        let rest = suffixes.into_iter().flat_map(move |s| {
            [
                (format!("{whole}.{first}"), s.clone(), "suffix_changed"),
                (format!("{root}.{first}"), s.clone(), "suffix_changed"),
                (dashed.clone(), s.clone(), "gov_cn_label"),
                (format!("{whole}.{dashed}"), s.clone(), "gov_cn_label"),
                (format!("{root}.{dashed}"), s.clone(), "gov_cn_label"),
                (format!("{whole}.{flat}"), s, "gov_cn_label"),
            ]
        });
        Box::new(near.into_iter().chain(seconds).chain(rest))
    })
}

/// The host with its first or last dots made hyphens (or with `""`: left out), one more each time.
fn dots_changed(host: &str, with: &str) -> Vec<String> {
    let labels: Vec<&str> = host.split('.').collect();
    let joined = |dashed: &[&str]| dashed.join(with);
    let first = (2..=labels.len()).map(|n| [&[joined(&labels[..n]).as_str()], &labels[n..]].concat().join("."));
    let last = (1..labels.len()).map(|n| [&labels[..n - 1], &[joined(&labels[n - 1..]).as_str()]].concat().join("."));
    first.chain(last).collect()
}

/// The host, whole, cut and with hyphens for dots, under every top-level domain there is.
fn everywhere(host: &str, cut: &Labels<'_>, suffixes: Suffixes) -> Stage {
    let mut heads = vec![(host.to_owned(), "embedded_official_host")];
    let cut_off = |labels: usize| host.rsplitn(labels + 1, '.').last().filter(|head| *head != host).map(str::to_owned);
    heads.extend(
        [cut_off(cut.suffix.len()), cut_off(1), Some(cut.root.to_owned())].into_iter().flatten().map(|head| (head, "suffix_changed")),
    );
    heads.extend(dots_changed(host, "-").into_iter().map(|head| (head, "dots_to_dashes")));
    if let Some(bare) = host.strip_prefix("www.") {
        heads.extend(dots_changed(bare, "-").into_iter().map(|head| (head, "dots_to_dashes")));
        heads.push((bare.to_owned(), "embedded_official_host"));
    }
    Box::new(move || {
        let tops = endings::top_levels(&suffixes);
        Box::new(heads.into_iter().flat_map(move |(head, technique)| {
            let tops = tops.clone();
            tops.into_iter().map(move |top| (head.clone(), top, technique))
        }))
    })
}

/// The whole host with dots left out or made hyphens, `www` glued on too, and `com` behind what has lost all of its dots.
fn dots_lost(host: &str) -> Stage {
    let mut drafts = Vec::new();
    for whole in [host.to_owned(), format!("www{host}")] {
        for (mark, technique) in [("", "missing_dot"), ("-", "dots_to_dashes")] {
            for name in dots_changed(&whole, mark) {
                drafts.push((name.clone(), Arc::from("com"), technique));
                if let Some((head, top)) = name.rsplit_once('.').filter(|(_, top)| endings::is_known(top)) {
                    drafts.push((head.to_owned(), top.into(), technique));
                }
            }
        }
    }
    Box::new(move || Box::new(drafts.into_iter()))
}

/// The official labels under the other second levels of their country, bought or free.
fn second_levels(host: &str, cut: &Labels<'_>, suffixes: Suffixes) -> Stage {
    let root = cut.root.to_owned();
    let whole = host.rsplitn(cut.suffix.len() + 1, '.').last().unwrap_or(host).to_owned();
    let top = cut.suffix[cut.suffix.len() - 1].to_owned();
    Box::new(move || {
        Box::new(endings::second_levels(&top, &suffixes).into_iter().flat_map(move |ending| {
            let technique = if endings::is_free(&ending) { endings::free_technique(&ending) } else { "wrong_second_level" };
            [(root.clone(), ending.clone(), technique), (whole.clone(), ending, technique)]
        }))
    })
}

/// The host's labels under zones where a name costs nothing.
fn hosted(host: &str, joined: Vec<Seed>, most: usize) -> Stage {
    let mut labels = vec![host.replace('.', "-")];
    labels.extend(joined.into_iter().map(|seed| seed.label));
    labels.extend(host.rsplit_once('.').map(|(head, top)| format!("{head}-{top}")));
    Box::new(move || {
        Box::new(endings::free_zones().into_iter().take(most).flat_map(move |zone| {
            let technique = endings::free_technique(&zone);
            labels.clone().into_iter().map(move |label| (label, zone.clone(), technique))
        }))
    })
}

/// Fillers and common words glued before and after.
fn affixed(bases: &[String], names: &Names) -> Vec<Seed> {
    let fillers = names.fillers.iter().map(String::as_str).chain(COMMON_WORDS.iter().copied()).filter(|f| f.is_ascii());
    let mut seeds = Vec::new();
    for filler in fillers {
        for base in bases {
            seeds.extend(
                [format!("{base}-{filler}"), format!("{base}{filler}"), format!("{filler}-{base}"), format!("{filler}{base}")]
                    .map(|label| Seed { label, technique: "affix" }),
            );
        }
    }
    seeds
}

/// Borrowed letters one at a time, then whole labels in Cyrillic.
fn glyph_stage(bases: Vec<String>, endings: Vec<Arc<str>>) -> Stage {
    with_script(endings, move || {
        bases.into_iter().flat_map(|base| {
            let chars: Vec<char> = base.chars().collect();
            [edits::cyrillic(&chars), edits::homoglyphs(&chars)].concat()
        })
    })
}

fn double_stage(bases: Vec<String>, endings: Vec<Arc<str>>) -> Stage {
    with_script(endings, move || bases.into_iter().flat_map(|base| edits::double_homoglyphs(base.chars().collect())))
}

fn with_script<L: Iterator<Item = String> + Send + 'static>(endings: Vec<Arc<str>>, labels: impl FnOnce() -> L + Send + 'static) -> Stage {
    let endings: Arc<[Arc<str>]> = endings.into();
    Box::new(move || {
        Box::new(labels().flat_map(move |label| {
            let technique = edits::script_technique(&label);
            each(label, &endings, technique)
        }))
    })
}

/// The same edits with the labels below the registrable one kept in front, as generators that keep the subdomain print them.
fn below(host: &str, cut: &Labels<'_>, own: Arc<str>) -> Vec<Stage> {
    let front = host.strip_suffix(&format!("{}.{own}", cut.root)).unwrap_or_default().trim_end_matches('.').to_owned();
    if front.is_empty() || cut.closed {
        return Vec::new();
    }
    let bases = [cut.root.to_owned()];
    let suffixes = [own.clone()];
    let mut stages = vec![various(host, cut, own.clone())];
    stages.extend(typos(&bases, &suffixes, edits::CLASSES));
    stages.push(subdomains(cut.root.to_owned(), own.clone()));
    stages.push(glyph_stage(bases.to_vec(), suffixes.to_vec()));
    stages.extend(typos(&bases, &suffixes, edits::WIDE));
    stages.push(double_stage(bases.to_vec(), suffixes.to_vec()));
    let in_front = |stage: Stage, front: String| -> Stage {
        Box::new(move || Box::new(stage().map(move |(label, suffix, technique)| (format!("{front}.{label}"), suffix, technique))))
    };
    stages.into_iter().map(|stage| in_front(stage, front.clone())).collect()
}
