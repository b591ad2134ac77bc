//! The audit trail: who did what, when.

use super::{
    Act, Store, Unavailable,
    db::{Tx, reading, writing},
};

pub(super) async fn insert(tx: &mut Tx, act: &Act) -> Result<(), Unavailable> {
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
pub(super) async fn forget_notes(tx: &mut Tx, subject: &str) -> Result<(), Unavailable> {
    writing!(
        tx,
        sqlx::query("UPDATE audit SET note = NULL WHERE subject = $1").bind(subject)
    )?;
    Ok(())
}

impl Store {
    /// How many acts of this kind the trail holds.
    ///
    /// # Errors
    /// [`Unavailable`], if the store cannot be read.
    pub async fn audited(&self, act: &str) -> Result<i64, Unavailable> {
        let (count,): (i64,) = reading!(
            self,
            sqlx::query_as("SELECT count(*) FROM audit WHERE act = $1").bind(act),
            fetch_one
        )?;
        Ok(count)
    }
}
