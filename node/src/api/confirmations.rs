//! Confirmations that this agency issued a badge, though its key is compromised: given here, and asked of others.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use registry_schema::AgencyId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use verification::{Evidence, OpenBadge, VerificationQuestion, confirmation};

use super::{
    App, lost_records,
    problem::{NOT_FOUND, Problem},
    stores,
    verifications::on_worker,
};
use agency::registrar::has_its_badge;

/// The longest id of a credential that is asked about, in bytes.
const LONGEST_ID: usize = 500;

/// This agency's word.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Confirmation {
    /// Always true; what was not issued is answered with 404.
    issued: bool,
}

/// Confirm that this agency issued the very badge that has this id and this digest: SHA-256, in hexadecimal, of its canonical
/// JSON (RFC 8785) without its proof. Only who has the badge can ask. Other nodes ask it of badges by a compromised key.
#[utoipa::path(get, path = api_types::routes::CONFIRMATION.path(), tag = "credentials",
    params(("code" = String, Path, description = "the credential's id"), ("digest" = String, Path)),
    responses((status = 200, body = Confirmation), (status = 404, description = "it has not issued this badge", body = Problem),
              (status = 410, description = "it cannot tell: it lost its records of that time", body = Problem)))]
pub(super) async fn one(
    State(app): State<App>,
    Path((id, digest)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if issued_here(&app, &id, &digest).await? {
        return Ok(Json(Confirmation { issued: true }).into_response());
    }
    let elsewhere = stores::ask(&app, &["v1", "credentials", &id, "confirmations", &digest], &headers).await?;
    if let Some(elsewhere) = elsewhere {
        return Ok(elsewhere);
    }
    let lost = lost_records::answer(&app).await?;
    lost.ok_or_else(|| Problem::new(&NOT_FOUND, "this agency has not issued this very badge"))
}

async fn issued_here(app: &App, id: &str, digest: &str) -> Result<bool, Problem> {
    let Some(kept) = app.store.credential_by_id(id).await? else {
        return Ok(false);
    };
    has_its_badge(&kept)?;
    let kept: Option<Value> = serde_json::from_str(&kept.document).ok();
    Ok(kept.and_then(|kept| confirmation::digest_of(&kept)).as_deref() == Some(digest))
}

/// Asks the badge's home agency for its word, if its key is one that this agency calls compromised. **Nobody is asked in
/// any other case.**
pub(super) async fn ask(
    app: &App,
    badge: &OpenBadge,
    evidence: &mut Evidence,
    question: &VerificationQuestion,
) -> Result<(), Problem> {
    if evidence.issuers.iter().all(|issuer| issuer.compromised().is_none()) {
        return Ok(());
    }
    let case = (badge.clone(), evidence.clone(), question.clone());
    let home = on_worker(move || confirmation::needed(&case.0, &case.1, &case.2)).await?;
    if let Some(home) = home {
        let word = confirmed(app, badge, &home).await?;
        evidence.confirmed = Some(word.map_err(registry_schema::Phrase::Verbatim));
    }
    Ok(())
}

async fn confirmed(app: &App, badge: &OpenBadge, home: &AgencyId) -> Result<Result<bool, String>, Problem> {
    let digest = confirmation::digest_of(&badge.document);
    let id = badge.id.as_deref().filter(|id| id.len() <= LONGEST_ID);
    let (Some(id), Some(digest)) = (id, digest) else {
        // What it signs with an id, it keeps under that id.
        return Ok(Ok(false));
    };
    let (name, url, expelled) = {
        let registry = app.registry.snapshot();
        if *home == *registry.home_id() {
            (String::new(), String::new(), false)
        } else {
            let lists = registry.agency(home);
            let (name, url) = lists.map_or_else(Default::default, |lists| (lists.name.clone(), lists.url.clone()));
            (name, url, registry.roster().expelled(home).is_some())
        }
    };
    if expelled {
        return Ok(Err(format!(
            "{name} is not asked: this node no longer federates with it"
        )));
    }
    if !url.is_empty() {
        return Ok(app.node_client.confirms(&name, &url, id, &digest).await);
    }
    if issued_here(app, id, &digest).await? {
        return Ok(Ok(true));
    }
    let path = ["v1", "credentials", id, "confirmations", &digest];
    Ok(match stores::ask(app, &path, &HeaderMap::new()).await {
        Ok(Some(_)) => Ok(true),
        Ok(None) => match app.store.lost_records().await? {
            Some(before) => Err(lost_records::in_words(before)),
            None => Ok(false),
        },
        Err(problem) => Err(problem.detail().to_owned()),
    })
}
