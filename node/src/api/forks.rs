//! Proofs that a writer of an agency has two histories. Anybody may have them, and check them without this node.

use api_types::agencies::ForkResponse;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use protocol::{Hash, Replica, log::AgencyLog, signed::encode};

use super::{
    App,
    documents::{self, CachedDocument},
    problem::{NOT_FOUND, Problem},
};
use agency::registrar::RegistrarError;

/// Most forks that are listed. A log that has so many is not one that anybody will mend fork by fork.
const MAX_LISTED: usize = 256;

/// The number of hexadecimal digits in a proof's name.
const NAME_LENGTH: usize = 64;

/// A proof's name: the two envelopes', whichever was found first.
fn name(pair: &(Hash, Hash)) -> String {
    let (one, other) = (pair.0.min(pair.1), pair.0.max(pair.1));
    Hash::of(&[b"comity fork", &one.0, &other.0]).to_string()
}

/// Has something looked up in an agency's log.
async fn look<T: Send + 'static>(
    app: &App,
    id: &str,
    look: impl FnOnce(&AgencyLog) -> T + Send + 'static,
) -> Result<T, Problem> {
    let unknown = || {
        Problem::new(
            &NOT_FOUND,
            format!("`{id}` is no agency of this federation: see /v1/agencies"),
        )
    };
    let agency = id.parse().map_err(|_| unknown())?;
    let genesis = app.registry.snapshot().roster().genesis(&agency).copied();
    let genesis = genesis.ok_or_else(unknown)?;
    let look = move |replica: &Replica| replica.logs().get(&genesis).map(look);
    let found = app.registrar.look(look).await.map_err(RegistrarError::from)?;
    found.ok_or_else(unknown)
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
    forks.await
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
