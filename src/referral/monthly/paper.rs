//! 附件1 and 附件2 on paper: DOCX and XLSX in the layout of the notice, and behind 附件1 a list of the leads that make each computed figure.

use crate::model::lead::{Lead, LeadId};
use crate::referral::ExportError;
use crate::referral::cell::{clean, lines as wrapped};
use crate::referral::monthly::Form;
use crate::referral::monthly::rows::{Kind, ROWS, RowRule};
use crate::referral::office::docx::{self, ACROSS, ACROSS_LANDSCAPE, Cell, Look, paragraph};
use crate::referral::words;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};
use serde::Deserialize;
use std::collections::HashMap;

/// One line of 附件2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// 单位.
    pub unit: String,
    /// 姓名.
    pub name: String,
    /// 部门及职务.
    pub post: String,
    /// 电话(传真).
    pub phone: String,
    /// 手机号.
    pub mobile: String,
    /// 备注.
    pub note: String,
}

/// What stands behind the form's figures, for its second sheet.
#[derive(Clone, Copy, Default)]
pub struct Behind<'a> {
    /// All leads.
    pub leads: &'a [Lead],
    /// Parties that serve approved leads: name, what they do, how many of the leads. To be notified, and marked by a person, before they count.
    pub providers: &'a [(String, String, usize)],
}

/// Widths of 附件2 in characters.
const WIDTHS: [f64; 6] = [26.0, 14.0, 26.0, 22.0, 18.0, 18.0];
const CONTACT_HEADS: [&str; 6] = ["单位", "姓名", "部门及职务", "电话（传真）", "手机号", "备注"];

fn title(form: &Form) -> String {
    format!("{}专项整治工作进展情况统计表", words::month(&form.month))
}

/// The line below the title: what both columns mean.
fn period(form: &Form) -> String {
    format!(
        "本月数据：{}；累计数据：{}至{}（均按北京时间）",
        words::month(&form.month),
        words::month(&form.start),
        words::month(&form.month)
    )
}

/// Cells of one row: part, group, name, unit, month, total, with how many rows its part and group go on.
struct Line<'a> {
    rule: &'a RowRule,
    /// Rows of this part from here; 0: not the first.
    part_rows: u32,
    /// Rows of this group from here; 0: not the first.
    group_rows: u32,
    month: String,
    total: String,
    note: String,
}

fn lines(form: &Form) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    for (i, rule) in ROWS.iter().enumerate() {
        let run = |same: &dyn Fn(&RowRule) -> bool| {
            let first = i == 0 || !same(&ROWS[i - 1]);
            if first { u32::try_from(ROWS[i..].iter().take_while(|r| same(r)).count()).unwrap_or(0) } else { 0 }
        };
        let row = form.row(rule.id);
        out.push(Line {
            rule,
            part_rows: run(&|r| r.part == rule.part),
            group_rows: if rule.group.is_empty() { 1 } else { run(&|r| r.part == rule.part && r.group == rule.group) },
            month: row.map(|r| clean(&r.month)).unwrap_or_default(),
            total: row.map(|r| r.total.clone()).unwrap_or_default(),
            note: row.map(|r| r.note.clone()).unwrap_or_default(),
        });
    }
    out
}

/// 附件1 as DOCX.
///
/// # Errors
/// [`ExportError`] where the zip writer fails.
pub fn form_docx(form: &Form) -> Result<Vec<u8>, ExportError> {
    let mut table =
        vec![vec![Cell { across: 3, ..Cell::head("项　　目") }, Cell::head("单位"), Cell::head("本月数据"), Cell::head("累计数据")]];
    for line in lines(form) {
        let merged = |rows: u32, text: &str| Cell {
            down: Some(rows > 0),
            centred: true,
            text: if rows > 0 { text.into() } else { String::new() },
            ..Cell::default()
        };
        let mut cells = vec![merged(line.part_rows, line.rule.part)];
        if line.rule.group.is_empty() {
            cells.push(Cell { across: 2, ..Cell::of(line.rule.zh) });
        } else {
            cells.push(merged(line.group_rows, line.rule.group));
            cells.push(Cell::of(line.rule.zh));
        }
        if line.rule.kind == Kind::Text {
            cells.push(Cell { across: 3, ..Cell::of(line.month) });
        } else {
            cells.extend([Cell::mid(line.rule.unit), Cell::mid(line.month), Cell::mid(line.total)]);
        }
        table.push(cells);
    }
    let notes: Vec<String> =
        lines(form).into_iter().filter(|l| !l.note.is_empty()).map(|l| format!("{}：{}", l.rule.name(), l.note)).collect();
    let mut body = paragraph(Look::Flush, "附件1") + &paragraph(Look::Title, &title(form)) + &paragraph(Look::Note, &period(form));
    body += &docx::table(ACROSS, &[24, 26, 41, 11, 20, 20], 1, &table);
    for note in notes {
        body += &paragraph(Look::Note, &format!("注：{note}"));
    }
    docx::form(&title(form), &body).map_err(|why| ExportError { format: "docx", why })
}

/// 附件1 as XLSX, with the leads behind each computed figure on a second sheet.
///
/// # Errors
/// [`ExportError`] where the writer fails.
pub fn form_xlsx(form: &Form, behind: Behind<'_>) -> Result<Vec<u8>, ExportError> {
    book(form, behind).map_err(|e| ExportError { format: "xlsx", why: e.to_string() })
}

struct Looks {
    title: Format,
    note: Format,
    head: Format,
    text: Format,
    mid: Format,
}

impl Looks {
    fn new() -> Self {
        let base = || {
            Format::new().set_font_name("仿宋").set_font_size(11).set_text_wrap().set_align(FormatAlign::VerticalCenter).set_num_format("@")
        };
        let boxed = || base().set_border(FormatBorder::Thin);
        Self {
            title: base().set_font_name("方正小标宋简体").set_font_size(18).set_align(FormatAlign::Center),
            note: base().set_font_size(10),
            head: boxed().set_bold().set_align(FormatAlign::Center),
            text: boxed(),
            mid: boxed().set_align(FormatAlign::Center),
        }
    }
}

fn book(form: &Form, behind: Behind<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(0)?;
    book.set_properties(&DocProperties::new().set_title(title(form)).set_author("jianwei").set_creation_datetime(&made));
    let looks = Looks::new();
    form_sheet(book.add_worksheet(), form, &looks)?;
    behind_sheet(book.add_worksheet(), form, behind.leads, &looks)?;
    if !behind.providers.is_empty() {
        providers_sheet(book.add_worksheet(), behind.providers, &looks)?;
    }
    book.save_to_buffer()
}

fn form_sheet(sheet: &mut Worksheet, form: &Form, looks: &Looks) -> Result<(), XlsxError> {
    sheet.set_name("附件1")?;
    for (col, width) in [(0u16, 14.0), (1, 17.0), (2, 26.0), (3, 7.0), (4, 14.0), (5, 14.0)] {
        sheet.set_column_width(col, width)?;
    }
    sheet.write_string_with_format(0, 0, "附件1", &looks.note)?;
    sheet.merge_range(1, 0, 1, 5, &title(form), &looks.title)?;
    sheet.set_row_height(1, 30)?;
    sheet.merge_range(2, 0, 2, 5, &period(form), &looks.note)?;
    sheet.merge_range(3, 0, 3, 2, "项　　目", &looks.head)?;
    for (col, head) in (3u16..).zip(["单位", "本月数据", "累计数据"]) {
        sheet.write_string_with_format(3, col, head, &looks.head)?;
    }
    let mut at = 4u32;
    for line in lines(form) {
        let rule = line.rule;
        if line.part_rows > 1 {
            sheet.merge_range(at, 0, at + line.part_rows - 1, 0, rule.part, &looks.mid)?;
        } else if line.part_rows == 1 {
            sheet.write_string_with_format(at, 0, rule.part, &looks.mid)?;
        }
        if rule.group.is_empty() {
            sheet.merge_range(at, 1, at, 2, rule.zh, &looks.text)?;
        } else {
            if line.group_rows > 1 {
                sheet.merge_range(at, 1, at + line.group_rows - 1, 1, rule.group, &looks.mid)?;
            } else if line.group_rows == 1 {
                sheet.write_string_with_format(at, 1, rule.group, &looks.mid)?;
            }
            sheet.write_string_with_format(at, 2, rule.zh, &looks.text)?;
        }
        if rule.kind == Kind::Text {
            sheet.merge_range(at, 3, at, 5, &line.month, &looks.text)?;
        } else {
            for (col, text) in (3u16..).zip([rule.unit, &line.month, &line.total]) {
                sheet.write_string_with_format(at, col, text, &looks.mid)?;
            }
        }
        let text = if rule.kind == Kind::Text { height(&line.month, 35.0) } else { 0.0 };
        sheet.set_row_height(at, text.max(22.0))?;
        at += 1;
    }
    for line in lines(form).into_iter().filter(|l| !l.note.is_empty()) {
        let note = format!("注：{}：{}", line.rule.name(), line.note);
        sheet.merge_range(at, 0, at, 5, &note, &looks.note)?;
        sheet.set_row_height(at, height(&note, 92.0))?;
        at += 1;
    }
    sheet.set_portrait().set_paper_size(9).set_print_fit_to_pages(1, 1).set_margins(0.8, 0.7, 0.9, 0.8, 0.3, 0.3);
    Ok(())
}

/// Height in points of a row whose text wraps at `width` characters: office programs do not work it out for merged cells.
fn height(text: &str, width: f64) -> f64 {
    wrapped(text, width) * 15.0 + 5.0
}

/// One line a figure, column and lead.
fn behind_sheet(sheet: &mut Worksheet, form: &Form, leads: &[Lead], looks: &Looks) -> Result<(), XlsxError> {
    sheet.set_name("数据来源")?;
    for (col, (head, width)) in (0u16..).zip([("项目", 62.0), ("栏", 8.0), ("线索编号", 18.0), ("域名", 40.0)]) {
        sheet.write_string_with_format(0, col, head, &looks.head)?;
        sheet.set_column_width(col, width)?;
    }
    let hosts: HashMap<&LeadId, String> = leads.iter().map(|l| (&l.id, l.candidate.host.defanged())).collect();
    let host = |id: &LeadId| hosts.get(id).cloned().unwrap_or_default();
    let mut at = 1;
    for row in &form.rows {
        let name = ROWS.iter().find(|r| r.id == row.row).map(RowRule::name).unwrap_or_default();
        for (column, ids) in [("本月", &row.month_leads), ("累计", &row.total_leads)] {
            for id in ids {
                let host = host(id);
                for (col, text) in (0u16..).zip([name.as_str(), column, &id.0, &host]) {
                    sheet.write_string_with_format(at, col, text, &looks.text)?;
                }
                sheet.set_row_height(at, height(&name, 62.0).max(height(&host, 40.0)))?;
                at += 1;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_portrait().set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
    Ok(())
}

/// Whom the row 非法提供技术服务 might count, once a person has notified them and marked them by feedback.
fn providers_sheet(sheet: &mut Worksheet, providers: &[(String, String, usize)], looks: &Looks) -> Result<(), XlsxError> {
    sheet.set_name("待确认服务商")?;
    let note = "下列单位由归属查询得出，为复审通过的线索提供服务；告知后仍提供服务、经人工确认的（jianwei refer feedback --told service --note 名称），才计入“非法提供技术服务”。";
    sheet.merge_range(0, 0, 0, 2, note, &looks.note)?;
    sheet.set_row_height(0, 44)?;
    for (col, (head, width)) in (0u16..).zip([("服务商", 50.0), ("服务类型", 24.0), ("线索数", 12.0)]) {
        sheet.write_string_with_format(1, col, head, &looks.head)?;
        sheet.set_column_width(col, width)?;
    }
    for (at, (name, service, leads)) in (2u32..).zip(providers) {
        sheet.write_string_with_format(at, 0, clean(name), &looks.text)?;
        sheet.write_string_with_format(at, 1, clean(service), &looks.text)?;
        sheet.write_number_with_format(at, 2, *leads as f64, &looks.mid)?;
    }
    sheet.set_repeat_rows(1, 1)?;
    sheet.set_portrait().set_paper_size(9).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
    Ok(())
}

fn contact_cells(c: &Contact) -> [&str; 6] {
    [&c.unit, &c.name, &c.post, &c.phone, &c.mobile, &c.note]
}

/// 附件2 as DOCX.
///
/// # Errors
/// [`ExportError`] where the zip writer fails.
pub fn contacts_docx(contacts: &[Contact]) -> Result<Vec<u8>, ExportError> {
    let mut table = vec![CONTACT_HEADS.map(Cell::head).to_vec()];
    table.extend(contacts.iter().map(|c| contact_cells(c).map(Cell::mid).to_vec()));
    let body = paragraph(Look::Flush, "附件2")
        + &paragraph(Look::Title, "专项整治工作联系人名单")
        + &docx::table(ACROSS_LANDSCAPE, &[40, 20, 40, 34, 30, 26], 1, &table);
    docx::document("专项整治工作联系人名单", &body, true).map_err(|why| ExportError { format: "docx", why })
}

/// 附件2 as XLSX.
///
/// # Errors
/// [`ExportError`] where the writer fails.
pub fn contacts_xlsx(contacts: &[Contact]) -> Result<Vec<u8>, ExportError> {
    let write = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let made = ExcelDateTime::from_timestamp(0)?;
        book.set_properties(&DocProperties::new().set_title("专项整治工作联系人名单").set_author("jianwei").set_creation_datetime(&made));
        let looks = Looks::new();
        let sheet = book.add_worksheet();
        sheet.set_name("附件2")?;
        sheet.write_string_with_format(0, 0, "附件2", &looks.note)?;
        sheet.merge_range(1, 0, 1, 5, "专项整治工作联系人名单", &looks.title)?;
        sheet.set_row_height(1, 30)?;
        for (col, (head, width)) in (0u16..).zip(CONTACT_HEADS.into_iter().zip(WIDTHS)) {
            sheet.write_string_with_format(2, col, head, &looks.head)?;
            sheet.set_column_width(col, width)?;
        }
        for (at, contact) in (3u32..).zip(contacts) {
            let cells = contact_cells(contact);
            for (col, text) in (0u16..).zip(cells) {
                sheet.write_string_with_format(at, col, clean(text), &looks.mid)?;
            }
            sheet.set_row_height(at, cells.iter().zip(WIDTHS).map(|(text, width)| height(text, width)).fold(22.0, f64::max))?;
        }
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        book.save_to_buffer()
    };
    write().map_err(|e| ExportError { format: "xlsx", why: e.to_string() })
}
