//! Proofs over a manifest that stand outside it: time-stamps of outside authorities, and the unit's own signature.
//! A proof is a file of its own in `proof/`, complete or absent; each binds the manifest byte for byte.

pub(super) mod check;
mod der;
pub(super) mod key;
pub(super) mod stamp;
pub(super) mod trust;
pub(super) mod tsp;
pub(super) mod waiting;

use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use tsp::Imprint;

/// Folder of the proofs.
pub(super) const FOLDER: &str = "proof";
/// The unit's signature over the manifest, where its key is an Ed25519 one.
pub(super) const SIGNATURE: &str = "proof/manifest.ed25519.sig";
/// The same, where its key is an SM2 one.
pub(super) const SM2_SIGNATURE: &str = "proof/manifest.sm2.sig";
/// The public key to it.
pub(super) const SIGNER: &str = "proof/signer.pem";
/// A stamp should follow the capture within this, in milliseconds.
pub(super) const MAX_GAP_MS: i64 = 600_000;
/// How far a stamp may stand before the end of the capture, in milliseconds: what a clock may be wrong without a word.
pub(super) const MAX_EARLY_MS: i64 = 60_000;

/// An authority that the manifest says was to stamp it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    /// Names its files: made from the URL alone.
    pub(super) tag: String,
    /// Where.
    pub(super) url: String,
    /// SHA-256 of the file of its roots, as it was at sealing.
    pub(super) ca_sha256: Sha256,
}

/// The name of an authority's files: its host and eight digits of its URL's hash.
pub(super) fn tag(url: &str) -> String {
    let host = url::Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).take(60).collect();
    format!("{}-{}", host.trim_matches(['.', '-']), &Sha256::of(url.as_bytes()).hex()[..8])
}

/// File of a response.
pub(super) fn response(tag: &str, imprint: Imprint) -> String {
    format!("{FOLDER}/{tag}.{}.tsr", imprint.word())
}
/// File of the roots that the stamps verify against.
pub(super) fn roots(tag: &str) -> String {
    format!("{FOLDER}/{tag}.ca.pem")
}
/// File of what was noted when it was stamped.
pub(super) fn note(tag: &str) -> String {
    format!("{FOLDER}/{tag}.json")
}

/// [`note`] as written and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) schema: String,
    pub(super) url: String,
    pub(super) captured_at: Timestamp,
    pub(super) sha256: Noted,
    pub(super) sm3: Noted,
}

/// What was noted of one stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum Noted {
    /// It came.
    Stamped {
        /// The authority's time.
        time: Timestamp,
        /// Its serial number, hexadecimal.
        serial: String,
        /// From the end of the capture to the authority's time.
        gap_ms: i64,
        /// When we asked, by our clock.
        asked_at: Timestamp,
        /// When the answer was there, by our clock.
        answered_at: Timestamp,
        /// The authority's time minus the middle of the two: how wrong our clock was, to half of `answered_at - asked_at` and the authority's unit.
        clock_offset_ms: i64,
    },
    /// The authority does not do this hash.
    Refused {
        /// In its words or ours.
        why: Both,
    },
}

impl Note {
    pub(super) const SCHEMA: &'static str = "stamp/1";
    pub(super) fn of(&self, imprint: Imprint) -> &Noted {
        match imprint {
            Imprint::Sha256 => &self.sha256,
            Imprint::Sm3 => &self.sm3,
        }
    }
}
