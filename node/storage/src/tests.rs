//! The same promises on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the server at `COMITY_TEST_POSTGRES` (`tests/run` starts one); each test makes a database of its own.

use protocol::{
    DocumentRow, Envelope, Hash, Put, RootKeySet, SigningKey, WriteBatch,
    key_log::{Founding, WriterKey, found},
    signed::encode,
    status_list,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use registry_schema::{CredentialCode, StatusReason, Timestamp};

use super::*;
use crate::look_up::LookupPermit;

mod connections;
mod issuer_lists;
mod lease;
mod memory;
mod residue;
mod schema;
mod seals;
mod sqlite_file;
mod tls;
mod version;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A place for a store: a folder, and the URL of an empty database if it is to be PostgreSQL.
pub(super) struct TestDatabase {
    folder: tempfile::TempDir,
    database: Option<String>,
}

impl TestDatabase {
    pub(super) async fn both() -> [Self; 2] {
        let server = std::env::var("COMITY_TEST_POSTGRES")
            .expect("COMITY_TEST_POSTGRES names no server: `tests/run` starts one and sets it");
        let mut random = [0; 8];
        rand::rng().fill_bytes(&mut random);
        let name = format!("comity_test_{:016x}", u64::from_be_bytes(random));
        let pool = sqlx::PgPool::connect(&server).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&pool)
            .await
            .unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let folder = || tempfile::tempdir().unwrap();
        [
            Self {
                folder: folder(),
                database: None,
            },
            Self {
                folder: folder(),
                database: Some(format!("{base}/{name}")),
            },
        ]
    }

    pub(super) async fn create(&self) -> anyhow::Result<Store> {
        Store::create(self.folder.path(), self.postgres().as_ref()).await
    }

    async fn open(&self) -> anyhow::Result<Store> {
        Store::open(self.folder.path(), self.postgres().as_ref()).await
    }

    async fn open_to_run(&self) -> anyhow::Result<Store> {
        Store::open_to_run(self.folder.path(), self.postgres().as_ref(), Duration::from_secs(1)).await
    }

    fn postgres(&self) -> Option<PostgresDatabase> {
        self.database
            .as_deref()
            .map(|url| PostgresDatabase::new(url, None).unwrap())
    }
}

fn batch() -> WriteBatch {
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://node.example".into(),
        root: RootKeySet::single(key.public()),
        next_root: Hash([0; 32]),
        writers: vec![WriterKey::of_all(key.public())],
        badge_keys: vec![],
    };
    let key_log = found(founding, &[&key], NOW).unwrap();
    let mut rng = StdRng::seed_from_u64(3);
    let put = |index| -> Vec<Put> { vec![status_list::revoke(0, index, StatusReason::IssuedInError, NOW)] };
    let first = Envelope::seal(&key, &key_log, (0, vec![]), NOW, put(1), &mut rng).unwrap();
    let second = Envelope::seal(&key, &key_log, (1, vec![first.hash()]), NOW, put(2), &mut rng).unwrap();
    let row = |index: u32| {
        let Put { document, key, value } = status_list::revoke(0, index, StatusReason::IssuedInError, NOW);
        DocumentRow {
            agency: key_log.genesis(),
            document,
            key,
            values: vec![value],
        }
    };
    let rows = vec![row(1), row(2)];
    WriteBatch {
        key_logs: vec![key_log],
        envelopes: vec![first, second],
        rows,
        ..WriteBatch::default()
    }
}

fn credential(id: &str, slot: i64) -> SignedCredentialRow {
    let issued = CredentialRow {
        id: id.into(),
        code: CredentialCode::new(*b"NC", u64::try_from(slot).unwrap()),
        issuer: "did:key:zExample".into(),
        achievement: "https://node.example/achievements/1".into(),
        name: "Formative Assessment in Practice".into(),
        subject: "Jordan Ávery".into(),
        valid_from: NOW.0,
        valid_until: None,
        list: 5,
        slot,
    };
    SignedCredentialRow {
        issued,
        document: "{\"id\": \"ünïcode\"}".into(),
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    for place in TestDatabase::both().await {
        let (batch, genesis) = {
            let b = batch();
            let g = b.key_logs[0].genesis();
            (b, g)
        };
        let store = place.create().await.unwrap();
        let key = LocalWrite::IssuerKey {
            issuer: "did:key:zExample".into(),
            seed: KeySeed(vec![9; 32]),
        };
        let list = LocalWrite::IssuerList {
            issuer: "did:key:zExample".into(),
            list: IssuerStatusList {
                number: 5,
                witness: None,
            },
        };
        store
            .commit(
                &batch,
                &[key, list, LocalWrite::Credential(credential("urn:uuid:1", 8))],
                NOW,
            )
            .await
            .unwrap();
        store.put_operator("alice", [1; 32], NOW).await.unwrap();
        store.put_operator("alice", [2; 32], NOW).await.unwrap();
        store.close().await;

        let store = place.open().await.unwrap();
        store.ping().await.unwrap();
        let stored = store.load_log().await.unwrap();
        assert_eq!(stored.key_logs[0].genesis(), genesis);
        let bytes: Vec<Vec<u8>> = stored.envelopes.iter().map(|(_, e)| encode(e)).collect();
        assert_eq!(
            bytes,
            batch.envelopes.iter().map(|e| encode(&e.signed())).collect::<Vec<_>>(),
            "in their order"
        );
        assert_eq!(store.entries(genesis).await.unwrap().len(), 2);
        let found = store.credential_by_id("urn:uuid:1").await.unwrap().unwrap();
        assert_eq!((found.issued.slot, found.issued.subject.as_str()), (8, "Jordan Ávery"));
        assert_eq!(
            store
                .credential_by_code(found.issued.code, LookupPermit::of_stranger())
                .await
                .unwrap()
                .unwrap()
                .issued
                .id,
            "urn:uuid:1"
        );
        assert_eq!(
            store.badge("urn:uuid:1").await.unwrap().unwrap(),
            "{\"id\": \"ünïcode\"}"
        );
        assert_eq!(store.issuer_key_of_list(5).await.unwrap().unwrap().seed.0, [9; 32]);
        assert_eq!(store.operator([2; 32]).await.unwrap().as_deref(), Some("alice"));
        assert_eq!(store.operator([1; 32]).await.unwrap(), None, "her old token");
    }
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        store.commit(&batch(), &[], NOW).await.unwrap();
        let act = AuditRecord {
            at: NOW,
            who: "alice".into(),
            act: "test.act",
            subject: "x".into(),
            note: None,
        };
        let own = [
            LocalWrite::Audit(act.clone()),
            LocalWrite::Credential(credential("urn:uuid:2", 9)),
        ];
        // The same envelopes again break a rule of the tables, and everything beside them goes as well.
        assert!(store.commit(&batch(), &own, NOW).await.is_err());
        assert_eq!(store.audited("test.act").await.unwrap(), 0);
        assert!(store.credential_by_id("urn:uuid:2").await.unwrap().is_none());
        // One slot is never two credentials'.
        store.commit(&WriteBatch::default(), &own, NOW).await.unwrap();
        let twice = [
            LocalWrite::Audit(act),
            LocalWrite::Credential(credential("urn:uuid:3", 9)),
        ];
        assert!(store.commit(&WriteBatch::default(), &twice, NOW).await.is_err());
        assert_eq!(store.audited("test.act").await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_step_of_a_case_is_written_once() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let rubric = RubricRow {
            id: "r".into(),
            version: "1".into(),
            imported_at: NOW.0,
            imported_by: "alice".into(),
            content: "{}".into(),
        };
        let application = ApplicationRow {
            id: "app-1".into(),
            name: "Palmetto".into(),
            url: None,
            contact: "{}".into(),
            token_hash: vec![7; 32],
            applied_at: NOW.0,
            phase: "submitted".into(),
        };
        let step = |number: i64, issuer: Option<&str>| StepRow {
            application: "app-1".into(),
            number,
            at: NOW.0,
            who: None,
            step: "\"apply\"".into(),
            note: Some("ünïcode".into()),
            note_is_public: 0,
            rubric_id: Some("r".into()),
            rubric_version: Some("1".into()),
            issuer: issuer.map(str::to_owned),
        };
        let own = [
            LocalWrite::Rubric(rubric.clone()),
            LocalWrite::Application(application.clone()),
            LocalWrite::Step(step(1, None), "submitted"),
            LocalWrite::Step(step(2, Some("did:example:1")), "registered"),
        ];
        store.commit(&WriteBatch::default(), &own, NOW).await.unwrap();
        // Neither twice, nor one issuer of two steps, nor changed or taken away afterwards.
        for again in [step(2, None), step(3, Some("did:example:1"))] {
            let twice = [LocalWrite::Step(again, "refused")];
            assert!(store.commit(&WriteBatch::default(), &twice, NOW).await.is_err());
        }
        for sql in [
            "UPDATE application_steps SET note = 'other'",
            "DELETE FROM application_steps",
            "UPDATE rubrics SET content = '[]'",
        ] {
            let done = match &store.db.pools {
                db::ConnectionPools::Sqlite { write, .. } => sqlx::query(sql).execute(write).await.map(drop),
                db::ConnectionPools::Postgres(pool, ..) => sqlx::query(sql).execute(pool).await.map(drop),
            };
            assert!(done.unwrap_err().to_string().contains("written once"), "{sql}");
        }
        let steps = store.application_steps("app-1").await.unwrap();
        assert_eq!(steps, [step(1, None), step(2, Some("did:example:1"))]);
        let found = store.application_of_issuer("did:example:1").await.unwrap();
        assert_eq!(found.as_ref().map(|row| row.phase.as_str()), Some("registered"));
        assert_eq!(store.application_by_token([7; 32]).await.unwrap(), found);
        assert_eq!(store.application_by_token([8; 32]).await.unwrap(), None);
        assert_eq!(store.rubric("r", "1").await.unwrap(), Some(rubric));
        let waiting = store.applications_waiting(["submitted", "under_review"], [0, 1]);
        assert_eq!(waiting.await.unwrap(), (0, Some(NOW.0), None));
    }
}

#[tokio::test]
async fn a_store_is_made_once_and_never_by_opening() {
    for place in TestDatabase::both().await {
        assert!(place.open().await.unwrap_err().to_string().contains("comityd init"));
        place.create().await.unwrap().close().await;
        assert!(
            place
                .create()
                .await
                .unwrap_err()
                .to_string()
                .contains("holds a store already")
        );
        place.open().await.unwrap().close().await;
    }
}
