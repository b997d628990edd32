//! Reads a WARC that may be hostile and says what is wrong with it: every member, digest, length and pairing.
//! Stricter than the tools at hand: a record without a digest fails. Streams; memory does not grow with the file.

use crate::model::digest;
use crate::model::lang::Both;
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};

/// Most records that are read.
const MAX_RECORDS: usize = 20_000;
/// Largest header block of one record.
const MAX_HEAD_BYTES: u64 = 64 << 10;
/// How much of an HTTP head is looked at for the index (whole pieces of 64 KiB).
const MAX_KEPT_HEAD_BYTES: usize = 64 << 10;
/// Most bytes of all records together, after decompression.
const MAX_TOTAL_BYTES: u64 = 2 << 30;
/// Problems after which reading stops.
const MAX_PROBLEMS: usize = 50;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Records read whole.
    pub(super) records: usize,
    /// One line a problem, naming the record.
    pub(super) problems: Vec<Both>,
    /// Requests and responses in their order.
    pub(super) heads: Vec<HttpHead>,
    /// Where every record stands and what it is, for an index.
    pub(super) entries: Vec<Entry>,
}

/// One record as an index tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// WARC-Type.
    pub(super) kind: String,
    /// WARC-Target-URI.
    pub(super) uri: String,
    /// WARC-Date.
    pub(super) date: String,
    /// WARC-Payload-Digest as it stands.
    pub(super) digest: String,
    /// Media type of the payload, `unk` where unknown.
    pub(super) mime: String,
    /// HTTP status; empty where there is none.
    pub(super) status: String,
    /// First byte of its gzip member.
    pub(super) offset: u64,
    /// Bytes of its gzip member.
    pub(super) length: u64,
}

impl Entry {
    /// The date in the 14 digits of an index.
    pub(super) fn stamp(&self) -> String {
        self.date.chars().filter(char::is_ascii_digit).take(14).collect()
    }
}

/// The HTTP head of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpHead {
    /// Is it a response, not a request?
    pub(super) response: bool,
    /// WARC-Target-URI.
    pub(super) uri: String,
    /// SHA-256 of all bytes before the payload.
    pub(super) sha256: digest::Sha256,
}

/// Finds the end of an HTTP head: the first line that holds nothing but white space. Fed in pieces of any size.
#[derive(Default)]
pub(super) struct HeadScanner {
    in_line: bool,
    done: bool,
}

impl HeadScanner {
    /// Where in this piece the payload begins; `None`: not in this piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Option<usize> {
        if self.done {
            return Some(0);
        }
        for (i, b) in piece.iter().enumerate() {
            if *b == b'\n' {
                if !self.in_line {
                    self.done = true;
                    return Some(i + 1);
                }
                self.in_line = false;
            } else if !(b.is_ascii_whitespace() || matches!(b, 0x0b | 0x1c..=0x1f)) {
                self.in_line = true;
            }
        }
        None
    }
}

/// The header lines of one record that matter here.
struct Head {
    kind: String,
    id: String,
    uri: String,
    length: u64,
    http: bool,
    date: String,
    media: String,
    block: Option<String>,
    payload: Option<String>,
    concurrent: Vec<String>,
}

/// Reads all members of `input`.
pub(super) fn check(input: impl Read) -> Report {
    let mut report = Report::default();
    let mut input = Counted { inner: BufReader::with_capacity(1 << 16, input), consumed: 0 };
    let mut seen = Seen::default();
    let mut total = 0;
    loop {
        match input.fill_buf() {
            Ok([]) => break,
            Ok(_) => {}
            Err(e) => {
                report.problems.push(Both::new(format!("无法读取：{e}"), format!("cannot be read: {e}")));
                break;
            }
        }
        let n = report.records + 1;
        if n > MAX_RECORDS || report.problems.len() >= MAX_PROBLEMS {
            report.problems.push(Both::new(format!("在第 {n} 条记录前停止检查"), format!("stopped before record {n}")));
            break;
        }
        let offset = input.consumed;
        match member(&mut input, &mut total, &mut report, n) {
            Ok((head, front)) => {
                report.entries.push(entry(&head, &front, offset, input.consumed - offset));
                seen.note(&head, n, &mut report.problems);
                report.records = n;
            }
            Err(why) => {
                report.problems.push(Both::new(format!("第 {n} 条记录：{}", why.zh), format!("record {n}: {}", why.en)));
                break;
            }
        }
    }
    seen.pairs(&mut report.problems);
    report
}

/// Knows how far it has read.
struct Counted<R> {
    inner: R,
    consumed: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(into)?;
        self.consumed += got as u64;
        Ok(got)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }
    fn consume(&mut self, amount: usize) {
        self.consumed += amount as u64;
        self.inner.consume(amount);
    }
}

/// What an index says of a record; `front` is its HTTP head, where it has one.
fn entry(head: &Head, front: &[u8], offset: u64, length: u64) -> Entry {
    let text: String = front.iter().map(|b| char::from(*b)).collect();
    let mut lines = text.lines();
    let status = lines.next().and_then(|l| l.split_whitespace().nth(1)).filter(|s| s.len() == 3 && s.bytes().all(|b| b.is_ascii_digit()));
    let named = lines.find_map(|l| l.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("content-type")).map(|(_, v)| v));
    let mime = if head.http { named.unwrap_or_default() } else { &head.media };
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Entry {
        kind: head.kind.clone(),
        uri: head.uri.clone(),
        date: head.date.clone(),
        digest: head.payload.clone().unwrap_or_default(),
        mime: if mime.is_empty() { "unk".into() } else { mime },
        status: if head.http { status.unwrap_or_default().to_owned() } else { String::new() },
        offset,
        length,
    }
}

/// One gzip member, which must be one whole record; gives its header and its HTTP head. Errors end the reading: nothing after them can be trusted to be aligned.
fn member(input: &mut impl BufRead, total: &mut u64, report: &mut Report, n: usize) -> Result<(Head, Vec<u8>), Both> {
    let mut text = BufReader::with_capacity(1 << 16, GzDecoder::new(input));
    let lines = head_lines(&mut text)?;
    let (head, missing) = head(&lines)?;
    let name = format!("({} {})", head.kind.escape_debug(), head.id.escape_debug());
    let named = |zh: String, en: String| Both::new(format!("第 {n} 条记录 {name} {zh}"), format!("record {n} {name} {en}"));
    report.problems.extend(missing.into_iter().map(|m| named(m.zh, m.en)));
    *total = total.saturating_add(head.length);
    if *total > MAX_TOTAL_BYTES {
        return Err(Both::new(
            format!("全部记录合计超过 {MAX_TOTAL_BYTES} 字节"),
            format!("records are larger than {MAX_TOTAL_BYTES} bytes together"),
        ));
    }
    let mut head_bytes = Vec::new();
    let hashes = hash_block(&mut text, &head, &mut head_bytes)?;
    let mut end = Vec::new();
    text.take(5).read_to_end(&mut end).map_err(gzip)?;
    if end != b"\r\n\r\n" {
        return Err(Both::new(
            "Content-Length 与内容长度不符，或一个 gzip 成员中不止一条记录",
            "Content-Length is not the length of the block, or more than one record in a gzip member",
        ));
    }
    for (what, said, is) in [("WARC-Block-Digest", &head.block, hashes.block), ("WARC-Payload-Digest", &head.payload, hashes.payload)] {
        match said {
            None => report.problems.push(named(format!("缺少 {what}"), format!("has no {what}"))),
            Some(said) if *said == format!("sha256:{is}") => {}
            Some(said) => {
                let said = said.escape_debug();
                report
                    .problems
                    .push(named(format!("{what} 写 {said}，实为 sha256:{is}"), format!("{what} says {said}, it is sha256:{is}")));
            }
        }
    }
    if head.http {
        report.heads.push(HttpHead { response: head.kind == "response", uri: head.uri.clone(), sha256: hashes.head });
    }
    Ok((head, head_bytes))
}

fn head_lines(text: &mut impl BufRead) -> Result<Vec<String>, Both> {
    let mut lines = Vec::new();
    let mut left = MAX_HEAD_BYTES;
    loop {
        let mut line = Vec::new();
        let got = text.by_ref().take(left).read_until(b'\n', &mut line).map_err(gzip)?;
        left -= got as u64;
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(match left {
                0 => Both::new(format!("记录头超过 {MAX_HEAD_BYTES} 字节"), format!("header over {MAX_HEAD_BYTES} bytes")),
                _ => Both::new("记录头的行不以 CRLF 结束，或被截断", "header line without CRLF, or cut"),
            });
        };
        if line.is_empty() {
            return Ok(lines);
        }
        lines.push(String::from_utf8(line.to_vec()).map_err(|_| Both::new("记录头不是 UTF-8", "header is not UTF-8"))?);
    }
}

/// Understands a header. The list names fields that are missing or doubled but do not stop the reading.
fn head(lines: &[String]) -> Result<(Head, Vec<Both>), Both> {
    if lines.first().map(String::as_str) != Some("WARC/1.1") {
        return Err(Both::new("不以 WARC/1.1 开头", "does not begin with WARC/1.1"));
    }
    let mut fields: HashMap<String, Vec<&str>> = HashMap::new();
    for line in &lines[1..] {
        let (name, value) = line.split_once(':').ok_or_else(|| Both::new("记录头有一行没有冒号", "a header line without a colon"))?;
        fields.entry(name.to_ascii_lowercase()).or_default().push(value.trim());
    }
    let mut wrong = Vec::new();
    for (name, values) in &fields {
        if values.len() > 1 && name != "warc-concurrent-to" {
            wrong.push(Both::new(format!("{name} 出现 {} 次", values.len()), format!("has {name} {} times", values.len())));
        }
    }
    let one = |name: &str| fields.get(name).map(|v| v[0].to_owned());
    for name in ["warc-type", "warc-record-id", "warc-date"] {
        if one(name).is_none() {
            wrong.push(Both::new(format!("缺少 {name}"), format!("has no {name}")));
        }
    }
    wrong.sort_by(|a, b| a.en.cmp(&b.en));
    let length = one("content-length").filter(|l| l.bytes().all(|b| b.is_ascii_digit())).and_then(|l| l.parse().ok());
    let head = Head {
        kind: one("warc-type").unwrap_or_default(),
        id: one("warc-record-id").unwrap_or_default(),
        uri: one("warc-target-uri").unwrap_or_default(),
        length: length.ok_or_else(|| Both::new("缺少 Content-Length，或不是数字", "Content-Length is missing or no number"))?,
        date: one("warc-date").unwrap_or_default(),
        media: one("content-type").unwrap_or_default(),
        http: one("content-type").is_some_and(|t| t.starts_with("application/http")),
        block: one("warc-block-digest"),
        payload: one("warc-payload-digest"),
        concurrent: fields.get("warc-concurrent-to").into_iter().flatten().map(|v| (*v).to_owned()).collect(),
    };
    Ok((head, wrong))
}

/// Digests of one block and its parts.
struct Hashes {
    block: digest::Sha256,
    /// Of what comes before the payload; of nothing where the record is not HTTP.
    head: digest::Sha256,
    payload: digest::Sha256,
}

fn hash_block(text: &mut impl Read, head: &Head, kept: &mut Vec<u8>) -> Result<Hashes, Both> {
    let (mut block, mut front, mut payload) = (Sha256::new(), Sha256::new(), Sha256::new());
    let mut scanner = HeadScanner { done: !head.http, ..HeadScanner::default() };
    let mut left = head.length;
    let mut piece = vec![0u8; 1 << 16];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let got = text.read(&mut piece[..want]).map_err(gzip)?;
        if got == 0 {
            return Err(Both::new(
                format!("内容比 Content-Length 少 {left} 字节"),
                format!("block ends {left} bytes before its Content-Length"),
            ));
        }
        let from = scanner.push(&piece[..got]).unwrap_or(got);
        block.update(&piece[..got]);
        front.update(&piece[..from]);
        if kept.len() < MAX_KEPT_HEAD_BYTES {
            kept.extend_from_slice(&piece[..from]);
        }
        payload.update(&piece[from..got]);
        left -= got as u64;
    }
    let done = |h: Sha256| digest::Sha256::from_bytes(h.finalize().into());
    Ok(Hashes { block: done(block), head: done(front), payload: done(payload) })
}

fn gzip(e: std::io::Error) -> Both {
    Both::new(format!("gzip 解压出错：{e}"), format!("gzip: {e}"))
}

/// What the records say of each other.
#[derive(Default)]
struct Seen {
    ids: HashSet<String>,
    linked: HashSet<String>,
    exchanges: Vec<(String, String)>,
    links: Vec<(String, String)>,
}

impl Seen {
    fn note(&mut self, head: &Head, n: usize, problems: &mut Vec<Both>) {
        if n == 1 && head.kind != "warcinfo" {
            problems.push(Both::new("第 1 条记录不是 warcinfo", "record 1: the file does not begin with warcinfo"));
        }
        if !self.ids.insert(head.id.clone()) {
            let id = head.id.escape_debug();
            problems.push(Both::new(format!("第 {n} 条记录的编号 {id} 重复"), format!("record {n}: its id {id} stands twice")));
        }
        if matches!(head.kind.as_str(), "request" | "response") {
            self.exchanges.push((head.kind.clone(), head.id.clone()));
        }
        for other in &head.concurrent {
            self.linked.extend([head.id.clone(), other.clone()]);
            self.links.push((head.id.clone(), other.clone()));
        }
    }
    fn pairs(&self, problems: &mut Vec<Both>) {
        if self.ids.is_empty() {
            problems.push(Both::new("没有任何记录", "holds no record"));
        }
        for (kind, id) in self.exchanges.iter().filter(|(_, id)| !self.linked.contains(id)) {
            let id = id.escape_debug();
            problems.push(Both::new(
                format!("{kind} {id} 没有与之配对的记录（WARC-Concurrent-To）"),
                format!("{kind} {id}: no other record belongs to it (WARC-Concurrent-To)"),
            ));
        }
        for (id, other) in self.links.iter().filter(|(_, other)| !self.ids.contains(other)) {
            let (id, other) = (id.escape_debug(), other.escape_debug());
            problems.push(Both::new(format!("{id} 所配对的 {other} 不存在"), format!("{id}: belongs to {other}, which is missing")));
        }
    }
}
