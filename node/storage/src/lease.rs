//! The lease: which process of the agency may write, and what the others read to follow it.
//!
//! Invariant: every transaction that writes for the node begins with [`Store::begin`], which finds the lease's row in
//! this process's epoch or aborts. The row's lock puts these transactions and takeovers in one order, so that a holder
//! that was frozen and wakes after a takeover writes nothing. Plain SQL: no clock of the database's, no advisory lock.

use std::{collections::BTreeSet, sync::atomic::Ordering};

use protocol::{DocumentRow, Hash, KeyLog};
use registry_schema::Timestamp;
use sqlx::FromRow;

use super::{
    PeerRow, Store, StoreError, TransactionId,
    db::{Tx, within, writing},
    log::{decode, hash, key_log},
    peers, quarantine, version,
};

/// No epoch: this process does not hold the lease.
pub(super) const NOT_HELD: i64 = -1;

/// The lease, as it stands.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct Lease {
    /// The number of times that it was taken.
    pub epoch: i64,
    /// Grows with each renewal and each transaction of its holder.
    pub renewed: i64,
    /// The number of the last transaction.
    pub changes: i64,
    /// The address at which its holder takes forwarded requests; empty, if nobody holds it.
    pub address: String,
    /// The certificate that the holder shows there, as PEM.
    pub certificate: String,
    /// The secret that the holder asks of those who forward.
    pub secret: Vec<u8>,
    /// The knowledge that the holder alone has, for the others' answers; not read here.
    pub standing: Vec<u8>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Lease(epoch {}, renewed {}, {})",
            self.epoch, self.renewed, self.address
        )
    }
}

impl Lease {
    /// Returns what changes while its holder lives.
    #[must_use]
    pub const fn mark(&self) -> (i64, i64) {
        (self.epoch, self.renewed)
    }
}

/// The process that takes the lease.
#[derive(Clone, Copy, Debug, Default)]
pub struct HolderEndpoint<'a> {
    /// The address at which it takes forwarded requests.
    pub address: &'a str,
    /// The certificate that it shows there, as PEM.
    pub certificate: &'a str,
    /// The secret that it asks of those who forward.
    pub secret: &'a [u8],
}

/// The rows that were written since a moment, and the lease; all of it as of one moment.
#[derive(Debug)]
pub struct StoreChanges {
    /// The lease.
    pub lease: Lease,
    /// Key logs that are new or have grown.
    pub key_logs: Vec<KeyLog>,
    /// Rows as they are now.
    pub rows: Vec<DocumentRow>,
    /// The restrictions from envelopes that are not kept: newer than the rows.
    pub restrictions: Vec<DocumentRow>,
    /// The agencies of which something that was read does not make sense: it is left out.
    pub damaged: BTreeSet<Hash>,
    /// The operators' decisions about peers: all of them.
    pub peers: Vec<PeerRow>,
}

impl StoreChanges {
    /// Notes that something that is filed under an agency makes no sense. What is filed under none is nobody's.
    fn note_damage(&mut self, agency: &[u8]) {
        tracing::error!(agency = ?hash(agency).ok(), "a row in the store cannot be read: nothing of its agency is fresh here");
        self.damaged.extend(hash(agency));
    }
}

/// The number of last transactions that are found by their names.
const TRANSACTIONS_NAMED: i64 = 4096;

/// Gives a transaction a name, by which [`Store::is_committed`] finds it.
pub(super) async fn name(tx: &mut Tx, change: i64) -> Result<TransactionId, StoreError> {
    let id = TransactionId(rand::random());
    writing!(
        tx,
        sqlx::query("INSERT INTO transactions (id, change) VALUES ($1, $2)")
            .bind(id.0.to_vec())
            .bind(change)
    )?;
    writing!(
        tx,
        sqlx::query("DELETE FROM transactions WHERE change < $1").bind(change - TRANSACTIONS_NAMED)
    )?;
    Ok(id)
}

const COLUMNS: &str = "epoch, renewed, changes, address, certificate, secret, standing";

impl Store {
    pub(super) fn hold(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::SeqCst);
    }

    /// Gives up the right to write, in this process alone.
    pub fn forget_lease(&self) {
        self.hold(NOT_HELD);
    }

    /// The epoch in which this process holds the lease, as far as it knows.
    #[must_use]
    pub fn held(&self) -> Option<i64> {
        Some(self.epoch.load(Ordering::SeqCst)).filter(|epoch| *epoch != NOT_HELD)
    }

    /// A transaction that writes, and its number.
    pub(super) async fn begin(&self) -> Result<(Tx, i64), StoreError> {
        let epoch = self.held().ok_or(StoreError::Deposed)?;
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE lease SET changes = changes + 1, renewed = renewed + 1 WHERE epoch = $1 RETURNING changes";
        let found: Option<(i64,)> = within!(&mut tx, sqlx::query_as(sql).bind(epoch), fetch_optional)?;
        match found {
            Some((change,))
                if change <= self.newest.load(Ordering::SeqCst)
                    && !crate::driver_mutant!(self.faults(), TrustsTheCount) =>
            {
                // It is told once, and looked at anew; from then on this store counts.
                self.newest.store(0, Ordering::SeqCst);
                self.went_back.store(true, Ordering::SeqCst);
                Err(StoreError::WentBack)
            }
            Some((change,)) => Ok((tx, change)),
            None => Err(self.deposed(epoch)),
        }
    }

    /// Returns true if a transaction of this name was committed.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn is_committed(&self, id: TransactionId) -> Result<bool, StoreError> {
        // One that is still under way holds the lease's row; this waits for its end. On SQLite there is one writer anyway.
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE lease SET renewed = renewed RETURNING epoch";
        let _: (i64,) = within!(&mut tx, sqlx::query_as(sql), fetch_one)?;
        let sql = "SELECT change FROM transactions WHERE id = $1";
        let found: Option<(i64,)> = within!(&mut tx, sqlx::query_as(sql).bind(id.0.to_vec()), fetch_optional)?;
        // What one server shows may not have reached the one that will succeed it: a commit after it waits for that.
        tx.commit().await?;
        Ok(found.is_some())
    }

    /// Writes, and changes nothing: what stood in the store before is as durable as what is acknowledged from here on, and
    /// the store takes writes.
    ///
    /// # Errors
    /// [`StoreError::Deposed`], if another process took the lease; [`StoreError`], if the store takes no writes.
    pub async fn takes_writes(&self) -> Result<(), StoreError> {
        let epoch = self.held().ok_or(StoreError::Deposed)?;
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE lease SET renewed = renewed + 1 WHERE epoch = $1 RETURNING epoch";
        let found: Option<(i64,)> = within!(&mut tx, sqlx::query_as(sql).bind(epoch), fetch_optional)?;
        tx.commit().await?;
        found.ok_or_else(|| self.deposed(epoch))?;
        self.note_write();
        Ok(())
    }

    /// Somebody else took the lease after `epoch`.
    fn deposed(&self, epoch: i64) -> StoreError {
        // Only if this process has not taken it again meanwhile.
        let _ = self
            .epoch
            .compare_exchange(epoch, NOT_HELD, Ordering::SeqCst, Ordering::SeqCst);
        StoreError::Deposed
    }

    /// Takes the lease, if it still stands as it was seen; gives the new epoch, or none if it moved on.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn take(&self, seen: (i64, i64), holder: &HolderEndpoint<'_>) -> Result<Option<i64>, StoreError> {
        let mut tx = self.db.begin().await?;
        let sql =
            "UPDATE lease SET epoch = epoch + 1, renewed = renewed + 1, address = $3, certificate = $4, secret = $5
                   WHERE epoch = $1 AND renewed = $2 RETURNING epoch, changes";
        let found: Option<(i64, i64)> = within!(
            &mut tx,
            sqlx::query_as(sql)
                .bind(seen.0)
                .bind(seen.1)
                .bind(holder.address)
                .bind(holder.certificate)
                .bind(holder.secret),
            fetch_optional
        )?;
        // A process that followed while a newer program brought the tables up to date never writes into them.
        if !version::is_ours(&mut tx).await? {
            return Err(StoreError::OtherVersion);
        }
        if found.is_some() {
            self.note_what_it_is(&mut tx).await?;
        }
        tx.commit().await?;
        if let Some((epoch, changes)) = found {
            // From here on it is known what it is, whatever somebody put here.
            self.tell_reached(changes);
            self.hold(epoch);
        }
        Ok(found.map(|(epoch, _)| epoch))
    }

    /// Renews the lease, and says what the others are to know.
    ///
    /// # Errors
    /// [`StoreError::Deposed`], if another process took it; [`StoreError`], if the store cannot be written.
    pub async fn renew(&self, standing: &[u8]) -> Result<(), StoreError> {
        let epoch = self.held().ok_or(StoreError::Deposed)?;
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE lease SET renewed = renewed + 1, standing = $2 WHERE epoch = $1 RETURNING epoch";
        let found: Option<(i64,)> = within!(&mut tx, sqlx::query_as(sql).bind(epoch).bind(standing), fetch_optional)?;
        tx.commit().await?;
        found.ok_or_else(|| self.deposed(epoch))?;
        self.note_write();
        Ok(())
    }

    /// Gives the lease back, so that another process need not wait for its end.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn release(&self) -> Result<(), StoreError> {
        let Some(epoch) = self.held() else { return Ok(()) };
        self.forget_lease();
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE lease SET address = '', renewed = renewed + 1 WHERE epoch = $1";
        writing!(&mut tx, sqlx::query(sql).bind(epoch))?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts the rows back of which a store has one each, where they were lost: nobody holds the lease, and what was known
    /// is kept from now on. Its epoch is one that no process can have had.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be written.
    pub async fn put_back_single_rows(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let lease = "INSERT INTO lease (one, epoch, renewed, changes, address, certificate, secret, standing)
                     SELECT 1, $1, 0, $1, '', '', $2, $2 WHERE NOT EXISTS (SELECT 1 FROM lease)";
        let nothing: Vec<u8> = Vec::new();
        writing!(&mut tx, sqlx::query(lease).bind(now.0).bind(nothing))?;
        let memory = "INSERT INTO memory (one, since) SELECT 1, $1 WHERE NOT EXISTS (SELECT 1 FROM memory)";
        writing!(&mut tx, sqlx::query(memory).bind(now.0))?;
        tx.commit().await?;
        Ok(())
    }

    /// The lease, and what was written after the transaction with the number `since`: after -1, everything.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn changes(&self, since: i64) -> Result<StoreChanges, StoreError> {
        let mut tx = self.db.snapshot().await?;
        let sql = format!("SELECT {COLUMNS} FROM lease");
        let lease: Lease = within!(&mut tx, sqlx::query_as(sqlx::AssertSqlSafe(sql)), fetch_one)?;
        let mut changes = StoreChanges {
            key_logs: vec![],
            rows: vec![],
            restrictions: vec![],
            damaged: BTreeSet::new(),
            peers: vec![],
            lease,
        };
        if changes.lease.changes == since {
            tx.commit().await?;
            return Ok(changes);
        }
        let sql = format!("SELECT {} FROM peers", peers::COLUMNS);
        changes.peers = within!(&mut tx, sqlx::query_as(sqlx::AssertSqlSafe(sql)), fetch_all)?;
        let sql = "SELECT agency, entries FROM key_logs WHERE changed > $1";
        let logs: Vec<(Vec<u8>, Vec<u8>)> = within!(&mut tx, sqlx::query_as(sql).bind(since), fetch_all)?;
        for (agency, entries) in logs {
            match key_log(&entries) {
                Ok(log) if log.genesis().0.as_slice() == agency => changes.key_logs.push(log),
                _ => changes.note_damage(&agency),
            }
        }
        let sql = "SELECT agency, document, name, surviving FROM entries WHERE changed > $1";
        let rows: Vec<(Vec<u8>, String, String, Vec<u8>)> =
            within!(&mut tx, sqlx::query_as(sql).bind(since), fetch_all)?;
        for (agency, document, key, surviving) in rows {
            match (hash(&agency), document.parse(), decode(&surviving)) {
                (Ok(agency), Ok(document), Ok(values)) => changes.rows.push(DocumentRow {
                    agency,
                    document,
                    key,
                    values,
                }),
                _ => changes.note_damage(&agency),
            }
        }
        let aside = quarantine::restrictions(&mut tx, since).await?;
        for (agency, restrictions) in aside {
            match restrictions {
                Some(rows) => changes.restrictions.extend(rows),
                None => changes.note_damage(&agency),
            }
        }
        tx.commit().await?;
        Ok(changes)
    }
}
