//! Reading of what is shown to everybody as files, in the order in which it was written.

use protocol::{Hash, Heartbeat, Signed, SignedEnvelope};

use super::{
    Store, StoreError,
    db::reading,
    log::{decode, hash},
};

/// The number of envelopes that are read at once; each has at most 256 KiB.
const ENVELOPES_AT_ONCE: i64 = 128;

/// An envelope, and its place among all that the store holds.
#[derive(Debug)]
pub struct PositionedEnvelope {
    /// The place: it grows with each envelope.
    pub position: i64,
    /// The agency whose log it belongs to.
    pub agency: Hash,
    /// The signed envelope, as it was received.
    pub bytes: Vec<u8>,
}

impl PositionedEnvelope {
    /// The envelope itself.
    ///
    /// # Errors
    /// If the bytes are none: the store is damaged.
    pub fn envelope(&self) -> Result<SignedEnvelope, StoreError> {
        decode(&self.bytes)
    }
}

impl Store {
    /// The number of the last transaction.
    pub async fn last_change(&self) -> Result<i64, StoreError> {
        let (changes,): (i64,) = reading!(
            self,
            sqlx::query_as("SELECT changes FROM lease WHERE one = 1"),
            fetch_one
        )?;
        Ok(changes)
    }

    /// The next envelopes after a place; none, if there are no more.
    pub async fn envelopes_after(&self, position: i64) -> Result<Vec<PositionedEnvelope>, StoreError> {
        let sql = "SELECT position, agency, bytes FROM envelopes WHERE position > $1 ORDER BY position LIMIT $2";
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as(sql).bind(position).bind(ENVELOPES_AT_ONCE),
            fetch_all
        )?;
        let placed = rows.into_iter().map(|(position, agency, bytes)| {
            let agency = hash(&agency)?;
            Ok(PositionedEnvelope {
                position,
                agency,
                bytes,
            })
        });
        placed.collect()
    }

    /// Of each agency that wrote after a place, the envelope that was kept last: its place, the agency and its name.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn last_envelopes_after(&self, position: i64) -> Result<Vec<(i64, Hash, Hash)>, StoreError> {
        let sql = "SELECT position, agency, hash FROM envelopes WHERE position IN
                   (SELECT max(position) FROM envelopes WHERE position > $1 GROUP BY agency) ORDER BY position";
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = reading!(self, sqlx::query_as(sql).bind(position), fetch_all)?;
        let read = |(position, agency, name): (i64, Vec<u8>, Vec<u8>)| Ok((position, hash(&agency)?, hash(&name)?));
        rows.into_iter().map(read).collect()
    }

    /// An agency's envelopes from one place to another, both included.
    pub async fn envelopes_between(&self, agency: Hash, (first, last): (i64, i64)) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT bytes FROM envelopes WHERE position BETWEEN $1 AND $2 AND agency = $3 ORDER BY position";
        let rows: Vec<(Vec<u8>,)> = reading!(
            self,
            sqlx::query_as(sql).bind(first).bind(last).bind(agency.0.to_vec()),
            fetch_all
        )?;
        Ok(rows.into_iter().map(|(bytes,)| bytes).collect())
    }

    /// The key logs that changed after a transaction, as their entries' bytes.
    pub async fn key_logs_after(&self, change: i64) -> Result<Vec<protocol::KeyLog>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = reading!(
            self,
            sqlx::query_as("SELECT entries FROM key_logs WHERE changed > $1").bind(change),
            fetch_all
        )?;
        rows.iter().map(|(entries,)| super::log::key_log(entries)).collect()
    }

    /// The counted heartbeats of all agencies.
    pub async fn heartbeats(&self) -> Result<Vec<(Hash, Signed<Heartbeat>)>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT agency, bytes FROM heartbeats ORDER BY agency, writer"),
            fetch_all
        )?;
        rows.iter()
            .map(|(agency, bytes)| Ok((hash(agency)?, decode(bytes)?)))
            .collect()
    }
}
