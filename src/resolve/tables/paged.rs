//! A file read on demand: pages of 4 KiB by `pread`, the latest few thousand kept. Opening reads nothing.
//! So that a table of 100 MB costs what is asked of it, without a memory map (which would need unsafe code).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

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
    pages: Vec<Option<Arc<[u8]>>>,
    /// In order of reading; the oldest goes first.
    order: std::collections::VecDeque<u32>,
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
    fn page(&self, n: u32) -> io::Result<Arc<[u8]>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = cache.pages.get(n as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
        if let Some(page) = slot {
            return Ok(page.clone());
        }
        let at = u64::from(n) * PAGE as u64;
        let mut bytes = vec![0; PAGE.min(usize::try_from(self.len - at).unwrap_or(PAGE))];
        self.file.read_exact_at(&mut bytes, at)?;
        let page: Arc<[u8]> = bytes.into();
        if cache.order.len() >= KEPT
            && let Some(old) = cache.order.pop_front()
        {
            cache.pages[old as usize] = None;
        }
        cache.order.push_back(n);
        cache.read += 1;
        cache.pages[n as usize] = Some(page.clone());
        Ok(page)
    }
    /// Fills `into` from offset `at`.
    pub(crate) fn read(&self, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
        while !into.is_empty() {
            let page = self.page(u32::try_from(at / PAGE as u64).map_err(|_| io::ErrorKind::UnexpectedEof)?)?;
            let from = (at % PAGE as u64) as usize;
            let n = into.len().min(page.len().saturating_sub(from));
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            into[..n].copy_from_slice(&page[from..from + n]);
            into = &mut into[n..];
            at += n as u64;
        }
        Ok(())
    }
    /// `N` bytes at an offset.
    pub(crate) fn bytes<const N: usize>(&self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }
    /// Up to `n` bytes at an offset, fewer at the end of the file.
    pub(crate) fn some(&self, at: u64, n: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; n.min(usize::try_from(self.len.saturating_sub(at)).unwrap_or(n))];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }
}
