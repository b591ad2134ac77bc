//! Documents that follow from the lists and are the same for everybody: made once for a state of the lists, however many
//! ask, and given to all as the same bytes. Who reads slowly holds no copy, and nobody makes the node make one twice.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header, header::InvalidHeaderValue},
    response::{IntoResponse as _, Response},
};
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use protocol::Hash;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    outgoing::SharedResponse,
    problem::{Problem, UNAVAILABLE},
    verifications::on_worker,
};
use agency::registry::Registry;
use platform::lock::Lock;

/// The most documents that are kept; the one that was asked for longest ago goes first.
const MOST_KEPT: usize = 128;
/// The longest that one waits for a document that is being made.
const WAIT: Duration = Duration::from_secs(10);
/// The longest that one waits for the task that writes, before the answer that it gave last is given again.
const LONGEST_GLANCE: Duration = Duration::from_secs(2);

/// The documents that were made. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DocumentCache(Arc<Lock<BTreeMap<String, DocumentSlot>>>);

#[derive(Clone, Debug)]
struct DocumentSlot {
    asked: Instant,
    /// Held by who makes it; the others wait.
    made: Arc<tokio::sync::Mutex<Option<CachedDocument>>>,
    /// The last one that was made.
    last: Arc<Lock<Option<CachedDocument>>>,
}

/// Bytes that all share, with the state that they follow from.
#[derive(Clone, Debug)]
pub(crate) struct CachedDocument {
    version: u64,
    made: Instant,
    bytes: Bytes,
    etag: HeaderValue,
}

/// The name of a document about one agency, or about all. Whatever is no agency is about nobody, so that strangers do not
/// make up names.
pub(crate) fn name(what: &str, registry: &Registry, agency: Option<&str>) -> String {
    let known = |id: &&str| id.parse().is_ok_and(|id| registry.agency(&id).is_some());
    match agency {
        None => what.to_owned(),
        Some(agency) => format!("{what} of {}", Some(agency).filter(known).unwrap_or("nobody")),
    }
}

/// A document as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut bytes = serde_json::to_vec(value).map_err(unmade)?;
    // It is kept, or on its way, for longer than it takes to be made.
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The time for which a document holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DocumentValidity {
    /// As long as the lists have this version.
    pub(crate) version: u64,
    /// And no longer than so.
    pub(crate) longest: Duration,
}

impl DocumentValidity {
    /// For what follows from the lists alone, and not from the time.
    pub(crate) fn of(registry: &Registry) -> Self {
        Self {
            version: registry.version(),
            longest: Duration::MAX,
        }
    }

    /// For what the task that writes is asked: so often at most, however many ask.
    const GLANCE: Self = Self {
        version: 0,
        longest: Duration::from_millis(250),
    };
}

impl DocumentCache {
    /// The document with this name, made on a thread of its own if none holds any more.
    ///
    /// # Errors
    /// [`Problem`], if it cannot be made, or not in time.
    pub(crate) async fn get(
        &self,
        name: &str,
        holds: DocumentValidity,
        make: impl FnOnce() -> Result<Vec<u8>, Problem> + Send + 'static,
    ) -> Result<CachedDocument, Problem> {
        self.get_from(name, holds, async { on_worker(make).await? }).await
    }

    /// A document for which the task that writes is asked: so often at most, however many ask. While that is at other work,
    /// nobody waits for it who can be told what it said last.
    ///
    /// # Errors
    /// [`Problem`], if it cannot be made; or not in time, and never was.
    pub(crate) async fn glance(
        &self,
        name: &str,
        make: impl Future<Output = Result<Vec<u8>, Problem>> + Send + 'static,
    ) -> Result<CachedDocument, Problem> {
        let made = self.get_from(name, DocumentValidity::GLANCE, make);
        match tokio::time::timeout(LONGEST_GLANCE, made).await {
            Ok(made) => made,
            Err(_) => self.kept(name).last.with(|last| last.clone()).ok_or_else(busy),
        }
    }

    /// The same, where another task is asked for what is in it.
    async fn get_from(
        &self,
        name: &str,
        holds: DocumentValidity,
        make: impl Future<Output = Result<Vec<u8>, Problem>> + Send + 'static,
    ) -> Result<CachedDocument, Problem> {
        let DocumentSlot { made, last, .. } = self.kept(name);
        let made = tokio::time::timeout(WAIT, made.lock_owned()).await;
        let mut made = made.map_err(|_| busy())?;
        if let Some(document) = made.as_ref()
            && document.version == holds.version
            && document.made.elapsed() < holds.longest
        {
            return Ok(document.clone());
        }
        // Whoever asked may go: what was begun is finished, for the next.
        let making = tokio::spawn(async move {
            let document = CachedDocument::new(make.await?.into(), holds.version).map_err(unmade)?;
            *made = Some(document.clone());
            last.with(|last| *last = Some(document.clone()));
            Ok(document)
        });
        making.await.map_err(unmade)?
    }

    fn kept(&self, name: &str) -> DocumentSlot {
        self.0.with(|all| {
            if all.len() >= MOST_KEPT && !all.contains_key(name) {
                let oldest = all
                    .iter()
                    .min_by_key(|(_, kept)| kept.asked)
                    .map(|(name, _)| name.clone());
                oldest.and_then(|oldest| all.remove(&oldest));
            }
            let fresh = || DocumentSlot {
                asked: Instant::now(),
                made: Arc::default(),
                last: Arc::default(),
            };
            let kept = all.entry(name.to_owned()).or_insert_with(fresh);
            kept.asked = Instant::now();
            kept.clone()
        })
    }
}

fn busy() -> Problem {
    Problem::new(&UNAVAILABLE, "this document is being made: try again").retry_after(WAIT.as_secs())
}

fn unmade(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a document could not be made");
    Problem::new(&UNAVAILABLE, "this document cannot be made at the moment: try again")
}

impl CachedDocument {
    fn new(bytes: Bytes, version: u64) -> Result<Self, InvalidHeaderValue> {
        let name = Hash::of(&[&bytes]);
        Ok(Self {
            version,
            made: Instant::now(),
            etag: HeaderValue::from_str(&format!("\"{name}\""))?,
            bytes,
        })
    }

    /// A document that is the same as long as the node runs; to be made once, too.
    ///
    /// # Errors
    /// [`Problem`], if it cannot be named.
    pub(crate) fn fixed(bytes: impl Into<Bytes>) -> Result<Self, Problem> {
        Self::new(bytes.into(), 0).map_err(unmade)
    }

    /// Returns true if this text stands in it.
    pub(crate) fn contains(&self, text: &str) -> bool {
        std::str::from_utf8(&self.bytes).is_ok_and(|all| all.contains(text))
    }

    /// Returns true if there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The answer with this document; without it, if it is the one that the asker has.
    pub(crate) fn answer(self, asked: &HeaderMap, content_type: &'static str) -> Response {
        let has = self.etag.to_str().is_ok_and(|etag| has_it(asked, etag));
        let head = [
            (header::ETAG, self.etag),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, no-cache")),
        ];
        if has {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        let kind = [(header::CONTENT_TYPE, content_type)];
        let mut response = (head, kind, Body::from(self.bytes)).into_response();
        response.extensions_mut().insert(SharedResponse);
        response
    }
}

/// Returns true if the asker has what this tag stands for, as `If-None-Match` says: a list of tags, weak ones too, or `*`
/// (RFC 9110, §13.1.2).
pub(super) fn has_it(asked: &HeaderMap, etag: &str) -> bool {
    let (Some(known), Ok(etag)) = (asked.typed_get::<IfNoneMatch>(), etag.parse::<ETag>()) else {
        return false;
    };
    !known.precondition_passes(&etag)
}

/// The OpenAPI document: made once, and shared by all who read it.
pub(super) async fn openapi(
    Extension(document): Extension<CachedApiDescription>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    Ok(document.0?.answer(&asked, "application/json"))
}

/// The OpenAPI document, or the reason why there is none.
#[derive(Clone, Debug)]
pub(super) struct CachedApiDescription(Result<CachedDocument, Problem>);

impl CachedApiDescription {
    pub(super) fn of(document: &utoipa::openapi::OpenApi) -> Self {
        Self(json(document).and_then(CachedDocument::fixed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test(flavor = "multi_thread")]
    async fn a_document_is_made_once_a_version_however_many_ask_and_all_hold_one_copy() {
        let documents = DocumentCache::default();
        let made = Arc::new(AtomicUsize::new(0));
        let ask = |version, name: &'static str| {
            let (documents, made) = (documents.clone(), made.clone());
            tokio::spawn(async move {
                let make = move || {
                    made.fetch_add(1, Ordering::SeqCst);
                    Ok(vec![b'x'; 100_000])
                };
                documents
                    .get(name, DocumentValidity { version, longest: LONG }, make)
                    .await
                    .unwrap()
            })
        };
        let asking: Vec<_> = (0..50).map(|_| ask(1, "issuers")).collect();
        let mut places = std::collections::BTreeSet::new();
        for one in asking {
            places.insert(one.await.unwrap().bytes.as_ptr() as usize);
        }
        assert_eq!((made.load(Ordering::SeqCst), places.len()), (1, 1));
        let second = ask(2, "issuers").await.unwrap();
        ask(2, "agencies").await.unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 3);
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, second.etag.clone());
        assert_eq!(second.clone().answer(&headers, "text/plain").status(), 304);
        assert_eq!(second.answer(&HeaderMap::new(), "text/plain").status(), 200);
    }

    #[test]
    fn an_asker_has_what_it_names_in_whatever_form_the_standard_gives() {
        let has = |known: &str| {
            let mut asked = HeaderMap::new();
            asked.insert(header::IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
            has_it(&asked, "\"one\"")
        };
        for known in ["\"one\"", "W/\"one\"", "\"other\", W/\"one\"", "*", "\"other\",\"one\""] {
            assert!(has(known), "{known}");
        }
        for other in ["\"two\"", "one", "", "\"on\"", "W/\"two\", \"three\""] {
            assert!(!has(other), "{other}");
        }
    }

    #[tokio::test]
    async fn one_that_cannot_be_made_is_tried_again_and_one_that_is_too_old_is_made_anew() {
        let documents = DocumentCache::default();
        let get = |longest, bytes: Option<&'static [u8]>| {
            let failed = || Problem::new(&UNAVAILABLE, "no");
            let make = move || bytes.map(<[u8]>::to_vec).ok_or_else(failed);
            documents.get("one", DocumentValidity { version: 1, longest }, make)
        };
        assert_eq!(get(LONG, None).await.unwrap_err().status().as_u16(), 503);
        assert_eq!(get(LONG, Some(b"first")).await.unwrap().bytes, &b"first"[..]);
        assert_eq!(get(LONG, Some(b"second")).await.unwrap().bytes, &b"first"[..]);
        assert_eq!(get(Duration::ZERO, Some(b"third")).await.unwrap().bytes, &b"third"[..]);
    }

    #[tokio::test]
    async fn names_that_nobody_asks_for_any_more_take_no_memory() {
        let documents = DocumentCache::default();
        for name in 0..10 * MOST_KEPT {
            let holds = DocumentValidity {
                version: 1,
                longest: LONG,
            };
            documents.get(&name.to_string(), holds, || Ok(vec![])).await.unwrap();
        }
        assert_eq!(documents.0.with(|all| all.len()), MOST_KEPT);
    }
}
