//! The audit trail: who did what, when.

use registry_schema::Timestamp;

use super::{
    AuditRecord, Store, StoreError,
    db::{Tx, reading, writing},
};

pub(super) async fn insert(tx: &mut Tx, act: &AuditRecord) -> Result<(), StoreError> {
    writing!(
        tx,
        sqlx::query("INSERT INTO audit (at, who, act, subject, note) VALUES ($1, $2, $3, $4, $5)")
            .bind(act.at.0)
            .bind(&act.who)
            .bind(act.act)
            .bind(&act.subject)
            .bind(&act.note)
    )?;
    Ok(())
}

/// Takes away what operators wrote about this subject; who did what stays.
pub(super) async fn forget_notes(tx: &mut Tx, subject: &str) -> Result<(), StoreError> {
    writing!(
        tx,
        sqlx::query("UPDATE audit SET note = NULL WHERE subject = $1").bind(subject)
    )?;
    Ok(())
}

impl Store {
    /// The acts that changed the status of a credential, the oldest first: the act, what it was about, and when it was.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn acts_on_status(&self) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
        let sql = "SELECT act, subject, at FROM audit
                   WHERE act IN ('credential.revoke', 'credential.suspend', 'credential.reinstate') ORDER BY position";
        let rows: Vec<(String, String, i64)> = reading!(self, sqlx::query_as(sql), fetch_all)?;
        Ok(rows
            .into_iter()
            .map(|(act, subject, at)| (act, subject, Timestamp(at)))
            .collect())
    }

    /// Counts the acts of this kind in the trail.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn audited(&self, act: &str) -> Result<i64, StoreError> {
        let (count,): (i64,) = reading!(
            self,
            sqlx::query_as("SELECT count(*) FROM audit WHERE act = $1").bind(act),
            fetch_one
        )?;
        Ok(count)
    }
}
