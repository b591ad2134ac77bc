//! The facts known about one badge, for the rules to be held against.

use std::collections::BTreeMap;

use registry_schema::{AgencyId, Decimal, Purpose, Timestamp, acceptance::ProviderKind};
use serde::{Deserialize, Serialize};

/// The facts known about one badge, its issuer, its assessment and its holder's license. Whatever is absent is **not
/// known**, and no rule that asks for it passes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BadgeFacts {
    /// The credential's id, or any name that tells it from the others.
    pub id: String,
    /// Its issuer's id.
    pub issuer: String,
    /// The uses for which the asked agency recognizes the issuer for this badge at the date asked about; an empty list
    /// says that it does not.
    pub recognized_for: Option<Vec<Purpose>>,
    /// The issuer's home agency.
    pub issuer_agency: Option<AgencyId>,
    /// The kind of body that the issuer is.
    pub provider: Option<ProviderKind>,
    /// The achievement's id. Two badges for the same achievement are duplicates.
    pub achievement: Option<String>,
    /// The items of frameworks that the achievement is aligned to.
    pub alignments: Option<Vec<String>>,
    /// Other items, of which it is not known whether what the achievement is aligned to stands below them.
    pub unplaced: Vec<String>,
    /// The policy's collections that it is known to belong to, beyond those that list it.
    pub collections: Option<Vec<String>>,
    /// The subject, in the receiving agency's words: `literacy`. The same for all badges of an achievement.
    pub category: Option<String>,
    /// The moment at which it was earned.
    pub earned: Option<Timestamp>,
    /// The clock hours that it stands for.
    pub clock_hours: Option<Decimal>,
    /// The continuing-education units that it stands for.
    pub ceus: Option<Decimal>,
    /// The semester hours that it stands for.
    pub semester_hours: Option<Decimal>,
    /// To how many per cent it was mastered.
    pub mastery: Option<Decimal>,
    /// True if it was assessed blind.
    pub assessed_blind: Option<bool>,
    /// True if the asked agency approved the achievement itself.
    pub achievement_approved: Option<bool>,
    /// The agency's criteria that the issuer is known to meet or not to meet.
    pub criteria: BTreeMap<String, bool>,
    /// The bodies that are known to have approved it or not.
    pub approved_by: BTreeMap<String, bool>,
    /// The bodies that are known to have approved it beforehand or not.
    pub prior_approval_by: BTreeMap<String, bool>,
    /// The things that are known to have been handed in or not.
    pub shown: BTreeMap<String, bool>,
    /// In which systems it is known to be recorded or not.
    pub recorded_in: BTreeMap<String, bool>,
    /// The moment at which the evidence was handed in.
    pub evidence_handed_in: Option<Timestamp>,
    /// The validity of the holder's license.
    pub license: Option<LicensePeriod>,
    /// True if the holder used one for the same thing before.
    pub used_before: Option<bool>,
}

/// The validity of a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicensePeriod {
    /// Valid from.
    pub from: Timestamp,
    /// Valid up to.
    pub until: Timestamp,
}

impl LicensePeriod {
    /// Returns true if it was valid at this moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}
