//! Leads as the console's tests need them: sealed packages on disk, kept in records.

use crate::console::Served;
use base64::Engine as _;
use jianwei::evidence;
use jianwei::model::assessment::{Assessment, Class, Finding, Scores, Span, Verdict};
use jianwei::model::attribution::Attribution;
use jianwei::model::candidate::{Candidate, Reason};
use jianwei::model::capture::{Capture, CertificateFacts, Hop, Outcome, TlsFacts};
use jianwei::model::dossier::Dossier;
use jianwei::model::host::Host;
use jianwei::model::lang::Both;
use jianwei::model::lead::LeadId;
use jianwei::model::page::{Contact, Field, Form, Page};
use jianwei::model::rendered::{Browsing, KeptFile, Request};
use jianwei::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use jianwei::model::sighting::{Context, Sighting};
use jianwei::model::time::Timestamp;
use jianwei::records::{Next, Records, Visit};
use std::path::Path;

/// A picture of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// What a page carries; every part as the page would have it.
#[derive(Clone, Default)]
pub(super) struct Carried {
    pub(super) host: String,
    pub(super) title: String,
    pub(super) url_tail: String,
    pub(super) text: String,
    pub(super) word: String,
}

pub(super) fn at(minutes: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T02:00:00Z").expect("a time").plus_millis(minutes * 60_000)
}

/// Keeps a lead whose package carries all of it.
pub(super) fn keep(records: &Records, evidence_root: &Path, carried: &Carried, when: Timestamp) -> LeadId {
    let (word, host) = (carried.word.as_str(), Host::parse(&carried.host).expect("a host"));
    let url = format!("http://{}/{}", carried.host, carried.url_tail);
    let candidate = Candidate {
        host: host.clone(),
        url: url.clone(),
        site: "cx.mem.gov.cn".into(),
        reasons: vec![
            Reason::Report { by: word.into() },
            Reason::Search { site: "cx.mem.gov.cn".into(), engine: word.into(), query: word.into(), rank: 1 },
        ],
        sightings: vec![Sighting { seen: word.into(), source: short(word), seen_at: when, context: Context::default() }],
        first_seen: when,
        last_seen: when,
    };
    let record = |rrtype: &str, data: &str| DnsRecord { name: host.to_string(), rrtype: rrtype.into(), ttl: 60, data: data.into() };
    let resolution = Resolution {
        host: host.clone(),
        at: when,
        resolvers: vec!["127.0.0.1:53".into()],
        presence: Presence::Present,
        addresses: vec!["127.0.0.1".parse().expect("an address")],
        answers: vec![DnsAnswer { question: "TXT".into(), rcode: "NOERROR".into(), records: vec![record("TXT", word)] }],
    };
    let leaf = CertificateFacts {
        subject: format!("CN={word}"),
        issuer: format!("O={word}"),
        serial: "01".into(),
        not_before: when,
        not_after: when,
        names: vec![word.into()],
        sha256: "0".repeat(64),
    };
    let tls = TlsFacts { version: "TLSv1_3".into(), cipher: word.into(), chain: Vec::new(), leaf: Some(leaf), verified: Err(word.into()) };
    let hop = Hop {
        status: Some(200),
        headers: vec![("Server".into(), word.into()), (short(word), word.into())],
        tls: Some(tls),
        redirect_to: Some(word.into()),
        ..Hop::begun(0, url.clone(), when)
    };
    let field = |label: &str| Field {
        kind: "text".into(),
        name: word.into(),
        label: label.into(),
        placeholder: word.into(),
        first_option: word.into(),
    };
    let page = Page {
        charset: "utf-8".into(),
        title: carried.title.clone(),
        text: carried.text.clone(),
        hidden_text: word.into(),
        html: format!("<html><body class='{word}'>{}</body></html>", carried.text),
        forms: vec![Form {
            action: word.into(),
            method: "post".into(),
            fields: vec![field(word)],
            buttons: vec![word.into()],
            has_form_element: true,
        }],
        contacts: vec![Contact { kind: "wechat".into(), value: word.into(), raw: word.into() }],
        comments: vec![word.into()],
        ..Page::default()
    };
    let request = Request {
        method: "GET".into(),
        url: word.into(),
        kind: short(word),
        status: Some(200),
        media_type: word.into(),
        failed: word.into(),
        ..Request::default()
    };
    let browser = Browsing {
        product: word.into(),
        requests: vec![request],
        console: vec![word.into()],
        denied: vec![word.into()],
        ..Browsing::default()
    };
    let picture = base64::engine::general_purpose::STANDARD.decode(PNG).expect("base64");
    // A file name may hold markup, as far as a package's paths allow it.
    let name = format!("<img src=x onerror=hostile()>{}.png", &"x".repeat(40));
    let kept =
        vec![KeptFile::made("viewport.png", "首屏截图", "image/png", picture.clone()), KeptFile::made(name, word, "image/png", picture)];
    let capture = Capture {
        requested_url: url.clone(),
        final_url: Some(url.clone()),
        variant: "desktop".into(),
        started_at: when,
        ended_at: when,
        outcome: Outcome::Captured,
        hops: vec![hop],
        page: Some(page),
        kept,
        browser: Some(browser),
    };
    let span = Span { raw: word.into(), normalised: format!("{word} "), part: short(word), offset: None, place: word.into() };
    let finding = |points| Finding {
        signal: "form_fields".into(),
        class: Class::FakeQuery,
        points,
        why: Both::new(word, word),
        span: Some(span.clone()),
        evidence: word.into(),
    };
    let assessment = Assessment {
        not_looked_at: vec![Both::new(word, word)],
        class: Verdict::FakeQuery,
        site: "cx.mem.gov.cn".into(),
        scores: Scores { fake_query: 90, seller: 0, mirror: 0 },
        review: true,
        findings: vec![finding(30), finding(-5)],
        rules: "0123456789abcdef".into(),
        at: when,
    };
    let dossier =
        Dossier { candidate: candidate.clone(), resolution: Some(resolution.clone()), captures: vec![capture], facts: Default::default() };
    let package = evidence::seal(evidence_root, &dossier, &assessment, &evidence::Settings::default()).expect("sealed");
    let visit = Visit {
        candidate,
        resolution: Some(resolution),
        outcome: "captured".into(),
        outcome_why: word.into(),
        url,
        title: carried.title.clone(),
        assessment,
        package,
        marks: Default::default(),
        attribution: Some(Box::new(whose(&host, word, when))),
    };
    let (lead, _) = records.finish_visit(&visit, Next { visit: false, at: None }).expect("kept").expect("a lead");
    lead.id
}

fn short(word: &str) -> String {
    word.chars().take(60).collect()
}

fn whose(host: &Host, word: &str, when: Timestamp) -> Attribution {
    let registration = serde_json::json!({
        "domain": host, "aliases": [], "registered": true, "registrar": word, "registrant": word, "registrant_place": word, "created": when,
        "status": [word], "name_servers": [word], "redacted": false, "source": word, "raw": [],
    });
    let said = serde_json::json!({"source": word, "as_of": word, "country": "CN", "province": word, "city": word, "isp": word, "organisation": word});
    let hosting = serde_json::json!({
        "placed": [{"ip": "127.0.0.1", "said": [said]}],
        "fronts": [{"vendor": word, "kind": "cloud", "by": "header", "matched": word, "contact": word}],
    });
    let text = serde_json::json!({"host": host, "at": when, "registration": registration, "hosting": hosting, "remarks": [{"zh": word, "en": word}], "issuer": word});
    serde_json::from_value(text).expect("an attribution")
}

/// A plain lead.
pub(super) fn plain(n: usize) -> Carried {
    Carried {
        host: format!("cx-{n}.example.top"),
        title: format!("特种作业操作证查询 {n}"),
        url_tail: "index.html".into(),
        text: "姓名\n证件号码\n查询".into(),
        word: "明文".into(),
    }
}

/// A console over `n` plain leads, and their ids.
pub(super) fn served(n: usize) -> (Served, Vec<LeadId>) {
    let mut ids = Vec::new();
    let served = Served::with(|records, root| ids = (0..n).map(|i| keep(records, root, &plain(i), at(i as i64))).collect());
    (served, ids)
}
