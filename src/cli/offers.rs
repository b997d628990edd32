//! What the settings do not use, and what they use without its key: for each, what it needs and where to get that. Engines tell it themselves, in
//! their own files.

use crate::cli::Context;
use crate::cli::rules::RuleBook;
use crate::model::lang::{Both, Lang};
use crate::model::rulefile::RuleFile;
use crate::sources;

/// Kinds of sources that are no engines: kind, preset, name and what it needs, each in Chinese and English.
const KINDS: [(&str, &str, &str, &str, &str, &str); 7] = [
    ("permutations", "", "近似域名推演", "look-alike names", "不需密钥", "no key"),
    (
        "names",
        "",
        "新注册域名文件",
        "files of new names",
        "不需密钥；把文件放入 inbox 目录，或给出网址",
        "no key; put files into the inbox folder, or give a URL",
    ),
    (
        "names",
        "whoisds",
        "WhoisDS 每日新域名",
        "WhoisDS daily list",
        "不需密钥；须遵守其使用条款（不得转发）",
        "no key; mind its terms (no redistribution)",
    ),
    (
        "ct",
        "",
        "证书透明日志",
        "certificate logs",
        "不需密钥；一份繁忙日志每天约 0.25 至 4.5 GB 流量",
        "no key; a busy log takes 0.25 to 4.5 GB a day",
    ),
    (
        "certstream",
        "",
        "证书流",
        "certstream",
        "不需密钥；需要自建 certstream-server-go，给出其 ws:// 网址",
        "no key; needs a certstream-server-go of one's own and its ws:// address",
    ),
    (
        "zone_diff",
        "czds",
        "ICANN 区文件（CZDS）",
        "ICANN zone files (CZDS)",
        "需要 JIANWEI_CZDS_KEY（用户名:密码），申请处 https://czds.icann.org",
        "needs JIANWEI_CZDS_KEY (user:password), to be had at https://czds.icann.org",
    ),
    (
        "zone_diff",
        "",
        "区文件逐日比较",
        "differences of zone files",
        "不需密钥；需要有人每天提供区文件",
        "no key; needs zone files that somebody brings every day",
    ),
];

/// Everything that is off: its name, what it needs.
pub(super) fn of(context: &Context, book: &RuleBook) -> Vec<(String, String)> {
    let lang = context.lang;
    let on = |kind: &str, preset: &str| {
        context.settings.source.iter().any(|s| s.kind == kind && s.preset.as_deref().unwrap_or_default() == preset)
    };
    let kinds = KINDS.iter().filter(|(kind, preset, ..)| !on(kind, preset));
    let mut offers: Vec<(String, String)> = kinds
        .map(|(kind, preset, zh, en, needs_zh, needs_en)| {
            let id = if preset.is_empty() { kind } else { preset };
            (lang.pick(format!("{zh}（{id}）"), format!("{en} ({id})")), lang.pick(*needs_zh, *needs_en).to_owned())
        })
        .collect();
    let used = |engine: &str| context.settings.source.iter().any(|s| s.engine.as_deref() == Some(engine));
    for (id, name, file) in engines(book).filter(|(id, ..)| id != "lab" && !used(id)) {
        let (zh, en) = match key_of(&id, file) {
            Some(needs) => (format!("需要 {}", needs.zh), format!("needs {}", needs.en)),
            None => ("不需密钥，请遵守其使用条款".to_owned(), "no key; mind its terms of use".to_owned()),
        };
        offers.push((lang.pick(format!("{name}（{id}）"), format!("{name} ({id})")), lang.pick(zh, en)));
    }
    offers
}

/// The key that a source of the settings wants and has not. `None`: nothing is missing.
pub(super) fn missing_key(source: &sources::Settings, book: &RuleBook, lang: Lang) -> Option<String> {
    if source.key.is_some() {
        return None;
    }
    let needs = match (&source.engine, source.preset.as_deref()) {
        (Some(engine), _) => engines(book).find(|(id, ..)| id == engine).and_then(|(id, _, file)| key_of(&id, file))?,
        (None, Some("czds")) => key("czds", "https://czds.icann.org"),
        _ => return None,
    };
    Some(match &source.key_env {
        Some(env) => lang.pick(format!("{env}（key_env）；{}", needs.zh), format!("{env} (key_env); {}", needs.en)),
        None => needs.get(lang).to_owned(),
    })
}

fn engines(book: &RuleBook) -> impl Iterator<Item = (String, String, &RuleFile)> {
    book.files.iter().filter(|f| f.path.starts_with("engines/")).filter_map(|file| {
        let table: toml::Table = file.text.parse().ok()?;
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        Some((text("id")?, text("name")?, file))
    })
}

/// The key that an engine wants, from its own file. `None`: it wants none.
fn key_of(id: &str, file: &RuleFile) -> Option<Both> {
    let table: toml::Table = file.text.parse().ok()?;
    let from = table.get("key")?.get("from").and_then(toml::Value::as_str).unwrap_or_default();
    Some(key(id, from))
}

fn key(id: &str, from: &str) -> Both {
    let env = sources::key_env(id);
    Both::new(format!("{env} 或 key_file，申请处 {from}"), format!("{env} or key_file, to be had at {from}"))
}
