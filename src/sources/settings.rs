//! One `[[source]]` of the settings file, as written.

use crate::sources::secret::Secret;
use serde::Deserialize;
use std::path::PathBuf;

/// One `[[source]]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Unique; names the source in cursors, sightings and messages.
    pub id: String,
    /// `names`, `zone_diff`, `permutations`, `ct`, `certstream`, `search`, `assets`.
    pub kind: String,
    /// Cron expression, Asia/Shanghai; none: at every scan. Today its form is checked and every scan runs the source. Whatever it says,
    /// permutations are asked once a (Beijing) day, and a complete round of the same searches rests for 6 hours.
    pub schedule: Option<String>,
    /// names: a file or a folder. zone_diff: a zone file, or a folder of them. ct: a file with the log list.
    pub path: Option<PathBuf>,
    /// names, zone_diff: where to fetch it. ct: where the log list is (else Google's). certstream: the WebSocket.
    pub url: Option<String>,
    /// names: `whoisds`. zone_diff: `czds`.
    pub preset: Option<String>,
    /// zone_diff: a folder of our own, where the last state of each zone is kept.
    pub keep: Option<PathBuf>,
    /// zone_diff with preset `czds`: which zones (`top`, `xyz`); none: all that the account may have.
    #[serde(default)]
    pub zones: Vec<String>,
    /// search, assets: id of the engine in `rules/engines/`.
    pub engine: Option<String>,
    /// search, assets, preset: replaces the host part of the URL (a mirror, a test).
    pub base_url: Option<String>,
    /// search, assets: queries besides the protected sites' own.
    #[serde(default)]
    pub queries: Vec<String>,
    /// search, assets: result pages per query, 1 to 10; default 1.
    pub pages: Option<u32>,
    /// ct: parts of the names, operators or URLs of the logs to read, any case; none: all that are in use.
    #[serde(default)]
    pub logs: Vec<String>,
    /// ct: least time between two requests to one log; default 200.
    pub interval_ms: Option<u64>,
    /// ct: how long the entries of an unfinished tile are waited for; default 120.
    pub partial_after_s: Option<u64>,
    /// ct: how many older entries are read of a log that is new to us; default 0.
    pub backfill_entries: Option<u64>,
    /// search, assets, zone_diff: the environment variable that holds the key; else the engine's own (`FOFA_KEY`, ...).
    pub key_env: Option<String>,
    /// The same: a file that holds the key and nothing else.
    pub key_file: Option<PathBuf>,
    /// The key itself. Never in the file: cli reads it from the environment or the key file.
    #[serde(skip)]
    pub key: Option<Secret>,
}
