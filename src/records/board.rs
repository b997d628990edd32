//! The board: one small line a lead, held in memory, so that a page of 100,000 leads is filtered and sorted in milliseconds.
//! Made at the first question from the leads themselves and kept in step with every change; never written, never asked for a decision.
//! A room's part of its own because a lead's row is some kilobytes of JSON and a table needs some hundred bytes of it.

use crate::model::assessment::Verdict;
use crate::model::attribution::Attribution;
use crate::model::host::Host;
use crate::model::lead::{Lead, LeadId, Move, State, Step};
use crate::model::time::Timestamp;
use crate::records::queue::{Answer, Ask, Shared, Sort};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// Characters of a title that the queue keeps.
const TITLE_CHARS: usize = 160;
/// Entries of one of the filter's lists.
const MAX_LISTED: usize = 200;
/// Leads looked at that share one thing with a lead.
const MAX_SHARING: usize = 500;

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
    pub site: Arc<str>,
    /// Class.
    pub class: Verdict,
    /// Highest of the three scores.
    pub score: u8,
    /// State.
    pub state: State,
    /// Who holds it, and until when.
    pub holder: Option<(String, Timestamp)>,
    /// Sources that saw it.
    pub sources: Vec<Arc<str>>,
    /// When it became a lead.
    pub opened_at: Timestamp,
    /// Last decision or assessment.
    pub changed_at: Timestamp,
    /// Path of the latest package. `None`: its packages were removed.
    pub package: Option<String>,
    /// First addresses, at most four.
    pub addresses: Vec<IpAddr>,
    /// Province of the mainland where its server is. `None`: unknown, abroad, or hidden by a CDN.
    pub province: Option<Arc<str>>,
    /// Names of those that serve it: hosting, CDN, registrar; at most four.
    pub providers: Vec<Arc<str>>,
    /// When its domain was registered. `None`: unknown.
    pub registered: Option<Timestamp>,
    /// When it was confirmed, referred and seen blocked, by decisions that stand.
    pub marks: Milestones,
    haystack: String,
}

/// When the decisions that a month is counted by were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
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

/// What is under one name, once in memory.
#[derive(Default)]
struct Words(BTreeSet<Arc<str>>);

impl Words {
    fn of(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return known.clone();
        }
        let new: Arc<str> = word.into();
        self.0.insert(new.clone());
        new
    }
}

/// How many rows say a word; those that nobody says are gone.
#[derive(Default)]
struct Tally(BTreeMap<Arc<str>, usize>);

impl Tally {
    fn add(&mut self, word: &Arc<str>) {
        if !word.is_empty() {
            *self.0.entry(word.clone()).or_default() += 1;
        }
    }
    fn drop(&mut self, word: &Arc<str>) {
        if let Some(n) = self.0.get_mut(word) {
            *n -= 1;
            if *n == 0 {
                self.0.remove(word);
            }
        }
    }
    /// The most said, in alphabetical order.
    fn words(&self) -> Vec<String> {
        let mut all: Vec<(&Arc<str>, usize)> = self.0.iter().map(|(w, n)| (w, *n)).collect();
        if all.len() > MAX_LISTED {
            all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            all.truncate(MAX_LISTED);
            all.sort();
        }
        all.into_iter().map(|(w, _)| w.to_string()).collect()
    }
}

/// All rows, and what is asked of them often.
#[derive(Default)]
pub(super) struct Rows {
    all: Vec<QueueRow>,
    at: HashMap<LeadId, u32>,
    /// By score, then host, then id. Decisions do not change it.
    order: Vec<u32>,
    by_state: BTreeMap<&'static str, usize>,
    sites: Tally,
    sources: Tally,
    provinces: Tally,
    providers: Tally,
    words: Words,
    names: HashMap<Box<str>, Vec<u32>>,
    titles: HashMap<Box<str>, Vec<u32>>,
    on_address: HashMap<IpAddr, Vec<u32>>,
}

impl Rows {
    /// Takes a lead in that is not there yet. Call [`Rows::sort`] when all are in.
    pub(super) fn append(&mut self, lead: &Lead, attribution: Option<&Attribution>) {
        let row = row(&mut self.words, lead, attribution);
        self.push(row);
    }
    /// Takes a lead in, or in anew.
    pub(super) fn put(&mut self, lead: &Lead, attribution: Option<&Attribution>) {
        let new = row(&mut self.words, lead, attribution);
        let Some(at) = self.at.get(&new.id).copied() else {
            self.push(new);
            self.place(self.all.len() as u32 - 1);
            return;
        };
        self.forget(at);
        let moved = order(Sort::Score, &self.all[at as usize], &new).is_ne();
        if moved {
            self.order.retain(|o| *o != at);
        }
        self.all[at as usize] = new;
        self.know(at);
        if moved {
            self.place(at);
        }
    }
    fn place(&mut self, at: u32) {
        let all = &self.all;
        let spot = self.order.partition_point(|o| order(Sort::Score, &all[*o as usize], &all[at as usize]).is_lt());
        self.order.insert(spot, at);
    }
    fn push(&mut self, row: QueueRow) {
        let at = self.all.len() as u32;
        self.at.insert(row.id.clone(), at);
        self.all.push(row);
        self.know(at);
    }
    /// Brings all rows into order.
    pub(super) fn sort(&mut self) {
        let all = &self.all;
        self.order = (0..all.len() as u32).collect();
        self.order.sort_unstable_by(|a, b| order(Sort::Score, &all[*a as usize], &all[*b as usize]));
    }
    /// Counts a row in.
    fn know(&mut self, at: u32) {
        let row = &self.all[at as usize];
        *self.by_state.entry(row.state.word()).or_default() += 1;
        self.sites.add(&row.site);
        row.sources.iter().for_each(|s| self.sources.add(s));
        row.province.iter().for_each(|p| self.provinces.add(p));
        row.providers.iter().for_each(|p| self.providers.add(p));
        if let Some(name) = row.host.registrable() {
            self.names.entry(name.into()).or_default().push(at);
        }
        if tells(&row.title) {
            self.titles.entry(row.title.as_str().into()).or_default().push(at);
        }
        row.addresses.iter().for_each(|a| self.on_address.entry(*a).or_default().push(at));
    }
    /// Counts a row out. What it shares may stay listed under it where the list is long: [`Rows::alike`] looks again.
    fn forget(&mut self, at: u32) {
        let row = &self.all[at as usize];
        if let Some(n) = self.by_state.get_mut(row.state.word()) {
            *n -= 1;
        }
        self.sites.drop(&row.site);
        row.sources.iter().for_each(|s| self.sources.drop(s));
        row.province.iter().for_each(|p| self.provinces.drop(p));
        row.providers.iter().for_each(|p| self.providers.drop(p));
        let out = |list: Option<&mut Vec<u32>>| {
            if let Some(list) = list {
                list.retain(|o| *o != at);
            }
        };
        if let Some(name) = row.host.registrable() {
            out(self.names.get_mut(name));
        }
        out(self.titles.get_mut(row.title.as_str()));
        row.addresses.iter().for_each(|a| out(self.on_address.get_mut(a)));
    }
    /// Every row, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &QueueRow> {
        self.all.iter()
    }
    /// Rows of hosts under one registrable name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &QueueRow> {
        self.names.get(name).into_iter().flatten().map(|at| &self.all[*at as usize])
    }
    /// One row.
    pub(super) fn get(&self, id: &LeadId) -> Option<&QueueRow> {
        self.at.get(id).map(|at| &self.all[*at as usize])
    }
    /// A page.
    pub(super) fn answer(&self, ask: &Ask) -> Answer {
        let text = ask.text.as_ref().map(|t| t.to_lowercase());
        let mut answer = Answer {
            by_state: self.by_state.clone(),
            sites: self.sites.words(),
            sources: self.sources.words(),
            provinces: self.provinces.words(),
            providers: self.providers.words(),
            ..Answer::default()
        };
        let mut passed = vec![false; self.all.len()];
        for (row, passed) in self.all.iter().zip(&mut passed) {
            if row.passes(ask, text.as_deref()) {
                *passed = true;
                answer.total += 1;
                answer.news += usize::from(ask.last_look.is_some_and(|at| row.is_news(at)));
            }
        }
        let end = ask.offset.saturating_add(ask.limit).min(answer.total);
        let page: Vec<&QueueRow> = if ask.sort == Sort::Score {
            let in_order = self.order.iter().filter(|at| passed[**at as usize]);
            in_order.take(end).skip(ask.offset).map(|at| &self.all[*at as usize]).collect()
        } else {
            let mut found: Vec<&QueueRow> = self.all.iter().zip(&passed).filter(|(_, p)| **p).map(|(r, _)| r).collect();
            // Only the page that is shown needs its order.
            if end < found.len() && end > 0 {
                found.select_nth_unstable_by(end - 1, |a, b| order(ask.sort, a, b));
                found.truncate(end);
            }
            found.sort_unstable_by(|a, b| order(ask.sort, a, b));
            found.into_iter().take(end).skip(ask.offset).collect()
        };
        answer.rows = page.into_iter().cloned().collect();
        answer
    }
    /// Rows that share name, address or title with that of `id`, with what is shared; most shared first, then by score.
    pub(super) fn alike(&self, id: &LeadId, limit: usize) -> Vec<(QueueRow, Vec<Shared>)> {
        let Some(own) = self.get(id) else { return Vec::new() };
        let by_name = own.host.registrable().and_then(|n| self.names.get(n));
        let by_title = if tells(&own.title) { self.titles.get(own.title.as_str()) } else { None };
        let by_address = own.addresses.iter().filter_map(|a| self.on_address.get(a));
        let near = by_name.into_iter().chain(by_title).chain(by_address).flat_map(|list| list.iter().take(MAX_SHARING));
        let others: BTreeSet<u32> = near.copied().filter(|at| self.all[*at as usize].id != *id).collect();
        let rows = others.into_iter().map(|at| &self.all[at as usize]);
        let mut found: Vec<_> = rows.map(|r| (r, shared(own, r))).filter(|(_, s)| !s.is_empty()).collect();
        found.sort_by(|(a, x), (b, y)| y.len().cmp(&x.len()).then_with(|| order(Sort::Score, a, b)));
        found.into_iter().take(limit).map(|(r, s)| (r.clone(), s)).collect()
    }
}

fn row(words: &mut Words, lead: &Lead, attribution: Option<&Attribution>) -> QueueRow {
    let text =
        format!("{}\n{}\n{}\n{}", lead.id, lead.candidate.host.unicode(), lead.url.chars().take(300).collect::<String>(), lead.title);
    let stands = lead.standing();
    let last = |want: fn(&Move) -> bool| stands.iter().rev().find(|s| want(&s.what)).map(|s| s.at);
    let mut sources: Vec<Arc<str>> = lead.candidate.sightings.iter().map(|s| words.of(&s.source)).collect();
    sources.sort();
    sources.dedup();
    let placed = attribution.filter(|a| a.hosting.hidden_by().is_none()).into_iter().flat_map(|a| &a.hosting.placed);
    let province = placed.filter_map(|p| p.mainland()).map(|(province, _)| words.of(province)).next();
    let mut providers: Vec<Arc<str>> = Vec::new();
    for p in attribution.iter().flat_map(|a| a.providers()).filter(|p| matches!(p.role.as_str(), "hosting" | "cdn" | "registrar")) {
        let name = words.of(&p.name.chars().take(80).collect::<String>());
        if !providers.contains(&name) && providers.len() < 4 {
            providers.push(name);
        }
    }
    let site = if lead.assessment.site.is_empty() { &lead.candidate.site } else { &lead.assessment.site };
    QueueRow {
        id: lead.id.clone(),
        host: lead.candidate.host.clone(),
        title: lead.title.chars().take(TITLE_CHARS).collect(),
        site: words.of(site),
        class: lead.class(),
        score: lead.assessment.scores.max(),
        state: lead.state,
        holder: lead.holder.clone().zip(lead.held_until()),
        sources,
        opened_at: lead.opened_at,
        changed_at: lead.history.last().map_or(lead.assessment.at, |s: &Step| s.at.max(lead.assessment.at)),
        package: lead.packages.last().map(|p| p.path.clone()),
        addresses: lead.resolution.iter().flat_map(|r| r.addresses.iter().copied()).take(4).collect(),
        province,
        providers,
        registered: attribution.and_then(|a| a.registration.as_ref()).and_then(|r| r.created),
        marks: Milestones {
            confirmed: last(|m| matches!(m, Move::Confirm)),
            approved: last(|m| matches!(m, Move::Approve)),
            referred: last(|m| matches!(m, Move::Refer { .. })),
            blocked: last(|m| matches!(m, Move::Block)),
            dismissed: last(|m| matches!(m, Move::Dismiss { .. })),
        },
        haystack: text.chars().take(800).collect::<String>().to_lowercase(),
    }
}

impl QueueRow {
    fn is_news(&self, since: Timestamp) -> bool {
        self.opened_at > since || self.changed_at > since
    }
    fn passes(&self, ask: &Ask, text: Option<&str>) -> bool {
        (ask.states.is_empty() || ask.states.contains(&self.state))
            && (ask.classes.is_empty() || ask.classes.contains(&self.class))
            && ask.min_score.is_none_or(|s| self.score >= s)
            && ask.since.is_none_or(|at| self.opened_at >= at)
            && ask.news_since.is_none_or(|at| self.is_news(at))
            && ask.registered_since.is_none_or(|at| self.registered.is_some_and(|r| r >= at))
            && ask.site.as_ref().is_none_or(|s| **s == *self.site)
            && ask.source.as_ref().is_none_or(|s| self.sources.iter().any(|x| **x == **s))
            && ask.province.as_ref().is_none_or(|p| self.province.as_ref().is_some_and(|x| **x == **p))
            && ask.provider.as_ref().is_none_or(|p| self.providers.iter().any(|x| **x == **p))
            && ask.hosts.as_ref().is_none_or(|hosts| hosts.contains(&self.host))
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

/// Is a title long enough to say something where two pages share it?
fn tells(title: &str) -> bool {
    title.chars().count() >= 6
}

fn shared(a: &QueueRow, b: &QueueRow) -> Vec<Shared> {
    let name = a.host.registrable().is_some() && a.host.registrable() == b.host.registrable();
    let address = a.addresses.iter().any(|x| b.addresses.contains(x));
    let title = a.title == b.title && tells(&a.title);
    [(name, Shared::Name), (address, Shared::Address), (title, Shared::Title)].into_iter().filter(|(is, _)| *is).map(|(_, s)| s).collect()
}
