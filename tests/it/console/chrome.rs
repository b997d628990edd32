//! A small DevTools client for a real headless Chromium: open, click by keyboard, look, take a picture.

use base64::Engine as _;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

/// A browser with one page. Everything it does has 30 seconds.
pub(super) struct Chrome {
    child: Child,
    runtime: tokio::runtime::Runtime,
    wire: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: String,
    count: u64,
    /// Whatever the page's console or the security policy complained of.
    pub(super) complaints: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where pictures are kept.
pub(super) fn shots() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/console-shots");
    std::fs::create_dir_all(&dir).expect("made");
    dir
}

impl Chrome {
    /// `None`, with a word on stderr: this machine has no Chromium.
    pub(super) fn start() -> Option<Self> {
        let profile = tempfile::tempdir().expect("a folder");
        let started = Command::new("chromium")
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                "--hide-scrollbars",
            ])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"])
            // Whatever a page asks for elsewhere goes nowhere.
            .args(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            eprintln!("skipped: there is no chromium here");
            return None;
        };
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut lines = stderr.lines().map_while(Result::ok);
        let url = lines.find_map(|l| l.strip_prefix("DevTools listening on ").map(str::to_owned)).expect("chromium says where it listens");
        std::thread::spawn(move || lines.for_each(drop));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (wire, _) = runtime.block_on(tokio_tungstenite::connect_async(url)).expect("connected");
        let mut chrome = Self { child, runtime, wire, session: String::new(), count: 0, complaints: Vec::new(), _profile: profile };
        let target = chrome.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = chrome.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        chrome.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            chrome.call(domain, json!({}));
        }
        chrome.size(1440, 900);
        Some(chrome)
    }
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let id = self.count;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let Self { runtime, wire, complaints, .. } = self;
        let answer = runtime.block_on(async {
            wire.send(Message::text(message.to_string())).await.expect("sent");
            let until = async {
                loop {
                    let text = wire.next().await.expect("open").expect("a message").into_text().expect("text").to_string();
                    let value: Value = serde_json::from_str(&text).expect("JSON");
                    match value["method"].as_str() {
                        Some("Log.entryAdded") if value["params"]["entry"]["level"] == "error" => {
                            complaints.push(value["params"]["entry"]["text"].to_string());
                        }
                        Some("Runtime.exceptionThrown") => complaints.push(value["params"]["exceptionDetails"].to_string()),
                        Some("Page.javascriptDialogOpening") => complaints.push(format!("a dialogue opened: {}", value["params"])),
                        _ => {}
                    }
                    if value["id"] == json!(id) {
                        return value;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(30), until).await.expect("chromium answers within 30 s")
        });
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }
    pub(super) fn size(&mut self, width: u32, height: u32) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}),
        );
    }
    pub(super) fn dark(&mut self, on: bool) {
        let value = if on { "dark" } else { "light" };
        self.call("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": value}]}));
    }
    /// The value of an expression, promises awaited.
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }
    pub(super) fn wait(&mut self, what: &str) {
        let began = Instant::now();
        loop {
            // A page that is just going has no context to ask.
            let asked = json!({"expression": format!("!!({what})"), "returnByValue": true});
            if self.call("Runtime.evaluate", asked)["result"]["value"] == json!(true) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "never came true: {what}; page: {}",
                self.eval("document.body.innerText.slice(0,600)")
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }
    pub(super) fn open(&mut self, url: &str) {
        self.eval("window.__old = 1");
        self.call("Page.navigate", json!({"url": url}));
        self.wait("!window.__old && document.readyState === 'complete'");
    }
    /// Does something that leads to a new page, and waits for it.
    pub(super) fn turn(&mut self, act: impl FnOnce(&mut Self)) {
        self.eval("window.__old = 1");
        act(self);
        self.wait("!window.__old && document.readyState === 'complete'");
    }
    /// Presses and lets go one key.
    pub(super) fn key(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "Tab" => (9, ""),
            "ArrowRight" => (39, ""),
            other => (u32::from(other.chars().next().map_or('\0', |c| c.to_ascii_uppercase())), other),
        };
        let mut down = json!({"type": if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "key": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }
    pub(super) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }
    /// A small picture for the README, in `target/console-shots/docs`; `make shots` takes it over.
    pub(super) fn doc(&mut self, name: &str) {
        self.size(1280, 800);
        let data = self.call("Page.captureScreenshot", json!({"format": "webp", "quality": 60}));
        self.size(1440, 900);
        let bytes = base64::engine::general_purpose::STANDARD.decode(data["data"].as_str().expect("a picture")).expect("base64");
        std::fs::create_dir_all(shots().join("docs")).expect("made");
        std::fs::write(shots().join(format!("docs/{name}.webp")), bytes).expect("written");
    }
    pub(super) fn shot(&mut self, name: &str) {
        let data = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD.decode(data["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(shots().join(format!("{name}.png")), bytes).expect("written");
    }
}
