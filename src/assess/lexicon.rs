//! The vocabularies of `rules/words.toml`, compiled: which group of words stands where in a folded text.
//! One pass over all words, all patterns together; linear in the text.

use crate::assess::patterns::Patterns;
use crate::assess::phrases::Phrases;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::text::fold::fold;
use regex::Regex;
use serde::Deserialize;
use std::ops::Range;

/// The shipped file, used where a unit's own is wrong.
pub(crate) const SHIPPED: &str = include_str!("../../rules/words.toml");
/// Matches kept of one group in one text: a page that repeats a word a million times costs no memory.
const MAX_HITS: usize = 512;

macro_rules! groups {
    ($($name:ident $variant:ident),* $(,)?) => {
        /// What a phrase means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Group { $(
            #[doc = stringify!($name)]
            $variant,
        )* }

        /// `rules/words.toml` as written.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct WordsFile {
            $($name: Words,)*
            free_hosts: Trees,
        }

        impl WordsFile {
            fn groups(&self) -> Vec<(Group, &Words)> {
                vec![$((Group::$variant, &self.$name)),*]
            }
        }
    };
}

groups! {
    certificate_own CertificateOwn, certificate_near CertificateNear, certificate_other CertificateOther,
    offer Offer, offer_agent OfferAgent, offer_weak OfferWeak, price Price, delivery Delivery, query_promise QueryPromise, secrecy Secrecy,
    contact_word ContactWord, hotline Hotline, reporting Reporting, disclaim_before DisclaimBefore, disclaim_after DisclaimAfter, speech Speech,
    school School, guide Guide, field_kind FieldKind, field_number FieldNumber, field_name FieldName, field_captcha FieldCaptcha,
    button_query ButtonQuery, record_own RecordOwn, record_any RecordAny, operator Operator, source_line SourceLine,
    service_verb ServiceVerb, generic Generic, genuine Genuine, other_organ OtherOrgan, hiring Hiring, other_trade OtherTrade, doubt Doubt,
    roster Roster, parked Parked, study Study,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    patterns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trees {
    trees: Vec<String>,
}

/// One phrase found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) group: Group,
    /// Bytes of the folded text.
    pub(crate) at: Range<usize>,
    /// Number of the word or pattern: tells distinct phrases apart.
    pub(crate) word: usize,
}

/// All vocabularies.
#[derive(Debug)]
pub(crate) struct Lexicon {
    words: Phrases,
    word_group: Vec<Group>,
    patterns: Patterns,
    pattern_group: Vec<Group>,
    /// All words, folded.
    listed: Vec<String>,
    /// Trees of free hosts.
    pub(crate) free_hosts: Vec<String>,
}

impl Lexicon {
    /// Reads and compiles one file.
    pub(crate) fn read(file: &RuleFile) -> Result<Self, RuleError> {
        let written: WordsFile = kindly::parse(file)?;
        let (mut words, mut word_group, mut sources, mut pattern_group) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (group, list) in written.groups() {
            for word in &list.words {
                let folded = fold(word).text;
                if folded.is_empty() {
                    let why = Both::new(format!("“{word}”归一化后为空"), format!("the word `{word}` is empty after normalisation"));
                    return Err(file.error_near(word, why));
                }
                words.push(folded);
                word_group.push(group);
            }
            for pattern in &list.patterns {
                let wrong = |e: String| {
                    file.error_near(pattern, Both::new(format!("patterns：正则表达式写错了或太大（{e}）"), format!("patterns: {e}")))
                };
                small_regex(pattern).map_err(wrong)?;
                sources.push(pattern.as_str());
                pattern_group.push(group);
            }
        }
        let whole =
            |e: &dyn std::fmt::Display| file.error_at(0, Both::new(format!("词太多，无法编译（{e}）"), format!("too many words: {e}")));
        let listed = words.clone();
        let words = Phrases::new(&words, false);
        let patterns = Patterns::new(&sources).map_err(|e| whole(&e))?;
        Ok(Self { listed, words, word_group, patterns, pattern_group, free_hosts: written.free_hosts.trees })
    }
    /// All words, folded.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(String::as_str)
    }
    /// All phrases of a folded text, by place; at most 512 of each group.
    pub(crate) fn find(&self, folded: &str) -> Vec<Hit> {
        let mut counts = [0usize; 64];
        let mut hits = Vec::new();
        let mut keep = |hit: Hit| {
            let count = &mut counts[hit.group as usize];
            *count += 1;
            if *count <= MAX_HITS {
                hits.push(hit);
            }
        };
        self.words.each(folded, |word, at| keep(Hit { group: self.word_group[word], at, word }));
        self.patterns.find(folded, MAX_HITS, |n, at| keep(Hit { group: self.pattern_group[n], at, word: self.word_group.len() + n }));
        hits.sort_by_key(|h| (h.at.start, h.group, h.at.end, h.word));
        hits
    }
    /// Was this phrase found by a pattern (which may run over punctuation)?
    pub(crate) fn by_pattern(&self, hit: &Hit) -> bool {
        hit.word >= self.word_group.len()
    }
    /// Does the folded text hold a phrase of the group?
    pub(crate) fn has(&self, group: Group, folded: &str) -> bool {
        self.words.any(folded, |word| self.word_group[word] == group) || self.patterns.any(folded, |n| self.pattern_group[n] == group)
    }
}

/// A regular expression with a bound on its compiled size; matching is linear in any case.
pub(crate) fn small_regex(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|e| e.to_string().replace('\n', " "))
}

/// How many distinct phrases of a group there are.
pub(crate) fn distinct(hits: &[Hit], group: Group) -> usize {
    let mut words: Vec<usize> = hits.iter().filter(|h| h.group == group).map(|h| h.word).collect();
    words.sort_unstable();
    words.dedup();
    words.len()
}

/// The first phrase of a group.
pub(crate) fn first(hits: &[Hit], group: Group) -> Option<&Hit> {
    hits.iter().find(|h| h.group == group)
}
