//! Tables of reports, as a hot line (12350) exports them: CSV with Chinese headings. In: bytes. Out: a report for each row, and each row that has
//! no address, with its line: nothing is lost silently. Pure. Names and phone numbers of those who reported are not read: they belong to the hot
//! line alone, and packages are handed on.

use crate::model::host::Host;
use crate::model::lang::Both;
use std::borrow::Cow;

/// Rows of one table.
const MAX_ROWS: usize = 100_000;
/// Rows that may stand above the headings: a title, a date.
const MAX_ABOVE: usize = 10;
const MAX_FIELD_CHARS: usize = 2_000;
/// Addresses of one row.
const MAX_URLS: usize = 32;

const URL_HEADS: [&str; 9] = ["网址", "网站地址", "链接", "域名", "网站", "url", "link", "地址", "website"];
const NUMBER_HEADS: [&str; 8] = ["工单号", "工单编号", "受理编号", "举报编号", "编号", "单号", "序号", "number"];
const CHANNEL_HEADS: [&str; 5] = ["举报渠道", "举报来源", "来源", "渠道", "channel"];
const NOTE_HEADS: [&str; 8] = ["举报内容", "内容", "说明", "备注", "描述", "诉求", "note", "text"];
/// A heading that speaks of these is none of ours, whatever else it says (`举报人地址`).
const PRIVATE: [&str; 5] = ["举报人", "联系", "电话", "手机", "身份证"];

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Line of the file on which the row begins, from 1.
    pub line: u64,
    /// Addresses as written, each once, at most 32; at least one.
    pub urls: Vec<String>,
    /// The hot line's own number. Empty: the table has none.
    pub number: String,
    /// How the report came. Empty: the table does not say.
    pub channel: String,
    /// What was said. Empty: nothing.
    pub note: String,
}

/// What a table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Rows with an address.
    pub reports: Vec<Report>,
    /// Rows without one: line, and what stands in the row.
    pub without: Vec<(u64, String)>,
    /// Bytes that stand for no character were replaced.
    pub garbled: bool,
}

/// Reads a table in UTF-8, UTF-16 or GB18030, split by comma, semicolon or tab, with its headings in one of the first rows. An address is looked
/// for in its own column, and where that has none, in what was said.
///
/// # Errors
/// It is a workbook, has over 100,000 rows, or no column is headed as one of addresses.
pub fn read(bytes: &[u8]) -> Result<Table, Both> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Both::new("这是 Excel 工作簿；请另存为 CSV 再导入", "this is an Excel workbook; save it as CSV first"));
    }
    let (text, garbled) = decoded(bytes);
    // One kind of line end: the reader counts lines by it.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let text = text.as_str();
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let (mut columns, mut above) = (None, Vec::new());
    let mut table = Table { garbled, ..Table::default() };
    for row in rows.records() {
        let row = row.map_err(|e| Both::new(format!("不是 CSV 表格：{e}"), format!("not a CSV table: {e}")))?;
        let Some(columns) = &columns else {
            columns = Columns::of(&row);
            if columns.is_none() && above.len() + 1 >= MAX_ABOVE {
                break;
            }
            above.push(row.iter().map(str::trim).filter(|f| !f.is_empty()).collect::<Vec<_>>().join("、"));
            continue;
        };
        if row.iter().all(|f| f.trim().is_empty()) {
            continue;
        }
        if table.reports.len() + table.without.len() >= MAX_ROWS {
            return Err(Both::new("超过 10 万行；请分成几个文件", "over 100,000 rows; split it into several files"));
        }
        columns.take(&row, &mut table);
    }
    if columns.is_none() {
        let found: String = above.first().map(|f| f.chars().take(200).collect()).unwrap_or_default();
        return Err(Both::new(
            format!("没有“网址”列（可用的列名：{}）；第一行是：{found}", URL_HEADS.join("、")),
            format!("no column is headed as one of addresses ({}); the first row is: {found}", URL_HEADS.join(", ")),
        ));
    }
    Ok(table)
}

/// Which column is which.
struct Columns {
    url: usize,
    number: Option<usize>,
    channel: Option<usize>,
    note: Option<usize>,
}

impl Columns {
    fn of(row: &csv::StringRecord) -> Option<Self> {
        let heads: Vec<String> = row.iter().map(|h| h.split_whitespace().collect::<String>().to_lowercase()).collect();
        // A title above the headings may say 网站 too; it stands alone in its row.
        let several = heads.iter().filter(|h| !h.is_empty()).count() > 1;
        let ours = |h: &&String| several && !PRIVATE.iter().any(|p| h.contains(p)) && h.chars().count() <= 20;
        let find = |names: &[&str]| {
            let exact = names.iter().find_map(|n| heads.iter().position(|h| h == n));
            exact.or_else(|| names.iter().find_map(|n| heads.iter().position(|h| ours(&h) && h.contains(n))))
        };
        Some(Self { url: find(&URL_HEADS)?, number: find(&NUMBER_HEADS), channel: find(&CHANNEL_HEADS), note: find(&NOTE_HEADS) })
    }
    fn take(&self, row: &csv::StringRecord, table: &mut Table) {
        let line = row.position().map_or(0, csv::Position::line);
        let field =
            |n: Option<usize>| -> String { n.and_then(|n| row.get(n)).unwrap_or_default().trim().chars().take(MAX_FIELD_CHARS).collect() };
        let (cell, note) = (field(Some(self.url)), field(self.note));
        let mut urls = whole(&cell).map_or_else(|| addresses(&cell), |one| vec![one]);
        if urls.is_empty() {
            urls = addresses(&note);
        }
        if urls.is_empty() {
            let text: String = row.iter().map(str::trim).filter(|f| !f.is_empty()).collect::<Vec<_>>().join(" | ");
            table.without.push((line, text.chars().take(200).collect()));
            return;
        }
        table.reports.push(Report { line, urls, number: field(self.number), channel: field(self.channel), note });
    }
}

fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, _, garbled) = encoding.decode(bytes);
        return (text, garbled);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => {
            let (text, _, garbled) = encoding_rs::GB18030.decode(bytes);
            (text, garbled)
        }
    }
}

/// What splits the first rows into most fields.
fn delimiter(text: &str) -> u8 {
    let count = |d: u8| text.lines().take(MAX_ABOVE).map(|l| l.bytes().filter(|b| *b == d).count()).max().unwrap_or(0);
    [b',', b'\t', b';'].into_iter().rev().max_by_key(|d| count(*d)).unwrap_or(b',')
}

/// Full-width forms, and what people write so that nothing becomes a link.
fn plain(text: &str) -> String {
    let folded: String = text
        .chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            c => c,
        })
        .collect();
    folded.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("hxxp", "http")
}

/// The whole text as one address, also one in Chinese (`证书查询.中国`).
fn whole(text: &str) -> Option<String> {
    let text = plain(text.trim());
    let host = match text.split_once("://") {
        Some((scheme, _)) if matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") => {
            url::Url::parse(&text).ok().filter(|u| u.host_str().is_some_and(|h| Host::parse(h).is_ok()))?;
            return (!text.contains(char::is_whitespace)).then_some(text);
        }
        Some(_) => return None,
        None => text.split(['/', '?', ':']).next().unwrap_or_default(),
    };
    let fits = text.contains('.') && !text.contains(char::is_whitespace) && is_public(&Host::parse(host).ok()?);
    fits.then_some(text)
}

/// The addresses that stand in a text: `http(s)://...`, and names whose suffix is a public one.
fn addresses(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let text = plain(text);
    for word in text.split(|c: char| !(c.is_ascii_graphic()) || matches!(c, '"' | '\'' | '<' | '>' | ',' | ';' | '(' | ')' | '|' | '`')) {
        let begin = word.find("http://").or_else(|| word.find("https://")).unwrap_or(0);
        let word = word[begin..].trim_matches(['.', ':', '!', '?', '*', '=', '-']);
        if word.contains('@') && !word.contains("://") {
            continue;
        }
        if let Some(one) = whole(word).filter(|one| !found.contains(one) && found.len() < MAX_URLS) {
            found.push(one);
        }
    }
    found
}

fn is_public(host: &Host) -> bool {
    host.ip().is_some() || psl::suffix(host.as_str().as_bytes()).is_some_and(|s| s.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "工单号,网址,举报内容\n1001,http://cx-mem.top/,\"先收钱,再发证\"\n1002,,没有网址\n1003,b.top,\n";

    fn rows(table: &Table) -> Vec<(u64, String, &str, &str)> {
        table.reports.iter().map(|r| (r.line, r.urls.join(" "), r.number.as_str(), r.note.as_str())).collect()
    }

    #[test]
    fn a_table_of_the_hot_line_is_read_in_every_encoding_that_offices_write() {
        let utf16: Vec<u8> = format!("\u{feff}{}", TEXT.replace(",", "\t").replace("先收钱\t再", "先收钱,再"))
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let gb = encoding_rs::GB18030.encode(TEXT).0.into_owned();
        for bytes in [TEXT.as_bytes().to_vec(), format!("\u{feff}{TEXT}").into_bytes(), gb, utf16, TEXT.replace('\n', "\r\n").into_bytes()]
        {
            let table = read(&bytes).expect("a table");
            assert_eq!(rows(&table), [(2, "http://cx-mem.top/".to_owned(), "1001", "先收钱,再发证"), (4, "b.top".to_owned(), "1003", "")]);
            assert_eq!((table.without, table.garbled), (vec![(3, "1002 | 没有网址".to_owned())], false));
        }
    }

    #[test]
    fn a_title_above_the_headings_and_other_words_for_them_do_no_harm() {
        let text =
            "12350仿冒网站举报台账,,,\n日期：2026年11月,,,\n举报编号,举报人,涉嫌网站网址（URL）,举报内容简述\n甲1,张三,cx.top,假的\n,,,\n";
        let table = read(text.as_bytes()).expect("a table");
        assert_eq!(rows(&table), [(4, "cx.top".to_owned(), "甲1", "假的")]);
        assert!(!format!("{table:?}").contains("张三"), "who reported stays with the hot line");
        let text = "举报人地址;网站\n北京;a.top\n";
        assert_eq!(rows(&read(text.as_bytes()).expect("a table"))[0].1, "a.top");
    }

    #[test]
    fn addresses_are_found_however_people_write_them() {
        for (cell, note, want) in [
            ("ｈｔｔｐ：／／ｃｘ－ｍｅｍ．ｔｏｐ／ｑ", "", "http://cx-mem.top/q"),
            ("hxxp://cx-mem[.]top/q", "", "http://cx-mem.top/q"),
            ("证书查询.中国", "", "证书查询.中国"),
            ("网址：http://a.top/x?y=1 和 www.b.cn。", "", "http://a.top/x?y=1 www.b.cn"),
            ("1.2.3.4:8080/cx", "", "1.2.3.4:8080/cx"),
            ("", "扫码后打开cx-mem.top/query?id=5，电话13800001111，邮箱x@qq.com，附件a.jpg", "cx-mem.top/query?id=5"),
            ("不详", "见http://c.top。", "http://c.top"),
            ("微信公众号", "群里发的", ""),
            ("ftp://a.top/x", "", ""),
        ] {
            let table = read(format!("网址,内容\n\"{cell}\",\"{note}\"\n").as_bytes()).expect("a table");
            let got: Vec<String> = table.reports.iter().flat_map(|r| r.urls.clone()).collect();
            assert_eq!(got.join(" "), want, "{cell} {note}");
            assert_eq!(table.without.len(), usize::from(want.is_empty()), "{cell} {note}");
        }
    }

    #[test]
    fn what_is_no_table_is_told_in_one_line() {
        for (bytes, part) in [("甲,乙\n1,2\n".as_bytes(), "网址"), (b"PK\x03\x04xlsx", "Excel"), (b"", "网址"), (b"\xff\xfe\x00", "网址")]
        {
            let why = read(bytes).expect_err("no table").zh;
            assert!(why.contains(part) && !why.contains('\n'), "{why}");
        }
        let many = format!("网址\n{}", "a.top\n".repeat(MAX_ROWS + 1));
        assert!(read(many.as_bytes()).expect_err("too many").zh.contains("10 万行"));
        let (text, garbled) = decoded(b"\xcd\xf8\xd6\xb7\n\xff\xff.top");
        assert!(garbled && text.starts_with("网址"));
    }
}
