//! Normalisation of page text, with a way back to the raw characters.
//! Order: radicals and NFKC, readings in brackets, Traditional to Simplified, lower case, only Han, letters and digits, contact words.
//! HTML entities are decoded before (the HTML parser does it; `entities` for plain strings). Chinese numerals stay as they are.
//! Not undone: synonym spinning, swapped shapes outside the tables, readings instead of ideographs, pictures.

use crate::model::text::homophone::{Gap, Kept, fold_contact_words};
use crate::model::text::{spell, tables};
use std::ops::Range;

/// Folded text and, for each of its characters, where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Simplified, lower-case, Han + letters + digits only.
    pub text: String,
    /// For each character of `text`, the byte range of the raw text that it stands for.
    pub origin: Vec<(u32, u32)>,
}

impl Folded {
    /// Characters in [`Folded::text`].
    pub fn chars(&self) -> usize {
        self.origin.len()
    }
    /// The raw bytes `(start, end)` that a range of folded characters stands for, everything dropped in between included.
    /// Always on character borders of the raw text. `None`: an empty range, or one outside the text.
    pub fn raw_span(&self, chars: Range<usize>) -> Option<(usize, usize)> {
        let part = self.origin.get(chars)?;
        Some((part.first()?.0 as usize, part.last()?.1 as usize))
    }
    /// The raw text behind a range of folded characters; `raw` must be the text that was folded.
    pub fn raw_of<'a>(&self, raw: &'a str, chars: Range<usize>) -> &'a str {
        self.raw_span(chars).and_then(|(start, end)| raw.get(start..end)).unwrap_or_default()
    }
    /// First place of a folded phrase, as a range of characters. An empty phrase is nowhere.
    pub fn find(&self, phrase: &str) -> Option<Range<usize>> {
        if phrase.is_empty() {
            return None;
        }
        let at = self.text.find(phrase)?;
        Some(self.char_range(at..at + phrase.len()))
    }
    /// Turns a range of bytes of [`Folded::text`] (on character borders) into a range of characters.
    pub fn char_range(&self, bytes: Range<usize>) -> Range<usize> {
        let start = count(self.text.get(..bytes.start).unwrap_or_default());
        start..start + count(self.text.get(bytes).unwrap_or_default())
    }
    fn of(kept: &[Kept]) -> Self {
        Self { text: kept.iter().map(|k| k.ch).collect(), origin: kept.iter().map(|k| (k.start, k.end)).collect() }
    }
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// Folds page text: all disguises, contact words included. Linear in the length.
pub fn fold(raw: &str) -> Folded {
    Folded::of(&fold_contact_words(kept(raw)))
}
/// Folds without touching contact words: for names and titles, where 威信 is 威信 and wx is wx.
pub fn fold_for_match(raw: &str) -> Folded {
    Folded::of(&kept(raw))
}

fn kept(raw: &str) -> Vec<Kept> {
    let mut units = spell::without_readings(spell::spelled(raw));
    spell::plain(&mut units);
    let mut out: Vec<Kept> = Vec::with_capacity(units.len());
    let mut gap = Gap::None;
    for (i, unit) in units.iter().enumerate() {
        let ch = match unit.ch {
            // A tick or a sign drawn like V, a multiplication sign for X: letters only inside V信 and VX.
            '√' | '∨' | '✓' | '✔' | '˅' if units.get(i + 1).is_some_and(|u| matches!(u.ch, '信' | 'x' | '×' | '讠')) => 'v',
            '×' | '✕' | '✖' if out.last().is_some_and(|k| k.ch == 'v' && k.end == unit.start) => 'x',
            c => tables::contact_glyph(c).unwrap_or(c),
        };
        if is_heart(ch) && out.last().is_some_and(|k| matches!(k.ch, '微' | '薇' | '徽' | '威' | 'v')) {
            out.push(Kept { ch: '信', start: unit.start, end: unit.end, gap });
            gap = Gap::None;
        } else if !(matches!(ch, '\u{4E00}'..='\u{9FFF}') || ch.is_alphanumeric()) || tables::is_separator_glyph(ch) {
            gap = match ch {
                '+' | '➕' | '✚' | '╋' => Gap::Plus,
                ':' | '=' | '➡' | '→' if gap != Gap::Plus => Gap::Colon,
                _ => gap.max_some(),
            };
        } else {
            out.push(Kept { ch, start: unit.start, end: unit.end, gap });
            gap = Gap::None;
        }
    }
    out
}

fn is_heart(c: char) -> bool {
    matches!(c, '❤' | '♥' | '♡' | '💗' | '💖' | '💕' | '💛' | '💙' | '💚' | '💜' | '🧡' | '🖤')
}

impl Gap {
    fn max_some(self) -> Self {
        if self == Self::None { Self::Some } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folds(cases: &[(&str, &str)]) {
        for (raw, want) in cases {
            assert_eq!(fold(raw).text, *want, "{raw}");
        }
    }

    #[test]
    fn spelling_disguises_fall_away() {
        folds(&[
            ("辦(bàn)證", "办证"),
            ("安全生產(chǎn )知識", "安全生产知识"),
            ("考試（kǎoshì）合格", "考试合格"),
            ("下载(APP)查询", "下载app查询"),
            ("⼯作⻓⻥", "工作长鱼"),
            ("證\u{200B}件\u{2060}號\u{FE0F}碼", "证件号码"),
            ("免丨考丶包乄过", "免考包过"),
            ("Ａｂ１２", "ab12"),
            ("❶❷⓷ⓐ🅱", "123ab"),
            ("１.⒊8", "138"),
            ("一二〇", "一二〇"),
            ("wēi", "wei"),
            ("実習証", "实习证"),
            ("1️⃣3️⃣", "13"),
        ]);
    }

    #[test]
    fn contact_words_are_known_by_sound_and_shape() {
        folds(&[
            ("薇信:abc123", "微信abc123"),
            ("加V:zhengjian8", "加微信zhengjian8"),
            ("+vx 138", "微信138"),
            ("13800138000wx同步", "13800138000微信同步"),
            ("溦.信", "微信"),
            ("微❤zj88", "微信zj88"),
            ("ν亻言", "微信"),
            ("扣扣12345678", "qq12345678"),
            ("Q Q：12345678", "qq12345678"),
            ("🐧12345678", "qq12345678"),
            ("企鹅号 12345678", "qq号12345678"),
            ("卫星:abc12345", "微信abc12345"),
            ("WeChat", "微信"),
            ("√信:abc123", "微信abc123"),
            ("Ⅴ×:abc123", "微信abc123"),
            ("🅥🅧 abc123", "微信abc123"),
            ("加我V：zj2020", "加我微信zj2020"),
            ("Q：123456789", "qq123456789"),
            ("V:zj2020", "微信zj2020"),
            ("微：abc123", "微信abc123"),
            ("加扣 123456789", "加qq123456789"),
            ("十V:abc123", "十微信abc123"),
            ("免̶考̶", "免考"),
        ]);
    }

    #[test]
    fn words_that_mean_themselves_stay() {
        folds(&[
            ("树立执法威信", "树立执法威信"),
            ("提高政府威信", "提高政府威信"),
            ("北斗卫星导航", "北斗卫星导航"),
            ("vxworks", "vxworks"),
            ("大V认证", "大v认证"),
            ("faq:12345", "faq12345"),
            ("Q: what is it", "qwhatisit"),
            ("扣除12345元", "扣除12345元"),
            ("踢球球迷", "踢球球迷"),
            ("企鹅生活在南极", "企鹅生活在南极"),
            ("安徽信息", "安徽信息"),
        ]);
        assert_eq!(fold_for_match("威信 wx").text, "威信wx");
    }

    #[test]
    fn a_folded_phrase_leads_back_to_the_raw_text() {
        let raw = "请 特種(zhǒng)作業·操作證 查询";
        let folded = fold(raw);
        let found = folded.find("特种作业操作证").expect("it is there");
        assert_eq!(folded.raw_of(raw, found), "特種(zhǒng)作業·操作證");
        assert_eq!(folded.find("没有"), None);
        assert_eq!(folded.find(""), None);
        assert_eq!(folded.raw_span(0..0), None);
        assert_eq!(folded.raw_span(5..500), None);
    }

    #[test]
    fn a_rewritten_contact_word_leads_back_to_its_spelling() {
        let raw = "办证＋Ｖィ訁：a";
        let folded = fold(raw);
        let found = folded.find("微信").expect("it is there");
        assert_eq!(folded.raw_of(raw, found), "Ｖィ訁");
    }

    proptest! {
        #[test]
        fn any_text_folds_and_every_character_leads_back(raw in "\\PC*|[a-z()āǎ统一微信威vxq 🐧❤０-９丨]{0,80}") {
            let folded = fold(&raw);
            prop_assert_eq!(folded.text.chars().count(), folded.origin.len());
            for (start, end) in &folded.origin {
                prop_assert!(raw.get(*start as usize..*end as usize).is_some_and(|part| !part.is_empty()));
            }
            if folded.chars() > 0 {
                prop_assert!(folded.raw_span(0..folded.chars()).is_some());
            }
        }

        #[test]
        fn folding_twice_changes_nothing_more(raw in "[統特种作業a-z0-9 ,。（）()①１]{0,60}") {
            let once = fold_for_match(&raw).text;
            prop_assert_eq!(fold_for_match(&once).text, once);
        }
    }
}
