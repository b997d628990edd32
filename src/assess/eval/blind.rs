//! The page as an assessment without normalisation would read it: wherever folding would mend something, a stray character stands instead,
//! so that nothing can be mended. What is not disguised stays as it is. For ablation only.

use crate::model::page::{Form, Page};
use crate::model::text::fold::fold;
use std::collections::HashMap;

/// A Han character that no word of ours holds and no table changes.
const STRAY: char = '龘';

/// Remembers what folding does to single characters.
#[derive(Debug, Default)]
pub struct Blinder {
    known: HashMap<char, char>,
}

impl Blinder {
    /// The page with every disguise left standing. `None`: there was none, the page would be the same.
    pub fn blind(&mut self, page: &Page) -> Option<Page> {
        let mut other = page.clone();
        for text in [&mut other.title, &mut other.text, &mut other.hidden_text, &mut other.meta_text] {
            self.text(text);
        }
        other.forms.iter_mut().for_each(|form| self.form(form));
        other.images.iter_mut().for_each(|image| self.text(&mut image.alt));
        let same = other.title == page.title
            && other.text == page.text
            && other.hidden_text == page.hidden_text
            && other.meta_text == page.meta_text
            && other.forms == page.forms
            && other.images == page.images;
        (!same).then_some(other)
    }
    fn form(&mut self, form: &mut Form) {
        form.buttons.iter_mut().for_each(|b| self.text(b));
        for field in &mut form.fields {
            for text in [&mut field.label, &mut field.placeholder, &mut field.first_option] {
                self.text(text);
            }
        }
    }
    fn text(&mut self, text: &mut String) {
        if text.is_ascii() {
            return;
        }
        let chars: Vec<char> = text.chars().collect();
        *text = (0..chars.len()).map(|n| if reading_begins(&chars, n) { STRAY } else { self.one(chars[n]) }).collect();
    }
    fn one(&mut self, c: char) -> char {
        if c.is_ascii() || (c.is_whitespace() && c != '\u{3000}') {
            return c;
        }
        *self.known.entry(c).or_insert_with(|| {
            let folded = fold(c.encode_utf8(&mut [0; 4])).text;
            let invisible =
                matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}');
            let split = matches!(c, '丨' | '丶' | '亅' | '丿' | '乄' | '·' | '\u{3000}');
            let changed = !folded.is_empty() && !folded.chars().eq(c.to_lowercase());
            if invisible || split || changed { STRAY } else { c }
        })
    }
}

/// `(` after a Han character and before Latin letters: a reading put in between.
fn reading_begins(chars: &[char], n: usize) -> bool {
    let han = |c: &char| ('\u{4e00}'..='\u{9fff}').contains(c);
    let latin = |c: &char| c.is_alphabetic() && !han(c);
    matches!(chars[n], '(' | '（') && n > 0 && han(&chars[n - 1]) && chars.get(n + 1).is_some_and(latin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let page = Page { text: text.into(), ..Page::default() };
        Blinder::default().blind(&page).map_or_else(|| text.to_owned(), |p| p.text)
    }

    #[test]
    fn disguises_stay_unmendable_and_plain_text_stays_itself() {
        assert_eq!(read("特种作业操作证（查询），a1。"), "特种作业操作证（查询），a1。");
        for disguised in ["特種作業", "统(tǒng)一", "特\u{200b}种", "⼀张", "特丨种"] {
            let blinded = read(disguised);
            assert!(blinded.contains(STRAY), "{disguised}: {blinded}");
            assert!(fold(&blinded).text.contains(STRAY), "{disguised} would be mended");
        }
    }
}
