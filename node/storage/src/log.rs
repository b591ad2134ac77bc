//! Key logs, envelopes, heartbeats, and the entries that follow from them.

use std::collections::BTreeMap;

use protocol::{
    Countersignature, DocumentRow, Hash, KeyLog, Signed, SignedEnvelope, WriteBatch, key_log::SignedKeyLogEntry,
    replica::StoreContents, signed::encode,
};

use registry_schema::Timestamp;

use super::{
    Store, StoreError, checkpoints,
    db::{Tx, reading, writing},
    memory, quarantine,
};

/// The numbers of rows that a statement inserts: as many as fit of the first, then of the second; one at a time at last.
/// Fixed numbers, so that few statements are prepared. Six values a row stay below SQLite's 32,766 values a statement.
pub(super) const ROWS_A_STATEMENT: &[usize] = &[256, 16];

/// The transaction that writes, and its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct WriteStamp {
    /// Its number.
    pub(super) change: i64,
    /// The moment at which what it writes arrived here.
    pub(super) at: Timestamp,
}

/// Writes a batch.
pub(super) async fn write(tx: &mut Tx, batch: &WriteBatch, write: WriteStamp) -> Result<(), StoreError> {
    write_in(tx, batch, write, ROWS_A_STATEMENT).await
}

pub(super) async fn write_in(
    tx: &mut Tx,
    batch: &WriteBatch,
    write: WriteStamp,
    sizes: &[usize],
) -> Result<(), StoreError> {
    let change = write.change;
    for log in &batch.key_logs {
        let sql = "INSERT INTO key_logs (agency, entries, changed) VALUES ($1, $2, $3)
                   ON CONFLICT (agency) DO UPDATE SET entries = excluded.entries, changed = excluded.changed";
        writing!(
            tx,
            sqlx::query(sql)
                .bind(log.genesis().0.to_vec())
                .bind(encode(&log.signed()))
                .bind(change)
        )?;
    }
    write_envelopes(tx, batch, sizes).await?;
    for envelope in &batch.rewritten {
        writing!(
            tx,
            sqlx::query("UPDATE envelopes SET bytes = $1 WHERE hash = $2")
                .bind(encode(&envelope.signed()))
                .bind(envelope.hash().0.to_vec())
        )?;
    }
    write_rows(tx, batch, write, sizes).await?;
    memory::hide(tx, batch).await?;
    quarantine::write(tx, batch, change).await?;
    for (agency, writer) in &batch.forgotten {
        let sql = "DELETE FROM heartbeats WHERE agency = $1 AND writer = $2";
        writing!(tx, sqlx::query(sql).bind(agency.0.to_vec()).bind(writer.0.to_vec()))?;
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
        checkpoints::write(tx, checkpoint, pages).await?;
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
    if batch.written_elsewhere.is_some() {
        let sql = "INSERT INTO own_log_intrusions (at) VALUES ($1)";
        writing!(tx, sqlx::query(sql).bind(write.at.0))?;
    }
    Ok(())
}

/// Adds the batch's envelopes.
async fn write_envelopes(tx: &mut Tx, batch: &WriteBatch, sizes: &[usize]) -> Result<(), StoreError> {
    for some in runs(&batch.envelopes, sizes) {
        let sql = format!(
            "INSERT INTO envelopes (hash, agency, bytes) VALUES {}",
            places(some.len(), 3)
        );
        writing!(tx, {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for envelope in some {
                query = query
                    .bind(envelope.hash().0.to_vec())
                    .bind(envelope.header().agency.0.to_vec())
                    .bind(encode(&envelope.signed()));
            }
            query
        })?;
    }
    Ok(())
}

/// Writes the rows that the batch altered.
async fn write_rows(tx: &mut Tx, batch: &WriteBatch, write: WriteStamp, sizes: &[usize]) -> Result<(), StoreError> {
    let WriteStamp { change, at } = write;
    // Of a row that several envelopes of the batch altered, the last one is how it is now; a statement that inserts
    // many rows must not meet one twice. One that is gone stays as a row without values, so that those who follow the
    // changes see it.
    // What is history was so before what is now.
    let newest: BTreeMap<(Hash, String, &str), &DocumentRow> = batch
        .history
        .iter()
        .chain(&batch.rows)
        .map(|row| ((row.agency, row.document.to_string(), row.key.as_str()), row))
        .collect();
    let newest: Vec<_> = newest.into_iter().collect();
    for some in runs(&newest, sizes) {
        let sql = format!(
            "INSERT INTO entries (agency, document, name, surviving, changed, since) VALUES {}
             ON CONFLICT (agency, document, name)
             DO UPDATE SET surviving = excluded.surviving, changed = excluded.changed,
             since = CASE WHEN entries.surviving = excluded.surviving OR excluded.since < entries.since
                     THEN entries.since ELSE excluded.since END",
            places(some.len(), 6)
        );
        writing!(tx, {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for ((agency, document, key), row) in some {
                query = query
                    .bind(agency.0.to_vec())
                    .bind(document)
                    .bind(*key)
                    .bind(encode(&row.values))
                    .bind(change)
                    .bind(at.0);
            }
            query
        })?;
    }
    Ok(())
}

/// Cuts rows into runs of these sizes, the largest first; what is left comes one by one.
fn runs<'a, T>(mut rows: &'a [T], sizes: &[usize]) -> Vec<&'a [T]> {
    let mut runs = Vec::new();
    for size in sizes.iter().copied().chain([1]) {
        while let Some((run, rest)) = rows.split_at_checked(size).filter(|(run, _)| !run.is_empty()) {
            runs.push(run);
            rows = rest;
        }
    }
    runs
}

/// `($1, $2), ($3, $4)`: the places of so many rows.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

impl Store {
    /// All key logs.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn load_key_logs(&self) -> Result<Vec<KeyLog>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = reading!(self, sqlx::query_as("SELECT entries FROM key_logs"), fetch_all)?;
        rows.iter().map(|(entries,)| key_log(entries)).collect()
    }

    /// Everything that a replica is restored from.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn load_log(&self) -> Result<StoreContents, StoreError> {
        let (envelopes, _) = self.load_envelopes(None, i64::MAX).await?;
        Ok(StoreContents {
            envelopes,
            ..self.load_statements().await?
        })
    }

    /// The next envelopes, at most so many, after this position; and the position of the last of them.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn load_envelopes(
        &self,
        after: Option<i64>,
        most: i64,
    ) -> Result<(Vec<(Hash, SignedEnvelope)>, Option<i64>), StoreError> {
        let sql = "SELECT position, agency, bytes FROM envelopes WHERE position > $1 ORDER BY position LIMIT $2";
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = reading!(
            self,
            sqlx::query_as(sql).bind(after.unwrap_or(i64::MIN)).bind(most),
            fetch_all
        )?;
        let last = rows.last().map(|(position, _, _)| *position);
        let read = |(_, agency, bytes): &(i64, Vec<u8>, Vec<u8>)| Ok((hash(agency)?, decode(bytes)?));
        Ok((rows.iter().map(read).collect::<Result<_, StoreError>>()?, last))
    }

    /// Everything that a replica is restored from but the envelopes.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn load_statements(&self) -> Result<StoreContents, StoreError> {
        let mut stored = StoreContents {
            key_logs: self.load_key_logs().await?,
            ..StoreContents::default()
        };
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            reading!(self, sqlx::query_as("SELECT agency, bytes FROM heartbeats"), fetch_all)?;
        for (agency, bytes) in rows {
            stored.heartbeats.push((hash(&agency)?, decode(&bytes)?));
        }
        for (agency, signed) in self.checkpoints().await? {
            if let Some((_, pages)) = self.checkpoint(agency).await? {
                stored.checkpoints.push((agency, signed, pages));
            }
        }
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            reading!(self, sqlx::query_as("SELECT agency, bytes FROM held"), fetch_all)?;
        for (agency, bytes) in rows {
            let signed: Signed<Countersignature> = decode(&bytes)?;
            stored.held.push((hash(&agency)?, signed));
        }
        Ok(stored)
    }

    /// An agency's key log.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn key_log(&self, agency: Hash) -> Result<Option<KeyLog>, StoreError> {
        let found: Option<(Vec<u8>,)> = reading!(
            self,
            sqlx::query_as("SELECT entries FROM key_logs WHERE agency = $1").bind(agency.0.to_vec()),
            fetch_optional
        )?;
        found.map(|(entries,)| key_log(&entries)).transpose()
    }

    /// Returns the entries that the store holds for an agency, for the audit of a federation: they must be the rows that
    /// follow from its envelopes.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn entries(&self, agency: Hash) -> Result<Vec<(String, String, Vec<Vec<u8>>)>, StoreError> {
        let rows: Vec<(String, String, Vec<u8>)> = reading!(
            self,
            sqlx::query_as("SELECT document, name, surviving FROM entries WHERE agency = $1 ORDER BY document, name")
                .bind(agency.0.to_vec()),
            fetch_all
        )?;
        let mut entries = Vec::new();
        for (document, name, surviving) in rows {
            let values: Vec<Vec<u8>> = decode(&surviving)?;
            if !values.is_empty() {
                entries.push((document, name, values));
            }
        }
        Ok(entries)
    }
}

/// The key log in a column of the store.
///
/// # Errors
/// If the bytes are none: the store is damaged.
pub fn key_log(entries: &[u8]) -> Result<KeyLog, StoreError> {
    let entries: Vec<SignedKeyLogEntry> = decode(entries)?;
    KeyLog::read(entries).map_err(|e| StoreError::Unreadable(e.to_string()))
}

pub(super) fn hash(bytes: &[u8]) -> Result<Hash, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Unreadable("a hash of another length".into()))?;
    Ok(Hash(bytes))
}

/// A value in a column of the store, from its CBOR.
///
/// # Errors
/// If the bytes are none: the store is damaged.
pub fn decode<T: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> Result<T, StoreError> {
    minicbor::decode(bytes).map_err(|e| StoreError::Unreadable(e.to_string()))
}
