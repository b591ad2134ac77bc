//! A replica that a peer speaks to: what the target `handle` fuzzes, and what a test plays with the corpus' seeds, so that it
//! is built with everything else.

use std::collections::BTreeSet;

use protocol::{
    CallId, Hash, Replica, ReplicaEvent, ReplicaSettings, RootKeySet, SigningKey,
    key_log::{Founding, WriterKey, found},
    replica::StoreContents,
};
use registry_schema::Timestamp;

/// Gives the bytes as a request, and as an answer, to a replica that holds its agency's key log.
pub(crate) fn handle(bytes: &[u8]) {
    let now = Timestamp(1_700_000_000_000);
    let key = SigningKey::from_seed(&[1; 32]).expect("a key");
    let founding = Founding {
        agency: "US-NC".parse().expect("a name"),
        name: "North Carolina".into(),
        url: "https://node.example".into(),
        root: RootKeySet::single(key.public()),
        next_root: Hash([0; 32]),
        writers: vec![WriterKey::of_all(key.public())],
        badge_keys: vec![],
    };
    let log = found(founding, &[&key], now).expect("an agency");
    let home = log.genesis();
    let settings = ReplicaSettings {
        pinned: BTreeSet::from([home]),
        home,
        key,
        former_keys: vec![],
        has_own_peers: true,
        heartbeat_every: 60,
        heartbeat_term: 3600,
        exchange_every: 10,
        checkpoint_every: 4,
        blobs: std::sync::Arc::new(protocol::blob_store::MemoryBlobStore::default()),
        quota: protocol::log::Quota::default(),
    };
    let stored = StoreContents {
        key_logs: vec![log],
        ..StoreContents::default()
    };
    let mut replica = Replica::restore(settings, stored).expect("a replica");
    let peer = Hash([2; 32]);
    let mut rng = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    let connected = ReplicaEvent::Connected { peer, agency: home };
    replica.handle(connected, now, &mut rng).expect("a peer");
    let asked = ReplicaEvent::Asked {
        peer,
        call: CallId(1),
        request: bytes.to_vec(),
    };
    replica
        .handle(asked, now, &mut rng)
        .expect("a peer cannot stop a replica");
    let answered = ReplicaEvent::Answered {
        peer,
        call: CallId(1),
        response: Some(bytes.to_vec()),
    };
    replica
        .handle(answered, now, &mut rng)
        .expect("a peer cannot stop a replica");
}
