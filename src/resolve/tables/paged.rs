//! A file read on demand: pages of 4 KiB by `pread`, the latest few thousand kept. Opening reads nothing.
//! So that a table of 100 MB costs what is asked of it, without a memory map (which would need unsafe code).

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

const PAGE: usize = 4096;
/// Pages kept of one file: 16 MiB.
const KEPT: usize = 4096;

/// An open file with its page cache.
pub(crate) struct Paged {
    file: File,
    len: u64,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    pages: Vec<Option<Box<[u8]>>>,
    /// In order of reading; the oldest goes first.
    order: std::collections::VecDeque<usize>,
    read: u64,
}

impl Paged {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let pages = usize::try_from(len.div_ceil(PAGE as u64)).map_err(io::Error::other)?;
        Ok(Self { file, len, cache: Mutex::new(Cache { pages: vec![None; pages], ..Cache::default() }) })
    }
    pub(crate) fn len(&self) -> u64 {
        self.len
    }
    /// Bytes read from the disk so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).read * PAGE as u64
    }
    /// Begins a look-up. It has the cache to itself until it ends: some microseconds.
    pub(crate) fn look(&self) -> Look<'_> {
        Look { file: self, cache: self.cache.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// One look-up in a file.
pub(crate) struct Look<'a> {
    file: &'a Paged,
    cache: MutexGuard<'a, Cache>,
}

impl Look<'_> {
    /// Has the page `n` in the cache.
    fn fetch(&mut self, n: usize) -> io::Result<()> {
        if self.cache.pages.get(n).ok_or(io::ErrorKind::UnexpectedEof)?.is_some() {
            return Ok(());
        }
        let at = n as u64 * PAGE as u64;
        let mut bytes = vec![0; PAGE.min(usize::try_from(self.file.len - at).unwrap_or(PAGE))];
        self.file.file.read_exact_at(&mut bytes, at)?;
        if self.cache.order.len() >= KEPT
            && let Some(old) = self.cache.order.pop_front()
        {
            self.cache.pages[old] = None;
        }
        self.cache.order.push_back(n);
        self.cache.read += 1;
        self.cache.pages[n] = Some(bytes.into());
        Ok(())
    }
    /// What the page of `at` holds, and where in it `at` stands.
    pub(crate) fn around(&mut self, at: u64) -> io::Result<(&[u8], usize)> {
        let n = usize::try_from(at / PAGE as u64).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        self.fetch(n)?;
        let here = (at % PAGE as u64) as usize;
        match &self.cache.pages[n] {
            Some(page) if here < page.len() => Ok((page, here)),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
    /// Fills `into` from offset `at`.
    pub(crate) fn read(&mut self, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            let (page, from) = self.around(at)?;
            let n = into.len().min(page.len() - from);
            into[..n].copy_from_slice(&page[from..from + n]);
            into = &mut into[n..];
            at += n as u64;
        }
        Ok(())
    }
    /// `N` bytes at an offset.
    pub(crate) fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<[u8; N]> {
        let (page, from) = self.around(at)?;
        if let Some(bytes) = page.get(from..from + N) {
            return bytes.try_into().map_err(io::Error::other);
        }
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }
    /// Up to `n` bytes at an offset, fewer at the end of the file.
    pub(crate) fn some(&mut self, at: u64, n: usize) -> io::Result<Cow<'_, [u8]>> {
        let n = n.min(usize::try_from(self.file.len.saturating_sub(at)).unwrap_or(n));
        if n == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        if (at % PAGE as u64) as usize + n > PAGE {
            let mut bytes = vec![0; n];
            self.read(at, &mut bytes)?;
            return Ok(Cow::Owned(bytes));
        }
        let (page, from) = self.around(at)?;
        Ok(Cow::Borrowed(page.get(from..from + n).ok_or(io::ErrorKind::UnexpectedEof)?))
    }
}
