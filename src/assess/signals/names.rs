//! Under which name a page presents itself: the protected service, the organ, or an operator of its own.

use crate::assess::lexicon::{Group, Hit};
use crate::assess::reading::Part;
use crate::assess::shingles::Template;
use crate::assess::signals::View;
use crate::assess::signals::form::{asks_for_a_person, shown_fields};
use crate::assess::signals::service::{is_plain_title, service_in};
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Span};
use crate::model::lang::Both;

/// Share of a name's shingles from which a text bears that name (a character or two may be changed).
const BEARS: f64 = 0.75;
/// The same for a name of fewer characters than [`LONG_NAME`]: its first half is a certificate that schools teach for.
const BEARS_SHORT: f64 = 0.85;
const LONG_NAME: usize = 22;
/// A heading is no longer than this many folded characters.
const HEADING_CHARS: usize = 60;
/// Headings are looked for in this many first lines.
const HEADING_LINES: usize = 40;

/// Does `part` bear the full name, without much around it? Where.
fn bears_name(view: &View, part: &Part, most: usize) -> Option<Span> {
    if part.len() > most {
        return None;
    }
    let chars: Vec<char> = part.text().chars().collect();
    let enough = |t: &Template| if t.len() + 2 < LONG_NAME { BEARS_SHORT } else { BEARS };
    let found = view.site.name_templates.iter().map(|t| (t.best(&chars), enough(t))).filter(|(found, enough)| found.share >= *enough);
    let (found, _) = found.max_by(|a, b| a.0.share.total_cmp(&b.0.share))?;
    Some(part.span(found.from, found.to))
}

/// Lines that can be headings of the page, pictures' texts first.
pub(crate) fn headings<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Part> {
    std::iter::once(&view.reading.alts).chain(view.reading.lines.iter().take(HEADING_LINES).filter(|l| l.len() <= HEADING_CHARS))
}

/// `site_name` and `short_name`: the page's title or a heading is the protected service's name.
pub(crate) fn site_name(view: &View, tally: &mut Tally) {
    let weights = &view.weights.fake_query;
    let title = bears_name(view, &view.reading.title, 90);
    let heading = headings(view).filter(|h| !is_official_link(view, h)).find_map(|h| bears_name(view, h, 90));
    if let Some(span) = title.clone() {
        let why = Both::new(
            "网页标题就是官方平台全称，而域名不是官方",
            "the page's title is the official platform's full name, the host is not official",
        );
        tally.add(Class::FakeQuery, "site_name_title", weights.site_name_title, why, Some(span));
    }
    if let Some(span) = heading.clone() {
        let points = if title.is_some() { weights.site_name_heading } else { weights.site_name_title };
        let why = Both::new("页面标题行或图片文字使用官方平台全称", "a heading or a picture's text is the official platform's full name");
        tally.add(Class::FakeQuery, "site_name_heading", points, why, Some(span));
    }
    if title.is_some() || heading.is_some() {
        return;
    }
    if is_plain_title(view) {
        let why = Both::new(
            "网页标题就是受保护服务的简称，别无其他名称",
            "the page's title is the protected service's short name and nothing else",
        );
        tally.add(Class::FakeQuery, "service_title", weights.service_title, why, Some(view.reading.title.whole()));
        return;
    }
    let places = std::iter::once(&view.reading.title).chain(headings(view)).filter(|h| !is_official_link(view, h));
    if let Some(span) = places.filter(|p| p.len() <= HEADING_CHARS).find_map(|p| short_name_in(view, p)) {
        let why = Both::new("标题使用受保护服务的简称", "title or heading uses a short name of the protected service");
        tally.add(Class::FakeQuery, "short_name", weights.short_name, why, Some(span));
    }
}

fn short_name_in(view: &View, part: &Part) -> Option<Span> {
    service_in(view, part).map(|found| part.span_bytes(found))
}

/// Is this line the text of a link that leads to the official site? Then the name is a signpost, not a sign.
fn is_official_link(view: &View, line: &Part) -> bool {
    let raw = line.raw.trim();
    !raw.is_empty() && view.once.signposts(view.reading, view.official).iter().any(|text| text.find(raw.as_bytes()).is_some())
}

/// `organ_title`, `organ_heading`, `organ_with_form`: the ministry's own name over the page.
pub(crate) fn organ_name(view: &View, tally: &mut Tally) {
    let weights = &view.weights.fake_query;
    let title = view.site.organ_in(view.reading.title.text()).map(|at| view.reading.title.span_bytes(at));
    let heading = || {
        let lines = view.reading.lines.iter().take(HEADING_LINES).filter(|l| l.len() <= 40 && !is_official_link(view, l));
        std::iter::once(&view.reading.alts)
            .filter(|a| a.len() <= 200)
            .chain(lines)
            .find_map(|l| view.site.organ_in(l.text()).map(|at| l.span_bytes(at)))
    };
    let (signal, points, span, zh, en) = match title {
        Some(span) => ("organ_title", weights.organ_title, span, "网页标题", "the title"),
        None => match heading() {
            Some(span) => ("organ_heading", weights.organ_heading, span, "标题行或图片文字", "a heading or a picture's text"),
            None => return,
        },
    };
    let why = Both::new(format!("{zh}出现{}名称", view.site.agency), format!("{en} names {}", view.site.agency));
    tally.add(Class::FakeQuery, signal, points, why, Some(span.clone()));
    if asks_for_a_person(view) || shown_fields(view) >= 3 {
        let why = Both::new("以国家机关名义设置查询表单，索取个人信息", "a form asks for personal data under the organ's name");
        tally.add(Class::FakeQuery, "organ_with_form", weights.organ_with_form, why, Some(span));
    }
}

/// `own_name`: title, first headings or copyright line name a school, company or association, and nothing claims the official name.
pub(crate) fn own_name(view: &View, tally: &mut Tally) {
    let claims = ["site_name_title", "borrowed_identity", "organ_title"];
    if claims.iter().any(|signal| tally.has(Class::FakeQuery, signal)) {
        return;
    }
    if let Some(span) = operator(view) {
        let why = Both::new(
            "页面以自己的单位名义示人（学校、公司或协会）",
            "the page stands under an operator's own name (a school, company or association)",
        );
        tally.add(Class::FakeQuery, "own_name", view.weights.fake_query.own_name, why, Some(span));
    }
}

/// A school, company or association in title, first headings or the owner's line.
pub(crate) fn operator(view: &View) -> Option<Span> {
    let copyright = |l: &&Part| ["版权所有", "copyright", "主办单位", "主办"].iter().any(|w| l.text().contains(w)) && l.len() <= 80;
    let lines = view.reading.lines.iter();
    let places = std::iter::once(&view.reading.title)
        .chain(lines.clone().take(8).filter(|l| l.len() <= 40))
        .chain(lines.rev().take(15).filter(copyright));
    places.filter(|p| p.len() <= 80).find_map(|p| {
        let hits = view.lexicon.find(p.text());
        // `工作单位：某某有限公司` is a field of a record, and `应急管理部培训中心` is not a name of one's own.
        let field = |h: &Hit| hits.iter().any(|f| f.group == Group::RecordAny && f.at.start <= h.at.start && f.at != h.at);
        let own = |h: &&Hit| h.group == Group::Operator && !field(h) && view.site.organ_in(&p.text()[h.at.clone()]).is_none();
        hits.iter().find(own).map(|h| p.span_bytes(h.at.clone()))
    })
}
