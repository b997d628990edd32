//! Referral: what leaves the unit. In: leads. Out: bytes of a file in one of `FORMATS`.
//! Pure. Names are defanged, no cell is a live formula or link, every code is text. Says "suspected", never "proven".
//! A room of its own because what leaves cannot be called back: one place decides what goes out and in what words.

mod cell;
mod codes;
mod columns;
mod csv;
mod dispatch;
mod exchange;
mod facts;
mod gate;
mod json;
mod letter;
mod mask;
pub mod monthly;
mod office;
mod outgoing;
mod package;
mod passages;
mod platforms;
mod providers;
mod sheets;
mod words;
mod xlsx;

pub use dispatch::{Dispatch, Exhibit, ExhibitStamp, SCHEMA as DISPATCH_SCHEMA};
pub use exchange::{EXCHANGES, Exchange};
pub use facts::{Cluster, ClusterTie, LeadFacts, Member, Stamp};
pub use gate::{Gate, OfficialTree, Purpose, Refusal};
pub use json::lead_json;
pub use letter::{FIELDS as LETTER_FIELDS, Sealed, check_template, letter, template as letter_template, verify_command};
pub use mask::Audience;
pub use office::template::TemplateFaults;
pub use outgoing::{Outgoing, Reporter, Tlp};
pub use package::{Open, PackageError, VERIFY, seal};
pub use platforms::{PLATFORMS, Platforms};

use crate::model::lang::Lang;
use crate::model::lead::Lead;
use crate::model::time::Timestamp;
pub use crate::referral::office::fonts::Fitted;

/// Why an export could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{format}: {why}")]
pub struct ExportError {
    /// Which format.
    pub format: &'static str,
    /// What.
    pub why: String,
}

/// What every export is given.
#[derive(Clone, Copy)]
pub struct Export<'a> {
    /// The leads, in order.
    pub leads: &'a [Lead],
    /// For whom.
    pub lang: Lang,
    /// When it is made.
    pub now: Timestamp,
    /// The unit's name, from `[evidence] organisation`.
    pub organisation: &'a str,
}

/// A document with the fonts that this machine has (`fc-list`) in place of those it lacks, for making a PDF here. Tells what was replaced by what.
///
/// # Errors
/// Where the document is no DOCX.
pub fn fit_fonts(docx: &[u8], installed: &[String]) -> Result<Fitted, String> {
    office::fonts::fit(docx, installed)
}

/// One export format.
pub struct Format {
    /// Its name after `--format`.
    pub name: &'static str,
    /// File extension.
    pub extension: &'static str,
    /// Is it text that may go to a terminal?
    pub text: bool,
    /// Makes the file.
    pub write: fn(&Export<'_>) -> Result<Vec<u8>, ExportError>,
}

/// The lead list with all that is known, for a chosen audience: `xlsx`, `csv` or `json`; `None`: no such list.
///
/// # Errors
/// [`ExportError`].
pub fn list(name: &str, out: &Outgoing<'_>) -> Option<Result<Vec<u8>, ExportError>> {
    match name {
        "xlsx" => Some(xlsx::full(out)),
        "csv" => Some(csv::full(out)),
        "json" => Some(json::full(out)),
        _ => None,
    }
}

/// All formats. A new one is one line here and one file beside this.
pub const FORMATS: &[Format] = &[
    Format { name: "xlsx", extension: "xlsx", text: false, write: xlsx::write },
    Format { name: "csv", extension: "csv", text: true, write: csv::write },
    Format { name: "json", extension: "jsonl", text: true, write: json::write },
];
