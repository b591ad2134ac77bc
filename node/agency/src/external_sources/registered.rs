//! The status lists of issuers that an agency registers and that sign with keys of their own.
//!
//! Promise 9 holds for their badges too: a check asks nobody. So every node fetches the lists that agencies name for such issuers
//! by itself, again and again, at hours that have nothing to do with any check ([`ExternalSources::keep_registered_lists`]); a
//! check answers from what is here ([`ExternalSources::held`]). A list that no agency names is never fetched.

mod plan;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::RngExt as _;
use registry_schema::{AgencyId, Issuer, Timestamp};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use verification::{Freshness, OpenBadge, StatusEntry, StatusEvidence, bitstring::MIN_ENTRIES};

use super::OutboundConfig;
use super::{
    ExternalEvidence, ExternalSources, LIST, ListEvidence, ListFetchError, ListsByUrl, MOST_LISTS_A_BADGE, keys_of,
    read_list, read_new, then, urls_of,
};
use crate::registry::{Registry, SharedRegistry};
pub use plan::KeptListCounts;
use plan::{FetchSchedule, FetchedList, ListFetch, ListFetchOutcome, ListHealthChange, ListLocation, TrackedList};
use platform::{clock::Clock, lock::Lock};
use storage::{FetchedDocument, RegisteredListLimits, StoreError};
use transport::outbound::{FetchRequester, OutboundClient};

/// The most lists that are fetched at once.
const AT_ONCE: usize = 4;
/// The longest that one may take, with reading it.
const LONGEST: Duration = Duration::from_secs(20);
/// The interval of looks for the lists that are due; those for what issuers there are come no more often.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// For how many seconds a list counts at least, however short an issuer wants it kept: it cannot be fetched for every check.
const LEAST_KEPT: i64 = 60;
/// The most that the store keeps of the lists that one agency names: bytes, and changes.
const MOST_KEPT_BYTES: i64 = 16 * 1024 * 1024;
const MOST_CHANGES: i64 = 20_000;
/// The most of an issuer's id or an address that is told.
const MOST_TOLD: usize = 120;

/// The lists that are kept. The guard is another than the one for strangers' badges: who sends many of those takes no turn
/// from these, nor from operators, who fetch through this one too.
#[derive(Debug)]
pub(super) struct RegisteredLists {
    plan: Lock<FetchSchedule>,
    pub(super) outbound: OutboundClient,
}

impl RegisteredLists {
    pub(super) fn new(config: &OutboundConfig) -> anyhow::Result<Self> {
        let every = i64::from(config.lists_every_seconds).clamp(LEAST_KEPT / 2, super::DAY / 2);
        Ok(Self {
            plan: Lock::new(FetchSchedule::new(every)),
            outbound: OutboundClient::new(config.loopback, config.roots()?)?,
        })
    }

    /// Looks which lists agencies name.
    fn look_around(&self, registry: &SharedRegistry, now: Timestamp) {
        let mut wanted = Vec::new();
        {
            let registry = registry.snapshot();
            for lists in registry.agencies() {
                if registry.roster().expelled(&lists.id).is_some() {
                    continue;
                }
                for issuer in lists.issuers() {
                    let Some(own) = &issuer.own_keys else { continue };
                    let methods = Arc::new(issuer.verification_methods.clone());
                    // What the federation keeps itself is not fetched.
                    let others = own
                        .status_lists
                        .iter()
                        .filter(|url| registry.status_list(url).is_none());
                    for list in others {
                        let place = ListLocation {
                            agency: lists.id.clone(),
                            issuer: issuer.id.clone(),
                            list: list.clone(),
                        };
                        wanted.push((place, methods.clone()));
                    }
                }
            }
        }
        self.plan.with(|plan| plan.want(wanted, now));
    }
}

/// An agency, and its entry for an issuer with keys of its own.
type RegisteringAgency<'a> = (&'a AgencyId, &'a Issuer);

/// The entries for an issuer with keys of its own; none, if no agency registers it. The word of an expelled agency does
/// not count.
fn homes<'a>(registry: &'a Registry, issuer: &str) -> Option<Vec<RegisteringAgency<'a>>> {
    let agencies = registry.agencies().into_iter();
    let mut all = agencies
        .filter_map(|lists| Some((&lists.id, lists.issuer(issuer)?)))
        .peekable();
    all.peek()?;
    let counts = |(agency, issuer): &RegisteringAgency<'_>| {
        issuer.own_keys.is_some() && registry.roster().expelled(agency).is_none()
    };
    Some(all.filter(counts).collect())
}

/// Those of them that name a list.
fn naming<'a, 'b: 'a>(
    homes: &'a [RegisteringAgency<'b>],
    list: &'a str,
) -> impl Iterator<Item = &'a RegisteringAgency<'b>> {
    let names = move |own: &registry_schema::ExternalKeys| own.status_lists.iter().any(|url| url == list);
    homes
        .iter()
        .filter(move |(_, issuer)| issuer.own_keys.as_ref().is_some_and(names))
}

fn told(text: &str) -> String {
    text.chars().take(MOST_TOLD).collect()
}

fn not_named(homes: &[RegisteringAgency<'_>], issuer: &str, list: &str) -> String {
    let agency = homes.first().map_or("its agency", |(agency, _)| agency.as_str());
    format!(
        "{agency} does not name it among the status lists of this issuer, and no other is fetched; {agency} names it with \
         `comity issuer refresh {} --add-status-list {}`",
        told(issuer),
        told(list)
    )
}

impl ExternalSources {
    /// Returns what is known here of the lists that a badge names, if an agency registers its issuer. Nobody is asked.
    pub fn held(&self, badge: &OpenBadge, registry: &Registry, now: Timestamp) -> Option<ExternalEvidence> {
        let homes = homes(registry, &badge.issuer_id)?;
        let mut learnt = ExternalEvidence::default();
        if !homes.is_empty() {
            let status = |entry: &StatusEntry| {
                let is_others = registry.status_list(&entry.list).is_none();
                is_others.then(|| self.held_status(badge, entry, &homes, now))
            };
            learnt.status = badge.status.iter().map(status).collect();
        }
        Some(learnt)
    }

    fn held_status(
        &self,
        badge: &OpenBadge,
        entry: &StatusEntry,
        homes: &[RegisteringAgency<'_>],
        now: Timestamp,
    ) -> StatusEvidence {
        let list = entry.list.as_str();
        let had = {
            let mut known = Vec::new();
            let mut left_out = None;
            self.0.registered.plan.with(|plan| {
                for (agency, _) in naming(homes, list) {
                    known.extend(plan.look(agency, &badge.issuer_id, list).cloned());
                    left_out = left_out
                        .take()
                        .or_else(|| plan.leaves_out(agency).then(|| (*agency).clone()));
                }
            });
            let known: Vec<&TrackedList> = known.iter().collect();
            if naming(homes, list).next().is_none() {
                Err(ListFetchError::NotHad(not_named(homes, &badge.issuer_id, list)))
            } else if known.is_empty() && left_out.is_some() {
                let (agency, most) = (left_out.as_ref().map_or("", |id| id.as_str()), plan::MOST_LISTS);
                let why = format!("{agency} names more lists than are fetched for one agency, which is {most}");
                Err(ListFetchError::NotHad(why))
            } else {
                self.best(badge, entry, &known, now)
            }
        };
        self.status(badge, entry, &ListsByUrl::from([(list, had)]))
    }

    /// The newest that counts; or else one that says of this badge that it is revoked, whatever its age; or why there is none.
    fn best(
        &self,
        badge: &OpenBadge,
        entry: &StatusEntry,
        known: &[&TrackedList],
        now: Timestamp,
    ) -> Result<ListEvidence, ListFetchError> {
        let mut kept: Vec<&FetchedList> = known.iter().filter_map(|listed| listed.kept.as_ref()).collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.fetched_at));
        let least = self.0.short_lists.get(&badge.issuer_id).copied().unwrap_or(MIN_ENTRIES);
        let is_set = |kept: &FetchedList| {
            let found = kept.list.look_up(badge.id.as_deref(), entry, least);
            found.is_ok_and(|found| found.value != 0)
        };
        let counting = kept.iter().find(|kept| now < kept.good_until);
        if let Some(kept) = counting.or_else(|| kept.iter().find(|kept| is_set(kept))) {
            return Ok(ListEvidence {
                list: kept.list.clone(),
                freshness: Freshness::Heard {
                    as_of: kept.fetched_at,
                    good_until: kept.good_until,
                },
            });
        }
        let Some(failed) = known.iter().find_map(|listed| listed.failed.as_ref()) else {
            let why = "this node has not fetched it yet, which it does by itself: try again in a minute";
            return Err(ListFetchError::NotHad(why.to_owned()));
        };
        let ListFetchError::NotHad(why) = &failed.why else {
            return Err(failed.why.clone());
        };
        let since = failed.since.in_words();
        let old = kept.first().map_or_else(String::new, |kept| {
            format!("; what was fetched on {} counts no longer", kept.fetched_at.in_words())
        });
        Err(ListFetchError::NotHad(format!(
            "since {since} it could not be fetched: {why}{old}"
        )))
    }

    /// Returns what was known here of the lists of a badge at `then`, if an agency registered its issuer; `registry` is what
    /// it was at that moment.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub(super) async fn held_then(
        &self,
        badge: &OpenBadge,
        registry: &Registry,
        then: Timestamp,
    ) -> Result<Option<ExternalEvidence>, StoreError> {
        let Some(homes) = homes(registry, &badge.issuer_id) else {
            return Ok(None);
        };
        let mut learnt = ExternalEvidence::default();
        if homes.is_empty() {
            return Ok(Some(learnt));
        }
        let of_others = |entry: &StatusEntry| registry.status_list(&entry.list).is_none();
        let to_ask: Vec<bool> = badge.status.iter().map(of_others).collect();
        let mut lists = ListsByUrl::new();
        for url in urls_of(badge, &to_ask).into_iter().take(MOST_LISTS_A_BADGE) {
            let mut had: Result<ListEvidence, _> =
                Err(ListFetchError::NotHad(not_named(&homes, &badge.issuer_id, url)));
            for (agency, issuer) in naming(&homes, url) {
                let name = name_of(&badge.issuer_id, url);
                let kept = self.0.store.registered_list_then(agency, &name, then).await?;
                let Some(kept) = kept else {
                    had = had.map_err(|_| ListFetchError::NotHad(then::NOT_KEPT.to_owned()));
                    continue;
                };
                let freshness = then::freshness(&kept);
                let list = read_list(kept.body, &keys_of(&issuer.verification_methods)).await;
                let this = list.map(|list| ListEvidence {
                    list: list.into(),
                    freshness,
                });
                had = match (had, this) {
                    (Ok(one), Ok(this)) if one.freshness.as_of() >= this.freshness.as_of() => Ok(one),
                    (Ok(one), Err(_)) => Ok(one),
                    (_, this) => this,
                };
            }
            lists.insert(url, had);
        }
        let entries = badge.status.iter().zip(to_ask);
        learnt.status = entries
            .map(|(entry, ask)| ask.then(|| self.status(badge, entry, &lists)))
            .collect();
        Ok(Some(learnt))
    }

    /// Counts what this node keeps of the lists that each agency names.
    pub fn kept_lists(&self, now: Timestamp) -> BTreeMap<AgencyId, KeptListCounts> {
        self.0.registered.plan.with(|plan| plan.counts(now))
    }

    /// Fetches the lists that agencies name, until the node stops.
    pub async fn keep_registered_lists(self, registry: SharedRegistry, clock: Clock, mut stop: watch::Receiver<bool>) {
        let registered = &self.0.registered;
        let mut changed = registry.issuers_change();
        changed.mark_changed();
        let mut looked: Option<Instant> = None;
        let mut fetching = JoinSet::new();
        loop {
            let is_settled = looked.is_none_or(|at| at.elapsed() >= LOOKED_EVERY);
            if changed.has_changed().unwrap_or(false) && is_settled {
                changed.mark_unchanged();
                registered.look_around(&registry, clock.now());
                looked = Some(Instant::now());
            }
            while fetching.len() < AT_ONCE {
                let Some(turn) = registered.plan.with(|plan| plan.next(clock.now())) else {
                    break;
                };
                fetching.spawn(self.clone().takes(turn, clock.clone()));
            }
            let is_news = changed.has_changed().unwrap_or(false);
            let looks_again = is_news || registered.plan.with(|plan| plan.next_due().is_some());
            let mut news = changed.clone();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                Some(ended) = fetching.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "fetching a status list died");
                    }
                }
                () = sleep(LOOKED_EVERY), if looks_again => {}
                _ = news.changed(), if !is_news => {}
            }
        }
    }

    /// Makes one fetch.
    async fn takes(self, turn: ListFetch, clock: Clock) {
        let registered = &self.0.registered;
        if turn.is_first
            && let Some(kept) = self.remembered(&turn, clock.now()).await
        {
            registered.plan.with(|plan| plan.remember(&turn, kept));
        }
        let slow = || {
            ListFetchOutcome::Failed(ListFetchError::NotHad(
                "it could not be fetched and read in time".to_owned(),
            ))
        };
        let outcome = timeout(LONGEST, self.fetched(&turn, clock.now())).await;
        let outcome = outcome.unwrap_or_else(|_| slow());
        let why = match &outcome {
            ListFetchOutcome::Failed(ListFetchError::NotHad(why)) => why.clone(),
            ListFetchOutcome::Failed(ListFetchError::Bad(fault)) => format!("{fault:?}"),
            ListFetchOutcome::Had(_) | ListFetchOutcome::Later => String::new(),
        };
        let chance = rand::rng().random();
        let news = registered
            .plan
            .with(|plan| plan.done(&turn, outcome, clock.now(), chance));
        let ListLocation { agency, issuer, list } = &turn.place;
        match news {
            Some(ListHealthChange::Fails) => {
                tracing::warn!(%agency, %issuer, %list, %why, "a status list of a registered issuer cannot be had");
            }
            Some(ListHealthChange::IsBack) => tracing::info!(%agency, %issuer, %list, "a status list can be had again"),
            None => {}
        }
    }

    async fn fetched(&self, turn: &ListFetch, now: Timestamp) -> ListFetchOutcome {
        let ListLocation { agency, issuer, list } = &turn.place;
        let whom = FetchRequester::Agency(agency.as_str().to_owned());
        let fetched = match self.0.registered.outbound.enter(whom, Instant::now() + LONGEST).await {
            Ok(turn) => turn.fetch(list, LIST).await,
            Err(full) => Err(full),
        };
        let body = match fetched {
            Ok(fetched) => fetched.bytes,
            Err(why) if why.is_of_the_moment() => return ListFetchOutcome::Later,
            Err(why) => return ListFetchOutcome::Failed(ListFetchError::NotHad(why.to_string())),
        };
        let new = match read_new(body.clone(), &keys_of(&turn.methods), now, LEAST_KEPT).await {
            Ok(new) => new,
            Err(why) => return ListFetchOutcome::Failed(why),
        };
        let good_until = now.plus_seconds(new.good_for);
        let published = FetchedDocument {
            fetched_at: now,
            good_until,
            body,
        };
        let most = RegisteredListLimits {
            changes: MOST_CHANGES,
            bytes: MOST_KEPT_BYTES.min(self.0.kept_bytes),
        };
        if most.bytes > 0 {
            let name = name_of(issuer, list);
            let kept = self.0.store.keep_registered_list(agency, &name, &published, most).await;
            if let Err(error) = kept {
                tracing::warn!(%error, "a status list could not be kept for later");
            }
        }
        ListFetchOutcome::Had(FetchedList {
            list: Arc::new(new.value),
            fetched_at: now,
            good_until,
        })
    }

    /// Reads what the store has of a list, so that nothing is unknown because the node was started again.
    async fn remembered(&self, turn: &ListFetch, now: Timestamp) -> Option<FetchedList> {
        let ListLocation { agency, issuer, list } = &turn.place;
        let name = name_of(issuer, list);
        let found = self.0.store.registered_list_then(agency, &name, now).await.ok()??;
        let read = read_list(found.body, &keys_of(&turn.methods)).await.ok()?;
        Some(FetchedList {
            list: Arc::new(read),
            fetched_at: found.fetched_at,
            good_until: found.good_until,
        })
    }
}

/// Under which name the store keeps a list.
fn name_of(issuer: &str, list: &str) -> String {
    format!("{issuer} {list}")
}
