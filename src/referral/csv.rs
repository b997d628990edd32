//! The lead list as CSV for office programs: UTF-8 with byte order mark, CRLF, every cell quoted, nothing that a sheet would run.

use crate::referral::cell::Cell;
use crate::referral::columns::{COLUMNS, row};
use crate::referral::outgoing::Outgoing;
use crate::referral::{Export, ExportError};

/// Writes the bare list.
pub(super) fn write(export: &Export<'_>) -> Result<Vec<u8>, ExportError> {
    full(&Outgoing::bare(*export))
}

/// Writes the file.
pub(super) fn full(outgoing: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let failed = |why: String| ExportError { format: "csv", why };
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer("\u{FEFF}".as_bytes().to_vec());
    out.write_record(COLUMNS.iter().map(|c| c.heading(outgoing.list.lang))).map_err(|e| failed(e.to_string()))?;
    for one in outgoing.rows() {
        let cells = row(&one);
        out.write_record(cells.iter().map(Cell::shown).map(inert)).map_err(|e| failed(e.to_string()))?;
    }
    out.into_inner().map_err(|e| failed(e.to_string()))
}

/// Puts `'` before what a sheet takes for the start of a formula; the full-width signs count in East Asian settings.
fn inert(text: String) -> String {
    let starts = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if starts { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sheet_would_run_is_made_text() {
        for bad in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1"] {
            assert_eq!(inert(bad.into()), format!("'{bad}"));
        }
        assert_eq!(inert("a=b".into()), "a=b");
        assert_eq!(inert(String::new()), "");
    }
}
