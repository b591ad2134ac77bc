//! The sources from which a process without the lease answers: the rows in the store, and what the holder alone knows.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use protocol::{DocumentId, DocumentRow, Hash, KeyLog, signed::encode};
use registry_schema::Timestamp;

use super::{Hindrance, HindranceCause, Registry};

/// The statement of the holder of the lease on one agency. It follows from the holder's replica, which the others do not have.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct LogStatus {
    #[n(0)]
    pub(super) agency: Hash,
    /// True if its node is connected.
    #[n(1)]
    pub(super) connected: bool,
    /// The number of envelopes that are known to exist and are not in the store.
    #[n(2)]
    pub(super) missing: u64,
    /// As of when its rows in the store are known, and until when that counts: milliseconds since 1970.
    #[n(3)]
    pub(super) heard: Option<(i64, i64)>,
    /// The same for the agency's writers but the holder's own.
    #[n(4)]
    pub(super) others_heard: Option<(i64, i64)>,
    /// True if no grant counts.
    #[n(5)]
    pub(super) disputed: bool,
    /// Grants that do not count for now: documents and keys.
    #[n(6)]
    pub(super) waiting: Vec<(DocumentId, String)>,
    /// By which transport its node is connected.
    #[n(7)]
    pub(super) via: Option<String>,
    /// The number of known forks.
    #[n(8)]
    pub(super) forks: Option<u64>,
    /// The hindrance that keeps more of it from being taken in, or anything of it from being fresh.
    #[n(9)]
    pub(super) hindrance: Option<Hindrance>,
    /// Of the own agency, why the store may lack what it wrote, if it may.
    #[n(10)]
    pub(super) store_doubt: Option<String>,
    /// Of the own agency, whether nothing of it is called good for that.
    #[n(11)]
    pub(super) lacks_own: Option<bool>,
    /// True if its nodes end each connection as soon as it is made.
    #[n(12)]
    pub(super) turned_away: Option<bool>,
    /// Of the own agency, whether another process writes with the writer key of the one that writes for it.
    #[n(13)]
    pub(super) written_elsewhere: Option<bool>,
}

/// The reason why an agency is in quarantine at a process that follows.
const UNREADABLE: &str = "something of it in the store cannot be read by this process, which does not write: where that stays so, \
                          stop all processes of the agency, and `comityd repair` mends it";

/// As of when, and until when it counts: milliseconds since 1970.
type FreshnessSpan = Option<(i64, i64)>;

/// The part of its term by which a freshness may be younger and is still told by what was kept last.
const PART_OF_A_TERM: i64 = 8;

impl LogStatus {
    pub(crate) const fn agency(&self) -> Hash {
        self.agency
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Returns true if this still tells how the agency stands `now`, so that nothing need be written at every heartbeat. It
    /// may tell less freshness than there is, by an eighth of a heartbeat's term, and never more.
    fn tells(&self, now: &Self) -> bool {
        let younger = |before: FreshnessSpan, now: FreshnessSpan| match (before, now) {
            (None, None) => true,
            (Some((as_of, until)), Some((now, now_until))) => {
                let by = now.saturating_sub(as_of);
                (0..=until.saturating_sub(as_of) / PART_OF_A_TERM).contains(&by) && now_until >= until
            }
            _ => false,
        };
        self.is_like(now) && younger(self.heard, now.heard) && younger(self.others_heard, now.others_heard)
    }

    /// Returns true if the same counts, whatever the freshness.
    fn is_like(&self, other: &Self) -> bool {
        self.agency == other.agency && self.disputed == other.disputed && self.waiting == other.waiting
    }

    /// Returns true if `next`, of this moment, says the same, and this one was still fresh then.
    pub(super) fn goes_on_in(&self, next: &Self, at: Timestamp) -> bool {
        let goes_on = |before: FreshnessSpan, next: FreshnessSpan| match (before, next) {
            (None, None) => true,
            (Some((as_of, until)), Some((next, next_until))) => at.0 <= until && next >= as_of && next_until >= until,
            _ => false,
        };
        self.is_like(next) && goes_on(self.heard, next.heard) && goes_on(self.others_heard, next.others_heard)
    }

    /// Lasts as long as `next` does, and is no younger for it.
    pub(super) fn reach(&mut self, next: &Self) {
        for (span, next) in [
            (&mut self.heard, next.heard),
            (&mut self.others_heard, next.others_heard),
        ] {
            if let (Some((_, until)), Some((_, next_until))) = (span, next) {
                *until = next_until;
            }
        }
    }
}

fn span(heard: Option<(Timestamp, Timestamp)>) -> Option<(i64, i64)> {
    heard.map(|(as_of, until)| (as_of.0, until.0))
}

impl Registry {
    /// Encodes what the others are to know, as bytes. Everything that it says of rows is on disk already.
    pub(crate) fn standing(&self) -> Vec<u8> {
        encode(&self.standings())
    }

    /// The standings that those which were kept no longer tell.
    pub(crate) fn standings_since(&self, kept: &BTreeMap<Hash, LogStatus>) -> Vec<LogStatus> {
        let mut now = self.standings();
        now.retain(|one| kept.get(&one.agency).is_none_or(|before| !before.tells(one)));
        now
    }

    fn standings(&self) -> Vec<LogStatus> {
        let others = self.roster.others().map(|(_, known)| known.genesis);
        let agencies: BTreeSet<Hash> = others.chain([self.roster.own().genesis]).collect();
        let said = agencies.into_iter().map(|agency| {
            let lists = self.agencies.get(&agency);
            LogStatus {
                agency,
                connected: self.connected.contains_key(&agency),
                via: self.connected.get(&agency).cloned(),
                forks: lists.map(|lists| lists.forks as u64),
                missing: lists.map_or(0, |lists| lists.missing as u64),
                // Where a checkpoint stands in for the history, its rows are not in the store.
                heard: lists.filter(|lists| !lists.begun).and_then(|lists| span(lists.heard)),
                others_heard: lists.and_then(|lists| span(lists.others_heard)),
                disputed: lists.is_some_and(|lists| lists.disputed),
                waiting: lists
                    .map(|lists| lists.waiting.iter().cloned().collect())
                    .unwrap_or_default(),
                hindrance: self.hindrances.get(&agency).cloned(),
                store_doubt: self.store_doubt.clone().filter(|_| agency == self.roster.own().genesis),
                lacks_own: Some(self.lacks_own).filter(|_| agency == self.roster.own().genesis),
                turned_away: Some(self.is_turned_away_by(&agency)).filter(|is_so| *is_so),
                written_elsewhere: Some(self.is_written_elsewhere).filter(|_| agency == self.roster.own().genesis),
            }
        });
        said.collect()
    }

    /// Takes in what was written to the store, and what the holder says. Both are of one moment, so that no freshness runs
    /// ahead of the rows.
    pub(crate) fn follow(&mut self, key_logs: &[KeyLog], rows: &[DocumentRow], standing: &[u8]) {
        for log in key_logs {
            self.add(log);
        }
        for row in rows {
            if let Some(lists) = self.lists_mut(&row.agency) {
                lists.set(row);
            }
        }
        // A lease that nobody took yet says nothing; what it said last stays.
        if let Ok(said) = minicbor::decode(standing) {
            self.stand(said);
        }
    }

    /// Puts these agencies into quarantine, since these times: something of them in the store cannot be read, so that nothing
    /// of them is fresh.
    pub(crate) fn distrust(&mut self, damaged: &BTreeMap<Hash, Timestamp>) {
        for (agency, since) in damaged {
            let hindrance = self.hindrances.entry(*agency).or_default();
            let unreadable = || HindranceCause::new(UNREADABLE.to_owned(), *since);
            hindrance.quarantined.get_or_insert_with(unreadable);
            if let Some(lists) = self.lists_mut(agency) {
                lists.heard = None;
                lists.others_heard = None;
            }
        }
    }

    /// Takes in how the agencies stand.
    pub(super) fn stand(&mut self, said: Vec<LogStatus>) {
        let connected = said.iter().filter(|one| one.connected);
        self.connected = connected
            .map(|one| (one.agency, one.via.clone().unwrap_or_default()))
            .collect();
        let turned_away = said.iter().filter(|one| one.turned_away == Some(true));
        self.turned_away = turned_away.map(|one| one.agency).collect();
        let own = said.iter().find(|one| one.agency == self.roster.own().genesis);
        self.store_doubt = own.and_then(|own| own.store_doubt.clone());
        self.lacks_own = own.and_then(|own| own.lacks_own).unwrap_or(false);
        self.is_written_elsewhere = own.and_then(|own| own.written_elsewhere).unwrap_or(false);
        let hindered = said.iter().filter_map(|one| Some((one.agency, one.hindrance.clone()?)));
        self.hindrances = hindered.filter(|(_, hindrance)| !hindrance.is_none()).collect();
        for one in said {
            if let Some(lists) = self.lists_mut(&one.agency) {
                lists.missing = usize::try_from(one.missing).unwrap_or(usize::MAX);
                let heard = |(as_of, until)| (Timestamp(as_of), Timestamp(until));
                lists.heard = one.heard.map(heard);
                lists.others_heard = one.others_heard.map(heard);
                lists.wait_for(&one.waiting.into_iter().collect(), one.disputed);
                lists.index_policy();
                lists.forks = one
                    .forks
                    .map_or(0, |forks| usize::try_from(forks).unwrap_or(usize::MAX));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use registry_schema::AgencyId;
    use verification::Freshness;

    use super::*;
    use crate::registry::OwnListsFreshness;
    use platform::clock::Clock;

    /// A holder that was frozen, or a follower whose database is gone, must not call its own lists fresh.
    #[test]
    fn our_own_lists_are_fresh_only_while_nobody_else_can_have_written_them() {
        let id: AgencyId = "US-NC".parse().unwrap();
        let home = Hash([1; 32]);
        let own = protocol::Ticket {
            agency: id.clone(),
            name: String::new(),
            genesis: home,
            node: String::new(),
            addresses: vec![],
            url: String::new(),
        };
        let mut registry = Registry::empty(crate::peer_set::PeerSet::new(own, vec![]).unwrap());
        let mut lists = crate::registry::AgencyState::new(id, String::new(), String::new());
        lists.others_heard = Some((Timestamp(i64::MAX / 2), Timestamp(i64::MAX / 2)));
        registry.agencies.insert(home, std::sync::Arc::new(lists));
        let clock = Clock::default();
        let moment = clock.moment();
        registry.know_own(OwnListsFreshness::AsOf {
            moment,
            sure_for: Duration::from_secs(60),
            term_seconds: 3600,
        });
        let freshness = |now| registry.freshness(registry.home().unwrap(), now);
        let soon = moment.at.plus_seconds(59);
        assert!(matches!(freshness(soon), Freshness::Heard { as_of, .. } if as_of == soon));
        let (as_of, good_until) = (moment.at, moment.at.plus_seconds(3600));
        assert_eq!(
            freshness(moment.at.plus_seconds(61)),
            Freshness::Heard { as_of, good_until }
        );
    }
}
