//! The page as the service itself: the service's name over a query form, or over nothing but scripts and pictures.
//! And what speaks against: another organ's service, a brand of its own.

use crate::assess::lexicon::{Group, Hit};
use crate::assess::reading::Part;
use crate::assess::signals::View;
use crate::assess::signals::form::{asks_for_a_person, shown_fields};
use crate::assess::signals::names::{headings, operator};
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Span};
use crate::model::lang::Both;

/// Between the subject and the word of looking up: `特种作业` ... `核验`.
const SUBJECT_TO_VERB: usize = 16;
/// Characters besides the service's name and everyday words from which a title carries a brand.
const BRAND_CHARS: usize = 2;
/// Fewer characters of text are no page.
const EMPTY_TEXT: usize = 80;

/// A short name of the service in `part`: one that the site's file lists, or a subject of it with a word of looking up after it.
pub(crate) fn service_in(view: &View, part: &Part) -> Option<std::ops::Range<usize>> {
    let text = part.text();
    let listed = view.site.short_names.iter().find_map(|name| text.find(name.as_str()).map(|at| at..at + name.len()));
    listed.or_else(|| {
        if !view.site.subjects.iter().any(|s| text.contains(s.as_str())) {
            return None;
        }
        let hits = view.hits(part);
        let verbs: Vec<&Hit> = hits.iter().filter(|h| h.group == Group::ServiceVerb).collect();
        let subject = view.site.subjects.iter().filter_map(|s| text.find(s.as_str()).map(|at| at..at + s.len()));
        subject.filter_map(|s| following(text, &s, &verbs).map(|end| s.start..end)).next()
    })
}

/// End of the first word of looking up that follows the subject closely.
fn following(text: &str, subject: &std::ops::Range<usize>, verbs: &[&Hit]) -> Option<usize> {
    let near = |h: &&&Hit| h.at.start >= subject.end && text[subject.end..h.at.start].chars().count() <= SUBJECT_TO_VERB;
    verbs.iter().filter(near).map(|h| h.at.end).min()
}

/// Characters of a title that neither the service's name nor everyday words explain.
pub(crate) fn brand_chars(view: &View, title: &Part) -> usize {
    let text = title.text();
    let mut covered = vec![false; text.len()];
    let mut cover = |range: std::ops::Range<usize>| covered[range].iter_mut().for_each(|c| *c = true);
    for hit in view.lexicon.find(text) {
        if matches!(hit.group, Group::Generic | Group::ServiceVerb | Group::Genuine) {
            cover(hit.at);
        }
    }
    let site = view.site;
    for word in site.names.iter().chain(&site.short_names).chain(&site.subjects) {
        text.match_indices(word.as_str()).for_each(|(at, w)| cover(at..at + w.len()));
    }
    text.char_indices().filter(|(at, c)| !covered[*at] && !c.is_ascii()).count()
}

/// The title is the service's short name and nothing else.
pub(crate) fn is_plain_title(view: &View) -> bool {
    let title = &view.reading.title;
    service_in(view, title).is_some() && brand_chars(view, title) < BRAND_CHARS && !names_a_host(&title.raw)
}

/// Does a title write out a host name (parked names do)?
fn names_a_host(title: &str) -> bool {
    title.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')).any(|word| {
        word.split_once('.')
            .is_some_and(|(name, rest)| name.len() >= 2 && rest.len() >= 2 && rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    })
}

/// Signals that put a page under the service's or the organ's name.
const UNDER_ITS_NAME: [&str; 6] = ["site_name_title", "site_name_heading", "service_title", "short_name", "organ_title", "organ_heading"];

/// Does the page stand under the protected name (and which finding says so)?
fn under_its_name(tally: &Tally) -> Option<Span> {
    UNDER_ITS_NAME.iter().find_map(|s| tally.findings.iter().find(|f| f.signal == *s && f.class == Class::FakeQuery)?.span.clone())
}

/// Somebody's own page: an operator's name, another organ's service, the way to the official site, an organ's registry.
pub(crate) fn somebodys_own(view: &View) -> bool {
    let reading = view.reading;
    operator(view).is_some()
        || other_organ_in(view).is_some()
        || view.leads_to_official().is_some()
        || reading.page.frames.iter().any(|f| view.official.owns_url(f))
        || reading.host.under("gov.cn")
}

/// `service_with_form`: a form that asks for a person, under the service's name, and nobody else's.
pub(crate) fn service_with_form(view: &View, tally: &mut Tally) {
    let marks = || tally.findings.iter().find(|f| f.signal == "rare_anchors").and_then(|f| f.span.clone());
    let Some(span) = under_its_name(tally).or_else(marks) else { return };
    if !(asks_for_a_person(view) || shown_fields(view) >= 3) || somebodys_own(view) {
        return;
    }
    let full = view.weights.fake_query.service_with_form;
    let branded = brand_chars(view, &view.reading.title) >= 2 * BRAND_CHARS && !tally.has(Class::FakeQuery, "borrowed_identity");
    // Who was found near one protected site and looks like another's short name only is held to more.
    let wanted = view.reading.dossier.candidate.site.as_str();
    let strangers = !wanted.is_empty() && wanted != view.site.site && !claims_in_full(tally);
    let points = match (strangers, branded) {
        (true, _) => full * 2 / 5,
        (_, true) => full * 3 / 5,
        _ => full,
    };
    let why = Both::new(
        "以受保护服务或机关的名义提供查询表单，没有自己的单位名称，也不指向官方网站",
        "a query form under the service's or the organ's name, with no operator's own name and no way to the official site",
    );
    tally.add(Class::FakeQuery, "service_with_form", points, why, Some(span));
    if let Some(span) = bureau_in(view) {
        let why = Both::new("并以地方主管部门的名义", "and under a local bureau's name");
        tally.add(Class::FakeQuery, "bureau_with_form", view.weights.fake_query.bureau_with_form, why, Some(span));
    }
}

/// The full name, the organ itself, or its identity: more than a short name that many services share.
fn claims_in_full(tally: &Tally) -> bool {
    let full = ["site_name_title", "site_name_heading", "organ_title", "organ_heading", "borrowed_identity", "rare_anchors"];
    full.iter().any(|s| tally.has(Class::FakeQuery, s))
}

/// A local bureau of the protected organ in title, heading or the owner's line.
fn bureau_in(view: &View) -> Option<Span> {
    let owners = view.reading.lines.iter().rev().take(15).filter(|l| l.len() <= 80);
    std::iter::once(&view.reading.title).chain(headings(view)).chain(owners).find_map(|p| {
        let found = view.site.bureaus.iter().find_map(|b| p.text().find(b.as_str()).map(|at| at..at + b.len()))?;
        Some(p.span_bytes(found))
    })
}

/// `empty_under_name`: under the service's name there are only scripts or pictures; what a visitor sees, plain reading cannot.
pub(crate) fn empty_under_name(view: &View, tally: &mut Tally) {
    let (reading, page) = (view.reading, view.reading.page);
    let text = reading.text.len().saturating_sub(reading.title.len());
    // What a visitor sees was read from the pictures: it need not be guessed.
    let text = text.max(reading.seen.len());
    let filled = !page.scripts.is_empty() || !page.images.is_empty() || page.html.contains("<script");
    if text >= EMPTY_TEXT || !filled || !(tally.has(Class::FakeQuery, "site_name_title") || is_plain_title(view)) {
        return;
    }
    let parked = view.once.text_hits.iter().any(|h| h.group == Group::Parked);
    if parked || asks_for_a_person(view) || somebodys_own(view) {
        return;
    }
    let why = Both::new(
        "网页以受保护服务的名称为标题，正文却只有脚本或图片，内容须渲染后才能看到",
        "the title is the protected service's name, the body holds nothing but scripts or pictures: what it shows needs rendering",
    );
    tally.add(Class::FakeQuery, "empty_under_name", view.weights.fake_query.empty_under_name, why, Some(reading.title.whole()));
}

/// Where title, first headings or the owner's line name another organ or its subject.
fn other_organ_in(view: &View) -> Option<Span> {
    let own = |text: &str, hit: &Hit| {
        let word = &text[hit.at.clone()];
        let site = view.site;
        let known = site.names.iter().chain(&site.short_names).chain(&site.subjects).chain(site.agencies());
        known.into_iter().any(|n| n.contains(word) || word.contains(n.as_str()))
    };
    let owner = |p: &&Part| ["主办", "主管", "版权所有", "copyright"].iter().any(|w| p.text().contains(w));
    let lines = view.reading.lines.iter().filter(|l| l.len() <= 80);
    let places = std::iter::once(&view.reading.title).chain(lines.clone().take(6)).chain(lines.rev().take(15).filter(owner));
    places.filter(|p| p.len() <= 120).find_map(|p| {
        let hits = view.lexicon.find(p.text());
        hits.iter().find(|h| h.group == Group::OtherOrgan && !own(p.text(), h)).map(|h| p.span_bytes(h.at.clone()))
    })
}

/// `other_organ`: the service of another organ, by its name or its subject; nothing when the page claims to be ours.
pub(crate) fn other_organ(view: &View, tally: &mut Tally) {
    let claims = ["site_name_title", "site_name_heading", "organ_title", "borrowed_identity", "rare_anchors"];
    if claims.iter().any(|s| tally.has(Class::FakeQuery, s)) {
        return;
    }
    if let Some(span) = other_organ_in(view) {
        let why = Both::new("页面属于其他部门或其他类别证书的服务", "the service is another organ's, or of another kind of certificate");
        tally.add(Class::FakeQuery, "other_organ", view.weights.fake_query.other_organ, why, Some(span));
    }
}

/// `own_brand`: besides the service's short name the title carries a brand, and nothing claims the official one.
pub(crate) fn own_brand(view: &View, tally: &mut Tally) {
    let claims = ["site_name_title", "organ_title", "borrowed_identity", "own_name", "service_title"];
    if claims.iter().any(|s| tally.has(Class::FakeQuery, s)) || service_in(view, &view.reading.title).is_none() {
        return;
    }
    if brand_chars(view, &view.reading.title) >= 2 * BRAND_CHARS {
        let why = Both::new(
            "网页标题除服务简称外另有自己的品牌或内容",
            "the title carries more than the service's name: a brand or a subject of its own",
        );
        tally.add(Class::FakeQuery, "own_brand", view.weights.fake_query.own_brand, why, Some(view.reading.title.whole()));
    }
}

#[cfg(test)]
mod tests {
    use crate::assess::signals::trial::{points, said, trial};

    const FIELDS: [&str; 3] = ["证件号码", "姓名", "验证码"];

    #[test]
    fn a_subject_and_a_word_of_looking_up_are_the_services_name() {
        let told = trial("特种作业人员证件信息核验系统", "").form(&FIELDS).assess();
        assert!(points(&told, "service_title") > 0 && points(&told, "service_with_form") > 0, "{}", said(&told));
        assert!(told.scores.fake_query >= 60, "{}", said(&told));
        let talk = trial("特种作业人员安全培训", "").form(&FIELDS).assess();
        assert_eq!(points(&talk, "service_with_form"), 0, "{}", said(&talk));
    }

    #[test]
    fn an_operators_another_organs_and_a_linked_page_are_somebodys_own() {
        for own in [
            trial("特种作业操作证查询", "江北安全技术培训学校").form(&FIELDS),
            trial("特种作业操作证查询", "某省住房和城乡建设厅").form(&FIELDS),
            trial("特种作业操作证查询", "").form(&FIELDS).link("https://cx.mem.gov.cn/"),
        ] {
            let told = own.assess();
            assert_eq!(points(&told, "service_with_form"), 0, "{}", said(&told));
            assert!(told.scores.fake_query < 60, "{}", said(&told));
        }
    }

    #[test]
    fn a_local_bureaus_name_over_the_form_counts() {
        let told = trial("特种作业操作证查询", "某某市应急管理局").form(&FIELDS).assess();
        assert!(points(&told, "bureau_with_form") > 0, "{}", said(&told));
    }

    #[test]
    fn a_shell_under_the_name_alerts_and_a_parked_or_written_page_does_not() {
        let shell = trial("特种作业操作证查询平台", "").html("<div id=app></div><script src=a.js></script>").assess();
        assert!(points(&shell, "empty_under_name") > 0 && shell.scores.fake_query >= 60, "{}", said(&shell));
        for other in
            [trial("特种作业操作证查询平台", "网站建设中"), trial("特种作业操作证查询 - cx-tz.cn", "加载中"), trial("安全知识学习平台", "")]
        {
            let told = other.html("<script src=a.js></script>").assess();
            assert_eq!(points(&told, "empty_under_name"), 0, "{}", said(&told));
        }
    }

    #[test]
    fn a_brand_beside_the_short_name_speaks_against() {
        let told = trial("特种作业操作证查询的三种妙招分享", "").assess();
        assert_eq!(points(&told, "service_title"), 0);
        assert!(points(&told, "own_brand") < 0, "{}", said(&told));
    }
}
