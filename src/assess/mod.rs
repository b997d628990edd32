//! Assess: rules and signals over a dossier; three scores with the findings that made them.
//! In: a `Dossier` and the rules. Out: an `Assessment`. Pure, so that any score can be recomputed from stored evidence.
//! Weights and words live in `rules/`, not here. Reporting and school context speak against; the allow-list ends the matter.

mod anchors;
mod check;
mod current;
pub mod eval;
mod examples;
mod fields;
mod lexicon;
mod matcher;
mod mend;
mod official;
mod patterns;
mod phrases;
mod place;
mod reading;
mod rule;
mod shadow;
mod shingles;
mod signals;
mod tally;
mod unmask;
mod weights;
mod written;

pub use check::{Extract, QuietPage, Remark, costs, dossier_of};
pub use current::Current;

use crate::assess::anchors::{Anchors, RareMarks};
use crate::assess::lexicon::Lexicon;
use crate::assess::matcher::Matcher;
use crate::assess::mend::Mender;
use crate::assess::official::Official;
use crate::assess::reading::{PICTURE, Reading, pages, plain_span, served_from};
use crate::assess::rule::{Pool, Rule};
use crate::assess::signals::{AGAINST, Once, PAGE_SIGNALS, SIGNALS, View};
use crate::assess::tally::{Tally, verdict};
use crate::assess::weights::Weights;
use crate::model::assessment::{Assessment, Class, Finding, Scores, Verdict};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;
use crate::model::time::Timestamp;
use std::collections::HashSet;

/// Compiled rules, weights, anchors, allow-list.
#[derive(Debug)]
pub struct Rules {
    sites: Vec<Anchors>,
    rare: RareMarks,
    official: Official,
    lexicon: Lexicon,
    mender: Mender,
    weights: Weights,
    rules: Vec<Rule>,
    pool: Pool,
    matcher: Matcher,
    fingerprint: String,
}

impl Rules {
    /// Compiles all rule files. Wrong files are reported and left out; the others still load.
    /// Where `weights.toml` or `words.toml` is wrong or absent, the shipped one is used.
    pub fn load(sites: &[(RuleFile, Site)], files: &[RuleFile]) -> (Self, Vec<RuleError>) {
        let mut errors = Vec::new();
        let named = |path: &str| files.iter().find(|f| f.path == path);
        let official = Official::load(sites, named("official.toml"), &mut errors);
        let weights = or_shipped("weights.toml", weights::SHIPPED, named("weights.toml"), &mut errors, kindly::parse::<Weights>);
        let lexicon = or_shipped("words.toml", lexicon::SHIPPED, named("words.toml"), &mut errors, Lexicon::read);
        let mut anchors = Vec::new();
        for (file, site) in sites {
            match Anchors::read(file, site) {
                Ok(read) => anchors.push(read),
                Err(error) => errors.push(error),
            }
        }
        let (rules, pool, matcher) = compile(files, &mut errors);
        let rare = RareMarks::new(&anchors);
        let mender = Mender::new(anchors.iter().flat_map(Anchors::phrases).chain(lexicon.listed()));
        (
            Self { sites: anchors, rare, official, lexicon, mender, weights, rules, pool, matcher, fingerprint: fingerprint(sites, files) },
            errors,
        )
    }
    /// Assesses one dossier. The same dossier and rules give the same bytes, but for `at`.
    pub fn assess(&self, dossier: &Dossier, now: Timestamp) -> Assessment {
        let bare = |class, findings| Assessment {
            class,
            site: dossier.candidate.site.clone(),
            scores: Scores::default(),
            review: false,
            findings,
            not_looked_at: Vec::new(),
            rules: self.fingerprint.clone(),
            at: now,
        };
        if let Some(mut finding) = self.official_finding(dossier) {
            place::point_at_host(dossier, &mut finding);
            return bare(Verdict::Official, vec![finding]);
        }
        let readings = Reading::all(dossier, &self.official, &self.mender);
        let Some(Told { shown, site, mut tally }) = self.best_page(dossier, &readings) else {
            let mut findings: Vec<Finding> = signals::name_only(dossier).into_iter().collect();
            findings.iter_mut().for_each(|f| place::point_at_host(dossier, f));
            return bare(Verdict::None, findings);
        };
        tally.findings.extend(signals::another_certificate(dossier));
        place::point(dossier, shown, &mut tally.findings);
        let scores = tally.scores();
        let class = verdict(scores, &self.weights.lines);
        Assessment {
            class,
            site,
            scores,
            review: scores.max() >= self.weights.lines.review,
            findings: tally.findings,
            not_looked_at: signals::not_looked_at(dossier),
            rules: self.fingerprint.clone(),
            at: now,
        }
    }
    /// `rules check`: own examples, silence on the quiet pages, unused and shadowed rules. `extract` is capture's, handed in by cli.
    pub fn check(&self, extract: Extract, quiet: &[QuietPage]) -> Vec<Remark> {
        check::check(self, extract, quiet)
    }
    /// How many detection rules stand, and how many examples they carry.
    pub fn count(&self) -> (usize, usize) {
        (self.rules.len(), self.rules.iter().map(|r| r.examples.len()).sum())
    }
    /// Is this host on the allow-list: a protected site's own, or a listed official one?
    pub fn is_official(&self, host: &crate::model::host::Host) -> bool {
        self.official.owner(host).is_some()
    }
    /// Scores from which a page alerts, and from which a host becomes a lead.
    pub fn lines(&self) -> (u8, u8) {
        (self.weights.lines.alert, self.weights.lines.review)
    }
    /// An official host whose page was not served by somebody else.
    fn official_finding(&self, dossier: &Dossier) -> Option<Finding> {
        let host = &dossier.candidate.host;
        let (who, tree) = self.official.owner(host)?;
        let elsewhere = pages(dossier).any(|c| !self.official.owns_url(served_from(c)));
        (!elsewhere).then(|| Finding {
            signal: "official".into(),
            class: Class::FakeQuery,
            points: 0,
            why: Both::new(
                format!("官方域名（{tree}，{who}），不再研判"),
                format!("an official host (under {tree}, {who}): the matter ends here"),
            ),
            span: Some(plain_span("host", host.as_str())),
            evidence: "net/dns.json".into(),
        })
    }
    /// The page with most to say; where another variant of the same visit says nothing, that is cloaking. `None`: no page.
    fn best_page(&self, dossier: &Dossier, readings: &[Reading]) -> Option<Told> {
        let told: Vec<(String, Tally)> = readings.iter().map(|reading| self.best_site(reading)).collect();
        let score = |n: usize| told[n].1.scores().max();
        let best = (0..told.len()).max_by_key(|n| (score(*n), std::cmp::Reverse(*n)))?;
        let review = self.weights.lines.review;
        let shown = &readings[best].capture;
        // Like with like: a plain visit sees less than a browser without anybody hiding anything.
        let other = |n: usize| {
            let c = readings[n].capture;
            c.variant != shown.variant && c.browser.is_some() == shown.browser.is_some()
        };
        let hidden_from = (0..told.len()).find(|n| score(*n) < review && score(best) >= review && other(*n));
        let (site, mut tally) = told[best].clone();
        if let Some(n) = hidden_from {
            signals::cloaking(&shown.variant, &readings[n].capture.variant, &self.weights, &mut tally);
            tally.close();
        }
        let shown = dossier.captures.iter().position(|c| std::ptr::eq(c, readings[best].capture))?;
        Some(Told { shown, site, tally })
    }
    /// The page against every protected site; the one with the most to say, the candidate's own first among equals.
    fn best_site(&self, reading: &Reading) -> (String, Tally) {
        let once = Once::new(self.lexicon.find(reading.text.text()), self.lexicon.find(reading.seen.text()));
        let mut shared = self.rule_findings(reading);
        let fired = shared.len();
        let mut best: Option<(String, Tally)> = None;
        let wanted = &reading.dossier.candidate.site;
        let own_first = self.sites.iter().filter(|s| s.site == *wanted).chain(self.sites.iter().filter(|s| s.site != *wanted));
        for site in own_first {
            let view = View {
                reading,
                site,
                lexicon: &self.lexicon,
                official: &self.official,
                weights: &self.weights,
                rare: &self.rare,
                once: &once,
            };
            if best.is_none() {
                let mut tally = Tally::default();
                PAGE_SIGNALS.iter().for_each(|signal| signal(&view, &mut tally));
                shared.extend(tally.findings);
            }
            let tally = self.tally(&view, &shared, fired);
            if best.as_ref().is_none_or(|(_, most)| tally.scores().fake_query > most.scores().fake_query) {
                best = Some((site.site.clone(), tally));
            }
        }
        best.unwrap_or_else(|| (wanted.clone(), Tally::default()))
    }
    /// `shared`: findings that are the same for every site, those of rules (`fired` many) first.
    fn tally(&self, view: &View, shared: &[Finding], fired: usize) -> Tally {
        let mut tally = Tally::default();
        SIGNALS.iter().for_each(|signal| signal(view, &mut tally));
        tally.findings.extend(shared.iter().cloned());
        let percent = self.weights.limits.picture_percent;
        let seen = |f: &Finding| f.span.as_ref().is_some_and(|s| s.part == PICTURE);
        tally.findings.iter_mut().filter(|f| f.points > 0 && seen(f)).for_each(|f| f.points = f.points * percent / 100);
        tally.cap_groups(&self.weights, |signal| shared[..fired].iter().any(|f| f.signal == signal));
        AGAINST.iter().for_each(|signal| signal(view, &mut tally));
        tally.findings.iter_mut().filter(|f| seen(f)).for_each(|f| say_seen(view.reading, f));
        tally.close();
        tally
    }
    fn rule_findings(&self, reading: &Reading) -> Vec<Finding> {
        let mut tally = Tally::default();
        for (rule, fired) in self.matcher.run(&self.rules, reading, &self.official) {
            tally.add(rule.class, &rule.id, rule.points_for(fired.any), rule.detects.clone(), fired.span);
        }
        tally.findings
    }
}

/// Adds to a finding that its words were read from a picture, and from which.
fn say_seen(reading: &Reading, finding: &mut Finding) {
    let raw = finding.span.as_ref().map_or("", |s| s.raw.as_str());
    let first = raw.lines().next().unwrap_or_default();
    let pictures = reading.dossier.facts.pictures.as_deref().unwrap_or_default();
    let mut own = pictures.iter().filter(|p| reading.dossier.captures.get(p.capture).is_some_and(|c| std::ptr::eq(c, reading.capture)));
    let path = own.find(|p| !first.is_empty() && p.said().contains(first)).map(|p| p.path.as_str());
    let (zh, en) = match path {
        Some(path) => (format!("图片 {path}"), format!("the picture {path}")),
        None => ("图片".to_owned(), "a picture".to_owned()),
    };
    finding.why.zh.push_str(&format!("（文字识别自{zh}，可能有误读）"));
    finding.why.en.push_str(&format!(" (read from {en} by OCR; may be misread)"));
}

/// The page that has most to say.
struct Told {
    /// Number of its capture.
    shown: usize,
    /// The protected site that it is held against.
    site: String,
    tally: Tally,
}

/// A file of the unit's own, or the shipped one where that is absent or wrong (then the mistake is reported).
fn or_shipped<T>(
    path: &str,
    shipped: &str,
    own: Option<&RuleFile>,
    errors: &mut Vec<RuleError>,
    read: impl Fn(&RuleFile) -> Result<T, RuleError>,
) -> T {
    match own.map(&read) {
        Some(Ok(value)) => return value,
        Some(Err(error)) => errors.push(error),
        None => {}
    }
    let file = RuleFile { path: path.to_owned(), shown: format!("rules/{path}"), text: shipped.to_owned() };
    read(&file).expect("the shipped file is read by a test")
}

/// All of `detect/`, each rule once; a second file with the same id is refused.
fn compile(files: &[RuleFile], errors: &mut Vec<RuleError>) -> (Vec<Rule>, Pool, Matcher) {
    let mut pool = Pool::default();
    let mut rules: Vec<Rule> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let mut detect: Vec<&RuleFile> = files.iter().filter(|f| f.path.starts_with("detect/") && f.path.ends_with(".toml")).collect();
    detect.sort_by(|a, b| a.path.cmp(&b.path));
    for file in detect {
        match rule::read(file, &mut pool) {
            Ok(rule) if ids.contains(&rule.id) => {
                let id = &rule.id;
                let why = Both::new(format!("id：“{id}”已被另一个文件使用"), format!("id: `{id}` is taken by another file"));
                errors.push(file.error_near("id", why));
            }
            Ok(rule) => {
                ids.insert(rule.id.clone());
                rules.push(rule);
            }
            Err(error) => errors.push(error),
        }
    }
    match Matcher::new(&pool) {
        Ok(matcher) => (rules, pool, matcher),
        Err(why) => {
            errors.push(RuleError::whole("rules/detect", Both::new(format!("全部规则合起来太大（{why}）"), why)));
            (Vec::new(), Pool::default(), Matcher::new(&Pool::default()).expect("no patterns always compile"))
        }
    }
}

/// First 16 hexadecimal digits of SHA-256 over all rule files, sorted by path.
fn fingerprint(sites: &[(RuleFile, Site)], files: &[RuleFile]) -> String {
    let mut all: Vec<&RuleFile> = sites.iter().map(|(file, _)| file).chain(files).collect();
    all.sort_by(|a, b| (&a.path, &a.text).cmp(&(&b.path, &b.text)));
    all.dedup_by(|a, b| a.path == b.path && a.text == b.text);
    let mut bytes = Vec::new();
    for file in all {
        bytes.extend_from_slice(file.path.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(file.text.as_bytes());
        bytes.push(0);
    }
    Sha256::of(&bytes).hex()[..16].to_owned()
}
