//! Capture: one polite visit to a candidate, kept as evidence.
//! In: a URL. Out: a `Capture` with every hop, and the `Page` read from the last body.
//! Plain HTTP first; with a browser where that shows more. Never submits a form, never logs in, never follows a link. Sockets: `net` only.
//! Reading is one linear walk over tokens with a cap on everything, because the pages are written by people who want it to fail.

mod browser;
mod charset;
mod deep;
mod extract;
mod film;
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
pub use deep::{Paths, names_a_person};
pub use extract::extract;
pub use film::{Film, Reel};
pub use pays::pays;
pub use pictures::{PictureReader, QR_LINK, fetch_pictures, photo_text, picture_file};
pub use variant::{VARIANTS, headers};
pub use visit::visit;

use crate::net::{BadSetting, Net};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[capture]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Use a browser: `auto`, `always`, `never`. `auto` reads over HTTP first and renders where that may show more.
    pub browser: String,
    /// As whom to come: `desktop`, `wechat`, `baidu_referer`, `spider`.
    pub variants: Vec<String>,
    /// Proxies by variant (`http://host:port`): each comes from its own vantage point. One that is not named goes out as `[net] proxy` says.
    pub proxies: BTreeMap<String, String>,
    /// Most addresses behind the front page that are tried on one host in one round; 0: none.
    pub deep_links: usize,
    /// Is the front page of a protected site looked at once a week, from its first lead on, so that the console shows it beside the suspect?
    pub official_pages: bool,
}

/// Most that `deep_links` may say: more would be a crawl.
const MAX_DEEP_LINKS: usize = 20;

impl Settings {
    /// Judges every value.
    ///
    /// # Errors
    /// [`BadSetting`] for the first that is wrong: what it is and what would be right.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |key, why| Err(BadSetting { section: "capture", key, why });
        if !matches!(self.browser.as_str(), "auto" | "always" | "never") {
            return bad("browser", format!("`{}`; write auto, always or never", self.browser));
        }
        if self.variants.is_empty() {
            return bad("variants", format!("none; name at least one of {}", VARIANTS.join(", ")));
        }
        let named = self.variants.iter().map(|v| ("variants", v)).chain(self.proxies.keys().map(|v| ("proxies", v)));
        if let Some((key, wrong)) = named.into_iter().find(|(_, v)| !VARIANTS.contains(&v.as_str())) {
            return bad(key, format!("no variant `{wrong}`; there are {}", VARIANTS.join(", ")));
        }
        if let Some(twice) = self.variants.iter().enumerate().find_map(|(n, v)| self.variants[..n].contains(v).then_some(v)) {
            return bad("variants", format!("`{twice}` stands there twice"));
        }
        for (variant, proxy) in &self.proxies {
            if let Err(e) = crate::net::check_proxy(proxy) {
                return bad("proxies", format!("{variant}: {}", e.why));
            }
        }
        if self.deep_links > MAX_DEEP_LINKS {
            return bad("deep_links", format!("{} is out of range; give a number from 0 to {MAX_DEEP_LINKS}", self.deep_links));
        }
        Ok(())
    }
    /// The way out of one variant: its own proxy, or the door as it is.
    ///
    /// # Errors
    /// [`BadSetting`]; never where [`Settings::check`] was content.
    pub fn exit(&self, variant: &str, net: &Net) -> Result<Net, BadSetting> {
        self.proxies.get(variant).map_or_else(|| Ok(net.clone()), |proxy| net.through(proxy))
    }
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
        Self {
            browser: "auto".into(),
            variants: ["desktop", "wechat", "baidu_referer"].map(String::from).to_vec(),
            proxies: BTreeMap::new(),
            deep_links: 6,
            official_pages: true,
        }
    }
}
