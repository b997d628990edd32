//! Fits the weights: logistic regression on the same named signals, signs fixed, so that no signal can be turned against its meaning.
//! Cross-validated: a family is held out whole, and pages whose registrable domain is held out are not learned from either.
//! The result is a proposal for a person to review: new text of `weights.toml`, never the file itself.

use crate::assess::eval::measure::{Rate, share};
use crate::assess::eval::{Judged, Truth};
use crate::model::assessment::Class;
use std::collections::{BTreeMap, BTreeSet};

const FOLDS: usize = 5;
const STEPS: usize = 400;
/// Weight of the penalty on large coefficients.
const RIDGE: f64 = 1e-3;
/// A fitted weight stays within these multiples of the old one: the data are examples, not the world.
const FACTORS: (f64, f64) = (0.4, 2.0);

/// Signals whose weights have other names. What is not here is looked up under its own name.
const KEYS: &[(&str, &[&str])] = &[
    ("offer_term", &["offer", "offer_agent", "offer_second", "offer_more", "offer_cap"]),
    ("certificate_term", &["certificate_own", "certificate_near", "certificate_other"]),
    ("contact_near_offer", &["contact_near"]),
    ("contact_on_page", &["contact_far", "contact_weak"]),
    ("reporting_context", &["reporting", "reporting_some", "reporting_heavy", "reporting_beside_contact"]),
    ("school_context", &["school"]),
    ("notice_containment", &["containment", "containment_full"]),
    ("disguised_text", &["disguised"]),
];

/// A design matrix: one sparse row a page, `(signal, how fully it fired)`.
#[derive(Clone, Debug, Default)]
pub struct Design {
    /// Rows.
    pub rows: Vec<Vec<(usize, f64)>>,
    /// Is the page of the class?
    pub labels: Vec<bool>,
    /// `1.0` or `-1.0` for each signal: its sign is known.
    pub signs: Vec<f64>,
}

/// What logistic regression found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// For each signal; never against its sign.
    pub weights: Vec<f64>,
    /// Log odds where nothing fires.
    pub bias: f64,
}

impl Model {
    /// Log odds of a row.
    pub fn log_odds(&self, row: &[(usize, f64)]) -> f64 {
        self.bias + row.iter().map(|(n, x)| self.weights[*n] * x).sum::<f64>()
    }
}

/// Accelerated projected gradient on the class-balanced log loss. Deterministic.
pub fn logistic(design: &Design, chosen: &[usize]) -> Model {
    let width = design.signs.len();
    let positives = chosen.iter().filter(|n| design.labels[**n]).count();
    if positives == 0 || positives == chosen.len() {
        return Model { weights: vec![0.0; width], bias: 0.0 };
    }
    let mass = |label: bool| 0.5 / if label { positives as f64 } else { (chosen.len() - positives) as f64 };
    let longest = chosen.iter().map(|n| 1.0 + design.rows[*n].iter().map(|(_, x)| x * x).sum::<f64>()).fold(1.0, f64::max);
    let step = 1.0 / (0.25 * longest + RIDGE);
    let mut now = Model { weights: vec![0.0; width], bias: 0.0 };
    let (mut ahead, mut speed) = (now.clone(), 1.0_f64);
    for _ in 0..STEPS {
        let mut slope: Vec<f64> = ahead.weights.iter().map(|w| RIDGE * w).collect();
        let mut lean = 0.0;
        for n in chosen {
            let label = design.labels[*n];
            let guess = 1.0 / (1.0 + (-ahead.log_odds(&design.rows[*n])).exp());
            let off = (guess - f64::from(u8::from(label))) * mass(label);
            lean += off;
            design.rows[*n].iter().for_each(|(signal, x)| slope[*signal] += off * x);
        }
        let held = |(n, w): (usize, f64)| if w * design.signs[n] < 0.0 { 0.0 } else { w };
        let moved: Vec<f64> = ahead.weights.iter().zip(&slope).map(|(w, s)| w - step * s).enumerate().map(held).collect();
        let next = Model { weights: moved, bias: ahead.bias - step * lean };
        let faster = (1.0 + (1.0 + 4.0 * speed * speed).sqrt()) / 2.0;
        let push = (speed - 1.0) / faster;
        let carry = |new: f64, old: f64| new + push * (new - old);
        ahead.weights = next.weights.iter().zip(&now.weights).map(|(n, o)| carry(*n, *o)).enumerate().map(held).collect();
        ahead.bias = carry(next.bias, now.bias);
        (now, speed) = (next, faster);
    }
    now
}

/// One signal's fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Its id.
    pub signal: String,
    /// The most points that it brought in these pages (negative where it speaks against).
    pub points: i32,
    /// What the fit would give it, on the same scale (the alert line stays where it is).
    pub fitted: f64,
    /// On how many pages it fired.
    pub pages: usize,
}

/// What the fit of one class found.
#[derive(Clone, Debug)]
pub struct ClassFit {
    /// Which.
    pub class: Class,
    /// Signals, strongest first.
    pub signals: Vec<Fitted>,
    /// Recall at the rate asked for, families held out: with the weights in use, and fitted.
    pub held_out: (Rate, Rate),
}

/// Fits one class on these pages. `line`: the alert line; `rate`: share of benign pages that may alert.
/// `None`: fewer than two families on either side, or no signal fired.
pub fn class(class: Class, pages: &[Judged], line: u8, rate: f64) -> Option<ClassFit> {
    let own: Vec<&Judged> = pages.iter().filter(|p| p.truth == Truth::Is(class) || p.truth == Truth::Benign).collect();
    let families = |label: bool| -> BTreeSet<&str> {
        own.iter().filter(|p| (p.truth == Truth::Is(class)) == label).map(|p| p.family.as_str()).collect()
    };
    if families(true).len() < 2 || families(false).len() < 2 {
        return None;
    }
    let (design, names, full) = design(class, &own);
    let all: Vec<usize> = (0..own.len()).collect();
    let (model, line) = (logistic(&design, &all), f64::from(line));
    let odds: Vec<f64> = all.iter().map(|n| model.log_odds(&design.rows[*n])).collect();
    let edge = threshold(&odds, &design.labels, rate);
    let scale = line / (edge - model.bias);
    if names.is_empty() || !scale.is_finite() || scale <= 0.0 {
        return None;
    }
    let mut signals: Vec<Fitted> = (0..names.len())
        .map(|n| Fitted {
            signal: names[n].clone(),
            points: full[n],
            fitted: model.weights[n] * scale,
            pages: design.rows.iter().filter(|row| row.iter().any(|(s, _)| *s == n)).count(),
        })
        .collect();
    signals.sort_by(|a, b| b.fitted.abs().total_cmp(&a.fitted.abs()).then(a.signal.cmp(&b.signal)));
    Some(ClassFit { class, signals, held_out: (recall_at(&scores(class, &own), &design.labels, rate), held_out(&own, &design, rate)) })
}

fn scores(class: Class, own: &[&Judged]) -> Vec<f64> {
    own.iter().map(|p| f64::from(p.assessment.scores.of(class))).collect()
}

/// Lowest value that at most `rate` of the unlabelled reach; a little above them where the next one is free.
fn threshold(values: &[f64], labels: &[bool], rate: f64) -> f64 {
    let mut benign: Vec<f64> = values.iter().zip(labels).filter(|(_, l)| !**l).map(|(v, _)| *v).collect();
    benign.sort_by(|a, b| b.total_cmp(a));
    let allowed = (rate * benign.len() as f64 + 1e-9).floor() as usize;
    benign.get(allowed).map_or(f64::NEG_INFINITY, |v| v + 1e-6)
}

fn recall_at(values: &[f64], labels: &[bool], rate: f64) -> Rate {
    let edge = threshold(values, labels, rate);
    let own: Vec<f64> = values.iter().zip(labels).filter(|(_, l)| **l).map(|(v, _)| *v).collect();
    share(&own, |v| v >= edge)
}

/// Recall of models that never saw the family nor the domain of the page that they judge.
fn held_out(own: &[&Judged], design: &Design, rate: f64) -> Rate {
    let mut fold_of: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for (page, label) in own.iter().zip(&design.labels) {
        fold_of.entry((*label, &page.family)).or_default();
    }
    for label in [false, true] {
        fold_of.iter_mut().filter(|((l, _), _)| *l == label).enumerate().for_each(|(n, (_, fold))| *fold = n % FOLDS);
    }
    let folds: Vec<usize> = own.iter().zip(&design.labels).map(|(p, l)| fold_of[&(*l, p.family.as_str())]).collect();
    let mut odds = vec![0.0; own.len()];
    for fold in 0..FOLDS {
        let away: BTreeSet<&str> = own.iter().zip(&folds).filter(|(_, f)| **f == fold).map(|(p, _)| p.domain.as_str()).collect();
        let learn: Vec<usize> = (0..own.len()).filter(|n| folds[*n] != fold && !away.contains(own[*n].domain.as_str())).collect();
        let model = logistic(design, &learn);
        (0..own.len()).filter(|n| folds[*n] == fold).for_each(|n| odds[n] = model.log_odds(&design.rows[n]) - model.bias);
    }
    recall_at(&odds, &design.labels, rate)
}

fn design(class: Class, own: &[&Judged]) -> (Design, Vec<String>, Vec<i32>) {
    let mut full: BTreeMap<&str, i32> = BTreeMap::new();
    for finding in own.iter().flat_map(|p| &p.assessment.findings).filter(|f| f.class == class) {
        let most = full.entry(&finding.signal).or_default();
        if finding.points.abs() > most.abs() {
            *most = finding.points;
        }
    }
    let names: Vec<&str> = full.keys().copied().collect();
    let row = |page: &&Judged| -> Vec<(usize, f64)> {
        let mut row: BTreeMap<usize, f64> = BTreeMap::new();
        for finding in page.assessment.findings.iter().filter(|f| f.class == class) {
            if let Ok(n) = names.binary_search(&finding.signal.as_str()) {
                *row.entry(n).or_default() += f64::from(finding.points.abs()) / f64::from(full[names[n]].abs().max(1));
            }
        }
        row.into_iter().collect()
    };
    let design = Design {
        rows: own.iter().map(row).collect(),
        labels: own.iter().map(|p| p.truth == Truth::Is(class)).collect(),
        signs: names.iter().map(|n| if full[n] < 0 { -1.0 } else { 1.0 }).collect(),
    };
    (design, names.iter().map(|n| (*n).to_owned()).collect(), full.values().copied().collect())
}

/// The text of a new weights file: the old one, its numbers moved by what was fitted, comments kept. Second: signals for which it has no number
/// (detection rules bring their own points).
pub fn proposal(old: &str, fits: &[ClassFit]) -> (String, Vec<String>) {
    let (mut section, mut used, mut out) = (String::new(), BTreeSet::new(), String::new());
    for line in old.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|l| l.split(']').next()) {
            section = name.to_owned();
        }
        let fit = fits.iter().find(|f| f.class.word() == section);
        match fit.and_then(|fit| moved(line, fit)) {
            Some((new, signal)) => {
                used.insert(signal);
                out.push_str(&new);
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    let all = fits.iter().flat_map(|f| &f.signals).map(|s| s.signal.clone());
    let without: BTreeSet<String> = all.filter(|s| !used.contains(s)).collect();
    (out, without.into_iter().collect())
}

/// The line with its number moved, and the signal that moved it. `None`: no weight that was fitted.
fn moved(line: &str, fit: &ClassFit) -> Option<(String, String)> {
    let (key, rest) = line.split_once('=')?;
    let signal = |key: &str| KEYS.iter().find(|(_, keys)| keys.contains(&key)).map_or(key.to_owned(), |(signal, _)| (*signal).to_owned());
    let fitted = fit.signals.iter().find(|s| s.signal == signal(key.trim()))?;
    let digits: String = rest.trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    let value: i32 = digits.parse().ok()?;
    let factor = (fitted.fitted / f64::from(fitted.points)).clamp(FACTORS.0, FACTORS.1);
    let new = (f64::from(value) * factor).round();
    Some((format!("{key}= {new}{}", &rest[rest.find(&digits)? + digits.len()..]), fitted.signal.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// xorshift: the same synthetic pages at every run.
    fn chance(state: &mut u64) -> f64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn synthetic(weights: &[f64], bias: f64, n: usize) -> Design {
        let mut state = 88_172_645_463_325_252;
        let mut design = Design { signs: weights.iter().map(|w| if *w < 0.0 { -1.0 } else { 1.0 }).collect(), ..Design::default() };
        for _ in 0..n {
            let row: Vec<(usize, f64)> = (0..weights.len()).filter(|_| chance(&mut state) < 0.5).map(|k| (k, 1.0)).collect();
            let odds = bias + row.iter().map(|(k, x)| weights[*k] * x).sum::<f64>();
            design.labels.push(chance(&mut state) < 1.0 / (1.0 + (-odds).exp()));
            design.rows.push(row);
        }
        design
    }

    #[test]
    fn known_weights_are_found_again() {
        let known = [2.0, 1.0, -1.5, 0.0];
        let design = synthetic(&known, -0.5, 20_000);
        let model = logistic(&design, &(0..20_000).collect::<Vec<_>>());
        for (found, want) in model.weights.iter().zip(known) {
            assert!((found - want).abs() < 0.15, "{:?}", model.weights);
        }
    }

    #[test]
    fn a_sign_is_kept_even_where_the_pages_say_otherwise() {
        let mut design = synthetic(&[2.0, -2.0], 0.0, 5_000);
        design.signs = vec![1.0, 1.0];
        let model = logistic(&design, &(0..5_000).collect::<Vec<_>>());
        assert!(model.weights[0] > 1.0 && model.weights[1].abs() < 1e-12, "{:?}", model.weights);
    }

    #[test]
    fn the_same_pages_give_the_same_weights() {
        let design = synthetic(&[1.0, -1.0], 0.2, 500);
        let all: Vec<usize> = (0..500).collect();
        assert_eq!(logistic(&design, &all), logistic(&design, &all));
    }

    #[test]
    fn the_proposal_moves_numbers_in_their_own_section_and_keeps_the_comments() {
        let old = "[lines]\nalert = 60 # line\n[fake_query]\nform_fields = 15 # three of\nown_name = -20\n[seller]\noffer = 25\nform_fields = 1\n";
        let signal = |name: &str, points, fitted| Fitted { signal: name.into(), points, fitted, pages: 9 };
        let fit = |class, signals| ClassFit { class, signals, held_out: Default::default() };
        let fits = [
            fit(Class::FakeQuery, vec![signal("form_fields", 15, 22.5), signal("own_name", -20, -10.0), signal("rule_x", 5, 5.0)]),
            fit(Class::Seller, vec![signal("offer_term", 25, 500.0)]),
        ];
        let (text, without) = proposal(old, &fits);
        assert!(text.contains("form_fields = 23 # three of") && text.contains("own_name = -10\n"), "{text}");
        assert!(text.contains("offer = 50\n") && text.contains("form_fields = 1\n") && text.contains("alert = 60 # line"), "{text}");
        assert_eq!(without, ["rule_x"]);
    }
}
