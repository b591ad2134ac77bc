//! The status lists of issuers.

use std::time::Duration;

use sqlx::migrate::Migrator;

use super::*;

/// The tables as they were before an issuer could have several lists.
const BEFORE: i64 = 20;

/// The witness of every list with an even number.
const WITNESS: Hash = Hash([8; 32]);

fn own(number: u32) -> IssuerStatusList {
    let witness = number.is_multiple_of(2).then_some(WITNESS);
    IssuerStatusList { number, witness }
}

fn list(issuer: &str, number: u32) -> LocalWrite {
    LocalWrite::IssuerList {
        issuer: issuer.into(),
        list: own(number),
    }
}

#[tokio::test]
async fn an_issuer_has_as_many_lists_as_its_badges_need_and_each_is_its_own() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let key = LocalWrite::IssuerKey {
            issuer: "did:key:zOne".into(),
            seed: KeySeed(vec![9; 32]),
        };
        let first = [key, list("did:key:zOne", 7), list("did:key:zTwo", 3)];
        store.commit(&WriteBatch::default(), &first, NOW).await.unwrap();
        let later = NOW.plus_seconds(1);
        let further = [list("did:key:zOne", 4)];
        store.commit(&WriteBatch::default(), &further, later).await.unwrap();
        let taken = store
            .commit(&WriteBatch::default(), &[list("did:key:zTwo", 7)], later)
            .await;
        assert!(taken.is_err(), "a list has one issuer");

        assert_eq!(
            store.lists_of("did:key:zOne").await.unwrap(),
            [own(7), own(4)],
            "the oldest first"
        );
        assert_eq!(store.lists_of("did:key:zThree").await.unwrap(), []);
        for number in [7, 4] {
            let key = store.issuer_key_of_list(number).await.unwrap().unwrap();
            assert_eq!(key.issuer, "did:key:zOne");
        }
        assert!(
            store.issuer_key_of_list(3).await.unwrap().is_none(),
            "no key is kept here"
        );
        assert_eq!(store.issuer_lists().await.unwrap().len(), 3);
        store.close().await;
    }
}

#[tokio::test]
async fn a_store_from_before_keeps_its_list_and_its_keys() {
    for place in TestDatabase::both().await {
        let seal =
            "INSERT INTO issuer_keys (issuer, seed, list, seal) VALUES ('did:key:zOld', $1, 2147483647, 'sealed')";
        match &place.database {
            Some(url) => {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                earlier(sqlx::migrate!("migrations/postgres")).run(&pool).await.unwrap();
                sqlx::query(seal).bind(vec![9u8; 32]).execute(&pool).await.unwrap();
                pool.close().await;
            }
            None => {
                let file = place.folder.path().join("registry.sqlite");
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(file)
                    .create_if_missing(true);
                let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
                earlier(sqlx::migrate!("migrations/sqlite")).run(&pool).await.unwrap();
                sqlx::query(seal).bind(vec![9u8; 32]).execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
        let database = place.postgres();
        let opened = Store::open_to_run(place.folder.path(), database.as_ref(), Duration::from_secs(1)).await;
        let store = opened.unwrap();
        assert_eq!(store.lists_of("did:key:zOld").await.unwrap(), [own(2_147_483_647)]);
        let lists = store.issuer_lists().await.unwrap();
        assert_eq!(lists, [("did:key:zOld".to_owned(), 2_147_483_647, Timestamp(0))]);
        let found = store.issuer_key_of_list(2_147_483_647).await;
        assert!(
            matches!(found, Err(StoreError::Sealed(seal)) if seal == "sealed"),
            "with its seal"
        );
        store.close().await;
    }
}

fn earlier(mut all: Migrator) -> Migrator {
    all.migrations.to_mut().retain(|migration| migration.version < BEFORE);
    all
}
