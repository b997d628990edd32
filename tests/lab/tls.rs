//! The lab's certificate authority, and a leaf for every name that speaks HTTPS, chosen by SNI.

use super::sites::{Site, Tls};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

#[derive(Debug)]
struct BySni {
    leaves: HashMap<String, Arc<CertifiedKey>>,
    fallback: Arc<CertifiedKey>,
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.leaves.get(name));
        Some(named.unwrap_or(&self.fallback).clone())
    }
}

/// A new authority, its leaves, and its own certificate in PEM.
///
/// # Errors
/// One line: a name that cannot stand in a certificate.
pub(crate) fn authority(sites: &[Arc<Site>]) -> Result<(TlsAcceptor, String), String> {
    build(sites).map_err(|e| format!("the lab's certificates: {e}"))
}

fn build(sites: &[Arc<Site>]) -> Result<(TlsAcceptor, String), Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Jianwei Lab Root");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let root = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let mut leaves = HashMap::new();
    for site in sites.iter().filter(|s| s.tls != Tls::None) {
        leaves.insert(site.host.clone(), Arc::new(leaf(&site.host, &issuer, root.der())?));
    }
    let fallback = Arc::new(leaf("fallback.lab.example", &issuer, root.der())?);
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(BySni { leaves, fallback }));
    Ok((TlsAcceptor::from(Arc::new(config)), root.pem()))
}

fn leaf(
    host: &str,
    issuer: &Issuer<'static, KeyPair>,
    root: &rustls::pki_types::CertificateDer<'static>,
) -> Result<CertifiedKey, Box<dyn std::error::Error>> {
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(CertifiedKey::new(vec![certificate.der().clone(), root.clone()], rustls::crypto::ring::sign::any_supported_type(&der)?))
}
