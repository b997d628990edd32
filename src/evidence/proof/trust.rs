//! Whether a time-stamp is to be believed: signature, the certificate's own words, and a chain to one of the given roots, all as of the stamp's time.
//! An expired certificate is no fault: it has to have been good when it signed.

use super::der::{OCTETS, OID, Reader, SEQUENCE, SET, made};
use super::tsp::Token;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use ring::{digest, signature};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Most certificates between signer and root.
const MAX_DEPTH: usize = 8;
/// Most roots that are read from one file.
const MAX_ROOTS: usize = 64;

/// The certificates of a PEM file, DER.
///
/// # Errors
/// One line: no certificate in it, or damaged ones.
pub(in crate::evidence) fn roots(pem: &[u8]) -> Result<Vec<Vec<u8>>, Both> {
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(pem).take(MAX_ROOTS) {
        let block = block.map_err(|e| Both::new(format!("不是 PEM：{e}"), format!("is no PEM: {e}")))?;
        if block.label == "CERTIFICATE" && X509Certificate::from_der(&block.contents).is_ok() {
            found.push(block.contents);
        }
    }
    if found.is_empty() { Err(Both::new("其中没有证书", "holds no certificate")) } else { Ok(found) }
}

/// Believes or not.
///
/// # Errors
/// What is wrong, in one line.
pub(in crate::evidence) fn believe(token: &Token<'_>, roots: &[Vec<u8>]) -> Result<(), Both> {
    let pool: Vec<X509Certificate<'_>> =
        token.certificates.iter().filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, c)| c)).collect();
    let anchors: Vec<X509Certificate<'_>> = roots.iter().filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, c)| c)).collect();
    let signer = pool
        .iter()
        .chain(&anchors)
        .find(|c| names(token, c))
        .ok_or_else(|| Both::new("应答中没有签名者的证书", "the signer's certificate did not come along"))?;
    signed(token, signer)?;
    purpose(signer)?;
    chain(signer, &pool, &anchors, token.time)
}

/// Is this the certificate that the signer's info speaks of?
fn names(token: &Token<'_>, certificate: &X509Certificate<'_>) -> bool {
    match (token.signer.issuer_serial, token.signer.key_id) {
        (Some((issuer, serial)), _) => {
            let bare = |n: &[u8]| n.iter().copied().skip_while(|b| *b == 0).collect::<Vec<_>>();
            certificate.issuer().as_raw() == issuer && bare(certificate.raw_serial()) == bare(serial)
        }
        (None, Some(id)) => certificate
            .iter_extensions()
            .any(|e| matches!(e.parsed_extension(), x509_parser::extensions::ParsedExtension::SubjectKeyIdentifier(k) if k.0 == id)),
        (None, None) => false,
    }
}

const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];

/// The signature over the signed attributes, and those over content and certificate.
fn signed(token: &Token<'_>, signer: &X509Certificate<'_>) -> Result<(), Both> {
    let bad = |zh: &str, en: &str| Both::new(format!("时间戳签名无效：{zh}"), format!("the stamp's signature does not hold: {en}"));
    let attribute = |oid: &[u8]| {
        let mut all = Reader(token.signer.attributes);
        while let Some(attribute) = all.take(SEQUENCE) {
            let mut parts = attribute.inside();
            if parts.take(OID).is_some_and(|o| o.body == oid) {
                return parts.take(SET).and_then(|s| s.inside().next());
            }
        }
        None
    };
    let algorithm = hash(token.signer.digest).ok_or_else(|| bad("不认识的摘要算法", "unknown digest"))?;
    if attribute(CONTENT_TYPE).map(|e| e.body) != Some(TST_INFO) {
        return Err(bad("内容类型不符", "content type"));
    }
    if attribute(MESSAGE_DIGEST).map(|e| e.body) != Some(algorithm(token.content).as_slice()) {
        return Err(bad("内容摘要不符", "digest of the content"));
    }
    if !binds(attribute(SIGNING_CERTIFICATE_V2), attribute(SIGNING_CERTIFICATE), signer) {
        return Err(bad("未绑定签名证书", "not bound to the signer's certificate"));
    }
    let message = made(SET, token.signer.attributes);
    holds(signer, token.signer.algorithm, Some(token.signer.digest), &message, token.signer.signature)
        .map_err(|why| Both::new(format!("时间戳签名无效：{}", why.zh), format!("the stamp's signature does not hold: {}", why.en)))
}

/// Does the signing-certificate attribute name this certificate by hash? (RFC 5035, RFC 2634)
fn binds(v2: Option<super::der::Element<'_>>, v1: Option<super::der::Element<'_>>, signer: &X509Certificate<'_>) -> bool {
    let first = |e: super::der::Element<'_>| e.inside().take(SEQUENCE)?.inside().take(SEQUENCE).map(|e| e.body.to_vec());
    let der = signer.as_raw();
    if let Some(id) = v2.and_then(first) {
        let mut parts = Reader(&id);
        let algorithm = match parts.take(SEQUENCE) {
            Some(a) => a.inside().take(OID).and_then(|o| hash(o.body)),
            None => Some(sha256 as Hash),
        };
        return match (algorithm, parts.take(OCTETS)) {
            (Some(algorithm), Some(said)) => algorithm(der) == said.body,
            _ => false,
        };
    }
    let sha1 = || digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref().to_vec();
    v1.and_then(first).and_then(|id| Reader(&id).take(OCTETS).map(|o| o.body == sha1())).unwrap_or(false)
}

type Hash = fn(&[u8]) -> Vec<u8>;

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The hash of that OID.
fn hash(oid: &[u8]) -> Option<Hash> {
    match oid {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Some(sha256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Some(|b| digest::digest(&digest::SHA384, b).as_ref().to_vec()),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Some(|b| digest::digest(&digest::SHA512, b).as_ref().to_vec()),
        [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11] => Some(|b| crate::model::digest::Sm3::of(b).as_bytes().to_vec()),
        _ => None,
    }
}

/// Does this signature of `by` over `message` hold?
fn holds(by: &X509Certificate<'_>, algorithm: &[u8], digest: Option<&[u8]>, message: &[u8], sign: &[u8]) -> Result<(), Both> {
    let key = by.public_key();
    let curve = key.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|o| o.to_id_string()).unwrap_or_default();
    let unknown = || Both::new("不认识的签名算法，请用 openssl 核验", "unknown signature algorithm; verify with openssl");
    let way = way(algorithm, digest, &curve).ok_or_else(unknown)?;
    signature::UnparsedPublicKey::new(way, &key.subject_public_key.data)
        .verify(message, sign)
        .map_err(|_| Both::new("签名与内容不符", "it is not over this content"))
}

fn way(algorithm: &[u8], digest: Option<&[u8]>, curve: &str) -> Option<&'static dyn signature::VerificationAlgorithm> {
    const P256: &str = "1.2.840.10045.3.1.7";
    const P384: &str = "1.3.132.0.34";
    const SHA2: [u8; 8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    // The bits of the hash: from the algorithm where it says so, else from the digest beside it.
    let beside = digest.and_then(|d| d.strip_prefix(&SHA2)).and_then(|d| match d {
        [1] => Some(256),
        [2] => Some(384),
        [3] => Some(512),
        _ => None,
    });
    match algorithm {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            0x0b => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            0x0c => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            0x0d => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            0x01 => match beside? {
                256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
                384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
                _ => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            },
            _ => None,
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match (last, curve) {
            (2, P256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            (3, P256) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            (2, P384) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            (3, P384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            _ => None,
        },
        [0x2b, 0x65, 0x70] => Some(&signature::ED25519),
        _ => None,
    }
}

/// Made for time-stamps, and for nothing else (RFC 3161, 2.3).
fn purpose(signer: &X509Certificate<'_>) -> Result<(), Both> {
    let good = signer.iter_extensions().any(|e| {
        e.critical
            && matches!(e.parsed_extension(), x509_parser::extensions::ParsedExtension::ExtendedKeyUsage(u)
                if u.time_stamping && !(u.any || u.server_auth || u.client_auth || u.code_signing || u.email_protection || u.ocsp_signing) && u.other.is_empty())
    });
    if good {
        Ok(())
    } else {
        Err(Both::new("签名证书不是专用的时间戳证书", "the signer's certificate is not made for time-stamps alone"))
    }
}

/// From the signer up to a self-signed root that was given, every link good at `at`.
fn chain(signer: &X509Certificate<'_>, pool: &[X509Certificate<'_>], anchors: &[X509Certificate<'_>], at: Timestamp) -> Result<(), Both> {
    let mut current = signer;
    for _ in 0..MAX_DEPTH {
        valid(current, at)?;
        if current.subject().as_raw() == current.issuer().as_raw() && anchors.iter().any(|a| a.as_raw() == current.as_raw()) {
            return Ok(());
        }
        let above = anchors.iter().chain(pool).find(|c| c.as_raw() != current.as_raw() && issued(c, current));
        current = above.ok_or_else(|| Both::new("证书链不能连到所给的根证书", "the chain does not lead to a root that was given"))?;
    }
    Err(Both::new("证书链过长", "the chain is too long"))
}

fn issued(above: &X509Certificate<'_>, below: &X509Certificate<'_>) -> bool {
    let may = above.basic_constraints().ok().flatten().is_some_and(|b| b.value.ca)
        && above.key_usage().ok().flatten().is_none_or(|u| u.value.key_cert_sign());
    let algorithm = below.signature_algorithm.algorithm.as_bytes();
    may && above.subject().as_raw() == below.issuer().as_raw()
        && holds(above, algorithm, None, below.tbs_certificate.as_ref(), &below.signature_value.data).is_ok()
}

fn valid(certificate: &X509Certificate<'_>, at: Timestamp) -> Result<(), Both> {
    let (from, to, at) =
        (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp(), at.millis().div_euclid(1000));
    if (from..=to).contains(&at) {
        return Ok(());
    }
    let who = certificate.subject().to_string().escape_debug().to_string();
    Err(Both::new(format!("证书 {who} 在盖章时不在有效期内"), format!("certificate {who} was not valid when it stamped")))
}
