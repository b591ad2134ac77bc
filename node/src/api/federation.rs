//! `/federation/`: what this node holds as signed files, which any web server can mirror, and from which a node
//! without libp2p keeps up and a new one begins.

use std::time::Duration;

use api_types::federation::FederationIndex;
use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{Path, State},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use protocol::{Countersignature, Hash, Signed};
use tokio::sync::mpsc;

use super::{
    App,
    body::{Body, FileContent},
    problem::{INVALID, NOT_FOUND, Problem, UNAVAILABLE},
};
use agency::{federation_files::FederationFileId, registrar::RegistrarError};
use transport::doorway::{AdmissionLimits, ConnectionPermit};

/// For how long others may keep what changes, in seconds.
const CHANGING: &str = "public, max-age=2";
/// The header for what is named by its content: it never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The most files that are on their way at once, and of one client; with at most 1 MiB each it bounds the memory that strangers
/// can use.
pub(crate) const SENDING: AdmissionLimits = AdmissionLimits {
    in_all: 64,
    of_one: 32,
    welcome: 0,
};
/// The longest that a file may take to go.
const LONGEST_WAY: Duration = Duration::from_secs(60);
/// The longest countersignature that is read, its signature included.
pub(super) const MAX_HELD_BYTES: usize = 2_048;
/// The size of the pieces in which a file is handed to a connection.
const PIECE: usize = 16 * 1024;

/// List the agencies whose files there are: of each its genesis, its name for people, and the SHA-256 of its summary.
#[utoipa::path(get, path = api_types::routes::FEDERATION_INDEX.path(), tag = "federation",
    responses((status = 200, body = FederationIndex),
              (status = 304, description = "unchanged since the ETag given")))]
pub(super) async fn index(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let index = app.federation_files.index().await?;
    let bytes = serde_json::to_vec(&index).map_err(|_| Problem::new(&UNAVAILABLE, "the index cannot be written"))?;
    let name = Hash::of(&[&bytes]);
    Ok(changing(&headers, "application/json", name, bytes.into()))
}

/// An agency's listing: how far its log reaches here, and the names of its other files. CBOR; see `PROTOCOL.md`.
#[utoipa::path(get, path = api_types::routes::LOG_SUMMARY.path(), tag = "federation", params(("genesis" = String, Path)),
    responses((status = 200, description = "the listing", content_type = "application/cbor"),
              (status = 304, description = "unchanged since the ETag given"), (status = 404, body = Problem)))]
pub(super) async fn summary(
    State(app): State<App>,
    Path(genesis): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let agency = hash(&genesis)?;
    let Some((bytes, name)) = app.federation_files.listing(agency).await? else {
        return Err(Problem::new(
            &NOT_FOUND,
            format!("this node holds no log of `{agency}`"),
        ));
    };
    Ok(changing(&headers, "application/cbor", name, bytes))
}

/// A file that is named by its content: a page of the key log (`key-log`) or of envelopes (`envelopes`), a checkpoint's
/// statement (`checkpoints`), or a page of its rows (`rows`).
#[utoipa::path(get, path = api_types::routes::LOG_FILE.path(), tag = "federation",
    params(("genesis" = String, Path), ("kind" = String, Path), ("name" = String, Path)),
    responses((status = 200, description = "the file", content_type = "application/cbor"), (status = 404, body = Problem)))]
pub(super) async fn file(
    State(app): State<App>,
    Path((genesis, kind, name)): Path<(String, String, String)>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (agency, name) = (hash(&genesis)?, hash(&name)?);
    let (file, content_type) = match kind.as_str() {
        "key-log" => (FederationFileId::KeyLog(name), "application/cbor-seq"),
        "envelopes" => (FederationFileId::Envelopes(name), "application/cbor-seq"),
        "checkpoints" => (FederationFileId::Checkpoint(name), "application/cbor"),
        "rows" => (FederationFileId::Rows(name), "application/cbor"),
        _ => {
            return Err(Problem::new(
                &NOT_FOUND,
                "there are `key-log`, `envelopes`, `checkpoints` and `rows`",
            ));
        }
    };
    let client = app.clients.of(&extensions, &headers);
    let place = app.file_downloads.enter(client).ok_or_else(busy)?;
    let found = app.federation_files.file(agency, file).await?;
    let bytes = found.ok_or_else(|| {
        let detail =
            format!("this node holds no such file `{name}`, or not any more: see the summary for what there is");
        Problem::new(&NOT_FOUND, detail)
    })?;
    let kind = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, IMMUTABLE)];
    let length = [(header::CONTENT_LENGTH, bytes.len())];
    Ok((kind, length, piecemeal(bytes, place, LONGEST_WAY)).into_response())
}

/// Take a countersignature for this agency's log: a peer that reads it by HTTPS says how far it holds it. CBOR, as
/// `PROTOCOL.md` has it; at most 2,048 bytes. What counts is its signature, so anybody may bring it.
#[utoipa::path(post, path = api_types::routes::COUNTERSIGNATURE.path(), tag = "federation",
    request_body = Vec<u8>,
    responses((status = 204, description = "on disk"), (status = 422, description = "not one that counts here", body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn held(State(app): State<App>, body: Body<FileContent>) -> Result<StatusCode, Problem> {
    let refused = |why: String| Problem::new(&INVALID, format!("no countersignature that counts here: {why}"));
    let held: Signed<Countersignature> =
        minicbor::decode(&body.content.bytes).map_err(|error| refused(error.to_string()))?;
    app.registrar.take_held(held).await.map_err(|error| match error {
        RegistrarError::Invalid(why) => refused(why),
        other => other.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

fn busy() -> Problem {
    Problem::new(
        &UNAVAILABLE,
        "too many files are on their way: try again in some seconds",
    )
}

/// A file that goes as fast as it is taken, and keeps its place until it is gone, not taken for too long, or another needs
/// the place.
fn piecemeal(bytes: Vec<u8>, place: ConnectionPermit, longest: Duration) -> HttpBody {
    let (give, taken) = mpsc::channel::<Bytes>(1);
    tokio::spawn(async move {
        let bytes = Bytes::from(bytes);
        let going = async {
            for begin in (0..bytes.len()).step_by(PIECE) {
                let piece = bytes.slice(begin..bytes.len().min(begin + PIECE));
                if give.send(piece).await.is_err() {
                    return;
                }
                place.gets_on();
            }
        };
        // Who did not take it in time finds it shorter than it was said to be.
        tokio::select! {
            _ = tokio::time::timeout(longest, going) => {}
            () = place.shown_out() => {}
        }
    });
    let pieces = futures::stream::unfold(taken, |mut taken| async move {
        let piece = taken.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), taken))
    });
    HttpBody::from_stream(pieces)
}

fn hash(text: &str) -> Result<Hash, Problem> {
    // One name for one file: a mirror of files knows no other.
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let hash = text.parse().ok().filter(|_| lower);
    hash.ok_or_else(|| Problem::new(&NOT_FOUND, "a name of a file has 64 lower-case hexadecimal digits"))
}

fn changing(asked: &HeaderMap, content_type: &'static str, name: Hash, bytes: Bytes) -> Response {
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use transport::client::ClientAddress;

    use super::*;
    use transport::doorway::ConnectionLimiter;

    const FIRST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const SECOND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    async fn all_gone(sending: &ConnectionLimiter) {
        while sending.taken() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_file_arrives_whole_and_keeps_its_place_until_it_is_taken() {
        let sending = ConnectionLimiter::new(SENDING);
        let bytes: Vec<u8> = (0..=255).cycle().take(5 * PIECE + 7).collect();
        let body = piecemeal(
            bytes.clone(),
            sending.enter(ClientAddress::at(FIRST)).unwrap(),
            LONGEST_WAY,
        );
        tokio::task::yield_now().await;
        assert_eq!(sending.taken(), 1, "nobody has taken it yet");
        assert_eq!(axum::body::to_bytes(body, usize::MAX).await.unwrap(), bytes);
        all_gone(&sending).await;

        // Who goes away frees its place.
        drop(piecemeal(
            bytes,
            sending.enter(ClientAddress::at(FIRST)).unwrap(),
            LONGEST_WAY,
        ));
        all_gone(&sending).await;
    }

    #[tokio::test]
    async fn who_does_not_take_a_file_keeps_its_place_neither_for_ever_nor_from_another() {
        let sending = ConnectionLimiter::new(AdmissionLimits {
            in_all: 2,
            of_one: 2,
            welcome: 0,
        });
        let stalled = piecemeal(
            vec![0; 5 * PIECE],
            sending.enter(ClientAddress::at(FIRST)).unwrap(),
            Duration::from_millis(20),
        );
        all_gone(&sending).await;
        let got = axum::body::to_bytes(stalled, usize::MAX).await.unwrap();
        assert!(got.len() < 5 * PIECE, "it came to its end all the same");

        let slow = [(); 2].map(|()| {
            piecemeal(
                vec![0; 5 * PIECE],
                sending.enter(ClientAddress::at(FIRST)).unwrap(),
                LONGEST_WAY,
            )
        });
        let bytes = vec![7; 5 * PIECE];
        let other = piecemeal(
            bytes.clone(),
            sending.enter(ClientAddress::at(SECOND)).unwrap(),
            LONGEST_WAY,
        );
        assert_eq!(axum::body::to_bytes(other, usize::MAX).await.unwrap(), bytes);
        let mut lengths = Vec::new();
        for body in slow {
            lengths.push(axum::body::to_bytes(body, usize::MAX).await.unwrap().len());
        }
        lengths.sort_unstable();
        assert!(lengths[0] < 5 * PIECE, "its place went to another");
        assert_eq!(lengths[1], 5 * PIECE, "and this one stayed");
    }
}
