//! A DOCX as official papers look (GB/T 9704-2012): A4, type area 156 by 225 mm, 22 lines of 28 characters, page number in dashes at the outer edge.
//! Built from paragraphs and tables; every text is escaped here.

use crate::referral::cell::clean;
use crate::referral::office::{fonts, pack};

/// Looks of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::referral) enum Look {
    /// 三号仿宋, two characters in.
    Body,
    /// The same without the indent.
    Flush,
    /// 二号小标宋, centred.
    Title,
    /// 三号黑体.
    Heading,
    /// Right, four characters from the edge.
    Signed,
    /// Small, for notes below tables.
    Note,
}

impl Look {
    fn id(self) -> &'static str {
        match self {
            Self::Body => "Normal",
            Self::Flush => "Flush",
            Self::Title => "Title",
            Self::Heading => "Heading1",
            Self::Signed => "Signed",
            Self::Note => "Note",
        }
    }
}

/// One cell of a table.
#[derive(Clone, Debug, Default)]
pub(in crate::referral) struct Cell {
    pub(in crate::referral) text: String,
    /// Columns that it spans; 0 and 1: one.
    pub(in crate::referral) across: usize,
    /// It begins (`Some(true)`) or goes on with (`Some(false)`) a cell that spans rows.
    pub(in crate::referral) down: Option<bool>,
    pub(in crate::referral) bold: bool,
    pub(in crate::referral) centred: bool,
}

impl Cell {
    /// A plain cell.
    pub(in crate::referral) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    /// A heading cell.
    pub(in crate::referral) fn head(text: impl Into<String>) -> Self {
        Self { text: text.into(), bold: true, centred: true, ..Self::default() }
    }
    /// A centred cell.
    pub(in crate::referral) fn mid(text: impl Into<String>) -> Self {
        Self { text: text.into(), centred: true, ..Self::default() }
    }
}

/// Width of the type area in twentieths of a point.
pub(in crate::referral) const ACROSS: u32 = 8_844;
/// The same on a landscape sheet.
pub(in crate::referral) const ACROSS_LANDSCAPE: u32 = 13_608;

/// Escapes text for XML; control characters and direction marks do not pass.
pub(in crate::referral) fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One paragraph; line feeds become line breaks.
pub(in crate::referral) fn paragraph(look: Look, text: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val=\"{}\"/></w:pPr>{}</w:p>", look.id(), run("", text))
}

fn run(properties: &str, text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|l| format!("<w:t xml:space=\"preserve\">{}</w:t>", escape(l))).collect();
    format!("<w:r>{properties}{}</w:r>", lines.join("<w:br/>"))
}

/// A table of fixed widths (in shares of `across`), its first `heads` rows repeated on every page; no row breaks over pages.
pub(in crate::referral) fn table(across: u32, shares: &[u32], heads: usize, rows: &[Vec<Cell>]) -> String {
    let whole: u32 = shares.iter().sum::<u32>().max(1);
    let widths: Vec<u32> = shares.iter().map(|s| across * s / whole).collect();
    let mut out = format!(
        "<w:tbl><w:tblPr><w:tblStyle w:val=\"Grid\"/><w:tblW w:w=\"{across}\" w:type=\"dxa\"/><w:jc w:val=\"center\"/><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>"
    );
    widths.iter().for_each(|w| out.push_str(&format!("<w:gridCol w:w=\"{w}\"/>")));
    out.push_str("</w:tblGrid>");
    for (i, cells) in rows.iter().enumerate() {
        let head = if i < heads { "<w:tblHeader/>" } else { "" };
        out.push_str(&format!("<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>"));
        let mut at = 0;
        for cell in cells {
            let span = cell.across.max(1).min(widths.len().saturating_sub(at).max(1));
            let width: u32 = widths.iter().skip(at).take(span).sum();
            at += span;
            out.push_str(&one_cell(cell, span, width));
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
    out
}

fn one_cell(cell: &Cell, span: usize, width: u32) -> String {
    let span = if span > 1 { format!("<w:gridSpan w:val=\"{span}\"/>") } else { String::new() };
    let down = match cell.down {
        Some(true) => "<w:vMerge w:val=\"restart\"/>",
        Some(false) => "<w:vMerge/>",
        None => "",
    };
    let centred = if cell.centred { "<w:jc w:val=\"center\"/>" } else { "" };
    let bold = if cell.bold { "<w:rPr><w:b/></w:rPr>" } else { "" };
    format!(
        "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{span}{down}<w:vAlign w:val=\"center\"/></w:tcPr><w:p><w:pPr><w:pStyle w:val=\"Cell\"/>{centred}</w:pPr>{}</w:p></w:tc>",
        run(bold, &cell.text)
    )
}

/// A whole document from its body.
pub(in crate::referral) fn document(title: &str, body: &str, landscape: bool) -> Result<Vec<u8>, String> {
    let page = if landscape {
        "<w:pgSz w:w=\"16838\" w:h=\"11906\" w:orient=\"landscape\"/><w:pgMar w:top=\"1588\" w:right=\"1615\" w:bottom=\"1474\" w:left=\"1615\" w:header=\"851\" w:footer=\"907\" w:gutter=\"0\"/>"
    } else {
        "<w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"2098\" w:right=\"1474\" w:bottom=\"1984\" w:left=\"1588\" w:header=\"851\" w:footer=\"1304\" w:gutter=\"0\"/>"
    };
    on_page(title, body, page)
}

/// The same for a form that should stand on one sheet: narrower margins above and below.
pub(in crate::referral) fn form(title: &str, body: &str) -> Result<Vec<u8>, String> {
    let page = "<w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1134\" w:right=\"1474\" w:bottom=\"1134\" w:left=\"1588\" w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/>";
    on_page(title, body, page)
}

fn on_page(title: &str, body: &str, page: &str) -> Result<Vec<u8>, String> {
    let document = format!(
        "{XML}<w:document {NS}><w:body>{body}<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rId3\"/><w:footerReference w:type=\"even\" r:id=\"rId4\"/>{page}<w:docGrid w:type=\"lines\" w:linePitch=\"579\"/></w:sectPr></w:body></w:document>"
    );
    let part = |name: &str, text: String| (name.to_owned(), text.into_bytes());
    pack::small(&[
        part("[Content_Types].xml", CONTENT_TYPES.into()),
        part("_rels/.rels", RELS.into()),
        part("word/document.xml", document),
        part("word/_rels/document.xml.rels", DOCUMENT_RELS.into()),
        part("word/styles.xml", styles()),
        part(
            "word/settings.xml",
            format!(
                "{XML}<w:settings {NS}><w:evenAndOddHeaders/><w:characterSpacingControl w:val=\"compressPunctuation\"/><w:compat><w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat></w:settings>"
            ),
        ),
        part("word/footer1.xml", footer("right")),
        part("word/footer2.xml", footer("left")),
        part(
            "docProps/core.xml",
            format!(
                "{XML}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title><dc:creator>jianwei</dc:creator></cp:coreProperties>",
                escape(title)
            ),
        ),
    ])
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const NS: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/><Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/><Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/><Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/><Override PartName=\"/word/footer2.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/><Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/></Types>";
const RELS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/><Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/></Relationships>";
const DOCUMENT_RELS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings\" Target=\"settings.xml\"/><Relationship Id=\"rId3\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer1.xml\"/><Relationship Id=\"rId4\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer\" Target=\"footer2.xml\"/></Relationships>";

fn footer(side: &str) -> String {
    let indent = if side == "right" { "w:right=\"280\"" } else { "w:left=\"280\"" };
    let font = "<w:rPr><w:rFonts w:ascii=\"宋体\" w:hAnsi=\"宋体\" w:eastAsia=\"宋体\"/><w:sz w:val=\"28\"/></w:rPr>";
    format!(
        "{XML}<w:ftr {NS}><w:p><w:pPr><w:pStyle w:val=\"Flush\"/><w:ind {indent}/><w:jc w:val=\"{side}\"/></w:pPr><w:r>{font}<w:t xml:space=\"preserve\">— </w:t></w:r><w:r>{font}<w:fldChar w:fldCharType=\"begin\"/></w:r><w:r>{font}<w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r><w:r>{font}<w:fldChar w:fldCharType=\"separate\"/></w:r><w:r>{font}<w:t>1</w:t></w:r><w:r>{font}<w:fldChar w:fldCharType=\"end\"/></w:r><w:r>{font}<w:t xml:space=\"preserve\"> —</w:t></w:r></w:p></w:ftr>"
    )
}

fn styles() -> String {
    use fonts::{BODY, HEI, KAI, LATIN, TITLE};
    let face = |east: &str| format!("<w:rFonts w:ascii=\"{LATIN}\" w:hAnsi=\"{LATIN}\" w:cs=\"{LATIN}\" w:eastAsia=\"{east}\"/>");
    let style = |id: &str, name: &str, paragraph: &str, run: &str| {
        format!(
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/><w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
        )
    };
    let flush = "<w:ind w:firstLineChars=\"0\" w:firstLine=\"0\"/>";
    let small = "<w:snapToGrid w:val=\"0\"/><w:spacing w:before=\"0\" w:after=\"0\" w:line=\"300\" w:lineRule=\"exact\"/>";
    let mut out = format!(
        "{XML}<w:styles {NS}><w:docDefaults><w:rPrDefault><w:rPr>{}<w:sz w:val=\"32\"/><w:szCs w:val=\"32\"/><w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/><w:qFormat/><w:pPr><w:wordWrap w:val=\"0\"/><w:spacing w:line=\"579\" w:lineRule=\"exact\"/><w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/><w:jc w:val=\"left\"/></w:pPr></w:style>",
        face(BODY)
    );
    out.push_str(&style("Flush", "Flush", flush, ""));
    let centred = format!("{flush}<w:jc w:val=\"center\"/>");
    let title = format!("<w:keepNext/><w:spacing w:before=\"240\" w:after=\"360\" w:line=\"660\" w:lineRule=\"exact\"/>{centred}");
    out.push_str(&style("Title", "Title", &title, &format!("{}<w:sz w:val=\"44\"/>", face(TITLE))));
    out.push_str(&style("Heading1", "heading 1", "<w:keepNext/><w:outlineLvl w:val=\"0\"/>", &face(HEI)));
    out.push_str(&style("Heading2", "heading 2", "<w:keepNext/><w:outlineLvl w:val=\"1\"/>", &face(KAI)));
    out.push_str(&style(
        "Signed",
        "Signed",
        "<w:keepNext/><w:ind w:firstLineChars=\"0\" w:firstLine=\"0\" w:right=\"1280\"/><w:jc w:val=\"right\"/>",
        "",
    ));
    out.push_str(&style("Note", "Note", &format!("{small}{flush}<w:jc w:val=\"left\"/>"), "<w:sz w:val=\"21\"/>"));
    out.push_str(&style("Cell", "Cell", &format!("{small}{flush}<w:jc w:val=\"left\"/>"), "<w:sz w:val=\"21\"/>"));
    let borders: String = ["top", "left", "bottom", "right", "insideH", "insideV"]
        .iter()
        .map(|side| format!("<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"000000\"/>"))
        .collect();
    out.push_str(&format!(
        "<w:style w:type=\"table\" w:default=\"1\" w:styleId=\"Grid\"><w:name w:val=\"Table Grid\"/><w:tblPr><w:tblBorders>{borders}</w:tblBorders><w:tblCellMar><w:top w:w=\"40\" w:type=\"dxa\"/><w:left w:w=\"70\" w:type=\"dxa\"/><w:bottom w:w=\"40\" w:type=\"dxa\"/><w:right w:w=\"70\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style></w:styles>"
    ));
    out
}
