//! Counts of the badges that were checked here, by month, issuer and achievement. **No badge, no person, no moment.**

use std::collections::BTreeMap;

use super::{
    Store, StoreError,
    db::{reading, writing},
};

/// Most rows of counts. What comes beyond is counted under its issuer alone, and beyond twice as many not at all.
const MOST_ROWS: i64 = 20_000;

/// For how many months counts are kept, this one included.
pub const MONTHS: i64 = 13;

/// The badges that a count is of: the month as `202611`, the issuer's id, and the achievement's, which may be empty.
pub type CheckCountKey = (i64, String, String);

impl Store {
    /// Adds counts to those that stand, and forgets those of months before `oldest`. It needs no lease: what several
    /// processes of an agency add, adds up.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn add_checked(&self, counts: &BTreeMap<CheckCountKey, i64>, oldest: i64) -> Result<(), StoreError> {
        let (rows,): (i64,) = reading!(self, sqlx::query_as("SELECT COUNT(*) FROM badges_checked"), fetch_one)?;
        let mut tx = self.db.begin().await?;
        writing!(
            &mut tx,
            sqlx::query("DELETE FROM badges_checked WHERE month < $1").bind(oldest)
        )?;
        for ((month, issuer, achievement), checks) in counts {
            // Nearly full: without the achievement, the same few rows take all.
            let achievement = if rows < MOST_ROWS { achievement.as_str() } else { "" };
            let sql = if rows < 2 * MOST_ROWS {
                "INSERT INTO badges_checked (month, issuer, achievement, checks) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (month, issuer, achievement) DO UPDATE SET checks = badges_checked.checks + excluded.checks"
            } else {
                "UPDATE badges_checked SET checks = checks + $4 WHERE month = $1 AND issuer = $2 AND achievement = $3"
            };
            writing!(
                &mut tx,
                sqlx::query(sql).bind(month).bind(issuer).bind(achievement).bind(checks)
            )?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts the checks of badges here, by issuer and achievement, from this month on.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn checked(&self, from: i64) -> Result<Vec<(String, String, i64)>, StoreError> {
        // PostgreSQL sums integers to a decimal.
        let sql = "SELECT issuer, achievement, CAST(SUM(checks) AS BIGINT) FROM badges_checked WHERE month >= $1
                   GROUP BY issuer, achievement ORDER BY issuer, achievement";
        Ok(reading!(self, sqlx::query_as(sql).bind(from), fetch_all)?)
    }
}
