//! Names that a deceiver might register, likeliest first: for each technique of the screen its names, streamed.
//! Only names that the public can register; no name twice; memory bounded by the longest list that is given.

mod edits;
mod glyphs;
mod seeds;

use crate::lookalike::name;
use crate::lookalike::suffixes::Suffixes;
use crate::lookalike::tokens::{self, Labels};
use crate::lookalike::words::Names;
use crate::model::site::Site;
use seeds::Seed;
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

/// Endings where a site names none of its own, likeliest first.
const SUFFIXES: &[&str] = &[
    "com", "net", "org", "top", "xyz", "vip", "info", "shop", "online", "site", "cc", "icu", "club", "co", "cn", "com.cn", "live", "store",
    "pro", "biz", "work", "tech", "fun", "ink", "link", "life", "me", "app", "dev", "us", "in", "io", "tv", "ws", "pw", "ru", "de", "fr",
    "uk", "co.uk", "eu", "nl", "cloud", "space", "website", "world", "today", "one", "run", "click", "sbs", "cfd", "cyou", "bond", "asia",
    "mobi", "name", "support", "help", "center",
];
/// Endings under which Chinese labels are sold.
const CHINESE_SUFFIXES: &[&str] =
    &["com", "cn", "net", "xn--fiqs8s", "xn--ses554g", "xn--55qx5d", "xn--io0a7i", "xn--3ds443g", "top", "xn--czr694b", "cc"];

/// Words that are glued to any name, in the way of dnstwist's dictionaries.
const COMMON_WORDS: &[&str] = &[
    "login", "secure", "account", "online", "service", "support", "verify", "official", "help", "my", "app", "web", "www", "mail", "pay",
    "info", "cn", "china", "portal", "update", "vip", "88", "365", "1", "2", "e", "m", "i", "cs", "cx", "home", "site", "center", "group",
    "security", "auth", "signin",
];

/// A label and an ending, before it is a name. A label may hold dots: they are below the registrable name.
type Draft = (String, std::sync::Arc<str>, &'static str);
type Stage = Box<dyn FnOnce() -> Box<dyn Iterator<Item = Draft> + Send> + Send>;

/// Names near `host` that anyone could register, most likely first, no name twice, at most [`MAX_PERMUTATIONS`].
/// With a site, its own words and endings are used. Empty for a host that is an address or itself a suffix.
pub fn permute(host: &str, site: Option<&Site>) -> Box<dyn Iterator<Item = Permutation> + Send> {
    permute_under(host, site, &Suffixes::default())
}

/// The same, with the closed suffixes of a unit's own rules.
pub fn permute_under(host: &str, site: Option<&Site>, suffixes: &Suffixes) -> Box<dyn Iterator<Item = Permutation> + Send> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let names = site.and_then(Names::of).unwrap_or_default();
    let owned: Vec<String> = site.map(|s| s.hosts.iter().chain(&s.trees).cloned().collect()).unwrap_or_default();
    let Some(cut) = tokens::labels(&host, suffixes).filter(|_| !name::is_ip(&host)) else { return Box::new(std::iter::empty()) };
    let stages = stages(&host, &cut, &names, suffixes);
    let suffixes = suffixes.clone();
    let mut seen: HashSet<u64, BuildHasherDefault<Identity>> = HashSet::default();
    seen.insert(hash(&host));
    let names = stages.into_iter().flat_map(|stage| stage()).filter_map(move |(label, suffix, technique)| {
        let name = written(&label, &suffix, &suffixes)?;
        let new = seen.len() < MAX_PERMUTATIONS && seen.insert(hash(&name));
        (new && !owned.iter().any(|tree| name::under(&name, tree))).then_some(Permutation { name, technique })
    });
    Box::new(names.take(MAX_PERMUTATIONS))
}

/// The list of steps, each computed only when it is reached.
fn stages(host: &str, cut: &Labels<'_>, names: &Names, suffixes: &Suffixes) -> Vec<Stage> {
    let own: std::sync::Arc<str> = cut.suffix.join(".").into();
    let wanted: Vec<std::sync::Arc<str>> = if names.suffixes.is_empty() {
        SUFFIXES.iter().map(|s| (*s).into()).collect()
    } else {
        names.suffixes.iter().map(|s| s.as_str().into()).collect()
    };
    let open: Vec<std::sync::Arc<str>> = wanted.into_iter().filter(|s| is_open(s, suffixes)).collect();
    let mut first: Vec<std::sync::Arc<str>> = open.iter().take(12).cloned().collect();
    if !cut.closed {
        first.retain(|s| *s != own);
        first.insert(0, own.clone());
    }
    let joined = seeds::joined(cut);
    let words = seeds::spelled(names);
    let mut stages: Vec<Stage> = Vec::new();
    // Typos of what the public can register: the registrable label itself, or where its suffix is closed, the joined ones.
    let bases: Vec<String> = if cut.closed { joined.iter().take(10).map(|s| s.label.clone()).collect() } else { vec![cut.root.to_owned()] };
    let near: Vec<std::sync::Arc<str>> = if cut.closed { first.iter().take(8).cloned().collect() } else { vec![own.clone()] };
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
    stages.push(double_stage(bases.clone(), near.iter().take(3).cloned().collect()));
    stages.extend(typos(&bases, &open, edits::CLASSES));
    stages.extend(below(host, cut, own));
    stages
}

/// `seeds` under each ending; the endings turn fastest, so that every seed's best names come early.
fn times(seeds: Vec<Seed>, suffixes: Vec<std::sync::Arc<str>>) -> Stage {
    Box::new(move || {
        Box::new(
            seeds
                .into_iter()
                .flat_map(move |seed| suffixes.clone().into_iter().map(move |suffix| (seed.label.clone(), suffix, seed.technique))),
        )
    })
}

fn typos(bases: &[String], suffixes: &[std::sync::Arc<str>], classes: &'static [edits::Class]) -> Vec<Stage> {
    let stage = |class: &'static edits::Class| -> Stage {
        let (bases, suffixes) = (bases.to_vec(), suffixes.to_vec());
        Box::new(move || {
            Box::new(bases.into_iter().flat_map(move |base| {
                let labels = (class.make)(&base.chars().collect::<Vec<_>>());
                let suffixes = suffixes.clone();
                labels
                    .into_iter()
                    .flat_map(move |label| suffixes.clone().into_iter().map(move |suffix| (label.clone(), suffix, class.technique)))
            }))
        })
    };
    classes.iter().map(stage).collect()
}

/// The label cut in two by a dot: the second part is what would be registered.
fn subdomains(root: String, own: std::sync::Arc<str>) -> Stage {
    Box::new(move || {
        let split =
            (1..root.len()).filter(|i| root.is_char_boundary(*i)).map(|i| format!("{}.{}", &root[..i], &root[i..])).collect::<Vec<_>>();
        Box::new(split.into_iter().map(move |label| (label, own.clone(), "subdomain_split")))
    })
}

/// dnstwist's `various` and ail's dot classes: the suffix's dot lost or made a hyphen, the suffix doubled or cut, labels glued.
fn various(host: &str, cut: &Labels<'_>, own: std::sync::Arc<str>) -> Stage {
    let (root, sub) = (cut.root.to_owned(), cut.sub.join("."));
    let whole = host.to_owned();
    let last: std::sync::Arc<str> = cut.suffix[cut.suffix.len() - 1].into();
    Box::new(move || {
        let com: std::sync::Arc<str> = "com".into();
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
fn level_squats(cut: &Labels<'_>, suffixes: Vec<std::sync::Arc<str>>) -> Stage {
    let (root, sub) = (cut.root.to_owned(), cut.sub.join("."));
    let (first, dashed) = (cut.suffix[0].to_owned(), cut.suffix.join("-"));
    let country: std::sync::Arc<str> = cut.suffix[cut.suffix.len() - 1].into();
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
        let seconds = ["com", "net", "org"].map(|second| std::sync::Arc::<str>::from(format!("{second}.{country}")));
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
fn glyph_stage(bases: Vec<String>, suffixes: Vec<std::sync::Arc<str>>) -> Stage {
    Box::new(move || {
        Box::new(bases.into_iter().flat_map(move |base| {
            let chars: Vec<char> = base.chars().collect();
            let labels = [edits::cyrillic(&chars), edits::homoglyphs(&chars)].concat();
            with_script(labels.into_iter(), suffixes.clone())
        }))
    })
}

fn double_stage(bases: Vec<String>, suffixes: Vec<std::sync::Arc<str>>) -> Stage {
    Box::new(move || {
        Box::new(bases.into_iter().flat_map(move |base| with_script(edits::double_homoglyphs(base.chars().collect()), suffixes.clone())))
    })
}

fn with_script(labels: impl Iterator<Item = String> + Send, suffixes: Vec<std::sync::Arc<str>>) -> impl Iterator<Item = Draft> + Send {
    labels.flat_map(move |label| {
        let technique = edits::script_technique(&label);
        let sold = suffixes.iter().filter(|s| label.is_ascii() || !glyphs::PLAIN_ONLY.contains(&&***s)).cloned().collect::<Vec<_>>();
        sold.into_iter().map(move |suffix| (label.clone(), suffix, technique))
    })
}

/// The same edits with the labels below the registrable one kept in front, as generators that keep the subdomain print them.
fn below(host: &str, cut: &Labels<'_>, own: std::sync::Arc<str>) -> Vec<Stage> {
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
    stages.push(double_stage(bases.to_vec(), suffixes.to_vec()));
    let in_front = |stage: Stage, front: String| -> Stage {
        Box::new(move || Box::new(stage().map(move |(label, suffix, technique)| (format!("{front}.{label}"), suffix, technique))))
    };
    stages.into_iter().map(|stage| in_front(stage, front.clone())).collect()
}

/// Can the public register directly under it?
fn is_open(suffix: &str, suffixes: &Suffixes) -> bool {
    if suffixes.is_closed(suffix) {
        return false;
    }
    // The list's answer for a name below it: the ending itself must be a suffix.
    name::suffix_at(&format!("x.{suffix}")).is_some_and(|(at, private)| at == 2 && !private)
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
    // Labels in front of a dot may have made a suffix of their own (`gov` + `cn`): ask the list again.
    let sold = !label.contains('.') || name::suffix_at(&name).is_some_and(|(at, _)| !suffixes.is_closed(&name[at..]));
    (name.len() <= 253 && sold).then_some(name)
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
