//! Taking in what peers have: key logs, envelopes, heartbeats, countersignatures.

use registry_schema::Timestamp;

use super::{AgencyLog, Failed, Hash, KeyLog, OwnLog, Replica, Step};
use crate::{
    checkpoint::Held,
    envelope::SignedEnvelope,
    heartbeat::{Heartbeat, Unverified},
    key_log::{MAX_CHECKS, SignedEntry},
    log::Heard,
    message::{MAX_HASHES, Request, Summary},
    misbehaviour::Misbehaviour,
    mutant::mutant,
    session::Asked,
    signed::{Refused, Signed, Verified},
};

impl Replica {
    /// Whether all that a peer has of our own log is here. What is missing is fetched, and the peer asked again.
    pub(super) fn hear_of_own_log(&mut self, summaries: &[Summary]) {
        let home = self.settings.home;
        let Some(log) = self.logs.get(&home) else { return };
        let abroad = summaries.iter().find(|summary| summary.agency == home);
        let is_here = |summary: &Summary| {
            let entries = summary.key_log.iter();
            // A ceremony held on an old key log would sign a second history of the root.
            summary.heads.iter().all(|head| log.holds(head))
                && entries.into_iter().all(|entry| log.key_log().holds(entry))
        };
        if abroad.is_none_or(is_here) {
            self.own_log = OwnLog::Known;
        }
    }

    /// Looks at what a peer says it has, and asks for what is missing here.
    pub(super) fn consider(&mut self, peer: Hash, summaries: Vec<Summary>, now: Timestamp, step: &mut Step) {
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

    /// Says whether the peer is still to be listened to.
    fn consider_agency(&mut self, peer: Hash, summary: Summary, now: Timestamp, step: &mut Step) -> bool {
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
                        Heard::Counted => {
                            step.batch.heartbeats.push(heartbeat);
                            if log.leave_lost_base() {
                                step.batch.renewed.insert(agency);
                            }
                        }
                        Heard::Missing(heads) => missing.extend(heads),
                        Heard::Old | Heard::Ahead => {}
                    }
                }
                Err(Unverified::KeyLog(_)) => lacks_entries = true,
                Err(Unverified::Refused(refused)) => {
                    step.expel(peer, refused.into());
                    return false;
                }
            }
        }
        let begins = log.is_empty() && log.base().is_none() && agency != self.settings.home;
        if lacks_entries {
            self.ask_key_log(peer, agency, step);
        }
        let asked = checkpoint.is_some_and(|name| self.ask_checkpoint(peer, agency, name, step));
        let by_checkpoint = asked && begins;
        if !missing.is_empty() && !by_checkpoint {
            self.fetch(peer, agency, missing, step);
        }
        self.ask_whole(peer, agency, step);
        true
    }

    fn ask_key_log(&mut self, peer: Hash, agency: Hash, step: &mut Step) {
        let asked = Asked::KeyLog(agency);
        if self
            .sessions
            .get(&peer)
            .is_some_and(|session| session.is_asking(&asked))
        {
            return;
        }
        let have = self.logs.get(&agency).map(|log| log.key_log().leaves());
        let have = have.into_iter().flatten().take(MAX_HASHES).collect();
        self.call(peer, asked, &Request::KeyLog { agency, have }, step);
    }

    /// Asks for envelopes of which values are missing here that no tombstone explains.
    fn ask_whole(&mut self, peer: Hash, agency: Hash, step: &mut Step) {
        let Some(log) = self.logs.get(&agency) else { return };
        let envelopes: Vec<Hash> = log.gaps().iter().copied().take(MAX_HASHES).collect();
        let asked = Asked::Whole(agency);
        let asking = self
            .sessions
            .get(&peer)
            .is_some_and(|session| session.is_asking(&asked));
        if !envelopes.is_empty() && !asking {
            self.call(peer, asked, &Request::Whole { agency, envelopes }, step);
        }
    }

    /// Takes in entries of a key log.
    pub(super) fn take_entries(
        &mut self,
        peer: Hash,
        agency: Hash,
        entries: Vec<SignedEntry>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), Failed> {
        let Some(log) = self.logs.get_mut(&agency) else {
            return self.begin_log(peer, agency, entries, now, step);
        };
        let (rows, lot) = log.add_entries(entries)?;
        if lot.any {
            step.key_log_grew(log, rows);
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
        entries: Vec<SignedEntry>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), Failed> {
        if entries.is_empty() {
            return Ok(());
        }
        // Before anything else is read: a stranger's long key log would cost a second of signatures.
        if entries.first().map(SignedEntry::name) != Some(agency) && !mutant!(AnyKeyLogPasses) {
            step.expel(peer, Misbehaviour::ForeignKeyLog { asked: agency });
            return Ok(());
        }
        match KeyLog::begin(entries, MAX_CHECKS) {
            Ok((log, _)) => {
                let log = AgencyLog::within(log, self.settings.attic.clone());
                step.key_log_grew(&log, vec![]);
                self.logs.insert(agency, log);
                self.exchange(peer, now, step);
            }
            Err(refused) => step.expel(peer, refused.into()),
        }
        Ok(())
    }

    /// Asks a peer for envelopes with their ancestors, unless it is already asked for some of this agency.
    pub(super) fn fetch(&mut self, peer: Hash, agency: Hash, mut want: Vec<Hash>, step: &mut Step) {
        let session = self.sessions.get(&peer);
        let asking =
            session.is_some_and(|s| s.is_asking(&Asked::Envelopes(agency)) || s.is_asking(&Asked::Newer(agency)));
        let Some(log) = self.logs.get(&agency).filter(|_| !asking) else {
            return;
        };
        // The history behind a checkpoint comes first. Nobody may have it any more, so the rest is asked for too.
        if let Some(base) = log.base() {
            want.splice(0..0, base.get().heads.iter().copied());
        }
        want.truncate(MAX_HASHES);
        let have = log.heads().into_iter().take(MAX_HASHES).collect();
        let request = Request::Envelopes { agency, want, have };
        self.call(peer, Asked::Envelopes(agency), &request, step);
    }

    /// Takes in envelopes from a peer; gives the parents that are missing, if some are.
    pub(super) fn take(
        &mut self,
        peer: Hash,
        agency: Hash,
        envelopes: Vec<SignedEnvelope>,
        step: &mut Step,
    ) -> Result<Vec<Hash>, Failed> {
        // Whom this node left may still be pushed, by others, or asked for a moment ago.
        let is_followed = self.settings.pinned.contains(&agency);
        let Some(log) = self.logs.get_mut(&agency).filter(|_| is_followed) else {
            return Ok(vec![]);
        };
        let mut missing = Vec::new();
        let mut lacks_entries = false;
        for signed in envelopes {
            if log.needs_nothing_of(&signed) {
                continue;
            }
            match signed.verify(log.key_log()) {
                Ok(envelope) => match step.keep(log, envelope)? {
                    Ok(parents) => missing.extend(parents),
                    Err(refused) => {
                        step.expel(peer, refused.into());
                        break;
                    }
                },
                Err(Unverified::KeyLog(_)) => lacks_entries = true,
                Err(Unverified::Refused(refused)) => {
                    step.expel(peer, refused.into());
                    break;
                }
            }
        }
        if lacks_entries {
            self.ask_key_log(peer, agency, step);
        }
        Ok(missing)
    }

    /// Takes in a countersignature for our own log.
    pub(super) fn take_held(&mut self, peer: Hash, signed: Signed<Held>, step: &mut Step) {
        let Some(holder) = self.sessions.get(&peer).map(|session| session.agency) else {
            return;
        };
        let Some(log) = self.logs.get(&holder) else { return };
        match Held::read(signed, log.key_log()) {
            Ok(held) if held.get().of == self.settings.home => self.note_held(held, step),
            Ok(_) => step.expel(peer, Misbehaviour::WrongAnswer),
            Err(Unverified::KeyLog(_)) => self.ask_key_log(peer, holder, step),
            Err(Unverified::Refused(refused)) => step.expel(peer, refused.into()),
        }
    }

    fn note_held(&mut self, held: Verified<Held>, step: &mut Step) {
        let holder = held.get().agency;
        let known = self.reach.get(&holder);
        if known.is_none_or(|known| known.get().at <= held.get().at) {
            self.reach.insert(holder, held.clone());
            step.batch.held.push(held);
        }
    }

    /// Believes a countersignature for our own log that nobody's conversation brought, if an agency that is listened to
    /// signed it.
    ///
    /// # Errors
    /// [`Unverified`], if it is another's, of another log, or not what it says.
    pub fn check_posted(&self, signed: Signed<Held>) -> Result<Verified<Held>, Unverified> {
        let holder = signed.claim().map(|claim| claim.agency);
        let holder = holder.filter(|holder| *holder != self.settings.home && self.settings.pinned.contains(holder));
        let log = holder.and_then(|holder| self.logs.get(&holder));
        let log = log.ok_or(Unverified::Refused(Refused::Authority))?;
        let held = Held::read(signed, log.key_log())?;
        if held.get().of == self.settings.home {
            Ok(held)
        } else {
            Err(Unverified::Refused(Refused::Rule("it is for another agency's log")))
        }
    }

    /// Takes in what [`Replica::check_posted`] believes; what it does not, it passes over: nobody is to blame.
    pub(super) fn take_posted(&mut self, signed: Signed<Held>, step: &mut Step) {
        if let Ok(held) = self.check_posted(signed) {
            self.note_held(held, step);
        }
    }
}
