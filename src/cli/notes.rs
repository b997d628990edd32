//! What a capture left out or found odd, for a person: the notes of all its pages, the visits that did not come to a page, and what this
//! program cannot do yet. Notes are stored in English; here each is said in the reader's language.

use crate::model::capture::Outcome;
use crate::model::dossier::Dossier;
use crate::model::lang::Lang;

/// Is it something odd, or something that was not looked at?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Worth knowing.
    Odd,
    /// Part of the page, or a visit, that the assessment has not seen.
    NotLooked,
}

/// (how the stored note begins, kind, in Chinese; `{}` stands for the rest of the note).
const NOTES: &[(&str, Kind, &str)] = &[
    ("the body is read up to ", Kind::NotLooked, "正文超出上限，只读到 {}"),
    ("html is read up to ", Kind::NotLooked, "源码超出上限，只读到 {}"),
    ("text is kept up to ", Kind::NotLooked, "文字超出上限，只保留到 {}"),
    ("a tag has more than 64 attributes", Kind::NotLooked, "有标签带 64 个以上属性，其余未读"),
    ("elements nested deeper than 2000", Kind::NotLooked, "嵌套超过 2000 层，更深处按平铺读取"),
    ("more than 64 forms", Kind::NotLooked, "表单超过 64 个，或字段过多，其余未读"),
    ("more than 2000 links", Kind::NotLooked, "链接超过 2000 个，其余未读"),
    ("more than 1000 images", Kind::NotLooked, "图片超过 1000 张，其余未读"),
    ("inline scripts are read up to ", Kind::NotLooked, "内嵌脚本只读到 {}"),
    ("out of time", Kind::NotLooked, "时间用尽：页面跳转目标和框架未取"),
    ("leads on to ", Kind::NotLooked, "还会跳往 {}"),
    ("leads to ", Kind::NotLooked, "跳转目标未取到：{}"),
    ("frame ", Kind::NotLooked, "框架未取到：{}"),
    ("text and forms of frame ", Kind::Odd, "框架中的文字和表单已并入：{}"),
    ("needs rendering", Kind::NotLooked, "页面几乎全靠脚本生成，尚未运行脚本"),
    ("words in scripts: ", Kind::Odd, "脚本中的文字：{}"),
    ("no text of its own", Kind::Odd, "页面本身没有文字，保留了给不运行脚本的访客看的文字"),
    ("a style or mark shows text reversed", Kind::Odd, "有样式或字符把文字倒序显示；此处按源码顺序保留"),
];

/// All notes, each once.
pub(super) fn of(dossier: &Dossier, lang: Lang) -> Vec<(Kind, String)> {
    let mut told: Vec<(Kind, String)> = Vec::new();
    for capture in &dossier.captures {
        let notes = capture.page.iter().flat_map(|p| &p.notes).map(|note| one(note, lang));
        let failed = (capture.outcome != Outcome::Captured).then(|| {
            let why = lang.pick(capture.outcome.why_zh(), capture.outcome.why());
            (
                Kind::NotLooked,
                lang.pick(format!("以 {} 身份的访问：{why}", capture.variant), format!("visit as {}: {why}", capture.variant)),
            )
        });
        for note in notes.chain(failed) {
            if !told.contains(&note) {
                told.push(note);
            }
        }
    }
    told.push((
        Kind::NotLooked,
        lang.pick("脚本执行后的页面、截图、图片中的文字", "the page after its scripts ran, a screenshot, text in pictures").to_owned(),
    ));
    told
}

fn one(note: &str, lang: Lang) -> (Kind, String) {
    let known = NOTES.iter().find(|(begin, _, _)| note.starts_with(begin));
    let kind = known.map_or(Kind::Odd, |(_, kind, _)| *kind);
    let zh = || match known {
        Some((begin, _, zh)) => zh.replace("{}", note[begin.len()..].trim_end_matches(" are taken in").trim()),
        None => in_numbers(note).unwrap_or_else(|| note.to_owned()),
    };
    (kind, lang.pick(zh(), note.to_owned()))
}

/// Notes that begin with a count.
fn in_numbers(note: &str) -> Option<String> {
    let (count, rest) = note.split_once(' ')?;
    count.parse::<u64>().ok()?;
    match rest {
        r if r.starts_with("tags on one page") => Some(format!("全页有 {count} 个标签，多得反常")),
        r if r.starts_with("private-use characters") => Some(format!("文字中有 {count} 个自造字符，要靠网页自带字体才能看懂")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture;
    use url::Url;

    #[test]
    fn a_frame_that_was_taken_in_is_said_without_english() {
        let told = one("text and forms of frame http://a.top/f are taken in", Lang::Zh);
        assert_eq!(told, (Kind::Odd, "框架中的文字和表单已并入：http://a.top/f".to_owned()));
    }

    #[test]
    fn every_note_of_a_page_that_was_cut_is_said_in_chinese_as_not_looked_at() {
        let base = Url::parse("http://a.example.com/").expect("an address");
        let attributes = format!("<p {}>文</p>", "a=1 ".repeat(1_000));
        for html in
            ["<div>".repeat(3_000), "<i>".repeat(5 << 20), attributes, "<form><input>".repeat(3_000), "<a href=x>y</a>".repeat(3_000)]
        {
            let page = capture::extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base);
            let cut: Vec<_> = page.notes.iter().map(|n| one(n, Lang::Zh)).collect();
            assert!(cut.iter().any(|(kind, _)| *kind == Kind::NotLooked), "{:?}", page.notes);
            assert!(cut.iter().all(|(_, zh)| zh.chars().any(|c| c > '\u{4e00}')), "{cut:?}");
        }
    }
}
