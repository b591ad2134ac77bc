//! The statements of trust lists, in the order of time.

use api_types::recognitions::{RecognitionEnd, TrustHistoryQuery, TrustStatement, TrustStatementResponse};
use axum::{
    Json,
    extract::{Query, State},
};
use protocol::trust_list::TrustListEntry;
use registry_schema::{AgencyId, Timestamp};

use super::{
    App,
    problem::{INVALID, Problem},
};
use agency::{
    registry::AgencyState,
    trust_history::{TrustHistoryFilter, TrustListPut},
};

/// Most statements that are answered, the newest.
const MOST_SHOWN: usize = 5_000;

/// List what agencies said about an issuer, or one agency about all, in the order of time: each statement with who signed
/// it and whether it stands. At most the newest 5,000.
#[utoipa::path(get, path = api_types::routes::TRUST_HISTORY.path(), tag = "trust lists", params(TrustHistoryQuery),
    responses((status = 200, body = Vec<TrustStatementResponse>), (status = 422, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    Query(which): Query<TrustHistoryQuery>,
) -> Result<Json<Vec<TrustStatementResponse>>, Problem> {
    let invalid = |error: &dyn std::fmt::Display| Problem::new(&INVALID, error.to_string());
    let until: Option<Timestamp> = which.at.map(|text| text.parse().map_err(|e| invalid(&e))).transpose()?;
    let agency: Option<AgencyId> = which
        .agency
        .map(|text| text.parse().map_err(|e| invalid(&e)))
        .transpose()?;
    let agency = match agency {
        None => None,
        Some(id) => {
            let genesis = app.registry.snapshot().pin(&id);
            let unknown = || invalid(&format!("`{id}` is no agency of this federation: see /v1/agencies"));
            Some((genesis.ok_or_else(unknown)?, id))
        }
    };
    let about = TrustHistoryFilter {
        issuer: which.issuer,
        agency,
    };
    let (puts, _) = app.trust_history.about(&about).await?;
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    let agencies = registry.agencies();
    let shown = puts
        .into_iter()
        .filter(|put| put.at <= until.unwrap_or(now))
        .filter_map(|put| {
            let lists = agencies
                .iter()
                .find(|lists| registry.pin(&lists.id) == Some(put.genesis))?;
            statement(put, lists)
        });
    let mut shown: Vec<TrustStatementResponse> = shown.collect();
    let more = shown.len().saturating_sub(MOST_SHOWN);
    Ok(Json(shown.split_off(more)))
}

fn statement(put: TrustListPut, lists: &AgencyState) -> Option<TrustStatementResponse> {
    let (stands, said) = match put.entry {
        TrustListEntry::Issuer(said) => (lists.issuer(&said.id) == Some(&said), TrustStatement::Issuer(said)),
        TrustListEntry::Registration(said) => (
            lists.registration(&said.issuer) == Some(&said),
            TrustStatement::Registration(said),
        ),
        TrustListEntry::Recognition(id, said) => {
            let said = said?;
            let stands = lists
                .recognition(&id)
                .is_some_and(|now| now.recognition == said && now.withdrawn.is_none());
            (stands, TrustStatement::Recognition(Box::new(said)))
        }
        TrustListEntry::Agency(id, said) => {
            let said = said?;
            let mut all = lists.agency_recognitions();
            let stands = all.any(|now| now.recognition.id == id && now.recognition == said && now.withdrawn.is_none());
            (stands, TrustStatement::AgencyRecognition(said))
        }
        TrustListEntry::Withdrawal(id, withdrawal) => {
            let of_issuer = lists.recognition(&id).and_then(|entry| entry.withdrawn);
            let mut all = lists.agency_recognitions();
            let of_agency = all.find(|entry| entry.recognition.id == id);
            let standing = of_issuer.or_else(|| of_agency?.withdrawn);
            (
                standing.as_ref() == Some(&withdrawal),
                TrustStatement::Withdrawal(RecognitionEnd { id, withdrawal }),
            )
        }
    };
    Some(TrustStatementResponse {
        at: put.at,
        agency: lists.id.clone(),
        signed_by: put.by,
        envelope: put.envelope.to_string(),
        stands,
        said,
    })
}
