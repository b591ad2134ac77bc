//! The freshness of a log: the heartbeats of its writers.

use registry_schema::Timestamp;

use super::{AgencyLog, DocumentId, Hash};
use crate::{
    heartbeat::{Heartbeat, MAX_AHEAD_SECONDS},
    mutant::mutant,
    signed::{PublicKey, Signed, Verified},
};

#[derive(Default)]
pub(super) struct WriterHeartbeats {
    /// The newest heartbeat of which all heads are kept.
    counted: Option<Verified<Heartbeat>>,
    /// The oldest newer one of which some are not: a laggard that catches up with it gains freshness.
    pending: Option<Verified<Heartbeat>>,
    /// The time of issue of the one that counted here before something that it names was lost: an older one says less than
    /// was known, and does not count.
    least: Option<Timestamp>,
}

impl WriterHeartbeats {
    /// Returns true if a heartbeat that was issued then says nothing that was not known here.
    fn is_old(&self, issued: Timestamp) -> bool {
        let counted = self.counted.as_ref().map(|counted| counted.get().issued);
        counted.is_some_and(|counted| counted >= issued) || self.least.is_some_and(|least| issued < least)
    }
}

/// The outcome of hearing a heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub enum HeartbeatOutcome {
    /// All that it names is kept: the log is as fresh as it says.
    Counted,
    /// These envelopes that it names are not kept yet.
    Missing(Vec<Hash>),
    /// Nothing new.
    Old,
    /// Too far ahead of our clock to be believed yet.
    Ahead,
}

impl AgencyLog {
    /// Returns true if this heartbeat, if somebody signed it, is older than one that counts, or ahead of our clock: then its
    /// signature is not looked at.
    pub(crate) fn would_not_count(&self, signed: &Signed<Heartbeat>, now: Timestamp) -> bool {
        signed.claim().is_some_and(|claim| {
            let beats = self.beats.get(&claim.writer);
            beats.is_some_and(|beats| beats.is_old(claim.issued)) || claim.issued > now.plus_seconds(MAX_AHEAD_SECONDS)
        })
    }

    /// Takes in a verified heartbeat.
    pub fn hear(&mut self, heartbeat: Verified<Heartbeat>, now: Timestamp) -> HeartbeatOutcome {
        let issued = heartbeat.get().issued;
        if issued > now.plus_seconds(MAX_AHEAD_SECONDS) {
            return HeartbeatOutcome::Ahead;
        }
        let heads = &heartbeat.get().heads;
        let missing: Vec<Hash> = heads.iter().filter(|head| !self.holds(head)).copied().collect();
        let is_whole = missing.is_empty() && !self.reaches_a_gap(heads);
        let beats = self.beats.entry(heartbeat.get().writer).or_default();
        if beats.is_old(issued) {
            return HeartbeatOutcome::Old;
        }
        if is_whole || mutant!(WordsCountEarly) {
            beats.counted = Some(heartbeat);
            beats.pending.take_if(|pending| pending.get().issued <= issued);
            return HeartbeatOutcome::Counted;
        }
        let pending = beats.pending.as_ref();
        if pending.is_none_or(|pending| issued < pending.get().issued) {
            beats.pending = Some(heartbeat);
        }
        HeartbeatOutcome::Missing(missing)
    }

    /// Takes in a heartbeat that counted here before. Says whether all that it names still is: if not, something was lost
    /// since, and no older word of its writer counts any more.
    pub(crate) fn hear_again(&mut self, heartbeat: Verified<Heartbeat>) -> bool {
        let (writer, issued) = (heartbeat.get().writer, heartbeat.get().issued);
        let heard = self.hear(heartbeat, issued);
        if let HeartbeatOutcome::Missing(_) = heard {
            self.beats.entry(writer).or_default().least = Some(issued);
        }
        !matches!(heard, HeartbeatOutcome::Missing(missing) if !missing.is_empty())
    }

    /// Calls nothing of this log fresh, or does so again.
    pub(crate) const fn hold_back(&mut self, held_back: bool) {
        self.held_back = held_back;
    }

    /// Returns true if this log was heard and is fresh in itself, be it held back or not.
    pub(crate) fn would_be_fresh(&self) -> bool {
        self.heard_where(|_| true, None).is_some()
    }

    /// Forgets the heartbeats that are dated after this moment; returns the writers of those that counted.
    pub(crate) fn forget_heartbeats_after(&mut self, moment: Timestamp) -> Vec<PublicKey> {
        let is_after = |heartbeat: &mut Verified<Heartbeat>| heartbeat.get().issued > moment;
        let mut forgotten = Vec::new();
        for (writer, beats) in &mut self.beats {
            forgotten.extend(beats.counted.take_if(is_after).map(|_| *writer));
            beats.pending.take_if(is_after);
            beats.least.take_if(|least| *least > moment);
        }
        forgotten
    }

    /// Counts what waited for an envelope, or for a value; says whether something did.
    pub(super) fn count_pending(&mut self) -> bool {
        let is_due = |beats: &WriterHeartbeats| {
            let pending = beats.pending.as_ref();
            pending.is_some_and(|pending| {
                let heads = &pending.get().heads;
                heads.iter().all(|head| self.kept.contains_key(head)) && !self.reaches_a_gap(heads)
            })
        };
        let due = self.beats.iter().filter(|(_, beats)| is_due(beats));
        let due: Vec<PublicKey> = due.map(|(writer, _)| *writer).collect();
        for writer in &due {
            if let Some(beats) = self.beats.get_mut(writer) {
                beats.counted = beats.pending.take();
            }
        }
        !due.is_empty()
    }

    /// Returns true if a value is missing, without a tombstone, in one of these envelopes or before them.
    fn reaches_a_gap(&self, heads: &[Hash]) -> bool {
        let place = |hash: &Hash| self.kept.get(hash).map(|kept| &kept.place);
        let mut gaps = self.gaps.iter().filter_map(place);
        gaps.any(|gap| heads.iter().filter_map(place).any(|head| head.covers(gap)))
    }

    /// Returns true if a value is missing in what a heartbeat that counts names: a key that put its tombstone ended since.
    fn lost_a_value(&self) -> bool {
        let mut counted = self.counted();
        counted.any(|heartbeat| self.reaches_a_gap(&heartbeat.get().heads))
    }

    /// The counted heartbeats.
    pub fn counted(&self) -> impl Iterator<Item = &Verified<Heartbeat>> {
        self.beats.values().filter_map(|beats| beats.counted.as_ref())
    }

    /// The heartbeats that do not count yet, for something that they name is not kept.
    pub fn pending(&self) -> impl Iterator<Item = &Verified<Heartbeat>> {
        self.beats.values().filter_map(|beats| beats.pending.as_ref())
    }

    /// The heads that heartbeats name and that are not kept yet.
    #[must_use]
    pub fn expected(&self) -> Vec<Hash> {
        let pending = self.beats.values().filter_map(|beats| beats.pending.as_ref());
        let heads = pending.flat_map(|h| &h.get().heads).filter(|head| !self.holds(head));
        heads.copied().collect()
    }

    /// A writer's counted heartbeat.
    #[must_use]
    pub fn counted_of(&self, writer: &PublicKey) -> Option<&Verified<Heartbeat>> {
        self.beats.get(writer)?.counted.as_ref()
    }

    /// The number of envelopes that are known to exist and are not kept, or not whole.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.expected().len() + self.cuts.missing().len() + self.gaps.len()
    }

    /// The freshness of the whole log: the oldest counted heartbeat among the writers, `(as of, good until)`. None, if one
    /// was never heard, if there is no writer, or if something is missing without which no heartbeat can be believed. An
    /// envelope that came without a value takes away nothing of what was fresh before it.
    #[must_use]
    pub fn freshness(&self) -> Option<(Timestamp, Timestamp)> {
        self.freshness_where(|_| true, None)
    }

    /// The freshness of one document: the oldest counted heartbeat among the writers that may write to it.
    #[must_use]
    pub fn freshness_of(&self, document: &DocumentId) -> Option<(Timestamp, Timestamp)> {
        self.freshness_where(|scope| scope.holds(document), None)
    }

    /// The freshness of this node's own agency here, where `own` writes: the oldest of the agency's *other* writers, or
    /// now.
    #[must_use]
    pub fn freshness_at_home(&self, own: &PublicKey, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.freshness_where(|_| true, Some((own, now)))
    }

    fn freshness_where(
        &self,
        concerns: impl Fn(&crate::key_log::WriterScope) -> bool,
        own: Option<(&PublicKey, Timestamp)>,
    ) -> Option<(Timestamp, Timestamp)> {
        self.heard_where(concerns, own).filter(|_| !self.held_back)
    }

    fn heard_where(
        &self,
        concerns: impl Fn(&crate::key_log::WriterScope) -> bool,
        own: Option<(&PublicKey, Timestamp)>,
    ) -> Option<(Timestamp, Timestamp)> {
        if self.failure.is_some() || self.is_disputed() || !self.cuts.missing().is_empty() || self.lost_a_value() {
            return None;
        }
        if let Some(checkpoint) = self.base() {
            // It speaks for its own writer alone.
            let it = checkpoint.get();
            let mut writers = self
                .key_log
                .authority()
                .live_writers()
                .filter(|(_, scope)| concerns(scope));
            let speaks = writers.all(|(writer, _)| *writer == it.writer);
            return speaks.then(|| (it.issued, it.good_until()));
        }
        let mut oldest: Option<(Timestamp, Timestamp)> = None;
        let writers = self.key_log.authority().live_writers();
        for (writer, _) in writers.filter(|(_, scope)| concerns(scope)) {
            let this = match own {
                Some((own, now)) if own == writer => (now, now.plus_seconds(1)),
                _ => {
                    let counted = self.counted_of(writer)?.get();
                    (counted.issued, counted.good_until())
                }
            };
            oldest = Some(oldest.map_or(this, |(as_of, until)| (as_of.min(this.0), until.min(this.1))));
        }
        oldest
    }
}
