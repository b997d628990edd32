//! The rows of 附件1 in their order, with unit and origin, and what may be typed into them. The unit trap: the fine of the sellers' part stands in
//! 元, the other two fines in 万元.

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Computed; cannot be typed.
    Computed,
    /// Offered by the program, a person may type another.
    Offered,
    /// Typed.
    Typed,
    /// Text; keeps its last value.
    Text,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct RowRule {
    /// Its id on the command line and in JSON.
    pub id: &'static str,
    /// Part of the form.
    pub part: &'static str,
    /// Second heading; empty where there is none.
    pub group: &'static str,
    /// Its name.
    pub zh: &'static str,
    /// Its unit; empty for text.
    pub unit: &'static str,
    /// Where it comes from.
    pub kind: Kind,
}

impl RowRule {
    /// Part, group and name in one line.
    pub fn name(&self) -> String {
        [self.part, self.group, self.zh].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("/")
    }
}

macro_rules! rows {
    ($($id:literal $part:literal $group:literal $zh:literal $unit:literal $kind:ident;)*) => {
        /// All rows, in the form's order.
        pub const ROWS: &[RowRule] = &[$(RowRule { id: $id, part: $part, group: $group, zh: $zh, unit: $unit, kind: Kind::$kind }),*];
    };
}

rows! {
    "unit" "基本情况" "" "单位" "" Text;
    "notice" "基本情况" "印发通知" "文件名称及文号" "" Text;
    "publicity" "基本情况" "宣传报道" "形式及数量" "" Text;
    "companies" "企业自查" "" "辖区内生产经营单位数量" "家" Typed;
    "self_checked" "企业自查" "" "开展自查" "家" Typed;
    "not_self_checked" "企业自查" "" "未开展自查" "家" Typed;
    "self_found" "企业自查" "" "自查发现假冒证件" "个" Typed;
    "self_reported" "企业自查" "" "上报处理" "人" Typed;
    "inspections" "执法检查" "" "执法检查" "家" Typed;
    "fake_cards" "执法检查" "" "发现假证" "个" Typed;
    "expired_cards" "执法检查" "" "逾期证件" "个" Typed;
    "no_card" "执法检查" "" "未持证" "个" Typed;
    "inspection_fine" "执法检查" "" "行政罚款" "万元" Typed;
    "dens" "打击违法行为" "兜售、伪造假冒证件" "查处非法违法窝点" "个" Offered;
    "seller_fine" "打击违法行为" "兜售、伪造假冒证件" "行政罚款" "元" Typed;
    "seller_persons" "打击违法行为" "兜售、伪造假冒证件" "涉嫌刑事并移送公安部门" "人" Offered;
    "referred" "打击违法行为" "" "发现并移交相关部门问题线索" "条" Computed;
    "fake_sites" "打击违法行为" "搭建假冒网站" "发现假冒网站" "家" Computed;
    "blocked_sites" "打击违法行为" "搭建假冒网站" "封堵网站" "家" Computed;
    "services" "打击违法行为" "搭建假冒网站" "非法提供技术服务" "家" Offered;
    "builder_persons" "打击违法行为" "搭建假冒网站" "涉嫌刑事并移送公安部门" "人" Offered;
    "ordered" "处理情况" "" "责令整改" "家" Typed;
    "stopped" "处理情况" "" "停产整顿" "家" Typed;
    "handled_fine" "处理情况" "" "行政罚款" "万元" Typed;
    "handled_persons" "处理情况" "" "上报处理" "人" Typed;
    "filled_by" "填报" "" "填表人" "" Text;
    "phone" "填报" "" "联系电话" "" Text;
}

/// Why a value cannot stand in a row, or a person should look twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// No such row.
    #[error("no row `{0}`")]
    NoRow(String),
    /// A row of text has no figure from before.
    #[error("{0} holds text; there is nothing to add up")]
    NoFigure(&'static str),
    /// Computed from leads and letters.
    #[error("{0} is computed from leads and letters; correct those instead")]
    Computed(&'static str),
    /// Not a number of that unit.
    #[error("{row}: `{value}` is no number in {unit}")]
    NotANumber {
        /// Which row.
        row: &'static str,
        /// As typed.
        value: String,
        /// The row's unit.
        unit: &'static str,
    },
}

/// Money in 分 (a hundredth of 元). Most: some 90 trillion 元.
pub(super) fn money(text: &str, unit: &str) -> Option<i64> {
    let text = text.trim().replace([',', '，'], "");
    let (number, scale) = match text.strip_suffix("万元") {
        Some(n) => (n, 1_000_000),
        None => match text.strip_suffix('元') {
            Some(n) => (n, 100),
            None => (text.as_str(), if unit == "万元" { 1_000_000 } else { 100 }),
        },
    };
    let (whole, part) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || part.len() > 6 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: i64 = whole.parse::<i64>().ok()?.checked_mul(scale)?;
    let part = format!("{part:0<6}").parse::<i64>().ok()?.checked_mul(scale)?;
    (part % 1_000_000 == 0).then_some(whole + part / 1_000_000)
}

/// 分 as the row's unit shows it, without needless zeros.
pub(super) fn money_text(cents: i64, unit: &str) -> String {
    let (scale, places) = if unit == "万元" { (1_000_000, 6) } else { (100, 2) };
    let text = format!("{}.{:0places$}", cents / scale, cents % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Is it a row of money?
pub(super) fn is_money(unit: &str) -> bool {
    matches!(unit, "元" | "万元")
}

/// What a person typed, as the row keeps it, and a warning where the unit looks wrong. Empty takes the value back.
///
/// # Errors
/// [`TypedError`].
pub fn typed_value(id: &str, value: &str) -> Result<(String, Option<String>), TypedError> {
    let rule = ROWS.iter().find(|r| r.id == id).ok_or_else(|| TypedError::NoRow(id.to_owned()))?;
    let value = value.trim();
    let bad = || TypedError::NotANumber { row: rule.zh, value: value.to_owned(), unit: rule.unit };
    match rule.kind {
        Kind::Computed => Err(TypedError::Computed(rule.zh)),
        _ if value.is_empty() => Ok((String::new(), None)),
        Kind::Text => Ok((crate::referral::cell::clean(value).chars().take(500).collect(), None)),
        _ if is_money(rule.unit) => {
            let cents = money(value, rule.unit).ok_or_else(bad)?;
            let shown = money_text(cents, rule.unit);
            let small = rule.unit == "元" && (1..100_000).contains(&cents);
            let large = rule.unit == "万元" && cents >= 1_000_000_000;
            let warning = (small || large).then(|| format!("{} 的单位是{}，所填 {shown}，请核对是否填错单位", rule.name(), rule.unit));
            Ok((shown, warning))
        }
        _ => Ok((number(rule, value)?, None)),
    }
}

/// What a row had before this program kept count, as it is kept; computed rows too have such a past. Empty takes the value back.
///
/// # Errors
/// [`TypedError`].
pub fn opening_value(id: &str, value: &str) -> Result<(String, Option<String>), TypedError> {
    let rule = ROWS.iter().find(|r| r.id == id).ok_or_else(|| TypedError::NoRow(id.to_owned()))?;
    match rule.kind {
        Kind::Text => Err(TypedError::NoFigure(rule.zh)),
        Kind::Computed if value.trim().is_empty() => Ok((String::new(), None)),
        Kind::Computed => number(rule, value.trim()).map(|n| (n, None)),
        Kind::Typed | Kind::Offered => typed_value(id, value),
    }
}

fn number(rule: &RowRule, value: &str) -> Result<String, TypedError> {
    let bad = || TypedError::NotANumber { row: rule.zh, value: value.to_owned(), unit: rule.unit };
    value.trim_end_matches(rule.unit).trim().parse::<u32>().map(|n| n.to_string()).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fine_is_kept_in_the_unit_of_its_row() {
        assert_eq!(typed_value("seller_fine", "35000").map(|v| v.0), Ok("35000".into()));
        assert_eq!(typed_value("seller_fine", "3.5万元").map(|v| v.0), Ok("35000".into()));
        assert_eq!(typed_value("inspection_fine", "12,345.5元").map(|v| v.0), Ok("1.23455".into()));
        assert!(typed_value("seller_fine", "3.5").is_ok_and(|v| v.1.is_some()), "3.5 元 is probably 万元");
        assert!(typed_value("inspection_fine", "35000").is_ok_and(|v| v.1.is_some()), "3.5 亿元 is probably 元");
        assert!(typed_value("inspection_fine", "3.5").is_ok_and(|v| v.1.is_none()));
        for bad in ["-1", "1e3", "一", "0.001", ""] {
            assert_eq!(typed_value("seller_fine", bad).is_ok(), bad.is_empty(), "{bad}");
        }
        assert!(matches!(typed_value("fake_sites", "3"), Err(TypedError::Computed(_))));
        assert!(matches!(typed_value("fake", "3"), Err(TypedError::NoRow(_))));
        assert_eq!(typed_value("inspections", "12家").map(|v| v.0), Ok("12".into()));
        assert_eq!(opening_value("fake_sites", "7家").map(|v| v.0), Ok("7".into()));
        assert_eq!(opening_value("inspection_fine", "2000元").map(|v| v.0), Ok("0.2".into()));
        assert!(matches!(opening_value("notice", "1"), Err(TypedError::NoFigure(_))));
        assert!(opening_value("fake_sites", "-7").is_err() && opening_value("fake_sites", "").is_ok());
    }
}
