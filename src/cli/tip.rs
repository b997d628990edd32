//! `jianwei tip add`: a report from the hot line becomes a candidate; the next scan visits it. One address, or those in the QR codes of a photo.
//! While another process has the store, reports are left in the tray: a running watch takes them in within seconds, else the next scan does.

use crate::cli::Context;
use crate::cli::args::TipCommand;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{allow, say, tip_many};
use crate::lookalike::Watchlist;
use crate::model::allow::Allowed;
use crate::model::candidate::{Candidate, Reason};
use crate::model::digest::Sha256;
use crate::model::lang::{Both, Lang};
use crate::model::sighting::{Context as Where, Sighting};
use crate::model::time::Timestamp;
use crate::pipeline::intake;
use crate::pipeline::tray::{TIP, Tray};
use crate::records::{Records, Run};
use crate::{capture, sources};
use serde_json::json;
use std::path::Path;

/// Largest photo.
const MAX_PHOTO_BYTES: u64 = 64 << 20;
/// Text beside the codes that is kept with each sighting.
const MAX_TEXT_CHARS: usize = 2_000;

pub(super) fn run(context: &Context, command: &TipCommand) -> Result<Exit, Failure> {
    match command {
        TipCommand::Add { url: _, image: Some(file), by } => photo(context, file, by),
        TipCommand::Add { url, image: None, by } => one(context, url.as_deref().unwrap_or_default(), by),
        TipCommand::Import { file, by } => tip_many::run(context, file, by),
    }
}

/// Where reports are taken in: what is official or allowed is refused with the reason.
pub(super) struct Counter {
    book: RuleBook,
    watchlist: Watchlist,
    /// `None`: another process has the store.
    records: Option<Records>,
    tray: Tray,
    allowed: Vec<Allowed>,
    /// When the reports came.
    pub(super) now: Timestamp,
}

impl Counter {
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let now = context.net()?.now();
        let book = RuleBook::read(&context.settings, context.lang)?;
        let watchlist = book.watchlist()?;
        let records = context.records_or_busy()?.ok();
        let mut tray = Tray::of(context.settings.data_dir());
        let allowed = match &records {
            Some(records) => tray.take_in(records, now).and_then(|_| records.allowed()),
            None => Records::allowed_in(context.settings.data_dir()),
        };
        let allowed = allowed.map_err(|e| context.records_failure(&e))?;
        Ok(Self { book, watchlist, records, tray, allowed, now })
    }
    /// A reported address as a candidate, or why it is none.
    pub(super) fn judge(&self, url: &str, by: &str, mut at: Where) -> Result<Candidate, Both> {
        let mut reasons = vec![Reason::Report { by: by.to_owned() }];
        reasons.extend(self.watchlist.screen(url.as_bytes()).map(Reason::Name));
        let seen = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        at.reporter = Some(by.to_owned());
        let sighting = Sighting { seen, source: TIP.into(), seen_at: self.now, context: at };
        let Some(candidate) = intake::candidate(sighting, reasons) else {
            return Err(Both::new(format!("“{url}” 不是可访问的网址"), format!("`{url}` is no address to visit")));
        };
        let host = &candidate.host;
        if let Some((_, site)) = self.book.sites.iter().find(|(_, s)| s.owns(host)) {
            return Err(Both::new(
                format!("{host} 是官方网站（{}），不登记", site.name),
                format!("{host} is the official site itself; not added"),
            ));
        }
        if let Some(entry) = self.allowed.iter().find(|a| a.covers(host)) {
            let told = |lang| allow::told(entry, lang);
            return Err(Both::new(
                format!("{host} 在允许名单中，不登记：{}", told(Lang::Zh)),
                format!("{host} is on the allow-list; not added: {}", told(Lang::En)),
            ));
        }
        Ok(candidate)
    }
    /// Stores them in one transaction; how many hosts are new. `None`: another process has the store, and they wait for it on disk.
    pub(super) fn take(&self, context: &Context, candidates: Vec<Candidate>) -> Result<Option<u64>, Failure> {
        let Some(records) = &self.records else {
            return self.tray.leave(candidates, self.now).map(|()| None).map_err(|e| {
                let shown = context.settings.data_dir().display().to_string();
                Failure::failed(format!("{shown}：无法写入（{e}）"), format!("{shown}: cannot write ({e})"), context.lang)
            });
        };
        let count = candidates.len() as u64;
        let run = Run { at: self.now, outcome: "ok".into(), why: String::new(), seen: count, screened_in: count, new: 0 };
        records.commit_batch(TIP, candidates, "", &run).map(Some).map_err(|e| context.records_failure(&e))
    }
}

fn added(new: Option<bool>, lang: Lang) -> &'static str {
    match new {
        Some(true) => lang.pick("已登记", "added"),
        Some(false) => lang.pick("已登记（该主机此前已知）", "added (host known before)"),
        None => waits(lang),
    }
}

/// Where a report is that could not be stored at once.
pub(super) fn waits(lang: Lang) -> &'static str {
    lang.pick("已登记，由正在运行的监测（或下一次 scan）接收", "added; the running watch (or the next scan) takes it in")
}

fn one(context: &Context, url: &str, by: &str) -> Result<Exit, Failure> {
    let lang = context.lang;
    let counter = Counter::open(context)?;
    let candidate = counter.judge(url, by, Where::default()).map_err(|why| Failure::usage(why.zh, why.en, lang))?;
    let host = candidate.host.clone();
    let new = counter.take(context, vec![candidate])?.map(|n| n == 1);
    if context.json {
        say::json(&json!({"schema": "tip/1", "host": host, "new": new}))?;
    } else {
        say::line(&format!("{}：{}", host.defanged(), added(new, lang)))?;
    }
    Ok(Exit::Done)
}

/// The file's bytes, within `most`.
pub(super) fn bytes_of(file: &Path, most: u64, lang: Lang) -> Result<Vec<u8>, Failure> {
    let shown = file.display();
    let told = |zh: String, en: String| Failure::usage(format!("{shown}：{zh}"), format!("{shown}: {en}"), lang);
    let size = std::fs::metadata(file).map_err(|e| told(format!("无法读取（{e}）"), format!("cannot read ({e})")))?.len();
    if size > most {
        return Err(told(format!("超过 {} MiB", most >> 20), format!("over {} MiB", most >> 20)));
    }
    std::fs::read(file).map_err(|e| told(format!("无法读取（{e}）"), format!("cannot read ({e})")))
}

fn photo(context: &Context, file: &Path, by: &str) -> Result<Exit, Failure> {
    let (lang, shown) = (context.lang, file.display());
    let bytes = bytes_of(file, MAX_PHOTO_BYTES, lang)?;
    let codes = sources::tips::codes(&bytes)
        .map_err(|why| Failure::usage(format!("{shown}：不是可读的图片（{why}）"), format!("{shown}: {why}"), lang))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::from(anyhow::Error::new(e).context("runtime")))?;
    let text: Option<String> = runtime.block_on(capture::photo_text(&bytes)).map(|t| t.chars().take(MAX_TEXT_CHARS).collect());
    let mut told = Vec::new();
    let mut kept = None;
    if !codes.is_empty() {
        let counter = Counter::open(context)?;
        let name = keep(context, &bytes)?;
        for code in codes {
            let at = Where { file: Some(name.clone()), snippet: text.clone().filter(|t| !t.is_empty()), ..Where::default() };
            told.push(match counter.judge(&code, by, at) {
                Ok(candidate) => {
                    let host = candidate.host.clone();
                    let new = counter.take(context, vec![candidate])?.map(|n| n == 1);
                    (code, Ok((host, new)))
                }
                Err(why) => (code, Err(why)),
            });
        }
        kept = Some(name);
    }
    let taken = told.iter().filter(|(_, what)| what.is_ok()).count();
    if context.json {
        let codes = told.iter().map(|(code, what)| match what {
            Ok((host, new)) => json!({"text": code, "host": host, "new": new}),
            Err(why) => json!({"text": code, "why": why.get(lang)}),
        });
        say::json(&json!({"schema": "tip-image/1", "codes": codes.collect::<Vec<_>>(), "text": text, "kept": kept}))?;
    } else {
        for (code, what) in &told {
            say::line(&match what {
                Ok((host, new)) => lang.pick(
                    format!("二维码 {}：{}", host.defanged(), added(*new, lang)),
                    format!("QR code {}: {}", host.defanged(), added(*new, lang)),
                ),
                Err(why) => lang.pick(format!("二维码“{code}”未登记：{}", why.zh), format!("QR code `{code}` was not added: {}", why.en)),
            })?;
        }
        if let Some(text) = text.as_deref().filter(|t| !t.is_empty()) {
            say::line(&lang.pick(format!("图中文字：\n{text}"), format!("text in the picture:\n{text}")))?;
        }
    }
    match (told.len(), taken) {
        (0, _) => Err(Failure::failed(
            format!("{shown}：没有读出二维码；请换一张更清晰的照片，或用 jianwei tip add 网址 登记图中的网址"),
            format!("{shown}: no QR code was read; try a clearer photo, or give the address in it to `jianwei tip add`"),
            lang,
        )),
        (_, 0) => Ok(Exit::Failed),
        (all, taken) => Ok(if all == taken { Exit::Done } else { Exit::Partly }),
    }
}

/// Keeps the photo in the data folder under its hash: the name that each sighting from it carries.
fn keep(context: &Context, bytes: &[u8]) -> Result<String, Failure> {
    let name = format!("tips/{}", Sha256::of(bytes).hex());
    let path = context.settings.data_dir().join(&name);
    let write = || {
        std::fs::create_dir_all(path.parent().expect("below the data folder"))?;
        if path.exists() { Ok(()) } else { std::fs::write(&path, bytes) }
    };
    write().map_err(|e: std::io::Error| {
        let shown = path.display();
        Failure::failed(format!("{shown}：无法写入（{e}）"), format!("{shown}: cannot write ({e})"), context.lang)
    })?;
    Ok(name)
}
