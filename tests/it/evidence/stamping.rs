//! The program itself: scans whose authority is away and comes back, a disk that fills up under a scan, an attended capture, and a server that
//! changes its certificate between connections.

use super::{failing, files};
use crate::cli::{command, jianwei, stderr, stdout};
use crate::lab::Lab;
use crate::lab::stamp::{Authority, Manner};
use crate::world;
use jianwei::evidence::{self, Settings};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn add(dir: &Path, text: &str) {
    let file = dir.join("jianwei.toml");
    let old = fs::read_to_string(&file).expect("settings");
    fs::write(file, format!("{old}\n{text}")).expect("written");
}

fn with_authority(lab: &Lab, dir: &Path) -> Authority {
    let tsa = Authority::start(lab.address(250).into(), None);
    add(
        dir,
        &format!(
            "[evidence]\norganisation = \"某市网安支队\"\nkey = \"unit.pem\"\ntsa = [{{ url = \"{}\", ca = \"{}\" }}]\n",
            tsa.url(),
            tsa.root().display()
        ),
    );
    let made = jianwei(dir, &["evidence", "key", "unit.pem"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    tsa
}

fn packages(dir: &Path) -> Vec<PathBuf> {
    evidence::packages(&dir.join("data/evidence")).expect("listed")
}

#[test]
fn a_scan_whose_authority_is_away_says_so_and_a_later_one_makes_up_for_it() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    fs::write(dir.path().join("names.txt"), "cx-mem-gov.cn\nmem-cx.com\naqsc-memchaxun.cn\n").expect("written");
    let tsa = with_authority(&lab, dir.path());
    tsa.be(Manner::Down);
    let scan = || jianwei(dir.path(), &["scan", "--source", "names", "--lang", "zh"]);
    let run = scan();
    assert_eq!(run.status.code(), Some(3), "{}{}", stdout(&run), stderr(&run));
    let all = packages(dir.path());
    assert!(all.len() >= 2, "{all:?}");
    let waiting = format!("待加盖时间戳 {}", all.len());
    assert!(stdout(&run).contains(&waiting) && stdout(&run).contains("503"), "{}", stdout(&run));
    let verified = jianwei(dir.path(), &["evidence", "verify", "data/evidence"]);
    assert!(verified.status.code() == Some(4) && stdout(&verified).contains("待加盖时间戳"), "{}", stdout(&verified));
    let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));

    tsa.be(Manner::Good);
    let run = scan();
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert!(stdout(&run).contains(&format!("补盖 {}，待加盖时间戳 0", all.len())), "{}", stdout(&run));
    let verified = jianwei(dir.path(), &["evidence", "verify", "--stamped", "data/evidence"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
    let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));
    let again = jianwei(dir.path(), &["check", "--package", "data/evidence"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
}

#[test]
fn a_check_is_stamped_at_once_and_one_that_could_not_be_is_stamped_by_hand() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let tsa = with_authority(&lab, dir.path());
    let check = || jianwei(dir.path(), &["check", "mem-cx.com"]);
    assert_eq!(check().status.code(), Some(0));
    assert_eq!(failing(&evidence::verify(&packages(dir.path())[0])), Vec::<String>::new());
    tsa.be(Manner::Down);
    let run = check();
    assert!(run.status.code() == Some(0) && stderr(&run).contains("待加盖时间戳"), "{}", stderr(&run));
    tsa.be(Manner::Good);
    // The queue is lost; the package knows all the same.
    fs::remove_dir_all(dir.path().join("data/evidence/.waiting")).expect("removed");
    let stamped = jianwei(dir.path(), &["evidence", "stamp", "data/evidence"]);
    assert_eq!(stamped.status.code(), Some(0), "{}{}", stdout(&stamped), stderr(&stamped));
    assert_eq!(failing(&evidence::verify(&dir.path().join("data/evidence"))), Vec::<String>::new());
}

#[test]
fn an_attended_capture_needs_two_officers_and_drafts_their_minutes() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    let _tsa = with_authority(&lab, dir.path());
    for alone in [&["--officer", "张三"][..], &["--officer", "张三", "--officer", "张三"], &["--officer", "张三", "--officer", " "]]
    {
        let run = jianwei(dir.path(), &[&["evidence", "fix", "mem-cx.com"], alone].concat());
        assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
    }
    assert!(packages(dir.path()).is_empty());
    let run = jianwei(dir.path(), &["evidence", "fix", "mem-cx.com", "--officer", "张三", "--officer", "李四", "--reason", "仿冒查询网站"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert!(stdout(&run).contains("不能证明") && stdout(&run).contains("已加盖时间戳"), "{}", stdout(&run));
    let folder = packages(dir.path()).remove(0);
    assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new());
    assert!(files(&folder).iter().any(|f| f.ends_with(".docx")));
    let log = fs::read_to_string(folder.join("log/operation.jsonl")).expect("a log");
    assert!(log.contains("\"what\":\"attended\"") && log.contains("张三") && log.contains("李四") && log.contains("仿冒查询网站"), "{log}");
    let software = fs::read_to_string(folder.join("env/software.json")).expect("facts");
    assert!(software.contains("现场固定"), "{software}");
    let rebuilt = jianwei(dir.path(), &["records", "rebuild"]);
    assert_eq!(rebuilt.status.code(), Some(0), "{}", stderr(&rebuilt));
}

#[test]
fn a_disk_that_fills_up_under_a_scan_is_told_and_the_visits_are_made_again() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    fs::write(dir.path().join("names.txt"), "cx-mem-gov.cn\nmem-cx.com\naqsc-memchaxun.cn\n").expect("written");
    let _tsa = with_authority(&lab, dir.path());
    let root = dir.path().join("data/evidence");
    fs::create_dir_all(&root).expect("made");
    let mount = |options: &str| Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&root).output();
    if !mount("size=128k").is_ok_and(|m| m.status.success()) {
        eprintln!("skipped: needs root and mount");
        return;
    }
    let full = jianwei(dir.path(), &["scan", "--source", "names", "--lang", "en"]);
    let (listed, checks) = (evidence::packages(&root), evidence::verify(&root));
    let halves = fs::read_dir(&root).map(|d| d.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(".tmp-")).count());
    let room = mount("remount,size=64m");
    let again = jianwei(dir.path(), &["scan", "--source", "names", "--lang", "en"]);
    let (whole, kept) = (evidence::verify(&root), evidence::packages(&root));
    assert!(Command::new("umount").arg(&root).status().is_ok_and(|s| s.success()));
    assert!(room.is_ok_and(|r| r.status.success()));
    assert!(full.status.code() == Some(1) && stderr(&full).contains("No space left"), "{:?} {}", full.status.code(), stderr(&full));
    let before = listed.expect("listed").len();
    assert!(before == 0 || checks.iter().filter(|c| !c.pass).all(|c| c.file.contains("/proof/")), "{:?}", failing(&checks));
    assert_eq!(halves.expect("listed"), 0, "nothing half-written is left");
    assert_eq!(again.status.code(), Some(0), "{}{}", stdout(&again), stderr(&again));
    assert_eq!(failing(&whole), Vec::<String>::new());
    assert!(kept.expect("listed").len() >= 2 && stdout(&again).contains("visits: 3"), "{}", stdout(&again));
}

#[test]
fn a_scan_killed_while_it_stamps_loses_no_stamp_for_good() {
    let lab = Lab::start(None);
    let dir = world::lab_settings(&lab, 4_000);
    fs::write(dir.path().join("names.txt"), "cx-mem-gov.cn\nmem-cx.com\naqsc-memchaxun.cn\n").expect("written");
    let tsa = with_authority(&lab, dir.path());
    for ms in [150, 300, 450, 600] {
        let mut child =
            command(dir.path(), &["scan", "--source", "names", "--quiet"]).stdout(std::process::Stdio::null()).spawn().expect("starts");
        std::thread::sleep(std::time::Duration::from_millis(ms));
        child.kill().expect("killed");
        child.wait().expect("ended");
        for package in packages(dir.path()) {
            let bad = failing(&evidence::verify(&package));
            assert!(bad.iter().all(|b| b.contains("waits for its time-stamp")), "whole, or waiting: {bad:?}");
        }
    }
    let run = jianwei(dir.path(), &["scan", "--source", "names"]);
    assert_eq!(run.status.code(), Some(0), "{}{}", stdout(&run), stderr(&run));
    assert_eq!(failing(&evidence::verify(&dir.path().join("data/evidence"))), Vec::<String>::new());
    let waiting = evidence::waiting(&dir.path().join("data/evidence")).expect("read");
    assert!(waiting.is_empty(), "{waiting:?}");
    assert!(tsa.asked() >= 4, "{} packages, asked {}", packages(dir.path()).len(), tsa.asked());
}

/// Serves TLS with a new certificate for every connection; the page tells the serial number of the one that it came over.
fn changing_server(connections: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().map_while(Result::ok).take(connections).enumerate() {
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
            params.serial_number = Some(rcgen::SerialNumber::from(7_000 + n as u64));
            let key = rcgen::KeyPair::generate().expect("a key");
            let certificate = params.self_signed(&key).expect("signed");
            let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into());
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .expect("a certificate");
            let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::new(config)).expect("a session"), stream);
            let body = format!("<html><title>t</title><body>certificate {}</body></html>", 7_000 + n);
            let _ = tls.read(&mut [0u8; 4096]);
            let _ = write!(
                tls,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    address
}

#[test]
fn the_chain_that_is_kept_is_the_one_the_page_came_over() {
    let dir = tempfile::tempdir().expect("a folder");
    let address = changing_server(6);
    let text = "[data]\ndir = \"data\"\n[net]\nallow_private = [\"127.0.0.0/8\"]\nper_host_interval_ms = 0\nresolvers = [\"127.0.0.1:9\"]\n[capture]\nvariants = [\"desktop\", \"wechat\"]\n";
    fs::write(dir.path().join("jianwei.toml"), text).expect("written");
    for _ in 0..3 {
        let run = jianwei(dir.path(), &["check", &format!("https://{address}/")]);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    }
    let root = dir.path().join("data/evidence");
    let mut seen = BTreeSet::new();
    for package in packages(dir.path()) {
        assert_eq!(failing(&evidence::verify(&package)), Vec::<String>::new());
        let stored = evidence::read(&root, &package).expect("read back");
        let pem = fs::read_to_string(package.join("net/tls-chain.pem")).expect("chains");
        for capture in &stored.dossier.captures {
            let page = capture.page.as_ref().expect("a page");
            let serial: u64 = page.text.trim().strip_prefix("certificate ").expect("the serial").parse().expect("a number");
            let tls = capture.hops[0].tls.as_ref().expect("TLS");
            let leaf = tls.leaf.as_ref().expect("a leaf");
            assert_eq!(u64::from_str_radix(&leaf.serial.replace(':', ""), 16), Ok(serial));
            let base64: String = pem.lines().filter(|l| !l.starts_with(['#', '-'])).collect();
            assert!(tls.chain.iter().all(|c| base64.contains(c.as_str())), "the whole chain stands in net/tls-chain.pem");
            seen.insert(serial);
        }
    }
    assert!(seen.len() >= 4, "another certificate for every connection: {seen:?}");
}

#[test]
fn settings_that_name_no_key_or_no_root_are_told_before_anything_is_lost() {
    let settings = Settings { key: Some("/nowhere/unit.pem".into()), ..super::settings() };
    let root = tempfile::tempdir().expect("a folder");
    let sealed = evidence::seal(root.path(), &super::rich(), &super::assessment(), &settings);
    assert!(sealed.is_err_and(|e| e.to_string().contains("/nowhere/unit.pem")));
    let dir = tempfile::tempdir().expect("a folder");
    let key = dir.path().join("k.pem");
    evidence::make_key(&key).expect("made");
    assert!(evidence::make_key(&key).is_err(), "a key is never overwritten");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&key).expect("there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let openssl = Command::new("openssl").args(["pkey", "-noout", "-text", "-in"]).arg(&key).output().expect("openssl runs");
    assert!(String::from_utf8_lossy(&openssl.stdout).contains("ED25519"), "openssl reads our key");
}
