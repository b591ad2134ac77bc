//! Counts of the badges that are checked here, so that an agency sees what a change would do before it is made.
//!
//! What is kept is a number by month, issuer and achievement: **no badge, no person, no asker, no moment**. Only badges
//! whose signature holds and whose issuer some agency lists are counted, for answers of this node's own agency; so a
//! stranger cannot fill the table. Numbers wait here and are written together: a crash may lose half a minute of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use registry_schema::{AgencyId, Check, CheckOutcome, IssuerStanding, Timestamp, verdict::IssuerSummary};
use tokio::sync::watch;
use verification::{Evidence, OpenBadge, judge::JudgedVerdict};

use crate::registry::thinning;
use platform::{clock::Clock, lock::Lock};
use storage::{CHECKED_MONTHS, CheckCountKey, Store, StoreError};

/// The interval at which the numbers are written.
pub(crate) const WRITE_EVERY: Duration = Duration::from_secs(30);

/// Most numbers that wait. Beyond that, issuers are counted without their achievements, and beyond twice as many not.
const MOST_WAITING: usize = 1_000;

/// The longest achievement id that is counted by itself.
const LONGEST_ID: usize = 500;

/// The numbers that wait to be written.
#[derive(Clone, Debug)]
pub struct CheckCounter {
    home: AgencyId,
    waiting: Arc<Lock<BTreeMap<CheckCountKey, i64>>>,
}

impl CheckCounter {
    /// A counter of the checks of this agency, at nothing.
    pub fn new(home: AgencyId) -> Self {
        Self {
            home,
            waiting: Arc::default(),
        }
    }

    /// Counts a badge that was judged.
    pub fn count(&self, badge: &OpenBadge, evidence: &Evidence, verdict: &JudgedVerdict) {
        let passed = |check: Check| {
            let of = verdict.findings.iter().filter(|finding| finding.check == check);
            of.clone().count() > 0
                && of.into_iter().all(|finding| {
                    finding.outcome() != CheckOutcome::Failed && finding.outcome() != CheckOutcome::CouldNotCheck
                })
        };
        let is_listed = !evidence.issuers.is_empty() || !evidence.recognitions.is_empty();
        let registered = |issuer: &IssuerSummary| issuer.standing == IssuerStanding::Registered;
        let is_listed = is_listed && verdict.issuer.as_ref().is_some_and(registered);
        if verdict.agency != self.home || !is_listed || !passed(Check::Proof) || !passed(Check::Issuer) {
            return;
        }
        // PostgreSQL takes no NUL in a text.
        let achievement = badge.achievement_id.as_deref();
        let achievement = achievement.filter(|id| id.len() <= LONGEST_ID && !id.contains('\0'));
        let (issuer, month) = (badge.issuer_id.clone(), month(verdict.checked_at));
        let mut key = (month, issuer, achievement.unwrap_or_default().to_owned());
        self.waiting.with(|waiting| {
            if waiting.len() >= MOST_WAITING && !waiting.contains_key(&key) {
                key.2.clear();
            }
            if waiting.len() < 2 * MOST_WAITING || waiting.contains_key(&key) {
                *waiting.entry(key).or_default() += 1;
            }
        });
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written; then it waits on.
    pub(crate) async fn write(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let taken = self.waiting.with(std::mem::take);
        if taken.is_empty() {
            return Ok(());
        }
        let written = store.add_checked(&taken, months_before(now, CHECKED_MONTHS - 1)).await;
        if written.is_err() {
            self.waiting.with(|waiting| {
                for (key, number) in taken {
                    if waiting.len() < 2 * MOST_WAITING || waiting.contains_key(&key) {
                        *waiting.entry(key).or_default() += number;
                    }
                }
            });
        }
        written
    }
}

/// Writes how many badges were checked, now and then and at the end; and thins out what was known earlier.
pub async fn write_checked(checked: CheckCounter, store: Store, clock: Clock, mut stop: watch::Receiver<bool>) {
    loop {
        let stopped = tokio::select! {
            () = tokio::time::sleep(WRITE_EVERY) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if let Err(error) = checked.write(&store, clock.now()).await {
            tracing::warn!(%error, "how many badges were checked could not be written");
        }
        if stopped {
            return;
        }
        match thinning::thin(&store, clock.now()).await {
            // Another process of the agency writes, and thins.
            Ok(()) | Err(StoreError::Deposed) => {}
            Err(error) => tracing::warn!(%error, "what was known earlier could not be thinned out"),
        }
    }
}

/// The month as a number: 202611 for November 2026.
fn month(at: Timestamp) -> i64 {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).take(6).collect();
    digits.parse().unwrap_or(0)
}

/// The month so many before this one.
pub(crate) fn months_before(at: Timestamp, months: i64) -> i64 {
    let this = month(at);
    let count = this / 100 * 12 + this % 100 - 1 - months;
    count / 12 * 100 + count % 12 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_over_the_turn_of_years() {
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(month(at("2026-11-23T14:02:11Z")), 202_611);
        for (months, expected) in [(0, 202_601), (1, 202_512), (12, 202_501), (13, 202_412)] {
            assert_eq!(months_before(at("2026-01-15"), months), expected);
        }
    }
}
