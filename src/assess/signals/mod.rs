//! Signals that rules cannot say: one function each, in the table `SIGNALS`, run in this order over one page and one protected site.
//! A signal reads the view and adds findings to the tally; the ones that speak against come last, because they look at what spoke for.

mod facts;
mod fake_query;
mod form;
mod host;
mod identity;
mod mirror;
mod names;
mod once;
mod pitch;
mod record;
mod seller;
mod service;
mod structure;
#[cfg(test)]
mod trial;

pub(crate) use facts::{another_certificate, not_looked_at};
pub(crate) use host::{cloaking, name_only};
pub(crate) use once::Once;

use crate::assess::anchors::{Anchors, RareMarks};
use crate::assess::lexicon::{Hit, Lexicon};
use crate::assess::official::Official;
use crate::assess::reading::{Part, Reading};
use crate::assess::tally::Tally;
use crate::assess::weights::Weights;
use std::borrow::Cow;

/// All that a signal may look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) reading: &'a Reading<'a>,
    pub(crate) site: &'a Anchors,
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) official: &'a Official,
    pub(crate) weights: &'a Weights,
    pub(crate) rare: &'a RareMarks,
    /// What does not hang on the site.
    pub(crate) once: &'a Once,
}

impl<'a> View<'a> {
    /// Where the page sends its reader to an official host: the first such link, or the protected host written out in the text.
    pub(crate) fn leads_to_official(&self) -> Option<&'a str> {
        let linked = self.once.links(self.reading, self.official).find(|(_, official)| *official);
        linked.map(|(l, _)| l.url.as_str()).or_else(|| self.reading.names_host(&self.site.site))
    }
    /// Phrases of `part`; those of the visible text, the longest one, are found once a page.
    pub(crate) fn hits(&self, part: &Part) -> Cow<'a, [Hit]> {
        if std::ptr::eq(part, &self.reading.text) {
            Cow::Borrowed(&self.once.text_hits)
        } else if std::ptr::eq(part, &self.reading.seen) {
            Cow::Borrowed(&self.once.seen_hits)
        } else {
            Cow::Owned(self.lexicon.find(part.text()))
        }
    }
}

/// Every signal in code, in order: what speaks for first.
pub(crate) const SIGNALS: &[fn(&View, &mut Tally)] = &[
    names::site_name,
    names::organ_name,
    fake_query::template_containment,
    form::form_fields,
    fake_query::rare_anchors,
    service::service_with_form,
    service::empty_under_name,
    record::record_page,
    identity::borrowed_identity,
    structure::structure_likeness,
    identity::identity_mismatch,
    facts::registered_to_another,
    facts::kit_tie,
    facts::look,
    facts::seen_text,
    fake_query::hidden_text,
    fake_query::revealed_text,
    host::host_lexical,
    host::redirect_to_official,
    facts::young_host,
    mirror::mirror,
];

/// Signals that no protected site plays a part in: run once for a page, whatever the number of sites.
pub(crate) const PAGE_SIGNALS: &[fn(&View, &mut Tally)] = &[seller::seller];

/// What speaks against; run after the rules.
pub(crate) const AGAINST: &[fn(&View, &mut Tally)] =
    &[names::own_name, service::own_brand, service::other_organ, fake_query::cites_official, host::government_host, fake_query::article];
