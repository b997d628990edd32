//! The lead list as a workbook: the list, the meaning of its columns, the hashes of the packages. Text and numbers only, ready to print on A4.

use crate::model::lang::Lang;
use crate::referral::cell::{Cell, clean};
use crate::referral::columns::{COLUMNS, row, rule};
use crate::referral::{Export, ExportError};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet, XlsxError};

/// Most rows of one sheet below its header (Excel: 1,048,576 rows).
const MAX_ROWS: usize = 1_048_575;
/// Paper size A4 in the file format's numbering.
const A4: u8 = 9;

/// A heading with the width of its column in characters.
type Heading = (String, u8);

/// Writes the file. The same input gives the same bytes: the creation date is `now`.
pub(super) fn write(export: &Export<'_>) -> Result<Vec<u8>, ExportError> {
    let rows = export.leads.len().max(export.leads.iter().map(|l| l.packages.len()).sum());
    if rows > MAX_ROWS {
        return Err(ExportError { format: "xlsx", why: format!("{rows} rows; a sheet holds {MAX_ROWS}: choose fewer leads") });
    }
    book(export).map_err(|e| ExportError { format: "xlsx", why: e.to_string() })
}

fn book(export: &Export<'_>) -> Result<Vec<u8>, XlsxError> {
    let lang = export.lang;
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(export.now.millis().div_euclid(1000))?;
    let title = lang.pick("疑似仿冒网站线索台账", "Suspected copies: lead list");
    book.set_properties(
        &DocProperties::new().set_title(title).set_company(clean(export.organisation)).set_author("jianwei").set_creation_datetime(&made),
    );
    let leads = export.leads.iter().map(|l| row(l, lang));
    let headings = COLUMNS.iter().map(|c| (c.heading(lang).to_owned(), c.width)).collect();
    sheet(book.add_worksheet(), lang.pick("线索台账", "Leads"), headings, leads)?;
    sheet(book.add_worksheet(), lang.pick("数据字典", "Data dictionary"), dictionary_headings(lang), dictionary(lang))?;
    sheet(book.add_worksheet(), lang.pick("校验值", "Hashes"), hash_headings(lang), hashes(export))?;
    book.save_to_buffer()
}

/// One sheet: frozen, bold, filtered, repeated header; wrapped cells; A4 across, as wide as the page.
fn sheet(sheet: &mut Worksheet, name: &str, headings: Vec<Heading>, rows: impl Iterator<Item = Vec<Cell>>) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Center).set_border(FormatBorder::Thin).set_num_format("@");
    let text = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin).set_num_format("@");
    let number = Format::new().set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
    sheet.set_name(name)?;
    for (col, (heading, width)) in (0u16..).zip(&headings) {
        sheet.write_string_with_format(0, col, heading, &bold)?;
        sheet.set_column_width(col, f64::from(*width))?;
    }
    let mut last = 0;
    for (line, cells) in (1u32..).zip(rows) {
        for (col, cell) in (0u16..).zip(cells) {
            match cell {
                Cell::Number(n) => sheet.write_number_with_format(line, col, n, &number)?,
                // A string even where it is empty or begins with `=`: write() would make a formula of it.
                other => sheet.write_string_with_format(line, col, other.shown(), &text)?,
            };
        }
        last = line;
    }
    let last_col = u16::try_from(headings.len().saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, last, last_col)?;
    sheet.ignore_error_range(0, 0, last, last_col, IgnoreError::NumberStoredAsText)?;
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
    Ok(())
}

fn dictionary_headings(lang: Lang) -> Vec<Heading> {
    let names = lang.pick(["列名", "代码", "说明"], ["Column", "Code", "Rule"]);
    names.into_iter().map(str::to_owned).zip([34, 20, 90]).collect()
}

fn dictionary(lang: Lang) -> impl Iterator<Item = Vec<Cell>> {
    COLUMNS.iter().map(move |c| vec![Cell::text(c.heading(lang)), Cell::text(c.code), Cell::text(rule(c, lang))])
}

fn hash_headings(lang: Lang) -> Vec<Heading> {
    let names = lang.pick(
        ["线索编号", "证据包编号", "路径", "清单SHA256", "清单SM3", "固定时间", "访问结果"],
        ["Lead", "Package", "Path", "Manifest SHA-256", "Manifest SM3", "Captured at", "Outcome"],
    );
    names.into_iter().map(str::to_owned).zip([16, 30, 38, 66, 66, 26, 16]).collect()
}

/// All packages of all leads. The manifest's hashes stand for all its files: it lists theirs.
fn hashes<'a>(export: &'a Export<'_>) -> impl Iterator<Item = Vec<Cell>> + 'a {
    export.leads.iter().flat_map(|lead| {
        lead.packages.iter().map(|p| {
            let cells =
                [&lead.id.0, &p.id, &p.path, &p.manifest_sha256.hex(), &p.manifest_sm3.hex(), &p.captured_at.beijing_iso(), &p.outcome];
            cells.into_iter().map(Cell::text).collect()
        })
    })
}
