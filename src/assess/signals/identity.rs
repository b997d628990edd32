//! Borrowed identity: footer numbers, seals, tracker ids and claims that are bound to another host.

use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::tally::Tally;
use crate::model::assessment::{Class, Span};
use crate::model::lang::Both;

/// Words of a footer line that say whose a page is.
const OWNERS: [&str; 7] = ["主办单位", "主办", "承办单位", "主管单位", "版权所有", "copyright", "管理单位"];

/// Province letters of filing numbers and the first two digits of police numbers (GB/T 2260).
const PROVINCES: [(char, &str); 31] = [
    ('京', "11"),
    ('津', "12"),
    ('冀', "13"),
    ('晋', "14"),
    ('蒙', "15"),
    ('辽', "21"),
    ('吉', "22"),
    ('黑', "23"),
    ('沪', "31"),
    ('苏', "32"),
    ('浙', "33"),
    ('皖', "34"),
    ('闽', "35"),
    ('赣', "36"),
    ('鲁', "37"),
    ('豫', "41"),
    ('鄂', "42"),
    ('湘', "43"),
    ('粤', "44"),
    ('桂', "45"),
    ('琼', "46"),
    ('渝', "50"),
    ('川', "51"),
    ('黔', "52"),
    ('滇', "53"),
    ('藏', "54"),
    ('陕', "61"),
    ('甘', "62"),
    ('青', "63"),
    ('宁', "64"),
    ('新', "65"),
];

/// `borrowed_identity`: the strongest cheap signal; says which identity and whose it is.
pub(crate) fn borrowed_identity(view: &View, tally: &mut Tally) {
    let found = own_identifier(view).or_else(|| claim(view)).or_else(|| government_code(view));
    if let Some((why, span)) = found {
        tally.add(Class::FakeQuery, "borrowed_identity", view.weights.fake_query.borrowed_identity, why, Some(span));
    }
}

/// An identifier that the site's file lists as its own (the tracker id counts as a rare mark already, not twice).
fn own_identifier(view: &View) -> Option<(Both, Span)> {
    let found = view.reading.page.identifiers.iter().find(|i| view.site.owns(i) && i.kind != "baidu_tongji")?;
    let why = Both::new(
        format!("使用了属于 {} 的标识（{}）", view.site.site, found.kind),
        format!("shows an identifier that belongs to {} ({})", view.site.site, found.kind),
    );
    Some((why, plain_span("identifier", &found.raw)))
}

/// `主办单位：应急管理部` on a host that is not the ministry's.
fn claim(view: &View) -> Option<(Both, Span)> {
    for line in view.reading.lines.iter().filter(|l| l.len() <= 120) {
        let Some(organ) = view.site.organ_in(line.text()) else { continue };
        let before = &line.text()[..organ.start];
        let owner = OWNERS.iter().filter_map(|w| before.rfind(w).map(|at| at + w.len())).max();
        let between = |end: usize| before[end..].chars().count();
        let after_copyright = |end: usize| {
            before[end..].chars().all(|c| c.is_ascii_digit())
                || ["中华人民共和国", "国家", "单位", "单位中华人民共和国"]
                    .iter()
                    .any(|w| before[end..].trim_start_matches(|c: char| c.is_ascii_digit()) == *w)
        };
        let trailing = line.text()[organ.end..].starts_with("版权所有") || line.text()[organ.end..].starts_with("主办");
        if trailing || owner.is_some_and(|end| between(end) == 0 || after_copyright(end)) {
            let why = Both::new(
                format!("页脚声称由{}主办或所有，而域名不属于它", view.site.agency),
                format!("the footer claims that {} runs or owns the page, the host is not its own", view.site.agency),
            );
            return Some((why, line.whole()));
        }
    }
    None
}

/// A government site code or the red seal off gov.cn: both are given to organs' own domains only.
fn government_code(view: &View) -> Option<(Both, Span)> {
    if view.reading.host.under("gov.cn") {
        return None;
    }
    let found = view.reading.page.identifiers.iter().find(|i| matches!(i.kind.as_str(), "site_code" | "conac"))?;
    let why = Both::new(
        "非 gov.cn 域名展示政府网站标识码或党政机关标识，该标识只发给机关自己的域名",
        "a host outside gov.cn shows a government site code or seal, which is given to an organ's own domain only",
    );
    Some((why, plain_span("identifier", &found.raw)))
}

/// `identity_mismatch`: the police number's province is not the filing number's.
pub(crate) fn identity_mismatch(view: &View, tally: &mut Tally) {
    let ids = &view.reading.page.identifiers;
    let police: Vec<_> = ids.iter().filter(|i| i.kind == "police" && i.value.len() >= 14).collect();
    let icp: Vec<_> = ids.iter().filter(|i| i.kind == "icp").collect();
    let ([police], [icp]) = (police.as_slice(), icp.as_slice()) else { return };
    let Some((letter, digits)) = icp.value.chars().next().and_then(|c| PROVINCES.iter().find(|(l, _)| *l == c)) else { return };
    let known = |code: &str| PROVINCES.iter().any(|(_, d)| *d == code);
    let code: String = police.value.chars().filter(char::is_ascii_digit).take(2).collect();
    if code != *digits && known(&code) {
        let why = Both::new(
            format!("公安备案号省份代码 {code} 与 ICP 备案“{letter}”不一致"),
            format!("the police number's province {code} is not that of the filing number ({letter}, {digits})"),
        );
        tally.add(
            Class::FakeQuery,
            "identity_mismatch",
            view.weights.fake_query.identity_mismatch,
            why,
            Some(plain_span("identifier", &police.raw)),
        );
    }
}
