//! The replica's knowledge of its own agency's log abroad.
//!
//! A store restored from a backup lacks what was written after it. Writing on from there would make two histories, and a
//! heartbeat would vouch for badges that were revoked meanwhile. So a replica asks its peers first. It writes and vouches once
//! one of them has told, if its last heartbeat is so young that little can be missing and the store is none that was put in
//! another's place; otherwise once more than half of those have told who are known to hold its log. Where none tells, it writes
//! only if its last heartbeat is as young. An agency that follows nobody has nobody to ask: its operator vouches for the store,
//! unless the heartbeat is young.
//!
//! A replica that knows its own log wrote all that is signed with its keys from then on. If a peer gives it such an envelope that it
//! did not write, another process writes with its key: it stops, until its operator has stopped the other one.

use std::collections::BTreeSet;

use registry_schema::Timestamp;

use super::{AgencyLog, Hash, KeyLog, PublicKey, Replica, ReplicaSettings, SigningKey};
use crate::{checkpoint::Countersignature, message::LogSummary, mutant::mutant};

/// The seconds that a replica waits for a peer's word on its own agency's log before it writes.
const OWN_LOG_WAIT_SECONDS: i64 = 30;

/// The greatest age of the last heartbeat at the start for one peer's word to be enough, in seconds; where heartbeats are rarer,
/// two pauses between them.
const YOUNG_SECONDS: i64 = 600;

/// The replica's knowledge of its own agency's log abroad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnLog {
    pub(super) stage: OwnLogStage,
    /// The time at which the first event came.
    since: Option<Timestamp>,
    /// The time at which the newest event came.
    newest: Option<Timestamp>,
    /// The last heartbeat at the first event.
    last: Option<Timestamp>,
    /// True if nobody has told or vouched, and it counts as known for the last heartbeat was young.
    pub(super) is_presumed: bool,
    /// The agencies that were known at the start to hold part of it; the own one, if it has other stores.
    holders: BTreeSet<Hash>,
    /// True if the last heartbeat here was so young at the first event that one of them is enough.
    is_young: bool,
    /// The agencies whose nodes have told since the start how far they have it, and all of that is here.
    pub(super) told: BTreeSet<Hash>,
    /// The agencies whose nodes have told since that they hold nothing of it.
    hold_nothing: BTreeSet<Hash>,
    /// True if it is not known here who holds it: then all who are followed are asked.
    asks_all: bool,
    /// The moment from which on this replica alone writes with its keys: the first event, or the operator's word.
    pub(super) alone_since: Option<Timestamp>,
    /// True if it wrote since the start.
    pub(super) has_written: bool,
}

/// The agencies that have to tell how far a log reaches of which part was lost here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedAgencies {
    /// Those that are known to hold it, more than half of them.
    Holders,
    /// All that are followed, more than half of them: who holds it was lost as well.
    AllFollowed,
}

/// The words on an agency's own log that are awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnLogQuorum {
    /// The number of agencies that are known to hold the log.
    pub holders: usize,
    /// The number of them that have told how far it reaches.
    pub told: usize,
    /// The number of them that have to.
    pub needed: usize,
    /// True if the last heartbeat was so young at the start that little can be missing.
    pub is_young: bool,
    /// True if it is known that part of the log is missing here.
    pub is_lost: bool,
}

/// The stage of the knowledge of how far the own log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnLogStage {
    /// Too few have told.
    Asking,
    /// Too few have told, and part of it was lost here: nothing is written before one has, however long that takes.
    Lost,
    /// Enough have told, and all of it is here; or there is nobody to ask; or the operator has vouched for it.
    Known,
    /// Another process wrote to it with a key of this replica: nothing is written before the operator has stopped that one and
    /// vouched for what is here.
    WrittenElsewhere,
}

impl OwnLog {
    /// Begins with what is known at the start, where these agencies hold part of it.
    pub(super) const fn at_start(holders: BTreeSet<Hash>) -> Self {
        Self {
            stage: OwnLogStage::Asking,
            since: None,
            newest: None,
            last: None,
            is_presumed: false,
            holders,
            is_young: false,
            told: BTreeSet::new(),
            hold_nothing: BTreeSet::new(),
            asks_all: false,
            alone_since: None,
            has_written: false,
        }
    }

    /// Returns true if this replica stood still for a short time only: its clock then was compared with its peers' before.
    pub(super) const fn began_young(&self) -> bool {
        self.is_young
    }

    pub(super) fn is_known(&self) -> bool {
        self.stage == OwnLogStage::Known
    }
}

/// Returns true if a key of this agency that has not ended is at another store of it, which can be asked.
fn has_other_store(settings: &ReplicaSettings, key_log: &KeyLog) -> bool {
    let own = [&settings.key].into_iter().chain(&settings.former_keys);
    let own: BTreeSet<_> = own.map(SigningKey::public).collect();
    let is_elsewhere = |writer: &PublicKey| !own.contains(writer);
    !mutant!(AloneNeverWaits) && settings.has_own_peers && key_log.writers().iter().any(is_elsewhere)
}

/// The agencies that are known to hold part of this one's log, and can be asked: those pinned that have countersigned it, and
/// this one, if it has another store.
pub(super) fn holders<'a>(
    settings: &ReplicaSettings,
    key_log: &KeyLog,
    countersigned: impl Iterator<Item = &'a Hash>,
) -> BTreeSet<Hash> {
    let pinned = countersigned.filter(|holder| settings.pinned.contains(holder)).copied();
    let own = has_other_store(settings, key_log).then_some(settings.home);
    pinned.chain(own).collect()
}

impl Replica {
    /// Decides whether this replica may write to its own log: enough peers have told how far that log reaches abroad and all of
    /// it is here; or too few did within 30 seconds, and the last heartbeat was young at the start. Until then the driver holds
    /// [`ReplicaEvent::Authored`] back, and refuses it once this replica [waits in vain](Self::waits_in_vain).
    ///
    /// [`ReplicaEvent::Authored`]: super::ReplicaEvent::Authored
    #[must_use]
    pub fn may_write(&self, now: Timestamp) -> bool {
        // To write beside envelopes of one's own that wait for their parents would make two histories.
        if self.doubts_time || self.own_orphans() > 0 {
            return false;
        }
        match self.own_log.stage {
            OwnLogStage::Known => true,
            OwnLogStage::Lost => mutant!(OneTellsForAll) && !self.own_log.told.is_empty(),
            OwnLogStage::Asking => self.own_log.is_young && self.has_waited(now),
            OwnLogStage::WrittenElsewhere => false,
        }
    }

    /// Returns true if nobody has told for 30 seconds what has to be told before this replica may write: a peer may still, or
    /// the operator has to.
    #[must_use]
    pub fn waits_in_vain(&self, now: Timestamp) -> bool {
        let is_over = self.is_written_elsewhere() || self.has_waited(now);
        !self.doubts_time && is_over && !self.may_write(now)
    }

    /// Returns true if it is known how far this agency's log reaches abroad, or there is nobody to ask. Until then it may lack
    /// what this agency itself wrote, and no heartbeat is signed.
    #[must_use]
    pub fn knows_own_log(&self) -> bool {
        self.own_log.is_known() && self.own_orphans() == 0
    }

    /// The words on this agency's log that are awaited; none, if it is known how far it reaches, or no word would do.
    #[must_use]
    pub fn awaited_words(&self) -> Option<OwnLogQuorum> {
        (!self.own_log.is_known() && !self.is_written_elsewhere()).then(|| self.words())
    }

    fn words(&self) -> OwnLogQuorum {
        let own = &self.own_log;
        let holders = self.asked_holders().count();
        // Of all who are followed, some never had anything of it: that is their whole word.
        let has_told =
            |holder: &&Hash| own.told.contains(*holder) || (own.asks_all && own.hold_nothing.contains(*holder));
        let told = self.asked_holders().filter(has_told);
        OwnLogQuorum {
            holders,
            told: told.count(),
            needed: match self.is_one_enough() {
                true => 1,
                false => holders / 2 + 1,
            },
            is_young: self.own_log.is_young,
            is_lost: self.own_log.stage == OwnLogStage::Lost,
        }
    }

    /// Returns true if the word of one peer will do: little can be missing; or nobody is known to hold the log, though that
    /// would be known.
    fn is_one_enough(&self) -> bool {
        let own = &self.own_log;
        let is_lost = own.stage == OwnLogStage::Lost;
        (own.is_young && !is_lost) || !(own.asks_all || self.is_held_by_some())
    }

    /// Counts the wait for peers' words from here on, unless it is counted already: the first event does that too.
    pub fn begin(&mut self, now: Timestamp) {
        self.own_log.newest = Some(now);
        if self.own_log.since.is_none() {
            self.own_log.since = Some(now);
            self.own_log.alone_since.get_or_insert(now);
            let own = self.settings.key.public();
            let log = self.logs.get(&self.settings.home);
            let last = log.and_then(|log| Some(log.counted_of(&own)?.get().issued));
            let is_new = log.is_none_or(|log| log.is_empty() && log.counted().next().is_none());
            self.own_log.last = last;
            self.own_log.is_young = is_new || last.is_some_and(|last| self.is_young(last, now));
            if self.own_log.stage == OwnLogStage::Asking && self.own_log.is_young && !self.has_whom_to_ask() {
                self.presume_known();
            }
        }
    }

    const fn presume_known(&mut self) {
        self.own_log.stage = OwnLogStage::Known;
        self.own_log.is_presumed = true;
    }

    /// Judges once more, by a clock that a person corrected while `before` was the time, how long this replica stood still: a
    /// machine that was set back as a whole believed that it was a moment.
    pub(super) fn judge_the_pause_again(&mut self, now: Timestamp, before: Option<Timestamp>) {
        let (Some(since), Some(before), Some(last)) = (self.own_log.since, before, self.own_log.last) else {
            return;
        };
        let began = now.plus_seconds(-before.seconds_since(since));
        self.own_log.since = Some(began);
        self.own_log.alone_since = Some(began);
        if self.own_log.is_young && !self.is_young(last, began) {
            self.own_log.is_young = false;
            if self.own_log.is_presumed {
                self.own_log.is_presumed = false;
                self.own_log.stage = OwnLogStage::Asking;
            }
        }
    }

    /// The time of the newest event.
    pub(super) const fn newest_event(&self) -> Option<Timestamp> {
        self.own_log.newest
    }

    /// Returns true if another store of the agency, or a peer, can tell how far its log reaches.
    fn has_whom_to_ask(&self) -> bool {
        let follows = self.settings.pinned.iter().any(|one| *one != self.settings.home);
        let log = self.logs.get(&self.settings.home);
        follows || log.is_some_and(|log| has_other_store(&self.settings, log.key_log()))
    }

    /// Returns true if a heartbeat was so young at this moment that little can have come after it.
    pub(super) fn is_young(&self, heartbeat: Timestamp, now: Timestamp) -> bool {
        let young = 0..=YOUNG_SECONDS.max(2 * self.settings.heartbeat_every);
        young.contains(&now.seconds_since(heartbeat))
    }

    /// Takes the operator's word that all that this agency wrote is here, whatever no peer has told, and that no other process
    /// writes with its keys from now on.
    pub const fn accept_own_log(&mut self, now: Timestamp) {
        self.own_log.is_presumed = false;
        self.own_log.alone_since = Some(now);
        self.own_log.stage = OwnLogStage::Known;
    }

    /// Notes that this replica wrote: what a peer tells of its log from then on comes too late.
    pub(super) const fn note_written(&mut self) {
        self.own_log.has_written = true;
    }

    /// Ends the wait for peers where none is known to hold anything of this agency's log, and little can be missing.
    pub(super) fn end_the_wait(&mut self, now: Timestamp) {
        let own = &self.own_log;
        if own.stage == OwnLogStage::Asking && own.is_young && self.has_waited(now) && !self.is_held_by_some() {
            self.presume_known();
        }
    }

    /// Returns true if one that can be asked is known to hold part of this agency's log.
    fn is_held_by_some(&self) -> bool {
        let followed = |holder: &&Hash| **holder == self.settings.home || self.settings.pinned.contains(*holder);
        self.own_log.holders.iter().any(|holder| followed(&holder))
    }

    fn has_waited(&self, now: Timestamp) -> bool {
        let since = self.own_log.since;
        since.is_some_and(|since| now.seconds_since(since) >= OWN_LOG_WAIT_SECONDS)
    }

    /// Those who hold part of this agency's log, and are still followed; where none is known, or knowledge of them was lost, all
    /// who are followed.
    fn asked_holders(&self) -> impl Iterator<Item = &Hash> {
        let known = self.is_held_by_some() && !self.own_log.asks_all;
        let (pinned, home) = (&self.settings.pinned, &self.settings.home);
        let holders = self.own_log.holders.iter();
        let holders = holders.filter(move |holder| known && (*holder == home || pinned.contains(*holder)));
        holders.chain(pinned.iter().filter(move |peer| !known && *peer != home))
    }

    /// The number of sound envelopes of this agency's own log that are set aside, because what they follow was lost here.
    #[must_use]
    pub fn own_orphans(&self) -> usize {
        self.logs.get(&self.settings.home).map_or(0, AgencyLog::count_orphans)
    }

    /// Writes nothing before these have told how far this agency's log reaches and all of it is here, however long that takes:
    /// part of it was lost.
    pub fn await_own_log(&mut self, asked: AskedAgencies) {
        if !self.is_written_elsewhere() {
            self.own_log.stage = OwnLogStage::Lost;
        }
        self.own_log.asks_all |= asked == AskedAgencies::AllFollowed && !mutant!(RebuiltTrustsOne);
        self.own_log.told.clear();
        self.own_log.hold_nothing.clear();
    }

    /// Notes whether all that a peer has of our own log is here. What is missing is fetched, and the peer asked again. A mirror's
    /// files may be of any time: they tell what there is at least, and never that there is no more.
    pub(super) fn hear_of_own_log(&mut self, peer: &Hash, summaries: &[LogSummary]) {
        let home = self.settings.home;
        let Some(session) = self.sessions.get(peer).filter(|session| !session.is_mirror) else {
            return;
        };
        let from = session.agency;
        let Some(log) = self.logs.get(&home) else { return };
        let abroad = summaries.iter().find(|summary| summary.agency == home);
        let is_here = |summary: &LogSummary| {
            let entries = summary.key_log.iter();
            // A ceremony held on an old key log would sign a second history of the root.
            summary.heads.iter().all(|head| log.holds(head))
                && entries.into_iter().all(|entry| log.key_log().holds(entry))
        };
        match abroad {
            Some(summary) if is_here(summary) => self.note_told(from),
            // It has got something meanwhile that is not here: that it had nothing, or no more than this, is its word no more.
            Some(_) => {
                self.own_log.hold_nothing.remove(&from);
                self.own_log.told.remove(&from);
            }
            // One that has nothing of it knows nothing of it; that all who are followed have nothing is a word.
            None => {
                self.own_log.hold_nothing.insert(from);
                match self.own_log.stage {
                    OwnLogStage::Known | OwnLogStage::WrittenElsewhere => {}
                    OwnLogStage::Lost => self.end_if_enough_told(),
                    OwnLogStage::Asking => {
                        let own = &self.own_log;
                        let all_told = |holder: &Hash| own.told.contains(holder) || own.hold_nothing.contains(holder);
                        if !self.is_held_by_some() && self.asked_holders().all(all_told) {
                            self.own_log.stage = OwnLogStage::Known;
                        }
                    }
                }
            }
        }
    }

    /// Takes a countersignature that was signed after the start for a word on how far the log reaches: who is met by its mirror
    /// alone gives no other.
    pub(super) fn hear_of_own_log_by(&mut self, held: &Countersignature) {
        let is_new = match self.own_log.stage {
            OwnLogStage::Asking => self.own_log.since.is_some_and(|since| held.at > since),
            OwnLogStage::Lost | OwnLogStage::Known | OwnLogStage::WrittenElsewhere => false,
        };
        let log = self.logs.get(&self.settings.home);
        if is_new && log.is_some_and(|log| held.heads.iter().all(|head| log.holds(head))) {
            self.note_told(held.agency);
        }
    }

    fn note_told(&mut self, agency: Hash) {
        self.own_log.told.insert(agency);
        self.end_if_enough_told();
    }

    fn end_if_enough_told(&mut self) {
        let words = self.words();
        let is_enough = mutant!(OneTellsForAll) || words.told >= words.needed;
        if is_enough && !self.is_written_elsewhere() {
            self.own_log.is_presumed = false;
            self.own_log.stage = OwnLogStage::Known;
        }
    }

    /// Returns true if this replica may say that its agency wrote no more than is here.
    pub(super) fn vouches(&self) -> bool {
        mutant!(VouchesUnheard) || self.knows_own_log()
    }
}
