//! The replica: all logs that this node holds, and what to do about each event.
//!
//! Invariant: an effect that tells somebody of a change comes after the [`Effect::Persist`] of that change, and the
//! driver carries effects out in their order. So nobody ever hears of what a power cut could take back.

mod conversation;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::Timestamp;

use crate::{
    document::{Broken, Row},
    envelope::{Envelope, Put, SignedEnvelope},
    heartbeat::Heartbeat,
    key_log::KeyLog,
    log::{AgencyLog, Keeping},
    message::Request,
    misbehaviour::Misbehaviour,
    session::{Asked, CallId, Session},
    signed::{Hash, Refused, Signed, SigningKey, Verified},
};
use step::Step;

/// How long a replica waits for a peer's word on its own agency's log before it writes, in seconds.
const OWN_LOG_WAIT_SECONDS: i64 = 30;

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
    own_log: OwnLog,
}

/// What this replica knows of its own agency's log abroad. A store restored from a backup lacks what was written after
/// it; writing on from there would make two histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnLog {
    /// No peer has said yet; since the first event.
    Asking(Option<Timestamp>),
    /// A peer has said, and all of it is here; or there is nobody to ask.
    Known,
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
        let mut logs: BTreeMap<Hash, AgencyLog> = key_logs
            .into_iter()
            .map(|log| (log.genesis(), AgencyLog::new(log)))
            .collect();
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
        let alone = settings.pinned.iter().all(|agency| *agency == settings.home);
        let own_log = if alone { OwnLog::Known } else { OwnLog::Asking(None) };
        Ok(Self {
            settings,
            logs,
            own_log,
            sessions: BTreeMap::new(),
            last_call: 0,
            last_beat: None,
        })
    }

    /// The logs, by agency.
    #[must_use]
    pub const fn logs(&self) -> &BTreeMap<Hash, AgencyLog> {
        &self.logs
    }

    /// Whether this replica may write to its own log: a peer has told how far that log reaches abroad and all of it is
    /// here, or none did within 30 seconds. Until then the driver holds [`Event::Authored`] back.
    #[must_use]
    pub fn may_write(&self, now: Timestamp) -> bool {
        match self.own_log {
            OwnLog::Known => true,
            OwnLog::Asking(since) => since.is_some_and(|since| now.seconds_since(since) >= OWN_LOG_WAIT_SECONDS),
        }
    }

    /// What to do about an event.
    ///
    /// # Errors
    /// [`Failed`]: then this replica is worth nothing any more, and is made again from the store.
    pub fn handle(&mut self, event: Event, now: Timestamp, rng: &mut dyn rand::Rng) -> Result<Vec<Effect>, Failed> {
        let mut step = Step::default();
        if self.own_log == OwnLog::Asking(None) {
            self.own_log = OwnLog::Asking(Some(now));
        }
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
        let parents = log.newest_for(&self.settings.key.public());
        let envelope = Envelope::seal(&self.settings.key, log.key_log(), parents, now, puts, rng)?;
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
        let last = log
            .counted()
            .map(Verified::get)
            .filter(|h| h.writer == writer)
            .map(|h| h.issued)
            .max();
        let issued = last.map_or(now, |last| now.max(Timestamp(last.0 + 1)));
        let heartbeat = self.settings.key.sign(&Heartbeat {
            version: 1,
            agency: log.key_log().genesis(),
            writer,
            key_log: log.key_log().head(),
            heads: log.newest_for(&writer),
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
        let request = Request::Push {
            agency,
            envelopes,
            heartbeat,
        };
        for peer in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.call(peer, Asked::Push, &request, step);
        }
    }

    fn tick(&mut self, now: Timestamp, step: &mut Step) -> Result<(), Failed> {
        let due = |last: Option<Timestamp>, every: i64| {
            last.is_none_or(|last| now < last || now.seconds_since(last) >= every)
        };
        if self.may_write(now) && due(self.last_beat, self.settings.heartbeat_every) {
            self.beat(now, step)?;
            self.push(vec![], step);
        }
        let every = self.settings.exchange_every;
        let waiting = self
            .sessions
            .iter()
            .filter(|(_, session)| due(session.exchanged, every));
        for peer in waiting.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.exchange(peer, now, step);
        }
        Ok(())
    }
}
