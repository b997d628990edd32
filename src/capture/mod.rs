//! Capture: one polite visit to a candidate, kept as evidence.
//! In: a URL. Out: a `Capture` with every hop, and the `Page` read from the last body.
//! Never submits a form, never logs in, never follows a link. Sockets: `net` only.

use crate::model::capture::Capture;
use crate::net::Net;
use serde::Deserialize;

/// `[capture]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Use a browser: `auto`, `always`, `never`. Rendering is not built yet; `auto` and `never` read over HTTP.
    pub browser: String,
    /// As whom to come: `desktop`, `wechat`, `baidu_referer`.
    pub variants: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { browser: "auto".into(), variants: ["desktop", "wechat", "baidu_referer"].map(String::from).to_vec() }
    }
}

/// Visits `url` as `variant`. When `fall_back` and http does not answer, tries https on the same host.
pub async fn visit(_url: &url::Url, _variant: &str, _fall_back: bool, _net: &Net) -> Capture {
    unimplemented!()
}
