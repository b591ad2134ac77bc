//! Proofs that a writer of an agency has two histories. Anybody may have them, and check them without this node.

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use protocol::{Hash, Replica, key_log::ForkProof, signed::encode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    problem::{NOT_FOUND, Problem},
};
use crate::registrar::NotDone;

/// A proof that a writer has two histories: two envelopes that it signed with one number.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fork {
    /// The proof's name.
    id: String,
    /// The writer's key, in hexadecimal.
    writer: String,
    /// The number that it used twice.
    sequence: u32,
    /// The two envelopes.
    envelopes: Vec<String>,
    /// Where the proof is, as a file to be checked by anybody: `comity peer fork-check FILE`.
    proof: String,
}

fn name(proof: &ForkProof) -> String {
    let headers: Vec<u8> = proof.headers.iter().flat_map(encode).collect();
    Hash::of(&[b"comity fork", &headers]).to_string()
}

async fn proofs(app: &App, id: &str) -> Result<Vec<ForkProof>, Problem> {
    let unknown = || {
        Problem::new(
            &NOT_FOUND,
            format!("`{id}` is no agency of this federation: see /v1/agencies"),
        )
    };
    let agency = id.parse().map_err(|_| unknown())?;
    let genesis = app
        .registry
        .read()
        .roster()
        .genesis(&agency)
        .copied()
        .ok_or_else(unknown)?;
    let look = move |replica: &Replica| replica.logs().get(&genesis).map(protocol::log::AgencyLog::fork_proofs);
    let found = app.registrar.look(look).await.map_err(NotDone::from)?;
    found.ok_or_else(unknown)
}

/// The forks of an agency's log that are proven here.
#[utoipa::path(get, path = "/v1/agencies/{id}/forks", tag = "federation", params(("id" = String, Path, example = "US-NC")),
    responses((status = 200, body = Vec<Fork>), (status = 404, description = "not of this federation", body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn list(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<Fork>>, Problem> {
    let mut forks = Vec::new();
    for proof in proofs(&app, &id).await? {
        // What was kept was verified; a proof that proves nothing is not shown.
        let Ok((_, writer, sequence)) = proof.check() else {
            continue;
        };
        let name = name(&proof);
        forks.push(Fork {
            proof: format!("/v1/agencies/{id}/forks/{name}"),
            id: name,
            writer: writer.to_string(),
            sequence,
            envelopes: proof.headers.iter().map(|header| header.name().to_string()).collect(),
        });
    }
    Ok(Json(forks))
}

/// One proof, as a file: the agency's key log and the two signed envelope headers, in CBOR.
#[utoipa::path(get, path = "/v1/agencies/{id}/forks/{fork}", tag = "federation",
    params(("id" = String, Path, example = "US-NC"), ("fork" = String, Path)),
    responses((status = 200, content_type = "application/cbor", body = Vec<u8>), (status = 404, body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn one(State(app): State<App>, Path((id, fork)): Path<(String, String)>) -> Result<Response, Problem> {
    let found = proofs(&app, &id).await?;
    let found = found.iter().find(|proof| name(proof) == fork);
    let found = found.ok_or_else(|| Problem::new(&NOT_FOUND, format!("no such proof: see /v1/agencies/{id}/forks")))?;
    let head = [
        (header::CONTENT_TYPE, "application/cbor"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"fork.cbor\""),
    ];
    Ok((head, encode(found)).into_response())
}
