//! Progress of long work: a bar on a terminal, plain lines when piped, nothing when quiet. Always on standard error.

use crate::cli::say;
use crate::model::lang::Lang;
use crate::pipeline::Event;
use crate::sources::words;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Least time between two plain lines about the same thing.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Shown {
    lang: Lang,
    quiet: bool,
    bar: Option<ProgressBar>,
    last: Mutex<Option<Instant>>,
}

impl Shown {
    pub(crate) fn new(lang: Lang, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} [{elapsed_precise}] {bar:30} {msg}").expect("a fixed template");
            let bar = ProgressBar::new(1_000).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { lang, quiet, bar, last: Mutex::new(None) }
    }

    pub(crate) fn event(&self, event: Event) {
        let (text, share, always) = self.words(event);
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) if always => bar.suspend(|| say::note(&text)),
            Some(bar) => {
                bar.set_position(share.map_or(0, |s| (s * 1_000.0) as u64));
                bar.set_message(text);
            }
            None if always || self.is_time() => say::note(&text),
            None => {}
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// The line, the share done, and whether it must always be shown.
    fn words(&self, event: Event) -> (String, Option<f64>, bool) {
        let lang = self.lang;
        match event {
            Event::Read { source, seen, done } => {
                let share = done.map(|d| format!(" {:.0}%", d * 100.0)).unwrap_or_default();
                (
                    lang.pick(format!("来源 {source}：已读 {seen} 个名称{share}"), format!("source {source}: {seen} names read{share}")),
                    done,
                    false,
                )
            }
            Event::SourceDone(s) => {
                let why = if s.why.is_empty() {
                    String::new()
                } else {
                    lang.pick(format!("（{}）", words::told(&s.why, lang)), format!(" ({})", s.why))
                };
                let outcome = outcome(&s.outcome, lang);
                let text = lang.pick(
                    format!("来源 {}：{outcome}{why}，见到 {}，入选 {}，新增 {}", s.source, s.seen, s.screened_in, s.new),
                    format!("source {}: {outcome}{why}, {} seen, {} screened in, {} new", s.source, s.seen, s.screened_in, s.new),
                );
                (text, None, true)
            }
            Event::Worked { done, left } => {
                let share = done as f64 / (done + left).max(1) as f64;
                (
                    lang.pick(format!("解析与访问：完成 {done}，待办 {left}"), format!("look-ups and visits: {done} done, {left} left")),
                    Some(share),
                    false,
                )
            }
            Event::Lead { host, class, score } => {
                (lang.pick(format!("新线索 {host}：{class} {score} 分"), format!("new lead {host}: {class} {score}")), None, true)
            }
            Event::Moved { host, what } => {
                (lang.pick(format!("复核 {host}：{}", moved(what)), format!("re-check of {host}: {what}")), None, true)
            }
        }
    }

    fn is_time(&self) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let due = last.is_none_or(|t| t.elapsed() >= PLAIN_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

fn moved(what: &str) -> &'static str {
    match what {
        "block" => "已封堵",
        "still_up" => "仍在线",
        "moved_to" => "已转移",
        _ => "恢复上线，重新打开",
    }
}

/// A source's outcome in words.
pub(crate) fn outcome(word: &str, lang: Lang) -> &'static str {
    match word {
        "ok" => lang.pick("正常", "ok"),
        "empty" => lang.pick("无新内容", "empty"),
        "blocked" => lang.pick("被拦截", "blocked"),
        "failed" => lang.pick("失败", "failed"),
        _ => lang.pick("未知", "unknown"),
    }
}
