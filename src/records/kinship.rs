//! Whose hosts are and which belong together: the graph of who carries what, people's words on it, registrations, passive DNS.
//! The graph is made at the first question and kept in step: a change notes its host as behind, and whoever asks next catches up. No decision waits for it.

use crate::model::attribution::Attribution;
use crate::model::cluster::{ClusterMove, Graph};
use crate::model::dossier::Tie;
use crate::model::host::Host;
use crate::model::indicator::{Found, Indicator, Marks, kind_of};
use crate::model::registration::Registration;
use crate::model::time::Timestamp;
use crate::records::{Records, RecordsError, held, journal, marks};

impl Records {
    /// A person's word on which hosts belong together: journalled (fsync), then kept. Each can be taken back by its opposite.
    ///
    /// # Errors
    /// [`RecordsError::NoReason`]: nothing is written. [`RecordsError::Store`]: if the line reached the journal, the next open applies it.
    pub fn arrange(&self, what: &ClusterMove, by: &str, now: Timestamp) -> Result<(), RecordsError> {
        if what.reason().trim().is_empty() {
            let (ClusterMove::Merge { host, .. }
            | ClusterMove::Unmerge { host, .. }
            | ClusterMove::Split { host, .. }
            | ClusterMove::Unsplit { host, .. }) = what;
            return Err(RecordsError::NoReason { host: host.clone() });
        }
        let mut draft = self.shelf.draft();
        let head = held(&self.journal).append(now, by, journal::Said::Clusters(what.clone()))?;
        draft.meta.journal = head;
        self.told(marks::apply(&mut draft, now, by, what, head.seq).and_then(|()| draft.commit()))?;
        if let Some(graph) = held(&self.graph).as_mut() {
            graph.apply(what, &marks::told(by, now));
        }
        self.flush()
    }
    /// Says what the official sites carry. Whoever else carries it copied it: it ties nothing, and nothing is asked for its sake.
    pub fn keep_official(&self, marks: Vec<Marks>) {
        *held(&self.graph) = None;
        *held(&self.official) = marks;
    }
    /// Reads who carries what, of all hosts visited, with the leads' states and what people said. Held in memory from the first call on
    /// (some KiB a host), and kept in step with every visit and decision.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn with_graph<T>(&self, read: impl FnOnce(&mut Graph) -> T) -> Result<T, RecordsError> {
        let mut kept = held(&self.graph);
        let behind = std::mem::take(&mut *held(&self.behind));
        let mut graph = match kept.take() {
            Some(mut graph) => {
                for host in &behind {
                    if let Some((standing, marks)) = self.told(marks::now(&self.shelf.view(), host))? {
                        graph.put(host, standing, &marks);
                    }
                }
                graph
            }
            None => {
                let mut graph = self.told(marks::graph(&self.shelf.view()))?;
                held(&self.official).iter().for_each(|marks| graph.official(marks));
                graph
            }
        };
        let answer = read(&mut graph);
        *kept = Some(graph);
        Ok(answer)
    }
    /// Notes that the held graph is behind on one host.
    pub(super) fn follow(&self, host: &Host) {
        // A graph that nobody has asked for yet is made from the rows as they then are.
        let unmade = self.graph.try_lock().is_ok_and(|graph| graph.is_none());
        if !unmade {
            held(&self.behind).insert(host.clone());
        }
    }
    /// What these marks share with confirmed leads on other hosts: the heaviest of each kind, at most 16. Light and official ones tell nothing.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn ties(&self, host: &Host, marks: &Marks) -> Result<Vec<Tie>, RecordsError> {
        self.with_graph(|graph| graph.ties(host, marks, |i: &Indicator| kind_of(&i.kind).map_or("", |k| k.tie)))
    }
    /// Whose a host is, as of the latest visit; of the raw answers who was asked what and how it ended, not the text (it is in the package).
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn attribution(&self, host: &Host) -> Result<Option<Attribution>, RecordsError> {
        self.told(self.shelf.peek(&marks::attribution_key(host)))
    }
    /// Every attribution.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn attributions(&self) -> Result<Vec<Attribution>, RecordsError> {
        self.told(marks::attributions(&self.shelf.view()))
    }
    /// The latest answer of the registers on a host's registrable name. `None`: never asked, or nobody answered.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn registration(&self, host: &Host) -> Result<Option<Registration>, RecordsError> {
        let Some(name) = host.registrable() else { return Ok(None) };
        self.told(marks::registration(&self.shelf.view(), name))
    }
    /// What a host carries, where each was seen, and when. `None`: no visit with a page.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn marks(&self, host: &Host) -> Result<Option<(Vec<Found>, Timestamp)>, RecordsError> {
        self.told(marks::of(&self.shelf.view(), host))
    }
    /// Keeps what passive DNS saw: hosts with an address or alias of theirs. Returns how many are new.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn keep_passive_dns(&self, seen: &[(Host, String)]) -> Result<u64, RecordsError> {
        *held(&self.graph) = None;
        let mut new = 0;
        for chunk in seen.chunks(1_000) {
            new +=
                self.change(|draft| chunk.iter().try_fold(0, |n, (host, data)| Ok(n + u64::from(marks::put_old(draft, host, data)?))))?;
        }
        Ok(new)
    }
}
