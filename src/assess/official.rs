//! The allow-list: official hosts and trees, at DNS label boundaries. It comes first and ends the matter.

use crate::model::host::Host;
use crate::model::kindly;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;
use serde::Deserialize;

/// `rules/official.toml` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficialFile {
    #[serde(default)]
    official: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tree: String,
    who: String,
}

/// All trees that are somebody's official site, and whose.
#[derive(Debug, Default)]
pub(crate) struct Official {
    entries: Vec<Entry>,
}

impl Official {
    /// Sites first, then the file; a wrong entry is reported and left out.
    pub(crate) fn load(sites: &[(RuleFile, Site)], file: Option<&RuleFile>, errors: &mut Vec<RuleError>) -> Self {
        let mut entries: Vec<Entry> = sites
            .iter()
            .flat_map(|(_, site)| {
                site.hosts.iter().chain(&site.trees).map(|tree| Entry { tree: tree.clone(), who: format!("{} {}", site.agency, site.id) })
            })
            .collect();
        let written = match file.map(kindly::parse::<OfficialFile>) {
            Some(Ok(written)) => written.official,
            Some(Err(error)) => {
                errors.push(error);
                Vec::new()
            }
            None => Vec::new(),
        };
        for entry in written {
            match (Host::parse(&entry.tree), file) {
                (Ok(host), _) if host.as_str() == entry.tree => entries.push(entry),
                (Ok(host), Some(file)) => {
                    let why =
                        Both::new(format!("tree：“{}”请写作“{host}”", entry.tree), format!("write the tree `{}` as `{host}`", entry.tree));
                    errors.push(file.error_near(&entry.tree, why));
                }
                (Err(bad), Some(file)) => {
                    let why = Both::new(format!("tree：“{}”不是主机名（{}）", entry.tree, bad.why), format!("tree: {bad}"));
                    errors.push(file.error_near(&entry.tree, why));
                }
                (_, None) => {}
            }
        }
        Self { entries }
    }
    /// Whose official host this is, and under which tree. `None`: unlisted.
    pub(crate) fn owner(&self, host: &Host) -> Option<(&str, &str)> {
        self.entries.iter().find(|e| host.under(&e.tree)).map(|e| (e.who.as_str(), e.tree.as_str()))
    }
    /// Is the host of this address official? `false` for what is no address.
    pub(crate) fn owns_url(&self, url: &str) -> bool {
        host_of(url).is_some_and(|host| self.owner(&host).is_some())
    }
}

/// The host of an absolute address.
pub(crate) fn host_of(url: &str) -> Option<Host> {
    Host::parse(url::Url::parse(url).ok()?.host_str()?).ok()
}
