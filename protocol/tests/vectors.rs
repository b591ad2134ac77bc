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
    SigningKey, SyncRequest, SyncResponse, Verified, checkpoint,
    key_log::{ForkProof, Founding, KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterKey, WriterScope, found},
    log::AgencyLog,
    message::{ByteString, LogSummary},
    signed::{Signable, encode},
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
    let scene = VectorScene::new();
    [
        key_log_entries(&scene),
        puts(),
        envelopes(&scene),
        statements(&scene),
        carried::vectors(&scene.log).into(),
        files(&scene),
        requests(&scene),
        responses(&scene),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What one agency signed.
struct VectorScene {
    /// The entries of its key log: founded, a writer added, the root rotated, a writer ended.
    entries: [SignedKeyLogEntry; 4],
    /// The key log with the first two entries, under which all the rest was signed.
    log: KeyLog,
    /// The key log with all entries.
    ended: KeyLog,
    first: Envelope,
    second: Envelope,
    /// A fork of the first envelope.
    twin: Envelope,
    heartbeat: Verified<Heartbeat>,
    checkpoint: Verified<Checkpoint>,
    /// The pages of the checkpoint.
    pages: Vec<Vec<u8>>,
    held: Verified<Countersignature>,
}

impl VectorScene {
    fn new() -> Self {
        let mut log = key_log();
        let founding = log.signed().remove(0);
        let added = entry(
            &mut log,
            KeyLogAct::WriterAdded(WriterKey::of_all(key(12).public())),
            &[1, 2],
        );
        let first = seal(
            &log,
            10,
            (0, vec![]),
            vec![trust_list::recognize(&recognition()), revoke()],
        );
        let second = seal(&log, 11, (0, vec![first.hash()]), vec![suspend(), reserve()]);
        let twin = seal(&log, 10, (0, vec![]), vec![expunge()]);
        let heartbeat = heartbeat(&log, &second);
        let (checkpoint, pages) = checkpoint_and_pages(&log, [&first, &second]);
        let held = held(&log);

        let mut ended = log.clone();
        let rotation = KeyLogAct::RootRotated {
            root: RootKeySet::single(key(4).public()),
            next_root: RootKeySet::single(key(5).public()).commitment(),
        };
        let rotated = entry(&mut ended, rotation, &[4]);
        let end = KeyLogAct::WriterEnded {
            key: key(10).public(),
            last: vec![first.hash()],
            end: KeyEnd::Compromised,
        };
        let writer_ended = entry(&mut ended, end, &[4]);
        Self {
            entries: [founding, added, rotated, writer_ended],
            log,
            ended,
            first,
            second,
            twin,
            heartbeat,
            checkpoint,
            pages,
            held,
        }
    }
}

fn heartbeat(log: &KeyLog, head: &Envelope) -> Verified<Heartbeat> {
    key(10)
        .sign(&Heartbeat {
            version: 1,
            agency: log.genesis(),
            writer: key(10).public(),
            key_log: log.head(),
            heads: vec![head.hash()],
            issued: NOW,
            next_by: NOW.plus_seconds(86_400),
            checkpoint: None,
        })
        .unwrap()
}

/// The log that holds these envelopes.
fn kept<const N: usize>(log: &KeyLog, envelopes: [&Envelope; N]) -> AgencyLog {
    let mut kept = AgencyLog::new(log.clone());
    for envelope in envelopes {
        kept.append(envelope.clone()).unwrap();
    }
    kept
}

fn checkpoint_and_pages(log: &KeyLog, envelopes: [&Envelope; 2]) -> (Verified<Checkpoint>, Vec<Vec<u8>>) {
    let kept = kept(log, envelopes);
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
    (signed, pages)
}

fn held(log: &KeyLog) -> Verified<Countersignature> {
    key(10)
        .sign(&Countersignature {
            version: 1,
            agency: log.genesis(),
            writer: key(10).public(),
            key_log: log.head(),
            of: Hash([9; 32]),
            heads: vec![Hash([8; 32])],
            at: NOW,
        })
        .unwrap()
}

fn revoke() -> Put {
    status_list::revoke(7, 4711, StatusReason::Misconduct, NOW)
}

fn suspend() -> Put {
    status_list::suspend(7, 4712, true, StatusReason::EvidenceInvalid, NOW)
}

fn reserve() -> Put {
    status_list::reserve(7, SlotSpan::Block(18), None, NOW)
}

fn expunge() -> Put {
    status_list::expunge(7, 4711, false, NOW)
}

fn recognition() -> Recognition {
    Recognition {
        id: "r-1".into(),
        issuer: issuer(),
        scope: RecognitionScope::Achievements(vec!["https://palmetto.example/a/1".into()]),
        purposes: vec![Purpose::Renewal, Purpose::Salary],
        from: NOW,
        until: Some(NOW.plus_seconds(86_400)),
        accepts_without_status: false,
        basis: registry_schema::recognition::RecognitionBasis::default(),
    }
}

fn key_log_entries(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    let names = [
        "key-log-entry/0-founded",
        "key-log-entry/1-writer-added",
        "key-log-entry/2-root-rotated",
        "key-log-entry/3-writer-ended",
    ];
    let entries = scene.entries.iter();
    let vectors = entries.map(|entry| ("entry as it travels", Some(entry.name()), encode(entry)));
    names.into_iter().zip(vectors).collect()
}

/// What is put into a status list or the trust list.
fn puts() -> Vec<(&'static str, ProtocolVector)> {
    let reserve_unit = status_list::reserve(7, SlotSpan::Unit(8_191), Some(u64::MAX), NOW);
    let withdrawal = RecognitionWithdrawal {
        at: NOW,
        earlier_badges_stay_good: true,
    };
    let puts = [
        ("put/revoked", revoke()),
        ("put/suspended", suspend()),
        ("put/reserved", reserve()),
        ("put/reserved by a start", reserve_unit),
        ("put/expunged", expunge()),
        ("put/issuer", trust_list::register(&issuer())),
        ("put/issuer-with-own-keys", trust_list::register(&with_own_keys())),
        ("put/recognition", trust_list::recognize(&recognition())),
        ("put/withdrawal", trust_list::withdraw("r-1", &withdrawal)),
    ];
    puts.map(|(name, put)| (name, ("value", None, put.value))).into()
}

fn envelopes(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    let mut expunged = scene.first.clone();
    assert!(expunged.expunge(|document, key| *document == DocumentId::StatusList(7) && key == "r/4711"));
    let mut twin = scene.twin.clone();
    assert!(!twin.expunge(|_, key| key == "nothing"));
    let envelopes = [
        ("envelope/first", &scene.first),
        ("envelope/second", &scene.second),
        ("envelope/fork-of-first", &twin),
        ("envelope/first-expunged", &expunged),
    ];
    let vector = |envelope: &Envelope| {
        (
            "envelope as it travels",
            Some(envelope.hash()),
            encode(&envelope.signed()),
        )
    };
    envelopes.map(|(name, envelope)| (name, vector(envelope))).into()
}

/// What a writer signs beside envelopes, and the pages that a checkpoint names.
fn statements(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    fn statement<T: Signable>(signed: &Verified<T>) -> ProtocolVector {
        ("statement as it travels", Some(signed.hash()), encode(signed.signed()))
    }
    let page = |page: &Vec<u8>| ("page", Some(Hash::of(&[page])), page.clone());
    vec![
        ("heartbeat", statement(&scene.heartbeat)),
        ("checkpoint", statement(&scene.checkpoint)),
        ("checkpoint/page-0", page(&scene.pages[0])),
        ("checkpoint/page-1", page(&scene.pages[1])),
        ("held", statement(&scene.held)),
    ]
}

/// What is handed over as a file.
fn files(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    let kept = kept(&scene.log, [&scene.first, &scene.second, &scene.twin]);
    let proof: ForkProof = kept.fork_proofs().remove(0);
    vec![("fork-proof", ("file", None, encode(&proof)))]
}

fn summary(scene: &VectorScene) -> LogSummary {
    LogSummary {
        agency: scene.ended.genesis(),
        key_log: scene.ended.leaves(),
        heads: vec![scene.second.hash()],
        heartbeats: vec![scene.heartbeat.signed().clone()],
    }
}

fn requests(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    let agency = scene.ended.genesis();
    let requests = [
        ("request/exchange", SyncRequest::Exchange(vec![summary(scene)])),
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
                want: vec![scene.second.hash()],
                have: vec![scene.first.hash()],
            },
        ),
        (
            "request/push",
            SyncRequest::Push {
                agency,
                envelopes: vec![scene.second.signed()],
                heartbeat: Some(scene.heartbeat.signed().clone()),
            },
        ),
        (
            "request/whole",
            SyncRequest::Whole {
                agency,
                envelopes: vec![scene.first.hash()],
            },
        ),
        (
            "request/checkpoint",
            SyncRequest::Checkpoint {
                agency,
                name: scene.checkpoint.hash(),
            },
        ),
        (
            "request/rows",
            SyncRequest::Rows {
                agency,
                page: Hash::of(&[&scene.pages[0]]),
            },
        ),
        ("request/held", SyncRequest::Held(scene.held.signed().clone())),
    ];
    requests
        .map(|(name, request)| (name, ("message", None, request.to_bytes())))
        .into()
}

fn responses(scene: &VectorScene) -> Vec<(&'static str, ProtocolVector)> {
    let rows = ByteString(scene.pages[0].clone());
    let responses = [
        ("response/exchange", SyncResponse::Exchange(vec![summary(scene)])),
        (
            "response/key-log",
            SyncResponse::KeyLog {
                entries: vec![scene.entries[0].clone()],
                more: true,
            },
        ),
        (
            "response/envelopes",
            SyncResponse::Envelopes {
                envelopes: vec![scene.second.signed()],
                more: false,
            },
        ),
        ("response/received", SyncResponse::Received),
        (
            "response/checkpoint",
            SyncResponse::Checkpoint(Some(scene.checkpoint.signed().clone())),
        ),
        ("response/rows", SyncResponse::Rows(Some(rows))),
        ("response/rows-none", SyncResponse::Rows(None)),
    ];
    responses
        .map(|(name, response)| (name, ("message", None, response.to_bytes())))
        .into()
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
