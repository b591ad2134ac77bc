//! Agencies: who runs a node.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// An agency's name: ISO 3166-2 (`US-NC`), with a local part for a district (`US-CO:aurora`).
///
/// At most 64 characters: two capital letters, `-`, one to three capitals or digits, then optionally `:` and a
/// local part of lower-case letters, digits and `-`. What a *name* names is pinned by each node to the hash of
/// that agency's key log; the name alone proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, example = "US-NC"))]
#[serde(try_from = "String", into = "String")]
#[cbor(transparent)]
pub struct AgencyId(#[n(0)] String);

/// The text is no agency id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no agency id: write ISO 3166-2 (US-NC), with a local part for a district (US-CO:aurora)")]
pub struct BadAgencyId(pub String);

impl AgencyId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two letters that begin this agency's credential codes: `NC` of `US-NC`, `CO` of `US-CO:aurora`.
    #[must_use]
    pub fn code_letters(&self) -> [u8; 2] {
        let mut after = self.0.bytes().skip(3).filter(u8::is_ascii_alphanumeric);
        [
            after.next().unwrap_or(b'X'),
            after.next().filter(u8::is_ascii_uppercase).unwrap_or(b'X'),
        ]
    }
}

impl FromStr for AgencyId {
    type Err = BadAgencyId;

    fn from_str(text: &str) -> Result<Self, BadAgencyId> {
        let bad = || BadAgencyId(text.chars().take(64).collect());
        let (state, local) = match text.split_once(':') {
            Some((state, local)) => (state, Some(local)),
            None => (text, None),
        };
        let (country, part) = state.split_once('-').ok_or_else(bad)?;
        let state_is_right = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let local_is_right = local.is_none_or(|l| {
            (1..=48).contains(&l.len())
                && l.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        });
        if state_is_right && local_is_right {
            Ok(Self(text.to_owned()))
        } else {
            Err(bad())
        }
    }
}

impl TryFrom<String> for AgencyId {
    type Error = BadAgencyId;

    fn try_from(text: String) -> Result<Self, BadAgencyId> {
        text.parse()
    }
}

impl From<AgencyId> for String {
    fn from(id: AgencyId) -> Self {
        id.0
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agency_ids_are_iso_3166_2_with_a_local_part() {
        for good in ["US-NC", "US-CO:aurora", "GB-ENG"] {
            assert_eq!(good.parse::<AgencyId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "NC",
            "us-nc",
            "US-",
            "US-NC:",
            "US-NC:Wake",
            "US-NCXX",
            "US-NC:a/b",
            "US-NC\n",
        ] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad}");
        }
    }
}
