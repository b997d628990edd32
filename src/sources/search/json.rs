//! A JSON answer, read by dotted paths; a list on the way means each of its members.

use crate::sources::search::depth::too_deep;
use crate::sources::search::engine::{Engine, Marks, Spot, Verdict};
use crate::sources::search::parse::{MAX_ROWS, RawRow, Seen, snippet_text, title_text};
use scraper::Html;
use serde_json::Value;

/// Of one value; more is cut before it is looked at.
const MAX_TEXT_CHARS: usize = 8_000;

/// Reads the rows and the marks.
///
/// # Errors
/// It is no JSON.
pub(super) fn read(engine: &Engine, text: &str) -> Result<Seen, String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let answer: Value = match &engine.embedded {
        Some(scripts) if text.starts_with('<') => in_scripts(scripts, text)?,
        None if text.starts_with('<') => return Err("HTML where the engine gives JSON".into()),
        _ => serde_json::from_str(text).map_err(|e| format!("the answer is no whole JSON: {e}"))?,
    };
    let said = engine.ok.as_ref().and_then(|ok| verdict(ok, &answer));
    if let Some((why, false)) = said {
        return Err(why);
    }
    let next = (!engine.next.json.is_empty()).then(|| shown(&engine.next, &answer).is_some());
    let rows = match &engine.row {
        Spot::Path(path) if engine.rows_are_text => {
            let texts = members(&answer, path).into_iter().take(MAX_ROWS).filter_map(Value::as_str);
            texts.filter_map(|t| serde_json::from_str::<Value>(t).ok()).map(|row| raw(engine, &row)).collect()
        }
        Spot::Path(path) => members(&answer, path).into_iter().take(MAX_ROWS).map(|row| raw(engine, row)).collect(),
        Spot::Css(_) => Vec::new(),
    };
    Ok(Seen {
        title: String::new(),
        rows,
        blocked: said.map(|(why, _)| why).or_else(|| shown(&engine.block, &answer)),
        none: shown(&engine.none, &answer).is_some() || is_empty_list(engine, &answer),
        next,
    })
}

/// The JSON of a page's scripts, under `scripts`.
fn in_scripts(selector: &scraper::Selector, text: &str) -> Result<Value, String> {
    if too_deep(text.as_bytes()) {
        return Err("its elements nest beyond measure: not read".into());
    }
    let page = Html::parse_document(text);
    let scripts = page.select(selector).take(MAX_ROWS).filter_map(|s| serde_json::from_str(&s.text().collect::<String>()).ok());
    let scripts: Vec<Value> = scripts.collect();
    if scripts.is_empty() {
        return Err("the page has none of the scripts that hold its results: its page has changed, or this is no result page".into());
    }
    Ok(serde_json::json!({ "scripts": scripts }))
}

/// What the engine says of an answer that is none, and whether it is a refusal. `None`: it is one.
fn verdict(ok: &Verdict, answer: &Value) -> Option<(String, bool)> {
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    let shown = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let found = members(answer, &path(&ok.path)).first().map(|v| shown(v));
    if found.as_ref().map_or(ok.missing, |f| ok.is.contains(f)) {
        return None;
    }
    let words: String = members(answer, &path(&ok.say))
        .first()
        .map(|v| shown(v))
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    let found: String = found.unwrap_or_default().chars().take(60).collect();
    let refused = ok.refused.iter().any(|r| *r == found || (!r.is_empty() && words.contains(r.as_str())));
    Some((format!("the engine says {} = {found}: {words}", ok.path), refused))
}

/// The list of rows is there and has no member: the JSON form of no results.
fn is_empty_list(engine: &Engine, answer: &Value) -> bool {
    let Spot::Path(path) = &engine.row else { return false };
    let mut at = answer;
    for part in path {
        match at.get(part) {
            Some(inner) => at = inner,
            None => return false,
        }
    }
    at.as_array().is_some_and(Vec::is_empty)
}

fn raw(engine: &Engine, row: &Value) -> RawRow {
    let first = |spots: &[Spot], text: fn(&[&str]) -> String| {
        spots.iter().filter_map(|s| Some(text(&[&plain(&string(row, s)?)]))).find(|t| !t.is_empty()).unwrap_or_default()
    };
    let urls = engine.url.iter().map(|p| {
        let at = p.of.as_ref().map_or_else(|| Some(row), |s| value(row, s))?;
        let path: Vec<String> = p.attr.split('.').map(str::to_owned).collect();
        members(at, &path).first()?.as_str().map(plain)
    });
    RawRow { skip: false, urls: urls.collect(), title: first(&engine.title, title_text), snippet: first(&engine.snippet, snippet_text) }
}

fn value<'a>(row: &'a Value, spot: &Spot) -> Option<&'a Value> {
    if let Spot::Path(path) = spot { members(row, path).first().copied() } else { None }
}

fn string(row: &Value, spot: &Spot) -> Option<String> {
    value(row, spot)?.as_str().map(str::to_owned)
}

/// All values at `path`.
fn members<'a>(value: &'a Value, path: &[String]) -> Vec<&'a Value> {
    let mut here = vec![value];
    for part in path {
        let number = part.parse::<usize>().ok();
        let step = |v: &'a Value| match (v.as_array(), number) {
            (Some(list), Some(n)) => list.get(n).into_iter().collect::<Vec<_>>(),
            _ => spread(v).into_iter().filter_map(|v| v.get(part)).collect(),
        };
        here = here.into_iter().flat_map(step).take(10 * MAX_ROWS).collect();
    }
    here.into_iter().flat_map(spread).collect()
}

fn spread(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().take(10 * MAX_ROWS).collect())
}

/// Text that an engine sends HTML-escaped or with highlight tags, without them.
fn plain(text: &str) -> String {
    let text: String = text.chars().take(MAX_TEXT_CHARS).collect();
    if !text.contains(['<', '&']) || too_deep(text.as_bytes()) {
        return text;
    }
    Html::parse_fragment(&text).root_element().text().collect()
}

fn shown(marks: &Marks, answer: &Value) -> Option<String> {
    marks.json.iter().find_map(|path| {
        let found = members(answer, path).into_iter().find(|v| speaks(v))?;
        let said: String = found.to_string().chars().take(120).collect();
        Some(format!("{} = {said}", path.join(".")))
    })
}

fn speaks(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}
