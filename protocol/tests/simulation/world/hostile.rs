//! The acts of somebody who runs a node, holds a writer's key, and wants harm.

use minicbor::bytes::{ByteArray, ByteVec};
use protocol::{
    CallId, Checkpoint, DocumentId, Envelope, Hash, Heartbeat, KeyLog, Put, Signed, SignedEnvelope, SigningKey,
    SyncRequest, SyncResponse,
    envelope::{EnvelopeHeader, PutCommitment},
    message::LogSummary,
    signed::encode,
    status_list,
};
use rand::{Rng as _, RngExt as _, seq::IndexedRandom as _};
use registry_schema::StatusReason;

use super::{RootSeeds, SealedEnvelope, SimulatedWorld, founding, key_of};

/// An envelope as nobody honest would seal it: signed by any key, over any header.
pub(crate) fn forged(key: &SigningKey, header: &EnvelopeHeader, values: &[Vec<u8>]) -> SignedEnvelope {
    let signed: Signed<EnvelopeHeader> = key.sign(header).unwrap().signed().clone();
    let salted: Vec<Option<(ByteArray<16>, ByteVec)>> = values
        .iter()
        .map(|value| Some((ByteArray::from([7; 16]), ByteVec::from(value.clone()))))
        .collect();
    minicbor::decode(&encode(&(signed, salted))).unwrap()
}

/// A header over these puts, with the hashes that `forged` gives them.
pub(crate) fn header(
    key: &SigningKey,
    log: &KeyLog,
    (sequence, parents): (u32, Vec<Hash>),
    puts: &[Put],
) -> EnvelopeHeader {
    let commitment = |put: &Put| PutCommitment {
        document: put.document.clone(),
        key: put.key.clone(),
        digest: Hash::of(&[&[7; 16], &put.value]),
    };
    EnvelopeHeader {
        version: 1,
        agency: log.genesis(),
        writer: key.public(),
        sequence,
        parents,
        key_log: log.head(),
        time: crate::world::START,
        puts: puts.iter().map(commitment).collect(),
    }
}

impl SimulatedWorld {
    pub(super) fn do_harm(&mut self, at: usize) {
        let victims: Vec<usize> = self.network.linked_to(at);
        let Some(victim) = victims.choose(&mut self.rng).copied() else {
            return;
        };
        if self.sites[victim].hostile || self.sites[victim].stopped || self.is_cut(at, victim) {
            return;
        }
        if self.rng.random_bool(0.5) {
            // Whoever was expelled comes back.
            self.reconnect(at, victim);
        }
        match self.rng.random_range(0..13) {
            0 => self.say_nonsense(at, victim),
            1 => self.play_again(at, victim),
            2 => self.flood(at, victim),
            3 => self.forge(at, victim),
            4..6 => self.fork(at),
            6 => self.name_false_parents(at, victim),
            7 => self.beat_falsely(at, victim),
            8 => self.use_a_stolen_key(at, victim),
            9 => self.sign_a_false_checkpoint(at, victim),
            10 => self.drown(at, victim),
            _ => self.write_elsewhere(at, victim),
        }
    }

    pub(super) fn push(&mut self, at: usize, to: usize, agency: Hash, envelopes: Vec<SignedEnvelope>) {
        let request = SyncRequest::Push {
            agency,
            envelopes,
            heartbeat: None,
        };
        self.ask(at, to, CallId(0), request.to_bytes());
    }

    fn say_nonsense(&mut self, at: usize, to: usize) {
        let mut bytes = self
            .network
            .overheard
            .choose(&mut self.rng)
            .cloned()
            .unwrap_or_default();
        match self.rng.random_range(0..4) {
            0 => self.rng.fill_bytes(&mut bytes),
            1 => bytes = vec![0x82; 1024 * 1024 + 1],
            2 => bytes.truncate(bytes.len() / 2),
            _ => {
                for _ in 0..4 {
                    let place = self.rng.random_range(0..bytes.len().max(1));
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= 1 << self.rng.random_range(0..8);
                    }
                }
            }
        }
        self.ask(at, to, CallId(0), bytes);
    }

    fn play_again(&mut self, at: usize, to: usize) {
        for _ in 0..4 {
            if let Some(bytes) = self.network.overheard.choose(&mut self.rng).cloned() {
                self.ask(at, to, CallId(0), bytes);
            }
        }
    }

    /// Names what nobody has, over and over, so that it is asked for.
    fn flood(&mut self, at: usize, to: usize) {
        for _ in 0..60 {
            let summaries = self.roots.keys().copied().collect::<Vec<_>>().into_iter();
            let summaries = summaries.map(|agency| LogSummary {
                agency,
                key_log: vec![Hash(self.rng.random())],
                heads: vec![Hash(self.rng.random())],
                heartbeats: vec![],
            });
            let request = SyncRequest::Exchange(summaries.collect());
            self.ask(at, to, CallId(0), request.to_bytes());
        }
    }

    /// A stranger's key, in the name of an agency.
    fn forge(&mut self, at: usize, to: usize) {
        let stranger = key_of(&self.rng.random());
        let logs = self.sites[to].replica.logs();
        let Some(log) = logs.values().collect::<Vec<_>>().choose(&mut self.rng).copied() else {
            return;
        };
        let put = status_list::revoke(0, 3, StatusReason::Misconduct, self.now);
        let forged = forged(
            &stranger,
            &header(&stranger, log.key_log(), (0, vec![]), std::slice::from_ref(&put)),
            &[put.value],
        );
        let agency = log.key_log().genesis();
        self.push(at, to, agency, vec![forged]);
    }

    /// Seals with a key that the key log names, as its holder would, and notes the truth of it.
    fn seal(&mut self, at: usize, key: &SigningKey, agency: Hash, next: (u32, Vec<Hash>)) -> Option<SignedEnvelope> {
        let put = self.some_put(at);
        let log = self.sites[at].replica.logs().get(&agency)?.key_log().clone();
        let sealed = Envelope::seal(key, &log, next, self.now, vec![put], &mut self.rng).ok()?;
        let truth = SealedEnvelope {
            agency,
            writer: key.public(),
            stamp: None,
            by: None,
        };
        self.truth.sealed.insert(sealed.hash(), truth);
        Some(sealed.signed())
    }

    /// Tells each peer another history of its own log.
    fn fork(&mut self, at: usize) {
        let home = self.sites[at].home;
        let key = key_of(&self.sites[at].key);
        let next = self.sites[at].replica.logs()[&home].next_for(&key.public());
        for to in self.network.linked_to(at) {
            if let Some(sealed) = self.seal(at, &key, home, next.clone()) {
                self.push(at, to, home, vec![sealed]);
            }
        }
    }

    fn name_false_parents(&mut self, at: usize, to: usize) {
        let home = self.sites[at].home;
        let key = key_of(&self.sites[at].key);
        let foreign = self.sites[to]
            .replica
            .logs()
            .values()
            .flat_map(|log| log.heads())
            .next();
        let parent = foreign.unwrap_or_else(|| Hash(self.rng.random()));
        let number = self.rng.random_range(0..9);
        if let Some(sealed) = self.seal(at, &key, home, (number, vec![parent])) {
            self.push(at, to, home, vec![sealed]);
        }
    }

    fn beat_falsely(&mut self, at: usize, to: usize) {
        let agencies: Vec<Hash> = self.roots.keys().copied().collect();
        let Some(agency) = agencies.choose(&mut self.rng).copied() else {
            return;
        };
        let Some(log) = self.sites[to].replica.logs().get(&agency) else {
            return;
        };
        let ours = agency == self.sites[at].home;
        let key = if ours {
            key_of(&self.sites[at].key)
        } else {
            key_of(&self.rng.random())
        };
        let issued = self.now.plus_seconds(self.rng.random_range(-9_999..9_999));
        let heartbeat = Heartbeat {
            version: 1,
            agency,
            writer: key.public(),
            key_log: log.key_log().head(),
            heads: vec![Hash(self.rng.random())],
            issued,
            next_by: issued.plus_seconds(999_999_999),
            checkpoint: Some(Hash(self.rng.random())),
        };
        let request = SyncRequest::Push {
            agency,
            envelopes: vec![],
            heartbeat: Some(key.sign(&heartbeat).unwrap().signed().clone()),
        };
        self.ask(at, to, CallId(0), request.to_bytes());
    }

    /// A thief of another agency's writer key writes there.
    fn use_a_stolen_key(&mut self, at: usize, to: usize) {
        if !self.plan.ceremonies {
            return;
        }
        let owners: Vec<_> = self.honest().map(|site| (site.home, site.key)).collect();
        let Some(owner) = owners.choose(&mut self.rng) else {
            return;
        };
        let (agency, key) = (owner.0, key_of(&owner.1));
        let Some(log) = self.sites[at].replica.logs().get(&agency) else {
            return;
        };
        let next = log.next_for(&key.public());
        if let Some(sealed) = self.seal(at, &key, agency, next) {
            self.truth.rewound.insert(agency);
            self.push(at, to, agency, vec![sealed]);
        }
    }

    /// A checkpoint of its own log with rows that the log does not give, which whoever begins with it finds out.
    fn sign_a_false_checkpoint(&mut self, at: usize, to: usize) {
        let site = &self.sites[at];
        let key = key_of(&site.key);
        let log = &site.replica.logs()[&site.home];
        if log.is_empty() {
            return;
        }
        let checkpoint = Checkpoint {
            version: 1,
            agency: site.home,
            writer: key.public(),
            key_log: log.key_log().head(),
            heads: log.newest_for(&key.public()),
            envelopes: 1,
            issued: self.now,
            next_by: self.now.plus_seconds(60),
            pages: vec![Hash([9; 32])],
        };
        let signed = key.sign(&checkpoint).unwrap();
        let response = SyncResponse::Checkpoint(Some(signed.signed().clone()));
        let name = self.sites[at].name;
        // Without having been asked, under a few names of calls that may be open.
        for call in 0..50 {
            let answered = protocol::ReplicaEvent::Answered {
                peer: name,
                call: CallId(call),
                response: Some(response.to_bytes()),
            };
            if call % 17 == 0 {
                self.happen(to, answered);
            }
        }
    }

    /// Puts in documents that nobody knows, and envelopes of a size that nobody reads.
    fn write_elsewhere(&mut self, at: usize, to: usize) {
        let home = self.sites[at].home;
        let key = key_of(&self.sites[at].key);
        let log = &self.sites[at].replica.logs()[&home];
        let puts: Vec<Put> = (0..40)
            .map(|i| Put {
                document: DocumentId::Unknown(format!("zz/{i:02}")),
                key: "k".into(),
                value: vec![0; 8_000],
            })
            .collect();
        let next = log.next_for(&key.public());
        let values: Vec<Vec<u8>> = puts.iter().map(|put| put.value.clone()).collect();
        let large = forged(&key, &header(&key, log.key_log(), next, &puts), &values);
        self.push(at, to, home, vec![large]);
    }

    /// Returns a hostile node's answer: now and then nothing, something else, or another agency's key log.
    pub(super) fn twisted(&mut self, at: usize, bytes: Vec<u8>) -> Vec<u8> {
        let dice = self.rng.random_range(0..10);
        match (dice, SyncResponse::read(&bytes)) {
            (0, Ok(_)) => SyncResponse::Received.to_bytes(),
            (1..5, Ok(SyncResponse::Envelopes { more, .. })) => SyncResponse::Envelopes {
                envelopes: vec![],
                more: more || dice == 1,
            }
            .to_bytes(),
            (1..5, Ok(SyncResponse::Exchange(_))) => SyncResponse::Exchange(vec![]).to_bytes(),
            (1..6, Ok(SyncResponse::KeyLog { .. })) => {
                let keys = RootSeeds {
                    root: self.rng.random(),
                    next: self.rng.random(),
                };
                // The name of an agency proves nothing.
                let writer = key_of(&self.sites[at].key).public();
                SyncResponse::KeyLog {
                    entries: founding("US-A0", &[writer], &keys).signed(),
                    more: false,
                }
                .to_bytes()
            }
            (1, Ok(SyncResponse::Rows(_))) => SyncResponse::Rows(None).to_bytes(),
            _ => bytes,
        }
    }
}
