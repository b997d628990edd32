//! What a page tries in order to reach a private address through us, and that each try is refused and stands in the visit's log.

use super::{browser, https};
use crate::net::servers::{Act, Say, at, dns, http, send, settings, to, url};
use jianwei::model::capture::{Capture, Outcome};
use jianwei::net::Net;
use std::sync::{Arc, Mutex};

fn html(body: &str) -> Act {
    send(&format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn refused(capture: &Capture, target: &str) -> bool {
    capture.browser.as_ref().is_some_and(|b| b.passages.iter().any(|p| p.target.contains(target) && p.by_guard && p.address.is_none()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_leads_the_browser_to_a_private_address_and_every_try_is_in_the_log() {
    let temp = tempfile::tempdir().expect("a folder");
    let browser = browser(temp.path());
    // The secret stands on loopback, outside the one address that is allowed.
    let hits: Arc<Mutex<Vec<String>>> = Arc::default();
    let secret = tokio::net::TcpListener::bind("127.0.0.2:0").await.expect("a port");
    let port = secret.local_addr().expect("bound").port();
    let seen = hits.clone();
    tokio::spawn(async move {
        while let Ok((_, from)) = secret.accept().await {
            seen.lock().expect("no test thread panicked").push(from.to_string());
        }
    });
    let page = http(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let at = |host: &str| format!("{host}:{port}");
        match path.split('/').nth(3).unwrap_or(path.trim_start_matches('/')) {
            "redirect" => to(&format!("http://{}/r", at("127.0.0.2"))),
            "frame" => html(&format!("<p>框架</p><iframe src='http://{}/f'></iframe>", at("127.0.0.2"))),
            "fetch" => html(&format!("<p>取</p><script>fetch('http://{}/x',{{mode:'no-cors'}}).catch(()=>0);new Image().src='http://[::ffff:10.0.0.1]/i.png';navigator.sendBeacon('http://{}/b','1')</script>", at("127.0.0.2"), at("127.0.0.2"))),
            "socket" => html(&format!("<p>口</p><script>new WebSocket('ws://{}/w')</script>", at("127.0.0.2"))),
            "rebind" => html(&format!("<p>换</p><script>fetch('http://rebind.test:{port}/x',{{mode:'no-cors'}}).catch(()=>0)</script>")),
            "script" => html(&format!("<p>走</p><script>location.href='http://{}/s'</script>", at("127.0.0.2"))),
            "file" => html("<p>文件</p><iframe src='file:///etc/passwd'></iframe><script>window.open('http://a.test/');location.href='file:///etc/passwd'</script>"),
            "post" => html("<p>交</p><form id=f method=post action=/taken><input name=a value=1></form><script>document.getElementById('f').submit()</script>"),
            "down" => send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.apk\r\nContent-Length: 4\r\n\r\nPK00"),
            "alert" => html("<p>前</p><script>alert('请下载');document.body.append('后')</script>"),
            _ => html("<p>空</p>"),
        }
    })
    .await;
    let names = dns(|name, rrtype, n| match (name, rrtype) {
        ("rebind.test", "A") if n > 0 => at("127.0.0.2"),
        (_, "A") => at("127.0.0.1"),
        _ => Say::NoData,
    })
    .await;
    let mut narrow = settings(names);
    narrow.allow_private = vec!["127.0.0.1/32".into()];
    let net = Net::new(&narrow).expect("good settings");
    let visit = async |what: &str| browser.visit(&url(what), "desktop", &net).await.expect("a browser");
    let on_page = |what: &str| format!("http://a.test:{}/{what}", page.port());

    for literal in ["http://[::ffff:10.0.0.1]/", "http://10.0.0.1/", "https://192.168.1.1/", "http://2130706434/", "http://localhost:1/"] {
        let capture = visit(literal).await;
        assert!(
            matches!(capture.outcome, Outcome::RefusedByGuard { .. } | Outcome::NoSuchHost | Outcome::Unreachable { .. }),
            "{literal}: {:?}",
            capture.outcome
        );
        assert!(capture.page.is_none(), "{literal}");
    }
    let mapped = visit("http://[::ffff:10.0.0.1]/").await;
    assert_eq!(mapped.outcome, Outcome::RefusedByGuard { address: "::ffff:10.0.0.1".into(), why: "ipv4_mapped_private".into() });
    let redirect = visit(&on_page("redirect")).await;
    assert_eq!(redirect.outcome, Outcome::RefusedByGuard { address: "127.0.0.2".into(), why: "loopback".into() });
    // The same from https.
    let secret_at = format!("127.0.0.2:{port}");
    let target = format!("http://{secret_at}/t");
    let (over_tls, _) = https(move |_| to(&target)).await;
    let secured = visit(&format!("https://a.test:{over_tls}/")).await;
    assert_eq!(secured.outcome, Outcome::RefusedByGuard { address: "127.0.0.2".into(), why: "loopback".into() });
    assert!(refused(&secured, &secret_at), "{:?}", secured.browser.map(|b| b.passages));
    let onward = format!("https://{secret_at}/t");
    let (over_tls, _) = https(move |_| to(&onward)).await;
    let secured = visit(&format!("https://a.test:{over_tls}/")).await;
    assert_eq!(secured.outcome, Outcome::RefusedByGuard { address: "127.0.0.2".into(), why: "loopback".into() });
    assert!(refused(&secured, &secret_at), "{:?}", secured.browser.map(|b| b.passages));
    for (what, target) in [
        ("redirect", secret_at.as_str()),
        ("frame", &secret_at),
        ("fetch", &secret_at),
        ("fetch", "ffff:"),
        ("socket", &secret_at),
        ("script", &secret_at),
    ] {
        let capture = visit(&on_page(what)).await;
        assert!(refused(&capture, target), "{what}: {:?}", capture.browser.map(|b| b.passages));
    }
    // Allowed at the first question, private at the second: the browser asks nobody, the gate asks and judges each time.
    let first = visit(&format!("http://rebind.test:{}/rebind", page.port())).await;
    assert_eq!(first.outcome, Outcome::Captured);
    assert!(refused(&first, "rebind.test"), "{:?}", first.browser.map(|b| b.passages));
    let file = visit(&on_page("file")).await;
    assert!(!file.page.as_ref().is_some_and(|p| p.text.contains("root:")) && file.kept.iter().all(|k| !k.body.starts_with(b"root:")));
    let post = visit(&on_page("post")).await;
    assert!(post.browser.as_ref().is_some_and(|b| b.denied.iter().any(|d| d.contains("POST"))), "{:?}", post.browser);
    assert!(page.asked().iter().all(|head| !head.starts_with("POST")), "a form was sent");
    let down = visit(&on_page("down")).await;
    assert!(matches!(down.outcome, Outcome::NotHtml { .. }), "{:?}", down.outcome);
    let alert = visit(&on_page("alert")).await;
    assert!(alert.page.as_ref().is_some_and(|p| p.text.contains('后')), "{alert:?}");
    assert!(alert.browser.as_ref().is_some_and(|b| b.denied.iter().any(|d| d.contains("请下载"))));
    assert_eq!(*hits.lock().expect("no test thread panicked"), Vec::<String>::new(), "something reached the private address");
    assert_eq!(browser.started(), 1);
    browser.close().await;
}
