//! The shelf: typed rows over the byte store, in transactions that carry their own proof.
//! Every transaction also writes the meta row: counters, the journal's head, a running number and a fingerprint of all rows.
//! At open the rows must give that fingerprint, and the number must reach the mark file's; else the store has lost something that was
//! acknowledged (sled can open without a damaged segment and say nothing) and is made anew.

use crate::model::digest::Sha256;
use crate::model::lead::LeadId;
use crate::model::time::Timestamp;
use crate::records::Totals;
use crate::records::journal::Head;
use crate::records::store::{Changes, Fault, Store, end_of};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Schema that this program writes.
pub(super) const SCHEMA: u32 = 1;
/// Row of the schema version; outside the fingerprint.
const SCHEMA_ROW: &[u8] = b"schema";
/// Row of [`Meta`]; outside the fingerprint.
const META_ROW: &[u8] = b"meta";

/// What every transaction writes beside its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Number of the transaction.
    pub(super) seq: u64,
    /// Sum over all rows of their hashes, modulo 2^128, in hexadecimal.
    sum: String,
    /// Counters.
    pub(super) totals: Totals,
    /// Hosts by the outcome of their last visit.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Capture time of the latest visit that is in the rows.
    #[serde(default)]
    pub(super) newest_visit: Option<Timestamp>,
    /// Last journal line that is in the rows.
    pub(super) journal: Head,
}

/// The open store with its meta row. Readers share, one transaction at a time writes.
pub(super) struct Shelf {
    store: Box<dyn Store>,
    meta: RwLock<Meta>,
    changed: Mutex<BTreeSet<LeadId>>,
}

/// What a store holds before it is trusted.
pub(super) enum Found {
    /// Nothing was ever written.
    Fresh,
    /// Written by a newer program.
    Newer(u32),
    /// Whole, by its own fingerprint.
    Whole(Box<Shelf>),
}

impl Shelf {
    /// Looks at an open back end: empty, newer, or whole. Migrates an older schema.
    pub(super) fn read(store: Box<dyn Store>) -> Result<Found, Fault> {
        let Some(schema) = store.get(SCHEMA_ROW)? else { return Ok(Found::Fresh) };
        let schema = std::str::from_utf8(&schema).ok().and_then(|s| s.parse::<u32>().ok());
        let schema = schema.ok_or_else(|| Fault::Damaged("its schema version cannot be read".into()))?;
        if schema > SCHEMA {
            return Ok(Found::Newer(schema));
        }
        let meta = store.get(META_ROW)?.ok_or_else(|| Fault::Damaged("its meta row is missing".into()))?;
        let meta: Meta = parse(&meta)?;
        if sum_of(store.as_ref())? != meta.sum() {
            return Err(Fault::Damaged("its rows do not give its fingerprint; something acknowledged was lost".into()));
        }
        let meta = migrate(store.as_ref(), &MIGRATIONS, schema, meta)?;
        Ok(Found::Whole(Box::new(Self::around(store, meta))))
    }
    /// Lays out an empty store whose numbers go on from `seq`.
    pub(super) fn lay_out(store: Box<dyn Store>, seq: u64) -> Result<Self, Fault> {
        let meta = Meta { seq, ..Meta::default() };
        let rows = [(SCHEMA_ROW.to_vec(), Some(SCHEMA.to_string().into_bytes())), (META_ROW.to_vec(), Some(bytes(&meta)?))];
        store.apply(&rows.into_iter().collect())?;
        store.flush()?;
        Ok(Self::around(store, meta))
    }
    fn around(store: Box<dyn Store>, meta: Meta) -> Self {
        Self { store, meta: RwLock::new(meta), changed: Mutex::default() }
    }
    /// Leads whose rows were written since this was last asked.
    pub(super) fn changed_leads(&self) -> BTreeSet<LeadId> {
        std::mem::take(&mut *self.changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
    /// Were leads written since [`Shelf::changed_leads`] was last asked?
    pub(super) fn has_changed_leads(&self) -> bool {
        !self.changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty()
    }
    /// One row as it stands, without waiting for the transaction that is being written.
    pub(super) fn peek<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        self.store.get(key)?.map(|v| parse(&v)).transpose()
    }
    /// A consistent view for reading.
    pub(super) fn view(&self) -> View<'_> {
        View { store: self.store.as_ref(), meta: self.meta.read().unwrap_or_else(std::sync::PoisonError::into_inner) }
    }
    /// Begins the one writing transaction.
    pub(super) fn draft(&self) -> Draft<'_> {
        let held = self.meta.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Draft { store: self.store.as_ref(), changed: &self.changed, meta: held.clone(), held, changes: Changes::new() }
    }
    /// Everything committed before this call is on disk when it returns. Gives the number of the last such transaction.
    pub(super) fn flush(&self) -> Result<u64, Fault> {
        let seq = self.view().meta.seq;
        self.store.flush()?;
        Ok(seq)
    }
}

/// Rows as they stand, for as long as it is held.
pub(super) struct View<'a> {
    store: &'a dyn Store,
    /// The meta row.
    pub(super) meta: RwLockReadGuard<'a, Meta>,
}

impl View<'_> {
    /// One row.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        self.store.get(key)?.map(|v| parse(&v)).transpose()
    }
    /// Rows below `prefix` in key order, with the rest of the key, until `row` breaks.
    pub(super) fn each<T: DeserializeOwned>(&self, prefix: &[u8], mut row: impl FnMut(&[u8], T) -> ControlFlow<()>) -> Result<(), Fault> {
        each(self.store, prefix, &mut row)
    }
    /// Keys in `from..to` without their values, at most `limit`.
    pub(super) fn keys(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Fault> {
        let mut keys = Vec::new();
        if limit == 0 {
            return Ok(keys);
        }
        self.store.scan(from, to, &mut |key, _| {
            keys.push(key.to_vec());
            if keys.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(keys)
    }
}

/// One transaction being written. Dropped without commit, it never was.
pub(super) struct Draft<'a> {
    store: &'a dyn Store,
    changed: &'a Mutex<BTreeSet<LeadId>>,
    held: RwLockWriteGuard<'a, Meta>,
    /// The meta row as it will be.
    pub(super) meta: Meta,
    changes: Changes,
}

impl Draft<'_> {
    /// One row, as this transaction sees it.
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        match self.changes.get(key) {
            Some(change) => change.as_deref().map(parse).transpose(),
            None => self.store.get(key)?.map(|v| parse(&v)).transpose(),
        }
    }
    /// Rows below `prefix` in key order, as this transaction sees them.
    pub(super) fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<T>, Fault> {
        let end = end_of(prefix);
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        self.store.scan(prefix, &end, &mut |key, value| {
            rows.insert(key.to_vec(), value.to_vec());
            ControlFlow::Continue(())
        })?;
        for (key, change) in self.changes.range(prefix.to_vec()..end) {
            match change {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        rows.values().map(|value| parse(value)).collect()
    }
    /// Writes a row.
    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, value: &T) -> Result<(), Fault> {
        self.changes.insert(key, Some(bytes(value)?));
        Ok(())
    }
    /// Removes a row.
    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }
    /// Hands all of it to the store at once. Not yet flushed.
    pub(super) fn commit(mut self) -> Result<(), Fault> {
        let mut sum = self.meta.sum();
        for (key, value) in &self.changes {
            if let Some(old) = self.store.get(key)? {
                sum = sum.wrapping_sub(print_of(key, &old));
            }
            if let Some(new) = value {
                sum = sum.wrapping_add(print_of(key, new));
            }
        }
        self.meta.sum = format!("{sum:032x}");
        self.meta.seq += 1;
        self.changes.insert(META_ROW.to_vec(), Some(bytes(&self.meta)?));
        self.store.apply(&self.changes)?;
        let ids = self.changes.keys().filter_map(|k| std::str::from_utf8(k.strip_prefix(b"l/")?).ok()).map(|id| LeadId(id.to_owned()));
        self.changed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(ids);
        *self.held = self.meta;
        Ok(())
    }
}

impl Meta {
    fn sum(&self) -> u128 {
        u128::from_str_radix(&self.sum, 16).unwrap_or(0)
    }
}

/// Takes a store from the schema of its index + 1 to the next: the rows to write and remove.
type Migration = fn(&dyn Store) -> Result<Changes, Fault>;
/// One for each schema that was left behind; none yet.
const MIGRATIONS: [Migration; SCHEMA as usize - 1] = [];

/// Runs the migrations from `schema` on, each in one transaction with its version and fingerprint.
fn migrate(store: &dyn Store, migrations: &[Migration], schema: u32, mut meta: Meta) -> Result<Meta, Fault> {
    for (from, migration) in (1u32..).zip(migrations).skip(schema.saturating_sub(1) as usize) {
        let mut changes = migration(store)?;
        let mut sum = meta.sum();
        for (key, value) in &changes {
            sum = store.get(key)?.map_or(sum, |old| sum.wrapping_sub(print_of(key, &old)));
            sum = value.as_ref().map_or(sum, |new| sum.wrapping_add(print_of(key, new)));
        }
        meta = Meta { seq: meta.seq + 1, sum: format!("{sum:032x}"), ..meta };
        changes.insert(SCHEMA_ROW.to_vec(), Some((from + 1).to_string().into_bytes()));
        changes.insert(META_ROW.to_vec(), Some(bytes(&meta)?));
        store.apply(&changes)?;
        store.flush()?;
        tracing::info!("records: schema {from} migrated to {}", from + 1);
    }
    Ok(meta)
}

fn each<T: DeserializeOwned>(store: &dyn Store, prefix: &[u8], row: &mut dyn FnMut(&[u8], T) -> ControlFlow<()>) -> Result<(), Fault> {
    let mut bad = None;
    store.scan(prefix, &end_of(prefix), &mut |key, value| match parse(value) {
        Ok(value) => row(&key[prefix.len()..], value),
        Err(fault) => {
            bad = Some(fault);
            ControlFlow::Break(())
        }
    })?;
    bad.map_or(Ok(()), Err)
}

/// The fingerprint of all rows but schema and meta.
fn sum_of(store: &dyn Store) -> Result<u128, Fault> {
    let mut sum = 0u128;
    store.scan(b"", &end_of(&[u8::MAX]), &mut |key, value| {
        if key != SCHEMA_ROW && key != META_ROW {
            sum = sum.wrapping_add(print_of(key, value));
        }
        ControlFlow::Continue(())
    })?;
    Ok(sum)
}

fn print_of(key: &[u8], value: &[u8]) -> u128 {
    let mut row = Vec::with_capacity(8 + key.len() + value.len());
    row.extend_from_slice(&(key.len() as u64).to_be_bytes());
    row.extend_from_slice(key);
    row.extend_from_slice(value);
    Sha256::of(&row).as_bytes().iter().take(16).fold(0, |acc, b| (acc << 8) | u128::from(*b))
}

fn parse<T: DeserializeOwned>(value: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(value).map_err(|e| Fault::Damaged(format!("a row cannot be read: {e}")))
}

fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|e| Fault::Machine(format!("a row cannot be written: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::store::Row;
    use std::sync::{Arc, Mutex};

    /// Another back end, to hold the seam.
    #[derive(Clone, Default)]
    struct InMemory(Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>);

    impl Store for InMemory {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
            Ok(self.0.lock().expect("held by no one").get(key).cloned())
        }
        fn scan(&self, from: &[u8], to: &[u8], row: Row<'_>) -> Result<(), Fault> {
            let rows = self.0.lock().expect("held by no one").clone();
            let _ = rows.range(from.to_vec()..to.to_vec()).try_for_each(|(key, value)| row(key, value));
            Ok(())
        }
        fn apply(&self, changes: &Changes) -> Result<(), Fault> {
            let mut rows = self.0.lock().expect("held by no one");
            for (key, value) in changes {
                match value {
                    Some(value) => rows.insert(key.clone(), value.clone()),
                    None => rows.remove(key),
                };
            }
            Ok(())
        }
        fn flush(&self) -> Result<(), Fault> {
            Ok(())
        }
    }

    fn with_rows(rows: &[(&str, u32)]) -> InMemory {
        let store = InMemory::default();
        let shelf = Shelf::lay_out(Box::new(store.clone()), 7).expect("laid out");
        let mut draft = shelf.draft();
        for (key, value) in rows {
            draft.put(key.as_bytes().to_vec(), value).expect("put");
        }
        draft.commit().expect("committed");
        store
    }

    fn found(store: &InMemory) -> Result<Found, Fault> {
        Shelf::read(Box::new(store.clone()))
    }

    #[test]
    fn a_lost_a_changed_and_a_stale_row_are_noticed() {
        let store = with_rows(&[("a", 1), ("b", 2)]);
        assert!(matches!(found(&store), Ok(Found::Whole(shelf)) if shelf.view().meta.seq == 8));
        for damage in [None, Some(b"3".to_vec())] {
            let hurt = with_rows(&[("a", 1), ("b", 2)]);
            hurt.apply(&[(b"a".to_vec(), damage)].into_iter().collect()).expect("applied");
            assert!(matches!(found(&hurt), Err(Fault::Damaged(_))));
        }
    }

    #[test]
    fn a_dropped_draft_leaves_nothing_and_a_draft_sees_its_own_rows() {
        let store = with_rows(&[("x/1", 1), ("x/2", 2)]);
        let Ok(Found::Whole(shelf)) = found(&store) else { panic!("whole") };
        let mut draft = shelf.draft();
        draft.put(b"x/0".to_vec(), &0u32).expect("put");
        draft.put(b"x/2".to_vec(), &20u32).expect("put");
        draft.remove(b"x/1".to_vec());
        assert_eq!(draft.all::<u32>(b"x/").expect("read"), [0, 20]);
        assert_eq!(draft.get::<u32>(b"x/1").expect("read"), None);
        drop(draft);
        assert_eq!(shelf.draft().all::<u32>(b"x/").expect("read"), [1, 2]);
    }

    #[test]
    fn an_older_schema_is_migrated_step_by_step_and_stays_whole() {
        let store = with_rows(&[("old", 1), ("kept", 2)]);
        let first: Migration = |_| Ok([(b"old".to_vec(), None), (b"new".to_vec(), Some(b"1".to_vec()))].into_iter().collect());
        let second: Migration = |store| {
            assert_eq!(store.get(b"new")?, Some(b"1".to_vec()));
            Ok([(b"new".to_vec(), Some(b"10".to_vec()))].into_iter().collect())
        };
        let meta: Meta = parse(&store.get(META_ROW).expect("read").expect("there")).expect("parsed");
        let meta = migrate(&store, &[first, second], 1, meta).expect("migrated");
        assert_eq!(meta.sum(), sum_of(&store).expect("read"));
        assert_eq!(store.get(SCHEMA_ROW).expect("read"), Some(b"3".to_vec()));
        assert_eq!(store.get(b"new").expect("read"), Some(b"10".to_vec()));
        assert!(matches!(found(&store), Ok(Found::Newer(3))), "this program is now the older one");
    }

    #[test]
    fn an_empty_store_is_fresh_and_one_without_its_meta_row_is_damaged() {
        assert!(matches!(found(&InMemory::default()), Ok(Found::Fresh)));
        let store = with_rows(&[]);
        store.apply(&[(META_ROW.to_vec(), None)].into_iter().collect()).expect("applied");
        assert!(matches!(found(&store), Err(Fault::Damaged(_))));
    }
}
