//! The conversation with peers: what to answer, what to ask for.

use registry_schema::Timestamp;

use super::{AgencyLog, Replica, ReplicaEffect, ReplicaFailure, step::StepEffects, taking::IntakeOutcome};
use crate::{
    envelope::SignedEnvelope,
    message::{ByteString, LogSummary, MAX_HASHES, PAGE_BYTES, SyncRequest, SyncResponse},
    misbehaviour::Misbehaviour,
    mutant::mutant,
    session::{CallId, PeerSession, PendingRequest},
    signed::Hash,
};

/// Most pages in a row that a peer is asked for at once though they bring nothing: a mirror's first pages may be known.
const MAX_IDLE_PAGES: u32 = 64;

impl Replica {
    /// Begins the conversation with a peer that is there, unless it is turned away for now.
    ///
    /// It is told what was signed before it was met, and a moment later a heartbeat that was signed since: by the two it can
    /// compare its clock with this one's.
    pub(super) fn meet(&mut self, peer: Hash, session: PeerSession, now: Timestamp, step: &mut StepEffects) {
        if let Some(seconds) = self.paused(&peer, now) {
            step.last.push(ReplicaEffect::TurnAway { peer, seconds });
            return;
        }
        let is_mirror = session.is_mirror;
        self.sessions.entry(peer).or_insert(session);
        self.exchange(peer, now, step);
        if !is_mirror {
            self.first_met.get_or_insert(now);
            self.is_to_greet = true;
        }
    }

    pub(super) fn call(&mut self, peer: Hash, asked: PendingRequest, request: &SyncRequest, step: &mut StepEffects) {
        let Some(session) = self.sessions.get_mut(&peer) else {
            return;
        };
        self.last_call += 1;
        let call = CallId(self.last_call);
        session.ask(call, asked);
        step.after.push(ReplicaEffect::Call {
            peer,
            call,
            request: request.to_bytes(),
        });
    }

    /// The summaries of what this replica holds of each agency, as it tells it in an exchange.
    #[must_use]
    pub fn summaries(&self) -> Vec<LogSummary> {
        let summary = |(agency, log): (&Hash, &AgencyLog)| LogSummary {
            agency: *agency,
            key_log: log.key_log().leaves().into_iter().take(MAX_HASHES).collect(),
            heads: log
                .heads()
                .into_iter()
                .take(if mutant!(HeadsGoUntold) { 0 } else { MAX_HASHES })
                .collect(),
            heartbeats: log.counted().map(|h| h.signed().clone()).collect(),
        };
        self.logs.iter().map(summary).collect()
    }

    pub(super) fn exchange(&mut self, peer: Hash, now: Timestamp, step: &mut StepEffects) {
        let Some(session) = self.sessions.get_mut(&peer) else {
            return;
        };
        session.exchanged = Some(now);
        if !session.is_asking(&PendingRequest::Exchange) {
            let request = SyncRequest::Exchange(self.summaries());
            self.call(peer, PendingRequest::Exchange, &request, step);
        }
    }

    /// Decides whether a peer is asked for the next page at once: not after many in a row that brought nothing. Then the next
    /// exchange asks.
    fn goes_on(&mut self, peer: Hash, progress: bool) -> bool {
        let Some(session) = self.sessions.get_mut(&peer) else {
            return false;
        };
        session.idle_pages = if progress {
            0
        } else {
            session.idle_pages.saturating_add(1)
        };
        session.idle_pages <= MAX_IDLE_PAGES
    }

    /// Asks an agency's peers for all that differs, whatever was asked for in vain before; and tries those again that are in
    /// quarantine.
    pub(super) fn pull(&mut self, agency: Hash, now: Timestamp, step: &mut StepEffects) -> Result<(), ReplicaFailure> {
        self.declined.clear();
        for quarantine in self.quarantined.values_mut() {
            quarantine.again = now;
        }
        self.try_quarantined(now, step)?;
        let sessions = self.sessions.iter_mut().filter(|(_, session)| session.agency == agency);
        let mut peers = Vec::new();
        for (peer, session) in sessions {
            session.idle_pages = 0;
            peers.push(*peer);
        }
        for peer in peers {
            self.exchange(peer, now, step);
        }
        Ok(())
    }

    pub(super) fn exchange_with_all(&mut self, now: Timestamp, step: &mut StepEffects) {
        for peer in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.exchange(peer, now, step);
        }
    }

    pub(super) fn asked(
        &mut self,
        peer: Hash,
        call: CallId,
        request: SyncRequest,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let response = match request {
            SyncRequest::Exchange(summaries) => {
                self.hear_of_own_log(&peer, &summaries);
                self.consider(peer, summaries, now, step);
                SyncResponse::Exchange(self.summaries())
            }
            SyncRequest::KeyLog { agency, have } => {
                let page = self.logs.get(&agency).map(|log| log.key_log().page(&have, PAGE_BYTES));
                let (entries, more) = page.unwrap_or_default();
                SyncResponse::KeyLog { entries, more }
            }
            SyncRequest::Envelopes { agency, want, have } => {
                let page = self.logs.get(&agency).map(|log| log.page(&want, &have, PAGE_BYTES));
                let (envelopes, more) = page.transpose()?.unwrap_or_default();
                SyncResponse::Envelopes { envelopes, more }
            }
            SyncRequest::Push {
                agency,
                envelopes,
                heartbeat,
            } => {
                let IntakeOutcome { missing, .. } = self.take(peer, agency, envelopes, now, step)?;
                if !missing.is_empty() {
                    self.fetch(peer, agency, missing, now, step);
                }
                let summary = LogSummary {
                    agency,
                    key_log: vec![],
                    heads: vec![],
                    heartbeats: heartbeat.into_iter().collect(),
                };
                self.consider_push(peer, summary, now, step);
                SyncResponse::Received
            }
            SyncRequest::Whole { agency, envelopes } => SyncResponse::Envelopes {
                envelopes: self.whole(agency, &envelopes)?,
                more: false,
            },
            SyncRequest::Checkpoint { agency, name } => {
                let known = self.checkpoints.get(&agency).filter(|(known, _)| known.hash() == name);
                SyncResponse::Checkpoint(known.map(|(known, _)| known.signed().clone()))
            }
            SyncRequest::Rows { agency, page } => {
                let known = self.checkpoints.get(&agency);
                let found = known.and_then(|(checkpoint, pages)| {
                    let at = checkpoint.get().pages.iter().position(|name| *name == page)?;
                    pages.get(at).cloned()
                });
                SyncResponse::Rows(found.map(ByteString))
            }
            SyncRequest::Held(held) => {
                self.take_held(peer, held, now, step);
                SyncResponse::Received
            }
        };
        let response = response.to_bytes();
        step.after.insert(0, ReplicaEffect::Answer { call, response });
        Ok(())
    }

    /// These envelopes, up to a page.
    fn whole(&self, agency: Hash, envelopes: &[Hash]) -> Result<Vec<SignedEnvelope>, ReplicaFailure> {
        let (mut whole, mut bytes) = (Vec::new(), 0);
        let Some(log) = self.logs.get(&agency) else {
            return Ok(whole);
        };
        for hash in envelopes {
            let Some(envelope) = log.envelope(hash)? else { continue };
            let signed = envelope.signed();
            bytes += signed.bytes();
            if bytes > PAGE_BYTES {
                break;
            }
            whole.push(signed);
        }
        Ok(whole)
    }

    pub(super) fn answered(
        &mut self,
        peer: Hash,
        call: CallId,
        response: Option<Vec<u8>>,
        now: Timestamp,
        step: &mut StepEffects,
    ) -> Result<(), ReplicaFailure> {
        let Some(asked) = self.sessions.get_mut(&peer).and_then(|session| session.answered(call)) else {
            return Ok(());
        };
        let Some(response) = response else {
            if let PendingRequest::Rows(agency, _) = asked {
                self.adopting.remove(&agency);
            }
            return Ok(());
        };
        let Ok(response) = SyncResponse::read(&response) else {
            step.expel(peer, Misbehaviour::NotAMessage);
            return Ok(());
        };
        match (asked, response) {
            (PendingRequest::Exchange, SyncResponse::Exchange(summaries)) => {
                self.hear_of_own_log(&peer, &summaries);
                self.consider(peer, summaries, now, step);
            }
            (PendingRequest::Push | PendingRequest::Held, SyncResponse::Received) => {}
            (PendingRequest::KeyLog(agency), SyncResponse::KeyLog { entries, more }) => {
                if entries.is_empty() && more {
                    step.expel(peer, Misbehaviour::EmptyPage);
                    return Ok(());
                }
                self.take_entries(peer, agency, entries, now, step)?;
            }
            (PendingRequest::Envelopes(agency), SyncResponse::Envelopes { envelopes, more }) => {
                if envelopes.is_empty() && more {
                    step.expel(peer, Misbehaviour::EmptyPage);
                    return Ok(());
                }
                let taken = self.take(peer, agency, envelopes, now, step)?;
                let waits = agency == self.settings.home && !self.own_log.is_known();
                let log = self.logs.get(&agency);
                let missing = log.is_some_and(|log| log.missing() > 0 || log.base().is_some());
                let goes_on = self.goes_on(peer, taken.progress);
                if goes_on && (more || (taken.progress && (missing || waits))) {
                    self.exchange(peer, now, step);
                }
            }
            (PendingRequest::Newer(agency), SyncResponse::Envelopes { envelopes, .. }) => {
                self.take(peer, agency, envelopes, now, step)?;
                self.fetch(peer, agency, vec![], now, step);
            }
            (PendingRequest::Whole(agency), SyncResponse::Envelopes { envelopes, .. }) => {
                let given: Vec<Hash> = envelopes.iter().map(SignedEnvelope::name).collect();
                self.take(peer, agency, envelopes, now, step)?;
                self.blame(peer, agency, &given, step);
            }
            (PendingRequest::Checkpoint(agency, name), SyncResponse::Checkpoint(checkpoint)) => {
                self.take_checkpoint(peer, (agency, name), checkpoint, step)?;
                if !self.adopting.contains_key(&agency) {
                    self.exchange(peer, now, step);
                }
            }
            (PendingRequest::Rows(agency, page), SyncResponse::Rows(bytes)) => {
                self.take_rows(peer, (agency, page), bytes.map(|bytes| bytes.0), step)?;
            }
            _ => step.expel(peer, Misbehaviour::WrongAnswer),
        }
        Ok(())
    }
}
