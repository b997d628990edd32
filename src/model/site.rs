//! A protected site: official hosts, names, page anchors. Data, one file each in `rules/sites/`; a unit adds one with no code.

use super::host::Host;
use super::rulefile::{RuleError, RuleFile};
use serde::Deserialize;

/// One protected site, as its file says it. `names` belongs to lookalike, `page` to assess; each parses its own section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The main official host; the site's id everywhere.
    pub id: String,
    /// Is it in use? A unit may switch a shipped site off in its own copy of the file, or name the sites that it wants in its settings.
    #[serde(default)]
    pub status: Status,
    /// Full official name.
    pub name: String,
    /// Whose it is.
    pub agency: String,
    /// Official hosts. They and everything below them are the site itself.
    pub hosts: Vec<String>,
    /// Official trees (`mem.gov.cn`): never a candidate, at label boundaries.
    #[serde(default)]
    pub trees: Vec<String>,
    /// Search queries whose results are worth a visit.
    #[serde(default)]
    pub queries: Vec<String>,
    /// Words for the name screen and the permutations.
    #[serde(default)]
    pub names: toml::Table,
    /// Anchors for the assessment.
    #[serde(default)]
    pub page: toml::Table,
}

/// Is a site in use?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Screened for and compared with.
    #[default]
    On,
    /// Kept, but neither.
    Off,
}

impl Site {
    /// Reads one file of `rules/sites/`.
    ///
    /// # Errors
    /// [`RuleError`] with file and line: bad TOML, unknown key, an id or host that is no host name.
    pub fn read(file: &RuleFile) -> Result<Self, RuleError> {
        let site: Self = file.parse()?;
        for text in site.hosts.iter().chain(&site.trees).chain([&site.id]) {
            match Host::parse(text) {
                Ok(host) if host.as_str() == text => {}
                Ok(host) => return Err(file.error_near(text, format!("write the host `{text}` as `{host}`"))),
                Err(e) => return Err(file.error_near(text, e.to_string())),
            }
        }
        if !site.hosts.contains(&site.id) {
            return Err(file.error_near("id", format!("the id `{}` must be one of hosts", site.id)));
        }
        Ok(site)
    }
    /// Is `host` the site itself: an official host or tree, at a label boundary?
    pub fn owns(&self, host: &Host) -> bool {
        self.hosts.iter().chain(&self.trees).any(|tree| host.under(tree))
    }
}
