//! Taking in what peers have: key logs, envelopes, heartbeats, countersignatures.

use registry_schema::Timestamp;

use super::{AgencyLog, Hash, KeyLog, QuotaLimit, Replica, ReplicaFailure, StepEffects, accounts::work_done};
use crate::{
    checkpoint::Countersignature,
    envelope::SignedEnvelope,
    heartbeat::{Heartbeat, UnverifiedStatement},
    key_log::{MAX_CHECKS, SignedKeyLogEntry},
    log::HeartbeatOutcome,
    message::{LogSummary, MAX_HASHES, SyncRequest},
    misbehaviour::Misbehaviour,
    mutant::mutant,
    session::PendingRequest,
    signed::{InvalidStatement, Signed, Verified},
};

/// Between two countersignatures of one holder that are written, in milliseconds.
const POSTING_PAUSE: i64 = 1000;

/// The time at which a holder's countersignature was written last, and a newer one that waits.
#[derive(Debug)]
pub(super) struct CountersignatureThrottle {
    written: Option<Timestamp>,
    waiting: Option<Verified<Countersignature>>,
}

/// The outcome of taking in envelopes that a peer gave.
#[derive(Debug, Default)]
pub(super) struct IntakeOutcome {
    /// The parents that are missing.
    pub(super) missing: Vec<Hash>,
    /// True if something is here that was not.
    pub(super) progress: bool,
}

/// The result of taking in some envelopes.
#[derive(Default)]
struct BatchOutcome {
    checked: u64,
    lacks_entries: bool,
    is_cut_short: bool,
    limit: Option<QuotaLimit>,
}

impl Replica {
    /// Looks at what a peer says it has, and asks for what is missing here.
    pub(super) fn consider(&mut self, peer: Hash, summaries: Vec<LogSummary>, now: Timestamp, step: &mut StepEffects) {
        if let Some(session) = self.sessions.get_mut(&peer) {
            let pinned = &self.settings.pinned;
            let followed = summaries.iter().filter(|summary| pinned.contains(&summary.agency));
            session.told = followed.map(|summary| (summary.agency, summary.clone())).collect();
        }
        let from = self.sessions.get(&peer).map(|session| session.agency);
        for summary in summaries {
            if let Some(agency) = from {
                self.note_clock(agency, &summary, now);
            }
            if self.settings.pinned.contains(&summary.agency) && !self.consider_agency(peer, summary, now, step) {
                return;
            }
        }
    }

    /// Looks at the heartbeat that came with a push.
    pub(super) fn consider_push(&mut self, peer: Hash, summary: LogSummary, now: Timestamp, step: &mut StepEffects) {
        if self.settings.pinned.contains(&summary.agency) {
            if let Some(agency) = self.sessions.get(&peer).map(|session| session.agency) {
                self.note_clock(agency, &summary, now);
            }
            self.consider_agency(peer, summary, now, step);
        }
    }

    /// Says whether the peer is still to be listened to.
    fn consider_agency(&mut self, peer: Hash, summary: LogSummary, now: Timestamp, step: &mut StepEffects) -> bool {
        let agency = summary.agency;
        let Some(log) = self.logs.get_mut(&agency) else {
            self.ask_key_log(peer, agency, step);
            return true;
        };
        let mut lacks_entries = summary.key_log.iter().any(|entry| !log.key_log().holds(entry));
        let heads = summary.heads.into_iter();
        let mut missing: Vec<Hash> = heads.filter(|head| !log.holds(head)).collect();
        let mut checkpoint = None;
        for signed in summary.heartbeats {
            // Most of what an exchange names was heard before; it costs no second look at the signature.
            if let Some(known) = log.counted().find(|known| *known.signed() == signed) {
                checkpoint = known.get().checkpoint.or(checkpoint);
                continue;
            }
            if log.would_not_count(&signed, now) {
                continue;
            }
            match Heartbeat::read(signed, log.key_log()) {
                Ok(heartbeat) => {
                    checkpoint = heartbeat.get().checkpoint.or(checkpoint);
                    match log.hear(heartbeat.clone(), now) {
                        HeartbeatOutcome::Counted => {
                            step.batch.heartbeats.push(heartbeat);
                            if log.leave_lost_base() {
                                step.batch.renewed.insert(agency);
                            }
                        }
                        HeartbeatOutcome::Missing(heads) => missing.extend(heads),
                        HeartbeatOutcome::Old | HeartbeatOutcome::Ahead => {}
                    }
                }
                Err(UnverifiedStatement::KeyLog(_)) => lacks_entries = true,
                Err(UnverifiedStatement::Refused(refused)) => {
                    step.expel(peer, refused.into());
                    return false;
                }
            }
        }
        let begins = log.is_empty() && log.base().is_none() && agency != self.settings.home;
        // What is to be taken in costs work. Who has used up its share is asked for when there is more of it.
        if !self.has_work_left(agency, now) {
            return true;
        }
        if lacks_entries {
            self.ask_key_log(peer, agency, step);
        }
        let asked = checkpoint.is_some_and(|name| self.ask_checkpoint(peer, agency, name, step));
        let by_checkpoint = asked && begins;
        if !missing.is_empty() && !by_checkpoint {
            self.fetch(peer, agency, missing, now, step);
        }
        self.ask_whole(peer, agency, step);
        true
    }

    fn ask_key_log(&mut self, peer: Hash, agency: Hash, step: &mut StepEffects) {
        let asked = PendingRequest::KeyLog(agency);
        if self
            .sessions
            .get(&peer)
            .is_some_and(|session| session.is_asking(&asked))
        {
            return;
        }
        let have = self.logs.get(&agency).map(|log| log.key_log().leaves());
        let have = have.into_iter().flatten().take(MAX_HASHES).collect();
        self.call(peer, asked, &SyncRequest::KeyLog { agency, have }, step);
    }

    /// Asks for envelopes of which values are missing here that no tombstone explains.
    fn ask_whole(&mut self, peer: Hash, agency: Hash, step: &mut StepEffects) {
        let Some(log) = self.logs.get(&agency) else { return };
        let envelopes: Vec<Hash> = log.gaps().iter().copied().take(MAX_HASHES).collect();
        let asked = PendingRequest::Whole(agency);
        let asking = self
            .sessions
            .get(&peer)
            .is_some_and(|session| session.is_asking(&asked));
        if !envelopes.is_empty() && !asking {
            self.call(peer, asked, &SyncRequest::Whole { agency, envelopes }, step);
        }
    }

    /// Takes in entries of a key log.
    pub(super) fn take_entries(
        &mut self,
        peer: Hash,
        agency: Hash,
        entries: Vec<SignedKeyLogEntry>,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        if !self.has_work_left(agency, now) {
            return Ok(());
        }
        let Some(log) = self.logs.get_mut(&agency) else {
            return self.begin_log(peer, agency, entries, now, step);
        };
        let (before, checked) = (log.work(), entries.len() as u64);
        let (rows, lot) = log.add_entries(entries)?;
        let work = work_done(log, before, checked);
        if lot.any {
            step.key_log_grew(log, rows);
        }
        self.account(agency, now).spend_work(work);
        self.inspect(agency, now, step)?;
        if lot.any {
            // What was not looked at yet is asked for again.
            self.exchange(peer, now, step);
        }
        if let Some(refused) = lot.refused {
            step.expel(peer, refused.into());
        }
        Ok(())
    }

    fn begin_log(
        &mut self,
        peer: Hash,
        agency: Hash,
        entries: Vec<SignedKeyLogEntry>,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        if entries.is_empty() {
            return Ok(());
        }
        // Before anything else is read: a stranger's long key log would cost a second of signatures.
        if entries.first().map(SignedKeyLogEntry::name) != Some(agency) && !mutant!(AnyKeyLogPasses) {
            step.expel(peer, Misbehaviour::ForeignKeyLog { asked: agency });
            return Ok(());
        }
        match KeyLog::begin(entries, MAX_CHECKS) {
            Ok((log, _)) => {
                let mut log = AgencyLog::within(log, self.settings.blobs.clone());
                log.hold_back(self.quarantined.contains_key(&agency));
                step.key_log_grew(&log, vec![]);
                self.logs.insert(agency, log);
                self.exchange(peer, now, step);
            }
            Err(refused) => step.expel(peer, refused.into()),
        }
        Ok(())
    }

    /// Asks a peer for envelopes with their ancestors, unless it is already asked for some of this agency.
    pub(super) fn fetch(
        &mut self,
        peer: Hash,
        agency: Hash,
        mut want: Vec<Hash>,
        now: Timestamp,
        step: &mut StepEffects,
    ) {
        if !self.has_work_left(agency, now) {
            return;
        }
        let session = self.sessions.get(&peer);
        let asking = session.is_some_and(|s| {
            s.is_asking(&PendingRequest::Envelopes(agency)) || s.is_asking(&PendingRequest::Newer(agency))
        });
        let Some(log) = self.logs.get(&agency).filter(|_| !asking) else {
            return;
        };
        // The history behind a checkpoint comes first. Nobody may have it any more, so the rest is asked for too.
        if let Some(base) = log.base() {
            want.splice(0..0, base.get().heads.iter().copied());
        }
        want.truncate(MAX_HASHES);
        let have = log.heads().into_iter().take(MAX_HASHES).collect();
        let request = SyncRequest::Envelopes { agency, want, have };
        self.call(peer, PendingRequest::Envelopes(agency), &request, step);
    }

    /// Takes in envelopes from a peer.
    pub(super) fn take(
        &mut self,
        peer: Hash,
        agency: Hash,
        envelopes: Vec<SignedEnvelope>,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<IntakeOutcome, ReplicaFailure> {
        // Whom this node left may still be pushed, by others, or asked for a moment ago.
        let is_followed = self.settings.pinned.contains(&agency) && self.logs.contains_key(&agency);
        if envelopes.is_empty() || !is_followed || !self.has_work_left(agency, now) {
            return Ok(IntakeOutcome::default());
        }
        self.account(agency, now);
        let is_home = agency == self.settings.home;
        let signs = self.foreign_writer_signs().filter(|_| is_home);
        let mut by_another = None;
        let (Some(log), Some(account)) = (self.logs.get_mut(&agency), self.accounts.get_mut(&agency)) else {
            return Ok(IntakeOutcome::default());
        };
        let (work, held) = (log.work(), (log.len(), log.gaps().len()));
        let mut taken = IntakeOutcome::default();
        let mut lot = BatchOutcome::default();
        for signed in envelopes {
            if log.needs_nothing_of(&signed) {
                continue;
            }
            if !is_home && !account.has_work_left(work_done(log, work, lot.checked)) {
                lot.is_cut_short = true;
                break;
            }
            lot.checked += 1;
            let envelope = match signed.verify(log.key_log()) {
                Ok(envelope) => envelope,
                Err(UnverifiedStatement::KeyLog(_)) => {
                    lot.lacks_entries = true;
                    continue;
                }
                Err(UnverifiedStatement::Refused(refused)) => {
                    step.expel(peer, refused.into());
                    break;
                }
            };
            if signs.as_ref().is_some_and(|signs| signs.are_on(&envelope, log)) {
                by_another = by_another.or_else(|| Some(envelope.hash()));
            }
            // A log of one's own is taken in whole: its writer cannot join what it does not know.
            let limit = account.limit(log, &envelope, &self.settings.quota).filter(|_| !is_home);
            if limit.is_some() {
                lot.limit = limit;
                let rows = log.count_what_it_takes_away(&envelope);
                step.set_aside(envelope, rows);
                continue;
            }
            let bytes = envelope.packed().len();
            match step.keep(log, envelope)? {
                Ok(parents) if parents.is_empty() => account.spend_bytes(bytes),
                Ok(parents) => taken.missing.extend(parents),
                Err(refused) => {
                    step.expel(peer, refused.into());
                    break;
                }
            }
        }
        step.settle(log)?;
        account.spend_work(work_done(log, work, lot.checked));
        taken.progress = (log.len(), log.gaps().len()) != held;
        if let Some(envelope) = by_another {
            self.stop_for(envelope, step);
        }
        if lot.limit.is_some() || taken.progress {
            self.note_limit(agency, lot.limit, now, step);
        }
        self.inspect(agency, now, step)?;
        if lot.is_cut_short {
            self.behind.insert(agency);
        }
        if lot.lacks_entries {
            self.ask_key_log(peer, agency, step);
        }
        Ok(taken)
    }

    /// Blames a peer that gave envelopes without values, though by its own word it holds them whole: all that it told of is
    /// here, and nothing in it says that the values were expunged.
    pub(super) fn blame(&mut self, peer: Hash, agency: Hash, given: &[Hash], step: &mut StepEffects) {
        let told = self.sessions.get(&peer).and_then(|session| session.told.get(&agency));
        let (Some(told), Some(log)) = (told, self.logs.get(&agency)) else {
            return;
        };
        let leaves = log.key_log().leaves();
        let same_keys = leaves.len() < MAX_HASHES && leaves == told.key_log;
        let all_here = told.heads.len() < MAX_HASHES && told.heads.iter().all(|head| log.holds(head));
        let counted = told.heartbeats.iter().filter_map(Signed::claim);
        let counted: Vec<Vec<Hash>> = counted.map(|heartbeat| heartbeat.heads).collect();
        let is_stripped = |hash: &Hash| log.was_stripped(hash) && counted.iter().any(|heads| log.reaches(heads, hash));
        if same_keys && all_here && given.iter().any(is_stripped) {
            step.expel(peer, Misbehaviour::Stripped);
        }
    }

    /// Takes in a countersignature for our own log.
    pub(super) fn take_held(
        &mut self,
        peer: Hash,
        signed: Signed<Countersignature>,
        now: Timestamp,
        step: &mut StepEffects,
    ) {
        let Some(holder) = self.sessions.get(&peer).map(|session| session.agency) else {
            return;
        };
        let Some(log) = self.logs.get(&holder) else { return };
        match Countersignature::read(signed, log.key_log()) {
            Ok(held) if held.get().of == self.settings.home => self.note_held(held, now, step),
            Ok(_) => step.expel(peer, Misbehaviour::WrongAnswer),
            Err(UnverifiedStatement::KeyLog(_)) => self.ask_key_log(peer, holder, step),
            Err(UnverifiedStatement::Refused(refused)) => step.expel(peer, refused.into()),
        }
    }

    /// Notes how far somebody holds our own log. The same again is nothing new, and what changes often is written once a
    /// second: nobody makes this node write without end.
    fn note_held(&mut self, held: Verified<Countersignature>, now: Timestamp, step: &mut StepEffects) {
        self.hear_of_own_log_by(held.get());
        let holder = held.get().agency;
        let known = self.reach.get(&holder).map(Verified::get);
        if known.is_some_and(|known| known.at > held.get().at || known.heads == held.get().heads) {
            return;
        }
        let posting = self.postings.entry(holder).or_insert(CountersignatureThrottle {
            written: None,
            waiting: None,
        });
        if posting
            .written
            .is_some_and(|written| (0..POSTING_PAUSE).contains(&(now.0 - written.0)))
        {
            let waiting = posting.waiting.as_ref().map(|waiting| waiting.get().at);
            if waiting.is_none_or(|at| at <= held.get().at) {
                posting.waiting = Some(held);
            }
            return;
        }
        *posting = CountersignatureThrottle {
            written: Some(now),
            waiting: None,
        };
        self.reach.insert(holder, held.clone());
        step.batch.held.push(held);
    }

    /// Notes the countersignatures that waited.
    pub(super) fn flush_postings(&mut self, now: Timestamp, step: &mut StepEffects) {
        let waiting = self.postings.values_mut().filter_map(|posting| posting.waiting.take());
        for held in waiting.collect::<Vec<_>>() {
            self.note_held(held, now, step);
        }
    }

    /// Believes a countersignature for our own log that nobody's conversation brought, if an agency that is listened to
    /// signed it.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is another's, of another log, or not what it says.
    pub fn check_posted(
        &self,
        signed: Signed<Countersignature>,
    ) -> Result<Verified<Countersignature>, UnverifiedStatement> {
        let holder = signed.claim().map(|claim| claim.agency);
        let holder = holder.filter(|holder| *holder != self.settings.home && self.settings.pinned.contains(holder));
        let log = holder.and_then(|holder| self.logs.get(&holder));
        let log = log.ok_or(UnverifiedStatement::Refused(InvalidStatement::Authority))?;
        let held = Countersignature::read(signed, log.key_log())?;
        if held.get().of == self.settings.home {
            Ok(held)
        } else {
            Err(UnverifiedStatement::Refused(InvalidStatement::Rule(
                "it is for another agency's log",
            )))
        }
    }

    /// Takes in what [`Replica::check_posted`] believes; what it does not, it passes over: nobody is to blame.
    pub(super) fn take_posted(&mut self, signed: Signed<Countersignature>, now: Timestamp, step: &mut StepEffects) {
        if let Ok(held) = self.check_posted(signed) {
            self.note_held(held, now, step);
        }
    }
}
