//! Peers that fall silent, told in the log: once when it is noticed, and once when they are back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use registry_schema::{AgencyId, Timestamp};
use tokio::sync::watch;
use verification::Freshness;

use crate::{
    peer_set::Membership,
    registry::{Registry, SharedRegistry},
};
use platform::clock::Clock;

/// The interval at which it looks.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// For how many seconds a peer may be away before that is told: as long as a restart takes.
const GRACE_SECONDS: i64 = 120;

/// The peers that are away, and those of which that was told.
#[derive(Debug, Default)]
struct SilentPeers {
    since: BTreeMap<AgencyId, Timestamp>,
    told: BTreeSet<AgencyId>,
}

/// Something to tell about a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PeerPresenceChange {
    /// No node of it is connected, since then.
    Away { agency: AgencyId, since: Timestamp },
    /// One is again.
    Back(AgencyId),
}

impl fmt::Display for PeerPresenceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away { agency, since } => write!(f, "no node of {agency} is connected since {}", since.in_words()),
            Self::Back(agency) => write!(f, "a node of {agency} is connected again"),
        }
    }
}

impl SilentPeers {
    /// Returns what there is to tell, with these peers, each connected or not.
    fn look(&mut self, peers: &[(AgencyId, bool)], now: Timestamp) -> Vec<PeerPresenceChange> {
        let mut news = Vec::new();
        let is_followed = |agency: &AgencyId| peers.iter().any(|(id, _)| id == agency);
        self.since.retain(|agency, _| is_followed(agency));
        self.told.retain(is_followed);
        for (agency, is_connected) in peers {
            if *is_connected {
                self.since.remove(agency);
                if self.told.remove(agency) {
                    news.push(PeerPresenceChange::Back(agency.clone()));
                }
                continue;
            }
            let since = *self.since.entry(agency.clone()).or_insert(now);
            if now.seconds_since(since) >= GRACE_SECONDS && self.told.insert(agency.clone()) {
                let agency = agency.clone();
                news.push(PeerPresenceChange::Away { agency, since });
            }
        }
        news
    }
}

/// The peers that are followed, and whether a node of each is connected.
fn followed(registry: &Registry) -> Vec<(AgencyId, bool)> {
    let members = registry.roster().others();
    let members = members.filter(|(_, known)| known.membership == Membership::Member);
    members
        .map(|(id, known)| (id.clone(), registry.transport(&known.genesis).is_some()))
        .collect()
}

/// Watches the peers until the node stops.
pub async fn tell_of_silent_peers(registry: SharedRegistry, clock: Clock, mut stop: watch::Receiver<bool>) {
    let mut silent = SilentPeers::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let (registry, now) = (registry.snapshot(), clock.now());
        let peers = followed(&registry);
        let away = peers.iter().filter(|(_, is_connected)| !is_connected).count();
        for news in silent.look(&peers, now) {
            match &news {
                PeerPresenceChange::Away { agency, .. } => {
                    let lists = registry.agency(agency);
                    let good_until = lists.and_then(|lists| match registry.freshness(lists, now) {
                        Freshness::Heard { good_until, .. } => Some(good_until.in_words()),
                        Freshness::Never | Freshness::ClockInDoubt | Freshness::IncompleteHere => None,
                    });
                    let good_until = good_until.unwrap_or_else(|| "never heard".to_owned());
                    tracing::warn!(%agency, good_until, "{news}; {away} of {} peers are away", peers.len());
                }
                PeerPresenceChange::Back(agency) => tracing::info!(%agency, "{news}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn who_stays_away_is_told_once_and_who_comes_back_too() {
        let [sc, tn] = ["US-SC", "US-TN"].map(|id| id.parse::<AgencyId>().unwrap());
        let peers = |sc_is: bool, tn_is: bool| [(sc.clone(), sc_is), (tn.clone(), tn_is)];
        let at = |seconds| NOW.plus_seconds(seconds);
        let mut silent = SilentPeers::default();
        assert_eq!(silent.look(&peers(true, true), at(0)), []);
        assert_eq!(silent.look(&peers(false, true), at(10)), [], "a moment");
        assert_eq!(silent.look(&peers(true, true), at(20)), []);
        assert_eq!(silent.look(&peers(false, true), at(30)), []);
        let away = PeerPresenceChange::Away {
            agency: sc.clone(),
            since: at(30),
        };
        assert_eq!(silent.look(&peers(false, false), at(150)), [away]);
        assert_eq!(silent.look(&peers(false, false), at(200)), [], "told once");
        assert_eq!(
            silent.look(&peers(true, false), at(210)),
            [PeerPresenceChange::Back(sc.clone())]
        );
        // One that is followed no more is told of no more, and begins anew when it is followed again.
        assert_eq!(silent.look(&[], at(400)), []);
        assert_eq!(silent.look(&peers(true, false), at(500)), []);
        assert_eq!(silent.look(&peers(true, false), at(620)).len(), 1);
    }
}
