//! What a package holds of the browser's visits: whose certificates they were, and every connection that was refused.

use super::https_by_number;
use crate::cli::{command, stderr, stdout};
use crate::net::servers::{Act, at, dns, http, send};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jianwei::evidence;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

fn html(body: &str) -> Act {
    send(&format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Runs `check` in `dir` with the browser always on, and gives the package.
async fn checked(dir: &Path, names: SocketAddr, url: String) -> (serde_json::Value, PathBuf) {
    let text = format!(
        "[data]\ndir = \"data\"\n[net]\nresolvers = [\"{names}\"]\nallow_private = [\"127.0.0.1/32\"]\nper_host_interval_ms = 20\n\
         [capture]\nbrowser = \"always\"\nvariants = [\"desktop\", \"wechat\"]\n[attribution]\nask_registries = false\n"
    );
    std::fs::write(dir.join("jianwei.toml"), text).expect("written");
    let here = dir.to_owned();
    let run = tokio::task::spawn_blocking(move || command(&here, &["check", "--json", &url]).output().expect("the program starts"));
    let run = run.await.expect("no panic");
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let told: serde_json::Value = serde_json::from_str(stdout(&run).lines().next().unwrap_or_default()).expect("one JSON object");
    let mut packages = evidence::packages(&dir.join("data/evidence")).expect("packages");
    (told, packages.pop().expect("one package"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_in_the_package_is_that_of_the_connection_which_brought_the_page() {
    let (port, shown) = https_by_number(|number, _| html(&format!("<title>查询</title><p>连接 {number} 号</p>"))).await;
    let names = dns(|_, _, _| at("127.0.0.1")).await;
    let dir = tempfile::tempdir().expect("a folder");
    let (told, package) = checked(dir.path(), names, format!("https://a.test:{port}/")).await;
    let stored = evidence::read(&dir.path().join("data/evidence"), &package).expect("a package reads back");
    let shown = shown.lock().expect("no test thread panicked").clone();
    let pem = std::fs::read_to_string(package.join("net/tls-chain.pem")).expect("the chains are kept").replace('\n', "");
    let captures = &stored.dossier.captures;
    assert_eq!(captures.iter().filter(|c| c.browser.is_some()).count(), 2, "{}", captures.len());
    assert_eq!(captures.iter().filter(|c| c.browser.is_none()).count(), 2, "{}", captures.len());
    let mut numbers = std::collections::BTreeSet::new();
    for capture in captures {
        let page = capture.page.as_ref().expect("a page");
        let number: usize = page.text.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect("its connection's number");
        let sent: Vec<String> = shown[number].iter().map(|der| STANDARD.encode(der)).collect();
        let tls = capture.hops.last().and_then(|h| h.tls.as_ref()).expect("TLS facts");
        if let Some(browser) = &capture.browser {
            // A browser tells the certificates of the origin, not of a connection: they never pass for a chain.
            assert!(tls.chain.is_empty() && tls.leaf.is_none(), "{} in the browser", capture.variant);
            let leaf = browser.certificates.first().expect("the browser tells a certificate");
            assert!(shown.iter().any(|chain| STANDARD.encode(&chain[0]) == *leaf), "{} was shown none like it", capture.variant);
            let which = shown.iter().position(|chain| STANDARD.encode(&chain[0]) == *leaf);
            eprintln!("{}: the page came over connection {number}, the browser tells that of {which:?}", capture.variant);
        } else {
            assert_eq!(tls.chain, sent, "{} plain, connection {number}", capture.variant);
            assert_eq!(tls.leaf.as_ref().map(|l| l.names.clone()), Some(vec!["a.test".to_owned()]));
            assert!(sent.iter().all(|der| pem.contains(der.as_str())), "{} connection {number}: not in net/tls-chain.pem", capture.variant);
        }
        numbers.insert(number);
    }
    assert_eq!(numbers.len(), 4, "every visit has a connection of its own");
    let finding = told["findings"].as_array().into_iter().flatten().find(|f| f["signal"] == "another_certificate");
    assert!(finding.is_some_and(|f| f["points"] == 0 && f["place"].as_str().is_some_and(|p| p.contains("/tls/leaf"))), "{told}");
    let bad: Vec<_> = evidence::verify(&package).into_iter().filter(|c| !c.pass).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refused_try_stands_in_the_operation_log() {
    let page = http(|_| {
        html(
            "<p>试</p><iframe src='http://10.0.0.2/f'></iframe><script>fetch('http://10.0.0.3/x',{mode:'no-cors'}).catch(()=>0);\
             new WebSocket('ws://10.0.0.4/w');new Image().src='http://[::ffff:10.0.0.1]/i.png';new Image().src='https://rebind.test/i'</script>",
        )
    })
    .await;
    let names = dns(|name, _, n| match name {
        "rebind.test" if n == 0 => at("10.0.0.5"),
        _ => at("127.0.0.1"),
    })
    .await;
    let dir = tempfile::tempdir().expect("a folder");
    let (_, package) = checked(dir.path(), names, format!("http://a.test:{}/", page.port())).await;
    let log = std::fs::read_to_string(package.join("log/operation.jsonl")).expect("a log");
    let refused: Vec<&str> = log.lines().filter(|l| l.contains("\"what\":\"refused\"") && l.contains("\"by_guard\":true")).collect();
    for target in ["10.0.0.2", "10.0.0.3", "10.0.0.4", "ffff:", "rebind.test"] {
        assert!(refused.iter().any(|l| l.contains(target)), "{target} is not in the log:\n{log}");
    }
    let bad: Vec<_> = evidence::verify(&package).into_iter().filter(|c| !c.pass).collect();
    assert!(bad.is_empty(), "{bad:?}");
}
