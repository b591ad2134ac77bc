//! The federation as a node knows it: its agencies.

use registry_schema::{AgencyFreshness, AgencyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hindrances::Hindrances;

/// An agency of the federation, as this node knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgencyResponse {
    /// Its name.
    pub id: AgencyId,
    /// Its name for people.
    pub name: String,
    /// The address at which its node answers.
    pub url: String,
    /// True if it is this node's own.
    pub home: bool,
    /// Everything that it wrote before this moment is known here.
    pub last_heard: Option<Timestamp>,
    /// From this moment on, unless it is heard again, answers that rest on its lists are "could not check"; null for this node's
    /// own, as long as it knows them as they are.
    pub good_until: Option<Timestamp>,
    /// The agency's freshness now, by the clock of this node: the judgment on which its verdicts rest.
    pub freshness: AgencyFreshness,
    /// Since when this node no longer federates with it, if it was expelled.
    pub expelled_since: Option<Timestamp>,
    /// Since when this node follows it no more, if it was removed and not expelled: nothing that it writes since then comes here,
    /// and what is here counts until `good_until`.
    pub left_since: Option<Timestamp>,
    /// True if its root signs two histories: what it granted does not count.
    pub disputed: bool,
    /// The number of forks of its log that are proven here: see `/v1/agencies/{id}/forks`.
    pub forks: usize,
    /// The causes that keep more of it from being taken in, or anything of it from being fresh.
    #[serde(flatten)]
    pub hindrances: Hindrances,
    /// The number of issuers that are home there.
    pub issuers: usize,
    /// The number of recognitions that it has in force.
    pub recognitions: usize,
    /// The counts of the status lists kept here, of those that it names for its issuers with keys of their own, if it names any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers_lists: Option<IssuerListCounts>,
}

/// The counts of the status lists that this node keeps, of those that one agency names for issuers with keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuerListCounts {
    /// The number of lists that it names.
    pub named: usize,
    /// The number of them that are here and count.
    pub fresh: usize,
    /// The number that could not be had when they were last tried.
    pub failing: usize,
    /// The moment at which the oldest of those that count was fetched.
    pub oldest: Option<Timestamp>,
}

/// A proof that a writer has two histories: two envelopes that it signed with one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkResponse {
    /// The proof's name.
    pub id: String,
    /// The writer's key, in hexadecimal.
    pub writer: String,
    /// The number that it used twice.
    pub sequence: u32,
    /// The two envelopes.
    pub envelopes: Vec<String>,
    /// The path of the proof, a file to be checked by anybody: `comity peer fork-check FILE`.
    pub proof: String,
    /// The moment at which an operator of this node had looked into it, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
}

/// The forks that an operator has looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ForkAcknowledgementRequest {
    /// The names of their proofs.
    pub forks: Vec<String>,
    /// A note of what came of it; stays at this agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An operator's word that a fork was looked into. The fork stays proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkAcknowledgementResponse {
    /// The agency whose log has the fork.
    pub agency: AgencyId,
    /// The name of the fork's proof.
    pub fork: String,
    /// The moment.
    pub at: Timestamp,
    /// The operator.
    pub by: String,
    /// The operator's note.
    pub note: Option<String>,
}
