//! One process writes at a time, on both engines.

use std::time::{Duration, Instant};

use super::*;
use crate::{db::writing, lease::HolderEndpoint};

fn act() -> LocalWrite {
    LocalWrite::Audit(AuditRecord {
        at: NOW,
        who: "alice".into(),
        act: "test.act",
        subject: "x".into(),
        note: None,
    })
}

async fn write(store: &Store) -> Result<(), StoreError> {
    store.commit(&WriteBatch::default(), &[act()], NOW).await
}

async fn mark(store: &Store) -> (i64, i64) {
    store.changes(-1).await.unwrap().lease.mark()
}

const HOLDER: HolderEndpoint<'_> = HolderEndpoint {
    address: "127.0.0.1:1",
    certificate: "a certificate",
    secret: &[7; 32],
};

#[tokio::test]
async fn who_was_deposed_writes_nothing_even_if_it_does_not_know() {
    for place in TestDatabase::both().await {
        place.create().await.unwrap().close().await;
        let [old, new] = [place.open().await.unwrap(), place.open().await.unwrap()];
        assert!(
            matches!(write(&old).await, Err(StoreError::Deposed)),
            "nobody may write yet"
        );
        let epoch = old.take(mark(&old).await, &HOLDER).await.unwrap().unwrap();
        write(&old).await.unwrap();
        old.renew(b"said").await.unwrap();

        assert_eq!(new.take(mark(&new).await, &HOLDER).await.unwrap(), Some(epoch + 1));
        assert_eq!(old.held(), Some(epoch), "it has not heard");
        assert!(matches!(write(&old).await, Err(StoreError::Deposed)));
        assert_eq!(old.held(), None, "now it has");
        assert!(matches!(old.renew(b"said").await, Err(StoreError::Deposed)));
        old.release().await.unwrap();
        write(&new).await.unwrap();
        assert_eq!(new.audited("test.act").await.unwrap(), 2);

        // The control: a transaction that does not check the epoch would write all the same.
        let mut unchecked = old.db.begin().await.unwrap();
        audit::insert(
            &mut unchecked,
            &AuditRecord {
                at: NOW,
                who: "alice".into(),
                act: "test.act",
                subject: "x".into(),
                note: None,
            },
        )
        .await
        .unwrap();
        unchecked.commit().await.unwrap();
        assert_eq!(new.audited("test.act").await.unwrap(), 3);
    }
}

#[tokio::test]
async fn a_lease_that_moved_on_is_not_taken() {
    for place in TestDatabase::both().await {
        place.create().await.unwrap().close().await;
        let [one, other] = [place.open().await.unwrap(), place.open().await.unwrap()];
        let seen = mark(&one).await;
        one.take(seen, &HOLDER).await.unwrap().unwrap();
        assert_eq!(other.take(seen, &HOLDER).await.unwrap(), None, "taken by another");
        let seen = mark(&other).await;
        write(&one).await.unwrap();
        assert_eq!(
            other.take(seen, &HOLDER).await.unwrap(),
            None,
            "a write is a sign of life"
        );
        let seen = mark(&other).await;
        one.renew(b"").await.unwrap();
        assert_eq!(other.take(seen, &HOLDER).await.unwrap(), None, "renewed");
        one.release().await.unwrap();
        let lease = other.changes(-1).await.unwrap().lease;
        assert_eq!(lease.address, "");
        assert!(other.take(lease.mark(), &HOLDER).await.unwrap().is_some());
    }
}

/// Of any number that try at once, one has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_taken_by_one_of_many() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let seen = mark(&store).await;
        store.close().await;
        let mut taking = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let store = place.open().await.unwrap();
            taking.spawn(async move { store.take(seen, &HOLDER).await.unwrap().is_some() });
        }
        let taken = taking.join_all().await;
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
    }
}

#[tokio::test]
async fn what_changed_is_told_once_and_of_one_moment() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        store.commit(&batch(), &[], NOW).await.unwrap();
        let all = store.changes(-1).await.unwrap();
        assert_eq!((all.key_logs.len(), all.rows.len()), (1, 2));
        let nothing = store.changes(all.lease.changes).await.unwrap();
        assert_eq!((nothing.key_logs.len(), nothing.rows.len()), (0, 0));

        // One row of the two anew, twice in one batch: the last is how it is.
        let mut row = all.rows[0].clone();
        row.values = vec![b"old".to_vec()];
        let mut newest = row.clone();
        newest.values = vec![b"new".to_vec()];
        let rows = vec![row, newest.clone()];
        store
            .commit(
                &WriteBatch {
                    rows,
                    ..WriteBatch::default()
                },
                &[],
                NOW,
            )
            .await
            .unwrap();
        write(&store).await.unwrap();
        let changes = store.changes(all.lease.changes).await.unwrap();
        assert_eq!(changes.rows, [newest]);
        assert_eq!(changes.lease.changes, all.lease.changes + 2);
    }
}

/// A process that is frozen in the midst of a transaction holds the lease's row locked; it must not hold it for ever.
#[tokio::test]
async fn a_holder_that_froze_while_it_wrote_is_taken_over_on_postgresql() {
    let [_, place] = TestDatabase::both().await;
    place.create().await.unwrap().close().await;
    let [frozen, other] = [place.open().await.unwrap(), place.open().await.unwrap()];
    frozen.take(mark(&frozen).await, &HOLDER).await.unwrap().unwrap();
    let (mut transaction, _) = frozen.begin().await.unwrap();
    let begin = Instant::now();
    assert!(other.take(mark(&other).await, &HOLDER).await.unwrap().is_some());
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    let woken: Result<(), sqlx::Error> = writing!(&mut transaction, sqlx::query("DELETE FROM audit"));
    assert!(woken.is_err(), "its transaction is gone");
}
