//! What issuers outside the federation publish: the document of a DID, a status list, the badge behind a link. Fetched
//! through the guard of [`crate::outbound`], kept for as long as it counts, and never asked for about a badge of the
//! federation's own issuers: nobody learns that one of those is being checked.

mod cache;

use std::{collections::BTreeMap, sync::Arc};

use registry_schema::{Timestamp, VerificationMethod};
use verification::{
    Evidence, Freshness, OpenBadge, PublicKey, StatusEntry, StatusEvidence,
    bitstring::MIN_ENTRIES,
    did::{self, Resolved},
    evidence::ResolvedIssuer,
    foreign_list::{self, ForeignList, ListFault},
    multikey,
};

use crate::{
    config::OutboundConfig,
    outbound::{Fetched, Outbound, Refusal},
    registry::SharedRegistry,
};
use cache::{Cache, Kept, New};

const DAY: i64 = 86_400;
/// After how many seconds a document or a list is fetched again, if its issuer does not say: while that fails, what is
/// kept counts for a day.
const AGAIN: i64 = 300;
/// However short an issuer wants something kept: so that a badge with two entries does not fetch its list twice.
const LEAST_KEPT: i64 = 5;
/// The most bytes of documents, and of lists, that are kept.
const MOST_DOCUMENTS: usize = 16 * 1024 * 1024;
const MOST_LISTS: usize = 64 * 1024 * 1024;
/// How many lists are fetched for one badge.
const MOST_LISTS_A_BADGE: usize = 4;

const BADGE: &str = "application/vc, application/vc+jwt, application/vc+ld+json, application/ld+json, application/json, \
                     image/png, image/svg+xml, text/plain;q=0.5, */*;q=0.1";
const DOCUMENT: &str = "application/did, application/did+ld+json, application/json, */*;q=0.1";
const HISTORY: &str = "text/jsonl, application/jsonl, */*;q=0.1";
const LIST: &str = "application/vc, application/vc+jwt, application/vc+ld+json, application/json, */*;q=0.1";

/// Fetches and keeps. Clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct Foreign(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    outbound: Outbound,
    documents: Cache<Resolved, String>,
    lists: Cache<ForeignList, NoList>,
    short_lists: BTreeMap<String, u32>,
}

/// Why there is no list.
#[derive(Clone, Debug)]
enum NoList {
    NotHad(String),
    Bad(ListFault),
}

/// What was learnt for one badge.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    resolved: Option<Result<ResolvedIssuer, String>>,
    /// In the order of the badge's status entries; none where the federation knows better.
    status: Vec<Option<StatusEvidence>>,
}

impl Learnt {
    /// Puts it into the evidence, where the federation itself knows nothing.
    pub(crate) fn fill(self, evidence: &mut Evidence) {
        evidence.resolved = self.resolved;
        for (known, learnt) in evidence.status.iter_mut().zip(self.status) {
            if let (StatusEvidence::Unreachable { .. }, Some(learnt)) = (&*known, learnt) {
                *known = learnt;
            }
        }
    }
}

impl Foreign {
    pub(crate) fn new(config: &OutboundConfig) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(Inner {
            outbound: Outbound::new(config.loopback, config.roots()?)?,
            documents: Cache::new(MOST_DOCUMENTS),
            lists: Cache::new(MOST_LISTS),
            short_lists: config.short_lists.clone(),
        })))
    }

    /// The badge behind a link.
    pub(crate) async fn badge(&self, link: &str) -> Result<Fetched, Refusal> {
        self.0.outbound.fetch(link, BADGE).await
    }

    /// Asks for what a badge names and no agency of the federation keeps.
    pub(crate) async fn ask(&self, badge: &OpenBadge, registry: &SharedRegistry, now: Timestamp) -> Learnt {
        let mut learnt = Learnt::default();
        let (mut methods, to_ask) = {
            let registry = registry.read();
            let agencies = registry.agencies();
            // An issuer of the federation: on its behalf nobody is asked anything.
            if agencies.iter().any(|lists| lists.issuer(&badge.issuer_id).is_some()) {
                return learnt;
            }
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
            learnt.resolved = self.resolve(&badge.issuer_id, now).await;
            if let Some(Ok(resolved)) = &learnt.resolved {
                methods.clone_from(&resolved.keys.issuing);
            }
        }
        let keys: Vec<(&str, PublicKey)> = methods
            .iter()
            .filter_map(|m| Some((m.id.as_str(), multikey::decode(&m.public_key_multibase).ok()?)))
            .collect();
        let mut urls: Vec<&str> = Vec::new();
        for (entry, ask) in badge.status.iter().zip(&to_ask) {
            if *ask && is_known(entry) && !urls.contains(&entry.list.as_str()) {
                urls.push(&entry.list);
            }
        }
        let fetching = urls
            .iter()
            .take(MOST_LISTS_A_BADGE)
            .map(|url| self.list(&badge.issuer_id, url, &keys, now));
        let fetched = futures::future::join_all(fetching).await;
        let lists: BTreeMap<&str, Result<Kept<ForeignList>, NoList>> = urls.into_iter().zip(fetched).collect();
        let entries = badge.status.iter().zip(to_ask);
        learnt.status = entries
            .map(|(entry, ask)| ask.then(|| self.status(badge, entry, &lists)))
            .collect();
        learnt
    }

    /// The issuer's own document, if its name says where that stands.
    async fn resolve(&self, issuer: &str, now: Timestamp) -> Option<Result<ResolvedIssuer, String>> {
        let location = match did::on_the_web(issuer)? {
            Ok(location) => location,
            Err(why) => return Some(Err(why.to_string())),
        };
        let fetch = async || {
            let is_history = location.witnesses.is_some();
            let accept = if is_history { HISTORY } else { DOCUMENT };
            let document = self.0.outbound.fetch(&location.document, accept).await;
            let document = document.map_err(|why| why.to_string())?.bytes;
            let witnesses = match &location.witnesses {
                Some(url) if did::names_witnesses(&document) => Some(self.0.outbound.fetch(url, DOCUMENT).await),
                _ => None,
            };
            let witnesses = witnesses.transpose().map_err(|why| why.to_string())?.map(|w| w.bytes);
            let did = issuer.to_owned();
            let read = move || did::read(&did, &document, witnesses.as_deref(), now);
            let value = apart(read).await?.map_err(|why| why.to_string())?;
            let weight = 256 * (value.issuing.len() + value.other.len());
            let again_after = value.ttl.map_or(AGAIN, i64::from).clamp(LEAST_KEPT, DAY);
            Ok(New {
                value,
                weight,
                good_for: DAY,
                again_after,
            })
        };
        let found = self.0.documents.find(issuer, now, fetch).await;
        Some(found.map(|kept| ResolvedIssuer {
            keys: Resolved::clone(&kept.value),
            freshness: freshness(&kept),
        }))
    }

    async fn list(
        &self,
        issuer: &str,
        url: &str,
        keys: &[(&str, PublicKey)],
        now: Timestamp,
    ) -> Result<Kept<ForeignList>, NoList> {
        let fetch = async || {
            let bytes = self.0.outbound.fetch(url, LIST).await;
            let bytes = bytes.map_err(|why| NoList::NotHad(why.to_string()))?.bytes;
            let keys: BTreeMap<String, PublicKey> =
                keys.iter().map(|(m, key)| ((*m).to_owned(), key.clone())).collect();
            let key_of = move |method: &str| keys.get(method).cloned().or_else(|| multikey::key_in_method(method));
            let value = apart(move || foreign_list::read(&bytes, key_of))
                .await
                .map_err(NoList::NotHad)?;
            let value = value.map_err(NoList::Bad)?;
            if let Some(ended) = value.valid_until.filter(|until| *until <= now) {
                let why = format!("it held until {}, and no newer one stands there", ended.in_words());
                return Err(NoList::Bad(ListFault::Verification(why)));
            }
            let weight = value.weight();
            let ttl = value.ttl.map(|ttl| i64::try_from(ttl / 1000).unwrap_or(DAY));
            let valid = value.valid_until.map(|until| until.seconds_since(now));
            let good_for = ttl.unwrap_or(DAY).clamp(LEAST_KEPT, DAY).min(valid.unwrap_or(DAY));
            let again_after = ttl.map_or(AGAIN, |_| good_for).min(good_for);
            Ok(New {
                value,
                weight,
                good_for,
                again_after,
            })
        };
        // Under the issuer's name too: what does not verify with one issuer's keys says nothing about another's.
        self.0.lists.find(&format!("{issuer} {url}"), now, fetch).await
    }

    fn status(
        &self,
        badge: &OpenBadge,
        entry: &StatusEntry,
        lists: &BTreeMap<&str, Result<Kept<ForeignList>, NoList>>,
    ) -> StatusEvidence {
        let not_had = |why: String| StatusEvidence::Unreachable {
            list: entry.list.clone(),
            why,
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
            Some(Err(NoList::NotHad(why))) => not_had(why.clone()),
            Some(Err(NoList::Bad(fault))) => fetched(Err(fault.clone()), None, Freshness::Never),
            Some(Ok(kept)) => {
                let least = self.0.short_lists.get(&badge.issuer_id).copied().unwrap_or(MIN_ENTRIES);
                let found = kept.value.look_up(badge.id.as_deref(), entry, least);
                fetched(found, kept.value.valid_from, freshness(kept))
            }
        }
    }
}

/// Whether lists of this kind can be read.
fn is_known(entry: &StatusEntry) -> bool {
    entry.is_bitstring() || entry.kind == "1EdTechRevocationList"
}

const fn freshness<V>(kept: &Kept<V>) -> Freshness {
    Freshness::Heard {
        as_of: kept.fetched_at,
        good_until: kept.good_until,
    }
}

/// Reads what a stranger sent on a thread for such work.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "reading what was fetched died");
        "it could not be read: please report it to the node's operator".to_owned()
    })
}
