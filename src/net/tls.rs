//! TLS: a handshake that always goes through and says what it saw. The chain is kept as sent, judged against the Mozilla roots, and the visit goes on.
//! A copy with a bad certificate is still a copy; signatures of the handshake are checked, so the chain is the peer's own.
//! In: a connected stream and a host. Out: the encrypted stream and its facts.

use crate::model::capture::{CertificateFacts, TlsFacts};
use crate::model::digest::Sha256;
use crate::model::host::Host;
use crate::model::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates kept of one chain.
const MAX_CHAIN: usize = 16;
/// Names kept of one certificate.
const MAX_NAMES: usize = 256;
/// Longest subject, issuer or name kept, in characters.
const MAX_TEXT: usize = 1_024;

/// What every handshake shares: the provider, the roots, and the verifier built on them.
#[derive(Clone)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .expect("the compiled-in roots are not empty and no revocation lists are given");
        Self { provider, roots, verifier }
    }
    /// Strict settings for feeds and APIs: the chain must verify.
    pub(crate) fn strict(&self) -> ClientConfig {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
    /// Shakes hands as a visitor. The error is in words, `TLS: ...`.
    pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        host: &Host,
    ) -> Result<(TlsStream<S>, TlsFacts), String> {
        let name = match host.ip() {
            Some(ip) => ServerName::IpAddress(ip.into()),
            None => ServerName::try_from(host.as_str().to_owned()).map_err(|_| "TLS: the name cannot be sent as server name".to_owned())?,
        };
        let witness = Arc::new(Witness { inner: self.verifier.clone(), seen: Mutex::default() });
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(witness.clone())
            .with_no_client_auth();
        // A resumed session sends no certificate, and every visit keeps its own chain.
        config.resumption = Resumption::disabled();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|e| in_words(&e))?;
        let facts = witness.facts(stream.get_ref().1);
        Ok((stream, facts))
    }
}

fn in_words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => format!("TLS: the server sent alert {alert:?}"),
        Some(rustls::Error::PeerIncompatible(why)) => format!("TLS: the server speaks no version or cipher that we do ({why:?})"),
        Some(rustls::Error::InvalidMessage(why)) => format!("TLS: what the server sent is no TLS ({why:?})"),
        Some(other) => format!("TLS: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "TLS: the server hung up during the handshake".into(),
        None => format!("TLS: {error}"),
    }
}

/// Sees the chain, lets the real verifier judge, and lets the handshake go on.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Seen>>,
}

#[derive(Debug)]
struct Seen {
    chain: Vec<Vec<u8>>,
    verdict: Result<(), String>,
}

impl Witness {
    fn facts(&self, connection: &rustls::ClientConnection) -> TlsFacts {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Seen { chain, verdict } = seen.unwrap_or_else(|| Seen { chain: Vec::new(), verdict: Err("no certificate was sent".into()) });
        TlsFacts {
            version: connection.protocol_version().and_then(|v| v.as_str()).unwrap_or("unknown").to_owned(),
            cipher: connection.negotiated_cipher_suite().and_then(|c| c.suite().as_str()).unwrap_or("unknown").replace("TLS13_", "TLS_"),
            leaf: chain.first().and_then(|der| facts_of(der)),
            chain: chain.iter().map(|der| STANDARD.encode(der)).collect(),
            verified: verdict,
        }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(leaf, others, name, ocsp, now).map(|_| ()).map_err(|e| e.to_string());
        let chain = std::iter::once(leaf).chain(others).take(MAX_CHAIN).map(|der| der.to_vec()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { chain, verdict });
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Leaf facts in words. `None`: not a certificate that can be read.
fn facts_of(der: &[u8]) -> Option<CertificateFacts> {
    let (_, cert) = X509Certificate::from_der(der).ok()?;
    let names = cert.subject_alternative_name().ok().flatten().map(|san| &san.value.general_names);
    Some(CertificateFacts {
        subject: short(&cert.subject().to_string()),
        issuer: short(&cert.issuer().to_string()),
        serial: short(&hex(cert.raw_serial())),
        not_before: Timestamp::from_millis(cert.validity().not_before.timestamp().saturating_mul(1_000)),
        not_after: Timestamp::from_millis(cert.validity().not_after.timestamp().saturating_mul(1_000)),
        names: names.into_iter().flatten().filter_map(name_of).take(MAX_NAMES).collect(),
        sha256: Sha256::of(der).hex(),
    })
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) => Some(short(&text.to_ascii_lowercase())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_cannot_be_read_has_no_facts() {
        for der in [&b""[..], b"\x30\x03\x02\x01\x01", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0xff; 64]] {
            assert!(facts_of(der).is_none(), "{der:?}");
        }
    }

    #[test]
    fn the_leaf_is_told_in_words() {
        let mut params = rcgen::CertificateParams::new(vec!["cx.example.top".into(), "10.0.0.9".into()]).expect("names");
        params.distinguished_name.push(rcgen::DnType::CommonName, "仿冒");
        let key = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate");
        let facts = facts_of(cert.der()).expect("it can be read");
        assert_eq!(facts.names, ["cx.example.top", "10.0.0.9"]);
        assert!(facts.subject.contains("仿冒"), "{}", facts.subject);
        assert_eq!(facts.sha256.len(), 64);
        assert!(facts.not_before < facts.not_after);
    }
}
