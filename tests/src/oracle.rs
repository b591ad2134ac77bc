//! A fold over what is on a node's disk, for judging what the node says: without automerge, replica or registry.
//!
//! It reads the envelopes as they lie in the store, in their order, and folds the puts of status lists by hand. What a
//! node answers is compared with this, never with another answer of the same code.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use protocol::{DocumentId, Hash};
use storage::Store;

use crate::TestAgency;

/// A store's holdings of one agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskOracle {
    /// The envelopes that are there.
    pub envelopes: BTreeSet<Hash>,
    /// The slots that a put revokes, by list and index, and when the envelope with it was dated, in milliseconds.
    pub revoked: BTreeMap<(u32, u32), i64>,
    /// The slots whose last put suspends them, and when.
    pub suspended: BTreeMap<(u32, u32), i64>,
    /// All puts, in their order.
    pub puts: Vec<(DocumentId, String, Vec<u8>)>,
}

impl DiskOracle {
    /// Reads the store.
    ///
    /// # Panics
    /// If it cannot be read, or holds what does not verify: in these campaigns nothing damages the disk.
    pub async fn read(store: &Store, agency: Hash) -> Self {
        let stored = store.load_log().await.expect("a store that can be read");
        let key_log = stored.key_logs.iter().find(|log| log.genesis() == agency);
        let mut oracle = Self::default();
        let Some(key_log) = key_log else { return oracle };
        let envelopes = stored.envelopes.into_iter().filter(|(of, _)| *of == agency);
        for (_, signed) in envelopes {
            let envelope = signed.verify(key_log).expect("an envelope that verifies");
            oracle.envelopes.insert(envelope.hash());
            let time = envelope.header().time.0;
            for (document, key, value) in envelope.puts() {
                oracle.puts.push((document.clone(), key.to_owned(), value.to_vec()));
                let DocumentId::StatusList(list) = document else {
                    continue;
                };
                let Some((kind, index)) = key.split_once('/') else {
                    continue;
                };
                let Ok(index) = index.parse() else { continue };
                match kind {
                    "r" => drop(oracle.revoked.entry((*list, index)).or_insert(time)),
                    // `[suspended: bool, reason, time]`: CBOR of a true is f5.
                    "s" if value.get(1) == Some(&0xf5) => drop(oracle.suspended.insert((*list, index), time)),
                    "s" => drop(oracle.suspended.remove(&(*list, index))),
                    _ => {}
                }
            }
        }
        oracle
    }

    /// Returns the time at which a slot was revoked or suspended, in milliseconds, if it is.
    #[must_use]
    pub fn restricted(&self, slot: (u32, u32)) -> Option<i64> {
        let revoked = self.revoked.get(&slot).copied();
        revoked.or_else(|| self.suspended.get(&slot).copied())
    }
}

/// Reads the tables of a node on SQLite, beside it: the first value of what a statement finds.
pub fn tables(agency: &TestAgency) -> impl Fn(&str) -> String {
    let file = agency.data().join("registry.sqlite");
    move |sql| {
        let script = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";
        let mut python = Command::new("python3");
        let read = python
            .args(["-c", script])
            .arg(&file)
            .arg(sql)
            .output()
            .expect("python3 runs");
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        String::from_utf8_lossy(&read.stdout).into_owned()
    }
}
