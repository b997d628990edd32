//! Fonts of official papers, and what stands in for them on a machine that lacks them, so that a PDF made there shows every character.

use crate::referral::office::pack;

/// Body.
pub(super) const BODY: &str = "仿宋_GB2312";
/// Title.
pub(super) const TITLE: &str = "方正小标宋简体";
/// First-level headings.
pub(super) const HEI: &str = "黑体";
/// Second-level headings.
pub(super) const KAI: &str = "楷体_GB2312";
/// Digits and Latin letters.
pub(super) const LATIN: &str = "Times New Roman";

/// A font of official papers, and what may stand in for it, best first.
const STAND_INS: &[(&str, &[&str])] = &[
    (BODY, &["仿宋", "FangSong", "FangSong_GB2312", "STFangsong", "华文仿宋", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    ("仿宋", &["FangSong", BODY, "STFangsong", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    (TITLE, &["方正小标宋_GBK", "FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    (HEI, &["SimHei", "Noto Sans CJK SC", "Noto Serif CJK SC"]),
    (KAI, &["楷体", "KaiTi", "STKaiti", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    ("楷体", &["KaiTi", KAI, "STKaiti", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    ("宋体", &["SimSun", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
    (LATIN, &["Liberation Serif", "Noto Serif CJK SC", "Noto Sans CJK SC"]),
];

/// A document, and which font was replaced by which.
pub type Fitted = (Vec<u8>, Vec<(String, String)>);

/// Names in a document the fonts that `installed` has in place of those that it lacks. Gives the document and what was replaced by what.
pub(in crate::referral) fn fit(docx: &[u8], installed: &[String]) -> Result<Fitted, String> {
    let there = |name: &str| installed.iter().any(|f| f.eq_ignore_ascii_case(name));
    let chosen: Vec<(String, String)> = STAND_INS
        .iter()
        .filter(|(name, _)| !there(name))
        .filter_map(|(name, others)| Some(((*name).to_owned(), (*others.iter().find(|o| there(o))?).to_owned())))
        .collect();
    let mut entries = pack::read(docx)?;
    let mut used = Vec::new();
    for (name, bytes) in entries.iter_mut().filter(|(n, _)| n.starts_with("word/") && n.ends_with(".xml")) {
        let mut text = std::str::from_utf8(bytes).map_err(|_| format!("{name}: is not UTF-8"))?.to_owned();
        for (from, to) in &chosen {
            let quoted = format!("\"{from}\"");
            if text.contains(&quoted) {
                text = text.replace(&quoted, &format!("\"{to}\""));
                if !used.contains(&(from.clone(), to.clone())) {
                    used.push((from.clone(), to.clone()));
                }
            }
        }
        *bytes = text.into_bytes();
    }
    Ok((pack::small(&entries)?, used))
}
