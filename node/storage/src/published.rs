//! The documents that issuers outside the federation published, each time that this node fetched them. Bounded: the oldest
//! goes first. It needs no lease: every process fetches, and what one keeps serves all.

use protocol::Hash;
use registry_schema::Timestamp;

use super::{
    Store, StoreError,
    db::{reading, within, writing},
};

/// The most fetches that are kept.
const MOST_FETCHES: i64 = 200_000;

/// The most that is kept.
#[derive(Clone, Copy, Debug)]
struct PublishedLimits {
    fetches: i64,
    bytes: i64,
}

/// Something that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedDocument {
    /// The moment of the fetch.
    pub fetched_at: Timestamp,
    /// From which moment on it no longer counted.
    pub good_until: Timestamp,
    /// The content, byte for byte.
    pub body: Vec<u8>,
}

impl Store {
    /// Keeps what was fetched under this name, and of all that is kept at most so many bytes, the newest. The same body is
    /// kept once.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn keep_published(&self, name: &str, new: &FetchedDocument, most_bytes: i64) -> Result<(), StoreError> {
        let most = PublishedLimits {
            fetches: MOST_FETCHES,
            bytes: most_bytes,
        };
        self.keep_within(name, new, most).await
    }

    async fn keep_within(&self, name: &str, new: &FetchedDocument, most: PublishedLimits) -> Result<(), StoreError> {
        let digest = Hash::of(&[&new.body]).0.to_vec();
        let size = i64::try_from(new.body.len()).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        let sql =
            "INSERT INTO published_bodies (digest, size, body) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING";
        writing!(
            &mut tx,
            sqlx::query(sql).bind(digest.clone()).bind(size).bind(new.body.clone())
        )?;
        let sql = "INSERT INTO published (name, fetched_at, good_until, digest) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (name, fetched_at) DO UPDATE SET good_until = excluded.good_until, digest = excluded.digest";
        writing!(
            &mut tx,
            sqlx::query(sql)
                .bind(name)
                .bind(new.fetched_at.0)
                .bind(new.good_until.0)
                .bind(digest)
        )?;
        loop {
            // PostgreSQL sums integers to a decimal.
            let sql = "SELECT (SELECT COUNT(*) FROM published), (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM published_bodies)";
            let (fetches, bytes): (i64, i64) = within!(&mut tx, sqlx::query_as(sql), fetch_one)?;
            // What was just fetched stays, however large.
            if (fetches <= most.fetches && bytes <= most.bytes) || fetches <= 1 {
                break;
            }
            // An eighth at once, so that this is not done with every fetch.
            let sql = "DELETE FROM published WHERE fetched_at <=
                       (SELECT fetched_at FROM published ORDER BY fetched_at LIMIT 1 OFFSET $1) AND fetched_at < $2";
            writing!(&mut tx, sqlx::query(sql).bind(fetches / 8).bind(new.fetched_at.0))?;
            let sql = "DELETE FROM published_bodies WHERE digest NOT IN (SELECT digest FROM published)";
            writing!(&mut tx, sqlx::query(sql))?;
            let (left,): (i64,) = within!(&mut tx, sqlx::query_as("SELECT COUNT(*) FROM published"), fetch_one)?;
            if left == fetches {
                break;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns what stood under this name when it was last fetched before this moment, or at it.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn published_then(&self, name: &str, then: Timestamp) -> Result<Option<FetchedDocument>, StoreError> {
        let sql = "SELECT fetched_at, good_until, body FROM published JOIN published_bodies USING (digest)
                   WHERE name = $1 AND fetched_at <= $2 ORDER BY fetched_at DESC LIMIT 1";
        let found: Option<(i64, i64, Vec<u8>)> =
            reading!(self, sqlx::query_as(sql).bind(name).bind(then.0), fetch_optional)?;
        Ok(found.map(|(fetched_at, good_until, body)| FetchedDocument {
            fetched_at: Timestamp(fetched_at),
            good_until: Timestamp(good_until),
            body,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::TestDatabase;

    fn at(second: i64, body: &[u8]) -> FetchedDocument {
        FetchedDocument {
            fetched_at: Timestamp(second * 1000),
            good_until: Timestamp(second * 1000 + 500),
            body: body.to_vec(),
        }
    }

    #[tokio::test]
    async fn what_stood_there_is_found_by_the_time_at_which_it_was_fetched() {
        for place in TestDatabase::both().await {
            let store = place.create().await.unwrap();
            let (first, second, third) = (at(10, b"one"), at(20, b"two"), at(30, b"one"));
            for fetched in [&second, &first, &third] {
                store.keep_published("a", fetched, 1_000).await.unwrap();
            }
            store.keep_published("b", &at(5, b"another's"), 1_000).await.unwrap();
            let then = async |ms: i64| store.published_then("a", Timestamp(ms)).await.unwrap();
            for (ms, expected) in [
                (9_999, None),
                (10_000, Some(&first)),
                (19_999, Some(&first)),
                (20_000, Some(&second)),
                (90_000, Some(&third)),
            ] {
                assert_eq!(then(ms).await.as_ref(), expected, "{ms}");
            }
            assert_eq!(store.published_then("c", Timestamp(90_000)).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn it_is_bounded_and_the_oldest_goes_first() {
        for place in TestDatabase::both().await {
            let store = place.create().await.unwrap();
            let most = PublishedLimits {
                fetches: 40,
                bytes: 1_000,
            };
            for second in 0..200 {
                // Two bodies, again and again: fetches are what there is too much of.
                let body = if second % 2 == 0 { b"even" } else { b"odd!" };
                store.keep_within("a", &at(second, body), most).await.unwrap();
            }
            let kept = async |second: i64| {
                let found = store.published_then("a", Timestamp(second * 1000)).await.unwrap();
                found.is_some_and(|found| found.fetched_at.0 == second * 1000)
            };
            assert!(kept(199).await && kept(170).await && !kept(150).await && !kept(0).await);
            for second in 200..220 {
                let body = vec![u8::try_from(second).unwrap(); 300];
                store.keep_within("a", &at(second, &body), most).await.unwrap();
            }
            assert!(kept(219).await && kept(217).await && !kept(210).await && !kept(199).await);
            // One that is larger than all that is kept is kept alone.
            store.keep_within("a", &at(300, &[7; 2_000]), most).await.unwrap();
            assert!(kept(300).await && !kept(219).await);
        }
    }
}
