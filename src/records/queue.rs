//! The queue: what is asked of the board, and what it answers. Decisions never rest on it: a lead's own row is read for those.

use crate::model::assessment::Verdict;
use crate::model::attribution::Attribution;
use crate::model::host::Host;
use crate::model::lead::{Lead, LeadId, Move, State, Step};
use crate::model::time::Timestamp;
use crate::records::board::{QueueRow, Rows};
use crate::records::leads::lead_key;
use crate::records::{Records, RecordsError, marks};
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

/// Order of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Highest score first.
    #[default]
    Score,
    /// Latest opened first.
    Newest,
    /// Earliest opened first.
    Oldest,
    /// Latest change first.
    Changed,
    /// By host.
    Host,
}

/// What the queue is asked. Empty parts do not filter.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Any of these states.
    pub states: Vec<State>,
    /// Any of these classes.
    pub classes: Vec<Verdict>,
    /// Protected site.
    pub site: Option<String>,
    /// Source.
    pub source: Option<String>,
    /// Score at least.
    pub min_score: Option<u8>,
    /// Opened at or after.
    pub since: Option<Timestamp>,
    /// Opened or changed after.
    pub news_since: Option<Timestamp>,
    /// Domain registered at or after; one whose date is not known does not pass.
    pub registered_since: Option<Timestamp>,
    /// Province of the server.
    pub province: Option<String>,
    /// One of those that serve it.
    pub provider: Option<String>,
    /// On one of these hosts: a cluster's.
    pub hosts: Option<Arc<HashSet<Host>>>,
    /// Held by this person.
    pub holder: Option<String>,
    /// Part of host, title, address or id; any case.
    pub text: Option<String>,
    /// Order.
    pub sort: Sort,
    /// Count what is new since then among what passes. `None`: nothing is counted.
    pub last_look: Option<Timestamp>,
    /// Rows passed over.
    pub offset: usize,
    /// Rows given at most.
    pub limit: usize,
}

/// A page of the queue.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The rows.
    pub rows: Vec<QueueRow>,
    /// Rows that passed the filter.
    pub total: usize,
    /// Of these, opened or changed since `last_look`.
    pub news: usize,
    /// All leads by state, without the filter.
    pub by_state: BTreeMap<&'static str, usize>,
    /// Protected sites that occur, for the filter's lists; the commonest 200, in alphabetical order.
    pub sites: Vec<String>,
    /// Sources, as above.
    pub sources: Vec<String>,
    /// Provinces, as above.
    pub provinces: Vec<String>,
    /// Those that serve leads, as above.
    pub providers: Vec<String>,
}

/// What two leads share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The registrable name.
    Name,
    /// An address.
    Address,
    /// The whole title, of at least six characters.
    Title,
}

/// The rows in memory; none until they are first asked for.
pub(super) type Board = RwLock<Option<Rows>>;

impl Records {
    /// Changes with everything that is kept.
    pub fn edition(&self) -> u64 {
        self.shelf.view().meta.seq
    }
    /// A page of the queue.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn queue(&self, ask: &Ask) -> Result<Answer, RecordsError> {
        self.on_board(|rows| rows.answer(ask))
    }
    /// Looks at every row once, for sums.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn each_row(&self, see: &mut dyn FnMut(&QueueRow)) -> Result<(), RecordsError> {
        self.on_board(|rows| rows.iter().for_each(see))
    }
    /// Leads that share something with `lead`: name, address or title; each with the words for what is shared. At most `limit`, highest score first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn alike(&self, lead: &Lead, limit: usize) -> Result<Vec<(QueueRow, Vec<Shared>)>, RecordsError> {
        self.on_board(|rows| rows.alike(&lead.id, limit))
    }
    /// Referrals made before of this host, its registrable name, or this very lead: newest first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn referred_before(&self, lead: &Lead) -> Result<Vec<(LeadId, Host, Step)>, RecordsError> {
        let host = &lead.candidate.host;
        let ids: Vec<LeadId> = self.on_board(|rows| {
            let sent = |row: &&QueueRow| row.marks.referred.is_some();
            match host.registrable() {
                Some(name) => rows.named(name).filter(sent).map(|r| r.id.clone()).collect(),
                None => rows.iter().filter(|r| r.host == *host).filter(sent).map(|r| r.id.clone()).collect(),
            }
        })?;
        let mut prior = Vec::new();
        for id in ids {
            let Some(other) = self.lead(&id)? else { continue };
            let steps = other.history.iter().filter(|s| matches!(s.what, Move::Refer { .. }));
            prior.extend(steps.map(|s| (id.clone(), other.candidate.host.clone(), s.clone())));
        }
        prior.sort_by_key(|(_, _, s)| std::cmp::Reverse(s.at));
        Ok(prior)
    }
    fn on_board<T>(&self, ask: impl FnOnce(&Rows) -> T) -> Result<T, RecordsError> {
        let ready = {
            let board = self.board.read().unwrap_or_else(PoisonError::into_inner);
            board.is_some() && !self.shelf.has_changed_leads()
        };
        if !ready {
            let mut board = self.board.write().unwrap_or_else(PoisonError::into_inner);
            self.keep_up(&mut board)?;
            // Readers come in again without anybody between: what was just taken in is what is answered from.
            let board = RwLockWriteGuard::downgrade(board);
            return Ok(ask(board.as_ref().unwrap_or(&Rows::default())));
        }
        let board = self.board.read().unwrap_or_else(PoisonError::into_inner);
        Ok(ask(board.as_ref().unwrap_or(&Rows::default())))
    }
    /// Brings the rows up to date.
    fn keep_up(&self, board: &mut Option<Rows>) -> Result<(), RecordsError> {
        // Taken before the rows are read: what changes meanwhile is told again.
        let changed = self.shelf.changed_leads();
        let served = |host: &Host| self.shelf.peek::<Attribution>(&marks::attribution_key(host));
        match board {
            None => {
                let mut rows = Rows::default();
                let mut trouble = None;
                self.told(self.shelf.view().each(b"l/", |_, lead: Lead| match served(&lead.candidate.host) {
                    Ok(whose) => {
                        rows.append(&lead, whose.as_ref());
                        ControlFlow::Continue(())
                    }
                    Err(fault) => {
                        trouble = Some(fault);
                        ControlFlow::Break(())
                    }
                }))?;
                self.told(trouble.map_or(Ok(()), Err))?;
                rows.sort();
                *board = Some(rows);
            }
            Some(rows) => {
                for id in &changed {
                    match self.told(self.shelf.peek::<Lead>(&lead_key(id)))? {
                        Some(lead) => {
                            let whose = self.told(served(&lead.candidate.host))?;
                            rows.put(&lead, whose.as_ref());
                        }
                        None => {
                            *board = None;
                            return self.keep_up(board);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
