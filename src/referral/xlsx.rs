//! The lead list as a workbook: leads, clusters, package hashes, service providers, the meaning of every column. Text and numbers only.
//! On paper: A4 landscape at a size that can be read; the many columns run over several pages, each beginning with the lead's number.

use crate::referral::cell::{Cell, clean, lines};
use crate::referral::columns::{COLUMNS, row};
use crate::referral::outgoing::Outgoing;
use crate::referral::{Export, ExportError, sheets};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook, Worksheet, XlsxError};

/// Most rows of one sheet below its header (Excel: 1,048,576 rows).
const MAX_ROWS: usize = 1_048_575;
/// Paper size A4 in the file format's numbering.
const A4: u8 = 9;
/// Print scale in percent: 10-point text comes out at 7.5 points.
const SCALE: u16 = 75;
/// Characters that fit across A4 landscape at [`SCALE`], also where a wider font stands in for the default one.
const ACROSS: f64 = 140.0;
/// Height of one line of a cell, in points.
const LINE_PT: f64 = 13.5;
/// Highest row that Excel takes, in points.
const MAX_ROW_PT: f64 = 409.0;

/// A heading with the width of its column in characters.
type Heading = (String, u8);

/// Writes the bare list.
pub(super) fn write(export: &Export<'_>) -> Result<Vec<u8>, ExportError> {
    full(&Outgoing::bare(*export))
}

/// Writes the file. The same input gives the same bytes: the creation date is `now`.
pub(super) fn full(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let leads = out.list.leads;
    let rows = leads.len().max(leads.iter().map(|l| l.packages.len()).sum());
    if rows > MAX_ROWS {
        return Err(ExportError { format: "xlsx", why: format!("{rows} rows; a sheet holds {MAX_ROWS}: choose fewer leads") });
    }
    book(out).map_err(|e| ExportError { format: "xlsx", why: e.to_string() })
}

fn book(out: &Outgoing<'_>) -> Result<Vec<u8>, XlsxError> {
    let lang = out.list.lang;
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(out.list.now.millis().div_euclid(1000))?;
    let title = lang.pick("疑似仿冒网站线索台账", "Suspected copies: lead list");
    book.set_properties(
        &DocProperties::new().set_title(title).set_company(clean(out.list.organisation)).set_author("jianwei").set_creation_datetime(&made),
    );
    let headings = COLUMNS.iter().map(|c| (c.heading(lang).to_owned(), c.width)).collect();
    let looks = Looks::new();
    let names = lang.pick(["线索台账", "集群", "校验值", "服务商"], ["Leads", "Clusters", "Hashes", "Providers"]);
    let of = |columns| sheets::headings(columns, lang);
    sheet(book.add_worksheet(), names[0], headings, out.rows().map(|r| row(&r)), &looks)?;
    sheet(book.add_worksheet(), names[1], of(sheets::CLUSTERS), sheets::clusters(out).into_iter(), &looks)?;
    sheet(book.add_worksheet(), names[2], of(sheets::HASHES), sheets::hashes(out), &looks)?;
    sheet(book.add_worksheet(), names[3], of(sheets::PROVIDERS), sheets::providers(out).into_iter(), &looks)?;
    let dictionary = lang.pick("数据字典", "Data dictionary");
    sheet(book.add_worksheet(), dictionary, sheets::dictionary_headings(lang), sheets::dictionary(names, lang), &looks)?;
    book.save_to_buffer()
}

/// The three looks of a cell, made once for the whole book.
struct Looks {
    head: Format,
    text: Format,
    number: Format,
}

impl Looks {
    fn new() -> Self {
        let base = || Format::new().set_font_name("宋体").set_font_size(10).set_border(FormatBorder::Thin);
        Self {
            head: base()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter)
                .set_num_format("@"),
            text: base().set_text_wrap().set_align(FormatAlign::Top).set_num_format("@"),
            number: base().set_align(FormatAlign::Top),
        }
    }
}

/// One sheet: frozen, bold, filtered, repeated header; wrapped cells; A4 across.
fn sheet(
    sheet: &mut Worksheet,
    name: &str,
    headings: Vec<Heading>,
    rows: impl Iterator<Item = Vec<Cell>>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    for (col, (heading, width)) in (0u16..).zip(&headings) {
        sheet.write_string_with_format(0, col, heading, &looks.head)?;
        sheet.set_column_width(col, f64::from(*width))?;
    }
    let mut last = 0;
    for (line, cells) in (1u32..).zip(rows) {
        sheet.set_row_height(line, height(&cells, &headings))?;
        for (col, cell) in (0u16..).zip(cells) {
            match cell {
                Cell::Number(n) => sheet.write_number_with_format(line, col, n, &looks.number)?,
                // A string even where it is empty or begins with `=`: write() would make a formula of it.
                other => sheet.write_string_with_format(line, col, other.shown(), &looks.text)?,
            };
        }
        last = line;
    }
    let last_col = u16::try_from(headings.len().saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, last, last_col)?;
    sheet.ignore_error_range(0, 0, last, last_col, IgnoreError::NumberStoredAsText)?;
    paper(sheet, name, &headings, last)
}

/// Height of a row, so that no cell is cut: office programs do not all work it out by themselves.
fn height(cells: &[Cell], headings: &[Heading]) -> f64 {
    let lines = cells.iter().zip(headings).map(|(cell, (_, width))| match cell {
        Cell::Text(text) => lines(text, f64::from(*width)),
        Cell::Empty | Cell::Number(_) => 1.0,
    });
    (lines.fold(1.0, f64::max) * LINE_PT + 2.0).min(MAX_ROW_PT)
}

/// How the sheet comes out of a printer.
fn paper(sheet: &mut Worksheet, name: &str, headings: &[Heading], last: u32) -> Result<(), XlsxError> {
    let breaks = breaks(headings);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_landscape().set_paper_size(A4).set_margins(0.4, 0.4, 0.5, 0.55, 0.2, 0.25);
    sheet.set_header(format!("&L{name}")).set_footer("&C&P / &N");
    if breaks.is_empty() {
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_print_fit_to_pages(1, 0);
    } else {
        sheet.set_freeze_panes(1, 1)?;
        sheet.set_repeat_columns(0, 0)?;
        sheet.set_print_area(0, 0, last, u16::try_from(headings.len() - 1).unwrap_or(u16::MAX))?;
        sheet.set_vertical_page_breaks(&breaks)?;
        sheet.set_print_scale(SCALE);
    }
    Ok(())
}

/// Before which columns a new page begins; the first column is repeated on each. Empty: all fit on one.
fn breaks(headings: &[Heading]) -> Vec<u32> {
    let first = headings.first().map_or(0.0, |h| f64::from(h.1));
    let mut used = 0.0;
    let mut found = Vec::new();
    for (col, (_, width)) in (0u32..).zip(headings) {
        let width = f64::from(*width) + 0.7;
        if used + width > ACROSS {
            found.push(col);
            used = first + 0.7;
        }
        used += width;
    }
    found
}
