//! Tests of tables and columns that somebody drops or renames, one after the other: all of them, as the database has them.

use super::*;
use crate::{db::ConnectionPools, schema::Schema, version};

/// Does something in the store behind its back.
async fn behind_its_back(store: &Store, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match &store.db.pools {
        ConnectionPools::Sqlite { write, .. } => sqlx::raw_sql(sql).execute(write).await.map(drop),
        ConnectionPools::Postgres(pool, ..) => sqlx::raw_sql(sql).execute(pool).await.map(drop),
    }
    .unwrap();
}

/// Each table of a store with its columns, as the database itself lists them.
async fn tables(store: &Store) -> Vec<(String, Vec<String>)> {
    let listed: Vec<(String,)> = match &store.db.pools {
        ConnectionPools::Sqlite { read, .. } => {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'";
            sqlx::query_as(sql).fetch_all(read).await.unwrap()
        }
        ConnectionPools::Postgres(pool, ..) => {
            let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
            sqlx::query_as(sql).fetch_all(pool).await.unwrap()
        }
    };
    let mut tables = Vec::new();
    for (table,) in listed {
        let columns: Vec<(String,)> = match &store.db.pools {
            ConnectionPools::Sqlite { read, .. } => {
                let sql = "SELECT name FROM pragma_table_info($1)";
                sqlx::query_as(sql).bind(&table).fetch_all(read).await.unwrap()
            }
            ConnectionPools::Postgres(pool, ..) => {
                let sql = "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1";
                sqlx::query_as(sql).bind(&table).fetch_all(pool).await.unwrap()
            }
        };
        tables.push((table, columns.into_iter().map(|(column,)| column).collect()));
    }
    tables
}

#[tokio::test]
async fn both_databases_are_given_the_tables_that_are_expected() {
    let expected = Schema::expected().await.unwrap();
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let there = tables(&store).await.into_iter();
        let there = there.flat_map(|(table, columns)| columns.into_iter().map(move |column| (table.clone(), column)));
        assert_eq!(&there.collect::<Schema>(), expected, "{:?}", place.database);
    }
}

#[tokio::test]
async fn each_table_and_column_that_is_gone_is_named_until_it_is_back() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let all = tables(&store).await;
        assert!(all.len() > 20, "{all:?}");
        let is_named = async |part: &str| {
            let told = store.ping().await.unwrap_err();
            assert!(matches!(told, StoreError::SchemaIncomplete(_)), "{told:?}");
            assert!(told.to_string().contains(part), "{part}: {told}");
            assert!(
                matches!(store.is_the_same(), Err(StoreError::SchemaIncomplete(_))),
                "{part}"
            );
            let refused = place.open().await.unwrap_err().to_string();
            assert!(
                refused.contains(part) && refused.contains("comityd rebuild") && refused.contains("the last backup"),
                "{part}: {refused}"
            );
        };
        for (table, columns) in &all {
            behind_its_back(&store, &format!("ALTER TABLE {table} RENAME TO elsewhere")).await;
            is_named(&format!("the table `{table}`")).await;
            behind_its_back(&store, &format!("ALTER TABLE elsewhere RENAME TO {table}")).await;
            store.ping().await.unwrap();
            store.is_the_same().unwrap();
            for column in columns {
                let rename = |from: &str, to: &str| format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}");
                behind_its_back(&store, &rename(column, "elsewhere")).await;
                let told = store.check_schema().await.unwrap_err().to_string();
                let part = match columns.len() {
                    1 => format!("the table `{table}`"),
                    _ => format!("the column `{column}` of the table `{table}`"),
                };
                assert!(told.contains(&part), "{told}");
                behind_its_back(&store, &rename("elsewhere", column)).await;
            }
            store.ping().await.unwrap();
        }
        store.close().await;
        place.open().await.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_statement_that_meets_what_is_gone_names_it() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let told = async |part: &str| {
            let read = store.credential_by_id("urn:uuid:1").await.unwrap_err();
            let written = store
                .commit(&batch(), &[LocalWrite::Credential(credential("urn:uuid:1", 8))], NOW)
                .await
                .unwrap_err();
            for error in [read, written] {
                assert!(matches!(error, StoreError::SchemaIncomplete(_)), "{error:?}");
                assert!(error.to_string().contains(part), "{part}: {error}");
            }
        };
        behind_its_back(&store, "ALTER TABLE credentials RENAME TO elsewhere").await;
        told("the table `credentials`").await;
        behind_its_back(&store, "ALTER TABLE elsewhere RENAME TO credentials").await;
        behind_its_back(&store, "ALTER TABLE credentials RENAME COLUMN achievement TO elsewhere").await;
        told("the column `achievement`").await;
        behind_its_back(&store, "ALTER TABLE credentials RENAME COLUMN elsewhere TO achievement").await;
        store
            .commit(&batch(), &[LocalWrite::Credential(credential("urn:uuid:1", 8))], NOW)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_table_that_may_not_be_read_is_named() {
    let [_, place] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    // Who owns all is asked for no right, so somebody else reads.
    behind_its_back(
        &store,
        "DROP ROLE IF EXISTS comity_reader; CREATE ROLE comity_reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO comity_reader; \
         REVOKE SELECT ON audit FROM comity_reader",
    )
    .await;
    let url = place
        .database
        .as_deref()
        .unwrap()
        .replacen("//comity@", "//comity_reader@", 1);
    let database = PostgresDatabase::new(&url, None).unwrap();
    let refused = Store::open(place.folder.path(), Some(&database))
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("the table `audit`"), "{refused}");
    behind_its_back(&store, "DROP OWNED BY comity_reader; DROP ROLE comity_reader").await;
}

#[tokio::test]
async fn a_store_of_an_older_version_that_lacks_a_table_is_not_brought_up_to_date() {
    let [place, _] = TestDatabase::both().await;
    let file = place.folder.path().join("registry.sqlite");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.display()))
        .await
        .unwrap();
    let steps = version::SQLITE.iter().take(12).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(steps)
        .run(&pool)
        .await
        .unwrap();
    sqlx::raw_sql("DROP TABLE heartbeats").execute(&pool).await.unwrap();
    pool.close().await;
    let refused = place.open_to_run().await.unwrap_err().to_string();
    assert!(refused.contains("lacks the table `heartbeats`:"), "{refused}");
}

#[tokio::test]
async fn a_store_without_the_table_of_its_version_says_so() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        behind_its_back(&store, "ALTER TABLE _sqlx_migrations RENAME TO elsewhere").await;
        store.close().await;
        let refused = place.open().await.unwrap_err().to_string();
        assert!(refused.contains("the table `_sqlx_migrations`"), "{refused}");
    }
}

#[tokio::test]
async fn a_pooler_that_begins_to_share_sessions_is_named_until_it_does_no_more() {
    let [_, place] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let ConnectionPools::Postgres(pool, ..) = &store.db.pools else {
        panic!("this is PostgreSQL");
    };
    // What another connection prepares in a session that is given to both in turn is met by this one's next statement.
    let mut all = Vec::new();
    for _ in 0..pool.options().get_max_connections() {
        all.push(pool.acquire().await.unwrap());
    }
    for one in &mut all {
        for number in 1..200 {
            let taken = format!("PREPARE sqlx_s_{number} AS SELECT 1");
            // Where it has one of this name itself, it is met already.
            let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(taken)).execute(&mut **one).await;
        }
    }
    drop(all);
    let refused = store.credential_by_id("urn:uuid:1").await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("a pooler stands before the PostgreSQL server"),
        "{refused}"
    );
    assert!(store.is_the_same().is_err(), "nothing goes on");
    let told = store.ping().await.unwrap_err().to_string();
    assert!(told.contains("a pooler stands before the PostgreSQL server"), "{told}");
    // Each has a session of its own in truth, which the next look finds.
    eventually_probed(&store).await;
    store.is_the_same().unwrap();
}

/// Looks until a look succeeds.
async fn eventually_probed(store: &Store) {
    let end = Instant::now() + Duration::from_secs(20);
    while let Err(error) = store.probe().await {
        assert!(Instant::now() < end, "{error}");
    }
}
