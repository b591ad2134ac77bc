//! Issuers that sign with keys of their own: looking their keys up, and looking again.

use api_types::issuers::{KeyChange, KeyChangeKind, KeyRefreshRequest, KeyRefreshResponse, NewVerificationMethod};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use registry_schema::Wording as _;
use registry_schema::{ExternalKeys, Timestamp, VerificationMethod, registration::ProvenIdentifier};
use verification::{did::ResolvedKeys, multikey};
use words::Language;

use super::super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    problem::{INVALID, Problem},
    recognitions::would,
};
use agency::{
    external_sources::FetchContext,
    registrar::{KeyDifference, ListChanges, ProposedChange},
};

/// A key as it was given, with its whole name.
fn method_of(issuer: &str, new: NewVerificationMethod) -> VerificationMethod {
    let id = match new.id.starts_with('#') {
        true => format!("{issuer}{}", new.id),
        false => new.id,
    };
    VerificationMethod {
        id,
        public_key_multibase: new.public_key_multibase,
        from: new.from,
        until: new.until,
        compromised: None,
    }
}

/// The keys that an issuer publishes at this moment, for a client or an operator; or in words why they cannot be had.
pub(in crate::api) async fn look_up(
    app: &App,
    issuer: &str,
    now: Timestamp,
    errand: Option<FetchContext>,
) -> Result<ResolvedKeys, String> {
    if let Some(key) = multikey::key_of_did(issuer) {
        let name = issuer.strip_prefix("did:key:").unwrap_or("0");
        let method = VerificationMethod {
            id: format!("{issuer}#{name}"),
            public_key_multibase: multikey::encode(&key),
            from: None,
            until: None,
            compromised: None,
        };
        return Ok(ResolvedKeys {
            issuing: vec![method],
            ..ResolvedKeys::default()
        });
    }
    match app.external_sources.resolve(issuer, now, errand, true).await {
        Some(Ok(found)) => Ok(found.keys),
        Some(Err(why)) => Err(Language::English.say(&why)),
        None if issuer.starts_with("did:") => {
            Err("it is no did:key, did:jwk, did:web or did:webvh, so its name does not say where they stand".to_owned())
        }
        None if issuer.starts_with("https://") => Err("an https address says nothing of where they stand".to_owned()),
        None => Err("it is neither a DID nor an https address".to_owned()),
    }
}

fn not_had(issuer: &str, why: &str) -> Problem {
    let shown: String = issuer.chars().take(120).collect();
    Problem::new(
        &INVALID,
        format!("the keys of `{shown}` cannot be had: {why}; give them yourself (`keys`, on the command line `--key`)"),
    )
}

/// Returns what an issuer with keys of its own publishes: its keys as they are given, or else looked up now.
pub(super) async fn published(
    app: &App,
    issuer: String,
    keys: Option<Vec<NewVerificationMethod>>,
    status_lists: Vec<String>,
) -> Result<ProvenIdentifier, Problem> {
    let seen = app.clock.now();
    let keys = match keys {
        Some(keys) => keys.into_iter().map(|key| method_of(&issuer, key)).collect(),
        None => {
            let found = look_up(app, &issuer, seen, None).await;
            found.map_err(|why| not_had(&issuer, &why))?.issuing
        }
    };
    Ok(ProvenIdentifier {
        issuer,
        keys,
        own: ExternalKeys { status_lists, seen },
    })
}

/// Look at the keys of an issuer again that signs with keys of its own, and say which status lists it publishes.
///
/// A key that is new counts from when they were last looked at; one that is gone counts until now, and stays listed for what
/// it signed before; terms in the history of a did:webvh are taken as they stand. A compromised key stays compromised. If
/// the keys cannot be had, the request is refused, unless it changes status lists: then it does that alone. With `dry_run`,
/// nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::ISSUER_KEYS.path(), tag = "trust lists", request_body = KeyRefreshRequest,
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = KeyRefreshResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "this agency keeps its key", body = Problem), (status = 422, body = Problem)))]
pub(in crate::api) async fn refresh_keys(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<KeyRefreshRequest>,
) -> Result<(StatusCode, Json<KeyRefreshResponse>), Problem> {
    let asked = body.content;
    let changes = ListChanges {
        replace: asked.status_lists,
        add: asked.add_status_lists,
        remove: asked.remove_status_lists,
    };
    // For one whose key is kept here nobody is asked.
    let is_listed = {
        let registry = app.registry.snapshot();
        registry
            .home()
            .and_then(|home| home.issuer(&id))
            .is_some_and(|issuer| issuer.own_keys.is_some())
    };
    let (mut keys_not_had, mut found) = (None, None);
    if is_listed {
        match published(&app, id.clone(), asked.keys, vec![]).await {
            Ok(now) => found = Some((now.keys, now.own.seen)),
            Err(problem) if changes.is_none() => return Err(problem),
            Err(problem) => keys_not_had = Some(problem.detail().to_owned()),
        }
    }
    let (issuer, became) = app.registrar.refresh_keys(&id, found, changes, &hand).await?;
    let consequences = would(&app, &hand, ProposedChange::Issuer(Box::new(issuer.clone()))).await?;
    let changes = became.into_iter().map(|(method, became)| KeyChange {
        became: match became {
            KeyDifference::New => KeyChangeKind::New,
            KeyDifference::Gone => KeyChangeKind::Gone,
            KeyDifference::OtherTerm => KeyChangeKind::OtherTerm,
            KeyDifference::Same => KeyChangeKind::Same,
        },
        method,
    });
    let said = KeyRefreshResponse {
        issuer,
        changes: changes.collect(),
        keys_not_had,
        consequences,
    };
    Ok((super::super::created(&hand), Json(said)))
}
