//! A glance at a package, for lists of thousands: the certificate of the connection that carried the page, and what its time-stamps say.
//! Reads the manifest, one small file and the proofs, never the dossier; what is listed is held against the manifest first.

use crate::evidence::manifest::{self, Manifest};
use crate::evidence::proof::FOLDER;
use crate::evidence::proof::tsp::{self, Imprint, Token};
use crate::evidence::{EvidenceError, contents, read};
use crate::model::capture::{CertificateFacts, Outcome};
use crate::model::time::Timestamp;
use serde::Deserialize;
use std::path::Path;

/// Most time-stamp responses that are read of one package.
const MAX_STAMPS: usize = 2 * manifest::MAX_STAMPS;

/// What a glance at a package tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Certificate of the connection that carried the page. `None`: plain http, or nobody answered.
    pub certificate: Option<CertificateFacts>,
    /// The page came by plain http: there is no certificate.
    pub plain_http: bool,
    /// Time-stamp responses beside the manifest, by file name.
    pub stamps: Vec<StampFile>,
}

/// One time-stamp response (RFC 3161) beside a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampFile {
    /// File of the package.
    pub file: String,
    /// The whole response.
    pub response: Vec<u8>,
    /// The authority's time (`genTime`). `None`: unreadable, or not over this manifest. Read, not verified: that is `verify`'s business.
    pub at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct HopsFile {
    captures: Vec<Seen>,
}
#[derive(Deserialize)]
struct Seen {
    outcome: Outcome,
    hops: Vec<Hop>,
}
#[derive(Deserialize)]
struct Hop {
    url: String,
    tls: Option<Tls>,
}
#[derive(Deserialize)]
struct Tls {
    leaf: Option<CertificateFacts>,
}

/// Looks at the package in `folder`.
pub(super) fn of(folder: &Path) -> Result<Glance, EvidenceError> {
    let broken = |why: String| EvidenceError::broken(folder, why);
    let bytes = read::capped(&folder.join(manifest::NAME), manifest::MAX_BYTES)?;
    let manifest = Manifest::parse(bytes).map_err(|why| broken(format!("{}: {}", manifest::NAME, why.en)))?;
    let hops: HopsFile = serde_json::from_slice(&read::listed(folder, &manifest, contents::HOPS)?)
        .map_err(|e| broken(format!("{}: {e}", contents::HOPS)))?;
    let with_hops = || hops.captures.iter().filter(|c| !c.hops.is_empty());
    let seen = with_hops().find(|c| matches!(c.outcome, Outcome::Captured)).or_else(|| with_hops().next());
    let hop = seen.and_then(|c| c.hops.last());
    Ok(Glance {
        certificate: hop.and_then(|h| h.tls.as_ref()).and_then(|t| t.leaf.clone()),
        plain_http: hop.is_some_and(|h| h.tls.is_none() && h.url.starts_with("http://")),
        stamps: stamps(folder, &manifest.bytes),
    })
}

fn stamps(folder: &Path, manifest: &[u8]) -> Vec<StampFile> {
    let named = |entry: std::io::Result<std::fs::DirEntry>| Some(entry.ok()?.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = std::fs::read_dir(folder.join(FOLDER)).into_iter().flatten().filter_map(named).collect();
    names.retain(|n| n.ends_with(".tsr"));
    names.sort();
    let read = |name: String| {
        let file = format!("{FOLDER}/{name}");
        let response = read::capped(&folder.join(&file), tsp::MAX_BYTES).ok()?;
        let token = Token::of_response(&response).ok().filter(|t| Imprint::BOTH.into_iter().any(|i| t.is_over(i, manifest)));
        let at = token.map(|t| t.time);
        Some(StampFile { file, response, at })
    };
    names.into_iter().take(MAX_STAMPS).filter_map(read).collect()
}
