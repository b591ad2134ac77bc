//! Status lists as Bitstring Status List credentials, for verifiers of other projects.

use std::{collections::BTreeMap, sync::Arc};

use api_types::status_lists::{ListEntryRequest, ListEntryResponse, StatusListFill};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::Hash;
use registry_schema::status::LIST_SLOTS;
use verification::{Freshness, bitstring::Bitstring, credential, data_integrity, multikey};

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    documents::has_it,
    operations::not_known,
    problem::{INVALID, NOT_FOUND, Problem, UNAVAILABLE},
    stores,
};
use agency::registrar::{list_url, signing_key_of};
use platform::lock::Lock;

/// For how long others may keep a list before they ask again: five minutes, in milliseconds.
const TTL: u64 = 300_000;

/// The status lists of the issuers whose keys this store keeps, and how full each is. An issuer has as many as its badges
/// need: a further one is opened by itself.
#[utoipa::path(get, path = api_types::routes::STATUS_LISTS.path(), tag = "status lists", responses((status = 200, body = Vec<StatusListFill>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<StatusListFill>>, Problem> {
    let fill = app.registrar.list_fill().await?;
    let filled = fill.into_iter().map(|fill| StatusListFill {
        percent: fill.percent(),
        nearly_full: fill.is_nearly_full(),
        list: fill.list,
        issuer: fill.issuer,
        opened: fill.opened,
        reserved: fill.reserved,
        slots: fill.slots,
    });
    Ok(Json(filled.collect()))
}

/// For how long a list counts at least: others that keep it for its `ttl` are never left with one that has ended.
const LEAST_VALID_SECONDS: i64 = 600;

/// The lists as they were last signed. One that has changed, or is a minute old, is signed anew: an old one, played back,
/// ends by its `validUntil`.
#[derive(Clone, Debug)]
pub(crate) struct SignedLists {
    /// For how many seconds a list counts.
    valid_for: i64,
    /// By number and purpose.
    signed: Arc<Lock<BTreeMap<(u32, String), SignedList>>>,
}

/// The bytes of a signed list, and the ETag that follows from what it says.
#[derive(Clone, Debug)]
struct SignedList {
    etag: String,
    bytes: Bytes,
}

impl SignedLists {
    /// Lists of an agency whose word counts for so many seconds.
    pub(crate) fn new(term_seconds: u32) -> Self {
        Self {
            valid_for: i64::from(term_seconds).max(LEAST_VALID_SECONDS),
            signed: Arc::default(),
        }
    }

    fn find(&self, list: &(u32, String), etag: &str) -> Option<Bytes> {
        self.signed.with(|signed| {
            let found = signed.get(list).filter(|list| list.etag == etag);
            found.map(|list| list.bytes.clone())
        })
    }

    /// Keeps it in the place of the one before. Only lists that are there come here, so strangers fill nothing.
    fn keep(&self, list: (u32, String), signed_list: SignedList) {
        self.signed.with(|signed| signed.insert(list, signed_list));
    }
}

/// A signed `BitstringStatusListCredential` (Bitstring Status List v1.0, §3.2).
///
/// The id is `{number}-revocation` or `{number}-suspension`, as the `statusListCredential` of a badge names it.
#[utoipa::path(get, path = api_types::routes::STATUS_LIST.path(), tag = "status lists", params(("id" = String, Path)),
    responses((status = 200, description = "the list, signed by the issuer of its badges", content_type = "application/vc", body = serde_json::Value),
              (status = 304, description = "unchanged since the ETag given"), (status = 404, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::new(&NOT_FOUND, format!("this agency has no status list `{id}`"));
    let (number, purpose) = id.split_once('-').ok_or_else(unknown)?;
    let number: u32 = number.parse().map_err(|_| unknown())?;
    let Some(key) = app.store.issuer_key_of_list(number).await? else {
        // The store that registered the issuer has its key.
        let elsewhere = stores::ask(&app, &["v1", "status-lists", &id], &headers).await?;
        return elsewhere.ok_or_else(unknown);
    };
    let mut list = Bitstring::new(LIST_SLOTS);
    let (url, as_of, key_from) = {
        let registry = app.registry.snapshot();
        let home = registry.home().ok_or_else(unknown)?;
        let set: Vec<u32> = match (purpose, home.list(number)) {
            ("revocation", Some(list)) => list.all_revoked().collect(),
            ("suspension", Some(list)) => list.all_suspended().collect(),
            ("revocation" | "suspension", None) => vec![],
            _ => return Err(unknown()),
        };
        for index in set {
            list.set(index);
        }
        let Freshness::Heard { as_of, .. } = registry.freshness(home, app.clock.now()) else {
            return Err(Problem::new(&UNAVAILABLE, not_known(&app)));
        };
        let methods = home
            .issuer(&key.issuer)
            .map(|issuer| issuer.verification_methods.as_slice());
        let from = methods.and_then(|methods| methods.first()?.from);
        (list_url(&home.url, number, purpose), as_of, from)
    };
    let encoded = verification::bitstring::encode(&list);
    // Signed at most once a minute as far as others can tell: the ETag follows from the content and the minute.
    let minute = as_of.plus_seconds(-(as_of.0 / 1000 % 60)).whole_seconds();
    let valid_until = minute.plus_seconds(app.signed_lists.valid_for);
    // A key signs nothing that is older than itself.
    let minute = key_from.map_or(minute, |from| minute.max(from));
    let etag = format!("\"{}\"", Hash::of(&[encoded.as_bytes(), &minute.0.to_be_bytes()]));
    let kept = [(header::CACHE_CONTROL, "public, max-age=60"), (header::VARY, "accept")];
    if has_it(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, kept, [(header::ETAG, etag)]).into_response());
    }
    let kind = [(header::CONTENT_TYPE, media_type(&headers))];
    let place = (number, purpose.to_owned());
    if let Some(bytes) = app.signed_lists.find(&place, &etag) {
        return Ok((kind, kept, [(header::ETAG, etag)], bytes).into_response());
    }
    let signing = signing_key_of(&key)?;
    let (_, method) = multikey::did_key(&signing.public_key());
    let unsigned_list = credential::status_list(&credential::NewStatusList {
        id: url,
        issuer_id: key.issuer,
        purpose: purpose.to_owned(),
        list,
        valid_from: minute,
        valid_until: Some(valid_until),
        ttl: TTL,
    });
    let document = data_integrity::sign(unsigned_list, &signing, &method, minute).map_err(unsigned)?;
    let bytes: Bytes = serde_json::to_vec(&document).map_err(unsigned)?.into();
    app.signed_lists.keep(
        place,
        SignedList {
            etag: etag.clone(),
            bytes: bytes.clone(),
        },
    );
    Ok((kind, kept, [(header::ETAG, etag)], bytes).into_response())
}

/// Suspend, reinstate or revoke what stands at a place of a status list of this agency: for a credential that another
/// store of the agency keeps, whose badge names list and place. `id` is the list's number.
#[utoipa::path(post, path = api_types::routes::LIST_ENTRY.path(), tag = "status lists", request_body = ListEntryRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, description = "on disk here, and on its way to every peer", body = ListEntryResponse),
              (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn append(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<ListEntryRequest>,
) -> Result<(StatusCode, Json<ListEntryResponse>), Problem> {
    let new = body.content;
    let number = || Problem::new(&INVALID, format!("`{id}` is no number of a status list"));
    let list: u32 = id.parse().map_err(|_| number())?;
    let place = (list, new.index);
    let change = app
        .registrar
        .change_place(place, new.status, new.reason, new.note, &hand)
        .await?;
    let entered = ListEntryResponse {
        list,
        index: new.index,
        change,
    };
    Ok((super::created(&hand), Json(entered)))
}

/// `application/vc`, or else what the asker takes (RFC 9110, §12.5.1): some readers parse what is called JSON alone.
fn media_type(headers: &HeaderMap) -> &'static str {
    let accepted: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.split(';').next().unwrap_or_default().trim())
        .collect();
    let takes = |kind: &str| accepted.iter().any(|one| one.eq_ignore_ascii_case(kind));
    if accepted.is_empty() || takes("application/vc") || takes("*/*") || takes("application/*") {
        return "application/vc";
    }
    let others = ["application/ld+json", "application/json"];
    others.into_iter().find(|kind| takes(kind)).unwrap_or("application/vc")
}

fn unsigned(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "a status list cannot be signed");
    Problem::new(
        &UNAVAILABLE,
        "the status list cannot be signed at the moment: try again",
    )
}
