//! The replica: all logs that this node holds, and what to do about each event.
//!
//! Invariant: an effect that tells somebody of a change comes after the [`ReplicaEffect::Persist`] of that change, and the
//! driver carries effects out in their order. So nobody ever hears of what a power cut could take back.

mod accounts;
mod authoring;
mod checkpoints;
mod conduct;
mod conversation;
mod foreign_writer;
mod own_log;
mod quarantine;
mod restoring;
mod step;
mod taking;
mod ticking;
mod time;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use registry_schema::Timestamp;

use crate::{
    blob_store::BlobStore,
    checkpoint::{Checkpoint, Countersignature},
    cosigned::Cosigned,
    document::{DocumentRow, LogError},
    envelope::{Envelope, Put},
    heartbeat::{Heartbeat, UnverifiedStatement},
    key_log::{KeyLog, KeyLogEntry},
    log::{AgencyLog, Quota, QuotaLimit},
    message::SyncRequest,
    misbehaviour::Misbehaviour,
    session::{CallId, PeerSession},
    signed::{Hash, InvalidStatement, PublicKey, Signed, SigningKey, Verified},
};
use accounts::AgencyBudget;
pub use accounts::Deferral;
use checkpoints::CheckpointDownload;
use conduct::PeerConduct;
use own_log::OwnLog;
pub use own_log::{AskedAgencies, OwnLogQuorum};
pub use quarantine::{Quarantine, QuarantineCause};
pub use restoring::{LoadOutcome, ReplicaLoader, StoreContents, StoreDamage};
use step::StepEffects;
use taking::CountersignatureThrottle;
pub use time::PeerClock;

/// The settings that a replica is told at its start.
#[derive(Debug)]
pub struct ReplicaSettings {
    /// The agencies that this node holds logs of: genesis hashes, its own included. Others are not listened to.
    pub pinned: BTreeSet<Hash>,
    /// This node's own agency.
    pub home: Hash,
    /// The key that it writes with.
    pub key: SigningKey,
    /// Keys that it wrote with before; while they have not ended, they sign heartbeats too.
    pub former_keys: Vec<SigningKey>,
    /// True if other stores of the agency are peers of this one. A key of the agency that is not here is at one of them then;
    /// where none is, it was lost, and nobody can be asked what it signed but the agency's peers.
    pub has_own_peers: bool,
    /// Seconds between two heartbeats.
    pub heartbeat_every: i64,
    /// Seconds for which a heartbeat holds.
    pub heartbeat_term: i64,
    /// Seconds between two exchanges with a connected peer.
    pub exchange_every: i64,
    /// Envelopes of the own log between two checkpoints.
    pub checkpoint_every: u32,
    /// The store of the bytes of kept envelopes: empty, and this replica's alone.
    pub blobs: Arc<dyn BlobStore>,
    /// The most of one agency that is taken in.
    pub quota: Quota,
}

/// Something happened.
#[derive(Debug)]
pub enum ReplicaEvent {
    /// The agency writes to its own lists.
    Authored(Vec<Put>),
    /// The agency's root adds an entry to its own key log; [`Replica::check_entry`] found nothing wrong with it.
    Entered(Cosigned<KeyLogEntry>),
    /// This agency is listened to from now on.
    Pinned(Hash),
    /// This agency is no longer listened to; what is known of it stays.
    Unpinned(Hash),
    /// A person vouches for the clock.
    ClockAccepted,
    /// Operators want all that this agency's nodes hold at once.
    Pulled(Hash),
    /// A countersignature for our own log came by another way than a conversation: an HTTPS peer posted it.
    Posted(Signed<Countersignature>),
    /// A peer is there.
    Connected {
        /// The driver's name for it.
        peer: Hash,
        /// The agency whose node it is: the hash of its first key-log entry.
        agency: Hash,
    },
    /// A mirror of a peer's files is there: to the replica it is a peer, but its files may be of any time.
    Mirrored {
        /// The driver's name for it.
        peer: Hash,
        /// The agency whose files they are.
        agency: Hash,
    },
    /// A peer is gone.
    Disconnected(Hash),
    /// A peer asks; `call` is the driver's name for the place where the answer goes.
    Asked {
        /// The peer that asks.
        peer: Hash,
        /// The place where the answer goes.
        call: CallId,
        /// The request's bytes.
        request: Vec<u8>,
    },
    /// A peer answers one of our calls.
    Answered {
        /// The peer that answers.
        peer: Hash,
        /// The call that it answers.
        call: CallId,
        /// The response's bytes; none, if the call failed.
        response: Option<Vec<u8>>,
    },
    /// Time went by.
    Tick,
}

/// An effect: something to be done, in the order in which it is given.
#[expect(
    clippy::large_enum_variant,
    reason = "a step has one batch, and not many effects beside it"
)]
#[derive(Debug)]
pub enum ReplicaEffect {
    /// Write all of it in one transaction; nothing after this effect is done before it is durable.
    Persist(WriteBatch),
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
        /// The place where the answer goes.
        call: CallId,
        /// The bytes.
        response: Vec<u8>,
    },
    /// A writer has two histories: these two envelopes do not know of each other.
    Forked {
        /// The agency of the writer.
        agency: Hash,
        /// The two.
        pair: (Hash, Hash),
    },
    /// The root of an agency signs two histories: its key log ends before these entries.
    Disputed {
        /// The agency.
        agency: Hash,
        /// The two.
        pair: (Hash, Hash),
    },
    /// The history behind a checkpoint says something else than the checkpoint.
    FalseCheckpoint {
        /// The agency.
        agency: Hash,
    },
    /// Something of an agency cannot be used here: write it down. The others are served as before.
    Quarantined {
        /// The agency.
        agency: Hash,
        /// The cause.
        why: QuarantineCause,
    },
    /// More of an agency is known to exist than this node takes in.
    Deferred {
        /// The agency.
        agency: Hash,
        /// The limit that it has reached.
        limit: QuotaLimit,
    },
    /// Another process writes with a key of this replica, which stopped.
    WrittenElsewhere {
        /// The envelope that shows it.
        envelope: Hash,
    },
    /// A quarantine, or a deferral, is over.
    Released {
        /// The agency.
        agency: Hash,
    },
    /// End the conversation with a peer, let it in again after so many seconds, and write down why: once a pause.
    Expel {
        /// The peer.
        peer: Hash,
        /// The reason.
        why: Misbehaviour,
        /// For how long it is turned away.
        seconds: i64,
    },
    /// End the conversation with a peer that came back before its pause was over. There is nothing new to write down.
    TurnAway {
        /// The peer.
        peer: Hash,
        /// The rest of the pause, in seconds.
        seconds: i64,
    },
}

/// The additions of one step to the store, and to the answers.
#[derive(Debug, Default)]
pub struct WriteBatch {
    /// Key logs as they are now.
    pub key_logs: Vec<KeyLog>,
    /// Envelopes, each after its parents.
    pub envelopes: Vec<Envelope>,
    /// Envelopes that were stored before and have other values now: some expunged, or found again.
    pub rewritten: Vec<Envelope>,
    /// Rows as they are now; they follow from the envelopes. One without values is gone.
    pub rows: Vec<DocumentRow>,
    /// Rows that follow from the history behind a checkpoint: to be stored, before `rows`, and not yet answered from.
    pub history: Vec<DocumentRow>,
    /// Rows from after a checkpoint, revocations and suspensions: to be answered from, not to be stored.
    pub restrictions: Vec<DocumentRow>,
    /// Envelopes that are not kept, and what of them counts all the same; until they are.
    pub set_aside: Vec<(Envelope, Vec<DocumentRow>)>,
    /// The names of those that were set aside before, and are among `envelopes` now.
    pub taken_up: Vec<Hash>,
    /// Agencies whose quarantine is as here now; none, if it is over.
    pub quarantined: BTreeMap<Hash, Option<Quarantine>>,
    /// Agencies whose deferral is as here now; none, if it is over.
    pub deferred: BTreeMap<Hash, Option<Deferral>>,
    /// Agencies whose answers are to be made anew, after all of the above, from [`AgencyLog::answers`].
    pub renewed: BTreeSet<Hash>,
    /// The writers whose heartbeats count no more, and go before [`WriteBatch::heartbeats`] come.
    pub forgotten: Vec<(Hash, PublicKey)>,
    /// Heartbeats that count now.
    pub heartbeats: Vec<Verified<Heartbeat>>,
    /// Checkpoints with their pages; of each agency the newest replaces the one before.
    pub checkpoints: Vec<(Verified<Checkpoint>, Vec<Vec<u8>>)>,
    /// Countersignatures for our own log.
    pub held: Vec<Verified<Countersignature>>,
    /// The envelope that shows that another process writes with a key of this replica, if this step found it: the store says from
    /// then on that this replica writes nothing, until its operator ends that.
    pub written_elsewhere: Option<Hash>,
}

/// The reason why the replica cannot go on: it must be made again from the store.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaFailure {
    /// A document cannot be built.
    #[error(transparent)]
    Broken(#[from] LogError),
    /// This node's own writing is refused.
    #[error("this node's own writing is refused: {0}")]
    Own(#[from] InvalidStatement),
    /// This node's own writing does not verify.
    #[error("this node's own writing does not verify: {0}")]
    OwnUnverified(#[from] UnverifiedStatement),
    /// The store holds what is not believed any more.
    #[error("the store holds what is not believed: {0}")]
    Stored(StoreDamage),
    /// The own key log is not there.
    #[error("this node's own key log is not in the store")]
    NoKeyLog,
}

/// Of each agency the newest checkpoint, with its pages.
type NewestCheckpoints = BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)>;

/// All logs that this node holds.
#[derive(Debug)]
pub struct Replica {
    settings: ReplicaSettings,
    logs: BTreeMap<Hash, AgencyLog>,
    sessions: BTreeMap<Hash, PeerSession>,
    last_call: u64,
    last_beat: Option<Timestamp>,
    last_expunging: Option<Timestamp>,
    own_log: OwnLog,
    /// Of each agency the newest checkpoint that is here, with its pages.
    checkpoints: NewestCheckpoints,
    /// Checkpoints that are being fetched, by agency.
    adopting: BTreeMap<Hash, CheckpointDownload>,
    /// Checkpoints that were asked for and will not be asked for again.
    declined: BTreeSet<Hash>,
    /// The holders of our own log, and up to where they hold it: by the holder's agency.
    reach: BTreeMap<Hash, Verified<Countersignature>>,
    /// Countersignatures that came sooner after another of the same holder than they are written.
    postings: BTreeMap<Hash, CountersignatureThrottle>,
    /// The unused part of each agency's shares.
    accounts: BTreeMap<Hash, AgencyBudget>,
    /// The agencies that wait until they may cost more.
    behind: BTreeSet<Hash>,
    deferred: BTreeMap<Hash, Deferral>,
    quarantined: BTreeMap<Hash, Quarantine>,
    conduct: BTreeMap<Hash, PeerConduct>,
    /// The last readings of connected agencies' clocks.
    clocks: BTreeMap<Hash, PeerClock>,
    /// The time at which the first node of a peer was met that speaks for itself.
    first_met: Option<Timestamp>,
    /// True if a peer was met that is to have a heartbeat that was signed since.
    is_to_greet: bool,
    /// True if the driver doubts the time that it gives.
    doubts_time: bool,
}

impl Replica {
    /// The logs, by agency.
    #[must_use]
    pub const fn logs(&self) -> &BTreeMap<Hash, AgencyLog> {
        &self.logs
    }

    /// Names calls from here on: answers to calls of a replica before this one meet none of this one's.
    pub const fn number_calls_from(&mut self, last: u64) {
        self.last_call = last;
    }

    /// The time at which this replica's writer last signed a heartbeat.
    #[must_use]
    pub const fn last_beat(&self) -> Option<Timestamp> {
        self.last_beat
    }

    /// Returns true if the key log lets this replica's key write at all.
    #[must_use]
    pub fn is_writer(&self) -> bool {
        let key = self.settings.key.public();
        let home = self.logs.get(&self.settings.home);
        home.is_some_and(|log| {
            log.key_log()
                .authority()
                .live_writers()
                .any(|(writer, _)| *writer == key)
        })
    }

    /// The public half of the key that this replica writes with.
    #[must_use]
    pub const fn writer(&self) -> PublicKey {
        self.settings.key.public()
    }

    /// Writes with another key from now on.
    pub fn use_key(&mut self, key: SigningKey) {
        if key.public() != self.writer() {
            let former = std::mem::replace(&mut self.settings.key, key);
            self.settings.former_keys.push(former);
            self.last_beat = None;
        }
    }

    /// The holders of our own log, and up to where they hold it, by the holder's agency.
    #[must_use]
    pub const fn countersignatures(&self) -> &BTreeMap<Hash, Verified<Countersignature>> {
        &self.reach
    }

    /// The checkpoints that are here, with their pages, by agency.
    #[must_use]
    pub const fn checkpoints(&self) -> &BTreeMap<Hash, (Verified<Checkpoint>, Vec<Vec<u8>>)> {
        &self.checkpoints
    }

    /// Handles an event: gives what is to be done about it.
    ///
    /// # Errors
    /// [`ReplicaFailure`]: then this replica is worth nothing any more, and is made again from the store.
    pub fn handle(
        &mut self,
        event: ReplicaEvent,
        now: Timestamp,
        rng: &mut dyn rand::Rng,
    ) -> Result<Vec<ReplicaEffect>, ReplicaFailure> {
        let mut step = StepEffects::default();
        let before = self.newest_event();
        self.begin(now);
        match event {
            ReplicaEvent::Authored(puts) => self.author(puts, now, rng, &mut step)?,
            ReplicaEvent::Entered(entry) => self.enter(entry, now, &mut step)?,
            ReplicaEvent::Pinned(agency) => {
                self.settings.pinned.insert(agency);
                self.exchange_with_all(now, &mut step);
            }
            ReplicaEvent::Unpinned(agency) => {
                self.settings.pinned.remove(&agency);
            }
            ReplicaEvent::ClockAccepted => {
                self.accept_time(now, &mut step);
                self.judge_the_pause_again(now, before);
            }
            ReplicaEvent::Pulled(agency) => self.pull(agency, now, &mut step)?,
            ReplicaEvent::Posted(held) => self.take_posted(held, now, &mut step),
            ReplicaEvent::Connected { peer, agency } => self.meet(peer, PeerSession::new(agency), now, &mut step),
            ReplicaEvent::Mirrored { peer, agency } => self.meet(peer, PeerSession::of_mirror(agency), now, &mut step),
            ReplicaEvent::Disconnected(peer) => self.leave(peer),
            // What was on its way when a peer was turned away.
            ReplicaEvent::Asked { peer, .. } | ReplicaEvent::Answered { peer, .. }
                if self.paused(&peer, now).is_some() => {}
            ReplicaEvent::Asked { peer, call, request } => match SyncRequest::read(&request) {
                Ok(request) => self.asked(peer, call, request, now, &mut step)?,
                Err(_) => step.expel(peer, Misbehaviour::NotAMessage),
            },
            ReplicaEvent::Answered { peer, call, response } => self.answered(peer, call, response, now, &mut step)?,
            ReplicaEvent::Tick => self.tick(now, &mut step)?,
        }
        self.turn_away(now, &mut step);
        self.countersign(now, &mut step)?;
        Ok(step.into_effects())
    }

    fn leave(&mut self, peer: Hash) {
        self.sessions.remove(&peer);
        self.adopting.retain(|_, adopting| adopting.peer != peer);
    }
}
