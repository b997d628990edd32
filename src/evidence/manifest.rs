//! The manifest: every file of a package with its size, SHA-256 and SM3, one a line, and a hash over itself.
//! The last two lines are the hash of all lines before them, so that `head -n -2 manifest.json | sha256sum` checks it without us.

use crate::evidence::contents::File;
use crate::evidence::proof::{self, Expected};
use crate::model::assessment::Assessment;
use crate::model::capture::Capture;
use crate::model::digest::{Sha256, Sm3};
use crate::model::dossier::Dossier;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Name of the one file that is not listed in itself.
pub(super) const NAME: &str = "manifest.json";
/// What is written today.
const SCHEMA: &str = "manifest/2";
/// Without proofs; still read.
const SCHEMA_1: &str = "manifest/1";
/// Largest manifest that is read.
pub(super) const MAX_BYTES: u64 = 4 << 20;
/// Most authorities that a manifest may name.
pub(super) const MAX_STAMPS: usize = 16;
/// Most files that a manifest may list.
pub(super) const MAX_FILES: usize = 4096;

/// One listed file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: Sha256,
    pub(super) sm3: Sm3,
    pub(super) media_type: String,
    pub(super) role: String,
}

/// A manifest as written, byte for byte, and as understood.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    pub(super) package: String,
    pub(super) host: String,
    pub(super) url: String,
    pub(super) outcome: String,
    /// End of the visit. `None`: an old package.
    pub(super) captured_at: Option<Timestamp>,
    /// Authorities that are to stamp it.
    pub(super) stamps: Vec<Expected>,
    /// SHA-256 of the public key that signs it. `None`: nobody signs.
    pub(super) signer: Option<Sha256>,
    pub(super) files: Vec<Entry>,
    pub(super) bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    schema: String,
    package: String,
    created_at: Timestamp,
    host: String,
    url: String,
    outcome: String,
    captured_at: Option<Timestamp>,
    #[serde(default)]
    stamps: Vec<Expected>,
    signer: Option<Sha256>,
    files: Vec<Entry>,
    #[serde(rename = "self")]
    own: Own,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    sha256: Sha256,
    sm3: Sm3,
}

impl Manifest {
    /// The manifest of `files`. The package's id is made from what it holds, so the same content has the same id.
    pub(super) fn of(
        files: &[File],
        dossier: &Dossier,
        capture: &Capture,
        assessment: &Assessment,
        stamps: Vec<Expected>,
        signer: Option<Sha256>,
    ) -> Self {
        let mut entries: Vec<Entry> = files.iter().map(entry).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let host = dossier.candidate.host.to_string();
        let url = capture.requested_url.clone();
        let mut content = format!("{host}\n{url}\n{}\n", capture.started_at);
        for e in &entries {
            content.push_str(&format!("{} {}\n", e.sha256, e.path));
        }
        let package = format!("EV-{}-{}", capture.started_at.compact(), &Sha256::of(content.as_bytes()).hex()[..8]);
        let outcome = capture.outcome.word().to_owned();
        let captured_at = dossier.captures.iter().map(|c| c.ended_at).max();
        let mut manifest = Self { package, host, url, outcome, captured_at, stamps, signer, files: entries, bytes: Vec::new() };
        manifest.bytes = manifest.render(assessment.at.max(capture.ended_at));
        manifest
    }
    fn render(&self, created_at: Timestamp) -> Vec<u8> {
        let text = |s: &str| serde_json::Value::from(s).to_string();
        let mut body = format!(
            "{{\n\"schema\": \"{SCHEMA}\",\n\"package\": {},\n\"created_at\": \"{created_at}\",\n\"host\": {},\n\"url\": {},\n\"outcome\": {},\n",
            text(&self.package),
            text(&self.host),
            text(&self.url),
            text(&self.outcome)
        );
        if let Some(at) = self.captured_at {
            body.push_str(&format!("\"captured_at\": \"{at}\",\n"));
        }
        body.push_str("\"stamps\": [\n");
        for (i, e) in self.stamps.iter().enumerate() {
            let comma = if i + 1 == self.stamps.len() { "" } else { "," };
            body.push_str(&format!("{{\"tag\": \"{}\", \"url\": {}, \"ca_sha256\": \"{}\"}}{comma}\n", e.tag, text(&e.url), e.ca_sha256));
        }
        body.push_str("],\n");
        if let Some(signer) = self.signer {
            body.push_str(&format!("\"signer\": \"{signer}\",\n"));
        }
        body.push_str("\"files\": [\n");
        for (i, e) in self.files.iter().enumerate() {
            let comma = if i + 1 == self.files.len() { "" } else { "," };
            body.push_str(&format!(
                "{{\"path\": {}, \"bytes\": {}, \"sha256\": \"{}\", \"sm3\": \"{}\", \"media_type\": {}, \"role\": {}}}{comma}\n",
                text(&e.path),
                e.bytes,
                e.sha256,
                e.sm3,
                text(&e.media_type),
                text(&e.role)
            ));
        }
        body.push_str("],\n");
        let tail = tail(body.as_bytes());
        body.push_str(&tail);
        body.into_bytes()
    }
    /// Understands a manifest; the self-check is part of it.
    ///
    /// # Errors
    /// One line on what is wrong.
    pub(super) fn parse(bytes: Vec<u8>) -> Result<Self, Both> {
        self_check(&bytes)?;
        let form: Form = serde_json::from_slice(&bytes).map_err(|e| Both::new(format!("格式不对：{e}"), format!("not a manifest: {e}")))?;
        let old = form.schema == SCHEMA_1 && form.captured_at.is_none() && form.stamps.is_empty() && form.signer.is_none();
        if !(old || form.schema == SCHEMA && form.captured_at.is_some()) {
            let is = form.schema.escape_debug();
            return Err(Both::new(format!("schema 为 {is}，应为 {SCHEMA}"), format!("schema `{is}` is not `{SCHEMA}`")));
        }
        if form.files.len() > MAX_FILES {
            let n = form.files.len();
            return Err(Both::new(
                format!("列出 {n} 个文件，最多 {MAX_FILES} 个"),
                format!("lists {n} files; at most {MAX_FILES} are read"),
            ));
        }
        let _ = (form.own.sha256, form.own.sm3, form.created_at);
        for pair in form.files.windows(2) {
            if pair[0].path >= pair[1].path {
                let path = pair[1].path.escape_debug();
                return Err(Both::new(format!("路径未排序或重复：{path}"), format!("paths are not in order or listed twice: {path}")));
            }
        }
        if let Some(e) = form.files.iter().find(|e| !safe(&e.path)) {
            let path = e.path.escape_debug();
            return Err(Both::new(
                format!("路径 {path} 越出证据包或不合规"),
                format!("path `{path}` leaves the package or is no plain path"),
            ));
        }
        if form.stamps.len() > MAX_STAMPS || form.stamps.iter().any(|e| e.tag != proof::tag(&e.url)) {
            return Err(Both::new("时间戳机构一栏不合规", "the list of authorities is not as it should be"));
        }
        let Form { package, host, url, outcome, captured_at, stamps, signer, files, .. } = form;
        Ok(Self { package, host, url, outcome, captured_at, stamps, signer, files, bytes })
    }
    /// Was it written before there were proofs (`manifest/1`)?
    pub(super) fn is_old(&self) -> bool {
        self.captured_at.is_none()
    }
    /// The listed file of that path.
    pub(super) fn entry(&self, path: &str) -> Option<&Entry> {
        self.files.iter().find(|e| e.path == path)
    }
}

/// The last two lines of a manifest whose lines before are `body`.
fn tail(body: &[u8]) -> String {
    format!("\"self\": {{\"sha256\": \"{}\", \"sm3\": \"{}\"}}\n}}\n", Sha256::of(body), Sm3::of(body))
}

/// Holds the last two lines against all lines before them, byte for byte.
fn self_check(bytes: &[u8]) -> Result<(), Both> {
    let length = tail(b"").len();
    let Some(split) = bytes.len().checked_sub(length) else {
        return Err(Both::new("太短，不是清单", "too short to be a manifest"));
    };
    let (body, end) = bytes.split_at(split);
    if tail(body).as_bytes() == end {
        return Ok(());
    }
    Err(Both::new("已被改动：self 行的校验值与其前各行不符", "changed: its own hash (the `self` line) does not match the lines before it"))
}

fn entry(file: &File) -> Entry {
    Entry {
        path: file.path.clone(),
        bytes: file.bytes.len() as u64,
        sha256: Sha256::of(&file.bytes),
        sm3: Sm3::of(&file.bytes),
        media_type: file.media_type.clone(),
        role: file.role.clone(),
    }
}

/// Is it a plain relative path with forward slashes that stays inside the package on every system?
pub(super) fn safe(path: &str) -> bool {
    let part = |p: &str| !p.is_empty() && p != "." && p != ".." && !p.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '"'));
    path.len() <= 400 && path.split('/').all(part) && path != NAME && !path.starts_with("proof/") && path != proof::FOLDER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_leave_the_package_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "./a",
            "a\\b",
            "c:/x",
            "a\0b",
            "manifest.json",
            "proof/x.tsr",
            "a\"b",
            "a/",
            &"x".repeat(401),
        ] {
            assert!(!safe(bad), "{bad:?}");
        }
        for good in ["capture.warc.gz", "view/text.txt", "doc/校验说明.txt", "a/..b"] {
            assert!(safe(good), "{good:?}");
        }
    }

    #[test]
    fn a_manifest_with_any_byte_changed_is_refused() {
        let mut body = b"{\n\"schema\": \"manifest/1\",\n\"package\": \"EV-x\",\n\"created_at\": \"2026-01-03T02:14:55.000Z\",\n\"host\": \"a.test\",\n\"url\": \"http://a.test/\",\n\"outcome\": \"captured\",\n\"files\": [\n],\n".to_vec();
        let end = tail(&body);
        body.extend_from_slice(end.as_bytes());
        assert!(Manifest::parse(body.clone()).is_ok());
        for at in 0..body.len() {
            for flip in [1u8, 0x20, 0x80] {
                let mut changed = body.clone();
                changed[at] ^= flip;
                assert!(Manifest::parse(changed).is_err(), "byte {at} xor {flip}");
            }
        }
        let mut longer = body.clone();
        longer.push(b'\n');
        assert!(Manifest::parse(longer).is_err());
    }

    #[test]
    fn json_that_nests_too_deep_is_refused_not_followed() {
        let mut body = format!("{{\"schema\": {}", "[".repeat(200_000)).into_bytes();
        let end = tail(&body);
        body.extend_from_slice(end.as_bytes());
        assert!(Manifest::parse(body).is_err());
    }
}
