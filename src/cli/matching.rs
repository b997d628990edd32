//! `jianwei match`: screens names, one a line, streaming, on both cores; prints the near ones in order. No network, no store.

use crate::cli::args::MatchArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, say};
use crate::model::candidate::NameHit;
use crate::model::lang::Lang;
use crate::pipeline::intake::{locate, screen_on_both_cores};
use crate::records::Records;
use serde_json::json;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes read at a time; memory is a few of these.
const BLOCK_BYTES: usize = 2 << 20;
/// Files and decompressors give at least this much at a time.
const SHORT_READ: usize = 4 << 10;
/// A line longer than this is no name; the rest of it is dropped.
const MAX_LINE_BYTES: usize = 1 << 20;

pub(super) fn run(context: &Context, args: &MatchArgs) -> Result<Exit, Failure> {
    let watchlist = RuleBook::read(&context.settings, context.lang)?.watchlist()?;
    let allowed =
        if args.known { Records::allowed_in(context.settings.data_dir()).map_err(|e| context.records_failure(&e))? } else { Vec::new() };
    let (mut seen, mut near) = (0, 0);
    each_block(context, args.file.as_deref(), &mut |block| {
        let (count, hits) = screen_on_both_cores(&watchlist, block);
        seen += count;
        for (name, hit) in hits {
            let host = locate(&String::from_utf8_lossy(&name)).map(|(host, _)| host);
            if !host.is_some_and(|h| allowed.iter().any(|a| a.covers(&h))) {
                near += 1;
                print(context, &name, &hit)?;
            }
        }
        Ok(())
    })?;
    if !context.quiet && !context.json {
        say::note(&context.lang.pick(format!("共 {seen} 个名称，近似 {near} 个"), format!("{seen} names, {near} near")));
    }
    Ok(Exit::Done)
}

/// Reads a file of names (`-` or nothing: standard input) and gives it block by block, each ending at a line's end.
pub(super) fn each_block(
    context: &Context,
    file: Option<&Path>,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let file = file.filter(|f| *f != Path::new("-"));
    let shown = file.map_or_else(|| context.lang.pick("标准输入", "stdin").to_owned(), |f| f.display().to_string());
    let unreadable = |e: std::io::Error| {
        Failure::usage(
            format!("{shown}：无法读取（{e}）；请检查路径和权限"),
            format!("{shown}: cannot read ({e}); check path and rights"),
            context.lang,
        )
    };
    let mut input = open(file).map_err(unreadable)?;
    let mut block = Block::new();
    loop {
        let more = block.fill(&mut input).map_err(unreadable)?;
        take(block.lines(more))?;
        if !more {
            return Ok(());
        }
        block.forget(more);
    }
}

/// Plain or gzip, found by content.
fn open(file: Option<&Path>) -> std::io::Result<Box<dyn Read>> {
    let mut input: Box<dyn Read> = match file {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(std::io::stdin().lock()),
    };
    let mut magic = Vec::new();
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let zipped = magic == [0x1f, 0x8b];
    let whole = std::io::Cursor::new(magic).chain(input);
    Ok(if zipped { Box::new(flate2::read::MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// The part of the input that is in memory; the bytes are read in place and never copied, but for a line's cut end.
struct Block {
    bytes: Box<[u8]>,
    filled: usize,
    fresh: bool,
}

impl Block {
    fn new() -> Self {
        Self { bytes: vec![0; BLOCK_BYTES + MAX_LINE_BYTES].into(), filled: 0, fresh: true }
    }
    /// Takes what is there now, at most a block; `true`: there may be more. A slow pipe is answered line by line, a file block by block.
    fn fill(&mut self, input: &mut dyn Read) -> std::io::Result<bool> {
        let old = self.filled;
        let end = old + BLOCK_BYTES;
        while self.filled < end {
            match input.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => break,
                Ok(got) => self.filled += got,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            // A short read with a whole line in it: a pipe or terminal that may stay silent for long.
            if self.filled - old < SHORT_READ && self.bytes[old..self.filled].contains(&b'\n') {
                break;
            }
        }
        // What Windows programs put before the first name.
        if std::mem::take(&mut self.fresh) && self.bytes[..self.filled].starts_with(b"\xef\xbb\xbf") {
            self.bytes[..3].fill(b' ');
        }
        Ok(self.filled > old)
    }
    /// The whole lines of it; at the end of the input all of it.
    fn lines(&self, more: bool) -> &[u8] {
        &self.bytes[..self.whole(more)]
    }
    fn whole(&self, more: bool) -> usize {
        if more { memchr::memrchr(b'\n', &self.bytes[..self.filled]).map_or(0, |end| end + 1) } else { self.filled }
    }
    /// Keeps the line that is cut, its first megabyte at most.
    fn forget(&mut self, more: bool) {
        let whole = self.whole(more);
        self.bytes.copy_within(whole..self.filled, 0);
        self.filled = (self.filled - whole).min(MAX_LINE_BYTES);
    }
}

fn print(context: &Context, name: &[u8], hit: &NameHit) -> Result<(), Failure> {
    let name = String::from_utf8_lossy(name).trim().to_owned();
    let why = context.lang.pick(&hit.why, &hit.why_en);
    if context.json {
        let unicode = idna::domain_to_unicode(&name).0;
        return say::json(&json!({
            "schema": "match/1",
            "name": name,
            "unicode": unicode,
            "site": hit.site,
            "score": hit.score,
            "techniques": hit.techniques,
            "why": why,
            "matched": hit.matched,
            "token": hit.token,
            "transform": hit.transform,
        }));
    }
    let techniques = hit.techniques.join(match context.lang {
        Lang::Zh => "、",
        Lang::En => ", ",
    });
    say::line(&format!("{:>3}  {name}  [{techniques}]  {why}", hit.score))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_spans_two_reads_is_one_line() {
        let text = format!("{}\nb\n", "a".repeat(100_000));
        let (mut block, mut input) = (Block::new(), text.as_bytes());
        while block.fill(&mut input).expect("memory reads") {}
        assert_eq!(block.lines(false), text.as_bytes());
    }
}
