//! From a site's words and official hosts to the tokens that are looked for. Joined and hyphenated forms, initials, mixed
//! forms and blurred pinyin follow from the data; nobody writes them down.

use super::suffixes::Suffixes;
use super::words::{Kind, Names, Word};
use super::{letters, name};
use crate::model::site::Site;
use std::collections::HashMap;

/// In which shape a word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Two or more labels of the official host, in order. `whole`: all of them.
    Joined {
        /// All labels of the host.
        whole: bool,
        /// Up to and including the official suffix.
        to_end: bool,
    },
    /// Labels in order, but one between them left out (`cx.mem.cn`).
    Gapped,
    /// Two labels in the other order (`mem-cx`).
    Swapped,
    /// One label of the official host.
    Label,
    /// The closed suffix as text (`gov-cn`).
    Suffix,
    /// Full pinyin.
    Pinyin,
    /// Pinyin with n/ng, z/zh, c/ch, s/sh confused.
    Blurred,
    /// Partly pinyin, partly initials.
    Mixed,
    /// Initials.
    Initials,
    /// Other Latin text.
    Text,
    /// Chinese characters.
    Han,
}

/// One thing that is looked for.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) chars: Vec<char>,
    /// The set of its letters, a bit each.
    pub(super) letters: u32,
    /// Bit `i`: a separator before character `i` belongs there and costs nothing.
    pub(super) seams: u64,
    pub(super) points: i32,
    /// Half edits that may be spent on it: a look-alike letter takes one, any other edit two.
    pub(super) budget: u8,
    pub(super) kind: Kind,
    pub(super) form: Form,
    /// May it not reach into the public suffix? `osta.org` inside `costa.org` is no trace of osta.org.cn.
    pub(super) head_only: bool,
    /// As the analyst reads it: `yingjiguanli`, `cx.mem.gov.cn`.
    pub(super) shown: String,
    /// What it means in Chinese. Empty: nothing beyond itself.
    pub(super) means: String,
}

impl Token {
    fn latin(text: &str, points: i32, kind: Kind, form: Form) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let letters = chars.iter().fold(0, |set, c| set | letters::bit(letters::code(*c)));
        Self { letters, seams: 0, head_only: false, points, budget: 0, kind, form, shown: text.to_owned(), means: String::new(), chars }
    }
    fn budget(mut self, half_edits: u8) -> Self {
        self.budget = half_edits;
        self
    }
    fn means(mut self, zh: &str) -> Self {
        zh.clone_into(&mut self.means);
        self
    }
    fn seams(mut self, lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut at = 0;
        for length in lengths {
            at += length;
            if at < 64 {
                self.seams |= 1 << at;
            }
        }
        self
    }
}

/// All tokens of a site. Of equal texts the heaviest stays.
pub(super) fn of(site: &Site, names: &Names, suffixes: &Suffixes) -> Vec<Token> {
    let mut tokens: Vec<Token> = site.hosts.iter().flat_map(|host| official(host, suffixes)).collect();
    tokens.extend(names.words.iter().flat_map(word));
    tokens.extend(pairs(&tokens));
    tokens.extend(names.fillers.iter().map(|f| Token::latin(f, 1, Kind::Filler, Form::Text)));
    let mut best: HashMap<Vec<char>, Token> = HashMap::new();
    for token in tokens.into_iter().filter(|t| t.chars.len() >= 2 || t.kind == Kind::Filler) {
        match best.get(&token.chars) {
            Some(known) if known.points >= token.points => {}
            _ => drop(best.insert(token.chars.clone(), token)),
        }
    }
    let mut tokens: Vec<Token> = best.into_values().collect();
    tokens.sort_by(|a, b| a.chars.cmp(&b.chars));
    tokens
}

/// The labels of an official host, cut at the registrable one.
pub(super) struct Labels<'a> {
    /// Below the registrable label, `www` left out.
    pub(super) sub: Vec<&'a str>,
    /// The registrable label.
    pub(super) root: &'a str,
    /// The suffix's labels.
    pub(super) suffix: Vec<&'a str>,
    /// Can the public register under it?
    pub(super) closed: bool,
}

/// Cuts a host. `None`: it is itself a suffix.
pub(super) fn labels<'a>(host: &'a str, suffixes: &Suffixes) -> Option<Labels<'a>> {
    let (at, _) = name::suffix_at(host)?;
    let mut head: Vec<&str> = host[..at].trim_end_matches('.').split('.').collect();
    let root = head.pop()?;
    head.retain(|label| *label != "www");
    Some(Labels { sub: head, root, suffix: host[at..].split('.').collect(), closed: suffixes.is_closed(&host[at..]) })
}

/// Added to labels that reach into the suffix, so that the longest exact reading weighs most: more than its parts together
/// (`cx.mem` and `gov-cn`), while the whole with two letters left out weighs less than the part that stands there.
fn longer(cut: &Labels<'_>, whole: bool) -> i32 {
    match (cut.closed, cut.suffix[0].len() >= 3, whole) {
        (true, true, true) => 41,
        (true, true, false) => 33,
        // Two letters (`gc`) could be left out whole: such tokens allow one edit.
        (true, false, true) => 50,
        (true, false, false) => 25,
        (false, _, true) => 61,
        (false, _, false) => 53,
    }
}

/// A part of an open official name (`osta.org`) counts where it stands alone; one more letter makes it another word.
const OPEN_PART_POINTS: i32 = 62;

fn by_letters(letters: usize) -> i32 {
    match letters {
        0..=4 => 40,
        5 => 66,
        6 | 7 => 74,
        8 => 88,
        _ => 95,
    }
}

fn budget_of(letters: usize) -> u8 {
    match letters {
        0..=4 => 0,
        5 => 1,
        6..=8 => 2,
        _ => 4,
    }
}

fn official(host: &str, suffixes: &Suffixes) -> Vec<Token> {
    let Some(cut) = labels(host, suffixes) else { return Vec::new() };
    let all: Vec<&str> = cut.sub.iter().copied().chain([cut.root]).chain(cut.suffix.iter().copied()).collect();
    let root = cut.sub.len();
    let join = |parts: &[&str], form: Form, points: Option<i32>| {
        // Hyphens of the official labels (`e-cqs`) are separators like any other: they cost nothing, left out or kept.
        let pieces = || parts.iter().flat_map(|p| p.split('-')).map(str::len);
        let letters = pieces().sum();
        let text = parts.concat().replace('-', "");
        let mut token = Token::latin(&text, points.unwrap_or_else(|| by_letters(letters)), Kind::Official, form)
            .budget(budget_of(letters))
            .seams(pieces());
        token.shown = parts.join(".");
        token
    };
    let mut tokens = Vec::new();
    for start in 0..=root {
        for end in root + 1..=all.len() {
            if end - start >= 2 {
                let form = Form::Joined { whole: start == 0 && end == all.len(), to_end: end == all.len() };
                let letters = all[start..end].iter().map(|p| p.len()).sum();
                // More than its parts together, so that the longest reading is the best one.
                let longer = if start < root && end > root + 1 { longer(&cut, end == all.len()) } else { 0 };
                let mut token = join(&all[start..end], form, Some(by_letters(letters) + longer));
                token.head_only = !cut.closed && start == root;
                if cut.suffix[0].len() < 3 {
                    token.budget = token.budget.min(2);
                }
                // A short label before a suffix that everybody has (`osta.org`) is near too much: one edit in the whole, none in a part.
                if token.head_only {
                    token.budget = if end == all.len() && letters >= 8 { 2 } else { 0 };
                    token.points = if end == all.len() { token.points } else { token.points.min(OPEN_PART_POINTS) };
                }
                tokens.push(token);
            }
        }
        if start < root && cut.suffix.len() >= 2 {
            let mut gapped = all[start..=root].to_vec();
            gapped.push(all[all.len() - 1]);
            tokens.push(join(&gapped, Form::Gapped, None));
        }
    }
    tokens.push(match cut.root.len() {
        0..=3 => join(&[cut.root], Form::Label, Some(32)).budget(0),
        4 => join(&[cut.root], Form::Label, Some(36)).budget(0),
        5 => join(&[cut.root], Form::Label, Some(48)),
        _ => join(&[cut.root], Form::Label, Some(62)),
    });
    if let Some(sub) = cut.sub.last() {
        tokens.push(join(&[cut.root, sub], Form::Swapped, None));
        let points = if sub.len() <= 3 { 20 } else { 30 };
        tokens.push(join(&[sub], Form::Label, Some(points)).budget(0));
    }
    if cut.closed {
        closed_suffix(&cut, &join, &mut tokens);
    }
    tokens
}

/// Joins labels into a token of a form, with points or those that its length gives.
type Join<'a> = dyn Fn(&[&str], Form, Option<i32>) -> Token + 'a;

/// `gov.cn` written as text, alone and beside the official labels.
fn closed_suffix(cut: &Labels<'_>, join: &Join<'_>, tokens: &mut Vec<Token>) {
    let first = cut.suffix[0];
    tokens.push(join(&[first, cut.root], Form::Swapped, None));
    if first.len() >= 3 {
        tokens.push(join(&[first], Form::Label, Some(18)).budget(0));
    }
    if cut.suffix.len() >= 2 {
        tokens.push(join(&cut.suffix, Form::Suffix, Some(if first.len() >= 3 { 40 } else { 20 })));
    }
    if let Some(sub) = cut.sub.last() {
        let gapped: Vec<&str> = [*sub].into_iter().chain(cut.suffix.iter().copied()).collect();
        tokens.push(join(&gapped, Form::Gapped, Some(66)).budget(1));
    }
}

/// n/ng, z/zh, c/ch, s/sh made one.
fn blurred(syllable: &str) -> String {
    let short = syllable.strip_suffix("ng").map_or_else(|| syllable.to_owned(), |stem| format!("{stem}n"));
    short.replacen("zh", "z", 1).replacen("ch", "c", 1).replacen("sh", "s", 1)
}

fn word(word: &Word) -> Vec<Token> {
    let mut tokens = Vec::new();
    let shown = word.shown();
    if !word.zh.is_empty() {
        tokens.push(Token::latin(&word.zh, word.han.unwrap_or(word.points), word.kind, Form::Han).means(&word.zh));
    }
    if !word.text.is_empty() {
        let budget = if word.fuzzy.unwrap_or(word.text.len() >= 8) { 2 } else { 0 };
        tokens.push(Token::latin(&word.text, word.points, word.kind, Form::Text).budget(budget).means(shown));
    }
    let syllables: Vec<&str> = word.pinyin.split_whitespace().collect();
    if syllables.is_empty() {
        return tokens;
    }
    let spelled = |parts: &[String], points: i32, form: Form, fuzzy: bool| {
        let text = parts.concat();
        let budget = match text.len() {
            _ if !fuzzy => 0,
            0..=5 => 0,
            6..=9 => 2,
            10..=13 => 3,
            _ => 4,
        };
        Token::latin(&text, points, word.kind, form).budget(budget).means(shown).seams(parts.iter().map(String::len))
    };
    let fuzzy = word.fuzzy.unwrap_or(true);
    let full: Vec<String> = syllables.iter().map(|s| (*s).to_owned()).collect();
    let initials: Vec<String> = syllables.iter().map(|s| s[..1].to_owned()).collect();
    tokens.push(spelled(&full, word.points, Form::Pinyin, fuzzy));
    let soft: Vec<String> = syllables.iter().map(|s| blurred(s)).collect();
    if soft != full && soft.concat().len() >= 6 {
        tokens.push(spelled(&soft, word.points - 4, Form::Blurred, fuzzy && soft.concat().len() >= 9));
    }
    if syllables.len() >= 4 {
        for cut in 2..=syllables.len() - 2 {
            let (left, right) = ([&full[..cut], &initials[cut..]].concat(), [&initials[..cut], &full[cut..]].concat());
            tokens.push(spelled(&left, word.points - 6, Form::Mixed, false));
            tokens.push(spelled(&right, word.points - 6, Form::Mixed, false));
        }
    }
    if word.initials > 0 {
        let mut token = spelled(&initials, word.initials, Form::Initials, false);
        token.seams = 0;
        tokens.push(token);
    }
    tokens
}

/// Joined pairs, so that an edit in a part too short to be blurred alone is still found: initials of the agency with those of
/// the service, the registrable label with a word.
fn pairs(tokens: &[Token]) -> Vec<Token> {
    let initials =
        |kinds: &[Kind]| -> Vec<&Token> { tokens.iter().filter(|t| t.form == Form::Initials && kinds.contains(&t.kind)).collect() };
    let mut pairs = Vec::new();
    let mut both = |a: &Token, b: &Token, form: Form| {
        for (left, right) in [(a, b), (b, a)] {
            let letters = left.chars.len() + right.chars.len();
            if (7..=24).contains(&letters) {
                let text: String = left.chars.iter().chain(&right.chars).collect();
                let mut pair = Token::latin(&text, a.points + b.points, a.kind, form).budget(2).seams([left.chars.len()]);
                pair.shown = format!("{}-{}", left.shown, right.shown);
                pair.means = [left, right].map(|t| t.means.as_str()).concat();
                pairs.push(pair);
            }
        }
    };
    for agency in initials(&[Kind::Agency, Kind::Neighbour]) {
        for other in initials(&[Kind::Service, Kind::Licence]) {
            both(agency, other, Form::Initials);
        }
    }
    let labels = |wanted: i32| tokens.iter().filter(move |t| t.form == Form::Label && t.points >= wanted && t.kind == Kind::Official);
    for root in labels(28) {
        for word in tokens.iter().filter(|t| t.form == Form::Pinyin && t.kind != Kind::Filler && root.points + t.points >= 60) {
            both(root, word, Form::Pinyin);
        }
    }
    pairs
}
