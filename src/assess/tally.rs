//! The tally: findings as they are made, group caps, sums and the order in which they are shown.

use crate::assess::reading::Reading;
use crate::assess::weights::{Lines, Weights};
use crate::model::assessment::{Class, Finding, Scores, Span, Verdict};
use crate::model::lang::Both;

/// Findings of one page against one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) findings: Vec<Finding>,
}

impl Tally {
    /// Adds a finding. Its evidence file follows from the span's part; `view/page.json` where there is no span.
    pub(crate) fn add(&mut self, class: Class, signal: &str, points: i32, why: Both, span: Option<Span>) {
        let part = span.as_ref().map_or("", |s| s.part.as_str());
        let evidence = Reading::evidence(part.split('[').next().unwrap_or(part)).to_owned();
        self.findings.push(Finding { signal: signal.to_owned(), class, points, why, span, evidence });
    }
    /// Sum of a class so far.
    pub(crate) fn sum(&self, class: Class) -> i32 {
        self.findings.iter().filter(|f| f.class == class).map(|f| f.points).sum()
    }
    /// Has this signal fired for this class?
    pub(crate) fn has(&self, class: Class, signal: &str) -> bool {
        self.findings.iter().any(|f| f.class == class && f.signal == signal)
    }
    /// Lowers what `is_member` findings of a class bring together to `cap`, the smallest first.
    pub(crate) fn cap(&mut self, class: Class, cap: i32, is_member: impl Fn(&Finding) -> bool) {
        let mut members: Vec<usize> = (0..self.findings.len())
            .filter(|n| self.findings[*n].class == class && self.findings[*n].points > 0 && is_member(&self.findings[*n]))
            .collect();
        members.sort_by_key(|n| -self.findings[*n].points);
        let mut left = cap;
        for n in members {
            let points = self.findings[n].points.min(left.max(0));
            left -= points;
            self.findings[n].points = points;
        }
    }
    /// Drops what speaks against a class that nothing speaks for, and what moves nothing; sorts by points.
    pub(crate) fn close(&mut self) {
        for class in Class::ALL {
            if !self.findings.iter().any(|f| f.class == class && f.points > 0) {
                self.findings.retain(|f| f.class != class || f.points > 0);
            }
        }
        self.findings.retain(|f| f.points != 0);
        self.findings.sort_by(|a, b| {
            b.points.cmp(&a.points).then(a.class.cmp(&b.class)).then(a.signal.cmp(&b.signal)).then(a.why.en.cmp(&b.why.en))
        });
    }
    /// The three scores, each held to `0..=100`.
    pub(crate) fn scores(&self) -> Scores {
        let held = |class| u8::try_from(self.sum(class).clamp(0, 100)).unwrap_or(0);
        Scores { fake_query: held(Class::FakeQuery), seller: held(Class::Seller), mirror: held(Class::Mirror) }
    }
    /// Caps of [`Weights`] that concern groups of findings.
    pub(crate) fn cap_groups(&mut self, weights: &Weights, is_rule: impl Fn(&str) -> bool) {
        for class in Class::ALL {
            self.cap(class, weights.caps.rules, |f| is_rule(&f.signal));
            self.cap(class, weights.caps.name, |f| f.span.as_ref().is_some_and(|s| s.part == "host"));
        }
    }
}

/// The class with the highest score at or over the alert line.
pub(crate) fn verdict(scores: Scores, lines: &Lines) -> Verdict {
    let best = Class::ALL.into_iter().rev().max_by_key(|c| scores.of(*c));
    best.filter(|class| scores.of(*class) >= lines.alert).map_or(Verdict::None, Verdict::from)
}
