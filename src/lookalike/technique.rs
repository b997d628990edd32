//! Techniques as data: names, scores, sentences and examples of each; the matching code is keyed by the id.

use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use serde::Deserialize;
use std::collections::HashMap;

/// One file of `rules/techniques/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Technique {
    /// One of [`IDS`].
    pub(super) id: String,
    /// For analysts.
    pub(super) zh: String,
    /// The same in English.
    pub(super) en: String,
    /// How strongly it speaks, `0..=100`; orders the techniques of a hit and lifts its score.
    pub(super) score: u8,
    /// `on`, or `off`: never named, its score never counts.
    pub(super) status: Status,
    /// Chinese sentence with `{name}`, `{matched}`, `{token}`, `{means}`, `{site}`, `{agency}`, `{registrable}`,
    /// `{suffix}` (`gov.cn`), `{first}` (`gov`).
    pub(super) why_zh: String,
    /// The same in English.
    pub(super) why_en: String,
    /// Names that must be hit with this technique named.
    #[serde(default)]
    pub(super) examples_hit: Vec<String>,
    /// Names that must not be hit at all.
    #[serde(default)]
    pub(super) examples_miss: Vec<String>,
    /// `dynamic_dns`: zones below which anyone takes a name. `suspected_hijacked_subdomain`: zones below which nobody can buy one.
    #[serde(default)]
    pub(super) zones: Vec<String>,
    /// Hosts (and all below them) where this technique says nothing.
    #[serde(default)]
    pub(super) exempt: Vec<String>,
    #[serde(skip)]
    pub(super) file: String,
}

/// Is a technique in use?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Used.
    On,
    /// Kept, but neither named nor counted.
    Off,
}

/// Every id that the matching code knows.
pub(super) const IDS: &[&str] = &[
    "embedded_official_host",
    "embedded_official_part",
    "userinfo_trick",
    "dots_to_dashes",
    "dots_removed",
    "gov_cn_label",
    "suffix_changed",
    "foreign_gov_suffix",
    "missing_dot",
    "gov_label_missing",
    "wrong_second_level",
    "official_labels_only",
    "label_swap",
    "omission",
    "repetition",
    "transposition",
    "insertion",
    "replacement",
    "keyboard_neighbour",
    "bitsquat",
    "hyphenation",
    "homoglyph",
    "digit_homoglyph",
    "idn_accent",
    "idn_cyrillic",
    "idn_greek",
    "idn_confusable",
    "fuzzy_pinyin",
    "combosquat_pinyin",
    "combosquat_english",
    "agency_pinyin",
    "agency_initials",
    "service_pinyin",
    "service_initials",
    "licence_pinyin",
    "licence_initials",
    "neighbour_agency",
    "han_name",
    "han_variant",
    "han_latin_mix",
    "chinese_suffix",
    "www_glued",
    "free_hosting",
    "dynamic_dns",
    "brand_in_sublabel",
    "suspected_hijacked_subdomain",
    "ip_official_path",
    "official_name_in_url",
];

const FIELDS: &[&str] = &["name", "matched", "token", "means", "site", "agency", "registrable", "suffix", "first"];

/// All techniques by id. Ids without a file keep a bare default, so that a rules folder without techniques still works.
#[derive(Clone, Debug, Default)]
pub(super) struct Techniques {
    by_id: HashMap<&'static str, Technique>,
}

impl Techniques {
    /// Reads every file under `techniques/`.
    pub(super) fn read(files: &[RuleFile], errors: &mut Vec<RuleError>) -> Self {
        let mut by_id: HashMap<&'static str, Technique> = HashMap::new();
        for file in files.iter().filter(|f| f.path.starts_with("techniques/") && f.path.ends_with(".toml")) {
            match kindly::parse::<Technique>(file) {
                Err(e) => errors.push(e),
                Ok(mut technique) => {
                    technique.file.clone_from(&file.shown);
                    let Some(id) = IDS.iter().find(|id| **id == technique.id) else {
                        errors.push(file.error_near(&technique.id, unknown_id(&technique.id)));
                        continue;
                    };
                    technique.check(file, errors);
                    if let Some(other) = by_id.insert(id, technique) {
                        errors.push(file.error_near(
                            id,
                            Both::new(
                                format!("手法“{id}”已在 {} 中", other.file),
                                format!("technique `{id}` is already in {}", other.file),
                            ),
                        ));
                    }
                }
            }
        }
        Self { by_id }
    }
    /// The technique's data. `None`: no file.
    pub(super) fn get(&self, id: &str) -> Option<&Technique> {
        self.by_id.get(id)
    }
    /// Its score; 50 where it has no file, `None` where it is off.
    pub(super) fn score(&self, id: &str) -> Option<u8> {
        match self.by_id.get(id) {
            None => Some(50),
            Some(t) if t.status == Status::Off => None,
            Some(t) => Some(t.score),
        }
    }
    /// In the order of [`IDS`].
    pub(super) fn iter(&self) -> impl Iterator<Item = &Technique> {
        IDS.iter().filter_map(|id| self.by_id.get(id))
    }
}

fn unknown_id(id: &str) -> Both {
    let nearest = IDS.iter().min_by_key(|known| strsim::damerau_levenshtein(id, known)).unwrap_or(&"");
    Both::new(
        format!("没有与手法“{id}”对应的程序；是否想写“{nearest}”？"),
        format!("no matching code for technique `{id}`: did you mean `{nearest}`?"),
    )
}

impl Technique {
    fn check(&self, file: &RuleFile, errors: &mut Vec<RuleError>) {
        if self.score > 100 {
            errors.push(file.error_near(
                "score",
                Both::new(format!("score = {} 须在 0 与 100 之间", self.score), format!("score = {} must be 0..=100", self.score)),
            ));
        }
        for (key, sentence) in [("why_zh", &self.why_zh), ("why_en", &self.why_en)] {
            for field in sentence.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default()) {
                if !FIELDS.contains(&field) {
                    let (zh, en) = kindly::hint(field, FIELDS.iter().copied());
                    let all = FIELDS.join("}, {");
                    let why = Both::new(
                        format!("{key}：没有字段“{{{field}}}”{zh}（可用：{{{all}}}）"),
                        format!("{key}: no field `{{{field}}}`{en} (a sentence may use {{{all}}})"),
                    );
                    errors.push(file.error_near(&format!("{{{field}"), why));
                }
            }
        }
    }
}
