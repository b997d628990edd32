//! Sorted lists of names on disk: made from any list, compared by one pass over two of them. Memory is constant, whatever the zone.
//! In: names, in any order. Out: each once, lower case, one a line, in byte order; and what stands in one list and not in the other.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Text sorted in memory at once.
const CHUNK_BYTES: usize = 32 << 20;
const BUFFER_BYTES: usize = 256 << 10;
/// Runs that one merge may have: 32 GiB of names.
const MAX_RUNS: usize = 1_024;

/// Takes names and writes them out sorted.
pub(super) struct Sorter {
    out: PathBuf,
    text: Vec<u8>,
    ends: Vec<u32>,
    in_order: bool,
    runs: Vec<PathBuf>,
    run: Option<(BufWriter<File>, Vec<u8>)>,
}

impl Sorter {
    /// The sorted list will stand at `out`; its runs stand beside it meanwhile.
    pub(super) fn new(out: &Path) -> Self {
        let text = Vec::with_capacity(CHUNK_BYTES + 1_024);
        Self { out: out.to_owned(), text, ends: Vec::new(), in_order: true, runs: Vec::new(), run: None }
    }
    /// One name. A last dot does not belong to it.
    pub(super) fn add(&mut self, name: &[u8]) -> io::Result<()> {
        let name = name.strip_suffix(b".").unwrap_or(name);
        if name.is_empty() || name.len() > 1_024 {
            return Ok(());
        }
        let begin = self.text.len();
        self.text.extend_from_slice(name);
        self.text[begin..].make_ascii_lowercase();
        if let Some(end) = self.ends.last() {
            let last = &self.text[self.start_of(self.ends.len() - 1)..*end as usize];
            match last.cmp(&self.text[begin..]) {
                std::cmp::Ordering::Equal => {
                    self.text.truncate(begin);
                    return Ok(());
                }
                order => self.in_order &= order.is_lt(),
            }
        }
        self.ends.push(u32::try_from(self.text.len()).expect("a chunk is far below 4 GiB"));
        if self.text.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }
    fn start_of(&self, n: usize) -> usize {
        if n == 0 { 0 } else { self.ends[n - 1] as usize }
    }
    fn flush(&mut self) -> io::Result<()> {
        let mut spans: Vec<(u32, u32)> = Vec::with_capacity(self.ends.len());
        let mut begin = 0;
        for end in &self.ends {
            spans.push((begin, *end));
            begin = *end;
        }
        let text = &self.text;
        let name = |(b, e): (u32, u32)| &text[b as usize..e as usize];
        if !self.in_order {
            spans.sort_unstable_by(|a, b| name(*a).cmp(name(*b)));
        }
        let Some(first) = spans.first() else { return Ok(()) };
        let goes_on = self.run.as_ref().is_some_and(|(_, last)| last.as_slice() < name(*first));
        if !goes_on {
            if let Some((mut done, _)) = self.run.take() {
                done.flush()?;
            }
            if self.runs.len() == MAX_RUNS {
                return Err(io::Error::other("over 32 GiB of unsorted names"));
            }
            let path = self.out.with_extension(format!("run{}", self.runs.len()));
            self.run = Some((BufWriter::with_capacity(BUFFER_BYTES, File::create(&path)?), Vec::new()));
            self.runs.push(path);
        }
        let (writer, last) = self.run.as_mut().expect("opened above");
        for span in spans {
            let name = name(span);
            if name != last.as_slice() {
                writer.write_all(name)?;
                writer.write_all(b"\n")?;
                last.clear();
                last.extend_from_slice(name);
            }
        }
        self.text.clear();
        self.ends.clear();
        self.in_order = true;
        Ok(())
    }
    /// Writes the list; how many names it has.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        if let Some((mut done, _)) = self.run.take() {
            done.flush()?;
        }
        let part = self.out.with_extension("part");
        let count = match self.runs.as_slice() {
            [] => File::create(&part).map(|_| 0)?,
            [one] => {
                std::fs::rename(one, &part)?;
                count_lines(&part)?
            }
            runs => merge(runs, &part)?,
        };
        for run in &self.runs {
            // A run that was renamed is gone already.
            let _ = std::fs::remove_file(run);
        }
        File::open(&part)?.sync_all()?;
        std::fs::rename(&part, &self.out)?;
        Ok(count)
    }
}

fn count_lines(path: &Path) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut count = 0;
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            return Ok(count);
        }
        count += memchr::memchr_iter(b'\n', block).count() as u64;
        let length = block.len();
        reader.consume(length);
    }
}

/// Lines of a sorted list, one at a time.
struct Reader {
    inner: BufReader<File>,
    line: Vec<u8>,
}

impl Reader {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { inner: BufReader::with_capacity(BUFFER_BYTES, File::open(path)?), line: Vec::new() })
    }
    /// Moves on; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.line.clear();
        Ok(self.inner.read_until(b'\n', &mut self.line)? > 0)
    }
}

fn merge(runs: &[PathBuf], out: &Path) -> io::Result<u64> {
    let mut readers = runs.iter().map(|r| Reader::open(r)).collect::<io::Result<Vec<_>>>()?;
    let mut heap = BinaryHeap::new();
    for (n, reader) in readers.iter_mut().enumerate() {
        if reader.next()? {
            heap.push(std::cmp::Reverse((std::mem::take(&mut reader.line), n)));
        }
    }
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, File::create(out)?);
    let (mut last, mut count) = (Vec::new(), 0);
    while let Some(std::cmp::Reverse((line, n))) = heap.pop() {
        if line != last {
            writer.write_all(&line)?;
            count += 1;
        }
        readers[n].line = std::mem::replace(&mut last, line);
        if readers[n].next()? {
            heap.push(std::cmp::Reverse((std::mem::take(&mut readers[n].line), n)));
        }
    }
    writer.flush()?;
    Ok(count)
}

/// Writes the names of `new` that `old` has not to `added`; how many they are.
pub(super) fn difference(old: &Path, new: &Path, added: &Path) -> io::Result<u64> {
    let (mut old, mut new) = (Reader::open(old)?, Reader::open(new)?);
    let part = added.with_extension("added-part");
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, File::create(&part)?);
    let mut count = 0;
    let mut more_old = old.next()?;
    while new.next()? {
        while more_old && old.line < new.line {
            more_old = old.next()?;
        }
        if !more_old || old.line != new.line {
            writer.write_all(&new.line)?;
            count += 1;
        }
    }
    writer.flush()?;
    writer.get_ref().sync_all()?;
    std::fs::rename(&part, added)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str], folder: &Path, file: &str) -> PathBuf {
        let out = folder.join(file);
        let mut sorter = Sorter::new(&out);
        for name in names {
            sorter.add(name.as_bytes()).expect("disk");
        }
        sorter.finish().expect("disk");
        out
    }

    #[test]
    fn any_order_gives_one_sorted_list_and_the_difference_of_two() {
        let folder = tempfile::tempdir().expect("temp");
        let old = sorted(&["b.top", "A.top.", "a.top", "c.top"], folder.path(), "old.owners");
        let new = sorted(&["d.top", "c.top", "ab.top", "a.top", "d.top"], folder.path(), "new.owners");
        assert_eq!(std::fs::read_to_string(&old).expect("there"), "a.top\nb.top\nc.top\n");
        let added = folder.path().join("added");
        assert_eq!(difference(&old, &new, &added).expect("disk"), 2);
        assert_eq!(std::fs::read_to_string(added).expect("there"), "ab.top\nd.top\n");
        let none = sorted(&[], folder.path(), "none.owners");
        assert_eq!(difference(&new, &none, &folder.path().join("x")).expect("disk"), 0);
    }

    #[test]
    fn what_does_not_fit_into_memory_is_merged_from_runs() {
        let folder = tempfile::tempdir().expect("temp");
        let out = folder.path().join("big.owners");
        let mut sorter = Sorter::new(&out);
        let pad = "x".repeat(900);
        for n in 0..120_000_u64 {
            let mixed = n.wrapping_mul(2_654_435_761) % 100_003;
            sorter.add(format!("{mixed:07}{pad}.top").as_bytes()).expect("disk");
        }
        assert!(sorter.runs.len() > 1, "several runs");
        assert_eq!(sorter.finish().expect("disk"), 100_003);
        assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 1, "no run is left behind");
    }
}
