//! Zips with fixed times and order: the same entries give the same bytes.

use std::io::{Cursor, Read, Seek, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Most entries of a file that is read.
const MAX_ENTRIES: usize = 1_000;
/// Most bytes of one entry that is read.
const MAX_ENTRY_BYTES: u64 = 16 << 20;
/// Most bytes of all entries that are read.
const MAX_BYTES: u64 = 64 << 20;

/// A small zip in memory, compressed, in the order given.
pub(in crate::referral) fn small(entries: &[(String, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
    for (name, bytes) in entries {
        zip.start_file(name, options).and_then(|()| zip.write_all(bytes).map_err(Into::into)).map_err(|e| e.to_string())?;
    }
    Ok(zip.finish().map_err(|e| e.to_string())?.into_inner())
}

/// Appends one stored entry to a zip that may be large. Stored, not compressed: the bytes then depend on nothing but the entries.
pub(in crate::referral) fn store<W: Write + Seek>(zip: &mut ZipWriter<W>, name: &str, from: &mut dyn Read) -> Result<u64, String> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(if name.ends_with(".sh") { 0o755 } else { 0o644 })
        .large_file(true);
    zip.start_file(name, options).map_err(|e| e.to_string())?;
    std::io::copy(from, zip).map_err(|e| e.to_string())
}

/// All entries of a zip, within caps.
pub(in crate::referral) fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    if zip.len() > MAX_ENTRIES {
        return Err(format!("{} entries (limit {MAX_ENTRIES})", zip.len()));
    }
    let mut entries = Vec::new();
    let mut total = 0;
    for i in 0..zip.len() {
        let entry = zip.by_index(i).map_err(|e| e.to_string())?;
        let name = entry.name().map_err(|e| e.to_string())?.into_owned();
        let mut bytes = Vec::new();
        entry.take(MAX_ENTRY_BYTES + 1).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
        total += bytes.len() as u64;
        if bytes.len() as u64 > MAX_ENTRY_BYTES || total > MAX_BYTES {
            return Err(format!("{name}: too large (limit {MAX_ENTRY_BYTES} bytes a part, {MAX_BYTES} in all)"));
        }
        entries.push((name, bytes));
    }
    Ok(entries)
}
