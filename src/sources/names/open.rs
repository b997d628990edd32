//! A file as text streams: plain, gzip or zip, told by its first bytes and never by its name.
//! In: a path. Out: one stream for each member, decompressed, as UTF-8 or as it stood.
//! Memory is constant; a stream that unpacks to over 200 times its packed size is refused.

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{Cursor, Error, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Members of one archive that are looked at.
const MAX_MEMBERS: usize = 10_000;
/// Text packs to a tenth; what unpacks to over this many times its size is no text but a trap.
const MAX_RATIO: u64 = 200;
/// Below this many unpacked bytes the ratio does not matter.
const RATIO_FREE_BYTES: u64 = 64 << 20;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// Text.
    Plain,
    /// One or more gzip members, read as one stream.
    Gzip,
    /// The members of a zip archive that may hold a list, in archive order.
    Zip(Vec<Member>),
}

/// One member of a zip archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Name as stored; for messages only.
    pub(super) name: String,
    deflated: bool,
    start: u64,
    packed_bytes: u64,
    crc32: u32,
}

impl Container {
    /// Looks at the first bytes (for a zip archive, at its directory).
    ///
    /// # Errors
    /// Why it cannot be read, and what to give instead.
    pub(super) fn of(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|e| e.to_string())?;
        let head = peek(&mut file, 6).map_err(|e| e.to_string())?;
        let instead = |what: &str| Err(format!("{what} is not read; give plain text, gzip or zip"));
        match head.as_slice() {
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => members(file).map(Self::Zip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => instead("zstd"),
            [0xfd, b'7', b'z', ..] => instead("xz"),
            [b'B', b'Z', b'h', ..] => instead("bzip2"),
            [b'7', b'z', 0xbc, ..] => instead("7z"),
            [b'R', b'a', b'r', b'!', ..] => instead("rar"),
            [0xd0, 0xcf, 0x11, 0xe0, ..] => instead("an old Office file"),
            _ => Ok(Self::Plain),
        }
    }
    /// How many streams it holds.
    pub(super) fn streams(&self) -> usize {
        if let Self::Zip(members) = self { members.len() } else { 1 }
    }
    /// Name of stream `n`, where it has one of its own.
    pub(super) fn name(&self, n: usize) -> Option<&str> {
        if let Self::Zip(members) = self { members.get(n).map(|m| m.name.as_str()) } else { None }
    }
    /// Opens stream `n`. `read_bytes` follows the position in the packed file, for the progress bar.
    ///
    /// # Errors
    /// The disk's, or what is wrong with the bytes.
    pub(super) fn open(&self, path: &Path, n: usize, read_bytes: &Arc<AtomicU64>) -> std::io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(path)?;
        let member = if let Self::Zip(members) = self { members.get(n) } else { None };
        let start = member.map_or(0, |m| m.start);
        file.seek(SeekFrom::Start(start))?;
        read_bytes.store(start, Ordering::Relaxed);
        let counted = Counted { inner: file, read_bytes: Arc::clone(read_bytes) };
        let text: Box<dyn Read + Send> = match (self, member) {
            (Self::Gzip, _) => Box::new(Bounded::new(MultiGzDecoder::new(counted), Arc::clone(read_bytes), 0)),
            (_, Some(m)) if m.deflated => {
                let unpacked = DeflateDecoder::new(counted.take(m.packed_bytes));
                Box::new(Checked::new(Bounded::new(unpacked, Arc::clone(read_bytes), start), m.crc32))
            }
            (_, Some(m)) => Box::new(Checked::new(counted.take(m.packed_bytes), m.crc32)),
            (_, None) => Box::new(counted),
        };
        unwrapped(text, member.is_some())
    }
}

/// Reads a gzip file inside an archive, and UTF-16 text, as what they hold.
fn unwrapped(mut text: Box<dyn Read + Send>, in_archive: bool) -> std::io::Result<Box<dyn Read + Send>> {
    let head = peek(&mut text, 4)?;
    let whole = Box::new(Cursor::new(head.clone()).chain(text));
    Ok(match head.as_slice() {
        [0x1f, 0x8b, ..] if in_archive => Box::new(Limited { inner: MultiGzDecoder::new(whole), left: 16 << 30 }),
        [b'P', b'K', 3, 4] if in_archive => return Err(Error::other("a zip inside a zip is not read; unpack the outer one")),
        [0xff, 0xfe, ..] => Box::new(Utf16::new(whole, encoding_rs::UTF_16LE)),
        [0xfe, 0xff, ..] => Box::new(Utf16::new(whole, encoding_rs::UTF_16BE)),
        [0xef, 0xbb, 0xbf, ..] => {
            let mut whole = whole;
            whole.read_exact(&mut [0; 3])?;
            whole
        }
        _ => whole,
    })
}

fn peek(reader: &mut dyn Read, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(bytes).read_to_end(&mut head)?;
    Ok(head)
}

fn members(file: File) -> Result<Vec<Member>, String> {
    let file_bytes = file.metadata().map_err(|e| e.to_string())?.len();
    let mut archive = zip::ZipArchive::new(file).map_err(|e| format!("not a whole zip archive: {e}"))?;
    if archive.len() > MAX_MEMBERS {
        return Err(format!("{} members in one zip archive; at most {MAX_MEMBERS} are read", archive.len()));
    }
    let mut members = Vec::new();
    for n in 0..archive.len() {
        let entry = archive.by_index_raw(n).map_err(|e| format!("zip member {n}: {e}"))?;
        let name: String = entry.name().map(|n| n.chars().take(200).collect()).unwrap_or_else(|_| format!("member {n}"));
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        if entry.is_dir() || name.starts_with("__MACOSX/") || base.starts_with('.') {
            continue;
        }
        if entry.encrypted() {
            return Err(format!("{name} is encrypted; unpack it first"));
        }
        let deflated = match entry.compression() {
            zip::CompressionMethod::Stored => false,
            zip::CompressionMethod::Deflated => true,
            other => return Err(format!("{name} is packed by {other}; pack it by deflate")),
        };
        let start = entry.data_start().ok_or_else(|| format!("{name}: the zip archive does not say where it starts"))?;
        members.push(Member { deflated, start, packed_bytes: entry.compressed_size(), crc32: entry.crc32(), name });
    }
    // Members that share bytes are how a small archive claims to hold terabytes.
    if members.iter().map(|m| u128::from(m.packed_bytes)).sum::<u128>() > u128::from(file_bytes) {
        return Err("its members overlap, or are larger than the archive: refused".into());
    }
    Ok(members)
}

/// Adds up what is read.
struct Counted<R> {
    inner: R,
    read_bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read_bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Refuses a stream that unpacks beyond all measure.
struct Bounded<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    start: u64,
    given: u64,
}

impl<R> Bounded<R> {
    fn new(inner: R, packed: Arc<AtomicU64>, start: u64) -> Self {
        Self { inner, packed, start, given: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.given += n as u64;
        let packed = self.packed.load(Ordering::Relaxed).saturating_sub(self.start);
        if self.given > RATIO_FREE_BYTES && self.given / MAX_RATIO > packed {
            return Err(Error::other(format!("it unpacks to over {MAX_RATIO} times its size: refused")));
        }
        Ok(n)
    }
}

/// Refuses to give more than so many bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| Error::other("a gzip in a zip unpacks to over 16 GiB: refused"))?;
        Ok(n)
    }
}

/// Compares the CRC at the end.
struct Checked<R> {
    inner: R,
    crc: flate2::Crc,
    want: u32,
}

impl<R> Checked<R> {
    fn new(inner: R, want: u32) -> Self {
        Self { inner, crc: flate2::Crc::new(), want }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.crc.update(&buffer[..n]);
        if n == 0 && !buffer.is_empty() && self.crc.sum() != self.want {
            return Err(Error::other("its checksum does not match: damaged or cut short"));
        }
        Ok(n)
    }
}

/// UTF-16 text as UTF-8.
struct Utf16<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    fn new(inner: R, encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, raw: vec![0; 32 << 10], text: Vec::new(), at: 0, ended: false }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.text.len() && !self.ended {
            let n = self.inner.read(&mut self.raw)?;
            self.ended = n == 0;
            self.text.resize(3 * self.raw.len() + 16, 0);
            let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..n], &mut self.text, self.ended);
            self.text.truncate(written);
            self.at = 0;
        }
        let n = buffer.len().min(self.text.len() - self.at);
        buffer[..n].copy_from_slice(&self.text[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}
