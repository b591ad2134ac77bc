//! The conversation with peers: what to answer, what to ask for, what to take in.

use registry_schema::Timestamp;

use super::{Effect, Failed, OwnLog, Replica, step::Step};
use crate::{
    envelope::SignedEnvelope,
    heartbeat::Heartbeat,
    key_log::KeyLog,
    log::{AgencyLog, Heard},
    message::{MAX_HASHES, PAGE_BYTES, Request, Response, Summary},
    misbehaviour::Misbehaviour,
    session::{Asked, CallId},
    signed::Hash,
};

impl Replica {
    pub(super) fn call(&mut self, peer: Hash, asked: Asked, request: &Request, step: &mut Step) {
        let Some(session) = self.sessions.get_mut(&peer) else {
            return;
        };
        self.last_call += 1;
        let call = CallId(self.last_call);
        session.ask(call, asked);
        step.after.push(Effect::Call {
            peer,
            call,
            request: request.to_bytes(),
        });
    }

    fn summaries(&self) -> Vec<Summary> {
        let summary = |(agency, log): (&Hash, &AgencyLog)| Summary {
            agency: *agency,
            heads: log.heads().into_iter().take(MAX_HASHES).collect(),
            heartbeats: log.counted().map(|h| h.signed().clone()).collect(),
        };
        self.logs.iter().map(summary).collect()
    }

    pub(super) fn exchange(&mut self, peer: Hash, now: Timestamp, step: &mut Step) {
        let Some(session) = self.sessions.get_mut(&peer) else {
            return;
        };
        session.exchanged = Some(now);
        if !session.is_asking(&Asked::Exchange) {
            let request = Request::Exchange(self.summaries());
            self.call(peer, Asked::Exchange, &request, step);
        }
    }

    pub(super) fn asked(
        &mut self,
        peer: Hash,
        call: CallId,
        request: Request,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), Failed> {
        let response = match request {
            Request::Exchange(summaries) => {
                self.consider(peer, summaries, now, step);
                Response::Exchange(self.summaries())
            }
            Request::KeyLog { agency } => Response::KeyLog(
                self.logs
                    .get(&agency)
                    .map(|log| log.key_log().signed())
                    .unwrap_or_default(),
            ),
            Request::Envelopes { agency, want, have } => {
                let page = self.logs.get(&agency).map(|log| log.page(&want, &have, PAGE_BYTES));
                let (envelopes, more) = page.unwrap_or_default();
                Response::Envelopes { envelopes, more }
            }
            Request::Push {
                agency,
                envelopes,
                heartbeat,
            } => {
                if let Some(missing) = self.take(peer, agency, envelopes, step)? {
                    self.fetch(peer, agency, missing, step);
                }
                let heartbeats = heartbeat.into_iter().collect();
                self.consider(
                    peer,
                    vec![Summary {
                        agency,
                        heads: vec![],
                        heartbeats,
                    }],
                    now,
                    step,
                );
                Response::Received
            }
        };
        step.after.insert(
            0,
            Effect::Answer {
                call,
                response: response.to_bytes(),
            },
        );
        Ok(())
    }

    pub(super) fn answered(
        &mut self,
        peer: Hash,
        call: CallId,
        response: Option<Vec<u8>>,
        now: Timestamp,
        step: &mut Step,
    ) -> Result<(), Failed> {
        let Some(asked) = self.sessions.get_mut(&peer).and_then(|session| session.answered(call)) else {
            return Ok(());
        };
        let Some(response) = response else { return Ok(()) };
        let Ok(response) = Response::read(&response) else {
            step.expel(peer, Misbehaviour::NotAMessage);
            return Ok(());
        };
        match (asked, response) {
            (Asked::Exchange, Response::Exchange(summaries)) => {
                self.hear_of_own_log(&summaries);
                self.consider(peer, summaries, now, step);
            }
            (Asked::Push, Response::Received) => {}
            // Another peer may have answered first; a log that is here already is not begun again.
            (Asked::KeyLog(asked), Response::KeyLog(_)) if self.logs.contains_key(&asked) => {}
            (Asked::KeyLog(asked), Response::KeyLog(entries)) if !entries.is_empty() => match KeyLog::read(entries) {
                Ok(log) if log.genesis() == asked => {
                    self.logs.insert(asked, AgencyLog::new(log.clone()));
                    step.batch.key_logs.push(log);
                    self.exchange(peer, now, step);
                }
                Ok(_) => step.expel(peer, Misbehaviour::ForeignKeyLog { asked }),
                Err(refused) => step.expel(peer, refused.into()),
            },
            (Asked::KeyLog(_), Response::KeyLog(_)) => {}
            (Asked::Envelopes(agency), Response::Envelopes { envelopes, more }) => {
                if envelopes.is_empty() && more {
                    step.expel(peer, Misbehaviour::EmptyPage);
                    return Ok(());
                }
                let progress = !envelopes.is_empty();
                self.take(peer, agency, envelopes, step)?;
                let waits = agency == self.settings.home && self.own_log != OwnLog::Known;
                let missing = self.logs.get(&agency).is_some_and(|log| log.missing() > 0);
                if more || (progress && (missing || waits)) {
                    self.exchange(peer, now, step);
                }
            }
            _ => step.expel(peer, Misbehaviour::WrongAnswer),
        }
        Ok(())
    }

    /// Whether all that a peer has of our own log is here. What is missing is fetched, and the peer asked again.
    fn hear_of_own_log(&mut self, summaries: &[Summary]) {
        let home = self.settings.home;
        let Some(log) = self.logs.get(&home) else { return };
        let abroad = summaries.iter().find(|summary| summary.agency == home);
        if abroad.is_none_or(|summary| summary.heads.iter().all(|head| log.holds(head))) {
            self.own_log = OwnLog::Known;
        }
    }

    /// Looks at what a peer says it has, and asks for what is missing here.
    fn consider(&mut self, peer: Hash, summaries: Vec<Summary>, now: Timestamp, step: &mut Step) {
        for Summary {
            agency,
            heads,
            heartbeats,
        } in summaries
        {
            if !self.settings.pinned.contains(&agency) {
                continue;
            }
            let Some(log) = self.logs.get_mut(&agency) else {
                let asking = self
                    .sessions
                    .get(&peer)
                    .is_some_and(|s| s.is_asking(&Asked::KeyLog(agency)));
                if !asking {
                    self.call(peer, Asked::KeyLog(agency), &Request::KeyLog { agency }, step);
                }
                continue;
            };
            let mut missing: Vec<Hash> = heads.into_iter().filter(|head| !log.holds(head)).collect();
            for signed in heartbeats {
                match Heartbeat::read(signed, log.key_log()) {
                    Ok(heartbeat) => match log.hear(heartbeat.clone(), now) {
                        Heard::Counted => step.batch.heartbeats.push(heartbeat),
                        Heard::Missing(heads) => missing.extend(heads),
                        Heard::Old | Heard::Ahead => {}
                    },
                    Err(refused) => return step.expel(peer, refused.into()),
                }
            }
            if !missing.is_empty() {
                self.fetch(peer, agency, missing, step);
            }
        }
    }

    /// Asks a peer for envelopes with their ancestors, unless it is already asked for some of this agency.
    fn fetch(&mut self, peer: Hash, agency: Hash, mut want: Vec<Hash>, step: &mut Step) {
        let asking = self
            .sessions
            .get(&peer)
            .is_some_and(|s| s.is_asking(&Asked::Envelopes(agency)));
        let Some(log) = self.logs.get(&agency).filter(|_| !asking) else {
            return;
        };
        want.truncate(MAX_HASHES);
        let have = log.heads().into_iter().take(MAX_HASHES).collect();
        self.call(
            peer,
            Asked::Envelopes(agency),
            &Request::Envelopes { agency, want, have },
            step,
        );
    }

    /// Takes in envelopes from a peer; gives the parents that are missing, if some are.
    fn take(
        &mut self,
        peer: Hash,
        agency: Hash,
        envelopes: Vec<SignedEnvelope>,
        step: &mut Step,
    ) -> Result<Option<Vec<Hash>>, Failed> {
        let Some(log) = self.logs.get_mut(&agency) else {
            return Ok(None);
        };
        let mut missing = Vec::new();
        for signed in envelopes {
            match signed.verify(log.key_log()) {
                Ok(envelope) => missing.extend(step.keep(log, envelope)?),
                Err(refused) => {
                    step.expel(peer, refused.into());
                    break;
                }
            }
        }
        Ok((!missing.is_empty()).then_some(missing))
    }
}
