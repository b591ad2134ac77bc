//! The remains in SQLite's write-ahead log of what was forgotten. A page that a commit overwrites with zeros
//! (`secure_delete`) stays readable in the log, as it was, until the log is written over; so the log is emptied as a part of
//! the act. PostgreSQL keeps its own log, as long as its administrator says (ops/RUNBOOK.md).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::watch;

use super::{LocalWrite, Store, StoreError, db::ConnectionPools};

/// The time that one try waits for those who read; the writer is not held up for longer.
const PATIENCE: Duration = Duration::from_millis(250);
const TRIES: u32 = 6;
/// The time for which what was forgotten may stay in the log because somebody reads it.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// A flag that the log may hold what was forgotten. A process that ended in the midst of the act left it so.
#[derive(Debug)]
pub(super) struct WalResidue(AtomicBool);

impl Default for WalResidue {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl WalResidue {
    /// Notes that the log is to be emptied.
    pub(super) fn is_owed(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl LocalWrite {
    /// Returns true if what was there before is to be readable no more.
    pub(super) const fn forgets(&self) -> bool {
        matches!(self, Self::Expunged { .. } | Self::Contact { .. })
    }
}

impl Store {
    /// Tries again to empty the log, until the node stops: an act could not, because somebody was reading, or its process
    /// ended in the midst of it.
    pub async fn keep_clear(self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.clear_residue().await {
                tracing::warn!(%error, "the database's log cannot be emptied");
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN_AFTER) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Empties the log after an act that forgets; what hinders it is overcome later, by [`Store::clear_residue`].
    pub(super) async fn leave_no_residue(&self) {
        self.residue.is_owed();
        match self.clear_residue().await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(
                "what was forgotten stays in the database's log for a while, because something reads it: it is tried again by itself"
            ),
            Err(error) => {
                tracing::error!(%error, "what was forgotten stays in the database's log: it is tried again by itself")
            }
        }
    }

    /// Empties the log, if it may hold what was forgotten; false, if somebody reads from it and it has to be tried again.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be used.
    pub async fn clear_residue(&self) -> Result<bool, StoreError> {
        let ConnectionPools::Sqlite { write, file, .. } = &self.db.pools else {
            return Ok(true);
        };
        // Before the look at the log: what is forgotten meanwhile sets it again.
        if !self.residue.0.swap(false, Ordering::SeqCst) {
            return Ok(true);
        }
        if let Err(replaced) = self.db.look() {
            self.residue.is_owed();
            return Err(replaced.into());
        }
        let emptying = file.empties_its_log();
        let emptied = empty(write.connect_options().as_ref().clone().busy_timeout(PATIENCE)).await;
        drop(emptying);
        if !matches!(emptied, Ok(true)) {
            self.residue.is_owed();
        }
        Ok(emptied?)
    }
}

async fn empty(options: sqlx::sqlite::SqliteConnectOptions) -> Result<bool, sqlx::Error> {
    // A connection of its own, so that the writer's waits as long as ever.
    let mut connection = options.connect().await?;
    let mut emptied = false;
    for _ in 0..TRIES {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut connection)
            .await?;
        emptied = busy == 0;
        if emptied {
            break;
        }
    }
    connection.close().await?;
    Ok(emptied)
}
