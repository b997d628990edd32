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
