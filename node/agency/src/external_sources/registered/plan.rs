//! The plan of which status list is fetched next, and what is kept of each. **No IO, no clock.**
//!
//! Every agency that names lists has a share of its own: so many lists, so many bytes, so many places among those that are
//! under way. Whatever it names, however large or slow, takes nothing from another agency's lists.

use std::{collections::BTreeMap, sync::Arc};

use registry_schema::{AgencyId, Timestamp, VerificationMethod};
use verification::foreign_list::ExternalStatusList;

use super::super::ListFetchError;

/// The most lists that are kept of those that one agency names, all its issuers together.
pub(super) const MOST_LISTS: usize = 256;
/// The most bytes that they take together, unpacked.
pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The most of one agency's lists that are fetched at once.
const MOST_UNDER_WAY: usize = 2;
/// The least seconds between two fetches of a list.
const LEAST_PAUSE: i64 = 10;
/// After how many seconds one that failed is tried again; each further time after twice as many.
const TRIED_AGAIN: i64 = 30;
/// The same for one that could not be tried.
const LATER: i64 = 5;

/// The keys of an issuer's entry.
pub(super) type VerificationMethods = Arc<Vec<VerificationMethod>>;

/// A list that an agency names for an issuer of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListLocation {
    pub(super) agency: AgencyId,
    pub(super) issuer: String,
    pub(super) list: String,
}

/// A fetch to be made.
#[derive(Clone, Debug)]
pub(super) struct ListFetch {
    pub(super) place: ListLocation,
    pub(super) methods: VerificationMethods,
    /// True if nothing is known of the list yet.
    pub(super) is_first: bool,
    number: u64,
}

/// A list that was fetched.
#[derive(Clone, Debug)]
pub(super) struct FetchedList {
    pub(super) list: Arc<ExternalStatusList>,
    pub(super) fetched_at: Timestamp,
    /// From this moment on it no longer counts.
    pub(super) good_until: Timestamp,
}

/// The outcome of a fetch.
#[derive(Debug)]
pub(super) enum ListFetchOutcome {
    Had(FetchedList),
    Failed(ListFetchError),
    /// It could not be tried.
    Later,
}

/// The news about a list, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListHealthChange {
    Fails,
    IsBack,
}

/// Since when a list cannot be had, and why.
#[derive(Clone, Debug)]
pub(super) struct ListFailure {
    pub(super) since: Timestamp,
    pub(super) why: ListFetchError,
    times: u32,
}

/// A list that is named, with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct TrackedList {
    methods: VerificationMethods,
    pub(super) kept: Option<FetchedList>,
    pub(super) failed: Option<ListFailure>,
    due: Timestamp,
    tried: Option<Timestamp>,
    under_way: bool,
    number: u64,
}

impl TrackedList {
    fn weight(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.list.weight())
    }
}

/// The lists that one agency names.
#[derive(Debug, Default)]
struct AgencyListSet {
    /// By issuer and address.
    lists: BTreeMap<(String, String), TrackedList>,
    weight: usize,
    /// The number that it names beyond those.
    left_out: usize,
}

/// Counts of the status lists that this node keeps, of those that one agency names for issuers with keys of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptListCounts {
    /// The number of lists that it names.
    pub named: usize,
    /// The number of them that are here and count.
    pub fresh: usize,
    /// The number that could not be had when they were last tried.
    pub failing: usize,
    /// The moment at which the oldest of those that count was fetched.
    pub oldest: Option<Timestamp>,
}

/// The lists of all agencies.
#[derive(Debug)]
pub(super) struct FetchSchedule {
    /// The most seconds between two fetches of a list.
    every: i64,
    shares: BTreeMap<AgencyId, AgencyListSet>,
    /// The number under way, and when one was begun last; of agencies that are gone, too.
    under_way: BTreeMap<AgencyId, (usize, u64)>,
    numbers: u64,
}

impl FetchSchedule {
    pub(super) const fn new(every: i64) -> Self {
        Self {
            every,
            shares: BTreeMap::new(),
            under_way: BTreeMap::new(),
            numbers: 0,
        }
    }

    /// Takes in which lists there are now, and with which keys each is verified. What is no longer named is forgotten.
    pub(super) fn want(
        &mut self,
        wanted: impl IntoIterator<Item = (ListLocation, VerificationMethods)>,
        now: Timestamp,
    ) {
        let mut by_agency: BTreeMap<AgencyId, BTreeMap<(String, String), VerificationMethods>> = BTreeMap::new();
        for (place, methods) in wanted {
            let of_it = by_agency.entry(place.agency).or_default();
            of_it.insert((place.issuer, place.list), methods);
        }
        self.shares.retain(|agency, _| by_agency.contains_key(agency));
        self.under_way
            .retain(|agency, (count, _)| *count > 0 || by_agency.contains_key(agency));
        for (agency, mut wanted) in by_agency {
            let share = self.shares.entry(agency).or_default();
            let named = wanted.len();
            // Always the same ones, whoever counts.
            if let Some(beyond) = wanted.keys().nth(MOST_LISTS).cloned() {
                wanted.split_off(&beyond);
            }
            share.left_out = named - wanted.len();
            share.lists.retain(|name, _| wanted.contains_key(name));
            for (name, methods) in wanted {
                match share.lists.get_mut(&name) {
                    // Other keys: it may verify now, or no longer.
                    Some(listed) if listed.methods != methods => {
                        listed.methods = methods;
                        let soon = listed.tried.map_or(now, |tried| tried.plus_seconds(LEAST_PAUSE));
                        listed.due = listed.due.min(soon.max(now));
                    }
                    Some(_) => {}
                    None => {
                        self.numbers += 1;
                        let listed = TrackedList {
                            methods,
                            kept: None,
                            failed: None,
                            due: now,
                            tried: None,
                            under_way: false,
                            number: self.numbers,
                        };
                        share.lists.insert(name, listed);
                    }
                }
            }
            share.weight = share.lists.values().map(TrackedList::weight).sum();
        }
    }

    /// The next fetch, if one is due: of the agency with the fewest under way, and among several of the one that waited
    /// longest.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<ListFetch> {
        let longest = self.every * 2;
        // A clock that was set back does not keep a list waiting.
        let is_due =
            |listed: &TrackedList| !listed.under_way && (listed.due <= now || listed.due.seconds_since(now) > longest);
        let waiting = self.shares.iter_mut().filter_map(|(agency, share)| {
            let (under_way, begun) = self.under_way.get(agency).copied().unwrap_or_default();
            let due = share.lists.iter_mut().filter(|(_, listed)| is_due(listed));
            let first = due.min_by_key(|(_, listed)| listed.due)?;
            (under_way < MOST_UNDER_WAY).then_some(((under_way, begun), agency, first))
        });
        let (_, agency, ((issuer, list), listed)) = waiting.min_by_key(|(order, ..)| *order)?;
        listed.under_way = true;
        listed.tried = Some(now);
        self.numbers += 1;
        let (count, begun) = self.under_way.entry(agency.clone()).or_default();
        (*count, *begun) = (*count + 1, self.numbers);
        Some(ListFetch {
            place: ListLocation {
                agency: agency.clone(),
                issuer: issuer.clone(),
                list: list.clone(),
            },
            methods: listed.methods.clone(),
            is_first: listed.kept.is_none() && listed.failed.is_none(),
            number: listed.number,
        })
    }

    /// Returns the moment at which the next fetch is due, if there is any list.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let all = self.shares.values().flat_map(|share| share.lists.values());
        all.filter(|listed| !listed.under_way).map(|listed| listed.due).min()
    }

    /// Takes in a list that was kept before this node began.
    pub(super) fn remember(&mut self, turn: &ListFetch, kept: FetchedList) {
        let Some((share, listed)) = Self::listed(&mut self.shares, turn) else {
            return;
        };
        let weight = kept.list.weight();
        if listed.kept.is_none() && *share + weight <= MOST_BYTES {
            *share += weight;
            listed.kept = Some(kept);
        }
    }

    /// Takes in what came of a fetch; `chance` is from 0 to 1.
    pub(super) fn done(
        &mut self,
        turn: &ListFetch,
        outcome: ListFetchOutcome,
        now: Timestamp,
        chance: f64,
    ) -> Option<ListHealthChange> {
        if let Some((count, _)) = self.under_way.get_mut(&turn.place.agency) {
            *count = count.saturating_sub(1);
        }
        let every = self.every;
        let (share, listed) = Self::listed(&mut self.shares, turn)?;
        listed.under_way = false;
        let outcome = match outcome {
            ListFetchOutcome::Had(kept) if *share - listed.weight() + kept.list.weight() > MOST_BYTES => {
                let most = MOST_BYTES / (1024 * 1024);
                ListFetchOutcome::Failed(ListFetchError::NotHad(format!(
                    "there is no room for it: this node keeps {most} MiB of the lists that one agency names"
                )))
            }
            other => other,
        };
        let (pause, news) = match outcome {
            ListFetchOutcome::Had(kept) => {
                *share = *share - listed.weight() + kept.list.weight();
                let good_for = kept.good_until.seconds_since(now);
                listed.kept = Some(kept);
                let news = listed.failed.take().map(|_| ListHealthChange::IsBack);
                (every.min(good_for / 2).max(LEAST_PAUSE), news)
            }
            ListFetchOutcome::Failed(why) => {
                let (since, times) = listed
                    .failed
                    .take()
                    .map_or((now, 0), |before| (before.since, before.times));
                let pause = TRIED_AGAIN.saturating_mul(1 << times.min(10));
                let times = times.saturating_add(1);
                listed.failed = Some(ListFailure { since, why, times });
                (every.min(pause), (times == 1).then_some(ListHealthChange::Fails))
            }
            ListFetchOutcome::Later => (LATER, None),
        };
        // The hour of a fetch tells nothing, and not all nodes come at once.
        let pause = pause.saturating_mul(1000);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "milliseconds of some minutes"
        )]
        let pause = (pause as f64 * (0.75 + chance / 2.0)) as i64;
        listed.due = Timestamp(now.0.saturating_add(pause));
        news
    }

    /// The list that a turn is about, if it is still that one, and the weight of its agency's share.
    fn listed<'a>(
        shares: &'a mut BTreeMap<AgencyId, AgencyListSet>,
        turn: &ListFetch,
    ) -> Option<(&'a mut usize, &'a mut TrackedList)> {
        let share = shares.get_mut(&turn.place.agency)?;
        let name = (turn.place.issuer.clone(), turn.place.list.clone());
        let listed = share
            .lists
            .get_mut(&name)
            .filter(|listed| listed.number == turn.number)?;
        Some((&mut share.weight, listed))
    }

    /// Returns what is known of a list that an agency names.
    pub(super) fn look(&self, agency: &AgencyId, issuer: &str, list: &str) -> Option<&TrackedList> {
        let share = self.shares.get(agency)?;
        share.lists.get(&(issuer.to_owned(), list.to_owned()))
    }

    /// Returns true if an agency names more than is kept of one.
    pub(super) fn leaves_out(&self, agency: &AgencyId) -> bool {
        self.shares.get(agency).is_some_and(|share| share.left_out > 0)
    }

    /// Counts what is kept of the lists that each agency names.
    pub(super) fn counts(&self, now: Timestamp) -> BTreeMap<AgencyId, KeptListCounts> {
        let count = |share: &AgencyListSet| {
            let fresh = || {
                let kept = share.lists.values().filter_map(|listed| listed.kept.as_ref());
                kept.filter(|kept| now < kept.good_until)
            };
            KeptListCounts {
                named: share.lists.len() + share.left_out,
                fresh: fresh().count(),
                failing: share.lists.values().filter(|listed| listed.failed.is_some()).count(),
                oldest: fresh().map(|kept| kept.fetched_at).min(),
            }
        };
        let all = self.shares.iter().map(|(agency, share)| (agency.clone(), count(share)));
        all.collect()
    }
}

#[cfg(test)]
mod tests;
