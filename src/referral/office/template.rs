//! A template: a DOCX in whose text `{{name}}` stands for a named field. A word processor may cut a name over several runs; it is found all the same.
//! A field that stands alone in its paragraph may become several paragraphs, or a table. Unknown and missing names are listed, and nothing is made.

use crate::referral::office::docx::escape;
use crate::referral::office::pack;
use std::collections::BTreeMap;

/// What a field becomes.
#[derive(Clone, Debug)]
pub(in crate::referral) enum Field {
    /// Text; line feeds begin a new paragraph where the field stands alone, else a new line.
    Text(String),
    /// A finished table; the field must stand alone in its paragraph.
    Table(String),
}

/// What is wrong with a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFaults {
    /// Fields that the program does not know, or that are not closed, as written.
    pub unknown: Vec<String>,
    /// Fields that every letter needs and the template lacks.
    pub missing: Vec<String>,
    /// Tables that do not stand alone in their paragraph.
    pub not_alone: Vec<String>,
    /// The file itself: no DOCX, too large, holds macros.
    pub broken: Option<String>,
}

impl TemplateFaults {
    fn of_file(why: impl Into<String>) -> Self {
        Self { broken: Some(why.into()), ..Self::default() }
    }
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The fields by name.
pub(in crate::referral) type Fields = BTreeMap<&'static str, Field>;

/// Fills a template. `needed`: names that must stand in it.
pub(in crate::referral) fn fill(docx: &[u8], fields: &Fields, needed: &[&str]) -> Result<Vec<u8>, TemplateFaults> {
    let mut entries = pack::read(docx).map_err(TemplateFaults::of_file)?;
    if !entries.iter().any(|(n, _)| n == "word/document.xml") {
        return Err(TemplateFaults::of_file("no word/document.xml inside"));
    }
    if entries.iter().any(|(n, _)| n.to_ascii_lowercase().contains("vbaproject")) {
        return Err(TemplateFaults::of_file("holds macros; save it as a plain .docx"));
    }
    let mut filling = Filling { fields, seen: Vec::new(), faults: TemplateFaults::default() };
    for (name, bytes) in entries.iter_mut().filter(|(n, _)| carries_text(n)) {
        let xml = std::str::from_utf8(bytes).map_err(|_| TemplateFaults::of_file(format!("{name}: is not UTF-8")))?;
        *bytes = filling.part(xml).into_bytes();
    }
    filling.faults.missing = needed.iter().filter(|n| !filling.seen.iter().any(|s| s == *n)).map(|n| (*n).to_owned()).collect();
    if !filling.faults.is_empty() {
        return Err(filling.faults);
    }
    pack::small(&entries).map_err(TemplateFaults::of_file)
}

fn carries_text(part: &str) -> bool {
    let file = part.strip_prefix("word/").unwrap_or_default();
    file == "document.xml" || ((file.starts_with("header") || file.starts_with("footer")) && file.ends_with(".xml"))
}

struct Filling<'a> {
    fields: &'a Fields,
    seen: Vec<String>,
    faults: TemplateFaults,
}

/// An open paragraph: its first token and the tokens of its text.
struct Open {
    from: usize,
    texts: Vec<usize>,
}

impl Filling<'_> {
    fn part(&mut self, xml: &str) -> String {
        let given = tokens(xml);
        let mut out: Vec<String> = given.iter().map(|t| (*t).to_owned()).collect();
        let mut open: Vec<Open> = Vec::new();
        let mut in_text = false;
        for (i, token) in given.iter().enumerate() {
            if is_open(token, "w:p") {
                open.push(Open { from: i, texts: Vec::new() });
            } else if *token == "</w:p>" {
                if let Some(paragraph) = open.pop() {
                    let ends_cell = given.get(i + 1).is_some_and(|t| *t == "</w:tc>");
                    self.paragraph(&mut out, &paragraph, i, ends_cell);
                }
            } else if is_open(token, "w:t") {
                in_text = true;
            } else if *token == "</w:t>" {
                in_text = false;
            } else if in_text
                && !token.starts_with('<')
                && let Some(paragraph) = open.last_mut()
            {
                paragraph.texts.push(i);
            }
        }
        out.concat()
    }

    /// Fills the fields of one paragraph, tokens `paragraph.from..=to`.
    fn paragraph(&mut self, out: &mut [String], paragraph: &Open, to: usize, ends_cell: bool) {
        let parts: Vec<Vec<char>> = paragraph.texts.iter().map(|i| unescape(&out[*i]).chars().collect()).collect();
        let whole: Vec<char> = parts.concat();
        let found = self.names(&whole);
        if found.is_empty() {
            return;
        }
        let alone = found.len() == 1 && {
            let (from, until, _) = &found[0];
            whole[..*from].iter().chain(&whole[*until..]).all(|c| c.is_whitespace())
        };
        let field = self.fields.get(found[0].2.as_str());
        match field {
            Some(Field::Table(table)) if alone => {
                let after = if ends_cell { "<w:p/>" } else { "" };
                replace(out, paragraph.from, to, format!("{table}{after}"));
            }
            Some(Field::Text(text)) if alone => {
                let first = paragraph.texts[0];
                let lines = text.split('\n').map(|line| {
                    let mut copy: Vec<String> = out[paragraph.from..=to].to_vec();
                    paragraph.texts.iter().for_each(|i| copy[i - paragraph.from].clear());
                    copy[first - paragraph.from] = escape(line);
                    keep_spaces(&mut copy, first - paragraph.from);
                    copy.concat()
                });
                let text = lines.collect::<String>();
                replace(out, paragraph.from, to, text);
            }
            _ => self.inline(out, paragraph, &parts, &found),
        }
    }

    /// Every `{{name}}` with its place, closed and known; the others go to the faults.
    fn names(&mut self, whole: &[char]) -> Vec<(usize, usize, String)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at + 1 < whole.len() {
            if whole[at] != '{' || whole[at + 1] != '{' {
                at += 1;
                continue;
            }
            let end = whole[at + 2..].windows(2).position(|w| w == ['}', '}']).map(|n| at + 2 + n);
            let Some(end) = end else {
                self.faults.unknown.push(whole[at..].iter().take(20).collect());
                return found;
            };
            let name: String = whole[at + 2..end].iter().collect::<String>().trim().to_owned();
            if self.fields.contains_key(name.as_str()) {
                self.seen.push(name.clone());
                found.push((at, end + 2, name));
            } else {
                self.faults.unknown.push(name);
            }
            at = end + 2;
        }
        found
    }

    fn inline(&mut self, out: &mut [String], paragraph: &Open, parts: &[Vec<char>], found: &[(usize, usize, String)]) {
        let mut at = 0;
        for (part, index) in parts.iter().zip(&paragraph.texts) {
            let mut text = String::new();
            for (offset, c) in part.iter().enumerate() {
                let here = at + offset;
                match found.iter().find(|(from, until, _)| (*from..*until).contains(&here)) {
                    None => text.push_str(&escape_char(*c)),
                    Some((from, _, name)) if *from == here => match self.fields.get(name.as_str()) {
                        Some(Field::Text(value)) => {
                            let lines: Vec<String> = value.split('\n').map(escape).collect();
                            text.push_str(&lines.join("</w:t><w:br/><w:t xml:space=\"preserve\">"));
                        }
                        _ => self.faults.not_alone.push(name.clone()),
                    },
                    Some(_) => {}
                }
            }
            at += part.len();
            out[*index] = text;
            keep_spaces(out, *index);
        }
    }
}

fn escape_char(c: char) -> String {
    match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        other => other.to_string(),
    }
}

/// Puts `text` in place of tokens `from..=to`.
fn replace(out: &mut [String], from: usize, to: usize, text: String) {
    out[from..=to].iter_mut().for_each(String::clear);
    out[from] = text;
}

/// The text element before token `i` keeps its outer spaces.
fn keep_spaces(out: &mut [String], i: usize) {
    if let Some(tag) = i.checked_sub(1).and_then(|b| out.get_mut(b)).filter(|t| *t == "<w:t>") {
        *tag = "<w:t xml:space=\"preserve\">".to_owned();
    }
}

fn is_open(token: &str, name: &str) -> bool {
    let rest = token.strip_prefix('<').and_then(|t| t.strip_prefix(name));
    rest.is_some_and(|r| (r.starts_with('>') || r.starts_with(' ')) && !token.ends_with("/>"))
}

/// Tags and the text between them, in order.
fn tokens(xml: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = xml;
    while !rest.is_empty() {
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map_or(rest.len(), |i| i + 3)
        } else if rest.starts_with('<') {
            rest.find('>').map_or(rest.len(), |i| i + 1)
        } else {
            rest.find('<').unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(end);
        out.push(token);
        rest = after;
    }
    out
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::referral::office::docx;

    fn template(body: &str) -> Vec<u8> {
        docx::document("t", body, false).expect("made")
    }

    fn text_of(docx: &[u8]) -> String {
        let parts = pack::read(docx).expect("a zip");
        let part = parts.into_iter().find(|(n, _)| n == "word/document.xml").expect("a body").1;
        String::from_utf8(part).expect("UTF-8")
    }

    fn fields() -> Fields {
        let text = |t: &str| Field::Text(t.into());
        [("文号", text("渝〔2026〕1号")), ("正文", text("一\n二<b>")), ("表：证据", Field::Table("<w:tbl/>".into()))].into_iter().collect()
    }

    #[test]
    fn a_name_cut_over_several_runs_is_filled() {
        let run = |t: &str| format!("<w:r><w:t>{t}</w:t></w:r>");
        let body = format!("<w:p>{}{}{}</w:p>", run("第{"), run("{文"), run("号}}期 "));
        let filled = text_of(&fill(&template(&body), &fields(), &["文号"]).expect("filled"));
        assert!(filled.contains(">第渝〔2026〕1号</w:t>") && filled.contains("xml:space=\"preserve\">期 </w:t>"), "{filled}");
    }

    #[test]
    fn a_field_alone_becomes_paragraphs_or_a_table_and_text_is_escaped() {
        let body = docx::paragraph(docx::Look::Body, "{{正文}}") + &docx::paragraph(docx::Look::Body, " {{表：证据}} ");
        let filled = text_of(&fill(&template(&body), &fields(), &[]).expect("filled"));
        assert_eq!(filled.matches("<w:p>").count(), 2, "{filled}");
        assert!(filled.contains("二&lt;b&gt;") && filled.contains("<w:tbl/>") && !filled.contains("{{"), "{filled}");
    }

    #[test]
    fn wrong_and_missing_fields_are_listed_by_name() {
        let body =
            docx::paragraph(docx::Look::Body, "{{文好}} 和 {{表：证据}} {{正文") + &docx::paragraph(docx::Look::Body, "x{{表：证据}}");
        let faults = fill(&template(&body), &fields(), &["文号", "正文"]).expect_err("refused");
        assert_eq!(faults.unknown, ["文好", "{{正文"]);
        assert_eq!(faults.missing, ["文号", "正文"]);
        assert!(faults.not_alone.contains(&"表：证据".to_owned()));
    }

    #[test]
    fn what_is_no_docx_is_refused_and_never_panics() {
        assert!(fill(b"PK\x03\x04", &fields(), &[]).is_err_and(|f| f.broken.is_some()));
        let macros =
            pack::small(&[("word/document.xml".into(), b"<w:p>".to_vec()), ("word/vbaProject.bin".into(), vec![1])]).expect("made");
        assert!(fill(&macros, &fields(), &[]).is_err_and(|f| f.broken.is_some_and(|b| b.contains("macros"))));
        for xml in ["</w:p></w:p>", "<w:p><w:p><w:t>{{文号}}", "<w:t>{{</w:t>", "<", "<!--", "<w:p><w:r><w:t>}}{{</w:t></w:r></w:p>"] {
            let odd = pack::small(&[("word/document.xml".into(), xml.as_bytes().to_vec())]).expect("made");
            let _ = fill(&odd, &fields(), &[]);
        }
    }
}
