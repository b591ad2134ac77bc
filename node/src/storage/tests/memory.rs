//! What this node knew at an earlier moment.

use super::*;

const LATER: Timestamp = Timestamp(NOW.0 + 5_000);
const LAST: Timestamp = Timestamp(NOW.0 + 9_000);

fn one(key: &str, values: &[&[u8]], rows_of: &Batch) -> Batch {
    let row = Row {
        key: key.to_owned(),
        values: values.iter().map(|value| value.to_vec()).collect(),
        ..rows_of.rows[0].clone()
    };
    Batch {
        rows: vec![row],
        ..Batch::default()
    }
}

#[tokio::test]
async fn what_a_row_was_is_found_by_the_time_at_which_it_arrived() {
    for place in Place::both().await {
        let store = place.create().await.unwrap();
        let begun = batch();
        let slot = Slot {
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
    for place in Place::both().await {
        let store = place.create().await.unwrap();
        let begun = batch();
        store.commit(&begun, &[], NOW).await.unwrap();
        let slot = Slot {
            agency: begun.rows[0].agency,
            list: 0,
            index: 1,
        };
        let Put { document, key, value } = status_list::expunge(0, 1, false, LATER);
        let tombstone = Row {
            agency: slot.agency,
            document,
            key,
            values: vec![value],
        };
        let hidden = Row {
            values: status_list::behind_tombstone("r/1", &tombstone.values),
            ..begun.rows[0].clone()
        };
        let batch = Batch {
            rows: vec![hidden.clone(), tombstone],
            ..Batch::default()
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
