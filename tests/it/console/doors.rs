//! The doors: log-in and its lock, TLS by files, tokens for programs, masked numbers.

use crate::console::lot::{Carried, at, keep, plain, served};
use crate::console::{PASSWORD, Served, ask, encode, enrol};
use jianwei::records::{AuditAsk, Records};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

#[test]
fn five_wrong_passwords_lock_the_account_and_the_right_one_does_not_open_it() {
    let (mut served, _) = served(0);
    for n in 0..5 {
        let answer = served.try_login("analyst", "not the password at all", "");
        assert_eq!(answer.status, 401, "{n}: {}", answer.text());
    }
    let locked = served.try_login("analyst", PASSWORD, "");
    assert!(locked.status == 401 && locked.cookie("jw").is_none(), "{}", locked.status);
    assert_eq!(served.try_login("approver", PASSWORD, "").status, 303, "others are not locked");
    // A name that does not exist is answered like a wrong password.
    let (nobody, known) = (served.try_login("nobody", "wrong wrong wrong", ""), served.try_login("auditor", "wrong wrong wrong", ""));
    let bare = |a: &crate::console::Answer| a.text().replace("nobody", "").replace("auditor", "");
    assert_eq!(nobody.status, known.status);
    assert_eq!(bare(&nobody).len(), bare(&known).len());
    let dir = served.kept.take().expect("its folder");
    drop(served);
    let records = Records::open(&dir.path().join("data"), &Vec::new).expect("opened");
    let (lines, _) = records.audit(&AuditAsk { word: Some("locked_out".into()), ..AuditAsk::default() }).expect("read");
    assert_eq!(lines.iter().map(|l| l.on.as_str()).collect::<Vec<_>>(), ["analyst"]);
    let person = records.person("analyst").expect("there");
    let until = person.locked_until.expect("locked");
    assert!(person.locked(until.plus_millis(-1)) && !person.locked(until), "for fifteen minutes");
}

#[test]
fn with_certificate_and_key_files_it_speaks_tls_and_its_cookie_is_secure() {
    let dir = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("made");
    std::fs::write(dir.path().join("cert.pem"), made.cert.pem()).expect("written");
    std::fs::write(dir.path().join("key.pem"), made.signing_key.serialize_pem()).expect("written");
    let text = "[data]\ndir = \"data\"\n[console]\nlisten = \"127.0.0.1:0\"\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n";
    std::fs::write(dir.path().join("jianwei.toml"), text).expect("written");
    enrol(&Records::open(&dir.path().join("data"), &Vec::new).expect("opened"));
    let served = Served::start(dir.path(), "en");
    assert!(served.address.starts_with("https://"), "{}", served.address);
    let address = served.address.trim_start_matches("https://").to_owned();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let port = address.rsplit(':').next().expect("a port").to_owned();
    let exchange = |request: String| {
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
        let session = rustls::ClientConnection::new(config.clone(), name).expect("a session");
        let mut stream = rustls::StreamOwned::new(session, TcpStream::connect(&address).expect("connected"));
        stream.write_all(request.as_bytes()).expect("sent");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    };
    let login = exchange(format!("GET /login HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n"));
    assert!(
        login.starts_with("HTTP/1.1 200") && login.to_lowercase().contains("strict-transport-security: max-age=31536000"),
        "{login:.400}"
    );
    let pre = login.lines().find_map(|l| l.to_lowercase().starts_with("set-cookie: ").then(|| l[12..].to_owned())).expect("a cookie");
    let pre = pre.split(';').next().expect("a pair").to_owned();
    let token = pre.split('=').nth(1).expect("a value");
    let form = encode(&[("csrf", token), ("name", "analyst"), ("password", PASSWORD)]);
    let entered = exchange(format!(
        "POST /login HTTP/1.1\r\nhost: localhost:{port}\r\norigin: https://localhost:{port}\r\ncookie: {pre}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    ));
    let cookie = entered.lines().find(|l| l.contains("__Host-jw=") && !l.contains("Max-Age=0")).unwrap_or_else(|| panic!("{entered:.600}"));
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    // Plain HTTP on that port gets nothing.
    let mut plain = TcpStream::connect(&address).expect("connected");
    plain.write_all(b"GET /login HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    let mut all = Vec::new();
    let _ = plain.read_to_end(&mut all);
    assert!(!String::from_utf8_lossy(&all).contains("HTTP/1.1 200"));
}

#[test]
fn a_program_with_a_token_reads_decides_and_reports_as_its_account_may_until_it_is_revoked() {
    let mut made = None;
    let served = Served::with(|records, root| made = Some(keep(records, root, &numbers(), at(0))));
    let id = made.expect("filled");
    let token_of = |who: &str| {
        let page = served.login(who).post("/account/tokens", &[("label", "robot")]).text();
        let from = page.find("jw_").expect("a token is shown once");
        page[from..from + 67].to_owned()
    };
    let (analyst, auditor) = (token_of("analyst"), token_of("auditor"));
    let call = |token: &str, method: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        ask(&served.address, method, path, &[("authorization", &bearer), ("content-type", "application/json")], body.as_bytes())
    };
    let list = call(&analyst, "GET", "/api/v1/leads", "").json();
    assert_eq!((list["schema"].as_str(), list["total"].as_u64()), (Some("leads/1"), Some(1)));
    assert_eq!(list["leads"][0]["id"], id.0);
    let text = call(&analyst, "GET", &format!("/api/v1/leads/{id}"), "").text();
    assert!(!text.contains("510212199003071234") && text.contains("5102************34"), "numbers are masked for programs too: {text}");
    let packages = call(&auditor, "GET", &format!("/api/v1/leads/{id}/packages"), "").json();
    assert_eq!(packages["packages"].as_array().map(Vec::len), Some(1));
    let decisions = format!("/api/v1/leads/{id}/decisions");
    assert_eq!(call(&auditor, "POST", &decisions, r#"{"move":"claim"}"#).status, 403, "an auditor decides nothing");
    assert_eq!(call(&analyst, "POST", &decisions, r#"{"move":"approve"}"#).status, 409, "nor does an analyst approve");
    assert_eq!(call(&analyst, "POST", &decisions, r#"{"move":"dismiss","reason":""}"#).status, 409, "a reason is needed");
    assert_eq!(call(&analyst, "POST", &decisions, "{").status, 400);
    let done = call(&analyst, "POST", &decisions, r#"{"move":"confirm"}"#);
    assert_eq!((done.status, done.json()["state"].as_str()), (200, Some("confirmed")), "{}", done.text());
    let tip = call(&analyst, "POST", "/api/v1/tips", r#"{"url":"http://cx-new.example.top/a","by":"12350"}"#);
    assert_eq!((tip.status, tip.json()["new"].as_bool()), (200, Some(true)), "{}", tip.text());
    assert_eq!(call(&analyst, "POST", "/api/v1/tips", r#"{"url":"javascript:alert(1)"}"#).status, 400);
    assert_eq!(call(&analyst, "POST", "/api/v1/tips", r#"{"url":"https://cx.mem.gov.cn/"}"#).status, 400, "the official site is no tip");
    assert_eq!(call("jw_0", "GET", "/api/v1/leads", "").status, 401);
    assert_eq!(served.login("analyst").post("/account/tokens/revoke", &[("label", "robot")]).status, 303);
    assert_eq!(call(&analyst, "GET", "/api/v1/leads", "").status, 401, "revoked");
    let document = ask(&served.address, "GET", "/api/v1/openapi.json", &[], b"").json();
    for route in jianwei::console::ROUTES.iter().filter(|r| r.path.starts_with("/api/v1/") && !r.path.ends_with("openapi.json")) {
        assert!(
            document["paths"][route.path.trim_start_matches("/api/v1")][route.method.to_lowercase()].is_object()
                || document["paths"][route.path][route.method.to_lowercase()].is_object(),
            "{} is described",
            route.path
        );
    }
}

fn numbers() -> Carried {
    let text = "姓名 李某 证号 510212199003071234\n证号 T5102l2199OO3O71234\n５１０２１２１９９００３０７１２３４\n电话 138 1234 5678\n京ICP备05070218号";
    Carried { text: text.into(), title: "李某 510212199003071234".into(), ..plain(0) }
}

#[test]
fn personal_numbers_are_masked_and_looking_at_them_is_a_line_of_the_journal() {
    let mut made = None;
    let mut served = Served::with(|records, root| made = Some(keep(records, root, &numbers(), at(0))));
    let id = made.expect("filled");
    let path = format!("/leads/{id}");
    let hidden = ["510212199003071234", "T5102l2199OO3O71234", "５１０２１２１９９００３０７１２３４", "138 1234 5678"];
    let shows = |who: &crate::console::Person<'_>, path: &str| {
        let page = who.get(path).text();
        hidden.iter().filter(|n| page.contains(**n)).count()
    };
    let (analyst, approver, auditor) = (served.login("analyst"), served.login("approver"), served.login("auditor"));
    for person in [&analyst, &approver, &auditor] {
        for path in [path.as_str(), "/queue?tab=all", "/audit"] {
            assert_eq!(shows(person, path), 0, "{path}");
        }
    }
    assert!(analyst.get(&path).text().contains("京ICP备05070218号"), "other numbers stand");
    assert_eq!(auditor.post(&format!("{path}/unmask"), &[]).status, 403);
    assert_eq!(analyst.post(&format!("{path}/unmask"), &[]).status, 303);
    assert_eq!(shows(&analyst, &path), hidden.len(), "now this person sees them");
    assert_eq!(shows(&approver, &path), 0, "and nobody else does");
    // The page as a file holds them too: a line first.
    let package = {
        let page = approver.get(&path).text();
        page.split("name=\"package\" value=\"").nth(1).and_then(|t| t.split('"').next()).expect("a package").to_owned()
    };
    let file = approver.post(&format!("{path}/replay"), &[("package", &package)]);
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/octet-stream")));
    assert!(file.body.starts_with(b"PK") && file.header("content-disposition").is_some_and(|d| d.contains(".wacz")));
    assert_eq!(approver.post(&format!("{path}/replay"), &[("package", "../../people.json")]).status, 404);
    drop((analyst, approver, auditor));
    let dir = served.kept.take().expect("its folder");
    drop(served);
    let records = Records::open(&dir.path().join("data"), &Vec::new).expect("opened");
    let (lines, _) = records.audit(&AuditAsk { word: Some("unmask".into()), ..AuditAsk::default() }).expect("read");
    assert_eq!(
        lines.iter().map(|l| (l.by.as_str(), l.on.as_str())).collect::<Vec<_>>(),
        [("approver", id.0.as_str()), ("analyst", id.0.as_str())]
    );
}
