//! `jianwei rules check`: every file loads, every rule and technique does what its own examples say, and all are silent on pages that mean no harm.

use crate::assess::{QuietPage, Rules, dossier_of};
use crate::capture;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, say};
use crate::lookalike::Watchlist;
use crate::model::assessment::Verdict;
use crate::model::host::Host;
use crate::model::page::Page;
use crate::model::time::Timestamp;
use crate::sources;
use include_dir::{Dir, include_dir};
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

/// Harmless pages that we wrote, shipped so that a unit's own rule is tried on them too.
static BENIGN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/pages/benign");
/// Pages as the official site shows them, served here under its own name.
static OFFICIAL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/pages/official");

/// Which of our pages stands on which host, as the loopback internet serves them.
const HOSTS: &str = include_str!("../../tests/pages/sites.toml");

/// One thing that is wrong.
struct Wrong {
    file: String,
    what: String,
}

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let book = RuleBook::read(&context.settings, context.lang)?;
    let mut wrong: Vec<Wrong> = book.errors.iter().map(|e| told(e.to_string())).collect();
    wrong.extend(sources::check_engines(&book.files).iter().map(|e| told(e.to_string())));
    wrong.extend(names(&book));
    let (rules, errors) = Rules::load(&book.sites, &book.files);
    wrong.extend(errors.iter().map(|e| told(e.to_string())));
    wrong.extend(pages(&rules, &book));
    let (count, examples) = rules.count();
    for w in &wrong {
        show(context, w)?;
    }
    let lang = context.lang;
    if !context.json {
        say::line(&lang.pick(
            format!(
                "规则文件 {} 个，检测规则 {count} 条（样例 {examples} 个），正常网页 {} 个：问题 {}",
                book.files.len(),
                quiet().len(),
                wrong.len()
            ),
            format!(
                "{} files, {count} detection rules ({examples} examples), {} harmless pages: {} wrong",
                book.files.len(),
                quiet().len(),
                wrong.len()
            ),
        ))?;
    }
    Ok(if wrong.is_empty() { Exit::Done } else { Exit::CheckFailed })
}

fn told(line: String) -> Wrong {
    Wrong { file: String::new(), what: line }
}

fn show(context: &Context, w: &Wrong) -> Result<(), Failure> {
    if context.json {
        return say::json(&json!({"schema": "rules-check/1", "file": w.file, "wrong": w.what}));
    }
    let at = if w.file.is_empty() { String::new() } else { format!("{}: ", w.file) };
    say::line(&format!("{at}{}", w.what))
}

fn names(book: &RuleBook) -> Vec<Wrong> {
    match Watchlist::load(&book.sites, &book.files) {
        Err(errors) => errors.iter().map(|e| told(e.to_string())).collect(),
        Ok(list) => list
            .check_examples()
            .into_iter()
            .map(|(file, example, what)| Wrong { file, what: format!("example `{example}`: {what}") })
            .collect(),
    }
}

fn pages(rules: &Rules, book: &RuleBook) -> Vec<Wrong> {
    let quiet = quiet();
    let mut wrong: Vec<Wrong> = rules
        .check(&extract, &quiet)
        .into_iter()
        .filter(|r| r.wrong)
        .map(|r| Wrong { file: r.file, what: format!("{}: {}", r.rule, r.what) })
        .collect();
    let now = Timestamp::from_millis(0);
    for page in &quiet {
        let a = rules.assess(&dossier(page), now);
        if a.review {
            wrong.push(Wrong { file: page.name.clone(), what: format!("a harmless page is scored {:?}", a.scores) });
        }
    }
    for (_, site) in &book.sites {
        for (name, html) in files(&OFFICIAL) {
            let Ok(host) = Host::parse(&site.id) else { continue };
            let a = rules.assess(&dossier(&QuietPage { name: name.clone(), host, html }), now);
            if a.class != Verdict::Official {
                wrong.push(Wrong { file: name, what: format!("on {} itself it is not official", site.id) });
            }
        }
    }
    wrong
}

fn dossier(page: &QuietPage) -> crate::model::dossier::Dossier {
    let url = format!("http://{}/", page.host.for_url());
    dossier_of(page.host.clone(), url, extract(page.host.as_str(), &page.html))
}

fn extract(host: &str, html: &[u8]) -> Page {
    let base = Url::parse(&format!("http://{host}/")).or_else(|_| Url::parse("http://example.com/")).expect("a fixed address");
    capture::extract(html, None, &base)
}

fn quiet() -> Vec<QuietPage> {
    let hosts = hosts();
    let host = |name: &str| hosts.get(&format!("benign/{name}")).map_or("page.example.com", String::as_str);
    let page = |(name, html): (String, Vec<u8>)| Host::parse(host(&name)).ok().map(|host| QuietPage { name, host, html });
    files(&BENIGN).into_iter().filter_map(page).collect()
}

/// Page file to host.
fn hosts() -> BTreeMap<String, String> {
    let table: toml::Table = HOSTS.parse().unwrap_or_default();
    let mut hosts = BTreeMap::new();
    for site in table.get("site").and_then(toml::Value::as_array).into_iter().flatten() {
        let host = site.get("host").and_then(toml::Value::as_str).unwrap_or_default();
        for route in site.get("route").and_then(toml::Value::as_array).into_iter().flatten() {
            if let Some(file) = route.get("file").and_then(toml::Value::as_str) {
                hosts.insert(file.to_owned(), host.to_owned());
            }
        }
    }
    hosts
}

fn files(dir: &Dir<'_>) -> Vec<(String, Vec<u8>)> {
    dir.files().map(|f| (f.path().to_string_lossy().into_owned(), f.contents().to_vec())).collect()
}
