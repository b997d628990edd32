//! The queue: one small line a lead, held in memory, so that a page of 100,000 leads is filtered and sorted in milliseconds.
//! Made at the first question from the leads themselves and kept in step with every change; never written, never asked for a decision.
//! A room's part of its own because a lead's row is some kilobytes of JSON and a table needs two hundred bytes of it.

use crate::model::assessment::Verdict;
use crate::model::host::Host;
use crate::model::lead::{Lead, LeadId, Move, State, Step};
use crate::model::time::Timestamp;
use crate::records::leads::lead_key;
use crate::records::{Records, RecordsError, held};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::ControlFlow;

/// Characters of a title that the queue keeps.
const TITLE_CHARS: usize = 160;

/// One line of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// The lead.
    pub id: LeadId,
    /// Its host.
    pub host: Host,
    /// Title, cut to 160 characters.
    pub title: String,
    /// Protected site.
    pub site: String,
    /// Class.
    pub class: Verdict,
    /// Highest of the three scores.
    pub score: u8,
    /// State.
    pub state: State,
    /// Who holds it, and until when.
    pub holder: Option<(String, Timestamp)>,
    /// Sources that saw it.
    pub sources: Vec<String>,
    /// When it became a lead.
    pub opened_at: Timestamp,
    /// Last decision or assessment.
    pub changed_at: Timestamp,
    /// Path of the latest package. `None`: its packages were removed.
    pub package: Option<String>,
    /// First addresses, at most four.
    pub addresses: Vec<IpAddr>,
    /// When it was confirmed, referred and seen blocked, by decisions that stand.
    pub marks: Marks,
    haystack: String,
}

/// When the decisions that a month is counted by were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// First confirmation.
    pub confirmed: Option<Timestamp>,
    /// Approval.
    pub approved: Option<Timestamp>,
    /// Referral.
    pub referred: Option<Timestamp>,
    /// Seen down.
    pub blocked: Option<Timestamp>,
    /// Dismissal.
    pub dismissed: Option<Timestamp>,
}

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
    /// Held by this person.
    pub holder: Option<String>,
    /// Part of host, title, address or id; any case.
    pub text: Option<String>,
    /// Order.
    pub sort: Sort,
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
    /// All leads by state, without the filter.
    pub by_state: BTreeMap<&'static str, usize>,
    /// Protected sites and sources that occur, for the filter's lists; at most 50 each.
    pub sites: Vec<String>,
    /// As above.
    pub sources: Vec<String>,
}

/// The rows in memory.
#[derive(Default)]
pub(super) struct Board {
    rows: Option<HashMap<LeadId, QueueRow>>,
}

impl QueueRow {
    fn of(lead: &Lead) -> Self {
        let text =
            format!("{}\n{}\n{}\n{}", lead.id, lead.candidate.host.unicode(), lead.url.chars().take(300).collect::<String>(), lead.title);
        let stands = lead.standing();
        let last = |want: fn(&Move) -> bool| stands.iter().rev().find(|s| want(&s.what)).map(|s| s.at);
        let mut sources: Vec<String> = lead.candidate.sightings.iter().map(|s| s.source.clone()).collect();
        sources.sort();
        sources.dedup();
        Self {
            id: lead.id.clone(),
            host: lead.candidate.host.clone(),
            title: lead.title.chars().take(TITLE_CHARS).collect(),
            site: if lead.assessment.site.is_empty() { lead.candidate.site.clone() } else { lead.assessment.site.clone() },
            class: lead.class(),
            score: lead.assessment.scores.max(),
            state: lead.state,
            holder: lead.holder.clone().zip(lead.held_until()),
            sources,
            opened_at: lead.opened_at,
            changed_at: lead.history.last().map_or(lead.assessment.at, |s: &Step| s.at.max(lead.assessment.at)),
            package: lead.packages.last().map(|p| p.path.clone()),
            addresses: lead.resolution.iter().flat_map(|r| r.addresses.iter().copied()).take(4).collect(),
            marks: Marks {
                confirmed: last(|m| matches!(m, Move::Confirm)),
                approved: last(|m| matches!(m, Move::Approve)),
                referred: last(|m| matches!(m, Move::Refer { .. })),
                blocked: last(|m| matches!(m, Move::Block)),
                dismissed: last(|m| matches!(m, Move::Dismiss { .. })),
            },
            haystack: text.chars().take(800).collect::<String>().to_lowercase(),
        }
    }
    fn passes(&self, ask: &Ask, text: Option<&str>) -> bool {
        (ask.states.is_empty() || ask.states.contains(&self.state))
            && (ask.classes.is_empty() || ask.classes.contains(&self.class))
            && ask.site.as_ref().is_none_or(|s| *s == self.site)
            && ask.source.as_ref().is_none_or(|s| self.sources.contains(s))
            && ask.min_score.is_none_or(|s| self.score >= s)
            && ask.since.is_none_or(|at| self.opened_at >= at)
            && ask.news_since.is_none_or(|at| self.opened_at > at || self.changed_at > at)
            && ask.holder.as_ref().is_none_or(|who| self.holder.as_ref().is_some_and(|(h, _)| h == who))
            && text.is_none_or(|t| self.haystack.contains(t))
    }
}

fn order(sort: Sort, a: &QueueRow, b: &QueueRow) -> std::cmp::Ordering {
    let first = match sort {
        Sort::Score => b.score.cmp(&a.score),
        Sort::Newest => b.opened_at.cmp(&a.opened_at),
        Sort::Oldest => a.opened_at.cmp(&b.opened_at),
        Sort::Changed => b.changed_at.cmp(&a.changed_at),
        Sort::Host => a.host.cmp(&b.host),
    };
    first.then_with(|| a.host.cmp(&b.host)).then_with(|| a.id.cmp(&b.id))
}

impl Records {
    /// A page of the queue.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn queue(&self, ask: &Ask) -> Result<Answer, RecordsError> {
        self.on_board(|rows| {
            let text = ask.text.as_ref().map(|t| t.to_lowercase());
            let mut answer = Answer::default();
            let mut found: Vec<&QueueRow> = Vec::new();
            for row in rows.values() {
                *answer.by_state.entry(row.state.word()).or_default() += 1;
                note(&mut answer.sites, &row.site);
                row.sources.iter().for_each(|s| note(&mut answer.sources, s));
                if row.passes(ask, text.as_deref()) {
                    found.push(row);
                }
            }
            answer.total = found.len();
            let end = ask.offset.saturating_add(ask.limit).min(found.len());
            // Only the page that is shown needs its order.
            if end < found.len() && end > 0 {
                found.select_nth_unstable_by(end - 1, |a, b| order(ask.sort, a, b));
                found.truncate(end);
            }
            found.sort_unstable_by(|a, b| order(ask.sort, a, b));
            answer.rows = found.into_iter().skip(ask.offset).take(ask.limit).cloned().collect();
            answer.sites.sort();
            answer.sources.sort();
            answer
        })
    }
    /// Looks at every row once, for sums.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn each_row(&self, see: &mut dyn FnMut(&QueueRow)) -> Result<(), RecordsError> {
        self.on_board(|rows| rows.values().for_each(see))
    }
    /// Leads that share something with `lead`: name, address or title; each with the words for what is shared. At most `limit`, highest score first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn alike(&self, lead: &Lead, limit: usize) -> Result<Vec<(QueueRow, Vec<Shared>)>, RecordsError> {
        let own = QueueRow::of(lead);
        self.on_board(|rows| {
            let others = rows.values().filter(|r| r.id != own.id);
            let mut found: Vec<_> = others.map(|r| (r, shared(&own, r))).filter(|(_, s)| !s.is_empty()).collect();
            found.sort_by(|(a, x), (b, y)| y.len().cmp(&x.len()).then_with(|| order(Sort::Score, a, b)));
            found.into_iter().take(limit).map(|(r, s)| (r.clone(), s)).collect()
        })
    }
    /// Referrals made before of this host, its registrable name, or this very lead: newest first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn referred_before(&self, lead: &Lead) -> Result<Vec<(LeadId, Host, Step)>, RecordsError> {
        let name = lead.candidate.host.registrable().map(str::to_owned);
        let same = |row: &QueueRow| {
            row.marks.referred.is_some()
                && (row.host == lead.candidate.host || (name.is_some() && row.host.registrable() == name.as_deref()))
        };
        let ids: Vec<LeadId> = self.on_board(|rows| rows.values().filter(|r| same(r)).map(|r| r.id.clone()).collect())?;
        let mut prior = Vec::new();
        for id in ids {
            let Some(other) = self.lead(&id)? else { continue };
            let steps = other.history.iter().filter(|s| matches!(s.what, Move::Refer { .. }));
            prior.extend(steps.map(|s| (id.clone(), other.candidate.host.clone(), s.clone())));
        }
        prior.sort_by_key(|(_, _, s)| std::cmp::Reverse(s.at));
        Ok(prior)
    }
    fn on_board<T>(&self, ask: impl FnOnce(&HashMap<LeadId, QueueRow>) -> T) -> Result<T, RecordsError> {
        let mut board = held(&self.board);
        let changed = self.shelf.changed_leads();
        if board.rows.is_none() {
            let mut rows = HashMap::new();
            self.told(self.shelf.view().each(b"l/", |_, lead: Lead| {
                rows.insert(lead.id.clone(), QueueRow::of(&lead));
                ControlFlow::Continue(())
            }))?;
            board.rows = Some(rows);
        } else if let Some(rows) = &mut board.rows {
            for id in changed {
                match self.told(self.shelf.view().get::<Lead>(&lead_key(&id)))? {
                    Some(lead) => rows.insert(id, QueueRow::of(&lead)),
                    None => rows.remove(&id),
                };
            }
        }
        Ok(ask(board.rows.get_or_insert_default()))
    }
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

fn shared(a: &QueueRow, b: &QueueRow) -> Vec<Shared> {
    let name = a.host.registrable().is_some() && a.host.registrable() == b.host.registrable();
    let address = a.addresses.iter().any(|x| b.addresses.contains(x));
    let title = a.title == b.title && a.title.chars().count() >= 6;
    [(name, Shared::Name), (address, Shared::Address), (title, Shared::Title)].into_iter().filter(|(is, _)| *is).map(|(_, s)| s).collect()
}

fn note(list: &mut Vec<String>, word: &str) {
    if list.len() < 50 && !word.is_empty() && !list.iter().any(|w| w == word) {
        list.push(word.to_owned());
    }
}
