//! Tests of the browser, with the real Chromium: what each kind of hiding shows, what it cannot reach, what is left when it dies.
//! Few functions, many pages each: every function starts a browser of its own.

mod guard;
mod kinds;
mod life;

use jianwei::capture::{Browser, BrowserSettings};
use std::path::Path;

/// A browser with its profile in `temp`. Panics where none is installed: `make test` installs it.
fn browser(temp: &Path) -> Browser {
    let settings = BrowserSettings::of_this_machine().expect("Chromium is installed by `make test-deps`");
    Browser::new(BrowserSettings { temp: temp.to_owned(), ..settings })
}
