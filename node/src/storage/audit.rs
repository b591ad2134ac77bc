//! The audit trail: who did what, when.

use sqlx::{Sqlite, Transaction};

use super::{Act, Store, Unavailable};

pub(super) async fn insert(transaction: &mut Transaction<'_, Sqlite>, act: &Act) -> Result<(), Unavailable> {
    sqlx::query("INSERT INTO audit (at, who, act, subject, note) VALUES ($1, $2, $3, $4, $5)")
        .bind(act.at.0)
        .bind(&act.who)
        .bind(act.act)
        .bind(&act.subject)
        .bind(&act.note)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

impl Store {
    /// How many acts of this kind the trail holds.
    ///
    /// # Errors
    /// [`Unavailable`], if the store cannot be read.
    pub async fn audited(&self, act: &str) -> Result<i64, Unavailable> {
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM audit WHERE act = $1")
            .bind(act)
            .fetch_one(&self.read)
            .await?;
        Ok(count)
    }
}
