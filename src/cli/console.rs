//! `jianwei console`: the analyst's web pages, until it is told to stop.

use crate::cli::Context;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::say;
use crate::cli::watch::signals;
use crate::console::{self, Desk};
use crate::model::division::Divisions;
use crate::model::lang::Lang;
use crate::model::site::Site;
use crate::net::Door;
use crate::records::Records;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let book = RuleBook::read(&context.settings, context.lang)?;
    let records = Arc::new(context.records()?);
    if records.people().is_empty() {
        say::note(context.lang.pick(
            "还没有账号；请先停止本程序，运行 jianwei users add 姓名 --role admin",
            "there are no accounts yet; stop this and run `jianwei users add NAME --role admin` first",
        ));
    }
    context.block_on(async {
        let wish = signals()?;
        serve(context, book.plain_sites(), records, async move { wish.raised().await }).await
    })?;
    Ok(Exit::Done)
}

/// Serves the pages over `records` until `stop` ends. For the command, and for a watch beside which analysts work.
pub(super) async fn serve(
    context: &Context,
    sites: Vec<Site>,
    records: Arc<Records>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let (lang, settings) = (context.lang, &context.settings.console);
    let files = match (&settings.tls_cert, &settings.tls_key) {
        (Some(cert), Some(key)) => Some((cert.as_path(), key.as_path())),
        (None, None) => None,
        _ => {
            return Err(Failure::usage(
                "[console] tls_cert 与 tls_key 必须同时给出".into(),
                "[console] tls_cert and tls_key go together".into(),
                lang,
            ));
        }
    };
    let open = settings.listen.ip().is_loopback() || files.is_some() || settings.public_url.is_some();
    if !open {
        say::note(lang.pick(
            "警告：在非本机地址上以明文 HTTP 监听；请设置 tls_cert、tls_key，或置于代理之后并设置 public_url",
            "warning: plain HTTP on an address that others reach; set tls_cert and tls_key, or a proxy before it and public_url",
        ));
    }
    let net = context.net()?;
    let clock = move || net.now();
    let organisation = context.settings.evidence.organisation.clone();
    let files_of_rules = RuleBook::read(&context.settings, lang)?.files;
    let tables = Divisions::load(&files_of_rules).map_err(|e| Failure::usage(e.told(Lang::Zh), e.told(Lang::En), lang))?;
    let home = tables.into_iter().find(|d| d.code == context.settings.attribution.home).unwrap_or_default();
    let mut desk = Desk::new(records, context.settings.evidence_dir(), sites, organisation, home, lang, settings, clock);
    let replays = replays(context, files).await;
    if let Some(door) = &replays {
        desk.replay_at(door.address().port(), settings.replay_url.clone());
    }
    let desk = Arc::new(desk);
    let first = desk.clone();
    let warm = tokio::task::spawn_blocking(move || first.warm()).await.map_err(|e| Failure::from(anyhow::Error::new(e)))?;
    warm.map_err(|e| context.records_failure(&e))?;
    let door = Door::open(settings.listen, files)
        .await
        .map_err(|e| Failure::failed(format!("[console] 无法监听：{e}"), format!("[console] cannot listen: {e}"), lang))?;
    let address = format!("{}://{}", if settings.tls_cert.is_some() { "https" } else { "http" }, door.address());
    if context.json {
        say::json(&json!({"schema": "console/1", "address": address}))?;
    } else {
        say::line(&lang.pick(format!("控制台：{address}（Ctrl-C 停止）"), format!("console: {address} (Ctrl-C stops it)")))?;
    }
    let beside = {
        let desk = desk.clone();
        async move {
            match replays {
                Some(door) => console::run_replays(door, desk).await,
                None => std::future::pending().await,
            }
        }
    };
    let served = tokio::select! {
        served = console::run(door, desk, stop) => served,
        served = beside => served,
    };
    served.map_err(|e| Failure::from(anyhow::Error::new(e).context("console")))
}

/// The way in of replays. Where it cannot be opened (its port is taken) the console goes without, and says so.
async fn replays(context: &Context, files: Option<(&Path, &Path)>) -> Option<Door> {
    let at = context.settings.console.replay_door()?;
    match Door::open(at, files).await {
        Ok(door) => Some(door),
        Err(e) => {
            say::note(&context.lang.pick(
                format!("[console] replay_listen 无法监听（{e}）：不能重放证据包"),
                format!("[console] replay_listen cannot listen ({e}): packages cannot be replayed"),
            ));
            None
        }
    }
}
