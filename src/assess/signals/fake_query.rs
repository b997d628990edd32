//! What copies of the query site carry over: its words, its rare marks; and what guides and news have instead.

use crate::assess::anchors::ASKS;
use crate::assess::lexicon::Group;
use crate::assess::reading::{Part, plain_span};
use crate::assess::shingles::slope;
use crate::assess::signals::View;
use crate::assess::signals::form::{query_form, revealed_fields};
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;

/// `template_containment`: the best of all epochs' templates, each with its own weight.
pub(crate) fn template_containment(view: &View, tally: &mut Tally) {
    let limits = &view.weights.limits;
    let mut best: Option<(f64, f64, &str, &str, crate::model::assessment::Span)> = None;
    for (part, chars) in view.once.parts(view.reading) {
        for baseline in &view.site.baselines {
            let found = baseline.template.best(chars);
            let stretch = &part.text()[part.byte_of(found.from)..part.byte_of(found.to)];
            let half = if baseline.asks && !stretch.contains(ASKS) { 0.5 } else { 1.0 };
            let worth = half * baseline.weight * slope(found.share, limits.containment_from, limits.containment_full);
            if worth > 0.0 && best.as_ref().is_none_or(|(most, ..)| worth > *most) {
                best = Some((worth, found.share, &baseline.id, &baseline.epoch, part.span(found.from, found.to)));
            }
        }
    }
    let Some((worth, share, id, epoch, span)) = best else { return };
    let points = (worth * f64::from(view.weights.fake_query.template_containment)).round() as i32;
    let percent = (share * 100.0).round() as i32;
    let why = Both::new(
        format!("包含官方页面模板“{id}”（{epoch}）文字的 {percent}%（归一化后三字片段）"),
        format!("holds {percent}% of the official template \"{id}\" ({epoch}), by three-character shingles after normalisation"),
    );
    tally.add(Class::FakeQuery, "template_containment", points, why, Some(span));
}

/// `rare_anchors`: class names, paths, parameters or tracker ids of the official pages in marks, source, scripts, addresses, form targets.
pub(crate) fn rare_anchors(view: &View, tally: &mut Tally) {
    let seen = view.once.rare(|| view.rare.seen(sources(view).map(|(_, text)| text)));
    if !view.rare.any_of(&view.site.site, seen) {
        return;
    }
    // A mark that the reader sees is spoken of (a program printed in a blog), not carried.
    let shown: std::collections::HashSet<_> = view.site.rare_set.find_iter(&view.reading.text.raw).map(|hit| hit.pattern()).collect();
    let mut seen: Vec<(String, &str)> = Vec::new();
    for (part, text) in sources(view) {
        for hit in view.site.rare_set.find_iter(text).take(200) {
            let mark = view.site.rare[hit.pattern().as_usize()].clone();
            let quoted = part == "html" && (shown.contains(&hit.pattern()) || is_quoted_official(view, text, hit.start()));
            if !quoted && !seen.iter().any(|(m, _)| *m == mark) {
                seen.push((mark, part));
            }
        }
    }
    let Some((_, part)) = seen.first().cloned() else { return };
    let points = view.weights.fake_query.rare_anchors + if seen.len() > 1 { view.weights.fake_query.rare_more } else { 0 };
    let names: Vec<&str> = seen.iter().map(|(m, _)| m.as_str()).collect();
    let why = Both::new(
        format!("源码中有官方页面独有的标记：{}", names.join("、")),
        format!("the source carries marks of the official pages: {}", names.join(", ")),
    );
    tally.add(Class::FakeQuery, "rare_anchors", points, why, Some(plain_span(part, names[0])));
}

/// All that a mark of the official pages may stand in: addresses, source, marks, scripts, form targets, identifiers, links to others.
fn sources<'v>(view: &'v View) -> impl Iterator<Item = (&'static str, &'v str)> {
    let page = view.reading.page;
    let marks = page.marks.iter().map(|m| ("mark", m.as_str()));
    let scripts = page.scripts.iter().chain(&page.styles).map(|s| ("script", s.as_str()));
    let actions =
        page.forms.iter().flat_map(|f| std::iter::once(&f.action).chain(f.fields.iter().map(|i| &i.name))).map(|a| ("form", a.as_str()));
    let ids = page.identifiers.iter().map(|i| ("identifier", i.value.as_str()));
    let links = view.once.links(view.reading, view.official);
    let own_links = links.filter(|(_, official)| !official).map(|(l, _)| ("link", l.url.as_str()));
    let own = [("url", view.reading.url.as_str()), ("html", page.html.as_str())];
    own.into_iter().chain(marks).chain(scripts).chain(actions).chain(ids).chain(own_links)
}

/// An address of the official site written out on the page (a link, a guide, program code) is a citation.
fn is_quoted_official(view: &View, html: &str, at: usize) -> bool {
    let from = html[..at].char_indices().rev().take(120).last().map_or(0, |(n, _)| n);
    let before = &html[from..at];
    before.rfind("://").is_some_and(|scheme| {
        let address: String = before[scheme + 3..].chars().take_while(|c| !matches!(c, '/' | '"' | '\'' | '<' | ' ' | '?')).collect();
        crate::model::host::Host::parse(&address).is_ok_and(|host| view.official.owner(&host).is_some())
            && !before[scheme + 3..].contains(['"', '\'', '<', ' ', '\n'])
    })
}

/// `hidden_text`: the protected names where no visitor sees them.
pub(crate) fn hidden_text(view: &View, tally: &mut Tally) {
    let hidden = &view.reading.hidden;
    let names = view.site.names.iter().chain(&view.site.short_names);
    let Some(found) = names.filter_map(|n| hidden.text().find(n.as_str()).map(|at| at..at + n.len())).next() else { return };
    let why = Both::new("受保护名称出现在访客看不见的文字中", "the protected name stands in text that no visitor can see");
    tally.add(Class::FakeQuery, "hidden_text", view.weights.fake_query.hidden_text, why, Some(hidden.span_bytes(found)));
}

/// `revealed_text`: the protected names or the form's words are written by script or style sheet, so that plain readers miss them.
pub(crate) fn revealed_text(view: &View, tally: &mut Tally) {
    let revealed = &view.reading.revealed;
    let names = view.site.names.iter().chain(&view.site.short_names);
    let Some(found) = names.filter_map(|n| revealed.text().find(n.as_str()).map(|at| at..at + n.len())).next() else { return };
    let plain = view.site.short_names.iter().any(|n| view.reading.text.text().contains(n.as_str()));
    if !plain && revealed_fields(view) >= 3 {
        let why = Both::new(
            "受保护名称和表单字段由脚本或样式表写出，绕过普通抓取",
            "the protected name and the form's fields are written by script or style sheet, past plain readers",
        );
        tally.add(Class::FakeQuery, "revealed_text", view.weights.fake_query.revealed_text, why, Some(revealed.span_bytes(found)));
    }
}

/// `cites_official`: it sends its reader to the official site, and does not itself stand under the official name.
pub(crate) fn cites_official(view: &View, tally: &mut Tally) {
    if tally.has(Class::FakeQuery, "site_name_title") || tally.has(Class::FakeQuery, "rare_anchors") {
        return;
    }
    if let Some(url) = view.leads_to_official() {
        let why = Both::new("页面链接指向官方网站", "the page links to an official site");
        tally.add(Class::FakeQuery, "cites_official", view.weights.fake_query.cites_official, why, Some(plain_span("link", url)));
    }
}

/// `article`: a guide, notice or news story with no query form keeps only part of its points.
pub(crate) fn article(view: &View, tally: &mut Tally) {
    let sum = tally.sum(Class::FakeQuery);
    let leads = view.leads_to_official().is_some();
    let told = view.once.distinct(Group::Guide) + view.once.distinct(Group::Reporting) >= 3;
    let record = tally.has(Class::FakeQuery, "record_page") && !leads && !told && prose(view) < view.weights.limits.prose_chars;
    let carried = record || ["rare_anchors", "borrowed_identity"].iter().any(|s| tally.has(Class::FakeQuery, s));
    if sum <= 0 || carried || query_form(view).is_some() {
        return;
    }
    let Some((zh, en)) = article_shape(view) else { return };
    let lost = -(sum * (100 - view.weights.fake_query.article_percent) / 100);
    let why = Both::new(format!("{zh}，且没有查询表单"), format!("{en}, and there is no query form"));
    tally.add(Class::FakeQuery, "article", lost, why, None);
}

/// Why the page reads like an article. `None`: it does not.
fn article_shape(view: &View) -> Option<(&'static str, &'static str)> {
    let prose = prose(view);
    let guide = view.once.distinct(Group::Guide);
    let reporting = view.once.distinct(Group::Reporting);
    if view.leads_to_official().is_some() && (prose > 60 || guide > 0 || reporting > 0 || view.reading.page.links.len() >= 8) {
        return Some(("页面是链接官方网站的介绍或导航", "the page is a guide or directory that links to the official site"));
    }
    if prose >= view.weights.limits.prose_chars {
        return Some(("页面以成段文字为主，是文章形态", "the page is mostly prose: an article"));
    }
    let source = view.once.distinct(Group::SourceLine);
    let told = guide + reporting + source;
    let sentences = view.reading.lines.iter().filter(|l| l.len() >= 12 && l.raw.contains(['。', '？', '！'])).count();
    ((told >= 3 && prose > 30) || (told >= 2 && sentences >= 3) || (told >= 2 && prose > 60))
        .then_some(("页面是查询指南或新闻报道", "the page is a guide or a news story"))
}

/// Characters in long lines that are no official text.
pub(crate) fn prose(view: &View) -> usize {
    view.reading.lines.iter().filter(|l| l.len() > 30 && !l.raw.contains('\t') && !is_template_line(view, l)).map(Part::len).sum()
}

/// Is this line itself one of the official texts?
fn is_template_line(view: &View, line: &Part) -> bool {
    let chars: Vec<char> = line.text().chars().collect();
    let shingles = chars.len().saturating_sub(2).max(1) as f64;
    view.site.baselines.iter().chain(&view.site.notices).any(|b| {
        let found = b.template.best(&chars);
        found.share * b.template.len() as f64 / shingles >= 0.6
    })
}
