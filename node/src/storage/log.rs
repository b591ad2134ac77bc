//! Key logs, envelopes, heartbeats, and the entries that follow from them.

use protocol::{Batch, Checkpoint, Hash, Held, KeyLog, Signed, key_log::SignedEntry, replica::Stored, signed::encode};

use super::{
    Store, Unavailable,
    db::{Tx, reading, writing},
};

pub(super) async fn write(tx: &mut Tx, batch: &Batch) -> Result<(), Unavailable> {
    for log in &batch.key_logs {
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO key_logs (agency, entries) VALUES ($1, $2)
                 ON CONFLICT (agency) DO UPDATE SET entries = excluded.entries"
            )
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
    for envelope in &batch.rewritten {
        writing!(
            tx,
            sqlx::query("UPDATE envelopes SET bytes = $1 WHERE hash = $2")
                .bind(encode(&envelope.signed()))
                .bind(envelope.hash().0.to_vec())
        )?;
    }
    for row in batch.rows.iter().chain(&batch.history) {
        if row.values.is_empty() {
            writing!(
                tx,
                sqlx::query("DELETE FROM entries WHERE agency = $1 AND document = $2 AND name = $3")
                    .bind(row.agency.0.to_vec())
                    .bind(row.document.to_string())
                    .bind(&row.key)
            )?;
            continue;
        }
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
    for (checkpoint, pages) in &batch.checkpoints {
        let pages: Vec<&minicbor::bytes::ByteSlice> = pages.iter().map(|page| page.as_slice().into()).collect();
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO checkpoints (agency, bytes, pages) VALUES ($1, $2, $3)
             ON CONFLICT (agency) DO UPDATE SET bytes = excluded.bytes, pages = excluded.pages",
            )
            .bind(checkpoint.get().agency.0.to_vec())
            .bind(encode(checkpoint.signed()))
            .bind(encode(&pages))
        )?;
    }
    for held in &batch.held {
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO held (agency, bytes) VALUES ($1, $2)
             ON CONFLICT (agency) DO UPDATE SET bytes = excluded.bytes",
            )
            .bind(held.get().agency.0.to_vec())
            .bind(encode(held.signed()))
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
            let entries: Vec<SignedEntry> = decode(&entries)?;
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
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT agency, bytes, pages FROM checkpoints"),
            fetch_all
        )?;
        for (agency, bytes, pages) in rows {
            let signed: Signed<Checkpoint> = decode(&bytes)?;
            let pages: Vec<minicbor::bytes::ByteVec> = decode(&pages)?;
            let pages = pages.into_iter().map(Into::into).collect();
            stored.checkpoints.push((hash(&agency)?, signed, pages));
        }
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            reading!(self, sqlx::query_as("SELECT agency, bytes FROM held"), fetch_all)?;
        for (agency, bytes) in rows {
            let signed: Signed<Held> = decode(&bytes)?;
            stored.held.push((hash(&agency)?, signed));
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
