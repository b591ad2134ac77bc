//! A replica of NC, and what SC and TN sign.

use std::{collections::BTreeSet, sync::Arc};

use protocol::{
    CallId, Envelope, Hash, Heartbeat, KeyLog, Put, Replica, ReplicaEffect, ReplicaEvent, ReplicaSettings, RootKeySet,
    Signed, SignedEnvelope, SigningKey, SyncRequest, SyncResponse, WriteBatch,
    key_log::{Founding, WriterKey, found},
    log::{AgencyLog, Quota},
    message::LogSummary,
    replica::StoreContents,
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn key_log(seed: u8, name: &str) -> KeyLog {
    let founding = Founding {
        agency: name.parse().unwrap(),
        name: name.into(),
        url: "https://node.example".into(),
        root: RootKeySet::single(key(seed).public()),
        next_root: Hash([0; 32]),
        writers: vec![WriterKey::of_all(key(seed).public())],
        badge_keys: vec![],
    };
    found(founding, &[&key(seed)], NOW).unwrap()
}

/// An agency that signs what it likes.
pub(crate) struct SigningAgency {
    pub(crate) seed: u8,
    pub(crate) log: KeyLog,
    salts: StdRng,
}

impl SigningAgency {
    pub(crate) fn new(seed: u8, name: &str) -> Self {
        Self {
            seed,
            log: key_log(seed, name),
            salts: StdRng::seed_from_u64(seed.into()),
        }
    }

    pub(crate) fn genesis(&self) -> Hash {
        self.log.genesis()
    }

    pub(crate) fn seal(&mut self, next: (u32, Vec<Hash>), puts: Vec<Put>) -> Envelope {
        Envelope::seal(&key(self.seed), &self.log, next, NOW, puts, &mut self.salts).unwrap()
    }

    pub(crate) fn revoke(&mut self, next: (u32, Vec<Hash>), index: u32) -> Envelope {
        self.seal(next, vec![status_list::revoke(0, index, StatusReason::Misconduct, NOW)])
    }

    /// So many envelopes beside each other, after the same one.
    pub(crate) fn siblings(&mut self, next: &(u32, Vec<Hash>), count: u32) -> Vec<Envelope> {
        (0..count).map(|index| self.revoke(next.clone(), index)).collect()
    }

    pub(crate) fn heartbeat(&self, heads: &[Hash], issued: Timestamp) -> Signed<Heartbeat> {
        let mut heads = heads.to_vec();
        heads.sort_unstable();
        let heartbeat = Heartbeat {
            version: 1,
            agency: self.genesis(),
            writer: key(self.seed).public(),
            key_log: self.log.head(),
            heads,
            issued,
            next_by: issued.plus_seconds(3600),
            checkpoint: None,
        };
        key(self.seed).sign(&heartbeat).unwrap().signed().clone()
    }

    pub(crate) fn summary(&self, heads: &[Hash], heartbeats: Vec<Signed<Heartbeat>>) -> LogSummary {
        LogSummary {
            agency: self.genesis(),
            key_log: self.log.leaves(),
            heads: heads.to_vec(),
            heartbeats,
        }
    }
}

/// NC's replica, which follows SC and TN, and is connected to a peer of each.
pub(crate) struct NcReplica {
    pub(crate) replica: Replica,
    pub(crate) now: Timestamp,
    pub(crate) rng: StdRng,
}

pub(crate) const SC: Hash = Hash([2; 32]);
pub(crate) const TN: Hash = Hash([3; 32]);

fn settings(quota: Quota, sc: &SigningAgency, tn: &SigningAgency) -> ReplicaSettings {
    let nc = key_log(1, "US-NC");
    ReplicaSettings {
        pinned: BTreeSet::from([nc.genesis(), sc.genesis(), tn.genesis()]),
        home: nc.genesis(),
        key: key(1),
        former_keys: vec![],
        has_own_peers: true,
        heartbeat_every: 60,
        heartbeat_term: 3600,
        exchange_every: 10,
        checkpoint_every: 512,
        blobs: Arc::new(protocol::blob_store::MemoryBlobStore::default()),
        quota,
    }
}

impl NcReplica {
    pub(crate) fn new(quota: Quota) -> (Self, SigningAgency, SigningAgency) {
        let (sc, tn) = (SigningAgency::new(2, "US-SC"), SigningAgency::new(3, "US-TN"));
        let nc = key_log(1, "US-NC");
        let settings = settings(quota, &sc, &tn);
        let stored = StoreContents {
            key_logs: vec![nc, sc.log.clone(), tn.log.clone()],
            ..StoreContents::default()
        };
        let mut this = Self {
            replica: Replica::restore(settings, stored).unwrap(),
            now: NOW,
            rng: StdRng::seed_from_u64(1),
        };
        this.meets(&sc, &tn);
        (this, sc, tn)
    }

    /// The replica as it comes from what its effects wrote, which began with the key logs alone.
    pub(crate) fn restarts(&mut self, written: &[ReplicaEffect], quota: Quota, sc: &SigningAgency, tn: &SigningAgency) {
        self.restarts_with(written, &[], quota, (sc, tn));
    }

    /// The same, with envelopes of SC that were kept once and are set aside.
    pub(crate) fn restarts_with(
        &mut self,
        written: &[ReplicaEffect],
        orphans: &[Envelope],
        quota: Quota,
        of: (&SigningAgency, &SigningAgency),
    ) {
        let (sc, tn) = of;
        let mut stored = StoreContents {
            key_logs: vec![key_log(1, "US-NC"), sc.log.clone(), tn.log.clone()],
            ..StoreContents::default()
        };
        let mut heartbeats = std::collections::BTreeMap::new();
        for batch in batches(written) {
            let envelopes = batch.envelopes.iter();
            stored
                .envelopes
                .extend(envelopes.map(|envelope| (envelope.header().agency, envelope.signed())));
            for heartbeat in &batch.heartbeats {
                let it = heartbeat.get();
                heartbeats.insert(it.writer, (it.agency, heartbeat.signed().clone()));
            }
            let aside = batch.set_aside.iter();
            stored
                .set_aside
                .extend(aside.map(|(envelope, _)| (envelope.header().agency, envelope.signed())));
            for (agency, quarantine) in &batch.quarantined {
                stored.quarantined.remove(agency);
                stored.quarantined.extend(quarantine.clone().map(|one| (*agency, one)));
            }
            for (agency, deferral) in &batch.deferred {
                stored.deferred.remove(agency);
                stored.deferred.extend(deferral.map(|one| (*agency, one)));
            }
        }
        stored.heartbeats = heartbeats.into_values().collect();
        let orphans = orphans.iter().map(|orphan| (sc.genesis(), orphan.signed()));
        stored.orphans = orphans.collect();
        self.replica = Replica::restore(settings(quota, sc, tn), stored).unwrap();
        self.meets(sc, tn);
    }

    fn meets(&mut self, sc: &SigningAgency, tn: &SigningAgency) {
        for (peer, agency) in [(SC, sc.genesis()), (TN, tn.genesis())] {
            self.handle(ReplicaEvent::Connected { peer, agency });
        }
    }

    pub(crate) fn handle(&mut self, event: ReplicaEvent) -> Vec<ReplicaEffect> {
        self.replica.handle(event, self.now, &mut self.rng).unwrap()
    }

    pub(crate) fn wait(&mut self, seconds: i64) -> Vec<ReplicaEffect> {
        self.now = self.now.plus_seconds(seconds);
        self.handle(ReplicaEvent::Tick)
    }

    pub(crate) fn asked(&mut self, peer: Hash, request: &SyncRequest) -> Vec<ReplicaEffect> {
        self.handle(ReplicaEvent::Asked {
            peer,
            call: CallId(1),
            request: request.to_bytes(),
        })
    }

    pub(crate) fn push(&mut self, peer: Hash, of: &SigningAgency, envelopes: &[Envelope]) -> Vec<ReplicaEffect> {
        let envelopes = envelopes.iter().map(Envelope::signed).collect();
        self.push_signed(peer, of, envelopes, None)
    }

    pub(crate) fn push_signed(
        &mut self,
        peer: Hash,
        of: &SigningAgency,
        envelopes: Vec<SignedEnvelope>,
        heartbeat: Option<Signed<Heartbeat>>,
    ) -> Vec<ReplicaEffect> {
        let agency = of.genesis();
        self.asked(
            peer,
            &SyncRequest::Push {
                agency,
                envelopes,
                heartbeat,
            },
        )
    }

    pub(crate) fn log(&self, of: &SigningAgency) -> &AgencyLog {
        &self.replica.logs()[&of.genesis()]
    }

    /// Answers every call among these effects that is such a request; gives what came of it.
    pub(crate) fn answer(
        &mut self,
        effects: &[ReplicaEffect],
        respond: impl Fn(&SyncRequest) -> Option<SyncResponse>,
    ) -> Vec<ReplicaEffect> {
        let calls = effects.iter().filter_map(|effect| match effect {
            ReplicaEffect::Call { peer, call, request } => Some((*peer, *call, SyncRequest::read(request).unwrap())),
            _ => None,
        });
        let mut after = Vec::new();
        for (peer, call, request) in calls.collect::<Vec<_>>() {
            if let Some(response) = respond(&request) {
                after.extend(self.handle(ReplicaEvent::Answered {
                    peer,
                    call,
                    response: Some(response.to_bytes()),
                }));
            }
        }
        after
    }
}

pub(crate) fn batches(effects: &[ReplicaEffect]) -> Vec<&WriteBatch> {
    let batches = effects.iter().filter_map(|effect| match effect {
        ReplicaEffect::Persist(batch) => Some(batch),
        _ => None,
    });
    batches.collect()
}

pub(crate) fn expulsions(effects: &[ReplicaEffect]) -> Vec<i64> {
    let expelled = effects.iter().filter_map(|effect| match effect {
        ReplicaEffect::Expel { seconds, .. } => Some(*seconds),
        _ => None,
    });
    expelled.collect()
}
