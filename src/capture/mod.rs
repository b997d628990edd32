//! Capture: one polite visit to a candidate, kept as evidence.
//! In: a URL. Out: a `Capture` with every hop, and the `Page` read from the last body.
//! Plain HTTP first; with a browser where that shows more. Never submits a form, never logs in, never follows a link. Sockets: `net` only.
//! Reading is one linear walk over tokens with a cap on everything, because the pages are written by people who want it to fail.

mod browser;
mod charset;
mod extract;
mod forms;
mod media;
mod pays;
mod pictures;
mod read;
mod scripts;
mod style;
mod tokens;
mod variant;
mod visit;
mod writer;

pub use browser::{Browser, BrowserError, BrowserSettings, find as find_browser, sweep as sweep_profiles};
pub use extract::extract;
pub use pays::pays;
pub use pictures::{QR_LINK, photo_text, seen};
pub use variant::{VARIANTS, headers};
pub use visit::visit;

use serde::Deserialize;

/// `[capture]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Use a browser: `auto`, `always`, `never`. `auto` reads over HTTP first and renders where that may show more.
    pub browser: String,
    /// As whom to come: `desktop`, `wechat`, `baidu_referer`.
    pub variants: Vec<String>,
}

impl Settings {
    /// The browser that these settings and this machine give. `None`: none is wanted, or none is installed.
    pub fn browser(&self) -> Option<Browser> {
        if self.browser == "never" {
            return None;
        }
        BrowserSettings::of_this_machine().map(Browser::new)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { browser: "auto".into(), variants: ["desktop", "wechat", "baidu_referer"].map(String::from).to_vec() }
    }
}
