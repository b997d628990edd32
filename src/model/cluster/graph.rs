//! The graph: hosts, what they carry, what each indicator weighs, and the walk from one host to its cluster.
//! Everything is worked out from the neighbourhood of the host asked for, so adding a host costs what it touches.

use crate::model::cluster::{ClusterMove, LEAST, NEAR, TIE, WEAK_CAP};
use crate::model::digest::Sha256;
use crate::model::dossier::Tie as DossierTie;
use crate::model::host::Host;
use crate::model::indicator::{Indicator, Kind, Level, Marks, kind_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Carriers looked at when an indicator is weighed; the more there are, the less it says anyway.
const MAX_WEIGHED: usize = 5_000;
/// Indicators of one host that are tried in pairs.
const MAX_PAIRED: usize = 16;
/// Bands of a sketch by which near-equal pages are found.
const BANDS: usize = 16;
/// Pages looked at in one band.
const MAX_LEADERS: usize = 64;
/// Places of a sketch that agree when one page stands for the other.
const ALL_BUT_EQUAL: usize = 31;

/// What a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A protected site itself.
    Official,
    /// Visited, and no copy; or dismissed.
    Benign,
    /// A lead.
    Lead,
    /// A lead that a person confirmed as a fake query site or mirror.
    ConfirmedFake,
    /// A lead that a person confirmed as a seller.
    ConfirmedSeller,
}

impl Standing {
    /// Is it part of clusters?
    pub fn is_lead(self) -> bool {
        !matches!(self, Self::Official | Self::Benign)
    }
}

/// What an indicator weighs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// `0..=100`.
    pub points: u32,
    /// Leads that carry it.
    pub carriers: u32,
    /// Unrelated carriers: hosts that are no copies, and groups of copies with nothing else in common beyond the first.
    pub unrelated: u32,
    /// Does the official site carry it? Then it was copied from there, and ties nothing.
    pub official: bool,
}

/// One reason of a tie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieReason {
    /// Kind of the indicator; `by_hand` for a person's merge.
    pub kind: String,
    /// Its value; for a merge, who said so and why.
    pub value: String,
    /// Its weight.
    pub weight: Weight,
}

/// What ties some hosts of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// One reason that suffices, or two that do so together.
    pub reasons: Vec<TieReason>,
    /// The hosts it ties.
    pub hosts: Vec<Host>,
}

/// Hosts with something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// `JQ-` and eight hexadecimal digits, from its first host in alphabetical order.
    pub id: String,
    /// All hosts, in alphabetical order, at least two.
    pub hosts: Vec<Host>,
    /// Why: together these ties hold all hosts.
    pub ties: Vec<Tie>,
}

struct Node {
    host: Host,
    standing: Standing,
    marks: Vec<u32>,
    alone: bool,
    by_hand: Vec<(u32, String)>,
}

struct Mark {
    kind: &'static Kind,
    value: Box<str>,
    carriers: Vec<u32>,
    weight: Option<Weight>,
    /// Said to be the official site's own, whoever carries it here.
    official: bool,
}

/// Who carries what.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Node>,
    of_host: HashMap<Host, u32>,
    marks: Vec<Mark>,
    of_value: HashMap<(&'static str, Box<str>), u32>,
    bands: HashMap<(u8, u64), Vec<u32>>,
    leaders: Vec<(Vec<u32>, u32)>,
}

impl Graph {
    /// Puts a host in, or in anew with what it carries now.
    pub fn put(&mut self, host: &Host, standing: Standing, marks: &Marks) {
        let id = self.node(host);
        for old in std::mem::take(&mut self.nodes[id as usize].marks) {
            let mark = &mut self.marks[old as usize];
            mark.carriers.retain(|c| *c != id);
            mark.weight = None;
        }
        let mut all: BTreeSet<u32> = BTreeSet::new();
        for found in &marks.found {
            if let Some(kind) = kind_of(&found.what.kind) {
                all.insert(self.mark(kind, &found.what.value));
            }
        }
        all.extend(self.page_of(&marks.sketch));
        for m in &all {
            let mark = &mut self.marks[*m as usize];
            mark.carriers.push(id);
            mark.weight = None;
        }
        let node = &mut self.nodes[id as usize];
        (node.standing, node.marks) = (standing, all.into_iter().collect());
    }
    /// Says that these are the official site's own: whoever else carries them copied them, and they tie nothing.
    pub fn official(&mut self, marks: &Marks) {
        let mut all: Vec<u32> = Vec::new();
        for found in &marks.found {
            if let Some(kind) = kind_of(&found.what.kind) {
                all.push(self.mark(kind, &found.what.value));
            }
        }
        all.extend(self.page_of(&marks.sketch));
        for m in all {
            let mark = &mut self.marks[m as usize];
            (mark.official, mark.weight) = (true, None);
        }
    }
    /// Says what a host is now.
    pub fn stand(&mut self, host: &Host, standing: Standing) {
        let id = self.node(host) as usize;
        self.nodes[id].standing = standing;
        for m in self.nodes[id].marks.clone() {
            self.marks[m as usize].weight = None;
        }
    }
    /// Applies a person's word. `told`: who, when.
    pub fn apply(&mut self, what: &ClusterMove, told: &str) {
        match what {
            ClusterMove::Merge { host, with, reason } => {
                let (a, b) = (self.node(host), self.node(with));
                self.nodes[a as usize].by_hand.push((b, format!("{told}：{reason}")));
                self.nodes[b as usize].by_hand.push((a, format!("{told}：{reason}")));
            }
            ClusterMove::Unmerge { host, with, .. } => {
                let (a, b) = (self.node(host), self.node(with));
                self.nodes[a as usize].by_hand.retain(|(other, _)| *other != b);
                self.nodes[b as usize].by_hand.retain(|(other, _)| *other != a);
            }
            ClusterMove::Split { host, .. } => {
                let id = self.node(host) as usize;
                self.nodes[id].alone = true;
            }
            ClusterMove::Unsplit { host, .. } => {
                let id = self.node(host) as usize;
                self.nodes[id].alone = false;
            }
        }
    }
    fn node(&mut self, host: &Host) -> u32 {
        if let Some(id) = self.of_host.get(host) {
            return *id;
        }
        let id = self.nodes.len() as u32;
        self.nodes.push(Node { host: host.clone(), standing: Standing::Benign, marks: Vec::new(), alone: false, by_hand: Vec::new() });
        self.of_host.insert(host.clone(), id);
        id
    }
    fn mark(&mut self, kind: &'static Kind, value: &str) -> u32 {
        if let Some(id) = self.of_value.get(&(kind.word, value.into())) {
            return *id;
        }
        let id = self.marks.len() as u32;
        self.marks.push(Mark { kind, value: value.into(), carriers: Vec::new(), weight: None, official: false });
        self.of_value.insert((kind.word, value.into()), id);
        id
    }
    /// The keys under which a sketch is looked for, one a band.
    fn keys(sketch: &[u32]) -> impl Iterator<Item = (u8, u64)> + '_ {
        let fold = |band: &[u32]| band.iter().fold(17, |h: u64, n| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*n));
        sketch.chunks(sketch.len().div_ceil(BANDS).max(1)).enumerate().map(move |(i, band)| (i as u8, fold(band)))
    }
    /// The groups of near-equal pages that a sketch is near to, nearest first, with how many places agree.
    fn near_pages(&self, sketch: &[u32]) -> Vec<(usize, u32)> {
        let near = |leader: &u32| {
            let (other, mark) = &self.leaders[*leader as usize];
            let agree = other.iter().zip(sketch).filter(|(a, b)| a == b).count();
            (agree >= NEAR).then_some((agree, *mark))
        };
        let mut found: Vec<(usize, u32)> = Self::keys(sketch).filter_map(|k| self.bands.get(&k)).flatten().filter_map(near).collect();
        found.sort_by_key(|(agree, mark)| (std::cmp::Reverse(*agree), *mark));
        let mut seen = HashSet::new();
        found.retain(|(_, mark)| seen.insert(*mark));
        found
    }
    /// The group of near-equal pages of a sketch. One that is near to several groups makes them one, so that the order in which pages come
    /// does not matter; one that is not all but equal to a known page is itself looked for from then on.
    fn page_of(&mut self, sketch: &[u32]) -> Option<u32> {
        if sketch.is_empty() {
            return None;
        }
        let near = self.near_pages(sketch);
        let best = near.first().copied();
        let name = || Sha256::of(&sketch.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<_>>()).hex()[..16].to_owned();
        let mut group = match best {
            Some((_, mark)) => mark,
            None => self.mark(kind_of("page").expect("one of the kinds"), &name()),
        };
        for (_, other) in near.into_iter().skip(1) {
            group = self.unite(group, other);
        }
        if best.is_none_or(|(agree, _)| agree < ALL_BUT_EQUAL) {
            let leader = self.leaders.len() as u32;
            self.leaders.push((sketch.to_vec(), group));
            for key in Self::keys(sketch) {
                let list = self.bands.entry(key).or_default();
                if list.len() < MAX_LEADERS {
                    list.push(leader);
                }
            }
        }
        Some(group)
    }
    /// Makes two groups of pages one: the smaller joins the larger.
    fn unite(&mut self, a: u32, b: u32) -> u32 {
        let size = |m: u32| self.marks[m as usize].carriers.len();
        let (stays, goes) = if size(a) >= size(b) { (a, b) } else { (b, a) };
        self.marks[stays as usize].official |= self.marks[goes as usize].official;
        for node in std::mem::take(&mut self.marks[goes as usize].carriers) {
            let marks = &mut self.nodes[node as usize].marks;
            marks.retain(|m| *m != goes);
            if let Err(at) = marks.binary_search(&stays) {
                marks.insert(at, stays);
                self.marks[stays as usize].carriers.push(node);
            }
            for m in self.nodes[node as usize].marks.clone() {
                self.marks[m as usize].weight = None;
            }
        }
        for (_, mark) in self.leaders.iter_mut().filter(|(_, mark)| *mark == goes) {
            *mark = stays;
        }
        stays
    }
    /// What an indicator weighs. `None`: nobody carries it.
    pub fn weight(&mut self, kind: &str, value: &str) -> Option<Weight> {
        let kind = kind_of(kind)?;
        let id = *self.of_value.get(&(kind.word, value.into()))?;
        Some(self.weigh(id))
    }
    fn weigh(&mut self, id: u32) -> Weight {
        if let Some(weight) = self.marks[id as usize].weight {
            return weight;
        }
        let weight = self.weigh_anew(id);
        self.marks[id as usize].weight = Some(weight);
        weight
    }
    fn weigh_anew(&self, id: u32) -> Weight {
        let mark = &self.marks[id as usize];
        let standing = |n: &u32| self.nodes[*n as usize].standing;
        let carriers = mark.carriers.iter().filter(|n| standing(n).is_lead()).count() as u32;
        let official = mark.official || mark.carriers.iter().any(|n| standing(n) == Standing::Official);
        let benign: HashSet<&str> =
            mark.carriers.iter().filter(|n| standing(n) == Standing::Benign).take(MAX_WEIGHED).map(|n| self.name(*n)).collect();
        let unrelated = benign.len() as u32 + self.groups(id).saturating_sub(1);
        let points = if official { 0 } else { mark.kind.points * mark.kind.half / (mark.kind.half + unrelated) };
        Weight { points, carriers, unrelated, official }
    }
    fn name(&self, node: u32) -> &str {
        let host = &self.nodes[node as usize].host;
        host.registrable().unwrap_or(host.as_str())
    }
    /// How many groups the leads that carry an indicator fall into, going by what else they have in common. Two hosts belong together when they
    /// share an account, a contact, a key, or near-equal pages. A host of which nothing of the kind is known is no evidence against an
    /// operator's mark or a page, and a group of its own for the rest.
    fn groups(&self, id: u32) -> u32 {
        let mark = &self.marks[id as usize];
        let is_page = mark.kind.word == "page";
        let leads: Vec<u32> =
            mark.carriers.iter().copied().filter(|n| self.nodes[*n as usize].standing.is_lead()).take(MAX_WEIGHED).collect();
        let mut group: Vec<u32> = (0..leads.len() as u32).collect();
        let mut first: HashMap<u32, u32> = HashMap::new();
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut known = vec![false; leads.len()];
        for (i, node) in leads.iter().enumerate() {
            let i = i as u32;
            let same = *names.entry(self.name(*node)).or_insert(i);
            join(&mut group, same, i);
            for other in self.nodes[*node as usize].marks.iter().filter(|o| **o != id) {
                let kind = self.marks[*other as usize].kind;
                let operator = kind.level == Level::Operator;
                let counts = operator || kind.word == "page" || (is_page && kind.word == "kit_file");
                if !counts {
                    continue;
                }
                // For an operator's mark, another page is no sign of another operator; another contact is.
                known[i as usize] |= operator || mark.kind.level != Level::Operator;
                let peer = *first.entry(*other).or_insert(i);
                join(&mut group, peer, i);
            }
        }
        let mut roots: HashSet<u32> = HashSet::new();
        for i in 0..leads.len() as u32 {
            if known[i as usize] || (mark.kind.level != Level::Operator && !is_page) {
                roots.insert(root(&mut group, i));
            }
        }
        roots.len() as u32
    }
    /// Hosts that carry an indicator, with what each is; in alphabetical order.
    pub fn carriers(&self, kind: &str, value: &str) -> Vec<(Host, Standing)> {
        let Some(kind) = kind_of(kind) else { return Vec::new() };
        let Some(id) = self.of_value.get(&(kind.word, value.into())) else { return Vec::new() };
        let mut all: Vec<_> =
            self.marks[*id as usize].carriers.iter().map(|n| &self.nodes[*n as usize]).map(|n| (n.host.clone(), n.standing)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
    /// Every indicator of that value, whatever its kind.
    pub fn kinds_of(&self, value: &str) -> Vec<&'static str> {
        let has = |k: &&Kind| self.of_value.contains_key(&(k.word, value.into()));
        crate::model::indicator::KINDS.iter().filter(has).map(|k| k.word).collect()
    }
    /// What a host carries, heaviest first.
    pub fn marks_of(&mut self, host: &Host) -> Vec<TieReason> {
        let Some(id) = self.of_host.get(host).copied() else { return Vec::new() };
        let mut all: Vec<TieReason> = self.nodes[id as usize].marks.clone().into_iter().map(|m| self.reason(m)).collect();
        all.sort_by(|a, b| b.weight.points.cmp(&a.weight.points).then_with(|| (&a.kind, &a.value).cmp(&(&b.kind, &b.value))));
        all
    }
    fn reason(&mut self, mark: u32) -> TieReason {
        let weight = self.weigh(mark);
        let mark = &self.marks[mark as usize];
        TieReason { kind: mark.kind.word.to_owned(), value: mark.value.to_string(), weight }
    }
    /// What these marks share with confirmed leads on other hosts, heaviest first, each kind and host once, at most 16. `told`: the kind's word in
    /// the assessment; empty: not told.
    pub fn ties(&mut self, host: &Host, marks: &Marks, told: impl Fn(&Indicator) -> &'static str) -> Vec<DossierTie> {
        let mut all: Vec<(u32, DossierTie)> = Vec::new();
        let page = self
            .near_pages(&marks.sketch)
            .first()
            .map(|(_, m)| Indicator { kind: "page".into(), value: self.marks[*m as usize].value.to_string() });
        for what in marks.found.iter().map(|f| &f.what).chain(&page) {
            let word = told(what);
            let weight = self.weight(&what.kind, &what.value).filter(|w| !word.is_empty() && !w.official && w.points * 2 >= TIE);
            let Some(weight) = weight else { continue };
            let confirmed = |s: &Standing| matches!(s, Standing::ConfirmedFake | Standing::ConfirmedSeller);
            for (other, standing) in self.carriers(&what.kind, &what.value).into_iter().filter(|(h, s)| h != host && confirmed(s)).take(4) {
                let seller = standing == Standing::ConfirmedSeller;
                all.push((weight.points, DossierTie { kind: word.to_owned(), value: what.value.clone(), host: other.to_string(), seller }));
            }
        }
        all.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.host.cmp(&b.1.host)));
        all.dedup_by(|a, b| a.1.kind == b.1.kind && a.1.host == b.1.host);
        all.into_iter().map(|(_, tie)| tie).take(16).collect()
    }
    /// The cluster of a host. `None`: it is no lead, or nothing ties it.
    pub fn cluster_of(&mut self, host: &Host) -> Option<Cluster> {
        let id = *self.of_host.get(host)?;
        let mut seen = HashSet::new();
        self.walk(id, &mut seen)
    }
    /// All clusters, largest first.
    pub fn clusters(&mut self) -> Vec<Cluster> {
        let mut seen = HashSet::new();
        let mut all: Vec<Cluster> = Vec::new();
        for id in 0..self.nodes.len() as u32 {
            if !seen.contains(&id) {
                all.extend(self.walk(id, &mut seen));
            }
        }
        all.sort_by(|a, b| b.hosts.len().cmp(&a.hosts.len()).then_with(|| a.id.cmp(&b.id)));
        all
    }
    /// Breadth first over ties. Each indicator, and each pair of indicators, is followed once: it leads to all its carriers at once.
    fn walk(&mut self, start: u32, seen: &mut HashSet<u32>) -> Option<Cluster> {
        if !self.nodes[start as usize].standing.is_lead() {
            return None;
        }
        let (mut queue, mut members, mut ties) = (vec![start], Vec::new(), Vec::new());
        let (mut singles, mut pairs) = (HashSet::new(), HashSet::new());
        seen.insert(start);
        while let Some(id) = queue.pop() {
            members.push(id);
            for (other, why) in self.nodes[id as usize].by_hand.clone() {
                if self.nodes[other as usize].standing.is_lead() && seen.insert(other) {
                    queue.push(other);
                    let weight = Weight { points: 100, carriers: 2, unrelated: 0, official: false };
                    let reasons = vec![TieReason { kind: "by_hand".into(), value: why, weight }];
                    ties.push(Tie { reasons, hosts: self.hosts(&[id, other]) });
                }
            }
            if self.nodes[id as usize].alone {
                continue;
            }
            for reasons in self.tying(id, &mut singles, &mut pairs) {
                let hosts = self.carriers_of_all(&reasons);
                if hosts.len() < 2 {
                    continue;
                }
                let fresh: Vec<u32> = hosts.iter().copied().filter(|h| seen.insert(*h)).collect();
                if !fresh.is_empty() {
                    ties.push(Tie { reasons: reasons.iter().map(|m| self.reason(*m)).collect(), hosts: self.hosts(&hosts) });
                    queue.extend(fresh);
                }
            }
        }
        if members.len() < 2 {
            return None;
        }
        let hosts = self.hosts(&members);
        let id = format!("JQ-{}", &Sha256::of(hosts[0].as_str().as_bytes()).hex()[..8].to_uppercase());
        Some(Cluster { id, hosts, ties })
    }
    /// The indicators of a host that tie, alone or two together, as not followed before; strongest first.
    fn tying(&mut self, id: u32, singles: &mut HashSet<u32>, pairs: &mut HashSet<(u32, u32)>) -> Vec<Vec<u32>> {
        let marks = self.nodes[id as usize].marks.clone();
        let shared = marks.into_iter().filter(|m| self.marks[*m as usize].carriers.len() > 1).collect::<Vec<_>>();
        let mut weighed: Vec<(u32, u32)> = shared.into_iter().map(|m| (self.weigh(m).points, m)).filter(|(p, _)| *p >= LEAST).collect();
        weighed.sort_by_key(|(points, mark)| (std::cmp::Reverse(*points), *mark));
        let mut ties: Vec<Vec<u32>> = Vec::new();
        let lone = |m: u32, points: u32, graph: &Self| points >= TIE && graph.marks[m as usize].kind.level != Level::Weak;
        for (points, m) in &weighed {
            if lone(*m, *points, self) && singles.insert(*m) {
                ties.push(vec![*m]);
            }
        }
        let lesser: Vec<(u32, u32)> = weighed.into_iter().filter(|(p, m)| !lone(*m, *p, self)).take(MAX_PAIRED).collect();
        for (i, (p, a)) in lesser.iter().enumerate() {
            for (q, b) in &lesser[i + 1..] {
                if self.together(&[(*p, *a), (*q, *b)]) >= TIE && pairs.insert((*a.min(b), *a.max(b))) {
                    ties.push(vec![*a, *b]);
                }
            }
        }
        ties
    }
    /// Points of several indicators together: what is left of the doubt is multiplied. Weak ones count as one of at most [`WEAK_CAP`].
    fn together(&self, marks: &[(u32, u32)]) -> u32 {
        let (mut doubt, mut weak) = (100.0, 0);
        for (points, mark) in marks {
            if self.marks[*mark as usize].kind.level == Level::Weak {
                weak = (weak + points).min(WEAK_CAP);
            } else {
                doubt *= f64::from(100 - points) / 100.0;
            }
        }
        doubt *= f64::from(100 - weak) / 100.0;
        (100.0 - doubt).round() as u32
    }
    /// Leads that carry all of these and may be tied.
    fn carriers_of_all(&self, marks: &[u32]) -> Vec<u32> {
        let Some(fewest) = marks.iter().min_by_key(|m| self.marks[**m as usize].carriers.len()) else { return Vec::new() };
        let all = |n: &u32| {
            let node = &self.nodes[*n as usize];
            node.standing.is_lead() && !node.alone && marks.iter().all(|m| node.marks.binary_search(m).is_ok())
        };
        self.marks[*fewest as usize].carriers.iter().copied().filter(all).collect()
    }
    fn hosts(&self, ids: &[u32]) -> Vec<Host> {
        let mut hosts: Vec<Host> = ids.iter().map(|n| self.nodes[*n as usize].host.clone()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

fn root(group: &mut [u32], mut i: u32) -> u32 {
    while group[i as usize] != i {
        group[i as usize] = group[group[i as usize] as usize];
        i = group[i as usize];
    }
    i
}

fn join(group: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(group, a), root(group, b));
    group[a.max(b) as usize] = a.min(b);
}
