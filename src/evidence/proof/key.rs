//! The unit's own key: a signature over the manifest, made when a package is sealed. Ed25519, or SM2 with SM3 (GB/T 32918, as openssl 3 checks it).
//! It says "this unit", not "at this time"; the key never enters a package, its public half does.

use crate::evidence::EvidenceError;
use crate::evidence::proof;
use crate::model::digest::Sha256;
use crate::model::lang::Both;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use std::io::Write as _;
use std::path::Path;
use x509_parser::pem::Pem;

/// DER of a SubjectPublicKeyInfo for Ed25519, before the 32 bytes of the key.
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// DER of a private key (PKCS#8, version 1) for Ed25519, before the 32 bytes of its seed.
const PKCS8: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The signer's identity in SM2 where parties agree on none (GM/T 0009, 10); openssl is told it with `-sigopt distid:`.
const IDENTITY: &str = "1234567812345678";

/// Which signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::evidence) enum Kind {
    Ed25519,
    Sm2,
}

impl Kind {
    pub(in crate::evidence) const ALL: [Self; 2] = [Self::Ed25519, Self::Sm2];
    /// File of the signature in a package.
    pub(in crate::evidence) fn file(self) -> &'static str {
        match self {
            Self::Ed25519 => proof::SIGNATURE,
            Self::Sm2 => proof::SM2_SIGNATURE,
        }
    }
    /// Its name for people.
    pub(in crate::evidence) fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Sm2 => "SM2",
        }
    }
}

/// An opened key.
pub(in crate::evidence) enum UnitKey {
    Ed25519(Ed25519KeyPair),
    Sm2(Box<sm2::SecretKey>),
}

impl UnitKey {
    /// Reads a private key in PEM (PKCS#8), as `openssl genpkey -algorithm ed25519` or `-algorithm SM2` and [`make`] write it.
    ///
    /// # Errors
    /// [`EvidenceError`]: not there, not readable, neither an Ed25519 nor an SM2 key.
    pub(in crate::evidence) fn read(path: &Path) -> Result<Self, EvidenceError> {
        let pem = std::fs::read(path).map_err(EvidenceError::io(path))?;
        let block = Pem::iter_from_buffer(&pem).filter_map(Result::ok).find(|b| b.label == "PRIVATE KEY");
        let read = block.and_then(|b| {
            let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&b.contents).ok().map(Self::Ed25519);
            ed25519.or_else(|| sm2::SecretKey::from_pkcs8_der(&b.contents).ok().map(|key| Self::Sm2(Box::new(key))))
        });
        read.ok_or_else(|| {
            EvidenceError::broken(
                path,
                "is no Ed25519 or SM2 private key in PEM (PKCS#8, not encrypted); make one with `jianwei evidence key FILE`",
            )
        })
    }
    pub(in crate::evidence) fn kind(&self) -> Kind {
        match self {
            Self::Ed25519(_) => Kind::Ed25519,
            Self::Sm2(_) => Kind::Sm2,
        }
    }
    /// SHA-256 of the public key's DER: what is printed on letters.
    ///
    /// # Errors
    /// One line; only for a key that cannot be used.
    pub(in crate::evidence) fn fingerprint(&self) -> Result<Sha256, String> {
        Ok(Sha256::of(&self.spki()?))
    }
    /// The public half, PEM.
    ///
    /// # Errors
    /// As [`UnitKey::fingerprint`].
    pub(in crate::evidence) fn public_pem(&self) -> Result<String, String> {
        Ok(pem("PUBLIC KEY", &self.spki()?))
    }
    /// Signs: 64 bytes for Ed25519, DER of `r` and `s` for SM2, as openssl reads them.
    ///
    /// # Errors
    /// One line.
    pub(in crate::evidence) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Sm2(secret) => {
                let key = SigningKey::new(IDENTITY, secret).map_err(|e| format!("the SM2 key cannot be used: {e}"))?;
                let signature: Signature = key.try_sign(message).map_err(|e| format!("the SM2 key does not sign: {e}"))?;
                Ok(signature.to_der().to_vec())
            }
        }
    }
    fn spki(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Ed25519(pair) => Ok([&SPKI[..], pair.public_key().as_ref()].concat()),
            Self::Sm2(secret) => {
                let der = secret.public_key().to_public_key_der().map_err(|e| format!("the SM2 key cannot be written: {e}"))?;
                Ok(der.as_bytes().to_vec())
            }
        }
    }
}

/// Checks a signature with a public key in PEM; gives the key's fingerprint.
///
/// # Errors
/// What is wrong.
pub(in crate::evidence) fn check(kind: Kind, public_pem: &[u8], message: &[u8], signature: &[u8]) -> Result<Sha256, Both> {
    let block = Pem::iter_from_buffer(public_pem).next().and_then(Result::ok).filter(|b| b.label == "PUBLIC KEY");
    let name = kind.name();
    let none = || Both::new(format!("不是 {name} 公钥"), format!("is no {name} public key"));
    let spki = block.map(|b| b.contents).ok_or_else(none)?;
    let holds = match kind {
        Kind::Ed25519 => {
            let key = Some(&spki).filter(|c| c.len() == SPKI.len() + 32 && c.starts_with(&SPKI)).ok_or_else(none)?;
            UnparsedPublicKey::new(&ED25519, &key[SPKI.len()..]).verify(message, signature).is_ok()
        }
        Kind::Sm2 => {
            let key = sm2::PublicKey::from_public_key_der(&spki).ok().and_then(|key| VerifyingKey::new(IDENTITY, key).ok());
            let key = key.ok_or_else(none)?;
            Signature::from_der(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
    };
    if holds { Ok(Sha256::of(&spki)) } else { Err(Both::new("签名与清单不符", "the signature is not over this manifest")) }
}

/// Makes a new key in a file that must not exist yet, for its owner alone; gives the fingerprint of the public half.
///
/// # Errors
/// [`EvidenceError::Io`].
pub(in crate::evidence) fn make(path: &Path, kind: Kind) -> Result<Sha256, EvidenceError> {
    let none = || EvidenceError::broken(path, "the system gives no random numbers");
    let mut pkcs8 = None;
    // A draw that is no key of the SM2 curve comes once in four thousand millions.
    for _ in 0..8 {
        let mut seed = [0u8; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| none())?;
        pkcs8 = match kind {
            // Version 1 of the form, without the public half: openssl 3.0 does not read version 2 as ring writes it.
            Kind::Ed25519 => Some([&PKCS8[..], &seed].concat()),
            Kind::Sm2 => sm2::SecretKey::from_slice(&seed).ok().and_then(|key| Some(key.to_pkcs8_der().ok()?.as_bytes().to_vec())),
        };
        if pkcs8.is_some() {
            break;
        }
    }
    let pkcs8 = pkcs8.ok_or_else(none)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(EvidenceError::io(path))?;
    file.write_all(pem("PRIVATE KEY", &pkcs8).as_bytes()).and_then(|()| file.sync_all()).map_err(EvidenceError::io(path))?;
    UnitKey::read(path)?.fingerprint().map_err(|why| EvidenceError::broken(path, why))
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).expect("base64 is ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
