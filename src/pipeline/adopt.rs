//! Packages that a killed process sealed but could not record: taken in before a pass begins, so that none stands outside its lead.

use crate::evidence;
use crate::model::time::Timestamp;
use crate::pipeline::work::visit_of;
use crate::pipeline::{Pass, PassError};
use std::path::Path;

/// How far before the latest recorded visit an unrecorded one may have begun, in milliseconds. Visits made at once end in any order.
const OVERLAP_MS: i64 = 3_600_000;

impl Pass {
    /// Takes in every sealed visit that records lack. Only packages from the latest recorded visit on are read: recording follows sealing at
    /// once, so older ones are known, or were left out by a person's rebuild.
    pub(super) fn adopt(&self) -> Result<u64, PassError> {
        let since = self.records.newest_visit()?.map(|at| at.plus_millis(-OVERLAP_MS));
        let mut adopted = 0;
        for path in evidence::packages(&self.evidence_dir)?.iter().rev().take_while(|path| since.is_none_or(|since| began(path) >= since)) {
            match evidence::read(&self.evidence_dir, path) {
                Ok(stored) if stored.dossier.is_only_checked() => {}
                Ok(stored) => adopted += u64::from(self.records.adopt(&visit_of(stored))?),
                Err(e) => tracing::warn!("package passed over: {e}"),
            }
        }
        if adopted > 0 {
            tracing::warn!("{adopted} packages were sealed but not recorded when the last run ended; they are recorded now");
        }
        Ok(adopted)
    }
}

/// When the visit of a package began, from its name (whole seconds). A name that carries no time counts as new.
fn began(package: &Path) -> Timestamp {
    let name = package.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let text = name.get(3..19).and_then(|t| chrono::NaiveDateTime::parse_from_str(t, "%Y%m%dT%H%M%SZ").ok());
    text.map_or(Timestamp::from_millis(i64::MAX), |t| Timestamp::from_millis(t.and_utc().timestamp_millis() + 999))
}
