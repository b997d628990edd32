//! Filing numbers by their form: ICP 备案, 公安联网备案, 政府网站标识码. What a number says of itself, and what two of them say of each other.
//! Whether a register knows the number is another matter: that comes with the unit's own list.

use super::lang::Both;
use super::page::Identifier;
use serde::{Deserialize, Serialize};

/// First two digits of GB/T 2260, the letter on ICP numbers, the letter on 公安 numbers, the name, the second level below .cn.
pub const PROVINCES: [(u8, char, char, &str, &str); 31] = [
    (11, '京', '京', "北京", "bj.cn"),
    (12, '津', '津', "天津", "tj.cn"),
    (13, '冀', '冀', "河北", "he.cn"),
    (14, '晋', '晋', "山西", "sx.cn"),
    (15, '蒙', '蒙', "内蒙古", "nm.cn"),
    (21, '辽', '辽', "辽宁", "ln.cn"),
    (22, '吉', '吉', "吉林", "jl.cn"),
    (23, '黑', '黑', "黑龙江", "hl.cn"),
    (31, '沪', '沪', "上海", "sh.cn"),
    (32, '苏', '苏', "江苏", "js.cn"),
    (33, '浙', '浙', "浙江", "zj.cn"),
    (34, '皖', '皖', "安徽", "ah.cn"),
    (35, '闽', '闽', "福建", "fj.cn"),
    (36, '赣', '赣', "江西", "jx.cn"),
    (37, '鲁', '鲁', "山东", "sd.cn"),
    (41, '豫', '豫', "河南", "ha.cn"),
    (42, '鄂', '鄂', "湖北", "hb.cn"),
    (43, '湘', '湘', "湖南", "hn.cn"),
    (44, '粤', '粤', "广东", "gd.cn"),
    (45, '桂', '桂', "广西", "gx.cn"),
    (46, '琼', '琼', "海南", "hi.cn"),
    (50, '渝', '渝', "重庆", "cq.cn"),
    (51, '蜀', '川', "四川", "sc.cn"),
    (52, '黔', '贵', "贵州", "gz.cn"),
    (53, '滇', '云', "云南", "yn.cn"),
    (54, '藏', '藏', "西藏", "xz.cn"),
    (61, '陕', '陕', "陕西", "sn.cn"),
    (62, '陇', '甘', "甘肃", "gs.cn"),
    (63, '青', '青', "青海", "qh.cn"),
    (64, '宁', '宁', "宁夏", "nx.cn"),
    (65, '新', '新', "新疆", "xj.cn"),
];

/// The two digits of a province by either of its letters.
pub fn province_of_letter(letter: char) -> Option<u8> {
    PROVINCES.iter().find(|p| p.1 == letter || p.2 == letter).map(|p| p.0)
}

/// The province's name by its two digits.
pub fn province_name(code: u8) -> Option<&'static str> {
    PROVINCES.iter().find(|p| p.0 == code).map(|p| p.3)
}

/// The two digits of a province that a text begins with (`重庆市渝中区` -> 50).
pub fn province_in(text: &str) -> Option<u8> {
    PROVINCES.iter().find(|p| text.trim_start_matches("中国").trim().starts_with(p.3)).map(|p| p.0)
}

/// One number and what its form says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilingCheck {
    /// `icp`, `police`, `site_code`, as [`Identifier::kind`], without `_malformed`.
    pub kind: String,
    /// Normalised value.
    pub value: String,
    /// What it is, in words: `ICP 备案主体号`, `经营许可证`, ...
    pub what: Both,
    /// Is the form that of a real number?
    pub well_formed: bool,
    /// What is wrong with the form. `None`: nothing.
    pub fault: Option<Both>,
    /// First two digits of the division that it names.
    pub province: Option<u8>,
    /// Six digits of the division that it names (公安, 标识码).
    pub division: Option<String>,
    /// Year of the filing, where the number has one.
    pub year: Option<u16>,
    /// To whom the unit's own list gives it: domain and owner. `None`: no list, or not on it.
    #[serde(default)]
    pub owner: Option<(String, String)>,
}

/// Checks one identifier of a page. `None`: it is no filing number.
pub fn check(identifier: &Identifier) -> Option<FilingCheck> {
    let kind = identifier.kind.trim_end_matches("_malformed");
    let mut out = FilingCheck {
        kind: kind.to_owned(),
        value: identifier.value.clone(),
        what: Both::default(),
        well_formed: false,
        fault: None,
        province: None,
        division: None,
        year: None,
        owner: None,
    };
    let fault = match kind {
        "icp" => icp(&identifier.value, &mut out),
        "police" => police(&identifier.value, &identifier.raw, &mut out),
        "site_code" => site_code(&identifier.value, &mut out),
        _ => return None,
    };
    out.well_formed = fault.is_none();
    out.fault = fault;
    Some(out)
}

fn icp(value: &str, out: &mut FilingCheck) -> Option<Both> {
    let letter = value.chars().next()?;
    out.province = province_of_letter(letter);
    let licence = value.contains("ICP证");
    let (subject, site) = match value.rsplit_once("号-") {
        Some((head, n)) => (head, Some(n)),
        None => (value.trim_end_matches('号'), None),
    };
    out.what = match (licence, site) {
        (true, _) => Both::new("增值电信业务经营许可证（ICP 证）", "commercial licence (ICP 证)"),
        (false, None) => Both::new("ICP 备案主体号", "ICP filing, subject"),
        (false, Some(n)) => Both::new(format!("ICP 备案网站号（第 {n} 个网站）"), format!("ICP filing, site {n}")),
    };
    let digits: String = subject.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    // The digit of a type letter (`B2-`) stands before a hyphen and is cut off with it above.
    let year: Option<u16> = match digits.len() {
        8 if !licence => digits[..2].parse::<u16>().ok().map(|yy| 2000 + yy),
        10 => digits[..4].parse().ok(),
        _ => None,
    };
    out.year = year;
    if out.province.is_none() {
        return Some(Both::new("开头不是省份简称", "does not begin with a province's letter"));
    }
    match (licence, digits.len()) {
        (false, 8) if !(2001..=2020).contains(&year.unwrap_or(0)) => {
            Some(Both::new("8 位号码只用到 2020 年", "numbers of 8 digits were given until 2020"))
        }
        (false, 10) if !(2021..=2100).contains(&year.unwrap_or(0)) => {
            Some(Both::new("10 位号码自 2021 年起", "numbers of 10 digits begin in 2021"))
        }
        (false, 8 | 10) | (true, 6 | 8 | 10) => None,
        (_, n) => Some(Both::new(format!("数字为 {n} 位，应为 8 或 10 位"), format!("has {n} digits, 8 or 10 are right"))),
    }
}

fn police(value: &str, raw: &str, out: &mut FilingCheck) -> Option<Both> {
    out.what = Both::new("公安联网备案号", "police filing");
    if value.len() != 14 || !value.is_ascii() {
        return Some(Both::new(format!("数字为 {} 位，应为 14 位", value.len()), format!("has {} digits, 14 are right", value.len())));
    }
    out.division = Some(value[..6].to_owned());
    out.province = value[..2].parse().ok().filter(|c| province_name(*c).is_some());
    let Some(code) = out.province else {
        return Some(Both::new("前 6 位不是行政区划代码", "its first 6 digits are no division"));
    };
    let letter = raw.chars().find(|c| province_of_letter(*c).is_some()).and_then(province_of_letter);
    letter.filter(|l| *l != code).map(|l| {
        let (said, meant) = (province_name(l).unwrap_or_default(), province_name(code).unwrap_or_default());
        Both::new(format!("简称为{said}，代码却属{meant}"), format!("its letter says {said}, its digits {meant}"))
    })
}

fn site_code(value: &str, out: &mut FilingCheck) -> Option<Both> {
    out.what = Both::new("政府网站标识码", "government site code");
    if let Some(digits) = value.strip_prefix("bm") {
        out.what = Both::new("政府网站标识码（国务院部门）", "government site code (a ministry)");
        return (digits.len() != 8).then(|| Both::new("bm 后应为 8 位数字", "8 digits follow bm in a real one"));
    }
    if value.len() != 10 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Both::new(
            format!("为 {} 位，应为 10 位数字", value.len()),
            format!("has {} characters, 10 digits are right", value.len()),
        ));
    }
    out.division = Some(value[..6].to_owned());
    out.province = value[..2].parse().ok().filter(|c| province_name(*c).is_some());
    out.province.is_none().then(|| Both::new("前 6 位不是行政区划代码", "its first 6 digits are no division"))
}

/// What the numbers of one page say of each other and of the place where the server stands (two digits, where known). Remarks, not proof:
/// honest pages with unequal letters exist.
pub fn compare(checks: &[FilingCheck], server: Option<u8>) -> Vec<Both> {
    let mut remarks = Vec::new();
    let name = |code: u8| province_name(code).unwrap_or_default();
    let first = |kind: &str| checks.iter().find(|c| c.kind == kind && c.well_formed).and_then(|c| c.province);
    let (icp, police, code) = (first("icp"), first("police"), first("site_code"));
    for (a, b, zh, en) in
        [(icp, police, "ICP 备案与公安备案", "ICP and police filing"), (icp, code, "ICP 备案与网站标识码", "ICP filing and site code")]
    {
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            remarks.push(Both::new(
                format!("{zh}省份不一致：{} / {}（合法网站也有，仅供参考）", name(a), name(b)),
                format!("{en} name unequal provinces: {} / {} (honest sites do so too)", name(a), name(b)),
            ));
        }
    }
    if let (Some(a), Some(s)) = (icp, server)
        && a != s
    {
        remarks.push(Both::new(
            format!("ICP 备案省份（{}）与服务器所在地（{}）不同，仅供参考", name(a), name(s)),
            format!("the ICP filing names {}, the server stands in {} (a remark only)", name(a), name(s)),
        ));
    }
    let mut years: Vec<(&str, u16)> = checks.iter().filter(|c| c.kind == "icp").filter_map(|c| Some((c.value.as_str(), c.year?))).collect();
    years.dedup();
    if icp.is_some()
        && years.iter().map(|(v, _)| crate::model::text::identifiers::icp_subject(v)).collect::<std::collections::BTreeSet<_>>().len() > 1
    {
        remarks.push(Both::new("同一页面出现多个 ICP 主体号", "one page shows ICP numbers of several subjects"));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(kind: &str, value: &str, raw: &str) -> FilingCheck {
        check(&Identifier { kind: kind.into(), value: value.into(), raw: raw.into() }).expect("a filing number")
    }

    #[test]
    fn a_number_of_the_right_form_tells_province_year_and_kind() {
        let c = checked("icp", "京ICP备05070218号", "");
        assert_eq!((c.well_formed, c.province, c.year), (true, Some(11), Some(2005)));
        let c = checked("icp", "蜀ICP备2025146653号-1", "");
        assert_eq!((c.well_formed, c.province, c.year), (true, Some(51), Some(2025)));
        assert!(c.what.zh.contains("第 1 个"));
        assert!(checked("icp", "京ICP证110507号", "").what.zh.contains("许可证"));
        let c = checked("police", "51090302000210", "川公网安备51090302000210号");
        assert_eq!((c.well_formed, c.province, c.division.as_deref()), (true, Some(51), Some("510903")));
    }

    #[test]
    fn invented_numbers_show() {
        for (kind, value, raw) in [
            ("icp_malformed", "京ICP备1234568号-2", ""),
            ("icp", "京ICP备25123456号", ""),
            ("icp", "京ICP备2019123456号", ""),
            ("police", "51090302000210", "京公网安备51090302000210号"),
            ("police_malformed", "1101010200", ""),
            ("site_code_malformed", "bm236554412", ""),
            ("site_code_malformed", "310000000044", ""),
            ("police", "99090302000210", ""),
        ] {
            let c = checked(kind, value, raw);
            assert!(!c.well_formed && c.fault.is_some(), "{value}");
        }
    }

    #[test]
    fn unequal_provinces_are_remarked_and_the_double_letters_are_not() {
        let icp = checked("icp", "蜀ICP备10014763号", "");
        let police = checked("police", "51090302000210", "川公网安备51090302000210号");
        assert_eq!(compare(&[icp.clone(), police.clone()], Some(51)), vec![]);
        assert_eq!(compare(&[icp.clone(), police], Some(50)).len(), 1);
        let other = checked("police", "65400302654113", "新公网安备65400302654113号");
        assert!(compare(&[icp, other], None)[0].zh.contains("四川 / 新疆"));
    }
}
