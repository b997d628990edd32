//! Through a forward proxy: visits ask for a tunnel to the address that the guard saw, whatever the scheme; fetches of settings' own addresses do not.

use super::servers::{door, ended, http, page, read_head, send, visit};
use jianwei::net::FetchRequest;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that notes request lines, tunnels CONNECT to loopback and answers the rest itself.
async fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = lines.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = log.clone();
            tokio::spawn(async move {
                let head = read_head(&mut stream).await;
                let line = head.lines().next().unwrap_or_default().to_owned();
                log.lock().expect("no test thread panicked").push(line.clone());
                match line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) {
                    Some(target) => {
                        let mut onward = TcpStream::connect(target).await.expect("the tests connect to loopback only");
                        let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                        let _ = copy_bidirectional(&mut stream, &mut onward).await;
                    }
                    None => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy").await;
                    }
                }
            });
        }
    });
    (port, lines)
}

#[tokio::test]
async fn http_goes_through_a_tunnel_to_the_address_that_the_guard_saw() {
    let (port, lines) = proxy().await;
    let plain = http(|_| page("plain")).await;
    let net = door(|s| s.proxy = Some(format!("http://127.0.0.1:{port}"))).await;
    let hops = visit(&net, &format!("http://a.test:{}/x?y", plain.port())).await;
    assert_eq!((ended(&hops).as_str(), hops[0].address), ("200 plain", Some(plain.address)));
    assert!(hops[0].request_head.starts_with(b"GET /x?y HTTP/1.1\r\n"), "as without a proxy");
    assert!(ended(&visit(&net, "http://10.0.0.1/").await).starts_with("refused_by_guard"));
    let request = FetchRequest {
        url: super::servers::url("http://b.test/z"),
        method: "GET".into(),
        headers: Vec::new(),
        body: None,
        max_body_bytes: None,
    };
    assert_eq!(net.fetch(&request).await.expect("a body").body, b"proxy");
    let lines = lines.lock().expect("no test thread panicked").clone();
    assert_eq!(lines, [format!("CONNECT {} HTTP/1.1", plain.address), "GET http://b.test/z HTTP/1.1".to_owned()]);
}

#[tokio::test]
async fn a_proxy_that_will_not_tunnel_is_told_by_what_must_change() {
    let refusing = http(|_| send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")).await;
    let net = door(|s| s.proxy = Some(format!("http://127.0.0.1:{}", refusing.port()))).await;
    let told = ended(&visit(&net, "http://a.test/").await);
    assert!(told.contains("answered 403 to CONNECT 127.0.0.1:80; let it tunnel to ports 80 and 443"), "{told}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel_to_the_pinned_address() {
    let (port, lines) = proxy().await;
    let plain = http(|_| page("never TLS")).await;
    let net = door(|s| (s.proxy, s.timeout_ms) = (Some(format!("http://127.0.0.1:{port}")), 900)).await;
    let hops = visit(&net, &format!("https://a.test:{}/", plain.port())).await;
    assert_eq!(hops[0].address, Some(plain.address));
    assert_eq!(lines.lock().expect("no test thread panicked").clone(), [format!("CONNECT {} HTTP/1.1", plain.address)]);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_said_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let net = door(|s| s.proxy = Some(format!("http://127.0.0.1:{free}"))).await;
    let want = format!("unreachable: no answer: proxy 127.0.0.1:{free}: connection refused");
    assert_eq!(ended(&visit(&net, "http://a.test/").await), want);
}
