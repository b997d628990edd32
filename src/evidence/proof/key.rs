//! The unit's own key: an Ed25519 signature over the manifest, made when a package is sealed.
//! It says "this unit", not "at this time"; the key never enters a package, its public half does.

use crate::evidence::EvidenceError;
use crate::model::digest::Sha256;
use crate::model::lang::Both;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use std::io::Write as _;
use std::path::Path;
use x509_parser::pem::Pem;

/// DER of a SubjectPublicKeyInfo for Ed25519, before the 32 bytes of the key.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// DER of a private key (PKCS#8, version 1) for Ed25519, before the 32 bytes of its seed.
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// An opened key.
pub(in crate::evidence) struct UnitKey(Ed25519KeyPair);

impl UnitKey {
    /// Reads a private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` and [`make`] write it.
    ///
    /// # Errors
    /// [`EvidenceError`]: not there, not readable, no Ed25519 key.
    pub(in crate::evidence) fn read(path: &Path) -> Result<Self, EvidenceError> {
        let pem = std::fs::read(path).map_err(EvidenceError::io(path))?;
        let block = Pem::iter_from_buffer(&pem).next().and_then(Result::ok).filter(|b| b.label == "PRIVATE KEY");
        let pair = block.and_then(|b| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&b.contents).ok());
        pair.map(Self).ok_or_else(|| {
            EvidenceError::broken(path, "is no Ed25519 private key in PEM (PKCS#8); make one with `jianwei evidence key FILE`")
        })
    }
    /// SHA-256 of the public key's DER: what is printed on letters.
    pub(in crate::evidence) fn fingerprint(&self) -> Sha256 {
        Sha256::of(&self.spki())
    }
    /// The public half, PEM.
    pub(in crate::evidence) fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }
    /// Signs.
    pub(in crate::evidence) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
    fn spki(&self) -> Vec<u8> {
        [&SPKI[..], self.0.public_key().as_ref()].concat()
    }
}

/// Checks a signature with a public key in PEM; gives the key's fingerprint.
///
/// # Errors
/// What is wrong.
pub(in crate::evidence) fn check(public_pem: &[u8], message: &[u8], signature: &[u8]) -> Result<Sha256, Both> {
    let block = Pem::iter_from_buffer(public_pem).next().and_then(Result::ok).filter(|b| b.label == "PUBLIC KEY");
    let spki = block.map(|b| b.contents).filter(|c| c.len() == SPKI.len() + 32 && c.starts_with(&SPKI));
    let spki = spki.ok_or_else(|| Both::new("不是 Ed25519 公钥", "is no Ed25519 public key"))?;
    UnparsedPublicKey::new(&ED25519, &spki[SPKI.len()..])
        .verify(message, signature)
        .map_err(|_| Both::new("签名与清单不符", "the signature is not over this manifest"))?;
    Ok(Sha256::of(&spki))
}

/// Makes a new key in a file that must not exist yet, for its owner alone; gives the fingerprint of the public half.
///
/// # Errors
/// [`EvidenceError::Io`].
pub(in crate::evidence) fn make(path: &Path) -> Result<Sha256, EvidenceError> {
    let mut seed = [0u8; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| EvidenceError::broken(path, "the system gives no random numbers"))?;
    // Version 1 of the form, without the public half: openssl 3.0 does not read version 2 as ring writes it.
    let pkcs8 = [&PKCS8[..], &seed].concat();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(EvidenceError::io(path))?;
    file.write_all(pem("PRIVATE KEY", &pkcs8).as_bytes()).and_then(|()| file.sync_all()).map_err(EvidenceError::io(path))?;
    Ok(UnitKey::read(path)?.fingerprint())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).expect("base64 is ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
