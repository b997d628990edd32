//! Hosts that many share, from `rules/platforms.toml`: blocking one would block everybody. A unit's own file takes the place of the shipped one.

use crate::model::host::Host;
use crate::model::rulefile::{RuleError, RuleFile};
use serde::Deserialize;

/// Path of the file below `rules/`.
pub const PLATFORMS: &str = "platforms.toml";

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Hosts at which anybody publishes; `www.` and `m.` before them are meant too.
    shared: Vec<String>,
}

/// Hosts that no block list may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platforms {
    shared: Vec<Host>,
}

impl Platforms {
    /// From the rule files in force.
    ///
    /// # Errors
    /// [`RuleError`]: no such file, not TOML, a name that is no host, or an empty list: then nothing would be held back.
    pub fn load(files: &[RuleFile]) -> Result<Self, RuleError> {
        let Some(file) = files.iter().find(|f| f.path == PLATFORMS) else {
            return Err(RuleError::whole(format!("rules/{PLATFORMS}"), "is missing"));
        };
        let written: Written = file.parse()?;
        let host = |name: &String| Host::parse(name).map_err(|e| file.error_near(name, e.to_string()));
        let shared = written.shared.iter().map(host).collect::<Result<Vec<_>, _>>()?;
        if shared.is_empty() {
            return Err(RuleError::whole(file.shown.clone(), "names no platform"));
        }
        Ok(Self { shared })
    }
    /// Would blocking this host block others: a public suffix, or a host where many publish?
    pub fn covers(&self, host: &Host) -> bool {
        if host.ip().is_some() {
            return false;
        }
        let bare = host.as_str().strip_prefix("www.").or_else(|| host.as_str().strip_prefix("m.")).unwrap_or(host.as_str());
        host.registrable().is_none()
            || Host::parse(bare).is_ok_and(|h| h.registrable().is_none())
            || self.shared.iter().any(|h| h.as_str() == bare || h == host)
    }
}
