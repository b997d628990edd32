//! Vantage points: each variant goes out by its own proxy, plain and in the browser, and never another way.

use super::browser;
use crate::net::servers::{at, dns, http, page, settings, url};
use jianwei::capture;
use jianwei::net::Net;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that tunnels, and the targets that it was asked for.
async fn proxy() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (address, asked) = (listener.local_addr().expect("bound"), Arc::<Mutex<Vec<String>>>::default());
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = log.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap_or(b'\n'));
                    assert!(head.len() < 4_096, "no head");
                }
                let target = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().expect("no test thread panicked").push(target.clone());
                let Ok(mut server) = TcpStream::connect(target.as_str()).await else { return };
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variant_with_a_proxy_of_its_own_goes_out_there_and_the_others_do_not() {
    let server = http(|_| page("<p>here</p>")).await;
    let names = dns(|_, _, _| at("127.0.0.1")).await;
    let net = Net::new(&settings(names)).expect("good settings");
    let (address, asked) = proxy().await;
    let proxies = [("wechat".to_owned(), format!("http://{address}"))].into();
    let how = capture::Settings { proxies, ..capture::Settings::default() };
    how.check().expect("good settings");
    let temp = tempfile::tempdir().expect("a folder");
    let browser = browser(temp.path());
    let at = url(&format!("http://a.test:{}/", server.port()));
    let count = || asked.lock().expect("no test thread panicked").len();
    for (variant, through) in [("desktop", false), ("wechat", true)] {
        let exit = how.exit(variant, &net).expect("a way out");
        let before = count();
        let plain = capture::visit(&at, variant, false, &exit).await;
        assert_eq!((plain.page.map(|p| p.text), count() > before), (Some("here".to_owned()), through), "{variant} plain");
        let before = count();
        let rendered = browser.visit(&at, variant, &exit).await.expect("a browser");
        assert_eq!((rendered.page.map(|p| p.text), count() > before), (Some("here".to_owned()), through), "{variant} rendered");
    }
    let pinned = format!("127.0.0.1:{}", server.port());
    assert!(asked.lock().expect("no test thread panicked").iter().all(|t| *t == pinned), "the guard's own address is asked for");
    // Its proxy is gone: nothing arrives, by no other way either.
    let dead =
        capture::Settings { proxies: [("wechat".to_owned(), "http://127.0.0.1:9".to_owned())].into(), ..capture::Settings::default() };
    let exit = dead.exit("wechat", &net).expect("a way out");
    let before = server.asked().len();
    let plain = capture::visit(&at, "wechat", false, &exit).await;
    let rendered = browser.visit(&at, "wechat", &exit).await.expect("a browser");
    assert_eq!((plain.outcome.word(), rendered.outcome.word()), ("unreachable", "unreachable"));
    assert_eq!(server.asked().len(), before);
    browser.close().await;
}
