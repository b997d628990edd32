//! Ways to reach the people behind a page, found in raw text under their disguises: digits in circles, 乄 between them,
//! "(电)" in the middle, 溦 and 扣扣 for the words. Masked digits (`138****0000`) count where the shape is clear.
//! Works on spelled text with its separators, because where something stood between two digits decides.

mod phones;

use crate::model::page::Contact;
use crate::model::text::fold::{Folded, fold};
use crate::model::text::spell::{Unit, plain, spelled};
use crate::model::text::tables;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Most contacts kept of one text.
pub const MAX_CONTACTS: usize = 64;
/// Most raw bytes searched.
const MAX_BYTES: usize = 1 << 20;

/// Contacts in order of kind (`phone`, `landline`, `qq`, `wechat`, `email`), each value once, at most [`MAX_CONTACTS`].
/// A phone said to be the WeChat account as well (`微信同号`) gives two contacts.
pub fn contacts(raw: &str) -> Vec<Contact> {
    let raw = head(raw);
    contacts_of(raw, &fold(raw))
}

/// The same for a text that is folded already; `folded` must be [`fold`]'s of the whole of `raw`.
pub fn contacts_folded(raw: &str, folded: &Folded) -> Vec<Contact> {
    if raw.len() > MAX_BYTES { contacts(raw) } else { contacts_of(raw, folded) }
}

fn contacts_of(raw: &str, folded: &Folded) -> Vec<Contact> {
    let mut units = spelled(raw);
    plain(&mut units);
    let mut found = Found { raw, list: Vec::new(), seen: HashSet::new() };
    let phones = phones::phones(&units, &mut found);
    let (text, origin) = joined(&units);
    landlines(&text, &origin, &mut found);
    accounts(raw, folded, &phones, &mut found);
    emails(&text, &origin, &mut found);
    found.list
}

struct Found<'a> {
    raw: &'a str,
    list: Vec<Contact>,
    seen: HashSet<(&'static str, String)>,
}

impl Found<'_> {
    fn add(&mut self, kind: &'static str, value: String, start: usize, end: usize) {
        if self.list.len() < MAX_CONTACTS && self.seen.insert((kind, value.clone())) {
            let raw = self.raw.get(start..end).unwrap_or_default().chars().take(200).collect();
            self.list.push(Contact { kind: kind.to_owned(), value, raw });
        }
    }
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

static LANDLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\(?0(?:10|2[0-57-9]|[3-9][0-9]{2})\)?[ \-—–]{0,2}[2-8][0-9]{2,3}[ \-]?[0-9]{4}|[48]00[ \-]?[0-9]{3}[ \-]?[0-9]{4}|[48]00[ \-]?[0-9]{4}[ \-]?[0-9]{3})")
        .expect("the pattern is a constant and has a test")
});

/// Area code and number, or 400/800 numbers.
fn landlines(text: &str, origin: &[(usize, usize)], found: &mut Found<'_>) {
    for m in LANDLINE.find_iter(text).take(MAX_CONTACTS) {
        let touches = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if touches(text[..m.start()].chars().next_back()) || touches(text[m.end()..].chars().next()) {
            continue;
        }
        let value: String = m.as_str().chars().filter(char::is_ascii_digit).collect();
        found.add("landline", value, origin[m.start()].0, origin[m.end() - 1].1);
    }
}

/// One string of the units, and for each of its bytes the raw bytes.
fn joined(units: &[Unit]) -> (String, Vec<(usize, usize)>) {
    let mut text = String::with_capacity(units.len());
    let mut origin = Vec::with_capacity(units.len());
    for unit in units.iter().filter(|u| !tables::is_separator_glyph(u.ch)) {
        text.push(unit.ch);
        origin.resize(text.len(), (unit.start as usize, unit.end as usize));
    }
    (text, origin)
}

static MAIL_HOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r" ?(?:@|#|\[at\]|\(at\)|艾特) ?((?:[a-z0-9\-]{1,40}\.){1,4}(?:com|cn|net|org|cc|top|vip|me|info|io|xyz))\b")
        .expect("the pattern is a constant and has a test")
});

/// The host is found first, then the name before it: most pages have no sign of either.
fn emails(text: &str, origin: &[(usize, usize)], found: &mut Found<'_>) {
    for m in MAIL_HOST.captures_iter(text).take(MAX_CONTACTS) {
        let Some(whole) = m.get(0) else { continue };
        let before = &text[..whole.start()];
        let user = before.bytes().rev().take(64).take_while(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(b)).count();
        let user = before[before.len() - user..].trim_start_matches(['.', '_', '%', '+', '-']);
        if !user.is_empty() {
            found.add("email", format!("{user}@{}", &m[1]), origin[whole.start() - user.len()].0, origin[whole.end() - 1].1);
        }
    }
}

/// QQ numbers and WeChat accounts: the word (after folding), at most a few filler words, then the id.
fn accounts(raw: &str, folded: &Folded, phones: &[phones::Phone], found: &mut Found<'_>) {
    for phone in phones.iter().filter(|p| p.also_wechat) {
        found.add("wechat", phone.value.clone(), phone.start, phone.end);
    }
    let chars: Vec<char> = folded.text.chars().collect();
    let mut at = 0;
    while at + 1 < chars.len() {
        let word = (chars[at], chars[at + 1]);
        let kind = match word {
            ('微', '信') => "wechat",
            ('q', 'q') => "qq",
            ('微', d) if d.is_ascii_digit() => "wechat",
            _ => {
                at += 1;
                continue;
            }
        };
        let after = if word.1.is_ascii_digit() { at + 1 } else { at + 2 };
        // `QQ/微信：123` is both.
        let other = chars[after..].starts_with(&['微', '信']) || chars[after..].starts_with(&['q', 'q']);
        let after_other = after + if other { 2 } else { 0 };
        let from = after_other + filler(&chars[after_other..]);
        let id = account_id(raw, &folded.origin, &chars, from, kind);
        if let Some((value, end)) = id
            && let (Some(first), Some(last)) = (folded.origin.get(at), folded.origin.get(end - 1))
        {
            found.add(kind, value, first.0 as usize, last.1 as usize);
        }
        at = after;
    }
}

/// Characters of filler between the word and the id: 号, 号码, 咨询, 联系, 客服, 是, 同号 ...
fn filler(chars: &[char]) -> usize {
    chars
        .iter()
        .take(6)
        .take_while(|c| {
            matches!(
                c,
                '号' | '码'
                    | '咨'
                    | '询'
                    | '联'
                    | '系'
                    | '客'
                    | '服'
                    | '是'
                    | '为'
                    | '加'
                    | '添'
                    | '我'
                    | '账'
                    | '帐'
                    | '搜'
                    | '索'
                    | '老'
                    | '师'
            )
        })
        .count()
}

/// The id that starts at `from`: letters and digits without a blank or line end between them (`_` and `-` belong to a WeChat id).
fn account_id(raw: &str, origin: &[(u32, u32)], chars: &[char], from: usize, kind: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut at = from;
    while let Some(c) = chars.get(at).filter(|c| c.is_ascii_alphanumeric()) {
        if at > from {
            let between = raw.get(origin[at - 1].1 as usize..origin[at].0 as usize).unwrap_or("\n");
            match between {
                "" => {}
                "_" | "-" if kind == "wechat" => value.push_str(between),
                _ if between.len() <= 6
                    && !between.contains(['\n', '/', '|', ',', '，', '、', ';', '；', '】', '【', '(', ')', '（', '）', '[', ']'])
                    && c.is_ascii_digit()
                    && value.ends_with(|l: char| l.is_ascii_digit()) => {}
                _ => break,
            }
        }
        value.push(*c);
        at += 1;
        if value.len() > 24 {
            return None;
        }
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let good = match kind {
        "qq" => digits == value.len() && (5..=11).contains(&digits) && !value.starts_with('0'),
        _ if value.starts_with(|c: char| c.is_ascii_lowercase()) => (6..=20).contains(&value.len()),
        _ => digits == value.len() && (5..=13).contains(&digits) && !value.starts_with('0'),
    };
    good.then_some((value, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn has(raw: &str, kind: &str, value: &str) {
        let all = contacts(raw);
        assert!(all.iter().any(|c| c.kind == kind && c.value == value), "{raw}: {all:?}");
    }
    fn none(raw: &str) {
        assert_eq!(contacts(raw), vec![], "{raw}");
    }

    #[test]
    fn a_phone_is_read_in_every_disguise() {
        for raw in [
            "电话13912345678",
            "电话：139-1234-5678",
            "１３９乄１２３４乄５６７８",
            "①③⑨①②③④⑤⑥⑦⑧",
            "⒈⒊⒐⒈⒉⒊⒋⒌⒍⒎⒏",
            "1 3 9 1 2 3 4 5 6 7 8",
            "139(电)1234(溦)5678同步",
            "联系一三九一二三四五六七八",
            "𝟭𝟯𝟵𝟭𝟮𝟯𝟰𝟱𝟲𝟳𝟴",
            "1️⃣3️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
            "wx13912345678",
            "1３9*1234*5678",
            "+8613912345678",
            "TEL:+86 139-1234-5678",
        ] {
            has(raw, "phone", "13912345678");
        }
    }

    #[test]
    fn masked_phones_count_beside_a_contact_word() {
        has("电话:139****5678", "phone", "139****5678");
        has("【电话/微信:10000000000】", "phone", "10000000000");
        has("100(电)0000(溦)0000同步", "phone", "10000000000");
        none("总投资10000000000元");
    }

    #[test]
    fn numbers_that_are_no_phone_stay_numbers() {
        for raw in [
            "身份证 110101199003078888",
            "2023-05-01 13:30:00",
            "第1 2 3 4 5 6 7 8 9 10 11 12页",
            "京ICP备13912345号",
            "京公网安备11010102001234号",
            "价格 1391234.5678",
            "13912345678901",
        ] {
            none(raw);
        }
    }

    #[test]
    fn accounts_follow_their_word() {
        has("微信：zhengjian_88", "wechat", "zhengjian_88");
        has("加薇信 zj888888 办理", "wechat", "zj888888");
        has("╬溦512345678】", "wechat", "512345678");
        has("手机/微信:13912345678", "wechat", "13912345678");
        has("13912345678威信同號", "wechat", "13912345678");
        has("微信:F13912345678-快速", "wechat", "f13912345678");
        has("扣扣：123 456 789", "qq", "123456789");
        has("Q Q:１２３４５６７８９", "qq", "123456789");
        has("企鹅号 123456789", "qq", "123456789");
        has("QQ/微信：123456789", "qq", "123456789");
        has("QQ/微信：123456789", "wechat", "123456789");
        has("微信/电话：13912345678", "wechat", "13912345678");
        has("Q：123456789", "qq", "123456789");
        none("微信公众号“国家安全生产考试”");
        none("使用微信扫一扫 2024");
    }

    #[test]
    fn landlines_and_mail_are_read() {
        has("电话:010-83933100", "landline", "01083933100");
        has("热线 ４００-６００-１２３４", "landline", "4006001234");
        has("邮箱：Ban.Zheng@QQ.com", "email", "ban.zheng@qq.com");
        has("zj#163.com", "email", "zj@163.com");
        none("邮编100000");
    }

    #[test]
    fn the_raw_form_of_a_contact_is_kept() {
        let all = contacts("请打 １３９乄１２３４乄５６７８ 。");
        assert_eq!(all[0].raw, "１３９乄１２３４乄５６７８");
    }

    proptest! {
        #[test]
        fn no_text_makes_contacts_panic(raw in "\\PC*|[0-9一二三*()电溦微信qv@.a乄\\- \n]{0,120}") {
            for contact in contacts(&raw) {
                prop_assert!(!contact.value.is_empty() && raw.contains(&contact.raw));
            }
        }
    }
}
