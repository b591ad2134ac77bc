//! The contents of an agency's store, beside what its node says.

use std::fs;

use node::config::Config;
use protocol::{Hash, KeyLog};
use storage::Store;

use super::TestAgency;
use crate::oracle::DiskOracle;

/// A copy of an agency's store in SQLite, with what lies beside the database and tells how far it had come.
#[derive(Debug)]
pub struct StoreBackup {
    database: Vec<u8>,
    reached: Vec<u8>,
}

/// The way in which a copy gets into the place of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreMethod {
    /// As a machine is set back as a whole: nothing tells it from the store.
    Untold,
    /// All files are others.
    OtherFiles,
    /// The database alone is written over.
    DatabaseAlone,
}

impl TestAgency {
    /// Copies its store, for which its node stops; it stays stopped.
    ///
    /// # Panics
    /// If it does not run, or keeps no store in SQLite.
    pub async fn stops_for_a_backup(&self) -> StoreBackup {
        self.stops().await;
        let read = |name| fs::read(self.data.join(name)).expect("a store");
        StoreBackup {
            database: read("registry.sqlite"),
            reached: read("registry.sqlite-reached"),
        }
    }

    /// Puts a copy that was made this many minutes ago in the place of its store; its node is stopped.
    ///
    /// # Panics
    /// If its node runs here, or the copy cannot be written.
    pub async fn is_restored_from_minutes_ago(&self, backup: &StoreBackup, minutes: i64) {
        self.is_restored_from(backup).await;
        let age = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);
db.execute('UPDATE lease SET renewed_at = renewed_at - ?', (int(sys.argv[2]) * 60000,)); db.commit(); db.close()";
        let aged = std::process::Command::new("python3")
            .args(["-c", age])
            .arg(self.data.join("registry.sqlite"))
            .arg(minutes.to_string())
            .status();
        assert!(aged.is_ok_and(|status| status.success()), "the copy is made older");
    }

    /// Puts a copy in the place of its store, as a machine is set back as a whole; its node is stopped.
    ///
    /// # Panics
    /// If its node runs here, or the copy cannot be written.
    pub async fn is_restored_from(&self, backup: &StoreBackup) {
        self.is_restored(backup, RestoreMethod::Untold).await;
    }

    /// Puts a copy in the place of its store in this way; its node is stopped.
    ///
    /// # Panics
    /// If its node runs here, or the copy cannot be written.
    pub async fn is_restored(&self, backup: &StoreBackup, how: RestoreMethod) {
        assert!(!self.runs().await, "{} runs", self.id);
        for leftover in ["registry.sqlite-wal", "registry.sqlite-shm"] {
            let _ = fs::remove_file(self.data.join(leftover));
        }
        let [database, reached] = ["registry.sqlite", "registry.sqlite-reached"].map(|name| self.data.join(name));
        if how == RestoreMethod::OtherFiles {
            for file in [&database, &reached] {
                fs::rename(file, file.with_added_extension("before")).expect("it is moved away");
            }
        }
        fs::write(database, &backup.database).expect("the backup is restored");
        if how != RestoreMethod::DatabaseAlone {
            fs::write(reached, &backup.reached).expect("the backup is restored");
        }
    }

    /// Takes its database away, with the files that SQLite keeps beside it; its node is stopped.
    ///
    /// # Panics
    /// If its node runs here, or there is none.
    pub async fn loses_its_database(&self) {
        assert!(!self.runs().await, "{} runs", self.id);
        fs::remove_file(self.data.join("registry.sqlite")).expect("a database");
        for beside in ["registry.sqlite-wal", "registry.sqlite-shm"] {
            let _ = fs::remove_file(self.data.join(beside));
        }
    }

    /// Takes away all files of its store but the database itself; its node was killed, and is not running.
    ///
    /// # Panics
    /// If its node runs here, or there are none.
    pub async fn loses_what_lies_beside_its_database(&self) {
        assert!(!self.runs().await, "{} runs", self.id);
        for beside in ["registry.sqlite-wal", "registry.sqlite-reached"] {
            fs::remove_file(self.data.join(beside)).expect("a file of the store");
        }
        let _ = fs::remove_file(self.data.join("registry.sqlite-shm"));
    }

    /// Writes rows into its store that follow from nothing, as a bug or a bad disk would.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn spoils(&self, rows: Vec<protocol::DocumentRow>) {
        let node = self.node.lock().await;
        let store = &node
            .as_ref()
            .unwrap_or_else(|| panic!("{} does not run", self.id))
            .store;
        store
            .commit(
                &protocol::WriteBatch {
                    rows,
                    ..protocol::WriteBatch::default()
                },
                &[],
                registry_schema::Timestamp(0),
            )
            .await
            .expect("the store takes it");
    }

    /// The faults that can be put between its node and its database.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn faults(&self) -> storage::FaultInjector {
        let node = self.node.lock().await;
        let node = node.as_ref().unwrap_or_else(|| panic!("{} does not run", self.id));
        node.store.faults().clone()
    }

    /// Reads what is on its node's disk of an agency's log, beside the node.
    ///
    /// # Panics
    /// If the store cannot be read.
    pub async fn on_disk(&self, agency: Hash) -> DiskOracle {
        let config = Config::load(&self.data).expect("a configuration");
        let store = Store::open(&self.data, config.postgres().expect("a database").as_ref())
            .await
            .expect("a store that can be opened");
        let oracle = DiskOracle::read(&store, agency).await;
        store.close().await;
        oracle
    }

    /// The key logs that its node holds.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn key_logs(&self) -> Vec<KeyLog> {
        let node = self.node.lock().await;
        let store = &node
            .as_ref()
            .unwrap_or_else(|| panic!("{} does not run", self.id))
            .store;
        store.load_key_logs().await.expect("the key logs")
    }

    /// Counts the acts of this kind in its audit trail.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn audited(&self, act: &str) -> i64 {
        let node = self.node.lock().await;
        let store = &node
            .as_ref()
            .unwrap_or_else(|| panic!("{} does not run", self.id))
            .store;
        store.audited(act).await.expect("the audit trail")
    }
}
