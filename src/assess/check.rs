//! `rules check`: every rule against its own examples, and silent on the official and benign pages; unused, shadowed and slow rules named.

use crate::assess::Rules;
use crate::assess::examples;
use crate::assess::matcher::Matcher;
use crate::assess::mend::Mender;
use crate::assess::official::Official;
use crate::assess::reading::Reading;
use crate::assess::rule::{self, Check, Pool, Rule};
use crate::assess::shadow::{same, shadows};
use crate::assess::written::{Expect, Status};
use crate::model::candidate::{Candidate, Reason};
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::{Dossier, Facts};
use crate::model::host::Host;
use crate::model::lang::Both;
use crate::model::page::Page;
use crate::model::rulefile::RuleFile;
use crate::model::time::Timestamp;

/// A page on which every rule must be silent.
#[derive(Clone, Debug)]
pub struct QuietPage {
    /// What it is, for the message.
    pub name: String,
    /// Host that serves it.
    pub host: Host,
    /// Its bytes.
    pub html: Vec<u8>,
}

/// One thing that `rules check` has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// File as the person finds it.
    pub file: String,
    /// Rule id.
    pub rule: String,
    /// One line.
    pub what: Both,
    /// Does it make the check fail?
    pub wrong: bool,
}

/// Reads a page from bytes: capture's extraction, handed in by cli because assess may not import it.
pub type Extract<'e> = &'e dyn Fn(&str, &[u8]) -> Page;

/// A dossier around one page, for examples and tests: candidate by check, one captured visit.
pub fn dossier_of(host: Host, url: String, page: Page) -> Dossier {
    let at = Timestamp::from_millis(0);
    let capture = Capture {
        requested_url: url.clone(),
        final_url: Some(url.clone()),
        variant: "desktop".into(),
        started_at: at,
        ended_at: at,
        outcome: Outcome::Captured,
        hops: Vec::new(),
        page: Some(page),
        kept: Vec::new(),
        browser: None,
    };
    let candidate =
        Candidate { host, url, site: String::new(), reasons: vec![Reason::Check], sightings: Vec::new(), first_seen: at, last_seen: at };
    Dossier { candidate, resolution: None, captures: vec![capture], facts: Facts::default() }
}

/// Microseconds that each rule alone takes on one page, the best of five runs; `clock` gives microseconds. Wrong files are left out.
pub fn costs(files: &[RuleFile], page: &Dossier, clock: &dyn Fn() -> u64) -> Vec<(RuleFile, u64)> {
    let readings = Reading::all(page, &Official::default(), &Mender::default());
    let detect = files.iter().filter(|f| f.path.starts_with("detect/"));
    let cost = |file: &RuleFile| {
        let mut pool = Pool::default();
        let rule = rule::read(file, &mut pool).ok().filter(|r| r.status != Status::Retired)?;
        let (matcher, rule, official) = (Matcher::new(&pool).ok()?, [rule], Official::default());
        let once = || {
            let begun = clock();
            readings.iter().for_each(|reading| drop(matcher.run(&rule, reading, &official)));
            clock().saturating_sub(begun)
        };
        (0..5).map(|_| once()).min()
    };
    detect.filter_map(|file| cost(file).map(|us| (file.clone(), us))).collect()
}

/// All remarks, in the order of the rules.
pub(crate) fn check(rules: &Rules, extract: Extract, quiet: &[QuietPage]) -> Vec<Remark> {
    let pages: Vec<(&str, Dossier)> = quiet
        .iter()
        .map(|q| (q.name.as_str(), dossier_of(q.host.clone(), format!("http://{}/", q.host.for_url()), extract(q.host.as_str(), &q.html))))
        .collect();
    let readings: Vec<(&str, Vec<Reading>)> =
        pages.iter().map(|(name, page)| (*name, Reading::all(page, &Official::default(), &rules.mender))).collect();
    let mut remarks = Vec::new();
    for rule in rules.rules.iter().filter(|r| r.status != Status::Retired) {
        let mut say = |what: Both, wrong: bool| remarks.push(Remark { file: rule.shown.clone(), rule: rule.id.clone(), what, wrong });
        own_examples(rules, rule, extract, &mut say);
        for (name, readings) in readings.iter().filter(|_| rule.points > 0) {
            if readings.iter().any(|reading| fires(rules, rule, reading)) {
                say(
                    Both::new(
                        format!("在正常网页“{name}”上命中；规则在此必须沉默"),
                        format!("fires on the quiet page `{name}`; it must be silent there"),
                    ),
                    true,
                );
            }
        }
        overlaps(rules, rule, &mut say);
    }
    remarks
}

/// Rules that ask the same are one too many; a rule that never fires without another is worth a word.
fn overlaps(rules: &Rules, rule: &Rule, say: &mut dyn FnMut(Both, bool)) {
    let live = rules.rules.iter().filter(|other| other.id != rule.id && other.status != Status::Retired);
    for other in live {
        if same(other, rule) {
            if other.id < rule.id {
                let id = &other.id;
                say(Both::new(format!("与“{id}”所问相同：留一条即可"), format!("asks the same as `{id}`: one of the two is enough")), true);
            }
        } else if shadows(&rules.pool, other, rule) {
            let id = &other.id;
            say(
                Both::new(
                    format!("被“{id}”遮蔽：凡本条命中处，“{id}”也命中"),
                    format!("shadowed by `{id}`: wherever this fires, `{id}` fires too"),
                ),
                false,
            );
        }
    }
}

fn own_examples(rules: &Rules, rule: &Rule, extract: Extract, say: &mut dyn FnMut(Both, bool)) {
    let has = |expect| rule.examples.iter().any(|e| e.expect == expect);
    if rule.status == Status::Stable && !(has(Expect::Match) && has(Expect::NoMatch)) {
        say(
            Both::new("stable 规则须各有一个命中样例和不命中样例", "a stable rule needs an example that matches and one that does not"),
            true,
        );
    }
    if !has(Expect::Match) {
        say(Both::new("无用：没有样例证明它能命中", "unused: no example shows that it can ever match"), true);
    }
    let mut shown = vec![false; rule.any.len()];
    for example in &rule.examples {
        let name = &example.name;
        let dossier = match examples::dossier(example, extract) {
            Ok(dossier) => dossier,
            Err(Both { zh, en }) => {
                say(Both::new(format!("样例“{name}”：{zh}"), format!("example `{name}`: {en}")), true);
                continue;
            }
        };
        let readings = Reading::all(&dossier, &Official::default(), &rules.mender);
        let fired = readings.iter().any(|reading| fires(rules, rule, reading));
        if fired != (example.expect == Expect::Match) {
            let (zh, en) = if fired {
                ("命中，本不应命中", "matches, but must not")
            } else {
                ("没有命中，本应命中", "does not match, but must")
            };
            say(Both::new(format!("样例“{name}”{zh}"), format!("example `{name}` {en}")), true);
        }
        for reading in readings.iter().filter(|_| example.expect == Expect::Match) {
            let held = rules.matcher.held(&rule.any, reading, &rules.official);
            shown.iter_mut().zip(held).for_each(|(shown, held)| *shown |= held);
        }
    }
    for (n, check) in rule.any.iter().enumerate().filter(|(n, _)| has(Expect::Match) && !shown[*n]) {
        let (field, n) = (name_of(check), n + 1);
        say(
            Both::new(
                format!("any 的第 {n} 个条件（{field}）没有样例用到"),
                format!("condition {n} of `any` ({field}) holds in none of its examples"),
            ),
            false,
        );
    }
}

fn name_of(check: &Check) -> &'static str {
    crate::assess::fields::FIELDS[check.field].0
}

fn fires(rules: &Rules, rule: &Rule, reading: &Reading) -> bool {
    !rules.matcher.run(std::slice::from_ref(rule), reading, &rules.official).is_empty()
}
