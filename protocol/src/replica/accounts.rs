//! The costs that each agency may cause: work, bytes, memory. One that has used up a share waits for more of it; no other does.

use std::collections::BTreeMap;

use registry_schema::Timestamp;

use super::{Replica, ReplicaEffect, StepEffects};
use crate::{
    envelope::Envelope,
    log::{AgencyLog, Quota, QuotaLimit},
    mutant::mutant,
    signed::Hash,
};

/// The cost of looking at a signature, in units of which one is a put that is built.
const WORK_A_SIGNATURE: u64 = 4;
const DAY_MILLISECONDS: i64 = 86_400_000;

/// A share that is used up and grows again, up to a bound. What was begun is ended, so it can be overdrawn.
#[derive(Debug)]
struct TokenBucket {
    left: i64,
    at: Timestamp,
}

impl TokenBucket {
    fn grow(&mut self, a_day: i64, most: i64, now: Timestamp) {
        let passed = now.0.saturating_sub(self.at.0);
        if passed < 0 {
            self.at = now;
            return;
        }
        let more = i128::from(passed) * i128::from(a_day) / i128::from(DAY_MILLISECONDS);
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(most);
            self.at = now;
        }
    }
}

/// The unused part of an agency's shares.
#[derive(Debug)]
pub(super) struct AgencyBudget {
    work: TokenBucket,
    bytes: TokenBucket,
}

impl AgencyBudget {
    fn new(quota: &Quota, now: Timestamp) -> Self {
        let share = |left| TokenBucket { left, at: now };
        Self {
            work: share(quota.work_at_once.into()),
            bytes: share(at_once(quota)),
        }
    }

    fn grow(&mut self, quota: &Quota, now: Timestamp) {
        let a_day = i64::from(quota.work_a_second) * 86_400;
        self.work.grow(a_day, quota.work_at_once.into(), now);
        let a_day = i64::try_from(quota.bytes_a_day).unwrap_or(i64::MAX);
        self.bytes.grow(a_day, at_once(quota), now);
    }

    /// Returns true if more may be done for the agency in this step, when so much was done already.
    pub(super) fn has_work_left(&self, done: u64) -> bool {
        mutant!(WorkHasNoBound) || self.work.left > i64::try_from(done).unwrap_or(i64::MAX)
    }

    /// The limit that an envelope would break.
    pub(super) fn limit(&self, log: &AgencyLog, envelope: &Envelope, quota: &Quota) -> Option<QuotaLimit> {
        if mutant!(WorkHasNoBound) {
            return None;
        }
        log.limit(envelope, &quota.most)
            .or_else(|| (self.bytes.left <= 0).then_some(QuotaLimit::Rate))
    }

    pub(super) fn spend_bytes(&mut self, bytes: usize) {
        self.bytes.left = self.bytes.left.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(super) fn spend_work(&mut self, work: u64) {
        self.work.left = self.work.left.saturating_sub(i64::try_from(work).unwrap_or(i64::MAX));
    }
}

/// The bytes of an agency that may come at once: a day's, or a quarter of all that may ever come, for a node that begins.
fn at_once(quota: &Quota) -> i64 {
    let bytes = quota.bytes_a_day.max(quota.most.bytes / 4);
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The work that was done for a log between two looks at it.
pub(super) fn work_done(log: &AgencyLog, before: crate::document::BuildCounters, signatures: u64) -> u64 {
    let now = log.work();
    let puts = now.puts.saturating_sub(before.puts);
    let fetched = now.fetched.saturating_sub(before.fetched);
    puts + fetched + signatures * WORK_A_SIGNATURE
}

/// The limit for which more of an agency is not taken in, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The limit that it has reached.
    pub limit: QuotaLimit,
    /// Since when.
    pub since: Timestamp,
}

impl Replica {
    /// The agencies of which more is known to exist than this node takes in.
    #[must_use]
    pub const fn deferred(&self) -> &BTreeMap<Hash, Deferral> {
        &self.deferred
    }

    /// An agency's account, with what has grown since.
    pub(super) fn account(&mut self, agency: Hash, now: Timestamp) -> &mut AgencyBudget {
        let quota = &self.settings.quota;
        let account = self
            .accounts
            .entry(agency)
            .or_insert_with(|| AgencyBudget::new(quota, now));
        account.grow(quota, now);
        account
    }

    /// Returns true if something may be done for an agency in this step. If not, it is asked for again once there is more.
    pub(super) fn has_work_left(&mut self, agency: Hash, now: Timestamp) -> bool {
        let may = agency == self.settings.home || self.account(agency, now).has_work_left(0);
        if !may {
            self.behind.insert(agency);
        }
        may
    }

    /// Asks again for the agencies whose share of work was used up.
    pub(super) fn catch_up(&mut self, now: Timestamp, step: &mut StepEffects) {
        let behind = std::mem::take(&mut self.behind);
        let mut any = false;
        for agency in behind {
            any |= self.has_work_left(agency, now);
        }
        if any {
            self.exchange_with_all(now, step);
        }
    }

    /// Notes which limit an agency has reached, or that it has reached none any more; tells it when that changes.
    pub(super) fn note_limit(
        &mut self,
        agency: Hash,
        limit: Option<QuotaLimit>,
        now: Timestamp,
        step: &mut StepEffects,
    ) {
        let known = self.deferred.get(&agency).map(|deferral| deferral.limit);
        match limit {
            Some(limit) if known != Some(limit) => {
                let deferral = Deferral { limit, since: now };
                self.deferred.insert(agency, deferral);
                step.batch.deferred.insert(agency, Some(deferral));
                step.find(ReplicaEffect::Deferred { agency, limit });
            }
            None if known.is_some() => {
                self.deferred.remove(&agency);
                step.batch.deferred.insert(agency, None);
                step.find(ReplicaEffect::Released { agency });
            }
            _ => {}
        }
    }
}
