//! The troubles with peers, in a sentence each.

use api_types::{
    agencies::AgencyResponse,
    peers::{PeerMembership, PeerResponse},
};
use registry_schema::{AgencyFreshness, AgencyId, Timestamp};

use super::asked::AgencyForks;
use crate::{peer::turned_away, show};

/// Most names in one sentence; how many there are is always said.
const MOST_NAMED: usize = 12;

fn named<'a>(names: impl Iterator<Item = &'a AgencyId>) -> String {
    let names: Vec<String> = names.map(ToString::to_string).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let mut shown = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        shown.push_str(&format!(" and {more} more (`comity peer list`)"));
    }
    shown
}

fn followed(peers: &[PeerResponse]) -> Vec<&PeerResponse> {
    peers
        .iter()
        .filter(|peer| peer.membership == PeerMembership::Member)
        .collect()
}

/// Names the peers that are not connected, and those of them that close the connections themselves.
pub(super) fn away(peers: &[PeerResponse]) -> Option<String> {
    let followed = followed(peers);
    let away: Vec<&PeerResponse> = followed.iter().filter(|peer| !peer.connected).copied().collect();
    if away.is_empty() {
        return None;
    }
    let mut text = format!(
        "{} of {} {} not connected: {}",
        away.len(),
        show::count(followed.len(), "peer"),
        if away.len() == 1 { "is" } else { "are" },
        named(away.iter().map(|peer| &peer.agency))
    );
    let turning_away = away.iter().filter(|peer| peer.turns_away).map(|peer| &peer.agency);
    if let Some(told) = turned_away(turning_away) {
        text.push_str(&format!("; {told}"));
    }
    Some(text)
}

/// Of which peers nothing fresh is known, connected or not, by the word of the node.
pub(super) fn stale(peers: &[PeerResponse]) -> Option<String> {
    let stale: Vec<&AgencyId> = followed(peers)
        .into_iter()
        .filter(|peer| !peer.freshness.is_fresh())
        .map(|peer| &peer.agency)
        .collect();
    (!stale.is_empty()).then(|| {
        format!(
            "of {} nothing fresh is known, and their badges are \"could not check\": {}",
            stale.len(),
            named(stale.into_iter())
        )
    })
}

/// Returns true if something fresh was known of a peer, and is not any more. One that was just met has yet to speak.
pub(super) fn is_one_lost(peers: &[PeerResponse]) -> bool {
    let just_met = |peer: &PeerResponse| peer.connected && peer.freshness == AgencyFreshness::NeverHeard;
    let mut followed = followed(peers).into_iter();
    followed.any(|peer| !peer.freshness.is_fresh() && !just_met(peer))
}

/// Counts the forks of an agency that an operator has looked into.
fn acknowledged_count(agency: &AgencyResponse, forks: &[AgencyForks]) -> usize {
    let known = forks.iter().filter(|known| known.agency == agency.id);
    let listed = known.flat_map(|known| &known.listed);
    listed.filter(|fork| fork.acknowledged_at.is_some()).count()
}

/// Names the agencies that show two histories which nobody has acknowledged, or whose root signs two.
pub(super) fn forked(agencies: &[AgencyResponse], forks: &[AgencyForks]) -> Option<String> {
    let told = agencies.iter().filter_map(|agency| {
        let open = agency.forks.saturating_sub(acknowledged_count(agency, forks));
        let what = match (agency.disputed, open) {
            (true, _) => "its root signs two histories, and what it granted does not count".to_owned(),
            (false, 0) => return None,
            (false, open) => format!(
                "{} of its log {} proven",
                show::count(open, "fork"),
                if open == 1 { "is" } else { "are" }
            ),
        };
        Some(format!(
            "{}: {what} (`comity peer forks {}`; ops/RUNBOOK.md, *A key signed two histories*)",
            agency.id, agency.id
        ))
    });
    joined(told)
}

/// Names the agencies whose forks somebody has looked into: who, and when.
pub(super) fn acknowledged(agencies: &[AgencyResponse], forks: &[AgencyForks], now: Timestamp) -> Option<String> {
    let told = agencies.iter().filter_map(|agency| {
        let count = acknowledged_count(agency, forks);
        let known = forks.iter().find(|known| known.agency == agency.id)?;
        let last = known.listed.iter().filter_map(|fork| fork.acknowledged_at).max()?;
        let last_by = known.acknowledged.iter().max_by_key(|one| one.at);
        let by = last_by.map(|one| format!(" by {}", one.by)).unwrap_or_default();
        Some(format!(
            "{}: {} of its log {} proven and acknowledged, last{by} {} (`comity peer forks {}`)",
            agency.id,
            show::count(count, "fork"),
            if count == 1 { "is" } else { "are" },
            show::ago(last, now),
            agency.id
        ))
    });
    joined(told)
}

/// Names the peers that are in quarantine, since when, and why.
pub(super) fn quarantined(peers: &[PeerResponse], now: Timestamp) -> Option<String> {
    let told = peers.iter().filter_map(|peer| {
        let it = peer.hindrances.quarantined.as_ref()?;
        let (agency, since, why) = (&peer.agency, show::ago(it.since, now), &it.why);
        Some(format!(
            "{agency} is in quarantine, and its badges are \"could not check\" (begun {since}): {why}"
        ))
    });
    joined(told)
}

/// Of which peers more is known to exist than is taken in, since when, and why.
pub(super) fn deferred(peers: &[PeerResponse], now: Timestamp) -> Option<String> {
    let told = peers.iter().filter_map(|peer| {
        let it = peer.hindrances.deferred.as_ref()?;
        let (agency, since, why) = (&peer.agency, show::ago(it.since, now), &it.why);
        Some(format!(
            "more of {agency} is known to exist than this node takes in (begun {since}): {why}"
        ))
    });
    joined(told)
}

fn joined(told: impl Iterator<Item = String>) -> Option<String> {
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("; "))
}
