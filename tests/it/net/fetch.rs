//! The pooled client: the same guard, the same caps.

use super::servers::{Act, at, dns, door, http, page, send, settings, to, url};
use jianwei::net::{FetchError, FetchRequest, Net};
use std::time::{Duration, Instant};

fn get(text: &str) -> FetchRequest {
    FetchRequest { url: url(text), method: "GET".into(), headers: Vec::new(), body: None, max_body_bytes: None }
}

#[tokio::test]
async fn a_feed_is_fetched_under_our_own_name_and_redirects_are_followed() {
    let server = http(|head| if head.starts_with("GET /feed ") { to("/moved") } else { page("names") }).await;
    let got = door(|_| ()).await.fetch(&get(&format!("http://feed.test:{}/feed", server.port()))).await.expect("a body");
    assert_eq!((got.status, got.body.as_slice(), got.final_url.path()), (200, &b"names"[..], "/moved"));
    assert!(server.asked()[0].contains(concat!("user-agent: jianwei/", env!("CARGO_PKG_VERSION"))), "{:?}", server.asked());
}

#[tokio::test]
async fn no_way_leads_the_client_to_a_refused_address() {
    let server = http(|_| page("secret")).await;
    let port = server.port();
    let zone = dns(|name, _, _| if name == "inner.test" { at("127.0.0.1") } else { at("127.0.0.2") }).await;
    let mut narrow = settings(zone);
    narrow.allow_private = vec!["127.0.0.2/32".into()];
    let net = Net::new(&narrow).expect("good settings");
    for text in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://inner.test:{port}/"),
    ] {
        let error = net.fetch(&get(&text)).await.expect_err("it is refused");
        assert!(matches!(&error, FetchError::Refused { why, .. } if why.ends_with("loopback")), "{text}: {error}");
    }
    assert!(matches!(net.fetch(&get("http://a.test:25/")).await, Err(FetchError::Refused { why, .. }) if why == "bad_port"));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_of_a_feed_to_a_refused_address_is_refused() {
    for location in ["http://169.254.169.254/", "http://127.0.0.1:22/", "http://[::1]/"] {
        let server = http(move |_| to(location)).await;
        let error = door(|_| ()).await.fetch(&get(&format!("http://feed.test:{}/", server.port()))).await.expect_err("it is refused");
        assert!(matches!(error, FetchError::Refused { .. }), "{location}: {error}");
    }
}

#[tokio::test]
async fn caps_and_time_hold_for_fetches_too() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/endless") => Act::Forever(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 10_000]),
        Some("/drip") => Act::Drip(b"HTTP/1.1 200 OK\r\n\r\n".repeat(100), 10),
        Some(path) => to(&format!("{path}x")),
        None => page(""),
    })
    .await;
    let net = door(|s| (s.timeout_ms, s.max_redirects) = (900, 3)).await;
    let base = format!("http://feed.test:{}", server.port());
    let small = FetchRequest { max_body_bytes: Some(50_000), ..get(&format!("{base}/endless")) };
    assert_eq!(net.fetch(&small).await.expect_err("too large"), FetchError::TooLarge { limit_bytes: 50_000 });
    let started = Instant::now();
    assert_eq!(net.fetch(&get(&format!("{base}/drip"))).await.expect_err("too slow"), FetchError::TimedOut { after_ms: 900 });
    assert!(started.elapsed() < Duration::from_secs(2));
    let error = net.fetch(&get(&format!("{base}/r"))).await.expect_err("too many");
    assert!(error.to_string().starts_with("more than 3 redirects"), "{error}");
}

#[tokio::test]
async fn a_post_carries_its_body_and_secrets_do_not_cross_to_another_host() {
    let other = http(|_| page("other")).await;
    let location = format!("http://other.test:{}/", other.port());
    let server = http(move |_| to(&location)).await;
    let request = FetchRequest {
        method: "POST".into(),
        headers: vec![("authorization".into(), "secret".into()), ("content-type".into(), "text/plain".into())],
        body: Some(b"q".to_vec()),
        ..get(&format!("http://api.test:{}/", server.port()))
    };
    let got = door(|_| ()).await.fetch(&request).await.expect("a body");
    assert_eq!(got.body, b"other");
    assert!(server.asked()[0].starts_with("POST / ") && server.asked()[0].contains("authorization: secret"));
    assert!(other.asked()[0].starts_with("GET / ") && !other.asked()[0].contains("secret"));
}

#[tokio::test]
async fn what_goes_wrong_is_one_line_in_words() {
    let zone = dns(|name, _, _| if name == "up.test" { at("127.0.0.1") } else { super::servers::Say::NxDomain }).await;
    let net = Net::new(&settings(zone)).expect("good settings");
    let gone = net.fetch(&get("http://gone.test/")).await.expect_err("no such host").to_string();
    assert!(gone.contains("the name does not exist"), "{gone}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let refused = net.fetch(&get(&format!("http://up.test:{closed}/"))).await.expect_err("closed").to_string();
    assert!(refused.contains("connection refused") && !refused.contains('\n'), "{refused}");
}

#[tokio::test]
async fn a_large_feed_goes_to_a_file_whole_or_not_at_all() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/feed") => page(&"name.test\n".repeat(100_000)),
        Some("/endless") => Act::Forever(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 10_000]),
        Some("/short") => send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"),
        _ => send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"),
    })
    .await;
    let net = door(|_| ()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let base = format!("http://feed.test:{}", server.port());
    let file = folder.path().join("feed.txt");
    let got = net.fetch_to_file(&get(&format!("{base}/feed")), &file, 2_000_000).await.expect("a file");
    assert_eq!((got.status, got.bytes, std::fs::metadata(&file).expect("it is there").len()), (200, 1_000_000, 1_000_000));
    let other = folder.path().join("other.txt");
    let error = net.fetch_to_file(&get(&format!("{base}/endless")), &other, 100_000).await.expect_err("too large");
    assert_eq!(error, FetchError::TooLarge { limit_bytes: 100_000 });
    assert!(net.fetch_to_file(&get(&format!("{base}/short")), &other, 100_000).await.is_err());
    assert_eq!(net.fetch_to_file(&get(&format!("{base}/no")), &other, 100_000).await.expect("an answer").status, 404);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["feed.txt"]);
}
