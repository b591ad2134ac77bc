//! Proofs that a writer of an agency has two histories. Anybody may have them, and check them without this node.

use std::collections::{BTreeMap, BTreeSet};

use api_types::agencies::{ForkAcknowledgementRequest, ForkAcknowledgementResponse, ForkResponse};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use protocol::{Hash, Replica, log::AgencyLog, signed::encode};
use registry_schema::AgencyId;

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    documents::{self, CachedDocument},
    problem::{INVALID, NOT_FOUND, Problem},
};
use agency::registrar::RegistrarError;
use storage::ForkAcknowledgement;

/// Most forks that are listed. A log that has so many is not one that anybody will mend fork by fork.
const MAX_LISTED: usize = 256;

/// The number of hexadecimal digits in a proof's name.
const NAME_LENGTH: usize = 64;

/// A proof's name: the two envelopes', whichever was found first.
fn name(pair: &(Hash, Hash)) -> String {
    let (one, other) = (pair.0.min(pair.1), pair.0.max(pair.1));
    Hash::of(&[b"comity fork", &one.0, &other.0]).to_string()
}

/// The agency with this name, and the log under which it is followed here.
fn followed(app: &App, id: &str) -> Result<(AgencyId, Hash), Problem> {
    let unknown = || {
        Problem::new(
            &NOT_FOUND,
            format!("`{id}` is no agency of this federation: see /v1/agencies"),
        )
    };
    let agency: AgencyId = id.parse().map_err(|_| unknown())?;
    let genesis = app.registry.snapshot().roster().genesis(&agency).copied();
    Ok((agency, genesis.ok_or_else(unknown)?))
}

/// Has something looked up in an agency's log.
async fn look<T: Send + 'static>(
    app: &App,
    id: &str,
    look: impl FnOnce(&AgencyLog) -> T + Send + 'static,
) -> Result<T, Problem> {
    let (_, genesis) = followed(app, id)?;
    let look = move |replica: &Replica| replica.logs().get(&genesis).map(look);
    let found = app.registrar.look(look).await.map_err(RegistrarError::from)?;
    found.ok_or_else(|| Problem::new(&NOT_FOUND, format!("nothing of the log of `{id}` is here yet")))
}

fn shown(log: &AgencyLog, id: &str, pair: &(Hash, Hash)) -> Option<ForkResponse> {
    // Both were verified before they were kept.
    let envelope = log.envelope(&pair.0).ok()??;
    let header = envelope.header();
    let name = name(pair);
    Some(ForkResponse {
        proof: api_types::routes::FORK_PROOF.path_of(&[id, &name]),
        id: name,
        writer: header.writer.to_string(),
        sequence: header.sequence,
        envelopes: vec![pair.0.to_string(), pair.1.to_string()],
        acknowledged_at: None,
    })
}

/// The forks of an agency's log that are proven here; at most 256.
#[utoipa::path(get, path = api_types::routes::FORKS.path(), tag = "federation", params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = Vec<ForkResponse>), (status = 404, description = "not of this federation", body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let listed = listed(&app, &id).await?;
    Ok(listed.answer(&asked, "application/json"))
}

/// The list, from the task that writes: asked for now and then, however many ask.
async fn listed(app: &App, id: &str) -> Result<CachedDocument, Problem> {
    let (node, agency) = (app.clone(), id.to_owned());
    let name = documents::name("forks", &app.registry.snapshot(), Some(id));
    let make = async move { documents::json(&all(&node, &agency).await?) };
    app.documents.glance(&name, make).await
}

async fn all(app: &App, id: &str) -> Result<Vec<ForkResponse>, Problem> {
    let agency = id.to_owned();
    let forks = look(app, id, move |log| {
        let pairs = log.forks().take(MAX_LISTED);
        pairs.filter_map(|pair| shown(log, &agency, &pair)).collect()
    });
    let mut forks: Vec<ForkResponse> = forks.await?;
    let (_, genesis) = followed(app, id)?;
    let said = app.store.fork_acknowledgements(genesis).await?;
    let said: BTreeMap<String, _> = said.into_iter().map(|one| (one.fork.to_string(), one.at)).collect();
    for fork in &mut forks {
        fork.acknowledged_at = said.get(&fork.id).copied();
    }
    Ok(forks)
}

fn acknowledged(agency: &AgencyId, said: Vec<ForkAcknowledgement>) -> Json<Vec<ForkAcknowledgementResponse>> {
    let response = |one: ForkAcknowledgement| ForkAcknowledgementResponse {
        agency: agency.clone(),
        fork: one.fork.to_string(),
        at: one.at,
        by: one.who,
        note: one.note,
    };
    Json(said.into_iter().map(response).collect())
}

/// List the forks of an agency's log that operators of this node have looked into, and who did.
#[utoipa::path(get, path = api_types::routes::FORK_ACKNOWLEDGEMENTS.path(), tag = "federation",
    params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = Vec<ForkAcknowledgementResponse>), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn acknowledgements(
    State(app): State<App>,
    Path(id): Path<String>,
    _: AuthenticatedOperator,
) -> Result<Json<Vec<ForkAcknowledgementResponse>>, Problem> {
    let (agency, genesis) = followed(&app, &id)?;
    Ok(acknowledged(&agency, app.store.fork_acknowledgements(genesis).await?))
}

/// Say that forks of an agency's log were looked into. They stay proven, and what either history grants waits as before; they
/// are an alarm no more. Another fork is one. With `dry_run`, nothing is written.
#[utoipa::path(post, path = api_types::routes::ACKNOWLEDGE_FORKS.path(), tag = "federation",
    params(("id" = String, Path, example = "US-NC"), ("dry_run" = Option<bool>, Query)), request_body = ForkAcknowledgementRequest,
    responses((status = 201, body = Vec<ForkAcknowledgementResponse>),
              (status = 200, description = "dry run", body = Vec<ForkAcknowledgementResponse>),
              (status = 401, body = Problem), (status = 404, description = "no such fork is proven here", body = Problem)))]
pub(super) async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<ForkAcknowledgementRequest>,
) -> Result<(StatusCode, Json<Vec<ForkAcknowledgementResponse>>), Problem> {
    let asked = body.content;
    if asked.forks.len() > MAX_LISTED {
        return Err(Problem::new(
            &INVALID,
            format!("at most {MAX_LISTED} forks are acknowledged at once"),
        ));
    }
    let (agency, genesis) = followed(&app, &id)?;
    let proven = look(&app, &id, |log| {
        let pairs = log.forks().take(MAX_LISTED);
        pairs.map(|pair| name(&pair)).collect::<BTreeSet<String>>()
    });
    let proven = proven.await?;
    let mut forks = Vec::with_capacity(asked.forks.len());
    for fork in &asked.forks {
        let known = proven.get(fork).and_then(|fork| fork.parse().ok());
        forks.push(known.ok_or_else(|| {
            Problem::new(
                &NOT_FOUND,
                format!("`{fork}` is no proven fork of {agency}: see /v1/agencies/{id}/forks"),
            )
        })?);
    }
    let said = app
        .registrar
        .acknowledge_forks(&hand, (&agency, genesis), &forks, asked.note.as_deref());
    Ok((super::created(&hand), acknowledged(&agency, said.await?)))
}

/// One proof, as a file: the agency's key log and the two signed envelope headers, in CBOR.
#[utoipa::path(get, path = api_types::routes::FORK_PROOF.path(), tag = "federation",
    params(("id" = String, Path, example = "US-NC"), ("fork" = String, Path)),
    responses((status = 200, content_type = "application/cbor", body = Vec<u8>), (status = 404, body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn one(State(app): State<App>, Path((id, fork)): Path<(String, String)>) -> Result<Response, Problem> {
    let unknown = || Problem::new(&NOT_FOUND, format!("no such proof: see /v1/agencies/{id}/forks"));
    // Names that strangers make up do not reach the task that writes.
    if fork.len() != NAME_LENGTH || !listed(&app, &id).await?.contains(&fork) {
        return Err(unknown());
    }
    let proof = look(&app, &id, move |log| {
        let pair = log.forks().take(MAX_LISTED).find(|pair| name(pair) == fork)?;
        log.fork_proof(&pair)
    });
    let proof = proof.await?;
    let proof = proof.ok_or_else(unknown)?;
    let head = [
        (header::CONTENT_TYPE, "application/cbor"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"fork.cbor\""),
    ];
    Ok((head, encode(&proof)).into_response())
}
