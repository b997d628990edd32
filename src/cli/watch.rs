//! `jianwei watch`: builds everything from the settings, says per source what is on, runs the watch until a signal.
//! A changed settings file or changed sites, words or engines begin the watch anew inside the same process; a wrong change is told and left.

use crate::capture;
use crate::cli::fail::{Exit, Failure};
use crate::cli::progress::Shown;
use crate::cli::rules::RuleBook;
use crate::cli::rules_live::Follower;
use crate::cli::settings::Settings;
use crate::cli::{Context, alerts, asked, console, offers, report, say, scan};
use crate::evidence;
use crate::model::lang::Lang;
use crate::model::rulefile::RuleFile;
use crate::model::site::Site;
use crate::pipeline::cron::Schedule;
use crate::pipeline::stop::{Stop, Stopper};
use crate::pipeline::watch::{Planned, Watch, WatchError};
use crate::pipeline::{Event, Pass};
use crate::records::Records;
use crate::sources::{self, Known};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often settings and rules are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often packages without a time-stamp are tried again.
const STAMP: Duration = Duration::from_secs(300);
/// How long another process may have the store before the watch gives up.
const PATIENCE: Duration = Duration::from_secs(8);
/// Blocking work that is left at the end may take so long.
const LEAVE: Duration = Duration::from_secs(2);

/// Why one watch ended.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    Signal,
    Changed,
}

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| Failure::from(anyhow::Error::new(e).context("runtime")))?;
    let result = runtime.block_on(keep_on(context));
    runtime.shutdown_timeout(LEAVE);
    result
}

async fn keep_on(context: &Context) -> Result<Exit, Failure> {
    // First of all: a stop that comes while the store opens or the words are compiled is one in order, too.
    let wish = signals()?;
    let records = Arc::new(records(context, &wish).await?);
    let mut settings = context.settings.clone();
    let mut announce = true;
    loop {
        let current = Context { settings: settings.clone(), given_config: context.given_config.clone(), ..*context };
        let why = once(&current, records.clone(), announce, &wish).await?;
        if why == Why::Signal {
            let lang = context.lang;
            say::note(lang.pick("监测已有序停止", "the watch has stopped in order"));
            return Ok(Exit::Done);
        }
        if let Ok(again) = read_again(&settings, context.lang) {
            settings = again;
        }
        announce = false;
    }
}

/// The store. A command that has it for a moment, `jianwei sources` for one, is waited for; another watch is not.
async fn records(context: &Context, wish: &Stop) -> Result<Records, Failure> {
    let began = Instant::now();
    loop {
        match tokio::task::block_in_place(|| context.records_or_busy())? {
            Ok(records) => return Ok(records),
            Err(busy) if began.elapsed() > PATIENCE || wish.is_set() => return Err(context.records_failure(&busy)),
            Err(busy) => tracing::debug!("{busy}; waiting"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One watch under one set of settings and rules.
async fn once(context: &Context, records: Arc<Records>, announce: bool, wish: &Stop) -> Result<Why, Failure> {
    let lang = context.lang;
    let book = RuleBook::read(&context.settings, lang)?;
    if let Some(why) = context.settings.watch.fault() {
        let file = context.settings.file.display();
        return Err(Failure::usage(format!("{file}：{why}"), format!("{file}: {why}"), lang));
    }
    let planned = plan(context, &book, Some(&records))?;
    let channels = alerts::channels(&context.settings, lang)?;
    let follower = Follower::new(&context.settings, lang, &book, &[]);
    let evidence_dir = context.settings.evidence_dir();
    evidence::sweep(&evidence_dir).map_err(|e| Failure::from(anyhow::Error::new(e)))?;
    capture::sweep_profiles(&std::env::temp_dir());
    let pass = Pass {
        sites: book.plain_sites(),
        watchlist: book.watchlist()?,
        rules: follower.current(),
        net: context.net()?,
        records: records.clone(),
        evidence_dir: evidence_dir.clone(),
        capture: context.settings.capture.clone(),
        evidence: context.settings.evidence.clone(),
        browser: context.settings.capture.browser(),
        desk: context.desk(&book)?,
        paths: book.paths()?,
    };
    if announce && !context.quiet {
        say_what_is_on(context, &book, &planned, &pass);
    }
    let sites = pass.sites.clone();
    let pass = Arc::new(pass);
    let watch = Watch {
        pass: pass.clone(),
        sources: planned,
        settings: context.settings.watch.clone(),
        channels,
        data_dir: context.settings.data_dir().to_path_buf(),
        organisation: context.settings.evidence.organisation.clone(),
        owed: Some(report::owed(records.clone())),
        unstamped: Some(Arc::new(move || evidence::waiting(&evidence_dir).map_or(0, |all| all.len() as u64))),
    };
    let _following = follower.follow()?;
    let (stopper, stop) = Stopper::new();
    let shown = Arc::new(Shown::new(lang, context.quiet));
    let told = Arc::new(move |event: Event| {
        // A daemon's log holds what happened, not how far it came.
        if !matches!(event, Event::Read { .. } | Event::Worked { .. }) {
            shown.event(event);
        }
    });
    let pages = analysts(context, sites, records, stop.clone());
    let watching = watch.run(Some(Box::pin(stamps(pass))), stop, told);
    let (why, ended, ()) = tokio::join!(until(context, &book.files, wish, stopper), watching, pages);
    ended.map_err(|e| explain(context, &e))?;
    Ok(why)
}

/// Tries again and again to have packages stamped whose authority did not answer at once.
async fn stamps(pass: Arc<Pass>) -> Result<(), String> {
    loop {
        tokio::time::sleep(STAMP).await;
        if let Err(e) = pass.stamp_waiting().await {
            tracing::error!("packages that wait for a time-stamp: {e}");
        }
    }
}

/// The analysts' pages over the same store, where there are accounts. Where they cannot be served the watch goes on without them, and says so.
async fn analysts(context: &Context, sites: Vec<Site>, records: Arc<Records>, stop: Stop) {
    if records.people().is_empty() {
        return;
    }
    let stop = async move { stop.raised().await };
    if let Err(e) = console::serve(context, sites, records, stop).await {
        say::note(&e.to_string());
    }
}

fn explain(context: &Context, error: &WatchError) -> Failure {
    match error {
        WatchError::Pass(e) => scan::explain(context, e),
        WatchError::Serve(e) => Failure::failed(format!("[watch] metrics：{e}"), format!("[watch] metrics: {e}"), context.lang),
        WatchError::Beside(why) => Failure::failed(why.clone(), why.clone(), context.lang),
    }
}

/// Waits for a signal, or for a change of settings or rules that is right, and stops the watch. A watch that ends by itself ends this too.
async fn until(context: &Context, files: &[RuleFile], wish: &Stop, stopper: Stopper) -> Why {
    let why = tokio::select! {
        () = wish.raised() => Why::Signal,
        () = changed(context, files) => Why::Changed,
        () = stopper.gone() => Why::Signal,
    };
    if why == Why::Changed {
        say::note(context.lang.pick("设置或规则已更改，重新开始监测", "settings or rules changed; the watch begins anew"));
    }
    stopper.stop();
    why
}

/// Hears SIGTERM and Ctrl-C from now on.
pub(super) fn signals() -> Result<Stop, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|e| Failure::from(anyhow::Error::new(e).context("signals")));
    let (mut term, mut int) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let (stopper, stop) = Stopper::new();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        stopper.stop();
    });
    Ok(stop)
}

/// Returns when the settings file, or a rule file that the running watch cannot follow by itself, changed and everything is right.
async fn changed(context: &Context, files: &[RuleFile]) {
    let text = |settings: &Settings| std::fs::read_to_string(&settings.file).unwrap_or_default();
    let mut known = (text(&context.settings), fixed(files));
    loop {
        tokio::time::sleep(LOOK).await;
        let again = read_again(&context.settings, context.lang);
        let book = again.as_ref().map_err(ToString::to_string).and_then(|s| RuleBook::read(s, context.lang).map_err(|e| e.to_string()));
        let now = (text(&context.settings), book.as_ref().map_or_else(|_| known.1.clone(), |b| fixed(&b.files)));
        if now == known {
            continue;
        }
        known = now;
        let right = again.map_err(|e| e.to_string()).and_then(|settings| {
            let trial = Context { settings, given_config: context.given_config.clone(), ..*context };
            check(&trial, &context.settings).map_err(|e| e.to_string())
        });
        match right {
            Ok(()) => return,
            Err(why) => tracing::warn!(
                "{}",
                context
                    .lang
                    .pick(format!("更改有误，沿用原设置：{why}"), format!("the change is wrong, everything stays as it was: {why}"))
            ),
        }
    }
}

/// The rule files that are read once at the start of a watch. The others ([`Follower`]) are followed while it runs.
fn fixed(files: &[RuleFile]) -> Vec<RuleFile> {
    files.iter().filter(|f| !f.path.starts_with("detect/") && f.path != "weights.toml").cloned().collect()
}

fn read_again(settings: &Settings, lang: Lang) -> Result<Settings, Failure> {
    if settings.file.as_os_str().is_empty() {
        return Ok(settings.clone());
    }
    Settings::find(Some(&settings.file), None, lang)
}

/// Would a watch begin with these?
fn check(trial: &Context, old: &Settings) -> Result<(), Failure> {
    let lang = trial.lang;
    if trial.settings.data.dir != old.data.dir {
        let (zh, en) = ("[data] dir 更改后须重新启动监测", "a new [data] dir needs the watch to be started again");
        return Err(Failure::usage(zh.into(), en.into(), lang));
    }
    if let Some(why) = trial.settings.watch.fault() {
        return Err(Failure::usage(why.clone(), why, lang));
    }
    let book = RuleBook::read(&trial.settings, lang)?;
    plan(trial, &book, None)?;
    alerts::channels(&trial.settings, lang)?;
    book.watchlist()?;
    trial.net().map(|_| ())
}

/// Every source of the settings with its schedule, checked. `records`: where searches learn at each run what people have confirmed.
fn plan(context: &Context, book: &RuleBook, records: Option<&Arc<Records>>) -> Result<Vec<Planned>, Failure> {
    let (sites, suffixes) = (Arc::new(book.plain_sites()), Arc::new(book.suffixes()?));
    let files = Arc::new(book.files.clone());
    let one = |settings: &sources::Settings| {
        let schedule = schedule_of(context, settings)?;
        let (sites, suffixes, files, mine) = (sites.clone(), suffixes.clone(), files.clone(), settings.clone());
        let build = move |known: &Known| sources::build_knowing(&mine, &sites, &files, &|| scan::permutations(&sites, &suffixes), known);
        let file = context.settings.file.display();
        build(&Known::default())
            .map_err(|e| Failure::usage(format!("{file}：{}", e.told(Lang::Zh)), format!("{file}: {e}"), context.lang))?;
        let anew = asked::is_asked(&settings.kind);
        let records = records.filter(|_| anew).cloned();
        let make = Box::new(move || {
            let known = records.as_deref().map(asked::confirmed).unwrap_or_default();
            build(&known).inspect_err(|e| tracing::error!("{e}")).ok()
        });
        Ok(Planned { id: settings.id.clone(), kind: settings.kind.clone(), schedule, make, anew })
    };
    context.settings.source.iter().map(one).collect()
}

/// Its own schedule, else the usual one of its kind.
pub(super) fn schedule_of(context: &Context, settings: &sources::Settings) -> Result<Schedule, Failure> {
    let usual = match settings.kind.as_str() {
        "names" if settings.path.is_some() => "*/10 * * * *",
        "names" => "40 8 * * *",
        "zone_diff" => "20 10 * * *",
        "ct" => "*/5 * * * *",
        "certstream" => "* * * * *",
        "permutations" => "10 3 * * *",
        "assets" => "30 4 * * *",
        _ => "15 */6 * * *",
    };
    let text = settings.schedule.as_deref().unwrap_or(usual);
    Schedule::parse(text).map_err(|why| {
        let file = context.settings.file.display();
        let (id, lang) = (&settings.id, context.lang);
        Failure::usage(format!("{file}：[[source]] {id}：schedule {why}"), format!("{file}: [[source]] {id}: schedule {why}"), lang)
    })
}

/// What is on, what could be on and needs a key, and where to get one.
fn say_what_is_on(context: &Context, book: &RuleBook, planned: &[Planned], pass: &Pass) {
    let lang = context.lang;
    let now = pass.net.now();
    let sites: Vec<&str> = pass.sites.iter().map(|s| s.id.as_str()).collect();
    say::note(
        &lang.pick(
            format!("监测开始；受保护网站：{}", sites.join("、")),
            format!("the watch begins; protected sites: {}", sites.join(", ")),
        ),
    );
    for source in planned {
        let standing = tokio::task::block_in_place(|| pass.records.standing(&source.id)).unwrap_or_default();
        let next = crate::pipeline::watch::health::next_start(&source.id, &source.schedule, &standing, now);
        let when = if next <= now { lang.pick("现在", "now").to_owned() } else { next.beijing() };
        let settings = context.settings.source.iter().find(|s| s.id == source.id);
        let (id, kind, schedule) = (&source.id, &source.kind, source.schedule.text());
        say::note(&match settings.and_then(|s| offers::missing_key(s, book, lang)) {
            Some(key) => {
                lang.pick(format!("  缺  {id}（{kind}）：缺少密钥 {key}"), format!("  key {id} ({kind}): its key is missing: {key}"))
            }
            None => lang.pick(
                format!("  开  {id}（{kind}）：计划 {schedule}（北京时间），下次 {when}"),
                format!("  on  {id} ({kind}): schedule {schedule} (Beijing time), next {when}"),
            ),
        });
    }
    for (name, how) in offers::of(context, book) {
        say::note(&lang.pick(format!("  关  {name}：{how}"), format!("  off {name}: {how}")));
    }
    let (zh, en) = match context.settings.alert.len() {
        0 => (
            "告警只写入日志（可在 [[alert]] 配置企业微信、钉钉、邮件）".to_owned(),
            "alerts only go to the log (see [[alert]] for webhooks and mail)".to_owned(),
        ),
        n => (format!("告警渠道 {n} 个"), format!("{n} alert channels")),
    };
    say::note(&lang.pick(zh, en));
    if let Some(at) = context.settings.watch.metrics {
        say::note(
            &lang.pick(
                format!("运行状况 http://{at}/，指标 http://{at}/metrics"),
                format!("health http://{at}/, metrics http://{at}/metrics"),
            ),
        );
    }
}
