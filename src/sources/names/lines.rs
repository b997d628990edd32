//! Lines out of any byte stream in constant memory: one buffer, one pass, every line at most 64 KiB.
//! In: a reader. Out: lines without their `\n`, and the offset behind the last one given.
//! A longer line is dropped and counted, however long it is; no byte of the stream can make the buffer grow.

use std::io::{ErrorKind, Read};

/// A line longer than this many bytes is skipped and counted.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;
const BUFFER_BYTES: usize = 4 * MAX_LINE_BYTES;

/// A byte stream being cut into lines.
pub(super) struct Lines {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    eof: bool,
    skipped: u64,
}

impl Lines {
    /// Nothing is read yet.
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, offset: 0, eof: false, skipped: 0 }
    }
    /// Bytes of the stream before the next line.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }
    /// Lines dropped for their length.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }
    /// The first bytes of the stream, at most 64 KiB, still to be given as lines.
    pub(super) fn head(&mut self) -> std::io::Result<&[u8]> {
        while !self.eof && self.end - self.start < MAX_LINE_BYTES {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + MAX_LINE_BYTES)])
    }
    /// Moves on to byte `offset` of the stream. `false`: the stream ends before it, or it is already past.
    pub(super) fn seek(&mut self, offset: u64) -> std::io::Result<bool> {
        while self.offset < offset {
            let held = (self.end - self.start) as u64;
            let step = held.min(offset - self.offset);
            self.consume(usize::try_from(step).expect("at most the length of the buffer"));
            if self.start == self.end {
                if self.eof {
                    return Ok(self.offset == offset);
                }
                self.fill()?;
            }
        }
        Ok(self.offset == offset)
    }
    /// The next line, without `\n`. `None`: the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        let mut searched = 0;
        let mut too_long = false;
        loop {
            let held = &self.buffer[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', &held[searched..]) {
                let (from, length) = (self.start, searched + at);
                self.consume(length + 1);
                if !too_long && length <= MAX_LINE_BYTES {
                    return Ok(Some(&self.buffer[from..from + length]));
                }
                self.skipped += 1;
                (searched, too_long) = (0, false);
                continue;
            }
            searched = held.len();
            if searched > MAX_LINE_BYTES {
                too_long = true;
                self.consume(searched);
                searched = 0;
            }
            if self.eof {
                return Ok(self.last(too_long));
            }
            self.fill()?;
        }
    }
    fn last(&mut self, too_long: bool) -> Option<&[u8]> {
        let (from, length) = (self.start, self.end - self.start);
        self.consume(length);
        if too_long {
            self.skipped += 1;
            return None;
        }
        (length > 0).then(|| &self.buffer[from..from + length])
    }
    fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }
    fn fill(&mut self) -> std::io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn all(text: Vec<u8>) -> (Vec<Vec<u8>>, u64) {
        let mut lines = Lines::new(Box::new(Cursor::new(text)));
        let mut got = Vec::new();
        while let Some(line) = lines.next().expect("memory does not fail") {
            got.push(line.to_vec());
        }
        (got, lines.skipped())
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        assert_eq!(all(b"a\n\nb".to_vec()), (vec![b"a".to_vec(), vec![], b"b".to_vec()], 0));
        assert_eq!(all(Vec::new()), (vec![], 0));
    }

    #[test]
    fn a_line_over_the_cap_is_skipped_and_counted_wherever_it_stands() {
        for length in [MAX_LINE_BYTES + 1, 2 * BUFFER_BYTES, 5 * BUFFER_BYTES + 17] {
            let long = vec![b'x'; length];
            let text = [b"a\n", long.as_slice(), b"\nb\n", long.as_slice()].concat();
            assert_eq!(all(text), (vec![b"a".to_vec(), b"b".to_vec()], 2), "{length}");
        }
        let at_the_cap = vec![b'y'; MAX_LINE_BYTES];
        assert_eq!(all(at_the_cap.clone()), (vec![at_the_cap], 0));
    }

    #[test]
    fn seeking_to_an_offset_gives_the_lines_behind_it() {
        let text: Vec<u8> = (0..200_000).flat_map(|n| format!("name{n}.top\n").into_bytes()).collect();
        let mut first = Lines::new(Box::new(Cursor::new(text.clone())));
        for _ in 0..150_000 {
            first.next().expect("memory").expect("not the end");
        }
        let mut second = Lines::new(Box::new(Cursor::new(text)));
        second.head().expect("memory");
        assert!(second.seek(first.offset()).expect("memory"));
        assert_eq!(second.next().expect("memory"), Some(b"name150000.top".as_slice()));
        assert!(!second.seek(u64::MAX).expect("memory"), "past the end");
    }
}
