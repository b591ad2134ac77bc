//! The evidence on one badge at one moment: gathered by whoever does the IO, judged by [`crate::judge()`].

use std::{collections::BTreeMap, sync::Arc};

use policy::Policy;
use registry_schema::{
    AgencyId, CredentialCode, Issuer, Phrase, Purpose, QueryTime, StatusChange, Timestamp,
    recognition::{AgencyRecognitionEntry, RecognitionEntry, Registration},
};

use crate::{
    did::ResolvedKeys,
    foreign_list::{ExternalStatus, StatusListError},
    judge::{FindingDetail, ListFault},
    names::SimilarName,
};

/// The question that is asked about a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationQuestion {
    /// The agency whose answer is wanted.
    pub agency: AgencyId,
    /// For which use; any, if absent.
    pub purpose: Option<Purpose>,
    /// The moment at which the badge should have been good.
    pub at: Timestamp,
    /// The moment whose knowledge the evidence is, if it is not all that is known now.
    pub known: Option<Timestamp>,
    /// The moment of the check.
    pub now: Timestamp,
    /// Set if the clock that tells this moment is in doubt.
    pub clock_in_doubt: bool,
}

impl VerificationQuestion {
    /// The moment whose knowledge is asked for: whether a list was fresh is told by this one.
    #[must_use]
    pub fn knowing(&self) -> Timestamp {
        self.known.unwrap_or(self.now)
    }

    /// Returns true if the moment whose knowledge is asked for is told by a clock that is in doubt.
    #[must_use]
    pub const fn knowing_is_in_doubt(&self) -> bool {
        self.clock_in_doubt && self.known.is_none()
    }

    /// Returns true if this is about now, in words of a clock that is in doubt. A given day does not rest on the clock.
    #[must_use]
    pub fn now_is_in_doubt(&self) -> bool {
        self.knowing_is_in_doubt() && self.at == self.now
    }

    /// The moment asked about, by what is known.
    #[must_use]
    pub fn asked(&self) -> QueryTime {
        QueryTime::new(self.at, self.knowing())
    }
}

/// The age of what is known of an agency's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Heard up to `as_of`; counts as fresh before `good_until`.
    Heard {
        /// Everything that the agency wrote before this moment is known here.
        as_of: Timestamp,
        /// From this moment on, "could not check".
        good_until: Timestamp,
    },
    /// Nothing that counts was ever heard.
    Never,
    /// This node's clock is in doubt, so nothing can be called fresh.
    ClockInDoubt,
    /// Part of it was lost or damaged in this node's own store, or may have been.
    IncompleteHere,
}

impl Freshness {
    /// Returns true if it still counts.
    #[must_use]
    pub fn is_fresh(self, now: Timestamp) -> bool {
        matches!(self, Self::Heard { good_until, .. } if now < good_until)
    }

    /// The moment up to which everything is known.
    #[must_use]
    pub const fn as_of(self) -> Option<Timestamp> {
        match self {
            Self::Heard { as_of, .. } => Some(as_of),
            Self::Never | Self::ClockInDoubt | Self::IncompleteHere => None,
        }
    }

    /// The reason why the lists of the agency with this name do not count, if they do not.
    pub(crate) fn fault(self, name: String) -> Phrase {
        match self {
            Self::Heard { as_of, .. } => ListFault::NotHeardSince {
                agency: name,
                since: as_of.moment(),
            }
            .into(),
            Self::Never => ListFault::NeverHeard { agency: name }.into(),
            Self::ClockInDoubt => FindingDetail::ClockInDoubtForLists.into(),
            Self::IncompleteHere => ListFault::IncompleteHere { agency: name }.into(),
        }
    }
}

/// An issuer's keys, as its own document has them, and how old that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedIssuer {
    /// The keys.
    pub keys: ResolvedKeys,
    /// The time when the document was fetched, and until when it counts.
    pub freshness: Freshness,
}

/// The evidence on one entry of a badge's `credentialStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusEvidence {
    /// The list is kept by an agency of the federation.
    Listed {
        /// The agency that keeps it.
        agency: AgencyId,
        /// The revocation of this index, if there is one.
        revoked: Option<StatusChange>,
        /// The last suspension or reinstatement of this index, if there is one.
        suspended: Option<StatusChange>,
        /// The age of the list here.
        freshness: Freshness,
    },
    /// The list is another's, outside the federation, and was fetched.
    Fetched {
        /// Its URL.
        list: String,
        /// The list's word on the badge, or why it says nothing.
        found: Result<ExternalStatus, StatusListError>,
        /// From when on the list holds, if it says so.
        valid_from: Option<Timestamp>,
        /// Its age here: heard when it was fetched.
        freshness: Freshness,
    },
    /// The list could not be read: nobody of the federation keeps it, and it was not fetched.
    Unreachable {
        /// Its URL.
        list: String,
        /// The reason: that no agency of this federation keeps it, or how fetching failed.
        why: Phrase,
    },
}

/// Everything that storage and the network know about one badge. Every field is a fact, none a judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The names of the federation's agencies, as they name themselves.
    pub agency_names: BTreeMap<AgencyId, String>,
    /// Entries for the badge's `issuer.id` in the agencies' trust lists; the home agency's word for its issuer.
    pub issuers: Vec<Issuer>,
    /// All recognitions of the badge's issuer, by any agency, in force or not.
    pub recognitions: Vec<RecognitionEntry>,
    /// All recognitions of agencies, by any agency, in force or not.
    pub agency_recognitions: Vec<AgencyRecognitionEntry>,
    /// Each agency's word on the standing of its own issuer with this id.
    pub registrations: BTreeMap<AgencyId, Registration>,
    /// The age of each agency's trust list here.
    pub trust_lists: BTreeMap<AgencyId, Freshness>,
    /// The issuer's keys as its own document on the web gives them, or why it could not be had. Asked only for issuers that
    /// no agency lists or recognizes, and none whose name holds its key.
    pub resolved: Option<Result<ResolvedIssuer, Phrase>>,
    /// The home agency's answer to whether it issued this very badge, or why it could not be asked. Asked only for a badge by a
    /// key that it calls compromised ([`crate::confirmation::needed`]).
    pub confirmed: Option<Result<bool, Phrase>>,
    /// The asked agency's policy, if it has published one. It is as old as its trust list.
    pub policy: Option<Arc<Policy>>,
    /// The items of frameworks above those that the badge names (`isChildOf`), by the frameworks that this node has. A badge
    /// that is aligned to an item is aligned to those as well.
    pub above: Vec<String>,
    /// Items that recognitions or the policy name ([`crate::facts::items_named`]), of which this node does not know whether
    /// they stand above what the badge names: no framework here has them, nor all that the badge names.
    pub unplaced: Vec<String>,
    /// Agencies with which this node no longer federates, and since when: of what they say, only what they revoked or
    /// suspended counts.
    pub expelled: BTreeMap<AgencyId, Timestamp>,
    /// Agencies that this node follows no more, without having expelled them, and since when: what they said until then counts
    /// for as long as it is fresh, and nothing later comes here.
    pub left: BTreeMap<AgencyId, Timestamp>,
    /// One for each entry of the badge's `credentialStatus`, in its order.
    pub status: Vec<StatusEvidence>,
    /// The same for each endorsement in the badge that is looked at ([`crate::judge::endorsed_status`]), in its order.
    pub endorsements: Vec<Vec<StatusEvidence>>,
    /// Entries in the agencies' trust lists for those who endorse within the badge.
    pub endorsers: Vec<Issuer>,
    /// Names of registered issuers, and of agencies, that the name of the badge's issuer is like, if no agency registers it. If
    /// one does and the asked agency does not recognize it: those of other agencies' issuers that the asked one recognizes.
    pub like_names: Vec<SimilarName>,
    /// The badge's short code, if this node issued it.
    pub code: Option<CredentialCode>,
    /// The evidence for each badge in a Comprehensive Learner Record, in its order.
    pub parts: Vec<Self>,
}

impl Evidence {
    /// Returns true if it was gathered while the clock was in doubt.
    pub(crate) fn is_of_a_clock_in_doubt(&self) -> bool {
        self.trust_lists.values().any(|list| *list == Freshness::ClockInDoubt)
    }
}
