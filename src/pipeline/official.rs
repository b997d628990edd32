//! The protected site itself: from its first lead on, its front page is looked at once a week, as one visitor, and kept as any other visit is.
//! The console shows it beside the suspect. Never a candidate: nothing but a lead against the site brings it here.

use crate::model::candidate::{Candidate, Reason};
use crate::model::host::Host;
use crate::model::sighting::{Context, Sighting};
use crate::pipeline::{Pass, PassError};
use crate::records::Run;

/// Source id of the visits to protected sites.
const SOURCE: &str = "official";

impl Pass {
    /// Makes the front page of `site` due, where it never was. After that its own visits keep it so.
    pub(super) fn want_official(&self, site: &str) -> Result<(), PassError> {
        let known = self.sites.iter().any(|s| s.id == site);
        let Some(host) = Host::parse(site).ok().filter(|_| known && self.capture.official_pages) else { return Ok(()) };
        let reason = Reason::Official { site: site.to_owned() };
        if self.records.has_reason(&host, &reason)? {
            return Ok(());
        }
        let now = self.net.now();
        // https first: its certificate says whose page it is. Plain http where that shows none.
        let (url, plain) = (format!("https://{}/", host.for_url()), format!("http://{}/", host.for_url()));
        let sighting = Sighting { seen: plain, source: SOURCE.into(), seen_at: now, context: Context::default() };
        let candidate = Candidate {
            host,
            url,
            site: site.to_owned(),
            reasons: vec![reason],
            sightings: vec![sighting],
            first_seen: now,
            last_seen: now,
        };
        let run = Run { at: now, outcome: "ok".into(), why: String::new(), seen: 1, screened_in: 1, new: 0 };
        self.records.commit_batch(SOURCE, vec![candidate], "", &run)?;
        Ok(())
    }
}
