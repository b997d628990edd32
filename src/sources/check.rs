//! Is a `[[source]]` of the settings right? One line that says what would be, when it is not.

use crate::model::rulefile::RuleFile;
use crate::sources::ct::{ListAt, Wishes};
use crate::sources::names::From;
use crate::sources::search::engine::Engine;
use crate::sources::{BadSource, Settings};
use url::Url;

/// Kinds and the keys of their own, the required ones first.
const KINDS: [(&str, &[&str]); 7] = [
    ("names", &["path", "url", "preset"]),
    ("zone_diff", &["path", "url", "keep", "preset", "zones", "key_env", "key_file"]),
    ("permutations", &[]),
    ("ct", &["url", "path", "logs", "interval_ms", "partial_after_s", "backfill_entries"]),
    ("certstream", &["url"]),
    ("search", &["engine", "base_url", "queries", "pages", "key_env", "key_file"]),
    ("assets", &["engine", "base_url", "queries", "pages", "key_env", "key_file"]),
];
/// Where Google publishes the list of logs that Chrome knows.
const LOG_LIST: &str = "https://www.gstatic.com/ct/log_list/v3/log_list.json";
/// Result pages per query.
const MAX_PAGES: u32 = 10;
const MAX_QUERIES: usize = 1_000;

/// Checks id, kind, schedule, and that each key belongs to the kind.
pub(super) fn keys(settings: &Settings) -> Result<(), BadSource> {
    let bad = |why: String| Err(bad(settings, why));
    let id = &settings.id;
    if id.is_empty() || id.len() > 64 || !id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return bad("an id has 1 to 64 letters, digits, `-`, `_` or `.`".into());
    }
    let Some((kind, own)) = KINDS.iter().find(|(kind, _)| *kind == settings.kind) else {
        return bad(unknown_kind(&settings.kind));
    };
    for (key, given) in given(settings) {
        if given && !own.contains(&key) {
            let owner = KINDS.iter().find(|(_, keys)| keys.contains(&key)).map_or("no", |(kind, _)| kind);
            return bad(format!("`{key}` belongs to kind `{owner}`; a source of kind `{kind}` takes {}", listed(own)));
        }
    }
    if let Some(schedule) = &settings.schedule {
        cron(schedule).or_else(|why| bad(format!("schedule `{schedule}`: {why}")))?;
    }
    match settings.pages {
        Some(n) if !(1..=MAX_PAGES).contains(&n) => bad(format!("`pages = {n}`: give 1 to {MAX_PAGES}")),
        _ if settings.queries.len() > MAX_QUERIES => bad(format!("over {MAX_QUERIES} queries")),
        _ if settings.queries.iter().any(|q| q.trim().is_empty() || q.len() > 500) => bad("a query has 1 to 500 bytes".into()),
        _ => Ok(()),
    }
}

/// The list's place of a names source.
pub(super) fn from(settings: &Settings) -> Result<From, BadSource> {
    match (&settings.path, &settings.url) {
        (Some(path), None) if path.as_os_str().is_empty() => Err(bad(settings, "`path` is empty: give a file or a folder".into())),
        (Some(path), None) => Ok(From::Path(path.clone())),
        (None, Some(url)) => http_url(url).map(From::Url).map_err(|why| bad(settings, format!("`url = \"{url}\"`: {why}"))),
        (Some(_), Some(_)) => Err(bad(settings, "give `path` or `url`, not both".into())),
        (None, None) => Err(bad(settings, "a source of kind `names` needs `path` (a file or a folder) or `url`".into())),
    }
}

/// The engine of a search source, its URL template moved to `base_url` where one is given.
pub(super) fn engine(settings: &Settings, files: &[RuleFile]) -> Result<Engine, BadSource> {
    let ids: Vec<&str> = files.iter().filter_map(|f| f.path.strip_prefix("engines/")?.strip_suffix(".toml")).collect();
    let known = || if ids.is_empty() { "there are none in rules/engines".to_owned() } else { format!("there are {}", listed(&ids)) };
    let Some(id) = &settings.engine else {
        return Err(bad(settings, format!("a source of kind `search` needs `engine`; {}", known())));
    };
    let Some(file) = files.iter().find(|f| f.path == format!("engines/{id}.toml")) else {
        return Err(bad(settings, format!("no engine `{id}`{}; {}", meant(id, &ids), known())));
    };
    let mut engine = Engine::read(file).map_err(|e| bad(settings, e.to_string()))?;
    if let Some(base) = &settings.base_url {
        let url = http_url(base).map_err(|why| bad(settings, format!("`base_url = \"{base}\"`: {why}")))?;
        engine.move_to(&url);
    }
    Ok(engine)
}

fn bad(settings: &Settings, why: String) -> BadSource {
    let id: String = settings.id.chars().filter(|c| !c.is_control()).take(64).collect();
    BadSource { id, why }
}

fn given(settings: &Settings) -> [(&'static str, bool); 14] {
    [
        ("path", settings.path.is_some()),
        ("url", settings.url.is_some()),
        ("preset", settings.preset.is_some()),
        ("keep", settings.keep.is_some()),
        ("zones", !settings.zones.is_empty()),
        ("engine", settings.engine.is_some()),
        ("base_url", settings.base_url.is_some()),
        ("queries", !settings.queries.is_empty()),
        ("pages", settings.pages.is_some()),
        ("logs", !settings.logs.is_empty()),
        ("interval_ms", settings.interval_ms.is_some()),
        ("partial_after_s", settings.partial_after_s.is_some()),
        ("backfill_entries", settings.backfill_entries.is_some()),
        ("key_env", settings.key_env.is_some() || settings.key_file.is_some()),
    ]
}

/// The log list and what is wanted of it.
pub(super) fn ct(settings: &Settings) -> Result<Wishes, BadSource> {
    let list = match (&settings.path, &settings.url) {
        (Some(_), Some(_)) => return Err(bad(settings, "give `path` or `url` of the log list, not both".into())),
        (Some(path), None) => ListAt::Path(path.clone()),
        (None, url) => {
            let text = url.as_deref().unwrap_or(LOG_LIST);
            ListAt::Url(http_url(text).map_err(|why| bad(settings, format!("`url = \"{text}\"`: {why}")))?)
        }
    };
    let (interval_ms, partial_after_s) = (settings.interval_ms.unwrap_or(200), settings.partial_after_s.unwrap_or(120));
    if interval_ms > 3_600_000 || partial_after_s > 86_400 || settings.logs.iter().any(|l| l.trim().is_empty()) {
        return Err(bad(
            settings,
            "`interval_ms` is at most 3600000, `partial_after_s` at most 86400, and no part of a log's name is empty".into(),
        ));
    }
    Ok(Wishes {
        id: settings.id.clone(),
        list,
        logs: settings.logs.clone(),
        interval_ms,
        partial_after_ms: i64::try_from(partial_after_s * 1_000).expect("at most a day"),
        backfill_entries: settings.backfill_entries.unwrap_or(0),
    })
}

/// The address of a WebSocket.
pub(super) fn websocket(settings: &Settings) -> Result<Url, BadSource> {
    let example = "write it like wss://certstream.example/";
    let Some(text) = &settings.url else { return Err(bad(settings, format!("a source of kind `certstream` needs `url`; {example}"))) };
    Url::parse(text)
        .ok()
        .filter(|u| matches!(u.scheme(), "ws" | "wss") && u.has_host())
        .ok_or_else(|| bad(settings, format!("`url = \"{text}\"`: no WebSocket; {example}")))
}

fn unknown_kind(kind: &str) -> String {
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    format!("no kind `{kind}`{}; there are {}", meant(kind, &kinds), listed(&kinds))
}

/// ` (did you mean ...?)` for the nearest word, where one is near.
fn meant(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|k| (strsim::damerau_levenshtein(word, k), k)).min();
    nearest.filter(|(edits, k)| *edits <= 1.max(k.len() / 3)).map_or_else(String::new, |(_, k)| format!(" (did you mean `{k}`?)"))
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() {
        return "no keys of its own".into();
    }
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("{e}; write it like https://lists.example/new.txt.gz"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        other => Err(format!("`{other}` is not fetched; give http or https")),
    }
}

/// Five fields of digits, `*`, `,`, `-`, `/` inside their bounds.
fn cron(text: &str) -> Result<(), String> {
    const FIELDS: [(&str, u32, u32); 5] =
        [("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7)];
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("{} fields where cron has 5 (minute hour day month weekday), like `30 6 * * *`", fields.len()));
    }
    for (field, (name, low, high)) in fields.iter().zip(FIELDS) {
        if !field.split(',').all(|part| cron_part(part, low, high)) {
            return Err(format!("`{field}` is no {name} ({low} to {high}, `*`, `*/n`, `a-b`, lists with `,`)"));
        }
    }
    Ok(())
}

fn cron_part(part: &str, low: u32, high: u32) -> bool {
    let (range, step) = part.split_once('/').map_or((part, None), |(r, s)| (r, Some(s)));
    let number = |t: &str| t.parse::<u32>().ok().filter(|n| (low..=high).contains(n));
    let fits = match range.split_once('-') {
        _ if range == "*" => true,
        Some((from, to)) => matches!((number(from), number(to)), (Some(a), Some(b)) if a <= b),
        None => number(range).is_some(),
    };
    fits && step.is_none_or(|s| s.parse::<u32>().is_ok_and(|n| (1..=high.max(1)).contains(&n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str) -> Settings {
        toml::from_str(toml).expect("test settings")
    }

    #[test]
    fn each_mistake_is_one_line_that_says_what_would_be_right() {
        for (toml, part) in [
            ("id = ''\nkind = 'names'", "1 to 64"),
            ("id = 'a'\nkind = 'nams'", "did you mean `names`?"),
            ("id = 'a'\nkind = 'ct'\npages = 3", "`pages` belongs to kind `search`"),
            ("id = 'a'\nkind = 'names'\npath = 'x'\nengine = 'lab'", "`engine` belongs to kind `search`"),
            ("id = 'a'\nkind = 'permutations'\npages = 1", "takes no keys"),
            ("id = 'a'\nkind = 'names'\npath = 'x'\nschedule = '61 * * * *'", "minute"),
            ("id = 'a'\nkind = 'names'\npath = 'x'\nschedule = 'daily'", "1 fields where cron has 5"),
            ("id = 'a'\nkind = 'search'\nengine = 'lab'\npages = 0", "1 to 10"),
            ("id = 'a'\nkind = 'search'\nengine = 'lab'\nqueries = [' ']", "a query has"),
        ] {
            let why = keys(&settings(toml)).expect_err(toml).why;
            assert!(why.contains(part) && !why.contains('\n'), "{why}");
        }
        assert_eq!(keys(&settings("id = 'nrd'\nkind = 'names'\npath = 'x'\nschedule = '*/15 6-8,20 1 * 1-5'")), Ok(()));
    }

    #[test]
    fn a_names_source_has_exactly_one_place() {
        for (toml, part) in [
            ("id = 'a'\nkind = 'names'", "needs `path`"),
            ("id = 'a'\nkind = 'names'\npath = 'x'\nurl = 'http://a.b/'", "not both"),
            ("id = 'a'\nkind = 'names'\nurl = 'ftp://a.b/x'", "http or https"),
            ("id = 'a'\nkind = 'names'\nurl = 'lists.example'", "write it like"),
        ] {
            let why = from(&settings(toml)).err().expect(toml).why;
            assert!(why.contains(part), "{why}");
        }
    }
}
