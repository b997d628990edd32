//! The numbers of the assessment, from `rules/weights.toml`. None of them stands in code.

use serde::Deserialize;

/// The shipped file: used when a unit's own is wrong, so that a typing error never turns the scores off.
pub(crate) const SHIPPED: &str = include_str!("../../rules/weights.toml");

/// `rules/weights.toml` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weights {
    pub(crate) lines: Lines,
    pub(crate) caps: Caps,
    pub(crate) limits: Limits,
    pub(crate) fake_query: FakeQuery,
    pub(crate) seller: Seller,
    pub(crate) mirror: Mirror,
}

/// Scores from which something happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lines {
    pub(crate) alert: u8,
    pub(crate) review: u8,
}

/// Upper bounds of groups of findings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caps {
    pub(crate) name: i32,
    pub(crate) rules: i32,
}

/// Thresholds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) containment_from: f64,
    pub(crate) containment_full: f64,
    pub(crate) mirror_from: f64,
    pub(crate) near_chars: usize,
    pub(crate) spoken_of_chars: usize,
    pub(crate) look_bits: u32,
    #[serde(default = "picture_percent")]
    pub(crate) picture_percent: i32,
    pub(crate) young_days: i64,
    pub(crate) prose_chars: usize,
}

/// A file from before pictures were read has no such line.
fn picture_percent() -> i32 {
    85
}

/// Points of signals that move `fake_query`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FakeQuery {
    pub(crate) template_containment: i32,
    pub(crate) form_fields: i32,
    pub(crate) rare_anchors: i32,
    pub(crate) rare_more: i32,
    pub(crate) revealed_text: i32,
    pub(crate) borrowed_identity: i32,
    pub(crate) identity_mismatch: i32,
    pub(crate) record_page: i32,
    pub(crate) record_by_id: i32,
    pub(crate) record_under_name: i32,
    pub(crate) site_name_title: i32,
    pub(crate) site_name_heading: i32,
    pub(crate) short_name: i32,
    pub(crate) service_title: i32,
    pub(crate) service_with_form: i32,
    pub(crate) bureau_with_form: i32,
    pub(crate) empty_under_name: i32,
    pub(crate) record_alone: i32,
    pub(crate) record_declared: i32,
    pub(crate) structure_likeness: i32,
    pub(crate) kit_tie: i32,
    pub(crate) look: i32,
    pub(crate) seen_text: i32,
    pub(crate) young_host: i32,
    pub(crate) organ_title: i32,
    pub(crate) organ_heading: i32,
    pub(crate) organ_with_form: i32,
    pub(crate) host_lexical: i32,
    pub(crate) host_sub_label: i32,
    pub(crate) redirect_to_official: i32,
    pub(crate) cloaking: i32,
    pub(crate) hidden_text: i32,
    pub(crate) own_name: i32,
    pub(crate) cites_official: i32,
    pub(crate) other_organ: i32,
    pub(crate) own_brand: i32,
    pub(crate) government_host: i32,
    pub(crate) article_percent: i32,
}

/// Points of signals that move `seller`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seller {
    pub(crate) certificate_own: i32,
    pub(crate) certificate_near: i32,
    pub(crate) certificate_other: i32,
    pub(crate) offer: i32,
    pub(crate) offer_agent: i32,
    pub(crate) offer_second: i32,
    pub(crate) offer_more: i32,
    pub(crate) offer_cap: i32,
    pub(crate) offer_weak: i32,
    pub(crate) contact_near: i32,
    pub(crate) contact_far: i32,
    pub(crate) contact_weak: i32,
    pub(crate) contact_word: i32,
    pub(crate) price: i32,
    pub(crate) delivery: i32,
    pub(crate) query_promise: i32,
    pub(crate) secrecy: i32,
    pub(crate) free_host: i32,
    pub(crate) hidden_text: i32,
    pub(crate) reporting: i32,
    pub(crate) reporting_some: i32,
    pub(crate) reporting_heavy: i32,
    pub(crate) reporting_beside_contact: i32,
    pub(crate) hiring: i32,
    pub(crate) other_trade: i32,
    pub(crate) study: i32,
    pub(crate) doubt: i32,
    pub(crate) doubt_heavy: i32,
    pub(crate) kit_tie: i32,
    pub(crate) school: i32,
}

/// Points of signals that move `mirror`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mirror {
    pub(crate) containment: i32,
    pub(crate) containment_full: i32,
    pub(crate) disguised: i32,
    pub(crate) under_its_name: i32,
    pub(crate) foreign_links: i32,
    pub(crate) cites_source_percent: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_read_and_a_name_alone_stays_under_the_review_line() {
        let weights: Weights = toml::from_str(SHIPPED).expect("the shipped weights");
        assert!(weights.caps.name < i32::from(weights.lines.review));
        assert!(weights.fake_query.host_lexical <= weights.caps.name);
        assert!(weights.lines.review < weights.lines.alert);
    }
}
