//! Many regular expressions over one text, fast: each is first asked which phrases a match cannot do without, all phrases are looked for
//! in one pass, and an expression runs only around the phrases that it needs. What it finds is what it would find alone.
//! One set over all expressions was tried first: bounded repeats of Han (`\p{Han}{2,14}`) make its automaton too large to keep, and
//! 60 KB of text took 40 ms.

use crate::assess::phrases::Phrases;
use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use std::ops::Range;

/// Phrases that one expression may need; with more, it runs over the whole text.
const MAX_NEEDED: usize = 256;
/// Bytes of the longest match that is looked for around phrases; one that may be longer runs over the whole text.
const MAX_REACH: usize = 4_096;

/// Expressions, compiled together.
#[derive(Debug)]
pub(crate) struct Patterns {
    each: Vec<Pattern>,
    /// `None`: no expression needs any phrase.
    phrases: Option<Phrases>,
    /// For each phrase, the expressions that need it.
    needed_by: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// Bytes of its longest match. `None`: unbounded, or it looks beyond its match.
    reach: Option<usize>,
    /// Does every match hold one of its phrases?
    needs: bool,
}

impl Patterns {
    /// Compiles them; matching is linear whatever they are.
    pub(crate) fn new(sources: &[&str]) -> Result<Self, String> {
        let mut phrases: Vec<Vec<u8>> = Vec::new();
        let mut needed_by: Vec<Vec<usize>> = Vec::new();
        let mut each = Vec::with_capacity(sources.len());
        for (n, source) in sources.iter().enumerate() {
            let hir = regex_syntax::parse(source).map_err(|e| e.to_string())?;
            let needed = needed(&hir).filter(|list| !list.is_empty() && list.len() <= MAX_NEEDED);
            for phrase in needed.iter().flatten() {
                match phrases.iter().position(|p| p == phrase) {
                    Some(at) => needed_by[at].push(n),
                    None => {
                        phrases.push(phrase.clone());
                        needed_by.push(vec![n]);
                    }
                }
            }
            let regex = Regex::new(source).map_err(|e| e.to_string())?;
            each.push(Pattern { regex, reach: reach(&hir), needs: needed.is_some() });
        }
        Ok(Self { each, phrases: (!phrases.is_empty()).then(|| Phrases::new(&phrases, false)), needed_by })
    }
    /// Places of every expression, in order of expression and place, at most `most` of each.
    pub(crate) fn find(&self, text: &str, most: usize, mut found: impl FnMut(usize, Range<usize>)) {
        for (n, windows) in self.windows(text).into_iter().enumerate() {
            let regex = &self.each[n].regex;
            let (mut left, mut last) = (most, None);
            for window in windows {
                let mut at = window.start;
                while left > 0
                    && at <= window.end
                    && let Some(m) = regex.find_at(&text[..window.end], at)
                {
                    at = if m.is_empty() { next_char(text, m.end()) } else { m.end() };
                    // An empty match at the end of the one before is none.
                    if m.is_empty() && last == Some(m.end()) {
                        continue;
                    }
                    last = Some(m.end());
                    found(n, m.range());
                    left -= 1;
                }
            }
        }
    }
    /// Does one of the expressions for which `wanted` holds match?
    pub(crate) fn any(&self, text: &str, wanted: impl Fn(usize) -> bool) -> bool {
        self.windows(text)
            .into_iter()
            .enumerate()
            .filter(|(n, _)| wanted(*n))
            .any(|(n, windows)| windows.into_iter().any(|w| self.each[n].regex.find_at(&text[..w.end], w.start).is_some()))
    }
    /// For each expression, the stretches of the text that hold all of its matches, apart and in order.
    fn windows(&self, text: &str) -> Vec<Vec<Range<usize>>> {
        let whole = 0..text.len();
        let start = |p: &Pattern| if p.needs { Vec::new() } else { vec![whole.clone()] };
        let mut windows: Vec<Vec<Range<usize>>> = self.each.iter().map(start).collect();
        let Some(phrases) = &self.phrases else { return windows };
        phrases.each(text, |phrase, hit| {
            for n in &self.needed_by[phrase] {
                let around = match self.each[*n].reach {
                    Some(reach) => hit.end.saturating_sub(reach)..(hit.start + reach).min(text.len()),
                    None => whole.clone(),
                };
                match windows[*n].last_mut() {
                    Some(last) if around.start <= last.end => *last = last.start.min(around.start)..last.end.max(around.end),
                    _ => windows[*n].push(around),
                }
            }
        });
        for list in &mut windows {
            tidy(list, text);
        }
        windows
    }
}

/// Merges what overlaps (a longer phrase may reach back over the window before) and moves ends to character borders.
fn tidy(windows: &mut Vec<Range<usize>>, text: &str) {
    for n in (1..windows.len()).rev() {
        if windows[n].start <= windows[n - 1].end {
            let last = windows.remove(n);
            windows[n - 1] = windows[n - 1].start.min(last.start)..windows[n - 1].end.max(last.end);
        }
    }
    for window in windows {
        while !text.is_char_boundary(window.start) {
            window.start -= 1;
        }
        while !text.is_char_boundary(window.end) {
            window.end += 1;
        }
    }
}

fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Bytes of the longest match, where the text after it does not matter.
fn reach(hir: &Hir) -> Option<usize> {
    let beyond = hir.properties().look_set().iter().any(|look| !matches!(look, Look::Start | Look::StartLF | Look::StartCRLF));
    hir.properties().maximum_len().filter(|len| !beyond && *len <= MAX_REACH)
}

/// Phrases of which every match holds at least one. `None`: there are no such phrases.
fn needed(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Capture(inner) => needed(&inner.sub),
        HirKind::Repetition(times) if times.min > 0 => needed(&times.sub),
        HirKind::Alternation(ways) => {
            let all: Vec<Vec<Vec<u8>>> = ways.iter().map(needed).collect::<Option<_>>()?;
            Some(all.concat())
        }
        HirKind::Class(Class::Unicode(class)) => {
            let chars: usize = class.iter().map(|r| r.end() as usize - r.start() as usize + 1).sum();
            let text = |c: char| c.to_string().into_bytes();
            (chars <= 16).then(|| class.iter().flat_map(|r| r.start()..=r.end()).map(text).collect())
        }
        // The longest phrases are the rarest; among equals the fewest.
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(needed)
            .max_by_key(|list| (list.iter().map(Vec::len).min().unwrap_or(0).min(6), std::cmp::Reverse(list.len()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOURCES: [&str; 12] = [
        r"丙.{0,2}甲",
        r"\p{Han}{2,5}(学校|中心|公司)",
        r"([^0-9]|^)(一|两|[1-7])(天|日)(包|就)?(出证|拿证)",
        r"\d{2,6}(多|余)?(元|块)",
        r"甲+乙*丙",
        r"(?i)vx[0-9]+",
        r"甲$",
        r"甲*",
        r"(甲|甲乙|甲乙丙)丁?",
        r"[一二三]{2}证",
        r".*证",
        r"\b甲\b",
    ];

    fn alone(text: &str, most: usize) -> Vec<(usize, Range<usize>)> {
        let find = |(n, source): (usize, &&str)| {
            let regex = Regex::new(source).expect("a pattern");
            regex.find_iter(text).take(most).map(|m| (n, m.range())).collect::<Vec<_>>()
        };
        SOURCES.iter().enumerate().flat_map(find).collect()
    }

    fn together(text: &str, most: usize) -> Vec<(usize, Range<usize>)> {
        let patterns = Patterns::new(&SOURCES).expect("patterns");
        let mut all = Vec::new();
        patterns.find(text, most, |n, range| all.push((n, range)));
        all
    }

    #[test]
    fn phrases_that_a_match_needs_are_found() {
        let of = |source: &str| {
            let hir = regex_syntax::parse(source).expect("a pattern");
            needed(&hir).map(|list| list.into_iter().map(|b| String::from_utf8(b).expect("text")).collect::<Vec<_>>())
        };
        assert_eq!(of(r"\p{Han}{2,5}(学校|中心)"), Some(vec!["学校".into(), "中心".into()]));
        assert_eq!(of(r"甲*"), None);
        assert_eq!(of(r"\d+"), Some((0..10).map(|n| n.to_string()).collect()).filter(|_: &Vec<String>| false));
        assert_eq!(of(r"[一二]证"), Some(vec!["证".into()]));
    }

    proptest! {
        #[test]
        fn together_they_find_what_each_finds_alone(text in "[甲乙丙丁一二两三证天日包出拿学校中心公司元0-9vxVX \\n]{0,120}", most in 1usize..6) {
            prop_assert_eq!(together(&text, most), alone(&text, most));
        }
    }
}
