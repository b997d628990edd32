//! The `[page]` section of a protected site, checked and compiled: names, organ, rare marks, identifiers, templates, notices.

use crate::assess::phrases::Phrases;
use crate::assess::shingles::Template;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::page::Identifier;
use crate::model::picture::{Bits, LookHash};
use crate::model::rulefile::{RuleError, RuleFile, toml_in_chinese};
use crate::model::site::Site;
use crate::model::text::fold::fold;
use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// `[page]` as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PageSection {
    names: Vec<String>,
    short_names: Vec<String>,
    subjects: Vec<String>,
    bureaus: Vec<String>,
    agencies: Vec<String>,
    agency_not_before: Vec<String>,
    rare: Vec<String>,
    nesting: Vec<String>,
    looks: Vec<LookEntry>,
    identifiers: BTreeMap<String, Vec<String>>,
    template: Vec<TemplateEntry>,
    notice: Vec<NoticeEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateEntry {
    id: String,
    epoch: String,
    weight: f64,
    texts: Vec<String>,
}

/// A picture of the official site: `favicon` or `screenshot`, and its hash in 16 hexadecimal digits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LookEntry {
    kind: String,
    hash: String,
    /// Nine, as a package's dossier has them.
    #[serde(default)]
    blocks: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeEntry {
    id: String,
    texts: Vec<String>,
}

/// Words of an official page to be found elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    pub(crate) id: String,
    pub(crate) epoch: String,
    pub(crate) weight: f64,
    /// Does it invite to look something up (`查询`)? Then a match without that is the certificate's name only.
    pub(crate) asks: bool,
    /// Its texts, folded.
    texts: Vec<String>,
    pub(crate) template: Template,
}

/// One protected site, ready to be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Anchors {
    pub(crate) site: String,
    pub(crate) agency: String,
    /// Folded full names, longest first.
    pub(crate) names: Vec<String>,
    /// The same as templates, in the same order.
    pub(crate) name_templates: Vec<Template>,
    pub(crate) short_names: Vec<String>,
    /// What the service is about (`特种作业`, `操作证`), longest first; the short names without their last word belong to them.
    pub(crate) subjects: Vec<String>,
    /// The organ's offices below the ministry, folded.
    pub(crate) bureaus: Vec<String>,
    agencies: Vec<String>,
    /// The same, ready to be looked for.
    agency_finders: Vec<Finder<'static>>,
    agency_not_before: Vec<String>,
    /// Lower-case rare marks.
    pub(crate) rare: Vec<String>,
    /// One automaton over all of `rare`, for sources of any size.
    pub(crate) rare_set: AhoCorasick,
    /// Chains of class names that the official pages nest, outermost first, lower case.
    pub(crate) nesting: Vec<Vec<String>>,
    /// Kind and hashes of official pictures.
    pub(crate) looks: Vec<(String, LookHash)>,
    identifiers: BTreeMap<String, Vec<String>>,
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) notices: Vec<Baseline>,
}

/// The rare marks of all sites: one look at a text says which sites' own need a closer one.
#[derive(Debug)]
pub(crate) struct RareMarks {
    marks: Phrases,
    /// For each mark, its site.
    sites: Vec<String>,
}

impl RareMarks {
    /// Of these sites.
    pub(crate) fn new(sites: &[Anchors]) -> Self {
        let all = || sites.iter().flat_map(|site| site.rare.iter().map(move |mark| (mark, site)));
        let marks: Vec<&String> = all().map(|(mark, _)| mark).collect();
        Self { marks: Phrases::new(&marks, true), sites: all().map(|(_, site)| site.site.clone()).collect() }
    }
    /// For each mark, whether it stands in any of the texts.
    pub(crate) fn seen<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Vec<bool> {
        let mut seen = vec![false; self.sites.len()];
        texts.for_each(|text| self.marks.each(text, |mark, _| seen[mark] = true));
        seen
    }
    /// Is a mark of this site among those seen?
    pub(crate) fn any_of(&self, site: &str, seen: &[bool]) -> bool {
        self.sites.iter().zip(seen).any(|(of, seen)| *seen && of == site)
    }
}

fn official_look(file: &RuleFile, entry: &LookEntry) -> Result<(String, LookHash), RuleError> {
    let bits = |text: &String| {
        Bits::try_from(text.clone()).map_err(|_| {
            let why = Both::new(
                format!("page.looks：“{text}”不是 16 位十六进制数"),
                format!("page.looks: `{text}` is not 16 hexadecimal digits"),
            );
            file.error_near(text, why)
        })
    };
    let look = LookHash { whole: bits(&entry.hash)?, blocks: entry.blocks.iter().map(bits).collect::<Result<_, _>>()? };
    Ok((entry.kind.clone(), look))
}

impl Anchors {
    /// The phrases of this site that a picture may hold, folded.
    pub(crate) fn phrases(&self) -> impl Iterator<Item = &str> {
        let lists = [&self.names, &self.short_names, &self.subjects, &self.bureaus, &self.agencies];
        lists.into_iter().flatten().chain(self.baselines.iter().flat_map(|b| &b.texts)).map(String::as_str)
    }
    /// Reads the section of one site.
    pub(crate) fn read(file: &RuleFile, site: &Site) -> Result<Self, RuleError> {
        let keys = [
            "names",
            "short_names",
            "agencies",
            "subjects",
            "bureaus",
            "agency_not_before",
            "rare",
            "nesting",
            "looks",
            "identifiers",
            "template",
            "notice",
        ];
        if let Some(wrong) = site.page.keys().find(|k| !keys.contains(&k.as_str())) {
            let (zh, en) = kindly::hint(wrong, keys.into_iter());
            let why = Both::new(format!("page：不认识的字段“{wrong}”{zh}"), format!("page: unknown field `{wrong}`{en}"));
            return Err(file.error_near(wrong, why));
        }
        let section: PageSection = toml::Value::Table(site.page.clone()).try_into().map_err(|e: toml::de::Error| {
            let en = e.message().replace('\n', " ");
            let near = en.split('`').nth(1).unwrap_or("[page").to_owned();
            file.error_near(&near, Both::new(format!("page：{}", toml_in_chinese(&en)), format!("page: {en}")))
        })?;
        let folded = |list: &[String]| -> Vec<String> { list.iter().map(|t| fold(t).text).filter(|t| !t.is_empty()).collect() };
        let mut names = folded(&section.names);
        names.push(fold(&site.name).text);
        names.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
        names.dedup();
        let mut agencies = folded(&section.agencies);
        if agencies.is_empty() {
            agencies.push(fold(&site.agency).text);
        }
        let rare: Vec<String> = section.rare.iter().map(|r| r.to_lowercase()).collect();
        let rare_set = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&rare)
            .map_err(|e| file.error_near("rare", Both::new(format!("page.rare：无法编译（{e}）"), format!("page.rare: {e}"))))?;
        Ok(Self {
            site: site.id.clone(),
            agency: site.agency.clone(),
            name_templates: names.iter().map(|n| Template::new([n.as_str()].into_iter())).collect(),
            names,
            subjects: subjects(&folded(&section.subjects), &folded(&section.short_names)),
            bureaus: folded(&section.bureaus),
            short_names: folded(&section.short_names),
            agency_finders: agencies.iter().map(|a| Finder::new(a).into_owned()).collect(),
            agencies,
            agency_not_before: folded(&section.agency_not_before),
            rare,
            rare_set,
            nesting: section.nesting.iter().map(|c| c.split_whitespace().map(str::to_lowercase).collect()).collect(),
            looks: section.looks.iter().map(|l| official_look(file, l)).collect::<Result<_, _>>()?,
            identifiers: section.identifiers,
            baselines: section.template.iter().map(|t| baseline(file, &t.id, &t.epoch, t.weight, &t.texts)).collect::<Result<_, _>>()?,
            notices: section.notice.iter().map(|n| baseline(file, &n.id, "", 1.0, &n.texts)).collect::<Result<_, _>>()?,
        })
    }
    /// Where a folded text names the organ itself (`应急管理部`, never `应急管理部门`).
    pub(crate) fn organ_in(&self, folded: &str) -> Option<Range<usize>> {
        self.agency_finders
            .iter()
            .flat_map(|agency| agency.find_iter(folded.as_bytes()).map(|at| at..at + agency.needle().len()))
            .find(|range| !self.agency_not_before.iter().any(|after| folded[range.end..].starts_with(after.as_str())))
    }
    /// Folded names of the organ.
    pub(crate) fn agencies(&self) -> &[String] {
        &self.agencies
    }
    /// Is this identifier the protected site's own?
    pub(crate) fn owns(&self, identifier: &Identifier) -> bool {
        self.identifiers.get(&identifier.kind).is_some_and(|values| values.iter().any(|v| v.eq_ignore_ascii_case(&identifier.value)))
    }
}

/// Given subjects, and the short names without the looking up at their end; longest first.
fn subjects(given: &[String], short_names: &[String]) -> Vec<String> {
    let bare = short_names.iter().filter_map(|n| n.strip_suffix("查询")).filter(|n| n.chars().count() >= 3).map(str::to_owned);
    let mut all: Vec<String> = given.iter().cloned().chain(bare).collect();
    all.sort_by(|a, b| b.chars().count().cmp(&a.chars().count()).then(a.cmp(b)));
    all.dedup();
    all
}

/// The service's verb.
pub(crate) const ASKS: &str = "查询";

fn baseline(file: &RuleFile, id: &str, epoch: &str, weight: f64, texts: &[String]) -> Result<Baseline, RuleError> {
    let folded: Vec<String> = texts.iter().map(|t| fold(t).text).collect();
    let template = Template::new(folded.iter().map(String::as_str));
    if template.len() < 4 {
        let why = Both::new(
            format!("page 模板“{id}”太短，无法区分：至少 6 个字"),
            format!("page template `{id}`: too short to be told apart, give at least 6 characters"),
        );
        return Err(file.error_near(&format!("\"{id}\""), why));
    }
    if !(0.0..=1.0).contains(&weight) {
        let why =
            Both::new(format!("page 模板“{id}”：weight 须在 0 与 1 之间"), format!("page template `{id}`: weight must be between 0 and 1"));
        return Err(file.error_near(&format!("\"{id}\""), why));
    }
    Ok(Baseline {
        id: id.to_owned(),
        epoch: epoch.to_owned(),
        weight,
        asks: folded.iter().any(|t| t.contains(ASKS)),
        texts: folded,
        template,
    })
}
