//! 电子数据提取固定清单: every file with its kind, format, source, method and check values, as a spreadsheet.
//! The MD5 column is for paper forms that have one; nothing here relies on it.

use crate::evidence::contents::File;
use crate::model::capture::Capture;
use crate::model::digest::{Sha256, Sm3};
use crate::model::dossier::Dossier;
use md5::Digest as _;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, XlsxError};

const HEAD: [&str; 10] = [
    "序号",
    "电子数据名称",
    "类别",
    "文件格式",
    "来源",
    "提取方法",
    "字节数",
    "SHA-256",
    "SM3（GB/T 32905）",
    "MD5（仅供填写纸质表格，不作为完整性依据）",
];
/// Widths in characters: hashes over several lines, so that a row fits across A4 landscape at a size that can be read.
const WIDTHS: [f64; 10] = [5.0, 22.0, 11.0, 14.0, 22.0, 12.0, 8.0, 24.0, 24.0, 14.0];
/// Paper size A4 in the file format's numbering.
const A4: u8 = 9;
/// Height of one line, in points.
const LINE_PT: f64 = 14.0;

/// The spreadsheet of these files.
pub(super) fn write(files: &[File], dossier: &Dossier, main: &Capture, attended: bool) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // A fixed time of making, so that the same visit gives the same bytes.
    let at = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title("电子数据提取固定清单").set_creation_datetime(&at));
    let sheet = book.add_worksheet();
    sheet.set_name("固定清单")?;
    let plain = || Format::new().set_font_name("宋体").set_font_size(10).set_text_wrap().set_align(FormatAlign::Top);
    let (head, cell) = (
        plain().set_bold().set_border(FormatBorder::Thin).set_align(FormatAlign::Center),
        plain().set_border(FormatBorder::Thin).set_num_format("@"),
    );
    let title = plain().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    let whole: f64 = WIDTHS.iter().sum();
    let method = if attended {
        "网络在线提取（现场固定，二名办案人员）"
    } else {
        "网络在线提取（发现快照，自动）"
    };
    let address = main.final_url.as_deref().unwrap_or(&main.requested_url);
    sheet.merge_range(0, 0, 0, 9, "电子数据提取固定清单", &title)?;
    sheet.set_row_height(0, 26)?;
    let about = [
        ("网络地址", main.requested_url.clone()),
        ("最终地址", address.to_owned()),
        ("主机", dossier.candidate.host.to_string()),
        ("固定时间", format!("{} 至 {}（北京时间）", main.started_at.beijing(), main.ended_at.beijing())),
    ];
    let mut row = 1;
    for (name, value) in about {
        let text = format!("{name}：{}", cut(&value));
        sheet.merge_range(row, 0, row, 9, &text, &plain())?;
        sheet.set_row_height(row, height(&text, whole))?;
        row += 1;
    }
    row += 1;
    sheet.set_repeat_rows(row, row)?;
    sheet.set_row_height(row, HEAD.iter().zip(WIDTHS).map(|(t, w)| height(t, w)).fold(LINE_PT, f64::max))?;
    for (column, (text, width)) in HEAD.iter().zip(WIDTHS).enumerate() {
        let column = u16::try_from(column).expect("ten columns");
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(row, column, *text, &head)?;
    }
    sheet.set_freeze_panes(row + 1, 0)?;
    for (n, file) in files.iter().enumerate() {
        row += 1;
        let md5: String = md5::Md5::digest(&file.bytes).iter().map(|b| format!("{b:02x}")).collect();
        let cells = [
            (n + 1).to_string(),
            file.path.clone(),
            file.role.to_owned(),
            file.media_type.to_owned(),
            cut(address),
            method.to_owned(),
            file.bytes.len().to_string(),
            Sha256::of(&file.bytes).hex(),
            Sm3::of(&file.bytes).hex(),
            md5,
        ];
        sheet.set_row_height(row, cells.iter().zip(WIDTHS).map(|(t, w)| height(t, w)).fold(LINE_PT, f64::max))?;
        for (column, text) in cells.into_iter().enumerate() {
            sheet.write_string_with_format(row, u16::try_from(column).expect("ten columns"), text, &cell)?;
        }
    }
    row += 2;
    for line in [
        "本表自身与 manifest.json 的校验值不在表内：本表的值见 manifest.json，manifest.json 的值见移送函或线索台账。",
        "提取人（签名）：　　　　　　　　　　　　　　　　　　见证人（签名）：　　　　　　　　　　　　　　　　日期：",
    ] {
        sheet.merge_range(row, 0, row, 9, line, &plain())?;
        sheet.set_row_height(row, height(line, whole))?;
        row += 2;
    }
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_margins(0.4, 0.4, 0.5, 0.6, 0.2, 0.3);
    sheet.set_footer("&C&P / &N");
    book.save_to_buffer()
}

/// Height of a row whose text wraps at `width` characters, rather too high than too low; Excel takes 409 points.
fn height(text: &str, width: f64) -> f64 {
    let units: u32 = text.chars().map(|c| if c >= '\u{2E80}' { 2 } else { 1 }).sum();
    let lines = (f64::from(units) * 1.15 / width).ceil();
    // A path breaks after its separators, which wastes part of a line.
    let waste = if lines > 1.0 && text.contains(['/', '-']) { 1.0 } else { 0.0 };
    ((lines + waste).max(1.0) * LINE_PT + 2.0).min(409.0)
}

/// A cell holds at most 32,767 characters; an address of that length is told by its beginning.
fn cut(text: &str) -> String {
    text.chars().take(2000).collect()
}
