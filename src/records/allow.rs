//! The unit's own allow-list: row `a/HOST`, made by journal lines alone, so that a rebuilt store has the same.
//! An allowed host is due for nothing; leads that stand on it are left to a person.

use crate::model::allow::{AllowMove, Allowed};
use crate::model::host::Host;
use crate::model::time::Timestamp;
use crate::records::error::RecordsError;
use crate::records::hosts::{self, Known};
use crate::records::journal::{self, Said};
use crate::records::shelf::{Draft, View};
use crate::records::store::Fault;
use std::ops::ControlFlow;
use std::path::Path;

fn allow_key(host: &Host) -> Vec<u8> {
    [b"a/", host.as_str().as_bytes()].concat()
}

/// Applies one line of the journal.
pub(super) fn apply(draft: &mut Draft<'_>, at: Timestamp, by: &str, what: &AllowMove) -> Result<(), Fault> {
    match what {
        AllowMove::Allow { host, tree, reason } => {
            let entry = Allowed { host: host.clone(), tree: *tree, reason: reason.clone(), by: by.to_owned(), at };
            rest(draft, &entry)?;
            draft.put(allow_key(host), &entry)
        }
        AllowMove::Disallow { host, .. } => {
            draft.remove(allow_key(host));
            wake(draft, host, at)
        }
    }
}

/// Nothing of an allowed host is due.
fn rest(draft: &mut Draft<'_>, entry: &Allowed) -> Result<(), Fault> {
    // But for a protected site itself: its page is looked at so that copies can be held against it.
    for before in known_under(draft, entry)?.into_iter().filter(|k| !k.candidate.is_official()) {
        let mut after = before.clone();
        after.next.at = None;
        hosts::keep(draft, Some(&before), &after)?;
    }
    Ok(())
}

/// What was known of the host before it was allowed is looked at again.
fn wake(draft: &mut Draft<'_>, host: &Host, now: Timestamp) -> Result<(), Fault> {
    let all = Allowed { host: host.clone(), tree: true, reason: String::new(), by: String::new(), at: now };
    for before in known_under(draft, &all)?.into_iter().filter(|k| k.next.at.is_none()) {
        let mut after = before.clone();
        after.next.at = Some(now);
        hosts::keep(draft, Some(&before), &after)?;
    }
    Ok(())
}

fn known_under(draft: &Draft<'_>, entry: &Allowed) -> Result<Vec<Known>, Fault> {
    if !entry.tree {
        return Ok(draft.get(&hosts::host_key(&entry.host))?.into_iter().collect());
    }
    let mut known: Vec<Known> = draft.all(b"h/")?;
    known.retain(|k| entry.covers(&k.candidate.host));
    Ok(known)
}

/// All entries, by host.
pub(super) fn list(view: &View<'_>) -> Result<Vec<Allowed>, Fault> {
    let mut entries = Vec::new();
    view.each(b"a/", |_, entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    Ok(entries)
}

/// The entry that covers a host inside a transaction.
pub(super) fn covering(draft: &Draft<'_>, host: &Host) -> Result<Option<Allowed>, Fault> {
    let mut tree = host.as_str();
    loop {
        let entry: Option<Allowed> = draft.get(&[b"a/", tree.as_bytes()].concat())?;
        if let Some(entry) = entry.filter(|e| e.covers(host)) {
            return Ok(Some(entry));
        }
        match tree.split_once('.') {
            Some((_, above)) => tree = above,
            None => return Ok(None),
        }
    }
}

/// The allow-list as the journal of `dir` has it, read beside a running process: takes no lock, opens no store. Empty where there is no journal.
pub(super) fn in_journal(dir: &Path) -> Result<Vec<Allowed>, RecordsError> {
    let path = dir.join("journal.jsonl");
    let mut entries: Vec<Allowed> = Vec::new();
    if !path.exists() {
        return Ok(entries);
    }
    for (entry, _) in journal::read(&path)?.entries {
        let Said::Host(what) = entry.what else { continue };
        entries.retain(|e| e.host != *what.host());
        if let AllowMove::Allow { host, tree, reason } = what {
            entries.push(Allowed { host, tree, reason, by: entry.by, at: entry.at });
        }
    }
    entries.sort_by(|a, b| a.host.cmp(&b.host));
    Ok(entries)
}
