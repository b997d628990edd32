//! Writes the WARC/1.1 of one visit: warcinfo, DNS, then for each hop request, response, TLS chain and what went wrong.
//! One gzip member a record, both digests on every record, ids made from content: the same visit gives the same bytes.
//! The payload of an HTTP record is what follows its head as it came (still chunked and compressed), as warcio and others count it.

use crate::evidence::contents::{one_line, pem, user_agent};
use crate::evidence::warc_check::HeadScanner;
use crate::evidence::{Attachment, Settings, wacz};
use crate::model::capture::{Capture, Hop, Outcome};
use crate::model::digest::Sha256;
use crate::model::dossier::Dossier;
use crate::model::rendered::KeptFile;
use crate::model::resolution::Resolution;
use crate::model::time::Timestamp;
use flate2::{Compression, GzBuilder};
use serde_json::json;
use std::io::Write as _;

/// One record before it is written.
struct Record {
    kind: &'static str,
    uri: String,
    at: Timestamp,
    content_type: String,
    block: Vec<u8>,
    id: String,
    /// Further header lines, values already on one line.
    extra: Vec<(&'static str, String)>,
}

struct Writer {
    out: Vec<u8>,
    /// What makes the ids of this visit its own.
    seed: String,
    made: u64,
    info: String,
}

impl Writer {
    fn record(&mut self, kind: &'static str, uri: &str, at: Timestamp, content_type: &str, block: Vec<u8>) -> Record {
        self.made += 1;
        let id = uuid(format!("{}\n{}\n{kind}\n{}", self.seed, self.made, Sha256::of(&block)).as_bytes());
        Record { kind, uri: one_line(uri), at, content_type: content_type.to_owned(), block, id, extra: Vec::new() }
    }
    fn put(&mut self, record: &Record) {
        let from = if record.content_type.starts_with("application/http") { payload_start(&record.block) } else { 0 };
        let mut head = format!("WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\n", record.kind, record.id);
        let mut line = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        line("WARC-Date", &record.at.rfc3339_seconds());
        if !record.uri.is_empty() {
            line("WARC-Target-URI", &record.uri);
        }
        if record.kind != "warcinfo" {
            line("WARC-Warcinfo-ID", &self.info);
        }
        for (name, value) in &record.extra {
            line(name, value);
        }
        line("WARC-Block-Digest", &format!("sha256:{}", Sha256::of(&record.block)));
        line("WARC-Payload-Digest", &format!("sha256:{}", Sha256::of(&record.block[from..])));
        line("Content-Type", &record.content_type);
        line("Content-Length", &record.block.len().to_string());
        head.push_str("\r\n");
        // Header without time and system, so that the same visit gives the same bytes.
        let mut member = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
        for part in [head.as_bytes(), &record.block, b"\r\n\r\n"] {
            member.write_all(part).expect("memory takes every byte");
        }
        self.out.append(&mut member.finish().expect("memory takes every byte"));
    }
}

/// The whole WARC of a dossier, compressed.
pub(super) fn write(dossier: &Dossier, main: &Capture, settings: &Settings, attached: &[Attachment]) -> Result<Vec<u8>, serde_json::Error> {
    let seed = format!("{}\n{}\n{}", dossier.candidate.host, main.requested_url, main.started_at);
    let mut w = Writer { out: Vec::new(), seed, made: 0, info: String::new() };
    let mut info = w.record("warcinfo", "", main.started_at, "application/warc-fields", warcinfo(main, settings).into_bytes());
    info.extra.push(("WARC-Filename", wacz::WARC_NAME.into()));
    w.info = info.id.clone();
    w.put(&info);
    if let Some(resolution) = &dossier.resolution {
        let record = w.record("resource", &format!("dns:{}", resolution.host), resolution.at, "text/dns", dns(resolution).into_bytes());
        w.put(&record);
    }
    for capture in &dossier.captures {
        for hop in &capture.hops {
            exchange(&mut w, hop)?;
        }
        let block = serde_json::to_vec(&json!({
            "schema": "visit/1", "requested_url": capture.requested_url, "final_url": capture.final_url, "variant": capture.variant,
            "started_at": capture.started_at, "ended_at": capture.ended_at, "outcome": capture.outcome, "why": capture.outcome.why(), "why_zh": capture.outcome.why_zh(),
        }))?;
        let record = w.record("metadata", &capture.requested_url, capture.ended_at, "application/json", block);
        w.put(&record);
        for file in &capture.kept {
            let record = kept(&mut w, capture, file);
            w.put(&record);
        }
        if let Some(record) = page_info(&mut w, capture)? {
            w.put(&record);
        }
    }
    for attachment in attached {
        let Some(uri) = &attachment.uri else { continue };
        let record = w.record("resource", uri, attachment.at, attachment.media_type, attachment.bytes.clone());
        w.put(&record);
    }
    Ok(w.out)
}

/// What the visit kept by itself: a resource under its own address, what we made (screenshot, DOM) under a urn with the page's.
fn kept(w: &mut Writer, capture: &Capture, file: &KeptFile) -> Record {
    let page = capture.final_url.as_deref().unwrap_or(&capture.requested_url);
    let media = file.media_type.split(';').next().unwrap_or_default().trim();
    let media = if media.is_empty() { "application/octet-stream".to_owned() } else { one_line(media) };
    let uri = match &file.url {
        Some(url) => url.clone(),
        None if media.starts_with("image/") => format!("urn:screenshot:{}:{page}", file.path),
        None => format!("urn:{}:{page}", file.path),
    };
    w.record("resource", &uri, capture.ended_at, &media, file.body.clone())
}

/// What a page asked for, in the shape that crawlers use (`urn:pageinfo:`). `None`: no HTTP answer came.
fn page_info(w: &mut Writer, capture: &Capture) -> Result<Option<Record>, serde_json::Error> {
    let Some(last) = capture.hops.last().filter(|h| is_http(&h.response_head)) else { return Ok(None) };
    let urls: serde_json::Map<String, serde_json::Value> = capture
        .hops
        .iter()
        .map(|h| {
            let mime = h.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned();
            (one_line(&h.url), json!({"status": h.status.unwrap_or(0), "mime": mime, "type": "document"}))
        })
        .collect();
    let info = json!({"url": one_line(&last.url), "ts": last.at.rfc3339_seconds(), "variant": capture.variant, "urls": urls});
    let block = serde_json::to_vec(&info)?;
    Ok(Some(w.record("resource", &format!("urn:pageinfo:{}", last.url), last.at, "application/json", block)))
}

fn exchange(w: &mut Writer, hop: &Hop) -> Result<(), serde_json::Error> {
    let asked = (!hop.request_head.is_empty())
        .then(|| w.record("request", &hop.url, hop.at, "application/http;msgtype=request", hop.request_head.clone()));
    let mut came = answer(w, hop);
    let said = outcome(hop).map(|o| trouble(hop, &o)).transpose()?;
    let mut said = said.map(|block| w.record("metadata", &hop.url, hop.at, "application/json", block));
    let chain = tls(hop)?.map(|(host, block)| w.record("metadata", &format!("urn:tls:{host}"), hop.at, "application/json", block));
    let first = asked.as_ref().or(came.as_ref()).map(|r| r.id.clone());
    let second = came.as_ref().or(said.as_ref()).map(|r| r.id.clone());
    for (record, other) in [(asked, second), (came.take(), first.clone()), (said.take(), first.clone()), (chain, first)] {
        let Some(mut record) = record else { continue };
        if let Some(address) = hop.address {
            record.extra.push(("WARC-IP-Address", address.ip().to_string()));
        }
        if let Some(other) = other.filter(|o| *o != record.id) {
            record.extra.push(("WARC-Concurrent-To", other));
        }
        if hop.truncated && matches!(record.kind, "response" | "resource") {
            record.extra.push(("WARC-Truncated", cut(hop).into()));
        }
        w.put(&record);
    }
    Ok(())
}

/// The response as it came; bytes that are no HTTP/1 answer are kept as a resource, because readers refuse them as a response.
fn answer(w: &mut Writer, hop: &Hop) -> Option<Record> {
    if hop.response_head.is_empty() && hop.wire_body.is_empty() {
        return None;
    }
    let block = [hop.response_head.as_slice(), &hop.wire_body].concat();
    let http = [&b"HTTP/1.0"[..], b"HTTP/1.1"].iter().any(|p| block.get(..8).is_some_and(|b| b.eq_ignore_ascii_case(p)));
    let (kind, media) = if http { ("response", "application/http;msgtype=response") } else { ("resource", "application/octet-stream") };
    Some(w.record(kind, &hop.url, hop.at, media, block))
}

/// Does it begin as an answer of HTTP/1 does?
pub(super) fn is_http(block: &[u8]) -> bool {
    [b"HTTP/1.0", b"HTTP/1.1"].iter().any(|p| block.get(..8).is_some_and(|b| b.eq_ignore_ascii_case(*p)))
}

/// How the hop ended, where that is not told by its response.
fn outcome(hop: &Hop) -> Option<Outcome> {
    let silent = hop.response_head.is_empty() || hop.request_head.is_empty();
    hop.trouble.clone().or_else(|| silent.then(|| Outcome::Failed { why: "no response head was kept".into() }))
}

fn trouble(hop: &Hop, outcome: &Outcome) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&json!({
        "schema": "hop-outcome/1", "hop": hop.n, "url": hop.url, "at": hop.at, "address": hop.address,
        "outcome": outcome, "why": outcome.why(), "why_zh": outcome.why_zh(), "timing": hop.timing,
    }))
}

fn tls(hop: &Hop) -> Result<Option<(String, Vec<u8>)>, serde_json::Error> {
    let Some(facts) = &hop.tls else { return Ok(None) };
    let host = url::Url::parse(&hop.url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_else(|| "unknown".into());
    let block = serde_json::to_vec(&json!({
        "schema": "tls/1", "hop": hop.n, "host": host, "address": hop.address, "version": facts.version, "cipher": facts.cipher,
        "verified": facts.verified.is_ok(), "not_verified_because": facts.verified.as_ref().err(), "leaf": facts.leaf, "chain_pem": pem(hop),
    }))?;
    Ok(Some((host, block)))
}

/// The word of WARC-Truncated (WARC/1.1, 5.13).
fn cut(hop: &Hop) -> &'static str {
    match hop.trouble {
        Some(Outcome::TooLarge { .. }) => "length",
        Some(Outcome::TimedOut { .. }) => "time",
        Some(Outcome::Unreachable { .. } | Outcome::Failed { .. }) => "disconnect",
        _ => "unspecified",
    }
}

fn warcinfo(main: &Capture, settings: &Settings) -> String {
    let mut text = format!(
        "software: {}/{}\r\nformat: WARC File Format 1.1\r\nconformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    let mut field = |name: &str, value: &str| {
        let value = value.split(char::is_control).collect::<Vec<_>>().join(" ");
        if !value.trim().is_empty() {
            text.push_str(&format!("{name}: {}\r\n", value.trim()));
        }
    };
    field("operator", &settings.officers.join(", "));
    field("isPartOf", &settings.organisation);
    field("http-header-user-agent", &user_agent(main).unwrap_or_default());
    field("description", &format!("one visit to {}, nothing submitted, no link followed", one_line(&main.requested_url)));
    text
}

/// The answers in master-file form (text/dns, RFC 4027) after the date line that Heritrix writes.
fn dns(resolution: &Resolution) -> String {
    let date: String = resolution.at.compact().chars().filter(char::is_ascii_digit).collect();
    let clean = |s: &str| s.split(char::is_control).collect::<Vec<_>>().join(" ");
    let mut text = format!("{date}\n; resolvers: {}\n", clean(&resolution.resolvers.join(" ")));
    for answer in &resolution.answers {
        text.push_str(&format!("; question: {} {} IN, {}\n", resolution.host, clean(&answer.question), clean(&answer.rcode)));
        for r in &answer.records {
            text.push_str(&format!("{}.\t{}\tIN\t{}\t{}\n", clean(&r.name), r.ttl, clean(&r.rrtype), clean(&r.data)));
        }
    }
    text
}

/// Where the payload of an HTTP block begins.
pub(super) fn payload_start(block: &[u8]) -> usize {
    HeadScanner::default().push(block).unwrap_or(block.len())
}

/// A name-based UUID in the form of version 5, over SHA-256 instead of SHA-1.
fn uuid(content: &[u8]) -> String {
    let mut b = *Sha256::of(content).as_bytes();
    b[6] = (b[6] & 0x0f) | 0x50;
    b[8] = (b[8] & 0x3f) | 0x80;
    let hex: String = b[..16].iter().map(|x| format!("{x:02x}")).collect();
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
