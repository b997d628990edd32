//! One browser process with its profile folder: started, watched, ended. However it ends, its whole process group and its profile go.

use crate::capture::browser::wire::{Wire, WireError, start};
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::Mutex;

/// How long a browser may take to answer its first question: a cold start on a busy machine takes seconds.
const START: Duration = Duration::from_secs(30);
/// Names of profile folders; our process id follows, so that a later process of ours knows whose they were.
const PREFIX: &str = "jianwei-browser-";

static MADE: AtomicU64 = AtomicU64::new(0);

/// A running browser.
pub(super) struct Process {
    pub(super) wire: Wire,
    /// As it names itself (`Chrome/156.0.8078.79`).
    pub(super) product: String,
    child: Mutex<Option<Child>>,
    group: Option<Pid>,
    profile: PathBuf,
    visits: AtomicU64,
}

impl Process {
    pub(super) async fn start(program: &Path, temp: &Path) -> Result<Self, String> {
        let name = format!("{PREFIX}{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let profile = temp.join(name);
        let _ = std::fs::remove_dir_all(&profile);
        std::fs::create_dir_all(&profile).map_err(|e| format!("{}: {e}", profile.display()))?;
        let (child, wire) = start(program, &arguments(&profile)).map_err(|e| {
            let _ = std::fs::remove_dir_all(&profile);
            e.to_string()
        })?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let mut process = Self { wire, product: String::new(), child: Mutex::new(Some(child)), group, profile, visits: AtomicU64::new(0) };
        match process.wire.call("", "Browser.getVersion", json!({}), START).await {
            Ok(version) => process.product = version["product"].as_str().unwrap_or("unknown").to_owned(),
            Err(e) => {
                let why = if e == WireError::Gone { "it ended at once".to_owned() } else { e.to_string() };
                process.end().await;
                return Err(why);
            }
        }
        Ok(process)
    }
    pub(super) fn id(&self) -> Option<u32> {
        self.group.and_then(|g| u32::try_from(g.as_raw_nonzero().get()).ok())
    }
    pub(super) fn is_gone(&self) -> bool {
        self.wire.is_gone()
    }
    pub(super) fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }
    pub(super) fn count(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }
    /// It has done enough: the next visit gets a fresh one.
    pub(super) fn wear_out(&self) {
        self.visits.store(u64::MAX / 2, Ordering::Relaxed);
    }
    /// A command to the browser itself.
    pub(super) async fn call(&self, method: &str, params: Value) -> Result<Value, WireError> {
        self.wire.call("", method, params, Duration::from_secs(8)).await
    }
    /// Memory of the whole process group: proportional set size, 0 where the system does not tell.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.id().map_or(0, |group| members(group).iter().map(|id| memory(*id)).sum())
    }
    /// Kills all of it, waits for it, removes the profile.
    pub(super) async fn end(&self) {
        self.kill();
        if let Some(mut child) = self.child.lock().await.take() {
            let _ = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
        }
        for _ in 0..20 {
            let alive = self.id().is_some_and(|group| !members(group).is_empty());
            if !alive && (std::fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tracing::warn!(profile = %self.profile.display(), "the browser's profile could not be removed");
    }
    fn kill(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        for _ in 0..20 {
            if std::fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Processes of a group, zombies not counted. Empty where the system has no `/proc`.
fn members(group: u32) -> Vec<u32> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = all.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let mut after = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
        after.next().is_some_and(|state| state != "Z" && state != "X") && after.nth(1).and_then(|g| g.parse().ok()) == Some(group)
    })
    .collect()
}

fn memory(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    let kib = text.lines().find_map(|l| l.strip_prefix("Pss:")?.split_ascii_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Removes profiles that processes of ours which are gone left in `temp`. Gives how many.
pub fn sweep(temp: &Path) -> usize {
    let Ok(all) = std::fs::read_dir(temp) else { return 0 };
    let left = all.flatten().filter(|e| {
        let name = e.file_name();
        let owner = name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        owner.is_some_and(|id| !Path::new(&format!("/proc/{id}")).exists()) && e.file_type().is_ok_and(|t| t.is_dir())
    });
    left.filter(|e| std::fs::remove_dir_all(e.path()).is_ok()).count()
}

/// Nothing that speaks by itself, nothing that lasts, no way out but the proxy of each context: the one named here leads nowhere.
fn arguments(profile: &Path) -> Vec<String> {
    let mut all: Vec<String> = [
        "--headless=new",
        "--remote-debugging-pipe",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
        "--disable-background-networking",
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-domain-reliability",
        "--disable-extensions",
        "--disable-hang-monitor",
        "--disable-notifications",
        "--disable-prompt-on-repost",
        "--disable-renderer-backgrounding",
        "--disable-sync",
        "--disable-site-isolation-trials",
        "--disable-features=IsolateOrigins,site-per-process,Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,PrivacySandboxSettings4,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks",
        "--disable-blink-features=AutomationControlled",
        "--ignore-certificate-errors",
        "--autoplay-policy=user-gesture-required",
        "--mute-audio",
        "--hide-scrollbars",
        "--font-render-hinting=none",
        "--lang=zh-CN",
        "--metrics-recording-only",
        "--password-store=basic",
        "--use-mock-keychain",
        "--safebrowsing-disable-auto-update",
        "--proxy-server=http://127.0.0.1:9",
        "--proxy-bypass-list=<-loopback>",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--block-new-web-contents",
        "--disk-cache-size=33554432",
    ]
    .map(String::from)
    .to_vec();
    all.push(format!("--user-data-dir={}", profile.display()));
    // Its sandbox needs a user that is not root.
    if geteuid().is_root() {
        all.push("--no-sandbox".into());
    }
    all.push("about:blank".into());
    all
}
