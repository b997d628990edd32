//! Replay: a page that would run script and call elsewhere does neither, in a real browser; and whoever has no ticket sees nothing.

use crate::console::browser::log_in;
use crate::console::chrome::Chrome;
use crate::console::lot::{Carried, at, keep, plain};
use crate::console::{Served, ask};
use base64::Engine as _;
use jianwei::records::{AuditAsk, Records};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The ground of the page where no script ran, and where one did.
const STILL: [u8; 3] = [12, 140, 60];

/// A server that counts whoever comes.
struct Listening {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Listening {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let came: Arc<AtomicUsize> = Arc::default();
        let count = came.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
                let mut head = [0; 2048];
                let got = stream.read(&mut head).unwrap_or(0);
                let (media, body) = if head[..got].starts_with(b"GET /page ") {
                    ("text/html; charset=utf-8", page(port))
                } else {
                    ("text/css", String::new())
                };
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Self { port, came }
    }
    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

/// Everything that a page could do to be heard or to act.
fn page(port: u16) -> String {
    let there = format!("http://127.0.0.1:{port}");
    format!(
        "<link rel=preconnect href={there}><link rel=dns-prefetch href={there}><link rel=preload as=image href={there}/l><link rel=stylesheet href={there}/c>\
         <style>@import '{there}/i'; body {{ background: rgb({},{},{}); margin: 0 }} p {{ background: url({there}/u) }}</style>\
         <script>document.body.style.background = 'red'; fetch('{there}/f'); new Image().src = '{there}/n'</script><script src={there}/s></script>\
         <img src={there}/i.png srcset='{there}/2 2x' onerror=\"document.body.style.background='red'\"><img src=x onerror=\"fetch('{there}/e')\">\
         <iframe src={there}/frame></iframe><iframe srcdoc=\"<script>parent.document.body.remove()</script>\"></iframe><object data={there}/o></object>\
         <svg><image href={there}/svg /><script>fetch('{there}/x')</script></svg><video src={there}/v autoplay poster={there}/p></video>\
         <form action={there}/form id=f><input name=a autofocus onfocus=\"this.form.submit()\"></form><a id=a href={there}/a ping={there}/ping>到别处去</a>\
         <meta http-equiv=refresh content=\"1;url={there}/m\"><p style=\"background:url('{there}/st')\">静态内容</p>",
        STILL[0], STILL[1], STILL[2]
    )
}

fn pixel(chrome: &mut Chrome, x: u32, y: u32) -> [u8; 3] {
    let data = chrome.call("Page.captureScreenshot", json!({"format": "png"}));
    let bytes = base64::engine::general_purpose::STANDARD.decode(data["data"].as_str().expect("a picture")).expect("base64");
    let picture = image::load_from_memory(&bytes).expect("a picture").to_rgb8();
    picture.get_pixel(x, y).0
}

#[test]
fn a_replayed_page_runs_no_script_and_asks_nobody_on_an_origin_of_its_own() {
    let Some(mut chrome) = Chrome::start() else { return };
    let listening = Listening::start();
    // First without us: this page does call, or the test would prove nothing.
    chrome.call("Page.navigate", json!({"url": format!("http://127.0.0.1:{}/page", listening.port)}));
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(listening.came() >= 5, "the page is heard where it may act: {}", listening.came());
    chrome.call("Page.navigate", json!({"url": "about:blank"}));
    std::thread::sleep(Duration::from_millis(1_000));

    let mut made = None;
    let mut served = Served::with(|records, root| {
        let carried = Carried { text: page(listening.port), ..plain(1) };
        made = Some(keep(records, root, &carried, at(0)));
    });
    let id = made.expect("filled");
    log_in(&mut chrome, &served, "analyst");
    chrome.open(&format!("{}/leads/{id}", served.origin()));
    let before = listening.came();
    chrome.turn(|c| {
        c.eval("document.querySelector('form[action$=\"/replay/open\"] button').click()");
    });
    chrome.wait("document.querySelector('iframe.replay')");
    chrome.eval("document.querySelector('iframe.replay').scrollIntoView()");
    std::thread::sleep(Duration::from_millis(3_000));
    chrome.shot("31-replay-hostile");
    let at = chrome.eval("(b => [b.right - 40, b.bottom - 40])(document.querySelector('iframe.replay').getBoundingClientRect())");
    let (x, y) = (at[0].as_f64().expect("x") as u32, at[1].as_f64().expect("y") as u32);
    assert_eq!(pixel(&mut chrome, x, y.min(890)), STILL, "the page is shown, in the colour that no script changed");
    // Clicking all over it leads nowhere.
    let box_ = chrome.eval("(b => [b.left, b.top, b.width])(document.querySelector('iframe.replay').getBoundingClientRect())");
    let (left, top) = (box_[0].as_f64().expect("x"), box_[1].as_f64().expect("y"));
    for n in 1..12 {
        for what in ["mousePressed", "mouseReleased"] {
            chrome.call(
                "Input.dispatchMouseEvent",
                json!({"type": what, "x": left + 30.0, "y": top + f64::from(n) * 25.0, "button": "left", "clickCount": 1}),
            );
        }
    }
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(listening.came(), before, "nobody was asked");
    assert_eq!(pixel(&mut chrome, x, y.min(890)), STILL, "it is still there");
    // Another origin, of which our own page can read nothing.
    let source = chrome.eval("document.querySelector('iframe.replay').src").as_str().expect("an address").to_owned();
    let origin = url::Url::parse(&source).expect("an address").origin().ascii_serialization();
    assert_ne!(origin, served.origin());
    assert_eq!(
        chrome.eval("(() => { try { return document.querySelector('iframe.replay').contentDocument } catch { return null } })()"),
        json!(null)
    );
    refused(&served, &source, &id.0);
    let (dir, _) = (served.kept.take().expect("its folder"), served);
    drop(chrome);
    let records = loop {
        // The console is gone when its lock is.
        if let Ok(records) = Records::open(&dir.path().join("data"), &Vec::new) {
            break records;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let (lines, _) = records.audit(&AuditAsk { word: Some("unmask".into()), ..AuditAsk::default() }).expect("read");
    assert_eq!(lines.iter().map(|l| l.by.as_str()).collect::<Vec<_>>(), ["analyst"], "who looked stands in the journal");
}

/// Without a frame, with a wrong ticket, with tricks, for somebody else: nothing. What is shown carries its walls.
fn refused(served: &Served, source: &str, id: &str) {
    let url = url::Url::parse(source).expect("an address");
    let address = format!("127.0.0.1:{}", url.port().expect("a port"));
    let path = url.path();
    let framed = [("sec-fetch-dest", "iframe")];
    let good = ask(&address, "GET", path, &framed, b"");
    assert_eq!(good.status, 200, "{}", good.text());
    let policy = good.header("content-security-policy").expect("a policy").to_owned();
    for part in ["sandbox;", "default-src 'none'", "form-action 'none'", "base-uri 'none'", &format!("frame-ancestors {}", served.origin())]
    {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
    assert!(!good.text().contains("<script") && !good.text().contains("onerror"), "{}", good.text());
    for (path, headers, what) in [
        (path.to_owned(), &[][..], "no frame"),
        (path.to_owned(), &[("sec-fetch-dest", "document")][..], "alone in a tab"),
        (format!("/{}/", "0".repeat(64)), &framed[..], "a guessed ticket"),
        (format!("{path}0"), &framed[..], "a file that there is none of"),
        (format!("{path}..%2f..%2fdossier.json"), &framed[..], "a path trick"),
        ("/".to_owned(), &framed[..], "nothing"),
        ("/login".to_owned(), &framed[..], "the console's pages"),
    ] {
        let answer = ask(&address, "GET", &path, headers, b"");
        assert!(matches!(answer.status, 400 | 404), "{what}: {}", answer.status);
        assert!(
            answer.status == 400 || answer.header("content-security-policy").is_some_and(|p| p.contains("default-src 'none'")),
            "{what}"
        );
    }
    assert!(ask(&address, "POST", path, &framed, b"").status >= 400);
    // The frame's page belongs to the session that opened it.
    let ticket = path.trim_matches('/');
    assert_eq!(served.login("analyst").get(&format!("/leads/{id}/replay/{ticket}")).status, 404, "another session of the same person");
    assert_eq!(served.login("auditor").get(&format!("/leads/{id}/replay/{ticket}")).status, 403);
}
