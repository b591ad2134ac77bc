//! Key logs, envelopes, heartbeats, and the entries that follow from them.

use protocol::{Batch, Hash, Heartbeat, KeyLog, KeyLogEntry, Signed, SignedEnvelope, signed::encode};

use super::{
    Store, Unavailable,
    db::{Tx, reading, writing},
};

/// What a replica is restored from.
#[derive(Debug, Default)]
pub struct Stored {
    /// Key logs.
    pub key_logs: Vec<KeyLog>,
    /// Envelopes with their agency, in the order in which they were kept.
    pub envelopes: Vec<(Hash, SignedEnvelope)>,
    /// Counted heartbeats with their agency.
    pub heartbeats: Vec<(Hash, Signed<Heartbeat>)>,
}

pub(super) async fn write(tx: &mut Tx, batch: &Batch) -> Result<(), Unavailable> {
    for log in &batch.key_logs {
        writing!(
            tx,
            sqlx::query("INSERT INTO key_logs (agency, entries) VALUES ($1, $2) ON CONFLICT (agency) DO NOTHING")
                .bind(log.genesis().0.to_vec())
                .bind(encode(&log.signed()))
        )?;
    }
    for envelope in &batch.envelopes {
        writing!(
            tx,
            sqlx::query("INSERT INTO envelopes (hash, agency, bytes) VALUES ($1, $2, $3)")
                .bind(envelope.hash().0.to_vec())
                .bind(envelope.header().agency.0.to_vec())
                .bind(encode(&envelope.signed()))
        )?;
    }
    for row in &batch.rows {
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO entries (agency, document, name, surviving) VALUES ($1, $2, $3, $4)
             ON CONFLICT (agency, document, name) DO UPDATE SET surviving = excluded.surviving",
            )
            .bind(row.agency.0.to_vec())
            .bind(row.document.to_string())
            .bind(&row.key)
            .bind(encode(&row.values))
        )?;
    }
    for heartbeat in &batch.heartbeats {
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO heartbeats (agency, writer, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (agency, writer) DO UPDATE SET bytes = excluded.bytes",
            )
            .bind(heartbeat.get().agency.0.to_vec())
            .bind(heartbeat.get().writer.0.to_vec())
            .bind(encode(heartbeat.signed()))
        )?;
    }
    Ok(())
}

impl Store {
    /// Everything that a replica is restored from.
    ///
    /// # Errors
    /// [`Unavailable`], if the store cannot be read.
    pub async fn load_log(&self) -> Result<Stored, Unavailable> {
        let mut stored = Stored::default();
        let rows: Vec<(Vec<u8>,)> = reading!(self, sqlx::query_as("SELECT entries FROM key_logs"), fetch_all)?;
        for (entries,) in rows {
            let entries: Vec<Signed<KeyLogEntry>> = decode(&entries)?;
            stored
                .key_logs
                .push(KeyLog::read(entries).map_err(|e| Unavailable::Unreadable(e.to_string()))?);
        }
        let rows: Vec<(Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT agency, bytes FROM envelopes ORDER BY position"),
            fetch_all
        )?;
        for (agency, bytes) in rows {
            stored.envelopes.push((hash(&agency)?, decode(&bytes)?));
        }
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            reading!(self, sqlx::query_as("SELECT agency, bytes FROM heartbeats"), fetch_all)?;
        for (agency, bytes) in rows {
            stored.heartbeats.push((hash(&agency)?, decode(&bytes)?));
        }
        Ok(stored)
    }

    /// How many entries the store holds for an agency, for the audit of a federation: they must be the rows that
    /// follow from its envelopes.
    ///
    /// # Errors
    /// [`Unavailable`], if the store cannot be read.
    pub async fn entries(&self, agency: Hash) -> Result<Vec<(String, String, Vec<Vec<u8>>)>, Unavailable> {
        let rows: Vec<(String, String, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT document, name, surviving FROM entries WHERE agency = $1 ORDER BY document, name")
                .bind(agency.0.to_vec()),
            fetch_all
        )?;
        rows.into_iter()
            .map(|(document, name, surviving)| Ok((document, name, decode(&surviving)?)))
            .collect()
    }
}

fn hash(bytes: &[u8]) -> Result<Hash, Unavailable> {
    let bytes = bytes
        .try_into()
        .map_err(|_| Unavailable::Unreadable("a hash of another length".into()))?;
    Ok(Hash(bytes))
}

fn decode<T: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> Result<T, Unavailable> {
    minicbor::decode(bytes).map_err(|e| Unavailable::Unreadable(e.to_string()))
}
