//! Tests of the browser, with the real Chromium: what each kind of hiding shows, what it cannot reach, what is left when it dies.
//! Few functions, many pages each: every function starts a browser of its own.

mod behind;
mod exits;
mod guard;
mod kinds;
mod life;
mod package;

use crate::net::servers::{Act, perform, read_head};
use jianwei::capture::{Browser, BrowserSettings};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A browser with its profile in `temp`. Panics where none is installed: `make test` installs it.
fn browser(temp: &Path) -> Browser {
    let settings = BrowserSettings::of_this_machine().expect("Chromium is installed by `make test-deps`");
    Browser::new(BrowserSettings { temp: temp.to_owned(), ..settings })
}

/// Chains by the number of the connection that they were shown on.
type Shown = Arc<Mutex<Vec<Vec<CertificateDer<'static>>>>>;

/// A server that shows every connection a certificate and an authority of its own; the closure gets the connection's number and its request.
async fn https(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> (u16, Shown) {
    https_by_number(move |_, head| act(head)).await
}

async fn https_by_number(act: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> (u16, Shown) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (act, shown) = (Arc::new(act), Shown::default());
    let log = shown.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (chain, key) = fresh_chain();
            let number = {
                let mut all = log.lock().expect("no test thread panicked");
                all.push(chain.clone());
                all.len() - 1
            };
            let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring has them")
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("they fit");
            let (acceptor, act) = (TlsAcceptor::from(Arc::new(config)), act.clone());
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let head = read_head(&mut stream).await;
                    perform(&mut stream, act(number, &head)).await;
                }
            });
        }
    });
    (port, shown)
}

/// A leaf signed by an authority of its own, and both certificates.
fn fresh_chain() -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let (ca_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.distinguished_name.push(DnType::CommonName, "Test CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_cert = ca.self_signed(&ca_key).expect("a CA");
    let leaf = CertificateParams::new(vec!["a.test".to_owned()]).expect("a name");
    let leaf_cert = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).expect("a leaf");
    (vec![leaf_cert.der().clone(), ca_cert.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}
