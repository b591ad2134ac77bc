//! Rubrics: the standards against which an agency reviews who wants to be its issuer.
//!
//! A rubric is versioned data that an agency imports. Its texts are its owner's; nothing here knows any of them. What a
//! published rubric is known to count ([`DeclaredRubric`]) tells a true copy from a guess.

mod check;

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Most standards of a rubric.
pub const MAX_STANDARDS: usize = 50;
/// Most components of a rubric, over all its standards.
pub const MAX_COMPONENTS: usize = 200;
/// Most levels of its scale.
pub const MAX_LEVELS: usize = 10;
/// Most reviewers that it can ask for.
pub const MAX_REVIEWERS: u8 = 9;

/// The demands that an agency reviews applications against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// The version of this form; 1.
    pub format: u32,
    /// Its name for machines: 1 to 64 lower-case letters, digits, hyphens and underscores.
    pub id: String,
    /// The version of the rubric: 1 to 32 letters, digits, dots, hyphens and underscores. What was imported under a version
    /// never changes.
    pub version: String,
    /// The title. At most 200 characters.
    pub title: String,
    /// The body that approved it, and when. At most 500 characters.
    pub approved_by: String,
    /// The scale, from the lowest level to the highest: 2 to 10 names like those of `id`.
    pub levels: Vec<String>,
    /// The lowest level at which a component is met.
    pub met_from: String,
    /// The condition on which an application passes.
    pub gate: RubricGate,
    /// The number of different reviewers who must have scored every component: 1 to 9.
    #[serde(default = "one")]
    pub reviewers: u8,
    /// True if whoever decides is another person than the reviewers, and decides no appeal against their own decision.
    #[serde(default = "yes")]
    pub separate_decider: bool,
    /// The counts that its owner states; an import that counts otherwise is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<RubricCounts>,
    /// The standards that are demanded. 1 to 50.
    pub standards: Vec<RubricStandard>,
}

const fn one() -> u8 {
    1
}

const fn yes() -> bool {
    true
}

/// The condition on which an application passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RubricGate {
    /// Every component is met.
    All,
    /// At least so many components are met.
    AtLeast(u16),
}

/// The counts that a rubric is said to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RubricCounts {
    /// Standards.
    pub standards: u16,
    /// Components, over all standards.
    pub components: u16,
    /// The condition on which an application passes.
    pub gate: RubricGate,
}

/// The facts that are publicly known of a published rubric, though its texts are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredRubric {
    /// Its id here.
    pub id: &'static str,
    /// The title.
    pub title: &'static str,
    /// The body that approved it.
    pub approved_by: &'static str,
    /// The counts of its parts, and its gate.
    pub counts: RubricCounts,
}

/// A standard: components that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RubricStandard {
    /// Unique among the rubric's standards; like the rubric's.
    pub id: String,
    /// The title. At most 200 characters.
    pub title: String,
    /// The demands, part by part. At least one.
    pub components: Vec<RubricComponent>,
}

/// One demand, which is scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RubricComponent {
    /// Unique among the rubric's components; like the rubric's.
    pub id: String,
    /// The demand, in a sentence. At most 1,000 characters.
    pub demands: String,
    /// The party that has to see to it.
    pub role: ResponsibleParty,
    /// The bodies that demand it, or the places where it is written. At most 20, of at most 200 characters each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demanded_by: Vec<String>,
}

/// The parts that somebody can have in a micro-credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ResponsibleParty {
    /// The person who earns it.
    Earner,
    /// The party that designs it.
    Developer,
    /// The party that judges what earners show.
    Assessor,
    /// The party that issues it.
    Issuer,
    /// The party that recognizes it.
    Recognizer,
}

/// A reference to one version of a rubric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RubricRef {
    /// The rubric's id.
    pub id: String,
    /// Its version.
    pub version: String,
}

/// A reviewer's level for each component, by ids.
pub type ComponentScores = BTreeMap<String, String>;

/// The fault in a rubric: lower case, no full stop, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct BadRubric {
    /// In which standard and component, counted from 0; none, where it is about the whole.
    pub place: (Option<usize>, Option<usize>),
    /// In which field.
    pub field: &'static str,
    /// The fault, and what to do.
    pub what: String,
}

/// The reason that a rubric's gate is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnmetGate {
    /// Fewer different reviewers have scored it than the rubric asks for.
    Reviewers {
        /// The number of those who did.
        have: usize,
        /// The number that it asks for.
        need: usize,
    },
    /// Too few components are met by every review.
    Components {
        /// Those that are not, by id.
        short: Vec<String>,
        /// The number of those that are.
        met: usize,
        /// The number of those that must be.
        need: usize,
    },
}

impl fmt::Display for UnmetGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reviewers { have, need } => {
                write!(
                    f,
                    "the rubric asks for {need} reviewers, and {have} scored this application"
                )
            }
            Self::Components { short, met, need } => {
                let shown: Vec<&str> = short.iter().take(10).map(String::as_str).collect();
                let more = if short.len() > shown.len() { " and more" } else { "" };
                write!(
                    f,
                    "{met} components are met in every review, and {need} must be: not `{}`{more}",
                    shown.join("`, `")
                )
            }
        }
    }
}

impl Rubric {
    /// Returns its reference: the id and the version.
    #[must_use]
    pub fn reference(&self) -> RubricRef {
        RubricRef {
            id: self.id.clone(),
            version: self.version.clone(),
        }
    }

    /// All components, in their order.
    pub fn components(&self) -> impl Iterator<Item = &RubricComponent> {
        self.standards.iter().flat_map(|standard| &standard.components)
    }

    /// Returns the counts of its standards and components, and its gate.
    #[must_use]
    pub fn counts(&self) -> RubricCounts {
        RubricCounts {
            standards: u16::try_from(self.standards.len()).unwrap_or(u16::MAX),
            components: u16::try_from(self.components().count()).unwrap_or(u16::MAX),
            gate: self.gate,
        }
    }

    /// Checks that these scores name every component once, with levels of the scale.
    ///
    /// # Errors
    /// Says what is missing or unknown: lower case, no full stop.
    pub fn scores_fit(&self, scores: &ComponentScores) -> Result<(), String> {
        for component in self.components() {
            match scores.get(&component.id) {
                None => {
                    return Err(format!(
                        "the review does not score `{}`: score every component",
                        component.id
                    ));
                }
                Some(level) if !self.levels.contains(level) => {
                    return Err(format!(
                        "`{}` is no level of the scale: write one of `{}`",
                        shown(level),
                        self.levels.join("`, `")
                    ));
                }
                Some(_) => {}
            }
        }
        match scores.keys().find(|id| !self.has(id)) {
            Some(unknown) => Err(format!("the rubric has no component `{}`", shown(unknown))),
            None => Ok(()),
        }
    }

    /// Returns true if it has a component with this id.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.components().any(|component| component.id == id)
    }

    /// Returns the reasons that these reviews, one a reviewer, do not pass the gate; nothing, if they do. A component is met
    /// if every review says so.
    #[must_use]
    pub fn unmet<'a>(&self, reviews: impl IntoIterator<Item = &'a ComponentScores>) -> Vec<UnmetGate> {
        let reviews: Vec<&ComponentScores> = reviews.into_iter().collect();
        let need = usize::from(self.reviewers);
        let mut unmet = Vec::new();
        if reviews.len() < need {
            unmet.push(UnmetGate::Reviewers {
                have: reviews.len(),
                need,
            });
        }
        let rank = |level: &str| self.levels.iter().position(|one| one == level);
        let bar = rank(&self.met_from);
        let is_met = |id: &str| {
            !reviews.is_empty()
                && reviews.iter().all(|scores| {
                    scores
                        .get(id)
                        .and_then(|level| rank(level))
                        .is_some_and(|rank| bar.is_some_and(|bar| rank >= bar))
                })
        };
        let (met, short): (Vec<&RubricComponent>, Vec<&RubricComponent>) =
            self.components().partition(|one| is_met(&one.id));
        let need = match self.gate {
            RubricGate::All => met.len() + short.len(),
            RubricGate::AtLeast(least) => usize::from(least),
        };
        if !reviews.is_empty() && met.len() < need {
            let short = short.into_iter().map(|one| one.id.clone()).collect();
            unmet.push(UnmetGate::Components {
                short,
                met: met.len(),
                need,
            });
        }
        unmet
    }
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}
