//! The cursor of the source `names`: for each file, which state of it was read, and how far.

use crate::sources::names::folder::Found;
use crate::sources::names::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Smaller lists are kept by hand and may change as they like; from this size on the feed guard watches.
const GUARDED_BYTES: u64 = 4 << 10;

/// Every file's place, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Places {
    /// By the name of the file.
    #[serde(default)]
    pub(super) files: BTreeMap<String, Place>,
    /// For a URL: what it said of its state last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    /// The same, as a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
    /// For a list of each day: the last day (`2026-11-23`) whose list was read, or is not to be had any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) day: Option<String>,
}

/// How far one state of one file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Size of that state, bytes.
    pub(super) size: u64,
    /// Its time of change.
    pub(super) mark: i64,
    /// Read to the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) done: bool,
    /// Which stream of an archive.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) stream: usize,
    /// Unpacked bytes of that stream that were given.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub(super) offset: u64,
    /// Lines skipped for their length.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub(super) skipped_lines: u64,
    /// What zone text said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) zone: Option<Zone>,
    /// Why this state cannot be read (to the end). It is not tried again until it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
    /// Did any name come out of this state?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) gave: bool,
    /// Size of the last state that was read to the end; 0: none was.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub(super) good_size: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_nought(n: &u64) -> bool {
    *n == 0
}

/// What to do with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing: this state of it was read.
    Nothing,
    /// Nothing but say again why it cannot be read.
    Still(String),
    /// Its size says that the feed is broken.
    Broken(String),
    /// Read it from here.
    From(Place),
}

impl Places {
    /// Reads a cursor; the empty text is the start. `None`: not ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() { Some(Self::default()) } else { serde_json::from_str(text).ok() }
    }
    /// As it is stored.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers serialise")
    }
    /// What to do with `file` as it stands now.
    pub(super) fn due(&self, file: &Found) -> Due {
        let fresh = Place { size: file.size, mark: file.mark, ..Place::default() };
        let Some(place) = self.files.get(&file.name) else { return Due::From(fresh) };
        if (place.size, place.mark) == (file.size, file.mark) {
            return match &place.failed {
                Some(why) => Due::Still(why.clone()),
                None if place.done => Due::Nothing,
                None => Due::From(place.clone()),
            };
        }
        match collapse(place.good_size, file.size) {
            Some(why) => Due::Broken(why),
            None => Due::From(Place { good_size: place.good_size, ..fresh }),
        }
    }
}

/// Does the change from one size to the next say that the feed is broken?
fn collapse(before: u64, now: u64) -> Option<String> {
    if before < GUARDED_BYTES {
        return None;
    }
    let what = if now < before / 10 * 7 {
        "shrank by over 30%"
    } else if now / 5 > before {
        "grew to over 5 times"
    } else {
        return None;
    };
    Some(format!(
        "{what} ({before} to {now} bytes) since it was last read: taken for a broken feed and not read; if it is right, give it a new name"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_collapses_or_explodes_is_broken_and_a_small_list_is_not() {
        for (before, now, broken) in [
            (100_000, 69_000, true),
            (100_000, 71_000, false),
            (100_000, 500_000, false),
            (100_000, 500_005, true),
            (100_000, 0, true),
            (200, 0, false),
            (200, 1_000_000, false),
            (0, 1_000_000, false),
        ] {
            assert_eq!(collapse(before, now).is_some(), broken, "{before} to {now}");
        }
    }
}
