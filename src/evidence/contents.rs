//! What goes into a package: from a dossier, the list of files with their bytes. Pure; disk writes them.

use crate::evidence::{Settings, explain, log, warc};
use crate::model::assessment::Assessment;
use crate::model::capture::{Capture, Hop};
use crate::model::dossier::Dossier;
use crate::model::page::Page;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The WARC of the visit.
pub(super) const WARC: &str = "capture.warc.gz";
/// The dossier without bodies.
pub(super) const DOSSIER: &str = "dossier.json";
/// The assessment.
pub(super) const SCORE: &str = "score.json";
/// The operation log.
pub(super) const LOG: &str = "log/operation.jsonl";
/// Software and settings.
pub(super) const SOFTWARE: &str = "env/software.json";
/// Every hop without bodies.
pub(super) const HOPS: &str = "net/hops.json";
/// What no package lacks, besides the manifest.
pub(super) const REQUIRED: [&str; 6] = [WARC, DOSSIER, SCORE, LOG, SOFTWARE, HOPS];
/// Schema of [`DOSSIER`].
pub(super) const DOSSIER_SCHEMA: &str = "dossier/1";
/// Schema of [`SCORE`].
pub(super) const SCORE_SCHEMA: &str = "score/1";

/// One file to be.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: &'static str,
    pub(super) role: &'static str,
}

/// [`DOSSIER`] as written and read.
#[derive(Serialize, Deserialize)]
pub(super) struct DossierFile<D> {
    pub(super) schema: String,
    pub(super) dossier: D,
}

/// [`SCORE`] as written and read.
#[derive(Serialize, Deserialize)]
pub(super) struct ScoreFile<A> {
    pub(super) schema: String,
    pub(super) assessment: A,
}

/// Folder of the views of capture `i`; see [`Dossier::view_folder`].
pub(super) fn view_folder(dossier: &Dossier, i: usize) -> String {
    dossier.view_folder(i)
}

/// All files of the package but the manifest.
pub(super) fn files(
    dossier: &Dossier,
    main: &Capture,
    assessment: &Assessment,
    settings: &Settings,
) -> Result<Vec<File>, serde_json::Error> {
    let mut files = vec![
        file(WARC, warc::write(dossier, main, settings)?, "application/warc", "网络原始数据"),
        file(DOSSIER, pretty(&DossierFile { schema: DOSSIER_SCHEMA.into(), dossier })?, "application/json", "卷宗"),
        file(SCORE, pretty(&ScoreFile { schema: SCORE_SCHEMA.into(), assessment })?, "application/json", "研判得分"),
        file(LOG, log::of(dossier, assessment).into_bytes(), "application/jsonl", "操作日志"),
        file(SOFTWARE, pretty(&software(main, dossier, assessment, settings))?, "application/json", "软件与设置"),
        file(HOPS, pretty(&hops(dossier))?, "application/json", "各跳概要"),
        file("doc/校验说明.txt", explain::TEXT.as_bytes().to_vec(), "text/plain; charset=utf-8", "校验说明"),
    ];
    if let Some(resolution) = &dossier.resolution {
        files.push(file("net/dns.json", pretty(resolution)?, "application/json", "DNS 应答"));
    }
    files.extend(registers(dossier)?);
    let chains = chains(dossier);
    if !chains.is_empty() {
        files.push(file("net/tls-chain.pem", chains.into_bytes(), "application/x-pem-file", "TLS 证书链"));
    }
    for (i, capture) in dossier.captures.iter().enumerate() {
        if let Some(page) = &capture.page {
            files.extend(views(&view_folder(dossier, i), capture, page)?);
        }
    }
    Ok(files)
}

/// Attribution as a whole, and every answer of a register as it came.
fn registers(dossier: &Dossier) -> Result<Vec<File>, serde_json::Error> {
    let Some(attribution) = &dossier.facts.attribution else { return Ok(Vec::new()) };
    let mut files = vec![file("net/attribution.json", pretty(attribution)?, "application/json", "归属信息")];
    for (i, raw) in attribution.registration.iter().flat_map(|r| &r.raw).enumerate() {
        let (head, outcome) = (format!("# {} {}\n# {}\n# {}", raw.protocol, raw.server, one_line(&raw.query), raw.at), raw.outcome.en());
        let text = format!("{head}\n# {}\n\n{}", outcome.replace(['\n', '\r'], " "), raw.text);
        files.push(file(format!("net/register-{}.txt", i + 1), text.into_bytes(), "text/plain; charset=utf-8", "注册信息原始应答"));
    }
    Ok(files)
}

fn views(folder: &str, capture: &Capture, page: &Page) -> Result<Vec<File>, serde_json::Error> {
    let body = capture.hops.last().map(|h| h.body.clone()).unwrap_or_default();
    let text = |name: &str, text: &str, role| file(format!("{folder}{name}"), text.as_bytes().to_vec(), "text/plain; charset=utf-8", role);
    Ok(vec![
        file(format!("{folder}page.html"), body, "text/html", "网页原始字节"),
        text("source.txt", &page.html, "网页源码（UTF-8）"),
        text("text.txt", &page.text, "可见文字"),
        text("hidden.txt", &page.hidden_text, "隐藏文字"),
        file(format!("{folder}page.json"), pretty(page)?, "application/json", "提取结果"),
    ])
}

fn file(path: impl Into<String>, bytes: Vec<u8>, media_type: &'static str, role: &'static str) -> File {
    File { path: path.into(), bytes, media_type, role }
}

fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Which program, rules and settings shaped the visit.
fn software(main: &Capture, dossier: &Dossier, assessment: &Assessment, settings: &Settings) -> serde_json::Value {
    json!({
        "schema": "software/1",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "rules_sha256_16": assessment.rules,
        "user_agent": user_agent(main),
        "resolvers": dossier.resolution.as_ref().map(|r| &r.resolvers),
        "variants": dossier.captures.iter().map(|c| &c.variant).collect::<Vec<_>>(),
        "organisation": settings.organisation,
        "officers": settings.officers,
        "mode": "发现快照",
    })
}

/// The `User-Agent` that the first request carried.
pub(super) fn user_agent(capture: &Capture) -> Option<String> {
    let head = String::from_utf8_lossy(&capture.hops.iter().find(|h| !h.request_head.is_empty())?.request_head).into_owned();
    head.lines().find_map(|l| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("user-agent")).map(|(_, v)| v.trim().to_owned()))
}

fn hops(dossier: &Dossier) -> serde_json::Value {
    let captures: Vec<_> = dossier
        .captures
        .iter()
        .map(|c| json!({"variant": c.variant, "requested_url": c.requested_url, "final_url": c.final_url, "outcome": c.outcome, "hops": c.hops}))
        .collect();
    json!({"schema": "hops/1", "captures": captures})
}

/// The chains of all TLS hops, each once, with a line above that says whose it is (openssl skips such lines).
fn chains(dossier: &Dossier) -> String {
    let mut text = String::new();
    for hop in dossier.captures.iter().flat_map(|c| &c.hops) {
        if let Some(pem) = pem(hop).filter(|pem| !text.contains(pem.as_str())) {
            text.push_str(&format!("# hop {} {} leaf first\n{pem}", hop.n, one_line(&hop.url)));
        }
    }
    text
}

/// The chain of one hop as PEM, leaf first. `None`: no TLS, or no certificate came.
pub(super) fn pem(hop: &Hop) -> Option<String> {
    let mut text = String::new();
    for der in &hop.tls.as_ref()?.chain {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let base64: Vec<char> = der.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).collect();
        for line in base64.chunks(64) {
            text.extend(line);
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    (!text.is_empty()).then_some(text)
}

/// For header lines and comments: control characters, spaces and non-ASCII as %XX, so that no value starts a line of its own.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_graphic() { out.push(char::from(b)) } else { out.push_str(&format!("%{b:02X}")) }
    }
    out
}
