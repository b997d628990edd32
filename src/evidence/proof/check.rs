//! Checks the proofs of a package: every file in `proof/` binds this manifest, and none that the manifest promises is missing.

use crate::evidence::manifest::Manifest;
use crate::evidence::proof::key::Kind;
use crate::evidence::proof::tsp::{self, Imprint, Token};
use crate::evidence::proof::{self, FOLDER, MAX_EARLY_MS, MAX_GAP_MS, Note, Noted, SIGNER, key, trust};
use crate::evidence::read;
use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;

/// One line: file, what, result.
pub(in crate::evidence) type Line = (String, Both, Result<Both, Both>);

/// What proofs say of a package.
#[derive(Default)]
pub(in crate::evidence) struct Proofs {
    pub(in crate::evidence) lines: Vec<Line>,
    /// Files of `proof/` that are accounted for.
    pub(in crate::evidence) known: BTreeSet<String>,
}

impl Proofs {
    fn add(&mut self, file: &str, zh: &str, en: &str, result: Result<Both, Both>) {
        self.lines.push((file.to_owned(), Both::new(zh, en), result));
    }
}

/// Checks all proofs; `found` names the plain files of the package.
pub(in crate::evidence) fn all(folder: &Path, manifest: &Manifest, found: &BTreeSet<String>) -> Proofs {
    let mut proofs = Proofs::default();
    signature(folder, manifest, found, &mut proofs);
    let mut tags: Vec<String> = manifest.stamps.iter().map(|e| e.tag.clone()).collect();
    // Stamps of an authority that took the place of those expected.
    let suffix = format!(".{}.tsr", Imprint::Sha256.word());
    let others = found.iter().filter_map(|f| f.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(&suffix));
    tags.extend(others.filter(|t| !manifest.stamps.iter().any(|e| e.tag == *t)).map(str::to_owned));
    for tag in &tags {
        stamps(folder, manifest, tag, found, &mut proofs);
    }
    if tags.is_empty() {
        let none =
            Both::new("未配置时间戳机构：本包不能证明固定的时间", "no authority was configured: nothing here proves the time of capture");
        proofs.add("", "可信时间戳", "time-stamps", Ok(none));
    }
    proofs
}

fn signature(folder: &Path, manifest: &Manifest, found: &BTreeSet<String>, proofs: &mut Proofs) {
    let mut kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|k| found.contains(k.file())).collect();
    if manifest.signer.is_none() && kinds.is_empty() && !found.contains(SIGNER) {
        return;
    }
    if kinds.is_empty() {
        kinds.push(Kind::Ed25519);
    }
    proofs.known.insert(SIGNER.to_owned());
    let bytes = |file: &str| {
        read::capped(&folder.join(file), 1 << 16)
            .map_err(|e| Both::new(format!("缺少或无法读取：{e}"), format!("missing or unreadable: {e}")))
    };
    for kind in kinds {
        proofs.known.insert(kind.file().to_owned());
        let result = bytes(SIGNER).and_then(|pem| Ok((pem, bytes(kind.file())?))).and_then(|(pem, signature)| {
            let fingerprint = key::check(kind, &pem, &manifest.bytes, &signature)?;
            match manifest.signer {
                Some(said) if said == fingerprint => {
                    let told = format!("SHA-256 {fingerprint}");
                    Ok(Both::new(
                        format!("公钥指纹 {told}，请与单位公布的核对"),
                        format!("fingerprint of the public key {told}: compare it with the one that the unit gives out"),
                    ))
                }
                Some(_) => Err(Both::new("签名所用的公钥不是清单写明的", "signed with another key than the manifest names")),
                None => Err(Both::new("清单没有写明签名者", "the manifest names no signer")),
            }
        });
        let name = kind.name();
        proofs.add(kind.file(), &format!("单位签名（{name}）"), &format!("the unit's signature ({name})"), result);
    }
}

fn stamps(folder: &Path, manifest: &Manifest, tag: &str, found: &BTreeSet<String>, proofs: &mut Proofs) {
    let bytes = |file: &str| {
        read::capped(&folder.join(file), 1 << 20).map_err(|e| Both::new(format!("无法读取：{e}"), format!("cannot be read: {e}")))
    };
    let expected = manifest.stamps.iter().find(|e| e.tag == tag);
    let (ca, note_file) = (proof::roots(tag), proof::note(tag));
    proofs.known.extend([ca.clone(), note_file.clone()]);
    let note: Option<Note> = bytes(&note_file).ok().and_then(|b| serde_json::from_slice(&b).ok());
    let roots = bytes(&ca).and_then(|pem| match expected {
        Some(e) if Sha256::of(&pem) != e.ca_sha256 => {
            Err(Both::new("根证书不是清单写明的", "the roots are not those that the manifest names"))
        }
        _ => trust::roots(&pem),
    });
    if found.contains(&ca) {
        let told = roots.as_ref().map(|r| told_roots(r)).map_err(Clone::clone);
        proofs.add(&ca, "时间戳根证书", "roots of the authority", told);
    }
    for imprint in Imprint::BOTH {
        let file = proof::response(tag, imprint);
        let (zh, en) = (format!("可信时间戳（{}）", imprint.name()), format!("time-stamp ({})", imprint.name()));
        if !found.contains(&file) {
            let refused = note.as_ref().and_then(|n| match n.of(imprint) {
                Noted::Refused { why } if imprint == Imprint::Sm3 => Some(why.clone()),
                _ => None,
            });
            proofs.add(&file, &zh, &en, refused.ok_or_else(waits));
            continue;
        }
        proofs.known.insert(file.clone());
        let judged = bytes(&file).and_then(|b| judge(&b, imprint, manifest, roots.as_deref().unwrap_or_default()));
        let time = judged.as_ref().ok().copied();
        proofs.add(&file, &zh, &en, judged.map(|t| Both::new(format!("{}（北京时间）", t.beijing()), t.rfc3339())));
        if let (Some(time), Some(captured_at)) = (time, manifest.captured_at) {
            proofs.add(&file, "固定到盖章的间隔", "from capture to stamp", gap(time.millis() - captured_at.millis()));
            let said = note.as_ref().map(|n| n.of(imprint));
            if said.is_some_and(|s| !matches!(s, Noted::Stamped { time: t, .. } if *t == time)) {
                let why = Both::new("记录与时间戳不符", "it does not say what the stamp says");
                proofs.add(&note_file, "盖章记录", "note of the stamping", Err(why));
            }
        }
    }
}

fn waits() -> Both {
    Both::new("待加盖时间戳：缺少", "waits for its time-stamp: missing")
}

fn told_roots(roots: &[Vec<u8>]) -> Both {
    let prints: Vec<String> = roots.iter().map(|der| Sha256::of(der).hex()).collect();
    let prints = prints.join(" ");
    Both::new(
        format!("指纹 SHA-256 {prints}，请与机构公布的核对"),
        format!("fingerprint SHA-256 {prints}: compare it with the one that the authority gives out"),
    )
}

fn judge(bytes: &[u8], imprint: Imprint, manifest: &Manifest, roots: &[Vec<u8>]) -> Result<Timestamp, Both> {
    if bytes.len() as u64 > tsp::MAX_BYTES {
        return Err(Both::new("过大，不是时间戳应答", "too large for a response"));
    }
    let token = Token::of_response(bytes).map_err(|e| e.why())?;
    if !token.is_over(imprint, &manifest.bytes) {
        return Err(Both::new("盖的不是本清单，或摘要算法不符", "it is not over this manifest, or by another hash"));
    }
    trust::believe(&token, roots)?;
    Ok(token.time)
}

/// A stamp belongs within ten minutes after the capture.
fn gap(ms: i64) -> Result<Both, Both> {
    let s = ms / 1000;
    if ms < -MAX_EARLY_MS {
        return Err(Both::new(
            format!("时间戳比固定时刻早 {} 秒：本机时钟有误或被改动", -s),
            format!("the stamp is {} s before the capture: this machine's clock was wrong or was changed", -s),
        ));
    }
    if ms > MAX_GAP_MS {
        return Err(Both::new(
            format!("固定后 {s} 秒才盖章（超过 {} 秒）：只证明盖章时已有此内容", MAX_GAP_MS / 1000),
            format!("stamped {s} s after the capture (over {} s): it proves only that this existed when it was stamped", MAX_GAP_MS / 1000),
        ));
    }
    Ok(Both::new(format!("{s} 秒"), format!("{s} s")))
}
