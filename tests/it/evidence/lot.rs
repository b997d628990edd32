//! The lot that the tests of evidence seal: visits with every kind of hop that there is.

use flate2::{Compression, GzBuilder};
use jianwei::evidence::Settings;
use jianwei::model::assessment::{Assessment, Class, Finding, Scores, Span, Verdict};
use jianwei::model::candidate::{Candidate, Reason};
use jianwei::model::capture::{Capture, CertificateFacts, Hop, Outcome, Timing, TlsFacts};
use jianwei::model::digest::Sha256;
use jianwei::model::dossier::{Dossier, Facts};
use jianwei::model::host::Host;
use jianwei::model::lang::Both;
use jianwei::model::page::Page;
use jianwei::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use jianwei::model::sighting::{Context, Sighting};
use jianwei::model::time::Timestamp;
use std::io::Write as _;

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::parse("2026-01-03T02:14:55.120Z").expect("a time").plus_millis(ms)
}

pub(super) fn hop(n: u32, url: &str, head: &str, wire: &[u8], body: &[u8]) -> Hop {
    let parsed = url::Url::parse(url).expect("a url");
    let host = parsed.host_str().expect("a host");
    Hop {
        n,
        url: url.to_owned(),
        at: at(i64::from(n) * 200),
        address: Some("127.0.0.1:80".parse().expect("an address")),
        request_head: format!("GET {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (test)\r\n\r\n", parsed.path()).into_bytes(),
        response_head: head.as_bytes().to_vec(),
        status: Some(200),
        headers: vec![("Content-Type".into(), "text/html".into())],
        wire_body: wire.to_vec(),
        body: body.to_vec(),
        wire_bytes: wire.len() as u64,
        truncated: false,
        timing: Timing { dns_ms: Some(3), connect_ms: Some(1), tls_ms: None, first_byte_ms: Some(9), total_ms: 20 },
        tls: None,
        redirect_to: None,
        trouble: None,
    }
}

pub(super) fn silent(n: u32, url: &str, outcome: Outcome) -> Hop {
    let mut silent = hop(n, url, "", b"", b"");
    silent.status = None;
    silent.headers = Vec::new();
    silent.trouble = Some(outcome);
    silent
}

pub(super) fn tls() -> TlsFacts {
    let made = rcgen::generate_simple_self_signed(vec!["cx-mem-gov.example".to_owned()]).expect("a certificate");
    let der = made.cert.der().to_vec();
    use base64::Engine as _;
    TlsFacts {
        version: "TLSv1_3".into(),
        cipher: "TLS13_AES_128_GCM_SHA256".into(),
        chain: vec![base64::engine::general_purpose::STANDARD.encode(&der)],
        leaf: Some(CertificateFacts {
            subject: "CN=cx-mem-gov.example".into(),
            issuer: "CN=cx-mem-gov.example".into(),
            serial: "01ab".into(),
            not_before: at(-1000),
            not_after: at(1_000_000),
            names: vec!["cx-mem-gov.example".into()],
            sha256: Sha256::of(&der).hex(),
        }),
        verified: Err("self-signed".into()),
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub(super) const SOURCE: &str =
    "<html><head><meta charset=gbk><title>证书查询</title></head><body>特种作业操作证查询<!-- kit --></body></html>";

/// Redirect to https, a chunked redirect without TLS facts, then a gzip-compressed GBK page.
pub(super) fn page_visit() -> Capture {
    let gbk = encoding_rs::GBK.encode(SOURCE).0.into_owned();
    let mut first = hop(
        0,
        "http://cx-mem-gov.example/",
        "HTTP/1.1 302 Found\r\nLocation: https://cx-mem-gov.example/a\r\nContent-Length: 0\r\n\r\n",
        b"",
        b"",
    );
    first.redirect_to = Some("https://cx-mem-gov.example/a".into());
    let mut second = hop(
        1,
        "https://cx-mem-gov.example/a",
        "HTTP/1.1 301 Moved\r\nLocation: /q\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"hello",
    );
    second.tls = Some(tls());
    let wire = gzip(&gbk);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        wire.len()
    );
    let mut third = hop(2, "https://cx-mem-gov.example/q", &head, &wire, &gbk);
    third.tls = second.tls.clone();
    Capture {
        requested_url: "http://cx-mem-gov.example/".into(),
        final_url: Some("https://cx-mem-gov.example/q".into()),
        variant: "desktop".into(),
        started_at: at(0),
        ended_at: at(900),
        outcome: Outcome::Captured,
        hops: vec![first, second, third],
        page: Some(Page {
            charset: "GBK".into(),
            charset_from: "http".into(),
            title: "证书查询".into(),
            text: "特种作业操作证查询".into(),
            html: SOURCE.into(),
            comments: vec!["kit".into()],
            ..Page::default()
        }),
        kept: Vec::new(),
        browser: None,
    }
}

pub(super) fn visit(mut hops: Vec<Hop>, outcome: Outcome) -> Capture {
    hops.iter_mut().zip(0..).for_each(|(h, i)| h.at = at(1000 + i * 150));
    let (page, final_url) = (None, None);
    Capture { hops, outcome, page, final_url, variant: "wechat".into(), started_at: at(1000), ended_at: at(3000), ..page_visit() }
}

pub(super) fn dossier(captures: Vec<Capture>) -> Dossier {
    let host = Host::parse("cx-mem-gov.example").expect("a host");
    let record = |rrtype: &str, data: &str| DnsRecord { name: host.to_string(), rrtype: rrtype.into(), ttl: 60, data: data.into() };
    Dossier {
        candidate: Candidate {
            host: host.clone(),
            url: "http://cx-mem-gov.example/".into(),
            site: "cx.mem.gov.cn".into(),
            reasons: vec![Reason::Check],
            sightings: vec![Sighting { seen: host.to_string(), source: "names".into(), seen_at: at(-5), context: Context::default() }],
            first_seen: at(-5),
            last_seen: at(-5),
        },
        resolution: Some(Resolution {
            host: host.clone(),
            at: at(-1),
            resolvers: vec!["127.0.0.1:5399".into()],
            presence: Presence::Present,
            addresses: vec!["127.0.0.1".parse().expect("an address")],
            answers: vec![DnsAnswer {
                question: "A".into(),
                rcode: "NOERROR".into(),
                records: vec![record("A", "127.0.0.1"), record("TXT", "\"evil\r\nWARC/1.1\"")],
            }],
        }),
        captures,
        facts: Facts::default(),
    }
}

pub(super) fn assessment() -> Assessment {
    Assessment {
        not_looked_at: Vec::new(),
        class: Verdict::FakeQuery,
        site: "cx.mem.gov.cn".into(),
        scores: Scores { fake_query: 88, seller: 0, mirror: 10 },
        review: true,
        findings: vec![Finding {
            signal: "form_fields".into(),
            class: Class::FakeQuery,
            points: 15,
            why: Both::new("索取姓名与证号", "asks for name and number"),
            span: Some(Span {
                raw: "姓名".into(),
                normalised: "姓名".into(),
                part: "text".into(),
                offset: Some(3),
                place: "char=3,5".into(),
            }),
            evidence: "view/text.txt".into(),
        }],
        rules: "0123456789abcdef".into(),
        at: at(4000),
    }
}

/// The whole dossier, made `ms` milliseconds later.
pub(super) fn later(mut dossier: Dossier, ms: i64) -> Dossier {
    let shift = |t: &mut Timestamp| *t = t.plus_millis(ms);
    if let Some(resolution) = &mut dossier.resolution {
        shift(&mut resolution.at);
    }
    for capture in &mut dossier.captures {
        shift(&mut capture.started_at);
        shift(&mut capture.ended_at);
        capture.hops.iter_mut().for_each(|h| shift(&mut h.at));
    }
    dossier
}

/// The assessment that was made right after it.
pub(super) fn assessment_of(dossier: &Dossier) -> Assessment {
    let ended = dossier.captures.iter().map(|c| c.ended_at).max().unwrap_or(at(0));
    Assessment { at: ended.plus_millis(1000), ..assessment() }
}

pub(super) fn settings() -> Settings {
    Settings {
        organisation: "某市网安支队\r\nX-Injected: 1".into(), officers: vec!["甲".into(), "乙".into()], ..Settings::default()
    }
}

/// Every kind of hop that there is, in two visits.
pub(super) fn rich() -> Dossier {
    let mut truncated =
        hop(0, "http://cx-mem-gov.example/big", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"cut off he", b"cut off he");
    (truncated.truncated, truncated.trouble) = (true, Some(Outcome::TooLarge { limit_bytes: 10 }));
    let odd = hop(1, "http://cx-mem-gov.example/odd", "ICY 200 OK\r\n\r\n", b"not http", b"not http");
    let late = silent(2, "http://cx-mem-gov.example/slow", Outcome::TimedOut { after_ms: 15_000 });
    let mut refused =
        silent(3, "http://169.254.169.254/latest", Outcome::RefusedByGuard { address: "169.254.169.254".into(), why: "link_local".into() });
    (refused.address, refused.request_head) = (None, Vec::new());
    let lenient = hop(4, "http://cx-mem-gov.example/lf", "HTTP/1.1 200 OK\nServer: x\n\n", b"\r\n\r\nbody", b"\r\n\r\nbody");
    let bare = hop(5, "http://cx-mem-gov.example/204", "HTTP/1.0 204 No Content\r\n\r\n", b"", b"");
    let mut cut = hop(6, "http://cx-mem-gov.example/cut", "HTTP/1.1 200 OK\r\nX-Long: aaaa", b"", b"");
    (cut.truncated, cut.trouble) = (true, Some(Outcome::TooLarge { limit_bytes: 30 }));
    let mut bytes = hop(7, "http://cx-mem-gov.example/bytes?q=%E8%AF%81", "", b"\x00\xff\r\n\r\n", b"");
    bytes.response_head = b"HTTP/1.1 200 \xd6\xa4\xca\xe9\r\nServer:\xff\xfe\r\n folded: yes\r\nno colon\r\n\r\n".to_vec();
    let interim = hop(8, "http://cx-mem-gov.example/100", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"late", b"late");
    let mut headless = hop(9, "http://cx-mem-gov.example/09", "", b"<html>HTTP/0.9", b"<html>HTTP/0.9");
    headless.status = None;
    let end = Outcome::RefusedByGuard { address: "169.254.169.254".into(), why: "link_local".into() };
    dossier(vec![page_visit(), visit(vec![truncated, odd, late, lenient, bare, cut, bytes, interim, headless, refused], end)])
}
