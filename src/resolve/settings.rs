//! `[attribution]` as written.

use crate::model::division::Division;
use serde::Deserialize;
use std::path::PathBuf;

/// `[attribution]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Ask registries (RDAP, WHOIS) about hosts that look like copies? Tables and filing numbers need no network and are always used.
    pub ask_registries: bool,
    /// Folder of the address tables. `None`: `tables/` in the data folder.
    pub tables: Option<PathBuf>,
    /// Where the list of RDAP servers is (RFC 9224). Empty: none, the shipped ones are used.
    pub bootstrap: String,
    /// Least time between two questions to one server, in milliseconds.
    pub interval_ms: u64,
    /// How long an answer serves, in days.
    pub cache_days: u32,
    /// Longest wait that a server may ask for before one more try, in milliseconds; beyond it the answer is "limited".
    pub max_wait_ms: u64,
    /// The unit's own list of filings: CSV with the columns kind, value, domain, owner.
    pub filings: Option<PathBuf>,
    /// GB/T 2260 code of the unit's own province or city; `500000` is Chongqing.
    pub home: String,
    /// Divisions of the unit's own: 功能区 with local keys, or a code that is published by now. Each replaces the shipped ones of its key or code.
    pub division: Vec<Division>,
    /// Servers that come before the shipped and the listed ones.
    pub server: Vec<Server>,
}

/// Who answers for a suffix.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `cn`, `com`, `xn--fiqs8s`; empty: for all that has none.
    pub suffix: String,
    /// `host` or `host:port` of the WHOIS server.
    #[serde(default)]
    pub whois: Option<String>,
    /// Base address of the RDAP server.
    #[serde(default)]
    pub rdap: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ask_registries: true,
            tables: None,
            bootstrap: "https://data.iana.org/rdap/dns.json".into(),
            interval_ms: 2_000,
            cache_days: 7,
            max_wait_ms: 5_000,
            filings: None,
            home: "500000".into(),
            division: Vec::new(),
            server: Vec::new(),
        }
    }
}
