//! `/federation/`: what this node holds as signed files, which any web server can mirror, and from which a node
//! without libp2p keeps up and a new one begins.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use protocol::Hash;

use super::{
    App,
    problem::{NOT_FOUND, Problem, UNAVAILABLE},
};
use crate::shelf::Named;

/// For how long others may keep what changes, in seconds.
const CHANGING: &str = "public, max-age=2";
/// What is named by its content never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Which agencies' files there are: of each its genesis, its name for people, and the SHA-256 of its summary.
#[utoipa::path(get, path = "/federation/index.json", tag = "federation",
    responses((status = 200, description = "`{version: 1, agencies: [{genesis, agency, summary}]}`", body = serde_json::Value),
              (status = 304, description = "unchanged since the ETag given")))]
pub(super) async fn index(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let index = app.shelf.index().await?;
    let bytes = serde_json::to_vec(&index).map_err(|_| Problem::new(&UNAVAILABLE, "the index cannot be written"))?;
    let name = Hash::of(&[&bytes]);
    Ok(changing(&headers, "application/json", name, bytes))
}

/// An agency's listing: how far its log reaches here, and the names of its other files. CBOR; see `PROTOCOL.md`.
#[utoipa::path(get, path = "/federation/{genesis}/summary", tag = "federation", params(("genesis" = String, Path)),
    responses((status = 200, description = "the listing", content_type = "application/cbor"),
              (status = 304, description = "unchanged since the ETag given"), (status = 404, body = Problem)))]
pub(super) async fn summary(
    State(app): State<App>,
    Path(genesis): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let agency = hash(&genesis)?;
    let Some((bytes, name)) = app.shelf.listing(agency).await? else {
        return Err(Problem::new(
            &NOT_FOUND,
            format!("this node holds no log of `{agency}`"),
        ));
    };
    Ok(changing(&headers, "application/cbor", name, bytes.to_vec()))
}

/// A file that is named by its content: a page of the key log (`key-log`) or of envelopes (`envelopes`), a checkpoint's
/// statement (`checkpoints`), or a page of its rows (`rows`).
#[utoipa::path(get, path = "/federation/{genesis}/{kind}/{name}", tag = "federation",
    params(("genesis" = String, Path), ("kind" = String, Path), ("name" = String, Path)),
    responses((status = 200, description = "the file", content_type = "application/cbor"), (status = 404, body = Problem)))]
pub(super) async fn file(
    State(app): State<App>,
    Path((genesis, kind, name)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let (agency, name) = (hash(&genesis)?, hash(&name)?);
    let (file, content_type) = match kind.as_str() {
        "key-log" => (Named::KeyLog(name), "application/cbor-seq"),
        "envelopes" => (Named::Envelopes(name), "application/cbor-seq"),
        "checkpoints" => (Named::Checkpoint(name), "application/cbor"),
        "rows" => (Named::Rows(name), "application/cbor"),
        _ => {
            return Err(Problem::new(
                &NOT_FOUND,
                "there are `key-log`, `envelopes`, `checkpoints` and `rows`",
            ));
        }
    };
    let found = app.shelf.file(agency, file).await?;
    let bytes = found.ok_or_else(|| {
        let detail =
            format!("this node holds no such file `{name}`, or not any more: see the summary for what there is");
        Problem::new(&NOT_FOUND, detail)
    })?;
    let kind = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, IMMUTABLE)];
    Ok((kind, bytes).into_response())
}

fn hash(text: &str) -> Result<Hash, Problem> {
    // One name for one file: a mirror of files knows no other.
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let hash = text.parse().ok().filter(|_| lower);
    hash.ok_or_else(|| Problem::new(&NOT_FOUND, "a name of a file has 64 lower-case hexadecimal digits"))
}

fn changing(asked: &HeaderMap, content_type: &'static str, name: Hash, bytes: Vec<u8>) -> Response {
    let etag = format!("\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CACHE_CONTROL, CHANGING.to_owned()),
        (header::ETAG, etag.clone()),
    ];
    let known = asked.get_all(header::IF_NONE_MATCH).iter();
    let is_known = known
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains(&etag));
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, bytes).into_response()
}
