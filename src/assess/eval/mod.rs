//! Eval: how good the assessment is on pages whose class is known. In: pages with their truth and their assessment. Out: figures.
//! Pure, as all of assess. It never says more than the count of pages supports: every false-positive rate comes with the bound that
//! holds with 95% (exact binomial; the rule of three where nothing was seen). Pages of one family resemble each other, so families are counted too.

pub mod blind;
pub mod fit;
pub mod measure;

use crate::model::assessment::{Assessment, Class, Scores, Verdict};
use measure::{Rate, bound, precision, share};
use std::collections::{BTreeMap, BTreeSet};

/// What a page really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// One of the classes.
    Is(Class),
    /// Means no harm.
    Benign,
}

impl Truth {
    /// The manifest's word: `fake_query`, `seller`, `mirror`, `benign`. `None`: no such class.
    pub fn read(word: &str) -> Option<Self> {
        if word == "benign" { Some(Self::Benign) } else { Class::ALL.into_iter().find(|c| c.word() == word).map(Self::Is) }
    }
    /// As [`Truth::read`] reads it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Is(class) => class.word(),
            Self::Benign => "benign",
        }
    }
}

/// One labelled page and what was made of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// File, for the reader.
    pub name: String,
    /// The label.
    pub truth: Truth,
    /// Template family (kit): pages of one family are not independent.
    pub family: String,
    /// `train`, `unseen`, ...: each is reported by itself.
    pub split: String,
    /// Registrable domain of its address.
    pub domain: String,
    /// With all that assess knows.
    pub assessment: Assessment,
    /// The scores of the same page where no disguise is undone. Same as the others where there was none.
    pub unmended: Scores,
}

/// What is taken away, to see what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Findings that rest on visible or hidden text, title, descriptions.
    Text,
    /// Findings that rest on the host name.
    Domain,
    /// Footer numbers, seals, statistics ids.
    Identity,
    /// Undoing of Traditional, garbled, split and look-alike characters.
    Normalisation,
}

impl Without {
    /// All of them, as reported.
    pub const ALL: [Self; 4] = [Self::Text, Self::Domain, Self::Identity, Self::Normalisation];
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Domain => "domain",
            Self::Identity => "identity",
            Self::Normalisation => "normalisation",
        }
    }
    /// The reader's word.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Text => "文本",
            Self::Domain => "域名",
            Self::Identity => "备案等身份标识",
            Self::Normalisation => "归一化",
        }
    }
    /// The page's score without it: its findings taken out, or the unmended score. Caps are not redistributed.
    fn score(self, page: &Judged, class: Class) -> u8 {
        if self == Self::Normalisation {
            return page.unmended.of(class);
        }
        let kept = page.assessment.findings.iter().filter(|f| f.class == class && !self.takes(f));
        let sum: i32 = kept.map(|f| f.points).sum();
        u8::try_from(sum.clamp(0, 100)).unwrap_or(0)
    }
    fn takes(self, finding: &crate::model::assessment::Finding) -> bool {
        let part = finding.span.as_ref().map_or("", |s| s.part.as_str());
        let part = part.split('[').next().unwrap_or(part);
        match self {
            Self::Text => matches!(part, "text" | "title" | "hidden" | "hidden_text" | "meta" | "meta_text"),
            Self::Domain => part == "host" || part == "url",
            Self::Identity => part.starts_with("identifier") || finding.signal.contains("identity"),
            Self::Normalisation => false,
        }
    }
}

/// Recall where the threshold is set so that this share of the benign pages at most would alert.
#[derive(Clone, Copy, Debug)]
pub struct AtRate {
    /// The share asked for (0.001 is 0.1%).
    pub asked: f64,
    /// Lowest score that keeps to it; 101: none does.
    pub threshold: u8,
    /// What the benign pages did at it.
    pub false_alarms: Rate,
    /// What the pages of the class did.
    pub recall: Rate,
    /// Are there enough benign pages to claim the rate, with 95%?
    pub supported: bool,
}

/// Figures of one class in one split.
#[derive(Clone, Debug)]
pub struct ClassFigures {
    /// Which.
    pub class: Class,
    /// Recall at 0.1% and at 1%.
    pub at: Vec<AtRate>,
    /// The alert line in use.
    pub line: u8,
    /// Pages of the class at or over the line (for this class).
    pub recall: Rate,
    /// Benign pages at or over it.
    pub false_alarms: Rate,
    /// Of all that alert for this class, how many are of it, in this folder.
    pub precision: Rate,
    /// Precision where one page in `1 / base_rate` is of the class: with the observed rate, and with the worst that 95% allow.
    pub precision_at_base: (f64, f64),
    /// Recall at the line without each kind of evidence, and the false alarms then.
    pub without: Vec<(Without, Rate, Rate)>,
    /// Pages of the class that reach the review line at least.
    pub review: Rate,
}

/// A page on which label and verdict differ.
#[derive(Clone, Debug)]
pub struct Wrong<'p> {
    /// The page.
    pub page: &'p Judged,
    /// `true`: benign but alerts. `false`: of a class, but does not alert for it.
    pub false_alarm: bool,
}

/// One family's outcome.
#[derive(Clone, Debug)]
pub struct FamilyFigures {
    /// Name.
    pub family: String,
    /// Label of its pages.
    pub truth: Truth,
    /// Rightly judged: alerts for its class, or, where benign, does not alert.
    pub right: Rate,
}

/// All figures of one split.
#[derive(Clone, Debug)]
pub struct Report<'p> {
    /// Which split.
    pub split: String,
    /// Pages by label.
    pub pages: BTreeMap<&'static str, usize>,
    /// Benign pages, and in how many families.
    pub benign: (usize, usize),
    /// Benign pages that reach the review line in any class.
    pub reviewed: Rate,
    /// Benign pages that alert in any class.
    pub alerts: Rate,
    /// Classes that have pages here.
    pub classes: Vec<ClassFigures>,
    /// Label, verdict, how many.
    pub confusion: BTreeMap<(&'static str, &'static str), usize>,
    /// Families, worst first.
    pub families: Vec<FamilyFigures>,
    /// Misses and false alarms.
    pub wrong: Vec<Wrong<'p>>,
}

/// Figures of every split, in the order of their names. `line` and `review`: the scores in use.
pub fn report(pages: &[Judged], base_rate: f64, (line, review): (u8, u8)) -> Vec<Report<'_>> {
    let splits: BTreeSet<&str> = pages.iter().map(|p| p.split.as_str()).collect();
    splits.into_iter().map(|split| one_split(split, pages, base_rate, line, review)).collect()
}

fn one_split<'p>(split: &str, all: &'p [Judged], base_rate: f64, line: u8, review: u8) -> Report<'p> {
    let pages: Vec<&Judged> = all.iter().filter(|p| p.split == split).collect();
    let benign: Vec<&Judged> = pages.iter().copied().filter(|p| p.truth == Truth::Benign).collect();
    let families: BTreeSet<&str> = benign.iter().map(|p| p.family.as_str()).collect();
    let (mut counts, mut confusion) = (BTreeMap::new(), BTreeMap::new());
    for page in &pages {
        *counts.entry(page.truth.word()).or_default() += 1;
        *confusion.entry((page.truth.word(), page.assessment.class.word())).or_default() += 1;
    }
    let classes = Class::ALL.into_iter().filter(|c| pages.iter().any(|p| p.truth == Truth::Is(*c)));
    Report {
        split: split.to_owned(),
        benign: (benign.len(), families.len()),
        reviewed: share(&benign, |p| p.assessment.review),
        alerts: share(&benign, |p| alerts(p)),
        classes: classes.map(|c| class_figures(c, &pages, &benign, base_rate, line, review)).collect(),
        pages: counts,
        confusion,
        families: family_figures(&pages),
        wrong: pages.iter().filter(|p| !right(p)).map(|page| Wrong { page, false_alarm: page.truth == Truth::Benign }).collect(),
    }
}

fn alerts(page: &Judged) -> bool {
    !matches!(page.assessment.class, Verdict::None | Verdict::Official)
}

/// A page of a class must alert as that class; a benign one must not alert.
fn right(page: &Judged) -> bool {
    match page.truth {
        Truth::Benign => !alerts(page),
        Truth::Is(class) => page.assessment.class == Verdict::from(class),
    }
}

fn class_figures(class: Class, pages: &[&Judged], benign: &[&Judged], base_rate: f64, line: u8, review: u8) -> ClassFigures {
    let own: Vec<&Judged> = pages.iter().copied().filter(|p| p.truth == Truth::Is(class)).collect();
    let score = |p: &Judged| p.assessment.scores.of(class);
    let recall = share(&own, |p| score(p) >= line);
    let false_alarms = share(benign, |p| score(p) >= line);
    let alerting: Vec<&Judged> = pages.iter().copied().filter(|p| p.assessment.class == Verdict::from(class)).collect();
    let without = Without::ALL
        .into_iter()
        .map(|w| (w, share(&own, |p| w.score(p, class) >= line), share(benign, |p| w.score(p, class) >= line)))
        .collect();
    ClassFigures {
        class,
        at: [0.001, 0.01].map(|asked| at_rate(asked, &own, benign, &score)).to_vec(),
        line,
        recall,
        false_alarms,
        precision: share(&alerting, |p| p.truth == Truth::Is(class)),
        precision_at_base: (
            precision(base_rate, recall.value(), false_alarms.value()),
            precision(base_rate, recall.value(), false_alarms.at_most()),
        ),
        without,
        review: share(&own, |p| score(p) >= review),
    }
}

fn at_rate(asked: f64, own: &[&Judged], benign: &[&Judged], score: &dyn Fn(&Judged) -> u8) -> AtRate {
    let allowed = (asked * benign.len() as f64 + 1e-9).floor() as usize;
    let alarms = |t: u8| benign.iter().filter(|p| score(p) >= t).count();
    let threshold = (1..=101).find(|t| alarms(*t) <= allowed).unwrap_or(101);
    AtRate {
        asked,
        threshold,
        false_alarms: share(benign, |p| score(p) >= threshold),
        recall: share(own, |p| score(p) >= threshold),
        supported: bound(alarms(threshold), benign.len()) <= asked,
    }
}

fn family_figures(pages: &[&Judged]) -> Vec<FamilyFigures> {
    let mut families: BTreeMap<(&str, Truth), Vec<&Judged>> = BTreeMap::new();
    for page in pages {
        families.entry((&page.family, page.truth)).or_default().push(page);
    }
    let mut figures: Vec<FamilyFigures> = families
        .into_iter()
        .map(|((family, truth), own)| FamilyFigures { family: family.to_owned(), truth, right: share(&own, right) })
        .collect();
    figures.sort_by(|a, b| a.right.value().total_cmp(&b.right.value()).then(a.family.cmp(&b.family)));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn page(truth: Truth, fake_query: u8, n: usize) -> Judged {
        let scores = Scores { fake_query, seller: 0, mirror: 0 };
        let class = if fake_query >= 60 { Verdict::FakeQuery } else { Verdict::None };
        let at = Timestamp::from_millis(0);
        let assessment = Assessment {
            class,
            site: String::new(),
            scores,
            review: fake_query >= 40,
            findings: Vec::new(),
            rules: String::new(),
            not_looked_at: Vec::new(),
            at,
        };
        let (name, family) = (format!("{n}.html"), format!("f{}", n % 7));
        Judged { name, truth, family, split: "unseen".into(), domain: format!("d{n}.com"), assessment, unmended: scores }
    }

    fn lot(benign: usize) -> Vec<Judged> {
        let mut pages: Vec<Judged> = (0..benign).map(|n| page(Truth::Benign, if n < 2 { 70 } else { 10 }, n)).collect();
        pages.extend((0..100).map(|n| page(Truth::Is(Class::FakeQuery), if n < 90 { 80 } else { 50 }, n)));
        pages
    }

    #[test]
    fn recall_and_false_alarms_are_counted_at_the_line_and_at_the_rates_asked_for() {
        let pages = lot(4_000);
        let reports = report(&pages, 0.001, (60, 40));
        let figures = &reports[0].classes[0];
        assert_eq!((figures.recall.hit, figures.recall.of), (90, 100));
        assert_eq!((figures.false_alarms.hit, figures.false_alarms.of), (2, 4_000));
        assert_eq!((figures.at[0].threshold, figures.at[0].recall.hit), (11, 100), "2 of 4,000 are under 0.1%");
        assert_eq!(figures.review.hit, 100);
        assert_eq!(reports[0].wrong.len(), 12);
        assert_eq!(reports[0].confusion[&("benign", "fake_query")], 2);
        assert_eq!(reports[0].benign, (4_000, 7));
    }

    #[test]
    fn a_rate_is_claimed_only_where_the_benign_pages_are_enough() {
        let few = lot(500);
        let report_few = report(&few, 0.001, (60, 40));
        assert!(!report_few[0].classes[0].at[0].supported, "500 pages cannot show 0.1%");
        let many: Vec<Judged> = (0..3_100).map(|n| page(Truth::Benign, 0, n)).chain([page(Truth::Is(Class::FakeQuery), 80, 1)]).collect();
        assert!(report(&many, 0.001, (60, 40))[0].classes[0].at[0].supported, "none of 3,100 shows it");
    }

    #[test]
    fn the_worst_precision_is_never_better_than_the_observed_one() {
        let pages = lot(1_000);
        let reports = report(&pages, 0.01, (60, 40));
        let (seen, worst) = reports[0].classes[0].precision_at_base;
        assert!(worst < seen && seen < 1.0, "{worst} {seen}");
    }
}
