//! The publications of issuers outside the federation: the document of a DID, a status list, the badge behind a
//! link. Fetched through the guard of [`transport::outbound`], kept for as long as it counts, and never asked for about a
//! badge of the federation's own issuers: nobody learns that one of those is being checked. What such issuers publish
//! themselves is fetched whether or not a badge is checked ([`registered`]).
//!
//! The newest of it is kept on disk too, so that it can be told later what was known here ([`then`]): what issuers publish,
//! by its address; nothing of the badges for which it was fetched.

mod cache;
mod outbound_config;
mod registered;
mod then;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use registry_schema::{Phrase, Timestamp, VerificationMethod, WrittenTime};
use tokio::time::Instant;
use verification::{
    Evidence, Freshness, OpenBadge, StatusEntry, StatusEvidence, VerificationKey,
    bitstring::MIN_ENTRIES,
    did::{self, ResolvedKeys},
    evidence::ResolvedIssuer,
    foreign_list::{self, ExternalStatusList, StatusListError, StatusListProblem},
    multikey,
};

use crate::registry::Registry;
use cache::{CacheEntry, FetchCache, FetchError, NewCacheEntry};
pub use outbound_config::OutboundConfig;
pub use registered::KeptListCounts;
use registered::RegisteredLists;
use storage::{FetchedDocument, Store};
use transport::buckets::{Allowance, KeyedRateLimiter};
use transport::client::ClientAddress;
use transport::outbound::{self, FetchPermit, FetchRequester, FetchedResource, OutboundClient, OutboundError};

const _: () = assert!(
    outbound::MOST_BYTES >= verification::formats::MAX_BYTES,
    "a badge that may be dropped on the page may be fetched"
);

const DAY: i64 = 86_400;
/// After how many seconds a document or a list is fetched again, if its issuer does not say: while that fails, what is
/// kept counts for a day.
const AGAIN: i64 = 300;
/// However short an issuer wants something kept: so that a badge with two entries does not fetch its list twice.
const LEAST_KEPT: i64 = 5;
/// The most bytes of documents, and of lists, that are kept.
const MOST_DOCUMENTS: usize = 16 * 1024 * 1024;
const MOST_LISTS: usize = 64 * 1024 * 1024;
/// The most lists that are fetched for one badge.
const MOST_LISTS_A_BADGE: usize = 4;
/// The longest that an operator waits for a turn.
const OPERATORS_WAIT: Duration = Duration::from_secs(10);

const BADGE: &str = "application/vc, application/vc+jwt, application/vc+ld+json, application/ld+json, application/json, \
                     image/png, image/svg+xml, text/plain;q=0.5, */*;q=0.1";
const DOCUMENT: &str = "application/did, application/did+ld+json, application/json, */*;q=0.1";
const HISTORY: &str = "text/jsonl, application/jsonl, */*;q=0.1";
const LIST: &str = "application/vc, application/vc+jwt, application/vc+ld+json, application/json, */*;q=0.1";

/// Fetches and keeps. Clones share everything.
#[derive(Clone, Debug)]
pub struct ExternalSources(Arc<ExternalSourcesState>);

#[derive(Debug)]
struct ExternalSourcesState {
    outbound: OutboundClient,
    /// The fetches that each client may cause.
    budget: KeyedRateLimiter<ClientAddress>,
    documents: FetchCache<ResolvedKeys, Phrase>,
    lists: FetchCache<ExternalStatusList, ListFetchError>,
    registered: RegisteredLists,
    store: Store,
    /// The number of bytes of what was fetched that the store keeps.
    kept_bytes: i64,
    short_lists: BTreeMap<String, u32>,
}

/// A client for whom something is fetched, and how long it waits each time for its turn.
#[derive(Clone, Copy, Debug)]
pub struct FetchContext {
    /// The client on whose behalf it is fetched.
    pub client: ClientAddress,
    /// The longest that it waits for its turn.
    pub wait: Duration,
}

impl FetchContext {
    /// For somebody who asks one thing, and waits for the answer.
    pub const fn of(client: ClientAddress) -> Self {
        Self {
            client,
            wait: Duration::from_secs(5),
        }
    }
}

/// The reason that there is no list.
#[derive(Clone, Debug)]
enum ListFetchError {
    NotHad(String),
    Bad(StatusListError),
}

/// The evidence that was learnt for one badge.
#[derive(Debug, Default)]
pub struct ExternalEvidence {
    resolved: Option<Result<ResolvedIssuer, Phrase>>,
    /// In the order of the badge's status entries; none where the federation knows better.
    status: Vec<Option<StatusEvidence>>,
}

impl ExternalEvidence {
    /// Puts it into the evidence, where the federation itself knows nothing.
    pub fn fill(self, evidence: &mut Evidence) {
        if self.resolved.is_some() {
            evidence.resolved = self.resolved;
        }
        for (known, learnt) in evidence.status.iter_mut().zip(self.status) {
            if let (StatusEvidence::Unreachable { .. }, Some(learnt)) = (&*known, learnt) {
                *known = learnt;
            }
        }
    }
}

impl ExternalSources {
    /// The sources of this node, by its settings.
    ///
    /// # Errors
    /// If the settings cannot be used.
    pub fn new(config: &OutboundConfig, store: Store) -> anyhow::Result<Self> {
        let budget = Allowance {
            a_second: f64::from(config.per_minute) / 60.0,
            at_once: f64::from(config.burst),
        };
        Ok(Self(Arc::new(ExternalSourcesState {
            budget: KeyedRateLimiter::new((config.per_minute > 0).then_some(budget)),
            outbound: OutboundClient::new(config.loopback, config.roots()?)?,
            documents: FetchCache::new(MOST_DOCUMENTS),
            lists: FetchCache::new(MOST_LISTS),
            registered: RegisteredLists::new(config)?,
            store,
            kept_bytes: i64::from(config.keep_mib) * 1024 * 1024,
            short_lists: config.short_lists.clone(),
        })))
    }

    /// The badge behind a link; or in words why it was not fetched.
    pub async fn badge(&self, link: &str, errand: FetchContext) -> Result<FetchedResource, String> {
        let turn = self.turn(Some(errand)).await?;
        turn.fetch(link, BADGE).await.map_err(|why| why.to_string())
    }

    /// A turn to fetch something for a client, from its budget, or for an operator; or in words why there is none. What this
    /// node and its operators fetch waits for no stranger.
    async fn turn(&self, errand: Option<FetchContext>) -> Result<FetchPermit, String> {
        let now = Instant::now();
        let Some(FetchContext { client, wait }) = errand else {
            let turn = self
                .0
                .registered
                .outbound
                .enter(FetchRequester::Operator, now + OPERATORS_WAIT);
            return turn.await.map_err(|why| why.to_string());
        };
        self.0.budget.take(client, 1.0, 1.0, now).map_err(|seconds| {
            format!("this node is fetching too much for you at the moment; ask again in {seconds} seconds")
        })?;
        let turn = self
            .0
            .outbound
            .enter(FetchRequester::Stranger(client.address()), now + wait);
        turn.await.map_err(|why| {
            self.0.budget.give_back(client, 1.0, Instant::now());
            why.to_string()
        })
    }

    /// Asks for what a badge names and no agency of the federation keeps.
    pub async fn ask(
        &self,
        badge: &OpenBadge,
        registry: &Registry,
        now: Timestamp,
        errand: FetchContext,
    ) -> ExternalEvidence {
        // An issuer of the federation: on its behalf nobody is asked anything.
        if let Some(held) = self.held(badge, registry, now) {
            return held;
        }
        let mut learnt = ExternalEvidence::default();
        let (mut methods, to_ask) = {
            let agencies = registry.agencies();
            let recognized = agencies
                .iter()
                .flat_map(|lists| lists.recognitions_of(&badge.issuer_id));
            let methods: Vec<VerificationMethod> = recognized
                .flat_map(|entry| entry.recognition.issuer.verification_methods)
                .collect();
            let is_foreign = |entry: &StatusEntry| registry.status_list(&entry.list).is_none();
            let to_ask: Vec<bool> = badge.status.iter().map(is_foreign).collect();
            (methods, to_ask)
        };
        if methods.is_empty() {
            learnt.resolved = self.resolve(&badge.issuer_id, now, Some(errand), false).await;
            if let Some(Ok(resolved)) = &learnt.resolved {
                methods.clone_from(&resolved.keys.issuing);
            }
        }
        let keys = keys_of(&methods);
        let urls = urls_of(badge, &to_ask);
        let fetching = urls
            .iter()
            .take(MOST_LISTS_A_BADGE)
            .map(|url| self.list((&badge.issuer_id, url), &keys, now, errand));
        let fetched = futures::future::join_all(fetching).await;
        let had = fetched.into_iter().map(|list| {
            list.map(|kept| ListEvidence {
                freshness: freshness(&kept),
                list: kept.value,
            })
        });
        let lists: ListsByUrl<'_> = urls.into_iter().zip(had).collect();
        let entries = badge.status.iter().zip(to_ask);
        learnt.status = entries
            .map(|(entry, ask)| ask.then(|| self.status(badge, entry, &lists)))
            .collect();
        learnt
    }

    /// The issuer's own document, if its name says where that stands, for a client or an operator; `anew`, if no earlier
    /// copy of it will do.
    pub async fn resolve(
        &self,
        issuer: &str,
        now: Timestamp,
        errand: Option<FetchContext>,
        anew: bool,
    ) -> Option<Result<ResolvedIssuer, Phrase>> {
        let location = match did::on_the_web(issuer)? {
            Ok(location) => location,
            Err(why) => return Some(Err(Phrase::from(why))),
        };
        let fetch = async |turn: FetchPermit| {
            let is_history = location.witnesses.is_some();
            let accept = if is_history { HISTORY } else { DOCUMENT };
            let failed = |why| failed(why).map(Phrase::Verbatim);
            let document = turn.fetch(&location.document, accept).await.map_err(failed)?.bytes;
            let witnesses = match &location.witnesses {
                Some(url) if did::names_witnesses(&document) => Some(turn.fetch(url, DOCUMENT).await),
                _ => None,
            };
            let witnesses = witnesses.transpose().map_err(failed)?.map(|w| w.bytes);
            let did = issuer.to_owned();
            let (body, approvals) = (document.clone(), witnesses.clone());
            let read = move || did::read(&did, &document, witnesses.as_deref(), now);
            let read = on_worker(read).await;
            let read = read.map_err(|why| FetchError::ForAll(Phrase::Verbatim(why)))?;
            drop(turn);
            let value = read.map_err(|why| FetchError::ForAll(Phrase::from(why)))?;
            if let Some(approvals) = approvals {
                self.keep(then::witnesses_of(issuer), approvals, now, DAY).await;
            }
            self.keep(then::document_of(issuer), body, now, DAY).await;
            let weight = 256 * (value.issuing.len() + value.other.len());
            let again_after = value.ttl.map_or(AGAIN, i64::from).clamp(LEAST_KEPT, DAY);
            Ok(NewCacheEntry {
                value,
                weight,
                good_for: DAY,
                again_after,
            })
        };
        let documents = &self.0.documents;
        let turn = async || self.turn(errand).await.map_err(Phrase::Verbatim);
        let client = errand.map(|errand| errand.client);
        let found = match anew {
            true => documents.find_anew(issuer, now, turn, fetch).await,
            false => documents.find(issuer, client, now, turn, fetch).await,
        };
        Some(found.map(|kept| ResolvedIssuer {
            keys: ResolvedKeys::clone(&kept.value),
            freshness: freshness(&kept),
        }))
    }

    /// A list of an issuer.
    async fn list(
        &self,
        (issuer, url): (&str, &str),
        keys: &BTreeMap<String, VerificationKey>,
        now: Timestamp,
        errand: FetchContext,
    ) -> Result<CacheEntry<ExternalStatusList>, ListFetchError> {
        let turn = async || self.turn(Some(errand)).await.map_err(ListFetchError::NotHad);
        let fetch = async |turn: FetchPermit| {
            let bytes = turn
                .fetch(url, LIST)
                .await
                .map_err(|why| failed(why).map(ListFetchError::NotHad))?;
            let (bytes, body) = (bytes.bytes.clone(), bytes.bytes);
            let new = read_new(bytes, keys, now, LEAST_KEPT)
                .await
                .map_err(FetchError::ForAll)?;
            drop(turn);
            self.keep(then::list_of(issuer, url), body, now, new.good_for).await;
            Ok(new)
        };
        // Under the issuer's name too: what does not verify with one issuer's keys says nothing about another's.
        let name = format!("{issuer} {url}");
        self.0.lists.find(&name, Some(errand.client), now, turn, fetch).await
    }

    /// Keeps what was fetched. That it cannot be kept takes nothing from the answer of today.
    async fn keep(&self, name: String, body: Vec<u8>, now: Timestamp, good_for: i64) {
        let new = FetchedDocument {
            fetched_at: now,
            good_until: now.plus_seconds(good_for),
            body,
        };
        if self.0.kept_bytes == 0 {
            return;
        }
        if let Err(error) = self.0.store.keep_published(&name, &new, self.0.kept_bytes).await {
            tracing::warn!(%error, "what was fetched could not be kept for later");
        }
    }

    fn status(&self, badge: &OpenBadge, entry: &StatusEntry, lists: &ListsByUrl<'_>) -> StatusEvidence {
        let not_had = |why: String| StatusEvidence::Unreachable {
            list: entry.list.clone(),
            why: Phrase::Verbatim(why),
        };
        let fetched = |found, valid_from, freshness| StatusEvidence::Fetched {
            list: entry.list.clone(),
            found,
            valid_from,
            freshness,
        };
        if !is_known(entry) {
            let kind: String = entry.kind.chars().take(60).collect();
            return not_had(format!("a status of the kind `{kind}` is not known here"));
        }
        match lists.get(entry.list.as_str()) {
            None => not_had("the badge names more lists than are fetched for one badge".to_owned()),
            Some(Err(ListFetchError::NotHad(why))) => not_had(why.clone()),
            Some(Err(ListFetchError::Bad(fault))) => fetched(Err(fault.clone()), None, Freshness::Never),
            Some(Ok(ListEvidence { list, freshness })) => {
                let least = self.0.short_lists.get(&badge.issuer_id).copied().unwrap_or(MIN_ENTRIES);
                let found = list.look_up(badge.id.as_deref(), entry, least);
                fetched(found, list.valid_from, *freshness)
            }
        }
    }
}

/// A refusal in words, which is remembered unless it is of the moment.
fn failed(why: OutboundError) -> FetchError<String> {
    match why.is_of_the_moment() {
        true => FetchError::ForNow(why.to_string()),
        false => FetchError::ForAll(why.to_string()),
    }
}

/// A list that there is, and its age.
struct ListEvidence {
    list: Arc<ExternalStatusList>,
    freshness: Freshness,
}

/// By their addresses.
type ListsByUrl<'a> = BTreeMap<&'a str, Result<ListEvidence, ListFetchError>>;

fn keys_of(methods: &[VerificationMethod]) -> BTreeMap<String, VerificationKey> {
    let key = |m: &VerificationMethod| Some((m.id.clone(), multikey::decode(&m.public_key_multibase).ok()?));
    methods.iter().filter_map(key).collect()
}

/// The lists that are asked for, each once.
fn urls_of<'a>(badge: &'a OpenBadge, to_ask: &[bool]) -> Vec<&'a str> {
    let mut urls: Vec<&str> = Vec::new();
    for (entry, ask) in badge.status.iter().zip(to_ask) {
        if *ask && is_known(entry) && !urls.contains(&entry.list.as_str()) {
            urls.push(&entry.list);
        }
    }
    urls
}

/// Reads a list with its issuer's keys.
async fn read_list(
    bytes: Vec<u8>,
    keys: &BTreeMap<String, VerificationKey>,
) -> Result<ExternalStatusList, ListFetchError> {
    let keys = keys.clone();
    let key_of = move |method: &str| keys.get(method).cloned().or_else(|| multikey::key_in_method(method));
    let read = on_worker(move || foreign_list::read(&bytes, key_of)).await;
    read.map_err(ListFetchError::NotHad)?.map_err(ListFetchError::Bad)
}

/// The same of a list that was just fetched: it has to hold now, and says for how long it counts, `least_kept` seconds at
/// least as far as that is its issuer's wish.
async fn read_new(
    bytes: Vec<u8>,
    keys: &BTreeMap<String, VerificationKey>,
    now: Timestamp,
    least_kept: i64,
) -> Result<NewCacheEntry<ExternalStatusList>, ListFetchError> {
    let value = read_list(bytes, keys).await?;
    if let Some(ended) = value.valid_until.filter(|until| *until <= now) {
        let at = WrittenTime::UtcMoment(ended);
        let why = StatusListProblem::Ended { at };
        return Err(ListFetchError::Bad(StatusListError::Verification { why }));
    }
    let weight = value.weight();
    let ttl = value.ttl.map(|ttl| i64::try_from(ttl / 1000).unwrap_or(DAY));
    let valid = value.valid_until.map(|until| until.seconds_since(now));
    let good_for = ttl.unwrap_or(DAY).clamp(least_kept, DAY).min(valid.unwrap_or(DAY));
    let again_after = ttl.map_or(AGAIN, |_| good_for).min(good_for);
    Ok(NewCacheEntry {
        value,
        weight,
        good_for,
        again_after,
    })
}

/// Checks whether lists of this kind can be read.
fn is_known(entry: &StatusEntry) -> bool {
    entry.is_bitstring() || entry.kind == "1EdTechRevocationList"
}

const fn freshness<V>(kept: &CacheEntry<V>) -> Freshness {
    Freshness::Heard {
        as_of: kept.fetched_at,
        good_until: kept.good_until,
    }
}

/// Reads what a stranger sent on a thread for such work.
async fn on_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "reading what was fetched died");
        "it could not be read: please report it to the node's operator".to_owned()
    })
}
