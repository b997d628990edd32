//! The lab's search engine: `http://search.lab.example/s?wd=QUERY&pn=0`, ten rows a page.
//! Its page has a structure of its own; `rules/engines/lab.toml` describes it. The real URL stands in `mu` of `div.result`.
//! Words with a meaning: `blocktest` shows the captcha, `emptytest` no result, `decoytest` rows that answer nothing.

use super::World;
use super::pages;
use super::sites::Site;
use super::web::{Answer, Request};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

/// Results on one page.
pub(crate) const ROWS: usize = 10;

/// Which words of a query ask for which topic.
pub(crate) const TOPICS: &[(&str, &[&str])] = &[
    ("query", &["查询", "考核合格", "应急管理部", "cx.mem.gov.cn", "官网"]),
    ("trade", &["电工证", "高处作业", "焊工证", "特种作业"]),
    ("seller", &["办理", "代办", "免考", "包过", "办证"]),
];

/// Answers one search.
pub(crate) fn answer(request: &Request, world: &World) -> Answer {
    let Ok(url) = url::Url::parse(&format!("http://search.lab.example{}", request.target)) else { return Answer::page(400, "") };
    let get = |key: &str| url.query_pairs().find(|(k, _)| k == key).map(|(_, v)| v.into_owned());
    match url.path() {
        "/s" => {}
        "/" => return Answer::page(200, home()),
        _ => return Answer::page(404, "<title>404</title>"),
    }
    let query = get("wd").unwrap_or_default();
    let first = get("pn").and_then(|p| p.parse::<usize>().ok()).unwrap_or(0);
    let pages_seen = world.log.requests().iter().filter(|s| s.host == request.host && s.path.starts_with("/s?")).count() as u64;
    if query.contains("blocktest") || (world.search_limit > 0 && pages_seen > world.search_limit) {
        return Answer::page(200, captcha());
    }
    if query.contains("decoytest") {
        return Answer::page(200, decoy(&query));
    }
    Answer::page(200, results(&query, first, world))
}

/// All sites that answer a query, in the engine's order.
pub(crate) fn hits<'a>(query: &str, world: &'a World) -> Vec<&'a Site> {
    if query.contains("emptytest") {
        return Vec::new();
    }
    let asked: Vec<&str> = TOPICS.iter().filter(|(_, words)| words.iter().any(|w| query.contains(w))).map(|(topic, _)| *topic).collect();
    let mut hits: Vec<&Site> =
        world.sites.all().iter().map(AsRef::as_ref).filter(|s| s.topics.iter().any(|t| asked.contains(&t.as_str()))).collect();
    hits.sort_by_cached_key(|s| (Reverse(relevance(entry(s, world), query)), order(s, query)));
    hits
}

/// How much of the query stands in title and text, by pairs of characters; the title counts three times.
fn relevance(entry: &Entry, query: &str) -> usize {
    let chars: Vec<char> = query.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs: Vec<String> = chars.windows(2).map(|p| p.iter().collect()).collect();
    let count = |text: &str| pairs.iter().filter(|p| text.contains(p.as_str())).count();
    3 * count(&entry.title) + count(&entry.text)
}

/// Among equals the order is arbitrary but always the same; the official site is seldom first, as in life.
fn order(site: &Site, query: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (site.host.as_str(), query).hash(&mut hasher);
    hasher.finish()
}

/// What the engine keeps of one page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    title: String,
    snippet: String,
    text: String,
}

/// The engine's index by host, made at the first search.
pub(crate) type Index = OnceLock<HashMap<String, Entry>>;

fn entry<'a>(site: &Site, world: &'a World) -> &'a Entry {
    static NONE: Entry = Entry { title: String::new(), snippet: String::new(), text: String::new() };
    let index = world
        .index
        .get_or_init(|| world.sites.all().iter().filter(|s| !s.topics.is_empty()).map(|s| (s.host.clone(), read_page(s, world))).collect());
    index.get(&site.host).unwrap_or(&NONE)
}

fn home() -> &'static str {
    "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>试搜一下</title></head><body><form action=\"/s\"><input name=\"wd\"><button>搜索</button></form></body></html>"
}

fn captcha() -> &'static str {
    "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>安全验证</title></head><body><div class=\"verify-box\"><p>网络环境异常，请拖动滑块完成验证后继续访问</p><div id=\"slider\"></div></div></body></html>"
}

/// What engines show to visitors they take for programs: a page of the right shape whose rows have nothing to do with the query.
fn decoy(query: &str) -> String {
    const ROWS: [(&str, &str); 4] = [
        ("http://weather.lab.example/", "示例市天气预报一周"),
        ("http://recipes.lab.example/hongshao", "家常红烧茄子的做法"),
        ("http://football.lab.example/2025", "周末足球赛程与比分"),
        ("http://flowers.lab.example/", "阳台养花入门"),
    ];
    let rows: String = ROWS
        .iter()
        .map(|(url, title)| format!("<div class=\"result c-box\" mu=\"{url}\"><h3 class=\"t\"><a href=\"/link?url=0\">{title}</a></h3><div class=\"abstract\">{title}</div></div>\n"))
        .collect();
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>{}_试搜一下</title></head><body><div id=\"content_left\">{rows}</div></body></html>",
        escape(query)
    )
}

fn results(query: &str, first: usize, world: &World) -> String {
    let hits = hits(query, world);
    let rows: String = hits.iter().enumerate().skip(first).take(ROWS).map(|(n, site)| row(n + 1, site, world)).collect();
    let inner = if rows.is_empty() {
        "<div class=\"content_none\"><p>抱歉，没有找到与您的查询相符的网页。建议检查输入是否正确。</p></div>".to_owned()
    } else {
        format!("{}{rows}{}{}", advert(), no_url_row(), recommend_row(query))
    };
    let next = if hits.len() > first + ROWS {
        format!("<a class=\"n\" href=\"/s?wd={}&amp;pn={}\">下一页 &gt;</a>", url_text(query), first + ROWS)
    } else {
        String::new()
    };
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{q}_试搜一下</title></head><body>\n<div id=\"head\"><form action=\"/s\"><input id=\"kw\" name=\"wd\" value=\"{q}\"></form></div>\n\
         <div id=\"wrapper\"><div id=\"content_left\">\n{inner}</div>\n<div id=\"page\">{next}</div></div>\n</body></html>",
        q = escape(query)
    )
}

fn row(rank: usize, site: &Site, world: &World) -> String {
    let entry = entry(site, world);
    let mut hasher = DefaultHasher::new();
    site.host.hash(&mut hasher);
    format!(
        "<div class=\"result c-box\" id=\"{rank}\" tpl=\"www_plain\" mu=\"{mu}\"><h3 class=\"t\"><a href=\"/link?url={token:016x}{token:016X}\" target=\"_blank\">{title}</a></h3>\
         <div class=\"abstract\"><span class=\"day\">2025年11月{day}日</span> {snippet}</div><div class=\"foot\"><span class=\"showurl\">{host}/</span></div></div>\n",
        mu = escape(&site.url()),
        token = hasher.finish(),
        title = escape(&entry.title),
        snippet = escape(&entry.snippet),
        day = 1 + rank % 28,
        host = escape(&site.host.chars().take(24).collect::<String>())
    )
}

/// Title, snippet and text as an engine would take them from the page; a redirect is followed once, as engines do.
fn read_page(site: &Site, world: &World) -> Entry {
    let target = site.url().split_once("://").and_then(|(_, r)| r.find('/').map(|p| r[p..].to_owned())).unwrap_or_else(|| "/".into());
    let behind = site.route(&target).filter(|r| r.location.is_none());
    let route = behind.or_else(|| site.routes.iter().find(|r| r.location.is_none()));
    let html = route.and_then(|r| {
        let bytes = pages::build(r, site, world).ok()?;
        let label = r.charset.as_deref().unwrap_or("utf-8");
        Some(encoding_rs::Encoding::for_label(label.as_bytes())?.decode(&bytes).0.into_owned())
    });
    let html = html.unwrap_or_default();
    let title = cut_between(&html, "<title>", "</title>").unwrap_or(&site.host).trim().to_owned();
    let text = text_of(&html);
    let snippet = cut_between(&html, "name=\"description\" content=\"", "\"").unwrap_or(&text);
    Entry { title, snippet: snippet.chars().take(80).collect(), text }
}

fn cut_between<'a>(html: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = html.find(from)? + from.len();
    Some(&html[start..start + html[start..].find(to)?])
}

fn text_of(html: &str) -> String {
    let body = html.find("<body").map_or("", |b| &html[b..]);
    let mut inside = false;
    let text: String = body
        .chars()
        .filter(|c| {
            inside = *c == '<' || (inside && *c != '>');
            !inside && *c != '>'
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn advert() -> &'static str {
    "<div class=\"result ec-row\" data-tuiguang=\"1\" mu=\"http://ad.lab.example/landing\"><h3 class=\"t\"><a href=\"/adclick?k=1\">特种作业培训报名_就近安排_咨询老师</a></h3><span>广告</span></div>\n"
}

fn no_url_row() -> &'static str {
    "<div class=\"result\" tpl=\"card\" mu=\"http://nourl.lab.example/5f3a\"><h3 class=\"t\"><a href=\"javascript:;\">大家还在看</a></h3></div>\n"
}

fn recommend_row(query: &str) -> String {
    format!(
        "<div class=\"recommend\" tpl=\"recommend_list\"><p>相关搜索</p><a href=\"/s?wd={q}%20官网\">{t} 官网</a></div>\n",
        q = url_text(query),
        t = escape(query)
    )
}

fn url_text(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
