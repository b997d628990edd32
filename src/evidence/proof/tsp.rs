//! RFC 3161 as data: the request that is sent, and what a response says. Whether to believe it is `trust`'s business.

use super::der::{INTEGER, OCTETS, OID, ONE, Reader, SEQUENCE, SET, TIME, ZERO, made};
use crate::model::digest::{Sha256, Sm3};
use crate::model::lang::Both;
use crate::model::time::Timestamp;

/// Largest response that is read.
pub(in crate::evidence) const MAX_BYTES: u64 = 256 << 10;

/// Which hash a stamp is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::evidence) enum Imprint {
    Sha256,
    Sm3,
}

impl Imprint {
    pub(in crate::evidence) const BOTH: [Self; 2] = [Self::Sha256, Self::Sm3];
    /// As in file names and as openssl says it.
    pub(in crate::evidence) fn word(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }
    /// For people.
    pub(in crate::evidence) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sm3 => "SM3",
        }
    }
    fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
            Self::Sm3 => &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11],
        }
    }
    /// The hash itself.
    pub(in crate::evidence) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::of(bytes).as_bytes().to_vec(),
            Self::Sm3 => Sm3::of(bytes).as_bytes().to_vec(),
        }
    }
}

/// A request: asks for the certificate to come along. `nonce` is 8 bytes, the first one below 0x80 and not 0.
pub(in crate::evidence) fn request(imprint: Imprint, message: &[u8], nonce: [u8; 8]) -> Vec<u8> {
    let algorithm = made(SEQUENCE, &[made(OID, imprint.oid()), vec![0x05, 0x00]].concat());
    let imprint = made(SEQUENCE, &[algorithm, made(OCTETS, &imprint.of(message))].concat());
    made(SEQUENCE, &[vec![INTEGER, 1, 1], imprint, made(INTEGER, &nonce), vec![0x01, 0x01, 0xff]].concat())
}

/// What a response says of its token.
#[derive(Debug)]
pub(in crate::evidence) struct Token<'a> {
    /// OID of the hash, DER contents.
    hash_oid: &'a [u8],
    /// The hash that was stamped.
    imprint: &'a [u8],
    /// Serial number, hexadecimal.
    pub(in crate::evidence) serial: String,
    /// The authority's time.
    pub(in crate::evidence) time: Timestamp,
    /// As sent; empty where none came back.
    pub(super) nonce: &'a [u8],
    /// The signed content: DER of TSTInfo.
    pub(super) content: &'a [u8],
    /// Certificates that came along, DER.
    pub(super) certificates: Vec<&'a [u8]>,
    /// Who signed, and how.
    pub(super) signer: Signer<'a>,
}

/// The one SignerInfo.
#[derive(Debug)]
pub(super) struct Signer<'a> {
    /// `Name` DER and serial contents; `None` where the key id is given instead.
    pub(super) issuer_serial: Option<(&'a [u8], &'a [u8])>,
    /// Subject key id.
    pub(super) key_id: Option<&'a [u8]>,
    /// OID of the digest.
    pub(super) digest: &'a [u8],
    /// Signed attributes, contents of the set.
    pub(super) attributes: &'a [u8],
    /// OID of the signature.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// Why a response gives no token.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::evidence) enum NoToken {
    /// The authority does not do this hash: asking again is of no use.
    BadAlgorithm,
    /// It refused for another reason, or what came is no response.
    Other(Both),
}

impl NoToken {
    pub(in crate::evidence) fn why(&self) -> Both {
        match self {
            Self::BadAlgorithm => Both::new("该机构不支持此摘要算法", "the authority does not support this hash"),
            Self::Other(why) => why.clone(),
        }
    }
}

fn other(zh: impl Into<String>, en: impl Into<String>) -> NoToken {
    NoToken::Other(Both::new(zh, en))
}

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

impl<'a> Token<'a> {
    /// Takes a whole response apart.
    ///
    /// # Errors
    /// [`NoToken`].
    pub(in crate::evidence) fn of_response(bytes: &'a [u8]) -> Result<Self, NoToken> {
        let malformed = || other("不是 RFC 3161 应答", "is no RFC 3161 response");
        let mut all = Reader(bytes);
        let response = all.take(SEQUENCE).filter(|_| all.0.is_empty()).ok_or_else(malformed)?;
        let mut response = response.inside();
        let Some(status) = response.take(SEQUENCE) else {
            return Err(if Reader(bytes).take(SEQUENCE).and_then(|e| e.inside().take(OID)).is_some_and(|o| o.body == SIGNED_DATA) {
                other("只是令牌（TimeStampToken），不是完整应答（TimeStampResp）", "is a bare token, not the whole response")
            } else {
                malformed()
            });
        };
        let mut parts = status.inside();
        let code = parts.take(INTEGER).ok_or_else(malformed)?.body;
        if !matches!(code, [0 | 1]) {
            parts.take(SEQUENCE);
            // Bit 0 of the failure info, after its count of unused bits.
            let bad_algorithm = parts.take(0x03).is_some_and(|b| b.body.get(1).is_some_and(|b| b & 0x80 != 0));
            if bad_algorithm {
                return Err(NoToken::BadAlgorithm);
            }
            let code = code.iter().map(ToString::to_string).collect::<String>();
            return Err(other(format!("机构拒绝（状态 {code}）"), format!("the authority refused (status {code})")));
        }
        let token = response.take(SEQUENCE).ok_or_else(|| other("应答中没有令牌", "the response holds no token"))?;
        Self::of_content_info(token.inside()).ok_or_else(malformed)
    }
    fn of_content_info(mut info: Reader<'a>) -> Option<Self> {
        info.take(OID).filter(|o| o.body == SIGNED_DATA)?;
        let mut signed = info.take(ZERO)?.inside().take(SEQUENCE)?.inside();
        signed.take(INTEGER)?;
        signed.take(SET)?;
        let mut encapsulated = signed.take(SEQUENCE)?.inside();
        encapsulated.take(OID).filter(|o| o.body == TST_INFO)?;
        let content = encapsulated.take(ZERO)?.inside().take(OCTETS)?.body;
        let mut certificates = Vec::new();
        if let Some(set) = signed.take(ZERO) {
            let mut inside = set.inside();
            while let Some(certificate) = inside.next().filter(|_| certificates.len() < 32) {
                certificates.push(certificate.whole);
            }
        }
        signed.take(ONE);
        let mut signers = signed.take(SET)?.inside();
        let signer = Signer::of(signers.take(SEQUENCE)?.inside())?;
        if !signers.0.is_empty() {
            return None;
        }
        let mut info = Reader(content).take(SEQUENCE)?.inside();
        info.take(INTEGER)?;
        info.take(OID)?;
        let mut imprint = info.take(SEQUENCE)?.inside();
        let hash_oid = imprint.take(SEQUENCE)?.inside().take(OID)?.body;
        let imprint = imprint.take(OCTETS)?.body;
        let serial: String = info.take(INTEGER)?.body.iter().take(64).map(|b| format!("{b:02x}")).collect();
        let time = generalized(info.take(TIME)?.body)?;
        info.take(SEQUENCE);
        info.take(0x01);
        let nonce = info.take(INTEGER).map_or(&[][..], |n| n.body);
        Some(Self { hash_oid, imprint, serial, time, nonce, content, certificates, signer })
    }
    /// Is it over this hash of these bytes?
    pub(in crate::evidence) fn is_over(&self, imprint: Imprint, message: &[u8]) -> bool {
        self.hash_oid == imprint.oid() && self.imprint == imprint.of(message)
    }
    /// Did it answer this very request?
    pub(in crate::evidence) fn answers(&self, nonce: [u8; 8]) -> bool {
        self.nonce == nonce
    }
}

impl<'a> Signer<'a> {
    fn of(mut info: Reader<'a>) -> Option<Self> {
        info.take(INTEGER)?;
        let (issuer_serial, key_id) = match info.take(SEQUENCE) {
            Some(sid) => {
                let mut sid = sid.inside();
                (Some((sid.take(SEQUENCE)?.whole, sid.take(INTEGER)?.body)), None)
            }
            None => (None, Some(info.take(0x80)?.body)),
        };
        let digest = info.take(SEQUENCE)?.inside().take(OID)?.body;
        let attributes = info.take(ZERO)?.body;
        let algorithm = info.take(SEQUENCE)?.inside().take(OID)?.body;
        let signature = info.take(OCTETS)?.body;
        Some(Self { issuer_serial, key_id, digest, attributes, algorithm, signature })
    }
}

/// `YYYYMMDDHHMMSS[.f]Z`.
fn generalized(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() != 14 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |a: usize, b: usize| &whole[a..b];
    let milliseconds: String = fraction.chars().chain("000".chars()).take(3).collect();
    let (date, time) =
        (format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)), format!("{}:{}:{}", part(8, 10), part(10, 12), part(12, 14)));
    Timestamp::parse(&format!("{date}T{time}.{milliseconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_response_are_refused_whatever_they_are() {
        let request = request(Imprint::Sha256, b"x", [1; 8]);
        assert_eq!(request[0], SEQUENCE);
        for bytes in [&b""[..], b"<html>", &request, &[0x30, 0x03, 0x30, 0x01, 0x02]] {
            assert!(Token::of_response(bytes).is_err());
        }
        assert_eq!(generalized(b"20260103021455.12Z"), Timestamp::parse("2026-01-03T02:14:55.120Z"));
        assert_eq!(generalized(b"20260103021455"), None);
        assert_eq!(generalized(b"2026010302145\xff"), None);
    }

    #[test]
    fn a_refusal_tells_an_unknown_hash_from_the_rest() {
        let refused = |bits: &[u8]| made(SEQUENCE, &made(SEQUENCE, &[vec![INTEGER, 1, 2], made(0x03, bits)].concat()));
        assert_eq!(Token::of_response(&refused(&[7, 0x80])).expect_err("refused"), NoToken::BadAlgorithm);
        assert_ne!(Token::of_response(&refused(&[2, 0x04])).expect_err("refused"), NoToken::BadAlgorithm);
    }
}
