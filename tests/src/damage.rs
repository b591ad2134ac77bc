//! Damage that a disk or a hand does to a store behind a node's back.

use std::path::Path;

use crate::TestAgency;

/// Runs a statement on a stopped node's SQLite.
///
/// # Panics
/// If it fails.
pub fn on_sqlite(agency: &TestAgency, sql: &str) {
    let script = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(sys.argv[2])
db.commit()
db.close()
";
    python(script, &[&agency.data().join("registry.sqlite"), sql.as_ref()]);
}

/// Runs a statement on the SQLite in a data directory, whose node may run; gives the rows, each on a line.
///
/// # Panics
/// If it fails.
pub fn asks_sqlite(data: &Path, sql: &str) -> String {
    let script = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for row in db.execute(sys.argv[2]):
    print(*row, sep='|')
db.close()
";
    python(script, &[&data.join("registry.sqlite"), sql.as_ref()])
}

/// Cuts a file of a running node's SQLite to half of its length, while the node commits nothing.
///
/// # Panics
/// If it fails.
pub fn cuts_in_half(agency: &TestAgency, file: &str) {
    let script = "
import os, sqlite3, sys
folder, name = sys.argv[1:]
db = sqlite3.connect(os.path.join(folder, 'registry.sqlite'), timeout=30, isolation_level=None)
db.execute('BEGIN IMMEDIATE')
path = os.path.join(folder, name)
os.truncate(path, os.path.getsize(path) // 2)
db.execute('ROLLBACK')
";
    python(script, &[agency.data(), file.as_ref()]);
}

fn python(script: &str, arguments: &[&Path]) -> String {
    let mut python = std::process::Command::new("python3");
    let done = python
        .args(["-c", script])
        .args(arguments)
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {said}");
    String::from_utf8(done.stdout).expect("text")
}
