//! The compiled words of all sites: one automaton over every token and piece.

use super::cover::Hint;
use super::fuzzy;
use super::layout::Layout;
use super::suffixes::Suffixes;
use super::tokens::{self, Form, Token};
use super::words::{Kind, Names};
use crate::model::site::Site;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;

/// One protected site, ready to be matched.
pub(super) struct Compiled {
    pub(super) site: Site,
    pub(super) names: Names,
    pub(super) tokens: Vec<Token>,
    /// Labels of the official hosts: below the registrable one, the registrable one, the suffix.
    pub(super) hosts: Vec<(Vec<String>, String, Vec<String>)>,
    /// Suffixes of the official hosts that are closed to the public (`gov.cn`).
    pub(super) closed: Vec<String>,
}

impl Compiled {
    pub(super) fn new(site: &Site, names: Names, suffixes: &Suffixes) -> Self {
        let hosts = site.hosts.iter().filter_map(|host| tokens::labels(host, suffixes)).map(|cut| {
            let own = |labels: Vec<&str>| labels.into_iter().map(str::to_owned).collect::<Vec<_>>();
            (own(cut.sub), cut.root.to_owned(), own(cut.suffix))
        });
        let hosts: Vec<(Vec<String>, String, Vec<String>)> = hosts.collect();
        let mut closed: Vec<String> = hosts.iter().map(|(_, _, suffix)| suffix.join(".")).filter(|s| suffixes.is_closed(s)).collect();
        closed.dedup();
        Self { closed, tokens: tokens::of(site, &names, suffixes), hosts, site: site.clone(), names }
    }
}

impl Compiled {
    /// The official suffix that `shown` belongs to: of the host whose registrable label it names, else of the site's first host.
    pub(super) fn suffix_of(&self, shown: &str) -> String {
        let near = self.hosts.iter().find(|(_, root, _)| shown.split('.').any(|label| label == root));
        near.or(self.hosts.first()).map(|(_, _, suffix)| suffix.join(".")).unwrap_or_default()
    }
}

/// Where a pattern points: site, token, letters of the token before the pattern, and how far the start may be off.
#[derive(Clone, Copy, Debug)]
struct Target {
    site: u16,
    token: u32,
    offset: u8,
    slack: u8,
}

/// All sites' tokens in one automaton.
pub(super) struct Automaton {
    automaton: AhoCorasick,
    targets: Vec<Vec<Target>>,
}

/// What an automaton run found for one site.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) hints: Vec<Hint>,
}

impl Automaton {
    pub(super) fn new(sites: &[Compiled]) -> Result<Self, String> {
        let mut patterns: BTreeMap<String, Vec<Target>> = BTreeMap::new();
        for (site, compiled) in sites.iter().enumerate() {
            let site = u16::try_from(site).map_err(|_| "too many sites".to_owned())?;
            for (index, token) in compiled.tokens.iter().enumerate() {
                let index = u32::try_from(index).map_err(|_| "too many tokens".to_owned())?;
                for (piece, offset, slack) in pieces(token, &compiled.hosts) {
                    patterns.entry(piece).or_default().push(Target { site, token: index, offset, slack });
                }
            }
        }
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::Standard).prefilter(false).build(patterns.keys()).map_err(|e| e.to_string())?;
        Ok(Self { automaton, targets: patterns.into_values().collect() })
    }
    /// Hints by site for a name, as it looks and with digits read as letters.
    pub(super) fn run(&self, layout: &Layout, sites: usize) -> Vec<Found> {
        let mut found = vec![Found::default(); sites];
        self.scan(&layout.chars, &mut found);
        let end = layout.suffix_from;
        if layout.chars[..end].iter().any(char::is_ascii_digit) && !layout.chars[..end].iter().all(char::is_ascii_digit) {
            let read: Vec<char> = layout.chars.iter().map(|c| fuzzy::letter_of(*c)).collect();
            self.scan(&read, &mut found);
        }
        found
    }
    fn scan(&self, chars: &[char], found: &mut [Found]) {
        let text: String = chars.iter().collect();
        let ascii = text.is_ascii();
        let index: Vec<usize> = if ascii { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        for hit in self.automaton.find_overlapping_iter(&text).take(1024) {
            let at = if ascii { hit.start() } else { index.partition_point(|i| *i < hit.start()) };
            for target in &self.targets[hit.pattern().as_usize()] {
                let hints = &mut found[usize::from(target.site)].hints;
                let start = at.saturating_sub(usize::from(target.offset));
                for from in start.saturating_sub(usize::from(target.slack))..=(start + usize::from(target.slack)).min(chars.len() - 1) {
                    hints.push(Hint { token: target.token, from: u32::try_from(from).unwrap_or(0) });
                }
            }
        }
    }
}

/// Texts of which at least one stands unbroken in a name that carries the token: the whole of it, or, where edits are
/// allowed, as many parts as leave one untouched. With each: its offset in the token, and how far the start may be off.
pub(super) fn pieces(token: &Token, hosts: &[(Vec<String>, String, Vec<String>)]) -> Vec<(String, u8, u8)> {
    let text: String = token.chars.iter().collect();
    let n = token.chars.len();
    let mut pieces = vec![(text.clone(), 0, 0)];
    if token.budget >= 2 && n >= 6 {
        let parts = if token.budget >= 4 && n >= 9 { 3 } else { 2 };
        for part in 0..parts {
            let (from, to) = (part * n / parts, (part + 1) * n / parts);
            let piece: String = token.chars[from..to].iter().collect();
            pieces.push((piece, u8::try_from(from).unwrap_or(u8::MAX), if part == 0 { 0 } else { token.budget / 2 }));
        }
    }
    if token.kind == Kind::Official && token.budget >= 1 && token.form != Form::Label {
        for (_, root, _) in hosts {
            let root = &root.replace('-', "");
            for at in text.match_indices(root.as_str()).map(|(at, _)| at) {
                let offset = u8::try_from(at).unwrap_or(u8::MAX);
                pieces.push((root.clone(), offset, 2));
                pieces.extend(crossed(&text, at + root.len(), at).map(|piece| (piece, offset, 2)));
                pieces.extend(look_alikes(root).into_iter().map(|piece| (piece, offset, 2)));
            }
        }
    }
    pieces.retain(|(piece, ..)| piece.chars().count() >= 2 || !piece.is_ascii());
    pieces
}

/// The root and the letters after it, with the two letters at their seam swapped (`megmov`): the one edit that breaks both.
fn crossed(text: &str, seam: usize, from: usize) -> Option<String> {
    let to = (seam + 3).min(text.len());
    if !text.is_ascii() || seam == 0 || to < seam + 2 || seam <= from + 1 {
        return None;
    }
    Some(format!("{}{}{}{}", &text[from..seam - 1], &text[seam..=seam], &text[seam - 1..seam], &text[seam + 1..to]))
}

/// A label with one letter written as two that look like it.
fn look_alikes(label: &str) -> Vec<String> {
    let chars: Vec<char> = label.chars().collect();
    let mut out = Vec::new();
    for (i, c) in chars.iter().enumerate() {
        for pair in fuzzy::pairs_for(*c) {
            out.push(chars[..i].iter().chain(&pair).chain(&chars[i + 1..]).collect());
        }
    }
    out
}
