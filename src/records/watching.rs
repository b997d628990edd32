//! The operations of [`Records`] that a watch needs: what is due when, how sources stand, limits, alerts, re-checks.

use crate::model::host::Host;
use crate::model::lead::{Lead, LeadId};
use crate::model::time::Timestamp;
use crate::records::standing::{Alert, Quota, Recheck, Standing, Tally, end_run, recheck_key, rows};
use crate::records::{Next, Records, RecordsError, Visit, hosts, leads, row, visits};

impl Records {
    /// How many hosts are due at `now`, counted up to `limit`.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn backlog(&self, now: Timestamp, limit: usize) -> Result<usize, RecordsError> {
        self.told(hosts::backlog(&self.shelf.view(), now, limit))
    }
    /// When the next host is due. `None`: nothing will ever be, unless something new is seen.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, RecordsError> {
        self.told(hosts::next_due(&self.shelf.view()))
    }
    /// How a source stands; as never run where it is not known.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn standing(&self, source: &str) -> Result<Standing, RecordsError> {
        Ok(self.told(self.shelf.view().get(&row(b"ws/", source)))?.unwrap_or_default())
    }
    /// Notes that a run began, before it asks anybody.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn begin_run(&self, source: &str, standing: &Standing) -> Result<(), RecordsError> {
        self.change(|draft| draft.put(row(b"ws/", source), standing))
    }
    /// Notes how a run ended: the source's standing and the day's count of outcomes (`ok`, `empty`, `blocked`, `failed`), in one transaction.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn end_run(&self, source: &str, standing: &Standing, outcome: &str, at: Timestamp) -> Result<(), RecordsError> {
        self.change(|draft| end_run(draft, source, standing, outcome, at))
    }
    /// Counts of all sources for the days from `since` (its Beijing day) on, oldest day first. At most eight days are kept.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn tallies(&self, since: Timestamp) -> Result<Vec<Tally>, RecordsError> {
        let first = since.beijing()[..10].to_owned();
        let all: Vec<(String, Tally)> = self.told(rows(&self.shelf.view(), b"wt/"))?;
        Ok(all.into_iter().map(|(_, t)| t).filter(|t| t.day >= first).collect())
    }
    /// What was used of daily limits, on whatever day each was last used.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn quotas(&self) -> Result<Vec<Quota>, RecordsError> {
        Ok(self.told(rows(&self.shelf.view(), b"wq/"))?.into_iter().map(|(_, q)| q).collect())
    }
    /// Keeps the use of a daily limit; on disk when it returns.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn keep_quota(&self, quota: &Quota) -> Result<(), RecordsError> {
        self.change(|draft| draft.put(row(b"wq/", &quota.limit), quota))
    }
    /// Alerts that last, and those that ended and were not yet told as ended.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn alerts(&self) -> Result<Vec<Alert>, RecordsError> {
        Ok(self.told(rows(&self.shelf.view(), b"wa/"))?.into_iter().map(|(_, a)| a).collect())
    }
    /// Keeps or, where `done`, forgets an alert.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn keep_alert(&self, alert: &Alert, done: bool) -> Result<(), RecordsError> {
        let key = row(b"wa/", &alert.key);
        self.change(|draft| {
            if done {
                draft.remove(key);
                return Ok(());
            }
            draft.put(key, alert)
        })
    }
    /// A step on `host` was begun and given up unhurt (a clean stop): it does not count as one that took the process down.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn unstarted(&self, host: &Host) -> Result<(), RecordsError> {
        self.change(|draft| {
            let before: Option<hosts::Known> = draft.get(&hosts::host_key(host))?;
            let Some(before) = before else { return Ok(()) };
            let after = hosts::Known { attempts: before.attempts.saturating_sub(1), ..before.clone() };
            hosts::keep(draft, Some(&before), &after)
        })
    }
    /// As [`Records::finish_visit`], and keeps re-checks of leads on that host in the same transaction.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn finish_recheck(&self, visit: &Visit, next: Next, rechecks: &[Recheck]) -> Result<Option<(Lead, bool)>, RecordsError> {
        self.reopen_changed(visit)?;
        let lead = self.change(|draft| {
            for recheck in rechecks {
                draft.put(recheck_key(recheck), recheck)?;
            }
            visits::take_in(draft, visit, next)
        })?;
        self.follow(&visit.candidate.host);
        Ok(lead)
    }
    /// Re-checks of one lead, oldest first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn rechecks(&self, lead: &LeadId) -> Result<Vec<Recheck>, RecordsError> {
        let prefix = row(b"wr/", &format!("{lead} "));
        Ok(self.told(rows(&self.shelf.view(), &prefix))?.into_iter().map(|(_, r)| r).collect())
    }
    /// All leads on a host, highest score first.
    ///
    /// # Errors
    /// [`RecordsError::Store`].
    pub fn leads_on(&self, host: &Host) -> Result<Vec<Lead>, RecordsError> {
        let ids = self.known(host)?.map(|k| k.leads).unwrap_or_default();
        let view = self.shelf.view();
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.told(view.get::<Lead>(&leads::lead_key(&id)))?);
        }
        leads::sort(&mut found);
        Ok(found)
    }
}
