//! Proof of control: an applicant that signs with software of its own shows that it can.

use api_types::applications::ApplicationResponse;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use registry_schema::{
    ExternalKeys, MAX_STATUS_LIST_BYTES, MAX_STATUS_LISTS,
    registration::{ProvenIdentifier, StepActor, StepKind},
};
use transport::client::ClientAddress;
use verification::{OpenBadge, control, formats, multikey};

use super::{CaseParty, application_response};
use crate::api::{
    App,
    body::{Body, FileContent},
    clients::AskingClient,
    issuers::look_up,
    language::in_english,
    problem::{INVALID, Problem},
    verifications::{on_worker, turn},
};
use agency::{
    external_sources::FetchContext,
    registrar::{ApplicationCase, not_now},
};

/// Prove control of the identifier under which the applicant signs.
///
/// The body is a trial badge: any Open Badge or Verifiable Credential, in any form that can be checked here, at most 2 MiB,
/// that the applicant's own software signed, with the case's `challenge` in the achievement's description, in the badge's own
/// name or elsewhere in what the issuer writes; what an earner brings does not count. The node looks up the issuer's
/// document now; a key under `assertionMethod` must have signed. An approval then registers that identifier with its keys,
/// and with the status lists of the badge, in place of a key that the node makes. The last proof counts. The badge itself is
/// not kept.
#[utoipa::path(post, path = api_types::routes::CONTROL_PROOF.path(), tag = "registration",
    params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    request_body = Vec<u8>,
    responses((status = 201, body = ApplicationResponse), (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "not now, or this agency registers that identifier already", body = Problem),
              (status = 413, body = Problem),
              (status = 422, description = "the trial badge proves nothing; the detail says why", body = Problem)))]
pub(in crate::api) async fn prove(
    State(app): State<App>,
    Path(id): Path<String>,
    party: CaseParty,
    AskingClient(client): AskingClient,
    // It keeps its place until it is answered: looking up a document can take its time.
    body: Body<FileContent>,
) -> Result<(StatusCode, Json<ApplicationResponse>), Problem> {
    party.may_see(&id)?;
    let (eyes, dry_run) = (party.eyes(), party.dry_run);
    let badge = body.content.bytes.to_vec();
    let file = proved(&app, &id, (party.by, client), badge, dry_run).await?;
    let status = if dry_run { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(application_response(&file, eyes, app.clock.now())?)))
}

/// Checks a trial badge, and writes down what it proves.
pub(crate) async fn proved(
    app: &App,
    id: &str,
    (by, client): (StepActor, ClientAddress),
    badge: Vec<u8>,
    dry_run: bool,
) -> Result<ApplicationCase, Problem> {
    let refused = |said: String| Problem::new(&INVALID, said);
    let file = app.registrar.case(id).await?;
    // Nobody is asked for what cannot be written down.
    file.case.may(&by, StepKind::Prove).map_err(not_now)?;
    let read = on_worker(move || formats::read(&badge)).await?;
    let badge = read.map_err(|why| refused(format!("the trial badge cannot be read: {}", in_english(&why))))?;
    let issuer = badge.issuer_id.clone();
    let shown: String = issuer.chars().take(120).collect();
    if multikey::key_of_did(&issuer).is_none() && !["did:web:", "did:webvh:"].iter().any(|m| issuer.starts_with(m)) {
        return Err(refused(format!(
            "the trial badge's issuer is `{shown}`, which names no document with its keys: control is proved of a \
             did:web, did:webvh, did:key or did:jwk; for another, write to the agency"
        )));
    }
    let now = app.clock.now();
    let errand = matches!(by, StepActor::Applicant).then(|| FetchContext::of(client));
    let keys = look_up(app, &issuer, now, errand).await;
    let keys = keys.map_err(|why| refused(format!("the keys of `{shown}` cannot be had: {why}")))?;
    let status_lists = lists(app, &badge);
    let (challenge, resolved) = (file.challenge, keys.clone());
    let permit = turn(app).await?;
    let checked = on_worker(move || control::proves(&badge, &resolved, &challenge, now)).await?;
    drop(permit);
    checked.map_err(|why| refused(in_english(why)))?;
    let proven = ProvenIdentifier {
        issuer,
        keys: keys.issuing,
        own: ExternalKeys {
            status_lists,
            seen: now,
        },
    };
    Ok(app.registrar.prove(id, by, proven, dry_run).await?)
}

/// The status lists that a badge names, of a kind that is known here and with an address that can be fetched.
fn lists(app: &App, badge: &OpenBadge) -> Vec<String> {
    let registry = app.registry.snapshot();
    let mut all: Vec<String> = Vec::new();
    for entry in &badge.status {
        let is_known = entry.is_bitstring() || entry.kind == "1EdTechRevocationList";
        let list = &entry.list;
        let can_be_had = list.starts_with("https://") && list.len() <= MAX_STATUS_LIST_BYTES;
        if is_known && can_be_had && registry.status_list(list).is_none() && !all.contains(list) {
            all.push(list.clone());
        }
    }
    all.truncate(MAX_STATUS_LISTS);
    all
}
