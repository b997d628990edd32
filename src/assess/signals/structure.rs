//! Structure: how the official page nests its blocks, whatever words stand in them.
//! One linear walk over the tags of the source; only class names and ids of open elements are kept.

use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;

/// Most bytes of source walked, tags looked at, and elements kept open.
const MAX_SOURCE: usize = 1 << 20;
const MAX_TAGS: usize = 50_000;
const MAX_OPEN: usize = 256;
/// Share of the official chains from which the structure is alike.
const ALIKE: f64 = 0.5;
/// Elements that never close.
const VOID: [&str; 9] = ["br", "img", "input", "meta", "link", "hr", "area", "base", "col"];

/// `structure_likeness`: half or more of the chains of nested blocks that the site's file lists.
pub(crate) fn structure_likeness(view: &View, tally: &mut Tally) {
    let chains = &view.site.nesting;
    let html = &view.reading.page.html;
    if chains.is_empty() || html.is_empty() {
        return;
    }
    let found = nested(html, chains);
    let share = found.len() as f64 / chains.len() as f64;
    let Some(first) = found.first().filter(|_| share >= ALIKE) else { return };
    let points = (f64::from(view.weights.fake_query.structure_likeness) * share).round() as i32;
    let why = Both::new(
        format!("页面区块的嵌套与官方页面一致（{} 条路径中的 {} 条）", chains.len(), found.len()),
        format!("blocks nest as on the official page ({} of {} paths)", found.len(), chains.len()),
    );
    tally.add(Class::FakeQuery, "structure_likeness", points, why, Some(plain_span("mark", &first.join(" > "))));
}

/// The chains whose classes are nested in this order (others may stand between) somewhere in the source.
fn nested<'c>(html: &str, chains: &'c [Vec<String>]) -> Vec<&'c Vec<String>> {
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let mut found: Vec<&Vec<String>> = Vec::new();
    for tag in tags(html).take(MAX_TAGS) {
        if let Some(name) = tag.strip_prefix('/') {
            let name = word(name);
            if let Some(at) = open.iter().rposition(|(n, _)| *n == name) {
                open.truncate(at);
            }
            continue;
        }
        let name = word(tag);
        let marks = marks(tag);
        for chain in chains.iter().filter(|c| c.last().is_some_and(|last| marks.contains(last))) {
            if !found.contains(&chain) && is_under(&open, &chain[..chain.len() - 1]) {
                found.push(chain);
            }
        }
        if !VOID.contains(&name.as_str()) && !tag.ends_with('/') && open.len() < MAX_OPEN {
            open.push((name, marks));
        }
    }
    found
}

/// Do the open elements bear these classes in this order?
fn is_under(open: &[(String, Vec<String>)], chain: &[String]) -> bool {
    let mut wanted = chain.iter().peekable();
    for (_, marks) in open {
        while wanted.peek().is_some_and(|w| marks.contains(w)) {
            wanted.next();
        }
    }
    wanted.peek().is_none()
}

/// What stands between `<` and `>`, comments and text left out.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    let mut end = html.len().min(MAX_SOURCE);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html[..end].split('<').skip(1).filter_map(|t| t.split_once('>').map(|(tag, _)| tag)).filter(|t| {
        t.starts_with(|c: char| c.is_ascii_alphabetic())
            || t.strip_prefix('/').is_some_and(|t| t.starts_with(|c: char| c.is_ascii_alphabetic()))
    })
}

fn word(tag: &str) -> String {
    tag.chars().take_while(|c| c.is_ascii_alphanumeric()).take(20).collect::<String>().to_ascii_lowercase()
}

/// Classes and id of a tag, lower case.
fn marks(tag: &str) -> Vec<String> {
    let lower = tag.get(..tag.len().min(2_000)).unwrap_or("").to_lowercase();
    ["class=", "id="]
        .iter()
        .filter_map(|key| lower.split_once(key).map(|(_, rest)| value(rest)))
        .flat_map(|v| v.split_whitespace().take(16).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn value(rest: &str) -> &str {
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or(""),
        _ => rest.split_whitespace().next().unwrap_or(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains() -> Vec<Vec<String>> {
        ["main slot query", "query pic"].iter().map(|c| c.split(' ').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn chains_are_found_through_other_elements_in_any_case_and_quoting() {
        let html = "<div class='x main'><p><div id=slot><br><section class=\"QUERY y\"><img class=pic></section></div></div>";
        assert_eq!(nested(html, &chains()).len(), 2);
    }

    #[test]
    fn the_same_classes_beside_each_other_or_in_another_order_are_no_chain() {
        assert_eq!(nested("<div class=main></div><div class=slot></div><div class=query></div><i class=pic></i>", &chains()).len(), 0);
        assert_eq!(nested("<div class=query><div class=slot><div class=main></div></div></div>", &chains()).len(), 0);
        assert_eq!(nested("text that speaks of <main> slot query", &chains()).len(), 0);
    }
}
