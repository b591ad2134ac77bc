//! Issuers' keys at rest.

use super::*;
use platform::seal::SealingKey;

fn key(issuer: &str, secret: [u8; 32], list: u32) -> [LocalWrite; 2] {
    let (seed, issuer) = (KeySeed(secret.to_vec()), issuer.to_owned());
    let list = IssuerStatusList {
        number: list,
        witness: None,
    };
    let list = LocalWrite::IssuerList {
        issuer: issuer.clone(),
        list,
    };
    [LocalWrite::IssuerKey { issuer, seed }, list]
}

async fn write(store: &Store, own: [LocalWrite; 2]) -> Result<(), StoreError> {
    store.commit(&WriteBatch::default(), &own, NOW).await
}

/// Opens the store again, holding the lease, with this seal.
async fn again(place: &TestDatabase, seal: Option<[u8; 32]>) -> Store {
    let store = place.open().await.unwrap();
    if let Some(secret) = seal {
        store.use_seal(SealingKey::new(&secret).unwrap());
    }
    let seen = store.changes(i64::MAX).await.unwrap().lease.mark();
    store.take(seen, &HolderEndpoint::default()).await.unwrap().unwrap();
    store
}

fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    secret
}

/// Returns true if the secret stands anywhere in the folder.
fn is_in_clear(place: &TestDatabase, secret: &[u8; 32]) -> bool {
    let files = std::fs::read_dir(place.folder.path()).unwrap();
    let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default());
    files.any(|bytes| bytes.windows(32).any(|window| window == secret))
}

#[tokio::test]
async fn keys_that_were_in_clear_are_sealed_and_open_with_their_seal_alone() {
    for place in TestDatabase::both().await {
        let (one, other) = (secret(), secret());
        let store = place.create().await.unwrap();
        write(&store, key("did:key:zOne", one, 5)).await.unwrap();
        assert_eq!(store.seal_keys().await.unwrap(), 0, "there is no seal");
        store.close().await;
        assert!(
            place.database.is_some() || is_in_clear(&place, &one),
            "the control: it is in clear"
        );

        let store = again(&place, Some([1; 32])).await;
        assert_eq!(store.seal_keys().await.unwrap(), 1);
        assert_eq!(store.seal_keys().await.unwrap(), 0, "once");
        write(&store, key("did:key:zOther", other, 6)).await.unwrap();
        assert_eq!(store.issuer_key("did:key:zOne").await.unwrap().unwrap().seed.0, one);
        assert_eq!(store.issuer_key_of_list(6).await.unwrap().unwrap().seed.0, other);
        assert_eq!(store.sealed_by_another().await.unwrap(), None);
        let kept: Vec<(Vec<u8>,)> = reading!(store, sqlx::query_as("SELECT seed FROM issuer_keys"), fetch_all).unwrap();
        assert!(
            kept.iter()
                .all(|(kept,)| kept.len() > 48 && !kept.windows(32).any(|w| w == one || w == other))
        );
        store.close().await;
        assert!(
            !is_in_clear(&place, &one) && !is_in_clear(&place, &other),
            "in a page that was let go of"
        );

        for seal in [None, Some([2; 32])] {
            let store = again(&place, seal).await;
            let found = store.issuer_key("did:key:zOne").await;
            assert!(matches!(found, Err(StoreError::Sealed(_))), "{found:?}");
            assert!(store.sealed_by_another().await.unwrap().is_some());
            assert_eq!(store.seal_keys().await.unwrap(), 0);
            if seal.is_none() {
                let refused = write(&store, key("did:key:zThird", secret(), 7)).await;
                assert!(matches!(refused, Err(StoreError::Sealed(_))), "{refused:?}");
            }
            store.close().await;
        }
        let store = again(&place, Some([1; 32])).await;
        assert_eq!(store.issuer_key("did:key:zOne").await.unwrap().unwrap().seed.0, one);
        store.close().await;
    }
}
