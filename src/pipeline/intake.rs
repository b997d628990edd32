//! The front of the flow: sources -> screen -> candidates. Cursor, run and candidates go to records in one transaction a batch.

use crate::lookalike::Watchlist;
use crate::model::allow::Allowed;
use crate::model::candidate::{Candidate, NameHit, Reason};
use crate::model::host::Host;
use crate::model::sighting::{Context, Sighting};
use crate::model::time::Timestamp;
use crate::pipeline::stop::Stop;
use crate::pipeline::{Event, Pass, PassError, Progress};
use crate::records::Run;
use crate::sources::{Batch, Cursor, RunOutcome, Source};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Most batches one source may give in one pass (4 MiB each at most: far beyond any day's feed); a source that never ends cannot hang a pass.
const MAX_BATCHES: u32 = 1_000_000;

/// How often a waiting source looks whether there is room again.
const FULL_WAIT: Duration = Duration::from_millis(200);

/// What one source's run did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceSummary {
    /// Source id.
    pub source: String,
    /// `ok`, `empty`, `blocked`, `failed`; the worst of the run's batches.
    pub outcome: String,
    /// Why, where it was blocked or failed.
    pub why: String,
    /// Names and URLs seen.
    pub seen: u64,
    /// Of these, worth a visit.
    pub screened_in: u64,
    /// Of these, hosts not known before.
    pub new: u64,
    /// It was told not to come again before this. `None`: nobody said so, or the time is over.
    #[serde(skip)]
    pub told_to_wait: Option<Timestamp>,
    /// A stop came before its end.
    #[serde(skip)]
    pub cut_off: bool,
}

/// What stands between a source and its next batch: the wish to stop, and too much work ahead.
pub(super) struct Gate {
    /// The wish to stop.
    pub(super) stop: Stop,
    /// Hosts due at which sources wait. Bounds nothing in memory (the queue is on disk), but a backlog that only grows helps nobody.
    pub(super) most_due: Option<usize>,
    /// Told when candidates came.
    pub(super) fresh: Arc<Notify>,
}

impl Gate {
    /// One that is always open.
    pub(super) fn open() -> Self {
        Self { stop: Stop::never(), most_due: None, fresh: Arc::default() }
    }
    /// Waits until there is room for more. `false`: stop instead. Nothing is dropped meanwhile: the source is just not asked.
    async fn pass(&self, pass: &Pass) -> Result<bool, PassError> {
        while let Some(most) = self.most_due
            && !self.stop.is_set()
            && tokio::task::block_in_place(|| pass.records.backlog(pass.net.now(), most))? >= most
        {
            self.fresh.notify_one();
            tokio::select! {
                () = tokio::time::sleep(FULL_WAIT) => {}
                () = self.stop.raised() => {}
            }
        }
        Ok(!self.stop.is_set())
    }
}

impl Pass {
    /// Polls one source to its end, or until `gate` says stop; then the next run goes on where this one stood.
    /// `began` names the run: counts of one run are added up under it.
    pub(super) async fn take_in(
        &self,
        source: &mut dyn Source,
        began: Timestamp,
        gate: &Gate,
        progress: Progress<'_>,
    ) -> Result<SourceSummary, PassError> {
        let id = source.id().to_owned();
        let net = self.net.for_source(&id);
        let mut row = SourceSummary { source: id.clone(), outcome: "empty".into(), ..SourceSummary::default() };
        let mut cursor = tokio::task::block_in_place(|| self.records.cursor(&id))?.map(Cursor);
        let allowed = tokio::task::block_in_place(|| self.records.allowed())?;
        for _ in 0..MAX_BATCHES {
            if !gate.pass(self).await? {
                row.cut_off = true;
                break;
            }
            let polled = tokio::select! {
                batch = source.poll(cursor.as_ref(), &net) => Some(batch),
                () = gate.stop.overdue() => None,
            };
            let Some(batch) = polled else {
                row.cut_off = true;
                break;
            };
            let (candidates, seen) = tokio::task::block_in_place(|| self.screen(&id, &batch, &allowed));
            row.seen += seen;
            row.screened_in += candidates.len() as u64;
            row.absorb_outcome(&batch.outcome);
            let run = Run {
                at: began,
                outcome: row.outcome.clone(),
                why: row.why.clone(),
                seen: row.seen,
                screened_in: row.screened_in,
                new: row.new,
            };
            let some = !candidates.is_empty();
            row.new += tokio::task::block_in_place(|| self.records.commit_batch(&id, candidates, &batch.cursor.0, &run))?;
            if some {
                gate.fresh.notify_one();
            }
            progress(Event::Read { source: id.clone(), seen: row.seen, done: batch.done });
            if !batch.more {
                break;
            }
            cursor = Some(batch.cursor);
        }
        row.told_to_wait = net.told_to_wait().filter(|until| *until > net.now());
        if row.told_to_wait.is_some() && row.outcome == "failed" {
            // A limit that is used up, or a service that asked for time, refused us: it did not break.
            row.outcome = "blocked".into();
        }
        Ok(row)
    }

    /// Screens one batch: bulk names by the name screen alone; sightings also by what led to them.
    /// What a person allowed comes before anything: it is counted as seen and goes no further.
    fn screen(&self, source: &str, batch: &Batch, allowed: &[Allowed]) -> (Vec<Candidate>, u64) {
        let now = self.net.now();
        let mut candidates = Vec::new();
        let mut seen = self.screen_names(source, batch, now, &mut candidates);
        candidates.retain(|c: &Candidate| !allowed.iter().any(|a| a.covers(&c.host)));
        for sighting in &batch.sightings {
            seen += 1;
            let host = locate(&sighting.seen).map(|(host, _)| host);
            if host.is_some_and(|h| allowed.iter().any(|a| a.covers(&h))) {
                continue;
            }
            candidates.extend(self.screen_sighting(sighting));
        }
        (candidates, seen)
    }

    /// The bulk form: names alone, with where they stood.
    fn screen_names(&self, source: &str, batch: &Batch, now: Timestamp, into: &mut Vec<Candidate>) -> u64 {
        let (seen, hits) = screen_on_both_cores(&self.watchlist, &batch.names);
        into.extend(hits.into_iter().filter_map(|(name, hit)| {
            let seen = String::from_utf8_lossy(&name).trim().chars().take(4_096).collect();
            let context = Context { file: Some(batch.names_from.clone()).filter(|f| !f.is_empty()), ..Context::default() };
            candidate(Sighting { seen, source: source.to_owned(), seen_at: now, context }, vec![Reason::Name(hit)])
        }));
        seen
    }

    /// A sighting is worth a visit when its name is near, or when a search for the site's words returned it. Never the official site.
    fn screen_sighting(&self, sighting: &Sighting) -> Option<Candidate> {
        let mut reasons: Vec<Reason> = self.watchlist.screen(sighting.seen.as_bytes()).map(Reason::Name).into_iter().collect();
        let context = &sighting.context;
        if let (Some(query), Some(site)) = (&context.query, &context.site) {
            reasons.push(Reason::Search {
                site: site.clone(),
                engine: sighting.source.clone(),
                query: query.clone(),
                rank: context.rank.unwrap_or(0),
            });
        }
        if let Some(by) = &context.reporter {
            reasons.push(Reason::Report { by: by.clone() });
        }
        let candidate = candidate(sighting.clone(), reasons)?;
        let official = self.sites.iter().any(|s| s.owns(&candidate.host)) || self.rules.get().is_official(&candidate.host);
        (!official).then_some(candidate)
    }
}

impl SourceSummary {
    fn absorb_outcome(&mut self, outcome: &RunOutcome) {
        let (word, why) = match outcome {
            RunOutcome::Ok => ("ok", ""),
            RunOutcome::Empty => ("empty", ""),
            RunOutcome::Blocked { why } => ("blocked", why.as_str()),
            RunOutcome::Failed { why } => ("failed", why.as_str()),
        };
        const ORDER: [&str; 4] = ["empty", "ok", "blocked", "failed"];
        let rank = |w: &str| ORDER.iter().position(|o| *o == w);
        if rank(word) > rank(&self.outcome) {
            self.outcome = word.to_owned();
        }
        if !why.is_empty() && self.why.len() < 500 {
            self.why = if self.why.is_empty() { why.to_owned() } else { format!("{}; {why}", self.why) };
        }
    }
}

/// Makes a candidate of one sighting. `None`: no reason, or nothing there that can be visited.
pub fn candidate(sighting: Sighting, reasons: Vec<Reason>) -> Option<Candidate> {
    let site = reasons.iter().find_map(site_of)?;
    let (host, url) = locate(&sighting.seen)?;
    let seen_at = sighting.seen_at;
    Some(Candidate { host, url, site, reasons, sightings: vec![sighting], first_seen: seen_at, last_seen: seen_at })
}

fn site_of(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Name(NameHit { site, .. }) | Reason::Search { site, .. } | Reason::Official { site } => Some(site.clone()),
        Reason::Report { .. } | Reason::Check => Some(String::new()),
    }
}

/// What to visit for a name or a URL: the host and the first address. Certificates' `*.name` is visited at `name`.
pub fn locate(seen: &str) -> Option<(Host, String)> {
    let seen = seen.trim();
    if seen.contains("://") {
        let mut url = url::Url::parse(seen).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        // What stands before `@` only pretends to be the host.
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        let host = Host::parse(url.host_str()?).ok()?;
        return Some((host, url.into()));
    }
    let host = Host::parse(seen.trim_start_matches("*.")).ok()?;
    let url = format!("http://{}/", host.for_url());
    Some((host, url))
}

/// Screens a block of names, one half on each core, cut at a line end: how many there were, and the near ones in their order.
pub fn screen_on_both_cores(watchlist: &Watchlist, block: &[u8]) -> (u64, Vec<(Vec<u8>, NameHit)>) {
    let one = |part: &[u8]| {
        let mut hits = Vec::new();
        let seen = watchlist.screen_block(part, &mut |name, hit| hits.push((name.to_vec(), hit)));
        (seen, hits)
    };
    let (left, right) = halves(block);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| one(right));
        let (seen, mut hits) = one(left);
        let (more, rest) = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        hits.extend(rest);
        (seen + more, hits)
    })
}

fn halves(block: &[u8]) -> (&[u8], &[u8]) {
    let middle = block.len() / 2;
    match memchr::memchr(b'\n', &block[middle..]) {
        Some(i) => block.split_at(middle + i + 1),
        None => (block, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_url_is_located_without_its_tricks() {
        let at = |s: &str| locate(s).map(|(h, u)| (h.to_string(), u));
        assert_eq!(at("CX-Mem.top."), Some(("cx-mem.top".into(), "http://cx-mem.top/".into())));
        assert_eq!(at("*.cx-mem.top"), Some(("cx-mem.top".into(), "http://cx-mem.top/".into())));
        assert_eq!(at("http://cx.mem.gov.cn@203.0.113.9/a#b"), Some(("203.0.113.9".into(), "http://203.0.113.9/a".into())));
        assert_eq!(at("https://a.top:8443/c?id=1"), Some(("a.top".into(), "https://a.top:8443/c?id=1".into())));
        assert_eq!(at("2001:db8::1"), Some(("2001:db8::1".into(), "http://[2001:db8::1]/".into())));
        for bad in ["ftp://a.top/", "mailto:x@a.top", "", "a b", "javascript://x"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_block_is_cut_at_a_line_end() {
        for block in ["", "a", "a\nb\nc\n", "aaaaaaaaaaaa", "\n\n", "long-long-long\nx\n"] {
            let (a, b) = halves(block.as_bytes());
            assert_eq!([a, b].concat(), block.as_bytes());
            assert!(b.is_empty() || a.ends_with(b"\n"), "{block:?}");
        }
    }
}
