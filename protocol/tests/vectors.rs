//! Test vectors of version 1: `tests/fixtures/vectors.json`, for whoever writes a second implementation. The bytes are for
//! good: a change here is another version of the protocol.
//!
//! All keys are Ed25519 keys whose seed is 32 times the byte given; all salts come from the vectors' own rows.
//! `UPDATE=1 cargo test -p protocol --test vectors` writes the file anew.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

#[path = "vectors/carried.rs"]
mod carried;
#[path = "vectors/issuers.rs"]
mod issuers;

use std::{collections::BTreeMap, fs, path::Path};

use protocol::{
    Checkpoint, Countersignature, DocumentId, DocumentRow, Envelope, Hash, Heartbeat, KeyLog, Put, RootKeySet,
    SigningKey, SyncRequest, SyncResponse, checkpoint,
    key_log::{ForkProof, Founding, KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterKey, WriterScope, found},
    log::AgencyLog,
    message::{ByteString, LogSummary},
    signed::encode,
    status_list::{self, SlotSpan},
    trust_list,
};
use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{Purpose, Recognition, RecognitionScope, RecognitionWithdrawal, StatusReason, Timestamp};

use issuers::{issuer, with_own_keys};

const NOW: Timestamp = Timestamp(1_767_225_600_000);
const FILE: &str = "tests/fixtures/vectors.json";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Root: 2 of the keys 1, 2, 3; next root: the key 4; writers: the key 10 for all, the key 11 for status lists.
fn key_log() -> KeyLog {
    let root = RootKeySet::new(2, [1, 2, 3].map(|seed| key(seed).public()).to_vec()).unwrap();
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://nc.example".into(),
        root,
        next_root: RootKeySet::single(key(4).public()).commitment(),
        writers: vec![
            WriterKey::of_all(key(10).public()),
            WriterKey {
                key: key(11).public(),
                scope: WriterScope::Kinds(vec!["status-list".into()]),
            },
        ],
        badge_keys: vec![key(20).public()],
    };
    found(founding, &[&key(1), &key(3)], NOW).unwrap()
}

fn entry(log: &mut KeyLog, act: KeyLogAct, signers: &[u8]) -> SignedKeyLogEntry {
    let mut entry = log.propose(act, NOW).unwrap();
    for signer in signers {
        entry.sign(&key(*signer));
    }
    log.add(entry.clone()).unwrap();
    entry
}

fn seal(log: &KeyLog, writer: u8, next: (u32, Vec<Hash>), puts: Vec<Put>) -> Envelope {
    let mut rng = StdRng::seed_from_u64(u64::from(writer) * 100 + u64::from(next.0));
    Envelope::seal(&key(writer), log, next, NOW, puts, &mut rng).unwrap()
}

/// The kind of a vector, its name (for statements), its bytes.
type ProtocolVector = (&'static str, Option<Hash>, Vec<u8>);

/// Everything that is signed or sent, by name.
fn vectors() -> BTreeMap<&'static str, ProtocolVector> {
    let mut all = BTreeMap::new();
    let mut log = key_log();
    let founding = log.signed().remove(0);
    all.insert(
        "key-log-entry/0-founded",
        ("entry as it travels", Some(founding.name()), encode(&founding)),
    );
    let added = entry(
        &mut log,
        KeyLogAct::WriterAdded(WriterKey::of_all(key(12).public())),
        &[1, 2],
    );
    all.insert(
        "key-log-entry/1-writer-added",
        ("entry as it travels", Some(added.name()), encode(&added)),
    );

    let revoke = status_list::revoke(7, 4711, StatusReason::Misconduct, NOW);
    let suspend = status_list::suspend(7, 4712, true, StatusReason::EvidenceInvalid, NOW);
    let reserve = status_list::reserve(7, SlotSpan::Block(18), None, NOW);
    let reserve_unit = status_list::reserve(7, SlotSpan::Unit(8_191), Some(u64::MAX), NOW);
    let expunge = status_list::expunge(7, 4711, false, NOW);
    let recognition = Recognition {
        id: "r-1".into(),
        issuer: issuer(),
        scope: RecognitionScope::Achievements(vec!["https://palmetto.example/a/1".into()]),
        purposes: vec![Purpose::Renewal, Purpose::Salary],
        from: NOW,
        until: Some(NOW.plus_seconds(86_400)),
        accepts_without_status: false,
        basis: registry_schema::recognition::RecognitionBasis::default(),
    };
    let withdrawal = RecognitionWithdrawal {
        at: NOW,
        earlier_badges_stay_good: true,
    };
    for (name, put) in [
        ("put/revoked", &revoke),
        ("put/suspended", &suspend),
        ("put/reserved", &reserve),
        ("put/reserved by a start", &reserve_unit),
        ("put/expunged", &expunge),
        ("put/issuer", &trust_list::register(&issuer())),
        ("put/issuer-with-own-keys", &trust_list::register(&with_own_keys())),
        ("put/recognition", &trust_list::recognize(&recognition)),
        ("put/withdrawal", &trust_list::withdraw("r-1", &withdrawal)),
    ] {
        all.insert(name, ("value", None, put.value.clone()));
    }

    let first = seal(
        &log,
        10,
        (0, vec![]),
        vec![trust_list::recognize(&recognition), revoke.clone()],
    );
    let second = seal(&log, 11, (0, vec![first.hash()]), vec![suspend, reserve]);
    let mut twin = seal(&log, 10, (0, vec![]), vec![expunge]);
    all.insert(
        "envelope/first",
        ("envelope as it travels", Some(first.hash()), encode(&first.signed())),
    );
    all.insert(
        "envelope/second",
        ("envelope as it travels", Some(second.hash()), encode(&second.signed())),
    );
    all.insert(
        "envelope/fork-of-first",
        ("envelope as it travels", Some(twin.hash()), encode(&twin.signed())),
    );
    let mut expunged = first.clone();
    assert!(expunged.expunge(|document, key| *document == DocumentId::StatusList(7) && key == "r/4711"));
    all.insert(
        "envelope/first-expunged",
        (
            "envelope as it travels",
            Some(expunged.hash()),
            encode(&expunged.signed()),
        ),
    );
    assert!(!twin.expunge(|_, key| key == "nothing"));

    let heartbeat = key(10)
        .sign(&Heartbeat {
            version: 1,
            agency: log.genesis(),
            writer: key(10).public(),
            key_log: log.head(),
            heads: vec![second.hash()],
            issued: NOW,
            next_by: NOW.plus_seconds(86_400),
            checkpoint: None,
        })
        .unwrap();
    all.insert(
        "heartbeat",
        (
            "statement as it travels",
            Some(heartbeat.hash()),
            encode(heartbeat.signed()),
        ),
    );

    let mut kept = AgencyLog::new(log.clone());
    kept.append(first.clone()).unwrap();
    kept.append(second.clone()).unwrap();
    let pages = checkpoint::pages(&kept.rows().unwrap());
    let signed = key(10)
        .sign(&Checkpoint {
            version: 1,
            agency: log.genesis(),
            writer: key(10).public(),
            key_log: log.head(),
            heads: kept.heads(),
            envelopes: 2,
            issued: NOW,
            next_by: NOW.plus_seconds(86_400),
            pages: checkpoint::names(&pages),
        })
        .unwrap();
    all.insert(
        "checkpoint",
        ("statement as it travels", Some(signed.hash()), encode(signed.signed())),
    );
    all.insert(
        "checkpoint/page-0",
        ("page", Some(Hash::of(&[&pages[0]])), pages[0].clone()),
    );
    all.insert(
        "checkpoint/page-1",
        ("page", Some(Hash::of(&[&pages[1]])), pages[1].clone()),
    );

    let held = key(10)
        .sign(&Countersignature {
            version: 1,
            agency: log.genesis(),
            writer: key(10).public(),
            key_log: log.head(),
            of: Hash([9; 32]),
            heads: vec![Hash([8; 32])],
            at: NOW,
        })
        .unwrap();
    all.insert(
        "held",
        ("statement as it travels", Some(held.hash()), encode(held.signed())),
    );

    for (name, vector) in carried::vectors(&log) {
        all.insert(name, vector);
    }

    kept.append(twin.clone()).unwrap();
    let proof: ForkProof = kept.fork_proofs().remove(0);
    all.insert("fork-proof", ("file", None, encode(&proof)));

    let rotation = KeyLogAct::RootRotated {
        root: RootKeySet::single(key(4).public()),
        next_root: RootKeySet::single(key(5).public()).commitment(),
    };
    let rotated = entry(&mut log, rotation, &[4]);
    all.insert(
        "key-log-entry/2-root-rotated",
        ("entry as it travels", Some(rotated.name()), encode(&rotated)),
    );
    let ended = KeyLogAct::WriterEnded {
        key: key(10).public(),
        last: vec![first.hash()],
        end: KeyEnd::Compromised,
    };
    let ended = entry(&mut log, ended, &[4]);
    all.insert(
        "key-log-entry/3-writer-ended",
        ("entry as it travels", Some(ended.name()), encode(&ended)),
    );

    let agency = log.genesis();
    let summary = LogSummary {
        agency,
        key_log: log.leaves(),
        heads: vec![second.hash()],
        heartbeats: vec![heartbeat.signed().clone()],
    };
    for (name, request) in [
        ("request/exchange", SyncRequest::Exchange(vec![summary.clone()])),
        (
            "request/key-log",
            SyncRequest::KeyLog {
                agency,
                have: vec![agency],
            },
        ),
        (
            "request/envelopes",
            SyncRequest::Envelopes {
                agency,
                want: vec![second.hash()],
                have: vec![first.hash()],
            },
        ),
        (
            "request/push",
            SyncRequest::Push {
                agency,
                envelopes: vec![second.signed()],
                heartbeat: Some(heartbeat.signed().clone()),
            },
        ),
        (
            "request/whole",
            SyncRequest::Whole {
                agency,
                envelopes: vec![first.hash()],
            },
        ),
        (
            "request/checkpoint",
            SyncRequest::Checkpoint {
                agency,
                name: signed.hash(),
            },
        ),
        (
            "request/rows",
            SyncRequest::Rows {
                agency,
                page: Hash::of(&[&pages[0]]),
            },
        ),
        ("request/held", SyncRequest::Held(held.signed().clone())),
    ] {
        all.insert(name, ("message", None, request.to_bytes()));
    }
    for (name, response) in [
        ("response/exchange", SyncResponse::Exchange(vec![summary])),
        (
            "response/key-log",
            SyncResponse::KeyLog {
                entries: vec![founding],
                more: true,
            },
        ),
        (
            "response/envelopes",
            SyncResponse::Envelopes {
                envelopes: vec![second.signed()],
                more: false,
            },
        ),
        ("response/received", SyncResponse::Received),
        (
            "response/checkpoint",
            SyncResponse::Checkpoint(Some(signed.signed().clone())),
        ),
        ("response/rows", SyncResponse::Rows(Some(ByteString(pages[0].clone())))),
        ("response/rows-none", SyncResponse::Rows(None)),
    ] {
        all.insert(name, ("message", None, response.to_bytes()));
    }
    all
}

fn file() -> String {
    let rows = vectors().into_iter().map(|(name, (kind, hash, bytes))| {
        let hash = hash.map_or_else(String::new, |hash| format!(", \"hash\": \"{hash}\""));
        format!(
            "  {{\"name\": \"{name}\", \"is\": \"{kind}\"{hash}, \"bytes\": \"{}\"}}",
            hex(&bytes)
        )
    });
    format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
}

#[test]
fn the_bytes_of_version_1_are_for_good() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var("UPDATE").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, file()).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap();
    for (stored, made) in stored.lines().zip(file().lines()) {
        let name: String = made.chars().take(60).collect();
        assert_eq!(stored, made, "another encoding of {name}");
    }
    assert_eq!(stored, file());
}

/// Whoever reads the file with nothing but the rules finds the same: each statement's signature holds, each message is
/// read, and encodes to the same bytes.
#[test]
fn what_the_file_holds_is_read_and_believed() {
    let stored = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap();
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": \""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let by_name: BTreeMap<String, (Option<String>, Vec<u8>)> = stored
        .lines()
        .filter_map(|line| {
            Some((
                field(line, "name")?,
                (field(line, "hash"), unhex(&field(line, "bytes")?)),
            ))
        })
        .collect();
    assert!(by_name.len() > 30, "{}", by_name.len());
    let bytes = |name: &str| {
        by_name
            .get(name)
            .unwrap_or_else(|| panic!("no vector `{name}`"))
            .1
            .as_slice()
    };

    let entry = |name: &str| -> SignedKeyLogEntry { minicbor::decode(bytes(name)).unwrap() };
    let names = ["0-founded", "1-writer-added", "2-root-rotated", "3-writer-ended"];
    let entries = names.map(|name| entry(&format!("key-log-entry/{name}")));
    let log = KeyLog::read(entries.to_vec()).unwrap();
    assert_eq!(by_name["key-log-entry/0-founded"].0, Some(log.genesis().to_string()));

    let mut kept = AgencyLog::new(log.clone());
    for name in ["envelope/first", "envelope/second", "envelope/fork-of-first"] {
        let signed: protocol::SignedEnvelope = minicbor::decode(bytes(name)).unwrap();
        let envelope = signed.verify(&log).unwrap();
        assert_eq!(by_name[name].0, Some(envelope.hash().to_string()));
        kept.append(envelope).unwrap();
    }
    // The writer's end names its first envelope, so the fork of it is void.
    let rows: Vec<DocumentRow> = kept.rows().unwrap();
    assert!(
        rows.iter().any(|row| row.key == "r/4711") && !rows.iter().any(|row| row.key == "x/4711"),
        "{rows:?}"
    );

    let beat: protocol::Signed<Heartbeat> = minicbor::decode(bytes("heartbeat")).unwrap();
    assert!(Heartbeat::read(beat, &log).is_ok());
    let signed: protocol::Signed<Checkpoint> = minicbor::decode(bytes("checkpoint")).unwrap();
    assert_eq!(Checkpoint::read(signed, &log).unwrap().get().pages.len(), 2);
    assert!(checkpoint::read_page(log.genesis(), bytes("checkpoint/page-0")).is_ok());
    let before = KeyLog::read(entries[..2].to_vec()).unwrap();
    let name = carried::assert_introduces(bytes("introduction"), bytes("ticket"), (&before, &log));
    assert_eq!(by_name["introduction"].0, Some(name));
    let proof: ForkProof = minicbor::decode(bytes("fork-proof")).unwrap();
    assert_eq!(proof.check().unwrap().0, log.genesis());
    for (name, (_, bytes)) in &by_name {
        if name.starts_with("request/") {
            assert_eq!(SyncRequest::read(bytes).unwrap().to_bytes(), *bytes, "{name}");
        } else if name.starts_with("response/") {
            assert_eq!(SyncResponse::read(bytes).unwrap().to_bytes(), *bytes, "{name}");
        }
    }
}
