//! The monthly form (附件1): rows computed from leads and letters, each with the leads behind it, rows that a person types, and both columns,
//! 本月 and 累计. A month is a calendar month in Beijing. Also 附件2, the list of contacts.

mod figures;
mod paper;
mod rows;

pub use paper::{Behind, Contact, contacts_docx, contacts_xlsx, form_docx, form_xlsx};
pub use rows::{Kind, ROWS, RowRule, TypedError, opening_value, typed_value};

use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::lead::{Lead, LeadId};
use crate::model::referral::{Figure, FrozenFile, LetterFile};
use crate::model::time::Timestamp;
use crate::referral::outgoing::Reporter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a form is made from.
pub struct MonthInput<'a> {
    /// `2026-01`.
    pub month: &'a str,
    /// First month of 累计.
    pub start: &'a str,
    /// All leads.
    pub leads: &'a [Lead],
    /// All letters.
    pub letters: &'a [LetterFile],
    /// Typed rows of all months: (month, row) to value.
    pub typed: &'a BTreeMap<(String, String), String>,
    /// The unit, who fills in, telephone.
    pub reporter: &'a Reporter,
}

/// One row of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormRow {
    /// Id of the row.
    pub row: String,
    /// 本月.
    pub month: String,
    /// 累计; empty for text rows.
    pub total: String,
    /// Leads behind 本月.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub month_leads: Vec<LeadId>,
    /// Leads behind 累计.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub total_leads: Vec<LeadId>,
    /// What a reader must know: sites that came back, a figure that only the program offers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The whole form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// `monthly/1`.
    pub schema: String,
    /// `2026-01`.
    pub month: String,
    /// First month of 累计.
    pub start: String,
    /// All rows, in the form's order.
    pub rows: Vec<FormRow>,
}

/// A figure that another version had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the row.
    pub row: String,
    /// `本月` or `累计`.
    pub column: &'static str,
    /// Before.
    pub before: String,
    /// Now.
    pub now: String,
}

impl Form {
    /// Computes the form.
    pub fn of(input: &MonthInput<'_>) -> Self {
        let rows = ROWS.iter().map(|rule| figures::row(rule, input)).collect();
        Self { schema: "monthly/1".into(), month: input.month.into(), start: input.start.into(), rows }
    }
    /// As it is kept when frozen.
    pub fn json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data becomes JSON");
        bytes.push(b'\n');
        bytes
    }
    /// SHA-256 of [`Form::json`].
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&self.json())
    }
    /// The figures alone, for the journal.
    pub fn figures(&self) -> Vec<Figure> {
        self.rows.iter().map(|r| Figure { row: r.row.clone(), month: r.month.clone(), total: r.total.clone() }).collect()
    }
    /// One row by its id.
    pub fn row(&self, id: &str) -> Option<&FormRow> {
        self.rows.iter().find(|r| r.row == id)
    }
    /// Where it differs from a frozen version.
    pub fn differences(&self, before: &[Figure]) -> Vec<Difference> {
        let mut found = Vec::new();
        for row in &self.rows {
            let old = before.iter().find(|f| f.row == row.row);
            let name = ROWS.iter().find(|r| r.id == row.row).map_or_else(|| row.row.clone(), |r| r.name());
            let (month, total) = old.map_or(("", ""), |f| (f.month.as_str(), f.total.as_str()));
            for (column, was, now) in [("本月", month, &row.month), ("累计", total, &row.total)] {
                if was != now {
                    found.push(Difference { row: name.clone(), column, before: was.to_owned(), now: now.clone() });
                }
            }
        }
        found
    }
}

/// Key of the typed rows that hold what was counted before 累计 began in the month `start`. No month, so that no month counts it.
pub fn opening_key(start: &str) -> String {
    format!("before-{start}")
}

/// Is `text` a month, `2026-01`?
pub fn is_month(text: &str) -> bool {
    text.len() == 7 && Timestamp::parse(&format!("{text}-01T00:00:00+08:00")).is_some()
}

/// The month before.
pub fn month_before(month: &str) -> String {
    Timestamp::parse(&format!("{month}-01T00:00:00+08:00")).map(|t| t.plus_millis(-1).beijing_month()).unwrap_or_default()
}

/// What to say at `now` where last month's form was not handed in: from the 3rd a reminder, from the 5th that it is due.
pub fn reminder(now: Timestamp, last_month: &[FrozenFile]) -> Option<Both> {
    let month = month_before(&now.beijing_month());
    if last_month.iter().any(|f| f.handed_in.is_some()) {
        return None;
    }
    let day: u8 = now.beijing()[8..10].parse().ok()?;
    match day {
        3 | 4 => Some(Both::new(
            format!("{month} 月报表尚未报送，截止日为本月 5 日；报送后执行 jianwei report monthly {month} --handed-in"),
            format!("the form of {month} is not handed in; it is due on the 5th; then run `jianwei report monthly {month} --handed-in`"),
        )),
        5 => Some(Both::new(
            format!("{month} 月报表今天到期，尚未报送；报送后执行 jianwei report monthly {month} --handed-in"),
            format!("the form of {month} is due today and not handed in; then run `jianwei report monthly {month} --handed-in`"),
        )),
        6.. => Some(Both::new(format!("{month} 月报表已过期未报送"), format!("the form of {month} is overdue"))),
        _ => None,
    }
}
