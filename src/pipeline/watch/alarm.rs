//! Alarm: which conditions people must hear of, from health alone. Pure.
//! A condition has a key; the same key is told once, again after a day while it lasts, and once when it is over.

use crate::model::lang::{Both, Lang};
use crate::model::time::Timestamp;
use crate::pipeline::retry;
use crate::pipeline::watch::Settings;
use crate::pipeline::watch::health::{Health, SourceHealth};
use crate::sources::words;

const HOUR_MS: i64 = 3_600_000;
/// Kind of the alerts that name a package.
const EVIDENCE: &str = "evidence";
/// Packages that are named one by one.
const MOST_NAMED: usize = 20;

/// Something that people must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `blocked:baidu`, `disk_low`.
    pub key: String,
    /// What is so, and what to do.
    pub text: Both,
}

/// All conditions that hold.
pub fn conditions(health: &Health, settings: &Settings, now: Timestamp) -> Vec<Condition> {
    let mut all: Vec<Condition> = health.sources.iter().flat_map(|s| of_source(s, health.started, now)).collect();
    all.extend(all_blocked(&health.sources));
    if let Some(free) = health.disk_free.filter(|free| *free < settings.disk_low_mib << 20) {
        let mib = free >> 20;
        all.push(condition(
            "disk_low",
            format!("数据目录所在磁盘仅剩 {mib} MiB（警戒线 {} MiB）；请清理或扩容，写满后监测将停止", settings.disk_low_mib),
            format!(
                "{mib} MiB are left on the disk of the data folder (line: {} MiB); make room, a full disk stops the watch",
                settings.disk_low_mib
            ),
        ));
    }
    if health.hosts_due >= settings.most_due as u64 {
        all.push(condition(
            "backlog",
            format!("待查主机已达 {}，来源暂停读取（不丢失）；如持续，请检查 DNS 与网络", settings.most_due),
            format!("{} hosts are due and sources wait (nothing is lost); if it lasts, look at DNS and the network", settings.most_due),
        ));
    }
    if let Some(n) = health.unstamped.filter(|n| *n > 0) {
        all.push(condition(
            "unstamped",
            format!("{n} 个证据包尚无时间戳；请检查 [evidence] tsa 与网络"),
            format!("{n} packages have no time-stamp yet; look at [evidence] tsa and the network"),
        ));
    }
    if let Some(owed) = &health.owed {
        all.push(Condition { key: "monthly_form".into(), text: owed.clone() });
    }
    all.extend(changed(health));
    all
}

/// Packages that no longer pass: each a condition of its own up to a bound, so that each is named once.
fn changed(health: &Health) -> Vec<Condition> {
    let bad = health.verified.iter().flat_map(|v| &v.bad);
    let mut all: Vec<Condition> = bad
        .clone()
        .take(MOST_NAMED)
        .map(|(package, why)| {
            condition(
                &format!("{EVIDENCE}:{package}"),
                format!("证据包 {package} 复核不通过：{}；请与备份比对，并查明原因", why.zh),
                format!("package {package} does not pass any more: {}; compare it with the backup and find out why", why.en),
            )
        })
        .collect();
    let more = bad.count().saturating_sub(MOST_NAMED);
    if more > 0 {
        all.push(condition(
            "evidence_many",
            format!("另有 {more} 个证据包复核不通过；见 jianwei evidence verify"),
            format!("{more} more packages do not pass; see `jianwei evidence verify`"),
        ));
    }
    all
}

fn condition(key: &str, zh: String, en: String) -> Condition {
    Condition { key: key.to_owned(), text: Both::new(zh, en) }
}

fn of_source(source: &SourceHealth, started: Option<Timestamp>, now: Timestamp) -> Vec<Condition> {
    let (id, mut found) = (&source.id, Vec::new());
    let (outcome, why) = source.last.as_ref().map_or(("", ""), |run| (run.outcome.as_str(), run.why.as_str()));
    let bad = source.standing.bad_in_a_row > 0;
    let said = words::told(why, Lang::Zh);
    if bad && source.kind == "ct" && why.contains("alarm: ") {
        found.push(condition(
            &format!("fork:{id}"),
            format!("证书日志 {id} 的内容与此前不一致：{said}；游标未动，请人工核实"),
            format!("certificate log {id} contradicts what it said before: {why}; the cursor stays, look into it"),
        ));
    } else if bad && ["taken for a broken feed", "HTML, not a list of names"].iter().any(|w| why.contains(w)) {
        found.push(condition(
            &format!("broken:{id}"),
            format!("来源 {id} 的清单异常，没有读入，位置未动：{said}"),
            format!("the list of {id} is broken and was not read, its place is kept: {why}"),
        ));
    } else if bad && outcome == "blocked" {
        found.push(condition(
            &format!("blocked:{id}"),
            format!("来源 {id} 被拦截：{said}；这不等于没有结果"),
            format!("source {id} is blocked: {why}; this is not `no results`"),
        ));
    } else if retry::is_open(&source.standing) {
        found.push(condition(
            &format!("failing:{id}"),
            format!("来源 {id} 已连续失败 {} 次：{said}", source.standing.bad_in_a_row),
            format!("source {id} failed {} times in a row: {why}", source.standing.bad_in_a_row),
        ));
    }
    let since = source.standing.last_good.or(source.standing.bad_since).or(started);
    let overdue = since.is_some_and(|at| now.millis() - at.millis() > 2 * source.interval_ms + HOUR_MS);
    if found.is_empty() && overdue && source.state != "running" {
        found.push(condition(
            &format!("missing:{id}"),
            format!("来源 {id} 已超过两个周期没有成功运行（计划 {}）；{said}", source.schedule),
            format!("source {id} had no good run for over two periods (schedule {}); {why}", source.schedule),
        ));
    }
    let is_feed = matches!(source.kind.as_str(), "names" | "zone_diff" | "ct" | "certstream");
    if is_feed && !bad && source.week.seen > 0 && source.seen_in_three_days == 0 {
        found.push(condition(
            &format!("silent:{id}"),
            format!("来源 {id} 已三天没有新数据；请检查供数是否中断"),
            format!("source {id} brought nothing new for three days; has the feed stopped?"),
        ));
    }
    found
}

/// Every source that has run is refused or broken: the unit is blind.
fn all_blocked(sources: &[SourceHealth]) -> Option<Condition> {
    let ran: Vec<&SourceHealth> = sources.iter().filter(|s| s.last.is_some()).collect();
    let blind = !ran.is_empty() && ran.len() == sources.len() && ran.iter().all(|s| s.standing.bad_in_a_row > 0);
    blind.then(|| {
        condition(
            "all_blocked",
            "全部来源均被拦截或失败，监测实际上已中断".into(),
            "every source is blocked or failing: nothing is being watched".into(),
        )
    })
}

/// Is an alert of this key told again while it lasts? A package that changed is named once.
pub fn repeats(key: &str) -> bool {
    key.split(':').next() != Some(EVIDENCE)
}

/// What a key stands for, in a few words.
pub fn title(key: &str) -> Both {
    let (kind, id) = key.split_once(':').unwrap_or((key, ""));
    let (zh, en) = match kind {
        "blocked" => ("来源被拦截", "source blocked"),
        "failing" => ("来源持续失败", "source keeps failing"),
        "missing" => ("来源缺失", "feed missing"),
        "silent" => ("来源无新数据", "feed silent"),
        "broken" => ("来源清单异常", "feed broken"),
        "fork" => ("证书日志分叉", "certificate log fork"),
        "all_blocked" => ("全部来源中断", "all sources blocked"),
        "disk_low" => ("磁盘空间不足", "disk low"),
        "backlog" => ("待查积压", "backlog"),
        "monthly_form" => ("月报表未报送", "monthly form not handed in"),
        "unstamped" => ("证据包缺时间戳", "packages without time-stamp"),
        EVIDENCE => ("证据包复核不通过", "package does not pass"),
        "evidence_many" => ("多个证据包复核不通过", "packages do not pass"),
        other => (other, other),
    };
    let joined = |word: &str| if id.is_empty() { word.to_owned() } else { format!("{word} {id}") };
    Both::new(joined(zh), joined(en))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Run, Standing, Tally};

    fn now() -> Timestamp {
        Timestamp::from_millis(1_764_000_000_000)
    }
    fn source(id: &str, outcome: &str, why: &str, bad_in_a_row: u32) -> SourceHealth {
        SourceHealth {
            id: id.into(),
            kind: "names".into(),
            schedule: "0 * * * *".into(),
            interval_ms: HOUR_MS,
            state: "waiting".into(),
            last: Some(Run { at: now(), outcome: outcome.into(), why: why.into(), seen: 1, screened_in: 0, new: 0 }),
            standing: Standing { bad_in_a_row, last_good: Some(now()), ..Standing::default() },
            next: None,
            lag_s: Some(0),
            week: Tally { seen: 5, ..Tally::default() },
            seen_in_three_days: 5,
        }
    }
    fn keys(sources: Vec<SourceHealth>) -> Vec<String> {
        let health = Health { sources, started: Some(now()), ..Health::default() };
        conditions(&health, &Settings::default(), now()).into_iter().map(|c| c.key).collect()
    }

    #[test]
    fn a_form_that_is_due_is_told_in_its_own_words() {
        let owed = Both::new("2026-01 月报表尚未报送", "the form of 2026-01 is not handed in");
        let told = conditions(&Health { owed: Some(owed.clone()), ..Health::default() }, &Settings::default(), now());
        assert_eq!(told, [Condition { key: "monthly_form".into(), text: owed }]);
        assert_eq!(title("monthly_form").zh, "月报表未报送");
    }

    #[test]
    fn each_trouble_has_its_key_and_a_healthy_source_has_none() {
        let good = || source("a", "ok", "", 0);
        assert!(keys(vec![good()]).is_empty());
        assert_eq!(keys(vec![good(), source("b", "blocked", "captcha", 1)]), ["blocked:b"]);
        assert!(keys(vec![good(), source("b", "failed", "no answer", 3)]).is_empty(), "it is retried first");
        assert_eq!(keys(vec![good(), source("b", "failed", "no answer", retry::BREAKER)]), ["failing:b"]);
        let log = |why: &str| SourceHealth { kind: "ct".into(), ..source("b", "failed", why, 1) };
        assert_eq!(keys(vec![good(), log("alarm: Log: its tree shrank from 9 to 8 entries; nothing is read from it")]), ["fork:b"]);
        let guard = "new.txt: shrank by over 30% (9 to 3 bytes) since it was last read: taken for a broken feed and not read";
        assert_eq!(keys(vec![good(), source("b", "failed", guard, 1)]), ["broken:b"], "a feed that shrank is no log that forked");
        assert_eq!(keys(vec![good(), source("b", "failed", "x.zip: HTML, not a list of names", 1)]), ["broken:b"]);
        assert_eq!(keys(vec![source("a", "blocked", "", 1), source("b", "failed", "", 1)]), ["blocked:a", "all_blocked"]);
        let silent = SourceHealth { seen_in_three_days: 0, ..good() };
        assert_eq!(keys(vec![silent]), ["silent:a"]);
        let mut overdue = good();
        overdue.standing.last_good = Some(now().plus_millis(-4 * HOUR_MS));
        assert_eq!(keys(vec![overdue]), ["missing:a"]);
    }

    #[test]
    fn a_changed_package_is_named_by_an_alert_that_is_not_repeated() {
        let bad = |n: usize| (format!("2026-01/EV-{n}"), Both::new("文件已被改动", "a file changed"));
        let verified = |n| Some(crate::pipeline::watch::health::Verified { bad: (0..n).map(bad).collect(), ..Default::default() });
        let health = Health { verified: verified(2), ..Health::default() };
        let all = conditions(&health, &Settings::default(), now());
        assert_eq!(all.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["evidence:2026-01/EV-0", "evidence:2026-01/EV-1"]);
        assert!(
            all[0].text.zh.contains("2026-01/EV-0") && all[0].text.zh.contains("已被改动") && !repeats(&all[0].key) && repeats("disk_low")
        );
        assert_eq!(title(&all[0].key).zh, "证据包复核不通过 2026-01/EV-0");
        let health = Health { verified: verified(25), ..Health::default() };
        let all = conditions(&health, &Settings::default(), now());
        assert!(all.len() == 21 && all[20].text.en.starts_with("5 more"), "{all:?}");
    }

    #[test]
    fn a_full_disk_a_backlog_and_missing_stamps_are_told() {
        let health = Health { disk_free: Some(100 << 20), hosts_due: 20_000, unstamped: Some(3), ..Health::default() };
        let keys: Vec<String> = conditions(&health, &Settings::default(), now()).into_iter().map(|c| c.key).collect();
        assert_eq!(keys, ["disk_low", "backlog", "unstamped"]);
        assert_eq!(title("blocked:baidu"), Both::new("来源被拦截 baidu", "source blocked baidu"));
    }
}
