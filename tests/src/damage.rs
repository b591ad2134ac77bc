//! What a disk or a hand does to a store behind a node's back.

use crate::Agency;

/// Runs a statement on a stopped node's SQLite.
///
/// # Panics
/// If it fails.
pub fn on_sqlite(agency: &Agency, sql: &str) {
    let script = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(sys.argv[2])
db.commit()
db.close()
";
    let done = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(agency.data().join("registry.sqlite"))
        .arg(sql)
        .output()
        .expect("python3 runs");
    assert!(
        done.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}
