//! Files for other programs and desks: STIX 2.1, MISP, X-ARF v4, block lists, report drafts. A draft is never sent by this program.
//! Ids are made from the content, so that the same lead is the same object in every export.

mod blocklist;
mod drafts;
mod misp;
mod stix;
mod uuid;
mod xarf;

use crate::referral::ExportError;
use crate::referral::outgoing::Outgoing;

/// One format for sharing. Leads must have passed the gate before.
pub struct Exchange {
    /// Its name after `--format`.
    pub name: &'static str,
    /// File extension.
    pub extension: &'static str,
    /// Makes the file.
    pub write: fn(&Outgoing<'_>) -> Result<Vec<u8>, ExportError>,
}

/// All of them.
pub const EXCHANGES: &[Exchange] = &[
    Exchange { name: "stix", extension: "json", write: stix::write },
    Exchange { name: "misp", extension: "json", write: misp::write },
    Exchange { name: "xarf", extension: "jsonl", write: xarf::write },
    Exchange { name: "hosts", extension: "txt", write: blocklist::hosts },
    Exchange { name: "rpz", extension: "zone", write: blocklist::rpz },
    Exchange { name: "adblock", extension: "txt", write: blocklist::adblock },
    Exchange { name: "abuse", extension: "txt", write: drafts::abuse },
    Exchange { name: "12321", extension: "txt", write: drafts::report_12321 },
    Exchange { name: "12377", extension: "txt", write: drafts::report_12377 },
];
