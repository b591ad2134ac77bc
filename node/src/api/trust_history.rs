//! The statements of trust lists, in the order of time.

#![expect(
    unused_qualifications,
    reason = "utoipa's macro writes qualified names in place of ours"
)]

use axum::{
    Json,
    extract::{Query, State},
};
use protocol::trust_list::TrustListEntry;
use registry_schema::{
    AgencyId, Issuer, Recognition, RecognitionWithdrawal, Timestamp,
    recognition::{AgencyRecognition, Registration},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    problem::{INVALID, Problem},
};
use agency::{
    registry::AgencyState,
    said::{TrustHistoryFilter, TrustListPut},
};

/// Most statements that are answered, the newest.
const MOST_SHOWN: usize = 5_000;

/// About whom, and up to when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TrustHistoryQuery {
    /// About this issuer: its id.
    issuer: Option<String>,
    /// By this agency, or about it: `US-SC`. With `issuer`, by this agency alone.
    agency: Option<String>,
    /// Said up to this moment; now, if absent.
    at: Option<String>,
}

/// One thing that an agency said in its trust list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statement {
    /// The moment at which it was signed, by the signer's clock.
    at: Timestamp,
    /// By which agency.
    agency: AgencyId,
    /// With which of its writer keys, in hexadecimal.
    signed_by: String,
    /// In which envelope: its SHA-256, in hexadecimal.
    envelope: String,
    /// True if that is what the agency says now.
    stands: bool,
    /// The statement itself.
    said: Said,
}

/// The content of a statement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Said {
    /// An issuer's entry: that it is the agency's own, with its keys.
    Issuer(Issuer),
    /// The standing of an issuer.
    Registration(Registration),
    /// A recognition of an issuer.
    Recognition(Box<Recognition>),
    /// A recognition of an agency.
    AgencyRecognition(AgencyRecognition),
    /// The end of a recognition.
    Withdrawal(Ended),
}

/// The end of the recognition with this id.
#[derive(Debug, Serialize, ToSchema)]
struct Ended {
    /// The recognition.
    id: String,
    #[serde(flatten)]
    withdrawal: RecognitionWithdrawal,
}

/// List what agencies said about an issuer, or one agency about all, in the order of time: each statement with who signed
/// it and whether it stands. At most the newest 5,000.
#[utoipa::path(get, path = "/v1/trust-history", tag = "trust lists", params(TrustHistoryQuery),
    responses((status = 200, body = Vec<Statement>), (status = 422, body = Problem)))]
pub(super) async fn tell(
    State(app): State<App>,
    Query(which): Query<TrustHistoryQuery>,
) -> Result<Json<Vec<Statement>>, Problem> {
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
    let (puts, _) = app.said.about(&about).await?;
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
    let mut shown: Vec<Statement> = shown.collect();
    let more = shown.len().saturating_sub(MOST_SHOWN);
    Ok(Json(shown.split_off(more)))
}

fn statement(put: TrustListPut, lists: &AgencyState) -> Option<Statement> {
    let (stands, said) = match put.entry {
        TrustListEntry::Issuer(said) => (lists.issuer(&said.id) == Some(&said), Said::Issuer(said)),
        TrustListEntry::Registration(said) => (
            lists.registration(&said.issuer) == Some(&said),
            Said::Registration(said),
        ),
        TrustListEntry::Recognition(id, said) => {
            let said = said?;
            let stands = lists
                .recognition(&id)
                .is_some_and(|now| now.recognition == said && now.withdrawn.is_none());
            (stands, Said::Recognition(Box::new(said)))
        }
        TrustListEntry::Agency(id, said) => {
            let said = said?;
            let mut all = lists.agency_recognitions();
            let stands = all.any(|now| now.recognition.id == id && now.recognition == said && now.withdrawn.is_none());
            (stands, Said::AgencyRecognition(said))
        }
        TrustListEntry::Withdrawal(id, withdrawal) => {
            let of_issuer = lists.recognition(&id).and_then(|entry| entry.withdrawn);
            let mut all = lists.agency_recognitions();
            let of_agency = all.find(|entry| entry.recognition.id == id);
            let standing = of_issuer.or_else(|| of_agency?.withdrawn);
            (
                standing.as_ref() == Some(&withdrawal),
                Said::Withdrawal(Ended { id, withdrawal }),
            )
        }
    };
    Some(Statement {
        at: put.at,
        agency: lists.id.clone(),
        signed_by: put.by,
        envelope: put.envelope.to_string(),
        stands,
        said,
    })
}
