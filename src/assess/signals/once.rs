//! What is true of a page whatever protected site it is held against: found when first asked for, then kept for all sites.

use crate::assess::lexicon::{Group, Hit};
use crate::assess::official::Official;
use crate::assess::reading::{Part, Reading};
use crate::model::page::Link;
use memchr::memmem::Finder;
use std::cell::OnceCell;

/// A form's number on the page, and what it asks for.
pub(crate) type QueryForm = (usize, Vec<Group>);

/// Parts whose characters are kept: they are read against every template of every site.
const KEPT_PARTS: usize = 6;

/// Kept answers about one page.
#[derive(Debug, Default)]
pub(crate) struct Once {
    /// Phrases of the visible text.
    pub(crate) text_hits: Vec<Hit>,
    /// Phrases of what was read from pictures.
    pub(crate) seen_hits: Vec<Hit>,
    pub(super) seen_fields: OnceCell<usize>,
    pub(super) query_form: OnceCell<Option<QueryForm>>,
    pub(super) revealed_fields: OnceCell<usize>,
    official: OnceCell<Vec<bool>>,
    signposts: OnceCell<Vec<Finder<'static>>>,
    chars: [OnceCell<Vec<char>>; KEPT_PARTS],
    rare: OnceCell<Vec<bool>>,
}

impl Once {
    /// Of a page whose visible text, and whose pictures, hold these phrases.
    pub(crate) fn new(text_hits: Vec<Hit>, seen_hits: Vec<Hit>) -> Self {
        Self { text_hits, seen_hits, ..Self::default() }
    }
    /// How many distinct phrases of a group text and pictures hold.
    pub(crate) fn distinct(&self, group: Group) -> usize {
        let mut words: Vec<usize> = self.text_hits.iter().chain(&self.seen_hits).filter(|h| h.group == group).map(|h| h.word).collect();
        words.sort_unstable();
        words.dedup();
        words.len()
    }
    /// The page's links, each with whether it leads to an official host.
    pub(super) fn links<'a>(&self, reading: &Reading<'a>, official: &Official) -> impl Iterator<Item = (&'a Link, bool)> {
        let links = &reading.page.links;
        let official = self.official.get_or_init(|| links.iter().map(|l| official.owns_url(&l.url)).collect());
        links.iter().zip(official.iter().copied())
    }
    /// The texts of links to official hosts.
    pub(super) fn signposts(&self, reading: &Reading, official: &Official) -> &[Finder<'static>] {
        self.signposts.get_or_init(|| {
            let texts = self.links(reading, official).filter(|(l, official)| *official && !l.text.is_empty());
            texts.map(|(l, _)| Finder::new(l.text.trim()).into_owned()).collect()
        })
    }
    /// The parts that may hold a template, with their folded characters.
    pub(super) fn parts<'o>(&'o self, reading: &'o Reading) -> impl Iterator<Item = (&'o Part, &'o [char])> {
        let parts = [&reading.text, &reading.title, &reading.labels, &reading.alts, &reading.revealed, &reading.seen];
        // The title first, as findings name the first of equals.
        [1, 0, 2, 3, 4, 5].into_iter().map(move |n| (parts[n], self.chars_of(n, parts[n])))
    }
    /// The folded characters of the visible text.
    pub(super) fn text_chars(&self, reading: &Reading) -> &[char] {
        self.chars_of(0, &reading.text)
    }
    fn chars_of(&self, n: usize, part: &Part) -> &[char] {
        self.chars[n].get_or_init(|| part.text().chars().collect())
    }
    /// For each rare mark of any site, whether it stands anywhere on the page.
    pub(super) fn rare(&self, look: impl FnOnce() -> Vec<bool>) -> &[bool] {
        self.rare.get_or_init(look)
    }
}
