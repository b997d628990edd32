//! Kin: which leads belong together, worked out every minute for the whole queue; the page of one lead asks anew. A queue of 100,000 leads
//! must not walk fifty clusters a page.

use crate::model::cluster::Cluster;
use crate::model::host::Host;
use crate::records::{Records, RecordsError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// All clusters as of a moment.
#[derive(Default)]
pub(super) struct Kin {
    edition: Option<u64>,
    of: HashMap<Host, usize>,
    all: Vec<(String, Arc<HashSet<Host>>)>,
}

impl Kin {
    /// As the records are now; `None`: nothing has changed since `before`.
    pub(super) fn after(before: &Self, records: &Records) -> Result<Option<Self>, RecordsError> {
        let edition = records.edition();
        if before.edition == Some(edition) {
            return Ok(None);
        }
        let clusters = records.with_graph(|g| g.clusters())?;
        let mut kin = Self { edition: Some(edition), ..Self::default() };
        for cluster in clusters {
            kin.of.extend(cluster.hosts.iter().map(|h| (h.clone(), kin.all.len())));
            kin.all.push((cluster.id, Arc::new(cluster.hosts.into_iter().collect())));
        }
        Ok(Some(kin))
    }
    /// Id and size of a host's cluster.
    pub(super) fn of(&self, host: &Host) -> Option<(&str, usize)> {
        let (id, hosts) = &self.all[*self.of.get(host)?];
        Some((id, hosts.len()))
    }
    /// Hosts of a cluster; none where there is no such cluster.
    pub(super) fn hosts(&self, id: &str) -> Arc<HashSet<Host>> {
        self.all.iter().find(|(i, _)| i == id).map(|(_, hosts)| hosts.clone()).unwrap_or_default()
    }
    /// The cluster of a host with its ties, as it is now.
    pub(super) fn cluster_of(&self, records: &Records, host: &Host) -> Result<Option<Cluster>, RecordsError> {
        records.with_graph(|g| g.cluster_of(host))
    }
}
