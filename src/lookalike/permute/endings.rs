//! What a name can end in: the likely endings, every ending that the public can buy under, second levels, and zones where
//! anyone may take a name for nothing. Which of them are open is asked of the public suffix list that is compiled in.

use crate::lookalike::name;
use crate::lookalike::suffixes::Suffixes;
use std::sync::{Arc, LazyLock};

/// Endings where a site names none of its own, likeliest first.
pub(super) const SUFFIXES: &[&str] = &[
    "com", "net", "org", "top", "xyz", "vip", "info", "shop", "online", "site", "cc", "icu", "club", "co", "cn", "com.cn", "live", "store",
    "pro", "biz", "work", "tech", "fun", "ink", "link", "life", "me", "app", "dev", "us", "in", "io", "tv", "ws", "pw", "ru", "de", "fr",
    "uk", "co.uk", "eu", "nl", "cloud", "space", "website", "world", "today", "one", "run", "click", "sbs", "cfd", "cyou", "bond", "asia",
    "mobi", "name", "support", "help", "center",
];
/// Endings under which Chinese labels are sold.
pub(super) const CHINESE_SUFFIXES: &[&str] =
    &["com", "cn", "net", "xn--fiqs8s", "xn--ses554g", "xn--55qx5d", "xn--io0a7i", "xn--3ds443g", "top", "xn--czr694b", "cc"];

/// A label that is in no list of suffixes; `x` is, under some countries.
const PROBE: &str = "q0z9";

/// Is the ending itself a suffix, and is it of the list's private part? `None`: names are not taken right under it.
fn suffix_kind(ending: &str) -> Option<bool> {
    let (at, private) = name::suffix_at(&format!("{PROBE}.{ending}"))?;
    (at == PROBE.len() + 1).then_some(private)
}

/// Does the list that is compiled in still have it? Top-level domains are given up now and then.
pub(super) fn is_known(top: &str) -> bool {
    psl::suffix(format!("{PROBE}.{PROBE}.{top}").as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Can the public register directly under it?
pub(super) fn is_open(ending: &str, suffixes: &Suffixes) -> bool {
    !suffixes.is_closed(ending) && suffix_kind(ending) == Some(false)
}

/// Zones where a name costs nothing, the most used first.
pub(super) const FREE: &[&str] = &[
    "pages.dev",
    "vercel.app",
    "duckdns.org",
    "github.io",
    "netlify.app",
    "workers.dev",
    "web.app",
    "onrender.com",
    "ddns.net",
    "hopto.org",
    "firebaseapp.com",
    "herokuapp.com",
    "blogspot.com",
    "r2.dev",
    "gitlab.io",
    "surge.sh",
    "3322.org",
    "dynv6.net",
    "zapto.org",
    "gitee.io",
];
/// The technique that knows the zones which point at a visitor's own address.
const DYNAMIC: &str = include_str!("../../../rules/techniques/dynamic_dns.toml");

/// Its zones; a word of the file that is wrong is reported where the rules are read.
static DYNAMIC_ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let zones = toml::from_str::<toml::Table>(DYNAMIC).ok().and_then(|mut file| file.remove("zones")?.try_into().ok());
    zones.unwrap_or_default()
});

/// One line for each top-level domain: the domain, then its second levels.
const TABLE: &str = include_str!("endings.txt");

fn table() -> impl Iterator<Item = (&'static str, std::str::SplitWhitespace<'static>)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words))
    })
}

/// Every top-level domain that is not closed. Under some, names are only sold one level further down.
pub(super) fn top_levels(suffixes: &Suffixes) -> Vec<Arc<str>> {
    table().map(|(top, _)| top).filter(|top| !suffixes.is_closed(top) && is_known(top)).map(Arc::from).collect()
}

/// The second levels of a top-level domain where the public can get a name, bought or free.
pub(super) fn second_levels(top: &str, suffixes: &Suffixes) -> Vec<Arc<str>> {
    let seconds = table().find(|(t, _)| *t == top).map(|(_, seconds)| seconds);
    let named = seconds.into_iter().flatten().map(|second| format!("{second}.{top}"));
    // Under some zones a name is taken one level further down (`*.zone`).
    let deeper =
        |ending: &str| name::suffix_at(&format!("{PROBE}.{PROBE}.{ending}")).is_some_and(|(at, private)| private && at == PROBE.len() + 1);
    named.filter(|ending| is_open(ending, suffixes) || is_free(ending) || deeper(ending)).map(Arc::from).collect()
}

/// All zones where a name costs nothing, [`FREE`] first.
pub(super) fn free_zones() -> Vec<Arc<str>> {
    let all = table().flat_map(|(top, seconds)| seconds.map(move |second| format!("{second}.{top}")));
    let rest = all.filter(|zone| is_free(zone) && !FREE.contains(&zone.as_str()));
    FREE.iter().map(|zone| (*zone).to_owned()).chain(rest).filter(|zone| is_free(zone)).map(Arc::from).collect()
}

/// What a name under a free zone is called.
pub(super) fn free_technique(zone: &str) -> &'static str {
    if DYNAMIC_ZONES.iter().any(|dynamic| dynamic == zone) { "dynamic_dns" } else { "free_hosting" }
}

/// Is it in the private part of the list: somebody's zone below which everyone may take a name?
/// Not where it is a school's or a state's by its name (`ac.ru`).
pub(super) fn is_free(zone: &str) -> bool {
    let kept = zone.split('.').next().is_some_and(|first| matches!(first, "ac" | "int" | "test"));
    !kept && suffix_kind(zone) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_those_that_the_public_can_get_a_name_under() {
        let suffixes = Suffixes::default();
        let tops = top_levels(&suffixes);
        assert!(tops.len() > 1_300, "{}", tops.len());
        let has = |list: &[Arc<str>], ending: &str| list.iter().any(|e| &**e == ending);
        assert!(
            has(&tops, "com")
                && has(&tops, "xn--fiqs8s")
                && has(&tops, "ck")
                && !has(&tops, "dunlop")
                && !has(&tops, "gov")
                && !has(&tops, "arpa")
        );
        assert!(
            is_open("se", &suffixes)
                && is_open("bg", &suffixes)
                && !is_open("ck", &suffixes)
                && !is_open("pages.dev", &suffixes)
                && !is_open("gov.cn", &suffixes)
        );
        let chinese = second_levels("cn", &suffixes);
        assert!(has(&chinese, "com.cn") && has(&chinese, "bj.cn") && !has(&chinese, "gov.cn") && !has(&chinese, "edu.cn"));
        let free = free_zones();
        assert!(free.len() > 1_000 && &*free[0] == "pages.dev" && !has(&free, "com.cn"), "{}", free.len());
    }
}
