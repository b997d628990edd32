//! What goes into a package: from a dossier, the list of files with their bytes. Pure; disk writes them.

use crate::evidence::{EvidenceError, Occasion, Settings, explain, har, inventory, log, minutes, surroundings, wacz, warc};
use crate::model::assessment::Assessment;
use crate::model::capture::{Capture, Hop};
use crate::model::dossier::Dossier;
use crate::model::page::Page;
use crate::model::picture;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The visit as it went over the wire.
pub(super) const WACZ: &str = "capture.wacz";
/// The same in packages of `manifest/1`: the WARC alone.
pub(super) const OLD_WARC: &str = "capture.warc.gz";
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
/// The exchanges as an HTTP archive.
const HAR: &str = "net/har.json";
/// What this machine was like.
pub(super) const CLEANLINESS: &str = "env/cleanliness.json";
/// The list of what was kept.
pub(super) const INVENTORY: &str = "doc/电子数据提取固定清单.xlsx";
/// The draft for an attended capture.
pub(super) const MINUTES: &str = "doc/网络在线提取笔录（草稿）.docx";
/// What no package lacks, besides the manifest.
pub(super) const REQUIRED: [&str; 8] = [WACZ, DOSSIER, SCORE, LOG, SOFTWARE, CLEANLINESS, HOPS, INVENTORY];
/// The same for packages of `manifest/1`.
pub(super) const OLD_REQUIRED: [&str; 6] = [OLD_WARC, DOSSIER, SCORE, LOG, SOFTWARE, HOPS];
/// Schema of [`DOSSIER`].
pub(super) const DOSSIER_SCHEMA: &str = "dossier/1";
/// Schema of [`SCORE`].
pub(super) const SCORE_SCHEMA: &str = "score/1";

/// One file to be.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: String,
    pub(super) role: String,
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
    root: &std::path::Path,
    dossier: &Dossier,
    main: &Capture,
    assessment: &Assessment,
    settings: &Settings,
    occasion: &Occasion,
) -> Result<Vec<File>, EvidenceError> {
    let told = |why: &dyn std::fmt::Display| EvidenceError::broken(root, format!("{}: {why}", dossier.candidate.host));
    let mut files = told_files(dossier, main, assessment, settings, occasion).map_err(|e| told(&e))?;
    let warc = warc::write(dossier, main, settings, &occasion.attachments).map_err(|e| told(&e))?;
    let ended = dossier.captures.iter().map(|c| c.ended_at).max().unwrap_or(main.ended_at);
    let wacz = wacz::built(root, &warc, dossier, assessment.at.max(ended))?;
    files.insert(0, file(WACZ, wacz, "application/wacz", "网络原始数据"));
    for attachment in &occasion.attachments {
        files.push(file(attachment.path.clone(), attachment.bytes.clone(), attachment.media_type, attachment.role));
    }
    let list = inventory::write(&files, dossier, main, occasion.attended.is_some()).map_err(|e| told(&e))?;
    let minutes = occasion
        .attended
        .as_ref()
        .map(|a| minutes::write(&files, dossier, main, settings, a, occasion))
        .transpose()
        .map_err(|e| told(&e))?;
    files.push(file(INVENTORY, list, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "电子数据提取固定清单"));
    if let Some(minutes) = minutes {
        files.push(file(MINUTES, minutes, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "笔录草稿"));
    }
    files.push(file("doc/校验说明.txt", explain::TEXT.as_bytes().to_vec(), "text/plain; charset=utf-8", "校验说明"));
    files.push(file("doc/verify.sh", explain::SCRIPT.as_bytes().to_vec(), "text/x-shellscript; charset=utf-8", "校验脚本"));
    Ok(files)
}

/// Those that are the dossier in other words.
fn told_files(
    dossier: &Dossier,
    main: &Capture,
    assessment: &Assessment,
    settings: &Settings,
    occasion: &Occasion,
) -> Result<Vec<File>, serde_json::Error> {
    let mut files = vec![
        file(DOSSIER, pretty(&DossierFile { schema: DOSSIER_SCHEMA.into(), dossier })?, "application/json", "卷宗"),
        file(SCORE, pretty(&ScoreFile { schema: SCORE_SCHEMA.into(), assessment })?, "application/json", "研判得分"),
        file(LOG, log::of(dossier, assessment, occasion).into_bytes(), "application/jsonl", "操作日志"),
        file(SOFTWARE, pretty(&software(main, dossier, assessment, settings, occasion))?, "application/json", "软件与设置"),
        file(CLEANLINESS, pretty(&surroundings::report(dossier, settings))?, "application/json", "清洁性检查"),
        file(HOPS, pretty(&hops(dossier))?, "application/json", "各跳概要"),
        file(HAR, pretty(&har::of(dossier))?, "application/json", "HTTP 存档（HAR 1.2）"),
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
        files.extend(kept(&view_folder(dossier, i), capture)?);
        if let Some(listing) = seen(dossier, i) {
            let path = format!("{}{}", view_folder(dossier, i), picture::LISTING);
            files.push(file(path, listing.into_bytes(), "text/plain; charset=utf-8", "图片中的文字与二维码（识别）"));
        }
    }
    Ok(files)
}

/// What the pictures of capture `i` say. `None`: nobody looked, or there are none.
pub(super) fn seen(dossier: &Dossier, i: usize) -> Option<String> {
    let pictures = dossier.facts.pictures.as_deref()?;
    pictures.iter().any(|p| p.capture == i).then(|| picture::listing(pictures, i))
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

/// What the visit kept by itself, and what its browser did.
fn kept(folder: &str, capture: &Capture) -> Result<Vec<File>, serde_json::Error> {
    let mut files: Vec<File> =
        capture.kept.iter().map(|k| file(format!("{folder}{}", k.path), k.body.clone(), &k.media_type, &k.role)).collect();
    if let Some(browser) = &capture.browser {
        files.push(file(format!("{folder}browser.json"), pretty(browser)?, "application/json", "浏览器请求与控制台记录"));
    }
    Ok(files)
}

fn file(path: impl Into<String>, bytes: Vec<u8>, media_type: &str, role: &str) -> File {
    File { path: path.into(), bytes, media_type: media_type.into(), role: role.into() }
}

fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Which program, rules and settings shaped the visit.
fn software(main: &Capture, dossier: &Dossier, assessment: &Assessment, settings: &Settings, occasion: &Occasion) -> serde_json::Value {
    let attended = occasion.attended.as_ref();
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
        "officers": attended.map_or(&settings.officers, |a| &a.officers),
        "program_sha256": surroundings::program(),
        "mode": if attended.is_some() { "现场固定" } else { "发现快照" },
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
