//! Credentials, as their home agency keeps them.

use serde::{Deserialize, Serialize};

use crate::{AgencyId, CredentialCode, StatusState, Timestamp};

/// A credential as the agency that keeps it shows it. It never leaves the agency's node but by a look-up that the
/// agency allows, or by the holder's own hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credential {
    /// The credential's `id`: a URN or URL.
    pub id: String,
    /// Its short code.
    pub code: CredentialCode,
    /// The agency that keeps it.
    pub agency: AgencyId,
    /// The issuer's `id`.
    pub issuer: String,
    /// The achievement's name.
    pub name: String,
    /// The achievement's `id`.
    pub achievement: String,
    /// The holder's name; shown to operators of the home agency only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Good from this moment.
    pub valid_from: Timestamp,
    /// Good up to this moment, if it has a term.
    pub valid_until: Option<Timestamp>,
    /// Its status now.
    pub state: StatusState,
    /// The moment at which the status became so; absent while it has been active from the start.
    pub state_since: Option<Timestamp>,
    /// The moment up to which the status is known here, where that is not this moment: a later change may be missing. Absent
    /// where the status is known up to now, or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_as_of: Option<Timestamp>,
}

impl Credential {
    /// Returns true if its term is over. Its last moment still counts (VCDM 2.0, §4.9).
    #[must_use]
    pub fn is_expired(&self, at: Timestamp) -> bool {
        self.valid_until.is_some_and(|until| until < at)
    }

    /// Returns true if its term has yet to begin.
    #[must_use]
    pub fn is_not_yet_valid(&self, at: Timestamp) -> bool {
        at < self.valid_from
    }
}
