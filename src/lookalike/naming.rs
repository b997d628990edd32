//! Which techniques a reading shows: from the tokens, the separators inside them, the edits and the borrowed letters.

use super::compiled::Compiled;
use super::cover::{Cover, Place};
use super::fuzzy::Edit;
use super::layout::{Layout, Sep};
use super::skeleton::Disguise;
use super::tokens::Form;
use super::words::Kind;

/// All techniques that the reading shows, unordered.
pub(super) fn techniques(layout: &Layout, site: &Compiled, cover: &Cover) -> Vec<&'static str> {
    let mut ids = Vec::new();
    for place in &cover.places {
        match site.tokens[place.token].form {
            Form::Joined { whole, to_end } => joined(layout, site, place, whole, to_end, &mut ids),
            Form::Gapped => gapped(layout, place, &mut ids),
            Form::Swapped => ids.push("label_swap"),
            Form::Suffix => gov_label(layout, place, &mut ids),
            _ => {}
        }
        ids.extend(place.edits.iter().flatten().map(|edit| edit_id(*edit)));
        ids.extend(disguises(layout, place));
        word(site, place, &mut ids);
    }
    whole_name(layout, site, cover, &mut ids);
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn joined(layout: &Layout, site: &Compiled, place: &Place, whole: bool, to_end: bool, ids: &mut Vec<&'static str>) {
    let token = &site.tokens[place.token];
    let separators: Vec<Sep> =
        (place.from + 1..place.to).filter(|i| token.seams >> (i - place.from) & 1 == 1).map(|i| layout.letters[i].sep).collect();
    let shown_seams = token.shown.matches('.').count();
    let (dots, hyphens) = (separators.iter().filter(|s| **s == Sep::Dot).count(), separators.iter().filter(|s| **s == Sep::Hyphen).count());
    let exact = place.edits[0].is_none();
    // `cn.com` ends the official suffix early: what follows makes it another name all the same.
    let into_suffix = place.to > layout.suffix_from && place.to >= layout.chars.len();
    let embedded = to_end && !into_suffix && (dots == shown_seams || dots + hyphens == shown_seams && place.to <= layout.root_from);
    if embedded {
        ids.push(if whole { "embedded_official_host" } else { "embedded_official_part" });
    }
    if dots == shown_seams && !to_end && place.to == layout.suffix_from {
        if !site.closed.is_empty() || shown_has_suffix(site, &token.shown) || !layout.suffix.contains('.') {
            ids.push(suffix_or_missing(site, token.shown.as_str()));
        } else {
            ids.push("suffix_changed");
        }
        if layout.suffix.len() == 2 && site.closed.iter().any(|s| ends_with_label(&token.shown, s)) {
            ids.push("foreign_gov_suffix");
        }
    } else if dots == shown_seams && !to_end && exact {
        ids.push("official_labels_only");
    }
    if hyphens > 0 {
        ids.push("dots_to_dashes");
    }
    if dots + hyphens < shown_seams && exact {
        ids.push(if into_suffix && layout.suffix_from < place.to { "missing_dot" } else { "dots_removed" });
    }
    if to_end && !into_suffix || shown_has_closed(site, &token.shown) && place.to == layout.suffix_from && hyphens > 0 {
        gov_label(layout, place, ids);
    }
    if !token.shown.contains('.') || !shown_has_suffix(site, &token.shown) {
        ids.push("official_labels_only");
        let country = site
            .hosts
            .iter()
            .any(|(_, _, suffix)| suffix.len() >= 2 && suffix.last().is_some_and(|last| layout.suffix.rsplit('.').next() == Some(last)));
        // Beside an open suffix (`osta.com.cn`) nothing is missing: another second level was taken.
        if country && place.to == layout.suffix_from && (!site.closed.is_empty() || !layout.suffix.contains('.')) {
            ids.push("gov_label_missing");
        }
    }
}

/// The official labels with one between them left out: to the suffix (`cx.mem.cn`), or `gov-cn` beside a label below it (`cx.gov-cn.com`).
fn gapped(layout: &Layout, place: &Place, ids: &mut Vec<&'static str>) {
    if place.to > layout.suffix_from {
        ids.push("gov_label_missing");
        if (place.from + 1..layout.suffix_from).all(|i| layout.letters[i].sep == Sep::None) {
            ids.push("missing_dot");
        }
    } else {
        gov_label(layout, place, ids);
    }
}

fn shown_has_suffix(site: &Compiled, shown: &str) -> bool {
    site.hosts.iter().any(|(_, _, suffix)| suffix.first().is_some_and(|first| shown.split('.').any(|label| label == first)))
}

/// Does `shown` end with the first label of `suffix` (`cx.mem.gov` of `gov.cn`)?
fn ends_with_label(shown: &str, suffix: &str) -> bool {
    shown.rsplit('.').next() == suffix.split('.').next() && shown.contains('.')
}

/// Does `shown` hold the first label of a closed official suffix, not in front?
fn shown_has_closed(site: &Compiled, shown: &str) -> bool {
    site.closed.iter().filter_map(|s| s.split('.').next()).any(|first| shown.split('.').skip(1).any(|label| label == first))
}

fn suffix_or_missing(site: &Compiled, shown: &str) -> &'static str {
    if shown_has_suffix(site, shown) { "suffix_changed" } else { "gov_label_missing" }
}

/// The official suffix's last two labels stand in one label (`gov-cn.com`).
fn gov_label(layout: &Layout, place: &Place, ids: &mut Vec<&'static str>) {
    let end = place.to.min(layout.suffix_from);
    let label_from = (0..end).rev().find(|i| *i == 0 || layout.letters[*i].sep == Sep::Dot).unwrap_or(0);
    if end >= 4 && end - label_from >= 4 {
        ids.push("gov_cn_label");
    } else if place.to < layout.suffix_from {
        ids.push("embedded_official_part");
    }
}

fn edit_id(edit: Edit) -> &'static str {
    match edit {
        Edit::Omission => "omission",
        Edit::Repetition => "repetition",
        Edit::Insertion => "insertion",
        Edit::Transposition => "transposition",
        Edit::Replacement => "replacement",
        Edit::Keyboard => "keyboard_neighbour",
        Edit::Bitsquat => "bitsquat",
        Edit::Glyph => "homoglyph",
        Edit::Digit => "digit_homoglyph",
        Edit::Sound => "fuzzy_pinyin",
        Edit::Hyphen => "hyphenation",
    }
}

fn disguises(layout: &Layout, place: &Place) -> Vec<&'static str> {
    let of = |d: Disguise| match d {
        Disguise::None => None,
        Disguise::Accent => Some("idn_accent"),
        Disguise::Cyrillic => Some("idn_cyrillic"),
        Disguise::Greek => Some("idn_greek"),
        Disguise::Other => Some("idn_confusable"),
        Disguise::Variant => Some("han_variant"),
    };
    layout.letters[place.from..place.to].iter().filter_map(|l| of(l.disguise)).collect()
}

fn word(site: &Compiled, place: &Place, ids: &mut Vec<&'static str>) {
    let token = &site.tokens[place.token];
    let initials = token.form == Form::Initials || token.form == Form::Text && token.chars.len() <= 6;
    if initials && token.shown.contains('-') {
        ids.push("service_initials");
    }
    match (token.form, token.kind) {
        (_, Kind::Filler | Kind::Official) => {}
        (Form::Han, Kind::Neighbour) => ids.extend(["han_name", "neighbour_agency"]),
        (Form::Han, _) => ids.push("han_name"),
        (_, Kind::Neighbour) => ids.push("neighbour_agency"),
        (_, Kind::English) => {}
        (_, Kind::Agency) => ids.push(if initials { "agency_initials" } else { "agency_pinyin" }),
        (_, Kind::Service) => ids.push(if initials { "service_initials" } else { "service_pinyin" }),
        (_, Kind::Licence) => ids.push(if initials { "licence_initials" } else { "licence_pinyin" }),
    }
    if token.form == Form::Blurred {
        ids.push("fuzzy_pinyin");
    }
}

fn whole_name(layout: &Layout, site: &Compiled, cover: &Cover, ids: &mut Vec<&'static str>) {
    let kinds = |wanted: &[Kind]| cover.places.iter().any(|p| wanted.contains(&site.tokens[p.token].kind));
    let has_form = |wanted: fn(Form) -> bool| cover.places.iter().any(|p| wanted(site.tokens[p.token].form));
    let official = kinds(&[Kind::Official]);
    let latin_word = cover.places.iter().any(|p| {
        let t = &site.tokens[p.token];
        matches!(t.kind, Kind::Agency | Kind::Service | Kind::Licence | Kind::Neighbour) && t.form != Form::Han
    });
    let paired = cover.places.iter().any(|p| site.tokens[p.token].kind == Kind::Official && site.tokens[p.token].form == Form::Pinyin);
    if official && latin_word || paired {
        ids.push("combosquat_pinyin");
    }
    if official && kinds(&[Kind::English]) {
        ids.push("combosquat_english");
    }
    if has_form(|f| f == Form::Han)
        && cover.places.iter().any(|p| site.tokens[p.token].form != Form::Han && site.tokens[p.token].kind != Kind::Filler)
    {
        ids.push("han_latin_mix");
    }
    if layout.suffix.starts_with("xn--") {
        ids.push("chinese_suffix");
    }
    if layout.unicode.starts_with("www") && !layout.unicode.starts_with("www.") {
        ids.push("www_glued");
    }
    if layout.private {
        ids.push("free_hosting");
    }
    let last = cover.places.iter().filter(|p| site.tokens[p.token].kind != Kind::Filler).map(|p| p.to).max().unwrap_or(0);
    if last <= layout.root_from && layout.root_from < layout.suffix_from {
        ids.push("brand_in_sublabel");
    }
}
