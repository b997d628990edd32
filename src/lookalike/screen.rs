//! One name against all sites: official or not, by address or by name, and the sentence that says why.

use super::compiled::{Automaton, Compiled};
use super::cover::{self, Cover};
use super::layout::{Layout, Sep};
use super::name::{self, Parts};
use super::naming;
use super::prefilter::Prefilter;
use super::sieve::{Scratch, Sieve};
use super::suffixes::Suffixes;
use super::technique::Techniques;
use super::tokens::Form;
use super::words::{Kind, Names};
use crate::model::candidate::NameHit;
use crate::model::lang::Both;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::model::site::Site;

/// Added where anyone takes a name for nothing.
pub(super) const FREE_HOST_POINTS: i32 = 8;
/// Added where letters of several scripts are mixed in one label, or Chinese words with official labels.
pub(super) const MIXED_POINTS: i32 = 20;
/// What a structural finding weighs where no token does.
const STRUCTURE_POINTS: i32 = 62;

/// The compiled screen over all protected sites.
pub struct Watchlist {
    pub(super) sites: Vec<Compiled>,
    pub(super) techniques: Techniques,
    suffixes: Suffixes,
    automaton: Automaton,
    pub(super) sieve: Sieve,
    prefilter: Prefilter,
}

/// What a reading came to, before words are put to it.
struct Reading {
    ids: Vec<&'static str>,
    points: i32,
    token: String,
    means: String,
    matched: String,
}

impl Watchlist {
    /// Compiles sites and techniques. `files` are all rule files; those under `techniques/` are read.
    ///
    /// # Errors
    /// Every mistake found, each with file and line.
    pub fn load(sites: &[(RuleFile, Site)], files: &[RuleFile]) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let techniques = Techniques::read(files, &mut errors);
        let suffixes = Suffixes::read(files).unwrap_or_else(|wrong| {
            errors.extend(wrong);
            Suffixes::default()
        });
        let mut compiled = Vec::new();
        for (file, site) in sites {
            match Names::read(file, site, &suffixes) {
                Ok(names) => compiled.push(Compiled::new(site, names, &suffixes)),
                Err(wrong) => errors.extend(wrong),
            }
        }
        let built = Automaton::new(&compiled).and_then(|automaton| Ok((automaton, Sieve::new(&compiled)?)));
        let (automaton, (sieve, prefilter)) = match built {
            Ok(automata) if errors.is_empty() => automata,
            Ok(_) => return Err(errors),
            Err(why) => {
                errors.push(RuleError::whole(
                    "rules/sites",
                    Both::new(
                        format!("各网站的词合起来无法编译（{why}）"),
                        format!("the words of all sites together cannot be compiled: {why}"),
                    ),
                ));
                return Err(errors);
            }
        };
        Ok(Self { prefilter, sieve, sites: compiled, techniques, suffixes, automaton })
    }
    /// Screens one name (any bytes) or URL. `None`: not near, or official.
    pub fn screen(&self, line: &[u8]) -> Option<NameHit> {
        if self.sieve.lets_through(line, &mut Scratch::default()) { self.read(line) } else { None }
    }
    /// The full reading of a line.
    pub(super) fn read(&self, line: &[u8]) -> Option<NameHit> {
        let parts = name::split(line);
        if parts.host.is_empty() || self.sites.is_empty() {
            return None;
        }
        if self.sites.iter().any(|s| owns(&s.site, &parts.host)) {
            return None;
        }
        let by_address = self.sites.iter().filter_map(|site| self.by_address(site, &parts)).max_by_key(|h| h.score);
        let by_name = if name::is_ip(&parts.host) { None } else { self.by_name(&parts) };
        match (by_name, by_address) {
            (Some(mut name), Some(address)) if name.site == address.site => {
                let news = address.techniques.iter().filter(|t| !name.techniques.contains(t)).cloned().collect::<Vec<_>>();
                let mut best = if address.score > name.score {
                    address
                } else {
                    name.techniques.extend(news);
                    name
                };
                best.techniques.dedup();
                Some(best)
            }
            (a, b) => a.into_iter().chain(b).max_by_key(|h| h.score),
        }
    }
    /// Screens a block of names, one a line, in one pass; calls `hit` with each near line. Returns how many names there were.
    /// Memory is constant; a line is looked at for at most its first 8 KB.
    pub fn screen_block(&self, block: &[u8], hit: &mut dyn FnMut(&[u8], NameHit)) -> u64 {
        let mut names = memchr::memchr_iter(b'\n', block).count() as u64 + u64::from(block.last().is_some_and(|b| *b != b'\n'));
        let mut scratch = Scratch::default();
        let mut look = |line: &[u8]| {
            if self.sieve.lets_through(line, &mut scratch)
                && let Some(found) = self.read(line)
            {
                hit(line.trim_ascii(), found);
            }
        };
        self.prefilter.lines(block, &mut look);
        if block.iter().all(u8::is_ascii_whitespace) {
            names = 0;
        }
        names
    }
    /// The places on which the reading of a name against one site rests. `None`: no such site, or nothing found.
    pub(super) fn reading(&self, line: &[u8], site: &str) -> Option<(&Compiled, Vec<cover::Place>)> {
        let layout = Layout::of(&name::split(line).host, &self.dynamic());
        let at = self.sites.iter().position(|s| s.site.id == site)?;
        if layout.chars.is_empty() {
            return None;
        }
        let mut found = self.automaton.run(&layout, self.sites.len());
        let cover = self.cover(&self.sites[at], &layout, &mut found[at].hints)?;
        Some((&self.sites[at], cover.places))
    }
    fn dynamic(&self) -> Vec<&str> {
        self.techniques.get("dynamic_dns").map(|t| t.zones.iter().map(String::as_str).collect()).unwrap_or_default()
    }
    fn by_name(&self, parts: &Parts) -> Option<NameHit> {
        let dynamic = self.dynamic();
        let layout = Layout::of(&parts.host, &dynamic);
        if layout.chars.is_empty() || self.sites.iter().any(|s| owns(&s.site, &layout.ascii)) {
            return None;
        }
        let given = self.techniques.get("suspected_hijacked_subdomain").map(|t| t.zones.as_slice()).unwrap_or_default();
        let found = self.automaton.run(&layout, self.sites.len());
        let best = self.sites.iter().zip(found).filter_map(|(site, mut found)| {
            let cover = self.cover(site, &layout, &mut found.hints)?;
            let given = given.iter().any(|zone| name::under(&layout.ascii, zone)) || site.closed.contains(&layout.suffix);
            let reading = if given {
                self.hijacked(site, &layout, &cover)?
            } else if self.suffixes.is_closed(&layout.suffix) {
                self.foreign(site, &layout, &cover)?
            } else {
                self.near(site, &layout, cover, &dynamic)?
            };
            let points = reading.points;
            Some((self.told(site, &parts.host, &layout.registrable, reading)?, points))
        });
        // Techniques cap the score: of two sites with the same, the one whose words weigh more is meant; then the first.
        best.reduce(|a, b| if (b.0.score, b.1) > (a.0.score, a.1) { b } else { a }).map(|(hit, _)| hit)
    }
    fn cover(&self, site: &Compiled, layout: &Layout, hints: &mut Vec<cover::Hint>) -> Option<Cover> {
        let most: i32 = hints.iter().map(|h| site.tokens[h.token as usize].points.max(0)).sum();
        if most < 18 {
            return None;
        }
        let places = cover::places(layout, &site.tokens, hints);
        Some(cover::best(layout, &site.tokens, &places))
    }
    fn near(&self, site: &Compiled, layout: &Layout, cover: Cover, dynamic: &[&str]) -> Option<Reading> {
        let mut ids = naming::techniques(layout, site, &cover);
        let mut points = cover.points;
        if self.wrong_second_level(site, layout) {
            ids.push("wrong_second_level");
            points = points.max(STRUCTURE_POINTS);
        }
        if points <= 0 {
            return None;
        }
        if layout.private {
            points += FREE_HOST_POINTS;
            if dynamic.iter().any(|zone| name::under(&layout.ascii, zone)) {
                ids.retain(|id| *id != "free_hosting");
                ids.push("dynamic_dns");
            }
        }
        let has_label =
            cover.places.iter().any(|p| site.tokens[p.token].form == Form::Label || site.tokens[p.token].kind == Kind::Official);
        if ids.contains(&"han_latin_mix") && has_label || mixes_scripts(layout, &cover) {
            points += MIXED_POINTS;
        }
        (points >= i32::from(site.names.alert)).then(|| Reading::of(site, layout, &cover, ids, points))
    }
    /// The official registrable label under another second level of the same country (`mem.org.cn`).
    fn wrong_second_level(&self, site: &Compiled, layout: &Layout) -> bool {
        site.hosts.iter().any(|(sub, root, suffix)| {
            let mut labels = layout.suffix.split('.');
            let (second, country) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
            let head = layout.registrable.strip_suffix(&layout.suffix).map(|h| h.trim_end_matches('.'));
            let below = layout.ascii.strip_suffix(&layout.registrable).unwrap_or_default().trim_end_matches('.');
            suffix.len() == 2
                && suffix.last().is_some_and(|last| last == country)
                && suffix.first().is_some_and(|first| first != second)
                && self.suffixes.is_beside(second)
                && head == Some(root.as_str())
                && (below.is_empty() || below == "www" || sub.iter().any(|s| s == below))
        })
    }
    /// The official labels under a state suffix of another country.
    fn foreign(&self, site: &Compiled, layout: &Layout, cover: &Cover) -> Option<Reading> {
        let first = layout.suffix.split('.').next().unwrap_or_default();
        let head = layout.ascii.strip_suffix(&layout.suffix)?.trim_end_matches('.');
        let exact = site.hosts.iter().any(|(sub, root, suffix)| {
            let whole = sub.iter().chain([root]).map(String::as_str).collect::<Vec<_>>().join(".");
            site.closed.contains(&suffix.join(".")) && (head == whole || head == root && suffix.first().is_some_and(|own| own == first))
        });
        (exact && self.suffixes.is_state(first)).then(|| Reading::of(site, layout, cover, vec!["foreign_gov_suffix"], STRUCTURE_POINTS))
    }
    /// A foreign name under the closed suffix: never registered, so compromised or lent. Only exact official labels or service words count.
    fn hijacked(&self, site: &Compiled, layout: &Layout, cover: &Cover) -> Option<Reading> {
        let exempt = self.techniques.get("suspected_hijacked_subdomain").map(|t| t.exempt.as_slice()).unwrap_or_default();
        let sub: Vec<_> = cover.places.iter().filter(|p| p.to <= layout.root_from && p.edits[0].is_none()).collect();
        let whole = |p: &cover::Place| layout.letters[p.from].sep != Sep::None || p.from == 0;
        let root_there = sub.iter().any(|p| {
            let token = &site.tokens[p.token];
            whole(p)
                && token.kind == Kind::Official
                && token.points >= 30
                && match token.form {
                    Form::Joined { .. } | Form::Gapped => true,
                    // A label below the registrable one (`zscx`) is a word that many offices use.
                    Form::Label => site.hosts.iter().any(|(_, root, _)| *root == token.shown),
                    _ => false,
                }
        });
        let foreign = !exempt.iter().any(|e| name::under(&layout.ascii, e));
        let word_there = foreign
            && sub.iter().any(|p| {
                let token = &site.tokens[p.token];
                let ends = p.to >= layout.chars.len() || layout.letters[p.to].sep == Sep::Dot;
                p.from == 0
                    && ends
                    && matches!(token.kind, Kind::Service | Kind::Licence)
                    && (token.form == Form::Initials && token.chars.len() >= 4 || token.points >= 55)
            });
        (root_there || word_there).then(|| {
            let shown = Cover { places: sub.into_iter().copied().collect(), points: 0 };
            Reading::of(site, layout, &shown, vec!["suspected_hijacked_subdomain"], STRUCTURE_POINTS + 8)
        })
    }
    fn by_address(&self, site: &Compiled, parts: &Parts) -> Option<NameHit> {
        let official = |text: &str| site.site.hosts.iter().chain(&site.site.trees).find(|host| names_host(text, host));
        let reading = |ids: Vec<&'static str>, points: i32, token: &str, matched: &str| Reading {
            ids,
            points,
            token: token.to_owned(),
            means: String::new(),
            matched: matched.chars().take(200).collect(),
        };
        let closed = name::suffix_at(&parts.host).is_some_and(|(at, _)| self.suffixes.is_closed(&parts.host[at..]));
        let exempt = self.techniques.get("official_name_in_url").is_some_and(|t| t.exempt.iter().any(|e| name::under(&parts.host, e)));
        let dotted = parts.rest.replace(['-', '_'], ".");
        let found = if let Some(host) = official(&parts.userinfo) {
            reading(vec!["userinfo_trick"], 95, host, &parts.userinfo)
        } else if parts.rest.is_empty() || closed || exempt {
            return None;
        } else if let Some(host) = official(&parts.rest).or_else(|| official(&dotted).filter(|_| name::is_ip(&parts.host))) {
            let ids =
                if name::is_ip(&parts.host) { vec!["official_name_in_url", "ip_official_path"] } else { vec!["official_name_in_url"] };
            reading(ids, 66, host, &parts.rest)
        } else if name::is_ip(&parts.host)
            && let Some(path) = site.names.paths.iter().find(|p| parts.rest.starts_with(&p.to_lowercase()))
        {
            reading(vec!["ip_official_path"], 64, path, &parts.rest)
        } else {
            return None;
        };
        self.told(site, &parts.host, &parts.host, found)
    }
    /// Puts names, score and sentences to a reading. `None`: below the alert level, or every technique of it is off.
    fn told(&self, site: &Compiled, host: &str, registrable: &str, reading: Reading) -> Option<NameHit> {
        let mut ids: Vec<(u8, &'static str)> = reading.ids.iter().filter_map(|id| Some((self.techniques.score(id)?, *id))).collect();
        ids.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        ids.dedup();
        let (lift, strongest) = *ids.first()?;
        let points = u8::try_from(reading.points.clamp(0, 100)).unwrap_or(100);
        if points < site.names.alert {
            return None;
        }
        // A technique's score is the most that it alone can say; each further one adds a little.
        let further = u8::try_from(ids.len().saturating_sub(1).min(5)).unwrap_or(5);
        let score = points.min(lift.saturating_add(2 * further)).max(site.names.alert).min(99);
        let (zh, en, transform) = match self.techniques.get(strongest) {
            Some(t) => (
                t.why_zh.as_str(),
                t.why_en.as_str(),
                ids.iter().take(3).filter_map(|(_, id)| self.techniques.get(id)).map(|t| t.en.as_str()).collect::<Vec<_>>().join(", "),
            ),
            None => ("“{matched}”与{agency}的“{token}”相近。", "`{matched}` is near `{token}` of {site}.", strongest.replace('_', " ")),
        };
        let suffix = site.suffix_of(&reading.token);
        let fill = |template: &str| {
            let means = if reading.means.is_empty() { reading.token.as_str() } else { reading.means.as_str() };
            template
                .replace("{matched}", &reading.matched)
                .replace("{token}", &reading.token)
                .replace("{means}", means)
                .replace("{site}", &site.site.id)
                .replace("{agency}", &site.site.agency)
                .replace("{suffix}", &suffix)
                .replace("{first}", suffix.split('.').next().unwrap_or_default())
                .replace("{registrable}", registrable)
                .replace("{name}", host)
        };
        Some(NameHit {
            site: site.site.id.clone(),
            score,
            techniques: ids.into_iter().map(|(_, id)| id.to_owned()).collect(),
            transform,
            why: fill(zh),
            why_en: fill(en),
            token: reading.token,
            matched: reading.matched,
        })
    }
}

impl Watchlist {
    /// What people call a technique. `None`: no file has it.
    pub fn technique_name(&self, id: &str) -> Option<Both> {
        self.techniques.get(id).map(|t| Both::new(&t.zh, &t.en))
    }
    /// Every example in the technique files that does not do what it says: file, example, what went wrong.
    pub fn check_examples(&self) -> Vec<(String, String, String)> {
        let mut wrong = Vec::new();
        for technique in self.techniques.iter().filter(|t| t.status == super::technique::Status::On) {
            for example in &technique.examples_hit {
                let why = match self.screen(example.as_bytes()) {
                    None => "no hit".to_owned(),
                    Some(hit) if hit.techniques.contains(&technique.id) => continue,
                    Some(hit) => format!("hit, but as {}", hit.techniques.join(", ")),
                };
                wrong.push((technique.file.clone(), example.clone(), why));
            }
            for example in &technique.examples_miss {
                if let Some(hit) = self.screen(example.as_bytes()) {
                    wrong.push((
                        technique.file.clone(),
                        example.clone(),
                        format!("must not be hit, but is: {} ({})", hit.score, hit.techniques.join(", ")),
                    ));
                }
            }
        }
        wrong
    }
}

impl Reading {
    fn of(site: &Compiled, layout: &Layout, cover: &Cover, ids: Vec<&'static str>, points: i32) -> Self {
        let speaking: Vec<_> = cover.places.iter().filter(|p| site.tokens[p.token].kind != Kind::Filler).collect();
        let heaviest = speaking.iter().max_by_key(|p| p.worth).map(|p| &site.tokens[p.token]);
        let span = speaking.first().zip(speaking.last()).map(|(a, b)| layout.written(a.from, b.to));
        Self {
            ids,
            points,
            token: heaviest.map_or_else(|| site.site.id.clone(), |t| t.shown.clone()),
            means: heaviest.map(|t| t.means.clone()).unwrap_or_default(),
            matched: span.unwrap_or(&layout.unicode).chars().take(200).collect(),
        }
    }
}

fn owns(site: &Site, host: &str) -> bool {
    site.hosts.iter().chain(&site.trees).any(|tree| name::under(host, tree))
}

/// Does `text` hold `host`, with nothing that makes it part of a longer name on the left, and no letter on the right?
fn names_host(text: &str, host: &str) -> bool {
    text.match_indices(host).take(64).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + host.len()..].chars().next();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-') && !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// Are plain and borrowed letters mixed in one label that a token covers?
fn mixes_scripts(layout: &Layout, cover: &Cover) -> bool {
    use super::skeleton::Disguise;
    cover.places.iter().any(|p| {
        let letters = &layout.letters[p.from..p.to];
        let borrowed = |d: Disguise| matches!(d, Disguise::Accent | Disguise::Cyrillic | Disguise::Greek | Disguise::Other);
        letters.iter().any(|l| borrowed(l.disguise)) && letters.iter().any(|l| l.disguise == Disguise::None)
    })
}
