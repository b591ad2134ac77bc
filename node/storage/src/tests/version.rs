//! Stores of other versions than this program's.

use std::{sync::Arc, time::Duration};

use sqlx::migrate::{Migration, Migrator};

use super::*;
use crate::version;

const SOON: Duration = Duration::from_millis(400);

fn migrations(place: &TestDatabase) -> Vec<Migration> {
    let ours: &Migrator = if place.database.is_some() {
        &version::POSTGRES
    } else {
        &version::SQLITE
    };
    ours.iter().cloned().collect()
}

/// Does something in the store behind its back: SQL for both.
async fn behind_its_back(place: &TestDatabase, sql: &str) -> u64 {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match &place.database {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
            pool.close().await;
            done
        }
        None => {
            let file = place.folder.path().join("registry.sqlite");
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display()))
                .await
                .unwrap();
            let done = sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
            pool.close().await;
            done
        }
    }
}

/// The numbers of the migrations that made the store.
async fn applied(place: &TestDatabase) -> Vec<i64> {
    let sql = "SELECT version FROM _sqlx_migrations ORDER BY version";
    let rows: Vec<(i64,)> = match &place.database {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            sqlx::query_as(sql).fetch_all(&pool).await.unwrap()
        }
        None => {
            let file = place.folder.path().join("registry.sqlite");
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display()))
                .await
                .unwrap();
            sqlx::query_as(sql).fetch_all(&pool).await.unwrap()
        }
    };
    rows.into_iter().map(|(version,)| version).collect()
}

/// Makes a store as an earlier program made it: with the first so many migrations.
async fn made_by_an_earlier_program(place: &TestDatabase, steps: usize) {
    let migrator = Migrator::with_migrations(migrations(place).into_iter().take(steps).collect());
    match &place.database {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        }
        None => {
            let file = place.folder.path().join("registry.sqlite");
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.display()))
                .await
                .unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        }
    }
    assert_eq!(applied(place).await.len(), steps);
}

async fn runs(place: &TestDatabase) -> anyhow::Result<Store> {
    Store::open_to_run(place.folder.path(), place.postgres().as_ref(), SOON).await
}

async fn refusal(opened: anyhow::Result<Store>) -> String {
    match opened {
        Ok(_) => panic!("the store was opened"),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn only_a_node_that_starts_brings_an_older_store_up_to_date() {
    let most = version::SQLITE.iter().count();
    for steps in 1..most {
        for place in TestDatabase::both().await {
            made_by_an_earlier_program(&place, steps).await;
            let before = applied(&place).await;
            let said = refusal(place.open().await).await;
            assert!(
                said.contains("older version") && said.contains("stop the node"),
                "{said}"
            );
            assert_eq!(applied(&place).await, before, "a look changed the tables");

            let store = runs(&place).await.unwrap();
            assert_eq!(applied(&place).await.len(), migrations(&place).len());
            let seen = store.changes(-1).await.unwrap().lease.mark();
            assert!(store.take(seen, &HolderEndpoint::default()).await.unwrap().is_some());
            store
                .commit(&batch(), &[LocalWrite::Credential(credential("urn:uuid:1", 8))], NOW)
                .await
                .unwrap();
            store.close().await;
            let store = place.open().await.unwrap();
            assert!(store.credential_by_id("urn:uuid:1").await.unwrap().is_some());
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_store_that_another_program_made_is_refused_with_words_and_not_touched() {
    let foreign = [
        (
            "another comityd",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        ),
        (
            "another comityd",
            "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1) WHERE version = 2",
        ),
        (
            "broke off",
            "UPDATE _sqlx_migrations SET success = NOT success WHERE version = 2",
        ),
    ];
    for (words, sql) in foreign {
        for place in TestDatabase::both().await {
            place.create().await.unwrap().close().await;
            assert_eq!(behind_its_back(&place, sql).await, 1);
            let before = applied(&place).await;
            for opened in [place.open().await, runs(&place).await] {
                let said = refusal(opened).await;
                assert!(said.contains(words), "{said}");
            }
            assert_eq!(applied(&place).await, before);
        }
    }
}

#[tokio::test]
async fn a_process_that_lives_keeps_its_tables_and_one_that_is_gone_does_not() {
    let [_, place] = TestDatabase::both().await;
    let steps = migrations(&place).len() - 1;
    made_by_an_earlier_program(&place, steps).await;
    behind_its_back(&place, "UPDATE lease SET epoch = 7, address = '192.0.2.1:7'").await;
    let url = place.database.clone().unwrap();
    let alive = Arc::new(AtomicBool::new(true));
    let renewing = tokio::spawn({
        let alive = alive.clone();
        async move {
            let pool = sqlx::PgPool::connect(&url).await.unwrap();
            while alive.load(Ordering::SeqCst) {
                sqlx::query("UPDATE lease SET renewed = renewed + 1 WHERE epoch = 7")
                    .execute(&pool)
                    .await
                    .unwrap();
                tokio::time::sleep(SOON / 8).await;
            }
        }
    });
    let said = refusal(runs(&place).await).await;
    assert!(
        said.contains("192.0.2.1:7") && said.contains("stop all its processes"),
        "{said}"
    );
    assert_eq!(applied(&place).await.len(), steps);

    alive.store(false, Ordering::SeqCst);
    renewing.await.unwrap();
    let store = runs(&place).await.unwrap();
    assert_eq!(applied(&place).await.len(), steps + 1);
    let lease = store.changes(-1).await.unwrap().lease;
    assert_eq!(
        (lease.epoch, lease.address.as_str()),
        (8, ""),
        "who held it writes no more if it comes back"
    );
}

#[tokio::test]
async fn who_followed_while_a_newer_program_began_never_writes() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let seen = store.changes(-1).await.unwrap().lease;
        let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) SELECT 9999, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        behind_its_back(&place, later).await;
        store.forget_lease();
        let taken = store.take(seen.mark(), &HolderEndpoint::default()).await;
        assert!(matches!(taken, Err(StoreError::OtherVersion)), "{taken:?}");
        assert_eq!(store.changes(-1).await.unwrap().lease.mark(), seen.mark());
        assert!(store.held().is_none());
    }
}
