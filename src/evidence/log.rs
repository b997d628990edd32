//! The operation log: what was done during one visit, one JSON line each, every line carrying the SHA-256 of the line before.
//! The last line says `sealed` and how many lines came before, so that a cut end shows.

use crate::model::assessment::Assessment;
use crate::model::capture::{Capture, Hop};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde_json::{Value, json};

/// Largest log that is read.
const MAX_LINES: usize = 100_000;

struct Chain {
    text: String,
    before: String,
    lines: u64,
}

impl Chain {
    fn push(&mut self, at: Timestamp, what: &str, detail: Value) {
        let line = json!({"n": self.lines, "at": at, "what": what, "detail": detail, "before": self.before}).to_string();
        self.before = Sha256::of(line.as_bytes()).hex();
        self.text.push_str(&line);
        self.text.push('\n');
        self.lines += 1;
    }
}

/// The log of one visit.
pub(super) fn of(dossier: &Dossier, assessment: &Assessment) -> String {
    let mut chain = Chain { text: String::new(), before: String::new(), lines: 0 };
    if let Some(r) = &dossier.resolution {
        let answers: Vec<Value> = r.answers.iter().map(|a| json!([a.question, a.rcode, a.records.len()])).collect();
        chain.push(r.at, "dns", json!({"host": r.host, "resolvers": r.resolvers, "presence": r.presence, "answers": answers}));
    }
    for capture in &dossier.captures {
        visit(&mut chain, capture);
    }
    let scores = json!({"class": assessment.class, "scores": assessment.scores, "rules": assessment.rules});
    chain.push(assessment.at, "assess", scores);
    let lines = chain.lines;
    chain.push(assessment.at, "sealed", json!({"lines_before": lines}));
    chain.text
}

fn visit(chain: &mut Chain, capture: &Capture) {
    chain.push(capture.started_at, "visit", json!({"url": capture.requested_url, "variant": capture.variant}));
    for hop in &capture.hops {
        exchange(chain, hop);
    }
    let end = json!({"outcome": capture.outcome, "final_url": capture.final_url, "why": capture.outcome.why_zh()});
    chain.push(capture.ended_at, "visit_end", end);
    if let Some(page) = &capture.page {
        let read = json!({"charset": page.charset, "charset_from": page.charset_from, "text_chars": page.text.chars().count(), "notes": page.notes});
        chain.push(capture.ended_at, "extract", read);
    }
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

/// Follows the chain.
///
/// # Errors
/// The first line that does not link, in one sentence.
pub(super) fn check(text: &str) -> Result<usize, Both> {
    let mut before = String::new();
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
        let mut chain = Chain { text: String::new(), before: String::new(), lines: 0 };
        let at = Timestamp::from_millis(0);
        chain.push(at, "visit", json!({}));
        chain.push(at, "request", json!({"hop": 0}));
        chain.push(at, "sealed", json!({"lines_before": 2}));
        chain.text
    }

    #[test]
    fn a_cut_reordered_or_edited_log_breaks_the_chain() {
        let text = three();
        assert_eq!(check(&text), Ok(3));
        let lines: Vec<&str> = text.lines().collect();
        let join = |order: &[usize]| order.iter().map(|i| format!("{}\n", lines[*i])).collect::<String>();
        for order in [&[0, 1][..], &[0, 2], &[1, 2], &[1, 0, 2], &[0, 1, 1, 2], &[]] {
            assert!(check(&join(order)).is_err(), "{order:?}");
        }
        assert!(check(&text.replace("\"hop\":0", "\"hop\":1")).is_err());
        assert!(check(text.trim_end()).is_err());
    }
}
