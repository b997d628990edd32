//! What something cost this process.

use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// CPU seconds (user and system, all threads) and wall seconds since.
pub(crate) struct Cost {
    cpu_s: f64,
    wall: Instant,
}

impl Cost {
    pub(crate) fn begin() -> Self {
        Self { cpu_s: cpu_s(), wall: Instant::now() }
    }
    pub(crate) fn cpu_s(&self) -> f64 {
        cpu_s() - self.cpu_s
    }
    pub(crate) fn wall_s(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }
}

fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of one process")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

/// Most memory that this process has had, in MiB.
pub(crate) fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1_024
}

/// How busy the machine is.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load average {}", text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

/// `held` or `MISSED`.
pub(crate) fn verdict(holds: bool) -> &'static str {
    if holds { "held" } else { "MISSED" }
}
