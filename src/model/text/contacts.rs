//! Ways to reach the people behind a page, found in raw text under their disguises: digits in circles, 乄 between them,
//! "(电)" in the middle, 溦 and 扣扣 for the words. Masked digits (`138****0000`) count where the shape is clear.
//! Works on spelled text with its separators, because where something stood between two digits decides.

use crate::model::page::Contact;
use crate::model::text::fold::fold;
use crate::model::text::spell::{Unit, plain, spelled};
use crate::model::text::tables;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Most contacts kept of one text.
pub const MAX_CONTACTS: usize = 64;
/// Most raw bytes searched.
const MAX_BYTES: usize = 1 << 20;
/// Most characters that may stand between two digits of one number.
const MAX_GAP: usize = 4;

/// Contacts in order of kind (`phone`, `landline`, `qq`, `wechat`, `email`), each value once, at most [`MAX_CONTACTS`].
/// A phone said to be the WeChat account as well (`微信同号`) gives two contacts.
pub fn contacts(raw: &str) -> Vec<Contact> {
    let raw = head(raw);
    let mut units = spelled(raw);
    plain(&mut units);
    let mut found = Found { raw, list: Vec::new(), seen: HashSet::new() };
    let phones = phones(&units, &mut found);
    landlines(&units, &mut found);
    accounts(raw, &phones, &mut found);
    emails(&units, &mut found);
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

/// A run of digits as it stands in the units.
struct Run {
    digits: String,
    first: usize,
    last: usize,
    /// Gaps between digits, as text, in order; empty gaps left out.
    gaps: Vec<String>,
    groups: Vec<usize>,
}

/// A digit, a Chinese numeral, or a mask.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '零' | '〇' | '洞' => Some('0'),
        '一' | '幺' | '壹' => Some('1'),
        '二' | '贰' => Some('2'),
        '三' | '叁' => Some('3'),
        '四' | '肆' => Some('4'),
        '五' | '伍' => Some('5'),
        '六' | '陆' => Some('6'),
        '七' | '柒' => Some('7'),
        '八' | '捌' => Some('8'),
        '九' | '玖' => Some('9'),
        '*' | '×' | '✱' => Some('*'),
        _ => None,
    }
}
fn starts_phone(c: char) -> bool {
    matches!(c, '1' | '一' | '幺' | '壹')
}

/// Reads at most `most` digits from `at`. Between two digits may stand up to [`MAX_GAP`] separators, or one ideograph in brackets.
fn run(units: &[Unit], at: usize, most: usize) -> Run {
    let mut run = Run { digits: String::new(), first: at, last: at, gaps: Vec::new(), groups: vec![0] };
    let mut i = at;
    while run.digits.len() < most {
        let Some(d) = units.get(i).and_then(|u| digit(u.ch)) else { break };
        run.digits.push(d);
        run.last = i;
        *run.groups.last_mut().expect("starts with one group") += 1;
        if run.digits.len() == most {
            break;
        }
        let gap = gap_len(units, i + 1);
        let next = i + 1 + gap;
        if units.get(next).and_then(|u| digit(u.ch)).is_none() {
            break;
        }
        if gap > 0 {
            run.gaps.push(units[i + 1..next].iter().map(|u| u.ch).collect());
            run.groups.push(0);
        }
        i = next;
    }
    run
}

fn gap_len(units: &[Unit], from: usize) -> usize {
    let window = &units[from.min(units.len())..units.len().min(from + MAX_GAP)];
    let mut len = 0;
    while let Some(unit) = window.get(len) {
        let bracketed = len > 0 && is_open(window[len - 1].ch) && window.get(len + 1).is_some_and(|u| is_close(u.ch));
        if !(is_gap(unit.ch) || (bracketed && tables::is_han(unit.ch))) {
            break;
        }
        len += 1;
    }
    len
}
fn is_gap(c: char) -> bool {
    digit(c).is_none() && (tables::is_separator_glyph(c) || !c.is_alphanumeric()) && c != '\n' && c != ',' && c != '、' && c != ';'
}
fn is_open(c: char) -> bool {
    matches!(c, '(' | '[' | '【' | '〔' | '{' | '<' | '《')
}
fn is_close(c: char) -> bool {
    matches!(c, ')' | ']' | '】' | '〕' | '}' | '>' | '》')
}

/// Where one phone stands, in raw bytes.
struct Phone {
    value: String,
    start: usize,
    end: usize,
    also_wechat: bool,
}

/// Mobile numbers: 11 digits, 1[3-9], whole groups, or masked.
fn phones(units: &[Unit], found: &mut Found<'_>) -> Vec<Phone> {
    let mut all = Vec::new();
    let mut i = 0;
    while i < units.len() {
        let fresh = i == 0 || (digit(units[i - 1].ch).is_none() && !units[i - 1].ch.is_ascii_alphanumeric());
        let after_letter = i > 0 && units[i - 1].ch.is_ascii_lowercase();
        if !starts_phone(units[i].ch) || !(fresh || after_letter) {
            i += 1;
            continue;
        }
        let run = run(units, i, 11);
        if !phone_shape(&run, units) {
            i += 1;
            continue;
        }
        let (start, end) = (units[run.first].start as usize, units[run.last].end as usize);
        let also_wechat = run.gaps.iter().any(|g| g.contains(['微', '溦', '薇', '威'])) || same_account(units, &run);
        found.add("phone", run.digits.clone(), start, end);
        i = run.last + 1;
        all.push(Phone { value: run.digits, start, end, also_wechat });
        if all.len() >= MAX_CONTACTS {
            break;
        }
    }
    all
}

fn phone_shape(run: &Run, units: &[Unit]) -> bool {
    let d = run.digits.as_bytes();
    if d.len() != 11
        || units.get(run.last + 1).is_some_and(|u| digit(u.ch).is_some() || matches!(u.ch, '.' if next_is_digit(units, run.last + 2)))
    {
        return false;
    }
    let written: Vec<char> = units[run.first..=run.last].iter().map(|u| u.ch).collect();
    let spelled_out = written.iter().filter(|c| tables::is_han(**c) && digit(**c).is_some()).count();
    if spelled_out > 0 && !near_contact_word(units, run) && spelled_out < 11 {
        return false;
    }
    regular(run)
        && match (d[1], d[2..].iter().filter(|b| **b == b'*').count()) {
            (b'3'..=b'9', 0) => d[2..].iter().any(|b| *b != b'0') || near_contact_word(units, run),
            (b'3'..=b'9', masked) => masked <= 8,
            // Published examples have their digits zeroed: one, then zeros, beside a contact word.
            (b'0', 0) => d[2..].iter().filter(|b| **b == b'0').count() >= 8 && near_contact_word(units, run),
            _ => false,
        }
}
fn next_is_digit(units: &[Unit], at: usize) -> bool {
    units.get(at).is_some_and(|u| u.ch.is_ascii_digit())
}

/// A person writes a number in few groups, or digit by digit with one separator: not a row of a table, a date, a list of pages.
fn regular(run: &Run) -> bool {
    if run.groups.len() <= 4 {
        let decimal = run.gaps.len() == 1 && run.gaps[0] == ".";
        return !decimal && run.gaps.iter().all(|g| !g.contains([':', '/', '=', '%', '元', '￥', '¥']));
    }
    let alike = run.gaps.windows(2).all(|w| w[0] == w[1]);
    alike && run.groups.iter().all(|g| *g <= 2)
}

/// Is a contact word within a dozen characters before, or right after?
fn near_contact_word(units: &[Unit], run: &Run) -> bool {
    const WORDS: &[&str] = &[
        "电", "手机", "微", "溦", "威信", "薇", "联系", "咨询", "qq", "q:", "vx", "v:", "热线", "tel", "同号", "同步", "客服", "扣", "加",
    ];
    let before: String = units[run.first.saturating_sub(12)..run.first].iter().map(|u| u.ch).collect();
    let after: String = units[run.last + 1..units.len().min(run.last + 13)].iter().map(|u| u.ch).collect();
    WORDS.iter().any(|w| before.contains(w) || after.contains(w)) || run.gaps.iter().any(|g| WORDS.iter().any(|w| g.contains(w)))
}

/// `微信同号` after, or `手机/微信:` before: the phone is the account too.
fn same_account(units: &[Unit], run: &Run) -> bool {
    let raw_after: String = units[run.last + 1..units.len().min(run.last + 13)].iter().map(|u| u.ch).collect();
    let after = fold(&raw_after).text;
    let raw_before: String = units[run.first.saturating_sub(8)..run.first].iter().map(|u| u.ch).collect();
    let before = fold(&raw_before).text;
    after.starts_with("微信同")
        || after.starts_with("同微信")
        || after.starts_with("微信") && after.contains("同步")
        || before.ends_with("微信")
        || before.ends_with("微信号")
}

static LANDLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\(?0(?:10|2[0-57-9]|[3-9]\d{2})\)?[\s\-—–]{0,2}[2-8]\d{2,3}[\s\-]?\d{4}|[48]00[\s\-]?\d{3}[\s\-]?\d{4}|[48]00[\s\-]?\d{4}[\s\-]?\d{3})")
        .expect("the pattern is a constant and has a test")
});

/// Area code and number, or 400/800 numbers.
fn landlines(units: &[Unit], found: &mut Found<'_>) {
    let (text, origin) = joined(units);
    for m in LANDLINE.find_iter(&text).take(MAX_CONTACTS) {
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

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[a-z0-9][a-z0-9._%+\-]{0,63}\s?(?:@|#|\[at\]|\(at\)|艾特)\s?((?:[a-z0-9\-]{1,63}\.){1,4}(?:com|cn|net|org|cc|top|vip|me|info|io|xyz))\b")
        .expect("the pattern is a constant and has a test")
});

fn emails(units: &[Unit], found: &mut Found<'_>) {
    let (text, origin) = joined(units);
    for m in EMAIL.captures_iter(&text).take(MAX_CONTACTS) {
        let Some(whole) = m.get(0) else { continue };
        let user: String = whole.as_str().chars().take_while(|c| c.is_ascii_alphanumeric() || "._%+-".contains(*c)).collect();
        found.add("email", format!("{user}@{}", &m[1]), origin[whole.start()].0, origin[whole.end() - 1].1);
    }
}

/// QQ numbers and WeChat accounts: the word (after folding), at most a few filler words, then the id.
fn accounts(raw: &str, phones: &[Phone], found: &mut Found<'_>) {
    for phone in phones.iter().filter(|p| p.also_wechat) {
        found.add("wechat", phone.value.clone(), phone.start, phone.end);
    }
    let folded = fold(raw);
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
        let from = after + filler(&chars[after..]);
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
                    && !between.contains(['\n', '/', '|', ',', '，', '、', ';', '；'])
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
