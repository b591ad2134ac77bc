//! This agency's trust list in the forms that other software reads: a Recognized Entities credential of the W3C (draft
//! v1.0), a known-issuer registry of the Digital Credentials Consortium, and an entity statement of OpenID Federation 1.0.

#![expect(
    unused_qualifications,
    reason = "utoipa's macro writes qualified names in place of ours"
)]

use std::time::Duration;

use axum::{
    extract::{Query, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use registry_schema::{AgencyId, Issuer, QueryTime, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use verification::{
    Freshness, IssuerSigningKey,
    contexts::CREDENTIALS_V2,
    data_integrity::{self, AllowedTerms, Cryptosuite},
    followed::{self, ListFreshness, RecognitionPath, RecognitionQuery},
    jwt, multikey,
};

use super::{
    App,
    documents::DocumentValidity,
    key_log::did_web,
    operations::not_known,
    problem::{INVALID, NOT_FOUND, Problem, TRUST_STALE, UNAVAILABLE},
};
use agency::{evidence::of_issuer, registry::Registry};

/// The vocabulary that the draft's own documents name: it has none of its own yet.
const EXAMPLES: &str = "https://www.w3.org/ns/credentials/examples/v2";
/// For how long what is signed here may be kept.
const TERM_SECONDS: i64 = 3_600;
/// For how long a list is given that was made at one moment.
const LONGEST_KEPT: Duration = Duration::from_secs(60);
/// The longest id that is looked up, in bytes.
const LONGEST_ID: usize = 500;

/// An issuer that this agency recognizes now, and as what.
struct RecognizedIssuer {
    issuer: Issuer,
    agency_name: String,
    /// For which uses, by which kind of achievements, through whom.
    recognized: Vec<(String, Vec<String>, Vec<AgencyId>)>,
}

/// The issuers that this agency recognizes now, itself or through agencies that it follows; by their ids.
fn listed(registry: &Registry, now: Timestamp, only: Option<&str>) -> Result<Vec<RecognizedIssuer>, Problem> {
    if !is_fresh(registry, now) {
        let detail = "this agency's own lists are not known recently enough here any more: ask again";
        return Err(Problem::new(&TRUST_STALE, detail));
    }
    let home = registry.home_id();
    let agencies = registry.agencies();
    let named = |issuer: &str| agencies.iter().any(|lists| lists.names_issuer(issuer));
    let mut all = Vec::new();
    for lists in &agencies {
        let one = only.map(|id| lists.issuer(id));
        let issuers: Box<dyn Iterator<Item = &Issuer>> = match one {
            Some(one) => Box::new(one.into_iter()),
            None => Box::new(lists.issuers()),
        };
        for issuer in issuers.filter(|issuer| named(&issuer.id)) {
            let evidence = of_issuer(registry, &issuer.id, now);
            // Whatever its scopes, for a list of issuers: each scope is named beside it.
            let held = everything(&evidence, home, &issuer.id, now);
            if held.is_empty() {
                continue;
            }
            // As the agency registers it whose word counts; another may list the same issuer otherwise.
            if held.iter().all(|held| held.entry.recognition.issuer.agency != lists.id) {
                continue;
            }
            let recognized = held.iter().map(|held| {
                let purposes = held.purposes.iter().map(ToString::to_string).collect();
                (held.entry.recognition.scope.to_string(), purposes, held.path())
            });
            all.push(RecognizedIssuer {
                recognized: recognized.collect(),
                agency_name: lists.name.clone(),
                issuer: issuer.clone(),
            });
        }
    }
    all.sort_by(|a, b| a.issuer.id.cmp(&b.issuer.id));
    all.dedup_by(|a, b| a.issuer.id == b.issuer.id);
    Ok(all)
}

/// Returns true if this agency's own lists are known recently enough to answer from.
fn is_fresh(registry: &Registry, now: Timestamp) -> bool {
    let home = registry.home();
    home.is_some_and(|lists| registry.freshness(lists, now).is_fresh(now))
}

/// Refuses to answer from lists of this agency that are not known recently enough, and tells the cause.
fn require_fresh(app: &App, registry: &Registry, now: Timestamp) -> Result<(), Problem> {
    match is_fresh(registry, now) {
        true => Ok(()),
        false => Err(Problem::new(&TRUST_STALE, not_known(app))),
    }
}

/// Returns true if an agency recognizes an issuer now for anything, with all that this rests on: fresh lists, and the issuer's
/// own agency where the recognition follows that.
pub(crate) fn recognizes_now(registry: &Registry, agency: &AgencyId, issuer: &str, now: Timestamp) -> bool {
    !everything(&of_issuer(registry, issuer, now), agency, issuer, now).is_empty()
}

/// The recognitions that hold for anything that the issuer issues, whatever their scope.
fn everything<'a>(
    evidence: &'a verification::Evidence,
    home: &'a AgencyId,
    issuer: &str,
    now: Timestamp,
) -> Vec<RecognitionPath<'a>> {
    let scopes = evidence.recognitions.iter().map(|entry| &entry.recognition.scope);
    let hops = evidence.agency_recognitions.iter().map(|hop| &hop.recognition.scope);
    let ids: Vec<String> = scopes
        .chain(hops)
        .flat_map(|scope| scope.ids().iter().cloned())
        .collect();
    let mut found: Vec<RecognitionPath<'a>> = Vec::new();
    for achievement in std::iter::once(None).chain(ids.iter().map(Some)) {
        let sought = RecognitionQuery {
            issuer,
            achievement: achievement.map(String::as_str),
            alignments: achievement.map_or(&[], std::slice::from_ref),
            asked: QueryTime::now(now),
            issued: None,
            vouched: None,
        };
        for held in followed::held(evidence, home, &sought, ListFreshness::FreshAt(now)) {
            if !found.contains(&held) {
                found.push(held);
            }
        }
    }
    found
}

/// This agency's key for what it signs itself, its DID, the key's name, and its URL.
type AgencySigner = (IssuerSigningKey, String, String, String);

async fn signer(app: &App) -> Result<AgencySigner, Problem> {
    let (key, log) = app.registrar.badge_key().await?;
    let url = log.founding().url.clone();
    let unnamed = || {
        Problem::new(
            &NOT_FOUND,
            "this agency's URL has a path, and so no did:web to sign with",
        )
    };
    let did = did_web(&url).ok_or_else(unnamed)?;
    let method = format!("{did}#{}", multikey::encode(&key.public_key()));
    Ok((key, did, method, url))
}

fn unsigned(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "the trust list cannot be signed");
    Problem::new(&UNAVAILABLE, "the trust list cannot be signed at the moment: try again")
}

/// The trust list as a `RecognizedEntityCredential` (W3C Recognized Entities v1.0, a draft), signed with the agency's
/// badge key (`eddsa-rdfc-2022`), which `/.well-known/did.json` names.
#[utoipa::path(get, path = api_types::routes::RECOGNIZED_ENTITIES.path(), tag = "other registries",
    responses((status = 200, content_type = "application/vc", body = serde_json::Value), (status = 404, body = Problem),
              (status = 503, body = Problem)))]
pub(super) async fn entities(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    let registry = app.registry.snapshot();
    let now = app.clock.now();
    require_fresh(&app, &registry, now)?;
    let signer = signer(&app).await?;
    let holds = holds(&registry);
    let make = move || entities_of(&registry, signer, now);
    let document = app.documents.get("recognized-entities", holds, make).await?;
    if document.is_empty() {
        // A credential has a subject (VCDM 2.0, §4.8).
        return Err(Problem::new(&NOT_FOUND, "this agency recognizes nobody at the moment"));
    }
    Ok(document.answer(&asked, "application/vc"))
}

/// Returns the time for which a list of this agency's holds: recognitions begin and end by themselves.
fn holds(registry: &Registry) -> DocumentValidity {
    DocumentValidity {
        version: registry.version(),
        longest: LONGEST_KEPT,
    }
}

/// The signed list of who is recognized; nothing, if nobody is.
fn entities_of(registry: &Registry, signer: AgencySigner, now: Timestamp) -> Result<Vec<u8>, Problem> {
    let (key, did, method, url) = signer;
    let name = registry.home().map(|home| home.name.clone()).unwrap_or_default();
    let all = listed(registry, now, None)?;
    let subjects: Vec<Value> = all
        .iter()
        .map(|one| {
            let actions = one.recognized.iter().map(|(scope, purposes, path)| {
                let through: Vec<String> = path.iter().map(ToString::to_string).collect();
                json!({
                    "type": "RecognizedAction",
                    "action": "issue",
                    "recognizedBy": did,
                    "description": format!("{scope}, for {}; by way of {}", purposes.join(", "), through.join(", ")),
                })
            });
            let mut subject = json!({
                "id": one.issuer.id,
                "type": "RecognizedEntity",
                "name": one.issuer.name,
                "recognizedTo": actions.collect::<Vec<_>>(),
            });
            if let (Some(page), Some(subject)) = (&one.issuer.url, subject.as_object_mut()) {
                subject.insert("url".to_owned(), json!(page));
            }
            subject
        })
        .collect();
    if subjects.is_empty() {
        return Ok(vec![]);
    }
    let as_of = registry.home().map(|home| registry.freshness(home, now));
    let created = as_of
        .and_then(Freshness::as_of)
        .map_or(now, |as_of| as_of.min(now))
        .whole_seconds();
    let document = json!({
        "@context": [CREDENTIALS_V2, EXAMPLES],
        "id": format!("{url}{}", api_types::routes::RECOGNIZED_ENTITIES.path()),
        "type": ["VerifiableCredential", "RecognizedEntityCredential"],
        "issuer": {"id": did, "type": "RecognizedIssuer", "name": name},
        "validFrom": created.to_string(),
        "validUntil": created.plus_seconds(TERM_SECONDS).to_string(),
        "credentialSubject": subjects,
    });
    let suite = Cryptosuite::of(key.kind()).ok_or_else(|| unsigned("the badge key signs in no way that is known"))?;
    let signed =
        data_integrity::sign_under(AllowedTerms::Any, suite, document, &key, &method, created).map_err(unsigned)?;
    serde_json::to_vec(&signed).map_err(unsigned)
}

/// The trust list as a known-issuer registry of the Digital Credentials Consortium.
#[utoipa::path(get, path = api_types::routes::KNOWN_ISSUERS.path(), tag = "other registries",
    responses((status = 200, body = serde_json::Value), (status = 503, body = Problem)))]
pub(super) async fn registry(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    require_fresh(&app, &registry, now)?;
    let holds = holds(&registry);
    let make = move || known_issuers(&registry, now);
    let document = app.documents.get("registry.json", holds, make).await?;
    Ok(document.answer(&asked, "application/json"))
}

fn known_issuers(registry: &Registry, now: Timestamp) -> Result<Vec<u8>, Problem> {
    let as_of = registry
        .home()
        .map(|home| registry.freshness(home, now))
        .and_then(Freshness::as_of);
    let entries = listed(registry, now, None)?.into_iter().map(|one| {
        let mut entry = json!({"name": one.issuer.name, "location": one.agency_name});
        if let (Some(page), Some(entry)) = (one.issuer.url, entry.as_object_mut()) {
            entry.insert("url".to_owned(), json!(page));
        }
        (one.issuer.id, entry)
    });
    let entries: Map<String, Value> = entries.collect();
    let document = json!({
        "meta": {"created": as_of, "updated": as_of},
        "registry": entries,
    });
    serde_json::to_vec(&document).map_err(unsigned)
}

/// This agency as an entity of OpenID Federation 1.0 (§3, §9): it says where [`statement`]s are fetched, signed with its
/// badge key.
#[utoipa::path(get, path = api_types::routes::ENTITY_CONFIGURATION.path(), tag = "other registries",
    responses((status = 200, content_type = "application/entity-statement+jwt", body = String),
              (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn configuration(State(app): State<App>) -> Result<Response, Problem> {
    let (key, _, method, url) = signer(&app).await?;
    let (issued, name) = {
        let registry = app.registry.snapshot();
        let name = registry.home().map(|home| home.name.clone()).unwrap_or_default();
        (app.clock.now().whole_seconds().seconds_since(Timestamp(0)), name)
    };
    let claims = json!({
        "iss": url,
        "sub": url,
        "iat": issued,
        "exp": issued + TERM_SECONDS,
        "jwks": {"keys": [jwt::public_jwk(&key.public_key(), &method)]},
        "metadata": {"federation_entity": {
            "organization_name": name,
            "homepage_uri": url,
            "federation_fetch_endpoint": format!("{url}/fetch"),
        }},
    });
    let token = jwt::claims_as("entity-statement+jwt", &claims, &key, &method).map_err(unsigned)?;
    Ok(([(header::CONTENT_TYPE, "application/entity-statement+jwt")], token).into_response())
}

/// The issuer to look up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatementQuery {
    /// The issuer's id: its DID.
    sub: String,
}

/// Show what this agency states of an issuer that it recognizes (OpenID Federation 1.0, §3: a subordinate statement), signed
/// with its badge key.
#[utoipa::path(get, path = api_types::routes::ENTITY_STATEMENT.path(), tag = "other registries", params(StatementQuery),
    responses((status = 200, content_type = "application/entity-statement+jwt", body = String),
              (status = 404, description = "this agency does not recognize it now", body = Problem),
              (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn statement(State(app): State<App>, Query(whom): Query<StatementQuery>) -> Result<Response, Problem> {
    if !(1..=LONGEST_ID).contains(&whom.sub.len()) {
        return Err(Problem::new(&INVALID, format!("`sub` has 1 to {LONGEST_ID} bytes")));
    }
    let (key, _, method, url) = signer(&app).await?;
    let now = app.clock.now();
    let found = listed(&app.registry.snapshot(), now, Some(&whom.sub))?
        .into_iter()
        .next();
    let one = found.ok_or_else(|| Problem::new(&NOT_FOUND, "this agency does not recognize it at the moment"))?;
    let issued = now.whole_seconds().seconds_since(Timestamp(0));
    let mut entity = json!({"organization_name": one.issuer.name, "location": one.agency_name});
    if let (Some(page), Some(entity)) = (&one.issuer.url, entity.as_object_mut()) {
        entity.insert("homepage_uri".to_owned(), json!(page));
    }
    let claims = json!({
        "iss": url,
        "sub": one.issuer.id,
        "iat": issued,
        "exp": issued + TERM_SECONDS,
        "source_endpoint": format!("{url}/fetch"),
        "metadata": {"federation_entity": entity},
    });
    let token = jwt::claims_as("entity-statement+jwt", &claims, &key, &method).map_err(unsigned)?;
    Ok(([(header::CONTENT_TYPE, "application/entity-statement+jwt")], token).into_response())
}
