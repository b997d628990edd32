//! Numbers that are bound to somebody: ICP filings, police filings, government site codes, conac seals, visitor counters.
//! Shapes only, as they stand in text, links and scripts; whose number it is, assess asks its records. Regular expressions without backtracking.

use crate::model::page::Identifier;
use crate::model::text::{spell, tables};
use aho_corasick::AhoCorasick;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Most identifiers kept of one page.
pub const MAX_IDENTIFIERS: usize = 64;
/// Most bytes of text and of source that are searched, each.
const MAX_BYTES: usize = 4 << 20;

/// Letters of the provinces: ICP uses 蜀 黔 滇 陇, public security 川 贵 云 甘; both are read for both.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川蜀贵黔云滇藏陕甘陇青宁新";
/// First two digits of GB/T 2260 division codes.
const DIVISIONS: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 66, 71, 81,
    82,
];

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is a constant and has a test")
}
static ICP: LazyLock<Regex> = LazyLock::new(|| {
    compiled(&format!(r"([{PROVINCES}])\s*icp\s*(备案|备|证)\s*[第:：]?\s*([a-z][0-9]-)?([0-9]+)\s*号?\s*(?:[-–—－]\s*([0-9]{{1,3}}))?"))
});
static POLICE: LazyLock<Regex> = LazyLock::new(|| compiled(&format!(r"[{PROVINCES}]\s*公网安备\s*[第:：]?\s*([0-9]+)")));
static POLICE_LINK: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i-u)beian\.(?:gov\.cn|mps\.gov\.cn)[!-~]{0,120}?(?:recordcode|code)=([0-9]+)"));
static SITE_CODE: LazyLock<Regex> = LazyLock::new(|| compiled(r"标识码\s*(?:为|是)?\s*[:：]?\s*([a-z]{0,4}[0-9]+)"));
static SITE_CODE_LINK: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i-u)\bsite_?code=([a-z]{0,4}[0-9]+)"));
static CONAC_ID: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i-u)bszs\.conac\.cn/sitename\?[!-~]{0,80}?\bid=([0-9a-f]+)"));
static CONAC_CA: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i-u)dcs\.conac\.cn/js/[0-9/]{1,40}/(ca[0-9]{8,40})\.js"));
static BAIDU: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i-u)(?:hm\.baidu\.com/h(?:m)?\.js(?:\?|%3f)|hm_lvt_|hm_lpvt_)([0-9a-f]{32})\b"));
static CNZZ: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r#"(?i-u)(?:[a-z]{1,3}[0-9]{0,3}\.cnzz\.com/[a-z_]{1,12}\.(?:php|js)\?[!#-&(-;=?-~]{0,40}?\b(?:web_)?id(?:=|%3d)|cnzz_stat_icon_|czdata=)([0-9]{5,12})"#,
    )
});
static LA51: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r#"(?i-u)(?:js\.users\.51\.la/([0-9]{5,12})\.js|la\.init\(\s*\{[ -|~]{0,80}?\bid\s*:\s*["']([0-9a-z]{8,40})["']|51\.la/[!#-&(-;=?-~]{0,60}?[?&](?:id|comid|ck)=([0-9a-z]{5,40}))"#,
    )
});

/// Words of which each pattern over the source needs one, and the number of the pattern in `Found::links`. No word begins inside another.
const MARK_OF: [(&str, usize); 12] = [
    ("beian.", 0),
    ("sitecode=", 1),
    ("site_code=", 1),
    ("bszs.conac.cn", 2),
    ("dcs.conac.cn", 3),
    ("hm.baidu.com/h", 4),
    ("hm_lvt_", 4),
    ("hm_lpvt_", 4),
    ("cnzz", 5),
    ("czdata=", 5),
    ("51.la", 6),
    ("la.init", 6),
];
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = MARK_OF.map(|(word, _)| word);
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("twelve words compile")
});

/// Finds identifiers in visible text and in the HTML source, in the order of kinds `icp`, `police`, `site_code`, `conac`,
/// `baidu_tongji`, `cnzz`, `51la`, each value once, at most [`MAX_IDENTIFIERS`]. A number of the wrong length is of the kind
/// `icp_malformed`, `police_malformed` or `site_code_malformed`: whoever invents a number often miscounts.
pub fn identifiers(text: &str, html: &str) -> Vec<Identifier> {
    let html = head(html);
    let mut found = Found::default();
    // Footers are looked for in the source as well: a clone may draw its footer by script, or hide it.
    let markup = markup_words(html);
    for part in [head(text), markup.as_str()] {
        let (plain, origin) = plain(part);
        let raw = |m: regex::Match<'_>| part.get(origin[m.start()]..origin[m.end()]).unwrap_or_default().trim();
        found.numbers(&plain, &raw);
    }
    found.links(html);
    found.list.truncate(MAX_IDENTIFIERS);
    found.list
}

/// The subject of an ICP number: `京ICP备04000001号-2` and `-3` are two sites of `京ICP备04000001号`.
pub fn icp_subject(value: &str) -> &str {
    value.rsplit_once('-').filter(|(head, _)| head.ends_with('号')).map_or(value, |(head, _)| head)
}

/// Which kind a value is; empty: none.
type KindOf = fn(&str) -> &'static str;

#[derive(Default)]
struct Found {
    list: Vec<Identifier>,
    seen: HashSet<(String, String)>,
}

impl Found {
    fn add(&mut self, kind: &str, value: String, raw: &str) {
        let raw: String = raw.chars().take(200).collect();
        if self.list.len() < MAX_IDENTIFIERS && self.seen.insert((kind.to_owned(), value.clone())) {
            self.list.push(Identifier { kind: kind.to_owned(), value, raw });
        }
    }
    fn numbers<'a>(&mut self, plain: &str, raw: &dyn Fn(regex::Match<'_>) -> &'a str) {
        // Each pattern is far slower than a search for the word that it cannot do without, and few pages have all three.
        let [icp, police, site_code] = ["icp", "公网安备", "标识码"].map(|word| plain.contains(word));
        for m in ICP.captures_iter(plain).take(if icp { MAX_IDENTIFIERS } else { 0 }) {
            let (letter, number) = (&m[1], &m[4]);
            let what = if &m[2] == "证" { "证" } else { "备" };
            let site = m.get(5).map_or(String::new(), |n| format!("-{}", n.as_str()));
            let kind = if matches!(number.len(), 6 | 8 | 10) { "icp" } else { "icp_malformed" };
            self.add(
                kind,
                format!("{letter}ICP{what}{}{number}号{site}", m.get(3).map_or("", |p| p.as_str()).to_uppercase()),
                raw(whole(&m)),
            );
        }
        for m in POLICE.captures_iter(plain).take(if police { MAX_IDENTIFIERS } else { 0 }) {
            self.add(if m[1].len() == 14 { "police" } else { "police_malformed" }, m[1].to_owned(), raw(whole(&m)));
        }
        for m in SITE_CODE.captures_iter(plain).take(if site_code { MAX_IDENTIFIERS } else { 0 }) {
            self.add(site_code_kind(&m[1]), m[1].to_owned(), raw(whole(&m)));
        }
    }
    fn links(&mut self, html: &str) {
        let lists: [(&Regex, KindOf); 7] = [
            (&POLICE_LINK, |v| if v.len() == 14 { "police" } else { "police_malformed" }),
            (&SITE_CODE_LINK, site_code_kind),
            (&CONAC_ID, |v| if v.len() == 32 { "conac" } else { "" }),
            (&CONAC_CA, |_| "conac"),
            (&BAIDU, |_| "baidu_tongji"),
            (&CNZZ, |_| "cnzz"),
            (&LA51, |_| "51la"),
        ];
        let mut there = [false; 7];
        for hit in MARKS.find_iter(html) {
            there[MARK_OF[hit.pattern().as_usize()].1] = true;
        }
        for ((pattern, kind), _) in lists.into_iter().zip(there).filter(|(_, there)| *there) {
            for m in pattern.captures_iter(html).take(4 * MAX_IDENTIFIERS) {
                let value = m.iter().skip(1).flatten().next().map_or(String::new(), |v| v.as_str().to_lowercase());
                let kind = kind(&value);
                let value = if value.starts_with("ca") && kind == "conac" { value.to_uppercase() } else { value };
                if !kind.is_empty() {
                    self.add(kind, value, whole(&m).as_str());
                }
            }
        }
    }
}

fn whole<'t>(m: &regex::Captures<'t>) -> regex::Match<'t> {
    m.get(0).expect("group 0 is the match itself")
}

/// `bm` and 8 digits, or 10 digits that begin with a division.
fn site_code_kind(value: &str) -> &'static str {
    let valid = match value.strip_prefix("bm") {
        Some(digits) => digits.len() == 8,
        None => value.len() == 10 && value[..2].parse().is_ok_and(|d: u8| DIVISIONS.contains(&d)),
    };
    if valid { "site_code" } else { "site_code_malformed" }
}

/// At most [`MAX_BYTES`] of a text, cut on a character border.
fn head(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The source with its tags turned into blanks, so that `备<b>案</b>` does not hide a number. Linear.
fn markup_words(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// Plain characters (NFKC, Simplified, lower case) and, for each byte border of them, the byte of `part`.
fn plain(part: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(part.len());
    let mut origin = Vec::with_capacity(part.len() + 1);
    let mut end = 0;
    for unit in spell::spelled(part) {
        let c = spell::plain_char(unit.ch);
        if tables::is_separator_glyph(c) {
            continue;
        }
        text.push(c);
        origin.resize(text.len(), unit.start as usize);
        end = unit.end as usize;
    }
    origin.push(end);
    (text, origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, html: &str) -> Vec<(String, String)> {
        identifiers(text, html).into_iter().map(|i| (i.kind, i.value)).collect()
    }
    fn one(kind: &str, value: &str) -> Vec<(String, String)> {
        vec![(kind.to_owned(), value.to_owned())]
    }

    #[test]
    fn filing_numbers_are_read_in_all_their_writings() {
        for (text, value) in [
            ("京ICP备05070218号", "京ICP备05070218号"),
            ("京 ＩＣＰ 備 ０５０７０２１８ 號－２", "京ICP备05070218号-2"),
            ("备案号:蜀ICP备2025146653号-1", "蜀ICP备2025146653号-1"),
            ("粤ICP证110507号", "粤ICP证110507号"),
        ] {
            assert_eq!(found(text, ""), one("icp", value), "{text}");
        }
        assert_eq!(found("京ICP备1234567号", ""), one("icp_malformed", "京ICP备1234567号"));
        assert_eq!(found("申请ICP备案", ""), vec![]);
        assert_eq!(icp_subject("京ICP备05070218号-2"), "京ICP备05070218号");
        assert_eq!(icp_subject("京ICP备05070218号"), "京ICP备05070218号");
    }

    #[test]
    fn the_raw_form_of_a_number_is_kept() {
        let all = identifiers("© 京ＩＣＰ備０５０７０２１８號 x", "");
        assert_eq!(all[0].raw, "京ＩＣＰ備０５０７０２１８號");
    }

    #[test]
    fn police_numbers_come_from_text_and_from_both_kinds_of_links() {
        assert_eq!(found("川公网安备 51090302000210号", ""), one("police", "51090302000210"));
        let old = r#"<a href="http://www.beian.gov.cn/portal/registerSystemInfo?recordcode=11010102001234">"#;
        assert_eq!(found("", old), one("police", "11010102001234"));
        let new = r#"<a href="https://beian.mps.gov.cn/#/query/webSearch?code=11010102001234">"#;
        assert_eq!(found("", new), one("police", "11010102001234"));
        assert_eq!(found("京公网安备1101010200号", ""), one("police_malformed", "1101010200"));
    }

    #[test]
    fn site_codes_have_two_shapes_and_no_third() {
        assert_eq!(found("政府网站标识码：bm01000001", ""), one("site_code", "bm01000001"));
        assert_eq!(found("网站标识码 1200000052", ""), one("site_code", "1200000052"));
        for bad in ["bm236554412", "310000000044", "0900000052"] {
            assert_eq!(found(&format!("网站标识码:{bad}"), ""), one("site_code_malformed", bad));
        }
        assert_eq!(found("", "exposure/jiucuo.html?site_code=bm07000001"), one("site_code", "bm07000001"));
        assert_eq!(found("订单 1200000052", ""), vec![]);
    }

    #[test]
    fn seals_and_counters_come_from_the_source() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(found("", &format!("//bszs.conac.cn/sitename?method=show&amp;id={}", id.to_uppercase())), one("conac", id));
        assert_eq!(
            found("", "http://dcs.conac.cn/js/01/000/0000/60000000/CA010000000600000000001.js"),
            one("conac", "CA010000000600000000001")
        );
        assert_eq!(found("", &format!("hm.src = 'https://hm.baidu.com/hm.js?{id}';")), one("baidu_tongji", id));
        assert_eq!(found("", &format!("Hm_lvt_{id}=1")), one("baidu_tongji", id));
        assert_eq!(found("", "https://s4.cnzz.com/z_stat.php?id=1278901234&web_id=1278901234"), one("cnzz", "1278901234"));
        assert_eq!(found("", r#"LA.init({id:"JkLmNoPq12",ck:"JkLmNoPq12"})"#), one("51la", "jklmnopq12"));
    }

    #[test]
    fn a_number_cut_by_tags_or_said_twice_is_found_once() {
        assert_eq!(found("京ICP备05070218号", "<b>京</b>ICP<i>备</i>05070218号"), one("icp", "京ICP备05070218号"));
    }
}
