//! The relevance gate: an engine that has found out a script may answer with results that have nothing to do with the query.
//! At least one result must share a rare piece of the query; words that any page has do not count.

use crate::model::text::fold::fold_for_match;
use std::collections::BTreeSet;

/// Fewer results than this say nothing of a page: the last page of an honest list may hold one odd row.
const FEWEST: usize = 3;

/// Words that say nothing of the subject.
const COMMON: &[&str] = &[
    "查询", "查证", "官网", "官方", "网站", "网址", "网页", "信息", "平台", "系统", "全国", "中国", "国家", "登录", "入口", "下载", "知识",
    "能力", "管理", "中心", "公司", "服务", "及", "和", "的", "与", "什么", "怎么", "what", "where", "which", "when", "with", "from",
    "that", "this", "there", "have", "does", "http", "https", "www",
];

/// Is every text here a decoy, as an answer to `queries`? A text that fits any of them is none; without anything rare in them nothing can be said.
pub(super) fn decoys<'a>(queries: &[impl AsRef<str>], texts: impl IntoIterator<Item = &'a str>) -> bool {
    let pieces: BTreeSet<String> = queries.iter().flat_map(|q| rare(q.as_ref())).collect();
    let fits = |text: &str| {
        let plain: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        // A disguised title (Traditional, spaced, garbled) still has to do with the query.
        let folded = fold_for_match(text).text;
        pieces.iter().any(|p| plain.contains(p.as_str()) || folded.contains(p.as_str()))
    };
    let texts: Vec<&str> = texts.into_iter().collect();
    !pieces.is_empty() && texts.len() >= FEWEST && !texts.into_iter().any(fits)
}

/// How many rare pieces of `query` stand in `text`.
pub(super) fn shared(query: &str, text: &str) -> usize {
    let text = text.to_lowercase();
    rare(query).iter().filter(|p| text.contains(p.as_str())).count()
}

/// Three characters in a row of Chinese, whole words of other scripts; two characters only where there is nothing longer.
fn rare(query: &str) -> BTreeSet<String> {
    let mut text = query.to_lowercase();
    for operator in ["site:", "inurl:", "intitle:"] {
        text = text.replace(operator, " ");
    }
    let (mut long, mut short) = (BTreeSet::new(), BTreeSet::new());
    for word in text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-')) {
        if word.is_ascii() {
            let counts = word.len() >= 4 && !COMMON.contains(&word);
            if counts { &mut long } else { &mut short }.insert(word.to_owned());
            continue;
        }
        for part in without_common(word) {
            let chars: Vec<char> = part.chars().collect();
            match chars.len() {
                0 | 1 => {}
                2 => drop(short.insert(part)),
                _ => long.extend(chars.windows(3).map(|w| w.iter().collect::<String>())),
            }
        }
    }
    short.retain(|p| p.chars().count() >= 2 && !COMMON.contains(&p.as_str()));
    if long.is_empty() { short } else { long }
}

fn without_common(word: &str) -> Vec<String> {
    let mut parts = vec![word.to_owned()];
    for common in COMMON.iter().filter(|c| !c.is_ascii()) {
        parts = parts.iter().flat_map(|p| p.split(common).map(str::to_owned)).collect();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_share_only_common_words_are_decoys() {
        let query = "特种作业操作证查询官网";
        assert!(decoys(&[query], ["天气查询官网", "Python 教程", "今日菜谱"]));
        assert!(!decoys(&[query], ["今日菜谱"]), "one odd row on a last page says nothing");
        assert!(!decoys(&[query], ["天气", "菜谱", "特\u{200b}種 作業(yè)操作證"]), "a disguised title is no decoy");
        assert!(!decoys(&[query], ["天气查询官网", "特种 作业操作证办理"]));
        assert!(decoys(&["how to read file in JS"], ["Cheap flights", "Weather", "Recipes"]));
        assert!(!decoys(&["how to read file in JS"], ["Read a File in JavaScript"]));
        assert!(!decoys(&["查询 官网"], ["anything"]), "nothing rare to hold them against");
        assert!(!decoys(&["电工证查询 全国"], ["电工证在哪查"]));
        assert!(!decoys(&["电工证查询 全国", query], ["特种作业操作证"]), "the unit's other queries count too");
        assert!(!decoys(&["site:cxmem.top"], ["无题 http://cxmem.top/x"]));
    }
}
