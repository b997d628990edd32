//! Tell: from what the reading script said of each frame to one `Page`, as a visitor sees it.

use crate::capture::extract::{extracted, reread};
use crate::capture::visit::take_in;
use crate::model::page::Page;
use serde::Deserialize;
use url::Url;

/// The script that reads one frame; it runs in a world of its own.
pub(super) const SCRIPT: &str = include_str!("read.js");

/// What it says of one frame.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub(super) url: String,
    pub(super) title: String,
    pub(super) charset: String,
    pub(super) html: String,
    pub(super) cut: bool,
    pub(super) text: String,
    pub(super) hidden: String,
    pub(super) shadows: u32,
    /// Share of the window that pictures cover, `0.0..=1.0`.
    pub(super) pictures: f64,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Does the page hold timers or a refresh?
    pub(super) timers: bool,
    pub(super) icons: Vec<String>,
}

/// One page from the main frame and the frames in it, the main one first. `None`: nothing was told.
pub(super) fn page(frames: &[Told]) -> Option<Page> {
    let (main, others) = frames.split_first()?;
    let mut page = of_frame(main)?;
    for frame in others.iter().filter(|f| f.url.starts_with("http") || !f.text.is_empty()) {
        if let Some(read) = of_frame(frame) {
            take_in(&mut page, &frame.url, read);
        }
    }
    Some(page)
}

fn of_frame(told: &Told) -> Option<Page> {
    let base = Url::parse(&told.url).ok()?;
    let mut page = extracted(told.html.as_bytes(), Some("text/html; charset=utf-8"), &base).page;
    page.charset = told.charset.to_lowercase();
    page.charset_from = "browser".into();
    if !told.title.trim().is_empty() {
        page.title = told.title.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    page.notes.push("read after its scripts ran, as the browser shows it".into());
    if told.cut {
        page.notes.push("the browser's page is longer than what is kept of it".into());
    }
    if told.shadows > 0 {
        page.notes.push(format!("{} shadow trees are taken in", told.shadows));
    }
    reread(&mut page, told.text.clone(), told.hidden.clone());
    Some(page)
}
