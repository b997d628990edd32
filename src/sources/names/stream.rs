//! One text stream being read: its form found out at its head, its names given in blocks.

use crate::sources::names::csv;
use crate::sources::names::form::{self, Form};
use crate::sources::names::lines::Lines;
use crate::sources::names::open::Container;
use crate::sources::names::place::Place;
use crate::sources::names::zone::Zone;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A block is given when it has reached this size.
const BLOCK_BYTES: usize = 4 << 20;
/// A block is given, however small, when this much text was read for it: a kill repeats no more than that.
const BLOCK_TEXT_BYTES: u64 = 64 << 20;
/// Lines that one quoted field may run over.
const MAX_RECORD_LINES: usize = 32;

/// Why a stream gives nothing (more).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is something else than a list.
    NoList(String),
    /// Its bytes are damaged; reading it again will not help.
    Damaged(String),
    /// The disk did not give it; next time it may.
    Passing(String),
}

impl Trouble {
    /// What, in a few words.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::NoList(why) | Self::Damaged(why) | Self::Passing(why) => why,
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(e: std::io::Error) -> Self {
        match (e.raw_os_error(), e.kind()) {
            (Some(_), _) => Self::Passing(e.to_string()),
            (None, std::io::ErrorKind::UnexpectedEof) => Self::Damaged("it is cut short".into()),
            (None, _) => Self::Damaged(e.to_string()),
        }
    }
}

/// A stream and its form.
pub(super) struct Stream {
    lines: Lines,
    form: Form,
    zone: Zone,
    skipped_before: u64,
}

impl Stream {
    /// Opens the stream that `place` names and goes to its offset there.
    pub(super) fn open(container: &Container, path: &Path, place: &Place, read_bytes: &Arc<AtomicU64>) -> Result<Self, Trouble> {
        let mut lines = Lines::new(container.open(path, place.stream, read_bytes)?);
        let form = form::detect(lines.head()?).map_err(Trouble::NoList)?;
        if !lines.seek(place.offset)? {
            return Err(Trouble::Damaged("it is shorter than when it was begun".into()));
        }
        Ok(Self { lines, form, zone: place.zone.clone().unwrap_or_default(), skipped_before: place.skipped_lines })
    }
    /// Appends names until the block is full (`false`) or the stream ends (`true`); `place` follows, also on an error.
    pub(super) fn block(&mut self, names: &mut Vec<u8>, place: &mut Place) -> Result<bool, Trouble> {
        let ended = self.fill(names);
        place.offset = self.lines.offset();
        place.skipped_lines = self.skipped_before + self.lines.skipped();
        place.zone = (self.form == Form::Zone).then(|| self.zone.clone());
        Ok(ended?)
    }
    fn fill(&mut self, names: &mut Vec<u8>) -> std::io::Result<bool> {
        let begun_at = self.lines.offset();
        while names.len() < BLOCK_BYTES && self.lines.offset() - begun_at < BLOCK_TEXT_BYTES {
            let Some(line) = self.lines.next()? else { return Ok(true) };
            match &self.form {
                Form::Zone => self.zone.line(line, names),
                Form::Csv(layout) if csv::open_quote(line) => {
                    let record = joined(line.to_vec(), &mut self.lines)?;
                    layout.names_of_joined(&record, names);
                }
                form => form::names_of(form, line, names),
            }
        }
        Ok(false)
    }
}

/// Lines of one record whose quoted field runs on, as they came.
fn joined(first: Vec<u8>, lines: &mut Lines) -> std::io::Result<Vec<Vec<u8>>> {
    let mut record = vec![first];
    while record.len() < MAX_RECORD_LINES {
        let Some(line) = lines.next()? else { break };
        record.push(line.to_vec());
        if csv::open_quote(line) {
            break;
        }
    }
    Ok(record)
}
