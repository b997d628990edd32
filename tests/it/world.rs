//! What tests share: where the measured data is, and a folder of their own.

use std::path::PathBuf;

/// A file or folder of the shared research data, beside the project. `None` where it is absent: then the test says `skipped` and passes.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let full = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if full.exists() {
        return Some(full);
    }
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// A folder with `jianwei.toml` for this lab: its resolver, its network, its names file, permutations and search engine; data in `data/`.
pub(crate) fn lab_settings(lab: &crate::lab::Lab, timeout_ms: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("names.txt"), lab.names()).expect("written");
    let text = lab.settings(&dir.path().join("data"), &dir.path().join("names.txt"));
    let text = text.replace("per_host_interval_ms = 50", &format!("per_host_interval_ms = 20\ntimeout_ms = {timeout_ms}"));
    // One host more in every count: those who want it say so.
    let text = text.replace("[capture]\n", "[capture]\nofficial_pages = false\n");
    std::fs::write(dir.path().join("jianwei.toml"), text).expect("written");
    dir
}

/// Adds a source to the settings in `dir`.
pub(crate) fn add_source(dir: &std::path::Path, text: &str) {
    let file = dir.join("jianwei.toml");
    let old = std::fs::read_to_string(&file).expect("there");
    std::fs::write(file, format!("{old}{text}")).expect("written");
}

/// Random numbers that are the same at every run (xorshift64*), so that a failure can be had again.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }
    /// `0..n`; 0 for `n == 0`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D).checked_rem(n).unwrap_or(0)
    }
}
