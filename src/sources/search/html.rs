//! An HTML result page, read by selectors.

use crate::sources::search::engine::{Engine, Marks, Spot};
use crate::sources::search::parse::{MAX_ROWS, RawRow, Seen, snippet_text, title_text};
use scraper::{ElementRef, Html, Selector};

/// Reads the rows and the marks.
pub(super) fn read(engine: &Engine, text: &str) -> Seen {
    let page = Html::parse_document(text);
    let title = Selector::parse("title").ok().and_then(|s| page.select(&s).next().map(|e| title_text(&e.text().collect::<Vec<_>>())));
    let Spot::Css(row) = &engine.row else {
        return Seen { title: String::new(), rows: Vec::new(), blocked: None, none: false, next: None };
    };
    Seen {
        title: title.unwrap_or_default(),
        rows: page.select(row).take(MAX_ROWS).map(|r| raw(engine, r)).collect(),
        blocked: shown(&engine.block, &page),
        none: shown(&engine.none, &page).is_some(),
        next: next(&engine.next, &page),
    }
}

fn raw(engine: &Engine, row: ElementRef<'_>) -> RawRow {
    let skip = engine.skip.selector.iter().any(|s| s.matches(&row) || row.select(s).next().is_some());
    let first = |spots: &[Spot], text: fn(&[&str]) -> String| {
        let texts = spots.iter().filter_map(|s| Some(text(&element(row, Some(s))?.text().collect::<Vec<_>>())));
        texts.into_iter().find(|t| !t.is_empty()).unwrap_or_default()
    };
    let urls = engine.url.iter().map(|p| element(row, p.of.as_ref())?.attr(&p.attr).map(str::to_owned)).collect();
    RawRow { skip, title: first(&engine.title, title_text), snippet: first(&engine.snippet, snippet_text), urls }
}

fn element<'a>(row: ElementRef<'a>, spot: Option<&Spot>) -> Option<ElementRef<'a>> {
    match spot {
        None => Some(row),
        Some(Spot::Css(selector)) => row.select(selector).next(),
        Some(Spot::Path(_)) => None,
    }
}

fn shown(marks: &Marks, page: &Html) -> Option<String> {
    marks.selector.iter().find(|(_, s)| page.select(s).next().is_some()).map(|(text, _)| text.clone())
}

fn next(marks: &Marks, page: &Html) -> Option<bool> {
    if marks.selector.is_empty() && marks.text.is_empty() {
        return None;
    }
    let link = Selector::parse("a[href]").ok()?;
    let said = |a: ElementRef<'_>| marks.text.iter().any(|m| a.text().any(|t| t.contains(m.as_str())));
    Some(shown(marks, page).is_some() || page.select(&link).any(said))
}
