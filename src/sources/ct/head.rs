//! What a log says of itself: how large its tree is, its root, when; signed. Two forms: a checkpoint (a signed note) and get-sth.
//! In: the text and the log's key. Out: a `Head` whose signature is the log's, or why not.

use crate::sources::ct::key::Key;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A tree head that the log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Entries.
    pub(super) size: u64,
    /// Root hash.
    pub(super) root: [u8; 32],
    /// When it was signed, milliseconds since 1970.
    pub(super) timestamp_ms: u64,
}

/// No log has more, and sums with it cannot overflow.
const MAX_SIZE: u64 = 1 << 56;

/// Reads a checkpoint (c2sp.org/tlog-checkpoint) with an RFC6962NoteSignature (c2sp.org/static-ct-api).
///
/// # Errors
/// In a few words: not a checkpoint, another log's, or the signature is not the log's.
pub(super) fn checkpoint(text: &[u8], origin: &str, key: &Key) -> Result<Head, String> {
    let shape = || "what it serves as its checkpoint is none".to_owned();
    let text = std::str::from_utf8(text).map_err(|_| shape())?;
    let (body, signatures) = text.split_once("\n\n").ok_or_else(shape)?;
    let mut lines = body.lines();
    let (name, size, root) = (lines.next().ok_or_else(shape)?, lines.next().ok_or_else(shape)?, lines.next().ok_or_else(shape)?);
    if name != origin {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        return Err(format!("the checkpoint is that of {shown}, not of {origin}"));
    }
    let size = size.parse::<u64>().ok().filter(|n| *n < MAX_SIZE && (size == "0" || !size.starts_with('0'))).ok_or_else(shape)?;
    let root: [u8; 32] = STANDARD.decode(root).ok().and_then(|r| r.try_into().ok()).ok_or_else(shape)?;
    let id = &Sha256::new_with_prefix(name).chain_update(b"\n\x05").chain_update(key.id).finalize()[..4];
    let ours = signatures.lines().take(64).filter_map(|line| {
        let (signer, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        STANDARD.decode(blob).ok().filter(|b| signer == name && b.len() > 12 && b[..4] == *id)
    });
    for blob in ours {
        let timestamp_ms = u64::from_be_bytes(blob[4..12].try_into().expect("eight bytes"));
        if key.signed(&Key::tree_head(timestamp_ms, size, &root), &blob[12..]) {
            return Ok(Head { size, root, timestamp_ms });
        }
    }
    Err("the checkpoint is not signed by the log's key".into())
}

#[derive(Deserialize)]
struct Sth {
    tree_size: u64,
    timestamp: u64,
    sha256_root_hash: String,
    tree_head_signature: String,
}

/// Reads an answer to get-sth (RFC 6962, 4.3).
///
/// # Errors
/// As [`checkpoint`].
pub(super) fn sth(text: &[u8], key: &Key) -> Result<Head, String> {
    let sth: Sth = serde_json::from_slice(text).map_err(|_| what_instead(text, "get-sth"))?;
    let root = STANDARD.decode(&sth.sha256_root_hash).ok().and_then(|r| <[u8; 32]>::try_from(r).ok());
    let (Some(root), Ok(signature), true) = (root, STANDARD.decode(&sth.tree_head_signature), sth.tree_size < MAX_SIZE) else {
        return Err(what_instead(text, "get-sth"));
    };
    if !key.signed(&Key::tree_head(sth.timestamp, sth.tree_size, &root), &signature) {
        return Err("the tree head is not signed by the log's key".into());
    }
    Ok(Head { size: sth.tree_size, root, timestamp_ms: sth.timestamp })
}

/// What an answer is that is not what was asked for.
pub(super) fn what_instead(text: &[u8], asked: &str) -> String {
    match text.trim_ascii().first() {
        None => format!("an empty answer to {asked}"),
        Some(b'<') => format!("HTML where an answer to {asked} should be"),
        _ => format!("the answer to {asked} is cut short or no JSON of that kind"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_is_refused_in_words() {
        let spki = STANDARD.decode(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPIcer7RB32jt4bTEbhgUKLKvOctFD+I2hoDItFxUBlJiGFvftBuRk3fO7e1T7gC2ekyfL7XoO2oN/ObcZyc4EA==",
        );
        let key = Key::read(&spki.expect("base64")).expect("a P-256 key");
        let root = "lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=";
        for (text, why) in [
            (String::new(), "is none"),
            (format!("a.example\n5\n{root}\n"), "is none"),
            (format!("b.example\n5\n{root}\n\n"), "that of b.example"),
            (format!("a.example\n05\n{root}\n\n"), "is none"),
            (format!("a.example\n99999999999999999999\n{root}\n\n"), "is none"),
            (format!("a.example\n5\n{root}\n\n\u{2014} a.example AAAA\n"), "not signed"),
        ] {
            let told = checkpoint(text.as_bytes(), "a.example", &key).expect_err(&text);
            assert!(told.contains(why), "{told}");
        }
        assert_eq!(sth(b"<html>", &key), Err("HTML where an answer to get-sth should be".into()));
        assert!(sth(b"{\"tree_size\":4,", &key).expect_err("cut").contains("cut short"));
    }
}
