//! Where Chromium is on this machine.

use std::path::PathBuf;

/// Debian's binary first: the wrapper scripts only add flags. Then what other systems call it.
const PLACES: [&str; 6] = [
    "/usr/lib/chromium/chromium",
    "/usr/bin/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/usr/bin/chromium-browser",
    "/opt/google/chrome/chrome",
    "/usr/bin/google-chrome",
];

/// The browser's program. `None`: none is installed where we look.
pub fn find() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|p| p.is_file())
}
