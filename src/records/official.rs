//! What is asked of hosts besides their due times: why they are here, and the last visit that showed a page.

use crate::model::candidate::Reason;
use crate::model::host::Host;
use crate::records::hosts::{Seen, visits_prefix};
use crate::records::{Records, RecordsError, VisitFacts};
use std::ops::ControlFlow;

impl Records {
    /// Is `host` here for this reason? False for a host that is not known.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn has_reason(&self, host: &Host, reason: &Reason) -> Result<bool, RecordsError> {
        Ok(self.known(host)?.is_some_and(|k| k.candidate.reasons.contains(reason)))
    }
    /// The latest visit to a host that showed a page, whatever later ones met. `None`: none did.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn last_captured(&self, host: &Host) -> Result<Option<VisitFacts>, RecordsError> {
        let mut last: Option<VisitFacts> = None;
        self.told(self.shelf.view().each(&visits_prefix(host), |_, seen: Seen| {
            if seen.facts.outcome == "captured" {
                last = Some(seen.facts);
            }
            ControlFlow::Continue(())
        }))?;
        Ok(last)
    }
}
