//! Copies of what a repair takes out, kept for whoever looks for it later.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use registry_schema::Timestamp;
use serde_json::json;

use platform::private;
use storage::{PeerRow, RemovedRecord};

/// The copy of a peer's row.
pub(super) fn of_peer(row: &PeerRow) -> RemovedRecord {
    let (left, expelled) = (row.left_at, row.expelled_at);
    RemovedRecord {
        table: "peers",
        agency: row.agency.clone().into_bytes(),
        name: format!("{} left {left:?} expelled {expelled:?}", row.agency),
        bytes: row.ticket.clone().into_bytes(),
    }
}

/// Writes all that is about to be taken out into a file beside the store, for its owner alone; none, if it is nothing.
pub(super) fn keep(data: &Path, copied: &[RemovedRecord], now: Timestamp) -> anyhow::Result<Option<PathBuf>> {
    if copied.is_empty() {
        return Ok(None);
    }
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let rows: Vec<_> = copied
        .iter()
        .map(|one| json!({"table": one.table, "agency": hex(&one.agency), "name": one.name, "bytes": hex(&one.bytes)}))
        .collect();
    let file = data.join(format!("repaired-{}.json", now.to_string().replace(':', "-")));
    let text = json!({"at": now.to_string(), "taken_out": rows}).to_string();
    private::replace(&file, text.as_bytes())?;
    Ok(Some(file))
}
