//! Real objects, and what somebody makes of them who wants harm.

use crate::carried;
use protocol::{
    Checkpoint, Countersignature, Envelope, Hash, Heartbeat, KeyLog, Put, RootKeySet, SigningKey, SyncRequest,
    SyncResponse, checkpoint, decoders,
    key_log::{ForkProof, Founding, KeyLogAct, SignedKeyLogEntry, WriterKey, WriterScope, found},
    log::AgencyLog,
    message::{LogSummary, MAX_MESSAGE_BYTES},
    signed::encode,
    status_list,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, Timestamp};

pub(crate) type Decoder = fn(&[u8]) -> bool;

/// Every decoder that a peer's bytes reach.
pub(crate) const DECODERS: [(&str, Decoder); 16] = [
    ("request", decoders::request),
    ("response", decoders::response),
    ("envelope", decoders::envelope),
    ("key log", decoders::key_log),
    ("heartbeat", decoders::heartbeat),
    ("checkpoint", decoders::checkpoint),
    ("page", decoders::page),
    ("countersignature", decoders::held),
    ("fork proof", decoders::fork_proof),
    ("introduction", decoders::introduction),
    ("entry", decoders::entry),
    ("ticket", decoders::ticket),
    ("listing", decoders::listing),
    ("envelope file", decoders::envelope_file),
    ("key log file", decoders::key_log_file),
    ("put", decoders::put),
];

/// The kinds that are signed, so that no changed bit makes another object of one.
const SIGNED: [&str; 8] = [
    "envelope",
    "key log",
    "heartbeat",
    "checkpoint",
    "countersignature",
    "fork proof",
    "introduction",
    "key log file",
];

pub(crate) struct HostileObject {
    pub(crate) what: String,
    pub(crate) decoder: &'static str,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn agency() -> KeyLog {
    KeyLog::read(agency_of(1)).unwrap()
}

fn agency_of(root: u8) -> Vec<SignedKeyLogEntry> {
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://node.example".into(),
        root: RootKeySet::single(key(root).public()),
        next_root: Hash([0; 32]),
        writers: vec![WriterKey::of_all(key(1).public())],
        badge_keys: vec![],
    };
    found(founding, &[&key(root)], NOW).unwrap().signed()
}

fn sealed(log: &KeyLog, index: u32) -> Envelope {
    let puts: Vec<Put> = vec![status_list::revoke(0, index, StatusReason::Misconduct, NOW)];
    Envelope::seal(
        &key(1),
        log,
        (0, vec![]),
        NOW,
        puts,
        &mut StdRng::seed_from_u64(u64::from(index)),
    )
    .unwrap()
}

/// One real object of each kind, some of two.
pub(crate) fn real() -> Vec<HostileObject> {
    let log = agency();
    let (one, other) = (sealed(&log, 1), sealed(&log, 2));
    let mut history = AgencyLog::new(log.clone());
    history.append(one.clone()).unwrap();
    let heartbeat = Heartbeat {
        version: 1,
        agency: log.genesis(),
        writer: key(1).public(),
        key_log: log.head(),
        heads: vec![one.hash()],
        issued: NOW,
        next_by: NOW.plus_seconds(60),
        checkpoint: None,
    };
    let heartbeat = key(1).sign(&heartbeat).unwrap().signed().clone();
    let pages = checkpoint::pages(&history.rows().unwrap());
    let checkpoint = Checkpoint {
        version: 1,
        agency: log.genesis(),
        writer: key(1).public(),
        key_log: log.head(),
        heads: vec![one.hash()],
        envelopes: 1,
        issued: NOW,
        next_by: NOW.plus_seconds(60),
        pages: checkpoint::names(&pages),
    };
    let held = Countersignature {
        version: 1,
        agency: log.genesis(),
        writer: key(1).public(),
        key_log: log.head(),
        of: Hash([3; 32]),
        heads: vec![one.hash()],
        at: NOW,
    };
    let mut headers = [&one, &other];
    headers.sort_by_key(|envelope| envelope.hash());
    let proof = ForkProof {
        key_log: log.signed(),
        headers: headers.map(Envelope::signed_header).to_vec(),
    };
    let summary = LogSummary {
        agency: log.genesis(),
        key_log: log.leaves(),
        heads: vec![one.hash()],
        heartbeats: vec![heartbeat.clone()],
    };
    let push = SyncRequest::Push {
        agency: log.genesis(),
        envelopes: vec![one.signed(), other.signed()],
        heartbeat: Some(heartbeat.clone()),
    };
    let page = SyncResponse::Envelopes {
        envelopes: vec![one.signed()],
        more: false,
    };
    let signed_checkpoint = key(1).sign(&checkpoint).unwrap().signed().clone();
    let signed_held = key(1).sign(&held).unwrap().signed().clone();
    let object = |decoder, bytes| HostileObject {
        what: "a real one".into(),
        decoder,
        bytes,
    };
    let carried = carried::real(&log, &one, &summary);
    let sent = vec![
        object("request", SyncRequest::Exchange(vec![summary.clone()]).to_bytes()),
        object("request", push.to_bytes()),
        object("response", SyncResponse::Exchange(vec![summary]).to_bytes()),
        object("response", page.to_bytes()),
        object("envelope", encode(&(log.signed(), one.signed()))),
        object("key log", encode(&log.signed())),
        object("heartbeat", encode(&(log.signed(), heartbeat))),
        object("checkpoint", encode(&(log.signed(), signed_checkpoint))),
        object("page", pages[0].clone()),
        object("countersignature", encode(&(log.signed(), signed_held))),
        object("fork proof", encode(&proof)),
    ];
    let carried = carried.into_iter().map(|(decoder, bytes)| object(decoder, bytes));
    sent.into_iter().chain(carried).collect()
}

/// The table.
pub(crate) fn hostile() -> Vec<HostileObject> {
    let mut objects = Vec::new();
    for (decoder, _) in DECODERS {
        for (what, bytes) in bytes_that_are_nothing() {
            objects.push(HostileObject {
                what: what.into(),
                decoder,
                bytes,
            });
        }
    }
    for object in real() {
        objects.extend(made_of(&object));
    }
    objects.extend(made_for_harm());
    objects.extend(carried::made_for_harm());
    objects
}

/// Makes bytes that no decoder takes.
fn bytes_that_are_nothing() -> Vec<(&'static str, Vec<u8>)> {
    let claims = |head: &[u8]| [head, &[0xff; 8]].concat();
    vec![
        ("nothing", vec![]),
        ("a break", vec![0xff; 64]),
        ("nested arrays", vec![0x81; MAX_MESSAGE_BYTES]),
        ("nested tags", vec![0xc1; MAX_MESSAGE_BYTES]),
        ("open arrays", vec![0x9f; MAX_MESSAGE_BYTES]),
        ("an array that claims 2^64 things", claims(&[0x9b])),
        ("a string that claims 2^64 bytes", claims(&[0x5b])),
        (
            "an array in an array that claims 2^64 things",
            claims(&[0x82, 0x00, 0x81, 0x9b]),
        ),
        (
            "an array of 16 million",
            [vec![0x9a, 0x00, 0xff, 0xff, 0xff], vec![0x80; 1000]].concat(),
        ),
        (
            "empty arrays",
            [vec![0x9a, 0x00, 0x0f, 0xff, 0xf0], vec![0x80; MAX_MESSAGE_BYTES - 16]].concat(),
        ),
        ("one byte too many to be read", vec![0x00; MAX_MESSAGE_BYTES + 1]),
        ("zeros", vec![0x00; MAX_MESSAGE_BYTES]),
    ]
}

/// A real object cut short, with something after it, and with bits changed. A changed bit that makes another real
/// object (a number of a message, say) is not among them: what is signed has none.
fn made_of(object: &HostileObject) -> Vec<HostileObject> {
    let decoder = object.decoder;
    let make = |what: String, bytes: Vec<u8>| HostileObject { what, decoder, bytes };
    let mut made = Vec::new();
    let length = object.bytes.len();
    for cut in [1, length / 4, length / 2, length * 3 / 4, length - 1] {
        made.push(make(format!("cut after {cut} bytes"), object.bytes[..cut].to_vec()));
    }
    if matches!(decoder, "request" | "response" | "listing") {
        made.push(make("with a byte after it".into(), [&object.bytes[..], &[0]].concat()));
    }
    if !SIGNED.contains(&decoder) {
        return made;
    }
    let mut rng = StdRng::seed_from_u64(9);
    for _ in 0..12 {
        let mut bytes = object.bytes.clone();
        let bit = rng.random_range(0..length * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        made.push(make(format!("bit {bit} changed"), bytes));
    }
    made
}

/// Makes objects that cost as much as they can.
fn made_for_harm() -> Vec<HostileObject> {
    let log = agency();
    let make = |what: &str, decoder, bytes| HostileObject {
        what: what.into(),
        decoder,
        bytes,
    };
    let many = |count: usize| vec![Hash([5; 32]); count];
    let want = SyncRequest::Envelopes {
        agency: log.genesis(),
        want: many(65),
        have: vec![],
    };
    let summary = LogSummary {
        agency: log.genesis(),
        key_log: vec![],
        heads: vec![],
        heartbeats: vec![],
    };
    let crowded = vec![summary; 1025];
    let (one, other) = (sealed(&log, 1), sealed(&log, 2));
    let headers = |of: &[&Envelope]| of.iter().map(|envelope| envelope.signed_header()).collect::<Vec<_>>();
    let proof = |headers| ForkProof {
        key_log: log.signed(),
        headers,
    };
    let crowd: Vec<&Envelope> = [&one, &other].into_iter().cycle().take(1_500).collect();
    let twice = [&one, &one];
    // A revocation of four bytes each, the last cut off: `[document, bytes, []]`.
    let mut packed = vec![0x83, 0x6d];
    packed.extend(b"status-list/0");
    packed.extend([0x5a, 0x00, 0x07, 0xff, 0xe1]);
    packed.extend(vec![0; 0x7_ffe1]);
    packed.push(0x80);
    let mut endless = vec![0x83, 0x6d];
    endless.extend(b"status-list/0");
    endless.extend([0x58, 0x20]);
    endless.extend([0xff; 32]);
    endless.push(0x80);
    let mut entries = long_key_log();
    // And one that follows nothing.
    let mut last = agency_of(2);
    entries.append(&mut last);
    vec![
        make("65 wanted hashes", "request", want.to_bytes()),
        make(
            "1,025 summaries",
            "request",
            SyncRequest::Exchange(crowded.clone()).to_bytes(),
        ),
        make(
            "1,025 summaries",
            "response",
            SyncResponse::Exchange(crowded).to_bytes(),
        ),
        make("one envelope twice", "fork proof", encode(&proof(headers(&twice)))),
        make("no envelope", "fork proof", encode(&proof(vec![]))),
        make("1,500 envelopes", "fork proof", encode(&proof(headers(&crowd)))),
        make("half a megabyte of revocations and a byte", "page", packed),
        make("a time without end", "page", endless),
        make("a scope 150 times", "key log", encode(&entries)),
    ]
}

/// A key log of 150 wide entries, real until one too many follows. See `long` for the longest
/// that is real.
fn long_key_log() -> Vec<SignedKeyLogEntry> {
    let mut log = agency();
    let kinds: Vec<String> = (0..2).map(|i| format!("kind-{i:02}")).collect();
    for place in 0u8..150 {
        let mut last = vec![Hash([0; 32]); 14];
        for (i, hash) in (0u8..).zip(&mut last) {
            hash.0[..2].copy_from_slice(&[place, i]);
        }
        last.sort_unstable();
        let act = KeyLogAct::WriterScoped {
            key: key(1).public(),
            scope: WriterScope::Kinds(kinds.clone()),
            last,
        };
        let mut entry = log.propose(act, NOW).unwrap();
        entry.sign(&key(1));
        log.add(entry).unwrap();
    }
    log.signed()
}
