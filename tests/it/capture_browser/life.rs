//! A browser that is killed or hangs, a page that never ends, and what many visits leave behind.

use super::browser;
use crate::net::servers::{Act, door, http, page, url};
use jianwei::model::capture::Outcome;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_browser_and_one_that_stands_still_are_replaced_and_the_visit_is_made() {
    let temp = tempfile::tempdir().expect("a folder");
    let browser = browser(temp.path());
    let server = http(|head| match head.split(' ').nth(1).unwrap_or_default().rsplit('/').next().unwrap_or_default() {
        "slow" => Act::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<p>slow".to_vec(), 60),
        "spin" => page("<p>before</p><script>for(;;){}</script>"),
        "endless" => Act::Forever(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n".to_vec(), vec![b'a'; 65_536]),
        _ => page("<p>here</p>"),
    })
    .await;
    let net = door(|s| s.timeout_ms = 15_000).await;
    let at = |path: &str| url(&format!("http://a.test:{}/{path}", server.port()));
    let read = |capture: &jianwei::model::capture::Capture| capture.page.as_ref().map(|p| p.text.clone()).unwrap_or_default();

    let killed = {
        let (other, net, slow) = (browser.clone(), net.clone(), at("slow"));
        let visit = tokio::spawn(async move { other.visit(&slow, "desktop", &net).await });
        let id = loop {
            if let Some(id) = browser.process_id().await {
                break id;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        tokio::time::sleep(Duration::from_millis(700)).await;
        let pid = rustix::process::Pid::from_raw(i32::try_from(id).expect("a process id")).expect("not 0");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
        visit.await.expect("no panic").expect("a browser")
    };
    assert_eq!((killed.outcome.clone(), browser.started()), (Outcome::Captured, 2));
    assert_eq!(killed.browser.as_ref().map(|b| b.repeated), Some(1));

    let spin = browser.visit(&at("spin"), "desktop", &net).await.expect("a browser");
    assert!(matches!(spin.outcome, Outcome::TimedOut { .. }), "{:?}", spin.outcome);
    let endless = browser.visit(&at("endless"), "desktop", &net).await.expect("a browser");
    assert!(endless.browser.as_ref().is_some_and(|b| b.passages.iter().all(|p| p.bytes_down <= 25 << 20)));
    assert_eq!(read(&browser.visit(&at(""), "desktop", &net).await.expect("a browser")), "here");

    let id = browser.process_id().await.expect("it runs");
    let pid = rustix::process::Pid::from_raw(i32::try_from(id).expect("a process id")).expect("not 0");
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("it runs");
    let before = browser.started();
    assert_eq!(read(&browser.visit(&at(""), "desktop", &net).await.expect("a browser")), "here");
    assert_eq!(browser.started(), before + 1);

    browser.close().await;
    assert_eq!(std::fs::read_dir(temp.path()).expect("there").count(), 0, "a profile is left");
    assert!(
        !std::path::Path::new(&format!("/proc/{id}")).exists()
            || std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|s| s.contains(") Z "))
    );
}
