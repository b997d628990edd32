//! What a visit with the browser leaves besides hops and page: files for the package, and a log of every request, the refused ones too.
//! Packages from before there was a browser have neither; both read as empty.

use super::digest::Sha256;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A file that a visit keeps for its package: a screenshot, the DOM after scripts, a resource as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Path below the capture's view folder (`full.png`, `res/003-ab12cd34.js`): plain parts, forward slashes, at most 120 bytes.
    pub path: String,
    /// What it is, in Chinese, as the manifest says it (`整页截图`).
    pub role: String,
    /// Media type, `application/octet-stream` where nobody said.
    pub media_type: String,
    /// Where it came from. `None`: made by us (screenshots, the DOM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Status of the answer that brought it. `None`: made by us, or not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// The file. Not in JSON: the package has it. Empty when read back.
    #[serde(skip)]
    pub body: Vec<u8>,
}

impl KeptFile {
    /// A file made by us.
    pub fn made(path: impl Into<String>, role: impl Into<String>, media_type: impl Into<String>, body: Vec<u8>) -> Self {
        Self {
            path: path.into(),
            role: role.into(),
            media_type: media_type.into(),
            url: None,
            status: None,
            bytes: body.len() as u64,
            sha256: Sha256::of(&body),
            body,
        }
    }
}

/// What a browser did during one visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browsing {
    /// The browser as it names itself (`Chrome/156.0.8078.79`).
    pub product: String,
    /// Every request that the page made, in order, at most 2,000: as the browser tells it.
    pub requests: Vec<Request>,
    /// Every connection that the browser asked of our door, in order, at most 2,000: as the door saw it, the refused ones too.
    pub passages: Vec<Passage>,
    /// Console messages and uncaught errors, at most 200, each cut to 500 characters.
    pub console: Vec<String>,
    /// What the page tried and was not let: a download, a dialog, a popup. At most 200.
    pub denied: Vec<String>,
    /// The certificates that the browser holds of the page's origin, leaf first, DER in base64, at most 16; told by the browser, and where a server
    /// changes its certificate not always those of the page's own connection. Empty: plain http, or not told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<String>,
    /// How often the visit was begun again because the browser died or hung. 0: it went well at once.
    pub repeated: u32,
}

/// One request as the browser tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// `GET`, ...
    pub method: String,
    /// The URL, cut to 2,000 characters.
    pub url: String,
    /// The browser's word for what it is for: `Document`, `Script`, `Image`, `WebSocket`, ...
    pub kind: String,
    /// Status. `None`: no answer.
    pub status: Option<u16>,
    /// Media type of the answer; empty: none.
    pub media_type: String,
    /// Why it came to nothing, in the browser's words; empty: it did not.
    pub failed: String,
    /// When the browser asked. `None`: a package from before this was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// From then to its end, in milliseconds. `None`: it had no end while we looked, or an old package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// One connection that the browser asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// When it asked.
    pub at: Timestamp,
    /// `CONNECT`, or the method of a plain http request.
    pub method: String,
    /// `host:port`, or the URL of a plain http request, cut to 2,000 characters.
    pub target: String,
    /// The address that it was really connected to. `None`: never connected.
    pub address: Option<SocketAddr>,
    /// Why it was refused or came to nothing (`10.0.0.1 is private: refused, nothing was sent`); empty: it went through.
    pub refused: String,
    /// Was it the guard that refused? Else it was a cap, DNS or the other side.
    pub by_guard: bool,
    /// Bytes that went to the server.
    pub bytes_up: u64,
    /// Bytes that came from it.
    pub bytes_down: u64,
}
