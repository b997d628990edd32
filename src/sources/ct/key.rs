//! A log's public key, and what it signed (RFC 6962, 2.1.4): ECDSA over P-256 or P-384, RSA, Ed25519, whichever the log has.
//! In: the SPKI as the log list carries it. Out: whether a signature is the log's.

use crate::sources::ct::der::Der;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use sha2::{Digest as _, Sha256};

/// A key that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    kind: Kind,
    bits: Vec<u8>,
    /// SHA-256 of the SPKI: the log's id.
    pub(super) id: [u8; 32],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

impl Key {
    /// Reads a SubjectPublicKeyInfo. `None`: not one, or of a kind that no log uses.
    pub(super) fn read(spki: &[u8]) -> Option<Self> {
        let mut outer = Der(spki);
        let mut spki_parts = Der(outer.expect(0x30)?);
        let mut algorithm = Der(spki_parts.expect(0x30)?);
        let (&0, bits) = spki_parts.expect(0x03)?.split_first()? else { return None };
        let kind = match algorithm.expect(0x06)? {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => match algorithm.expect(0x06)? {
                [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Kind::P256,
                [0x2b, 0x81, 4, 0, 0x22] => Kind::P384,
                _ => return None,
            },
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1] => Kind::Rsa,
            [0x2b, 0x65, 0x70] => Kind::Ed25519,
            _ => return None,
        };
        outer.0.is_empty().then(|| Self { kind, bits: bits.to_vec(), id: Sha256::digest(spki).into() })
    }
    /// Is `signed` (a TLS DigitallySigned: hash, algorithm, length, signature) this log's signature over `message`?
    pub(super) fn signed(&self, message: &[u8], signed: &[u8]) -> bool {
        let [hash, algorithm, high, low, signature @ ..] = signed else { return false };
        let fits =
            matches!((self.kind, hash, algorithm), (Kind::P256, 4, 3) | (Kind::P384, 5, 3) | (Kind::Rsa, 4, 1) | (Kind::Ed25519, 8, 7));
        let whole = usize::from(u16::from_be_bytes([*high, *low])) == signature.len();
        let by: &dyn VerificationAlgorithm = match self.kind {
            Kind::P256 => &ECDSA_P256_SHA256_ASN1,
            Kind::P384 => &ECDSA_P384_SHA384_ASN1,
            Kind::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            Kind::Ed25519 => &ED25519,
        };
        fits && whole && UnparsedPublicKey::new(by, &self.bits).verify(message, signature).is_ok()
    }
    /// The bytes that a log signs for its tree (RFC 6962, 3.5).
    pub(super) fn tree_head(timestamp_ms: u64, size: u64, root: &[u8; 32]) -> Vec<u8> {
        [&[0, 1][..], &timestamp_ms.to_be_bytes(), &size.to_be_bytes(), root].concat()
    }
}
