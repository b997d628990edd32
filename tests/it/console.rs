//! The console from outside: the real program over HTTP, and in a real browser.

mod beside;
mod browser;
mod chrome;
mod doors;
mod hands;
mod hostile;
mod life;
mod lot;
mod replay;
mod routes;

use jianwei::console::hash_password;
use jianwei::model::time::Timestamp;
use jianwei::records::{Records, Role};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

pub(crate) const PASSWORD: &str = "a long sentence opens it";
/// Hashing takes its time by design: once is enough.
static HASH: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD).expect("hashed"));

/// A console that runs, and its data folder.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    /// Removed when the console is gone.
    kept: Option<tempfile::TempDir>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One account of each role, named after it, and a second approver; the password is changed already.
pub(crate) fn enrol(records: &Records) {
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
    let people = Role::ALL.map(|r| (r.word(), r)).into_iter().chain([("second", Role::Approver)]);
    for (name, role) in people {
        records.add_person(name, "", role, &HASH, "test", now).expect("added");
        records.change_password(name, &HASH, now).expect("changed");
    }
}

impl Served {
    /// Starts the console over the data folder of `dir`, whose settings listen on a free port.
    pub(crate) fn start(dir: &Path, lang: &str) -> Self {
        let mut command = crate::cli::command(dir, &["console", "--json", "--lang", lang]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let told: serde_json::Value = serde_json::from_str(&line).expect("the console says where it listens");
        let address = told["address"].as_str().expect("an address").trim_start_matches("http://").to_owned();
        Self { child, address, kept: None }
    }
    /// A new folder with these leads and all accounts, served.
    pub(crate) fn with(fill: impl FnOnce(&Records, &Path)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let text = "[data]\ndir = \"data\"\n[console]\nlisten = \"127.0.0.1:0\"\n";
        std::fs::write(dir.path().join("jianwei.toml"), text).expect("written");
        let records = Records::open(&dir.path().join("data"), &Vec::new).expect("opened");
        enrol(&records);
        fill(&records, &dir.path().join("data/evidence"));
        drop(records);
        let mut served = Self::start(dir.path(), "en");
        served.kept = Some(dir);
        served
    }
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        ask(&self.address, method, path, headers, body)
    }
    /// Logs in through the form, as a browser does.
    pub(crate) fn login(&self, name: &str) -> Person<'_> {
        let answer = self.try_login(name, PASSWORD, "");
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.cookie("jw").expect("a session");
        let page = self.request("GET", "/account", &[("cookie", &cookie)], b"");
        let text = page.text();
        let csrf = text.split("data-csrf=\"").nth(1).and_then(|t| t.split('"').next()).expect("a form token").to_owned();
        Person { served: self, cookie, csrf }
    }
    pub(crate) fn try_login(&self, name: &str, password: &str, code: &str) -> Answer {
        let pre = self.request("GET", "/login", &[], b"").cookie("jw_pre").expect("a cookie for the form");
        let token = pre.split('=').nth(1).expect("a value").to_owned();
        let form = [("csrf", token.as_str()), ("name", name), ("password", password), ("code", code)];
        self.request("POST", "/login", &[("cookie", &pre), ("origin", &self.origin()), FORM], encode(&form).as_bytes())
    }
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Somebody who is logged in.
pub(crate) struct Person<'a> {
    served: &'a Served,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Person<'_> {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.served.request("GET", path, &[("cookie", &self.cookie)], b"")
    }
    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = form.iter().copied().chain([("csrf", self.csrf.as_str())]).collect();
        let headers = [("cookie", self.cookie.as_str()), ("origin", &self.served.origin()), FORM];
        self.served.request("POST", path, &headers, encode(&form).as_bytes())
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// `name=value` of a cookie that is set.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.iter().filter(|(n, _)| n == "set-cookie").map(|(_, v)| v.split(';').next().unwrap_or_default().to_owned());
        set.into_iter().find(|c| c.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    }
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// One request on a connection of its own, every byte ours: paths are sent as they stand.
pub(crate) fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    try_ask(address, method, path, headers, body).expect("an answer")
}

/// The same. `None`: nobody is there, or the answer was cut off.
pub(crate) fn try_ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let given: BTreeMap<&str, &str> = headers.iter().copied().collect();
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !given.contains_key("host") {
        head.push_str(&format!("host: {address}\r\n"));
    }
    headers.iter().for_each(|(n, v)| head.push_str(&format!("{n}: {v}\r\n")));
    if method == "POST" {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let _ = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(body));
    let mut raw = Vec::new();
    let _ = stream.read_to_end(&mut raw);
    read_answer(&raw)
}

fn read_answer(raw: &[u8]) -> Option<Answer> {
    let split = raw.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&raw[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
    let answer = Answer { status, headers, body: raw[split + 4..].to_vec() };
    let length: Option<usize> = answer.header("content-length").and_then(|l| l.parse().ok());
    length.is_none_or(|l| l == answer.body.len()).then_some(answer)
}
