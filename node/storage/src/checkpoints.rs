//! Of each agency the newest checkpoint, with its pages of rows, one a row of the table.

use minicbor::bytes::ByteVec;
use protocol::{Checkpoint, Hash, Signed, Verified, signed::encode};

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
    log::{decode, hash},
};

/// Writes a checkpoint in the place of the agency's former one.
pub(super) async fn write(tx: &mut Tx, checkpoint: &Verified<Checkpoint>, pages: &[Vec<u8>]) -> Result<(), StoreError> {
    let agency = checkpoint.get().agency.0;
    let none: Vec<ByteVec> = vec![];
    writing!(
        tx,
        sqlx::query(
            "INSERT INTO checkpoints (agency, bytes, pages) VALUES ($1, $2, $3)
             ON CONFLICT (agency) DO UPDATE SET bytes = excluded.bytes, pages = excluded.pages",
        )
        .bind(agency.to_vec())
        .bind(encode(checkpoint.signed()))
        .bind(encode(&none))
    )?;
    writing!(
        tx,
        sqlx::query("DELETE FROM checkpoint_pages WHERE agency = $1").bind(agency.to_vec())
    )?;
    for (number, page) in (0_i64..).zip(pages) {
        writing!(
            tx,
            sqlx::query("INSERT INTO checkpoint_pages (agency, number, bytes) VALUES ($1, $2, $3)")
                .bind(agency.to_vec())
                .bind(number)
                .bind(page.as_slice())
        )?;
    }
    Ok(())
}

impl Store {
    /// Of each agency the newest checkpoint, without its rows.
    pub async fn checkpoints(&self) -> Result<Vec<(Hash, Signed<Checkpoint>)>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            reading!(self, sqlx::query_as("SELECT agency, bytes FROM checkpoints"), fetch_all)?;
        rows.iter()
            .map(|(agency, bytes)| Ok((hash(agency)?, decode(bytes)?)))
            .collect()
    }

    /// One page of rows of an agency's newest checkpoint, by its place.
    pub async fn checkpoint_page(&self, agency: Hash, place: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM checkpoint_pages WHERE agency = $1 AND number = $2";
        let number = i64::try_from(place).unwrap_or(i64::MAX);
        let page: Option<(Vec<u8>,)> = reading!(
            self,
            sqlx::query_as(sql).bind(agency.0.to_vec()).bind(number),
            fetch_optional
        )?;
        match page {
            Some((page,)) => Ok(Some(page)),
            // One that was written before pages had rows of their own.
            None => {
                let known = self.checkpoint(agency).await?;
                Ok(known.and_then(|(_, pages)| pages.into_iter().nth(place)))
            }
        }
    }

    /// An agency's newest checkpoint, as bytes, and its pages of rows. If it is replaced between the two looks, the pages
    /// are not those that it names; whoever reads them compares.
    pub(crate) async fn checkpoint(&self, agency: Hash) -> Result<Option<(Vec<u8>, Vec<Vec<u8>>)>, StoreError> {
        let found: Option<(Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT bytes, pages FROM checkpoints WHERE agency = $1").bind(agency.0.to_vec()),
            fetch_optional
        )?;
        let Some((bytes, pages)) = found else { return Ok(None) };
        let before: Vec<ByteVec> = decode(&pages)?;
        if !before.is_empty() {
            return Ok(Some((bytes, before.into_iter().map(Into::into).collect())));
        }
        let sql = "SELECT bytes FROM checkpoint_pages WHERE agency = $1 ORDER BY number";
        let pages: Vec<(Vec<u8>,)> = reading!(self, sqlx::query_as(sql).bind(agency.0.to_vec()), fetch_all)?;
        Ok(Some((bytes, pages.into_iter().map(|(page,)| page).collect())))
    }
}
