//! The relevance gate: an engine that has found out a script may answer with results that have nothing to do with the query.
//! At least one result must share a rare piece of the query; words that any page has do not count.

use crate::sources::search::parse::Row;
use std::collections::BTreeSet;

/// Words that say nothing of the subject.
const COMMON: [&str; 42] = [
    "查询", "查证", "官网", "官方", "网站", "网址", "网页", "信息", "平台", "系统", "全国", "中国", "国家", "登录", "入口", "下载", "知识",
    "能力", "管理", "中心", "公司", "服务", "及", "和", "的", "与", "什么", "怎么", "what", "where", "which", "when", "with", "from",
    "that", "this", "there", "have", "does", "http", "https", "www",
];

/// Why these rows are a decoy for `query`. `None`: at least one of them fits, or the query has nothing rare in it.
pub(super) fn decoy(query: &str, rows: &[Row]) -> Option<String> {
    let pieces = rare(query);
    if pieces.is_empty() {
        return None;
    }
    let fits = |row: &Row| {
        let text = format!("{} {} {}", row.title, row.snippet, row.url).to_lowercase();
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        pieces.iter().any(|p| text.contains(p.as_str()))
    };
    (!rows.iter().any(fits)).then(|| format!("{} results and none has to do with the query: decoys", rows.len()))
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

    fn row(title: &str) -> Row {
        Row { url: "https://a.example/".into(), title: title.into(), snippet: String::new() }
    }

    #[test]
    fn results_that_share_only_common_words_are_decoys() {
        let query = "特种作业操作证查询官网";
        assert!(decoy(query, &[row("天气查询官网"), row("Python 教程")]).is_some());
        assert_eq!(decoy(query, &[row("天气查询官网"), row("特种 作业操作证办理")]), None);
        assert!(decoy("how to read file in JS", &[row("Cheap flights")]).is_some());
        assert_eq!(decoy("how to read file in JS", &[row("Read a File in JavaScript")]), None);
        assert_eq!(decoy("查询 官网", &[row("anything")]), None, "nothing rare to hold them against");
        assert_eq!(decoy("电工证查询 全国", &[row("电工证在哪查")]), None);
        assert_eq!(decoy("site:cxmem.top", &[Row { url: "http://cxmem.top/x".into(), ..row("无题") }]), None);
    }
}
