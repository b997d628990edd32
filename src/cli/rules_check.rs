//! `jianwei rules check`: every file loads, every rule and technique does what its own examples say, and all are silent on pages that mean no harm.

use crate::assess::{self, QuietPage, Remark, Rules, dossier_of};
use crate::capture;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, say};
use crate::lookalike::Watchlist;
use crate::model::assessment::Verdict;
use crate::model::host::Host;
use crate::model::lang::{Both, Lang};
use crate::model::page::Page;
use crate::model::rulefile::RuleError;
use crate::model::time::Timestamp;
use crate::referral::Platforms;
use crate::sources;
use include_dir::{Dir, include_dir};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;
use url::Url;

/// Harmless pages that we wrote, shipped so that a unit's own rule is tried on them too.
static BENIGN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/pages/benign");
/// Pages as the official site shows them, served here under its own name.
static OFFICIAL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/pages/official");

/// Which of our pages stands on which host, as the loopback internet serves them.
const HOSTS: &str = include_str!("../../tests/pages/sites.toml");

/// A rule that takes longer than this on a page of 60 KB is slow, in microseconds (all the shipped rules together take less).
const SLOW_US: u64 = 3_000;
/// Bytes of the page that rules are timed on.
const TIMED_BYTES: usize = 60 << 10;

/// One thing that is wrong, or worth a word.
struct Told {
    file: String,
    what: Both,
    wrong: bool,
}

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let book = RuleBook::read(&context.settings, context.lang)?;
    let mut told: Vec<Told> = book.errors.iter().map(error).collect();
    told.extend(sources::check_engines(&book.files).iter().map(error));
    told.extend(capture::Paths::load(&book.files).err().iter().flatten().map(error));
    told.extend(sources::check_queries(&book.files).iter().map(error));
    told.extend(names(&book));
    told.extend(Platforms::load(&book.files).err().as_ref().map(error));
    let (rules, errors) = Rules::load(&book.sites, &book.files);
    told.extend(errors.iter().map(error));
    told.extend(pages(&rules, &book));
    told.extend(slow(&book));
    for one in &told {
        show(context, one)?;
    }
    let wrong = told.iter().filter(|t| t.wrong).count();
    summary(context, &book, &rules, wrong, told.len() - wrong)?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::CheckFailed })
}

fn summary(context: &Context, book: &RuleBook, rules: &Rules, wrong: usize, notes: usize) -> Result<(), Failure> {
    if context.json {
        return Ok(());
    }
    let ((count, examples), files, quiet) = (rules.count(), book.files.len(), quiet().len());
    say::line(&context.lang.pick(
        format!("规则文件 {files} 个，检测规则 {count} 条（样例 {examples} 个），正常网页 {quiet} 个：问题 {wrong}，提示 {notes}"),
        format!("{files} files, {count} detection rules ({examples} examples), {quiet} harmless pages: {wrong} wrong, {notes} notes"),
    ))
}

fn error(e: &RuleError) -> Told {
    Told { file: String::new(), what: Both::new(e.told(Lang::Zh), e.told(Lang::En)), wrong: true }
}

fn show(context: &Context, told: &Told) -> Result<(), Failure> {
    let what = told.what.get(context.lang);
    if context.json {
        let key = if told.wrong { "wrong" } else { "note" };
        return say::json(&json!({"schema": "rules-check/1", "file": told.file, key: what}));
    }
    let at = if told.file.is_empty() { String::new() } else { context.lang.pick(format!("{}：", told.file), format!("{}: ", told.file)) };
    let note = if told.wrong { "" } else { context.lang.pick("提示：", "note: ") };
    say::line(&format!("{note}{at}{what}"))
}

fn names(book: &RuleBook) -> Vec<Told> {
    match Watchlist::load(&book.sites, &book.files) {
        Err(errors) => errors.iter().map(error).collect(),
        Ok(list) => list
            .check_examples()
            .into_iter()
            .map(|(file, example, what)| {
                let what = Both::new(format!("样例“{example}”：{what}"), format!("example `{example}`: {what}"));
                Told { file, what, wrong: true }
            })
            .collect(),
    }
}

fn pages(rules: &Rules, book: &RuleBook) -> Vec<Told> {
    let quiet = quiet();
    let remark = |r: Remark| {
        let what = Both::new(format!("{}：{}", r.rule, r.what.zh), format!("{}: {}", r.rule, r.what.en));
        Told { file: r.file, what, wrong: r.wrong }
    };
    let mut told: Vec<Told> = rules.check(&extract, &quiet).into_iter().map(remark).collect();
    let now = Timestamp::from_millis(0);
    let scored = |name: &str, zh: String, en: String| Told { file: name.to_owned(), what: Both::new(zh, en), wrong: true };
    for page in &quiet {
        let a = rules.assess(&dossier(page), now);
        if a.review {
            let s = a.scores;
            let (zh, en) = (
                format!("正常网页得分：仿冒查询 {}，售假 {}，镜像 {}", s.fake_query, s.seller, s.mirror),
                format!("a harmless page is scored fake_query {}, seller {}, mirror {}", s.fake_query, s.seller, s.mirror),
            );
            told.push(scored(&page.name, zh, en));
        }
    }
    for (_, site) in &book.sites {
        for (name, html) in files(&OFFICIAL) {
            let Ok(host) = Host::parse(&site.id) else { continue };
            let a = rules.assess(&dossier(&QuietPage { name: name.clone(), host, html }), now);
            if a.class != Verdict::Official {
                let id = &site.id;
                told.push(scored(&name, format!("在 {id} 自身上未判为官方"), format!("on {id} itself it is not official")));
            }
        }
    }
    told
}

/// Rules that alone take long on one page made of the harmless ones.
fn slow(book: &RuleBook) -> Vec<Told> {
    let mut html = Vec::new();
    for page in quiet().iter().cycle().take(1_000) {
        if html.len() >= TIMED_BYTES {
            break;
        }
        html.extend_from_slice(&page.html);
    }
    let Ok(host) = Host::parse("page.example.com") else { return Vec::new() };
    let page = dossier(&QuietPage { name: String::new(), host, html });
    let started = Instant::now();
    let costs = assess::costs(&book.files, &page, &|| u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
    let slow = costs.into_iter().filter(|(_, us)| *us > SLOW_US);
    slow.map(|(file, us)| {
        let ms = us.div_ceil(1_000);
        let (zh, en) = (format!("慢：60 KB 的网页上单独用了 {ms} 毫秒"), format!("slow: {ms} ms alone on a page of 60 KB"));
        Told { file: file.shown, what: Both::new(zh, en), wrong: false }
    })
    .collect()
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
