//! The owner of a store. A store holds the key logs of many agencies, and says in a table of one row which of them is its
//! own; and in another, whether it began anew after one that was lost, so that what that one knew of credentials is not
//! here.

use protocol::Hash;
use registry_schema::Timestamp;

use super::{
    Store, StoreError,
    db::{reading, within, writing},
};

impl Store {
    /// The agency that the store says it is of, as it is stored; none, if it does not say yet.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn owner(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT agency FROM owner";
        let found: Option<(Vec<u8>,)> = reading!(self, sqlx::query_as(sql), fetch_optional)?;
        Ok(found.map(|(agency,)| agency))
    }

    /// Says whose store it is, if it does not say yet; true, if it did not. It needs no lease: several processes of one agency
    /// that start on one store say the same.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn claim(&self, agency: Hash) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO owner (one, agency) VALUES (1, $1) ON CONFLICT (one) DO NOTHING RETURNING one";
        let claimed: Option<(i64,)> = within!(&mut tx, sqlx::query_as(sql).bind(agency.0.to_vec()), fetch_optional)?;
        tx.commit().await?;
        Ok(claimed.is_some())
    }

    /// Says anew whose store it is, where what it said was damaged.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn claim_anew(&self, agency: Hash) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE owner SET agency = $1";
        writing!(&mut tx, sqlx::query(sql).bind(agency.0.to_vec()))?;
        tx.commit().await?;
        Ok(())
    }

    /// Returns true if a key log is filed under this name, readable or not.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn has_key_log(&self, agency: &[u8]) -> Result<bool, StoreError> {
        let sql = "SELECT COUNT(*) FROM key_logs WHERE agency = $1";
        let (count,): (i64,) = reading!(self, sqlx::query_as(sql).bind(agency.to_vec()), fetch_one)?;
        Ok(count > 0)
    }

    /// Says that the records of credentials that were issued before a moment are lost, and that the own log comes from others:
    /// nothing is written to it before they have told how far it reaches. It needs no lease: nobody runs on the store yet.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn lose_records(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO lost_records (one, lost_before) VALUES (1, $1)
                   ON CONFLICT (one) DO UPDATE SET lost_before = excluded.lost_before";
        writing!(&mut tx, sqlx::query(sql).bind(before.0))?;
        // What comes from peers may lack what others of them have.
        let sql = "INSERT INTO own_log_repairs (at) VALUES ($1)";
        writing!(&mut tx, sqlx::query(sql).bind(before.0))?;
        tx.commit().await?;
        Ok(())
    }

    /// The moment before which records of credentials are lost; none, if none are.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn lost_records(&self) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<(i64,)> = reading!(
            self,
            sqlx::query_as("SELECT lost_before FROM lost_records"),
            fetch_optional
        )?;
        Ok(found.map(|(before,)| Timestamp(before)))
    }
}
