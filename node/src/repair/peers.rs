//! Decisions of operators about peers that cannot be read any more.

use registry_schema::AgencyId;

use crate::config::Config;
use agency::peer_set;
use storage::PeerRow;

/// A decision about a peer that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerTrouble {
    /// The agency, as it is filed.
    pub agency: String,
    /// The reason that it cannot be read.
    pub why: String,
    /// True if it was taken out. What says that an agency of the configuration is followed no more, stays and counts.
    pub taken_out: bool,
    /// True if it said that the agency is followed no more.
    pub ended: bool,
}

/// The rows that cannot be read, with what is to be done about them.
pub(super) fn troubles(config: &Config, rows: &[PeerRow]) -> Vec<(PeerRow, PeerTrouble)> {
    let trouble = |row: &PeerRow| {
        let why = peer_set::tickets(row).err()?;
        let ended = row.left_at.is_some() || row.expelled_at.is_some();
        let agency: Option<AgencyId> = row.agency.parse().ok();
        let is_configured = agency.is_some_and(|agency| {
            config.peers.iter().any(|peer| peer.agency == agency)
                || config.mirrors.iter().any(|mirror| mirror.agency == agency)
        });
        let trouble = PeerTrouble {
            agency: row.agency.clone(),
            why: format!("{why:#}"),
            taken_out: !(ended && is_configured),
            ended,
        };
        Some((row.clone(), trouble))
    };
    rows.iter().filter_map(trouble).collect()
}
