//! Evidence of what issuers outside the federation had published by an earlier moment, as far as this node fetched it: for
//! answers by what was known then. Nothing is fetched.

use registry_schema::{Phrase, Timestamp, VerificationMethod};
use verification::{Freshness, OpenBadge, did, evidence::ResolvedIssuer};

use super::{
    ExternalEvidence, ExternalSources, ListEvidence, ListFetchError, ListsByUrl, MOST_LISTS_A_BADGE, keys_of,
    on_worker, read_list, urls_of,
};
use crate::registry::Registry;
use storage::{FetchedDocument, StoreError};

/// The reason that there is no list of that time.
pub(super) const NOT_KEPT: &str = "what stood there then was not fetched, or is not kept";

/// Under which name an issuer's document is kept.
pub(super) fn document_of(issuer: &str) -> String {
    format!("document {issuer}")
}

/// The same for its witnesses' approvals.
pub(super) fn witnesses_of(issuer: &str) -> String {
    format!("witnesses {issuer}")
}

/// The same for a list: under its issuer's name too, as in the cache.
pub(super) fn list_of(issuer: &str, url: &str) -> String {
    format!("list {issuer} {url}")
}

impl ExternalSources {
    /// Returns what was known here of a badge's issuer and lists at `then`; `registry` is what it was at that moment.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn then(
        &self,
        badge: &OpenBadge,
        registry: &Registry,
        then: Timestamp,
    ) -> Result<ExternalEvidence, StoreError> {
        if let Some(held) = self.held_then(badge, registry, then).await? {
            return Ok(held);
        }
        let mut learnt = ExternalEvidence::default();
        let agencies = registry.agencies();
        let recognized = agencies.iter().flat_map(|lists| lists.recognitions());
        let recognized = recognized.map(|entry| entry.recognition.issuer);
        let mut methods: Vec<VerificationMethod> = recognized
            .filter(|issuer| issuer.id == badge.issuer_id)
            .flat_map(|issuer| issuer.verification_methods)
            .collect();
        if methods.is_empty() {
            learnt.resolved = self.resolved_then(&badge.issuer_id, then).await?;
            if let Some(Ok(resolved)) = &learnt.resolved {
                methods.clone_from(&resolved.keys.issuing);
            }
        }
        let keys = keys_of(&methods);
        let of_others = |list: &str| registry.status_list(list).is_none();
        let to_ask: Vec<bool> = badge.status.iter().map(|entry| of_others(&entry.list)).collect();
        let mut lists = ListsByUrl::new();
        for url in urls_of(badge, &to_ask).into_iter().take(MOST_LISTS_A_BADGE) {
            let kept = self
                .0
                .store
                .published_then(&list_of(&badge.issuer_id, url), then)
                .await?;
            let list = match kept {
                None => Err(ListFetchError::NotHad(NOT_KEPT.to_owned())),
                Some(kept) => {
                    let freshness = freshness(&kept);
                    let list = read_list(kept.body, &keys).await;
                    list.map(|list| ListEvidence {
                        list: list.into(),
                        freshness,
                    })
                }
            };
            lists.insert(url, list);
        }
        let entries = badge.status.iter().zip(to_ask);
        learnt.status = entries
            .map(|(entry, ask)| ask.then(|| self.status(badge, entry, &lists)))
            .collect();
        Ok(learnt)
    }

    async fn resolved_then(
        &self,
        issuer: &str,
        then: Timestamp,
    ) -> Result<Option<Result<ResolvedIssuer, Phrase>>, StoreError> {
        if did::on_the_web(issuer).is_none() {
            return Ok(None);
        }
        let Some(kept) = self.0.store.published_then(&document_of(issuer), then).await? else {
            let why = "what its own site said then was not fetched, or is not kept";
            return Ok(Some(Err(Phrase::Verbatim(why.to_owned()))));
        };
        let witnesses = self.0.store.published_then(&witnesses_of(issuer), then).await?;
        let freshness = freshness(&kept);
        let subject = issuer.to_owned();
        let read = move || {
            let witnesses = witnesses.as_ref().map(|witnesses| witnesses.body.as_slice());
            did::read(&subject, &kept.body, witnesses, then)
        };
        let read = on_worker(read)
            .await
            .map_err(Phrase::Verbatim)
            .and_then(|read| read.map_err(Phrase::from));
        Ok(Some(read.map(|keys| ResolvedIssuer { keys, freshness })))
    }
}

pub(super) const fn freshness(kept: &FetchedDocument) -> Freshness {
    Freshness::Heard {
        as_of: kept.fetched_at,
        good_until: kept.good_until,
    }
}
