//! The peers that this node's operators added or removed, beside those of the configuration.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
};

/// The operators' decision about one agency.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PeerRow {
    /// Its name.
    pub agency: String,
    /// The tickets of its nodes, one a line.
    pub ticket: String,
    /// The moment at which it was added, in milliseconds since 1970.
    pub added_at: i64,
    /// By which operator.
    pub added_by: String,
    /// Since when it is no longer followed.
    pub left_at: Option<i64>,
    /// Since when it is expelled.
    pub expelled_at: Option<i64>,
    /// Since when its name is not pinned any more.
    pub unpinned_at: Option<i64>,
}

pub(super) const COLUMNS: &str = "agency, ticket, added_at, added_by, left_at, expelled_at, unpinned_at";

pub(super) async fn put(tx: &mut Tx, row: &PeerRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO peers (agency, ticket, added_at, added_by, left_at, expelled_at, unpinned_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (agency) DO UPDATE SET ticket = excluded.ticket, added_at = excluded.added_at,
               added_by = excluded.added_by, left_at = excluded.left_at, expelled_at = excluded.expelled_at,
               unpinned_at = excluded.unpinned_at";
    writing!(
        tx,
        sqlx::query(sql)
            .bind(&row.agency)
            .bind(&row.ticket)
            .bind(row.added_at)
            .bind(&row.added_by)
            .bind(row.left_at)
            .bind(row.expelled_at)
            .bind(row.unpinned_at)
    )?;
    Ok(())
}

impl Store {
    /// Returns what the operators decided, agency by agency.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn peers(&self) -> Result<Vec<PeerRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM peers ORDER BY agency");
        Ok(reading!(self, sqlx::query_as(sqlx::AssertSqlSafe(sql)), fetch_all)?)
    }

    /// Counts the acts of this kind in the audit trail, by what they were about.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn acts_by_subject(&self, act: &str) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows: Vec<(String, i64)> = reading!(
            self,
            sqlx::query_as("SELECT subject, COUNT(*) FROM audit WHERE act = $1 GROUP BY subject").bind(act),
            fetch_all
        )?;
        Ok(rows.into_iter().collect())
    }
}
