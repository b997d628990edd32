//! The seam below records: what a store back end must do, and nothing of any engine.
//! Embedded today (`embedded.rs`, sled); a shared database when one machine is outgrown.
//! Keys and values are bytes; their meaning belongs to `shelf.rs`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Writes of one transaction: key to new value, `None` removes.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Sees key and value of one row; says whether to go on.
pub(super) type Row<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// Why the back end could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The stored bytes are not what was written: make the store anew.
    #[error("{0}")]
    Damaged(String),
    /// The machine said no (disk full, no permission): the stored bytes are not to blame.
    #[error("{0}")]
    Machine(String),
}

/// An ordered map of bytes with atomic transactions. Implementations never panic and never return half a transaction after a crash.
pub(super) trait Store: Send + Sync {
    /// The value under `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;
    /// All rows with `from <= key < to` in key order, until `row` breaks.
    fn scan(&self, from: &[u8], to: &[u8], row: Row<'_>) -> Result<(), Fault>;
    /// All of `changes` or none of it, even across a crash. Durable only after [`Store::flush`].
    fn apply(&self, changes: &Changes) -> Result<(), Fault>;
    /// Everything applied before this call is on disk when it returns.
    fn flush(&self) -> Result<(), Fault>;
}

/// The first key after all that begin with `prefix`.
pub(super) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}
