//! Mobile numbers under their disguises. What stood between two digits decides whether they are of one number.

use crate::model::text::contacts::{Found, MAX_CONTACTS};
use crate::model::text::fold::fold;
use crate::model::text::spell::Unit;
use crate::model::text::tables;

/// Most characters that may stand between two digits of one number.
const MAX_GAP: usize = 4;

/// A run of digits as it stands in the units.
struct Run {
    digits: String,
    first: usize,
    last: usize,
    /// Gaps between digits, as text, in order; empty gaps left out.
    gaps: Vec<String>,
    groups: Vec<usize>,
}

/// A digit or a Chinese numeral.
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
        _ => None,
    }
}
/// A digit, or a mask where masks are read as digits.
fn digit_or_mask(c: char, masks: bool) -> Option<char> {
    if masks && matches!(c, '*' | '×' | '✱') { Some('*') } else { digit(c) }
}
fn starts_phone(c: char) -> bool {
    matches!(c, '1' | '一' | '幺' | '壹')
}

/// Reads at most `most` digits from `at`. Between two digits may stand up to [`MAX_GAP`] separators, or one ideograph in brackets.
fn run(units: &[Unit], at: usize, most: usize, masks: bool) -> Run {
    let mut run = Run { digits: String::new(), first: at, last: at, gaps: Vec::new(), groups: vec![0] };
    let mut i = at;
    while run.digits.len() < most {
        let Some(d) = units.get(i).and_then(|u| digit_or_mask(u.ch, masks)) else { break };
        run.digits.push(d);
        run.last = i;
        *run.groups.last_mut().expect("starts with one group") += 1;
        if run.digits.len() == most {
            break;
        }
        let gap = if units.get(i + 1).is_some_and(|u| digit_or_mask(u.ch, masks).is_some()) { 0 } else { gap_len(units, i + 1) };
        let next = i + 1 + gap;
        if units.get(next).and_then(|u| digit_or_mask(u.ch, masks)).is_none() {
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
pub(super) struct Phone {
    pub(super) value: String,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) also_wechat: bool,
}

/// Mobile numbers: 11 digits, 1[3-9], whole groups, or masked.
pub(super) fn phones(units: &[Unit], found: &mut Found<'_>) -> Vec<Phone> {
    let mut all = Vec::new();
    let mut i = 0;
    while i < units.len() {
        let fresh = i == 0 || (digit(units[i - 1].ch).is_none() && !units[i - 1].ch.is_ascii_alphanumeric());
        let after_country = i >= 2 && units[i - 1].ch == '6' && units[i - 2].ch == '8' && (i == 2 || !units[i - 3].ch.is_alphanumeric());
        let after_letter = i > 0 && units[i - 1].ch.is_ascii_lowercase();
        if !starts_phone(units[i].ch) || !(fresh || after_letter || after_country) {
            i += 1;
            continue;
        }
        // A star is a mask (138****0000) or a separator (138*1234*5678).
        let Some(run) = [true, false].into_iter().map(|masks| run(units, i, 11, masks)).find(|run| phone_shape(run, units)) else {
            i += 1;
            continue;
        };
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
    if (5..11).contains(&d.len()) {
        // Zeroed and shortened, as in published examples: only right before "same as WeChat".
        return d[1..].iter().all(|b| *b == b'0') && run.groups.len() == 1 && near_contact_word(units, run) && same_account(units, run);
    }
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
        || ["微信", "微信号", "微信电话", "微信手机", "微信手机号", "微信tel"].iter().any(|w| before.ends_with(w))
}
