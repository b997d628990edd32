//! Chinese as official papers write it: list numbers, dates without leading zeros, numbers of letters in hexagonal brackets.

use crate::model::time::Timestamp;

/// A list number: 一, 十二, 一百零三. Up to 9,999; larger ones in digits.
pub(super) fn chinese(n: usize) -> String {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    if n == 0 || n > 9_999 {
        return if n == 0 { DIGITS[0].to_owned() } else { n.to_string() };
    }
    let mut out = String::new();
    let mut gap = false;
    for (unit, word) in [(1_000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = n / unit % 10;
        if digit == 0 {
            gap |= !out.is_empty();
            continue;
        }
        if gap {
            out.push_str(DIGITS[0]);
            gap = false;
        }
        if !(out.is_empty() && unit == 10 && digit == 1) {
            out.push_str(DIGITS[digit]);
        }
        out.push_str(word);
    }
    out
}

/// `2026年1月3日`, Beijing time, no leading zeros.
pub(super) fn date(at: Timestamp) -> String {
    let text = at.beijing();
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
    format!("{}年{}月{}日", part(0..4), part(5..7), part(8..10))
}

/// `2026年1月` of `2026-01`.
pub(super) fn month(month: &str) -> String {
    match month.split_once('-') {
        Some((year, month)) => format!("{year}年{}月", month.trim_start_matches('0')),
        None => month.to_owned(),
    }
}

/// Number of a letter as it is printed: the year in hexagonal brackets.
pub(super) fn letter_number(text: &str) -> String {
    let text = text.trim();
    let brackets = [('[', ']'), ('［', '］'), ('【', '】'), ('(', ')'), ('（', '）')];
    for (open, close) in brackets {
        let Some((front, rest)) = text.split_once(open) else { continue };
        let Some((year, back)) = rest.split_once(close) else { continue };
        if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) {
            return format!("{front}〔{year}〕{back}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dates_and_letter_numbers_are_written_as_official_papers_do() {
        for (n, want) in
            [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (101, "一百零一"), (110, "一百一十"), (1005, "一千零五"), (0, "零")]
        {
            assert_eq!(chinese(n), want, "{n}");
        }
        let at = Timestamp::parse("2026-01-31T18:14:55Z").expect("a time");
        assert_eq!(date(at), "2026年2月1日");
        assert_eq!(month("2026-01"), "2026年1月");
        for (given, want) in [("渝应急函[2026]12号", "渝应急函〔2026〕12号"), ("渝〔2026〕1号", "渝〔2026〕1号"), ("第(一)号", "第(一)号")]
        {
            assert_eq!(letter_number(given), want);
        }
    }
}
