//! Tests of what this node knew at an earlier moment.

use super::*;

const LATER: Timestamp = Timestamp(NOW.0 + 5_000);
const LAST: Timestamp = Timestamp(NOW.0 + 9_000);

fn one(key: &str, values: &[&[u8]], rows_of: &WriteBatch) -> WriteBatch {
    let row = DocumentRow {
        key: key.to_owned(),
        values: values.iter().map(|value| value.to_vec()).collect(),
        ..rows_of.rows[0].clone()
    };
    WriteBatch {
        rows: vec![row],
        ..WriteBatch::default()
    }
}

#[tokio::test]
async fn what_a_row_was_is_found_by_the_time_at_which_it_arrived() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let begun = batch();
        let slot = StatusSlot {
            agency: begun.rows[0].agency,
            list: 0,
            index: 7,
        };
        let values = async |then: i64| -> Vec<Vec<Vec<u8>>> {
            let rows = store.slot_then(&slot, Timestamp(then)).await.unwrap();
            rows.into_iter().map(|row| row.values).collect()
        };
        store.commit(&one("s/7", &[b"first"], &begun), &[], NOW).await.unwrap();
        // The same again is no change, whenever it comes.
        store
            .commit(&one("s/7", &[b"first"], &begun), &[], LATER)
            .await
            .unwrap();
        store
            .commit(&one("s/7", &[b"second"], &begun), &[], LATER)
            .await
            .unwrap();
        store.commit(&one("s/7", &[], &begun), &[], LAST).await.unwrap();
        for (then, expected) in [
            (NOW.0 - 1, vec![]),
            (NOW.0, vec![vec![b"first".to_vec()]]),
            (LATER.0 - 1, vec![vec![b"first".to_vec()]]),
            (LATER.0, vec![vec![b"second".to_vec()]]),
            (LAST.0 - 1, vec![vec![b"second".to_vec()]]),
            (LAST.0, vec![vec![]]),
        ] {
            assert_eq!(values(then).await, expected, "{} ms after", then - NOW.0);
        }
        // A clock that was set back moves nothing to before it arrived.
        store.commit(&one("s/7", &[b"third"], &begun), &[], NOW).await.unwrap();
        assert_eq!(values(LATER.0).await, [[b"second"]]);
        assert_eq!(values(LAST.0).await, [[b"third"]]);
    }
}

#[tokio::test]
async fn what_is_expunged_is_hidden_in_what_was_too_and_stays_revoked() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let begun = batch();
        store.commit(&begun, &[], NOW).await.unwrap();
        let slot = StatusSlot {
            agency: begun.rows[0].agency,
            list: 0,
            index: 1,
        };
        let Put { document, key, value } = status_list::expunge(0, 1, false, LATER);
        let tombstone = DocumentRow {
            agency: slot.agency,
            document,
            key,
            values: vec![value],
        };
        let hidden = DocumentRow {
            values: status_list::behind_tombstone("r/1", &tombstone.values),
            ..begun.rows[0].clone()
        };
        let batch = WriteBatch {
            rows: vec![hidden.clone(), tombstone],
            ..WriteBatch::default()
        };
        store.commit(&batch, &[], LATER).await.unwrap();
        for then in [NOW, LATER] {
            assert_eq!(
                store.slot_then(&slot, then).await.unwrap(),
                std::slice::from_ref(&hidden),
                "{then}"
            );
        }
    }
}

#[tokio::test]
async fn standings_are_thinned_out_up_to_a_moment_that_is_remembered() {
    for place in TestDatabase::both().await {
        let store = place.create().await.unwrap();
        let since = store.remembers_since().await.unwrap();
        for grain in [CompactionInterval::Hours, CompactionInterval::Days] {
            assert_eq!(store.thinned_up_to(grain).await.unwrap(), since, "never yet");
        }
        let agency = batch().rows[0].agency;
        let at = |nth: i64| since.plus_seconds(nth);
        for nth in 0..5_u8 {
            store
                .keep_standings(at(nth.into()), &[(agency, vec![nth])])
                .await
                .unwrap();
        }
        let kept = store.standings_between(at(1), at(4)).await.unwrap();
        let seen: Vec<(Timestamp, Vec<u8>)> = kept.iter().map(|row| (row.at, row.standing.clone())).collect();
        assert_eq!(seen, [(at(1), vec![1]), (at(2), vec![2]), (at(3), vec![3])]);
        let gone = [kept[1].position, kept[2].position];
        let longer = [(kept[0].position, vec![9])];
        store
            .thin_standings(CompactionInterval::Hours, at(4), &gone, &longer)
            .await
            .unwrap();
        for (then, expected) in [(0, 0), (1, 9), (3, 9), (4, 4)] {
            let (_, standings) = store.lists_then(at(then)).await.unwrap();
            assert_eq!(standings, [[expected]], "{then}");
        }
        let reopened = place.open().await.unwrap();
        assert_eq!(reopened.thinned_up_to(CompactionInterval::Hours).await.unwrap(), at(4));
        assert_eq!(reopened.thinned_up_to(CompactionInterval::Days).await.unwrap(), since);
        let refused = reopened.thin_standings(CompactionInterval::Days, at(4), &[], &[]).await;
        assert!(matches!(refused, Err(StoreError::Deposed)), "only who writes thins");
    }
}
