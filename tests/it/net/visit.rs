//! Visits: what is kept, what is refused, and what hostile servers get out of us.

use super::servers::{Act, at, dns, door, ended, http, page, send, settings, to, url, visit};
use flate2::Compression;
use flate2::write::GzEncoder;
use jianwei::model::capture::Outcome;
use jianwei::net::Net;
use std::io::Write as _;
use std::time::{Duration, Instant};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn heads_and_bodies_are_kept_as_they_were_on_the_wire() {
    let answer = "HTTP/1.1 200 Fine Thanks\r\nserver: x\r\nX-ODD-case:  y \r\nTransfer-Encoding: chunked\r\n\r\n";
    let wire = "6;ext=1\r\n<html>\r\n1\r\n!\r\n0\r\n\r\n";
    let server = http(move |_| send(&format!("{answer}{wire}"))).await;
    let hops = visit(&door(|_| ()).await, &format!("http://Copy.Test:{}/a?b#c", server.port())).await;
    let hop = &hops[0];
    let request = format!(
        "GET /a?b HTTP/1.1\r\nHost: copy.test:{}\r\nUser-Agent: visitor\r\naccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: close\r\n\r\n",
        server.port()
    );
    assert_eq!(String::from_utf8_lossy(&hop.request_head), request);
    assert_eq!(server.asked(), [request]);
    assert_eq!(String::from_utf8_lossy(&hop.response_head), answer);
    assert_eq!(hop.headers[1], ("X-ODD-case".to_owned(), "y".to_owned()));
    assert_eq!(String::from_utf8_lossy(&hop.wire_body), wire);
    assert_eq!(hop.body, b"<html>!");
    assert_eq!((hop.wire_bytes, hop.truncated, hop.address), (wire.len() as u64, false, Some(server.address)));
    assert!(hop.timing.dns_ms.is_some() && hop.timing.connect_ms.is_some() && hop.timing.first_byte_ms.is_some());
    assert_eq!((hops.len(), &hop.trouble, &hop.tls), (1, &None, &None));
}

#[tokio::test]
async fn interim_answers_are_skipped_and_bytes_after_the_body_are_not_the_body() {
    let server = http(|_| send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA")).await;
    let hops = visit(&door(|_| ()).await, &format!("http://a.test:{}/", server.port())).await;
    assert_eq!(hops[0].response_head, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    assert_eq!((hops[0].wire_body.as_slice(), ended(&hops).as_str()), (&b"ok"[..], "200 ok"));
}

#[tokio::test]
async fn compressed_pages_are_decoded_and_kept_compressed_too() {
    let body = gzip("查询".as_bytes());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    let whole = [head.into_bytes(), body.clone()].concat();
    let server = http(move |_| Act::Send(whole.clone())).await;
    let hops = visit(&door(|_| ()).await, &format!("http://a.test:{}/", server.port())).await;
    assert_eq!((hops[0].wire_body.as_slice(), ended(&hops).as_str()), (body.as_slice(), "200 查询"));
}

#[tokio::test]
async fn redirects_are_followed_and_each_hop_is_kept() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/start") => to("/b/c?d#frag"),
        Some("/b/c?d") => send("HTTP/1.1 301 Moved\r\nlocation: //other.test:PORT/x\r\nContent-Length: 0\r\n\r\n"),
        _ => page("end"),
    })
    .await;
    let hops = visit(&door(|_| ()).await, &format!("http://user:pw@a.test:{}/start", server.port())).await;
    let urls: Vec<&str> = hops.iter().map(|h| h.url.as_str()).collect();
    let base = format!("http://a.test:{}", server.port());
    assert_eq!(urls, [format!("{base}/start"), format!("{base}/b/c?d")]);
    assert_eq!(hops[0].redirect_to.as_deref(), Some(urls[1]));
    assert!(ended(&hops).starts_with("failed: redirects to `//other.test:PORT/x`, which is no URL"), "{}", ended(&hops));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_and_recorded() {
    for (location, address, why) in [
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254", "link_local"),
        ("http://10.0.0.1/", "10.0.0.1", "private"),
        ("http://[::1]:8080/", "::1", "loopback"),
        ("http://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1", "ipv4_mapped_private"),
        ("http://127.0.0.1:22/", "127.0.0.1:22", "bad_port"),
        ("http://a.test:6667/", "a.test:6667", "bad_port"),
    ] {
        let server = http(move |_| to(location)).await;
        let hops = visit(&door(|_| ()).await, &format!("http://a.test:{}/", server.port())).await;
        let want = Outcome::RefusedByGuard { address: address.into(), why: why.into() };
        assert_eq!((hops.len(), &hops[1].trouble), (2, &Some(want)), "{location}");
        assert!(hops[1].request_head.is_empty() && hops[1].address.is_none(), "{location}");
        assert_eq!(hops[0].redirect_to, Some(url(location).to_string()));
    }
}

#[tokio::test]
async fn literal_addresses_are_refused_in_every_spelling() {
    let net = door(|s| s.allow_private.clear()).await;
    for (url, why) in [
        ("http://2130706433/", "loopback"),
        ("http://0x7f.1/", "loopback"),
        ("http://0177.0.0.1:8080/", "loopback"),
        ("http://[::ffff:10.0.0.1]/", "ipv4_mapped_private"),
        ("http://[64:ff9b::a00:1]/", "nat64_private"),
        ("http://0.0.0.0/", "unspecified"),
    ] {
        let hops = visit(&net, url).await;
        assert!(ended(&hops).starts_with("refused_by_guard") && ended(&hops).contains(why), "{url}: {}", ended(&hops));
    }
}

#[tokio::test]
async fn only_the_allowed_network_opens_a_private_address() {
    let server = http(|_| page("in")).await;
    let dns = dns(|name, _, _| if name == "near.test" { at("127.0.0.1") } else { at("127.7.0.1") }).await;
    let mut narrow = settings(dns);
    narrow.allow_private = vec!["127.0.0.1/32".into()];
    let net = Net::new(&narrow).expect("good settings");
    assert_eq!(ended(&visit(&net, &format!("http://near.test:{}/", server.port())).await), "200 in");
    let far = visit(&net, &format!("http://far.test:{}/", server.port())).await;
    assert_eq!(far[0].trouble, Some(Outcome::RefusedByGuard { address: "127.7.0.1".into(), why: "loopback".into() }));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_name_that_changes_its_address_between_look_ups_reaches_no_refused_one() {
    let server = http(|_| page("first")).await;
    // Allowed at the first look-up, private at every later one.
    let dns = dns(|_, _, n| if n == 0 { at("127.0.0.1") } else { at("10.0.0.1") }).await;
    let net = Net::new(&settings(dns)).expect("good settings");
    let url = format!("http://rebind.test:{}/", server.port());
    let first = visit(&net, &url).await;
    assert_eq!((ended(&first).as_str(), first[0].address), ("200 first", Some(server.address)));
    let second = visit(&net, &url).await;
    assert_eq!(second[0].trouble, Some(Outcome::RefusedByGuard { address: "10.0.0.1".into(), why: "private".into() }));
}

#[tokio::test]
async fn of_mixed_answers_only_the_allowed_are_used() {
    let server = http(|_| page("ok")).await;
    let mixed = || super::servers::Say::Addresses(["10.0.0.1", "127.0.0.1"].iter().map(|ip| ip.parse().expect("an address")).collect());
    let net = Net::new(&settings(dns(move |_, _, _| mixed()).await)).expect("good settings");
    let hops = visit(&net, &format!("http://mixed.test:{}/", server.port())).await;
    assert_eq!((ended(&hops).as_str(), hops[0].address), ("200 ok", Some(server.address)));
}

#[tokio::test]
async fn a_name_that_does_not_exist_and_a_closed_port_are_told_apart() {
    let dns = dns(|name, _, _| match name {
        "gone.test" => super::servers::Say::NxDomain,
        "empty.test" => super::servers::Say::NoData,
        "broken.test" => super::servers::Say::Rcode(hickory_proto::op::ResponseCode::ServFail),
        _ => at("127.0.0.1"),
    })
    .await;
    let net = Net::new(&settings(dns)).expect("good settings");
    assert_eq!(visit(&net, "http://gone.test/").await[0].trouble, Some(Outcome::NoSuchHost));
    assert_eq!(visit(&net, "http://empty.test/").await[0].trouble, Some(Outcome::NoSuchHost));
    assert_eq!(ended(&visit(&net, "http://broken.test/").await), "unreachable: no answer: DNS gave no usable answer: SERVFAIL");
    let closed = http(|_| page("")).await.port();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = listener.local_addr().expect("bound").port();
    drop(listener);
    assert_ne!(free, closed);
    assert_eq!(
        ended(&visit(&net, &format!("http://a.test:{free}/")).await),
        format!("unreachable: no answer: 127.0.0.1:{free}: connection refused")
    );
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_the_cap_and_soon() {
    let bomb = gzip(&vec![0; 256 << 20]);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let whole = [head.into_bytes(), bomb].concat();
    let server = http(move |_| Act::Send(whole.clone())).await;
    let net = door(|s| s.max_body_bytes = 1 << 20).await;
    let started = Instant::now();
    let hops = visit(&net, &format!("http://a.test:{}/", server.port())).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(hops[0].trouble, Some(Outcome::TooLarge { limit_bytes: 1 << 20 }));
    assert_eq!((hops[0].body.len(), hops[0].truncated), (1 << 20, true));
    assert!(hops[0].body.capacity() <= 4 << 20);
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_cap_and_its_first_part_kept() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    ] {
        let server = http(move |_| Act::Forever(head.into(), b"4\r\nabcd\r\n".repeat(1_000))).await;
        let net = door(|s| s.max_body_bytes = 100_000).await;
        let hops = visit(&net, &format!("http://a.test:{}/", server.port())).await;
        assert_eq!(hops[0].trouble, Some(Outcome::TooLarge { limit_bytes: 100_000 }), "{head}");
        assert_eq!((hops[0].wire_body.len(), hops[0].truncated), (100_000, true));
        assert!(hops[0].body.len() > 30_000, "{head}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_whole() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/length") => page(&"x".repeat(1_000)),
        _ => send(&format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1_000))),
    })
    .await;
    let net = door(|s| s.max_body_bytes = 1_000).await;
    for path in ["length", "close"] {
        let hops = visit(&net, &format!("http://a.test:{}/{path}", server.port())).await;
        assert_eq!((&hops[0].trouble, hops[0].body.len(), hops[0].truncated), (&None, 1_000, false), "{path}");
    }
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_time_and_keeps_what_came() {
    for (drip, status) in [("HTTP/1.1 200 OK\r\n\r\nslow page that never ends, never ends", true), ("HTTP/1.1 200 O", false)] {
        let server = http(move |_| Act::Drip(drip.as_bytes().repeat(50), 10)).await;
        let net = door(|s| s.timeout_ms = 400).await;
        let started = Instant::now();
        let hops = visit(&net, &format!("http://a.test:{}/", server.port())).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        assert_eq!(hops[0].trouble, Some(Outcome::TimedOut { after_ms: 400 }));
        assert_eq!((hops[0].status.is_some(), !hops[0].body.is_empty(), hops[0].truncated), (status, status, true));
    }
}

#[tokio::test]
async fn the_time_is_for_the_whole_visit_and_not_for_each_hop() {
    let server = http(|head| {
        let n: u32 = head.split(' ').nth(1).and_then(|p| p[1..].parse().ok()).unwrap_or(0);
        Act::Drip(format!("HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n", n + 1).into_bytes(), 3)
    })
    .await;
    let net = door(|s| s.timeout_ms = 1_200).await;
    let started = Instant::now();
    let hops = visit(&net, &format!("http://a.test:{}/0", server.port())).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(hops.len() > 1, "{}", hops.len());
    assert_eq!(hops.last().and_then(|h| h.trouble.clone()), Some(Outcome::TimedOut { after_ms: 1_200 }));
}

#[tokio::test]
async fn silence_before_and_after_the_head_is_not_waited_out() {
    for (said, whole) in [("", false), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true)] {
        let server = http(move |_| Act::Hold(said.into())).await;
        let net = door(|s| s.timeout_ms = 800).await;
        let hops = visit(&net, &format!("http://a.test:{}/", server.port())).await;
        assert_eq!(hops[0].trouble.is_none(), whole, "{}", ended(&hops));
    }
}

#[tokio::test]
async fn redirect_loops_and_long_chains_end() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/loop") => to("/pool"),
        Some("/pool") => to("/loop"),
        Some(path) => to(&format!("{path}1")),
        None => page(""),
    })
    .await;
    let net = door(|s| s.max_redirects = 4).await;
    let base = format!("http://a.test:{}", server.port());
    let hops = visit(&net, &format!("{base}/loop")).await;
    assert_eq!((hops.len(), ended(&hops)), (2, format!("failed: redirect loop: {base}/loop was asked before")));
    let hops = visit(&net, &format!("{base}/x")).await;
    assert_eq!((hops.len(), ended(&hops)), (5, "failed: more than 4 redirects".to_owned()));
    assert_eq!(hops[4].redirect_to, Some(format!("{base}/x11111")));
}

#[tokio::test]
async fn a_page_that_redirects_to_itself_until_its_cookie_comes_back_is_reached() {
    let server = http(|head| {
        if head.contains("\r\nCookie: seen=1\r\n") {
            page("in")
        } else {
            send("HTTP/1.1 302 Found\r\nSet-Cookie: seen=1; path=/\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        }
    })
    .await;
    let net = door(|_| ()).await;
    let url = format!("http://a.test:{}/", server.port());
    assert_eq!(ended(&visit(&net, &url).await), "200 in");
    assert_eq!(visit(&net, &url).await.len(), 2, "a second visit starts without cookies");
}

#[tokio::test]
async fn header_floods_are_cut() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/lines") => send(&format!("HTTP/1.1 200 OK\r\n{}\r\nbody", "A: b\r\n".repeat(201))),
        Some("/bytes") => send(&format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\nbody", "x".repeat(70_000))),
        Some("/interim") => Act::Forever(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        _ => Act::Forever(b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n".to_vec()),
    })
    .await;
    let net = door(|_| ()).await;
    for (path, want) in [
        ("lines", "failed: more than 200 header lines"),
        ("bytes", "too_large: larger than 65536 bytes"),
        ("endless", "too_large: larger than 65536 bytes"),
        ("interim", "failed: malformed HTTP: status 100 where an answer was due"),
    ] {
        assert_eq!(ended(&visit(&net, &format!("http://a.test:{}/{path}", server.port())).await), want, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_said_in_words() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/none") => send(""),
        Some("/half") => send("HTTP/1.1 200 OK\r\nA: b\r\n"),
        Some("/ssh") => Act::Hold(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
        Some("/09") => send("<html>old</html>"),
        Some("/upgrade") => send("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        _ => send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody"),
    })
    .await;
    let net = door(|_| ()).await;
    for (path, want) in [
        ("none", "unreachable: no answer: the server hung up without a word"),
        ("half", "failed: malformed HTTP: the head breaks off after 23 bytes"),
        ("ssh", "failed: malformed HTTP: it starts `SSH-2.0-OpenSSH_9.2p1..`"),
        ("09", "failed: malformed HTTP: it starts `<html>old</html>`"),
        ("upgrade", "failed: malformed HTTP: status 101 where an answer was due"),
        ("lengths", "failed: malformed HTTP: content-length `4, 5`"),
    ] {
        assert_eq!(ended(&visit(&net, &format!("http://a.test:{}/{path}", server.port())).await), want, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_kept_and_marked() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/short") => send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n<html>half"),
        _ => send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n<html>half\r\n5\r\nxx"),
    })
    .await;
    let net = door(|_| ()).await;
    for (path, body) in [("short", "<html>half"), ("chunk", "<html>halfxx")] {
        let hops = visit(&net, &format!("http://a.test:{}/{path}", server.port())).await;
        assert_eq!((ended(&hops), hops[0].truncated), (format!("200 {body}"), true), "{path}");
    }
}

#[tokio::test]
async fn a_location_in_gbk_or_utf8_is_asked_back_byte_for_byte() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/gbk") => Act::Send(b"HTTP/1.1 302 Found\r\nLocation: /\xb2\xe9\xd1\xaf?q=\xd6\xa4\r\nContent-Length: 0\r\n\r\n".to_vec()),
        Some("/utf8") => Act::Send("HTTP/1.1 302 Found\r\nLocation: /查询\r\nContent-Length: 0\r\n\r\n".into()),
        _ => page("there"),
    })
    .await;
    let net = door(|_| ()).await;
    for (path, asked) in [("gbk", "GET /%B2%E9%D1%AF?q=%D6%A4 HTTP/1.1"), ("utf8", "GET /%E6%9F%A5%E8%AF%A2 HTTP/1.1")] {
        assert_eq!(ended(&visit(&net, &format!("http://a.test:{}/{path}", server.port())).await), "200 there");
        assert!(server.asked().last().is_some_and(|head| head.starts_with(asked)), "{:?}", server.asked());
    }
}

#[tokio::test]
async fn a_redirect_out_of_the_web_is_recorded_and_not_followed() {
    for location in ["weixin://dl/business/?t=1", "javascript:alert(1)", "file:///etc/passwd"] {
        let server = http(move |_| to(location)).await;
        let hops = visit(&door(|_| ()).await, &format!("http://a.test:{}/", server.port())).await;
        assert_eq!((hops.len(), hops[0].redirect_to.as_deref()), (1, Some(location)));
        assert!(ended(&hops).ends_with("which is no web page"), "{}", ended(&hops));
    }
}

#[tokio::test]
async fn a_redirect_whose_body_stalls_is_followed_all_the_same() {
    let server = http(|head| match head.split(' ').nth(1) {
        Some("/") => Act::Hold(b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 99\r\n\r\nMoved".to_vec()),
        _ => page("next"),
    })
    .await;
    let hops = visit(&door(|_| ()).await, &format!("http://a.test:{}/", server.port())).await;
    assert_eq!((ended(&hops).as_str(), hops[0].wire_body.as_slice(), hops[0].truncated), ("200 next", &b"Moved"[..], true));
}

#[tokio::test]
async fn requests_to_one_host_are_an_interval_apart_and_waiting_costs_no_time() {
    let server = http(|head| if head.starts_with("GET /a") { to("/b") } else { page("b") }).await;
    let net = door(|s| (s.per_host_interval_ms, s.timeout_ms) = (500, 950)).await;
    let started = Instant::now();
    let url = format!("http://a.test:{}/a", server.port());
    let sub = format!("http://www.a.test:{}/b", server.port());
    let other = format!("http://b.test:{}/b", server.port());
    let clone = net.clone();
    let (first, second, third) = tokio::join!(visit(&net, &url), visit(&clone, &sub), async {
        let hops = visit(&clone, &other).await;
        (ended(&hops), started.elapsed())
    });
    assert_eq!((ended(&first).as_str(), ended(&second).as_str(), third.0.as_str()), ("200 b", "200 b", "200 b"));
    assert!(third.1 < Duration::from_millis(490), "another host does not wait: {:?}", third.1);
    assert!(started.elapsed() >= Duration::from_millis(1_000), "three requests to a.test take two intervals: {:?}", started.elapsed());
    let mut starts: Vec<i64> = first.iter().chain(&second).map(|h| h.at.millis()).collect();
    starts.sort_unstable();
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 490), "{starts:?}");
}
