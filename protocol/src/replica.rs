//! The replica: all logs that this node holds, and what to do about each event.
//!
//! Invariant: an effect that tells somebody of a change comes after the [`Effect::Persist`] of that change, and the
//! driver carries effects out in their order. So nobody ever hears of what a power cut could take back.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::Timestamp;

use crate::{
    document::{Broken, Row},
    envelope::{Envelope, Put, SignedEnvelope},
    heartbeat::Heartbeat,
    key_log::KeyLog,
    log::{AgencyLog, Heard, Keeping},
    message::{MAX_HASHES, PAGE_BYTES, Request, Response, Summary},
    misbehaviour::Misbehaviour,
    session::{Asked, Session},
    signed::{Hash, Refused, Signed, SigningKey, Verified},
};

/// A call to a peer, and the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What a replica is told at its start.
#[derive(Debug)]
pub struct Settings {
    /// The agencies that this node holds logs of: genesis hashes, its own included. Others are not listened to.
    pub pinned: BTreeSet<Hash>,
    /// This node's own agency.
    pub home: Hash,
    /// Its writer key.
    pub key: SigningKey,
    /// Seconds between two heartbeats.
    pub heartbeat_every: i64,
    /// Seconds for which a heartbeat holds.
    pub heartbeat_term: i64,
    /// Seconds between two exchanges with a connected peer.
    pub exchange_every: i64,
}

/// Something happened.
#[derive(Debug)]
pub enum Event {
    /// The agency writes to its own lists.
    Authored(Vec<Put>),
    /// A peer is there; its name is the hash of its agency's first key-log entry.
    Connected(Hash),
    /// A peer is gone.
    Disconnected(Hash),
    /// A peer asks; `call` is the driver's name for the place where the answer goes.
    Asked {
        /// Who.
        peer: Hash,
        /// Where the answer goes.
        call: CallId,
        /// The request's bytes.
        request: Vec<u8>,
    },
    /// A peer answers one of our calls.
    Answered {
        /// Who.
        peer: Hash,
        /// Which call.
        call: CallId,
        /// The response's bytes; none, if the call failed.
        response: Option<Vec<u8>>,
    },
    /// Time went by.
    Tick,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Write all of it in one transaction; nothing after this effect is done before it is durable.
    Persist(Batch),
    /// Send a request to a peer.
    Call {
        /// To whom.
        peer: Hash,
        /// Our name for the call.
        call: CallId,
        /// The bytes.
        request: Vec<u8>,
    },
    /// Answer a peer.
    Answer {
        /// Where the answer goes.
        call: CallId,
        /// The bytes.
        response: Vec<u8>,
    },
    /// A writer of this agency has two histories: these two envelopes do not know of each other.
    Forked {
        /// Whose.
        agency: Hash,
        /// The two.
        pair: (Hash, Hash),
    },
    /// End the conversation with a peer, and write down why.
    Expel {
        /// Whom.
        peer: Hash,
        /// Why.
        why: Misbehaviour,
    },
}

/// What one step adds to the store.
#[derive(Debug, Default)]
pub struct Batch {
    /// Key logs heard for the first time.
    pub key_logs: Vec<KeyLog>,
    /// Envelopes, each after its parents.
    pub envelopes: Vec<Envelope>,
    /// Rows as they are now; they follow from the envelopes.
    pub rows: Vec<Row>,
    /// Heartbeats that count now.
    pub heartbeats: Vec<Verified<Heartbeat>>,
}

impl Batch {
    const fn is_empty(&self) -> bool {
        self.key_logs.is_empty() && self.envelopes.is_empty() && self.heartbeats.is_empty()
    }
}

/// Why the replica cannot go on: it must be made again from the store.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A document cannot be built.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// What this node itself wrote is refused.
    #[error("this node's own writing is refused: {0}")]
    Own(#[from] Refused),
    /// The own key log is not there.
    #[error("this node's own key log is not in the store")]
    NoKeyLog,
    /// An envelope in the store does not follow its parents.
    #[error("an envelope in the store comes before its parents")]
    StoreOrder,
}

/// All logs that this node holds.
#[derive(Debug)]
pub struct Replica {
    settings: Settings,
    logs: BTreeMap<Hash, AgencyLog>,
    sessions: BTreeMap<Hash, Session>,
    last_call: u64,
    last_beat: Option<Timestamp>,
}

impl Replica {
    /// A replica that holds what the store holds: key logs, then envelopes in the order in which they were kept,
    /// then heartbeats, each with its agency. Signatures are checked again: a disk is not to be trusted blindly either.
    ///
    /// # Errors
    /// [`Failed`], if the store holds what it should not.
    pub fn restore(
        settings: Settings,
        key_logs: Vec<KeyLog>,
        envelopes: Vec<(Hash, SignedEnvelope)>,
        heartbeats: Vec<(Hash, Signed<Heartbeat>)>,
    ) -> Result<Self, Failed> {
        let mut logs: BTreeMap<Hash, AgencyLog> =
            key_logs.into_iter().map(|log| (log.genesis(), AgencyLog::new(log))).collect();
        for (agency, signed) in envelopes {
            let log = logs.get_mut(&agency).ok_or(Failed::NoKeyLog)?;
            let envelope = signed.verify(log.key_log())?;
            if matches!(log.keep(envelope)?, Keeping::Missing(_)) {
                return Err(Failed::StoreOrder);
            }
        }
        for (agency, signed) in heartbeats {
            let log = logs.get_mut(&agency).ok_or(Failed::NoKeyLog)?;
            let heartbeat = Heartbeat::read(signed, log.key_log())?;
            let issued = heartbeat.get().issued;
            log.hear(heartbeat, issued);
        }
        if !logs.contains_key(&settings.home) {
            return Err(Failed::NoKeyLog);
        }
        Ok(Self { settings, logs, sessions: BTreeMap::new(), last_call: 0, last_beat: None })
    }

    /// The logs, by agency.
    #[must_use]
    pub const fn logs(&self) -> &BTreeMap<Hash, AgencyLog> {
        &self.logs
    }

    /// What to do about an event.
    ///
    /// # Errors
    /// [`Failed`]: then this replica is worth nothing any more, and is made again from the store.
    pub fn handle(
        &mut self,
        event: Event,
        now: Timestamp,
        rng: &mut dyn rand::Rng,
    ) -> Result<Vec<Effect>, Failed> {
        let mut step = Step::default();
        match event {
            Event::Authored(puts) => self.author(puts, now, rng, &mut step)?,
            Event::Connected(peer) => {
                self.sessions.entry(peer).or_default();
                self.exchange(peer, now, &mut step);
            }
            Event::Disconnected(peer) => {
                self.sessions.remove(&peer);
            }
            Event::Asked { peer, call, request } => match Request::read(&request) {
                Ok(request) => self.asked(peer, call, request, now, &mut step)?,
                Err(_) => step.expel(peer, Misbehaviour::NotAMessage),
            },
            Event::Answered { peer, call, response } => self.answered(peer, call, response, now, &mut step)?,
            Event::Tick => self.tick(now, &mut step)?,
        }
        for (peer, _) in &step.expelled {
            self.sessions.remove(peer);
        }
        Ok(step.into_effects())
    }

    fn author(
        &mut self,
        puts: Vec<Put>,
        now: Timestamp,
        rng: &mut dyn rand::Rng,
        step: &mut Step,
    ) -> Result<(), Failed> {
        let log = self.logs.get_mut(&self.settings.home).ok_or(Failed::NoKeyLog)?;
        let envelope = Envelope::seal(&self.settings.key, log.key_log(), log.heads(), now, puts, rng)?;
        let pushed = vec![envelope.signed()];
        step.keep(log, envelope)?;
        self.beat(now, step)?;
        self.push(pushed, step);
        Ok(())
    }

    /// Signs a heartbeat for the log as it is now.
    fn beat(&mut self, now: Timestamp, step: &mut Step) -> Result<(), Failed> {
        let log = self.logs.get_mut(&self.settings.home).ok_or(Failed::NoKeyLog)?;
        // Strictly later than the last, even if the clock stood still or went back: of two, the newer counts.
        let writer = self.settings.key.public();
        let last = log.counted().map(Verified::get).filter(|h| h.writer == writer).map(|h| h.issued).max();
        let issued = last.map_or(now, |last| now.max(Timestamp(last.0 + 1)));
        let heartbeat = self.settings.key.sign(&Heartbeat {
            version: 1,
            agency: log.key_log().genesis(),
            writer,
            key_log: log.key_log().head(),
            heads: log.heads(),
            issued,
            next_by: issued.plus_seconds(self.settings.heartbeat_term),
        })?;
        log.hear(heartbeat.clone(), issued);
        step.batch.heartbeats.push(heartbeat);
        self.last_beat = Some(now);
        Ok(())
    }

    /// Sends what this agency just wrote to all who are there.
    fn push(&mut self, envelopes: Vec<SignedEnvelope>, step: &mut Step) {
        let agency = self.settings.home;
        let heartbeat = step.batch.heartbeats.last().map(|h| h.signed().clone());
        let request = Request::Push { agency, envelopes, heartbeat };
        for peer in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.call(peer, Asked::Push, &request, step);
        }
    }

    fn call(&mut self, peer: Hash, asked: Asked, request: &Request, step: &mut Step) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        self.last_call += 1;
        let call = CallId(self.last_call);
        session.ask(call, asked);
        step.after.push(Effect::Call { peer, call, request: request.to_bytes() });
    }

    fn summaries(&self) -> Vec<Summary> {
        let summary = |(agency, log): (&Hash, &AgencyLog)| Summary {
            agency: *agency,
            heads: log.heads().into_iter().take(MAX_HASHES).collect(),
            heartbeats: log.counted().map(|h| h.signed().clone()).collect(),
        };
        self.logs.iter().map(summary).collect()
    }

    fn exchange(&mut self, peer: Hash, now: Timestamp, step: &mut Step) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        session.exchanged = Some(now);
        if !session.is_asking(&Asked::Exchange) {
            let request = Request::Exchange(self.summaries());
            self.call(peer, Asked::Exchange, &request, step);
        }
    }

    fn tick(&mut self, now: Timestamp, step: &mut Step) -> Result<(), Failed> {
        let due = |last: Option<Timestamp>, every: i64| {
            last.is_none_or(|last| now < last || now.seconds_since(last) >= every)
        };
        if due(self.last_beat, self.settings.heartbeat_every) {
            self.beat(now, step)?;
            self.push(vec![], step);
        }
        let every = self.settings.exchange_every;
        let waiting = self.sessions.iter().filter(|(_, session)| due(session.exchanged, every));
        for peer in waiting.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.exchange(peer, now, step);
        }
        Ok(())
    }

    fn asked(
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
            Request::KeyLog { agency } => {
                Response::KeyLog(self.logs.get(&agency).map(|log| log.key_log().signed()).unwrap_or_default())
            }
            Request::Envelopes { agency, want, have } => {
                let page = self.logs.get(&agency).map(|log| log.page(&want, &have, PAGE_BYTES));
                let (envelopes, more) = page.unwrap_or_default();
                Response::Envelopes { envelopes, more }
            }
            Request::Push { agency, envelopes, heartbeat } => {
                if let Some(missing) = self.take(peer, agency, envelopes, step)? {
                    self.fetch(peer, agency, missing, step);
                }
                let heartbeats = heartbeat.into_iter().collect();
                self.consider(peer, vec![Summary { agency, heads: vec![], heartbeats }], now, step);
                Response::Received
            }
        };
        step.after.insert(0, Effect::Answer { call, response: response.to_bytes() });
        Ok(())
    }

    fn answered(
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
            (Asked::Exchange, Response::Exchange(summaries)) => self.consider(peer, summaries, now, step),
            (Asked::Push, Response::Received) => {}
            // Another peer may have answered first; a log that is here already is not begun again.
            (Asked::KeyLog(asked), Response::KeyLog(_)) if self.logs.contains_key(&asked) => {}
            (Asked::KeyLog(asked), Response::KeyLog(entries)) if !entries.is_empty() => {
                match KeyLog::read(entries) {
                    Ok(log) if log.genesis() == asked => {
                        self.logs.insert(asked, AgencyLog::new(log.clone()));
                        step.batch.key_logs.push(log);
                        self.exchange(peer, now, step);
                    }
                    Ok(_) => step.expel(peer, Misbehaviour::ForeignKeyLog { asked }),
                    Err(refused) => step.expel(peer, refused.into()),
                }
            }
            (Asked::KeyLog(_), Response::KeyLog(_)) => {}
            (Asked::Envelopes(agency), Response::Envelopes { envelopes, more }) => {
                if envelopes.is_empty() && more {
                    step.expel(peer, Misbehaviour::EmptyPage);
                    return Ok(());
                }
                let progress = !envelopes.is_empty();
                self.take(peer, agency, envelopes, step)?;
                if more || (progress && self.logs.get(&agency).is_some_and(|log| log.missing() > 0)) {
                    self.exchange(peer, now, step);
                }
            }
            _ => step.expel(peer, Misbehaviour::WrongAnswer),
        }
        Ok(())
    }

    /// Looks at what a peer says it has, and asks for what is missing here.
    fn consider(&mut self, peer: Hash, summaries: Vec<Summary>, now: Timestamp, step: &mut Step) {
        for Summary { agency, heads, heartbeats } in summaries {
            if !self.settings.pinned.contains(&agency) {
                continue;
            }
            let Some(log) = self.logs.get_mut(&agency) else {
                let asking = self.sessions.get(&peer).is_some_and(|s| s.is_asking(&Asked::KeyLog(agency)));
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
        let asking = self.sessions.get(&peer).is_some_and(|s| s.is_asking(&Asked::Envelopes(agency)));
        let Some(log) = self.logs.get(&agency).filter(|_| !asking) else { return };
        want.truncate(MAX_HASHES);
        let have = log.heads().into_iter().take(MAX_HASHES).collect();
        self.call(peer, Asked::Envelopes(agency), &Request::Envelopes { agency, want, have }, step);
    }

    /// Takes in envelopes from a peer; gives the parents that are missing, if some are.
    fn take(
        &mut self,
        peer: Hash,
        agency: Hash,
        envelopes: Vec<SignedEnvelope>,
        step: &mut Step,
    ) -> Result<Option<Vec<Hash>>, Failed> {
        let Some(log) = self.logs.get_mut(&agency) else { return Ok(None) };
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

/// What one event leads to, sorted into the order that the invariant demands.
#[derive(Default)]
struct Step {
    batch: Batch,
    forks: Vec<Effect>,
    after: Vec<Effect>,
    expelled: Vec<(Hash, Misbehaviour)>,
}

impl Step {
    /// Keeps an envelope, and notes what is to be written; gives the parents that are missing.
    fn keep(&mut self, log: &mut AgencyLog, envelope: Envelope) -> Result<Vec<Hash>, Broken> {
        let agency = envelope.header().agency;
        match log.keep(envelope.clone())? {
            Keeping::Known => Ok(vec![]),
            Keeping::Missing(parents) => Ok(parents),
            Keeping::Kept { rows, fork } => {
                self.batch.envelopes.push(envelope);
                self.batch.rows.extend(rows);
                // A heartbeat that waited for this envelope counts now; writing one twice does no harm.
                self.batch.heartbeats.extend(log.counted().cloned());
                self.forks.extend(fork.map(|pair| Effect::Forked { agency, pair }));
                Ok(vec![])
            }
        }
    }

    fn expel(&mut self, peer: Hash, why: Misbehaviour) {
        self.expelled.push((peer, why));
    }

    fn into_effects(self) -> Vec<Effect> {
        let persist = (!self.batch.is_empty()).then_some(Effect::Persist(self.batch));
        let expel = self.expelled.into_iter().map(|(peer, why)| Effect::Expel { peer, why });
        persist.into_iter().chain(self.forks).chain(self.after).chain(expel).collect()
    }
}
