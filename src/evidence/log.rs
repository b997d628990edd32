//! The operation log: what was done during one visit, one JSON line each, every line carrying the SHA-256 of the line before.
//! The last line says `sealed` and how many lines came before, so that a cut end shows.

use crate::evidence::{Occasion, Step};
use crate::model::assessment::Assessment;
use crate::model::capture::{Capture, Hop};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::rendered::Passage;
use crate::model::time::Timestamp;
use serde_json::{Value, json};

/// Largest log that is read.
const MAX_LINES: usize = 100_000;
/// Two clocks tell the times of one hop (the system's, and the steady one that measured its length); they may differ by so many milliseconds.
const JITTER_MS: i64 = 1_000;

struct Chain {
    text: String,
    before: String,
    lines: u64,
    last: Option<Timestamp>,
}

impl Chain {
    fn new() -> Self {
        Self { text: String::new(), before: String::new(), lines: 0, last: None }
    }
    /// A time that is a little before the last one is the jitter of two clocks; more than that is kept as it is, and shows.
    fn push(&mut self, at: Timestamp, what: &str, detail: Value) {
        let at = self.last.filter(|last| at < *last && last.millis() - at.millis() <= JITTER_MS).unwrap_or(at);
        self.last = Some(at);
        let line = json!({"n": self.lines, "at": at, "what": what, "detail": detail, "before": self.before}).to_string();
        self.before = Sha256::of(line.as_bytes()).hex();
        self.text.push_str(&line);
        self.text.push('\n');
        self.lines += 1;
    }
}

/// The log of one visit.
pub(super) fn of(dossier: &Dossier, assessment: &Assessment, occasion: &Occasion) -> String {
    let mut chain = Chain::new();
    if let Some(attended) = &occasion.attended {
        let begun = dossier.captures.first().map_or(assessment.at, |c| c.started_at);
        let first = attended.steps.first().map_or(begun, |s| s.at);
        chain.push(first, "attended", json!({"officers": attended.officers, "reason": attended.reason}));
    }
    let steps: &[Step] = occasion.attended.as_ref().map_or(&[], |a| &a.steps);
    // What was done before anything was asked of the network, and what was done after.
    let asked = dossier.resolution.iter().map(|r| r.at).chain(dossier.captures.iter().map(|c| c.started_at)).min().unwrap_or(assessment.at);
    let (before, after) = steps.split_at(steps.iter().position(|s| s.at > asked).unwrap_or(steps.len()));
    taken(&mut chain, before);
    if let Some(r) = &dossier.resolution {
        let answers: Vec<Value> = r.answers.iter().map(|a| json!([a.question, a.rcode, a.records.len()])).collect();
        chain.push(r.at, "dns", json!({"host": r.host, "resolvers": r.resolvers, "presence": r.presence, "answers": answers}));
    }
    for capture in as_made(&dossier.captures) {
        visit(&mut chain, capture);
    }
    taken(&mut chain, after);
    for attachment in &occasion.attachments {
        let kept = json!({"path": attachment.path, "role": attachment.role, "bytes": attachment.bytes.len(), "sha256": Sha256::of(&attachment.bytes)});
        chain.push(chain.last.map_or(attachment.at, |last| last.max(attachment.at)), "attach", kept);
    }
    let scores = json!({"class": assessment.class, "scores": assessment.scores, "rules": assessment.rules});
    chain.push(assessment.at, "assess", scores);
    let lines = chain.lines;
    chain.push(assessment.at, "sealed", json!({"lines_before": lines}));
    chain.text
}

fn taken(chain: &mut Chain, steps: &[Step]) {
    for step in steps {
        chain.push(step.at, "step", json!({"what": step.what}));
    }
}

/// The visits in the order in which they were made: the plain ones as they stand, then the browser's, which a dossier has first.
fn as_made(captures: &[Capture]) -> Vec<&Capture> {
    let (mut rendered, mut all): (Vec<&Capture>, Vec<&Capture>) = captures.iter().partition(|c| c.browser.is_some());
    rendered.sort_by_key(|c| c.started_at);
    all.extend(rendered);
    all
}

fn visit(chain: &mut Chain, capture: &Capture) {
    chain.push(capture.started_at, "visit", json!({"url": capture.requested_url, "variant": capture.variant}));
    let refused = |p: &&Passage| !p.refused.is_empty();
    let mut tries = capture.browser.iter().flat_map(|b| &b.passages).filter(refused).peekable();
    for hop in &capture.hops {
        while let Some(passage) = tries.next_if(|p| p.at <= hop.at) {
            refusal(chain, passage);
        }
        exchange(chain, hop);
    }
    tries.for_each(|passage| refusal(chain, passage));
    let end = json!({"outcome": capture.outcome, "final_url": capture.final_url, "why": capture.outcome.why_zh()});
    chain.push(capture.ended_at, "visit_end", end);
    if let Some(page) = &capture.page {
        let read = json!({"charset": page.charset, "charset_from": page.charset_from, "text_chars": page.text.chars().count(), "notes": page.notes});
        chain.push(capture.ended_at, "extract", read);
    }
}

/// A connection that the browser asked for and did not get.
fn refusal(chain: &mut Chain, passage: &Passage) {
    let at = chain.last.map_or(passage.at, |last| last.max(passage.at));
    let told =
        json!({"method": passage.method, "target": passage.target, "why": passage.refused, "by_guard": passage.by_guard, "at": passage.at});
    chain.push(at, "refused", told);
}

fn exchange(chain: &mut Chain, hop: &Hop) {
    if hop.address.is_some() {
        chain.push(hop.at, "connect", json!({"hop": hop.n, "address": hop.address, "tls": hop.tls.as_ref().map(|t| &t.version)}));
    }
    if !hop.request_head.is_empty() {
        let sent = json!({"hop": hop.n, "url": hop.url, "bytes": hop.request_head.len(), "sha256": Sha256::of(&hop.request_head)});
        chain.push(hop.at, "request", sent);
    }
    if !hop.response_head.is_empty() {
        let came = json!({"hop": hop.n, "status": hop.status, "head_bytes": hop.response_head.len(), "body_bytes": hop.wire_bytes,
            "kept_bytes": hop.wire_body.len(), "truncated": hop.truncated, "redirect_to": hop.redirect_to});
        chain.push(ended(hop), "response", came);
    }
    if let Some(trouble) = &hop.trouble {
        chain.push(ended(hop), "trouble", json!({"hop": hop.n, "url": hop.url, "outcome": trouble, "why": trouble.why_zh()}));
    }
}

fn ended(hop: &Hop) -> Timestamp {
    hop.at.plus_millis(i64::try_from(hop.timing.total_ms).unwrap_or(i64::MAX))
}

/// Follows the chain; `ordered`: no line may be earlier than the one before it (logs of `manifest/1` do not promise that).
///
/// # Errors
/// The first line that does not link, in one sentence.
pub(super) fn check(text: &str, ordered: bool) -> Result<usize, Both> {
    let mut before = String::new();
    let mut time: Option<Timestamp> = None;
    let mut last = Value::Null;
    let mut n = 0;
    for line in text.lines() {
        let value: Value =
            serde_json::from_str(line).map_err(|e| Both::new(format!("第 {} 行不是 JSON：{e}", n + 1), format!("line {}: {e}", n + 1)))?;
        if value["n"].as_u64() != Some(n as u64) || value["before"].as_str() != Some(before.as_str()) {
            return Err(Both::new(
                format!("第 {} 行与上一行对不上", n + 1),
                format!("line {}: does not link to the line before it", n + 1),
            ));
        }
        let at = value["at"].as_str().and_then(Timestamp::parse);
        if ordered && at < time {
            return Err(Both::new(
                format!("第 {} 行的时间早于上一行：时钟被往回调过", n + 1),
                format!("line {}: is earlier than the line before it: the clock was set back", n + 1),
            ));
        }
        time = at;
        before = Sha256::of(line.as_bytes()).hex();
        last = value;
        n += 1;
        if n > MAX_LINES {
            return Err(Both::new(format!("超过 {MAX_LINES} 行"), format!("more than {MAX_LINES} lines")));
        }
    }
    if last["what"] == "sealed" && last["detail"]["lines_before"].as_u64().map(|b| b + 1) == Some(n as u64) && text.ends_with('\n') {
        return Ok(n);
    }
    Err(Both::new(format!("结尾缺失：第 {n} 行不是 sealed"), format!("the end is missing: line {n} is not `sealed`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> String {
        let mut chain = Chain::new();
        let at = Timestamp::from_millis(0);
        chain.push(at, "visit", json!({}));
        chain.push(at, "request", json!({"hop": 0}));
        chain.push(at, "sealed", json!({"lines_before": 2}));
        chain.text
    }

    #[test]
    fn a_cut_reordered_or_edited_log_breaks_the_chain() {
        let text = three();
        assert_eq!(check(&text, true), Ok(3));
        let lines: Vec<&str> = text.lines().collect();
        let join = |order: &[usize]| order.iter().map(|i| format!("{}\n", lines[*i])).collect::<String>();
        for order in [&[0, 1][..], &[0, 2], &[1, 2], &[1, 0, 2], &[0, 1, 1, 2], &[]] {
            assert!(check(&join(order), true).is_err(), "{order:?}");
        }
        assert!(check(&text.replace("\"hop\":0", "\"hop\":1"), true).is_err());
        assert!(check(text.trim_end(), true).is_err());
    }

    #[test]
    fn a_clock_that_was_set_back_shows_and_the_jitter_of_two_clocks_does_not() {
        let log = |times: [i64; 3]| {
            let mut chain = Chain::new();
            times.iter().for_each(|t| chain.push(Timestamp::from_millis(*t), "visit", json!({})));
            chain.push(Timestamp::from_millis(times[2]), "sealed", json!({"lines_before": 3}));
            chain.text
        };
        assert_eq!(check(&log([5_000, 4_990, 6_000]), true), Ok(4));
        assert!(check(&log([5_000, 3_000, 6_000]), true).is_err());
        assert_eq!(check(&log([5_000, 3_000, 6_000]), false), Ok(4));
    }
}
