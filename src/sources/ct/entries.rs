//! Reads a log by get-sth, get-sth-consistency and get-entries (RFC 6962, 4). A server may give fewer entries than were asked for:
//! what came counts, never what was asked.

use crate::sources::ct::Chunk;
use crate::sources::ct::ask::{Asker, Trouble};
use crate::sources::ct::head::{self, Head, what_instead};
use crate::sources::ct::key::Key;
use crate::sources::ct::tile::{self, Hash};
use crate::sources::ct::tree;
use crate::sources::off_thread;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::borrow::Cow;

/// Asked for at once; servers cap it at 1,000 or less.
const ENTRIES: u64 = 1_000;
/// Requests of one batch.
const REQUESTS: u32 = 4;

#[derive(Deserialize)]
struct Entries<'a> {
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    leaf_input: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Proof {
    consistency: Vec<String>,
}

/// Gets the signed tree head, and the proof that it is the tree seen before, grown.
///
/// # Errors
/// [`Trouble`]; an alarm for a smaller or a different tree.
pub(super) async fn look(asker: &Asker<'_>, key: &Key, before: Option<(u64, Hash)>) -> Result<Head, Trouble> {
    let head = head::sth(&asker.get("ct/v1/get-sth").await?, key).map_err(Trouble::Failed)?;
    let Some((old, old_root)) = before else { return Ok(head) };
    if head.size < old {
        return Err(Trouble::Alarm(format!("its tree shrank from {old} to {} entries", head.size)));
    }
    if head.size == old {
        let same = head.root == old_root;
        return if same {
            Ok(head)
        } else {
            Err(Trouble::Alarm(format!("two different trees of {old} entries, both signed: the log has forked")))
        };
    }
    if old > 0 {
        let body = asker.get(&format!("ct/v1/get-sth-consistency?first={old}&second={}", head.size)).await?;
        let proof = proof(&body).ok_or_else(|| Trouble::Failed(what_instead(&body, "get-sth-consistency")))?;
        if !tree::consistent(old, &old_root, head.size, &head.root, &proof) {
            return Err(Trouble::Alarm(format!(
                "its tree of {} entries does not contain that of {old} entries: the log has forked",
                head.size
            )));
        }
    }
    Ok(head)
}

fn proof(body: &[u8]) -> Option<Vec<Hash>> {
    let proof: Proof = serde_json::from_slice(body).ok()?;
    proof.consistency.iter().take(128).map(|h| STANDARD.decode(h).ok()?.try_into().ok()).collect()
}

/// Reads on from entry `from`, at most up to `end`.
pub(super) async fn read(asker: &Asker<'_>, from: u64, end: u64) -> Chunk {
    let mut chunk = Chunk { next: from, ..Chunk::default() };
    for _ in 0..REQUESTS {
        if chunk.next >= end {
            break;
        }
        let (start, last) = (chunk.next, (chunk.next + ENTRIES).min(end) - 1);
        let body = match asker.get(&format!("ct/v1/get-entries?start={start}&end={last}")).await {
            Ok(body) => body,
            Err(trouble) => {
                chunk.trouble = Some(trouble);
                break;
            }
        };
        match off_thread(move || names_of(&body, last + 1 - start)).await {
            Ok((names, broken, count)) => chunk.add(&names, broken, start + count),
            Err(why) => {
                chunk.trouble = Some(Trouble::Failed(why));
                break;
            }
        }
    }
    chunk
}

/// The names of one answer, how many of its entries were malformed, and how many it had (at most `asked`, at least one).
///
/// # Errors
/// It is no whole answer, or an empty one.
pub(super) fn names_of(body: &[u8], asked: u64) -> Result<(Vec<u8>, u64, u64), String> {
    let answer: Entries<'_> = serde_json::from_slice(body).map_err(|_| what_instead(body, "get-entries"))?;
    let entries = &answer.entries[..answer.entries.len().min(usize::try_from(asked).unwrap_or(usize::MAX))];
    if entries.is_empty() {
        return Err("no entry in the answer to get-entries, although the log says that there are more".into());
    }
    let (mut names, mut broken) = (Vec::new(), 0);
    for entry in entries {
        let read = STANDARD.decode(entry.leaf_input.as_bytes()).ok();
        let whole = read.as_deref().and_then(tile::of_leaf_input).is_some_and(|leaf| leaf.names(&mut names));
        broken += u64::from(!whole);
    }
    Ok((names, broken, entries.len() as u64))
}
