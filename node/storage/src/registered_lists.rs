//! The status lists that registered issuers with keys of their own published, each as long as it stood there unchanged.
//! Bounded for each agency that names them, so that what one agency names takes no room from another's. It needs no
//! lease: every process fetches, and what one keeps serves all.

use registry_schema::{AgencyId, Timestamp};

use super::{
    FetchedDocument, Store, StoreError,
    db::{reading, within, writing},
};

/// The most that is kept of what one agency names.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredListLimits {
    /// The most changes of its lists.
    pub changes: i64,
    /// The most bytes of them.
    pub bytes: i64,
}

/// The content that stood there from the first fetch to the last.
struct ListSpan {
    first_at: i64,
    last_at: i64,
    gap: i64,
    good_until: i64,
    body: Vec<u8>,
}

type ListSpanRow = (i64, i64, i64, i64, Vec<u8>);

impl From<ListSpanRow> for ListSpan {
    fn from((first_at, last_at, gap, good_until, body): ListSpanRow) -> Self {
        Self {
            first_at,
            last_at,
            gap,
            good_until,
            body,
        }
    }
}

impl Store {
    /// Keeps what was fetched, and of all that this agency names at most so much, the newest.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn keep_registered_list(
        &self,
        agency: &AgencyId,
        name: &str,
        new: &FetchedDocument,
        most: RegisteredListLimits,
    ) -> Result<(), StoreError> {
        let (at, good_until) = (new.fetched_at.0, new.good_until.0);
        let mut tx = self.db.begin().await?;
        let sql = "SELECT first_at, last_at, gap, good_until, body FROM registered_lists
                   WHERE agency = $1 AND name = $2 ORDER BY first_at DESC LIMIT 1";
        let last: Option<ListSpanRow> = within!(
            &mut tx,
            sqlx::query_as(sql).bind(agency.as_str()).bind(name),
            fetch_optional
        )?;
        let last = last.map(ListSpan::from);
        // As long as there is no gap in which it did not count, it is the same row.
        let same = last.filter(|last| last.body == new.body && (last.last_at..=last.good_until).contains(&at));
        match same {
            Some(same) => {
                let sql = "UPDATE registered_lists SET last_at = $4, gap = $5, good_until = $6
                           WHERE agency = $1 AND name = $2 AND first_at = $3";
                writing!(
                    &mut tx,
                    sqlx::query(sql)
                        .bind(agency.as_str())
                        .bind(name)
                        .bind(same.first_at)
                        .bind(at)
                        .bind(same.gap.max(at - same.last_at))
                        .bind(good_until)
                )?;
            }
            None => {
                let size = i64::try_from(new.body.len()).unwrap_or(i64::MAX);
                let sql = "INSERT INTO registered_lists (agency, name, first_at, last_at, gap, good_until, size, body)
                           VALUES ($1, $2, $3, $3, 0, $4, $5, $6)
                           ON CONFLICT (agency, name, first_at) DO UPDATE SET last_at = excluded.last_at, gap = 0,
                           good_until = excluded.good_until, size = excluded.size, body = excluded.body";
                writing!(
                    &mut tx,
                    sqlx::query(sql)
                        .bind(agency.as_str())
                        .bind(name)
                        .bind(at)
                        .bind(good_until)
                        .bind(size)
                        .bind(new.body.clone())
                )?;
            }
        }
        loop {
            // PostgreSQL sums integers to a decimal.
            let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM registered_lists WHERE agency = $1";
            let (changes, bytes): (i64, i64) = within!(&mut tx, sqlx::query_as(sql).bind(agency.as_str()), fetch_one)?;
            // What was just fetched stays, however large.
            if (changes <= most.changes && bytes <= most.bytes) || changes <= 1 {
                break;
            }
            // An eighth at once, so that this is not done with every fetch.
            let sql = "DELETE FROM registered_lists WHERE agency = $1 AND last_at < $3 AND last_at <=
                       (SELECT last_at FROM registered_lists WHERE agency = $1 ORDER BY last_at LIMIT 1 OFFSET $2)";
            writing!(
                &mut tx,
                sqlx::query(sql).bind(agency.as_str()).bind(changes / 8).bind(at)
            )?;
            let sql = "SELECT COUNT(*) FROM registered_lists WHERE agency = $1";
            let (left,): (i64,) = within!(&mut tx, sqlx::query_as(sql).bind(agency.as_str()), fetch_one)?;
            if left == changes {
                break;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Returns what stood there when it was last fetched before this moment, or at it. The time of that fetch is told no
    /// later than it was, and early by no more than the pause between two.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn registered_list_then(
        &self,
        agency: &AgencyId,
        name: &str,
        then: Timestamp,
    ) -> Result<Option<FetchedDocument>, StoreError> {
        let sql = "SELECT first_at, last_at, gap, good_until, body FROM registered_lists
                   WHERE agency = $1 AND name = $2 AND first_at <= $3 ORDER BY first_at DESC LIMIT 1";
        let found: Option<ListSpanRow> = reading!(
            self,
            sqlx::query_as(sql).bind(agency.as_str()).bind(name).bind(then.0),
            fetch_optional
        )?;
        let found = found.map(ListSpan::from).map(|span| {
            // Between two fetches of one row it counted all the time.
            let (at, good_until) = if then.0 < span.last_at {
                (span.first_at.max(then.0 - span.gap), span.last_at)
            } else {
                (span.last_at, span.good_until)
            };
            FetchedDocument {
                fetched_at: Timestamp(at),
                good_until: Timestamp(good_until),
                body: span.body,
            }
        });
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::TestDatabase;

    const MOST: RegisteredListLimits = RegisteredListLimits {
        changes: 40,
        bytes: 1_000,
    };

    fn at(second: i64, body: &[u8]) -> FetchedDocument {
        FetchedDocument {
            fetched_at: Timestamp(second * 1000),
            good_until: Timestamp((second + 20) * 1000),
            body: body.to_vec(),
        }
    }

    #[tokio::test]
    async fn what_stood_there_is_found_by_its_time_and_never_younger_or_longer_good_than_it_was() {
        for place in TestDatabase::both().await {
            let store = place.create().await.unwrap();
            let sc: AgencyId = "US-SC".parse().unwrap();
            // Unchanged up to 30, then a gap in which it did not count, then another one.
            for (second, body) in [(10, "one"), (15, "one"), (30, "one"), (60, "one"), (70, "two")] {
                let new = at(second, body.as_bytes());
                store.keep_registered_list(&sc, "a", &new, MOST).await.unwrap();
            }
            for (second, expected) in [
                (9, None),
                (10, Some((10, 30, "one"))),
                // The fetch before was at 15, and it is not told later than that.
                (16, Some((10, 30, "one"))),
                (29, Some((14, 30, "one"))),
                (30, Some((30, 50, "one"))),
                (55, Some((30, 50, "one"))),
                (60, Some((60, 80, "one"))),
                (90, Some((70, 90, "two"))),
            ] {
                let found = store.registered_list_then(&sc, "a", Timestamp(second * 1000)).await;
                let expected = expected.map(|(fetched, until, body)| FetchedDocument {
                    fetched_at: Timestamp(fetched * 1000),
                    good_until: Timestamp(until * 1000),
                    body: body.as_bytes().to_vec(),
                });
                assert_eq!(found.unwrap(), expected, "{second}");
            }
            let other: AgencyId = "US-TN".parse().unwrap();
            let found = store.registered_list_then(&other, "a", Timestamp(90_000)).await;
            assert_eq!(found.unwrap(), None, "another agency names it for itself");
        }
    }

    #[tokio::test]
    async fn an_agency_takes_room_from_itself_alone() {
        for place in TestDatabase::both().await {
            let store = place.create().await.unwrap();
            let (sc, tn): (AgencyId, AgencyId) = ("US-SC".parse().unwrap(), "US-TN".parse().unwrap());
            store.keep_registered_list(&sc, "a", &at(0, b"sc"), MOST).await.unwrap();
            for second in 1..200 {
                let body = second.to_string().into_bytes();
                let new = at(second, &body);
                store.keep_registered_list(&tn, "a", &new, MOST).await.unwrap();
            }
            for second in 200..220 {
                let body = vec![u8::try_from(second).unwrap(); 300];
                let new = at(second, &body);
                store.keep_registered_list(&tn, "b", &new, MOST).await.unwrap();
            }
            let kept = async |agency: &AgencyId, name: &str, second: i64| {
                let found = store.registered_list_then(agency, name, Timestamp(second * 1000)).await;
                found.unwrap().is_some_and(|found| found.fetched_at.0 == second * 1000)
            };
            assert!(kept(&sc, "a", 0).await, "it was there first, and is another's");
            assert!(kept(&tn, "b", 219).await && kept(&tn, "b", 217).await);
            assert!(!kept(&tn, "b", 205).await && !kept(&tn, "a", 199).await && !kept(&tn, "a", 1).await);
        }
    }
}
