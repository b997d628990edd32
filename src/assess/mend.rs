//! Mending of text that was read from a picture: where a stretch is a known phrase but for a misread, dropped or doubled character, the
//! phrase stands in its place in the folded text; the raw text, which findings show, stays as it was read.
//! Long phrases only, and never over a word that turns the sense: `只需要考试` is no `不需要考试`.

use crate::model::text::fold::Folded;
use std::collections::HashSet;

/// Shortest phrase that is mended, in characters.
const SHORTEST: usize = 6;
/// From this length on two characters may be misread, not side by side.
const TWO_FROM: usize = 12;
/// Characters that turn the sense of what they stand before.
const TURNS: &str = "不无免未非别勿没只须需可能必要有";
/// Longest text that is mended, in characters; what is beyond stays as it was read.
const MAX_CHARS: usize = 24_000;

/// The phrases.
#[derive(Debug, Default)]
pub(crate) struct Mender {
    /// Longest first.
    phrases: Vec<Vec<char>>,
}

impl Mender {
    /// From folded phrases of any length; short ones are left out.
    pub(crate) fn new<'a>(phrases: impl Iterator<Item = &'a str>) -> Self {
        let set: HashSet<Vec<char>> =
            phrases.map(|p| p.chars().collect::<Vec<char>>()).filter(|p| p.len() >= SHORTEST && p.iter().all(|c| !c.is_ascii())).collect();
        let mut phrases: Vec<Vec<char>> = set.into_iter().collect();
        phrases.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self { phrases }
    }
    /// The folded text with every phrase that was nearly read put right. The same text where there was none.
    pub(crate) fn mend(&self, folded: &Folded) -> Folded {
        let chars: Vec<char> = folded.text.chars().collect();
        let text = &chars[..chars.len().min(MAX_CHARS)];
        // (from, to, phrase), never overlapping; the longest phrase wins.
        let mut taken = vec![false; text.len()];
        let mut places: Vec<(usize, usize, usize)> = Vec::new();
        for (n, phrase) in self.phrases.iter().enumerate() {
            let mut at = 0;
            while at + phrase.len() <= text.len() + 1 {
                match near(&text[at..], phrase).filter(|len| !taken[at..at + len].iter().any(|t| *t)) {
                    Some(len) => {
                        let exact = text[at..at + len] == phrase[..];
                        // A phrase that stands there as it should is nobody else's to mend.
                        taken[at..at + len].iter_mut().for_each(|t| *t = true);
                        if !exact {
                            places.push((at, at + len, n));
                        }
                        at += len;
                    }
                    None => at += 1,
                }
            }
        }
        if places.is_empty() {
            return folded.clone();
        }
        places.sort_unstable();
        let mut mended = Folded::default();
        let mut at = 0;
        for (from, to, n) in places {
            mended.text.extend(&chars[at..from]);
            mended.origin.extend_from_slice(&folded.origin[at..from]);
            let phrase = &self.phrases[n];
            mended.text.extend(phrase);
            mended.origin.extend((0..phrase.len()).map(|k| folded.origin[(from + k).min(to - 1)]));
            at = to;
        }
        mended.text.extend(&chars[at..]);
        mended.origin.extend_from_slice(&folded.origin[at..]);
        mended
    }
}

/// Length of the stretch at the start of `text` that is `phrase`, or was meant to be. `None`: it is something else.
fn near(text: &[char], phrase: &[char]) -> Option<usize> {
    let long = phrase.len();
    let allowed = if long >= TWO_FROM { 2 } else { 1 };
    if let Some(same) = text.get(..long) {
        let wrong: Vec<usize> =
            same.iter().zip(phrase).enumerate().filter(|(_, (a, b))| a != b).map(|(n, _)| n).take(allowed + 1).collect();
        let apart = wrong.windows(2).all(|w| w[1] - w[0] > 1);
        if wrong.len() <= allowed && apart && wrong.iter().all(|n| !turns(same[*n]) && !turns(phrase[*n])) {
            return Some(long);
        }
    }
    // One character dropped, or one read as two; never the first or the last, where the neighbours begin.
    let first = text.iter().zip(phrase).position(|(a, b)| a != b)?;
    if first == 0 || first + 1 >= long {
        return None;
    }
    let rest = |t: usize, p: usize| text.get(t..t + (long - p)).is_some_and(|t| *t == phrase[p..]);
    if rest(first, first + 1) && !turns(phrase[first]) {
        return Some(long - 1);
    }
    (rest(first + 1, first) && !turns(text[first])).then_some(long + 1)
}

fn turns(c: char) -> bool {
    TURNS.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::fold::fold;

    fn mended(text: &str) -> String {
        let phrases = ["特种作业操作证查询", "不需要考试", "不需要参加考试", "请输入证件号码", "应急管理部证书查询平台入口处"];
        Mender::new(phrases.into_iter()).mend(&fold(text)).text
    }

    #[test]
    fn a_misread_a_dropped_and_a_doubled_character_are_put_right() {
        assert_eq!(mended("欢迎使用特种作亚操作证查询。"), "欢迎使用特种作业操作证查询");
        assert_eq!(mended("请输入证件码"), "请输入证件号码");
        assert_eq!(mended("请输入证亻件号码"), "请输入证件号码");
        assert_eq!(mended("应急管埋部证书查讯平台入口处"), "应急管理部证书查询平台入口处");
    }

    #[test]
    fn what_means_something_else_stays() {
        for text in ["只需要参加考试", "特种设备操作证查询", "无需参加考试", "请输入准考证号", "特种作业"]
        {
            assert_eq!(mended(text), fold(text).text, "{text}");
        }
    }

    #[test]
    fn every_mended_character_leads_back_to_what_was_read() {
        let raw = "甲：特种作亚操作证查询乙";
        let folded = Mender::new(["特种作业操作证查询"].into_iter()).mend(&fold(raw));
        assert_eq!(folded.origin.len(), folded.text.chars().count());
        let at = folded.find("特种作业操作证查询").expect("there");
        assert_eq!(folded.raw_of(raw, at), "特种作亚操作证查询");
    }
}
