//! A peer that sends what no honest node does: it is expelled, nothing is written, no row changes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeSet;

use protocol::{
    CallId, Envelope, Hash, KeyLog, Misbehaviour, Put, Replica, ReplicaEffect, ReplicaEvent, ReplicaSettings,
    RootKeySet, SignedEnvelope, SigningKey, SyncRequest, UnverifiedStatement,
    key_log::{Founding, WriterKey, found},
    message::{LogSummary, MAX_MESSAGE_BYTES},
    replica::StoreContents,
    signed::{InvalidStatement, encode},
    status_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, Timestamp};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn key_log(seed: u8, name: &str) -> KeyLog {
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

fn envelope(writer: u8, log: &KeyLog, puts: Vec<Put>) -> Envelope {
    Envelope::seal(&key(writer), log, (0, vec![]), NOW, puts, &mut StdRng::seed_from_u64(5)).unwrap()
}

fn revocation() -> Vec<Put> {
    vec![status_list::revoke(0, 7, StatusReason::Misconduct, NOW)]
}

/// NC's replica, which knows SC's key log.
struct VictimReplica {
    replica: Replica,
    sc: KeyLog,
    rng: StdRng,
}

impl VictimReplica {
    fn new() -> Self {
        let (nc, sc) = (key_log(1, "US-NC"), key_log(2, "US-SC"));
        let settings = ReplicaSettings {
            pinned: BTreeSet::from([nc.genesis(), sc.genesis()]),
            home: nc.genesis(),
            key: key(1),
            former_keys: vec![],
            has_own_peers: true,
            heartbeat_every: 60,
            heartbeat_term: 3600,
            exchange_every: 10,
            checkpoint_every: 512,
            blobs: std::sync::Arc::new(protocol::blob_store::MemoryBlobStore::default()),
            quota: protocol::log::Quota::default(),
        };
        let stored = StoreContents {
            key_logs: vec![nc, sc.clone()],
            ..StoreContents::default()
        };
        let replica = Replica::restore(settings, stored).unwrap();
        let mut this = Self {
            replica,
            sc,
            rng: StdRng::seed_from_u64(1),
        };
        let peer = this.sc.genesis();
        this.handle(ReplicaEvent::Connected { peer, agency: peer });
        this
    }

    fn handle(&mut self, event: ReplicaEvent) -> Vec<ReplicaEffect> {
        self.replica.handle(event, NOW, &mut self.rng).unwrap()
    }

    fn asked(&mut self, request: Vec<u8>) -> Vec<ReplicaEffect> {
        let peer = self.sc.genesis();
        self.handle(ReplicaEvent::Asked {
            peer,
            call: CallId(1),
            request,
        })
    }

    fn pushed(&mut self, agency: Hash, envelopes: Vec<SignedEnvelope>) -> Vec<ReplicaEffect> {
        self.asked(
            SyncRequest::Push {
                agency,
                envelopes,
                heartbeat: None,
            }
            .to_bytes(),
        )
    }

    /// Expelled, nothing written, nothing known.
    #[track_caller]
    fn assert_refused(&self, effects: &[ReplicaEffect]) -> Misbehaviour {
        assert!(
            !effects.iter().any(|e| matches!(e, ReplicaEffect::Persist(_))),
            "something was written: {effects:?}"
        );
        assert!(
            self.replica.logs().values().all(|log| log.is_empty()),
            "something is known"
        );
        let expelled = effects.iter().find_map(|e| match e {
            ReplicaEffect::Expel { why, .. } => Some(why.clone()),
            _ => None,
        });
        expelled.unwrap_or_else(|| panic!("nobody was expelled: {effects:?}"))
    }
}

#[test]
fn what_the_writer_signed_is_taken_in() {
    let mut nc = VictimReplica::new();
    let sc = nc.sc.clone();
    let effects = nc.pushed(sc.genesis(), vec![envelope(2, &sc, revocation()).signed()]);
    assert!(
        matches!(effects.first(), Some(ReplicaEffect::Persist(batch)) if batch.envelopes.len() == 1),
        "{effects:?}"
    );
    assert_eq!(nc.replica.logs()[&sc.genesis()].rows().unwrap().len(), 1);
}

#[test]
fn an_envelope_by_a_foreign_key_is_refused() {
    let mut nc = VictimReplica::new();
    let sc = nc.sc.clone();
    // Envelope::seal itself refuses a key without authority, so the thief signs for a key log of its own making
    // and sends that in SC's name.
    let thief = key_log(3, "US-SC");
    let effects = nc.pushed(sc.genesis(), vec![envelope(3, &thief, revocation()).signed()]);
    nc.assert_refused(&effects);
    // And one that names SC and SC's key log, signed by a key that is not in it.
    assert!(matches!(
        Envelope::seal(
            &key(3),
            &sc,
            (0, vec![]),
            NOW,
            revocation(),
            &mut StdRng::seed_from_u64(5)
        ),
        Err(UnverifiedStatement::Refused(InvalidStatement::Authority))
    ));
}

#[test]
fn a_changed_bit_anywhere_in_an_envelope_is_refused_or_harmless() {
    let sc = key_log(2, "US-SC");
    let good = encode(&envelope(2, &sc, revocation()).signed());
    let mut refused = 0;
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(signed) = minicbor::decode::<SignedEnvelope>(&bytes) else {
            continue;
        };
        assert!(signed.verify(&sc).is_err(), "bit {bit} was changed and nobody noticed");
        refused += 1;
    }
    assert!(
        refused > 1000,
        "hardly any of the changed envelopes could be decoded: {refused}"
    );
}

#[test]
fn bytes_that_are_no_message_are_refused() {
    let long = vec![0; MAX_MESSAGE_BYTES + 1];
    let trailing = [
        SyncRequest::KeyLog {
            agency: Hash([1; 32]),
            have: vec![],
        }
        .to_bytes(),
        vec![0],
    ]
    .concat();
    let nested = vec![0x81; 100_000];
    let claims_a_lot = vec![0x82, 0x00, 0x81, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for bytes in [vec![], vec![0xff; 64], long, trailing, nested, claims_a_lot] {
        let mut nc = VictimReplica::new();
        let effects = nc.asked(bytes);
        assert_eq!(nc.assert_refused(&effects), Misbehaviour::NotAMessage);
    }
}

#[test]
fn an_agency_that_nobody_pinned_is_not_listened_to() {
    let mut nc = VictimReplica::new();
    let stranger = key_log(9, "US-XX");
    let effects = nc.pushed(stranger.genesis(), vec![envelope(9, &stranger, revocation()).signed()]);
    assert!(
        !effects
            .iter()
            .any(|e| matches!(e, ReplicaEffect::Persist(_) | ReplicaEffect::Call { .. })),
        "{effects:?}"
    );
    let summary = LogSummary {
        agency: stranger.genesis(),
        key_log: vec![Hash([2; 32])],
        heads: vec![Hash([1; 32])],
        heartbeats: vec![],
    };
    let effects = nc.asked(SyncRequest::Exchange(vec![summary]).to_bytes());
    assert!(
        !effects
            .iter()
            .any(|e| matches!(e, ReplicaEffect::Persist(_) | ReplicaEffect::Call { .. })),
        "{effects:?}"
    );
}

#[test]
fn an_agency_that_was_left_is_not_listened_to_until_it_is_pinned_again() {
    let mut nc = VictimReplica::new();
    let sc = nc.sc.clone();
    nc.handle(ReplicaEvent::Unpinned(sc.genesis()));
    let pushed = vec![envelope(2, &sc, revocation()).signed()];
    let effects = nc.pushed(sc.genesis(), pushed.clone());
    assert!(
        !effects.iter().any(|e| matches!(e, ReplicaEffect::Persist(_))),
        "{effects:?}"
    );
    assert!(nc.replica.logs()[&sc.genesis()].is_empty());
    nc.handle(ReplicaEvent::Pinned(sc.genesis()));
    nc.pushed(sc.genesis(), pushed);
    assert_eq!(nc.replica.logs()[&sc.genesis()].len(), 1);
}

#[test]
fn an_answer_to_a_call_that_was_never_made_is_ignored() {
    let mut nc = VictimReplica::new();
    let peer = nc.sc.genesis();
    let effects = nc.handle(ReplicaEvent::Answered {
        peer,
        call: CallId(99),
        response: Some(vec![0xff]),
    });
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn a_put_that_breaks_a_rule_of_its_document_is_kept_but_void() {
    let mut nc = VictimReplica::new();
    let sc = nc.sc.clone();
    let mut puts = revocation();
    puts[0].value = vec![1, 2, 3];
    let effects = nc.pushed(sc.genesis(), vec![envelope(2, &sc, puts).signed()]);
    assert!(
        matches!(effects.first(), Some(ReplicaEffect::Persist(batch)) if batch.rows.is_empty()),
        "{effects:?}"
    );
    assert_eq!(nc.replica.logs()[&sc.genesis()].len(), 1);
}
