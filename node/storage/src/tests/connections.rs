//! Tests of what each connection to a PostgreSQL server is told, whatever the server's administrator sets.

use super::*;
use crate::db::{ConnectionPools, within};

fn pool(store: &Store) -> &sqlx::PgPool {
    match &store.db.pools {
        ConnectionPools::Postgres(pool, ..) => pool,
        ConnectionPools::Sqlite { .. } => panic!("this is PostgreSQL"),
    }
}

#[tokio::test]
async fn every_connection_to_postgresql_waits_for_the_disk_by_its_own_setting() {
    let [_, place] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let mut connections = Vec::new();
    for _ in 0..pool(&store).options().get_max_connections() {
        connections.push(pool(&store).acquire().await.unwrap());
    }
    // A setting of the session's is above the server's, the role's and the database's, also where these change later.
    let sql = "SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'";
    for connection in &mut connections {
        let (setting, source): (String, String) = sqlx::query_as(sql).fetch_one(&mut **connection).await.unwrap();
        assert_eq!((setting.as_str(), source.as_str()), ("on", "session"));
    }
}

#[tokio::test]
async fn a_database_or_role_that_does_not_wait_for_the_disk_is_refused() {
    let [_, place] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let (database,): (String,) = sqlx::query_as("SELECT current_database()::text")
        .fetch_one(pool(&store))
        .await
        .unwrap();
    let of_the_database = format!("ALTER DATABASE {database} SET synchronous_commit = off");
    let of_the_role = format!("ALTER ROLE CURRENT_USER IN DATABASE {database} SET synchronous_commit = off");
    for off in [of_the_database, of_the_role] {
        let run = async |sql: String| {
            sqlx::query(sqlx::AssertSqlSafe(sql))
                .execute(pool(&store))
                .await
                .unwrap();
        };
        run(off.clone()).await;
        let refused = place.open().await.unwrap_err().to_string();
        assert!(refused.contains("synchronous_commit = off"), "{off}: {refused}");
        // What is open already goes on waiting.
        store.commit(&WriteBatch::default(), &[], NOW).await.unwrap();
        run(off.replace("= off", "= on")).await;
    }
    place.open().await.unwrap().close().await;
}

#[tokio::test]
async fn a_snapshot_may_stand_idle_for_longer_than_a_transaction_that_writes() {
    let [_, place] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let sql = "SELECT current_setting('idle_in_transaction_session_timeout')";
    // Twice, as what is set for one transaction must not stay with its connection.
    for _ in 0..2 {
        for (limit, mut tx) in [
            ("10min", store.db.snapshot().await.unwrap()),
            ("5s", store.db.begin().await.unwrap()),
        ] {
            let (found,): (String,) = within!(&mut tx, sqlx::query_as(sql), fetch_one).unwrap();
            assert_eq!(found, limit);
            tx.commit().await.unwrap();
        }
    }
}

/// A store whose rows are set back beneath the process that writes to it, without a restart.
#[tokio::test]
async fn a_write_to_a_store_that_went_back_is_refused_and_told() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        for _ in 0..3 {
            store.commit(&WriteBatch::default(), &[], NOW).await.unwrap();
        }
        assert!(store.is_the_same().is_ok());
        let back = "UPDATE lease SET changes = changes - 2";
        match &store.db.pools {
            ConnectionPools::Sqlite { write, .. } => sqlx::query(back).execute(write).await.map(drop),
            ConnectionPools::Postgres(pool, ..) => sqlx::query(back).execute(pool).await.map(drop),
        }
        .unwrap();
        let refused = store.commit(&WriteBatch::default(), &[], NOW).await;
        assert!(matches!(refused, Err(StoreError::WentBack)), "{refused:?}");
        assert!(matches!(store.is_the_same(), Err(StoreError::WentBack)));
        assert!(store.is_the_same().is_ok(), "it is told once");
        store.commit(&WriteBatch::default(), &[], NOW).await.unwrap();

        #[cfg(debug_assertions)]
        {
            store.faults().mutate(Some(DriverMutant::TrustsTheCount));
            match &store.db.pools {
                ConnectionPools::Sqlite { write, .. } => sqlx::query(back).execute(write).await.map(drop),
                ConnectionPools::Postgres(pool, ..) => sqlx::query(back).execute(pool).await.map(drop),
            }
            .unwrap();
            store.commit(&WriteBatch::default(), &[], NOW).await.unwrap();
            assert!(store.is_the_same().is_ok(), "the control: without the look it goes on");
        }
    }
}
