//! What is asked: the query lists of `rules/queries/`, expanded for each protected site and each confirmed copy. Data, one file a list.

use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;
use crate::sources::Known;
use crate::sources::search::engine::{Engine, Kind};
use crate::sources::words::both;
use serde::Deserialize;

/// Confirmed copies that are searched for.
const MAX_KNOWN: usize = 50;
/// Queries of one source; more would not come round in a day.
const MAX_QUERIES: usize = 2_000;

/// One file of `rules/queries/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    id: String,
    /// For people.
    #[expect(dead_code, reason = "says to people what the list is for")]
    about: String,
    /// Protected sites (ids) it is for; none: every one.
    #[serde(default)]
    sites: Vec<String>,
    /// Texts with `{name}`, `{agency}`, `{host}` of the site, `{fake_host}` and `{mark}` of confirmed copies.
    queries: Vec<String>,
}

/// Reads every list among `files`.
///
/// # Errors
/// [`RuleError`] for the first that is wrong.
pub(crate) fn read(files: &[RuleFile]) -> Result<Vec<List>, RuleError> {
    ours(files).map(one).collect()
}

/// What is wrong with the lists among `files`: one line each.
pub fn check_queries(files: &[RuleFile]) -> Vec<RuleError> {
    ours(files).filter_map(|file| one(file).err()).collect()
}

fn ours(files: &[RuleFile]) -> impl Iterator<Item = &RuleFile> {
    files.iter().filter(|f| f.path.starts_with("queries/") && f.path.ends_with(".toml"))
}

fn one(file: &RuleFile) -> Result<List, RuleError> {
    let list: List = file.parse()?;
    if file.path != format!("queries/{}.toml", list.id) {
        return Err(file.error_near("id", both(format!("the id `{}` must be the file's name without `.toml`", list.id))));
    }
    if list.queries.is_empty() {
        return Err(file.error_near("queries", both("a list needs at least one query")));
    }
    match list.queries.iter().find(|q| q.trim().is_empty() || q.len() > 500 || left_over(q)) {
        Some(wrong) if left_over(wrong) => {
            let places = "a query has no other places than {name}, {agency}, {host}, {tree}, {fake_host}, {mark}";
            Err(file.error_near(wrong, both(places)))
        }
        Some(_) => Err(file.error_near("queries", both("a query has 1 to 500 bytes"))),
        None => Ok(list),
    }
}

fn left_over(query: &str) -> bool {
    ["{name}", "{agency}", "{host}", "{tree}", "{fake_host}", "{mark}"]
        .iter()
        .fold(query.to_owned(), |q, p| q.replace(p, ""))
        .contains(['{', '}'])
}

/// Every query with the site for whose sake it is asked: the site's own first, then the lists', then what is known of copies.
pub(super) fn expand(engine: &Engine, sites: &[Site], lists: &[List], known: &Known) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    for site in sites {
        let texts: Vec<&String> = match engine.kind {
            Kind::Assets => engine.queries.iter().collect(),
            Kind::Search => {
                let of_lists = lists.iter().filter(|l| l.sites.is_empty() || l.sites.contains(&site.id)).flat_map(|l| &l.queries);
                site.queries.iter().chain(of_lists).collect()
            }
        };
        for text in texts {
            out.extend(filled(text, site, known).into_iter().map(|q| (q, Some(site.id.clone()))));
        }
        let own = known.asked.iter().filter(|(id, _, of)| *id == engine.id && *of == site.id);
        out.extend(own.take(MAX_KNOWN).map(|(_, q, _)| (q.clone(), Some(site.id.clone()))));
    }
    out.truncate(MAX_QUERIES);
    out
}

fn filled(text: &str, site: &Site, known: &Known) -> Vec<String> {
    let tree = site.trees.first().unwrap_or(&site.id);
    let base = text.replace("{name}", &site.name).replace("{agency}", &site.agency).replace("{host}", &site.id).replace("{tree}", tree);
    for (place, values) in [("{fake_host}", &known.hosts), ("{mark}", &known.marks)] {
        if base.contains(place) {
            let of_site = values.iter().filter(|(_, s)| *s == site.id).take(MAX_KNOWN);
            return of_site.map(|(value, _)| base.replace(place, value)).collect();
        }
    }
    vec![base]
}

/// The environment variable that holds an engine's key, where the settings name no other: `JIANWEI_FOFA_KEY`.
pub fn key_env(engine: &str) -> String {
    let name: String = engine.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("JIANWEI_{name}_KEY")
}
