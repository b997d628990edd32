//! TLS: the chain of the very connection, kept as sent.

use super::servers::{Act, door, ended, http, page, perform, read_head, to, visit};
use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A leaf signed by a CA of its own, and both certificates.
fn chain(host: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let (ca_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.distinguished_name.push(DnType::CommonName, "Test CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_cert = ca.self_signed(&ca_key).expect("a CA");
    let leaf = CertificateParams::new(vec![host.to_owned()]).expect("a name");
    let leaf_cert = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).expect("a leaf");
    (vec![leaf_cert.der().clone(), ca_cert.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

fn acceptor(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit");
    TlsAcceptor::from(Arc::new(config))
}

/// Serves `act` over TLS, each connection with the next acceptor.
async fn https(acceptors: Vec<TlsAcceptor>, act: impl Fn(&str) -> Act + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (act, turn) = (Arc::new(act), AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptors[turn.fetch_add(1, Ordering::SeqCst) % acceptors.len()].clone();
            let act = act.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let head = read_head(&mut stream).await;
                    perform(&mut stream, act(&head)).await;
                }
            });
        }
    });
    port
}

/// Reads a little, says these bytes, hangs up.
async fn raw(says: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4_096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(says).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

fn encoded(chain: &[CertificateDer<'_>]) -> Vec<String> {
    chain.iter().map(|der| base64::engine::general_purpose::STANDARD.encode(der)).collect()
}

#[tokio::test]
async fn the_chain_is_kept_as_sent_with_the_verdict_and_the_visit_goes_on() {
    let (certs, key) = chain("copy.test");
    let want = encoded(&certs);
    let port = https(vec![acceptor(certs, key)], |_| page("over TLS")).await;
    let hops = visit(&door(|_| ()).await, &format!("https://copy.test:{port}/")).await;
    assert_eq!(ended(&hops), "200 over TLS");
    let tls = hops[0].tls.as_ref().expect("TLS facts");
    assert_eq!((tls.version.as_str(), &tls.chain), ("TLSv1_3", &want));
    assert!(tls.cipher.starts_with("TLS_"), "{}", tls.cipher);
    assert!(tls.verified.as_ref().is_err_and(|why| why.to_lowercase().contains("unknownissuer")), "{:?}", tls.verified);
    let leaf = tls.leaf.as_ref().expect("leaf facts");
    assert_eq!(leaf.names, ["copy.test"]);
    assert!(leaf.issuer.contains("Test CA"), "{}", leaf.issuer);
    assert!(hops[0].timing.tls_ms.is_some());
}

#[tokio::test]
async fn a_chain_that_changes_between_connections_is_kept_for_each() {
    let ((first, first_key), (second, second_key)) = (chain("copy.test"), chain("copy.test"));
    let want = [encoded(&first), encoded(&second)];
    assert_ne!(want[0], want[1]);
    let acceptors = vec![acceptor(first, first_key), acceptor(second, second_key)];
    let port = https(acceptors, |head| if head.starts_with("GET /a") { to("/b") } else { page("b") }).await;
    let hops = visit(&door(|_| ()).await, &format!("https://copy.test:{port}/a")).await;
    let chains: Vec<Vec<String>> = hops.iter().filter_map(|h| h.tls.as_ref()).map(|t| t.chain.clone()).collect();
    assert_eq!(chains, want);
}

#[tokio::test]
async fn a_redirect_from_https_to_http_keeps_the_chain_of_the_first_hop_only() {
    let plain = http(|_| page("plain")).await;
    let (certs, key) = chain("copy.test");
    let location = format!("http://copy.test:{}/", plain.port());
    let port = https(vec![acceptor(certs, key)], move |_| to(&location)).await;
    let hops = visit(&door(|_| ()).await, &format!("https://copy.test:{port}/")).await;
    assert_eq!((hops.len(), ended(&hops).as_str()), (2, "200 plain"));
    assert!(hops[0].tls.is_some() && hops[1].tls.is_none());
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_and_one_that_hangs_up_are_unreachable_in_words() {
    let plain = http(|_| page("no TLS here")).await;
    let net = door(|s| s.timeout_ms = 1_000).await;
    let mute = raw(b"").await;
    // A server that knows nothing newer than TLS 1.0 says so: fatal alert 70, protocol_version.
    let old = raw(b"\x15\x03\x01\x00\x02\x02\x46").await;
    // The test server waits for an empty line that a ClientHello does not have: it answers nothing, so the time ends it.
    assert!(ended(&visit(&net, &format!("https://a.test:{}/", plain.port())).await).starts_with("timed_out"));
    let hung = ended(&visit(&net, &format!("https://a.test:{mute}/")).await);
    assert!(hung.starts_with("unreachable: no answer: TLS: "), "{hung}");
    assert_eq!(
        ended(&visit(&net, &format!("https://a.test:{old}/")).await),
        "unreachable: no answer: TLS: the server sent alert ProtocolVersion"
    );
}

#[tokio::test]
async fn a_page_over_tls_that_closes_without_goodbye_is_whole() {
    let (certs, key) = chain("copy.test");
    let acceptor = acceptor(certs, key);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                read_head(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nuntil close").await;
                let _ = stream.flush().await;
                // Dropped without close_notify.
            }
        }
    });
    let hops = visit(&door(|_| ()).await, &format!("https://copy.test:{port}/")).await;
    assert_eq!((ended(&hops).as_str(), hops[0].truncated), ("200 until close", false));
}
