//! Worth rules: what a badge counts for. Recognition and worth are different things; both belong to the receiving side.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    Decimal, Purpose, Timestamp,
    acceptance::{RuleCondition, RuleScope},
};

/// The worth of the badges that a rule governs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorthRule {
    /// Unique among the agency's rules of all kinds: 1 to 64 lower-case letters, digits and hyphens.
    #[n(0)]
    pub id: String,
    /// The rule in a sentence, as an officer would say it. At most 1,000 characters.
    #[n(1)]
    pub says: String,
    /// The source in which the rule is written. At most 500 characters.
    #[n(2)]
    pub citation: String,
    /// The uses that it governs; never empty.
    #[n(3)]
    pub purposes: Vec<Purpose>,
    /// The badges that it governs; all, if absent. A rule for some goes before a rule for all.
    #[n(4)]
    #[serde(default, skip_serializing_if = "RuleScope::is_all")]
    pub applies_to: RuleScope,
    /// In force from this moment on; always, if absent.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// In force up to this moment, if it has a term.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The unit that is counted: `PDP`, `clock hour`. At most 40 characters.
    #[n(7)]
    pub unit: String,
    /// The amount that counts.
    #[n(8)]
    pub counts: WorthFormula,
    /// All of these must hold for a badge to count. At most 16.
    #[n(9)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RuleCondition>,
    /// The limits to how much of it counts. At most 8.
    #[n(10)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<WorthLimit>,
    /// The person or body that decides or certifies, if the rule names somebody. At most 200 characters.
    #[n(11)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The way the figure was computed, if the source does not state it. At most 500 characters.
    #[n(12)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<String>,
}

/// The shapes that exist in states' rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WorthFormula {
    /// The agency has published no rate. An answer, not a gap.
    #[n(0)]
    NoPublishedRate,
    /// So much for each micro-credential, clock hour …
    #[n(1)]
    Per(#[n(0)] WorthRates),
    /// A set of so many counts as a whole; any one of the sets will do. At most 8.
    #[n(2)]
    SetOf(#[n(0)] Vec<CredentialSet>),
    /// It meets this requirement.
    #[n(3)]
    Meets(#[n(0)] String),
}

/// The worth of each thing, in the rule's unit. The first that is given and that the badge states decides; a
/// rate for each micro-credential goes before all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorthRates {
    /// For each micro-credential, however long it is.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_credential: Option<Decimal>,
    /// For each clock hour.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_hour: Option<Decimal>,
    /// For each continuing-education unit.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceu: Option<Decimal>,
    /// For each semester hour.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semester_hour: Option<Decimal>,
}

/// A set of micro-credentials that counts as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialSet {
    /// The number of different micro-credentials, 1 to 1,000.
    #[n(0)]
    pub count: u32,
    /// The number of them in each category, if the rule says so.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<CredentialSetPart>,
    /// All earned within so many years.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_years: Option<u32>,
    /// The further things needed that are no micro-credentials: `a capstone`.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The result that the set achieves: `the step from level 1 to level 2`.
    #[n(4)]
    pub achieves: String,
}

/// A part of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialSetPart {
    /// Of this category.
    #[n(0)]
    pub category: String,
    /// At least so many.
    #[n(1)]
    pub count: u32,
}

/// A limit to how much of a rule's worth counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WorthLimit {
    /// At most this amount, in the rule's unit.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    /// At most so many badges.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub badges: Option<u32>,
    /// Over which time.
    #[n(2)]
    pub within: LimitWindow,
}

/// The time over which a limit holds. What was earned outside of it does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitWindow {
    /// A person's life.
    #[n(0)]
    Lifetime,
    /// The validity of the license.
    #[n(1)]
    License,
    /// So many years before the date asked about.
    #[n(2)]
    Years(#[n(0)] u32),
}

/// The amount of a unit that is needed for a use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Unique among the agency's rules of all kinds: 1 to 64 lower-case letters, digits and hyphens.
    #[n(0)]
    pub id: String,
    /// The rule in a sentence, as an officer would say it. At most 1,000 characters.
    #[n(1)]
    pub says: String,
    /// The source in which the rule is written. At most 500 characters.
    #[n(2)]
    pub citation: String,
    /// For which use.
    #[n(3)]
    pub purpose: Purpose,
    /// Of whom, if not of everybody: `teachers of grades K to 5`.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<String>,
    /// In force from this moment on; always, if absent.
    #[n(5)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// In force up to this moment, if it has a term.
    #[n(6)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// In which unit.
    #[n(7)]
    pub unit: String,
    /// The amount.
    #[n(8)]
    pub amount: Decimal,
    /// In how many years, if the rule says so.
    #[n(9)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub years: Option<u32>,
    /// The amount of it in each category, if the rule says so.
    #[n(10)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<RequirementPart>,
}

/// A part of a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RequirementPart {
    /// Of this category.
    #[n(0)]
    pub category: String,
    /// At least this amount.
    #[n(1)]
    pub at_least: Decimal,
}

impl fmt::Display for LimitWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifetime => f.write_str("in a lifetime"),
            Self::License => f.write_str("in a license's validity"),
            Self::Years(1) => f.write_str("in a year"),
            Self::Years(years) => write!(f, "in {years} years"),
        }
    }
}

impl fmt::Display for WorthFormula {
    /// The shape in words: `6 for each micro-credential`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPublishedRate => f.write_str("no published rate"),
            Self::Meets(what) => write!(f, "meets {what}"),
            Self::SetOf(sets) => {
                let sets: Vec<String> = sets.iter().map(|set| format!("a set of {}", set.count)).collect();
                f.write_str(&sets.join(" or "))
            }
            Self::Per(rates) => {
                let given = rates.given().map(|(amount, what)| format!("{amount} for each {what}"));
                f.write_str(&given.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl WorthRates {
    /// The rates that are given, with what each is for.
    pub fn given(&self) -> impl Iterator<Item = (Decimal, &'static str)> {
        let all = [
            (self.micro_credential, "micro-credential"),
            (self.clock_hour, "clock hour"),
            (self.ceu, "CEU"),
            (self.semester_hour, "semester hour"),
        ];
        all.into_iter().filter_map(|(rate, what)| Some((rate?, what)))
    }
}
