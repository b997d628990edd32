//! Mirrors: a whole official notice on an unlisted host. Purpose unknown, so a class of its own.

use crate::assess::lexicon::{Group, first};
use crate::assess::reading::{Part, plain_span};
use crate::assess::shingles::slope;
use crate::assess::signals::View;
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;

/// Share of changed characters from which a copy counts as disguised.
const DISGUISED: f64 = 0.15;

/// Containment of a notice, its disguise, and what the copy stands under.
pub(crate) fn mirror(view: &View, tally: &mut Tally) {
    let (weights, limits) = (&view.weights.mirror, &view.weights.limits);
    let text = &view.reading.text;
    let chars = view.once.text_chars(view.reading);
    let best = view.site.notices.iter().map(|n| (n, n.template.best(chars))).max_by(|a, b| a.1.share.total_cmp(&b.1.share));
    let Some((notice, found)) = best.filter(|(_, f)| f.share >= limits.mirror_from) else { return };
    let rise = slope(found.share, limits.mirror_from, 1.0);
    let points = f64::from(weights.containment) + rise * f64::from(weights.containment_full - weights.containment);
    let percent = (found.share * 100.0).round() as i32;
    let why =
        Both::new(format!("包含官方文本“{}”的 {percent}%", notice.id), format!("holds {percent}% of the official text \"{}\"", notice.id));
    tally.add(Class::Mirror, "notice_containment", points.round() as i32, why, Some(text.span(found.from, found.to)));
    if changed(text, found.from, found.to) >= DISGUISED {
        let why = Both::new("文字经繁体、夹注或换字处理，与原文不同形", "its characters were changed (Traditional, garbled, look-alike)");
        tally.add(Class::Mirror, "disguised_text", weights.disguised, why, Some(text.span(found.from, found.to)));
    }
    if tally.has(Class::FakeQuery, "site_name_title") {
        let why = Both::new("并使用官方平台全称作标题", "and stands under the official platform's full name");
        tally.add(Class::Mirror, "under_its_name", weights.under_its_name, why, Some(view.reading.title.whole()));
    }
    foreign_links(view, tally);
    cites_source(view, tally);
}

/// Share of characters whose raw form differs from the folded one, or that carry an insertion.
fn changed(part: &Part, from: usize, to: usize) -> f64 {
    let folded: Vec<char> = part.text().chars().skip(from).take(to - from).collect();
    let differs =
        |n: &usize| part.raw[part.raw_range(from + n, from + n + 1)].chars().next().is_some_and(|c| c != folded[*n] && !c.is_ascii());
    let inserted =
        |n: &usize| part.raw_range(from + n, from + n + 2).len() > 12 && !part.raw[part.raw_range(from + n, from + n + 2)].contains('\n');
    let count = (0..folded.len()).filter(|n| differs(n) || inserted(n)).count();
    count as f64 / folded.len().max(1) as f64
}

/// Nearly all links lead to other hosts that are not official.
fn foreign_links(view: &View, tally: &mut Tally) {
    let hosts: Vec<_> = view.reading.page.links.iter().filter_map(|l| crate::assess::official::host_of(&l.url)).collect();
    let foreign = hosts.iter().filter(|h| h.registrable() != view.reading.host.registrable() && view.official.owner(h).is_none()).count();
    if hosts.len() >= 5 && foreign * 10 >= hosts.len() * 8 {
        let why = Both::new("几乎所有链接都指向无关的其他网站", "nearly all links lead to unrelated hosts");
        tally.add(Class::Mirror, "foreign_links", view.weights.mirror.foreign_links, why, None);
    }
}

/// A page that names or links its source is a reprint.
fn cites_source(view: &View, tally: &mut Tally) {
    let span = match first(&view.once.text_hits, Group::SourceLine) {
        Some(hit) => Some(view.reading.text.span_bytes(hit.at.clone())),
        None => view.leads_to_official().map(|url| plain_span("link", url)),
    };
    if span.is_some() {
        let lost = -(tally.sum(Class::Mirror) * (100 - view.weights.mirror.cites_source_percent) / 100);
        tally.add(
            Class::Mirror,
            "cites_source",
            lost,
            Both::new("注明来源或链接官方网站，属转载", "names or links its source: a reprint"),
            span,
        );
    }
}
